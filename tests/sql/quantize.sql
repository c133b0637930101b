-- distilbert_quantize(model, path [, overwrite]): a checkpoint as one file of
-- bytes. Run from the repository's root; files go to build/, where those of the
-- last run may be.

.testcase a folder becomes a file
INSERT INTO distilbert_models(name, path) VALUES
  ('q', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT distilbert_quantize('q', 'build/quantized.safetensors', 1) > 100000;
DELETE FROM distilbert_models WHERE name = 'q';
.check 1

.testcase what it gives is what int8 at loading gives
INSERT INTO distilbert_models(name, path, precision) VALUES
  ('q-file', 'build/quantized.safetensors', NULL),
  ('q-load', 'tests/oracle/data/checkpoints/distilbert-uncased-qa', 'int8');
SELECT count(*), count(DISTINCT a.score || a.answer) FROM
  (SELECT 'q-file' AS m UNION ALL SELECT 'q-load') AS t,
  distilbert_answers('who wrote it?', 'it was written by ann lee, they say')
    AS a WHERE a.model = t.m AND a.top_k = 1;
SELECT group_concat(DISTINCT precision) FROM distilbert_models
 WHERE name LIKE 'q-%';
DELETE FROM distilbert_models WHERE name LIKE 'q-%';
.check <<END
2|1
int8
END

.testcase several files, as one
INSERT INTO distilbert_models(name, path) VALUES
  ('q', 'tests/oracle/data/checkpoints/distilbert-uncased-sharded');
SELECT distilbert_quantize('q', 'build/quantized.safetensors', 1) > 100000;
DELETE FROM distilbert_models WHERE name = 'q';
.check 1

.testcase a built-in model, which is bytes already
SELECT distilbert_quantize('distilbert-minilm-qa',
                           'build/quantized.safetensors', 1);
.check 23731672

.testcase it answers as the one it came from
INSERT INTO distilbert_models(name, path)
  VALUES ('q', 'build/quantized.safetensors');
SELECT a.answer, a.score = b.score FROM
  distilbert_answers('Who did it?', 'It was done by Ann Lee.', 1, 'q') AS a,
  distilbert_answers('Who did it?', 'It was done by Ann Lee.') AS b;
DELETE FROM distilbert_models WHERE name = 'q';
.check Ann Lee|1

.testcase what is there stays
SELECT distilbert_quantize('distilbert-minilm-qa',
                           'build/quantized.safetensors');
.error distilbert_quantize: quantized.safetensors: exists already*

.testcase unless it is said, and then only safetensors
SELECT distilbert_quantize('distilbert-minilm-qa', 'README.md', 1);
.error distilbert_quantize: overwrite replaces a safetensors file: README.md: *

.testcase and without
SELECT distilbert_quantize('distilbert-minilm-qa', 'README.md', 0);
.error distilbert_quantize: README.md: exists already*

.testcase a device
SELECT distilbert_quantize('distilbert-minilm-qa', '/dev/null', 1);
.error distilbert_quantize: null: is no regular file

.testcase overwrite is 0 or 1
SELECT distilbert_quantize('distilbert-minilm-qa', 'build/none', 2);
.error distilbert_quantize: overwrite must be a whole number from 0 to 1

.testcase NULL
SELECT distilbert_quantize(NULL, 'build/none'), distilbert_quantize('q', NULL),
       distilbert_quantize('q', 'build/none', NULL);
.check NULL|NULL|NULL

.testcase no such model
SELECT distilbert_quantize('nobody', 'build/none.safetensors');
.error distilbert_quantize: no model named nobody*

.testcase a path is not a name
SELECT distilbert_quantize('/etc/passwd', 'build/none.safetensors');
.error distilbert_quantize: model /etc/passwd: *

.testcase no such folder
SELECT distilbert_quantize('distilbert-minilm-qa', 'no/such/folder/x');
.error distilbert_quantize: x: no such file*

.testcase a folder in the way
SELECT distilbert_quantize('distilbert-minilm-qa', 'build');
.error distilbert_quantize: build: is a folder*

.testcase an empty path
SELECT distilbert_quantize('distilbert-minilm-qa', '');
.error distilbert_quantize: a path has 1 to *

.testcase a pin that does not fit
SELECT distilbert_quantize('distilbert-minilm-qa@0000000000000000',
                           'build/none.safetensors');
.error distilbert_quantize: model distilbert-minilm-qa has fingerprint *

.testcase not in a view
CREATE VIEW v AS SELECT distilbert_quantize('a', 'b');
SELECT * FROM v;
.error unsafe use of distilbert_quantize()

.testcase arity
SELECT distilbert_quantize('a');
.error wrong number of arguments to function distilbert_quantize()

.testcase safe entry
.open safe
SELECT distilbert_quantize('distilbert-minilm-qa', 'build/none');
.error no such function: distilbert_quantize
