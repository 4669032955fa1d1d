# SPDX-License-Identifier: Apache-2.0
# Host profile: see `ferry-lab calibrate`.
version: 1
machine: "Linux 6.18 x86_64, two shared cores"
costs:
  resume: 500 us
