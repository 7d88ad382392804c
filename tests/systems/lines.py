#!/usr/bin/env python3
"""Maps the numbered lines of the systems' READMEs to the tests that show them.

    lines.py EXAMPLES RESULTS PROGRAM...

EXAMPLES is the directory of the examples: a line of a README there that begins with `- A1` promises
something. RESULTS holds what the test PROGRAMs wrote of their tests, as XML. Fails where a line has
no passing test on one of the databases, and where a test shows a line that no README has.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from datetime import datetime
from pathlib import Path

DATABASES = ("sqlite", "postgres")
# How many lines each system has: a line that vanished from a README is noticed.
LINES = {"A": 12, "B": 10, "C": 10}
PROMISE = re.compile(r"^- \**([ABC]\d+)\b", re.MULTILINE)


def promised(examples):
    return [line for readme in sorted(examples.glob("*/README.md"))
            for line in PROMISE.findall(readme.read_text("utf-8"))]


def shown(results, newest_program):
    """The passing tests of each line and database. Results of an older program do not count."""
    tests = defaultdict(set)
    for file in results.rglob("*.xml"):
        root = ElementTree.parse(file).getroot()
        if datetime.fromisoformat(root.get("timestamp")).timestamp() < newest_program - 1:
            continue
        for case in root.iter("testcase"):
            lines = [each.get("value") for each in case.iter("property")
                     if each.get("name") == "lines"]
            passed = case.get("result") == "completed" and case.find("failure") is None
            _, _, database = case.get("classname").partition("/")
            if passed:
                for line in " ".join(lines).split():
                    tests[line, database].add(f"{case.get('classname')}.{case.get('name')}")
    return tests


def main():
    examples, results, *programs = map(Path, sys.argv[1:])
    lines = promised(examples)
    tests = shown(results, max(program.stat().st_mtime for program in programs))
    wrong = [f"no README of {examples} has line {system}{number}"
             for system, count in LINES.items() for number in range(1, count + 1)
             if lines.count(f"{system}{number}") != 1]
    wrong += [f"{line} has no passing test on {database}"
              for line in lines for database in DATABASES if not tests[line, database]]
    wrong += [f"{line} is shown by {', '.join(found)}, and stands in no README"
              for (line, _), found in tests.items() if found and line not in lines]
    for line in lines:
        print(line, *sorted({test.replace("/postgres", "").replace("/sqlite", "")
                             for database in DATABASES for test in tests[line, database]}))
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
