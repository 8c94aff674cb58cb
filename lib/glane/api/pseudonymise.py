"""`glane.pseudonymise`: documents without the identifiers that rules find; and evidence, back in the originals."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from glane.api.sources import RunLike, run_of
from glane.corpus.pseudonymised import made_of_digest, pseudonymised_beside
from glane.errors import DataError, did_you_mean
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.pseudonyms.kinds import Segment, counted
from glane.pseudonyms.offsets import Offsets
from glane.pseudonyms.offsets_file import read_places, refuse_places_of_others
from glane.pseudonyms.table import DOCUMENTS, MANIFEST, PseudonymisedTable, pseudonymise_table
from glane.settings.pseudonymise import PseudonymiseSettings
from glane.validation import validated


@dataclass(frozen=True, slots=True, kw_only=True)
class PseudonymisedDocuments(Spoken):
    """What was replaced. `str()` of it tells how much of each kind, and what must be known of it."""

    folder: Path
    offsets: Path
    table: PseudonymisedTable

    def _in_english(self) -> str:
        told = self.table
        return "\n".join(
            [
                f"{told.rows} documents; replaced in their texts: {counted(told.replaced)}",
                *_columns(told),
                *(
                    [f"{told.without_text} documents have no text that can be read: theirs is null or blank"]
                    if told.without_text
                    else []
                ),
                *([_failed(told.failed)] if told.failed else []),
                *([_none(told.without_identifiers)] if told.without_identifiers else []),
                *_dates(told),
                "Rules and lists miss identifiers: read a sample before anything leaves. These are personal data still "
                "(GDPR, article 4(5)).",
                f"{self.folder}: {DOCUMENTS}, {MANIFEST}",
                f"{self.offsets}: where everything stood; keep it apart, as the key",
            ]
        )


def _columns(told: PseudonymisedTable) -> list[str]:
    lines = [] if not told.columns else [f"columns that are written as they are: {', '.join(told.columns)}"]
    lines += [
        f"column {name!r} stays as it is, and holds in {count} of {told.rows} rows what was replaced in their text, or "
        "is known of the person: leave it out, or name it in data.known_columns: it is carried as a pseudonym then"
        for name, count in told.holding.items()
    ]
    if told.values:
        values = ", ".join(f"{name} {count}" for name, count in told.values.items())
        lines = [f"carried columns that are known of the person are pseudonyms; values by column: {values}", *lines]
    return lines


def _dates(told: PseudonymisedTable) -> list[str]:
    if "date" in told.keep:
        return []
    lines = [
        f"dates are shifted by up to {told.most_days} days, by another number for each person (each document without "
        "data.person_column): counts by week or month are wrong. The file says so to who reads it; keep=[date] keeps "
        "them"
    ]
    if told.true_dates:
        lines.append(
            f"columns of dates stay as they are: {', '.join(told.true_dates)}. Beside the shifted dates of a text they "
            "may tell by how much these were shifted; data.shift_columns shifts columns alike"
        )
    if told.dates_left:
        lines.append(
            f"{told.dates_left} months without a year and weeks stay in the texts as they are: they may tell by how "
            "much the dates beside them were shifted"
        )
    return lines


def _failed(count: int) -> str:
    return f"in {count} documents the rules failed: their text is null. Please report it, without the texts"


def _none(count: int) -> str:
    return f"in {count} documents nothing was found: read these first"


def pseudonymise(
    path: str | Path, out_dir: str | Path, *, offsets: str | Path, key_file: str | Path | None = None, **settings: Any
) -> PseudonymisedDocuments:
    """Write documents of a table with their identifiers replaced.

    Args:
        path: The documents: a Parquet file, a folder or a glob.
        out_dir: The new folder, with `documents.parquet` and `pseudonymised.json`.
        offsets: The file that tells where everything stood, apart from the folder.
        key_file: The secret, readable by its owner only.
        settings: Other settings of `glane pseudonymise`; those of `data` with two underscores, as
            `data__known_columns=["nom"]`.

    Raises:
        GlaneError: if the files, the key or the settings are wrong.
    """
    data = {name.removeprefix("data__"): value for name, value in settings.items() if name.startswith("data__")}
    others = {name: value for name, value in settings.items() if not name.startswith("data__")}
    values = {
        "data": {"path": str(path), **data}, "out": {"dir": str(out_dir)}, "offsets": str(offsets),
        "key_file": None if key_file is None else str(key_file), **others,
    }  # fmt: skip
    return pseudonymised_by(validated(PseudonymiseSettings, values, place=""))


def pseudonymised_by(settings: PseudonymiseSettings) -> PseudonymisedDocuments:
    """Write the documents, and tell what was replaced."""
    table = pseudonymise_table(settings)
    return PseudonymisedDocuments(folder=Path(settings.out.dir), offsets=Path(settings.offsets), table=table)


def original_places(
    evidence: pl.DataFrame | RunLike, offsets: str | Path, *, id_column: str | None = None
) -> pl.DataFrame:
    """Where evidence of pseudonymised documents stands in the original ones.

    Args:
        evidence: A run whose documents were pseudonymised before they were read (`data.pseudonyms`), or its directory.
            Or rows with the id of a document that `pseudonymise` wrote, `start` and `end` in its text, in code points.
        offsets: The file that was written apart. Of a run, it must be that of its documents.
        id_column: The name of the documents' ids, in rows; "id" if it is not told.

    Returns:
        The evidence with `original_id`, `original_start` and `original_end`. Of a surrogate, the whole identifier is
        taken. A document in which nothing was replaced has the same offsets. Of rows it has no `original_id`: the file
        does not name it.

    Raises:
        GlaneError: if the file holds no offsets, or those of other documents, a run has none that are needed, or rows
            lack a column.
    """
    is_run = not isinstance(evidence, pl.DataFrame)
    if not isinstance(evidence, pl.DataFrame):
        evidence, id_column = _evidence(run_of(evidence), offsets)
    id_column = id_column or "id"
    _refuse_without(evidence, id_column)
    by_document: dict[str, list[Segment]] = {}
    ids: dict[str, str] = {}
    for row in read_places(offsets, evidence[id_column].cast(pl.String).unique().to_list()).to_pylist():
        segment = Segment(row["start"], row["end"], row["new_start"], row["new_end"], row["kind"])
        by_document.setdefault(row["new_id"], []).append(segment)
        ids[row["new_id"]] = row["id"]
    carried = {name: Offsets(segments) for name, segments in by_document.items()}
    nothing = Offsets(())
    spans = [
        (None, None) if start is None or end is None else carried.get(str(name), nothing).original(start, end)
        for name, start, end in evidence.select(id_column, "start", "end").iter_rows()
    ]
    own = [str(name) if is_run else ids.get(str(name)) for name in evidence[id_column]]
    return evidence.with_columns(
        pl.Series("original_id", own, pl.String),
        pl.Series("original_start", [start for start, _ in spans], pl.Int64),
        pl.Series("original_end", [end for _, end in spans], pl.Int64),
    )


def _evidence(run: Run, offsets: str | Path) -> tuple[pl.DataFrame, str]:
    """The evidence of a run on pseudonymised documents, and the column of their ids."""
    made = pseudonymised_beside(run.settings.data.path)
    if made is None:
        raise DataError(
            f"{run.directory.root}: its documents were not pseudonymised for it (data.pseudonyms): what they are is "
            "where its evidence stands. Of documents of glane pseudonymise, give run.evidence().collect(), and "
            f"id_column={_ids_of(run)!r}."
        )
    refuse_places_of_others(offsets, made_of_digest(made.rules, made.sources))
    return run.evidence().collect(), _ids_of(run)


def _ids_of(run: Run) -> str:
    """The column of the documents' ids in the evidence of a run."""
    return run.id_column if run.settings.data.group_by is None else "document"


def _refuse_without(evidence: pl.DataFrame, id_column: str) -> None:
    names = evidence.columns
    if id_column not in names:
        raise DataError(
            f"evidence: it has no column {id_column!r}. Name the column of the documents' ids: id_column=…. "
            f"{did_you_mean(id_column, names)}"
        )
    for name in ("start", "end"):
        if name not in names:
            raise DataError(
                f"evidence: it has no column {name!r}. Give rows as run.evidence() has them, with the offsets of "
                f"passages as start and end. {did_you_mean(name, names)}"
            )
