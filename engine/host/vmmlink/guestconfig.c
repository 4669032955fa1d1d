/* SPDX-License-Identifier: Apache-2.0 */
/* guestconfig.c -- a guest's configuration as text; one table gives each key its field and its words. */
#include "engine/host/vmmlink/guestconfig.h"

#include "engine/host/base/units.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define FIRST_LINE   "ferry-guest 1"
#define LINE_MAX_LEN 512U
#define PAGE         4096U
#define PROGRAM      (4ULL << 20)
#define GENERATION   4U

enum kind { KIND_COUNT, KIND_SIZE, KIND_RATE, KIND_WORD, KIND_FLAG, KIND_TEXT };

struct word {
    const char *text;
    uint32_t value;
};

static const struct word workloads[] = {
    {"idle",    GUESTCONFIG_IDLE   },
    {"sweep",   GUESTCONFIG_SWEEP  },
    {"uniform", GUESTCONFIG_UNIFORM},
    {"hotset",  GUESTCONFIG_HOTSET },
    {"kv",      GUESTCONFIG_KV     },
    {"sort",    GUESTCONFIG_SORT   },
    {NULL,      0                  },
};
static const struct word huge_words[] = {
    {"none",        GUESTCONFIG_HUGE_NONE       },
    {"transparent", GUESTCONFIG_HUGE_TRANSPARENT},
    {"explicit",    GUESTCONFIG_HUGE_EXPLICIT   },
    {NULL,          0                           },
};
static const struct word dirty_words[] = {
    {"log",  GUESTCONFIG_DIRTY_LOG },
    {"ring", GUESTCONFIG_DIRTY_RING},
    {NULL,   0                     },
};

struct key {
    const char *name;
    enum kind kind;
    size_t offset; /* of its field */
    size_t size;   /* of its field: 8, 4 or 1 bytes; a text's room */
    const struct word *words;
};

#define FIELD(name) offsetof(struct guestconfig, name), sizeof(((struct guestconfig *)NULL)->name)

static const struct key keys[] = {
    {"memory",         KIND_SIZE,  FIELD(memory),          NULL       },
    {"vcpus",          KIND_COUNT, FIELD(vcpus),           NULL       },
    {"workload",       KIND_WORD,  FIELD(workload),        workloads  },
    {"size",           KIND_SIZE,  FIELD(size),            NULL       },
    {"rate",           KIND_RATE,  FIELD(rate),            NULL       },
    {"cold_size",      KIND_SIZE,  FIELD(cold_size),       NULL       },
    {"cold_rate",      KIND_RATE,  FIELD(cold_rate),       NULL       },
    {"nonzero",        KIND_COUNT, FIELD(nonzero_percent), NULL       },
    {"seed",           KIND_COUNT, FIELD(seed),            NULL       },
    {"huge_pages",     KIND_WORD,  FIELD(huge_pages),      huge_words },
    {"prefault",       KIND_FLAG,  FIELD(prefault),        NULL       },
    {"dirty",          KIND_WORD,  FIELD(dirty),           dirty_words},
    {"disk",           KIND_TEXT,  FIELD(disk),            NULL       },
    {"disk_read_only", KIND_FLAG,  FIELD(disk_read_only),  NULL       },
    {"disk_rate",      KIND_RATE,  FIELD(disk_rate),       NULL       },
    {"tap",            KIND_TEXT,  FIELD(tap),             NULL       },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

static bool refuse(char reason[GUESTCONFIG_REASON_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool refuse(char reason[GUESTCONFIG_REASON_MAX], const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(reason, GUESTCONFIG_REASON_MAX, format, list);
    va_end(list);
    return false;
}

struct guestconfig guestconfig_default(void)
{
    return (struct guestconfig){
        .memory = 128ULL << 20,
        .vcpus = 1,
        .workload = GUESTCONFIG_IDLE,
        .seed = 1,
        .huge_pages = GUESTCONFIG_HUGE_NONE,
        .dirty = GUESTCONFIG_DIRTY_LOG,
    };
}

static const char *word_of(const struct word *words, uint32_t value)
{
    for (; words->text != NULL; words++) {
        if (words->value == value) {
            return words->text;
        }
    }
    return NULL;
}

static bool rate_fits(uint64_t rate)
{
    return rate <= GUESTCONFIG_RATE_MAX || rate == GUESTCONFIG_RATE_FLAT_OUT;
}

static bool check_sets(const struct guestconfig *config, char reason[GUESTCONFIG_REASON_MAX])
{
    /* the program, the generations' table and one page for each vCPU are not the workload's */
    const uint64_t taken = PROGRAM + config->memory / PAGE * GENERATION;
    const uint64_t most = config->memory - taken;
    if (config->size > most || config->cold_size > most - config->size) {
        return refuse(
            reason,
            "the workload's sets have %llu bytes, of this memory %llu can be used",
            (unsigned long long)config->size + config->cold_size,
            (unsigned long long)most);
    }
    if (!rate_fits(config->rate) || !rate_fits(config->cold_rate) ||
        !rate_fits(config->disk_rate)) {
        return refuse(
            reason,
            "a rate is over %llu bytes a second; \"max\" is flat out",
            (unsigned long long)GUESTCONFIG_RATE_MAX);
    }
    if (config->nonzero_percent > 100) {
        return refuse(reason, "nonzero is %u percent", config->nonzero_percent);
    }
    return true;
}

static bool text_is_whole(const char *text, size_t room)
{
    return memchr(text, '\0', room) != NULL && strpbrk(text, "\n\r") == NULL;
}

bool guestconfig_check(const struct guestconfig *config, char reason[GUESTCONFIG_REASON_MAX])
{
    if (config->memory < GUESTCONFIG_MEMORY_MIN || config->memory > GUESTCONFIG_MEMORY_MAX ||
        config->memory % GUESTCONFIG_MEMORY_STEP != 0) {
        return refuse(
            reason,
            "memory is %llu bytes: 64 MiB to 8 GiB in steps of 2 MiB",
            (unsigned long long)config->memory);
    }
    if (config->vcpus < 1 || config->vcpus > GUESTCONFIG_VCPUS_MAX) {
        return refuse(reason, "vcpus is %u: 1 or 2", config->vcpus);
    }
    if (word_of(workloads, config->workload) == NULL ||
        word_of(huge_words, config->huge_pages) == NULL ||
        word_of(dirty_words, config->dirty) == NULL) {
        return refuse(reason, "workload, huge_pages or dirty has a value that is not defined");
    }
    if (!text_is_whole(config->disk, sizeof(config->disk)) ||
        !text_is_whole(config->tap, sizeof(config->tap))) {
        return refuse(reason, "disk or tap is no text of one line");
    }
    return check_sets(config, reason);
}

/* ---- one key ------------------------------------------------------------------------------- */

static uint64_t field_number(const struct guestconfig *config, const struct key *key)
{
    const uint8_t *field = (const uint8_t *)config + key->offset;
    if (key->size == sizeof(uint64_t)) {
        uint64_t wide;
        memcpy(&wide, field, sizeof(wide));
        return wide;
    }
    if (key->size == sizeof(uint32_t)) {
        uint32_t narrow;
        memcpy(&narrow, field, sizeof(narrow));
        return narrow;
    }
    return *field;
}

static bool set_number(struct guestconfig *config, const struct key *key, uint64_t value)
{
    uint8_t *field = (uint8_t *)config + key->offset;
    if (key->size == sizeof(uint64_t)) {
        memcpy(field, &value, sizeof(value));
        return true;
    }
    if (value > UINT32_MAX) {
        return false;
    }
    const uint32_t narrow = (uint32_t)value;
    memcpy(field, &narrow, sizeof(narrow));
    return true;
}

static bool set_word(
    struct guestconfig *config,
    const struct key *key,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX])
{
    for (const struct word *word = key->words; word->text != NULL; word++) {
        if (strcmp(word->text, value) == 0) {
            return set_number(config, key, word->value);
        }
    }
    char list[GUESTCONFIG_REASON_MAX / 2] = "";
    for (const struct word *word = key->words; word->text != NULL; word++) {
        const size_t used = strlen(list);
        (void)snprintf(list + used, sizeof(list) - used, "%s%s", used == 0 ? "" : ", ", word->text);
    }
    return refuse(reason, "%s is \"%.40s\": one of %s", key->name, value, list);
}

static bool set_flag(
    struct guestconfig *config,
    const struct key *key,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX])
{
    const bool yes = strcmp(value, "yes") == 0;
    if (!yes && strcmp(value, "no") != 0) {
        return refuse(reason, "%s is \"%.40s\": yes or no", key->name, value);
    }
    *((uint8_t *)config + key->offset) = yes;
    return true;
}

static bool set_quantity(
    struct guestconfig *config,
    const struct key *key,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX])
{
    uint64_t number = 0;
    bool good = units_parse_count(value, &number);
    if (!good && key->kind == KIND_SIZE) {
        good = units_parse_size(value, &number);
    }
    if (!good && key->kind == KIND_RATE) {
        good = strcmp(value, "max") == 0 || units_parse_rate(value, &number);
        number = strcmp(value, "max") == 0 ? GUESTCONFIG_RATE_FLAT_OUT : number;
    }
    if (!good || !set_number(config, key, number)) {
        const char *hint = key->kind == KIND_SIZE   ? units_size_hint
                           : key->kind == KIND_RATE ? units_rate_hint
                                                    : "a number";
        return refuse(reason, "%s is \"%.40s\": %s", key->name, value, hint);
    }
    return true;
}

static bool set_text(
    struct guestconfig *config,
    const struct key *key,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX])
{
    const size_t length = strlen(value);
    if (length >= key->size || strpbrk(value, "\n\r") != NULL) {
        return refuse(
            reason, "%s has %zu bytes: at most %zu, one line", key->name, length, key->size - 1);
    }
    char *field = (char *)config + key->offset;
    memset(field, 0, key->size);
    memcpy(field, value, length + 1);
    return true;
}

static const struct key *find_key(const char *name)
{
    for (size_t i = 0; i < KEYS; i++) {
        if (strcmp(keys[i].name, name) == 0) {
            return &keys[i];
        }
    }
    return NULL;
}

bool guestconfig_set(
    struct guestconfig *config,
    const char *name,
    const char *value,
    char reason[GUESTCONFIG_REASON_MAX])
{
    const struct key *key = find_key(name);
    if (key == NULL) {
        return refuse(reason, "there is no key \"%.40s\"", name);
    }
    switch (key->kind) {
    case KIND_WORD: return set_word(config, key, value, reason);
    case KIND_FLAG: return set_flag(config, key, value, reason);
    case KIND_TEXT: return set_text(config, key, value, reason);
    case KIND_COUNT:
    case KIND_SIZE:
    case KIND_RATE: return set_quantity(config, key, value, reason);
    }
    return false;
}

/* ---- the text -------------------------------------------------------------------------------- */

static int print_key(const struct guestconfig *config, const struct key *key, char *to, size_t room)
{
    const uint8_t *field = (const uint8_t *)config + key->offset;
    switch (key->kind) {
    case KIND_WORD:
        return snprintf(
            to,
            room,
            "%s %s\n",
            key->name,
            word_of(key->words, (uint32_t)field_number(config, key)));
    case KIND_FLAG: return snprintf(to, room, "%s %s\n", key->name, *field != 0 ? "yes" : "no");
    case KIND_TEXT:
        return *field == 0 ? 0 : snprintf(to, room, "%s %s\n", key->name, (const char *)field);
    case KIND_RATE:
        if (field_number(config, key) == GUESTCONFIG_RATE_FLAT_OUT) {
            return snprintf(to, room, "%s max\n", key->name);
        }
        break;
    case KIND_COUNT:
    case KIND_SIZE: break;
    }
    return snprintf(
        to, room, "%s %llu\n", key->name, (unsigned long long)field_number(config, key));
}

bool guestconfig_encode(
    const struct guestconfig *config,
    char text[FERRY_GUEST_CONFIG_MAX],
    size_t *size_out,
    char reason[GUESTCONFIG_REASON_MAX])
{
    if (!guestconfig_check(config, reason)) {
        return false;
    }
    size_t used = (size_t)snprintf(text, FERRY_GUEST_CONFIG_MAX, "%s\n", FIRST_LINE);
    for (size_t i = 0; i < KEYS; i++) {
        used += (size_t)print_key(config, &keys[i], text + used, FERRY_GUEST_CONFIG_MAX - used);
    }
    *size_out = used;
    return true;
}

/* Takes the next line off the text, without its end. False: none is left, or it is too long. */
static bool next_line(struct ferry_bytes *text, char line[LINE_MAX_LEN])
{
    if (text->size == 0) {
        return false;
    }
    const uint8_t *end = memchr(text->data, '\n', text->size);
    const size_t length = end != NULL ? (size_t)(end - text->data) : text->size;
    const size_t taken = end != NULL ? length + 1 : length;
    if (length >= LINE_MAX_LEN || memchr(text->data, '\0', length) != NULL) {
        return false;
    }
    memcpy(line, text->data, length);
    line[length] = '\0';
    text->data += taken;
    text->size -= taken;
    return true;
}

static bool read_line(
    struct guestconfig *config, char *line, uint64_t *seen, char reason[GUESTCONFIG_REASON_MAX])
{
    char *blank = strchr(line, ' ');
    if (blank == NULL) {
        return refuse(reason, "\"%.40s\" is no key and value", line);
    }
    *blank = '\0';
    const struct key *key = find_key(line);
    if (key == NULL) {
        return refuse(reason, "there is no key \"%.40s\"", line);
    }
    const uint64_t bit = 1ULL << (key - keys);
    if ((*seen & bit) != 0) {
        return refuse(reason, "key \"%s\" is there twice", line);
    }
    *seen |= bit;
    return guestconfig_set(config, line, blank + 1, reason);
}

bool guestconfig_decode(
    struct ferry_bytes text, struct guestconfig *config_out, char reason[GUESTCONFIG_REASON_MAX])
{
    struct guestconfig config = guestconfig_default();
    char line[LINE_MAX_LEN];
    char inner[GUESTCONFIG_REASON_MAX];
    uint64_t seen = 0;
    if (text.size > FERRY_GUEST_CONFIG_MAX || !next_line(&text, line) ||
        strcmp(line, FIRST_LINE) != 0) {
        return refuse(reason, "line 1: it must be \"%s\"", FIRST_LINE);
    }
    for (unsigned number = 2; text.size > 0; number++) {
        if (!next_line(&text, line)) {
            return refuse(reason, "line %u: too long, or no text", number);
        }
        if (line[0] != '\0' && !read_line(&config, line, &seen, inner)) {
            return refuse(reason, "line %u: %.170s", number, inner);
        }
    }
    if (!guestconfig_check(&config, reason)) {
        return false;
    }
    *config_out = config;
    return true;
}
