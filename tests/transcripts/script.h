/* SPDX-License-Identifier: Apache-2.0 */
/* script.h -- the orders of a transcript, carried out on a pair (support/pair.h).
 *
 *   create [ram=64] [zero=0] [dirty=0] [span=64] [streams=1] [networks=1] [speed=100000000]
 *          [limit_ms=300] [give_up_s=3600] [free=BYTES] [refuse] [stop-and-copy] [keep-trying]
 *          [switch-anyway]                     pages, pages a millisecond, bytes a second
 *   run until source|target STATE              run until outcome        run to the end
 *   advance N s|ms|us
 *   cut [N]   heal [N]   reset                 network N, or all; connections break and both know
 *   speed N                                    bytes a second from now on
 *   crash source|target daemon|host            restart source|target    reinstall target
 *   break journal source|target                lose MESSAGE N           damage
 *   cancel   switch now   limit N ms           claim source|target      burn
 *   expect outcome KIND                        expect guest at source|target|nowhere
 *   expect source|target STATE                 expect same pages        expect refused */
#ifndef TESTS_TRANSCRIPTS_SCRIPT_H
#define TESTS_TRANSCRIPTS_SCRIPT_H

#include <stdbool.h>
#include <stdio.h>

struct script;
struct script *script_create(FILE *out);
void script_destroy(struct script *script);
/* NULL: done. Else what is wrong with it. */
const char *script_order(struct script *script, const char *line);
/* Something was written since the last call. */
bool script_spoke(struct script *script);

#endif
