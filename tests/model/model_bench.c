/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_bench.c -- how fast the model is on this machine. Prints figures and judges nothing: times
 * are no tests.
 */
#include "model/clients.h"
#include "model/guest.h"
#include "model/payload.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define GIB      (UINT64_C(1) << 30)
#define PAGE     UINT64_C(4096)
#define BATCH    UINT64_C(3072)
#define SECOND   INT64_C(1000000000)
#define MS_OF(t) ((double)(t) / 1e6)

static int64_t clock_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * SECOND + now.tv_nsec;
}

static void *need(void *made)
{
    if (made == NULL) {
        fprintf(stderr, "model_bench: out of memory\n");
        exit(1);
    }
    return made;
}

static void need_true(bool fine)
{
    if (!fine) {
        fprintf(stderr, "model_bench: a run failed\n");
        exit(1);
    }
}

static struct model_memory *memory_of(uint64_t gib)
{
    return need(model_memory_create(&(struct model_memory_config){
        .page_count = gib * GIB / PAGE, .page_size = PAGE, .guest_id = 1}));
}

/* All pages, zero ones as records, in batches, with digests on both sides. */
static void send_all(struct model_memory *source, struct model_memory *target)
{
    struct model_payload *payload = need(model_payload_create());
    uint64_t pages = model_memory_page_count(source);
    uint64_t digest = 0;
    for (uint64_t from = 0; from < pages; from += BATCH) {
        uint64_t end = from + BATCH < pages ? from + BATCH : pages;
        struct model_run run;
        for (uint64_t at = from; model_memory_next_run(source, NULL, at, end, &run);
             at = run.first + run.count) {
            if (run.zero) {
                model_memory_place_zero(target, run.first, run.count);
                continue;
            }
            need_true(model_payload_append(payload, source, run.first, run.count));
            digest += model_payload_digest(payload, 0, run.count);
            digest -= model_payload_digest(payload, 0, run.count);
            need_true(model_payload_place(payload, target, run.first, run.count));
        }
    }
    need_true(digest == 0);
    model_payload_destroy(payload);
}

static void bench_memory(uint64_t gib)
{
    struct model_difference difference;
    int64_t begin = clock_ns();
    struct model_memory *source = memory_of(gib);
    struct model_memory *target = memory_of(gib);
    need_true(model_memory_fill_initial(source, 0, model_memory_page_count(source) * 4 / 5));
    int64_t built = clock_ns();
    send_all(source, target);
    int64_t sent = clock_ns();
    need_true(model_memory_compare(source, target, &difference));
    int64_t compared = clock_ns();
    printf(
        "memory %4" PRIu64 " GiB, untouched: build %.1f ms, send %.1f ms, compare %.1f ms\n",
        gib,
        MS_OF(built - begin),
        MS_OF(sent - built),
        MS_OF(compared - sent));
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void bench_busy(void)
{
    const struct model_workload_spec workload = {
        .kind = MODEL_WORKLOAD_HOTSET,
        .hotset =
            {
                     .hot = {.size_bytes = 2 * GIB, .rate = {UINT64_C(300) << 20, 1}},
                     .cold = {.size_bytes = 40 * GIB, .rate = {UINT64_C(5) << 20, 1}},
                     },
    };
    struct model_memory *source = memory_of(64);
    struct model_memory *target = memory_of(64);
    need_true(model_memory_fill_initial(source, 0, model_memory_page_count(source) * 4 / 5));
    struct model_guest *guest = need(model_guest_create(&(struct model_guest_config){
        .name = "bench", .seed = 1, .workload = &workload, .memory = source, .fault_ns = 4000}));
    uint64_t *bitmap = need(calloc(model_memory_word_count(source), sizeof(*bitmap)));
    model_guest_start(guest, 0);
    model_guest_begin_logging(guest, 0);
    int64_t begin = clock_ns();
    need_true(model_guest_advance(guest, 60 * SECOND));
    int64_t advanced = clock_ns();
    uint64_t dirty = model_guest_collect(guest, 60 * SECOND, bitmap);
    int64_t collected = clock_ns();
    send_all(source, target);
    int64_t sent = clock_ns();
    struct model_difference difference;
    need_true(model_memory_compare(source, target, &difference));
    int64_t compared = clock_ns();
    printf(
        "hotset   64 GiB, 60 s: %" PRIu64 " writes at %.1f ns, collect of %" PRIu64
        " pages %.2f ms, send %.1f ms, compare %.1f ms\n",
        model_guest_writes(guest),
        (double)(advanced - begin) / (double)model_guest_writes(guest),
        dirty,
        MS_OF(collected - advanced),
        MS_OF(sent - collected),
        MS_OF(compared - sent));
    free(bitmap);
    model_guest_destroy(guest);
    model_memory_destroy(source);
    model_memory_destroy(target);
}

static void bench_writes(const char *name, enum model_workload_kind kind, uint64_t gib)
{
    struct model_workload_spec workload = {.kind = kind};
    struct model_write_set set = {
        .size_bytes = gib * GIB, .rate = {GIB, 1}
    };
    if (kind == MODEL_WORKLOAD_SWEEP) {
        workload.sweep = set;
    } else {
        workload.uniform = set;
    }
    struct model_memory *memory = memory_of(gib);
    struct model_guest *guest = need(model_guest_create(&(struct model_guest_config){
        .name = "bench", .seed = 1, .workload = &workload, .memory = memory}));
    model_guest_start(guest, 0);
    need_true(model_guest_advance(guest, 10 * SECOND)); /* all that is touched first */
    model_guest_begin_logging(guest, 10 * SECOND);
    int64_t begin = clock_ns();
    need_true(model_guest_advance(guest, 40 * SECOND));
    int64_t end = clock_ns();
    printf(
        "%-8s %4" PRIu64 " GiB, warm: %.1f ns a write\n",
        name,
        gib,
        (double)(end - begin) / (30.0 * (double)(GIB / PAGE)));
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

static void bench_clients(void)
{
    const struct model_workload_spec workload = {
        .kind = MODEL_WORKLOAD_UNIFORM,
        .uniform = {.size_bytes = GIB / 16, .rate = {1 << 20, 1}},
    };
    struct model_memory *memory = memory_of(1);
    struct model_guest *guest = need(model_guest_create(&(struct model_guest_config){
        .name = "bench", .seed = 1, .workload = &workload, .memory = memory, .fault_ns = 4000}));
    struct model_clients *clients = need(model_clients_create(&(struct model_clients_config){
        .guest = guest, .rate = {2000, 1},
             .rtt_ns = MODEL_CLIENT_RTT_NS, .timeout_ns = SECOND
    }));
    model_guest_start(guest, 0);
    int64_t begin = clock_ns();
    need_true(model_clients_advance(clients, 300 * SECOND));
    int64_t end = clock_ns();
    struct model_clients_report report;
    model_clients_report(clients, &report);
    printf(
        "clients  2000 /s, 300 s: %.1f ms, %.0f ns a request\n",
        MS_OF(end - begin),
        (double)(end - begin) / (double)report.sent);
    model_clients_destroy(clients);
    model_guest_destroy(guest);
    model_memory_destroy(memory);
}

int main(void)
{
    bench_memory(16);
    bench_memory(64);
    bench_memory(128);
    bench_busy();
    bench_writes("sweep", MODEL_WORKLOAD_SWEEP, 1);
    bench_writes("uniform", MODEL_WORKLOAD_UNIFORM, 1);
    bench_writes("uniform", MODEL_WORKLOAD_UNIFORM, 8);
    bench_clients();
    return 0;
}
