/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format.c -- a transaction as bytes. All numbers are little-endian.
 *
 *      0  u32 magic "fyj1"           4  u32 size: head and items, without padding
 *      8  u64 log                   16  u64 sequence            24  u64 durable
 *     32  u32 CRC32C of all the rest of the size (this field as 0)
 *     36  items: u8 type, u32 size of what follows
 *           1 JOURNAL  u64 id, u16 incarnation, u32 transactions that the log began with
 *           2 RECORD   session (2 x u64), u8 role, u8 kind, the engine's bytes
 *           3 NOTE     session, u8 role, the daemon's bytes
 *           4 FORGET   session, u8 role
 *           5 GUEST    u64 id, u64 epoch, u8 fate, u8 n, name, u8 n, peer, configuration
 *         zeros up to the next sector; then all of it once more
 */
#include "engine/host/base/crc.h"
#include "engine/host/journal/internal.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC     0x316a7966U
#define HEAD_SIZE 36U
#define CRC_AT    32U
#define ITEM_HEAD 5U

enum item { ITEM_JOURNAL = 1, ITEM_RECORD, ITEM_NOTE, ITEM_FORGET, ITEM_GUEST };

#define KEY_SIZE     17U
#define JOURNAL_SIZE 14U

static size_t guest_size(const struct journal_guest *guest)
{
    return 8 + 8 + 1 + 1 + strlen(guest->name) + 1 + strlen(guest->peer) + guest->config.size;
}

static size_t frame_size(const struct change *change)
{
    size_t size = HEAD_SIZE;

    size += change->about_journal ? ITEM_HEAD + JOURNAL_SIZE : 0;
    size += change->record != NULL ? ITEM_HEAD + KEY_SIZE + 1 + change->record_size : 0;
    size += change->has_note ? ITEM_HEAD + KEY_SIZE + change->note_size : 0;
    size += change->forget ? ITEM_HEAD + KEY_SIZE : 0;
    size += change->guest != NULL ? ITEM_HEAD + guest_size(&change->guest->view) : 0;
    return size;
}

static size_t padded(size_t size)
{
    return (size + JOURNAL_SECTOR - 1) / JOURNAL_SECTOR * JOURNAL_SECTOR;
}

size_t frame_space(const struct change *change)
{
    return 2 * padded(frame_size(change));
}

static uint8_t *put_number(uint8_t *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        at[i] = (uint8_t)(number >> (8 * i));
    }
    return at + bytes;
}

static uint8_t *put_bytes(uint8_t *at, const void *data, size_t size)
{
    if (size > 0) {
        memcpy(at, data, size);
    }
    return at + size;
}

static uint8_t *put_item(uint8_t *at, enum item item, size_t size)
{
    return put_number(put_number(at, (uint64_t)item, 1), size, 4);
}

static uint8_t *put_key(uint8_t *at, const struct change *change)
{
    at = put_number(at, change->session.high, 8);
    at = put_number(at, change->session.low, 8);
    return put_number(at, (uint64_t)change->role, 1);
}

static uint8_t *put_guest(uint8_t *at, const struct journal_guest *guest)
{
    at = put_item(at, ITEM_GUEST, guest_size(guest));
    at = put_number(at, guest->guest_id, 8);
    at = put_number(at, guest->epoch, 8);
    at = put_number(at, (uint64_t)guest->fate, 1);
    at = put_number(at, strlen(guest->name), 1);
    at = put_bytes(at, guest->name, strlen(guest->name));
    at = put_number(at, strlen(guest->peer), 1);
    at = put_bytes(at, guest->peer, strlen(guest->peer));
    return put_bytes(at, guest->config.data, guest->config.size);
}

void frame_encode(const struct frame_head *head, const struct change *change, uint8_t *out)
{
    const size_t size = frame_size(change);
    uint8_t *at = out;

    memset(out, 0, padded(size));
    at = put_number(at, MAGIC, 4);
    at = put_number(at, size, 4);
    at = put_number(at, head->log, 8);
    at = put_number(at, head->sequence, 8);
    at = put_number(at, head->durable, 8);
    at = put_number(at, 0, 4);
    if (change->about_journal) {
        at = put_item(at, ITEM_JOURNAL, JOURNAL_SIZE);
        at = put_number(at, change->journal_id, 8);
        at = put_number(at, change->incarnation, 2);
        at = put_number(at, change->snapshot_frames, 4);
    }
    if (change->record != NULL) {
        at = put_key(put_item(at, ITEM_RECORD, KEY_SIZE + 1 + change->record_size), change);
        at = put_number(at, (uint64_t)change->record_kind, 1);
        at = put_bytes(at, change->record, change->record_size);
    }
    if (change->has_note) {
        at = put_key(put_item(at, ITEM_NOTE, KEY_SIZE + change->note_size), change);
        at = put_bytes(at, change->note, change->note_size);
    }
    if (change->forget) {
        at = put_key(put_item(at, ITEM_FORGET, KEY_SIZE), change);
    }
    if (change->guest != NULL) {
        (void)put_guest(at, &change->guest->view);
    }
    (void)put_number(out + CRC_AT, host_crc32c(0, out, size), 4);
    memcpy(out + padded(size), out, padded(size));
}

static uint64_t number_at(const uint8_t *at, size_t bytes)
{
    uint64_t number = 0;

    for (size_t i = 0; i < bytes; i++) {
        number |= (uint64_t)at[i] << (8 * i);
    }
    return number;
}

bool frame_check(const uint8_t *data, size_t size, struct frame_head *head_out, size_t *size_out)
{
    static const uint8_t zeros[4];

    if (size < JOURNAL_SECTOR || number_at(data, 4) != MAGIC) {
        return false;
    }
    const size_t used = number_at(data + 4, 4);

    if (used < HEAD_SIZE || used > JOURNAL_FRAME_MAX || padded(used) > size) {
        return false;
    }
    uint32_t crc = host_crc32c(0, data, CRC_AT);

    crc = host_crc32c(crc, zeros, sizeof zeros);
    crc = host_crc32c(crc, data + HEAD_SIZE, used - HEAD_SIZE);
    if (crc != number_at(data + CRC_AT, 4)) {
        return false;
    }
    *head_out = (struct frame_head){
        .log = number_at(data + 8, 8),
        .sequence = number_at(data + 16, 8),
        .durable = number_at(data + 24, 8),
    };
    *size_out = padded(used);
    return true;
}

/* What a frame says, borrowing its bytes. */
struct reading {
    struct journal_transaction transaction;
    struct ferry_record record;
    struct ferry_bytes note;
    struct journal_guest guest;
    bool about_journal;
    uint64_t journal_id;
    uint16_t incarnation;
    uint32_t snapshot_frames;
};

static bool read_key(struct reading *reading, const uint8_t *at, size_t size)
{
    if (size < KEY_SIZE) {
        return false;
    }
    reading->transaction.session.high = number_at(at, 8);
    reading->transaction.session.low = number_at(at + 8, 8);
    reading->transaction.role = (enum journal_role)at[16];
    return at[16] == JOURNAL_ROLE_SOURCE || at[16] == JOURNAL_ROLE_TARGET;
}

static bool read_name(const uint8_t **at, const uint8_t *end, char name[FERRY_NAME_MAX + 1])
{
    if (*at == end) {
        return false;
    }
    const size_t size = **at;

    (*at)++;
    if (size > FERRY_NAME_MAX || (size_t)(end - *at) < size) {
        return false;
    }
    memcpy(name, *at, size);
    name[size] = '\0';
    *at += size;
    return true;
}

static bool read_guest(struct reading *reading, const uint8_t *at, size_t size)
{
    const uint8_t *const end = at + size;
    struct journal_guest *guest = &reading->guest;

    if (size < 17) {
        return false;
    }
    guest->guest_id = number_at(at, 8);
    guest->epoch = number_at(at + 8, 8);
    guest->fate = (enum journal_fate)at[16];
    if (at[16] < JOURNAL_FATE_HERE || at[16] > JOURNAL_FATE_NOT_HERE) {
        return false;
    }
    at += 17;
    if (!read_name(&at, end, guest->name) || !read_name(&at, end, guest->peer) ||
        (size_t)(end - at) > FERRY_GUEST_CONFIG_MAX) {
        return false;
    }
    guest->config = (struct ferry_bytes){.data = at, .size = (size_t)(end - at)};
    reading->transaction.guest = guest;
    return true;
}

static bool read_record(struct reading *reading, const uint8_t *at, size_t size)
{
    if (!read_key(reading, at, size) || size < KEY_SIZE + 1 || at[KEY_SIZE] == 0 ||
        at[KEY_SIZE] > JOURNAL_RECORDS_MAX || size - KEY_SIZE - 1 > FERRY_RECORD_MAX) {
        return false;
    }
    reading->record = (struct ferry_record){
        .kind = (enum ferry_record_kind)at[KEY_SIZE],
        .bytes = {.data = at + KEY_SIZE + 1, .size = size - KEY_SIZE - 1},
    };
    reading->transaction.record = &reading->record;
    return true;
}

static bool read_item(struct reading *reading, unsigned item, const uint8_t *at, size_t size)
{
    switch (item) {
    case ITEM_JOURNAL:
        if (size != JOURNAL_SIZE) {
            return false;
        }
        reading->about_journal = true;
        reading->journal_id = number_at(at, 8);
        reading->incarnation = (uint16_t)number_at(at + 8, 2);
        reading->snapshot_frames = (uint32_t)number_at(at + 10, 4);
        return true;
    case ITEM_RECORD: return read_record(reading, at, size);
    case ITEM_NOTE:
        if (!read_key(reading, at, size) || size - KEY_SIZE > JOURNAL_NOTE_MAX) {
            return false;
        }
        reading->note = (struct ferry_bytes){.data = at + KEY_SIZE, .size = size - KEY_SIZE};
        reading->transaction.note = &reading->note;
        return true;
    case ITEM_FORGET:
        reading->transaction.forget = true;
        return read_key(reading, at, size) && size == KEY_SIZE;
    case ITEM_GUEST: return read_guest(reading, at, size);
    default: return false;
    }
}

enum host_code frame_decode(const uint8_t *data, struct change **change_out)
{
    struct reading reading = {.about_journal = false};
    size_t rest = number_at(data + 4, 4) - HEAD_SIZE;
    const uint8_t *at = data + HEAD_SIZE;

    while (rest > 0) {
        if (rest < ITEM_HEAD || number_at(at + 1, 4) > rest - ITEM_HEAD) {
            return HOST_PROTOCOL;
        }
        const size_t size = number_at(at + 1, 4);

        if (!read_item(&reading, at[0], at + ITEM_HEAD, size)) {
            return HOST_PROTOCOL;
        }
        at += ITEM_HEAD + size;
        rest -= ITEM_HEAD + size;
    }
    struct change *change = change_create(&reading.transaction);

    if (change == NULL) {
        return HOST_MEMORY;
    }
    change->about_journal = reading.about_journal;
    change->journal_id = reading.journal_id;
    change->incarnation = reading.incarnation;
    change->snapshot_frames = reading.snapshot_frames;
    *change_out = change;
    return HOST_OK;
}
