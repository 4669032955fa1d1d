/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lab.h -- one scenario on real daemons: what all files of this room share.
 *
 * ferry-lab plays a scenario file with real guests under KVM, one `ferryd` a host, each in a network
 * namespace of its own, and judges it by the same code as ferry-sim does. The parts, in the order in
 * which a run meets them:
 *
 *   need.c     can this scenario be played here at all? Otherwise it says what is missing
 *   spawn.c    programs run and ended, with a limit on how long
 *   wires.c    namespaces, virtual cables, their bandwidth; taken away again at the end
 *   relay.c    what a cable of this machine cannot do: latency, loss, cuts, resets
 *   hosts.c    a ferryd for each host: configuration, start, kill, restart
 *   control.c  what is said to a ferryd, and what it says
 *   play.c     guests, steps and faults at their instants or phases
 *   gather.c   outcomes as the simulated world would have told them, and the judge
 *
 * L-1 Whatever is made carries this process's id in its name and is taken away at the end, also on
 *     SIGINT, SIGTERM and after an error; what a killed lab left is removed by the next one.
 * L-2 Every wait has an end.
 * L-3 Only processes that this lab started are ended, by their pid.
 */
#ifndef FERRY_SIM_LAB_LAB_H
#define FERRY_SIM_LAB_LAB_H

#include "sim/report/result.h"
#include "sim/scenario/scenario.h"

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#define LAB_HOSTS_MAX     8U
#define LAB_NETWORKS_MAX  4U
#define LAB_PAIRS_MAX     ((size_t)LAB_HOSTS_MAX * LAB_HOSTS_MAX)
#define LAB_TEXT_MAX      512U
#define LAB_BANDWIDTH_MAX 40000000000ULL /* bit/s; a faster network has no bucket */

struct lab_options {
    const char *programs; /* folder of ferryd and ferry-vmm */
    bool unencrypted;     /* no TLS between the hosts */
    bool verbose;         /* what happens, as it happens, on standard error */
    bool keep;            /* leave the folder of logs also when all went well */
};

struct lab_control; /* control.h */
struct lab_relay;   /* relay.h */

struct lab_host {
    char name[64];
    char space[64];        /* its network namespace */
    char folder[PATH_MAX]; /* configuration, state, log */
    char socket[PATH_MAX]; /* of its daemon */
    pid_t pid;             /* of its daemon; 0: down */
    struct lab_control *calls;
    struct lab_control *events;
};

struct lab {
    const struct scenario *scenario;
    struct lab_options options;
    char tag[16];          /* in every name: "fl12345" */
    char folder[PATH_MAX]; /* everything of this run */
    struct lab_host hosts[LAB_HOSTS_MAX];
    double factor[LAB_NETWORKS_MAX]; /* a bucket's rate is this much above what was calculated */
    bool relayed[LAB_NETWORKS_MAX];  /* this network goes through the relay */
    struct lab_relay *relay;
    int64_t zero_ns; /* CLOCK_MONOTONIC of the scenario's instant 0 */
    struct sim_result *result;
    char error[LAB_TEXT_MAX]; /* why it cannot go on; "" = nothing */
};

/* False, and the reason in lab->error (the first one stays). */
bool lab_fail(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));
void lab_say(const struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));
int64_t lab_now(void);                      /* CLOCK_MONOTONIC, ns */
int64_t lab_elapsed(const struct lab *lab); /* since the scenario's instant 0 */
bool lab_interrupted(void);                 /* SIGINT or SIGTERM came */

/* need.c: NULL, or why this machine or this scenario will not do (a sentence, static or in `text`). */
const char *lab_machine_lacks(void);
const char *lab_scenario_lacks(const struct scenario *scenario, char text[LAB_TEXT_MAX]);
bool lab_network_needs_relay(const struct scenario *scenario, size_t network);

/* wires.c */
bool lab_wires_lay(struct lab *lab);
void lab_wires_remove(struct lab *lab);
void lab_wires_remove_stale(void);
bool lab_wires_calibrate(struct lab *lab); /* goodput.c */
bool lab_wires_set_bandwidth(struct lab *lab, size_t network, uint64_t bits_per_second);
bool lab_wires_set_up(struct lab *lab, size_t network, bool up);
bool lab_wires_host_up(struct lab *lab, size_t host, bool up);
void lab_wires_address(const struct lab *lab, size_t network, size_t host, char text[64]);
void lab_wires_switch(const struct lab *lab, char text[64]); /* the namespace of the switches */
/* What tbf must be told so that streams get `goodput`: it counts all headers. */
uint64_t lab_wires_tbf_rate(uint64_t goodput_bits, bool encrypted);

/* hosts.c */
bool lab_hosts_prepare(struct lab *lab);
bool lab_host_start(struct lab *lab, size_t host);
void lab_host_kill_daemon(struct lab *lab, size_t host);
void lab_host_kill_guests(struct lab *lab, size_t host);
void lab_host_freeze(struct lab *lab, size_t host, bool frozen);
void lab_hosts_end(struct lab *lab);

/* play.c */
bool lab_play(struct lab *lab);

/* gather.c */
void lab_gather_outcome(struct lab *lab, uint32_t migration, const json_t *outcome);
bool lab_gather_guests(struct lab *lab);

/* Runs one scenario into `result` (initialised): false when the lab itself failed (result says so
 * as an error). */
bool lab_run(
    const struct scenario *scenario, const struct lab_options *options, struct sim_result *result);

#endif
