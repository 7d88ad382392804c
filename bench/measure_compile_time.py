#!/usr/bin/env python3
"""Measures how long a translation unit with a machine takes to compile.

    measure_compile_time.py INCLUDE...      the directories of the public headers
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from results import repetition, scaled, write

HEADERS = """#include <statemachine/statemachine.hpp>
#include <statemachine/sqlite.hpp>
"""
# Enough for a program without workers, sweepers, relays and pipelines.
STORE = """#include <statemachine/store.hpp>
#include <statemachine/sqlite.hpp>
"""
MACHINE = """
#include <string>
namespace sm = statemachine;
using namespace std::chrono_literals;
enum class state {{ {names} }};
struct job {{ std::string payload; }};
constexpr sm::event<> claim{{"claim"}}, {events};
constexpr sm::column columns[] = {{{{"payload", sm::field<&job::payload>}}}};
constexpr sm::named<state> states[] = {{ {states} }};
constexpr sm::transition<state> transitions[] = {{ {transitions} }};
constexpr sm::machine<state, job> machine{{.table = "jobs", .initial = state::s0,
    .columns = columns, .states = states, .transitions = transitions}};
static_assert(sm::verify<machine>());
"""
USE = """
int main() {
    auto db = sm::sqlite::open("jobs.db").value();
    sm::store<machine> jobs{db};
    auto run = jobs.claim(claim, {.owner = "worker"}).value();
    return jobs.fire(e1, *run).value().applied() ? 0 : 1;
}
"""


def machine_of(count):
    """A claim, then one leased step with an event of its own for each further transition."""
    last = min(count, 60)  # a machine has at most 64 states
    transitions = [".on = claim, .from = state::s0, .to = state::s1, .lease = 1min, "
                   ".expired = state::s0"]
    transitions += [f".on = e{i}, .from = state::s1, .to = state::s{2 + (i - 1) % (last - 1)}"
                    for i in range(1, count)]
    states = ['{state::s0, "s0"}', '{state::s1, "s1"}']
    states += [f'{{state::s{i + 1}, "s{i + 1}", sm::terminal}}' for i in range(1, last)]
    return MACHINE.format(names=", ".join(f"s{i}" for i in range(last + 1)),
                          events=", ".join(f'e{i}{{"e{i}"}}' for i in range(1, count)),
                          states=", ".join(states),
                          transitions=", ".join(f"{{{each}}}" for each in transitions))


def seconds(compiler, source, includes):
    """Of processor time, so that other programs disturb less."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([compiler, "-std=c++20", "-O0", "-c", "-o", "/dev/null", str(source),
                           *[f"-I{each}" for each in includes]], capture_output=True, text=True,
                          check=False, env={**os.environ, "CCACHE_DISABLE": "1"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        raise RuntimeError(done.stderr[:2000])
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    includes = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        sources = {"headers": HEADERS + "int main() {}\n"}
        for count in scaled((5,), (5, 20, 100), (5, 20, 100)):
            sources[f"transitions:{count}/declared"] = HEADERS + machine_of(count)
            sources[f"transitions:{count}/used"] = HEADERS + machine_of(count) + USE
            sources[f"transitions:{count}/used/store.hpp"] = STORE + machine_of(count) + USE
        files = {}
        for name, text in sources.items():
            files[name] = Path(directory, name.replace("/", "_").replace(":", "_") + ".cpp")
            files[name].write_text(text)
        compilers = {"gcc": shutil.which("g++-12") or shutil.which("g++"),
                     "clang": shutil.which("clang++-14") or shutil.which("clang++")}
        found, failed = [], set()
        for pair in range(scaled(1, 5, 7)):
            for compiler, path in compilers.items():
                for name, file in files.items():
                    label = f"compile/{compiler}/{name}"
                    if path is None or label in failed or (pair >= 2 and ":100" in name):
                        continue
                    try:
                        found.append(repetition(label, pair,
                                                seconds=seconds(path, file, includes)))
                    except RuntimeError as why:
                        failed.add(label)
                        found.append(repetition(label, pair, error_occurred=True,
                                                error_message=str(why)))
    write("compile", found)


if __name__ == "__main__":
    main()
