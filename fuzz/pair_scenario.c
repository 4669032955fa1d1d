/* SPDX-License-Identifier: Apache-2.0 */
/* pair_scenario.c -- an input of the pair, told as a scenario file for ferry-sim, on standard output.
 *
 *   fuzz_pair_scenario FILE
 *
 * The two worlds differ in their costs, so a fault is not put at its instant but behind the phase of the migration that it
 * fell into, as late after that phase's beginning. What lasts until it is mended, or until everything is healed, gets a
 * duration. What a scenario can't say (a report that never comes, a single message that vanishes from a live connection)
 * becomes what comes nearest to it, and a comment says so. */
#include "fuzz/claim.h"
#include "fuzz/pair.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define INPUT_MAX  (1U << 16)
#define FAULTS_MAX 64U

struct moment {
    const char *phase; /* NULL: at an instant, before the session or after it */
    uint32_t round;
    uint32_t attempt;
    ferry_time_ns since; /* of the phase, or of the whole */
};

struct told {
    struct pair_record record;
    struct moment moment;
    ferry_time_ns at;
};

struct story {
    struct told told[FAULTS_MAX];
    uint32_t count;
    struct moment now;
    ferry_time_ns phase_began;
    ferry_time_ns ended;
};

/* ---- where the migration stands ---- */

static const char *phase_of_handover(const struct rig *rig)
{
    switch (rig_target_state(rig)) {
    case FERRY_TARGET_OWNING: return "delivered";
    case FERRY_TARGET_STARTING: return "owned";
    case FERRY_TARGET_RUNNING: return "started";
    default: return "granted";
    }
}

static const char *phase_of(const struct rig *rig)
{
    switch (rig_source_state(rig)) {
    case FERRY_SOURCE_OPENING: return rig->attaches[0].up[RIG_SOURCE] ? "opening" : "connecting";
    case FERRY_SOURCE_COPYING: return "round";
    case FERRY_SOURCE_PAUSING:
    case FERRY_SOURCE_RESUMING: return "paused";
    case FERRY_SOURCE_SENDING: return "state-sent";
    case FERRY_SOURCE_GRANTING:
    case FERRY_SOURCE_BURNING: return "granting";
    case FERRY_SOURCE_GRANTED:
    case FERRY_SOURCE_UNKNOWN: return phase_of_handover(rig);
    case FERRY_SOURCE_CLOSING: return "closing";
    default: return NULL;
    }
}

static void listen(void *context, const struct rig *rig, const struct pair_record *record)
{
    struct story *story = context;
    struct moment now = {.phase = phase_of(rig), .attempt = 1};
    story->ended = rig->now;
    if (now.phase != NULL) {
        struct ferry_progress progress;
        ferry_source_progress(rig->source, &progress);
        now.round = progress.round;
        now.attempt = progress.attempt != 0 ? progress.attempt : story->now.attempt;
        now.attempt = now.attempt < 1 ? 1 : now.attempt;
    }
    const bool same = now.phase == story->now.phase && now.round == story->now.round;
    if (!same) {
        story->now = now;
        story->phase_began = rig->now;
    }
    if (record != NULL && story->count < FAULTS_MAX) {
        struct told *told = &story->told[story->count];
        *told = (struct told){.record = *record, .moment = story->now, .at = rig->now};
        told->moment.since = rig->now - (now.phase == NULL ? 0 : story->phase_began);
        story->count++;
    }
}

/* ---- telling ---- */

/* What ends it: the next record of one of two kinds about the same side, or the healing. */
static ferry_time_ns lasts(const struct story *story, uint32_t index, enum pair_fault end)
{
    const struct told *told = &story->told[index];
    for (uint32_t i = index + 1; i < story->count; i++) {
        const struct pair_record *record = &story->told[i].record;
        const bool same_network = end != PAIR_MEND || record->number == told->record.number;
        if (record->fault == end && record->side == told->record.side && same_network) {
            return story->told[i].at - told->at + 1;
        }
    }
    return story->ended - told->at + FERRY_MILLISECOND;
}

static void say_when(const struct moment *moment)
{
    if (moment->phase == NULL) {
        printf("  - {at: %" PRId64 " ns, ", moment->since);
        return;
    }
    printf("  - {when: {move: m1, phase: %s", moment->phase);
    if (strcmp(moment->phase, "round") == 0) {
        printf(", round: %u", moment->round);
    }
    if (moment->attempt > 1 && moment->attempt <= FERRY_ATTEMPTS_MAX &&
        strcmp(moment->phase, "round") != 0 && strcmp(moment->phase, "opening") != 0 &&
        strcmp(moment->phase, "connecting") != 0) {
        printf(", attempt: %u", moment->attempt);
    }
    printf("}, after: %" PRId64 " ns, ", moment->since);
}

static const char *host(enum rig_side side)
{
    return side == RIG_SOURCE ? "h1" : "h2";
}

static const char *journal_key(uint8_t mode)
{
    switch ((enum rig_journal)(mode % 3)) {
    case RIG_JOURNAL_FAILS: return "journal_fail_for";
    case RIG_JOURNAL_LIES: return "journal_doubt_for";
    case RIG_JOURNAL_GOOD: break;
    }
    return NULL;
}

static void say_crash(const struct story *story, uint32_t index)
{
    const struct pair_record *record = &story->told[index].record;
    const char *kind = (record->flags & 1U) != 0   ? "daemon_crash"
                       : (record->flags & 2U) != 0 ? "crash_keeping_writes"
                                                   : "crash";
    printf(
        "host: %s, %s: true, restart_after: %" PRId64 " ns}\n",
        host(record->side),
        kind,
        lasts(story, index, PAIR_RESTART));
}

static void say_journal(const struct story *story, uint32_t index)
{
    const struct pair_record *record = &story->told[index].record;
    const ferry_time_ns until = lasts(story, index, PAIR_JOURNAL);
    const char *key = journal_key(record->number);
    if (key != NULL) {
        printf("host: %s, %s: %" PRId64 " ns}\n", host(record->side), key, until);
    } else {
        const ferry_time_ns delay = record->time < 1 ? 1 : record->time;
        printf(
            "host: %s, journal_delay: %" PRId64 " ns, for: %" PRId64 " ns}\n",
            host(record->side),
            delay,
            until);
    }
}

/* False: it is no fault (an operator's step), or none that a scenario has. */
static bool is_fault(const struct pair_record *record)
{
    switch (record->fault) {
    case PAIR_DROP:
    case PAIR_REPEAT:
    case PAIR_CUT:
    case PAIR_RESET:
    case PAIR_CRASH:
    case PAIR_JOURNAL:
    case PAIR_DIRTY: return true;
    case PAIR_DELAY:
    case PAIR_TAMPER:
    case PAIR_SLEEP: return record->time > 0;
    case PAIR_NOTHING:
    case PAIR_MEND:
    case PAIR_RESTART:
    case PAIR_CANCEL:
    case PAIR_SWITCH_NOW:
    case PAIR_LIMIT:
    case PAIR_CAP:
    case PAIR_BURN:
    case PAIR_FAULTS: break;
    }
    return false;
}

static void say_fault(const struct story *story, const struct rig_options *options, uint32_t index)
{
    const struct told *told = &story->told[index];
    const struct pair_record *record = &told->record;
    const enum rig_side from = record->side == RIG_SOURCE ? RIG_TARGET : RIG_SOURCE;
    const uint32_t network = 1U + record->number % options->paths;
    if (record->fault == PAIR_DROP || record->fault == PAIR_TAMPER) {
        printf("  # what comes nearest to a message that vanishes, or an action that fails or is "
               "late:\n");
    }
    say_when(&told->moment);
    switch ((int)record->fault) {
    case PAIR_DROP:
        printf("partition: {from: %s, to: %s}, for: 1 ms}\n", host(from), host(record->side));
        return;
    case PAIR_CUT:
        printf(
            "network: n%u, partition: {from: %s, to: %s}, for: %" PRId64 " ns}\n",
            network,
            host(from),
            host(record->side),
            lasts(story, index, PAIR_MEND));
        return;
    case PAIR_REPEAT: printf("network: n1, duplicate: true}\n"); return;
    case PAIR_DELAY: printf("network: n1, clog_for: %" PRId64 " ns}\n", record->time); return;
    case PAIR_RESET: printf("network: n1, reset: true}\n"); return;
    case PAIR_CRASH: say_crash(story, index); return;
    case PAIR_JOURNAL: say_journal(story, index); return;
    case PAIR_DIRTY:
        printf(
            "guest: g1, extra_rate: %u kbit/s, for: %" PRId64 " ns}\n",
            1U + record->number % 32U * 4096U * 8U,
            lasts(story, index, PAIR_DIRTY));
        return;
    default:
        printf("host: %s, pause_for: %" PRId64 " ns}\n", host(record->side), record->time);
        return;
    }
}

/* False: it is no order. */
static bool say_order(const struct told *told)
{
    const struct pair_record *record = &told->record;
    if (record->fault < PAIR_CANCEL || record->fault > PAIR_BURN) {
        return false;
    }
    say_when(&told->moment);
    switch ((int)record->fault) {
    case PAIR_CANCEL: printf("cancel: m1}\n"); return true;
    case PAIR_SWITCH_NOW: printf("switch_now: m1}\n"); return true;
    case PAIR_LIMIT:
        printf("set: m1, blackout_limit: %" PRId64 " ns}\n", record->time < 1 ? 1 : record->time);
        return true;
    case PAIR_CAP:
        printf("set: m1, bandwidth_cap: %" PRId64 " bit/s}\n", 8 * (record->time + 1));
        return true;
    default: printf("burn: m1, on: h2}\n"); return true;
    }
}

static void say_cluster(const struct rig_options *options)
{
    printf("hosts:\n");
    for (uint32_t side = 0; side < 2; side++) {
        printf(
            "  %s: {memory: 1 MiB, reconnect_limit: 5 s, unknown_after: 4 s, orphan_limit: 8 s, "
            "hold_time: 30 s}\n",
            host((enum rig_side)side));
    }
    printf("networks:\n");
    for (uint16_t i = 0; i < options->paths; i++) {
        printf(
            "  n%u: {hosts: [h1, h2], bandwidth: 800 Mbit/s, latency: 100 us, priority: %u}\n",
            i + 1U,
            i + 1U);
    }
    const uint32_t data = options->pages - options->zero_pages;
    printf(
        "guests:\n  g1: {host: h1, memory: %u KiB, nonzero: %u %%, device_state: 4 KiB",
        options->pages * 4U,
        data * 100U / options->pages);
    if (options->dirty_pages_per_ms != 0) {
        printf(
            ", workload: {kind: sweep, size: %u KiB, rate: %u KiB/s}",
            options->pages * 4U,
            options->dirty_pages_per_ms * 4000U);
    }
    printf("}\n");
}

static void say_move(const struct rig_options *options)
{
    static const char *const convergence[] = {
        [FERRY_GIVE_UP] = "give-up",
        [FERRY_KEEP_TRYING] = "keep-trying",
        [FERRY_SWITCH_ANYWAY] = "switch-anyway",
    };
    printf("steps:\n  - {id: m1, at: 1 ms, move: g1, to: h2, streams: %u", options->streams);
    if (options->mode == FERRY_MODE_STOP_AND_COPY) {
        printf(", mode: stop-and-copy");
    } else {
        printf(", on_no_convergence: %s", convergence[options->on_no_convergence]);
    }
    if (options->blackout_limit != FERRY_TIME_NEVER) {
        printf(", blackout_limit: %" PRId64 " ns", options->blackout_limit);
    }
    printf(", give_up_after: 20 s}\n");
}

static void tell(const struct story *story, const struct rig_options *options, const char *path)
{
    bool faults = false;
    const char *slash = strrchr(path, '/');
    printf(
        "# Question: does it end well under what the fuzzer's input %s does?\n",
        slash == NULL ? path : slash + 1);
    printf("# SPDX-License-Identifier: Apache-2.0\nversion: 1\nname: from the pair's input\n");
    say_cluster(options);
    say_move(options);
    for (uint32_t i = 0; i < story->count; i++) {
        (void)say_order(&story->told[i]);
    }
    for (uint32_t i = 0; i < story->count; i++) {
        if (is_fault(&story->told[i].record)) {
            printf(faults ? "" : "faults:\n");
            faults = true;
            say_fault(story, options, i);
        }
    }
}

int main(int argc, char **argv)
{
    static uint8_t input[INPUT_MAX];
    static struct story story;
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    if (file == NULL) {
        (void)fprintf(stderr, "usage: fuzz_pair_scenario FILE (an input of the pair)\n");
        return EXIT_FAILURE;
    }
    const size_t size = fread(input, 1, sizeof(input), file);
    (void)fclose(file);
    const struct rig_options options = pair_options(input, size, NULL);
    story.now.attempt = 1;
    pair_run(input, size, NULL, listen, &story);
    tell(&story, &options, argv[1]);
    return EXIT_SUCCESS;
}
