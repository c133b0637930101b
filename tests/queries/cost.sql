-- What a query may cost, in texts that go through a model.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400)
INSERT INTO docs SELECT i, 'Ada wrote ' || i || ' lines.' FROM n;

.testcase vectors of few texts, for many rows
.inferences 5
CREATE TABLE seed AS SELECT column1 AS i, distilbert_embed(column2) AS e FROM
  (VALUES (0, 'A cat sleeps.'), (1, 'Shares fell.'), (2, 'Rain in Paris.'),
          (3, 'He sings.'), (4, 'A new car.'));
CREATE TABLE vec(id INTEGER PRIMARY KEY, e BLOB);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)
INSERT INTO vec SELECT n.i, e FROM n JOIN seed ON seed.i = n.i % 5;
SELECT count(*), count(DISTINCT e) FROM vec;
.check 2000|5

.testcase results are kept from the start
.inferences 1
SELECT initial + 0 > 100 FROM distilbert_config WHERE key = 'cache_entries';
SELECT count(DISTINCT distilbert_answer('Who?', body)) FROM
  (SELECT 'Ada wrote it.' AS body FROM docs);
.check <<END
1
1
END

-- A query's vector beside every row ------------------------------------------

.testcase a query out of a CTE is embedded once
.inferences 1
WITH q(q) AS (VALUES ('kitten'))
SELECT count(c), count(DISTINCT round(c, 3)) FROM
  (SELECT distilbert_cosine(e, distilbert_embed(q)) AS c FROM q, vec);
.check 2000|5

.testcase the same, row by row
.inferences 1
CREATE TABLE cosines AS WITH q(q) AS (VALUES ('kitten'))
SELECT distilbert_cosine(e, distilbert_embed(q)) AS c FROM q, vec;
SELECT count(c) FROM cosines;
.check 2000

.testcase queries out of a table
.inferences 3
CREATE TABLE query(q TEXT);
INSERT INTO query VALUES ('kitten'), ('stocks'), ('weather');
SELECT count(distilbert_cosine(e, distilbert_embed(q))) FROM query, vec;
.check 6000

.testcase queries out of a table, inner loop
.inferences 3
SELECT count(distilbert_cosine(e, distilbert_embed(q))) FROM vec CROSS JOIN query;
.check 6000

.testcase a constant, the nearest five
.inferences 1
SELECT id FROM vec ORDER BY distilbert_cosine(e, distilbert_embed('kitten')) DESC, id
 LIMIT 5;
.check <<END
5
10
15
20
25
END

.testcase a constant with a model
.inferences 1
SELECT id FROM vec
 ORDER BY distilbert_cosine(e, distilbert_embed('kitten', 'all-minilm-l6-v2')) DESC, id
 LIMIT 1;
.check 5

.testcase a constant in WHERE, SELECT and ORDER BY
.inferences 1
SELECT count(*) FROM (SELECT distilbert_cosine(e, distilbert_embed('kitten')) AS c
  FROM vec WHERE distilbert_cosine(e, distilbert_embed('kitten')) > 0.3 ORDER BY c);
.check 400

.testcase a query out of a scalar sub-query
.inferences 1
SELECT count(distilbert_cosine(e, (SELECT distilbert_embed(q) FROM query LIMIT 1)))
  FROM vec;
.check 2000

.testcase nearest of each query
.inferences 3
SELECT q, (SELECT id FROM (SELECT id, distilbert_cosine(e, distilbert_embed(q)) AS c
                            FROM vec) ORDER BY c DESC, id LIMIT 1) FROM query ORDER BY q;
.check <<END
kitten|5
stocks|1
weather|2
END

.testcase a constant costs no more where nothing is kept
.inferences 1
SELECT distilbert_set('cache_entries', 0);
SELECT count(distilbert_cosine(e, distilbert_embed('kitten', 'all-minilm-l6-v2'))) FROM vec;
SELECT distilbert_set('cache_entries', NULL);
.check <<END
0
2000
512
END

-- Sub-queries that SQLite flattens -------------------------------------------

.testcase a column that is mentioned three times
.inferences 400
SELECT sum(length(a)), count(a), count(*) FILTER (WHERE a = 'Ada') FROM
  (SELECT distilbert_answer('Who?', body) AS a FROM docs);
.check 1200|400|400

.testcase row by row
.inferences 400
CREATE TABLE said AS SELECT id, a, upper(a) AS b FROM
  (SELECT id, distilbert_answer('How many lines?', body) AS a FROM docs)
 WHERE a IS NOT NULL ORDER BY a;
SELECT count(*), sum(upper(a) = b) FROM said;
.check 400|400

.testcase more rows than are kept
.inferences 600
CREATE TABLE more AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 600)
SELECT i, 'word ' || i AS body FROM n;
SELECT count(*) FROM (SELECT distilbert_embed(body) AS e FROM more)
 WHERE length(e) = 1536 AND distilbert_cosine(e, e) > 0.9;
.check 600

.testcase an ORDER BY of answers with LIMIT
.inferences 400
SELECT id FROM docs ORDER BY distilbert_answer('How many lines?', body) = '7' DESC, id
 LIMIT 1;
.check 7

.testcase an aggregate over a condition
.inferences 400
SELECT count(*) FROM docs
 WHERE distilbert_answer('Who?', body) = 'Ada' AND distilbert_answer('Who?', body) <> 'Bob';
.check 400

-- Few rows of many -----------------------------------------------------------

.testcase IN of a sub-select, one row
.inferences 3
SELECT answer FROM distilbert_answers
 WHERE question = 'Who?' AND context IN (SELECT body FROM docs) LIMIT 1;
.check Ada

.testcase IN of a sub-select, ten rows
.inferences 31
SELECT count(answer) FROM (SELECT answer FROM distilbert_answers
 WHERE question = 'Who?' AND context IN (SELECT body FROM docs) LIMIT 10);
.check 10

.testcase a join, one row
.inferences 1
SELECT answer FROM docs, distilbert_answers('Who?', body) LIMIT 1;
.check Ada

.testcase EXISTS over many
.inferences 3
SELECT EXISTS (SELECT 1 FROM distilbert_answers
  WHERE question = 'Who?' AND context IN (SELECT body FROM docs));
.check 1

.testcase EXISTS in a join
.inferences 1
SELECT EXISTS (SELECT 1 FROM docs, distilbert_answers('Who?', body));
.check 1

.testcase all of a list
.inferences 400
SELECT count(*) FROM distilbert_answers
 WHERE question = 'Who?' AND context IN (SELECT body FROM docs);
.check 400

.testcase a limit by OR
.inferences 2
SELECT docs.id, answer FROM docs, distilbert_answers('Who?', body)
 WHERE docs.id = 3 OR docs.id = 5;
.check <<END
3|Ada
5|Ada
END

.testcase a cheap condition comes first
.inferences 1
SELECT id FROM docs WHERE distilbert_answer('Who?', body) = 'Ada' AND id = 3;
.check 3

.testcase a cheap condition without an index, when it is written first
.inferences 1
SELECT id FROM docs WHERE body LIKE '% 33 %'
   AND distilbert_answer('Who?', body) = 'Ada';
.check 33

.testcase a cheap condition on rows, before the table of ours
.inferences 1
SELECT docs.id FROM docs, distilbert_answers('Who?', body)
 WHERE answer = 'Ada' AND body LIKE '% 33 %';
.check 33

.testcase a constant question and context are asked once
.inferences 1
SELECT count(distilbert_answer('Who?', 'Ada wrote it.')) FROM docs;
.check 400

.testcase a table of ours with constants, beside many rows
.inferences 1
SELECT count(*) FROM docs, distilbert_answers('Who?', 'Ada wrote it.') AS a
 WHERE body LIKE answer || '%';
.check 400

.testcase OR beside many rows
.inferences 2
SELECT count(*) FROM docs, distilbert_answers
 WHERE question = 'Who?' AND (context = 'Ada wrote it.' OR context = 'Bob read it.')
   AND body LIKE answer || '%';
.check 400

-- More texts than a connection keeps results ---------------------------------
-- A CTE that is used twice wants MATERIALIZED then (cte_335.sql).

CREATE TABLE many(id INTEGER PRIMARY KEY, body TEXT, who TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 700)
INSERT INTO many(id, body) SELECT i, 'Ada wrote ' || i || ' lines.' FROM n;

.testcase UPDATE where different
.inferences 700
UPDATE many SET who = distilbert_answer('Who?', body)
 WHERE who IS NOT distilbert_answer('Who?', body);
SELECT count(*) FROM many WHERE who = 'Ada';
.check 700

.testcase GROUP BY: once a text, once a group
.inferences 701
SELECT distilbert_answer('Who?', body) AS a, count(*) FROM many GROUP BY a;
.check Ada|700

.testcase HAVING
.inferences 701
SELECT distilbert_answer('Who?', body) AS a, count(*) FROM many GROUP BY a HAVING a > 'A' ORDER BY a;
.check Ada|700

.testcase aggregates of one expression
.inferences 700
SELECT min(a), max(a), count(a), count(DISTINCT a) FROM
  (SELECT distilbert_answer('Who?', body) AS a FROM many);
.check Ada|Ada|700|1

.testcase ORDER BY
.inferences 700
SELECT count(*) FROM (SELECT id, a, upper(a) FROM
  (SELECT id, distilbert_answer('Who?', body) AS a FROM many)
   WHERE a IS NOT NULL ORDER BY a, id DESC LIMIT 1000);
.check 700

.testcase a window function
.inferences 700
SELECT count(DISTINCT r) FROM (SELECT rank() OVER (
    PARTITION BY distilbert_answer('Who?', body)
    ORDER BY distilbert_answer('Who?', body)) AS r FROM many);
.check 1

.testcase DELETE
.inferences 700
BEGIN;
DELETE FROM many WHERE distilbert_answer('Who?', body) = 'Ada';
SELECT count(*) FROM many;
ROLLBACK;
.check 0

.testcase UPSERT
.inferences 700
CREATE TABLE kept(id INTEGER PRIMARY KEY, who TEXT);
INSERT INTO kept SELECT id, distilbert_answer('Who?', body) FROM many WHERE true
    ON CONFLICT(id) DO UPDATE SET who = excluded.who;
SELECT count(*) FROM kept;
.check 700

.testcase rows of a join that repeat a text
.inferences 700
SELECT count(*) FROM many AS a JOIN many AS b ON b.id <= 2 JOIN distilbert_answers('Who?', a.body);
.check 1400

.testcase the same with a scalar
.inferences 700
SELECT count(distilbert_answer('Who?', a.body)) FROM many AS a JOIN many AS b ON b.id <= 2;
.check 1400

.testcase CREATE INDEX
.inferences 700
CREATE INDEX said_who ON many(distilbert_answer('Who?', body, 'distilbert-minilm-qa'));
.check

.testcase an index asks nothing
.inferences 0
SELECT count(*) FROM many
 WHERE distilbert_answer('Who?', body, 'distilbert-minilm-qa') = 'Ada';
SELECT id FROM many
 WHERE distilbert_answer('Who?', body, 'distilbert-minilm-qa') = 'Ada' LIMIT 1;
.check <<END
700
1
END

.testcase GROUP BY of what is indexed: once a group
.inferences 1
SELECT distilbert_answer('Who?', body, 'distilbert-minilm-qa'), count(*) FROM many GROUP BY 1;
.check Ada|700
