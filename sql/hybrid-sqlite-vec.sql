-- hybrid-sqlite-vec.sql - ask a table by words and by meaning, with sqlite-vec.
--
-- As hybrid.sql, which says how and why; what differs is that vectors lie in a
-- vec0 table, which finds the nearest ones itself.
--
-- pip install sqlite-vec brings vec0.so; LD_LIBRARY_PATH says where it is:
--   python3 -c 'import sqlite_vec; print(sqlite_vec.__path__[0])'

.bail on
.load ./distilbert
.load vec0

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

-- sync-sqlite-vec.sql keeps such a table in step with texts that change.
CREATE VIRTUAL TABLE passage_vec USING vec0(
  id INTEGER PRIMARY KEY, embedding float[384] distance_metric=cosine);

-- The recipe; ?1 is the question, and a list has 20 places.
CREATE TABLE hybrid(sql TEXT);
INSERT INTO hybrid VALUES ('
  WITH word AS (
    SELECT rowid AS id, rank, row_number() OVER (ORDER BY rank) AS place
      FROM passage_fts
     WHERE passage_fts MATCH distilbert_fts_query(?1)
     ORDER BY rank LIMIT 20),
  near AS (
    SELECT id, distance, row_number() OVER (ORDER BY distance) AS place
      FROM passage_vec
     WHERE embedding MATCH distilbert_embed(?1, ''all-minilm-l6-v2'')
       AND k = 20),
  found AS (
    SELECT * FROM word UNION ALL
    SELECT id, -20 * (1 - distance), place FROM near)
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
INSERT INTO passage_vec(id, embedding)
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
