#!/usr/bin/env python3
"""Follows every link of a built site, and fails on one that leads nowhere: to no file, or to no place
in it. Links out of the site are not followed, but nothing that a page shows may lie outside.

check_links.py SITE
"""

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.places, self.links, self.parts = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        for name in ("id", "name"):
            if given.get(name):
                self.places.add(given[name])
        if tag in ("a", "area") and given.get("href"):
            self.links.append(given["href"])
        if tag == "link" and given.get("rel") in ("stylesheet", "icon"):
            self.parts.append(given["href"])
        if given.get("src"):
            self.parts.append(given["src"])


def main():
    site = Path(sys.argv[1]).resolve()
    pages = {path: page(path.read_text()) for path in site.rglob("*.html")}
    broken, followed = [], 0
    for path, content in pages.items():
        if path.name == "404.html":
            continue  # its links are absolute: it is shown at any depth
        for link, is_part in [(each, False) for each in content.links] + [
            (each, True) for each in content.parts
        ]:
            parts = urlsplit(link)
            if parts.scheme in ("data", "javascript", "mailto"):
                continue
            where = f"{path.relative_to(site)}: {link}"
            if parts.scheme or parts.netloc:
                if is_part:
                    broken.append(f"{where} lies outside of the site")
                continue
            followed += 1
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            if not target.is_file():
                broken.append(f"{where} leads to no file")
            elif parts.fragment and target in pages:
                if unquote(parts.fragment) not in pages[target].places | {"__top"}:
                    broken.append(f"{where} leads to no place in its file")
    for each in broken:
        print(each, file=sys.stderr)
    print(f"{len(pages)} pages, {followed} links followed, {len(broken)} broken")
    sys.exit(1 if broken or not followed else 0)


if __name__ == "__main__":
    main()
