"""What was to be reached, and whether it was."""

from results import median, spread


class Target:
    """Reached when the median of the values is at least, or at most, the limit."""

    def __init__(self, what, wanted, values, least=None, most=None, form="{:.2f} x"):
        self.what, self.wanted = what, wanted
        self.values, self.least, self.most, self.form = values, least, most, form

    def measured(self):
        return spread(self.values, self.form)

    def reached(self):
        if not self.values:
            return ""
        found = median(self.values)
        below = self.least is not None and found < self.least
        above = self.most is not None and found > self.most
        return "no" if below or above else "yes"


def better_peer(peers, names, form, part):
    """The library's rate by that of the peer which it is least ahead of, pair by pair."""
    all_ratios = [peers.ratios(each, f"library_{part}_per_s", f"peer_{part}_per_s")
                  for name in names for each in peers.names(f"peers/{name}/{form}")]
    all_ratios = [each for each in all_ratios if each]
    return min(all_ratios, key=median) if all_ratios else []


def of_one_transition(overhead, cost):
    def against(database, durability, baseline):
        return overhead.ratios(f"overhead/{database}/{durability}/finish", "library_us",
                               f"{baseline}_us")

    yield Target("one transition against its own SQL, PostgreSQL", "time 1.02 x or less",
                 against("postgres", "relaxed", "raw"), most=1.02)
    yield Target("one transition against its own SQL, SQLite", "time 1.10 x or less",
                 against("sqlite", "relaxed", "raw"), most=1.10)
    for database, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite")):
        counts = [cost.values(f"cost/{database}/finish/{who}", "allocations")
                  for who in ("library", "raw")]
        yield Target(f"allocations of the library's own in one transition, {name}", "none",
                     [a - b for a, b in zip(*counts)], most=0, form="{:.1f}")
    for database, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite")):
        yield Target(f"one transition against the statement by hand, full durability, {name}",
                     "time 1.25 x or less", against(database, "full", "hand"), most=1.25)


def measured_peers(peers, names):
    """Those that the results are of, in words."""
    there = [each.partition("/")[2] for each in names if peers.names(f"peers/{each}/")]
    if len(there) > 1:
        return "the better of " + " and ".join(there)
    return there[0] if there else " and ".join(each.partition("/")[2] for each in names)


def of_lives(life, peers):
    for database, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite")):
        yield Target(f"whole life in batches of 500 against the best by hand, {name}",
                     "rate 0.6 x or more",
                     life.ratios(f"life/{database}/batches_of_500/workers:1",
                                 "library_life_per_s", "hand_life_per_s"), least=0.6)
    on_postgres = ("postgres/graphile-worker", "postgres/pg-boss")
    better = measured_peers(peers, on_postgres)
    longest = sorted({int(each.rpartition(":")[2]) for name in on_postgres
                      for each in peers.names(f"peers/{name}/batches")})
    for queued in longest:
        yield Target(f"claim and complete in batches, {queued:,} queued, against {better}",
                     "rate 2 x or more",
                     better_peer(peers, on_postgres, f"batches/queued:{queued}", "work"), least=2)
    yield Target("submit in batches against the same", "rate 2 x or more",
                 better_peer(peers, on_postgres, "batches", "submit"), least=2)
    yield Target("one by one over 8 connections against the same", "rate 2 x or more",
                 better_peer(peers, on_postgres, "one_by_one", "work"), least=2)
    on_sqlite = ("sqlite/plainjob", "sqlite/liteque")
    for form, words in (("batches", "in batches"), ("one_by_one", "one by one")):
        yield Target(f"claim and complete on SQLite, {words}, against "
                     f"{measured_peers(peers, on_sqlite)}", "ahead by far",
                     better_peer(peers, on_sqlite, form, "work"), least=2)


def of_callers(life):
    def rate(name):
        return life.ratios(name, "hand_us", "library_us")

    yield Target("64 callers in one process on SQLite against one mutex", "rate 10 x or more",
                 rate("life/sqlite/callers:64"), least=10)
    yield Target("a lone caller on SQLite against the statement by hand", "rate 0.9 x or more",
                 rate("life/sqlite/callers:1"), least=0.9)
    yield Target("64 callers on PostgreSQL against 64 connections", "rate 3 x or more",
                 rate("life/postgres/callers:64"), least=3)
    file = "life/sqlite/processes:8"
    yield Target("8 processes on one SQLite file: the slowest by the fastest", "0.8 x or more",
                 life.values(file, "fairness"), least=0.8)
    yield Target("8 processes on one SQLite file: the longest wait", "20 ms or less",
                 [each / 1000 for each in life.values(file, "wait_max_us")], most=20,
                 form="{:.1f} ms")
    yield Target("8 processes on one SQLite file: all of them by one alone", "0.8 x or more",
                 life.ratios(file, "together_per_s", "alone_per_s"), least=0.8)


def of_growth(growth):
    for database, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite")):
        finished = growth.names(f"growth/{database}/finished/")
        others = [each for each in growth.names(f"growth/{database}/") if each not in finished]
        for each in finished[-1:] + others:
            rows = int(median(growth.values(each, "rows")) or 0)
            what = each.split("/")[2].replace("_", " ")
            for kind, words in (("", "one by one"), ("_batch", "in batches")):
                yield Target(f"claims {words} after {rows:,} jobs ({what}) against a fresh table, "
                             f"{name}", "rate 0.9 x or more",
                             growth.ratios(each, f"fresh{kind}_us", f"aged{kind}_us"), least=0.9)


def of_races(overhead, contention, compile_time):
    for database, name in (("postgres", "PostgreSQL"), ("sqlite", "SQLite")):
        yield Target(f"statements of a refused transition, {name}", "one, and its reason",
                     overhead.values(f"overhead/{database}/relaxed/refused_finish", "statements"),
                     most=2, form="{:.1f}")
        hot = f"contention/{database}/hot_job/16"
        yield Target(f"winners among 16 contenders for one job, {name}", "one",
                     contention.values(hot, "winners_a_round"), least=1, most=1, form="{:.0f}")
        yield Target(f"16 contenders for one job against 16 calls in turn, started alike, {name}",
                     "time 1 x or less", contention.ratios(hot, "library_us", "in_turn_us"), most=1)
    yield Target("the headers and a machine of 20 transitions, GCC -O0", "1 s or less",
                 compile_time.values("compile/gcc/transitions:20/used", "seconds"), most=1,
                 form="{:.2f} s")


def all_targets(sections):
    yield from of_one_transition(sections["overhead"], sections["cost"])
    yield from of_lives(sections["life"], sections["peers"])
    yield from of_callers(sections["life"])
    yield from of_growth(sections["growth"])
    yield from of_races(sections["overhead"], sections["contention"], sections["compile"])
