/* SPDX-License-Identifier: Apache-2.0 */
/* journey_test.c -- one hundred moves of a dirtying guest that checks itself, back and forth, spread
 * over one and two vCPUs, one, two and four streams, with and without TLS: no bad page, no beat of
 * its heart lost or going backwards, no gap above the limit. */
#include "tests/host/daemon/cluster.h"
#include "tests/host/support/check.h"

#include <stdio.h>
#include <string.h>

#define MOVES 9U /* of each of twelve kinds */
#define LIMIT (300 * FERRY_MILLISECOND)

static void one_move(struct node *from, struct node *to, unsigned streams)
{
    char session[33];
    const json_int_t beats = node_guest_number(from, "g1", "heartbeat");

    node_move(from, to, "g1", json_pack("{s:i}", "streams", (int)streams), session);
    json_t *result = node_outcome(from, session);
    const json_t *outcome = json_object_get(result, "outcome");
    if (strcmp(json_string_value(json_object_get(result, "code")), "ok") != 0) {
        fail_msg("%s", json_string_value(json_object_get(outcome, "reason")));
    }
    assert_true(json_real_value(json_object_get(outcome, "blackout_s")) * 1e9 < (double)LIMIT);
    json_decref(result);
    assert_true(node_guest_number(to, "g1", "heartbeat") > beats);
    assert_int_equal(node_guest_number(to, "g1", "backward_steps"), 0);
    assert_true(node_guest_number(to, "g1", "last_gap_ns") < LIMIT);
    assert_int_equal(node_guest_number(to, "g1", "bad_pages"), 0);
}

static void journey(bool tls, unsigned vcpus)
{
    static const unsigned streams[] = {1, 2, 4};
    const char *missing = cluster_missing();

    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
    struct cluster *cluster = cluster_create(&(struct cluster_options){.tls = tls});
    node_run_guest(&cluster->nodes[0], "g1", "hotset size=8MiB rate=20MB/s nonzero=100", vcpus, 96);
    for (unsigned i = 0; i < 3 * MOVES; i++) {
        struct node *from = &cluster->nodes[i % 2];
        struct node *to = &cluster->nodes[1 - i % 2];
        one_move(from, to, streams[i / MOVES]);
    }
    struct node *last = &cluster->nodes[(3 * MOVES) % 2];
    assert_int_equal(node_check_guest(last, "g1"), 0);
    assert_true(cluster_settles(cluster));
    assert_int_equal(cluster_processes(cluster), 1);
    assert_int_equal(node_guest_number(last, "g1", "epoch"), 3 * MOVES + 1);
    cluster_destroy(cluster);
}

static void plain_with_one_vcpu(void **state)
{
    (void)state;
    journey(false, 1);
}

static void plain_with_two_vcpus(void **state)
{
    (void)state;
    journey(false, 2);
}

static void over_tls_with_one_vcpu(void **state)
{
    (void)state;
    journey(true, 1);
}

static void over_tls_with_two_vcpus(void **state)
{
    (void)state;
    journey(true, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(plain_with_one_vcpu),
        CLUSTER_TEST(plain_with_two_vcpus),
        CLUSTER_TEST(over_tls_with_one_vcpu),
        CLUSTER_TEST(over_tls_with_two_vcpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
