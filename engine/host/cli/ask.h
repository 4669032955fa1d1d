/* SPDX-License-Identifier: Apache-2.0 */
/* ask.h -- asking the daemon, and telling what it said. */
#ifndef FERRY_HOST_CLI_ASK_H
#define FERRY_HOST_CLI_ASK_H

#include "engine/host/cli/cli.h"
#include "engine/host/control/control.h"

/* How long a daemon may take for an answer that needs no move and no disk. */
#define ASK_LIMIT (30 * FERRY_SECOND)

/* Connects; on failure it has told, and *status_out is the exit status. */
bool ask_connect(
    const struct cli_common *common, struct control_client **client_out, int *status_out);

/* One call and its answer: connects, asks, disconnects. Takes args over. On success (CLI_OK) the
 * result is *result_out; otherwise it has told. limit: for the answer. */
int ask(
    const struct cli_common *common,
    const char *call,
    json_t *args,
    ferry_time_ns limit,
    json_t **result_out);

/* The same on an open connection. */
int ask_on(
    const struct cli_common *common,
    struct control_client *client,
    const char *call,
    json_t *args,
    ferry_time_ns limit,
    json_t **result_out);

/* What went wrong, where the guest is now, what to do; as JSON on standard output with --json.
 * Returns the exit status. */
int ask_tell(
    const struct cli_common *common, const struct host_error *error, const char *guest_state);

/* Prints result as one line of JSON, and gives it back to the library. */
void ask_print(json_t *result);

/* Values of results; the fallback where they are missing, null or something else. */
const char *json_text(const json_t *object, const char *key, const char *fallback);
int64_t json_number(const json_t *object, const char *key, int64_t fallback);
bool json_flag(const json_t *object, const char *key);
/* "8f14e45f" for a session's first digits; at least 9 bytes of buffer. */
const char *json_session(const json_t *object, char buffer[9]);

#endif
