/* SPDX-License-Identifier: Apache-2.0 */
/* schema.c -- `ferry-sim schema`: what editors need to help with scenario files. */
#include "sim/cli/cli.h"

const struct argp cli_schema_argp = {
    .doc = "Print the JSON Schema of scenario files.\v"
           "Editors with a YAML language server complete and check scenario files with it.",
};

int cli_schema(const struct cli_call *call)
{
    (void)argp_parse(&cli_schema_argp, call->argc, call->argv, 0, NULL, NULL);
    if (!scenario_schema(stdout) && ferror(stdout) == 0) { /* of stdout cli_main() speaks */
        cli_complain("the schema cannot be written: out of memory");
        return CLI_USAGE;
    }
    return CLI_PASS;
}
