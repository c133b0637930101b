-- first-steps.sql - a look at most functions, in the sqlite3 shell.
--
--     sqlite3 :memory: '.read examples/first-steps.sql'
--
-- Run from the folder where distilbert.so is.

.bail on
.load ./distilbert
.mode column

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES
  ('Ada Lovelace wrote the first program, for a machine that was never built.'),
  ('Grace Hopper wrote the first compiler in 1952, for the UNIVAC I.'),
  ('The first web server ran on a NeXT computer of Tim Berners-Lee in 1990.');

.print The best answer in each row
SELECT id, distilbert_answer('Who?', body) AS answer FROM docs;

.print
.print The three best of one row, with their places
SELECT score, start, "end", answer
  FROM docs, distilbert_answers('What did she write?', body, 3) WHERE id = 2;

.print
.print Marked in the text
SELECT distilbert_highlight('In which year?', body, '[', ']') AS text
  FROM docs WHERE id = 3;

.print
.print Praise or blame
SELECT distilbert_classify('What a wonderful machine!') AS label;

.print
.print Who and what is named
SELECT id, entity, word, start, "end"
  FROM docs, distilbert_entities(body, 'first');

.print
.print What the model reads
SELECT position, id, token, start, "end" FROM distilbert_tokens('UNIVAC I');

.print
.print Which model it is
SELECT name, tasks, layers, dim, max_tokens, loaded FROM distilbert_models;

.print
.print What can be set
SELECT key, value, description FROM distilbert_config;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect
  SELECT distilbert_answer('Who?', body) = 'Ada Lovelace' FROM docs WHERE id = 1;
INSERT INTO expect
  SELECT distilbert_highlight('In which year?', body, '[', ']')
         LIKE '%in [1990].' FROM docs WHERE id = 3;
INSERT INTO expect
  SELECT distilbert_classify('What a wonderful machine!') = 'POSITIVE';
INSERT INTO expect
  SELECT entity = 'PER' AND word = 'grace hopper'
    FROM docs, distilbert_entities(body, 'first') WHERE id = 2 LIMIT 1;
