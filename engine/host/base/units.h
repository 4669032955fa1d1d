/* SPDX-License-Identifier: Apache-2.0 */
/*
 * units.h -- quantities as people write them in configurations, on command lines and in scenarios:
 * "300 ms", "8 GiB", "1 Gbit/s". The unit must be there, a blank before it may; decimals are exact
 * ("1.5 s"), what does not come out as a whole number of the base unit is refused.
 */
#ifndef FERRY_HOST_BASE_UNITS_H
#define FERRY_HOST_BASE_UNITS_H

#include "ferry/types.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a text may look like, for messages: "a time such as 300 ms or 2 min". */
extern const char units_time_hint[];
extern const char units_size_hint[];
extern const char units_rate_hint[];

bool units_parse_time(const char *text, ferry_time_ns *time_out); /* ns us ms s min h */
bool units_parse_size(const char *text, uint64_t *size_out); /* B KiB MiB GiB TiB kB MB GB TB */
/* Bytes a second, from bit/s kbit/s Mbit/s Gbit/s or B/s kB/s MB/s GB/s KiB/s MiB/s GiB/s. */
bool units_parse_rate(const char *text, uint64_t *bytes_per_second_out);
bool units_parse_count(const char *text, uint64_t *count_out); /* digits alone */

/* For people: at most three digits before the point and two behind ("1.25 GiB", "73.4 ms"). The
 * result is `buffer`. NEVER and UNLIMITED come out as "none". */
#define UNITS_TEXT_MAX 32
const char *units_format_time(char buffer[UNITS_TEXT_MAX], ferry_time_ns time);
const char *units_format_size(char buffer[UNITS_TEXT_MAX], uint64_t size);
const char *units_format_rate(char buffer[UNITS_TEXT_MAX], uint64_t bytes_per_second); /* bits */

#endif
