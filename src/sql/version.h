/*
 * version.h - the product's version, as distilbert_version() tells it.
 */
#ifndef SQL_VERSION_H
#define SQL_VERSION_H

/* The Makefile takes it from the file VERSION. */
#ifndef DISTILBERT_VERSION
#error "compile with -DDISTILBERT_VERSION, a string"
#endif

#endif
