/* SPDX-License-Identifier: Apache-2.0 */
/* hostile.h -- one real engine, and a peer that is an input: what the peer says, when, over which connections; what goes
 * wrong on the engine's own host; how long things take.
 *
 * The two targets (hostile_source_fuzz.c, hostile_target_fuzz.c) share the script and differ in whom they play. */
#ifndef FUZZ_HOSTILE_H
#define FUZZ_HOSTILE_H

#include "fuzz/input/script.h"
#include "fuzz/rig/rig.h"

/* A kind with this bit is done at the same instant as the next one; otherwise a millisecond passes. */
#define HOSTILE_AT_ONCE 0x80U

enum hostile_kind {
    HOSTILE_TIME = 0, /* time: so long nothing is said */
    HOSTILE_CONNECT,  /* number of the attach, less or more than expected; streams */
    HOSTILE_BREAK,    /* the newest connection breaks */
    HOSTILE_SAY, /* type, then changes: a message as an honest peer would say it now, but for these */
    HOSTILE_FRAMES, /* bytes on the control connection; lengths as they are, checksums made right */
    HOSTILE_RAW,    /* bytes on the control connection, as they are */
    HOSTILE_OLD,    /* the same, on an older connection */
    HOSTILE_CRASH,  /* flags as pair.h has them */
    HOSTILE_RESTART,
    HOSTILE_JOURNAL, /* enum rig_journal, delay */
    HOSTILE_TAMPER,  /* action kind, flags, delay */
    HOSTILE_ORDER,   /* an operator's, on the engine's host */
    /* playing the source */
    HOSTILE_BATCH,    /* stream, first page, pages, attempt: a batch that is right */
    HOSTILE_STATE,    /* stream, attempt: device state that is right */
    HOSTILE_BARRIER,  /* stream (or all), attempt */
    HOSTILE_MANIFEST, /* attempt, changes: of what was sent in truth */
    HOSTILE_PAYLOAD,  /* stream, bytes: frames on a payload connection, checksums made right */
    /* playing the target */
    HOSTILE_ACK, /* of all that has left */
    HOSTILE_KINDS
};

/* HOSTILE_SAY's number of an ACK. */
#define HOSTILE_TYPE_ACK 4U

struct hostile {
    struct rig *rig;
    enum rig_side engine; /* the side that is real */
    uint32_t attach;      /* newest that the peer knows */
    uint32_t attempt;     /* newest that was seen or said */
    uint32_t round;       /* playing the source: under way */
    uint64_t batch;       /* playing the source: last number */
    uint32_t sum_attempt;
    struct wire_stream_sum sums[RIG_STREAMS_MAX];
    uint64_t bitmap;
};

/* What an honest peer would say now, more or less: each argument byte changes one thing. */
struct wire_message
hostile_plausible(const struct hostile *hostile, uint8_t type, struct script_record *changes);
/* What every script has; false: the kind is the other file's. */
bool hostile_common(struct hostile *hostile, uint32_t kind, struct script_record record);
void hostile_say(struct hostile *hostile, struct wire_message message);
void hostile_bytes(struct hostile *hostile, uint32_t attach, struct ferry_bytes bytes);
/* Runs a script with `act` for the kinds that are one side's own. */
typedef void (*hostile_act)(struct hostile *hostile, uint32_t kind, struct script_record record);
void hostile_run(struct hostile *hostile, struct script script, hostile_act act);
/* The peer is gone for good, and the engine's host is well again: runs until nothing is left to happen, or until done()
 * says so. */
void hostile_end(struct hostile *hostile, bool (*done)(const struct hostile *hostile));

#endif
