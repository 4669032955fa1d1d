/* SPDX-License-Identifier: Apache-2.0 */
/* corpus_test.c -- the fuzzer's seeds of payload streams: heads alone, since bodies teach a fuzzer nothing, and one stream
 * with its bodies. */
#include "support/corpus.h"

#include "loop.h"

#include <string.h>

#define PAGES 160U

struct seeds {
    struct shape shape;
    struct guest guest;
    uint64_t bitmap[3];
    uint8_t state[64];
};

static void seeds_init(struct seeds *seeds)
{
    memset(seeds, 0, sizeof(*seeds));
    shape_init(&seeds->shape, 4096, 100, 60);
    guest_init(&seeds->guest, 4096, PAGES);
    for (uint64_t page = 0; page < PAGES; page += page % 7 + 1) {
        guest_write(&seeds->guest, page, 'd');
    }
    memset(seeds->bitmap, 0xf3, sizeof(seeds->bitmap));
}

/* Sends two batches of pages, one of device state, and barriers; without its bodies the tape holds the heads. */
static size_t send_heads(struct seeds *seeds, uint8_t *out, size_t capacity)
{
    struct tape tape;
    size_t size = 0;
    const struct ferry_batch batches[] = {
        {.number = 1, .bitmap = seeds->bitmap, .first_page = 0,   .end_page = 100  },
        {.number = 2, .bitmap = seeds->bitmap, .first_page = 110, .end_page = 160  },
        {.number = 3, .attempt = 1,            .state_size = 64,  .state_digest = 5},
    };
    tape_init(&tape, &seeds->shape, &seeds->guest);
    tape.state = seeds->state;
    tape.heads_only = true;
    tape.size = 0;
    for (size_t i = 0; i < COUNT_OF(batches); i++) {
        tape_batch(&tape, &batches[i]);
    }
    tape_barrier(&tape, 0, 1);
    tape_barrier(&tape, 1, 0);
    assert_true(tape.size <= capacity);
    size = tape.size;
    memcpy(out, tape.bytes, size);
    tape_deinit(&tape);
    return size;
}

static void there_are_seeds_of_every_frame(void **unused)
{
    (void)unused;
    struct seeds seeds;
    struct tape tape;
    uint8_t heads[4096];
    seeds_init(&seeds);
    const size_t size = send_heads(&seeds, heads, sizeof(heads));
    corpus_check("stream_all", CORPUS_NO_BODIES, heads, size);
    corpus_check("stream_sealed", CORPUS_NO_BODIES | CORPUS_SEAL, heads, size);

    tape_init(&tape, &seeds.shape, &seeds.guest);
    tape_batch(&tape, &(struct ferry_batch){.number = 1, .bitmap = seeds.bitmap, .end_page = 5});
    tape_barrier(&tape, 0, 0);
    corpus_check(
        "stream_with_bodies", 0, tape.bytes + FERRY_PREFACE_SIZE, tape.size - FERRY_PREFACE_SIZE);
    tape_deinit(&tape);
    guest_deinit(&seeds.guest);
}

static void single_frames_are_seeds_too(void **unused)
{
    (void)unused;
    struct seeds seeds;
    struct tape tape;
    seeds_init(&seeds);
    static const struct {
        const char *name;
        struct ferry_batch batch;
    } rows[] = {
        {"stream_pages",  {.number = 1, .first_page = 0, .end_page = 64}   },
        {"stream_region", {.number = 2, .first_page = 100, .end_page = 160}},
        {"stream_state",  {.number = 3, .attempt = 2, .state_size = 64}    },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct ferry_batch batch = rows[i].batch;
        batch.bitmap = seeds.bitmap;
        tape_init(&tape, &seeds.shape, &seeds.guest);
        tape.state = seeds.state;
        tape.heads_only = true;
        tape.size = 0;
        tape_batch(&tape, &batch);
        corpus_check(rows[i].name, CORPUS_NO_BODIES | CORPUS_SEAL, tape.bytes, tape.size);
        tape_deinit(&tape);
    }
    tape_init(&tape, &seeds.shape, &seeds.guest);
    tape_barrier(&tape, 0, 3);
    corpus_check(
        "stream_barrier",
        CORPUS_NO_BODIES | CORPUS_SEAL,
        tape.bytes + FERRY_PREFACE_SIZE,
        tape.size - FERRY_PREFACE_SIZE);
    tape_deinit(&tape);
    guest_deinit(&seeds.guest);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_seeds_of_every_frame),
        cmocka_unit_test(single_frames_are_seeds_too),
    };
    corpus_arguments(argc, argv);
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
