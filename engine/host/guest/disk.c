/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.c -- the guest uses its disk: writes blocks at a rate, flushes, reads back what it wrote.
 *
 *   WRITE --a batch was submitted and done--> FLUSH --> READ --all compared--> WRITE
 *
 * vCPU 0 alone does it. A batch is rung with one doorbell. A block of 64 KiB carries its number and
 * its turn in every word, so that a block which was lost, or is old, shows when it is read.
 */
#include "engine/host/guest/guest.h"

#define BLOCK_BYTES 65536U
#define BATCH       4U

enum disk_phase { DISK_IDLE, DISK_WRITE, DISK_FLUSH, DISK_READ };

static volatile struct guest_disk_ring *ring(void)
{
    return &guest_disk_ring_page;
}

static uint64_t *buffer(uint32_t index)
{
    return guest_disk_buffer + (size_t)index * (BLOCK_BYTES / sizeof(uint64_t));
}

static uint64_t blocks(void)
{
    return HOST->disk_bytes / BLOCK_BYTES;
}

static uint64_t word_of(uint64_t block, uint64_t place)
{
    /* a block's turn is how often all blocks were written before */
    return page_mix((block << 16) + place + HOST->seed);
}

static void submit(uint32_t kind, uint64_t block, uint32_t index)
{
    const uint32_t slot = ring()->submitted % GUEST_DISK_SLOTS;
    volatile struct guest_disk_request *request = &ring()->requests[slot];
    request->kind = kind;
    request->offset = block % blocks() * BLOCK_BYTES;
    request->address = (uint64_t)(uintptr_t)buffer(index);
    request->bytes = kind == GUEST_DISK_FLUSH ? 0 : BLOCK_BYTES;
    request->status = GUEST_DISK_PENDING;
    __atomic_thread_fence(__ATOMIC_RELEASE);
    ring()->submitted++;
}

static void submit_batch(struct worker *worker, uint32_t kind, enum disk_phase phase)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        const uint64_t block = worker->disk_block + i;
        for (uint64_t k = 0; k < BLOCK_BYTES / sizeof(uint64_t); k++) {
            buffer(i)[k] = kind == GUEST_DISK_WRITE ? word_of(block, k) : 0;
        }
        submit(kind, block, i);
    }
    worker->disk_phase = phase;
    worker->disk_ticket = ring()->submitted;
    port_out(GUEST_PORT_DISK, BATCH);
}

static bool failed(const struct worker *worker, uint32_t count)
{
    bool any = false;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t slot = (worker->disk_ticket - 1 - i) % GUEST_DISK_SLOTS;
        any = any || ring()->requests[slot].status != GUEST_DISK_DONE;
    }
    return any;
}

static void compare(struct worker *worker)
{
    for (uint32_t i = 0; i < BATCH; i++) {
        bool bad = false;
        for (uint64_t k = 0; k < BLOCK_BYTES / sizeof(uint64_t); k++) {
            bad = bad || buffer(i)[k] != word_of(worker->disk_block + i, k);
        }
        if (bad) {
            worker->report->disk_bad++;
            page_report_bad(worker, (worker->disk_block + i) % blocks(), GUEST_BAD_DISK);
        }
    }
}

void disk_begin(struct worker *worker)
{
    worker->disk_pace.rate = HOST->disk_rate;
}

static void begin_batch(struct worker *worker, uint64_t pace_now)
{
    const uint64_t pages = (uint64_t)BATCH * BLOCK_BYTES / GUEST_PAGE_SIZE;
    if (pace_due(&worker->disk_pace, pace_now) < pages) {
        return;
    }
    if (worker->disk_pace.rate != GUEST_RATE_FLAT_OUT) {
        worker->disk_pace.due -= pages;
    }
    submit_batch(worker, GUEST_DISK_WRITE, DISK_WRITE);
}

void disk_step(struct worker *worker, uint64_t pace_now)
{
    if (worker->number != 0 || (HOST->flags & GUEST_HAS_DISK) == 0 || HOST->disk_rate == 0 ||
        blocks() < BATCH) {
        return;
    }
    if (worker->disk_phase == DISK_IDLE) {
        begin_batch(worker, pace_now);
        return;
    }
    if (ring()->completed != worker->disk_ticket) {
        return;
    }
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    switch ((enum disk_phase)worker->disk_phase) {
    case DISK_WRITE:
        if (failed(worker, BATCH)) {
            page_report_bad(worker, worker->disk_block % blocks(), GUEST_BAD_DISK);
        }
        worker->report->disk_writes += BATCH;
        submit(GUEST_DISK_FLUSH, 0, 0);
        worker->disk_phase = DISK_FLUSH;
        worker->disk_ticket = ring()->submitted;
        port_out(GUEST_PORT_DISK, 1);
        return;
    case DISK_FLUSH: submit_batch(worker, GUEST_DISK_READ, DISK_READ); return;
    case DISK_READ:
        compare(worker);
        worker->disk_block += BATCH;
        worker->disk_phase = DISK_IDLE;
        return;
    case DISK_IDLE: return;
    }
}
