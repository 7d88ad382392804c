#!/usr/bin/env python3
"""Fails for a document that names a test which there is not.

    named_tests.py REPOSITORY BUILD DOCUMENT...      looks at tables whose last column is `shown by`
                                                     or `killed by`, and at "`suite` tests" in prose
    named_tests.py --show-that-it-fails              on documents made up for it

A name is `suite.promise`, with `*` for any part of it; `promise` behind another of its suite;
`suite`, for all of them; or `tests/a/path`.
"""

import fnmatch
import re
import subprocess
import sys
import tempfile
from pathlib import Path

COLUMNS = ("shown by", "killed by")
CODE = re.compile(r"`([^`]+)`")
IN_PROSE = re.compile(r"`(\w+)` tests")
LISTED = re.compile(r"^ *Test +#\d+: (\S+)", re.MULTILINE)


def tests_of(build):
    """What ctest knows, without the database behind a typed test's name."""
    listed = subprocess.run(["ctest", "--test-dir", str(build), "-N"], check=True, text=True,
                            capture_output=True).stdout
    return {name.partition("<")[0] for name in LISTED.findall(listed)}


def suites_of(tests):
    return {name.partition(".")[0] for name in tests}


def cells_of(text):
    """Each last cell of the tables that show something, with its line."""
    shows = False
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            shows = False
            continue
        cells = [each.strip() for each in re.split(r"(?<!\\)\|", line)[1:-1]]
        if cells[-1] in COLUMNS:
            shows = True
        elif shows and set(cells[-1]) - set("-: "):
            yield number, cells[-1]


def is_there(name, suite, tests, repository):
    if "/" in name and "*" not in name:
        return (repository / name).exists()
    if "." in name or "*" in name:
        return any(fnmatch.fnmatchcase(each, name) for each in tests)
    return name in suites_of(tests) or f"{suite}.{name}" in tests


def unknown_in(text, tests, repository):
    """A sentence for each name that leads nowhere, and for each row that names nothing."""
    found = 0
    for number, cell in cells_of(text):
        suite, names = "", CODE.findall(cell)
        if cell.startswith("redundant: "):
            continue
        found += 1
        if not names:
            yield f"{number}: names no test"
        for name in names:
            if not is_there(name, suite, tests, repository):
                yield f"{number}: there is no test '{name}'"
            suite = name.partition(".")[0] if "." in name else suite
    if not found:
        yield "0: has no table whose last column is 'shown by'"
    for number, line in enumerate(text.splitlines(), 1):
        for name in IN_PROSE.findall(line):
            if name not in suites_of(tests):
                yield f"{number}: there are no tests '{name}'"


def show_that_it_fails():
    tests = {"one.holds", "one.stays", "another.is_kept"}
    top = "| promise | shown by |\n|---|---|\n"
    good = [f"{top}| a | `one.holds`, `stays`, `another.*` |\n| b | `one`, the quickstart |\n",
            f"{top}| a | `one.h*`, `tests/there` |\n\nAlso the `another` tests.\n"]
    bad = ["no table\n", f"{top}| a | it is obvious |\n", f"{top}| a | `one.holds_not` |\n",
           f"{top}| a | `another.is_kept`, `stays` |\n", f"{top}| a | `two.*` |\n",
           f"{top}| a | `tests/gone` |\n", f"{top}| a | `one` |\n\nThe `two` tests.\n"]
    with tempfile.TemporaryDirectory() as directory:
        repository = Path(directory)
        (repository / "tests/there").mkdir(parents=True)
        for text in good:
            assert not list(unknown_in(text, tests, repository)), text
        for text in bad:
            assert list(unknown_in(text, tests, repository)), text


def main():
    if sys.argv[1:] == ["--show-that-it-fails"]:
        show_that_it_fails()
        return
    repository, build = Path(sys.argv[1]), Path(sys.argv[2])
    tests = tests_of(build)
    wrong = [f"{name}:{each}" for name in sys.argv[3:]
             for each in unknown_in((repository / name).read_text(), tests, repository)]
    if wrong and any(each.endswith("_NOT_BUILT") for each in tests):
        wrong.append("some tests are not built: they are not known either")
    print("\n".join(wrong) or f"{len(tests)} tests are known, and each name is one of them")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
