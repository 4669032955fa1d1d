/* SPDX-License-Identifier: Apache-2.0 */
/* predict_test.c -- the predicted blackout: each cost counts, nothing overflows, more never means
 * less. */
#include "ferry/policy.h"
#include "support/harness.h"

#define MIB ((uint64_t)1 << 20)

struct row {
    const char *name;
    struct ferry_policy_samples samples;
    ferry_time_ns expected;
};

/* clang-format off */
static const struct row rows[] = {
    {"nothing to do", {.bandwidth = 0, .cap = FERRY_RATE_UNLIMITED}, 0},
    {"bytes over bandwidth",
     {.remaining_bytes = 1000, .bandwidth = 1000, .cap = FERRY_RATE_UNLIMITED},
     FERRY_SECOND},
    {"rounded up to the nanosecond",
     {.remaining_bytes = 1, .bandwidth = 3, .cap = FERRY_RATE_UNLIMITED},
     333333334},
    {"the cap is the lower one",
     {.remaining_bytes = 1000, .bandwidth = 1000, .cap = 500},
     2 * FERRY_SECOND},
    {"the bandwidth is the lower one",
     {.remaining_bytes = 1000, .bandwidth = 500, .cap = 1000},
     2 * FERRY_SECOND},
    {"unacknowledged bytes and device state are sent as well",
     {.remaining_bytes = 500,
      .unacknowledged_bytes = 300,
      .state_bytes = 200,
      .bandwidth = 1000,
      .cap = FERRY_RATE_UNLIMITED},
     FERRY_SECOND},
    {"what is dirtied while the vCPUs stop is sent, and the stop counts",
     {.dirty_bytes_per_second = 2000,
      .bandwidth = 1000,
      .cap = FERRY_RATE_UNLIMITED,
      .costs = {.pause = FERRY_SECOND / 2}},
     FERRY_SECOND / 2 + FERRY_SECOND},
    {"every fixed cost counts once, the round trip one and a half times",
     {.cap = FERRY_RATE_UNLIMITED,
      .costs =
          {.pause = 1,
           .capture = 10,
           .collect = 100,
           .load = 1000,
           .grant_persist = 10000,
           .owner_persist = 100000,
           .resume = 1000000,
           .round_trip = 20000000}},
     31111111},
    {"half of an odd round trip is rounded up",
     {.cap = FERRY_RATE_UNLIMITED, .costs = {.round_trip = 1}},
     2},
    {"no bandwidth measured", {.remaining_bytes = 1, .cap = 1000}, FERRY_TIME_NEVER},
    {"a cap of nothing", {.remaining_bytes = 1, .bandwidth = 1000, .cap = 0}, FERRY_TIME_NEVER},
    {"a negative cost is none",
     {.cap = FERRY_RATE_UNLIMITED, .costs = {.pause = -5, .resume = 7}},
     7},
    {"all bytes there are, at a byte a second",
     {.remaining_bytes = UINT64_MAX, .bandwidth = 1, .cap = FERRY_RATE_UNLIMITED},
     FERRY_TIME_NEVER},
    {"more bytes than can be counted",
     {.remaining_bytes = UINT64_MAX,
      .unacknowledged_bytes = UINT64_MAX,
      .state_bytes = UINT64_MAX,
      .bandwidth = UINT64_MAX,
      .cap = FERRY_RATE_UNLIMITED},
     FERRY_TIME_NEVER},
    {"the largest that fits: 2^64 - 1 bytes at 2^64 - 1 a second",
     {.remaining_bytes = UINT64_MAX, .bandwidth = UINT64_MAX, .cap = FERRY_RATE_UNLIMITED},
     FERRY_SECOND},
    {"costs that add up to more than any time",
     {.cap = FERRY_RATE_UNLIMITED,
      .costs =
          {.pause = FERRY_TIME_NEVER, .load = FERRY_TIME_NEVER, .round_trip = FERRY_TIME_NEVER}},
     FERRY_TIME_NEVER},
    {"one nanosecond below never stays a time",
     {.cap = FERRY_RATE_UNLIMITED, .costs = {.load = FERRY_TIME_NEVER - 1}},
     FERRY_TIME_NEVER - 1},
};
/* clang-format on */

static void prediction_is_bytes_over_bandwidth_plus_every_cost(void **unused)
{
    (void)unused;

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const ferry_time_ns predicted = ferry_policy_predict(&rows[i].samples);

        if (predicted != rows[i].expected) {
            fail_msg(
                "%s: %lld, expected %lld",
                rows[i].name,
                (long long)predicted,
                (long long)rows[i].expected);
        }
    }
}

static ferry_time_ns random_cost(uint64_t *seed)
{
    return (ferry_time_ns)harness_random_below(
        seed, (uint64_t)1 << (1 + harness_random_below(seed, 40)));
}

/* From bytes to exabytes: an exponent first, so that small numbers come as often as large ones. */
static uint64_t random_size(uint64_t *seed)
{
    return harness_random(seed) >> harness_random_below(seed, 64);
}

static struct ferry_policy_samples random_samples(uint64_t *seed)
{
    struct ferry_policy_samples samples = {0};

    samples.remaining_bytes = random_size(seed);
    samples.unacknowledged_bytes = random_size(seed);
    samples.state_bytes = random_size(seed);
    samples.dirty_bytes_per_second = random_size(seed);
    samples.bandwidth = random_size(seed);
    samples.cap = random_size(seed);
    samples.costs.pause = random_cost(seed);
    samples.costs.capture = random_cost(seed);
    samples.costs.collect = random_cost(seed);
    samples.costs.load = random_cost(seed);
    samples.costs.grant_persist = random_cost(seed);
    samples.costs.owner_persist = random_cost(seed);
    samples.costs.resume = random_cost(seed);
    samples.costs.round_trip = random_cost(seed);
    return samples;
}

static uint64_t more(uint64_t value, uint64_t by)
{
    return value > UINT64_MAX - by ? UINT64_MAX : value + by;
}

/* Makes one sample worse; false when there is no such sample. */
static bool worsen(struct ferry_policy_samples *samples, unsigned which, uint64_t by)
{
    const ferry_time_ns cost = (ferry_time_ns)(by >> 24);

    switch (which) {
    case 0: samples->remaining_bytes = more(samples->remaining_bytes, by); return true;
    case 1: samples->unacknowledged_bytes = more(samples->unacknowledged_bytes, by); return true;
    case 2: samples->state_bytes = more(samples->state_bytes, by); return true;
    case 3:
        samples->dirty_bytes_per_second = more(samples->dirty_bytes_per_second, by);
        return true;
    case 4: samples->bandwidth -= by < samples->bandwidth ? by : samples->bandwidth; return true;
    case 5: samples->cap -= by < samples->cap ? by : samples->cap; return true;
    case 6: samples->costs.pause += cost; return true;
    case 7: samples->costs.capture += cost; return true;
    case 8: samples->costs.collect += cost; return true;
    case 9: samples->costs.load += cost; return true;
    case 10: samples->costs.grant_persist += cost; return true;
    case 11: samples->costs.owner_persist += cost; return true;
    case 12: samples->costs.resume += cost; return true;
    case 13: samples->costs.round_trip += cost; return true;
    default: return false;
    }
}

static void anything_that_gets_worse_never_makes_the_prediction_better(void **unused)
{
    (void)unused;
    uint64_t seed = 42;

    for (unsigned trial = 0; trial < 20000; trial++) {
        const struct ferry_policy_samples samples = random_samples(&seed);
        const ferry_time_ns predicted = ferry_policy_predict(&samples);
        struct ferry_policy_samples worse = samples;

        assert_true(predicted >= 0);
        for (unsigned which = 0; worsen(&worse, which, random_size(&seed)); which++) {
            assert_true(ferry_policy_predict(&worse) >= predicted);
            worse = samples;
        }
    }
}

static void a_cost_adds_exactly_itself(void **unused)
{
    (void)unused;
    uint64_t seed = 7;

    for (unsigned trial = 0; trial < 2000; trial++) {
        struct ferry_policy_samples samples = random_samples(&seed);
        const ferry_time_ns added = (ferry_time_ns)harness_random_below(&seed, MIB);
        const ferry_time_ns predicted = ferry_policy_predict(&samples);

        samples.costs.load += added;

        if (predicted < FERRY_TIME_NEVER - added) {
            assert_true(ferry_policy_predict(&samples) == predicted + added);
        } else {
            assert_true(ferry_policy_predict(&samples) == FERRY_TIME_NEVER);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prediction_is_bytes_over_bandwidth_plus_every_cost),
        cmocka_unit_test(anything_that_gets_worse_never_makes_the_prediction_better),
        cmocka_unit_test(a_cost_adds_exactly_itself),
    };

    return cmocka_run_group_tests_name("predict", tests, NULL, NULL);
}
