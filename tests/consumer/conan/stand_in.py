"""Stands in for the packages of ConanCenter, which the tests do not fetch: under their names and
CMake targets it gives out what the system has in its default places.

    conan create stand_in.py --name sqlite3 --version 3.50.4
"""

import subprocess
from pathlib import Path

from conan import ConanFile

CMAKE_NAMES = {
    "boost": ("Boost", "Boost::boost", "config"),
    "sqlite3": ("SQLite3", "SQLite::SQLite3", "both"),
    "sqlitecpp": ("SQLiteCpp", "SQLiteCpp", "config"),
    "libpq": ("PostgreSQL", "PostgreSQL::PostgreSQL", "both"),
}
LIBRARIES = {"sqlite3": "libsqlite3.so", "sqlitecpp": "libSQLiteCpp.a", "libpq": "libpq.so"}


def answer(*command):
    return subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.strip()


class StandIn(ConanFile):
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "header_only": [True, False]}
    default_options = {"shared": False, "header_only": False}

    def requirements(self):
        if self.name == "sqlitecpp":
            self.requires("sqlite3/[>=3.37]")

    def validate(self):
        if self.name == "boost" and not self.options.header_only:
            raise Exception("only the headers of Boost are asked for")

    def package_info(self):
        file_name, target, mode = CMAKE_NAMES[self.name]
        info = self.cpp_info
        info.set_property("cmake_file_name", file_name)
        info.set_property("cmake_target_name", target)
        info.set_property("cmake_find_mode", mode)
        if self.name == "boost":
            info = info.components["headers"]
            info.set_property("cmake_target_name", "Boost::headers")
        info.includedirs = []  # the compiler knows them
        info.libdirs = []
        if self.name == "libpq":
            info.includedirs = [answer("pkg-config", "--variable=includedir", "libpq")]
        if library := LIBRARIES.get(self.name):
            info.libs = [Path(library).stem.removeprefix("lib")]
            info.libdirs = [str(Path(answer("c++", f"-print-file-name={library}")).parent)]
