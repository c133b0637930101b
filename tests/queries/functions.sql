-- Every scalar and every table: in a table's rows, NULL in, and what it costs.

CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
INSERT INTO docs VALUES (1, 'Ada wrote it.'), (2, NULL), (3, ''), (4, ' ');

.testcase a model for masks
.inferences 0
SELECT distilbert_register('mlm', 'tests/oracle/data/checkpoints/distilbert-uncased-mlm');
SELECT distilbert_set('fill_model', 'mlm');
.check <<END
mlm
mlm
END

-- Scalars --------------------------------------------------------------------

.testcase answer
.inferences 3
SELECT id, distilbert_answer('Who?', body), distilbert_answer('Who?', body, NULL)
  FROM docs;
.check <<END
1|Ada|Ada
2|NULL|NULL
3|NULL|NULL
4|NULL|NULL
END

.testcase answer and highlight share their work
.inferences 3
SELECT id, distilbert_answer('Who?', body), distilbert_highlight('Who?', body, '[', ']')
  FROM docs;
.check <<END
1|Ada|[Ada] wrote it.
2|NULL|NULL
3|NULL|
4|NULL| 
END

.testcase highlight where the answer says so
.inferences 3
SELECT distilbert_highlight('Who?', body, '<b>', '</b>') FROM docs
 WHERE distilbert_answer('Who?', body) IS NOT NULL;
.check <b>Ada</b> wrote it.

.testcase scalar and table share their work
.inferences 1
SELECT distilbert_answer('Who?', body), answer FROM docs, distilbert_answers('Who?', body)
 WHERE docs.id = 1;
.check Ada|Ada

.testcase embed
.inferences 3
SELECT id, length(distilbert_embed(body)), length(distilbert_embed(body, 'all-minilm-l6-v2'))
  FROM docs;
.check <<END
1|1536|1536
2|NULL|NULL
3|1536|1536
4|1536|1536
END

.testcase embed in two models
.inferences 2
SELECT length(distilbert_embed(body)), length(distilbert_embed(body, 'mlm')) FROM docs
 WHERE id = 1;
.glob 1536|*

.testcase cosine and vector_json ask nothing
.inferences 1
CREATE TABLE vec AS SELECT distilbert_embed(body) AS e FROM docs WHERE id = 1;
SELECT round(distilbert_cosine(e, e), 3), json_array_length(distilbert_vector_json(e)),
       round(distilbert_cosine(e, distilbert_vector_json(e)), 3),
       distilbert_cosine(e, NULL) FROM vec;
.check 1.0|384|1.0|NULL

.testcase cosine of two embeddings of one text
.inferences 1
SELECT round(distilbert_cosine(distilbert_embed(body), distilbert_embed(body)), 3)
  FROM docs WHERE id = 1;
.check 1.0

.testcase fill
.inferences 1
SELECT distilbert_fill('I [MASK] you!'), distilbert_fill('I [MASK] you!', 'mlm'),
       distilbert_fill(NULL);
.check i resulted you!|i resulted you!|NULL

.testcase fill over rows
.inferences 2
SELECT distilbert_fill('I [MASK] ' || who || '!') FROM
  (SELECT 'you' AS who UNION ALL SELECT 'them' UNION ALL SELECT 'you');
.glob i resulted you!*i resulted you!

.testcase token_count
.inferences 0
SELECT id, distilbert_token_count(body), distilbert_token_count(body, 'mlm') FROM docs;
.check <<END
1|6|6
2|NULL|NULL
3|2|2
4|2|2
END

.testcase fingerprint, version and debug
.inferences 0
SELECT length(distilbert_fingerprint('mlm')),
       distilbert_fingerprint() = distilbert_fingerprint('distilbert-minilm-qa'),
       distilbert_version() GLOB '[0-9]*', distilbert_debug() GLOB 'version: *';
.check 64|1|1|1

-- Tables ---------------------------------------------------------------------

.testcase answers of NULL, empty and blank contexts have no row
.inferences 4
SELECT count(*) FROM distilbert_answers('Who?', NULL);
SELECT count(*) FROM distilbert_answers('Who?', '');
SELECT count(*) FROM distilbert_answers('Who?', ' ');
SELECT count(*) FROM distilbert_answers(NULL, 'Ada wrote it.');
SELECT count(*), distilbert_answer('Who?', char(9, 10, 32)) FROM distilbert_answers('Who?', '  ');
.check <<END
0
0
0
0
0|NULL
END

.testcase a blank in a list of contexts has no row
.inferences 3
SELECT context, answer FROM distilbert_answers('Who?') WHERE context IN (SELECT body FROM docs);
.check Ada wrote it.|Ada

.testcase a blank context where an empty answer competes
.inferences 1
SELECT answer, start, "end" FROM distilbert_answers('Who?', ' ') WHERE impossible = 1;
.check |0|0

.testcase all columns, all parameters
.inferences 1
SELECT answer, start, "end", score > 0.01, question, context, top_k, model, max_answer_len,
       doc_stride, max_seq_len, impossible, align_to_words, merge, max_windows
  FROM distilbert_answers('Who?', 'Ada wrote it.', 1, 'distilbert-minilm-qa', 5, 16, 64, 0, 1, 0, 2);
.check Ada|0|3|1|Who?|Ada wrote it.|1|distilbert-minilm-qa|5|16|64|0|1|0|2

.testcase other options are another question
.inferences 3
SELECT count(*) FROM distilbert_answers('Who?', 'Ada wrote it.', 1);
SELECT count(*) FROM distilbert_answers('Who?', 'Ada wrote it.', 2);
SELECT count(*) FROM distilbert_answers('Who?', 'Ada wrote it.', 2) WHERE max_answer_len = 1;
.check <<END
1
2
2
END

.testcase masked words
.inferences 1
SELECT token_str, mask, text FROM distilbert_fill_mask('Paris is the [MASK] of France.', 2);
.check <<END
orleans|0|Paris is the [MASK] of France.
##ets|0|Paris is the [MASK] of France.
END

.testcase masked words of a table, left-joined
.inferences 1
WITH t(body) AS (VALUES ('I [MASK] you!'), (NULL))
SELECT body, token_str FROM t LEFT JOIN distilbert_fill_mask(body, 1);
.check <<END
I [MASK] you!|resulted
NULL|NULL
END

.testcase masked words with IN
.inferences 2
SELECT text, token_str FROM distilbert_fill_mask
 WHERE text IN ('I [MASK] you!', 'Paris is the [MASK] of France.') AND top_k = 1
 ORDER BY text;
.check <<END
I [MASK] you!|resulted
Paris is the [MASK] of France.|orleans
END

CREATE TABLE masks AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300)
  SELECT i AS id, 'I [MASK] ' || i || '!' AS t FROM n;

.testcase masked words of a long list, one row
.inferences 3
SELECT token_str IS NOT NULL FROM distilbert_fill_mask
 WHERE text IN (SELECT t FROM masks) AND model = 'mlm' LIMIT 1;
.check 1

.testcase masked words of a long list, EXISTS
.inferences 3
SELECT EXISTS (SELECT 1 FROM distilbert_fill_mask
  WHERE text IN (SELECT t FROM masks) AND model = 'mlm');
.check 1

.testcase masked words, targets
.inferences 1
SELECT target, token_str FROM distilbert_fill_mask
 WHERE text IS 'Paris is the [MASK] of France.' AND targets = '["capital", "city"]'
 ORDER BY score DESC;
.check <<END
capital|capital
city|city
END

.testcase masked words: no text more than once, though a join repeats it
.inferences 2
WITH t(body) AS (VALUES ('I [MASK] you!'), ('[MASK] [MASK]'), ('I [MASK] you!')),
     n(i) AS (VALUES (1), (2), (3))
SELECT body, mask, token_str, count(*)
  FROM n CROSS JOIN t CROSS JOIN distilbert_fill_mask(body, 1) GROUP BY 1, 2, 3;
.check <<END
I [MASK] you!|0|resulted|6
[MASK] [MASK]|0|##শ|3
[MASK] [MASK]|1|louis|3
END

.testcase masked words: other targets, another number of them, all rows and one
.inferences 4
WITH t(targets, k) AS (VALUES (NULL, 1), ('["capital", "city"]', 1), ('["capital", "city"]', 2),
  (NULL, 2), (NULL, 2), ('["capital", "city"]', 2))
SELECT count(*), count(DISTINCT sequence) FROM t
  CROSS JOIN distilbert_fill_mask('Paris is the [MASK] of France.', t.k, t.targets);
SELECT token_str FROM distilbert_fill_mask('Paris is the [MASK] of France.', 2) LIMIT 1;
.check <<END
10|4
orleans
END

.testcase masked words: a list in which half is known
.inferences 300
SELECT count(*) FROM distilbert_fill_mask WHERE top_k = 1 AND
  text IN (SELECT t FROM masks WHERE id % 2);
SELECT count(*), count(DISTINCT text) FROM distilbert_fill_mask
 WHERE top_k = 1 AND text IN (SELECT t FROM masks);
.check <<END
150
300|300
END

.testcase masked words: rows before a text without a mask
.inferences 1
SELECT token_str FROM distilbert_fill_mask
 WHERE top_k = 1 AND text IN ('I [MASK] you!', 'I you!') LIMIT 1;
.check resulted

.testcase masked words: an error is not kept
SELECT token_str FROM distilbert_fill_mask
 WHERE top_k = 1 AND text IN ('I [MASK] you!', 'I you!');
.error distilbert_fill_mask: no mask token ([[]MASK]) in the text

.testcase tokens
.inferences 0
SELECT token, id, start, "end" FROM distilbert_tokens('Ada', 'Bob') WHERE special = 0;
.glob <<END
ada|*|0|3
bob|*|0|3
END

.testcase tokens of NULL
.inferences 0
SELECT count(*) FROM distilbert_tokens(NULL);
.check 0

.testcase chunks need no inference, and LIMIT ends the work
.inferences 0
SELECT chunk, start, "end", tokens
  FROM distilbert_chunks(replace(printf('%.200000c', 'x'), 'x', 'Ada wrote it. '), 8) LIMIT 2;
.check <<END
Ada wrote it. |0|14|6
Ada wrote it. |14|28|6
END

.testcase the chunk that is nearest: one inference a chunk, one for the question
.inferences 4
SELECT chunk FROM distilbert_chunks('Ada wrote it. The sea is blue. Bob sold a house.', 8)
 ORDER BY distilbert_cosine(distilbert_embed(chunk), distilbert_embed('What colour has water?')) DESC
 LIMIT 1;
.check 'The sea is blue. '

.testcase what is missing is named
SELECT * FROM distilbert_tokens;
.error distilbert_tokens: needs the argument text: *

.testcase and for masked words
SELECT * FROM distilbert_fill_mask WHERE text > 'a';
.error distilbert_fill_mask: needs the argument text: *

.testcase the model goes
.inferences 0
SELECT distilbert_set('fill_model', NULL), distilbert_forget('mlm');
.check |mlm
