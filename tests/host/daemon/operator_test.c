/* SPDX-License-Identifier: Apache-2.0 */
/* operator_test.c -- the way out where no proof comes: claim at the source, burn at the target. */
#include "engine/host/base/fd.h"
#include "tests/host/daemon/cluster.h"
#include "tests/host/support/check.h"

#include <string.h>

static struct cluster *begin(void)
{
    const char *missing = cluster_missing();

    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
    struct cluster *cluster = cluster_create(&(struct cluster_options){
        .timeouts = "  unknown_after: 1 s\n  silence: 1 s\n  reconnect: 2 s\n  action: 10 s\n"
                    "  close: 2 s\n",
    });
    node_run_guest(&cluster->nodes[0], "g1", "hotset size=8MiB rate=40MB/s nonzero=100", 1, 64);
    return cluster;
}

static json_t *order(const char *session, bool fenced)
{
    return json_pack("{s:s, s:b}", "session", session, "fenced", (int)fenced);
}

static bool h1_runs(void *context)
{
    return node_runs(context, "g1");
}

static void guest_of_a_fenced_target_is_claimed_back(void **state)
{
    (void)state;
    struct cluster *cluster = begin();
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    struct host_error error = {.code = HOST_OK};
    json_t *result = NULL;
    char session[33];
    node_move(h1, h2, "g1", json_pack("{s:i}", "bandwidth_cap", 16000000), session);
    assert_true(node_reaches(h1, session, "copying"));
    node_hold(h2);
    json_decref(node_call(
        h1,
        "set",
        json_pack("{s:s, s:n, s:b}", "session", session, "bandwidth_cap", "switch_now", 1)));
    assert_true(node_reaches(h2, session, "owning"));
    node_kill_guest(h2, "g1"); /* the host is off: nothing of it runs any more */
    node_kill(h2);

    result = node_outcome(h1, session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "unknown");
    json_decref(result);
    assert_false(node_runs(h1, "g1"));
    assert_int_equal(
        node_try(h1, "session.claim", order(session, false), &result, &error), HOST_REFUSED);
    json_decref(node_call(h1, "session.claim", order(session, true)));

    assert_true(cluster_until(h1_runs, h1, 5 * FERRY_SECOND));
    assert_int_equal(node_guest_number(h1, "g1", "epoch"), 3); /* above what h2 could have had */
    assert_int_equal(node_check_guest(h1, "g1"), 0);
    cluster_destroy(cluster);
}

static void target_that_was_burned_by_hand_never_runs_the_guest(void **state)
{
    (void)state;
    struct cluster *cluster = begin();
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    char session[33];
    node_move(h1, h2, "g1", json_pack("{s:i}", "bandwidth_cap", 16000000), session);
    assert_true(node_reaches(h1, session, "copying"));
    node_hold(h1);
    json_decref(node_call(
        h1,
        "set",
        json_pack("{s:s, s:n, s:b}", "session", session, "bandwidth_cap", "switch_now", 1)));
    assert_true(node_reaches(h1, session, "granting"));
    node_kill(h1);

    json_decref(node_call(h2, "session.burn", order(session, true)));
    node_release(h1);
    node_start(h1);

    assert_true(cluster_until(h1_runs, h1, 10 * FERRY_SECOND));
    assert_true(cluster_settles(cluster));
    assert_int_equal(cluster_running(cluster, "g1"), 1);
    assert_int_equal(cluster_processes(cluster), 1);
    assert_int_equal(node_check_guest(h1, "g1"), 0);
    cluster_destroy(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(guest_of_a_fenced_target_is_claimed_back),
        CLUSTER_TEST(target_that_was_burned_by_hand_never_runs_the_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
