"""The mutants of the suite: which there are, which rule each takes out, and which test kills it."""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

BACKENDS = ("sqlite", "postgres")
# Suites that another database has no use for.
ON_POSTGRES = ("changes_in_flight", "events_in_flight", "versions_on_postgres",
               "schema_check_of_roles", "relay_on_postgres", "lost_reply",
               "shared_claims_in_trouble", "shared_steps_in_trouble",
               "shared_submits_in_trouble")
HERE = Path(__file__).resolve().parent
HEADING = re.compile(r"== (\w+): (\S+), (\S+)$")


@dataclass(frozen=True)
class Mutant:
    name: str
    backend: str
    tests: str
    redundant: str = ""
    file: str = ""  # of the library, where no statement is changed
    edits: tuple = ()

    def filter(self):
        """Its tests on its backend: `suite.test` is `suite/sqlite.test`, or a plain test."""
        wanted = []
        every = ["*.*", *map("{}.*".format, ON_POSTGRES)]
        for each in self.tests.split(":") if self.tests else every:
            suite, _, test = each.rpartition(".")
            if suite.endswith("/postgres"):
                wanted.append(each)
            elif suite not in ON_POSTGRES:
                wanted.append(f"{suite}/{self.backend}.{test}")
            elif self.backend == "postgres":
                wanted.append(each)
        return ":".join(wanted)


@dataclass
class Rule:
    sentence: str
    names: list = field(default_factory=list)
    notes: list = field(default_factory=list)


def of_statements(program):
    listed = subprocess.run([program, "--mutants"], check=True, capture_output=True, text=True)
    for line in listed.stdout.splitlines():
        name, backends, tests, redundant = line.split("\t")
        for backend in backends.split():
            if backend not in BACKENDS:
                sys.exit(f"{name}: there is no backend '{backend}'")
            yield Mutant(name, backend, tests, redundant)


def of_sources(path=HERE / "source_mutants.txt"):
    blocks = re.split(r"^(?=== )", path.read_text(), flags=re.MULTILINE)[1:]
    for block in blocks:
        lines = block.splitlines()
        heading = HEADING.match(lines[0])
        if not heading:
            sys.exit(f"{path.name}: cannot read '{lines[0]}'")
        name, file, tests = heading.groups()
        was = "\n".join(each[4:] for each in lines if each.startswith("<<<"))
        now = "\n".join(each[4:] for each in lines if each.startswith(">>>"))
        # One database shows it: the guard stands above both.
        suites = [each.rpartition(".")[0] for each in tests.split(":")]
        only_there = all(each in ON_POSTGRES or each.endswith("/postgres") for each in suites)
        yield Mutant(name, "postgres" if only_there else "sqlite", tests, "", file, ((was, now),))


def rules(path=HERE / "mutants.rules"):
    """The parts of the protocol, each with its rules."""
    parts = []
    for line in path.read_text().splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if line.startswith("== "):
            parts.append((line[3:], []))
        elif line.startswith("    - "):
            parts[-1][1][-1].notes.append(line[6:])
        elif line.startswith("    "):
            parts[-1][1][-1].names.extend(line.split())
        else:
            parts[-1][1].append(Rule(line))
    return parts
