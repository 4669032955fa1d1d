/* SPDX-License-Identifier: Apache-2.0 */
/* sample.c -- builds the sample. */
#include "sample.h"

#include <stdlib.h>
#include <string.h>

static const char scenario_text[] =
    "version: 1\n"
    "name: sample\n"
    "hosts:\n"
    "  h1: {memory: 64 GiB}\n"
    "  h2: {memory: 64 GiB}\n"
    "networks:\n"
    "  mig: {hosts: [h1, h2], bandwidth: 10 Gbit/s, latency: 50 us}\n"
    "guests:\n"
    "  g: {host: h1, memory: 1 GiB, clients: {rate: 100 /s, timeout: 1 s}}\n"
    "  idle: {host: h2, memory: 1 GiB}\n"
    "steps:\n"
    "  - {at: 1 s, move: g, to: h2}\n"
    "faults:\n"
    "  - {at: 2 s, network: mig, down_for: 1 s}\n";

static const struct ferry_round rounds[] = {
    {
     .pages = 1000,
     .zero_pages = 100,
     .bytes = 3700000,
     .duration_ns = 900000000,
     .dirty_after = 10,
     },
    {
     .pages = 10,
     .bytes = 41000,
     .duration_ns = 10000001,
     .final = true,
     .attempt = 2,
     },
};

struct ferry_outcome sample_outcome(void)
{
    return (struct ferry_outcome){
        .kind = FERRY_OUTCOME_COMPLETED,
        .reason = "the guest runs at the target",
        .verdict = {.decision = FERRY_DECIDE_SWITCH, .rule = FERRY_RULE_WITHIN_LIMIT},
        .total_ns = 1000000001,
        .predicted_blackout_ns = 40000000,
        .blackout =
            {
                    .total_ns = 45000000,
                    .capture_ns = 10000000,
                    .collect_ns = 5000000,
                    .transfer_ns = 15000000,
                    .load_ns = 10000000,
                    .ready_ns = 50000,
                    .grant_persist_ns = 1000000,
                    .grant_ns = 50000,
                    .owner_persist_ns = 1000000,
                    .resume_ns = 2900000,
                    },
        .aborted_count = 1,
        .aborted[0] =
            {
                    .attempt = 1,
                    .paused_ns = 290000000,
                    .predicted_ns = 100000000,
                    .reason = FERRY_LIMIT_NO_CONVERGENCE,
                    },
        .round_count = 2,
        .rounds = rounds,
        .wire_bytes = 3741000,
        .resent_bytes = 4096,
        .reconnects = 1,
    };
}

static struct scenario *load(const char *expect)
{
    struct scenario_errors errors = {.items = NULL};
    struct scenario *scenario = NULL;
    FILE *stream = sample_open();

    (void)fputs(scenario_text, stream);
    if (expect[0] != '\0') {
        (void)fprintf(stream, "expect:\n%s", expect);
    }
    char *text = sample_take(stream);

    if (scenario_load_text("sample.yaml", text, strlen(text), &scenario, &errors) != SCENARIO_OK) {
        (void)fprintf(stderr, "%s\n", errors.count > 0 ? errors.items[0].message : "no memory");
        abort();
    }
    scenario_errors_free(&errors);
    free(text);
    return scenario;
}

void sample_make(struct sample *sample, const char *expect)
{
    const struct ferry_outcome outcome = sample_outcome();

    sample->scenario = load(expect);
    struct sim_result *result = &sample->result;

    sim_result_init(result, sample->scenario, 7);
    const uint32_t migration = sim_result_add_migration(result, 0, 0, 0, 1);

    sim_result_outcome(result, migration, &outcome);
    result->migrations[migration].asked_at_ns = 1000000000;
    result->migrations[migration].queued_ns = 250000000;
    result->migrations[migration].started_at_ns = 1250000000;
    result->migrations[migration].paused_at_ns = 2200000000;
    result->migrations[migration].source_session = SCENARIO_SESSION_NONE;
    result->migrations[migration].target_session = SCENARIO_SESSION_OWNED;
    sim_result_add_client(
        result,
        &(struct sim_client){
            .guest = 0,
            .sent = 2000,
            .failed = 3,
            .longest_gap_ns = 45200000,
            .p99_ns = 200000,
        });
    result->guests[0] = (struct sim_guest_end){.place = SCENARIO_PLACE_RUNNING, .host = 1};
    result->guests[1] = (struct sim_guest_end){.place = SCENARIO_PLACE_RUNNING, .host = 1};
    result->hash = UINT64_C(0x00c0ffee00c0ffee);
    result->events = 123;
    result->virtual_ns = 3000000007;
    result->wall_ns = 12000000;
}

void sample_free(struct sample *sample)
{
    sim_result_deinit(&sample->result);
    scenario_free(sample->scenario);
}

void sample_event(struct sample *sample, uint64_t number)
{
    const enum sim_side side = (enum sim_side)(number % SIM_SIDES);

    sim_result_event(
        &sample->result,
        &(struct sim_event){
            .number = number,
            .at_ns = (int64_t)number * 1000000,
            .hash = number * 17,
            .side = side,
            .host = side == SIM_SIDE_TARGET ? 1 : 0,
            .migration = side == SIM_SIDE_WORLD ? SIM_RESULT_NONE : 0,
            .kind = side == SIM_SIDE_WORLD ? "FAULT" : "MESSAGE_SENT",
            .field_name = {"type", "bytes"        },
            .field = {3,      (int64_t)number},
            .text = side == SIM_SIDE_WORLD ? "mig" : NULL,
    });
}

void sample_events(struct sample *sample, uint64_t count)
{
    for (uint64_t number = 1; number <= count; number++) {
        sample_event(sample, number);
    }
}

/* One stream at a time is enough. */
static char *taken_text;
static size_t taken_size;

FILE *sample_open(void)
{
    FILE *stream = open_memstream(&taken_text, &taken_size);

    if (stream == NULL) {
        abort();
    }
    return stream;
}

char *sample_take(FILE *stream)
{
    if (fclose(stream) != 0) {
        abort();
    }
    return taken_text;
}
