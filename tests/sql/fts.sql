-- distilbert_fts_query(question): a query for FTS5 out of a question as typed

.testcase words in quotes, joined by OR
SELECT distilbert_fts_query('Who wrote "Emma"?');
.check "Who" OR "wrote" OR "Emma"

.testcase NULL in, NULL out
SELECT distilbert_fts_query(NULL);
.check NULL

.testcase no word
SELECT distilbert_fts_query(''), distilbert_fts_query(' ?"''*^:-()'),
       distilbert_fts_query(x'');
.check ""|""|""

.testcase what FTS5 would take for its language is text
SELECT distilbert_fts_query('NEAR(a b, 2) AND title : c* NOT ^d + {e}');
.check "NEAR" OR "a" OR "b" OR "2" OR "AND" OR "title" OR "c" OR "NOT" OR "d" OR "e"

.testcase a word once, whatever its case
SELECT distilbert_fts_query('Who is who? WHO! is'),
       distilbert_fts_query('Ärger ärger ÄRGER arger'),
       distilbert_fts_query('a A aa AA Aa');
.check "Who" OR "is"|"Ärger" OR "arger"|"a" OR "aa"

.testcase letters, marks and digits of any script
SELECT distilbert_fts_query('Où est-ce? 東京 タワー naïve x_1 Straße, 3.14 हिन्दी');
.check "Où" OR "est" OR "ce" OR "東京" OR "タワー" OR "naïve" OR "x_1" OR "Straße" OR "3" OR "14" OR "हिन्दी"

.testcase other types are read as text
SELECT distilbert_fts_query(42), distilbert_fts_query(1.5),
       distilbert_fts_query(x'6361742c20646f67');
.check "42"|"1" OR "5"|"cat" OR "dog"

.testcase NUL, and UTF-8 that is not well formed, part words
SELECT distilbert_fts_query('a' || char(0) || 'b'),
       distilbert_fts_query(CAST(x'61ff62c3' AS TEXT));
.check "a" OR "b"|"a" OR "b"

.testcase more words than its first table has room for
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)
SELECT length(q), length(q) - length(replace(q, ' OR ', '')) FROM
  (SELECT distilbert_fts_query(group_concat('w' || (i % 1000), ' ')) AS q FROM n);
.check 9886|3996

.testcase arity
SELECT distilbert_fts_query();
.error wrong number of arguments to function distilbert_fts_query()

-- In use ---------------------------------------------------------------------

.require (SELECT count(*) FROM pragma_compile_options WHERE compile_options = 'ENABLE_FTS5')

.testcase three tokenizers
CREATE VIRTUAL TABLE u USING fts5(body, tokenize = 'unicode61');
CREATE VIRTUAL TABLE p USING fts5(body, tokenize = 'porter');
CREATE VIRTUAL TABLE t USING fts5(body, tokenize = 'trigram');
INSERT INTO u VALUES ('It was written by Jane Austen.'), ('Où est-ce?'), ('snake_case');
INSERT INTO p SELECT body FROM u;
INSERT INTO t SELECT body FROM u;
.check

.testcase a question as typed is a syntax error without it
SELECT rowid FROM u WHERE u MATCH 'Who wrote it?';
.error fts5: syntax error near "?"

.testcase and none with it
SELECT rowid FROM u WHERE u MATCH distilbert_fts_query('Who wrote it?');
SELECT rowid FROM p WHERE p MATCH distilbert_fts_query('Austen''s writings?');
SELECT rowid FROM t WHERE t MATCH distilbert_fts_query('By "Aust"?');
SELECT rowid FROM u WHERE u MATCH distilbert_fts_query('ou: x_1, snake_case');
.check <<END
1
1
1
2
3
END

.testcase no word, or words that the tokenizer drops: no row, no error
SELECT rowid FROM u WHERE u MATCH distilbert_fts_query('?');
SELECT rowid FROM p WHERE p MATCH distilbert_fts_query('?');
SELECT rowid FROM t WHERE t MATCH distilbert_fts_query('?');
SELECT rowid FROM u WHERE u MATCH distilbert_fts_query('_');
SELECT rowid FROM t WHERE t MATCH distilbert_fts_query('is it by a');
.check

.testcase words that the tokenizer drops, beside others
SELECT rowid FROM u WHERE u MATCH distilbert_fts_query('_ Jane __');
SELECT rowid FROM t WHERE t MATCH distilbert_fts_query('is it by Jane');
.check <<END
1
1
END

.testcase a question of many words
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
SELECT rowid FROM u WHERE u MATCH
  (SELECT distilbert_fts_query(group_concat('w' || i, ' ') || ' jane') FROM n);
.check 1
