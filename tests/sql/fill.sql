-- distilbert_fill(text [, model])
-- distilbert_fill_mask(text): score, token, token_str, sequence, mask |
--   text, top_k, targets, model, target
-- Run from the repository's root.

.testcase the built-in model
SELECT distilbert_fill('Paris is the [MASK] of France.');
.check paris is the capital of france.

.float 3

.testcase and for the table
SELECT score, token, token_str, sequence, mask
  FROM distilbert_fill_mask('Paris is the [MASK] of France.', 2);
.check <<END
0.796|3007|capital|paris is the capital of france.|0
0.028|3072|republic|paris is the republic of france.|0
END

.testcase named, with targets
SELECT token_str, score > 0.005 FROM distilbert_fill_mask(
  'Paris is the [MASK] of France.', 5, '["mouse", "city"]',
  'distilbert-minilm-mask');
.check <<END
city|1
mouse|0
END

.float

.testcase a model without the head
SELECT distilbert_fill('It is [MASK].', 'distilbert-minilm-qa');
.error distilbert_fill: model distilbert-minilm-qa has no masked-word head *

.fault off

INSERT INTO distilbert_models(name, path)
  VALUES ('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm'),
         ('bert', 'tests/oracle/data/checkpoints/bert-uncased-mlm');
UPDATE distilbert_config SET value = 'mlm' WHERE key = 'fill_model';

.testcase the models load
SELECT distilbert_fill('It is [MASK].') <> distilbert_fill('It is [MASK].', 'bert');
.check 1

.fault on

.float 4

-- distilbert_fill ------------------------------------------------------------

.testcase the sentence
SELECT distilbert_fill('Hello I''m a [MASK] model.');
SELECT distilbert_fill('Hello I''m a [MASK] model.', 'mlm');
SELECT distilbert_fill('Hello I''m a [MASK] model.', NULL);
.check <<END
hello i'm a method model.
hello i'm a method model.
hello i'm a method model.
END

.fault off

.testcase every mask has its own best token
SELECT distilbert_fill(t) =
       replace(replace('the _ sat on the # near the old river.', '_',
         (SELECT token_str FROM distilbert_fill_mask(t, 1) WHERE mask = 0)), '#',
         (SELECT token_str FROM distilbert_fill_mask(t, 1) WHERE mask = 1))
  FROM (SELECT 'The [MASK] sat on the [MASK] near the old river.' AS t);
.check 1

.fault on

.testcase over a table
CREATE TEMP TABLE t(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO t(body) VALUES ('I [MASK] you!'), (NULL),
  ('[CLS] the [MASK] [SEP] and [PAD] end');
SELECT id, distilbert_fill(body) FROM t;
DROP TABLE t;
.check <<END
1|i resulted you!
2|NULL
3|the γ and end
END

.testcase in an index only with its fingerprint
CREATE TABLE s(body TEXT);
CREATE INDEX filled ON s(distilbert_fill(body, 'mlm'));
INSERT INTO s VALUES ('I [MASK] you!');
.error distilbert_fill: model mlm: the index or table filled is made with it, but without its fingerprint: *

.testcase and out again
DROP TABLE s;
SELECT distilbert_fill('I [MASK] you!', 'mlm');
.check i resulted you!

.testcase no mask
SELECT distilbert_fill('Hello');
.error distilbert_fill: no mask token ([[]MASK]) in the text

.testcase no text
SELECT distilbert_fill('');
.error distilbert_fill: no mask token ([[]MASK]) in the text

.testcase any type is text
SELECT distilbert_fill(12.5);
.error distilbert_fill: no mask token ([[]MASK]) in the text

.testcase a blob is text
SELECT distilbert_fill(CAST('I [MASK] you!' AS BLOB));
.check i resulted you!

.testcase too long
SELECT distilbert_fill('[MASK]' || replace(printf('%.200c', 'x'), 'x', ' the'));
.error distilbert_fill: text has 203 tokens, the model takes at most 128

.testcase as long as can be
SELECT length(distilbert_fill('[MASK]' ||
  replace(printf('%.125c', 'x'), 'x', ' the'))) > 500;
.check 1

.fault off

.testcase nothing but masks
SELECT count(*), count(DISTINCT mask), max(mask)
  FROM distilbert_fill_mask(replace(printf('%.126c', 'x'), 'x', '[MASK]'), 3);
.check 378|126|125

.fault on

.testcase unknown model
SELECT distilbert_fill('I [MASK] you!', 'nobody');
.error distilbert_fill: no model named nobody: *

.testcase too many arguments
SELECT distilbert_fill('I [MASK] you!', 'mlm', 1);
.error wrong number of arguments to function distilbert_fill()

-- distilbert_fill_mask -------------------------------------------------------

.testcase five rows by default
SELECT * FROM distilbert_fill_mask('Hello I''m a [MASK] model.');
.check <<END
0.0512|717|method|hello i'm a method model.|0
0.0488|56|k|hello i'm a k model.|0
0.0394|288|ﬂ|hello i'm a ﬂ model.|0
0.0290|156|л|hello i'm a л model.|0
0.0214|67|v|hello i'm a v model.|0
END

.testcase top_k
SELECT token_str FROM distilbert_fill_mask('Hello I''m a [MASK] model.', 2);
.check <<END
method
k
END

.testcase several masks keep special tokens
SELECT * FROM distilbert_fill_mask(
  'The [MASK] sat on the [MASK] near the old river.', 1);
.check <<END
0.1451|752|resulted|[CLS] the resulted sat on the [MASK] near the old river. [SEP]|0
0.1636|717|method|[CLS] the [MASK] sat on the method near the old river. [SEP]|1
END

.testcase pads go before a sequence is decoded, a chosen one as well
SELECT sequence FROM distilbert_fill_mask('[MASK] the [PAD] [MASK]', 5,
  '["and", "[PAD]"]') ORDER BY mask, token;
.check <<END
[CLS] the [MASK] [SEP]
[CLS] and the [MASK] [SEP]
[CLS] [MASK] the [SEP]
[CLS] [MASK] the and [SEP]
END

.testcase the other model
SELECT token_str FROM distilbert_fill_mask('I [MASK] you!', 1, NULL, 'bert');
.check ##本

.testcase all there is
SELECT count(*), count(DISTINCT token), max(token), abs(sum(score) - 1) < 1e-5
  FROM distilbert_fill_mask('I [MASK] you!', 1416);
.check 1416|1416|1415|1

.testcase in order
SELECT count(*) FROM (
  SELECT score, lag(score) OVER (ORDER BY rowid) AS before
    FROM distilbert_fill_mask('I [MASK] you!', 1416)) WHERE score > before;
.check 0

.testcase fewer are the first of more
SELECT count(*) FROM (
  SELECT row_number() OVER (ORDER BY rowid), token
    FROM distilbert_fill_mask('I [MASK] you!', 100)
  EXCEPT
  SELECT row_number() OVER (ORDER BY rowid), token
    FROM distilbert_fill_mask('I [MASK] you!', 1416));
.check 0

.testcase texts of a table
WITH t(body) AS (VALUES ('I [MASK] you!'), (NULL), ('[MASK] [MASK]'))
SELECT body, mask, token_str FROM t, distilbert_fill_mask(body, 1);
.check <<END
I [MASK] you!|0|resulted
[MASK] [MASK]|0|##শ
[MASK] [MASK]|1|louis
END

.fault off

.testcase many texts at once, each as if it were alone
UPDATE distilbert_config SET value = 0 WHERE key = 'cache_entries';
CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (
    SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 150)
  SELECT 'The [MASK] was ' || i || ' [MASK].' AS t FROM n;
CREATE TEMP TABLE filled AS SELECT f.text, mask, token, score, sequence
  FROM distilbert_fill_mask AS f WHERE top_k = 2 AND text IN (SELECT t FROM n);
SELECT count(*), count(DISTINCT text), sum(mask), count(DISTINCT token) > 2
  FROM filled;
SELECT count(*) FROM (SELECT t, mask, token, score, sequence
  FROM n, distilbert_fill_mask(t, 2) EXCEPT SELECT * FROM filled);
.check <<END
600|150|300|1
0
END

.testcase the same from the cache
UPDATE distilbert_config SET value = 500 WHERE key = 'cache_entries';
CREATE TEMP TABLE asked AS SELECT count(*) FROM n, distilbert_fill_mask(t, 2);
SELECT count(*) FROM (SELECT f.text, mask, token, score, sequence
  FROM distilbert_fill_mask AS f WHERE top_k = 2 AND text IN (SELECT t FROM n)
  EXCEPT SELECT * FROM filled);
SELECT distilbert_debug() GLOB '*cache: 150 results, 9600 bytes, 15? hits,*';
DROP TABLE n;
DROP TABLE filled;
DROP TABLE asked;
UPDATE distilbert_config SET value = NULL WHERE key = 'cache_entries';
.check <<END
0
1
END

.fault on

.testcase a batch
SELECT count(DISTINCT text), count(*) FROM distilbert_fill_mask
 WHERE text IN ('I [MASK] you!', '[MASK] [MASK]', NULL) AND top_k = 2;
.check 2|6

.testcase an empty list
SELECT count(*) FROM distilbert_fill_mask
 WHERE text IN (SELECT name FROM sqlite_master WHERE 0);
.check 0

.testcase one bad text in a list
SELECT count(*) FROM distilbert_fill_mask
 WHERE text IN ('I [MASK] you!', 'I you!');
.error distilbert_fill_mask: no mask token ([[]MASK]) in the text

.testcase hidden columns
SELECT text, top_k, targets, model, target
  FROM distilbert_fill_mask('I [MASK] you!', 1);
.check I [MASK] you!|1|NULL|NULL|NULL

.testcase NULL has no rows
SELECT count(*) FROM distilbert_fill_mask(NULL);
.check 0

.testcase NULL options are the defaults
SELECT count(*) FROM distilbert_fill_mask('I [MASK] you!', NULL, NULL, NULL);
.check 5

.testcase LIMIT
SELECT token_str FROM distilbert_fill_mask('I [MASK] you!', 1000) LIMIT 1;
.check resulted

.testcase UTF-16
.open utf16
SELECT distilbert_fill('I [MASK] you!');
.check i resulted you!

.testcase through the safe entry
.open safe
SELECT distilbert_fill('I [MASK] you!'), token_str
  FROM distilbert_fill_mask('I [MASK] you!', 1);
.check i resulted you!|resulted

.open

-- Targets --------------------------------------------------------------------

.testcase targets
SELECT *, target FROM distilbert_fill_mask('Paris is the [MASK] of France.', 2,
  '["capital", "city", "the", "of"]');
.check <<END
0.0003|582|capital|paris is the capital of france.|0|capital
0.0001|291|of|paris is the of of france.|0|of
END

.testcase which target a row stands for
SELECT target, token, token_str
  FROM distilbert_fill_mask('Hello I''m a [MASK] model.')
 WHERE targets = '["role", "zzzqqq", "Paris", " Paris", " the"]';
.check <<END
zzzqqq|71|z
Paris|61|p
 the|290|the
role|507|role
END

.testcase and choosing by it
SELECT token_str FROM distilbert_fill_mask('Hello I''m a [MASK] model.')
 WHERE targets = '["role", "zzzqqq", "Paris"]' AND target = 'Paris';
.check p

.testcase one target
SELECT token_str, target FROM distilbert_fill_mask(
  'The man worked as a [MASK].', 5, 'the');
.check the|the

.testcase the same twice
SELECT token_str, target FROM distilbert_fill_mask('I [MASK] you!', 5,
  '["the", "the", "THE", "and"]');
.check <<END
and|and
the|the
END

.fault off

.testcase scores are those among all tokens
SELECT count(*), sum(a.score IS b.score) FROM
  distilbert_fill_mask('I [MASK] you!', 1416) AS a JOIN
  distilbert_fill_mask('I [MASK] you!', 5, '["the", "and", "##s"]') AS b
  USING (token);
.check 3|3

.fault on

.testcase targets of every mask
SELECT mask, token_str FROM distilbert_fill_mask(
  'The [MASK] sat on the [MASK] near the old river.', 5,
  '["dog", "man", "house"]');
.check <<END
0|dog
0|man
0|h
1|h
1|dog
1|man
END

.testcase top_k is cut to the number of targets
SELECT count(*) FROM distilbert_fill_mask('I [MASK] you!', 1000000,
  '["the", "and"]');
.check 2

.testcase a target that is nothing
SELECT token_str FROM distilbert_fill_mask('Paris is the [MASK] of France.', 5,
  '["", "of"]');
.check of

.testcase no target is left
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, '["", " "]');
.error distilbert_fill_mask: at least one target must be provided

.testcase no target
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, '[]');
.error distilbert_fill_mask: at least one target must be provided

.testcase empty
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, '');
.error distilbert_fill_mask: at least one target must be provided

.testcase no strings
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, '["the", 1]');
.error distilbert_fill_mask: targets must be a JSON array of strings

.testcase no JSON
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, '["the",');
.error distilbert_fill_mask: targets, line 1: *

.testcase NUL
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, CAST(x'610062' AS TEXT));
.error distilbert_fill_mask: targets: a NUL character in it

.testcase bytes that are no UTF-8
SELECT token_str FROM distilbert_fill_mask('I [MASK] you!', 5,
  CAST(x'746865ff' AS TEXT));
.check the

.testcase and nothing else
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 5, CAST(x'80ff' AS TEXT));
.error distilbert_fill_mask: at least one target must be provided

-- Limits ---------------------------------------------------------------------

.testcase top_k beyond the vocabulary
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 1417);
.error distilbert_fill_mask: top_k 1417 exceeds the vocabulary's 1416 tokens

.testcase top_k 0
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 0);
.error distilbert_fill_mask: top_k must be a whole number from 1 to 1000000

.testcase top_k negative
SELECT * FROM distilbert_fill_mask('I [MASK] you!', -1);
.error distilbert_fill_mask: top_k must be a whole number from 1 to 1000000

.testcase top_k 2^63-1
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 9223372036854775807);
.error distilbert_fill_mask: top_k must be a whole number from 1 to 1000000

.testcase top_k not whole
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 1.5);
.error distilbert_fill_mask: top_k must be a whole number from 1 to 1000000

.testcase top_k no number
SELECT * FROM distilbert_fill_mask('I [MASK] you!', 'abc');
.error distilbert_fill_mask: top_k must be a whole number from 1 to 1000000; a model is argument 4, or WHERE model = ...

.testcase no argument
SELECT * FROM distilbert_fill_mask;
.error distilbert_fill_mask: needs the argument text: *

.testcase too many
SELECT * FROM distilbert_fill_mask(1, 2, 3, 4, 5, 6);
.error too many arguments on distilbert_fill_mask() - max 5

.testcase not writable
DELETE FROM distilbert_fill_mask;
.error table distilbert_fill_mask may not be modified

.fault off

.testcase ten megabytes of masks
SELECT count(*) FROM distilbert_fill_mask(
  replace(hex(zeroblob(900000)), '0', '[MASK]'));
.error distilbert_fill_mask: text has 1800002 tokens, the model takes at most 128

DELETE FROM distilbert_models WHERE name IN ('mlm', 'bert');
UPDATE distilbert_config SET value = NULL WHERE key = 'fill_model';
