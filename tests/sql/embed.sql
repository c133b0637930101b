-- distilbert_embed(text [, model]), distilbert_cosine(a, b),
-- distilbert_vector_json(v)

.testcase shape: 384 float32, the subtype that sqlite-vec asks for, length 1
SELECT typeof(e), length(e), round(distilbert_cosine(e, e), 15)
  FROM (SELECT distilbert_embed('A cat sits on the mat.') AS e);
SELECT subtype(distilbert_embed('A cat.'));
SELECT abs(sum(value * value) - 1) < 1e-6, count(*)
  FROM json_each(distilbert_vector_json(distilbert_embed('A cat.')));
.check <<END
blob|1536|1.0
223
1|384
END

.testcase meaning is near meaning
WITH t(id, body) AS (VALUES
  (1, 'The stock market fell sharply today.'),
  (2, 'A kitten is asleep on the sofa.'),
  (3, 'Share prices dropped.'),
  (4, 'How do I bake bread?'))
SELECT id FROM t
 ORDER BY distilbert_cosine(distilbert_embed(body),
                            distilbert_embed('Equities lost value.')) DESC
 LIMIT 2;
SELECT distilbert_cosine(distilbert_embed('The cat naps.'),
                         distilbert_embed('A kitten is asleep on the sofa.'))
       > 0.4;
.check <<END
3
1
1
END

.testcase the same text is the same vector, whoever asks
SELECT count(DISTINCT distilbert_embed(value))
  FROM json_each('["one text","one text","one text"]');
SELECT distilbert_embed('one text') =
       distilbert_embed('one text', 'all-minilm-l6-v2'),
       distilbert_embed('one text') = distilbert_embed('one text', NULL),
       distilbert_embed('one text') = distilbert_embed('  one text' || char(10));
.check <<END
1
1|1|1
END

.testcase NULL in, NULL out
SELECT distilbert_embed(NULL), distilbert_embed(NULL, 'no such model'),
       distilbert_cosine(NULL, x'00'), distilbert_cosine('[1]', NULL),
       distilbert_vector_json(NULL);
.check NULL|NULL|NULL|NULL|NULL

.testcase an empty text has a vector, any type is read as text
SELECT length(distilbert_embed('')), length(distilbert_embed(x'')),
       length(distilbert_embed(' ')),
       distilbert_embed(42) = distilbert_embed('42'),
       distilbert_embed(x'636174') = distilbert_embed('cat'),
       distilbert_embed('') = distilbert_embed(char(10, 32));
.check 1536|1536|1536|1|1|1

.testcase ill-formed UTF-8
SELECT length(distilbert_embed(CAST(x'ff41c3' AS TEXT)));
.check 1536

.testcase a model without that name
SELECT distilbert_embed('a', 'nobody');
.error distilbert_embed: no model named nobody*

.testcase a model that answers can embed, too
SELECT length(distilbert_embed('a', 'distilbert-minilm-qa'));
.check 1536

-- distilbert_cosine ------------------------------------------------------------

.testcase cosine of JSON
SELECT distilbert_cosine('[1, 0]', '[1, 0]'),
       distilbert_cosine('[1, 0]', '[0, 2]'),
       distilbert_cosine('[1, 0]', '[-3, 0]'),
       distilbert_cosine('[3, 4]', '[4, 3]'),
       distilbert_cosine('[0, 0]', '[1, 2]');
.check 1.0|0.0|-1.0|0.96|0.0

.testcase a vector is like itself, to the last bit
SELECT count(*) FROM json_each('["a","bee","see","dee","e","eff","gee"]')
 WHERE distilbert_cosine(distilbert_embed(value), distilbert_embed(value)) <> 1;
.check 0

.testcase BLOB and JSON, in either order
SELECT distilbert_cosine(x'0000803f00000040', '[1, 2]'),
       distilbert_cosine('[-1, -2]', x'0000803f00000040'),
       distilbert_cosine(x'0000803f00000040', x'000000400000803f');
.check 1.0|-1.0|0.8

.testcase very large and very small numbers
SELECT distilbert_cosine('[3e38, 3e38]', '[3e38, 3e38]'),
       distilbert_cosine('[1e-45]', '[-1e-45]'),
       distilbert_cosine('[3e38]', '[1e-45]');
.check 1.0|-1.0|1.0

.testcase rounding does not lead above 1
SELECT distilbert_cosine('[0.1, 0.7, 0.7]', '[0.7, 4.9, 4.9]') = 1,
       distilbert_cosine('[0.1, 0.7, 0.7]', '[-0.7, -4.9, -4.9]') = -1;
.check 1|1

.testcase different lengths
SELECT distilbert_cosine('[1, 2]', '[1, 2, 3]');
.error distilbert_cosine: vectors of 2 and of 3 numbers: *

.testcase no multiple of four
SELECT distilbert_cosine(x'0000803f', x'0000803f00');
.error distilbert_cosine: second vector has 5 bytes, no multiple of 4

.testcase nothing
SELECT distilbert_cosine(x'', '[1]');
.error distilbert_cosine: first vector has 0 numbers, a vector 1 to 65536

.testcase an empty array
SELECT distilbert_cosine('[1]', '[]');
.error distilbert_cosine: second vector has 0 numbers, a vector 1 to 65536

.testcase a text is no vector
SELECT distilbert_cosine('hello', 'world');
.error distilbert_cosine: first vector is a text: a text is no vector: distilbert_embed() it

.testcase the second one neither
SELECT distilbert_cosine('[1]', 'world');
.error distilbert_cosine: second vector is a text: a text is no vector: *

.testcase nor as JSON
SELECT distilbert_vector_json('cat');
.error distilbert_vector_json: vector is a text: a text is no vector: *

.testcase an empty text
SELECT distilbert_cosine('', '[1]');
.error distilbert_cosine: first vector is a text: a text is no vector: *

.testcase blanks before an array
SELECT distilbert_cosine(char(32, 10, 9, 13) || '[1]', '[1]');
.check 1.0

.testcase JSON that is none
SELECT distilbert_cosine('[1,', '[1]');
.error distilbert_cosine: first vector, line 1: a value is missing at the end

-- Vectors of sqlite-vec, which have subtypes: 223 float32, 224 bit, 225 int8 ----

.testcase int8 is read as int8
SELECT distilbert_cosine(typed(x'0304', 225), typed(x'0403', 225)),
       distilbert_cosine(typed(x'03fc', 225), '[3, -4]'),
       distilbert_cosine('[-1, -2]', typed(x'0102', 225)),
       distilbert_cosine(typed(x'80', 225), typed(x'7f', 225)),
       distilbert_vector_json(typed(x'807f00ff', 225));
.check 0.96|1.0|-1.0|-1.0|[-128,127,0,-1]

.testcase four of them are no float
SELECT distilbert_cosine(typed(x'0000803f', 225), typed(x'0000003f', 225)) < 0.6,
       distilbert_cosine(typed(x'0000803f', 223), typed(x'0000003f', 223));
.check 1|1.0

.testcase int8 and float32 of different lengths
SELECT distilbert_cosine(typed(x'01020304', 225), x'0000803f');
.error distilbert_cosine: vectors of 4 and of 1 numbers: *

.testcase no int8 at all
SELECT distilbert_cosine(typed(x'', 225), '[1]');
.error distilbert_cosine: first vector has 0 numbers, a vector 1 to 65536

.testcase bits
SELECT distilbert_cosine('[1]', typed(x'0000803f', 224));
.error distilbert_cosine: second vector is of bits, which have no cosine: *

.testcase bits as JSON
SELECT distilbert_vector_json(typed(x'0000803f', 224));
.error distilbert_vector_json: vector is of bits, *

.testcase JSON, but no array
SELECT distilbert_cosine('{"a": 1}', '[1]');
.error distilbert_cosine: first vector is no JSON array of numbers

.testcase an array of something else
SELECT distilbert_cosine('[1, "2"]', '[1, 2]');
.error distilbert_cosine: first vector is no JSON array of numbers

.testcase an array of arrays
SELECT distilbert_cosine('[[1, 2]]', '[1, 2]');
.error distilbert_cosine: first vector is no JSON array of numbers

.testcase an array with null
SELECT distilbert_cosine('[1, null]', '[1, 2]');
.error distilbert_cosine: first vector is no JSON array of numbers

.testcase a number
SELECT distilbert_cosine(1, '[1]');
.error distilbert_cosine: first vector is neither a BLOB of float32 nor a JSON array

.testcase not finite
SELECT distilbert_cosine(x'0000803f0000c07f', '[1, 2]');
.error distilbert_cosine: number 2 of first vector is no finite float32

.testcase infinite
SELECT distilbert_cosine('[1, 2]', x'0000807f00000000');
.error distilbert_cosine: number 1 of second vector is no finite float32

.testcase too large for float32
SELECT distilbert_cosine('[1e39]', '[1]');
.error distilbert_cosine: number 1 of first vector is no finite float32

.testcase the most numbers, and one more
SELECT distilbert_cosine(zeroblob(4 * 65536), zeroblob(4 * 65536));
.check 0.0

.testcase one more
SELECT distilbert_cosine(zeroblob(4 * 65537), '[1]');
.error distilbert_cosine: first vector has 65537 numbers, a vector 1 to 65536

.testcase a long JSON is not read at all
SELECT distilbert_vector_json('[' || replace(hex(zeroblob(1100000)), '00', '1.0,')
                              || '1]');
.error distilbert_vector_json: vector: * bytes, the limit is 4194304

-- distilbert_vector_json -------------------------------------------------------

.testcase the fewest digits that read back
SELECT distilbert_vector_json('[1, -0.5, 0.1, 16777216, 1e-5, 3.4028234663852886e38, 1e-45, 0.30000001192092896, 123456.789]');
.check [1,-0.5,0.1,16777216,1e-05,3.4028235e+38,1e-45,0.3,123456.79]

.testcase of a BLOB
SELECT distilbert_vector_json(x'0000803f00000080cdcccc3d');
.check [1,-0,0.1]

.testcase what is read back is the same vector
SELECT distilbert_vector_json(distilbert_vector_json(e)) =
       distilbert_vector_json(e)
  FROM (SELECT distilbert_embed('A cat sits on the mat.') AS e);
.check 1

-- SQLite's own json_valid() answers 0 when memory runs out.
.fault off
.testcase it is JSON
SELECT json_valid(distilbert_vector_json(distilbert_embed('A cat sits.')));
.check 1
.fault on

.testcase JSON functions take it for JSON
SELECT json_object('v', distilbert_vector_json('[1, 2]')),
       subtype(distilbert_vector_json('[1]'));
.check {"v":[1,2]}|74

.testcase a damaged BLOB
SELECT distilbert_vector_json(x'000080');
.error distilbert_vector_json: vector has 3 bytes, no multiple of 4

-- Options of a registration ----------------------------------------------------

.fault off

.testcase how tokens become a vector
INSERT INTO distilbert_models(name, path, options) VALUES
  ('mean', 'tests/oracle/data/checkpoints/distilbert-uncased-base', NULL),
  ('raw', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"normalize": false}'),
  ('two', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"pooling": ["cls", "max"], "normalize": false}');
SELECT length(distilbert_embed('a cat', 'mean')),
       length(distilbert_embed('a cat', 'raw')),
       length(distilbert_embed('a cat', 'two')),
       distilbert_embed('a cat', 'mean') = distilbert_embed('a cat', 'raw'),
       round(distilbert_cosine(distilbert_embed('a cat', 'mean'),
                               distilbert_embed('a cat', 'raw')), 6);
.check 128|128|256|0|1.0

.testcase a prompt goes in front
INSERT INTO distilbert_models(name, path, options) VALUES
  ('prompted', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"prompt": "query: "}');
SELECT distilbert_embed('a cat', 'prompted') =
       distilbert_embed('query: a cat', 'mean');
.check 1

.testcase vectors of different models are not compared
SELECT distilbert_cosine(distilbert_embed('a cat', 'mean'),
                         distilbert_embed('a cat'));
.error distilbert_cosine: vectors of 32 and of 384 numbers: *

-- Texts longer than the model takes --------------------------------------------

.testcase truncate: the start alone
INSERT INTO distilbert_models(name, path, options) VALUES
  ('short', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
   '{"max_tokens": 8, "normalize": false}');
SELECT distilbert_embed('a b c d e f g h', 'short') =
       distilbert_embed('a b c d e f', 'short'),
       distilbert_embed('a b c d e f', 'short') =
       distilbert_embed('a b c d e', 'short');
.check 1|0

.testcase error
UPDATE distilbert_config SET value = 'error' WHERE key = 'overflow';
UPDATE distilbert_config SET value = 'short' WHERE key = 'embed_model';
SELECT length(distilbert_embed('a b c d e f'));
SELECT distilbert_embed('a b c d e f g h');
.error distilbert_embed: text has 10 tokens, the model's limit is 8 (overflow = error)

.testcase what a registration says wins, and is the same for named calls
SELECT distilbert_register('strict',
  'tests/oracle/data/checkpoints/distilbert-uncased-base', NULL,
  '{"max_tokens": 8, "normalize": false, "overflow": "error"}');
SELECT distilbert_embed('a b c d e f g h', 'strict');
.error distilbert_embed: text has 10 tokens, the model's limit is 8 (overflow = error)

.testcase of calls that name none as well
SELECT distilbert_set('overflow', 'truncate'), distilbert_set('embed_model', 'strict');
SELECT distilbert_embed('a b c d e f g h');
.error distilbert_embed: text has 10 tokens, *

.testcase a setting is nothing to a call that names its model
SELECT distilbert_set('overflow', 'error'), distilbert_set('embed_model', 'short'),
       distilbert_forget('strict');
SELECT distilbert_embed('a b c d e f g h', 'short') =
       distilbert_embed('a b c d e f', 'short');
.check <<END
error|short|strict
1
END

.testcase window: the mean over windows, by their tokens
UPDATE distilbert_config SET value = 'window' WHERE key = 'overflow';
WITH w(whole, one, two) AS (SELECT
  distilbert_vector_json(distilbert_embed('a b c d e f g h')),
  distilbert_vector_json(distilbert_embed('a b c d e f', 'short')),
  distilbert_vector_json(distilbert_embed('g h', 'short')))
SELECT count(*),
       max(abs(x.value - (y.value * 6 + z.value * 2) / 8)) < 1e-6
  FROM w, json_each(whole) AS x, json_each(one) AS y, json_each(two) AS z
 WHERE x.key = y.key AND y.key = z.key;
.check 32|1

.testcase as before
UPDATE distilbert_config SET value = NULL WHERE key = 'overflow';
SELECT length(distilbert_embed('a b c d e f g h', 'short'));
.check 128

.testcase embed_model is asked when no model is named
UPDATE distilbert_config SET value = 'mean' WHERE key = 'embed_model';
SELECT distilbert_embed('a cat') = distilbert_embed('a cat', 'mean');
UPDATE distilbert_config SET value = NULL WHERE key = 'embed_model';
SELECT length(distilbert_embed('a cat'));
.check <<END
1
1536
END

.testcase they go
DELETE FROM distilbert_models WHERE path IS NOT NULL;
SELECT count(*) FROM distilbert_models WHERE path IS NOT NULL;
.check 0

.fault on

-- A sentence model in one file: tests/sql/data/README.md --------------------------

.fault off
.testcase register it
INSERT INTO distilbert_models(name, path) VALUES
  ('letters', 'tests/sql/data/sentence.safetensors');
INSERT INTO distilbert_models(name, path, options) VALUES
  ('cut', 'tests/sql/data/sentence.safetensors',
   '{"prompt": "", "max_tokens": 5}');
CREATE TABLE known(text TEXT, vector TEXT);
INSERT INTO known VALUES
  ('a cat',
   '[-0.24673422, -0.1520856, 0.28974077, 0.05939169, 0.21283917]'),
  ('',
   '[-0.68404955, -0.6359327, 0.6266143, 0.07674405, 0.6331894]'),
  ('A CAT',
   '[-0.24673422, -0.1520856, 0.28974077, 0.05939169, 0.21283917]'),
  ('ΑΣ ΑΣΑ',
   '[-0.20946743, -0.25326326, 0.33755714, -0.022316817, 0.5060394]'),
  ('a b c d e f g h i j k',
   '[0.0054564457, -0.3163067, 0.44006482, 0.09949844, 0.41805488]');
.fault on

.testcase the vectors of sentence-transformers
SELECT k.rowid, max(abs(x.value - y.value)) < 2e-6
  FROM known AS k,
       json_each(distilbert_vector_json(distilbert_embed(text, 'letters'))) AS x,
       json_each(vector) AS y
 WHERE x.key = y.key
 GROUP BY k.rowid;
SELECT distilbert_cosine(vector, distilbert_embed(text, 'letters')) > 0.999999
  FROM known WHERE text = 'A CAT';
.check <<END
1|1
2|1
3|1
4|1
5|1
1
END

.testcase as any function of SQL
SELECT count(DISTINCT distilbert_embed(text, 'letters')) FROM known
 GROUP BY length(distilbert_embed(text, 'letters'));
.check 4

.fault off
.testcase in windows
UPDATE distilbert_config SET value = 'window' WHERE key = 'overflow';
UPDATE distilbert_config SET value = 'letters' WHERE key = 'embed_model';
.fault on

.testcase a window's vector is as long, and another
SELECT length(distilbert_embed('a b c d e f g')),
       distilbert_embed('a b c d e f g h i j') =
       distilbert_embed('a b c d e f g h', 'letters'),
       length(distilbert_embed(replace(hex(zeroblob(300)), '0', 'a b '), 'cut'));
.check 20|0|20

.fault off
.testcase and gone
UPDATE distilbert_config SET value = NULL WHERE key = 'overflow';
UPDATE distilbert_config SET value = NULL WHERE key = 'embed_model';
DELETE FROM distilbert_models WHERE path IS NOT NULL;
SELECT count(*) FROM distilbert_models WHERE path IS NOT NULL;
.check 0
.fault on

-- Where functions may stand ----------------------------------------------------

.testcase generated columns, an index on an expression
CREATE TABLE note(id INTEGER PRIMARY KEY, body TEXT,
                  e BLOB AS (distilbert_embed(body, 'all-minilm-l6-v2')) STORED);
CREATE INDEX note_by_bread ON note(
  distilbert_cosine(e, distilbert_embed('bread', 'all-minilm-l6-v2')));
INSERT INTO note(body) VALUES ('a loaf of bread'), ('a steam engine'), (NULL);
SELECT id, length(e) FROM note
 ORDER BY distilbert_cosine(e, distilbert_embed('bread')) DESC;
.check <<END
1|1536
2|1536
3|NULL
END

.testcase not innocuous
PRAGMA trusted_schema = OFF;
CREATE VIEW v AS SELECT distilbert_embed('a') AS e;
SELECT * FROM v;
.error *unsafe use of distilbert_embed*

.testcase through the entry for SQL that is not trusted
.open safe
SELECT length(distilbert_embed('a')), distilbert_cosine('[1]', '[2]'),
       distilbert_vector_json('[1]');
.check 1536|1.0|[1]

.testcase UTF-16
.open utf16
SELECT length(distilbert_embed('Füße')), distilbert_vector_json('[0.5]'),
       distilbert_cosine('[1,2]', x'0000803f00000040');
.check 1536|[0.5]|1.0

.testcase a vector longer than a value may be
.limit length 1000
SELECT distilbert_embed('a');
.error *too big*
