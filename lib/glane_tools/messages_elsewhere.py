"""Messages that no line of the source puts together: those of libraries, and the tables that hold both languages."""

from __future__ import annotations

import ast
import errno
import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic_core import PydanticKnownError

_OF_PYDANTIC: dict[str, dict[str, Any]] = {  # what is said of a wrong value in a setting or a task
    "bool_parsing": {}, "bool_type": {}, "string_type": {}, "list_type": {}, "tuple_type": {}, "dict_type": {},
    "int_type": {}, "int_parsing": {}, "int_from_float": {}, "float_type": {}, "float_parsing": {}, "finite_number": {},
    "greater_than": {"gt": 0}, "greater_than_equal": {"ge": 0}, "less_than": {"lt": 0}, "less_than_equal": {"le": 0},
    "literal_error": {"expected": ""}, "string_pattern_mismatch": {"pattern": ""},
    "string_too_short": {"min_length": 1}, "string_too_long": {"max_length": 1},
    "too_short": {"field_type": "", "min_length": 1, "actual_length": 0},
    "too_long": {"field_type": "", "max_length": 1, "actual_length": 2},
    "model_type": {"class_name": ""}, "union_tag_invalid": {"discriminator": "", "tag": "", "expected_tags": ""},
    "missing": {}, "extra_forbidden": {},
}  # fmt: skip
_OF_THE_SYSTEM = (
    errno.ENOENT, errno.EACCES, errno.EPERM, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.ENOTEMPTY, errno.ENOSPC,
    errno.EDQUOT, errno.EROFS, errno.EIO, errno.EMFILE, errno.ESTALE, errno.ETIMEDOUT, errno.ENAMETOOLONG, errno.ELOOP,
)  # fmt: skip
WORD = re.compile(r"[A-Za-z][a-z]+|\bETA\b")
NAMED = re.compile(r"\{[a-z_][a-z0-9_]*(?:![rs])?(?::[^{}]*)?\}")  # {num}, {share:.3f}
_MARKUP = re.compile(r"[<|]")  # of a page; the headers of its tables
_NBSP = "\u00a0"
_UNBROKEN = re.compile(r" (?=[:;?!%»](?:[\s).,]|$))|(?<=«) ")


def of_pydantic() -> list[str]:
    """The templates of the library that checks settings and tasks."""
    kinds: Any = _OF_PYDANTIC
    said = [PydanticKnownError(kind, context or None).message_template for kind, context in kinds.items()]
    return [*map(numbered, said), "{0} or {1}"]  # of the values that may be


def of_the_system() -> list[str]:
    """What the operating system says of a file."""
    return [os.strerror(number) for number in _OF_THE_SYSTEM]


def in_both(path: Path) -> dict[str, str]:
    """The templates of the tables of both languages in a file, and what they are in French."""
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if (
            isinstance(node, ast.Dict)
            and {"fr", "en"} <= (sides := dict(zip(map(value_of, node.keys), node.values))).keys()
        ):
            french, english = _by_key(sides["fr"]), _by_key(sides["en"])
            for key in (key for key in english if key in french):
                text, names = english[key], NAMED.findall(english[key])
                is_sentence = len(WORD.findall(text)) > 1 and not _MARKUP.search(text)
                if is_sentence and sorted(NAMED.findall(french[key])) == sorted(names):
                    found[_by_number(text, names)] = _UNBROKEN.sub(_NBSP, _by_number(french[key], names))
        elif isinstance(node, ast.Assign) and name_of(node.targets[0]) == "_WORDS":
            found |= {ast.literal_eval(key): text for key, text in _by_key(node.value).items()}
    return found


def _by_number(text: str, names: Sequence[str]) -> str:
    return NAMED.sub(lambda place: f"{{{names.index(place[0])}}}", text).strip()


def _by_key(node: ast.expr) -> dict[str, str]:
    several = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else [(None, node)]
    return {ast.unparse(key) if key else "": text for key, one in several if isinstance(text := value_of(one), str)}


def numbered(text: str) -> str:
    """A text with its named places numbered, as `str.format` fills them in."""
    numbers = itertools.count()
    return NAMED.sub(lambda _: f"{{{next(numbers)}}}", text).strip()


def value_of(node: ast.AST | None) -> object:
    """The value of a constant; None of anything else."""
    return node.value if isinstance(node, ast.Constant) else None


def name_of(node: ast.AST) -> str:
    """The name of a variable or an attribute; empty of anything else."""
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")
