/* SPDX-License-Identifier: Apache-2.0 */
/* fixture.h -- one scenario text, read; its errors as one text. */
#ifndef TESTS_SIM_SCENARIO_FIXTURE_H
#define TESTS_SIM_SCENARIO_FIXTURE_H

#include "sim/scenario/scenario.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* Two hosts, one network, one guest of 1 GiB: what most texts of the tests begin with. */
#define SMALL_CLUSTER                                           \
    "version: 1\n"                                              \
    "hosts: {h1: {memory: 4 GiB}, h2: {memory: 4 GiB}}\n"       \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 1 Gbit/s}}\n" \
    "guests: {db1: {host: h1, memory: 1 GiB, clients: {rate: 10 /s}}}\n"

/* The text must be good. */
struct scenario *load_good(const char *text);

/* The text must be bad; the messages, each on a line, without "s.yaml:" in front. */
char *load_bad(const char *text);

/* Are these the messages that load_bad() gives?  Prints both where not. */
bool tells(const char *text, const char *expected);

/* What a function that writes to a stream wrote; to be freed. */
char *written_by_show(const struct scenario *scenario);

#endif
