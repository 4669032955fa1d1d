# SPDX-License-Identifier: Apache-2.0
# The libraries from outside, all by pkg-config. A short name stands for each in USES; a room whose library is missing
# is off, and configure says so at its end.
find_package(PkgConfig REQUIRED)

# short name, pkg-config module, Debian package
set(FERRY_PACKAGES
    simgrid simgrid  libsimgrid-dev
    fyaml   libfyaml libfyaml-dev
    jansson jansson  libjansson-dev
    zstd    libzstd  libzstd-dev
    xxhash  libxxhash libxxhash-dev
    openssl openssl   libssl-dev
    systemd libsystemd libsystemd-dev
    cmocka  cmocka   libcmocka-dev)

function(ferry_find_packages)
    set(rest ${FERRY_PACKAGES})
    while(rest)
        list(POP_FRONT rest short module debian)
        pkg_check_modules(FERRY_${short} QUIET IMPORTED_TARGET GLOBAL ${module})
        set_property(GLOBAL PROPERTY FERRY_DEBIAN_${short} ${debian})
        if(TARGET PkgConfig::FERRY_${short})
            add_library(ferry_outside_${short} ALIAS PkgConfig::FERRY_${short})
        endif()
    endwhile()
endfunction()
ferry_find_packages()

# The Debian packages that are missing among the given short names.
function(ferry_missing out)
    set(missing)
    foreach(short ${ARGN})
        if(NOT TARGET ferry_outside_${short})
            get_property(debian GLOBAL PROPERTY FERRY_DEBIAN_${short})
            list(APPEND missing ${debian})
        endif()
    endforeach()
    set(${out} ${missing} PARENT_SCOPE)
endfunction()
