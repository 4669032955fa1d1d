/* SPDX-License-Identifier: Apache-2.0 */
/* i7_ends_once.c -- I7: every migration ends, with one outcome and one reason, and its events tell
 * the same as its statistics.
 *
 * Claim: each migration that started reports one final outcome (completed, failed, cancelled,
 * refused), with a sentence that says why and a status which is OK exactly when it completed;
 * before it there may be one UNKNOWN, which at a healed end must have been followed by a final one.
 * What it says of the guest is true: completed means that it resumed at the target (or that the
 * target's host crashed after it had begun to own the guest, and the session was not burned since:
 * then the guest was the target's when it died), the other final ones that it never did, and
 * refused that no page was sent. A source that comes back from its journal may report its final
 * outcome again, but not the opposite one. The statistics against the events: i7_story.c.
 * Checked: at OUTCOME, at RESUMED_AT_TARGET, and at END.
 * Not covered: a migration whose source's engine is down at the end: nobody is there to report;
 * statistics of a source that came back from its journal, but for the sums; UNKNOWN where a host
 * has lost its journal, or a write to it failed and its daemon was not started again: only an operator can end that; what a guest does after a claim. */
#include "sim/check/checker.h"
#include "sim/check/i7_story.h"

#include <stdlib.h>
#include <string.h>

struct migration {
    bool started;
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    ferry_time_ns started_at;
    ferry_time_ns paused_at; /* the latest pause */
    bool source_down;
    bool resumed_at_target;
    uint32_t resumed_attempt; /* by which it was */
    bool owning;              /* the target has issued its OWNER record */
    bool died_owning;         /* and its host crashed after that */
    bool burned;              /* the target has issued its BURNED record */
    bool claimed;             /* an operator claimed the guest while or after it moved */
    struct sim_networks networks;
    bool batches;                  /* pages were sent */
    enum ferry_outcome_kind final; /* of any life; NONE: not yet */
    enum ferry_outcome_kind last;  /* of this life, UNKNOWN included */
    struct story story;
};

struct state {
    struct sim_checks *checks;
    struct sim_faults faults;
    struct migration *migrations;
    size_t capacity;
    struct sim_journals journals;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));

    state->checks = checks;
    sim_journals_init(&state->journals, sim_check_hosts(checks));
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    for (size_t i = 0; i < state->capacity; i++) {
        story_deinit(&state->migrations[i].story);
    }
    sim_faults_deinit(&state->faults);
    free(state->migrations);
    sim_journals_deinit(&state->journals);
    free(state);
}

static void started(struct state *state, const struct sim_observation *seen)
{
    struct migration *migration;

    state->migrations = sim_check_grow(
        state->migrations,
        &state->capacity,
        (size_t)seen->migration + 1,
        sizeof(*state->migrations));
    migration = &state->migrations[seen->migration];
    story_deinit(&migration->story);
    *migration = (struct migration){
        .started = true,
        .guest = seen->guest,
        .from = seen->from,
        .to = seen->to,
        .started_at = seen->at_ns,
        .paused_at = seen->at_ns,
    };
}

static bool is_final(enum ferry_outcome_kind kind)
{
    return kind != FERRY_OUTCOME_NONE && kind != FERRY_OUTCOME_UNKNOWN;
}

static struct sim_about
about_migration(const struct state *state, const struct migration *migration, ferry_time_ns now)
{
    const uint32_t index = (uint32_t)(migration - state->migrations);

    return (struct sim_about){"I7", now, index, migration->guest};
}

/* One outcome, with one reason, in the right order. */
static void judge_form(
    struct state *state, const struct migration *migration, const struct sim_observation *seen)
{
    const struct ferry_outcome *outcome = seen->outcome;
    const struct sim_about about = about_migration(state, migration, seen->at_ns);
    const bool completed = outcome->kind == FERRY_OUTCOME_COMPLETED;

    if (migration->last == FERRY_OUTCOME_UNKNOWN ? outcome->kind == FERRY_OUTCOME_UNKNOWN
                                                 : migration->last != FERRY_OUTCOME_NONE) {
        sim_check_fail(
            state->checks,
            &about,
            "reports %s after it has reported %s",
            ferry_outcome_name(outcome->kind),
            ferry_outcome_name(migration->last));
    }
    if (outcome->kind == FERRY_OUTCOME_NONE) {
        sim_check_fail(state->checks, &about, "reports an end without an outcome");
    }
    if (outcome->reason[0] == '\0' ||
        memchr(outcome->reason, '\0', sizeof(outcome->reason)) == NULL) {
        sim_check_fail(
            state->checks,
            &about,
            "reports %s without a sentence that says why",
            ferry_outcome_name(outcome->kind));
    }
    if (completed != (outcome->status == FERRY_OK)) {
        sim_check_fail(
            state->checks,
            &about,
            "reports %s with status %s",
            ferry_outcome_name(outcome->kind),
            ferry_status_name(outcome->status));
    }
}

/* What it says of the guest. */
static void judge_truth(
    struct state *state, const struct migration *migration, const struct sim_observation *seen)
{
    const enum ferry_outcome_kind kind = seen->outcome->kind;
    const struct sim_about about = about_migration(state, migration, seen->at_ns);

    if (!is_final(kind)) {
        return;
    }
    if (kind == FERRY_OUTCOME_COMPLETED && !migration->resumed_at_target &&
        migration->died_owning && !migration->burned) {
        return; /* it was the target's, and died with its host before the run call */
    }
    if ((kind == FERRY_OUTCOME_COMPLETED) != migration->resumed_at_target && !migration->claimed) {
        sim_check_fail(
            state->checks,
            &about,
            "reports %s, but the guest %s at the target",
            ferry_outcome_name(kind),
            migration->resumed_at_target ? "was resumed" : "was never resumed");
    }
    if (kind == FERRY_OUTCOME_REFUSED && migration->batches) {
        sim_check_fail(state->checks, &about, "reports refused, but pages were sent");
    }
    if (is_final(migration->final) &&
        (kind == FERRY_OUTCOME_COMPLETED) != (migration->final == FERRY_OUTCOME_COMPLETED)) {
        sim_check_fail(
            state->checks,
            &about,
            "reports %s after a restart; before it, %s",
            ferry_outcome_name(kind),
            ferry_outcome_name(migration->final));
    }
}

static void
ended(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    const struct sim_pause since_pause = {
        .from = migration->from,
        .to = migration->to,
        .networks = migration->networks.since_pause,
        .measured_since = migration->paused_at,
        .begun_ns = migration->paused_at,
        .ended_ns = seen->at_ns,
    };
    const struct story_judge judge = {
        .checks = state->checks,
        .about = about_migration(state, migration, seen->at_ns),
        .started_at = migration->started_at,
        .paused_at = migration->paused_at,
        .rolled_back = migration->claimed ? migration->resumed_attempt : 0,
        .fault = sim_faults_excuse(&state->faults, &since_pause),
        .faults = &state->faults,
        .from = migration->from,
        .to = migration->to,
    };

    judge_form(state, migration, seen);
    judge_truth(state, migration, seen);
    if (is_final(seen->outcome->kind)) {
        story_compare(&migration->story, &judge, seen);
        migration->final = seen->outcome->kind;
    }
    migration->last = seen->outcome->kind;
}

static void
resumed(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    const struct sim_about about = about_migration(state, migration, seen->at_ns);

    migration->resumed_at_target = true;
    migration->resumed_attempt = seen->attempt;
    if (is_final(migration->final) && migration->final != FERRY_OUTCOME_COMPLETED &&
        !migration->claimed) {
        sim_check_fail(
            state->checks,
            &about,
            "the guest is resumed at the target after %s was reported",
            ferry_outcome_name(migration->final));
    }
}

static void target_said(struct migration *migration, enum ferry_trace_kind kind)
{
    if (kind == FERRY_TRACE_OWNER_ISSUED) {
        migration->owning = true;
    } else if (kind == FERRY_TRACE_BURN_ISSUED) {
        migration->burned = true;
    }
}

static void
follow(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    const bool of_source = seen->host == migration->from;

    story_observe(&migration->story, seen);
    sim_networks_observe(&migration->networks, seen);
    if (seen->kind == SIM_OBSERVED_OUTCOME) {
        ended(state, migration, seen);
    } else if (seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET) {
        resumed(state, migration, seen);
    } else if (seen->kind == SIM_OBSERVED_TRACE && seen->trace->target) {
        target_said(migration, seen->trace->kind);
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_PAUSED) {
        migration->paused_at = seen->at_ns;
    } else if (seen->kind == SIM_OBSERVED_PAYLOAD && seen->payload != SIM_PAYLOAD_FRAMING) {
        migration->batches = true;
    } else if (seen->kind == SIM_OBSERVED_SIDE_LOST && of_source) {
        migration->source_down = true;
    } else if (seen->kind == SIM_OBSERVED_SIDE_RESTARTED && of_source) {
        migration->source_down = false;
        migration->last = FERRY_OUTCOME_NONE;
        story_restart(&migration->story);
    }
}

static bool names_migration(enum sim_observed kind)
{
    return kind == SIM_OBSERVED_OUTCOME || kind == SIM_OBSERVED_RESUMED_AT_TARGET ||
           kind == SIM_OBSERVED_NETWORK_USED || kind == SIM_OBSERVED_ATTEMPT_PAUSED ||
           kind == SIM_OBSERVED_ATTEMPT_RESUMED || kind == SIM_OBSERVED_PAYLOAD ||
           kind == SIM_OBSERVED_TRACE || kind == SIM_OBSERVED_SIDE_LOST ||
           kind == SIM_OBSERVED_SIDE_RESTARTED;
}

static void judge_end(struct state *state, const struct sim_observation *seen)
{
    for (size_t i = 0; i < state->capacity; i++) {
        const struct migration *migration = &state->migrations[i];
        const struct sim_about about = about_migration(state, migration, seen->at_ns);

        if (!migration->started || migration->source_down || is_final(migration->final)) {
            continue;
        }
        if (migration->last == FERRY_OUTCOME_NONE && seen->cut) {
            continue; /* the scenario's own end came first: it is judged as it stands */
        }
        if (migration->last == FERRY_OUTCOME_NONE) {
            sim_check_fail(state->checks, &about, "the migration never ended");
        } else if (
            seen->healed && !sim_journals_mute(&state->journals, migration->from) &&
            !sim_journals_mute(&state->journals, migration->to)) {
            sim_check_fail(
                state->checks,
                &about,
                "the outcome is still unknown, although everything is healed and no journal was "
                "lost or is broken");
        }
    }
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;

    sim_faults_observe(&state->faults, seen);
    sim_journals_observe(&state->journals, seen);
    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED) {
        started(state, seen);
    } else if (seen->kind == SIM_OBSERVED_HOST_DOWN) {
        for (size_t i = 0; i < state->capacity; i++) {
            struct migration *migration = &state->migrations[i];
            if (migration->started && migration->to == seen->host && migration->owning) {
                migration->died_owning = true;
            }
        }
    } else if (seen->kind == SIM_OBSERVED_OPERATOR_CLAIM) {
        for (size_t i = 0; i < state->capacity; i++) {
            if (state->migrations[i].started && state->migrations[i].guest == seen->guest) {
                state->migrations[i].claimed = true;
            }
        }
    } else if (seen->kind == SIM_OBSERVED_END) {
        judge_end(state, seen);
    } else if (names_migration(seen->kind) && seen->migration < state->capacity) {
        if (state->migrations[seen->migration].started) {
            follow(state, &state->migrations[seen->migration], seen);
        }
    }
}

static void finish(void *opaque, ferry_time_ns now)
{
    (void)opaque;
    (void)now;
}

const struct sim_checker sim_checker_ends_once = {
    .id = "I7",
    .claim = "every migration ends, with one outcome and one reason, as its events tell it",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
