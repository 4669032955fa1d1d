/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guest.h -- the parts of the test guest, and what they share.
 *
 *   main.c   the loop of a vCPU: beat, work, check, idle
 *   clock.c  guest-visible time
 *   page.c   pages that carry address, generation and checksum: fill, write, check
 *   pace.c   how many page writes are due
 *   work.c   sweep, uniform, hotset: which page is written next
 *   kv.c     a table with skewed keys
 *   sort.c   a merge sort that checks its result
 *   check.c  the continuous check and the full one
 *   disk.c   writes to the disk, and reads back
 *   text.c   the console, and the functions that compilers call by themselves
 *
 * Two vCPUs never write the same page of theirs: page p belongs to vCPU p % vcpus. So each checks
 * its own pages without a lock, and never sees a page half written by the other.
 */
#ifndef FERRY_GUEST_GUEST_H
#define FERRY_GUEST_GUEST_H

#include "engine/host/guest/abi.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Page writes between two heartbeats at most: a first write to a protected page costs some
 * microseconds. */
#define BATCH_WRITES 64U
/* Pages that are filled or checked between two heartbeats while that is all there is to do. */
#define BATCH_FILL 64U
/* How long a vCPU without work idles at most: the distance of heartbeats. */
#define IDLE_US_MAX 1000U

/* Products of rates and times do not fit 64 bits. */
__extension__ typedef unsigned __int128 wide;

struct quotient {
    uint64_t quotient;
    uint64_t remainder;
};

/* Compilers call a library for this division; the quotient must fit 64 bits. */
static inline struct quotient wide_divide(wide value, uint64_t by)
{
    struct quotient result;
    __asm__("divq %4"
            : "=a"(result.quotient), "=d"(result.remainder)
            : "a"((uint64_t)value), "d"((uint64_t)(value >> 64)), "r"(by)
            : "cc");
    return result;
}

struct pace {
    uint64_t rate;      /* bytes a second of this vCPU, or GUEST_RATE_FLAT_OUT */
    uint64_t spent_ns;  /* pace time up to which writes were counted */
    uint64_t remainder; /* of the division by a second, bytes * ns */
    uint64_t due;       /* page writes */
};

/* A range of owned pages that a workload writes. */
struct set {
    uint64_t first; /* flat page index */
    uint64_t pages;
    uint64_t cursor;
    struct pace pace;
};

struct sorter {
    bool flipped;      /* the sorted runs lie in the second half */
    uint64_t first;    /* page of the first half */
    uint64_t pages;    /* of one half: a power of two */
    uint64_t run;      /* length of sorted runs, pages; 0: being filled; pages: being verified */
    uint64_t position; /* pages done of this pass */
    uint64_t left;     /* next element of the left and of the right run */
    uint64_t right;
    uint64_t sum;      /* of the elements that were filled in, less those that were verified */
    uint64_t greatest; /* of the elements that were verified */
};

/* One vCPU's own: in memory, so it moves with the guest. */
struct worker {
    uint32_t number;
    struct guest_report *report;
    uint64_t random;
    uint64_t fill_next; /* page that is filled next at the start */
    struct set sets[2]; /* hot and cold; others use the first */
    struct sorter sorter;
    uint64_t scan_next;      /* continuous check */
    uint64_t full_next;      /* full check; 0: none under way */
    uint64_t generation_sum; /* of all generations of this vCPU's pages: guards the table */
    uint64_t full_sum;
    struct pace disk_pace;
    uint64_t disk_block;  /* the next one that is written */
    uint32_t disk_phase;  /* enum disk_phase of disk.c */
    uint32_t disk_ticket; /* `completed` that the phase waits for */
    uint32_t mxcsr;
    uint16_t x87;
    uint64_t gap_base; /* time of the last beat */
};

/* What lies at the addresses of abi.h; link.ld gives them their places. */
extern volatile struct guest_host guest_host_page;
extern uint8_t guest_report_page[];
extern struct guest_console guest_console_page;
extern const uint8_t guest_clock_page[];
extern volatile struct guest_disk_ring guest_disk_ring_page;
extern uint64_t guest_disk_buffer[];
extern uint32_t guest_generations[];

#define HOST (&guest_host_page)

void guest_main(uint64_t number);

/* clock.c */
uint64_t clock_now(const struct worker *worker);

/* page.c */
#define RECORDS     64U
#define RECORD_FILL 5U

struct record {
    uint64_t address;
    uint64_t generation;
    uint64_t fill[RECORD_FILL];
    uint64_t checksum;
};
void record_make(struct record *record, uint64_t generation);
/* Is it whole, and at its place? Its generation is left to the caller. */
enum guest_bad record_check(const struct record *record);
void *page_address(uint64_t page);
uint32_t *page_generation(uint64_t page); /* 0: never written; else generation + 1 */
uint64_t pages_first(void);               /* the first owned page */
/* Counts a new generation of a page. */
void page_grew(struct worker *worker, uint64_t page);
void page_fill(struct worker *worker, uint64_t page);
void page_write(struct worker *worker, uint64_t page);
void page_report_bad(struct worker *worker, uint64_t page, enum guest_bad reason);
bool page_check(struct worker *worker, uint64_t page);
uint64_t page_mix(uint64_t value);

/* pace.c */
uint64_t pace_due(struct pace *pace, uint64_t pace_now);

/* work.c */
uint64_t work_draw_page(struct worker *worker, const struct set *set, uint64_t draw);
void work_begin(struct worker *worker);
bool work_fill(struct worker *worker);                    /* true: there is more to fill */
bool work_step(struct worker *worker, uint64_t pace_now); /* true: more is due */
uint64_t random_next(struct worker *worker);

/* kv.c, sort.c */
void kv_write(struct worker *worker, const struct set *set);
enum guest_bad kv_judge(uint64_t page);
void sort_begin(struct worker *worker);
void sort_page(struct worker *worker);
/* Does the page lie in the set of the first workload? */
bool work_holds(uint64_t page);

/* check.c */
void check_some(struct worker *worker, uint32_t count);
bool check_full(struct worker *worker); /* true: under way */
void check_registers_begin(struct worker *worker);
void check_registers(struct worker *worker);

/* disk.c */
void disk_begin(struct worker *worker);
void disk_step(struct worker *worker, uint64_t pace_now);

/* text.c */
void text_line(const struct worker *worker, const char *what, uint64_t number);
void port_out(uint16_t port, uint32_t value);

#endif
