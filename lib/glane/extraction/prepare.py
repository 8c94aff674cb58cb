"""Prepares the run of an extraction: checks the input, takes the fingerprint, selects the rows."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from glane.corpus.converted import shapes_beside
from glane.corpus.files import InputFile, folder_lines, inspect_files
from glane.corpus.find import Found, find_files
from glane.corpus.garbled import garbled_lines
from glane.corpus.group_plan import make_group_plan
from glane.corpus.group_proof import with_group_digests
from glane.corpus.groups import check_order, check_plain
from glane.corpus.ids import id_type
from glane.corpus.plan import Plan, make_plan, shard_size
from glane.corpus.proof import with_digests
from glane.corpus.pseudonymised import shifted_rules
from glane.corpus.readable import may_be_out_of_range
from glane.corpus.select import Selected
from glane.corpus.text_dates import refuse_day_first, text_date_lines
from glane.corpus.unchanged import content_digest
from glane.engine.registry import toy_of
from glane.engine.weights import model_digests
from glane.errors import ConfigError
from glane.extraction.codebook import codebook
from glane.extraction.environment import engine_version
from glane.extraction.extension import extended, find_extension
from glane.extraction.fingerprint import make_fingerprint
from glane.extraction.lineage import lineage_lines, prepare_lineage
from glane.extraction.lookups import lookup_marks
from glane.extraction.selection import selected_rows, unaltered_ids
from glane.extraction.shifted import pseudonym_lines, pseudonym_values, refuse_shifted_columns
from glane.extraction.summary import WORK
from glane.extraction.tables import VALUE_COLUMNS
from glane.run.description import EarlierRun, RunDescription
from glane.run.directory import RunDirectory
from glane.run.environment import environment
from glane.run.fingerprint import fingerprint_digest
from glane.run.inputs import input_digests
from glane.run.work import Draft
from glane.settings import DataSettings, ResolvedSettings
from glane.task.arrow import columns
from glane.task.result import reserved_names
from glane.task.task import Task
from glane.types import DOCUMENTS


def draft(settings: ResolvedSettings, task: Task, known: RunDescription | None) -> Draft:
    """Check the input and describe the run; see `glane.run.work.Work.draft`."""
    found = find_files(settings.data.path)
    files = checked_files(found, settings.data, task)
    listed = unaltered_ids(settings.data, known)
    fingerprint = make_fingerprint(
        data=settings.data,
        only_ids=None if listed is None else listed.digest,
        task=task,
        model=settings.model,
        inputs=input_digests(files, known),
        model_digests=model_digests(settings.model, content_digest),
        engine_version=engine_version(settings.model),
        lookups=lookup_marks(task),
        pseudonyms=pseudonym_values(settings.data, files),
    )
    if (extends := _extension(settings, task, fingerprint, files, known)) is not None:
        fingerprint = extended(fingerprint, extends)
    description = _description(settings, task, fingerprint, files, extends)
    selection_notes: list[str] = []  # known once the plan is made, and told then

    def plan() -> Plan:
        selected = selected_rows(files, settings.data, listed)
        selection_notes.extend(selected.notes)
        return _plan(settings, task, files, [entry.digest for entry in description.files], selected)

    def beside(directory: RunDirectory, plan: Plan) -> tuple[str, ...]:
        lines = () if extends is None else _lineage(directory, plan, settings, task, extends)
        return (*selection_notes, *lines)

    return Draft(
        description=description,
        plan=plan,
        found=found,
        notes=(
            *folder_lines(files),
            *found.lines(),
            *text_date_lines(files, settings.data.carry_columns),
            *garbled_lines(files, settings.data.text_column),
            *pseudonym_lines(settings.data, files),
        ),
        beside=beside,
    )


def _lineage(
    directory: RunDirectory, plan: Plan, settings: ResolvedSettings, task: Task, extends: EarlierRun
) -> tuple[str, ...]:
    facts = prepare_lineage(directory, plan, extends, settings.data, task)
    return lineage_lines(facts, extends, style=settings.model.prompt_style)


def _extension(
    settings: ResolvedSettings,
    task: Task,
    fingerprint: dict[str, Any],
    files: list[InputFile],
    known: RunDescription | None,
) -> EarlierRun | None:
    data = settings.data
    if data.extend is None:
        return None
    if known is not None and known.extends is not None and not Path(data.extend).exists():
        return known.extends  # a run that is complete needs it no more, and workers of another tell
    return find_extension(
        data, task, settings.model, fingerprint["task"]["lookups"], run_dir=settings.run.dir,
        documents=document_type(data, files[0].schema), pseudonyms=fingerprint.get("pseudonyms"),
        fingerprint=fingerprint,
    )  # fmt: skip


def checked_files(found: Found | str, data: DataSettings, task: Task) -> list[InputFile]:
    """Inspect the input files of an extraction.

    Raises:
        GlaneError: naming the file or the column that cannot be used.
    """
    result = {column.name for column in columns(task)} | reserved_names()
    if data.group_by is not None:
        if DOCUMENTS in task.fields:
            raise ConfigError(
                f"task.fields: {DOCUMENTS!r} would stand beside the column of that name, which lists the documents of "
                "each group (data.group_by). Rename the field."
            )
        result |= {DOCUMENTS}
    for name in (data.result_id, *data.carry_columns):
        if name in result:
            raise ConfigError(
                f"data: column {name!r} would stand beside a result column of that name. Rename it in the input, "
                "or leave it out of data.carry_columns."
            )
    if data.result_id in VALUE_COLUMNS:
        raise ConfigError(
            f"data: column {data.result_id!r} would be the id, and the tables of values have one of that name beside "
            "the id. Rename it in the input."
        )
    files = inspect_files(
        found,
        id_column=data.id_column,
        text_column=data.text_column,
        carry_columns=data.carry_columns,
        input_columns=task.input_columns,
        number_rows=data.number_rows,
        group_by=data.group_by,
        order_by=data.order_by,
    )
    refuse_shifted_columns(data, files)
    if data.group_by is not None:
        check_order(files[0], data.order_by)
        refuse_day_first(files, data.order_by, setting="data.order_by")
        check_plain(files[0], data.carry_columns, "data.carry_columns")
        check_plain(files[0], task.input_columns, "task.inputs")
    return files


def document_type(data: DataSettings, schema: pa.Schema) -> pa.DataType | None:
    """The type of the documents' ids in evidence; None where documents are not grouped."""
    if data.group_by is None:
        return None
    return pa.int64() if data.number_rows else id_type(schema.field(data.id_column).type)


def _plan(
    settings: ResolvedSettings, task: Task, files: list[InputFile], digests: list[str], selected: Selected
) -> Plan:
    data = settings.data
    wanted = settings.run.shard_rows
    rows = shard_size(selected.num_results, wanted)
    make = make_plan if selected.groups is None else make_group_plan
    plan = make(
        files,
        selected,
        shard_rows=rows,
        shard_bytes=settings.run.shard_bytes,
        tapers=wanted == "auto",
        digests=digests,
    )
    times = [name for name in data.carry_columns if may_be_out_of_range(files[0].schema.field(name).type)]
    if data.group_by is None or selected.groups is None:
        return with_digests(plan, id_column=data.id_column, number_rows=data.number_rows, checked_columns=times)
    shared = dict.fromkeys([*data.carry_columns, *task.input_columns])
    return with_group_digests(
        plan,
        selected.groups,
        id_column=data.id_column,
        group_by=data.group_by,
        number_rows=data.number_rows,
        shared_columns=[name for name in shared if name != data.group_by],
        checked_columns=times,
    )


def _description(
    settings: ResolvedSettings,
    task: Task,
    fingerprint: dict[str, Any],
    files: list[InputFile],
    extends: EarlierRun | None,
) -> RunDescription:
    return RunDescription(
        work=WORK,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        task=task.name,
        task_notes=task.notes,
        model=settings.model.name,
        toy=toy_of(settings.model),
        fingerprint_digest=fingerprint_digest(fingerprint),
        fingerprint=fingerprint,
        files=tuple(file.known(entry["digest"]) for file, entry in zip(files, fingerprint["inputs"], strict=True)),
        tables=shapes_beside(settings.data.path),
        settings=settings.model_dump(mode="json"),
        lease_s=settings.run.lease_s,
        codebook=codebook(
            task,
            id_column=settings.data.result_id,
            carry_columns=settings.data.carry_columns,
            documents=document_type(settings.data, files[0].schema),
            extends=extends,
            shifted=shifted_rules(fingerprint),
        ),
        extends=extends,
        environment=environment(),
    )
