-- queries.sql - what every binding is asked, one statement a line.
--
-- `make bindings-test` runs these lines through each binding, on one
-- connection, and through the sqlite3 shell (.mode quote), and compares rows
-- and messages exactly.  Scores are shown as whole parts of 2^60, so that each
-- bit counts, whatever a language does when it prints a number.  The shell
-- prints errors behind all rows: statements that fail come last.
SELECT distilbert_version();
SELECT distilbert_answer('Who wrote it?', 'The first program was written by Ada Lovelace in 1843.');
SELECT distilbert_answer('Wer hat es geschrieben?', 'Ada Lovelace hat es in Zürich für 10 € geschrieben, it''s said.');
SELECT answer, start, "end", printf('%x', CAST(score * 1152921504606846976 AS INTEGER)) FROM distilbert_answers('Who wrote it?', 'Nobody knows. Some say Ada, some say Charles. 北京 is a city.', 3);
SELECT distilbert_embed('The cat sat on the mat.');
SELECT length(distilbert_embed('why the rich get richer')), distilbert_token_count('Grüße, 世界');
SELECT distilbert_classify('Beautifully played.', 'distilbert-minilm-sst2');
SELECT label, printf('%x', CAST(score * 1152921504606846976 AS INTEGER)) FROM distilbert_classes('Not bad at all.') WHERE model = 'distilbert-minilm-sst2';
SELECT distilbert_fill('Paris is the [MASK] of France.');
SELECT distilbert_entities_json('Kublai Khan met Marco Polo in Shangdu.');
SELECT distilbert_answer(NULL, 'text'), distilbert_answer('Who?', NULL), distilbert_embed(NULL), distilbert_classify(NULL);
CREATE VIRTUAL TABLE docs USING fts5(body);
INSERT INTO docs(rowid, body) VALUES (1, 'The Eiffel Tower, named after the engineer Gustave Eiffel, stands in Paris.'), (2, 'Big Ben is the great bell of the clock in London.'), (3, 'Nikola Tesla was an inventor of Serbian origin, born in Smiljan.');
SELECT key, answer, start, "end", passage, printf('%x', CAST(score * 1152921504606846976 AS INTEGER)) FROM distilbert_ask('Where was Tesla born?', 'docs', 2);
SELECT v.key, hex(v.embedding) FROM distilbert_embed_each('SELECT rowid, body FROM docs') AS v;
SELECT count(*) FROM distilbert_answers('Who?', 'Ada did it.') WHERE max_seq_len = 600;
SELECT distilbert_classify('Beautifully played.', 'no-such-model');
SELECT * FROM distilbert_ask('Where?', 'no_such_table');
