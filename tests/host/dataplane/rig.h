/* SPDX-License-Identifier: Apache-2.0 */
/* rig.h -- two guests' memories and some streams between them.
 *
 * The first memory is filled by the test, the second begins fresh. A round is cut into windows,
 * which go over the streams in turn, then come the barriers; the rig waits for every report and
 * checks it. */
#ifndef FERRY_TEST_HOST_DATAPLANE_RIG_H
#define FERRY_TEST_HOST_DATAPLANE_RIG_H

#include "engine/host/dataplane/receiver.h"
#include "engine/host/dataplane/sender.h"
#include "mailbox.h"
#include "tests/host/transport/hosts.h"

#define RIG_STREAMS_MAX 4U
#define RIG_REGIONS     2U

enum rig_link { RIG_TCP = 0, RIG_PAIR, RIG_TLS };

struct rig_options {
    enum rig_link link;
    uint16_t streams;     /* 0: one */
    uint32_t page_size;   /* 0: 4096 */
    uint64_t pages;       /* of the first region; 0: 4096 */
    uint64_t pages_above; /* of the second; 0: 512 */
    uint64_t rate;        /* 0: unlimited */
    uint64_t window;      /* pages of a batch; 0: 600 */
    bool old_target;      /* the target's memory is not known to be fresh */
};

struct rig {
    struct rig_options options;
    struct ferry_region regions[RIG_REGIONS];
    struct ferry_stream_shape shape;
    int fds[2][RIG_REGIONS];
    uint8_t *bases[2][RIG_REGIONS]; /* of the source, of the target */
    struct dataplane_memory *memories[2];
    uint8_t *state[2];
    uint64_t *bitmap;  /* of the next round; rig_mark_all() after create */
    uint64_t batch;    /* number of the last one */
    uint32_t round;    /* the next one */
    struct desk *here; /* RIG_TLS: the gates that made the connections (group set-up: hosts.h) */
    struct desk *there;
    struct mailbox out;
    struct mailbox in;
    struct dataplane_sender *senders[RIG_STREAMS_MAX];
    struct dataplane_receiver *receivers[RIG_STREAMS_MAX];
    uint64_t pages_placed; /* in all rounds */
    uint64_t zero_pages_placed;
};

#define RIG_STATE_MAX ((uint64_t)3 << 20)

struct rig *rig_create(const struct rig_options *options);
/* Ends all that is left, and checks that each worker closed. */
void rig_destroy(struct rig *rig);

uint64_t rig_pages(const struct rig *rig);
uint8_t *rig_source_page(const struct rig *rig, uint64_t page);
uint8_t *rig_target_page(const struct rig *rig, uint64_t page);
/* Random bytes from the generator, never all zero. */
void rig_fill_page(const struct rig *rig, uint64_t page, uint64_t seed);
void rig_mark(struct rig *rig, uint64_t page);
void rig_mark_all(struct rig *rig);

/* Sends what is marked as one round, with its barriers, waits until all of it is placed, releases
 * the next round and clears the marks. */
void rig_round(struct rig *rig, uint32_t attempt);
/* Sends `size` bytes of device state as a part of the next round (attempt not 0). */
void rig_send_state(struct rig *rig, uint64_t size, uint32_t attempt);
bool rig_equal(const struct rig *rig);
/* Bytes of memory that the target's files hold. */
uint64_t rig_target_bytes(const struct rig *rig);

/* Two connected sockets: TCP over loopback, or a socket pair. */
void rig_connect(enum rig_link link, int fds_out[2]);
/* The two ends of one stream, to be used without rig_create()'s workers. */
void rig_connections(enum rig_link link, struct transport_connection *connections_out[2]);

#endif
