/* SPDX-License-Identifier: Apache-2.0 */
/* hosts.h -- certificates in a temporary folder, and gates whose reports are kept until a test waits
 * for them. */
#ifndef FERRY_TEST_HOST_TRANSPORT_HOSTS_H
#define FERRY_TEST_HOST_TRANSPORT_HOSTS_H

#include "engine/host/transport/certificate.h"
#include "engine/host/transport/gate.h"

#include <pthread.h>

/* Who has which certificate. */
enum identity {
    HOST_H1 = 0,
    HOST_H2,
    HOST_STRANGER, /* of the same CA, in nobody's configuration */
    HOST_FOREIGN,  /* named h1, of another CA with the same name */
    HOST_EXPIRED,  /* named h1, since an hour */
    HOST_FUTURE,   /* named h1, from tomorrow on */
    HOST_NAKED,    /* TLS without a certificate */
    HOST_PLAIN,    /* unencrypted */
    HOST_COUNT,
};

/* Makes the folder and all certificates: once a group. Group set-up and tear-down of cmocka. */
int hosts_set_up(void **state);
int hosts_tear_down(void **state);
/* A path in the folder; valid until the eighth call after it. */
const char *hosts_path(const char *name);

/* The identity's security; also of those that transport_security_tls() refuses to load. */
struct transport_security *hosts_security(enum identity identity);

#define DESK_REPORTS 2048U

struct desk {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    size_t count;
    size_t taken;
    struct transport_gate_report *reports;
    struct transport_security *security;
    struct transport_gate *gate;
    uint16_t port;
};

struct desk_options {
    enum identity identity;
    ferry_time_ns accept_deadline;
    uint32_t unrouted_max;
    bool listens; /* on 127.0.0.1 */
};

/* A gate that knows h1 and h2. */
struct desk *desk_create(const struct desk_options *options);
/* Closes the connections of reports that nobody took. */
void desk_destroy(struct desk *desk);
struct transport_gate_report desk_next(struct desk *desk); /* within ten seconds */
bool desk_try(struct desk *desk, ferry_time_ns wait, struct transport_gate_report *report_out);
/* Dials another desk's port, expecting h2 there, with this time for all of it. */
void desk_dial(struct desk *desk, uint16_t port, const char *peer, ferry_time_ns deadline);

/* The preface of a payload stream. */
void preface_bytes(uint8_t bytes_out[FERRY_PREFACE_SIZE]);
/* A plain socket, connected to 127.0.0.1. */
int raw_connect(uint16_t port);
/* A listening plain socket on 127.0.0.1. */
int raw_listen(uint16_t *port_out);

#endif
