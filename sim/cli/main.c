/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- ferry-sim with the real simulated world. All else is in cli_main(), which tests share.
 */
#include "sim/cli/cli.h"
#include "sim/net/net.h"

#include <stdio.h>
#include <sys/utsname.h>

/* clang-format off */
#include <xbt/base.h> /* the next header needs it, and does not include it */
#include <simgrid/version.h>
/* clang-format on */

/* Made anew by each build (cmake/FerryCommit.cmake). "": there was no git to ask. */
extern const char build_commit[];

int main(int argc, char **argv)
{
    struct utsname machine;
    char simgrid[48];
    int major = 0;
    int minor = 0;
    int patch = 0;

    sg_version_get(&major, &minor, &patch);
    (void)snprintf(simgrid, sizeof simgrid, "%d.%d.%d", major, minor, patch);
    const struct cli_world world = {
        .run = sim_run,
        .prepare = net_simgrid_prepare,
        .environment =
            {
                          .ferry = FERRY_VERSION,
                          .architecture = uname(&machine) == 0 ? machine.machine : "unknown",
                          .simgrid = simgrid,
                          .commit = build_commit[0] == '\0' ? NULL : build_commit,
                          },
    };

    return cli_main(argc, argv, &world);
}
