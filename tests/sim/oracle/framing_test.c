/* SPDX-License-Identifier: Apache-2.0 */
/*
 * framing_test.c -- framing costs at most 8 bytes a page or zero record on average, whatever the memory looks like:
 * dense, scattered, nearly all zero, or zero and data in turn.
 *
 * Judged are whole migrations, and each round that is large enough to speak of an average: a batch has a head and an
 * end of its own, some 60 bytes, which a round of five pages cannot spread.
 */
#include "lab.h"

#define FRAMING_MAX 8.0
#define ROUND_MIN   64U /* pages */

#define WORLD                                                                                   \
    "version: 1\n"                                                                              \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n"             \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 50 us}}\n"                \
    "guests: {g: {host: h1, memory: 1 GiB, device_state: 0 B, nonzero: %u %%, workload: %s}}\n" \
    "steps: [{at: %u s, move: g, to: h2, blackout_limit: 5 ms, streams: %u, give_up_after: 20 " \
    "s}]\n"

static const struct {
    const char *what;
    const char *workload;
    unsigned nonzero;
    unsigned start_s;
    unsigned streams;
} guests[] = {
    {"dense, idle",                                 "{kind: idle}",                                       100, 1, 1},
    {"all zero",                                    "{kind: idle}",                                       0,   1, 1},
    {"dense, sweep",                                "{kind: sweep, size: 512 MiB, rate: 400 MB/s}",       100, 1, 1},
    {"dense, scattered writes",                     "{kind: uniform, size: 1 GiB, rate: 400 MB/s}",       100, 1, 1},
    {"few writes, far apart",                       "{kind: uniform, size: 1 GiB, rate: 4 MB/s}",         100, 1, 1},
    {"half of zero memory written, here and there",
     "{kind: uniform, size: 1 GiB, rate: 100 MB/s}",                                                      0,
     6,                                                                                                           1},
    {"a page of data here and there",               "{kind: uniform, size: 1 GiB, rate: 4 MB/s}",         0,   3, 1},
    {"a curve's permutation",                       "{kind: curve, points: [{t: 100 ms, pages: 20000}]}", 10,  1, 1},
    {"eight streams",                               "{kind: uniform, size: 1 GiB, rate: 400 MB/s}",       50,  1, 8},
};

static void check_round(const struct ferry_round *round, const char *what)
{
    const double data = (double)(round->pages - round->zero_pages);
    const double framing = ((double)round->bytes - data * LAB_PAGE) / (double)round->pages;

    if (round->pages >= ROUND_MIN && !(framing > 0.0 && framing <= FRAMING_MAX)) {
        fail_msg(
            "%s: %.3f bytes of framing a page in a round of %llu",
            what,
            framing,
            (unsigned long long)round->pages);
    }
}

static void framing_is_at_most_eight_bytes_a_page(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < COUNT_OF(guests); i++) {
        const struct lab_options options = {.network = lab_networks[i % 2]};
        const struct lab_migration *migration = &lab_run(
                                                     &options,
                                                     WORLD,
                                                     guests[i].nonzero,
                                                     guests[i].workload,
                                                     guests[i].start_s,
                                                     guests[i].streams)
                                                     ->migrations[0];
        const double framing = lab_framing(migration);
        uint64_t bytes = 0;
        print_message("%s: %.2f bytes a page\n", guests[i].what, framing);
        assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(framing > 0.0 && framing <= FRAMING_MAX);
        for (uint32_t k = 0; k < migration->round_count; k++) {
            check_round(&migration->rounds[k], guests[i].what);
            bytes += migration->rounds[k].bytes;
        }
        assert_int_equal(bytes, migration->wire_bytes);
    }
}

/* What is zero does not cross the link, and is counted. */
static void zero_pages_cost_a_record_only(void **unused)
{
    (void)unused;
    const struct lab_options options = {.network = SIM_NETWORK_SIMGRID};
    const struct lab_migration *migration =
        &lab_run(&options, WORLD, 25U, "{kind: idle}", 1U, 1U)->migrations[0];

    assert_int_equal(migration->rounds[0].pages, 262144);
    assert_int_equal(migration->rounds[0].zero_pages, 262144 / 4 * 3);
    assert_true(lab_first_pages(migration) == 65536.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(framing_is_at_most_eight_bytes_a_page),
        cmocka_unit_test(zero_pages_cost_a_record_only),
    };
    return cmocka_run_group_tests_name("framing", tests, lab_prepare, NULL);
}
