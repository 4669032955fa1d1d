/* SPDX-License-Identifier: Apache-2.0 */
/* message.h -- the control messages of one migration, as values. Each kind has a file of its own
 * (wire/message_*.c) which declares its fields; wire/schema.c encodes and decodes by that one
 * declaration, and wire/message.c puts it into checksummed frames. docs/protocol.md shows who sends
 * what when.
 *
 * Everything that may change who runs the guest carries (attempt, epoch); the session is the
 * connection's (its preface). */
#ifndef WIRE_MESSAGE_H
#define WIRE_MESSAGE_H

#include "ferry/limits.h"
#include "ferry/policy.h"
#include "ferry/status.h"
#include "ferry/types.h"

enum wire_type {
    /* source to target */
    WIRE_OPEN = 1, /* may this guest come? */
    WIRE_RESUME,   /* a new attach of a known session: what have you got, what became of it? */
    WIRE_MANIFEST, /* this is all of attempt n: check it, load the device state, say READY */
    WIRE_ABORT,    /* attempt n is void; the guest runs on at the source */
    WIRE_GRANT,    /* the guest is yours (durable at the source) */
    WIRE_BURN,     /* never start this guest (asks for ABORTED) */
    WIRE_END,      /* the session is over: forget it (asks for CLOSED) */
    WIRE_PING,
    /* target to source */
    WIRE_ACCEPT = 32, /* SESSION is durable here, the guest's shell is ready */
    WIRE_REFUSE,
    WIRE_RESUMED, /* answer to RESUME: what was placed, and the handover's state */
    WIRE_LOST,    /* no record of this session here: proof of nothing */
    WIRE_ACK,     /* placed so far, per stream */
    WIRE_READY,
    WIRE_STARTED,
    WIRE_ABORTED, /* durable: this target never starts the guest in this session */
    WIRE_FAILED,  /* this target cannot go on (before READY) */
    WIRE_CLOSED,
    WIRE_PONG,
};

/* Optional features a side offers, mandatory ones it demands; bits. None is defined in version 1.
 */
#define WIRE_FEATURES_KNOWN 0ULL

struct wire_open {
    uint16_t version_min;
    uint16_t version_max;
    uint64_t features_offered;
    uint64_t features_required;
    uint64_t guest_id;
    uint64_t epoch;
    uint64_t source_journal_id;
    uint32_t page_size;
    uint16_t streams;
    uint8_t mode;                /* enum ferry_mode */
    ferry_time_ns abandon_after; /* the source may be away this long; the target waits at least so
                                    long before READY */
    uint64_t device_state_estimate;
    struct ferry_bytes guest_name;                  /* 1 .. FERRY_NAME_MAX */
    struct ferry_bytes guest_config;                /* 0 .. FERRY_GUEST_CONFIG_MAX */
    uint16_t region_count;                          /* 1 .. FERRY_REGIONS_MAX */
    struct ferry_region regions[FERRY_REGIONS_MAX]; /* sums within FERRY_PAGES_MAX, not overlapping,
                                                       page-aligned: checked */
};

struct wire_accept {
    uint16_t version;
    uint64_t features; /* in use */
    uint64_t target_journal_id;
    ferry_time_ns persist_ns; /* a durable write here took this long */
    ferry_time_ns load_ns;    /* estimates of this host; 0 = none */
    ferry_time_ns resume_ns;
};

struct wire_refuse {
    uint16_t code;           /* enum wire_code: stable, mapped from ferry_status */
    struct ferry_bytes text; /* 0 .. FERRY_REASON_MAX - 1, a sentence */
};

/* Where the source stands, for the target to answer in kind. */
enum wire_source_phase {
    WIRE_SOURCE_COPYING = 1, /* guest runs at the source */
    WIRE_SOURCE_ATTEMPT,     /* attempt open, nothing granted */
    WIRE_SOURCE_GRANTED,     /* granted: the source asks what became of it */
    WIRE_SOURCE_BURN,        /* granted but never sent: the source asks for a burn */
    WIRE_SOURCE_ENDED,       /* over: forget it */
};

struct wire_resume {
    uint64_t guest_id;
    uint64_t epoch;
    uint64_t source_journal_id;
    uint64_t target_journal_id; /* 0 if not known yet */
    uint32_t attempt;           /* the newest attempt opened, 0 = none */
    uint8_t phase;              /* enum wire_source_phase */
    uint32_t round;             /* the source's round */
    uint16_t streams;           /* of this attach; 0: a question only, no payload will follow */
};

struct wire_stream_sum {
    uint64_t batches; /* of this attempt, on this stream */
    uint64_t bytes;
    uint32_t digest; /* running over the batches */
};

struct wire_manifest {
    uint32_t attempt;
    uint64_t epoch;
    uint32_t round;
    uint64_t state_size;
    uint32_t state_digest;
    uint16_t stream_count;
    struct wire_stream_sum streams[FERRY_STREAMS_MAX]; /* of the current attach, in this attempt */
};

/* ABORT, GRANT, BURN, ABORTED */
struct wire_attempt {
    uint32_t attempt;
    uint64_t epoch;
};

enum wire_end_fate {
    WIRE_END_STAYED = 0,  /* the guest is the source's */
    WIRE_END_MOVED = 1,   /* the target's */
    WIRE_END_CLAIMED = 2, /* the source's, by an operator's claim: also if the target owned it */
};

struct wire_end {
    uint32_t attempt;
    uint64_t epoch;
    uint8_t moved; /* enum wire_end_fate */
};

struct wire_ping {
    uint64_t nonce;
};

struct wire_pong {
    uint64_t nonce; /* the PING's */
    ferry_time_ns
        persist_ns; /* the newest durable write at the target took this long; 0 = none yet */
};

struct wire_ack {
    uint32_t attach;
    uint32_t round; /* newest round whose barrier all streams have reached; 0xffffffff = none */
    uint16_t stream_count;
    uint64_t last_batch[FERRY_STREAMS_MAX]; /* number of the last batch placed on that stream of
                                               this attach, 0 = none */
};
#define WIRE_ROUND_NONE UINT32_MAX

enum wire_target_phase {
    WIRE_TARGET_RECEIVING = 1,
    WIRE_TARGET_READY,     /* of `attempt` */
    WIRE_TARGET_STARTED,   /* owner (durable): runs the guest, or is about to */
    WIRE_TARGET_BURNED,    /* durable */
    WIRE_TARGET_UNDECIDED, /* a record is being written, or its write failed: an answer may follow,
                              or a restart tells */
};

struct wire_resumed {
    uint32_t attach;
    uint8_t phase; /* enum wire_target_phase */
    uint32_t attempt;
    uint64_t epoch;
    uint64_t target_journal_id;
    uint32_t round;      /* as in ACK */
    uint32_t old_attach; /* the newest older attach that carried payload; 0 = none */
    uint16_t stream_count;
    uint64_t last_batch[FERRY_STREAMS_MAX]; /* of old_attach */
};

struct wire_ready {
    uint32_t attempt;
    uint64_t epoch;
    ferry_time_ns load_ns; /* from all received to READY: verify, device state in */
};

struct wire_started {
    uint32_t attempt;
    uint64_t epoch; /* the new one */
    ferry_time_ns owner_persist_ns;
    ferry_time_ns resume_ns;
    ferry_time_ns running_for_ns; /* since the guest runs here: this message may come long after */
    uint8_t alive; /* 0: it is this host's, durably, but its process died before it could run */
};

struct wire_failed {
    uint16_t code; /* enum wire_code */
    struct ferry_bytes text;
};

struct wire_message {
    enum wire_type type;
    union {
        struct wire_open open;
        struct wire_resume resume;
        struct wire_manifest manifest;
        struct wire_attempt attempt; /* ABORT, GRANT, BURN, ABORTED */
        struct wire_end end;
        struct wire_ping ping;
        struct wire_pong pong;
        struct wire_accept accept;
        struct wire_refuse refuse;
        struct wire_resumed resumed;
        struct wire_ack ack;
        struct wire_ready ready;
        struct wire_started started;
        struct wire_failed failed;
        /* LOST, CLOSED: no fields */
    } body;
};

/* Stable codes of errors on the wire; one mapping to and from ferry_status (wire/code.c). */
enum wire_code {
    WIRE_CODE_OTHER = 1,
    WIRE_CODE_MEMORY,
    WIRE_CODE_BUSY,
    WIRE_CODE_OWNER,
    WIRE_CODE_JOURNAL,
    WIRE_CODE_VERSION,
    WIRE_CODE_FEATURE,
    WIRE_CODE_PROTOCOL,
    WIRE_CODE_GUEST,
    WIRE_CODE_STREAMS,
    WIRE_CODE_SIZE,
};
enum wire_code wire_code_of_status(enum ferry_status status);
enum ferry_status wire_status_of_code(uint16_t code); /* unknown codes: REFUSED_OTHER */

const char *wire_type_name(enum wire_type type); /* "READY"; never NULL */
/* The attempt that a message carries, 0 if its type has none. */
uint32_t wire_message_attempt(const struct wire_message *message);

/* Encode into out[0 .. capacity), whole frame with header. LIMIT_SIZE if it does not fit. */
FERRY_NODISCARD
enum ferry_status wire_message_encode(
    const struct wire_message *message, uint8_t *out, size_t capacity, size_t *size_out);
/* Decode one frame's payload. Borrowed bytes in the message point into `payload`. Untouched on
 * failure. */
FERRY_NODISCARD
enum ferry_status wire_message_decode(
    enum wire_type type, struct ferry_bytes payload, struct wire_message *message_out);

/* Reassembles control frames from a byte stream, in memory of its own (bounded by
 * FERRY_CONTROL_PAYLOAD_MAX). */
struct wire_reader {
    uint8_t *buffer; /* capacity FERRY_CONTROL_PAYLOAD_MAX + header, given by the owner */
    size_t capacity;
    size_t used;
    size_t consumed; /* of used: the frame handed out last, dropped at the next call */
};
#define WIRE_READER_CAPACITY (FERRY_CONTROL_PAYLOAD_MAX + 16U)
void wire_reader_reset(struct wire_reader *reader); /* forget everything: a new connection */
/* Takes as much of *input as it can (advances it). *found_out: a message is in message_out (valid
 * until the next call). Call until *found_out is false. A frame error is final for the connection.
 */
FERRY_NODISCARD
enum ferry_status wire_reader_next(
    struct wire_reader *reader,
    struct ferry_bytes *input,
    bool *found_out,
    struct wire_message *message_out);

#endif
