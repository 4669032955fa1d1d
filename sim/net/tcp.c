/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.c -- see tcp.h.
 *
 * Loss. With p the loss rate, s the segment, R the round trip:
 *   p <= 1 %: X = s / R * sqrt(3/2) / sqrt(p)                       (Mathis et al.: C is
 * about 1.22) above:    X = s / (R sqrt(2p/3) + 12 R sqrt(3p/8) p (1 + 32 p^2))   (RFC 5348, b = 1,
 * t_RTO = 4 R) The second falls short of the first by 9 % where they meet; it never exceeds it.
 * Roots are taken of integers scaled by 10^12, so the rate is the same on every machine.
 */
#include "sim/net/tcp.h"

#include "sim/net/net.h"
#include "sim/net/solver.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t narrow(wide value)
{
    return value > UINT64_MAX ? UINT64_MAX : (uint64_t)value;
}

/* floor of the square root, by Newton's method from above. */
static uint64_t square_root(uint64_t value)
{
    if (value < 2) {
        return value;
    }
    uint64_t guess = UINT64_C(1) << 32;
    for (;;) {
        uint64_t better = (guess + value / guess) / 2;
        if (better >= guess) {
            return guess;
        }
        guess = better;
    }
}

uint64_t net_tcp_bits(uint64_t bytes_per_second)
{
    return bytes_per_second > UINT64_MAX / 8 ? NET_UNLIMITED : bytes_per_second * 8;
}

uint64_t net_tcp_window_bps(uint64_t window_bytes, int64_t rtt_ns)
{
    if (window_bytes == 0 || rtt_ns <= 0) {
        return NET_UNLIMITED;
    }
    return narrow((wide)window_bytes * 8 * 1000000000U / (uint64_t)rtt_ns);
}

uint64_t net_tcp_loss_bps(uint32_t loss_ppm, int64_t rtt_ns)
{
    if (loss_ppm >= 1000000) {
        return 0;
    }
    if (loss_ppm == 0 || rtt_ns <= 0) {
        return NET_UNLIMITED;
    }
    uint64_t p = loss_ppm;
    /* The denominator without R, times 10^9: sqrt(ppm * 10^12) is sqrt(p) * 10^9. */
    uint64_t per_rtt = square_root(p * UINT64_C(2000000000000) / 3);
    if (loss_ppm > NET_LOSS_SQRT_MAX_PPM) {
        uint64_t root = square_root(p * UINT64_C(3000000000000) / 8);
        uint64_t tail = 1000000 + 32 * p * p / 1000000; /* 1 + 32 p^2, times 10^6 */
        per_rtt += narrow((wide)12 * root * p / 1000000 * tail / 1000000);
    }
    wide scaled = (wide)NET_SEGMENT_BYTES * 8 * 1000000000U * 1000000000U;
    return narrow(scaled / ((wide)per_rtt * (uint64_t)rtt_ns));
}

int64_t net_tcp_rto_ns(int64_t rtt_ns)
{
    if (rtt_ns >= NET_RTO_MAX_NS / 4) {
        return NET_RTO_MAX_NS;
    }
    return 4 * rtt_ns < NET_RTO_MIN_NS ? NET_RTO_MIN_NS : 4 * rtt_ns;
}

int64_t net_tcp_retry_at_ns(int64_t since_ns, int64_t first_rto_ns, int64_t healed_ns)
{
    int64_t interval = first_rto_ns;
    int64_t at = since_ns + interval;
    while (at < healed_ns) {
        interval = interval > NET_RTO_MAX_NS / 2 ? NET_RTO_MAX_NS : interval * 2;
        if (interval == NET_RTO_MAX_NS) {
            int64_t skipped = (healed_ns - at) / interval;
            at += skipped * interval;
            if (at >= healed_ns) {
                break;
            }
        }
        at += interval;
    }
    return at;
}

int64_t net_tcp_serialise_ns(uint64_t bytes, uint64_t rate_bps)
{
    if (rate_bps == NET_UNLIMITED) {
        return 0;
    }
    wide ns = ((wide)bytes * 8 * 1000000000U + rate_bps - 1) / rate_bps;
    return ns >= (wide)NET_NEVER ? NET_NEVER : (int64_t)ns;
}
