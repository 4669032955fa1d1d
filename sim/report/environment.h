/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment.h -- what a result depends on besides scenario and seed.
 *
 * Equal hashes are promised for one ferry version, one architecture and one SimGrid build; not the
 * compiler, its options, or the machine. So exactly these three are in every document.
 */
#ifndef FERRY_SIM_REPORT_ENVIRONMENT_H
#define FERRY_SIM_REPORT_ENVIRONMENT_H

/* Two more are for people: what it was built from, and how it was called. */
struct environment {
    const char *ferry;        /* "0.1.0" */
    const char *architecture; /* "x86_64" */
    const char *simgrid;      /* "3.32.0", of the library that is loaded */
    const char *commit;       /* "1f5db61c2a04", "1f5db61c2a04-dirty"; NULL: not known */
    const char *command;      /* argv[0]; NULL: "ferry-sim" */
};

#endif
