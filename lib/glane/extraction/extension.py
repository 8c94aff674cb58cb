"""What a run takes from an earlier one (`data.extend`): which fields are as they were, and why others are asked.

A field is as it was if its whole definition is, what examples answer for it, the reference tables that its values are
looked up in, and the fields that what is derived of it compares with. All that every answer depends on must be as it
was, or nothing is reused: instructions, language, inputs and texts of examples, manner of reading, prompt, model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.extraction.fingerprint import SPEED_ONLY, task_part
from glane.extraction.results import Run, open_run
from glane.extraction.specification import READ, SHOWN
from glane.extraction.summary import WORK
from glane.parquet import parquet_schema
from glane.run.description import EarlierRun, RunDescription
from glane.run.fingerprint import Fingerprint, differences, text_digest
from glane.run.unaltered import refuse_altered
from glane.settings import DataSettings, ModelSettings
from glane.storage import listed
from glane.tables.shape import TableShape
from glane.task.arrow import columns
from glane.task.derived import lookup_of, normalise_of
from glane.task.fields import Field, all_fields
from glane.task.result import RESULT_COLUMNS
from glane.task.signs import OF_FIELDS
from glane.task.task import Task

_DOCUMENT = SHOWN | {"id_column", "number_rows"}  # what a document is
# Rules are checked on whole rows, and tables of lookups field by field.
_MANNER = (READ - {"rules", "lookups", "sentinels"}) | {"language", "inputs"}
_LEAVE_OUT = "Give the former values back, or leave data.extend out: then all fields are asked."
_MOST_LISTED = 20


def find_extension(
    data: DataSettings, task: Task, model: ModelSettings, lookups: Mapping[str, Any], *, run_dir: str,
    documents: pa.DataType | None, pseudonyms: Mapping[str, Any] | None, fingerprint: Fingerprint | None = None,
) -> EarlierRun:  # fmt: skip
    """Which fields of `task` keep the values of the run `data.extend`.

    `lookups` are the marks of the task's tables, and `documents` is the type of the documents' ids in evidence.
    `pseudonyms` tells how the documents of this run were pseudonymised, if they were, and
    `fingerprint` is that of this run, where weights and engine are known.

    Raises:
        GlaneError: if that run is no whole extraction, its records were changed, what all answers depend on
            differs, or every field does.
    """
    assert data.extend is not None
    earlier = open_earlier(data.extend)
    refuse_altered(earlier.directory)  # once at the start, and not by each worker: it reads all of its records
    described = earlier.description()
    if Path(run_dir).absolute().resolve() == earlier.directory.root.resolve():
        raise ConfigError(f"data.extend: {data.extend} is run.dir itself. Choose another run.dir for the new fields.")
    before = earlier.task
    _refuse_redefined(data.extend, earlier.settings.data, before, earlier.settings.model, described)
    known = described.fingerprint
    then = _common(before, earlier.settings.data) | {"model": _settings_of(known["model"])}
    then |= {"pseudonyms": known.get("pseudonyms")}
    now = _common(task, data) | {"pseudonyms": pseudonyms}
    now |= {"model": _settings_of(model.model_dump(mode="json", exclude=set(SPEED_ONLY)))}
    _refuse_differences(data.extend, then, now)
    if fingerprint is not None:
        then, now = ({name: one[name] for name in ("model", "engine")} for one in (known, fingerprint))
        _refuse_differences(data.extend, then, now)
    reused = reused_fields(before, task, known["task"].get("lookups", {}), lookups)
    if not reused:
        raise ConfigError(
            f"data.extend: every field is new or differs from those of {data.extend}, so nothing of it could be kept. "
            "Leave data.extend out."
        )
    _refuse_other_columns(earlier, task, reused, documents)
    return EarlierRun(
        id=earlier.directory.identity(),
        path=str(earlier.directory.root),
        fingerprint_digest=described.fingerprint_digest,
        reused=reused,
        asked=tuple(name for name in task.fields if name not in reused),
    )


def open_earlier(path: str) -> Run:
    """The run that `data.extend` names.

    Raises:
        RunError: if there is none, it is not complete, rows of it were lost, or it is no extraction.
    """
    try:
        run = open_run(path)
        described = run.description()
        run.directory.identity()
    except GlaneError as error:
        raise RunError(f"data.extend: {error}") from None
    if described.work != WORK:
        raise RunError(f"data.extend: {path} is no extraction ({described.work}). Give the run.dir of an extraction.")
    return run


def _refuse_differences(path: str, then: Fingerprint, now: Fingerprint) -> None:
    """Refuse to extend a run where what all answers depend on differs.

    Raises:
        ConfigError: naming the first differences.
    """
    if lines := differences(then, now):
        told = "\n".join(f"  {line}" for line in lines[:_MOST_LISTED])
        raise ConfigError(
            f"data.extend: every answer of {path} depends on what differs (there -> here):\n{told}\n{_LEAVE_OUT}"
        )


def extended(fingerprint: dict[str, Any], extends: EarlierRun) -> dict[str, Any]:
    """The fingerprint of a run that extends another: its answers were asked in another way."""
    told = extends.model_dump(mode="json", include={"id", "fingerprint_digest", "reused"})
    return fingerprint | {"task": fingerprint["task"] | {"extends": told}}


def refuse_other_numbers(
    data: DataSettings, numbered: list[tuple[str, int]], tables: tuple[TableShape, ...], earlier: RunDescription
) -> None:
    """Refuse rows that are numbered in other files: a number would name another document.

    `numbered` has digest and rows of each input file, `tables` how the tables were read that they were made of, if they
    were: encrypted, the same table is other bytes each time.

    Raises:
        DataError: if `data.number_rows` is set and the files differ.
    """
    before = [(file.digest, file.rows) for file in earlier.files]
    is_same_table = (
        bool(tables) and tables == earlier.tables and [rows for _, rows in numbered] == [r for _, r in before]
    )
    if data.number_rows and numbered != before and not is_same_table:
        raise DataError(
            f"data.extend: the run {data.extend} numbered the rows of other files (data.number_rows=true): its numbers "
            "name other documents here. Give the same data.path, or ids of their own (data.id_column)."
        )


def reused_fields(
    before: Task, now: Task, tables_before: Mapping[str, Any], tables_now: Mapping[str, Any]
) -> tuple[str, ...]:
    """The fields of `now` that are as they were, in its order. The tables are marks of reference tables by name."""
    found = {
        name
        for name, field in now.fields.items()
        if name in before.fields
        and _told(before.fields[name], name, before, tables_before) == _told(field, name, now, tables_now)
    }
    while asked := {name for name in found if _compared(name, now) - found & set(now.fields) - {name}}:
        found -= asked  # what is derived of them is compared with an answer that will be another one
    return tuple(name for name in now.fields if name in found)


def _told(field: Field, name: str, task: Task, tables: Mapping[str, Any]) -> Mapping[str, Any]:
    """All that decides the answer to a field, except what all fields have in common."""
    return {
        "definition": field.model_dump(mode="json"),
        "examples": [example.output[name] for example in task.examples],
        "tables": {
            table: tables.get(table) for inner in all_fields({name: field}) if (table := lookup_of(inner)) is not None
        },
    }


def _compared(name: str, task: Task) -> set[str]:
    """The names of fields and inputs that what is derived of a field compares with."""
    found: set[str] = set()
    for inner in all_fields({name: task.fields[name]}):
        if (table := lookup_of(inner)) is not None:
            found.update(task.lookups[table].within.values())
        if (asked := normalise_of(inner)) is not None and asked.relative_to:
            found.add(asked.relative_to)
    return found & set(task.fields)


def _common(task: Task, data: DataSettings) -> dict[str, Any]:
    """What all answers of a run depend on, beside its model. Texts are digests, as errors show these values."""
    examples = [dict(example.inputs) for example in task.examples]
    return {
        "data": data.model_dump(mode="json", include=set(_DOCUMENT)),
        "task": {
            **task.model_dump(mode="json", include=set(_MANNER)),
            "instructions": text_digest(task.instructions),
            "examples": text_digest(json.dumps(examples, ensure_ascii=False)),
            "quote_first": task.spelling.quote_first,
        },
    }


def _settings_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """The settings of a model that are known before its weights are looked at."""
    return {name: value for name, value in model.items() if name not in ("digests", "prompt_shape")}


def _refuse_redefined(
    path: str, data: DataSettings, task: Task, model: ModelSettings, described: RunDescription
) -> None:
    """Refuse a run whose task reads otherwise today: its schema file, or glane's own words and methods, have changed.

    Raises:
        ConfigError: naming what differs.
    """
    known = {name: value for name, value in described.fingerprint["task"].items() if name != "extends"}
    if lines := differences(known, task_part(data=data, task=task, model=model, lookups=known.get("lookups", {}))):
        told = "\n".join(f"  task.{line}" for line in lines[:_MOST_LISTED])
        raise ConfigError(
            f"data.extend: the task of {path} is no longer read as when it was run, because a file that it names or "
            f"glane itself has changed since (then -> now):\n{told}\nLeave data.extend out: then all fields are asked."
        )


def _refuse_other_columns(earlier: Run, task: Task, reused: tuple[str, ...], documents: pa.DataType | None) -> None:
    schema = parquet_schema(listed(earlier.directory.records, "*.parquet")[0])
    wanted = {one.name: one.type for one in columns(task, documents=documents) if one.field in reused}
    wanted |= {one.name: one.type for one in RESULT_COLUMNS if one.name in OF_FIELDS}
    for name, kind in wanted.items():
        if name not in schema.names or schema.field(name).type != kind:
            raise RunError(
                f"data.extend: the records of {earlier.directory.root} have no column {name!r} as this glane would "
                "write it; another version of glane wrote them. Leave data.extend out."
            )
