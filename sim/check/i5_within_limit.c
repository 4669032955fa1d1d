/* SPDX-License-Identifier: Apache-2.0 */
/* i5_within_limit.c -- I5: every completed blackout and every aborted attempt's pause is within the
 * limit.
 *
 * Claim: from ATTEMPT_PAUSED to RESUMED_AT_TARGET, or to ATTEMPT_RESUMED, no more time passes than
 * the blackout limit allows (the largest one that was in force during the pause: an operator may
 * change it), unless
 *   - there is no limit: none was given; or it is the switch that `switch-anyway` orders when there
 *     is no convergence (the engine's last VERDICT says so, and the move was started with that
 *     policy); or an operator ordered the switch, and the engine's last VERDICT obeys; or
 *   - a host's clock was wrong, and it is within the limit as that clock shows it; or
 *   - a fault excuses it, which the checker names: sim_faults_excuse() says what counts. One of a network
 * that the migration did not use between the pause and its end excuses nothing. A steady
 * fault that the migration has measured for a whole live round excuses nothing: its bandwidth was
 * in the prediction. Checked: at RESUMED_AT_TARGET and ATTEMPT_RESUMED, and at a healed END for a
 * pause that has not ended. Not covered: whether an aborted attempt could have succeeded; what
 * clients felt. */
#include "sim/check/checker.h"

#include <stdlib.h>

struct migration {
    bool started;
    bool ordered; /* an operator wants the switch now */
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    enum ferry_no_convergence on_no_convergence;
    enum ferry_rule rule; /* of the source's latest verdict */
    ferry_time_ns limit;
    ferry_time_ns limit_in_pause; /* the largest one of this pause */
    ferry_time_ns measured_since; /* begin of the latest live round */
    bool paused;
    uint32_t attempt;
    ferry_time_ns paused_at;
    struct sim_networks networks;
};

struct state {
    struct sim_checks *checks;
    struct sim_faults faults;
    struct migration *migrations;
    size_t capacity;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));

    state->checks = checks;
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    sim_faults_deinit(&state->faults);
    free(state->migrations);
    free(state);
}

static void started(struct state *state, const struct sim_observation *seen)
{
    state->migrations = sim_check_grow(
        state->migrations,
        &state->capacity,
        (size_t)seen->migration + 1,
        sizeof(*state->migrations));
    state->migrations[seen->migration] = (struct migration){
        .started = true,
        .guest = seen->guest,
        .from = seen->from,
        .to = seen->to,
        .on_no_convergence = seen->on_no_convergence,
        .limit = seen->blackout_limit,
        .measured_since = seen->at_ns,
    };
}

static void
judge(struct state *state, const struct migration *migration, const struct sim_observation *seen)
{
    const ferry_time_ns length = seen->at_ns - migration->paused_at;
    const bool anyway = (migration->on_no_convergence == FERRY_SWITCH_ANYWAY &&
                         migration->rule == FERRY_RULE_SWITCH_ANYWAY) ||
                        (migration->ordered && migration->rule == FERRY_RULE_OPERATOR);
    const struct sim_pause pause = {
        .from = migration->from,
        .to = migration->to,
        .networks = migration->networks.since_pause,
        .measured_since = migration->measured_since,
        .begun_ns = migration->paused_at,
        .ended_ns = seen->at_ns,
    };
    const uint32_t index = (uint32_t)(migration - state->migrations);
    const struct sim_about about = {"I5", seen->at_ns, index, migration->guest};
    const struct sim_label guest = sim_check_guest(state->checks, migration->guest);
    const struct sim_fault_seen *fault;
    const ferry_time_ns error = sim_faults_clock_error(&state->faults, &pause);

    if (anyway || length - error <= migration->limit_in_pause) {
        return;
    }
    fault = sim_faults_excuse(&state->faults, &pause);
    if (fault != NULL) {
        sim_check_excuse(
            state->checks,
            &about,
            "%s stood still for %s in attempt %u, over the limit of %s, because of: %s",
            guest.text,
            sim_check_time(length).text,
            (unsigned)migration->attempt,
            sim_check_time(migration->limit_in_pause).text,
            fault->text);
    } else {
        sim_check_fail(
            state->checks,
            &about,
            "%s stood still for %s in attempt %u, which %s; the limit is %s, and no fault excuses "
            "it",
            guest.text,
            sim_check_time(length).text,
            (unsigned)migration->attempt,
            seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET ? "was completed"
            : seen->kind == SIM_OBSERVED_ATTEMPT_RESUMED ? "was aborted"
                                                         : "never ended",
            sim_check_time(migration->limit_in_pause).text);
    }
}

static void traced(struct migration *migration, const struct ferry_trace_event *event)
{
    if (event->target) {
        return;
    }
    if (event->kind == FERRY_TRACE_VERDICT) {
        migration->rule = (enum ferry_rule)event->field[1];
    } else if (event->kind == FERRY_TRACE_ROUND_BEGUN && event->field[2] == 0) {
        migration->measured_since = event->at;
    }
}

static void
follow(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    sim_networks_observe(&migration->networks, seen);
    if (seen->kind == SIM_OBSERVED_LIMIT_CHANGED) {
        migration->limit = seen->blackout_limit;
        if (seen->blackout_limit > migration->limit_in_pause) {
            migration->limit_in_pause = seen->blackout_limit;
        }
    } else if (seen->kind == SIM_OBSERVED_OPERATOR_SWITCH) {
        migration->ordered = true;
    } else if (seen->kind == SIM_OBSERVED_TRACE) {
        traced(migration, seen->trace);
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_PAUSED) {
        migration->paused = true;
        migration->attempt = seen->attempt;
        migration->paused_at = seen->at_ns;
        migration->limit_in_pause = migration->limit;
    } else if (migration->paused) {
        if (seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET ||
            seen->kind == SIM_OBSERVED_ATTEMPT_RESUMED) {
            judge(state, migration, seen);
            migration->paused = false;
        }
    }
}

static bool names_migration(enum sim_observed kind)
{
    return kind == SIM_OBSERVED_LIMIT_CHANGED || kind == SIM_OBSERVED_OPERATOR_SWITCH ||
           kind == SIM_OBSERVED_TRACE || kind == SIM_OBSERVED_NETWORK_USED ||
           kind == SIM_OBSERVED_ATTEMPT_PAUSED || kind == SIM_OBSERVED_ATTEMPT_RESUMED ||
           kind == SIM_OBSERVED_RESUMED_AT_TARGET;
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;

    sim_faults_observe(&state->faults, seen);
    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED) {
        started(state, seen);
    } else if (names_migration(seen->kind) && seen->migration < state->capacity) {
        struct migration *migration = &state->migrations[seen->migration];

        if (migration->started) {
            follow(state, migration, seen);
        }
    } else if (seen->kind == SIM_OBSERVED_END && seen->healed) {
        for (size_t i = 0; i < state->capacity; i++) {
            if (state->migrations[i].paused) {
                judge(state, &state->migrations[i], seen);
            }
        }
    }
}

static void finish(void *opaque, ferry_time_ns now)
{
    (void)opaque;
    (void)now;
}

const struct sim_checker sim_checker_within_limit = {
    .id = "I5",
    .claim =
        "every blackout and every aborted pause is within the limit, or a named fault excuses it",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
