/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.c -- tells the switches of the network behind which port a guest is now.
 *
 * Switches learn from the source address of any frame. The one that hypervisors send for it is RARP
 * (who am I?): it asks for nothing that anybody answers, and works whatever the guest's protocols
 * are. A gratuitous ARP goes with it, for networks that filter RARP; this host does not know the
 * guest's internet address, so it is an ARP probe (sender 0.0.0.0), which no neighbour's table takes
 * for news. Both are broadcast; the engine asks for them several times, since a switch may miss one.
 */
#include "engine/host/daemon/announce.h"

#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define OP_ARP_REQUEST  1U
#define OP_RARP_REQUEST 3U

void announce_address(uint64_t guest_id, uint8_t address_out[6])
{
    address_out[0] = 0x52; /* locally administered, one station */
    for (unsigned i = 1; i < 6; i++) {
        address_out[i] = (uint8_t)(guest_id >> (8 * (i - 1)));
    }
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
    at[0] = (uint8_t)(value >> 8);
    at[1] = (uint8_t)value;
    return at + 2;
}

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
    memcpy(at, data, size);
    return at + size;
}

static void make_frame(
    const uint8_t address[6], unsigned type, unsigned operation, uint8_t frame[ANNOUNCE_FRAME_SIZE])
{
    static const uint8_t everybody[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    static const uint8_t nowhere[4] = {0};
    const bool rarp = operation == OP_RARP_REQUEST;
    uint8_t *at = frame;

    memset(frame, 0, ANNOUNCE_FRAME_SIZE);
    at = put(at, everybody, sizeof everybody);
    at = put(at, address, 6);
    at = put16(at, type);
    at = put16(at, ARPHRD_ETHER);
    at = put16(at, ETHERTYPE_IP);
    *at++ = 6; /* bytes of a hardware address */
    *at++ = 4; /* of an internet address */
    at = put16(at, operation);
    at = put(at, address, 6);
    at = put(at, nowhere, sizeof nowhere);
    if (rarp) {
        at = put(at, address, 6);
    } else {
        at += 6; /* not known, says a probe */
    }
    (void)put(at, nowhere, sizeof nowhere);
}

void announce_arp_frame(const uint8_t address[6], uint8_t frame_out[ANNOUNCE_FRAME_SIZE])
{
    make_frame(address, ETHERTYPE_ARP, OP_ARP_REQUEST, frame_out);
}

void announce_rarp_frame(const uint8_t address[6], uint8_t frame_out[ANNOUNCE_FRAME_SIZE])
{
    make_frame(address, ETHERTYPE_REVARP, OP_RARP_REQUEST, frame_out);
}

static bool send_frame(int fd, unsigned interface, const uint8_t *frame, unsigned type)
{
    const struct sockaddr_ll where = {
        .sll_family = AF_PACKET,
        .sll_protocol = htons((uint16_t)type),
        .sll_ifindex = (int)interface,
        .sll_halen = 6,
        .sll_addr = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
    };

    return sendto(
               fd,
               frame,
               ANNOUNCE_FRAME_SIZE,
               MSG_DONTWAIT,
               (const struct sockaddr *)&where,
               sizeof where) == (ssize_t)ANNOUNCE_FRAME_SIZE;
}

void announce_guest(const struct guestfile *guest)
{
    uint8_t address[6];
    uint8_t frame[ANNOUNCE_FRAME_SIZE];
    const unsigned interface = if_nametoindex(guest->config.tap);
    int fd = interface == 0 ? -1 : socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    bool sent = false;

    if (fd >= 0) {
        announce_address(guest->id, address);
        announce_rarp_frame(address, frame);
        sent = send_frame(fd, interface, frame, ETHERTYPE_REVARP);
        announce_arp_frame(address, frame);
        sent = send_frame(fd, interface, frame, ETHERTYPE_ARP) && sent;
    }
    if (!sent) {
        host_log(
            HOST_LOG_WARNING,
            "guest \"%s\" cannot be announced on %s: %s",
            guest->name,
            guest->config.tap,
            strerror(errno));
    }
    fd_close(&fd);
}
