"""Makes links of the library's names: `sm::worker` in a page leads to its place in the reference."""

import os
import re
import xml.etree.ElementTree as tree
from pathlib import Path

places = {}


def on_pre_build(config):
    tags = tree.parse(os.environ["SITE_TAGS"]).getroot()
    for compound in tags.iter("compound"):
        if compound.get("kind") in ("class", "struct", "concept"):
            file = compound.findtext("filename")
            places.setdefault(
                compound.findtext("name"), file if file.endswith(".html") else f"{file}.html"
            )
        if compound.get("kind") == "namespace":
            for member in compound.iter("member"):
                name = f"{compound.findtext('name')}::{member.findtext('name')}"
                places.setdefault(name, f"{member.findtext('anchorfile')}#{member.findtext('anchor')}")


def on_page_content(html, page, config, files):
    root = "../" * (len(Path(page.file.src_uri).parts) - 1)

    def linked(code):
        name = re.sub(r"<[^>]*>$|\(\)$", "", code[1].replace("&lt;", "<").replace("&gt;", ">"))
        place = places.get(name.replace("sm::", "statemachine::", 1))
        return f'<a href="{root}api/{place}">{code[0]}</a>' if place else code[0]

    return re.sub(r"(?<!\">)<code>(sm::[^<\s]+)</code>(?!</a>)", linked, html)
