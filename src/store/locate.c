/*
 * locate.c - from a model's name to the place of its files.
 *
 * In:  a name ("squad", "sentence-transformers/all-distilroberta-v1").
 * Out: a folder or a .safetensors file that exists, links followed.
 *
 * A name has one spelling, and a model of one copy: "./m" and "o//m" are
 * errors. Names never lead out of the folders the user named: no absolute path,
 * no
 * "..", so that SQL text of strangers cannot probe the file system.  The one
 * path that comes out of a file, the commit in refs/main, must be a plain
 * word.
 *
 * Hugging Face's cache is where its own library puts it: HF_HUB_CACHE, else
 * HF_HOME/hub, else XDG_CACHE_HOME/huggingface/hub, else
 * ~/.cache/huggingface/hub.  Layout: huggingface_hub, "manage your cache".
 */
#include "store/locate.h"

#include <stdio.h>
#include "base/file.h"
#include "base/memory.h"
#include "base/os.h"
#include "base/utf8.h"

enum { COMMIT_MAX = 64 };

/* UTF-8 without control characters: names stand in messages as they are. */
static bool is_text(const char *name, size_t n) {
  for (size_t length; n > 0; name += length, n -= length) {
    length = utf8_length(name, n);
    if (length == 0 || (unsigned char)*name < 0x20 || *name == 0x7f)
      return false;
  }
  return true;
}

/* Words between single slashes, none of them ".": a name has one spelling, or
 * each would be a model of its own. */
static bool is_spelled(const char *name) {
  for (const char *at = name;; at++) {
    size_t n = strcspn(at, "/");
    if (n == 0 || (n == 1 && *at == '.'))
      return false;
    at += n;
    if (!*at)
      return true;
  }
}

int locate_check(const char *name, Error *err) {
  size_t n = strlen(name);
  char shown[ERROR_QUOTE];
  if (n == 0 || n > MODEL_NAME_MAX)
    return fail(err, ERR_RANGE, "a model name has 1 to %d bytes, not %zu",
                MODEL_NAME_MAX, n);
  if (name[0] == '/' || strstr(name, "..") || strchr(name, '\\') ||
      strchr(name, '@'))
    return fail(err, ERR_RANGE,
                "model %s: a name is no path (no leading /, no .., no @)",
                error_quote(shown, name));
  if (!is_spelled(name))
    return fail(err, ERR_RANGE,
                "model %s: a name has no empty part and none that is a dot",
                error_quote(shown, name));
  if (!is_text(name, n))
    return fail(err, ERR_RANGE,
                "model %s: a name is UTF-8 without control characters",
                error_quote(shown, name));
  return OK;
}

/* --- DISTILBERT_MODEL_PATH ----------------------------------------------- */

/* NAME as a folder, else NAME.safetensors, under one folder. */
static bool find_under(const char *folder, const char *name,
                       char path[LOCATE_ROOM]) {
  char file[MODEL_NAME_MAX + 16];
  if (!path_join(path, LOCATE_ROOM, folder, name, NULL) && file_is_folder(path))
    return true;
  snprintf(file, sizeof file, "%s.safetensors", name);
  return !path_join(path, LOCATE_ROOM, folder, file, NULL) && file_exists(path);
}

static bool find_on_path(const char *name, char path[LOCATE_ROOM]) {
  const char *at = getenv("DISTILBERT_MODEL_PATH");
  while (at && *at) {
    size_t n = strcspn(at, OS_LIST);
    char folder[LOCATE_ROOM];
    if (n && n < sizeof folder) {
      memcpy(folder, at, n);
      folder[n] = 0;
      if (find_under(folder, name, path))
        return true;
    }
    at += n + (at[n] == OS_LIST[0]);
  }
  return false;
}

/* --- Hugging Face's cache ------------------------------------------------ */

/* The folder of an environment variable, or one under it. */
static bool folder_of(const char *variable, const char *below,
                      char out[LOCATE_ROOM]) {
  const char *folder = getenv(variable);
  return folder && *folder &&
         path_join(out, LOCATE_ROOM, folder, below, NULL) == OK;
}

static bool cache_folder(char out[LOCATE_ROOM]) {
  return folder_of("HF_HUB_CACHE", "", out) ||
         folder_of("HUGGINGFACE_HUB_CACHE", "", out) ||
         folder_of("HF_HOME", "hub", out) ||
         folder_of("XDG_CACHE_HOME", "huggingface/hub", out) ||
         folder_of(OS_HOME, ".cache/huggingface/hub", out);
}

/* "ORG/NAME" is "models--ORG--NAME". */
static void cache_name(const char *name, char out[2 * MODEL_NAME_MAX + 16]) {
  char *at = out + snprintf(out, 16, "models--");
  for (; *name; name++) {
    if (*name == '/')
      *at++ = '-';
    *at++ = *name == '/' ? '-' : *name;
  }
  *at = 0;
}

static bool is_word_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
         (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

/* The commit that refs/main of a cached repository names. */
static bool read_commit(const char *repository, char out[COMMIT_MAX + 1]) {
  char path[LOCATE_ROOM], *text;
  size_t bytes, n = 0;
  if (path_join(path, sizeof path, repository, "refs/main", NULL) ||
      file_text(path, COMMIT_MAX + 2, &text, &bytes, NULL))
    return false;
  while (n < COMMIT_MAX && is_word_char(text[n]))
    n++;
  bool is_plain = n > 0 && (text[n] == 0 || text[n] == '\n');
  memcpy(out, text, n);
  out[n] = 0;
  mem_free(text);
  return is_plain;
}

static bool find_in_cache(const char *name, char path[LOCATE_ROOM]) {
  char cache[LOCATE_ROOM], repository[LOCATE_ROOM], snapshots[LOCATE_ROOM];
  char folder[2 * MODEL_NAME_MAX + 16], commit[COMMIT_MAX + 1];
  if (strstr(name, "--") || !cache_folder(cache))
    return false; /* ORG--NAME would be ORG/NAME once more */
  cache_name(name, folder);
  return !path_join(repository, LOCATE_ROOM, cache, folder, NULL) &&
         read_commit(repository, commit) &&
         !path_join(snapshots, LOCATE_ROOM, repository, "snapshots", NULL) &&
         !path_join(path, LOCATE_ROOM, snapshots, commit, NULL) &&
         file_is_folder(path);
}

/* --- Names and paths ----------------------------------------------------- */

bool locate(const char *name, char path[LOCATE_ROOM]) {
  return find_on_path(name, path) || find_in_cache(name, path);
}

static int make_absolute(const char *given, char path[LOCATE_ROOM],
                         Error *err) {
  char here[LOCATE_ROOM];
  if (os_is_absolute(given))
    return path_join(path, LOCATE_ROOM, "", given, err);
  if (!getcwd(here, sizeof here))
    return fail(err, ERR_IO, "path: the working directory is gone");
  return path_join(path, LOCATE_ROOM, here, given, err);
}

int locate_path(const char *given, char path[LOCATE_ROOM], Error *err) {
  if (!*given)
    return fail(err, ERR_RANGE, "path is empty");
  FileKind kind = file_kind(given);
  if (kind == FILE_FOLDER || kind == FILE_REGULAR)
    return make_absolute(given, path, err);
  if (kind != FILE_NONE)
    return file_refuse_kind("path", kind, err);
  if (locate_check(given, NULL) == OK && locate(given, path))
    return OK;
  return fail(err, ERR_IO,
              "path: no such directory or file, and no model of that name "
              "under DISTILBERT_MODEL_PATH or in Hugging Face's cache");
}
