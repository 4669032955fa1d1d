/* SPDX-License-Identifier: Apache-2.0 */
/*
 * op.c -- what takes time on a host and reports when it is done.
 *
 * An op remembers which engine object asked for it by that object's serial number, because the
 * object may be gone when the op is done: then the deed stands and the report goes nowhere. A crash
 * of the host takes its ops with it; a crash of the daemon ends those that the daemon carries out
 * (writes of the journal), while a VMM finishes what it was told.
 */
#include "sim/world/op.h"

#include "sim/world/host.h"
#include "sim/world/memory.h"
#include "sim/world/side.h"
#include "sim/world/state.h"
#include "sim/world/timers.h"

#include <stdlib.h>
#include <string.h>

struct op *op_create(struct side *side, const struct ferry_action *action, op_done_fn *done)
{
    struct op *op = world_allocate(sizeof *op);

    op->host = side->host;
    op->move = side->move;
    op->side_serial = side->serial;
    op->target = side->target;
    op->done = done;
    op->action_id = action->id;
    op->attempt = action->attempt;
    op->epoch = action->epoch;
    op->record_kind = action->record_kind;
    op->state_size = action->state_size;
    op->status = FERRY_OK;
    if (action->kind == FERRY_ACTION_PERSIST) {
        op->size = action->bytes.size;
        memcpy(op->bytes, action->bytes.data, op->size < sizeof op->bytes ? op->size : 0);
    }
    op->next = op->host->ops;
    if (op->next != NULL) {
        op->next->previous = op;
    }
    op->host->ops = op;
    return op;
}

static void op_unlink(struct op *op)
{
    if (op->previous == NULL) {
        op->host->ops = op->next;
    } else {
        op->previous->next = op->next;
    }
    if (op->next != NULL) {
        op->next->previous = op->previous;
    }
}

static void op_fire(void *owner, uint64_t argument)
{
    struct op *op = owner;

    (void)argument;
    op_unlink(op);
    op->done(op);
    free(op);
}

void op_start(struct op *op, int64_t delay)
{
    struct world *world = op->host->world;

    op->timer = timer_at(world, op->host->index, world_now(world) + delay, op_fire, op, 0);
}

struct side *op_side(const struct op *op)
{
    return side_of_serial(op->move, op->target, op->side_serial);
}

void op_report(struct op *op, enum ferry_status status)
{
    struct side *side = op_side(op);

    if (side != NULL) {
        side_post(
            side,
            &(struct ferry_event){
                .kind = FERRY_EVENT_DONE,
                .action_id = op->action_id,
                .status = status,
                .duration_ns = op->stood_still,
            });
    }
}

void op_host_down(struct host *host)
{
    while (host->ops != NULL) {
        struct op *op = host->ops;
        host->ops = op->next;
        free(op); /* its timer went with the host */
    }
}

void op_daemon_down(struct host *host)
{
    struct op *next = NULL;

    for (struct op *op = host->ops; op != NULL; op = next) {
        next = op->next;
        if (op->daemon) {
            op_unlink(op);
            timer_cancel(host->world, &op->timer);
            op->done(op);
            free(op);
        }
    }
}
