"""What becomes of the input's columns where documents are pseudonymised before a model reads them.

Ids, groups and what is carried go into the run, and what a condition reads: what is known of a person goes there
replaced, or the run is refused before anything of it is written.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import pyarrow as pa

from glane.conditions import read_condition
from glane.corpus.columns import holds_dates, is_text
from glane.corpus.files import InputFile, check_column, inspect_files
from glane.corpus.read import decoded, raw
from glane.corpus.text_dates import date_columns
from glane.errors import ConfigError, DataError
from glane.parquet import open_parquet
from glane.pseudonyms.rows import Columns
from glane.pseudonyms.squeezed import signs_of
from glane.pseudonyms.whole import refuse_unreplaceable
from glane.pseudonyms.written import refuse_again
from glane.settings import DataSettings
from glane.type_words import type_words

_LITERAL = re.compile(r"'((?:[^']|'')*)'|\b(\d{5,})\b")  # fewer digits are no number of somebody
_LEAST_WORD = 4  # letters of a word of a known name
_BEFORE = "Choose the rows before: data.only_ids_in=FILE takes a Parquet file of ids."


def checked_files(data: DataSettings, inputs: Sequence[str]) -> list[InputFile]:
    """The files, once nothing that is known of a person would be written, or shown to the model, as it is.

    Raises:
        GlaneError: naming the column and the remedy.
    """
    files = inspect_files(
        data.path, id_column=data.id_column, text_column=data.text_column, carry_columns=data.carry_columns,
        input_columns=inputs, group_by=data.group_by, order_by=data.order_by,
    )  # fmt: skip
    refuse_again(files)
    told = data.pseudonyms
    named = dict.fromkeys(told.known_columns, "data.pseudonyms.known_columns")
    named |= {} if told.person_column is None else {told.person_column: "data.pseudonyms.person_column"}
    for file in files:
        for name, setting in named.items():
            check_column(file, files[0], name, setting)
    _refuse_condition(data)
    _refuse_kept(data)
    columns = written_columns(data, files, inputs)
    refuse_unreplaceable(
        files[0], columns.whole, style=told.style, known="data.pseudonyms.known_columns",
        written="data.carry_columns or task.inputs",
    )  # fmt: skip
    _refuse_inputs(data, files[0], [name for name in inputs if name in columns.carried])
    _refuse_shifted(data, files[0], inputs)
    _refuse_order(data, files)
    return files


def written_columns(data: DataSettings, files: Sequence[InputFile], inputs: Sequence[str]) -> Columns:
    """What of the input is written: what the run uses, and nothing else."""
    told, schema = data.pseudonyms, files[0].schema
    used = [*data.carry_columns, data.group_by, data.order_by, *inputs, *_of_condition(data)]
    names = [name for name in dict.fromkeys(used) if name in schema.names and name is not None]
    names = [name for name in names if name not in (data.id_column, data.text_column)]
    whole = [name for name in names if name in told.known_columns and name not in told.shift_columns]
    person = told.person_column if told.person_column in names and told.person_column not in whole else None
    if person in (data.group_by, data.order_by):  # ids of groups stay, as those of documents
        person = None
    plain = [name for name in names if name not in whole and name != person]
    texts = [name for name in plain if name in inputs and is_text(schema.field(name).type)]
    return Columns(
        id=data.id_column, text=data.text_column, texts=tuple(texts), person=told.person_column,
        known=told.known_columns, carried=tuple(name for name in plain if name not in texts),
        shifted=told.shift_columns, whole=tuple(whole), writes_person=person is not None, keeps_ids=True,
        tells_problems=True,
    )  # fmt: skip


def _of_condition(data: DataSettings) -> list[str]:
    return [] if data.where is None else read_condition(data.where, place="data.where").meta.root_names()


def _refuse_condition(data: DataSettings) -> None:
    """Refuse a condition on what tells a person: its values would be in the run, and in the words of the condition."""
    told = data.pseudonyms
    for name in _of_condition(data):
        is_id = name in (data.id_column, data.group_by)
        if name in told.known_columns or (name == told.person_column and not is_id):
            raise ConfigError(
                f"data.where: it reads {name!r}, which tells who a person is (data.pseudonyms.known_columns, "
                "person_column): its values would be kept in the run, and those of the condition with its settings. "
                f"{_BEFORE}"
            )


def _refuse_kept(data: DataSettings) -> None:
    """Refuse to keep as ids, groups or their order what is known of a person."""
    for setting in ("id_column", "group_by", "order_by"):
        name = getattr(data, setting)
        if name in data.pseudonyms.known_columns:
            raise ConfigError(
                f"data.{setting}: {name!r} is known of the person (data.pseudonyms.known_columns), and ids, groups and "
                "their order stay in the run as they are. Pseudonymise before: glane pseudonymise "
                "data.person_column=… writes ids and persons as digests; give its documents.parquet as data.path. Or "
                "leave it out of known_columns: an id is looked for in its text anyway."
            )


def _refuse_inputs(data: DataSettings, file: InputFile, inputs: Iterable[str]) -> None:
    for name in inputs:
        kind = file.schema.field(name).type
        is_moved = data.pseudonyms.dates == "shifted" and holds_dates(kind)
        if pa.types.is_nested(kind) or is_moved:
            raise DataError(
                f"{file.name}: column {name!r} is {type_words(kind)}, and the model would read it as it is: only "
                "texts are replaced before. Leave it out of task.inputs, or give it as a text."
            )


def _refuse_shifted(data: DataSettings, file: InputFile, inputs: Sequence[str]) -> None:
    for name in data.pseudonyms.shift_columns:
        kind = file.schema.field(name).type
        if not holds_dates(kind):
            raise DataError(
                f"{file.name}: column {name!r} is {type_words(kind)}; data.pseudonyms.shift_columns takes dates "
                "and timestamps."
            )
        if name in inputs or name in _of_condition(data):
            raise ConfigError(
                f"data.pseudonyms.shift_columns: {name!r} is shifted, and task.inputs or data.where reads it. Leave it "
                "out of one of them."
            )


def _refuse_order(data: DataSettings, files: Sequence[InputFile]) -> None:
    """Refuse dates that the model would read as they are, above texts whose dates are shifted."""
    name = data.order_by
    if data.pseudonyms.dates != "shifted" or name is None:
        return
    if date_columns(files, [name]):
        raise ConfigError(
            f"data.order_by: {name!r} holds dates, which the model reads above each text: beside shifted dates they "
            "tell by how much these were shifted. Pseudonymise before: glane pseudonymise data.person_column=… "
            f"data.shift_columns=[{name}] shifts them alike; give its documents.parquet as data.path. Or order by a "
            "number."
        )


def refuse_told_values(data: DataSettings, files: Sequence[InputFile]) -> None:
    """Refuse a condition in which a value is written that is known of a person: the run keeps its words.

    Raises:
        GlaneError: naming the column. It quotes no value.
    """
    told = [one[0].replace("''", "'") or one[1] for one in _LITERAL.findall(data.where or "")]
    wanted = {signs for one in told if (signs := signs_of(one))}
    if not wanted:
        return
    for file in files:
        for name in data.pseudonyms.known_columns:
            if _holds(file, name, wanted):
                raise ConfigError(
                    f"data.where: a value in it is one of column {name!r} of {file.name}, which is known of the person "
                    f"(data.pseudonyms.known_columns), and the run keeps the words of the condition. {_BEFORE}"
                )


def _holds(file: InputFile, name: str, wanted: set[str]) -> bool:
    try:
        with open_parquet(file.path) as parquet:
            for batch in parquet.iter_batches(columns=[name]):
                for value in {decoded(cell)[0] for cell in raw(batch.column(0))}:
                    words = [] if value is None else [value, *(one for one in value.split() if len(one) >= _LEAST_WORD)]
                    if any(signs_of(one) in wanted for one in words):
                        return True
    except (OSError, pa.ArrowException):
        raise DataError(f"{file.path}: column {name!r} cannot be read.") from None
    return False
