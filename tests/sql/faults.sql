-- Loading from disk within one step, so that `make oom` and `make io` reach
-- the loader: every file of a checkpoint, every header, every table.
-- A step that failed half-way leaves its model registered; registering the
-- same bytes again is no error.

.testcase a checkpoint in fp32
INSERT INTO distilbert_models(name, path) VALUES
  ('fault', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT length(distilbert_answer('who wrote it?',
  'it was written by ann lee', 'fault')) > 0;
DELETE FROM distilbert_models WHERE name = 'fault';
.check 1

.testcase another family
INSERT INTO distilbert_models(name, path) VALUES
  ('fault', 'tests/oracle/data/checkpoints/bert-uncased-qa');
SELECT count(*) FROM distilbert_answers('who wrote it?',
  'it was written by ann lee') WHERE model = 'fault' AND top_k = 2;
DELETE FROM distilbert_models WHERE name = 'fault';
.check 2

.testcase a sharded checkpoint
INSERT INTO distilbert_models(name, path) VALUES
  ('fault', 'tests/oracle/data/checkpoints/distilbert-uncased-sharded');
SELECT distilbert_token_count('hello', 'fault');
SELECT length(distilbert_fingerprint('fault'));
DELETE FROM distilbert_models WHERE name = 'fault';
.check <<END
6
64
END

.testcase 16 bits
INSERT INTO distilbert_models(name, path) VALUES
  ('fault', 'tests/oracle/data/checkpoints/distilbert-uncased-bf16');
SELECT distilbert_token_count('hello', 'fault');
DELETE FROM distilbert_models WHERE name = 'fault';
.check 6

.testcase no such checkpoint
INSERT INTO distilbert_models(name, path) VALUES ('fault', 'tests/nothing');
.error distilbert_models: *

.testcase a folder without a model
INSERT INTO distilbert_models(name, path) VALUES ('fault', 'tests/unit');
SELECT distilbert_token_count('hello', 'fault');
.error distilbert_*: *
DELETE FROM distilbert_models WHERE name = 'fault';
