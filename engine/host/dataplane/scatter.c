/* SPDX-License-Identifier: Apache-2.0 */
/* scatter.c -- see scatter.h. */
#include "engine/host/dataplane/scatter.h"

#include "engine/host/base/crc.h"

#include <string.h>

void scatter_init(struct scatter *scatter, struct transport_connection *connection)
{
    scatter->connection = connection;
    scatter->count = 0;
    scatter->ahead_first = 0;
    scatter->ahead_end = 0;
}

/* Takes what was read ahead. */
static size_t take_ahead(struct scatter *scatter, void *data, size_t size)
{
    const size_t there = scatter->ahead_end - scatter->ahead_first;
    const size_t taken = size < there ? size : there;
    memcpy(data, scatter->ahead + scatter->ahead_first, taken);
    scatter->ahead_first += taken;
    return taken;
}

/* Receives into the vector's parts [first, count), and behind them ahead, which is empty. */
static size_t receive(struct scatter *scatter, size_t first, size_t count)
{
    scatter->vector[count] =
        (struct iovec){.iov_base = scatter->ahead, .iov_len = sizeof(scatter->ahead)};
    return transport_receive_some(scatter->connection, &scatter->vector[first], count + 1 - first);
}

size_t scatter_fill(struct scatter *scatter, void *data, size_t size)
{
    const size_t taken = take_ahead(scatter, data, size);
    if (taken > 0) {
        return taken;
    }
    scatter->vector[0] = (struct iovec){.iov_base = data, .iov_len = size};
    const size_t received = receive(scatter, 0, 1);
    if (received <= size) {
        return received;
    }
    scatter->ahead_first = 0;
    scatter->ahead_end = received - size;
    return size;
}

void scatter_add(struct scatter *scatter, void *data, size_t size)
{
    scatter->bodies[scatter->count] = (struct iovec){.iov_base = data, .iov_len = size};
    scatter->digests[scatter->count] = 0;
    scatter->count++;
}

void scatter_clear(struct scatter *scatter)
{
    scatter->count = 0;
}

/* `size` bytes of part `index` are here. */
static void received(struct scatter *scatter, size_t index, size_t size)
{
    struct iovec *part = &scatter->vector[index];
    if (scatter->digests_wanted) {
        scatter->digests[index] = host_crc32c(scatter->digests[index], part->iov_base, size);
    }
    part->iov_base = (uint8_t *)part->iov_base + size;
    part->iov_len -= size;
}

/* Moves `*first` over `size` received bytes. What is behind the last part is `ahead`. */
static void advance(struct scatter *scatter, size_t *first, size_t size)
{
    while (*first < scatter->count && size > 0) {
        const size_t left = scatter->vector[*first].iov_len;
        const size_t here = size < left ? size : left;
        received(scatter, *first, here);
        size -= here;
        *first += here == left ? 1 : 0;
    }
    if (size > 0) {
        scatter->ahead_first = 0;
        scatter->ahead_end = size;
    }
}

bool scatter_receive(struct scatter *scatter)
{
    size_t first = 0;
    memcpy(scatter->vector, scatter->bodies, scatter->count * sizeof(scatter->bodies[0]));
    while (first < scatter->count && scatter->ahead_first < scatter->ahead_end) {
        const struct iovec *part = &scatter->vector[first];
        const size_t taken = take_ahead(scatter, part->iov_base, part->iov_len);
        received(scatter, first, taken);
        first += part->iov_len == 0 ? 1 : 0;
    }
    while (first < scatter->count) {
        const size_t size = receive(scatter, first, scatter->count);
        if (size == 0) {
            return false;
        }
        advance(scatter, &first, size);
    }
    return true;
}
