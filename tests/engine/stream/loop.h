/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h -- an encoder and a decoder with bytes between them: the smallest world that a payload
 * stream can live in.
 *
 * A guest's page is real bytes. `tape_*` runs the encoder and writes down everything that it sends,
 * bodies and all; `sink_*` feeds bytes to a decoder in any chunks, receives bodies into a memory of
 * its own, and writes down what was reported. */
#ifndef TESTS_ENGINE_STREAM_LOOP_H
#define TESTS_ENGINE_STREAM_LOOP_H

#include "ferry/stream.h"
#include "support/harness.h"

#define LOOP_PAGES_MAX   1024U
#define LOOP_REPORTS_MAX 64U

struct guest {
    uint32_t page_size;
    uint64_t pages;
    uint8_t *memory;
    uint32_t scanned[LOOP_PAGES_MAX]; /* how often the zero scan was asked for this page */
};

void guest_init(struct guest *guest, uint32_t page_size, uint64_t pages);
void guest_deinit(struct guest *guest);
uint8_t *guest_page(const struct guest *guest, uint64_t page);
void guest_write(
    struct guest *guest, uint64_t page, uint8_t value); /* the whole page; 0 makes it zero */

/* Two regions, the second one beginning in the middle of a bitmap word. */
struct shape {
    struct ferry_region regions[2];
    struct ferry_stream_shape stream;
};
void shape_init(
    struct shape *shape, uint32_t page_size, uint64_t first_pages, uint64_t second_pages);

struct tape {
    struct harness_memory memory;
    struct ferry_encoder *encoder;
    struct guest *guest;
    const uint8_t *state; /* device state */
    uint8_t *bytes;
    size_t size;
    size_t capacity;
    bool heads_only; /* leave the bodies out; their digests are 0 then */
    struct ferry_piece done;
};

/* The preface is on the tape at once. */
void tape_init(struct tape *tape, const struct shape *shape, struct guest *guest);
void tape_deinit(struct tape *tape);
void tape_batch(struct tape *tape, const struct ferry_batch *batch);
void tape_barrier(struct tape *tape, uint32_t round, uint32_t attempt);
/* Sends what the encoder has, up to DONE or until there is nothing. */
void tape_drain(struct tape *tape);

struct sink {
    struct harness_memory memory;
    struct ferry_decoder *decoder;
    struct guest *guest;
    uint8_t state[4096];
    struct ferry_item report[LOOP_REPORTS_MAX]; /* BATCH, BARRIER */
    size_t report_count;
    uint64_t body_received; /* of the PLACE or STATE under way */
    uint64_t zeroed;
    bool held;
    enum ferry_status status;
};

void sink_init(struct sink *sink, const struct shape *shape, uint32_t round, struct guest *guest);
void sink_deinit(struct sink *sink);
/* Feeds in chunks of at most `chunk` bytes; stops at HOLD and ERROR. Returns how many bytes were
 * taken. */
size_t sink_feed(struct sink *sink, const uint8_t *bytes, size_t size, size_t chunk);
/* Carries out what needs no more bytes (reports, zero pages, HOLD, ERROR). */
void sink_settle(struct sink *sink);

void assert_same_memory(const struct guest *actual, const struct guest *expected);

#endif
