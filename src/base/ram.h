/*
 * ram.h - how much memory this process may have.
 */
#ifndef BASE_RAM_H
#define BASE_RAM_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes, of machine, cgroup and address space the least; never 0. */
size_t ram_available(void);

#endif
