/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prepare.c -- the test guest under another VMM than ours: lays memory out as vmm/boot.c does, by a
 * 32-bit program that any multiboot loader can start (`qemu-system-x86_64 -kernel`).
 *
 * Its first module is the host page (guest/abi.h) as whoever starts the guest wants it. Nothing of
 * what the firmware left may be taken for the guest's own memory, so what the guest expects as zero
 * is cleared. One vCPU, memory below 3 GiB.
 *
 * Ports: ring 3 must not use them here (flags without GUEST_HAS_PORTS), as they are other devices'.
 * To sleep, the guest calls ring 0, which sets the timer of the local APIC and halts (entry.c).
 * Interrupts of the old controller would come through vectors of exceptions: it is masked.
 */
#include "engine/host/guest/abi.h"

#define LARGE_PAGE  0x200000U
#define ENTRY_TABLE 0x27U /* present, writable, user, accessed */
#define ENTRY_PAGE  0xe7U /* and dirty, 2 MiB */
#define ENTRIES     512U
#define GIBS        4U /* mapped: memory, and the local APIC near the end */

#define APIC             0xfee00000U
#define APIC_TASK        (APIC + 0x80U)
#define APIC_SPURIOUS    (APIC + 0xf0U)
#define APIC_TIMER       (APIC + 0x320U)
#define APIC_LINT0       (APIC + 0x350U)
#define APIC_LINT1       (APIC + 0x360U)
#define APIC_DIVIDER     (APIC + 0x3e0U)
#define APIC_MASKED      0x10000U
#define APIC_ENABLED     0x100U
#define APIC_UNDIVIDED   0xbU
#define VECTOR_UNDEFINED 6U
#define VECTOR_TICK      0x40U
#define VECTOR_SPURIOUS  0x41U
#define GATE             0x8e00U
#define SELECTOR_CODE    0x08U
#define SELECTOR_TASK    0x38U
#define STACK_RING0      0xd000U
#define MODULES_GIVEN    8U

struct multiboot {
    uint32_t flags;
    uint32_t skipped[4];
    uint32_t module_count;
    uint32_t module_list; /* address of pairs: begin, end */
};

void loader_prepare(const struct multiboot *boot);
void loader_sleep(void);
void loader_tick(void);
extern const uint32_t loader_image[];
extern const uint32_t loader_image_end[];

static volatile uint32_t *at(uint32_t address)
{
    return (volatile uint32_t *)address; // NOLINT(performance-no-int-to-ptr): this is memory's map
}

static void clear(uint32_t from, uint32_t to)
{
    for (; from < to; from += sizeof(uint32_t)) {
        *at(from) = 0;
    }
}

static void put64(uint32_t address, uint32_t low, uint32_t high)
{
    at(address)[0] = low;
    at(address)[1] = high;
}

static void copy(uint32_t to, const volatile uint32_t *from, uint32_t bytes)
{
    for (uint32_t i = 0; i < bytes / sizeof(uint32_t); i++) {
        at(to)[i] = from[i];
    }
}

static void mask_old_controller(void)
{
    __asm__ volatile("outb %0, $0x21\n outb %0, $0xa1" : : "a"((uint8_t)UINT8_MAX));
}

static void put_page_tables(void)
{
    const uint32_t level3 = GUEST_PAGE_TABLES + GUEST_PAGE_SIZE;
    const uint32_t level2 = level3 + GUEST_PAGE_SIZE;
    clear(GUEST_PAGE_TABLES, level2);
    put64(GUEST_PAGE_TABLES, level3 | ENTRY_TABLE, 0);
    for (uint32_t gib = 0; gib < GIBS; gib++) {
        put64(level3 + gib * 8U, (level2 + gib * GUEST_PAGE_SIZE) | ENTRY_TABLE, 0);
    }
    for (uint32_t i = 0; i < GIBS * ENTRIES; i++) {
        put64(level2 + i * 8U, (i * LARGE_PAGE) | ENTRY_PAGE, 0);
    }
}

static void put_gate(uint32_t vector, uint32_t handler)
{
    put64(
        GUEST_IDT + vector * 16U,
        (handler & 0xffffU) | SELECTOR_CODE << 16,
        (handler & 0xffff0000U) | GATE);
}

static void put_descriptors(void)
{
    put64(GUEST_GDT + 0x08U, 0x0000ffffU, 0x00af9b00U); /* code and data of ring 0 */
    put64(GUEST_GDT + 0x10U, 0x0000ffffU, 0x00cf9300U);
    put64(GUEST_GDT + 0x28U, 0x0000ffffU, 0x00cff300U); /* data and code of ring 3 */
    put64(GUEST_GDT + 0x30U, 0x0000ffffU, 0x00affb00U);
    put64(GUEST_GDT + SELECTOR_TASK, GUEST_TSS << 16 | 103U, 0x00008900U);
    put64(GUEST_TSS + 4U, STACK_RING0, 0);
    *at(GUEST_TSS + 100U) = 104U << 16; /* no map of permitted ports */
    for (uint32_t vector = 0; vector < GUEST_VECTORS; vector++) {
        put_gate(vector, GUEST_HANDLERS + vector * GUEST_HANDLER_BYTES);
    }
    put_gate(VECTOR_UNDEFINED, (uint32_t)&loader_sleep);
    put_gate(VECTOR_TICK, (uint32_t)&loader_tick);
    put_gate(VECTOR_SPURIOUS, (uint32_t)&loader_tick);
}

static void set_timer_up(void)
{
    *at(APIC_SPURIOUS) = APIC_ENABLED | VECTOR_SPURIOUS;
    *at(APIC_TASK) = 0;
    *at(APIC_LINT0) = APIC_MASKED;
    *at(APIC_LINT1) = APIC_MASKED;
    *at(APIC_DIVIDER) = APIC_UNDIVIDED;
    *at(APIC_TIMER) = VECTOR_TICK; /* once, when its count is set */
}

/* What the boot loader tells may lie in what is cleared here, so the module comes first. */
void loader_prepare(const struct multiboot *boot)
{
    mask_old_controller();
    if ((boot->flags & MODULES_GIVEN) == 0 || boot->module_count == 0) {
        for (;;) {
            __asm__ volatile("hlt"); /* without a host page there is no guest */
        }
    }
    copy(GUEST_HOST_PAGE, at(*at(boot->module_list)), sizeof(struct guest_host));
    clear(GUEST_GDT, GUEST_HOST_PAGE);
    clear(GUEST_REPORT_PAGE, GUEST_PAGE_TABLES);
    const volatile struct guest_host *host =
        (const volatile struct guest_host *)(const volatile void *)at(GUEST_HOST_PAGE);
    clear(GUEST_OWNED, GUEST_OWNED + (uint32_t)host->pages * sizeof(uint32_t));
    clear(GUEST_PROGRAM, GUEST_PROGRAM_END);
    copy(GUEST_PROGRAM, loader_image, (uint32_t)loader_image_end - (uint32_t)loader_image);
    put_page_tables();
    put_descriptors();
    set_timer_up();
}
