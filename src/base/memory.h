/*
 * memory.h - where memory comes from.
 *
 * mem_* is the host's allocator (sqlite3_malloc64), so that its heap limits
 * and its fault injection reach all of it.  Only model weights are outside:
 * pages_* maps them straight from the system, in huge pages where there are
 * any, because they are far larger than a host's heap limit has in mind.
 *
 * base/memory.c is the only file below src/sql that knows sqlite3ext.h.
 */
#ifndef BASE_MEMORY_H
#define BASE_MEMORY_H

#include <stddef.h>

/* NULL when memory ran out; mem_alloc(0) is a valid, empty block. */
void *mem_alloc(size_t bytes);
void *mem_zeroed(size_t bytes);

/* count * size bytes, NULL also when the product overflows. */
void *mem_array(size_t count, size_t size);

/* Grows or shrinks; on NULL the old block is untouched and still owned. */
void *mem_resize(void *block, size_t bytes);
void mem_free(void *block);

/* A copy of `bytes` bytes with a 0 behind it. */
char *mem_text(const char *text, size_t bytes);

/*
 * Makes room in a growing array; `items` is the address of its pointer, of any
 * type. On return *capacity >= needed, and there is room for that many elements
 * of `size` bytes. Grows by half. Returns OK or ERR_NOMEM (array untouched).
 */
int mem_reserve(void *items, size_t *capacity, size_t needed, size_t size);

/* Zeroed, page-aligned, private memory from the system; NULL when out. */
void *pages_alloc(size_t bytes);
void pages_free(void *block, size_t bytes);

#endif
