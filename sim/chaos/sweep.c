/* SPDX-License-Identifier: Apache-2.0 */
/* sweep.c -- the migration, the kinds of faults, and the numbering of runs. */
#include "sim/chaos/sweep.h"

#include "sim/report/memory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Two networks, so that an outage of one has a way out; a cap, so that rounds have some batches. */
static const char cluster[] =
    "version: 1\n"
    "name: sweep %" PRIu64 "\n"
    "hosts:\n"
    "  h1: {memory: 16 MiB, silence_timeout: 500 ms, unknown_after: 5 s, orphan_limit: 40 s}\n"
    "  h2: {memory: 16 MiB, silence_timeout: 500 ms, unknown_after: 5 s, orphan_limit: 40 s}\n"
    "networks:\n"
    "  n1: {hosts: [h1, h2], bandwidth: 1 Gbit/s, latency: 50 us, priority: 1}\n"
    "  n2: {hosts: [h1, h2], bandwidth: 100 Mbit/s, latency: 100 us, priority: 2}\n"
    "guests:\n"
    "  g1: {host: h1, memory: 1 MiB, nonzero: 90 %%, device_state: 16 KiB, "
    "workload: {kind: uniform, size: 512 KiB, rate: 400 KiB/s}}\n"
    "steps:\n"
    "  - {id: m1, at: 10 ms, move: g1, to: h2, streams: 2, bandwidth_cap: 400 Mbit/s}\n";

#define MOVE_AT_NS INT64_C(10000000)

#define COMPLETED 1U
#define FAILED    2U
#define CANCELLED 4U
#define REFUSED   8U
#define UNKNOWN   16U
#define DIES      32U /* the guest may die, or stay where nobody can tell */

/* clang-format off: a table reads best in one line a row */
static const struct {
    const char *name;
    bool step;         /* an operator's, not a fault */
    const char *mends; /* the host whose daemon is started again later; or NULL */
    unsigned allowed;
    const char *effect;
} kinds[] = {
    {"source crash",
     false,                             NULL,
     COMPLETED | FAILED | REFUSED | DIES,
     "host: h1, crash: true, restart_after: 2 s"                                                                                            },
    {"target crash",
     false,                             NULL,
     COMPLETED | FAILED | DIES,
     "host: h2, crash: true, restart_after: 2 s"                                                                                            },
    {"source reinstalled",
     false,                             NULL,
     COMPLETED | FAILED | REFUSED | UNKNOWN | DIES,
     "host: h1, reinstall: true, restart_after: 2 s"                                                                                        },
    {"target reinstalled",
     false,                             NULL,
     COMPLETED | FAILED | UNKNOWN | DIES,
     "host: h2, reinstall: true, restart_after: 2 s"                                                                                        },
    {"source pause",             false, NULL, COMPLETED,             "host: h1, pause_for: 700 ms"                                          },
    {"target pause",             false, NULL, COMPLETED,             "host: h2, pause_for: 700 ms"                                          },
    {"source daemon",
     false,                             NULL,
     COMPLETED | FAILED | REFUSED,
     "host: h1, daemon_crash: true, restart_after: 300 ms"                                                                                  },
    {"target daemon",
     false,                             NULL,
     COMPLETED | FAILED,
     "host: h2, daemon_crash: true, restart_after: 300 ms"                                                                                  },
    {"source journal fails",
     false,                             "h1",
     COMPLETED | FAILED | REFUSED,
     "host: h1, journal_fail_for: 50 ms"                                                                                                    },
    {"target journal fails",
     false,                             "h2",
     COMPLETED | FAILED | REFUSED,
     "host: h2, journal_fail_for: 50 ms"                                                                                                    },
    {"source journal slow",      false, NULL, COMPLETED,             "host: h1, journal_delay: 200 ms, for: 1 s"                            },
    {"target journal slow",      false, NULL, COMPLETED,             "host: h2, journal_delay: 200 ms, for: 1 s"                            },
    {"source crash, write kept",
     false,                             NULL,
     COMPLETED | FAILED | REFUSED | DIES,
     "host: h1, crash_keeping_writes: true, restart_after: 2 s"                                                                             },
    {"target crash, write kept",
     false,                             NULL,
     COMPLETED | FAILED | DIES,
     "host: h2, crash_keeping_writes: true, restart_after: 2 s"                                                                             },
    {"source disk in doubt",
     false,                             "h1",
     COMPLETED | FAILED | REFUSED,
     "host: h1, journal_doubt_for: 50 ms"                                                                                                   },
    {"target disk in doubt",
     false,                             "h2",
     COMPLETED | FAILED | REFUSED,
     "host: h2, journal_doubt_for: 50 ms"                                                                                                   },
    {"source disk full",
     false,                             "h1",
     COMPLETED | FAILED | REFUSED,
     "host: h1, disk_full_for: 50 ms"                                                                                                       },
    {"target disk full",
     false,                             "h2",
     COMPLETED | FAILED | REFUSED,
     "host: h2, disk_full_for: 50 ms"                                                                                                       },
    {"source CPU",               false, NULL, COMPLETED,             "host: h1, cpu: 5 %, for: 1 s"                                         },
    {"target CPU",               false, NULL, COMPLETED,             "host: h2, cpu: 5 %, for: 1 s"                                         },
    {"target memory",
     false,                             NULL,
     COMPLETED | FAILED | REFUSED,
     "host: h2, memory_taken: 16 MiB, for: 1 s"                                                                                             },
    {"target version",           false, NULL, COMPLETED | REFUSED,   "host: h2, protocol: 2, for: 1 s"                                      },
    {"source clock fast",        false, NULL, COMPLETED,             "host: h1, clock_fast: 10 %, for: 10 s"                                },
    {"target clock slow",        false, NULL, COMPLETED,             "host: h2, clock_slow: 10 %, for: 10 s"                                },
    {"source clock ahead",       false, NULL, COMPLETED,             "host: h1, clock_forward: 3 s"                                         },
    {"target clock ahead",       false, NULL, COMPLETED,             "host: h2, clock_forward: 3 s"                                         },
    {"source clock back",        false, NULL, COMPLETED,             "host: h1, clock_back: 1 s"                                            },
    {"network down",             false, NULL, COMPLETED,             "network: n1, down_for: 2 s"                                           },
    {"network reset",            false, NULL, COMPLETED,             "network: n1, reset: true"                                             },
    {"network refuses",          false, NULL, COMPLETED,             "network: n1, refuse_for: 1 s"                                         },
    {"network without rate",     false, NULL, COMPLETED,             "network: n1, bandwidth: 0 bit/s, for: 2 s"                            },
    {"network slow",             false, NULL, COMPLETED,             "network: n1, bandwidth: 10 Mbit/s, for: 1 s"                          },
    {"network far",              false, NULL, COMPLETED,             "network: n1, latency: 20 ms, for: 1 s"                                },
    {"network lossy",            false, NULL, COMPLETED,             "network: n1, loss: 10 %, for: 1 s"                                    },
    {"cut to the target",        false, NULL, COMPLETED,             "partition: {from: h1, to: h2}, for: 2 s"                              },
    {"cut to the source",        false, NULL, COMPLETED,             "partition: {from: h2, to: h1}, for: 2 s"                              },
    {"other traffic",
     false,                             NULL,
     COMPLETED,                                                      "network: n1, background: {from: h1, to: h2, rate: 1 Gbit/s}, for: 1 s"},
    {"network clogged",          false, NULL, COMPLETED,             "network: n1, clog_for: 700 ms"                                        },
    {"strays",                   false, NULL, COMPLETED,             "network: n1, stray_for: 2 ms"                                         },
    {"late strays",              false, NULL, COMPLETED,             "network: n1, stray_for: 1 s"                                          },
    {"duplicates",               false, NULL, COMPLETED,             "network: n1, duplicate: true"                                         },
    {"network jitters",          false, NULL, COMPLETED,             "network: n1, jitter: 3 ms, for: 1 s"                                  },
    {"network corrupts",         false, NULL, COMPLETED | FAILED,    "network: n1, corrupt: 50 %, for: 5 ms"                                },
    {"dirty burst",              false, NULL, COMPLETED,             "guest: g1, burst: 512 KiB"                                            },
    {"rate step",                false, NULL, COMPLETED,             "guest: g1, extra_rate: 20 Mbit/s, for: 1 s"                           },
    {"device writes",            false, NULL, COMPLETED,             "guest: g1, device_burst: 64 KiB"                                      },
    {"cancel",                   true,  NULL, COMPLETED | CANCELLED, "cancel: m1"                                                           },
    {"switch now",               true,  NULL, COMPLETED,             "switch_now: m1"                                                       },
    {"cap",                      true,  NULL, COMPLETED,             "set: m1, bandwidth_cap: 100 Mbit/s"                                   },
};
/* clang-format on */

#define KINDS ((unsigned)(sizeof kinds / sizeof kinds[0]))

static const enum scenario_phase phases[] = {
    SCENARIO_PHASE_PAUSED,
    SCENARIO_PHASE_STATE_SENT,
    SCENARIO_PHASE_READY,
    SCENARIO_PHASE_GRANTING,
    SCENARIO_PHASE_GRANTED,
    SCENARIO_PHASE_DELIVERED,
    SCENARIO_PHASE_OWNED,
    SCENARIO_PHASE_STARTED,
    SCENARIO_PHASE_CLOSING,
};

#define PHASES (sizeof phases / sizeof phases[0])

unsigned sweep_kind_count(void)
{
    return KINDS;
}

const char *sweep_kind_name(unsigned kind)
{
    return kind < KINDS ? kinds[kind].name : "?";
}

/* ---- one run: at most two faults, each at an instant or a phase ---- */

struct hit {
    unsigned kind;
    bool on_phase;
    enum scenario_phase phase;
    int64_t at_ns;
};

struct run {
    struct hit hits[2];
    unsigned count;
};

static void put_hit(FILE *out, const struct hit *hit)
{
    if (hit->on_phase) {
        (void)fprintf(out, "  - {when: {move: m1, phase: %s}, ", scenario_phase_name(hit->phase));
    } else {
        (void)fprintf(out, "  - {at: %" PRId64 " ns, ", hit->at_ns);
    }
    (void)fprintf(out, "%s}\n", kinds[hit->kind].effect);
}

static void put_faults(FILE *out, const struct run *run)
{
    bool title = false;

    for (unsigned i = 0; i < run->count; i++) {
        const unsigned kind = run->hits[i].kind;

        if (kinds[kind].step) {
            continue;
        }
        if (!title) {
            (void)fputs("faults:\n", out);
            title = true;
        }
        put_hit(out, &run->hits[i]);
        if (kinds[kind].mends != NULL) {
            (void)fprintf(
                out,
                "  - {at: 10%u s, host: %s, daemon_crash: true, restart_after: 100 ms}\n",
                i,
                kinds[kind].mends);
        }
    }
}

static void put_expects(FILE *out, const struct run *run)
{
    static const char *const names[] = {"completed", "failed", "cancelled", "refused", "unknown"};
    unsigned allowed = COMPLETED;
    const char *comma = "";

    for (unsigned i = 0; i < run->count; i++) {
        allowed |= kinds[run->hits[i].kind].allowed;
    }
    (void)fputs("expect:\n  - {move: m1, outcome: [", out);
    for (unsigned i = 0; i < sizeof names / sizeof names[0]; i++) {
        if ((allowed & 1U << i) != 0) {
            (void)fprintf(out, "%s%s", comma, names[i]);
            comma = ", ";
        }
    }
    (void)fputs("]}\n", out);
    if ((allowed & DIES) == 0) {
        (void)fputs("  - {guest: g1, on: [h1, h2]}\n", out);
    }
}

static char *write_run(const struct run *run, uint64_t number, size_t *size_out)
{
    char *text = NULL;
    FILE *out = report_text_open(&text, size_out);

    (void)fprintf(
        out,
        "# Question: does run %" PRIu64 " of the sweep end as the truth table says?\n",
        number);
    (void)fprintf(out, cluster, number);
    for (unsigned i = 0; i < run->count; i++) {
        if (kinds[run->hits[i].kind].step) {
            put_hit(out, &run->hits[i]);
        }
    }
    put_faults(out, run);
    put_expects(out, run);
    report_text_close(out);
    return text;
}

/* ---- numbers ---- */

uint64_t sweep_single_count(const struct sweep *sweep)
{
    return (uint64_t)sweep->step_count * KINDS;
}

/* Places where one of a pair may come. */
static uint64_t places(const struct sweep *sweep)
{
    switch (sweep->pairs) {
    case SWEEP_NO_PAIRS: return 0;
    case SWEEP_PAIRS_OF_PHASES: return PHASES;
    case SWEEP_PAIRS_OF_STEPS: return sweep->window_count;
    }
    return 0;
}

uint64_t sweep_pair_count(const struct sweep *sweep)
{
    const uint64_t count = places(sweep);

    return (uint64_t)KINDS * KINDS * (count * (count + 1) / 2);
}

static struct hit hit_at(const struct sweep *sweep, unsigned kind, uint64_t place)
{
    struct hit hit = {.kind = kind, .on_phase = sweep->pairs == SWEEP_PAIRS_OF_PHASES};

    if (hit.on_phase) {
        hit.phase = phases[place];
    } else {
        hit.at_ns = sweep->steps[sweep->window_first + place];
    }
    return hit;
}

static struct run run_of(const struct sweep *sweep, uint64_t number)
{
    struct run run = {.count = 1};

    if (number < sweep_single_count(sweep)) {
        run.hits[0] = (struct hit){
            .kind = (unsigned)(number % KINDS),
            .at_ns = sweep->steps[number / KINDS],
        };
        return run;
    }
    uint64_t rest = number - sweep_single_count(sweep);
    const unsigned first = (unsigned)(rest % KINDS);
    const unsigned second = (unsigned)(rest / KINDS % KINDS);
    uint64_t later = 0;

    rest /= (uint64_t)KINDS * KINDS;
    while (rest > later) { /* row `later` of a triangle has later + 1 places */
        rest -= later + 1;
        later++;
    }
    run.count = 2;
    run.hits[0] = hit_at(sweep, first, rest);
    run.hits[1] = hit_at(sweep, second, later);
    return run;
}

uint64_t sweep_kinds(const struct sweep *sweep, uint64_t number)
{
    const struct run run = run_of(sweep, number);
    uint64_t bits = 0;

    for (unsigned i = 0; i < run.count; i++) {
        bits |= UINT64_C(1) << run.hits[i].kind;
    }
    return bits;
}

char *sweep_text(const struct sweep *sweep, uint64_t number, size_t *size_out)
{
    const struct run run = run_of(sweep, number);

    return write_run(&run, number, size_out);
}

/* ---- the steps ---- */

static void add_step(struct sweep *sweep, size_t *capacity, int64_t at_ns)
{
    if (at_ns < MOVE_AT_NS ||
        (sweep->step_count > 0 && sweep->steps[sweep->step_count - 1] >= at_ns)) {
        return;
    }
    sweep->steps = report_room(sweep->steps, sweep->step_count, capacity, sizeof *sweep->steps);
    sweep->steps[sweep->step_count] = at_ns;
    sweep->step_count++;
}

static void take_log(struct sweep *sweep, FILE *log)
{
    char *line = NULL;
    size_t line_size = 0;
    size_t capacity = 0;
    bool over = false;

    rewind(log);
    while (!over && getline(&line, &line_size, log) > 0) {
        const int64_t at_ns = trial_log_time(line);

        add_step(sweep, &capacity, at_ns);
        if (sweep->window_first == 0 && strstr(line, " ATTEMPT_OPENED ") != NULL) {
            sweep->window_first = sweep->step_count - 1;
        }
        add_step(sweep, &capacity, at_ns + 1);
        if (strstr(line, " SOURCE_STATE closing ") != NULL) {
            sweep->window_count = sweep->step_count - sweep->window_first;
        }
        over = strstr(line, " CLOSED ") != NULL && strstr(line, " target ") != NULL;
    }
    free(line);
}

bool sweep_begin(struct sweep *sweep, struct bench *bench, enum sweep_pairs pairs)
{
    const struct run run = {.count = 0};
    size_t size = 0;
    char *text = write_run(&run, 0, &size);
    struct trial trial;

    *sweep = (struct sweep){.pairs = pairs};
    bench->log = tmpfile();
    const bool ran = bench->log != NULL && bench_run(bench, "sweep.yaml", text, size, &trial);

    if (ran && trial.verdict == TRIAL_OK) {
        take_log(sweep, bench->log);
    }
    if (sweep->window_count == 0 && bench->ended == 0) {
        (void)fprintf(
            stderr,
            "ferry-sim: the migration of the sweep has no switchover, even without any fault: %s\n",
            ran ? trial.message : "it cannot be run");
    }
    if (bench->log != NULL) {
        (void)fclose(bench->log);
        bench->log = NULL;
    }
    free(text);
    return sweep->window_count > 0;
}

void sweep_end(struct sweep *sweep)
{
    free(sweep->steps);
    sweep->steps = NULL;
}
