-- Generated columns, and expression and partial indexes, under every setting:
-- right rows and an index that agrees with its table, or an error.
-- A call that names no model depends on settings, so SQLite refuses it there.
-- The pinned fingerprint is that of the tests' checkpoint as it computes now.

CREATE TABLE docs(id INTEGER PRIMARY KEY, q TEXT DEFAULT 'Who?', body TEXT);

-- Refused --------------------------------------------------------------------

.testcase an index over answers of no model in particular
CREATE INDEX no ON docs(distilbert_answer(q, body));
.error non-deterministic functions prohibited in index expressions

.testcase embeddings
CREATE INDEX no ON docs(distilbert_embed(body));
.error non-deterministic functions prohibited in index expressions

.testcase highlights
CREATE INDEX no ON docs(distilbert_highlight(q, body, '<', '>'));
.error non-deterministic functions prohibited in index expressions

.testcase filled masks
CREATE INDEX no ON docs(distilbert_fill(body));
.error non-deterministic functions prohibited in index expressions

.testcase counts of tokens
CREATE INDEX no ON docs(distilbert_token_count(body));
.error non-deterministic functions prohibited in index expressions

.testcase fingerprints
CREATE INDEX no ON docs(distilbert_fingerprint('all-minilm-l6-v2'));
.error non-deterministic functions prohibited in index expressions

.testcase a partial index
CREATE INDEX no ON docs(id) WHERE distilbert_answer(q, body) = 'Ada';
.error non-deterministic functions prohibited in partial index WHERE clauses

.testcase a stored column
CREATE TABLE no(body TEXT, e BLOB AS (distilbert_embed(body)) STORED);
.error non-deterministic functions prohibited in generated columns

.testcase a virtual column
CREATE TABLE no(body TEXT, e TEXT AS (distilbert_answer('Who?', body)) VIRTUAL);
.error non-deterministic functions prohibited in generated columns

.testcase what is kept of a vector may be
CREATE INDEX shown ON docs(distilbert_cosine(body, '[1, 2]')) WHERE body LIKE '[%';
DROP INDEX shown;
.check

-- Allowed --------------------------------------------------------------------

.testcase models
.inferences 0
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
SELECT distilbert_register('qa', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT substr(distilbert_fingerprint('mlm'), 1, 16);
.check <<END
mlm
qa
fc770fc30254839e
END

.testcase a table full of them
DROP TABLE docs;
CREATE TABLE docs(id INTEGER PRIMARY KEY, q TEXT DEFAULT 'Who?', body TEXT,
  stored TEXT AS (distilbert_answer(q, body, 'distilbert-minilm-qa')) STORED,
  virtual TEXT AS (distilbert_highlight(q, body, '<', '>', 'distilbert-minilm-qa')) VIRTUAL,
  e BLOB AS (distilbert_embed(body, 'all-minilm-l6-v2')) STORED,
  n INT AS (distilbert_token_count(body, 'all-minilm-l6-v2')) VIRTUAL,
  pinned TEXT AS (distilbert_fill('[MASK] ' || id, 'mlm@fc770fc30254839e')) STORED);
CREATE INDEX by_answer ON docs(distilbert_answer(q, body, 'distilbert-minilm-qa'));
CREATE INDEX by_embed ON docs(distilbert_embed(body, 'all-minilm-l6-v2'));
CREATE INDEX by_count ON docs(distilbert_token_count(body, 'all-minilm-l6-v2'));
CREATE INDEX by_fill ON docs(distilbert_fill('[MASK] ' || id, 'mlm@fc770fc30254839e'));
CREATE INDEX by_pin ON docs(distilbert_embed(body, 'mlm@fc770fc30254839e'));
CREATE INDEX by_columns ON docs(stored, virtual, n);
CREATE INDEX some ON docs(id)
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Ada';
INSERT INTO docs(id, body) VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, ''), (5, 'Ada ' || replace(printf('%.160c', '.'), '.', 'slept and '));
PRAGMA integrity_check;
CREATE TABLE first AS SELECT * FROM docs;
.check ok

.testcase an index answers without a model
.inferences 0
SELECT id, stored, n FROM docs
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Bob';
.check 2|Bob|6

.testcase a virtual column asks when it is shown
.inferences 1
SELECT virtual FROM docs
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Bob';
.check <Bob> read it.

.testcase a column that is indexed answers without a model
.inferences 0
SELECT id FROM docs WHERE stored = 'Bob';
.check 2

.testcase a partial index is used where its words are repeated
.inferences 0
SELECT id FROM docs INDEXED BY some
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Ada' AND id < 3;
.check 1

.testcase a row costs each expression once
.inferences 4
INSERT INTO docs(id, body) VALUES (6, 'Cleo sold it.');
SELECT stored, virtual FROM docs WHERE id = 6;
DELETE FROM docs WHERE id = 6;
.check Cleo|<Cleo> sold it.

-- Settings -------------------------------------------------------------------

.testcase threads 1
.inferences 30
SELECT distilbert_set('threads', '1');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('threads', NULL) IS NOT NULL;
.check <<END
1
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase threads 64
.inferences 30
SELECT distilbert_set('threads', '64');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('threads', NULL) IS NOT NULL;
.check <<END
64
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase memory_limit 1
.inferences 200
SELECT distilbert_set('memory_limit', '1');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('memory_limit', NULL) IS NOT NULL;
.check <<END
1
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase cache_entries 0
.inferences 200
SELECT distilbert_set('cache_entries', '0');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('cache_entries', NULL) IS NOT NULL;
.check <<END
0
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase cache_entries 1
.inferences 162
SELECT distilbert_set('cache_entries', '1');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('cache_entries', NULL) IS NOT NULL;
.check <<END
1
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase overflow error
.inferences 30
SELECT distilbert_set('overflow', 'error');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('overflow', NULL) IS NOT NULL;
.check <<END
error
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase overflow window
.inferences 30
SELECT distilbert_set('overflow', 'window');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('overflow', NULL) IS NOT NULL;
.check <<END
window
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase answer_model qa
.inferences 30
SELECT distilbert_set('answer_model', 'qa');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('answer_model', NULL) IS NOT NULL;
.check <<END
qa
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase embed_model mlm
.inferences 30
SELECT distilbert_set('embed_model', 'mlm');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('embed_model', NULL) IS NOT NULL;
.check <<END
mlm
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase fill_model mlm
.inferences 30
SELECT distilbert_set('fill_model', 'mlm');
PRAGMA integrity_check;
INSERT INTO docs(id, body) VALUES (9, 'Dan ate it.');
SELECT id, virtual FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Dan';
SELECT count(*) FROM docs JOIN first USING (id) WHERE docs.virtual IS first.virtual
   AND docs.n IS first.n AND docs.e IS first.e AND docs.stored IS first.stored;
UPDATE docs SET body = body || ' ' WHERE id IN (2, 5, 9);
UPDATE docs SET body = rtrim(body) WHERE id = 2;
DELETE FROM docs WHERE id IN (5, 9);
INSERT INTO docs(id, q, body) SELECT id, q, body FROM first WHERE id = 5;
PRAGMA integrity_check;
REINDEX;
PRAGMA integrity_check;
SELECT distilbert_set('fill_model', NULL) IS NOT NULL;
.check <<END
mlm
ok
9|<Dan> ate it.
5
ok
ok
1
END

.testcase a setting out of the table
UPDATE distilbert_config SET value = 'qa' WHERE key = 'answer_model';
PRAGMA integrity_check;
DELETE FROM docs WHERE id = 1;
INSERT INTO docs(id, body) VALUES (1, 'Ada wrote it.');
UPDATE distilbert_config SET value = NULL WHERE key = 'answer_model';
PRAGMA integrity_check;
.check <<END
ok
ok
END

-- Names ----------------------------------------------------------------------

.testcase a built-in name stays bound
SELECT distilbert_register('all-minilm-l6-v2', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
.error distilbert_register: model all-minilm-l6-v2 exists with other weights*

.testcase a registered name stays bound
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
.error distilbert_register: model mlm exists with other weights*

.testcase a built-in model cannot be forgotten
SELECT distilbert_forget('all-minilm-l6-v2');
.error distilbert_forget: model all-minilm-l6-v2 is built in

.testcase forgotten under a pinned index: an error that names it
SELECT distilbert_forget('mlm');
INSERT INTO docs(id, body) VALUES (7, 'Eve read it.');
.error distilbert_*: no model named mlm: *

.testcase so does integrity_check
PRAGMA integrity_check;
.error distilbert_*: no model named mlm: *

.testcase and DELETE
DELETE FROM docs WHERE id = 1;
.error distilbert_*: no model named mlm: *

.testcase what is stored can be read
.inferences 0
SELECT pinned FROM docs WHERE id = 1;
SELECT id FROM docs WHERE stored = 'Bob';
SELECT distilbert_fill('[MASK] 1', 'mlm@fc770fc30254839e') IS NULL;
.error distilbert_fill: no model named mlm: *

.testcase registered again with other weights: an error that names both
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm-tied');
UPDATE docs SET body = 'Eve read it.' WHERE id = 1;
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase integrity_check under other weights
PRAGMA integrity_check;
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase registered again as it was: all is well
.inferences 20
SELECT distilbert_forget('mlm');
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
PRAGMA integrity_check;
UPDATE docs SET body = 'Eve read it.' WHERE id = 1;
SELECT id FROM docs INDEXED BY by_answer
 WHERE distilbert_answer(q, body, 'distilbert-minilm-qa') = 'Eve';
PRAGMA integrity_check;
.check <<END
mlm
mlm
ok
1
ok
END

.testcase another precision is another fingerprint
SELECT distilbert_forget('mlm');
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm', 'int8');
PRAGMA integrity_check;
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase other options are another fingerprint
SELECT distilbert_forget('mlm');
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm', NULL,
  '{"max_tokens": 8}');
PRAGMA integrity_check;
.error distilbert_*: model mlm has fingerprint *, not fc770fc30254839e

.testcase another name for the same weights does not do
SELECT distilbert_forget('mlm');
SELECT distilbert_register('other', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
PRAGMA integrity_check;
.error distilbert_*: no model named mlm: *

.testcase in the end
.inferences 17
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
PRAGMA integrity_check;
.check <<END
mlm
ok
END

.testcase the models go
.inferences 0
SELECT distilbert_forget('mlm'), distilbert_forget('qa'), distilbert_forget('other');
.check mlm|qa|other
