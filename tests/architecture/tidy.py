#!/usr/bin/env python3
"""Runs clang-tidy on the sources of the libraries.

    tidy.py CLANG_TIDY BUILD ROOT

BUILD holds compile_commands.json. A source that has passed is not looked at again until it, a
header of ours that it includes, the way it is compiled or the configuration changes.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

INCLUDE = re.compile(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', re.MULTILINE)


def with_includes(source, bases):
    """The source and every header of the tree that it includes, directly or not."""
    found, left = set(), [source]
    while left:
        path = left.pop()
        if path not in found:
            found.add(path)
            for name in INCLUDE.findall(path.read_text("utf-8")):
                targets = [base / name for base in (path.parent, *bases)]
                left += [target.resolve() for target in targets if target.is_file()][:1]
    return sorted(found)


def main():
    tidy, build, root = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]).resolve()
    bases = [root / "include", *root.glob("backends/*/include")]
    commands = json.loads((build / "compile_commands.json").read_text("utf-8"))
    sources = {Path(each["file"]): each["command"] for each in commands
               if Path(each["file"]).parts[len(root.parts)] in ("src", "backends")}
    if not sources:
        sys.exit("no source to look at")
    version = subprocess.run([tidy, "--version"], stdout=subprocess.PIPE, check=True).stdout
    rules = version + (root / ".clang-tidy").read_bytes()
    passed = build / "tidy"
    passed.mkdir(exist_ok=True)

    def findings(source):
        state = hashlib.sha256(rules + sources[source].encode())
        for path in with_includes(source, bases):
            state.update(path.read_bytes())
        stamp = passed / state.hexdigest()
        if stamp.exists():
            return ""
        done = subprocess.run([tidy, "-p", build, "--quiet", source], text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if done.returncode == 0:
            stamp.touch()
            return ""
        return done.stdout or done.stderr

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = "".join(pool.map(findings, sorted(sources)))
    print(found)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
