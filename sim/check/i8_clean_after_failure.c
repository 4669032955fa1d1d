/* SPDX-License-Identifier: Apache-2.0 */
/* i8_clean_after_failure.c -- I8: after healing, a refused, cancelled or failed migration leaves
 * the source's guest running, unthrottled, and nothing behind on the target.
 *
 * Claim: at a healed END, for the latest migration of each guest:
 *   - if it ended as refused, cancelled or failed, the guest runs on the host that it should have
 * left, unless a host crash killed it (I2 verifies that excuse);
 *   - no guest that runs is throttled, unless its migration is still under way;
 * and for every migration with a final outcome, the host that does not have the guest because of it
 * (the target, or after a completed one the source) holds nothing of it: no memory, no session
 * record, no connection; and the host that has it keeps no dirty log. A target whose source host never
 * comes back gives the memory back as well, unless it may hold the only copy: it had said READY, or
 * owns the guest. Checked: at END, that one also if it is not healed; what is left behind is what the
 * world reports with LEFTOVER just before. Not covered: what else is left behind while the other host
 * is down or has lost its journal, or while a write to the journal of either failed and its daemon was not started
 * again, since nobody can answer for it; records of a migration on the side
 * that has the guest; the outcome UNKNOWN. */
#include "ferry/target.h"
#include "sim/check/checker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct migration {
    bool started;
    uint32_t guest;
    uint32_t from;
    uint32_t to;
    enum ferry_outcome_kind outcome;
    enum ferry_target_state target; /* as its events say, before it closed; 0: not known */
};

struct guest {
    uint32_t latest; /* migration, or SIM_CHECK_NONE */
    uint32_t throttle_percent;
    bool excused;
    bool claimed; /* by an operator, for a host: where it runs then is that order's doing */
};

struct leftover {
    uint32_t migration;
    uint32_t host;
    char what[40];
};

struct state {
    struct sim_checks *checks;
    struct sim_runners runners;
    struct guest *guests;
    struct migration *migrations;
    size_t migration_capacity;
    struct leftover *leftovers;
    size_t leftover_count;
    size_t leftover_capacity;
    bool *down; /* [host] */
    struct sim_journals journals;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));
    const uint32_t guests = sim_check_guests(checks);

    state->checks = checks;
    state->guests = sim_check_allocate(guests, sizeof(*state->guests));
    state->down = sim_check_allocate(sim_check_hosts(checks), sizeof(bool));
    sim_journals_init(&state->journals, sim_check_hosts(checks));
    sim_runners_init(&state->runners, guests);
    for (uint32_t i = 0; i < guests; i++) {
        state->guests[i].latest = SIM_CHECK_NONE;
    }
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    sim_runners_deinit(&state->runners);
    free(state->guests);
    free(state->migrations);
    free(state->leftovers);
    free(state->down);
    sim_journals_deinit(&state->journals);
    free(state);
}

static const struct migration *migration_at(const struct state *state, uint32_t index)
{
    if (index >= state->migration_capacity || !state->migrations[index].started) {
        return NULL;
    }
    return &state->migrations[index];
}

static bool ended_at_source(const struct migration *migration)
{
    return migration->outcome == FERRY_OUTCOME_FAILED ||
           migration->outcome == FERRY_OUTCOME_CANCELLED ||
           migration->outcome == FERRY_OUTCOME_REFUSED;
}

static void judge_guest(struct state *state, uint32_t index, ferry_time_ns now)
{
    const struct guest *guest = &state->guests[index];
    const struct migration *migration = migration_at(state, guest->latest);
    const struct sim_about about = {"I8", now, guest->latest, index};
    const bool under_way = migration != NULL && migration->outcome == FERRY_OUTCOME_NONE;

    if (migration != NULL && ended_at_source(migration) && !guest->excused && !guest->claimed &&
        !sim_runners_on(&state->runners, index, migration->from)) {
        sim_check_fail(
            state->checks,
            &about,
            "the migration ended as %s, but %s does not run on %s",
            ferry_outcome_name(migration->outcome),
            sim_check_guest(state->checks, index).text,
            sim_check_host(state->checks, migration->from).text);
    }
    if (guest->throttle_percent != 0 && !under_way &&
        sim_runners_count(&state->runners, index) != 0) {
        sim_check_fail(
            state->checks,
            &about,
            "%s is still throttled by %u %% at the end",
            sim_check_guest(state->checks, index).text,
            (unsigned)guest->throttle_percent);
    }
}

/* It cannot answer for the session. */
static bool mute(const struct state *state, uint32_t host)
{
    return host < sim_check_hosts(state->checks) &&
           (state->down[host] || sim_journals_lost(&state->journals, host));
}

/* Nor can it clean up: only the next start of its daemon does. */
static bool helpless(const struct state *state, uint32_t host)
{
    return mute(state, host) || sim_journals_broken(&state->journals, host);
}

/* The states in which a target has nothing that anybody could ever run. */
static bool worthless(enum ferry_target_state target)
{
    switch (target) {
    case FERRY_TARGET_PREPARING:
    case FERRY_TARGET_RECEIVING:
    case FERRY_TARGET_LOADING:
    case FERRY_TARGET_BURNED:
    case FERRY_TARGET_CLEANING:
    case FERRY_TARGET_LOST: return true;
    case FERRY_TARGET_WAITING:
    case FERRY_TARGET_READY:
    case FERRY_TARGET_OWNING:
    case FERRY_TARGET_STARTING:
    case FERRY_TARGET_RUNNING:
    case FERRY_TARGET_BURNING: /* a write that failed: only a restart tells */
    case FERRY_TARGET_CLOSED: return false;
    }
    return false;
}

/* The source never comes back, and the run has waited for as long as anything was to happen. */
static void judge_orphan(struct state *state, const struct leftover *leftover, ferry_time_ns now)
{
    const struct migration *migration = migration_at(state, leftover->migration);
    struct sim_about about = {"I8", now, leftover->migration, SIM_CHECK_NONE};

    if (migration == NULL || leftover->host != migration->to || !state->down[migration->from] ||
        mute(state, migration->to) || !worthless(migration->target) ||
        strcmp(leftover->what, "memory") != 0) {
        return;
    }
    about.guest = migration->guest;
    sim_check_fail(
        state->checks,
        &about,
        "%s is gone for good, but %s (%s) still holds for it: %s",
        sim_check_host(state->checks, migration->from).text,
        sim_check_host(state->checks, migration->to).text,
        ferry_target_state_name(migration->target),
        leftover->what);
}

static void judge_leftover(struct state *state, const struct leftover *leftover, ferry_time_ns now)
{
    const struct migration *migration = migration_at(state, leftover->migration);
    struct sim_about about = {"I8", now, leftover->migration, SIM_CHECK_NONE};
    uint32_t without;

    if (migration == NULL || helpless(state, migration->from) || helpless(state, migration->to)) {
        return;
    }
    if (strcmp(leftover->what, "dirty log") == 0) {
        without = leftover->host; /* of no use to anybody */
    } else if (ended_at_source(migration)) {
        without = migration->to;
    } else if (migration->outcome == FERRY_OUTCOME_COMPLETED) {
        without = migration->from;
    } else {
        return;
    }
    if (leftover->host == without) {
        about.guest = migration->guest;
        sim_check_fail(
            state->checks,
            &about,
            "the migration ended as %s, but %s still holds for it: %s",
            ferry_outcome_name(migration->outcome),
            sim_check_host(state->checks, without).text,
            leftover->what);
    }
}

static void judge_end(struct state *state, const struct sim_observation *seen)
{
    for (size_t i = 0; i < state->leftover_count && !seen->cut; i++) {
        judge_orphan(state, &state->leftovers[i], seen->at_ns);
    }
    if (!seen->healed) {
        return;
    }
    for (uint32_t i = 0; i < state->runners.guest_count; i++) {
        judge_guest(state, i, seen->at_ns);
    }
    for (size_t i = 0; i < state->leftover_count; i++) {
        judge_leftover(state, &state->leftovers[i], seen->at_ns);
    }
}

static void started(struct state *state, const struct sim_observation *seen)
{
    state->migrations = sim_check_grow(
        state->migrations,
        &state->migration_capacity,
        (size_t)seen->migration + 1,
        sizeof(*state->migrations));
    state->migrations[seen->migration] = (struct migration){
        .started = true, .guest = seen->guest, .from = seen->from, .to = seen->to};
    if (seen->guest < state->runners.guest_count) {
        state->guests[seen->guest].latest = seen->migration;
    }
}

static void left_over(struct state *state, const struct sim_observation *seen)
{
    struct leftover *leftover;

    state->leftovers = sim_check_grow(
        state->leftovers,
        &state->leftover_capacity,
        state->leftover_count + 1,
        sizeof(*state->leftovers));
    leftover = &state->leftovers[state->leftover_count++];
    leftover->migration = seen->migration;
    leftover->host = seen->host;
    (void)snprintf(
        leftover->what,
        sizeof(leftover->what),
        "%s",
        seen->text != NULL ? seen->text : "something");
}

static void observe_guest(struct guest *guest, const struct sim_observation *seen)
{
    if (seen->kind == SIM_OBSERVED_THROTTLE) {
        guest->throttle_percent = seen->throttle_percent;
    } else if (seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET) {
        guest->throttle_percent = 0; /* the new host has its own */
    } else if (seen->kind == SIM_OBSERVED_GUEST_AT_END) {
        guest->excused = seen->excuse != SIM_EXCUSE_NONE;
    } else if (seen->kind == SIM_OBSERVED_OPERATOR_CLAIM) {
        guest->claimed = true;
    }
}

static void observe_host(struct state *state, const struct sim_observation *seen)
{
    if (seen->host >= sim_check_hosts(state->checks)) {
        return;
    }
    if (seen->kind == SIM_OBSERVED_HOST_DOWN) {
        state->down[seen->host] = true;
    } else if (seen->kind == SIM_OBSERVED_HOST_UP) {
        state->down[seen->host] = false;
    }
}

static void observe_target(struct state *state, const struct sim_observation *seen)
{
    if (migration_at(state, seen->migration) == NULL) {
        return;
    }
    struct migration *migration = &state->migrations[seen->migration];
    if (seen->kind == SIM_OBSERVED_SIDE_RESTARTED) {
        if (seen->host == migration->to) {
            migration->target = 0; /* its next event tells */
        }
    } else if (
        seen->trace->target && seen->trace->kind == FERRY_TRACE_TARGET_STATE &&
        seen->trace->field[1] != FERRY_TARGET_CLOSED) {
        migration->target = (enum ferry_target_state)seen->trace->field[1];
    }
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;

    sim_runners_observe(&state->runners, seen);
    observe_host(state, seen);
    sim_journals_observe(&state->journals, seen);
    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED) {
        started(state, seen);
    } else if (seen->kind == SIM_OBSERVED_OUTCOME) {
        if (migration_at(state, seen->migration) != NULL) {
            state->migrations[seen->migration].outcome = seen->outcome->kind;
        }
    } else if (seen->kind == SIM_OBSERVED_TRACE || seen->kind == SIM_OBSERVED_SIDE_RESTARTED) {
        observe_target(state, seen);
    } else if (seen->kind == SIM_OBSERVED_LEFTOVER) {
        left_over(state, seen);
    } else if (seen->kind == SIM_OBSERVED_END) {
        judge_end(state, seen);
    } else if (seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET) {
        const struct migration *migration = migration_at(state, seen->migration);

        if (migration != NULL && migration->guest < state->runners.guest_count) {
            observe_guest(&state->guests[migration->guest], seen);
        }
    } else if (seen->guest < state->runners.guest_count) {
        observe_guest(&state->guests[seen->guest], seen);
    }
}

static void finish(void *opaque, ferry_time_ns now)
{
    (void)opaque;
    (void)now;
}

const struct sim_checker sim_checker_clean_after_failure = {
    .id = "I8",
    .claim =
        "after a failure the guest runs at the source, unthrottled, and nothing is left behind",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
