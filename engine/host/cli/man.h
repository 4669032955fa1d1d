/* SPDX-License-Identifier: Apache-2.0 */
/* man.h -- writing roff, for the three manual pages. */
#ifndef FERRY_HOST_CLI_MAN_H
#define FERRY_HOST_CLI_MAN_H

#include <stddef.h>

/* Text as roff wants it: backslashes and dashes escaped, no line that looks like a request. */
void man_text(const char *text, size_t size);
void man_string(const char *text);

void man_ferryd(void);
void man_config(void);

#endif
