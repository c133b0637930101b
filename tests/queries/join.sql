-- Joins: a table of ours takes its arguments from the tables before it.
-- Of docs four texts go through the model: a context of blanks counts as one.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, ' '), (5, 'Cleo sold it.');
CREATE TABLE tag(doc INT, tag TEXT);
INSERT INTO tag VALUES (1, 'a'), (1, 'b'), (2, 'c'), (9, 'd');

.testcase comma, JOIN, CROSS JOIN, in order
.inferences 4
SELECT group_concat(answer) FROM docs, distilbert_answers('Who?', body);
SELECT group_concat(answer) FROM docs JOIN distilbert_answers('Who?', body);
SELECT group_concat(answer) FROM docs CROSS JOIN distilbert_answers('Who?', body);
.check <<END
Ada,Bob,Cleo
Ada,Bob,Cleo
Ada,Bob,Cleo
END

.testcase out of order, SQLite finds it
.inferences 4
SELECT id, answer FROM distilbert_answers('Who?') AS a JOIN docs ON a.context = docs.body
 ORDER BY id;
.check <<END
1|Ada
2|Bob
5|Cleo
END

.testcase arguments before their table
.inferences 4
SELECT id, answer FROM distilbert_answers('Who?', docs.body), docs ORDER BY id;
.check <<END
1|Ada
2|Bob
5|Cleo
END

.testcase CROSS JOIN keeps the wrong order
SELECT id, answer FROM distilbert_answers('Who?') AS a CROSS JOIN docs
    ON a.context = docs.body;
.error distilbert_answers: needs the argument context: *tables that stand before it in the join*

.testcase USING a column named like a parameter
.inferences 4
SELECT id, answer FROM (SELECT id, body AS context FROM docs)
  JOIN distilbert_answers USING (context) WHERE question = 'Who?' ORDER BY id;
.check <<END
1|Ada
2|Bob
5|Cleo
END

.testcase NATURAL JOIN leaves hidden columns alone
SELECT answer FROM (SELECT 'Ada wrote it.' AS context)
  NATURAL JOIN distilbert_answers WHERE question = 'Who?';
.error distilbert_answers: needs the argument context: *

.testcase LEFT JOIN keeps NULL and blank contexts
.inferences 4
SELECT id, answer FROM docs LEFT JOIN distilbert_answers('Who?', body) ORDER BY id;
.check <<END
1|Ada
2|Bob
3|NULL
4|NULL
5|Cleo
END

.testcase LEFT JOIN with conditions in ON
.inferences 4
SELECT id, answer FROM docs LEFT JOIN distilbert_answers
    ON question = 'Who?' AND context = body AND start = 0 AND score > 0.01
 ORDER BY id;
.check <<END
1|Ada
2|Bob
3|NULL
4|NULL
5|Cleo
END

.testcase LEFT JOIN, a condition that no row meets
.inferences 4
SELECT id, answer FROM docs LEFT JOIN distilbert_answers('Who?', body) ON score > 2
 ORDER BY id;
.check <<END
1|NULL
2|NULL
3|NULL
4|NULL
5|NULL
END

.testcase LEFT JOIN, then WHERE IS NULL: texts without an answer
.inferences 4
SELECT id FROM docs LEFT JOIN distilbert_answers('Who?', body)
 WHERE answer IS NULL ORDER BY id;
.check <<END
3
4
END

.testcase a table after ours
.inferences 2
SELECT id, answer, tag FROM docs JOIN distilbert_answers('Who?', body)
  LEFT JOIN tag ON doc = id WHERE id < 3 ORDER BY id, tag;
.check <<END
1|Ada|a
1|Ada|b
2|Bob|c
END

.testcase no text more than once, though a join repeats it
.inferences 4
SELECT id, tag, answer FROM docs JOIN tag ON doc = id
  JOIN distilbert_answers('Who?', body) ORDER BY id, tag;
.check <<END
1|a|Ada
1|b|Ada
2|c|Bob
END

.testcase a join that leaves one text
.inferences 1
SELECT id, tag, answer FROM docs JOIN tag ON doc = id
  JOIN distilbert_answers('Who?', body) WHERE tag = 'a';
.check 1|a|Ada

.testcase the answer of one as the question of the next
.inferences 2
SELECT a.answer, b.answer
  FROM distilbert_answers('Who?', 'Ada wrote it.') AS a,
       distilbert_answers('What did ' || a.answer || ' write?', 'Ada wrote a book.') AS b;
.check Ada|a book

.testcase two of ours beside each other
.inferences 2
SELECT a.answer, b.answer FROM distilbert_answers('Who?', 'Ada wrote it.') AS a
  JOIN distilbert_answers('Who?', 'Bob read it.') AS b;
.check Ada|Bob

.testcase a self-join of one text: it runs once
.inferences 1
SELECT a.answer, b.answer FROM distilbert_answers('Who?', 'Ada wrote it.', 3) AS a
  JOIN distilbert_answers('Who?', 'Ada wrote it.', 3) AS b ON b.start = a.start
 WHERE a.answer = 'Ada' AND b."end" = a."end";
.check Ada|Ada

.testcase questions by contexts
.inferences 8
WITH q(question) AS (VALUES ('Who?'), ('Who did it?'))
SELECT q.question, count(*), count(answer) FROM q, docs
  JOIN distilbert_answers(q.question, body) GROUP BY q.question ORDER BY 1;
.check <<END
Who did it?|3|3
Who?|3|3
END

.testcase tokens of a table
.inferences 0
SELECT docs.id, count(token) FROM docs LEFT JOIN distilbert_tokens(body)
 GROUP BY docs.id ORDER BY docs.id;
.check <<END
1|6
2|6
3|0
4|2
5|7
END

.testcase each text once, in a join by what is said
.inferences 4
SELECT d.id, e.id FROM docs AS d, distilbert_answers('Who?', d.body) AS a
  JOIN docs AS e ON e.body LIKE a.answer || '%' ORDER BY 1;
.check <<END
1|1
2|2
5|5
END

.testcase LEFT JOIN, then IS NULL of a parameter
.inferences 4
SELECT docs.id FROM docs LEFT JOIN distilbert_answers AS a ON question = 'Who?' AND context = body
 WHERE a.context IS NULL ORDER BY 1;
.check <<END
3
4
END

.testcase LEFT JOIN, then IS NULL of an argument in parentheses
.inferences 4
SELECT docs.id FROM docs LEFT JOIN distilbert_answers('Who?', body) AS a
 WHERE a.question IS NULL ORDER BY 1;
.check <<END
3
4
END

.testcase ours first in a LEFT JOIN
SELECT docs.id, answer FROM distilbert_answers('Who?') AS a LEFT JOIN docs ON a.context = docs.body;
.error distilbert_answers: needs the argument context: *
