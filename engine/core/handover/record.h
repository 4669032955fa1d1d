/* SPDX-License-Identifier: Apache-2.0 */
/* record.h -- what the journal keeps of a session, as bytes. A record is small, carries its own
 * version, and is replaced whole.
 *
 * SESSION  both sides, before the first page: who is on the other side, which guest, which epoch
 * GRANTED  source: attempt           OWNER   target: attempt, new epoch
 * BURNED   target: attempt           ENDED   source: moved or not, epoch that holds now
 * CLAIMED  either: epoch that holds now */
#ifndef HANDOVER_RECORD_H
#define HANDOVER_RECORD_H

#include "ferry/action.h"
#include "ferry/source.h"
#include "ferry/status.h"
#include "ferry/types.h"

#define HANDOVER_RECORD_VERSION 1

enum handover_role { HANDOVER_ROLE_SOURCE = 1, HANDOVER_ROLE_TARGET };

struct handover_record_body {
    uint8_t role; /* enum handover_role */
    uint8_t moved;
    uint32_t attempt;
    uint64_t guest_id;
    uint64_t epoch;
    uint64_t own_journal_id;
    uint64_t peer_journal_id;
};

/* out has FERRY_RECORD_MAX bytes. */
size_t handover_record_encode(
    enum ferry_record_kind kind, const struct handover_record_body *body, uint8_t *out);
FERRY_NODISCARD
enum ferry_status
handover_record_decode(const struct ferry_record *record, struct handover_record_body *body_out);

#endif
