/* SPDX-License-Identifier: Apache-2.0 */
/* cipher.c -- see cipher.h. */
#include "engine/host/transport/cipher.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A record's header: type, version, length of what follows. */
#define RECORD_HEADER 5U

/* ---- buffers ---- */

static bool buffer_grow(struct cipher_buffer *buffer, size_t capacity)
{
    uint8_t *data = malloc(capacity);
    if (data == NULL) {
        return false;
    }
    const size_t used = buffer->end - buffer->first;
    if (used > 0) {
        memcpy(data, buffer->data + buffer->first, used);
    }
    free(buffer->data);
    *buffer = (struct cipher_buffer){.data = data, .capacity = capacity, .end = used};
    return true;
}

/* Makes room behind what is in it. */
static void buffer_compact(struct cipher_buffer *buffer)
{
    const size_t used = buffer->end - buffer->first;
    if (buffer->first > 0) {
        memmove(buffer->data, buffer->data + buffer->first, used);
        buffer->first = 0;
        buffer->end = used;
    }
}

bool cipher_init(struct cipher *cipher, int fd)
{
    *cipher = (struct cipher){.fd = fd};
    if (!cipher_grow(cipher, CIPHER_BUFFER_SMALL)) {
        cipher_deinit(cipher);
        return false;
    }
    return true;
}

void cipher_deinit(struct cipher *cipher)
{
    free(cipher->in.data);
    free(cipher->out.data);
    cipher->in = (struct cipher_buffer){.data = NULL};
    cipher->out = (struct cipher_buffer){.data = NULL};
}

bool cipher_grow(struct cipher *cipher, size_t capacity)
{
    if (capacity <= cipher->out.capacity) {
        return true;
    }
    return buffer_grow(&cipher->in, capacity) && buffer_grow(&cipher->out, capacity);
}

/* ---- the socket ---- */

/* After a call that failed: was it for good? */
static void failed(struct cipher *cipher)
{
    if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        cipher->number = errno;
    }
}

bool cipher_flush(struct cipher *cipher)
{
    struct cipher_buffer *out = &cipher->out;
    const int flags = MSG_NOSIGNAL | (cipher->waiting ? 0 : MSG_DONTWAIT);
    while (out->first < out->end && cipher->number == 0) {
        const ssize_t sent = send(cipher->fd, out->data + out->first, out->end - out->first, flags);
        if (sent >= 0) {
            out->first += (size_t)sent;
        } else if (errno != EINTR) {
            failed(cipher);
            return false;
        }
    }
    if (out->first < out->end) {
        return false;
    }
    out->first = 0;
    out->end = 0;
    return true;
}

bool cipher_receive(struct cipher *cipher)
{
    struct cipher_buffer *in = &cipher->in;
    if (cipher->number != 0 || cipher->ended) {
        return false;
    }
    ssize_t received = 0;
    do {
        received = recv(cipher->fd, in->data, in->capacity, cipher->waiting ? 0 : MSG_DONTWAIT);
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        failed(cipher);
        return false;
    }
    cipher->ended = received == 0;
    in->first = 0;
    in->end = (size_t)received;
    return received > 0;
}

bool cipher_has_record(const struct cipher *cipher)
{
    const struct cipher_buffer *in = &cipher->in;
    const size_t there = in->end - in->first;
    if (there < RECORD_HEADER) {
        return false;
    }
    const uint8_t *header = in->data + in->first;
    return there - RECORD_HEADER >= ((size_t)header[3] << 8 | header[4]);
}

/* ---- the BIO ---- */

static int bio_read(BIO *bio, char *data, size_t size, size_t *size_out)
{
    struct cipher *cipher = BIO_get_data(bio);
    struct cipher_buffer *in = &cipher->in;
    BIO_clear_retry_flags(bio);
    if (in->first == in->end && !cipher_receive(cipher)) {
        if (cipher->number == 0 && !cipher->ended) {
            BIO_set_retry_read(bio);
        }
        return 0;
    }
    const size_t there = in->end - in->first;
    *size_out = size < there ? size : there;
    memcpy(data, in->data + in->first, *size_out);
    in->first += *size_out;
    return 1;
}

static int bio_write(BIO *bio, const char *data, size_t size, size_t *size_out)
{
    struct cipher *cipher = BIO_get_data(bio);
    struct cipher_buffer *out = &cipher->out;
    BIO_clear_retry_flags(bio);
    if (cipher_room(out) < size) {
        (void)cipher_flush(cipher);
        buffer_compact(out);
    }
    if (cipher_room(out) == 0 || cipher->number != 0) {
        if (cipher->number == 0) {
            BIO_set_retry_write(bio);
        }
        return 0;
    }
    *size_out = size < cipher_room(out) ? size : cipher_room(out);
    memcpy(out->data + out->end, data, *size_out);
    out->end += *size_out;
    return 1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    struct cipher *cipher = BIO_get_data(bio);
    (void)number;
    (void)pointer;
    switch (command) {
    case BIO_CTRL_FLUSH:
        BIO_clear_retry_flags(bio);
        if (cipher_flush(cipher)) {
            return 1;
        }
        if (cipher->number == 0) {
            BIO_set_retry_write(bio);
        }
        return 0;
    case BIO_CTRL_EOF: return cipher->ended ? 1 : 0;
    default: return 0;
    }
}

static BIO_METHOD *method;
static pthread_once_t method_once = PTHREAD_ONCE_INIT;

static void make_method(void)
{
    method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "ferry socket");
    if (method != NULL) {
        (void)BIO_meth_set_read_ex(method, bio_read);
        (void)BIO_meth_set_write_ex(method, bio_write);
        (void)BIO_meth_set_ctrl(method, bio_control);
    }
}

BIO *cipher_bio(struct cipher *cipher)
{
    (void)pthread_once(&method_once, make_method);
    if (method == NULL) {
        return NULL;
    }
    BIO *bio = BIO_new(method);
    if (bio != NULL) {
        BIO_set_data(bio, cipher);
        BIO_set_init(bio, 1);
    }
    return bio;
}
