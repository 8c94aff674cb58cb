"""Prepares a run that embeds: checks the input, takes the fingerprint, selects the rows."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from glane.corpus.converted import shapes_beside
from glane.corpus.files import InputFile, folder_lines, inspect_files
from glane.corpus.find import Found, find_files
from glane.corpus.garbled import garbled_lines
from glane.corpus.plan import Plan, make_plan, shard_size
from glane.corpus.proof import with_digests
from glane.corpus.readable import may_be_out_of_range
from glane.corpus.select import Selected, Selection, select_rows
from glane.corpus.unchanged import content_digest
from glane.embedding.columns import codebook, refuse_columns
from glane.embedding.fingerprint import make_fingerprint
from glane.engine.registry import toy_of
from glane.engine.weights import model_digests
from glane.run.description import RunDescription
from glane.run.environment import environment
from glane.run.fingerprint import fingerprint_digest
from glane.run.inputs import input_digests
from glane.run.work import Draft
from glane.settings import DataSettings, EmbedSettings

WORK = "embedding"  # the name of this kind of work in `run.yaml`


def draft(settings: EmbedSettings, known: RunDescription | None) -> Draft:
    """Check the input and describe the run; see `glane.run.work.Work.draft`."""
    data, model = settings.data, settings.model
    found = find_files(data.path)
    files = checked_files(found, data)
    fingerprint = make_fingerprint(
        settings, inputs=input_digests(files, known), model_digests=model_digests(model, content_digest)
    )
    description = RunDescription(
        work=WORK,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        model=model.name,
        toy=toy_of(model),
        fingerprint_digest=fingerprint_digest(fingerprint),
        fingerprint=fingerprint,
        files=tuple(file.known(entry["digest"]) for file, entry in zip(files, fingerprint["inputs"], strict=True)),
        tables=shapes_beside(data.path),
        settings=settings.model_dump(mode="json"),
        lease_s=settings.run.lease_s,
        codebook=codebook(data.id_column, data.carry_columns, settings.vectors),
        environment=environment(),
    )
    notes = (*folder_lines(files), *found.lines(), *garbled_lines(files, data.text_column))
    return Draft(description=description, plan=lambda: _plan(settings, files, description), found=found, notes=notes)


def checked_files(found: Found | str, data: DataSettings) -> list[InputFile]:
    """Inspect the input files.

    Raises:
        GlaneError: naming the file or the column that cannot be used.
    """
    refuse_columns(data)
    return inspect_files(
        found,
        id_column=data.id_column,
        text_column=data.text_column,
        carry_columns=data.carry_columns,
        number_rows=data.number_rows,
    )


def selected_rows(files: Sequence[InputFile], data: DataSettings) -> Selected:
    """The rows of `files` that the settings select; raises as `select_rows` does."""
    return select_rows(
        files,
        id_column=data.id_column,
        number_rows=data.number_rows,
        selection=Selection(
            where=data.where,
            text_column=data.text_column,
            sample=data.sample,
            sample_seed=data.sample_seed,
            limit=data.limit,
        ),
    )


def _plan(settings: EmbedSettings, files: Sequence[InputFile], description: RunDescription) -> Plan:
    data, told = settings.data, settings.run.shard_rows
    selected = selected_rows(files, data)
    plan = make_plan(
        files,
        selected,
        shard_rows=shard_size(selected.num_results, told),
        shard_bytes=settings.run.shard_bytes,
        tapers=told == "auto",
        digests=[entry.digest for entry in description.files],
    )
    times = [name for name in data.carry_columns if may_be_out_of_range(files[0].schema.field(name).type)]
    return with_digests(plan, id_column=data.id_column, number_rows=data.number_rows, checked_columns=times)
