#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of licences fires on a file without its line, and lets data be.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"
check=("$top/tools/check-licence" "$sample")
line='SPDX-License-Identifier: Apache-2.0'

put a.c "/* $line */"
put docs/a.md "<!-- $line -->"
put run '#!/bin/sh' "# $line"
put CMakePresets.json '{}'
put fuzz/corpus/decoder/hello 'bytes'
passes "${check[@]}"

put b.c 'int x;'
refuses 'b.c: no SPDX' "${check[@]}"
put b.c '/* SPDX-License-Identifier: MIT */'
refuses 'b.c: no SPDX' "${check[@]}"
put b.c '' '' '' "/* $line */"
refuses 'b.c: no SPDX' "${check[@]}"
drop b.c
put scenarios/a.yaml '# Question: none'
refuses 'scenarios/a.yaml: no SPDX' "${check[@]}"
finish
