/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_writer.h -- writes JSON to a stream, one value after the other.
 *
 * Why not through a library's tree: times are decimals with nine digits, made exactly from integer
 * nanoseconds, which a tree of doubles cannot hold. Reading is left to a library, jansson, whose
 * functions begin with json_; these begin with writer_.
 */
#ifndef FERRY_SIM_REPORT_JSON_WRITER_H
#define FERRY_SIM_REPORT_JSON_WRITER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH_MAX 16

struct json_writer {
    FILE *out;
    unsigned depth;
    bool filled[JSON_DEPTH_MAX]; /* a value stands already in the object or array of this depth */
    bool after_key;
};

/* A writer at depth 0; `inside` an object or array that somebody else has opened. */
struct json_writer json_writer_on(FILE *out);

void writer_open(struct json_writer *writer, char bracket);  /* '{' or '[' */
void writer_close(struct json_writer *writer, char bracket); /* '}' or ']' */
void writer_key(struct json_writer *writer, const char *key);
void writer_line(struct json_writer *writer); /* a line break before the next value */

void writer_string(struct json_writer *writer, const char *text);
void writer_unsigned(struct json_writer *writer, uint64_t value);
void writer_hex(struct json_writer *writer, uint64_t value); /* "00c0ffee00c0ffee", a string */
void writer_bool(struct json_writer *writer, bool value);
void writer_signed(struct json_writer *writer, int64_t value);
void writer_null(struct json_writer *writer);
void writer_seconds(struct json_writer *writer, int64_t ns);      /* 1.500000000 */
void writer_microseconds(struct json_writer *writer, int64_t ns); /* 1500000.000 */
void writer_raw(struct json_writer *writer, const char *json);    /* values that are JSON already */

/* The members of objects, in one call each. */
void writer_member_string(struct json_writer *writer, const char *key, const char *text);
void writer_member_unsigned(struct json_writer *writer, const char *key, uint64_t value);
void writer_member_seconds(struct json_writer *writer, const char *key, int64_t ns);

#endif
