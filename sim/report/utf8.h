/* SPDX-License-Identifier: Apache-2.0 */
/*
 * utf8.h -- names and messages may hold any bytes; documents and terminals may not.
 *
 * File names are bytes, scenario names are what somebody typed. Each writer walks such text code
 * point by code point with utf8_next(), which turns what is no UTF-8 into U+FFFD.
 */
#ifndef FERRY_SIM_REPORT_UTF8_H
#define FERRY_SIM_REPORT_UTF8_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define UTF8_REPLACEMENT UINT32_C(0xfffd)

/* The code point at *text, which is no zero; moves *text behind it. */
uint32_t utf8_next(const char **text);

/* Writes one code point. */
void utf8_put(FILE *out, uint32_t code);

/* Code points of a text: the columns that it takes, near enough. */
size_t utf8_columns(const char *text);

/* For terminals: control characters come out as `?`, at most `columns` code points are written, and
 * what is cut ends in `~`. Returns the columns written. */
size_t utf8_put_plain(FILE *out, const char *text, size_t columns);

#endif
