/* SPDX-License-Identifier: Apache-2.0 */
/* image.h -- the test guest's program as bytes, to be put at GUEST_PROGRAM. */
#ifndef FERRY_GUEST_IMAGE_H
#define FERRY_GUEST_IMAGE_H

#include <stddef.h>
#include <stdint.h>

extern const uint8_t guest_image[];
extern const uint64_t guest_image_bytes;

#endif
