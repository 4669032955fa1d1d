/* SPDX-License-Identifier: Apache-2.0 */
/* frames.h -- frames of either kind of connection, as they stand in an input: walked, and made right. */
#ifndef FUZZ_INPUT_FRAMES_H
#define FUZZ_INPUT_FRAMES_H

#include "wire/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How bodies stand in the bytes. */
enum frames_bodies {
    FRAMES_BODIES_WHOLE = 0, /* as on the wire */
    FRAMES_BODIES_NONE,      /* left out */
    FRAMES_BODIES_TAGS,      /* as on the rig's wire: 8 bytes a page, or a piece of device state */
};

struct frames_frame {
    size_t at;   /* of its header */
    size_t head; /* bytes of header and head that are there */
    size_t size; /* with its body, as far as it is there */
    bool whole;  /* header and head are complete */
};

/* The frame at `at`; false: there is none any more. */
bool frames_at(
    const uint8_t *bytes,
    size_t size,
    size_t at,
    enum frames_bodies bodies,
    struct frames_frame *frame_out);

/* Makes the checksum of every whole frame right. */
void frames_seal(uint8_t *bytes, size_t size, enum frames_bodies bodies);

#endif
