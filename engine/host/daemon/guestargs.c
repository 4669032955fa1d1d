/* SPDX-License-Identifier: Apache-2.0 */
/* guestargs.c -- the arguments of vm.run become a guest's configuration; each error names its key. */
#include "engine/host/daemon/guestargs.h"

#include "engine/host/control/control.h"

#include <stdio.h>
#include <string.h>

enum host_code guestargs_set(
    struct guestconfig *config, const char *key, const char *value, struct host_error *error)
{
    char reason[GUESTCONFIG_REASON_MAX];

    if (!guestconfig_set(config, key, value, reason)) {
        return host_fail(error, HOST_USAGE, "%s: %s", key, reason);
    }
    return HOST_OK;
}

/* "hotset size=64MiB rate=200MB/s" */
static enum host_code
set_workload(struct guestconfig *config, const char *text, struct host_error *error)
{
    char copy[512];
    char *rest = NULL;

    if (snprintf(copy, sizeof copy, "%s", text) >= (int)sizeof copy) {
        return host_fail(error, HOST_USAGE, "the workload's text is too long");
    }
    const char *kind = strtok_r(copy, " ", &rest);
    HOST_TRY(guestargs_set(config, "workload", kind == NULL ? "" : kind, error));
    for (char *word = strtok_r(NULL, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(word, '=');
        if (value == NULL) {
            return host_fail(error, HOST_USAGE, "\"%s\" is not KEY=VALUE", word);
        }
        *value = '\0';
        HOST_TRY(guestargs_set(config, word, value + 1, error));
    }
    return HOST_OK;
}

static enum host_code set_text(
    struct guestconfig *config,
    const json_t *args,
    const char *key,
    const char *name,
    struct host_error *error)
{
    const char *value = NULL;

    HOST_TRY(control_arg_text(args, name, CONTROL_OPTIONAL, &value, error));
    return value == NULL ? HOST_OK : guestargs_set(config, key, value, error);
}

static enum host_code set_number(
    struct guestconfig *config, const json_t *args, const char *name, struct host_error *error)
{
    uint64_t value = UINT64_MAX;
    char text[32];

    HOST_TRY(control_arg_number(args, name, CONTROL_OPTIONAL, &value, error));
    if (value == UINT64_MAX) {
        return HOST_OK;
    }
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    return guestargs_set(config, name, text, error);
}

enum host_code
guestargs_read(struct guestconfig *config, const json_t *args, struct host_error *error)
{
    char reason[GUESTCONFIG_REASON_MAX];
    const char *workload = NULL;

    HOST_TRY(set_number(config, args, "memory", error));
    HOST_TRY(set_number(config, args, "vcpus", error));
    HOST_TRY(set_text(config, args, "disk", "disk", error));
    HOST_TRY(set_text(config, args, "tap", "tap", error));
    HOST_TRY(set_text(config, args, "huge_pages", "huge_pages", error));
    HOST_TRY(control_arg_text(args, "workload", CONTROL_OPTIONAL, &workload, error));
    if (workload != NULL) {
        HOST_TRY(set_workload(config, workload, error));
    }
    if (!guestconfig_check(config, reason)) {
        return host_fail(error, HOST_USAGE, "%s", reason);
    }
    return HOST_OK;
}
