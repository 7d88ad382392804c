import re
from pathlib import Path

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.cmake import CMake, CMakeDeps, CMakeToolchain, cmake_layout
from conan.tools.files import copy, load, rmdir

required_conan_version = ">=2"


class StatemachineConan(ConanFile):
    name = "statemachine"
    description = "Idempotent state-machine persistence on SQLite and PostgreSQL"
    license = "BSL-1.0"
    topics = ("state-machine", "jobs", "queue", "sqlite", "postgresql")

    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {
        "shared": [True, False],
        "fPIC": [True, False],
        "with_sqlite": [True, False],
        "with_postgres": [True, False],
    }
    default_options = {
        "shared": False,
        "fPIC": True,
        "with_sqlite": True,
        "with_postgres": True,
        "boost/*:header_only": True,
    }
    exports_sources = "CMakeLists.txt", "LICENSE", "cmake/*", "include/*", "src/*", "backends/*", \
        "testing/*"

    def set_version(self):
        lists = load(self, Path(self.recipe_folder, "CMakeLists.txt"))
        self.version = re.search(r"project\(statemachine VERSION ([0-9.]+)", lists).group(1)

    def export(self):
        copy(self, "CMakeLists.txt", self.recipe_folder, self.export_folder)

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")
            self.options["sqlite3/*"].shared = True
            self.options["libpq/*"].shared = True

    def layout(self):
        cmake_layout(self)

    def requirements(self):
        # 1.79: the first Boost whose Outcome has a stable ABI.
        self.requires("boost/[>=1.79 <2]", transitive_headers=True)
        if self.options.with_sqlite:
            self.requires("sqlite3/[>=3.37 <4]")
            self.requires("sqlitecpp/[>=3.2 <4]")
        if self.options.with_postgres:
            self.requires("libpq/[>=14]")

    def validate(self):
        check_min_cppstd(self, 20)
        if self.settings.os == "Windows":
            raise ConanInvalidConfiguration("statemachine needs a POSIX system")
        # What a profile takes from the system has no options.
        for dependency in self.dependencies.values():
            if (self.options.shared and dependency.ref.name == "sqlite3"
                    and not dependency.options.get_safe("shared", True)):
                raise ConanInvalidConfiguration(
                    "a shared statemachine needs sqlite3/*:shared=True: two copies of SQLite in "
                    "one process lose each other's file locks")

    def generate(self):
        toolchain = CMakeToolchain(self)
        toolchain.user_presets_path = False  # nothing is written beside the sources
        toolchain.cache_variables["STATEMACHINE_SQLITE"] = bool(self.options.with_sqlite)
        toolchain.cache_variables["STATEMACHINE_POSTGRES"] = bool(self.options.with_postgres)
        toolchain.cache_variables["STATEMACHINE_TESTS"] = False
        toolchain.cache_variables["STATEMACHINE_EXAMPLES"] = False
        toolchain.generate()
        CMakeDeps(self).generate()

    def build(self):
        cmake = CMake(self)
        cmake.configure()
        cmake.build()

    def package(self):
        copy(self, "LICENSE", self.source_folder, Path(self.package_folder, "licenses"))
        CMake(self).install()
        # Conan makes these itself, from package_info.
        rmdir(self, Path(self.package_folder, "lib", "pkgconfig"))

    def package_info(self):
        # The package brings its own CMake files: they also serve what comes from the system.
        self.cpp_info.set_property("cmake_find_mode", "none")

        core = self.cpp_info.components["core"]
        core.libs = ["statemachine"]
        core.builddirs = ["lib/cmake/statemachine"]
        core.requires = ["boost::headers"]
        core.set_property("pkg_config_name", "statemachine")
        if self.settings.os in ("Linux", "FreeBSD"):
            core.system_libs = ["pthread"]

        if self.options.with_sqlite:
            sqlite = self.cpp_info.components["sqlite"]
            sqlite.libs = ["statemachine_sqlite"]
            sqlite.requires = ["core", "sqlitecpp::sqlitecpp", "sqlite3::sqlite3"]
            sqlite.set_property("pkg_config_name", "statemachine-sqlite")

            testing = self.cpp_info.components["testing"]
            testing.libs = ["statemachine_testing"]
            testing.requires = ["sqlite"]

        if self.options.with_postgres:
            postgres = self.cpp_info.components["postgres"]
            postgres.libs = ["statemachine_postgres"]
            postgres.requires = ["core", "libpq::libpq"]
            postgres.set_property("pkg_config_name", "statemachine-postgres")
