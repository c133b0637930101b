-- ask.sql - one question to a whole table, and to some of its rows.
--
-- distilbert_ask has FTS5 find the passages that share words with a question
-- (BM25 puts the rare words first), the model reads only those, in one batch,
-- and their answers are ranked together.  Where more than words decides which
-- rows are read, a query of one's own finds them; hybrid.sql is one.

.bail on
.load ./distilbert

CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT);
INSERT INTO docs(title, body) VALUES
  ('Moon', 'Neil Armstrong was the first person to walk on the Moon, in 1969.'),
  ('Everest', 'Edmund Hillary and Tenzing Norgay first climbed Mount Everest.'),
  ('Pole', 'Roald Amundsen reached the South Pole on 14 December 1911.'),
  ('Trench', 'Jacques Piccard and Don Walsh dived into the Mariana Trench.'),
  ('Ocean', 'Charles Lindbergh crossed the Atlantic alone in an aeroplane.');

CREATE VIRTUAL TABLE docs_fts USING fts5(
  title, body, content = 'docs', content_rowid = 'id',
  tokenize = 'porter unicode61');
INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');

SELECT d.title, a.answer, round(a.score, 3)
  FROM distilbert_ask('When was the South Pole reached?', 'docs_fts', 3) AS a
  JOIN docs AS d ON d.id = a.key;

-- Only rows whose title is long: a query of one's own, of (key, rank, text) and
-- best first, where ?1 is the question.
SELECT d.title, a.answer, round(a.score, 3)
  FROM distilbert_ask('Who was first on Everest?', '
         SELECT rowid, rank, body FROM docs_fts
          WHERE docs_fts MATCH distilbert_fts_query(?1) AND length(title) > 5
          ORDER BY rank', 3) AS a
  JOIN docs AS d ON d.id = a.key;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect
  SELECT key = 1 AND answer = 'Neil Armstrong'
    FROM distilbert_ask('Who was first on the Moon?', 'docs_fts', 1);
