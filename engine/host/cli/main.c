/* SPDX-License-Identifier: Apache-2.0 */
/* main.c -- ferry. All else is a library, which tests share. */
#include "engine/host/cli/cli.h"

int main(int argc, char **argv)
{
    return cli_main(argc, argv);
}
