/* SPDX-License-Identifier: Apache-2.0 */
/* verbs.c -- the one list of what ferry does: help, manual page and completion are made from it. */
#include "engine/host/cli/cli.h"

#include <stddef.h>

/* clang-format off */
const struct cli_verb cli_verbs[] = {
    {"vm run",        "start a guest on this host",                         &cli_vm_run_argp,        cli_vm_run       },
    {"vm list",       "list the guests that this host knows of",            &cli_vm_list_argp,       cli_vm_list      },
    {"vm stop",       "end a guest for good",                               &cli_vm_stop_argp,       cli_vm_stop      },
    {"move",          "move a running guest to another host",               &cli_move_argp,          cli_move         },
    {"status",        "show the moves under way",                           &cli_status_argp,        cli_status       },
    {"cancel",        "cancel a move",                                      &cli_cancel_argp,        cli_cancel       },
    {"set",           "change cap or limit of a move, or switch over now",  &cli_set_argp,           cli_set          },
    {"events",        "show what happened and happens",                     &cli_events_argp,        cli_events       },
    {"session list",  "list the sessions that the journal holds open",      &cli_session_list_argp,  cli_session_list },
    {"session show",  "explain one of them, and what can be done",          &cli_session_show_argp,  cli_session_show },
    {"session claim", "declare that its guest belongs to this host",        &cli_session_claim_argp, cli_session_claim},
    {"session burn",  "make sure that its guest never starts on this host", &cli_session_burn_argp,  cli_session_burn },
    {"record",        "write down which pages a guest writes",              &cli_record_argp,        cli_record       },
    {"host",          "show this host, its peers and its limits",           &cli_host_argp,          cli_host         },
    {"cert ca",       "make a certificate authority",                       &cli_cert_ca_argp,       cli_cert_ca      },
    {"cert host",     "make the certificate of a host",                     &cli_cert_host_argp,     cli_cert_host    },
    {"cert show",     "say whose a certificate is, and until when",         &cli_cert_show_argp,     cli_cert_show    },
    {"completion",    "print what bash needs to complete the command",      &cli_completion_argp,    cli_completion   },
    {"man",           "print a manual page",                                &cli_man_argp,           cli_man          },
    {NULL,            NULL,                                                 NULL,                    NULL             },
};
/* clang-format on */

const char cli_exit_status[] =
    "The exit status is 0 if it was done, 1 if it failed or cannot be done now, 2 for wrong usage "
    "or a thing that is not there, 3 if it was refused before anything moved, 4 if the move was "
    "cancelled, 5 if the outcome is unknown, 6 if no ferryd answers.";
