/*
 * folders.h - checkpoints put together out of links and files, to be opened.
 */
#ifndef ORACLE_FOLDERS_H
#define ORACLE_FOLDERS_H

#include <dirent.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "files.h"
#include "oracle/oracle.h"
#include "task/embed.h"

static const Run run = {ENGINE_NATIVE, 2, {0}};

static char folder[] = "/tmp/distilbert-sentence-XXXXXX";
static char here[512]; /* for links, which need whole paths */

enum { ROOM = 2048 };

static void remove_all(void) {
  run_command("rm -rf %s/model", folder);
}

static bool is_ours(const char *name) {
  return name[0] == '.' || strchr(name, '_') == name + 1 ||
         strstr(name, "sentence") || strcmp(name, "modules.json") == 0;
}

/* Links what is in `from`, into the model's directory or one below, but for
 * what is there and what a case brings itself. */
static void link_files(const char *from, const char *below) {
  char source[2 * ROOM], target[2 * ROOM];
  DIR *dir = opendir(from);
  CHECK(dir, "%s", from);
  for (const struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
    if (is_ours(e->d_name))
      continue;
    snprintf(source, sizeof source, "%s/%s/%s", here, from, e->d_name);
    snprintf(target, sizeof target, "%s/model/%s/%s", folder, below, e->d_name);
    CHECK(symlink(source, target) == 0 || errno == EEXIST, "%s", target);
  }
  if (dir)
    closedir(dir);
}

static void make_folder(const char *name) {
  char path[ROOM];
  snprintf(path, sizeof path, "%s/model/%s", folder, name);
  CHECK(mkdir(path, 0700) == 0, "%s", path);
}

static void add_file(const char *name, const char *text) {
  char path[ROOM];
  const char *slash = strchr(name, '/');
  if (slash) {
    snprintf(path, sizeof path, "%.*s", (int)(slash - name), name);
    make_folder(path);
  }
  snprintf(path, sizeof path, "%s/model/%s", folder, name);
  write_file(path, text);
}

static void link_checkpoint(const char *name) {
  char path[ROOM];
  make_folder("");
  snprintf(path, sizeof path, ORACLE "checkpoints/%s", name);
  link_files(path, "");
}

static int open_built(const ModelOptions *options, Model **out, Error *err) {
  char path[ROOM];
  snprintf(path, sizeof path, "%s/model", folder);
  *out = NULL;
  return model_open(path, options, NULL, out, err);
}

static int embed_text(const Model *m, Overflow overflow, const char *text,
                      EmbedText *out, Error *err) {
  out->text = (EncodeText){text, strlen(text)};
  return embed_run(m, &run, overflow, out, 1, err);
}

static void make_root(void) {
  CHECK(mkdtemp(folder), "%s", folder);
  CHECK(getcwd(here, sizeof here), "no working directory");
}

#endif
