/* SPDX-License-Identifier: Apache-2.0 */
/*
 * internal.h -- the simulated world, opened up: for the files of sim/world and sim/fault only.
 *
 * Who owns what:
 *   world     hosts, guests, moves, timers; lives for one run
 *   host      a daemon (up or not), a journal, instances of guests; its timers die with it
 *   guest     a modelled guest and its clients; lives in one instance at a time (`live`)
 *   instance      a guest's process on one host: its memory and what its VMM knows
 *   move      one migration: two sides, its connections, its instants; kept until the run ends
 *   side      one engine object on one host, and the queue of events for it
 *   attach    one (re)connection of a move: a control channel and one channel a stream
 *   channel   one network connection with both of its ends
 *
 * Invariants:
 *   W-1  an engine object is entered from side_run() alone: one event in, then every action out, then
 *        its deadline is armed; nothing else happens in between, but faults which a phase triggers.
 *   W-2  what the world has to tell an object is posted to its side (side_post), never called in.
 *   W-3  whatever takes time on a host is an `op` with a timer of that host: a crash discards it.
 *   W-4  what one end of a channel knows of the other came through the network.
 *   W-5  every event which matters goes through log_event(), once.
 */
#ifndef FERRY_SIM_WORLD_INTERNAL_H
#define FERRY_SIM_WORLD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ferry/action.h"
#include "ferry/coordinator.h"
#include "ferry/event.h"
#include "ferry/source.h"
#include "ferry/stream.h"
#include "ferry/target.h"
#include "model/clients.h"
#include "model/guest.h"
#include "model/bits.h"
#include "model/memory.h"
#include "model/payload.h"
#include "model/rng.h"
#include "sim/check/check.h"
#include "sim/net/net.h"
#include "sim/report/result.h"
#include "sim/scenario/scenario.h"
#include "sim/world/world.h"

struct world;
struct host;
struct guest;
struct instance;
struct move;
struct side;
struct attach;
struct channel;
struct message;
struct op;

/* ---- timers (timers.c) ---- */

typedef uint64_t world_timer; /* 0: none */
typedef void world_timer_fn(void *owner, uint64_t argument);

struct timer_slot {
    world_timer_fn *fire;
    void *owner;
    uint64_t argument;
    net_timer handle;
    uint32_t host;
    uint32_t generation;
    uint32_t next_free;
    bool armed;
};

struct world_timers {
    struct timer_slot *slots; /* slot 0 is never used */
    uint32_t count;
    uint32_t capacity;
    uint32_t free_first; /* 0: none */
};

/* ---- hosts (host.c), their journals (journal.c) ---- */

struct record {
    struct move *move; /* whose session this is */
    enum ferry_record_kind kind;
    uint64_t epoch;
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
    struct record *next;
};

/* What a host knows of a guest for ever: the highest epoch and what became of it. */
struct ownership {
    uint64_t epoch; /* 0: never had it */
    bool here;
};

struct journal {
    uint64_t id; /* random; another one after a reinstallation */
    struct record *records;
    struct ownership *owners; /* one a guest */
    uint32_t failing;         /* faults under way */
    int64_t slow_ns;          /* added to each fsync */
    bool broken;              /* a write failed: takes no new session until the daemon starts again */
};

struct host {
    struct world *world;
    uint32_t index;
    bool journal_lost; /* reinstalled in this run */
    const struct scenario_host *spec;
    bool up;
    bool daemon_up;
    uint32_t paused;       /* faults under way */
    uint16_t incarnation;  /* starts of the daemon */
    uint64_t memory_used;  /* bytes, of all instances */
    uint32_t streams_live; /* payload channels with an end here: they share the CPU */
    struct journal journal;
    struct instance *instances;
    struct op *ops; /* under way */
    size_t down_span;
    size_t paused_span;
    size_t daemon_span;
};

/* ---- guests (guest.c) and what their VMMs do (vmm.c) ---- */

struct instance {
    struct guest *guest;
    struct host *host;
    struct model_memory *memory;
    bool running; /* its vCPUs are let run */
    bool logging;
    uint32_t throttle_percent;
    int64_t busy_until;    /* orders to a VMM are carried out one after the other */
    uint64_t *round;       /* bitmap of the migration's round; NULL before the first collection */
    uint64_t *scratch;     /* the log as it is read */
    uint32_t state;        /* digest of the device state in it */
    bool state_valid;
    uint32_t arriving;     /* digest of the device state that came for `arriving_attempt` */
    uint32_t arriving_attempt;
    struct instance *next;          /* of the host */
    struct instance *next_of_guest;
};

struct guest {
    struct world *world;
    uint32_t index;
    const struct scenario_guest *spec;
    uint64_t pages;
    uint32_t region_count;
    struct ferry_region regions[2];
    struct model_guest *model;
    struct model_clients *clients; /* NULL: none */
    struct instance *instances;        /* a few: where it is, where it goes, where it was */
    struct instance *live;             /* where the model is; NULL: nowhere, its host crashed */
    struct model_memory *remains;  /* of a live instance whose host crashed: for the comparison at a resume */
    struct move *move;             /* under way, or NULL */
    uint64_t epoch;                /* as the world knows it */
    uint32_t crashed_on;           /* the host whose crash took it; SIM_CHECK_NONE */
    uint32_t announced_on;         /* where its clients look for it */
    world_timer announce;
    size_t here_span;
};

/* ---- the two ends of a connection (attachment.c, channel.c, payload_out.c, payload_in.c) ---- */

enum message_kind { MESSAGE_BYTES = 1, MESSAGE_BATCH, MESSAGE_BARRIER };

enum segment_kind { SEGMENT_HEAD = 1, SEGMENT_PAGES, SEGMENT_STATE };

struct segment {
    enum segment_kind kind;
    uint32_t digest; /* STATE: of these bytes */
    uint64_t offset; /* STATE */
    uint64_t size;   /* HEAD, STATE: bytes; PAGES: pages */
};

/* One message on the network: its bytes, or heads and page contents. */
struct message {
    enum message_kind kind;
    bool sent;
    uint64_t wire_bytes;
    int64_t issued_at;
    int64_t begun_at;  /* it became the first of its stream */
    uint8_t *bytes;    /* control bytes, preface, or the heads of a batch in order */
    size_t size;
    size_t capacity;
    /* payload */
    uint64_t action_id;
    struct ferry_batch batch; /* its bitmap is borrowed until the batch has been sent */
    uint64_t *zeros;          /* by word of the window: pages that were zero at the issue */
    uint64_t first_word;
    uint64_t word_count;
    uint32_t round;
    uint32_t attempt;
    uint64_t pages; /* data pages */
    uint64_t zero_pages;
    uint32_t digest; /* running, of the bodies */
    uint32_t state;  /* content of the device state that travels */
    struct segment *segments;
    size_t segment_count;
    size_t segment_capacity;
    struct model_payload *contents;
    /* how far the receiver is */
    size_t segment_at;
    uint64_t segment_used;
    size_t bytes_used;
    struct message *next;
};

struct message_queue {
    struct message *first;
    struct message *last;
};

struct end {
    bool open;      /* connected or accepted, and not over */
    bool over;      /* nothing more happens at this end */
    bool lingering; /* closes as soon as what it handed over has left */
    struct message_queue out; /* handed to the network and not yet delivered, oldest first */
    struct message *unsent;   /* of these, the first whose last byte has not left; NULL: none */
};

struct channel {
    struct world *world;
    uint32_t index; /* the network's cookie */
    struct attach *attach; /* NULL: a probe */
    struct move *move;
    enum ferry_role role;
    uint16_t stream;
    net_conn conn;
    struct end ends[2];
    /* initiator, payload */
    struct ferry_stream_shape shape;
    struct ferry_encoder *encoder;
    struct ferry_encoder *sizer; /* the same, run ahead to learn how many bytes a batch takes */
    struct message *encoding;    /* what either of them works on */
    /* acceptor */
    bool routed; /* the preface has been read */
    uint8_t preface[FERRY_PREFACE_SIZE];
    size_t preface_size;
    struct ferry_decoder *decoder;
    struct message_queue in; /* delivered, not yet decoded */
    bool counted;            /* in streams_live of both hosts */
    uint64_t rate;           /* as the network was told */
    /* a probe */
    uint64_t probe_action;
    uint64_t probe_side;
    world_timer probe_timer;
};

struct attach {
    struct move *move;
    uint32_t number;
    uint32_t network;
    uint64_t action_id;
    uint16_t streams;
    uint16_t connected;
    bool broken[2];     /* by side of its connections: DETACHED was posted, or the engine detached it */
    uint64_t serial[2]; /* the engine objects which know of it; 0: none yet */
    bool up;            /* ATTACHED was posted */
    struct channel *control;
    struct channel *payload[FERRY_STREAMS_MAX];
    struct attach *next; /* older */
};

/* ---- engine objects (side.c, source_side.c, target_side.c) ---- */

struct side_event {
    struct ferry_event event;
    struct message *message; /* CONTROL_BYTES: owns the bytes */
    struct side_event *next;
};

struct side {
    struct world *world;
    struct move *move;
    struct host *host;
    bool target;
    uint64_t serial; /* names this object for ever */
    struct ferry_source *source_engine;
    struct ferry_target *target_engine;
    int state; /* as it last said */
    bool waiting; /* in the world's queue of sides with events */
    bool closed;  /* CLOSED was taken */
    uint32_t detached; /* target: no connection of this attach or an older one is taken any more */
    int64_t ticked_at; /* TICKs at one instant are counted: an engine must move its deadline */
    uint32_t ticks;
    bool gone;    /* destroyed; freed when nobody is inside of it */
    struct side_event *first;
    struct side_event *last;
    world_timer deadline_timer;
    int64_t deadline_armed;
    struct side *next; /* in that queue, or among the gone */
};

/* ---- moves (move.c) ---- */

/* The instants of the last attempt, as the world saw them. */
enum instant {
    INSTANT_PAUSED = 0,
    INSTANT_CAPTURED,
    INSTANT_COLLECTED,
    INSTANT_LOAD_ISSUED,
    INSTANT_LOADED,
    INSTANT_GRANT_ISSUED,
    INSTANT_GRANT_DURABLE,
    INSTANT_OWNER_ISSUED,
    INSTANT_OWNER_DURABLE,
    INSTANT_RUNNING,
    INSTANT_COUNT,
};

struct move {
    struct world *world;
    uint32_t index; /* in the result */
    uint32_t step;
    struct guest *guest;
    struct host *from;
    struct host *to;
    const struct scenario_move_options *options;
    struct ferry_session_id session;
    uint64_t epoch;
    uint16_t path_count;
    uint32_t networks[FERRY_PATHS_MAX]; /* by path */
    struct ferry_path paths[FERRY_PATHS_MAX];
    uint8_t guest_config[4]; /* which guest it is: all that a modelled VMM has to know */
    struct side *source;
    struct side *target;
    struct move *next_running;
    struct attach *attaches; /* newest first */
    uint64_t rate;           /* SET_RATE, bytes a second and stream */
    uint32_t networks_used;  /* bit a path */
    enum ferry_outcome_kind outcome;
    bool ended;       /* an outcome other than UNKNOWN, or nobody is left who could report one */
    bool told;        /* the coordinator knows */
    bool resumed;     /* the guest ran at the target */
    bool restarted;   /* its source came back from the journal */
    bool source_done; /* CLOSED */
    bool target_done;
    uint32_t attempt; /* newest pause */
    uint32_t aborting; /* attempt which was paused and not yet resumed, 0 = none */
    int64_t instants[INSTANT_COUNT];
    size_t round_span;
    size_t attempt_span;
    size_t link_span;
};

/* ---- what takes time on a host (op.c) ---- */

typedef void op_done_fn(struct op *op);

struct op {
    struct host *host;
    struct move *move;
    uint64_t side_serial; /* the object that wants the report */
    bool target;
    op_done_fn *done;
    uint64_t action_id;
    uint32_t attempt;
    uint64_t epoch;
    enum ferry_record_kind record_kind;
    uint8_t bytes[FERRY_RECORD_MAX];
    size_t size;
    uint64_t dirty_pages;
    uint64_t new_pages;
    uint64_t state_size;
    enum ferry_status status;
    bool daemon; /* carried out by the daemon: ends with it */
    world_timer timer;
    struct op *next;
    struct op *previous;
};

/* ---- triggers (sim/fault/trigger.c) ---- */

typedef void trigger_fn(struct world *world, size_t index);

struct trigger {
    const struct scenario_trigger *when;
    trigger_fn *fire;
    size_t index;
    bool fired;
};

struct world {
    const struct scenario *scenario;
    struct sim_run_options options;
    struct sim_result *result;
    struct sim_checks *checks;
    const char **guest_names; /* for the checkers' messages */
    const char **host_names;
    struct net *net;
    uint64_t seed;
    uint64_t hash;
    uint64_t events;
    struct model_rng ids; /* session and journal ids */
    struct ferry_allocator allocator;
    uint64_t allocations; /* live */
    uint64_t allocated;   /* bytes live */
    struct world_timers timers;
    struct host *hosts;
    struct guest *guests;
    struct move **moves;
    size_t move_count;
    size_t move_capacity;
    uint32_t moves_ended;
    uint32_t sides_open; /* engine objects */
    struct move *moves_running; /* those with an engine object */
    uint32_t *refusing;  /* by network: faults under way */
    struct channel **channels;
    uint32_t channel_count;
    uint32_t channel_capacity;
    struct ferry_coordinator *coordinator;
    bool ordering; /* its orders are being carried out */
    uint64_t next_serial;
    struct side *ready_first;
    struct side *ready_last;
    struct side *gone;
    struct message_queue condemned; /* messages of connections that are over: somebody may still look at one */
    struct side *inside; /* the side whose engine is being driven */
    struct trigger *triggers;
    size_t trigger_count;
    size_t phase_triggers; /* of these, on a phase and not yet fired */
    size_t *due;           /* fired inside of a side: carried out between two of its actions */
    size_t due_count;
    uint64_t *fault_memory; /* sim/fault: what a fault has to remember until it is undone */
    size_t *fault_spans;
    uint64_t faults_begun;
    uint32_t outages; /* faults of class OUTAGE so far */
    uint32_t pending;       /* steps and faults to come, heals and announcements to come */
    uint32_t unhealed;      /* faults that will never be undone */
    int64_t last_progress;
    int64_t next_progress_call;
    int64_t next_cables; /* when the use of all cables is noted again, for the timeline */
    bool check_wanted; /* something has ended: is that all? */
    bool ending;       /* it is: a moment for what is on its way */
    bool over;
    bool failed;
};

/* world.c */
void world_progress(struct world *world); /* something moved on: the watchdog starts again */
void world_check_end(struct world *world);
void world_error(struct world *world, const char *text); /* the run is worth nothing: stop */
int64_t world_now(const struct world *world);

/* memory.c: never NULL, aborts when there is none */
void *world_allocate(size_t size); /* zeroed */
void *world_grow(void *array, size_t *capacity, size_t wanted, size_t item_size);
struct ferry_allocator world_engine_allocator(struct world *world);

/* log.c */
#define LOG(world_, ...) log_event((world_), &(const struct sim_event){__VA_ARGS__})
void log_event(struct world *world, const struct sim_event *event); /* number, time and hash are filled in */
uint32_t log_digest(const void *data, size_t size); /* of bytes which a message carries */

/* timers.c */
world_timer timer_at(
    struct world *world,
    uint32_t host,
    int64_t when,
    world_timer_fn *fire,
    void *owner,
    uint64_t argument);
void timer_cancel(struct world *world, world_timer *timer); /* 0 is fine; sets it to 0 */
void timer_fired(struct world *world, uint64_t cookie);
void timer_host_down(struct world *world, uint32_t host); /* forgets what the network has discarded */
void timer_deinit(struct world *world);

/* op.c */
struct op *op_create(struct side *side, const struct ferry_action *action, op_done_fn *done);
void op_start(struct op *op, int64_t delay); /* done() is called after it, then the op is freed */
void op_report(struct op *op, enum ferry_status status); /* DONE, to the side if it is still there */
struct side *op_side(const struct op *op);               /* NULL: gone */
void op_host_down(struct host *host);
void op_daemon_down(struct host *host);

/* host.c */
void host_init(struct world *world, uint32_t index);
void host_deinit(struct host *host);
void host_crash(struct host *host, bool reinstall);
void host_boot(struct host *host);
void host_daemon_crash(struct host *host);
void host_daemon_start(struct host *host);
void host_pause(struct host *host);
void host_resume(struct host *host);
void host_apply_refuse(struct host *host); /* a host without a daemon takes no connections */

/* journal.c */
void journal_init(struct host *host);
void journal_deinit(struct host *host);
void journal_wipe(struct host *host);
void journal_persist(struct side *side, const struct ferry_action *action);
void journal_forget(struct side *side, const struct ferry_action *action);
size_t journal_collect(
    const struct host *host, const struct move *move, struct ferry_record *records_out, size_t capacity);
const struct record *journal_find(
    const struct host *host, const struct move *move, enum ferry_record_kind kind);
bool journal_has(const struct host *host, const struct move *move);
enum scenario_session_state journal_session(const struct move *move, bool target);

/* guest.c */
void guest_init(struct world *world, uint32_t index);
void guest_deinit(struct guest *guest);
void guest_advance(struct guest *guest, int64_t now);
void guest_apply(struct guest *guest); /* lets the model run or stand as the instance and its host say */
uint32_t guest_state_digest(const struct guest *guest);
struct instance *instance_create(struct guest *guest, struct host *host); /* all pages zero, not running */
struct instance *instance_find(const struct guest *guest, const struct host *host);
void instance_destroy(struct instance *instance, bool crashed);
void instance_run(struct instance *instance, uint64_t epoch);
void instance_stop(struct instance *instance, enum sim_stop stop);
void guest_settle_at(struct guest *guest, struct instance *instance); /* the model goes on in this instance */

/* vmm.c: one function an action, all report when it is done */
void vmm_prepare(struct side *side, const struct ferry_action *action);
void vmm_collect(struct side *side, const struct ferry_action *action);
void vmm_stop_logging(struct side *side, const struct ferry_action *action);
void vmm_pause(struct side *side, const struct ferry_action *action);
void vmm_resume(struct side *side, const struct ferry_action *action);
void vmm_throttle(struct side *side, const struct ferry_action *action);
void vmm_capture(struct side *side, const struct ferry_action *action);
void vmm_load(struct side *side, const struct ferry_action *action);
void vmm_announce(struct side *side, const struct ferry_action *action);
void vmm_free(struct side *side, const struct ferry_action *action);

/* move.c */
struct move *move_begin(
    struct world *world,
    uint32_t step,
    struct guest *guest,
    struct host *to,
    int64_t asked_at);
void move_deinit(struct move *move);
void move_outcome(struct move *move, const struct ferry_outcome *outcome);
void move_side_lost(struct move *move, bool target);
void move_side_closed(struct move *move, bool target);
struct move *move_of_session(const struct world *world, struct ferry_session_id session);
struct move *move_of_ref(const struct world *world, struct scenario_move_ref ref); /* newest; NULL: not begun */
void move_instant(struct move *move, enum instant instant);
void move_conclude(struct move *move); /* at the end: says an outcome where no source is left to say it */
void move_no_room(struct world *world, uint32_t step, struct guest *guest);
void move_forgotten(struct move *move); /* its source host knows nothing of it any more */
void move_source_config(struct move *move, struct ferry_source_config *config_out);
void move_target_config(const struct move *move, struct ferry_target_config *config_out);

/* side.c */
struct side *side_create(struct move *move, bool target);
void side_post(struct side *side, const struct ferry_event *event);
void side_post_bytes(struct side *side, uint32_t attach, struct message *message, size_t skip);
void side_done(struct side *side, uint64_t action_id, enum ferry_status status);
void side_kick(struct side *side); /* actions may be waiting: take them soon */
void side_destroy(struct side *side);
void side_run_all(struct world *world);
void side_bury(struct world *world); /* frees those that are gone; nobody may be inside of one */
struct side *side_of_serial(const struct move *move, bool target, uint64_t serial);
struct ferry_trace_sink side_trace_sink(struct side *side);
void side_log_action(struct side *side, const struct ferry_action *action);

/* source_side.c, target_side.c */
bool source_side_start(struct move *move);
void source_side_restart(struct move *move);
void source_side_act(struct side *side, const struct ferry_action *action);
struct side *target_side_start(struct move *move);
void target_side_restart(struct move *move);
void target_side_act(struct side *side, const struct ferry_action *action);

/* attachment.c */
void attachment_open(struct side *side, const struct ferry_action *action);
void attachment_detach(struct side *side, const struct ferry_action *action);
void attachment_drop_side(struct move *move, bool target, bool silent); /* the side is over: close, or forget without a word */
void attachment_connected(struct channel *channel);
void attachment_broken(struct channel *channel, enum net_side at);
void attachment_probe(struct side *side, const struct ferry_action *action);
struct attach *attachment_find(const struct move *move, uint32_t number);
void attachment_set_rate(struct move *move);
void attachment_host_rates(struct host *host); /* the number of streams that share its CPU has changed */
uint32_t attachment_open_ends(const struct move *move, bool target);
void attachment_destroy(struct attach *attach);

/* channel.c */
struct channel *channel_create(struct world *world, struct move *move, struct attach *attach);
void channel_connect(struct channel *channel, uint32_t network);
void channel_event(struct world *world, const struct net_event *event);
void channel_send(struct channel *channel, enum net_side from, struct message *message);
void channel_send_control(struct side *side, const struct ferry_action *action);
void channel_close(struct channel *channel, enum net_side at, bool linger);
void channel_forget(struct channel *channel, enum net_side at); /* that host is gone: no word to anybody */
void channel_destroy(struct channel *channel);

/* message.c */
struct message *message_create(enum message_kind kind);
void message_destroy(struct message *message); /* NULL is fine */
void message_add_bytes(struct message *message, const void *data, size_t size);
struct segment *message_add_segment(struct message *message, enum segment_kind kind, uint64_t size);
void messages_push(struct message_queue *queue, struct message *message);
struct message *messages_pop(struct message_queue *queue); /* NULL: empty */
void messages_clear(struct message_queue *queue);
void messages_condemn(struct message_queue *queue, struct message_queue *condemned);

/* payload_out.c */
void payload_out_open(struct channel *channel);
void payload_out_batch(struct side *side, const struct ferry_action *action);
void payload_out_barrier(struct side *side, const struct ferry_action *action);
void payload_out_sent(struct channel *channel, struct message *message);
void payload_out_cut(struct channel *channel);   /* the connection is over: what has left of the first message */
void payload_out_close(struct channel *channel);

/* payload_in.c */
void payload_in_arrived(struct channel *channel);
void payload_in_release(struct side *side, const struct ferry_action *action);
void payload_in_close(struct channel *channel);
/* Of `count` pages as the sender read them, or as the receiver placed them: over tags, or over the real bytes. */
uint32_t payload_digest(
    struct model_payload *contents,
    const struct model_memory *memory,
    uint64_t first_page,
    uint64_t skip,
    uint64_t count);

/* observe.c: what the checkers and the timeline are told */
void observe(struct world *world, struct sim_observation observation);
void observe_running(struct guest *guest, struct host *host, uint64_t epoch);
void observe_stopped(struct guest *guest, struct host *host, enum sim_stop stop);
void observe_started(struct move *move);
void observe_trace(struct side *side, const struct ferry_trace_event *event);
/* Spans of the timeline: 0 is none, and ending it does nothing. */
size_t span_begin(struct world *world, const struct sim_span *span);
void span_end(struct world *world, size_t *handle); /* sets it to 0 */
void observe_attempt_paused(struct move *move);
void observe_attempt_over(struct move *move);
void observe_samples(struct world *world, const struct move *move);
void observe_cables(struct world *world); /* after each event; notes now and then */

/* steps.c, drain.c */
void steps_init(struct world *world);
void drain_begin(struct world *world, size_t step);
void drain_ended(struct move *move);
void drain_moved(struct move *move);

/* sim/fault/trigger.c */
void trigger_init(struct world *world);
void trigger_add(struct world *world, const struct scenario_trigger *when, trigger_fn *fire, size_t index);
void trigger_phase(struct move *move, enum scenario_phase phase, uint32_t number);
void trigger_run_due(struct world *world);

/* sim/fault/faults.c */
void faults_init(struct world *world);

/* finish.c */
void finish_run(struct world *world);

#endif
