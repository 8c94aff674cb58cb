"""A group of documents as people read it: one text with headings, and the evidence of the group in that text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from glane.types import DOCUMENTS

_EVIDENCE = {"quote", "start", "end", "document"}


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseText:
    """The text of a group, and where in it, in code points, the text of each document begins."""

    text: str
    starts: Mapping[str | int, int]


def case_text(row: Mapping[str, Any], texts: Mapping[str | int, str | None]) -> CaseText:
    """The text of one row of a result of groups. `texts` holds that of each of its documents."""
    parts: list[str] = []
    starts: dict[str | int, int] = {}
    end = 0
    for one in row[DOCUMENTS]:
        heading = " · ".join(str(told) for told in (one["document"], one["order"], one["skipped"]) if told is not None)
        before = f"{chr(10) * 2 if parts else ''}――― {heading} ―――\n"
        text = texts[one["document"]] or ""
        starts[one["document"]] = end + len(before)
        parts += [before, text]
        end += len(before) + len(text)
    return CaseText(text="".join(parts), starts=starts)


def in_case_text(value: Any, starts: Mapping[str | int, int]) -> Any:
    """A value of a row with the offsets of all evidence in it, at any depth, moved to the group's text."""
    if isinstance(value, list):
        return [in_case_text(one, starts) for one in value]
    if not isinstance(value, dict):
        return value
    moved = {name: in_case_text(one, starts) for name, one in value.items()}
    if value.keys() >= _EVIDENCE and value["document"] is not None:
        shift = starts[value["document"]]
        moved |= {"start": value["start"] + shift, "end": value["end"] + shift}
    return moved


def texts_by_group(
    documents: pl.DataFrame, *, group_by: str, id_column: str, text_column: str
) -> dict[str | int, dict[str | int, str | None]]:
    """The texts of documents by their group and their id."""
    found: dict[str | int, dict[str | int, str | None]] = {}
    for group, name, text in documents.select(group_by, id_column, text_column).iter_rows():
        found.setdefault(group, {})[name] = text
    return found
