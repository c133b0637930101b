-- What every platform must answer alike, to the bit: functions over the
-- built-in models, then a checkpoint of floats out of files, and as a file of
-- bytes that is written and read again.  Numbers are shown as their bytes, or
-- as the library writes them, since versions of SQLite print them each its way.
SELECT distilbert_answer('Who wrote it?', 'The first program was written by Ada Lovelace in 1843.');
SELECT distilbert_answer('Where was Tesla born?', replace(hex(zeroblob(5)), '00', 'He worked for a company in Budapest. ') || 'Nikola Tesla was born in Smiljan.');
SELECT hex(distilbert_embed('The rich get richer.'));
SELECT key, hex(embedding), tokens FROM distilbert_embed_each('SELECT 1, ''one'' UNION ALL SELECT 2, ''Zürich, 東京 and 🦀'' UNION ALL SELECT 3, ''a longer sentence, which has some more words than the others''');
SELECT distilbert_fill('Paris is the [MASK] of France.');
SELECT distilbert_classify('The plot makes no sense, and the jokes are old.');
SELECT distilbert_entities_json('Angela Merkel met François Hollande in Zürich.');
SELECT token, token_str FROM distilbert_fill_mask('The [MASK] barked at the cat.');
SELECT chunk, start, "end" FROM distilbert_chunks('One sentence. Another one, e.g. this. "And a third?" she asked.', 12);
SELECT distilbert_fingerprint();
SELECT distilbert_register('floats', 'tests/oracle/data/checkpoints/distilbert-uncased-qa');
SELECT distilbert_answer('who wrote it?', 'it was written by ann lee, they say', 'floats');
SELECT distilbert_fingerprint('floats');
SELECT position, hex(vector) FROM distilbert_features('it was written by ann lee', NULL, 'floats');
SELECT distilbert_quantize('floats', 'build/platforms/bytes.safetensors', 1);
SELECT distilbert_quantize('floats', 'build/platforms/bytes.safetensors', 1);
SELECT distilbert_register('bytes', 'build/platforms/bytes.safetensors');
SELECT position, hex(vector) FROM distilbert_features('it was written by ann lee', NULL, 'bytes');
SELECT distilbert_fingerprint('bytes');
