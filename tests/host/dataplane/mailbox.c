/* SPDX-License-Identifier: Apache-2.0 */
/* mailbox.c -- see mailbox.h. */
#include "mailbox.h"

#include "tests/host/support/check.h"

#include <stdlib.h>
#include <time.h>

void mailbox_init(struct mailbox *mailbox)
{
    pthread_condattr_t attributes;
    *mailbox = (struct mailbox){.reports = calloc(MAILBOX_MAX, sizeof(*mailbox->reports))};
    assert_non_null(mailbox->reports);
    assert_int_equal(pthread_mutex_init(&mailbox->lock, NULL), 0);
    assert_int_equal(pthread_condattr_init(&attributes), 0);
    assert_int_equal(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC), 0);
    assert_int_equal(pthread_cond_init(&mailbox->arrived, &attributes), 0);
    (void)pthread_condattr_destroy(&attributes);
}

void mailbox_deinit(struct mailbox *mailbox)
{
    (void)pthread_cond_destroy(&mailbox->arrived);
    (void)pthread_mutex_destroy(&mailbox->lock);
    free(mailbox->reports);
}

void mailbox_post(void *context, const struct dataplane_report *report)
{
    struct mailbox *mailbox = context;
    (void)pthread_mutex_lock(&mailbox->lock);
    if (mailbox->count < MAILBOX_MAX) {
        mailbox->reports[mailbox->count] = *report;
        mailbox->count++;
    }
    (void)pthread_cond_signal(&mailbox->arrived);
    (void)pthread_mutex_unlock(&mailbox->lock);
}

bool mailbox_try(struct mailbox *mailbox, ferry_time_ns wait, struct dataplane_report *report_out)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    const ferry_time_ns nanoseconds = until.tv_nsec + wait % FERRY_SECOND;
    until.tv_sec += (time_t)(wait / FERRY_SECOND + nanoseconds / FERRY_SECOND);
    until.tv_nsec = (long)(nanoseconds % FERRY_SECOND);
    int result = 0;
    (void)pthread_mutex_lock(&mailbox->lock);
    while (mailbox->taken == mailbox->count && result == 0) {
        result = pthread_cond_timedwait(&mailbox->arrived, &mailbox->lock, &until);
    }
    const bool there = mailbox->taken < mailbox->count;
    if (there) {
        *report_out = mailbox->reports[mailbox->taken];
        mailbox->taken++;
        if (mailbox->taken == mailbox->count) {
            mailbox->taken = 0;
            mailbox->count = 0;
        }
    }
    (void)pthread_mutex_unlock(&mailbox->lock);
    return there;
}

struct dataplane_report mailbox_next(struct mailbox *mailbox)
{
    struct dataplane_report report = {.kind = 0};
    if (!mailbox_try(mailbox, 10 * FERRY_SECOND, &report)) {
        fail_msg("no report came within ten seconds");
    }
    return report;
}
