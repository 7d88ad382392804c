"""Where the time goes of what was not reached."""

REASONS = (
    ("one transition against its own SQL, PostgreSQL",
     "The library's own code is some 1.5 us a step beside libpq's: deadlines on sockets that do "
     "not block, and typed values read back. Within the spread of the server's answers."),
    ("one transition against the statement by hand",
     "The log row is a second insert with an index entry of its own, flushed with the change."),
    ("whole life in batches of 500 against the best by hand, PostgreSQL",
     "Three rows of the log for a job, each with its index entry, beside the job's own three "
     "versions; and an index of leases that the table by hand does not have."),
    ("whole life in batches of 500 against the best by hand, SQLite",
     "Of the 52,000 instructions of a step (callgrind, SQLite 3.40) the log row takes 16,000, "
     "reading the job back 9,000, the check of its state 6,000, and leaving the indexes of due "
     "jobs and of leases 5,000 each; the statement by hand takes 11,000 and leaves no index."),
    ("claim and complete in batches, 200,000 queued",
     "Finished jobs and their log are kept, and what is kept of this many no longer fits in the "
     "server's buffers at their default size; the peer deletes its jobs."),
    ("submit in batches",
     "A job is its row and one of the log, with three index entries in all; a peer's job is its "
     "row alone. The log's share of the bytes is in the table of costs."),
    ("one by one over 8 connections",
     "Each change waits for a flush of the server's log on either side, so that what differs is "
     "small beside it."),
    ("64 callers in one process on SQLite",
     "Flushes are shared; what is left is a switch of threads for each call, on two processors, "
     "and the statements of whoever leads."),
    ("a lone caller on SQLite",
     "A step writes four pages to the WAL (the job, two indexes, the log), each with its checksum; "
     "the statement by hand writes one."),
    ("64 callers on PostgreSQL",
     "Steps share statements, and those of two callers at once still wait for two flushes."),
    ("8 processes on one SQLite file: the longest wait",
     "SQLite has no queue for its lock: processes ask again after a pause."),
    ("8 processes on one SQLite file: all of them by one alone",
     "Whoever commits makes all others read their pages anew, and between two owners the lock is "
     "free for the rest of a pause."),
    ("16 contenders for one job",
     "Those who lose wait, are woken one after the other, and read why: on two processors, "
     "switching takes longer than the statements do in turn."),
    ("claims ",
     "While a foreign transaction reads, what is dead cannot be removed and the WAL of a file "
     "cannot begin anew: both get longer."),
    ("the headers and a machine of 20 transitions",
     "All statements are rendered by the compiler, for each database that the program uses."),
)


def reason(what):
    return next((words for begin, words in REASONS if what.startswith(begin)), "")


def explained(targets):
    """A list of the targets that were missed, with the reason of each."""
    missed = [each.what for each in targets if each.reached() == "no"]
    if not missed:
        return ""
    return ("\n\nWhat is missed, and where the time goes:\n\n" +
            "\n".join(f"- *{each}*: {reason(each)}" for each in missed))
