-- distilbert_config: key, value, initial, description

.testcase keys
SELECT key, length(description) > 10 FROM distilbert_config;
.check <<END
threads|1
memory_limit|1
cache_entries|1
engine|1
overflow|1
progress|1
embed_model|1
answer_model|1
fill_model|1
classify_model|1
entities_model|1
choose_model|1
zero_shot_model|1
END

.testcase values to begin with
SELECT count(*) FROM distilbert_config WHERE value IS NOT initial;
.check 0

.fault off

.testcase UPDATE
UPDATE distilbert_config SET value = 3 WHERE key = 'threads';
SELECT value, typeof(value), value = initial FROM distilbert_config
 WHERE key = 'threads';
.glob 3|text|?

.testcase NULL goes back
UPDATE distilbert_config SET value = NULL WHERE key = 'threads';
SELECT value = initial FROM distilbert_config WHERE key = 'threads';
.check 1

.testcase UPDATE FROM the same row
UPDATE distilbert_config SET value = initial;
SELECT count(*) FROM distilbert_config WHERE value IS NOT initial;
.check 0

.testcase answers do not depend on the number of threads
CREATE TABLE t AS SELECT *, hex(score) AS bits FROM distilbert_answers(
  'Who wrote it?', 'It was written by William Shakespeare in London.', 9);
UPDATE distilbert_config SET value = 1 WHERE key = 'threads';
SELECT count(*) FROM (SELECT *, hex(score) AS bits FROM distilbert_answers(
  'Who wrote it?', 'It was written by William Shakespeare in London.', 9)
  EXCEPT SELECT * FROM t);
UPDATE distilbert_config SET value = NULL WHERE key = 'threads';
.check 0

.testcase no threads
UPDATE distilbert_config SET value = 0 WHERE key = 'threads';
.error distilbert_config: threads: valid values are 1 to 64

.testcase too many threads
UPDATE distilbert_config SET value = 65 WHERE key = 'threads';
.error distilbert_config: threads: valid values are 1 to 64

.testcase no number of threads
UPDATE distilbert_config SET value = 'many' WHERE key = 'threads';
.error distilbert_config: threads: valid values are 1 to 64

.testcase not whole
UPDATE distilbert_config SET value = 2.5 WHERE key = 'threads';
.error distilbert_config: threads: valid values are 1 to 64

.testcase empty
UPDATE distilbert_config SET value = '' WHERE key = 'threads';
.error distilbert_config: threads: valid values are 1 to 64

.testcase a NUL
UPDATE distilbert_config SET value = '1' || char(0) WHERE key = 'threads';
.error distilbert_config: value holds a NUL character

.testcase a refused value changes nothing
SELECT value = initial FROM distilbert_config WHERE key = 'threads';
.check 1

.testcase engine
UPDATE distilbert_config SET value = 'gpu' WHERE key = 'engine';
.error distilbert_config: engine: valid values are native, blas

.testcase memory_limit
UPDATE distilbert_config SET value = 100000000 WHERE key = 'memory_limit';
SELECT value FROM distilbert_config WHERE key = 'memory_limit';
UPDATE distilbert_config SET value = NULL WHERE key = 'memory_limit';
.check 100000000

.testcase memory_limit with a unit
SELECT distilbert_set('memory_limit', '100 MB'),
       distilbert_set('memory_limit', '2GiB');
SELECT distilbert_set('memory_limit', NULL) > 0;
.check <<END
100 MB|2GiB
1
END

.testcase distilbert_set takes no lock of a database
.open build/set.db
CREATE TABLE IF NOT EXISTS t(x);
.open build/set.db
PRAGMA query_only = ON;
SELECT distilbert_set('threads', 1), distilbert_set('threads', NULL) > 0;
.check 1|1

.testcase distilbert_set refuses what the table refuses
SELECT distilbert_set('thread', 1);
.error distilbert_set: no key thread; there are threads, *

.testcase a value that cannot be
SELECT distilbert_set('engine', 'gpu');
.error distilbert_set: engine: valid values are native, blas

.testcase no key
SELECT distilbert_set(NULL, 1);
.error distilbert_set: key must be given

.testcase a schema cannot change settings
.open
CREATE VIEW v AS SELECT distilbert_set('threads', 1);
SELECT * FROM v;
.error unsafe use of distilbert_set()

.testcase memory_limit, no number
UPDATE distilbert_config SET value = '1 mile' WHERE key = 'memory_limit';
.error distilbert_config: memory_limit: valid values are a number of bytes, *

.testcase a model name that is too long
UPDATE distilbert_config SET value = printf('%.65536c', 'x')
 WHERE key = 'answer_model';
.error distilbert_config: answer_model: valid values are a model's name *

.testcase an unknown key is an error that lists the known ones
UPDATE distilbert_config SET value = 3 WHERE key = 'thread';
.error distilbert_config: no key thread; there are threads, memory_limit, *, zero_shot_model

.testcase also where it is read
SELECT value FROM distilbert_config WHERE key = 'thread';
.error distilbert_config: no key thread; *

.testcase but not a NULL, and not a pattern
SELECT count(*) FROM distilbert_config WHERE key = NULL;
SELECT count(*) FROM distilbert_config WHERE key LIKE 'thread%';
.check <<END
0
1
END

.testcase key
UPDATE distilbert_config SET key = 'x' WHERE key = 'threads';
.error distilbert_config: key cannot be changed, only value

.testcase initial
UPDATE distilbert_config SET initial = 1 WHERE key = 'engine';
.error distilbert_config: initial cannot be changed, only value

.testcase description
UPDATE distilbert_config SET description = NULL WHERE key = 'engine';
.error distilbert_config: description cannot be changed, only value

.testcase INSERT
INSERT INTO distilbert_config(key, value) VALUES ('threads', 1);
.error distilbert_config: keys are fixed: UPDATE *

.testcase INSERT of another key
INSERT INTO distilbert_config(key, value) VALUES ('x', 1);
.error distilbert_config: keys are fixed: UPDATE *

.testcase DELETE
DELETE FROM distilbert_config WHERE key = 'threads';
.error distilbert_config: keys are fixed: UPDATE *

.testcase ROLLBACK does not undo
BEGIN; UPDATE distilbert_config SET value = 5 WHERE key = 'threads'; ROLLBACK;
SELECT value FROM distilbert_config WHERE key = 'threads';
UPDATE distilbert_config SET value = NULL WHERE key = 'threads';
.check 5

.testcase in temp
CREATE VIRTUAL TABLE temp.c USING distilbert_config;
UPDATE c SET value = 2 WHERE key = 'threads';
SELECT value FROM distilbert_config WHERE key = 'threads';
UPDATE c SET value = NULL WHERE key = 'threads'; DROP TABLE c;
.check 2

.testcase safe entry
.open safe
UPDATE distilbert_config SET value = 1;
.error table distilbert_config may not be modified

.testcase safe entry shows settings
SELECT count(*) > 3 FROM distilbert_config;
.check 1
