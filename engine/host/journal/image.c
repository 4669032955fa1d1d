/* SPDX-License-Identifier: Apache-2.0 */
/*
 * image.c -- a whole new log in memory: the journal's own line, each guest, each session, then the
 * changes that wait, then zeros as space for what comes.
 *
 * The file gets its name only when all of it is durable, so each of its transactions may say that
 * all of them are.
 */
#include "engine/host/base/fd.h"
#include "engine/host/journal/internal.h"

#include <stdlib.h>

/* Calls `use` for each transaction of the image, in order. */
struct walk {
    void (*use)(struct walk *walk, const struct change *change);
    uint32_t frames;
    size_t bytes;
    struct frame_head head;
    uint8_t *out;
};

static void measure(struct walk *walk, const struct change *change)
{
    walk->frames++;
    walk->bytes += frame_space(change);
}

static void encode(struct walk *walk, const struct change *change)
{
    walk->head.sequence++;
    frame_encode(&walk->head, change, walk->out);
    walk->out += frame_space(change);
}

static void walk_session(struct walk *walk, const struct journal_session *session)
{
    struct change change = {
        .about_session = true,
        .session = session->session,
        .role = session->role,
    };

    if (session->note.data != NULL) {
        change.has_note = true;
        change.note = session->note.data;
        change.note_size = session->note.size;
        walk->use(walk, &change);
        change.has_note = false;
    }
    for (size_t i = 0; i < session->record_count; i++) {
        change.record = session->records[i].bytes.data;
        change.record_size = session->records[i].bytes.size;
        change.record_kind = session->records[i].kind;
        walk->use(walk, &change);
    }
}

static void walk_all(
    struct walk *walk,
    const struct tables *tables,
    const struct change *changes,
    uint32_t snapshot_frames)
{
    const struct change journal = {
        .about_journal = true,
        .journal_id = tables->journal_id,
        .incarnation = tables->incarnation,
        .snapshot_frames = snapshot_frames,
    };

    walk->use(walk, &journal);
    for (size_t i = 0; i < tables->guest_count; i++) {
        const struct change change = {.guest = tables->guests[i]};

        walk->use(walk, &change);
    }
    for (size_t i = 0; i < tables->session_count; i++) {
        walk_session(walk, &tables->sessions[i]->view);
    }
    for (; changes != NULL; changes = changes->next) {
        walk->use(walk, changes);
    }
}

enum host_code image_create(
    const struct tables *tables,
    const struct change *changes,
    uint64_t log_size,
    struct image *image_out,
    struct host_error *error)
{
    struct walk walk = {.use = measure};

    walk_all(&walk, tables, changes, 0);
    uint64_t size = log_size;

    /* At least as much space for what comes as for what is there. */
    while (size < 2 * (uint64_t)walk.bytes) {
        size *= 2;
    }
    if (size > JOURNAL_FILE_MAX) {
        return host_fail(error, HOST_LIMIT, "the journal has grown to %zu bytes", walk.bytes);
    }
    struct image image = {.size = size, .used = walk.bytes, .sequence = walk.frames};

    host_random(&image.log, sizeof image.log);
    image.data = calloc(1, size);
    if (image.data == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory for a journal of %zu bytes", image.size);
    }
    struct walk second = {
        .use = encode,
        .head = {.log = image.log, .durable = walk.frames},
        .out = image.data,
    };

    walk_all(&second, tables, changes, walk.frames);
    *image_out = image;
    return HOST_OK;
}
