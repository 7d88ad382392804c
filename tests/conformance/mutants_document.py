#!/usr/bin/env python3
"""Writes docs/mutants.md from the rules and the tables of mutants, or fails where it differs.

    mutants_document.py PROGRAM DOCUMENT [--update]       PROGRAM is the conformance suite

Each mutant has to stand under a rule, and each rule has to name mutants, or say what shows it.
"""

import sys
from pathlib import Path

sys.dont_write_bytecode = True  # beside the sources

import mutants

TOP = """# Mutants

What the conformance suite would notice: for each rule of the protocol the mutants of the library
that break it, and the tests of which one fails then. A mutant is a statement with its guard taken
out on the way to the database, or a source file of the library with a line edited (marked
*source*); the library itself has no switch for it. `conformance.each_missing_guard_is_noticed` and
`conformance.each_missing_line_is_noticed` run them all and fail when one survives, or when it
changed nothing. A mutant that is *redundant* takes out a guard behind which another one does the
same work; it has to survive, so that nobody counts on it.

This page is made from `tests/conformance/mutants.rules` and from the tables of mutants, and a test
fails when it differs from them.
"""


def together(parts, found):
    """What contradicts what, in sentences."""
    wrong = []
    known = {each.name for each in found}
    used = [name for _, rules in parts for rule in rules for name in rule.names]
    wrong += [f"mutants.rules names '{name}', which is no mutant" for name in used
              if name not in known]
    wrong += [f"'{name}' stands under no rule of mutants.rules" for name in sorted(known)
              if name not in used]
    wrong += [f"no mutant takes out '{rule.sentence}', and nothing is said to show it"
              for _, rules in parts for rule in rules if not rule.names and not rule.notes]
    return wrong


def rows_of(name, found):
    """One row for each set of tests that kill it."""
    groups = {}
    for each in found:
        if each.name == name:
            groups.setdefault((each.tests, each.redundant, each.file), []).append(each.backend)
    for (tests, redundant, file), backends in groups.items():
        killers = ", ".join(f"`{each}`" for each in tests.replace("/postgres", "").split(":"))
        where = f"source: `{file}`" if file else ", ".join(backends)
        by = f"redundant: {redundant}" if redundant else killers
        yield f"| `{name}` | {where} | {by} |"


def document(parts, found):
    lines = [TOP]
    for title, rules in parts:
        lines += [f"## {title}", ""]
        for rule in rules:
            lines += [f"{rule.sentence}:", ""]
            lines += ["| mutant | on | killed by |", "|---|---|---|"]
            for name in rule.names:
                lines += list(rows_of(name, found))
            lines += [f"| none | | {note} |" for note in rule.notes] + [""]
    return "\n".join(lines).rstrip() + "\n"


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    program, path = sys.argv[1], Path(sys.argv[2])
    found = [*mutants.of_statements(program), *mutants.of_sources()]
    parts = mutants.rules()
    wrong = together(parts, found)
    if wrong:
        sys.exit("\n".join(wrong))
    text = document(parts, found)
    if sys.argv[3:] == ["--update"]:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        sys.exit(f"{path} differs from the tables: write it anew by\n    "
                 f"{sys.argv[0]} {program} {path} --update")
    names = {each.name for each in found}
    print(f"{len(names)} mutants under {sum(len(rules) for _, rules in parts)} rules")


if __name__ == "__main__":
    main()
