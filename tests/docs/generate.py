#!/usr/bin/env python3
"""Puts the code of a document into a program, so that what it shows is compiled and run.

    generate.py DOCUMENT TEMPLATE PROGRAM

A line `//@ 3` of the template becomes the third block of C++ of the document, and `/*@ sql 2 */`
its second block of SQL, as a string. Every block of C++ has to be used, once.
"""

import re
import sys
from pathlib import Path


def blocks_of(language, text):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.M | re.S)


def main():
    document, template, program = map(Path, sys.argv[1:])
    shown = document.read_text()
    blocks, statements = blocks_of("cpp", shown), blocks_of("sql", shown)
    used = []

    def block(marker):
        number = int(marker[1])
        used.append(number)
        if not 1 <= number <= len(blocks):
            sys.exit(f"{template}: {document.name} has no block {number}")
        return f'#line 1 "{document.name}, block {number}"\n{blocks[number - 1]}'

    def statement(marker):
        number = int(marker[1])
        if not 1 <= number <= len(statements):
            sys.exit(f"{template}: {document.name} has no block {number} of SQL")
        return f'R"sql({statements[number - 1]})sql"'

    text = re.sub(r"^ *//@ (\d+)\n", block, template.read_text(), flags=re.M)
    text = re.sub(r"/\*@ sql (\d+) \*/", statement, text)
    if sorted(used) != list(range(1, len(blocks) + 1)):
        sys.exit(f"{template}: it uses the blocks {used}, and {document.name} has {len(blocks)}")
    program.write_text(text)


if __name__ == "__main__":
    main()
