/* SPDX-License-Identifier: Apache-2.0 */
/* checker.h -- what the files of this folder share: the face of one checker, how it reports, and
 * small trackers.
 *
 * A checker owns its state alone and looks at nobody else's, so that each can be read, doubted and
 * tested by itself; what two of them must know (who runs where, which faults are on) is a tracker
 * here that each holds a copy of. */
#ifndef FERRY_SIM_CHECK_CHECKER_H
#define FERRY_SIM_CHECK_CHECKER_H

#include "sim/check/check.h"

struct sim_checker {
    const char *id;
    const char *claim; /* one sentence, for reports */
    void *(*create)(struct sim_checks *checks);
    void (*observe)(void *state, const struct sim_observation *observation);
    void (*finish)(void *state, ferry_time_ns now);
    void (*destroy)(void *state);
};

extern const struct sim_checker sim_checker_one_runner;
extern const struct sim_checker sim_checker_ends_running;
extern const struct sim_checker sim_checker_memory_equal;
extern const struct sim_checker sim_checker_within_limit;
extern const struct sim_checker sim_checker_caps;
extern const struct sim_checker sim_checker_ends_once;
extern const struct sim_checker sim_checker_clean_after_failure;

/* ---- what the run is about ---- */

uint32_t sim_check_guests(const struct sim_checks *checks);
uint32_t sim_check_hosts(const struct sim_checks *checks);
uint64_t
sim_check_guest_pages(const struct sim_checks *checks, uint32_t guest); /* 0: no such guest */

struct sim_label {
    char text[80];
};
struct sim_label sim_check_guest(const struct sim_checks *checks, uint32_t guest); /* "guest db1" */
struct sim_label sim_check_host(const struct sim_checks *checks, uint32_t host);   /* "host h1" */

/* ---- failing ---- */

struct sim_about {
    const char *id;
    ferry_time_ns at_ns;
    uint32_t migration;
    uint32_t guest;
};
void sim_check_fail(
    struct sim_checks *checks, const struct sim_about *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Not a failure, because of a fault that the message names. */
void sim_check_excuse(
    struct sim_checks *checks, const struct sim_about *about, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* ---- memory: a simulation without memory has no result, so there is no status to return ---- */

void *sim_check_allocate(size_t count, size_t size); /* zeroed; aborts */
/* Makes *array hold at least `needed` zeroed-when-new items of `size` bytes. */
void *sim_check_grow(void *array, size_t *capacity, size_t needed, size_t size);

/* ---- tracker: who runs where ---- */

#define SIM_RUNNERS_MAX 4

struct sim_runners_guest {
    uint32_t host[SIM_RUNNERS_MAX]; /* where its vCPUs run now: one, unless I1 is broken */
    uint32_t count;
};

struct sim_runners {
    struct sim_runners_guest *guests;
    uint32_t guest_count;
};

void sim_runners_init(struct sim_runners *runners, uint32_t guest_count);
void sim_runners_deinit(struct sim_runners *runners);
/* Follows GUEST_RUNNING, GUEST_STOPPED and HOST_DOWN; anything else changes nothing. */
void sim_runners_observe(struct sim_runners *runners, const struct sim_observation *observation);
bool sim_runners_on(const struct sim_runners *runners, uint32_t guest, uint32_t host);
uint32_t sim_runners_count(const struct sim_runners *runners, uint32_t guest);

/* ---- tracker: journals ---- */

struct sim_journals {
    bool *lost;   /* [host]: reinstalled once */
    bool *broken; /* [host]: a write failed, and the daemon was not started again since */
    uint32_t host_count;
};

void sim_journals_init(struct sim_journals *journals, uint32_t host_count);
void sim_journals_deinit(struct sim_journals *journals);
/* Follows JOURNAL_LOST, JOURNAL_BROKEN and DAEMON_UP; anything else changes nothing. */
void sim_journals_observe(struct sim_journals *journals, const struct sim_observation *observation);
bool sim_journals_lost(const struct sim_journals *journals, uint32_t host);
bool sim_journals_broken(const struct sim_journals *journals, uint32_t host);
/* Either of it: the host cannot answer for all that it once wrote. */
bool sim_journals_mute(const struct sim_journals *journals, uint32_t host);

/* ---- tracker: faults ---- */

#define SIM_FAULT_TEXT_MAX 80

struct sim_fault_seen {
    uint32_t fault;
    enum sim_fault_class fault_class;
    uint32_t host;
    uint32_t network;
    uint32_t clock_ppm;
    ferry_time_ns clock_step_ns;
    ferry_time_ns begun_ns;
    ferry_time_ns ended_ns; /* NEVER: still on */
    char text[SIM_FAULT_TEXT_MAX];
};

struct sim_faults {
    struct sim_fault_seen *seen;
    size_t count;
    size_t capacity;
};

/* The networks that one migration has used since its latest pause began: the one that it used then, and
 * each one to which it changed after that. Before the first pause: since its start. */
struct sim_networks {
    uint64_t latest; /* the bit of the one in use; 0: none yet */
    uint64_t since_pause;
};

/* Follows NETWORK_USED and ATTEMPT_PAUSED, of that migration alone. */
void sim_networks_observe(struct sim_networks *networks, const struct sim_observation *observation);

/* One pause of one migration. */
struct sim_pause {
    uint32_t from;
    uint32_t to;
    uint64_t networks;            /* used between its begin and its end: bit a number */
    ferry_time_ns measured_since; /* the last full measurement before it began here */
    ferry_time_ns begun_ns;
    ferry_time_ns ended_ns;
};

void sim_faults_observe(struct sim_faults *faults, const struct sim_observation *observation);
void sim_faults_deinit(struct sim_faults *faults);
/* The first fault that the pause cannot be blamed for, or NULL:
 * an outage, or a fault whose numbers are hidden, that was on at any moment of the pause; a steady fault that began or ended after the
 * last full measurement began (one that has been there all the time was measured, and excuses
 * nothing); in both cases none of a third host, and none of a network that the migration did not use in the pause. */
const struct sim_fault_seen *
sim_faults_excuse(const struct sim_faults *faults, const struct sim_pause *pause);
/* By how much the clocks of the two hosts were wrong in the pause, at most: so much longer may it
 * take for who has nothing else to measure it with. 0: they were right. */
ferry_time_ns
sim_faults_clock_error(const struct sim_faults *faults, const struct sim_pause *pause);

/* ---- times in messages ---- */

struct sim_label sim_check_time(ferry_time_ns duration); /* "12.345678 ms" */

#endif
