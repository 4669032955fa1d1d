/* SPDX-License-Identifier: Apache-2.0 */
/* rate_test.c -- the cap: no 100 ms carry more than their share and one batch, whatever the sender's
 * luck with time; and a sender keeps to it. */
#include "engine/host/base/fd.h"
#include "engine/host/dataplane/bucket.h"
#include "rig.h"
#include "tests/host/support/check.h"

#include <string.h>

#define WINDOW (100 * FERRY_MILLISECOND)
/* The engine cuts batches of about this much link time. */
#define BATCH_TIME (10 * FERRY_MILLISECOND)
#define EVENTS     4096U

struct event {
    ferry_time_ns at;
    uint64_t bytes;
};

/* The most that any 100 ms carried. */
static uint64_t worst_window(const struct event *events, size_t count)
{
    uint64_t worst = 0;
    uint64_t sum = 0;
    size_t first = 0;
    for (size_t i = 0; i < count; i++) {
        sum += events[i].bytes;
        while (events[i].at - events[first].at > WINDOW) {
            sum -= events[first].bytes;
            first++;
        }
        worst = sum > worst ? sum : worst;
    }
    return worst;
}

/* A sender that always has something, with wake-ups that are late by chance, and blocked at times. */
static void simulate(uint64_t rate, ferry_time_ns late_max, ferry_time_ns blocked)
{
    static struct event events[EVENTS];
    struct bucket bucket;
    ferry_time_ns now = FERRY_SECOND;
    uint64_t random = 99;
    uint64_t total = 0;
    bucket_init(&bucket, rate, now);
    size_t count = 0;
    while (count < EVENTS) {
        const ferry_time_ns wait = bucket_wait(&bucket, now);
        random = random * 6364136223846793005U + 1;
        if (wait > 0) {
            now += wait + (ferry_time_ns)(random >> 33) % (late_max + 1);
            continue;
        }
        const uint64_t bytes = bucket_portion(&bucket);
        bucket_take(&bucket, bytes);
        events[count] = (struct event){.at = now, .bytes = bytes};
        total += bytes;
        now += count % 50 == 49 ? blocked : 1000;
        count++;
    }
    const uint64_t batch =
        rate * (uint64_t)BATCH_TIME / FERRY_SECOND + 2 * (uint64_t)BUCKET_PORTION_MIN;
    assert_true(worst_window(events, count) <= rate / 10 + batch);
    if (late_max == 0 && blocked == 0) { /* nothing is lost either: within two percent */
        const uint64_t due = (uint64_t)((double)rate * (double)(now - FERRY_SECOND) / FERRY_SECOND);
        assert_true(total + due / 50 >= due);
    }
}

static void no_window_carries_more_than_its_share(void **unused)
{
    (void)unused;
    const uint64_t rates[] = {50000, 1000000, 12500000, 125000000, 1250000000, 12500000000U};
    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        simulate(rates[i], 0, 0);
        simulate(rates[i], 20 * FERRY_MILLISECOND, 0);
        simulate(rates[i], FERRY_MILLISECOND, 300 * FERRY_MILLISECOND);
    }
}

static void rate_of_zero_waits_for_ever_and_unlimited_never(void **unused)
{
    (void)unused;
    struct bucket bucket;
    bucket_init(&bucket, 0, 5);
    assert_int_equal(bucket_wait(&bucket, 6), FERRY_TIME_NEVER);
    bucket_set_rate(&bucket, FERRY_RATE_UNLIMITED, 7);
    assert_int_equal(bucket_wait(&bucket, 7), 0);
    bucket_take(&bucket, UINT64_C(1) << 40);
    assert_int_equal(bucket_wait(&bucket, 8), 0);
}

static void debt_is_kept_when_the_rate_changes(void **unused)
{
    (void)unused;
    struct bucket bucket;
    bucket_init(&bucket, 1000000, 0);
    bucket_take(&bucket, 1000000);
    bucket_set_rate(&bucket, 10000000, 0);
    const ferry_time_ns wait = bucket_wait(&bucket, 0);
    assert_true(wait > 99 * FERRY_MILLISECOND && wait < 101 * FERRY_MILLISECOND);
}

static void sender_keeps_to_its_rate_and_to_a_new_one(void **unused)
{
    (void)unused;
    const uint64_t rate = 40000000;
    struct rig *rig = rig_create(&(struct rig_options){.pages = 2048, .rate = rate});
    for (uint64_t page = 0; page < 2048; page++) {
        rig_fill_page(rig, page, 1);
    }
    rig_mark_all(rig);
    const ferry_time_ns start = host_now();
    rig_round(rig, 0);
    const ferry_time_ns capped = host_now() - start;
    rig_mark_all(rig);
    dataplane_sender_set_rate(rig->senders[0], 0);
    const struct ferry_batch batch = {
        .number = 1000, .round = 1, .bitmap = rig->bitmap, .first_page = 0, .end_page = 2048};
    struct dataplane_report report;
    assert_int_equal(dataplane_sender_batch(rig->senders[0], &batch, 1, NULL), FERRY_OK);
    assert_false(mailbox_try(&rig->out, 50 * FERRY_MILLISECOND, &report));
    dataplane_sender_set_rate(rig->senders[0], FERRY_RATE_UNLIMITED);
    report = mailbox_next(&rig->out);

    /* 8 MiB at 40 MB/s are 209 ms; the burst and one portion go for nothing. */
    assert_true(capped > 195 * FERRY_MILLISECOND);
    assert_int_equal(report.event.kind, FERRY_EVENT_BATCH_SENT);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_window_carries_more_than_its_share),
        cmocka_unit_test(rate_of_zero_waits_for_ever_and_unlimited_never),
        cmocka_unit_test(debt_is_kept_when_the_rate_changes),
        cmocka_unit_test(sender_keeps_to_its_rate_and_to_a_new_one),
    };
    return cmocka_run_group_tests_name("rate_test", tests, NULL, NULL);
}
