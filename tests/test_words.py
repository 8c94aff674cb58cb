"""Everything that is said in French is said in English, and the other way round: all tables of words in the library."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from conftest import ROOT

LIB = ROOT / "lib" / "glane"
WORDS_JS = LIB / "assess" / "review" / "words.js"
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def tables(source: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every mapping with the keys fr and en in a module, as far as its parts are written out."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
            if set(keys) == {"fr", "en"} and len(keys) == len(node.keys):
                yield node.lineno, {key: plain(value) for key, value in zip(keys, node.values, strict=True)}


def plain(node: ast.expr) -> Any:
    """The words of a literal; what is computed stands as None."""
    match node:
        case ast.Constant():
            return node.value
        case ast.Dict():
            return {
                ast.unparse(key) if key else "**": plain(value)
                for key, value in zip(node.keys, node.values, strict=True)
            }
        case ast.List() | ast.Tuple():
            return [plain(one) for one in node.elts]
        case _:
            return None


def differences(french: Any, english: Any, place: str) -> Iterator[str]:
    if isinstance(french, dict) and isinstance(english, dict):
        for key in sorted(set(french) ^ set(english)):
            yield f"{place}.{key}: in one language only"
        for key in set(french) & set(english):
            yield from differences(french[key], english[key], f"{place}.{key}")
    elif isinstance(french, list) and isinstance(english, list):
        if len(french) != len(english):
            yield f"{place}: {len(french)} entries in French, {len(english)} in English"
        for number, (one, other) in enumerate(zip(french, english, strict=False)):
            yield from differences(one, other, f"{place}[{number}]")
    elif isinstance(french, str) and isinstance(english, str):
        if sorted(_PLACEHOLDER.findall(french)) != sorted(_PLACEHOLDER.findall(english)):
            yield f"{place}: other placeholders"
        if bool(french.strip()) != bool(english.strip()):
            yield f"{place}: no words"
        if french.count("|") != english.count("|"):
            yield f"{place}: other columns"
    elif type(french) is not type(english):
        yield f"{place}: of another shape"


def test_tables_say_the_same_in_both_languages() -> None:
    found, problems = 0, []
    for path in LIB.rglob("*.py"):
        for line, table in tables(path.read_text(encoding="utf-8")):
            found += 1
            problems += differences(table["fr"], table["en"], f"{path.relative_to(LIB)}, line {line}")
    assert problems == []
    assert found > 30


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('x = {"fr": {"a": "un"}, "en": {"b": "one"}}', "in one language only"),
        ('x = {"fr": "de {} à {}", "en": "from {}"}', "other placeholders"),
        ('x = {"fr": {"a": "{n} lus"}, "en": {"a": "{m} read"}}', "other placeholders"),
        ('x = {"fr": "", "en": "x"}', "no words"),
        ('x = {"fr": "a|b", "en": "a"}', "other columns"),
        ('x = {"fr": ["a"], "en": ["a", "b"]}', "1 entries in French"),
        ('x = {"fr": {"a": "un"}, "en": "one"}', "of another shape"),
    ],
)
def test_a_planted_difference_is_found(source: str, words: str) -> None:
    ((_, table),) = tuple(tables(source))[:1]
    assert words in "; ".join(differences(table["fr"], table["en"], "x"))


def test_there_is_one_list_of_languages() -> None:
    defined = [
        path for path in LIB.rglob("*.py") if re.search(r'Literal\["fr", "en"\]', path.read_text(encoding="utf-8"))
    ]
    assert [path.name for path in defined] == ["types.py"]


@pytest.mark.skipif(shutil.which("node") is None, reason="no node to read the page's words with")
def test_the_words_of_the_review_page_say_the_same_in_both_languages() -> None:
    """Functions are told by the number of what they put in."""
    code = (
        f"{WORDS_JS.read_text(encoding='utf-8')}\n"
        "const shape = (one) => typeof one === 'function' ? `{${one.length}}` : typeof one === 'object' ?"
        " Object.fromEntries(Object.entries(one).map(([key, value]) => [key, shape(value)])) : String(one);"
        "console.log(JSON.stringify(shape(WORDS)));"
    )
    done = subprocess.run(["node", "-e", code], capture_output=True, text=True, timeout=60, check=True)
    words = json.loads(done.stdout)
    assert set(words) == {"fr", "en"}
    assert list(differences(words["fr"], words["en"], "words.js")) == []
