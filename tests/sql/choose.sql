-- distilbert_choose(prompt, choices [, model])
-- distilbert_choices(prompt, choices): choice, score, position | model
-- distilbert_zero_shot(text, labels): label, score | template, multi_label, model
-- Run from the repository's root. What the scores must be:
-- tests/oracle/test_classify.c.

.testcase no built-in model chooses
SELECT distilbert_choose('a', '["b"]');
.error distilbert_choose: no model given, and none built in *'choose_model'*

.testcase nor for the table
SELECT * FROM distilbert_choices('a', '["b"]');
.error distilbert_choices: no model given, *UPDATE distilbert_config *'choose_model'*

.testcase nor takes labels of your own
SELECT * FROM distilbert_zero_shot('a', 'b');
.error distilbert_zero_shot: no model given, *UPDATE distilbert_config *'zero_shot_model'*

.fault off

INSERT INTO distilbert_models(name, path)
  VALUES ('mc', 'tests/oracle/data/checkpoints/distilbert-uncased-mc'),
         ('nli', 'tests/oracle/data/checkpoints/distilbert-uncased-nli'),
         ('s', 'tests/oracle/data/checkpoints/distilbert-uncased-seqcls');
SELECT distilbert_set('choose_model', 'mc'), distilbert_set('zero_shot_model', 'nli');
SELECT distilbert_choose('a', '["b"]'), distilbert_classify('a', 'nli'), distilbert_classify('a', 's');

.fault on

.float 5

-- Choices --------------------------------------------------------------------

.testcase in an index only with its fingerprint
CREATE TABLE t(body TEXT);
CREATE INDEX chosen ON t(distilbert_choose(body, '["a", "b"]', 'mc'));
INSERT INTO t VALUES ('fine');
.error distilbert_choose: model mc: the index or table chosen is made with it, but without its fingerprint: *

.testcase and out again
DROP TABLE t;
SELECT distilbert_choose('fine', '["a", "b"]', 'mc') IS NOT NULL;
.check 1

.testcase the best choice
SELECT distilbert_choose('In Italy, pizza served in formal settings is presented unsliced.',
  '["It is eaten with a fork and a knife.", "It is eaten while held in the hand."]');
.check It is eaten with a fork and a knife.

.testcase all choices
SELECT * FROM distilbert_choices('In Italy, pizza served in formal settings is presented unsliced.',
  '["It is eaten with a fork and a knife.", "It is eaten while held in the hand."]', 'mc');
.check <<END
It is eaten with a fork and a knife.|0.61508|0
It is eaten while held in the hand.|0.38492|1
END

.testcase an empty choice is one
SELECT count(*), abs(sum(score) - 1) < 1e-6, min(position), max(position)
  FROM distilbert_choices('One of these is empty.', '["", "not this one", "nor this"]');
.check 3|1|0|2

.testcase one choice is certain
SELECT * FROM distilbert_choices('', '["only"]');
.check only|1.00000|0

.testcase the same choice twice has the same score
SELECT count(DISTINCT score), group_concat(position)
  FROM distilbert_choices('The sky is', '["blue", "blue"]');
.check 1|0,1

.testcase NULL
SELECT distilbert_choose(NULL, '["a"]'), distilbert_choose('a', NULL);
SELECT count(*) FROM distilbert_choices(NULL, '["a"]');
.check <<END
NULL|NULL
0
END

.testcase over a table
CREATE TEMP TABLE q(id INTEGER PRIMARY KEY, prompt TEXT, choices TEXT);
INSERT INTO q(prompt, choices) VALUES ('The sky is', '["blue", "made of cheese and other unlikely things"]'),
  ('Two plus two equals', '["four", "five"]'), (NULL, NULL);
SELECT id, distilbert_choose(prompt, choices) IS
       (SELECT choice FROM distilbert_choices(q.prompt, q.choices) LIMIT 1) FROM q;
.check <<END
1|1
2|1
3|1
END

.testcase choices are a JSON array of strings
SELECT distilbert_choose('a', 'b, c');
.error distilbert_choose: choices*

.testcase not of numbers
SELECT * FROM distilbert_choices('a', '["b", 1]');
.error distilbert_choices: choices must be a JSON array of strings

.testcase not an object
SELECT distilbert_choose('a', '{"b": 1}');
.error distilbert_choose: choices must be a JSON array of strings

.testcase no choice
SELECT distilbert_choose('a', '[]');
.error distilbert_choose: at least one choice must be given

.testcase no row of none
SELECT * FROM distilbert_choices('a', '[]');
.error distilbert_choices: at least one choice must be given

.testcase another head
SELECT distilbert_choose('a', '["b"]', 's');
.error distilbert_choose: model s has no multiple choice head (it can: embed,classify)

-- Zero-shot ------------------------------------------------------------------

.testcase labels between commas
SELECT * FROM distilbert_zero_shot('I have a problem with my phone that needs to be resolved soon!!',
  'urgent, not urgent,phone , tablet, computer,');
.check <<END
not urgent|0.28978
urgent|0.20723
phone|0.17348
computer|0.17138
tablet|0.15813
END

.testcase labels as JSON
SELECT count(*) FROM
  (SELECT * FROM distilbert_zero_shot('one day I will see the world', '["travel", "cooking"]')
   EXCEPT SELECT * FROM distilbert_zero_shot('one day I will see the world', 'travel,cooking'));
.check 0

.testcase each label alone
SELECT abs(sum(score) - 1) > 0.01, max(score) < 1
  FROM distilbert_zero_shot('one day I will see the world', 'travel,cooking', NULL, 1);
SELECT (SELECT score FROM distilbert_zero_shot('one day', 'travel', NULL, 1)) =
       (SELECT score FROM distilbert_zero_shot('one day', 'travel'));
.check <<END
1|1
1
END

.testcase templates
SELECT (SELECT score FROM distilbert_zero_shot('one day', 'a,b', 'It is {}.')) =
       (SELECT score FROM distilbert_zero_shot('one day', 'a,b', 'It is {0}.')),
       (SELECT score FROM distilbert_zero_shot('one day', 'a,b', 'It is {}.')) <>
       (SELECT score FROM distilbert_zero_shot('one day', 'a,b', 'No {{{}}}.'));
.check 1|1

.testcase a template without a place
SELECT * FROM distilbert_zero_shot('one day', 'a,b', 'no place');
.error distilbert_zero_shot: template must have one {} where the label goes

.testcase with two
SELECT * FROM distilbert_zero_shot('one day', 'a,b', '{} or {}');
.error distilbert_zero_shot: template must have one {} where the label goes

.testcase with something else
SELECT * FROM distilbert_zero_shot('one day', 'a,b', 'It is {label}.');
.error distilbert_zero_shot: template: {} or {0} takes the label, *

.testcase an open brace at the end
SELECT * FROM distilbert_zero_shot('one day', 'a,b', 'It is {');
.error distilbert_zero_shot: template: {} or {0} takes the label, *

.testcase no label
SELECT * FROM distilbert_zero_shot('one day', ' , ,');
.error distilbert_zero_shot: at least one label *

.testcase an empty text has none, nor has NULL
SELECT count(*) FROM distilbert_zero_shot('', 'a,b');
SELECT count(*) FROM distilbert_zero_shot(NULL, 'a,b');
.check <<END
0
0
END

.testcase a long text is cut, its label is not
SELECT count(*) FROM distilbert_zero_shot(replace(hex(zeroblob(9999)), '00', 'a '), 'a,b');
SELECT count(*) FROM distilbert_zero_shot('a', replace(hex(zeroblob(200)), '00', 'long '));
.error distilbert_zero_shot: pair 1: too short: *

-- Lists ----------------------------------------------------------------------

.testcase prompts in a list, equal ones once, NULL not at all
CREATE TABLE p(body TEXT);
INSERT INTO p VALUES ('The sky is'), (NULL), ('Two plus two'), ('The sky is'), ('');
SELECT prompt, count(*), abs(sum(score) - 1) < 1e-6, group_concat(position)
  FROM (SELECT prompt, score, position FROM distilbert_choices
         WHERE prompt IN (SELECT body FROM p) AND choices = '["four", "blue", "it"]'
         ORDER BY prompt, position)
 GROUP BY prompt;
.check <<END
|3|1|0,1,2
The sky is|3|1|0,1,2
Two plus two|3|1|0,1,2
END

.testcase texts in a list: an empty one has no labels, and ends nothing
SELECT text, count(*), sum(score) BETWEEN 0.9999 AND 1.0001 FROM distilbert_zero_shot
 WHERE text IN (SELECT body FROM p) AND labels = 'sky, number' GROUP BY text;
SELECT count(*) FROM distilbert_zero_shot('') WHERE labels = 'sky, number';
SELECT count(*) FROM distilbert_zero_shot WHERE text IN ('', NULL) AND labels = 'sky, number';
SELECT count(*) FROM distilbert_zero_shot WHERE text IN (SELECT body FROM p WHERE 0) AND labels = 'a';
.check <<END
The sky is|2|1
Two plus two|2|1
0
0
0
END

.testcase text by text, best first
CREATE TABLE ranked AS SELECT text, score FROM distilbert_zero_shot
 WHERE text IN (SELECT body FROM p) AND labels = 'a, b, sky, number' AND multi_label = 1;
SELECT count(*), sum(a.text > b.text), sum(a.text = b.text AND a.score < b.score)
  FROM ranked AS a JOIN ranked AS b ON b.rowid = a.rowid + 1;
.check 7|0|0

.testcase two lists: all pairs
SELECT count(*), count(DISTINCT prompt), count(DISTINCT choices) FROM distilbert_choices
 WHERE prompt IN (SELECT body FROM p) AND choices IN ('["a"]', '["a", "b"]');
.check 9|3|2

.fault off

SELECT distilbert_set('cache_entries', 0);

.fault on

.testcase a batch of prompts is as one by one
CREATE TABLE many AS
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 70)
  SELECT 'text ' || i || substr(' and more of it and even more', 1, i % 7 * 5) AS body FROM n;
CREATE TABLE listed AS SELECT prompt, choice, score, position FROM distilbert_choices
 WHERE prompt IN (SELECT body FROM many) AND choices = '["is long", "", "is a short one"]';
SELECT count(*), count(DISTINCT prompt) FROM listed;
SELECT count(*) FROM (SELECT * FROM listed EXCEPT SELECT prompt, choice, score, position
   FROM many, distilbert_choices(body, '["is long", "", "is a short one"]'));
.check <<END
210|70
0
END

.testcase and a batch of texts
CREATE TABLE labelled AS SELECT text, label, score FROM distilbert_zero_shot
 WHERE text IN (SELECT body FROM many UNION SELECT '') AND labels = 'long, short';
CREATE TABLE alone AS SELECT text, label, score FROM distilbert_zero_shot
 WHERE text IN (SELECT body FROM many UNION SELECT '') AND labels = 'long, short'
   AND multi_label = 1 AND template = 'It is {}.';
SELECT count(*), count(DISTINCT text) FROM labelled;
SELECT count(*), count(DISTINCT text) FROM alone;
SELECT count(*) FROM (SELECT * FROM labelled EXCEPT SELECT text, label, score
   FROM many, distilbert_zero_shot(body, 'long, short'));
SELECT count(*) FROM (SELECT * FROM alone EXCEPT SELECT text, label, score
   FROM many, distilbert_zero_shot(body, 'long, short', 'It is {}.', 1));
.check <<END
140|70
140|70
0
0
END

.fault off

SELECT distilbert_set('cache_entries', 512);

.fault on

.testcase some texts of a batch are known
SELECT count(*) FROM many, distilbert_zero_shot(body, 'long, short') WHERE many.rowid % 3 = 0;
SELECT count(*) FROM (SELECT text, label, score FROM distilbert_zero_shot
   WHERE text IN (SELECT body FROM many) AND labels = 'long, short' EXCEPT SELECT * FROM labelled);
.check <<END
46
0
END

.fault off

SELECT distilbert_set('overflow', 'error');

.fault on

.testcase a text that is too long ends the list
INSERT INTO p SELECT 'n' || replace(hex(zeroblob(200)), '00', ' n');
SELECT count(*) FROM distilbert_choices
 WHERE prompt IN (SELECT body FROM p) AND choices = '["a", "b"]';
.error distilbert_choices: pair 1: pair has 205 tokens, the model takes at most 128

.testcase but where it stands: LIMIT ends it before
SELECT count(*), count(DISTINCT prompt) FROM
  (SELECT prompt FROM distilbert_choices
    WHERE prompt IN (SELECT 'm' UNION SELECT 'l' UNION SELECT body FROM p WHERE body > 'n')
      AND choices = '["a", "b"]' LIMIT 4);
.check 4|2

.testcase and not later
SELECT prompt FROM distilbert_choices
 WHERE prompt IN (SELECT 'm' UNION SELECT 'l' UNION SELECT body FROM p WHERE body > 'n')
   AND choices = '["a", "b"]' LIMIT 5;
.error distilbert_choices: pair 1: pair has 205 tokens, the model takes at most 128

.testcase nor does one before it
SELECT prompt FROM distilbert_choices
 WHERE prompt IN (SELECT 'm' UNION SELECT 'p' UNION SELECT body FROM p WHERE body > 'n')
   AND choices = '["a", "b"]' LIMIT 2;
.check <<END
m
m
END

.fault off

SELECT distilbert_set('overflow', 'truncate');

.testcase a list goes through the model in batches: one text, then two
.open
SELECT count(*) FROM (SELECT label FROM distilbert_zero_shot
  WHERE text IN ('a', 'b', 'c', 'd') AND labels = 'x, y' LIMIT 3);
SELECT distilbert_debug() GLOB '*inferences: 6 texts*';
SELECT count(*) FROM (SELECT choice FROM distilbert_choices
  WHERE prompt IN ('a', 'b', 'c', 'd') AND choices = '["x", "y"]' LIMIT 3);
SELECT distilbert_debug() GLOB '*inferences: 12 texts*';
.check <<END
3
1
3
1
END

.fault on

.testcase a template that is wrong is so for any text
SELECT * FROM distilbert_zero_shot WHERE text IN ('', 'one day') AND labels = 'a' AND template = '{} {}';
.error distilbert_zero_shot: template must have one {} where the label goes

.testcase a list without a label is, too
SELECT * FROM distilbert_zero_shot WHERE text IN ('', 'one day') AND labels = ' , ';
.error distilbert_zero_shot: at least one label and a text must be given

.testcase and one without a choice
SELECT * FROM distilbert_choices WHERE prompt IN ('', 'one day') AND choices = '[]';
.error distilbert_choices: at least one choice must be given

-- Models ---------------------------------------------------------------------

.testcase a model that does not entail
SELECT * FROM distilbert_zero_shot('one day', 'a,b', NULL, NULL, 's');
.error distilbert_zero_shot: model s has no sequence classification (entailment) head (it can: embed,classify)

.testcase what the models can
SELECT name, tasks FROM distilbert_models WHERE name IN ('mc', 'nli', 's') ORDER BY name;
.check <<END
mc|embed,choose
nli|embed,classify,zero_shot
s|embed,classify
END

.fault off

DELETE FROM distilbert_models WHERE path IS NOT NULL;
