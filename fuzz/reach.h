/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h -- what a run has reached beyond lines of code, told to libFuzzer as extra counters: an input that brings
 * both machines into a tuple of states which no input before it reached is kept.
 *
 * Without libFuzzer the counters are an array that nobody reads but a test. */
#ifndef FUZZ_REACH_H
#define FUZZ_REACH_H

#include <stddef.h>
#include <stdint.h>

#define REACH_MAX 32768U

struct reach_tuple {
    uint32_t source;  /* enum ferry_source_state, 0: there is none */
    uint32_t target;  /* enum ferry_target_state, 0: there is none */
    uint32_t links;   /* attaches that are up, 0 to 2 (or more) */
    uint32_t records; /* of the handover, durable: 1 GRANTED, 2 OWNER, 4 BURNED */
    uint32_t runs;    /* 0: nowhere, 1 at the source, 2 at the target */
};

void reach_tuple(const struct reach_tuple *tuple);
/* The outcome that a source has reported. */
void reach_outcome(uint32_t kind, uint32_t status);
/* Tuples and outcomes reached since the counters were last cleared. */
size_t reach_count(void);
void reach_clear(void);

#endif
