#!/usr/bin/env python3
"""Runs the program that counts what calls cost: what it counts has to be there.

    counts_costs.py PROGRAM
"""

import json
import subprocess
import sys

EXPECTED = {"sqlite": ("allocations", "syncs", "wal_bytes"),
            "postgres": ("allocations", "messages", "wal_bytes")}
# Of the whole server, in ticks: sessions that end beside these few calls take theirs along.
COARSE = {"sqlite": (), "postgres": ("server_cpu_us",)}


def main():
    wrong = []
    for database, counters in EXPECTED.items():
        for variant in ("library", "raw", "hand"):
            done = subprocess.run([sys.argv[1], database, variant, "finish", "5"], check=True,
                                  capture_output=True, text=True)
            counts = json.loads(done.stdout)
            wrong += [f"{database} {variant}: no {each}" for each in counters if counts[each] <= 0]
            wrong += [f"{database} {variant}: no {each}"
                      for each in COARSE[database] if each not in counts]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
