/* SPDX-License-Identifier: Apache-2.0 */
/* pair.c -- see pair.h. The world's half of the contract in ferry/action.h, as small as it can be
 * and still be true. */
#include "support/pair.h"

#include "support/harness.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX    4096
#define STREAMS_MAX  8
#define RECORD_KINDS (FERRY_RECORD_CLAIMED + 1)
#define HOUR         (3600 * FERRY_SECOND)
#define FRAMES_MAX   262144U

enum step_kind {
    STEP_EVENT = 1,
    STEP_BATCH_SENT,
    STEP_BATCH_ARRIVED,
    STEP_BARRIER,
    STEP_TIMER,
    STEP_COLLECT
};

/* One thing that will happen. Payload: what a batch's encoder yields, heads and tags, flattened. */
struct step {
    ferry_time_ns at;
    uint64_t order;
    enum step_kind kind;
    enum pair_side side;
    uint32_t life; /* of the side when it was scheduled: dropped when the host has crashed since */
    uint16_t path; /* UINT16_MAX: not on the wire */
    struct ferry_event event;
    uint8_t *bytes; /* of the event, owned */
    struct ferry_batch batch;
    uint32_t round;
};

struct stream_end {
    struct ferry_encoder *encoder;
    struct ferry_decoder *decoder;
    uint8_t *pipe; /* bytes that wait for the decoder (HOLD), heads and tags in wire order */
    size_t pipe_used;
    ferry_time_ns free_at; /* the wire is busy with this stream until then */
};

struct record {
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
};

struct pair {
    struct pair_options options;
    ferry_time_ns now;
    uint64_t order;
    struct step steps[STEPS_MAX];
    uint32_t step_count;
    struct ferry_source *source;
    struct ferry_target *target;
    uint32_t life[2];
    bool alive[2];       /* the daemon */
    bool guest_alive[2]; /* its process */
    bool runs[2];
    bool journal_broken[2];
    ferry_time_ns journal_cost[2];
    uint64_t journal_id[2];
    uint16_t incarnation;
    struct record records[2][RECORD_KINDS];
    uint16_t cut_mask; /* by path */
    uint16_t path;     /* of the current attach */
    uint32_t attach;
    bool connected;
    uint16_t stream_count;
    struct stream_end streams[STREAMS_MAX];
    uint64_t rate;
    bool corrupt_next;
    uint64_t tags[2][PAIR_PAGES_MAX];
    uint64_t bitmap[PAIR_PAGES_MAX / 64];
    uint64_t dirty[PAIR_PAGES_MAX / 64];
    uint64_t next_tag;
    uint64_t next_dirty;
    ferry_time_ns dirtied_until;
    ferry_time_ns paused_at;
    ferry_time_ns true_blackout;
    uint32_t different;
    struct ferry_outcome outcome;
    uint32_t outcomes;
    uint64_t traces[FERRY_TRACE_COUNT];
    uint64_t payload_bytes;
    uint64_t state_now; /* content of the device state */
    int64_t allocated;
    struct ferry_region region;
};

/* ---- the guest ---- */

static void guest_dirty(struct pair *pair)
{
    const uint32_t rate = pair->options.dirty_pages_per_ms;
    if (pair->runs[PAIR_SOURCE] && rate != 0) {
        const ferry_time_ns each = FERRY_MILLISECOND / rate;
        while (pair->dirtied_until + each <= pair->now) {
            const uint64_t page = pair->next_dirty++ % pair->options.dirty_span;
            pair->tags[PAIR_SOURCE][page] = ++pair->next_tag;
            pair->dirty[page / 64] |= 1ULL << (page % 64);
            pair->dirtied_until += each;
        }
    }
    if (!pair->runs[PAIR_SOURCE] || rate == 0) {
        pair->dirtied_until = pair->now;
    }
}

/* ---- steps ---- */

static struct step *
schedule(struct pair *pair, ferry_time_ns at, enum step_kind kind, enum pair_side side)
{
    assert_true(pair->step_count < STEPS_MAX);
    struct step *step = &pair->steps[pair->step_count++];
    *step = (struct step){
        .at = at,
        .order = ++pair->order,
        .kind = kind,
        .side = side,
        .life = pair->life[side],
        .path = UINT16_MAX,
    };
    return step;
}

static void schedule_event(
    struct pair *pair, ferry_time_ns delay, enum pair_side side, struct ferry_event event)
{
    schedule(pair, pair->now + delay, STEP_EVENT, side)->event = event;
}

static void take_actions(struct pair *pair, enum pair_side side);

static void say(struct pair *pair, enum pair_side side, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static void say(struct pair *pair, enum pair_side side, const char *format, ...)
{
    if (pair->options.log == NULL) {
        return;
    }
    const char *state = side == PAIR_SOURCE ? ferry_source_state_name(pair_source_state(pair))
                                            : ferry_target_state_name(pair_target_state(pair));
    fprintf(
        pair->options.log,
        "%s  %3lld.%06llds  %-9s  ",
        side == PAIR_SOURCE ? "source" : "target",
        (long long)(pair->now / FERRY_SECOND),
        (long long)(pair->now % FERRY_SECOND / 1000),
        state);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(pair->options.log, format, arguments);
    va_end(arguments);
    fputc('\n', pair->options.log);
}

static void feed(struct pair *pair, enum pair_side side, const struct ferry_event *event)
{
    if (!pair->alive[side]) {
        return;
    }
    enum ferry_status status = FERRY_OK;
    if (side == PAIR_SOURCE && pair->source != NULL) {
        status = ferry_source_input(pair->source, event, pair->now);
    } else if (side == PAIR_TARGET && pair->target != NULL) {
        status = ferry_target_input(pair->target, event, pair->now);
    }
    assert_true(status == FERRY_OK || status == FERRY_USAGE_STATE); /* it has closed meanwhile */
    take_actions(pair, side);
}

/* ---- the wire ---- */

static bool is_cut(const struct pair *pair, uint16_t path)
{
    return path != UINT16_MAX && (pair->cut_mask & (1U << path)) != 0;
}

static void stream_close(struct stream_end *stream)
{
    ferry_encoder_destroy(stream->encoder);
    ferry_decoder_destroy(stream->decoder);
    free(stream->pipe);
    *stream = (struct stream_end){0};
}

static void wire_close(struct pair *pair)
{
    for (uint16_t i = 0; i < STREAMS_MAX; i++) {
        stream_close(&pair->streams[i]);
    }
    pair->connected = false;
    pair->stream_count = 0;
}

static struct ferry_allocator allocator(struct pair *pair);

static uint64_t zero_scan(void *context, uint64_t first_page, uint64_t wanted)
{
    const struct pair *pair = context;
    uint64_t zero = 0;
    for (uint32_t i = 0; i < 64; i++) {
        if ((wanted >> i & 1) != 0 && pair->tags[PAIR_SOURCE][first_page + i] == 0) {
            zero |= 1ULL << i;
        }
    }
    return zero;
}

static struct ferry_stream_shape shape(struct pair *pair, uint16_t stream)
{
    return (struct ferry_stream_shape){
        .session = {1, 2},
        .attach = pair->attach,
        .stream = stream,
        .page_size = 4096,
        .region_count = 1,
        .regions = &pair->region,
        .device_state_max = 1 << 20,
    };
}

static void make_target(struct pair *pair)
{
    struct ferry_target_config config = ferry_target_config_default();
    config.allocator = allocator(pair);
    config.trace.context = pair;
    config.session = (struct ferry_session_id){1, 2};
    config.journal_id = pair->journal_id[PAIR_TARGET];
    config.memory_free = pair->options.target_memory;
    config.refuse = pair->options.refuse;
    config.refuse_status = FERRY_REFUSED_BUSY;
    if (pair->options.hold_limit != 0) {
        config.hold_limit = pair->options.hold_limit;
    }
    extern void pair_trace(void *context, const struct ferry_trace_event *event);
    config.trace.emit = pair_trace;
    assert_int_equal(ferry_target_create(&config, pair->now, &pair->target), FERRY_OK);
}

static void open_streams(struct pair *pair)
{
    const struct ferry_allocator memory = allocator(pair);
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        const struct ferry_stream_shape shape_i = shape(pair, i);
        assert_int_equal(
            ferry_encoder_create(&memory, &shape_i, zero_scan, pair, &pair->streams[i].encoder),
            FERRY_OK);
        pair->streams[i].pipe = malloc(FRAMES_MAX);
        pair->streams[i].free_at = pair->now;
    }
}

static void attach(struct pair *pair, const struct ferry_action *action)
{
    wire_close(pair);
    pair->path = action->path;
    pair->attach = action->attach;
    pair->stream_count = action->streams;
    assert_true(action->streams <= STREAMS_MAX);
    if (is_cut(pair, action->path)) {
        return; /* silence */
    }
    if (!pair->alive[PAIR_TARGET]) {
        return;
    }
    pair->connected = true;
    open_streams(pair);
    const ferry_time_ns latency = pair->options.latency;
    const struct ferry_event event = {.kind = FERRY_EVENT_ATTACHED, .attach = action->attach};
    schedule(pair, pair->now + latency, STEP_EVENT, PAIR_TARGET)->event = event;
    schedule(pair, pair->now + 2 * latency, STEP_EVENT, PAIR_SOURCE)->event = event;
}

static void send_control(struct pair *pair, enum pair_side from, const struct ferry_action *action)
{
    if (!pair->connected || action->attach != pair->attach || is_cut(pair, pair->path)) {
        return;
    }
    struct ferry_bytes bytes = action->bytes;
    if (from == PAIR_SOURCE && bytes.size == FERRY_PREFACE_SIZE) {
        struct ferry_preface preface;
        if (ferry_preface_decode(bytes.data, &preface) == FERRY_OK) {
            return; /* the acceptor eats it */
        }
    }
    const enum pair_side to = from == PAIR_SOURCE ? PAIR_TARGET : PAIR_SOURCE;
    struct step *step = schedule(pair, pair->now + pair->options.latency, STEP_EVENT, to);
    step->bytes = malloc(bytes.size);
    memcpy(step->bytes, bytes.data, bytes.size);
    step->path = pair->path;
    step->event = (struct ferry_event){
        .kind = FERRY_EVENT_CONTROL_BYTES,
        .attach = action->attach,
        .bytes = {.data = step->bytes, .size = bytes.size},
    };
}

static uint32_t tag_digest(const uint64_t *tags, uint64_t count)
{
    return ferry_crc32c(0, tags, count * sizeof(tags[0]));
}

static void pipe_add(struct stream_end *stream, const void *bytes, size_t size)
{
    assert_true(stream->pipe_used + size <= FRAMES_MAX);
    memcpy(stream->pipe + stream->pipe_used, bytes, size);
    stream->pipe_used += size;
}

/* Runs the encoder dry: heads as they are, 8 bytes a page, device state as 8 bytes a piece. */
static struct ferry_piece encode(struct pair *pair, struct stream_end *stream, uint32_t *digest_out)
{
    struct ferry_piece piece = {0};
    *digest_out = 0;
    while (ferry_encoder_next(stream->encoder, &piece)) {
        if (piece.kind == FERRY_PIECE_HEAD) {
            /* The preface is the acceptor's. */
            struct ferry_preface preface;
            if (piece.head.size != FERRY_PREFACE_SIZE ||
                ferry_preface_decode(piece.head.data, &preface) != FERRY_OK) {
                pipe_add(stream, piece.head.data, piece.head.size);
            }
        } else if (piece.kind == FERRY_PIECE_BODY) {
            const uint64_t *tags = &pair->tags[PAIR_SOURCE][piece.first_page];
            pipe_add(stream, tags, piece.page_count * sizeof(tags[0]));
            const uint32_t digest = tag_digest(tags, piece.page_count);
            *digest_out = ferry_digest_chain(*digest_out, digest, piece.bytes);
            ferry_encoder_sent(stream->encoder, digest);
        } else if (piece.kind == FERRY_PIECE_STATE) {
            pipe_add(stream, &pair->state_now, sizeof(pair->state_now));
            const uint32_t digest = tag_digest(&pair->state_now, 1);
            *digest_out = ferry_digest_chain(*digest_out, digest, piece.bytes);
            ferry_encoder_sent(stream->encoder, digest);
        } else {
            return piece;
        }
    }
    return piece;
}

/* The batch leaves when the wire is free; its content is taken when its last byte leaves. */
static void send_batch(struct pair *pair, const struct ferry_action *action)
{
    struct stream_end *stream = &pair->streams[action->stream];
    uint64_t pages = action->batch.state_size / 4096 + 1;
    for (uint64_t i = action->batch.first_page; i < action->batch.end_page; i++) {
        pages += action->batch.bitmap[i / 64] >> (i % 64) & 1;
    }
    uint64_t rate = pair->options.bytes_per_second / pair->stream_count;
    rate = pair->rate < rate ? pair->rate : rate;
    const ferry_time_ns start = stream->free_at > pair->now ? stream->free_at : pair->now;
    const ferry_time_ns took =
        rate == 0 ? HOUR : (ferry_time_ns)(pages * 4096 * (uint64_t)FERRY_SECOND / rate);
    stream->free_at = start + took;
    struct step *step = schedule(pair, stream->free_at, STEP_BATCH_SENT, PAIR_SOURCE);
    step->event.stream = action->stream;
    step->event.attach = action->attach;
    step->batch = action->batch;
    step->path = pair->path;
}

static void batch_sent(struct pair *pair, const struct step *step)
{
    if (step->event.attach != pair->attach || !pair->connected) {
        return;
    }
    struct stream_end *stream = &pair->streams[step->event.stream];
    guest_dirty(pair);
    const size_t before = stream->pipe_used;
    assert_int_equal(ferry_encoder_batch(stream->encoder, &step->batch), FERRY_OK);
    uint32_t digest = 0;
    const struct ferry_piece done = encode(pair, stream, &digest);
    assert_int_equal(done.kind, FERRY_PIECE_DONE);
    if (pair->corrupt_next && stream->pipe_used > before + 64) {
        stream->pipe[stream->pipe_used - 40] ^= 0x10;
        pair->corrupt_next = false;
    }
    pair->payload_bytes += done.bytes;
    struct step *arrival =
        schedule(pair, pair->now + pair->options.latency, STEP_BATCH_ARRIVED, PAIR_TARGET);
    arrival->event.stream = step->event.stream;
    arrival->event.attach = step->event.attach;
    arrival->event.wire_bytes = stream->pipe_used;
    arrival->path = pair->path;
    feed(
        pair,
        PAIR_SOURCE,
        &(struct ferry_event){
            .kind = FERRY_EVENT_BATCH_SENT,
            .stream = step->event.stream,
            .attach = step->event.attach,
            .batch = step->batch.number,
            .wire_bytes = done.bytes,
            .pages = done.pages,
            .zero_pages = done.zero_pages,
            .digest = digest,
        });
}

static void barrier_sent(struct pair *pair, const struct step *step)
{
    if (step->event.attach != pair->attach || !pair->connected) {
        return;
    }
    struct stream_end *stream = &pair->streams[step->event.stream];
    assert_int_equal(
        ferry_encoder_barrier(stream->encoder, step->round, step->event.attempt), FERRY_OK);
    uint32_t digest = 0;
    (void)encode(pair, stream, &digest);
    struct step *arrival =
        schedule(pair, pair->now + pair->options.latency, STEP_BATCH_ARRIVED, PAIR_TARGET);
    arrival->event.stream = step->event.stream;
    arrival->event.attach = step->event.attach;
    arrival->path = pair->path;
}

static void send_barrier(struct pair *pair, const struct ferry_action *action)
{
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        struct stream_end *stream = &pair->streams[i];
        const ferry_time_ns at = stream->free_at > pair->now ? stream->free_at : pair->now;
        struct step *step = schedule(pair, at, STEP_BARRIER, PAIR_SOURCE);
        step->event.stream = i;
        step->event.attach = action->attach;
        step->event.attempt = action->attempt;
        step->round = action->round;
        step->path = pair->path;
    }
}

static void pipe_take(struct stream_end *stream, void *out, size_t size)
{
    assert_true(size <= stream->pipe_used);
    if (out != NULL) {
        memcpy(out, stream->pipe, size);
    }
    memmove(stream->pipe, stream->pipe + size, stream->pipe_used - size);
    stream->pipe_used -= size;
}

static void place(struct pair *pair, struct stream_end *stream, const struct ferry_item *item)
{
    uint64_t *tags = &pair->tags[PAIR_TARGET][item->first_page];
    assert_true(item->first_page + item->page_count <= pair->options.ram_pages);
    pipe_take(stream, tags, item->page_count * sizeof(tags[0]));
    ferry_decoder_placed(stream->decoder, tag_digest(tags, item->page_count));
}

static void report_item(struct pair *pair, uint16_t index, const struct ferry_item *item)
{
    struct ferry_event event = {
        .kind = item->kind == FERRY_ITEM_BATCH     ? FERRY_EVENT_BATCH_PLACED
                : item->kind == FERRY_ITEM_BARRIER ? FERRY_EVENT_BARRIER_REACHED
                                                   : FERRY_EVENT_STREAM_ERROR,
        .status = item->status,
        .attach = pair->attach,
        .stream = index,
        .batch = item->batch,
        .round = item->round,
        .attempt = item->attempt,
        .wire_bytes = item->bytes,
        .pages = item->pages,
        .zero_pages = item->zero_pages,
        .digest = item->digest,
        .state_size = item->state_size,
        .state_digest = item->state_digest,
    };
    if (item->kind != FERRY_ITEM_BATCH && item->kind != FERRY_ITEM_BARRIER &&
        item->kind != FERRY_ITEM_ERROR) {
        return;
    }
    feed(pair, PAIR_TARGET, &event);
}

/* Feeds the decoder with what has come until it wants more, holds, or fails. */
static void drain_stream(struct pair *pair, uint16_t index)
{
    struct stream_end *stream = &pair->streams[index];
    const uint32_t attach_number = pair->attach;
    if (stream->decoder == NULL) {
        const struct ferry_allocator memory = allocator(pair);
        const struct ferry_stream_shape shape_i = shape(pair, index);
        assert_int_equal(
            ferry_decoder_create(
                &memory, &shape_i, ferry_target_round(pair->target), &stream->decoder),
            FERRY_OK);
    }
    while (attach_number == pair->attach && pair->connected) {
        struct ferry_item item = {0};
        ferry_decoder_next(stream->decoder, &item);
        if (item.kind == FERRY_ITEM_FILL) {
            const size_t size =
                item.fill_size < stream->pipe_used ? item.fill_size : stream->pipe_used;
            if (size == 0) {
                return;
            }
            pipe_take(stream, item.fill, size);
            ferry_decoder_filled(stream->decoder, size);
        } else if (item.kind == FERRY_ITEM_PLACE) {
            place(pair, stream, &item);
        } else if (item.kind == FERRY_ITEM_ZERO) {
            memset(
                &pair->tags[PAIR_TARGET][item.first_page], 0, item.page_count * sizeof(uint64_t));
        } else if (item.kind == FERRY_ITEM_STATE) {
            uint64_t state = 0;
            pipe_take(stream, &state, sizeof(state));
            ferry_decoder_placed(stream->decoder, tag_digest(&state, 1));
        } else {
            report_item(pair, index, &item);
            if (item.kind == FERRY_ITEM_HOLD || item.kind == FERRY_ITEM_ERROR) {
                return;
            }
        }
    }
}

static void batch_arrived(struct pair *pair, const struct step *step)
{
    if (step->event.attach == pair->attach && pair->connected && pair->target != NULL &&
        ferry_target_shape(pair->target) != NULL) {
        drain_stream(pair, step->event.stream);
    }
}

static void release_round(struct pair *pair, uint32_t round)
{
    for (uint16_t i = 0; i < pair->stream_count; i++) {
        if (pair->streams[i].decoder != NULL) {
            ferry_decoder_release(pair->streams[i].decoder, round);
            struct step *step = schedule(pair, pair->now, STEP_BATCH_ARRIVED, PAIR_TARGET);
            step->event.stream = i;
            step->event.attach = pair->attach;
        }
    }
}

/* ---- actions ---- */

static void
done(struct pair *pair, enum pair_side side, const struct ferry_action *action, ferry_time_ns cost)
{
    schedule_event(
        pair, cost, side, (struct ferry_event){.kind = FERRY_EVENT_DONE, .action_id = action->id});
}

static void persist(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    struct ferry_event event = {.kind = FERRY_EVENT_DONE, .action_id = action->id};
    if (pair->journal_broken[side]) {
        event.status = FERRY_WORLD_JOURNAL;
    } else {
        struct record *record = &pair->records[side][action->record_kind];
        memcpy(record->bytes, action->bytes.data, action->bytes.size);
        record->size = action->bytes.size;
    }
    schedule_event(pair, pair->journal_cost[side], side, event);
}

static void resume(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    guest_dirty(pair);
    if (side == PAIR_TARGET && !pair->runs[side]) {
        for (uint32_t i = 0; i < pair->options.ram_pages; i++) {
            pair->different += pair->tags[PAIR_SOURCE][i] != pair->tags[PAIR_TARGET][i];
        }
        pair->true_blackout = pair->now + 50000 - pair->paused_at;
    }
    pair->runs[side] = true;
    assert_true(pair_running(pair) <= 1);
    done(pair, side, action, 50 * FERRY_MICROSECOND);
}

static void collect(struct pair *pair, const struct ferry_action *action)
{
    guest_dirty(pair);
    const uint32_t words = (pair->options.ram_pages + 63) / 64;
    uint64_t total = 0;
    uint64_t fresh = 0;
    for (uint32_t i = 0; i < words; i++) {
        uint64_t found = pair->dirty[i];
        if (action->round == 0) {
            const uint32_t left = pair->options.ram_pages - 64 * i;
            found = left >= 64 ? UINT64_MAX : (1ULL << left) - 1;
        }
        pair->dirty[i] = 0;
        pair->bitmap[i] = action->keep ? pair->bitmap[i] | found : found;
        total += (uint64_t)__builtin_popcountll(pair->bitmap[i]);
        fresh += (uint64_t)__builtin_popcountll(found);
    }
    schedule_event(
        pair,
        20 * FERRY_MICROSECOND,
        PAIR_SOURCE,
        (struct ferry_event){
            .kind = FERRY_EVENT_COLLECTED,
            .action_id = action->id,
            .bitmap = pair->bitmap,
            .dirty_pages = total,
            .new_pages = fresh,
        });
}

static void capture(struct pair *pair, const struct ferry_action *action)
{
    pair->state_now++;
    schedule_event(
        pair,
        200 * FERRY_MICROSECOND,
        PAIR_SOURCE,
        (struct ferry_event){
            .kind = FERRY_EVENT_STATE_CAPTURED,
            .action_id = action->id,
            .state_size = pair->options.state_size,
            .state_digest = tag_digest(&pair->state_now, 1),
        });
}

static void finished(struct pair *pair, const struct ferry_action *action)
{
    pair->outcome = *action->outcome;
    pair->outcomes++;
    say(pair,
        PAIR_SOURCE,
        "finished %s: %s",
        ferry_outcome_name(action->outcome->kind),
        action->outcome->reason);
}

static void act_source(struct pair *pair, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_ATTACH: attach(pair, action); return;
    case FERRY_ACTION_PROBE:
        if (!is_cut(pair, action->path)) {
            done(pair, PAIR_SOURCE, action, 2 * pair->options.latency);
        }
        return;
    case FERRY_ACTION_SEND_BATCH:
        if (action->attach == pair->attach && pair->connected) {
            send_batch(pair, action);
        }
        return;
    case FERRY_ACTION_SEND_BARRIER: send_barrier(pair, action); return;
    case FERRY_ACTION_SET_RATE: pair->rate = action->rate; return;
    case FERRY_ACTION_COLLECT: collect(pair, action); return;
    case FERRY_ACTION_PAUSE:
        guest_dirty(pair);
        pair->runs[PAIR_SOURCE] = false;
        pair->paused_at = pair->now + 100 * FERRY_MICROSECOND;
        done(pair, PAIR_SOURCE, action, 100 * FERRY_MICROSECOND);
        return;
    case FERRY_ACTION_CAPTURE_STATE: capture(pair, action); return;
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_THROTTLE: return;
    case FERRY_ACTION_FINISHED: finished(pair, action); return;
    case FERRY_ACTION_DETACH:
    case FERRY_ACTION_SEND_CONTROL:
    case FERRY_ACTION_RELEASE_ROUND:
    case FERRY_ACTION_PREPARE_GUEST:
    case FERRY_ACTION_RESUME:
    case FERRY_ACTION_LOAD_STATE:
    case FERRY_ACTION_ANNOUNCE:
    case FERRY_ACTION_FREE_GUEST:
    case FERRY_ACTION_PERSIST:
    case FERRY_ACTION_FORGET_SESSION:
    case FERRY_ACTION_CLOSED: break;
    }
    fail_msg("the source asked for %s", ferry_action_name(action->kind));
}

static void act_both(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_SEND_CONTROL: send_control(pair, side, action); return;
    case FERRY_ACTION_DETACH:
        if (action->attach >= pair->attach && pair->connected) {
            const enum pair_side other = side == PAIR_SOURCE ? PAIR_TARGET : PAIR_SOURCE;
            if (!is_cut(pair, pair->path)) {
                const struct ferry_event gone = {
                    .kind = FERRY_EVENT_DETACHED,
                    .attach = pair->attach,
                    .status = FERRY_WORLD_LINK};
                schedule_event(pair, pair->options.latency, other, gone);
            }
            wire_close(pair);
        }
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_RESUME: resume(pair, side, action); return;
    case FERRY_ACTION_PERSIST: persist(pair, side, action); return;
    case FERRY_ACTION_FORGET_SESSION:
        memset(pair->records[side], 0, sizeof(pair->records[side]));
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_FREE_GUEST:
        pair->guest_alive[side] = false;
        pair->runs[side] = false;
        done(pair, side, action, 0);
        return;
    case FERRY_ACTION_RELEASE_ROUND: release_round(pair, action->round); return;
    case FERRY_ACTION_PREPARE_GUEST:
        memset(pair->tags[PAIR_TARGET], 0, sizeof(pair->tags[PAIR_TARGET]));
        pair->guest_alive[PAIR_TARGET] = true;
        done(pair, side, action, FERRY_MILLISECOND);
        return;
    case FERRY_ACTION_LOAD_STATE: done(pair, side, action, 200 * FERRY_MICROSECOND); return;
    case FERRY_ACTION_ANNOUNCE: return;
    case FERRY_ACTION_CLOSED: return; /* the object stays, so that tests can look at it */
    case FERRY_ACTION_ATTACH:
    case FERRY_ACTION_PROBE:
    case FERRY_ACTION_SEND_BATCH:
    case FERRY_ACTION_SEND_BARRIER:
    case FERRY_ACTION_SET_RATE:
    case FERRY_ACTION_COLLECT:
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_PAUSE:
    case FERRY_ACTION_THROTTLE:
    case FERRY_ACTION_CAPTURE_STATE:
    case FERRY_ACTION_FINISHED: act_source(pair, action); return;
    }
}

static void describe(struct pair *pair, enum pair_side side, const struct ferry_action *action)
{
    switch (action->kind) {
    case FERRY_ACTION_SEND_CONTROL:
    case FERRY_ACTION_SET_RATE:
    case FERRY_ACTION_FINISHED: return; /* said by the trace, or where it is done */
    case FERRY_ACTION_SEND_BATCH:
        say(pair,
            side,
            "send batch %llu round %u%s",
            (unsigned long long)action->batch.number,
            action->batch.round,
            action->batch.state_size != 0 ? " device state" : "");
        return;
    case FERRY_ACTION_PERSIST:
        say(pair, side, "persist %s", ferry_record_name(action->record_kind));
        return;
    case FERRY_ACTION_ATTACH:
        say(pair, side, "attach %u over network %u", action->attach, action->path);
        return;
    case FERRY_ACTION_DETACH:
    case FERRY_ACTION_PROBE:
    case FERRY_ACTION_SEND_BARRIER:
    case FERRY_ACTION_RELEASE_ROUND:
    case FERRY_ACTION_PREPARE_GUEST:
    case FERRY_ACTION_COLLECT:
    case FERRY_ACTION_STOP_LOGGING:
    case FERRY_ACTION_PAUSE:
    case FERRY_ACTION_RESUME:
    case FERRY_ACTION_THROTTLE:
    case FERRY_ACTION_CAPTURE_STATE:
    case FERRY_ACTION_LOAD_STATE:
    case FERRY_ACTION_ANNOUNCE:
    case FERRY_ACTION_FREE_GUEST:
    case FERRY_ACTION_FORGET_SESSION:
    case FERRY_ACTION_CLOSED: say(pair, side, "%s", ferry_action_name(action->kind)); return;
    }
}

static void take_actions(struct pair *pair, enum pair_side side)
{
    struct ferry_action action;
    while (side == PAIR_SOURCE
               ? pair->source != NULL && ferry_source_next_action(pair->source, &action)
               : pair->target != NULL && ferry_target_next_action(pair->target, &action)) {
        describe(pair, side, &action);
        act_both(pair, side, &action);
    }
}

/* ---- lifetime ---- */

static void *allocate(void *context, size_t size)
{
    struct pair *pair = context;
    pair->allocated += (int64_t)size;
    return calloc(1, size);
}

static void release(void *context, void *memory, size_t size)
{
    struct pair *pair = context;
    pair->allocated -= (int64_t)size;
    free(memory);
}

static struct ferry_allocator allocator(struct pair *pair)
{
    return (struct ferry_allocator){.allocate = allocate, .release = release, .context = pair};
}

void pair_trace(void *context, const struct ferry_trace_event *event);
void pair_trace(void *context, const struct ferry_trace_event *event)
{
    struct pair *pair = context;
    const enum pair_side side = event->target ? PAIR_TARGET : PAIR_SOURCE;
    pair->traces[event->kind]++;
    if (pair->options.log == NULL) {
        return;
    }
    const struct ferry_trace_info *info = ferry_trace_describe(event->kind);
    char line[256];
    int used = snprintf(line, sizeof(line), "%s", info->name);
    for (int i = 0; i < 4 && info->field[i] != NULL; i++) {
        used += snprintf(
            line + used,
            sizeof(line) - (size_t)used,
            " %s=%lld",
            info->field[i],
            (long long)event->field[i]);
    }
    say(pair, side, "%s", line);
}

static struct ferry_source_config source_config(struct pair *pair)
{
    static const struct ferry_path paths[] = {{1}, {2}, {3}, {4}};
    struct ferry_source_config config = ferry_source_config_default();
    const struct pair_options *options = &pair->options;
    config.allocator = allocator(pair);
    config.trace = (struct ferry_trace_sink){.emit = pair_trace, .context = pair};
    config.session = (struct ferry_session_id){1, 2};
    config.guest_id = 7;
    config.epoch = 1;
    config.journal_id = pair->journal_id[PAIR_SOURCE];
    config.incarnation = pair->incarnation;
    config.guest_name = (struct ferry_bytes){.data = (const uint8_t *)"db1", .size = 3};
    config.region_count = 1;
    config.regions = &pair->region;
    config.device_state_estimate = options->state_size;
    config.path_count = options->paths;
    config.paths = paths;
    config.streams = options->streams;
    config.mode = options->mode;
    config.on_no_convergence = options->on_no_convergence;
    config.blackout_limit = options->blackout_limit;
    config.give_up_after = options->give_up_after;
    config.costs = (struct ferry_switch_costs){
        .pause = 100 * FERRY_MICROSECOND,
        .capture = 200 * FERRY_MICROSECOND,
        .collect = 20 * FERRY_MICROSECOND,
        .load = 200 * FERRY_MICROSECOND,
        .grant_persist = 500 * FERRY_MICROSECOND,
        .owner_persist = 500 * FERRY_MICROSECOND,
        .resume = 50 * FERRY_MICROSECOND,
        .round_trip = 200 * FERRY_MICROSECOND,
    };
    return config;
}

static void fill_defaults(struct pair_options *options)
{
#define UNSET(field, value) options->field = options->field != 0 ? options->field : (value)
    UNSET(ram_pages, 64);
    UNSET(streams, 1);
    UNSET(paths, 1);
    UNSET(mode, FERRY_MODE_PRECOPY);
    UNSET(on_no_convergence, FERRY_GIVE_UP);
    UNSET(
        blackout_limit,
        options->mode == FERRY_MODE_STOP_AND_COPY ? FERRY_TIME_NEVER : 300 * FERRY_MILLISECOND);
    UNSET(give_up_after, HOUR);
    UNSET(latency, 100 * FERRY_MICROSECOND);
    UNSET(bytes_per_second, 100000000);
    UNSET(dirty_span, options->ram_pages);
    UNSET(journal_cost, 500 * FERRY_MICROSECOND);
    UNSET(target_memory, 1ULL << 40);
    UNSET(state_size, 5000);
#undef UNSET
}

struct pair *pair_create(const struct pair_options *options)
{
    struct pair *pair = calloc(1, sizeof(*pair));
    assert_non_null(pair);
    pair->options = *options;
    fill_defaults(&pair->options);
    assert_true(pair->options.ram_pages <= PAIR_PAGES_MAX);
    pair->region.pages = pair->options.ram_pages;
    pair->rate = FERRY_RATE_UNLIMITED;
    for (int side = 0; side < 2; side++) {
        pair->alive[side] = true;
        pair->journal_cost[side] = pair->options.journal_cost;
        pair->journal_id[side] = 100 + (uint64_t)side;
    }
    for (uint32_t i = 0; i < pair->options.ram_pages - pair->options.zero_pages; i++) {
        pair->tags[PAIR_SOURCE][i] = ++pair->next_tag;
    }
    pair->guest_alive[PAIR_SOURCE] = true;
    pair->runs[PAIR_SOURCE] = true;
    pair->now = FERRY_MILLISECOND;
    pair->dirtied_until = pair->now;
    const struct ferry_source_config config = source_config(pair);
    assert_int_equal(ferry_source_create(&config, pair->now, &pair->source), FERRY_OK);
    make_target(pair);
    take_actions(pair, PAIR_SOURCE);
    return pair;
}

void pair_destroy(struct pair *pair)
{
    for (uint32_t i = 0; i < pair->step_count; i++) {
        free(pair->steps[i].bytes);
    }
    wire_close(pair);
    ferry_source_destroy(pair->source);
    ferry_target_destroy(pair->target);
    assert_int_equal(pair->allocated, 0);
    assert_true(pair_running(pair) <= 1);
    free(pair);
}

/* ---- running ---- */

static ferry_time_ns deadline(const struct pair *pair)
{
    ferry_time_ns at = FERRY_TIME_NEVER;
    if (pair->source != NULL && pair->alive[PAIR_SOURCE]) {
        at = ferry_source_deadline(pair->source);
    }
    if (pair->target != NULL && pair->alive[PAIR_TARGET]) {
        const ferry_time_ns other = ferry_target_deadline(pair->target);
        at = other < at ? other : at;
    }
    return at;
}

static void carry_out(struct pair *pair, struct step *step)
{
    const bool same_life = step->life == pair->life[step->side];
    if (same_life && !is_cut(pair, step->path)) {
        switch (step->kind) {
        case STEP_EVENT:
            if (step->event.kind == FERRY_EVENT_CONTROL_BYTES &&
                (step->event.attach != pair->attach || !pair->connected)) {
                break;
            }
            feed(pair, step->side, &step->event);
            break;
        case STEP_BATCH_SENT: batch_sent(pair, step); break;
        case STEP_BATCH_ARRIVED: batch_arrived(pair, step); break;
        case STEP_BARRIER: barrier_sent(pair, step); break;
        case STEP_TIMER:
        case STEP_COLLECT: break;
        }
    }
    free(step->bytes);
}

static uint32_t first_step(const struct pair *pair)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < pair->step_count; i++) {
        const struct step *a = &pair->steps[i];
        const struct step *b = &pair->steps[best];
        if (a->at < b->at || (a->at == b->at && a->order < b->order)) {
            best = i;
        }
    }
    return best;
}

static ferry_time_ns next_at(const struct pair *pair)
{
    const ferry_time_ns timer = deadline(pair);
    if (pair->step_count == 0) {
        return timer;
    }
    const ferry_time_ns step = pair->steps[first_step(pair)].at;
    return step < timer ? step : timer;
}

bool pair_step(struct pair *pair)
{
    const ferry_time_ns at = next_at(pair);
    if (at == FERRY_TIME_NEVER) {
        return false;
    }
    pair->now = at > pair->now ? at : pair->now;
    if (pair->step_count != 0 && pair->steps[first_step(pair)].at <= pair->now) {
        const uint32_t index = first_step(pair);
        struct step step = pair->steps[index];
        pair->steps[index] = pair->steps[--pair->step_count];
        carry_out(pair, &step);
    } else {
        const struct ferry_event tick = {.kind = FERRY_EVENT_TICK};
        feed(pair, PAIR_SOURCE, &tick);
        feed(pair, PAIR_TARGET, &tick);
    }
    assert_true(pair_running(pair) <= 1);
    return true;
}

void pair_advance(struct pair *pair, ferry_time_ns duration)
{
    const ferry_time_ns until = pair->now + duration;
    while (next_at(pair) <= until && pair_step(pair)) {
    }
    pair->now = until;
}

void pair_run_until_source(struct pair *pair, enum ferry_source_state state)
{
    const ferry_time_ns until = pair->now + HOUR;
    while (pair_source_state(pair) != state) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("the source never came to %s", ferry_source_state_name(state));
        }
    }
}

void pair_run_until_target(struct pair *pair, enum ferry_target_state state)
{
    const ferry_time_ns until = pair->now + HOUR;
    while (pair_target_state(pair) != state) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("the target never came to %s", ferry_target_state_name(state));
        }
    }
}

void pair_run_until_outcome(struct pair *pair)
{
    const ferry_time_ns until = pair->now + 2 * HOUR;
    while (pair->outcomes == 0) {
        if (!pair_step(pair) || pair->now > until) {
            fail_msg("no outcome");
        }
    }
}

void pair_run_to_end(struct pair *pair)
{
    const ferry_time_ns until = pair->now + 2 * HOUR;
    while (pair->now < until && pair_step(pair)) {
    }
}

/* ---- what can go wrong ---- */

void pair_cut_path(struct pair *pair, uint16_t path, bool cut)
{
    const uint16_t bit = (uint16_t)(1U << path);
    pair->cut_mask = (uint16_t)(cut ? pair->cut_mask | bit : pair->cut_mask & ~bit);
}

void pair_cut(struct pair *pair, bool cut)
{
    for (uint16_t i = 0; i < pair->options.paths; i++) {
        pair_cut_path(pair, i, cut);
    }
}

void pair_reset(struct pair *pair)
{
    const struct ferry_event gone = {
        .kind = FERRY_EVENT_DETACHED, .attach = pair->attach, .status = FERRY_WORLD_LINK};
    wire_close(pair);
    feed(pair, PAIR_SOURCE, &gone);
    feed(pair, PAIR_TARGET, &gone);
}

void pair_crash(struct pair *pair, enum pair_side side, bool guest_survives)
{
    pair->alive[side] = false;
    pair->life[side]++;
    if (!guest_survives) {
        pair->guest_alive[side] = false;
        pair->runs[side] = false;
    }
    wire_close(pair);
    if (side == PAIR_SOURCE) {
        ferry_source_destroy(pair->source);
        pair->source = NULL;
    } else {
        ferry_target_destroy(pair->target);
        pair->target = NULL;
    }
}

static size_t records_of(struct pair *pair, enum pair_side side, struct ferry_record *records)
{
    size_t count = 0;
    for (int kind = 1; kind < RECORD_KINDS; kind++) {
        const struct record *record = &pair->records[side][kind];
        if (record->size != 0) {
            records[count++] = (struct ferry_record){
                .kind = (enum ferry_record_kind)kind,
                .bytes = {.data = record->bytes, .size = record->size},
            };
        }
    }
    return count;
}

void pair_restart(struct pair *pair, enum pair_side side)
{
    struct ferry_record records[RECORD_KINDS];
    const size_t count = records_of(pair, side, records);
    pair->alive[side] = true;
    if (side == PAIR_SOURCE && count != 0) {
        pair->incarnation++;
        const struct ferry_source_config config = source_config(pair);
        assert_int_equal(
            ferry_source_restart(
                &config, records, count, pair->guest_alive[side], pair->now, &pair->source),
            FERRY_OK);
    } else if (side == PAIR_TARGET) {
        make_target(pair);
        if (count != 0) {
            struct ferry_target_config config = ferry_target_config_default();
            config.allocator = allocator(pair);
            config.trace = (struct ferry_trace_sink){.emit = pair_trace, .context = pair};
            config.session = (struct ferry_session_id){1, 2};
            config.journal_id = pair->journal_id[side];
            ferry_target_destroy(pair->target);
            assert_int_equal(
                ferry_target_restart(
                    &config, records, count, pair->guest_alive[side], pair->now, &pair->target),
                FERRY_OK);
        }
    }
    take_actions(pair, side);
}

void pair_reinstall(struct pair *pair, enum pair_side side)
{
    memset(pair->records[side], 0, sizeof(pair->records[side]));
    pair->journal_id[side] += 1000;
}

void pair_fail_journal(struct pair *pair, enum pair_side side)
{
    pair->journal_broken[side] = true;
}

void pair_delay_journal(struct pair *pair, enum pair_side side, ferry_time_ns cost)
{
    pair->journal_cost[side] = cost;
}

void pair_corrupt_next_batch(struct pair *pair)
{
    pair->corrupt_next = true;
}

enum ferry_status pair_command(struct pair *pair, enum pair_side side, struct ferry_event command)
{
    const enum ferry_status status = side == PAIR_SOURCE
                                         ? ferry_source_input(pair->source, &command, pair->now)
                                         : ferry_target_input(pair->target, &command, pair->now);
    take_actions(pair, side);
    return status;
}

/* ---- questions ---- */

const struct ferry_outcome *pair_outcome(const struct pair *pair)
{
    return &pair->outcome;
}

uint32_t pair_outcomes(const struct pair *pair)
{
    return pair->outcomes;
}

enum ferry_source_state pair_source_state(const struct pair *pair)
{
    return pair->source == NULL ? FERRY_SOURCE_CLOSED : ferry_source_state(pair->source);
}

enum ferry_target_state pair_target_state(const struct pair *pair)
{
    return pair->target == NULL ? FERRY_TARGET_CLOSED : ferry_target_state(pair->target);
}

struct ferry_source *pair_source(struct pair *pair)
{
    return pair->source;
}

struct ferry_target *pair_target(struct pair *pair)
{
    return pair->target;
}

bool pair_runs(const struct pair *pair, enum pair_side side)
{
    return pair->runs[side];
}

uint32_t pair_running(const struct pair *pair)
{
    return (uint32_t)pair->runs[PAIR_SOURCE] + (uint32_t)pair->runs[PAIR_TARGET];
}

uint32_t pair_different_pages(const struct pair *pair)
{
    return pair->different;
}

bool pair_has_record(const struct pair *pair, enum pair_side side, enum ferry_record_kind kind)
{
    return pair->records[side][kind].size != 0;
}

ferry_time_ns pair_now(const struct pair *pair)
{
    return pair->now;
}

ferry_time_ns pair_true_blackout(const struct pair *pair)
{
    return pair->true_blackout;
}

uint64_t pair_trace_count(const struct pair *pair, enum ferry_trace_kind kind)
{
    return pair->traces[kind];
}

uint64_t pair_payload_bytes(const struct pair *pair)
{
    return pair->payload_bytes;
}
