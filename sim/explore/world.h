/* SPDX-License-Identifier: Apache-2.0 */
/*
 * world.h -- what the two engines and their hosts do around the handover machines.
 *
 * source_host.c and target_host.c do with inputs and outputs what engine/core/source and
 * engine/core/target do; where an action of the engine is at once followed by its report and no
 * crash between the two could show, the two are one step here.
 *
 * A journal finds, when it is opened, which records are there, and makes them durable before it
 * tells (so what a restart has seen once, every later restart sees). It does its writes in order.
 */
#ifndef FERRY_SIM_EXPLORE_WORLD_H
#define FERRY_SIM_EXPLORE_WORLD_H

#include "sim/explore/check.h"
#include "sim/explore/state.h"

#define EXPLORE_NOTES_MAX 12
#define EXPLORE_NOTE_SIZE 56

enum explore_column { COLUMN_SOURCE, COLUMN_TARGET };

struct explore_note {
    enum explore_column column;
    char text[EXPLORE_NOTE_SIZE];
};

struct explore_notes {
    unsigned count;
    struct explore_note note[EXPLORE_NOTES_MAX];
};

/* One move being carried out. */
struct explore_world {
    const struct explore_machine *machine;
    struct explore_state *state;
    uint64_t checks;             /* bit n: check n is made */
    enum explore_check broken;   /* the first that did not hold */
    bool stray;                  /* the message that is heard is of an earlier session */
    uint64_t *crowded;           /* how often a connection had to be given up; may be NULL */
    struct explore_notes *notes; /* NULL: nobody reads them */
};

void explore_fail(struct explore_world *world, enum explore_check check);
void explore_note(struct explore_world *world, enum explore_column column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *explore_message_name(enum explore_message message);

/* Records of one side. */
enum explore_source_record { SOURCE_RECORD_GRANTED, SOURCE_RECORD_ENDED, SOURCE_RECORD_CLAIMED };
enum explore_target_record { TARGET_RECORD_OWNER, TARGET_RECORD_BURNED };

/* ---- the connection ---- */
void explore_send_to_target(
    struct explore_world *world, enum explore_message kind, uint32_t attempt);
void explore_send_to_source(
    struct explore_world *world, enum explore_message kind, uint32_t attempt);
uint8_t explore_queue_take(uint8_t queue[static EXPLORE_QUEUE]);
void explore_late_add(uint8_t late[static EXPLORE_LATE], uint8_t message);
/* Whether a message can matter when it comes late, or twice: those that the attach number of a
 * connection belongs to by its very meaning (RESUME, RESUMED, payload) cannot. */
bool explore_may_be_late(uint8_t message);
/* All that is on its way is lost, but for message number `survivor` (1 .. 8 to the target, 9 .. 16 to
 * the source, 0 = none), which comes late. */
void explore_link_lose(struct explore_world *world, unsigned survivor);

/* ---- source ---- */
void explore_source_step(
    struct explore_world *world,
    enum handover_source_input input,
    uint32_t attempt,
    uint64_t epoch);
void explore_source_hears(struct explore_world *world, uint8_t message, uint64_t epoch);
void explore_source_asks(struct explore_world *world); /* connected: RESUME */
void explore_source_resumed(struct explore_world *world);
void explore_source_gives_up(
    struct explore_world *world); /* before the grant: cancelled, or tired */
void explore_source_written(
    struct explore_world *world, enum explore_source_record record, bool durable);
/* bit 0: GRANTED, bit 1: the other record that was under way or in doubt, is there. */
void explore_source_down(struct explore_world *world, unsigned there, bool host);
void explore_source_up(struct explore_world *world);
bool explore_source_is_out(const struct explore_state *state);

/* ---- target ---- */
void explore_target_step(
    struct explore_world *world,
    enum handover_target_input input,
    uint32_t attempt,
    uint64_t epoch);
void explore_target_hears(struct explore_world *world, uint8_t message, uint64_t epoch);
void explore_target_resumed(struct explore_world *world);
void explore_target_written(
    struct explore_world *world, enum explore_target_record record, bool durable);
void explore_target_down(struct explore_world *world, bool there, bool host);
void explore_target_up(struct explore_world *world);

#endif
