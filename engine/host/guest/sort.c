/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sort.c -- a merge sort from the bottom up, one page of output at a time, for ever.
 *
 *   FILL --all pages drawn, each sorted--> MERGE --runs are as long as the half--> VERIFY --> FILL
 *
 * The set has two halves; a pass merges runs of one half into runs of double length in the other.
 * At the end the elements must be in order and have the sum of those that were drawn: an element
 * that was lost, doubled or damaged on the way shows there.
 */
#include "engine/host/guest/guest.h"

#define PER_PAGE (GUEST_PAGE_SIZE / sizeof(uint64_t))

void sort_begin(struct worker *worker)
{
    const uint64_t share = worker->sets[0].pages / HOST->vcpus;
    uint64_t half = 1;
    while (half * 4 <= share) {
        half *= 2;
    }
    worker->sorter = (struct sorter){
        .first = worker->sets[0].first + worker->number * share,
        .pages = share < 2 ? 0 : half,
    };
}

static uint64_t *element(const struct sorter *sorter, bool second, uint64_t index)
{
    uint64_t *page = page_address(sorter->first + (second ? sorter->pages : 0) + index / PER_PAGE);
    return page + index % PER_PAGE;
}

static void sort_small(uint64_t *values)
{
    for (uint64_t gap = PER_PAGE / 2; gap > 0; gap /= 2) {
        for (uint64_t i = gap; i < PER_PAGE; i++) {
            const uint64_t value = values[i];
            uint64_t k = i;
            for (; k >= gap && values[k - gap] > value; k -= gap) {
                values[k] = values[k - gap];
            }
            values[k] = value;
        }
    }
}

static void fill(struct worker *worker)
{
    struct sorter *sorter = &worker->sorter;
    uint64_t *values = element(sorter, sorter->flipped, sorter->position * PER_PAGE);
    for (uint64_t i = 0; i < PER_PAGE; i++) {
        values[i] = random_next(worker);
        sorter->sum += values[i];
    }
    sort_small(values);
}

static void merge(struct sorter *sorter)
{
    const uint64_t run = sorter->run * PER_PAGE;
    const uint64_t base = sorter->position / (2 * sorter->run) * 2 * run;
    if (sorter->position % (2 * sorter->run) == 0) {
        sorter->left = base;
        sorter->right = base + run;
    }
    const bool from = sorter->flipped;
    uint64_t *out = element(sorter, !from, sorter->position * PER_PAGE);
    for (uint64_t i = 0; i < PER_PAGE; i++) {
        const bool left_over = sorter->left == base + run;
        const bool right_over = sorter->right == base + 2 * run;
        const bool left = right_over || (!left_over && *element(sorter, from, sorter->left) <=
                                                           *element(sorter, from, sorter->right));
        out[i] = *element(sorter, from, left ? sorter->left++ : sorter->right++);
    }
}

static void verify(struct worker *worker)
{
    struct sorter *sorter = &worker->sorter;
    const uint64_t *values = element(sorter, sorter->flipped, sorter->position * PER_PAGE);
    bool bad = false;
    for (uint64_t i = 0; i < PER_PAGE; i++) {
        bad = bad || values[i] < sorter->greatest;
        sorter->greatest = values[i];
        sorter->sum -= values[i];
    }
    if (sorter->position + 1 == sorter->pages) {
        bad = bad || sorter->sum != 0;
    }
    if (bad) {
        page_report_bad(
            worker,
            sorter->first + (sorter->flipped ? sorter->pages : 0) + sorter->position,
            GUEST_BAD_CHECKSUM);
    }
}

void sort_page(struct worker *worker)
{
    struct sorter *sorter = &worker->sorter;
    if (sorter->pages == 0) {
        return;
    }
    if (sorter->run == sorter->pages) {
        verify(worker);
    } else {
        if (sorter->run == 0) {
            fill(worker);
        } else {
            merge(sorter);
        }
        worker->report->pages_written++;
    }
    if (++sorter->position < sorter->pages) {
        return;
    }
    sorter->position = 0;
    if (sorter->run == sorter->pages) {
        sorter->run = 0;
        sorter->sum = 0;
        sorter->greatest = 0;
    } else if (sorter->run == 0) {
        sorter->run = 1;
    } else {
        sorter->flipped = !sorter->flipped;
        sorter->run *= 2;
    }
}
