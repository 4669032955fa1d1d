/* SPDX-License-Identifier: Apache-2.0 */
/* report.h -- what a worker of the data plane tells the loop's thread.
 *
 * The event is ready for the engine: kind, action_id, attach, stream, counts and status are filled
 * in; the loop hands it to ferry_source_input() or ferry_target_input() as it is. After CLOSED the
 * worker says nothing more. */
#ifndef FERRY_HOST_DATAPLANE_REPORT_H
#define FERRY_HOST_DATAPLANE_REPORT_H

#include "ferry/event.h"
#include "ferry/limits.h"

enum dataplane_report_kind {
    /* A sender: BATCH_SENT, or DETACHED (the connection broke, or what was queued cannot be sent). A
     * receiver: BATCH_PLACED, BARRIER_REACHED, STREAM_ERROR (the peer broke the protocol),
     * DETACHED. STREAM_ERROR and DETACHED come at most once, and CLOSED follows them at once. */
    DATAPLANE_REPORT_EVENT = 1,
    /* The worker is at its end and has touched guest memory, bitmap and connection for the last
     * time: destroy() will not wait. Exactly one, always the last. `event` has attach and stream. */
    DATAPLANE_REPORT_CLOSED,
};

struct dataplane_report {
    enum dataplane_report_kind kind;
    struct ferry_event event;
    char reason[FERRY_REASON_MAX]; /* of STREAM_ERROR and DETACHED, a sentence; else "" */
};

/* Called on the worker's thread. It copies the report to the loop's thread, and may wait for room
 * there, but the loop must then keep on taking reports until CLOSED, before it calls destroy(). */
typedef void (*dataplane_post)(void *context, const struct dataplane_report *report);

#endif
