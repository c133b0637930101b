-- INSERT, UPDATE, DELETE, UPSERT, views, triggers, ATTACH, transactions.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT UNIQUE, who TEXT);
INSERT INTO docs(body) VALUES ('Ada wrote it.'), ('Bob read it.'), (NULL),
  ('Cleo sold it.');

.testcase UPDATE
.inferences 3
UPDATE docs SET who = distilbert_answer('Who?', body);
SELECT id, who FROM docs;
.check <<END
1|Ada
2|Bob
3|NULL
4|Cleo
END

.testcase UPDATE where an answer says so
.inferences 4
UPDATE docs SET who = '?' WHERE distilbert_answer('Who?', body) = 'Bob'
  AND distilbert_answer('What?', body) IS NOT NULL;
SELECT id FROM docs WHERE who = '?';
.check 2

.testcase UPDATE out of a table of ours
.inferences 3
UPDATE docs SET who = (SELECT answer FROM distilbert_answers('Who?', body));
SELECT group_concat(who) FROM docs;
.check Ada,Bob,Cleo

.testcase INSERT SELECT
.inferences 3
CREATE TABLE found(id INT, answer TEXT);
INSERT INTO found SELECT docs.id, answer FROM docs, distilbert_answers('Who?', body);
SELECT * FROM found;
.check <<END
1|Ada
2|Bob
4|Cleo
END

.testcase CREATE TABLE AS
.inferences 3
CREATE TABLE made AS SELECT id, distilbert_answer('Who?', body) AS who FROM docs;
SELECT count(who), sum(who = 'Ada') FROM made;
.check 3|1

.testcase INSERT into the table that is read
.inferences 3
INSERT INTO found SELECT f.id, a.answer FROM found AS f JOIN docs ON docs.id = f.id,
  distilbert_answers('Who?', body) AS a;
SELECT count(*) FROM found;
.check 6

.testcase DELETE where an answer says so
.inferences 3
DELETE FROM docs WHERE distilbert_answer('Who?', body) = 'Cleo';
SELECT count(*) FROM docs;
.check 3

.testcase UPSERT
.inferences 2
INSERT INTO docs(body) VALUES ('Ada wrote it.') ON CONFLICT(body) DO UPDATE
  SET who = distilbert_answer('Who?', excluded.body) || '!';
INSERT INTO docs(body) VALUES ('Dan ate it.') ON CONFLICT(body) DO NOTHING;
SELECT id, who FROM docs WHERE who LIKE '%!' OR body LIKE 'Dan%' ORDER BY id;
.check <<END
1|Ada!
4|NULL
END

.testcase UPSERT that has nothing to do asks nothing
.inferences 0
INSERT INTO docs(body) VALUES ('Ada wrote it.') ON CONFLICT(body) DO UPDATE
  SET who = distilbert_answer('Who?', excluded.body) WHERE excluded.body LIKE 'x%';
SELECT who FROM docs WHERE id = 1;
.check Ada!

.testcase UPSERT out of a select
.inferences 2
INSERT INTO docs(body) SELECT body FROM docs WHERE body < 'C'
    ON CONFLICT(body) DO UPDATE SET who = distilbert_answer('Who?', body);
SELECT group_concat(who) FROM docs WHERE body < 'C';
.check Ada,Bob

.testcase UPDATE of several columns by one row
.inferences 3
CREATE TABLE two(body TEXT, who TEXT, place INT);
INSERT INTO two(body) VALUES ('Ada wrote it.'), ('It was read by Bob.'), (NULL), ('Cleo sold it.');
UPDATE two SET (who, place) = (SELECT answer, start FROM distilbert_answers('Who?', body));
SELECT who, place FROM two;
.check <<END
Ada|0
Bob|15
NULL|NULL
Cleo|0
END

-- Views ----------------------------------------------------------------------

.testcase a view of a scalar
.inferences 3
CREATE VIEW v AS SELECT id, distilbert_answer('Who?', body) AS who FROM docs;
SELECT id, who FROM v WHERE who IS NOT NULL ORDER BY who DESC;
.check <<END
4|Dan
2|Bob
1|Ada
END

.testcase a view that asks of one row only
.inferences 1
SELECT who FROM v WHERE id = 2;
.check Bob

.testcase a view of a table of ours, with OR
.inferences 3
CREATE VIEW w AS SELECT docs.id, answer, score, start FROM docs, distilbert_answers('Who?', body);
SELECT id, answer FROM w WHERE answer = 'Bob' OR start = 77;
.check 2|Bob

.testcase a view with all hidden columns
.inferences 2
CREATE VIEW asked AS SELECT question, context, answer FROM distilbert_answers;
SELECT answer FROM asked WHERE question = 'Who?'
   AND context IN ('Ada wrote it.', 'Bob read it.') ORDER BY 1;
.check <<END
Ada
Bob
END

.testcase a view joined to a view
.inferences 3
SELECT v.id, v.who, w.answer FROM v JOIN w ON v.id = w.id WHERE w.start = 0 ORDER BY v.id;
.check <<END
1|Ada|Ada
2|Bob|Bob
4|Dan|Dan
END

-- Triggers -------------------------------------------------------------------

.testcase AFTER INSERT
.inferences 1
CREATE TABLE news(body TEXT, who TEXT);
CREATE TRIGGER said AFTER INSERT ON news BEGIN
  UPDATE news SET who = distilbert_answer('Who?', new.body) WHERE rowid = new.rowid;
END;
INSERT INTO news(body) VALUES ('Ada wrote it.');
SELECT who FROM news;
.check Ada

.testcase WHEN asks once, though the trigger asks again
.inferences 2
CREATE TRIGGER heard BEFORE INSERT ON news
  WHEN distilbert_answer('Who?', new.body) = 'Bob' BEGIN
  SELECT raise(ABORT, 'not Bob') WHERE distilbert_answer('Who?', new.body) = 'Bob';
END;
INSERT INTO news(body) VALUES ('Cleo sold it.'), ('Bob read it.');
.error not Bob

.testcase a trigger over a table of ours
.inferences 1
DROP TRIGGER heard;
CREATE TABLE word(token TEXT);
CREATE TRIGGER words AFTER INSERT ON news BEGIN
  INSERT INTO word SELECT token FROM distilbert_tokens(new.body) WHERE special = 0;
END;
INSERT INTO news(body) VALUES ('Dan ate it.');
SELECT group_concat(token, ' ') FROM word;
.check dan ate it .

.testcase INSTEAD OF
.inferences 1
CREATE TRIGGER through INSTEAD OF INSERT ON v BEGIN
  INSERT INTO docs(body, who) VALUES (new.who, distilbert_answer('Who?', new.who));
END;
INSERT INTO v(who) VALUES ('Eve read it.');
SELECT who FROM docs WHERE body LIKE 'Eve%';
.check Eve

-- ATTACH, transactions -------------------------------------------------------

.testcase another database
.inferences 2
ATTACH ':memory:' AS other;
CREATE TABLE other.docs(body TEXT);
INSERT INTO other.docs VALUES ('Fay sang it.'), ('Gus heard it.');
SELECT group_concat(answer) FROM other.docs AS o, distilbert_answers('Who?', o.body);
.check Fay,Gus

.testcase INSERT across databases
.inferences 2
INSERT INTO main.found(answer) SELECT distilbert_answer('Who?', body) FROM other.docs;
SELECT group_concat(answer) FROM found WHERE id IS NULL;
.check Fay,Gus

.testcase a join across databases, with OR
.inferences 3
SELECT o.body FROM other.docs AS o, main.docs AS d, distilbert_answers
 WHERE question = 'Who?' AND (context = o.body OR context = d.body)
   AND d.id = 1 AND answer <> 'Ada' ORDER BY 1;
.check <<END
Fay sang it.
Gus heard it.
END

.testcase DETACH
.inferences 1
DETACH other;
SELECT distilbert_answer('Who?', 'Ada wrote it.');
.check Ada

.testcase ROLLBACK keeps what a text has cost
.inferences 1
BEGIN;
UPDATE docs SET who = distilbert_answer('Who?', body) WHERE id = 1;
ROLLBACK;
UPDATE docs SET who = distilbert_answer('Who?', body) WHERE id = 1;
SELECT who FROM docs WHERE id = 1;
.check Ada
