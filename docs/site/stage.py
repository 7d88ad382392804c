#!/usr/bin/env python3
"""Lays the pages of the site out: the documents, the README as its first page, and each file of the
repository that one of them links to.

stage.py REPOSITORY PAGES
"""

import os
import re
import shutil
import sys
from pathlib import Path

FENCES = {".cpp": "cpp", ".hpp": "cpp", ".py": "python", ".txt": "text", ".sql": "sql", "": "text"}
# They have readers outside of the site, and stand beside it under their own names.
ROOT = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")
LINK = re.compile(r"(?<=\]\()([^)\s#:]+)(?=[)#])")


class staging:
    def __init__(self, repository, pages):
        self.repository, self.pages = repository, pages
        self.waiting, self.seen = [], set()

    def place_of(self, file):
        """Where a file of the repository stands among the pages."""
        if file == Path("README.md"):
            return Path("index.md")
        if (self.repository / file).is_dir():
            return file / "index.md"
        if file.parts[0] == "docs":
            return Path(*file.parts[1:])
        return file if file.suffix == ".md" else file.with_name(file.name + ".md")

    def add(self, file):
        if file not in self.seen:
            self.seen.add(file)
            self.waiting.append(file)

    def run(self):
        for name in ROOT:
            self.add(Path(name))
        for path in sorted((self.repository / "docs").rglob("*.md")):
            self.add(path.relative_to(self.repository))
        while self.waiting:
            self.write(self.waiting.pop())

    def write(self, file):
        place = self.pages / self.place_of(file)
        place.parent.mkdir(parents=True, exist_ok=True)
        if (self.repository / file).is_dir():
            place.write_text(self.listing_of(file))
            return
        text = (self.repository / file).read_text()
        if file.suffix != ".md":
            fence = FENCES.get(file.suffix, "sh" if text.startswith("#!") else "text")
            place.write_text(f"# {file}\n\n````{fence}\n{text}````\n")
            return
        place.write_text(LINK.sub(lambda link: self.target(file, link[1]), text))

    def listing_of(self, directory):
        files = sorted(path for path in (self.repository / directory).iterdir() if path.is_file())
        lines = [f"# {directory}", ""]
        for each in files:
            wanted = directory / each.name
            self.add(wanted)
            place = os.path.relpath(self.place_of(wanted), self.place_of(directory).parent)
            lines.append(f"- [{each.name}]({place})")
        return "\n".join(lines) + "\n"

    def target(self, file, link):
        wanted = Path(os.path.normpath(file.parent / link))
        source = self.repository / wanted
        if source.is_dir() and (source / "README.md").exists():
            wanted, source = wanted / "README.md", source / "README.md"
        if not source.exists():
            return link  # the build says that it leads nowhere
        if source.suffix in (".png", ".svg", ".jpg"):
            place = self.pages / self.place_of(wanted).with_name(wanted.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place)
        else:
            self.add(wanted)
            place = self.pages / self.place_of(wanted)
        return os.path.relpath(place, (self.pages / self.place_of(file)).parent)


def main():
    repository, pages = map(Path, sys.argv[1:])
    staging(repository, pages).run()
    shutil.copyfile(repository / "docs/site/site.css", pages / "site.css")


if __name__ == "__main__":
    main()
