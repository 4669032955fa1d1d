/* SPDX-License-Identifier: Apache-2.0 */
/* mutate.h -- changes to inputs that keep what they are made of: whole frames whose lengths and checksums are right, whole
 * records of a script. Bytes alone would hardly ever get past a checksum.
 *
 * Everything is drawn from one number, so that libFuzzer's -seed repeats it. */
#ifndef FUZZ_INPUT_MUTATE_H
#define FUZZ_INPUT_MUTATE_H

#include "fuzz/input/frames.h"

/* libFuzzer's own changes to bytes (with its dictionary), or what a test has in its place. */
typedef size_t (*mutate_bytes)(uint8_t *data, size_t size, size_t max_size);

struct mutate {
    uint64_t random; /* not 0 */
    mutate_bytes bytes;
};

enum mutate_form { MUTATE_FRAMES = 1, MUTATE_SCRIPT };

#define MUTATE_NO_KIND 0xffU

/* What the inputs of a target look like. Each target defines its own fuzz_rules. */
struct mutate_rules {
    enum mutate_form form;
    size_t header; /* bytes before the frames or records: mutated as bytes */
    enum frames_bodies bodies;
    /* scripts: */
    uint8_t kinds;     /* of records: 0 .. kinds - 1 */
    uint8_t frames;    /* the kind whose arguments are control frames, or MUTATE_NO_KIND */
    uint8_t payload;   /* the kind whose arguments are a byte and then payload frames */
    uint8_t arguments; /* a new record gets up to so many */
};
extern const struct mutate_rules fuzz_rules;

uint64_t mutate_draw(struct mutate *mutate, uint64_t below); /* 0 .. below - 1; below > 0 */

/* Each returns the new size, at most max_size. */
size_t mutate_frames(
    struct mutate *mutate,
    uint8_t *data,
    size_t size,
    size_t max_size,
    enum frames_bodies bodies,
    bool control);
size_t mutate_script(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    uint8_t *data,
    size_t size,
    size_t max_size);
size_t mutate_input(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    uint8_t *data,
    size_t size,
    size_t max_size);
/* One input out of two: records (frames) of the one between those of the other. */
size_t mutate_cross(
    struct mutate *mutate,
    const struct mutate_rules *rules,
    struct ferry_bytes first,
    struct ferry_bytes second,
    uint8_t *out,
    size_t max_size);

/* One field of a control message, by the message table: at the edges of its range, behind them, near what it was, or
 * anything; a length with what it counts, or alone. `frame` has room for max_size bytes; returns its new size. */
size_t mutate_message(struct mutate *mutate, uint8_t *frame, size_t size, size_t max_size);

#endif
