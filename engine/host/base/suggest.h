/* SPDX-License-Identifier: Apache-2.0 */
/* suggest.h -- which of the known words somebody may have meant. */
#ifndef FERRY_HOST_BASE_SUGGEST_H
#define FERRY_HOST_BASE_SUGGEST_H

/* The word of a NULL-terminated list that is nearest to `text`, if it is near enough to be meant:
 * at most a third of its letters are wrong, missing, too many or swapped with their neighbour. NULL
 * otherwise. */
const char *suggest_nearest(const char *text, const char *const *words);

#endif
