/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protocol.h -- the messages between a daemon and a guest's process, as they lie in memory.
 *
 * A Unix socket of SOCK_SEQPACKET: one message, one packet. Both ends are on one machine, so
 * numbers are in its own order and sizes; every struct below has neither padding nor pointers, and
 * its size is asserted. The client asks, the VMM answers each request once and in order (same id,
 * type | VMM_ANSWER), and says events of its own accord (id 0). A packet of another length than its
 * type has, or of an unknown type, ends the connection; the guest runs on.
 *
 *   client                          VMM
 *     HELLO(versions)      -->
 *                          <--      HELLO answer + 4 descriptors (RAM, bitmap, state, pidfd)
 *     COLLECT(FIRST) ...   -->
 *                          <--      COLLECT answer, events in between
 *     QUIT                 -->
 *                          <--      QUIT answer, end
 *
 * docs/vmm-protocol.md tells the same for whoever writes another VMM.
 */
#ifndef FERRY_VMMLINK_PROTOCOL_H
#define FERRY_VMMLINK_PROTOCOL_H

#include "engine/host/vmmlink/vmmlink.h"

#define VMM_MAGIC   0x6d6d7679U
#define VMM_VERSION 1U

#define VMM_REASON_MAX 240U
/* Text in one SERIAL event. */
#define VMM_SERIAL_MAX 1024U
/* The largest packet: the answer to HELLO with its configuration. */
#define VMM_PACKET_MAX 36864U
/* Descriptors of the answer to HELLO, in this order. */
enum vmm_descriptor { VMM_FD_RAM, VMM_FD_BITMAP, VMM_FD_STATE, VMM_FD_PID, VMM_FD_COUNT };

enum vmm_type {
    VMM_HELLO = 1,
    VMM_COLLECT,
    VMM_STOP_LOGGING,
    VMM_PAUSE,
    VMM_CAPTURE,
    VMM_LOAD,
    VMM_RUN,
    VMM_THROTTLE,
    VMM_STATUS,
    VMM_CHECK,
    VMM_QUIT,
    VMM_REQUEST_END,
    /* events */
    VMM_EVENT_DIED = 0x40,
    VMM_EVENT_SERIAL,
    VMM_EVENT_REPORT,
    VMM_EVENT_REPLACED, /* another client came: this connection ends */
    VMM_EVENT_END,
};
#define VMM_ANSWER 0x8000U

struct vmm_header {
    uint32_t magic;
    uint32_t type;
    uint64_t id; /* of the request; 0: an event */
};

/* ---- Requests: header and body, of exactly this size ---------------------------------------- */

struct vmm_hello {
    struct vmm_header header;
    uint32_t version_min; /* that the client speaks */
    uint32_t version_max;
};
struct vmm_collect {
    struct vmm_header header;
    uint32_t how; /* enum vmmlink_collect */
    uint32_t reserved;
};
struct vmm_load {
    struct vmm_header header;
    uint64_t size;
};
struct vmm_run {
    struct vmm_header header;
    uint64_t session_high;
    uint64_t session_low;
    uint64_t epoch;
    uint32_t attempt;
    uint32_t reserved;
};
struct vmm_throttle {
    struct vmm_header header;
    uint32_t percent;
    uint32_t reserved;
};
/* STOP_LOGGING, PAUSE, CAPTURE, STATUS, CHECK and QUIT are the header alone. */

/* ---- Answers: head, and a body whatever the status is --------------------------------------- */

struct vmm_answer {
    struct vmm_header header;
    uint32_t status;      /* enum vmmlink_status */
    uint32_t guest_state; /* enum vmmlink_guest_state, after the request */
    int64_t took_ns;
    char reason[VMM_REASON_MAX]; /* ends with a zero */
};

struct vmm_hello_answer {
    struct vmm_answer answer;
    uint32_t version;
    uint32_t region_count;
    struct ferry_region regions[VMMLINK_REGIONS_MAX];
    uint64_t ram_page_size;
    uint64_t bitmap_bytes;
    uint64_t state_bytes;
    uint64_t tsc_khz;
    uint64_t report_offset; /* of the report page in RAM; 0: none */
    struct {
        uint64_t session_high;
        uint64_t session_low;
        uint64_t epoch;
        uint32_t attempt;
        uint32_t logging;
    } last_run;
    uint32_t vcpus;
    uint32_t pid;
    uint32_t name_bytes;
    uint32_t config_bytes;
    /* name and configuration follow, without terminating zeros */
};
struct vmm_collect_answer {
    struct vmm_answer answer;
    uint64_t dirty_pages;
    uint64_t new_pages;
    uint64_t device_pages;
};
struct vmm_pause_answer {
    struct vmm_answer answer;
    int64_t stopping_ns;
    int64_t draining_ns;
    int64_t paused_at;
};
struct vmm_capture_answer {
    struct vmm_answer answer;
    uint64_t size;
    uint64_t crc32c;
};
struct vmm_run_answer {
    struct vmm_answer answer;
    uint64_t was_running;
    int64_t clock_step_ns;
    int64_t running_at;
};
struct vmm_status_answer {
    struct vmm_answer answer;
    struct vmmlink_report report;
    uint32_t report_valid;
    uint32_t logging;
    uint32_t throttle_percent;
    uint32_t attempt;
    uint64_t session_high;
    uint64_t session_low;
    uint64_t epoch;
    int64_t vcpu_time_ns;
    uint64_t exits;
    uint64_t serial_bytes;
    uint64_t disk_requests;
};
/* STOP_LOGGING, LOAD, THROTTLE, CHECK and QUIT are answered by the head alone. */

/* ---- Events --------------------------------------------------------------------------------- */

struct vmm_event_text { /* DIED, REPLACED */
    struct vmm_header header;
    char reason[VMM_REASON_MAX];
};
struct vmm_event_serial {
    struct vmm_header header;
    uint64_t offset;
    uint64_t bytes; /* at most VMM_SERIAL_MAX */
    char text[VMM_SERIAL_MAX];
};
struct vmm_event_report {
    struct vmm_header header;
    struct vmmlink_report report;
};

_Static_assert(sizeof(struct vmm_header) == 16, "no padding");
_Static_assert(sizeof(struct vmm_run) == 48, "no padding");
_Static_assert(sizeof(struct vmm_answer) == 32 + VMM_REASON_MAX, "no padding");
_Static_assert(sizeof(struct vmmlink_report) == 96, "no padding");
_Static_assert(sizeof(struct vmm_hello_answer) == sizeof(struct vmm_answer) + 160, "no padding");
_Static_assert(sizeof(struct vmm_status_answer) == sizeof(struct vmm_answer) + 168, "no padding");

/* The size of a request of this type, 0 for one that does not exist. */
size_t vmm_request_size(uint32_t type);
/* The size of an answer to a request of this type, 0 for none. HELLO: without name and
 * configuration. */
size_t vmm_answer_size(uint32_t type);

#endif
