/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fault_guest.c -- what a guest does that nobody foresaw.
 */
#include "sim/fault/kinds.h"
#include "sim/world/guest.h"
#include "sim/world/state.h"

static struct guest *guest_of(struct world *world, size_t index)
{
    return &world->guests[fault_spec(world->scenario, index)->guest];
}

void fault_guest_burst(struct world *world, size_t index)
{
    guest_burst(guest_of(world, index), fault_spec(world->scenario, index)->bytes);
}

void fault_guest_device(struct world *world, size_t index)
{
    guest_device_writes(guest_of(world, index), fault_spec(world->scenario, index)->bytes);
}

void fault_guest_faster(struct world *world, size_t index)
{
    struct guest *guest = guest_of(world, index);

    guest_set_extra(guest, guest->extra_rate + fault_spec(world->scenario, index)->bandwidth / 8);
}

void fault_guest_slower(struct world *world, size_t index)
{
    struct guest *guest = guest_of(world, index);

    guest_set_extra(guest, guest->extra_rate - fault_spec(world->scenario, index)->bandwidth / 8);
}
