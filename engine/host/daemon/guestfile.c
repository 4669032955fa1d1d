/* SPDX-License-Identifier: Apache-2.0 */
/*
 * guestfile.c -- a guest's name, identity and make-up as one text.
 *
 *   ferry-host-guest 1        the version of this text
 *   name web1
 *   id 4f0c9d2a61b83e57       16 hexadecimal digits
 *   --
 *   ferry-guest 1             the rest is what the guest's process reads (guestconfig.h)
 *   memory 1073741824
 *   ...
 *
 * It comes from disks and from peers, so nothing in it is trusted: the name becomes a folder's name
 * and may therefore hold no separator, the memory is bounded before anything is allocated for it.
 */
#include "engine/host/daemon/guestfile.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char first_line[] = "ferry-host-guest 1\n";
static const char border[] = "\n--\n";

static bool name_character(char character)
{
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9') || character == '-' || character == '_' ||
           character == '.';
}

bool guestfile_name_valid(const char *name)
{
    const size_t size = strnlen(name, FERRY_NAME_MAX + 1);

    if (size == 0 || size > FERRY_NAME_MAX || name[0] == '.' || name[0] == '-') {
        return false;
    }
    for (size_t i = 0; i < size; i++) {
        if (!name_character(name[i])) {
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

enum host_code guestfile_process_config(
    const struct guestfile *file, char *text, size_t *size_out, struct host_error *error)
{
    char reason[GUESTCONFIG_REASON_MAX];

    if (!guestconfig_encode(&file->config, text, size_out, reason)) {
        return host_fail(error, HOST_USAGE, "guest \"%s\": %s", file->name, reason);
    }
    return HOST_OK;
}

enum host_code guestfile_encode(
    const struct guestfile *file, char *text, size_t *size_out, struct host_error *error)
{
    char config[FERRY_GUEST_CONFIG_MAX];
    size_t config_size = 0;

    if (!guestfile_name_valid(file->name) || file->id == 0) {
        return host_fail(error, HOST_USAGE, "a guest needs a name of letters, digits, - _ and .");
    }
    HOST_TRY(guestfile_process_config(file, config, &config_size, error));
    const int size = snprintf(
        text,
        FERRY_GUEST_CONFIG_MAX,
        "%sname %s\nid %016" PRIx64 "%s%.*s",
        first_line,
        file->name,
        file->id,
        border,
        (int)config_size,
        config);
    if (size < 0 || (size_t)size >= FERRY_GUEST_CONFIG_MAX) {
        return host_fail(
            error, HOST_LIMIT, "the configuration of guest \"%s\" is too long", file->name);
    }
    *size_out = (size_t)size;
    return HOST_OK;
}

/* ---- reading ---- */

static enum host_code bad(struct host_error *error, const char *what)
{
    return host_fail(error, HOST_DAMAGED, "the guest's configuration %s", what);
}

/* The head: a string, with a zero behind it. */
static enum host_code read_head(const char *head, struct guestfile *file, struct host_error *error)
{
    char name[FERRY_NAME_MAX + 1] = "";
    char digits[17] = "";
    int used = 0;

    /* 63 is FERRY_NAME_MAX */
    if (sscanf(head, "name %63[^\n]\nid %16[0-9a-f]%n", name, digits, &used) != 2 ||
        head[used] != '\0' || strlen(digits) != 16) {
        return bad(error, "does not begin with a name and an id");
    }
    if (!guestfile_name_valid(name)) {
        return bad(error, "has a name that cannot be one");
    }
    file->id = strtoull(digits, NULL, 16);
    if (file->id == 0) {
        return bad(error, "has the id 0");
    }
    (void)snprintf(file->name, sizeof file->name, "%s", name);
    return HOST_OK;
}

enum host_code
guestfile_decode(struct ferry_bytes text, struct guestfile *file_out, struct host_error *error)
{
    char copy[FERRY_GUEST_CONFIG_MAX + 1];
    char reason[GUESTCONFIG_REASON_MAX];
    struct guestfile file = {.id = 0};
    const size_t first = sizeof first_line - 1;

    if (text.size > FERRY_GUEST_CONFIG_MAX || text.size <= first ||
        memchr(text.data, '\0', text.size) != NULL) {
        return bad(error, "has a length or a character that it cannot have");
    }
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (strncmp(copy, first_line, first) != 0) {
        return bad(error, "is of another version than 1");
    }
    char *end = strstr(copy, border);
    if (end == NULL) {
        return bad(error, "has no part for the guest's process");
    }
    *end = '\0';
    HOST_TRY(read_head(copy + first, &file, error));
    const char *config = end + sizeof border - 1;
    const struct ferry_bytes bytes = {.data = (const uint8_t *)config, .size = strlen(config)};
    if (!guestconfig_decode(bytes, &file.config, reason)) {
        return host_fail(error, HOST_DAMAGED, "guest \"%s\": %s", file.name, reason);
    }
    *file_out = file;
    return HOST_OK;
}
