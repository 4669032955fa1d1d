/* SPDX-License-Identifier: Apache-2.0 */
/* mutator.c -- libFuzzer's door to the mutators of fuzz/input: in its programs only. */
#include "fuzz/input/mutate.h"

/* NOLINTBEGIN(readability-identifier-naming): libFuzzer's own names */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max_size);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(
    const uint8_t *data1,
    size_t size1,
    const uint8_t *data2,
    size_t size2,
    uint8_t *out,
    size_t max_out_size,
    unsigned int seed);

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    struct mutate mutate = {.random = seed * 2ULL + 1, .bytes = LLVMFuzzerMutate};
    size_t changes = (size_t)mutate_draw(&mutate, 3) + 1;
    for (; changes > 0; changes--) {
        size = mutate_input(&mutate, &fuzz_rules, data, size, max_size);
    }
    return size;
}

size_t LLVMFuzzerCustomCrossOver(
    const uint8_t *data1,
    size_t size1,
    const uint8_t *data2,
    size_t size2,
    uint8_t *out,
    size_t max_out_size,
    unsigned int seed)
{
    struct mutate mutate = {.random = seed * 2ULL + 1, .bytes = LLVMFuzzerMutate};
    const struct ferry_bytes first = {.data = data1, .size = size1};
    const struct ferry_bytes second = {.data = data2, .size = size2};
    return mutate_cross(&mutate, &fuzz_rules, first, second, out, max_out_size);
}
/* NOLINTEND(readability-identifier-naming) */
