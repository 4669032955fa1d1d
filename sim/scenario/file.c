/* SPDX-License-Identifier: Apache-2.0 */
/* file.c -- see file.h. */
#include "sim/scenario/file.h"

#include "sim/scenario/yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *file_read(const char *path, size_t *size_out, const char **problem_out)
{
    *problem_out = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0) {
        *problem_out = strerror(errno);
        return NULL;
    }
    struct stat about;
    char *text = NULL;
    if (fstat(file, &about) != 0) {
        *problem_out = strerror(errno);
    } else if (!S_ISREG(about.st_mode)) {
        *problem_out = S_ISDIR(about.st_mode) ? "it is a folder" : "it is no file";
    } else {
        text = malloc(YAML_SIZE_MAX + 1);
    }
    *size_out = 0;
    while (text != NULL && *size_out < YAML_SIZE_MAX + 1) {
        ssize_t got = read(file, text + *size_out, YAML_SIZE_MAX + 1 - *size_out);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            *problem_out = strerror(errno);
            free(text);
            text = NULL;
        }
        if (got <= 0) {
            break;
        }
        *size_out += (size_t)got;
    }
    close(file);
    return text;
}
