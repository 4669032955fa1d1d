/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server.h -- the control thread: one client at a time, its requests carried out in their order,
 * what the machine raises told to it. See vmmlink/protocol.h.
 */
#ifndef FERRY_VMM_SERVER_H
#define FERRY_VMM_SERVER_H

#include "engine/host/vmm/machine.h"

/* Serves until a client says QUIT (0) or the listening socket fails (1). */
int server_run(struct machine *machine, int listener);
/* The machine could not be made: tells the first client why, waits for it no longer than a while. */
void server_refuse(int listener, const struct vmm_fault *fault);

#endif
