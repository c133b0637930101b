/*
 * test_substitute.c - what people have where a checkpoint's file should be.
 *
 * Each file of several checkpoints in turn becomes a pointer of git-lfs, a
 * FIFO, a device, a folder, a link to nothing: the error names the file and
 * says what it is, and nothing blocks.  So do paths that are no checkpoint.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "check.h"
#include "files.h"
#include "store/locate.h"
#include "model/model.h"

#define CHECKPOINTS "tests/oracle/data/checkpoints/"
#define POINTER                                                                \
  "version https://git-lfs.github.com/spec/v1\n"                               \
  "oid sha256:"                                                                \
  "4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\n"         \
  "size 12345\n"

enum { ROOM = 2048 };

static char folder[] = "/tmp/distilbert-substitute-XXXXXX";

static int open_model(Error *err) {
  char path[ROOM];
  Model *m = NULL;
  snprintf(path, sizeof path, "%s/model", folder);
  alarm(10); /* a FIFO would hang for ever */
  int code = model_open(path, &options_none, NULL, &m, err);
  alarm(0);
  model_free(m);
  return code;
}

static void expect(const char *what, const char *says) {
  Error err = {""};
  CHECK(open_model(&err) && strstr(err.message, says), "%s: '%s', not '%s'",
        what, err.message, says);
}

static void write_text(const char *name, const char *text) {
  char path[ROOM];
  snprintf(path, sizeof path, "%s/model/%s", folder, name);
  write_file(path, text);
}

/* One file, in every wrong way. */
static void check_file(const char *name) {
  static const struct {
    const char *command, *says;
  } kinds[] = {{"mkfifo", "is no regular file"},
               {"ln -s /dev/zero", "is no regular file"},
               {"ln -s nowhere", "is a link that leads nowhere"},
               {"mkdir", "is a folder"}};
  char says[ROOM];
  const char *slash = strrchr(name, '/');
  run_command("mv %s/model/%s %s/kept", folder, name, folder);
  write_text(name, POINTER);
  expect(name, "is a pointer of git-lfs, not the file; run \"git lfs pull\"");
  snprintf(says, sizeof says, "%s: is a pointer", slash ? slash + 1 : name);
  expect(name, says);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
    run_command("rm -r %s/model/%s", folder, name);
    run_command("%s %s/model/%s", kinds[i].command, folder, name);
    snprintf(says, sizeof says, "%s: %s", slash ? slash + 1 : name,
             kinds[i].says);
    expect(name, says);
  }
  run_command("rm -r %s/model/%s", folder, name);
  run_command("mv %s/kept %s/model/%s", folder, folder, name);
}

static void check_checkpoint(const char *name, const char *const *files) {
  Error err = {""};
  run_command("cp -rL " CHECKPOINTS "%s %s/model", name, folder);
  CHECK(open_model(&err) == OK, "%s: %s", name, err.message);
  for (; *files; files++)
    check_file(*files);
  CHECK(open_model(&err) == OK, "%s: %s", name, err.message);
  run_command("rm -r %s/model", folder);
}

static void check_files(void) {
  check_checkpoint("distilbert-uncased-sharded",
                   (const char *const[]){"model.safetensors.index.json",
                                         "model-00001-of-00002.safetensors",
                                         "vocab.txt", NULL});
  check_checkpoint("roberta-mlm",
                   (const char *const[]){"model.safetensors", "config.json",
                                         "vocab.json", "merges.txt",
                                         "tokenizer_config.json", NULL});
  check_checkpoint("bert-uncased-minilm",
                   (const char *const[]){"modules.json",
                                         "1_Pooling/config.json",
                                         "sentence_bert_config.json", NULL});
}

/* peft's folder: with or without what save_pretrained may leave beside it. */
static void check_adapter(void) {
  static const char says[] = "only a LoRA adapter found; merge it: python -c";
  run_command("mkdir %s/model", folder);
  write_text("adapter_config.json", "{\"peft_type\": \"LORA\"}");
  expect("adapter_config.json", says);
  write_text("adapter_model.safetensors", "");
  write_text("vocab.txt", "[PAD]\n");
  expect("adapter", says);
  run_command("cp -L " CHECKPOINTS "distilbert-uncased-base/config.json "
              "%s/model",
              folder);
  expect("adapter with config.json", says);
  run_command("rm -r %s/model && mkdir %s/model", folder, folder);
  expect("nothing", "config.json: no such file");
  run_command("rm -r %s/model", folder);
}

static void check_path(const char *name, const char *says) {
  char path[ROOM], found[LOCATE_ROOM];
  Error err = {""};
  snprintf(path, sizeof path, "%s/%s", folder, name);
  alarm(10);
  int code = locate_path(path, found, &err);
  alarm(0);
  CHECK(code == ERR_IO && strstr(err.message, says), "%s: %s", name,
        err.message);
}

static void check_paths(void) {
  run_command("mkfifo %s/fifo; ln -s nowhere %s/link; ln -s loop %s/loop; "
              "ln -s /dev/null %s/null",
              folder, folder, folder, folder);
  check_path("fifo", "path: is no regular file");
  check_path("null", "path: is no regular file");
  check_path("link", "path: is a link that leads nowhere");
  check_path("loop", "path: is a link that leads nowhere");
  check_path("none", "path: no such directory or file");
  run_command("rm %s/fifo %s/link %s/loop %s/null", folder, folder, folder,
              folder);
}

int main(void) {
  CHECK(mkdtemp(folder) != NULL, "%s", folder);
  check_files();
  check_adapter();
  check_paths();
  CHECK(rmdir(folder) == 0, "files are left in %s", folder);
  return check_done();
}
