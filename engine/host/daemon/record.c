/* SPDX-License-Identifier: Apache-2.0 */
/*
 * record.c -- writes down which pages a guest writes, interval by interval: the input of a replay.
 *
 *   BEGIN --logging is on--> FIRST --time 0--> every interval: a collection, a line --> END
 *                              |                                                         |
 *                              +-- a thread looks which pages hold something             +-- answer
 *
 * The dirty log of a guest has one reader: a guest that is recorded is not moved meanwhile. Looking
 * through all of its memory takes longer than a turn of the loop may, so a thread does it, while the
 * guest runs; what it writes meanwhile is in the first interval all the same. Text goes to a file
 * below run_dir, a few kilobytes an interval.
 */
#include "engine/host/base/fd.h"
#include "engine/host/base/log.h"
#include "engine/host/daemon/handlers.h"
#include "engine/host/dataplane/zero.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DURATION_MIN (100 * FERRY_MILLISECOND)
#define DURATION_MAX (600 * FERRY_SECOND)
#define INTERVAL_MIN (10 * FERRY_MILLISECOND)
#define INTERVAL_MAX (10 * FERRY_SECOND)

struct recording {
    struct daemon *daemon;
    struct control_request *request;
    struct vm *vm; /* held */
    FILE *file;
    char path[CONFIG_PATH_MAX];
    ferry_time_ns duration;
    ferry_time_ns interval;
    ferry_time_ns began; /* time 0; 0: not yet */
    ferry_time_ns asked; /* of the collection under way */
    struct loop_timer timer;
    uint64_t *nonzero;
    pthread_t scanner;
    bool scanning;
    struct loop_message scanned;
    uint64_t intervals;
    uint64_t dirty_pages;
};

/* ---- the end ---- */

static void nobody(void *context, const struct vmmlink_reply *reply)
{
    (void)context;
    (void)reply;
}

static void stop_logging(const struct recording *recording)
{
    const struct vmmlink_call call = vm_call(recording->vm, nobody, NULL);

    if (vm_answers(recording->vm) &&
        vmmlink_stop_logging(recording->vm->link, &call) == VMMLINK_OK) {
        vm_sent(recording->vm);
    }
}

static void end(struct recording *recording, const struct host_error *error)
{
    if (recording->scanning) {
        (void)pthread_join(recording->scanner, NULL);
        loop_message_cancel(recording->daemon->loop, &recording->scanned);
    }
    loop_timer_stop(&recording->timer);
    stop_logging(recording);
    const bool written = recording->file != NULL && fclose(recording->file) == 0;
    if (error == NULL && written) {
        control_reply(
            recording->request,
            json_pack(
                "{s:s, s:I, s:I, s:I}",
                "file",
                recording->path,
                "pages",
                (json_int_t)recording->vm->guest->pages,
                "intervals",
                (json_int_t)recording->intervals,
                "dirty_pages",
                (json_int_t)recording->dirty_pages));
    } else {
        const struct host_error full = {.code = HOST_IO, .text = "the trace cannot be written"};
        (void)unlink(recording->path);
        control_fail(
            recording->request, error == NULL ? &full : error, vm_state_name(recording->vm));
    }
    recording->vm->recording = NULL;
    vm_release(recording->vm, NULL);
    free(recording->nonzero);
    free(recording);
}

static void fail(struct recording *recording, const char *what)
{
    struct host_error error;

    (void)host_fail(&error, HOST_FAILED, "guest \"%s\": %s", recording->vm->file.name, what);
    end(recording, &error);
}

void recording_abandon(struct recording *recording)
{
    if (recording != NULL) {
        fail(recording, "the daemon ends");
    }
}

/* ---- text ---- */

static bool is_set(const uint64_t *bitmap, uint64_t page)
{
    return (bitmap[page / 64] >> (page % 64) & 1U) != 0;
}

/* Runs of set pages, as " first+count". */
static void write_runs(FILE *file, const uint64_t *bitmap, uint64_t pages)
{
    uint64_t page = 0;

    while (page < pages) {
        if (bitmap[page / 64] == 0) {
            page = (page / 64 + 1) * 64;
            continue;
        }
        if (!is_set(bitmap, page)) {
            page++;
            continue;
        }
        const uint64_t first = page;
        while (page < pages && is_set(bitmap, page)) {
            page++;
        }
        (void)fprintf(file, " %" PRIu64 "+%" PRIu64, first, page - first);
    }
    (void)fputc('\n', file);
}

static void write_head(const struct recording *recording)
{
    (void)fprintf(
        recording->file,
        "# name %s\n# page %u\n# pages %" PRIu64 "\n# interval_ms %" PRId64 "\nnonzero",
        recording->vm->file.name,
        FERRY_PAGE_SIZE_MIN,
        recording->vm->guest->pages,
        recording->interval / FERRY_MILLISECOND);
    write_runs(recording->file, recording->nonzero, recording->vm->guest->pages);
}

/* ---- intervals ---- */

static void collect(struct recording *recording, enum vmmlink_collect how, vmmlink_done done)
{
    const struct vmmlink_call call = vm_call(recording->vm, done, recording);

    recording->asked = host_now();
    if (!vm_answers(recording->vm) ||
        vmmlink_collect(recording->vm->link, how, &call) != VMMLINK_OK) {
        fail(recording, "its process does not answer");
        return;
    }
    vm_sent(recording->vm);
}

static void interval_over(void *context, const struct vmmlink_reply *reply)
{
    struct recording *recording = context;
    const ferry_time_ns at = recording->asked - recording->began;

    if (reply->status != VMMLINK_OK) {
        fail(recording, reply->reason);
        return;
    }
    (void)fprintf(recording->file, "%" PRId64, at / FERRY_MILLISECOND);
    write_runs(recording->file, recording->vm->guest->bitmap, recording->vm->guest->pages);
    recording->intervals++;
    recording->dirty_pages += reply->collect.new_pages;
    if (at >= recording->duration) {
        end(recording, NULL);
        return;
    }
    loop_timer_set(&recording->timer, recording->asked + recording->interval);
}

static void interval_due(void *context)
{
    collect(context, VMMLINK_COLLECT_REPLACE, interval_over);
}

/* ---- the beginning ---- */

static void scan_range(struct recording *recording, uint64_t page, uint64_t end)
{
    const uint8_t *ram = recording->vm->guest->ram;

    for (; page < end; page++) {
        if (!dataplane_is_zero(ram + page * FERRY_PAGE_SIZE_MIN, FERRY_PAGE_SIZE_MIN)) {
            recording->nonzero[page / 64] |= UINT64_C(1) << (page % 64);
        }
    }
}

/* Holes of the file were never touched, and reading them would fill them. */
static void *scan(void *context)
{
    struct recording *recording = context;
    const struct vmmlink_guest *guest = recording->vm->guest;
    const off_t size = (off_t)(guest->pages * FERRY_PAGE_SIZE_MIN);
    off_t at = lseek(guest->ram_fd, 0, SEEK_DATA);

    while (at >= 0 && at < size) {
        const off_t hole = lseek(guest->ram_fd, at, SEEK_HOLE);
        const off_t end_of_data = hole > at && hole < size ? hole : size;
        scan_range(
            recording,
            (uint64_t)at / FERRY_PAGE_SIZE_MIN,
            (uint64_t)end_of_data / FERRY_PAGE_SIZE_MIN);
        at = lseek(guest->ram_fd, end_of_data, SEEK_DATA);
    }
    loop_post(recording->daemon->loop, &recording->scanned);
    return NULL;
}

static void scan_over(void *context)
{
    struct recording *recording = context;

    (void)pthread_join(recording->scanner, NULL);
    recording->scanning = false;
    write_head(recording);
    loop_timer_set(&recording->timer, recording->began + recording->interval);
}

/* Pages were protected by this collection: from here on, each write is seen. */
static void time_began(void *context, const struct vmmlink_reply *reply)
{
    struct recording *recording = context;

    if (reply->status != VMMLINK_OK) {
        fail(recording, reply->reason);
        return;
    }
    recording->began = recording->asked;
    loop_message_init(&recording->scanned, scan_over, recording);
    recording->scanning = pthread_create(&recording->scanner, NULL, scan, recording) == 0;
    if (!recording->scanning) {
        fail(recording, "no thread to look through its memory");
    }
}

static void logging_on(void *context, const struct vmmlink_reply *reply)
{
    struct recording *recording = context;

    if (reply->status != VMMLINK_OK) {
        fail(recording, reply->reason);
        return;
    }
    collect(recording, VMMLINK_COLLECT_REPLACE, time_began);
}

static enum host_code open_file(struct recording *recording, struct host_error *error)
{
    const int size = snprintf(
        recording->path,
        sizeof recording->path,
        "%s/trace-%s-XXXXXX",
        recording->daemon->config->run_dir,
        recording->vm->file.name);

    if (size < 0 || (size_t)size >= sizeof recording->path) {
        return host_fail(error, HOST_LIMIT, "run_dir is too long");
    }
    int fd = mkstemp(recording->path);
    if (fd < 0) {
        return host_fail_errno(error, errno, "%s cannot be made", recording->path);
    }
    recording->file = fdopen(fd, "w");
    if (recording->file == NULL) {
        (void)unlink(recording->path);
        fd_close(&fd);
        return host_fail(error, HOST_MEMORY, "no memory for a file");
    }
    if (fchown(fd, control_request_user(recording->request), (gid_t)-1) != 0) {
        host_log(HOST_LOG_INFO, "%s stays the daemon's own", recording->path);
    }
    return HOST_OK;
}

static enum host_code
read_times(struct recording *recording, const json_t *args, struct host_error *error)
{
    uint64_t duration = 0;
    uint64_t interval = (uint64_t)(100 * FERRY_MILLISECOND);

    HOST_TRY(control_arg_number(args, "duration_ns", CONTROL_REQUIRED, &duration, error));
    HOST_TRY(control_arg_number(args, "interval_ns", CONTROL_OPTIONAL, &interval, error));
    recording->duration = (ferry_time_ns)duration;
    recording->interval = (ferry_time_ns)interval;
    if (recording->duration < DURATION_MIN || recording->duration > DURATION_MAX ||
        recording->interval < INTERVAL_MIN || recording->interval > INTERVAL_MAX) {
        return host_fail(
            error, HOST_USAGE, "a recording takes 100 ms to 10 min, an interval 10 ms to 10 s");
    }
    return HOST_OK;
}

static enum host_code
find_guest(struct daemon *daemon, const json_t *args, struct vm **vm_out, struct host_error *error)
{
    const char *name = NULL;

    HOST_TRY(control_arg_text(args, "guest", CONTROL_REQUIRED, &name, error));
    struct vm *vm = vms_find(daemon, name);
    if (vm == NULL || vm->state != VM_UP || !vm_answers(vm) || vm->died) {
        return host_fail(error, HOST_NOT_FOUND, "guest \"%s\" does not run here", name);
    }
    if (vm->session != NULL || vm->recording != NULL) {
        return host_fail(
            error, HOST_BUSY, "guest \"%s\" is being moved, or recorded already", name);
    }
    *vm_out = vm;
    return HOST_OK;
}

static enum host_code prepare(
    struct daemon *daemon,
    struct recording *recording,
    const json_t *args,
    struct host_error *error)
{
    static const char *const names[] = {"guest", "duration_ns", "interval_ns", NULL};

    HOST_TRY(control_args_known(args, names, error));
    HOST_TRY(read_times(recording, args, error));
    HOST_TRY(find_guest(daemon, args, &recording->vm, error));
    if (recording->vm == NULL) {
        return HOST_NOT_FOUND;
    }
    recording->nonzero = calloc(recording->vm->guest->bitmap_words, sizeof *recording->nonzero);
    if (recording->nonzero == NULL) {
        return host_fail(error, HOST_MEMORY, "no memory for a recording");
    }
    return open_file(recording, error);
}

void handle_record(void *context, struct control_request *request, const json_t *args)
{
    struct daemon *daemon = context;
    struct recording *recording = calloc(1, sizeof *recording);
    struct host_error error = {.code = HOST_MEMORY, .text = "no memory for a recording"};

    if (recording != NULL) {
        recording->daemon = daemon;
        recording->request = request;
    }
    if (recording == NULL || prepare(daemon, recording, args, &error) != HOST_OK) {
        control_fail(request, &error, NULL);
        if (recording != NULL) {
            free(recording->nonzero);
            free(recording);
        }
        return;
    }
    loop_timer_init(&recording->timer, daemon->loop, interval_due, recording);
    recording->vm->recording = recording;
    vm_hold(recording->vm, NULL);
    collect(recording, VMMLINK_COLLECT_FIRST, logging_on);
}
