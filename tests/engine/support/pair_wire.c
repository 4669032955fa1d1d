/* SPDX-License-Identifier: Apache-2.0 */
/* pair_wire.c -- one attach at a time: a control connection and its streams, over one path.
 *
 * A cut holds what is on the wire, as TCP would: it arrives when the cut heals, if the connection
 * still counts by then. */
#include "support/pair_internal.h"

/* ---- the wire ---- */

bool pair_is_cut(const struct pair *pair, uint16_t path, enum pair_side from)
{
    return path != UINT16_MAX && (pair->cut_mask[from] & (1U << path)) != 0;
}

static void stream_close(struct stream_end *stream)
{
    ferry_encoder_destroy(stream->encoder);
    ferry_decoder_destroy(stream->decoder);
    free(stream->pipe);
    *stream = (struct stream_end){0};
}

/* What a cut holds is lost with its connection. */
static void forget_held(struct pair *pair)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < pair->step_count; i++) {
        if (pair->steps[i].held) {
            free(pair->steps[i].bytes);
        } else {
            pair->steps[kept++] = pair->steps[i];
        }
    }
    pair->step_count = kept;
}

void pair_wire_close(struct pair *pair)
{
    forget_held(pair);
    for (uint16_t i = 0; i < STREAMS_MAX; i++) {
        stream_close(&pair->streams[i]);
    }
    pair->connected = false;
    pair->stream_count = 0;
}

void pair_attach(struct pair *pair, const struct ferry_action *action)
{
    pair_wire_close(pair);
    pair->path = action->path;
    pair->attach = action->attach;
    pair->stream_count = action->streams;
    assert_true(action->streams <= STREAMS_MAX);
    if (pair_is_cut(pair, action->path, PAIR_SOURCE) ||
        pair_is_cut(pair, action->path, PAIR_TARGET) || !pair->alive[PAIR_TARGET]) {
        return; /* silence */
    }
    pair->connected = true;
    pair_open_streams(pair);
    const ferry_time_ns latency = pair->options.latency;
    const struct ferry_event event = {.kind = FERRY_EVENT_ATTACHED, .attach = action->attach};
    for (int side = 0; side < 2; side++) {
        const ferry_time_ns at = pair->now + (side == PAIR_TARGET ? latency : 2 * latency);
        struct step *step = pair_schedule(pair, at, STEP_EVENT, (enum pair_side)side);
        step->event = event;
        step->path = action->path;
        step->from = side == PAIR_TARGET ? PAIR_SOURCE : PAIR_TARGET;
    }
}

void pair_send_control(struct pair *pair, enum pair_side from, const struct ferry_action *action)
{
    if (!pair->connected || action->attach != pair->attach) {
        return;
    }
    struct ferry_bytes bytes = action->bytes;
    if (from == PAIR_SOURCE && bytes.size == FERRY_PREFACE_SIZE) {
        struct ferry_preface preface;
        if (ferry_preface_decode(bytes.data, &preface) == FERRY_OK) {
            return; /* the acceptor eats it */
        }
    }
    const uint32_t type = wire_frame_parse(bytes.data).type;
    assert_true(type < PAIR_TYPES);
    pair->sent[type]++;
    if (pair->drops[type] != 0) {
        pair->drops[type]--;
        pair_say(pair, from, "%s is lost", wire_type_name((enum wire_type)type));
        return;
    }
    const enum pair_side to = from == PAIR_SOURCE ? PAIR_TARGET : PAIR_SOURCE;
    struct step *step = pair_schedule(pair, pair->now + pair->options.latency, STEP_EVENT, to);
    step->bytes = malloc(bytes.size);
    memcpy(step->bytes, bytes.data, bytes.size);
    step->path = pair->path;
    step->from = from;
    step->event = (struct ferry_event){
        .kind = FERRY_EVENT_CONTROL_BYTES,
        .attach = action->attach,
        .bytes = {.data = step->bytes, .size = bytes.size},
    };
}
