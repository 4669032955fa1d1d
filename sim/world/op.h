/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op.h -- what takes time on a host; see op.c.
 */
#ifndef FERRY_SIM_WORLD_OP_H
#define FERRY_SIM_WORLD_OP_H

#include "ferry/action.h"
#include "sim/world/timers.h"

#include <stdbool.h>
#include <stdint.h>

struct host;
struct move;
struct op;
struct side;

typedef void op_done_fn(struct op *op);

struct op {
    struct host *host;
    struct move *move;
    uint64_t side_serial; /* the object that wants the report */
    bool target;
    op_done_fn *done;
    uint64_t action_id;
    uint32_t attempt;
    uint64_t epoch;
    enum ferry_record_kind record_kind;
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
    uint64_t dirty_pages;
    uint64_t new_pages;
    uint64_t state_size;
    int64_t stood_still; /* of a RESUME at the source */
    enum ferry_status status;
    bool daemon; /* carried out by the daemon: ends with it */
    world_timer timer;
    struct op *next;
    struct op *previous;
};

struct op *op_create(struct side *side, const struct ferry_action *action, op_done_fn *done);
void op_start(struct op *op, int64_t delay); /* done() is called after it, then the op is freed */
void op_report(
    struct op *op, enum ferry_status status); /* DONE, to the side if it is still there */
struct side *op_side(const struct op *op);    /* NULL: gone */
void op_host_down(struct host *host);
void op_daemon_down(struct host *host);

#endif
