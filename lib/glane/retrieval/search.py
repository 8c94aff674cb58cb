"""One search in an embedded corpus: by meaning, by words, or by both; and what it found."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from glane.embedding.columns import OF_A_CHUNK, OF_A_SEARCH
from glane.embedding.results import Embedded
from glane.engine.protocol import Vector
from glane.errors import ConfigError, told
from glane.retrieval.fusion import fused
from glane.retrieval.meaning import nearest, vectors_of_row
from glane.retrieval.ranked import Ranked
from glane.retrieval.where import rows_where
from glane.retrieval.words import fitting
from glane.toys import notice_lines
from glane.types import Status

_LEAST_DEPTH = 100  # documents of each ranking that a fusion looks at
_PER_TOP = 10
_SCORES = ("cosine", "bm25")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The documents that were found, the best first. `str()` of it is a table, without texts.

    `rows` has rank, the id, carried columns, score, cosine and bm25 where a ranking has the document, and start and end
    of the best passage, in code points.
    """

    rows: pl.DataFrame
    embedded: Embedded

    @property
    def id_column(self) -> str:
        """The name of the ids."""
        return self.embedded.id_column

    def passages(self) -> pl.DataFrame:
        """The rows with their passages: text of the documents.

        Raises:
            DataError: if an input file is missing, or has changed since the run began.
        """
        data = self.embedded.settings.data
        ids = self.rows[data.id_column]
        texts = self.embedded.documents().filter(pl.col(data.id_column).is_in(ids.implode()))
        passages = texts.rename({data.text_column: "passage"}).collect()
        rows = self.rows.join(passages, on=data.id_column, how="left", maintain_order="left")
        return rows.with_columns(pl.col("passage").str.slice("start", pl.col("end") - pl.col("start")))

    def as_values(self) -> list[dict[str, Any]]:
        """The rows as plain values, for JSON."""
        return [{name: _plain(value) for name, value in row.items()} for row in self.rows.iter_rows(named=True)]

    def __str__(self) -> str:
        lines = notice_lines(self.embedded.description.toy)
        if self.rows.is_empty():
            return "\n".join([*lines, "nothing was found"])
        with pl.Config(
            tbl_rows=-1, tbl_cols=-1, tbl_hide_column_data_types=True, tbl_hide_dataframe_shape=True,
            float_precision=4, tbl_width_chars=200, fmt_str_lengths=40, tbl_formatting="NOTHING",
        ):  # fmt: skip
            return "\n".join([*lines, str(self.rows)])


def found_by(
    embedded: Embedded, *, questions: Vector | None, words: Sequence[str] | None, top: int, where: str | None
) -> Found:
    """Search by the vectors of `questions`, by `words`, or by both.

    Raises:
        GlaneError: for a condition that cannot be computed, or input files that have changed.
    """
    rows = _rows(embedded)
    wanted = rows_where(rows.drop("status"), where)
    depth = top if questions is None or words is None else max(_LEAST_DEPTH, _PER_TOP * top)
    parts: dict[str, Ranked] = {}
    if questions is not None:
        parts["cosine"] = nearest(embedded.files, questions, wanted=wanted, top=depth)
    if words is not None:
        parts["bm25"] = fitting(embedded, words, wanted=wanted, top=depth)
    best = (fused(*parts.values()) if len(parts) > 1 else next(iter(parts.values()))).best(top)
    return Found(rows=_table(rows.drop("status"), best, parts), embedded=embedded)


def found_like(embedded: Embedded, document_id: str | int, *, top: int, where: str | None) -> Found:
    """The documents whose nearest passage is nearest to any passage of a document, which is left out itself.

    Raises:
        ConfigError: if the run has no such document, or it has no vectors.
    """
    rows = _rows(embedded)
    is_it = rows[embedded.id_column].cast(pl.String) == str(document_id)
    if not is_it.any():
        raise ConfigError(f"like: the run has no document {told(document_id)}. Give an id of its records.")
    row = int(is_it.arg_max() or 0)
    if (status := rows["status"][row]) != Status.OK:
        raise ConfigError(f"like: document {told(document_id)} has no vectors: its status is {status}.")
    wanted = rows_where(rows.drop("status"), where)
    wanted = wanted & (np.arange(len(wanted)) != row)
    best = nearest(embedded.files, vectors_of_row(embedded.files, row), wanted=wanted, top=top)
    return Found(rows=_table(rows.drop("status"), best, {"cosine": best}), embedded=embedded)


def _rows(embedded: Embedded) -> pl.DataFrame:
    """What conditions may speak of, and the status, of every row of the run."""
    embedded.refuse_beside((embedded.id_column, *embedded.carried), (*OF_A_SEARCH, *OF_A_CHUNK))
    return embedded.all().select(embedded.id_column, *embedded.carried, "status").collect()


def _table(rows: pl.DataFrame, best: Ranked, parts: dict[str, Ranked]) -> pl.DataFrame:
    columns = {"rank": np.arange(1, len(best.rows) + 1), "score": best.scores}
    found = rows[best.rows].with_columns(pl.Series(name, values) for name, values in columns.items())
    for name in _SCORES:
        known = dict(zip(parts[name].rows.tolist(), parts[name].scores.tolist(), strict=True)) if name in parts else {}
        found = found.with_columns(pl.Series(name, [known.get(row) for row in best.rows.tolist()], pl.Float64))
    found = found.with_columns(pl.Series("start", best.starts), pl.Series("end", best.ends))
    return found.select("rank", *rows.columns, "score", *_SCORES, "start", "end")


def _plain(value: Any) -> Any:
    """A value for JSON, which has no NaN and no infinity: these are null."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if isinstance(value, str | int | None) else str(value)
