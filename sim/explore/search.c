/* SPDX-License-Identifier: Apache-2.0 */
/* search.c -- breadth first search with an own hash set: open addressing, linear probing, doubled
 * when it is three fifths full. */
#include "sim/explore/search.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#define SET_START     (1U << 16)
#define PROGRESS_EACH (1U << 16)

struct set {
    uint64_t *slots; /* 0: free */
    uint64_t mask;
    uint64_t count;
};

struct level {
    uint8_t *states;
    size_t count;
    size_t capacity;
};

/* How a state was found: by which move, from which other (its number in order of discovery). */
struct found {
    uint32_t *parent;
    uint16_t *move;
    size_t capacity;
};

struct search {
    const struct search_space *space;
    const struct search_limits *limits;
    struct search_result *result;
    struct set set;
    struct found found;
    struct level now;
    struct level next;
    uint64_t first; /* number of now.states[0] */
    int64_t begun;
    uint16_t moves[SEARCH_MOVES_MAX];
    enum explore_check broken[SEARCH_MOVES_MAX];
    uint8_t *reached; /* SEARCH_MOVES_MAX states */
};

const char *search_stop_name(enum search_stop stop)
{
    switch (stop) {
    case SEARCH_ALL_SEEN: return "all states within the budgets";
    case SEARCH_BROKEN: return "a check does not hold";
    case SEARCH_STATES_LIMIT: return "stopped at the limit of states";
    case SEARCH_TIME_LIMIT: return "stopped at the limit of time";
    case SEARCH_NO_MEMORY: return "stopped: out of memory";
    case SEARCH_INTERRUPTED: return "stopped: interrupted";
    }
    return "?";
}

/* ---- the set ---- */

static bool set_grow(struct set *set)
{
    const uint64_t size = set->slots == NULL ? SET_START : (set->mask + 1) * 2;
    uint64_t *slots = calloc(size, sizeof *slots);
    if (slots == NULL) {
        return false;
    }
    for (uint64_t i = 0; set->slots != NULL && i <= set->mask; i++) {
        uint64_t at = set->slots[i] & (size - 1);
        if (set->slots[i] == 0) {
            continue;
        }
        while (slots[at] != 0) {
            at = (at + 1) & (size - 1);
        }
        slots[at] = set->slots[i];
    }
    free(set->slots);
    set->slots = slots;
    set->mask = size - 1;
    return true;
}

/* True if it is new. Room has been made before. */
static bool set_add(struct set *set, uint64_t fingerprint)
{
    uint64_t at = fingerprint & set->mask;
    while (set->slots[at] != 0) {
        if (set->slots[at] == fingerprint) {
            return false;
        }
        at = (at + 1) & set->mask;
    }
    set->slots[at] = fingerprint;
    set->count++;
    return true;
}

static uint64_t fingerprint_of(const struct search *search, const void *state)
{
    const uint64_t fingerprint = XXH3_64bits(state, search->space->state_size);
    return fingerprint == 0 ? 1 : fingerprint;
}

/* ---- memory ---- */

static bool grow_found(struct search *search)
{
    struct found *found = &search->found;
    const size_t capacity = found->capacity == 0 ? SET_START : found->capacity * 2;
    uint32_t *parent = realloc(found->parent, capacity * sizeof *parent);
    if (parent == NULL) {
        return false;
    }
    found->parent = parent;
    uint16_t *move = realloc(found->move, capacity * sizeof *move);
    if (move == NULL) {
        return false;
    }
    found->move = move;
    found->capacity = capacity;
    return true;
}

static bool level_add(struct search *search, struct level *level, const void *state)
{
    const size_t size = search->space->state_size;
    if (level->count == level->capacity) {
        const size_t capacity = level->capacity == 0 ? 1024 : level->capacity * 2;
        uint8_t *states = realloc(level->states, capacity * size);
        if (states == NULL) {
            return false;
        }
        level->states = states;
        level->capacity = capacity;
    }
    memcpy(level->states + level->count * size, state, size);
    level->count++;
    return true;
}

static void note_memory(struct search *search)
{
    const size_t size = search->space->state_size;
    const uint64_t bytes = (search->set.mask + 1) * sizeof(uint64_t) +
                           search->found.capacity * (sizeof(uint32_t) + sizeof(uint16_t)) +
                           (search->now.capacity + search->next.capacity) * size;
    if (bytes > search->result->bytes) {
        search->result->bytes = bytes;
    }
}

/* ---- the search ---- */

static void stop_at(struct search *search, enum search_stop stop)
{
    if (search->result->stop == 0) {
        search->result->stop = stop;
    }
}

static void keep_path(struct search *search, uint64_t parent, uint16_t last, bool moved)
{
    struct search_result *result = search->result;
    uint16_t backwards[SEARCH_PATH_MAX];
    unsigned length = 0;
    if (moved) {
        backwards[length] = last;
        length++;
    }
    for (uint64_t at = parent; at != 0 && length < SEARCH_PATH_MAX; at = search->found.parent[at]) {
        backwards[length] = search->found.move[at];
        length++;
    }
    for (unsigned i = 0; i < length; i++) {
        result->path[i] = backwards[length - 1 - i];
    }
    result->path_length = length;
}

static void break_at(
    struct search *search, enum explore_check broken, uint64_t parent, uint16_t move, bool moved)
{
    if (search->result->stop == 0) {
        search->result->broken = broken;
        search->result->stop = SEARCH_BROKEN;
        keep_path(search, parent, move, moved);
    }
}

static void reach(struct search *search, uint64_t parent, uint16_t move, const void *state)
{
    if (search->set.count * 5 >= (search->set.mask + 1) * 3 && !set_grow(&search->set)) {
        stop_at(search, SEARCH_NO_MEMORY);
        return;
    }
    if (!set_add(&search->set, fingerprint_of(search, state))) {
        return;
    }
    const uint64_t number = search->result->states;
    if ((number == search->found.capacity && !grow_found(search)) || number == UINT32_MAX ||
        !level_add(search, &search->next, state)) {
        stop_at(search, SEARCH_NO_MEMORY);
        return;
    }
    search->found.parent[number] = (uint32_t)parent;
    search->found.move[number] = move;
    search->result->states++;
    const enum explore_check broken = search->space->check(search->space->context, state);
    if (broken != CHECK_NONE) {
        break_at(search, broken, parent, move, number != 0);
    }
    if (search->limits->states != 0 && search->result->states >= search->limits->states) {
        stop_at(search, SEARCH_STATES_LIMIT);
    }
}

static void look_around(struct search *search)
{
    const struct search_limits *limits = search->limits;
    note_memory(search);
    if (limits->progress != NULL) {
        limits->progress(limits->progress_context, search->result->states, search->result->depth);
    }
    if (limits->clock != NULL && limits->time_ns != 0 &&
        limits->clock() - search->begun >= limits->time_ns) {
        stop_at(search, SEARCH_TIME_LIMIT);
    }
    if (limits->interrupted != NULL && limits->interrupted(limits->interrupted_context)) {
        stop_at(search, SEARCH_INTERRUPTED);
    }
}

static void expand(struct search *search, size_t index)
{
    const size_t size = search->space->state_size;
    const unsigned count = search->space->expand(
        search->space->context,
        search->now.states + index * size,
        search->moves,
        search->reached,
        search->broken);
    search->result->transitions += count;
    for (unsigned i = 0; i < count && search->result->stop == 0; i++) {
        if (search->broken[i] != CHECK_NONE) {
            break_at(search, search->broken[i], search->first + index, search->moves[i], true);
            return;
        }
        reach(search, search->first + index, search->moves[i], search->reached + i * size);
    }
    if ((search->first + index) % PROGRESS_EACH == PROGRESS_EACH - 1) {
        look_around(search);
    }
}

static void run_levels(struct search *search)
{
    struct search_result *result = search->result;
    while (search->next.count > 0 && result->stop == 0) {
        const struct level old = search->now;
        search->first += old.count;
        search->now = search->next;
        search->next = (struct level){.states = old.states, .capacity = old.capacity};
        if (search->now.count > result->widest) {
            result->widest = search->now.count;
        }
        for (size_t i = 0; i < search->now.count && result->stop == 0; i++) {
            expand(search, i);
        }
        if (search->next.count > 0) {
            result->depth++;
        }
    }
    stop_at(search, SEARCH_ALL_SEEN);
}

void search_run(
    const struct search_space *space,
    const void *start,
    const struct search_limits *limits,
    struct search_result *result)
{
    struct search search = {.space = space, .limits = limits, .result = result};
    *result = (struct search_result){0};
    search.begun = limits->clock != NULL ? limits->clock() : 0;
    search.reached = malloc((size_t)SEARCH_MOVES_MAX * SEARCH_STATE_MAX);
    if (search.reached == NULL || !set_grow(&search.set)) {
        stop_at(&search, SEARCH_NO_MEMORY);
    } else {
        reach(&search, 0, 0, start);
        run_levels(&search);
        note_memory(&search);
    }
    if (limits->clock != NULL) {
        result->wall_ns = limits->clock() - search.begun;
    }
    free(search.reached);
    free(search.set.slots);
    free(search.found.parent);
    free(search.found.move);
    free(search.now.states);
    free(search.next.states);
}
