"""`glane.checklists`: reporting checklists and papers, filled with what a run and what was made of it have recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar, get_args

import polars as pl

from glane.api.sources import RunLike, run_of
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.compare.record import ComparisonSummary
from glane.assess.estimate.record import EstimatesSummary
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.files import as_parquet, write_folder
from glane.assess.review.record import AgreementSummary
from glane.cluster import schedulers
from glane.corpus.pseudonymised import pseudonymised_beside
from glane.errors import RunError
from glane.extraction.results import Run
from glane.extraction.summary import extraction_summary
from glane.job.runs.collect import made_of
from glane.job.runs.records import Assessment, Kind
from glane.languages import Spoken, language_of
from glane.parquet import is_encrypted
from glane.records import Record, read_record
from glane.reporting.filled import Filled, filled
from glane.reporting.items import checklist
from glane.reporting.known import Known
from glane.reporting.markdown import as_markdown
from glane.reporting.page import checklists_page, told_for
from glane.run.erased import read_erased
from glane.run.links import RunLink, links_to
from glane.run.refused import refused_lines
from glane.run.starts import starts
from glane.settings.checklists import ChecklistName
from glane.storage import listed
from glane.toys import notice_lines
from glane.types import Language, Toy

R = TypeVar("R", bound=Record)
ALL: tuple[ChecklistName, ...] = get_args(ChecklistName)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checklists(Spoken):
    """Filled checklists by name. `str()` of it says how many items are told."""

    lists: Mapping[ChecklistName, Sequence[Filled]]
    made: tuple[Path, ...]  # folders of evaluations, estimates and the like that were read
    looked: tuple[str | Path, ...] = ()  # the folders below which they were looked for
    toy: Toy | None = None
    links: tuple[RunLink, ...] = ()

    def _in_english(self) -> str:
        lines = notice_lines(self.toy)
        for name, items in self.lists.items():
            states = [one.state for one in items]
            lines.append(
                f"{checklist(name).name[language_of()]}: of {len(items)} items {states.count('told')} are recorded, "
                f"{states.count('to_make')} after a further command, {states.count('authors')} are for people to "
                "complete"
            )
        read = ", ".join(str(one) for one in self.made) or (
            f"nothing: no evaluation, estimate or review of this run lies below {', '.join(map(str, self.looked))}. "
            "Name the folder that they are in: made=…"
        )
        return "\n".join([*lines, f"read beside the run: {read}"])

    def table(self, language: Language = "fr") -> pl.DataFrame:
        """One row per item: checklist, item, section, asks, state (told, to_make or authors), told, source."""
        rows = [
            {
                "checklist": checklist(name).name[language], "item": one.item.item, "section": one.item.section,
                "asks": one.item.asks(language), "state": one.state, "told": told_for(one, language),
                "source": ", ".join(one.sources),
            }
            for name, items in self.lists.items() for one in items
        ]  # fmt: skip
        return pl.DataFrame(rows)

    def write(self, folder: str, *, language: Language = "fr") -> list[str]:
        """Write the page, the table and a file to complete for each list, in `language`; return their names.

        Raises:
            RunError: if the file system refuses.
        """
        files = {
            "checklists.parquet": as_parquet(self.table(language)),
            "checklists.html": checklists_page(self.lists, toy=self.toy, language=language).encode(),
        }
        for name, items in self.lists.items():
            files[f"{name}.md"] = as_markdown(name, items, toy=self.toy, language=language).encode()
        write_folder(folder, files, of=self.links)
        return list(files)


def checklists(
    run: RunLike,
    made: str | Path | Sequence[str | Path] = (),
    *,
    which: ChecklistName | Sequence[ChecklistName] = ALL,
    out_dir: str | None = None,
) -> Checklists:
    """Fill the items of reporting checklists and papers that a run can tell.

    Args:
        run: A complete run, or its directory.
        made: Folders below which evaluations, estimates, reviews and the like of this run are looked for, by its id;
            not given, the folder that the run lies in. Of each kind the latest is read, and of estimates all.
        which: Of stard, record, tripod_llm, aipd, register, flows, model_card and data_sheet.
        out_dir: Where `checklists.html`, `checklists.parquet` and the files to complete go; None: nowhere.

    Raises:
        RunError: if the run is not complete, or a folder is not there.
    """
    found = run_of(run)
    if not found.is_complete:
        raise RunError(f"{found.directory.root}: not complete. A report is of a complete run: run it to its end first.")
    given = [made] if isinstance(made, str | Path) else list(made)
    folders = given or [found.directory.root.parent]
    assessments = made_of(found.directory, folders)
    known = _known(found, assessments)
    names: tuple[ChecklistName, ...] = (which,) if isinstance(which, str) else tuple(which)
    result = Checklists(
        lists={name: filled(name, known) for name in names},
        made=tuple(dict.fromkeys(one.folder for one in assessments)),
        looked=tuple(folders),
        toy=found.toy,
        links=links_to([found.directory]),
    )
    if out_dir is not None:
        result.write(out_dir, language=language_of())
    return result


def _known(run: Run, assessments: Sequence[Assessment]) -> Known:
    return Known(
        description=run.description(),
        settings=run.settings,
        task=run.task,
        summary=extraction_summary(run.directory),
        folder=str(run.directory.root),
        is_encrypted=all(map(is_encrypted, files)) if (files := listed(run.directory.records, "*.parquet")) else None,
        starts=[one.environment for one in starts(run.directory)] or [run.description().environment],
        erasures=read_erased(run.directory).erasures,
        keep=schedulers.keep(),
        num_refused=len(refused_lines(run.directory)),
        pseudonyms=pseudonymised_beside(run.settings.data.path),
        evaluation=_latest(assessments, "evaluation", EvaluationSummary),
        estimates=_all(assessments, "estimates", EstimatesSummary),
        agreement=_latest(assessments, "review", AgreementSummary),
        calibration=_latest(assessments, "calibration", CalibrationSummary),
        comparison=_latest(assessments, "comparison", ComparisonSummary),
    )


def _latest(assessments: Sequence[Assessment], kind: Kind, model: type[R]) -> R | None:
    return next(iter(_all(assessments, kind, model)), None)


def _all(assessments: Sequence[Assessment], kind: Kind, model: type[R]) -> list[R]:
    """What assessments of a kind recorded, the latest first."""
    files = [file for one in assessments if one.kind == kind for file in one.data if file.suffix == ".json"]
    return [read_record(model, file) for file in files]
