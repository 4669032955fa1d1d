/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.h -- where reports of workers are kept until a test waits for them. */
#ifndef FERRY_TEST_HOST_DATAPLANE_MAILBOX_H
#define FERRY_TEST_HOST_DATAPLANE_MAILBOX_H

#include "engine/host/dataplane/report.h"

#include <pthread.h>

#define MAILBOX_MAX 4096U

struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    size_t count;
    size_t taken;
    struct dataplane_report *reports; /* MAILBOX_MAX */
};

void mailbox_init(struct mailbox *mailbox);
void mailbox_deinit(struct mailbox *mailbox);
/* A dataplane_post. */
void mailbox_post(void *context, const struct dataplane_report *report);
/* The next report, which must come within ten seconds. */
struct dataplane_report mailbox_next(struct mailbox *mailbox);
/* False: none within `wait`. */
bool mailbox_try(struct mailbox *mailbox, ferry_time_ns wait, struct dataplane_report *report_out);

#endif
