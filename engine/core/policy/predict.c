/* SPDX-License-Identifier: Apache-2.0 */
/* predict.c -- how long the guest would stand still if it were paused now.
 *
 *   source   pause | capture | collect | bytes ...................|      READY -> grant_persist |
 *   target                                      half a round trip | load |  half a round trip   |
 * half .. | owner_persist | resume
 *
 * So the round trip counts one and a half times: the last byte, READY, and GRANT each cross the
 * network once. The pause itself counts in full: the first vCPU that stops stands still while the
 * others are being stopped, and what the others dirty meanwhile must be sent.
 *
 * Rounded up everywhere, never wrapping: sums and products are of 128 bits, and what does not fit
 * into 63 bits is NEVER. A wrong sample (a negative cost) counts as 0, so that the prediction never
 * falls below what the other samples say. */
#include "predict.h"

__extension__ typedef unsigned __int128 wide;

static wide cost(ferry_time_ns duration)
{
    return duration > 0 ? (wide)duration : 0;
}

static ferry_time_ns time_from_wide(wide duration)
{
    return duration >= (wide)FERRY_TIME_NEVER ? FERRY_TIME_NEVER : (ferry_time_ns)duration;
}

static wide fixed_costs(const struct ferry_switch_costs *costs)
{
    const wide trips = (3 * cost(costs->round_trip) + 1) / 2;

    return cost(costs->pause) + cost(costs->capture) + cost(costs->collect) + cost(costs->load) +
           cost(costs->grant_persist) + cost(costs->owner_persist) + cost(costs->resume) + trips;
}

static wide bytes_to_send(const struct ferry_policy_samples *samples)
{
    const wide second = (wide)FERRY_SECOND;
    const wide until_pause = cost(samples->costs.pause);
    const wide dirtied =
        ((wide)samples->dirty_bytes_per_second * until_pause + second - 1) / second;

    return (wide)samples->remaining_bytes + samples->unacknowledged_bytes + samples->state_bytes +
           dirtied;
}

struct ferry_prediction ferry_predict(const struct ferry_policy_samples *samples)
{
    const wide bytes = bytes_to_send(samples);
    const wide fixed = fixed_costs(&samples->costs);
    const uint64_t bandwidth =
        samples->cap < samples->bandwidth ? samples->cap : samples->bandwidth;
    struct ferry_prediction prediction = {
        .blackout = FERRY_TIME_NEVER,
        .fixed = time_from_wide(fixed),
        .bytes = bytes > UINT64_MAX ? UINT64_MAX : (uint64_t)bytes,
        .bandwidth = bandwidth,
    };

    if (bytes == 0) {
        prediction.blackout = prediction.fixed;
    } else if (bandwidth != 0) {
        /* bytes < 2^66 + 2^98: times 10^9 it would not fit; such a number of bytes is NEVER on any
         * link */
        if (bytes <= UINT64_MAX) {
            prediction.blackout =
                time_from_wide(fixed + (bytes * (wide)FERRY_SECOND + bandwidth - 1) / bandwidth);
        }
    }
    return prediction;
}

ferry_time_ns ferry_policy_predict(const struct ferry_policy_samples *samples)
{
    return ferry_predict(samples).blackout;
}
