-- distilbert_entities(text): entity, score, word, start, end, position |
--   text, aggregation, overflow, stride, ignore, model
-- distilbert_entities_json(text [, model])
-- Run from the repository's root. What the entities of the models registered here
-- must be: tests/oracle/test_entities.c.

.testcase the built-in model
SELECT distilbert_entities_json('Rome');
.glob [[]{"entity":"LOC","score":0.8*,"word":"rome","start":0,"end":4}]

.testcase and for the table
SELECT entity, score > 0.9, word, start, "end", position
  FROM distilbert_entities('Maria Callas sang in Rome.');
.check <<END
PER|1|maria callas|0|12|1
LOC|1|rome|21|25|6
END

.testcase a model without the head
SELECT distilbert_entities_json('Rome', 'distilbert-minilm-qa');
.error distilbert_entities_json: model distilbert-minilm-qa has no token classification head *

.fault off

INSERT INTO distilbert_models(name, path, options)
  VALUES ('ner', 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls', NULL),
         ('roberta', 'tests/oracle/data/checkpoints/roberta-tokcls', NULL),
         ('narrow', 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls',
          '{"max_tokens": 24}'),
         ('strict', 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls',
          '{"max_tokens": 24, "overflow": "error"}'),
         ('tiny', 'tests/oracle/data/checkpoints/distilbert-uncased-tokcls',
          '{"max_tokens": 4}');
UPDATE distilbert_config SET value = 'ner' WHERE key = 'entities_model';

.testcase the models load
SELECT name, tasks FROM distilbert_models WHERE name IN ('ner', 'roberta')
   AND distilbert_entities_json('Rome', name) IS NOT NULL;
.check <<END
ner|NULL
roberta|NULL
END

.fault on

.float 4

-- distilbert_entities ---------------------------------------------------------

.testcase simple is the default
SELECT * FROM distilbert_entities('My name is Wolfgang and I live in Berlin.');
.check <<END
LOC|0.5805|my|0|2|1
PER|0.5600|n|3|4|2
ORG|0.4532|##me|5|7|4
ORG|0.8536|is|8|10|6
LOC|0.6093|wolfgang|11|19|7
ORG|0.2307|and|20|23|8
ORG|0.4733|i|24|25|9
LOC|0.5577|berlin|34|40|12
ORG|0.6116|.|40|41|13
END

.testcase each token
SELECT * FROM distilbert_entities('Enzo works at the UN', 'none');
.check <<END
B-PER|0.6599|##n|1|2|2
I-LOC|0.4118|##zo|2|4|3
B-PER|0.6442|at|11|13|5
I-PER|0.3551|the|14|17|6
I-LOC|0.8639|un|18|20|7
END

.testcase a word has the label of its first token
SELECT * FROM distilbert_entities('Enzo works at the UN', 'first');
.check <<END
PER|0.4997|at the|11|17|5
LOC|0.8639|un|18|20|7
END

.testcase of its surest token
SELECT * FROM distilbert_entities('Enzo works at the UN', 'max');
.check <<END
PER|0.6599|enzo|0|4|1
PER|0.4997|at the|11|17|5
LOC|0.8639|un|18|20|7
END

.testcase of the mean of its tokens, in any case
SELECT * FROM distilbert_entities('Enzo works at the UN', 'Average');
.check <<END
PER|0.2657|enzo|0|4|1
PER|0.4997|at the|11|17|5
LOC|0.8639|un|18|20|7
END

.testcase an entity is a part of the text
WITH t(body) AS (SELECT 'José María lives in Côte d''Ivoire, 😀 한국!')
SELECT word, substr(body, start + 1, "end" - start)
  FROM t, distilbert_entities(body);
.check <<END
jose|José
m|M
##ia|ía
lives in|lives in
co|Cô
##te|te
d|d
'|'
i|I
##voi|voi
##r|r
##e,|e,
😀|😀
!|!
END

.testcase position is that of distilbert_tokens
SELECT count(*), sum(t.start = e.start AND t.id IS NOT NULL)
  FROM distilbert_entities('José María lives in Côte d''Ivoire') AS e
  JOIN distilbert_tokens('José María lives in Côte d''Ivoire', NULL, 'ner') AS t
       USING (position);
.check 13|13

.testcase special tokens in the text are its own, unknown ones as they stand
SELECT entity, word, start, "end" FROM distilbert_entities(
  '[CLS] Bob [MASK] Dylan [SEP] plays 🇺🇸 in [UNK]', 'simple', NULL, NULL, '');
.check <<END
PER|[CLS]|0|5
O|bo|6|8
PER|##b|8|9
O|[MASK]|10|16
ORG|dylan|17|22
PER|[SEP]|23|28
O|plays 🇺🇸 in [UNK]|29|46
END

.testcase a byte-level tokenizer, whose words begin behind spaces
SELECT entity, word, start, "end" FROM distilbert_entities(
  'José María, 😀 lives  in Côte d''Ivoire') WHERE model = 'roberta';
.check <<END
PER|J|0|1
PER|�|3|4
PER|�|3|4
ORG| M|5|6
LOC|ar|6|8
ORG|�|8|9
PER|�|8|9
PER|,|10|11
LOC| |12|12
PER|�|12|13
LOC|�|12|13
PER|�|12|13
ORG| l|14|15
LOC|ives|15|19
PER| |20|20
ORG| in|21|23
PER| C|24|25
ORG|�|25|26
PER|�|25|26
LOC|te|26|28
PER| d'|29|31
LOC|Iv|31|33
PER|o|33|34
PER|ire|34|37
END

.testcase its words are joined once more
SELECT entity, word, start, "end" FROM distilbert_entities(
  'José María, 😀 lives  in Côte d''Ivoire', 'first', NULL, NULL, '[]', 'roberta');
.check <<END
PER|Jos�|0|4
ORG| María,|5|11
LOC| |12|12
PER|�|12|13
O|�|12|13
LOC|�|12|13
PER|�|12|13
ORG| lives|14|19
PER| |20|20
ORG| in|21|23
PER| Côte d'Ivoire|24|37
END

-- What is left out ------------------------------------------------------------

.testcase nothing is
SELECT entity, word FROM distilbert_entities('Enzo works at the UN', 'first',
  NULL, NULL, '[]');
.check <<END
O|enzo works
PER|at the
LOC|un
END

.testcase labels as the rows show them
SELECT entity, word FROM distilbert_entities('Enzo works at the UN')
 WHERE aggregation = 'first' AND ignore = 'O, PER';
SELECT entity, word FROM distilbert_entities('Enzo works at the UN')
 WHERE aggregation = 'first' AND ignore = '["O", "B-PER", "nothing"]';
SELECT entity, word FROM distilbert_entities('Enzo works at the UN')
 WHERE aggregation = 'none' AND ignore = 'I-LOC,PER,B-PER,B-ORG';
.check <<END
LOC|un
PER|at the
LOC|un
O|e
O|works
I-PER|the
END

.testcase no strings
SELECT * FROM distilbert_entities('Rome') WHERE ignore = '["O", 1]';
.error distilbert_entities: ignore must be a JSON array of strings

.testcase no JSON
SELECT * FROM distilbert_entities('Rome') WHERE ignore = '["O",';
.error distilbert_entities: ignore, line 1: *

.testcase NUL
SELECT * FROM distilbert_entities('Rome') WHERE ignore = CAST(x'4f0050' AS TEXT);
.error distilbert_entities: ignore: a NUL character in it

-- Texts without or with odd entities ------------------------------------------

.testcase empty texts, and spaces
SELECT count(*) FROM distilbert_entities('');
SELECT count(*) FROM distilbert_entities('   ') WHERE ignore = '[]';
SELECT distilbert_entities_json(''), distilbert_entities_json(NULL);
.check <<END
0
0
[]|NULL
END

.testcase NULL has no rows, NULL options are the defaults
SELECT count(*) FROM distilbert_entities(NULL);
SELECT count(*) FROM distilbert_entities('Enzo works at the UN', NULL, NULL,
  NULL, NULL, NULL);
.check <<END
0
4
END

.testcase bytes that are no UTF-8, and NUL
SELECT entity, word, hex(word), start, "end"
  FROM distilbert_entities(CAST(x'526f6d65e2829a2041ffff' || x'00' AS TEXT), 'simple',
                           NULL, NULL, '');
.check <<END
ORG|r|72|0|1
PER|##o|23236F|1|2
ORG|##m|23236D|2|3
PER|##e|232365|3|4
ORG|##ₚ|2323E2829A|4|5
O|a|61|6|7
END

-- SQLite's own json_valid() answers 0 when memory runs out.
.fault off

.testcase as JSON, which is UTF-8
SELECT json_valid(j), j FROM (SELECT
  distilbert_entities_json(CAST(x'20ff222200ff' AS TEXT), 'ner') AS j);
.check 1|[{"entity":"PER","score":0.96719855,"word":"\"","start":2,"end":3},{"entity":"PER","score":0.9690916,"word":"\"","start":3,"end":4}]

.fault on

.testcase any type is text
SELECT word FROM distilbert_entities(12.5) WHERE ignore = '';
.check <<END
1
##2
.
5
END

.testcase a word of more than 100 characters is unknown, and its own text
SELECT length(word), start, "end" FROM distilbert_entities(
  replace(printf('%.150c', 'x'), 'x', 'É') || ' Rome', 'none', NULL, NULL, '')
 LIMIT 1;
.check 150|0|150

-- JSON ------------------------------------------------------------------------

.testcase as JSON
SELECT distilbert_entities_json('Enzo works at the UN');
SELECT distilbert_entities_json('Enzo "works" at the UN', 'ner');
.check <<END
[{"entity":"PER","score":0.65992033,"word":"##n","start":1,"end":2},{"entity":"LOC","score":0.41180274,"word":"##zo","start":2,"end":4},{"entity":"PER","score":0.49966216,"word":"at the","start":11,"end":17},{"entity":"LOC","score":0.86389196,"word":"un","start":18,"end":20}]
[{"entity":"PER","score":0.68069905,"word":"##n","start":1,"end":2},{"entity":"LOC","score":0.48065984,"word":"##zo \"","start":2,"end":6},{"entity":"PER","score":0.798112,"word":"works","start":6,"end":11},{"entity":"LOC","score":0.63398945,"word":"\"","start":11,"end":12},{"entity":"PER","score":0.5468095,"word":"at","start":13,"end":15},{"entity":"ORG","score":0.60906994,"word":"un","start":20,"end":22}]
END

.testcase of the JSON subtype
SELECT json_object('e', distilbert_entities_json('Rome', 'ner')) GLOB
  '{"e":[[]{"entity":*';
.check 1

.testcase the same as the table
WITH t(body) AS (VALUES ('My name is Wolfgang and I live in Berlin.'), ('Enzo'))
SELECT count(*) = (SELECT count(*) FROM t, distilbert_entities(body)),
       sum(e.entity = json_extract(value, '$.entity')),
       sum(abs(e.score - json_extract(value, '$.score')) < 1e-8),
       sum(e.word = json_extract(value, '$.word')),
       sum(e."end" = json_extract(value, '$.end'))
  FROM t JOIN json_each(distilbert_entities_json(body, 'ner'))
  JOIN distilbert_entities(body) AS e ON e.start = json_extract(value, '$.start');
.check 1|10|5|10|10

.testcase over a table
CREATE TEMP TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES ('Enzo works at the UN'), (NULL), (''),
  ('Angela Merkel met Emmanuel Macron in Paris on Monday.');
SELECT id, json_array_length(distilbert_entities_json(body)) FROM docs;
DROP TABLE docs;
.check <<END
1|4
2|NULL
3|0
4|23
END

.testcase in a generated column only with its fingerprint
CREATE TABLE s(body TEXT, e TEXT AS (distilbert_entities_json(body, 'ner')));
INSERT INTO s(body) VALUES ('Rome');
SELECT * FROM s;
.error distilbert_entities_json: model ner: the index or table s is made with it, but without its fingerprint: *

.testcase and out again
DROP TABLE s;
SELECT distilbert_entities_json('') = '[]';
.check 1

-- Lists and joins -------------------------------------------------------------

.testcase a join to documents
WITH docs(id, body) AS (VALUES (1, 'Enzo works at the UN'), (2, NULL), (3, ''),
                               (4, 'Rome'))
SELECT id, entity, word FROM docs, distilbert_entities(body, 'first');
.check <<END
1|PER|at the
1|LOC|un
4|ORG|rome
END

.testcase documents without entities, too
WITH docs(id, body) AS (VALUES (1, 'Enzo works at the UN'), (2, NULL), (3, ''))
SELECT id, count(word) FROM docs LEFT JOIN distilbert_entities(body, 'first')
 GROUP BY id;
.check <<END
1|2
2|0
3|0
END

.testcase a list
SELECT text, count(*) FROM distilbert_entities
 WHERE text IN ('Enzo works at the UN', '', 'Rome', NULL) GROUP BY text;
.check <<END
Enzo works at the UN|4
Rome|3
END

.testcase an empty list
SELECT count(*) FROM distilbert_entities
 WHERE text IN (SELECT name FROM sqlite_master WHERE 0);
.check 0

.testcase LIMIT
SELECT word FROM distilbert_entities('Enzo works at the UN', 'none') LIMIT 1;
SELECT word FROM distilbert_entities
 WHERE text IN ('Enzo works at the UN', 'Rome') LIMIT 1;
.check <<END
##n
##n
END

.testcase hidden columns
SELECT text, aggregation, overflow, stride, ignore, model
  FROM distilbert_entities('Rome', 'max', 'window', 5, '', 'ner') LIMIT 1;
SELECT text, aggregation, overflow, stride, ignore, model
  FROM distilbert_entities('Rome', 'max', NULL, NULL, '') LIMIT 1;
.check <<END
Rome|max|window|5||ner
Rome|max|NULL|NULL||NULL
END

.fault off

.testcase many texts at once, each as if it were alone
UPDATE distilbert_config SET value = 0 WHERE key = 'cache_entries';
CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (
    SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 150)
  SELECT 'In ' || i || ' Ada ' || replace(printf('%.*c', i % 40, 'x'), 'x',
         'met Enzo in Rome ') || i || '.' AS t FROM n;
CREATE TEMP TABLE found AS SELECT f.text, entity, score, word, start, "end",
       position FROM distilbert_entities AS f
 WHERE model = 'narrow' AND text IN (SELECT t FROM n);
SELECT count(DISTINCT text), count(*) > 3000, min(score) > 0.14 FROM found;
SELECT count(*) FROM (SELECT t, entity, score, word, start, "end", position
  FROM n, distilbert_entities(t) WHERE model = 'narrow'
  EXCEPT SELECT * FROM found);
.check <<END
150|1|1
0
END

.testcase the same from the cache
UPDATE distilbert_config SET value = 500 WHERE key = 'cache_entries';
CREATE TEMP TABLE asked AS SELECT count(*) FROM n, distilbert_entities(t)
 WHERE model = 'narrow';
SELECT count(*) FROM (SELECT f.text, entity, score, word, start, "end", position
  FROM distilbert_entities AS f WHERE model = 'narrow'
   AND text IN (SELECT t FROM n) EXCEPT SELECT * FROM found);
SELECT distilbert_debug() GLOB '*cache: 150 results, *';
DROP TABLE n;
DROP TABLE found;
DROP TABLE asked;
UPDATE distilbert_config SET value = NULL WHERE key = 'cache_entries';
.check <<END
0
1
END

-- Longer than the model takes -------------------------------------------------

CREATE TEMP TABLE long AS SELECT replace(printf('%.40c', 'x'), 'x',
  'Angela Merkel met Emmanuel Macron in Paris on Monday. ') AS body;

.testcase windows cover the text, in order, and no entity begins in another
CREATE TEMP TABLE found AS
  SELECT e.* FROM long, distilbert_entities(body) AS e WHERE model = 'narrow';
SELECT min(start) < 10, max("end") > length(body) - 10, count(*) > 400,
       count(DISTINCT start) = count(*) FROM long, found;
SELECT count(*) FROM found AS a JOIN found AS b ON b.rowid = a.rowid + 1
 WHERE b.start < a."end";
SELECT count(*) FROM long, found JOIN distilbert_tokens(body, NULL, 'ner') AS t
 USING (position) WHERE t.start <> found.start;
.check <<END
1|1|1|1
0
0
END

.testcase up to the first overlap they are those of the start alone
SELECT count(*) > 5, sum(f.word = e.word AND f.score = e.score)  = count(*)
  FROM long, distilbert_entities(body, 'simple', 'truncate') AS e
  LEFT JOIN found AS f ON f.start = e.start AND f."end" = e."end"
 WHERE e.model = 'narrow' AND e.position < 12;
DROP TABLE found;
.check 1|1

.testcase each token once, as the window that knows more of it has it
CREATE TEMP TABLE each_token AS SELECT e.* FROM long, distilbert_entities(body,
  'none', 'window', 7, '[]', 'narrow') AS e;
SELECT count(*), min(position), max(position), count(DISTINCT position)
  FROM each_token;
SELECT distilbert_token_count(body, 'narrow') - 2 FROM long;
SELECT count(*) FROM each_token AS a JOIN
  (SELECT e.* FROM long, distilbert_entities(body, 'none', 'truncate', NULL,
          '[]', 'narrow') AS e) AS b USING (position)
 WHERE a.score = b.score AND a.entity = b.entity;
DROP TABLE each_token;
.check <<END
1120|1|1120|1120
1120
19
END

.testcase a text that fits is read as one, whatever the overflow
WITH o(o) AS (VALUES ('window'), ('truncate'), ('error'))
SELECT o, count(*), round(sum(score), 5) = (SELECT round(sum(score), 5)
    FROM distilbert_entities('Enzo works at the UN', 'simple'))
  FROM o, distilbert_entities('Enzo works at the UN', 'simple', o)
 WHERE model = 'narrow' GROUP BY o;
.check <<END
error|4|1
truncate|4|1
window|4|1
END

.testcase the start alone
SELECT max(position) <= 22, max("end") FROM long,
  distilbert_entities(body, 'simple', 'truncate') WHERE model = 'narrow';
.check 1|42

.testcase an error
SELECT count(*) FROM long, distilbert_entities(body, 'simple', 'error')
 WHERE model = 'narrow';
.error distilbert_entities: text has * tokens, the model takes at most 24

.testcase as the registration says
SELECT count(*) FROM long, distilbert_entities(body) WHERE model = 'strict';
.error distilbert_entities: text has * tokens, the model takes at most 24

.testcase which the call overrules
SELECT count(*) > 400 FROM long, distilbert_entities(body, NULL, 'window')
 WHERE model = 'strict';
.check 1

.testcase JSON as well
SELECT distilbert_entities_json(body, 'strict') FROM long;
.error distilbert_entities_json: text has * tokens, the model takes at most 24

.testcase JSON of windows
SELECT json_array_length(distilbert_entities_json(body, 'narrow')) = count(*)
  FROM long, distilbert_entities(body) WHERE model = 'narrow';
.check 1

.testcase windows of two tokens, one of them shared
SELECT count(*) = (SELECT distilbert_token_count(body, 'ner') - 2 FROM long)
  FROM long, distilbert_entities(body, 'none', NULL, NULL, '', 'tiny');
.check 1

.testcase the widest stride
SELECT count(*) = (SELECT distilbert_token_count(body, 'ner') - 2 FROM long)
  FROM long, distilbert_entities(body, 'none', NULL, 21, '', 'narrow');
SELECT count(*) > 100 FROM long, distilbert_entities(body, 'average', NULL, 21,
  NULL, 'narrow');
.check <<END
1
1
END

.testcase a word that reaches over many windows
SELECT count(*), max("end") FROM distilbert_entities('Rome ' ||
  replace(printf('%.60c', 'x'), 'x', 'wolfgangs') || ' met ' ||
  replace(printf('%.9000c', 'x'), 'x', '.zy') || ' Rome', 'max', NULL, NULL, '')
 WHERE model = 'narrow';
.check 16877|27555

DROP TABLE long;

.testcase a text of a megabyte
SELECT count(*) > 10000, max("end") > 999000 FROM distilbert_entities(
  replace(hex(zeroblob(20000)), '0', 'Enzo works at the UN. -- '), 'simple')
 LIMIT 1;
.check 1|1

.fault on

-- Limits ----------------------------------------------------------------------

.testcase a stride as wide as the window, whatever the text
SELECT * FROM distilbert_entities('Rome', 'simple', 'window', 22, NULL, 'narrow');
.error distilbert_entities: a stride of 22 tokens is not less than the window's 22

.testcase a stride without windows
SELECT * FROM distilbert_entities('Rome', 'simple', 'truncate', 5);
.error distilbert_entities: a stride is for windows, and overflow is not window

.testcase stride negative
SELECT * FROM distilbert_entities('Rome', 'simple', NULL, -1);
.error distilbert_entities: stride must be a whole number from 0 to *

.testcase stride no number
SELECT * FROM distilbert_entities('Rome', 'simple', NULL, 'ner');
.error distilbert_entities: stride must be a whole number from 0 to *; a model is argument 6, or WHERE model = ...

.testcase unknown aggregation
SELECT * FROM distilbert_entities('Rome', 'ner');
.error distilbert_entities: no aggregation ner; there are none, simple, first, average, max

.testcase unknown overflow
SELECT * FROM distilbert_entities('Rome', NULL, 'cut');
.error distilbert_entities: no overflow cut; there are window, truncate, error

.testcase unknown model
SELECT distilbert_entities_json('Rome', 'nobody');
.error distilbert_entities_json: no model named nobody: *

.testcase too many arguments
SELECT distilbert_entities_json('Rome', 'ner', 1);
.error wrong number of arguments to function distilbert_entities_json()

.testcase too many for the table
SELECT * FROM distilbert_entities(1, 2, 3, 4, 5, 6, 7);
.error too many arguments on distilbert_entities() - max 6

.testcase no argument
SELECT * FROM distilbert_entities;
.error distilbert_entities: needs the argument text: *

.testcase not writable
DELETE FROM distilbert_entities;
.error table distilbert_entities may not be modified

.testcase UTF-16
.open utf16
SELECT entity, word FROM distilbert_entities('José works', 'first', NULL, NULL, '');
.check <<END
PER|jose
O|works
END

.testcase through the safe entry
.open safe
SELECT distilbert_entities_json('Rome') = distilbert_entities_json('Rome', 'ner'),
       count(*) FROM distilbert_entities('Enzo works at the UN');
.check 1|4

.open
.fault off

DELETE FROM distilbert_models
 WHERE name IN ('ner', 'roberta', 'narrow', 'strict', 'tiny');
UPDATE distilbert_config SET value = NULL WHERE key = 'entities_model';
