/* SPDX-License-Identifier: Apache-2.0 */
/* memory.c -- see bench.h. */
#include "bench.h"
#include "engine/host/base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

void bench_fail(const char *what)
{
    (void)fprintf(stderr, "ferry-bench-host: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *bench_allocate(size_t size)
{
    void *memory = calloc(1, size);
    if (memory == NULL) {
        bench_fail("memory");
    }
    return memory;
}

struct memory memory_make(uint64_t size, bool huge)
{
    struct memory memory = {
        .size = size, .huge = huge, .fd = memfd_create("ferry-bench", MFD_CLOEXEC)};
    if (memory.fd < 0 || ftruncate(memory.fd, (off_t)size) != 0) {
        bench_fail("memfd");
    }
    memory.base = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory.fd, 0);
    if (memory.base == MAP_FAILED) {
        bench_fail("mmap");
    }
    if (huge && madvise(memory.base, size, MADV_HUGEPAGE) != 0) {
        bench_fail("huge pages");
    }
    return memory;
}

void memory_fill(const struct memory *memory)
{
    uint64_t value = 88172645463325252U;
    for (uint64_t at = 0; at < memory->size; at += sizeof(value)) {
        value ^= value << 13;
        value ^= value >> 7;
        value ^= value << 17;
        memcpy(memory->base + at, &value, sizeof(value));
    }
}

void memory_free(struct memory *memory)
{
    (void)munmap(memory->base, memory->size);
    (void)close(memory->fd);
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double cpu_now(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

struct watch_start watch_start(void)
{
    return (struct watch_start){.wall = host_now(), .cpu = cpu_now()};
}

struct measurement watch_stop(struct watch_start start)
{
    return (struct measurement){
        .seconds = (double)(host_now() - start.wall) / 1e9,
        .cpu_seconds = cpu_now() - start.cpu,
    };
}
