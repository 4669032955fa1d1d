/* SPDX-License-Identifier: Apache-2.0 */
/* cipher.h -- the cipher text's way between OpenSSL and the socket: a BIO of our own with a buffer
 * for each direction.
 *
 * In one of two manners: without waiting (the loop's thread, the gate), or waiting (a worker). What
 * is written is collected until cipher_flush(), or until the buffer is full. */
#ifndef FERRY_HOST_TRANSPORT_CIPHER_H
#define FERRY_HOST_TRANSPORT_CIPHER_H

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Before bulk data: room for the largest record, twice. */
#define CIPHER_BUFFER_SMALL 36864U

struct cipher_buffer {
    uint8_t *data;
    size_t capacity;
    size_t first;
    size_t end;
};

struct cipher {
    int fd;
    bool waiting; /* calls wait for the socket */
    bool ended;   /* the other side has closed its direction */
    int number;   /* errno of the socket, once it failed; else 0 */
    struct cipher_buffer in;
    struct cipher_buffer out;
};

bool cipher_init(struct cipher *cipher, int fd);
void cipher_deinit(struct cipher *cipher);
/* Larger buffers, with what is in them. False: no memory, nothing changed. */
bool cipher_grow(struct cipher *cipher, size_t capacity);

/* A BIO over it, which lives not longer. NULL: no memory. */
BIO *cipher_bio(struct cipher *cipher);

/* Sends what was collected. False: it could not be sent now (not waiting: out is not empty), or ever
 * (number is set). */
bool cipher_flush(struct cipher *cipher);
/* Receives once into `in`, if that is empty. False: nothing now, or ever (number, ended). */
bool cipher_receive(struct cipher *cipher);
/* Is all of the next record in `in`? */
bool cipher_has_record(const struct cipher *cipher);

static inline size_t cipher_room(const struct cipher_buffer *buffer)
{
    return buffer->capacity - buffer->end;
}

#endif
