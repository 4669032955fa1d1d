/* SPDX-License-Identifier: Apache-2.0 */
/* zero.h -- is this memory all zero? AVX2 where the processor has it, SSE2 otherwise. */
#ifndef FERRY_HOST_DATAPLANE_ZERO_H
#define FERRY_HOST_DATAPLANE_ZERO_H

#include <stdbool.h>
#include <stddef.h>

/* `size` is a multiple of 128, `data` of 32. Another thread (the guest) may write meanwhile: then
 * the answer is that of some instant for each byte. */
bool dataplane_is_zero(const void *data, size_t size);
/* The same without AVX2, for tests of the processors that have none. */
bool dataplane_is_zero_without_avx2(const void *data, size_t size);

#endif
