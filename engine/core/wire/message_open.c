/* SPDX-License-Identifier: Apache-2.0 */
/* message_open.c -- OPEN, source to target: may this guest come? Everything that the target must
 * know to say yes or no, and to make the guest's shell: nothing that follows makes it allocate
 * more.
 *
 * Versions and features that this side does not know are no errors here: the target answers them
 * with REFUSE. */
#include "wire/schema.h"

/* clang-format off */
static const struct wire_field region_fields[] = {
    WIRE_FIELD_INTEGER(struct ferry_region, guest_address, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct ferry_region, pages, 1, FERRY_PAGES_MAX),
};

static const struct wire_field fields[] = {
    WIRE_FIELD_INTEGER(struct wire_open, version_min, 1, UINT16_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, version_max, 1, UINT16_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, features_offered, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, features_required, 0, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, guest_id, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, epoch, 1, UINT64_MAX - 1),
    WIRE_FIELD_INTEGER(struct wire_open, source_journal_id, 1, UINT64_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, page_size, FERRY_PAGE_SIZE_MIN, FERRY_PAGE_SIZE_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, streams, 1, FERRY_STREAMS_MAX),
    WIRE_FIELD_INTEGER(struct wire_open, mode, FERRY_MODE_PRECOPY, FERRY_MODE_STOP_AND_COPY),
    WIRE_FIELD_TIME(struct wire_open, abandon_after),
    WIRE_FIELD_INTEGER(struct wire_open, device_state_estimate, 0, FERRY_DEVICE_STATE_MAX),
    WIRE_FIELD_TEXT(struct wire_open, guest_name, 1, FERRY_NAME_MAX),
    WIRE_FIELD_BYTES(struct wire_open, guest_config, 0, FERRY_GUEST_CONFIG_MAX),
    WIRE_FIELD_LIST(struct wire_open, region_count, regions, 1, FERRY_REGIONS_MAX, region_fields),
};
/* clang-format on */

/* First and last byte of a region; false: it begins inside of a page or does not end below 2^64. */
static bool region_span(const struct ferry_region *region, uint32_t page_size, uint64_t *last_out)
{
    if (region->guest_address % page_size != 0 ||
        region->pages - 1 > (UINT64_MAX - region->guest_address) / page_size) {
        return false;
    }
    const uint64_t last_page = region->guest_address + (region->pages - 1) * page_size;
    *last_out = last_page + (page_size - 1); /* page-aligned, so this cannot wrap */
    return true;
}

static enum ferry_status check_regions(const struct wire_open *open)
{
    uint64_t last[FERRY_REGIONS_MAX];
    uint64_t pages = 0;
    for (uint32_t i = 0; i < open->region_count; i++) {
        const struct ferry_region *region = &open->regions[i];
        if (!region_span(region, open->page_size, &last[i])) {
            return FERRY_PEER_VALUE;
        }
        for (uint32_t k = 0; k < i; k++) {
            const bool below = last[i] < open->regions[k].guest_address;
            const bool above = last[k] < region->guest_address;
            if (!below && !above) {
                return FERRY_PEER_VALUE;
            }
        }
        pages += region->pages; /* at most 32 x 2^36 */
    }
    return pages <= FERRY_PAGES_MAX ? FERRY_OK : FERRY_PEER_LENGTH;
}

static enum ferry_status check(const struct wire_message *message)
{
    const struct wire_open *open = &message->body.open;
    const bool power_of_two = (open->page_size & (open->page_size - 1)) == 0;
    if (!power_of_two || open->version_min > open->version_max) {
        return FERRY_PEER_VALUE;
    }
    return check_regions(open);
}

const struct wire_schema wire_schema_open = {
    .type = WIRE_OPEN,
    .name = "OPEN",
    .from_target = false,
    .fields = fields,
    .field_count = sizeof(fields) / sizeof(fields[0]),
    .check = check,
};

_Static_assert(
    FERRY_GUEST_CONFIG_MAX + FERRY_NAME_MAX + 16 * FERRY_REGIONS_MAX + 128 <=
        FERRY_CONTROL_PAYLOAD_MAX,
    "the largest OPEN fits a control frame");
