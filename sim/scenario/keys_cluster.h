/* SPDX-License-Identifier: Apache-2.0 */
/* keys_cluster.h -- the tables of hosts, networks and guests. */
#ifndef FERRY_SIM_SCENARIO_KEYS_CLUSTER_H
#define FERRY_SIM_SCENARIO_KEYS_CLUSTER_H

#include "sim/scenario/keys.h"

extern const struct table host_table;
extern const struct table costs_table;
extern const struct table profile_table; /* the root of a host profile, a file of its own */
extern const struct table network_table;
extern const struct table guest_table;

#endif
