/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vms.h -- the guests of this host, each a process of its own; see vms.c.
 */
#ifndef FERRY_HOST_DAEMON_VMS_H
#define FERRY_HOST_DAEMON_VMS_H

#include "engine/host/base/error.h"
#include "engine/host/daemon/guestfile.h"
#include "engine/host/loop/loop.h"
#include "engine/host/vmmlink/vmmlink.h"
#include "ferry/types.h"

#include <stdbool.h>
#include <stdint.h>

struct control_request;
struct daemon;
struct recording;
struct session;
struct vm;

enum vm_state {
    VM_STOPPED = 1, /* no process: this host may own the guest, and start it */
    VM_STARTING,    /* its process was started or found, and has not said hello */
    VM_UP,          /* its process answers */
    VM_LOST,        /* its process lives, or may, but does not answer */
    VM_ENDING,      /* its process is being ended */
};

/* The end of a wait, once: HOST_OK, or why not. `vm` may be gone after it. */
typedef void vm_done(void *context, struct vm *vm, const struct host_error *error);

/* A line of a guest's serial port; longer ones are cut. */
#define VM_LINE_MAX 256U

struct vm {
    struct daemon *daemon;
    struct vm *next;
    struct guestfile file; /* name, id, what it is made of */
    enum vm_state state;
    bool shell;          /* made for an incoming migration that has not handed over yet */
    uint64_t memory;     /* of this host, in bytes, while there is a process */
    unsigned references; /* sessions that use its memory */
    bool forgotten;      /* out of the table: freed with the last reference */
    bool remove;         /* its folder goes when its process has ended */
    struct session *session;
    struct vmmlink *link;
    const struct vmmlink_guest *guest; /* of the link, as long as that is there; else NULL */
    struct loop_fd *watch;
    struct loop_timer timer;    /* the link's deadline */
    struct loop_timer patience; /* for a process that shall end; for one that lost its link */
    struct loop_child *process;
    vm_done *started;
    void *started_context;
    vm_done *ended;
    void *ended_context;
    bool died; /* the machine stopped by itself */
    char died_reason[HOST_ERROR_TEXT_MAX];
    /* of the last time that it came here by a move */
    bool moved_in;
    ferry_time_ns clock_step;
    char moved_from[FERRY_NAME_MAX + 1];
    char line[VM_LINE_MAX]; /* of its serial line, not ended yet */
    size_t line_size;
    char last_line[VM_LINE_MAX];
    struct recording *recording;   /* its dirty log is being written down: record.c */
    struct control_request *check; /* waits for the end of the guest's check of its memory */
    struct loop_timer check_timer;
    struct vmmlink_report report; /* its own account, when it asked to be heard last */
};

/* Sockets and logs of guests' processes: STATE_DIR/vm/NAME/. */
FERRY_NODISCARD
enum host_code vms_folder(const struct daemon *daemon, const char *name, char *path, size_t size);

struct vm *vms_find(const struct daemon *daemon, const char *name);
struct vm *vms_find_id(const struct daemon *daemon, uint64_t id);
uint64_t vms_memory_used(const struct daemon *daemon);
unsigned vms_count(const struct daemon *daemon);

/* Puts a guest without a process into the table. EXISTS, LIMIT, MEMORY. */
FERRY_NODISCARD
enum host_code vms_add(
    struct daemon *daemon,
    const struct guestfile *file,
    struct vm **vm_out,
    struct host_error *error);
/* Takes one that has no process out of the table; it goes when nobody holds it any more. */
void vms_remove(struct vm *vm);

/* Starts the process of a guest that has none. done() says when it answers, or why it never will. */
FERRY_NODISCARD
enum host_code
vm_start(struct vm *vm, bool incoming, vm_done *done, void *context, struct host_error *error);
/* Connects to the process of a guest, if one listens: NOT_FOUND if not. */
FERRY_NODISCARD
enum host_code vm_connect(struct vm *vm, vm_done *done, void *context, struct host_error *error);
/* Ends the process, asking first. done() says when it is gone; `remove` takes the guest's folder
 * and its place in the table as well. Never fails: what does not answer is killed. */
void vm_end(struct vm *vm, bool remove, vm_done *done, void *context);

/* What a request to the guest's process needs: its link, the terms. After the call: vm_sent(). */
struct vmmlink_call vm_call(const struct vm *vm, vmmlink_done done, void *context);
void vm_sent(struct vm *vm);
bool vm_answers(const struct vm *vm);

/* Answers who waits for the guest's own check: with its report, or with the error. */
void vm_check_over(struct vm *vm, const struct host_error *error);

/* Who uses the memory of a guest holds it: it stays mapped until the last one lets go. */
void vm_hold(struct vm *vm, struct session *session);
void vm_release(struct vm *vm, struct session *session);
/* The guest is this host's and runs: what is left of the session that brought it is cleaning up, and
 * it may be moved again. */
void vm_settled(struct vm *vm, const struct session *session);

/* The daemon ends: links are closed, guests run on. */
void vms_close(struct daemon *daemon);

const char *vm_state_name(const struct vm *vm); /* "running", "paused", "stopped", ... */

#endif
