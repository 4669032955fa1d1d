#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The checker of includes accepts what the architecture allows, and fires on each kind of breach.
set -euo pipefail
# shellcheck source=tests/tools/sample.bash
. "$(dirname -- "$0")/sample.bash"
check=("$top/tools/check-layers" "$sample")

put engine/include/ferry/types.h '#include <stdint.h>'
put engine/core/base/queue.h '#include "ferry/types.h"'
put engine/core/wire/frame.h '#include "base/queue.h"'
put engine/core/memory/windows.h '#include "base/queue.h"'
put engine/core/handover/handover.h '#include "base/queue.h"'
put engine/core/stream/encoder.c '#include "wire/frame.h"' '#include "memory/windows.h"' '#include <string.h>'
put engine/core/source/internal.h '#include "stream/encoder.c"' '#include "handover/handover.h"'
put engine/core/target/internal.h '#include "wire/frame.h"'
put model/memory.h '#include "ferry/types.h"' '#include <stdio.h>'
put sim/net/net.h '#include <stdint.h>'
put sim/world/world.h '#include "sim/net/net.h"' '#include "model/memory.h"'
put engine/host/loop.c '#include <sys/epoll.h>' '#include "ferry/types.h"'
put tests/engine/wire/frame_test.c '#include "wire/frame.h"' '#include <cmocka.h>'
passes "${check[@]}"

# breach FILE INCLUDE TEXT: this include in this file is refused with this text.
breach()
{
    put "$1" "#include $2"
    refuses "$3" "${check[@]}"
    drop "$1"
}

breach engine/include/ferry/bad.h '"base/queue.h"' 'engine/include/ferry/bad.h:1: engine/include may not include engine/core/base/queue.h'
breach engine/core/base/bad.c '"wire/frame.h"' 'engine/core/base may not include engine/core/wire/frame.h'
breach engine/core/base/bad.c '<stdio.h>' 'engine/core/base may not include <stdio.h>'
breach engine/core/wire/bad.c '"memory/windows.h"' 'engine/core/wire may not include engine/core/memory/windows.h'
breach engine/core/handover/bad.c '"wire/frame.h"' 'engine/core/handover may not include engine/core/wire/frame.h'
breach engine/core/stream/bad.c '"handover/handover.h"' 'engine/core/stream may not include engine/core/handover/handover.h'
breach engine/core/source/bad.c '"target/internal.h"' 'engine/core/source may not include engine/core/target/internal.h'
breach engine/core/target/bad.c '"source/internal.h"' 'engine/core/target may not include engine/core/source/internal.h'
breach engine/core/coordinator/bad.c '"source/internal.h"' 'engine/core/coordinator may not include engine/core/source/internal.h'
breach model/bad.c '"base/queue.h"' 'model may not include engine/core/base/queue.h'
breach model/bad.c '"engine/core/base/queue.h"' 'model may not include engine/core/base/queue.h'
breach model/bad.c '"sim/net/net.h"' 'model may not include sim/net/net.h'
breach sim/world/bad.c '"source/internal.h"' 'sim/world may not include engine/core/source/internal.h'
breach sim/check/bad.c '"sim/world/world.h"' 'sim/check may not include sim/world/world.h'
breach sim/net/bad.c '"sim/world/world.h"' 'sim/net may not include sim/world/world.h'
breach engine/host/bad.c '"sim/net/net.h"' 'engine/host may not include sim/net/net.h'
breach engine/host/bad.c '"wire/frame.h"' 'engine/host may not include engine/core/wire/frame.h'
breach tests/engine/wire/bad_test.c '"source/internal.h"' 'tests/engine/wire may not include engine/core/source/internal.h'
# Ways around the table.
breach engine/core/base/bad.c '"../wire/frame.h"' 'no such header in the tree: ../wire/frame.h'
breach engine/core/base/bad.c '<ferry/types.h>' 'engine/core/base may not include <ferry/types.h>'
breach engine/core/base/bad.c '"missing.h"' 'no such header in the tree: missing.h'
breach engine/core/newroom/bad.c '<stdint.h>' 'in no room'

put engine/core/base/commented.c '/*' '#include "wire/frame.h"' '*/' '// #include "wire/frame.h"' '# include "ferry/types.h"'
passes "${check[@]}"
finish
