-- Entities of a column: rows, and what queries may cost.

INSERT INTO distilbert_models(name, path, options)
  VALUES ('ner', 'tests/oracle/data/checkpoints/distilbert-cased-tokcls', NULL),
         ('narrow', 'tests/oracle/data/checkpoints/distilbert-cased-tokcls', '{"max_tokens": 24}');
CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  SELECT CASE i % 25 WHEN 0 THEN NULL ELSE 'In ' || i || ' Ada met Bob in ' ||
         CASE i % 2 WHEN 0 THEN 'Rome.' ELSE 'Berlin.' END END FROM n;

.testcase the entities of each document
.inferences 96
SELECT count(DISTINCT id) FROM docs, distilbert_entities(body) WHERE model = 'ner';
.check 96

.testcase with their text
.inferences 96
SELECT count(*) > 96, sum(length(substr(body, start + 1, "end" - start)) = "end" - start) = count(*)
  FROM docs, distilbert_entities(body, 'first') WHERE model = 'ner';
.check 1|1

.testcase counted by entity
.inferences 96
SELECT count(*), sum(n) > 96 FROM (SELECT entity, word, count(*) AS n
  FROM docs JOIN distilbert_entities(body, 'first') ON model = 'ner'
 GROUP BY entity, word HAVING n > 1);
.glob *|1

.testcase documents without any, too
.inferences 96
SELECT count(DISTINCT id) FROM docs LEFT JOIN distilbert_entities(body) AS e ON e.model = 'ner';
.check 100

.testcase which documents name a place
.inferences 96
SELECT count(*) BETWEEN 1 AND 96 FROM docs WHERE EXISTS
  (SELECT 1 FROM distilbert_entities(body) WHERE entity = 'LOC' AND model = 'ner');
.check 1

.testcase a list in batches
.inferences 96
SELECT count(DISTINCT text) FROM distilbert_entities
 WHERE text IN (SELECT body FROM docs) AND model = 'ner';
.check 96

.testcase the first few of a list
.inferences 7
SELECT count(*) FROM (SELECT word FROM distilbert_entities
  WHERE text IN (SELECT body FROM docs) AND model = 'ner' LIMIT 5);
.check 5

.testcase a text of many windows is one text
.inferences 1
SELECT count(*) > 100 FROM distilbert_entities((SELECT group_concat(body, ' ') FROM docs))
 WHERE model = 'narrow';
.check 1

.testcase JSON and rows of the same text are found once
.inferences 96
SELECT count(*) FROM docs WHERE json_array_length(distilbert_entities_json(body, 'ner')) =
  (SELECT count(*) FROM distilbert_entities(body) WHERE model = 'ner');
.check 96

.testcase JSON mentioned twice
.inferences 96
SELECT count(json_extract(j, '$[0].word')), count(json_extract(j, '$[0].score'))
  FROM (SELECT distilbert_entities_json(body, 'ner') AS j FROM docs);
.check 96|96

.testcase JSON into rows
.inferences 10
SELECT count(DISTINCT docs.id), sum(json_extract(value, '$.entity') IS NULL)
  FROM docs, json_each(distilbert_entities_json(body, 'ner')) WHERE docs.id <= 10;
.check 10|0

.testcase another option is another question
.inferences 3
SELECT count(*) > 3 FROM (SELECT 'simple' AS a UNION SELECT 'first' UNION SELECT 'none'), docs
  JOIN distilbert_entities(body, a) WHERE docs.id = 1 AND model = 'ner';
.check 1

.testcase kept in a table
.inferences 96
CREATE TABLE entities AS SELECT id, entity, word, start, "end" FROM docs, distilbert_entities(body)
 WHERE model = 'ner';
SELECT count(DISTINCT id) FROM entities;
.check 96

DELETE FROM distilbert_models WHERE name IN ('ner', 'narrow');
