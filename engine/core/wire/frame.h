/* SPDX-License-Identifier: Apache-2.0 */
/* wire/frame.h -- the header that every frame of every connection begins with.
 *
 *   0  u32 head_size    bytes of the head, which follows the header (a control message's payload is
 * its head) 4  u16 type         0 is never valid 6  u16 section      what the frame is about; 0 is
 * never valid 8  u32 body_bytes   payload bytes after the head; 0 but for pages and device state 12
 * u32 checksum     CRC-32C over bytes 0 .. 11 and the head; bodies have digests of their own
 *
 * A reader bounds head_size before it waits for the head, and believes no other field before the
 * checksum was right. */
#ifndef WIRE_FRAME_H
#define WIRE_FRAME_H

#include "ferry/status.h"
#include "ferry/types.h"

#define WIRE_FRAME_HEADER_SIZE 16U

enum wire_section {
    WIRE_SECTION_CONTROL = 1, /* the session and its handover */
    WIRE_SECTION_MEMORY,      /* pages of the guest */
    WIRE_SECTION_DEVICES,     /* its device state */
};

struct wire_frame {
    uint32_t head_size;
    uint16_t type;
    uint16_t section;
    uint32_t body_bytes;
    uint32_t checksum;
};

/* Fills in the header of a frame whose head of frame->head_size bytes stands at bytes +
 * WIRE_FRAME_HEADER_SIZE already. The checksum in *frame is ignored. */
void wire_frame_seal(const struct wire_frame *frame, uint8_t *bytes);

/* Reads the fields; judges nothing. */
struct wire_frame wire_frame_parse(const uint8_t header[WIRE_FRAME_HEADER_SIZE]);

/* PEER_CHECKSUM unless header and head (which follows it) are as they were sealed. */
FERRY_NODISCARD
enum ferry_status wire_frame_verify(const uint8_t *bytes);

#endif
