"""`glane.prisma`: the flow of records through a review, counted from what was done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.api.prisma_tables import answers_of, screening_of, sources_of
from glane.api.sources import Names, RunLike, TableLike, names_in, run_of
from glane.api.study_links import entities_of
from glane.assess.files import write_folder
from glane.errors import RunError
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.run.links import links_to
from glane.synthesis.prisma.count import (
    ID,
    Words,
    assessed,
    identified,
    screened_by_model,
    screened_by_people,
)
from glane.synthesis.prisma.page import flow_markdown, flow_page
from glane.synthesis.prisma.record import Assessed, Check, Identified, PrismaFlow, Screened
from glane.toys import notice_lines
from glane.types import Language


@dataclass(frozen=True, slots=True, kw_only=True)
class Prisma(Spoken):
    """The flow. `str()` of it tells the counts, and what does not add up."""

    flow: PrismaFlow

    def _in_english(self) -> str:
        told, screened, full = self.flow, self.flow.screened, self.flow.assessed
        came = "not known" if told.identified is None else str(told.identified.total)
        lines = [*notice_lines(told.toy), f"identified {came}, screened {screened.records}, passed {screened.sought}"]
        if screened.by == "model":
            lines.append("screened by the model alone: nothing certifies its recall. glane screen does")
        elif screened.waiting:
            lines.append(f"the screening goes on: {screened.waiting} are not screened yet")
        if full is None:
            lines.append("full texts: not known. Name their run: full_text=…")
        else:
            lines.append(
                f"assessed {full.assessed}, excluded {full.excluded}, without a decision {full.waiting}, "
                f"included {full.included}"
            )
        lines += [f"NOT EQUAL: {one.name}: {one.told} and {one.found}" for one in told.broken]
        return "\n".join([*lines, f"sums that were checked: {len(told.checks)}, not equal: {len(told.broken)}"])

    def write(self, folder: str, *, language: Language = "fr") -> list[str]:
        """Write `prisma.json`, `report.html` and `prisma.md`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "prisma.json": self.flow.as_json(),
            "report.html": flow_page(self.flow, language=language).encode(),
            "prisma.md": flow_markdown(self.flow, language).encode(),
        }
        write_folder(folder, files, of=self.flow.runs)
        return list(files)


def prisma(
    run: RunLike,
    *,
    sources: Names | Sequence[TableLike] = (),
    source_column: str = "source",
    screening: str | Path | None = None,
    full_text: RunLike | None = None,
    decision: str = "decision",
    words: Words | None = None,
    reason: str = "exclusion_reason",
    reviewed: TableLike | None = None,
    links: str | Path | None = None,
    out_dir: str | None = None,
) -> Prisma:
    """Count the flow of a review.

    Args:
        run: A complete run over titles and abstracts.
        sources: Data sets of `glane ingest`, or tables with its ids, that its records are from.
        source_column: Of these: where a record was found.
        screening: The folder of `glane screen` on `run`; None: what the model alone excluded.
        full_text: A complete run over full texts; its ids are those of the records.
        decision: The field of the decision, in both runs.
        words: Its values; include and exclude if None.
        reason: The field of the reason, in the run over full texts.
        reviewed: Right answers of people on full texts: they replace the model's.
        links: The folder of `glane link` on `full_text`: which reports are of one study.
        out_dir: Where the files go; None: nowhere.

    Raises:
        GlaneError: if a run is not complete or lacks a field, or a file is not of its run.
    """
    records, words = _complete(run), words or Words()
    rows = answers_of(records, decision if screening is None else None)
    came, checks = _came(sources, source_column, records, rows)
    if screening is None:
        screened, passed, more = screened_by_model(rows, words)
    else:
        screened, passed, more = screened_by_people(rows, *screening_of(screening, records))
    checks += more
    full, assessment = None if full_text is None else _complete(full_text), None
    if full is not None:
        told = answers_of(full, decision, reason=reason, reviewed=reviewed)
        assessment, more = assessed(told, passed, words, None if links is None else entities_of(links, full))
        checks += more
    result = Prisma(flow=_flow(records, full, screening, came, screened, assessment, checks))
    if out_dir is not None:
        result.write(out_dir)
    return result


def _complete(run: RunLike) -> Run:
    found = run_of(run)
    if not found.is_complete:
        raise RunError(f"{found.directory.root}: not complete. The flow of a review is of complete runs.")
    return found


def _came(
    sources: Names | Sequence[TableLike], column: str, run: Run, rows: pl.DataFrame
) -> tuple[Identified | None, list[Check]]:
    named = names_in(sources) if isinstance(sources, str) else tuple(sources)
    if not named:
        return None, []
    table, told = sources_of(named, column, id_column=run.settings.data.id_column)
    return identified(table, rows[ID], told=told)


def _flow(
    run: Run,
    full: Run | None,
    screening: str | Path | None,
    came: Identified | None,
    screened: Screened,
    assessment: Assessed | None,
    checks: Sequence[Check],
) -> PrismaFlow:
    runs = [run] if full is None else [run, full]
    return PrismaFlow(
        run=str(run.directory.root), full_text=None if full is None else str(full.directory.root),
        runs=links_to(one.directory for one in runs), screening=None if screening is None else str(screening),
        toy=next((one.toy for one in runs if one.toy is not None), None), identified=came, screened=screened,
        assessed=assessment, checks=tuple(checks),
    )  # fmt: skip
