/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clients.c -- requests in the order in which they were sent.
 *
 * Requests are answered and fail in the order in which they were sent: they need the same guest
 * time from the moment they reach the guest, and have the same time-out. So the open ones are a
 * queue: those that have reached the guest at the front, with the guest time at which they will be
 * answered, those that wait to reach it behind.
 */
#include "model/clients.h"

#include "model/bits.h"
#include "model/histogram.h"
#include "model/pacer.h"

#include <assert.h>
#include <stdlib.h>

struct request {
    int64_t sent_at; /* real time */
    int64_t due;     /* guest time of its answer, once it has reached the guest */
};

struct model_clients {
    struct model_guest *guest;
    struct model_pacer pacer; /* when requests are sent */
    int64_t rtt_ns;
    int64_t timeout_ns;
    bool redirected; /* the clients know where the guest is */
    bool failed;     /* storage ran out */

    struct request *ring;
    uint64_t capacity; /* a power of two */
    uint64_t head;     /* oldest open request; these three only grow */
    uint64_t reached;  /* first one that has not reached the guest */
    uint64_t tail;     /* requests sent */

    uint64_t failures;
    uint64_t answered;
    int64_t last_answer;
    int64_t longest_gap;
    struct model_histogram latencies;
};

#define RING_CAPACITY_FIRST UINT64_C(16)

struct model_clients *model_clients_create(const struct model_clients_config *config)
{
    uint64_t seconds = config->rate.seconds == 0 ? 1 : config->rate.seconds;
    bool rate_fits =
        seconds <= MODEL_RATE_SECONDS_MAX && config->rate.amount <= UINT64_C(1000000000) * seconds;
    if (!rate_fits || config->rtt_ns < 0 || config->timeout_ns < 1 || config->start_ns < 0) {
        return NULL;
    }
    uint64_t timeout_s = (uint64_t)config->timeout_ns / UINT64_C(1000000000) + 1;
    model_wide waiting = (model_wide)config->rate.amount * timeout_s / seconds;
    if (waiting > MODEL_CLIENTS_WAITING_MAX) {
        return NULL;
    }
    struct model_clients *clients = calloc(1, sizeof(*clients));
    if (clients == NULL) {
        return NULL;
    }
    clients->capacity = RING_CAPACITY_FIRST;
    clients->ring = calloc((size_t)clients->capacity, sizeof(*clients->ring));
    if (clients->ring == NULL) {
        free(clients);
        return NULL;
    }
    clients->guest = config->guest;
    clients->rtt_ns = config->rtt_ns;
    clients->timeout_ns = config->timeout_ns;
    clients->redirected = true;
    model_pacer_init(&clients->pacer, config->rate, 1, config->start_ns);
    return clients;
}

void model_clients_destroy(struct model_clients *clients)
{
    if (clients != NULL) {
        free(clients->ring);
        free(clients);
    }
}

static struct request *request_at(struct model_clients *clients, uint64_t number)
{
    return &clients->ring[number & (clients->capacity - 1)];
}

static bool push(struct model_clients *clients, int64_t sent_at)
{
    if (clients->tail - clients->head == clients->capacity) {
        uint64_t capacity = clients->capacity * 2;
        struct request *ring = calloc((size_t)capacity, sizeof(*ring));
        if (ring == NULL) {
            return false;
        }
        for (uint64_t i = clients->head; i < clients->tail; i++) {
            ring[i & (capacity - 1)] = *request_at(clients, i);
        }
        free(clients->ring);
        clients->ring = ring;
        clients->capacity = capacity;
    }
    *request_at(clients, clients->tail) = (struct request){.sent_at = sent_at};
    clients->tail++;
    return true;
}

/* Whatever waits reaches the guest now, if it runs and the clients know where. */
static void reach_guest(struct model_clients *clients)
{
    if (!clients->redirected || !model_guest_running(clients->guest)) {
        return;
    }
    int64_t due = model_guest_time(clients->guest) + clients->rtt_ns;
    for (; clients->reached < clients->tail; clients->reached++) {
        request_at(clients, clients->reached)->due = due;
    }
}

static void close_head(struct model_clients *clients, int64_t latency)
{
    model_histogram_add(&clients->latencies, latency);
    clients->head++;
    if (clients->reached < clients->head) {
        clients->reached = clients->head;
    }
}

/* Answers and time-outs up to `now`. */
static void settle(struct model_clients *clients, int64_t now)
{
    while (clients->head < clients->tail) {
        const struct request *request = request_at(clients, clients->head);
        int64_t sent_at = request->sent_at;
        int64_t deadline =
            sent_at > INT64_MAX - clients->timeout_ns ? INT64_MAX : sent_at + clients->timeout_ns;
        int64_t until = deadline < now ? deadline : now;
        int64_t at = 0;
        bool may_answer = clients->redirected && clients->head < clients->reached;
        /* The deadline lies before the guest's time only if nothing could be answered until now. */
        if (may_answer && until >= model_guest_now(clients->guest) &&
            model_guest_reach(clients->guest, request->due, until, &at)) {
            int64_t gap = at - clients->last_answer;
            if (clients->answered > 0 && gap > clients->longest_gap) {
                clients->longest_gap = gap;
            }
            clients->answered++;
            clients->last_answer = at;
            close_head(clients, at - sent_at);
        } else if (deadline <= now) {
            clients->failures++;
            close_head(clients, clients->timeout_ns);
        } else {
            return;
        }
    }
}

bool model_clients_advance(struct model_clients *clients, int64_t now)
{
    reach_guest(clients); /* the guest was started, perhaps, at the time of the last call */
    for (;;) {
        bool arrives = clients->pacer.next <= now;
        int64_t until = arrives ? clients->pacer.next : now;
        if (until >= model_guest_now(clients->guest)) {
            settle(clients, until);
            clients->failed = !model_guest_advance(clients->guest, until) || clients->failed;
        }
        if (!arrives) {
            break;
        }
        if (!push(clients, until)) {
            clients->failed = true;
            break;
        }
        model_pacer_step(&clients->pacer);
        reach_guest(clients);
    }
    return !clients->failed;
}

bool model_clients_lose(struct model_clients *clients, int64_t now)
{
    bool fine = model_clients_advance(clients, now);
    clients->redirected = false;
    return fine;
}

bool model_clients_redirect(struct model_clients *clients, int64_t now)
{
    bool fine = model_clients_advance(clients, now);
    clients->redirected = true;
    reach_guest(clients);
    return fine;
}

void model_clients_report(
    const struct model_clients *clients, struct model_clients_report *report_out)
{
    *report_out = (struct model_clients_report){
        .sent = clients->tail,
        .answered = clients->answered,
        .failed = clients->failures,
        .waiting = clients->tail - clients->head,
        .longest_gap_ns = clients->longest_gap,
        .p50_ns = model_histogram_percentile(&clients->latencies, 500),
        .p99_ns = model_histogram_percentile(&clients->latencies, 990),
        .p999_ns = model_histogram_percentile(&clients->latencies, 999),
        .max_ns = clients->latencies.max,
    };
}
