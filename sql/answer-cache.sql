-- answer-cache.sql - answers that are computed once.
--
-- A fingerprint stands for weights, tokenizer, settings and arithmetic of a
-- model: equal fingerprints give equal answers, to the bit, on any machine.
-- Stored beside an answer it tells whether the answer still holds.

.bail on
.load ./distilbert

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES
  ('The bridge was opened in 1932 and is 1149 metres long.'),
  ('The tunnel was opened in 1994 and is 50 kilometres long.');

CREATE TABLE answers(
  question TEXT, doc INTEGER REFERENCES docs, answer TEXT, model TEXT,
  PRIMARY KEY (question, doc)) WITHOUT ROWID;

-- What one wants to know; what is not yet known of it, or from another model.
CREATE TABLE wanted(question TEXT PRIMARY KEY);
CREATE VIEW missing AS
SELECT w.question, d.id AS doc, d.body
  FROM wanted AS w CROSS JOIN docs AS d
 WHERE NOT EXISTS (
   SELECT 1 FROM answers AS a
    WHERE a.question = w.question AND a.doc = d.id
      AND a.model = distilbert_fingerprint());

INSERT INTO wanted VALUES ('When was it opened?'), ('How long is it?');
INSERT OR REPLACE INTO answers
  SELECT question, doc, distilbert_answer(question, body),
         distilbert_fingerprint() FROM missing;
SELECT question, doc, answer FROM answers;

-- Later: another question and another text; only they are computed.
INSERT INTO wanted VALUES ('What was opened?');
SELECT count(*) || ' missing' FROM missing;

-- Later: another model; everything is.
UPDATE answers SET model = 'of last year';
SELECT count(*) || ' missing' FROM missing;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect SELECT count(*) = 6 FROM missing;
INSERT INTO expect SELECT answer = '1932' FROM answers
                    WHERE doc = 1 AND question LIKE 'When%';
INSERT INTO expect SELECT answer LIKE '50 kilometres%' FROM answers
                    WHERE doc = 2 AND question LIKE 'How%';
