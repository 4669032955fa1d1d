/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bed.h -- test bed of the network contract: the same case on every implementation, each in a
 * process of its own (SimGrid permits one engine a process), with all events recorded.
 *
 * A case is a function that gets the name of the implementation, builds a bed, says what happens
 * when (bed_at), runs it, and looks at the record. CHECK and CHECK_EQ end the case's process with a
 * message; the cmocka test that stands for the case sees its exit status.
 */
#ifndef FERRY_TESTS_SIM_NET_BED_H
#define FERRY_TESTS_SIM_NET_BED_H

#include "sim/net/net.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define US   INT64_C(1000)
#define MS   INT64_C(1000000)
#define SEC  INT64_C(1000000000)
#define MBIT UINT64_C(1000000)
#define GBIT UINT64_C(1000000000)
#define MIB  (UINT64_C(1) << 20)
#define GIB  (UINT64_C(1) << 30)

enum bed_kind {
    BED_LIGHT = 1,
    BED_SIMGRID,
};

struct bed;
typedef void bed_action(struct bed *bed);

struct bed {
    struct net *net;
    struct net_event *log;
    uint32_t log_count;
    uint32_t log_capacity;
    bed_action *actions[64]; /* by the cookie of their timer */
    uint32_t action_count;
    net_conn conn[64];     /* for the case's use */
    uint64_t number;       /* likewise */
    net_handler *reaction; /* called with the bed after an event is recorded; NULL: none */
    enum net_run_result result;
};

/* Options of a bed: unset means ordinary. */
struct bed_options {
    uint32_t hosts;         /* 2 */
    uint32_t networks;      /* 1; all alike, every host a member */
    uint64_t bandwidth_bps; /* 1 Gbit/s; BED_STANDS for 0 */
    uint64_t backbone_bps;
    int64_t latency_ns; /* 1 ms; BED_INSTANT for 0 */
    uint64_t window_bytes;
    uint64_t initial_window_bytes;
    uint32_t loss_ppm;
    net_handler *reaction;
};

#define BED_STANDS  UINT64_MAX
#define BED_INSTANT INT64_MAX

struct bed *bed_create(enum bed_kind kind, const struct bed_options *options);
void bed_destroy(struct bed *bed);

/* Calls the action at that time (a timer of the world). */
void bed_at(struct bed *bed, int64_t at_ns, bed_action *action);
/* Runs until idle. */
void bed_run(struct bed *bed);
/* Connects host `from` to host `to` on network 0 now, as conn[0], conn[1], ...; cookie = that
 * index. */
net_conn bed_connect(struct bed *bed, uint32_t from, uint32_t to);
/* The same, and runs until it is connected; the record is empty afterwards. */
net_conn bed_connected(struct bed *bed, uint32_t from, uint32_t to);

/* The n-th event of a kind, counted from 0; ends the case if there is none. */
const struct net_event *bed_event(const struct bed *bed, enum net_event_kind kind, uint32_t nth);
uint32_t bed_count(const struct bed *bed, enum net_event_kind kind);
/* When the message with this cookie was delivered, and sent. */
int64_t bed_delivered_ns(const struct bed *bed, uint64_t cookie);
int64_t bed_sent_ns(const struct bed *bed, uint64_t cookie);
/* A digest of the whole record in order. */
uint64_t bed_digest(const struct bed *bed);

/* Runs `run` in a process of its own and returns what it returned: for comparing two runs. */
uint64_t
bed_apart(enum bed_kind kind, uint64_t (*run)(enum bed_kind kind, uint64_t seed), uint64_t seed);

/* ---- checks: inside a case only ---- */

void bed_check(bool holds, const char *what, const char *file, int line);
void bed_check_eq(int64_t got, int64_t expected, const char *what, const char *file, int line);
/* |got - expected| <= slack */
struct bed_near {
    int64_t expected;
    int64_t slack;
};
void bed_check_near(
    int64_t got, struct bed_near range, const char *what, const char *file, int line);

#define CHECK(condition) bed_check((condition), #condition, __FILE__, __LINE__)
#define CHECK_EQ(got, expected) \
    bed_check_eq((int64_t)(got), (int64_t)(expected), #got, __FILE__, __LINE__)
#define CHECK_NEAR(got, value, tolerance)                                               \
    bed_check_near(                                                                     \
        (int64_t)(got),                                                                 \
        (struct bed_near){.expected = (int64_t)(value), .slack = (int64_t)(tolerance)}, \
        #got,                                                                           \
        __FILE__,                                                                       \
        __LINE__)

/* ---- cases ---- */

struct bed_case {
    const char *name;
    void (*run)(enum bed_kind kind);
    bool aborts; /* the case is one of misuse: it must end by abort */
};

#define BED_CASE(function)         \
    {                              \
#        function, function, false \
    }
#define BED_MISUSE(function)      \
    {                             \
#        function, function, true \
    }

/* Runs every case on both implementations; the program's exit status. */
int bed_main(const char *group, const struct bed_case *cases, size_t count);

#endif
