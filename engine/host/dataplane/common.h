/* SPDX-License-Identifier: Apache-2.0 */
/* common.h -- what the sender and the receiver both need: the shape with regions of its own, the
 * allocator of the engine's objects, and the reports that both make. */
#ifndef FERRY_HOST_DATAPLANE_COMMON_H
#define FERRY_HOST_DATAPLANE_COMMON_H

#include "engine/host/dataplane/report.h"
#include "engine/host/transport/connection.h"
#include "ferry/stream.h"

struct own_shape {
    struct ferry_stream_shape is; /* its regions are those below */
    struct ferry_region regions[FERRY_REGIONS_MAX];
};

struct dataplane_memory;

/* The C library's. */
extern const struct ferry_allocator dataplane_allocator;

/* Copies the shape. USAGE_CONFIG unless its pages are those of the memory. */
FERRY_NODISCARD
enum ferry_status own_shape_init(
    struct own_shape *own,
    const struct ferry_stream_shape *shape,
    const struct dataplane_memory *memory);

/* Where reports go, and what stands in each. */
struct reporter {
    dataplane_post post;
    void *context;
    uint32_t attach;
    uint16_t stream;
};

void report_event(const struct reporter *reporter, const struct ferry_event *event);
/* The connection is over. */
void report_detached(
    const struct reporter *reporter, const struct transport_connection *connection);
/* STREAM_ERROR, or DETACHED for what is this side's own fault. */
void report_error(
    const struct reporter *reporter, enum ferry_event_kind kind, enum ferry_status status);
void report_closed(const struct reporter *reporter);

#endif
