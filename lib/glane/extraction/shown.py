"""A row of a result as a notebook shows it: its document, or its group of documents, with the evidence marked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import polars as pl

from glane.extraction.case_text import case_text
from glane.extraction.highlight import MarkedText, Passage
from glane.settings import DataSettings
from glane.toys import notice
from glane.types import Language, Toy

_NOT_SHOWN = {"fr": " (ne se lit pas ici)", "en": " (cannot be read here)"}  # a value whose quote does not show it


def marked(
    row: Mapping[str, Any], evidence: pl.DataFrame, texts: pl.DataFrame, data: DataSettings, *,
    language: Language, toy: Toy | None,
) -> MarkedText:  # fmt: skip
    """The text of a row with its evidence marked. `texts` are its documents, of an input as `data` tells it."""
    found = evidence.filter(pl.col("start").is_not_null())
    passages = [
        Passage(
            start=one["start"],
            end=one["end"],
            label=f"{one['field']} = {one['value']}" + (_NOT_SHOWN[language] if one["supports"] is False else ""),
        )
        for one in found.iter_rows(named=True)
    ]
    text = texts.item(0, data.text_column) or ""
    if data.group_by is not None:
        whole = case_text(row, dict(texts.select(data.id_column, data.text_column).iter_rows()))
        text = whole.text
        moved = (whole.starts[one] for one in found["document"])
        passages = [
            replace(one, start=one.start + shift, end=one.end + shift)
            for one, shift in zip(passages, moved, strict=True)
        ]
    title = ": ".join(filter(None, [row["status"], row["reason"]]))
    return MarkedText(text, passages, title=title, notice=notice(toy, language))
