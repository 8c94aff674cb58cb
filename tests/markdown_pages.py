"""Markdown as the tests of the documentation read it: fenced blocks, code spans, links, headings, and shell commands."""

from __future__ import annotations

import os
import re
import shlex
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?P<indent> *)```(?P<language>\S*)[^\n]*\n(?P<content>.*?)^(?P=indent)```[ ]*$", re.MULTILINE | re.DOTALL
)
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *#*$", re.MULTILINE)
_OUTSIDE = ("runs", "build", "dist", "node_modules")  # what a checkout may hold beside its own pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block; `line` is that of its opening fence."""

    language: str
    content: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A Markdown file. Paths in it are relative to its own folder."""

    path: Path
    text: str

    @property
    def blocks(self) -> list[Block]:
        """The fenced blocks, also those that are indented under a list."""
        return [
            Block(
                language=found["language"],
                content=textwrap.dedent(found["content"]),
                line=self.text.count("\n", 0, found.start()) + 1,
            )
            for found in _FENCE.finditer(self.text)
        ]

    @property
    def prose(self) -> str:
        """The page without its fenced blocks."""
        return _FENCE.sub("", self.text)

    @property
    def spans(self) -> list[str]:
        """What stands between backticks in the prose, on one line."""
        return [" ".join(found.split()) for found in _SPAN.findall(self.prose)]

    @property
    def links(self) -> list[str]:
        """The targets of links and images. What looks like a link within a code span is none."""
        return _LINK.findall(_SPAN.sub("", self.prose))

    @property
    def anchors(self) -> set[str]:
        """The names under which its headings can be reached."""
        return {anchor(heading) for heading in _HEADING.findall(self.prose)}


def anchor(heading: str) -> str:
    """The name that GitHub gives to a heading."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    return re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")


def pages_under(root: Path) -> list[Path]:
    """Every Markdown file of a checkout; hidden folders, environments and results of runs are left out."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in _OUTSIDE and not (Path(folder, name) / "pyvenv.cfg").exists()
        ]
        found += [Path(folder, name) for name in files if name.endswith(".md")]
    return sorted(found)


def commands_of(block: Block) -> Iterator[list[str]]:
    """The commands of a shell block (`sh`: every line; `console`: the lines after `$ `), as words.

    Lines that a backslash continues are one; `&&`, `;` and `|` end a command.

    Raises:
        ValueError: where a line is not shell, such as a quote that is never closed.
    """
    text = block.content
    if block.language == "console":
        text = "\n".join(re.findall(r"^\$ ((?:[^\n]*\\\n)*[^\n]*)", text, re.MULTILINE))
    for line in text.replace("\\\n", " ").splitlines():
        yield from split_command(line)


def split_command(line: str) -> Iterator[list[str]]:
    """The simple commands of one line, without comments and redirections."""
    reader = shlex.shlex(line, posix=True, punctuation_chars="&;|<>")
    reader.whitespace_split, reader.commenters = True, "#"
    words: list[str] = []
    is_target = False
    for word in reader:
        if set(word) <= set("&;|"):
            if words:
                yield words
            words = []
        elif set(word) <= set("<>"):
            is_target = True
        elif is_target:
            is_target = False
        else:
            words.append(word)
    if words:
        yield words
