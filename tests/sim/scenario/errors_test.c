/* SPDX-License-Identifier: Apache-2.0 */
/*
 * errors_test.c -- bad files, and the exact messages that they give.
 *
 * One table: a text, and everything that is told about it.  The messages are promises to people who
 * write scenarios, so a change of words shows here.
 */
#include "fixture.h"

struct bad_file {
    const char *text;
    const char *errors;
};

#define HOSTS "version: 1\nhosts: {h1: {memory: 4 GiB}, h2: {memory: 4 GiB}}\n"

static const struct bad_file syntax[] = {
    {"",                                                   "1:1: the file is empty: begin with 'version: 1'"                },
    {"# only a comment\n",                                 "1:1: the file is empty: begin with 'version: 1'"                },
    {"\n\n\n",                                             "1:1: the file is empty: begin with 'version: 1'"                },
    {"version: 1\n\xff\n",                                 "2:1: byte 0xff is not text: a scenario is a YAML file in UTF-8" },
    {"a: \x07",                                            "1:4: byte 0x07 is not text: a scenario is a YAML file in UTF-8" },
    {"a: \xed\xa0\x80",                                    "1:4: byte 0xed is not text: a scenario is a YAML file in UTF-8" },
    {"version: [1\n",                                      "2:1: not YAML: flow sequence without a closing bracket"         },
    {"version: 1\nexpect:\n  - {move: a, rounds: >= 3}\n",
     "3:23: not YAML: plain scalar cannot start with '>'; a value that begins with '>' needs "
     "quotes: '>= 3', or write: at least 3"                                                                                 },
    {"version: 1\n---\nversion: 1\n",                      "2:1: a second document: a scenario file holds one"              },
    {"- 1\n",                                              "1:1: scenario: a mapping {key: value} is needed, this is a list"},
    {"hello",                                              "1:1: scenario: a mapping {key: value} is needed, this is a text"},
    {HOSTS "name: !x y\n",                                 "3:10: tags (!name) are not read: remove it"                     },
    {HOSTS "name: &x y\n",                                 "3:10: anchors (&name) are not read: write the value out"        },
    {HOSTS "name: *x\n",                                   "3:7: aliases (*name) are not read: write the value out"         },
    {HOSTS "name: \"a\\0b\"\n",                            "3:7: a text must not contain a zero byte"                       },
    {HOSTS "? [a]\n: 1\n",                                 "3:3: a key must be a word"                                      },
};

static const struct bad_file keys[] = {
    {"name: x\n",                                                                               "1:1: a scenario needs 'version'\n1:1: a scenario needs 'hosts'"},
    {"version: 2\nhosts: {h: {memory: 1 GiB}}\n",                                               "1:10: version: '2' is more than 1"                             },
    {HOSTS "sede: 1\n",                                                                         "3:1: unknown key 'sede'; did you mean 'seed'?"                 },
    {HOSTS "zzzzzz: 1\n",
     "3:1: unknown key 'zzzzzz'; known here: version, name, seed, end, hosts, networks, guests, "
     "steps, faults, expect"                                                                                                                                    },
    {HOSTS "seed: 1\nseed: 2\n",                                                                "4:1: 'seed' is given twice, first in line 3"                   },
    {HOSTS "seed: -1\n",                                                                        "3:7: seed: '-1' is negative"                                   },
    {HOSTS "seed:\n",                                                                           "3:1: seed: no value stands here"                               },
    {HOSTS "seed: [1]\n",                                                                       "3:7: seed: one value is needed, this is a list"                },
    {HOSTS "name: ''\n",                                                                        "3:7: name: the text is empty"                                  },
    {HOSTS "guests: [a]\n",                                                                     "3:9: guests: a mapping of names is needed, this is a list"     },
    {HOSTS "steps: {}\n",                                                                       "3:8: steps: a list is needed, this is a mapping"               },
    {HOSTS "steps: [move]\n",                                                                   "3:9: step: a mapping {key: value} is needed, this is a text"   },
    {"version: 1\nhosts: {}\n",                                                                 "2:8: hosts: at least one host is needed"                       },
    {"version: 1\nhosts: {h 1: {memory: 1 GiB}}\n",
     "2:9: hosts: a name has letters, digits, '-', '_' and '.', at most 63 of them"                                                                             },
    {"version: 1\nhosts: {lost: {memory: 1 GiB}}\n",                                            "2:9: a host must not be called 'lost'"                         },
    {"version: 1\nhosts: {h1: {}}\n",                                                           "2:13: host 'h1' needs 'memory'"                                },
    {"version: 1\nhosts: {h1: 4 GiB}\n",
     "2:13: host: a mapping {key: value} is needed, this is a text"                                                                                             },
    {"version: 1\nhosts:\n  h1: {memory: 1 GiB}\n  h1: {memory: 1 GiB}\n",
     "4:3: host 'h1' is declared twice, first in line 3"                                                                                                        },
    {"version: 1\nhosts: {h: {count: 2, memory: 1 GiB}, h2: {memory: 1 GiB}}\n",
     "2:39: host 'h2' is declared twice, first in line 2"                                                                                                       },
    {"version: 1\nhosts: {h: {count: 0, memory: 1 GiB}}\n",                                     "2:20: count: '0' is less than 1"                               },
    {"version: 1\nhosts: {h: {count: 5000, memory: 1 GiB}}\n",
     "2:20: count: '5000' is more than 4096"                                                                                                                    },
    {"version: 1\nhosts: {h: {count: 4000, memory: 1 GiB}, g: {count: 4000, memory: 1 GiB}}\n",
     "2:8: 8000 hosts, the limit is 4096"                                                                                                                       },
    {"version: 1\nhosts: {h1: {memory: 1 KiB}}\n",                                              "2:22: memory: '1 KiB' is less than 4 KiB"                      },
    {"version: 1\nhosts: {h1: {memory: 2000 TiB}}\n",
     "2:22: memory: '2000 TiB' is more than 1024 TiB"                                                                                                           },
    {"version: 1\nhosts: {h1: {memory: 1 GiB, costs: free}}\n",
     "2:36: costs: 'none' or a mapping is needed, this is a text"                                                                                               },
    {"version: 1\nhosts: {h1: {memory: 1 GiB, costs: {puase: 1 ms}}}\n",
     "2:37: unknown key 'puase'; did you mean 'pause'?"                                                                                                         },
    {HOSTS "networks: {n: {hosts: h1}}\n",                                                      "3:15: network 'n' needs 'bandwidth'"                           },
    {HOSTS "networks: {n: {hosts: [], bandwidth: 1 Gbit/s}}\n",
     "3:23: hosts: a name, or a list of names in [ ] is needed, this is an empty list"                                                                          },
    {HOSTS "networks: {n: {hosts: [h1, h3], bandwidth: 1 Gbit/s}}\n",
     "3:28: unknown host 'h3'; did you mean 'h1'?"                                                                                                              },
    {HOSTS "networks: {n: {hosts: [h1, h1], bandwidth: 1 Gbit/s}}\n",
     "3:28: host 'h1' is named twice in this list"                                                                                                              },
    {HOSTS "networks: {n: {hosts: h1, bandwidth: 1 GiB}}\n",
     "3:38: bandwidth: '1 GiB' is a size; a bandwidth is needed, such as '10 Gbit/s'"                                                                           },
    {HOSTS "networks: {n: {hosts: h1, bandwidth: 1 Gbit/s, loss: 0.00001 %}}\n",
     "3:54: loss: the smallest step is 1 ppm, 0.0001 %"                                                                                                         },
    {HOSTS "networks: {n: {hosts: h1, bandwidth: 1 Gbit/s, loss: 101 %}}\n",
     "3:54: loss: '101 %' is more than 100 %"                                                                                                                   },
};

#define GUEST(text) HOSTS "guests: {db1: {host: h1, " text "}}\n"

static const struct bad_file guests[] = {
    {GUEST("memory: 1 GiB, host: h2"),                                                    "3:41: 'host' is given twice, first in line 3"                   },
    {GUEST("memory: 8 GiB"),
     "3:10: guest 'db1' does not fit on host 'h1': it makes 8 GiB, the host has 4 GiB"                                                                     },
    {GUEST("memory: 1 GiB, page: 5 KiB"),                                                 "3:47: page: '5 KiB' is no power of two"                         },
    {GUEST("memory: 5 KiB"),                                                              "3:34: memory: '5 KiB' is no multiple of the page size, 4 KiB"   },
    {GUEST("memory: 1 GiB, nonzero: 101 %"),                                              "3:50: nonzero: '101 %' is more than 100 %"                      },
    {GUEST("memory: 1 GiB, nonzero: 0.8"),                                                "3:50: nonzero: '0.8' needs a unit, such as '80 %'"              },
    {GUEST("memory: 1 GiB, device_state: 2 GiB"),                                         "3:55: device_state: '2 GiB' is more than 1 GiB"                 },
    {GUEST("memory: 1 GiB, content: byte"),
     "3:50: content: unknown word 'byte'; did you mean 'bytes'?"                                                                                           },
    {GUEST("memory: 1 GiB, content: x"),                                                  "3:50: content: unknown word 'x'; one of: tags, bytes"           },
    {GUEST("memory: 1 GiB, per_host: 3"),
     "3:51: per_host needs 'count': it is for fleets of guests"                                                                                            },
    {GUEST("memory: 1 MiB, count: 4, per_host: 3"),
     "3:61: per_host: 4 guests, 3 on each, need more than the 1 host of 'h1'"                                                                              },
    {GUEST("memory: 1 GiB, workload: {size: 1 GiB}"),
     "3:51: 'workload' needs 'kind': one of idle, sweep, uniform, hotset, burst, phases, curve, "
     "replay"                                                                                                                                              },
    {GUEST("memory: 1 GiB, workload: {kind: hotst}"),
     "3:58: kind: unknown word 'hotst'; did you mean 'hotset'?"                                                                                            },
    {GUEST("memory: 1 GiB, workload: {kind: idle, rate: 1 MiB/s}"),
     "3:64: 'rate' does not go with 'idle'"                                                                                                                },
    {GUEST("memory: 1 GiB, workload: {kind: uniform, size: 1 GiB}"),
     "3:51: 'workload' needs 'rate'"                                                                                                                       },
    {GUEST("memory: 1 GiB, workload: {kind: uniform, size: 1 GiB, rate: 1.0000001 B/s}"),
     "3:86: rate: '1.0000001 B/s' has too many decimals"                                                                                                   },
    {GUEST("memory: 1 GiB, workload: {kind: uniform, size: 2 GiB, rate: 1 MiB/s}"),
     "3:51: the workload's sets exceed the memory"                                                                                                         },
    {GUEST("memory: 1 GiB, workload: {kind: curve, points: []}"),
     "3:51: a curve needs points with increasing times and pages that do not decrease"                                                                     },
    {GUEST("memory: 1 GiB, workload: {kind: replay, trace: no/such.zst}"),
     "3:73: trace: cannot read 'no/such.zst': No such file or directory"                                                                                   },
    {GUEST("memory: 1 GiB, workload: {kind: replay, trace: /dev/null}"),
     "3:73: trace: cannot read '/dev/null': not a file"                                                                                                    },
    {GUEST(
         "memory: 1 MiB, workload: {kind: phases, phases: [{for: 1 s, workload: {kind: uniform, "
         "size: 2 MiB, rate: 1 MiB/s}}, {for: 1 s, workload: {kind: uniform, size: 2 MiB, rate: 1 "
         "MiB/s}}]}"),
     "3:51: the workload's sets exceed the memory"                                                                                                         },
    {GUEST("memory: 1 GiB, clients: {rate: 10 MB/s}"),
     "3:57: rate: '10 MB/s' is a bandwidth; a rate is needed, such as '2000 /s'"                                                                           },
    {GUEST("memory: 1 GiB, clients: {rate: 10000000 /s, timeout: 1 h}"),
     "3:50: clients: more than 4194304 requests could be waiting at once; lower rate or timeout"                                                           },
    {HOSTS "guests: {db1: {host: h5, memory: 1 GiB}}\n",
     "3:22: unknown host 'h5'; did you mean 'h1'?"                                                                                                         },
    {"version: 1\nhosts: {h: {count: 2, memory: 1 GiB}}\n"
     "guests: {db1: {host: h, memory: 1 MiB}}\n",                                    "3:22: 'h' is a fleet of 2 hosts; name one of them, such as 'h1'"},
};

#define STEP(text)  SMALL_CLUSTER "steps:\n  - {" text "}\n"
#define STEPS(text) SMALL_CLUSTER "steps:\n" text

static const struct bad_file steps[] = {
    {STEP("at: 1 s"),
     "6:5: this step needs one of: move, drain, cancel, set, switch_now, claim, burn"                                                                  },
    {STEP("at: -5 s, mvoe: db1, to: h2"),
     "6:10: at: '-5 s' is negative\n6:16: unknown key 'mvoe'; did you mean 'move'?"                                                                    },
    {STEP("at: 1 s, mvoe: db1, to: h2"),                                                          "6:15: unknown key 'mvoe'; did you mean 'move'?"     },
    {STEP("move: db1, to: h2"),                                                                   "6:5: this step has no time; give it 'at' or 'when'" },
    {STEP("at: 5, move: db1, to: h2"),                                                            "6:10: at: '5' needs a unit, such as '300 ms'"       },
    {STEP("at: 1 s, move: db1"),                                                                  "6:5: this step needs 'to'"                          },
    {STEP("at: 1 s, move: db2, to: h2"),                                                          "6:21: unknown guest 'db2'; did you mean 'db1'?"     },
    {STEP("at: 1 s, move: db1, to: h1"),                                                          "6:5: guest 'db1' is on host 'h1' already"           },
    {STEP("at: 1 s, move: db1, to: h2, streams: 65"),                                             "6:43: streams: '65' is more than 64"                },
    {STEP("at: 1 s, move: db1, to: h2, mode: pre-copy"),
     "6:40: mode: unknown word 'pre-copy'; did you mean 'precopy'?"                                                                                    },
    {STEP("at: 1 s, move: db1, to: h2, networks: wan"),
     "6:44: unknown network 'wan'; did you mean 'lan'?"                                                                                                },
    {STEP("at: 1 s, move: db1, cancel: db1"),
     "6:26: 'move' and 'cancel' do not go together: write two entries"                                                                                 },
    {STEP("at: 1 s, cancel: db1"),                                                                "6:23: guest 'db1' is never moved"                   },
    {STEP("at: 1 s, cancel: db1, streams: 2"),
     "6:23: guest 'db1' is never moved\n6:28: 'streams' does not go with 'cancel'"                                                                     },
    {STEP("at: 1 s, cancel: xyz"),                                                                "6:23: 'xyz' is neither a guest nor the id of a step"},
    {STEP("at: 1 s, move: db1, to: h2, id: db1"),
     "6:38: id 'db1' is the name of a guest or host already; choose another"                                                                           },
    {STEP("when: {move: db1, phase: paused}, move: db1, to: h2"),
     "6:5: this step waits for itself"                                                                                                                 },
    {STEP("at: 1 s, after: 1 s, move: db1, to: h2"),                                              "6:22: 'after' goes with 'when' only"                },
    {STEPS("  - {at: 5 s, move: db1, to: h2}\n  - {at: 1 s, cancel: db1}\n"),
     "7:5: this cancel comes before its migration, which begins at 5 s"                                                                                },
    {STEPS("  - {at: 5 s, move: db1, to: h2}\n  - {at: 6 s, set: db1}\n"),
     "7:5: this step sets nothing; give it 'bandwidth_cap' or 'blackout_limit'"                                                                        },
    {STEPS("  - {at: 1 s, move: db1, to: h2}\n  - {at: 9 s, move: db1, to: h1}\n"
           "expect: [{move: db1, outcome: completed}]\n"),
     "8:17: guest 'db1' is moved by 2 steps; give the one that is meant an id, and name that"                                                          },
    {STEPS("  - {at: 1 s, id: a, move: db1, to: h2}\n  - {at: 9 s, id: a, move: db1, to: h1}\n"),
     "7:19: id 'a' is declared twice, first in line 6"                                                                                                 },
    {SMALL_CLUSTER "end: 3 s\nsteps: [{at: 5 s, move: db1, to: h2}]\n",
     "6:14: at: '5 s' is after the end, '3 s'"                                                                                                         },
    {HOSTS "guests: {db1: {host: h1, memory: 1 GiB}}\nsteps: [{at: 1 s, move: db1, to: h2}]\n",
     "4:9: no network joins 'h1' and 'h2'"                                                                                                             },
    {SMALL_CLUSTER "hosts: {}\n",                                                                 "5:1: 'hosts' is given twice, first in line 2"       },
    {STEP("at: 1 s, drain: h1, to: h1"),                                                          "6:5: host 'h1' is drained onto itself"              },
    {STEP("at: 1 s, drain: [h1]"),                                                                "6:22: drain: one value is needed, this is a list"   },
    {STEPS("  - {at: 1 s, drain: h1}\n  - {at: 1 s, drain: h2}\n"),
     "6:5: no host is left that could take the drained guests\n7:5: no host is left that could "
     "take the drained guests"                                                                                                                         },
    {STEPS("  - {at: 1 s, drain: h1}\n  - {at: 1 s, move: db1, to: h2}\n  - {at: 3 s, cancel: "
           "db1}\n"),
     "8:23: guest 'db1' is moved by 2 steps; give the one that is meant an id, and name that"                                                          },
    {STEPS("  - {at: 1 s, drain: h1, id: off}\n  - {at: 3 s, cancel: off}\n"),
     "7:23: step 'off' is no move; name a step which is one, or a guest"                                                                               },
    {STEPS("  - {at: 1 s, move: db1, to: h2}\n  - {at: 3 s, burn: db1, on: h3}\n"),
     "7:30: unknown host 'h3'; did you mean 'h1'?"                                                                                                     },
    {STEPS("  - {at: 1 s, when: {move: db1, phase: paused}, move: db1, to: h2}\n"),
     "6:5: this step waits for itself\n6:21: 'at' and 'when' do not go together"                                                                       },
};

#define MOVED        STEPS("  - {at: 1 s, move: db1, to: h2}\n")
#define FAULT(text)  MOVED "faults:\n  - {" text "}\n"
#define EXPECT(text) MOVED "expect:\n  - {" text "}\n"

static const struct bad_file faults[] = {
    {FAULT("at: 5 s, network: lan"),
     "8:5: this fault needs one of: crash, crash_keeping_writes, reinstall, pause_for, "
     "daemon_crash, cpu, memory_taken, journal_fail_for, journal_doubt_for, disk_full_for, "
     "journal_delay, protocol, clock_fast, clock_slow, clock_forward, clock_back, down_for, "
     "clog_for, reset, stray_for, duplicate, refuse_for, partition, bandwidth, latency, jitter, "
     "loss, corrupt, background, burst, extra_rate, device_burst"                                                                   },
    {FAULT("at: 5 s, host: h1, protocol: 3, protocol_max: 2"),
     "8:52: protocol_max: '2' is below protocol"                                                                                    },
    {FAULT("at: 5 s, host: h1, clock_fast: 20 %"),                                 "8:37: clock_fast: '20 %' is more than 10 %"     },
    {FAULT("at: 5 s, guest: db2, burst: 1 MiB"),                                   "8:22: unknown guest 'db2'; did you mean 'db1'?" },
    {FAULT("at: 5 s, guest: db1, device_burst: 1 TiB"),
     "8:5: device_burst: more than the memory of guest 'db1'"                                                                       },
    {FAULT("at: 5 s, network: lan, down_for: 2"),
     "8:39: down_for: '2' needs a unit, such as '300 ms'"                                                                           },
    {FAULT("at: 5 s, network: mig, down_for: 2 s"),                                "8:24: unknown network 'mig'"                    },
    {FAULT("at: 5 s, network: lan, down_for: 2 s, reset: true"),
     "8:44: 'down_for' and 'reset' do not go together: write two entries"                                                           },
    {FAULT("at: 5 s, host: h1, down_for: 2 s"),
     "8:5: this fault needs 'network'\n8:15: 'host' does not go with 'down_for'"                                                    },
    {FAULT("at: 5 s, network: lan, bandwidth: 1 GB, for: 3 s"),
     "8:40: bandwidth: '1 GB' is a size; a bandwidth is needed, such as '10 Gbit/s'"                                                },
    {FAULT("at: 5 s, network: lan, latency: 2 min"),                               "8:38: latency: '2 min' is more than 1 min"      },
    {FAULT("at: 5 s, network: lan, loss: 0.00001 %"),
     "8:35: loss: the smallest step is 1 ppm, 0.0001 %"                                                                             },
    {FAULT("at: 5 s, host: h1, crash: yes"),                                       "8:32: crash: write 'true', or leave the key out"},
    {FAULT("at: 5 s, host: h1, crash: true, restart_after: -1 s"),
     "8:53: restart_after: '-1 s' is negative"                                                                                      },
    {FAULT("at: 5 s, host: h3, pause_for: 1 s"),                                   "8:21: unknown host 'h3'; did you mean 'h1'?"    },
    {FAULT("at: 5 s, partition: {from: h1, to: h1}"),
     "8:41: 'from' and 'to' are the same host, 'h1'"                                                                                },
    {FAULT("at: 5 s, network: lan, background: {from: h1}"),
     "8:41: 'background' needs 'to'\n8:41: 'background' needs 'rate'"                                                               },
    {FAULT("at: 5 s, network: lan, background: {from: h1, to: h2, rate: 1 /s}"),
     "8:66: rate: '1 /s' is a rate; a bandwidth is needed, such as '10 Gbit/s'"                                                     },
    {FAULT("when: {move: db1, phase: grantd}, host: h2, crash: true"),
     "8:31: phase: unknown word 'grantd'; did you mean 'granted'?"                                                                  },
    {FAULT("when: {move: db1, phase: granted, round: 3}, host: h2, crash: true"),
     "8:47: round goes with 'phase: round' only"                                                                                    },
    {FAULT("when: {move: db1, phase: round, attempt: 2}, host: h2, crash: true"),
     "8:47: attempt goes with the phases from 'paused' on only"                                                                     },
    {FAULT("when: {move: db1, phase: paused, attempt: 6}, host: h2, crash: true"),
     "8:48: attempt: '6' is more than 5"                                                                                            },
    {FAULT("when: {phase: paused}, host: h2, crash: true"),                        "8:12: 'when' needs 'move'"                      },
    {FAULT("when: paused, host: h2, crash: true"),
     "8:12: when: a mapping {key: value} is needed, this is a text"                                                                 },
};

static const struct bad_file expectations[] = {
    {EXPECT("move: db1, outcome: complete"),
     "8:26: outcome: unknown word 'complete'; did you mean 'completed'?"                                                                                                                 },
    {EXPECT("move: db1, outcome: [completed, lost]"),
     "8:38: outcome: unknown word 'lost'; one of: completed, failed, cancelled, refused, unknown"                                                                                        },
    {EXPECT("move: db1"),                                                                        "8:5: this expectation about a move expects nothing"                                    },
    {EXPECT("move: db1, blackout: <= 300"),                                                      "8:27: blackout: '300' needs a unit, such as '300 ms'"                                  },
    {EXPECT("move: db1, rule: within_limit"),
     "8:23: rule: unknown word 'within_limit'; did you mean 'within-limit'?"                                                                                                             },
    {SMALL_CLUSTER "steps:\n  - {at: 1 s, move: db1, to: h2}\n  - {at: 9 s, move: db1, to: h1}\n"
                   "expect:\n  - {move: db1, outcome: completed, blackout: at most 1 s}\n", "9:12: guest 'db1' is moved by 2 steps; give the one that is meant an id, and name that"},
    {EXPECT("move: db9, outcome: completed"),
     "8:12: 'db9' is neither a guest nor the id of a step; did you mean 'db1'?"                                                                                                          },
    {EXPECT("guest: db1"),                                                                       "8:5: this expectation about a guest expects nothing"                                   },
    {EXPECT("guest: db1, on: h3"),                                                               "8:22: unknown host 'h3'; did you mean 'h1'?"                                           },
    {EXPECT("guest: db1, on: h1, paused_on: h1"),                                                "8:37: 'on' and 'paused_on' do not go together"                                         },
    {EXPECT("guest: db1, on: []"),
     "8:22: on: a name, or a list of names in [ ] is needed, this is an empty list"                                                                                                      },
    {EXPECT("clients: db1, p99: 5"),                                                             "8:25: p99: '5' needs a unit, such as '300 ms'"                                         },
    {EXPECT("client: db1, failed: 0"),                                                           "8:6: unknown key 'client'; did you mean 'clients'?"                                    },
    {EXPECT("session: db1, on: h1"),                                                             "8:5: this expectation needs 'state'"                                                   },
    {EXPECT("session: db1, on: h1, state: gone"),
     "8:35: state: unknown word 'gone'; did you mean 'none'?"                                                                                                                            },
    {EXPECT("drain: h1, moved: 1"),                                                              "8:13: host 'h1' is never drained"                                                      },
    {EXPECT("drain: xx, moved: 1"),                                                              "8:13: 'xx' is neither a host nor the id of a step"                                     },
    {EXPECT("outcome: completed"),
     "8:5: this expectation needs one of: move, drain, guest, clients, session"                                                                                                          },
};

static void check_all(const struct bad_file *files, size_t count)
{
    size_t wrong = 0;
    for (size_t index = 0; index < count; index++) {
        wrong += tells(files[index].text, files[index].errors) ? 0 : 1;
    }
    assert_int_equal(wrong, 0);
}

static void what_is_no_yaml_is_told_with_its_place(void **unused)
{
    (void)unused;
    check_all(syntax, sizeof(syntax) / sizeof(syntax[0]));
}

static void wrong_keys_and_values_are_told(void **unused)
{
    (void)unused;
    check_all(keys, sizeof(keys) / sizeof(keys[0]));
}

static void guests_that_cannot_be_are_told(void **unused)
{
    (void)unused;
    check_all(guests, sizeof(guests) / sizeof(guests[0]));
}

static void steps_that_cannot_be_are_told(void **unused)
{
    (void)unused;
    check_all(steps, sizeof(steps) / sizeof(steps[0]));
}

static void faults_that_cannot_be_are_told(void **unused)
{
    (void)unused;
    check_all(faults, sizeof(faults) / sizeof(faults[0]));
}

static void expectations_that_cannot_be_are_told(void **unused)
{
    (void)unused;
    check_all(expectations, sizeof(expectations) / sizeof(expectations[0]));
}

static void all_errors_of_a_file_come_at_once_in_its_order(void **unused)
{
    (void)unused;
    assert_true(tells(
        "version: 1\n"
        "nmae: x\n"
        "hosts:\n"
        "  h1: {memory: 64}\n"
        "networks: {lan: {hosts: [h1, h2], bandwidth: 10 Gbps}}\n"
        "guests: {db1: {host: h3, memory: 1 GiB}}\n"
        "steps: [{at: 1 s, move: db2, to: h1}]\n"
        "expect: [{move: db1, blackout: <= 3}]\n",
        "2:1: unknown key 'nmae'; did you mean 'name'?\n"
        "4:16: memory: '64' needs a unit, such as '64 GiB'\n"
        "5:30: unknown host 'h2'; did you mean 'h1'?\n"
        "5:46: bandwidth: unknown unit 'Gbps' in '10 Gbps'; did you mean 'Gbit/s'?\n"
        "6:22: unknown host 'h3'; did you mean 'h1'?\n"
        "7:25: unknown guest 'db2'; did you mean 'db1'?\n"
        "8:17: guest 'db1' is never moved\n"
        "8:32: blackout: '3' needs a unit, such as '300 ms'"));
}

static void a_byte_of_zero_is_no_text(void **unused)
{
    (void)unused;
    struct scenario_errors errors = {0};
    struct scenario *scenario = NULL;

    enum scenario_status status =
        scenario_load_text("s.yaml", "version: 1\0\n", 12, &scenario, &errors);

    assert_int_equal(status, SCENARIO_INVALID);
    assert_string_equal(
        errors.items[0].message,
        "s.yaml:1:11: byte 0x00 is not text: a scenario is a YAML file in UTF-8");
    scenario_errors_free(&errors);
}

static void a_file_that_is_not_there_is_an_error(void **unused)
{
    (void)unused;
    static const char *const paths[][2] = {
        {"no/such.yaml", "no/such.yaml: cannot read it: No such file or directory"},
        {"/",            "/: cannot read it: it is a folder"                      },
        {"/dev/null",    "/dev/null: cannot read it: it is no file"               },
    };
    for (size_t index = 0; index < sizeof(paths) / sizeof(paths[0]); index++) {
        struct scenario_errors errors = {0};
        struct scenario *scenario = NULL;
        assert_int_equal(scenario_load(paths[index][0], &scenario, &errors), SCENARIO_INVALID);
        assert_int_equal(errors.count, 1);
        assert_string_equal(errors.items[0].message, paths[index][1]);
        scenario_errors_free(&errors);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_yaml_is_told_with_its_place),
        cmocka_unit_test(wrong_keys_and_values_are_told),
        cmocka_unit_test(guests_that_cannot_be_are_told),
        cmocka_unit_test(steps_that_cannot_be_are_told),
        cmocka_unit_test(faults_that_cannot_be_are_told),
        cmocka_unit_test(expectations_that_cannot_be_are_told),
        cmocka_unit_test(all_errors_of_a_file_come_at_once_in_its_order),
        cmocka_unit_test(a_byte_of_zero_is_no_text),
        cmocka_unit_test(a_file_that_is_not_there_is_an_error),
    };
    return cmocka_run_group_tests_name("scenario/errors", tests, NULL, NULL);
}
