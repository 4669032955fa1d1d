/* SPDX-License-Identifier: Apache-2.0 */
/* load_test.c -- what good files become: each key's value, the defaults, and the form of the world. */
#include "fixture.h"
#include "model/trace.h"

#include <string.h>

#define SECOND      INT64_C(1000000000)
#define MILLISECOND INT64_C(1000000)
#define GIB         (UINT64_C(1) << 30)
#define MIB         (UINT64_C(1) << 20)
#define GBIT        UINT64_C(1000000000)

static void a_file_without_options_has_all_defaults(void **unused)
{
    (void)unused;
    struct scenario *scenario =
        load_good(SMALL_CLUSTER "steps: [{at: 1 s, move: db1, to: h2}]\n"
                                "faults: [{at: 2 s, network: lan, bandwidth: 1 Mbit/s}]\n");

    assert_string_equal(scenario->name, "s");
    assert_string_equal(scenario->question, "");
    assert_int_equal(scenario->seed, 1);
    assert_int_equal(scenario->end, SCENARIO_FOREVER);
    const struct scenario_guest *guest = &scenario->guests[0];
    assert_int_equal(guest->page, 4096);
    assert_int_equal(guest->nonzero_pages, 262144);
    assert_int_equal(guest->device_state, MIB);
    assert_int_equal(guest->content, SCENARIO_CONTENT_TAGS);
    assert_int_equal(guest->workload->kind, MODEL_WORKLOAD_IDLE);
    assert_int_equal(guest->clients.timeout, SECOND);
    assert_int_equal(guest->clients.rtt, 200000);
    const struct scenario_network *network = &scenario->networks[0];
    assert_int_equal(network->priority, 1);
    assert_int_equal(network->latency, 50000);
    assert_int_equal(network->loss_ppm, 0);
    assert_int_equal(network->window, SCENARIO_UNLIMITED);
    assert_int_equal(network->backbone, SCENARIO_UNLIMITED);
    const struct scenario_move_options *options = &scenario->steps[0].options;
    assert_int_equal(options->blackout_limit, 300 * MILLISECOND);
    assert_int_equal(options->streams, 1);
    assert_int_equal(options->bandwidth_cap, SCENARIO_UNLIMITED);
    assert_int_equal(options->mode, FERRY_MODE_PRECOPY);
    assert_int_equal(options->on_no_convergence, FERRY_GIVE_UP);
    assert_int_equal(options->give_up_after, 3600 * SECOND);
    assert_int_equal(options->batch, 10 * MILLISECOND);
    assert_int_equal(options->network_count, 0);
    assert_int_equal(scenario->faults[0].duration, SCENARIO_FOREVER);
    assert_int_equal(scenario->expect_count, 0);
    scenario_free(scenario);
}

static void the_default_costs_are_those_of_the_documents(void **unused)
{
    (void)unused;
    struct sim_costs costs = sim_costs_default();

    assert_int_equal(costs.collection_per_page, 33);
    assert_int_equal(costs.collection_per_gib, 15000);
    assert_int_equal(costs.pause, 100000);
    assert_int_equal(costs.journal_fsync, 500000);
    assert_int_equal(costs.cpu_bandwidth, 100 * GBIT);
    /* An empty mapping takes each default from its row: the other way to the same values. */
    struct scenario *scenario = load_good("version: 1\nhosts: {h1: {memory: 1 GiB, costs: {}}}\n");
    assert_memory_equal(&scenario->hosts[0].costs, &costs, sizeof(costs));
    scenario_free(scenario);
}

static void costs_are_taken_from_the_host(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        "version: 1\n"
        "hosts:\n"
        "  free: {memory: 1 GiB, costs: none}\n"
        "  own: {memory: 1 GiB, costs: {pause: 1 ms, resume: 2 ms, collection_per_page: 3 ns,\n"
        "    collection_per_gib: 4 us, state_out: 5 us, state_out_per_mib: 6 us, state_in: 7 us,\n"
        "    state_in_per_mib: 8 us, journal_fsync: 9 us, first_write_fault: 10 us,\n"
        "    announce: 11 us, cpu: none}}\n"
        "  usual: {memory: 1 GiB}\n");

    const struct sim_costs *none = &scenario->hosts[0].costs;
    assert_int_equal(none->pause + none->journal_fsync + none->first_write_fault, 0);
    assert_int_equal(none->cpu_bandwidth, UINT64_MAX);
    const struct sim_costs *own = &scenario->hosts[1].costs;
    assert_int_equal(own->pause, MILLISECOND);
    assert_int_equal(own->resume, 2 * MILLISECOND);
    assert_int_equal(own->collection_per_page, 3);
    assert_int_equal(own->collection_per_gib, 4000);
    assert_int_equal(own->state_out, 5000);
    assert_int_equal(own->state_out_per_mib, 6000);
    assert_int_equal(own->state_in, 7000);
    assert_int_equal(own->state_in_per_mib, 8000);
    assert_int_equal(own->journal_fsync, 9000);
    assert_int_equal(own->first_write_fault, 10000);
    assert_int_equal(own->announce, 11000);
    assert_int_equal(own->cpu_bandwidth, UINT64_MAX);
    struct sim_costs usual = sim_costs_default();
    assert_memory_equal(&scenario->hosts[2].costs, &usual, sizeof(usual));
    scenario_free(scenario);
}

static void hosts_and_networks_take_all_their_keys(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        "# Question: is everything read?\n"
        "version: 1\n"
        "name: all keys\n"
        "seed: 77\n"
        "end: 90 s\n"
        "hosts:\n"
        "  h1: {memory: 64 GiB, silence_timeout: 1 ms, connect_timeout: 2 ms, reconnect_limit: 3 "
        "ms,\n"
        "       probe_interval: 4 ms, action_timeout: 5 ms, unknown_after: 6 ms, orphan_limit: 7 "
        "ms,\n"
        "       hold_time: 8 ms}\n"
        "  h2: {memory: 1 GiB}\n"
        "networks:\n"
        "  wan: {hosts: [h2, h1], bandwidth: 100 MB/s, backbone: 3 Gbit/s, latency: 25 ms,\n"
        "        loss: 0.01 %, window: 4 MiB, priority: 3}\n");

    assert_string_equal(scenario->question, "is everything read?");
    assert_string_equal(scenario->name, "all keys");
    assert_int_equal(scenario->seed, 77);
    assert_int_equal(scenario->end, 90 * SECOND);
    const struct scenario_timeouts *timeouts = &scenario->hosts[0].timeouts;
    assert_int_equal(timeouts->silence, MILLISECOND);
    assert_int_equal(timeouts->connect, 2 * MILLISECOND);
    assert_int_equal(timeouts->reconnect, 3 * MILLISECOND);
    assert_int_equal(timeouts->probe, 4 * MILLISECOND);
    assert_int_equal(timeouts->action, 5 * MILLISECOND);
    assert_int_equal(timeouts->unknown, 6 * MILLISECOND);
    assert_int_equal(timeouts->orphan, 7 * MILLISECOND);
    assert_int_equal(timeouts->hold, 8 * MILLISECOND);
    const struct scenario_network *network = &scenario->networks[0];
    assert_int_equal(network->host_count, 2);
    assert_int_equal(network->hosts[0], 1);
    assert_int_equal(network->hosts[1], 0);
    assert_int_equal(network->bandwidth, 800000000);
    assert_int_equal(network->backbone, 3 * GBIT);
    assert_int_equal(network->latency, 25 * MILLISECOND);
    assert_int_equal(network->loss_ppm, 100);
    assert_int_equal(network->window, 4 * MIB);
    assert_int_equal(network->priority, 3);
    assert_int_equal(network->mark.line, 12);
    scenario_free(scenario);
}

#define ONE_HOST "version: 1\nhosts: {h1: {memory: 64 GiB}}\n"

static void guests_take_all_their_keys(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        ONE_HOST
        "guests:\n"
        "  g: {host: h1, memory: 1 GiB, page: 2 MiB, nonzero: 33.3 %, device_state: 3 MiB,\n"
        "      content: bytes, clients: {rate: 0.5 /s, timeout: 2 s, rtt: 1 ms}}\n");

    const struct scenario_guest *guest = &scenario->guests[0];
    assert_int_equal(guest->memory, GIB);
    assert_int_equal(guest->page, 2 * MIB);
    assert_int_equal(guest->nonzero_pages, 170); /* 0.333 * 512 = 170.496 */
    assert_int_equal(guest->device_state, 3 * MIB);
    assert_int_equal(guest->content, SCENARIO_CONTENT_BYTES);
    assert_true(guest->clients.present);
    assert_int_equal(guest->clients.rate.amount, 1);
    assert_int_equal(guest->clients.rate.seconds, 2);
    assert_int_equal(guest->clients.timeout, 2 * SECOND);
    assert_int_equal(guest->clients.rtt, MILLISECOND);
    scenario_free(scenario);
}

static void every_kind_of_workload_is_read(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        ONE_HOST
        "guests:\n"
        "  a: {host: h1, memory: 1 GiB, workload: {kind: idle}}\n"
        "  b: {host: h1, memory: 1 GiB, workload: {kind: sweep, size: 1 MiB, rate: 2 MiB/s}}\n"
        "  c: {host: h1, memory: 1 GiB, workload: {kind: uniform, size: 3 MiB, rate: 8 Mbit/s}}\n"
        "  d: {host: h1, memory: 1 GiB, workload: {kind: hotset,\n"
        "      hot: {size: 1 MiB, rate: 0.1 MiB/s}, cold: {size: 2 MiB, rate: 0 B/s}}}\n"
        "  e: {host: h1, memory: 1 GiB, workload: {kind: burst, size: 1 MiB, rate: 1 MiB/s,\n"
        "      on: 1 s, off: 2 s}}\n"
        "  f: {host: h1, memory: 1 GiB, workload: {kind: phases, phases: [\n"
        "      {for: 5 s, workload: {kind: idle}},\n"
        "      {for: 6 s, workload: {kind: sweep, size: 1 MiB, rate: 1 MiB/s}}]}}\n"
        "  g: {host: h1, memory: 1 GiB, workload: {kind: curve, points: [\n"
        "      {t: 1 s, pages: 10}, {t: 2 s, pages: 15}]}}\n");

    assert_int_equal(scenario->guests[0].workload->kind, MODEL_WORKLOAD_IDLE);
    const struct model_workload_spec *sweep = scenario->guests[1].workload;
    assert_int_equal(sweep->kind, MODEL_WORKLOAD_SWEEP);
    assert_int_equal(sweep->sweep.size_bytes, MIB);
    assert_int_equal(sweep->sweep.rate.amount, 2 * MIB);
    assert_int_equal(sweep->sweep.rate.seconds, 1);
    const struct model_workload_spec *uniform = scenario->guests[2].workload;
    assert_int_equal(uniform->uniform.rate.amount, 1000000); /* bits became bytes */
    const struct model_workload_spec *hotset = scenario->guests[3].workload;
    assert_int_equal(hotset->hotset.hot.rate.amount, MIB / 2);
    assert_int_equal(hotset->hotset.hot.rate.seconds, 5);
    assert_int_equal(hotset->hotset.cold.rate.amount, 0);
    assert_int_equal(hotset->hotset.cold.size_bytes, 2 * MIB);
    const struct model_workload_spec *burst = scenario->guests[4].workload;
    assert_int_equal(burst->burst.on_ns, SECOND);
    assert_int_equal(burst->burst.off_ns, 2 * SECOND);
    const struct model_workload_spec *phases = scenario->guests[5].workload;
    assert_int_equal(phases->phases.count, 2);
    assert_int_equal(phases->phases.list[1].for_ns, 6 * SECOND);
    assert_int_equal(phases->phases.list[1].workload->kind, MODEL_WORKLOAD_SWEEP);
    const struct model_workload_spec *curve = scenario->guests[6].workload;
    assert_int_equal(curve->curve.count, 2);
    assert_int_equal(curve->curve.points[1].t_ns, 2 * SECOND);
    assert_int_equal(curve->curve.points[1].pages, 15);
    scenario_free(scenario);
}

static void a_replay_brings_its_trace_and_its_nonzero_pages(void **unused)
{
    (void)unused;
    struct scenario *scenario =
        load_good(ONE_HOST "guests:\n"
                           "  a: {host: h1, memory: 1 GiB, workload: {kind: replay,\n"
                           "      trace: scenarios/traces/batch.run1.trace.zst}}\n"
                           "  b: {host: h1, memory: 1 GiB, workload: {kind: replay,\n"
                           "      trace: scenarios/traces/batch.run1.trace.zst}}\n");

    const struct scenario_guest *guest = &scenario->guests[0];
    assert_true(guest->nonzero_from_trace);
    assert_int_equal(guest->nonzero_pages, 18 + 2 + 1 + 1 + 32768);
    assert_int_equal(guest->workload->replay.trace->interval_count, 300);
    assert_int_equal(scenario->trace_count, 1); /* one file, read once */
    assert_ptr_equal(guest->workload->replay.trace, scenario->guests[1].workload->replay.trace);
    scenario_free(scenario);
}

static void a_trace_must_fit_the_guest(void **unused)
{
    (void)unused;
    assert_true(tells(
        ONE_HOST "guests: {a: {host: h1, memory: 2 GiB, workload: {kind: replay,\n"
                 "  trace: scenarios/traces/batch.run1.trace.zst}}}\n",
        "4:10: trace: 'scenarios/traces/batch.run1.trace.zst' was recorded with memory of 1 GiB, "
        "this guest has 2 GiB"));
    assert_true(tells(
        ONE_HOST "guests: {a: {host: h1, memory: 1 GiB, page: 8 KiB, workload: {kind: replay,\n"
                 "  trace: scenarios/traces/batch.run1.trace.zst}}}\n",
        "4:10: trace: 'scenarios/traces/batch.run1.trace.zst' was recorded with pages of 4 KiB, "
        "this guest has 8 KiB"));
    assert_true(tells(
        ONE_HOST "guests: {a: {host: h1, memory: 1 GiB, nonzero: 5 %, workload: {kind: replay,\n"
                 "  trace: scenarios/traces/batch.run1.trace.zst}}}\n",
        "3:48: nonzero does not go with a replay: the trace says which pages hold data"));
}

static void steps_take_all_their_keys(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        SMALL_CLUSTER
        "steps:\n"
        "  - {at: 1 s, id: out, move: db1, to: h2, blackout_limit: 50 ms, streams: 4,\n"
        "     bandwidth_cap: 0 bit/s, mode: stop-and-copy, on_no_convergence: keep-trying,\n"
        "     give_up_after: 9 s, batch: 1 ms, networks: lan}\n"
        "  - {at: 2 s, set: out, bandwidth_cap: none, blackout_limit: 1 s}\n"
        "  - {when: {move: out, phase: round, round: 3}, after: 5 ms, switch_now: out}\n"
        "  - {at: 3 s, cancel: out}\n"
        "  - {at: 4 s, claim: out, on: h1}\n"
        "  - {at: 5 s, burn: out, on: h2}\n"
        "  - {at: 50 s, id: back, move: db1, to: h1, mode: stop-and-copy}\n"
        "  - {at: 60 s, drain: h1, parallel: 3, to: h2}\n");

    const struct scenario_step *move = &scenario->steps[0];
    assert_string_equal(move->id, "out");
    assert_int_equal(move->kind, SCENARIO_STEP_MOVE);
    assert_int_equal(move->when.at, SECOND);
    assert_int_equal(move->move.guest, 0);
    assert_int_equal(move->move.step, 0);
    assert_int_equal(move->host, 1);
    assert_int_equal(move->options.blackout_limit, 50 * MILLISECOND);
    assert_int_equal(move->options.streams, 4);
    assert_int_equal(move->options.bandwidth_cap, 0);
    assert_int_equal(move->options.mode, FERRY_MODE_STOP_AND_COPY);
    assert_int_equal(move->options.on_no_convergence, FERRY_KEEP_TRYING);
    assert_int_equal(move->options.give_up_after, 9 * SECOND);
    assert_int_equal(move->options.batch, MILLISECOND);
    assert_int_equal(move->options.network_count, 1);
    const struct scenario_step *set = &scenario->steps[1];
    assert_int_equal(set->kind, SCENARIO_STEP_SET);
    assert_true(set->set_bandwidth_cap && set->set_blackout_limit);
    assert_int_equal(set->options.bandwidth_cap, SCENARIO_UNLIMITED);
    assert_int_equal(set->options.blackout_limit, SECOND);
    const struct scenario_step *now = &scenario->steps[2];
    assert_int_equal(now->kind, SCENARIO_STEP_SWITCH_NOW);
    assert_true(now->when.on_phase);
    assert_int_equal(now->when.phase, SCENARIO_PHASE_ROUND);
    assert_int_equal(now->when.round, 3);
    assert_int_equal(now->when.after, 5 * MILLISECOND);
    assert_int_equal(now->when.move.step, 0);
    assert_int_equal(scenario->steps[3].kind, SCENARIO_STEP_CANCEL);
    assert_int_equal(scenario->steps[4].kind, SCENARIO_STEP_CLAIM);
    assert_int_equal(scenario->steps[4].host, 0);
    assert_int_equal(scenario->steps[5].kind, SCENARIO_STEP_BURN);
    assert_int_equal(scenario->steps[5].host, 1);
    assert_int_equal(scenario->steps[6].options.blackout_limit, SCENARIO_FOREVER);
    const struct scenario_step *drain = &scenario->steps[7];
    assert_int_equal(drain->kind, SCENARIO_STEP_DRAIN);
    assert_int_equal(drain->host, 0);
    assert_int_equal(drain->parallel, 3);
    assert_int_equal(drain->target_count, 1);
    assert_int_equal(drain->targets[0], 1);
    scenario_free(scenario);
}

static const char every_fault[] =
    SMALL_CLUSTER "steps: [{at: 1 s, move: db1, to: h2}]\n"
                  "faults:\n"
                  "  - {when: {move: db1, phase: granted, attempt: 2}, host: h2, crash: true, "
                  "restart_after: 5 s}\n"
                  "  - {at: 1 s, host: h1, crash_keeping_writes: true}\n"
                  "  - {at: 1 s, host: h1, reinstall: true}\n"
                  "  - {at: 1 s, host: h1, pause_for: 2 s}\n"
                  "  - {at: 1 s, host: h1, daemon_crash: true, restart_after: 3 s}\n"
                  "  - {at: 1 s, host: h1, cpu: 10 %}\n"
                  "  - {at: 1 s, host: h1, memory_taken: 1 MiB}\n"
                  "  - {at: 1 s, host: h1, journal_fail_for: forever}\n"
                  "  - {at: 1 s, host: h1, journal_doubt_for: 1 s}\n"
                  "  - {at: 1 s, host: h1, disk_full_for: 1 s}\n"
                  "  - {at: 1 s, host: h1, journal_delay: 50 ms, for: 4 s}\n"
                  "  - {at: 1 s, host: h1, protocol: 2, protocol_max: 4}\n"
                  "  - {at: 1 s, host: h1, clock_fast: 1 %}\n"
                  "  - {at: 1 s, host: h1, clock_slow: 200 ppm}\n"
                  "  - {at: 1 s, host: h1, clock_forward: 3 s}\n"
                  "  - {at: 1 s, host: h1, clock_back: 4 s}\n"
                  "  - {at: 1 s, network: lan, down_for: 2 s}\n"
                  "  - {at: 1 s, network: lan, clog_for: 2 s}\n"
                  "  - {at: 1 s, network: lan, reset: true}\n"
                  "  - {at: 1 s, network: lan, stray_for: 6 ms}\n"
                  "  - {at: 1 s, network: lan, duplicate: true}\n"
                  "  - {at: 1 s, network: lan, refuse_for: 6 s}\n"
                  "  - {at: 1 s, partition: {from: h2, to: h1}, for: 10 s}\n"
                  "  - {at: 1 s, network: lan, bandwidth: 0 bit/s, for: 7 s}\n"
                  "  - {at: 1 s, network: lan, latency: 8 ms, for: 8 s}\n"
                  "  - {at: 1 s, network: lan, jitter: 9 ms, for: 8 s}\n"
                  "  - {at: 1 s, network: lan, loss: 1 %, for: 9 s}\n"
                  "  - {at: 1 s, network: lan, corrupt: 2 %, for: 9 s}\n"
                  "  - {at: 1 s, network: lan, background: {from: h1, to: h2, rate: 11 Mbit/s}}\n"
                  "  - {at: 1 s, guest: db1, burst: 1 MiB}\n"
                  "  - {at: 1 s, guest: db1, extra_rate: 8 Mbit/s, for: 2 s}\n"
                  "  - {at: 1 s, guest: db1, device_burst: 8 KiB}\n";

/* The faults by their kind: each is there once. */
static struct scenario *load_every_fault(const struct scenario_fault *at[SCENARIO_FAULT_KINDS])
{
    struct scenario *scenario = load_good(every_fault);
    const struct scenario_fault *faults = scenario->faults;

    assert_int_equal(scenario->fault_count, SCENARIO_FAULT_KINDS - 1);
    for (size_t index = 0; index < scenario->fault_count; index++) {
        assert_int_equal(faults[index].kind, SCENARIO_FAULT_HOST_CRASH + (int)index);
        at[faults[index].kind] = &faults[index];
    }
    return scenario;
}

static void every_kind_of_fault_of_hosts_and_clocks_is_read(void **unused)
{
    const struct scenario_fault *at[SCENARIO_FAULT_KINDS];
    struct scenario *scenario = load_every_fault(at);

    (void)unused;
    assert_true(at[SCENARIO_FAULT_HOST_CRASH]->when.on_phase);
    assert_int_equal(at[SCENARIO_FAULT_HOST_CRASH]->when.phase, SCENARIO_PHASE_GRANTED);
    assert_int_equal(at[SCENARIO_FAULT_HOST_CRASH]->when.attempt, 2);
    assert_int_equal(at[SCENARIO_FAULT_HOST_CRASH]->host, 1);
    assert_int_equal(at[SCENARIO_FAULT_HOST_CRASH]->restart_after, 5 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_HOST_PAUSE]->duration, 2 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_HOST_REINSTALL]->restart_after, SCENARIO_FOREVER);
    assert_int_equal(at[SCENARIO_FAULT_DAEMON_CRASH]->restart_after, 3 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_HOST_CPU]->share_ppm, 100000);
    assert_int_equal(at[SCENARIO_FAULT_HOST_MEMORY]->bytes, 1 << 20);
    assert_int_equal(at[SCENARIO_FAULT_JOURNAL_FAIL]->duration, SCENARIO_FOREVER);
    assert_int_equal(at[SCENARIO_FAULT_JOURNAL_SLOW]->delay, 50 * MILLISECOND);
    assert_int_equal(at[SCENARIO_FAULT_JOURNAL_SLOW]->duration, 4 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_VERSION]->version_min, 2);
    assert_int_equal(at[SCENARIO_FAULT_VERSION]->version_max, 4);
    assert_int_equal(at[SCENARIO_FAULT_CLOCK_SLOW]->share_ppm, 200);
    assert_int_equal(at[SCENARIO_FAULT_CLOCK_BACK]->delay, 4 * SECOND);
    scenario_free(scenario);
}

static void every_kind_of_fault_of_networks_and_guests_is_read(void **unused)
{
    const struct scenario_fault *at[SCENARIO_FAULT_KINDS];
    struct scenario *scenario = load_every_fault(at);

    (void)unused;
    assert_int_equal(at[SCENARIO_FAULT_NET_DOWN]->duration, 2 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_DOWN]->network, 0);
    assert_int_equal(at[SCENARIO_FAULT_NET_REORDER]->delay, 6 * MILLISECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_REFUSE]->duration, 6 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_BANDWIDTH]->bandwidth, 0);
    assert_int_equal(at[SCENARIO_FAULT_NET_BANDWIDTH]->duration, 7 * SECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_LATENCY]->latency, 8 * MILLISECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_JITTER]->latency, 9 * MILLISECOND);
    assert_int_equal(at[SCENARIO_FAULT_NET_LOSS]->loss_ppm, 10000);
    assert_int_equal(at[SCENARIO_FAULT_NET_CORRUPT]->share_ppm, 20000);
    assert_int_equal(at[SCENARIO_FAULT_NET_PARTITION]->network, SCENARIO_NONE);
    assert_int_equal(at[SCENARIO_FAULT_NET_PARTITION]->from, 1);
    assert_int_equal(at[SCENARIO_FAULT_NET_PARTITION]->to, 0);
    assert_int_equal(at[SCENARIO_FAULT_NET_BACKGROUND]->bandwidth, 11000000);
    assert_int_equal(at[SCENARIO_FAULT_NET_BACKGROUND]->duration, SCENARIO_FOREVER);
    assert_int_equal(at[SCENARIO_FAULT_GUEST_BURST]->guest, 0);
    assert_int_equal(at[SCENARIO_FAULT_GUEST_RATE]->bandwidth, 8000000);
    assert_int_equal(at[SCENARIO_FAULT_GUEST_DEVICE]->bytes, 8192);
    scenario_free(scenario);
}

static void every_kind_of_expectation_is_read(void **unused)
{
    (void)unused;
    struct scenario *scenario = load_good(
        SMALL_CLUSTER
        "steps: [{at: 1 s, move: db1, to: h2}, {at: 90 s, id: off, drain: h2}]\n"
        "expect:\n"
        "  - {move: db1, outcome: [failed, unknown], reason: no answer, rule: within-limit,\n"
        "     blackout: <= 1 ms, predicted_blackout: <= 2 ms, total: <= 3 ms, queued: <= 4 ms,\n"
        "     rounds: 5, aborted_attempts: at least 6, reconnects: '>= 7', wire_bytes: <= 8 B,\n"
        "     resent: 1 KiB .. 2 KiB}\n"
        "  - {drain: off, moved: 1, not_moved: 0, total: <= 1 min}\n"
        "  - {guest: db1, on: [h1, h2]}\n"
        "  - {guest: db1, on: lost}\n"
        "  - {guest: db1, paused_on: h1}\n"
        "  - {clients: db1, sent: 9, failed: 10, longest_gap: <= 11 ms, p99: <= 12 ms}\n"
        "  - {session: db1, on: h2, state: owned}\n");

    const struct scenario_expect *move = &scenario->expects[0];
    assert_int_equal(move->kind, SCENARIO_EXPECT_MOVE);
    assert_int_equal(
        move->outcomes,
        SCENARIO_OUTCOME_BIT(FERRY_OUTCOME_FAILED) | SCENARIO_OUTCOME_BIT(FERRY_OUTCOME_UNKNOWN));
    assert_string_equal(move->reason, "no answer");
    assert_int_equal(move->rule, FERRY_RULE_WITHIN_LIMIT);
    assert_int_equal(move->blackout.high, MILLISECOND);
    assert_int_equal(move->predicted_blackout.high, 2 * MILLISECOND);
    assert_int_equal(move->total.high, 3 * MILLISECOND);
    assert_int_equal(move->queued.high, 4 * MILLISECOND);
    assert_int_equal(move->rounds.low, 5);
    assert_int_equal(move->rounds.high, 5);
    assert_int_equal(move->aborted_attempts.low, 6);
    assert_int_equal(move->reconnects.low, 7);
    assert_int_equal(move->wire_bytes.high, 8);
    assert_int_equal(move->resent.low, 1024);
    assert_int_equal(move->resent.high, 2048);
    const struct scenario_expect *drain = &scenario->expects[1];
    assert_int_equal(drain->kind, SCENARIO_EXPECT_DRAIN);
    assert_int_equal(drain->move.step, 1);
    assert_int_equal(drain->moved.low, 1);
    assert_true(drain->not_moved.set);
    assert_int_equal(drain->total.high, 60 * SECOND);
    assert_int_equal(scenario->expects[2].place, SCENARIO_PLACE_RUNNING);
    assert_int_equal(scenario->expects[2].host_count, 2);
    assert_int_equal(scenario->expects[3].place, SCENARIO_PLACE_LOST);
    assert_int_equal(scenario->expects[4].place, SCENARIO_PLACE_PAUSED);
    const struct scenario_expect *clients = &scenario->expects[5];
    assert_int_equal(clients->kind, SCENARIO_EXPECT_CLIENTS);
    assert_int_equal(clients->sent.low, 9);
    assert_int_equal(clients->failed.low, 10);
    assert_int_equal(clients->longest_gap.high, 11 * MILLISECOND);
    assert_int_equal(clients->p99.high, 12 * MILLISECOND);
    assert_false(clients->total.set);
    const struct scenario_expect *session = &scenario->expects[6];
    assert_int_equal(session->kind, SCENARIO_EXPECT_SESSION);
    assert_int_equal(session->session, SCENARIO_SESSION_OWNED);
    assert_int_equal(session->hosts[0], 1);
    scenario_free(scenario);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_without_options_has_all_defaults),
        cmocka_unit_test(the_default_costs_are_those_of_the_documents),
        cmocka_unit_test(costs_are_taken_from_the_host),
        cmocka_unit_test(hosts_and_networks_take_all_their_keys),
        cmocka_unit_test(guests_take_all_their_keys),
        cmocka_unit_test(every_kind_of_workload_is_read),
        cmocka_unit_test(a_replay_brings_its_trace_and_its_nonzero_pages),
        cmocka_unit_test(a_trace_must_fit_the_guest),
        cmocka_unit_test(steps_take_all_their_keys),
        cmocka_unit_test(every_kind_of_fault_of_hosts_and_clocks_is_read),
        cmocka_unit_test(every_kind_of_fault_of_networks_and_guests_is_read),
        cmocka_unit_test(every_kind_of_expectation_is_read),
    };
    return cmocka_run_group_tests_name("scenario/load", tests, NULL, NULL);
}
