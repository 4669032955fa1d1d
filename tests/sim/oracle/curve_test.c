/* SPDX-License-Identifier: Apache-2.0 */
/*
 * curve_test.c -- A4: a measured curve of unique dirty pages against time. The lengths of the rounds follow from it by
 * iteration, here piece by piece: curves that bend down (as most guests' do), up, and that stand still for a while.
 */
#include "lab.h"

#include <stdio.h>

#define BYTES_PER_SECOND 1.25e9 /* 10 Gbit/s: 305,000 pages a second */
#define POINTS_MAX       6U

#define WORLD                                                                       \
    "version: 1\n"                                                                  \
    "hosts: {h1: {memory: 4 GiB, costs: none}, h2: {memory: 4 GiB, costs: none}}\n" \
    "networks: {lan: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 0 s}}\n"      \
    "guests: {g: {host: h1, memory: 1 GiB, device_state: 0 B, "                     \
    "workload: {kind: curve, points: [%s]}}}\n"                                     \
    "steps: [{at: 1 s, move: g, to: h2, blackout_limit: %u us}]\n"

#define MS INT64_C(1000000)

static const struct {
    const char *what;
    struct model_curve_point points[POINTS_MAX];
    size_t count;
    uint32_t limit_us;
} curves[] = {
    {"ramp that never ends", {{2000 * MS, 262144}},                                             1, 500 },
    {"ramp and flat",        {{100 * MS, 20000}},                                               1, 500 },
    {"bends down",
     {{10 * MS, 2500}, {100 * MS, 12000}, {400 * MS, 30000}, {900 * MS, 45000}},
     4,                                                                                            2000},
    {"bends up",             {{50 * MS, 1000}, {200 * MS, 20000}, {900 * MS, 150000}},          3, 500 },
    {"waits, jumps, waits",
     {{20 * MS, 1000}, {300 * MS, 1000}, {310 * MS, 3500}, {800 * MS, 3500}, {850 * MS, 9000}},
     5,                                                                                            400 },
    {"nothing for 50 ms",    {{50 * MS, 0}, {900 * MS, 100000}},                                2, 300 },
};

static void write_points(size_t index, char *text, size_t size)
{
    int used = 0;

    for (size_t i = 0; i < curves[index].count; i++) {
        const struct model_curve_point *point = &curves[index].points[i];
        used += snprintf(
            text + used,
            size - (size_t)used,
            "%s{t: %lld ns, pages: %llu}",
            i == 0 ? "" : ", ",
            (long long)point->t_ns,
            (unsigned long long)point->pages);
        assert_in_range(used, 1, size - 1);
    }
}

/* The most pages dirtied while one is sent. */
static double steepest(size_t index)
{
    struct model_curve_point before = {0, 0};
    double steepness = 0.0;

    for (size_t i = 0; i < curves[index].count; i++) {
        const struct model_curve_point *point = &curves[index].points[i];
        const double slope = (double)(point->pages - before.pages) /
                             lab_seconds(point->t_ns - before.t_ns) * LAB_PAGE / BYTES_PER_SECOND;
        steepness = slope > steepness ? slope : steepness;
        before = *point;
    }
    return steepness;
}

static void rounds_follow_the_curve_by_iteration(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < 2 * COUNT_OF(curves); i++) {
        const size_t index = i / 2;
        const struct lab_options options = {.network = lab_networks[i % 2], .seed = i + 1};
        const struct model_oracle_curve curve = {
            .points = curves[index].points,
            .count = curves[index].count,
        };
        char points[512];
        write_points(index, points, sizeof points);
        const struct lab_migration *migration =
            &lab_run(&options, WORLD, points, curves[index].limit_us)->migrations[0];
        print_message("%s: %u rounds\n", curves[index].what, migration->round_count);
        assert_int_equal(migration->outcome, FERRY_OUTCOME_COMPLETED);
        assert_true(migration->round_count >= 3);
        lab_check_rounds(
            migration, BYTES_PER_SECOND, model_oracle_curve_dirty, &curve, steepest(index));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rounds_follow_the_curve_by_iteration),
    };
    return cmocka_run_group_tests_name("oracle A4", tests, lab_prepare, NULL);
}
