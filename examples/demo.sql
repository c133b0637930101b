-- demo.sql - questions, search by meaning, names and masked words over 304
-- paragraphs of Wikipedia, in SQL.
--
-- `make demo` builds the extension and runs this file in the sqlite3 shell,
-- from the root of the repository, with an empty database:
--
--     sqlite3 build/demo.db '.read examples/demo.sql'
--
-- Paragraphs and questions come from SQuAD v1.1 (examples/README.md).  They
-- were picked by scripts/make-demo-data, by an even rule and before any answer
-- was seen; answers are shown as they come, right or wrong.

.bail on
.load ./distilbert

-- 1. An ordinary table, and FTS5's index over it.

CREATE TABLE docs(id INTEGER PRIMARY KEY, title TEXT, body TEXT);
.import --csv --skip 1 examples/demo-paragraphs.csv docs

CREATE VIRTUAL TABLE docs_fts USING fts5(
  title, body, content = 'docs', content_rowid = 'id',
  tokenize = 'porter unicode61');
INSERT INTO docs_fts(docs_fts) VALUES ('rebuild');

CREATE TABLE question(id INTEGER PRIMARY KEY, doc INTEGER REFERENCES docs,
                      text TEXT, gold TEXT);
.import --csv --skip 1 examples/demo-questions.csv question

-- 2. Three ways to look for an answer, each a view: read one paragraph; let
--    FTS5 find five paragraphs, read them and take the best answer of them all;
--    read a whole article, which is as long as it is.

CREATE VIEW by_paragraph AS
SELECT q.id, 'paragraph' AS way, a.answer, a.score, d.title
FROM question AS q
JOIN docs AS d ON d.id = q.doc
JOIN distilbert_answers(q.text, d.body) AS a;

CREATE TEMP VIEW by_search AS
SELECT q.id, 'search' AS way, a.answer, a.score, d.title
FROM question AS q
JOIN distilbert_ask(q.text, 'docs_fts', 1) AS a
JOIN docs AS d ON d.id = a.key;

CREATE VIEW by_article AS
SELECT q.id, 'article' AS way, a.answer, a.score, d.title
FROM question AS q
JOIN docs AS d ON d.id = q.doc
JOIN distilbert_answers(q.text, (SELECT group_concat(body, char(10))
                                 FROM docs WHERE title = d.title)) AS a;

-- 3. Ask.  The trigger stops the time: one statement, one question.

CREATE TABLE result(id INTEGER, way TEXT, answer TEXT, score REAL, title TEXT,
                    at REAL);
CREATE TRIGGER stamp AFTER INSERT ON result BEGIN
  UPDATE result SET at = julianday('now') WHERE rowid = new.rowid;
END;

INSERT INTO result(way) VALUES ('start');
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_paragraph WHERE id = 1;  -- loads the built-in model, too
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_paragraph WHERE id = 2;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_paragraph WHERE id = 3;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_paragraph WHERE id = 4;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 5;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 6;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 7;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 8;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 9;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 10;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 11;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 12;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 13;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 14;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_search WHERE id = 15;
INSERT INTO result(id, way, answer, score, title)
  SELECT * FROM by_article WHERE id = 16;

-- 4. What came out, beside the answers that people marked in SQuAD.

.mode box --wordwrap on --wrap 20
.print Found in one paragraph, by FTS5 in 304 paragraphs, or in a whole article:
SELECT r.id AS '#', r.way, q.text AS question, r.answer,
       q.gold AS "people's answers", printf('%.3f', r.score) AS score,
       r.title AS 'found in',
       CAST(round((r.at - (SELECT at FROM result WHERE rowid = r.rowid - 1))
                  * 86400000) AS INTEGER) AS ms
FROM result AS r
JOIN question AS q ON q.id = r.id
ORDER BY r.id;

-- 5. The answer where it stands.

.mode list
.print
SELECT 'Question 2, marked in its paragraph:' || char(10) ||
       distilbert_highlight(q.text, d.body, '[[', ']]')
FROM question AS q
JOIN docs AS d ON d.id = q.doc
WHERE q.id = 2;

-- 6. Search by meaning: a vector for each paragraph, and those nearest to the
--    query's.  No paragraph has the word "germs".

CREATE TABLE vector(id INTEGER PRIMARY KEY REFERENCES docs, e BLOB);
INSERT INTO vector SELECT id, distilbert_embed(body) FROM docs;

.print
.print By meaning, not by words: How does the body fight germs?
.mode box --wordwrap on --wrap 72
SELECT printf('%.3f', distilbert_cosine(
         v.e, distilbert_embed('How does the body fight germs?'))) AS cosine,
       d.title AS 'found in',
       substr(d.body, 1, instr(d.body, '. ')) AS 'first sentence'
FROM vector AS v
JOIN docs AS d ON d.id = v.id
ORDER BY cosine DESC
LIMIT 3;

-- 7. Names of people, each a row, counted over all paragraphs.  The list of
--    texts is read in full batches.

.print
.print People named in most paragraphs:
SELECT substr(e.text, e.start + 1, e."end" - e.start) AS person,
       count(DISTINCT d.id) AS paragraphs,
       group_concat(DISTINCT d.title) AS 'found in'
FROM distilbert_entities AS e
JOIN docs AS d ON d.body = e.text
WHERE e.text IN (SELECT body FROM docs)
  AND e.aggregation = 'first' AND e.entity = 'PER'
GROUP BY person
ORDER BY paragraphs DESC, person
LIMIT 5;

-- 8. Masked words: the likeliest of the whole vocabulary.

.print
.print A masked word, the three likeliest:
SELECT printf('%.3f', score) AS score, token_str AS word, sequence
FROM distilbert_fill_mask('Paris is the [MASK] of France.', 3);

.mode list
.print
SELECT count(*) || ' paragraphs, ' || sum(length(body)) || ' characters; ' ||
       distilbert_version()
FROM docs;
