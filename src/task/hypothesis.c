/*
 * hypothesis.c - a label's sentence out of a template.
 *
 * In:  "This example is {}." and a label.
 * Out: "This example is sports."
 *
 * As Python's str.format with one argument, which the reference uses
 * (reference/pipelines.md 6): {} once or {0} any number of times; {{ and }} are
 * braces.  Fields of other forms are refused, and so is a template without one,
 * which would say the same of every label.
 */
#include "task/hypothesis.h"

#include <stdbool.h>
#include <string.h>
#include "base/memory.h"
#include "base/size.h"

/* What a place of a template stands for. */
typedef enum Piece { PIECE_BYTE, PIECE_LABEL, PIECE_BAD } Piece;

/* *taken: its bytes. */
static Piece read_piece(const char *at, size_t left, size_t *taken) {
  *taken = 1;
  if (at[0] != '{' && at[0] != '}')
    return PIECE_BYTE;
  *taken = 2;
  if (left >= 2 && at[0] == at[1])
    return PIECE_BYTE;
  if (left >= 2 && at[0] == '{' && at[1] == '}')
    return PIECE_LABEL;
  *taken = 3;
  return left >= 3 && memcmp(at, "{0}", 3) == 0 ? PIECE_LABEL : PIECE_BAD;
}

/* Counts {} and {0}: at least one of the two, not both. */
int hypothesis_check(EncodeText t, Error *err) {
  size_t fields[2] = {0}, taken;
  for (size_t i = 0; i < t.bytes; i += taken) {
    Piece piece = read_piece(t.text + i, t.bytes - i, &taken);
    if (piece == PIECE_BAD)
      return fail(err, ERR_RANGE,
                  "template: {} or {0} takes the label, {{ and }} are braces, "
                  "and nothing else may be in them");
    fields[taken == 3] += piece == PIECE_LABEL;
  }
  if (fields[0] + (fields[1] > 0) != 1)
    return fail(err, ERR_RANGE,
                "template must have one {} where the label goes");
  return OK;
}

/* The bytes of a sentence; false: more than there can be. */
static bool measure(EncodeText t, EncodeText label, size_t *bytes) {
  size_t plain = 0, fields = 0, taken;
  for (size_t i = 0; i < t.bytes; i += taken) {
    bool is_byte = read_piece(t.text + i, t.bytes - i, &taken) == PIECE_BYTE;
    plain += is_byte;
    fields += !is_byte;
  }
  return size_mul(fields, label.bytes, bytes) && size_add(*bytes, plain, bytes);
}

int hypothesis_write(EncodeText t, EncodeText label, char **out, size_t *bytes,
                     Error *err) {
  size_t taken;
  if (!measure(t, label, bytes))
    return fail(err, ERR_RANGE, "template and label are too long");
  char *at = *out = mem_alloc(*bytes);
  if (!at)
    return fail_memory(err);
  for (size_t i = 0; i < t.bytes; i += taken) {
    if (read_piece(t.text + i, t.bytes - i, &taken) == PIECE_BYTE) {
      *at++ = t.text[i];
    } else {
      memcpy(at, label.text, label.bytes);
      at += label.bytes;
    }
  }
  return OK;
}
