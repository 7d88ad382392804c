#!/usr/bin/env python3
"""Runs the library beside other job queues, on the same server or disk and at the same durability.

    run.py OURS      OURS is bench_ours; STATEMACHINE_TEST_CONNINFO names the server

Drivers are copied to build/bench/peers and get their packages there, by their own package managers.
A peer that cannot be installed is left out, with the error.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from results import ROOT, repetition, scaled, write  # noqa: E402

HERE = Path(__file__).resolve().parent
PLACE = ROOT / "build/bench/peers"

NODE = [["npm", "ci", "--omit=dev", "--legacy-peer-deps", "--ignore-scripts",
         "--no-audit", "--no-fund"],
        ["npm", "rebuild", "better-sqlite3"]]
KINDS = {
    "node": {"tools": ["node", "npm"], "fetch": NODE},
    "river": {"tools": ["go"], "fetch": [["go", "build", "-o", "driver", "."]]},
    "db-scheduler": {"tools": ["java", "mvn"],
                     "fetch": [["mvn", "-q", "-B", "dependency:copy-dependencies",
                                "-DoutputDirectory=deps"]]},
}
PEERS = {
    "graphile-worker": {"kind": "node", "database": "postgres",
                        "command": ["node", "graphile_worker.mjs"]},
    "pg-boss": {"kind": "node", "database": "postgres", "command": ["node", "pg_boss.mjs"]},
    "plainjob": {"kind": "node", "database": "sqlite", "command": ["node", "plainjob.mjs"]},
    "liteque": {"kind": "node", "database": "sqlite", "command": ["node", "liteque.mjs"]},
    "river": {"kind": "river", "database": "postgres", "command": ["./driver"]},
    "db-scheduler": {"kind": "db-scheduler", "database": "postgres",
                     "command": ["java", "-cp", "deps/*", "Driver.java"]},
}


def fingerprint(directory):
    files = sorted(file for file in directory.iterdir() if file.is_file())
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def fetch(kind):
    """The error, or None when it is there."""
    how, place = KINDS[kind], PLACE / kind
    for tool in how["tools"]:
        if shutil.which(tool) is None:
            return f"{tool} is not installed"
    sources, stamp = fingerprint(HERE / kind), place / "fetched"
    if stamp.is_file() and stamp.read_text("utf-8") == sources:
        return None
    # What an older version of the driver needed would be found before what this one needs.
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(HERE / kind, place)
    # Without the headers of the installed Node, its add-ons are compiled against downloaded ones.
    nodedir = {"npm_config_nodedir": "/usr"} if Path("/usr/include/node/node.h").exists() else {}
    for words in how["fetch"]:
        done = subprocess.run(words, cwd=place, env={**os.environ, **nodedir}, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode != 0:
            return f"{' '.join(words)}: " + " ".join(done.stdout.split())[-300:]
    stamp.write_text(sources, "utf-8")
    return None


class Driver:
    def __init__(self, command, directory, environment):
        self.process = subprocess.Popen(command, cwd=directory, text=True, bufsize=1,
                                        env={**os.environ, **environment},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.answer()

    def answer(self):
        # One that hangs ends, and is left out.
        timer = threading.Timer(600, self.process.kill)
        timer.start()
        line = self.process.stdout.readline()
        timer.cancel()
        answer = json.loads(line) if line else {"error": "the driver ended"}
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer

    def ask(self, what, count, batch):
        self.process.stdin.write(f"{what} {count} {batch}\n")
        self.process.stdin.flush()
        return self.answer()["seconds"]

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def urls(conninfo):
    """The server's address as a URL for the drivers, over TCP as their libraries do it."""
    words = dict(word.split("=", 1) for word in conninfo.split())
    port = words["port"].strip("'")
    return {"PEER_URL": f"postgres://postgres@127.0.0.1:{port}/postgres",
            "PEER_JDBC": f"jdbc:postgresql://127.0.0.1:{port}/postgres?user=postgres"
                         "&reWriteBatchedInserts=true"}


def lives(driver, count, batch):
    return driver.ask("submit", count, batch), driver.ask("work", count, batch)


def compare(name, ours, peer, count, batch, pairs):
    label = f"peers/{PEERS[name]['database']}/{name}/" + (
        f"batches/queued:{count}" if batch > 1 else f"one_by_one/queued:{count}")
    warm = min(count, batch * 4)
    lives(ours, warm, batch)
    lives(peer, warm, batch)
    for pair in range(pairs):
        took = {}
        both = [("library", ours), ("peer", peer)]
        for who, driver in both if pair % 2 == 0 else reversed(both):
            took[who] = lives(driver, count, batch)
        yield repetition(label, pair, **{
            f"{who}_{part}_per_s": count / seconds
            for who, parts in took.items()
            for part, seconds in (("submit", parts[0]), ("work", parts[1]))})


def rounds(name):
    """How many jobs, in which batches, how often."""
    # Who works one by one, and is not among those that the targets name, takes minutes for many.
    batched = {"graphile-worker": [(50_000, 5), (200_000, 3)],
               "pg-boss": [(50_000, 5), (200_000, 3)],
               "river": [(50_000, 3)], "db-scheduler": [(10_000, 3)],
               "plainjob": [(1_500, 5)], "liteque": [(1_500, 5)]}[name]
    longer = [(count, 5) for count in ((50_000, 200_000) if PEERS[name]["database"] == "postgres"
                                       else (10_000,))]
    singles = scaled((20, 1), (800 if PEERS[name]["database"] == "postgres" else 400, 5),
                     (5_000, 5))
    # Before the others: a vacuum of what those left would run beside one or the other.
    return [(singles[0], 1, singles[1])] + [
        (count, 500, pairs) for count, pairs in scaled([(100, 1)], batched, longer)]


def main():
    program = str(Path(sys.argv[1]).resolve())
    wanted = sys.argv[2:] or list(PEERS)
    server = urls(os.environ["STATEMACHINE_TEST_CONNINFO"])
    found, left_out, problem = [], {}, {}
    for name in wanted:
        peer = PEERS[name]
        kind = peer["kind"]
        if kind not in problem:
            problem[kind] = fetch(kind)
        if problem[kind] is not None:
            left_out[name] = problem[kind]
            write("peers", found, left_out=left_out)
            print(f"{name} is left out: {problem[kind]}", file=sys.stderr)
            continue
        drivers = []
        with tempfile.TemporaryDirectory() as directory:
            try:
                began = time.monotonic()
                drivers.append(Driver([program, peer["database"]], ROOT, {}))
                drivers.append(Driver(peer["command"], PLACE / kind,
                                      {**server, "PEER_FILE": f"{directory}/jobs.db"}))
                for count, batch, pairs in rounds(name):
                    found += compare(name, *drivers, count, batch, pairs)
                print(f"{name}: {time.monotonic() - began:.0f} s")
            except (RuntimeError, BrokenPipeError) as why:
                left_out[name] = str(why)[:300]
                print(f"{name} is left out: {why}", file=sys.stderr)
            for driver in drivers:
                driver.close()
        write("peers", found, left_out=left_out)


if __name__ == "__main__":
    main()
