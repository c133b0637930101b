-- Row values in a list of several: what to write instead (in_346.sql).

.require sqlite_version() < '3.41'

.testcase row values in a list
SELECT answer FROM distilbert_answers
 WHERE (question, context) IN (VALUES ('Who?', 'Ada wrote it.'), ('Who?', 'Bob read it.'));
.error distilbert_answers: needs the argument question: *tables that stand before it in the join*

.testcase a join does
.inferences 2
WITH asked(q, c) AS (VALUES ('Who?', 'Ada wrote it.'), ('Who?', 'Bob read it.'))
SELECT answer FROM asked JOIN distilbert_answers ON (question, context) = (q, c)
 ORDER BY answer;
.check <<END
Ada
Bob
END
