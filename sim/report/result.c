/* SPDX-License-Identifier: Apache-2.0 */
/*
 * result.c -- builds up the result of one run.
 *
 * The recent events of a side are a ring that is made when its first event comes, so a fleet pays
 * for those migrations only which have begun. They go on turning to the end of the run; what stood in
 * them at the outcome of a migration is copied, once a few more events have come.
 */
#include "sim/report/result.h"

#include "sim/report/concerned.h"
#include "sim/report/event_text.h"
#include "sim/report/memory.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void sim_result_init(struct sim_result *result, const struct scenario *scenario, uint64_t seed)
{
    *result = (struct sim_result){.scenario = scenario, .seed = seed};
    result->guests = report_take(scenario->guest_count, sizeof *result->guests);
    for (size_t i = 0; i < scenario->guest_count; i++) {
        result->guests[i].host = SIM_RESULT_NONE;
    }
}

void sim_result_deinit(struct sim_result *result)
{
    for (size_t i = 0; i < result->migration_count; i++) {
        free(result->migrations[i].rounds);
        free(result->migrations[i].ending);
    }
    for (size_t i = 0; i < result->failure_count; i++) {
        free(result->failures[i].message);
    }
    for (size_t i = 0; i < result->recent_capacity; i++) {
        free(result->recent[i]);
    }
    free(result->migrations);
    free(result->clients);
    free(result->guests);
    free(result->failures);
    free(result->recent);
    free(result->closing);
    free(result->spans);
    free(result->samples);
    *result = (struct sim_result){.scenario = NULL};
}

uint32_t sim_result_add_migration(
    struct sim_result *result, uint32_t step, uint32_t guest, uint32_t from, uint32_t to)
{
    result->migrations = report_room(
        result->migrations,
        result->migration_count,
        &result->migration_capacity,
        sizeof *result->migrations);
    result->migrations[result->migration_count] = (struct sim_migration){
        .guest = guest,
        .from = from,
        .to = to,
        .step = step,
    };
    return (uint32_t)result->migration_count++;
}

static size_t rounds_kept(const struct ferry_outcome *outcome)
{
    const size_t kept =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT;

    return outcome->rounds == NULL ? 0 : kept;
}

static void begin_ending(struct sim_result *result, uint32_t migration)
{
    for (size_t i = 0; i < result->closing_count; i++) {
        if (result->closing[i].migration == migration) {
            result->closing[i].after = SIM_RESULT_AFTER_OUTCOME;
            return;
        }
    }
    result->closing = report_room(
        result->closing, result->closing_count, &result->closing_capacity, sizeof *result->closing);
    result->closing[result->closing_count++] =
        (struct sim_closing){.migration = migration, .after = SIM_RESULT_AFTER_OUTCOME};
}

/* Counts an event for those migrations that are about to end, and keeps the endings that are whole now. */
static void go_on_ending(struct sim_result *result, const struct sim_event *event)
{
    size_t left = 0;

    for (size_t i = 0; i < result->closing_count; i++) {
        struct sim_closing closing = result->closing[i];
        const bool own = event->side == SIM_SIDE_WORLD || event->migration == closing.migration;

        closing.after -= own ? 1 : 0;
        if (closing.after == 0) {
            result->migrations[closing.migration].ending =
                concerned_ending(result, closing.migration);
        } else {
            result->closing[left++] = closing;
        }
    }
    result->closing_count = left;
}

void sim_result_outcome(
    struct sim_result *result, uint32_t migration, const struct ferry_outcome *outcome)
{
    assert(migration < result->migration_count);
    struct sim_migration *entry = &result->migrations[migration];
    const size_t kept = rounds_kept(outcome);
    struct ferry_round *rounds = NULL;

    if (kept > 0) {
        rounds = report_take(kept, sizeof *rounds);
        memcpy(rounds, outcome->rounds, kept * sizeof *rounds);
    }
    free(entry->rounds);
    entry->rounds = rounds;
    entry->outcome = *outcome;
    entry->outcome.rounds = rounds;
    free(entry->ending);
    entry->ending = NULL;
    begin_ending(result, migration);
}

void sim_result_add_client(struct sim_result *result, const struct sim_client *client)
{
    result->clients = report_room(
        result->clients, result->client_count, &result->client_capacity, sizeof *result->clients);
    result->clients[result->client_count++] = *client;
}

__attribute__((format(printf, 3, 0))) static void note_failure(
    struct sim_result *result,
    const struct sim_failure_note *note,
    const char *format,
    va_list arguments)
{
    if (result->failure_count >= SIM_RESULT_FAILURES_MAX) {
        result->failures_dropped++;
        return;
    }
    result->failures = report_room(
        result->failures,
        result->failure_count,
        &result->failure_capacity,
        sizeof *result->failures);
    struct sim_failure_note *entry = &result->failures[result->failure_count++];
    size_t size = 0;

    *entry = *note;
    FILE *stream = report_text_open(&entry->message, &size);
    (void)vfprintf(stream, format, arguments);
    report_text_close(stream);
}

void sim_result_fail(
    struct sim_result *result,
    const char *id,
    int64_t at_ns,
    uint32_t migration,
    const char *format,
    ...)
{
    struct sim_failure_note note = {.at_ns = at_ns, .migration = migration};
    va_list arguments;

    (void)snprintf(note.id, sizeof note.id, "%s", id);
    va_start(arguments, format);
    note_failure(result, &note, format, arguments);
    va_end(arguments);
    if (result->verdict != SIM_VERDICT_ERROR) {
        result->verdict = SIM_VERDICT_FAIL;
    }
}

void sim_result_error(struct sim_result *result, int64_t at_ns, const char *format, ...)
{
    const struct sim_failure_note note = {
        .id = "error", .at_ns = at_ns, .migration = SIM_RESULT_NONE};
    va_list arguments;

    va_start(arguments, format);
    note_failure(result, &note, format, arguments);
    va_end(arguments);
    result->verdict = SIM_VERDICT_ERROR;
}

/* Where the ring of a side stands in `recent`. */
static size_t recent_slot(uint32_t migration, enum sim_side side)
{
    if (side == SIM_SIDE_WORLD || migration == SIM_RESULT_NONE) {
        return 0;
    }
    return 1 + (size_t)migration * 2 + (side == SIM_SIDE_TARGET ? 1 : 0);
}

static void keep_recent(struct sim_result *result, const struct sim_event *event)
{
    const size_t slot = recent_slot(event->migration, event->side);

    while (slot >= result->recent_capacity) {
        const size_t before = result->recent_capacity;

        result->recent = report_room(
            result->recent, before, &result->recent_capacity, sizeof(struct sim_recent *));
        for (size_t i = before; i < result->recent_capacity; i++) {
            result->recent[i] = NULL;
        }
    }
    if (result->recent[slot] == NULL) {
        result->recent[slot] = report_take(1, sizeof(struct sim_recent));
    }
    struct sim_recent *recent = result->recent[slot];
    recent->events[recent->count++ % SIM_RESULT_RECENT] = *event;
}

void sim_result_alarm(struct sim_result *result)
{
    if (!result->alarmed) {
        result->alarmed = true;
        result->after_alarm = SIM_RESULT_AFTER_ALARM;
    }
}

void sim_result_event(struct sim_result *result, const struct sim_event *event)
{
    if (!result->alarmed) {
        keep_recent(result, event);
        go_on_ending(result, event);
    } else if (result->after_alarm > 0) {
        result->after_alarm--;
        keep_recent(result, event);
    }
    if (result->log != NULL) {
        event_write_line(result->log, result->scenario, event);
    }
}

size_t sim_result_span_begin(struct sim_result *result, const struct sim_span *span)
{
    if (!result->want_timeline) {
        return 0;
    }
    result->spans = report_room(
        result->spans, result->span_count, &result->span_capacity, sizeof *result->spans);
    result->spans[result->span_count] = *span;
    if (span->end_ns <= span->begin_ns) {
        result->spans[result->span_count].end_ns = INT64_MAX;
    }
    return result->span_count++;
}

void sim_result_span_end(struct sim_result *result, size_t handle, int64_t end_ns)
{
    if (result->want_timeline) {
        assert(handle < result->span_count);
        result->spans[handle].end_ns = end_ns;
    }
}

void sim_result_sample(struct sim_result *result, const struct sim_link_sample *sample)
{
    if (!result->want_timeline) {
        return;
    }
    result->samples = report_room(
        result->samples, result->sample_count, &result->sample_capacity, sizeof *result->samples);
    result->samples[result->sample_count++] = *sample;
}

const struct sim_recent *
sim_result_recent(const struct sim_result *result, uint32_t migration, enum sim_side side)
{
    const size_t slot = recent_slot(migration, side);

    return slot < result->recent_capacity ? result->recent[slot] : NULL;
}

bool sim_blackout_known(const struct ferry_outcome *outcome)
{
    return outcome->kind == FERRY_OUTCOME_COMPLETED && outcome->blackout.total_ns > 0;
}

const char *sim_verdict_name(enum sim_verdict verdict)
{
    switch (verdict) {
    case SIM_VERDICT_PASS: return "pass";
    case SIM_VERDICT_FAIL: return "fail";
    case SIM_VERDICT_ERROR: return "error";
    }
    return "?";
}

const char *sim_side_name(enum sim_side side)
{
    switch (side) {
    case SIM_SIDE_WORLD: return "world";
    case SIM_SIDE_SOURCE: return "source";
    case SIM_SIDE_TARGET: return "target";
    }
    return "?";
}
