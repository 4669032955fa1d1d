/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quantity_text.h -- times and sizes as text, made from integers alone.
 *
 * What a machine reads is exact (9 decimals of a second are a nanosecond); what a human reads has
 * three or four digits, rounded to the nearest, as in the reasons that the engine gives.
 */
#ifndef FERRY_SIM_REPORT_QUANTITY_TEXT_H
#define FERRY_SIM_REPORT_QUANTITY_TEXT_H

#include <stdint.h>

/* Enough for every text made here, with its zero. */
#define QUANTITY_TEXT_SIZE 40

/* "12.345678901", "-0.000000001". Each returns `text`. */
const char *seconds_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns);

/* Microseconds for timelines: "12345678.901". */
const char *microseconds_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns);

/* "53.7 s", "87.2 ms", "120 us", "0 s", "never" (INT64_MAX). */
const char *duration_text(char text[static QUANTITY_TEXT_SIZE], int64_t ns);

/* "51.2 GiB", "4096 B". */
const char *bytes_text(char text[static QUANTITY_TEXT_SIZE], uint64_t bytes);

/* What virtual time is to real time: "123x", "0.5x"; "-" if no real time passed. */
const char *ratio_text(char text[static QUANTITY_TEXT_SIZE], int64_t virtual_ns, int64_t wall_ns);

#endif
