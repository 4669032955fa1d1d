/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock.c -- guest-visible time, nanoseconds: KVM's paravirtual clock where the VMM has set it up,
 * else the TSC by its frequency. The paravirtual clock goes on over a move to a host with another
 * TSC, because KVM writes its scale and offset anew.
 */
#include "engine/host/guest/guest.h"

#define NS_OF_MS 1000000U

static uint64_t read_tsc(void)
{
    uint32_t low;
    uint32_t high;
    __asm__ volatile("lfence; rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

uint64_t clock_now(const struct worker *worker)
{
    if ((HOST->flags & GUEST_HAS_PVCLOCK) == 0) {
        return wide_divide((wide)read_tsc() * NS_OF_MS, HOST->tsc_khz).quotient;
    }
    const uint8_t *place = guest_clock_page + (size_t)worker->number * GUEST_CLOCK_STEP;
    const volatile struct guest_clock *clock =
        (const volatile struct guest_clock *)(const void *)place;
    uint32_t version;
    uint64_t now;
    do {
        version = clock->version;
        const uint64_t delta = read_tsc() - clock->tsc_timestamp;
        const int32_t shift = clock->tsc_shift; // NOLINT(bugprone-signed-char-misuse,cert-str34-c)
        const uint64_t shifted = shift >= 0 ? delta << shift : delta >> -shift;
        const uint64_t scaled = (uint64_t)((wide)shifted * clock->tsc_to_system_mul >> 32);
        now = clock->system_time + scaled;
    } while ((version & 1U) != 0 || version != clock->version);
    return now;
}
