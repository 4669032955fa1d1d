/* SPDX-License-Identifier: Apache-2.0 */
/*
 * judge.c -- one function for each kind of expectation.
 *
 * A number that does not exist (the blackout of a move that failed) is within no bound.
 */
#include "sim/report/judge.h"

#include "sim/report/quantity_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

/* How the values of a bound are written in messages. */
enum unit {
    UNIT_TIME = 1,
    UNIT_BYTES,
    UNIT_COUNT,
};

#define ID_SIZE 32

struct judge {
    struct sim_result *result;
    const struct scenario_expect *expect;
    char id[ID_SIZE];
    int64_t at_ns;       /* since when the failure is certain */
    uint32_t migration;  /* which it is about, or SIM_RESULT_NONE */
    const char *subject; /* "move db1" */
    const char *name;
};

static const char *value_text(char text[static QUANTITY_TEXT_SIZE], enum unit unit, int64_t value)
{
    switch (unit) {
    case UNIT_TIME: return duration_text(text, value);
    case UNIT_BYTES: return bytes_text(text, (uint64_t)value);
    case UNIT_COUNT: break;
    }
    (void)snprintf(text, QUANTITY_TEXT_SIZE, "%" PRId64, value);
    return text;
}

static const char *unit_suffix(enum unit unit)
{
    switch (unit) {
    case UNIT_TIME: return " ns";
    case UNIT_BYTES: return " bytes";
    case UNIT_COUNT: break;
    }
    return "";
}

/* The message has the value twice, to be read and exact, so that a near miss is seen. */
static void judge_bound(
    const struct judge *judge,
    const char *what,
    const struct scenario_bound *bound,
    enum unit unit,
    int64_t value)
{
    if (!bound->set || (value >= bound->low && value <= bound->high)) {
        return;
    }
    char readable[QUANTITY_TEXT_SIZE];

    sim_result_fail(
        judge->result,
        judge->id,
        judge->at_ns,
        judge->migration,
        "%s:%u: %s %s: expected %s %s, but it was %s (%" PRId64 "%s)",
        judge->result->scenario->file,
        judge->expect->mark.line,
        judge->subject,
        judge->name,
        what,
        bound->text == NULL ? "within its bound" : bound->text,
        value_text(readable, unit, value),
        value,
        unit_suffix(unit));
}

__attribute__((format(printf, 2, 3))) static void
judge_fail(const struct judge *judge, const char *format, ...)
{
    char message[1024];
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    sim_result_fail(
        judge->result,
        judge->id,
        judge->at_ns,
        judge->migration,
        "%s:%u: %s %s: %s",
        judge->result->scenario->file,
        judge->expect->mark.line,
        judge->subject,
        judge->name,
        message);
}

static const char *outcome_text(enum ferry_outcome_kind kind)
{
    return kind == FERRY_OUTCOME_NONE ? "not ended" : ferry_outcome_name(kind);
}

/* "completed or failed" */
static void outcomes_text(char *text, size_t size, unsigned outcomes)
{
    size_t used = 0;

    text[0] = '\0';
    for (int kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN; kind++) {
        if ((outcomes & SCENARIO_OUTCOME_BIT(kind)) != 0 && used < size) {
            used += (size_t)snprintf(
                text + used,
                size - used,
                "%s%s",
                used == 0 ? "" : " or ",
                ferry_outcome_name((enum ferry_outcome_kind)kind));
        }
    }
}

static uint32_t find_migration(const struct sim_result *result, struct scenario_move_ref move)
{
    for (size_t i = 0; i < result->migration_count; i++) {
        if (result->migrations[i].guest == move.guest && result->migrations[i].step == move.step) {
            return (uint32_t)i;
        }
    }
    return SIM_RESULT_NONE;
}

static int64_t migration_end(const struct sim_migration *migration)
{
    return migration->asked_at_ns + migration->queued_ns + migration->outcome.total_ns;
}

/* A number that a restarted source does not know any more. */
static void judge_history(
    const struct judge *judge,
    const struct ferry_outcome *outcome,
    const char *what,
    const struct scenario_bound *bound,
    enum unit unit,
    int64_t value)
{
    if (!outcome->restarted) {
        judge_bound(judge, what, bound, unit, value);
    } else if (bound->set) {
        judge_fail(
            judge,
            "expected %s %s, but it is unknown (source restarted)",
            what,
            bound->text == NULL ? "within its bound" : bound->text);
    }
}

/* The blackout and its prediction exist only where there was one. */
static void judge_blackout(const struct judge *judge, const struct ferry_outcome *outcome)
{
    const struct scenario_expect *expect = judge->expect;

    if (expect->blackout.set && !sim_blackout_known(outcome)) {
        judge_fail(
            judge,
            "expected blackout %s, but none was measured: it is %s",
            expect->blackout.text == NULL ? "within its bound" : expect->blackout.text,
            outcome_text(outcome->kind));
    } else {
        judge_bound(judge, "blackout", &expect->blackout, UNIT_TIME, outcome->blackout.total_ns);
    }
    judge_history(
        judge,
        outcome,
        "predicted_blackout",
        &expect->predicted_blackout,
        UNIT_TIME,
        outcome->predicted_blackout_ns);
}

static int64_t as_signed(uint64_t value)
{
    return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

static void judge_move(struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;

    judge->subject = "move";
    judge->name = judge->result->scenario->guests[expect->move.guest].name;
    judge->migration = find_migration(judge->result, expect->move);
    if (judge->migration == SIM_RESULT_NONE) {
        judge_fail(judge, "expected a migration, but it never began");
        return;
    }
    const struct sim_migration *migration = &judge->result->migrations[judge->migration];
    const struct ferry_outcome *outcome = &migration->outcome;

    judge->at_ns = migration_end(migration);
    if (expect->outcomes != 0 && (expect->outcomes & SCENARIO_OUTCOME_BIT(outcome->kind)) == 0) {
        char wanted[96];

        outcomes_text(wanted, sizeof wanted, expect->outcomes);
        judge_fail(
            judge,
            "expected outcome %s, but it is %s: %s",
            wanted,
            outcome_text(outcome->kind),
            outcome->reason[0] == '\0' ? "no reason given" : outcome->reason);
    }
    if (expect->reason != NULL && strstr(outcome->reason, expect->reason) == NULL) {
        judge_fail(
            judge,
            "expected a reason with \"%s\", but it is \"%s\"",
            expect->reason,
            outcome->reason);
    }
    if (expect->rule != FERRY_RULE_NONE && expect->rule != outcome->verdict.rule) {
        judge_fail(
            judge,
            "expected rule %s, but %s%s",
            ferry_rule_name(expect->rule),
            outcome->restarted ? "it is unknown (source restarted)"
                               : ferry_rule_name(outcome->verdict.rule),
            outcome->restarted ? "" : " fired");
    }
    judge_blackout(judge, outcome);
    judge_bound(judge, "total", &expect->total, UNIT_TIME, outcome->total_ns);
    judge_bound(judge, "queued", &expect->queued, UNIT_TIME, migration->queued_ns);
    judge_history(judge, outcome, "rounds", &expect->rounds, UNIT_COUNT, outcome->round_count);
    judge_history(
        judge,
        outcome,
        "aborted_attempts",
        &expect->aborted_attempts,
        UNIT_COUNT,
        outcome->aborted_count);
    judge_history(
        judge, outcome, "reconnects", &expect->reconnects, UNIT_COUNT, outcome->reconnects);
    judge_history(
        judge,
        outcome,
        "wire_bytes",
        &expect->wire_bytes,
        UNIT_BYTES,
        as_signed(outcome->wire_bytes));
    judge_history(
        judge, outcome, "resent", &expect->resent, UNIT_BYTES, as_signed(outcome->resent_bytes));
}

static void judge_drain(struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;
    const struct scenario_step *step = &judge->result->scenario->steps[expect->move.step];
    int64_t moved = 0;
    int64_t not_moved = 0;
    int64_t begin = INT64_MAX;
    int64_t end = 0;

    for (size_t i = 0; i < judge->result->migration_count; i++) {
        const struct sim_migration *migration = &judge->result->migrations[i];

        if (migration->step != expect->move.step) {
            continue;
        }
        if (migration->outcome.kind == FERRY_OUTCOME_COMPLETED) {
            moved++;
        } else {
            not_moved++;
        }
        begin = migration->asked_at_ns < begin ? migration->asked_at_ns : begin;
        end = migration_end(migration) > end ? migration_end(migration) : end;
    }
    judge->subject = "drain";
    judge->name = judge->result->scenario->hosts[step->host].name;
    judge->at_ns = end;
    judge_bound(judge, "moved", &expect->moved, UNIT_COUNT, moved);
    judge_bound(judge, "not_moved", &expect->not_moved, UNIT_COUNT, not_moved);
    if (moved + not_moved > 0) {
        judge_bound(judge, "total", &expect->total, UNIT_TIME, end - begin);
    } else if (expect->total.set) {
        judge_fail(judge, "expected a total, but nothing was moved");
    }
}

static const char *place_text(enum scenario_place place)
{
    switch (place) {
    case SCENARIO_PLACE_RUNNING: return "running";
    case SCENARIO_PLACE_PAUSED: return "paused";
    case SCENARIO_PLACE_LOST: return "lost";
    }
    return "nowhere";
}

/* "h1 or h2" */
static void hosts_text(char *text, size_t size, const struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < expect->host_count && used < size; i++) {
        used += (size_t)snprintf(
            text + used,
            size - used,
            "%s%s",
            used == 0 ? " on " : " or ",
            judge->result->scenario->hosts[expect->hosts[i]].name);
    }
}

static void judge_guest(struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;
    const struct scenario *scenario = judge->result->scenario;
    const struct sim_guest_end *end = &judge->result->guests[expect->guest];
    bool holds = end->place == expect->place;

    if (holds && expect->host_count > 0) {
        holds = false;
        for (size_t i = 0; i < expect->host_count; i++) {
            holds = holds || expect->hosts[i] == end->host;
        }
    }
    if (holds) {
        return;
    }
    char hosts[160];

    judge->subject = "guest";
    judge->name = scenario->guests[expect->guest].name;
    hosts_text(hosts, sizeof hosts, judge);
    judge_fail(
        judge,
        "expected it %s%s, but it is %s%s%s",
        place_text(expect->place),
        hosts,
        place_text(end->place),
        end->host < scenario->host_count ? " on " : "",
        end->host < scenario->host_count ? scenario->hosts[end->host].name : "");
}

static void judge_clients(struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;

    judge->subject = "clients of";
    judge->name = judge->result->scenario->guests[expect->guest].name;
    for (size_t i = 0; i < judge->result->client_count; i++) {
        const struct sim_client *client = &judge->result->clients[i];

        if (client->guest == expect->guest) {
            judge_bound(judge, "sent", &expect->sent, UNIT_COUNT, as_signed(client->sent));
            judge_bound(judge, "failed", &expect->failed, UNIT_COUNT, as_signed(client->failed));
            judge_bound(
                judge, "longest_gap", &expect->longest_gap, UNIT_TIME, client->longest_gap_ns);
            judge_bound(judge, "p99", &expect->p99, UNIT_TIME, client->p99_ns);
            return;
        }
    }
    judge_fail(judge, "expected clients, but it has none");
}

static void judge_session(struct judge *judge)
{
    const struct scenario_expect *expect = judge->expect;
    const struct scenario *scenario = judge->result->scenario;

    judge->subject = "session of";
    judge->name = scenario->guests[expect->move.guest].name;
    judge->migration = find_migration(judge->result, expect->move);
    enum scenario_session_state state = SCENARIO_SESSION_NONE;

    if (judge->migration != SIM_RESULT_NONE) {
        const struct sim_migration *migration = &judge->result->migrations[judge->migration];

        if (expect->hosts[0] == migration->from) {
            state = migration->source_session;
        } else if (expect->hosts[0] == migration->to) {
            state = migration->target_session;
        }
    }
    if (state != expect->session) {
        judge_fail(
            judge,
            "expected %s at %s, but it is %s",
            scenario_session_state_name(expect->session),
            scenario->hosts[expect->hosts[0]].name,
            state == 0 ? "not known" : scenario_session_state_name(state));
    }
}

void sim_judge(struct sim_result *result)
{
    if (result->verdict == SIM_VERDICT_ERROR) {
        return;
    }
    for (size_t i = 0; i < result->scenario->expect_count; i++) {
        struct judge judge = {
            .result = result,
            .expect = &result->scenario->expects[i],
            .at_ns = result->virtual_ns,
            .migration = SIM_RESULT_NONE,
        };

        (void)snprintf(judge.id, sizeof judge.id, "E%zu", i + 1);
        switch (judge.expect->kind) {
        case SCENARIO_EXPECT_MOVE: judge_move(&judge); break;
        case SCENARIO_EXPECT_DRAIN: judge_drain(&judge); break;
        case SCENARIO_EXPECT_GUEST: judge_guest(&judge); break;
        case SCENARIO_EXPECT_CLIENTS: judge_clients(&judge); break;
        case SCENARIO_EXPECT_SESSION: judge_session(&judge); break;
        }
    }
}
