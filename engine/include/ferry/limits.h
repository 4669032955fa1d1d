/* SPDX-License-Identifier: Apache-2.0 */
/* limits.h -- every bound of the engine: its unit and why it is what it is. Reaching one has a
 * named status. */
#ifndef FERRY_LIMITS_H
#define FERRY_LIMITS_H

/* Protocol versions spoken, both ends included. A newer side speaks the older side's version. */
#define FERRY_PROTOCOL_VERSION_MIN 1
#define FERRY_PROTOCOL_VERSION_MAX 1

/* Payload streams of one migration. Multifd users rarely gain beyond 8; 64 leaves room and bounds
 * the tables. */
#define FERRY_STREAMS_MAX 64

/* Regions of guest memory: RAM below and above the hole, video memory, firmware, hot-plugged DIMMs.
 */
#define FERRY_REGIONS_MAX 32

/* Pages of one guest: 2^36 pages of 4 KiB are 256 TiB. Keeps page index x page size inside 64 bits.
 */
#define FERRY_PAGES_MAX (1ULL << 36)

/* Page sizes, bytes, powers of two. 4 KiB is the architecture's; coarse pages are for fleets. */
#define FERRY_PAGE_SIZE_MIN 4096U
#define FERRY_PAGE_SIZE_MAX (1U << 30)

/* Largest device state, bytes. Big GPUs' states are larger, and are not moved by ferry. */
#define FERRY_DEVICE_STATE_MAX (1ULL << 30)

/* One control frame's payload, bytes: bounds what a peer may make us buffer. */
#define FERRY_CONTROL_PAYLOAD_MAX 65536U

/* Head part of one payload frame, bytes: extents of up to FERRY_FRAME_PAGES_MAX pages, 10 bytes a
 * varint, two each. */
#define FERRY_STREAM_HEAD_MAX 8192U

/* Data pages named by one payload frame: 1 MiB of 4 KiB pages, a good size for one scatter/gather
 * write. */
#define FERRY_FRAME_PAGES_MAX 256U

/* Batches not yet acknowledged, over all streams: bounds the table that says what to send again. */
#define FERRY_BATCHES_MAX 1024U

/* Batches handed to one stream and not yet sent: two keep the link busy, more would make caps and
 * cancel slow. */
#define FERRY_STREAM_QUEUE_MAX 2U

/* Networks between two hosts that one migration may use. */
#define FERRY_PATHS_MAX 8

/* Attempts at the switchover before the limit is called unreachable. */
#define FERRY_ATTEMPTS_MAX 5

/* Bytes of a guest's name and of a host's name, without a terminating zero. */
#define FERRY_NAME_MAX 63

/* A sentence that says why, bytes with its terminating zero. */
#define FERRY_REASON_MAX 200

/* The reason of an outcome: with the peer's own sentence, and the numbers that decided it. */
#define FERRY_OUTCOME_REASON_MAX 640

/* Largest opaque guest configuration that travels with the guest, bytes. */
#define FERRY_GUEST_CONFIG_MAX 32768U

/* Live rounds whose history is kept for the outcome's table; later ones are counted and summed, the
 * newest kept. */
#define FERRY_ROUNDS_KEPT 4096U

/* A journal record, bytes: the largest is SESSION with its names. */
#define FERRY_RECORD_MAX 512U

/* Actions waiting to be taken: one step never queues more than it has streams x queue + 64. */
#define FERRY_ACTIONS_MAX 256U

#endif
