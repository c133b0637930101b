-- sync-sqlite-vec.sql - a vec0 table of sqlite-vec in step with its documents.
--
-- As sync-vectors.sql, which says how and why; what differs is that vectors
-- lie in a virtual table, which knows no UPSERT and no NULL.  `vectors` says
-- which model made them.  Triggers cannot write a vec0 table where
-- trusted_schema is off; here they only write into the queue, and a writer
-- needs neither extension.
--
-- pip install sqlite-vec brings vec0.so; LD_LIBRARY_PATH says where it is:
--   python3 -c 'import sqlite_vec; print(sqlite_vec.__path__[0])'

.bail on
.load ./distilbert
.load vec0

-- --- The database ---

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);

CREATE TABLE vectors(         -- a row for each document that was looked at
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,        -- the fingerprint of what made its vector
  error TEXT);                -- why it has none; NULL, too, without a body

-- A model whose vectors have another length needs a new one: DROP TABLE it,
-- DELETE FROM vectors, and make it before vector_model names that model.
CREATE VIRTUAL TABLE docs_vec USING vec0(
  id INTEGER PRIMARY KEY, embedding float[384] distance_metric=cosine);

CREATE TABLE queue(ticket INTEGER PRIMARY KEY AUTOINCREMENT, id INTEGER UNIQUE);

-- DELETE and INSERT, as a writer's OR IGNORE overrules a trigger's OR REPLACE.
CREATE TRIGGER docs_insert AFTER INSERT ON docs BEGIN
  DELETE FROM queue WHERE id = new.id;
  INSERT INTO queue(id) VALUES (new.id);
END;
CREATE TRIGGER docs_delete AFTER DELETE ON docs BEGIN
  DELETE FROM queue WHERE id = old.id;
  INSERT INTO queue(id) VALUES (old.id);
END;
-- Not UPDATE OF, which SET rowid = 7 does not fire.
CREATE TRIGGER docs_update AFTER UPDATE ON docs
WHEN new.id <> old.id OR new.body IS NOT old.body COLLATE BINARY BEGIN
  DELETE FROM queue WHERE id IN (old.id, new.id);
  INSERT INTO queue(id) SELECT old.id UNION SELECT new.id;
END;

-- The model, and what is out of step with it.  Another fingerprint queues
-- all; the first one queues the documents that were there before.
CREATE TABLE vector_model(name TEXT NOT NULL, fingerprint TEXT);
CREATE VIEW stale AS
SELECT id FROM docs WHERE NOT EXISTS (
  SELECT 1 FROM vectors AS v JOIN vector_model AS m ON m.fingerprint = v.model
   WHERE v.id = docs.id)
UNION ALL SELECT id FROM vectors WHERE id NOT IN (SELECT id FROM docs);
CREATE TRIGGER vector_model_update AFTER UPDATE ON vector_model BEGIN
  INSERT INTO queue(id)
    SELECT id FROM stale WHERE id NOT IN (SELECT id FROM queue);
END;
INSERT INTO vector_model(name) VALUES ('all-minilm-l6-v2');

-- --- A connection that drains ---

CREATE TEMP TABLE batch(
  ticket INTEGER PRIMARY KEY, id INTEGER,
  model TEXT, embedding BLOB, error TEXT);
CREATE TEMP TABLE model AS
  SELECT distilbert_fingerprint(name) AS fingerprint FROM vector_model;
UPDATE vector_model SET fingerprint = (SELECT fingerprint FROM model)
 WHERE fingerprint IS NOT (SELECT fingerprint FROM model);

-- --- A few documents, to try it ---

INSERT INTO docs(body) VALUES
  ('The bridge was opened in 1932.'), ('The tunnel is 50 kilometres long.'),
  ('Cats sleep for most of the day.'), (NULL);

-- --- A batch: compute it ---
-- Writers wait for no batch where PRAGMA journal_mode is WAL.

DELETE FROM batch;
INSERT INTO batch
SELECT ticket, id, (SELECT fingerprint FROM vector_model), embedding, error
  FROM distilbert_embed_each(
    'SELECT ticket, body FROM queue LEFT JOIN docs USING (id)
      ORDER BY ticket LIMIT ?1',
    (SELECT name || '@' || fingerprint FROM vector_model), '[64]')
 CROSS JOIN queue ON ticket = key;

-- --- Somebody changes a document meanwhile, and deletes another ---

UPDATE docs SET body = 'The tunnel was opened in 1994.' WHERE id = 2;
DELETE FROM docs WHERE id = 3;

-- --- The batch: store it ---
-- All or nothing: go no further behind an error (SQLITE_BUSY), as .bail does.
-- For IN, sqlite-vec reads all of the table; EXISTS spares a first fill that.

BEGIN IMMEDIATE;
DELETE FROM batch
 WHERE ticket NOT IN (SELECT ticket FROM queue)
    OR model IS NOT (SELECT fingerprint FROM vector_model);
DELETE FROM docs_vec
 WHERE id IN (SELECT id FROM batch)
   AND EXISTS (SELECT 1 FROM vectors WHERE id IN (SELECT id FROM batch));
INSERT INTO docs_vec(id, embedding)
SELECT id, embedding FROM batch
 WHERE embedding IS NOT NULL AND id IN (SELECT id FROM docs);
DELETE FROM vectors WHERE id IN (SELECT id FROM batch);
INSERT INTO vectors(id, model, error)
SELECT id, model, error FROM batch WHERE id IN (SELECT id FROM docs);
DELETE FROM queue WHERE ticket IN (SELECT ticket FROM batch);
COMMIT;

-- --- What there is ---

SELECT id, length(embedding) AS bytes, error, body
  FROM docs LEFT JOIN vectors USING (id) LEFT JOIN docs_vec USING (id);
SELECT 'queued: ' || group_concat(id) FROM queue;

-- A search: what is queued is found by what it said before.
SELECT id, round(distance, 2) AS distance, body
  FROM docs_vec JOIN docs USING (id)
 WHERE embedding MATCH distilbert_embed('Which structure is old?',
                                        (SELECT name FROM vector_model))
   AND k = 3
 ORDER BY distance;

-- Another model, or another checkpoint of that name: all is queued.
UPDATE vector_model SET fingerprint = 'of another';

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect SELECT group_concat(id) = '1,4' FROM vectors;
INSERT INTO expect SELECT group_concat(id) = '1' FROM docs_vec;
INSERT INTO expect SELECT embedding = distilbert_embed(body, 'all-minilm-l6-v2')
  FROM docs_vec JOIN docs USING (id) WHERE id = 1;
INSERT INTO expect SELECT group_concat(id) = '2,3,1,4'
  FROM (SELECT id FROM queue ORDER BY ticket);
