-- Common table expressions, and compound selects.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, 'Cleo sold it.');

.testcase texts of a CTE
.inferences 2
WITH t(body) AS (VALUES ('Ada wrote it.'), ('Bob read it.'))
SELECT answer FROM t, distilbert_answers('Who?', body) ORDER BY 1;
.check <<END
Ada
Bob
END

.testcase answers in a CTE, used twice
.inferences 3
WITH a AS (SELECT id, distilbert_answer('Who?', body) AS who FROM docs)
SELECT x.id, y.who FROM a AS x JOIN a AS y USING (id) WHERE x.who = 'Bob';
.check 2|Bob

.testcase answers of a table in a CTE, used twice
.inferences 3
WITH a AS (SELECT docs.id, answer FROM docs, distilbert_answers('Who?', body))
SELECT count(*), (SELECT max(answer) FROM a) FROM a;
.check 3|Cleo

.testcase a CTE of arguments
.inferences 1
WITH ask(q, c) AS (SELECT 'Who?', body FROM docs WHERE id = 1)
SELECT answer FROM ask JOIN distilbert_answers ON question = q AND context = c;
.check Ada

.testcase IN a CTE
.inferences 2
WITH t AS (SELECT body FROM docs WHERE id < 4)
SELECT count(*) FROM distilbert_answers('Who?') WHERE context IN t;
.check 2

.testcase recursive: texts
.inferences 4
WITH RECURSIVE t(n, body) AS (SELECT 1, 'Ada wrote 1 book.' UNION ALL
  SELECT n + 1, 'Ada wrote ' || (n + 1) || ' books.' FROM t LIMIT 4)
SELECT n, distilbert_answer('How many books?', body) FROM t;
.check <<END
1|1
2|2
3|3
4|4
END

.testcase recursive: each answer is asked about
.inferences 4
WITH RECURSIVE fact(body) AS (VALUES ('Ada is the sister of Bob.'),
    ('Bob is the son of Cleo.')),
  chain(who, n) AS (SELECT 'Ada', 0 UNION ALL
    SELECT (SELECT answer FROM fact, distilbert_answers('Who is related to ' || who || '?', body)
             WHERE body LIKE who || ' %'), n + 1
      FROM chain WHERE n < 2)
SELECT n, who IS NOT NULL FROM chain;
.check <<END
0|1
1|1
2|1
END

.testcase recursive over a table of ours
.inferences 1
WITH RECURSIVE t(answer, n) AS (
  SELECT answer, 1 FROM distilbert_answers('Who?', 'Ada wrote it.')
  UNION ALL SELECT t.answer || '!', n + 1 FROM t WHERE n < 3)
SELECT answer FROM t;
.check <<END
Ada
Ada!
Ada!!
END

.testcase tokens in a recursive CTE
.inferences 0
WITH RECURSIVE t(s, n) AS (SELECT 'a b c', 1 UNION ALL
  SELECT (SELECT group_concat(token, ' ') FROM distilbert_tokens(s)
           WHERE special = 0 AND position > 1), n + 1 FROM t WHERE n < 3)
SELECT s FROM t;
.check <<END
a b c
b c
c
END

-- Compound selects -----------------------------------------------------------

.testcase UNION ALL of two calls
.inferences 2
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.') UNION ALL
SELECT answer FROM distilbert_answers('Who?', 'Bob read it.') ORDER BY 1;
.check <<END
Ada
Bob
END

.testcase UNION ALL of one call: each its rows, once asked
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.') UNION ALL
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.');
.check <<END
Ada
Ada
END

.testcase UNION
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.') UNION
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.');
.check Ada

.testcase INTERSECT and EXCEPT
.inferences 3
SELECT distilbert_answer('Who?', body) FROM docs INTERSECT SELECT 'Bob';
SELECT distilbert_answer('Who?', body) AS a FROM docs EXCEPT SELECT 'Bob'
 ORDER BY a;
.check <<END
Bob
NULL
Ada
Cleo
END

.testcase a condition pushed into a UNION ALL
.inferences 2
SELECT * FROM (
  SELECT answer, start FROM distilbert_answers('Who?', 'Ada wrote it.') UNION ALL
  SELECT answer, start FROM distilbert_answers('Who?', 'Bob read it.'))
 WHERE answer = 'Bob' OR start = 77;
.check Bob|0

.testcase VALUES
.inferences 2
VALUES (distilbert_answer('Who?', 'Ada wrote it.')),
       (distilbert_answer('Who?', 'Bob read it.'));
.check <<END
Ada
Bob
END
