/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main.c -- the loop of a vCPU: fill the memory once, then beat, work, check, and idle when nothing
 * is due.
 *
 * A beat takes the time. It comes after at most BATCH_WRITES page writes or IDLE_US_MAX, so a gap
 * between two beats is time in which this vCPU did not run: a pause, a move, or a busy host.
 */
#include "engine/host/guest/guest.h"

#define CHECK_BUSY   1U
#define CHECK_PACED  16U
#define NS_OF_US     1000U
#define READY_REPORT 1U

static struct worker workers[GUEST_VCPUS_MAX];

static void beat(struct worker *worker, uint64_t now)
{
    struct guest_report *report = worker->report;
    if (now < worker->gap_base) {
        report->backward_steps++;
    } else {
        const uint64_t gap = now - worker->gap_base;
        report->longest_gap_ns = gap > report->longest_gap_ns ? gap : report->longest_gap_ns;
        if (report->runs_seen != HOST->runs) {
            report->runs_seen = HOST->runs;
            report->last_gap_ns = 0;
        }
        report->last_gap_ns = gap > report->last_gap_ns ? gap : report->last_gap_ns;
    }
    worker->gap_base = now;
    report->now_ns = now;
    report->heartbeats++;
}

static struct worker *begin(uint64_t number)
{
    struct worker *worker = &workers[number];
    worker->number = (uint32_t)number;
    worker->report =
        (struct guest_report *)(void *)(guest_report_page + number * GUEST_REPORT_STEP);
    worker->gap_base = clock_now(worker);
    worker->report->started_ns = worker->gap_base;
    worker->report->runs_seen = HOST->runs;
    check_registers_begin(worker);
    work_begin(worker);
    disk_begin(worker);
    return worker;
}

/* Without a way to sleep it comes back at once: the vCPU spins. */
static void idle(uint64_t us)
{
    if ((HOST->flags & GUEST_HAS_SLEEP) != 0) {
        __asm__ volatile("ud2" : : "D"(us * NS_OF_US) : "cc", "memory");
    } else {
        port_out(GUEST_PORT_IDLE, (uint32_t)us);
    }
}

void guest_main(uint64_t number)
{
    struct worker *worker = begin(number);
    while (work_fill(worker)) {
        beat(worker, clock_now(worker));
    }
    worker->report->ready = READY_REPORT;
    text_line(worker, "ready, pages owned:", worker->report->pages_owned);
    port_out(GUEST_PORT_REPORT, 0);
    for (;;) {
        const uint64_t now = clock_now(worker);
        const uint64_t pace_now = now - HOST->stolen_ns[number];
        beat(worker, now);
        bool busy = work_step(worker, pace_now);
        disk_step(worker, pace_now);
        check_registers(worker);
        check_some(worker, busy ? CHECK_BUSY : CHECK_PACED);
        busy = check_full(worker) || busy;
        if (!busy) {
            const uint64_t used = (clock_now(worker) - now) / NS_OF_US;
            if (used < IDLE_US_MAX) {
                idle(IDLE_US_MAX - used);
            }
        }
    }
}
