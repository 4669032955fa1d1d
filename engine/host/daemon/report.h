/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report.h -- sessions and guests as JSON, as docs/control.md has them.
 */
#ifndef FERRY_HOST_DAEMON_REPORT_H
#define FERRY_HOST_DAEMON_REPORT_H

#include "engine/host/daemon/session.h"

#include <jansson.h>

/* An entry of `moves` in the answer to status. */
json_t *report_status(const struct session *session);
/* The answer to wait; the session has an outcome. */
json_t *report_wait(const struct session *session);
json_t *report_hex(uint64_t number); /* 16 digits */

#endif
