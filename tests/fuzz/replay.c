/*
 * replay.c - runs a fuzz target over files, without a fuzzing engine.
 *
 *     replay_json tests/fuzz/corpus/json tests/fuzz/regressions/json
 *
 * Every file has a process of its own and ten seconds, so that one that
 * crashes is named and the rest still run.  The empty input comes first.
 */
#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fuzz.h"

static long passed, failed;

/* Targets with a mutator want this; nothing is mutated here. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) {
  (void)data;
  return size < most ? size : most;
}

static void run(const char *name, const uint8_t *data, size_t size) {
  int status = -1;
  fflush(stdout);
  pid_t child = fork();
  if (child == 0) {
    alarm(10);
    int result = LLVMFuzzerTestOneInput(data, size);
    fflush(stdout);
    exit(result);
  }
  if (child > 0 && waitpid(child, &status, 0) == child && status == 0) {
    passed++;
  } else {
    failed++;
    printf("%s: status %d\n", name, status);
  }
}

/* The file's bytes in a block of just that size, so that ASan sees one more. */
static void replay_file(const char *path) {
  struct stat st;
  FILE *file = fopen(path, "rb");
  if (!file || stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
    printf("%s: unreadable\n", path);
    failed++;
  } else {
    size_t size = (size_t)st.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (data && fread(data, 1, size, file) == size)
      run(path, data, size);
    else
      failed++;
    free(data);
  }
  if (file)
    fclose(file);
}

static void replay_folder(const char *folder) {
  struct dirent **names;
  int n = scandir(folder, &names, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, names[i]->d_name);
    if (names[i]->d_name[0] != '.')
      replay_file(path);
    free(names[i]);
  }
  if (n >= 0)
    free(names);
}

int main(int argc, char **argv) {
  run("(nothing)", (const uint8_t *)"", 0);
  for (int i = 1; i < argc; i++)
    replay_folder(argv[i]);
  printf("%ld passed, %ld failed\n", passed, failed);
  return failed != 0;
}
