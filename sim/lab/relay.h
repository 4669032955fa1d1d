/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay.h -- a process between two hosts that does to a TCP connection what a bad network would.
 *
 * Used where a virtual cable cannot: latency, loss (as the stall that a retransmission costs),
 * partitions of one direction, refused and broken connections. It listens in the switches' namespace
 * for each ordered pair of hosts of a relayed network. Its orders lie in shared memory, so that a
 * change acts at once and needs no message.
 */
#ifndef FERRY_SIM_LAB_RELAY_H
#define FERRY_SIM_LAB_RELAY_H

#include "sim/lab/lab.h"

#include <stdatomic.h>

/* How one network treats what goes from one host to another. */
struct lab_relay_way {
    _Atomic int64_t latency_ns; /* one way */
    _Atomic uint32_t loss_ppm;
    _Atomic bool cut;        /* what is under way waits, as if the packets vanished */
    _Atomic bool refuse;     /* new connections are refused; of the opening host */
    _Atomic uint32_t resets; /* connections opened before it grew are broken */
};

struct lab_relay_orders {
    struct lab_relay_way way[LAB_NETWORKS_MAX][LAB_HOSTS_MAX][LAB_HOSTS_MAX];
};

bool lab_relay_start(struct lab *lab);
void lab_relay_end(struct lab *lab);
struct lab_relay_way *lab_relay_way(struct lab *lab, size_t network, size_t from, size_t to);
uint16_t lab_relay_port(size_t from, size_t to);

/* relay_serve.c: the process itself; returns when its parent is gone. */
void lab_relay_serve(const struct lab *lab, struct lab_relay_orders *orders);

#endif
