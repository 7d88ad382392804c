"""What is known of why a target was not reached."""

# Only what was counted or profiled.
REASONS = (
    ("one transition against its own SQL, PostgreSQL",
     "the library's own code takes some 1.5 us a step beside libpq's"),
    ("one transition against the statement by hand",
     "a second row, that of the log, is written with an index entry of its own"),
    ("whole life in batches of 500 against the best by hand, PostgreSQL",
     "a job takes three rows of the log, each with an index entry, beside its own three versions, "
     "and entries in an index of leases"),
    ("whole life in batches of 500 against the best by hand, SQLite",
     "of the 44,000 instructions of a step's statements (callgrind, SQLite 3.40) the log row takes "
     "12,000, reading the job back 7,000, the check of its state 4,000, and leaving the indexes "
     "of due jobs and of leases 10,000; the statement by hand takes 11,000 and leaves no index"),
    ("submit in batches",
     "a job is its row and one of the log, with three index entries in all"),
    ("64 callers in one process on SQLite",
     "beside some 33 us of its own a job takes 27 us in the kernel, and two switches of threads "
     "(getrusage)"),
    ("8 processes on one SQLite file: all of them",
     "handing the lock over takes some 150 us beside the 280 us of a commit"),
    ("a lone caller on SQLite",
     "a step writes four pages to the WAL (the job, two indexes, the log), the statement by hand "
     "one"),
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
