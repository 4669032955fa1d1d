/* SPDX-License-Identifier: Apache-2.0 */
/* outcome.c -- see outcome.h. */
#include "engine/host/cli/outcome.h"

#include "engine/host/base/units.h"
#include "engine/host/cli/columns.h"

#include <inttypes.h>
#include <string.h>

/* "73.4 ms" of a number of seconds; "?" where there is none. */
static const char *seconds_text(const json_t *object, const char *key, char buffer[UNITS_TEXT_MAX])
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_number(value)) {
        return "?";
    }
    return units_format_time(buffer, (ferry_time_ns)(json_number_value(value) * 1e9 + 0.5));
}

static void tell_completed(const json_t *outcome)
{
    char total[UNITS_TEXT_MAX];
    char blackout[UNITS_TEXT_MAX];
    char predicted[UNITS_TEXT_MAX];
    char bytes[UNITS_TEXT_MAX];
    const size_t rounds = json_array_size(json_object_get(outcome, "rounds"));
    const size_t aborted = json_array_size(json_object_get(outcome, "aborted_attempts"));

    put_plain(json_text(outcome, "guest", "?"), stdout);
    (void)fputs(" moved from ", stdout);
    put_plain(json_text(outcome, "from", "?"), stdout);
    (void)fputs(" to ", stdout);
    put_plain(json_text(outcome, "to", "?"), stdout);
    (void)fprintf(
        stdout,
        " in %s; it stood still for %s (predicted %s)\n",
        seconds_text(outcome, "total_s", total),
        seconds_text(outcome, "blackout_s", blackout),
        seconds_text(outcome, "predicted_blackout_s", predicted));
    (void)fprintf(
        stdout,
        "  %zu round%s, %s sent",
        rounds,
        rounds == 1 ? "" : "s",
        units_format_size(bytes, (uint64_t)json_number(outcome, "wire_bytes", 0)));
    if (aborted > 0) {
        (void)fprintf(stdout, ", %zu switchover%s broken off", aborted, aborted == 1 ? "" : "s");
    }
    (void)fputc('\n', stdout);
}

static void tell_other(const json_t *result, const json_t *outcome)
{
    const char *state = json_text(result, "guest_state", NULL);
    const char *step = json_text(result, "next_step", NULL);

    (void)fputs("ferry: ", stderr);
    put_plain(json_text(outcome, "guest", "the guest"), stderr);
    (void)fputs(" was not moved: ", stderr);
    put_plain(json_text(outcome, "outcome", "failed"), stderr);
    (void)fputs(": ", stderr);
    put_plain(json_text(outcome, "reason", "no reason was given"), stderr);
    (void)fputc('\n', stderr);
    if (state != NULL) {
        (void)fputs("  the guest: ", stderr);
        put_plain(state, stderr);
        (void)fputc('\n', stderr);
    }
    if (step != NULL) {
        (void)fputs("  what to do: ", stderr);
        put_plain(step, stderr);
        (void)fputc('\n', stderr);
    }
}

int outcome_tell(const struct cli_common *common, json_t *result)
{
    const json_t *outcome = json_object_get(result, "outcome");
    const char *kind = json_text(outcome, "outcome", "failed");
    int status = CLI_FAILED;

    if (strcmp(kind, "completed") == 0) {
        status = CLI_OK;
    } else if (strcmp(kind, "refused") == 0) {
        status = CLI_REFUSED;
    } else if (strcmp(kind, "cancelled") == 0) {
        status = CLI_CANCELLED;
    } else if (strcmp(kind, "unknown") == 0) {
        status = CLI_UNKNOWN;
    }
    if (common->json) {
        ask_print(result);
        return status;
    }
    if (status == CLI_OK) {
        tell_completed(outcome);
    } else {
        tell_other(result, outcome);
    }
    json_decref(result);
    return status;
}
