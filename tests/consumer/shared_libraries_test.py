#!/usr/bin/env python3
"""Looks at what the installed shared libraries give out and ask for.

    shared_libraries_test.py PREFIX VERSION
"""

import re
import subprocess
import sys
import unittest
from pathlib import Path

PREFIX = Path(sys.argv[1])
MINOR_VERSION = ".".join(sys.argv[2].split(".")[:2])
NAMES = ("statemachine", "statemachine_sqlite", "statemachine_postgres", "statemachine_testing")
OURS = re.compile(r"(?:(?:vtable|typeinfo|typeinfo name) for )?statemachine::")


def run(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout


def library(name):
    found, = PREFIX.rglob(f"lib{name}.so")
    return found


def exported(name):
    lines = run("nm", "-D", "--defined-only", "-C", library(name)).splitlines()
    return [line.split(" ", 2)[2] for line in lines]


def dynamic(name, tag):
    return re.findall(rf"\({tag}\).*\[(.*)\]", run("readelf", "-d", library(name)))


def words_of_installed_headers():
    headers = PREFIX.rglob("*.hpp")
    return set(re.findall(r"\w+", "\n".join(each.read_text("utf-8") for each in headers)))


class SharedLibraries(unittest.TestCase):
    def test_they_give_out_no_symbol_of_others(self):
        for name in NAMES:
            with self.subTest(name):
                symbols = exported(name)
                self.assertTrue(symbols)
                self.assertEqual([each for each in symbols if not OURS.match(each)], [])

    def test_they_give_out_what_the_headers_declare(self):
        declared = words_of_installed_headers()
        for name in NAMES:
            for symbol in exported(name):
                path = re.match(r"[\w:~]+", OURS.sub("", symbol))
                scope = {word.strip("~") for word in path.group().split("::")} - {""}
                with self.subTest(symbol):
                    self.assertEqual(scope - declared, set())

    def test_they_are_named_by_their_minor_version(self):
        for name in NAMES:
            with self.subTest(name):
                self.assertEqual(dynamic(name, "SONAME"), [f"lib{name}.so.{MINOR_VERSION}"])

    def test_each_backend_needs_its_own_database_alone(self):
        for name, own, foreign in (("statemachine", "", "sqlite|pq"),
                                   ("statemachine_sqlite", "libsqlite3", "pq"),
                                   ("statemachine_postgres", "libpq", "sqlite")):
            with self.subTest(name):
                needed = dynamic(name, "NEEDED")
                self.assertTrue(any(each.startswith(own) for each in needed))
                self.assertEqual([each for each in needed if re.search(foreign, each)], [])

    def test_a_backend_finds_the_core_beside_itself(self):
        for name in NAMES[1:]:
            with self.subTest(name):
                self.assertEqual(dynamic(name, "RUNPATH"), ["$ORIGIN"])
                self.assertIn(f"libstatemachine.so.{MINOR_VERSION}", dynamic(name, "NEEDED"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
