/* SPDX-License-Identifier: Apache-2.0 */
/* link_internal.h -- what link.c and packets.c share. */
#ifndef FERRY_VMMLINK_LINK_INTERNAL_H
#define FERRY_VMMLINK_LINK_INTERNAL_H

#include "engine/host/vmmlink/protocol.h"

/* The largest request. */
#define REQUEST_MAX sizeof(struct vmm_run)

struct slot {
    uint64_t id; /* 0: free */
    uint32_t type;
    bool unsent;
    vmmlink_done done;
    void *context;
    ferry_time_ns deadline;
    size_t size;
    _Alignas(8) uint8_t packet[REQUEST_MAX];
};

struct vmmlink {
    int fd;
    bool up;
    ferry_time_ns hello_deadline;
    struct vmmlink_observer observer;
    uint64_t next_id;
    struct slot slots[VMMLINK_REQUESTS_MAX]; /* slot of id n: n % VMMLINK_REQUESTS_MAX */
    uint64_t first_id;                       /* the oldest that may be under way */

    /* from the hello */
    struct vmmlink_guest guest;
    char name[FERRY_NAME_MAX + 1];
    uint8_t config[FERRY_GUEST_CONFIG_MAX];
    uint64_t report_offset;
    void *bitmap;
    int bitmap_fd;
    char reason[VMM_REASON_MAX + 64]; /* of the last failure */
};

/* Takes over what the answer to the hello says, checked. The descriptors become the link's or are
 * closed. On failure link->reason says why. */
FERRY_NODISCARD
enum vmmlink_status
packets_adopt(struct vmmlink *link, const uint8_t *packet, size_t size, int *fds, size_t fd_count);
void packets_forget(struct vmmlink *link); /* unmaps and closes what adopt took */

/* An answer of a known type and the right size as a reply. False: a field is out of its bounds. */
bool packets_reply(
    uint32_t type, const void *packet, char *reason, struct vmmlink_reply *reply_out);

#endif
