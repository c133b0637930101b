-- Row values in a list of several, which SQLite before 3.46 makes a compound
-- select of, and then takes no constraint from.

.require sqlite_version() >= '3.46'

.testcase row values in a list
.inferences 2
SELECT answer FROM distilbert_answers
 WHERE (question, context) IN (VALUES ('Who?', 'Ada wrote it.'), ('Who?', 'Bob read it.'))
 ORDER BY answer;
.check <<END
Ada
Bob
END
