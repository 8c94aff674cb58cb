"""A frozen set: some documents of a run, their answers, and how they were answered.

It is written once, as a whole, and only read afterwards.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field as Key

from glane.corpus.group_plan import row_groups
from glane.corpus.ids import as_ids
from glane.corpus.plan import read_plan
from glane.corpus.pseudonymised import known_rules, with_mark
from glane.corpus.read import SpanReader
from glane.corpus.unchanged import content_digest
from glane.drift import AlarmBudget
from glane.errors import ConfigError, GlaneError, RecordError, RunError
from glane.extraction.fingerprint import answering
from glane.parquet import read_parquet_frame, write_parquet, write_parquet_frame
from glane.records import Record, left_out, read_record
from glane.run.audit import note_wrote
from glane.run.written import refuse_inside_run
from glane.storage import replace_file, storage_errors, write_folder_once
from glane.task.fields import Field
from glane.task.task import Task

if TYPE_CHECKING:
    from glane.extraction.results import Run

DOCUMENTS, REFERENCE, GOLD, MANIFEST = "documents.parquet", "reference.parquet", "gold.parquet", "sentinels.json"
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700  # the texts are in it


class Manifest(Record):
    """What `sentinels.json` says of a frozen set. It holds no text of a document."""

    kind: Literal["glane sentinels"] = "glane sentinels"
    version: Literal[1] = 1
    created: str
    task: str
    task_version: str
    model: str
    engine: str
    source: Literal["model", "gold"]  # the reference: the answers of the model then, or also right answers
    documents: int = Key(ge=1)
    id_column: str
    text_column: str
    group_by: str | None = left_out()
    order_by: str | None = left_out()
    input_columns: tuple[str, ...]  # input columns of the prompt, except the text
    tolerance: float = Key(ge=0, lt=1)  # share of documents that may differ without a verdict of drift
    budget: AlarmBudget = AlarmBudget()  # of false alarms
    sample: Mapping[str, Any]  # how the documents were drawn
    run: Mapping[str, str]  # the run that answered: its directory at that time, and the digest of its fingerprint
    fingerprint: Mapping[str, Any]  # the parts that change answers
    fields: Mapping[str, Field]  # the fields of the task, with the rules of comparison
    files: Mapping[str, str]  # the digest of each file beside this one


@dataclass(frozen=True, slots=True, kw_only=True)
class FrozenSet:
    """A folder of sentinels that was read and is complete and unchanged."""

    folder: Path
    manifest: Manifest
    reference: pl.DataFrame  # the result rows when the set was frozen
    gold: pl.DataFrame | None  # right answers

    @property
    def documents(self) -> Path:
        """The path of the documents: ids, texts and further input columns."""
        return self.folder / DOCUMENTS


def freeze(
    run: Run,
    task: Task,
    ids: pl.Series,
    *,
    folder: str | Path,
    sample: Mapping[str, Any],
    tolerance: float,
    budget: AlarmBudget | None = None,
    gold: pl.DataFrame | None = None,
) -> FrozenSet:
    """Write a frozen set of the documents `ids` of a complete run into a new folder, atomically.

    Args:
        run: The run whose answers are the reference.
        task: The run's.
        ids: Documents with values in the run.
        folder: Where the set goes; it must not exist, or be empty.
        sample: How the documents were drawn, for the record.
        tolerance: Share of documents, 0 to 1, that may differ without a verdict of drift.
        budget: How often all planned runs together may alarm without cause; that of `AlarmBudget()` if None.
        gold: Right answers of these documents, one row each.

    Raises:
        DataError: if the input of the run is missing or was changed.
        RunError: if the folder is not empty, or cannot be written.
    """
    root = Path(folder).expanduser().absolute()
    _refuse_used(root)
    described = run.description()
    data, fingerprint = run.settings.data, described.fingerprint
    id_column, text_column, key = data.id_column, data.text_column, data.result_id
    grouped = [name for name in (data.group_by, data.order_by) if name is not None]
    documents = _input_rows(run, list(dict.fromkeys([*grouped, text_column, *task.input_columns])), ids)
    if (rules := known_rules(fingerprint)) is not None:
        documents = documents.replace_schema_metadata(with_mark(documents.schema, rules).metadata)
    asked = pl.Series(documents[key].to_pylist(), dtype=ids.dtype)
    order = pl.DataFrame({key: asked.unique(maintain_order=True)})
    answered = run.usable().filter(pl.col(key).is_in(ids.implode())).collect()
    reference = order.join(answered, on=key, how="left", maintain_order="left")

    def write(folder: Path) -> None:
        with storage_errors(root, setting="out.dir"):
            _write_set(folder, documents, reference, gold)
            manifest = Manifest(
                created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
                task=task.name,
                task_version=task.version,
                model=described.model,
                engine=fingerprint["engine"],
                source="model" if gold is None else "gold",
                documents=len(ids),
                id_column=id_column,
                text_column=text_column,
                group_by=data.group_by,
                order_by=data.order_by,
                input_columns=tuple(task.input_columns),
                tolerance=tolerance,
                budget=budget or AlarmBudget(),
                sample=sample,
                run={"dir": str(run.directory.root), "fingerprint_digest": described.fingerprint_digest},
                fingerprint=answering(fingerprint),
                fields=task.fields,
                files={path.name: content_digest(str(path)) for path in sorted(folder.iterdir())},
            )
            content = manifest.as_json()
            replace_file(folder / MANIFEST, lambda s: s.write(content), mode=_FILE_MODE)
        _refuse_used(root)

    note_wrote(root, MANIFEST, [run.directory.identity()])
    if not write_folder_once(root, write, mode=_FOLDER_MODE, setting="out.dir"):
        _refuse_used(root)  # another set was written meanwhile
    return read_frozen(root, place="out.dir")


def _write_set(folder: Path, documents: pa.Table, reference: pl.DataFrame, gold: pl.DataFrame | None) -> None:
    replace_file(folder / DOCUMENTS, lambda s: write_parquet(documents, s), mode=_FILE_MODE)
    replace_file(folder / REFERENCE, lambda s: write_parquet_frame(reference, s), mode=_FILE_MODE)
    if gold is not None:
        replace_file(folder / GOLD, lambda s: write_parquet_frame(gold, s), mode=_FILE_MODE)


def read_frozen(folder: str | Path, *, place: str = "task.sentinels") -> FrozenSet:
    """Read a frozen set; `place` is the setting that named it.

    Raises:
        ConfigError: if there is none, or it was changed since it was frozen.
    """
    root = Path(folder).expanduser().absolute()
    remedy = (
        "Give the folder that glane sentinels wrote, freeze a new one (glane sentinels run.dir=… "
        f"out.dir=…), or set {place}=null."
    )
    try:
        manifest = read_record(Manifest, root / MANIFEST)
    except FileNotFoundError:
        raise ConfigError(f"{place}: {folder} holds no sentinels (no {MANIFEST}). {remedy}") from None
    except RecordError as error:
        raise ConfigError(f"{place}: {error} Restore the folder from a copy. {remedy}") from None
    for name, digest in manifest.files.items():
        try:
            is_whole = content_digest(str(root / name)) == digest
        except GlaneError:
            is_whole = False
        if not is_whole:
            raise ConfigError(
                f"{place}: {root / name} is missing, damaged or was changed since it was frozen. Restore the folder "
                f"from a copy. {remedy}"
            )
    return FrozenSet(
        folder=root,
        manifest=manifest,
        reference=read_parquet_frame(root / REFERENCE),
        gold=read_parquet_frame(root / GOLD) if GOLD in manifest.files else None,
    )


def _refuse_used(root: Path) -> None:
    refuse_inside_run(root, setting="out.dir")
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        held = "a frozen set, which is never overwritten" if (root / MANIFEST).exists() else "other things"
        raise RunError(
            f"out.dir: {root} holds {held}. Choose a new folder; remove this one by hand if nobody needs it."
        )


def _input_rows(run: Run, columns: list[str], ids: pl.Series) -> pa.Table:
    """The ids and `columns` of some documents, or of all documents of some groups, in input order.

    They are found by the run's plan, as ids are unique among the selected rows only.

    Raises:
        DataError: if a file is missing or was changed.
    """
    plan, data = read_plan(run.directory.plan), run.settings.data
    reader = SpanReader(plan.files, id_column=None if data.number_rows else data.id_column, columns=columns)
    wanted, parts = pa.array(ids.to_list()), []
    spans = plan.spans() if data.group_by is None else (span for span, _ in row_groups(plan))
    for span in spans:
        for held, batch in reader.read(span):
            named = held if data.group_by is None else as_ids(batch.column(data.group_by), place="data.group_by")
            is_wanted = pc.is_in(named.cast(wanted.type), value_set=wanted)
            rows = {data.id_column: held, **{name: batch.column(name) for name in columns if name != data.id_column}}
            parts.append(pa.table(rows).filter(is_wanted))
    table = pa.concat_tables(parts)
    assert table.num_rows == len(ids) or data.group_by is not None, "the plan and the records of this run disagree"
    return table
