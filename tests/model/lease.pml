/* The protocol of one job between clients that crash and a network that loses and delays, to be
 * checked by spin: all orders of all that can happen, within its bounds.
 *
 *     client --(request, in flight for any time)--> statement, atomic --(reply, or none)--> client
 *
 * A statement is one atomic step, as the UPDATE of the library is. A request that was sent arrives
 * whenever it likes, also after its sender gave up or sent again.
 *
 * Each WITHOUT_... or WITH_... leaves out one rule of the protocol, and must be refuted. Each
 * REACHES_... claims that something never happens, and must be refuted as well: it shows that the
 * model does what it is about. */

#define CLAIMS 2   /* epochs 1 and 2 */
#ifndef SENDINGS
#define SENDINGS 4 /* of all clients together: at most 5, `arrivals` lists them */
#endif

mtype = { waiting, leased, done };        /* states of the job */
mtype = { claim, finish, renew };         /* statements */
mtype = { none, applied, refused };       /* replies */
mtype = { unused, spent, void };          /* what a token stands for; there is one for each claim */

/* The row, its log and its tokens. */
mtype state = waiting;
byte epoch = 0;
bool live = false;                        /* the lease has not run out */
mtype token[CLAIMS + 1] = unused;
byte entries[CLAIMS + 1];                 /* of the log, for the end of each claim */
byte claimed_by[CLAIMS + 1];              /* the nonce of each claim, in the log */

/* What the world was told, which must stay true. */
byte handed_out[CLAIMS + 1];
bool told_refused[CLAIMS + 1];
bool told_never[CLAIMS + 1];
bool told_applied[CLAIMS + 1];

byte sendings = 0;
chan net = [SENDINGS] of { byte, mtype, byte, byte }; /* nonce, statement, sender, epoch */

/* What each client waits for, and the reply that has come. */
byte awaited[2];
mtype answered[2] = none;
byte granted[2];

#ifdef WITHOUT_EPOCH
#define EPOCH_FITS(e) true
#else
#define EPOCH_FITS(e) (e == epoch)
#endif
#ifdef WITHOUT_LEASE
#define TAKEABLE (state != done)
#else
#define TAKEABLE (state == waiting || (state == leased && !live))
#endif
#ifdef WITHOUT_TOKEN
#define TOKEN_FREE(e) true
#else
#define TOKEN_FREE(e) (token[e] == unused)
#endif

inline run_claim() {
    if
    :: TAKEABLE && epoch < CLAIMS ->
        assert(state == waiting || !live);  /* one live lease */
        epoch++;
        handed_out[epoch]++;
        assert(handed_out[epoch] == 1);     /* an epoch is handed out once */
        state = leased; live = true;
        claimed_by[epoch] = nonce;
        told = applied; e = epoch
    :: else -> told = refused
    fi
}

inline run_finish() {
    if
    :: state == leased && EPOCH_FITS(e) && TOKEN_FREE(e) ->
        assert(e == epoch);                 /* a stale epoch changes nothing */
        assert(!told_refused[e] && !told_never[e]);
        state = done; live = false; token[e] = spent;
        entries[e]++;
        assert(entries[e] == 1);            /* one accepted end of one claim */
        told = applied
    :: else ->
#ifdef REACHES_A_LATE_FINISH_THAT_IS_REFUSED
        assert(!(epoch > e && state == leased));
#endif
#ifdef REACHES_A_VOID_TOKEN
        assert(token[e] != void);
#endif
        told = refused
    fi
}

inline run_renew() {
    if
    :: state == leased && EPOCH_FITS(e) ->
        assert(e == epoch); live = true; told = applied
    :: else -> told = refused
    fi
}

#define ARRIVES(number) atomic { net??number, what, who, e -> nonce = number; arrive() }

inline arrive() {
    if
    :: what == claim -> run_claim()
    :: what == finish -> run_finish()
    :: what == renew -> run_renew()
    fi;
    if
    :: awaited[who] == nonce -> answered[who] = told; granted[who] = e
    :: else                                 /* its sender has given up */
    fi;
    told = none; what = 0; who = 0; e = 0; nonce = 0
}

/* The network and the database: any request that is on its way may be the next. */
active proctype arrivals() {
    mtype what, told = none;
    byte who, nonce, e;
    do
    :: ARRIVES(1)
    :: ARRIVES(2)
    :: ARRIVES(3)
    :: ARRIVES(4)
    :: ARRIVES(5)
    od
}

inline send(statement, epoch_of_run) {
    atomic {
        sendings++;
        nonce = sendings;
        awaited[self] = nonce;
        net!!nonce, statement, self, epoch_of_run
    }
}

/* The reply, or a connection that broke before it came. */
inline hear() {
    atomic {
        if
        :: answered[self] != none -> got = answered[self]; run_of = granted[self]
        :: true -> got = none; run_of = 0
        fi;
        awaited[self] = 0; answered[self] = none; granted[self] = 0
    }
}

inline be_told_applied() {
    atomic { assert(entries[mine] == 1); assert(!told_never[mine]); told_applied[mine] = true }
}

/* Why a statement changed nothing, read after it. */
inline read_reason(in_doubt) {
    atomic {
        if
        :: token[mine] == spent -> assert(entries[mine] == 1); told_applied[mine] = true
        :: token[mine] != spent && (epoch != mine || token[mine] == void) ->
            /* Nothing that is still on its way can fit any more. */
            assert(entries[mine] == 0); told_refused[mine] = true
        :: else ->
            if
            :: in_doubt                     /* unknown: nobody is told anything */
            :: else -> assert(entries[mine] == 0); told_refused[mine] = true
            fi
        fi
    }
}

/* Claims, works for any time, ends its claim, and settles a reply that was lost. It may stop at any
 * point for ever: nobody has to go on (`pan -E`). */
proctype worker(byte self) {
    byte nonce, run_of, mine;
    mtype got = none;
    do
    :: sendings + 2 <= SENDINGS && epoch < CLAIMS ->
        send(claim, 0);
        hear();
        atomic {
            mine = 0;
            if
            :: got == applied -> mine = run_of
            :: got == refused
            :: got == none ->               /* adopt what the nonce did, if it did */
                if
                :: epoch > 0 && claimed_by[epoch] == nonce -> mine = epoch
                :: else
                fi
            fi
        }
        if
        :: mine != 0 && sendings + 2 <= SENDINGS ->
            if
            :: self == 0 -> send(renew, mine); hear()
            :: true
            fi;
            if
            :: sendings + 2 <= SENDINGS ->
                send(finish, mine);
                hear();
                if
                :: got == applied -> be_told_applied()
                :: got == refused -> read_reason(false)
                :: got == none ->
#ifdef WITH_A_LOOK_INSTEAD_OF_A_RESEND
                    atomic {
                        if
                        :: token[mine] == spent -> told_applied[mine] = true
                        :: else -> told_refused[mine] = true
                        fi
                    }
#else
                    send(finish, mine);
                    hear();
                    if
                    :: got == applied ->
#ifdef REACHES_A_RESEND_THAT_APPLIES
                        assert(false);
#endif
                        be_told_applied()
                    :: got == refused -> read_reason(true)
                    :: got == none
                    fi
#endif
                fi
            :: else
            fi
        :: else
        fi;
        atomic { nonce = 0; run_of = 0; mine = 0; got = none }
    od
}

/* Anybody who settles a token, at any time, again and again. */
proctype resolver() {
    byte e;
    do
    :: atomic {
            select (e : 1 .. CLAIMS);
            if
            :: token[e] == spent ->
                assert(!told_never[e]);     /* the verdict is the same each time */
                assert(entries[e] == 1);
                told_applied[e] = true
            :: token[e] == void -> assert(told_never[e])
            :: token[e] == unused && handed_out[e] > 0 ->
#ifndef WITHOUT_A_TOMBSTONE
                token[e] = void;
#endif
                assert(!told_applied[e]);
                told_never[e] = true
            :: else
            fi;
            e = 0
        }
    od
}

/* Leases run out; a sweep hands the job back; the server restarts. */
proctype time() {
    bool restarted = false;
    do
    :: atomic { live -> live = false }
    :: atomic { state == leased && !live -> state = waiting }
#ifdef WITHOUT_DURABLE_EPOCHS
    :: atomic {
            !restarted && state == leased ->
            restarted = true; epoch--; state = waiting; live = false
        }
#endif
    od
}

init {
    atomic { run worker(0); run worker(1); run resolver(); run time() }
}
