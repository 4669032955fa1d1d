/* SPDX-License-Identifier: Apache-2.0 */
/* control.h -- a client of ferryd's control socket (docs/control.md): calls that wait for their
 * answer, and a second connection for events. */
#ifndef FERRY_SIM_LAB_CONTROL_H
#define FERRY_SIM_LAB_CONTROL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lab_control;

/* NULL: nobody answers there (yet). */
struct lab_control *lab_control_open(const char *socket_path);
void lab_control_close(struct lab_control *control); /* NULL is fine */
int lab_control_fd(const struct lab_control *control);

/* The result (owned by the caller), or NULL and a sentence in text. Takes over `args`. */
json_t *lab_control_call(
    struct lab_control *control,
    const char *call,
    json_t *args,
    int64_t limit_ns,
    char *text,
    size_t size);

/* Sends a call without waiting; its answer is dropped by next_event(). */
bool lab_control_send(struct lab_control *control, const char *call, json_t *args);
/* The next event that has come, or NULL; never waits. *closed_out: the daemon is gone. */
json_t *lab_control_next_event(struct lab_control *control, bool *closed_out);

#endif
