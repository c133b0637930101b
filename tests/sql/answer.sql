-- distilbert_answer(question, context [, model]) and distilbert_highlight()

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES
  ('Hamlet is a play. It was written by William Shakespeare around 1600.'),
  ('The Eiffel Tower stands in Paris. It is 330 metres tall.'),
  (NULL),
  (''),
  ('Marie Curie was born in Warsaw and won the Nobel Prize in 1903.');

.testcase one answer
SELECT distilbert_answer('Who wrote Hamlet?', body) FROM docs WHERE id = 1;
.check William Shakespeare

.testcase a table
SELECT id, distilbert_answer('Where?', body) FROM docs;
.check <<END
1|Hamlet
2|Paris
3|NULL
4|NULL
5|Warsaw
END

.testcase a sub-query as the question, another as the context
SELECT distilbert_answer((SELECT 'How tall is it?'),
                         (SELECT body FROM docs WHERE id = 2));
.check 330 metres

.testcase in WHERE, ORDER BY and GROUP BY
SELECT count(*) FROM docs
 WHERE distilbert_answer('In which year?', body) IN ('1600', '1903')
 GROUP BY length(distilbert_answer('In which year?', body))
 ORDER BY distilbert_answer('In which year?', body);
.check 2

.testcase model by name
SELECT distilbert_answer('Who wrote Hamlet?', body, 'distilbert-minilm-qa')
  FROM docs WHERE id = 1;
.check William Shakespeare

.testcase no model named
SELECT distilbert_answer('Who wrote Hamlet?', body, NULL)
  FROM docs WHERE id = 1;
.check William Shakespeare

.testcase NULL in, NULL out
SELECT distilbert_answer(NULL, 'b'), distilbert_answer('a', NULL),
       distilbert_answer(NULL, NULL, 'no such model');
.check NULL|NULL|NULL

.testcase nothing to ask or to read
SELECT distilbert_answer('', 'Bob lives here.'), distilbert_answer('Who?', ''),
       distilbert_answer('', ''), distilbert_answer('Who?', ' ');
.check NULL|NULL|NULL|NULL

.testcase other types are read as text
SELECT distilbert_answer('Which number?', 42),
       distilbert_answer('Which number?', 1.5),
       distilbert_answer(x'57686f3f', CAST('Bob was here.' AS BLOB)),
       typeof(distilbert_answer('Which number?', 42)),
       distilbert_answer('Who?', x''), distilbert_answer('Who?', zeroblob(0));
.check 42|1.5|Bob|text|NULL|NULL

.testcase the result is a text of the context, as it is written there
SELECT typeof(answer), instr(body, answer) > 0
  FROM (SELECT body, distilbert_answer('Who was born?', body) AS answer
          FROM docs WHERE id = 5);
.check text|1

.testcase too few arguments
SELECT distilbert_answer('Who?');
.error wrong number of arguments to function distilbert_answer()

.testcase too many arguments
SELECT distilbert_answer('Who?', 'Bob', NULL, 1);
.error wrong number of arguments to function distilbert_answer()

.testcase unknown model
SELECT distilbert_answer('Who?', 'Bob', 'nobody');
.error distilbert_answer: no model named nobody: *

.testcase a path is no name
SELECT distilbert_answer('Who?', 'Bob', '/etc');
.error distilbert_answer: model /etc: a name is no path *

.testcase nor is the folder above
SELECT distilbert_answer('Who?', 'Bob', '../main');
.error distilbert_answer: model ../main: a name is no path *

.testcase empty model name
SELECT distilbert_answer('Who?', 'Bob', '');
.error distilbert_answer: a model name has 1 to 255 bytes, not 0

.testcase quotes in a model name
SELECT distilbert_answer('Who?', 'Bob', 'a''b"c');
.error distilbert_answer: no model named a'b"c: *

.testcase a model name of 65 KB
SELECT distilbert_answer('Who?', 'Bob', printf('%.65536c', 'x'));
.error distilbert_answer: model has 65536 bytes, a name at most 255

.testcase a NUL in a model name
SELECT distilbert_answer('Who?', 'Bob', 'a' || char(0) || 'b');
.error distilbert_answer: model holds a NUL character

.testcase a model name that is not UTF-8
SELECT distilbert_answer('Who?', 'Bob', CAST(x'ff' AS TEXT));
.error distilbert_answer: model ?: a name is UTF-8 without control characters

.testcase a number as model name
SELECT distilbert_answer('Who?', 'Bob', 7);
.error distilbert_answer: no model named 7: *

.testcase wrong fingerprint
SELECT distilbert_answer('Who?', 'Bob',
                         'distilbert-minilm-qa@0000000000000000');
.error distilbert_answer: model distilbert-minilm-qa has fingerprint *

.testcase right fingerprint
SELECT distilbert_answer('Who wrote it?', 'Bob wrote it.',
         'distilbert-minilm-qa@'
         || distilbert_fingerprint('distilbert-minilm-qa'));
.check Bob

.testcase a fingerprint's first digits
SELECT distilbert_answer('Who wrote it?', 'Bob wrote it.',
         'distilbert-minilm-qa@'
         || substr(distilbert_fingerprint('distilbert-minilm-qa'), 1, 16));
.check Bob

.testcase a question that leaves no room
SELECT distilbert_answer(replace(printf('%.600c', 'x'), 'x', 'word '), 'Bob');
.error distilbert_answer: *

.testcase a long context, the answer far inside
SELECT distilbert_answer('Who stole the red bicycle?',
  replace(printf('%.120c', 'x'), 'x', 'Nothing happened on that day. ')
  || 'Then Anna Miller stole the red bicycle. '
  || replace(printf('%.120c', 'x'), 'x', 'All was quiet again. '));
.check Anna Miller

-- distilbert_highlight -------------------------------------------------------

.testcase highlight
SELECT distilbert_highlight('Who wrote Hamlet?', body, '<b>', '</b>')
  FROM docs WHERE id = 1;
.check Hamlet is a play. It was written by <b>William Shakespeare</b> around 1600.

.testcase highlight at both ends, with empty marks
SELECT distilbert_highlight('Who?', 'Bob', '[', ']'),
       distilbert_highlight('Who?', 'Bob', '', '');
.check [Bob]|Bob

.testcase highlight without an answer
SELECT distilbert_highlight('Who?', '', '[', ']'),
       distilbert_highlight('', 'Bob lives here.', '[', ']'),
       typeof(distilbert_highlight('', 42, '[', ']'));
.check |Bob lives here.|integer

.testcase highlight with NULL
SELECT distilbert_highlight(NULL, 'b', '[', ']'),
       distilbert_highlight('a', NULL, '[', ']'),
       distilbert_highlight('a', 'b', NULL, ']'),
       distilbert_highlight('a', 'b', '[', NULL);
.check NULL|NULL|NULL|NULL

.testcase highlight with a model
SELECT distilbert_highlight('Who?', 'Bob', '[', ']', 'distilbert-minilm-qa');
.check [Bob]

.testcase highlight with an unknown model
SELECT distilbert_highlight('Who?', 'Bob', '[', ']', 'nobody');
.error distilbert_highlight: no model named nobody: *

.testcase highlight, too few arguments
SELECT distilbert_highlight('Who?', 'Bob', '[');
.error wrong number of arguments to function distilbert_highlight()

.testcase highlight, too many arguments
SELECT distilbert_highlight('Who?', 'Bob', '[', ']', NULL, 1);
.error wrong number of arguments to function distilbert_highlight()

.testcase result too long
.limit length 2000
SELECT distilbert_highlight('Who?', 'Bob', printf('%1500s', ''),
                            printf('%1500s', ''));
.error string or blob too big
