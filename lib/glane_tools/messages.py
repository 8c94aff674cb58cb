"""The messages of glane's source, and the tables that put them into another language.

  python -m glane_tools.messages fr           # add what is new to the tables, drop what is gone, say what is lacking
  python -m glane_tools.messages fr lacking   # the messages without a translation, room by room

A message is a text of two words or more in the source that a person may read, or any text that is handed to
`in_language`, `say` and their like; besides what the help of commands says, and the comments of their configuration.
What nobody reads on a terminal is left out by `NOT_MESSAGES`: prompts, pages that hold both languages, texts of the
demo. Of the words of pages, sentences are read on a terminal, too: `IN_BOTH` says in which files, and their French is
the table's.
"""

from __future__ import annotations

import ast
import fnmatch
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import polib

import glane
from glane.languages.catalogue import PLACE
from glane_tools.message_words import places_of_words
from glane_tools.messages_elsewhere import WORD, in_both, name_of, numbered, of_pydantic, of_the_system, value_of

LIBRARY = Path(glane.__file__).parent
TABLES = LIBRARY / "languages"
NOT_MESSAGES = (
    "demo/*",  # what notes say
    "languages/*",
    "task/prompt_words.py",  # what a model reads
    "reading/sense_words.py",  # what documents say
    "assess/attacks/kinds.py",  # what is planted in documents
    "pseudonyms/name_words.py",  # what documents say
    "pseudonyms/name_growth.py",
    "pseudonyms/name_context.py",
    "pseudonyms/places.py",
    "pseudonyms/place_names.py",
    "pseudonyms/institutions.py",
    "pseudonyms/patterns.py",
    "pseudonyms/electronic.py",
    "pseudonyms/phones.py",
    "pseudonyms/money.py",
    "pseudonyms/plates.py",
    "pseudonyms/date_forms.py",
    "pseudonyms/dates.py",
    "pseudonyms/tokens.py",
    "pseudonyms/words.py",
    "pseudonyms/syllables.py",
)
_HANDED_OVER = frozenset({"in_language", "say", "complain", "as_found"})
IN_BOTH = ("assess/*", "toys.py")
_FRENCH = re.compile(r"\b(?:le|la|les|des|une?|du|aux?|est|sont)\b|[a-zà-ÿ]'[a-zà-ÿ]{3}")
_CODE = re.compile(r"^\s*(<|SELECT |PRAGMA |SET |\(\?|#!|_\w+\(\))|</|\{0\}=\{1\}$|^[\w.\[\]]+=\S*$")


def messages(path: Path) -> list[str]:
    """The templates of the messages of a file, in the order in which they stand there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    skipped = set(map(id, _not_read(tree)))
    found = [] if path.parent.name != "commands" else _paragraphs(ast.get_docstring(tree) or "")
    return list(dict.fromkeys([*found, *_handed_over(tree), *_states(tree), *_templates(tree, skipped)]))


def comments(path: Path) -> list[str]:
    """The comments of a configuration file, line by line."""
    found = (line.partition("# ")[2] for line in path.read_text(encoding="utf-8").splitlines() if line[:1] != "#")
    return list(dict.fromkeys(text for text in found if WORD.search(text)))


def _paragraphs(text: str) -> list[str]:
    """What a command does: its first line, and its paragraphs; of examples, what is said beside a command."""
    found = [text.split("\n")[0]]
    for part in (part.strip() for part in text.strip().split("\n\n")):
        is_example = part.startswith("glane ")
        found += re.findall(r"\S {3,}(\S.*)", part) if is_example else [part]
    return list(dict.fromkeys(found))


def _handed_over(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _HANDED_OVER & {name_of(one) for one in (node.func, *node.args)}:
            for one in node.args:
                for text in [one, *(one.elts if isinstance(one, ast.Tuple) else [])]:
                    if isinstance(text, ast.JoinedStr) and WORD.search(template := _template(text)):
                        yield template
                    elif isinstance(word := value_of(text), str) and WORD.search(word):
                        yield numbered(word)


def _states(tree: ast.Module) -> Iterator[str]:
    """The words of a `Literal` that is called a state: tables show them."""
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", node)
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and name_of(target).lower() == "state":
            told = node.value if isinstance(node, ast.Assign) else node.annotation
            if isinstance(told, ast.Subscript) and name_of(told.value) == "Literal":
                yield from (one.value for one in ast.walk(told.slice) if isinstance(one, ast.Constant))


def all_messages() -> dict[str, dict[str, list[str]]]:
    """The templates by room and by file."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, path in _sources():
        said = [] if _is_one_of(name, NOT_MESSAGES) else messages(path)
        if _is_one_of(name, IN_BOTH):
            said = list(dict.fromkeys([*said, *in_both(path)]))
        if said:
            found.setdefault(name.split("/")[0].removesuffix(".py"), {})[name] = said
    found["validation"] |= {"pydantic": of_pydantic(), "errno": of_the_system()}
    for path in sorted((LIBRARY / "conf").rglob("*.yaml")):
        if "task" not in path.parts and path.stem != "benchmark" and (said := comments(path)):
            found.setdefault("conf", {})[path.relative_to(LIBRARY).as_posix()] = said
    return found


def told_in_both() -> dict[str, str]:
    """The French of the sentences of pages that are read on a terminal, too."""
    return {
        english: french
        for name, path in _sources()
        if _is_one_of(name, IN_BOTH)
        for english, french in in_both(path).items()
    }


def words_in() -> dict[str, str]:
    """The places of templates that hold a single word of glane's, as the tables say them."""
    found: dict[str, set[str]] = {}
    for _, path in _sources():
        for template, places in places_of_words(path):
            found.setdefault(template, set()).update(places)
    return {template: f"words: {' '.join(sorted(places))}" for template, places in found.items()}


def _sources() -> list[tuple[str, Path]]:
    return [(path.relative_to(LIBRARY).as_posix(), path) for path in sorted(LIBRARY.rglob("*.py"))]


def _is_one_of(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def _not_read(tree: ast.Module) -> Iterator[ast.AST]:
    """Nodes whose texts nobody reads: docstrings, and what stands in a table of both languages."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
        if isinstance(node, ast.Dict) and {"fr", "en"} <= {value_of(key) for key in node.keys}:
            yield from node.values
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and any(map(_is_french, node.elts)):
            yield node.elts[1]
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("compile", "execute", "sql"):
            yield from node.args


def _is_french(node: ast.expr) -> bool:
    text = value_of(node)
    return isinstance(text, str) and _FRENCH.search(text) is not None


def _templates(node: ast.AST, skipped: set[int]) -> Iterator[str]:
    if id(node) in skipped:
        return
    if isinstance(node, ast.JoinedStr):
        yield from filter(_is_message, [_template(node)])
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                yield from _within(value.value, skipped)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and _is_message(text := numbered(node.value)):
            yield text
    else:
        for child in ast.iter_child_nodes(node):
            yield from _templates(child, skipped)


def _within(node: ast.expr, skipped: set[int]) -> Iterator[str]:
    """Texts within a place of an f-string: words that are chosen there are messages, even single ones."""
    for one in ast.walk(node):
        if isinstance(one, ast.IfExp):
            for chosen in (one.body, one.orelse):
                if isinstance(chosen, ast.Constant) and isinstance(chosen.value, str) and WORD.search(chosen.value):
                    yield numbered(chosen.value)
    yield from _templates(node, skipped)


def _template(node: ast.JoinedStr) -> str:
    """An f-string with its places numbered. A word that is given a width is no place: the head of a column."""
    parts, place = [], 0
    for value in node.values:
        if isinstance(value, ast.Constant):
            parts.append(str(value.value))
        elif isinstance(value, ast.FormattedValue) and (head := _head(value)):
            parts.append(head)
        else:
            parts.append(f"{{{place}}}")
            place += 1
    return "".join(parts).strip()


def _head(node: ast.FormattedValue) -> str:
    """A word with blanks up to its width; empty if it is none, or its width is computed."""
    word, width = value_of(node.value), node.format_spec
    parts = width.values if isinstance(width, ast.JoinedStr) else []
    if not isinstance(word, str) or not word or not all(isinstance(one, ast.Constant) for one in parts):
        return ""
    return format(word, "".join(str(value_of(one)) for one in parts))


def _is_message(text: str) -> bool:
    words = len(WORD.findall(text))
    return " " in text.strip() and words >= (1 if PLACE.search(text) else 2) and not _CODE.search(text)


def tables(language: str) -> dict[str, polib.POFile]:
    """The tables of a language by room."""
    return {path.stem: polib.pofile(str(path), wrapwidth=120) for path in sorted((TABLES / language).glob("*.po"))}


def update(language: str) -> None:
    """Bring the tables up to the source: translations are kept, in whatever room they stood."""
    known = {one.msgid: one.msgstr for table in tables(language).values() for one in table if one.msgstr}
    known |= told_in_both()
    found, words, seen = all_messages(), words_in(), set()
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
                    entry.comment = words.get(message, "")
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
