/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients.h -- an open-loop stream of requests to a guest: what its users see of a migration.
 *
 * Request k is sent at start + k / rate, whatever became of the others. It reaches the guest when
 * that runs and the clients know where; from then on the guest needs the client RTT of its own
 * time, and the answer is there. So requests wait during a pause, a fault of the guest delays them,
 * and a throttle stretches them. After a switchover the clients go on talking to the old host until
 * the announcement: model_clients_lose(), later model_clients_redirect(). A request without an
 * answer after the time-out has failed, and an answer that comes later counts for nothing.
 *
 * Latencies go into a histogram with a relative error under 1/64; a failed request counts there
 * with its time-out, because leaving it out would make an outage look fast.
 */
#ifndef MODEL_CLIENTS_H
#define MODEL_CLIENTS_H

#include "model/guest.h"

#define MODEL_CLIENT_RTT_NS INT64_C(200000)

/* Requests that may wait at once: rate x time-out must not exceed it. */
#define MODEL_CLIENTS_WAITING_MAX (UINT64_C(1) << 22)

struct model_clients;

struct model_clients_config {
    struct model_guest *guest; /* borrowed */
    struct model_rate rate;    /* requests */
    int64_t rtt_ns;            /* 0 is legal */
    int64_t timeout_ns;        /* at least 1 */
    int64_t start_ns; /* real time of "request 0", which is not sent: the first comes one period
                         later */
};

struct model_clients_report {
    uint64_t sent;
    uint64_t answered;
    uint64_t failed;
    uint64_t waiting;       /* neither answered nor failed yet */
    int64_t longest_gap_ns; /* longest time between two answers; 0 with fewer than two */
    int64_t p50_ns;
    int64_t p99_ns;
    int64_t p999_ns;
    int64_t max_ns;
};

/* NULL: config out of range, or memory is short. Without redirecting anything the clients know the
 * guest's host. */
struct model_clients *model_clients_create(const struct model_clients_config *config);
void model_clients_destroy(struct model_clients *clients); /* NULL is fine; the guest stays */

/* Does everything up to `now`, and advances the guest as well. Where a guest has clients, call this
 * instead of model_guest_advance(), and before start, stop, throttle or collect at `now`: the guest
 * must never be ahead of them. false: storage ran out. */
bool model_clients_advance(struct model_clients *clients, int64_t now);

/* The guest is about to run on another host, which the clients do not know. */
bool model_clients_lose(struct model_clients *clients, int64_t now);

/* The announcement of the new host has reached the clients. */
bool model_clients_redirect(struct model_clients *clients, int64_t now);

void model_clients_report(
    const struct model_clients *clients, struct model_clients_report *report_out);

#endif
