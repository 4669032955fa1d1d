/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cluster.h -- two real ferryd processes on loopback, their control sockets, and their guests.
 *
 * Each has a folder of its own for journal, sockets and logs, below one that goes away at the end.
 * Whatever a test leaves running is ended; but a test that looks for leftovers asks first.
 */
#ifndef FERRY_TEST_HOST_DAEMON_CLUSTER_H
#define FERRY_TEST_HOST_DAEMON_CLUSTER_H

#include "engine/host/base/error.h"
#include "ferry/types.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct control_client;
struct relay;

#define CLUSTER_HOSTS 2U

struct node {
    struct cluster *cluster;
    char name[8];     /* h1, h2 */
    char address[16]; /* 127.0.0.1, 127.0.0.2 */
    char folder[160]; /* state, run, log */
    char socket[200]; /* of control */
    char hold[200];   /* while this file is there, the journal's fdatasync waits */
    pid_t pid;        /* 0: not running */
    struct control_client *client;
};

#define CLUSTER_EXPIRES 10

/* What is wrong with a certificate. */
enum cluster_certificate {
    CLUSTER_GOOD = 0,
    CLUSTER_FOREIGN, /* of another CA, and that is the one h2 trusts */
    CLUSTER_EXPIRED, /* CLUSTER_EXPIRES seconds after it was made: a daemon starts with no older one */
    CLUSTER_WRONG_NAME,
};

struct cluster_options {
    bool tls;
    enum cluster_certificate certificate; /* h2's */
    const char *timeouts; /* lines for the section; NULL: short ones, fit for tests */
    const char *limits;   /* lines for the section */
    bool relayed;         /* h1 reaches h2 through a wire that can be cut */
};

struct cluster {
    struct cluster_options options;
    char folder[128];
    uint16_t port;
    struct relay *relay;
    struct node nodes[CLUSTER_HOSTS];
};

/* Why no guest can run here; NULL: it can. */
const char *cluster_missing(void);

struct cluster *cluster_create(const struct cluster_options *options);
/* Ends daemons and guests, looks that nothing is left (processes), removes the folder. */
void cluster_destroy(struct cluster *cluster);

/* For cmocka: ends the cluster of a test that failed. */
int cluster_teardown(void **state);
#define CLUSTER_TEST(function) cmocka_unit_test_teardown(function, cluster_teardown)

/* Until the daemon answers and is ready. */
void node_start(struct node *node);
/* kill -9. */
void node_kill(struct node *node);
/* SIGTERM, and waits for a good end. */
void node_stop(struct node *node);
/* Kills the process of a guest, if it has one. */
void node_kill_guest(struct node *node, const char *guest);

/* The journal's writes wait, or go on. */
void node_hold(struct node *node);
void node_release(struct node *node);

/* A call that must be answered with a result. args is taken over; the result is the caller's. */
json_t *node_call(struct node *node, const char *call, json_t *args);
/* One that may fail: the error's code, HOST_OK with *result_out. */
enum host_code node_try(
    struct node *node,
    const char *call,
    json_t *args,
    json_t **result_out,
    struct host_error *error);

/* The entry of vm.list; NULL: none. The caller's. */
json_t *node_guest(struct node *node, const char *guest);
/* The entry of status of the session; NULL: none. */
json_t *node_status(struct node *node, const char *session);
bool node_runs(struct node *node, const char *guest);
unsigned node_sessions(struct node *node); /* open in the journal */

/* Starts a guest and waits until its memory is filled and its workload runs. */
void node_run_guest(
    struct node *node, const char *guest, const char *workload, unsigned vcpus, unsigned mib);
/* Begins a move; the session's name. more: further arguments (taken over), or NULL. */
void node_move(
    struct node *from, const struct node *to, const char *guest, json_t *more, char session[33]);
/* Waits for the outcome of a move: the answer to wait, the caller's. */
json_t *node_outcome(struct node *from, const char *session);

/* Waits until status of the session has one of these states (separated by blanks); false: ended, or
 * never came. */
bool node_reaches(struct node *node, const char *session, const char *states);
/* Waits until the guest's own check of all its memory is over, and gives its number of bad pages. */
uint64_t node_check_guest(struct node *node, const char *guest);
/* A number of its entry in vm.list; -1: there is none. */
json_int_t node_guest_number(struct node *node, const char *guest, const char *key);

/* All sessions of both hosts are closed; false: not in time. */
bool cluster_settles(struct cluster *cluster);
/* On how many hosts a process runs the guest. */
unsigned cluster_running(struct cluster *cluster, const char *guest);

/* Processes of guests that live, whatever the daemons know of them. */
unsigned cluster_processes(const struct cluster *cluster);

/* Tries a condition until it holds: false after so long. */
typedef bool cluster_condition(void *context);
bool cluster_until(cluster_condition *condition, void *context, ferry_time_ns limit);

#endif
