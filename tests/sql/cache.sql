-- cache_entries: results that a connection keeps

.fault off

.testcase results are kept
UPDATE distilbert_config SET value = 512 WHERE key = 'cache_entries';
SELECT distilbert_embed('a text') = distilbert_embed('a ' || 'text');
SELECT distilbert_debug() GLOB '*inferences: 1 texts*';
SELECT distilbert_debug() GLOB '*cache: 1 results, 1536 bytes, 1 hits, 1 misses*';
.check <<END
1
1
1
END

.testcase nothing is kept where nobody wants it
.open
UPDATE distilbert_config SET value = 0 WHERE key = 'cache_entries';
SELECT distilbert_embed('a text') = distilbert_embed('a ' || 'text');
SELECT distilbert_debug() GLOB '*inferences: 2 texts*';
SELECT distilbert_debug() GLOB '*cache: 0 results, 0 bytes, 0 hits, 0 misses*';
.check <<END
1
1
1
END

.testcase a query of a join is embedded once
UPDATE distilbert_config SET value = 3 WHERE key = 'cache_entries';
CREATE TABLE query AS SELECT 'a cat on a sofa' AS q UNION ALL SELECT 'stocks';
CREATE TABLE vector AS SELECT distilbert_embed(value) AS e
  FROM json_each('["one", "two", "three", "four", "five"]');
SELECT count(distinct q), count(distilbert_cosine(distilbert_embed(q), e)) > 9
  FROM query CROSS JOIN vector;
SELECT distilbert_debug() GLOB '*cache: 3 results, * 8 hits,*';
.check <<END
2|1
1
END

.testcase kept results are the same bits
CREATE TABLE kept AS SELECT distilbert_embed(q) AS e,
  distilbert_answer('Where?', q) AS a FROM query;
UPDATE distilbert_config SET value = 0 WHERE key = 'cache_entries';
SELECT count(*) FROM (SELECT distilbert_embed(q), distilbert_answer('Where?', q)
  FROM query EXCEPT SELECT * FROM kept);
SELECT distilbert_debug() GLOB '*cache: 0 results, * 10 hits,*';
.check <<END
0
1
END

.testcase answer and highlight share a span
.open
UPDATE distilbert_config SET value = 3 WHERE key = 'cache_entries';
SELECT distilbert_answer('Who wrote it?', t),
       distilbert_highlight('Who wrote it?', t, '<', '>')
  FROM (SELECT 'It was written by William Shakespeare.' AS t);
SELECT distilbert_debug() GLOB '*cache: 1 results, * 1 hits,*';
.check <<END
William Shakespeare|It was written by <William Shakespeare>.
1
END

.testcase no answer is kept as well
SELECT distilbert_answer('', 'text'), distilbert_answer('', 'te' || 'xt');
SELECT distilbert_debug() GLOB '*cache: 2 results, * 2 hits,*';
.check <<END
NULL|NULL
1
END

.testcase question and context are not one text
SELECT distilbert_answer('Who?', 'It was Ann.'),
       distilbert_answer('Who?I', 't was Ann.') IS NOT NULL;
SELECT distilbert_debug() GLOB '* 2 hits,*';
.check <<END
Ann|1
1
END

.testcase tasks, models and settings are told apart
CREATE TABLE long AS SELECT printf('%.5000c', 'x') || ' '
  || replace(printf('%.900c', '.'), '.', 'word ') AS t;
SELECT count(DISTINCT e) FROM (
  SELECT distilbert_embed(t) AS e FROM long UNION ALL
  SELECT distilbert_embed(t, 'distilbert-minilm-qa') FROM long);
UPDATE distilbert_config SET value = 'window' WHERE key = 'overflow';
CREATE TABLE window AS SELECT distilbert_embed(t) AS e FROM long;
UPDATE distilbert_config SET value = NULL WHERE key = 'overflow';
SELECT distilbert_embed(t) = e FROM long, window;
SELECT distilbert_debug() GLOB '*cache: 3 results, * 3 hits,*';
.check <<END
2
0
1
END

.testcase another checkpoint under the same name
INSERT INTO distilbert_models(name, path) VALUES
  ('m', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
CREATE TABLE first AS SELECT distilbert_embed('one text', 'm') AS e;
DELETE FROM distilbert_models WHERE name = 'm';
INSERT INTO distilbert_models(name, path, precision) VALUES
  ('m', 'tests/oracle/data/checkpoints/distilbert-uncased-base', 'int8');
SELECT distilbert_embed('one text', 'm') = e FROM first;
DELETE FROM distilbert_models WHERE name = 'm';
.check 0

.testcase a vector is no sentence
INSERT INTO distilbert_models(name, path) VALUES
  ('m', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
CREATE TABLE vectors AS SELECT distilbert_embed('the [MASK]', 'm') AS e;
SELECT typeof(e), e = CAST(distilbert_fill('the [MASK]', 'm') AS BLOB),
       distilbert_fill('the [MASK]', 'm') GLOB 'the *'
  FROM vectors;
DELETE FROM distilbert_models WHERE name = 'm';
.check blob|0|1

.testcase errors are not kept
UPDATE distilbert_config SET value = 'error' WHERE key = 'overflow';
SELECT distilbert_embed(t) FROM long;
.error distilbert_embed: *

.testcase and after one all is well
SELECT distilbert_embed(t) FROM long;
.error distilbert_embed: *

.testcase long texts are not looked up
UPDATE distilbert_config SET value = NULL WHERE key = 'overflow';
SELECT distilbert_embed(zeroblob(65537)) = distilbert_embed(zeroblob(65537));
SELECT distilbert_debug() GLOB '* 4 hits,*';
.check <<END
1
1
END

.fault on

.testcase keeping needs memory, a result does not need keeping
SELECT length(distilbert_embed('a new text')),
       distilbert_answer('Who sings?', 'Ann sings.');
.check 1536|Ann

.fault off

.testcase one connection's results are not another's
.open
SELECT length(distilbert_embed('one text'));
SELECT distilbert_debug() GLOB '*cache: 1 results, * 0 hits,*';
UPDATE distilbert_config SET value = 512 WHERE key = 'cache_entries';
.check <<END
1536
1
END

.testcase the table knows what the scalar found, and finds what it will ask for
.open
SELECT distilbert_answer('Who sings?', 'Ann sings.'), answer
  FROM distilbert_answers('Who sings?', 'Ann sings.');
SELECT answer FROM distilbert_answers('Who sings?', 'Bob sings.');
SELECT distilbert_answer('Who sings?', 'Bob sings.');
SELECT count(*) FROM distilbert_answers('Who sings?', 'Bob sings.', 2);
SELECT distilbert_debug() GLOB '*inferences: 3 texts*';
.check <<END
Ann|Ann
Bob
Bob
2
1
END
