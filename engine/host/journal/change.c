/* SPDX-License-Identifier: Apache-2.0 */
/* change.c -- a transaction with memory of its own. */
#include "engine/host/journal/internal.h"

#include <stdlib.h>
#include <string.h>

void bytes_free(const uint8_t *bytes)
{
    union {
        const uint8_t *in;
        void *out;
    } both = {.in = bytes};

    free(both.out);
}

/* Never NULL for empty bytes: NULL means that there are none. */
static uint8_t *copy_bytes(const struct ferry_bytes *bytes)
{
    uint8_t *copy = malloc(bytes->size == 0 ? 1 : bytes->size);

    if (copy != NULL && bytes->size > 0) {
        memcpy(copy, bytes->data, bytes->size);
    }
    return copy;
}

static struct stored_guest *copy_guest(const struct journal_guest *guest)
{
    struct stored_guest *copy = malloc(sizeof *copy);

    if (copy == NULL) {
        return NULL;
    }
    uint8_t *config = copy_bytes(&guest->config);

    if (config == NULL) {
        free(copy);
        return NULL;
    }
    copy->view = *guest;
    copy->view.config.data = config;
    return copy;
}

struct change *change_create(const struct journal_transaction *transaction)
{
    struct change *change = calloc(1, sizeof *change);
    bool good = true;

    if (change == NULL) {
        return NULL;
    }
    change->session = transaction->session;
    change->role = transaction->role;
    change->forget = transaction->forget;
    change->about_session =
        transaction->record != NULL || transaction->note != NULL || transaction->forget;
    if (transaction->record != NULL) {
        change->record = copy_bytes(&transaction->record->bytes);
        change->record_size = transaction->record->bytes.size;
        change->record_kind = transaction->record->kind;
        good = change->record != NULL;
    }
    if (good && transaction->note != NULL) {
        change->note = copy_bytes(transaction->note);
        change->note_size = transaction->note->size;
        change->has_note = true;
        good = change->note != NULL;
    }
    if (good && transaction->guest != NULL) {
        change->guest = copy_guest(transaction->guest);
        good = change->guest != NULL;
    }
    if (good && change->about_session && !change->forget) {
        change->fresh = calloc(1, sizeof *change->fresh);
        good = change->fresh != NULL;
    }
    if (!good) {
        change_destroy(change);
        return NULL;
    }
    return change;
}

void change_destroy(struct change *change)
{
    if (change == NULL) {
        return;
    }
    free(change->fresh);
    bytes_free(change->record);
    bytes_free(change->note);
    if (change->guest != NULL) {
        bytes_free(change->guest->view.config.data);
        free(change->guest);
    }
    free(change);
}
