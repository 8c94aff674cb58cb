"""The messages of glane's source, and the tables that put them into another language.

  python -m glane_tools.messages fr           # add what is new to the tables, drop what is gone, say what is lacking
  python -m glane_tools.messages fr lacking   # the messages without a translation, room by room

A message is a text of two words or more in the source that a person may read, or any text that is handed to
`in_language` or `say`; besides what the help of commands says, and the comments of their configuration. What nobody
reads on a terminal is left out by `NOT_MESSAGES`: prompts, pages that hold both languages, texts of the demo.
"""

from __future__ import annotations

import ast
import fnmatch
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import polib

import glane
from glane.languages.catalogue import PLACE

LIBRARY = Path(glane.__file__).parent
TABLES = LIBRARY / "languages"
NOT_MESSAGES = (
    "demo/*",  # what notes say
    "languages/*",
    "task/prompt_words.py",  # what a model reads
    "assess/attacks/kinds.py",  # what is planted in documents
    "*words.py",  # the tables of pages: both languages stand there
)
_WORD = re.compile(r"[A-Za-z][a-z]+")
_FRENCH = re.compile(r"\b(?:le|la|les|des|une?|du|aux?|est|sont)\b|[a-zà-ÿ]'[a-zà-ÿ]{3}")
_NAMED = re.compile(r"\{[a-z_]+(?:![rs])?(?::[^{}]*)?\}")  # {num}, {share:.3f}
_CODE = re.compile(r"^\s*(<|SELECT |PRAGMA |SET |\(\?|#!|_\w+\(\))|</|\{0\}=\{1\}$|^[\w.\[\]]+=\S*$")


def messages(path: Path) -> list[str]:
    """The templates of the messages of a file, in the order in which they stand there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set(map(id, _not_read(tree)))
    found = [] if path.parent.name != "commands" else _paragraphs(ast.get_docstring(tree) or "")
    return list(dict.fromkeys([*found, *_handed_over(tree), *_templates(tree, skipped)]))


def comments(path: Path) -> list[str]:
    """The comments of a configuration file, line by line."""
    found = (line.partition("# ")[2] for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return list(dict.fromkeys(text for text in found if _WORD.search(text)))


def _paragraphs(text: str) -> list[str]:
    """What a command does: its first line, and its paragraphs; of examples, what is said beside a command."""
    found = [text.split("\n")[0]]
    for part in (part.strip() for part in text.strip().split("\n\n")):
        is_example = part.startswith("glane ")
        found += re.findall(r"\S {3,}(\S.*)", part) if is_example else [part]
    return list(dict.fromkeys(found))


def _handed_over(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and {"in_language", "say"} & {_name(one) for one in (node.func, *node.args)}:
            for one in node.args:
                for text in [one, *(one.elts if isinstance(one, ast.Tuple) else [])]:
                    if isinstance(text, ast.JoinedStr) and _WORD.search(template := _template(text)):
                        yield template
                    elif isinstance(word := _value(text), str) and _WORD.search(word):
                        yield _numbered(word)


def _name(node: ast.AST) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


def all_messages() -> dict[str, dict[str, list[str]]]:
    """The templates by room and by file."""
    found: dict[str, dict[str, list[str]]] = {}
    for path in sorted(LIBRARY.rglob("*.py")):
        name = path.relative_to(LIBRARY).as_posix()
        if any(fnmatch.fnmatch(name, pattern) for pattern in NOT_MESSAGES):
            continue
        if said := messages(path):
            found.setdefault(name.split("/")[0].removesuffix(".py"), {})[name] = said
    for path in sorted((LIBRARY / "conf").rglob("*.yaml")):
        if "task" not in path.parts and path.stem != "benchmark" and (said := comments(path)):
            found.setdefault("conf", {})[path.relative_to(LIBRARY).as_posix()] = said
    return found


def _not_read(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes whose texts nobody reads: docstrings, and what stands in a table of both languages."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Module)) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                yield first.value
        if isinstance(node, ast.Dict) and {"fr", "en"} <= {_value(key) for key in node.keys}:
            yield from node.values
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and any(map(_is_french, node.elts)):
            yield node.elts[1]
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("compile", "execute", "sql"):
            yield from node.args


def _is_french(node: ast.expr) -> bool:
    text = _value(node)
    return isinstance(text, str) and _FRENCH.search(text) is not None


def _value(node: ast.AST | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _templates(node: ast.AST, skipped: set[int]) -> Iterator[str]:
    if id(node) in skipped:
        return
    if isinstance(node, ast.JoinedStr):
        yield from filter(_is_message, [_template(node)])
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _within(value.value, skipped)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _is_message(text := _numbered(node.value)):
            yield text
    else:
        for child in ast.iter_child_nodes(node):
            yield from _templates(child, skipped)


def _within(node: ast.expr, skipped: set[int]) -> Iterator[str]:
    """Texts within a place of an f-string: words that are chosen there are messages, even single ones."""
    for one in ast.walk(node):
        if isinstance(one, ast.IfExp):
            for chosen in (one.body, one.orelse):
                if isinstance(chosen, ast.Constant) and isinstance(chosen.value, str) and _WORD.search(chosen.value):
                    yield _numbered(chosen.value)
    yield from _templates(node, skipped)


def _template(node: ast.JoinedStr) -> str:
    """An f-string with its places numbered."""
    parts, place = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        else:
            parts.append(f"{{{place}}}")
            place += 1
    return "".join(parts).strip()


def _numbered(text: str) -> str:
    """A text with its named places numbered, as `str.format` fills them in."""
    numbers = itertools.count()
    return _NAMED.sub(lambda _: f"{{{next(numbers)}}}", text).strip()


def _is_message(text: str) -> bool:
    words = len(_WORD.findall(text))
    return " " in text.strip() and words >= (1 if PLACE.search(text) else 2) and not _CODE.search(text)


def tables(language: str) -> dict[str, polib.POFile]:
    """The tables of a language by room."""
    return {path.stem: polib.pofile(str(path), wrapwidth=120) for path in sorted((TABLES / language).glob("*.po"))}


def update(language: str) -> None:
    """Bring the tables up to the source: translations are kept, in whatever room they stood."""
    known = {one.msgid: one.msgstr for table in tables(language).values() for one in table if one.msgstr}
    found, seen = all_messages(), set()
    for path in (TABLES / language).glob("*.po"):
        if path.stem not in found:
            path.unlink()
    for room, files in found.items():
        table = polib.POFile(wrapwidth=120)
        table.metadata = {"Content-Type": "text/plain; charset=UTF-8", "Language": language}
        for name, several in files.items():
            for message in several:
                if message not in seen:
                    seen.add(message)
                    entry = polib.POEntry(msgid=message, msgstr=known.get(message, ""), occurrences=[(name, "")])
                    table.append(entry)
        if len(table):
            table.save(str(TABLES / language / f"{room}.po"))


def main() -> None:
    """The command."""
    language, *others = sys.argv[1:]
    if not others:
        update(language)
    for room, table in tables(language).items():
        lacking = [one.msgid for one in table if not one.msgstr]
        print(f"{room}: {len(table)} messages, {len(lacking)} without a translation")
        if others:
            print(*(f"  {one!r}" for one in lacking), sep="\n")


if __name__ == "__main__":
    main()
