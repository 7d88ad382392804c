#!/usr/bin/env python3
"""Asks Conan what the recipe needs with each option, and builds nothing.

    graph_test.py SOURCE VERSION DIRECTORY
"""

import json
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

SOURCE = Path(sys.argv[1])
VERSION = sys.argv[2]
DIRECTORY = Path(sys.argv[3])
STAND_IN = Path(__file__).with_name("stand_in.py")
PROFILE = DIRECTORY / "profile"

# The oldest and the newest versions that will do, and one that will not.
OLDEST = ("boost/1.79.0", "sqlite3/3.37.2", "sqlitecpp/3.2.0", "libpq/14.2")
NEWEST = ("boost/1.91.0", "sqlite3/3.51.0", "sqlitecpp/3.3.3", "libpq/18.0")
TOO_OLD = ("boost/1.78.0",)


def conan(*arguments, home):
    return subprocess.run(
        [SOURCE / "scripts" / "conan", *arguments], check=False, text=True, cwd=DIRECTORY,
        env={**os.environ, "CONAN_HOME": str(DIRECTORY / home)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def export(references, home):
    for reference in references:
        name, version = reference.split("/")
        conan("export", STAND_IN, "--name", name, "--version", version,
              home=home).check_returncode()


def graph(*options, home, profile=PROFILE):
    return conan("graph", "info", SOURCE, "--no-remote", "--profile:all", profile, "--format=json",
                 *(word for option in options for word in ("-o", option)), home=home)


def nodes(done):
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    found = json.loads(done.stdout)["graph"]["nodes"].values()
    return {node["ref"].split("#")[0]: node for node in found}


def setUpModule():
    shutil.rmtree(DIRECTORY, ignore_errors=True)
    DIRECTORY.mkdir(parents=True)
    system = (SOURCE / "conan" / "debian12").read_text("utf-8")
    PROFILE.write_text(system.split("[platform_requires]")[0], "utf-8")
    export(OLDEST, "oldest")
    export(NEWEST, "newest")
    export(TOO_OLD, "too_old")


class Graph(unittest.TestCase):
    def test_the_version_is_that_of_cmake(self):
        done = conan("inspect", SOURCE, "--format=json", home="oldest")
        self.assertEqual(json.loads(done.stdout)["version"], VERSION)

    def test_each_backend_brings_its_own_dependencies(self):
        boost, sqlite, sqlitecpp, libpq = NEWEST
        for options, needed in (
                ((), {boost, sqlite, sqlitecpp, libpq}),
                (("&:with_postgres=False",), {boost, sqlite, sqlitecpp}),
                (("&:with_sqlite=False",), {boost, libpq}),
                (("&:with_sqlite=False", "&:with_postgres=False"), {boost})):
            for shared in ("True", "False"):
                with self.subTest(options, shared=shared):
                    found = nodes(graph(*options, f"&:shared={shared}", home="newest"))
                    self.assertEqual(set(found), {f"statemachine/{VERSION}"} | needed)
                    self.assertIsNone(found[f"statemachine/{VERSION}"]["info_invalid"])
                    self.assertEqual(found[boost]["options"]["header_only"], "True")

    def test_the_oldest_versions_will_do(self):
        self.assertEqual(set(nodes(graph(home="oldest"))), {f"statemachine/{VERSION}", *OLDEST})

    def test_a_boost_before_1_79_is_refused(self):
        done = graph(home="too_old")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("boost/[>=1.79 <2]", done.stderr)

    def test_libraries_of_the_system_will_do(self):
        profile = SOURCE / "conan" / "debian12"
        for shared in ("True", "False"):
            with self.subTest(shared=shared):
                found = nodes(graph(f"&:shared={shared}", home="system", profile=profile))
                self.assertIsNone(found[f"statemachine/{VERSION}"]["info_invalid"])
                self.assertEqual({node["recipe"] for node in found.values()},
                                 {"Consumer", "Platform"})

    def test_a_shared_library_takes_a_shared_sqlite(self):
        found = nodes(graph("&:shared=True", home="newest"))
        self.assertEqual(found[NEWEST[1]]["options"]["shared"], "True")
        self.assertNotIn("fPIC", found[f"statemachine/{VERSION}"]["options"])

    def test_a_second_copy_of_sqlite_is_refused(self):
        found = nodes(graph("&:shared=True", "sqlite3/*:shared=False", home="newest"))
        self.assertIn("two copies of SQLite", found[f"statemachine/{VERSION}"]["info_invalid"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
