/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover.pml -- the handover as a Promela model, checked with spin (tests/sim/explore/model_test.bash).
 *
 * Written by hand from the drawing in engine/core/handover/handover.h, not made from the code, so that
 * the two can contradict each other. Three things are asked of it:
 *
 *   safety    in every state at most one host runs the guest, and at most one may; a breach of the
 *             protocol never happens between honest hosts (assert)
 *   liveness  `comes_to_an_end`: if from some time on the network is well, then in the end exactly one
 *             host runs the guest, or it is known why not. Until then the network may fail as often as it
 *             likes: losses have no budget. Under weak fairness: a process that can do something for
 *             ever, does it
 *   traces    with -DTRACE it takes its moves from `trace_move` (a C array made by
 *             tests/sim/explore/handover_traces.c, which walks at random through the shipped C code inside
 *             the explorer) and compares, after each, what can be seen of the two sides. A move that the
 *             model does not allow leaves it stuck; a difference fails an assert
 *
 * How the two speak of the same thing. A move of the explorer (sim/explore/moves.h) is kind * 4 + which;
 * the kinds below have the same numbers. What is compared, packed into an int, lowest bits first: source's
 * engine 3, phase 4, process 2, GRANTED 2, ENDED 2; target's engine 2, phase 4, process 2, OWNER 2,
 * BURNED 2; connection 2. Numbers of engines, phases, processes and records are those of the C enums; a
 * number that changed there and not here makes the first trace fail.
 *
 * Not modelled: messages that outlive their connection, duplicates, strays, claims. The explorer has them.
 */

#ifndef ATTEMPTS
#define ATTEMPTS 2
#endif
#ifndef CRASHES
#define CRASHES 1 /* of a host */
#endif
#ifndef RESTARTS
#define RESTARTS 1 /* of a daemon */
#endif
#ifndef FAILED_WRITES
#define FAILED_WRITES 1
#endif
#ifndef LIMITS
#define LIMITS 1 /* that pass: attempts, late writes, silent peers */
#endif
#ifndef CANCELS
#define CANCELS 1
#endif
#ifndef BURNS
#define BURNS 0
#endif
#ifndef REINSTALLS
#define REINSTALLS 0
#endif

/* engines */
#define S_DOWN 0
#define S_COPYING 1
#define S_PAUSING 2
#define S_SENDING 3
#define S_RESUMING 4
#define S_OUT 5
#define S_CLOSING 6
#define S_CLOSED 7
#define T_DOWN 0
#define T_NO_SESSION 1
#define T_ACTIVE 2
/* phases of the two machines; 0: there is none */
#define RUNNING 1
#define ATTEMPT 2
#define GRANTING 3
#define GRANTED 4
#define BURNING 5
#define BACK 6
#define MOVED 7
#define RECEIVING 1
#define READY 2
#define OWNING 3
#define OWNER 4
#define T_BURNING 5
#define BURNED 6
#define UNSURE 7
#define OVER 8
/* the guest's process on a host */
#define GONE 0
#define KILLED 1
#define PAUSED 2
#define LIVE 3
/* a record in the journal */
#define NONE 0
#define WRITING 1
#define DOUBT 2
#define DURABLE 3
/* the connection */
#define DOWN 0
#define ASKING 1
#define UP 2
/* what the journal keeps of a forgotten session */
#define HERE 1
#define THERE 2

/* moves */
#define MV_CONNECT 1
#define MV_TO_TARGET 2
#define MV_TO_SOURCE 3
#define MV_OPEN_ATTEMPT 4
#define MV_PAUSED 5
#define MV_SEND_ATTEMPT 6
#define MV_LOADED 7
#define MV_SOURCE_RESUMED 8
#define MV_TARGET_RESUMED 9
#define MV_SOURCE_DURABLE 10
#define MV_TARGET_DURABLE 11
#define MV_SOURCE_UP 12
#define MV_TARGET_UP 13
#define MV_LINK_LOST 16
#define MV_SOURCE_CRASH 19
#define MV_TARGET_CRASH 20
#define MV_SOURCE_DAEMON 21
#define MV_TARGET_DAEMON 22
#define MV_SOURCE_WRITE_FAILS 23
#define MV_TARGET_WRITE_FAILS 24
#define MV_GRANT_LATE 25
#define MV_ABORT_ATTEMPT 26
#define MV_GIVE_UP 27
#define MV_TARGET_GIVES_UP 28
#define MV_CANCEL 29
#define MV_SOURCE_REINSTALLED 30
#define MV_TARGET_REINSTALLED 31
#define MV_OPERATOR_BURN 34
#define TRACE_NEXT 63
#define TRACE_END 62

mtype = { RESUME_COPYING, RESUME_ATTEMPT, RESUME_GRANTED, RESUME_BURN, RESUME_ENDED, MANIFEST, ABORT,
    GRANT, BURN, END_MOVED, END_STAYED, RESUMED, RESUMED_RECEIVING, READY_SAID, STARTED, ABORTED, LOST,
    CLOSED };

chan to_target = [8] of { mtype, byte };
chan to_source = [8] of { mtype, byte };
byte link = UP;

/* the source: engine, machine, process, what the engine remembers, journal */
byte sE = S_COPYING;
byte sP = RUNNING;
byte sA = 0;
byte sGuest = LIVE;
bit sEnding = 0;
bit sWanted = 0;
bit sMoved = 0;
bit sSent = 0;
bit sOffered = 0;
bit sSession = 1;
byte sFate = 0;
bit sNew = 0;
byte jGranted = NONE;
byte jGrantedA = 0;
byte jEnded = NONE;
bit jEndedMoved = 0;

/* the target */
byte tE = T_ACTIVE;
byte tP = RECEIVING;
byte tA = 0;
byte tGuest = PAUSED;
bit tStarting = 0;
byte tLoading = 0;
bit tSession = 1;
byte tFate = 0;
bit tNew = 0;
byte jOwner = NONE;
byte jBurned = NONE;
byte jRecordA = 0;

/* what may still happen */
byte attempts = ATTEMPTS;
byte crashes = CRASHES;
byte restarts = RESTARTS;
byte failed = FAILED_WRITES;
byte limits = LIMITS;
byte cancels = CANCELS;
byte burns = BURNS;
byte reinstalls = REINSTALLS;
bit healed = 0;

/* of the message that is being heard */
mtype heard;
byte heardA;
hidden mtype dropped;
hidden byte droppedA;
hidden byte flood;

#define OUT (sP == GRANTING || sP == GRANTED || sP == BURNING)
#define SOURCE_OWNS (sE != S_DOWN && ((sE == S_CLOSED && sFate == HERE) || sP == RUNNING || sP == BACK))
#define TARGET_OWNS (tE != T_DOWN && ((tE == T_NO_SESSION && tFate == HERE) || tP == OWNER))

#ifdef TRACE
c_decl {
    \#include "traces.h"
};
int next = 0; /* the move that is taken now */
int at = 0;
int accepted = 0;
#define MAY(kind, which) (next == (kind) * 4 + (which))
#define PRICE(budget) (true)
#define PAY(budget) skip
#define TIRED (true)
#define LOSES (true)
#define DONE done()
#else
#define MAY(kind, which) (true)
#define PRICE(budget) (budget > 0 && !healed)
#define PAY(budget) budget--
#define LOSES (!healed)
/* A limit also passes when READY would not come: nothing is on its way, nothing is being done. */
#define TIRED                                                                                         \
    (sSent && tE != T_DOWN && len(to_target) == 0 && len(to_source) == 0 && tLoading == 0 &&          \
     !tStarting && jOwner != WRITING && jBurned != WRITING)
#define DONE safe()
#endif

/* ---- the connection ---- */

inline lose_link()
{
    do
    :: len(to_target) > 0 -> to_target?dropped, droppedA
    :: else -> break
    od;
    do
    :: len(to_source) > 0 -> to_source?dropped, droppedA
    :: else -> break
    od;
    link = DOWN;
    sSent = 0
}

/* Eight messages fit; more is a flood, and costs the connection when the step is over. */
inline tell_target(what, n)
{
    if
    :: link != DOWN && len(to_target) < 8 -> to_target!what, n
    :: link != DOWN && len(to_target) == 8 -> flood = 1
    :: else -> skip
    fi
}

inline tell_source(what, n)
{
    if
    :: link != DOWN && len(to_source) < 8 -> to_source!what, n
    :: link != DOWN && len(to_source) == 8 -> flood = 1
    :: else -> skip
    fi
}

/* ---- after each step ---- */

inline safe()
{
    if
    :: flood -> lose_link(); flood = 0
    :: else -> skip
    fi;
    assert(!(sGuest == LIVE && tGuest == LIVE));
    assert(!(SOURCE_OWNS && TARGET_OWNS));
    assert(tGuest != LIVE || jOwner == DURABLE || tFate == HERE);
    assert(jBurned != DURABLE || (tGuest != LIVE && !TARGET_OWNS))
}

#ifdef TRACE
inline done()
{
    safe();
    c_code {
        const int seen = now.sE | now.sP << 3 | now.sGuest << 7 | now.jGranted << 9 | now.jEnded << 11 |
                         now.tE << 13 | now.tP << 15 | now.tGuest << 19 | now.jOwner << 21 |
                         now.jBurned << 23 | now.link << 25;
        if (seen != trace_seen[now.at]) {
            printf("trace %d, entry %d, move %d.%d: the model sees %x, the code %x\n", now.accepted,
                now.at, now.next / 4, now.next % 4, seen, trace_seen[now.at]);
            now.next = -1;
        } else {
            now.at++;
            now.next = trace_move[now.at];
        }
    };
    assert(next >= 0)
}
#endif

/* ---- the source's side ---- */

inline say_end()
{
    if
    :: sE == S_CLOSING && !(sWanted && jEnded != DURABLE) && sMoved -> tell_target(END_MOVED, sA)
    :: sE == S_CLOSING && !(sWanted && jEnded != DURABLE) && !sMoved -> tell_target(END_STAYED, sA)
    :: else -> skip
    fi
}

inline begin_ending()
{
    sE = S_CLOSING;
    sEnding = 1;
    if
    :: sMoved ->
        sWanted = 1;
        if
        :: sGuest == PAUSED -> sGuest = GONE
        :: else -> skip
        fi
    :: else -> skip
    fi;
    if
    :: sWanted && jEnded != DURABLE -> jEnded = WRITING; jEndedMoved = sMoved
    :: else -> skip
    fi;
    say_end()
}

inline run_here()
{
    if
    :: sGuest == KILLED || sGuest == GONE -> begin_ending()
    :: else -> sE = S_RESUMING
    fi
}

inline abort_attempt()
{
    sP = RUNNING;
    tell_target(ABORT, sA);
    run_here()
}

inline give_up()
{
    sEnding = 1;
    if
    :: sE == S_PAUSING || sE == S_SENDING -> abort_attempt()
    :: sE == S_COPYING -> begin_ending()
    :: else -> skip
    fi
}

inline close_source(forget)
{
    if
    :: sP == MOVED -> sFate = THERE
    :: sP == RUNNING || sP == BACK -> sFate = HERE
    :: else -> sFate = 0
    fi;
    sE = S_CLOSED;
    sP = 0;
    sA = 0;
    sEnding = 0;
    sWanted = 0;
    sMoved = 0;
    sOffered = 0;
    if
    :: forget -> sSession = 0; jGranted = NONE; jGrantedA = 0; jEnded = NONE; jEndedMoved = 0
    :: else -> skip
    fi;
    lose_link()
}

inline closed_heard()
{
    if
    :: jGranted == WRITING || (sWanted && jEnded != DURABLE) -> skip
    :: else -> close_source(1)
    fi
}

inline source_hears_ready()
{
    if
    :: sP == RUNNING ->
        assert(sE != S_COPYING || heardA <= sA);
        if
        :: heardA > sA -> tell_target(ABORT, heardA)
        :: else -> tell_target(ABORT, sA)
        fi
    :: sP == ATTEMPT && heardA == sA ->
        assert(sGuest != LIVE); /* paused before it is granted */
        sP = GRANTING;
        sE = S_OUT;
        jGranted = WRITING;
        jGrantedA = sA
    :: sP == GRANTED && heardA == sA -> tell_target(GRANT, sA)
    :: sP == BURNING -> tell_target(BURN, sA)
    :: sP == BACK || sP == MOVED -> say_end()
    :: else -> skip
    fi
}

inline source_hears_started()
{
    assert(sP != RUNNING && sP != ATTEMPT && sP != GRANTING && sP != BURNING);
    if
    :: sP == GRANTED && heardA == sA ->
        sP = MOVED;
        sEnding = 1;
        sMoved = 1;
        begin_ending()
    :: sP == BACK || sP == MOVED -> say_end()
    :: else -> skip
    fi
}

inline source_hears_aborted()
{
    if
    :: OUT -> sWanted = 1
    :: else -> skip
    fi;
    sEnding = 1;
    if
    :: sP == ATTEMPT || OUT -> sP = BACK; run_here()
    :: sP == RUNNING -> sP = BACK
    :: sP == BACK || sP == MOVED -> say_end()
    :: else -> skip
    fi;
    if
    :: sE == S_COPYING -> begin_ending()
    :: else -> skip
    fi
}

inline source_hears_lost()
{
    if
    :: sE == S_CLOSING -> closed_heard()
    :: sE != S_CLOSING && OUT -> skip /* no proof */
    :: else ->
        sEnding = 1;
        if
        :: sP == ATTEMPT -> sP = BACK; run_here()
        :: sP == RUNNING -> sP = BACK
        :: else -> skip
        fi;
        if
        :: sE == S_COPYING -> begin_ending()
        :: else -> skip
        fi
    fi
}

inline source_hears_resumed(receiving)
{
    if
    :: link == ASKING ->
        link = UP;
        if
        :: sE == S_CLOSING -> say_end()
        :: sE != S_CLOSING && receiving && sP == BURNING -> tell_target(BURN, sA)
        :: else -> skip
        fi
    :: else -> skip
    fi
}

inline source_hears()
{
    to_source?heard, heardA;
    if
    :: heard == RESUMED -> source_hears_resumed(0)
    :: heard == RESUMED_RECEIVING -> source_hears_resumed(1)
    :: heard == READY_SAID -> source_hears_ready()
    :: heard == STARTED -> source_hears_started()
    :: heard == ABORTED -> source_hears_aborted()
    :: heard == LOST -> source_hears_lost()
    :: heard == CLOSED && sE == S_CLOSING -> closed_heard()
    :: else -> skip
    fi;
    heard = 0;
    heardA = 0
}

inline connect()
{
    link = ASKING;
    if
    :: sE == S_CLOSING || sP == BACK || sP == MOVED -> tell_target(RESUME_ENDED, sA)
    :: sE != S_CLOSING && sP == RUNNING -> tell_target(RESUME_COPYING, sA)
    :: sE != S_CLOSING && (sP == ATTEMPT || sP == GRANTING) -> tell_target(RESUME_ATTEMPT, sA)
    :: sE != S_CLOSING && sP == GRANTED -> tell_target(RESUME_GRANTED, sA)
    :: sE != S_CLOSING && sP == BURNING -> tell_target(RESUME_BURN, sA)
    fi
}

inline grant_failed()
{
    jGranted = DOUBT;
    if
    :: OUT -> sEnding = 1
    :: else -> skip
    fi;
    if
    :: sP == GRANTING -> sP = BURNING; tell_target(BURN, sA)
    :: else -> skip
    fi
}

inline source_down(host, granted_there, ended_there)
{
    lose_link();
    if
    :: (jGranted == WRITING || jGranted == DOUBT) && granted_there -> jGranted = DURABLE
    :: (jGranted == WRITING || jGranted == DOUBT) && !granted_there -> jGranted = NONE; jGrantedA = 0
    :: else -> skip
    fi;
    if
    :: (jEnded == WRITING || jEnded == DOUBT) && ended_there -> jEnded = DURABLE
    :: (jEnded == WRITING || jEnded == DOUBT) && !ended_there -> jEnded = NONE; jEndedMoved = 0
    :: else -> skip
    fi;
    if
    :: host && sGuest != GONE -> sGuest = KILLED
    :: else -> skip
    fi;
    sE = S_DOWN;
    sP = 0;
    sA = 0;
    sEnding = 0;
    sWanted = 0;
    sMoved = 0;
    sOffered = 0
}

inline source_up()
{
    if
    :: !sSession -> sE = S_CLOSED
    :: sSession && jEnded == DURABLE ->
        sFate = 0;
        sA = jGrantedA;
        sWanted = 1;
        sMoved = jEndedMoved;
        if
        :: sMoved -> sP = MOVED; begin_ending()
        :: else -> sP = BACK; sEnding = 1; run_here()
        fi
    :: sSession && jEnded != DURABLE && jGranted == DURABLE && sGuest == LIVE ->
        /* it runs: ABORTED had come before */
        sFate = 0;
        sA = jGrantedA;
        sWanted = 1;
        sP = BACK;
        sEnding = 1;
        run_here()
    :: sSession && jEnded != DURABLE && jGranted == DURABLE && sGuest != LIVE ->
        sFate = 0;
        sA = jGrantedA;
        sP = GRANTED;
        sE = S_OUT
    :: else ->
        sFate = 0;
        sP = RUNNING;
        sEnding = 1;
        run_here()
    fi
}

/* ---- the target's side ---- */

inline burn()
{
    tP = T_BURNING;
    jBurned = WRITING;
    jRecordA = tA;
    tLoading = 0
}

inline burn_asked()
{
    if
    :: tP == RECEIVING || tP == READY -> burn()
    :: tP == OWNER && !tStarting -> tell_source(STARTED, tA)
    :: tP == BURNED -> tell_source(ABORTED, tA)
    :: else -> skip
    fi
}

inline voids(n)
{
    if
    :: tP == RECEIVING ->
        tLoading = 0;
        if
        :: n > tA -> tA = n
        :: else -> skip
        fi
    :: tP == READY && n >= tA -> tA = n; tP = RECEIVING
    :: tP == BURNED -> tell_source(ABORTED, tA)
    :: else -> skip
    fi
}

inline asked()
{
    if
    :: tP == READY -> tell_source(READY_SAID, tA)
    :: tP == OWNER && !tStarting -> tell_source(STARTED, tA)
    :: tP == BURNED -> tell_source(ABORTED, tA)
    :: else -> skip
    fi
}

inline forget()
{
    if
    :: tP == OWNER -> tFate = HERE
    :: else -> tFate = 0; tGuest = GONE
    fi;
    tE = T_NO_SESSION;
    tP = 0;
    tA = 0;
    tLoading = 0;
    tSession = 0;
    jOwner = NONE;
    jBurned = NONE;
    jRecordA = 0;
    tell_source(CLOSED, 0)
}

inline target_answers()
{
    if
    :: tP == RECEIVING -> tell_source(RESUMED_RECEIVING, tA)
    :: else -> tell_source(RESUMED, tA)
    fi
}

inline target_hears_known()
{
    if
    :: heard == RESUME_COPYING -> target_answers(); voids(heardA)
    :: heard == RESUME_ATTEMPT ->
        target_answers();
        if
        :: heardA > tA -> voids(heardA - 1)
        :: else -> skip
        fi;
        asked()
    :: heard == RESUME_GRANTED -> target_answers(); asked()
    :: heard == RESUME_BURN -> target_answers(); burn_asked()
    :: heard == RESUME_ENDED -> target_answers()
    :: heard == MANIFEST && tP == RECEIVING && tLoading == 0 && heardA > tA -> tLoading = heardA
    :: heard == ABORT -> voids(heardA)
    :: heard == GRANT && tP == READY && heardA == tA ->
        tP = OWNING;
        jOwner = WRITING;
        jRecordA = tA
    :: heard == GRANT && tP == OWNER && !tStarting -> tell_source(STARTED, tA)
    :: heard == GRANT && tP == BURNED -> tell_source(ABORTED, tA)
    :: heard == BURN -> burn_asked()
    :: heard == END_MOVED || heard == END_STAYED ->
        assert((heard == END_MOVED) == (tP == OWNER));
        assert(tP != OWNING);
        forget()
    :: else -> skip
    fi
}

inline target_hears()
{
    to_target?heard, heardA;
    if
    :: tE == T_ACTIVE -> target_hears_known()
    :: tE == T_NO_SESSION && (heard == RESUME_COPYING || heard == RESUME_ATTEMPT ||
        heard == RESUME_GRANTED || heard == RESUME_BURN || heard == RESUME_ENDED) ->
        tell_source(LOST, 0)
    :: tE == T_NO_SESSION && (heard == END_MOVED || heard == END_STAYED) -> tell_source(CLOSED, 0)
    :: else -> skip
    fi;
    heard = 0;
    heardA = 0
}

inline target_down(host, there)
{
    lose_link();
    if
    :: (jOwner == WRITING || jOwner == DOUBT) && there -> jOwner = DURABLE
    :: (jOwner == WRITING || jOwner == DOUBT) && !there -> jOwner = NONE
    :: else -> skip
    fi;
    if
    :: (jBurned == WRITING || jBurned == DOUBT) && there -> jBurned = DURABLE
    :: (jBurned == WRITING || jBurned == DOUBT) && !there -> jBurned = NONE
    :: else -> skip
    fi;
    if
    :: jOwner == NONE && jBurned == NONE -> jRecordA = 0
    :: else -> skip
    fi;
    if
    :: host && tGuest != GONE -> tGuest = KILLED
    :: else -> skip
    fi;
    tE = T_DOWN;
    tP = 0;
    tA = 0;
    tStarting = 0;
    tLoading = 0
}

inline target_up()
{
    if
    :: !tSession -> tE = T_NO_SESSION
    :: tSession && jOwner == DURABLE ->
        tE = T_ACTIVE;
        tP = OWNER;
        tA = jRecordA;
        tStarting = (tGuest != KILLED)
    :: tSession && jOwner != DURABLE && jBurned == DURABLE ->
        tE = T_ACTIVE;
        tP = BURNED;
        tA = jRecordA;
        tGuest = GONE
    :: else -> tE = T_ACTIVE; tA = jRecordA; burn()
    fi
}

/* ---- who does what ---- */

active proctype source()
{
end:
    do
    :: d_step { MAY(MV_TO_SOURCE, 0) && len(to_source) > 0 && sE != S_DOWN -> source_hears(); DONE }
    :: d_step { MAY(MV_OPEN_ATTEMPT, 0) && sE == S_COPYING && !sEnding && attempts > 0 && link == UP &&
        sP == RUNNING ->
        attempts--;
        sA++;
        sP = ATTEMPT;
        sE = S_PAUSING;
        sSent = 0;
        sOffered = 0;
        DONE }
    :: d_step { MAY(MV_PAUSED, 0) && sE == S_PAUSING && sGuest == LIVE ->
        sGuest = PAUSED;
        sE = S_SENDING;
        DONE }
    :: d_step { MAY(MV_SEND_ATTEMPT, 0) && sE == S_SENDING && link == UP && !sSent ->
        sSent = 1;
        sOffered = 1;
        tell_target(MANIFEST, sA);
        DONE }
    :: d_step { MAY(MV_SOURCE_RESUMED, 0) && sE == S_RESUMING ->
        if
        :: sGuest == PAUSED || sGuest == LIVE -> sGuest = LIVE
        :: else -> sEnding = 1
        fi;
        if
        :: sEnding -> begin_ending()
        :: else -> sE = S_COPYING
        fi;
        DONE }
    :: d_step { MAY(MV_SOURCE_DURABLE, 0) && jGranted == WRITING && sE != S_DOWN && sE != S_CLOSED ->
        jGranted = DURABLE;
        if
        :: sP == GRANTING -> sP = GRANTED; tell_target(GRANT, sA)
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_SOURCE_DURABLE, 1) && jEnded == WRITING && jGranted != WRITING && sE != S_DOWN &&
        sE != S_CLOSED ->
        jEnded = DURABLE;
        say_end();
        DONE }
    :: d_step { MAY(MV_SOURCE_UP, 0) && sE == S_DOWN -> source_up(); DONE }
    :: d_step { MAY(MV_ABORT_ATTEMPT, 0) && (sE == S_PAUSING || sE == S_SENDING) && TIRED ->
        abort_attempt();
        DONE }
    od
}

active proctype target()
{
end:
    do
    :: d_step { MAY(MV_TO_TARGET, 0) && len(to_target) > 0 && tE != T_DOWN -> target_hears(); DONE }
    :: d_step { MAY(MV_LOADED, 0) && tE == T_ACTIVE && tLoading != 0 ->
        if
        :: tP == RECEIVING && tLoading > tA ->
            tA = tLoading;
            tP = READY;
            tLoading = 0;
            tell_source(READY_SAID, tA)
        :: else -> tLoading = 0
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_RESUMED, 0) && tStarting ->
        tStarting = 0;
        if
        :: tGuest == PAUSED || tGuest == LIVE -> tGuest = LIVE
        :: else -> skip
        fi;
        if
        :: tE == T_ACTIVE -> tell_source(STARTED, tA)
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_DURABLE, 0) && tE == T_ACTIVE && jOwner == WRITING ->
        jOwner = DURABLE;
        if
        :: tP == OWNING -> tP = OWNER; tStarting = 1
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_DURABLE, 1) && tE == T_ACTIVE && jBurned == WRITING ->
        jBurned = DURABLE;
        tGuest = GONE;
        if
        :: tP == T_BURNING -> tP = BURNED; tell_source(ABORTED, tA)
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_UP, 0) && tE == T_DOWN -> target_up(); DONE }
    od
}

active proctype network()
{
end:
    do
    :: d_step { MAY(MV_CONNECT, 0) && link == DOWN && sE != S_DOWN && sE != S_CLOSED && tE != T_DOWN ->
        connect();
        DONE }
    od
}

#ifndef TRACE
/* Time passes. Without something that always happens, a state in which nothing more does is no cycle for
 * spin when fairness is asked for, and a wrong end would not be found. */
active proctype time_passes()
{
    do
    :: link <= UP /* always */
    od
}
#endif

#define SOURCE_GOES_DOWN(kind, host, budget, granted_there, ended_there, which)                             \
    :: d_step { MAY(kind, which) && PRICE(budget) && sE != S_DOWN &&                                        \
        (!granted_there || jGranted == WRITING || jGranted == DOUBT) &&                                     \
        (!ended_there || jEnded == WRITING || jEnded == DOUBT) ->                                           \
        PAY(budget);                                                                                        \
        source_down(host, granted_there, ended_there);                                                      \
        DONE }

#define TARGET_GOES_DOWN(kind, host, budget, there, which)                                                  \
    :: d_step { MAY(kind, which) && PRICE(budget) && tE != T_DOWN &&                                        \
        (!there || jOwner == WRITING || jOwner == DOUBT || jBurned == WRITING || jBurned == DOUBT) ->       \
        PAY(budget);                                                                                        \
        target_down(host, there);                                                                           \
        DONE }

active proctype faults()
{
end:
    do
    :: d_step { MAY(MV_LINK_LOST, 0) && LOSES && link != DOWN -> lose_link(); DONE }
    SOURCE_GOES_DOWN(MV_SOURCE_CRASH, 1, crashes, 0, 0, 0)
    SOURCE_GOES_DOWN(MV_SOURCE_CRASH, 1, crashes, 1, 0, 1)
    SOURCE_GOES_DOWN(MV_SOURCE_CRASH, 1, crashes, 0, 1, 2)
    SOURCE_GOES_DOWN(MV_SOURCE_CRASH, 1, crashes, 1, 1, 3)
    SOURCE_GOES_DOWN(MV_SOURCE_DAEMON, 0, restarts, 0, 0, 0)
    SOURCE_GOES_DOWN(MV_SOURCE_DAEMON, 0, restarts, 1, 0, 1)
    SOURCE_GOES_DOWN(MV_SOURCE_DAEMON, 0, restarts, 0, 1, 2)
    SOURCE_GOES_DOWN(MV_SOURCE_DAEMON, 0, restarts, 1, 1, 3)
    TARGET_GOES_DOWN(MV_TARGET_CRASH, 1, crashes, 0, 0)
    TARGET_GOES_DOWN(MV_TARGET_CRASH, 1, crashes, 1, 1)
    TARGET_GOES_DOWN(MV_TARGET_DAEMON, 0, restarts, 0, 0)
    TARGET_GOES_DOWN(MV_TARGET_DAEMON, 0, restarts, 1, 1)
    :: d_step { MAY(MV_SOURCE_WRITE_FAILS, 0) && PRICE(failed) && jGranted == WRITING && sE != S_DOWN &&
        sE != S_CLOSED -> PAY(failed); grant_failed(); DONE }
    :: d_step { MAY(MV_SOURCE_WRITE_FAILS, 1) && PRICE(failed) && jEnded == WRITING &&
        jGranted != WRITING && sE != S_DOWN && sE != S_CLOSED ->
        PAY(failed); jEnded = DOUBT; close_source(0); DONE }
    :: d_step { MAY(MV_TARGET_WRITE_FAILS, 0) && PRICE(failed) && jOwner == WRITING && tE == T_ACTIVE ->
        PAY(failed);
        jOwner = DOUBT;
        if
        :: tP == OWNING -> tP = UNSURE
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_WRITE_FAILS, 1) && PRICE(failed) && jBurned == WRITING &&
        tE == T_ACTIVE ->
        PAY(failed);
        jBurned = DOUBT;
        if
        :: tP == T_BURNING -> tP = UNSURE
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_GRANT_LATE, 0) && PRICE(limits) && jGranted == WRITING && sE != S_DOWN &&
        sE != S_CLOSED -> PAY(limits); grant_failed(); DONE }
#ifndef TRACE
    :: d_step { PRICE(limits) && (sE == S_PAUSING || sE == S_SENDING) ->
        PAY(limits); abort_attempt(); DONE }
#endif
    :: d_step { MAY(MV_GIVE_UP, 0) && PRICE(limits) && !sEnding && link == DOWN &&
        (sE == S_COPYING || sE == S_PAUSING || sE == S_SENDING) -> PAY(limits); give_up(); DONE }
    :: d_step { MAY(MV_TARGET_GIVES_UP, 0) && PRICE(limits) && tE == T_ACTIVE && link == DOWN &&
        (tP == RECEIVING || tP == READY) -> PAY(limits); burn(); DONE }
    :: d_step { MAY(MV_CANCEL, 0) && PRICE(cancels) && sE != S_DOWN && sE != S_CLOSED &&
        sP == GRANTING -> PAY(cancels); sP = BURNING; tell_target(BURN, sA); DONE }
    :: d_step { MAY(MV_CANCEL, 0) && PRICE(cancels) && sE != S_DOWN && sE != S_CLOSED &&
        sP == GRANTED -> PAY(cancels); DONE } /* too late */
    :: d_step { MAY(MV_CANCEL, 0) && PRICE(cancels) && sE != S_DOWN && sE != S_CLOSED && !sEnding &&
        (sP == RUNNING || sP == ATTEMPT) -> PAY(cancels); give_up(); DONE }
    :: d_step { MAY(MV_SOURCE_REINSTALLED, 0) && PRICE(reinstalls) && sE == S_DOWN ->
        PAY(reinstalls);
        sNew = 1;
        sSession = 0;
        sFate = 0;
        jGranted = NONE;
        jGrantedA = 0;
        jEnded = NONE;
        jEndedMoved = 0;
        if
        :: sGuest != GONE -> sGuest = KILLED
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_TARGET_REINSTALLED, 0) && PRICE(reinstalls) && tE == T_DOWN ->
        PAY(reinstalls);
        tNew = 1;
        tSession = 0;
        tFate = 0;
        jOwner = NONE;
        jBurned = NONE;
        jRecordA = 0;
        if
        :: tGuest != GONE -> tGuest = KILLED
        :: else -> skip
        fi;
        DONE }
    :: d_step { MAY(MV_OPERATOR_BURN, 0) && PRICE(burns) && tE == T_ACTIVE ->
        PAY(burns); burn_asked(); DONE }
#ifdef TRACE
    :: d_step { MAY(TRACE_NEXT, 0) ->
        lose_link();
        link = UP;
        sE = S_COPYING; sP = RUNNING; sA = 0; sGuest = LIVE;
        sEnding = 0; sWanted = 0; sMoved = 0; sSent = 0; sOffered = 0; sSession = 1; sFate = 0; sNew = 0;
        jGranted = NONE; jGrantedA = 0; jEnded = NONE; jEndedMoved = 0;
        tE = T_ACTIVE; tP = RECEIVING; tA = 0; tGuest = PAUSED;
        tStarting = 0; tLoading = 0; tSession = 1; tFate = 0; tNew = 0;
        jOwner = NONE; jBurned = NONE; jRecordA = 0;
        attempts = 7;
        c_code { now.accepted++; now.at++; now.next = trace_move[now.at]; } }
    :: d_step { MAY(TRACE_END, 0) ->
        c_code { printf("accepted %d traces, %d moves\n", now.accepted, now.at - now.accepted); now.next = -2; } }
#else
    :: d_step { !healed -> healed = 1 }
#endif
    od
}

#ifdef TRACE
/* Each trace begins with TRACE_NEXT. A model that is stuck before TRACE_END is in an invalid end state. */
active proctype reader()
{
    c_code { now.next = trace_move[0]; };
    next == -2
}
#endif

#ifndef TRACE
#define SOURCE_ALONE (SOURCE_OWNS && !TARGET_OWNS && tGuest != LIVE && (sGuest == LIVE || sGuest == KILLED))
#define TARGET_ALONE (TARGET_OWNS && !SOURCE_OWNS && sGuest != LIVE && (tGuest == LIVE || tGuest == KILLED))
/* Known why not: a journal is lost, or a write of the target's failed and only a restart can tell. */
#define EXCUSED (sNew || (tNew && (OUT || sFate == THERE || sP == MOVED)) || (tP == UNSURE && OUT))
ltl comes_to_an_end { ([] <> healed) -> (<> [] (SOURCE_ALONE || TARGET_ALONE || EXCUSED)) }
#endif
