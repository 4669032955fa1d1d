/* SPDX-License-Identifier: Apache-2.0 */
/* i6_caps.c -- I6: bandwidth caps and concurrency limits are never exceeded.
 *
 * Claim: any window of 100 ms of a capped migration carries, over all its streams and framing
 * included, at most cap x 100 ms
 * + one batch (the largest that touches the window); where the cap changed inside the window, each
 * part counts with its own. And a drain has never more than `parallel` of its migrations under way.
 * Checked: at each PAYLOAD, when everything that touches a window is known, and at the end; at each
 * MIGRATION_STARTED. Not covered: control messages (a few hundred bytes a round); how large a batch
 * may be; how a batch's bytes are spread inside its own serialisation (they count as even; where
 * the rate was changed, PAYLOAD_SO_FAR cuts the batch, and each part counts as one of its own). A
 * migration is under way until its first outcome, and not while its source's engine is down.
 */
#include "sim/check/cap_window.h"
#include "sim/check/checker.h"

#include <inttypes.h>
#include <stdlib.h>

struct migration {
    bool started;
    bool under_way;
    bool ended;
    uint32_t guest;
    uint32_t from;
    uint32_t drain;
    bool capped; /* now or before: worth remembering */
    struct cap_window window;
    uint32_t streams;
    /* Since when the batch under way is not in the window yet, NEVER: none; and its bytes that are. */
    ferry_time_ns in_flight[FERRY_STREAMS_MAX];
    uint64_t so_far[FERRY_STREAMS_MAX];
};

struct drain {
    bool started;
    uint32_t host;
    uint32_t parallel;
    uint32_t under_way;
};

struct state {
    struct sim_checks *checks;
    struct migration *migrations;
    size_t migration_capacity;
    struct drain *drains;
    size_t drain_capacity;
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

    for (size_t i = 0; i < state->migration_capacity; i++) {
        cap_window_deinit(&state->migrations[i].window);
    }
    free(state->migrations);
    free(state->drains);
    free(state);
}

/* ---- drains ---- */

static void
drain_counts(struct state *state, struct migration *migration, bool under_way, ferry_time_ns now)
{
    struct drain *drain;

    if (migration->under_way == under_way) {
        return;
    }
    migration->under_way = under_way;
    if (migration->drain >= state->drain_capacity || !state->drains[migration->drain].started) {
        return;
    }
    drain = &state->drains[migration->drain];
    if (!under_way) {
        drain->under_way--;
        return;
    }
    drain->under_way++;
    if (drain->under_way > drain->parallel) {
        const uint32_t index = (uint32_t)(migration - state->migrations);
        const struct sim_about about = {"I6", now, index, migration->guest};

        sim_check_fail(
            state->checks,
            &about,
            "the drain of %s has %u migrations under way; %u are allowed",
            sim_check_host(state->checks, drain->host).text,
            (unsigned)drain->under_way,
            (unsigned)drain->parallel);
    }
}

static void drain_started(struct state *state, const struct sim_observation *seen)
{
    state->drains = sim_check_grow(
        state->drains, &state->drain_capacity, (size_t)seen->drain + 1, sizeof(*state->drains));
    state->drains[seen->drain] =
        (struct drain){.started = true, .host = seen->host, .parallel = seen->parallel};
}

/* ---- caps ---- */

/* Everything that began before this instant has been seen whole. */
static ferry_time_ns known_until(const struct migration *migration, ferry_time_ns now)
{
    ferry_time_ns known = now;

    for (uint32_t i = 0; i < migration->streams; i++) {
        if (migration->in_flight[i] < known) {
            known = migration->in_flight[i];
        }
    }
    return known;
}

static void
judge_cap(struct state *state, struct migration *migration, ferry_time_ns known, ferry_time_ns now)
{
    struct cap_excess excess;

    if (cap_window_judge(&migration->window, known, &excess)) {
        const uint32_t index = (uint32_t)(migration - state->migrations);
        const struct sim_about about = {"I6", now, index, migration->guest};

        sim_check_fail(
            state->checks,
            &about,
            "the migration of %s sent %" PRIu64 " bytes in the 100 ms from %s on; its cap and one "
            "batch allow %" PRIu64,
            sim_check_guest(state->checks, migration->guest).text,
            excess.carried,
            sim_check_time(excess.begin_ns).text,
            excess.allowed);
    }
}

/* A part that has left at one rate counts as a batch of its own. */
static void part(struct migration *migration, const struct sim_observation *seen)
{
    ferry_time_ns *since = &migration->in_flight[seen->stream];
    uint64_t *so_far = &migration->so_far[seen->stream];

    if (*since == FERRY_TIME_NEVER || seen->bytes < *so_far) {
        return;
    }
    if (migration->capped) {
        const struct cap_burst burst = {*since, seen->at_ns, seen->bytes - *so_far, true};
        cap_window_add(&migration->window, &burst);
    }
    *since = seen->at_ns;
    *so_far = seen->bytes;
}

static void
payload(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    struct cap_burst burst = {
        .begun_ns = seen->begun_ns,
        .ended_ns = seen->ended_ns,
        .bytes = seen->bytes,
        .batch = seen->payload != SIM_PAYLOAD_FRAMING,
    };

    if (seen->stream < FERRY_STREAMS_MAX) {
        const ferry_time_ns since = migration->in_flight[seen->stream];
        const uint64_t so_far = migration->so_far[seen->stream];
        if (since != FERRY_TIME_NEVER && seen->bytes >= so_far) {
            burst.begun_ns = since;
            burst.bytes -= so_far;
        }
        migration->in_flight[seen->stream] = FERRY_TIME_NEVER;
        migration->so_far[seen->stream] = 0;
    }
    if (migration->capped) {
        cap_window_add(&migration->window, &burst);
        judge_cap(state, migration, known_until(migration, seen->at_ns), seen->at_ns);
    }
}

static void cap_changed(struct migration *migration, const struct sim_observation *seen)
{
    if (seen->bandwidth_cap != FERRY_RATE_UNLIMITED) {
        migration->capped = true;
    }
    cap_window_change(&migration->window, seen->at_ns, seen->bandwidth_cap);
}

static void migration_started(struct state *state, const struct sim_observation *seen)
{
    struct migration *migration;

    state->migrations = sim_check_grow(
        state->migrations,
        &state->migration_capacity,
        (size_t)seen->migration + 1,
        sizeof(*state->migrations));
    migration = &state->migrations[seen->migration];
    cap_window_deinit(&migration->window);
    *migration = (struct migration){
        .started = true,
        .guest = seen->guest,
        .from = seen->from,
        .drain = seen->drain,
        .streams = seen->streams < FERRY_STREAMS_MAX ? seen->streams : FERRY_STREAMS_MAX,
    };
    for (uint32_t i = 0; i < FERRY_STREAMS_MAX; i++) {
        migration->in_flight[i] = FERRY_TIME_NEVER;
    }
    cap_changed(migration, seen);
    drain_counts(state, migration, true, seen->at_ns);
}

static void
follow(struct state *state, struct migration *migration, const struct sim_observation *seen)
{
    if (seen->kind == SIM_OBSERVED_CAP_CHANGED) {
        cap_changed(migration, seen);
    } else if (seen->kind == SIM_OBSERVED_PAYLOAD_BEGUN && seen->stream < FERRY_STREAMS_MAX) {
        migration->in_flight[seen->stream] = seen->at_ns;
        migration->so_far[seen->stream] = 0;
    } else if (seen->kind == SIM_OBSERVED_PAYLOAD_SO_FAR && seen->stream < FERRY_STREAMS_MAX) {
        part(migration, seen);
    } else if (seen->kind == SIM_OBSERVED_PAYLOAD) {
        payload(state, migration, seen);
    } else if (seen->kind == SIM_OBSERVED_OUTCOME) {
        migration->ended = true;
        drain_counts(state, migration, false, seen->at_ns);
    } else if (seen->kind == SIM_OBSERVED_SIDE_LOST && seen->host == migration->from) {
        drain_counts(state, migration, false, seen->at_ns);
    } else if (seen->kind == SIM_OBSERVED_SIDE_RESTARTED && seen->host == migration->from) {
        drain_counts(state, migration, !migration->ended, seen->at_ns);
    }
}

static bool names_migration(enum sim_observed kind)
{
    return kind == SIM_OBSERVED_CAP_CHANGED || kind == SIM_OBSERVED_PAYLOAD_BEGUN ||
           kind == SIM_OBSERVED_PAYLOAD_SO_FAR || kind == SIM_OBSERVED_PAYLOAD ||
           kind == SIM_OBSERVED_OUTCOME || kind == SIM_OBSERVED_SIDE_LOST ||
           kind == SIM_OBSERVED_SIDE_RESTARTED;
}

static void observe(void *opaque, const struct sim_observation *seen)
{
    struct state *state = opaque;

    if (seen->kind == SIM_OBSERVED_MIGRATION_STARTED) {
        migration_started(state, seen);
    } else if (seen->kind == SIM_OBSERVED_DRAIN_STARTED) {
        drain_started(state, seen);
    } else if (names_migration(seen->kind) && seen->migration < state->migration_capacity) {
        if (state->migrations[seen->migration].started) {
            follow(state, &state->migrations[seen->migration], seen);
        }
    }
}

/* Windows that reach beyond the last batch have nothing more to come. */
static void finish(void *opaque, ferry_time_ns now)
{
    struct state *state = opaque;

    for (size_t i = 0; i < state->migration_capacity; i++) {
        if (state->migrations[i].capped) {
            judge_cap(state, &state->migrations[i], now + 2 * CAP_WINDOW, now);
        }
    }
}

const struct sim_checker sim_checker_caps = {
    .id = "I6",
    .claim = "bandwidth caps and concurrency limits are never exceeded",
    .create = create,
    .observe = observe,
    .finish = finish,
    .destroy = destroy,
};
