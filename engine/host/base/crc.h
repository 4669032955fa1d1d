/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crc.h -- CRC32C (Castagnoli) for the host, with the processor's instruction where it has one.
 *
 * Equal in result to the engine's own; running values can be handed from one to the other.
 */
#ifndef FERRY_HOST_BASE_CRC_H
#define FERRY_HOST_BASE_CRC_H

#include <stddef.h>
#include <stdint.h>

/* The checksum of all bytes so far, where `crc` is that of the bytes before (0 at the start). */
uint32_t host_crc32c(uint32_t crc, const void *data, size_t size);

#endif
