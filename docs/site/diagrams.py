"""Draws the Mermaid diagrams of the documents while the site is built, so that no browser has to."""

import itertools

import mmdr

numbers = itertools.count(1)


def drawn(source, language, css_class, options, md, **attributes):
    picture = mmdr.render(source).svg()
    # Each is drawn under the same name, which a page may hold once. Texts are measured for Arial: a
    # little smaller they fit in the wider fonts that stand in for it. Labels are white, as the ground.
    picture = picture.replace("merman", f"diagram-{next(numbers)}")
    picture = picture.replace("font-size:14px", "font-size:11.5px")
    picture = picture.replace("hsl(-120, 0%, 80%)", "#ffffff")
    return f'<div class="{css_class}">{picture}</div>'
