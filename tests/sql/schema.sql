-- Who may call what from where: functions and tables in a schema, with
-- trusted_schema on and off.  Functions: as any that is not innocuous.
-- Tables that change the process: never.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES ('Hamlet was written by William Shakespeare.');

.testcase view
CREATE VIEW v AS SELECT distilbert_answer('Who wrote it?', body) AS x FROM docs;
SELECT x FROM v;
.check William Shakespeare

.testcase view with a table of answers
CREATE VIEW w AS SELECT answer FROM docs, distilbert_answers('Who wrote it?', body);
SELECT answer FROM w;
.check William Shakespeare

.testcase view with tokens
CREATE VIEW tok AS SELECT count(*) AS n FROM docs, distilbert_tokens(body);
SELECT n FROM tok;
.check 9

.testcase trigger
CREATE TABLE answers(x);
CREATE TRIGGER new_doc AFTER INSERT ON docs BEGIN
  INSERT INTO answers VALUES (distilbert_answer('Who wrote it?', new.body));
END;
INSERT INTO docs(body) VALUES ('Faust was written by Goethe.');
SELECT x FROM answers;
.check Goethe

.testcase generated column
CREATE TABLE g(body TEXT, 
  n INT AS (distilbert_token_count(body, 'distilbert-minilm-qa')) STORED,
  who TEXT AS (distilbert_answer('Who wrote it?', body,
                                 'distilbert-minilm-qa')) VIRTUAL);
INSERT INTO g(body) VALUES ('It was written by Bob.');
SELECT n, who FROM g;
.check 8|Bob

.testcase expression index
CREATE INDEX i ON docs(distilbert_token_count(body, 'all-minilm-l6-v2'));
SELECT count(*) FROM docs INDEXED BY i
 WHERE distilbert_token_count(body, 'all-minilm-l6-v2') > 5;
PRAGMA integrity_check;
.check <<END
2
ok
END

.testcase partial index
CREATE INDEX p ON docs(id)
 WHERE distilbert_token_count(body, 'all-minilm-l6-v2') > 5;
PRAGMA integrity_check;
.check ok

.testcase CHECK
CREATE TABLE c(x TEXT
  CHECK (distilbert_token_count(x, 'all-minilm-l6-v2') <= 5));
INSERT INTO c VALUES ('one two');
INSERT INTO c VALUES ('one two three four');
.error CHECK constraint failed: *

.testcase DEFAULT
CREATE TABLE d(a, x DEFAULT (distilbert_answer('Who?', 'Bob')));
INSERT INTO d(a) VALUES (1);
SELECT x FROM d;
.check Bob

.testcase calls without a model depend on settings
CREATE INDEX j ON docs(distilbert_token_count(body));
.error non-deterministic functions prohibited in index expressions

.testcase in generated columns as well
CREATE TABLE gen(body, e AS (distilbert_embed(body)));
.error non-deterministic functions prohibited in generated columns

.testcase and in partial indexes
CREATE INDEX j ON docs(id) WHERE distilbert_answer('Who?', body) IS NOT NULL;
.error non-deterministic functions prohibited in partial index WHERE clauses

-- A name that leads elsewhere tomorrow must not be in an index: its fingerprint
-- says so. A name that is built in is bound to its bytes.

.fault off

.testcase an index over a name without its fingerprint
SELECT distilbert_register('m', 'tests/oracle/data/checkpoints/distilbert-uncased-base');
CREATE INDEX j ON docs(distilbert_token_count(body, 'm'));
.error distilbert_token_count: model m: the index or table j is made with it, but without its fingerprint: write 'm@FINGERPRINT' there

.testcase one made while the table was empty
CREATE TABLE empty(body);
CREATE INDEX j ON empty(body - 2, "distilbert_embed"(body, /* a name */ 'm'));
INSERT INTO empty VALUES ('x');
.error distilbert_embed: model m: the index or table j is made with it, *

.testcase then it is refused everywhere in this connection
SELECT distilbert_token_count(body, 'm') FROM docs;
.error distilbert_token_count: model m: the index or table j is made with it, *

.testcase other models and tables of answers are not
SELECT distilbert_token_count('x', 'all-minilm-l6-v2') FROM docs LIMIT 1;
SELECT count(*) FROM distilbert_tokens('a', NULL, 'm');
.check <<END
3
3
END

.testcase a generated column
DROP TABLE empty;
CREATE TABLE gen(body, n AS (distilbert_token_count(body, 'm')) STORED);
INSERT INTO gen VALUES ('x');
.error distilbert_token_count: model m: the index or table gen is made with it, *

.testcase a model out of a column
DROP TABLE gen;
CREATE TABLE gen(body, model, n AS (distilbert_token_count(body, model)));
INSERT INTO gen VALUES ('x', 'all-minilm-l6-v2');
SELECT n FROM gen;
INSERT INTO gen VALUES ('x', 'm');
SELECT n FROM gen;
.error distilbert_token_count: model m: the index or table gen is made with it, *

.testcase a view may have any name
DROP TABLE gen;
CREATE VIEW named AS SELECT distilbert_token_count(body, 'm') AS n FROM docs;
SELECT max(n) > 3 FROM named;
DROP VIEW named;
SELECT distilbert_forget('m');
.check <<END
1
m
END

.fault on

.testcase debug is not deterministic
CREATE INDEX j ON docs(distilbert_debug());
.error non-deterministic functions prohibited in index expressions

.testcase view of models
CREATE VIEW m AS SELECT name FROM distilbert_models;
SELECT * FROM m;
.error unsafe use of virtual table "distilbert_models"

.testcase view of settings
CREATE VIEW s AS SELECT value FROM distilbert_config;
SELECT * FROM s;
.error unsafe use of virtual table "distilbert_config"

.testcase trigger that registers a model
CREATE TRIGGER evil AFTER DELETE ON docs BEGIN
  INSERT INTO distilbert_models(name, path) VALUES ('evil', '/etc');
END;
DELETE FROM docs WHERE id = 2;
.error unsafe use of virtual table "distilbert_models"

.testcase trigger that changes a setting
DROP TRIGGER evil;
CREATE TRIGGER evil AFTER DELETE ON docs BEGIN
  UPDATE distilbert_config SET value = 1;
END;
DELETE FROM docs WHERE id = 2;
.error unsafe use of virtual table "distilbert_config"

.testcase temporary views belong to the user
DROP TRIGGER evil;
CREATE TEMP VIEW tm AS SELECT name FROM distilbert_models;
SELECT * FROM tm;
.check <<END
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

-- A schema nobody trusts -----------------------------------------------------
-- No failures here: SQLite reads the schema again after some, and then refuses
-- all of it for its generated column.

.fault off

.testcase view
PRAGMA trusted_schema = OFF;
SELECT x FROM v;
.error unsafe use of distilbert_answer()

.testcase view with a table of answers
SELECT answer FROM w;
.error unsafe use of virtual table "distilbert_answers"

.testcase view with tokens
SELECT n FROM tok;
.error unsafe use of virtual table "distilbert_tokens"

.testcase trigger
INSERT INTO docs(body) VALUES ('Emma was written by Austen.');
.error unsafe use of distilbert_*()

.testcase generated column
SELECT who FROM g;
.error unsafe use of distilbert_answer()

.testcase stored generated column
INSERT INTO g(body) VALUES ('x');
.error unsafe use of distilbert_*()

.testcase expression index
CREATE INDEX k ON docs(distilbert_token_count(body, 'all-minilm-l6-v2'));
.error unsafe use of distilbert_token_count()

.testcase CHECK
INSERT INTO c VALUES ('one');
.error unsafe use of distilbert_token_count()

.testcase DEFAULT
INSERT INTO d(a) VALUES (2);
.error unsafe use of distilbert_answer()

.testcase direct calls go on
SELECT distilbert_answer('Who wrote it?', body) FROM docs WHERE id = 1;
SELECT answer FROM docs, distilbert_answers('Who wrote it?', body) WHERE id = 1;
SELECT name FROM distilbert_models;
.check <<END
William Shakespeare
William Shakespeare
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END

-- Undoing this reads the schema again, and that refuses the column of g.
.fault off

.testcase temporary views go on
CREATE TEMP VIEW tv AS SELECT distilbert_answer('Who wrote it?', body) AS x
  FROM docs WHERE id = 1;
SELECT x FROM tv;
.check William Shakespeare
