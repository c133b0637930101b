-- distilbert_embed_each(query): key, embedding, tokens, truncated, error
-- distilbert_answer_each(query): key, answer, score, start, end, error
-- distilbert_classify_each(query): key, label, score, error
--   | query, model, parameters, p1 ... p6
-- distilbert_entities_each(query): key, entity, score, word, start, end, error
--   | query, aggregation, model, parameters, p1 ... p6
-- distilbert_progress: id, function, done, known, rate, seconds, remaining
-- Run from the repository's root.

CREATE TABLE docs(id, body);
INSERT INTO docs VALUES
  (1, 'Tesla was born in Smiljan.'), ('two', 'Paris is in France.'),
  (3.5, NULL), (x'00ff', 'Paris is in France.'), (NULL, ''), (6, 42);
CREATE TABLE numbers(n INTEGER PRIMARY KEY);
WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3000)
  INSERT INTO numbers SELECT n FROM c;

-- A row for a row -------------------------------------------------------------

.testcase keys of any type, in the order of the query
SELECT quote(key), length(embedding), tokens, truncated, error
  FROM distilbert_embed_each('SELECT id, body FROM docs');
.check <<END
1|1536|10|0|NULL
'two'|1536|7|0|NULL
3.5|NULL|NULL|NULL|NULL
X'00FF'|1536|7|0|NULL
NULL|1536|2|0|NULL
6|1536|3|0|NULL
END

.testcase the vectors of distilbert_embed
SELECT count(*) FROM distilbert_embed_each('SELECT rowid, body FROM docs')
 WHERE embedding IS NOT (SELECT distilbert_embed(body) FROM docs
                          WHERE rowid = key);
.check 0

.testcase and of many rows, over several windows
.inferences 3001
SELECT count(*), count(DISTINCT key), min(tokens), max(tokens),
       count(DISTINCT embedding)
  FROM distilbert_embed_each('SELECT n, printf(''Text %d.'', n) FROM numbers');
.glob 3000|3000|5|*|3000

.testcase which are those of one by one
SELECT count(*)
  FROM distilbert_embed_each('SELECT n, printf(''Text %d.'', n * 7) FROM numbers
                               WHERE n % 13 = 0')
 WHERE embedding IS NOT distilbert_embed(printf('Text %d.', key * 7));
.check 0

.testcase a vector as sqlite-vec knows it
SELECT DISTINCT distilbert_cosine(embedding, embedding) > 0.99999
  FROM distilbert_embed_each('SELECT 1, ''Paris''');
.check 1

.testcase answers
.float 4
SELECT quote(key), answer, score > 0.1, start, "end", error
  FROM distilbert_answer_each('SELECT id, ''Where was Tesla born?'', body
                                 FROM docs WHERE rowid < 4');
.check <<END
1|Smiljan|1|18|25|NULL
'two'|Paris|1|0|5|NULL
3.5|NULL|NULL|NULL|NULL|NULL
END

.testcase no answer in an empty context
SELECT answer, score, start, "end", error
  FROM distilbert_answer_each('SELECT 1, ''Who?'', ''''');
.check NULL|NULL|NULL|NULL|NULL

.testcase the answers of distilbert_answers
SELECT count(*) FROM distilbert_answer_each('SELECT rowid, ''Who?'', body FROM docs') e
 WHERE (answer, score, start, "end") IS NOT (
        SELECT a.answer, a.score, a.start, a."end" FROM docs d, distilbert_answers('Who?', d.body) a
         WHERE d.rowid = e.key)
   AND answer IS NOT NULL;
.check 0

.testcase labels
SELECT key, label, score > 0.9, error
  FROM distilbert_classify_each('VALUES (1, ''A joy.''), (2, NULL), (3, ''Dull and stale.'')');
.check <<END
1|POSITIVE|1|NULL
2|NULL|NULL|NULL
3|NEGATIVE|1|NULL
END

.testcase the scores of distilbert_classes
SELECT count(*) FROM distilbert_classify_each('SELECT rowid, body FROM docs') e
 WHERE (label, score) IS NOT (SELECT c.label, c.score FROM docs d, distilbert_classes(d.body) c
                               WHERE d.rowid = e.key LIMIT 1);
.check 0

.testcase entities: a row for each of them
SELECT quote(key), entity, word, start, "end", error
  FROM distilbert_entities_each('SELECT id, body FROM docs');
.check <<END
1|PER|tesla|0|5|NULL
1|LOC|smiljan|18|25|NULL
'two'|LOC|paris|0|5|NULL
'two'|LOC|france|12|18|NULL
X'00FF'|LOC|paris|0|5|NULL
X'00FF'|LOC|france|12|18|NULL
END

.testcase their aggregation
SELECT entity, word FROM distilbert_entities_each(
  'SELECT id, body FROM docs WHERE id = 1', 'none');
.check <<END
B-PER|tesla
B-LOC|sm
I-LOC|##il
I-LOC|##jan
END

.testcase the entities of distilbert_entities
SELECT count(*) FROM (
  SELECT key, entity, score, start FROM distilbert_entities_each('SELECT rowid, body FROM docs')
  EXCEPT
  SELECT d.rowid, e.entity, e.score, e.start FROM docs d, distilbert_entities(d.body) e);
.check 0

-- How much is read ahead ------------------------------------------------------

.testcase LIMIT 10 costs ten rows
.require sqlite_version() >= '3.38'
.inferences 10
SELECT count(*) FROM (SELECT key FROM distilbert_embed_each(
  'SELECT n, printf(''%d'', n) FROM numbers') LIMIT 10);
.check 10

.testcase equal texts of a window are one
.inferences 12
SELECT count(*), count(DISTINCT embedding)
  FROM distilbert_embed_each('SELECT n, ''Paris'' FROM numbers');
.check 3000|1

.testcase NULLs go through no model
.inferences 0
SELECT count(*) FROM distilbert_embed_each('SELECT n, NULL FROM numbers');
.check 3000

.testcase a query without rows
.inferences 0
SELECT * FROM distilbert_embed_each('SELECT id, body FROM docs WHERE 0');
.check

.testcase no query
SELECT * FROM distilbert_embed_each(NULL);
.check

-- The transaction it runs in --------------------------------------------------

.fault off

.testcase rows that are not committed are seen
BEGIN;
INSERT INTO docs VALUES (7, 'Oslo');
SELECT tokens FROM distilbert_embed_each('SELECT id, body FROM docs WHERE id = 7');
ROLLBACK;
SELECT count(*) FROM distilbert_embed_each('SELECT id, body FROM docs WHERE id = 7');
.check <<END
3
0
END

.testcase INSERT ... SELECT
CREATE TABLE vectors(id PRIMARY KEY, embedding BLOB, error TEXT);
INSERT INTO vectors SELECT key, embedding, error
  FROM distilbert_embed_each('SELECT rowid, body FROM docs');
SELECT count(*), count(embedding) FROM vectors;
.check 6|5

.fault on

.testcase temporary tables are seen
CREATE TEMP TABLE few AS SELECT 1 AS id, 'Oslo' AS body;
SELECT tokens FROM distilbert_embed_each('SELECT id, body FROM few');
.check 3

-- Values ----------------------------------------------------------------------

.testcase one each, of any type
SELECT quote(key), tokens FROM distilbert_embed_each(
  'SELECT ?1, ?2 || ?3', NULL, NULL, x'01', 'Os', 'lo');
.check X'01'|3

.testcase and as columns
SELECT quote(key), quote(p1), quote(p2) FROM distilbert_embed_each('SELECT ?1, ?2')
 WHERE p1 = 1.5 AND p2 = 'a';
.check 1.5|1.5|'a'

.testcase of a row of the join
SELECT d.id, e.key, typeof(e.key) FROM docs d,
       distilbert_embed_each('SELECT ?1, 1', NULL, NULL, d.id) e
 WHERE d.id = 6;
.check 6|6|integer

.testcase NULL is a value, too
SELECT typeof(key), tokens FROM distilbert_embed_each('SELECT ?1, ''Oslo''', NULL, NULL, NULL);
.check null|3

.testcase a JSON array
SELECT typeof(key), length(embedding)
  FROM distilbert_embed_each('SELECT ?, ?', NULL, '[5, "Oslo"]')
 UNION ALL
SELECT typeof(key), length(embedding)
  FROM distilbert_embed_each('SELECT ?2, ?1', NULL, '["Oslo", 5.5]')
 UNION ALL
SELECT typeof(key), length(embedding)
  FROM distilbert_embed_each('SELECT ?2, ?1', NULL, '[true, null]');
.check <<END
integer|1536
real|1536
null|1536
END

.testcase too many, too few, both, no array, nested
SELECT * FROM distilbert_embed_each('SELECT 1, ?1', NULL, '["a", "b"]');
.error distilbert_embed_each: query wants 1 parameter, 2 given
.testcase too few
SELECT * FROM distilbert_embed_each('SELECT 1, ?2', NULL, NULL, 'a');
.error distilbert_embed_each: query wants 2 parameters, 1 given*
.testcase too many
SELECT * FROM distilbert_embed_each('SELECT 1, 2', NULL, NULL, 'a');
.error distilbert_embed_each: query wants 0 parameters, 1 given*
.testcase both
SELECT * FROM distilbert_embed_each('SELECT 1, ?1', NULL, '["a"]', 'a');
.error distilbert_embed_each: parameters and p1 are both given
.testcase no array
SELECT * FROM distilbert_embed_each('SELECT 1, ?1', NULL, '{"a": 1}');
.error distilbert_embed_each: parameters are no JSON array: *
.testcase no JSON
SELECT * FROM distilbert_embed_each('SELECT 1, ?1', NULL, '[');
.error distilbert_embed_each: parameters*
.testcase nested
SELECT * FROM distilbert_embed_each('SELECT 1, ?1', NULL, '[[1]]');
.error distilbert_embed_each: parameter ?1 is neither number, string, true, false nor null

-- What is refused -------------------------------------------------------------

.testcase other columns
SELECT * FROM distilbert_embed_each('SELECT id FROM docs');
.error distilbert_embed_each: query has 1 column, wanted are 2: a key and a text
.testcase of an answer
SELECT * FROM distilbert_answer_each('SELECT id, body FROM docs');
.error distilbert_answer_each: query has 2 columns, wanted are 3: a key, a question and a context
.testcase one that writes
SELECT * FROM distilbert_embed_each('INSERT INTO docs VALUES (8, 9) RETURNING id, body');
.error distilbert_embed_each: query *
.testcase nothing was written
SELECT count(*) FROM docs;
.check 6
.testcase two
SELECT * FROM distilbert_embed_each('SELECT 1, 2; SELECT 3');
.error distilbert_embed_each: query is more than one statement
.testcase but a semicolon and a comment are none
SELECT tokens FROM distilbert_embed_each('SELECT 1, 2; -- so; and so
 /* on */ ; ');
.check 3
.testcase none
SELECT * FROM distilbert_embed_each(' -- nothing');
.error distilbert_embed_each: query is empty
.testcase no SELECT
SELECT * FROM distilbert_embed_each('EXPLAIN SELECT 1, 2');
.error distilbert_embed_each: query is no SELECT
.testcase BEGIN
SELECT * FROM distilbert_embed_each('BEGIN');
.error distilbert_embed_each: query is no SELECT
.testcase what SQLite says of it
SELECT * FROM distilbert_embed_each('SELECT 1, nobody');
.error distilbert_embed_each: query: no such column: nobody
.testcase a NUL
SELECT * FROM distilbert_embed_each('SELECT 1, 2' || char(0));
.error distilbert_embed_each: query has a NUL in it
.testcase a query within a query
SELECT * FROM distilbert_embed_each(
  'SELECT key, key FROM distilbert_embed_each(''SELECT 1, 2'')');
.error *: a query reads a table that runs a query
.testcase but one beside the other
SELECT count(*) FROM distilbert_embed_each('SELECT 1, 2') a,
                     distilbert_embed_each('SELECT 1, 3') b;
.check 1
.testcase a model without the head
SELECT * FROM distilbert_classify_each('SELECT 1, 2', 'all-minilm-l6-v2');
.error distilbert_classify_each: model all-minilm-l6-v2 has no *
.testcase an aggregation nobody knows
SELECT * FROM distilbert_entities_each('SELECT 1, 2', 'some');
.error distilbert_entities_each: no aggregation some; there are none, simple, first, average, max

.testcase in a view, DIRECTONLY
CREATE VIEW v AS SELECT * FROM distilbert_embed_each('SELECT 1, 2');
SELECT * FROM v;
.error *unsafe use of virtual table*
.testcase
DROP VIEW v;
.check

-- A text's failure is its own -------------------------------------------------

.fault off
INSERT INTO distilbert_models(name, path, options) VALUES
  ('strict', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"max_tokens": 8, "overflow": "error"}'),
  ('strict-seqcls', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls',
   '{"max_tokens": 8, "overflow": "error"}'),
  ('strict-tokcls', 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls',
   '{"max_tokens": 8, "overflow": "error"}'),
  ('short', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"max_tokens": 8}');
.fault on

.testcase a vector
SELECT key, length(embedding) > 0, tokens, truncated, error
  FROM distilbert_embed_each('VALUES (1, ''a''), (2, ''a b c d e f g h''), (3, ''c'')', 'strict');
.check <<END
1|1|3|0|NULL
2|NULL|NULL|NULL|text has 10 tokens, the model's limit is 8 (overflow = error)
3|1|3|0|NULL
END

.testcase a label
SELECT key, label IS NULL, error
  FROM distilbert_classify_each('VALUES (1, ''a''), (2, ''a b c d e f g h''), (3, ''c'')', 'strict-seqcls');
.glob <<END
1|0|NULL
2|1|text has 10 tokens, *
3|0|NULL
END

.testcase entities
SELECT DISTINCT key, entity IS NULL, start IS NULL, error
  FROM distilbert_entities_each('VALUES (1, ''a''), (2, ''a b c d e f g h''), (3, ''c'')', NULL, 'strict-tokcls');
.glob <<END
1|0|0|NULL
2|1|1|text has 10 tokens*
3|0|0|NULL
END

.testcase a text that is cut
SELECT key, tokens, truncated
  FROM distilbert_embed_each('VALUES (1, ''a''), (2, ''a b c d e f g h'')', 'short');
.check <<END
1|3|0
2|8|1
END

.testcase a query that fails in the middle gives what it had
SELECT key FROM distilbert_embed_each(
  'SELECT n, iif(n = 3, abs(-9223372036854775808), n) FROM numbers') LIMIT 2;
.check <<END
1
2
END
.testcase and then fails
SELECT key FROM distilbert_embed_each(
  'SELECT n, iif(n = 3, abs(-9223372036854775808), n) FROM numbers');
.error distilbert_embed_each: query: integer overflow

-- Progress --------------------------------------------------------------------

.testcase nothing runs
SELECT count(*) FROM distilbert_progress;
.check 0

.testcase what runs, counted by the window
SELECT function, done, known, remaining, rate > 0
  FROM distilbert_embed_each('SELECT n, n % 5 FROM numbers WHERE n < 100') e,
       distilbert_progress p
 WHERE e.key IN (1, 2, 8);
.check <<END
distilbert_embed_each|1|NULL|NULL|1
distilbert_embed_each|3|NULL|NULL|1
distilbert_embed_each|15|NULL|NULL|1
END

.fault off
.testcase rows are counted first
SELECT distilbert_set('progress', 'count');
SELECT done, known, remaining >= 0
  FROM distilbert_embed_each('SELECT n, n % 5 FROM numbers WHERE n < ?1 -- few', NULL, '[100]') e,
       distilbert_progress
 WHERE e.key = 2;
.check <<END
count
3|99|1
END

.testcase of a query that cannot be counted nothing is known
SELECT done, known FROM distilbert_embed_each('SELECT 1, 2;'), distilbert_progress;
.check 1|NULL

.testcase no terminal, no bar
SELECT distilbert_set('progress', 'bar');
SELECT done, known FROM distilbert_embed_each('SELECT 1, 2'), distilbert_progress;
.check <<END
bar
1|1
END

.testcase another word
SELECT distilbert_set('progress', 'much');
.error distilbert_set: progress: valid values are off, count, bar

.testcase the safe entry has none of the tables that run SQL
SELECT distilbert_set('progress', 'off');
DELETE FROM distilbert_models WHERE name LIKE 'strict%' OR name = 'short';
.check off
.open safe
SELECT count(*) FROM distilbert_progress;
.check 0
.testcase embed_each
SELECT * FROM distilbert_embed_each('SELECT 1, 2');
.error no such table: distilbert_embed_each
.testcase entities_each
SELECT * FROM distilbert_entities_each('SELECT 1, 2');
.error no such table: distilbert_entities_each
