/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity.h -- numbers with units, read exactly.
 *
 * A quantity is a decimal number and a unit: `1.5 GiB`, `10 Gbit/s`, `300 ms`, `2000 /s`, `80 %`.
 * The value is kept as an exact fraction of the kind's base unit, so that nothing is rounded here;
 * who needs a whole number says so and gets a message if it is none.  No sign, no exponent, no
 * infinity, no "not a number".  Bits and bytes are never confused: `10 Gbit/s` is 10^10 bit/s,
 * `10 GB/s` is 8 * 10^10; `GiB` is 2^30 bytes, `GB` is 10^9.
 */
#ifndef FERRY_SIM_SCENARIO_QUANTITY_H
#define FERRY_SIM_SCENARIO_QUANTITY_H

#include "sim/scenario/scenario.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum quantity_kind {
    QUANTITY_COUNT = 1, /* a whole number, no unit */
    QUANTITY_TIME,      /* ns */
    QUANTITY_SIZE,      /* bytes */
    QUANTITY_BANDWIDTH, /* bit/s */
    QUANTITY_RATE,      /* events a second */
    QUANTITY_SHARE,     /* parts per billion: 1 % is 10^7 */
};

#define QUANTITY_KIND_COUNT 7
#define QUANTITY_SHARE_ONE  UINT64_C(1000000000)

/* amount / divisor base units, reduced; divisor is at least 1. */
struct quantity {
    uint64_t amount;
    uint64_t divisor;
};

/* Room for any message below. */
#define QUANTITY_MESSAGE_SIZE 256

struct quantity_unit {
    const char *name;
    enum quantity_kind kind;
    uint64_t factor; /* base units */
};

/* The units, grouped by kind, the smallest first; ends with name NULL. */
extern const struct quantity_unit quantity_units[];

const char *quantity_kind_name(enum quantity_kind kind);    /* "time" */
const char *quantity_kind_example(enum quantity_kind kind); /* "300 ms" */

/* Reads all of `text`.  false: message_out says why, without the name of the key. */
bool quantity_parse(
    enum quantity_kind kind,
    const char *text,
    struct quantity *quantity_out,
    char message_out[QUANTITY_MESSAGE_SIZE]);

/* The same where only whole base units up to INT64_MAX will do. */
bool quantity_parse_whole(
    enum quantity_kind kind,
    const char *text,
    uint64_t *value_out,
    char message_out[QUANTITY_MESSAGE_SIZE]);

/*
 * What a number must be: `<= 300 ms`, `>= 3`, `< 5`, `> 5`, `at most 5`, `at least 5`, `7`,
 * `3 .. 5`, `53.7 s +- 2 %`.  bound_out->text is `text` itself.
 */
bool quantity_parse_bound(
    enum quantity_kind kind,
    const char *text,
    struct scenario_bound *bound_out,
    char message_out[QUANTITY_MESSAGE_SIZE]);

/* Writes value (base units) in the largest unit that needs no more than three decimals: "1.5 GiB".
 */
void quantity_format(enum quantity_kind kind, uint64_t value, char *text_out, size_t text_size);

/* A text of the file made fit to stand in a message: short, and printable. */
#define QUOTED_SIZE 48
struct quoted {
    char text[QUOTED_SIZE];
};
struct quoted quote(const char *text);

#endif
