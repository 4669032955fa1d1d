/* SPDX-License-Identifier: Apache-2.0 */
/*
 * divergence.h -- where two runs of one seed went apart.
 *
 * Takes the two logs (event_text.h), finds the first line which differs, and prints the events
 * before it, which both runs had, and what each run did then.
 */
#ifndef FERRY_SIM_REPORT_DIVERGENCE_H
#define FERRY_SIM_REPORT_DIVERGENCE_H

#include <stdbool.h>
#include <stdio.h>

#define DIVERGENCE_BEFORE 20U

/* Reads both from their beginnings; false (and nothing printed): the logs are equal. */
bool divergence_write(FILE *out, FILE *first, FILE *second);

#endif
