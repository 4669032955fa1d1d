/* SPDX-License-Identifier: Apache-2.0 */
/* image.c -- carries the flat binary of the guest; GUEST_IMAGE_FILE is its path, given by the build. */
#include "engine/host/guest/image.h"

__asm__(".section .rodata.guest_image, \"a\"\n"
        ".balign 16\n"
        ".global guest_image\n"
        "guest_image:\n"
        ".incbin \"" GUEST_IMAGE_FILE "\"\n"
        "guest_image_end:\n"
        ".balign 8\n"
        ".global guest_image_bytes\n"
        "guest_image_bytes:\n"
        ".quad guest_image_end - guest_image\n"
        ".text\n");
