#!/usr/bin/env python3
"""Has spin check the model of the protocol: sound as it is, refuted with a rule left out.

    check.py SPIN COMPILER MODEL

Each variant is searched in full, within the bounds of the model. Where STATEMACHINE_SEEDS asks for
longer tests, the bounds are wider.
"""

import concurrent.futures
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

SOUND = [[]]
REFUTED = [
    ["WITHOUT_EPOCH"],
    ["WITHOUT_LEASE"],
    ["WITHOUT_TOKEN"],
    ["WITH_A_LOOK_INSTEAD_OF_A_RESEND"],
    ["WITHOUT_A_TOMBSTONE"],
    ["WITHOUT_DURABLE_EPOCHS"],
    ["REACHES_A_LATE_FINISH_THAT_IS_REFUSED"],
    ["REACHES_A_VOID_TOKEN"],
    ["REACHES_A_RESEND_THAT_APPLIES"],
]
SENDINGS = 5 if os.environ.get("STATEMACHINE_SEEDS") else 4
SECONDS = 900


def search(spin, compiler, model, switches):
    """What the search of one variant prints."""
    with tempfile.TemporaryDirectory() as directory:
        defined = [f"-D{each}" for each in [f"SENDINGS={SENDINGS}", *switches]]
        steps = [[spin, *defined, "-a", model],
                 [*compiler.split(), "-x", "c", "-O0" if switches else "-O1", "-w", "-DSAFETY",
                  "-DCOLLAPSE", "-DMEMLIM=1500", "-o", "pan", "pan.c"],
                 ["./pan", "-E", "-m100000", "-w24"]]
        for step in steps:
            done = subprocess.run(step, cwd=directory, text=True, timeout=SECONDS,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            if done.returncode != 0 and step is not steps[-1]:
                return done.stdout
        return done.stdout


def main():
    spin, compiler, model = sys.argv[1], sys.argv[2], Path(sys.argv[3]).resolve()
    variants = SOUND + REFUTED
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(lambda each: search(spin, compiler, model, each), variants))
    wrong = 0
    for switches, text in zip(variants, found):
        name = " ".join(switches) or "the protocol"
        errors = re.search(r"errors: (\d+)", text)
        states = re.search(r"(\d+) states, stored", text)
        complete = "Search not completed" not in text and "max search depth" not in text
        assertion = re.search(r"assertion violated (.*?) \(at depth", text)
        if errors is None:
            verdict, fine = "could not be checked:\n" + text, False
        elif switches:
            verdict = f"refuted by {assertion.group(1)}" if assertion else "NOT refuted\n" + text
            fine = assertion is not None
        else:
            fine = errors.group(1) == "0" and complete
            verdict = f"sound in {states.group(1)} states" if fine else "NOT sound:\n" + text
        wrong += not fine
        print(f"{name}: {verdict}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
