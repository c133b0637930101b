-- hybrid.sql - ask a table by words and by meaning at once.
--
-- FTS5 finds passages that share words with a question, vectors find those
-- that mean something near; each misses what the other finds.  Both lists
-- become one by reciprocal rank fusion (Cormack, Clarke and Buettcher, 2009): a
-- passage at place n of a list gets 1 / (60 + n), whatever the list's scores.
-- distilbert_ask takes the fused list as a query of (key, rank, text), reads its
-- first rows in one batch, and ranks all answers as one distribution.
--
-- Reciprocal ranks choose what is read; they say too little of how much better
-- a passage is than the next to rank answers by.  So rank is what FTS5 says of
-- it, and 20 times its cosine: BM25 and cosine, on one scale.  On SQuAD dev
-- (docs/tables.md) answers ranked by reciprocal ranks were worse than those of
-- FTS5 alone.
--
-- hybrid-sqlite-vec.sql is the same with sqlite-vec, which more than some
-- 100,000 passages want.

.bail on
.load ./distilbert

-- --- The database ---

CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT);

-- What is found and read: documents cut to what a model reads at once.
CREATE TABLE passage(
  id INTEGER PRIMARY KEY,
  doc INTEGER REFERENCES docs(id),
  start INTEGER,              -- characters of the document before it
  body TEXT);
CREATE VIRTUAL TABLE passage_fts USING fts5(
  body, content = 'passage', content_rowid = 'id',
  tokenize = 'porter unicode61');

-- sync-vectors.sql keeps such a table in step with texts that change.
CREATE TABLE passage_vec(id INTEGER PRIMARY KEY, embedding BLOB);

-- The recipe; ?1 is the question, and a list has 20 places.
CREATE TABLE hybrid(sql TEXT);
INSERT INTO hybrid VALUES ('
  WITH word AS (
    SELECT rowid AS id, rank, row_number() OVER (ORDER BY rank) AS place
      FROM passage_fts
     WHERE passage_fts MATCH distilbert_fts_query(?1)
     ORDER BY rank LIMIT 20),
  near AS (
    SELECT id, distilbert_cosine(embedding,
                 distilbert_embed(?1, ''all-minilm-l6-v2'')) AS cosine
      FROM passage_vec ORDER BY cosine DESC LIMIT 20),
  found AS (
    SELECT * FROM word UNION ALL
    SELECT id, -20 * cosine, row_number() OVER (ORDER BY cosine DESC) FROM near)
  SELECT id, sum(rank), body
    FROM found JOIN passage USING (id)
   GROUP BY id ORDER BY sum(1.0 / (60 + place)) DESC, id');

-- --- A few documents, to try it ---

INSERT INTO docs(title, body) VALUES
  ('Moon', 'Neil Armstrong was the first person to walk on the Moon, in 1969.'),
  ('Everest', 'Edmund Hillary and Tenzing Norgay first climbed Mount Everest.'),
  ('Pole', 'Roald Amundsen reached the South Pole on 14 December 1911.'),
  ('Trench', 'Jacques Piccard and Don Walsh dived into the Mariana Trench.'),
  ('Ocean', 'Charles Lindbergh crossed the Atlantic alone in an aeroplane.');

INSERT INTO passage(doc, start, body)
SELECT docs.id, c.start, c.chunk FROM docs, distilbert_chunks(body, 200) AS c;
INSERT INTO passage_fts(passage_fts) VALUES ('rebuild');
INSERT INTO passage_vec
SELECT key, embedding
  FROM distilbert_embed_each('SELECT id, body FROM passage', 'all-minilm-l6-v2');

-- --- Ask ---
-- The third argument is how many answers, the fourth how many passages to read.

SELECT d.title, a.answer, round(a.score, 3) AS score,
       p.start + a.start AS "start in the document"
  FROM hybrid
  JOIN distilbert_ask('Which pilot flew over the sea?', hybrid.sql, 3, 5) AS a
  JOIN passage AS p ON p.id = a.key
  JOIN docs AS d ON d.id = p.doc;

-- Check: the table takes nothing but what is true.
-- A question without a word of the text, where FTS5 alone finds nothing.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect
  SELECT key = 5 AND answer = 'Charles Lindbergh'
    FROM hybrid, distilbert_ask('Which pilot flew over a sea?', hybrid.sql, 1);
INSERT INTO expect
  SELECT count(*) = 0
    FROM distilbert_ask('Which pilot flew over a sea?', 'passage_fts');
INSERT INTO expect
  SELECT key = 3 AND answer = 'Roald Amundsen'
    FROM hybrid, distilbert_ask('Who reached the South Pole?', hybrid.sql, 1);
