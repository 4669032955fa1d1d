/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake.h -- a daemon that moves nothing: it speaks the control protocol, and the name of a guest
 * says what becomes of it.
 *
 *     completed failed refused cancelled unknown   a move ends that way at once
 *     slow       the move goes on until it is cancelled
 *     vanishing  the daemon goes away when somebody waits for the move, and comes back after a
 *                moment; then the move is completed
 *     missing    there is no such guest: an error with all of its parts
 */
#ifndef TESTS_HOST_CLI_FAKE_H
#define TESTS_HOST_CLI_FAKE_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>

struct fake; /* in a thread of its own */

/* In a fresh folder that becomes the working directory; FERRY_SOCKET names its socket. */
int fake_start(void **state);
int fake_stop(void **state); /* takes the folder away */

/* The arguments of the last call of this name as compact, sorted JSON; "" if there was none. To be
 * freed. */
char *fake_heard(struct fake *fake, const char *call);
/* Waits until it was called. */
void fake_await(struct fake *fake, const char *call);

struct ran {
    int status; /* exit status; minus the signal that killed it */
    char out[16384];
    char err[8192];
};

#define WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Runs ferry with these words, up to the first NULL; standard input is empty. */
struct ran run_words(const char *const *words);
#define RUN(...) run_words(WORDS(__VA_ARGS__))
/* The same, with a signal once the fake daemon has heard `call`. */
struct ran
run_and_signal(struct fake *fake, const char *call, int number, const char *const *words);

#endif
