/*
 * keys.c - refuses keys of sentence-transformers' files that nobody here knows.
 *
 * In:  one of its small JSON files, and the keys of it that are understood or
 *      change no vector.
 * Out: OK, or an error that names the key.
 *
 * A new version may write a key that changes every vector (truncate_dim was
 * one, use_residual another).  Passed over, it would make vectors that look
 * right and compare with nobody else's; so it is refused.  A key whose value
 * says nothing (null, false, 0, "", {}, []) is a default that was written out,
 * and passes.  Whoever knows better takes the key out of the file.
 */
#include "model/keys.h"

#include <stdbool.h>
#include <string.h>
#include "base/json.h"

/* The default of most keys, written out. */
static bool says_nothing(const cJSON *item) {
  if (cJSON_IsNumber(item))
    return item->valuedouble == 0;
  if (cJSON_IsString(item))
    return !*item->valuestring;
  return cJSON_IsNull(item) || cJSON_IsFalse(item) ||
         (!cJSON_IsTrue(item) && !item->child);
}

static bool is_listed(const char *key, const char *const *known) {
  while (*known && strcmp(*known, key) != 0)
    known++;
  return *known != NULL;
}

int keys_check(const char *file, const cJSON *object, const char *const *known,
               Error *err) {
  const cJSON *item;
  char shown[ERROR_QUOTE];
  if (!cJSON_IsObject(object))
    return fail(err, ERR_FORMAT, "%s: must be an object", file);
  cJSON_ArrayForEach(item, object) {
    if (!is_listed(item->string, known) && !says_nothing(item))
      return fail(err, ERR_UNSUPPORTED,
                  "%s: unknown key %s; take it out if it changes no vector",
                  file, error_quote(shown, item->string));
  }
  return OK;
}

int keys_only(const char *file, const cJSON *object, const char *key,
              const char *only, Error *err) {
  const char *given = only;
  int rc = json_get_text(file, object, key, &given, err);
  if (rc || strcmp(given, only) == 0)
    return rc;
  char shown[ERROR_QUOTE];
  return fail(err, ERR_UNSUPPORTED, "%s: %s %s, not %s", file, key,
              error_quote(shown, given), only);
}
