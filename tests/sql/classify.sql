-- distilbert_classify(text [, model])
-- distilbert_classes(text): label, score | text, pair, top_k, function, model
-- Run from the repository's root. What the labels and scores must be:
-- tests/oracle/test_classify.c.

.testcase a model without the head
SELECT distilbert_classify('Fine.', 'distilbert-minilm-qa');
.error distilbert_classify: model distilbert-minilm-qa has no sequence classification head (it can: embed,answer)

.fault off

INSERT INTO distilbert_models(name, path)
  VALUES ('s', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls'),
         ('multi', 'tests/oracle/data/checkpoints/distilbert-uncased-multilabel'),
         ('one', 'tests/oracle/data/checkpoints/distilbert-uncased-regression'),
         ('bert', 'tests/oracle/data/checkpoints/bert-uncased-seqcls'),
         ('roberta', 'tests/oracle/data/checkpoints/roberta-seqcls');
UPDATE distilbert_config SET value = 's' WHERE key = 'classify_model';
SELECT distilbert_classify('x', column1)
  FROM (VALUES ('s'), ('multi'), ('one'), ('bert'), ('roberta'));

.fault on

.float 5

-- distilbert_classify --------------------------------------------------------

.testcase in an index only with its fingerprint
CREATE TABLE t(body TEXT);
CREATE INDEX labelled ON t(distilbert_classify(body, 's'));
INSERT INTO t VALUES ('fine');
.error distilbert_classify: model s: the index or table labelled is made with it, but without its fingerprint: *

.testcase and out again
DROP TABLE t;
SELECT distilbert_classify('fine', 's') IS NOT NULL;
.check 1

.testcase the best label
SELECT distilbert_classify('');
SELECT distilbert_classify('', 's');
SELECT distilbert_classify('', NULL);
SELECT distilbert_classify('hello', 'roberta');
.check <<END
negative
negative
negative
sadness
END

.testcase NULL
SELECT distilbert_classify(NULL), distilbert_classify(NULL, 's');
.check NULL|NULL

.testcase labels that the file does not name
SELECT distilbert_classify('hello', 'bert');
.glob LABEL_?

.testcase numbers and blobs are read as text
SELECT distilbert_classify(42) = distilbert_classify('42'),
       distilbert_classify(x'6869') = distilbert_classify('hi');
.check 1|1

.testcase the first of the classes
CREATE TEMP TABLE t(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO t(body) VALUES ('It was good.'), ('No!'), (NULL), (''),
  ('Why is the sky blue?'), ('12 34'), ('The end of the world');
SELECT count(*) FROM t, (VALUES ('s'), ('multi'), ('bert'), ('roberta')) m
 WHERE distilbert_classify(body, m.column1) IS NOT
       (SELECT label FROM distilbert_classes
         WHERE text = body AND model = m.column1 LIMIT 1);
.check 0

-- distilbert_classes ---------------------------------------------------------

.testcase all labels, best first
SELECT * FROM distilbert_classes('');
.check <<END
negative|0.96682
neutral|0.02436
positive|0.00882
END

.testcase top_k
SELECT * FROM distilbert_classes('', NULL, 1);
SELECT count(*) FROM distilbert_classes('', NULL, 100);
.check <<END
negative|0.96682
3
END

.testcase functions
SELECT label, score FROM distilbert_classes WHERE text = '' AND function = 'none';
SELECT label, score FROM distilbert_classes WHERE text = '' AND function = 'Sigmoid';
SELECT sum(score) > 0.9999 FROM distilbert_classes WHERE text = '' AND function = 'softmax';
.check <<END
negative|2.84206
neutral|-0.83894
positive|-1.85514
negative|0.94491
neutral|0.30176
positive|0.13527
1
END

.testcase a model of several labels at once
SELECT min(score) > 0 AND max(score) < 1 AND abs(sum(score) - 1) > 0.01
  FROM distilbert_classes('It was good.', NULL, NULL, NULL, 'multi');
.check 1

.testcase a regression is its number
SELECT label, score = (SELECT score FROM distilbert_classes('hello', NULL, NULL, 'none', 'one'))
  FROM distilbert_classes('hello', NULL, NULL, NULL, 'one');
.check LABEL_0|1

.testcase a pair
SELECT count(DISTINCT score) FROM distilbert_classes
 WHERE text = 'It was good.' AND label = 'neutral';
SELECT (SELECT score FROM distilbert_classes('It was good.', 'Not at all.')) <>
       (SELECT score FROM distilbert_classes('It was good.'));
.check <<END
1
1
END

.testcase NULL has no classes
SELECT count(*) FROM distilbert_classes(NULL);
.check 0

.testcase beside a table
SELECT t.id, c.label FROM t, distilbert_classes(t.body, NULL, 1) c
 WHERE t.id IN (2, 4);
.check <<END
2|neutral
4|negative
END

.testcase many texts at once
SELECT count(*), count(DISTINCT text) FROM distilbert_classes
 WHERE text IN (SELECT body FROM t) AND top_k = 2;
.check 12|6

.testcase a batch is as one by one
SELECT count(*) FROM
  (SELECT text, label, score FROM distilbert_classes WHERE text IN (SELECT body FROM t)
   EXCEPT
   SELECT body, label, score FROM t, distilbert_classes(t.body));
.check 0

-- long texts -----------------------------------------------------------------

.testcase a long text is cut where the model was named
SELECT distilbert_classify(t, 's') = distilbert_classify(t || ' and more', 's')
  FROM (SELECT replace(hex(zeroblob(200)), '00', 'word ') AS t);
.check 1

.fault off

.testcase or as the registration says
INSERT INTO distilbert_models(name, path, options)
  VALUES ('strict', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls', '{"overflow": "error"}'),
         ('windows', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls', '{"overflow": "window"}');
SELECT distilbert_classify(replace(hex(zeroblob(2000)), '00', 'a '), 'strict');
.error distilbert_classify: text has 2002 tokens, the model takes at most 128

.testcase a pair that is too long
SELECT * FROM distilbert_classes(replace(hex(zeroblob(100)), '00', 'a '),
                                 replace(hex(zeroblob(100)), '00', 'b '),
                                 NULL, NULL, 'strict');
.error distilbert_classes: pair has 203 tokens, the model takes at most 128

.testcase windows: the mean of their logits
CREATE TEMP TABLE w AS
  SELECT replace(hex(zeroblob(126)), '00', 'a ') AS a, replace(hex(zeroblob(126)), '00', 'b ') AS b;
SELECT count(*), max(abs(c.score - (x.score + y.score) / 2)) < 1e-5
  FROM w, distilbert_classes(w.a || w.b, NULL, NULL, 'none', 'windows') c,
       distilbert_classes(w.a, NULL, NULL, 'none', 's') x,
       distilbert_classes(w.b, NULL, NULL, 'none', 's') y
 WHERE c.label = x.label AND c.label = y.label;
.check 3|1

.testcase a longer window counts for more
SELECT count(*), max(abs(c.score - (126 * x.score + 42 * y.score) / 168)) < 1e-5,
       max(abs(x.score - y.score)) > 0.01
  FROM w, distilbert_classes(w.a || substr(w.b, 1, 84), NULL, NULL, 'none', 'windows') c,
       distilbert_classes(w.a, NULL, NULL, 'none', 's') x,
       distilbert_classes(substr(w.b, 1, 84), NULL, NULL, 'none', 's') y
 WHERE c.label = x.label AND c.label = y.label;
.check 3|1|1

.testcase windows are of one text
SELECT count(*) FROM w, distilbert_classes(w.a, w.b, NULL, NULL, 'windows');
.error distilbert_classes: pair has 255 tokens, the model takes at most 128, and windows are of one text

.fault on

-- errors ---------------------------------------------------------------------

.testcase an unknown function
SELECT * FROM distilbert_classes('x', NULL, NULL, 'tanh');
.error distilbert_classes: no function tanh; there are softmax, sigmoid, none

.testcase top_k
SELECT * FROM distilbert_classes('x', NULL, 0);
.error distilbert_classes: top_k must be a whole number from 1 to 1000000*

.testcase a model where a pair belongs
SELECT count(*) FROM distilbert_classes('x', 's');
.check 3

.testcase an unknown model
SELECT distilbert_classify('x', 'nowhere');
.error distilbert_classify: no model named nowhere: *

.testcase the connection goes on
SELECT distilbert_classify('');
.check negative

.fault off

DELETE FROM distilbert_models WHERE path IS NOT NULL;
