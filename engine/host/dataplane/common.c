/* SPDX-License-Identifier: Apache-2.0 */
/* common.c -- see common.h. */
#include "engine/host/dataplane/common.h"

#include "engine/host/dataplane/memory_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(void *context, size_t size)
{
    (void)context;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    (void)context;
    (void)size;
    free(memory);
}

const struct ferry_allocator dataplane_allocator = {.allocate = allocate, .release = release};

enum ferry_status own_shape_init(
    struct own_shape *own,
    const struct ferry_stream_shape *shape,
    const struct dataplane_memory *memory)
{
    if (shape->region_count != memory->region_count || shape->page_size != memory->page_size) {
        return FERRY_USAGE_CONFIG;
    }
    own->is = *shape;
    own->is.regions = own->regions;
    for (uint16_t i = 0; i < shape->region_count; i++) {
        own->regions[i] = shape->regions[i];
        if (shape->regions[i].pages != memory->regions[i].is.pages) {
            return FERRY_USAGE_CONFIG;
        }
    }
    return FERRY_OK;
}

static void post(
    const struct reporter *reporter,
    struct dataplane_report *report,
    const struct ferry_event *event)
{
    report->event = *event;
    report->event.attach = reporter->attach;
    report->event.stream = reporter->stream;
    reporter->post(reporter->context, report);
}

void report_event(const struct reporter *reporter, const struct ferry_event *event)
{
    struct dataplane_report report = {.kind = DATAPLANE_REPORT_EVENT};
    post(reporter, &report, event);
}

void report_detached(const struct reporter *reporter, const struct transport_connection *connection)
{
    const struct ferry_event event = {.kind = FERRY_EVENT_DETACHED, .status = FERRY_WORLD_LINK};
    struct dataplane_report report = {.kind = DATAPLANE_REPORT_EVENT};
    (void)snprintf(
        report.reason,
        sizeof(report.reason),
        "%.*s",
        (int)sizeof(report.reason) - 1,
        transport_connection_failure(connection)->text);
    post(reporter, &report, &event);
}

void report_error(
    const struct reporter *reporter, enum ferry_event_kind kind, enum ferry_status status)
{
    const struct ferry_event event = {.kind = kind, .status = status};
    struct dataplane_report report = {.kind = DATAPLANE_REPORT_EVENT};
    (void)snprintf(report.reason, sizeof(report.reason), "%s", ferry_status_sentence(status));
    post(reporter, &report, &event);
}

void report_closed(const struct reporter *reporter)
{
    const struct ferry_event event = {.status = FERRY_OK};
    struct dataplane_report report = {.kind = DATAPLANE_REPORT_CLOSED};
    post(reporter, &report, &event);
}
