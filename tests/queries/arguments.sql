-- Arguments and options out of columns, expressions, views and triggers.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, ' '), (5, 'Cleo sold it.');
CREATE TABLE q(id INTEGER PRIMARY KEY, q TEXT, k INT);
INSERT INTO q VALUES (1,'Who?',1),(2,'Who did it?',2);

.testcase an option out of a table
.inferences 2
SELECT q.id, count(*) FROM q, distilbert_answers(q.q, 'Ada wrote it.', q.k) GROUP BY q.id;
.check <<END
1|1
2|2
END

.testcase an option that is NULL
.inferences 1
SELECT count(*) FROM (SELECT NULL AS k) AS o, distilbert_answers('Who?', 'Ada wrote it.', o.k);
.check 1

.testcase an option out of a left join
.inferences 4
SELECT docs.id, answer, top_k
  FROM docs LEFT JOIN q ON q.id = docs.id JOIN distilbert_answers('Who?', body, q.k)
   ORDER BY 1, start, "end";
.check <<END
1|Ada|1
2|Bob|2
2|Bob read it|2
5|Cleo|NULL
END

.testcase all arguments out of tables that stand behind
.inferences 4
SELECT docs.id, answer FROM distilbert_answers AS a, q, docs
  WHERE a.context = docs.body AND a.question = q.q AND a.top_k = q.k AND q.id = 1 ORDER BY 1;
.check <<END
1|Ada
2|Bob
5|Cleo
END

.testcase numbers as texts
.inferences 2
SELECT context FROM distilbert_answers('What?') WHERE context = 7;
SELECT context FROM distilbert_answers('What?') WHERE context IN (SELECT 7 UNION ALL SELECT '07');
.check <<END
7
07
7
END

.testcase a view of two tables of ours
.inferences 1
CREATE VIEW u AS SELECT 'w' AS kind, question, context, answer
  FROM distilbert_answers UNION ALL SELECT 't', NULL, text, token FROM distilbert_tokens
   WHERE special = 0;
SELECT kind, answer FROM u WHERE context = 'Ada wrote it.' AND question = 'Who?';
.check w|Ada

.testcase a sub-query with LIMIT in a join
.inferences 3
SELECT docs.id, a.answer FROM docs, (SELECT answer, context FROM distilbert_answers
  WHERE question = 'Who?' AND context IN (SELECT body FROM docs) LIMIT 2) AS a
   WHERE a.context = docs.body ORDER BY 1;
.check <<END
1|Ada
2|Bob
END

.testcase the best row of each text
.inferences 4
SELECT docs.id, max(score) > 0, answer
  FROM docs, distilbert_answers('Who?', body, 3) GROUP BY docs.id;
.check <<END
1|1|Ada
2|1|Bob
5|1|Cleo
END

.testcase a trigger with OR
.inferences 2
CREATE TABLE log(a);
CREATE TRIGGER tr AFTER UPDATE ON docs BEGIN INSERT INTO log SELECT answer
  FROM distilbert_answers
   WHERE question = 'Who?' AND (context = old.body OR context = new.body) ORDER BY answer; END;
UPDATE docs SET body = 'Dan ate it.' WHERE id = 5;
SELECT group_concat(a) FROM log;
.check Cleo,Dan

.testcase CASE as an argument: NULL, no row
.inferences 1
SELECT docs.id, answer FROM docs, distilbert_answers(CASE WHEN docs.id = 1 THEN 'Who?' END, body);
.check 1|Ada

.testcase coalesce as an argument, OR beside it
.inferences 1
SELECT docs.id, answer FROM docs, distilbert_answers('Who?')
  WHERE context = coalesce(body, 'Ada wrote it.') AND (docs.id = 3 OR docs.id = 1) ORDER BY 1;
.check <<END
1|Ada
3|Ada
END

.testcase OR of two tables' questions
.inferences 2
SELECT a.question, answer FROM q AS x, q AS y, distilbert_answers AS a
  WHERE context = 'Ada wrote it.' AND (question = x.q OR question = y.q) AND x.id = 1
   AND y.id = 2 ORDER BY 1;
.check <<END
Who did it?|Ada
Who?|Ada
END

.testcase OR of calls on two tables
.inferences 2
SELECT a.context, answer FROM docs AS x, docs AS y, distilbert_answers AS a
  WHERE ((question = 'Who?' AND context = x.body) OR (question = 'Who?' AND context = y.body))
   AND x.id = 1 AND y.id = 2 ORDER BY 1;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
END
