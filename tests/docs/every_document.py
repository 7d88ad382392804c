#!/usr/bin/env python3
"""Fails for a document that shows C++ and is compiled by no test.

    every_document.py REPOSITORY DOCUMENT...      the documents that are
"""

import sys
from pathlib import Path


def main():
    repository, compiled = Path(sys.argv[1]), set(sys.argv[2:])
    shown = [repository / "README.md", *sorted((repository / "docs").rglob("*.md"))]
    names = {
        str(path.relative_to(repository)) for path in shown if "\n```cpp" in path.read_text()
    }
    for name in sorted(names - compiled):
        print(f"{name} shows C++: give it a program in tests/docs/CMakeLists.txt", file=sys.stderr)
    if not names:
        sys.exit("no document was found")
    sys.exit(1 if names - compiled else 0)


if __name__ == "__main__":
    main()
