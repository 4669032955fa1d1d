/* SPDX-License-Identifier: Apache-2.0 */
/*
 * weather.h -- what a network does to the bytes themselves; see weather.c.
 */
#ifndef FERRY_SIM_WORLD_WEATHER_H
#define FERRY_SIM_WORLD_WEATHER_H

struct channel;
struct message;

/* A message arrives: perhaps not as it left. */
void weather_damage(struct channel *channel, struct message *message);

#endif
