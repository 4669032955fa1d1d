/* SPDX-License-Identifier: Apache-2.0 */
/* run_json.c -- writes the keys in the order of docs/json.md. */
#include "sim/report/run_json.h"

#include "sim/report/json_writer.h"
#include "sim/report/memory.h"
#include "sim/report/screen.h"

#include <stdlib.h>
#include <string.h>

/* A time that may not exist. */
static void member_seconds_or_null(struct json_writer *writer, const char *key, bool is, int64_t ns)
{
    writer_key(writer, key);
    if (is) {
        writer_seconds(writer, ns);
    } else {
        writer_null(writer);
    }
}

/* A migration without an outcome was cut off by the end of the run: nobody knows, so says the word.
 */
static const char *outcome_word(enum ferry_outcome_kind kind)
{
    return ferry_outcome_name(kind == FERRY_OUTCOME_NONE ? FERRY_OUTCOME_UNKNOWN : kind);
}

static void write_blackout(struct json_writer *writer, const struct ferry_outcome *outcome)
{
    const struct ferry_blackout *blackout = &outcome->blackout;
    const bool known = sim_blackout_known(outcome);

    member_seconds_or_null(writer, "blackout_s", known, blackout->total_ns);
    writer_key(writer, "blackout_parts");
    writer_open(writer, '{');
    if (known) {
        writer_member_seconds(writer, "capture_s", blackout->capture_ns);
        writer_member_seconds(writer, "collect_s", blackout->collect_ns);
        writer_member_seconds(writer, "transfer_s", blackout->transfer_ns);
        writer_member_seconds(writer, "load_s", blackout->load_ns);
        writer_member_seconds(writer, "ready_s", blackout->ready_ns);
        writer_member_seconds(writer, "grant_persist_s", blackout->grant_persist_ns);
        writer_member_seconds(writer, "grant_s", blackout->grant_ns);
        writer_member_seconds(writer, "owner_persist_s", blackout->owner_persist_ns);
        writer_member_seconds(writer, "resume_s", blackout->resume_ns);
    }
    writer_close(writer, '}');
    member_seconds_or_null(
        writer,
        "predicted_blackout_s",
        outcome->predicted_blackout_ns > 0 && outcome->predicted_blackout_ns != FERRY_TIME_NEVER,
        outcome->predicted_blackout_ns);
}

static void write_aborted(struct json_writer *writer, const struct ferry_outcome *outcome)
{
    writer_key(writer, "aborted_attempts");
    if (outcome->restarted) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '[');
    for (uint32_t i = 0; i < outcome->aborted_count && i < FERRY_ATTEMPTS_MAX; i++) {
        const struct ferry_aborted_attempt *aborted = &outcome->aborted[i];

        writer_open(writer, '{');
        writer_member_unsigned(writer, "attempt", aborted->attempt);
        writer_member_seconds(writer, "paused_s", aborted->paused_ns);
        member_seconds_or_null(
            writer,
            "predicted_s",
            aborted->predicted_ns != FERRY_TIME_NEVER,
            aborted->predicted_ns);
        writer_member_string(writer, "reason", ferry_status_sentence(aborted->reason));
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void write_rounds(struct json_writer *writer, const struct ferry_outcome *outcome)
{
    const uint32_t kept =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT;

    writer_key(writer, "rounds");
    if (outcome->restarted) {
        writer_null(writer);
        return;
    }
    writer_open(writer, '[');
    for (uint32_t i = 0; outcome->rounds != NULL && i < kept; i++) {
        const struct ferry_round *round = &outcome->rounds[i];

        writer_open(writer, '{');
        writer_member_unsigned(writer, "pages", round->pages);
        writer_member_unsigned(writer, "zero_pages", round->zero_pages);
        writer_member_unsigned(writer, "bytes", round->bytes);
        writer_member_seconds(writer, "seconds", round->duration_ns);
        writer_member_unsigned(writer, "dirty_after", round->dirty_after);
        writer_key(writer, "final");
        writer_bool(writer, round->final);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
}

static void write_migration(
    struct json_writer *writer,
    const struct scenario *scenario,
    const struct sim_migration *migration)
{
    const struct ferry_outcome *outcome = &migration->outcome;

    writer_open(writer, '{');
    writer_member_string(writer, "guest", scenario->guests[migration->guest].name);
    writer_member_string(writer, "from", scenario->hosts[migration->from].name);
    writer_key(writer, "to");
    if (migration->to < scenario->host_count) {
        writer_string(writer, scenario->hosts[migration->to].name);
    } else {
        writer_null(writer); /* a drain found no host with room */
    }
    writer_member_string(writer, "outcome", outcome_word(outcome->kind));
    writer_member_string(writer, "reason", outcome->reason);
    writer_key(writer, "rule");
    if (outcome->restarted) {
        writer_null(writer); /* as all that only the source's first life knew */
    } else {
        writer_string(writer, ferry_rule_name(outcome->verdict.rule));
    }
    writer_member_seconds(writer, "queued_s", migration->queued_ns);
    writer_member_seconds(writer, "total_s", outcome->total_ns);
    write_blackout(writer, outcome);
    write_aborted(writer, outcome);
    write_rounds(writer, outcome);
    writer_key(writer, "wire_bytes");
    if (outcome->restarted) {
        writer_null(writer);
    } else {
        writer_unsigned(writer, outcome->wire_bytes);
    }
    writer_close(writer, '}');
}

static void write_client(
    struct json_writer *writer, const struct scenario *scenario, const struct sim_client *client)
{
    writer_open(writer, '{');
    writer_member_string(writer, "name", scenario->guests[client->guest].name);
    writer_member_unsigned(writer, "sent", client->sent);
    writer_member_unsigned(writer, "failed", client->failed);
    writer_member_seconds(writer, "longest_gap_s", client->longest_gap_ns);
    writer_member_seconds(writer, "p99_s", client->p99_ns);
    writer_close(writer, '}');
}

void run_json_details(FILE *out, const struct sim_result *result)
{
    struct json_writer writer = json_writer_on(out);

    writer_key(&writer, "migrations");
    writer_open(&writer, '[');
    for (size_t i = 0; i < result->migration_count; i++) {
        write_migration(&writer, result->scenario, &result->migrations[i]);
    }
    writer_close(&writer, ']');
    writer_key(&writer, "clients");
    writer_open(&writer, '[');
    for (size_t i = 0; i < result->client_count; i++) {
        write_client(&writer, result->scenario, &result->clients[i]);
    }
    writer_close(&writer, ']');
    screen_json(out, result);
}

/* The command that does the same again; null of a run that passed. */
static void
write_command(struct json_writer *writer, const struct run_report *report, const char *command)
{
    char *text = NULL;
    size_t size = 0;
    bool twice = false;

    writer_key(writer, "reproduce");
    if (report->summary.verdict == SIM_VERDICT_PASS) {
        writer_null(writer);
        return;
    }
    for (size_t i = 0; i < report->failure_count; i++) {
        twice = twice || strcmp(report->failures[i].id, "twice") == 0;
    }
    FILE *stream = report_text_open(&text, &size);

    screen_put_command(stream, report, command, twice);
    report_text_close(stream);
    writer_string(writer, text);
    free(text);
}

static void
write_run(struct json_writer *writer, const struct run_report *report, const char *command)
{
    const struct report_summary *summary = &report->summary;

    writer_open(writer, '{');
    writer_member_string(writer, "scenario", report->file);
    writer_member_string(writer, "name", report->name);
    writer_member_unsigned(writer, "seed", report->seed);
    writer_member_string(writer, "verdict", sim_verdict_name(summary->verdict));
    writer_key(writer, "hash");
    writer_hex(writer, summary->hash);
    writer_member_seconds(writer, "virtual_s", summary->virtual_ns);
    writer_member_seconds(writer, "wall_s", summary->wall_ns);
    writer_member_unsigned(writer, "events", summary->events);
    writer_raw(
        writer,
        report->details[0] == '\0' ? "\"migrations\":[],\"clients\":[],\"screen\":null"
                                   : report->details);
    writer_key(writer, "failures");
    writer_open(writer, '[');
    for (size_t i = 0; i < report->failure_count; i++) {
        const struct report_failure *failure = &report->failures[i];

        writer_open(writer, '{');
        writer_member_string(writer, "id", failure->id);
        writer_member_string(writer, "message", failure->message);
        writer_member_seconds(writer, "at_s", failure->at_ns);
        writer_close(writer, '}');
    }
    writer_close(writer, ']');
    write_command(writer, report, command);
    writer_close(writer, '}');
}

void run_json_environment(struct json_writer *writer, const struct environment *environment)
{
    writer_key(writer, "environment");
    writer_open(writer, '{');
    writer_member_string(writer, "ferry", environment->ferry);
    writer_member_string(writer, "architecture", environment->architecture);
    writer_member_string(writer, "simgrid", environment->simgrid);
    writer_key(writer, "commit");
    if (environment->commit == NULL) {
        writer_null(writer);
    } else {
        writer_string(writer, environment->commit);
    }
    writer_close(writer, '}');
}

void run_json_document(
    FILE *out,
    const struct environment *environment,
    const struct run_report *reports,
    size_t count,
    bool interrupted)
{
    struct json_writer writer = json_writer_on(out);

    writer_open(&writer, '{');
    writer_member_unsigned(&writer, "version", RUN_JSON_VERSION);
    run_json_environment(&writer, environment);
    writer_key(&writer, "interrupted");
    writer_bool(&writer, interrupted);
    writer_key(&writer, "runs");
    writer_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        writer_line(&writer);
        write_run(
            &writer,
            &reports[i],
            environment->command == NULL ? "ferry-sim" : environment->command);
    }
    writer_close(&writer, ']');
    writer_close(&writer, '}');
    (void)fputc('\n', out);
}
