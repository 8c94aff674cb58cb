"""OMOP Common Data Model 5.4: the tables NOTE and NOTE_NLP, as CSV and Parquet.

What needs the vocabularies is 0, except where a reference table of the task brings a column `concept_id`.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from glane.errors import RunError
from glane.exports.bundle import Bundle, Table
from glane.exports.delimited import Manner, csv_bytes
from glane.exports.parquet import write_parquet_file
from glane.exports.statements import statements
from glane.exports.target import Options
from glane.exports.warnings import warnings_of
from glane.types import DOCUMENTS, Status
from glane.versions import installed_version

NOTE: Mapping[str, type[pl.DataType]] = {
    "note_id": pl.Int64,
    "person_id": pl.Int64,
    "note_date": pl.Date,
    "note_datetime": pl.Datetime,
    "note_type_concept_id": pl.Int64,
    "note_class_concept_id": pl.Int64,
    "note_title": pl.String,
    "note_text": pl.String,
    "encoding_concept_id": pl.Int64,
    "language_concept_id": pl.Int64,
    "provider_id": pl.Int64,
    "visit_occurrence_id": pl.Int64,
    "visit_detail_id": pl.Int64,
    "note_source_value": pl.String,
    "note_event_id": pl.Int64,
    "note_event_field_concept_id": pl.Int64,
}
NOTE_NLP: Mapping[str, type[pl.DataType]] = {
    "note_nlp_id": pl.Int64,
    "note_id": pl.Int64,
    "section_concept_id": pl.Int64,
    "snippet": pl.String,
    "offset": pl.String,
    "lexical_variant": pl.String,
    "note_nlp_concept_id": pl.Int64,
    "note_nlp_source_concept_id": pl.Int64,
    "nlp_system": pl.String,
    "nlp_date": pl.Date,
    "nlp_datetime": pl.Datetime,
    "term_exists": pl.String,
    "term_temporal": pl.String,
    "term_modifiers": pl.String,
}
STATUSES = "note_status"  # no table of the model
_OWN = ("note_id", "note_text", "note_source_value")  # the other columns are taken of the run, where it has them
_NEEDED = ("person_id", "note_date")
_ZERO = tuple(name for name in NOTE if name.endswith("concept_id") and name != "note_event_field_concept_id")
_LONGEST, _LONGEST_MODIFIERS, _LONGEST_SOURCE = 250, 2000, 50  # characters
_ESCAPED = {"%": "%25", ";": "%3B", "=": "%3D", "\n": "%0A", "\r": "%0D"}
_ABSENT = ("absent", "family")  # what the text says is not, or is of somebody else


def write_omop(bundle: Bundle, _: Options, folder: Path) -> Sequence[str]:
    """Write NOTE and NOTE_NLP, and the status of each note.

    Return what the model needs and the run does not have, what was cut, and how many notes have no answer.

    Raises:
        RunError: if a value does not fit in `term_modifiers`.
    """
    given = _given(bundle.tables[0])
    notes = _notes(bundle)
    found = _note_nlp(bundle, notes)
    tables = {"note": notes.select(_note(name, kind, given) for name, kind in NOTE.items()), "note_nlp": found}
    tables[STATUSES] = (
        notes.select("note_id", "row")
        .join(bundle.statuses().rename({"id": "row"}), on="row", how="left", maintain_order="left")
        .drop("row")
    )
    for name, table in tables.items():
        write_parquet_file(table, folder / f"{name}.parquet")
        (folder / f"{name}.csv").write_bytes(csv_bytes(table, Manner()))
    return [*_told(bundle, notes, given), *_unanswered(tables[STATUSES])]


def _unanswered(statuses: pl.DataFrame) -> list[str]:
    """The model has no place for it: what could not be read would look as if nothing had been found in it."""
    count = int((statuses["status"] != Status.OK).sum())
    told = f"{count} notes have no valid answer, and no rows in NOTE_NLP for that reason: {STATUSES} says which"
    return [told] if count else []


def _notes(bundle: Bundle) -> pl.DataFrame:
    """One row per document: what the run has of its row, `row` and `source` (ids as text), note_id and note_text."""
    table = bundle.tables[0]
    key = table.key[0]
    rows = table.rows.with_columns(row=pl.col(key), source=pl.col(key).cast(pl.String))
    if bundle.is_grouped:
        listed = next(one for one in bundle.tables if one.source == DOCUMENTS)
        document = listed.variable(f"{DOCUMENTS}.document")
        assert document is not None
        pairs = listed.rows.select(pl.col(key).alias("row"), pl.col(document.name).cast(pl.String).alias("source"))
        rows = pairs.join(rows.drop("source"), on="row", how="left", maintain_order="left")
    if bundle.texts is None:
        return rows.with_row_index("note_id", offset=1).with_columns(note_text=pl.lit(""))
    texts = bundle.texts.select(pl.col("document").cast(pl.String).alias("source"), pl.col("text").alias("note_text"))
    found = rows.join(texts, on="source", how="left", maintain_order="left")
    return found.with_row_index("note_id", offset=1).with_columns(pl.col("note_text").fill_null(""))


def _note(name: str, kind: type[pl.DataType], given: Mapping[str, str]) -> pl.Expr:
    """A column of NOTE: one of its own, one of the run, or what stands for none."""
    if name == "note_source_value":
        return pl.col("source").str.slice(0, _LONGEST_SOURCE).alias(name)
    if name in _OWN:
        return pl.col(name).cast(kind)
    if name in given:
        return pl.col(given[name]).cast(kind).alias(name)
    return pl.lit(0 if name in _ZERO else None, kind).alias(name)


def _given(table: Table) -> dict[str, str]:
    """The variables of the run that are columns of NOTE, by their names there."""
    found = {}
    for one in table.variables:
        kind, here = NOTE.get(one.source), table.rows.schema[one.name]
        is_theirs = one.source not in _OWN and one.role in ("input", "key")
        if is_theirs and kind is not None and (isinstance(here, kind) or (kind == pl.Int64 and here.is_integer())):
            found[one.source] = one.name
    return found


def _told(bundle: Bundle, notes: pl.DataFrame, given: Mapping[str, str]) -> list[str]:
    told = [] if bundle.texts is not None else ["note_text is empty: text=true writes the documents"]
    if lacking := [name for name in _NEEDED if name not in given]:
        told.append(
            f"{', '.join(lacking)}: NOTE needs them, and the run has no such column of that type. They are empty; "
            f"data.carry_columns=[{','.join(lacking)}] of the extraction brings them"
        )
    if long := int((notes["source"].str.len_chars() > _LONGEST_SOURCE).sum()):
        told.append(f"{long} ids are cut to {_LONGEST_SOURCE} characters in note_source_value")
    phrases = statements(bundle).select(_phrase())["lexical_variant"]
    if cut := int((phrases.str.len_chars() > _LONGEST).sum()):
        told.append(f"{cut} passages are cut to {_LONGEST} characters in lexical_variant")
    return told


def _phrase() -> pl.Expr:
    """The words of the text, or where there is no passage, the value."""
    return pl.coalesce("quote", "value").alias("lexical_variant")


def _note_nlp(bundle: Bundle, notes: pl.DataFrame) -> pl.DataFrame:
    numbers = notes.select("note_id", "row", pl.col("source").alias("document"))
    first = numbers.unique("row", keep="first", maintain_order=True).select("row", first="note_id")
    rows = statements(bundle).rename({"id": "row"}).join(first, on="row", how="left", maintain_order="left")
    if bundle.is_grouped:
        rows = rows.join(numbers, on=["row", "document"], how="left", maintain_order="left")
    else:
        rows = rows.with_columns(note_id=pl.col("first"))
    created = datetime.datetime.fromisoformat(bundle.origin.created).replace(tzinfo=None)
    system = "; ".join([f"glane {installed_version('glane')}", bundle.origin.model, *warnings_of(bundle.origin)])
    made: Mapping[str, pl.Expr] = {
        "note_nlp_id": pl.int_range(1, pl.len() + 1),
        "note_id": pl.coalesce("note_id", "first"),  # of a value without a passage, the first of its documents
        "section_concept_id": pl.lit(0),
        "snippet": pl.col("quote").str.slice(0, _LONGEST),
        "offset": pl.col("start"),
        "lexical_variant": _phrase().str.slice(0, _LONGEST),
        "note_nlp_concept_id": pl.col("concept_id").cast(pl.Int64, strict=False).fill_null(0),
        "note_nlp_source_concept_id": pl.lit(0),
        "nlp_system": pl.lit(system[:_LONGEST]),
        "nlp_date": pl.lit(created.date()),
        "nlp_datetime": pl.lit(created),
        "term_exists": _exists(),
        "term_temporal": pl.when(pl.col("assertion") == "historical").then(pl.lit("past")),
        "term_modifiers": _modifiers(),
    }
    found = rows.select(made[name].cast(kind).alias(name) for name, kind in NOTE_NLP.items())
    if too_long := int((found["term_modifiers"].str.len_chars() > _LONGEST_MODIFIERS).sum()):
        raise RunError(
            f"to=omop: {too_long} values are longer than term_modifiers, which holds {_LONGEST_MODIFIERS:,} "
            "characters. Use to=parquet, or a task with shorter texts."
        )
    return found


def _exists() -> pl.Expr:
    """N where the text says that it is not, or that it is of somebody else."""
    is_denied = (pl.col("kind") == "boolean") & (pl.col("value") == "false")
    return (
        pl.when(is_denied | pl.col("assertion").is_in(_ABSENT).fill_null(False))
        .then(pl.lit("N"))
        .otherwise(pl.lit("Y"))
    )


def _modifiers() -> pl.Expr:
    """The field, the items that it is in, the value, the end of its passage and its assertion, as `name=value;…`."""
    items = pl.col("items").list.eval(pl.element().cast(pl.String)).list.join(".")
    parts = {
        "field": pl.col("field"),
        "item": pl.when(pl.col("items").list.len() > 0).then(items),
        "value": _escaped(pl.col("value")),
        "end": pl.col("end").cast(pl.String),
        "assertion": pl.col("assertion"),
    }
    told = [pl.lit(f"{name}=") + part for name, part in parts.items()]
    return pl.concat_str(told, separator=";", ignore_nulls=True)


def _escaped(text: pl.Expr) -> pl.Expr:
    for sign, code in _ESCAPED.items():
        text = text.str.replace_all(sign, code, literal=True)
    return text
