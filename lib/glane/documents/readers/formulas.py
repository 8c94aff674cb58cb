"""Formulas of spreadsheets that nothing has computed: programs that write files for Excel leave that to it."""

from __future__ import annotations

import html
import re

from glane.documents.package import Package, local, value

_MAIN = "xl/workbook.xml"
_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>([^<]*)</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v></(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
_PLACE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3}[0-9]{1,7})["']""")
_TEXT = re.compile(rb"""\bt\s*=\s*["']str["']""")  # computed, and an empty text


def not_computed(package: Package) -> list[str]:
    """Return the formulas that have no value, with their places. What is unpacked for it is counted.

    Raises:
        Unread: if that is too much, or encrypted.
    """
    root = package.xml_if_whole(_MAIN)
    targets = {at: target.lower() for at, _, target in package.relations(_MAIN)}
    told = {
        targets.get(value(one, "id") or ""): value(one, "name")
        for one in (root.iter() if root is not None else ())
        if local(one) == "sheet"
    }
    lines = []
    for part in sheets(package):
        data = package.bytes_of_text(part) or b""
        name = told.get(part) or part
        for attributes, formula in _CELL.findall(data):
            place = _PLACE.search(attributes)
            if place and not _TEXT.search(attributes):
                lines.append(f"{name}!{place[1].decode()} ={html.unescape(formula.decode('utf-8', 'replace'))}")
    return lines


def sheets(package: Package) -> list[str]:
    """Names of the files of its sheets of cells, as XML."""
    return [name for name in package.names() if name.startswith("xl/worksheets/") and name.endswith(".xml")]
