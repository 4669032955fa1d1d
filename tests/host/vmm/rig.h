/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rig.h -- a guest in a process of its own, and the daemon's end of its link, driven step by step:
 * what the loop does in a daemon, a poll with an end does here. Every wait has one.
 */
#ifndef FERRY_TESTS_HOST_VMM_RIG_H
#define FERRY_TESTS_HOST_VMM_RIG_H

#include "engine/host/vmmlink/guestconfig.h"
#include "engine/host/vmmlink/vmmlink.h"

/* cmocka.h wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

/* Nothing takes longer on the slowest machine that these tests are meant for. */
#define RIG_PATIENCE (60 * FERRY_SECOND)

struct rig {
    struct vmmlink *link;
    char socket[108];
    pid_t pid;
    /* what the link said */
    bool up;
    bool lost;
    enum vmmlink_status lost_status;
    char lost_reason[512];
    bool died;
    char died_reason[512];
    uint32_t reports;
    struct vmmlink_report report;
    char serial[16384];
    size_t serial_bytes;
    /* the last answer */
    bool answered;
    struct vmmlink_reply reply;
    char reply_reason[512];
};

/* Skips the running test, saying why, where guests cannot run. */
void rig_need_kvm(void);

/* "key=value" words over the default configuration: "memory=64 MiB", "workload=uniform". NULL ends
 * them. */
struct guestconfig rig_config(const char *const *words);

/* A process and a link to it; the hello has come (or the link is lost, for the caller to look). */
struct rig *rig_start(const struct guestconfig *config, bool incoming);
/* Another link to the same process. */
struct rig *rig_connect(const struct rig *other);
/* Ends process and link; the process must end by itself within the patience. */
void rig_end(struct rig *rig);
/* Ends the link alone. */
void rig_disconnect(struct rig *rig);

/* Serves the link until the condition holds; fails the test when it does not come to hold. */
void rig_until(struct rig *rig, bool (*condition)(const struct rig *rig));
/* Serves the link for a while: what the guest does meanwhile is the point. */
void rig_for(struct rig *rig, ferry_time_ns time);

/* Terms for a request whose answer lands in rig->reply. */
const struct vmmlink_call *rig_call(struct rig *rig);
/* The request was taken; waits for its answer and gives its status. */
enum vmmlink_status rig_answer(struct rig *rig, enum vmmlink_status taken);
#define RIG_DO(rig, function) rig_answer(rig, function((rig)->link, rig_call(rig)))
#define RIG_DO_WITH(rig, function, argument) \
    rig_answer(rig, function((rig)->link, argument, rig_call(rig)))

enum vmmlink_status rig_run(struct rig *rig, uint64_t epoch);
/* The guest's account, by a status request. */
struct vmmlink_report rig_report(struct rig *rig);
/* Until the workload runs. */
void rig_until_ready(struct rig *rig);
/* A full check by the guest itself; its account afterwards. */
struct vmmlink_report rig_check(struct rig *rig);

/* Copies the pages of the source's bitmap; how many. */
uint64_t rig_copy_round(const struct rig *source, const struct rig *target);
/* A whole live move: collections while the guest runs, pause, capture, load, run with that epoch. */
struct move_times {
    ferry_time_ns blackout; /* real time from stopped to running */
    ferry_time_ns stopping;
    ferry_time_ns capturing;
    ferry_time_ns loading;
    ferry_time_ns collecting; /* the last collection */
    ferry_time_ns clock_step;
    uint64_t last_pages;
};
struct move_times rig_move(struct rig *source, struct rig *target, uint32_t rounds, uint64_t epoch);

#endif
