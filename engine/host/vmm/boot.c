/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot.c -- a fresh guest: what lies in its memory before its first instruction, and the registers
 * that it begins with: 64-bit, ring 3, every page mapped to itself. See guest/abi.h.
 */
#include "engine/host/guest/image.h"
#include "engine/host/vmm/disk.h"
#include "engine/host/vmm/machine.h"
#include "engine/host/vmm/msr.h"

#include <string.h>
#include <sys/ioctl.h>

#define CR0_VALUE    0x80000033ULL
#define CR4_VALUE    0x50620ULL
#define EFER_VALUE   0xd01ULL
#define FLAGS_VALUE  0x3202ULL /* IOPL 3: ports from ring 3; interrupts on */
#define SELECTOR_CS0 0x08U
#define SELECTOR_SS  0x2bU
#define SELECTOR_CS  0x33U
#define SELECTOR_TR  0x38U
#define TYPE_CODE    11U
#define TYPE_DATA    3U
#define DPL_USER     3U
/* Where KVM keeps its paravirtual clock for the guest. */
#define MSR_CLOCK     0x4b564d01U
#define CLOCK_ENABLED 1U
#define STACK_RING0   0xc000U /* of vCPU 0; the next one's is a page above */

/* A task state segment, and behind it a bit for each port: IOPL 3 alone does not always last. */
#define TSS_BYTES     104U
#define TSS_MAP_PLACE 102U
#define TSS_PORTS     0x800U
#define TSS_LIMIT     (TSS_BYTES + TSS_PORTS / 8U)

#define TABLE_ENTRIES 512U
#define ENTRY_TABLE   0x27ULL /* present, writable, user, accessed */
#define ENTRY_PAGE    0xe7ULL /* and dirty, 2 MiB */
#define LARGE_PAGE    (2ULL << 20)
#define GIB           (1ULL << 30)

static void put64(struct machine *machine, uint64_t address, uint64_t value)
{
    memcpy(machine->ram + address, &value, sizeof(value));
}

/* A level-4 table, a level-3 table, and one level-2 table for each GiB up to the memory's end. */
static void put_page_tables(struct machine *machine)
{
    const struct ferry_region *last = &machine->regions[machine->region_count - 1];
    const uint64_t end = last->guest_address + last->pages * GUEST_PAGE_SIZE;
    const uint64_t level3 = GUEST_PAGE_TABLES + GUEST_PAGE_SIZE;
    put64(machine, GUEST_PAGE_TABLES, level3 | ENTRY_TABLE);
    for (uint64_t gib = 0; gib * GIB < end; gib++) {
        const uint64_t level2 = level3 + (gib + 1) * GUEST_PAGE_SIZE;
        put64(machine, level3 + gib * sizeof(uint64_t), level2 | ENTRY_TABLE);
        for (uint64_t i = 0; i < TABLE_ENTRIES; i++) {
            put64(
                machine, level2 + i * sizeof(uint64_t), (gib * GIB + i * LARGE_PAGE) | ENTRY_PAGE);
        }
    }
}

static void put_descriptors(struct machine *machine)
{
    put64(machine, GUEST_GDT + SELECTOR_CS0, 0x00af9b000000ffffULL);
    put64(machine, GUEST_GDT + 0x10U, 0x00cf93000000ffffULL);
    put64(machine, GUEST_GDT + (SELECTOR_SS & ~7U), 0x00cff3000000ffffULL);
    put64(machine, GUEST_GDT + (SELECTOR_CS & ~7U), 0x00affb000000ffffULL);
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        const uint64_t tss = GUEST_TSS + (uint64_t)i * GUEST_PAGE_SIZE;
        const uint64_t busy = 0x00008b0000000000ULL | TSS_LIMIT;
        put64(machine, GUEST_GDT + SELECTOR_TR + i * 16U, busy | tss << 16);
        put64(machine, GUEST_GDT + SELECTOR_TR + i * 16U + 8U, 0);
        put64(machine, tss + 4, STACK_RING0 + (uint64_t)(i + 1) * GUEST_PAGE_SIZE); /* RSP0 */
        /* the map of permitted ports: all of them below TSS_PORTS */
        const uint16_t map = TSS_BYTES;
        memcpy(machine->ram + tss + TSS_MAP_PLACE, &map, sizeof(map));
        machine->ram[tss + TSS_LIMIT] = UINT8_MAX;
    }
    for (uint32_t vector = 0; vector < GUEST_VECTORS; vector++) {
        const uint64_t handler = GUEST_HANDLERS + (uint64_t)vector * GUEST_HANDLER_BYTES;
        const uint64_t gate = (handler & 0xffffU) | (uint64_t)SELECTOR_CS0 << 16 | 0x8e00ULL << 32 |
                              (handler >> 16 & 0xffffU) << 48;
        put64(machine, GUEST_IDT + vector * 16U, gate);
        put64(machine, GUEST_IDT + vector * 16U + 8U, 0);
    }
}

static void put_host_page(struct machine *machine)
{
    const struct guestconfig *config = &machine->config;
    struct guest_host *host = memory_host_page(machine);
    *host = (struct guest_host){
        .magic = GUEST_MAGIC,
        .version = GUEST_VERSION,
        .vcpus = config->vcpus,
        .pages = machine->pages,
        .tsc_khz = machine->tsc_khz,
        .flags = GUEST_HAS_PORTS | GUEST_HAS_PVCLOCK,
        .workload = (uint32_t)config->workload,
        .size = config->size,
        .rate = config->rate,
        .cold_size = config->cold_size,
        .cold_rate = config->cold_rate,
        .seed = config->seed,
        .disk_rate = config->disk_rate,
        .nonzero_percent = config->nonzero_percent,
    };
    if (machine->disk != NULL) {
        host->flags |= GUEST_HAS_DISK;
        host->disk_bytes = disk_size(machine->disk);
    }
}

static struct kvm_segment segment(uint16_t selector, uint8_t type)
{
    return (struct kvm_segment){
        .limit = UINT32_MAX,
        .selector = selector,
        .type = type,
        .present = 1,
        .dpl = DPL_USER,
        .s = 1,
        .g = 1,
    };
}

static enum vmmlink_status set_segments(struct vcpu *vcpu, struct vmm_fault *fault)
{
    struct kvm_sregs sregs;
    if (ioctl(vcpu->fd, KVM_GET_SREGS, &sregs) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "reading the segments of vCPU %u", vcpu->number);
    }
    sregs.cs = segment(SELECTOR_CS, TYPE_CODE);
    sregs.cs.l = 1;
    sregs.ss = segment(SELECTOR_SS, TYPE_DATA);
    sregs.ss.db = 1;
    sregs.ds = sregs.ss;
    sregs.es = sregs.ss;
    sregs.fs = sregs.ss;
    sregs.gs = sregs.ss;
    sregs.tr = (struct kvm_segment){
        .base = GUEST_TSS + (uint64_t)vcpu->number * GUEST_PAGE_SIZE,
        .limit = TSS_LIMIT,
        .selector = (uint16_t)(SELECTOR_TR + vcpu->number * 16U),
        .type = 11,
        .present = 1,
    };
    sregs.gdt = (struct kvm_dtable){.base = GUEST_GDT, .limit = 0xff};
    sregs.idt = (struct kvm_dtable){.base = GUEST_IDT, .limit = GUEST_VECTORS * 16U - 1};
    sregs.cr0 = CR0_VALUE;
    sregs.cr3 = GUEST_PAGE_TABLES;
    sregs.cr4 = CR4_VALUE;
    sregs.efer = EFER_VALUE;
    if (ioctl(vcpu->fd, KVM_SET_SREGS, &sregs) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "setting the segments of vCPU %u", vcpu->number);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status set_extended(struct vcpu *vcpu, struct vmm_fault *fault)
{
    const struct kvm_xcrs xcrs = {.nr_xcrs = 1, .xcrs = {{.xcr = 0, .value = 7}}};
    if (ioctl(vcpu->fd, KVM_SET_XCRS, &xcrs) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "setting XCR0 of vCPU %u", vcpu->number);
    }
    const struct kvm_msr_entry clock = {
        .index = MSR_CLOCK,
        .data = (GUEST_CLOCK + (uint64_t)vcpu->number * GUEST_CLOCK_STEP) | CLOCK_ENABLED,
    };
    if (msr_write(vcpu->fd, &clock, 1) != 1) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "enabling the clock of vCPU %u", vcpu->number);
    }
    const struct kvm_mp_state running = {.mp_state = KVM_MP_STATE_RUNNABLE};
    if (ioctl(vcpu->fd, KVM_SET_MP_STATE, &running) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "making vCPU %u runnable", vcpu->number);
    }
    return VMMLINK_OK;
}

static enum vmmlink_status set_registers(struct vcpu *vcpu, struct vmm_fault *fault)
{
    VMM_TRY(set_segments(vcpu, fault));
    VMM_TRY(set_extended(vcpu, fault));
    const struct kvm_regs regs = {
        .rip = GUEST_ENTRY,
        .rsp = GUEST_STACK_TOP - (uint64_t)vcpu->number * GUEST_STACK_SIZE,
        .rdi = vcpu->number,
        .rflags = FLAGS_VALUE,
    };
    if (ioctl(vcpu->fd, KVM_SET_REGS, &regs) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "setting the registers of vCPU %u", vcpu->number);
    }
    return VMMLINK_OK;
}

enum vmmlink_status boot_guest(struct machine *machine, struct vmm_fault *fault)
{
    memcpy(machine->ram + GUEST_PROGRAM, guest_image, guest_image_bytes);
    put_page_tables(machine);
    put_descriptors(machine);
    put_host_page(machine);
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(set_registers(&machine->vcpus[i], fault));
    }
    return VMMLINK_OK;
}
