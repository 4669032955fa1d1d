/* SPDX-License-Identifier: Apache-2.0 */
/* bench.h -- the pieces of ferry-bench-host: memory, links, one measurement.
 *
 * All kinds of transfer use the same memory (a memfd for each side) and the same sockets, so that
 * what is compared differs in nothing but the program. */
#ifndef FERRY_TEST_HOST_BENCH_BENCH_H
#define FERRY_TEST_HOST_BENCH_BENCH_H

#include "engine/host/transport/connection.h"
#include "engine/host/transport/gate.h"
#include "ferry/types.h"

#define BENCH_STREAMS_MAX 16U
#define BENCH_PAGE        4096U

struct memory {
    uint8_t *base;
    uint64_t size;
    int fd;
    bool huge;
};

/* Not touched. Ends the program if there is no room. */
struct memory memory_make(uint64_t size, bool huge);
/* Makes every page, with bytes that are not zero. */
void memory_fill(const struct memory *memory);
void memory_free(struct memory *memory);

struct measurement {
    double seconds;
    double cpu_seconds; /* of both ends, user and system */
};

enum kind { KIND_TCP = 0, KIND_FERRY, KIND_TLS, KIND_FERRY_TLS };

struct run {
    enum kind kind;
    uint16_t streams;
    const struct memory *source; /* filled */
    const struct memory *target; /* touched, or not */
    bool fresh;                  /* the target was never touched */
    bool paused;                 /* ferry: with digests, as in the blackout */
};

/* Certificates in a temporary folder, for the kinds with TLS. */
void links_set_up(void);
void links_tear_down(void);
/* Two connected sockets over loopback. */
void link_sockets(int fds_out[2]);
struct tls_paths {
    char certificate[2][128]; /* of h1, of h2 */
    char key[2][128];
    char ca[128];
};
const struct tls_paths *links_paths(void);

/* The plain loops that ferry is measured against. */
struct measurement measure_raw(const struct run *run);
struct measurement measure_ferry(const struct run *run);

/* A stopwatch for wall-clock and processor time of the process. */
struct watch_start {
    ferry_time_ns wall;
    double cpu;
};
struct watch_start watch_start(void);
struct measurement watch_stop(struct watch_start start);
_Noreturn void bench_fail(const char *what);
void *bench_allocate(size_t size); /* zeroed; ends the program if there is none */

#endif
