"""The summary of a complete extraction: its own counts, added to those of every run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ConfigDict

from glane.drift import DocumentWatch, DriftBrief
from glane.errors import UnusableError
from glane.extraction.attention import Attention, attention
from glane.extraction.derived import DerivedCounts, derived_counts, derived_lines
from glane.extraction.prediction import Predicted
from glane.parquet import open_parquet
from glane.records import left_out
from glane.run.description import EarlierRun
from glane.run.directory import RunDirectory, run_directory
from glane.run.summary import Flow, Summary, Tokens, read_summary
from glane.settings import ExtractRunSettings, ExtractSettings
from glane.task.result import REUSED
from glane.task.signs import OF_PLACES, SIGNS, Sign, field_of
from glane.toys import notice_lines
from glane.types import Status, Toy
from glane.validation import Strict

WORK = "extraction"  # the name of this kind of work in `run.yaml`
_FIGURE = re.compile(r"\d+")


class ReadingCounts(Strict):
    """Counts of chunks, repeated prompts, broken rules and the like."""

    chunks: int
    repairs: int
    rows_with_broken_rules: int
    rows_with_leaks: int
    rows_not_in_quote: int
    rows_with_forced_quotes: int = 0
    rows_suspicious: int
    rows_recalled: int = 0
    rows_recalled_without_passage: int = 0


class NotUsable(Strict):
    """The rows of a status other than OK, and the reason that most of them have, figures aside."""

    status: Status
    rows: int
    reason: str | None
    rows_with_reason: int


class Extended(Strict):
    """The run that this one extends, what is kept of it, and in how many rows."""

    path: str
    id: str
    fields_kept: tuple[str, ...]
    fields_asked: tuple[str, ...]
    rows_kept: int


class ExtractionSummary(Summary):
    """`summary.json` of an extraction."""

    model_config = ConfigDict(extra="forbid")

    reading: ReadingCounts
    predicted: Predicted | None = None  # only if a pilot was named
    sentinels: DriftBrief | None = None  # what they say of drift
    not_usable: tuple[NotUsable, ...] = ()  # by status
    attention: tuple[Attention, ...] = ()  # signs that values are not the documents'
    derived: tuple[DerivedCounts, ...] = ()  # how values were found in reference tables, and brought into one form
    documents: DocumentWatch | None = left_out()  # beside those of an earlier run
    toy: Toy | None = left_out()  # the answers are no results
    extends: Extended | None = left_out()


def extraction_summary(directory: RunDirectory) -> ExtractionSummary:
    """The counts of a complete extraction; raises as `glane.run.summary.read_summary` does."""
    return read_summary(directory, ExtractionSummary)


def summarise(
    summary: Summary, records: Sequence[Path], *, fields: Collection[str], toy: Toy | None = None,
    asks_duplicates: bool = False, extends: EarlierRun | None = None,
) -> ExtractionSummary:  # fmt: skip
    """Count tokens, duplicates, chunks, repairs, broken rules, leaks and reasons in the published `records`.

    Tokens are those of different texts, unless the run asked about each document: how often the answer to a text was
    asked for again, as another engine had it, is chance.
    """
    counts: Counter[str] = Counter()
    reasons: Counter[tuple[str, str | None]] = Counter()
    names = ["prompt_tokens", "output_tokens", "duplicate", "chunks", "repairs", "broken_rules", "leaked_from_example"]
    names += ["not_in_quote", "forced_quote", "recalled", "recalled_without_passage", "suspicious", "status", "reason"]
    names += [] if extends is None else [REUSED.name]
    by: dict[Sign, Counter[str]] = {sign: Counter() for sign in SIGNS}
    for path in records:
        with open_parquet(path) as parquet:
            for batch in parquet.iter_batches(columns=names):
                own = batch if asks_duplicates else batch.filter(pc.invert(batch["duplicate"]))
                counts.update(
                    prompt=_total(own["prompt_tokens"]),
                    output=_total(own["output_tokens"]),
                    asked=_total(pc.greater(own["prompt_tokens"], 0)),
                    duplicates=_total(batch["duplicate"]),
                    chunks=_total(batch["chunks"]),
                    repairs=_total(batch["repairs"]),
                    kept=0 if extends is None else _total(batch[REUSED.name]),
                    **{sign: _total(pc.greater(pc.list_value_length(batch[sign]), 0)) for sign in SIGNS},
                )
                for sign, names_of in by.items():
                    told = pc.list_flatten(batch[sign]).to_pylist()
                    names_of.update(map(field_of, told) if sign in OF_PLACES else told)
                without = batch.filter(pc.not_equal(batch["status"].cast(pa.string()), Status.OK.value))
                reasons.update(zip(without["status"].to_pylist(), without["reason"].to_pylist(), strict=True))
    flow = summary.flow.model_copy(update={"duplicates": counts["duplicates"], "asked": counts["asked"]})
    reading = ReadingCounts(
        chunks=counts["chunks"],
        repairs=counts["repairs"],
        rows_with_broken_rules=counts["broken_rules"],
        rows_with_leaks=counts["leaked_from_example"],
        rows_not_in_quote=counts["not_in_quote"],
        rows_with_forced_quotes=counts["forced_quote"],
        rows_suspicious=counts["suspicious"],
        rows_recalled=counts["recalled"],
        rows_recalled_without_passage=counts["recalled_without_passage"],
    )
    signs = attention({sign: counts[sign] for sign in SIGNS}, by, usable=flow.OK)
    tokens = _told(summary.tokens, prompt=counts["prompt"], output=counts["output"])
    more: dict[str, object] = {
        "flow": flow,
        "tokens": tokens,
        "reading": reading,
        "toy": toy,
        "not_usable": not_usable(reasons),
    }
    more["derived"] = derived_counts(records, fields)
    if extends is not None:
        more["extends"] = Extended(
            path=extends.path, id=extends.id, fields_kept=extends.reused, fields_asked=extends.asked,
            rows_kept=counts["kept"],
        )  # fmt: skip
    return ExtractionSummary(**{**dict(summary), **more, "attention": signs})


def not_usable(reasons: Mapping[tuple[str, str | None], int]) -> tuple[NotUsable, ...]:
    """Rows without values by status, of the numbers of rows by status and reason.

    Reasons that differ in figures only count as one: they tell how long each document is, for example.
    """
    found = []
    for status in Status:
        rows = {reason: count for (of, reason), count in reasons.items() if of == status}
        if not rows:
            continue
        alike: Counter[str] = Counter()
        for reason, count in rows.items():
            alike[_FIGURE.sub("0", reason or "")] += count
        common, number = alike.most_common(1)[0]
        shown = next(reason for reason in rows if _FIGURE.sub("0", reason or "") == common)
        found.append(NotUsable(status=status, rows=sum(rows.values()), reason=shown, rows_with_reason=number))
    return tuple(found)


def shortfall(summary: ExtractionSummary, min_share: float) -> str | None:
    """What to say of a run with no usable row, or a smaller share of them than `min_share`; None of any other."""
    flow = summary.flow
    if flow.selected == 0 or (flow.OK > 0 and min_share * flow.selected <= flow.OK):
        return None
    told = "; ".join(
        f"{one.status} {one.rows}" + (f", {one.rows_with_reason} of them: {one.reason}" if one.reason else "")
        for one in summary.not_usable
    )
    if flow.OK == 0:
        return f"nothing is usable, none of {flow.selected} rows: {told}"
    share = f"{flow.OK} of {flow.selected} rows are usable, less than run.min_usable_share={min_share:g} asks for"
    return f"{share}: {told}"


def check_all_usable(settings: ExtractSettings) -> None:
    """Refuse to call a job a success if `check_usable` refuses one of its runs."""
    for one in settings.each():
        check_usable(run_directory(one.run), one.run)


def check_usable(directory: RunDirectory, settings: ExtractRunSettings) -> None:
    """Refuse to call a run a success of which too little can be used.

    Raises:
        UnusableError: with the statuses, and the reason that most of the rows of each have.
    """
    if not (directory.is_complete and directory.summary.exists()):
        return
    if said := shortfall(extraction_summary(directory), settings.min_usable_share):
        raise UnusableError(f"{settings.dir}: {said}. The records are kept; a new run needs another run.dir.")


def _told(asked: Tokens, *, prompt: int, output: int) -> Tokens:
    """The tokens of the records. How many were cached or forced is not told where engines also gave other answers."""
    return Tokens(
        prompt=prompt,
        cached=asked.cached if asked.prompt == prompt else None,
        output=output,
        forced=asked.forced if asked.output == output else None,
    )


def _total(column: pa.Array) -> int:
    """The sum of the values that are not null; for booleans, the number of true ones."""
    return int(pc.sum(column).as_py() or 0)


def summary_lines(directory: RunDirectory, summary: ExtractionSummary) -> list[str]:
    """The summary as text: where the files are, and the number of rows from input to output."""
    flow, tokens, reading = summary.flow, summary.tokens, summary.reading
    recalled = f", {reading.rows_recalled} with what only a recall pass found" if reading.rows_recalled else ""
    statuses = ", ".join(f"{status} {count}" for status, count in flow.statuses().items())
    return [
        *notice_lines(summary.toy),
        f"records  {_shown(directory.records)}/*.parquet",
        f"summary  {_shown(directory.summary)}",
        f"flow     read {flow.read} > {_selected(flow)} > duplicates {flow.duplicates} > "
        f"asked {flow.asked} > {statuses}",
        f"reading  {reading.chunks} chunks, {reading.repairs} repairs, "
        f"{reading.rows_with_broken_rules} rows that break a rule, {reading.rows_with_leaks} with a leak, "
        f"{reading.rows_not_in_quote} with a value that is not in its quote, "
        f"{reading.rows_with_forced_quotes} with a forced quote, "
        f"{reading.rows_suspicious} that speak to a model{recalled}",
        f"tokens   prompt {tokens.prompt}, output {tokens.output}",
        *_extended_lines(summary.extends),
        f"speed    {summary.rows_per_s} rows/s over {summary.seconds_working} s",
        *derived_lines(summary.derived),
    ]


def _extended_lines(extends: Extended | None) -> list[str]:
    if extends is None:
        return []
    asked = ", ".join(extends.fields_asked) or "nothing"
    kept = f"{extends.rows_kept} rows keep its values of {len(extends.fields_kept)} field(s)"
    return [f"extends  {_shown(Path(extends.path))}: {kept}, and were asked {asked}"]


def _selected(flow: Flow) -> str:
    if flow.documents is None:
        return f"selected {flow.selected}"
    return f"selected {flow.documents} documents in {flow.selected} groups"


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
