/* SPDX-License-Identifier: Apache-2.0 */
/* show_expects.c -- what must hold at the end, in words. */
#include "sim/scenario/keys.h"
#include "sim/scenario/shown.h"

static void show_bound(FILE *out, const char *what, const struct scenario_bound *bound)
{
    if (bound->set) {
        (void)fprintf(out, "; %s %s", what, bound->text);
    }
}

static void show_outcomes(FILE *out, unsigned outcomes)
{
    const char *glue = ": ";
    for (enum ferry_outcome_kind kind = FERRY_OUTCOME_COMPLETED; kind <= FERRY_OUTCOME_UNKNOWN;
         kind++) {
        if ((outcomes & SCENARIO_OUTCOME_BIT(kind)) != 0) {
            (void)fprintf(out, "%s%s", glue, key_word_name(outcome_words, (unsigned)kind));
            glue = " or ";
        }
    }
}

static void
show_move(FILE *out, const struct scenario *scenario, const struct scenario_expect *expect)
{
    const char *id = scenario->steps[expect->move.step].id;
    (void)fprintf(out, "the move of %s", scenario->guests[expect->move.guest].name);
    if (id != NULL) {
        (void)fprintf(out, " (%s)", id);
    }
    show_outcomes(out, expect->outcomes);
    if (expect->reason != NULL) {
        (void)fprintf(out, "; the reason says \"%s\"", expect->reason);
    }
    if (expect->rule != FERRY_RULE_NONE) {
        (void)fprintf(out, "; by the rule %s", key_word_name(rule_words, (unsigned)expect->rule));
    }
    show_bound(out, "blackout", &expect->blackout);
    show_bound(out, "predicted blackout", &expect->predicted_blackout);
    show_bound(out, "total time", &expect->total);
    show_bound(out, "time in the queue", &expect->queued);
    show_bound(out, "rounds", &expect->rounds);
    show_bound(out, "aborted attempts", &expect->aborted_attempts);
    show_bound(out, "reconnects", &expect->reconnects);
    show_bound(out, "bytes on the wire", &expect->wire_bytes);
    show_bound(out, "sent again", &expect->resent);
}

static void
show_guest(FILE *out, const struct scenario *scenario, const struct scenario_expect *expect)
{
    const char *guest = scenario->guests[expect->guest].name;
    switch (expect->place) {
    case SCENARIO_PLACE_RUNNING:
        (void)fprintf(out, "guest %s runs on %s", guest, scenario->hosts[expect->hosts[0]].name);
        if (expect->host_count > 1) {
            (void)fprintf(out, " or one of %zu others", expect->host_count - 1);
        }
        break;
    case SCENARIO_PLACE_PAUSED:
        (void)fprintf(
            out,
            "guest %s stands still on %s and runs nowhere",
            guest,
            scenario->hosts[expect->hosts[0]].name);
        break;
    case SCENARIO_PLACE_LOST: (void)fprintf(out, "guest %s is lost with its host", guest); break;
    }
}

static void
show_expect(FILE *out, const struct scenario *scenario, const struct scenario_expect *expect)
{
    switch (expect->kind) {
    case SCENARIO_EXPECT_MOVE: show_move(out, scenario, expect); break;
    case SCENARIO_EXPECT_DRAIN:
        (void)fprintf(
            out, "the drain of %s", scenario->hosts[scenario->steps[expect->move.step].host].name);
        show_bound(out, "guests moved", &expect->moved);
        show_bound(out, "guests not moved", &expect->not_moved);
        show_bound(out, "total time", &expect->total);
        break;
    case SCENARIO_EXPECT_GUEST: show_guest(out, scenario, expect); break;
    case SCENARIO_EXPECT_CLIENTS:
        (void)fprintf(out, "the clients of %s", scenario->guests[expect->guest].name);
        show_bound(out, "requests", &expect->sent);
        show_bound(out, "failed", &expect->failed);
        show_bound(out, "longest gap", &expect->longest_gap);
        show_bound(out, "p99", &expect->p99);
        break;
    case SCENARIO_EXPECT_SESSION:
        (void)fprintf(
            out,
            "the journal of %s says of the move of %s: %s",
            scenario->hosts[expect->hosts[0]].name,
            scenario->guests[expect->move.guest].name,
            scenario_session_state_name(expect->session));
        break;
    }
}

void show_expects(FILE *out, const struct scenario *scenario)
{
    (void)fprintf(out, "\nExpected at the end\n");
    for (size_t index = 0; index < scenario->expect_count;) {
        const struct scenario_expect *expect = &scenario->expects[index];
        size_t next = index + 1; /* past all that the same entry became */
        while (next < scenario->expect_count &&
               scenario->expects[next].mark.line == expect->mark.line &&
               scenario->expects[next].mark.column == expect->mark.column) {
            next++;
        }
        (void)fprintf(out, "  ");
        show_expect(out, scenario, expect);
        if (next - index > 1) {
            (void)fprintf(out, " (and the same for %zu more)", next - index - 1);
        }
        (void)fprintf(out, "\n");
        index = next;
    }
    (void)fprintf(out, "  the invariants hold\n");
}
