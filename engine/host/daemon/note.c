/* SPDX-License-Identifier: Apache-2.0 */
/*
 * note.c -- the note beside a session's records: which guest, and who is on the other side.
 *
 *   ferry-note 1 GUEST GUEST_ID PEER      PEER is "-" where it is not known
 *
 * The engine's records name guests and journals by numbers; a daemon that comes back needs the
 * names to find the guest's process and the peer's addresses.
 */
#include "engine/host/daemon/note.h"

#include "engine/host/daemon/guestfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t note_encode(const struct session_note *note, char text[NOTE_TEXT_MAX])
{
    const int size = snprintf(
        text,
        NOTE_TEXT_MAX,
        "ferry-note 1 %s %016" PRIx64 " %s",
        note->guest,
        note->guest_id,
        note->peer[0] == '\0' ? "-" : note->peer);

    return size < 0 ? 0 : (size_t)size;
}

enum host_code
note_decode(struct ferry_bytes text, struct session_note *note_out, struct host_error *error)
{
    char copy[NOTE_TEXT_MAX];
    char digits[17] = "";
    struct session_note note = {.guest_id = 0};
    int used = 0;

    if (text.size == 0 || text.size >= sizeof copy) {
        return host_fail(error, HOST_DAMAGED, "a session's note has a length that it cannot have");
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    /* 63 is FERRY_NAME_MAX */
    if (sscanf(
            copy, "ferry-note 1 %63s %16[0-9a-f] %63s%n", note.guest, digits, note.peer, &used) !=
            3 ||
        (size_t)used != text.size || !guestfile_name_valid(note.guest)) {
        return host_fail(error, HOST_DAMAGED, "a session's note cannot be read");
    }
    note.guest_id = strtoull(digits, NULL, 16);
    if (strcmp(note.peer, "-") == 0) {
        note.peer[0] = '\0';
    }
    *note_out = note;
    return HOST_OK;
}
