/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lifecycle.c -- the orders that change what runs.
 *
 *   FRESH ----run----> RUNNING --pause--> PAUSED --run--> RUNNING       V-1 nothing else starts vCPUs
 *   INCOMING --load--> LOADED  --run----> RUNNING                       V-4 an order of an older epoch
 *                        |  ^                                               than one carried out is refused
 *                        +--+ load again (a later attempt)
 *   RUNNING --triple fault, KVM's error--> DIED
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmm/disk.h"
#include "engine/host/vmm/machine.h"

#include <errno.h>
#include <sys/ioctl.h>

/* A vCPU that does not stop within this is stuck in the kernel. */
#define STOP_LIMIT (5 * FERRY_SECOND)

enum vmmlink_status machine_wait_parked(struct machine *machine, struct vmm_fault *fault)
{
    const ferry_time_ns end = host_now() + STOP_LIMIT;
    const struct timespec until = {.tv_sec = end / FERRY_SECOND, .tv_nsec = end % FERRY_SECOND};
    int waited = 0;
    pthread_mutex_lock(&machine->lock);
    while (machine->parked < machine->config.vcpus && waited == 0) {
        waited = pthread_cond_timedwait(&machine->parked_changed, &machine->lock, &until);
    }
    const uint32_t parked = machine->parked;
    pthread_mutex_unlock(&machine->lock);
    if (parked < machine->config.vcpus) {
        return vmm_fail(
            fault,
            VMMLINK_KVM,
            "%u of %u vCPUs did not stop within 5 s",
            machine->config.vcpus - parked,
            machine->config.vcpus);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status stop_vcpus(struct machine *machine, struct vmm_fault *fault)
{
    uint32_t going = MACHINE_GO;
    atomic_compare_exchange_strong(&machine->order, &going, MACHINE_STOP);
    vcpu_kick_all(machine);
    return machine_wait_parked(machine, fault);
}

uint64_t machine_clock(const struct machine *machine)
{
    struct kvm_clock_data clock = {0};
    return ioctl(machine->vm, KVM_GET_CLOCK, &clock) == 0 ? clock.clock : 0;
}

enum vmmlink_status
machine_pause(struct machine *machine, struct pause_times *times_out, struct vmm_fault *fault)
{
    *times_out = (struct pause_times){0};
    if (machine->guest_state != VMMLINK_GUEST_RUNNING) {
        return VMMLINK_OK; /* nothing runs: it is as if it had been paused before */
    }
    const ferry_time_ns begin = host_now();
    VMM_TRY(stop_vcpus(machine, fault));
    const ferry_time_ns stopped = host_now();
    if (machine->disk != NULL) {
        VMM_TRY(disk_drain(machine->disk, fault));
    }
    machine->guest_state = atomic_load(&machine->died) ? VMMLINK_GUEST_DIED : VMMLINK_GUEST_PAUSED;
    machine->paused_at = stopped;
    machine->paused_wall = host_wall_clock();
    machine->paused_clock = machine_clock(machine);
    times_out->stopping = stopped - begin;
    times_out->draining = host_now() - stopped;
    return VMMLINK_OK;
}

static enum vmmlink_status may_run(
    const struct machine *machine, const struct vmmlink_run_token *token, struct vmm_fault *fault)
{
    if (token->epoch < machine->last_run.epoch) {
        return vmm_fail(
            fault,
            VMMLINK_STALE_EPOCH,
            "the order is of epoch %llu, one of epoch %llu was carried out",
            (unsigned long long)token->epoch,
            (unsigned long long)machine->last_run.epoch);
    }
    if (machine->guest_state == VMMLINK_GUEST_INCOMING) {
        return vmm_fail(fault, VMMLINK_STATE, "no device state was loaded: nothing to run yet");
    }
    if (machine->guest_state == VMMLINK_GUEST_DIED) {
        return vmm_fail(fault, VMMLINK_STATE, "the machine died: %.180s", machine->died_reason);
    }
    return VMMLINK_OK;
}

/* Tells the guest how long it stood still, so that it does not catch up. */
static void tell_guest(struct machine *machine, ferry_time_ns now)
{
    struct guest_host *host = memory_host_page(machine);
    const ferry_time_ns still = machine->paused_at != 0 ? now - machine->paused_at : 0;
    host->runs++;
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        host->stolen_ns[i] += still > 0 ? (uint64_t)still : 0;
    }
    memory_written(machine, GUEST_HOST_PAGE, GUEST_PAGE_SIZE);
}

enum vmmlink_status machine_run(
    struct machine *machine,
    const struct vmmlink_run_token *token,
    struct run_result *result_out,
    struct vmm_fault *fault)
{
    *result_out = (struct run_result){0};
    VMM_TRY(may_run(machine, token, fault));
    const bool running = machine->guest_state == VMMLINK_GUEST_RUNNING;
    if (!running && machine->disk != NULL) {
        VMM_TRY(disk_resume(machine->disk, fault));
    }
    machine->last_run = *token;
    result_out->running_at = host_wall_clock();
    result_out->was_running = running;
    if (running) {
        return VMMLINK_OK;
    }
    if (machine->loaded) {
        const ferry_time_ns real = result_out->running_at - machine->paused_wall;
        const uint64_t seen = machine_clock(machine) - machine->paused_clock;
        result_out->clock_step = (ferry_time_ns)seen - real;
        machine->loaded = false;
    }
    tell_guest(machine, host_now());
    machine->guest_state = VMMLINK_GUEST_RUNNING;
    atomic_store(&machine->order, MACHINE_GO);
    vcpu_kick_all(machine);
    return VMMLINK_OK;
}
