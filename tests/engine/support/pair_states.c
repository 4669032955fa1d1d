/* SPDX-License-Identifier: Apache-2.0 */
/* pair_states.c -- pairs that have come to a given state by themselves, and messages that a peer
 * could say in it. */
#include "support/pair_internal.h"

#define FOR_EVER 100000U

const enum wire_type pair_types[] = {
    WIRE_OPEN,    WIRE_RESUME,  WIRE_MANIFEST, WIRE_ABORT,   WIRE_GRANT, WIRE_BURN, WIRE_END,
    WIRE_PING,    WIRE_ACCEPT,  WIRE_REFUSE,   WIRE_RESUMED, WIRE_LOST,  WIRE_ACK,  WIRE_READY,
    WIRE_STARTED, WIRE_ABORTED, WIRE_FAILED,   WIRE_CLOSED,  WIRE_PONG,
};
const size_t pair_type_count = COUNT_OF(pair_types);

static struct pair *ordinary(void)
{
    return pair_create(&(struct pair_options){.ram_pages = 512, .dirty_pages_per_ms = 1});
}

static void order(struct pair *pair, enum pair_side side, enum ferry_event_kind kind)
{
    assert_status(pair_command(pair, side, (struct ferry_event){.kind = kind}), FERRY_OK);
}

/* By the limit, not by an order: the copy goes on. */
static void abort_attempt(struct pair *pair)
{
    pair_run_until_source(pair, FERRY_SOURCE_SENDING);
    pair_set_speed(pair, 1000);
    pair_drop(pair, WIRE_MANIFEST, 1);
    pair_run_until_source(pair, FERRY_SOURCE_RESUMING);
    pair_set_speed(pair, 100000000);
}

struct pair *pair_create_at_source(enum ferry_source_state state)
{
    struct pair *pair = ordinary();
    switch (state) {
    case FERRY_SOURCE_OPENING: pair_advance(pair, 250 * FERRY_MICROSECOND); break;
    case FERRY_SOURCE_COPYING:
    case FERRY_SOURCE_PAUSING:
    case FERRY_SOURCE_SENDING:
    case FERRY_SOURCE_GRANTING: pair_run_until_source(pair, state); break;
    case FERRY_SOURCE_RESUMING: abort_attempt(pair); break;
    case FERRY_SOURCE_GRANTED:
    case FERRY_SOURCE_UNKNOWN:
        pair_drop(pair, WIRE_GRANT, FOR_EVER);
        pair_run_until_source(pair, state);
        break;
    case FERRY_SOURCE_BURNING:
        pair_drop(pair, WIRE_BURN, FOR_EVER);
        pair_run_until_source(pair, FERRY_SOURCE_GRANTING);
        order(pair, PAIR_SOURCE, FERRY_EVENT_CANCEL);
        break;
    case FERRY_SOURCE_CLOSING:
        pair_drop(pair, WIRE_END, FOR_EVER);
        pair_run_until_source(pair, state);
        break;
    case FERRY_SOURCE_CLOSED: break;
    }
    assert_int_equal(pair_source_state(pair), state);
    return pair;
}

static void come_to_target(struct pair *pair, enum ferry_target_state state)
{
    switch (state) {
    case FERRY_TARGET_WAITING:
        pair_drop(pair, WIRE_OPEN, FOR_EVER);
        pair_advance(pair, 300 * FERRY_MICROSECOND);
        return;
    case FERRY_TARGET_BURNING:
    case FERRY_TARGET_BURNED:
        pair_drop(pair, WIRE_GRANT, FOR_EVER);
        pair_drop(pair, WIRE_ABORTED, FOR_EVER);
        pair_run_until_target(pair, FERRY_TARGET_READY);
        order(pair, PAIR_TARGET, FERRY_EVENT_BURN);
        break;
    case FERRY_TARGET_LOST:
        pair_drop(pair, WIRE_LOST, FOR_EVER);
        pair_run_until_source(pair, FERRY_SOURCE_COPYING);
        pair_crash(pair, PAIR_TARGET, false);
        pair_reinstall(pair, PAIR_TARGET);
        pair_restart(pair, PAIR_TARGET);
        break;
    case FERRY_TARGET_PREPARING:
    case FERRY_TARGET_RECEIVING:
    case FERRY_TARGET_LOADING:
    case FERRY_TARGET_READY:
    case FERRY_TARGET_OWNING:
    case FERRY_TARGET_STARTING:
    case FERRY_TARGET_RUNNING:
    case FERRY_TARGET_CLEANING:
    case FERRY_TARGET_CLOSED: break;
    }
    pair_run_until_target(pair, state);
}

struct pair *pair_create_at_target(enum ferry_target_state state)
{
    struct pair *pair = ordinary();
    come_to_target(pair, state);
    assert_int_equal(pair_target_state(pair), state);
    return pair;
}

static struct wire_message plausible_open(const struct pair *pair)
{
    struct wire_message message = {
        .type = WIRE_OPEN,
        .body.open =
            {
                        .version_min = FERRY_PROTOCOL_VERSION_MIN,
                        .version_max = FERRY_PROTOCOL_VERSION_MAX,
                        .guest_id = 7,
                        .epoch = 1,
                        .source_journal_id = pair->journal_id[PAIR_SOURCE],
                        .page_size = 4096,
                        .streams = pair->options.streams,
                        .mode = FERRY_MODE_PRECOPY,
                        .abandon_after = FERRY_SECOND,
                        .guest_name = {.data = (const uint8_t *)"db1", .size = 3},
                        .region_count = 1,
                        },
    };
    message.body.open.regions[0].pages = pair->options.ram_pages;
    return message;
}

static struct wire_message plausible_resume(const struct pair *pair)
{
    return (struct wire_message){
        .type = WIRE_RESUME,
        .body.resume =
            {
                          .guest_id = 7,
                          .epoch = 1,
                          .source_journal_id = pair->journal_id[PAIR_SOURCE],
                          .target_journal_id = pair->journal_id[PAIR_TARGET],
                          .attempt = 1,
                          .phase = WIRE_SOURCE_ATTEMPT,
                          .streams = pair->options.streams,
                          },
    };
}

static struct wire_message plausible_table(const struct pair *pair, enum wire_type type)
{
    struct wire_message message = {.type = type};
    if (type == WIRE_ACK) {
        message.body.ack =
            (struct wire_ack){.attach = pair->attach, .round = WIRE_ROUND_NONE, .stream_count = 1};
    } else if (type == WIRE_RESUMED) {
        message.body.resumed = (struct wire_resumed){
            .attach = pair->attach,
            .phase = WIRE_TARGET_RECEIVING,
            .epoch = 1,
            .target_journal_id = pair->journal_id[PAIR_TARGET],
            .round = WIRE_ROUND_NONE,
            .stream_count = 1,
        };
    } else {
        message.body.manifest = (struct wire_manifest){.attempt = 1, .epoch = 1, .stream_count = 1};
    }
    return message;
}

struct wire_message pair_plausible(const struct pair *pair, enum wire_type type)
{
    static const struct ferry_bytes why = {.data = (const uint8_t *)"because", .size = 7};
    struct wire_message message = {.type = type};
    switch (type) {
    case WIRE_OPEN: return plausible_open(pair);
    case WIRE_RESUME: return plausible_resume(pair);
    case WIRE_MANIFEST:
    case WIRE_ACK:
    case WIRE_RESUMED: return plausible_table(pair, type);
    case WIRE_ABORT:
    case WIRE_GRANT:
    case WIRE_BURN:
    case WIRE_ABORTED:
        message.body.attempt = (struct wire_attempt){.attempt = 1, .epoch = 1};
        break;
    case WIRE_END:
        message.body.end = (struct wire_end){
            .attempt = 1, .epoch = 1, .moved = pair_runs(pair, PAIR_TARGET) ? 1 : 0};
        break;
    case WIRE_PING: message.body.ping.nonce = 1; break;
    case WIRE_PONG: message.body.pong.nonce = 1; break;
    case WIRE_ACCEPT:
        message.body.accept = (struct wire_accept){
            .version = FERRY_PROTOCOL_VERSION_MAX,
            .target_journal_id = pair->journal_id[PAIR_TARGET],
            .persist_ns = 1,
        };
        break;
    case WIRE_REFUSE:
        message.body.refuse = (struct wire_refuse){.code = WIRE_CODE_BUSY, .text = why};
        break;
    case WIRE_FAILED:
        message.body.failed = (struct wire_failed){.code = WIRE_CODE_GUEST, .text = why};
        break;
    case WIRE_READY: message.body.ready = (struct wire_ready){.attempt = 1, .epoch = 1}; break;
    case WIRE_STARTED:
        message.body.started = (struct wire_started){.attempt = 1, .epoch = 2, .alive = 1};
        break;
    case WIRE_LOST:
    case WIRE_CLOSED: break;
    }
    return message;
}
