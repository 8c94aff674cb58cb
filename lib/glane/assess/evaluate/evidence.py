"""Whether quotes are found in the text, and whether they overlap the passages that a person marked."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat
from typing import Any

import polars as pl

from glane.assess.evaluate.judge import Judged
from glane.assess.evaluate.metrics import share
from glane.assess.evaluate.record import EvidenceScores
from glane.errors import DataError, did_you_mean
from glane.task.fields import Field, ListField, ObjectField
from glane.type_words import type_words
from glane.types import Alignment

_COLUMNS = ("field", "item", "start", "end")
_BLOCK = 5_000  # documents that are held as Python values at once
Marked = tuple[int | None, int, int, str | int | None]
Spans = Mapping[tuple[Any, str], Sequence[Marked]]


def read_spans(spans: pl.DataFrame, id_column: str, paths: Sequence[str], *, has_documents: bool = False) -> Spans:
    """Return marked passages by id and field, as (item, start, end, document) in code points.

    The document is that of a group (`has_documents`), whose text the offsets are of; else None.

    Raises:
        DataError: if a column is missing or of another type, or no passage belongs to a field.
    """
    needed = [id_column, "field", "start", "end", *(["document"] if has_documents else [])]
    if lacking := [name for name in needed if name not in spans.columns]:
        raise DataError(f"spans: no column {lacking[0]!r}. {did_you_mean(lacking[0], spans.columns)}")
    if strange := [name for name in ("item", "start", "end") if not _is_whole(spans, name)]:
        raise DataError(
            f"spans.{strange[0]}: is {type_words(spans.schema[strange[0]])}, and whole numbers (Int64) are needed."
        )
    if not set(spans["field"].unique().to_list()) & set(paths):
        raise DataError(f"spans.field: names none of the fields compared. Valid: {', '.join(paths)}.")
    if "item" not in spans.columns:
        spans = spans.with_columns(pl.lit(None, pl.Int64).alias("item"))
    found: dict[tuple[Any, str], list[Marked]] = defaultdict(list)
    documents = spans["document"] if has_documents else repeat(None)
    for (id_, field, item, start, end), document in zip(spans.select(id_column, *_COLUMNS).iter_rows(), documents):
        if start is not None and end is not None:
            found[id_, field].append((item, start, end, document))
    return found


def _is_whole(spans: pl.DataFrame, name: str) -> bool:
    return name not in spans.columns or spans.schema[name].is_integer() or spans.schema[name] == pl.Null


def evidence_scores(
    fields: Mapping[str, Field],
    ids: pl.Series,
    run: pl.DataFrame,
    judged: Judged,
    spans: Spans | None,
) -> dict[str, EvidenceScores]:
    """Return by field how its quotes were found in the text and, where passages are marked, whether they overlap.

    A quote overlaps if it shares a code point with a marked passage of its field, or of the item that its item was
    matched to. The intersection over union is that with the best of these passages, 0 without overlap; quotes of
    fields without a marked passage in their document are left out of both.
    """
    matched = {} if spans is None else _matched(judged)
    alignments: dict[str, Counter[str]] = defaultdict(Counter)
    ious: dict[str, list[float]] = defaultdict(list)
    names = [name for name in run.columns if name.partition("__")[0] in fields and not name.endswith("__precision")]
    rows = (row for block in run.select(names).iter_slices(_BLOCK) for row in block.iter_rows(named=True))
    for at, (id_, row) in enumerate(zip(ids, rows, strict=True)):
        for path, item, passage in _passages(fields, row):
            alignments[path][passage["alignment"] or str(Alignment.NONE)] += 1
            marked = list(spans.get((id_, path), ())) if spans is not None else []
            right = None if item is None else matched.get((at, path, item))
            own = [one for one in marked if one[0] is not None and one[0] == right]
            if marked:
                ious[path].append(max(_iou(passage, one) for one in own or marked))
    found = {}
    for path, counts in alignments.items():
        entry: dict[str, Any] = {"quotes": counts.total(), **{str(one): counts[str(one)] for one in Alignment}}
        entry["exact_share"] = share(counts[Alignment.EXACT], counts.total())
        entry["exact_or_normalised_share"] = share(
            counts[Alignment.EXACT] + counts[Alignment.NORMALISED], counts.total()
        )
        if spans is not None:
            places = ious[path]
            entry |= {
                "with_marked_passage": len(places),
                "overlap_share": share(sum(iou > 0 for iou in places), len(places)),
                "iou_mean": share(sum(places), len(places)),
            }
        found[path] = EvidenceScores(**entry)
    return found


def _matched(judged: Judged) -> dict[tuple[int, str, int], int]:
    """By document, field and item found: the right item that it was matched to."""
    rows = judged.rows.filter(pl.col("item").is_not_null() & pl.col("predicted_item").is_not_null())
    paths = [leaf.path for leaf in judged.leaves]
    return {
        (document, paths[leaf], found): right
        for document, leaf, right, found in rows.select("document", "leaf", "item", "predicted_item").iter_rows()
    }


def _passages(
    fields: Mapping[str, Field], row: Mapping[str, Any], *, prefix: str = "", item: int | None = None
) -> Iterator[tuple[str, int | None, Mapping[str, Any]]]:
    for name, field in fields.items():
        value, passage = row.get(name), row.get(f"{name}__evidence")
        if isinstance(field, ListField):
            there = [place for place, one in enumerate(value or ()) if one is not None]
            for number, place in enumerate(there):
                if passage is not None and passage[place] is not None:
                    yield f"{prefix}{name}", number, passage[place]
                if isinstance(field.items, ObjectField):
                    assert value is not None
                    yield from _passages(field.items.fields, value[place], prefix=f"{prefix}{name}.", item=number)
            continue
        if passage is not None:
            yield f"{prefix}{name}", item, passage
        if isinstance(field, ObjectField) and value is not None:
            yield from _passages(field.fields, value, prefix=f"{prefix}{name}.", item=item)


def _iou(passage: Mapping[str, Any], marked: Marked) -> float:
    _, start, end, document = marked
    if passage["start"] is None or passage["end"] is None or passage.get("document") != document:
        return 0.0
    common = min(passage["end"], end) - max(passage["start"], start)
    return max(0, common) / (max(passage["end"], end) - min(passage["start"], start)) if common > 0 else 0.0
