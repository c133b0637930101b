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

-- Lists of texts -------------------------------------------------------------

.testcase zero-shot of a list
.inferences 300
SELECT count(*), count(DISTINCT text) FROM distilbert_zero_shot
 WHERE text IN (SELECT body FROM reviews UNION ALL SELECT body FROM reviews UNION ALL SELECT NULL)
   AND labels = 'good, bad, other' AND model = 'nli';
.check 300|100

.testcase its first row: one text, two pairs
.inferences 2
SELECT count(*) FROM (SELECT label FROM distilbert_zero_shot
  WHERE text IN (SELECT body FROM reviews) AND labels = 'good, bad' AND model = 'nli' LIMIT 1);
.check 1

.testcase three texts: one, then two
.inferences 6
SELECT count(*) FROM (SELECT label FROM distilbert_zero_shot
  WHERE text IN (SELECT body FROM reviews) AND labels = 'good, bad' AND model = 'nli' LIMIT 6);
.check 6

.testcase texts that are known, alone or in a list, in either order
.inferences 20
SELECT count(*) FROM reviews, distilbert_zero_shot(body, 'good, bad', NULL, NULL, 'nli') WHERE id <= 5;
SELECT count(*) FROM distilbert_zero_shot WHERE labels = 'good, bad' AND model = 'nli'
   AND text IN (SELECT body FROM reviews WHERE id <= 10);
SELECT count(*) FROM reviews, distilbert_zero_shot(body, 'good, bad', NULL, NULL, 'nli') WHERE id <= 10;
.check <<END
10
20
20
END

.testcase an empty text costs nothing
.inferences 2
SELECT text, count(*) FROM distilbert_zero_shot
 WHERE text IN ('', 'fine') AND labels = 'good, bad' AND model = 'nli' GROUP BY text;
.check fine|2

.testcase choices of a list, and the function knows them
.inferences 200
SELECT count(*) FROM distilbert_choices WHERE prompt IN (SELECT body FROM reviews)
   AND choices = '["so buy it", "so leave it"]' AND model = 'mc';
SELECT count(*) FROM reviews
 WHERE distilbert_choose(body, '["so buy it", "so leave it"]', 'mc') <> 'other';
.check <<END
200
100
END

.testcase the first prompt of a list
.inferences 2
SELECT count(*) FROM (SELECT choice FROM distilbert_choices WHERE prompt IN (SELECT body FROM reviews)
   AND choices = '["so buy it", "so leave it"]' AND model = 'mc' LIMIT 2);
.check 2

.testcase a long list of labels: no more pairs at once than are needed
.inferences 4200
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2100)
SELECT count(*) FROM (SELECT label FROM distilbert_zero_shot WHERE text IN (SELECT body FROM reviews)
  AND labels = (SELECT group_concat(i) FROM n) AND model = 'nli' LIMIT 2101);
.check 2101

DELETE FROM distilbert_models WHERE path IS NOT NULL;
