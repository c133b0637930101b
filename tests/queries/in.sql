-- IS, IN and row values: how parameters may be given beside `=`.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, ' '), (5, 'Cleo sold it.');
CREATE TABLE asked(q TEXT, body TEXT);
INSERT INTO asked VALUES ('Who?', 'Ada wrote it.'), ('What?', 'Bob read it.');

-- IS -------------------------------------------------------------------------

.testcase IS
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE question IS 'Who?' AND context IS 'Ada wrote it.';
.check Ada

.testcase IS, the other way round
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE 'Who?' IS question AND 'Ada wrote it.' = context;
.check Ada

.testcase IS with a column
.inferences 4
SELECT id, answer FROM docs, distilbert_answers
 WHERE question IS 'Who?' AND context IS body ORDER BY id;
.check <<END
1|Ada
2|Bob
5|Cleo
END

.testcase IS NULL: no rows
.inferences 0
SELECT answer FROM distilbert_answers WHERE question IS NULL AND context = 'a';
SELECT answer FROM distilbert_answers('Who?') WHERE context IS NULL;
SELECT text FROM distilbert_tokens WHERE text IS NULL;
.check

.testcase options with IS
.inferences 1
SELECT count(*) FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE top_k IS 3 AND impossible IS 0 AND model IS NULL;
.check 3

.testcase IS NOT and <> are no arguments
SELECT answer FROM distilbert_answers('Who?') WHERE context IS NOT 'a';
.error distilbert_answers: needs the argument context: *

.testcase tokens with IS
.inferences 0
SELECT count(*) FROM distilbert_tokens WHERE text IS 'one two';
.check 4

-- IN -------------------------------------------------------------------------

.testcase a list of contexts
.inferences 2
SELECT context, answer FROM distilbert_answers('Who?')
 WHERE context IN ('Ada wrote it.', 'Bob read it.') ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
END

.testcase a list of one, and with NULL
.inferences 1
SELECT answer FROM distilbert_answers('Who?') WHERE context IN ('Ada wrote it.');
SELECT answer FROM distilbert_answers('Who?') WHERE context IN (NULL, 'Ada wrote it.');
SELECT answer FROM distilbert_answers('Who?') WHERE context IN (NULL);
.check <<END
Ada
Ada
END

.testcase an empty list
.inferences 0
SELECT answer FROM distilbert_answers('Who?') WHERE context IN ();
.check

.testcase a sub-select
.inferences 4
SELECT context, answer FROM distilbert_answers
 WHERE question = 'Who?' AND context IN (SELECT body FROM docs) ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
Cleo sold it.|Cleo
END

.testcase a table's name
.inferences 2
CREATE VIEW bodies AS SELECT body FROM docs WHERE id < 4;
SELECT answer FROM distilbert_answers('Who?') WHERE context IN bodies ORDER BY 1;
.check <<END
Ada
Bob
END

.testcase two lists: all pairs
.inferences 4
SELECT count(*), count(DISTINCT question), count(DISTINCT context)
  FROM distilbert_answers
 WHERE question IN ('Who?', 'Who wrote?')
   AND context IN ('Ada wrote it.', 'Bob read it.');
.check 4|2|2

.testcase texts that look like numbers stay apart
.inferences 3
SELECT context, answer FROM distilbert_answers('Who?')
 WHERE context IN ('007', '7', '7.0') ORDER BY context;
.check <<END
007|007
7|7
7.0|7.0
END

.testcase tokens of texts that look like numbers
.inferences 0
SELECT text, count(*) FROM distilbert_tokens WHERE text IN ('007', '7', 7, 7.0)
 GROUP BY text ORDER BY text;
.check <<END
007|4
7|3
7.0|5
END

.testcase case and blanks stay apart
.inferences 0
SELECT count(DISTINCT text) FROM distilbert_tokens WHERE text IN ('a', 'A', 'a ', ' a');
.check 4

.testcase the first row of a list costs little
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE question = 'Who?' AND context IN
   ('Ada wrote this.', 'Bob read this.', 'Cleo sold this.', 'Dan ate this.') LIMIT 1;
.glob *

.testcase the first row of a long sub-select costs little
.inferences 3
CREATE TABLE many AS WITH RECURSIVE n(i) AS
  (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300)
  SELECT 'Number ' || i || ' was sold.' AS body FROM n;
SELECT answer IS NOT NULL FROM distilbert_answers
 WHERE question = 'What was sold?' AND context IN (SELECT body FROM many) LIMIT 1;
.check 1

.testcase NOT IN is no argument
SELECT answer FROM distilbert_answers('Who?') WHERE context NOT IN ('a');
.error distilbert_answers: needs the argument context: *

.testcase a list of own columns
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.', 3)
 WHERE start IN (0, 4) AND "end" IN (3);
.check Ada

.testcase a list of options
.inferences 2
SELECT top_k, count(*) FROM distilbert_answers('Who?', 'Ada met Bob and Cleo.')
 WHERE top_k IN (1, 2) GROUP BY top_k;
.check <<END
1|1
2|2
END

-- Every table ----------------------------------------------------------------
-- A list has the rows that its texts have one by one, without the cache that
-- would say so in any case; NULL has none, and equal texts are one.

SELECT distilbert_set('cache_entries', 0);
CREATE TABLE texts(body TEXT);
INSERT INTO texts VALUES ('Bob read it.'), (NULL), (''), ('a'), ('Bob read it.'),
  ('It was read. It was sold. Nobody wrote it.');
CREATE VIEW bodies_once AS SELECT DISTINCT body FROM texts;

.testcase tokens of a list
.inferences 0
CREATE TABLE listed AS SELECT text, position, id, token, start, "end" FROM distilbert_tokens
 WHERE text IN (SELECT body FROM texts);
CREATE TABLE single AS SELECT text, position, id, token, start, "end" FROM bodies_once, distilbert_tokens(body);
SELECT count(*), count(DISTINCT text) FROM listed;
SELECT count(*) = (SELECT count(*) FROM listed) FROM single;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT * FROM single);
DROP TABLE listed; DROP TABLE single;
.check <<END
25|4
1
0
END

.testcase chunks of a list
.inferences 0
CREATE TABLE listed AS SELECT text, position, chunk, start, "end", tokens FROM distilbert_chunks
 WHERE max_tokens = 7 AND text IN (SELECT body FROM texts);
CREATE TABLE single AS SELECT text, position, chunk, start, "end", tokens FROM bodies_once, distilbert_chunks(body, 7);
SELECT count(*), count(DISTINCT text) FROM listed;
SELECT count(*) = (SELECT count(*) FROM listed) FROM single;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT * FROM single);
DROP TABLE listed; DROP TABLE single;
.check <<END
5|3
1
0
END

.testcase features of a list
.inferences 8
CREATE TABLE listed AS SELECT text, position, vector FROM distilbert_features
 WHERE text IN (SELECT body FROM texts);
CREATE TABLE single AS SELECT text, position, vector FROM bodies_once, distilbert_features(body);
SELECT count(*), count(DISTINCT text) FROM listed;
SELECT count(*) = (SELECT count(*) FROM listed) FROM single;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT * FROM single);
DROP TABLE listed; DROP TABLE single;
.check <<END
25|4
1
0
END

.testcase span logits of a list
.inferences 8
CREATE TABLE listed AS SELECT context, position, start_logit, end_logit FROM distilbert_span_logits
 WHERE question = 'Who?' AND context IN (SELECT body FROM texts);
CREATE TABLE single AS SELECT context, position, start_logit, end_logit
  FROM bodies_once, distilbert_span_logits('Who?', body);
SELECT count(*), count(DISTINCT context) FROM listed;
SELECT count(*) = (SELECT count(*) FROM listed) FROM single;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT * FROM single);
DROP TABLE listed; DROP TABLE single;
.check <<END
36|4
1
0
END

.testcase masks of a list
.inferences 6
CREATE VIEW masked AS SELECT body || ' [MASK].' AS text FROM texts WHERE body <> '' OR body IS NULL;
CREATE TABLE listed AS SELECT text, score, token FROM distilbert_fill_mask WHERE text IN masked;
CREATE TABLE single AS SELECT f.text, score, token
  FROM (SELECT DISTINCT text FROM masked) AS m, distilbert_fill_mask(m.text) AS f;
SELECT count(*), count(DISTINCT text) FROM listed;
SELECT count(*) = (SELECT count(*) FROM listed) FROM single;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT * FROM single);
DROP TABLE listed; DROP TABLE single;
.check <<END
15|3
1
0
END

SELECT distilbert_set('cache_entries', 512);

-- Row values -----------------------------------------------------------------

.testcase a row value
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE (question, context) = ('Who?', 'Ada wrote it.');
.check Ada

.testcase a row value that is a sub-select
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE (question, context) = (SELECT q, body FROM asked WHERE q = 'Who?');
.check Ada

.testcase a row value with IS
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE (question, context) IS ('Who?', 'Ada wrote it.');
.check Ada

.testcase row values in a list as a join
.inferences 2
SELECT answer FROM asked, distilbert_answers
 WHERE question = q AND context = asked.body ORDER BY answer;
.check <<END
Ada
Bob read it
END

.testcase row values in a list of one
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE (question, context) IN (VALUES ('Who?', 'Ada wrote it.'));
.check Ada

.testcase row values in a compound select: SQLite takes no constraint from it
SELECT answer FROM distilbert_answers
 WHERE (question, context) IN (SELECT q, body FROM asked UNION ALL SELECT 'Who?', 'Bob read it.');
.error distilbert_answers: needs the argument question: *question IN (...)*

.testcase row values in a sub-select
.inferences 4
SELECT answer FROM distilbert_answers
 WHERE (question, context) IN (SELECT q, body FROM asked) ORDER BY answer;
.check <<END
Ada
Bob read it
END

.testcase row values of own columns
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.', 3)
 WHERE (start, "end") IN (VALUES (0, 3), (7, 8));
.check Ada

.testcase tokens between row values
.inferences 0
SELECT token FROM distilbert_tokens('one two three')
 WHERE (start, "end") > (4, 7) AND special = 0;
.check three
