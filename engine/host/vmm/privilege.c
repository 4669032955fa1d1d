/* SPDX-License-Identifier: Apache-2.0 */
/*
 * privilege.c -- see privilege.h.
 *
 * What the threads still need after the start is a short list, allowed by name for all of them at
 * once. Everything else is answered with EPERM and not with death: a call that a C library makes
 * some day must not kill a guest.
 */
#include "engine/host/vmm/privilege.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static const uint32_t allowed[] = {
    /* running vCPUs, waiting, waking */
    SYS_ioctl,
    SYS_futex,
    SYS_rt_sigreturn,
    SYS_rt_sigprocmask,
    SYS_tgkill,
    SYS_gettid,
    SYS_getpid,
    SYS_timer_settime,
    SYS_timer_delete,
    SYS_restart_syscall,
    SYS_clock_gettime,
    SYS_clock_nanosleep,
    SYS_sched_yield,
    /* the client and the descriptors that are open already */
    SYS_poll,
    SYS_ppoll,
    SYS_accept4,
    SYS_recvfrom,
    SYS_recvmsg,
    SYS_sendto,
    SYS_sendmsg,
    SYS_read,
    SYS_write,
    SYS_writev,
    SYS_close,
    SYS_pidfd_open, /* of itself, for the client */
    SYS_setpriority,
    SYS_rseq,
    SYS_set_robust_list,
    /* the disk */
    SYS_pread64,
    SYS_pwrite64,
    SYS_fdatasync,
    SYS_flock,
    /* memory and the end */
    SYS_mmap,
    SYS_munmap,
    SYS_mprotect,
    SYS_madvise,
    SYS_brk,
    SYS_exit,
    SYS_exit_group,
};
#define ALLOWED (sizeof(allowed) / sizeof(allowed[0]))

#define LOAD(field)                                                                    \
    {                                                                                  \
        BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offsetof(struct seccomp_data, field) \
    }
#define RETURN(action)                  \
    {                                   \
        BPF_RET | BPF_K, 0, 0, (action) \
    }

static enum vmmlink_status filter_calls(struct vmm_fault *fault)
{
    struct sock_filter filter[ALLOWED + 6] = {
        LOAD(arch),
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, AUDIT_ARCH_X86_64},
        RETURN(SECCOMP_RET_KILL_PROCESS),
        LOAD(nr),
    };
    const size_t first = 4;
    for (size_t i = 0; i < ALLOWED; i++) {
        /* a match jumps over the rest of the list and the refusal behind it */
        filter[first + i] =
            (struct sock_filter){BPF_JMP | BPF_JEQ | BPF_K, (uint8_t)(ALLOWED - i), 0, allowed[i]};
    }
    filter[first + ALLOWED] = (struct sock_filter)RETURN(SECCOMP_RET_ERRNO | EPERM);
    filter[first + ALLOWED + 1] = (struct sock_filter)RETURN(SECCOMP_RET_ALLOW);
    const struct sock_fprog program = {.len = ALLOWED + 6, .filter = filter};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program) != 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "restricting system calls");
    }
    return VMMLINK_OK;
}

enum vmmlink_status privilege_drop(bool filter, struct vmm_fault *fault)
{
    const struct rlimit none = {0, 0};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) != 0 ||
        prctl(PR_SET_DUMPABLE, 0UL, 0UL, 0UL, 0UL) != 0 || setrlimit(RLIMIT_CORE, &none) != 0) {
        return vmm_fail_errno(fault, VMMLINK_SYSTEM, "giving up privileges");
    }
#ifdef VMM_SANITIZED
    const bool possible = false; /* the sanitizers' own calls are not on the list */
#else
    const bool possible = true;
#endif
    return filter && possible ? filter_calls(fault) : VMMLINK_OK;
}
