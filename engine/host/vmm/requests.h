/* SPDX-License-Identifier: Apache-2.0 */
/*
 * requests.h -- what a client's requests do to the machine; see vmmlink/protocol.h for what they mean.
 */
#ifndef FERRY_VMM_REQUESTS_H
#define FERRY_VMM_REQUESTS_H

#include "engine/host/vmm/machine.h"

/* Any packet of the client, aligned for its structs. */
union packet {
    struct vmm_header header;
    struct vmm_hello hello;
    struct vmm_collect collect;
    struct vmm_load load;
    struct vmm_run run;
    struct vmm_throttle throttle;
};

union answer {
    struct vmm_answer answer;
    struct vmm_hello_answer hello;
    struct vmm_collect_answer collect;
    struct vmm_pause_answer pause;
    struct vmm_capture_answer capture;
    struct vmm_run_answer run;
    struct vmm_status_answer status;
};

/* Carries out one, of which size and type were checked, and which is no HELLO. Its answer's fields are
 * filled, but for the head. QUIT does nothing to the machine: it is the server's to end. */
enum vmmlink_status request_carry_out(
    struct machine *machine,
    const union packet *packet,
    union answer *answer,
    struct vmm_fault *fault);

#endif
