"""`glane.cascade`: a large model answers what a small one is not sure enough of, and both runs become one result."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import polars as pl
import pyarrow as pa

from glane.api.sources import Names, RunLike, names_in, run_of
from glane.assess.calibrate.doubted import with_doubts
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.cascade import files
from glane.assess.cascade.joined import MODEL, PART, joined
from glane.assess.cascade.record import CascadePlan, CascadeSummary, Cost, Part, RunOf
from glane.assess.cascade.route import Routed, routed
from glane.assess.cascade.told import plan_lines, summary_lines
from glane.assess.files import as_parquet, read_table, write_folder
from glane.errors import ConfigError, DataError, did_you_mean
from glane.extraction.codebook import type_word
from glane.extraction.results import Run
from glane.extraction.specification import asked_otherwise
from glane.languages import Spoken
from glane.run.fingerprint import text_digest
from glane.run.inputs import are_same_inputs
from glane.run.links import links_to
from glane.run.summary import Summary, read_summary
from glane.run.written import digest_of
from glane.types import Language, Status

_WORDS: dict[Language, dict[str, str]] = {
    "fr": {PART: "modèle qui a répondu : small (le petit) ou large (le grand)", MODEL: "nom du modèle qui a répondu"},
    "en": {PART: "the model that answered: small or large", MODEL: "the name of the model that answered"},
}
_ALONE = ("duplicate", "reused")  # columns that are about a run as a whole
_OF_ITS_RUN: dict[Language, str] = {
    "fr": "Ici, au sein de l'extraction par le modèle qui a répondu, et non des lignes jointes.",
    "en": "Here: within the run of the model that answered, not among the joined rows.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cascade(Spoken):
    """Which documents are for the large model, and the joined result once there is one. `str()` of it says so."""

    plan: CascadePlan
    summary: CascadeSummary | None = None
    rows: pl.DataFrame | None = None  # all rows of the small run, each with the model that answered
    folder: Path

    def _in_english(self) -> str:
        if self.summary is not None:
            return "\n".join([*summary_lines(self.summary), f"joined result: {self.folder / files.FOLDER}"])
        if not self.plan.asked:
            return "\n".join([*plan_lines(self.plan), "nothing is left for a large model: the small run is the result"])
        return "\n".join(
            [
                *plan_lines(self.plan),
                f"next: glane extract with the same task and data, the large model, data.only_ids_in="
                f"{self.folder / files.IDS} and a run.dir of its own; then this command with large.dir=…",
            ]
        )


def cascade(
    small: RunLike,
    calibration: str,
    out_dir: str,
    *,
    fields: Names = (),
    large: RunLike | None = None,
    large_calibration: str | None = None,
) -> Cascade:
    """Part the documents of a small model's run, or join the run of a large model over those that did not stay.

    Parting writes the plan. Joining needs it there, and leaves it as it is.

    Args:
        small: The run of the small model over all documents, or its directory.
        calibration: The folder that `glane.calibrate` wrote of this run.
        out_dir: Where the ids for the large model go, and later the joined result. It holds values: it is confidential.
        fields: Those that decide: a document stays if all of their values are accepted. All if empty.
        large: The run of the large model over exactly the other documents.
        large_calibration: The folder that `glane.calibrate` wrote of that run, if any.

    Raises:
        GlaneError: if a run is not complete, a calibration is of another run or was changed, the two runs are not of
            one task, one input and the documents of the plan, or the documents were parted otherwise before.
    """
    opened = run_of(small)
    known, digest = files.read_calibration(calibration, opened.directory, setting="calibration")
    chosen = _chosen(opened, known, names_in(fields))
    found = _routed(opened, calibration, known, chosen)
    plan = _plan(opened, known, digest, chosen, found)
    root = Path(out_dir).expanduser()
    if large is None:
        files.check_plan(root, plan, is_needed=False)
        ids = as_parquet(found.asked.to_frame(), there=root / files.IDS)
        write_folder(root, {files.PLAN: plan.as_json(), files.IDS: ids}, of=links_to([opened.directory]))
        return Cascade(plan=plan, folder=root)
    other = run_of(large)
    _check_pair(opened, other)
    files.check_plan(root, plan, is_needed=True)
    models: dict[Part, str] = {"small": opened.description().model, "large": other.description().model}
    rows = joined(
        opened.all().collect(), other.all().collect(), id_column=opened.id_column, stay=found.stay, models=models
    )
    guarantee = None
    if large_calibration is not None:
        guarantee = files.read_calibration(large_calibration, other.directory, setting="large_calibration")[0].guarantee
    content = as_parquet(rows, there=root / files.FOLDER / files.ROWS)
    summary = CascadeSummary(
        plan=plan,
        large=_run_of(other),
        costs={"small": _cost(opened), "large": _cost(other)},
        statuses={part: _statuses(rows, part) for part in get_args(Part)},
        large_guarantee=guarantee,
        joined=digest_of(content),
        toy=opened.toy or other.toy,
    )
    more = {files.ROWS: content, files.CODEBOOK: _codebook(opened, other).write_csv().encode()}
    summary = files.write_joined(root, more, summary, of=links_to([opened.directory, other.directory]))
    return Cascade(plan=plan, summary=summary, rows=rows, folder=root)


def _chosen(run: Run, calibration: CalibrationSummary, fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields that decide.

    Raises:
        ConfigError: for a field that the run does not have, or the calibration has not judged.
    """
    for name in fields:
        if name not in run.task.fields:
            raise ConfigError(f"fields: the run has no field {name!r}. {did_you_mean(name, run.task.fields)}")
    chosen = tuple(name for name in run.task.fields if not fields or name in fields)
    if unknown := [name for name in chosen if name not in calibration.fields]:
        judged = ", ".join(name for name in run.task.fields if name in calibration.fields) or "none"
        raise ConfigError(
            f"fields: the calibration has judged nothing of {', '.join(unknown)}, so no value of theirs is sure "
            f"enough. Name the fields that decide: fields=[…] of {judged}; or calibrate with values of all."
        )
    return chosen


def _routed(run: Run, folder: str, calibration: CalibrationSummary, fields: tuple[str, ...]) -> Routed:
    accepted, left = (read_table(str(path), place="calibration") for path in files.calibrated_tables(folder))
    name = run.id_column
    documents = run.all().select(name, (pl.col("status") == Status.OK).alias("usable")).collect()
    values = with_doubts(run.evidence().collect(), run.doubts().collect(), id_column=name)
    return routed(
        documents, values, calibration, accepted=accepted, to_review=left, fields=fields, id_column=name
    )  # fmt: skip


def _plan(
    run: Run, calibration: CalibrationSummary, digest: str, fields: tuple[str, ...], found: Routed
) -> CascadePlan:  # fmt: skip
    """What is parted how, as it is kept."""
    return CascadePlan(
        small=_run_of(run),
        calibration=digest,
        fields=fields,
        others=tuple(name for name in run.task.fields if name not in fields),
        alpha=calibration.alpha,
        delta=calibration.delta,
        missed=calibration.missed,
        documents=len(found.stay) + len(found.asked),
        stay=len(found.stay),
        asked=len(found.asked),
        ids=text_digest(found.asked.to_frame().write_csv()),
        groups=found.groups,
    )


def _check_pair(small: Run, large: Run) -> None:
    """Check that two runs asked the same of the same input.

    Raises:
        DataError: if they did not.
    """
    one, other = small.description(), large.description()
    if small.directory.identity() == large.directory.identity():
        raise DataError("large.dir: is the run of the small model. Give the run of the large one.")
    if places := asked_otherwise(small, large):
        raise DataError(
            f"large.dir: was not asked the same as the small run ({', '.join(places[:3])} differ). Ask both with the "
            "same task, and the same data.text_column, group_by and order_by."
        )
    if not are_same_inputs(one, other):
        raise DataError(
            "large.dir: the input is not that of the small run. Ask both with the same data.path, unchanged."
        )


def _run_of(run: Run) -> RunOf:
    told = run.description()
    return RunOf(
        id=run.directory.identity(),
        path=str(run.directory.root),
        fingerprint=told.fingerprint_digest,
        task=told.task,
        model=told.model,
    )


def _cost(run: Run) -> Cost:
    told = read_summary(run.directory, Summary)
    return Cost(
        documents=told.flow.selected,
        prompt_tokens=told.tokens.prompt,
        output_tokens=told.tokens.output,
        engine_s=3600 * told.engine_hours,
        gpu_s=3600 * told.gpu_hours,
    )


def _statuses(rows: pl.DataFrame, part: Part) -> dict[str, int]:
    counts = rows.filter(pl.col(PART) == part)["status"].cast(pl.String).value_counts(sort=True)
    return dict(counts.iter_rows())


def _codebook(small: Run, large: Run) -> pl.DataFrame:
    """With the columns that name the model. It is that of the large run if this one alone extends another."""
    is_large = small.description().extends is None and large.description().extends is not None
    table, words = (large if is_large else small).codebook(), _WORDS[small.task.language]
    first = table.columns[0]
    beside = pl.col("description") + pl.lit(f" {_OF_ITS_RUN[small.task.language]}")
    is_of_run = pl.col(first).is_in(_ALONE) & (pl.col("role") == "result")
    table = table.with_columns(pl.when(is_of_run).then(beside).otherwise("description").alias("description"))
    kind = type_word(pa.string(), small.task.language)
    own = pl.DataFrame(
        [{first: name, "role": "result", "type": kind, "description": text} for name, text in words.items()]
    )
    return pl.concat([table, own], how="diagonal")
