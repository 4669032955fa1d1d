/* SPDX-License-Identifier: Apache-2.0 */
/* script.h -- frames made by hand and fed to a decoder, for what an encoder of ours would never
 * send.
 *
 * A frame's head is hex. Checksums are right, bodies are not sent: the decoder never sees one, only
 * what placed() says. */
#ifndef TESTS_ENGINE_STREAM_SCRIPT_H
#define TESTS_ENGINE_STREAM_SCRIPT_H

#include "ferry/stream.h"
#include "support/harness.h"

#define SCRIPT_FRAMES_MAX 6U

struct frame {
    uint16_t type;
    uint16_t section;
    uint32_t body_bytes;
    const char *head; /* hex; NULL ends a script */
};

/* The first item that is no FILL, after frames were fed up to it. Bodies are called placed with
 * digest 0. */
struct script_end {
    struct ferry_item
        item;      /* the last report, or the error, or FILL when all frames went through */
    size_t frames; /* fed completely */
};

/* Plays frames until the decoder stands, reports an error, or no frame is left. BATCH, BARRIER,
 * ZERO and bodies go on. */
struct script_end script_play(struct ferry_decoder *decoder, const struct frame *frames);

/* A decoder of a guest with regions of 100 and 60 pages of 4 KiB and at most 2 MiB of device state;
 * first round 5. */
struct ferry_decoder *script_decoder(struct harness_memory *memory);

#endif
