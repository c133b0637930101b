-- distilbert_chunks(text): position, chunk, start, "end", tokens |
--   text, max_tokens, overlap, boundary, model

CREATE TABLE play(body);
INSERT INTO play VALUES ('The play is old. It was written in London, by one '
  || 'man or by several. Nobody knows! "Who wrote it?"  That is unanswered.');

.testcase whole sentences
SELECT position, chunk, start, "end", tokens
  FROM play, distilbert_chunks(body, 16);
.check <<END
0|The play is old. |0|17|7
1|It was written in London, by one man or by several. |17|69|15
2|Nobody knows! "Who wrote it?"  |69|100|11
3|That is unanswered.|100|119|9
END

.testcase a sentence that is too long: words
SELECT chunk, tokens FROM play, distilbert_chunks(body, 9) LIMIT 3;
.check <<END
The play is old. |7
It was written in London, by |9
one man or by several. |8
END

.testcase words
SELECT chunk, tokens FROM play, distilbert_chunks(body, 12, 0, 'word');
.check <<END
The play is old. It was written in |11
London, by one man or by several. Nobody |12
knows! "Who wrote it?"  That is |12
unanswered.|7
END

.testcase a word that is too long: tokens
SELECT chunk, tokens FROM distilbert_chunks('an unaffable man', 4);
.check <<END
an |3
unaffa|4
ble |4
man|3
END

.testcase tokens
SELECT chunk, tokens FROM distilbert_chunks('Unaffable? Yes.', 5, 0, 'token');
.check <<END
Unaffable|5
? Yes.|5
END

.testcase the default is what the embedding model reads at once
SELECT count(*), max(tokens), sum(length(chunk))
  FROM distilbert_chunks(replace(printf('%.600c', 'x'), 'x', 'A word. '));
.check 8|254|4800

.fault off
.testcase but for the model's prompt, q: here
INSERT INTO distilbert_models(name, path)
VALUES ('letters', 'tests/sql/data/sentence.safetensors'); -- takes 10 tokens
SELECT chunk, tokens
  FROM distilbert_chunks('a b c d e f g h', NULL, 0, NULL, 'letters');
DELETE FROM distilbert_models WHERE name = 'letters';
.check <<END
a b c d e f |8
g h|4
END
.fault on

.testcase all of the text, cut where start and end say
SELECT group_concat(chunk, '') = body,
       min(chunk = substr(body, start + 1, "end" - start)),
       min(tokens = distilbert_token_count(chunk, 'all-minilm-l6-v2'))
  FROM (SELECT 'Ça, là: «Où?» 東京。日本！ 😀👨‍👩‍👧 e' || char(0x301) || char(13, 10)
               || ' नमस्ते। هل؟ שלום. ' AS body) AS t, distilbert_chunks(t.body, 6);
.check 1|1|1

.testcase line breaks
SELECT position, replace(replace(chunk, char(10), '\n'), char(13), '\r')
  FROM distilbert_chunks('Title' || char(13, 10, 13, 10) || 'one two' || char(10)
                         || 'three', 4);
.check <<END
0|Title\r\n\r\n
1|one two\n
2|three
END

.testcase Chinese and Japanese need no white space
SELECT chunk FROM distilbert_chunks('「はい。」そうです。东京！大阪？', 9);
.check <<END
「はい。」
そうです。
东京！大阪？
END

-- Overlap ---------------------------------------------------------------------

.testcase an overlap of sentences
SELECT chunk, start, "end", tokens
  FROM distilbert_chunks('It is old. It was made. It is here. It is new.', 11, 5);
.check <<END
It is old. It was made. |0|24|10
It was made. It is here. |11|36|10
It is here. It is new.|24|46|10
END

.testcase of words, where no sentence is short enough
SELECT chunk, start, "end", tokens FROM play, distilbert_chunks(body, 18, 9)
 WHERE position > 1;
.check <<END
London, by one man or by several. Nobody knows! |35|83|14
Nobody knows! "Who wrote it?"  That is unanswered.|69|119|18
END

.testcase of words, where a sentence is cut
SELECT chunk, tokens FROM distilbert_chunks(
  'one two three four five six seven eight nine ten', 6, 2);
.check <<END
one two three four |6
three four five six |6
five six seven eight |6
seven eight nine ten|6
END

.testcase less of an overlap rather than a sentence cut
SELECT chunk, tokens FROM distilbert_chunks(
  'one two three four. five six seven eight. nine', 9, 4);
.check <<END
one two three four. |7
four. five six seven eight. |9
six seven eight. nine|7
END

.testcase an overlap of tokens
SELECT chunk FROM distilbert_chunks('Unaffable? Yes.', 5, 2, 'token');
.check <<END
Unaffable
ffable? 
able? Yes
? Yes.
END

-- None, few, many -------------------------------------------------------------

.testcase no rows of nothing
SELECT count(*) FROM distilbert_chunks('');
SELECT count(*) FROM distilbert_chunks(NULL);
SELECT count(*) FROM distilbert_chunks(x'');
.check <<END
0
0
0
END

.testcase white space is a chunk
SELECT typeof(chunk), length(chunk), tokens FROM distilbert_chunks('   ');
.check text|3|2

.testcase other types are read as text
SELECT * FROM distilbert_chunks(42);
SELECT chunk FROM distilbert_chunks(x'4869');
.check <<END
0|42|0|2|3
Hi
END

.testcase NULL is the default
SELECT * FROM distilbert_chunks('a', NULL, NULL, NULL, NULL);
.check 0|a|0|1|3

.testcase numbers may be texts
SELECT chunk FROM distilbert_chunks('one two', '3', '0');
.check <<END
one 
two
END

.testcase hidden columns
SELECT DISTINCT text, max_tokens, overlap, boundary, model FROM distilbert_chunks
 WHERE text = 'one two' AND max_tokens = 4 AND overlap = 1
   AND boundary = 'word' AND model = 'distilbert-minilm-qa';
.check one two|4|1|word|distilbert-minilm-qa

.testcase a table of texts
SELECT x, group_concat(chunk, '|') FROM (SELECT 'a b' AS x UNION ALL SELECT 'c'
  UNION ALL SELECT NULL UNION ALL SELECT '') AS t, distilbert_chunks(t.x, 3)
 GROUP BY x ORDER BY x;
.check <<END
a b|a |b
c|c
END

.testcase LIMIT
SELECT start FROM distilbert_chunks(replace(printf('%.100000c', 'x'), 'x',
  'A short sentence. '), 16) LIMIT 3;
.check <<END
0
54
108
END

.testcase no inference
SELECT count(*) FROM distilbert_chunks('one two three', 3);
.inferences 0
.check 3

-- Errors ----------------------------------------------------------------------

.testcase more than the model takes
SELECT * FROM distilbert_chunks('a', 513);
.error distilbert_chunks: max_tokens 513: the model takes at most 512

.testcase no room
SELECT * FROM distilbert_chunks('a', 2);
.error distilbert_chunks: max_tokens 2 must be at least 3: 2 are special

.testcase an overlap that leaves nothing
SELECT * FROM distilbert_chunks('a', 10, 8);
.error distilbert_chunks: overlap 8 must be less than 8, the tokens of a chunk but 2 special ones

.testcase unknown boundary
SELECT * FROM distilbert_chunks('a', 10, 0, 'paragraph');
.error distilbert_chunks: boundary "paragraph": valid ones are token, word, sentence

.testcase a boundary must be one
SELECT * FROM distilbert_chunks('a', 10, 0, '');
.error distilbert_chunks: boundary "": valid ones are token, word, sentence

.testcase out of range
SELECT * FROM distilbert_chunks('a', 0);
.error distilbert_chunks: max_tokens must be a whole number from 1 to *

.testcase out of range
SELECT * FROM distilbert_chunks('a', 10, -1);
.error distilbert_chunks: overlap must be a whole number from 0 to *

.testcase a model where a number belongs
SELECT * FROM distilbert_chunks('a', 'all-minilm-l6-v2');
.error distilbert_chunks: max_tokens must be a whole number from 1 to *; a model is argument 5, or WHERE model = ...

.testcase unknown model
SELECT * FROM distilbert_chunks('a', NULL, NULL, NULL, 'nobody');
.error distilbert_chunks: no model named nobody: *

.testcase no argument
SELECT * FROM distilbert_chunks;
.error distilbert_chunks: needs the argument text: *

.testcase too many arguments
SELECT * FROM distilbert_chunks(1, 2, 3, 4, 5, 6);
.error too many arguments on distilbert_chunks() - max 5

.testcase not writable
DELETE FROM distilbert_chunks WHERE text = 'a';
.error table distilbert_chunks may not be modified

-- Connections -----------------------------------------------------------------

.testcase UTF-16
.open utf16
SELECT chunk, start, "end" FROM distilbert_chunks('Ça. 😀 là.', 5);
.check <<END
Ça. |0|4
😀 là.|4|9
END

.testcase through the safe entry
.open safe
SELECT count(*) FROM distilbert_chunks('one two', 3);
.check 2
