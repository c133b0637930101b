/*
 * test_json.c - what json_parse accepts, what it refuses and how it says so,
 * and the accessors.  RFC 8259, RELIABILITY: depth, repeated keys, numbers,
 * UTF-8, time linear in the text, any locale.
 */
#include "base/json.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/json_write.h"
#include "base/memory.h"
#include "bits.h"
#include "check.h"
#include "files.h"
#include "random.h"

typedef struct Case {
  const char *text;
  const char *says; /* NULL: accepted */
} Case;

/* clang-format off */
static const Case cases[] = {
    /* grammar */
    {"{}", NULL}, {"[]", NULL}, {"0", NULL}, {"\"\"", NULL}, {"null", NULL},
    {"true", NULL}, {"false", NULL}, {" \t\r\n{ } \n", NULL},
    {"[1,2,[3,{\"a\":null}],\"x\"]", NULL}, {"[-0]", NULL}, {"[ ]", NULL},
    {"{\"a\" : 1 , \"b\":[ 2 , 3 ] }", NULL},
    {"", "a value is missing at the end"},
    {" \n ", "line 2: a value is missing at the end"},
    {"{", "a key in double quotes is missing"},
    {"[", "a value is missing at the end"},
    {"[1", "a comma or a bracket is missing"},
    {"[1 2]", "a comma or a bracket is missing"},
    {"[1}", "a comma or a bracket is missing"},
    {"{\"a\":1]", "a comma or a bracket is missing"},
    {"[1,]", "a value is missing"}, {"[,1]", "a value is missing"},
    {"{\"a\":1,}", "a key in double quotes is missing"},
    {"{a:1}", "a key in double quotes is missing"},
    {"{'a':1}", "a key in double quotes is missing"},
    {"{1:1}", "a key in double quotes is missing"},
    {"{\"a\" 1}", "a colon is missing"}, {"{\"a\"}", "a colon is missing"},
    {"{\"a\":}", "a value is missing"}, {"]", "a value is missing"},
    {"{} x", "something follows the value"}, {"{}{}", "something follows"},
    {"1 2", "something follows"}, {"{}\f", "something follows"},
    {"tru", "unknown word"}, {"nul", "unknown word"}, {"fals", "unknown word"},
    {"True", "a value is missing"}, {"NaN", "a value is missing"},
    {"Infinity", "a value is missing"}, {"-Infinity", "without digits"},
    {"truex", "something follows"}, {"// x\n1", "a value is missing"},
    {"{\n\"a\":\n\n?}", "line 4: a value is missing"},
    /* numbers */
    {"[0.5,-1e3,1E+2,2e-7,1.25e2]", NULL},
    {"9007199254740992", NULL}, {"-9007199254740992", NULL},
    {"9007199254740993", "integer beyond 2^53"},
    {"-9007199254740993", "integer beyond 2^53"},
    {"100000000000000000000", "integer beyond 2^53"},
    {"10000000000000000", "integer beyond 2^53"},
    {"18446744073709551617", "integer beyond 2^53"}, /* 1, if it wraps */
    {"1000000000000000019884624838656", NULL}, /* "no limit" */
    {"1000000000000000019884624838657", "integer beyond 2^53"},
    {"18446744073709551614", "integer beyond 2^53"},
    {"1e308", NULL}, {"1e309", "number too large"}, {"-1e999", "too large"},
    {"1e-999", NULL}, {"01", "starts with 0"}, {"-01", "starts with 0"},
    {"00", "starts with 0"}, {"1.", "after its point"},
    {".5", "a value is missing"}, {"+1", "a value is missing"},
    {"-", "without digits"}, {"1e", "in its exponent"},
    {"1e+", "in its exponent"}, {"0x10", "something follows"},
    {"1.5.5", "something follows"}, {"--1", "without digits"},
    {"0.00000000000000000000000000000000000000000000000000000000000001", "more than 63"},
    {"0.0000000000000000000000000000000000000000000000000000000000001", NULL},
    /* strings */
    {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", NULL},
    {"\"\\ud83d\\ude00\"", NULL}, {"\"\\uD83D\\uDE00\"", NULL},
    {"\"\\ud83d\"", "surrogate"}, {"\"\\ude00\"", "surrogate"},
    {"\"\\ud83dx\"", "surrogate"}, {"\"\\ud83d\\n\"", "surrogate"},
    {"\"\\ud83d\\u0041\"", "surrogate"}, {"\"\\ud83d\\ud83d\"", "surrogate"},
    {"\"\\ude00\\ud83d\"", "surrogate"},
    {"\"\\ud83d\\uffff\"", "surrogate"}, {"\"\\ude00\\ude00\"", "surrogate"}, {"\"\\ud83d\\u", "surrogate"},
    {"\"\\u0000\"", "NUL"}, {"{\"\\u0000\":1}", "NUL"},
    {"\"\\u12\"", "four hexadecimal"}, {"\"\\u12g4\"", "four hexadecimal"},
    {"\"\\u", "four hexadecimal"}, {"\"\\u+123\"", "four hexadecimal"},
    {"\"\\x41\"", "unknown escape"}, {"\"\\", "unknown escape"},
    {"\"\\'\"", "unknown escape"}, {"\"\\U0041\"", "unknown escape"},
    {"\"a\nb\"", "control character"}, {"\"\t\"", "control character"},
    {"\"\x1f\"", "control character"}, {"\"\x7f\"", NULL},
    {"\"abc", "string without an end"}, {"\"", "string without an end"},
    {"\"abc\\\"", "string without an end"},
    /* UTF-8: two, three, four bytes, and their first and last characters */
    {"\"\xc3\xa9\xe4\xb8\xad\xf0\x9f\x98\x80\"", NULL},
    {"\"\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"", NULL},
    {"\"\xed\x9f\xbf\xee\x80\x80\"", NULL},
    {"\"\xc0\x80\"", "not UTF-8"}, {"\"\xc1\xbf\"", "not UTF-8"},
    {"\"\xe0\x9f\xbf\"", "not UTF-8"}, {"\"\xed\xa0\x80\"", "not UTF-8"},
    {"\"\xf0\x8f\xbf\xbf\"", "not UTF-8"}, {"\"\xf4\x90\x80\x80\"", "not UTF-8"},
    {"\"\xf5\x80\x80\x80\"", "not UTF-8"}, {"\"\xff\"", "not UTF-8"},
    {"\"\x80\"", "not UTF-8"}, {"\"\xc3\"", "not UTF-8"},
    {"\"\xe4\xb8\"", "not UTF-8"}, {"\"\xf0\x9f\x98\"", "not UTF-8"},
    {"\"\xc3(\"", "not UTF-8"}, {"\"\xe9\"", "not UTF-8"},
    {"\"\xf0\x9f\x98", "not UTF-8"}, {"{\"\xe9\":1}", "not UTF-8"},
    {"\xef\xbb\xbf{}", "byte order mark"}, {"\xff\xfe{", "a value is missing"},
    /* keys */
    {"{\"a\":1,\"b\":2}", NULL}, {"{\"a\":1,\"A\":2}", NULL},
    {"{\"a\":{\"a\":1}}", NULL}, {"[{\"a\":1},{\"a\":1}]", NULL},
    {"{\"\":1,\" \":2}", NULL},
    {"{\"a\":1,\"a\":1}", "key \"a\" twice"},
    {"{\"a\":1,\"b\":2,\"c\":3,\"a\":4}", "key \"a\" twice"},
    {"{\"a\":1,\"\\u0061\":2}", "key \"a\" twice"},
    {"{\"\":1,\"\":2}", "key \"\" twice"},
    {"[[{\"x\":{\"k\":1,\"k\":2}}]]", "key \"k\" twice"},
    {"{\"a\\u0007\":1,\"a\\u0007\":2}", "key \"a?\" twice"},
};
/* clang-format on */

/* The same text without room behind it, so that ASan sees an over-read. */
static int parse(const char *text, size_t n, cJSON **out, Error *err) {
  char *copy = malloc(n ? n : 1);
  memcpy(copy, text, n);
  err->message[0] = 0;
  int rc = json_parse("x.json", copy, n, 1 << 26, out, err);
  free(copy);
  return rc;
}

static void check_case(const Case *c) {
  cJSON *json = NULL;
  Error err;
  int rc = parse(c->text, strlen(c->text), &json, &err);
  if (c->says) {
    CHECK(rc == ERR_FORMAT && !json, "%s: code %d", c->text, rc);
    CHECK(strstr(err.message, c->says), "%s: %s", c->text, err.message);
    CHECK(strncmp(err.message, "x.json", 6) == 0, "%s", err.message);
  } else {
    CHECK(rc == OK && json, "%s: %d %s", c->text, rc, err.message);
  }
  cJSON_Delete(json);
}

/* Every prefix of a value with every kind of token is refused. */
static void check_prefixes(void) {
  const char *text = "{\"a\":[1,-2.5e+3,true,false,null,\"\xc3\xa9\\ud83d"
                     "\\ude00\\n\"],\"b\":{}}";
  size_t whole = strlen(text);
  for (size_t n = 0; n <= whole; n++) {
    cJSON *json = NULL;
    Error err;
    int rc = parse(text, n, &json, &err);
    CHECK(rc == (n == whole ? OK : ERR_FORMAT), "%zu bytes: %d", n, rc);
    cJSON_Delete(json);
  }
}

static void check_nul(void) {
  cJSON *json = NULL;
  Error err;
  CHECK(parse("{}\0", 3, &json, &err) == ERR_FORMAT, "NUL behind");
  CHECK(parse("\"a\0b\"", 5, &json, &err) == ERR_FORMAT, "NUL within");
  CHECK(parse("[1,\0]", 5, &json, &err) == ERR_FORMAT, "NUL as a value");
  CHECK(parse("\"\\\0\"", 4, &json, &err) == ERR_FORMAT, "NUL escaped");
}

static int parse_nested(size_t depth, const char *open, const char *inner,
                        char close) {
  size_t width = strlen(open), n = 0, most = strlen(inner);
  char *text = malloc(depth * (width + 1) + most);
  for (size_t i = 0; i < depth; i++, n += width)
    memcpy(text + n, open, width);
  memcpy(text + n, inner, most);
  n += most;
  memset(text + n, close, depth);
  cJSON *json = NULL;
  Error err;
  int rc = parse(text, n + depth, &json, &err);
  CHECK(rc == OK || strstr(err.message, "deeper than 32"), "%s", err.message);
  cJSON_Delete(json);
  free(text);
  return rc;
}

static void check_depth(void) {
  CHECK(parse_nested(32, "[", "1", ']') == OK, "32 arrays");
  CHECK(parse_nested(33, "[", "1", ']') == ERR_FORMAT, "33 arrays");
  CHECK(parse_nested(32, "{\"a\":", "1", '}') == OK, "32 objects");
  CHECK(parse_nested(33, "{\"a\":", "1", '}') == ERR_FORMAT, "33 objects");
  CHECK(parse_nested(1000000, "[", "", ']') == ERR_FORMAT, "a million");
}

static void check_limits(void) {
  cJSON *json = NULL;
  Error err;
  CHECK(json_parse("x", "[1]", 3, 3, &json, &err) == OK, "at the limit");
  cJSON_Delete(json);
  CHECK(json_parse("x", "[1] ", 4, 3, &json, &err) == ERR_RANGE, "above it");
  CHECK(!json && strcmp(err.message, "x: 4 bytes, the limit is 3") == 0, "%s",
        err.message);
  CHECK(json_parse("x", "", 0, 3, &json, NULL) == ERR_FORMAT, "no Error");

  size_t n = 2 * (size_t)JSON_MAX_VALUES + 1; /* "[0,0,...,0]" */
  char *text = malloc(n);
  for (size_t i = 0; i < n; i++)
    text[i] = i & 1 ? '0' : ',';
  text[0] = '[', text[n - 1] = ']';
  CHECK(parse(text, n, &json, &err) == ERR_RANGE, "2^20 + 1 values");
  CHECK(strstr(err.message, "more than 1048576 values"), "%s", err.message);
  text[n - 3] = ']', text[n - 2] = text[n - 1] = ' ';
  CHECK(parse(text, n, &json, &err) == OK, "2^20: %s", err.message);
  cJSON_Delete(json);
  free(text);
}

/* "{"PREFIX000000":1,...}" with n keys; the last one equal to the first when
 * `twice`. */
static double parse_keys(size_t n, const char *prefix, int twice, int expect) {
  size_t width = strlen(prefix) + 16, length = 0;
  char *text = malloc(n * width + 3);
  text[length++] = '{';
  for (size_t i = 0; i < n; i++)
    length += (size_t)snprintf(text + length, width, "\"%s%06zu\":1,", prefix,
                               twice && i == n - 1 ? 0 : i);
  text[length - 1] = '}';
  cJSON *json = NULL;
  Error err;
  clock_t start = clock();
  int rc = parse(text, length, &json, &err);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  CHECK(rc == expect, "%zu keys: %d %s", n, rc, err.message);
  cJSON_Delete(json);
  free(text);
  return seconds;
}

static void check_many_keys(void) {
  parse_keys(60000, "", 0, OK);
  parse_keys(60000, "", 1, ERR_FORMAT);
  double one = parse_keys(100000, "model.layer.", 0, OK);
  double eight = parse_keys(800000, "model.layer.", 0, OK);
  CHECK(eight < 20 * one + 0.5, "%.3f s for 8 times %.3f s", eight, one);
}

static void check_values(void) {
  const char *text =
      "{\"i\":12,\"neg\":-3,\"r\":0.25,\"t\":true,\"f\":false,\"s\":\"abc\","
      "\"z\":null,\"big\":9007199254740992,\"half\":1.5,\"one\":1.0,\"I\":7,"
      "\"e\":\"\\u00e9\\ud83d\\ude00\"}";
  cJSON *json = NULL;
  Error err;
  CHECK(parse(text, strlen(text), &json, &err) == OK, "%s", err.message);

  int64_t i = 5;
  CHECK(json_get_int("c", json, "i", 0, 12, &i, &err) == OK && i == 12, "i");
  CHECK(json_get_int("c", json, "I", 0, 12, &i, &err) == OK && i == 7, "case");
  CHECK(json_get_int("c", json, "one", 0, 9, &i, &err) == OK && i == 1, "1.0");
  CHECK(json_get_int("c", json, "big", 0, INT64_MAX, &i, &err) == OK &&
            i == 9007199254740992,
        "big");
  i = 5;
  CHECK(json_get_int("c", json, "none", 0, 9, &i, &err) == OK && i == 5, "-");
  CHECK(json_get_int("c", json, "z", 0, 9, &i, &err) == OK && i == 5, "null");
  CHECK(json_get_int("c", json, "i", 0, 11, &i, &err) == ERR_FORMAT, "high");
  CHECK(strcmp(err.message, "c: i must be an integer from 0 to 11") == 0, "%s",
        err.message);
  CHECK(json_get_int("c", json, "neg", 0, 9, &i, &err) == ERR_FORMAT, "low");
  CHECK(json_get_int("c", json, "neg", -2, 9, &i, &err) == ERR_FORMAT, "-3");
  CHECK(json_get_int("c", json, "half", 0, 9, &i, &err) == ERR_FORMAT, "1.5");
  CHECK(json_get_int("c", json, "s", 0, 9, &i, &err) == ERR_FORMAT, "string");
  CHECK(json_get_int("c", json, "t", 0, 9, &i, &err) == ERR_FORMAT, "bool");
  CHECK(i == 5, "untouched, but %lld", (long long)i);

  double r = 2;
  CHECK(json_get_real("c", json, "r", 0, 1, &r, &err) == OK && r == 0.25, "r");
  CHECK(json_get_real("c", json, "none", 0, 1, &r, &err) == OK && r == 0.25,
        "absent");
  CHECK(json_get_real("c", json, "i", 0, 1, &r, &err) == ERR_FORMAT, "12");
  CHECK(json_get_real("c", json, "s", 0, 1, &r, &err) == ERR_FORMAT, "string");

  bool b = false;
  CHECK(json_get_bool("c", json, "t", &b, &err) == OK && b, "true");
  CHECK(json_get_bool("c", json, "f", &b, &err) == OK && !b, "false");
  CHECK(json_get_bool("c", json, "i", &b, &err) == ERR_FORMAT, "12");

  const char *s = NULL;
  CHECK(json_get_text("c", json, "s", &s, &err) == OK && !strcmp(s, "abc"),
        "s");
  CHECK(json_get_text("c", json, "e", &s, &err) == OK &&
            !strcmp(s, "\xc3\xa9\xf0\x9f\x98\x80"),
        "escapes: %s", s);
  CHECK(json_get_text("c", json, "i", &s, &err) == ERR_FORMAT, "12");

  size_t size = 9;
  CHECK(json_size(json_get(json, "i"), &size) && size == 12, "size");
  CHECK(!json_size(json_get(json, "neg"), &size), "-3");
  CHECK(!json_size(json_get(json, "half"), &size), "1.5");
  CHECK(!json_size(json_get(json, "s"), &size), "string");
  CHECK(!json_size(json_get(json, "none"), &size) && size == 12, "NULL");
  CHECK(json_get(json, "z") == NULL && json_get(json, "none") == NULL, "null");
  CHECK(json_get(json_get(json, "s"), "a") == NULL, "of a string");
  cJSON_Delete(json);
}

/* Makes the locales in `folder` where the system has their sources. */
static void build_locales(const char *folder) {
  char command[400];
  snprintf(command, sizeof command,
           "for l in de_DE ps_AF; do"
           " localedef -i $l -f UTF-8 %s/$l.UTF-8; done >/dev/null 2>&1",
           folder);
  if (system(command) == 0)
    setenv("LOCPATH", folder, 1);
}

/* --- Writing -------------------------------------------------------------- */

static void check_written(const float *values, size_t n, const char *want) {
  char *text = NULL;
  size_t bytes = 0;
  Error err = {""};
  CHECK(json_write_floats(values, n, &text, &bytes, &err) == OK, "%s",
        err.message);
  CHECK(bytes == strlen(want) && memcmp(text, want, bytes) == 0,
        "'%.*s', not '%s'", (int)bytes, text, want);
  mem_free(text);
}

static void check_digits(void) {
  static const float values[] = {
      0,           -0.0F, 1,       -1.5F,       0.1F,   1.0F / 3,
      16777216.0F, 3e-5F, FLT_MAX, -FLT_MIN,    1e-45F, 0.99999994F,
      8388608.5F,  1e6F,  1e10F,   123456.789F, 5e-39F, 2.3283064e-10F};
  check_written(values, sizeof values / sizeof *values,
                "[0,-0,1,-1.5,0.1,0.33333334,16777216,3e-05,3.4028235e+38,"
                "-1.1754944e-38,1e-45,0.99999994,8388608,1e+06,1e+10,"
                "123456.79,5e-39,2.3283064e-10]");
  check_written(values, 0, "[]");
}

/* Whatever the bytes are, what is written is JSON. */
static void check_texts(void) {
  static const char text[] = "a\"b\\\b\f\n\r\t\0\x1f\x7f \xc3\xa9\xff\xe2\x82";
  static const char want[] =
      "{\"t\":\"a\\\"b\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f "
      "\xc3\xa9\xef\xbf\xbd"
      "\xef\xbf\xbd\",\"n\":4294967295,\"f\":0.1}";
  JsonWriter w;
  char *out;
  size_t bytes;
  Error err = {""};
  json_begin(&w, NULL);
  json_put(&w, "{\"t\":");
  json_put_text(&w, text, sizeof text - 1);
  json_put(&w, ",\"n\":");
  json_put_whole(&w, UINT32_MAX);
  json_put(&w, ",\"f\":");
  json_put_float(&w, 0.1F);
  json_put(&w, "}");
  CHECK(json_end(&w, &out, &bytes, &err) == OK, "%s", err.message);
  CHECK(bytes == strlen(want) && memcmp(out, want, bytes) == 0,
        "'%.*s', not '%s'", (int)bytes, out, want);
  mem_free(out);
}

/* Any 32 bits that are a number come back as they were. */
static void check_round_trip(void) {
  enum { N = 5000 };
  static float values[N];
  size_t n = 0, bytes = 0;
  while (n < N) {
    values[n] = from_bits(draw());
    n += isfinite(values[n]) != 0;
  }
  char *text = NULL;
  Error err = {""};
  cJSON *json = NULL;
  CHECK(json_write_floats(values, N, &text, &bytes, &err) == OK, "%s",
        err.message);
  CHECK(json_parse("v", text, bytes, 1 << 20, &json, &err) == OK, "%s",
        err.message);
  n = 0;
  const cJSON *item;
  cJSON_ArrayForEach(item, json) {
    CHECK((float)item->valuedouble == values[n], "%.9g", (double)values[n]);
    n++;
  }
  CHECK(n == N, "%zu numbers", n);
  cJSON_Delete(json);
  mem_free(text);
}

static void parse_in_locale(const char *locale) {
  const char *text = "{\"eps\":1.5e-3,\"n\":[12,0.25]}";
  cJSON *json = NULL;
  Error err;
  double r = 0;
  int rc = parse(text, strlen(text), &json, &err);
  CHECK(rc == OK, "%s: %s", locale, err.message);
  json_get_real("c", json, "eps", 0, 1, &r, &err);
  CHECK(r == 1.5e-3, "%s: %d / 1000000", locale, (int)(r * 1e6));
  check_written(&(float){0.5F}, 1, "[0.5]");
  CHECK(strcmp(setlocale(LC_ALL, NULL), locale) == 0, "changed");
  CHECK(strcmp(localeconv()->decimal_point, ".") != 0, "changed");
  cJSON_Delete(json);
}

/* A host with a decimal comma, and one whose decimal sign has two bytes,
 * which cJSON does not expect (ps_AF). */
static void check_locale(void) {
  static const char *names[] = {"de_DE.UTF-8", "ps_AF.UTF-8"};
  char folder[] = "/tmp/distilbert-test-XXXXXX";
  if (!mkdtemp(folder)) {
    SKIP("no temporary folder");
    return;
  }
  build_locales(folder);
  for (size_t i = 0; i < 2; i++) {
    if (setlocale(LC_ALL, names[i]))
      parse_in_locale(names[i]);
    else
      SKIP("no locale %s", names[i]);
    setlocale(LC_ALL, "C");
  }
  run_command("rm -rf %s", folder);
}

int main(void) {
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
    check_case(&cases[i]);
  check_prefixes();
  check_nul();
  check_depth();
  check_limits();
  check_many_keys();
  check_values();
  check_digits();
  check_texts();
  check_round_trip();
  check_locale();
  return check_done();
}
