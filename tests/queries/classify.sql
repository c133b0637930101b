-- Labels of a column: what queries may cost.

INSERT INTO distilbert_models(name, path)
  VALUES ('s', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls'),
         ('nli', 'tests/oracle/data/checkpoints/distilbert-uncased-nli'),
         ('mc', 'tests/oracle/data/checkpoints/distilbert-uncased-mc');
CREATE TABLE reviews(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO reviews(body)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100)
  SELECT 'review number ' || i || CASE i % 3 WHEN 0 THEN ' is good' ELSE ' is bad!' END FROM n;

.testcase a label a row
.inferences 100
SELECT count(*), count(distilbert_classify(body, 's')) FROM reviews;
.check 100|100

.testcase counted by label
.inferences 100
SELECT sum(n) FROM (SELECT distilbert_classify(body, 's') AS label, count(*) AS n
                      FROM reviews GROUP BY label ORDER BY n DESC);
.check 100

.testcase the label and its score, mentioned twice
.inferences 100
SELECT count(*) FROM reviews, distilbert_classes(body, NULL, 1, NULL, 's') c
 WHERE c.label = distilbert_classify(body, 's') AND c.score > 0;
.check 100

.testcase the first ten
.inferences 31
SELECT count(*) FROM (SELECT label FROM distilbert_classes
  WHERE text IN (SELECT body FROM reviews) AND top_k = 1 AND model = 's' LIMIT 10);
.check 10

.testcase a label that is looked for
.inferences 50
SELECT count(*) < 100 FROM reviews WHERE distilbert_classify(body, 's') = 'positive' AND id <= 50;
.check 1

.testcase zero-shot: a pair for each label
.inferences 30
SELECT count(*) FROM reviews, distilbert_zero_shot(body, 'good, bad, other', NULL, NULL, 'nli')
 WHERE id <= 10;
.check 30

.testcase choices
.inferences 200
SELECT count(*) FROM reviews
 WHERE distilbert_choose(body, '["so buy it", "so leave it"]', 'mc') = 'so buy it' OR id > 0;
.check 100

DELETE FROM distilbert_models WHERE path IS NOT NULL;
