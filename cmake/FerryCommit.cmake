# SPDX-License-Identifier: Apache-2.0
# FerryCommit.cmake -- run by each build: OUT becomes a C file with the commit that SOURCE stands at, so that a report says
# what it is about. It is written only when that changes: nothing else is built anew.
execute_process(
    COMMAND git -C ${SOURCE} describe --always --abbrev=12 --dirty --exclude=*
    OUTPUT_VARIABLE commit
    OUTPUT_STRIP_TRAILING_WHITESPACE
    ERROR_QUIET
    RESULT_VARIABLE failed)
if(failed)
    set(commit "")
endif()
set(text "/* Made by cmake/FerryCommit.cmake. */\nextern const char build_commit[];\nconst char build_commit[] = \"${commit}\";\n")
set(old "")
if(EXISTS ${OUT})
    file(READ ${OUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUT} "${text}")
endif()
