-- labels.sql - what texts say: labels, names in them, and chunks of long ones.
--
--     sqlite3 :memory: '.read examples/labels.sql'
--
-- Run from the folder where distilbert.so is.

.bail on
.load ./distilbert
.mode column

-- A label and the names are stored when a row is written.  Here the model must
-- be named: what a stored column says may not hang on a setting.
CREATE TABLE review(
  id INTEGER PRIMARY KEY,
  body TEXT,
  opinion TEXT AS (distilbert_classify(body, 'distilbert-minilm-sst2')) STORED,
  names TEXT AS (
    distilbert_entities_json(body, 'distilbert-minilm-ner')) STORED);
CREATE INDEX review_opinion ON review(opinion);
INSERT INTO review(body) VALUES
  ('Emma Thompson is brilliant in it.'),
  ('Ridley Scott made a dull film with Warner Bros in Iceland.'),
  ('Hugh Grant is charming, and London never looked better.'),
  ('Emma Thompson deserves a better film than this tired comedy.'),
  ('The best of the year: Tom Hanks is wonderful.'),
  (NULL);

.print Opinions, counted
SELECT opinion, count(*) AS reviews FROM review GROUP BY opinion;

.print
.print All labels of one review, with their scores
SELECT label, printf('%.4f', score) AS score
  FROM review, distilbert_classes(body) WHERE id = 4;

.print
.print Names, each a row beside its review; whole words, as they stand there
CREATE TEMP VIEW named AS
SELECT r.id, r.opinion, e.entity, e.score,
       substr(r.body, e.start + 1, e."end" - e.start) AS name
  FROM review AS r JOIN distilbert_entities(r.body, 'first') AS e;
SELECT id, entity, name, opinion FROM named;

.print
.print What is said of whom, out of the stored JSON (names are in lower case)
CREATE TEMP VIEW said AS
SELECT r.id, r.opinion, json_extract(n.value, '$.word') AS person
  FROM review AS r, json_each(r.names) AS n
 WHERE json_extract(n.value, '$.entity') = 'PER';
SELECT person, count(*) AS reviews, sum(opinion = 'POSITIVE') AS good
  FROM said GROUP BY person;

.print
.print A long text in chunks, each with a vector; the nearest to a query
CREATE TABLE book(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO book(body) VALUES (
  'The sea was calm when the ship left the harbour. Nobody on board had '
  || 'slept. In the kitchen a boy peeled potatoes and sang. The captain '
  || 'looked at the barometer, which had fallen since noon. Towards evening '
  || 'the wind rose, and waves broke over the deck. They ate soup and bread '
  || 'below, by the light of one lamp.');
CREATE TABLE chunk(
  book INTEGER REFERENCES book, start INTEGER, body TEXT,
  e BLOB AS (distilbert_embed(body, 'all-minilm-l6-v2')) STORED);
INSERT INTO chunk(book, start, body)
  SELECT b.id, c.start, c.chunk
    FROM book AS b JOIN distilbert_chunks(b.body, 32) AS c;
CREATE TEMP VIEW storm AS
SELECT start, body,
       distilbert_cosine(e, distilbert_embed('a storm is coming')) AS cosine
  FROM chunk ORDER BY cosine DESC;
SELECT printf('%.3f', cosine) AS cosine, start, body FROM storm;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect SELECT group_concat(opinion) =
  'POSITIVE,NEGATIVE,POSITIVE,NEGATIVE,POSITIVE' FROM review;
INSERT INTO expect SELECT opinion IS NULL AND names IS NULL
                     FROM review WHERE id = 6;
INSERT INTO expect SELECT abs(sum(score) - 1) < 1e-6
                     FROM review, distilbert_classes(body) WHERE id = 4;
INSERT INTO expect SELECT group_concat(entity || ' ' || name) =
  'PER Ridley Scott,ORG Warner Bros,LOC Iceland' FROM named WHERE id = 2;
INSERT INTO expect SELECT count(*) = 2 AND sum(opinion = 'POSITIVE') = 1
                     FROM said WHERE person = 'emma thompson';
INSERT INTO expect SELECT (SELECT group_concat(body, '') FROM
  (SELECT body FROM chunk ORDER BY start)) = (SELECT body FROM book);
INSERT INTO expect SELECT body LIKE '%barometer%' OR body LIKE '%wind rose%'
                     FROM storm LIMIT 1;
