/* SPDX-License-Identifier: Apache-2.0 */
/*
 * environment.h -- what a result depends on besides scenario and seed.
 *
 * Equal hashes are promised for one ferry version, one architecture and one SimGrid build; not the
 * compiler, its options, or the machine. So exactly these three are in every document.
 */
#ifndef FERRY_SIM_REPORT_ENVIRONMENT_H
#define FERRY_SIM_REPORT_ENVIRONMENT_H

struct environment {
    const char *ferry;        /* "0.1.0" */
    const char *architecture; /* "x86_64" */
    const char *simgrid;      /* "3.32.0", of the library that is loaded */
};

#endif
