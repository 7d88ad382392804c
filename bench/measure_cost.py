#!/usr/bin/env python3
"""Counts what a call costs beside time, and its instructions under callgrind.

    measure_cost.py PROGRAM      PROGRAM is bench_cost; STATEMACHINE_TEST_CONNINFO names the server
"""

import json
import re
import shutil
import subprocess
import sys

from results import repetition, scaled, write

OPERATIONS = {"submit": 100, "claim_next": 100, "claim_by_id": 100, "renew": 100, "finish": 100,
              "finish_token": 100, "submit_many_100": 6, "claim_many_100": 6, "finish_many_100": 6}
IN_CALLGRIND = ("submit", "claim_by_id", "finish", "finish_many_100")


def run(*words):
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1] if done.stderr else words)
    return done


def instructions(program, database, variant, operation, calls):
    done = run("valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
               "--toggle-collect=bench_measured", program, database, variant, operation, str(calls))
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main():
    program = sys.argv[1]
    callgrind = shutil.which("valgrind") is not None
    found = []
    for database in ("sqlite", "postgres"):
        for operation, calls in scaled({"finish": 5, "finish_many_10": 2}, OPERATIONS,
                                       OPERATIONS).items():
            for variant in ("library", "raw", "hand"):
                counts = json.loads(run(program, database, variant, operation, str(calls)).stdout)
                if callgrind and operation in IN_CALLGRIND and scaled(False, True, True):
                    few = max(calls // 5, 2)
                    counts["instructions"] = instructions(
                        program, database, variant, operation, few) / (few * counts["jobs"])
                found.append(repetition(f"cost/{database}/{operation}/{variant}", 0, **counts))
    write("cost", found)


if __name__ == "__main__":
    main()
