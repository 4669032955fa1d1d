/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kv.c -- a key-value table: 64 keys a page, each a record with a version.
 *
 * An operation reads its key, checks it, and writes the next version. Keys are skewed: the third
 * power of an even draw, so that a tenth of the keys gets nearly half of the operations; and
 * scattered over the table, so that hot keys do not share pages. The generation of a page is one
 * more than the sum of its versions: an update that was lost shows there.
 */
#include "engine/host/guest/guest.h"

#define DRAW_BITS 32U
#define SCATTER   0x9e3779b1U

static uint64_t skewed(struct worker *worker, uint64_t count)
{
    const uint64_t even = random_next(worker) >> DRAW_BITS;
    const uint64_t square = even * even >> DRAW_BITS;
    const uint64_t cube = square * even >> DRAW_BITS;
    return cube * count >> DRAW_BITS;
}

void kv_write(struct worker *worker, const struct set *set)
{
    const uint64_t pages = set->pages / HOST->vcpus;
    const uint64_t key = skewed(worker, pages * RECORDS);
    const uint64_t page = work_draw_page(worker, set, key % pages * SCATTER);
    if (*page_generation(page) == 0) {
        page_fill(worker, page);
    }
    struct record *record = (struct record *)page_address(page) + key / pages % RECORDS;
    const enum guest_bad bad = record_check(record);
    if (bad != GUEST_BAD_NONE) {
        page_report_bad(worker, page, bad);
    }
    record_make(record, record->generation + 1);
    page_grew(worker, page);
    worker->report->pages_written++;
}

enum guest_bad kv_judge(uint64_t page)
{
    const struct record *records = page_address(page);
    uint64_t versions = 0;
    for (uint32_t i = 0; i < RECORDS; i++) {
        const enum guest_bad bad = record_check(&records[i]);
        if (bad != GUEST_BAD_NONE) {
            return bad;
        }
        versions += records[i].generation;
    }
    return versions + 1 == *page_generation(page) ? GUEST_BAD_NONE : GUEST_BAD_GENERATION;
}
