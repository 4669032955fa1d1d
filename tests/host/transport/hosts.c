/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.c -- see hosts.h. */
#include "hosts.h"

#include "engine/host/transport/security_internal.h"
#include "engine/host/transport/tls_internal.h"
#include "tests/host/support/check.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define HOUR 3600

static char folder[64];

struct person {
    const char *host;
    const char *file;
    const char *ca;
    struct transport_validity validity;
};

static const struct person people[HOST_COUNT] = {
    [HOST_H1] = {"h1", "h1",       "ca",       {-HOUR, HOUR}                           },
    [HOST_H2] = {"h2", "h2",       "ca",       {-HOUR, HOUR}                           },
    [HOST_STRANGER] = {"h9", "stranger", "ca",       {-HOUR, HOUR}                           },
    [HOST_FOREIGN] = {"h1", "foreign",  "other-ca", {-HOUR, HOUR}                           },
    [HOST_EXPIRED] = {"h1", "expired",  "ca",       {-(int64_t)2 * HOUR, -HOUR}             },
    [HOST_FUTURE] = {"h1", "future",   "ca",       {(int64_t)24 * HOUR, (int64_t)48 * HOUR}},
};

/* ---- files ---- */

const char *hosts_path(const char *name)
{
    static char paths[8][128];
    static unsigned next;
    char *path = paths[next++ % 8];
    (void)snprintf(path, sizeof(paths[0]), "%s/%s", folder, name);
    return path;
}

static const char *file_of(const char *name, const char *ending)
{
    char file[64];
    (void)snprintf(file, sizeof(file), "%s%s", name, ending);
    return hosts_path(file);
}

static void expect_made(bool made, const struct transport_failure *failure)
{
    if (!made) {
        fail_msg("%s", failure->text);
    }
}

int hosts_set_up(void **state)
{
    const char *const cas[] = {"ca", "other-ca"};
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/ferry-transport-XXXXXX");
    assert_non_null(mkdtemp(folder));
    for (size_t i = 0; i < 2; i++) {
        const bool made = transport_make_ca(
            "test CA",
            (struct transport_validity){-(int64_t)24 * HOUR, (int64_t)96 * HOUR},
            file_of(cas[i], ".pem"),
            file_of(cas[i], ".key"),
            &failure);
        expect_made(made, &failure);
    }
    for (size_t i = 0; i < HOST_COUNT; i++) {
        if (people[i].host != NULL) {
            const struct transport_host_request request = {
                .host = people[i].host,
                .validity = people[i].validity,
                .ca_certificate_path = file_of(people[i].ca, ".pem"),
                .ca_key_path = file_of(people[i].ca, ".key"),
                .certificate_path = file_of(people[i].file, ".pem"),
                .key_path = file_of(people[i].file, ".key"),
            };
            expect_made(transport_make_host(&request, &failure), &failure);
        }
    }
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)status;
    (void)kind;
    (void)walk;
    return remove(path);
}

int hosts_tear_down(void **state)
{
    (void)state;
    return nftw(folder, remove_one, 4, FTW_DEPTH | FTW_PHYS);
}

/* ---- security ---- */

/* A context as security.c makes it, but without a certificate. */
static void undress(struct transport_security *security)
{
    SSL_CTX_free(security->context);
    security->context = SSL_CTX_new(TLS_method());
    assert_non_null(security->context);
    assert_int_equal(SSL_CTX_load_verify_file(security->context, hosts_path("ca.pem")), 1);
    SSL_CTX_set_verify(security->context, SSL_VERIFY_PEER, tls_judge);
    (void)SSL_CTX_set_session_cache_mode(
        security->context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(security->context, tls_ticket_came);
}

struct transport_security *hosts_security(enum identity identity)
{
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    if (identity == HOST_PLAIN) {
        return transport_security_unencrypted();
    }
    const char *valid = identity == HOST_H2 ? "h2" : "h1";
    struct transport_security *security = transport_security_tls(
        file_of(valid, ".pem"), file_of(valid, ".key"), hosts_path("ca.pem"), &failure);
    expect_made(security != NULL, &failure);
    if (identity == HOST_NAKED) {
        undress(security);
    } else {
        const char *file = people[identity].file;
        assert_int_equal(
            SSL_CTX_use_certificate_chain_file(security->context, file_of(file, ".pem")), 1);
        assert_int_equal(
            SSL_CTX_use_PrivateKey_file(security->context, file_of(file, ".key"), SSL_FILETYPE_PEM),
            1);
    }
    return security;
}

/* ---- desks ---- */

static void keep(void *context, const struct transport_gate_report *report)
{
    struct desk *desk = context;
    (void)pthread_mutex_lock(&desk->lock);
    if (desk->count < DESK_REPORTS) {
        desk->reports[desk->count] = *report;
        desk->count++;
    }
    (void)pthread_cond_signal(&desk->arrived);
    (void)pthread_mutex_unlock(&desk->lock);
}

struct desk *desk_create(const struct desk_options *options)
{
    static const char *const peers[] = {"h1", "h2"};
    struct transport_failure failure = {.error = TRANSPORT_NONE};
    struct desk *desk = calloc(1, sizeof(*desk));
    assert_non_null(desk);
    desk->reports = calloc(DESK_REPORTS, sizeof(*desk->reports));
    assert_non_null(desk->reports);
    pthread_condattr_t attributes;
    assert_int_equal(pthread_mutex_init(&desk->lock, NULL), 0);
    assert_int_equal(pthread_condattr_init(&attributes), 0);
    assert_int_equal(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), 0);
    assert_int_equal(pthread_cond_init(&desk->arrived, &attributes), 0);
    (void)pthread_condattr_destroy(&attributes);
    desk->security = hosts_security(options->identity);
    const struct transport_gate_config config = {
        .security = desk->security,
        .peers = peers,
        .peer_count = 2,
        .unrouted_max = options->unrouted_max,
        .accept_deadline = options->accept_deadline,
        .post = keep,
        .post_context = desk,
    };
    desk->gate = transport_gate_create(&config, &failure);
    expect_made(desk->gate != NULL, &failure);
    if (options->listens) {
        expect_made(
            transport_gate_listen(desk->gate, "127.0.0.1", 0, &desk->port, &failure), &failure);
    }
    return desk;
}

void desk_destroy(struct desk *desk)
{
    transport_gate_destroy(desk->gate);
    while (desk->taken < desk->count) {
        transport_connection_destroy(desk->reports[desk->taken].connection);
        desk->taken++;
    }
    transport_security_destroy(desk->security);
    (void)pthread_cond_destroy(&desk->arrived);
    (void)pthread_mutex_destroy(&desk->lock);
    free(desk->reports);
    free(desk);
}

bool desk_try(struct desk *desk, ferry_time_ns wait, struct transport_gate_report *report_out)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const ferry_time_ns nanoseconds = until.tv_nsec + wait % FERRY_SECOND;
    until.tv_sec += (time_t)(wait / FERRY_SECOND + nanoseconds / FERRY_SECOND);
    until.tv_nsec = (long)(nanoseconds % FERRY_SECOND);
    int result = 0;
    (void)pthread_mutex_lock(&desk->lock);
    while (desk->taken == desk->count && result == 0) {
        result = pthread_cond_timedwait(&desk->arrived, &desk->lock, &until);
    }
    const bool there = desk->taken < desk->count;
    if (there) {
        *report_out = desk->reports[desk->taken];
        desk->taken++;
    }
    (void)pthread_mutex_unlock(&desk->lock);
    return there;
}

struct transport_gate_report desk_next(struct desk *desk)
{
    struct transport_gate_report report = {.kind = 0};
    if (!desk_try(desk, 10 * FERRY_SECOND, &report)) {
        fail_msg("no report came within ten seconds");
    }
    return report;
}

void desk_dial(struct desk *desk, uint16_t port, const char *peer, ferry_time_ns deadline)
{
    const struct transport_dial dial = {
        .dial = 7,
        .address = "127.0.0.1",
        .peer = peer,
        .port = port,
        .deadline = deadline,
    };
    assert_true(transport_gate_dial(desk->gate, &dial));
}

/* ---- raw sockets ---- */

void preface_bytes(uint8_t bytes_out[FERRY_PREFACE_SIZE])
{
    const struct ferry_preface preface = {
        .role = FERRY_ROLE_PAYLOAD,
        .version_min = FERRY_PROTOCOL_VERSION_MIN,
        .version_max = FERRY_PROTOCOL_VERSION_MAX,
        .session = {.high = 1, .low = 2},
        .attach = 3,
        .stream = 4,
    };
    ferry_preface_encode(&preface, bytes_out);
}

int raw_connect(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

int raw_listen(uint16_t *port_out)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port_out = ntohs(address.sin_port);
    return fd;
}
