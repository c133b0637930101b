-- distilbert_features(text): position, id, token, start, "end", vector |
--   text, pair, model, sequence
-- distilbert_span_logits(question, context): position, id, token, start, "end",
--   start_logit, end_logit | question, context, model, sequence
-- Run from the repository's root.

.fault off

INSERT INTO distilbert_models(name, path, options)
  VALUES ('mean', 'tests/oracle/data/checkpoints/distilbert-uncased-base',
    '{"pooling": "mean", "normalize": false}');
INSERT INTO distilbert_models(name, path)
  VALUES ('cls', 'tests/oracle/data/checkpoints/distilbert-uncased-noprefix'),
         ('qa', 'tests/oracle/data/checkpoints/distilbert-uncased-qa'),
         ('cased', 'tests/oracle/data/checkpoints/distilbert-cased-qa'),
         ('bert', 'tests/oracle/data/checkpoints/bert-uncased-qa'),
         ('roberta', 'tests/oracle/data/checkpoints/roberta-qa');

.testcase the models load
SELECT sum(distilbert_token_count('a', name)) FROM distilbert_models
 WHERE name IN ('mean', 'cls', 'qa', 'cased', 'bert', 'roberta');
.check 18

.fault on

-- distilbert_features --------------------------------------------------------

.testcase columns
.inferences 1
SELECT position, id, token, start, "end", typeof(vector), length(vector)
  FROM distilbert_features('Unaffable Café!');
.check <<END
0|101|[CLS]|0|0|blob|1536
1|14477|una|0|3|blob|1536
2|20961|##ffa|3|6|blob|1536
3|3468|##ble|6|9|blob|1536
4|7668|cafe|10|14|blob|1536
5|999|!|14|15|blob|1536
6|102|[SEP]|0|0|blob|1536
END

.testcase the subtype that sqlite-vec asks for
SELECT DISTINCT subtype(vector), typeof(vector) FROM distilbert_features('a');
.check 223|blob

.testcase numbers, as transformers gives them
SELECT position, json_extract(v, '$[0]'), json_extract(v, '$[31]')
  FROM (SELECT position, distilbert_vector_json(vector) AS v
          FROM distilbert_features('Hello world', NULL, 'mean'));
.float 5
.check <<END
0|-0.15107|-1.20330
1|0.05946|-0.83311
2|0.10064|-0.99309
3|0.03824|-0.61032
END

.float

.testcase token for token as distilbert_tokens has them
SELECT count(*), sum(f.id = t.id AND f.token = t.token AND f.start = t.start
                     AND f."end" = t."end")
  FROM (SELECT 'Ça, là: 東京 😀 unaffable [SEP] b' AS x) AS x,
       distilbert_features(x.x, 'Who?') AS f,
       distilbert_tokens(x.x, 'Who?') AS t
 WHERE f.position = t.position;
.check 17|17

.testcase their mean is the sentence's vector, where a model takes the mean
SELECT count(*), max(abs(m - value)) < 1e-6, max(abs(m)) > 0.1
  FROM (SELECT key, avg(value) AS m
          FROM distilbert_features('The cat sat on the mat.', NULL, 'mean'),
               json_each(distilbert_vector_json(vector)) GROUP BY key) AS f
  JOIN json_each(distilbert_vector_json(distilbert_embed(
         'The cat sat on the mat.', 'mean'))) AS e ON e.key = f.key;
.check 32|1|1

.testcase the first one is, where it takes that of [CLS]
SELECT vector = distilbert_embed('The cat sat on the mat.', 'cls')
  FROM distilbert_features('The cat sat on the mat.', NULL, 'cls') LIMIT 1;
.check 1

.testcase they are not brought to length 1, as a sentence's vector is
SELECT min(length) > 1.5
  FROM (SELECT sum(value * value) AS length
          FROM distilbert_features('The cat sat on the mat.'),
               json_each(distilbert_vector_json(vector)) GROUP BY position);
.check 1

.testcase a pair
SELECT group_concat(token, ' '), group_concat(ifnull(sequence, '-'), '')
  FROM distilbert_features('Who?', 'Bob');
.check '[CLS] who ? [SEP] bob [SEP]|-00-1-'

.testcase a token's vector depends on all of them
SELECT count(DISTINCT vector) FROM
  (SELECT vector FROM distilbert_features('Who?') WHERE position = 1
   UNION ALL SELECT vector FROM distilbert_features('Who?', 'Bob')
    WHERE position = 1);
.check 2

.testcase an empty pair is none
SELECT count(*), (SELECT count(*) FROM distilbert_features('Who?', NULL)),
       (SELECT count(DISTINCT sequence) FROM distilbert_features('Who?'))
  FROM distilbert_features('Who?', '');
.check 4|4|1

.testcase an empty text
SELECT group_concat(token, ' ') FROM distilbert_features('');
SELECT group_concat(token, ' ') FROM distilbert_features('', 'b');
SELECT group_concat(token, ' ') FROM distilbert_features('', '', 'roberta');
.check <<END
[CLS] [SEP]
[CLS] [SEP] b [SEP]
<s> </s>
END

.testcase no rows of NULL
SELECT count(*) FROM distilbert_features(NULL);
.check 0

.testcase any type is text
SELECT count(DISTINCT vector), count(*) FROM
  (SELECT vector FROM distilbert_features(42) WHERE position = 1
   UNION ALL SELECT vector FROM distilbert_features('42') WHERE position = 1
   UNION ALL SELECT vector FROM distilbert_features(x'3432')
    WHERE position = 1);
.check 1|3

.testcase ill-formed UTF-8
SELECT count(*) FROM distilbert_features(CAST(x'ff41c3' AS TEXT));
.check 3

.testcase all models have hidden states
SELECT m.name, count(*), max(length(vector)) / 4
  FROM (SELECT 'bert' AS name UNION ALL SELECT 'cased' UNION ALL
        SELECT 'roberta' UNION ALL SELECT 'distilbert-minilm-qa') AS m,
       distilbert_features('a b', NULL, m.name)
 GROUP BY 1 ORDER BY 1;
.check <<END
bert|4|32
cased|4|32
distilbert-minilm-qa|4|384
roberta|4|32
END

.testcase hidden columns
SELECT DISTINCT text, pair, model FROM distilbert_features
 WHERE text = 'Who?' AND pair = 'Bob' AND model = 'mean';
.check Who?|Bob|mean

.testcase of one sequence
SELECT group_concat(token, ' ') FROM distilbert_features('Who?', 'Bob Lee')
 WHERE sequence = 1;
SELECT group_concat(token, ' ') FROM distilbert_features('Who?', 'Bob Lee')
 WHERE sequence IS NULL;
.check <<END
bob lee
[CLS] [SEP] [SEP]
END

.testcase a table of texts
.inferences 3
SELECT x, count(*) FROM (SELECT 'a b' AS x UNION ALL SELECT 'c'
  UNION ALL SELECT NULL UNION ALL SELECT '') AS t, distilbert_features(t.x)
 GROUP BY x ORDER BY x;
.check <<END
|2
a b|4
c|3
END

.testcase a list of texts
.inferences 2
SELECT text, count(*), min(position) FROM distilbert_features
 WHERE text IN ('a b', 'c', NULL) AND pair = 'd' GROUP BY text ORDER BY text;
.check <<END
a b|6|0
c|5|0
END

.testcase LIMIT saves texts
.inferences 2
SELECT token FROM distilbert_features
 WHERE text IN (SELECT value FROM json_each('["a","b","c","d"]')) LIMIT 4;
.check <<END
[CLS]
a
[SEP]
[CLS]
END

.testcase a text alone or among others has the same bits
SELECT count(DISTINCT vector) FROM distilbert_features
 WHERE text IN ('one text', 'some other text') AND token = 'one';
.check 1

.testcase as long as can be
SELECT count(*) FROM
  distilbert_features(replace(printf('%.126c', 'x'), 'x', ' it'), NULL, 'mean');
.check 128

.testcase too long
SELECT * FROM
  distilbert_features(replace(printf('%.127c', 'x'), 'x', ' it'), NULL, 'mean');
.error distilbert_features: text has 129 tokens, the model takes at most 128

.testcase a text too long is no inference
SELECT count(*) FROM
  distilbert_features(replace(printf('%.600c', 'x'), 'x', ' the'));
.error distilbert_features: text has 602 tokens, the model takes at most 512

.testcase a pair too long
SELECT * FROM distilbert_features('The cat.',
  replace(printf('%.130c', 'x'), 'x', ' the'), 'mean');
.error distilbert_features: pair has 138 tokens, the model takes at most 128

.testcase one of a list is too long
SELECT text, position FROM distilbert_features
 WHERE text IN (SELECT 'a' UNION ALL
                SELECT replace(printf('%.600c', 'x'), 'x', ' the'));
.error distilbert_features: text has 602 tokens, the model takes at most 512

.testcase unknown model
SELECT * FROM distilbert_features('a', NULL, 'nobody');
.error distilbert_features: no model named nobody: *

.testcase no argument
SELECT * FROM distilbert_features;
.error distilbert_features: needs the argument text: *

.testcase too many arguments
SELECT * FROM distilbert_features(1, 2, 3, 4, 5);
.error too many arguments on distilbert_features() - max 4

.testcase not writable
DELETE FROM distilbert_features WHERE text = 'a';
.error table distilbert_features may not be modified

-- distilbert_span_logits -----------------------------------------------------

.testcase columns
.inferences 1
SELECT position, id, token, start, "end", start_logit, end_logit
  FROM distilbert_span_logits('Who is it?', 'It is Bob.', 'qa');
.float 4
.check <<END
0|5|[CLS]|0|0|1.8314|1.0083
1|334|who|0|3|4.9996|2.4110
2|297|is|4|6|3.4073|-0.7506
3|303|it|7|9|3.1702|-0.7000
4|38|?|9|10|0.0979|5.0580
5|6|[SEP]|0|0|-0.5205|-0.2673
6|303|it|0|2|3.4988|-0.3514
7|297|is|3|5|5.5902|1.2277
8|47|b|6|7|3.0212|1.4983
9|373|##o|7|8|-3.4692|-2.1210
10|501|##b|8|9|0.7430|-4.6017
11|21|.|9|10|2.4368|-0.5606
12|6|[SEP]|0|0|2.6621|-2.5600
END

.float

.testcase two logits a token
SELECT DISTINCT typeof(start_logit), typeof(end_logit), sequence,
       model FROM distilbert_span_logits('Who is it?', 'It is Bob.', 'roberta');
.check <<END
real|real|NULL|roberta
real|real|0|roberta
real|real|1|roberta
END

.testcase offsets are of a token's own text
SELECT group_concat(substr(CASE sequence WHEN 0 THEN question ELSE context END,
                           start + 1, "end" - start), '|')
  FROM distilbert_span_logits('Où est Zoë?', '東京 😀 unaffable')
 WHERE sequence IS NOT NULL;
.check Où|est|Zoë|?|東|京|😀|una|ffa|ble

CREATE TABLE asked(id INTEGER PRIMARY KEY, model, question, context);
INSERT INTO asked(model, question, context) VALUES
  ('qa', 'Who is the CEO?', 'Bob is the CEO of the small company.'),
  ('qa', 'What is it made of?', 'The bridge is made of steel, and it is long.'),
  ('qa', 'ಠಠ ☃?', 'ಠ_ಠ unknown ☃ ᎠᎡ chars АБВ Ελλάδα'),
  ('qa', 'What is [MASK]?', 'The [CLS] token starts, the [SEP] token ends, ' ||
    '<s> too </s> and [PAD] pads [MASK].'),
  ('cased', 'Who lives in Berkeley?',
    'My name is Clara and I live in Berkeley.'),
  ('cased', 'When did it end?', 'The war began in 1914 and ended in 1918.'),
  ('bert', 'How tall is it?', 'It is 330 metres tall.'),
  ('bert', '首都は?', '東京は日本の首都です。大阪は都市。 北京 2008'),
  ('roberta', 'What is it made of?',
    'The bridge is made of steel, and it is long.'),
  ('distilbert-minilm-qa', 'Who wrote it?',
    'Hamlet is a play. It was written by William Shakespeare around 1600.'),
  ('distilbert-minilm-qa', 'Where does Ada live?',
    'My name is Ada and I live in New York, near the park.');

.testcase the answer, as the example on a model's card takes it
WITH logit AS (
  SELECT asked.id, l.*, l.sequence FROM asked,
         distilbert_span_logits(asked.question, asked.context, asked.model)
         AS l),
first AS (SELECT id, position, start, max(start_logit) FROM logit
           WHERE sequence = 1 GROUP BY id),
last AS (SELECT id, position, "end", max(end_logit) FROM logit
          WHERE sequence = 1 GROUP BY id)
SELECT asked.id, answer, answer = distilbert_answer(question, context, model),
       (SELECT group_concat(token, ' ') FROM logit WHERE logit.id = asked.id
           AND position BETWEEN first.position AND last.position)
  FROM (SELECT asked.*, substr(context, start + 1, "end" - start) AS answer
          FROM asked JOIN first USING (id) JOIN last USING (id)) AS asked
  JOIN first USING (id) JOIN last USING (id) ORDER BY asked.id;
.check <<END
1|company|1|company
2|The bridge is made of|1|the b ##r ##i ##d ##g ##e is made of
3|_ಠ unknown|1|_ [UNK] unknown
4|the [SEP] token ends, <|1|the [SEP] token ends , <
5|Clara and I live in|1|C ##l ##a ##r ##a and I l ##i ##v ##e in
6|war began in 1914 and ended in|1|w ##a ##r be ##g ##a ##n in 1914 and end ##ed in
7|tall|1|t ##al ##l
8|都です。大阪は|1|都 [UNK] [UNK] 大 [UNK] [UNK]
9|made|1|Ġmade
10|William Shakespeare|1|william shakespeare
11|New York|1|new york
END

.testcase with bounds: the best of all spans that the pipeline allows
WITH logit AS (
  SELECT asked.id, l.*, l.sequence FROM asked,
         distilbert_span_logits(asked.question, asked.context, asked.model)
         AS l),
span AS (SELECT first.id, first.start, last."end",
                max(first.start_logit + last.end_logit)
           FROM logit AS first JOIN logit AS last USING (id)
          WHERE first.sequence = 1 AND last.sequence = 1
            AND last.position BETWEEN first.position AND first.position + 14
          GROUP BY first.id)
SELECT count(*), sum(substr(context, start + 1, "end" - start) =
                     distilbert_answer(question, context, model))
  FROM asked JOIN span USING (id);
.check 11|11

DROP TABLE asked;

.testcase a list of questions and a list of contexts
.inferences 4
SELECT question, context, count(*) FROM distilbert_span_logits
 WHERE question IN ('a', 'b c') AND context IN ('x', 'y z')
 GROUP BY 1, 2 ORDER BY 1, 2;
.check <<END
a|x|5
a|y z|6
b c|x|6
b c|y z|7
END

.testcase an empty context is none, as in the tokenizer
SELECT group_concat(token, ' ') FROM distilbert_span_logits('Who?', '');
SELECT group_concat(token, ' ') FROM distilbert_span_logits('', 'Bob.');
.check <<END
[CLS] who ? [SEP]
[CLS] [SEP] bob . [SEP]
END

.testcase no rows of NULL
SELECT count(*) FROM distilbert_span_logits(NULL, 'b');
SELECT count(*) FROM distilbert_span_logits('a', NULL);
.check <<END
0
0
END

.testcase as long as can be
SELECT count(*), sum(end_logit IS NOT NULL) FROM distilbert_span_logits('Who?',
  replace(printf('%.507c', 'x'), 'x', ' the'));
.check 512|512

.testcase too long
SELECT * FROM distilbert_span_logits('Who?',
  replace(printf('%.508c', 'x'), 'x', ' the'));
.error distilbert_span_logits: pair has 513 tokens, the model takes at most 512; distilbert_answers reads long contexts

.testcase a model without the head
SELECT * FROM distilbert_span_logits('a', 'b', 'mean');
.error distilbert_span_logits: model mean has no question answering head *

.testcase unknown model
SELECT * FROM distilbert_span_logits('a', 'b', 'nobody');
.error distilbert_span_logits: no model named nobody: *

.testcase no context
SELECT * FROM distilbert_span_logits('a');
.error distilbert_span_logits: needs the argument context: *

.testcase not writable
DELETE FROM distilbert_span_logits WHERE question = 'a' AND context = 'b';
.error table distilbert_span_logits may not be modified

-- Other connections ----------------------------------------------------------

.fault off
DELETE FROM distilbert_models
 WHERE name IN ('mean', 'cls', 'qa', 'cased', 'bert', 'roberta');
.fault on

.open utf16

.testcase UTF-16
SELECT group_concat(substr(x, start + 1, "end" - start), '|')
  FROM (SELECT 'Zoë 😀 東京' AS x) AS t, distilbert_features(t.x)
 WHERE sequence = 0;
.check Zoë|😀|東|京

.open safe

.testcase the safe entry has them
SELECT count(*), (SELECT count(*) FROM distilbert_span_logits('a', 'b'))
  FROM distilbert_features('a');
.check 3|5
