/* SPDX-License-Identifier: Apache-2.0 */
/* names.c -- the words of the protocol, and the sizes of its packets. */
#include "engine/host/vmmlink/protocol.h"

static const struct {
    const char *name;
    const char *sentence;
} statuses[VMMLINK_STATUS_COUNT] = {
#define VMMLINK_STATUS_ENTRY(name, sentence) [VMMLINK_##name] = {#name, sentence},
    VMMLINK_STATUS_TABLE(VMMLINK_STATUS_ENTRY)
#undef VMMLINK_STATUS_ENTRY
};

const char *vmmlink_status_name(enum vmmlink_status status)
{
    return (unsigned)status < VMMLINK_STATUS_COUNT ? statuses[status].name : "UNKNOWN";
}

const char *vmmlink_status_sentence(enum vmmlink_status status)
{
    return (unsigned)status < VMMLINK_STATUS_COUNT ? statuses[status].sentence
                                                   : "a status that is not known";
}

const char *vmmlink_guest_state_name(enum vmmlink_guest_state state)
{
    switch (state) {
    case VMMLINK_GUEST_FRESH: return "FRESH";
    case VMMLINK_GUEST_INCOMING: return "INCOMING";
    case VMMLINK_GUEST_LOADED: return "LOADED";
    case VMMLINK_GUEST_RUNNING: return "RUNNING";
    case VMMLINK_GUEST_PAUSED: return "PAUSED";
    case VMMLINK_GUEST_DIED: return "DIED";
    }
    return "UNKNOWN";
}

const char *vmmlink_bad_page_name(uint32_t reason)
{
    static const char *const names[] = {
        [VMMLINK_BAD_NONE] = "NONE",
        [VMMLINK_BAD_ADDRESS] = "ADDRESS",
        [VMMLINK_BAD_CHECKSUM] = "CHECKSUM",
        [VMMLINK_BAD_GENERATION] = "GENERATION",
        [VMMLINK_BAD_ZERO] = "ZERO",
        [VMMLINK_BAD_REGISTERS] = "REGISTERS",
        [VMMLINK_BAD_DISK] = "DISK",
    };
    return reason < sizeof(names) / sizeof(names[0]) ? names[reason] : "UNKNOWN";
}

/* type: size of the request, size of its answer */
static const struct {
    size_t request;
    size_t answer;
} sizes[VMM_REQUEST_END] = {
    [VMM_HELLO] = {sizeof(struct vmm_hello),    sizeof(struct vmm_hello_answer)  },
    [VMM_COLLECT] = {sizeof(struct vmm_collect),  sizeof(struct vmm_collect_answer)},
    [VMM_STOP_LOGGING] = {sizeof(struct vmm_header),   sizeof(struct vmm_answer)        },
    [VMM_PAUSE] = {sizeof(struct vmm_header),   sizeof(struct vmm_pause_answer)  },
    [VMM_CAPTURE] = {sizeof(struct vmm_header),   sizeof(struct vmm_capture_answer)},
    [VMM_LOAD] = {sizeof(struct vmm_load),     sizeof(struct vmm_answer)        },
    [VMM_RUN] = {sizeof(struct vmm_run),      sizeof(struct vmm_run_answer)    },
    [VMM_THROTTLE] = {sizeof(struct vmm_throttle), sizeof(struct vmm_answer)        },
    [VMM_STATUS] = {sizeof(struct vmm_header),   sizeof(struct vmm_status_answer) },
    [VMM_CHECK] = {sizeof(struct vmm_header),   sizeof(struct vmm_answer)        },
    [VMM_QUIT] = {sizeof(struct vmm_header),   sizeof(struct vmm_answer)        },
};

size_t vmm_request_size(uint32_t type)
{
    return type < VMM_REQUEST_END ? sizes[type].request : 0;
}

size_t vmm_answer_size(uint32_t type)
{
    return type < VMM_REQUEST_END ? sizes[type].answer : 0;
}
