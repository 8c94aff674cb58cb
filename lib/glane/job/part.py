"""One task of an extraction job, with its run and its sentinels: announced, worked on, published and summarised."""

from __future__ import annotations

from dataclasses import dataclass

from glane.drift import DocumentWatch, DriftBrief
from glane.errors import GlaneError
from glane.extraction.attention import attention_lines
from glane.extraction.forecast import PilotReport
from glane.extraction.prediction import compare, comparison_lines
from glane.extraction.rejections import rejection_lines
from glane.extraction.summary import ExtractionSummary, extraction_summary, shortfall, summary_lines
from glane.extraction.work import ExtractionWork
from glane.job.durable import announce
from glane.job.sentinels import Sentinels
from glane.job.watch import check_reference, watch_run
from glane.run.change import alone_on, refuse_changing
from glane.run.digests import beside_a_run, renew_digests
from glane.run.merge import RunAll
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.run.publish import finish_run, is_committed
from glane.run.summary import amended
from glane.settings import ResolvedSettings
from glane.task.task import Task

_LOCK_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What a job does for one task. A job with several tasks has several parts."""

    settings: ResolvedSettings
    task: Task
    run: PreparedRun
    sentinels: Sentinels | None
    place: str  # the run's directory, as the user wrote it

    @property
    def is_done(self) -> bool:
        """Whether all documents are answered, the sentinels included."""
        is_here = self.run.directory.is_complete or is_committed(self.run.directory, self.run.plan)
        return is_here and (self.sentinels is None or self.sentinels.is_done)

    def announce(self, progress: ProgressReporter) -> None:
        """Report whether the run is new, resumed or complete, and its sentinels."""
        if self.run.directory.is_complete:
            rest = "nothing to do" if self.is_done else "its sentinels are not"
            progress.say(f"{self.place}: complete already, {rest}")
            for note in self.run.notes:
                progress.say(note)
        else:
            announce(self.run, self.place, progress)
        if self.sentinels is not None and not self.sentinels.is_done:
            number, folder = self.sentinels.num_documents, self.task.sentinels
            progress.say(f"sentinels {number} documents of {folder} are asked first")
            if self.sentinels.are_originals:
                progress.warn(
                    f"sentinels {folder}: they were frozen of a run on documents that were not pseudonymised, and "
                    "their texts and answers are in this run as they are. If they are of persons, freeze others of a "
                    "run on pseudonyms, or set task.sentinels=null"
                )

    def work(self, *, tensor_parallel_size: int) -> ExtractionWork:
        """What workers need of it."""
        model = self.settings.model.model_copy(update={"tensor_parallel_size": tensor_parallel_size})
        return ExtractionWork(
            settings=self.settings.model_copy(update={"model": model}),
            task=self.task,
            sentinels=None if self.sentinels is None else self.sentinels.spec,
        )

    def finish(self, pilot: PilotReport | None, progress: ProgressReporter, run_all: RunAll = map) -> None:
        """Publish the result, and report the summary."""
        run, settings = self.run, self.settings
        drift = None if self.sentinels is None else self.sentinels.finish()
        finish_run(
            run, record_mib=settings.run.record_mib, run_all=run_all, amend=lambda: self._amend(pilot, drift, progress)
        )
        whole = extraction_summary(run.directory)
        if said := shortfall(whole, settings.run.min_usable_share):
            progress.warn(said)
        for line in attention_lines(whole.attention, above=settings.run.attention_share):
            progress.warn(line)
        for line in summary_lines(run.directory, whole):
            progress.say(line)
        for line in comparison_lines(whole.predicted) if pilot is not None and whole.predicted is not None else ():
            progress.say(line)
        if self.sentinels is not None:
            self.sentinels.tell(progress)
        for line in _of_documents(whole):
            progress.warn(line)

    def tell_rejections(self, progress: ProgressReporter) -> None:
        """Report the documents of a complete run that engines died with."""
        id_column = self.settings.data.result_id
        for line in rejection_lines(self.run.directory, id_column=id_column, run_dir=self.place):
            progress.say(line)

    def _amend(self, pilot: PilotReport | None, drift: DriftBrief | None, progress: ProgressReporter) -> None:
        """Put into the summary what others say of the run; where digests were taken before, they follow."""
        directory = self.run.directory
        watched = self._watched(progress)

        def whole_of(summary: ExtractionSummary) -> ExtractionSummary:
            return amended(
                summary,
                sentinels=drift or summary.sentinels,
                predicted=(None if pilot is None else compare(pilot, summary)) or summary.predicted,
                documents=watched or summary.documents,
            )

        summary = extraction_summary(directory)
        if drift is None and whole_of(summary) == summary:
            return  # nothing is written: it may lie on a read-only disk by now
        with alone_on(directory, within_s=_LOCK_S):  # else what was erased meanwhile would be told of again
            refuse_changing(directory)
            summary = extraction_summary(directory)
            whole = whole_of(summary)
            renewed = {path: path.read_bytes() for path in (() if drift is None else beside_a_run(directory))}
            told = {**renewed, directory.summary: whole.as_json()} if whole != summary else renewed
            renew_digests(directory, told)
            if whole != summary:
                directory.write_record(directory.summary, whole)

    def _watched(self, progress: ProgressReporter) -> DocumentWatch | None:
        """The documents beside an earlier run's; a comparison that fails costs a warning, and not the run."""
        try:
            reference = check_reference(self.settings)
            return None if reference is None else watch_run(self.run.directory, self.settings, reference)
        except GlaneError as error:
            progress.warn(f"documents are not compared with run.reference: {error}")
            return None


def _of_documents(summary: ExtractionSummary) -> list[str]:
    if summary.documents is None:
        return []
    from glane.assess.compare.watch_lines import watch_lines

    found = summary.sentinels
    return watch_lines(summary.documents, drifted=None if found is None else bool(found.drift or found.signs))
