/* SPDX-License-Identifier: Apache-2.0 */
/* move_test.c -- whole moves between two daemons, of a guest that checks its own memory. */
#include "engine/host/base/fd.h"
#include "tests/host/daemon/cluster.h"
#include "tests/host/support/check.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char dirtying[] = "hotset size=8MiB rate=40MB/s nonzero=100";

static struct cluster *begin(const struct cluster_options *options)
{
    const char *missing = cluster_missing();

    if (missing != NULL) {
        print_message("skipped: %s\n", missing);
        skip();
    }
    return cluster_create(options);
}

static void assert_completed(json_t *result)
{
    const json_t *outcome = json_object_get(result, "outcome");

    if (strcmp(json_string_value(json_object_get(result, "code")), "ok") != 0) {
        fail_msg("%s", json_string_value(json_object_get(outcome, "reason")));
    }
    assert_true(json_real_value(json_object_get(outcome, "blackout_s")) > 0);
    json_decref(result);
}

static void move_and_check(struct node *from, struct node *to, unsigned streams)
{
    char session[33];
    const json_int_t beats = node_guest_number(from, "g1", "heartbeat");

    node_move(from, to, "g1", json_pack("{s:i}", "streams", (int)streams), session);
    assert_completed(node_outcome(from, session));
    assert_true(node_runs(to, "g1"));
    assert_false(node_runs(from, "g1"));
    assert_true(node_guest_number(to, "g1", "heartbeat") > beats);
    assert_int_equal(node_guest_number(to, "g1", "backward_steps"), 0);
    assert_int_equal(node_check_guest(to, "g1"), 0);
}

static void there_and_back(bool tls, unsigned vcpus, unsigned streams)
{
    struct cluster *cluster = begin(&(struct cluster_options){.tls = tls});
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    node_run_guest(h1, "g1", dirtying, vcpus, 64);

    move_and_check(h1, h2, streams);
    move_and_check(h2, h1, streams);

    assert_true(cluster_settles(cluster));
    assert_int_equal(node_guest_number(h1, "g1", "epoch"), 3);
    cluster_destroy(cluster);
}

static void guest_moves_there_and_back_over_tls(void **state)
{
    (void)state;
    there_and_back(true, 1, 1);
}

static void two_vcpus_move_there_and_back_over_four_plain_streams(void **state)
{
    (void)state;
    there_and_back(false, 2, 4);
}

static void stop_and_copy_moves_in_one_round(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = true});
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    char session[33];
    node_run_guest(h1, "g1", dirtying, 1, 64);

    node_move(h1, h2, "g1", json_pack("{s:s}", "mode", "stop-and-copy"), session);

    json_t *result = node_outcome(h1, session);
    const json_t *outcome = json_object_get(result, "outcome");
    assert_string_equal(json_string_value(json_object_get(result, "code")), "ok");
    assert_int_equal(json_array_size(json_object_get(outcome, "rounds")), 1);
    json_decref(result);
    assert_int_equal(node_check_guest(h2, "g1"), 0);
    assert_true(cluster_settles(cluster));
    cluster_destroy(cluster);
}

/* Slow enough that the first round is under way for seconds. */
static json_t *slowly(void)
{
    return json_pack("{s:i}", "bandwidth_cap", 8000000);
}

static void cancelled_move_leaves_the_guest_where_it_was(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    char session[33];
    node_run_guest(h1, "g1", dirtying, 1, 64);
    node_move(h1, h2, "g1", slowly(), session);
    assert_true(node_reaches(h1, session, "copying"));

    json_decref(node_call(h1, "cancel", json_pack("{s:s}", "guest", "g1")));

    json_t *result = node_outcome(h1, session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "cancelled");
    assert_string_equal(
        json_string_value(json_object_get(result, "guest_state")), "runs on h1 as before");
    json_decref(result);
    assert_true(cluster_settles(cluster));
    assert_int_equal(cluster_running(cluster, "g1"), 1);
    assert_null(node_guest(h2, "g1"));
    assert_int_equal(node_check_guest(h1, "g1"), 0);
    cluster_destroy(cluster);
}

static void cap_that_is_lifted_and_an_order_to_switch_end_a_slow_move(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    char session[33];
    node_run_guest(h1, "g1", dirtying, 1, 64);
    node_move(h1, h2, "g1", slowly(), session);
    assert_true(node_reaches(h1, session, "copying"));

    json_decref(node_call(
        h1,
        "set",
        json_pack("{s:s, s:n, s:b}", "session", session, "bandwidth_cap", "switch_now", 1)));

    json_t *result = node_outcome(h1, session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "ok");
    json_decref(result);
    assert_int_equal(node_check_guest(h2, "g1"), 0);
    cluster_destroy(cluster);
}

static void what_cannot_be_moved_is_refused_with_its_reason(void **state)
{
    (void)state;
    struct cluster *cluster =
        begin(&(struct cluster_options){.limits = "  guest_memory: 80 MiB\n"});
    struct node *h1 = &cluster->nodes[0];
    struct host_error error = {.code = HOST_OK};
    json_t *result = NULL;
    char session[33];
    node_run_guest(h1, "g1", "idle", 1, 64);
    node_run_guest(&cluster->nodes[1], "g2", "idle", 1, 64);

    assert_int_equal(
        node_try(h1, "move", json_pack("{s:s, s:s}", "guest", "g1", "to", "h9"), &result, &error),
        HOST_NOT_FOUND);
    assert_int_equal(
        node_try(h1, "move", json_pack("{s:s, s:s}", "guest", "g9", "to", "h2"), &result, &error),
        HOST_NOT_FOUND);
    assert_int_equal(
        node_try(h1, "vm.run", json_pack("{s:s}", "guest", "g1"), &result, &error), HOST_EXISTS);
    node_move(h1, &cluster->nodes[1], "g1", NULL, session);
    result = node_outcome(h1, session);
    assert_string_equal(json_string_value(json_object_get(result, "code")), "refused");

    json_decref(result);
    assert_true(node_runs(h1, "g1"));
    assert_true(cluster_settles(cluster));
    cluster_destroy(cluster);
}

static void daemon_that_ends_and_starts_again_finds_its_guest_running(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    node_run_guest(h1, "g1", dirtying, 1, 64);
    const json_int_t beats = node_guest_number(h1, "g1", "heartbeat");

    node_stop(h1);
    node_start(h1);

    assert_true(node_runs(h1, "g1"));
    assert_true(node_guest_number(h1, "g1", "heartbeat") > beats);
    move_and_check(h1, &cluster->nodes[1], 1);
    cluster_destroy(cluster);
}

static void daemon_that_is_told_to_end_in_a_pause_leaves_its_guest_running(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    char session[33];
    node_run_guest(h1, "g1", dirtying, 1, 64);
    node_move(
        h1,
        &cluster->nodes[1],
        "g1",
        json_pack("{s:i, s:s}", "bandwidth_cap", 8000000, "mode", "stop-and-copy"),
        session);
    assert_true(node_reaches(h1, session, "sending"));

    node_stop(h1);

    node_start(h1);
    assert_true(node_runs(h1, "g1"));
    assert_true(node_guest_number(h1, "g1", "longest_gap_ns") < 3 * FERRY_SECOND);
    assert_true(cluster_settles(cluster));
    assert_int_equal(cluster_processes(cluster), 1);
    assert_int_equal(node_check_guest(h1, "g1"), 0);
    cluster_destroy(cluster);
}

static void recording_ends_with_a_trace_and_the_guest_can_be_moved(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    node_run_guest(h1, "g1", dirtying, 1, 64);

    json_t *result = node_call(
        h1, "record", json_pack("{s:s, s:I}", "guest", "g1", "duration_ns", (json_int_t)500000000));

    assert_int_equal(json_integer_value(json_object_get(result, "pages")), 16384);
    assert_true(json_integer_value(json_object_get(result, "intervals")) >= 2);
    assert_true(json_integer_value(json_object_get(result, "dirty_pages")) > 0);
    FILE *file = fopen(json_string_value(json_object_get(result, "file")), "r");
    assert_non_null(file);
    char line[64];
    assert_non_null(fgets(line, sizeof line, file));
    assert_string_equal(line, "# name g1\n");
    (void)fclose(file);
    json_decref(result);
    move_and_check(h1, &cluster->nodes[1], 1);
    cluster_destroy(cluster);
}

static bool is_past(void *context)
{
    const time_t *then = context;

    return time(NULL) > *then;
}

static void certificate_that_is_no_good_is_refused_at_once_by_name(void **state)
{
    (void)state;
    static const struct {
        enum cluster_certificate certificate;
        const char *reason;
    } rows[] = {
        {CLUSTER_FOREIGN,    "CA"                },
        {CLUSTER_EXPIRED,    "expired"           },
        {CLUSTER_WRONG_NAME, "names another host"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct cluster *cluster = begin(&(struct cluster_options){
            .tls = true, .certificate = rows[i].certificate, .timeouts = "  reconnect: 60 s\n"});
        struct node *h1 = &cluster->nodes[0];
        char session[33];
        node_run_guest(h1, "g1", dirtying, 1, 64);
        time_t expiry = time(NULL) + CLUSTER_EXPIRES; /* not before the certificate's */
        assert_true(
            rows[i].certificate != CLUSTER_EXPIRED ||
            cluster_until(is_past, &expiry, 2 * CLUSTER_EXPIRES * FERRY_SECOND));
        const ferry_time_ns ordered = host_now();

        node_move(h1, &cluster->nodes[1], "g1", NULL, session);

        json_t *result = node_outcome(h1, session);
        const json_t *outcome = json_object_get(result, "outcome");
        assert_true(host_now() - ordered < 5 * FERRY_SECOND);
        assert_string_equal(json_string_value(json_object_get(result, "code")), "refused");
        assert_non_null(
            strstr(json_string_value(json_object_get(outcome, "reason")), rows[i].reason));
        json_decref(result);
        assert_true(node_runs(h1, "g1"));
        assert_null(node_guest(&cluster->nodes[1], "g1"));
        cluster_destroy(cluster);
    }
}

static void after_a_reboot_only_the_owner_may_start_the_guest(void **state)
{
    (void)state;
    struct cluster *cluster = begin(&(struct cluster_options){.tls = false});
    struct node *h1 = &cluster->nodes[0];
    struct node *h2 = &cluster->nodes[1];
    struct host_error error = {.code = HOST_OK};
    json_t *result = NULL;
    node_run_guest(h1, "g1", "idle nonzero=100", 1, 64);
    move_and_check(h1, h2, 1);
    assert_true(cluster_settles(cluster));

    node_kill_guest(h2, "g1"); /* a reboot takes daemon and guest */
    node_kill(h1);
    node_kill(h2);
    node_start(h1);
    node_start(h2);

    assert_int_equal(
        node_try(h1, "vm.run", json_pack("{s:s}", "guest", "g1"), &result, &error), HOST_REFUSED);
    assert_non_null(strstr(error.text, "h2"));
    json_decref(node_call(h2, "vm.run", json_pack("{s:s}", "guest", "g1")));
    assert_true(node_runs(h2, "g1"));
    assert_int_equal(node_guest_number(h2, "g1", "memory"), 64 << 20);
    cluster_destroy(cluster);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CLUSTER_TEST(guest_moves_there_and_back_over_tls),
        CLUSTER_TEST(two_vcpus_move_there_and_back_over_four_plain_streams),
        CLUSTER_TEST(stop_and_copy_moves_in_one_round),
        CLUSTER_TEST(cancelled_move_leaves_the_guest_where_it_was),
        CLUSTER_TEST(cap_that_is_lifted_and_an_order_to_switch_end_a_slow_move),
        CLUSTER_TEST(what_cannot_be_moved_is_refused_with_its_reason),
        CLUSTER_TEST(daemon_that_ends_and_starts_again_finds_its_guest_running),
        CLUSTER_TEST(daemon_that_is_told_to_end_in_a_pause_leaves_its_guest_running),
        CLUSTER_TEST(recording_ends_with_a_trace_and_the_guest_can_be_moved),
        CLUSTER_TEST(certificate_that_is_no_good_is_refused_at_once_by_name),
        CLUSTER_TEST(after_a_reboot_only_the_owner_may_start_the_guest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
