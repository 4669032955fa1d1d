/* SPDX-License-Identifier: Apache-2.0 */
/* zero.c -- see zero.h. The first 128 bytes decide for nearly every page that is not zero: they are
 * looked at before anything else, so that such a page costs one cache line. */
#include "engine/host/dataplane/zero.h"

#include <stdint.h>

#if defined(__x86_64__)
#    include <immintrin.h>

__attribute__((target("avx2"))) static bool is_zero_avx2(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at += 128) {
        const __m256i *part = (const void *)(data + at);
        const __m256i low = _mm256_or_si256(_mm256_load_si256(part), _mm256_load_si256(part + 1));
        const __m256i high =
            _mm256_or_si256(_mm256_load_si256(part + 2), _mm256_load_si256(part + 3));
        const __m256i all = _mm256_or_si256(low, high);
        if (_mm256_testz_si256(all, all) == 0) {
            return false;
        }
    }
    return true;
}

static bool is_zero_plain(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at += 64) {
        const __m128i *part = (const void *)(data + at);
        const __m128i low = _mm_or_si128(_mm_load_si128(part), _mm_load_si128(part + 1));
        const __m128i high = _mm_or_si128(_mm_load_si128(part + 2), _mm_load_si128(part + 3));
        const __m128i same = _mm_cmpeq_epi8(_mm_or_si128(low, high), _mm_setzero_si128());
        if (_mm_movemask_epi8(same) != 0xffff) {
            return false;
        }
    }
    return true;
}

static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") != 0;
}
#else
#    include <string.h>

static bool is_zero_plain(const uint8_t *data, size_t size)
{
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word;
        memcpy(&word, data + at, sizeof(word));
        if (word != 0) {
            return false;
        }
    }
    return true;
}

#    define is_zero_avx2 is_zero_plain
static bool has_avx2(void)
{
    return false;
}
#endif

bool dataplane_is_zero(const void *data, size_t size)
{
    return has_avx2() ? is_zero_avx2(data, size) : is_zero_plain(data, size);
}

bool dataplane_is_zero_without_avx2(const void *data, size_t size)
{
    return is_zero_plain(data, size);
}
