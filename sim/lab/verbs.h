/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.h -- what ferry-lab can do, and its exit statuses. */
#ifndef FERRY_SIM_LAB_VERBS_H
#define FERRY_SIM_LAB_VERBS_H

#define LAB_EXIT_OK      0
#define LAB_EXIT_FAIL    1 /* an expectation does not hold, a figure is off */
#define LAB_EXIT_USAGE   2
#define LAB_EXIT_ERROR   3  /* a run did not come to its end */
#define LAB_EXIT_SKIPPED 77 /* this machine, or none of the scenarios, will do */

int lab_verb_run(int argc, char **argv);
int lab_verb_compare(int argc, char **argv);
int lab_verb_calibrate(int argc, char **argv);

#endif
