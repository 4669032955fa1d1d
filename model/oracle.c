/* SPDX-License-Identifier: Apache-2.0 */
/*
 * oracle.c -- the closed forms. What each one claims and where it comes from stands in oracle.h.
 */
#include "model/oracle.h"

#include <math.h>

#define NS_PER_S 1e9

double model_oracle_sending_s(const struct model_oracle_copy *copy, double pages)
{
    return pages * (copy->page_bytes + copy->framing_bytes) / copy->bytes_per_second;
}

void model_oracle_rounds(
    const struct model_oracle_copy *copy,
    model_oracle_dirty dirty,
    const void *guest,
    struct model_oracle_round *rounds_out,
    size_t count)
{
    double pages = copy->first_pages;
    for (size_t i = 0; i < count; i++) {
        rounds_out[i].pages = pages;
        rounds_out[i].seconds = model_oracle_sending_s(copy, pages);
        pages = dirty(guest, rounds_out[i].seconds + copy->dead_s);
    }
}

struct model_oracle_a1 model_oracle_constant(
    const struct model_oracle_copy *copy, double dirty_pages_per_second, unsigned n)
{
    struct model_oracle_a1 result = {0};
    double first_s = model_oracle_sending_s(copy, copy->first_pages);
    double power = 1.0;
    double sum = 0.0;
    result.lambda = model_oracle_sending_s(copy, dirty_pages_per_second);
    for (unsigned i = 0; i < n; i++) {
        sum += power;
        power *= result.lambda;
    }
    sum += power; /* the sum of the series, also where its closed form is 0 / 0 */
    result.last_pages = copy->first_pages * power;
    result.last_s = first_s * power;
    result.total_s = first_s * sum;
    result.diverges = result.lambda >= 1.0;
    return result;
}

double model_oracle_working_set_dirty(const void *guest, double seconds)
{
    const struct model_oracle_working_set *set = guest;
    return fmin(set->pages, set->dirty_pages_per_second * seconds);
}

double model_oracle_uniform_mean(const struct model_oracle_uniform *set, double seconds)
{
    double writes = set->writes_per_second * seconds;
    if (set->pages <= 1.0) {
        return writes >= 1.0 ? set->pages : 0.0;
    }
    /* N (1 - (1 - 1/N)^writes), without subtracting nearly equal numbers. */
    return -set->pages * expm1(writes * log1p(-1.0 / set->pages));
}

double model_oracle_uniform_variance(const struct model_oracle_uniform *set, double seconds)
{
    if (set->pages <= 0.0) {
        return 0.0;
    }
    double load = set->writes_per_second * seconds / set->pages;
    return set->pages * (exp(-load) - (1.0 + load) * exp(-2.0 * load));
}

double model_oracle_uniform_dirty(const void *guest, double seconds)
{
    const struct model_oracle_uniform_sets *sets = guest;
    double pages = 0.0;
    for (size_t i = 0; i < sets->count; i++) {
        pages += model_oracle_uniform_mean(&sets->sets[i], seconds);
    }
    return pages;
}

bool model_oracle_converges(
    const struct model_oracle_copy *copy,
    model_oracle_dirty dirty,
    const void *guest,
    double blackout_s)
{
    return model_oracle_sending_s(copy, dirty(guest, blackout_s)) < blackout_s;
}

double model_oracle_curve_dirty(const void *guest, double seconds)
{
    const struct model_oracle_curve *curve = guest;
    double left_s = 0.0;
    double left_pages = 0.0;
    for (size_t i = 0; i < curve->count; i++) {
        double right_s = (double)curve->points[i].t_ns / NS_PER_S;
        double right_pages = (double)curve->points[i].pages;
        if (seconds < right_s) {
            double share = (seconds - left_s) / (right_s - left_s);
            return left_pages + share * (right_pages - left_pages);
        }
        left_s = right_s;
        left_pages = right_pages;
    }
    return left_pages;
}

double model_oracle_window_rate(double bytes_per_second, double window_bytes, double rtt_s)
{
    if (window_bytes <= 0.0 || rtt_s <= 0.0) {
        return bytes_per_second;
    }
    return fmin(bytes_per_second, window_bytes / rtt_s);
}

double model_oracle_mathis_rate(double mss_bytes, double rtt_s, double loss)
{
    return mss_bytes / rtt_s * sqrt(1.5) / sqrt(loss);
}

double model_oracle_loss_rate(
    double bytes_per_second, double mss_bytes, double rtt_s, double loss, unsigned streams)
{
    if (loss <= 0.0 || rtt_s <= 0.0) {
        return bytes_per_second;
    }
    return fmin(bytes_per_second, streams * model_oracle_mathis_rate(mss_bytes, rtt_s, loss));
}

double model_oracle_tfrc_rate(double packet_bytes, double rtt_s, double loss, double b)
{
    double timeout_s = 4.0 * rtt_s;
    double recovery = rtt_s * sqrt(2.0 * b * loss / 3.0);
    double waiting =
        timeout_s * 3.0 * sqrt(3.0 * b * loss / 8.0) * loss * (1.0 + 32.0 * loss * loss);
    return packet_bytes / (recovery + waiting);
}

void model_oracle_shared_link(
    const double *bytes, size_t count, double bytes_per_second, double *finish_out)
{
    double time = 0.0;
    double sent = 0.0; /* by each of those that are left */
    for (size_t i = 0; i < count; i++) {
        double sharing = (double)(count - i);
        time += (bytes[i] - sent) * sharing / bytes_per_second;
        sent = bytes[i];
        finish_out[i] = time;
    }
}
