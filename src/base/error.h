/*
 * error.h - what every function that can fail gives back.
 *
 * A function returns one of the codes below; whoever detects the failure
 * writes one sentence into the caller's Error and passes the code up:
 *
 *     if (end > size)
 *       return fail(err, ERR_FORMAT, "tensor %s ends at %zu", name, end);
 *
 * The sentence names the thing and the limit, never the content of a file.
 * src/sql prefixes the SQL function's name and maps codes to SQLite's.
 */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

enum {
  OK = 0,
  ERR_NOMEM,       /* memory, or a heap limit, ran out */
  ERR_IO,          /* a file could not be opened or read */
  ERR_FORMAT,      /* a file or text is not what it must be */
  ERR_UNSUPPORTED, /* well formed, but not something we do */
  ERR_RANGE,       /* an argument is outside its limits */
  ERR_INTERRUPT    /* the host asked us to stop */
};

typedef struct Error {
  char message[272];
} Error;

/* Writes the message (cut at a character border to fit) and returns `rc`.
 * `err` may be NULL. */
int fail(Error *err, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

/* The one message of ERR_NOMEM. Returns ERR_NOMEM. */
int fail_memory(Error *err);

/* Puts "PREFIX: " in front of the message already there; returns `rc`. */
int fail_prefix(Error *err, int rc, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

/*
 * `text` made fit to be quoted in a message: at most ERROR_QUOTE - 1 bytes, cut
 * at a character; control characters and ill-formed UTF-8 read '?'. Returns
 * out.
 */
enum { ERROR_QUOTE = 64 };
char *error_quote(char out[ERROR_QUOTE], const char *text);

#endif
