/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vcpu.c -- a vCPU's thread: it runs while the order is GO, and is parked otherwise.
 *
 *   PARKED --order GO--> IN KVM --an exit--> handled --> IN KVM
 *      ^                   |  --signal, order not GO, nothing pending--> PARKED
 *      +--- order END: the thread ends
 *
 * A kick is a signal whose handler sets immediate_exit, so that it is not lost when it falls between
 * the look at the order and the call of KVM_RUN. After an exit the operation (the port write) is
 * completed by the next KVM_RUN only: a vCPU parks when a KVM_RUN with immediate_exit has returned
 * EINTR, never right after an exit.
 *
 * Throttled, a vCPU runs for a slice, is ended by a timer of its own, and sleeps. That time, like a
 * pause, is told to the guest as stolen.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmm/dirtyring.h"
#include "engine/host/vmm/machine.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KICK_SIGNAL SIGUSR1
#define SLICE_NS    (10 * FERRY_MILLISECOND)
#define PERCENT     100U

static _Thread_local struct kvm_run *own_run;

static void on_kick(int number)
{
    (void)number;
    if (own_run != NULL) {
        own_run->immediate_exit = 1;
    }
}

static enum vmmlink_status catch_kicks(struct vmm_fault *fault)
{
    struct sigaction action = {.sa_handler = on_kick};
    sigemptyset(&action.sa_mask);
    if (sigaction(KICK_SIGNAL, &action, NULL) != 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "catching a signal");
    }
    return VMMLINK_OK;
}

static enum vmmlink_status set_cpuid(struct vcpu *vcpu, struct vmm_fault *fault)
{
    struct kvm_cpuid2 *cpuid = vcpu->machine->cpuid;
    for (uint32_t i = 0; i < cpuid->nent; i++) {
        struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];
        if (entry->function == 1) {
            entry->ebx = (entry->ebx & 0x00ffffffU) | vcpu->number << 24;
        } else if (entry->function == 0xb || entry->function == 0x1f) {
            entry->edx = vcpu->number;
        }
    }
    if (ioctl(vcpu->fd, KVM_SET_CPUID2, cpuid) != 0) {
        return vmm_fail_errno(
            fault, VMMLINK_KVM, "setting the CPU features of vCPU %u", vcpu->number);
    }
    return VMMLINK_OK;
}

enum vmmlink_status vcpu_make(struct machine *machine, uint32_t number, struct vmm_fault *fault)
{
    struct vcpu *vcpu = &machine->vcpus[number];
    vcpu->machine = machine;
    vcpu->number = number;
    vcpu->fd = ioctl(machine->vm, KVM_CREATE_VCPU, (unsigned long)number);
    if (vcpu->fd < 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "making vCPU %u", number);
    }
    void *run = mmap(NULL, machine->run_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd, 0);
    if (run == MAP_FAILED) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "mapping the run area of vCPU %u", number);
    }
    vcpu->run = run;
    if (machine->config.dirty == GUESTCONFIG_DIRTY_RING) {
        VMM_TRY(dirtyring_map(vcpu, fault));
    }
    return set_cpuid(vcpu, fault);
}

void vcpu_sleep(struct vcpu *vcpu, ferry_time_ns until)
{
    const struct timespec time = {
        .tv_sec = until / FERRY_SECOND,
        .tv_nsec = until % FERRY_SECOND,
    };
    /* returns at once when the order is no longer GO; a kick or a wake-up ends it early */
    syscall(
        SYS_futex,
        &vcpu->machine->order,
        FUTEX_WAIT_BITSET | FUTEX_PRIVATE_FLAG,
        MACHINE_GO,
        &time,
        NULL,
        FUTEX_BITSET_MATCH_ANY);
}

static void arm_slice(struct vcpu *vcpu, ferry_time_ns now)
{
    vcpu->slice_end = now + SLICE_NS;
    const struct itimerspec once = {.it_value = {.tv_nsec = SLICE_NS}};
    if (vcpu->timed) {
        timer_settime(vcpu->timer, 0, &once, NULL);
    }
}

/* A vCPU that may use (100 - p) % sleeps p / (100 - p) slices after each slice. */
static void throttle(struct vcpu *vcpu)
{
    struct machine *machine = vcpu->machine;
    const uint32_t percent = atomic_load(&machine->throttle_percent);
    if (percent == 0) {
        vcpu->slice_end = 0;
        return;
    }
    const ferry_time_ns begin = host_now();
    if (vcpu->slice_end == 0) {
        arm_slice(vcpu, begin);
        return;
    }
    if (begin < vcpu->slice_end) {
        return;
    }
    const ferry_time_ns until = begin + SLICE_NS * percent / (PERCENT - percent);
    ferry_time_ns now = begin;
    while (now < until && atomic_load(&machine->order) == MACHINE_GO &&
           atomic_load(&machine->throttle_percent) == percent) {
        vcpu_sleep(vcpu, until);
        now = host_now();
    }
    uint64_t *stolen = &memory_host_page(machine)->stolen_ns[vcpu->number];
    __atomic_fetch_add(stolen, (uint64_t)(now - begin), __ATOMIC_RELAXED);
    memory_written(machine, GUEST_HOST_PAGE, GUEST_PAGE_SIZE);
    arm_slice(vcpu, now);
}

/* Waits for GO or END. */
static void park(struct vcpu *vcpu)
{
    struct machine *machine = vcpu->machine;
    pthread_mutex_lock(&machine->lock);
    machine->parked++;
    pthread_cond_broadcast(&machine->parked_changed);
    while (atomic_load(&machine->order) == MACHINE_STOP) {
        pthread_mutex_unlock(&machine->lock);
        syscall(
            SYS_futex,
            &machine->order,
            FUTEX_WAIT | FUTEX_PRIVATE_FLAG,
            MACHINE_STOP,
            NULL,
            NULL,
            0);
        pthread_mutex_lock(&machine->lock);
    }
    machine->parked--;
    pthread_mutex_unlock(&machine->lock);
}

static void die_of_exit(struct vcpu *vcpu)
{
    struct kvm_regs regs = {0};
    struct kvm_sregs sregs = {0};
    ioctl(vcpu->fd, KVM_GET_REGS, &regs);
    ioctl(vcpu->fd, KVM_GET_SREGS, &sregs);
    machine_die(
        vcpu->machine,
        "vCPU %u stopped: exit %u (%s), rip %#llx, cr2 %#llx",
        vcpu->number,
        vcpu->run->exit_reason,
        vcpu->run->exit_reason == KVM_EXIT_SHUTDOWN ? "triple fault" : "not handled",
        regs.rip,
        sregs.cr2);
}

static void handle_exit(struct vcpu *vcpu)
{
    atomic_fetch_add_explicit(&vcpu->exits, 1, memory_order_relaxed);
    switch (vcpu->run->exit_reason) {
    case KVM_EXIT_IO: ports_access(vcpu); return;
    case KVM_EXIT_INTR: return;
    case KVM_EXIT_DIRTY_RING_FULL: dirtyring_full(vcpu); return;
    default: die_of_exit(vcpu); return;
    }
}

/* One call of KVM_RUN; true when the vCPU may be parked. */
static bool run_once(struct vcpu *vcpu)
{
    struct machine *machine = vcpu->machine;
    vcpu->run->immediate_exit = 0;
    atomic_thread_fence(memory_order_seq_cst); /* a kick from here on sets it again */
    const bool stop = atomic_load(&machine->order) != MACHINE_GO;
    if (stop) {
        if (!vcpu->pending) {
            return true;
        }
        vcpu->run->immediate_exit = 1;
    }
    if (ioctl(vcpu->fd, KVM_RUN, 0) == 0) {
        vcpu->pending = true;
        handle_exit(vcpu);
        return false;
    }
    if (errno == EINTR || errno == EAGAIN) {
        vcpu->pending = false;
        throttle(vcpu);
        return false;
    }
    machine_die(machine, "vCPU %u: KVM_RUN failed: %s", vcpu->number, strerror(errno));
    vcpu->pending = false;
    return true;
}

static void *thread_main(void *argument)
{
    struct vcpu *vcpu = argument;
    struct machine *machine = vcpu->machine;
    own_run = vcpu->run;
    /* a guest that idles for a millisecond is not to be woken 50 us late */
    prctl(PR_SET_TIMERSLACK, 1000UL, 0UL, 0UL, 0UL);
    struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = KICK_SIGNAL};
    event._sigev_un._tid = gettid(); /* glibc has no other name for it yet */
    vcpu->timed = timer_create(CLOCK_MONOTONIC, &event, &vcpu->timer) == 0;
    /* KVM waits for the whole machine when a vCPU gets a new thread: now, and not in a blackout */
    vcpu->run->immediate_exit = 1;
    (void)ioctl(vcpu->fd, KVM_RUN, 0);
    while (atomic_load(&machine->order) != MACHINE_END) {
        if (run_once(vcpu)) {
            park(vcpu);
        }
    }
    if (vcpu->timed) {
        timer_delete(vcpu->timer);
    }
    return NULL;
}

enum vmmlink_status vcpu_start(struct vcpu *vcpu, struct vmm_fault *fault)
{
    VMM_TRY(catch_kicks(fault));
    char name[16] = "vcpu0";
    name[4] = (char)('0' + vcpu->number);
    const int error = pthread_create(&vcpu->thread, NULL, thread_main, vcpu);
    if (error != 0) {
        errno = error;
        return vmm_fail_errno(
            fault, VMMLINK_SYSTEM, "starting the thread of vCPU %u", vcpu->number);
    }
    pthread_setname_np(vcpu->thread, name);
    vcpu->started = true;
    return VMMLINK_OK;
}

void vcpu_end(struct vcpu *vcpu)
{
    if (vcpu->started) {
        pthread_join(vcpu->thread, NULL);
        vcpu->started = false;
    }
    if (vcpu->run != NULL) {
        munmap(vcpu->run, vcpu->machine->run_bytes);
        vcpu->run = NULL;
    }
    dirtyring_unmap(vcpu);
    fd_close(&vcpu->fd);
}

void vcpu_kick_all(struct machine *machine)
{
    syscall(SYS_futex, &machine->order, FUTEX_WAKE | FUTEX_PRIVATE_FLAG, INT_MAX, NULL, NULL, 0);
    for (uint32_t i = 0; i < GUESTCONFIG_VCPUS_MAX; i++) {
        if (machine->vcpus[i].started) {
            pthread_kill(machine->vcpus[i].thread, KICK_SIGNAL);
        }
    }
}
