/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.h -- one connection on its way through the gate.
 *
 *   dial:      NEW --connect()--> CONNECTING --> HANDSHAKE (with TLS) --> good
 *   accepted:                                    HANDSHAKE (with TLS) --> PREFACE --> good
 *   any of them --> failed
 *
 * Nothing here waits; the gate calls attempt_step() when the socket is ready for what
 * attempt_events() wants, and keeps the deadline. */
#ifndef FERRY_HOST_TRANSPORT_ATTEMPT_H
#define FERRY_HOST_TRANSPORT_ATTEMPT_H

#include "engine/host/transport/endpoint.h"
#include "engine/host/transport/gate.h"
#include "engine/host/transport/tls.h"

/* Names of peers, shared by the attempts that began while they were the configured ones. */
struct peer_names {
    size_t references; /* guarded by the gate's lock */
    size_t count;
    char **names;
};

/* NULL: no memory. */
struct peer_names *peer_names_create(const char *const *names, size_t count);
void peer_names_destroy(struct peer_names *names); /* NULL is fine */

enum attempt_phase { ATTEMPT_NEW, ATTEMPT_CONNECTING, ATTEMPT_HANDSHAKE, ATTEMPT_PREFACE };

/* What the gate's epoll set points to. */
enum watch_kind { WATCH_WAKE, WATCH_LISTENER, WATCH_ATTEMPT };
struct watch {
    enum watch_kind kind;
    int fd; /* -1: not watched */
};

struct attempt {
    struct watch watch; /* first: the epoll set points here */
    uint32_t watched;   /* events that the epoll set has */
    enum attempt_phase phase;
    bool dialling;
    bool cancelled; /* guarded by the gate's lock */
    ferry_time_ns deadline;
    struct transport_security *security;
    struct transport_connection *connection; /* from CONNECTING on */
    struct transport_failure failure;
    struct attempt *next;
    struct attempt *previous;
    char address_text[ENDPOINT_TEXT_MAX];

    /* dialling */
    uint64_t dial;
    char peer[FERRY_NAME_MAX + 1];
    const char *peer_list[1]; /* points to peer */
    char address[64];
    char local[64];
    uint16_t port;

    /* accepted */
    struct peer_names *names;
    size_t preface_size;
    uint8_t preface[FERRY_PREFACE_SIZE];
    struct ferry_preface decoded;
};

/* A copy of what is to be dialled. NULL: no memory. */
struct attempt *
attempt_dial(const struct transport_dial *dial, struct transport_security *security);
/* Takes the socket over. NULL: no memory, and the socket is still the caller's. */
struct attempt *attempt_accept(
    int fd,
    const union endpoint *from,
    struct peer_names *names,
    struct transport_security *security);
/* Closes what it has; the names' reference is the gate's business. */
void attempt_destroy(struct attempt *attempt);

/* Goes on as far as it can. WAIT, MOVED (good: the connection may be taken), FAILED (failure). */
enum transport_progress attempt_step(struct attempt *attempt);
/* Events of epoll that it waits for. */
uint32_t attempt_events(const struct attempt *attempt);
/* Fails it for the deadline's sake, saying what was waited for. */
void attempt_expire(struct attempt *attempt);

#endif
