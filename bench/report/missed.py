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
     "of the 52,000 instructions of a step (callgrind, SQLite 3.40) the log row takes 16,000, "
     "reading the job back 9,000, the check of its state 6,000, and leaving the indexes of due "
     "jobs and of leases 5,000 each; the statement by hand takes 11,000 and leaves no index"),
    ("submit in batches",
     "a job is its row and one of the log, with three index entries in all"),
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
