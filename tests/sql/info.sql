-- distilbert_version(), distilbert_debug(), distilbert_fingerprint([model])

.testcase version
SELECT distilbert_version();
.glob [0-9]*.[0-9]*.[0-9]*

.testcase debug
SELECT distilbert_debug();
.glob version: *build: *sqlite: *kernels: *engine: *threads: *cache: *model: *weights: *

.testcase fingerprint
SELECT length(distilbert_fingerprint()),
       distilbert_fingerprint() = distilbert_fingerprint(NULL),
       distilbert_fingerprint() =
       distilbert_fingerprint('distilbert-minilm-qa');
.check 64|1|1

.testcase fingerprint of a stranger
SELECT distilbert_fingerprint('nobody');
.error distilbert_fingerprint: no model named nobody: *

.testcase fingerprint of a path
SELECT distilbert_fingerprint('/etc/passwd');
.error distilbert_fingerprint: model /etc/passwd: a name is no path *

.testcase arity
SELECT distilbert_version(1);
.error wrong number of arguments to function distilbert_version()

.testcase arity
SELECT distilbert_debug(1);
.error wrong number of arguments to function distilbert_debug()

.testcase arity
SELECT distilbert_fingerprint('a', 'b');
.error wrong number of arguments to function distilbert_fingerprint()

.testcase what there is
SELECT DISTINCT name FROM pragma_function_list WHERE name LIKE 'distilbert%'
 ORDER BY name;
.check <<END
distilbert_answer
distilbert_choose
distilbert_classify
distilbert_cosine
distilbert_debug
distilbert_embed
distilbert_entities_json
distilbert_fill
distilbert_fingerprint
distilbert_forget
distilbert_fts_query
distilbert_highlight
distilbert_quantize
distilbert_register
distilbert_set
distilbert_token_count
distilbert_vector_json
distilbert_version
END

.testcase tables there are
SELECT name FROM pragma_module_list WHERE name LIKE 'distilbert%' ORDER BY name;
.check <<END
distilbert_answer_each
distilbert_answers
distilbert_ask
distilbert_choices
distilbert_chunks
distilbert_classes
distilbert_classify_each
distilbert_config
distilbert_embed_each
distilbert_entities
distilbert_entities_each
distilbert_features
distilbert_fill_mask
distilbert_models
distilbert_progress
distilbert_span_logits
distilbert_tokens
distilbert_zero_shot
END

.testcase flags: deterministic, innocuous, direct only
SELECT name, narg, flags & 0x800 <> 0, flags & 0x200000 <> 0,
       flags & 0x80000 <> 0
  FROM pragma_function_list WHERE name LIKE 'distilbert%' ORDER BY name, narg;
.check <<END
distilbert_answer|2|0|0|0
distilbert_answer|3|1|0|0
distilbert_choose|2|0|0|0
distilbert_choose|3|1|0|0
distilbert_classify|1|0|0|0
distilbert_classify|2|1|0|0
distilbert_cosine|2|1|0|0
distilbert_debug|0|0|0|0
distilbert_embed|1|0|0|0
distilbert_embed|2|1|0|0
distilbert_entities_json|1|0|0|0
distilbert_entities_json|2|1|0|0
distilbert_fill|1|0|0|0
distilbert_fill|2|1|0|0
distilbert_fingerprint|0|0|0|0
distilbert_fingerprint|1|0|0|0
distilbert_forget|1|1|0|1
distilbert_fts_query|1|1|0|0
distilbert_highlight|4|0|0|0
distilbert_highlight|5|1|0|0
distilbert_quantize|2|1|0|1
distilbert_quantize|3|1|0|1
distilbert_register|2|1|0|1
distilbert_register|3|1|0|1
distilbert_register|4|1|0|1
distilbert_set|2|1|0|1
distilbert_token_count|1|0|0|0
distilbert_token_count|2|1|0|0
distilbert_vector_json|1|1|0|0
distilbert_version|0|0|0|0
END
