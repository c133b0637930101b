-- Sub-queries: scalar, correlated, EXISTS, in FROM; what LIMIT leaves undone.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, 'Cleo sold it.');

.testcase a scalar sub-query
.inferences 1
SELECT (SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.'));
.check Ada

.testcase a correlated one
.inferences 3
SELECT id, (SELECT answer FROM distilbert_answers('Who?', body)) FROM docs ORDER BY id;
.check <<END
1|Ada
2|Bob
3|NULL
4|Cleo
END

.testcase a correlated one in WHERE
.inferences 3
SELECT id FROM docs
 WHERE (SELECT answer FROM distilbert_answers('Who?', body)) = 'Bob';
.check 2

.testcase a sub-query as an argument
.inferences 1
SELECT answer FROM distilbert_answers('Who?', (SELECT body FROM docs WHERE id = 1));
.check Ada

.testcase a sub-query without a row as an argument
.inferences 0
SELECT answer FROM distilbert_answers('Who?', (SELECT body FROM docs WHERE id = 9));
.check

.testcase EXISTS
.inferences 3
SELECT id FROM docs
 WHERE EXISTS (SELECT 1 FROM distilbert_answers('Who?', body) WHERE answer > 'B')
 ORDER BY id;
.check <<END
2
4
END

.testcase NOT EXISTS keeps what has no answer
.inferences 3
SELECT id FROM docs
 WHERE NOT EXISTS (SELECT 1 FROM distilbert_answers('Who?', body));
.check 3

.testcase EXISTS is over with the first row
.inferences 1
SELECT EXISTS (SELECT 1 FROM docs, distilbert_answers('Who?', body));
.check 1

.testcase what another condition refuses is not asked
.inferences 1
SELECT id, distilbert_answer('Who?', body) FROM docs WHERE id = 2;
.check 2|Bob

.testcase a condition on the answer comes last
.inferences 1
SELECT id FROM docs WHERE id < 2 AND distilbert_answer('Who?', body) = 'Ada';
.check 1

.testcase IN over answers
.inferences 3
SELECT 'Bob' IN (SELECT answer FROM docs, distilbert_answers('Who?', body));
.check 1

.testcase a sub-query in FROM
.inferences 3
SELECT max(a) FROM (SELECT distilbert_answer('Who?', body) AS a FROM docs);
.check Cleo

.testcase one mentioned in SELECT, WHERE and ORDER BY runs once a text
.inferences 3
SELECT id, a FROM (SELECT id, distilbert_answer('Who?', body) AS a FROM docs)
 WHERE a IS NOT NULL ORDER BY a DESC;
.check <<END
4|Cleo
2|Bob
1|Ada
END

.testcase LIMIT ends the work
.inferences 2
SELECT distilbert_answer('Who?', body) FROM docs LIMIT 2;
.check <<END
Ada
Bob
END

.testcase OFFSET skips rows of a table
.inferences 4
SELECT answer FROM docs, distilbert_answers('Who?', body) LIMIT 1 OFFSET 2;
.check Cleo

.testcase LIMIT 0
.inferences 0
SELECT distilbert_answer('Who?', body) FROM docs LIMIT 0;
.check

.testcase ORDER BY another column, then LIMIT
.inferences 1
SELECT id, distilbert_answer('Who?', body) FROM docs ORDER BY id DESC LIMIT 1;
.check 4|Cleo

.testcase a lateral best of several
.inferences 3
SELECT id, (SELECT answer FROM distilbert_answers('Who?', body, 3)
             ORDER BY length(answer) LIMIT 1) FROM docs WHERE body IS NOT NULL
 ORDER BY id;
.check <<END
1|Ada
2|Bob
4|Cleo
END

.testcase CASE asks where it must
.inferences 1
SELECT id, CASE WHEN id = 1 THEN distilbert_answer('Who?', body) END FROM docs;
.check <<END
1|Ada
2|NULL
3|NULL
4|NULL
END

.testcase coalesce asks where it must
.inferences 1
SELECT coalesce(body, distilbert_answer('Who?', 'Ada wrote it.')) FROM docs WHERE id > 2;
.check <<END
Ada
Cleo sold it.
END

.testcase correlated IN
.inferences 3
SELECT docs.id, (SELECT answer FROM distilbert_answers('Who?') 
         WHERE context IN (SELECT d.body FROM docs AS d WHERE d.id = docs.id)) FROM docs;
.check <<END
1|Ada
2|Bob
3|NULL
4|Cleo
END

.testcase IN over the answers of a row
.inferences 3
SELECT id FROM docs WHERE 'Bob' IN (SELECT answer FROM distilbert_answers('Who?', body, 3));
.check 2

.testcase NOT IN over the answers of a row
.inferences 3
SELECT id FROM docs
 WHERE 'Bob' NOT IN (SELECT answer FROM distilbert_answers('Who?', body, 3)) ORDER BY id;
.check <<END
1
3
4
END

.testcase DISTINCT texts first
.inferences 2
SELECT answer FROM (SELECT DISTINCT body FROM
  (SELECT 'Ada wrote it.' AS body UNION ALL SELECT 'Bob read it.' UNION ALL SELECT 'Bob read it.')) AS d,
  distilbert_answers('Who?', d.body) ORDER BY answer;
.check <<END
Ada
Bob
END
