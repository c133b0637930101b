/*
 * sanitizer.h - which sanitizer the program was compiled with, and whether it
 * was optimised (for coverage it is not), as constants.
 */
#ifndef TESTS_SANITIZER_H
#define TESTS_SANITIZER_H

#ifdef __has_feature /* clang */
#define SANITIZER_FEATURE(name) __has_feature(name)
#else
#define SANITIZER_FEATURE(name) 0
#endif

#if defined(__SANITIZE_THREAD__) || SANITIZER_FEATURE(thread_sanitizer)
enum { UNDER_TSAN = 1 };
#else
enum { UNDER_TSAN = 0 };
#endif

#if defined(__SANITIZE_ADDRESS__) || SANITIZER_FEATURE(address_sanitizer)
enum { UNDER_ASAN = 1 };
#else
enum { UNDER_ASAN = 0 };
#endif

#ifdef __OPTIMIZE__
enum { UNOPTIMISED = 0 };
#else
enum { UNOPTIMISED = 1 };
#endif

#endif
