"""The one place through which rows leave a run: whatever is written for others is made of what `leaving` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from glane.assess.pages.labels import CODES
from glane.errors import RunError
from glane.exports.bundle import Bundle, Kind, Origin, Table, Variable
from glane.exports.dates import shift_of
from glane.exports.decimals import without_decimals
from glane.exports.walk import SIGNS_SOURCE, Cell, Draft, drafts
from glane.exports.words import CODEBOOK, LABELS, PRECISIONS, RECORDS, SENTENCES, STATUSES
from glane.extraction.results import Run
from glane.run.links import links_to
from glane.tables.names import valid_names
from glane.task.fields import EnumField, IntegerField, NumberField
from glane.types import Alignment, Assertion, Found, Language, Missing, Status

Codes = tuple[tuple[str, ...], Mapping[str, str]]


def leaving(run: Run, *, with_evidence: bool, with_text: bool = False) -> Bundle:
    """The rows of a run as flat tables: values, reasons and statuses; with evidence, also passages and confidence.

    With text, the documents leave, too.

    Raises:
        RunError: if a column holds what no table can.
        DataError: with text, if an input file is missing or has changed.
    """
    task = run.task
    found = drafts(
        run.all(),
        task.fields,
        id_column=run.id_column,
        carried=run.settings.data.carry_columns,
        with_evidence=with_evidence,
    )
    described = dict(run.codebook(for_spreadsheet=False).select("column", "description").iter_rows())
    lists = valid_names([one.source for one in found[1:]], reserved=(RECORDS, CODEBOOK, LABELS))
    names = {"": RECORDS, **lists}  # of tables, by their source
    # Keys first, and the same in all tables, so that these are joined by them.
    columns = valid_names([*found[0].key, *(key for one in found for key in one.key)])
    tables = [_table(one, names, columns, described, task.language) for one in found]
    shifted = shift_of(run)
    return Bundle(
        tables=tables if shifted is None else [shifted.told(one, task) for one in tables],
        origin=_origin(run, None if shifted is None else shifted.days),
        fields=task.fields,
        is_grouped=run.settings.data.group_by is not None,
        texts=_texts(run) if with_text else None,
        notes=[] if shifted is None else [shifted.note],
    )


def _texts(run: Run) -> pl.DataFrame:
    data = run.settings.data
    ids = run.all().select(run.id_column)
    named = run.documents().join(ids, on=run.id_column, how="semi").collect()
    return named.select(
        pl.col(run.id_column).alias("id"),
        pl.col(data.id_column).alias("document"),
        pl.col(data.text_column).alias("text"),
    )


def _origin(run: Run, shifted: int | None) -> Origin:
    told = run.description()
    link = next(iter(links_to([run.directory])), None)
    return Origin(
        run=str(run.directory.root), link=link, fingerprint=told.fingerprint_digest,
        task=run.task.name, task_version=run.task.version, model=told.model, created=told.created, toy=run.toy,
        is_complete=run.is_complete, language=run.task.language, shifted=shifted,
    )  # fmt: skip


def _table(
    draft: Draft, names: Mapping[str, str], keys: Mapping[str, str], described: Mapping[str, str], language: Language
) -> Table:
    draft = without_decimals(draft)
    # Columns of the input come last: one that is named as a column of the run gets another name.
    ordered = sorted(draft.cells, key=lambda cell: cell.role == "input")
    columns = valid_names([*keys, *(cell.source for cell in ordered)])
    variables = tuple(_variable(cell, columns, described, language) for cell in draft.cells)
    cells = [_cast(cell.expression, one.kind).alias(one.name) for cell, one in zip(draft.cells, variables, strict=True)]
    sentences, parent = SENTENCES[language], draft.parent
    of = names[parent or ""]
    told = sentences["list"].format(draft.source, of) if draft.source else sentences["records"]
    try:
        rows = draft.rows.select(cells).collect()
    except pl.exceptions.PolarsError as error:
        raise RunError(
            f"the columns of {draft.source or RECORDS} cannot be made flat ({type(error).__name__}). See whether a "
            "file of the run was damaged: glane verify run.dir=…. If none was, please report it, with the types of the "
            "columns in data.carry_columns."
        ) from None
    return Table(
        name=names[draft.source], source=draft.source, description=told, variables=variables,
        key=tuple(columns[key] for key in draft.key), parent=None if parent is None else of, rows=rows,
    )  # fmt: skip


def _variable(cell: Cell, columns: Mapping[str, str], described: Mapping[str, str], language: Language) -> Variable:
    categories, labels = _codes(cell, language)
    kind = "category" if categories else _kind(cell.type)
    bounds = cell.field if cell.role == "value" and isinstance(cell.field, IntegerField | NumberField) else None
    missing = f"{cell.source}__missing"
    return Variable(
        name=columns[cell.source], source=cell.source, kind=kind, role=cell.role,
        description=_description(cell, described, language), categories=categories, labels=labels,
        minimum=None if bounds is None or bounds.minimum is None else float(bounds.minimum),
        maximum=None if bounds is None or bounds.maximum is None else float(bounds.maximum),
        nullable=cell.role != "key", zone=getattr(cell.type, "time_zone", None),
        reasons=columns.get(missing) if cell.role == "value" else None,
    )  # fmt: skip


def _description(cell: Cell, described: Mapping[str, str], language: Language) -> str:
    sentences = SENTENCES[language]
    stem, _, what = cell.source.rpartition("__")
    if what in ("position", "count") and stem:
        return sentences[what].format(stem)
    if cell.source == SIGNS_SOURCE and cell.role == "result":
        return sentences["signs"]
    if (told := described.get(cell.source)) is not None:
        return told
    if cell.role == "value" and cell.field is not None:
        return cell.field.description.strip()
    return sentences["input"] if cell.role == "input" else sentences["other"].format(stem or cell.source)


def _codes(cell: Cell, language: Language) -> Codes:
    """All values of a column of codes, and their labels; nothing for other columns."""
    words = CODES[language]
    if cell.role == "value" and isinstance(cell.field, EnumField):
        return cell.field.values, cell.field.labels
    if cell.role == "status" and cell.source == "status":
        return tuple(str(one) for one in Status), STATUSES[language]
    if _kind(cell.type) == "boolean":
        return (), {code: words[code] for code in ("true", "false")}
    known: Mapping[str, Sequence[str]] = {
        "missing": () if cell.field is None else cell.field.missing,
        "assertion": () if cell.field is None else cell.field.assertion,
        "precision": ("year", "month", "day"),
        "alignment": tuple(Alignment),
        "lookup.how": tuple(Found),
    }
    values = tuple(str(one) for one in known.get(cell.what, ()))
    if cell.what == "missing" and not values and cell.field is not None:  # of the list that an item is of
        values = tuple(str(one) for one in Missing)
    if cell.what == "assertion" and not values:
        values = tuple(str(one) for one in Assertion)
    labels = PRECISIONS[language] if cell.what == "precision" else words
    return values, {value: labels[value] for value in values if value in labels}


def _kind(kind: pl.DataType) -> Kind:
    if kind == pl.Boolean:
        return "boolean"
    if kind.is_integer():
        return "integer"
    if kind.is_float() or kind.is_decimal():
        return "number"
    named: Mapping[type[pl.DataType], Kind] = {pl.Date: "date", pl.Time: "time", pl.Datetime: "datetime"}
    return named.get(type(kind), "text")


def _cast(value: pl.Expr, kind: Kind) -> pl.Expr:
    if kind in ("text", "category"):
        return value.cast(pl.String)
    if kind == "datetime":
        return value.dt.cast_time_unit("us")
    return value.cast(pl.Float64) if kind == "number" else value
