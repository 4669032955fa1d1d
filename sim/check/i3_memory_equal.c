/* SPDX-License-Identifier: Apache-2.0 */
/* i3_memory_equal.c -- I3: at the moment of resume every page of RAM and the device state equal the
 * source's at the pause.
 *
 * Claim: whenever a guest begins to run on another host than the one where it ran last, the world
 * has compared at that very instant, all of the guest's pages and its device state, and found no
 * difference; and what it compared with is the pause of the attempt that resumes, after which the
 * guest has not run at the source any more. Checked: at RESUMED_AT_TARGET and at GUEST_RUNNING. Not
 * covered: the comparison itself, which is the world's (it counts the pages it looked at, so that
 * one which looks at too few is found out); disks; the first run after an operator's claim, on the
 * host that it was for: a roll-back, if the guest had run elsewhere meanwhile, which that order risked; a guest that runs on where it ran (an aborted
 * attempt: its memory was never away). */
#include "sim/check/checker.h"

#include <inttypes.h>
#include <stdlib.h>

struct migration {
    bool started;
    uint32_t guest;
    uint32_t to;
    uint32_t attempt; /* the latest one that paused */
    bool paused;      /* and has not resumed at the source */
};

struct guest {
    bool ran;
    uint32_t host; /* where it ran last */
    bool claimed;  /* by an operator, for a host; no run has used it up */
    uint32_t claimed_host;
    bool compared; /* a comparison is there that no run has used up */
    uint32_t compared_host;
    uint64_t compared_epoch;
    ferry_time_ns compared_at;
};

struct state {
    struct sim_checks *checks;
    struct guest *guests;
    struct migration *migrations;
    size_t migration_capacity;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));

    state->checks = checks;
    state->guests = sim_check_allocate(sim_check_guests(checks), sizeof(*state->guests));
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    free(state->guests);
    free(state->migrations);
    free(state);
}

static struct migration *migration_of(struct state *state, uint32_t index)
{
    if (index >= state->migration_capacity || !state->migrations[index].started) {
        return NULL;
    }
    return &state->migrations[index];
}

static void started(struct state *state, const struct sim_observation *seen)
{
    state->migrations = sim_check_grow(
        state->migrations,
        &state->migration_capacity,
        (size_t)seen->migration + 1,
        sizeof(*state->migrations));
    state->migrations[seen->migration] =
        (struct migration){.started = true, .guest = seen->guest, .to = seen->to};
}

static void
judge_pages(struct state *state, const struct sim_about *about, const struct sim_observation *seen)
{
    const struct sim_label guest = sim_check_guest(state->checks, about->guest);
    const uint64_t pages = sim_check_guest_pages(state->checks, about->guest);

    if (seen->total_pages != pages || seen->compared_pages != pages) {
        sim_check_fail(
            state->checks,
            about,
            "%s has %" PRIu64 " pages, but %" PRIu64 " of %" PRIu64 " were compared at its resume",
            guest.text,
            pages,
            seen->compared_pages,
            seen->total_pages);
    }
    if (seen->mismatching_pages != 0) {
        sim_check_fail(
            state->checks,
            about,
            "%s resumed with %" PRIu64 " pages that differ from the source's at the pause of "
            "attempt %u; the first is page %" PRIu64,
            guest.text,
            seen->mismatching_pages,
            (unsigned)seen->attempt,
            seen->first_mismatch);
    }
    if (seen->source_state_digest != seen->target_state_digest) {
        sim_check_fail(
            state->checks,
            about,
            "%s resumed with a device state of digest %08" PRIx32
            " where the source saved %08" PRIx32,
            guest.text,
            seen->target_state_digest,
            seen->source_state_digest);
    }
}

static void judge_resume(struct state *state, const struct sim_observation *seen)
{
    struct migration *migration = migration_of(state, seen->migration);
    struct sim_about about = {"I3", seen->at_ns, seen->migration, SIM_CHECK_NONE};
    struct guest *guest;

    if (migration == NULL || migration->guest >= sim_check_guests(state->checks)) {
        sim_check_fail(state->checks, &about, "a guest resumed by a migration that never started");
        return;
    }
    about.guest = migration->guest;
    if (!migration->paused || migration->attempt != seen->attempt) {
        sim_check_fail(
            state->checks,
            &about,
            "%s resumed at the target from attempt %u, but %s attempt %u",
            sim_check_guest(state->checks, migration->guest).text,
            (unsigned)seen->attempt,
            migration->paused ? "the source is paused for" : "it has run on at the source since",
            (unsigned)migration->attempt);
    }
    judge_pages(state, &about, seen);
    guest = &state->guests[migration->guest];
    guest->compared = true;
    guest->compared_host = migration->to;
    guest->compared_epoch = seen->epoch;
    guest->compared_at = seen->at_ns;
}

static void judge_run(struct state *state, const struct sim_observation *seen)
{
    struct guest *guest = &state->guests[seen->guest];
    const struct sim_about about = {"I3", seen->at_ns, SIM_CHECK_NONE, seen->guest};
    const bool compared = guest->compared && guest->compared_host == seen->host &&
                          guest->compared_epoch == seen->epoch && guest->compared_at == seen->at_ns;

    const bool rolled_back = guest->claimed && guest->claimed_host == seen->host;

    if (guest->ran && guest->host != seen->host && !compared && rolled_back) {
        sim_check_excuse(
            state->checks,
            &about,
            "%s is rolled back to its memory on %s by the operator's claim; it had run on %s",
            sim_check_guest(state->checks, seen->guest).text,
            sim_check_host(state->checks, seen->host).text,
            sim_check_host(state->checks, guest->host).text);
    } else if (guest->ran && guest->host != seen->host && !compared) {
        sim_check_fail(
            state->checks,
            &about,
            "%s begins to run on %s with epoch %" PRIu64
            " without a comparison with its memory on %s at that instant",
            sim_check_guest(state->checks, seen->guest).text,
            sim_check_host(state->checks, seen->host).text,
            seen->epoch,
            sim_check_host(state->checks, guest->host).text);
    }
    guest->claimed = guest->claimed && !rolled_back;
    guest->ran = true;
    guest->host = seen->host;
    guest->compared = false;
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;
    struct migration *migration;

    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED) {
        started(state, seen);
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_PAUSED) {
        migration = migration_of(state, seen->migration);
        if (migration != NULL) {
            migration->paused = true;
            migration->attempt = seen->attempt;
        }
    } else if (seen->kind == SIM_OBSERVED_ATTEMPT_RESUMED) {
        migration = migration_of(state, seen->migration);
        if (migration != NULL) {
            migration->paused = false;
        }
    } else if (seen->kind == SIM_OBSERVED_RESUMED_AT_TARGET) {
        judge_resume(state, seen);
    } else if (seen->kind == SIM_OBSERVED_OPERATOR_CLAIM) {
        if (seen->guest < sim_check_guests(state->checks)) {
            state->guests[seen->guest].claimed = true;
            state->guests[seen->guest].claimed_host = seen->host;
        }
    } else if (seen->kind == SIM_OBSERVED_GUEST_RUNNING) {
        if (seen->guest < sim_check_guests(state->checks)) {
            judge_run(state, seen);
        }
    }
}

static void finish(void *opaque, ferry_time_ns now)
{
    (void)opaque;
    (void)now;
}

const struct sim_checker sim_checker_memory_equal = {
    .id = "I3",
    .claim = "at the resume every page of RAM and the device state equal the source's at the pause",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
