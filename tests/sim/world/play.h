/* SPDX-License-Identifier: Apache-2.0 */
/*
 * play.h -- plays a scenario on the light network and keeps what came of it: the fixture of the world's tests.
 *
 * Two hosts and a third, two networks (the first better), a guest g1 of 16 MiB on h1 with clients, which moves to h2 at
 * 1 s: that is what a test gets when it says nothing. Teardown asserts that the run came to its end.
 */
#ifndef FERRY_TESTS_SIM_WORLD_PLAY_H
#define FERRY_TESTS_SIM_WORLD_PLAY_H

#include "sim/report/judge.h"
#include "sim/world/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define MS              INT64_C(1000000)
#define SECOND          INT64_C(1000000000)

struct play_options {
    const char *hosts;    /* options of each host: "costs: none" */
    const char *guest;    /* further keys of g1: "content: bytes" */
    const char *workload; /* "{kind: idle}" */
    const char *guests;   /* further guests, whole lines */
    const char *move;     /* options of the move: "streams: 2" */
    const char *steps;    /* further steps, whole lines */
    const char *faults;   /* whole lines */
    const char *top;      /* further keys of the file: "end: 2 s" */
    uint64_t seed;        /* 0: 1 */
    bool no_move;
    bool timeline;
};

struct play {
    struct scenario *scenario;
    struct sim_result result;
    char *log;
    size_t log_size;
};

struct play play(const struct play_options *options);
struct play play_text(const char *text, uint64_t seed, bool timeline);
void play_end(struct play *play); /* asserts that it was no error */

/* The first line of the log after `from` (NULL: from the start) in which both words stand; NULL: none. */
const char *
play_line(const struct play *play, const char *from, const char *kind, const char *word);
/* How many lines have both words. */
unsigned play_count(const struct play *play, const char *kind, const char *word);
/* Virtual time of a line of the log. */
int64_t play_time(const char *line);
bool play_failed(const struct play *play, const char *id);
/* Fails the test with the first failure of the run, if it has one. */
void play_expect_pass(const struct play *play);

#endif
