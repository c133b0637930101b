-- MATERIALIZED and NOT MATERIALIZED, which SQLite has from 3.35 on.

.require sqlite_version() >= '3.35'

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, 'Bob read it.'), (3, NULL),
  (4, 'Cleo sold it.');

.testcase MATERIALIZED
.inferences 3
WITH a AS MATERIALIZED (SELECT id, distilbert_answer('Who?', body) AS who FROM docs)
SELECT id, who, length(who) FROM a WHERE who > 'A' ORDER BY who DESC;
.check <<END
4|Cleo|4
2|Bob|3
1|Ada|3
END

.testcase MATERIALIZED asks once a text even where nothing is kept
.inferences 3
SELECT distilbert_set('cache_entries', 0);
WITH a AS MATERIALIZED (SELECT id, distilbert_answer('Who?', body) AS who FROM docs)
SELECT count(*) FROM a AS x, a AS y WHERE x.who > y.who AND x.who < 'D';
SELECT distilbert_set('cache_entries', NULL);
.check <<END
0
3
512
END

.testcase NOT MATERIALIZED
.inferences 3
WITH a AS NOT MATERIALIZED (SELECT id, distilbert_answer('Who?', body) AS who FROM docs)
SELECT id, who, length(who) FROM a WHERE who > 'A' ORDER BY who DESC;
.check <<END
4|Cleo|4
2|Bob|3
1|Ada|3
END

.testcase a table of ours, MATERIALIZED
.inferences 3
WITH a AS MATERIALIZED (SELECT docs.id, answer, start FROM docs, distilbert_answers('Who?', body))
SELECT id, answer FROM a WHERE answer = 'Bob' OR start = 7;
.check 2|Bob

.testcase a table of ours, NOT MATERIALIZED
.inferences 3
WITH a AS NOT MATERIALIZED (SELECT docs.id, answer, start FROM docs, distilbert_answers('Who?', body))
SELECT id, answer FROM a WHERE answer = 'Bob' OR start = 7;
.check 2|Bob

.testcase used twice, more texts than a connection keeps
.inferences 700
CREATE TABLE many(id INTEGER PRIMARY KEY, body TEXT);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 700)
INSERT INTO many SELECT i, 'Ada wrote ' || i || ' lines.' FROM n;
WITH a AS MATERIALIZED (SELECT id, distilbert_answer('Who?', body) AS who FROM many)
SELECT count(*) FROM a WHERE who = (SELECT max(who) FROM a);
.check 700
