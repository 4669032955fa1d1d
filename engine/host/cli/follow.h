/* SPDX-License-Identifier: Apache-2.0 */
/* follow.h -- staying with a move until it has an outcome. */
#ifndef FERRY_HOST_CLI_FOLLOW_H
#define FERRY_HOST_CLI_FOLLOW_H

#include "engine/host/cli/ask.h"

/* Takes the connection over. Draws a bar where standard error is a terminal. Returns the exit
 * status of the outcome, which it has told. */
int follow_move(
    const struct cli_common *common,
    struct control_client *client,
    const char *session,
    const char *guest);

#endif
