/* SPDX-License-Identifier: Apache-2.0 */
/* spawn.h -- other programs: run to their end, or started and ended later. */
#ifndef FERRY_SIM_LAB_SPAWN_H
#define FERRY_SIM_LAB_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Runs argv (NULL at its end) to its end, at most `limit_ns`. False: it failed, and what it printed
 * is in text (cut, zero-terminated, line ends as blanks). */
bool spawn_run(const char *const *argv, int64_t limit_ns, char *text, size_t size);

/* Starts argv in the network namespace `space` (NULL: here), in a session of its own, with output
 * appended to `log` and SPAWN_MARK=mark in its environment, which its children inherit. -1: errno
 * says why. */
#define SPAWN_MARK "FERRY_LAB"
pid_t spawn_start(const char *space, const char *mark, const char *const *argv, const char *log);

/* Sends a signal to every process that carries the mark, but `spared`. Returns how many. */
size_t spawn_signal_marked(const char *mark, pid_t spared, int signal_number);
/* Kills what carries the mark of a lab (`flPID/...`) whose process is gone. */
void spawn_kill_stale(void);

/* Waits for the end of `pid` at most `limit_ns`; true when it has ended (and is reaped). */
bool spawn_wait(pid_t pid, int64_t limit_ns);

/* SIGTERM, and SIGKILL when `grace_ns` have passed; reaped afterwards. */
void spawn_end(pid_t pid, int64_t grace_ns);

/* Enters a network namespace that `ip netns` made. */
bool spawn_enter(const char *space);

#endif
