/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h -- changes on their way to the disk. */
#ifndef FERRY_HOST_JOURNAL_QUEUE_H
#define FERRY_HOST_JOURNAL_QUEUE_H

#include "engine/host/journal/internal.h"

enum host_code journal_queue_start(struct journal *journal, struct host_error *error);
void journal_queue_stop(struct journal *journal);
/* The image was written: it is the open log now. */
void journal_take_image(struct journal *journal, const struct image *image);

#endif
