/*
 * tokenizer.h - text to token ids with offsets, exactly as the Hugging Face
 * "fast" tokenizers do it.
 *
 * A Tokenizer is read from the texts of a checkpoint's files and then never
 * changes; any number of threads may use it.  Text is read through a cursor
 * that holds a word at a time, so that a text of any length costs no more
 * memory than the tokens asked for (and those of one word more: byte-level BPE
 * has no limit to a word):
 *
 *     TextCursor c;
 *     tokenizer_begin(tokenizer, text, bytes, &c);
 *     tokenizer_next(&c, 384, poll, &encoding, err);   // >= 384, or the end
 *
 * Texts may hold NUL, ill-formed UTF-8 (each maximal ill-formed part reads as
 * U+FFFD) and anything else; time is linear in their length.
 */
#ifndef TEXT_TOKENIZER_H
#define TEXT_TOKENIZER_H

#include "base/error.h"
#include "base/poll.h"
#include "text/token.h"

typedef struct Tokenizer Tokenizer;

/* The text of one file; text NULL: there is no such file. */
typedef struct FileText {
  const char *text;
  size_t bytes;
} FileText;

typedef struct EncodeText {
  const char *text; /* NULL as the second text: there is no pair */
  size_t bytes;
} EncodeText;

typedef struct TokenizerFiles {
  FileText tokenizer_json;
  FileText tokenizer_config;   /* tokenizer_config.json */
  FileText special_tokens_map; /* special_tokens_map.json */
  FileText vocab_txt;
  FileText vocab_json, merges_txt;
  FileText added_tokens; /* added_tokens.json */
  FileText config;       /* config.json: only its tokenizer_class counts */
} TokenizerFiles;

/* Which tokenizer a family has when the files name no class. */
typedef enum TokenizerKind {
  TOKENIZER_WORDPIECE, /* DistilBERT, BERT */
  TOKENIZER_BYTE_BPE   /* RoBERTa */
} TokenizerKind;

/*
 * Builds a tokenizer; the files' texts may be freed afterwards. Which key of
 * which file counts: reference/tokenizers.md 11. ERR_FORMAT, ERR_UNSUPPORTED
 * (another model type or normalizer, by name), ERR_NOMEM.
 */
int tokenizer_open(TokenizerKind kind, const TokenizerFiles *files,
                   Tokenizer **out, Error *err);
void tokenizer_free(Tokenizer *t);

size_t tokenizer_size(const Tokenizer *t);      /* 1 + the highest id */
size_t tokenizer_model_max(const Tokenizer *t); /* 0: no limit given */

/* What tokenizer_config.json or its class overruled, in one sentence that lives
 * as long as the tokenizer; NULL: nothing that tokenizer.json says. */
const char *tokenizer_note(const Tokenizer *t);

/* Ids of the special tokens, -1 where there is none. */
typedef struct SpecialIds {
  int32_t cls, sep, pad, unk, mask;
} SpecialIds;
SpecialIds tokenizer_special(const Tokenizer *t);

/* The id of a token's exact text, added tokens included; -1: none. */
int32_t tokenizer_id(const Tokenizer *t, const char *text, size_t bytes);
/* The text of an id, borrowed; NULL: no such id. */
const char *tokenizer_token(const Tokenizer *t, int32_t id, size_t *bytes);

/*
 * The text of n ids, with a 0 behind it (not counted); mem_free frees it. Ids
 * without a token are left out, and special tokens ([UNK] among them) where
 * asked. Spaces are closed up as the checkpoint's files say, which is why this
 * is not always the text that was encoded.
 */
int tokenizer_decode(const Tokenizer *t, const int32_t *ids, size_t n,
                     bool skip_special, char **text, size_t *bytes, Error *err);

/* The same of n tokens' texts, whatever they are and however long, without what
 * the files want closed up in the whole. */
int tokenizer_join(const Tokenizer *t, const EncodeText *pieces, size_t n,
                   const Poll *poll, char **text, size_t *bytes, Error *err);

/* Has what goes on with a word a mark of its own, as WordPiece's "##"? */
bool tokenizer_marks_pieces(const Tokenizer *t);

/* Template tokens around one text, around a pair. */
size_t tokenizer_n_added(const Tokenizer *t, bool pair);

struct Origin;

/* Opaque to callers, a plain value without owned memory. */
typedef struct TextCursor {
  const Tokenizer *tokenizer;
  const char *text;
  size_t bytes;   /* < 2^32 */
  size_t at;      /* byte position of what comes next */
  uint32_t chars; /* characters before `at` */
  int32_t words;  /* words before `at` */
  /* Where the last added token ended: any, one found in the raw text. */
  size_t after_added, after_raw;
  /* Matches that began before these places were refused (single_word). */
  size_t refused_raw, refused_normalized;
  size_t poll_at; /* the place of the next poll: the start, then every 64 KB */
  bool done;      /* nothing is left */
  const struct Origin *origin; /* where a normalised text comes from */
} TextCursor;

/* ERR_RANGE when the text has 2^31 bytes or more (SQLite has none such). */
int tokenizer_begin(const Tokenizer *t, const char *text, size_t bytes,
                    TextCursor *out, Error *err);

/* Appends tokens (sequence 0, type 0) until at least `n` were appended by
 * this call or the text ends. ERR_NOMEM, ERR_INTERRUPT. */
int tokenizer_next(TextCursor *cursor, size_t n, const Poll *poll,
                   Encoding *out, Error *err);

/* The number of tokens of a whole text, template not included, in constant
 * memory (but 8 bytes for each token of a BPE word). */
int tokenizer_count(const Tokenizer *t, const char *text, size_t bytes,
                    const Poll *poll, size_t *out, Error *err);

typedef enum Truncation {
  TRUNCATE_NOT,
  TRUNCATE_LONGEST_FIRST,
  TRUNCATE_ONLY_FIRST,
  TRUNCATE_ONLY_SECOND
} Truncation;

/*
 * Appends a text or a pair with its template. max_tokens counts template
 * tokens. `*cut` (may be NULL) tells whether something was truncated. Stops
 * reading a text at the limit. ERR_RANGE "too short" where ONLY_FIRST or
 * ONLY_SECOND would leave nothing of that text.
 */
int tokenizer_encode(const Tokenizer *t, EncodeText a, EncodeText b,
                     Truncation how, size_t max_tokens, const Poll *poll,
                     Encoding *out, bool *cut, Error *err);

/*
 * Appends the tokens of one text (pair false: the first) or of two with the
 * template around them, all of them or, where memory is short, none. Sequence
 * numbers and type ids are set here.
 */
int tokenizer_template(const Tokenizer *t, bool pair, const TokenList texts[2],
                       Encoding *out, Error *err);

#endif
