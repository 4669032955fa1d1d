/* SPDX-License-Identifier: Apache-2.0 */
/* file.h -- a scenario or a profile from its file, bounded. */
#ifndef FERRY_SIM_SCENARIO_FILE_H
#define FERRY_SIM_SCENARIO_FILE_H

#include <stddef.h>

/* Reads a whole file, at most one byte more than a scenario may have; the caller frees it. NULL:
 * *problem_out says why, or is NULL when there is no memory. */
char *file_read(const char *path, size_t *size_out, const char **problem_out);

#endif
