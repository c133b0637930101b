-- distilbert_models: name, path, family, tasks, precision, layers, dim,
--   max_tokens, bytes, loaded, fingerprint, options
-- Run from the repository's root: paths are relative to it.

.testcase the built-in models
SELECT name, path, family, tasks, loaded FROM distilbert_models;
.check <<END
all-minilm-l6-v2|NULL|NULL|embed|0
distilbert-minilm-mask|NULL|NULL|embed,fill|0
distilbert-minilm-ner|NULL|NULL|embed,entities|0
distilbert-minilm-qa|NULL|NULL|embed,answer|0
distilbert-minilm-sst2|NULL|NULL|embed,classify|0
END

.testcase after its first use
SELECT distilbert_token_count('Hi');
SELECT family, tasks, precision, layers, dim, max_tokens, bytes > 1000000,
       loaded, options FROM distilbert_models
 WHERE name = 'distilbert-minilm-qa';
.check <<END
3
distilbert|embed,answer|int8|6|384|512|1|1|NULL
END

.testcase its fingerprint
SELECT length(fingerprint), fingerprint = distilbert_fingerprint(name),
       fingerprint NOT GLOB '*[^0-9a-f]*' FROM distilbert_models;
.check <<END
64|1|1
64|1|1
64|1|1
64|1|1
64|1|1
END

.testcase a name that is not there
SELECT count(*) FROM distilbert_models WHERE name = 'nobody';
.check 0

-- INSERT ---------------------------------------------------------------------

.fault off

.testcase a Hugging Face folder
INSERT INTO distilbert_models(name, path)
  VALUES ('tiny', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT name, substr(path, instr(path, 'tests/')), loaded
  FROM distilbert_models ORDER BY name;
.check <<END
all-minilm-l6-v2|NULL|0
distilbert-minilm-mask|NULL|0
distilbert-minilm-ner|NULL|0
distilbert-minilm-qa|NULL|1
distilbert-minilm-sst2|NULL|0
tiny|tests/oracle/data/checkpoints/distilbert-uncased-qa|0
END

.testcase used by name
SELECT answer IS NOT NULL
  FROM distilbert_answers('who is it?', 'it is bob', 1, 'tiny');
SELECT family, tasks, precision, layers, dim, loaded FROM distilbert_models
 WHERE name = 'tiny';
.check <<END
1
distilbert|embed,answer|fp32|2|32|1
END

.testcase an unnamed call means what it meant
SELECT distilbert_answer('Who wrote it?', 'It was written by Bob.');
.check Bob

.testcase the same again is no error
INSERT INTO distilbert_models(name, path)
  VALUES ('tiny', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT count(*) FROM distilbert_models WHERE name = 'tiny';
.check 1

.testcase other weights under a name are
INSERT INTO distilbert_models(name, path)
  VALUES ('tiny', 'tests/oracle/data/checkpoints/bert-uncased-qa');
.error distilbert_models: model tiny exists with other weights; *

.testcase and the name still means the first
SELECT substr(path, instr(path, 'tests/')) FROM distilbert_models
 WHERE name = 'tiny';
.check tests/oracle/data/checkpoints/distilbert-uncased-qa

.testcase another family
INSERT INTO distilbert_models(name, path)
  VALUES ('bert', 'tests/oracle/data/checkpoints/bert-uncased-qa');
SELECT distilbert_token_count('Hi there', 'bert');
SELECT name, family, tasks FROM distilbert_models WHERE name = 'bert';
.check <<END
5
bert|bert|embed,answer
END

.testcase a head that is not there
INSERT INTO distilbert_models(name, path)
  VALUES ('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
SELECT distilbert_answer('Who?', 'Bob', 'mlm');
.error distilbert_answer: model mlm has no question answering head *

.testcase quotes in a name
INSERT INTO distilbert_models(name, path) VALUES ('a''b"c',
  'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT distilbert_token_count('Hi', 'a''b"c') > 0;
DELETE FROM distilbert_models WHERE name = 'a''b"c';
.check 1

.testcase a precision that is the default
INSERT INTO distilbert_models(name, path, precision) VALUES ('p',
  'tests/oracle/data/checkpoints/distilbert-uncased-qa', 'fp32');
DELETE FROM distilbert_models WHERE name = 'p';
.check

.testcase int8 of a file of floats
INSERT INTO distilbert_models(name, path, precision) VALUES ('p8',
  'tests/oracle/data/checkpoints/distilbert-uncased-qa', 'int8');
SELECT distilbert_answer('Who?', 'Bob ate the cake.', 'p8') IS NOT NULL;
SELECT precision, loaded FROM distilbert_models WHERE name = 'p8';
DELETE FROM distilbert_models WHERE name = 'p8';
.check <<END
1
int8|1
END

.testcase fp32 of a file of bytes
INSERT INTO distilbert_models(name, path, precision)
  VALUES ('p32', 'models/all-minilm-l6-v2.safetensors', 'fp32');
SELECT round(distilbert_cosine(distilbert_embed('It is a play.', 'p32'),
                               distilbert_embed('It is a play.', 'all-minilm-l6-v2')), 2);
SELECT precision, loaded FROM distilbert_models WHERE name = 'p32';
DELETE FROM distilbert_models WHERE name = 'p32';
.check <<END
1.0
fp32|1
END

.testcase a built-in model that borrows its word embeddings is written whole
SELECT distilbert_quantize('distilbert-minilm-qa', 'build/whole.safetensors', 1) > 23000000;
INSERT INTO distilbert_models(name, path) VALUES ('whole', 'build/whole.safetensors');
SELECT count(*), count(DISTINCT score), min(answer)
  FROM (VALUES ('whole'), ('distilbert-minilm-qa')) AS m, distilbert_answers('Who wrote Hamlet?',
    'Hamlet is a play. It was written by William Shakespeare around 1600.', 1, m.column1);
DELETE FROM distilbert_models WHERE name = 'whole';
.check <<END
1
2|1|William Shakespeare
END

.testcase from a SELECT
INSERT INTO distilbert_models(name, path)
  SELECT 'm' || value, 'tests/oracle/data/checkpoints/distilbert-uncased-qa'
    FROM (SELECT 1 AS value UNION SELECT 2);
SELECT count(*) FROM distilbert_models WHERE name IN ('m1', 'm2');
DELETE FROM distilbert_models WHERE name LIKE 'm_';
SELECT count(*) FROM distilbert_models WHERE name LIKE 'm_';
.check <<END
2
0
END

-- INSERT refused -------------------------------------------------------------

.testcase no name
INSERT INTO distilbert_models(path) VALUES ('tests');
.error distilbert_models: name must be given

.testcase no path
INSERT INTO distilbert_models(name) VALUES ('x');
.error distilbert_models: path must be given

.testcase empty name
INSERT INTO distilbert_models(name, path) VALUES ('', 'tests');
.error distilbert_models: a model name has 1 to 255 bytes, not 0

.testcase long name
INSERT INTO distilbert_models(name, path)
  VALUES (printf('%.65536c', 'x'), 'tests');
.error distilbert_models: name has 65536 bytes, a name at most 255

.testcase a path as name
INSERT INTO distilbert_models(name, path) VALUES ('/etc', 'tests');
.error distilbert_models: model /etc: a name is no path *

.testcase a fingerprint in the name
INSERT INTO distilbert_models(name, path) VALUES ('a@b', 'tests');
.error distilbert_models: model a@b: a name is no path *

.testcase a NUL in the name
INSERT INTO distilbert_models(name, path) VALUES ('a' || char(0), 'tests');
.error distilbert_models: name holds a NUL character

.testcase a NUL in the path
INSERT INTO distilbert_models(name, path) VALUES ('a', 'tests' || char(0));
.error distilbert_models: path holds a NUL character

.testcase missing path
INSERT INTO distilbert_models(name, path) VALUES ('x', 'tests/missing');
.error distilbert_models: path: no such directory or file, *

.testcase empty path
INSERT INTO distilbert_models(name, path) VALUES ('x', '');
.error distilbert_models: path*

.testcase a path longer than any
INSERT INTO distilbert_models(name, path)
  VALUES ('x', printf('%.10000c', 'x'));
.error distilbert_models: path*

.testcase a device
INSERT INTO distilbert_models(name, path) VALUES ('x', '/dev/zero');
.error distilbert_models: path*

.testcase another precision
INSERT INTO distilbert_models(name, path, precision)
  VALUES ('x', 'tests', 'fp7');
.error distilbert_models: precision is *, not fp7

.testcase options that no checkpoint has are refused when they are given
INSERT INTO distilbert_models(name, path, options) VALUES ('x',
  'tests/oracle/data/checkpoints/distilbert-uncased-base', '{"max_tokens": 3}');
.error distilbert_models: options: max_tokens 3 leaves no room beside 3 special *

.testcase and so are those that this one has not
INSERT INTO distilbert_models(name, path, options) VALUES ('x',
  'tests/oracle/data/checkpoints/distilbert-uncased-base',
  '{"truncate_dim": 64}');
.error distilbert_models: options: truncate_dim 64, the model's vectors have 32

.testcase a limit above the model's
INSERT INTO distilbert_models(name, path, options) VALUES ('x',
  'tests/oracle/data/checkpoints/distilbert-uncased-base',
  '{"max_tokens": 1000}');
.error distilbert_models: options: max_tokens 1000, the model takes *

.testcase a value nobody knows
INSERT INTO distilbert_models(name, path, options) VALUES ('x',
  'tests/oracle/data/checkpoints/distilbert-uncased-base',
  '{"overflow": "cut"}');
.error distilbert_models: options: overflow is truncate, error or window

.testcase options that fit
INSERT INTO distilbert_models(name, path, options) VALUES ('x',
  'tests/oracle/data/checkpoints/distilbert-uncased-base',
  '{"truncate_dim": 8, "strip": false, "overflow": "error"}');
SELECT length(distilbert_embed('A cat.', 'x')),
       distilbert_embed('A cat.', 'x') = distilbert_embed('A cat. ', 'x');
SELECT dim FROM distilbert_models WHERE name = 'x';
DELETE FROM distilbert_models WHERE name = 'x';
.check <<END
32|1
8
END

.testcase a sentence model says the limit that embed keeps
SELECT length(distilbert_embed('A cat.'));
SELECT max_tokens FROM distilbert_models WHERE name = 'all-minilm-l6-v2';
.check <<END
1536
256
END

.testcase columns that describe the checkpoint
INSERT INTO distilbert_models(name, path, dim) VALUES ('x', 'tests', 7);
.error distilbert_models: dim is read from the checkpoint and cannot be set

.testcase and the others
INSERT INTO distilbert_models(name, path, fingerprint)
  VALUES ('x', 'tests', 'f');
.error distilbert_models: fingerprint is read from the checkpoint *

.testcase the built-in model's name
INSERT INTO distilbert_models(name, path) VALUES ('distilbert-minilm-qa',
  'tests/oracle/data/checkpoints/distilbert-uncased-qa');
.error distilbert_models: *

.testcase nothing of it is registered
SELECT count(*) FROM distilbert_models WHERE name IN ('x', 'a', '');
.check 0

-- Refused when first used ----------------------------------------------------

.testcase a folder without config.json
INSERT INTO distilbert_models(name, path) VALUES ('empty', 'tests/sql/data/no-config');
SELECT distilbert_answer('Who?', 'Bob', 'empty');
.error distilbert_answer: model empty: config.json: no such file

.testcase a file that is no checkpoint
INSERT INTO distilbert_models(name, path) VALUES ('file', 'Makefile');
SELECT distilbert_answer('Who?', 'Bob', 'file');
.error distilbert_answer: model file: *

.testcase another kind of model
INSERT INTO distilbert_models(name, path) VALUES ('gpt2', 'tests/sql/data/gpt2');
SELECT distilbert_answer('Who?', 'Bob', 'gpt2');
.error distilbert_answer: model gpt2: config.json: *gpt2*

.testcase only pytorch_model.bin
INSERT INTO distilbert_models(name, path)
  VALUES ('bin', 'tests/sql/data/only-bin');
SELECT distilbert_answer('Who?', 'Bob', 'bin');
.error distilbert_answer: model bin: only pytorch_model.bin found; convert it: *

.testcase a config.json that is cut off
INSERT INTO distilbert_models(name, path)
  VALUES ('cut', 'tests/sql/data/not-json');
SELECT distilbert_answer('Who?', 'Bob', 'cut');
.error distilbert_answer: model cut: config.json*

.testcase no weights
INSERT INTO distilbert_models(name, path)
  VALUES ('light', 'tests/sql/data/no-weights');
SELECT distilbert_token_count('Bob', 'light');
.error distilbert_token_count: model light: model.safetensors: no such file

.testcase its row can be read all the same
SELECT name, substr(path, instr(path, 'tests/')), family, loaded, fingerprint
  FROM distilbert_models WHERE name = 'light';
.check light|tests/sql/data/no-weights|NULL|0|NULL

.testcase the reason why it has no fingerprint
SELECT distilbert_fingerprint('light');
.error distilbert_fingerprint: *model.safetensors: no such file

.testcase a model that failed can be replaced
DELETE FROM distilbert_models WHERE name = 'light';
INSERT INTO distilbert_models(name, path) VALUES ('light',
  'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT distilbert_token_count('Bob', 'light') > 0;
.check 1

-- DELETE, UPDATE -------------------------------------------------------------

.testcase DELETE
DELETE FROM distilbert_models WHERE name = 'tiny';
SELECT count(*) FROM distilbert_models WHERE name = 'tiny';
.check 0

.testcase a deleted model is gone
SELECT distilbert_token_count('Hi', 'tiny');
.error distilbert_token_count: no model named tiny: *

.testcase DELETE of no row is no error
DELETE FROM distilbert_models WHERE name = 'tiny';
.check

.testcase DELETE of the built-in model
DELETE FROM distilbert_models WHERE name = 'distilbert-minilm-qa';
.error distilbert_models: model distilbert-minilm-qa is built in

.testcase UPDATE
UPDATE distilbert_models SET path = 'tests' WHERE name = 'bert';
.error distilbert_models: a model cannot be changed: DELETE it, then INSERT it

.testcase UPDATE of the name
UPDATE distilbert_models SET name = 'b' WHERE name = 'bert';
.error distilbert_models: a model cannot be changed: DELETE it, then INSERT it

.testcase DELETE while it is in use
SELECT count(*) FROM (SELECT token FROM distilbert_tokens('a b', NULL, 'bert'));
BEGIN; DELETE FROM distilbert_models WHERE name = 'bert'; ROLLBACK;
SELECT count(*) FROM distilbert_models WHERE name = 'bert';
.check <<END
4
0
END

.testcase a model set for unnamed calls
UPDATE distilbert_config SET value = 'light' WHERE key = 'answer_model';
SELECT distilbert_token_count('unaffable');
SELECT distilbert_token_count('unaffable', 'light');
UPDATE distilbert_config SET value = NULL WHERE key = 'answer_model';
SELECT distilbert_token_count('unaffable');
.check <<END
8
8
5
END

.testcase a model set for unnamed calls that is not there
UPDATE distilbert_config SET value = 'nobody' WHERE key = 'answer_model';
SELECT distilbert_answer('Who?', 'Bob');
.error distilbert_answer: no model named nobody: *

.testcase the end: nothing registered
UPDATE distilbert_config SET value = NULL WHERE key = 'answer_model';
DELETE FROM distilbert_models WHERE path IS NOT NULL;
SELECT name FROM distilbert_models;
.check <<END
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

-- Where the table itself stands ----------------------------------------------

.testcase in temp, for read-only databases
CREATE VIRTUAL TABLE temp.m USING distilbert_models;
SELECT name FROM m; DROP TABLE m;
.check <<END
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

.testcase not in a database file
CREATE VIRTUAL TABLE m USING distilbert_models;
.error distilbert_models: can only be created in temp

.testcase query_only
PRAGMA query_only = 1;
DELETE FROM distilbert_models WHERE name = 'x';
.error attempt to write a readonly database

.testcase safe entry
.open safe
INSERT INTO distilbert_models(name, path) VALUES ('x', 'tests');
.error table distilbert_models may not be modified

.testcase safe entry shows models
SELECT name FROM distilbert_models;
.check <<END
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

-- distilbert_register, distilbert_forget --------------------------------------

.testcase as INSERT and DELETE
.open
SELECT distilbert_register('reg', 'tests/oracle/data/checkpoints/distilbert-uncased-base'),
       length(distilbert_embed('a', 'reg')) > 0, distilbert_forget('reg');
SELECT count(*) FROM distilbert_models WHERE name = 'reg';
.check <<END
reg|1|reg
0
END

.testcase with precision and options
SELECT distilbert_register('reg', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
                           'int8', '{"max_tokens": 20}');
SELECT precision, options FROM distilbert_models WHERE name = 'reg';
SELECT distilbert_forget('reg');
.check <<END
reg
int8|{"max_tokens": 20}
reg
END

.testcase no path
SELECT distilbert_register('reg', NULL);
.error distilbert_register: path must be given

.testcase no name
SELECT distilbert_register(NULL, 'x');
.error distilbert_register: name must be given

.testcase no such place
SELECT distilbert_register('reg', '/nowhere');
.error distilbert_register: path: *

.testcase forget what is not there
SELECT distilbert_forget('reg');
.error distilbert_forget: no model named reg

.testcase forget what is built in
SELECT distilbert_forget('all-minilm-l6-v2');
.error distilbert_forget: model all-minilm-l6-v2 is built in

.testcase no write lock: beside a writer
.open build/register.db
PRAGMA query_only = ON;
SELECT distilbert_register('reg', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
SELECT distilbert_forget('reg');
.check <<END
reg
reg
END

.testcase DELETE without WHERE leaves what is built in
.open
SELECT distilbert_register('one', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
SELECT distilbert_embed('a') IS NULL;
DELETE FROM distilbert_models;
SELECT name FROM distilbert_models;
.check <<END
one
0
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

.testcase a name has one spelling: a dot
SELECT distilbert_embed('a', './m');
.error distilbert_embed: model ./m: a name has no empty part and none that is a dot

.testcase two slashes
SELECT distilbert_embed('a', 'o//m');
.error distilbert_embed: model o//m: a name has no empty part *

.testcase a slash at the end
SELECT distilbert_embed('a', 'm/');
.error distilbert_embed: model m/: a name has no empty part *

.testcase a dot in the middle
SELECT distilbert_register('o/./m', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
.error distilbert_register: model o/./m: a name has no empty part *

.testcase two names of one place share one copy
SELECT distilbert_register('one', 'tests/oracle/data/checkpoints/distilbert-uncased-base'),
       distilbert_register('two', 'tests/oracle/data/checkpoints/../checkpoints/distilbert-uncased-base');
CREATE TABLE held AS SELECT substr(distilbert_debug(),
  instr(distilbert_debug(), 'weights: ')) AS w, 0 AS n WHERE 0;
SELECT distilbert_embed('a', 'one') = distilbert_embed('a', 'two');
INSERT INTO held SELECT substr(distilbert_debug(),
  instr(distilbert_debug(), 'weights: ')), 2;
SELECT distilbert_forget('one');
SELECT distilbert_embed('b', 'two') IS NULL;
SELECT w = substr(distilbert_debug(), instr(distilbert_debug(), 'weights: '))
  FROM held;
SELECT distilbert_forget('two');
DROP TABLE held;
.check <<END
one|two
1
one
0
1
two
END

.testcase other options are another copy
SELECT distilbert_register('one', 'tests/oracle/data/checkpoints/distilbert-uncased-base'),
       distilbert_register('two', 'tests/oracle/data/checkpoints/distilbert-uncased-base', 'int8');
SELECT distilbert_embed('a', 'one') = distilbert_embed('a', 'two');
DELETE FROM distilbert_models;
.check <<END
one|two
0
END

.testcase a connection of the safe entry sees no path
SELECT distilbert_register('one', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
.check one

.testcase but may use the model
.open safe
SELECT name, path, length(distilbert_embed('a', 'one')) > 0
  FROM distilbert_models WHERE name = 'one';
.check one|NULL|1

.testcase and has no way to change anything
SELECT distilbert_register('two', '/tmp');
.error no such function: distilbert_register

.testcase nor a setting
SELECT distilbert_set('threads', 1);
.error no such function: distilbert_set

.testcase all is gone
.open
DELETE FROM distilbert_models;
SELECT count(*) FROM distilbert_models;
.check 5
