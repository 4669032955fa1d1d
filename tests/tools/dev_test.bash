#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# dev_test.bash: ./dev answers what it is asked before it builds: help about each command, and wrong usage. It is a copy in
# an empty folder, where nothing could be built.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"
mkdir -p "$sample/tools"
cp "$top/dev" "$sample/dev"
cp -r "$top/tools/." "$sample/tools/"
cd "$sample"

# says TEXT ARGUMENT...: ./dev ends well, says this, and has built nothing.
says()
{
    local text=$1 out
    shift
    out=$(./dev "$@" 2>&1) && grep -qF -- "$text" <<<"$out" && ! grep -q '^== ' <<<"$out" && [ ! -e build ]
}

# wrong TEXT ARGUMENT...: ./dev ends with 2, and says this.
wrong()
{
    local text=$1 out status=0
    shift
    out=$(./dev "$@" 2>&1) || status=$?
    [ "$status" = 2 ] && grep -qF -- "$text" <<<"$out"
}

for command in run test bench format check marks soak fuzz install-packages help; do
    passes says "  $command" help "$command"
done
for command in run test bench format check marks soak fuzz install-packages; do
    passes says "  $command" "$command" --help
done
passes says '--runs N' bench --help
passes says '--raw-size' bench host --help
passes says '--static' marks -h
passes wrong 'there is no command nothing' help nothing
passes wrong 'takes no arguments' test quickly
passes wrong 'takes no arguments' soak 5m
passes test ! -e build
finish
