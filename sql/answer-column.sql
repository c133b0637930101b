-- answer-column.sql - answers kept beside their texts.
--
-- Old rows are filled in by one statement, which reads the texts in batches;
-- new and changed rows by triggers.  A generated column would do the same
-- with less to write, but must name its model and cannot be filled in batches.

.bail on
.load ./distilbert

CREATE TABLE ticket(id INTEGER PRIMARY KEY, body TEXT, product TEXT);
INSERT INTO ticket(body) VALUES
  ('Hello, my Pelikan printer prints only blank pages since Monday.'),
  ('The screen of our Falcon laptop is flickering.'),
  (NULL),
  ('Please send me a new cable for the Orion headset.');

-- 1. What is there already.  `answer` is NULL or missing where there is none.
UPDATE ticket SET product = found.answer
  FROM (SELECT context, answer FROM distilbert_answers
         WHERE question = 'Which product is it about?'
           AND context IN (SELECT body FROM ticket WHERE product IS NULL))
       AS found
 WHERE ticket.body = found.context AND ticket.product IS NULL;

-- 2. What comes.
CREATE TRIGGER ticket_insert AFTER INSERT ON ticket BEGIN
  UPDATE ticket SET product =
         distilbert_answer('Which product is it about?', new.body)
   WHERE id = new.id;
END;
CREATE TRIGGER ticket_update AFTER UPDATE OF body ON ticket
WHEN new.body IS NOT old.body BEGIN
  UPDATE ticket SET product =
         distilbert_answer('Which product is it about?', new.body)
   WHERE id = new.id;
END;

INSERT INTO ticket(body) VALUES ('The battery of the Zephyr drone is empty.');
UPDATE ticket SET body = 'I have lost the keys of my Comet scooter.'
 WHERE id = 2;
SELECT id, product, body FROM ticket;

-- Check: the table takes nothing but what is true.
CREATE TEMP TABLE expect(it CHECK (it));
INSERT INTO expect SELECT count(*) = 4 FROM ticket WHERE product IS NOT NULL;
INSERT INTO expect SELECT product LIKE '%Comet%' FROM ticket WHERE id = 2;
INSERT INTO expect SELECT product LIKE '%Zephyr%' FROM ticket WHERE id = 5;
