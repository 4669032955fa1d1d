/* SPDX-License-Identifier: Apache-2.0 */
/*
 * announce.h -- tells the network where a guest is now; see announce.c.
 */
#ifndef FERRY_HOST_DAEMON_ANNOUNCE_H
#define FERRY_HOST_DAEMON_ANNOUNCE_H

#include "engine/host/daemon/guestfile.h"

#include <stddef.h>
#include <stdint.h>

/* Bytes of either frame: Ethernet's least, without its checksum. */
#define ANNOUNCE_FRAME_SIZE 60U

/* The guest's address on the network, made from its identity: the same on every host. */
void announce_address(uint64_t guest_id, uint8_t address_out[6]);
void announce_arp_frame(const uint8_t address[6], uint8_t frame_out[ANNOUNCE_FRAME_SIZE]);
void announce_rarp_frame(const uint8_t address[6], uint8_t frame_out[ANNOUNCE_FRAME_SIZE]);

/* Sends both on the guest's interface, once. What fails is logged: the guest runs all the same. */
void announce_guest(const struct guestfile *guest);

#endif
