/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ports.c -- what a guest's port writes mean. Reads give all ones; ports that are nobody's are
 * ignored, as hardware does.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmm/disk.h"
#include "engine/host/vmm/machine.h"

#include <string.h>
#include <sys/ioctl.h>

/* No guest idles longer without being looked at. */
#define IDLE_US_MOST 1000000U
#define NS_OF_US     1000

static void serial_byte(struct machine *machine, uint8_t byte)
{
    /* into the same ring as the guest's lines: one place to read from */
    struct guest_console *console = (struct guest_console *)(void *)(machine->ram + GUEST_CONSOLE);
    const uint64_t at = __atomic_fetch_add(&console->written, 1, __ATOMIC_ACQ_REL);
    console->text[at % GUEST_CONSOLE_BYTES] = (char)byte;
    memory_written(machine, GUEST_CONSOLE, GUEST_PAGE_SIZE);
}

static void raise(struct machine *machine, _Atomic bool *flag)
{
    if (!atomic_exchange(flag, true)) {
        machine_notify(machine);
    }
}

/* The handler has pushed nothing: its stack begins with the error code, where the vector has one,
 * and where it happened. */
static void die_of_exception(struct vcpu *vcpu, uint32_t vector)
{
    const uint32_t with_code = 1U << 8 | 0x1fU << 10 | 1U << 17;
    const bool code = vector < GUEST_VECTORS && (with_code >> vector & 1U) != 0;
    struct kvm_regs regs = {0};
    struct kvm_sregs sregs = {0};
    uint64_t frame[4] = {0};
    if (ioctl(vcpu->fd, KVM_GET_REGS, &regs) == 0 && ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) == 0) {
        const void *stack = memory_at(vcpu->machine, regs.rsp, sizeof(frame));
        if (stack != NULL) {
            memcpy(frame, stack, sizeof(frame));
        }
    }
    machine_die(
        vcpu->machine,
        "vCPU %u: exception %u in the guest, code %#llx, at %#llx, flags %#llx, cr2 %#llx",
        vcpu->number,
        vector,
        code ? (unsigned long long)frame[0] : 0ULL,
        (unsigned long long)frame[code ? 1 : 0],
        (unsigned long long)frame[code ? 3 : 2],
        (unsigned long long)sregs.cr2);
}

static void write_port(struct vcpu *vcpu, uint16_t port, uint32_t value)
{
    struct machine *machine = vcpu->machine;
    switch (port) {
    case GUEST_PORT_SERIAL:
        serial_byte(machine, (uint8_t)value);
        raise(machine, &machine->console_rung);
        return;
    case GUEST_PORT_IDLE:
        if (value > IDLE_US_MOST) {
            value = IDLE_US_MOST;
        }
        vcpu_sleep(vcpu, host_now() + (ferry_time_ns)value * NS_OF_US);
        return;
    case GUEST_PORT_CONSOLE: raise(machine, &machine->console_rung); return;
    case GUEST_PORT_REPORT: raise(machine, &machine->report_rung); return;
    case GUEST_PORT_PANIC: die_of_exception(vcpu, value); return;
    case GUEST_PORT_DISK:
        /* by hand where KVM did not take the doorbell */
        if (machine->disk != NULL) {
            disk_ring(machine->disk);
        }
        return;
    default: return;
    }
}

void ports_access(struct vcpu *vcpu)
{
    const struct kvm_run *run = vcpu->run;
    uint8_t *data = (uint8_t *)vcpu->run + run->io.data_offset;
    const size_t size = run->io.size;
    const size_t bytes = size * run->io.count;
    if (run->io.data_offset > vcpu->machine->run_bytes ||
        bytes > vcpu->machine->run_bytes - run->io.data_offset || size > sizeof(uint32_t)) {
        machine_die(
            vcpu->machine, "vCPU %u: KVM names a port access outside of its area", vcpu->number);
        return;
    }
    if (run->io.direction == KVM_EXIT_IO_IN) {
        memset(data, 0xff, bytes);
        return;
    }
    for (uint32_t i = 0; i < run->io.count; i++) {
        uint32_t value = 0;
        memcpy(&value, data + i * size, size);
        write_port(vcpu, run->io.port, value);
    }
}
