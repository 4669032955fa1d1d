/* SPDX-License-Identifier: Apache-2.0 */
/* output.c -- temporary file and rename. */
#include "sim/cli/output.h"

#include "sim/cli/cli.h"
#include "sim/report/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY_SUFFIX ".XXXXXX"

static bool complain(const struct output *output, const char *what)
{
    cli_complain("%s %s: %s: %s", output->option, output->path, what, strerror(errno));
    return false;
}

bool output_is_stdout(const struct output *output)
{
    return output->path != NULL && strcmp(output->path, "-") == 0;
}

static bool open_directly(struct output *output)
{
    output->stream = fopen(output->path, "we");
    return output->stream != NULL ? true : complain(output, "cannot be written");
}

/* The rights that fopen() would have given. */
static void set_rights(int descriptor, const struct stat *old)
{
    mode_t rights = old == NULL ? 0666 : old->st_mode & 0777;

    if (old == NULL) {
        const mode_t mask = umask(0);

        (void)umask(mask);
        rights &= ~mask;
    }
    (void)fchmod(descriptor, rights); /* narrower rights than wished are no reason to fail */
}

static bool open_temporary(struct output *output, const struct stat *old)
{
    output->temporary = report_take(strlen(output->target) + sizeof TEMPORARY_SUFFIX, 1);
    (void)sprintf(output->temporary, "%s" TEMPORARY_SUFFIX, output->target);
    const int descriptor = mkstemp(output->temporary);

    if (descriptor < 0) {
        free(output->temporary);
        output->temporary = NULL;
        return complain(output, "cannot be written");
    }
    set_rights(descriptor, old);
    output->stream = fdopen(descriptor, "w");
    if (output->stream == NULL) {
        (void)close(descriptor);
        return complain(output, "cannot be written");
    }
    return true;
}

bool output_open(struct output *output)
{
    struct stat status;

    if (output->path == NULL) {
        return true;
    }
    if (output_is_stdout(output)) {
        output->stream = stdout;
        return true;
    }
    if (stat(output->path, &status) != 0) {
        if (errno != ENOENT) {
            return complain(output, "cannot be written");
        }
        output->target = report_copy(output->path);
        return open_temporary(output, NULL);
    }
    if (!S_ISREG(status.st_mode)) {
        return open_directly(output); /* says "Is a directory" of a folder */
    }
    if (access(output->path, W_OK) != 0) {
        return complain(output, "cannot be written");
    }
    output->target = realpath(output->path, NULL);
    if (output->target == NULL) {
        return complain(output, "cannot be written");
    }
    return open_temporary(output, &status);
}

bool output_commit(struct output *output)
{
    if (output->stream == NULL) {
        return true;
    }
    FILE *stream = output->stream;
    bool fine = ferror(stream) == 0 && fflush(stream) == 0;

    output->stream = NULL;
    if (stream != stdout && fclose(stream) != 0) {
        fine = false;
    }
    if (fine && output->temporary != NULL && rename(output->temporary, output->target) == 0) {
        free(output->temporary);
        output->temporary = NULL;
    } else if (output->temporary != NULL) {
        fine = false;
    }
    if (!fine && stream == stdout && cli_reader_left()) {
        fine = true;
    }
    if (!fine) {
        (void)complain(output, "could not be written");
    }
    output_discard(output);
    return fine;
}

void output_discard(struct output *output)
{
    if (output->stream != NULL && output->stream != stdout) {
        (void)fclose(output->stream);
    }
    output->stream = NULL;
    if (output->temporary != NULL) {
        (void)unlink(output->temporary);
    }
    free(output->temporary);
    free(output->target);
    output->temporary = NULL;
    output->target = NULL;
}
