/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tcp.h -- what TCP allows: pure functions from a path's numbers to a rate or a time. Integers
 * only.
 *
 * They are the network's side of the oracles N1 (window), N2 (random loss) and N3 (high loss).
 */
#ifndef FERRY_SIM_NET_TCP_H
#define FERRY_SIM_NET_TCP_H

#include <stdint.h>

/* Loss up to here follows the square-root law; above it time-outs dominate. */
#define NET_LOSS_SQRT_MAX_PPM 10000U

/* bytes per second in bits per second; NET_UNLIMITED stays what it is. */
uint64_t net_tcp_bits(uint64_t bytes_per_second);

/* window / RTT in bits per second; a window or RTT of 0 is no limit. */
uint64_t net_tcp_window_bps(uint64_t window_bytes, int64_t rtt_ns);

/* What random loss leaves, in bits per second: 0 at 1000000 ppm, no limit at 0 ppm or without RTT.
 */
uint64_t net_tcp_loss_bps(uint32_t loss_ppm, int64_t rtt_ns);

/* First retransmission time-out of an established connection. */
int64_t net_tcp_rto_ns(int64_t rtt_ns);

/* The first retransmission at or after healed_ns, of those which follow since_ns at first_rto_ns
 * and doubling intervals. */
int64_t net_tcp_retry_at_ns(int64_t since_ns, int64_t first_rto_ns, int64_t healed_ns);

/* ceil(bytes / rate) in ns; rate > 0; saturates at NET_NEVER. */
int64_t net_tcp_serialise_ns(uint64_t bytes, uint64_t rate_bps);

#endif
