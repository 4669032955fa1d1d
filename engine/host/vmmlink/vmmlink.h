/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vmmlink.h -- the daemon's end of a guest's process: start one, speak with it, never wait for it.
 *
 *   IDLE --connect--> GREETING --hello--> UP --vanished, bad message, replaced--> LOST
 *
 * Invariants:
 *   L-1 No call blocks, and none calls back into the caller: completions and events come from
 *       vmmlink_ready() and vmmlink_tick() only.
 *   L-2 Each request that was taken (VMMLINK_OK from its call) is completed exactly once: with the
 *       VMM's answer, with VMMLINK_TIMEOUT, or with VMMLINK_LOST when the link goes down. Requests
 *       are carried out in their order; a late answer to one that timed out is dropped.
 *   L-3 Nothing of the VMM is trusted: every length is checked, memory that was passed across is
 *       sealed against shrinking, so that touching it can never raise SIGBUS.
 *   L-4 Losing the link does nothing to the guest. A new link to the same socket finds it as it
 *       is, and ends an older one (which sees LOST with the reason "replaced").
 *
 * Use: make a link, put vmmlink_fd() into the event loop (readable always, writable while
 * vmmlink_wants_write()), call vmmlink_ready() when it is ready and vmmlink_tick() at
 * vmmlink_deadline(). Inside a callback every call on the same link is allowed but
 * vmmlink_destroy(). All pointers in a reply or event are valid during the callback only; the
 * memory of vmmlink_guest() as long as the link lives, also after LOST.
 *
 * The protocol itself: protocol.h, docs/vmm-protocol.md.
 */
#ifndef FERRY_VMMLINK_H
#define FERRY_VMMLINK_H

#include "ferry/limits.h"
#include "ferry/types.h"

#include <sys/types.h>

/* The VMM uses at most this many regions (RAM below and above the PCI hole). */
#define VMMLINK_REGIONS_MAX 4

/* Requests that may be under way on one link. */
#define VMMLINK_REQUESTS_MAX 32

/* Room for the device state in the memory that is shared: one region of at most so much. */
#define VMMLINK_STATE_MAX (1U << 20)

/* What a request or a link ended with. The sentence beside it says where and why. */
#define VMMLINK_STATUS_TABLE(ENTRY)                                                    \
    ENTRY(OK, "no error")                                                              \
    ENTRY(LOST, "the connection to the guest's process ended")                         \
    ENTRY(TIMEOUT, "the guest's process did not answer in time")                       \
    ENTRY(PROTOCOL, "the guest's process broke the protocol")                          \
    ENTRY(VERSION, "the guest's process speaks no version that this daemon speaks")    \
    ENTRY(BUSY, "too many requests are under way")                                     \
    ENTRY(STATE, "not possible in the guest's present state")                          \
    ENTRY(STALE_EPOCH, "the order carries an older epoch than one carried out before") \
    ENTRY(BAD_STATE_BLOB, "the device state is damaged or of another kind of machine") \
    ENTRY(INVALID, "a field of the request is out of its bounds")                      \
    ENTRY(KVM, "a call to the kernel's KVM failed")                                    \
    ENTRY(MEMORY, "no memory")                                                         \
    ENTRY(DISK, "the guest's disk image cannot be used")                               \
    ENTRY(SYSTEM, "a system call failed")

#define VMMLINK_STATUS_ENTRY(name, sentence) VMMLINK_##name,
enum vmmlink_status { VMMLINK_STATUS_TABLE(VMMLINK_STATUS_ENTRY) VMMLINK_STATUS_COUNT };
#undef VMMLINK_STATUS_ENTRY

const char *vmmlink_status_name(enum vmmlink_status status);     /* "STALE_EPOCH"; never NULL */
const char *vmmlink_status_sentence(enum vmmlink_status status); /* never NULL */

/* ---- Starting a process ------------------------------------------------------------------- */

/* A guest's configuration: opaque to the daemon and the engine, at most FERRY_GUEST_CONFIG_MAX
 * bytes, moves with the guest (PREPARE_GUEST). guestconfig.h reads and writes it. */
struct vmmlink_spawn {
    const char *program;     /* path of ferry-vmm; NULL: beside the running program, else $PATH */
    const char *socket_path; /* at most 107 bytes; its folder exists */
    const char *guest;       /* the guest's name, 1 to FERRY_NAME_MAX bytes */
    struct ferry_bytes config;
    bool incoming; /* memory stays all zero, the guest comes by load(): a migration's target */
    const char *log_path; /* where the process's standard error goes, appended; NULL: inherited */
};

/* Starts a ferry-vmm in a session of its own and returns at once; it can be connected to from then
 * on (the socket listens already). It is a child of the caller, who reaps it. Refused: a VMM that
 * is alive at that socket (STATE), a bad field (INVALID), no program or socket (SYSTEM). What is
 * wrong inside (no /dev/kvm, no memory, a bad configuration) comes as the answer to the hello: the
 * link's `up` never comes, `lost` gives the VMM's own status and reason. reason: at least 1 byte,
 * gets a sentence when the result is not OK. */
FERRY_NODISCARD
enum vmmlink_status
vmmlink_spawn(const struct vmmlink_spawn *spawn, pid_t *pid_out, char *reason, size_t reason_size);

/* ---- What the link says of its own accord --------------------------------------------------- */

enum vmmlink_guest_state {
    VMMLINK_GUEST_FRESH = 1, /* never ran; its program is loaded */
    VMMLINK_GUEST_INCOMING,  /* never ran; waits for memory and state */
    VMMLINK_GUEST_LOADED,    /* state loaded: only the run call is left */
    VMMLINK_GUEST_RUNNING,
    VMMLINK_GUEST_PAUSED,
    VMMLINK_GUEST_DIED, /* the machine stopped by itself (triple fault, KVM error); RAM is kept */
};
const char *vmmlink_guest_state_name(enum vmmlink_guest_state state); /* "RUNNING"; never NULL */

/* The last run order that was carried out; all 0 = none ever was. */
struct vmmlink_run_token {
    struct ferry_session_id session;
    uint32_t attempt;
    uint64_t epoch;
};

/* What the hello told. `ram` is one mapping: page index p (flat, over the regions in order) lies
 * at ram + p * 4096, and in the file ram_fd at the same offset. */
struct vmmlink_guest {
    const char *name;
    pid_t pid;
    int pidfd; /* for signals without a race, readable when the process is gone; -1: none */
    struct ferry_bytes config; /* as given when it was spawned */
    uint32_t region_count;
    struct ferry_region regions[VMMLINK_REGIONS_MAX];
    uint64_t pages; /* sum over the regions */
    uint8_t *ram;   /* mapped read/write */
    int ram_fd;
    uint64_t ram_page_size; /* 4096, or 2 MiB with explicit huge pages (the memfd's) */
    const uint64_t *bitmap; /* bit p: page p is in the round; changed by collect() only */
    uint64_t bitmap_words;
    uint8_t *state; /* VMMLINK_STATE_MAX bytes, read/write: capture() fills it, load() reads it */
    int state_fd;
    uint32_t vcpus;
    uint64_t tsc_khz;
    enum vmmlink_guest_state guest_state; /* at the hello, then kept up by replies and events */
    bool logging;                         /* dirty logging is on (left by an earlier client) */
    struct vmmlink_run_token last_run;
};

/* The guest's own account, from its report page. Times: guest-visible nanoseconds. */
struct vmmlink_report {
    uint64_t heartbeats;       /* counts up for ever, over moves too */
    uint64_t heartbeat_ns;     /* guest-visible time of the last beat since its first start */
    uint64_t longest_gap_ns;   /* between two beats: the longest pause as seen from inside */
    uint64_t last_gap_ns;      /* the longest gap since the last run order (the last move) */
    uint64_t backward_steps;   /* how often the guest's clock went backwards */
    uint64_t pages_owned;      /* pages that carry address, generation and checksum */
    uint64_t pages_written;    /* writes of its workload, in pages */
    uint64_t pages_checked;    /* by its background check, since its first start */
    uint64_t full_checks;      /* completed, of those asked for by check() */
    uint64_t bad_pages;        /* ever found; more than 0 means that memory was damaged */
    uint64_t first_bad_page;   /* flat page index, valid when bad_pages > 0 */
    uint32_t first_bad_reason; /* enum vmmlink_bad_page */
    uint32_t workload_ready;   /* the memory is filled, the workload runs */
};

enum vmmlink_bad_page {
    VMMLINK_BAD_NONE,
    VMMLINK_BAD_ADDRESS,    /* it carries another page's address: misplaced */
    VMMLINK_BAD_CHECKSUM,   /* torn or damaged */
    VMMLINK_BAD_GENERATION, /* an older content than the guest wrote last: lost or old */
    VMMLINK_BAD_ZERO,       /* all zero though it was written: never arrived */
    VMMLINK_BAD_REGISTERS,  /* a register of the vCPU was lost; the "page" is its number */
    VMMLINK_BAD_DISK,       /* the disk gave back another content; the "page" is a 64 KiB block */
};
const char *vmmlink_bad_page_name(uint32_t reason); /* "GENERATION"; never NULL */

/* All slots are required. */
struct vmmlink_observer {
    /* The hello is done: guest is complete and stays valid as long as the link. */
    void (*up)(void *context, const struct vmmlink_guest *guest);
    /* The link is down for good; all requests have been completed. Not called by destroy(). */
    void (*lost)(void *context, enum vmmlink_status status, const char *reason);
    /* The machine stopped by itself. The process still answers (capture is refused). */
    void (*died)(void *context, const char *reason);
    /* New text on the guest's serial line; `offset` counts all bytes ever written. Bytes that the
     * ring lost before they were read are skipped: offset jumps. */
    void (*serial)(void *context, uint64_t offset, const char *text, size_t size);
    /* The guest asked to be heard: a full check ended, or it found its first bad page. */
    void (*report)(void *context, const struct vmmlink_report *report);
    void *context;
};

/* ---- A link --------------------------------------------------------------------------------- */

struct vmmlink;

struct vmmlink_config {
    const char *socket_path;
    const struct vmmlink_observer *observer; /* copied */
    ferry_time_ns hello_timeout;             /* 0: 30 s (prefaulting may come before the answer) */
};

/* Connects (also: again, after a restart of the daemon; the same call). Fails at once when nobody
 * listens there (LOST) or descriptors are used up (SYSTEM). */
FERRY_NODISCARD
enum vmmlink_status vmmlink_create(
    const struct vmmlink_config *config,
    ferry_time_ns now,
    struct vmmlink **link_out,
    char *reason,
    size_t reason_size);
/* Unmaps, closes; completes nothing; the guest runs on. NULL is fine. */
void vmmlink_destroy(struct vmmlink *link);

int vmmlink_fd(const struct vmmlink *link); /* -1 when lost */
bool vmmlink_wants_write(const struct vmmlink *link);
ferry_time_ns vmmlink_deadline(const struct vmmlink *link); /* FERRY_TIME_NEVER if none */
void vmmlink_ready(struct vmmlink *link, ferry_time_ns now);
void vmmlink_tick(struct vmmlink *link, ferry_time_ns now);
bool vmmlink_is_up(const struct vmmlink *link);
const struct vmmlink_guest *vmmlink_guest(const struct vmmlink *link); /* NULL before the hello */

/* ---- Requests ------------------------------------------------------------------------------- */

/* Times are durations measured inside the VMM with CLOCK_MONOTONIC, ns. */
struct vmmlink_reply {
    uint64_t request; /* its id, as given by the call */
    enum vmmlink_status status;
    const char *reason;                   /* a sentence, "" when OK */
    ferry_time_ns took;                   /* in the VMM, from reading the request to answering it */
    enum vmmlink_guest_state guest_state; /* after it */
    union {
        struct {
            uint64_t dirty_pages;  /* bits set in the bitmap */
            uint64_t new_pages;    /* of these, set by this collection and not before */
            uint64_t device_pages; /* that the VMM itself wrote (rings, buffers), in new_pages */
        } collect;
        struct {
            ferry_time_ns stopping;  /* from the order to the last vCPU's stop */
            ferry_time_ns draining;  /* device requests completed */
            ferry_time_ns paused_at; /* CLOCK_REALTIME, ns, when nothing ran any more */
        } pause;
        struct {
            uint64_t size;   /* bytes at the beginning of guest->state */
            uint32_t crc32c; /* of these */
        } capture;
        struct {
            bool was_running; /* the order had been carried out before: nothing was done */
            /* The state came by load(): guest-visible time minus real time that passed between
             * pause and run; a guest that saw its clock stand still has -blackout. */
            ferry_time_ns clock_step;
            ferry_time_ns running_at; /* CLOCK_REALTIME, ns */
        } run;
        struct {
            struct vmmlink_report report;
            bool report_valid; /* the guest has a report page (it is ferry's test guest) */
            bool logging;
            uint32_t throttle_percent;
            ferry_time_ns vcpu_time; /* CPU time of all vCPU threads */
            uint64_t exits;          /* of all vCPUs */
            uint64_t serial_bytes;   /* ever written */
            uint64_t disk_requests;  /* completed */
            struct vmmlink_run_token last_run;
        } counters;
    };
};
typedef void (*vmmlink_done)(void *context, const struct vmmlink_reply *reply);

/* One request's terms: who hears of its end, and when at the latest. */
struct vmmlink_call {
    vmmlink_done done; /* not NULL */
    void *context;
    ferry_time_ns timeout; /* 0: 10 s */
    ferry_time_ns now;
};

/* How a collection treats the round's bitmap. */
enum vmmlink_collect {
    VMMLINK_COLLECT_FIRST = 1, /* begin logging; the bitmap is set to all pages (round 0) */
    VMMLINK_COLLECT_REPLACE,   /* the bitmap becomes what was written since the last collection */
    VMMLINK_COLLECT_KEEP,      /* what was written since is added to it */
};

/* Reads the dirty log and protects again, adds the VMM's own writes. With the guest running or
 * paused. FIRST when logging is on already: begins anew, all pages set. Answer: reply->collect. */
FERRY_NODISCARD
enum vmmlink_status
vmmlink_collect(struct vmmlink *link, enum vmmlink_collect how, const struct vmmlink_call *call);
/* Ends logging; idempotent. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_stop_logging(struct vmmlink *link, const struct vmmlink_call *call);
/* Stops the vCPUs, completes the devices' requests, flushes. Idempotent. reply->pause. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_pause(struct vmmlink *link, const struct vmmlink_call *call);
/* Saves all state of the paused guest into guest->state. STATE unless paused. reply->capture. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_capture(struct vmmlink *link, const struct vmmlink_call *call);
/* Loads `size` bytes of guest->state into the stopped guest: only the run call is left then. May
 * be repeated before run (a later attempt). BAD_STATE_BLOB leaves the guest INCOMING. */
FERRY_NODISCARD
enum vmmlink_status
vmmlink_load(struct vmmlink *link, uint64_t size, const struct vmmlink_call *call);
/* Runs the guest: first start, resume after a pause, or start of a moved one. Idempotent: running
 * already is OK with was_running. Refused: an epoch below that of the last run (STALE_EPOCH), an
 * incoming guest that is not loaded, a dead one (STATE). */
FERRY_NODISCARD
enum vmmlink_status vmmlink_run(
    struct vmmlink *link, const struct vmmlink_run_token *token, const struct vmmlink_call *call);
/* vCPUs sleep `percent` of their time, 0 .. 99. */
FERRY_NODISCARD
enum vmmlink_status
vmmlink_throttle(struct vmmlink *link, uint32_t percent, const struct vmmlink_call *call);
/* reply->counters. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_status(struct vmmlink *link, const struct vmmlink_call *call);
/* Asks the guest to check every page that it owns. Answered at once with OK; the end of the check
 * comes as the observer's `report` (full_checks has grown). STATE unless running. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_check(struct vmmlink *link, const struct vmmlink_call *call);
/* Ends the process: the guest is destroyed. Answered, then the link is lost. */
FERRY_NODISCARD
enum vmmlink_status vmmlink_quit(struct vmmlink *link, const struct vmmlink_call *call);

/* Kills the process (SIGKILL by pidfd): the way out when it does not answer. */
void vmmlink_kill(struct vmmlink *link);

/* The guest's heartbeat count, read from shared memory without a message; 0 without a report. */
uint64_t vmmlink_heartbeats(const struct vmmlink *link);

#endif
