#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of documented commands fires on a verb or option that does not exist, in code only.
# shellcheck disable=SC2016 # the backquotes are those of Markdown
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"

put dev '#!/bin/sh' 'printf "  %s\n" "run [SCENARIO...]  runs" "test  tests"'
put ferry-sim '#!/bin/sh' 'case $1 in run) echo "  --twice  twice";  echo "  --json=FILE  x" ;; *) echo "  run   runs"; echo "  show  shows" ;; esac'
chmod +x "$sample/dev" "$sample/ferry-sim"
check=("$top/tools/check-commands" "$sample/ferry-sim" "$sample")

put README.md 'Type `./dev run scenarios/a.yaml` or `ferry-sim run --twice [--json FILE] a`; `ferry-sim` alone, `ferry-sim --help`.' \
    'In prose ferry-sim explodes and ./dev explodes mean nothing.' '```' './dev test   # ferry-sim sings' 'build/default/ferry-sim show a' '```'
passes "${check[@]}"
put docs/a.md 'A' 'Type `./dev explode`.'
refuses 'docs/a.md:2: there is no ./dev explode' "${check[@]}"
put docs/a.md '```sh' '$ ferry-sim sing a.yaml' '```'
refuses 'docs/a.md:2: there is no ferry-sim sing' "${check[@]}"
put docs/a.md '`ferry-sim run --thrice a`'
refuses 'docs/a.md:1: ferry-sim run has no option --thrice' "${check[@]}"
put docs/a.md '`ferry-sim run [--twic]`'
refuses 'ferry-sim run has no option --twic' "${check[@]}"
finish
