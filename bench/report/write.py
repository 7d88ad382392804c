#!/usr/bin/env python3
"""Writes docs/performance.md and its figures of the results that are there."""

import os
import platform
import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
import plots  # noqa: E402
from missed import explained  # noqa: E402
from peers_compared import PEERS  # noqa: E402
from results import ROOT, Section, median, spread  # noqa: E402
from targets import all_targets  # noqa: E402

SECTIONS = ("overhead", "cost", "life", "contention", "growth", "wakeup", "compile", "peers")
DATABASES = (("sqlite", "SQLite"), ("postgres", "PostgreSQL"))

INTRODUCTION = """# Performance

`./scripts/bench` measures everything below on one machine and writes this page; `./scripts/bench
life` measures one section, `./scripts/bench --report` only writes. What is compared runs in turn
in one run (A B C, B C A, ...), so that a busy machine disturbs each alike, and the numbers are
ratios: the median of the pairs, and in brackets the least and the most. A wide bracket means that
the machine was busy or the disk uneven; look at the ratio only as far as the bracket allows.
Times by themselves say little beyond this machine.

Two things by hand are compared with: the library's **own SQL**, with the same parameters, plans
and rows found, prepared and sent by `sqlite3` and libpq alone (what the library's code costs), and
the best guarded **statement by hand**, without log, tokens and reasons and with one index (what the
guarantees cost).
"""


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(cell) for cell in row) + " |"
                              for row in rows])


def number(value, form="{:,.0f}"):
    return "" if value is None else form.format(value)


def version(*words):
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        return (done.stdout or done.stderr).splitlines()[0].strip()
    except (OSError, IndexError):
        return "not there"


def machine(sections):
    cpu = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text("utf-8"))
    memory = int(re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text("utf-8")).group(1))
    context = sections["overhead"].context
    server = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    rows = [("processor", f"{os.cpu_count()} x {cpu.group(1) if cpu else platform.machine()}"),
            ("memory", f"{memory / 2**20:.0f} GiB"), ("system", platform.platform(terse=True)),
            ("file system", version("stat", "-f", "-c", "%T", "/tmp")),
            ("SQLite", context.get("sqlite", "")),
            ("PostgreSQL", version(str(server[-1]), "--version") if server else ""),
            ("compiler", version("c++", "--version") + ", Release")]
    rows += [(f"size of {name}", each.context.get("size", "")) for name, each in sections.items()
             if each.there and each.context.get("size") != "short"]
    return "## Machine\n\n" + table(("what", "which"), rows)


def targets(sections):
    all_of_them = list(all_targets(sections))
    rows = [(each.what, each.wanted, each.measured(), each.reached()) for each in all_of_them]
    missed = sum(each.reached() == "no" for each in all_of_them)
    met = sum(each.reached() == "yes" for each in all_of_them)
    return (f"## Targets\n\n{met} reached, {missed} missed, "
            f"{len(rows) - met - missed} not measured.\n\n" +
            table(("what", "to reach", "measured", "reached"), rows) + explained(all_of_them))


def overhead(section):
    rows = []
    for name in section.names("overhead/"):
        _, database, durability, operation = name.split("/")
        rows.append((f"`{operation}`", database, durability,
                     spread(section.ratios(name, "library_us", "raw_us")),
                     spread(section.ratios(name, "library_cpu_us", "raw_cpu_us")),
                     spread(section.ratios(name, "library_us", "hand_us")),
                     number(median(section.values(name, "statements")), "{:g}"),
                     number(median(section.values(name, "transactions")), "{:g}")))
    return ("## Overhead\n\n`./scripts/bench overhead`: one caller, on the same processor as the "
            "server. *relaxed* has fsync out of the way (`synchronous_commit=off`, "
            "`synchronous=OFF`). Each number is time divided by time.\n\n"
            + plots.overhead(section) + "\n\n" +
            table(("call", "database", "durability", "own SQL", "own SQL, client's CPU", "by hand",
                   "statements", "transactions"), rows))


def cost(section):
    columns = (("allocations", "{:.1f}"), ("allocated_bytes", "{:,.0f}"), ("messages", "{:.2f}"),
               ("syncs", "{:.2f}"), ("wal_bytes", "{:,.0f}"), ("client_cpu_us", "{:.1f}"),
               ("server_cpu_us", "{:.1f}"), ("instructions", "{:,.0f}"))
    rows = []
    for name in section.names("cost/"):
        _, database, operation, variant = name.split("/")
        # The server's syncs are not counted.
        blank = {"sqlite": ("messages", "server_cpu_us"), "postgres": ("syncs",)}[database]
        rows.append([f"`{operation}`", database, variant] +
                    ["" if each in blank else number(median(section.values(name, each)), form)
                     for each, form in columns])
    return ("## Cost of a job\n\n`./scripts/bench cost`: for one job of each call, at full "
            "durability, all on one processor. Allocations, messages (round trips) and syncs are "
            "counted at the C library, those of the database's client included: the difference "
            "between `library` and `raw` is the library's. A commit of PostgreSQL is one sync of "
            "the server's. Instructions are the client's, by callgrind.\n\n" +
            table(["call", "database", "variant"] + [each.replace("_", " ") for each, _ in columns],
                  rows))


def life(section):
    rows = []
    for name in section.names("life/"):
        database, what = name.split("/", 2)[1:]
        if section.values(name, "library_life_per_s"):
            rows.append([what.replace("_", " ").replace("/", ", "), database] +
                        [spread(section.ratios(name, f"library_{part}_per_s", f"hand_{part}_per_s"))
                         for part in ("submit", "work", "life")] +
                        [number(median(section.values(name, "library_life_per_s")))])
    callers = [(name.rpartition(":")[2], name.split("/")[1],
                spread(section.ratios(name, "hand_us", "library_us")),
                spread(section.ratios(name, "hand_cpu_us", "library_cpu_us")))
               for name in section.names("life/") if "/callers:" in name]
    shared = "life/sqlite/processes:8"
    return ("## Whole lives\n\n`./scripts/bench life`: submit, claim and finish at full "
            "durability with the log on, as a multiple of the rate of the best form by hand "
            "(arrays on PostgreSQL, one transaction on SQLite).\n\n" +
            table(("how", "database", "submit", "claim and finish", "life", "lives a second"),
                  rows) +
            "\n\nCallers that each finish one job at a time, in one process: the library's one "
            "database against one mutex (SQLite) or a connection each (PostgreSQL), as a "
            "multiple of their rate.\n\n" + table(("callers", "database", "rate", "by CPU"),
            callers) +
            "\n\n8 processes that submit to one SQLite file: the slowest got "
            f"{spread(section.values(shared, 'fairness'))} of the fastest, all together "
            f"{spread(section.ratios(shared, 'together_per_s', 'alone_per_s'))} of one alone; "
            f"waits: p99 "
            f"{spread(section.values(shared, 'wait_p99_us'), '{:,.0f}')} us, longest "
            f"{spread(section.values(shared, 'wait_max_us'), '{:,.0f}')} us.")


def contention(section):
    hot, others = [], []
    for name in section.names("contention/"):
        database, what = name.split("/", 2)[1:]
        if what.startswith("hot_job"):
            hot.append((what.rpartition("/")[2], database,
                        spread(section.values(name, "winners_a_round"), "{:g}"),
                        spread(section.ratios(name, "library_us", "in_turn_us")),
                        spread(section.ratios(name, "library_us", "hand_us")),
                        spread(section.ratios(name, "lost_p50_us", "hand_lost_p50_us")),
                        spread(section.values(name, "fairness"))))
        else:
            others.append([what.replace("_", " "), database] +
                          [number(median(section.values(name, each)), form)
                           for each, form in (("winners_a_round", "{:.2f}"), ("taken", "{:.2f}"),
                                              ("fairness", "{:.2f}"), ("per_s", "{:,.0f}"),
                                              ("won_p50_us", "{:,.0f}"), ("won_p99_us", "{:,.0f}"),
                                              ("won_max_us", "{:,.0f}"), ("lost_p50_us", "{:,.0f}"),
                                              ("lost_max_us", "{:,.0f}"))])
    return ("## Contention\n\n`./scripts/bench contention`, at full durability.\n\n" +
            plots.contention(section) +
            "\n\nContenders that claim one job at the same moment: against as many calls in "
            "turn, and against the statement by hand on connections of their own.\n\n" +
            table(("contenders", "database", "winners", "in turn", "by hand", "a loser's time by "
            "hand",
                   "fairness"), hot) +
            "\n\nOther races, in microseconds: `taken` is the share of the jobs that somebody "
            "got, exactly once; fairness the fewest wins by the most. Of 16 callers with one key "
            "or token, one is told `applied` and the others what it did.\n\n" +
            table(("race", "database", "winners", "taken", "fairness", "a second", "won p50", "p99",
                   "longest", "lost p50", "longest"), others))


def growth(section):
    rows = []
    for name in section.names("growth/"):
        database, what = name.split("/", 2)[1:]
        rows.append((what.replace("_", " "), database, number(median(section.values(name, "rows"))),
                     spread(section.ratios(name, "fresh_us", "aged_us")),
                     spread(section.ratios(name, "fresh_batch_us", "aged_batch_us"))))
    return ("## Growth\n\n`./scripts/bench growth`: the rate of claims as a multiple of that on "
            "a fresh table: with finished rows, after so many lives without vacuum, and beside a "
            "transaction of somebody else that stays open. All on one processor.\n\n" +
            plots.growth(section) + "\n\n" +
            table(("table", "database", "jobs", "one by one", "batches of 100"), rows))


def wakeup(section):
    waits = [(name.split("/", 2)[2].replace("_", " "), name.split("/")[1]) +
             tuple(spread(section.values(name, f"wait_{each}_us"), "{:,.0f}")
                   for each in ("p50", "p99", "max"))
             for name in section.names("wakeup/") if section.values(name, "wait_p50_us")]
    idle = [(name.split("/")[1], spread(section.values(name, "calls_per_s"), "{:.1f}"),
             spread(section.values(name, "cpu_percent"), "{:.2f} %"))
            for name in section.names("wakeup/") if section.values(name, "calls_per_s")]
    return ("## Wake-ups\n\n`./scripts/bench wakeup`: microseconds from the submit to the "
            "callable of an idle worker, the commits of submit and claim included.\n\n" +
            table(("the worker hears of it by", "database", "p50", "p99", "longest"), waits) +
            "\n\nWhat eight idle workers of one process cost.\n\n" +
            table(("database", "claims a second", "CPU of the process"), idle))


def compile_time(section):
    rows = [(name.split("/")[1], name.split("/", 2)[2].replace("/", ", "),
             spread(section.values(name, "seconds"), "{:.2f} s"))
            for name in section.names("compile/") if section.values(name, "seconds")]
    return ("## Compile time\n\n`./scripts/bench compile`: processor time of one translation "
            "unit, -O0, with the headers of the library and of SQLite; *declared* verifies the "
            "machine, *used* also makes a store and fires an event, *store.hpp* does so with "
            "`<statemachine/store.hpp>` in place of `<statemachine/statemachine.hpp>`.\n\n" +
            table(("compiler", "unit", "time"), rows))


def peers(section):
    rows = []
    for name in section.names("peers/"):
        _, database, peer, *how = name.split("/")
        rows.append([peer, database, ", ".join(how).replace("_", " ").replace(":", " ")] +
                    [spread(section.ratios(name, f"library_{part}_per_s", f"peer_{part}_per_s"))
                     for part in ("submit", "work")] +
                    [number(median(section.values(name, "library_work_per_s"))),
                     number(median(section.values(name, "peer_work_per_s")))])
    measured = {row[0] for row in rows} | {"this"}
    settings = [each for each in PEERS if each[0].split()[0].lower() in measured]
    left_out = "".join(f"\n- {name} is left out: `{why}`"
                       for name, why in section.context.get("left_out", {}).items())
    return ("## Other job queues\n\n`./scripts/bench peers`: jobs that do nothing, on the same "
            "server or disk, at full durability, rows and log kept by the library. Rates as a "
            "multiple of the peer's.\n\n" + plots.peers(section) + "\n\n" +
            table(("peer", "database", "how", "submit", "claim and finish", "library, a second",
                   "peer, a second"), rows) + "\n" + left_out +
            "\n\nWhat they do, at the settings that were used:\n\n" +
            table(("", "settings", "finished jobs", "a stale worker's finish", "history"),
                  settings))


WRITERS = {"overhead": overhead, "cost": cost, "life": life, "contention": contention,
           "growth": growth, "wakeup": wakeup, "compile": compile_time, "peers": peers}


def main():
    sections = {name: Section(name) for name in SECTIONS}
    parts = [INTRODUCTION, targets(sections), machine(sections)]
    for name, writer in WRITERS.items():
        if not sections[name].there:
            continue
        parts.append(writer(sections[name]))
        failures = sections[name].failures()
        if failures:
            parts.append("Failed:\n\n" + "\n".join(f"- `{each}`: {why}"
                                                   for each, why in failures.items()))
    file = ROOT / "docs/performance.md"
    file.write_text("\n\n".join(each.strip() for each in parts) + "\n", "utf-8")
    print(f"Wrote {file.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
