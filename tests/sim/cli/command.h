/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command.h -- runs ferry-sim (with the world of double.c) as a user does, in a folder of its own.
 *
 * scratch_make() goes into a fresh folder, scratch_remove() out of it and takes all of it away.
 */
#ifndef FERRY_TESTS_SIM_CLI_COMMAND_H
#define FERRY_TESTS_SIM_CLI_COMMAND_H

/* cmocka's header wants the others before it. */
/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#include <stdbool.h>
#include <sys/types.h>

struct ran {
    int status; /* exit status; minus the signal that killed it */
    char *out;
    char *err;
};

/* `line` is for the shell; `ferry-sim` in it is the program. */
struct ran run_line(const char *line);
void ran_free(struct ran *ran);

/* Starts the program without waiting: argv as for exec, without argv[0]. Its output is dropped. */
pid_t start_program(char *const arguments[]);

int scratch_make(void **state);
int scratch_remove(void **state);

/* A scenario file called `name`; its guest moves. See double.c for what a name may do. */
void write_scenario(const char *path, const char *name);
void write_file(const char *path, const char *text);
char *read_file(const char *path); /* NULL: there is none; else to be freed */

/* Names in a folder but . and .. */
size_t count_entries(const char *folder);

#endif
