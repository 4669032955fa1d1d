/* SPDX-License-Identifier: Apache-2.0 */
/* pair_faults.c -- what can go wrong: the wire, hosts, daemons, journals, single actions and
 * messages, and a peer that lies. */
#include "support/pair_internal.h"

/* ---- what can go wrong ---- */

/* What was held goes on, in its order. */
static void let_go(struct pair *pair)
{
    for (uint32_t i = 0; i < pair->step_count; i++) {
        struct step *step = &pair->steps[i];
        if (step->held && !pair_is_cut(pair, step->path, step->from)) {
            step->held = false;
            step->at = pair->now;
        }
    }
}

void pair_cut_way(struct pair *pair, uint16_t path, enum pair_side from, bool cut)
{
    const uint16_t bit = (uint16_t)(1U << path);
    uint16_t *mask = &pair->cut_mask[from];
    *mask = (uint16_t)(cut ? *mask | bit : *mask & ~bit);
    let_go(pair);
}

void pair_cut_path(struct pair *pair, uint16_t path, bool cut)
{
    pair_cut_way(pair, path, PAIR_SOURCE, cut);
    pair_cut_way(pair, path, PAIR_TARGET, cut);
}

void pair_cut(struct pair *pair, bool cut)
{
    for (uint16_t i = 0; i < pair->options.paths; i++) {
        pair_cut_path(pair, i, cut);
    }
}

void pair_reset(struct pair *pair)
{
    const struct ferry_event gone = {
        .kind = FERRY_EVENT_DETACHED, .attach = pair->attach, .status = FERRY_WORLD_LINK};
    pair_wire_close(pair);
    pair_feed(pair, PAIR_SOURCE, &gone);
    pair_feed(pair, PAIR_TARGET, &gone);
}

void pair_crash(struct pair *pair, enum pair_side side, bool guest_survives)
{
    pair->alive[side] = false;
    pair->life[side]++;
    if (!guest_survives) {
        pair->guest_alive[side] = false;
        pair->runs[side] = false;
    }
    pair_wire_close(pair);
    if (side == PAIR_SOURCE) {
        ferry_source_destroy(pair->source);
        pair->source = NULL;
    } else {
        ferry_target_destroy(pair->target);
        pair->target = NULL;
    }
}

static size_t records_of(struct pair *pair, enum pair_side side, struct ferry_record *records)
{
    size_t count = 0;
    for (int kind = 1; kind < RECORD_KINDS; kind++) {
        const struct record *record = &pair->records[side][kind];
        if (record->size != 0) {
            records[count++] = (struct ferry_record){
                .kind = (enum ferry_record_kind)kind,
                .bytes = {.data = record->bytes, .size = record->size},
            };
        }
    }
    return count;
}

void pair_revive_target(struct pair *pair)
{
    struct ferry_record records[RECORD_KINDS];
    const size_t count = records_of(pair, PAIR_TARGET, records);
    ferry_target_destroy(pair->target);
    pair->target = NULL;
    if (count == 0) {
        pair_make_target(pair);
        return;
    }
    const struct ferry_target_config config = pair_target_config(pair);
    assert_int_equal(
        ferry_target_restart(
            &config, records, count, pair->guest_alive[PAIR_TARGET], pair->now, &pair->target),
        FERRY_OK);
    pair_take_actions(pair, PAIR_TARGET);
}

void pair_restart(struct pair *pair, enum pair_side side)
{
    pair->alive[side] = true;
    if (side == PAIR_TARGET) {
        pair_revive_target(pair);
        return;
    }
    struct ferry_record records[RECORD_KINDS];
    const size_t count = records_of(pair, side, records);
    if (count == 0) {
        return; /* a daemon without a session: nothing to do */
    }
    ferry_source_destroy(pair->source);
    pair->source = NULL;
    pair->incarnation++;
    const struct ferry_source_config config = pair_source_config(pair);
    enum ferry_guest_found guest = FERRY_GUEST_GONE;
    if (pair->guest_alive[side]) {
        guest = pair->runs[side] ? FERRY_GUEST_RUNNING : FERRY_GUEST_PAUSED;
    }
    assert_int_equal(
        ferry_source_restart(&config, records, count, guest, pair->now, &pair->source), FERRY_OK);
    pair_take_actions(pair, side);
}

void pair_reinstall(struct pair *pair, enum pair_side side)
{
    memset(pair->records[side], 0, sizeof(pair->records[side]));
    pair->journal_id[side] += 1000;
}

void pair_fail_journal(struct pair *pair, enum pair_side side)
{
    pair->journal_broken[side] = true;
}

void pair_mend_journal(struct pair *pair, enum pair_side side)
{
    pair->journal_broken[side] = false;
}

void pair_delay_journal(struct pair *pair, enum pair_side side, ferry_time_ns cost)
{
    pair->journal_cost[side] = cost;
}

void pair_corrupt_next_batch(struct pair *pair)
{
    pair->corrupt_next = true;
}

enum ferry_status pair_command(struct pair *pair, enum pair_side side, struct ferry_event command)
{
    const enum ferry_status status = side == PAIR_SOURCE
                                         ? ferry_source_input(pair->source, &command, pair->now)
                                         : ferry_target_input(pair->target, &command, pair->now);
    pair_take_actions(pair, side);
    return status;
}

void pair_set_speed(struct pair *pair, uint64_t bytes_per_second)
{
    pair->options.bytes_per_second = bytes_per_second;
}

void pair_set_dirty(struct pair *pair, uint32_t pages_per_ms)
{
    pair_guest_dirty(pair);
    pair->options.dirty_pages_per_ms = pages_per_ms;
    pair->dirtied_until = pair->now;
}

void pair_tamper(
    struct pair *pair, enum pair_side side, enum ferry_action_kind kind, struct pair_tamper tamper)
{
    pair->tampers[side][kind] = tamper;
}

void pair_drop(struct pair *pair, enum wire_type type, uint32_t times)
{
    assert_true((uint32_t)type < PAIR_TYPES);
    pair->drops[type] = times;
}

void pair_forge_bytes(struct pair *pair, enum pair_side to, struct ferry_bytes bytes)
{
    pair_feed(
        pair,
        to,
        &(struct ferry_event){
            .kind = FERRY_EVENT_CONTROL_BYTES, .attach = pair->attach, .bytes = bytes});
}

void pair_forge(struct pair *pair, enum pair_side to, const struct wire_message *message)
{
    uint8_t *frame = malloc(FERRY_CONTROL_PAYLOAD_MAX);
    size_t size = 0;
    assert_non_null(frame);
    assert_status(wire_message_encode(message, frame, FERRY_CONTROL_PAYLOAD_MAX, &size), FERRY_OK);
    pair_forge_bytes(pair, to, (struct ferry_bytes){.data = frame, .size = size});
    free(frame);
}

void pair_event(struct pair *pair, enum pair_side side, struct ferry_event event)
{
    pair_feed(pair, side, &event);
}
