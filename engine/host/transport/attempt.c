/* SPDX-License-Identifier: Apache-2.0 */
/* attempt.c -- see attempt.h. */
#include "engine/host/transport/attempt.h"

#include "engine/host/transport/connection_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* ---- names ---- */

void peer_names_destroy(struct peer_names *names)
{
    if (names != NULL) {
        for (size_t i = 0; i < names->count; i++) {
            free(names->names[i]);
        }
        free(names->names);
        free(names);
    }
}

struct peer_names *peer_names_create(const char *const *names, size_t count)
{
    struct peer_names *copy = calloc(1, sizeof(*copy));
    if (copy == NULL) {
        return NULL;
    }
    copy->references = 1;
    copy->names = calloc(count + 1, sizeof(*copy->names));
    bool good = copy->names != NULL;
    for (size_t i = 0; i < count && good; i++) {
        copy->names[i] = strdup(names[i]);
        good = copy->names[i] != NULL;
        copy->count = i + 1;
    }
    if (!good) {
        peer_names_destroy(copy);
        return NULL;
    }
    return copy;
}

/* ---- life ---- */

struct attempt *attempt_dial(const struct transport_dial *dial, struct transport_security *security)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    if (attempt == NULL) {
        return NULL;
    }
    attempt->watch = (struct watch){.kind = WATCH_ATTEMPT, .fd = -1};
    attempt->phase = ATTEMPT_NEW;
    attempt->dialling = true;
    attempt->security = security;
    attempt->dial = dial->dial;
    attempt->port = dial->port;
    (void)snprintf(attempt->address, sizeof(attempt->address), "%s", dial->address);
    (void)snprintf(
        attempt->local, sizeof(attempt->local), "%s", dial->local != NULL ? dial->local : "");
    (void)snprintf(attempt->peer, sizeof(attempt->peer), "%s", dial->peer);
    (void)snprintf(
        attempt->address_text,
        sizeof(attempt->address_text),
        "%.63s:%u",
        dial->address,
        (unsigned)dial->port);
    attempt->peer_list[0] = attempt->peer;
    return attempt;
}

/* The socket has its connection, and with TLS its session, from here on. */
static bool adopt(struct attempt *attempt, int fd)
{
    attempt->connection = transport_connection_plain(fd);
    if (attempt->connection == NULL) {
        return false;
    }
    attempt->watch.fd = fd;
    endpoint_tune(fd);
    return true;
}

/* True without TLS, too. */
static bool begin_handshake(struct attempt *attempt)
{
    struct tls_names names = {.names = attempt->peer_list, .count = 1};
    if (!transport_security_is_encrypted(attempt->security)) {
        return true;
    }
    if (!attempt->dialling) {
        names.names = (const char *const *)attempt->names->names;
        names.count = attempt->names->count;
    }
    attempt->connection->tls =
        tls_create(attempt->security, attempt->watch.fd, attempt->dialling, names);
    attempt->phase = ATTEMPT_HANDSHAKE;
    return attempt->connection->tls != NULL;
}

struct attempt *attempt_accept(
    int fd,
    const union endpoint *from,
    struct peer_names *names,
    struct transport_security *security)
{
    struct attempt *attempt = calloc(1, sizeof(*attempt));
    if (attempt == NULL) {
        return NULL;
    }
    attempt->watch = (struct watch){.kind = WATCH_ATTEMPT, .fd = -1};
    attempt->security = security;
    attempt->names = names;
    attempt->phase = ATTEMPT_PREFACE;
    (void)endpoint_print(from, attempt->address_text);
    if (!adopt(attempt, fd)) {
        free(attempt);
        return NULL;
    }
    if (!begin_handshake(attempt)) {
        attempt->connection->fd = -1; /* the caller closes it */
        transport_connection_destroy(attempt->connection);
        free(attempt);
        return NULL;
    }
    return attempt;
}

void attempt_destroy(struct attempt *attempt)
{
    transport_connection_destroy(attempt->connection);
    free(attempt);
}

/* ---- dialling ---- */

static enum transport_progress
refuse(struct attempt *attempt, enum transport_error error, const char *why)
{
    (void)transport_fail(&attempt->failure, error, "%s", why);
    return TRANSPORT_FAILED;
}

static enum transport_progress refuse_errno(struct attempt *attempt, int number)
{
    return refuse(
        attempt,
        number == ECONNREFUSED ? TRANSPORT_REFUSED : TRANSPORT_UNREACHABLE,
        strerror(number));
}

static enum transport_progress start(struct attempt *attempt)
{
    union endpoint to;
    union endpoint local;
    if (!endpoint_parse(attempt->address, attempt->port, &to, &attempt->failure)) {
        return TRANSPORT_FAILED;
    }
    const bool bound = attempt->local[0] != '\0';
    if (bound && !endpoint_parse(attempt->local, 0, &local, &attempt->failure)) {
        return TRANSPORT_FAILED;
    }
    (void)endpoint_print(&to, attempt->address_text);
    const int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return refuse(attempt, TRANSPORT_SYSTEM, strerror(errno));
    }
    if (!adopt(attempt, fd)) {
        (void)close(fd);
        return refuse(attempt, TRANSPORT_MEMORY, "no socket");
    }
    attempt->phase = ATTEMPT_CONNECTING;
    if (bound && bind(fd, &local.any, endpoint_size(&local)) != 0) {
        return refuse(attempt, TRANSPORT_UNREACHABLE, strerror(errno));
    }
    if (connect(fd, &to.any, endpoint_size(&to)) != 0 && errno != EINPROGRESS) {
        return refuse_errno(attempt, errno);
    }
    return TRANSPORT_WAIT;
}

static enum transport_progress connected(struct attempt *attempt)
{
    const int fd = attempt->watch.fd;
    int number = 0;
    socklen_t size = sizeof(number);
    union endpoint peer;
    socklen_t peer_size = sizeof(peer);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) != 0) {
        number = errno;
    }
    if (number != 0) {
        return refuse_errno(attempt, number);
    }
    if (getpeername(fd, &peer.any, &peer_size) != 0) {
        return TRANSPORT_WAIT; /* woken too early */
    }
    (void)endpoint_print(&peer, attempt->connection->address);
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
        return refuse(attempt, TRANSPORT_SYSTEM, strerror(errno));
    }
    return begin_handshake(attempt) ? TRANSPORT_MOVED
                                    : refuse(attempt, TRANSPORT_MEMORY, "no TLS session");
}

/* ---- both ---- */

static enum transport_progress shake_hands(struct attempt *attempt)
{
    struct transport_connection *connection = attempt->connection;
    const char *peer = "";
    const enum transport_progress progress =
        tls_handshake(connection->tls, &peer, &attempt->failure);
    if (progress == TRANSPORT_MOVED) {
        (void)snprintf(connection->peer, sizeof(connection->peer), "%s", peer);
    }
    return progress;
}

/* ---- accepted ---- */

static enum transport_progress decode_preface(struct attempt *attempt)
{
    const enum ferry_status status = ferry_preface_decode(attempt->preface, &attempt->decoded);
    if (status == FERRY_OK) {
        return TRANSPORT_MOVED;
    }
    if (attempt->preface[0] == 0x16 && attempt->preface[1] == 0x03) {
        return refuse(attempt, TRANSPORT_TLS_ON_PLAIN, "a TLS handshake came");
    }
    return refuse(
        attempt,
        status == FERRY_PEER_VERSION ? TRANSPORT_PREFACE_VERSION : TRANSPORT_PREFACE,
        ferry_status_sentence(status));
}

static enum transport_progress read_preface(struct attempt *attempt)
{
    while (attempt->preface_size < sizeof(attempt->preface)) {
        size_t size = 0;
        const enum transport_progress progress = transport_read(
            attempt->connection,
            attempt->preface + attempt->preface_size,
            sizeof(attempt->preface) - attempt->preface_size,
            &size);
        if (progress == TRANSPORT_WAIT) {
            return TRANSPORT_WAIT;
        }
        if (progress == TRANSPORT_ENDED) {
            return refuse(attempt, TRANSPORT_CLOSED, "before its preface was here");
        }
        if (progress == TRANSPORT_FAILED) {
            attempt->failure = *transport_connection_failure(attempt->connection);
            return TRANSPORT_FAILED;
        }
        attempt->preface_size += size;
    }
    return decode_preface(attempt);
}

/* ---- steps ---- */

enum transport_progress attempt_step(struct attempt *attempt)
{
    if (attempt->phase == ATTEMPT_NEW) {
        return start(attempt);
    }
    if (attempt->phase == ATTEMPT_CONNECTING) {
        const enum transport_progress progress = connected(attempt);
        if (progress != TRANSPORT_MOVED || attempt->phase != ATTEMPT_HANDSHAKE) {
            return progress;
        }
    }
    if (attempt->phase == ATTEMPT_HANDSHAKE) {
        const enum transport_progress progress = shake_hands(attempt);
        if (progress != TRANSPORT_MOVED || attempt->dialling) {
            return progress;
        }
        attempt->phase = ATTEMPT_PREFACE;
    }
    return read_preface(attempt);
}

uint32_t attempt_events(const struct attempt *attempt)
{
    if (attempt->phase == ATTEMPT_CONNECTING) {
        return EPOLLOUT;
    }
    return EPOLLIN | (transport_wants_write(attempt->connection) ? (uint32_t)EPOLLOUT : 0U);
}

void attempt_expire(struct attempt *attempt)
{
    static const char *const waited_for[] = {
        [ATTEMPT_NEW] = "the connection was not begun",
        [ATTEMPT_CONNECTING] = "no TCP connection",
        [ATTEMPT_HANDSHAKE] = "the TLS handshake was not finished",
        [ATTEMPT_PREFACE] = "the preface was not complete",
    };
    (void)refuse(attempt, TRANSPORT_DEADLINE, waited_for[attempt->phase]);
}
