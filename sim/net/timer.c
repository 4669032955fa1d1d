/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timer.c -- timers: slots with a generation, so that an item of a disarmed timer is known as
 * stale.
 */
#include "sim/net/core.h"
#include "sim/net/memory.h"

static net_timer timer_name(const struct net_core *core, uint32_t slot)
{
    return (uint64_t)core->timers[slot].generation << 32 | (slot + 1);
}

bool net_timer_is_armed(const struct net_core *core, net_timer timer)
{
    uint32_t slot = (uint32_t)timer - 1;
    return slot < core->timer_count && (uint32_t)(timer >> 32) == core->timers[slot].generation;
}

void net_timer_fired(struct net_core *core, net_timer timer)
{
    uint32_t slot = (uint32_t)timer - 1;
    core->timers[slot].generation++;
    core->timers[slot].next_free = core->timer_free;
    core->timer_free = slot;
}

net_timer net_timer_arm(struct net *net, uint32_t host, int64_t when_ns, uint64_t cookie)
{
    struct net_core *core = net_core_of(net);
    net_require(when_ns >= core->now_ns, "a timer in the past");
    if (host != NET_NO_HOST) {
        net_require(!net_core_host(core, host)->down, "a timer of a host that is down");
    }
    uint32_t slot = core->timer_free;
    if (slot == NET_NO_SEGMENT) {
        slot = core->timer_count;
        core->timers =
            net_grow(core->timers, &core->timer_capacity, slot + 1, sizeof(*core->timers));
        core->timer_count++;
    } else {
        core->timer_free = core->timers[slot].next_free;
    }
    core->timers[slot].generation++;
    core->timers[slot].host = host;
    net_timer timer = timer_name(core, slot);
    struct net_item item = {
        .at_ns = when_ns,
        .kind = NET_ITEM_TIMER,
        .host = host,
        .subject = timer,
        .cookie = cookie,
    };
    net_queue_push(&core->queue, &item);
    return timer;
}

bool net_timer_disarm(struct net *net, net_timer timer)
{
    struct net_core *core = net_core_of(net);
    bool armed = net_timer_is_armed(core, timer);
    if (armed) {
        net_timer_fired(core, timer);
    }
    return armed;
}

void net_core_drop_timers(struct net_core *core, uint32_t host)
{
    for (uint32_t slot = 0; slot < core->timer_count; slot++) {
        if ((core->timers[slot].generation & 1U) != 0 && core->timers[slot].host == host) {
            net_timer_fired(core, timer_name(core, slot));
        }
    }
}
