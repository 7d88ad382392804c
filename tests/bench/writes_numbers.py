#!/usr/bin/env python3
"""Runs the benchmarks of a section that match, and looks at the JSON that they write.

    writes_numbers.py PROGRAM FILTER
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path


def main():
    program, pattern = sys.argv[1:]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory, "numbers.json")
        subprocess.run([program, f"--benchmark_filter={pattern.replace('$', '/iterations')}",
                        f"--benchmark_out={file}", "--benchmark_out_format=json"],
                       check=True, stdout=subprocess.DEVNULL)
        runs = [each for each in json.loads(file.read_text("utf-8"))["benchmarks"]
                if each["run_type"] == "iteration"]
    wrong = [f"{each['run_name']}: {each['error_message']}" for each in runs
             if each.get("error_occurred")]
    names = {each["run_name"] for each in runs}
    for database in ("sqlite", "postgres"):
        if not any(f"/{database}/" in name for name in names):
            wrong.append(f"nothing was measured on {database}")
    print("\n".join(wrong or sorted(names)))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
