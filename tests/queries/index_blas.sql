-- Indexes under another engine (index.sql has the other settings): the models
-- that are built in compute as before, a pinned one of floats is an error.

.require distilbert_set('engine', 'blas') = 'blas' AND length(distilbert_embed('a')) > 0

SELECT distilbert_set('engine', NULL);
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
CREATE TABLE docs(id INTEGER PRIMARY KEY, q TEXT DEFAULT 'Who?', body TEXT,
  e BLOB AS (distilbert_embed(body, 'all-minilm-l6-v2')) VIRTUAL);
CREATE INDEX by_answer ON docs(distilbert_answer(q, body, 'distilbert-minilm-qa'));
CREATE INDEX by_e ON docs(e);
INSERT INTO docs(body) VALUES ('Ada wrote it.'), ('Bob read it.'), (NULL);
CREATE TABLE pinned(t TEXT, f TEXT AS (distilbert_fill(t, 'mlm@fc770fc30254839e')) STORED);
CREATE INDEX by_fill ON pinned(distilbert_embed(t, 'mlm@fc770fc30254839e'));
INSERT INTO pinned(t) VALUES ('I [MASK] you!');

.testcase before
PRAGMA integrity_check;
.check ok

.testcase engine blas leaves built-in models alone
.inferences 11
SELECT distilbert_set('engine', 'blas');
DROP INDEX by_fill;
PRAGMA integrity_check;
DELETE FROM docs WHERE id = 2;
INSERT INTO docs(body) VALUES ('Cleo sold it.');
SELECT id FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Cleo';
SELECT distilbert_set('engine', NULL);
CREATE INDEX by_fill ON pinned(distilbert_embed(t, 'mlm@fc770fc30254839e'));
PRAGMA integrity_check;
.check <<END
blas
ok
4
native
ok
END

.testcase pinned weights of floats, a new row
SELECT distilbert_set('engine', 'blas');
INSERT INTO pinned(t) VALUES ('We [MASK] it.');
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase integrity_check
PRAGMA integrity_check;
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase a row less
DELETE FROM pinned WHERE t LIKE 'I%';
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase what is stored can be read
.inferences 0
SELECT f FROM pinned;
.check i resulted you!

.testcase the first engine again
.inferences 5
SELECT distilbert_set('engine', NULL);
PRAGMA integrity_check;
DELETE FROM pinned WHERE t LIKE 'I%';
PRAGMA integrity_check;
SELECT distilbert_forget('mlm');
.check <<END
native
ok
ok
mlm
END
