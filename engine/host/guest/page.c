/* SPDX-License-Identifier: Apache-2.0 */
/*
 * page.c -- pages that know who they are.
 *
 * An owned page is 64 records of 64 bytes: address, generation, five words drawn from these two, a
 * checksum. Generation 0 fills all records; generation g > 0 writes record g % 64 alone, so a page
 * is written with one cache line, and the generation of each of its records follows from the page's
 * generation. That one stands in a table outside of the page. A page that was lost, torn, is old,
 * or lies in another's place cannot fulfil all of it; and an old piece of the table itself does not
 * fit the pages, nor the sum of all generations, which is kept apart.
 */
#include "engine/host/guest/guest.h"

void *page_address(uint64_t page)
{
    const uint64_t low = GUEST_LOW_BYTES / GUEST_PAGE_SIZE;
    const uint64_t address =
        page < low ? page * GUEST_PAGE_SIZE : GUEST_HIGH + (page - low) * GUEST_PAGE_SIZE;
    return (void *)(uintptr_t)address; // NOLINT(performance-no-int-to-ptr): this is memory's map
}

uint32_t *page_generation(uint64_t page)
{
    return guest_generations + page;
}

uint64_t pages_first(void)
{
    const uint64_t table = (HOST->pages * sizeof(uint32_t) + GUEST_PAGE_SIZE - 1) / GUEST_PAGE_SIZE;
    return GUEST_OWNED / GUEST_PAGE_SIZE + table;
}

uint64_t page_mix(uint64_t value)
{
    value ^= value >> 31;
    value *= 0x9e3779b97f4a7c15ULL;
    value ^= value >> 29;
    value *= 0xd6e8feb86659fd93ULL;
    return value ^ value >> 32;
}

void record_make(struct record *record, uint64_t generation)
{
    const uint64_t address = (uint64_t)(uintptr_t)record;
    uint64_t draw = page_mix(address ^ generation << 40 ^ HOST->seed);
    uint64_t sum = address + generation;
    record->address = address;
    record->generation = generation;
    for (uint32_t i = 0; i < RECORD_FILL; i++) {
        draw = draw * 0x5851f42d4c957f2dULL + 0x14057b7ef767814fULL;
        record->fill[i] = draw;
        sum = (sum << 7 | sum >> 57) ^ draw;
    }
    record->checksum = ~sum;
}

enum guest_bad record_check(const struct record *record)
{
    uint64_t sum = record->address + record->generation;
    for (uint32_t i = 0; i < RECORD_FILL; i++) {
        sum = (sum << 7 | sum >> 57) ^ record->fill[i];
    }
    if (record->checksum == 0 && record->address == 0) {
        return GUEST_BAD_ZERO;
    }
    if (record->checksum != ~sum) {
        return GUEST_BAD_CHECKSUM;
    }
    return record->address == (uint64_t)(uintptr_t)record ? GUEST_BAD_NONE : GUEST_BAD_ADDRESS;
}

void page_grew(struct worker *worker, uint64_t page)
{
    (*page_generation(page))++;
    worker->generation_sum++;
    /* a full check that is under way has counted this page already */
    worker->full_sum += page < worker->full_next;
}

void page_fill(struct worker *worker, uint64_t page)
{
    struct record *records = page_address(page);
    for (uint32_t i = 0; i < RECORDS; i++) {
        record_make(&records[i], 0);
    }
    page_grew(worker, page);
    worker->report->pages_owned++;
}

static enum guest_bad record_judge(const struct record *record, uint32_t wanted)
{
    const enum guest_bad bad = record_check(record);
    if (bad != GUEST_BAD_NONE) {
        return bad;
    }
    return record->generation == wanted ? GUEST_BAD_NONE : GUEST_BAD_GENERATION;
}

/* What is overwritten is checked first: else a damage could be gone before a check comes by. */
void page_write(struct worker *worker, uint64_t page)
{
    const uint32_t next = *page_generation(page); /* the table holds one more */
    worker->report->pages_written++;
    if (next == 0) {
        page_fill(worker, page);
        return;
    }
    struct record *record = (struct record *)page_address(page) + next % RECORDS;
    const enum guest_bad bad = record_judge(record, next > RECORDS ? next - RECORDS : 0);
    if (bad != GUEST_BAD_NONE) {
        page_report_bad(worker, page, bad);
    }
    record_make(record, next);
    page_grew(worker, page);
}

void page_report_bad(struct worker *worker, uint64_t page, enum guest_bad reason)
{
    struct guest_report *report = worker->report;
    if (report->bad_pages == 0) {
        report->first_bad_page = page;
        report->first_bad_reason = reason;
    }
    report->bad_pages++;
    if (report->bad_pages <= 16) {
        text_line(worker, "bad page", page);
        port_out(GUEST_PORT_REPORT, 0);
    }
}

static enum guest_bad page_judge(uint64_t page)
{
    const uint32_t held = *page_generation(page);
    const struct record *records = page_address(page);
    if (held == 0) {
        const uint64_t *words = page_address(page);
        uint64_t any = 0;
        for (uint32_t i = 0; i < GUEST_PAGE_SIZE / sizeof(*words); i++) {
            any |= words[i];
        }
        return any == 0 ? GUEST_BAD_NONE : GUEST_BAD_GENERATION;
    }
    const uint32_t newest = held - 1;
    for (uint32_t i = 0; i < RECORDS; i++) {
        const uint32_t back = (newest - i) % RECORDS;
        const enum guest_bad bad = record_judge(&records[i], newest > back ? newest - back : 0);
        if (bad != GUEST_BAD_NONE) {
            return bad;
        }
    }
    return GUEST_BAD_NONE;
}

bool page_check(struct worker *worker, uint64_t page)
{
    worker->report->pages_checked++;
    const bool worked = work_holds(page);
    if (worked && HOST->workload == GUEST_SORT) {
        return true; /* the sort checks its own result */
    }
    const bool table = worked && HOST->workload == GUEST_KV && *page_generation(page) != 0;
    const enum guest_bad bad = table ? kv_judge(page) : page_judge(page);
    if (bad != GUEST_BAD_NONE) {
        page_report_bad(worker, page, bad);
    }
    return bad == GUEST_BAD_NONE;
}
