-- RIGHT and FULL JOIN of a table of ours itself, with constant arguments.  Some
-- older version asks for a sub-query instead (join_339.sql).

.require sqlite_version() >= '3.46'

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL);

.testcase RIGHT JOIN
.inferences 1
SELECT id, answer FROM docs
 RIGHT JOIN distilbert_answers('Who?', 'Ada wrote it.') ON body = context;
.check 1|Ada

.testcase RIGHT JOIN, no row beside it
.inferences 1
SELECT id, answer FROM docs
 RIGHT JOIN distilbert_answers('Who?', 'Ada wrote it.') ON body = answer;
.check NULL|Ada

.testcase FULL JOIN
.inferences 1
SELECT id, answer FROM docs
  FULL JOIN distilbert_answers('Who?', 'Ada wrote it.') ON body = context
 ORDER BY id;
.check <<END
1|Ada
2|NULL
3|NULL
END

.testcase tokens
.inferences 0
SELECT count(*), count(docs.id) FROM docs
 RIGHT JOIN distilbert_tokens('one') ON body = token;
.check 3|0
