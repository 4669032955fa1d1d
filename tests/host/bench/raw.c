/* SPDX-License-Identifier: Apache-2.0 */
/* raw.c -- the limit: write() and read() of 1 MiB in a loop, one thread for each end of each
 * connection, each with its part of the memory; and the same with SSL_write() and SSL_read(). */
#include "bench.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <unistd.h>

#define PORTION ((uint64_t)1 << 20)

struct end {
    pthread_t thread;
    int fd;
    SSL *ssl; /* NULL: without TLS */
    bool sends;
    uint8_t *base;
    uint64_t size;
};

static int64_t move_some(const struct end *end, uint8_t *data, uint64_t size)
{
    size_t moved = 0;
    if (end->ssl != NULL) {
        const int result = end->sends ? SSL_write_ex(end->ssl, data, size, &moved)
                                      : SSL_read_ex(end->ssl, data, size, &moved);
        return result == 1 ? (int64_t)moved : -1;
    }
    return end->sends ? write(end->fd, data, size) : read(end->fd, data, size);
}

static void *move_all(void *context)
{
    const struct end *end = context;
    if (end->ssl != NULL && SSL_do_handshake(end->ssl) != 1) {
        bench_fail("TLS handshake");
    }
    for (uint64_t at = 0; at < end->size;) {
        const uint64_t left = end->size - at;
        const int64_t moved = move_some(end, end->base + at, left < PORTION ? left : PORTION);
        if (moved <= 0) {
            bench_fail("raw transfer");
        }
        at += (uint64_t)moved;
    }
    return NULL;
}

static SSL_CTX *make_context(int who)
{
    const struct tls_paths *paths = links_paths();
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    if (context == NULL || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1 ||
        SSL_CTX_use_certificate_file(context, paths->certificate[who], SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(context, paths->key[who], SSL_FILETYPE_PEM) != 1) {
        bench_fail("TLS context");
    }
    return context;
}

static SSL *make_session(SSL_CTX *context, int fd, bool dials)
{
    SSL *ssl = SSL_new(context);
    if (ssl == NULL || SSL_set_fd(ssl, fd) != 1) {
        bench_fail("TLS session");
    }
    if (dials) {
        SSL_set_connect_state(ssl);
    } else {
        SSL_set_accept_state(ssl);
    }
    return ssl;
}

struct measurement measure_raw(const struct run *run)
{
    struct end ends[2 * BENCH_STREAMS_MAX];
    const size_t count = (size_t)run->streams * 2;
    const uint64_t part = run->source->size / run->streams;
    const bool encrypted = run->kind == KIND_TLS;
    SSL_CTX *contexts[2] = {NULL, NULL};
    for (int side = 0; side < 2 && encrypted; side++) {
        contexts[side] = make_context(side);
    }
    for (size_t i = 0; i < count; i += 2) {
        int fds[2];
        link_sockets(fds);
        for (size_t side = 0; side < 2; side++) {
            const struct memory *memory = side == 0 ? run->source : run->target;
            ends[i + side] = (struct end){
                .fd = fds[side],
                .ssl = encrypted ? make_session(contexts[side], fds[side], side == 0) : NULL,
                .sends = side == 0,
                .base = memory->base + i / 2 * part,
                .size = part,
            };
        }
    }
    const struct watch_start start = watch_start();
    for (size_t i = 0; i < count; i++) {
        if (pthread_create(&ends[i].thread, NULL, move_all, &ends[i]) != 0) {
            bench_fail("thread");
        }
    }
    for (size_t i = 0; i < count; i++) {
        (void)pthread_join(ends[i].thread, NULL);
    }
    const struct measurement measurement = watch_stop(start);
    for (size_t i = 0; i < count; i++) {
        SSL_free(ends[i].ssl);
        (void)close(ends[i].fd);
    }
    SSL_CTX_free(contexts[0]);
    SSL_CTX_free(contexts[1]);
    return measurement;
}
