/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample.h -- a scenario and the result of a run of it, as a world would fill it.
 *
 * One guest g moves from h1 to h2 in two rounds after one aborted attempt and is asked by clients; a
 * second guest stays. Tests change what they are about.
 */
#ifndef FERRY_TESTS_SIM_REPORT_SAMPLE_H
#define FERRY_TESTS_SIM_REPORT_SAMPLE_H

#include "sim/report/result.h"

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

struct sample {
    struct scenario *scenario;
    struct sim_result result;
};

/* `expect` is the YAML of the list of expectations, one flow mapping a line; "" for none. */
void sample_make(struct sample *sample, const char *expect);
void sample_free(struct sample *sample);

/* An outcome whose parts of the blackout add up. */
struct ferry_outcome sample_outcome(void);

/* One event: the world's, the source's or the target's, in turn. */
void sample_event(struct sample *sample, uint64_t number);

/* Events 1..count, a millisecond apart, in turn of the world, the source and the target. */
void sample_events(struct sample *sample, uint64_t count);

/* All that a writer wrote: open, write, take; the caller frees. */
FILE *sample_open(void);
char *sample_take(FILE *stream);

#endif
