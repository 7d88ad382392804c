#!/usr/bin/env python3
"""Shows that the suite notices each guard that is taken out of the library.

    mutation_test.py PROGRAM [--report FILE] [NAME...]                  guards of statements
    mutation_test.py PROGRAM --sources BUILD [--report FILE] [NAME...]  lines of source files

PROGRAM is the conformance suite, NAME a mutant, BUILD the directory that it was built in.

A mutant is killed when a test fails that passes without it. A crash, a timeout, and a mutant that
changed no statement kill nothing. Ends with 1 when a mutant survives that is not declared
redundant, or when a redundant one is killed. STATEMACHINE_TEST_CONNINFO names the server, as for
the suite.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True  # beside the sources

import mutants
from mutated_program import mutated_program

SECONDS = 120
SECONDS_UNTOUCHED = 600  # for the tests of all mutants together
FAILED = re.compile(r"^\[  FAILED  \] ([\w/]+\.\w+)", re.MULTILINE)


def run(program, tests, environment, seconds=SECONDS):
    command = [program, f"--gtest_filter={tests}", "--gtest_brief=1", "--gtest_fail_fast"]
    try:
        return subprocess.run(command, env={**os.environ, **environment}, timeout=seconds,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace")
    except subprocess.TimeoutExpired:
        return None


def verdict(program, build, mutant):
    """Whether it was killed, and by which test or why not."""
    with tempfile.TemporaryDirectory() as directory:
        applied = Path(directory) / "applied"
        environment = {}
        if mutant.file:
            program = mutated_program(Path(build), mutant, Path(directory))
        else:
            environment = {"STATEMACHINE_MUTANT": mutant.name,
                           "STATEMACHINE_MUTANT_APPLIED": str(applied)}
        ended = run(program, mutant.filter(), environment)
        if ended is None:
            return False, f"nothing: it ran for {SECONDS} s"
        if "[==========] 0 tests" in ended.stdout:
            return False, "nothing: no test has this name"
        if not mutant.file and not applied.exists():
            return False, "nothing: it changed no statement"
        found = FAILED.search(ended.stdout)
        if ended.returncode == 1 and found:
            return True, found.group(1)
        if ended.returncode == 0:
            return False, "nothing: all tests passed"
        return False, f"nothing: the program ended with {ended.returncode}"


def judged(mutant, dead, by):
    """In which count it belongs, and what is said about it."""
    tried = not by.endswith(("changed no statement", "no test has this name"))
    if mutant.redundant and not dead and tried:
        return "redundant", f"redundant: {mutant.redundant}"
    if dead and not mutant.redundant:
        return "killed", by
    return "survived", f"REDUNDANT NO MORE: {by}" if dead else f"SURVIVED: {by}"


def write_report(path, lines, summary):
    """What killed each in this run, survivors first."""
    lines = sorted(lines, key=lambda each: (each[0] != "survived", each[1].name, each[1].backend))
    rows = [f"| `{mutant.name}` | {mutant.file or 'statements'} | {mutant.backend} | {said} |"
            for _, mutant, said in lines]
    top = ["# Mutants of this run", "", summary, "", "| mutant | of | on | killed by |",
           "|---|---|---|---|"]
    path.write_text("\n".join(top + rows) + "\n")


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sources", metavar="BUILD")
    parser.add_argument("--report", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    return parser.parse_intermixed_args()


def main():
    how = read_arguments()
    program = str(Path(how.program).resolve())
    found = mutants.of_sources() if how.sources else mutants.of_statements(program)
    wanted = [each for each in found if not how.names or each.name in how.names]
    if not wanted:
        sys.exit("there is no mutant of that name")

    filters = {tests for each in wanted for tests in each.filter().split(":")}
    untouched = run(program, ":".join(sorted(filters)), {}, SECONDS_UNTOUCHED)
    if untouched is None or untouched.returncode != 0:
        print(untouched.stdout if untouched else f"it ran for {SECONDS_UNTOUCHED} s")
        sys.exit("these tests fail without any mutant")

    lines = []
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        verdicts = pool.map(lambda each: verdict(program, how.sources, each), wanted)
        for mutant, (dead, by) in zip(wanted, verdicts):
            count, said = judged(mutant, dead, by)
            lines.append((count, mutant, said))
            print(f"{mutant.name:36} {mutant.backend:9} {said}", flush=True)
    counted = {name: sum(1 for count, *_ in lines if count == name)
               for name in ("killed", "survived", "redundant")}
    summary = ", ".join(f"{number} {name}" for name, number in counted.items())
    print(summary)
    if how.report:
        write_report(how.report, lines, summary)
    sys.exit(1 if counted["survived"] else 0)


if __name__ == "__main__":
    main()
