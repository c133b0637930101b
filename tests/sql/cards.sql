-- What the model cards and the documentation of DistilBERT show in Python, as
-- queries: a step each, with the calls it stands for. The models have the cards'
-- names and random weights; what they print is what transformers prints with
-- the same checkpoints (tests/oracle). With the real ones in
-- DISTILBERT_MODEL_PATH, oracle/test_fill and test_answers compare the numbers
-- on the cards.
-- Run from the repository's root.

.fault off

INSERT INTO distilbert_models(name, path)
SELECT column1, 'tests/oracle/data/checkpoints/' || column2 FROM (VALUES
  ('distilbert-base-uncased', 'distilbert-uncased-mlm'),
  ('distilroberta-base', 'roberta-mlm'),
  ('distilbert-base-uncased-distilled-squad', 'distilbert-uncased-qa'),
  ('distilbert-base-cased-distilled-squad', 'distilbert-cased-qa'),
  ('my-classifier', 'distilbert-uncased-seqcls'),
  ('my-tagger', 'distilbert-cased-tokcls'),
  ('my-chooser', 'distilbert-uncased-mc'));
SELECT distilbert_token_count('a', column1) FROM (VALUES
  ('distilbert-base-uncased'), ('distilroberta-base'),
  ('distilbert-base-uncased-distilled-squad'),
  ('distilbert-base-cased-distilled-squad'), ('my-classifier'), ('my-tagger'),
  ('my-chooser'));

.fault on

.float 5

-- distilbert-base-uncased ----------------------------------------------------

-- unmasker = pipeline('fill-mask', model='distilbert-base-uncased')
-- unmasker("Hello I'm a [MASK] model.")
.testcase base: fill-mask
SELECT score, token, token_str, sequence FROM distilbert_fill_mask
 WHERE text = 'Hello I''m a [MASK] model.' AND model = 'distilbert-base-uncased';
.check <<END
0.05122|717|method|hello i'm a method model.
0.04876|56|k|hello i'm a k model.
0.03938|288|ﬂ|hello i'm a ﬂ model.
0.02902|156|л|hello i'm a л model.
0.02141|67|v|hello i'm a v model.
END

-- unmasker("The man worked as a [MASK].")
.testcase base: bias
SELECT group_concat(token_str) FROM distilbert_fill_mask
 WHERE text = 'The man worked as a [MASK].' AND model = 'distilbert-base-uncased';
.check ##rm,fork,their,##worth,now

-- model = DistilBertModel.from_pretrained("distilbert-base-uncased")
-- model(**tokenizer("Replace me by any text you'd like.", return_tensors='pt'))
.testcase base: features
SELECT count(*), min(length(vector)), max(position)
  FROM distilbert_features('Replace me by any text you''d like.', NULL, 'distilbert-base-uncased');
.check 19|128|18

-- distilroberta-base ---------------------------------------------------------

-- unmasker = pipeline('fill-mask', model='distilroberta-base')
-- unmasker("Hello I'm a <mask> model.")
.testcase roberta: fill-mask
SELECT score, token, token_str, sequence FROM distilbert_fill_mask
 WHERE text = 'Hello I''m a <mask> model.' AND model = 'distilroberta-base' AND top_k = 3;
.check <<END
0.11990|1447|ames|Hello I'm aames model.
0.02612|1387|illion|Hello I'm aillion model.
0.02376|596| result|Hello I'm a result model.
END

-- distilbert-base-uncased-distilled-squad, -cased ----------------------------

CREATE TEMP TABLE card(question TEXT, context TEXT);
INSERT INTO card VALUES ('Who was Jim Henson?', 'Jim Henson was a nice puppet');

-- question_answerer = pipeline("question-answering", model=...)
-- question_answerer(question=..., context=...)
.testcase squad: pipeline
SELECT score, start, "end", answer FROM card, distilbert_answers(card.question, card.context)
 WHERE model = 'distilbert-base-uncased-distilled-squad';
SELECT score, start, "end", answer FROM card, distilbert_answers(card.question, card.context)
 WHERE model = 'distilbert-base-cased-distilled-squad';
.check <<END
0.09001|0|10|Jim Henson
0.19903|4|28|Henson was a nice puppet
END

-- outputs = model(**tokenizer(question, text, return_tensors="pt"))
-- answer_start_index = torch.argmax(outputs.start_logits)
-- answer_end_index = torch.argmax(outputs.end_logits)
-- predict = inputs.input_ids[0, answer_start_index : answer_end_index + 1]
-- tokenizer.decode(predict)
.testcase squad: the largest logits
CREATE TEMP TABLE logits AS SELECT l.* FROM card, distilbert_span_logits(card.question, card.context) AS l
 WHERE model = 'distilbert-base-cased-distilled-squad';
SELECT group_concat(token, ' ') FROM logits
 WHERE position BETWEEN (SELECT position FROM logits ORDER BY start_logit DESC, position LIMIT 1)
                    AND (SELECT position FROM logits ORDER BY end_logit DESC, position LIMIT 1);
.check [CLS] Who was Jim He ##n ##s

-- DistilBertForSequenceClassification ----------------------------------------

-- predicted_class_id = model(**inputs).logits.argmax().item()
-- model.config.id2label[predicted_class_id]
.testcase documentation: sequence classification
SELECT distilbert_classify('Hello, my dog is cute', 'my-classifier') =
       (SELECT label FROM distilbert_classes('Hello, my dog is cute', NULL, NULL, 'none', 'my-classifier') LIMIT 1);
SELECT label, score FROM distilbert_classes('Hello world', NULL, NULL, 'none', 'my-classifier');
.check <<END
1
positive|0.32941
neutral|0.20252
negative|0.11110
END

-- DistilBertForTokenClassification -------------------------------------------

-- predicted_token_class_ids = model(**inputs).logits.argmax(-1)
-- [model.config.id2label[t.item()] for t in predicted_token_class_ids[0]]
.testcase documentation: token classification
SELECT group_concat(entity, ' ') FROM distilbert_entities('My name is Wolfgang and I live in Berlin.', 'none')
 WHERE ignore = '' AND model = 'my-tagger';
.check I-ORG B-ORG I-LOC I-ORG B-ORG B-ORG O B-ORG I-PER B-ORG O B-ORG I-LOC B-ORG B-ORG B-ORG B-ORG O

-- DistilBertForMultipleChoice ------------------------------------------------

-- encoding = tokenizer([[prompt, choice0], [prompt, choice1]], ...)
-- model(**{k: v.unsqueeze(0) for k, v in encoding.items()}).logits
.testcase documentation: multiple choice
SELECT choice, score FROM distilbert_choices
 WHERE prompt = 'In Italy, pizza served in formal settings, such as at a restaurant, is presented unsliced.'
   AND choices = '["It is eaten with a fork and a knife.", "It is eaten while held in the hand."]'
   AND model = 'my-chooser';
.check <<END
It is eaten with a fork and a knife.|0.55641
It is eaten while held in the hand.|0.44359
END

-- DistilBertForQuestionAnswering: as on the cards. DistilBertForMaskedLM:
-- logits of one mask are fill_mask's, with top_k as large as the vocabulary.
.testcase documentation: masked language model
SELECT count(*), count(DISTINCT token), round(sum(score), 4) FROM distilbert_fill_mask
 WHERE text = 'The capital of France is [MASK].' AND model = 'distilbert-base-uncased'
   AND top_k = 1416;
.check 1416|1416|1.00000

.fault off

DELETE FROM distilbert_models WHERE path IS NOT NULL;
