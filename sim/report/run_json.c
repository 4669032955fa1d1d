/* SPDX-License-Identifier: Apache-2.0 */
/* run_json.c -- writes the keys in the order of docs/json.md. */
#include "sim/report/run_json.h"

#include "sim/report/json_writer.h"

/* A time that may not exist. */
static void member_seconds_or_null(struct json_writer *writer, const char *key, bool is, int64_t ns)
{
    json_key(writer, key);
    if (is) {
        json_seconds(writer, ns);
    } else {
        json_null(writer);
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
    const bool completed = outcome->kind == FERRY_OUTCOME_COMPLETED;

    member_seconds_or_null(writer, "blackout_s", completed, blackout->total_ns);
    json_key(writer, "blackout_parts");
    json_open(writer, '{');
    if (completed) {
        json_member_seconds(writer, "capture_s", blackout->capture_ns);
        json_member_seconds(writer, "collect_s", blackout->collect_ns);
        json_member_seconds(writer, "transfer_s", blackout->transfer_ns);
        json_member_seconds(writer, "load_s", blackout->load_ns);
        json_member_seconds(writer, "ready_s", blackout->ready_ns);
        json_member_seconds(writer, "grant_persist_s", blackout->grant_persist_ns);
        json_member_seconds(writer, "grant_s", blackout->grant_ns);
        json_member_seconds(writer, "owner_persist_s", blackout->owner_persist_ns);
        json_member_seconds(writer, "resume_s", blackout->resume_ns);
    }
    json_close(writer, '}');
    member_seconds_or_null(
        writer,
        "predicted_blackout_s",
        outcome->predicted_blackout_ns > 0 && outcome->predicted_blackout_ns != FERRY_TIME_NEVER,
        outcome->predicted_blackout_ns);
}

static void write_aborted(struct json_writer *writer, const struct ferry_outcome *outcome)
{
    json_key(writer, "aborted_attempts");
    json_open(writer, '[');
    for (uint32_t i = 0; i < outcome->aborted_count && i < FERRY_ATTEMPTS_MAX; i++) {
        const struct ferry_aborted_attempt *aborted = &outcome->aborted[i];

        json_open(writer, '{');
        json_member_unsigned(writer, "attempt", aborted->attempt);
        json_member_seconds(writer, "paused_s", aborted->paused_ns);
        member_seconds_or_null(
            writer,
            "predicted_s",
            aborted->predicted_ns != FERRY_TIME_NEVER,
            aborted->predicted_ns);
        json_member_string(writer, "reason", ferry_status_sentence(aborted->reason));
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_rounds(struct json_writer *writer, const struct ferry_outcome *outcome)
{
    const uint32_t kept =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT;

    json_key(writer, "rounds");
    json_open(writer, '[');
    for (uint32_t i = 0; outcome->rounds != NULL && i < kept; i++) {
        const struct ferry_round *round = &outcome->rounds[i];

        json_open(writer, '{');
        json_member_unsigned(writer, "pages", round->pages);
        json_member_unsigned(writer, "zero_pages", round->zero_pages);
        json_member_unsigned(writer, "bytes", round->bytes);
        json_member_seconds(writer, "seconds", round->duration_ns);
        json_member_unsigned(writer, "dirty_after", round->dirty_after);
        json_key(writer, "final");
        json_bool(writer, round->final);
        json_close(writer, '}');
    }
    json_close(writer, ']');
}

static void write_migration(
    struct json_writer *writer,
    const struct scenario *scenario,
    const struct sim_migration *migration)
{
    const struct ferry_outcome *outcome = &migration->outcome;

    json_open(writer, '{');
    json_member_string(writer, "guest", scenario->guests[migration->guest].name);
    json_member_string(writer, "from", scenario->hosts[migration->from].name);
    json_key(writer, "to");
    if (migration->to < scenario->host_count) {
        json_string(writer, scenario->hosts[migration->to].name);
    } else {
        json_null(writer); /* a drain found no host with room */
    }
    json_member_string(writer, "outcome", outcome_word(outcome->kind));
    json_member_string(writer, "reason", outcome->reason);
    json_member_string(writer, "rule", ferry_rule_name(outcome->verdict.rule));
    json_member_seconds(writer, "queued_s", migration->queued_ns);
    json_member_seconds(writer, "total_s", outcome->total_ns);
    write_blackout(writer, outcome);
    write_aborted(writer, outcome);
    write_rounds(writer, outcome);
    json_member_unsigned(writer, "wire_bytes", outcome->wire_bytes);
    json_close(writer, '}');
}

static void write_client(
    struct json_writer *writer, const struct scenario *scenario, const struct sim_client *client)
{
    json_open(writer, '{');
    json_member_string(writer, "name", scenario->guests[client->guest].name);
    json_member_unsigned(writer, "sent", client->sent);
    json_member_unsigned(writer, "failed", client->failed);
    json_member_seconds(writer, "longest_gap_s", client->longest_gap_ns);
    json_member_seconds(writer, "p99_s", client->p99_ns);
    json_close(writer, '}');
}

void run_json_details(FILE *out, const struct sim_result *result)
{
    struct json_writer writer = json_writer_on(out);

    json_key(&writer, "migrations");
    json_open(&writer, '[');
    for (size_t i = 0; i < result->migration_count; i++) {
        write_migration(&writer, result->scenario, &result->migrations[i]);
    }
    json_close(&writer, ']');
    json_key(&writer, "clients");
    json_open(&writer, '[');
    for (size_t i = 0; i < result->client_count; i++) {
        write_client(&writer, result->scenario, &result->clients[i]);
    }
    json_close(&writer, ']');
}

static void write_run(struct json_writer *writer, const struct run_report *report)
{
    const struct report_summary *summary = &report->summary;

    json_open(writer, '{');
    json_member_string(writer, "scenario", report->file);
    json_member_string(writer, "name", report->name);
    json_member_unsigned(writer, "seed", report->seed);
    json_member_string(writer, "verdict", sim_verdict_name(summary->verdict));
    json_key(writer, "hash");
    json_hex(writer, summary->hash);
    json_member_seconds(writer, "virtual_s", summary->virtual_ns);
    json_member_seconds(writer, "wall_s", summary->wall_ns);
    json_member_unsigned(writer, "events", summary->events);
    json_raw(
        writer, report->details[0] == '\0' ? "\"migrations\":[],\"clients\":[]" : report->details);
    json_key(writer, "failures");
    json_open(writer, '[');
    for (size_t i = 0; i < report->failure_count; i++) {
        const struct report_failure *failure = &report->failures[i];

        json_open(writer, '{');
        json_member_string(writer, "id", failure->id);
        json_member_string(writer, "message", failure->message);
        json_member_seconds(writer, "at_s", failure->at_ns);
        json_close(writer, '}');
    }
    json_close(writer, ']');
    json_close(writer, '}');
}

void run_json_document(
    FILE *out,
    const struct environment *environment,
    const struct run_report *reports,
    size_t count)
{
    struct json_writer writer = json_writer_on(out);

    json_open(&writer, '{');
    json_member_unsigned(&writer, "version", RUN_JSON_VERSION);
    json_key(&writer, "environment");
    json_open(&writer, '{');
    json_member_string(&writer, "ferry", environment->ferry);
    json_member_string(&writer, "architecture", environment->architecture);
    json_member_string(&writer, "simgrid", environment->simgrid);
    json_close(&writer, '}');
    json_key(&writer, "runs");
    json_open(&writer, '[');
    for (size_t i = 0; i < count; i++) {
        json_line(&writer);
        write_run(&writer, &reports[i]);
    }
    json_close(&writer, ']');
    json_close(&writer, '}');
    (void)fputc('\n', out);
}
