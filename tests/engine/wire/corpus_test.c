/* SPDX-License-Identifier: Apache-2.0 */
/* corpus_test.c -- the fuzzer's seeds of control messages are the samples: one file a message, and one with all of them. */
#include "support/corpus.h"

#include "samples.h"

#include <string.h>

static void there_is_a_seed_of_every_message(void **unused)
{
    (void)unused;
    uint8_t all[8192];
    size_t all_size = 0;
    for (size_t i = 0; i < sample_count; i++) {
        uint8_t frame[SAMPLE_SIZE_MAX];
        char name[64] = "control_";
        const size_t size = sample_frame(&samples[i], frame);
        assert_true(all_size + size <= sizeof(all));
        memcpy(all + all_size, frame, size);
        all_size += size;
        strncat(name, samples[i].name, sizeof(name) - sizeof("control_"));
        corpus_check(name, CORPUS_CONTROL | CORPUS_SEAL, frame, size);
    }
    corpus_check("control_all", CORPUS_CONTROL | CORPUS_SEAL, all, all_size);
    corpus_check("control_unsealed", CORPUS_CONTROL, all, all_size);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_is_a_seed_of_every_message),
    };
    corpus_arguments(argc, argv);
    return cmocka_run_group_tests_name("corpus", tests, NULL, NULL);
}
