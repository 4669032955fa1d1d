/* SPDX-License-Identifier: Apache-2.0 */
/* ask.c -- one question to the daemon, one answer for the user. */
#include "engine/host/cli/ask.h"

#include "engine/host/base/fd.h"

#include <stdio.h>
#include <string.h>

#define CONNECT_LIMIT (5 * FERRY_SECOND)

static json_t *text_or_null(const char *text)
{
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

void ask_print(json_t *result)
{
    (void)json_dumpf(result, stdout, JSON_COMPACT);
    (void)fputc('\n', stdout);
    json_decref(result);
}

int ask_tell(
    const struct cli_common *common, const struct host_error *error, const char *guest_state)
{
    if (common->json) {
        json_t *all = json_pack(
            "{s:{s:s, s:o, s:o, s:o}}",
            "error",
            "code",
            host_code_word(error->code),
            "text",
            text_or_null(error->text),
            "guest_state",
            text_or_null(guest_state),
            "next_step",
            text_or_null(error->next_step));

        ask_print(all);
    } else {
        cli_complain("%s", error->text);
        if (guest_state != NULL && guest_state[0] != '\0') {
            (void)fprintf(stderr, "  the guest: %s\n", guest_state);
        }
        if (error->next_step[0] != '\0') {
            (void)fprintf(stderr, "  what to do: %s\n", error->next_step);
        }
    }
    return cli_exit_of(error->code);
}

bool ask_connect(
    const struct cli_common *common, struct control_client **client_out, int *status_out)
{
    struct host_error error;

    if (control_client_connect(common->socket, CONNECT_LIMIT, client_out, &error) != HOST_OK) {
        *status_out = ask_tell(common, &error, NULL);
        return false;
    }
    return true;
}

int ask_on(
    const struct cli_common *common,
    struct control_client *client,
    const char *call,
    json_t *args,
    ferry_time_ns limit,
    json_t **result_out)
{
    struct control_message message;
    struct host_error error;
    const enum host_code code =
        control_client_call(client, call, args, host_now() + limit, &message, &error);

    if (code != HOST_OK) {
        const int status = ask_tell(common, &error, NULL);

        return code == HOST_CLOSED ? CLI_UNREACHABLE : status;
    }
    if (message.error.code != HOST_OK) {
        return ask_tell(common, &message.error, message.guest_state);
    }
    *result_out = message.result;
    return CLI_OK;
}

int ask(
    const struct cli_common *common,
    const char *call,
    json_t *args,
    ferry_time_ns limit,
    json_t **result_out)
{
    struct control_client *client = NULL;
    int status = CLI_OK;

    if (!ask_connect(common, &client, &status)) {
        json_decref(args);
        return status;
    }
    status = ask_on(common, client, call, args, limit, result_out);
    control_client_destroy(client);
    return status;
}

const char *json_text(const json_t *object, const char *key, const char *fallback)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text == NULL ? fallback : text;
}

int64_t json_number(const json_t *object, const char *key, int64_t fallback)
{
    const json_t *value = json_object_get(object, key);

    return json_is_integer(value) ? (int64_t)json_integer_value(value) : fallback;
}

bool json_flag(const json_t *object, const char *key)
{
    return json_is_true(json_object_get(object, key));
}

const char *json_session(const json_t *object, char buffer[9])
{
    (void)snprintf(buffer, 9, "%.8s", json_text(object, "session", "-"));
    return buffer;
}
