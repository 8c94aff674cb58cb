"""Which places of a message hold a single word of glane's, which is put into the other language, too.

What else stands in a place as one word is a name: a column `model` is no model.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from glane_tools.messages_elsewhere import NAMED, WORD, name_of, value_of

_NAMES = frozenset({"state", "sign", "answer", "limit", "bound"})  # of variables that hold such a word
_NAME = re.compile(r"\w+")


def places_of_words(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The templates of a file that have such places, and those: `{0}` and so on."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        places, parts = [], []
        if isinstance(node, ast.JoinedStr):
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    parts.append(f"{{{len(places)}}}")
                    places.append(name_of(value.value) in _NAMES or any(_single_words(value.value)))
                else:
                    parts.append(str(value_of(value)))
        elif isinstance(text := value_of(node), str):
            for at, part in enumerate(re.split(f"({NAMED.pattern})", text)):
                if at % 2:
                    parts.append(f"{{{len(places)}}}")
                    places.append(_NAME.findall(part)[0] in _NAMES)
                else:
                    parts.append(part)
        if any(places):
            yield "".join(parts).strip(), tuple(f"{{{at}}}" for at, is_one in enumerate(places) if is_one)


def _single_words(node: ast.expr) -> Iterator[bool]:
    for one in ast.walk(node):
        if isinstance(one, ast.IfExp):
            for chosen in (one.body, one.orelse):
                text = value_of(chosen)
                yield isinstance(text, str) and bool(WORD.search(text)) and len(text.split()) == 1
