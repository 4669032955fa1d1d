/* SPDX-License-Identifier: Apache-2.0 */
/* trackers.c -- what several checkers must know of the world: who runs where, which faults are on;
 * and their memory. */
#include "sim/check/checker.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *sim_check_allocate(size_t count, size_t size)
{
    void *memory = calloc(count != 0 ? count : 1, size);

    if (memory == NULL) {
        (void)fputs("no memory for the invariant checkers\n", stderr);
        abort();
    }
    return memory;
}

void *sim_check_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    size_t larger = *capacity != 0 ? *capacity : 8;
    void *grown;

    if (needed <= *capacity) {
        return array;
    }
    while (larger < needed) {
        larger *= 2;
    }
    grown = sim_check_allocate(larger, size);
    if (array != NULL) {
        memcpy(grown, array, *capacity * size);
        free(array);
    }
    *capacity = larger;
    return grown;
}

void sim_runners_init(struct sim_runners *runners, uint32_t guest_count)
{
    runners->guests = sim_check_allocate(guest_count, sizeof(*runners->guests));
    runners->guest_count = guest_count;
}

void sim_runners_deinit(struct sim_runners *runners)
{
    free(runners->guests);
    runners->guests = NULL;
}

static void remove_runner(struct sim_runners_guest *guest, uint32_t host)
{
    for (uint32_t i = 0; i < guest->count; i++) {
        if (guest->host[i] == host) {
            guest->host[i] = guest->host[--guest->count];
            return;
        }
    }
}

void sim_runners_observe(struct sim_runners *runners, const struct sim_observation *observation)
{
    if (observation->kind == SIM_OBSERVED_HOST_DOWN) {
        for (uint32_t i = 0; i < runners->guest_count; i++) {
            remove_runner(&runners->guests[i], observation->host);
        }
    } else if (observation->kind == SIM_OBSERVED_GUEST_STOPPED) {
        if (observation->guest < runners->guest_count) {
            remove_runner(&runners->guests[observation->guest], observation->host);
        }
    } else if (observation->kind == SIM_OBSERVED_GUEST_RUNNING) {
        if (observation->guest < runners->guest_count &&
            !sim_runners_on(runners, observation->guest, observation->host)) {
            struct sim_runners_guest *guest = &runners->guests[observation->guest];

            if (guest->count < SIM_RUNNERS_MAX) {
                guest->host[guest->count++] = observation->host;
            }
        }
    }
}

bool sim_runners_on(const struct sim_runners *runners, uint32_t guest, uint32_t host)
{
    if (guest >= runners->guest_count) {
        return false;
    }
    for (uint32_t i = 0; i < runners->guests[guest].count; i++) {
        if (runners->guests[guest].host[i] == host) {
            return true;
        }
    }
    return false;
}

uint32_t sim_runners_count(const struct sim_runners *runners, uint32_t guest)
{
    return guest < runners->guest_count ? runners->guests[guest].count : 0;
}

void sim_journals_init(struct sim_journals *journals, uint32_t host_count)
{
    journals->lost = sim_check_allocate(host_count, sizeof(bool));
    journals->broken = sim_check_allocate(host_count, sizeof(bool));
    journals->host_count = host_count;
}

void sim_journals_deinit(struct sim_journals *journals)
{
    free(journals->lost);
    free(journals->broken);
    *journals = (struct sim_journals){0};
}

void sim_journals_observe(struct sim_journals *journals, const struct sim_observation *observation)
{
    if (observation->host >= journals->host_count) {
        return;
    }
    if (observation->kind == SIM_OBSERVED_JOURNAL_LOST) {
        journals->lost[observation->host] = true;
    } else if (observation->kind == SIM_OBSERVED_JOURNAL_BROKEN) {
        journals->broken[observation->host] = true;
    } else if (observation->kind == SIM_OBSERVED_DAEMON_UP) {
        journals->broken[observation->host] = false;
    }
}

bool sim_journals_lost(const struct sim_journals *journals, uint32_t host)
{
    return host < journals->host_count && journals->lost[host];
}

bool sim_journals_broken(const struct sim_journals *journals, uint32_t host)
{
    return host < journals->host_count && journals->broken[host];
}

bool sim_journals_mute(const struct sim_journals *journals, uint32_t host)
{
    return sim_journals_lost(journals, host) || sim_journals_broken(journals, host);
}

void sim_faults_observe(struct sim_faults *faults, const struct sim_observation *observation)
{
    if (observation->kind == SIM_OBSERVED_FAULT_BEGIN) {
        struct sim_fault_seen *seen;

        faults->seen = sim_check_grow(
            faults->seen, &faults->capacity, faults->count + 1, sizeof(*faults->seen));
        seen = &faults->seen[faults->count++];
        seen->fault = observation->fault;
        seen->fault_class = observation->fault_class;
        seen->clock_ppm = observation->clock_ppm;
        seen->clock_step_ns = observation->clock_step_ns;
        seen->host = observation->host;
        seen->network = observation->network;
        seen->begun_ns = observation->at_ns;
        seen->ended_ns = FERRY_TIME_NEVER;
        (void)snprintf(
            seen->text,
            sizeof(seen->text),
            "%s",
            observation->text != NULL ? observation->text : "a fault");
    } else if (observation->kind == SIM_OBSERVED_FAULT_END) {
        for (size_t i = faults->count; i-- > 0;) {
            if (faults->seen[i].fault == observation->fault &&
                faults->seen[i].ended_ns == FERRY_TIME_NEVER) {
                faults->seen[i].ended_ns = observation->at_ns;
                return;
            }
        }
    }
}

void sim_faults_deinit(struct sim_faults *faults)
{
    free(faults->seen);
    *faults = (struct sim_faults){0};
}

static uint64_t network_bit(uint32_t network)
{
    return network < SIM_CHECK_NETWORKS_MAX ? UINT64_C(1) << network : 0;
}

void sim_networks_observe(struct sim_networks *networks, const struct sim_observation *observation)
{
    if (observation->kind == SIM_OBSERVED_NETWORK_USED) {
        networks->latest = network_bit(observation->network);
        networks->since_pause |= networks->latest;
    } else if (observation->kind == SIM_OBSERVED_ATTEMPT_PAUSED) {
        networks->since_pause = networks->latest;
    }
}

static bool within(ferry_time_ns instant, ferry_time_ns first, ferry_time_ns last)
{
    return instant >= first && instant <= last;
}

static bool excuses(const struct sim_fault_seen *seen, const struct sim_pause *pause)
{
    if (seen->host != SIM_CHECK_NONE && seen->host != pause->from && seen->host != pause->to) {
        return false;
    }
    if (seen->network != SIM_CHECK_NONE && (network_bit(seen->network) & pause->networks) == 0) {
        return false;
    }
    if (seen->fault_class == SIM_FAULT_CLOCK || seen->fault_class == SIM_FAULT_NO_EXCUSE) {
        return false;
    }
    if (seen->fault_class == SIM_FAULT_STEADY) {
        return within(seen->begun_ns, pause->measured_since, pause->ended_ns) ||
               within(seen->ended_ns, pause->measured_since, pause->ended_ns);
    }
    return seen->begun_ns <= pause->ended_ns && seen->ended_ns >= pause->begun_ns;
}

const struct sim_fault_seen *
sim_faults_excuse(const struct sim_faults *faults, const struct sim_pause *pause)
{
    for (size_t i = 0; i < faults->count; i++) {
        if (excuses(&faults->seen[i], pause)) {
            return &faults->seen[i];
        }
    }
    return NULL;
}

/* What a clock gains or loses in the part of the interval in which it is wrong. */
static ferry_time_ns error_of(const struct sim_fault_seen *seen, const struct sim_pause *pause)
{
    const ferry_time_ns first = seen->begun_ns > pause->begun_ns ? seen->begun_ns : pause->begun_ns;
    const ferry_time_ns last = seen->ended_ns < pause->ended_ns ? seen->ended_ns : pause->ended_ns;
    ferry_time_ns error =
        within(seen->begun_ns, pause->begun_ns, pause->ended_ns) ? seen->clock_step_ns : 0;

    if (last > first && seen->clock_ppm > 0) {
        /* rounded up, and without overflow: hours of nanoseconds times a million do not fit */
        error += (last - first) / 1000000 * seen->clock_ppm +
                 (last - first) % 1000000 * seen->clock_ppm / 1000000 + 1;
    }
    return error;
}

ferry_time_ns sim_faults_clock_error(const struct sim_faults *faults, const struct sim_pause *pause)
{
    ferry_time_ns error = 0;

    for (size_t i = 0; i < faults->count; i++) {
        const struct sim_fault_seen *seen = &faults->seen[i];

        if (seen->fault_class == SIM_FAULT_CLOCK &&
            (seen->host == pause->from || seen->host == pause->to)) {
            error += error_of(seen, pause);
        }
    }
    return error;
}

struct sim_label sim_check_time(ferry_time_ns duration)
{
    struct sim_label result;

    if (duration == FERRY_TIME_NEVER) {
        (void)snprintf(result.text, sizeof(result.text), "for ever");
    } else {
        (void)snprintf(
            result.text,
            sizeof(result.text),
            "%s%" PRId64 ".%06" PRId64 " ms",
            duration < 0 ? "-" : "",
            (duration < 0 ? -duration : duration) / FERRY_MILLISECOND,
            (duration < 0 ? -duration : duration) % FERRY_MILLISECOND);
    }
    return result;
}
