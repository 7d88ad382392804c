"""What is known of why a target was not reached."""

# Only what was counted or profiled.
REASONS = (
    ("one transition against its own SQL, PostgreSQL",
     "the library's own code takes some 5,000 instructions a step beside 7,400 of libpq "
     "(callgrind), which is 2 of 60 us; laid out in the program file in the order in which "
     "it runs it was 1.03 in place of 1.04 x, and the nonce from the kernel and the deadline of "
     "each wait made no difference"),
    ("one transition against the statement by hand",
     "of 50 us more (pgbench, full durability) the UPDATE itself takes a half, for five indexes "
     "in place of two and the CHECK of the states, and the columns that come back and the row of "
     "the log with its index entry a quarter each"),
    ("whole life in batches of 500 against the best by hand, PostgreSQL",
     "in loops of PL/pgSQL over batches of 500, at relaxed durability, the server takes 3.4, 3.9 "
     "and 3.6 us for a job that is submitted, claimed and finished, of which the row of the log is "
     "1.2, 0.8 and 0.8; to finish it with nothing but the change takes 2.7. Guards and clocks of a "
     "claim are 1 % each, its row locks 4 %. Without leases in the index of due jobs claims took "
     "9 % less and the whole of it 1 to 3 %, but claims of leases that ran out a fifth longer. In "
     "the benchmark's run the server takes 85 % of both processors, the client 4 % and the disk "
     "leaves 11 % idle (perf). With claims that find their jobs again by ctid it took 3 % less, "
     "but they miss one that changes between their search and its lock"),
    ("whole life in batches of 500 against the best by hand, SQLite",
     "of the 44,000 instructions of a step's statements (callgrind, SQLite 3.40) the log row takes "
     "12,000, reading the job back 5,000, the check of its state 4,000, and leaving the indexes "
     "of due jobs and of leases 10,000; the statement by hand takes 11,000 and leaves no index. "
     "Without leases in the index of due jobs the whole took 5 % less; pages of 1 or 2 KiB in "
     "place of 4 took 5 to 10 % more"),
    ("claim and complete in batches, 50,000 queued",
     "the server computes for 12 to 13 us a job and statement (its log of durations), on both "
     "processors, and waits for the WAL in between"),
    ("one by one over 8 connections",
     "claims or steps of all eight share a statement: of 0.64 ms from one to the next the server "
     "computes for 0.23 and commits for 0.19 (its log of durations, pg_stat_wal), and the rest is "
     "for waking it, waking eight threads, and for what they ask next"),
    ("claim and complete in batches, 200,000 queued",
     "the peer's rate is four times higher after a vacuum of the rows that it deleted than before "
     "(graphile-worker: 8,000 to 11,000 and 42,000 a second), and the median is of those after; "
     "the library stays between 37,000 and 57,000, all rows kept, on a server that is idle for an "
     "eighth of the time (perf)"),
    ("submit in batches",
     "a job is its row and one of the log, with three index entries in all: 500 bytes of WAL, of "
     "which the rows take 270 and the index entries 210 (pg_waldump). One caller's takes 5.0 us of "
     "processor time in all, and one of four callers 6.4, which load both processors: all of them "
     "write the last page of each index, wait for its lock, and have to search for it (perf). "
     "Inserting into the indexes is two fifths of the server's time, and for a quarter of all time "
     "the processors wait for the disk. Sent by COPY, with ids taken before, it took 0.9 to 1.05 x "
     "the time"),
    ("64 callers in one process on SQLite",
     "one thread runs some 1.3 ms of SQL for the others, and telling them and taking their next "
     "calls takes 27 us of processor time each, on two processors (perf sched)"),
    ("a lone caller on SQLite",
     "a step writes four pages to the WAL (the job, two indexes, the log), the statement by hand "
     "one; without leases in the index of due jobs it was 0.86 in place of 0.83 x"),
    ("64 callers on PostgreSQL",
     "some 40 steps share a statement: of 33 us a step the server computed for 18 in one process "
     "and committed for 5 (its log of durations), and the threads took 11 of processor time to be "
     "woken and to come back; since jobs are not locked first it takes a tenth less. Two "
     "statements at once brought nothing on two processors"),
    ("8 processes on one SQLite file: all of them",
     "handing the lock over takes 25 us, and a commit takes some 30 us longer than the 160 to 175 "
     "that it takes one process alone (clock readings around the lock). Two commits in a turn "
     "brought 0.78 x in place of 0.75, but 0.6 in place of 0.98 for the slowest by the fastest"),
    ("claims one by one after 20,000 jobs (foreign transaction) against a fresh table, SQLite",
     "the transaction keeps the WAL from beginning anew, and a commit that makes the file longer "
     "takes 1.7 to 1.9 times as long, also of one UPDATE by sqlite3 alone"),
    ("claims one by one after 20,000 jobs (foreign transaction) against a fresh table, PostgreSQL",
     "a lone claim takes 150 us or up to 250, before and after alike, and which of them came out "
     "more often decides; in batches it is 1 x"),
    ("16 contenders for one job against 16 calls in turn, started alike, SQLite",
     "of the benchmark's processor time the kernel takes nine tenths and SQLite a twentieth "
     "(perf): sixteen threads are woken one after another, where in turn one runs; by hand, where "
     "each asks for the lock again and again, the same race takes several times as long. Where the "
     "winner's thread reads the reason for all the others it was 1.25 in place of 1.85 x"),
    ("the headers and a machine of 20 transitions",
     "headers take seven tenths of it, and those of the standard library and of Outcome, compiled "
     "alone, half; the machine takes 0.1 s and its use 0.15 s. It was 0.98 and 1.02 s in two runs, "
     "on a processor whose speed changes by a third"),
)


def reason(what):
    return next((words for begin, words in REASONS if what.startswith(begin)),
                "not profiled yet")


def explained(targets):
    """A list of the targets that were missed, with what is known of each."""
    missed = [each.what for each in targets if each.reached() == "no"]
    if not missed:
        return ""
    return ("\n\nWhat is missed, and what is known of why:\n\n" +
            "\n".join(f"- *{each}*: {reason(each)}." for each in missed))
