/* SPDX-License-Identifier: Apache-2.0 */
/*
 * journal_io.h -- what the journal asks of a disk. Faults are wrappers around it; the tests put a
 * disk into memory that forgets what was not synced.
 *
 * All slots are required. Each returns 0 or an errno value. Names are files in the journal's folder
 * (no path). The read slots are called while the journal opens; the writing ones from its worker
 * thread alone, or before that starts.
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

    /* Reads all of a file into memory that the journal frees: ENOENT, EFBIG above max_size. */
    int (*read_file)(
        void *context, const char *name, size_t max_size, uint8_t **data_out, size_t *size_out);

    /* Makes the file new and empty, and opens it as the file that write() and sync() mean, closing
     * the one that was open before. */
    int (*create)(void *context, const char *name);
    /* All of it at this offset, or an error. */
    int (*write)(void *context, uint64_t offset, const void *data, size_t size);
    int (*sync_data)(void *context); /* fdatasync of the open file */
    int (*sync_file)(void *context); /* fsync of the open file */
    int (*rename)(void *context, const char *from, const char *to);
    int (*sync_folder)(void *context);
};

/* The real one. One journal for each. */
int journal_files_create(struct journal_io *io_out); /* ENOMEM */
void journal_files_destroy(struct journal_io *io);

#endif
