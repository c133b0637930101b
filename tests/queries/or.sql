-- OR over a table of ours: its own columns, its parameters, whole calls.
-- SQLite asks for a plan of each branch alone, and joins the branches by rowid.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, ' '), (5, 'Cleo sold it.');
CREATE TABLE many(id INTEGER PRIMARY KEY, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 150)
INSERT INTO many(id, body) SELECT i, 'Ada wrote ' || i || ' lines.' FROM n;

-- Own columns ----------------------------------------------------------------

.testcase a score or a place
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.', 3)
 WHERE score > 0.9 OR start = 0 ORDER BY score DESC LIMIT 1;
.check Ada

.testcase only one branch is true
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.', 1)
 WHERE score > 2 OR start = 0;
.check Ada

.testcase no branch is true
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.', 3)
 WHERE score > 2 OR start = 77;
.check

.testcase LIKE, GLOB, BETWEEN, IS NULL
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE answer LIKE 'ad%' OR answer GLOB '*x' OR score BETWEEN 3 AND 4
    OR answer IS NULL;
.check Ada

.testcase IS NULL alone in a branch
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE answer IS NULL OR "end" IS NOT NULL;
.check Ada

.testcase NOT over OR, AND over OR
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE NOT (score > 2 OR start = 5) AND (start = 0 OR start = 1)
   AND ("end" = 3 OR "end" = 4);
.check Ada

.testcase in a join
.inferences 4
SELECT id, answer FROM docs, distilbert_answers('Who?', body)
 WHERE answer = 'Ada' OR start = 9 OR id = 5 ORDER BY id;
.check <<END
1|Ada
5|Cleo
END

.testcase in a left join's ON
.inferences 4
SELECT id, answer FROM docs LEFT JOIN distilbert_answers('Who?', body)
    ON answer LIKE 'a%' OR answer LIKE 'c%' ORDER BY id;
.check <<END
1|Ada
2|NULL
3|NULL
4|NULL
5|Cleo
END

.testcase a parameter that is given besides
.inferences 1
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.') WHERE context LIKE '%wrote%' OR start = 77;
SELECT answer FROM distilbert_answers('Who?', 'Ada wrote it.') WHERE context = 'b' OR start = 0;
.check <<END
Ada
Ada
END

.testcase two tables of ours
.inferences 2
SELECT a.answer, b.answer FROM distilbert_answers('Who?', 'Ada wrote it.') AS a,
  distilbert_answers('Who?', 'Bob read it.') AS b
 WHERE a.score > 2 OR a.start = b.start OR b.answer = a.answer;
.check Ada|Bob

-- Parameters -----------------------------------------------------------------

.testcase OR of whole calls
.inferences 2
SELECT answer FROM distilbert_answers
 WHERE (question = 'Who?' AND context = 'Ada wrote it.')
    OR (question = 'What?' AND context = 'Bob read it.') ORDER BY context;
.check <<END
Ada
Bob read it
END

.testcase OR of whole calls: every row of each, once
.inferences 2
SELECT question, count(*), count(DISTINCT answer) FROM distilbert_answers
 WHERE (question = 'Who?' AND context = 'Ada wrote it.' AND top_k = 3)
    OR (question = 'Where?' AND context = 'Bob is in Rome.' AND top_k = 3)
 GROUP BY question;
.check <<END
Where?|3|3
Who?|3|3
END

.testcase OR of calls that say the same: its rows once
.inferences 1
SELECT answer FROM distilbert_answers
 WHERE (question = 'Who?' AND context = 'Ada wrote it.')
    OR (context = 'Ada wrote it.' AND question = 'Who?');
.check Ada

.testcase OR of calls, rows in both: once
.inferences 4
SELECT context, answer FROM distilbert_answers
 WHERE (question = 'Who?' AND context IN ('Ada wrote it.', 'Bob read it.'))
    OR (question = 'Who?' AND context IN ('Bob read it.', 'Cleo sold it.'))
 ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
Cleo sold it.|Cleo
END

.testcase rows of lists that begin alike
.inferences 4
SELECT context, answer FROM distilbert_answers
 WHERE (question = 'Who?' AND context IN ('Ada wrote it.', 'Bob read it.'))
    OR (question = 'Who?' AND context IN ('Ada wrote it.', 'Cleo sold it.'))
 ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
Cleo sold it.|Cleo
END

.testcase one question, this context or that
.inferences 2
SELECT context, answer FROM distilbert_answers
 WHERE question = 'Who?' AND (context = 'Ada wrote it.' OR context = 'Bob read it.')
 ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
END

.testcase the same in parentheses
.inferences 2
SELECT context, answer FROM distilbert_answers('Who?')
 WHERE context = 'Ada wrote it.' OR context = 'Bob read it.' ORDER BY context;
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
END

.testcase this question or that, one context
.inferences 2
SELECT question, answer FROM distilbert_answers
 WHERE (question = 'Who?' OR question = 'Who wrote?') AND context = 'Ada wrote it.'
 ORDER BY question;
.check <<END
Who wrote?|Ada
Who?|Ada
END

.testcase contexts of two tables of a join
.inferences 2
SELECT a.id, b.id, answer FROM docs AS a, docs AS b, distilbert_answers
 WHERE question = 'Who?' AND (context = a.body OR context = b.body)
   AND a.id = 1 AND b.id = 2 ORDER BY answer;
.check <<END
1|2|Ada
1|2|Bob
END

.testcase the same context in both: its row once
.inferences 1
SELECT a.id, b.id, answer FROM docs AS a, docs AS b, distilbert_answers
 WHERE question = 'Who?' AND (context = a.body OR context = b.body)
   AND a.id = 1 AND b.id = 1;
.check 1|1|Ada

.testcase a join, one branch NULL
.inferences 1
SELECT a.id, b.id, answer FROM docs AS a, docs AS b, distilbert_answers
 WHERE question = 'Who?' AND (context = a.body OR context = b.body)
   AND a.id = 1 AND b.id = 3;
.check 1|3|Ada

.testcase whole calls in a join
.inferences 3
SELECT docs.id, answer FROM docs, distilbert_answers
 WHERE (question = 'Who?' AND context = body AND docs.id = 1)
    OR (question = 'Who did it?' AND context = body AND docs.id = 2) ORDER BY 1;
.check <<END
1|Ada
2|Bob
END

.testcase long lists that overlap
.inferences 201
SELECT count(*), count(DISTINCT context) FROM distilbert_answers
 WHERE (question = 'Who?' AND context IN (SELECT body FROM many WHERE id <= 100))
    OR (question = 'Who?' AND context IN (SELECT body FROM many WHERE id BETWEEN 50 AND 150));
.check 150|150

.testcase long lists that overlap, 3 rows each
.inferences 201
SELECT count(*), count(DISTINCT context) FROM distilbert_answers
 WHERE top_k = 3 AND ((question = 'Who?' AND context IN (SELECT body FROM many WHERE id <= 100))
    OR (question = 'Who?' AND context IN (SELECT body FROM many WHERE id BETWEEN 50 AND 150)));
.check 450|150

.testcase OR beside lists
.inferences 150
SELECT count(*) FROM distilbert_answers
 WHERE question IN ('Who?') AND context IN (SELECT body FROM many)
   AND (start = 0 OR score > 2);
.check 150

.testcase OR in EXISTS
.inferences 4
SELECT id FROM docs WHERE EXISTS (SELECT 1 FROM distilbert_answers
  WHERE question = 'Who?' AND (context = body OR context = 'Bob read it.')
    AND answer = 'Ada');
.check 1

.testcase whole calls that differ in an option
.inferences 2
SELECT top_k, count(*) FROM distilbert_answers
 WHERE (question = 'Who?' AND context = 'Ada wrote it.' AND top_k = 1)
    OR (question = 'Who?' AND context = 'Ada wrote it.' AND top_k = 2) GROUP BY top_k;
.check <<END
1|1
2|2
END

.testcase one call, a list of options
.inferences 3
SELECT top_k, count(*) FROM distilbert_answers('Who?', 'Ada wrote it.')
 WHERE top_k = 1 OR top_k = 2 OR top_k = 3 GROUP BY top_k;
.check <<END
1|1
2|2
3|3
END

.testcase calls in a join that differ in an option
.inferences 4
SELECT docs.id, count(*) FROM docs, distilbert_answers
 WHERE (question = 'Who?' AND context = body AND top_k = 1 AND docs.id = 1)
    OR (question = 'Who?' AND context = body AND top_k = 2 AND docs.id = 2)
 GROUP BY docs.id;
.check <<END
1|1
2|2
END

.testcase a branch that gives no context
SELECT answer FROM distilbert_answers
 WHERE question = 'Who?' AND (context = 'Ada wrote it.' OR score > 0.5);
.error distilbert_answers: needs the argument context: *

.testcase a branch that gives nothing
SELECT answer FROM distilbert_answers
 WHERE (question = 'Who?' AND context = 'Ada wrote it.') OR score > 0.5;
.error distilbert_answers: needs the argument question: *

.testcase rows of one scan have rowids of their own
.inferences 100
SELECT count(*), count(DISTINCT rowid) FROM distilbert_answers
 WHERE question = 'Who?' AND top_k = 3 AND context IN (SELECT body FROM many WHERE id <= 100);
.check 300|300

.testcase the same row of another scan has the same
.inferences 4
SELECT docs.id, a.rowid =
       (SELECT b.rowid FROM distilbert_answers('Who?', docs.body) AS b)
  FROM docs, distilbert_answers('Who?', body) AS a ORDER BY 1;
.check <<END
1|1
2|1
5|1
END

-- The other tables -----------------------------------------------------------

.testcase tokens
.inferences 0
SELECT token FROM distilbert_tokens('Ada wrote it.')
 WHERE special = 1 OR start = 0 ORDER BY position;
.check <<END
[CLS]
ada
[SEP]
END

.testcase tokens of this text or that
.inferences 0
SELECT text, count(*) FROM distilbert_tokens
 WHERE (text = 'one' OR text = 'one two') AND special = 0 GROUP BY text;
.check <<END
one|1
one two|2
END

.testcase tokens of whole calls
.inferences 0
SELECT text, pair, count(*) FROM distilbert_tokens
 WHERE (text = 'one' AND pair = 'two') OR text = 'one two three'
 GROUP BY text, pair;
.check <<END
one|two|5
one two three|NULL|5
END

.testcase whole calls of two models
.inferences 0
SELECT model, count(*) FROM distilbert_tokens
 WHERE (text = 'one' AND model = 'all-minilm-l6-v2')
    OR (text = 'one' AND model = 'distilbert-minilm-qa') GROUP BY model;
.check <<END
all-minilm-l6-v2|3
distilbert-minilm-qa|3
END

.testcase masked words
.inferences 0
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
.check mlm

.testcase masked words: a score or a mask
.inferences 1
SELECT token_str FROM distilbert_fill_mask('Paris is the [MASK] of France.', 3, NULL, 'mlm')
 WHERE score > 0.09 OR token_str LIKE 's%' ORDER BY score DESC;
.check <<END
orleans
seoul
END

.testcase masked words of this text or that
.inferences 2
SELECT text, token_str FROM distilbert_fill_mask
 WHERE (text = 'I [MASK] you!' OR text = 'Paris is the [MASK] of France.')
   AND top_k = 1 AND model = 'mlm' ORDER BY text;
.check <<END
I [MASK] you!|resulted
Paris is the [MASK] of France.|orleans
END

.testcase settings and models
.inferences 0
SELECT key FROM distilbert_config WHERE key = 'engine' OR value = 'truncate'
 ORDER BY key;
SELECT name FROM distilbert_models WHERE name = 'mlm' OR path IS NULL ORDER BY name;
.check <<END
engine
overflow
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
mlm
END

.testcase the model goes
.inferences 0
SELECT distilbert_forget('mlm');
.check mlm
