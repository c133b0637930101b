-- ask.sql - one question to a whole table: retrieval, then reading.
--
-- FTS5 finds the passages that share words with the question (BM25 puts the
-- rare words first); the model reads only those, all in one batch.  Insert a
-- question into `ask`, and read `reply`.

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

CREATE TEMP TABLE ask(question TEXT, passages INTEGER DEFAULT 3);

CREATE TEMP VIEW reply AS
SELECT d.id, d.title, a.answer, a.score, a.start, a."end"
  FROM distilbert_answers AS a JOIN docs AS d ON d.body = a.context
 WHERE a.question = (SELECT question FROM ask)
   AND a.context IN (SELECT body FROM docs WHERE id IN (
         SELECT rowid FROM docs_fts
          WHERE docs_fts MATCH (SELECT distilbert_fts_query(question) FROM ask)
          ORDER BY rank LIMIT (SELECT passages FROM ask)))
 ORDER BY a.score DESC;

INSERT INTO ask(question) VALUES ('When was the South Pole reached?');
SELECT title, answer, round(score, 3) FROM reply;

DELETE FROM ask;
INSERT INTO ask(question, passages) VALUES ('Who was first on the Moon?', 5);
SELECT title, answer, round(score, 3) FROM reply LIMIT 1;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect
  SELECT title = 'Moon' AND answer = 'Neil Armstrong' FROM reply LIMIT 1;
