/* SPDX-License-Identifier: Apache-2.0 */
/* disk.c -- the thread that serves a guest's disk; see disk.h. */
#include "engine/host/vmm/disk.h"

#include "engine/host/base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECTOR      512U
#define DRAIN_LIMIT (30 * FERRY_SECOND)

enum phase { DISK_STARTING, DISK_HELD, DISK_SERVING, DISK_DRAINING, DISK_ENDING };

struct disk {
    struct machine *machine;
    int image;
    int doorbell;
    uint64_t bytes;
    bool read_only;
    bool threaded;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    enum phase phase; /* under lock */
    int flush_error;  /* errno of the last drain's flush; under lock */
    uint32_t completed;
    _Atomic uint64_t requests;
};

static bool
transfer(const struct disk *disk, bool writing, uint8_t *at, uint64_t offset, size_t left)
{
    while (left > 0) {
        const ssize_t n = writing ? pwrite(disk->image, at, left, (off_t)offset)
                                  : pread(disk->image, at, left, (off_t)offset);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        at += n;
        offset += (uint64_t)n;
        left -= (size_t)n;
    }
    return true;
}

static bool carry_out(struct disk *disk, const struct guest_disk_request *request)
{
    if (request->kind == GUEST_DISK_FLUSH) {
        return fdatasync(disk->image) == 0;
    }
    const bool writing = request->kind == GUEST_DISK_WRITE;
    if ((!writing && request->kind != GUEST_DISK_READ) || (writing && disk->read_only) ||
        request->bytes == 0 || request->bytes % SECTOR != 0 ||
        request->bytes > GUEST_DISK_BYTES_MAX || request->offset % SECTOR != 0 ||
        request->offset > disk->bytes || request->bytes > disk->bytes - request->offset) {
        return false;
    }
    uint8_t *at = memory_at(disk->machine, request->address, request->bytes);
    if (at == NULL) {
        return false;
    }
    const bool done = transfer(disk, writing, at, request->offset, request->bytes);
    if (!writing) {
        memory_written(disk->machine, request->address, request->bytes);
    }
    return done;
}

/* Everything that the ring holds. */
static void serve(struct disk *disk)
{
    struct guest_disk_ring *ring =
        (struct guest_disk_ring *)(void *)(disk->machine->ram + GUEST_DISK_RING);
    const uint32_t submitted = __atomic_load_n(&ring->submitted, __ATOMIC_ACQUIRE);
    if (submitted == disk->completed) {
        return;
    }
    if (submitted - disk->completed > GUEST_DISK_SLOTS) {
        disk->completed = submitted; /* overrun: these requests are lost, as the guest sees */
    }
    while (disk->completed != submitted) {
        struct guest_disk_request *slot = &ring->requests[disk->completed % GUEST_DISK_SLOTS];
        struct guest_disk_request request;
        memcpy(&request, slot, sizeof(request));
        const bool done = carry_out(disk, &request);
        __atomic_store_n(
            &slot->status, done ? GUEST_DISK_DONE : GUEST_DISK_FAILED, __ATOMIC_RELEASE);
        disk->completed++;
        atomic_fetch_add(&disk->requests, 1);
    }
    __atomic_store_n(&ring->completed, disk->completed, __ATOMIC_RELEASE);
    memory_written(disk->machine, GUEST_DISK_RING, GUEST_PAGE_SIZE);
}

static void finish_drain(struct disk *disk)
{
    int error = 0;
    if (!disk->read_only && fdatasync(disk->image) != 0) {
        error = errno;
    }
    flock(disk->image, LOCK_UN);
    pthread_mutex_lock(&disk->lock);
    disk->flush_error = error;
    disk->phase = DISK_HELD;
    pthread_cond_broadcast(&disk->changed);
    pthread_mutex_unlock(&disk->lock);
}

static void hold(struct disk *disk)
{
    pthread_mutex_lock(&disk->lock);
    disk->phase = DISK_HELD;
    pthread_cond_broadcast(&disk->changed);
    pthread_mutex_unlock(&disk->lock);
}

static void *thread_main(void *argument)
{
    struct disk *disk = argument;
    hold(disk);
    for (;;) {
        uint64_t rings;
        if (read(disk->doorbell, &rings, sizeof(rings)) < 0 && errno != EINTR) {
            machine_die(disk->machine, "the disk's doorbell failed: %s", strerror(errno));
            return NULL;
        }
        pthread_mutex_lock(&disk->lock);
        const enum phase phase = disk->phase;
        pthread_mutex_unlock(&disk->lock);
        switch (phase) {
        case DISK_ENDING: return NULL;
        case DISK_STARTING:
        case DISK_HELD: break;
        case DISK_SERVING: serve(disk); break;
        case DISK_DRAINING:
            serve(disk);
            finish_drain(disk);
            break;
        }
    }
}

static enum vmmlink_status open_image(struct disk *disk, struct vmm_fault *fault)
{
    const struct guestconfig *config = &disk->machine->config;
    disk->read_only = config->disk_read_only;
    disk->image = open(config->disk, (disk->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC);
    struct stat about;
    if (disk->image < 0 || fstat(disk->image, &about) != 0) {
        return vmm_fail_errno(fault, VMMLINK_DISK, "disk image %s", config->disk);
    }
    if (!S_ISREG(about.st_mode) || about.st_size < (off_t)SECTOR ||
        about.st_size % (off_t)SECTOR != 0) {
        return vmm_fail(
            fault,
            VMMLINK_DISK,
            "disk image %s is no raw image: a file of whole sectors of %u bytes",
            config->disk,
            SECTOR);
    }
    disk->bytes = (uint64_t)about.st_size;
    return VMMLINK_OK;
}

static enum vmmlink_status start(struct disk *disk, struct vmm_fault *fault)
{
    VMM_TRY(open_image(disk, fault));
    disk->doorbell = eventfd(0, EFD_CLOEXEC);
    if (disk->doorbell < 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "making the disk's doorbell");
    }
    const struct kvm_ioeventfd doorbell = {
        .addr = GUEST_PORT_DISK,
        .len = sizeof(uint32_t),
        .fd = disk->doorbell,
        .flags = KVM_IOEVENTFD_FLAG_PIO,
    };
    /* without it the port write is an ordinary exit, which rings by hand */
    (void)ioctl(disk->machine->vm, KVM_IOEVENTFD, &doorbell);
    const int error = pthread_create(&disk->thread, NULL, thread_main, disk);
    if (error != 0) {
        errno = error;
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "starting the disk's thread");
    }
    pthread_setname_np(disk->thread, "disk");
    disk->threaded = true;
    pthread_mutex_lock(&disk->lock);
    while (disk->phase == DISK_STARTING) {
        pthread_cond_wait(&disk->changed, &disk->lock);
    }
    pthread_mutex_unlock(&disk->lock);
    return VMMLINK_OK;
}

enum vmmlink_status disk_create(struct machine *machine, struct vmm_fault *fault)
{
    struct disk *disk = calloc(1, sizeof(*disk));
    if (disk == NULL) {
        return vmm_fail(fault, VMMLINK_MEMORY, "no memory for the disk");
    }
    disk->machine = machine;
    disk->image = -1;
    disk->doorbell = -1;
    pthread_mutex_init(&disk->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&disk->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    const enum vmmlink_status status = start(disk, fault);
    if (status != VMMLINK_OK) {
        disk_destroy(disk);
        return status;
    }
    machine->disk = disk;
    return VMMLINK_OK;
}

static void set_phase(struct disk *disk, enum phase phase)
{
    pthread_mutex_lock(&disk->lock);
    disk->phase = phase;
    pthread_mutex_unlock(&disk->lock);
    disk_ring(disk);
}

void disk_destroy(struct disk *disk)
{
    if (disk == NULL) {
        return;
    }
    if (disk->threaded) {
        set_phase(disk, DISK_ENDING);
        pthread_join(disk->thread, NULL);
    }
    fd_close(&disk->doorbell);
    fd_close(&disk->image);
    pthread_cond_destroy(&disk->changed);
    pthread_mutex_destroy(&disk->lock);
    free(disk);
}

uint64_t disk_size(const struct disk *disk)
{
    return disk->bytes;
}

uint64_t disk_requests(const struct disk *disk)
{
    return atomic_load(&disk->requests);
}

void disk_ring(struct disk *disk)
{
    const uint64_t one = 1;
    while (write(disk->doorbell, &one, sizeof(one)) < 0 && errno == EINTR) {
    }
}

enum vmmlink_status disk_drain(struct disk *disk, struct vmm_fault *fault)
{
    const ferry_time_ns end = host_now() + DRAIN_LIMIT;
    const struct timespec until = {.tv_sec = end / FERRY_SECOND, .tv_nsec = end % FERRY_SECOND};
    pthread_mutex_lock(&disk->lock);
    const bool serving = disk->phase == DISK_SERVING;
    disk->phase = serving ? DISK_DRAINING : disk->phase;
    pthread_mutex_unlock(&disk->lock);
    if (serving) {
        disk_ring(disk);
    }
    int waited = 0;
    pthread_mutex_lock(&disk->lock);
    while (disk->phase == DISK_DRAINING && waited == 0) {
        waited = pthread_cond_timedwait(&disk->changed, &disk->lock, &until);
    }
    const bool held = disk->phase == DISK_HELD;
    const int error = disk->flush_error;
    pthread_mutex_unlock(&disk->lock);
    if (!held) {
        return vmm_fail(fault, VMMLINK_DISK, "the disk's requests did not end within 30 s");
    }
    if (error != 0) {
        errno = error;
        return vmm_fail_errno(
            fault, VMMLINK_DISK, "flushing disk image %s", disk->machine->config.disk);
    }
    return VMMLINK_OK;
}

enum vmmlink_status disk_resume(struct disk *disk, struct vmm_fault *fault)
{
    if (!disk->read_only && flock(disk->image, LOCK_EX | LOCK_NB) != 0) {
        return vmm_fail_errno(
            fault,
            VMMLINK_DISK,
            "disk image %s is written to by another process",
            disk->machine->config.disk);
    }
    set_phase(disk, DISK_SERVING);
    return VMMLINK_OK;
}

struct disk_state disk_save(const struct disk *disk)
{
    return (struct disk_state){
        .bytes = disk->bytes,
        .requests = atomic_load(&disk->requests),
        .completed = disk->completed,
    };
}

enum vmmlink_status
disk_load(struct disk *disk, const struct disk_state *state, struct vmm_fault *fault)
{
    if (state->bytes != disk->bytes) {
        return vmm_fail(
            fault,
            VMMLINK_BAD_STATE_BLOB,
            "the guest's disk has %llu bytes, the image here has %llu",
            (unsigned long long)state->bytes,
            (unsigned long long)disk->bytes);
    }
    disk->completed = state->completed;
    atomic_store(&disk->requests, state->requests);
    return VMMLINK_OK;
}
