-- Aggregates, GROUP BY, HAVING, DISTINCT, window functions.

CREATE TABLE docs(id INTEGER PRIMARY KEY, topic TEXT, body TEXT);
INSERT INTO docs VALUES (1, 'x', 'Ada wrote it.'), (2, 'x', 'Bob read it.'),
  (3, 'x', NULL), (4, 'y', 'Cleo sold it.'), (5, 'y', 'Ada wrote it.');

.testcase an answer in an aggregate
.inferences 3
SELECT count(distilbert_answer('Who?', body)), max(distilbert_answer('Who?', body))
  FROM docs;
.check 4|Cleo

.testcase FILTER
.inferences 3
SELECT count(*) FILTER (WHERE distilbert_answer('Who?', body) = 'Ada') FROM docs;
.check 2

.testcase DISTINCT
.inferences 3
SELECT count(DISTINCT distilbert_answer('Who?', body)) FROM docs;
SELECT DISTINCT distilbert_answer('Who?', body) AS a FROM docs ORDER BY a;
.check <<END
3
NULL
Ada
Bob
Cleo
END

.testcase GROUP BY an answer
.inferences 3
SELECT distilbert_answer('Who?', body) AS a, count(*) FROM docs GROUP BY a ORDER BY a;
.check <<END
NULL|1
Ada|2
Bob|1
Cleo|1
END

.testcase GROUP BY and HAVING an answer
.inferences 3
SELECT distilbert_answer('Who?', body), count(*) FROM docs
 GROUP BY distilbert_answer('Who?', body)
HAVING distilbert_answer('Who?', body) > 'A' AND count(*) > 1;
.check Ada|2

.testcase GROUP BY a topic, rows of a table of ours
.inferences 3
SELECT topic, group_concat(answer) FROM docs, distilbert_answers('Who?', body)
 GROUP BY topic ORDER BY topic;
.check <<END
x|Ada,Bob
y|Cleo,Ada
END

.testcase the best row of each group
.inferences 3
SELECT topic, max(start), answer FROM docs, distilbert_answers('Who?', body)
 WHERE answer <> 'Ada' GROUP BY topic ORDER BY topic;
.check <<END
x|0|Bob
y|0|Cleo
END

.testcase an aggregate as the context
.inferences 2
SELECT topic, distilbert_answer('Who wrote it?', group_concat(body, ' '))
  FROM docs WHERE body LIKE 'Ada%' OR body LIKE 'Bob%' GROUP BY topic ORDER BY topic;
.check <<END
x|Ada
y|Ada
END

.testcase tokens a topic
.inferences 0
SELECT topic, sum(distilbert_token_count(body)), count(token)
  FROM docs LEFT JOIN distilbert_tokens(body) ON special = 1 GROUP BY topic ORDER BY topic;
.check <<END
x|24|4
y|26|4
END

.testcase a sum of cosines
.inferences 4
.float 3
SELECT round(sum(distilbert_cosine(distilbert_embed(body), distilbert_embed('Ada wrote it.'))), 3) > 1
  FROM docs;
.check 1

-- Window functions -----------------------------------------------------------

.testcase over answers
.inferences 3
SELECT id, a, row_number() OVER (ORDER BY a), count(*) OVER (PARTITION BY a)
  FROM (SELECT id, distilbert_answer('Who?', body) AS a FROM docs) ORDER BY id;
.check <<END
1|Ada|2|2
2|Bob|4|1
3|NULL|1|1
4|Cleo|5|1
5|Ada|3|2
END

.testcase over rows of a table of ours
.inferences 3
SELECT docs.id, answer, rank() OVER (PARTITION BY docs.id ORDER BY length(answer)) AS r
  FROM docs, distilbert_answers('Who?', body, 2) ORDER BY docs.id, r LIMIT 2;
.check <<END
1|Ada|1
1|Ada wrote it|2
END

.testcase the best two of each topic
.inferences 3
SELECT topic, answer FROM (
  SELECT topic, answer, row_number() OVER (PARTITION BY topic ORDER BY answer) AS n
    FROM docs, distilbert_answers('Who?', body)) WHERE n <= 1 ORDER BY topic;
.check <<END
x|Ada
y|Ada
END

.testcase the answer before
.inferences 3
SELECT id, lag(distilbert_answer('Who?', body)) OVER (ORDER BY id) FROM docs ORDER BY id;
.check <<END
1|NULL
2|Ada
3|Bob
4|NULL
5|Cleo
END

.testcase a running aggregate
.inferences 0
SELECT id, sum(distilbert_token_count(body)) OVER (ORDER BY id) FROM docs ORDER BY id;
.check <<END
1|6
2|12
3|12
4|19
5|25
END
