#!/usr/bin/env python3
"""Checks the rules about the source tree that no compiler checks.

    check.py [ROOT]

Dependencies point one way: include <- src <- one backend <- the rest, where testing/ is what users
test with and stands on the embedded backend alone. Prints one line for each
breach, `file:line: what to do`, and ends with 1 when there is one.
"""

import re
import sys
from pathlib import Path

SOURCE_ROOMS = ("include", "src", "backends", "testing", "examples", "tests", "bench")
LIMITED_SUFFIXES = {".hpp", ".cpp", ".py", ".sh"}
LINES_OF_AN_INSTALLED_HEADER = 250
LINES_OF_A_SOURCE = 400
COLUMNS = 100

DATABASES = re.compile(r"\b\w*(?i:sqlite|postgres|libpq)\w*|\b(?:PQ[a-z]|PG[a-z]|pg_)\w+")
SERVERS = re.compile(r"\b\w*(?i:postgres|libpq)\w*|\b(?:PQ[a-z]|PG[a-z]|pg_)\w+")
NATIVE_HEADERS = re.compile(r"sqlite3|SQLiteCpp/|libpq|pg_config|postgres_ext|pg_type")
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')
VAGUE = {"manager", "helper", "util", "common", "handler", "wrapper", "impl", "data", "process"}

# A declaration is refused for what one database alone refuses, so that it works on each of them.
JUSTIFIED = {
    ("include/statemachine/detail/flaw.hpp", "sqlite_"),
    ("include/statemachine/detail/refuse_names.hpp", "PostgreSQL"),
}

COMMENT_OR_STRING = re.compile(
    r'(?P<comment>//[^\n]*|/\*.*?\*/)|R"(\w*)\(.*?\)\2"|"(?:\\.|[^"\\\n])*"', re.DOTALL)


def lines_without_comments(path):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group()) if match.group("comment") else match.group()

    return enumerate(COMMENT_OR_STRING.sub(blank, path.read_text("utf-8")).splitlines(), 1)


def includes(path):
    for number, line in lines_without_comments(path):
        if found := INCLUDE.match(line):
            yield number, found.group(1) == '"', found.group(2)


def sources(room):
    return sorted(path for path in room.rglob("*") if path.suffix in (".hpp", ".cpp", ".h"))


class Tree:
    def __init__(self, root):
        self.root = root
        self.breaches = []

    def breach(self, path, number, advice):
        self.breaches.append(f"{path.relative_to(self.root)}:{number}: {advice}")

    def check(self):
        core = self.root / "include"
        for path in sources(core):
            self.check_installed_header(path)
            self.check_includes(path, core, [core])
            self.check_words(path, DATABASES)
        for path in sources(self.root / "src"):
            self.check_includes(path, self.root / "src", [core])
            self.check_words(path, DATABASES)
        backends = sorted(path for path in (self.root / "backends").glob("*") if path.is_dir())
        for backend in backends:
            self.check_backend(backend, [other.name for other in backends if other != backend])
        self.check_testing(core)
        self.check_sizes_and_names()
        return self.breaches

    def check_testing(self, core):
        room, below = self.root / "testing", self.root / "backends" / "sqlite"
        for path in sources(room):
            if path.is_relative_to(room / "include"):
                self.check_installed_header(path)
            self.check_includes(path, room, [core, below / "include", room / "include"])
            self.check_words(path, SERVERS)

    def check_backend(self, backend, others):
        for path in sources(backend):
            if path.is_relative_to(backend / "include"):
                self.check_installed_header(path)
            self.check_includes(path, backend, [self.root / "include", backend / "include"])
            if others:
                self.check_words(path, re.compile(rf"\b\w*(?i:{'|'.join(others)})\w*"))

    def check_installed_header(self, path):
        for number, quoted, name in includes(path):
            if quoted:
                self.breach(path, number, f'write <statemachine/...> for "{name}": it is installed')
            elif NATIVE_HEADERS.search(name):
                self.breach(path, number, f"no <{name}> in an installed header: declare the type")

    def check_includes(self, path, room, bases):
        """`"..."` finds a file beside it in the same room, <statemachine/...> one of the bases."""
        for number, quoted, name in includes(path):
            if quoted:
                target = (path.parent / name).resolve()
                if not target.is_file() or not target.is_relative_to(room):
                    self.breach(path, number, f'no "{name}" here: it belongs to another room')
            elif name.startswith("statemachine/"):
                if not any((base / name).is_file() for base in bases):
                    self.breach(path, number, f"no <{name}> here: dependencies point one way")
            elif "backends/" in name or "src/" in name:
                self.breach(path, number, f"no <{name}> here: it is not installed")

    def check_words(self, path, pattern):
        for number, line in lines_without_comments(path):
            file = path.relative_to(self.root).as_posix()
            words = [word for word in pattern.findall(line) if (file, word) not in JUSTIFIED]
            if words:
                self.breach(path, number, f"no '{words[0]}' here: what differs between databases "
                            "is a field of the dialect or a call of the session")

    def check_sizes_and_names(self):
        for room in SOURCE_ROOMS:
            for path in sorted((self.root / room).rglob("*")):
                for word in re.split(r"[_.\-]", path.name.lower()):
                    if word in VAGUE or word.removesuffix("s") in VAGUE:
                        self.breach(path, 1, f"'{word}' says nothing: name it after what it does")
                if path.is_file() and path.suffix in LIMITED_SUFFIXES:
                    self.check_size(path)

    def check_size(self, path):
        lines = path.read_text("utf-8").splitlines()
        installed = "include" in path.relative_to(self.root).parts
        limit = LINES_OF_AN_INSTALLED_HEADER if installed else LINES_OF_A_SOURCE
        if len(lines) > limit:
            self.breach(path, len(lines), f"split it: {len(lines)} lines, the limit is {limit}")
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS:
                self.breach(path, number, f"break the line: {len(line)} of {COLUMNS} columns")


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    if not (root / "include" / "statemachine").is_dir():
        sys.exit(f"{root} is not the source tree")
    breaches = Tree(root).check()
    print("\n".join(breaches))
    sys.exit(1 if breaches else 0)


if __name__ == "__main__":
    main()
