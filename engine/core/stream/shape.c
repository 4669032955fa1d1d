/* SPDX-License-Identifier: Apache-2.0 */
/* shape.c -- checks what a stream is told about the guest, and finds regions in the flat space of
 * pages. */
#include "stream/frames.h"

enum ferry_status stream_shape_check(const struct ferry_stream_shape *shape)
{
    const uint32_t size = shape->page_size;
    if (size < FERRY_PAGE_SIZE_MIN || size > FERRY_PAGE_SIZE_MAX || (size & (size - 1)) != 0) {
        return FERRY_USAGE_CONFIG;
    }
    if ((shape->session.high == 0 && shape->session.low == 0) || shape->attach == 0 ||
        shape->stream >= FERRY_STREAMS_MAX || shape->device_state_max > FERRY_DEVICE_STATE_MAX) {
        return FERRY_USAGE_CONFIG;
    }
    if (shape->region_count == 0 || shape->region_count > FERRY_REGIONS_MAX) {
        return FERRY_USAGE_CONFIG;
    }
    uint64_t pages = 0;
    for (uint32_t i = 0; i < shape->region_count; i++) {
        if (shape->regions[i].pages == 0 || shape->regions[i].pages > FERRY_PAGES_MAX) {
            return FERRY_USAGE_CONFIG;
        }
        pages += shape->regions[i].pages;
    }
    return pages <= FERRY_PAGES_MAX ? FERRY_OK : FERRY_USAGE_CONFIG;
}

uint64_t stream_region_first(const struct ferry_stream_shape *shape, uint32_t index)
{
    uint64_t first = 0;
    for (uint32_t i = 0; i < index; i++) {
        first += shape->regions[i].pages;
    }
    return first;
}
