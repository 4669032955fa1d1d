/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resolve.h -- from records (each value checked for itself) to a scenario (everything fits).
 *
 * In the order of the functions below: fleets are expanded, names become indices, sums and places
 * are checked.  Nothing stops at an error; what cannot be resolved is SCENARIO_NONE, and the
 * scenario is thrown away at the end if there was any.
 */
#ifndef FERRY_SIM_SCENARIO_RESOLVE_H
#define FERRY_SIM_SCENARIO_RESOLVE_H

#include "sim/scenario/bind.h"
#include "sim/scenario/names.h"
#include "sim/scenario/quantity.h"
#include "sim/scenario/yaml.h"

#define SCENARIO_HOSTS_MAX    ((size_t)4096)
#define SCENARIO_NETWORKS_MAX ((size_t)64)
#define SCENARIO_GUESTS_MAX   ((size_t)100 * 1000)
#define SCENARIO_STEPS_MAX    ((size_t)100 * 1000)
#define SCENARIO_EXPECTS_MAX  ((size_t)200 * 1000)
#define SCENARIO_TRACES_MAX   ((size_t)64)

/* Members of all lists of hosts together: a file which names large fleets again and again. */
#define SCENARIO_LISTED_MAX ((size_t)4 * 1000 * 1000)

struct resolve {
    struct parse *parse;
    struct scenario *scenario;
    const struct record *root;
    struct names hosts;
    struct names networks;
    struct names guests;
    struct names ids;       /* of steps: a fleet is the run of steps which one entry became */
    size_t expect_capacity; /* of scenario->expects */
    struct yaml_reader profile_reader; /* open while a host profile is read */
    char *profile_text;
    const char **trace_paths;    /* parallel to scenario->traces */
    bool *seen;                  /* scratch of resolve_host_list(), all false between calls */
    size_t listed;               /* so far, see SCENARIO_LISTED_MAX */
    bool *member;                /* [network * hosts + host] */
    const struct record **steps; /* parallel to scenario->steps */
    size_t *moves_of_guest;      /* how many move steps ... */
    size_t *move_of_guest;       /* ... and the first of them */
    size_t *drains_of_host;
    size_t *drain_of_host;
};

void resolve_hosts(struct resolve *resolve);
void resolve_networks(struct resolve *resolve);
void resolve_guests(struct resolve *resolve);
void resolve_steps(struct resolve *resolve);
void resolve_faults(struct resolve *resolve);
void resolve_expects(struct resolve *resolve);

/* The workload of a guest with this memory; NULL: told. */
struct model_workload_spec *resolve_workload(
    struct resolve *resolve, const struct record *record, uint64_t pages, uint64_t page);

/* The trace, shared by all who name the same file; NULL: told. */
const struct model_trace *resolve_trace(struct resolve *resolve, const struct value *value);

/* The one host or network that a value names; SCENARIO_NONE: told, or not given. */
size_t resolve_host(struct resolve *resolve, const struct value *value);
size_t resolve_network(struct resolve *resolve, const struct value *value);

/* All hosts of a list of names and fleets, each once, in order of mention. */
size_t *resolve_host_list(struct resolve *resolve, const struct value *value, size_t *count_out);

/* Does a network join two hosts?  Network SCENARIO_NONE: does any? */
bool resolve_joined(const struct resolve *resolve, size_t network, size_t first, size_t second);

/* All migrations that a name stands for; 0: told, or the value is bad. */
size_t resolve_moves(
    struct resolve *resolve, const struct value *value, struct scenario_move_ref **refs_out);

/* The one migration that a name stands for; .guest is SCENARIO_NONE if there is none: told. */
struct scenario_move_ref resolve_move(struct resolve *resolve, const struct value *value);

/* All drain steps that a name stands for; 0: told. */
size_t resolve_drains(struct resolve *resolve, const struct value *value, size_t **steps_out);

/* `at`, or `when` and `after`. */
struct scenario_trigger resolve_trigger(struct resolve *resolve, const struct record *record);

/* resolve_profile.c: the `costs` of a host profile; NULL: told. */
const struct record *resolve_profile(struct resolve *resolve, const struct value *value);
const char *
resolve_beside(struct resolve *resolve, const char *path); /* relative to the scenario's folder */
void resolve_close(struct resolve *resolve); /* what is open while a profile is read */

/* How many good records a list has. */
size_t resolve_count(const struct value *list);

#endif
