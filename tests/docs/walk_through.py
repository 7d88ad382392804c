#!/usr/bin/env python3
"""Does what a document says, in an empty directory, and compares what its commands print.

    walk_through.py DOCUMENT

A block with a title is written to that file, a block of `sh` is run, and a block of `text` that
follows one is what it has to print. All commands run in one shell, in order. A block of `shell` is
only shown.
"""

import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

BLOCK = re.compile(r"^```(\w+)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.M | re.S)
END = "what-a-document-writes-ends-here"


def script_of(document):
    """The document's steps as one shell script, and what each of its blocks has to print."""
    steps, wanted = ["set -euo pipefail", "exec 2>&1"], []
    for language, title, content in BLOCK.findall(document):
        if title:
            steps.append(f"cat > {shlex.quote(title)} <<'{END}'\n{content}{END}")
        elif language == "sh":
            steps.append(f"echo {END}\n{content}")
            wanted.append(None)
        elif language == "text":
            wanted[-1] = content
    return "\n".join(steps) + f"\necho {END}\n", wanted


def environment():
    """Leads libpq's programs to the server of the tests."""
    named = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER"}
    found = dict(os.environ)
    for pair in shlex.split(os.environ["STATEMACHINE_TEST_CONNINFO"]):
        name, value = pair.split("=", 1)
        if name in named:
            found[named[name]] = value
    return found


def run(script, directory, surroundings):
    """Leaves nothing running, however it ends."""
    shell = subprocess.Popen(
        ["bash", "-c", script],
        cwd=directory,
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = shell.communicate(timeout=540)
    except subprocess.TimeoutExpired:
        os.killpg(shell.pid, signal.SIGKILL)
        sys.exit("the commands of the document do not end:\n" + (shell.communicate()[0] or ""))
    return shell.returncode, output


def main():
    script, wanted = script_of(Path(sys.argv[1]).read_text())
    surroundings = environment()
    with tempfile.TemporaryDirectory() as directory:
        subprocess.run(
            ["dropdb", "--if-exists", "words"], env=surroundings, check=True, capture_output=True
        )
        status, output = run(script, directory, surroundings)
    print(output)
    # What a shell says of a process that was killed is its own.
    printed = re.sub(r"^bash: line \d+: .*Killed .*\n", "", output, flags=re.M)
    printed = printed.split(f"{END}\n")[1:]
    if status != 0:
        sys.exit(f"a command of the document ended with {status}")
    for number, text in enumerate(wanted):
        if text is not None and printed[number] != text:
            sys.exit(f"block {number + 1} of commands was to print:\n{text}")
    if not any(wanted):
        sys.exit("the document shows nothing that its commands print")


if __name__ == "__main__":
    main()
