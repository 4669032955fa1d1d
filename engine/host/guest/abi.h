/* SPDX-License-Identifier: Apache-2.0 */
/*
 * abi.h -- what the test guest and whoever starts it agree on: addresses, pages, ports.
 *
 * The guest is a flat 64-bit program that runs in ring 3 with identity-mapped memory. It finds what
 * it shall do in the host page, which its VMM writes, and says what it saw in the report page, which
 * only the guest writes. Everything that it knows lies in its memory and its registers, so that a
 * moved guest is right or finds out that it is not.
 *
 *   0x002000  GDT, 0x003000 TSS of each vCPU, 0x005000 IDT       written before the start, then fixed
 *   0x006000  host page                                         written by the VMM
 *   0x007000  report page                                       written by the guest
 *   0x008000  console: a ring of text                           written by the guest
 *   0x009000  clock of each vCPU (the layout of KVM's pvclock)  written by KVM
 *   0x00a000  ring of disk requests                             both
 *   0x010000  page tables
 *   0x100000  the program, its data, its stacks
 *   0x200000  generations of all pages (4 bytes a page), then the pages that it owns, to the end
 */
#ifndef FERRY_GUEST_ABI_H
#define FERRY_GUEST_ABI_H

#include <stdint.h>

#define GUEST_PAGE_SIZE 4096U
#define GUEST_VCPUS_MAX 2U

#define GUEST_GDT         0x2000U
#define GUEST_TSS         0x3000U /* one page for each vCPU */
#define GUEST_IDT         0x5000U
#define GUEST_HOST_PAGE   0x6000U
#define GUEST_REPORT_PAGE 0x7000U
#define GUEST_CONSOLE     0x8000U
#define GUEST_CLOCK       0x9000U
#define GUEST_CLOCK_STEP  64U /* bytes from one vCPU's clock to the next one's */
#define GUEST_DISK_RING   0xa000U
#define GUEST_PAGE_TABLES 0x10000U
#define GUEST_PROGRAM     0x100000U
#define GUEST_PROGRAM_END 0x1c0000U /* program, data and stacks end below */
#define GUEST_DISK_BUFFER 0x1c0000U /* to GUEST_OWNED */
#define GUEST_OWNED       0x200000U
#define GUEST_STACK_TOP   GUEST_PROGRAM_END
#define GUEST_STACK_SIZE  0x10000U
/* Memory above 3 GiB goes on at 4 GiB. */
#define GUEST_HIGH      0x100000000ULL
#define GUEST_LOW_BYTES 0xc0000000ULL

/* Where a vCPU enters: ring 3, its number in RDI, its stack at GUEST_STACK_TOP - number *
 * GUEST_STACK_SIZE. The exception handlers of ring 0 (vector v) lie at GUEST_PROGRAM + 0x100 + 16 *
 * v. */
#define GUEST_ENTRY         GUEST_PROGRAM
#define GUEST_HANDLERS      (GUEST_PROGRAM + 0x100U)
#define GUEST_HANDLER_BYTES 16U
#define GUEST_VECTORS       32U

/* Ports. All are 32 bits wide but the serial one. */
#define GUEST_PORT_SERIAL  0x3f8U /* out, byte: one character */
#define GUEST_PORT_IDLE    0x600U /* out: nothing to do for so many microseconds */
#define GUEST_PORT_CONSOLE 0x604U /* out: text was put into the console ring */
#define GUEST_PORT_REPORT  0x608U /* out: look at the report page */
#define GUEST_PORT_PANIC   0x60cU /* out: an exception that nobody handles; its vector */
#define GUEST_PORT_DISK    0x610U /* out: requests were put into the disk ring (a doorbell) */

#define GUEST_MAGIC   0x5453455547525246ULL
#define GUEST_VERSION 1U

enum guest_workload {
    GUEST_IDLE = 1,
    GUEST_SWEEP,
    GUEST_UNIFORM,
    GUEST_HOTSET,
    GUEST_KV,
    GUEST_SORT,
};

/* Bits of guest_host.flags. */
#define GUEST_HAS_PORTS   1U /* port I/O works; without, nothing is said */
#define GUEST_HAS_PVCLOCK 2U /* GUEST_CLOCK is kept by KVM; without, time is the TSC's */
#define GUEST_HAS_DISK    4U
#define GUEST_HAS_SLEEP   8U /* ring 0 answers UD2 by sleeping for RDI nanoseconds */

#define GUEST_RATE_FLAT_OUT UINT64_MAX

/* The host page. The first part is fixed from the start, the second is live. */
struct guest_host {
    uint64_t magic;
    uint32_t version;
    uint32_t vcpus;
    uint64_t pages;
    uint64_t tsc_khz;
    uint32_t flags;
    uint32_t workload;
    uint64_t size;
    uint64_t rate;
    uint64_t cold_size;
    uint64_t cold_rate;
    uint64_t seed;
    uint64_t disk_rate;
    uint64_t disk_bytes;
    uint32_t nonzero_percent;
    uint32_t reserved;
    /* live */
    uint64_t runs;                       /* run orders that were carried out */
    uint64_t checks_wanted;              /* full checks asked for, ever */
    uint64_t stolen_ns[GUEST_VCPUS_MAX]; /* time in which the vCPU was not allowed to run: paces
                                            leave it out */
};

/* The report page: one of these for each vCPU, 1 KiB apart. */
struct guest_report {
    uint64_t heartbeats;
    uint64_t now_ns;
    uint64_t started_ns;
    uint64_t longest_gap_ns;
    uint64_t last_gap_ns; /* the longest since `runs` changed, counting the gap over the change */
    uint64_t backward_steps;
    uint64_t pages_owned;
    uint64_t pages_written;
    uint64_t pages_checked;
    uint64_t full_checks;
    uint64_t bad_pages;
    uint64_t first_bad_page;
    uint32_t first_bad_reason; /* enum guest_bad */
    uint32_t ready;
    uint64_t runs_seen;
    uint64_t disk_writes;
    uint64_t disk_bad;
};
#define GUEST_REPORT_STEP 1024U

enum guest_bad {
    GUEST_BAD_NONE,
    GUEST_BAD_ADDRESS,
    GUEST_BAD_CHECKSUM,
    GUEST_BAD_GENERATION,
    GUEST_BAD_ZERO,
    GUEST_BAD_REGISTERS, /* of the vCPU, not of a page */
    GUEST_BAD_DISK,      /* the disk gave back something else than was written */
};

/* The console: `written` counts all bytes ever, byte n lies at text[n % sizeof(text)]. */
#define GUEST_CONSOLE_BYTES 4080U
struct guest_console {
    uint64_t written;
    uint64_t lock;
    char text[GUEST_CONSOLE_BYTES];
};

/* The disk ring. The guest fills requests[submitted % SLOTS], then counts `submitted` up and rings;
 * the VMM carries them out in any order, sets their status and counts `completed` up when all
 * before are done. */
#define GUEST_DISK_SLOTS 64U
enum guest_disk_kind { GUEST_DISK_READ = 1, GUEST_DISK_WRITE, GUEST_DISK_FLUSH };
enum guest_disk_status { GUEST_DISK_PENDING, GUEST_DISK_DONE, GUEST_DISK_FAILED };
struct guest_disk_request {
    uint32_t kind;
    uint32_t status;  /* written by the VMM */
    uint64_t offset;  /* bytes in the image, a multiple of 512 */
    uint64_t address; /* of the buffer in guest memory */
    uint32_t bytes;   /* a multiple of 512, at most GUEST_DISK_BYTES_MAX */
    uint32_t reserved;
};
#define GUEST_DISK_BYTES_MAX (1U << 20)
struct guest_disk_ring {
    uint32_t submitted; /* by the guest */
    uint32_t reserved[15];
    uint32_t completed; /* by the VMM */
    uint32_t reserved2[15];
    struct guest_disk_request requests[GUEST_DISK_SLOTS];
};

/* The layout of KVM's paravirtual clock, as the kernel documents it. */
struct guest_clock {
    uint32_t version;
    uint32_t pad0;
    uint64_t tsc_timestamp;
    uint64_t system_time;
    uint32_t tsc_to_system_mul;
    int8_t tsc_shift;
    uint8_t flags;
    uint8_t pad[2];
};

_Static_assert(sizeof(struct guest_host) <= GUEST_PAGE_SIZE, "one page");
_Static_assert(sizeof(struct guest_report) <= GUEST_REPORT_STEP, "two in one page");
_Static_assert(sizeof(struct guest_console) <= GUEST_PAGE_SIZE, "one page");
_Static_assert(sizeof(struct guest_disk_ring) <= GUEST_PAGE_SIZE, "one page");
_Static_assert(sizeof(struct guest_clock) == 32, "KVM's layout");

#endif
