/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h -- the guest's disk: a raw image, requests in a ring of shared memory, a doorbell.
 *
 *   SERVING --drain--> HELD --resume--> SERVING
 *
 * A thread of its own carries out what the ring holds, however many requests one doorbell announces.
 * Drained, the ring is empty, the image is flushed, and nothing touches memory or image until
 * resume. While serving, the image is locked (flock) unless it is read-only, so that of two
 * processes that hold the same image at most one writes; held, the lock is free for the other host's
 * process on the same file.
 *
 * The guest is not trusted: a request is copied before it is judged, and one that reaches outside of
 * the image or of memory fails alone.
 */
#ifndef FERRY_VMM_DISK_H
#define FERRY_VMM_DISK_H

#include "engine/host/vmm/machine.h"

/* What moves with the guest. */
struct disk_state {
    uint64_t bytes; /* of the image; 0: the guest has none */
    uint64_t requests;
    uint32_t completed;
    uint32_t reserved;
};

FERRY_NODISCARD
enum vmmlink_status
disk_create(struct machine *machine, struct vmm_fault *fault); /* sets machine->disk, held */
void disk_destroy(struct disk *disk);                          /* NULL is fine */
uint64_t disk_size(const struct disk *disk);
uint64_t disk_requests(const struct disk *disk); /* completed ever */
/* Any thread: look at the ring. */
void disk_ring(struct disk *disk);
/* Completes everything, flushes, holds. With the vCPUs stopped. */
FERRY_NODISCARD
enum vmmlink_status disk_drain(struct disk *disk, struct vmm_fault *fault);
/* Takes the lock and serves. DISK when another process has it. */
FERRY_NODISCARD
enum vmmlink_status disk_resume(struct disk *disk, struct vmm_fault *fault);
struct disk_state disk_save(const struct disk *disk);
FERRY_NODISCARD
enum vmmlink_status
disk_load(struct disk *disk, const struct disk_state *state, struct vmm_fault *fault);

#endif
