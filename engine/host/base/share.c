/* SPDX-License-Identifier: Apache-2.0 */
/* share.c -- descriptors across a Unix socket, and the memory that is shared by them. */
#include "engine/host/base/fd.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <stdalign.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

union control_space {
    alignas(struct cmsghdr) char bytes[CMSG_SPACE(FD_PASS_MAX * sizeof(int))];
};

enum host_code fd_send(
    int socket,
    const void *data,
    size_t size,
    const int *fds,
    size_t fd_count,
    struct host_error *error)
{
    union control_space control = {.bytes = {0}};
    struct iovec part;
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    void *const writable = &part.iov_base;

    assert(fd_count <= FD_PASS_MAX);
    memcpy(
        writable, &data, sizeof data); /* sendmsg() only reads it, and its type does not say so */
    part.iov_len = size;
    if (fd_count > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);

        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
        memcpy(CMSG_DATA(header), fds, fd_count * sizeof *fds);
    }
    for (;;) {
        const ssize_t sent = sendmsg(socket, &message, MSG_NOSIGNAL);

        if (sent >= 0) {
            return (size_t)sent == size
                       ? HOST_OK
                       : host_fail(error, HOST_IO, "sending: only %zd of %zu bytes", sent, size);
        }
        if (errno != EINTR) {
            return host_fail_errno(error, errno, "sending");
        }
    }
}

/* Takes the descriptors of one part of the message; false if there are more than may be. */
static bool take_fds(struct cmsghdr *header, struct fd_received *received)
{
    const size_t number = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    bool good = true;

    for (size_t i = 0; i < number; i++) {
        int fd = -1;

        memcpy(&fd, CMSG_DATA(header) + i * sizeof fd, sizeof fd);
        if (received->fd_count < FD_PASS_MAX) {
            received->fds[received->fd_count] = fd;
            received->fd_count++;
        } else {
            fd_close(&fd);
            good = false;
        }
    }
    return good;
}

/* All parts; false if there is anything but descriptors. */
static bool take_parts(struct msghdr *message, struct fd_received *received)
{
    bool good = true;

    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL;
         header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS) {
            good = take_fds(header, received) && good;
        } else {
            good = false;
        }
    }
    return good;
}

enum host_code fd_receive(
    int socket, void *data, size_t size, struct fd_received *received_out, struct host_error *error)
{
    union control_space control;
    struct iovec part = {.iov_base = data, .iov_len = size};
    struct msghdr message = {
        .msg_iov = &part,
        .msg_iovlen = 1,
        .msg_control = control.bytes,
        .msg_controllen = sizeof control.bytes,
    };
    struct fd_received received = {.size = 0};
    ssize_t got = 0;

    do {
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    } while (got < 0 && errno == EINTR);
    if (got < 0) {
        return host_fail_errno(error, errno, "receiving");
    }
    received.size = (size_t)got;
    const bool good = take_parts(&message, &received);

    if (!good || (message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
        for (size_t i = 0; i < received.fd_count; i++) {
            fd_close(&received.fds[i]);
        }
        return host_fail(
            error,
            HOST_PROTOCOL,
            "receiving: a message above %zu bytes or %d descriptors",
            size,
            FD_PASS_MAX);
    }
    *received_out = received;
    return HOST_OK;
}

enum host_code memory_create(
    const char *name, uint64_t size, enum fd_huge huge, int *fd_out, struct host_error *error)
{
    unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;

    if (huge == FD_HUGE_EXPLICIT) {
        flags |= MFD_HUGETLB | MFD_HUGE_2MB;
    }
    int fd = memfd_create(name, flags);

    if (fd < 0) {
        return host_fail_errno(error, errno, "%s: making shared memory", name);
    }
    /* From the pool of huge pages the space must be taken now: later it is a SIGBUS. */
    if (ftruncate(fd, (off_t)size) != 0 ||
        (huge == FD_HUGE_EXPLICIT && fallocate(fd, 0, 0, (off_t)size) != 0) ||
        fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0) {
        const int number = errno;

        fd_close(&fd);
        (void)host_fail_errno(
            error, number, "%s: %llu bytes of shared memory", name, (unsigned long long)size);
        if (huge == FD_HUGE_EXPLICIT) {
            host_error_step(
                error,
                "give the system more huge pages (vm.nr_hugepages), or use transparent ones");
        }
        if (error != NULL) {
            error->code = HOST_MEMORY;
        }
        return HOST_MEMORY;
    }
    *fd_out = fd;
    return HOST_OK;
}

enum host_code
memory_map(int fd, uint64_t size, bool writable, void **address_out, struct host_error *error)
{
    struct stat found;
    const int seals = fcntl(fd, F_GET_SEALS);

    if (fstat(fd, &found) != 0 || seals < 0) {
        return host_fail_errno(error, errno, "shared memory");
    }
    if ((uint64_t)found.st_size != size) {
        return host_fail(
            error,
            HOST_PROTOCOL,
            "shared memory of %llu bytes where %llu were said",
            (unsigned long long)found.st_size,
            (unsigned long long)size);
    }
    if ((seals & F_SEAL_SHRINK) == 0) {
        return host_fail(error, HOST_PROTOCOL, "shared memory that may still shrink");
    }
    void *address =
        mmap(NULL, size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);

    if (address == MAP_FAILED) {
        return host_fail_errno(error, errno, "mapping %llu bytes", (unsigned long long)size);
    }
    *address_out = address;
    return HOST_OK;
}

void memory_unmap(void *address, uint64_t size)
{
    if (address != NULL) {
        (void)munmap(address, size);
    }
}
