/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestargs.h -- what vm.run is told of a guest; see guestargs.c.
 */
#ifndef FERRY_HOST_DAEMON_GUESTARGS_H
#define FERRY_HOST_DAEMON_GUESTARGS_H

#include "engine/host/base/error.h"
#include "engine/host/vmmlink/guestconfig.h"
#include "ferry/types.h"

#include <jansson.h>

/* One key of the configuration; USAGE with the reason. */
FERRY_NODISCARD
enum host_code guestargs_set(
    struct guestconfig *config, const char *key, const char *value, struct host_error *error);
/* All of memory, vcpus, disk, tap, huge_pages and workload that are there change `config`, which
 * must make sense as a whole afterwards. */
FERRY_NODISCARD
enum host_code
guestargs_read(struct guestconfig *config, const json_t *args, struct host_error *error);

#endif
