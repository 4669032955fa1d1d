/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_io.h -- what the journal asks of a disk. Faults are wrappers around it; the tests put a
 * disk into memory that forgets what was not synced.
 *
 * All slots are required. Each returns 0 or an errno value. The first three are called while the journal
 * opens, the others from its worker thread alone, or before that starts. "The log" is the file
 * `journal` of the folder.
 */
#ifndef FERRY_HOST_JOURNAL_JOURNAL_IO_H
#define FERRY_HOST_JOURNAL_JOURNAL_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal_io {
    void *context;

    /* Makes the folder if need be, and takes the lock in it: EWOULDBLOCK if another holds it. */
    int (*open_folder)(void *context, const char *path);
    void (*close_folder)(void *context); /* gives the lock back */

    /* Reads all of the log into memory that the journal frees: ENOENT, EFBIG above max_size. */
    int (*read_log)(void *context, size_t max_size, uint8_t **data_out, size_t *size_out);

    /* Makes journal.new, empty, and opens it as the next log. */
    int (*create_next)(void *context);
    int (*write_next)(void *context, const void *data, size_t size); /* from its beginning */
    int (*sync_next)(void *context);                                 /* fsync */
    /* Gives the next log the log's name: from here on it is the open log, the old one is closed. On
     * failure the log stays as it was. */
    int (*adopt_next)(void *context);
    int (*sync_folder)(void *context);

    /* The open log: all of it at this offset, or an error. */
    int (*write_log)(void *context, uint64_t offset, const void *data, size_t size);
    int (*sync_log)(void *context); /* fdatasync */
};

/* The real one. One journal for each. */
int journal_files_create(struct journal_io *io_out); /* ENOMEM */
void journal_files_destroy(struct journal_io *io);

#endif
