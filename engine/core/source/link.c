/* SPDX-License-Identifier: Apache-2.0 */
/* link.c -- the one connection (control and payload streams) that a migration has at a time, over
 * one of several networks.
 *
 *         retry_at          ATTACHED        ACCEPT, RESUMED        a better network answers
 *   DOWN ----------> ATTACHING ------> ASKING ---------------> UP ------------------------> LEAVING
 *    ^                   |                |                    |                               |
 *    |                   +---- refused, too slow, reset, silence          all is acknowledged -+
 *    |                                    v                                                    |
 *    +-- all of it has stopped ------ DETACHING <----------------------------------------------+
 *
 * L-1 Attach numbers only grow: the target closes what is older. L-2 Silence is judged by what
 * arrives, never by what was accepted for sending. L-3 Networks are tried from the best to the
 * worst, in turn, with a rest after each whole turn. L-4 Before the session is accepted, a connection
 * that every network refuses ends it; a later refusal is a loss like any other. */
#include "source/internal.h"

/* A rest after all networks were tried in vain: short enough for a switch's flap, long enough not
 * to hammer a dead host. */
#define RETRY_REST (200 * FERRY_MILLISECOND)
/* So many connections in a row that broke as soon as they carried: then there is a rest as well. Both
 * sides may disagree for ever, after an operator's claim for one. */
#define FLAPS_MAX 3
/* Attach numbers of one incarnation; a restarted source begins above all of the last one. */
#define ATTACHES_PER_INCARNATION (1U << 16)
/* So many pings fit into the limit of silence: one lost ping is no silence. */
#define PINGS_PER_SILENCE 4
/* So often bytes may make no sense before the target is to blame, and not the wire. */
#define DAMAGE_MAX 3U
/* With so many measured, the highest may be left out. */
#define ENOUGH_ROUND_TRIPS 3U

void source_link_init(struct ferry_source *source)
{
    struct link *link = &source->link;
    const struct ferry_source_config *config = &source->config;
    link->path_count = config->path_count;
    for (uint16_t i = 0; i < config->path_count; i++) {
        /* insertion sort by (priority, index): stable, so equal priorities keep the operator's
         * order */
        uint16_t at = i;
        while (at > 0 && source->paths[link->order[at - 1]].priority > source->paths[i].priority) {
            link->order[at] = link->order[at - 1];
            at--;
        }
        link->order[at] = i;
        link->priority[i] = source->paths[i].priority;
    }
    link->attach = (uint32_t)config->incarnation * ATTACHES_PER_INCARNATION;
    link->state = LINK_DOWN;
    link->retry_at = FERRY_TIME_NEVER;
    link->lost_at = source->created_at;
    link->probe_at = FERRY_TIME_NEVER;
    link->reader.buffer = link->reader_buffer;
    link->reader.capacity = sizeof(link->reader_buffer);
}

static uint16_t attach_streams(const struct ferry_source *source)
{
    /* A source without its guest only asks what became of it; one that resumes after an aborted
     * attempt copies on. */
    const bool copies_on =
        source->state == FERRY_SOURCE_RESUMING && source->ending.kind == FERRY_OUTCOME_NONE;
    const bool payload = source->state == FERRY_SOURCE_OPENING ||
                         source->state == FERRY_SOURCE_COPYING ||
                         source_copy_paused_phase(source) || copies_on;
    return payload && source->guest_alive ? source->config.streams : 0;
}

static void attach(struct ferry_source *source)
{
    struct link *link = &source->link;
    link->state = LINK_ATTACHING;
    link->attach++;
    link->tried++;
    link->retry_at = FERRY_TIME_NEVER;
    link->connect_until = source->now + source->config.connect_limit;
    link->round_trip_count = 0;
    link->streams = attach_streams(source);
    wire_reader_reset(&link->reader);
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_ATTACH,
            .attach = link->attach,
            .path = link->order[link->position],
            .streams = link->streams,
        });
}

void source_link_start(struct ferry_source *source)
{
    source->link.position = 0;
    source->link.tried = 0;
    attach(source);
}

bool source_link_connected(const struct ferry_source *source)
{
    const enum link_state state = source->link.state;
    return state == LINK_ASKING || state == LINK_UP || state == LINK_LEAVING;
}

bool source_link_carries(const struct ferry_source *source)
{
    return source->link.state == LINK_UP;
}

bool source_link_is_of_this_life(const struct ferry_source *source, uint32_t attach_number)
{
    return attach_number / ATTACHES_PER_INCARNATION == source->config.incarnation;
}

void source_link_attached(struct ferry_source *source, uint32_t attach_number)
{
    struct link *link = &source->link;
    if (link->state != LINK_ATTACHING || attach_number != link->attach) {
        return;
    }
    link->state = LINK_ASKING;
    link->last_heard = source->now;
    link->last_ping = source->now;
    source_opening_ask(source);
}

/* Nobody has accepted the session, and no network is left on which trying again could help: what
 * refuses a connection (a certificate) does not mend itself in time. One that is only dead may come
 * back, and then refuse or not: it is waited for. */
static bool refused_everywhere(struct ferry_source *source, enum ferry_status status)
{
    struct link *link = &source->link;
    if (source->state != FERRY_SOURCE_OPENING || source->accepted) {
        return false;
    }
    link->refused[link->order[link->position]] =
        ferry_status_category(status) == FERRY_CATEGORY_REFUSED;
    for (uint16_t path = 0; path < link->path_count; path++) {
        if (!link->refused[path]) {
            return false;
        }
    }
    return true;
}

void source_link_detached(
    struct ferry_source *source, uint32_t attach_number, enum ferry_status status)
{
    const struct link *link = &source->link;
    if (attach_number != link->attach || link->state == LINK_DOWN ||
        link->state == LINK_DETACHING) {
        return;
    }
    if (refused_everywhere(source, status)) {
        /* mark: source-refused-everywhere -- every network refuses the connection itself */
        source_ending_decide(source, FERRY_OUTCOME_REFUSED, status);
    }
    /* mark: source-link-broken -- the connection broke */
    source_link_lose(source, status == FERRY_OK ? FERRY_WORLD_LINK : status);
}

void source_link_lose(struct ferry_source *source, enum ferry_status status)
{
    struct link *link = &source->link;
    if (link->state == LINK_DOWN || link->state == LINK_DETACHING) {
        return;
    }
    const bool leaving = link->state == LINK_LEAVING && status == FERRY_OK;
    if (link->state == LINK_UP && status != FERRY_OK) {
        link->flaps = source->now - link->up_at < RETRY_REST ? link->flaps + 1 : 0;
    }
    if (link->lost_at == FERRY_TIME_NEVER) {
        /* mark: source-link-lost -- the time without a connection begins */
        link->lost_at = source->now;
        link->lost_status = status;
        link->tried = 0;
    }
    source_trace(
        source, FERRY_TRACE_LINK_DOWN, link->attach, link->order[link->position], status, 0);
    link->state = LINK_DETACHING;
    source_abandon(source, PENDING_PROBE);
    link->probe_at = FERRY_TIME_NEVER;
    if (!leaving) {
        /* mark: source-next-network -- the next network is tried */
        link->position = (uint16_t)((link->position + 1) % link->path_count);
    }
    source_copy_link_lost(source);
    source_ask(
        source,
        PENDING_DETACH,
        (struct ferry_action){.kind = FERRY_ACTION_DETACH, .attach = link->attach},
        FERRY_TIME_NEVER);
}

void source_link_detach_done(struct ferry_source *source)
{
    struct link *link = &source->link;
    link->state = LINK_DOWN;
    if (source->state == FERRY_SOURCE_CLOSING && source->ending.close_until <= source->now) {
        return; /* ending_tick closes */
    }
    if (link->tried >= link->path_count || link->flaps >= FLAPS_MAX) {
        link->tried = 0;
        /* mark: source-rest -- all networks in vain, or flapping: a rest */
        link->retry_at = source->now + RETRY_REST;
    } else {
        link->retry_at = source->now;
    }
}

void source_link_ping(struct ferry_source *source)
{
    source->link.last_ping = source->now;
    source_send(
        source,
        &(struct wire_message){
            .type = WIRE_PING,
            .body.ping.nonce = (uint64_t)source->now,
        });
}

void source_link_answered(struct ferry_source *source)
{
    struct link *link = &source->link;
    if (link->state != LINK_ASKING) {
        return;
    }
    link->state = LINK_UP;
    link->up_at = source->now;
    link->lost_at = FERRY_TIME_NEVER;
    link->tried = 0;
    link->ups++;
    if (link->ups > 1) {
        /* mark: source-reconnected -- connected again */
        source->outcome.reconnects++;
    }
    const bool better =
        link->priority[link->order[link->position]] > link->priority[link->order[0]];
    link->probe_at = better ? source->now + source->config.probe_interval : FERRY_TIME_NEVER;
    link->probing = link->path_count; /* none yet: the best one comes first */
    source->copy.last_progress = source->now;
    source_trace(source, FERRY_TRACE_LINK_UP, link->attach, link->order[link->position], 0, 0);
    source_copy_set_rate(source);
    source_link_ping(source); /* the round trip is part of the prediction: measure it at once */
}

/* Bytes that make no sense may have been damaged on their way, under the link's own checksum: a new
 * connection asks again. What happens too often is the target's doing. */
static void bytes_make_no_sense(struct ferry_source *source, enum ferry_status status)
{
    const bool damage =
        status == FERRY_PEER_CHECKSUM || status == FERRY_PEER_FRAME || status == FERRY_PEER_LENGTH;
    source->link.damaged++;
    if (!damage || source->link.damaged > DAMAGE_MAX) {
        /* mark: source-target-talks-nonsense -- too much damage: the target is to blame */
        source_violation(source, status, 0);
        return;
    }
    /* mark: source-control-damaged -- damaged on its way: a new connection asks again */
    source_trace(source, FERRY_TRACE_PROTOCOL_ERROR, status, 0, source->state, 0);
    source_link_lose(source, status);
}

void source_link_bytes(
    struct ferry_source *source, uint32_t attach_number, struct ferry_bytes bytes)
{
    struct link *link = &source->link;
    while (attach_number == link->attach && source_link_connected(source)) {
        bool found = false;
        struct wire_message message;
        const enum ferry_status status = wire_reader_next(&link->reader, &bytes, &found, &message);
        if (status != FERRY_OK) {
            bytes_make_no_sense(source, status);
            return;
        }
        if (!found) {
            return;
        }
        if (!base_queue_has_room(&source->queue)) { /* no honest target says so much at once */
            /* mark: source-flooded -- more messages at once than any honest target sends */
            source_violation(source, FERRY_PEER_LENGTH, message.type);
            return;
        }
        link->last_heard = source->now;
        source_trace(
            source,
            FERRY_TRACE_MESSAGE_RECEIVED,
            message.type,
            0,
            wire_message_attempt(&message),
            0);
        source_message(source, &message);
    }
}

void source_link_pong(struct ferry_source *source, const struct wire_message *message)
{
    struct link *link = &source->link;
    const struct wire_pong *pong = &message->body.pong;
    const ferry_time_ns sent = (ferry_time_ns)(pong->nonce & INT64_MAX);
    if (sent <= 0 || sent > source->now) {
        return; /* not one of ours: harmless, it only counts as a sign of life */
    }
    link->round_trips[link->round_trip_count % ROUND_TRIPS_KEPT] = source->now - sent;
    link->round_trip_count++;
    source_attempt_round_trip(source);
    if (pong->persist_ns != 0) {
        source->measured.owner_persist = source_told(pong->persist_ns);
    }
}

ferry_time_ns source_link_ping_interval(const struct ferry_source *source)
{
    return source->config.silence_limit / PINGS_PER_SILENCE;
}

ferry_time_ns source_link_round_trip(const struct ferry_source *source)
{
    const struct link *link = &source->link;
    ferry_time_ns highest = 0;
    ferry_time_ns second = 0;
    for (uint32_t i = 0; i < ROUND_TRIPS_KEPT && i < link->round_trip_count; i++) {
        const ferry_time_ns measured = link->round_trips[i];
        if (measured > highest) {
            second = highest;
            highest = measured;
        } else if (measured > second) {
            second = measured;
        }
    }
    if (link->round_trip_count < ENOUGH_ROUND_TRIPS) {
        return highest;
    }
    /* One answer that waited for the end of an outage says nothing of the next. But the newest one
     * may be the first of a network that has become slower. */
    const ferry_time_ns newest = link->round_trips[(link->round_trip_count - 1) % ROUND_TRIPS_KEPT];
    return newest > second ? newest : second;
}

void source_link_probe_done(struct ferry_source *source, enum ferry_status status)
{
    struct link *link = &source->link;
    if (link->state != LINK_UP) {
        return;
    }
    link->probe_at = source->now + source->config.probe_interval;
    /* Not during a pause: it would cost blackout, and the pause is short or waits for this very
     * link. */
    if (status == FERRY_OK && source->state == FERRY_SOURCE_COPYING) {
        /* mark: source-better-network -- a better network answers: changes to it */
        link->state = LINK_LEAVING;
        link->position = link->probing;
        link->probe_at = FERRY_TIME_NEVER;
    }
}

void source_link_leave_when_idle(struct ferry_source *source)
{
    if (source->link.state == LINK_LEAVING && source->copy.windows.live == 0) {
        source_link_lose(source, FERRY_OK);
    }
}

static void probe(struct ferry_source *source)
{
    struct link *link = &source->link;
    link->probe_at = FERRY_TIME_NEVER;
    /* The better ones in turn: the best may be dead for good while the second answers again. */
    const uint16_t next = (uint16_t)(link->probing + 1);
    const uint32_t here = link->priority[link->order[link->position]];
    const bool better = next < link->path_count && link->priority[link->order[next]] < here;
    link->probing = better ? next : 0;
    source_ask(
        source,
        PENDING_PROBE,
        (struct ferry_action){.kind = FERRY_ACTION_PROBE, .path = link->order[link->probing]},
        source->config.connect_limit);
}

static ferry_time_ns ping_at(const struct ferry_source *source)
{
    return source->link.last_ping + source_link_ping_interval(source);
}

void source_link_tick(struct ferry_source *source)
{
    struct link *link = &source->link;
    if (link->state == LINK_DOWN && link->retry_at <= source->now) {
        attach(source);
    }
    if (link->state == LINK_ATTACHING && link->connect_until <= source->now) {
        /* mark: source-connect-late -- connecting takes too long */
        source_link_lose(source, FERRY_TIMEOUT_CONNECT);
    }
    if (source_link_connected(source)) {
        if (link->last_heard + source->config.silence_limit <= source->now) {
            /* mark: source-link-silent -- nothing arrives any more: given up */
            source_link_lose(source, FERRY_WORLD_LINK);
        } else if (ping_at(source) <= source->now) {
            source_link_ping(source);
        }
    }
    struct pending *probing = &source->pending[PENDING_PROBE];
    if (probing->id != 0 && probing->until <= source->now) {
        /* mark: source-probe-late -- a probe is not answered */
        probing->id = 0;
        source_link_probe_done(source, FERRY_TIMEOUT_CONNECT);
    }
    if (link->state == LINK_UP && link->probe_at <= source->now) {
        probe(source);
    }
}

ferry_time_ns source_link_deadline(const struct ferry_source *source)
{
    const struct link *link = &source->link;
    ferry_time_ns deadline = FERRY_TIME_NEVER;
    if (link->state == LINK_DOWN) {
        deadline = link->retry_at;
    } else if (link->state == LINK_ATTACHING) {
        deadline = link->connect_until;
    } else if (source_link_connected(source)) {
        const ferry_time_ns silent = link->last_heard + source->config.silence_limit;
        deadline = silent < ping_at(source) ? silent : ping_at(source);
    }
    if (link->state == LINK_UP && link->probe_at < deadline) {
        deadline = link->probe_at;
    }
    const struct pending *probing = &source->pending[PENDING_PROBE];
    if (probing->id != 0 && probing->until < deadline) {
        deadline = probing->until;
    }
    return deadline;
}
