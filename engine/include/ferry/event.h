/* SPDX-License-Identifier: Apache-2.0 */
/* event.h -- what the world tells the engine. Everything that an engine knows came in by one of
 * these. */
#ifndef FERRY_EVENT_H
#define FERRY_EVENT_H

#include "ferry/status.h"
#include "ferry/types.h"

enum ferry_event_kind {
    /* -- connections -- */
    FERRY_EVENT_ATTACHED = 1,  /* attach: source: all connections are up. Target: the control
                                  connection of this attach came in */
    FERRY_EVENT_DETACHED,      /* attach, status: a connection of this attach broke (reset, closed,
                                  refused). Source, category REFUSED: trying again cannot help,
                                  which ends a migration that nobody has accepted yet */
    FERRY_EVENT_CONTROL_BYTES, /* attach, bytes: received on the control connection (target: after
                                  the preface) */

    /* -- payload -- */
    FERRY_EVENT_BATCH_SENT,   /* source; action_id, stream, batch, wire_bytes, pages, zero_pages,
                                 digest (running, of the batch's bodies) */
    FERRY_EVENT_BATCH_PLACED, /* target; attach, stream, batch, round, attempt, wire_bytes, pages,
                                 zero_pages, digest, state_size */
    FERRY_EVENT_BARRIER_REACHED, /* target; attach, stream, round, attempt */
    FERRY_EVENT_STREAM_ERROR, /* target; attach, stream, status: the decoder found a protocol error
                               */

    /* -- reports of actions -- */
    FERRY_EVENT_DONE, /* action_id, status; source, RESUME: duration_ns, for which the vCPUs had
                                   stood still, as the guest's process saw it (0: they had not) */
    FERRY_EVENT_COLLECTED,      /* action_id, status, bitmap, dirty_pages (set bits), new_pages (of
                                   these, from this collection) */
    FERRY_EVENT_STATE_CAPTURED, /* action_id, status, state_size, state_digest */

    /* -- time -- */
    FERRY_EVENT_TICK, /* the deadline that the object asked for is reached (early or late is
                         harmless) */

    /* -- the operator -- */
    FERRY_EVENT_CANCEL,
    FERRY_EVENT_SET_BANDWIDTH_CAP,  /* rate: bytes a second over all streams */
    FERRY_EVENT_SET_BLACKOUT_LIMIT, /* duration_ns */
    FERRY_EVENT_SWITCH_NOW, /* source: pause at the next round's end whatever the prediction says */
    FERRY_EVENT_CLAIM, /* the guest is ours: the operator states that the other host is fenced */
    FERRY_EVENT_BURN,  /* target: never start this guest in this session */
};

struct ferry_event {
    enum ferry_event_kind kind;
    enum ferry_status status;
    uint64_t action_id;
    uint32_t attach;
    uint16_t stream;
    uint32_t round;
    uint32_t attempt;
    uint64_t batch;
    uint64_t wire_bytes;
    uint64_t pages;
    uint64_t zero_pages;
    uint32_t digest;
    uint64_t state_size;
    uint64_t state_bytes; /* BATCH_PLACED of device state: of its state_size, in this batch */
    uint32_t state_digest;
    struct ferry_bytes bytes;
    const uint64_t
        *bitmap; /* COLLECTED: the round's bitmap, stable until the next COLLECT is taken */
    uint64_t dirty_pages;
    uint64_t new_pages;
    uint64_t rate;
    ferry_time_ns duration_ns;
};

const char *ferry_event_name(enum ferry_event_kind kind); /* never NULL */

#endif
