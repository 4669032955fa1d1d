/* SPDX-License-Identifier: Apache-2.0 */
/* seeds.c -- the seeds of the targets that have engines or messages in them: small, each named after what it shows.
 *
 * Those of the hostile peers are an honest migration overheard: what one side said becomes the script that is played to
 * the other one. Those of the pair are one fault each, at several moments; those of the round trip one message each.
 *
 * Run from the top of the tree; compares with fuzz/corpus, and with --accept rewrites it. (The decoder's seeds come from
 * tests/engine/stream and wire, the scenario parser's are scenarios/.) */
#include "fuzz/claim.h"
#include "fuzz/hostile.h"
#include "fuzz/pair.h"
#include "wire/schema.h"

#include <stdlib.h>
#include <string.h>

#define SEED_MAX (1U << 16)

static bool accept;
static uint32_t different;
static uint32_t seeds;

/* ---- files ---- */

static void seed(const char *target, const char *name, const uint8_t *bytes, size_t size)
{
    static uint8_t found[SEED_MAX + 1];
    char path[256];
    const int length = snprintf(path, sizeof(path), "fuzz/corpus/%s/%s", target, name);
    holds(length > 0 && (size_t)length < sizeof(path) && size <= SEED_MAX);
    seeds++;
    FILE *file = fopen(path, accept ? "wb" : "rb");
    if (file == NULL) {
        printf("%s can't be opened\n", path);
        different++;
        return;
    }
    size_t done = 0;
    if (accept) {
        done = fwrite(bytes, 1, size, file);
    } else {
        done = fread(found, 1, sizeof(found), file);
    }
    if (done != size || (!accept && memcmp(found, bytes, size) != 0) || fclose(file) != 0) {
        printf("%s is not what it should be: run fuzz_seeds --accept\n", path);
        different++;
    }
}

/* ---- the pair ---- */

struct seed_text {
    uint8_t bytes[SEED_MAX];
    size_t size;
};

static struct seed_text text;

static void begin_pair(uint8_t links, uint8_t modes, uint8_t limit, uint8_t dirty)
{
    const uint8_t options[PAIR_PREAMBLE] = {16, 4, links, modes, limit, dirty};
    memcpy(text.bytes, options, sizeof(options));
    text.size = sizeof(options);
}

static void add_fault(struct pair_record record)
{
    text.size = pair_append(text.bytes, text.size, sizeof(text.bytes), &record);
}

static const char *const fault_names[] = {
    [PAIR_NOTHING] = "nothing",
    [PAIR_DROP] = "drop",
    [PAIR_REPEAT] = "repeat",
    [PAIR_DELAY] = "delay",
    [PAIR_CUT] = "cut",
    [PAIR_MEND] = "mend",
    [PAIR_RESET] = "reset",
    [PAIR_CRASH] = "crash",
    [PAIR_RESTART] = "restart",
    [PAIR_JOURNAL] = "journal",
    [PAIR_TAMPER] = "tamper",
    [PAIR_CANCEL] = "cancel",
    [PAIR_SWITCH_NOW] = "switch_now",
    [PAIR_LIMIT] = "limit",
    [PAIR_CAP] = "cap",
    [PAIR_BURN] = "burn",
    [PAIR_DIRTY] = "dirty",
    [PAIR_SLEEP] = "sleep",
};
_Static_assert(
    sizeof(fault_names) / sizeof(fault_names[0]) == PAIR_FAULTS, "a fault without a name");

/* Steps of a migration at which something is under way: opening, copying, paused, granting, owning, ending. */
static const uint32_t moments[] = {4, 16, 28, 36, 40, 44};

static void pair_seeds(void)
{
    char name[64];
    for (uint32_t fault = PAIR_NOTHING; fault < PAIR_FAULTS; fault++) {
        for (uint32_t moment = 0; moment < sizeof(moments) / sizeof(moments[0]); moment += 2) {
            begin_pair(moment == 2 ? 0x11 : 0, 0, 0, 4);
            add_fault((struct pair_record){
                .fault = (enum pair_fault)fault,
                .steps = moments[moment],
                .side = RIG_TARGET,
                .number = 1,
                .flags = 3,
                .time = 1024 * FERRY_MICROSECOND,
            });
            add_fault((struct pair_record){
                .fault = (enum pair_fault)fault,
                .steps = moments[moment + 1] - moments[moment],
                .side = RIG_SOURCE,
                .number = 10,
                .flags = (uint8_t)moment,
                .time = 2097152 * FERRY_MICROSECOND,
            });
            add_fault((struct pair_record){
                .fault = fault == PAIR_CUT ? PAIR_MEND : PAIR_RESTART, .steps = 8});
            (void)snprintf(name, sizeof(name), "%s_at_%u", fault_names[fault], moments[moment]);
            seed("pair", name, text.bytes, text.size);
        }
    }
    begin_pair(3, 1, 0, 0);
    seed("pair", "stop_and_copy", text.bytes, text.size);
    begin_pair(0, 9, 2, 0);
    seed("pair", "stop_and_copy_with_a_limit", text.bytes, text.size);
    begin_pair(1, 4, 2, 31);
    seed("pair", "switch_anyway", text.bytes, text.size);
    begin_pair(0x12, 2, 1, 20);
    add_fault((struct pair_record){.steps = 200});
    seed("pair", "aborted_attempts", text.bytes, text.size);
}

/* ---- hostile peers: an honest migration, overheard ---- */

struct overheard {
    struct rig *rig;
    enum rig_side to;
    ferry_time_ns said_until;
};

static void add(uint8_t kind, const uint8_t *bytes, size_t size)
{
    const struct script_record record = {.kind = kind, .bytes = bytes, .size = size};
    text.size = script_append(text.bytes, text.size, sizeof(text.bytes), &record);
}

/* Until now nothing was said: in powers of two, largest first. */
static void add_time(struct overheard *overheard)
{
    for (uint8_t power = 20; power > 0; power--) {
        const ferry_time_ns part = FERRY_MICROSECOND << (power - 1);
        while (overheard->rig->now - overheard->said_until >= part) {
            add(HOSTILE_TIME | HOSTILE_AT_ONCE, &power, 1);
            overheard->said_until += part;
        }
    }
}

static void hear(void *context, enum rig_side to, uint16_t stream, struct ferry_bytes bytes)
{
    struct overheard *overheard = context;
    if (to != overheard->to) {
        return;
    }
    add_time(overheard);
    if (stream == UINT16_MAX) {
        add(HOSTILE_FRAMES | HOSTILE_AT_ONCE, bytes.data, bytes.size);
    } else {
        static uint8_t payload[SEED_MAX];
        holds(bytes.size < sizeof(payload));
        payload[0] = (uint8_t)stream;
        memcpy(payload + 1, bytes.data, bytes.size);
        add(HOSTILE_PAYLOAD | HOSTILE_AT_ONCE, payload, bytes.size + 1);
    }
}

static void overhear(enum rig_side to, uint16_t streams, uint32_t dirty)
{
    const struct rig_options options = {
        .pages = 32,
        .zero_pages = 4,
        .streams = streams,
        .paths = 1,
        .mode = FERRY_MODE_PRECOPY,
        .on_no_convergence = FERRY_GIVE_UP,
        .blackout_limit = 300 * FERRY_MILLISECOND,
        .dirty_pages_per_ms = dirty,
    };
    struct overheard overheard = {.to = to};
    overheard.rig = rig_create(&options);
    overheard.rig->listener = hear;
    overheard.rig->listener_context = &overheard;
    overheard.said_until = overheard.rig->now;
    const uint8_t as_is[2] = {0, (uint8_t)streams};
    text.bytes[0] = (uint8_t)(to == RIG_TARGET ? streams - 1 : (streams - 1) | (int)(dirty << 5));
    text.size = 1;
    add(HOSTILE_CONNECT | HOSTILE_AT_ONCE, as_is, to == RIG_TARGET ? 2 : 1);
    while (rig_step(overheard.rig)) {
    }
    rig_destroy(overheard.rig);
}

static void say(uint8_t type)
{
    add(HOSTILE_SAY, &type, 1);
}

/* By the words that are right by themselves, which a mutator changes more easily than frames. */
static void source_in_words(bool grants)
{
    static const uint8_t connect[] = {0, 1};
    static const uint8_t batch[] = {0, 0, 63, 0};
    static const uint8_t state[] = {0, 0, 0, 1};
    static const uint8_t live[] = {0, 0};
    static const uint8_t last[] = {0, 1};
    text.bytes[0] = 0;
    text.size = 1;
    add(HOSTILE_CONNECT, connect, sizeof(connect));
    say(0); /* OPEN */
    add(HOSTILE_BATCH, batch, sizeof(batch));
    add(HOSTILE_BARRIER, live, sizeof(live));
    add(HOSTILE_STATE, state, sizeof(state));
    add(HOSTILE_BARRIER, last, sizeof(last));
    add(HOSTILE_MANIFEST, NULL, 0);
    if (grants) {
        static const uint8_t moved[] = {5, 1};
        say(3); /* GRANT */
        add(HOSTILE_SAY, moved, sizeof(moved));
    } else {
        say(2); /* ABORT */
        say(4); /* BURN */
    }
}

static void target_in_words(uint8_t answer)
{
    text.bytes[0] = 0;
    text.size = 1;
    add(HOSTILE_CONNECT, NULL, 0);
    say(0); /* ACCEPT */
    for (int i = 0; i < 6; i++) {
        add(HOSTILE_ACK, NULL, 0);
    }
    say(5); /* READY */
    say(answer);
    say(9); /* CLOSED */
}

static void hostile_seeds(void)
{
    overhear(RIG_TARGET, 1, 0);
    seed("hostile_source", "overheard", text.bytes, text.size);
    overhear(RIG_TARGET, 2, 4);
    seed("hostile_source", "overheard_two_streams", text.bytes, text.size);
    source_in_words(true);
    seed("hostile_source", "granted", text.bytes, text.size);
    source_in_words(false);
    seed("hostile_source", "burned", text.bytes, text.size);
    overhear(RIG_SOURCE, 1, 0);
    seed("hostile_target", "overheard", text.bytes, text.size);
    overhear(RIG_SOURCE, 2, 4);
    seed("hostile_target", "overheard_two_streams", text.bytes, text.size);
    target_in_words(6);
    seed("hostile_target", "started", text.bytes, text.size);
    target_in_words(7);
    seed("hostile_target", "aborted", text.bytes, text.size);
    target_in_words(3);
    seed("hostile_target", "lost", text.bytes, text.size);
    target_in_words(2);
    seed("hostile_target", "resumed", text.bytes, text.size);
}

/* ---- round trips ---- */

static void round_trip_seeds(void)
{
    char name[64];
    uint8_t bytes[128];
    for (uint8_t i = 0; wire_schema_at(i) != NULL; i++) {
        for (size_t k = 0; k < sizeof(bytes); k++) {
            bytes[k] = (uint8_t)(k * 67 + i);
        }
        bytes[0] = 0;
        bytes[1] = (uint8_t)(20 + i);
        bytes[2] = i;
        (void)snprintf(name, sizeof(name), "message_%s", wire_schema_at(i)->name);
        seed("round_trip", name, bytes, sizeof(bytes));
    }
    static const uint8_t no_type[] = {1, 200, 0};
    seed("round_trip", "type_that_is_none", no_type, sizeof(no_type));
    static const uint8_t preface[] = {2, 1, 0, 1, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 1, 3};
    seed("round_trip", "preface", preface, sizeof(preface));
    static const uint8_t pages[] = {3, 100, 0, 0,  1,  9, 17, 25, 33, 4,   5, 6, /* words */
                                    0, 0,   0, 99, 0,  0, 8,  0,  8,  0,   2, 0,   0,
                                    0, 64,  0, 5,  13, 0, 0,  2,  0,  100, 0, 100, 0};
    seed("round_trip", "pages", pages, sizeof(pages));
}

int main(int argc, char **argv)
{
    accept = argc > 1 && strcmp(argv[1], "--accept") == 0;
    pair_seeds();
    hostile_seeds();
    round_trip_seeds();
    printf("%u seeds, %u not as they should be\n", seeds, different);
    return different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
