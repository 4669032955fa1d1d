/* SPDX-License-Identifier: Apache-2.0 */
/* i1_one_runner.c -- I1: at any instant at most one host runs a guest.
 *
 * Claim: between GUEST_RUNNING and GUEST_STOPPED (or the host's crash) of one host, no other host
 * runs the same guest; and a host runs a guest only with an epoch that nobody has overtaken: one
 * lower than the highest that ever ran, or equal to it on another host, is stale. The second half
 * is what fences rely on: two hosts that run one after the other with one epoch would both be let
 * through by a disk. Checked: at every GUEST_RUNNING. Not covered: writes to disks (there are none
 * yet); a host that an operator's claim declared fenced, although it was not: its runs of that
 * guest do not count any more, since the statement was the operator's. A host that stands still
 * (host pause) counts as running: it may go on at any moment. */
#include "sim/check/checker.h"

#include <inttypes.h>
#include <stdlib.h>

struct guest {
    uint64_t epoch;      /* the highest that ran; 0: none yet */
    uint32_t epoch_host; /* where it ran */
    bool fenced;
    uint32_t fenced_host;
    uint64_t
        fenced_epoch; /* runs at fenced_host with at most this epoch are the operator's fault */
};

struct state {
    struct sim_checks *checks;
    struct sim_runners runners;
    struct guest *guests;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));

    state->checks = checks;
    state->guests = sim_check_allocate(sim_check_guests(checks), sizeof(*state->guests));
    sim_runners_init(&state->runners, sim_check_guests(checks));
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    sim_runners_deinit(&state->runners);
    free(state->guests);
    free(state);
}

static void judge_runners(struct state *state, const struct sim_observation *seen)
{
    const struct sim_runners_guest *runners = &state->runners.guests[seen->guest];
    const struct sim_about about = {"I1", seen->at_ns, SIM_CHECK_NONE, seen->guest};

    for (uint32_t i = 0; i < runners->count; i++) {
        if (runners->host[i] != seen->host) {
            sim_check_fail(
                state->checks,
                &about,
                "%s begins to run on %s while it still runs on %s",
                sim_check_guest(state->checks, seen->guest).text,
                sim_check_host(state->checks, seen->host).text,
                sim_check_host(state->checks, runners->host[i]).text);
        }
    }
}

static void judge_epoch(struct state *state, const struct sim_observation *seen)
{
    struct guest *guest = &state->guests[seen->guest];
    const struct sim_about about = {"I1", seen->at_ns, SIM_CHECK_NONE, seen->guest};

    if (seen->epoch < guest->epoch ||
        (seen->epoch == guest->epoch && seen->host != guest->epoch_host)) {
        sim_check_fail(
            state->checks,
            &about,
            "%s begins to run on %s with epoch %" PRIu64 ", which is stale: epoch %" PRIu64
            " has run on %s",
            sim_check_guest(state->checks, seen->guest).text,
            sim_check_host(state->checks, seen->host).text,
            seen->epoch,
            guest->epoch,
            sim_check_host(state->checks, guest->epoch_host).text);
    } else {
        guest->epoch = seen->epoch;
        guest->epoch_host = seen->host;
    }
}

static void claimed(struct state *state, const struct sim_observation *seen)
{
    struct guest *guest = &state->guests[seen->guest];
    const struct sim_observation stopped = {
        .kind = SIM_OBSERVED_GUEST_STOPPED,
        .guest = seen->guest,
        .host = seen->other,
    };

    guest->fenced = true;
    guest->fenced_host = seen->other;
    guest->fenced_epoch = guest->epoch;
    sim_runners_observe(&state->runners, &stopped);
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;

    if (seen->kind == SIM_OBSERVED_GUEST_RUNNING && seen->guest < state->runners.guest_count) {
        const struct guest *guest = &state->guests[seen->guest];

        if (guest->fenced && guest->fenced_host == seen->host &&
            seen->epoch <= guest->fenced_epoch) {
            return;
        }
        judge_runners(state, seen);
        judge_epoch(state, seen);
    } else if (
        seen->kind == SIM_OBSERVED_OPERATOR_CLAIM && seen->guest < state->runners.guest_count) {
        claimed(state, seen);
    }
    sim_runners_observe(&state->runners, seen);
}

static void finish(void *opaque, ferry_time_ns now)
{
    (void)opaque;
    (void)now;
}

const struct sim_checker sim_checker_one_runner = {
    .id = "I1",
    .claim = "at any instant at most one host runs a guest, and none with a stale epoch",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
