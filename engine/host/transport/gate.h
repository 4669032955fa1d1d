/* SPDX-License-Identifier: Apache-2.0 */
/* gate.h -- where connections are born: listens, dials, makes the TLS handshake, and reads the
 * preface of what came in. A thread of its own, so that no peer, however slow or hostile, delays the
 * loop; the owner hears of a connection when it is ready, or why it never will be.
 *
 *   accepted --handshake--> --preface (40 bytes)--> ACCEPTED report   } each with one deadline for
 *   dial --TCP--> --handshake, and the peer's yes--> DIALLED report   } the whole way
 *   any of them --error, deadline, close--> report with the named failure
 *
 * Promises:
 *  G-1 Each dial is reported exactly once. Each accepted connection is reported exactly once.
 *  G-2 A dialled TLS connection is reported as good only when the peer has accepted our certificate
 *      too: a refusal is a failed dial with its reason, never a connection that breaks later.
 *  G-3 Not more than unrouted_max accepted connections wait here for handshake or preface. When one
 *      more comes, the oldest of them is closed (CROWDED). Each holds a bounded buffer.
 *  G-4 Nothing behind the preface has been read from the connection.
 *
 * Names: with TLS, a dialled peer's certificate must carry the name that was asked for; the
 * certificate of an accepted one must carry one of the configured names, and the report says which. */
#ifndef FERRY_HOST_TRANSPORT_GATE_H
#define FERRY_HOST_TRANSPORT_GATE_H

#include "engine/host/transport/connection.h"
#include "engine/host/transport/security.h"
#include "ferry/stream.h"

/* Defaults; see struct transport_gate_config. */
#define TRANSPORT_UNROUTED_MAX    256U
#define TRANSPORT_ACCEPT_DEADLINE (5 * FERRY_SECOND)
/* Addresses that one gate listens on. */
#define TRANSPORT_LISTEN_MAX 16U
/* Dials under way at once: 64 streams and a control connection for several migrations. */
#define TRANSPORT_DIALS_MAX 1024U

enum transport_gate_report_kind {
    TRANSPORT_REPORT_DIALLED = 1, /* dial, connection or failure */
    TRANSPORT_REPORT_ACCEPTED,    /* connection, preface; failure: somebody who did not get in */
    TRANSPORT_REPORT_STOPPED,     /* the last one: see transport_gate_stop() */
};

struct transport_gate_report {
    enum transport_gate_report_kind kind;
    uint64_t dial;                           /* DIALLED: as it was given */
    struct transport_connection *connection; /* the receiver's now; NULL: failed */
    struct ferry_preface preface;            /* ACCEPTED, when connection is not NULL */
    struct transport_failure failure;        /* when connection is NULL; names the address */
};

/* Called on the gate's thread. Must not call the gate, except stop and cancel, and must copy the
 * report. Typically: puts a copy into the loop's queue. It owns report->connection from here. */
typedef void (*transport_gate_post)(void *context, const struct transport_gate_report *report);

struct transport_gate;

struct transport_gate_config {
    struct transport_security *security; /* borrowed for the life of the gate */
    const char *const *peers;            /* names that accepted certificates may carry; copied */
    size_t peer_count;
    uint32_t unrouted_max;         /* 0: the default */
    ferry_time_ns accept_deadline; /* handshake and preface together; 0: the default */
    transport_gate_post post;
    void *post_context;
};

/* NULL with failure_out filled: MEMORY, SYSTEM. */
struct transport_gate *transport_gate_create(
    const struct transport_gate_config *config, struct transport_failure *failure_out);

/* Adds an address (numeric; "0.0.0.0", "::" for all) to listen on; port 0: any, port_out says which
 * (NULL: nobody asks). False with failure_out: ADDRESS, LISTEN. Any thread. */
bool transport_gate_listen(
    struct transport_gate *gate,
    const char *address,
    uint16_t port,
    uint16_t *port_out,
    struct transport_failure *failure_out);

struct transport_dial {
    uint64_t dial;       /* the caller's name for it, unique among those under way */
    const char *address; /* numeric; copied */
    const char *local;   /* address to connect from; NULL: the system's choice; copied */
    const char *peer;    /* name that the peer's certificate must carry; copied */
    uint16_t port;
    ferry_time_ns deadline; /* from now, for everything */
};

/* Starts it; the rest is told by the DIALLED report. False: no memory or too many (no report). Any
 * thread. */
bool transport_gate_dial(struct transport_gate *gate, const struct transport_dial *dial);
/* The dial, if it is still under way, is reported as CANCELLED. Any thread. */
void transport_gate_cancel(struct transport_gate *gate, uint64_t dial);

/* Other peers' names from now on (the configuration was read again). Any thread. False: no memory,
 * and nothing was changed. */
bool transport_gate_set_peers(
    struct transport_gate *gate, const char *const *peers, size_t peer_count);

/* Stops listening, fails what is under way (CANCELLED), reports STOPPED, after which nothing comes.
 * Returns at once. Any thread. */
void transport_gate_stop(struct transport_gate *gate);
/* Stops if that was not done, waits for the thread (which ends at once, as long as post returns),
 * frees everything. NULL is fine. */
void transport_gate_destroy(struct transport_gate *gate);

#endif
