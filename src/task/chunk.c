/*
 * chunk.c - cuts a long text into pieces of a number of tokens at most.
 *
 * In:  a text, a limit, what a piece should consist of, a tokenizer.
 * Out: one piece after the other, as they are asked for.
 *
 * Each piece is tokenized from its start on as if it were a text, until the
 * first token that does not fit; the last border before that one is its end:
 *
 *     tokens    [...... as many as fit ......][ one more
 *     sentences [............][............][....
 *     piece     [.........................]
 *
 * Where no sentence ends there, a word does, or else a token at a border of
 * graphemes; a grapheme that is too long by itself is cut between characters,
 * rather than being an error.  What is refused is a character of more tokens
 * than fit.
 *
 * Tokens depend on what is around them: a byte-level one holds the space before
 * it, a word that was cut is other tokens.  So tokens only say where to cut,
 * and then the piece is counted by itself.  If it is too long it loses as many
 * tokens as there are too many; each further time at least twice as many, so
 * that it is counted no more often than the limit has binary digits.
 *
 * What has few tokens can be long (a word of 10 MB is one [UNK]) and what has
 * many too (byte-level words have no limit), so a piece is looked for in a
 * window of the text, which grows twofold until it is enough.  What was read
 * beyond a piece's end goes into the next one or two: time is linear in the
 * text (with an overlap, in all pieces together), and memory that of a window.
 */
#include "task/chunk.h"

#include <string.h>
#include "base/memory.h"
#include "base/utf8.h"
#include "unicode/border.h"
#include "unicode/unicode.h"

enum {
  WINDOW_BYTES = 6,    /* a token, of the first window */
  WINDOW_MARGIN = 256, /* bytes at its end, where a word may be cut */
  POLL_BYTES = 1 << 16
};

/* Borders by what they end; each is all that stand before it, too. */
typedef enum Level { CHARACTER, GRAPHEME, TOKEN, WORD, SENTENCE, LEVELS } Level;

/* Borders of a level or above, in some stretch of the text. */
typedef struct Found {
  bool any;
  BorderScan first, last;
} Found;

typedef struct Piece {
  bool exists; /* the rest holds if so */
  BorderScan from, to;
  Level level;     /* of its end */
  size_t first_at; /* the first place that it might have ended at like this */
  size_t tokens;   /* by itself, without the template */
} Piece;

struct Chunker {
  const Tokenizer *tokenizer;
  EncodeText text;
  const Poll *poll;
  size_t special;       /* tokens of the template */
  size_t room, overlap; /* tokens */
  Level level;          /* as asked for */
  BorderScan from, to;  /* the last piece */
  Level ended;          /* what it ended with */
  Encoding tokens;      /* owned: of the text from `from_byte` on */
  size_t from_byte, window_end;
};

/* --- Tokens --------------------------------------------------------------- */

static int count(const Chunker *c, size_t from, size_t to, size_t *n,
                 Error *err) {
  return tokenizer_count(c->tokenizer, c->text.text + from, to - from, c->poll,
                         n, err);
}

/* At most n bytes of a text that go up to the end of a character. */
static size_t whole_characters(const char *text, size_t n) {
  size_t at = n;
  while (at > 0 && n - at < 3 && ((unsigned char)text[at] & 0xc0) == 0x80)
    at--;
  return at;
}

/* Reads tokens of `bytes` bytes. *enough: all there are, or more than fit, far
 * enough from the end for it not to matter where that is. */
static int read_window(Chunker *c, size_t bytes, bool *enough, Error *err) {
  TextCursor cursor;
  c->tokens.n = 0;
  int rc = tokenizer_begin(c->tokenizer, c->text.text + c->from_byte, bytes,
                           &cursor, err);
  rc = rc ? rc : tokenizer_next(&cursor, c->room + 1, c->poll, &c->tokens, err);
  *enough =
      rc == OK && c->tokens.n > c->room &&
      (!cursor.done ||
       c->tokens.tokens[c->room].byte_end + (size_t)WINDOW_MARGIN <= bytes);
  return rc;
}

/* Reads tokens from a place on: all there are, or more than fit. */
static int read_tokens(Chunker *c, size_t from, Error *err) {
  const char *text = c->text.text + from;
  size_t left = c->text.bytes - from, n = 0;
  size_t window = WINDOW_BYTES * c->room + WINDOW_MARGIN;
  bool enough = false;
  int rc = OK;
  c->from_byte = from;
  for (; rc == OK && !enough && n < left; window *= 2) {
    n = window < left ? whole_characters(text, window) : left;
    rc = read_window(c, n, &enough, err);
  }
  c->window_end = from + n;
  return rc;
}

/* The first place from `at` on, but not behind `end`, without white space. */
static size_t skip_space(const Chunker *c, size_t at, size_t end) {
  uint32_t code;
  for (size_t n; at < end; at += n) {
    n = utf8_decode(c->text.text, c->text.bytes, at, &code);
    if (!(unicode_flags(code) & UNICODE_SPACE))
      return at;
  }
  return end;
}

/* Where token i begins: behind white space that it holds, if there is more
 * in it. Behind the last token: at the end of the window. */
static size_t start_of(const Chunker *c, size_t i) {
  if (i >= c->tokens.n)
    return c->window_end;
  size_t start = c->from_byte + c->tokens.tokens[i].byte_start;
  size_t end = c->from_byte + c->tokens.tokens[i].byte_end;
  size_t at = skip_space(c, start, end);
  return at < end ? at : start;
}

/* Moves *i on to the first token that begins there or behind. */
static bool is_token_start(const Chunker *c, size_t at, size_t *i) {
  while (*i < c->tokens.n && start_of(c, *i) < at)
    ++*i;
  return *i < c->tokens.n && start_of(c, *i) == at;
}

static size_t tokens_before(const Chunker *c, size_t at) {
  size_t i = 0;
  is_token_start(c, at, &i);
  return i;
}

/* --- Borders -------------------------------------------------------------- */

static void note(Found found[LEVELS], Level least, Level level,
                 const BorderScan *at) {
  for (Level i = least; i <= level; i++) {
    if (!found[i].any)
      found[i].first = *at;
    found[i].any = true;
    found[i].last = *at;
  }
}

/* Finds the borders in [low, high] that are at least of a level. Tokens are
 * those from `from` on. */
static int search(const Chunker *c, const BorderScan *from, size_t low,
                  size_t high, Level least, Found found[LEVELS], Error *err) {
  static const Level levels[] = {CHARACTER, GRAPHEME, WORD, SENTENCE};
  BorderScan s = *from;
  size_t i = 0, poll_at = s.at + POLL_BYTES;
  int rc = OK;
  for (size_t l = 0; l < LEVELS; l++)
    found[l].any = false;
  while (s.at < high && rc == OK) {
    Level level = levels[border_step(&s)];
    if (s.at >= poll_at) {
      poll_at = s.at + POLL_BYTES;
      rc = poll_check(c->poll, err);
    }
    if (s.at < low || s.at > high)
      continue;
    if (least < WORD && level == GRAPHEME && is_token_start(c, s.at, &i))
      level = TOKEN;
    if (level >= least)
      note(found, least, level, &s);
  }
  return rc;
}

/* The last border in [low, high] of the highest level that has one there. Where
 * words end, nobody needs to know of tokens. */
static int find_end(const Chunker *c, size_t low, size_t high, Piece *out,
                    Error *err) {
  Found found[LEVELS];
  Level level = c->level;
  int rc = OK;
  found[level].any = false;
  if (level >= WORD)
    rc = search(c, &out->from, low, high, WORD, found, err);
  while (level > WORD && !found[level].any)
    level--;
  if (rc == OK && !found[level].any) {
    level = TOKEN;
    rc = search(c, &out->from, low, high, CHARACTER, found, err);
    while (level > CHARACTER && !found[level].any)
      level--;
  }
  out->exists = rc == OK && found[level].any;
  out->level = level;
  if (out->exists) {
    out->to = found[level].last;
    out->first_at = found[level].first.at;
  }
  return rc;
}

/* --- One piece ------------------------------------------------------------ */

/* Less of something that was too long: at least one less, and twice the step
 * before. */
static size_t shorten(size_t n, size_t over, size_t *step) {
  *step = over > 2 * *step ? over : 2 * *step;
  return n > *step ? n - *step : 0;
}

/* The longest piece from out->from on that fits and ends behind `floor`, if
 * there is one. White space at its end may be fewer tokens than they were. */
static int find_piece(Chunker *c, size_t floor, Piece *out, Error *err) {
  size_t fits = c->room, step = 0;
  int rc = read_tokens(c, out->from.at, err);
  out->exists = true;
  while (rc == OK && out->exists) {
    size_t high = start_of(c, fits);
    if (step == 0)
      high = skip_space(c, high, c->window_end);
    rc = find_end(c, floor + 1, high, out, err);
    if (rc || !out->exists)
      break;
    if (out->to.at == c->window_end && c->tokens.n <= fits)
      out->tokens = c->tokens.n;
    else
      rc = count(c, out->from.at, out->to.at, &out->tokens, err);
    if (rc || out->tokens <= c->room)
      break;
    fits = shorten(tokens_before(c, out->to.at), out->tokens - c->room, &step);
    out->exists = fits > 0;
  }
  return rc;
}

/* The first grapheme, if it is within the window and fits: then the piece is
 * that one. */
static int take_grapheme(const Chunker *c, Piece *out, Error *err) {
  Found found[LEVELS];
  Piece whole = {.exists = true, .from = out->from, .level = GRAPHEME};
  int rc = search(c, &whole.from, whole.from.at + 1, c->window_end, GRAPHEME,
                  found, err);
  if (rc || !found[GRAPHEME].any)
    return rc;
  whole.to = found[GRAPHEME].first;
  whole.first_at = whole.to.at;
  rc = count(c, whole.from.at, whole.to.at, &whole.tokens, err);
  if (rc == OK && whole.tokens <= c->room)
    *out = whole;
  return rc;
}

static int take_character(const Chunker *c, Piece *out, Error *err) {
  out->exists = true;
  out->level = CHARACTER;
  out->to = out->from;
  border_step(&out->to);
  int rc = count(c, out->from.at, out->to.at, &out->tokens, err);
  if (rc || out->tokens <= c->room)
    return rc;
  return fail(err, ERR_RANGE,
              "max_tokens %zu is too little: character %lu alone has %zu "
              "tokens, and %zu are special",
              c->room + c->special, (unsigned long)out->from.chars, out->tokens,
              c->special);
}

/* The piece without an overlap, which always exists. */
static int piece_alone(Chunker *c, Piece *out, Error *err) {
  *out = (Piece){.from = c->to};
  int rc = find_piece(c, c->to.at, out, err);
  if (rc == OK && (!out->exists || out->level == CHARACTER))
    rc = take_grapheme(c, out, err);
  if (rc == OK && !out->exists)
    rc = take_character(c, out, err);
  return rc;
}

/* --- Overlaps ------------------------------------------------------------- */

/* The start of the longest end of the last piece that has at most `fits`
 * tokens, which have been read: sentences, or else words. A word is only cut
 * where the piece has cut one. */
static int find_start(const Chunker *c, size_t fits, bool *exists,
                      BorderScan *out, Error *err) {
  Found found[LEVELS];
  size_t n = tokens_before(c, c->to.at), low = c->from.at + 1;
  if (n > fits && start_of(c, n - fits) > low)
    low = start_of(c, n - fits);
  Level level = c->level, least = c->ended < WORD ? TOKEN : WORD;
  int rc = search(c, &c->from, low, c->to.at - 1, least, found, err);
  while (rc == OK && level > least && !found[level].any)
    level--;
  *exists = rc == OK && found[level].any;
  if (*exists)
    *out = found[level].first;
  return rc;
}

/* Where a piece begins that shares at most `most` tokens with the last one. */
static int go_back(Chunker *c, size_t most, BorderScan *out, Error *err) {
  size_t fits = most, step = 0, n;
  int rc = read_tokens(c, c->from.at, err);
  while (rc == OK && fits > 0) {
    bool exists;
    rc = find_start(c, fits, &exists, out, err);
    if (rc || !exists)
      break;
    rc = count(c, out->at, c->to.at, &n, err);
    if (rc || n <= most)
      return rc;
    fits = tokens_before(c, c->to.at) - tokens_before(c, out->at);
    fits = shorten(fits, n - most, &step);
  }
  *out = c->to;
  return rc;
}

/* The piece that begins with up to `most` tokens of the last one, if there is
 * one. */
static int piece_behind(Chunker *c, size_t most, Piece *out, Error *err) {
  *out = (Piece){.exists = false};
  int rc = go_back(c, most, &out->from, err);
  if (rc || out->from.at == c->to.at)
    return rc;
  return find_piece(c, c->to.at, out, err);
}

/* The longest overlap beside which the next sentence (or word) fits, where all
 * of the overlap was too much. `alone` is the piece without any. */
static int piece_between(Chunker *c, const Piece *alone, Piece *out,
                         Error *err) {
  size_t n = tokens_before(c, alone->first_at);
  size_t left = c->room > n ? c->room - n : 0;
  left = left < c->overlap ? left : c->overlap;
  int rc = piece_behind(c, left, out, err);
  if (rc == OK && !(out->exists && out->level >= alone->level))
    *out = *alone;
  return rc;
}

/* An overlap must not be why a sentence is cut, unless the last piece has cut
 * it already: if it is, less of it is taken, or none. */
static int next_piece(Chunker *c, Piece *out, Error *err) {
  Piece alone;
  if (c->overlap == 0 || c->to.at == 0)
    return piece_alone(c, out, err);
  int rc = piece_behind(c, c->overlap, out, err);
  if (rc || (out->exists && out->level >= c->ended && out->level > CHARACTER))
    return rc;
  rc = piece_alone(c, &alone, err);
  if (rc || (out->exists && out->level >= alone.level))
    return rc;
  return piece_between(c, &alone, out, err);
}

/* --- From open to close --------------------------------------------------- */

static const char *const names[] = {
    [CHUNK_TOKEN] = "token",
    [CHUNK_WORD] = "word",
    [CHUNK_SENTENCE] = "sentence",
};

int chunk_boundary(EncodeText name, ChunkBoundary *out, Error *err) {
  char given[ERROR_QUOTE] = "", quoted[ERROR_QUOTE];
  for (ChunkBoundary b = CHUNK_TOKEN; b <= CHUNK_SENTENCE; b++)
    if (name.bytes == strlen(names[b]) &&
        memcmp(name.text, names[b], name.bytes) == 0) {
      *out = b;
      return OK;
    }
  memcpy(given, name.text,
         name.bytes < sizeof given ? name.bytes : sizeof given - 1);
  return fail(err, ERR_RANGE,
              "boundary \"%s\": valid ones are token, word, sentence",
              error_quote(quoted, given));
}

static int check_sizes(const ChunkOptions *how, size_t special, size_t limit,
                       Error *err) {
  if (how->max_tokens > limit)
    return fail(err, ERR_RANGE, "max_tokens %zu: the model takes at most %zu",
                how->max_tokens, limit);
  if (how->max_tokens <= special)
    return fail(err, ERR_RANGE,
                "max_tokens %zu must be at least %zu: %zu are special",
                how->max_tokens, special + 1, special);
  if (how->overlap >= how->max_tokens - special)
    return fail(err, ERR_RANGE,
                "overlap %zu must be less than %zu, the tokens of a chunk but "
                "%zu special ones",
                how->overlap, how->max_tokens - special, special);
  return OK;
}

int chunker_open(const Tokenizer *t, EncodeText text, const ChunkOptions *how,
                 size_t limit, const Poll *poll, Chunker **out, Error *err) {
  size_t special = tokenizer_n_added(t, false);
  *out = NULL;
  int rc = check_sizes(how, special, limit, err);
  if (rc)
    return rc;
  Chunker *c = *out = mem_zeroed(sizeof *c);
  if (!c)
    return fail_memory(err);
  c->tokenizer = t;
  c->text = text;
  c->poll = poll;
  c->special = special;
  c->room = how->max_tokens - special;
  c->overlap = how->overlap;
  c->level = (Level)(TOKEN + (Level)how->boundary);
  border_begin(&c->to, text.text, text.bytes);
  return OK;
}

int chunker_next(Chunker *c, Chunk *out, bool *more, Error *err) {
  Piece piece;
  *more = c->to.at < c->text.bytes;
  int rc = *more ? next_piece(c, &piece, err) : OK;
  if (rc || !*more)
    return rc;
  c->from = piece.from;
  c->to = piece.to;
  c->ended = c->level < piece.level ? c->level : piece.level;
  *out = (Chunk){.byte_start = piece.from.at,
                 .byte_end = piece.to.at,
                 .start = piece.from.chars,
                 .end = piece.to.chars,
                 .tokens = piece.tokens + c->special};
  return OK;
}

void chunker_close(Chunker *c) {
  if (!c)
    return;
  encoding_clear(&c->tokens);
  mem_free(c);
}
