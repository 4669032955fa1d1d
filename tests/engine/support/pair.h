/* SPDX-License-Identifier: Apache-2.0 */
/* pair.h -- a real source and a real target on two tiny hosts, for tests: fixed costs, one wire
 * that can be cut, a journal each.
 *
 * Everything that happens is one step of one queue ordered by (time, order of scheduling), so a
 * test can stop before any step. The payload goes through the shipped encoder and decoder with
 * 8-byte tags for pages. pair_destroy() asserts that nothing is left: no memory, and never more
 * than one running guest (that is asserted after every step as well). */
#ifndef TESTS_SUPPORT_PAIR_H
#define TESTS_SUPPORT_PAIR_H

#include "ferry/source.h"
#include "ferry/target.h"
#include "wire/message.h"

#include <stdio.h>

#define PAIR_PAGES_MAX 4096U
#define PAIR_TYPES     64U /* more than any enum wire_type */

enum pair_side { PAIR_SOURCE = 0, PAIR_TARGET = 1 };

/* Unset (0) means ordinary. */
struct pair_options {
    uint32_t ram_pages;                          /* 64 */
    uint32_t zero_pages;                         /* of these, at the end */
    uint16_t streams;                            /* 1 */
    uint16_t paths;                              /* 1; path 0 has the best priority */
    bool equal_paths;                            /* none is better than another */
    enum ferry_mode mode;                        /* pre-copy */
    enum ferry_no_convergence on_no_convergence; /* give up */
    ferry_time_ns blackout_limit;                /* 300 ms */
    ferry_time_ns give_up_after;                 /* 3600 s */
    ferry_time_ns latency;                       /* 100 us, one way */
    uint64_t bytes_per_second;                   /* 100 MB/s, of the wire */
    uint32_t
        dirty_pages_per_ms; /* while the guest runs, in ascending order, wrapping at dirty_span */
    uint32_t dirty_span;    /* all pages */
    ferry_time_ns journal_cost;                                /* 500 us */
    ferry_time_ns hold_limit;                                  /* the default's */
    uint64_t target_memory;                                    /* enough */
    bool refuse;                                               /* the target's admission says no */
    uint32_t state_size;                                       /* 5000 bytes of device state */
    void (*adjust_source)(struct ferry_source_config *config); /* what has no option here */
    void (*adjust_target)(struct ferry_target_config *config);
    FILE *log; /* transcript; NULL: none */
};

/* What happens to the report of an action: the next `times` of its kind fail with status, come
 * later, or never. */
struct pair_tamper {
    uint32_t times;
    enum ferry_status status;
    ferry_time_ns delay;
    bool mute;
};

struct pair;

void pair_log_flush(struct pair *pair); /* the transcript is complete up to now */

struct pair *pair_create(const struct pair_options *options);
void pair_destroy(struct pair *pair);

/* One step; false: nothing is left to happen. */
bool pair_step(struct pair *pair);
void pair_advance(struct pair *pair, ferry_time_ns duration); /* all steps up to now + duration */
/* Nobody does anything for so long: then everything, timers too, comes late. */
void pair_sleep(struct pair *pair, ferry_time_ns duration);
/* Until the source (target) is in this state; fails the test after a virtual hour. */
void pair_run_until_source(struct pair *pair, enum ferry_source_state state);
void pair_run_until_target(struct pair *pair, enum ferry_target_state state);
void pair_run_until_outcome(struct pair *pair);
void pair_run_to_end(
    struct pair *pair); /* until both objects are closed, or nothing happens any more */

/* A cut holds what is on the wire; healed, it goes on, if its connection still counts. */
void pair_cut(struct pair *pair, bool cut);
void pair_cut_path(struct pair *pair, uint16_t path, bool cut);
void pair_cut_way(struct pair *pair, uint16_t path, enum pair_side from, bool cut);
void pair_set_dirty(struct pair *pair, uint32_t pages_per_ms);
void pair_set_speed(struct pair *pair, uint64_t bytes_per_second);
void pair_reset(struct pair *pair); /* connections break, both are told */
void pair_crash(struct pair *pair, enum pair_side side, bool guest_survives);
void pair_restart(struct pair *pair, enum pair_side side);      /* from its journal */
void pair_reinstall(struct pair *pair, enum pair_side side);    /* its journal is gone */
void pair_fail_journal(struct pair *pair, enum pair_side side); /* writes fail from now on */
void pair_mend_journal(struct pair *pair, enum pair_side side);
void pair_delay_journal(struct pair *pair, enum pair_side side, ferry_time_ns cost);
void pair_corrupt_next_batch(struct pair *pair);
void pair_tamper(
    struct pair *pair, enum pair_side side, enum ferry_action_kind kind, struct pair_tamper tamper);
void pair_drop(
    struct pair *pair, enum wire_type type, uint32_t times); /* the next so many vanish */
/* The peer of `to` says what it would not say: fed at once, on the newest connection. */
void pair_forge(struct pair *pair, enum pair_side to, const struct wire_message *message);
void pair_forge_bytes(struct pair *pair, enum pair_side to, struct ferry_bytes bytes);
void pair_event(
    struct pair *pair, enum pair_side side, struct ferry_event event); /* of its world */
enum ferry_status pair_command(struct pair *pair, enum pair_side side, struct ferry_event command);

const struct ferry_outcome *pair_outcome(const struct pair *pair); /* kind NONE: none yet */
uint32_t pair_outcomes(const struct pair *pair);
enum ferry_source_state pair_source_state(const struct pair *pair); /* CLOSED when it is gone */
enum ferry_target_state pair_target_state(const struct pair *pair);
struct ferry_source *pair_source(struct pair *pair);
struct ferry_target *pair_target(struct pair *pair);
bool pair_runs(const struct pair *pair, enum pair_side side); /* the guest runs there */
uint32_t pair_running(const struct pair *pair);               /* hosts on which it runs */
uint32_t pair_different_pages(const struct pair *pair);       /* compared when the target resumed */
bool pair_has_record(const struct pair *pair, enum pair_side side, enum ferry_record_kind kind);
ferry_time_ns pair_now(const struct pair *pair);
ferry_time_ns pair_true_blackout(const struct pair *pair);
uint64_t pair_trace_count(const struct pair *pair, enum ferry_trace_kind kind);
const struct ferry_trace_event *pair_last(const struct pair *pair, enum ferry_trace_kind kind);
uint64_t pair_payload_bytes(const struct pair *pair); /* serialised on the wire */
uint32_t pair_sent(const struct pair *pair, enum wire_type type);
uint32_t pair_actions(const struct pair *pair, enum pair_side side, enum ferry_action_kind kind);
uint32_t pair_digest(const struct pair *pair); /* of every action, in order, with its time */
uint32_t pair_attach_number(const struct pair *pair);
bool pair_guest_alive(const struct pair *pair, enum pair_side side); /* its process */

/* ---- states to begin with: a pair that has come there by itself ---- */

/* Every state but CLOSED. The connection is up, and the peer is alive. OUT states and CLOSING last:
 * what would end them is lost. */
struct pair *pair_create_at_source(enum ferry_source_state state);
struct pair *pair_create_at_target(enum ferry_target_state state);
/* A message of this type as an honest peer could say it now (in the handover: of attempt 1). */
struct wire_message pair_plausible(const struct pair *pair, enum wire_type type);
extern const enum wire_type pair_types[];
extern const size_t pair_type_count;

/* ---- how it has to end: runs to the end, and looks at both hosts ---- */

/* The guest runs at the target with every page as it was, and nothing is left behind. */
void pair_assert_completed(struct pair *pair);
/* The guest runs at the source, the outcome is this, and nothing is left at the target. */
void pair_assert_back(struct pair *pair, enum ferry_outcome_kind kind, enum ferry_status status);
/* The two above without the cleaning up, which somebody may have made impossible. */
void pair_assert_outcome(struct pair *pair, enum ferry_outcome_kind kind, enum ferry_status status);

#endif
