-- UPDATE FROM (SQLite 3.33) and RETURNING (3.35).

.require sqlite_version() >= '3.35'

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT UNIQUE, who TEXT);
INSERT INTO docs(body) VALUES ('Ada wrote it.'), ('Bob read it.'), (NULL),
  ('Cleo sold it.');

.testcase UPDATE FROM a table of ours
.inferences 3
UPDATE docs SET who = a.answer
  FROM (SELECT context, answer FROM distilbert_answers('Who?')
         WHERE context IN (SELECT body FROM docs)) AS a WHERE a.context = body;
SELECT id, who FROM docs;
.check <<END
1|Ada
2|Bob
3|NULL
4|Cleo
END

.testcase UPDATE FROM a join
.inferences 3
UPDATE docs SET who = a.answer || '!'
  FROM docs AS d, distilbert_answers('Who?', d.body) AS a WHERE d.id = docs.id;
SELECT id, who FROM docs;
.check <<END
1|Ada!
2|Bob!
3|NULL
4|Cleo!
END

.testcase UPDATE FROM a CTE
.inferences 3
WITH a(id, who) AS (SELECT id, distilbert_answer('Who?', body) FROM docs)
UPDATE docs SET who = a.who FROM a WHERE a.id = docs.id AND a.who > 'B';
SELECT group_concat(who) FROM docs;
.check Ada!,Bob,Cleo

.testcase RETURNING an answer
.inferences 2
INSERT INTO docs(body) VALUES ('Dan ate it.'), ('Eve saw it.')
RETURNING id, distilbert_answer('Who?', body) AS who;
.check <<END
5|Dan
6|Eve
END

.testcase RETURNING what an UPDATE has asked
.inferences 1
UPDATE docs SET who = distilbert_answer('Who?', body) WHERE id = 5
RETURNING who, distilbert_answer('Who?', body);
.check Dan|Dan

.testcase RETURNING of an UPSERT
.inferences 1
INSERT INTO docs(body) VALUES ('Dan ate it.') ON CONFLICT(body) DO UPDATE
  SET who = distilbert_answer('Who?', excluded.body) || '!' RETURNING id, who;
.check 5|Dan!

.testcase RETURNING of a DELETE
.inferences 1
DELETE FROM docs WHERE id = 6 RETURNING distilbert_answer('Who?', body);
.check Eve

.testcase RETURNING a sub-query of ours
.inferences 1
UPDATE docs SET who = NULL WHERE id = 1
RETURNING (SELECT answer FROM distilbert_answers('Who?', docs.body));
.check Ada
