/* SPDX-License-Identifier: Apache-2.0 */
/* shown.h -- numbers as words, for `show`: what the files that explain a scenario share. */
#ifndef FERRY_SIM_SCENARIO_SHOWN_H
#define FERRY_SIM_SCENARIO_SHOWN_H

#include "sim/scenario/scenario.h"

#include <stdio.h>

/* A short text by value: good until the end of the expression in which it was made. */
struct shown {
    char text[96];
};

struct shown shown_time(int64_t time);            /* "300 ms", "for ever" */
struct shown shown_size(uint64_t size);           /* "1.5 GiB" */
struct shown shown_bandwidth(uint64_t bandwidth); /* "10 Gbit/s", "unlimited" */
struct shown shown_flow(struct model_rate rate);  /* bytes: "300 MiB/s" */
struct shown shown_rate(struct model_rate rate);  /* events: "2000 /s" */
struct shown shown_loss(uint32_t ppm);            /* "0.01 %" */

/* Parts of scenario_show(), in order. */
void show_workload(FILE *out, const struct model_workload_spec *workload);
void show_events(FILE *out, const struct scenario *scenario);
void show_expects(FILE *out, const struct scenario *scenario);

/* show_faults.c: "host h1 crashes and is back after 2 s", and a line end. */
void show_effect(FILE *out, const struct scenario *scenario, const struct scenario_fault *fault);

#endif
