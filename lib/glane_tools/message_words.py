"""Which places of a message hold a single word of glane's, which is put into the other language, too.

What else stands in a place as one word is a name: a column `model` is no model.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator
from pathlib import Path

from glane_tools.messages_elsewhere import NAMED, WORD, name_of, value_of

_NAMES = frozenset({"state", "sign", "answer", "limit", "bound"})  # of variables that hold such a word
_NAME = re.compile(r"\w+")


def places_of_words(path: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The templates of a file that have such places, and those: `{0}` and so on."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    sayers = frozenset(_sayers(tree))
    for node in ast.walk(tree):
        places, parts = [], []
        if isinstance(node, ast.JoinedStr):
            for value in node.values:
                if isinstance(value, ast.FormattedValue):
                    parts.append(f"{{{len(places)}}}")
                    places.append(name_of(value.value) in _NAMES or any(_single_words(value.value, sayers)))
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


def _sayers(tree: ast.Module) -> Iterator[str]:
    """The functions of a file that may return a single word."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            found = (one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None)
            if any(any(_single_words(one, frozenset())) or _is_word(one) for one in found):
                yield function.name


def _single_words(node: ast.expr, sayers: Collection[str]) -> Iterator[bool]:
    """Whether each of what a place may hold is a single word: one that is chosen, or that a function says."""
    for one in ast.walk(node):
        if isinstance(one, ast.IfExp):
            yield from map(_is_word, (one.body, one.orelse))
        elif isinstance(one, ast.BoolOp):
            yield from map(_is_word, one.values)
        elif isinstance(one, ast.Call):
            yield name_of(one.func) in sayers


def _is_word(node: ast.expr) -> bool:
    text = value_of(node)
    return isinstance(text, str) and bool(WORD.search(text)) and len(text.split()) == 1
