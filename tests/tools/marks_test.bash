#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of marks sees what is wrong with a mark, and, in a program of three branches, which of them nothing reached.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"
static=("$top/tools/check-marks" --static --root "$sample")
measured=("$top/tools/check-marks" --root "$sample" --objects "$sample/objects")
file=engine/core/source/link.c

put "$file" 'void lose(void)' '{' '    /* mark: link-lost -- the connection is gone */' '    source_link_lose(1);' '    x = 1; /* mark: link-x -- behind a statement */' '}'
passes "${static[@]}"

# breach TEXT LINE...: a file of these lines is refused with this text.
breach()
{
    local text=$1
    shift
    put engine/core/source/bad.c "$@"
    refuses "$text" "${static[@]}"
    drop engine/core/source/bad.c
}
breach 'link.c:3: link-lost is a mark at engine/core/source/bad.c:1 already' '/* mark: link-lost -- twice */'
breach 'bad.c:1: not `/* mark: some-name' '/* mark: Link_Lost -- no name of a mark */'
breach 'bad.c:1: not `/* mark: some-name' '/* mark: link-lost: no dashes */'
breach 'bad.c:1: not `/* mark: some-name' '// mark: link-slash -- another kind of comment'
breach 'bad.c:1: a mark stands alone' 'if (lost) { /* mark: link-open -- behind a brace */'
breach 'bad.c:2: recovers from something, and has no mark' '' 'source_ending_decide(source);'
drop "$file"
refuses 'no marks below engine/core' "${static[@]}"

# Measured: `one` is reached by the first run, `two` by the second, `three` by none of them.
put "$file" '#include <stdlib.h>' 'int main(int count, char **words)' '{' '    if (count == 2) {' \
    '        /* mark: count-one -- one word */' '        return 0;' '    }' '    if (count == 3) {' '        /* mark: count-two -- two words */' \
    '        exit(0);' '    }' '    if (count == 4) {' '        return atoi(words[1]); /* mark: count-three -- three words */' '    }' '    return 0;' '}'
mkdir -p "$sample/objects"
(cd "$sample/objects" && gcc --coverage -O0 -c -o link.o "$sample/$file" -ffile-prefix-map="$sample/=" && gcc --coverage -o ../program link.o)
refuses 'never reached: count-three -- three words' "${measured[@]}" --run "first=./program a" --run "second=./program a b"
refuses 'never reached: count-two' "${measured[@]}" --run "first=./program a" --run "third=./program 0 b c"
passes "${measured[@]}" --run "first=./program a" --run "second=./program a b; ./program 0 b c"
finish
