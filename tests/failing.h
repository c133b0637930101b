/*
 * failing.h - allocators that fail on demand, for tests.
 *
 * install() puts them under SQLite and cJSON, before either allocates.  The
 * `target`-th allocation fails, or with `forever` all from it on; `blocks`
 * counts what is not yet freed.
 */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <sqlite3.h>
#include <stdbool.h>
#include <cjson/cJSON.h>

static sqlite3_mem_methods real;
static long seen, target, blocks;
static bool forever, failed;

static bool fails(void) {
  seen++;
  bool now = target && (seen == target || (forever && seen > target));
  failed |= now;
  return now;
}

static void *take(int bytes) {
  void *block = fails() ? NULL : real.xMalloc(bytes);
  blocks += block != NULL;
  return block;
}

static void *resize(void *old, int bytes) {
  return fails() ? NULL : real.xRealloc(old, bytes);
}

static void give_back(void *block) {
  blocks -= block != NULL;
  real.xFree(block);
}

static void *take_json(size_t bytes) {
  return take((int)bytes);
}

static void install(void) {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real);
  sqlite3_mem_methods ours = real;
  ours.xMalloc = take;
  ours.xRealloc = resize;
  ours.xFree = give_back;
  sqlite3_config(SQLITE_CONFIG_MALLOC, &ours);
  cJSON_Hooks hooks = {take_json, give_back};
  cJSON_InitHooks(&hooks);
}

#endif
