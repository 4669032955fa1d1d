/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.h -- how a move ended, for people and as an exit status. */
#ifndef FERRY_HOST_CLI_OUTCOME_H
#define FERRY_HOST_CLI_OUTCOME_H

#include "engine/host/cli/ask.h"

/* Prints the result of `wait` (as JSON, or in words) and gives it back to the library. */
int outcome_tell(const struct cli_common *common, json_t *result);

#endif
