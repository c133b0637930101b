-- distilbert_ask(question, fts_table): key, answer, score, start, end, passage
--   | question, fts_table, top_k, passages, column, source, model
-- How well it finds answers: make quality.

.require (SELECT count(*) FROM pragma_module_list WHERE name = 'fts5')

-- FTS5 itself calls the database malformed where some of its allocations fail
-- (SQLite 3.40). Those are the only failures of this file with faults on.
.fault off

CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT);
INSERT INTO docs VALUES
  (1, 'Moon', 'Neil Armstrong was the first person to walk on the Moon, in 1969.'),
  (2, 'Everest', 'Edmund Hillary and Tenzing Norgay first climbed Mount Everest.'),
  (3, 'Pole', 'Roald Amundsen reached the South Pole on 14 December 1911.'),
  (4, 'Trench', 'Jacques Piccard and Don Walsh dived into the Mariana Trench.'),
  (5, 'Ocean', 'Charles Lindbergh crossed the Atlantic alone in an aeroplane.');
CREATE VIRTUAL TABLE external USING fts5(
  title, body, content = 'docs', content_rowid = 'id', tokenize = 'porter unicode61');
INSERT INTO external(external) VALUES ('rebuild');
CREATE VIRTUAL TABLE own USING fts5(title, body);
INSERT INTO own(rowid, title, body) SELECT id, title, body FROM docs;
CREATE VIRTUAL TABLE empty USING fts5(body, content = '');
INSERT INTO empty(rowid, body) SELECT id, body FROM docs;
CREATE VIRTUAL TABLE "it's ""odd""" USING fts5(body);
INSERT INTO "it's ""odd""" SELECT body FROM docs;

.testcase external content
SELECT key, answer, score > 0.5, substr(passage, start + 1, "end" - start) = answer
  FROM distilbert_ask('Who reached the South Pole?', 'external', 1);
.check 3|Roald Amundsen|1|1

.testcase its own
SELECT key, answer FROM distilbert_ask('Who was on the Moon?', 'own', 1);
.check 1|Neil Armstrong

.testcase no content: the text of a key comes from a query
SELECT key, answer, passage LIKE 'Roald%'
  FROM distilbert_ask('Who reached the South Pole?', 'empty', 1)
 WHERE source = 'SELECT body FROM docs WHERE id = ?1';
.check 3|Roald Amundsen|1

.testcase which has an error without it
SELECT * FROM distilbert_ask('Who reached the South Pole?', 'empty');
.error distilbert_ask: fts_table keeps no text: a query as source gives that of key ?1

.testcase a source that knows nothing: no rows
SELECT * FROM distilbert_ask('Who reached the South Pole?', 'empty')
 WHERE source = 'SELECT body FROM docs WHERE id = ?1 + 100';
.check

.testcase a source of a NULL
SELECT * FROM distilbert_ask('Who reached the South Pole?', 'empty')
 WHERE source = 'SELECT NULL FROM docs WHERE id = ?1';
.check

.testcase a row a passage, best first, not more than top_k, nor than passages
SELECT count(*), count(DISTINCT key), sum(score) <= 1
  FROM distilbert_ask('Who was the first on the Moon or the South Pole?', 'own');
SELECT count(*) FROM distilbert_ask('Who was the first on the Moon or the South Pole?', 'own', 2);
SELECT count(*) FROM distilbert_ask('Who was the first on the Moon or the South Pole?', 'own', 9, 3);
SELECT count(*) FROM (SELECT score < lag(score) OVER () AS falls FROM distilbert_ask(
  'Who was the first on the Moon or the South Pole?', 'own')) WHERE NOT falls;
.check <<END
5|5|1
2
3
0
END

.testcase scores as the logits say, over all passages that were read
.require (SELECT count(*) FROM pragma_function_list WHERE name = 'exp')
CREATE TEMP TABLE logit AS
  SELECT f.rowid AS key, f.rank AS rank, l.position AS i, l.start_logit AS s, l.end_logit AS e, l.sequence AS q
    FROM own AS f, distilbert_span_logits('Who reached the South Pole?', f.body) AS l
   WHERE own MATCH distilbert_fts_query('Who reached the South Pole?');
CREATE TEMP TABLE mass AS
  SELECT key, exp(-rank / 2) * sum(exp(s)) * sum(exp(e)) AS m
    FROM logit WHERE q = 1 OR i = 0 GROUP BY key;
CREATE TEMP TABLE best AS
  SELECT a.key AS key, max(exp(a.s + b.e - a.rank / 2)) AS m
    FROM logit AS a JOIN logit AS b ON b.key = a.key AND b.i BETWEEN a.i AND a.i + 14
   WHERE a.q = 1 AND b.q = 1 GROUP BY a.key;
SELECT count(*) > 2, max(abs(a.score - b.m / (SELECT sum(m) FROM mass))) < 2e-5,
       min(a.score / (b.m / (SELECT sum(m) FROM mass))) > 0.999
  FROM distilbert_ask('Who reached the South Pole?', 'own') AS a JOIN best AS b USING (key);
.check 1|1|1

.testcase the longest column is read, or the one that is named
SELECT DISTINCT length(passage) > 20 FROM distilbert_ask('Who was on Everest?', 'own');
SELECT count(*) FROM distilbert_ask('Who was on Everest?', 'own') WHERE "column" = 'TITLE' AND passage = 'Everest';
.check <<END
1
1
END

.testcase one model call a passage
.inferences 3
SELECT count(*) FROM distilbert_ask('Who was on the Moon or the South Pole?', 'own', 9, 3);
.check 3

.testcase a name in any case, with quotes
SELECT answer FROM distilbert_ask('Who reached the South Pole?', 'OWN', 1);
SELECT answer FROM distilbert_ask('Who reached the South Pole?', 'it''s "odd"', 1);
.check <<END
Roald Amundsen
Roald Amundsen
END

ATTACH ':memory:' AS other;
CREATE VIRTUAL TABLE other.there USING fts5(body);
INSERT INTO other.there SELECT body FROM docs;

.testcase another database
SELECT answer FROM distilbert_ask('Who reached the South Pole?', 'there', 1);
.check Roald Amundsen

.testcase out of a table of questions
SELECT q, answer FROM (SELECT 'Who reached the South Pole?' AS q UNION ALL SELECT 'Who was on the Moon?'),
       distilbert_ask(q, 'own', 1);
.check <<END
Who reached the South Pole?|Roald Amundsen
Who was on the Moon?|Neil Armstrong
END

.testcase what people type is no query language
SELECT count(*) > 0 FROM distilbert_ask('"South OR (Pole* NEAR: -', 'own');
.check 1

.testcase nothing to find
SELECT * FROM distilbert_ask('?', 'own');
SELECT * FROM distilbert_ask('', 'own');
SELECT * FROM distilbert_ask('xyzzy', 'own');
SELECT * FROM distilbert_ask(NULL, 'own');
SELECT * FROM distilbert_ask('Who?', NULL);
.check

.testcase a query finds the passages, with the question as ?1: as the table does
CREATE TEMP TABLE by_query AS SELECT * FROM distilbert_ask('Who reached the South Pole?',
  'SELECT rowid, rank, body FROM own WHERE own MATCH distilbert_fts_query(?1) ORDER BY rank', 3);
SELECT count(*) FROM by_query;
SELECT count(*) FROM (SELECT * FROM by_query EXCEPT
  SELECT * FROM distilbert_ask('Who reached the South Pole?', 'own', 3));
.check <<END
3
0
END

.fault on
.testcase of its rows the first are read, and no parameter is needed
.inferences 2
SELECT key, answer FROM distilbert_ask('Who reached the South Pole?',
  ' WITH d AS (SELECT * FROM docs ORDER BY id) SELECT title, 0, body FROM d WHERE id > 1', 1, 2);
.check Pole|Roald Amundsen

.testcase its rank counts as BM25 does, of any size
SELECT key FROM distilbert_ask('Who reached the South Pole?', 'SELECT id, -1000 * (id = 1), body FROM docs', 1);
SELECT key FROM distilbert_ask('Who reached the South Pole?', 'SELECT id, -9e999 * (id = 1), body FROM docs WHERE id IN (1, 3)', 1);
SELECT count(*), sum(score) > 0 FROM distilbert_ask('Who reached the South Pole?', 'SELECT id, 9e999, body FROM docs');
SELECT count(*) FROM distilbert_ask('Who reached the South Pole?', 'SELECT id, NULL, body FROM docs');
.check <<END
1
1
5|1
5
END

.testcase no rows, no text
SELECT * FROM distilbert_ask('Who?', 'SELECT id, 0, body FROM docs WHERE id = ?1');
SELECT key FROM distilbert_ask('Who was on the Moon?', 'SELECT 7, 0, NULL UNION ALL SELECT id, 0, body FROM docs', 1);
.check 1

.fault off
.testcase a table may be called what a query begins with
CREATE VIRTUAL TABLE temp.selected USING fts5(body);
INSERT INTO selected SELECT body FROM docs;
SELECT answer FROM distilbert_ask('Who reached the South Pole?', 'selected', 1);
.check Roald Amundsen

.testcase a query with other columns
SELECT * FROM distilbert_ask('Who?', 'SELECT id, body FROM docs');
.error distilbert_ask: query has 2 columns, wanted are 3: a key, a rank and a text
.testcase a query with other parameters
SELECT * FROM distilbert_ask('Who?', 'SELECT id, ?2, body FROM docs');
.error distilbert_ask: query has 2 parameters, there is ?1, the question
.testcase a query that writes
SELECT * FROM distilbert_ask('Who?', 'WITH x AS (SELECT 1) DELETE FROM docs');
.error distilbert_ask: query writes, a SELECT is wanted
.testcase a query of nothing
SELECT * FROM distilbert_ask('Who?', 'SELECT id, 0, body FROM nobody');
.error distilbert_ask: query: no such table: nobody
.testcase a query that fails on its way
SELECT * FROM distilbert_ask('Who?', 'SELECT id, abs(-9223372036854775807 - 1), body FROM docs');
.error distilbert_ask: query: integer overflow

.testcase no FTS5 table
SELECT * FROM distilbert_ask('Who?', 'docs');
.error distilbert_ask: docs is no FTS5 table
.testcase no table
SELECT * FROM distilbert_ask('Who?', 'nobody');
.error distilbert_ask: no table nobody
.testcase no such column
SELECT * FROM distilbert_ask('Who was on the Moon?', 'own') WHERE "column" = 'x';
.error distilbert_ask: fts_table has no column x
.testcase a source without a key
SELECT * FROM distilbert_ask('Who was on the Moon?', 'empty') WHERE source = 'SELECT 1';
.error distilbert_ask: source has no parameter ?1 for the key
.testcase a source that writes
SELECT * FROM distilbert_ask('Who was on the Moon?', 'empty') WHERE source = 'DELETE FROM docs';
.error distilbert_ask: source writes, a SELECT is wanted
.testcase limits
SELECT * FROM distilbert_ask('Who?', 'own', 0);
.error distilbert_ask: top_k*
.testcase a model without the head
SELECT * FROM distilbert_ask('Who?', 'own') WHERE model = 'all-minilm-l6-v2';
.error distilbert_ask: model all-minilm-l6-v2 has no *

.open safe
.testcase the safe entry has none
SELECT * FROM distilbert_ask('Who?', 'own');
.error no such table: distilbert_ask
