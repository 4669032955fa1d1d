/* SPDX-License-Identifier: Apache-2.0 */
/*
 * machine.h -- one virtual machine: its memory, its vCPUs, and who may touch them when.
 *
 *   machine.c     made and destroyed: KVM, memory, vCPUs
 *   memory.c      guest memory and the memory shared with the client; what the VMM itself wrote
 *   boot.c        a fresh guest: its program, its tables, its first registers
 *   vcpu.c        a vCPU's thread: run, park, sleep
 *   ports.c       what a guest's port writes mean
 *   dirty.c       which pages were written: KVM's log or ring, and the VMM's own writes
 *   state.c       the device state as bytes; state_vcpu.c one vCPU's part of it
 *   lifecycle.c   run, pause, load: the orders that change what runs
 *
 * Threads: one for each vCPU, one for the disk, and the control thread, which is the only one that
 * calls anything here but what is marked. vCPU threads obey `order`: the control thread changes it
 * and waits until all are parked; a parked vCPU has no operation pending, so its state is complete,
 * and only then does the control thread read or write it.
 *
 * Invariants:
 *   V-1 vCPUs run only between machine_run() and the next machine_pause(), never by themselves.
 *   V-2 Guest memory is written by vCPUs, and by this process through memory_written() only.
 *   V-3 Nothing the guest puts into memory or ports can make this process write outside of the
 *       guest's memory, wait without end, or grow.
 */
#ifndef FERRY_VMM_MACHINE_H
#define FERRY_VMM_MACHINE_H

#include "engine/host/guest/abi.h"
#include "engine/host/vmm/fault.h"
#include "engine/host/vmmlink/guestconfig.h"

#include <linux/kvm.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define MACHINE_MSRS_MAX  256U
#define MACHINE_CPUID_MAX 256U

/* What vCPU threads are told. A futex word: sleeping vCPUs wait on it. */
enum machine_order { MACHINE_STOP, MACHINE_GO, MACHINE_END };

struct machine;

struct vcpu {
    struct machine *machine;
    uint32_t number;
    int fd;
    struct kvm_run *run;
    bool pending; /* an operation of KVM_RUN is to be completed before the state is whole */
    bool started;
    pthread_t thread;
    bool timed;
    timer_t timer; /* ends a slice of a throttled vCPU's time */
    _Atomic uint64_t exits;
    ferry_time_ns slice_end;
    struct kvm_dirty_gfn *ring; /* with `dirty ring` */
    uint32_t ring_next;
};

struct disk; /* disk.h */

struct machine {
    struct guestconfig config;
    char name[FERRY_NAME_MAX + 1];
    char config_text[FERRY_GUEST_CONFIG_MAX];
    size_t config_size;
    bool incoming; /* made to receive a guest */

    int kvm;
    int vm;
    size_t run_bytes;
    size_t xsave_bytes;
    uint64_t tsc_khz;
    struct vcpu vcpus[GUESTCONFIG_VCPUS_MAX];
    struct kvm_cpuid2 *cpuid; /* what this host offers */
    uint32_t msr_count;
    uint32_t msrs[MACHINE_MSRS_MAX]; /* that can be read and written back here */

    uint64_t pages;
    uint32_t region_count;
    struct ferry_region regions[VMMLINK_REGIONS_MAX];
    int ram_fd;
    uint8_t *ram;
    int bitmap_fd;
    uint64_t *bitmap;
    uint64_t bitmap_words;
    int state_fd;
    uint8_t *state;
    _Atomic uint64_t *device_bitmap; /* what this process wrote since the last collection */
    uint64_t *log;                   /* where KVM's log is read to */
    bool logging;

    _Atomic uint32_t order; /* enum machine_order */
    pthread_mutex_t lock;
    pthread_cond_t parked_changed;
    uint32_t parked;
    enum vmmlink_guest_state guest_state;
    struct vmmlink_run_token last_run;
    _Atomic uint32_t throttle_percent;
    ferry_time_ns paused_at;   /* CLOCK_MONOTONIC; of a loaded guest: computed */
    ferry_time_ns paused_wall; /* CLOCK_REALTIME */
    uint64_t paused_clock;     /* guest-visible time at the pause */
    bool loaded;               /* the state came by load() and did not run yet */
    uint64_t serial_read;      /* console bytes already passed on */

    /* Raised by vCPU and disk threads, looked at by the control thread after notify_fd. */
    int notify_fd;
    _Atomic bool console_rung;
    _Atomic bool report_rung;
    _Atomic bool died;
    char died_reason[VMM_REASON_MAX]; /* under lock */

    struct disk *disk; /* NULL: none */
};

/* ---- machine.c ---- */
/* Makes all of it, parked; name, config_text and incoming are set by the caller before. On failure everything is undone but the fault. */
FERRY_NODISCARD
enum vmmlink_status
machine_create(struct machine *machine, const struct guestconfig *config, struct vmm_fault *fault);
void machine_destroy(struct machine *machine);
/* Any thread: the control thread shall look at the flags. */
void machine_notify(struct machine *machine);
/* Any thread: the machine stopped by itself. */
void machine_die(struct machine *machine, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- memory.c ---- */
FERRY_NODISCARD
enum vmmlink_status memory_make(struct machine *machine, struct vmm_fault *fault);
void memory_free(struct machine *machine);
/* The host's address of a range of guest memory; NULL when any of it is not memory. Any thread. */
void *memory_at(const struct machine *machine, uint64_t guest_address, uint64_t bytes);
/* This process has written there: after the write, any thread. */
void memory_written(struct machine *machine, uint64_t guest_address, uint64_t bytes);
struct guest_host *memory_host_page(const struct machine *machine);
/* The guest's account, both vCPUs' taken together. */
void memory_report(const struct machine *machine, struct vmmlink_report *report_out);

/* ---- boot.c ---- */
FERRY_NODISCARD
enum vmmlink_status boot_guest(struct machine *machine, struct vmm_fault *fault);

/* ---- vcpu.c ---- */
FERRY_NODISCARD
enum vmmlink_status vcpu_make(struct machine *machine, uint32_t number, struct vmm_fault *fault);
FERRY_NODISCARD
enum vmmlink_status vcpu_start(struct vcpu *vcpu, struct vmm_fault *fault);
void vcpu_end(struct vcpu *vcpu);
/* Makes every vCPU look at `order` now. */
void vcpu_kick_all(struct machine *machine);
/* Until the time or an order other than GO. vCPU threads. */
void vcpu_sleep(struct vcpu *vcpu, ferry_time_ns until);

/* ---- ports.c ---- */
/* A port access of the guest, in vcpu->run. vCPU threads. */
void ports_access(struct vcpu *vcpu);

/* ---- dirty.c ---- */
struct collection {
    uint64_t dirty_pages;
    uint64_t new_pages;
    uint64_t device_pages;
};
FERRY_NODISCARD
enum vmmlink_status dirty_collect(
    struct machine *machine,
    enum vmmlink_collect how,
    struct collection *collection_out,
    struct vmm_fault *fault);
FERRY_NODISCARD
enum vmmlink_status dirty_stop(struct machine *machine, struct vmm_fault *fault);
/* Before slots are set: how KVM shall log. */
FERRY_NODISCARD
enum vmmlink_status dirty_enable(struct machine *machine, struct vmm_fault *fault);
/* The memory slots, with or without logging. */
FERRY_NODISCARD
enum vmmlink_status dirty_set_slots(struct machine *machine, bool logging, struct vmm_fault *fault);

/* ---- state.c ---- */
FERRY_NODISCARD
enum vmmlink_status
state_save(struct machine *machine, uint64_t *size_out, struct vmm_fault *fault);
FERRY_NODISCARD
enum vmmlink_status state_load(struct machine *machine, uint64_t size, struct vmm_fault *fault);

/* Saves and loads the state of a machine that never ran. It changes nothing: the kernel and this
 * process do now what they do once, some milliseconds of it, instead of in the first blackout. */
FERRY_NODISCARD
enum vmmlink_status state_warm(struct machine *machine, struct vmm_fault *fault);

/* ---- lifecycle.c ---- */
/* Until every vCPU's thread is parked; KVM when one does not come. */
FERRY_NODISCARD
enum vmmlink_status machine_wait_parked(struct machine *machine, struct vmm_fault *fault);
struct pause_times {
    ferry_time_ns stopping;
    ferry_time_ns draining;
};
FERRY_NODISCARD
enum vmmlink_status
machine_pause(struct machine *machine, struct pause_times *times_out, struct vmm_fault *fault);
struct run_result {
    bool was_running;
    ferry_time_ns clock_step;
    ferry_time_ns running_at;
};
FERRY_NODISCARD
enum vmmlink_status machine_run(
    struct machine *machine,
    const struct vmmlink_run_token *token,
    struct run_result *result_out,
    struct vmm_fault *fault);
/* Guest-visible nanoseconds now; 0 where KVM keeps no clock. */
uint64_t machine_clock(const struct machine *machine);

#endif
