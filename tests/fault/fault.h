/*
 * fault.h - makes the n-th allocation, or the n-th system call, fail.
 *
 *     fault_install();                    before any call of SQLite
 *     fault_arm(FAULT_MEMORY, 3, false);  the 3rd from now on, once
 *     ...
 *     if (fault_disarm()) ...             it did fail
 *
 * FAULT_MEMORY reaches SQLite's allocator (and so mem_*), cJSON's, and mmap;
 * FAULT_SYSTEM reaches open, read, pread, fstat, stat and pthread_create,
 * where the program was linked with --wrap for them (see the Makefile).
 */
#ifndef TESTS_FAULT_H
#define TESTS_FAULT_H

#include <stdbool.h>

typedef enum FaultKind { FAULT_NONE, FAULT_MEMORY, FAULT_SYSTEM } FaultKind;

void fault_install(void);

/* `forever`: every later one fails as well; nth 0: none, they are counted. */
void fault_arm(FaultKind kind, long nth, bool forever);
bool fault_disarm(void); /* true: at least one failed */
long fault_seen(void);   /* how many there were since fault_arm */

/* Blocks that are allocated now: SQLite's, ours and cJSON's. */
long fault_blocks(void);

#endif
