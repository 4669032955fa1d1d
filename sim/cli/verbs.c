/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.c -- the one list of what ferry-sim does: help, man page and completion are made from it.
 */
#include "sim/cli/cli.h"

const struct cli_verb cli_verbs[] = {
    {"run",        "run scenarios and judge them",               &cli_run_argp,        cli_run    },
    {"chaos",      "run small clusters under random faults",     &cli_chaos_argp,      cli_chaos  },
    {"sweep",      "run each fault at each step of a migration", &cli_sweep_argp,      cli_sweep  },
    {"shrink",     "reduce a failing run to a small scenario",   &cli_shrink_argp,     cli_shrink },
    {"critical",
     "find the moment at which a failure becomes likely",        &cli_critical_argp,
     cli_critical                                                                                 },
    {"show",       "explain scenarios in words",                 &cli_show_argp,       cli_show   },
    {"explore",    "explore every interleaving of the handover", &cli_explore_argp,    cli_explore},
    {"schema",     "print the JSON Schema of scenario files",    &cli_schema_argp,     cli_schema },
    {"completion",
     "print what bash needs to complete the command",            &cli_completion_argp,
     cli_completion                                                                               },
    {"man",        "print the manual page",                      &cli_man_argp,        cli_man    },
    {NULL,         NULL,                                         NULL,                 NULL       },
};

const char cli_exit_status[] =
    "The exit status is 0 if every run passed, 1 if some run failed or ended in an error, 2 for "
    "wrong "
    "usage, an invalid scenario, or a file that cannot be read or written.";
