#!/usr/bin/env python3
"""Shows that the suite notices each guard that is taken out of the library's statements.

    mutation_test.py PROGRAM [NAME...]      PROGRAM is the conformance suite, NAME a mutant

A mutant is killed when a test fails that passes without it. A crash, a timeout, and a mutant that
changed no statement kill nothing. Ends with 1 when a mutant survives that is not declared
redundant, or when a redundant one is killed. STATEMACHINE_TEST_CONNINFO names the server, as for
the suite.
"""

import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

BACKENDS = ("sqlite", "postgres")
# Suites that another database has no use for.
ON_POSTGRES = ("changes_in_flight", "events_in_flight", "versions_on_postgres",
               "schema_check_of_roles", "relay_on_postgres", "lost_reply")
SECONDS = 120
FAILED = re.compile(r"^\[  FAILED  \] ([\w/]+\.\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Mutant:
    name: str
    backend: str
    tests: str
    redundant: str

    def filter(self):
        """Its tests on its backend: `suite.test` is `suite/sqlite.test`, or a plain test."""
        wanted = []
        every = ["*.*", *map("{}.*".format, ON_POSTGRES)]
        for each in self.tests.split(":") if self.tests else every:
            suite, _, test = each.rpartition(".")
            if suite not in ON_POSTGRES:
                wanted.append(f"{suite}/{self.backend}.{test}")
            elif self.backend == "postgres":
                wanted.append(each)
        return ":".join(wanted)


def mutants(program):
    listed = subprocess.run([program, "--mutants"], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        name, backends, tests, redundant = line.split("\t")
        for backend in backends.split():
            if backend not in BACKENDS:
                sys.exit(f"{name}: there is no backend '{backend}'")
            yield Mutant(name, backend, tests, redundant)


def run(program, tests, environment):
    command = [program, f"--gtest_filter={tests}", "--gtest_brief=1", "--gtest_fail_fast"]
    try:
        return subprocess.run(command, env={**os.environ, **environment}, timeout=SECONDS,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
    except subprocess.TimeoutExpired:
        return None


def verdict(program, mutant):
    """Whether it was killed, and by which test or why not."""
    with tempfile.TemporaryDirectory() as directory:
        applied = Path(directory) / "applied"
        ended = run(program, mutant.filter(),
                    {"STATEMACHINE_MUTANT": mutant.name,
                     "STATEMACHINE_MUTANT_APPLIED": str(applied)})
        if ended is None:
            return False, f"nothing: it ran for {SECONDS} s"
        if not applied.exists():
            return False, "nothing: it changed no statement"
        found = FAILED.search(ended.stdout)
        if ended.returncode == 1 and found:
            return True, found.group(1)
        if ended.returncode == 0:
            return False, "nothing: all tests passed"
        return False, f"nothing: the program ended with {ended.returncode}"


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    program = str(Path(sys.argv[1]).resolve())
    wanted = [each for each in mutants(program) if not sys.argv[2:] or each.name in sys.argv[2:]]

    filters = {tests for each in wanted for tests in each.filter().split(":")}
    untouched = run(program, ":".join(sorted(filters)), {})
    if untouched is None or untouched.returncode != 0:
        print(untouched.stdout if untouched else f"it ran for {SECONDS} s")
        sys.exit("these tests fail without any mutant")

    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        verdicts = list(pool.map(lambda each: verdict(program, each), wanted))
    killed = survived = redundant = 0
    for mutant, (dead, by) in zip(wanted, verdicts):
        changed_nothing = by.endswith("changed no statement")
        if mutant.redundant and not dead and not changed_nothing:
            redundant += 1
            by = f"redundant: {mutant.redundant}"
        elif dead and not mutant.redundant:
            killed += 1
        else:
            survived += 1
            by = f"REDUNDANT NO MORE: {by}" if dead else f"SURVIVED: {by}"
        print(f"{mutant.name:36} {mutant.backend:9} {by}")
    print(f"{killed} killed, {survived} survived, {redundant} redundant")
    sys.exit(1 if survived else 0)


if __name__ == "__main__":
    main()
