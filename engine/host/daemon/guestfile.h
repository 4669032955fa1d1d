/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestfile.h -- what a host knows of a guest besides its memory, as one text: it lies in the
 * journal, and it is the configuration that moves with the guest; see guestfile.c.
 */
#ifndef FERRY_HOST_DAEMON_GUESTFILE_H
#define FERRY_HOST_DAEMON_GUESTFILE_H

#include "engine/host/base/error.h"
#include "engine/host/vmmlink/guestconfig.h"
#include "ferry/limits.h"
#include "ferry/types.h"

#include <stddef.h>
#include <stdint.h>

struct guestfile {
    char name[FERRY_NAME_MAX + 1]; /* of letters, digits, '-', '_' and '.', not first */
    uint64_t id;                   /* the same on every host and for ever; never 0 */
    struct guestconfig config;     /* what the guest's process reads */
};

/* Is this a name that can be a folder's and a guest's? */
bool guestfile_name_valid(const char *name);

/* The text; LIMIT or USAGE with the reason. text has FERRY_GUEST_CONFIG_MAX bytes. */
FERRY_NODISCARD
enum host_code guestfile_encode(
    const struct guestfile *file, char *text, size_t *size_out, struct host_error *error);
/* Reads and checks a text of anybody's. */
FERRY_NODISCARD
enum host_code
guestfile_decode(struct ferry_bytes text, struct guestfile *file_out, struct host_error *error);
/* The part of it that the guest's process reads. */
FERRY_NODISCARD
enum host_code guestfile_process_config(
    const struct guestfile *file, char *text, size_t *size_out, struct host_error *error);

#endif
