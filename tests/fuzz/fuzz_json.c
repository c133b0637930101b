/*
 * fuzz_json.c - any bytes to a JSON tree.
 *
 * What is refused leaves no tree and a message.  What is accepted has, counted
 * anew: no more than 32 levels, different keys in every object, strings of
 * UTF-8, finite numbers; and printed and read again it is the same tree.
 */
#include <math.h>
#include <string.h>
#include "base/json.h"
#include "fuzz.h"

static int is_utf8(const char *text) {
  const unsigned char *p = (const unsigned char *)text;
  while (*p) {
    unsigned c = *p++;
    int more = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    if ((c >= 0x80 && c < 0xc2) || c > 0xf4)
      return 0;
    c = more == 0 ? c : c & (0x3fu >> more);
    for (int i = 0; i < more; i++, p++) {
      if (*p >> 6 != 2)
        return 0;
      c = c << 6 | (*p & 0x3fu);
    }
    if ((more == 2 && c < 0x800) || (more == 3 && c < 0x10000) ||
        c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
      return 0;
  }
  return 1;
}

/* Returns whether every number prints so that it can be read again: whole
 * ones beyond 2^53 print without a point, which json_parse refuses. */
static int check_tree(const cJSON *node, int depth) {
  int readable = 1;
  REQUIRE(depth <= JSON_MAX_DEPTH);
  if (cJSON_IsString(node))
    REQUIRE(is_utf8(node->valuestring));
  if (cJSON_IsNumber(node)) {
    REQUIRE(isfinite(node->valuedouble));
    readable = fabs(node->valuedouble) <= 9007199254740992.0;
  }
  int inner = depth + (node->child ? 1 : 0);
  for (const cJSON *a = node->child; a; a = a->next) {
    readable &= check_tree(a, inner);
    if (!cJSON_IsObject(node))
      continue;
    REQUIRE(is_utf8(a->string));
    const cJSON *b = node->child;
    for (int n = 0; b != a && n < 200; b = b->next, n++)
      REQUIRE(strcmp(a->string, b->string) != 0);
  }
  return readable;
}

/* cJSON_Compare takes 2^depth steps; printing keeps the order. */
static int same(const cJSON *a, const cJSON *b) {
  if (a->type != b->type || (a->string && strcmp(a->string, b->string) != 0))
    return 0;
  if (cJSON_IsString(a) && strcmp(a->valuestring, b->valuestring) != 0)
    return 0;
  if (cJSON_IsNumber(a) &&
      fabs(a->valuedouble - b->valuedouble) > 1e-15 * fabs(a->valuedouble))
    return 0;
  for (a = a->child, b = b->child; a && b; a = a->next, b = b->next)
    if (!same(a, b))
      return 0;
  return !a && !b;
}

static void check_again(const cJSON *tree) {
  char *text = cJSON_PrintUnformatted(tree);
  REQUIRE(text);
  cJSON *again;
  Error err;
  size_t n = strlen(text);
  int rc = json_parse("again", text, n, n, &again, &err);
  REQUIRE(rc == OK);
  REQUIRE(same(tree, again));
  cJSON_Delete(again);
  cJSON_free(text);
}

static void read_values(const cJSON *tree) {
  int64_t i = -7;
  double r = 7;
  bool b = false;
  const char *text = "";
  size_t size = 0;
  Error err;
  if (json_get_int("x", tree, "a", -5, 5, &i, &err) == OK)
    REQUIRE(i == -7 || (i >= -5 && i <= 5));
  if (json_get_real("x", tree, "a", -1, 1, &r, &err) == OK)
    REQUIRE(r == 7 || (r >= -1 && r <= 1));
  json_get_bool("x", tree, "a", &b, &err);
  if (json_get_text("x", tree, "a", &text, &err) == OK)
    REQUIRE(is_utf8(text));
  json_size(json_get(tree, "a"), &size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cJSON *tree = NULL;
  Error err = {""};
  int rc = json_parse("x", (const char *)data, size, 1 << 20, &tree, &err);
  REQUIRE((rc == OK) == (tree != NULL));
  REQUIRE(rc == OK || (err.message[0] == 'x' && is_utf8(err.message)));
  if (rc == OK && check_tree(tree, 0))
    check_again(tree);
  if (rc == OK)
    read_values(tree);
  cJSON_Delete(tree);
  return 0;
}
