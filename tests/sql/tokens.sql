-- distilbert_token_count(text [, model]) and
-- distilbert_tokens(text): position, id, token, start, "end", special |
--   text, pair, model

.testcase count
SELECT distilbert_token_count('Hello world'), distilbert_token_count(''),
       distilbert_token_count(' '), distilbert_token_count('unaffable');
.check 4|2|2|5

.testcase NULL in, NULL out
SELECT distilbert_token_count(NULL), distilbert_token_count(NULL, 'nobody');
.check NULL|NULL

.testcase other types are read as text
SELECT distilbert_token_count(42), distilbert_token_count(1.5),
       distilbert_token_count(x'4869'), distilbert_token_count(x'');
.check 3|5|3|2

.testcase by name, by default
SELECT distilbert_token_count('Hi', 'distilbert-minilm-qa'),
       distilbert_token_count('Hi', NULL);
.check 3|3

.testcase unknown model
SELECT distilbert_token_count('Hi', 'nobody');
.error distilbert_token_count: no model named nobody: *

.testcase arity
SELECT distilbert_token_count();
.error wrong number of arguments to function distilbert_token_count()

.testcase arity
SELECT distilbert_token_count('a', NULL, 1);
.error wrong number of arguments to function distilbert_token_count()

.testcase a long text is counted whole
SELECT distilbert_token_count(replace(printf('%.30000c', 'x'), 'x', 'word '));
.check 30002

-- distilbert_tokens ----------------------------------------------------------

.testcase tokens
SELECT * FROM distilbert_tokens('Unaffable Café!');
.check <<END
0|101|[CLS]|0|0|1
1|14477|una|0|3|0
2|20961|##ffa|3|6|0
3|3468|##ble|6|9|0
4|7668|cafe|10|14|0
5|999|!|14|15|0
6|102|[SEP]|0|0|1
END

.testcase a pair
SELECT * FROM distilbert_tokens('Who?', 'Bob');
.check <<END
0|101|[CLS]|0|0|1
1|2040|who|0|3|0
2|1029|?|3|4|0
3|102|[SEP]|0|0|1
4|3960|bob|0|3|0
5|102|[SEP]|0|0|1
END

.testcase an empty pair is none
SELECT count(*) FROM distilbert_tokens('Who?', '');
SELECT count(*) FROM distilbert_tokens('Who?', NULL);
.check <<END
4
4
END

.testcase an empty text
SELECT group_concat(token, ' ') FROM distilbert_tokens('');
.check [CLS] [SEP]

.testcase an empty text with a pair
SELECT group_concat(token, ' ') FROM distilbert_tokens('', 'b');
.check [CLS] [SEP] b [SEP]

.testcase offsets cut the text
SELECT group_concat(substr(x, start + 1, "end" - start), '|')
  FROM (SELECT 'Ça, là: 東京 😀 unaffable' AS x) AS t, distilbert_tokens(t.x)
 WHERE NOT special;
.check Ça|,|là|:|東|京|😀|una|ffa|ble

.testcase special tokens in the text are tokens of the text
SELECT token, start, "end", special FROM distilbert_tokens('a [SEP] b');
.check <<END
[CLS]|0|0|1
a|0|1|0
[SEP]|2|7|0
b|8|9|0
[SEP]|0|0|1
END

.testcase no rows of NULL
SELECT count(*) FROM distilbert_tokens(NULL);
.check 0

.testcase hidden columns
SELECT DISTINCT text, pair, model FROM distilbert_tokens
 WHERE text = 'Who?' AND pair = 'Bob' AND model = 'distilbert-minilm-qa';
.check Who?|Bob|distilbert-minilm-qa

.testcase a table of texts
SELECT x, count(*) FROM (SELECT 'a b' AS x UNION ALL SELECT 'c'
  UNION ALL SELECT NULL UNION ALL SELECT '') AS t, distilbert_tokens(t.x)
 GROUP BY x ORDER BY x;
.check <<END
|2
a b|4
c|3
END

.testcase IN runs once a value
SELECT text, count(*) FROM distilbert_tokens WHERE text IN ('a b', 'c')
 GROUP BY text ORDER BY text;
.check <<END
a b|4
c|3
END

.testcase counted and listed alike
SELECT count(*) = distilbert_token_count(x)
  FROM (SELECT replace(printf('%.3000c', 'x'), 'x', 'un-affable ') AS x) AS t,
       distilbert_tokens(t.x);
.check 1

.testcase positions go on
SELECT min(position), max(position), count(DISTINCT position)
  FROM distilbert_tokens(replace(printf('%.1000c', 'x'), 'x', 'word '));
.check 0|1001|1002

.testcase LIMIT
SELECT token FROM distilbert_tokens(replace(printf('%.1000c', 'x'), 'x',
  'word ')) LIMIT 2;
.check <<END
[CLS]
word
END

.testcase unknown model
SELECT * FROM distilbert_tokens('a', NULL, 'nobody');
.error distilbert_tokens: no model named nobody: *

.testcase no argument
SELECT * FROM distilbert_tokens;
.error distilbert_tokens: needs the argument text: *

.testcase too many arguments
SELECT * FROM distilbert_tokens(1, 2, 3, 4);
.error too many arguments on distilbert_tokens() - max 3

.testcase not writable
DELETE FROM distilbert_tokens WHERE text = 'a';
.error table distilbert_tokens may not be modified
