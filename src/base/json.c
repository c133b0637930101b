/*
 * json.c - walks JSON before cJSON sees it, and reads values out of the tree.
 *
 * In:  a text out of a file or an SQL argument, its name for messages.
 * Out: a cJSON tree in which every string is UTF-8 without NUL, every number
 *      finite, every key of an object different; or one sentence with the line.
 *
 * Three steps: the guard below walks the text by the grammar of RFC 8259, by
 * recursive descent no deeper than JSON_MAX_DEPTH; cJSON builds the tree, and
 * can then fail only for want of memory; the keys of each object are sorted to
 * find repeated ones (n log n whatever the keys are: no hash to collide).
 *
 * cJSON and strtod() read numbers by the host's locale, where "0.5" may mean 0.
 * The C locale is put in force around the three steps, for this thread alone.
 *
 * Refuses what cJSON would read as something else: numbers of more than 63
 * characters (it cuts them), integers that a double cannot hold, "\u0000" (it
 * ends the string there), a byte order mark, bytes after the value.
 */
#include "base/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/c_locale.h"
#include "base/memory.h"
#include "base/utf8.h"

enum { NUMBER_ROOM = 64 }; /* cJSON's buffer, its 0 included */
static const double MAX_INTEGER = 9007199254740992.0; /* 2^53 */

/* --- The guard ------------------------------------------------------------
 *
 * take_* advance over what they accept; guard_* check one production of the
 * grammar, starting at its first character, and end behind it.
 */
typedef struct Guard {
  const char *what;            /* for messages, borrowed */
  const char *text, *at, *end; /* borrowed; `at` is what comes next */
  size_t values;               /* seen so far */
  Error *err;
} Guard;

/* Complains about the line of `at`. */
static int refuse(const Guard *g, const char *reason) {
  size_t line = 1;
  for (const char *p = g->text; p < g->at; p++)
    line += *p == '\n';
  return fail(g->err, ERR_FORMAT, "%s, line %zu: %s", g->what, line, reason);
}

static void skip_space(Guard *g) {
  while (g->at < g->end &&
         (*g->at == ' ' || *g->at == '\n' || *g->at == '\r' || *g->at == '\t'))
    g->at++;
}

/* Takes the character if it comes next. */
static bool take(Guard *g, char c) {
  if (g->at == g->end || *g->at != c)
    return false;
  g->at++;
  return true;
}

static bool take_after_space(Guard *g, char c) {
  skip_space(g);
  return take(g, c);
}

static bool is_digit(const Guard *g) {
  return g->at < g->end && *g->at >= '0' && *g->at <= '9';
}

/* Returns how many. */
static size_t take_digits(Guard *g) {
  const char *start = g->at;
  while (is_digit(g))
    g->at++;
  return (size_t)(g->at - start);
}

/* The four digits of "\uXXXX"; -1: not four, or not digits. */
static int take_hex(Guard *g) {
  int unit = 0;
  if (g->end - g->at < 4)
    return -1;
  for (int i = 0; i < 4; i++) {
    char c = *g->at++;
    int digit = c >= '0' && c <= '9'   ? c - '0'
                : c >= 'a' && c <= 'f' ? c - 'a' + 10
                : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                       : -1;
    if (digit < 0)
      return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

/* What follows "\u". */
static int guard_unicode(Guard *g) {
  int unit = take_hex(g);
  if (unit < 0)
    return refuse(g, "\\u without four hexadecimal digits");
  if (unit == 0)
    return refuse(g, "NUL character in a string");
  if (unit < 0xd800 || unit > 0xdfff)
    return OK;
  int low = unit < 0xdc00 && take(g, '\\') && take(g, 'u') ? take_hex(g) : -1;
  if (low < 0xdc00 || low > 0xdfff)
    return refuse(g, "half of a surrogate pair in a string");
  return OK;
}

/* What follows a backslash. */
static int guard_escape(Guard *g) {
  if (take(g, 'u'))
    return guard_unicode(g);
  if (g->at == g->end || *g->at == 0 || !strchr("\"\\/bfnrt", *g->at))
    return refuse(g, "unknown escape in a string");
  g->at++;
  return OK;
}

/* Escapes are checked here and undone by cJSON. */
static int guard_string(Guard *g) {
  g->at++; /* the quote */
  while (g->at < g->end && *g->at != '"') {
    size_t length = utf8_length(g->at, (size_t)(g->end - g->at));
    if (length == 0)
      return refuse(g, "not UTF-8");
    if ((unsigned char)*g->at < 0x20)
      return refuse(g, "control character in a string");
    bool escape = *g->at == '\\';
    g->at += length;
    if (escape && guard_escape(g) != OK)
      return ERR_FORMAT;
  }
  return take(g, '"') ? OK : refuse(g, "string without an end");
}

/* transformers writes this for "no limit", in most tokenizer_config.json. */
static const char NO_LIMIT[] = "1000000000000000019884624838656";

/* An integer whose digits are [start, end): is it at most 2^53, or 1e30? */
static bool is_exact(const char *start, const char *end) {
  uint64_t value = 0;
  size_t n = (size_t)(end - start);
  if (n > 16)
    return n == sizeof NO_LIMIT - 1 && memcmp(start, NO_LIMIT, n) == 0;
  for (; start < end; start++)
    value = value * 10 + (uint64_t)(*start - '0');
  return value <= (uint64_t)MAX_INTEGER;
}

/* -?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)? */
static int guard_number(Guard *g) {
  const char *start = g->at;
  take(g, '-');
  const char *digits = g->at;
  if (!take(g, '0') && take_digits(g) == 0)
    return refuse(g, "number without digits");
  if (is_digit(g))
    return refuse(g, "number that starts with 0");
  const char *point = g->at;
  if (take(g, '.') && take_digits(g) == 0)
    return refuse(g, "number without digits after its point");
  if (take(g, 'e') || take(g, 'E')) {
    if (!take(g, '-'))
      take(g, '+');
    if (take_digits(g) == 0)
      return refuse(g, "number without digits in its exponent");
  }
  if (g->at == point && !is_exact(digits, point))
    return refuse(g, "integer beyond 2^53");

  /* strtod() wants a 0 behind, which the text need not have. */
  char copy[NUMBER_ROOM];
  size_t n = (size_t)(g->at - start);
  if (n >= sizeof copy)
    return refuse(g, "number of more than 63 characters");
  memcpy(copy, start, n);
  copy[n] = 0;
  return isfinite(strtod(copy, NULL)) ? OK : refuse(g, "number too large");
}

/* true, false, null; what follows is seen by whoever wants a comma. */
static int guard_word(Guard *g, const char *word) {
  size_t n = strlen(word);
  if ((size_t)(g->end - g->at) < n || memcmp(g->at, word, n) != 0)
    return refuse(g, "unknown word");
  g->at += n;
  return OK;
}

static int guard_value(Guard *g, int depth);

/* A key and its colon. */
static int guard_key(Guard *g) {
  skip_space(g);
  if (g->at == g->end || *g->at != '"')
    return refuse(g, "a key in double quotes is missing");
  int rc = guard_string(g);
  if (rc == OK && !take_after_space(g, ':'))
    rc = refuse(g, "a colon is missing");
  return rc;
}

/* An object or an array; `depth` containers are around it. */
static int guard_container(Guard *g, int depth) {
  char close = *g->at == '{' ? '}' : ']';
  if (depth == JSON_MAX_DEPTH)
    return refuse(g, "nested deeper than 32");
  g->at++;
  if (take_after_space(g, close))
    return OK;
  do {
    int rc = close == '}' ? guard_key(g) : OK;
    if (rc == OK)
      rc = guard_value(g, depth + 1);
    if (rc != OK)
      return rc;
  } while (take_after_space(g, ','));
  return take(g, close) ? OK : refuse(g, "a comma or a bracket is missing");
}

static int guard_value(Guard *g, int depth) {
  if (++g->values > JSON_MAX_VALUES)
    return fail(g->err, ERR_RANGE, "%s: more than %d values", g->what,
                JSON_MAX_VALUES);
  skip_space(g);
  if (g->at == g->end)
    return refuse(g, "a value is missing at the end");
  switch (*g->at) {
  case '{':
  case '[':
    return guard_container(g, depth);
  case '"':
    return guard_string(g);
  case 't':
    return guard_word(g, "true");
  case 'f':
    return guard_word(g, "false");
  case 'n':
    return guard_word(g, "null");
  default:
    if (*g->at == '-' || is_digit(g))
      return guard_number(g);
    return refuse(g, "a value is missing");
  }
}

static int guard_text(Guard *g) {
  if (g->end - g->at >= 3 && memcmp(g->at, "\xef\xbb\xbf", 3) == 0)
    return refuse(g, "begins with a byte order mark");
  int rc = guard_value(g, 0);
  skip_space(g);
  if (rc == OK && g->at < g->end)
    rc = refuse(g, "something follows the value");
  return rc;
}

/* --- Repeated keys --------------------------------------------------------
 *
 * Looked for in the tree, where escapes are undone: "a" and "\u0061" are one.
 */

/* Room for the keys of one object, used again for the next. */
typedef struct Keys {
  const char **items; /* owned */
  size_t capacity;
} Keys;

static int by_text(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int check_object(const char *what, const cJSON *object, Keys *keys,
                        Error *err) {
  size_t n = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, object) {
    if (mem_reserve(&keys->items, &keys->capacity, n + 1,
                    sizeof *keys->items) != OK)
      return fail_memory(err);
    keys->items[n++] = item->string;
  }
  if (n > 1)
    qsort(keys->items, n, sizeof *keys->items, by_text);
  for (size_t i = 1; i < n; i++)
    if (strcmp(keys->items[i - 1], keys->items[i]) == 0) {
      char shown[ERROR_QUOTE];
      return fail(err, ERR_FORMAT, "%s: key \"%s\" twice in one object", what,
                  error_quote(shown, keys->items[i]));
    }
  return OK;
}

/* Recursion is as deep as the guard allowed. */
static int check_keys(const char *what, const cJSON *node, Keys *keys,
                      Error *err) {
  int rc = cJSON_IsObject(node) ? check_object(what, node, keys, err) : OK;
  for (const cJSON *item = node->child; rc == OK && item; item = item->next)
    if (item->child)
      rc = check_keys(what, item, keys, err);
  return rc;
}

/* The three steps; what was built stays in *out. */
static int parse(Guard *g, cJSON **out) {
  int rc = guard_text(g);
  if (rc != OK)
    return rc;
  *out = cJSON_ParseWithLength(g->text, (size_t)(g->end - g->text));
  if (!*out)
    return fail_memory(g->err);
  Keys keys = {0};
  rc = check_keys(g->what, *out, &keys, g->err);
  mem_free(keys.items);
  return rc;
}

int json_parse(const char *what, const char *text, size_t bytes, size_t limit,
               cJSON **out, Error *err) {
  *out = NULL;
  if (bytes > limit)
    return fail(err, ERR_RANGE, "%s: %zu bytes, the limit is %zu", what, bytes,
                limit);
  CLocale locale;
  int rc = c_locale_enter(&locale, err);
  if (rc != OK)
    return rc;
  Guard guard = {what, text, text, text + bytes, 0, err};
  rc = parse(&guard, out);
  c_locale_leave(&locale);
  if (rc != OK) {
    cJSON_Delete(*out);
    *out = NULL;
  }
  return rc;
}

/* --- Values --------------------------------------------------------------- */

bool json_size(const cJSON *item, size_t *out) {
  if (!cJSON_IsNumber(item))
    return false;
  double value = item->valuedouble;
  if (!(value >= 0 && value <= MAX_INTEGER && value <= (double)SIZE_MAX) ||
      value != floor(value))
    return false;
  *out = (size_t)value;
  return true;
}

const cJSON *json_get(const cJSON *object, const char *key) {
  const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, key);
  return cJSON_IsNull(item) ? NULL : item;
}

int json_get_int(const char *what, const cJSON *object, const char *key,
                 int64_t low, int64_t high, int64_t *out, Error *err) {
  const cJSON *item = json_get(object, key);
  if (!item)
    return OK;
  double value = item->valuedouble; /* valueint is cut to 32 bits */
  if (!cJSON_IsNumber(item) || !(fabs(value) <= MAX_INTEGER) ||
      value != floor(value) || (int64_t)value < low || (int64_t)value > high)
    return fail(err, ERR_FORMAT, "%s: %s must be an integer from %lld to %lld",
                what, key, (long long)low, (long long)high);
  *out = (int64_t)value;
  return OK;
}

int json_get_real(const char *what, const cJSON *object, const char *key,
                  double low, double high, double *out, Error *err) {
  const cJSON *item = json_get(object, key);
  if (!item)
    return OK;
  if (!cJSON_IsNumber(item) ||
      !(item->valuedouble >= low && item->valuedouble <= high))
    return fail(err, ERR_FORMAT, "%s: %s must be a number from %g to %g", what,
                key, low, high);
  *out = item->valuedouble;
  return OK;
}

int json_get_bool(const char *what, const cJSON *object, const char *key,
                  bool *out, Error *err) {
  const cJSON *item = json_get(object, key);
  if (!item)
    return OK;
  if (!cJSON_IsBool(item))
    return fail(err, ERR_FORMAT, "%s: %s must be true or false", what, key);
  *out = cJSON_IsTrue(item) != 0;
  return OK;
}

int json_get_text(const char *what, const cJSON *object, const char *key,
                  const char **out, Error *err) {
  const cJSON *item = json_get(object, key);
  if (!item)
    return OK;
  if (!cJSON_IsString(item))
    return fail(err, ERR_FORMAT, "%s: %s must be a string", what, key);
  *out = item->valuestring;
  return OK;
}
