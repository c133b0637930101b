-- distilbert_answers(question, context): score, start, "end", answer |
--   question, context, top_k, model, max_answer_len, doc_stride, max_seq_len,
--   impossible, align_to_words, merge

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs(body) VALUES
  ('Hamlet is a play. It was written by William Shakespeare around 1600.'),
  ('The Eiffel Tower stands in Paris. It is 330 metres tall.'),
  (NULL),
  (''),
  ('Marie Curie was born in Warsaw and won the Nobel Prize in 1903.');

.float 4

.testcase one row by default
SELECT * FROM distilbert_answers('Who wrote Hamlet?',
  'Hamlet is a play. It was written by William Shakespeare around 1600.');
.check 0.9980|36|55|William Shakespeare

.testcase top_k by position
SELECT * FROM distilbert_answers('Who wrote Hamlet?',
  'Hamlet is a play. It was written by William Shakespeare around 1600.', 3);
.check <<END
0.9980|36|55|William Shakespeare
0.0009|36|43|William
0.0005|36|68|William Shakespeare around 1600.
END

.testcase offsets count characters
SELECT substr(body, start + 1, "end" - start) = answer, start, "end"
  FROM (SELECT 'Ça, là: 東京 😀 was visited by Zoë Müller.' AS body) AS t,
       distilbert_answers('Who visited?', t.body);
.check 1|28|38

.testcase hidden columns in WHERE
SELECT answer, question, top_k, model, merge FROM distilbert_answers
 WHERE question = 'How tall?' AND context = 'It is 330 metres tall.'
   AND top_k = 1 AND merge = 0;
.check 330 metres|How tall?|1|NULL|0

.testcase in either way
SELECT answer FROM distilbert_answers('How tall?')
 WHERE context = 'It is 330 metres tall.';
.check 330 metres

.testcase a join over a table
SELECT id, answer FROM docs, distilbert_answers('Where?', body) ORDER BY id;
.check <<END
1|Hamlet
2|Paris
5|Warsaw
END

.testcase a left join keeps rows without an answer
SELECT id, answer FROM docs LEFT JOIN distilbert_answers('Where?', body)
 ORDER BY id;
.check <<END
1|Hamlet
2|Paris
3|NULL
4|NULL
5|Warsaw
END

.testcase a join the other way round
SELECT id, answer FROM distilbert_answers AS a JOIN docs
    ON a.context = docs.body WHERE a.question = 'Where?' ORDER BY id;
.check <<END
1|Hamlet
2|Paris
5|Warsaw
END

.testcase many contexts at once
SELECT context, answer FROM distilbert_answers
 WHERE question = 'Where?' AND context IN (SELECT body FROM docs)
 ORDER BY context;
.check <<END
Hamlet is a play. It was written by William Shakespeare around 1600.|Hamlet
Marie Curie was born in Warsaw and won the Nobel Prize in 1903.|Warsaw
The Eiffel Tower stands in Paris. It is 330 metres tall.|Paris
END

.testcase many questions at once
SELECT question, answer FROM distilbert_answers
 WHERE question IN ('Who?', 'Where?', NULL)
   AND context = 'Marie Curie was born in Warsaw.'
 ORDER BY question;
.check <<END
Where?|Warsaw
Who?|Marie Curie
END

.testcase many of both, more than a batch
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 40)
SELECT count(*), count(DISTINCT question), count(DISTINCT context),
       sum(answer = substr(context, start + 1, "end" - start)),
       count(DISTINCT answer) > 30
  FROM distilbert_answers
 WHERE question IN ('Who is here?', 'Who is it?', 'Who?')
   AND context IN (SELECT 'Bob ' || i || ' is here.' FROM n);
.check 120|3|40|120|1

.testcase a batch gives what single calls give
SELECT count(*) FROM docs
 WHERE distilbert_answer('Where?', body) IS NOT
       (SELECT answer FROM distilbert_answers
         WHERE question = 'Where?' AND context IN (SELECT body FROM docs)
           AND context = docs.body);
.check 0

.testcase an empty list
SELECT count(*) FROM distilbert_answers
 WHERE question = 'Where?' AND context IN (SELECT body FROM docs WHERE id > 9);
.check 0

.testcase a list of options runs once each
SELECT top_k, count(*) FROM distilbert_answers
 WHERE question = 'Where?' AND context = 'Bob lives in Rome, Ann in Paris.'
   AND top_k IN (1, 2, 3) GROUP BY top_k;
.check <<END
1|1
2|2
3|3
END

.testcase a constraint given twice
SELECT count(*) FROM distilbert_answers('Where?', 'Bob lives in Rome.')
 WHERE question = 'When?';
.check 0

.testcase a sub-query, LIMIT and ORDER BY
SELECT (SELECT answer FROM distilbert_answers('Where?', body, 5)
         ORDER BY score DESC LIMIT 1) FROM docs WHERE id = 2;
.check Paris

.testcase NULL has no rows
SELECT count(*) FROM distilbert_answers(NULL, 'b');
SELECT count(*) FROM distilbert_answers('a', NULL);
SELECT count(*) FROM distilbert_answers('', 'Bob is here.');
SELECT count(*) FROM distilbert_answers('a', '');
.check <<END
0
0
0
0
END

.testcase NULL options are the defaults
SELECT answer FROM distilbert_answers('Where?', 'Bob lives in Rome.', NULL,
  NULL, NULL, NULL, NULL, NULL, NULL, NULL);
.check Rome

-- Options --------------------------------------------------------------------

.testcase max_answer_len
SELECT answer, length(answer) > 0
  FROM distilbert_answers('Who wrote Hamlet?', 'William Shakespeare wrote it.')
 WHERE max_answer_len = 1;
.check William|1

.testcase align_to_words
SELECT answer FROM distilbert_answers('Who?', 'It was Shakespearesson.')
 WHERE align_to_words = 0 AND max_answer_len = 1;
.check Shakespeare

.testcase impossible
SELECT count(*) FROM distilbert_answers('Who?', 'Bob is here.')
 WHERE impossible = 1 AND top_k = 100 AND answer = '' AND start = 0
   AND "end" = 0;
.check 1

.testcase merge
SELECT count(*), count(DISTINCT lower(answer)) = count(*)
  FROM distilbert_answers('Who?', 'Bob met Bob and Bob.')
 WHERE merge = 1 AND top_k = 5;
.check 5|1

.testcase windows
SELECT answer FROM distilbert_answers('Who stole the bicycle?',
  replace(printf('%.50c', 'x'), 'x', 'Nothing happened. ')
  || 'Then Ann Miller stole the bicycle.')
 WHERE max_seq_len = 32 AND doc_stride = 8;
.check Ann Miller

.testcase top_k too small
SELECT * FROM distilbert_answers('a', 'b', 0);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k negative
SELECT * FROM distilbert_answers('a', 'b', -1);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k 2^31
SELECT * FROM distilbert_answers('a', 'b', 2147483648);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k 2^63-1
SELECT * FROM distilbert_answers('a', 'b', 9223372036854775807);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k 1e308
SELECT * FROM distilbert_answers('a', 'b', 1e308);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k not whole
SELECT * FROM distilbert_answers('a', 'b', 1.5);
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k no number
SELECT * FROM distilbert_answers('a', 'b', 'abc');
.error distilbert_answers: top_k must be a whole number from 1 to 1000000; a model is argument 4, or WHERE model = ...

.testcase top_k a blob
SELECT * FROM distilbert_answers('a', 'b', x'31');
.error distilbert_answers: top_k must be a whole number from 1 to 1000000

.testcase top_k as other types that are whole numbers
SELECT count(*) FROM distilbert_answers('Where?', 'Rome or Paris', 2.0);
SELECT count(*) FROM distilbert_answers('Where?', 'Rome or Paris', '2');
.check <<END
2
2
END

.testcase all there is
SELECT count(*) BETWEEN 3 AND 6
  FROM distilbert_answers('Where?', 'Rome or Paris', 1000000);
.check 1

.testcase max_answer_len 0
SELECT * FROM distilbert_answers('a', 'b') WHERE max_answer_len = 0;
.error distilbert_answers: max_answer_len must be a whole number from 1 *

.testcase merge no truth value
SELECT * FROM distilbert_answers('a', 'b') WHERE merge = 2;
.error distilbert_answers: merge must be a whole number from 0 to 1

.testcase max_seq_len above the model's limit
SELECT * FROM distilbert_answers('a', 'b') WHERE max_seq_len = 100000;
.error distilbert_answers: *512*

.testcase max_seq_len without room
SELECT * FROM distilbert_answers('Who is it?', 'b') WHERE max_seq_len = 4;
.error distilbert_answers: *

.testcase doc_stride not below the window
SELECT * FROM distilbert_answers('Who?',
  replace(printf('%.50c', 'x'), 'x', 'Nothing happened. '))
 WHERE max_seq_len = 32 AND doc_stride = 32;
.error distilbert_answers: *32*

.testcase a doc_stride that nobody gave yields to a long question
CREATE TABLE long_question AS SELECT
  'Who ' || replace(printf('%.230c', 'x'), 'x', 'really ') || 'wrote it?' AS q,
  'Ada wrote it.' || replace(printf('%.300c', 'x'), 'x', ' Nothing happened.')
  || ' Bob read it.' AS c;
SELECT answer LIKE '%Ada%' OR answer LIKE '%Bob%' FROM long_question,
  distilbert_answers(q, c);
.check 1

.testcase one that was given does not
SELECT answer FROM long_question, distilbert_answers(q, c)
 WHERE doc_stride = 128 AND max_seq_len = 300;
.error distilbert_answers: a stride of 128 tokens is not less than the window's *

.testcase max_windows: the rest is not read
WITH t(c) AS (SELECT replace(printf('%.300c', 'x'), 'x', 'Nothing happened. ')
                     || 'Bob read it.')
SELECT (SELECT answer FROM distilbert_answers('Who read it?', c)),
       (SELECT answer FROM distilbert_answers('Who read it?', c)
         WHERE max_windows = 100),
       (SELECT answer FROM distilbert_answers('Who read it?', c)
         WHERE max_windows = 1) = 'Bob' FROM t;
.check Bob|Bob|0

.testcase max_windows is a number from 1 on
SELECT * FROM distilbert_answers('Who?', 'Ada.') WHERE max_windows = 0;
.error distilbert_answers: max_windows must be a whole number from 1 to *

.testcase a context of blanks has no row
SELECT answer FROM distilbert_answers('Who?', '   ');
SELECT answer FROM distilbert_answers('Who?', char(10, 9, 32)) WHERE top_k = 3;
.check

.testcase but an empty answer that was asked for
SELECT answer, start, "end" FROM distilbert_answers('Who?', '  ')
 WHERE impossible = 1;
.check |0|0

.testcase unknown model
SELECT * FROM distilbert_answers('a', 'b', 1, 'nobody');
.error distilbert_answers: no model named nobody: *

-- Shapes of queries that cannot work -----------------------------------------

.testcase no arguments
SELECT * FROM distilbert_answers;
.error distilbert_answers: needs the argument question: in parentheses, or as question = *

.testcase one argument
SELECT * FROM distilbert_answers('a');
.error distilbert_answers: needs the argument context: in parentheses, or as context = *

.testcase too many arguments
SELECT * FROM distilbert_answers(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
.error too many arguments on distilbert_answers() - max 11

.testcase not writable
INSERT INTO distilbert_answers(question) VALUES ('a');
.error table distilbert_answers may not be modified

.testcase not created
CREATE VIRTUAL TABLE temp.a USING distilbert_answers;
.error no such module: distilbert_answers

.testcase a range is no argument
SELECT * FROM distilbert_answers('a') WHERE context > 'b';
.error distilbert_answers: needs the argument context: *
