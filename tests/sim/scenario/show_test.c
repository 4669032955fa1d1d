/* SPDX-License-Identifier: Apache-2.0 */
/* show_test.c -- what `ferry-sim show` says is what the file means. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

static void assert_says(const char *shown, const char *sentence)
{
    if (strstr(shown, sentence) == NULL) {
        print_error("'%s' is not in:\n%s\n", sentence, shown);
    }
    assert_non_null(strstr(shown, sentence));
}

/* The example of docs/scenarios.md, which has something of everything. */
static const char example[] =
    "# Question: does it move?\n"
    "version: 1\n"
    "name: busy database on 10G\n"
    "hosts: {h1: {memory: 256 GiB}, h2: {memory: 256 GiB}}\n"
    "networks:\n"
    "  mig-a: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 50 us, priority: 1}\n"
    "  mig-b: {hosts: [h1, h2], bandwidth: 125 MB/s, latency: 5 ms, loss: 0.01 %, priority: 2}\n"
    "guests:\n"
    "  db1:\n"
    "    host: h1\n"
    "    memory: 64 GiB\n"
    "    nonzero: 80 %\n"
    "    device_state: 2 MiB\n"
    "    workload: {kind: hotset, hot: {size: 2 GiB, rate: 300 MiB/s}, cold: {size: 40 GiB, rate: "
    "5 "
    "MiB/s}}\n"
    "    clients: {rate: 2000 /s, timeout: 1 s}\n"
    "steps:\n"
    "  - {at: 5 s, move: db1, to: h2, blackout_limit: 100 ms, streams: 2, bandwidth_cap: 8 "
    "Gbit/s,\n"
    "     give_up_after: 300 s}\n"
    "  - {at: 45 s, set: db1, bandwidth_cap: none}\n"
    "faults:\n"
    "  - {at: 40 s, network: mig-a, bandwidth: 4 Gbit/s, for: 10 s}\n"
    "  - {at: 20 s, network: mig-a, down_for: 2 s}\n"
    "  - {when: {move: db1, phase: granted}, host: h2, crash: true, restart_after: 5 s}\n"
    "expect:\n"
    "  - {move: db1, outcome: [failed, unknown], total: <= 300 s}\n"
    "  - {guest: db1, on: h1}\n";

static void units_and_defaults_are_said(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(example);
    char *shown = written_by_show(scenario);

    assert_says(shown, "busy database on 10G (s.yaml)\nQuestion: does it move?\nSeed 1. Ends when");
    assert_says(shown, "  h1: 256 GiB of memory\n  h2: 256 GiB of memory\n      the usual costs: ");
    assert_says(shown, "collection 33 ns a dirty page + 15 us a GiB");
    assert_says(
        shown, "mig-a joins h1, h2: 10 Gbit/s each way, latency 50 us one way, priority 1\n");
    assert_says(
        shown,
        "mig-b joins h1, h2: 1 Gbit/s each way, latency 5 ms one way, priority 2, loses 0.01 %");
    assert_says(
        shown,
        "db1 on h1: 64 GiB in pages of 4 KiB, 13421772 of 16777216 hold data, device state 2 MiB\n"
        "      writes at random in a hot set of 2 GiB at 300 MiB/s and a cold set of 40 GiB at "
        "5 MiB/s\n"
        "      clients send 2000 /s, wait 1 s at most, are answered in 200 us\n");
    assert_says(
        shown,
        "  at 5 s: move db1 to h2\n"
        "      pre-copy, blackout limit 100 ms, 2 streams, bandwidth cap 8 Gbit/s,\n"
        "      gives up where it does not converge, gives up after 5 min, batches of 10 ms of "
        "link time\n");
    assert_says(shown, "the move of db1: failed or unknown; total time <= 300 s\n");
    assert_says(shown, "guest db1 runs on h1\n");
    free(shown);
    scenario_free(scenario);
}

static void what_happens_is_told_in_order_of_time(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(example);
    char *shown = written_by_show(scenario);

    assert_says(
        shown,
        "  at 20 s: network mig-a: packets vanish, for 2 s\n"
        "  at 40 s: network mig-a: carries 4 Gbit/s, for 10 s\n"
        "  at 45 s: the move of db1 gets no bandwidth cap\n"
        "  when the move of db1 is granted: host h2 crashes and is back after 5 s\n");
    free(shown);
    scenario_free(scenario);
}

static void a_fleet_is_told_once(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        "version: 1\n"
        "hosts: {full: {count: 25, memory: 640 GiB, costs: none}, empty: {count: 25, memory: 640 "
        "GiB}}\n"
        "networks: {lan: {hosts: [full, empty], bandwidth: 25 Gbit/s, backbone: 1 Tbit/s}}\n"
        "guests: {vm: {count: 1000, per_host: 40, host: full, memory: 16 GiB, page: 2 MiB}}\n"
        "steps: [{at: 1 s, drain: full, parallel: 4, batch: 100 ms}]\n"
        "expect: [{guest: vm, on: empty}]\n");
    char *shown = written_by_show(scenario);

    assert_says(
        shown,
        "  full1 to full25: 640 GiB of memory\n"
        "      its own work takes no time (costs: none)\n");
    assert_says(
        shown, "  empty1 to empty25: 640 GiB of memory\n      the usual costs: pause 100 us, ");
    assert_says(shown, "lan joins full1 to full25, empty1 to empty25: 25 Gbit/s each way");
    assert_says(shown, "1 Tbit/s in all");
    assert_says(shown, "  vm1 to vm1000 on full1 to full25, each: 16 GiB in pages of 2 MiB, ");
    assert_says(shown, "  at 1 s: drain full1 and 24 more, 4 at a time a host, onto 25 others\n");
    assert_says(
        shown, "guest vm1 runs on empty1 or one of 24 others (and the same for 999 more)\n");
    free(shown);
    scenario_free(scenario);
}

struct sentence {
    const char *text;
    const char *says;
};

static void every_workload_has_its_words(void **unused)
{
    (void)unused;
    static const struct sentence cases[] = {
        {"{kind: idle}",                                                                 "writes nothing\n"                                                              },
        {"{kind: sweep, size: 1 MiB, rate: 0.1 MiB/s}",
         "writes in order over 1 MiB at 102.4 KiB/s"                                                                                                                     },
        {"{kind: uniform, size: 1 MiB, rate: 8 Mbit/s}",                                 "writes at random in 1 MiB at 1 MB/s"                                           },
        {"{kind: burst, size: 1 MiB, rate: 1 MiB/s, on: 1 s, off: 2 s}",
         "on for 1 s and off for 2 s"                                                                                                                                    },
        {"{kind: phases, phases: [{for: 5 s, workload: {kind: idle}},\n"
         "  {for: 6 s, workload: {kind: sweep, size: 1 MiB, rate: 1 MiB/s}}]}", "in turn: for 5 s writes nothing; for 6 s writes in order over 1 MiB at 1 MiB/s"},
        {"{kind: curve, points: [{t: 1 s, pages: 10}]}",                                 "along a measured curve of 1 point\n"                                           },
        {"{kind: replay, trace: scenarios/traces/web.run1.trace.zst}",
         "replays the recording scenarios/traces/web.run1.trace.zst\n"                                                                                                   },
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char text[512];
        (void)snprintf(
            text,
            sizeof(text),
            "version: 1\nhosts: {h1: {memory: 1 GiB}}\n"
            "guests: {g: {host: h1, memory: 1 GiB, workload: %s}}\n",
            cases[index].text);
        struct scenario *scenario = load_good(text);
        char *shown = written_by_show(scenario);
        assert_says(shown, cases[index].says);
        free(shown);
        scenario_free(scenario);
    }
}

static void every_fault_has_its_words(void **unused)
{
    (void)unused;
    static const struct sentence cases[] = {
        {"host: h1, crash: true",                                        "at 2 s: host h1 crashes and does not come back\n"   },
        {"host: h1, pause_for: 3 s",                                     "host h1 stands still, for 3 s\n"                    },
        {"host: h1, reinstall: true, restart_after: 1 s",
         "host h1 crashes, loses its journal and is back after 1 s\n"                                                         },
        {"host: h1, daemon_crash: true, restart_after: 1 s",
         "the daemon of host h1 crashes while its guests live on, and is back after 1 s\n"                                    },
        {"host: h1, journal_fail_for: forever",
         "the journal of host h1 cannot be written, for good\n"                                                               },
        {"host: h1, journal_delay: 9 ms, for: 1 s",
         "each fsync of host h1 takes 9 ms longer, for 1 s\n"                                                                 },
        {"network: lan, down_for: 1 s",                                  "network lan: packets vanish, for 1 s\n"             },
        {"network: lan, reset: true",                                    "network lan: every connection is reset\n"           },
        {"network: lan, refuse_for: 1 s",                                "network lan: connections are refused, for 1 s\n"    },
        {"network: lan, bandwidth: 0 bit/s",                             "network lan: carries 0 bit/s, for good\n"           },
        {"network: lan, latency: 9 ms",                                  "network lan: packets take 9 ms one way, for good\n" },
        {"network: lan, loss: 2.5 %",                                    "network lan: loses 2.5 % of its packets, for good\n"},
        {"partition: {from: h1, to: h2}",
         "all networks: packets from h1 to h2 vanish, those back arrive, for good\n"                                          },
        {"network: lan, background: {from: h1, to: h2, rate: 3 Mbit/s}",
         "network lan: other traffic from h1 to h2, 3 Mbit/s, for good\n"                                                     },
    };
    for (size_t index = 0; index < sizeof(cases) / sizeof(cases[0]); index++) {
        char text[1024];
        (void)snprintf(
            text, sizeof(text), "%sfaults: [{at: 2 s, %s}]\n", SMALL_CLUSTER, cases[index].text);
        struct scenario *scenario = load_good(text);
        char *shown = written_by_show(scenario);
        assert_says(shown, cases[index].says);
        free(shown);
        scenario_free(scenario);
    }
}

static void steps_and_expectations_have_their_words(void **unused)
{
    (void)unused;
    struct scenario *scenario =
        load_good(SMALL_CLUSTER
                  "steps:\n"
                  "  - {at: 1 s, id: out, move: db1, to: h2, mode: stop-and-copy, networks: lan}\n"
                  "  - {when: {move: out, phase: round, round: 3}, after: 5 ms, switch_now: out}\n"
                  "  - {when: {move: out, phase: paused, attempt: 2}, cancel: out}\n"
                  "  - {at: 4 s, claim: out, on: h1}\n"
                  "  - {at: 5 s, burn: out, on: h2}\n"
                  "expect:\n"
                  "  - {move: out, rule: stalled, reason: no answer, rounds: at least 3}\n"
                  "  - {guest: db1, on: lost}\n"
                  "  - {guest: db1, paused_on: h1}\n"
                  "  - {clients: db1, failed: 0}\n"
                  "  - {session: out, on: h2, state: burned}\n");
    char *shown = written_by_show(scenario);

    assert_says(
        shown, "move db1 to h2, called out\n      stop-and-copy, no blackout limit, 1 stream");
    assert_says(shown, "      uses only lan\n");
    assert_says(
        shown, "when the move of db1 (out) begins round 3, 5 ms later: switch over now: the move");
    assert_says(shown, "when the move of db1 (out) is paused in attempt 2: cancel the move of db1");
    assert_says(shown, "the operator claims guest db1 for h1\n");
    assert_says(shown, "the operator burns the session of guest db1 on h2\n");
    assert_says(
        shown,
        "the move of db1 (out); the reason says \"no answer\"; by the rule stalled; rounds at "
        "least 3\n");
    assert_says(shown, "guest db1 is lost with its host\n");
    assert_says(shown, "guest db1 stands still on h1 and runs nowhere\n");
    assert_says(shown, "the clients of db1; failed 0\n");
    assert_says(shown, "the journal of h2 says of the move of db1: burned\n");
    free(shown);
    scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_and_defaults_are_said),
        cmocka_unit_test(what_happens_is_told_in_order_of_time),
        cmocka_unit_test(a_fleet_is_told_once),
        cmocka_unit_test(every_workload_has_its_words),
        cmocka_unit_test(every_fault_has_its_words),
        cmocka_unit_test(steps_and_expectations_have_their_words),
    };
    return cmocka_run_group_tests_name("scenario/show", tests, NULL, NULL);
}
