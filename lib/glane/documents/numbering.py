"""Numbers and bullets of lists, which Word computes and does not store."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from glane.documents.package import Package, local, value

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

_ROMAN = ((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl"), (10, "x"),
          (9, "ix"), (5, "v"), (4, "iv"), (1, "i"))  # fmt: skip
_PLACE = re.compile(r"%([1-9])")
_MOST = 5000  # of a number that is written in letters


@dataclass(frozen=True, slots=True)
class Level:
    """How a level of a list is numbered: `pattern` has `%1` for the number of the first level, and so on."""

    kind: str = "none"
    pattern: str = ""
    start: int = 1


@dataclass(frozen=True, slots=True)
class List:
    """A list: of which numbering it is, which several lists go on with, and at which levels it begins anew."""

    of: str
    levels: Mapping[int, Level]
    restarts: frozenset[int]


@dataclass(slots=True)
class Numbering:
    """The lists of a document, and how far each has come."""

    lists: Mapping[str, List] = field(default_factory=dict)
    styles: Mapping[str, tuple[str, int]] = field(default_factory=dict)  # paragraphs of a style are in a list
    _counts: dict[str, dict[int, int]] = field(default_factory=dict)
    _begun: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, package: Package, main: str) -> Numbering:
        """Read the lists of a Word file. Where they are damaged, there are no labels."""
        roots = [package.xml_if_whole(name) for name in package.related(main, "numbering")]
        abstract: dict[str, Mapping[int, Level]] = {}
        lists: dict[str, List] = {}
        for root in roots:
            for one in root if root is not None else ():
                if local(one) == "abstractNum":
                    abstract[value(one, "abstractNumId") or ""] = _levels(one)
                elif local(one) == "num":
                    lists[value(one, "numId") or ""] = _list(one, abstract)
        styles = dict(
            entry
            for name in package.related(main, "styles")
            if (root := package.xml_if_whole(name)) is not None
            for entry in _styles(root)
        )
        return cls(lists, styles)

    def label(self, paragraph: Element) -> str:
        """Return what stands before a paragraph, and count it; nothing where it is in no list."""
        told = self._place(paragraph)
        if told is None or told[0] not in self.lists:
            return ""
        number, at = told
        of, levels = self.lists[number].of, self.lists[number].levels
        level = levels.get(at)
        if level is None or level.kind == "none":
            return ""
        counts = self._counts.setdefault(of or number, {})
        if number not in self._begun:
            self._begun.add(number)
            for restarted in self.lists[number].restarts:
                counts.pop(restarted, None)
        counts[at] = counts.get(at, level.start - 1) + 1
        for deeper in [one for one in counts if one > at]:
            del counts[deeper]
        if level.kind == "bullet":
            return "• "
        return _PLACE.sub(lambda found: _counted(int(found[1]) - 1, levels, counts), level.pattern) + " "

    def _place(self, paragraph: Element) -> tuple[str, int] | None:
        """The list of a paragraph and its level there, by itself or by its style."""
        settings = next((one for one in paragraph if local(one) == "pPr"), None)
        if settings is None:
            return None
        style: tuple[str, int] | None = None
        for one in settings:
            if local(one) == "pStyle":
                style = self.styles.get(value(one, "val") or "")
            elif local(one) == "numPr":
                found = _number(one)
                return (found[0] or (style[0] if style else ""), found[1])
        return style


def _number(element: Element) -> tuple[str, int]:
    told = {local(one): value(one, "val") or "" for one in element}
    level = told.get("ilvl", "0")
    return told.get("numId", ""), int(level) if level.isdecimal() else 0


def _list(element: Element, abstract: Mapping[str, Mapping[int, Level]]) -> List:
    """A list, with what it has of its own: "restart at 1" is written so."""
    of = next((value(one, "val") or "" for one in element if local(one) == "abstractNumId"), "")
    levels = dict(abstract.get(of, {}))
    restarts = set()
    for one in element:
        at = value(one, "ilvl") or ""
        if local(one) != "lvlOverride" or not at.isdecimal():
            continue
        levels |= _levels(one)
        start = next((value(child, "val") or "" for child in one if local(child) == "startOverride"), "")
        if start.isdecimal():
            restarts.add(int(at))
            levels[int(at)] = replace(levels.get(int(at), Level()), start=int(start))
    return List(of, levels, frozenset(restarts))


def _styles(root: Element) -> list[tuple[str, tuple[str, int]]]:
    """Styles whose paragraphs are in a list: few of hundreds."""
    found = []
    for one in root.iter("{*}numPr"):
        style = next((above for above in one.iterancestors() if local(above) == "style"), None)
        if style is not None:
            found.append((value(style, "styleId") or "", _number(one)))
    return found


def _levels(element: Element) -> dict[int, Level]:
    found = {}
    for one in element:
        at = value(one, "ilvl") or ""
        if local(one) == "lvl" and at.isdecimal():
            told = {local(child): value(child, "val") or "" for child in one}
            start = told.get("start", "1")
            found[int(at)] = Level(
                told.get("numFmt", "decimal"), told.get("lvlText", ""), int(start) if start.isdecimal() else 1
            )
    return found


def _counted(at: int, levels: Mapping[int, Level], counts: Mapping[int, int]) -> str:
    level = levels.get(at, Level())
    count = counts.get(at, level.start)
    if level.kind in {"lowerLetter", "upperLetter"} and 0 < count < _MOST:
        text = chr(ord("a") + (count - 1) % 26) * ((count - 1) // 26 + 1)
    elif level.kind in {"lowerRoman", "upperRoman"} and 0 < count < _MOST:
        text = _roman(count)
    else:
        text = f"{count:02d}" if level.kind == "decimalZero" else str(count)
    return text.upper() if level.kind.startswith("upper") else text


def _roman(count: int) -> str:
    text = ""
    for size, letters in _ROMAN:
        text += letters * (count // size)
        count %= size
    return text
