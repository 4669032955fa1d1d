/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timeline.c -- draws one run.
 *
 * Group and track numbers: group = 4 x run + 1..4; a migration has five tracks, a fault one, a host
 * one for its state, and above those each guest has one which says where it runs.
 */
#include "sim/report/timeline.h"

#include "sim/report/json_writer.h"

#include <inttypes.h>

enum group { GROUP_MIGRATIONS = 1, GROUP_NETWORKS, GROUP_FAULTS, GROUP_HOSTS };
#define GROUPS 4U

enum track { TRACK_SESSION = 0, TRACK_ROUNDS, TRACK_ATTEMPTS, TRACK_BLACKOUT, TRACK_LINK };
#define TRACKS 5U

struct timeline {
    struct json_writer writer;
    const struct sim_result *result;
    uint32_t first_group;
};

/* Where something is drawn. */
struct place {
    enum group group;
    uint64_t track;
};

static void open_event(struct timeline *timeline, const char *phase, struct place place)
{
    writer_line(&timeline->writer);
    writer_open(&timeline->writer, '{');
    writer_member_string(&timeline->writer, "ph", phase);
    writer_member_unsigned(&timeline->writer, "pid", timeline->first_group + place.group);
    writer_member_unsigned(&timeline->writer, "tid", place.track);
}

static void open_arguments(struct timeline *timeline)
{
    writer_key(&timeline->writer, "args");
    writer_open(&timeline->writer, '{');
}

static void close_event(struct timeline *timeline)
{
    writer_close(&timeline->writer, '}');
}

static void
write_name(struct timeline *timeline, const char *what, struct place place, const char *name)
{
    open_event(timeline, "M", place);
    writer_member_string(&timeline->writer, "name", what);
    open_arguments(timeline);
    writer_member_string(&timeline->writer, "name", name);
    writer_close(&timeline->writer, '}');
    close_event(timeline);
}

static int64_t clip(const struct timeline *timeline, int64_t at_ns)
{
    return at_ns > timeline->result->virtual_ns ? timeline->result->virtual_ns : at_ns;
}

/* Opens a span; the caller adds arguments or not, and closes the event. */
static void open_span(
    struct timeline *timeline, struct place place, const char *name, int64_t begin, int64_t end)
{
    open_event(timeline, "X", place);
    writer_member_string(&timeline->writer, "name", name);
    writer_key(&timeline->writer, "ts");
    writer_microseconds(&timeline->writer, begin);
    writer_key(&timeline->writer, "dur");
    writer_microseconds(
        &timeline->writer, clip(timeline, end) > begin ? clip(timeline, end) - begin : 0);
}

static void write_span(
    struct timeline *timeline, struct place place, const char *name, int64_t begin, int64_t end)
{
    open_span(timeline, place, name, begin, end);
    close_event(timeline);
}

static void write_groups(struct timeline *timeline)
{
    static const char *const names[] = {"migrations", "networks", "faults", "hosts"};

    for (uint32_t i = 0; i < GROUPS; i++) {
        const struct place place = {.group = (enum group)(i + 1)};
        char name[160];

        (void)snprintf(
            name,
            sizeof name,
            "%s: %.100s, seed %" PRIu64,
            names[i],
            timeline->result->scenario->name,
            timeline->result->seed);
        write_name(timeline, "process_name", place, name);
    }
}

static struct place migration_place(uint32_t migration, enum track track)
{
    return (struct place){
        .group = GROUP_MIGRATIONS, .track = (uint64_t)migration * TRACKS + track + 1};
}

/* ---- migrations ---- */

static void
write_blackout(struct timeline *timeline, struct place place, const struct sim_migration *migration)
{
    const struct ferry_blackout *blackout = &migration->outcome.blackout;
    const struct {
        const char *name;
        int64_t ns;
    } parts[] = {
        {"capture",       blackout->capture_ns      },
        {"collect",       blackout->collect_ns      },
        {"transfer",      blackout->transfer_ns     },
        {"load",          blackout->load_ns         },
        {"ready",         blackout->ready_ns        },
        {"grant persist", blackout->grant_persist_ns},
        {"grant",         blackout->grant_ns        },
        {"owner persist", blackout->owner_persist_ns},
        {"resume",        blackout->resume_ns       },
    };
    int64_t at = migration->paused_at_ns;

    write_span(timeline, place, "blackout", at, at + blackout->total_ns);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].ns > 0) {
            write_span(timeline, place, parts[i].name, at, at + parts[i].ns);
            at += parts[i].ns;
        }
    }
}

static void write_migration(struct timeline *timeline, uint32_t index)
{
    static const char *const tracks[] = {
        "session", "rounds", "attempts", "blackout", "connection lost"};
    const struct scenario *scenario = timeline->result->scenario;
    const struct sim_migration *migration = &timeline->result->migrations[index];
    const char *guest = scenario->guests[migration->guest].name;
    const struct place session = migration_place(index, TRACK_SESSION);
    char name[200];

    for (unsigned i = 0; i < TRACKS; i++) {
        (void)snprintf(name, sizeof name, "%s %s", guest, tracks[i]);
        write_name(timeline, "thread_name", migration_place(index, (enum track)i), name);
    }
    if (migration->queued_ns > 0) {
        write_span(
            timeline,
            session,
            "queued",
            migration->asked_at_ns,
            migration->asked_at_ns + migration->queued_ns);
    }
    const bool ended = migration->outcome.kind != FERRY_OUTCOME_NONE;

    (void)snprintf(
        name,
        sizeof name,
        "%s -> %s: %s",
        scenario->hosts[migration->from].name,
        migration->to < scenario->host_count ? scenario->hosts[migration->to].name : "nowhere",
        ended ? ferry_outcome_name(migration->outcome.kind) : "not ended");
    open_span(
        timeline,
        session,
        name,
        migration->started_at_ns,
        ended ? migration->started_at_ns + migration->outcome.total_ns : INT64_MAX);
    open_arguments(timeline);
    writer_member_string(&timeline->writer, "reason", migration->outcome.reason);
    writer_member_string(
        &timeline->writer, "rule", ferry_rule_name(migration->outcome.verdict.rule));
    writer_close(&timeline->writer, '}');
    close_event(timeline);
    if (sim_blackout_known(&migration->outcome)) {
        write_blackout(timeline, migration_place(index, TRACK_BLACKOUT), migration);
    }
}

static void write_round(struct timeline *timeline, const struct sim_span *span)
{
    const struct ferry_outcome *outcome = &timeline->result->migrations[span->migration].outcome;
    char name[40];

    (void)snprintf(name, sizeof name, "round %" PRIu64, span->number);
    open_span(
        timeline,
        migration_place(span->migration, TRACK_ROUNDS),
        name,
        span->begin_ns,
        span->end_ns);
    if (outcome->rounds != NULL && span->number < outcome->round_count &&
        span->number + 1 < FERRY_ROUNDS_KEPT) {
        const struct ferry_round *round = &outcome->rounds[span->number];

        open_arguments(timeline);
        writer_member_unsigned(&timeline->writer, "pages", round->pages);
        writer_member_unsigned(&timeline->writer, "zero_pages", round->zero_pages);
        writer_member_unsigned(&timeline->writer, "bytes", round->bytes);
        writer_member_unsigned(&timeline->writer, "dirty_after", round->dirty_after);
        writer_close(&timeline->writer, '}');
    }
    close_event(timeline);
}

/* ---- faults and hosts ---- */

static void write_fault(struct timeline *timeline, const struct sim_span *span)
{
    const struct scenario *scenario = timeline->result->scenario;
    const struct scenario_fault *fault = &scenario->faults[span->number];
    const struct place place = {.group = GROUP_FAULTS, .track = span->number + 1};
    const char *where = "";
    char name[200];

    if (fault->host < scenario->host_count) {
        where = scenario->hosts[fault->host].name;
    }
    if (fault->network < scenario->network_count) {
        where = scenario->networks[fault->network].name;
    }
    (void)snprintf(name, sizeof name, "%s %s", scenario_fault_kind_name(fault->kind), where);
    write_name(timeline, "thread_name", place, name);
    write_span(timeline, place, name, span->begin_ns, span->end_ns);
}

static void write_host(struct timeline *timeline, const struct sim_span *span, const char *name)
{
    const struct place place = {.group = GROUP_HOSTS, .track = (uint64_t)span->host + 1};

    write_name(timeline, "thread_name", place, timeline->result->scenario->hosts[span->host].name);
    write_span(timeline, place, name, span->begin_ns, span->end_ns);
}

static void write_guest(struct timeline *timeline, const struct sim_span *span)
{
    const struct scenario *scenario = timeline->result->scenario;
    const struct place place = {
        .group = GROUP_HOSTS, .track = (uint64_t)scenario->host_count + span->guest + 1};
    char name[160];

    (void)snprintf(name, sizeof name, "%.100s runs on", scenario->guests[span->guest].name);
    write_name(timeline, "thread_name", place, name);
    write_span(timeline, place, scenario->hosts[span->host].name, span->begin_ns, span->end_ns);
}

static void write_recorded_span(struct timeline *timeline, const struct sim_span *span)
{
    char name[40];

    switch (span->kind) {
    case SIM_SPAN_ROUND: write_round(timeline, span); return;
    case SIM_SPAN_ATTEMPT:
        (void)snprintf(name, sizeof name, "attempt %" PRIu64, span->number);
        write_span(
            timeline,
            migration_place(span->migration, TRACK_ATTEMPTS),
            name,
            span->begin_ns,
            span->end_ns);
        return;
    case SIM_SPAN_LINK_LOST:
        write_span(
            timeline,
            migration_place(span->migration, TRACK_LINK),
            "connection lost",
            span->begin_ns,
            span->end_ns);
        return;
    case SIM_SPAN_FAULT: write_fault(timeline, span); return;
    case SIM_SPAN_HOST_DOWN: write_host(timeline, span, "down"); return;
    case SIM_SPAN_HOST_PAUSED: write_host(timeline, span, "paused"); return;
    case SIM_SPAN_DAEMON_DOWN: write_host(timeline, span, "daemon down"); return;
    case SIM_SPAN_GUEST_HERE: write_guest(timeline, span); return;
    }
}

/* ---- networks ---- */

/* bytes in `ns` as thousandths of Mbit/s */
static uint64_t kilobits_per_second(uint64_t bytes, int64_t ns)
{
    const uint64_t highest = UINT64_MAX / 8000000;

    return (bytes > highest ? highest : bytes) * 8000000 / (uint64_t)ns;
}

static void write_use(
    struct timeline *timeline,
    const struct sim_link_sample *from,
    const struct sim_link_sample *to,
    int64_t over_ns)
{
    const struct scenario *scenario = timeline->result->scenario;
    const struct {
        const char *name;
        uint64_t bytes;
    } uses[] = {
        {"sent Mbit/s",       to->sent_bytes - from->sent_bytes            },
        {"received Mbit/s",   to->received_bytes - from->received_bytes    },
        {"background Mbit/s", to->background_bytes - from->background_bytes},
    };
    char name[200];

    (void)snprintf(
        name,
        sizeof name,
        "%s %s",
        scenario->networks[from->network].name,
        scenario->hosts[from->host].name);
    open_event(timeline, "C", (struct place){.group = GROUP_NETWORKS});
    writer_member_string(&timeline->writer, "name", name);
    writer_key(&timeline->writer, "ts");
    writer_microseconds(&timeline->writer, from->at_ns);
    open_arguments(timeline);
    for (size_t i = 0; i < sizeof uses / sizeof uses[0]; i++) {
        writer_key(&timeline->writer, uses[i].name);
        /* three decimals: kbit/s written as if they were nanoseconds of a microsecond */
        writer_microseconds(
            &timeline->writer, (int64_t)kilobits_per_second(uses[i].bytes, over_ns));
    }
    writer_close(&timeline->writer, '}');
    close_event(timeline);
}

/* A counter holds its value until the next one: the use of an interval stands at its begin. */
static void write_samples(struct timeline *timeline)
{
    const struct sim_result *result = timeline->result;

    for (size_t i = 0; i < result->sample_count; i++) {
        const struct sim_link_sample *from = &result->samples[i];
        size_t next = i + 1;

        while (next < result->sample_count && (result->samples[next].network != from->network ||
                                               result->samples[next].host != from->host)) {
            next++;
        }
        if (next == result->sample_count) {
            write_use(timeline, from, from, 1);
        } else if (result->samples[next].at_ns > from->at_ns) {
            const struct sim_link_sample *to = &result->samples[next];

            write_use(timeline, from, to, to->at_ns - from->at_ns);
        }
    }
}

void timeline_write(FILE *out, const struct sim_result *result, uint32_t run_index)
{
    struct timeline timeline = {
        .writer = json_writer_on(out),
        .result = result,
        .first_group = run_index * GROUPS,
    };

    write_groups(&timeline);
    for (size_t i = 0; i < result->migration_count; i++) {
        write_migration(&timeline, (uint32_t)i);
    }
    for (size_t i = 0; i < result->span_count; i++) {
        write_recorded_span(&timeline, &result->spans[i]);
    }
    write_samples(&timeline);
}

void timeline_document(FILE *out, const struct run_report *reports, size_t count)
{
    struct json_writer writer = json_writer_on(out);

    writer_open(&writer, '{');
    writer_member_string(&writer, "displayTimeUnit", "ms");
    writer_key(&writer, "traceEvents");
    writer_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        writer_raw(&writer, reports[i].timeline);
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    (void)fputc('\n', out);
}
