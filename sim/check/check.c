/* SPDX-License-Identifier: Apache-2.0 */
/* check.c -- owns the checkers: hands each observation to every one of them in the order of the
 * table, keeps failures.
 *
 * The table is the whole registry. I4 (no acknowledged disk write is lost) is not in it: there are
 * no disks yet. */
#include "sim/check/check.h"

#include "sim/check/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct sim_checker *const table[] = {
    &sim_checker_one_runner,
    &sim_checker_ends_running,
    &sim_checker_memory_equal,
    &sim_checker_within_limit,
    &sim_checker_caps,
    &sim_checker_ends_once,
    &sim_checker_clean_after_failure,
};

#define CHECKERS (sizeof(table) / sizeof(table[0]))

struct list {
    struct sim_failure *items;
    size_t count;
    size_t capacity;
};

struct sim_checks {
    struct sim_check_context context;
    uint64_t *guest_pages;
    void *state[CHECKERS];
    struct list failures;
    struct list excuses;
    uint64_t suppressed;
};

struct sim_checks *sim_checks_create(const struct sim_check_context *context)
{
    struct sim_checks *checks = sim_check_allocate(1, sizeof(*checks));

    checks->context = *context;
    checks->guest_pages = sim_check_allocate(context->guest_count, sizeof(*checks->guest_pages));
    if (context->guest_count != 0) {
        memcpy(
            checks->guest_pages,
            context->guest_pages,
            context->guest_count * sizeof(*checks->guest_pages));
    }
    checks->context.guest_pages = checks->guest_pages;
    for (size_t i = 0; i < CHECKERS; i++) {
        checks->state[i] = table[i]->create(checks);
    }
    return checks;
}

void sim_checks_destroy(struct sim_checks *checks)
{
    if (checks == NULL) {
        return;
    }
    for (size_t i = 0; i < CHECKERS; i++) {
        table[i]->destroy(checks->state[i]);
    }
    free(checks->guest_pages);
    free(checks->failures.items);
    free(checks->excuses.items);
    free(checks);
}

void sim_checks_observe(struct sim_checks *checks, const struct sim_observation *observation)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        table[i]->observe(checks->state[i], observation);
    }
}

void sim_checks_finish(struct sim_checks *checks, ferry_time_ns now)
{
    for (size_t i = 0; i < CHECKERS; i++) {
        table[i]->finish(checks->state[i], now);
    }
}

size_t sim_checks_failure_count(const struct sim_checks *checks)
{
    return checks->failures.count;
}

const struct sim_failure *sim_checks_failure(const struct sim_checks *checks, size_t index)
{
    return &checks->failures.items[index];
}

size_t sim_checks_excuse_count(const struct sim_checks *checks)
{
    return checks->excuses.count;
}

const struct sim_failure *sim_checks_excuse(const struct sim_checks *checks, size_t index)
{
    return &checks->excuses.items[index];
}

uint64_t sim_checks_suppressed(const struct sim_checks *checks)
{
    return checks->suppressed;
}

size_t sim_checks_count(void)
{
    return CHECKERS;
}

const char *sim_checks_id(size_t index)
{
    return table[index]->id;
}

const char *sim_checks_claim(size_t index)
{
    return table[index]->claim;
}

uint32_t sim_check_guests(const struct sim_checks *checks)
{
    return checks->context.guest_count;
}

uint32_t sim_check_hosts(const struct sim_checks *checks)
{
    return checks->context.host_count;
}

uint64_t sim_check_guest_pages(const struct sim_checks *checks, uint32_t guest)
{
    return guest < checks->context.guest_count ? checks->guest_pages[guest] : 0;
}

static struct sim_label
label(const char *what, const char *const *names, uint32_t count, uint32_t index)
{
    struct sim_label result;

    if (names != NULL && index < count) {
        (void)snprintf(result.text, sizeof(result.text), "%s %s", what, names[index]);
    } else {
        (void)snprintf(result.text, sizeof(result.text), "%s #%u", what, (unsigned)index);
    }
    return result;
}

struct sim_label sim_check_guest(const struct sim_checks *checks, uint32_t guest)
{
    return label("guest", checks->context.guest_names, checks->context.guest_count, guest);
}

struct sim_label sim_check_host(const struct sim_checks *checks, uint32_t host)
{
    return label("host", checks->context.host_names, checks->context.host_count, host);
}

static size_t count_of(const struct list *list, const char *id)
{
    size_t count = 0;

    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->items[i].id, id) == 0) {
            count++;
        }
    }
    return count;
}

/* The new item, or NULL when this invariant has said enough. */
static struct sim_failure *add(struct list *list, const struct sim_about *about)
{
    struct sim_failure *item;

    if (count_of(list, about->id) >= SIM_CHECK_FAILURES_PER_INVARIANT) {
        return NULL;
    }
    list->items =
        sim_check_grow(list->items, &list->capacity, list->count + 1, sizeof(*list->items));
    item = &list->items[list->count++];
    item->id = about->id;
    item->at_ns = about->at_ns;
    item->migration = about->migration;
    item->guest = about->guest;
    return item;
}

void sim_check_fail(
    struct sim_checks *checks, const struct sim_about *about, const char *format, ...)
{
    struct sim_failure *failure = add(&checks->failures, about);
    va_list arguments;

    if (failure == NULL) {
        checks->suppressed++;
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(failure->message, sizeof(failure->message), format, arguments);
    va_end(arguments);
}

void sim_check_excuse(
    struct sim_checks *checks, const struct sim_about *about, const char *format, ...)
{
    struct sim_failure *excuse = add(&checks->excuses, about);
    va_list arguments;

    if (excuse == NULL) {
        return;
    }
    va_start(arguments, format);
    (void)vsnprintf(excuse->message, sizeof(excuse->message), format, arguments);
    va_end(arguments);
}
