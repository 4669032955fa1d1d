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
rm "$sample/docs/a.md"

# The programs of real hosts are looked for beside ferry-sim; without them their commands are not judged, and that is said.
put docs/host.md '`ferry fly g1` and `ferryd --sing`'
passes "${check[@]}"
put ferry '#!/bin/sh' 'case "$1 $2" in "vm run") echo "  --memory=SIZE  x" ;; "move --help") echo "  --to=HOST  x" ;; *) echo "  vm run   runs"; echo "  move    moves" ;; esac'
put ferryd '#!/bin/sh' 'echo "  -c, --config=FILE  x"'
put ferry-lab '#!/bin/sh' 'echo "  run   runs"; echo "  --keep  x"'
chmod +x "$sample/ferry" "$sample/ferryd" "$sample/ferry-lab"
put docs/host.md '`ferry vm run g1 --memory 1` `ferry move g1 --to h2` `ferry vm` `ferryd --config a` `sudo ferry-lab run --keep a`, a `socket of ferry flies`'
passes "${check[@]}"
put docs/host.md '`ferry fly g1`'
refuses 'docs/host.md:1: there is no ferry fly' "${check[@]}"
put docs/host.md '`ferry vm fly g1`'
refuses 'docs/host.md:1: there is no ferry vm fly' "${check[@]}"
put docs/host.md '`ferry vm run g1 --image a`'
refuses 'docs/host.md:1: ferry vm run has no option --image' "${check[@]}"
put docs/host.md '`ferryd --sing`'
refuses 'docs/host.md:1: ferryd has no option --sing' "${check[@]}"
put docs/host.md '`ferry-lab explode a`'
refuses 'docs/host.md:1: there is no ferry-lab explode' "${check[@]}"
finish
