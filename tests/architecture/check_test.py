#!/usr/bin/env python3
"""Plants one breach of each rule in a small tree, and expects check.py to find that one alone."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

CHECK = Path(__file__).with_name("check.py")
SOUND = {
    "include/statemachine/store.hpp": "#include <statemachine/value.hpp>\n// SQLite is named.\n",
    "include/statemachine/value.hpp": "#include <vector>\n",
    "src/store.cpp": '#include <statemachine/store.hpp>\n#include "plan.hpp"\n',
    "src/plan.hpp": "/* libpq, PQexec */\n",
    "backends/sqlite/include/statemachine/sqlite.hpp": "struct sqlite3;\n",
    "backends/sqlite/open.cpp": '#include "open.hpp"\n#include <sqlite3.h>\n',
    "backends/sqlite/open.hpp": "#include <statemachine/sqlite.hpp>\n",
    "backends/postgres/include/statemachine/postgres.hpp": "#include <statemachine/store.hpp>\n",
    "backends/postgres/open.cpp": "#include <libpq-fe.h>\n#include <statemachine/postgres.hpp>\n",
    "testing/include/statemachine/testing/world.hpp": "#include <statemachine/sqlite.hpp>\n",
    "testing/world.cpp": '#include "clock.hpp"\n#include <statemachine/testing/world.hpp>\n',
    "testing/clock.hpp": "#include <statemachine/store.hpp>\n",
}


class PlantedBreaches(unittest.TestCase):
    def run_check(self, planted):
        with tempfile.TemporaryDirectory() as directory:
            for name, text in {**SOUND, **planted}.items():
                path = Path(directory, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8")
            done = subprocess.run([sys.executable, CHECK, directory], text=True,
                                  stdout=subprocess.PIPE, check=False)
        return done.returncode, done.stdout.split("\n")[:-1]

    def expect(self, where, advice, text):
        name = where.split(":")[0]
        status, breaches = self.run_check({name: text})
        self.assertEqual(status, 1)
        self.assertEqual([line.split(": ")[0] for line in breaches], [where])
        self.assertIn(advice, breaches[0])

    def test_a_sound_tree_passes(self):
        self.assertEqual(self.run_check({}), (0, [""]))

    def test_the_core_includes_no_backend(self):
        self.expect("include/statemachine/value.hpp:1", "dependencies point one way",
                    "#include <statemachine/open.hpp>\n")

    def test_the_core_names_no_database(self):
        for text in ("sqlite3* handle;", "PGconn* server;", 'const char* is = "postgres";',
                     "int sqlite;", "auto a = PQexec;", '"pg_catalog"'):
            with self.subTest(text):
                self.expect("src/store.cpp:1", "a field of the dialect", text + "\n")

    def test_the_core_includes_no_native_header(self):
        for name in ("sqlite3.h", "libpq-fe.h", "SQLiteCpp/SQLiteCpp.h", "pg_config.h"):
            with self.subTest(name):
                self.expect("src/store.cpp:1", "the dialect", f"#include <{name}>\n")

    def test_an_installed_header_includes_no_native_header(self):
        for name in ("sqlite3.h", "SQLiteCpp/SQLiteCpp.h", "SQLiteCpp/Database.h"):
            with self.subTest(name):
                self.expect("backends/sqlite/include/statemachine/sqlite.hpp:2", "declare the type",
                            f"\n#include <{name}>\n")
        self.expect("backends/postgres/include/statemachine/postgres.hpp:1", "declare the type",
                    "#include <libpq-fe.h>\n")

    def test_an_installed_header_includes_no_source(self):
        status, breaches = self.run_check(
            {"include/statemachine/store.hpp": '#include "../../src/plan.hpp"\n'})
        self.assertEqual(status, 1)
        self.assertIn("it is installed", breaches[0])
        self.assertIn("belongs to another room", breaches[1])
        self.expect("include/statemachine/store.hpp:1", "not installed",
                    "#include <src/plan.hpp>\n")

    def test_backends_never_see_each_other(self):
        for text in ('#include "../postgres/open.hpp"', "#include <statemachine/postgres.hpp>",
                     "postgres::connect();", "using PostgresError = int;"):
            with self.subTest(text):
                _, breaches = self.run_check({"backends/sqlite/open.cpp": text + "\n"})
                self.assertTrue(breaches[0].startswith("backends/sqlite/open.cpp:1: "))

    def test_a_backend_includes_no_source_of_the_core(self):
        self.expect("backends/sqlite/open.cpp:1", "another room", '#include "../../src/plan.hpp"\n')

    def test_nothing_stands_on_the_test_kit(self):
        for name in ("src/store.cpp", "backends/sqlite/open.cpp"):
            with self.subTest(name):
                self.expect(name + ":1", "dependencies point one way",
                            "#include <statemachine/testing/world.hpp>\n")

    def test_the_test_kit_knows_no_server_and_no_source_of_a_backend(self):
        self.expect("testing/world.cpp:1", "a field of the dialect", "postgres::connect();\n")
        self.expect("testing/world.cpp:1", "dependencies point one way",
                    "#include <statemachine/pool.hpp>\n")
        self.expect("testing/clock.hpp:1", "another room",
                    '#include "../backends/sqlite/open.hpp"\n')

    def test_headers_and_sources_stay_short(self):
        self.expect("include/statemachine/value.hpp:251", "the limit is 250", "\n" * 251)
        self.expect("src/store.cpp:401", "the limit is 400", "\n" * 401)

    def test_lines_stay_short(self):
        self.expect("bench/race.cpp:2", "101 of 100 columns", "\n" + "é" * 101 + "\n")

    def test_names_say_something(self):
        for name in ("src/job_manager.cpp", "src/utils.hpp", "tests/common/clock.hpp",
                     "src/store_impl.hpp", "bench/helpers.py", "examples/process.cpp"):
            with self.subTest(name):
                status, breaches = self.run_check({name: "\n"})
                self.assertEqual((status, len(breaches)), (1, 1))
                self.assertIn("says nothing", breaches[0])


if __name__ == "__main__":
    unittest.main()
