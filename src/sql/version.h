/*
 * version.h - the product's version, as distilbert_version() tells it.
 */
#ifndef SQL_VERSION_H
#define SQL_VERSION_H

#define DISTILBERT_VERSION "0.1.0"

#endif
