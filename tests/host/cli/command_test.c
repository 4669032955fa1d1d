/* SPDX-License-Identifier: Apache-2.0 */
/* command_test.c -- the verbs that ask the daemon: what they send, print, and end with. */
#include "tests/host/cli/fake.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void assert_part(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("\"%s\" is not in:\n%s", part, text);
    }
}

static void assert_heard(struct fake *fake, const char *call, const char *expected)
{
    char *args = fake_heard(fake, call);

    assert_string_equal(args, expected);
    free(args);
}

static void a_guest_is_started_with_what_was_given(void **state)
{
    const struct ran ran = RUN(
        "vm", "run", "db1", "--memory", "1 GiB", "--vcpus=2", "--workload", "kv", "--tap", "t0");

    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.out, "db1 runs: process 77, epoch 3\n");
    assert_heard(
        *state,
        "vm.run",
        "{\"guest\":\"db1\",\"memory\":1073741824,\"tap\":\"t0\",\"vcpus\":2,\"workload\":\"kv\"}");
}

static void an_error_says_what_happened_where_the_guest_is_and_what_to_do(void **state)
{
    (void)state;
    const struct ran ran = RUN("vm", "run", "missing");
    const struct ran json = RUN("vm", "run", "missing", "--json");

    assert_int_equal(ran.status, 2);
    assert_string_equal(ran.out, "");
    assert_string_equal(
        ran.err,
        "ferry: there is no guest \"missing\"\n"
        "  the guest: nothing is known of it\n"
        "  what to do: ferry vm list shows those that are here\n");
    assert_int_equal(json.status, 2);
    assert_part(json.out, "{\"error\":{\"code\":\"not-found\",\"text\":\"there is no guest");
    assert_string_equal(json.err, "");
}

static void guests_are_a_table_that_a_terminal_cannot_be_driven_by(void **state)
{
    (void)state;
    const struct ran ran = RUN("vm", "list");

    assert_int_equal(ran.status, 0);
    assert_part(
        ran.out, "GUEST  STATE    FATE  EPOCH  MEMORY   VCPUS  PID  BAD  SESSION  WORKLOAD\n");
    assert_part(
        ran.out, "db1    running  here  3      128 MiB  2      77   0    -        kv?[2J\n");
    assert_null(strchr(ran.out, '\033'));
    assert_part(RUN("vm", "list", "--json").out, "{\"guests\":[{");
}

static void a_guest_is_stopped(void **state)
{
    assert_int_equal(RUN("vm", "stop", "db1", "--force").status, 0);
    assert_heard(*state, "vm.stop", "{\"force\":true,\"guest\":\"db1\"}");
}

static void a_move_sends_its_options_and_tells_its_outcome(void **state)
{
    const struct ran ran =
        RUN("move",
            "completed",
            "--to=h2",
            "--streams=4",
            "--bandwidth-cap=8Gbit/s",
            "--blackout-limit",
            "100 ms",
            "--mode=precopy",
            "--on-no-convergence=keep-trying",
            "--give-up-after=1h");

    assert_int_equal(ran.status, 0);
    assert_string_equal(
        ran.out,
        "completed moved from h1 to h2 in 4.25 s; it stood still for 1.9 ms (predicted 2.4 ms)\n"
        "  1 round, 1 GiB sent\n");
    assert_string_equal(ran.err, "");
    assert_heard(
        *state,
        "move",
        "{\"bandwidth_cap\":1000000000,\"blackout_limit_ns\":100000000,"
        "\"give_up_after_ns\":3600000000000,\"guest\":\"completed\",\"mode\":\"precopy\","
        "\"on_no_convergence\":\"keep-trying\",\"streams\":4,\"to\":\"h2\"}");
    assert_heard(*state, "wait", "{\"session\":\"00000000000000000000000000000001\"}");
}

static void no_limit_is_null(void **state)
{
    assert_int_equal(
        RUN("move", "completed", "--to=h2", "--blackout-limit=none", "--bandwidth-cap=none").status,
        0);
    assert_heard(
        *state,
        "move",
        "{\"bandwidth_cap\":null,\"blackout_limit_ns\":null,\"guest\":\"completed\",\"to\":"
        "\"h2\"}");
}

static void each_outcome_has_its_exit_status(void **state)
{
    static const struct {
        const char *guest;
        int status;
    } rows[] = {
        {"failed",    1},
        {"refused",   3},
        {"cancelled", 4},
        {"unknown",   5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct ran ran = RUN("move", rows[i].guest, "--to", "h2");
        const struct ran json = RUN("move", rows[i].guest, "--to", "h2", "--json");
        char line[128];

        assert_int_equal(ran.status, rows[i].status);
        (void)snprintf(
            line,
            sizeof line,
            "ferry: %s was not moved: %s: the link is gone\n",
            rows[i].guest,
            rows[i].guest);
        assert_part(ran.err, line);
        assert_part(ran.err, "  the guest: runs on h1\n");
        assert_part(ran.err, "  what to do: look at the network\n");
        assert_int_equal(json.status, rows[i].status);
        assert_part(json.out, "\"outcome\":{\"guest\":");
    }
}

static void a_detached_move_prints_its_session(void **state)
{
    const struct ran ran = RUN("move", "slow", "--to", "h2", "--detach");

    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.out, "00000000000000000000000000000001\n");
    assert_heard(*state, "wait", "");
}

static void interrupt_without_a_terminal_cancels_and_waits_for_the_outcome(void **state)
{
    const struct ran ran =
        run_and_signal(*state, "wait", SIGINT, WORDS("move", "slow", "--to", "h2"));

    assert_int_equal(ran.status, 4);
    assert_part(ran.err, "ferry: cancelling\n");
    assert_heard(*state, "cancel", "{\"session\":\"00000000000000000000000000000001\"}");
}

static void daemon_that_comes_back_is_waited_for(void **state)
{
    (void)state;
    const struct ran ran = RUN("move", "vanishing", "--to", "h2");

    assert_int_equal(ran.status, 0);
    assert_part(ran.err, "waiting for it to come back");
    assert_part(ran.out, "vanishing moved from h1 to h2");
}

static void status_is_a_table_or_a_bar(void **state)
{
    const struct ran ran = RUN("status");
    const struct ran watched =
        run_and_signal(*state, "status", SIGTERM, WORDS("status", "--watch", "db1"));

    assert_int_equal(ran.status, 0);
    assert_part(
        ran.out, "00000000  db1    to  h2    copying  2 (53 %)  1 Gbit/s   100 Mbit/s  12 ms");
    assert_int_equal(watched.status, -SIGTERM);
}

static void orders_name_their_move_by_guest_or_session(void **state)
{
    assert_int_equal(RUN("cancel", "db1").status, 0);
    assert_heard(*state, "cancel", "{\"guest\":\"db1\"}");
    assert_int_equal(RUN("cancel", "00000000000000000000000000000001").status, 0);
    assert_heard(*state, "cancel", "{\"session\":\"00000000000000000000000000000001\"}");
    assert_int_equal(
        RUN("set", "db1", "cap", "80 Mbit/s", "limit", "none", "switch-now").status, 0);
    assert_heard(
        *state,
        "set",
        "{\"bandwidth_cap\":10000000,\"blackout_limit_ns\":null,\"guest\":\"db1\",\"switch_now\":"
        "true}");
}

static void past_events_are_lines(void **state)
{
    (void)state;
    const struct ran ran = RUN("events");
    const struct ran one = RUN("events", "db1");
    const struct ran json = RUN("events", "--json", "-n", "1");

    assert_int_equal(ran.status, 0);
    assert_part(ran.out, "  vm.started  db1  pid=77\n");
    assert_part(ran.out, "  move.round  db2  bandwidth=1 Gbit/s  total_ns=1.5 ms\n");
    assert_int_equal(one.status, 0);
    assert_null(strstr(one.out, "db2"));
    assert_part(json.out, "{\"event\":\"move.round\",\"seq\":2,");
}

static void sessions_are_listed_and_explained(void **state)
{
    (void)state;
    const struct ran list = RUN("session", "list");
    const struct ran show = RUN("session", "show", "0000");

    assert_part(
        list.out, "00000000  db1    source  h2    unknown  SESSION GRANTED  may run on h2\n");
    assert_part(show.out, "claim     possible. Risk: two of it may run\n");
    assert_part(show.out, "burn      only a target burns\n");
}

static void claim_without_a_word_or_a_terminal_is_not_sent(void **state)
{
    const struct ran ran = RUN("session", "claim", "0000");

    assert_int_equal(ran.status, 2);
    assert_part(ran.err, "--yes-i-fenced-the-other-host");
    assert_heard(*state, "session.claim", "");
}

static void claim_with_the_word_is_sent(void **state)
{
    const struct ran ran = RUN("session", "claim", "0000", "--yes-i-fenced-the-other-host");

    assert_int_equal(ran.status, 0);
    assert_string_equal(ran.out, "db1: runs on h1\n");
    assert_heard(*state, "session.claim", "{\"fenced\":true,\"session\":\"0000\"}");
}

static void a_recording_is_fetched_and_the_daemons_copy_removed(void **state)
{
    char text[32] = "";
    const struct ran ran = RUN("record", "db1", "--for", "1 s", "-o", "mine");
    FILE *file = fopen("mine", "r");

    assert_int_equal(ran.status, 0);
    assert_non_null(file);
    assert_non_null(fgets(text, sizeof text, file));
    (void)fclose(file);
    assert_string_equal(text, "a trace\n");
    assert_int_not_equal(access("made.trace", F_OK), 0);
    assert_int_not_equal(access("mine.part", F_OK), 0);
    assert_heard(
        *state,
        "record",
        "{\"duration_ns\":1000000000,\"guest\":\"db1\",\"interval_ns\":100000000}");
    assert_int_equal(RUN("record", "db1", "-o", "no/such/folder").status, 2);
    assert_int_equal(access("made.trace", F_OK), 0); /* not lost with a wrong path */
}

static void the_host_is_described_with_its_troubles(void **state)
{
    (void)state;
    const struct ran ran = RUN("host");

    assert_int_equal(ran.status, 0);
    assert_part(ran.out, "takes no new session: a write failed\n");
    assert_part(ran.out, "network     NOT ENCRYPTED, listens on 0.0.0.0:6600\n");
    assert_part(ran.out, "peers       h2: 10.0.0.2, 10.1.0.2\n");
}

static void without_a_daemon_it_says_how_to_start_one(void **state)
{
    (void)state;
    const struct ran ran = RUN("status", "--socket", "nowhere");
    const struct ran json = RUN("status", "--socket", "nowhere", "--json");

    assert_int_equal(ran.status, 6);
    assert_string_equal(
        ran.err,
        "ferry: no ferryd runs here: there is no socket nowhere\n"
        "  what to do: start it (systemctl start ferryd), or name its socket with --socket\n");
    assert_int_equal(json.status, 6);
    assert_part(json.out, "\"code\":\"unreachable\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_start, fake_stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_guest_is_started_with_what_was_given),
        TEST(an_error_says_what_happened_where_the_guest_is_and_what_to_do),
        TEST(guests_are_a_table_that_a_terminal_cannot_be_driven_by),
        TEST(a_guest_is_stopped),
        TEST(a_move_sends_its_options_and_tells_its_outcome),
        TEST(no_limit_is_null),
        TEST(each_outcome_has_its_exit_status),
        TEST(a_detached_move_prints_its_session),
        TEST(interrupt_without_a_terminal_cancels_and_waits_for_the_outcome),
        TEST(daemon_that_comes_back_is_waited_for),
        TEST(status_is_a_table_or_a_bar),
        TEST(orders_name_their_move_by_guest_or_session),
        TEST(past_events_are_lines),
        TEST(sessions_are_listed_and_explained),
        TEST(claim_without_a_word_or_a_terminal_is_not_sent),
        TEST(claim_with_the_word_is_sent),
        TEST(a_recording_is_fetched_and_the_daemons_copy_removed),
        TEST(the_host_is_described_with_its_troubles),
        TEST(without_a_daemon_it_says_how_to_start_one),
    };

    return cmocka_run_group_tests_name("ferry", tests, NULL, NULL);
}
