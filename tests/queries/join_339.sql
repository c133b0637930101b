-- What SQLite has from 3.39 on: RIGHT and FULL JOIN, IS NOT DISTINCT FROM.

.require sqlite_version() >= '3.39'

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL);
CREATE TABLE tag(doc INT, tag TEXT);
INSERT INTO tag VALUES (1, 'a'), (9, 'd');

.testcase RIGHT JOIN of a table after ours
.inferences 2
SELECT id, answer, tag FROM docs JOIN distilbert_answers('Who?', body)
  RIGHT JOIN tag ON doc = id ORDER BY tag;
.check <<END
1|Ada|a
NULL|NULL|d
END

.testcase FULL JOIN of a table after ours
.inferences 2
SELECT id, answer, tag FROM docs JOIN distilbert_answers('Who?', body)
  FULL JOIN tag ON doc = id ORDER BY id, tag;
.check <<END
NULL|NULL|d
1|Ada|a
2|Bob|NULL
END

.testcase RIGHT JOIN of ours
SELECT id, answer FROM docs RIGHT JOIN distilbert_answers
    ON question = 'Who?' AND context = body;
.error distilbert_answers: needs the argument * sub-query*

.testcase FULL JOIN of ours
SELECT id, answer FROM docs FULL JOIN distilbert_answers
    ON question = 'Who?' AND context = body;
.error distilbert_answers: needs the argument * sub-query*

.testcase RIGHT JOIN of a sub-query of ours
.inferences 1
SELECT id, answer FROM docs RIGHT JOIN
  (SELECT context, answer FROM distilbert_answers('Who?', 'Ada wrote it.')) AS a
    ON body = a.context;
.check 1|Ada

.testcase FULL JOIN of a sub-query of ours
.inferences 3
SELECT id, answer FROM docs FULL JOIN
  (SELECT context, answer FROM distilbert_answers('Who?')
    WHERE context IN ('Ada wrote it.', 'Cleo sold it.')) AS a
    ON body = a.context ORDER BY id, answer;
.check <<END
NULL|Cleo
1|Ada
2|NULL
3|NULL
END

.testcase LEFT JOIN beside a RIGHT JOIN
.inferences 2
SELECT id, answer, tag FROM docs LEFT JOIN distilbert_answers('Who?', body)
  RIGHT JOIN tag ON doc = id ORDER BY tag;
.check <<END
1|Ada|a
NULL|NULL|d
END

.testcase tokens: RIGHT JOIN
SELECT count(*) FROM docs RIGHT JOIN distilbert_tokens ON text = body;
.error distilbert_tokens: needs the argument text: * sub-query*

.testcase tokens: RIGHT JOIN of a sub-query
.inferences 0
SELECT count(*), count(id) FROM docs
  RIGHT JOIN (SELECT token FROM distilbert_tokens('one')) AS t ON body = token;
.check 3|0

.testcase IS NOT DISTINCT FROM gives an argument
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE question IS NOT DISTINCT FROM 'Who?' AND context = 'Ada wrote it.';
.check Ada
