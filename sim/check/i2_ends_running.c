/* SPDX-License-Identifier: Apache-2.0 */
/* i2_ends_running.c -- I2: after all faults are healed, every guest that no host crash has killed
 * runs on exactly one host.
 *
 * Claim: at a healed END each guest runs on exactly one host, or the world names an excuse which
 * this checker can verify from what it saw itself: a host crash counts only if that host went down
 * while the guest ran there or was on its way from or to it; a lost journal only if that host lost
 * its journal; a write that failed only if no daemon was started on that host since, and the guest was on its
 * way from or to it. Checked: at END. Not covered: a run that ends unhealed (a host that never returns, a
 * network that stays down): nobody could promise anything then; and whether the world's excuse is
 * the true reason. */
#include "sim/check/checker.h"

#include <stdlib.h>

struct guest {
    enum sim_excuse excuse;
    uint32_t excuse_host;
    uint32_t from; /* of its latest migration */
    uint32_t to;
};

struct state {
    struct sim_checks *checks;
    struct sim_runners runners;
    struct guest *guests;
    bool *
        crash_hit; /* [guest x hosts + host]: that host crashed while it had to do with the guest */
    struct sim_journals journals;
    uint32_t hosts;
    bool ended;
};

static void *create(struct sim_checks *checks)
{
    struct state *state = sim_check_allocate(1, sizeof(*state));
    const uint32_t guests = sim_check_guests(checks);

    state->checks = checks;
    state->hosts = sim_check_hosts(checks);
    state->guests = sim_check_allocate(guests, sizeof(*state->guests));
    state->crash_hit = sim_check_allocate((size_t)guests * state->hosts, sizeof(bool));
    sim_journals_init(&state->journals, state->hosts);
    for (uint32_t i = 0; i < guests; i++) {
        state->guests[i].from = SIM_CHECK_NONE;
        state->guests[i].to = SIM_CHECK_NONE;
        state->guests[i].excuse_host = SIM_CHECK_NONE;
    }
    sim_runners_init(&state->runners, guests);
    return state;
}

static void destroy(void *opaque)
{
    struct state *state = opaque;

    sim_runners_deinit(&state->runners);
    free(state->guests);
    free(state->crash_hit);
    sim_journals_deinit(&state->journals);
    free(state);
}

static void hit(struct state *state, uint32_t guest, uint32_t host)
{
    if (host < state->hosts) {
        state->crash_hit[(size_t)guest * state->hosts + host] = true;
    }
}

static void host_down(struct state *state, uint32_t host)
{
    for (uint32_t i = 0; i < state->runners.guest_count; i++) {
        const struct guest *guest = &state->guests[i];

        if (guest->from == host || guest->to == host || sim_runners_on(&state->runners, i, host)) {
            hit(state, i, host);
        }
    }
}

/* The excuse names one of the two hosts of its latest migration. */
static bool on_its_way(const struct guest *guest)
{
    return guest->excuse_host == guest->from || guest->excuse_host == guest->to;
}

static bool excuse_holds(const struct state *state, uint32_t index)
{
    const struct guest *guest = &state->guests[index];

    if (guest->excuse_host >= state->hosts) {
        return false;
    }
    switch (guest->excuse) {
    case SIM_EXCUSE_NONE: return false;
    case SIM_EXCUSE_HOST_CRASH:
        return state->crash_hit[(size_t)index * state->hosts + guest->excuse_host];
    case SIM_EXCUSE_JOURNAL_LOST: return sim_journals_lost(&state->journals, guest->excuse_host);
    case SIM_EXCUSE_JOURNAL_BROKEN:
        return on_its_way(guest) && sim_journals_broken(&state->journals, guest->excuse_host);
    }
    return false;
}

static const char *excuse_is_false(enum sim_excuse excuse)
{
    switch (excuse) {
    case SIM_EXCUSE_JOURNAL_LOST: return "never lost its journal";
    case SIM_EXCUSE_JOURNAL_BROKEN: return "has a sound journal, or nothing to do with the guest";
    case SIM_EXCUSE_HOST_CRASH:
    case SIM_EXCUSE_NONE: break;
    }
    return "never crashed while it had to do with the guest";
}

static void judge(struct state *state, uint32_t index, ferry_time_ns now)
{
    const struct guest *guest = &state->guests[index];
    const struct sim_about about = {"I2", now, SIM_CHECK_NONE, index};
    const uint32_t count = sim_runners_count(&state->runners, index);
    const struct sim_label name = sim_check_guest(state->checks, index);

    if (count > 1) {
        sim_check_fail(
            state->checks, &about, "%s runs on %u hosts at the end", name.text, (unsigned)count);
    } else if (count == 0 && guest->excuse == SIM_EXCUSE_NONE) {
        sim_check_fail(
            state->checks,
            &about,
            "%s runs nowhere at the end, although everything is healed and no host crash killed it",
            name.text);
    } else if (count == 0 && !excuse_holds(state, index)) {
        sim_check_fail(
            state->checks,
            &about,
            "%s runs nowhere at the end, and the excuse is not true: %s %s",
            name.text,
            sim_check_host(state->checks, guest->excuse_host).text,
            excuse_is_false(guest->excuse));
    }
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;
    const bool has_guest = seen->guest < state->runners.guest_count;

    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED && has_guest) {
        state->guests[seen->guest].from = seen->from;
        state->guests[seen->guest].to = seen->to;
    } else if (seen->kind == SIM_OBSERVED_GUEST_STOPPED && has_guest) {
        if (seen->stop == SIM_STOP_CRASHED) {
            hit(state, seen->guest, seen->host);
        }
    } else if (seen->kind == SIM_OBSERVED_HOST_DOWN) {
        host_down(state, seen->host);
    } else if (seen->kind == SIM_OBSERVED_GUEST_AT_END && has_guest) {
        state->guests[seen->guest].excuse = seen->excuse;
        state->guests[seen->guest].excuse_host = seen->host;
    } else if (seen->kind == SIM_OBSERVED_END) {
        state->ended = true;
        for (uint32_t i = 0; seen->healed && i < state->runners.guest_count; i++) {
            judge(state, i, seen->at_ns);
        }
    }
    sim_runners_observe(&state->runners, seen);
    sim_journals_observe(&state->journals, seen);
}

/* A run that is never brought to its END would pass unjudged: that must not look like success. */
static void finish(void *opaque, ferry_time_ns now)
{
    struct state *state = opaque;
    const struct sim_about about = {"I2", now, SIM_CHECK_NONE, SIM_CHECK_NONE};

    if (!state->ended) {
        sim_check_fail(
            state->checks, &about, "the run was not brought to its end: nothing is known");
    }
}

const struct sim_checker sim_checker_ends_running = {
    .id = "I2",
    .claim = "after healing, every guest that no host crash has killed runs on exactly one host",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
