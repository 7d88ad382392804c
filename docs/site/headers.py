"""Prints a header as Doxygen should read it: the comment at its top counts, attributes do not.

headers.py HEADER
"""

import re
import sys
from pathlib import Path


def main():
    path = Path(sys.argv[1])
    lines = path.read_text().splitlines()
    top = next((i for i, line in enumerate(lines) if not line.startswith("//")), len(lines))
    words = [re.sub(r"^//", "///", line) for line in lines[:top]]
    text = "\n".join(["/// @file", *words, *lines[top:]])
    text = re.sub(r"nodiscard, gnu::visibility\(\"default\"\)", "nodiscard", text)
    text = re.sub(r"\[\[(?:gnu::visibility\(\"default\"\)|nodiscard|noreturn)\]\] ?", "", text)
    print(re.sub(r" *// NOLINT.*", "", text))


if __name__ == "__main__":
    main()
