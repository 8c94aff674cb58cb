"""What of erased documents is looked for in bytes: ids, and pieces of texts and values that no other document has."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from typing import TypeVar

from glane.job.erase.standing import Glued, Standing, occurring
from glane.job.erase.tables import is_telling, only_telling

_LEAST, _MOST, _WORDS = 16, 60, 3  # signs of a piece, and the words of which it has more or as many
_MANY = 4000  # pieces of a document: of a longer text, those that stand at equal distances
_AT_ONCE = 1 << 24  # signs
_SPACES = re.compile(r"\s+")
_TAG = re.compile(r"<[^<>]{0,400}>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_SHORT_ID = 4
T = TypeVar("T")


@dataclass(slots=True)
class Found:
    """The ids and the pieces that were found."""

    ids: set[str] = field(default_factory=set)
    pieces: set[str] = field(default_factory=set)

    def add(self, more: Found) -> None:
        """What was found elsewhere, too."""
        self.ids |= more.ids
        self.pieces |= more.pieces

    def __bool__(self) -> bool:
        return bool(self.ids or self.pieces)


@dataclass(frozen=True)
class Sought:
    """What is looked for."""

    ids: tuple[str, ...]  # long enough to be told from other words
    pieces: tuple[str, ...]
    columns: frozenset[str] = frozenset()  # of ids: a cell of them is an id, whole
    longer: frozenset[str] = frozenset()  # ids of documents that stay, in which one of `ids` is a part
    cells: Mapping[str, Collection[str]] = field(default_factory=dict)  # columns of ids: the ids that one may hold
    words: frozenset[str] = frozenset()  # those of `ids` that the files of a run hold anyway

    @cached_property
    def standing(self) -> Standing:
        """The ids, to be found in texts."""
        return Standing(self.ids, self.longer)

    @property
    def telling(self) -> Sought:
        """Those ids alone that can hardly be anything else, for files that may be of other documents.

        Pieces are told from texts of the runs that were looked at: a form or a phrase of other documents has them, too.
        """
        ids = tuple(one for one in self.ids if is_telling(one))
        return replace(self, ids=ids, pieces=(), cells=only_telling(self.cells))

    @property
    def without_words(self) -> Sought:
        """The same without what the files of a run hold anyway."""
        return replace(self, ids=tuple(one for one in self.ids if one not in self.words))

    def beside(self, more: Collection[str]) -> Sought:
        """The same beside further ids of documents that stay."""
        return replace(self, longer=self.longer.union(more))

    def found_in(self, texts: Iterable[tuple[T, str]]) -> dict[T, Found]:
        """What stands in some texts, of each of which it is told what it is of."""
        found: dict[T, Found] = {}
        for part in _together(texts, size=lambda one: len(one[1])):
            of, told = zip(*part, strict=True)
            pieces = occurring(self.pieces, [plain(text) for text in told] if self.pieces else told)
            for one, ids, some in zip(of, self.standing.in_each(told), pieces, strict=True):
                found.setdefault(one, Found()).add(Found(ids, {*some}))
        return found

    def ids_in(self, content: bytes) -> set[str]:
        """The ids that stand in some bytes as they are."""
        return self.standing.in_bytes(content)


def sought(
    ids: Collection[str], texts: Iterable[str], others: Iterable[Iterable[str]], *,
    columns: Collection[str] = (), longer: Collection[str] = (),
    cells: Mapping[str, Collection[str]] | None = None, words: Collection[str] = (),
) -> Sought:  # fmt: skip
    """What is looked for of documents with these ids, texts and values. `others` are batches of texts of all others.

    A piece that another document has is left out: a sentence of a form is not a person's. `columns` and what follows
    are as in `Sought`.
    """
    pieces = dict.fromkeys(one for text in texts for one in _pieces(text))
    for part in _together(chain.from_iterable(others), size=len):
        if not pieces:
            break
        for one in set[str]().union(*occurring([*pieces], [plain(text) for text in part])):
            del pieces[one]
    told = tuple(one for one in dict.fromkeys(ids) if len(one) >= _SHORT_ID)
    return Sought(
        told, tuple(pieces), frozenset(columns), frozenset(longer).difference(ids), cells or {}, frozenset(words)
    )


def plain(text: str) -> str:
    """A text as pieces are compared: in small letters, each run of blanks one blank."""
    return _SPACES.sub(" ", text).strip().lower()


def readings(content: bytes) -> Iterator[str]:
    """The texts that some bytes can be: as UTF-8, without the marks and escapes of HTML and JSON, and as UTF-16."""
    text = content.decode("utf-8", errors="replace")
    yield text
    if "\\" in text or "&" in text or "<" in text:
        told = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        told = told.replace("\\n", " ").replace("\\r", " ").replace("\\t", " ").replace('\\"', '"').replace("\\/", "/")
        yield told
        yield Glued(html.unescape(_TAG.sub("", told)))
        yield html.unescape(_TAG.sub(" ", told))
    if "\ufffd" in text:
        yield content.decode("latin-1")
    if "\ufffd" in text or "\0" in text:
        yield content.decode("utf-16-le", errors="replace")


def strings_in(value: object) -> Iterator[str]:
    """All texts in a value of a table, however deep."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, bytes):
        yield value.decode("utf-8", errors="replace")
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from strings_in(one)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from strings_in(one)


def _pieces(text: str) -> list[str]:
    words = plain(text).split(" ")
    found = []
    for start in range(len(words)):
        end, size = start, -1
        while end < len(words) and (end - start < _WORDS or size < _LEAST):
            size += len(words[end]) + 1
            end += 1
        piece = " ".join(words[start:end])
        if len(piece) >= _LEAST and (end - start >= _WORDS or start == 0):  # or a value of a word or two
            found.append(piece[:_MOST])
    return found[:: max(1, len(found) // _MANY)]


def _together(texts: Iterable[T], *, size: Callable[[T], int]) -> Iterator[list[T]]:
    """Texts in lists of some megabytes: what searches a list takes longer to be made than to search a short text."""
    held, total = list[T](), 0
    for text in texts:
        held.append(text)
        total += size(text)
        if total >= _AT_ONCE:
            yield held
            held, total = [], 0
    if held:
        yield held
