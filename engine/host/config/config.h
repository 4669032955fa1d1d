/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.h -- the configuration of ferryd: a YAML file read into one struct, or all of its errors.
 *
 * Every key stands in the table of config_keys.c with its type, range, default and sentence; the
 * manual page ferryd.conf(5) is checked against that table. Errors are `file:line:column: what`,
 * all of them in one run; an unknown key is named with the known one that is nearest to it. A
 * configuration is good as a whole or not at all.
 *
 *     host: h1
 *     peers:
 *       h2: {addresses: [10.0.0.2, 10.1.0.2]}     # several networks: the first is preferred
 *     tls: {certificate: /etc/ferry/h1.pem, key: /etc/ferry/h1.key, ca: /etc/ferry/ca.pem}
 *
 * In place of tls, `unencrypted: i-know-what-i-do` has to be written out.
 */
#ifndef FERRY_HOST_CONFIG_CONFIG_H
#define FERRY_HOST_CONFIG_CONFIG_H

#include "engine/host/base/error.h"
#include "engine/host/base/log.h"
#include "ferry/limits.h"
#include "ferry/policy.h"
#include "ferry/types.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_PEERS_MAX       256U
#define CONFIG_LISTEN_MAX      16U
#define CONFIG_PATH_MAX        4096U
#define CONFIG_FILE_MAX        (1U << 20) /* bytes of a configuration file */
#define CONFIG_PORT            6600
#define CONFIG_SOCKET_PATH_MAX 108U /* sun_path's size */

/* An address in numbers ("10.0.0.2", "fd00::2"); names are not looked up: a name service that is
 * down must not stop a migration. */
struct host_address {
    char text[INET6_ADDRSTRLEN];
    uint16_t port;
    union {
        struct sockaddr_in ip4;
        struct sockaddr_in6 ip6;
        struct sockaddr any;
    } socket;
    socklen_t socket_size;
};

struct host_peer {
    char name[FERRY_NAME_MAX + 1];                  /* the name that its certificate must carry */
    size_t address_count;                           /* at least 1 */
    struct host_address addresses[FERRY_PATHS_MAX]; /* one a network, the preferred one first */
};

enum config_huge_pages { CONFIG_HUGE_NONE = 0, CONFIG_HUGE_TRANSPARENT, CONFIG_HUGE_EXPLICIT };

struct host_config {
    char *file; /* its path, for messages */

    char host[FERRY_NAME_MAX + 1]; /* this host's own name, as peers and certificates know it */
    char *state_dir;               /* journal, guests' files: /var/lib/ferry */
    char *run_dir;                 /* sockets: /run/ferry */
    enum host_log_level log;

    size_t listen_count; /* at least 1 */
    struct host_address listen[CONFIG_LISTEN_MAX];
    size_t peer_count;
    struct host_peer *peers; /* in the order of the file */

    bool unencrypted; /* said in so many words; else all three of tls are there */
    struct {
        char *certificate;
        char *key;
        char *ca;
    } tls;

    struct {
        char *socket; /* run_dir/ferryd.sock */
        char *group;  /* may use it besides root and the daemon's own user; NULL: nobody */
        uint32_t clients_max;
    } control;

    struct {
        uint64_t guest_memory; /* bytes of all guests together; UINT64_MAX: what the machine has */
        uint32_t guests;
        uint32_t migrations_out; /* at once */
        uint32_t migrations_in;
        uint16_t streams;             /* of one incoming migration */
        uint32_t connections;         /* accepted, of all peers */
        uint32_t connections_unknown; /* of these, before their preface has come */
        uint64_t device_state;        /* bytes of one guest */
    } limits;

    struct { /* what a move gets that does not say otherwise */
        uint16_t streams;
        uint64_t bandwidth_cap;       /* bytes a second; FERRY_RATE_UNLIMITED */
        ferry_time_ns blackout_limit; /* FERRY_TIME_NEVER: none */
        enum ferry_mode mode;
        enum ferry_no_convergence on_no_convergence;
        ferry_time_ns give_up_after;
    } defaults;

    struct {
        ferry_time_ns connect;   /* one try of one network, with the TLS handshake */
        ferry_time_ns silence;   /* no byte from the peer */
        ferry_time_ns reconnect; /* no connection at all, pre-copy */
        ferry_time_ns action;    /* an action of this host */
        ferry_time_ns unknown_after;
        ferry_time_ns close;
        ferry_time_ns probe_interval;
        ferry_time_ns orphan;  /* target: the source is gone, before READY */
        ferry_time_ns hold;    /* target: the same, from READY on */
        ferry_time_ns preface; /* accepted, and says nothing */
    } timeouts;

    struct {
        char *program; /* ferry-vmm */
        enum config_huge_pages huge_pages;
    } vmm;
};

/* One place in the file. */
struct config_error {
    unsigned line; /* from 1; 0: the file as a whole */
    unsigned column;
    char *message; /* "file:line:column: what is wrong" */
};

#define CONFIG_ERRORS_MAX 50U

struct config_errors {
    size_t count;                                 /* kept */
    size_t suppressed;                            /* beyond CONFIG_ERRORS_MAX */
    struct config_error items[CONFIG_ERRORS_MAX]; /* in the order of the file */
};

/* CONFIG with at least one item in errors, or OK and the configuration. `error` sums it up. */
FERRY_NODISCARD
enum host_code config_load_file(
    const char *path,
    struct host_config **config_out,
    struct config_errors *errors,
    struct host_error *error);
/* The same from memory, which need not end in a zero; `name` stands for the file in messages. */
FERRY_NODISCARD
enum host_code config_load_memory(
    const char *name,
    const char *text,
    size_t size,
    struct host_config **config_out,
    struct config_errors *errors,
    struct host_error *error);
void config_destroy(struct host_config *config); /* NULL is fine */
void config_errors_release(struct config_errors *errors);

const struct host_peer *config_peer(const struct host_config *config, const char *name);

/* Words of the configuration, the command line and the control socket. */
bool config_parse_mode(const char *word, enum ferry_mode *mode_out);
bool config_parse_no_convergence(const char *word, enum ferry_no_convergence *what_out);
const char *config_mode_name(enum ferry_mode mode);                     /* "precopy" */
const char *config_no_convergence_name(enum ferry_no_convergence what); /* "give-up" */
/* Letters, digits, '-', '.' and '_', begins with a letter or digit, at most FERRY_NAME_MAX: what
 * guests and hosts may be called. */
bool config_is_name(const char *text);

#endif
