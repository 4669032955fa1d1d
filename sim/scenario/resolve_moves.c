/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve_moves.c -- which migration a name means.
 *
 * A migration is named by the id of its step, or by its guest where that leaves no doubt: the guest
 * is moved by one step, or only by the one drain of the host on which it begins.
 */
#include "sim/scenario/resolve.h"

/* Neither an id nor a guest (or host): offers both. */
static void
tell_unknown(struct resolve *resolve, const struct value *value, const struct names *names)
{
    struct suggestion suggestion;
    suggestion_start(&suggestion, value->text);
    names_offer(names, &suggestion);
    names_offer(&resolve->ids, &suggestion);
    parse_error(
        resolve->parse,
        value->mark,
        "'%s' is neither a %s nor the id of a step%s%s%s",
        quote(value->text).text,
        names->kind,
        suggestion.best == NULL ? "" : "; did you mean '",
        suggestion.best == NULL ? "" : suggestion.best,
        suggestion.best == NULL ? "" : "'?");
}

/* The step that moves this guest; SCENARIO_NONE: none, or there is doubt, told. */
static size_t step_of_guest(struct resolve *resolve, size_t guest, const struct value *value)
{
    const struct scenario_guest *about = &resolve->scenario->guests[guest];
    size_t moves = resolve->moves_of_guest[guest];
    size_t drains = about->host == SCENARIO_NONE ? 0 : resolve->drains_of_host[about->host];
    if (moves + drains == 1) {
        return moves == 1 ? resolve->move_of_guest[guest] : resolve->drain_of_host[about->host];
    }
    if (moves + drains == 0) {
        parse_error(resolve->parse, value->mark, "guest '%s' is never moved", about->name);
    } else {
        parse_error(
            resolve->parse,
            value->mark,
            "guest '%s' is moved by %zu steps; give the one that is meant an id, and name that",
            about->name,
            moves + drains);
    }
    return SCENARIO_NONE;
}

/* The moves which one entry with an id became. */
static size_t moves_of_id(
    struct resolve *resolve,
    const struct named *id,
    const struct value *value,
    struct scenario_move_ref *refs)
{
    for (size_t index = 0; index < id->count; index++) {
        const struct scenario_step *step = &resolve->scenario->steps[id->first + index];
        if (step->kind != SCENARIO_STEP_MOVE) {
            parse_error(
                resolve->parse,
                value->mark,
                "step '%s' is no move; name a step which is one, or a guest",
                id->name);
            return 0;
        }
        if (step->move.guest == SCENARIO_NONE) {
            return 0;
        }
        refs[index] =
            (struct scenario_move_ref){.guest = step->move.guest, .step = id->first + index};
    }
    return id->count;
}

size_t resolve_moves(
    struct resolve *resolve, const struct value *value, struct scenario_move_ref **refs_out)
{
    struct scenario_arena *arena = resolve->parse->arena;
    *refs_out = NULL;
    if (value->bad || value->text == NULL) {
        return 0;
    }
    const struct named *id = names_find(&resolve->ids, value->text);
    if (id != NULL) {
        *refs_out = arena_take(arena, id->count, sizeof(**refs_out));
        return moves_of_id(resolve, id, value, *refs_out);
    }
    const struct named *named = names_find(&resolve->guests, value->text);
    if (named == NULL) {
        tell_unknown(resolve, value, &resolve->guests);
        return 0;
    }
    *refs_out = arena_take(arena, named->count, sizeof(**refs_out));
    for (size_t index = 0; index < named->count; index++) {
        size_t guest = named->first + index;
        size_t step = step_of_guest(resolve, guest, value);
        if (step == SCENARIO_NONE) {
            return 0;
        }
        (*refs_out)[index] = (struct scenario_move_ref){.guest = guest, .step = step};
    }
    return named->count;
}

struct scenario_move_ref resolve_move(struct resolve *resolve, const struct value *value)
{
    struct scenario_move_ref none = {.guest = SCENARIO_NONE, .step = SCENARIO_NONE};
    struct scenario_move_ref *refs = NULL;
    size_t count = resolve_moves(resolve, value, &refs);
    if (count > 1) {
        parse_error(
            resolve->parse,
            value->mark,
            "'%s' stands for %zu migrations; name one of them",
            quote(value->text).text,
            count);
    }
    return count == 1 ? refs[0] : none;
}

static size_t drains_of_id(
    struct resolve *resolve, const struct named *id, const struct value *value, size_t *steps)
{
    for (size_t index = 0; index < id->count; index++) {
        if (resolve->scenario->steps[id->first + index].kind != SCENARIO_STEP_DRAIN) {
            parse_error(resolve->parse, value->mark, "step '%s' is no drain", id->name);
            return 0;
        }
        steps[index] = id->first + index;
    }
    return id->count;
}

size_t resolve_drains(struct resolve *resolve, const struct value *value, size_t **steps_out)
{
    struct scenario_arena *arena = resolve->parse->arena;
    *steps_out = NULL;
    if (value->bad || value->text == NULL) {
        return 0;
    }
    const struct named *id = names_find(&resolve->ids, value->text);
    if (id != NULL) {
        *steps_out = arena_take(arena, id->count, sizeof(**steps_out));
        return drains_of_id(resolve, id, value, *steps_out);
    }
    const struct named *named = names_find(&resolve->hosts, value->text);
    if (named == NULL) {
        tell_unknown(resolve, value, &resolve->hosts);
        return 0;
    }
    *steps_out = arena_take(arena, named->count, sizeof(**steps_out));
    for (size_t index = 0; index < named->count; index++) {
        size_t host = named->first + index;
        if (resolve->drains_of_host[host] != 1) {
            parse_error(
                resolve->parse,
                value->mark,
                resolve->drains_of_host[host] == 0
                    ? "host '%s' is never drained"
                    : "host '%s' is drained more than once; give the step that is meant an id",
                resolve->scenario->hosts[host].name);
            return 0;
        }
        (*steps_out)[index] = resolve->drain_of_host[host];
    }
    return named->count;
}
