/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.h -- what the daemon itself must not forget of a session, beside the engine's records; see
 * note.c.
 */
#ifndef FERRY_HOST_DAEMON_NOTE_H
#define FERRY_HOST_DAEMON_NOTE_H

#include "engine/host/base/error.h"
#include "ferry/limits.h"
#include "ferry/types.h"

#include <stdint.h>

/* Bytes of a note at most. */
#define NOTE_TEXT_MAX 512U

struct session_note {
    char guest[FERRY_NAME_MAX + 1]; /* "": not known yet */
    uint64_t guest_id;
    char peer[FERRY_NAME_MAX + 1]; /* the other host's name; "" without certificates at a target */
};

/* The text's size. */
size_t note_encode(const struct session_note *note, char text[NOTE_TEXT_MAX]);
FERRY_NODISCARD
enum host_code
note_decode(struct ferry_bytes text, struct session_note *note_out, struct host_error *error);

#endif
