/*
 * distilbert.h - the entry points, for programs that link the extension in.
 *
 *     cc program.c $(pkg-config --cflags --libs distilbert)
 *
 *     sqlite3_auto_extension((void (*)(void))sqlite3_distilbert_init);
 *     sqlite3_open("docs.db", &db);
 *
 * or, for one connection, sqlite3_distilbert_init(db, &message, NULL).  A
 * program that loads distilbert.so needs no header: there SQLite finds the
 * entry points by name.
 *
 * Both return SQLITE_OK, or SQLite's code with a message from sqlite3_malloc
 * in *message, which may be NULL where nobody asks.  Linked in, `api` is not
 * looked at and may be NULL.
 */
#ifndef DISTILBERT_H
#define DISTILBERT_H

#ifdef __cplusplus
extern "C" {
#endif

struct sqlite3;
struct sqlite3_api_routines;

/* Registers all functions and tables. */
int sqlite3_distilbert_init(struct sqlite3 *db, char **message,
                            const struct sqlite3_api_routines *api);

/* The same for SQL that is not trusted: without what writes, registers or
 * changes settings, and no path is shown. */
int sqlite3_distilbertsafe_init(struct sqlite3 *db, char **message,
                                const struct sqlite3_api_routines *api);

#ifdef __cplusplus
}
#endif

#endif
