#!/usr/bin/env python3
"""Shows that wrong declarations do not compile, and that the first error names the mistake.

A case is one .cpp file with two programs: the wrong one under `#ifdef REFUSED`, its right twin
otherwise. Its first comment says what the compiler must answer:

    // expect: unreachable state
    // names:  printed

The twin must compile without a word. The wrong program must not: the first error line contains the
sentence, and the message that this line belongs to contains each name (separated by commas).
"""

import argparse
import concurrent.futures
import dataclasses
import os
import pathlib
import re
import subprocess
import sys
import tempfile

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
SECONDS_PER_PROGRAM = 120
CRASHES = ("internal compiler error", "PLEASE submit a bug report", "PLEASE ATTACH")

SWITCH = re.compile(r"^#ifn?def REFUSED$", re.M)

LETTER = r"'(?:[^'\\]|\\.[^']*)'|(?:\(char\))?-?\d+"
LETTERS = re.compile(rf"\bin<((?:{LETTER})(?:, (?:{LETTER}))*)>")


@dataclasses.dataclass
class Compiler:
    program: str
    flags: list
    prelude: list  # flags that bring the precompiled headers in

    def check(self, source, *more):
        """Exit code and all output of a compilation that produces nothing."""
        command = [self.program, *self.flags, *WARNINGS, *self.prelude, "-fsyntax-only", *more,
                   str(source)]
        # Translated or typographic messages would hide the words that are looked for.
        plain = {**os.environ, "LC_ALL": "C"}
        try:
            done = subprocess.run(command, env=plain, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, timeout=SECONDS_PER_PROGRAM)
        except subprocess.TimeoutExpired:
            return 1, f"no end after {SECONDS_PER_PROGRAM} s"
        return done.returncode, done.stdout.decode(errors="replace")


def is_clang(program):
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return "clang" in version.stdout


def library_headers(sources):
    """The headers of the library that every case includes."""
    found = [set(re.findall(r"^#include (<statemachine/.*>)", text, re.M)) for text in sources]
    return sorted(set.intersection(*found)) if found else []


def with_precompiled(compiler, clang, headers, directory):
    """Precompiles what all cases include: most of the time of a case goes there."""
    if not headers:
        return compiler
    prelude = pathlib.Path(directory) / "prelude.hpp"
    prelude.write_text("".join(f"#include {header}\n" for header in headers))
    compiled = f"{prelude}.pch" if clang else f"{prelude}.gch"
    done = subprocess.run([compiler.program, *compiler.flags, *WARNINGS, "-x", "c++-header",
                           str(prelude), "-o", compiled], capture_output=True)
    if done.returncode != 0:
        return compiler  # the cases show why
    use = ["-include-pch", compiled] if clang else ["-include", str(prelude)]
    return dataclasses.replace(compiler, prelude=use)


def joined(output):
    """Clang before 18 prints a name as in<'p', 'a', 'i', 'd'>: makes that in<"paid">."""
    def join(match):
        letters = re.findall(LETTER, match[1])
        return 'in<"' + "".join(each[1:-1] if each[0] == "'" else "?" for each in letters) + '">'
    return LETTERS.sub(join, output)


def first_message(output):
    """The first error line, and all lines up to the next one."""
    lines = output.splitlines()
    errors = [i for i, line in enumerate(lines) if " error: " in line]
    if not errors:
        return None, ""
    end = errors[1] if len(errors) > 1 else len(lines)
    return lines[errors[0]], "\n".join(lines[:end])


def says(message, name):
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(name)}(?![A-Za-z0-9_])", message) is not None


def demands(text):
    """What the comment of a case asks for, as (sentence, names); None where it is incomplete."""
    expected = re.findall(r"^// expect: *(.*\S)", text, re.M)
    names = re.findall(r"^// names: *(.*\S)", text, re.M)
    if len(expected) != 1 or len(names) != 1 or not SWITCH.search(text):
        return None
    return expected[0], [name.strip() for name in names[0].split(",")]


def twin_of(text):
    """The text of a case without REFUSED. Cases of the same text share its compilation."""
    kept, shown = [], [True]
    for line in text.splitlines():
        if line.startswith("#if"):
            shown.append(line != "#ifdef REFUSED")
        elif line.startswith("#else"):
            shown[-1] = not shown[-1]
        elif line.startswith("#endif"):
            shown.pop()
        elif all(shown) and not line.startswith(("// expect:", "// names:")):
            kept.append(line)
        if line.startswith("#") and not SWITCH.match(line):
            kept.append(line)
    return "\n".join(kept)


def fault_of_twin(case, compiler):
    code, output = compiler.check(case)
    if code != 0:
        return "the right twin does not compile:\n" + output
    return "the right twin compiles with warnings:\n" + output if output else None


def fault_of_refusal(case, compiler):
    """Why a case fails whose twin compiles, or None."""
    sentence, names = demands(case.read_text())
    code, output = compiler.check(case, "-DREFUSED")
    if code == 0:
        return "the wrong program compiles"
    if any(crash in output for crash in CRASHES):
        return "the compiler crashes:\n" + output
    # The file is named for its promise and must not lend its words to the message.
    line, message = first_message(joined(output).replace(str(case), "case.cpp"))
    if line is None:
        return "the compiler reports no error:\n" + output
    if sentence not in line:
        return f"the first error does not say `{sentence}`:\n" + output
    missing = [name for name in names if not says(message, name)]
    return f"the first error does not name {', '.join(missing)}:\n" + output if missing else None


def cases_in(paths):
    for path in paths:
        yield from sorted(path.rglob("*.cpp")) if path.is_dir() else [path]


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", required=True, help="g++ or clang++, by name or path")
    parser.add_argument("--include", nargs="+", default=[], metavar="DIR")
    parser.add_argument("--standard", default="c++20")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("paths", nargs="+", type=pathlib.Path, metavar="FILE_OR_DIR")
    options = parser.parse_args()

    cases = list(cases_in(options.paths))
    clang = is_clang(options.compiler)
    flags = [f"-std={options.standard}", *(f"-I{each}" for each in options.include)]
    # Without the quoted source lines, which would lend their words to the message too.
    flags.append("-fno-caret-diagnostics" if clang else "-fno-diagnostics-show-caret")
    with tempfile.TemporaryDirectory() as directory, \
            concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        texts = {case: case.read_text() for case in cases}
        compiler = with_precompiled(Compiler(options.compiler, flags, []), clang,
                                    library_headers(texts.values()), directory)
        twins = {}
        for case, text in texts.items():
            key = twin_of(text)
            if key not in twins:
                twins[key] = pool.submit(fault_of_twin, case, compiler)
        refusals = {case: pool.submit(fault_of_refusal, case, compiler)
                    for case, text in texts.items() if demands(text) is not None}
        failed = 0
        for case, text in texts.items():
            if case in refusals:
                fault = twins[twin_of(text)].result() or refusals[case].result()
            else:
                fault = "needs one `// expect:`, one `// names:` and an `#ifdef REFUSED`"
            failed += fault is not None
            print(f"ok     {case}" if fault is None else f"FAILED {case}: {fault.rstrip()}",
                  flush=True)
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed or not cases else 0


if __name__ == "__main__":
    sys.exit(main())
