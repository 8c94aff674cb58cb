"""The job of a pilot: draws and runs a sample, or reads an earlier run, and makes the report."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from glane.corpus.unchanged import content_digest
from glane.engine.weights import model_digests
from glane.extraction.environment import engine_version
from glane.extraction.fingerprint import make_fingerprint
from glane.extraction.forecast import PilotReport, check_same
from glane.extraction.lookups import lookup_marks
from glane.extraction.prepare import checked_files
from glane.extraction.results import open_run
from glane.extraction.selection import selected_rows, unaltered_ids
from glane.extraction.shifted import pseudonym_values
from glane.job.resolve import resolve
from glane.job.tables import passing_tables
from glane.pilot.frame import read_frame
from glane.pilot.on_cluster import kept_folder, mark_of
from glane.pilot.report import make_report
from glane.pilot.trial import draw_sample, earlier, engines_here, private_folder, try_rows
from glane.run.unaltered import refuse_altered_around
from glane.settings import PlanSettings, ResolvedSettings
from glane.task.task import Task


def run_pilot(settings: PlanSettings, *, say: Callable[[str], None]) -> PilotReport:
    """Run a sample of the selected documents, or read `pilot.from_run`; return the report.

    The sample and its run are in a private folder below `out.dir`, which is removed at the end. With a batch scheduler,
    a job works there. If this command ends before it does, the folder stays, and the same command goes on.

    Raises:
        GlaneError: for errors that a user can cause.
    """
    asked = settings.extraction()
    extraction, task = resolve(asked.model_copy(update={"task": {**asked.task, "sentinels": None}}))
    with passing_tables(extraction) as readable:
        return _tried(settings, extraction, readable, task, say)


def _tried(
    settings: PlanSettings,
    told: ResolvedSettings,
    extraction: ResolvedSettings,
    task: Task,
    say: Callable[[str], None],
) -> PilotReport:
    """The report on what was `told`, whose input can be read as that of `extraction`."""
    data, pilot = extraction.data, settings.pilot
    files = checked_files(data.path, data, task)
    refuse_altered_around(file.path for file in files)
    listed = unaltered_ids(data)
    selected = selected_rows(files, data, listed)
    frame = read_frame(files, selected, text_column=data.text_column, inputs=task.input_columns)
    groups = "" if selected.groups is None else f"{frame.num_rows} groups of "
    say(
        f"selected {groups}{selected.num_selected} of {selected.num_read} rows; {int(frame.is_blank.sum())} blank, "
        f"{int((frame.lag > 0).sum())} repeated"
    )
    if pilot.from_run is not None:
        trial = earlier(pilot.from_run)
        here = make_fingerprint(
            data=data, only_ids=None if listed is None else listed.digest, task=task, model=extraction.model, inputs=[],
            model_digests=model_digests(extraction.model, content_digest),
            engine_version=engine_version(extraction.model), lookups=lookup_marks(task),
            pseudonyms=pseudonym_values(data, files),
        )  # fmt: skip
        check_same(open_run(pilot.from_run).description().fingerprint, here, place=f"pilot.from_run: {pilot.from_run}")
        return make_report(settings, extraction, frame, trial)
    places = draw_sample(frame, extraction, rows=pilot.rows, seed=pilot.seed)
    if pilot.rows != "auto" and len(places) < pilot.rows:
        say(f"pilot.rows is {pilot.rows}, and {len(places)} rows have text: all of them are tried")
    num_engines = engines_here(extraction)
    say(f"trying {len(places)} of them with {extraction.model.name}, {num_engines} engine(s) …")
    out = Path(settings.out.dir)
    is_local = settings.cluster.kind == "local"
    place = private_folder(out) if is_local else kept_folder(out, mark_of(told, places, frame.chars[places]))
    with place as folder:
        trial = try_rows(extraction, task, files, selected, frame, places, folder, wait_s=pilot.wait_s)
        return make_report(settings, extraction, frame, trial)
