/* SPDX-License-Identifier: Apache-2.0 */
/*
 * network_test.c -- N1 to N3: what a migration gets out of a network with a window limit, or with loss.
 *
 * The steady rate is the difference of two guests: what the larger one has more, in the time that its first round took
 * longer. Handshakes and the last acknowledgement are the same in both, and fall out. What they cost is a check of its
 * own: a round takes its bytes and one whole round trip, the barrier there and its acknowledgement back.
 */
#include "lab.h"

#include <math.h>

#define BYTES_PER_SECOND 125e6 /* 1 Gbit/s */
#define RTT_S            0.010
#define MSS              1460.0
#define SMALL_S          2.0 /* seconds that the first round of the small guest takes, about */
#define LARGE_S          8.0
#define BATCH_S          0.010 /* of link time */
/* The network's rates are whole bits a second. */
#define ROUNDING 1e-6
#define MIB      1048576.0

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 8 GiB, costs: none}, h2: {memory: 8 GiB, costs: none}}\n" \
    "networks: {wan: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 5 ms, %s}}\n"  \
    "guests: {g: {host: h1, memory: %u MiB, device_state: 0 B}}\n"                  \
    "steps: [{at: 1 s, move: g, to: h2, streams: %u}]\n"

static struct ferry_round
first_round(enum sim_network network, const char *limit, unsigned mib, unsigned streams)
{
    const struct lab_options options = {.network = network};
    const struct lab_migration *migration =
        &lab_run(&options, WORLD, limit, mib, streams)->migrations[0];

    assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
    return migration->rounds[0];
}

/* At the end of a round the streams do not all stop at once: one may have a batch more than another. */
static void check_rate(const char *limit, unsigned streams, double expected, size_t index)
{
    const enum sim_network network = lab_networks[index % 2];
    const struct ferry_round small =
        first_round(network, limit, (unsigned)(SMALL_S * expected / MIB) + 1, streams);
    const struct ferry_round large =
        first_round(network, limit, (unsigned)(LARGE_S * expected / MIB) + 1, streams);
    const double small_s = lab_seconds(small.duration_ns);
    const double took_s = lab_seconds(large.duration_ns) - small_s;
    const double more = (double)(large.bytes - small.bytes);
    const double tail_s = streams == 1 ? 0.0 : BATCH_S;
    const double dead_s = RTT_S + LAB_DEAD_BYTES * streams / expected;

    lab_within(took_s, more / expected, ROUNDING * took_s + tail_s, "seconds of case", index);
    lab_within(
        small_s,
        (double)small.bytes / expected + dead_s,
        ROUNDING * small_s + LAB_DEAD_BYTES * streams / expected + tail_s,
        "seconds of the first round of case",
        index);
}

static const struct {
    const char *limit;
    double window; /* 0: none */
    unsigned streams;
} windows[] = {
    {"window: 64 KiB", 65536.0,   1},
    {"window: 64 KiB", 65536.0,   4},
    {"window: 1 MiB",  1048576.0, 1},
    {"window: 1 MiB",  1048576.0, 2}, /* more than the link */
    {"window: 4 MiB",  4194304.0, 1},
    {"window: none",   0.0,       1},
};

static void window_limits_each_stream_to_a_window_a_round_trip(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(windows); i++) {
        const double one = model_oracle_window_rate(BYTES_PER_SECOND, windows[i].window, RTT_S);
        check_rate(
            windows[i].limit,
            windows[i].streams,
            fmin(BYTES_PER_SECOND, windows[i].streams * one),
            i);
    }
}

static const struct {
    const char *limit;
    double loss;
    unsigned streams;
} losses[] = {
    {"loss: 1 ppm",   1e-6, 1 }, /* more than the link */
    {"loss: 10 ppm",  1e-5, 1 },
    {"loss: 10 ppm",  1e-5, 4 },
    {"loss: 100 ppm", 1e-4, 1 },
    {"loss: 100 ppm", 1e-4, 6 },
    {"loss: 100 ppm", 1e-4, 16}, /* more than the link */
    {"loss: 1 %",     1e-2, 2 },
};

static void loss_limits_each_stream_by_the_square_root_formula(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(losses); i++) {
        const double expected =
            model_oracle_loss_rate(BYTES_PER_SECOND, MSS, RTT_S, losses[i].loss, losses[i].streams);
        check_rate(losses[i].limit, losses[i].streams, expected, i);
    }
}

static void high_loss_limits_each_stream_by_the_equation_with_time_outs(void **unused)
{
    (void)unused;
    static const struct {
        const char *limit;
        double loss;
    } high[] = {
        {"loss: 2 %",  0.02},
        {"loss: 5 %",  0.05},
        {"loss: 10 %", 0.10},
    };

    for (size_t i = 0; i < COUNT_OF(high); i++) {
        check_rate(high[i].limit, 1, model_oracle_tfrc_rate(MSS, RTT_S, high[i].loss, 1.0), i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(window_limits_each_stream_to_a_window_a_round_trip),
        cmocka_unit_test(loss_limits_each_stream_by_the_square_root_formula),
        cmocka_unit_test(high_loss_limits_each_stream_by_the_equation_with_time_outs),
    };
    return cmocka_run_group_tests_name("oracles N1 to N3", tests, lab_prepare, NULL);
}
