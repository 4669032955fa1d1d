/* SPDX-License-Identifier: Apache-2.0 */
/* sending.c -- the windows of a round on their way: what is issued to which stream, how fast that
 * goes, what the target has, and when the round is closed.
 *
 * SE-1 A stream has at most FERRY_STREAM_QUEUE_MAX batches that it has not sent: caps and cancel act
 *      at once.
 * SE-2 Pages and device state are shared out, so that all streams end at about the same time.
 *
 * How fast that goes, and the probes that find out, are in bandwidth.c. */
#include "base/assert.h"
#include "source/internal.h"

/* Before anything was measured: enough to fill the pipe a little, small enough to learn quickly. */
#define FIRST_BATCH_BYTES (1U << 20)
/* Largest batch, bytes: bounds the work of one report, and what a lost connection costs. */
#define BATCH_BYTES_MAX (256ULL << 20)
/* A batch's own framing is some 65 bytes: with so many bytes of pages in it, a page costs no more
 * than a few. Where a stream is slow that is more link time than was asked for. */
#define BATCH_BYTES_MIN (128U << 10)
/* The same for a round that is shared out over many streams. */
#define SHARE_BYTES_MIN (64U << 10)

/* ---- issuing ---- */

static uint64_t batch_pages(const struct ferry_source *source)
{
    const struct ferry_source_config *config = &source->config;
    const struct copy *copy = &source->copy;
    uint64_t rate = source_copy_bandwidth(source);
    if (rate > config->bandwidth_cap) {
        rate = config->bandwidth_cap;
    }
    uint64_t bytes =
        source_scale(rate / config->streams, (uint64_t)config->batch_time, NS_PER_SECOND);
    if (rate == 0) {
        bytes = FIRST_BATCH_BYTES;
    } else if (bytes > BATCH_BYTES_MAX) {
        bytes = BATCH_BYTES_MAX;
    }
    if (bytes < BATCH_BYTES_MIN) {
        bytes = BATCH_BYTES_MIN;
    }
    uint64_t pages = bytes / config->page_size;
    /* A short round is shared out: all streams end at about the same time. */
    const uint64_t share = (copy->round_now.pages + config->streams - 1) / config->streams;
    const uint64_t least = SHARE_BYTES_MIN / config->page_size;
    if (pages > share) {
        pages = share < least ? least : share;
    }
    return pages == 0 ? 1 : pages;
}

static void push_batch(
    struct ferry_source *source, struct stream_state *stream, const struct memory_window *window)
{
    if (stream->queued == 0) {
        stream->busy_since = source->now;
    }
    stream->queued++;
    const bool state = window->device_state;
    source->copy.issued_attach = source->link.attach;
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_SEND_BATCH,
            .attach = source->link.attach,
            .stream = window->stream,
            .batch =
                {
                        .number = window->number,
                        .round = source->copy.round,
                        .attempt = source_copy_paused_phase(source) ? source->handover.attempt : 0,
                        .bitmap = window->probe ? NULL : source->copy.bitmap,
                        .first_page = state ? 0 : window->first_page,
                        .end_page = state ? 0 : window->end_page,
                        .state_size = state ? source->attempt.state_size : 0,
                        .state_digest = state ? source->attempt.state_digest : 0,
                        .state_first = state ? window->first_page : 0,
                        .state_end = state ? window->end_page : 0,
                        },
    });
}

/* The device state is shared out like the pages: all streams carry a part of it. */
static struct memory_window *issue_state(struct ferry_source *source, uint16_t index)
{
    struct attempt *attempt = &source->attempt;
    const uint64_t streams = source->config.streams;
    const uint64_t share = (attempt->state_size + streams - 1) / streams;
    const uint64_t first = attempt->state_issued;
    const uint64_t left = attempt->state_size - first;
    const uint64_t end = first + (left < share ? left : share);
    struct memory_window *window =
        memory_windows_issue_state(&source->copy.windows, first, end, source->link.attach, index);
    if (window != NULL) {
        attempt->state_issued = end;
        attempt->state_due = end < attempt->state_size;
    }
    return window;
}

static bool issue_one(struct ferry_source *source, uint16_t index)
{
    struct copy *copy = &source->copy;
    struct memory_window *window = NULL;
    if (source->attempt.state_due) {
        window = issue_state(source, index);
    } else if (copy->bandwidth.probes_due != 0) {
        window = source_bandwidth_issue_probe(source, index);
    } else {
        window =
            memory_windows_issue(&copy->windows, batch_pages(source), source->link.attach, index);
    }
    if (window == NULL) {
        return false;
    }
    push_batch(source, &copy->streams[index], window);
    return true;
}

/* Breadth first: every stream gets its first batch before any gets its second. */
static void issue_windows(struct ferry_source *source)
{
    for (uint32_t depth = 0; depth < FERRY_STREAM_QUEUE_MAX; depth++) {
        for (uint16_t i = 0; i < source->config.streams; i++) {
            if (source->copy.streams[i].queued > depth) {
                continue;
            }
            if (!issue_one(source, i)) {
                return;
            }
        }
    }
}

static void close_round(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    const bool closed = copy->barrier_done != WIRE_ROUND_NONE && copy->barrier_done >= copy->round;
    /* A target may say that it has closed what it does not hold: what was sent of the round on this attach is followed
     * by the barrier all the same, or the next round would break the stream. */
    const bool sent_here = copy->issued_attach == source->link.attach;
    if (copy->barrier_attach == source->link.attach || (closed && !sent_here)) {
        return; /* said on this attach, or heard by the target on an older one */
    }
    copy->barrier_attach = source->link.attach;
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_SEND_BARRIER,
            .attach = source->link.attach,
            .round = copy->round,
            .attempt = copy->round_now.attempt,
        });
}

static bool round_closed(const struct copy *copy)
{
    return memory_windows_all_acknowledged(&copy->windows) && copy->bandwidth.probes_due == 0 &&
           copy->barrier_done != WIRE_ROUND_NONE && copy->barrier_done >= copy->round;
}

void source_copy_pump(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    const bool under_way = copy->state == COPY_SENDING || copy->state == COPY_DRAINING;
    const bool wanted =
        source->state == FERRY_SOURCE_COPYING || source->state == FERRY_SOURCE_SENDING;
    if (!under_way || !wanted) {
        source_link_leave_when_idle(source);
        return;
    }
    if (source_link_carries(source)) {
        issue_windows(source);
        if (memory_windows_all_issued(&copy->windows) && copy->bandwidth.probes_due == 0 &&
            !source->attempt.state_due) {
            close_round(source);
        }
    }
    source_link_leave_when_idle(source);
    const bool closed = source->state == FERRY_SOURCE_COPYING && round_closed(copy);
    if (closed && copy->round_open && copy->round_now.duration_ns == 0) {
        copy->round_now.duration_ns = source->now - copy->round_begun;
    }
    if (closed && copy->collect_at <= source->now) {
        const bool drained = copy->state == COPY_DRAINING;
        if (!drained) {
            copy->live_rounds++;
        }
        source_copy_collect(source, drained);
    }
}

ferry_time_ns source_copy_deadline(const struct ferry_source *source)
{
    const struct copy *copy = &source->copy;
    const bool waits = source->state == FERRY_SOURCE_COPYING && copy->state == COPY_SENDING &&
                       round_closed(copy) && copy->collect_at > source->now;
    return waits ? copy->collect_at : FERRY_TIME_NEVER;
}

/* ---- reports ---- */

void source_copy_sent(struct ferry_source *source, const struct ferry_event *event)
{
    struct copy *copy = &source->copy;
    struct memory_window window;
    if (event->stream >= source->config.streams ||
        !memory_windows_sent(
            &copy->windows, event->batch, event->wire_bytes, event->zero_pages, &window)) {
        /* mark: source-stale-batch -- a batch of an older connection reports */
        source->outcome.dropped_reports++;
        source_trace(source, FERRY_TRACE_REPORT_DROPPED, (int64_t)event->batch, event->kind, 0, 0);
        return;
    }
    struct stream_state *stream = &copy->streams[window.stream];
    if (stream->queued != 0) { /* 0: its connection is lost, and this is the stream's last word */
        stream->queued--;
        source_bandwidth_measure(source, stream, &window, event->wire_bytes);
        stream->busy_since = source->now;
    }
    copy->round_now.bytes += event->wire_bytes;
    copy->round_now.zero_pages += window.probe ? 0 : event->zero_pages;
    source->outcome.wire_bytes += event->wire_bytes;
    if (source_copy_paused_phase(source)) {
        stream->sum.batches++;
        stream->sum.bytes += event->wire_bytes;
        stream->sum.digest =
            ferry_digest_chain(stream->sum.digest, event->digest, event->wire_bytes);
    }
}

void source_copy_acknowledged(
    struct ferry_source *source,
    uint32_t attach,
    uint32_t round,
    uint16_t stream_count,
    const uint64_t *last_batch)
{
    struct copy *copy = &source->copy;
    if (!source_link_is_of_this_life(source, attach)) {
        /* mark: source-acknowledges-earlier-life -- acknowledges what an earlier life sent */
        return; /* what an earlier life of this source sent: its windows are not in our table */
    }
    uint64_t pages = 0;
    for (uint16_t i = 0; i < stream_count && i < source->config.streams; i++) {
        if (last_batch[i] > copy->windows.last_number) {
            source_violation(source, FERRY_PEER_VALUE, WIRE_ACK);
            return;
        }
        pages += memory_windows_acknowledge(&copy->windows, attach, i, last_batch[i]);
    }
    copy->acknowledged_pages += pages;
    /* Nobody has passed a barrier that was not sent: believed, it would never be. */
    const bool sent = round < copy->round || (round == copy->round && copy->barrier_attach != 0);
    const bool closed = round != WIRE_ROUND_NONE && sent &&
                        (copy->barrier_done == WIRE_ROUND_NONE || round > copy->barrier_done);
    if (closed) {
        copy->barrier_done = round;
    }
    if (pages != 0 || closed) {
        copy->last_progress = source->now;
    }
}

void source_copy_link_lost(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    source_bandwidth_forget(source); /* another network has another speed */
    for (uint16_t i = 0; i < source->config.streams; i++) {
        struct stream_state *stream = &copy->streams[i];
        stream->queued = 0;
        stream->sum = (struct wire_stream_sum){0};
    }
}

void source_copy_requeue(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    const struct memory_requeued requeued = memory_windows_requeue(&copy->windows);
    if (requeued.windows != 0) {
        /* mark: source-requeued -- what was not acknowledged is sent again */
        source->outcome.resent_bytes += requeued.bytes;
        copy->round_now.zero_pages -=
            requeued.zero_pages; /* counted again when they are sent again */
        source_trace(
            source, FERRY_TRACE_BATCHES_REQUEUED, requeued.windows, (int64_t)requeued.bytes, 0, 0);
    }
    if (copy->state == COPY_DRAINING) {
        /* mark: source-requeued-while-draining -- of an aborted attempt nothing is sent again */
        memory_windows_void(&copy->windows); /* they belong to an aborted attempt */
    }
}

void source_copy_set_rate(struct ferry_source *source)
{
    const uint64_t cap = source->config.bandwidth_cap;
    if (!source_link_connected(source)) {
        /* mark: source-rate-while-down -- a cap that changes without a connection */
        return; /* said again when the link is up */
    }
    source_tell(
        source,
        (struct ferry_action){
            .kind = FERRY_ACTION_SET_RATE,
            .attach = source->link.attach,
            .rate = cap == FERRY_RATE_UNLIMITED ? cap : cap / source->config.streams,
        });
}
