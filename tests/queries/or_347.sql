-- Options in the branches of an OR whose call stands beside it.  SQLite before
-- 3.47 does not show a branch what is beside its OR: it scans once, without the
-- option, and no row of that scan has one.

.require sqlite_version() >= '3.47'

.testcase one call, this option or that
.inferences 2
SELECT top_k, answer FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE top_k = 1 OR (top_k = 2 AND score < 2) ORDER BY top_k, length(answer);
.check <<END
1|Ada
2|Ada
2|Ada wrote it
END

.testcase one call, many options
.inferences 9
SELECT count(*) > 20, count(DISTINCT top_k) FROM distilbert_answers
 WHERE question = 'Who?' AND context = 'Ada wrote it.' AND (top_k = 1
    OR (top_k = 2 AND score < 2) OR (top_k = 3 AND score < 2) OR (top_k = 4 AND score < 2)
    OR (top_k = 5 AND score < 2) OR (top_k = 6 AND score < 2) OR (top_k = 7 AND score < 2)
    OR (top_k = 8 AND score < 2) OR (top_k = 9 AND score < 2));
.check 1|9
