/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cap_test.c -- the bandwidth cap of a migration: exact in steady state, divided among the streams, and another one at
 * once when it is changed in flight.
 *
 * What is compared is the time of a round of known size with the integral of the cap over it. The checker of invariant
 * I6 looks at every 100 ms of all these runs as well: that the cap is never exceeded for a short while. Here it is the
 * other side, too: what was allowed was used.
 */
#include "lab.h"

#include <math.h>

#define LINK 1.25e9 /* bytes a second: 10 Gbit/s */

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 8 GiB, costs: none}, h2: {memory: 8 GiB, costs: none}}\n" \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 0 s}}\n"      \
    "guests: {g: {host: h1, memory: 2 GiB, device_state: 0 B}}\n"                   \
    "steps:\n"

/* The one batch by which streams may be apart at the end of a round: 10 ms of what they may send. */
#define BATCH_S 0.010
/* Each batch ends at a whole nanosecond. */
#define ROUNDING_S 1e-6

static const struct {
    const char *cap;
    double bytes_per_second;
    unsigned streams;
} steady[] = {
    {"0.5 Gbit/s", 62.5e6, 1 },
    {"1 Gbit/s",   125e6,  1 },
    {"8 Gbit/s",   1e9,    1 },
    {"1 Gbit/s",   125e6,  2 },
    {"3 Gbit/s",   375e6,  5 },
    {"8 Gbit/s",   1e9,    16},
    {"20 Gbit/s",  LINK,   4 }, /* more than there is */
    {"none",       LINK,   1 },
};

static void cap_is_the_sum_over_the_streams_and_is_used_up(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * COUNT_OF(steady); i++) {
        const size_t row = i / 2;
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_migration *migration =
            &lab_run(
                 &options,
                 WORLD "  - {at: 1 s, move: g, to: h2, bandwidth_cap: %s, streams: %u}\n",
                 steady[row].cap,
                 steady[row].streams)
                 ->migrations[0];
        const struct ferry_round *round = &migration->rounds[0];
        const double least_s = (double)round->bytes / steady[row].bytes_per_second;
        const double tail_s = steady[row].streams == 1 ? 0.0 : BATCH_S;
        const double dead_s = LAB_DEAD_BYTES * steady[row].streams / steady[row].bytes_per_second;
        const double took_s = lab_seconds(round->duration_ns);
        assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(took_s >= least_s * (1.0 - 1e-7));
        lab_within(took_s, least_s, tail_s + dead_s + ROUNDING_S, "seconds of case", row);
    }
}

struct change {
    const char *steps;
    unsigned streams;
    struct {
        double for_s; /* the last one: as long as it takes */
        double bytes_per_second;
    } parts[4];
};

static const struct change changes[] = {
    {"  - {at: 2 s, set: g, bandwidth_cap: 1 Gbit/s}\n"
     "  - {at: 4 s, set: g, bandwidth_cap: none}\n",           1,
     {{1.0, LINK}, {2.0, 125e6}, {0.0, LINK}}                  },
    {"  - {at: 1.5 s, set: g, bandwidth_cap: 2 Gbit/s}\n"
     "  - {at: 2.503 s, set: g, bandwidth_cap: 5 Gbit/s}\n"
     "  - {at: 3.777 s, set: g, bandwidth_cap: 0.4 Gbit/s}\n", 1,
     {{0.5, LINK}, {1.003, 250e6}, {1.274, 625e6}, {0.0, 50e6}}},
    {"  - {at: 2 s, set: g, bandwidth_cap: 0 bit/s}\n"
     "  - {at: 3 s, set: g, bandwidth_cap: 4 Gbit/s}\n",       1,
     {{1.0, LINK}, {1.0, 0.0}, {0.0, 500e6}}                   },
    {"  - {at: 1.5 s, set: g, bandwidth_cap: 2 Gbit/s}\n"
     "  - {at: 3 s, set: g, bandwidth_cap: 6 Gbit/s}\n",       4,
     {{0.5, LINK}, {1.5, 250e6}, {0.0, 750e6}}                 },
};

/* Seconds which so many bytes take under the caps, one after the other. */
static double seconds_of(const struct change *change, double bytes)
{
    double took_s = 0.0;
    size_t i = 0;

    for (; change->parts[i].for_s > 0.0; i++) {
        bytes -= change->parts[i].for_s * change->parts[i].bytes_per_second;
        took_s += change->parts[i].for_s;
    }
    assert_true(bytes > 0.0);
    return took_s + bytes / change->parts[i].bytes_per_second;
}

/* The change holds for the batch under way, too: nothing is left over, nothing is too much. */
static void changed_cap_holds_from_its_instant_on(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * COUNT_OF(changes); i++) {
        const struct change *change = &changes[i / 2];
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_migration *migration =
            &lab_run(
                 &options,
                 WORLD "  - {at: 1 s, move: g, to: h2, streams: %u}\n%s",
                 change->streams,
                 change->steps)
                 ->migrations[0];
        const struct ferry_round *round = &migration->rounds[0];
        const double tail_s = change->streams == 1 ? 0.0 : BATCH_S;
        /* The round begins when the handshake is over, a few hundred bytes after the step. */
        const double begun_s = 5e-6;
        lab_within(
            lab_seconds(round->duration_ns),
            seconds_of(change, (double)round->bytes),
            tail_s + begun_s * LINK / 50e6,
            "seconds of change",
            i / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cap_is_the_sum_over_the_streams_and_is_used_up),
        cmocka_unit_test(changed_cap_holds_from_its_instant_on),
    };
    return cmocka_run_group_tests_name("bandwidth cap", tests, lab_prepare, NULL);
}
