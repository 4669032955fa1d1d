/* SPDX-License-Identifier: Apache-2.0 */
/* copy.c -- the rounds: collect, send, close with a barrier, decide.
 *
 *                                    another round
 *   IDLE --first collection--> COLLECTING ------------> SENDING
 *                               |    ^  ^                  | all acknowledged, barrier closed
 *                   switch over |    |  +------------------+
 *                               v    | keeps the bitmap
 *                            DECIDED +------------ DRAINING
 *        (the attempt collects once  |                ^
 *         more, then SENDING)        +---- aborted ---+
 *
 * C-1 A collection replaces the bitmap only when every page of it is acknowledged; otherwise it is
 *     added to it.
 * C-2 Round n + 1 begins only after the target has closed round n: an old copy can never overwrite
 *     a newer one.
 * C-3 The decision falls here and only here, at a round's end, with the collection's count in
 *     hand. */
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
/* Framing of a page in the prediction: more than what an isolated page really costs. */
#define FRAMING_BYTES 4U
/* Sums for the bandwidth are halved when they cover this much time: recent batches count more. */
#define MEASURE_SPAN  (200 * FERRY_MILLISECOND)
#define NS_PER_SECOND 1000000000ULL
/* When nothing at all was ever measured (a guest of zero pages): a slow link of today. The attempt's
 * guard keeps the limit if even that was too much. */
#define ASSUMED_BANDWIDTH 125000000ULL
/* Under a verdict that more rounds cannot change soon, a round is not shorter than this: looking at
 * the dirty log thousands of times a second would only slow the guest. */
#define PATIENCE (100 * FERRY_MILLISECOND)

/* value * factor / divisor without overflow in between; saturates. divisor is not 0. */
static uint64_t scale(uint64_t value, uint64_t factor, uint64_t divisor)
{
    __extension__ typedef unsigned __int128 wide;
    const wide result = (wide)value * factor / divisor;
    return result > UINT64_MAX ? UINT64_MAX : (uint64_t)result;
}

bool source_copy_paused_phase(const struct ferry_source *source)
{
    return source->state == FERRY_SOURCE_PAUSING || source->state == FERRY_SOURCE_SENDING;
}

void source_copy_start(struct ferry_source *source)
{
    if (source->config.mode == FERRY_MODE_STOP_AND_COPY) {
        /* Nothing has been measured, so nothing is predicted; the verdict says which rule it was.
         */
        struct ferry_policy_samples samples;
        source_copy_samples(source, &samples);
        samples.switch_now = false; /* it does so anyway */
        source->outcome.verdict = ferry_policy_decide(&samples, &source->copy.policy);
        source_attempt_open(source, 0);
        return;
    }
    source_set_state(source, FERRY_SOURCE_COPYING, FERRY_EVENT_DONE);
    source_copy_collect(source, false);
}

void source_copy_collect(struct ferry_source *source, bool keep)
{
    source->copy.state = COPY_COLLECTING;
    source_ask(
        source,
        PENDING_COLLECT,
        (struct ferry_action){
            .kind = FERRY_ACTION_COLLECT,
            .round = source->copy.bitmap == NULL ? 0 : source->copy.round + 1,
            .keep = keep,
        },
        source->config.action_limit);
}

/* ---- history ---- */

static void store_round(struct ferry_source *source)
{
    struct ferry_outcome *outcome = &source->outcome;
    const uint32_t slot =
        outcome->round_count < FERRY_ROUNDS_KEPT ? outcome->round_count : FERRY_ROUNDS_KEPT - 1;
    source->rounds[slot] = source->copy.round_now;
    outcome->round_count++;
}

void source_copy_begin_round(struct ferry_source *source, bool final)
{
    struct copy *copy = &source->copy;
    const bool first = source->outcome.round_count == 0;
    if (!first) {
        copy->round++;
    }
    copy->state = COPY_SENDING;
    copy->round_open = true;
    copy->barrier_attach = 0;
    copy->collect_at = source->now;
    copy->acknowledged_pages = 0;
    copy->round_begun = source->now;
    copy->round_now = (struct ferry_round){
        .pages = copy->bitmap_pages,
        .final = final,
        .attempt = final ? source->handover.attempt : 0,
    };
    memory_windows_begin(&copy->windows, copy->bitmap, copy->bitmap_pages);
    source_trace(
        source,
        FERRY_TRACE_ROUND_BEGUN,
        copy->round,
        (int64_t)copy->bitmap_pages,
        copy->round_now.attempt,
        0);
}

void source_copy_end_round(struct ferry_source *source, uint64_t dirty_after)
{
    struct ferry_round *round = &source->copy.round_now;
    round->dirty_after = dirty_after;
    source->copy.round_open = false;
    store_round(source);
    source_trace(
        source,
        FERRY_TRACE_ROUND_ENDED,
        source->copy.round,
        (int64_t)round->bytes,
        (int64_t)round->zero_pages,
        round->duration_ns);
}

/* ---- the decision ---- */

static ferry_time_ns cost(ferry_time_ns measured, ferry_time_ns estimate)
{
    return measured != 0 ? measured : estimate;
}

struct ferry_switch_costs source_copy_costs(const struct ferry_source *source)
{
    const struct ferry_switch_costs *measured = &source->measured;
    const struct ferry_switch_costs *estimate = &source->config.costs;
    return (struct ferry_switch_costs){
        .pause = cost(measured->pause, estimate->pause),
        .capture = cost(measured->capture, estimate->capture),
        .collect = cost(measured->collect, estimate->collect),
        .load = cost(measured->load, estimate->load),
        .grant_persist = cost(measured->grant_persist, estimate->grant_persist),
        .owner_persist = cost(measured->owner_persist, estimate->owner_persist),
        .resume = cost(measured->resume, estimate->resume),
        .round_trip = cost(source_link_round_trip(source), estimate->round_trip),
    };
}

void source_copy_samples(
    const struct ferry_source *source, struct ferry_policy_samples *samples_out)
{
    const struct ferry_source_config *config = &source->config;
    const struct copy *copy = &source->copy;
    const uint64_t bandwidth = source_copy_bandwidth(source);
    *samples_out = (struct ferry_policy_samples){
        .now = source->now,
        .started_at = source->created_at,
        .give_up_after = config->give_up_after,
        .blackout_limit = config->blackout_limit,
        .mode = config->mode,
        .on_no_convergence = config->on_no_convergence,
        .live_rounds = copy->live_rounds,
        .attempts = source->handover.attempt,
        .not_before = source->attempt.not_before,
        .switch_now = source->switch_now,
        .remaining_bytes = scale(copy->bitmap_pages, config->page_size + FRAMING_BYTES, 1),
        .state_bytes = source->attempt.state_size != 0 ? source->attempt.state_size
                                                       : config->device_state_estimate,
        .dirty_bytes_per_second = copy->dirty_rate,
        .bandwidth = bandwidth != 0 ? bandwidth : ASSUMED_BANDWIDTH,
        .cap = config->bandwidth_cap,
        .costs = source_copy_costs(source),
    };
}

/* What an attempt measured while its host stood still must not count for ever: what a cost lies
 * above its estimate is forgotten by an eighth a round. If it is really so slow, the next attempt
 * measures it again, and attempts are counted. */
static void forget(ferry_time_ns *measured, ferry_time_ns estimate)
{
    if (*measured > estimate) {
        *measured -= (*measured - estimate + 7) / 8;
    }
}

static void forget_costs(struct ferry_source *source)
{
    const struct ferry_switch_costs *estimate = &source->config.costs;
    forget(&source->measured.pause, estimate->pause);
    forget(&source->measured.capture, estimate->capture);
    forget(&source->measured.collect, estimate->collect);
    forget(&source->measured.load, estimate->load);
}

/* Would another round help if it left nothing at all? If not, only time does, in which what was
 * measured in a bad moment is measured again. */
static bool
rounds_are_in_vain(const struct ferry_policy_samples *samples, const struct ferry_verdict *verdict)
{
    struct ferry_policy_samples nothing = *samples;
    nothing.remaining_bytes = 0;
    return ferry_policy_predict(&nothing) > verdict->blackout_limit;
}

static ferry_time_ns
patience(const struct ferry_policy_samples *samples, const struct ferry_verdict *verdict)
{
    const bool wait = verdict->rule == FERRY_RULE_STALLED ||
                      verdict->rule == FERRY_RULE_BACKING_OFF ||
                      rounds_are_in_vain(samples, verdict);
    return wait ? PATIENCE : 0;
}

static void decide(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    struct ferry_policy_samples samples;
    source_copy_samples(source, &samples);
    const bool warned = copy->policy.warned;
    const struct ferry_verdict verdict = ferry_policy_decide(&samples, &copy->policy);
    source->outcome.verdict = verdict;
    source_trace(
        source,
        FERRY_TRACE_VERDICT,
        verdict.decision,
        verdict.rule,
        verdict.predicted_blackout,
        verdict.best_predicted);
    if (verdict.will_not_converge && !warned) {
        source_trace(
            source,
            FERRY_TRACE_NO_CONVERGENCE,
            copy->round,
            verdict.predicted_blackout,
            (int64_t)(verdict.dirty_bytes_per_second & INT64_MAX),
            (int64_t)(verdict.bandwidth & INT64_MAX));
    }
    switch (verdict.decision) {
    case FERRY_DECIDE_CONTINUE:
        if (source->measured.grant_persist > source->config.costs.grant_persist &&
            source->pending[PENDING_PERSIST_SESSION].id == 0) {
            source_opening_persist(source); /* slow when it was measured: is it still? */
        }
        source_copy_begin_round(source, false);
        copy->collect_at = source->now + patience(&samples, &verdict);
        forget_costs(source);
        return;
    case FERRY_DECIDE_SWITCH:
        copy->state = COPY_DECIDED;
        source_attempt_open(source, verdict.predicted_blackout);
        return;
    case FERRY_DECIDE_GIVE_UP:
        copy->state = COPY_DECIDED;
        source_ending_decide(
            source,
            FERRY_OUTCOME_FAILED,
            verdict.rule == FERRY_RULE_ATTEMPTS        ? FERRY_LIMIT_ATTEMPTS
            : verdict.rule == FERRY_RULE_GIVE_UP_AFTER ? FERRY_TIMEOUT_GIVE_UP
                                                       : FERRY_LIMIT_NO_CONVERGENCE);
        return;
    }
    FERRY_ASSERT(false); /* no such decision */
}

static void learn_from_collection(
    struct ferry_source *source, const struct ferry_event *event, ferry_time_ns took)
{
    struct copy *copy = &source->copy;
    const ferry_time_ns interval = source->now - copy->collected_at;
    if (copy->live_rounds != 0 && interval > 0) {
        copy->dirty_rate = scale(
            scale(event->new_pages, source->config.page_size, 1),
            NS_PER_SECOND,
            (uint64_t)interval);
    }
    /* The pause's collection finds little: the cheapest one seen is the closest to it. */
    if (copy->live_rounds != 0 &&
        (source->measured.collect == 0 || took < source->measured.collect)) {
        source->measured.collect = took;
    }
}

void source_copy_collected(struct ferry_source *source, const struct ferry_event *event)
{
    struct copy *copy = &source->copy;
    if (event->status != FERRY_OK) {
        source_ending_decide(source, FERRY_OUTCOME_FAILED, FERRY_WORLD_GUEST);
        return;
    }
    const bool first = copy->bitmap == NULL;
    copy->bitmap = event->bitmap;
    copy->bitmap_pages = event->dirty_pages;
    if (source->state == FERRY_SOURCE_PAUSING) {
        copy->collected_at = source->now;
        source_attempt_collected(source);
        return;
    }
    if (source->state != FERRY_SOURCE_COPYING) {
        return; /* the end came meanwhile */
    }
    if (first) {
        copy->collected_at = source->now;
        source_copy_begin_round(source, false);
        return;
    }
    learn_from_collection(source, event, source->now - source->pending[PENDING_COLLECT].issued_at);
    copy->collected_at = source->now;
    if (copy->round_open) { /* an attempt may have been aborted before it began its round */
        source_copy_end_round(source, event->dirty_pages);
    }
    decide(source);
}

/* ---- sending ---- */

static uint64_t measured_bandwidth(const struct ferry_source *source)
{
    uint64_t sum = 0;
    for (uint16_t i = 0; i < source->config.streams; i++) {
        const struct stream_state *stream = &source->copy.streams[i];
        if (stream->measured_ns > 0) {
            sum += scale(stream->measured_bytes, NS_PER_SECOND, (uint64_t)stream->measured_ns);
        }
    }
    return sum;
}

uint64_t source_copy_bandwidth(const struct ferry_source *source)
{
    const uint64_t now = measured_bandwidth(source);
    return now != 0 ? now : source->copy.last_bandwidth;
}

static uint64_t batch_pages(const struct ferry_source *source)
{
    const struct ferry_source_config *config = &source->config;
    const struct copy *copy = &source->copy;
    uint64_t rate = source_copy_bandwidth(source);
    if (rate > config->bandwidth_cap) {
        rate = config->bandwidth_cap;
    }
    uint64_t bytes = scale(rate / config->streams, (uint64_t)config->batch_time, NS_PER_SECOND);
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
                        .bitmap = source->copy.bitmap,
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
    if (copy->barrier_attach == source->link.attach || closed) {
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
    return memory_windows_all_acknowledged(&copy->windows) &&
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
        if (memory_windows_all_issued(&copy->windows) && !source->attempt.state_due) {
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

/* `data`: pages were sent, not only records of zero pages: those take the time of reading memory, and
 * their few bytes would make any network look slow. */
static void
measure(struct ferry_source *source, struct stream_state *stream, uint64_t bytes, bool data)
{
    const ferry_time_ns took = source->now - stream->busy_since;
    stream->busy_since = source->now;
    if (took <= 0 || !data) {
        return;
    }
    stream->measured_bytes += bytes;
    stream->measured_ns += took;
    while (stream->measured_ns > MEASURE_SPAN) {
        stream->measured_ns /= 2;
        stream->measured_bytes /= 2;
    }
}

void source_copy_sent(struct ferry_source *source, const struct ferry_event *event)
{
    struct copy *copy = &source->copy;
    struct memory_window window;
    if (event->stream >= source->config.streams ||
        !memory_windows_sent(
            &copy->windows, event->batch, event->wire_bytes, event->zero_pages, &window)) {
        source->outcome.dropped_reports++;
        source_trace(source, FERRY_TRACE_REPORT_DROPPED, (int64_t)event->batch, event->kind, 0, 0);
        return;
    }
    struct stream_state *stream = &copy->streams[window.stream];
    if (stream->queued != 0) { /* 0: its connection is lost, and this is the stream's last word */
        stream->queued--;
        const bool data = window.device_state || event->zero_pages < window.pages;
        measure(source, stream, event->wire_bytes, data);
    }
    copy->round_now.bytes += event->wire_bytes;
    copy->round_now.zero_pages += event->zero_pages;
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
    const bool closed = round != WIRE_ROUND_NONE && round <= copy->round &&
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
    copy->last_bandwidth = source_copy_bandwidth(source);
    for (uint16_t i = 0; i < source->config.streams; i++) {
        struct stream_state *stream = &copy->streams[i];
        stream->queued = 0;
        stream->sum = (struct wire_stream_sum){0};
        /* another network has another speed */
        stream->measured_bytes = 0;
        stream->measured_ns = 0;
    }
}

void source_copy_requeue(struct ferry_source *source)
{
    struct copy *copy = &source->copy;
    const struct memory_requeued requeued = memory_windows_requeue(&copy->windows);
    if (requeued.windows != 0) {
        source->outcome.resent_bytes += requeued.bytes;
        copy->round_now.zero_pages -=
            requeued.zero_pages; /* counted again when they are sent again */
        source_trace(
            source, FERRY_TRACE_BATCHES_REQUEUED, requeued.windows, (int64_t)requeued.bytes, 0, 0);
    }
    if (copy->state == COPY_DRAINING) {
        memory_windows_void(&copy->windows); /* they belong to an aborted attempt */
    }
}

void source_copy_set_rate(struct ferry_source *source)
{
    const uint64_t cap = source->config.bandwidth_cap;
    if (!source_link_connected(source)) {
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
