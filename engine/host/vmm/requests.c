/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.c -- see requests.h. One function a request: its values are judged, the machine does it, the
 * answer is filled. Nothing here knows of sockets and clients.
 */
#include "engine/host/vmm/requests.h"

#include "engine/host/base/crc.h"
#include "engine/host/vmm/disk.h"

typedef enum vmmlink_status (*handler)(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault);

static enum vmmlink_status on_collect(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    const uint32_t how = packet->collect.how;
    if (how < VMMLINK_COLLECT_FIRST || how > VMMLINK_COLLECT_KEEP) {
        return vmm_fail(fault, VMMLINK_INVALID, "there is no way %u to collect", how);
    }
    struct collection collection;
    VMM_TRY(dirty_collect(machine, (enum vmmlink_collect)how, &collection, fault));
    answer->collect.dirty_pages = collection.dirty_pages;
    answer->collect.new_pages = collection.new_pages;
    answer->collect.device_pages = collection.device_pages;
    return VMMLINK_OK;
}

static enum vmmlink_status on_stop_logging(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)packet;
    (void)answer;
    return dirty_stop(machine, fault);
}

static enum vmmlink_status on_pause(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)packet;
    struct pause_times times;
    VMM_TRY(machine_pause(machine, &times, fault));
    answer->pause.stopping_ns = times.stopping;
    answer->pause.draining_ns = times.draining;
    answer->pause.paused_at = machine->paused_wall;
    return VMMLINK_OK;
}

static enum vmmlink_status on_capture(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)packet;
    uint64_t size;
    VMM_TRY(state_save(machine, &size, fault));
    answer->capture.size = size;
    answer->capture.crc32c = host_crc32c(0, machine->state, size);
    return VMMLINK_OK;
}

static enum vmmlink_status on_load(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)answer;
    return state_load(machine, packet->load.size, fault);
}

static enum vmmlink_status on_run(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    const struct vmmlink_run_token token = {
        .session = {.high = packet->run.session_high, .low = packet->run.session_low},
        .attempt = packet->run.attempt,
        .epoch = packet->run.epoch,
    };
    struct run_result result;
    VMM_TRY(machine_run(machine, &token, &result, fault));
    answer->run.was_running = result.was_running;
    answer->run.clock_step_ns = result.clock_step;
    answer->run.running_at = result.running_at;
    return VMMLINK_OK;
}

static enum vmmlink_status on_throttle(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)answer;
    if (packet->throttle.percent > 99) {
        return vmm_fail(
            fault, VMMLINK_INVALID, "a throttle of %u percent; 0 to 99", packet->throttle.percent);
    }
    atomic_store(&machine->throttle_percent, packet->throttle.percent);
    vcpu_kick_all(machine);
    return VMMLINK_OK;
}

static ferry_time_ns vcpu_time(const struct machine *machine)
{
    ferry_time_ns sum = 0;
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        clockid_t clock;
        struct timespec time;
        if (pthread_getcpuclockid(machine->vcpus[i].thread, &clock) == 0 &&
            clock_gettime(clock, &time) == 0) {
            sum += time.tv_sec * FERRY_SECOND + time.tv_nsec;
        }
    }
    return sum;
}

static enum vmmlink_status on_status(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)packet;
    (void)fault;
    struct vmm_status_answer *status = &answer->status;
    memory_report(machine, &status->report);
    status->report_valid = memory_host_page(machine)->magic == GUEST_MAGIC;
    status->logging = machine->logging;
    status->throttle_percent = atomic_load(&machine->throttle_percent);
    status->attempt = machine->last_run.attempt;
    status->session_high = machine->last_run.session.high;
    status->session_low = machine->last_run.session.low;
    status->epoch = machine->last_run.epoch;
    status->vcpu_time_ns = vcpu_time(machine);
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        status->exits += atomic_load(&machine->vcpus[i].exits);
    }
    status->serial_bytes = machine->serial_read;
    status->disk_requests = machine->disk != NULL ? disk_requests(machine->disk) : 0;
    return VMMLINK_OK;
}

static enum vmmlink_status on_check(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)packet;
    (void)answer;
    if (machine->guest_state != VMMLINK_GUEST_RUNNING) {
        return vmm_fail(
            fault,
            VMMLINK_STATE,
            "the guest is %s: only a running one can check its memory",
            vmmlink_guest_state_name(machine->guest_state));
    }
    __atomic_fetch_add(&memory_host_page(machine)->checks_wanted, 1, __ATOMIC_RELEASE);
    memory_written(machine, GUEST_HOST_PAGE, GUEST_PAGE_SIZE);
    return VMMLINK_OK;
}

static enum vmmlink_status on_quit(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    (void)machine;
    (void)packet;
    (void)answer;
    (void)fault;
    return VMMLINK_OK; /* the server ends when it has answered */
}

static const handler handlers[VMM_REQUEST_END] = {
    [VMM_COLLECT] = on_collect,
    [VMM_STOP_LOGGING] = on_stop_logging,
    [VMM_PAUSE] = on_pause,
    [VMM_CAPTURE] = on_capture,
    [VMM_LOAD] = on_load,
    [VMM_RUN] = on_run,
    [VMM_THROTTLE] = on_throttle,
    [VMM_STATUS] = on_status,
    [VMM_CHECK] = on_check,
    [VMM_QUIT] = on_quit,
};

enum vmmlink_status request_carry_out(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault)
{
    return handlers[packet->header.type](machine, packet, answer, fault);
}
