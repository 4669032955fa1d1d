/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check.c -- the guest doubts its memory: some pages at each heartbeat, all of them when asked, and
 * the registers that a switch of hosts might lose.
 *
 * The continuous check looks at written pages only, so that it makes no host allocate memory that
 * the guest never used; the full check looks at every page, and compares the table of generations
 * with the sum that is kept apart.
 */
#include "engine/host/guest/guest.h"

#define FULL_BATCH 256U
#define SCAN_SKIPS 4096U
/* Legal but uncommon values, so that a reset register shows: round down, 53 bits of precision. */
#define MXCSR_MARK 0x3f80U
#define X87_MARK   0x067fU

void check_some(struct worker *worker, uint32_t count)
{
    uint32_t skipped = 0;
    while (count > 0 && skipped < SCAN_SKIPS) {
        const uint64_t page = worker->scan_next++;
        if (page >= HOST->pages) {
            worker->scan_next = pages_first();
            return;
        }
        if (page % HOST->vcpus != worker->number || *page_generation(page) == 0) {
            skipped++;
            continue;
        }
        page_check(worker, page);
        count--;
    }
}

bool check_full(struct worker *worker)
{
    struct guest_report *report = worker->report;
    if (worker->full_next == 0) {
        if (report->full_checks >= HOST->checks_wanted) {
            return false;
        }
        worker->full_next = pages_first();
        worker->full_sum = 0;
    }
    for (uint32_t i = 0; i < FULL_BATCH; i++) {
        const uint64_t page = worker->full_next;
        if (page >= HOST->pages) {
            if (worker->full_sum != worker->generation_sum) {
                page_report_bad(worker, GUEST_OWNED / GUEST_PAGE_SIZE, GUEST_BAD_GENERATION);
            }
            worker->full_next = 0;
            report->full_checks++;
            port_out(GUEST_PORT_REPORT, 0);
            return false;
        }
        worker->full_next++;
        if (page % HOST->vcpus == worker->number) {
            worker->full_sum += *page_generation(page);
            page_check(worker, page);
        }
    }
    return true;
}

void check_registers_begin(struct worker *worker)
{
    worker->mxcsr = MXCSR_MARK;
    worker->x87 = X87_MARK;
    __asm__ volatile("ldmxcsr %0" : : "m"(worker->mxcsr));
    __asm__ volatile("fldcw %0" : : "m"(worker->x87));
    __asm__ volatile("wrfsbase %0" : : "r"((uint64_t)(uintptr_t)worker));
}

void check_registers(struct worker *worker)
{
    uint32_t mxcsr;
    uint16_t x87;
    uint64_t base;
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
    __asm__ volatile("fnstcw %0" : "=m"(x87));
    __asm__ volatile("rdfsbase %0" : "=r"(base));
    /* the flags of exceptions in the low bits come and go */
    if ((mxcsr & ~0x3fU) != worker->mxcsr || x87 != worker->x87 ||
        base != (uint64_t)(uintptr_t)worker) {
        page_report_bad(worker, worker->number, GUEST_BAD_REGISTERS);
        check_registers_begin(worker);
    }
}
