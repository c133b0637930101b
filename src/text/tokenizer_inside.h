/*
 * tokenizer_inside.h - a Tokenizer's parts, and what a kind of tokenizer is.
 *
 *     text -> added tokens and words -> pieces -> template
 *       added_scan.c    bert.c       wordpiece.c  encode.c
 *                       byte_level.c bpe.c
 *                       sequence.c   any of these two
 *
 * Only files of src/text include this.
 */
#ifndef TEXT_TOKENIZER_INSIDE_H
#define TEXT_TOKENIZER_INSIDE_H

#include "text/added.h"
#include "text/bpe.h"
#include "text/cuts.h"
#include "text/normalize.h"
#include "text/steps.h"
#include "text/template.h"
#include "text/tokenizer.h"
#include "text/vocab.h"
#include "text/wordpiece.h"

/* What one call of tokenizer_next works with. */
typedef struct Work {
  void *memory; /* the kind's own */
  const Poll *poll;
  size_t *count; /* not NULL: a word's tokens may be counted here instead */
} Work;

/* A kind of tokenizer. */
typedef struct Pieces {
  const char *name;
  /* Fills in t->plain (and t->ascii) when all else is there. */
  void (*prepare)(Tokenizer *t);
  /* Working memory of one call, and its end. NULL: out of memory. */
  void *(*work)(const Tokenizer *t);
  void (*end)(void *memory);
  /* Appends the tokens of one word or added token, or sets cursor->done. */
  int (*next)(TextCursor *c, Work *work, Encoding *out, Error *err);
} Pieces;

extern const Pieces pieces_bert, pieces_byte_level, pieces_sequence;

/* What a byte-level tokenizer does with spaces. */
typedef struct ByteLevel {
  bool prefix;      /* a space goes before each part that begins with none */
  bool trim;        /* offsets leave out the spaces around a token, */
  bool trim_prefix; /* but not the one that `prefix` put there */
} ByteLevel;

/* What decoding closes up: " ," to ",". */
typedef struct Decoder {
  bool clean_tokens; /* WordPiece: within each token */
  bool clean_text;   /* in the whole text */
} Decoder;

enum { SEQUENCE_SLOTS = 1024 };

/* Sequences of normalizers and of pre-tokenizers: what the files say, and what
 * follows from it (sequence.c). */
typedef struct Sequence {
  Steps steps;
  Cuts cuts;
  bool cut[128];                /* white space that a stretch may begin with */
  bool spaces_cjk;              /* some step puts ideographs between spaces */
  bool loose;                   /* whatever stands before it */
  bool fragile[SEQUENCE_SLOTS]; /* by hash: characters of patterns */
  Tokenizer *inner; /* owned shell: reads what has been normalised */
} Sequence;

struct Tokenizer {
  const Pieces *pieces;
  Vocab vocab;
  Added added;
  Normalizer normalizer;
  WordPiece wordpiece; /* one of these two is in use */
  Bpe bpe;
  ByteLevel byte_level;
  Sequence *sequence; /* owned; NULL: the usual normalizer and words */
  Decoder decoder;
  Template single, pair;
  SpecialIds special;
  size_t model_max;
  char note[256]; /* what tokenizer_note says; may be cut */
  /* What ASCII becomes, and which of it is a letter that begins no added
   * token: what it becomes, else 0. */
  Normal ascii[128];
  unsigned char plain[256]; /* byte level: its class (byte_level.c), else 0 */
};

void sequence_free(Sequence *s); /* may be NULL */

/* When all else is there: takes the set of normalised added tokens over and
 * makes the inner tokenizer. */
int sequence_prepare(Tokenizer *t, Error *err);

/* Polls when the cursor has passed its poll_at, and moves that on. */
enum { POLL_BYTES = 1 << 16 };
int cursor_poll(TextCursor *c, const Poll *poll, Error *err);

/* An added token at the cursor. */
typedef struct AddedMatch {
  const AddedToken *token;
  size_t start, end; /* bytes, white space of lstrip and rstrip included */
} AddedMatch;

/* Does an added token begin here? */
bool scan_added(TextCursor *c, AddedMatch *out);
/* Appends it and moves behind it. */
int scan_take(TextCursor *c, const AddedMatch *m, Encoding *out, Error *err);

/* byte_level.c's way of taking it, with its spaces trimmed. */
int byte_level_take(TextCursor *c, const AddedMatch *m, Encoding *out,
                    Error *err);

/* Of a normalised text: what its characters stand for in the text it comes
 * from. */
typedef struct Origin {
  const Aligned *chars;
  const char *text;
  size_t bytes;
} Origin;

/* Gives a token, whose offsets are of the normalised text, those of the text it
 * comes from. */
void origin_place(const Origin *o, Token *t);

#endif
