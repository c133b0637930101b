-- Texts that are not what one expects, in every function that reads one.

.testcase a NUL inside
SELECT distilbert_answer('Who wrote it?', 'It was' || char(0) || ' written by Bob.'),
       length(CAST(distilbert_highlight('Who?', 'Bob' || char(0) || '.', '[', ']')
              AS BLOB)),
       distilbert_token_count('a' || char(0) || 'b');
.check Bob|7|3

.testcase the text after a NUL counts
SELECT distilbert_answer('Who wrote it?', char(0) || 'It was written by Bob.');
.check Bob

.testcase an answer that holds a NUL comes out whole
SELECT hex(answer) FROM distilbert_answers('Who?', 'Bob' || char(0) || 'by')
 WHERE answer LIKE 'Bob%';
.check 426F62006279

.testcase invalid UTF-8 comes through
SELECT hex(distilbert_highlight('Who wrote it?',
  CAST(x'ff6974207761732077726974746e20627920426f6220c328' AS TEXT), '[', ']'));
.check FF6974207761732077726974746E206279205B426F625D20C328

.testcase invalid UTF-8 in every function
SELECT distilbert_token_count(CAST(x'61ff80c3' AS TEXT)),
       distilbert_token_count(CAST(x'eda080' AS TEXT)),
       distilbert_answer(CAST(x'ff' AS TEXT), CAST(x'fe' AS TEXT)) IS NULL;
.check 3|2|1

.testcase offsets count an ill-formed byte as one character
SELECT token, start, "end" FROM distilbert_tokens(CAST(x'ff6120c3' AS TEXT));
.check <<END
[CLS]|0|0
a|1|2
[SEP]|0|0
END

.testcase BOM, controls, U+FFFD
SELECT group_concat(token, ' ')
  FROM distilbert_tokens(char(65279) || 'a' || char(1) || 'b' || char(65533)
                         || char(133) || 'c');
.check [CLS] abc [SEP]

.testcase a word that is too long is unknown
SELECT token, "end" FROM distilbert_tokens(printf('%.1000c', 'x'))
 WHERE NOT special;
.check [UNK]|1000

.testcase a megabyte of one word
SELECT distilbert_token_count(printf('%.1000000c', 'x'));
.check 3

.testcase a megabyte of combining marks
SELECT distilbert_token_count(replace(printf('%.250000c', 'x'), 'x',
  char(769, 803)));
.check 2

.testcase Chinese, emoji
SELECT distilbert_token_count(replace(printf('%.10000c', 'x'), 'x', '東')),
       distilbert_token_count(replace(printf('%.10000c', 'x'), 'x', '😀'));
.check 10002|3

.testcase template tokens in the question
SELECT distilbert_answer('[SEP] Who [CLS]?', '[CLS] Bob is here. [SEP]');
.check Bob

.testcase only template tokens
SELECT count(*) FROM distilbert_answers('[SEP]', '[SEP] [SEP] [CLS]')
 WHERE top_k = 10;
.glob *

.testcase quotes
SELECT distilbert_answer('Who''s "he"?', 'He is "Bob O''Neil".');
.check Bob O'Neil

.testcase UTF-16
.open utf16
CREATE TABLE t(x TEXT);
INSERT INTO t VALUES ('Ça, là: 東京 😀 was visited by Zoë Müller.');
SELECT distilbert_answer('Who visited?', x),
       distilbert_highlight('Who visited?', x, '«', '»'),
       distilbert_token_count(x), distilbert_fingerprint() <> ''
  FROM t;
.check Zoë Müller|Ça, là: 東京 😀 was visited by «Zoë Müller».|15|1

.testcase UTF-16 tables
SELECT a.start, a."end", a.answer, substr(x, start + 1, "end" - start) = answer
  FROM t, distilbert_answers('Who visited?', x) AS a;
SELECT group_concat(token, ' ') FROM t, distilbert_tokens(x, 'Zoë');
SELECT answer FROM distilbert_answers
 WHERE question = 'Who visited?' AND context IN (SELECT x FROM t);
.check <<END
28|38|Zoë Müller|1
[CLS] ca , la : 東 京 [UNK] was visited by zoe muller . [SEP] zoe [SEP]
Zoë Müller
END

.testcase UTF-16 settings and models
SELECT value FROM distilbert_config WHERE key = 'engine';
SELECT name FROM distilbert_models;
.check <<END
native
all-minilm-l6-v2
distilbert-minilm-mask
distilbert-minilm-ner
distilbert-minilm-qa
distilbert-minilm-sst2
END
