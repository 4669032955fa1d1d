/* SPDX-License-Identifier: Apache-2.0 */
/*
 * trace.h -- recorded dirty logs: read, kept in memory, written.
 *
 * The format is text, plain or compressed with zstd (told apart by the first bytes, not by the
 * name):
 *
 *     # key value            any number of header lines; `pages` is required, `page` is the page
 * size (default 4096) nonzero 16+18 4096+5   once: pages that are not zero at time 0, as
 * first+count 100 257+1 510+1        then the log: time in ms since the line before's read, and the
 * pages written since then
 *
 * Numbers are decimal. Times increase strictly, runs increase and do not touch each other, all
 * pages lie inside the memory; an interval without writes has only the time. Anything else is an
 * error with its line number. The reader's memory is bounded by the limits below, whatever the
 * input says.
 */
#ifndef MODEL_TRACE_H
#define MODEL_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define MODEL_TRACE_PAGES_MAX UINT32_MAX
#define MODEL_TRACE_RUNS_MAX  (UINT64_C(1) << 25)    /* of a whole trace: 256 MiB */
#define MODEL_TRACE_LINES_MAX (UINT64_C(1) << 22)    /* 116 hours at 100 ms */
#define MODEL_TRACE_MS_MAX    INT64_C(1000000000000) /* times, in ms: 31 years */

struct model_trace_run {
    uint32_t first;
    uint32_t count;
};

/* The pages of `run_count` runs from `first_run` on were written since the interval before. */
struct model_trace_interval {
    int64_t end_ns;
    uint64_t first_run;
    uint64_t run_count;
    uint64_t page_count; /* sum over the runs */
};

struct model_trace {
    char name[64];
    uint64_t page_size;
    uint64_t page_count;
    uint64_t interval_ms; /* nominal; 0: not said */
    struct model_trace_run *nonzero;
    uint64_t nonzero_count;
    struct model_trace_run *runs;
    uint64_t run_count;
    struct model_trace_interval *intervals; /* at least one */
    uint64_t interval_count;
};

struct model_trace_error {
    uint64_t line; /* from 1; 0: the error is about the file as a whole */
    char text[160];
};

/* NULL: *error_out says why. */
struct model_trace *model_trace_load(const char *path, struct model_trace_error *error_out);
struct model_trace *
model_trace_parse(const void *data, size_t size, struct model_trace_error *error_out);
void model_trace_destroy(struct model_trace *trace); /* NULL is fine */

/* Writes the text form; what model_trace_load() reads back is equal. false: the stream failed. */
bool model_trace_write(const struct model_trace *trace, FILE *stream);

#endif
