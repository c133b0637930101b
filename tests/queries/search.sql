-- Beside other virtual tables: full text and JSON; what is sorted, and how far.

.require (SELECT count(*) FROM pragma_compile_options WHERE compile_options = 'ENABLE_FTS5')

CREATE VIRTUAL TABLE fts USING fts5(body);
INSERT INTO fts VALUES ('Ada wrote it.'), ('Bob wrote and read it.'), ('Cleo sold it.'),
  ('Dan wrote, and wrote, and wrote it.');
CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs SELECT rowid, body FROM fts;

.testcase answers in what a search finds
.inferences 3
SELECT answer FROM fts, distilbert_answers('Who?', fts.body) WHERE fts MATCH 'wrote'
 ORDER BY answer;
.check <<END
Ada
Bob
Dan
END

.testcase the search as a function
.inferences 3
SELECT answer FROM fts('wrote') AS f, distilbert_answers('Who?', f.body) ORDER BY answer;
.check <<END
Ada
Bob
Dan
END

.testcase the best by rank
.inferences 1
SELECT answer FROM fts, distilbert_answers('Who?', fts.body) WHERE fts MATCH 'wrote'
 ORDER BY rank LIMIT 1;
.check Dan

.testcase the best by rank, then answered
.inferences 1
SELECT answer FROM (SELECT body FROM fts WHERE fts MATCH 'wrote' ORDER BY rank LIMIT 1) AS f,
  distilbert_answers('Who?', f.body);
.check Dan

.testcase scalars beside a rank
.inferences 1
SELECT distilbert_answer('Who?', body) FROM fts WHERE fts MATCH 'wrote' ORDER BY rank LIMIT 1;
.check Dan

.testcase a list out of a search
.inferences 3
SELECT context, answer FROM distilbert_answers('Who?')
 WHERE context IN (SELECT body FROM fts WHERE fts MATCH 'wrote') ORDER BY answer;
.check <<END
Ada wrote it.|Ada
Bob wrote and read it.|Bob
Dan wrote, and wrote, and wrote it.|Dan
END

.testcase OR over both
.inferences 3
SELECT answer FROM fts, distilbert_answers('Who?', fts.body) WHERE fts MATCH 'wrote'
   AND (answer = 'Ada' OR fts.rowid = 4) ORDER BY answer;
.check <<END
Ada
Dan
END

.testcase this search or that
.inferences 2
SELECT answer FROM fts, distilbert_answers('Who?', fts.body)
 WHERE fts.rowid IN (SELECT rowid FROM fts('read') UNION SELECT rowid FROM fts('sold'))
 ORDER BY answer;
.check <<END
Bob
Cleo
END

.testcase contexts out of JSON
.inferences 2
SELECT value, answer FROM json_each('["Ada wrote it.", "Bob read it.", null]'),
  distilbert_answers('Who?', value);
.check <<END
Ada wrote it.|Ada
Bob read it.|Bob
END

.testcase JSON after the table that wants it
.inferences 2
SELECT answer FROM distilbert_answers('Who?', j.value) AS a,
  json_each('["Ada wrote it.", "Bob read it."]') AS j ORDER BY answer;
.check <<END
Ada
Bob
END

.testcase JSON of answers
.inferences 3
SELECT json_group_array(answer) FROM (SELECT answer FROM fts('wrote') AS f,
  distilbert_answers('Who?', f.body) ORDER BY answer);
.check ["Ada","Bob","Dan"]

.testcase a vector as JSON, element by element
.inferences 1
SELECT count(*), abs(sum(value * value) - 1) < 0.001
  FROM json_each(distilbert_vector_json(distilbert_embed('a kitten')));
.check 384|1

-- How far a query reads ------------------------------------------------------

.testcase ORDER BY a key, LIMIT
.inferences 1
SELECT docs.id, answer FROM docs, distilbert_answers('Who?', body) ORDER BY docs.id LIMIT 1;
.check 1|Ada

.testcase ORDER BY a key, descending
.inferences 1
SELECT docs.id, answer FROM docs, distilbert_answers('Who?', body) ORDER BY docs.id DESC LIMIT 1;
.check 4|Dan

.testcase ORDER BY a score reads all
.inferences 4
SELECT docs.id FROM docs, distilbert_answers('Who?', body) ORDER BY score DESC LIMIT 1;
.glob ?

.testcase EXPLAIN asks nothing
.inferences 0
EXPLAIN QUERY PLAN SELECT answer, distilbert_answer('Who?', 'Ada wrote it.', 'distilbert-minilm-qa')
  FROM docs, distilbert_answers('Who?', body);
.glob *

.testcase after ANALYZE
.inferences 4
ANALYZE;
SELECT docs.id, answer FROM distilbert_answers('Who?') AS a JOIN docs ON a.context = docs.body
 WHERE answer = 'Ada' OR start = 77 OR docs.id = 2 ORDER BY 1;
.check <<END
1|Ada
2|Bob
END

.testcase rows in reverse
.inferences 8
PRAGMA reverse_unordered_selects = 1;
SELECT count(*), count(DISTINCT context) FROM distilbert_answers
 WHERE (question = 'Who?' AND context IN (SELECT body FROM docs WHERE id < 4))
    OR (question = 'Who?' AND context IN (SELECT body FROM docs WHERE id > 2));
PRAGMA reverse_unordered_selects = 0;
.check 4|4
