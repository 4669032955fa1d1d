# SPDX-License-Identifier: Apache-2.0
# The language, the warnings, and the options that keep a run the same on every compiler.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS OFF)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release, RelWithDebInfo" FORCE)
endif()

# POSIX.1-2008 with the few GNU additions that glibc and musl share; the core needs none of it, the worlds do.
add_compile_definitions(_GNU_SOURCE)

# No contraction of a*b+c into one rounding: what is computed in the oracles must not depend on the machine.
add_compile_options(-ffp-contract=off -fno-omit-frame-pointer)
# Internal contracts are checked in release builds too.
add_compile_options(-UNDEBUG)
# Nothing of the builder's own folders in __FILE__: asserts and traces read the same from every build folder.
add_compile_options(-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)

set(FERRY_WARNINGS -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wswitch-enum -Wvla -Wundef
    -Wcast-qual -Wformat=2 -Wimplicit-fallthrough)
set(FERRY_WARNINGS_C -Wstrict-prototypes -Wmissing-prototypes)
# gcc follows values through the sanitizers' own checks and then reports null pointers and cut texts which only these
# invent.
if(FERRY_SANITIZE)
    if(CMAKE_C_COMPILER_ID STREQUAL "GNU")
        list(APPEND FERRY_WARNINGS -Wno-format-truncation)
    endif()
else()
    list(APPEND FERRY_WARNINGS -Wnull-dereference)
endif()
if(FERRY_WERROR)
    list(APPEND FERRY_WARNINGS -Werror)
endif()
add_compile_options(${FERRY_WARNINGS})
foreach(warning ${FERRY_WARNINGS_C})
    add_compile_options($<$<COMPILE_LANGUAGE:C>:${warning}>)
endforeach()

if(FERRY_SANITIZE)
    add_compile_options(-fsanitize=${FERRY_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${FERRY_SANITIZE})
endif()
if(FERRY_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID STREQUAL "Clang")
        message(FATAL_ERROR "FERRY_FUZZ needs clang: libFuzzer is a part of it (preset fuzz)")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()
