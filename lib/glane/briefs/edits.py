"""From an edited Word file to labels: which sentences were kept, edited, deleted or added.

A sentence is the paragraph that holds its bookmark, wherever that was moved, and what stands under the bookmark in
further paragraphs; of a paragraph with several, what stands under each. Where a program lost the bookmark, the id
beside the sentence tells it. Text that a tracked change takes away is gone, and what one inserts is written.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from glane.briefs.accepted_types import OF_TYPE
from glane.briefs.claim_types import type_of
from glane.briefs.edit_record import AddedText, ClaimLabel, LabelStatus
from glane.briefs.figures import plain_text
from glane.briefs.record import Claim
from glane.briefs.word import OF_BRIEF, bookmark_of
from glane.documents.edits import EditedFile, Piece
from glane.types import Language

_ID = re.compile(r"\[([fs]-[0-9a-f]{12})\]")
_NUMBER = re.compile(r"[-−+]?\d+(?:[.,   ]\d+)*")
_SIGNS = re.compile(r"[<>≤≥=%‰]")


@dataclass(slots=True)
class _Found:
    """What stands for one claim."""

    texts: list[str] = field(default_factory=list)
    editors: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        return _line(" ".join(self.texts))


def brief_of(file: EditedFile) -> str | None:
    """The digest of the claims that a file is of; None where its title tells none, or several."""
    told = {one.removeprefix(OF_BRIEF) for one in file.names if one.startswith(OF_BRIEF)}
    return told.pop() if len(told) == 1 else None


def labels_of(
    claims: Sequence[Claim], written: EditedFile, edited: EditedFile, language: Language
) -> tuple[tuple[ClaimLabel, ...], tuple[AddedText, ...], int]:
    """The labels of the claims, the texts that were added, and how many other paragraphs are gone.

    Args:
        claims: Those that the file tells.
        written: The file as it was written.
        edited: As it came back.
        language: Of its sentences.
    """
    found = _Sorted(claims, edited)
    before = _Sorted(claims, written)
    outside, known = Counter(found.outside), Counter(before.outside)
    added = [one for one in (outside - known).elements() if one]
    labels = [_label(one, found, before, added, language) for one in claims]
    texts = tuple(
        AddedText(text=one, has_number=bool(_numbers(one)), editors=tuple(sorted(found.editors_outside.get(one, ()))))
        for one in added
    )  # fmt: skip
    return tuple(labels), texts, sum((known - outside).values())


def _label(claim: Claim, found: _Sorted, before: _Sorted, added: list[str], language: Language) -> ClaimLabel:
    sentence, was = _line(claim.sentence(language)), before.claims.get(claim.id, _Found()).text
    one = found.claims.get(claim.id, _Found())
    now, status = one.text, _status(one.text, was)
    if status == "deleted" and was in added:  # moved without its bookmark
        added.remove(was)
        now, status = was, "kept"
    if found.times[claim.id] > 1:
        status = "unclear"
    is_changed = status in ("edited", "unclear")
    return ClaimLabel(
        id=claim.id, kind=claim.kind, type=type_of(claim), sentence=sentence, status=status,
        had_passed=not set(claim.failed) - {OF_TYPE}, is_verified=status == "kept" and claim.status == "verified",
        editors=tuple(sorted(one.editors)),
        text=now if is_changed else None, numbers_changed=is_changed and _numbers(now) != _numbers(was),
    )  # fmt: skip


def _status(now: str, was: str) -> LabelStatus:
    if now == was:
        return "kept"
    return "edited" if now else "deleted"


class _Sorted:
    """The letters of a file by the claim that they stand for, and the rest by paragraph."""

    def __init__(self, claims: Sequence[Claim], file: EditedFile) -> None:
        self.claims: dict[str, _Found] = {}
        self.outside: list[str] = []
        self.editors_outside: dict[str, set[str]] = {}
        ids = {bookmark_of(one.id): one.id for one in claims}
        self._of_mark = {at: ids[name] for at, name in enumerate(file.names) if name in ids}
        self._known = set(ids.values())
        self._marked = {one for paragraph in file.paragraphs for piece in paragraph.pieces for one in self._of(piece)}
        told = Counter(one for paragraph in file.paragraphs for one in _ID.findall(_shown(paragraph.pieces)))
        self.times = (
            Counter(self._of_mark.values()) | told
        )  # the larger: programs copy an id with its bookmark or without
        for one in file.paragraphs:
            self._paragraph(one.pieces)

    def _of(self, piece: Piece) -> list[str]:
        return [self._of_mark[one] for one in piece.marks if one in self._of_mark]

    def _paragraph(self, pieces: Sequence[Piece]) -> None:
        text = _line(_ID.sub("", _shown(pieces)))
        names = list(dict.fromkeys(one for piece in pieces for one in self._of(piece)))
        if not names:  # a program may have lost the bookmark
            told = dict.fromkeys(_ID.findall(_shown(pieces)))
            names = [one for one in told if one in self._known - self._marked]
        if len(names) == 1:
            self._add(names[0], text, pieces)
            return
        for name in names:
            own = [piece for piece in pieces if name in self._of(piece)]
            self._add(name, _shown(own), own)
        rest = [piece for piece in pieces if not self._of(piece)]
        if left := _line(_ID.sub("", _shown(rest))):
            self.outside.append(left)
            self.editors_outside.setdefault(left, set()).update(_editors(rest))

    def _add(self, name: str, text: str, pieces: Sequence[Piece]) -> None:
        one = self.claims.setdefault(name, _Found())
        one.texts.append(text)
        one.editors |= _editors(pieces)


def _shown(pieces: Sequence[Piece]) -> str:
    return "".join(one.text for one in pieces if one.change != "deleted")


def _editors(pieces: Sequence[Piece]) -> set[str]:
    return {one.author for one in pieces if one.author and one.text.strip()}


def _line(text: str) -> str:
    return " ".join(text.split())


def _numbers(text: str) -> Mapping[str, int]:
    """The numbers of a text, in digits or words, with the signs beside them."""
    plain = plain_text(text)
    return Counter([*(re.sub(r"\s", "", one) for one in _NUMBER.findall(plain)), *_SIGNS.findall(text)])
