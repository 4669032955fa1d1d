/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.c -- a disk that waits: loaded in front of the C library, it holds each fdatasync of a daemon
 * back as long as the file that FERRY_TEST_HOLD names is there. So a test can look at, and kill, a
 * daemon in the instant between a record's writing and its durability.
 */
#include <dlfcn.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int fdatasync(int fd)
{
    static int (*real)(int);
    const char *path = getenv("FERRY_TEST_HOLD");
    const struct timespec moment = {.tv_nsec = 1000000};

    if (real == NULL) {
        *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    }
    while (path != NULL && access(path, F_OK) == 0) {
        (void)nanosleep(&moment, NULL); /* asks for a file: there is nothing to be told by */
    }
    return real == NULL ? -1 : real(fd);
}
