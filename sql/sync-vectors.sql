-- sync-vectors.sql - a table of vectors in step with its documents.
--
-- Triggers put the id of every document that changes into a queue; a drain
-- takes batches from it.  No writer waits for a model or needs the extension,
-- and whatever ends a drain, kill -9 too, the queue has what is not stored.
--
-- A change takes a new ticket, and tickets are never given twice.  So a ticket
-- that is still in the queue says: the document is as it was when it was read.

.bail on
.load ./distilbert

-- --- The database ---

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);

CREATE TABLE vectors(         -- a row for each document that was looked at
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,        -- the fingerprint of what made the vector
  embedding BLOB,             -- NULL: there is no body, or
  error TEXT);                -- what the model says of it

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

BEGIN IMMEDIATE;
DELETE FROM batch
 WHERE ticket NOT IN (SELECT ticket FROM queue)
    OR model IS NOT (SELECT fingerprint FROM vector_model);
DELETE FROM vectors WHERE id IN (SELECT id FROM batch);
INSERT INTO vectors(id, model, embedding, error)
SELECT id, model, embedding, error FROM batch WHERE id IN (SELECT id FROM docs);
DELETE FROM queue WHERE ticket IN (SELECT ticket FROM batch);
COMMIT;

-- --- What there is ---
-- The last five parts are what a program repeats; from a shell, where
-- drain.sql has them but for the changes and begins with .load ./distilbert:
--
--   while [ "$(sqlite3 docs.db 'SELECT count(*) > 0 FROM queue')" = 1 ]; do
--     sqlite3 docs.db '.read drain.sql' || break
--   done
--
-- A REPLACE that removes a row for a UNIQUE column other than the id fires no
-- DELETE trigger.  Where that happens, now and then:
--
--   INSERT INTO queue(id)
--     SELECT id FROM stale WHERE id NOT IN (SELECT id FROM queue);

-- What has an error is tried again when the text or the model changes, or:
--
--   INSERT INTO queue(id) SELECT id FROM vectors
--    WHERE error IS NOT NULL AND id NOT IN (SELECT id FROM queue);

SELECT id, length(embedding) AS bytes, error, body
  FROM docs LEFT JOIN vectors USING (id);
SELECT 'queued: ' || group_concat(id) FROM queue;

-- A search: what is queued is found by what it said before.
SELECT id, round(distilbert_cosine(embedding,
         distilbert_embed('Which structure is old?', name)), 2) AS cosine, body
  FROM vector_model, vectors JOIN docs USING (id)
 WHERE embedding IS NOT NULL ORDER BY cosine DESC LIMIT 3;

-- Another model, or another checkpoint of that name: all is queued.
UPDATE vector_model SET fingerprint = 'of another';

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect SELECT group_concat(id) = '1,4' FROM vectors;
INSERT INTO expect SELECT embedding = distilbert_embed(body, 'all-minilm-l6-v2')
  FROM vectors JOIN docs USING (id) WHERE id = 1;
INSERT INTO expect SELECT embedding IS NULL AND error IS NULL
  FROM vectors WHERE id = 4;
INSERT INTO expect SELECT group_concat(id) = '2,3,1,4'
  FROM (SELECT id FROM queue ORDER BY ticket);
