/* SPDX-License-Identifier: Apache-2.0 */
/* world.h -- a world around both halves of the handover, small enough to be explored whole: two
 * hosts, two journals, and a network that may deliver each message at any time, any number of
 * times, or never.
 *
 * One struct without pointers or padding, so that states are compared and hashed as bytes. A move
 * changes it by one thing that could happen; what a move breaks is named by its requirement (H-1 ..
 * H-8, handover.h). */
#ifndef TESTS_HANDOVER_WORLD_H
#define TESTS_HANDOVER_WORLD_H

#include "handover/handover.h"

#define WORLD_ATTEMPTS 2U
#define WORLD_EPOCH    1U

/* A message in the network: one bit for each kind and attempt. What was sent stays: it may be
 * delivered late, twice, in any order, or never. */
enum world_message {
    MESSAGE_ABORT = 0, /* + attempt - 1 */
    MESSAGE_GRANT = MESSAGE_ABORT + WORLD_ATTEMPTS,
    MESSAGE_BURN = MESSAGE_GRANT + WORLD_ATTEMPTS,
    MESSAGE_END_BACK,
    MESSAGE_END_MOVED,
    MESSAGE_READY,
    MESSAGE_STARTED = MESSAGE_READY + WORLD_ATTEMPTS,
    MESSAGE_ABORTED = MESSAGE_STARTED + WORLD_ATTEMPTS,
    MESSAGE_LOST,
    MESSAGE_RECEIVING,
    MESSAGES,
};

enum world_record {
    RECORD_GRANTED = 1,
    RECORD_CLAIMED = 2,
    RECORD_ENDED = 4,
    RECORD_MOVED = 8, /* what ENDED says */
    RECORD_OWNER = 16,
    RECORD_BURNED = 32,
    RECORD_SESSION = 64,
};

enum world_host {
    HOST_UP = 0,
    HOST_DOWN, /* its daemon; may come back */
    HOST_GONE, /* fenced or reinstalled: what it knew is lost for good */
};

struct world {
    struct handover_source source;
    struct handover_target target;
    uint32_t messages;
    uint8_t granted_attempt; /* what the record says */
    uint8_t owner_attempt;
    uint8_t burned_attempt;
    uint8_t source_journal; /* durable records */
    uint8_t target_journal;
    uint8_t source_writing; /* issued, and not reported */
    uint8_t target_writing;
    uint8_t source_host; /* enum world_host */
    uint8_t target_host;
    uint8_t source_guest; /* its process lives */
    uint8_t target_guest;
    uint8_t source_runs;
    uint8_t target_runs;
    uint8_t source_over; /* the session is ending: no attempt is opened any more */
    uint8_t target_forgot;
    uint8_t crashes; /* left */
    uint8_t failures;
    uint8_t fences;
    uint8_t reserved[2];
};
_Static_assert(sizeof(struct world) == 56, "no padding: it is hashed and compared as bytes");

struct world_budget {
    uint8_t crashes;
    uint8_t failures;
    uint8_t fences; /* operators' claims, and reinstalled targets */
};

/* The machines under test; wrappers that break one rule are how the checker is checked. */
struct world_machines {
    struct handover_step (*source)(
        struct handover_source *, enum handover_source_input, uint32_t, uint64_t);
    struct handover_step (*target)(
        struct handover_target *, enum handover_target_input, uint32_t, uint64_t);
};
extern const struct world_machines world_shipped;

struct world world_start(const struct world_budget *budget);
/* Move number `move` of WORLD_MOVES. False: it cannot happen now. *broken_out: the requirement that
 * it breaks, or NULL. */
bool world_move(
    const struct world_machines *machines,
    struct world *world,
    uint32_t move,
    const char **broken_out);
extern const uint32_t world_moves;
void world_move_name(uint32_t move, char *out, size_t size);
/* What must hold in every state; NULL: it does. */
const char *world_broken(const struct world *world);

/* After everything has healed (and with an operator where a host is gone for good), exactly one
 * host ends up with the guest. NULL: it does; else where it hangs. */
const char *world_heal(const struct world_machines *machines, struct world world);

/* For world_heal.c. */
void world_source_input(
    const struct world_machines *machines,
    struct world *world,
    enum handover_source_input input,
    uint32_t attempt,
    const char **broken_out);
void world_target_input(
    const struct world_machines *machines,
    struct world *world,
    enum handover_target_input input,
    uint32_t attempt,
    const char **broken_out);
void world_ask(const struct world_machines *machines, struct world *world, const char **broken_out);
void world_deliver(
    const struct world_machines *machines,
    struct world *world,
    uint32_t message,
    const char **broken_out);
void world_store(struct world *world, uint8_t record); /* durable from now on */
void world_write_done(
    const struct world_machines *machines,
    struct world *world,
    uint8_t record,
    bool durable,
    bool reported_ok,
    const char **broken_out);
void world_restart_source(
    const struct world_machines *machines, struct world *world, const char **broken_out);
void world_restart_target(
    const struct world_machines *machines, struct world *world, const char **broken_out);

#endif
