/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.c -- the whole device state: what belongs to the machine, and each vCPU's part.
 *
 * Loading looks at everything before it changes anything: a blob that is refused for its form leaves
 * the machine as it was. What KVM itself refuses is found half-way; the machine is then not LOADED,
 * and a later load overwrites all of it.
 */
#include "engine/host/base/fd.h"
#include "engine/host/vmm/blob.h"
#include "engine/host/vmm/disk.h"
#include "engine/host/vmm/machine.h"
#include "engine/host/vmm/state_vcpu.h"

#include <string.h>
#include <sys/ioctl.h>

#define IRQCHIPS 3U

/* What both hosts must agree on, and what was true at the pause. */
struct machine_section {
    uint64_t memory;
    uint64_t tsc_khz;
    int64_t paused_wall;
    uint64_t paused_clock;
    uint64_t serial_read;
    uint64_t reserved;
};

/* CPU features are told by these words of CPUID; a guest must find each that it was started with. */
static const struct feature_word {
    uint32_t function;
    uint32_t index;
    char reg; /* b, c or d */
} feature_words[] = {
    {1,           0, 'c'},
    {1,           0, 'd'},
    {7,           0, 'b'},
    {7,           0, 'c'},
    {0x80000001U, 0, 'c'},
    {0x80000001U, 0, 'd'},
};
#define FEATURE_WORDS (sizeof(feature_words) / sizeof(feature_words[0]))

static uint32_t feature_of(const struct machine *machine, const struct feature_word *word)
{
    for (uint32_t i = 0; i < machine->cpuid->nent; i++) {
        const struct kvm_cpuid_entry2 *entry = &machine->cpuid->entries[i];
        if (entry->function == word->function && entry->index == word->index) {
            return word->reg == 'b' ? entry->ebx : word->reg == 'c' ? entry->ecx : entry->edx;
        }
    }
    return 0;
}

static enum vmmlink_status
check_features(const struct machine *machine, const uint32_t *needed, struct vmm_fault *fault)
{
    for (size_t i = 0; i < FEATURE_WORDS; i++) {
        const uint32_t missing = needed[i] & ~feature_of(machine, &feature_words[i]);
        if (missing != 0) {
            return vmm_fail(
                fault,
                VMMLINK_BAD_STATE_BLOB,
                "this host's CPU lacks features of the guest: CPUID leaf %#x, e%cx, bits %#x",
                feature_words[i].function,
                feature_words[i].reg,
                missing);
        }
    }
    return VMMLINK_OK;
}

static enum vmmlink_status
add(struct blob_writer *writer,
    enum blob_kind kind,
    const void *data,
    uint64_t bytes,
    struct vmm_fault *fault)
{
    void *place = blob_add(writer, kind, 0, bytes);
    if (place == NULL) {
        return vmm_fail(
            fault, VMMLINK_MEMORY, "no room for section %s", blob_kind_name((uint32_t)kind));
    }
    memcpy(place, data, bytes);
    return VMMLINK_OK;
}

static enum vmmlink_status
save_machine(struct machine *machine, struct blob_writer *writer, struct vmm_fault *fault)
{
    const struct machine_section section = {
        .memory = machine->config.memory,
        .tsc_khz = machine->tsc_khz,
        .paused_wall = machine->paused_wall,
        .paused_clock = machine->paused_clock,
        .serial_read = machine->serial_read,
    };
    VMM_TRY(add(writer, BLOB_MACHINE, &section, sizeof(section), fault));
    uint32_t features[FEATURE_WORDS];
    for (size_t i = 0; i < FEATURE_WORDS; i++) {
        features[i] = feature_of(machine, &feature_words[i]);
    }
    VMM_TRY(add(writer, BLOB_CPUID, features, sizeof(features), fault));
    struct kvm_clock_data clock = {0};
    if (ioctl(machine->vm, KVM_GET_CLOCK, &clock) != 0) {
        return vmm_fail_errno(fault, VMMLINK_KVM, "saving the clock");
    }
    if ((clock.flags & KVM_CLOCK_REALTIME) == 0) {
        clock.realtime = (uint64_t)host_wall_clock();
    }
    VMM_TRY(add(writer, BLOB_CLOCK, &clock, sizeof(clock), fault));
    for (uint32_t i = 0; i < IRQCHIPS; i++) {
        struct kvm_irqchip chip = {.chip_id = i};
        if (ioctl(machine->vm, KVM_GET_IRQCHIP, &chip) != 0) {
            return vmm_fail_errno(fault, VMMLINK_KVM, "saving interrupt controller %u", i);
        }
        VMM_TRY(add(writer, (enum blob_kind)(BLOB_PIC_MASTER + i), &chip, sizeof(chip), fault));
    }
    struct disk_state disk = {0};
    if (machine->disk != NULL) {
        disk = disk_save(machine->disk);
    }
    return add(writer, BLOB_DISK, &disk, sizeof(disk), fault);
}

static enum vmmlink_status
save_all(struct machine *machine, uint64_t *size_out, struct vmm_fault *fault)
{
    struct blob_writer writer;
    blob_begin(&writer, machine->state, VMMLINK_STATE_MAX, machine->config.vcpus);
    VMM_TRY(save_machine(machine, &writer, fault));
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(state_vcpu_save(&machine->vcpus[i], &writer, fault));
    }
    *size_out = blob_end(&writer);
    return VMMLINK_OK;
}

enum vmmlink_status state_save(struct machine *machine, uint64_t *size_out, struct vmm_fault *fault)
{
    if (machine->guest_state != VMMLINK_GUEST_PAUSED) {
        return vmm_fail(
            fault,
            VMMLINK_STATE,
            "the guest is %s: only a paused one has a state to save",
            vmmlink_guest_state_name(machine->guest_state));
    }
    return save_all(machine, size_out, fault);
}

struct checked {
    struct machine_section section;
    struct kvm_clock_data clock;
    struct kvm_irqchip chips[IRQCHIPS];
    struct disk_state disk;
};

static enum vmmlink_status check_all(
    const struct machine *machine,
    const struct blob *blob,
    struct checked *checked,
    struct vmm_fault *fault)
{
    uint32_t features[FEATURE_WORDS];
    VMM_TRY(blob_copy(blob, BLOB_MACHINE, 0, &checked->section, sizeof(checked->section), fault));
    VMM_TRY(blob_copy(blob, BLOB_CPUID, 0, features, sizeof(features), fault));
    VMM_TRY(blob_copy(blob, BLOB_CLOCK, 0, &checked->clock, sizeof(checked->clock), fault));
    VMM_TRY(blob_copy(blob, BLOB_DISK, 0, &checked->disk, sizeof(checked->disk), fault));
    for (uint32_t i = 0; i < IRQCHIPS; i++) {
        const enum blob_kind kind = (enum blob_kind)(BLOB_PIC_MASTER + i);
        VMM_TRY(blob_copy(blob, kind, 0, &checked->chips[i], sizeof(checked->chips[i]), fault));
        if (checked->chips[i].chip_id != i) {
            return vmm_fail(
                fault,
                VMMLINK_BAD_STATE_BLOB,
                "section %s is of chip %u",
                blob_kind_name((uint32_t)kind),
                checked->chips[i].chip_id);
        }
    }
    if (checked->section.memory != machine->config.memory) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "it is of a guest with %llu bytes of memory, this one has %llu",
            (unsigned long long)checked->section.memory,
            (unsigned long long)machine->config.memory);
    }
    VMM_TRY(check_features(machine, features, fault));
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(state_vcpu_check(&machine->vcpus[i], blob, fault));
    }
    return VMMLINK_OK;
}

/* The guest's clock goes on as if it had never stood still: real time passes for it in a move. */
static enum vmmlink_status
load_clock(struct machine *machine, const struct kvm_clock_data *saved, struct vmm_fault *fault)
{
    const int flags = ioctl(machine->vm, KVM_CHECK_EXTENSION, KVM_CAP_ADJUST_CLOCK);
    struct kvm_clock_data clock = {.clock = saved->clock};
    if (flags > 0 && (flags & KVM_CLOCK_REALTIME) != 0) {
        clock.flags = KVM_CLOCK_REALTIME;
        clock.realtime = saved->realtime;
    } else {
        const uint64_t now = (uint64_t)host_wall_clock();
        clock.clock += now > saved->realtime ? now - saved->realtime : 0;
    }
    if (ioctl(machine->vm, KVM_SET_CLOCK, &clock) != 0) {
        return vmm_fail_errno(fault, VMMLINK_BAD_STATE_BLOB, "KVM refuses the clock");
    }
    return VMMLINK_OK;
}

static enum vmmlink_status load_all(
    struct machine *machine,
    const struct blob *blob,
    const struct checked *checked,
    struct vmm_fault *fault)
{
    for (uint32_t i = 0; i < IRQCHIPS; i++) {
        struct kvm_irqchip chip = checked->chips[i];
        if (ioctl(machine->vm, KVM_SET_IRQCHIP, &chip) != 0) {
            return vmm_fail_errno(
                fault, VMMLINK_BAD_STATE_BLOB, "KVM refuses interrupt controller %u", i);
        }
    }
    VMM_TRY(load_clock(machine, &checked->clock, fault));
    for (uint32_t i = 0; i < machine->config.vcpus; i++) {
        VMM_TRY(state_vcpu_load(&machine->vcpus[i], blob, fault));
    }
    if (machine->disk != NULL) {
        VMM_TRY(disk_load(machine->disk, &checked->disk, fault));
    }
    return VMMLINK_OK;
}

static enum vmmlink_status read_and_load(
    struct machine *machine, uint64_t size, struct checked *checked, struct vmm_fault *fault)
{
    struct blob blob;
    if (size > VMMLINK_STATE_MAX) {
        return vmm_fail(
            fault, VMMLINK_BAD_STATE_BLOB, "it has %llu bytes", (unsigned long long)size);
    }
    VMM_TRY(blob_read(&blob, machine->state, size, machine->config.vcpus, fault));
    VMM_TRY(check_all(machine, &blob, checked, fault));
    return load_all(machine, &blob, checked, fault);
}

enum vmmlink_status state_warm(struct machine *machine, struct vmm_fault *fault)
{
    struct checked checked;
    uint64_t size = 0;
    VMM_TRY(save_all(machine, &size, fault));
    return read_and_load(machine, size, &checked, fault);
}

enum vmmlink_status state_load(struct machine *machine, uint64_t size, struct vmm_fault *fault)
{
    if (machine->guest_state != VMMLINK_GUEST_INCOMING &&
        machine->guest_state != VMMLINK_GUEST_LOADED) {
        return vmm_fail(
            fault,
            VMMLINK_STATE,
            "the guest is %s: only an incoming one takes a state",
            vmmlink_guest_state_name(machine->guest_state));
    }
    machine->guest_state = VMMLINK_GUEST_INCOMING;
    struct checked checked;
    VMM_TRY(read_and_load(machine, size, &checked, fault));
    machine->paused_wall = checked.section.paused_wall;
    machine->paused_clock = checked.section.paused_clock;
    machine->serial_read = checked.section.serial_read;
    /* the same moment on this host's monotonic clock */
    machine->paused_at = host_now() - (host_wall_clock() - machine->paused_wall);
    machine->loaded = true;
    machine->guest_state = VMMLINK_GUEST_LOADED;
    return VMMLINK_OK;
}
