/* SPDX-License-Identifier: Apache-2.0 */
/* bandwidth.c -- how fast pages get to the target: measured by what is sent anyway, and by probes
 * where nothing is.
 *
 * BW-1 The bandwidth is what the streams moved together while at least one of them was busy with
 *      data; waiting does not count, nor do zero pages, which take the time of reading memory.
 * BW-2 A figure may be wrong for long: an outage fell into the only batch that carried data, or it
 *      is of another network. An idle guest's rounds are empty and never correct it. So where the
 *      bandwidth alone keeps the prediction above the limit, and the last round was too small to
 *      measure by, the next one carries a probe: a stretch of pages that the target has already,
 *      sent once more on every stream. The old figure counts until the probe has given a new one.
 *      A guest of which no page of data was ever sent has nothing to probe with: there the figure,
 *      of an attempt's device state, is given up, and the next attempt measures again.
 * BW-3 Rounds that are small but not in vain measure by themselves: what is older counts half with
 *      each, so that it is gone before ten of them look like a stall.
 *
 * A probe is harmless to memory: its pages are read after the round's collection, so what changes
 * them is in the next one, as for any page of the round. */
#include "base/assert.h"
#include "source/internal.h"

/* Sums are halved when they cover this much time: recent batches count more. */
#define MEASURE_SPAN (200 * FERRY_MILLISECOND)
/* What a stream must carry in a round to tell its speed. */
#define PROBE_BYTES_MIN (128U << 10)
#define PROBE_BYTES_MAX (16U << 20)

void source_bandwidth_forget(struct ferry_source *source)
{
    struct bandwidth *bandwidth = &source->copy.bandwidth;
    bandwidth->last = source_copy_bandwidth(source);
    bandwidth->measured_bytes = 0;
    bandwidth->measured_ns = 0;
}

uint64_t source_copy_bandwidth(const struct ferry_source *source)
{
    const struct bandwidth *bandwidth = &source->copy.bandwidth;
    return bandwidth->measured_ns > 0
               ? source_scale(
                     bandwidth->measured_bytes, NS_PER_SECOND, (uint64_t)bandwidth->measured_ns)
               : bandwidth->last;
}

/* How much of [from, until] is not counted yet. Reports come in order of their ends, so what was
 * counted is one stretch that grows, but where all streams were idle in between. */
static ferry_time_ns
count_busy(struct bandwidth *bandwidth, ferry_time_ns from, ferry_time_ns until)
{
    ferry_time_ns uncounted = 0;
    if (from > bandwidth->counted_until) {
        bandwidth->counted_from = from;
        bandwidth->counted_until = from;
    } else if (from < bandwidth->counted_from) {
        uncounted = bandwidth->counted_from - from;
        bandwidth->counted_from = from;
    }
    uncounted += until - bandwidth->counted_until;
    bandwidth->counted_until = until;
    return uncounted;
}

/* Keeps the stretch in which the smallest probe meets most data; of equal ones the longer. */
static void
remember_dense(struct bandwidth *bandwidth, const struct memory_window *window, uint32_t page_size)
{
    const uint64_t data = window->pages - window->zero_pages;
    const uint64_t span = window->end_page - window->first_page;
    const uint64_t probe = PROBE_BYTES_MIN / page_size + 1;
    const uint64_t met = span <= probe ? data : source_scale(data, probe, span);
    if (met > bandwidth->dense_pages || (met == bandwidth->dense_pages && met != 0 &&
                                         span > bandwidth->dense_end - bandwidth->dense_first)) {
        bandwidth->dense_first = window->first_page;
        bandwidth->dense_end = window->end_page;
        bandwidth->dense_pages = met;
    }
}

void source_bandwidth_measure(
    struct ferry_source *source,
    const struct stream_state *stream,
    const struct memory_window *window,
    uint64_t bytes)
{
    struct bandwidth *bandwidth = &source->copy.bandwidth;
    const uint64_t pages = window->probe ? window->end_page - window->first_page : window->pages;
    if (!window->device_state && window->zero_pages >= pages) {
        return;
    }
    if (!window->device_state && !window->probe) {
        remember_dense(bandwidth, window, source->config.page_size);
    }
    bandwidth->measured_ns += count_busy(bandwidth, stream->busy_since, source->now);
    bandwidth->measured_bytes += bytes;
    bandwidth->round_bytes += bytes;
    while (bandwidth->measured_ns > MEASURE_SPAN) {
        bandwidth->measured_ns /= 2;
        bandwidth->measured_bytes /= 2;
    }
}

/* ---- the probe ---- */

/* Over the limit even if the round left nothing, and within it on a fast enough network. */
static bool is_the_obstacle(const struct ferry_policy_samples *samples)
{
    struct ferry_policy_samples nothing_left = *samples;
    nothing_left.remaining_bytes = 0;
    struct ferry_policy_samples unlimited = nothing_left;
    unlimited.bandwidth = UINT64_MAX;
    return samples->bandwidth < samples->cap &&
           ferry_policy_predict(&nothing_left) > samples->blackout_limit &&
           ferry_policy_predict(&unlimited) <= samples->blackout_limit;
}

void source_bandwidth_plan_probe(
    struct ferry_source *source, const struct ferry_policy_samples *samples)
{
    struct bandwidth *bandwidth = &source->copy.bandwidth;
    const uint64_t enough = (uint64_t)source->config.streams * PROBE_BYTES_MIN;
    const bool measured = bandwidth->round_bytes >= enough;
    bandwidth->round_bytes = 0;
    if (measured || ferry_policy_predict(samples) <= samples->blackout_limit) {
        return;
    }
    if (!is_the_obstacle(samples)) {
        if (bandwidth->measured_ns > 1) {
            bandwidth->measured_ns /= 2; /* BW-3 */
            bandwidth->measured_bytes /= 2;
        }
        return;
    }
    if (bandwidth->dense_pages == 0) {
        /* mark: source-bandwidth-unknown -- no page to measure with: an attempt has to tell */
        bandwidth->measured_ns = 0; /* only an attempt can tell, and attempts are counted */
        bandwidth->measured_bytes = 0;
        bandwidth->last = 0;
        return;
    }
    /* mark: source-bandwidth-probed -- a stale bandwidth keeps the guest: it is measured anew */
    bandwidth->probes_due = source->config.streams;
    source_bandwidth_forget(source);
    source_trace(
        source,
        FERRY_TRACE_BANDWIDTH_PROBED,
        source->copy.round,
        (int64_t)(bandwidth->last & INT64_MAX),
        0,
        0);
}

struct memory_window *source_bandwidth_issue_probe(struct ferry_source *source, uint16_t index)
{
    struct bandwidth *bandwidth = &source->copy.bandwidth;
    uint64_t bytes = source_scale(
        bandwidth->last / source->config.streams,
        (uint64_t)source->config.batch_time,
        NS_PER_SECOND);
    if (bytes > PROBE_BYTES_MAX) {
        bytes = PROBE_BYTES_MAX;
    }
    if (bytes < PROBE_BYTES_MIN) {
        bytes = PROBE_BYTES_MIN;
    }
    uint64_t pages = bytes / source->config.page_size;
    const uint64_t span = bandwidth->dense_end - bandwidth->dense_first;
    if (pages > span) {
        pages = span;
    }
    if (pages == 0) {
        pages = 1;
    }
    struct memory_window *window = memory_windows_issue_probe(
        &source->copy.windows,
        bandwidth->dense_first,
        bandwidth->dense_first + pages,
        source->link.attach,
        index);
    if (window != NULL) {
        bandwidth->probes_due--;
    }
    return window;
}
