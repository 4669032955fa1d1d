/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handlers.h -- the calls of the control socket, by subject; docs/control.md says what each means.
 */
#ifndef FERRY_HOST_DAEMON_HANDLERS_H
#define FERRY_HOST_DAEMON_HANDLERS_H

#include "engine/host/control/control.h"
#include "engine/host/daemon/session.h"

/* handlers_vm.c */
void handle_vm_run(void *context, struct control_request *request, const json_t *args);
void handle_vm_stop(void *context, struct control_request *request, const json_t *args);
/* handlers_vm_list.c */
void handle_vm_list(void *context, struct control_request *request, const json_t *args);
/* handlers_vm_check.c */
void handle_vm_check(void *context, struct control_request *request, const json_t *args);
/* handlers_move.c */
void handle_move(void *context, struct control_request *request, const json_t *args);
/* handlers_order.c */
void handle_wait(void *context, struct control_request *request, const json_t *args);
void handle_status(void *context, struct control_request *request, const json_t *args);
void handle_cancel(void *context, struct control_request *request, const json_t *args);
void handle_set(void *context, struct control_request *request, const json_t *args);
/* handlers_session.c */
void handle_session_list(void *context, struct control_request *request, const json_t *args);
void handle_session_show(void *context, struct control_request *request, const json_t *args);
void handle_session_claim(void *context, struct control_request *request, const json_t *args);
void handle_session_burn(void *context, struct control_request *request, const json_t *args);
/* record.c */
void handle_record(void *context, struct control_request *request, const json_t *args);
void recording_abandon(struct recording *recording); /* the daemon ends; NULL is fine */

/* handlers_move.c. A number, or null for none; not there: left as it is. */
FERRY_NODISCARD
enum host_code arg_number_or_null(
    const json_t *args, const char *name, uint64_t none, uint64_t *out, struct host_error *error);

/* Answers with what an engine said to a command that it did not take. */
void fail_command(
    struct control_request *request, const struct session *session, enum ferry_status status);

#endif
