"""The sentinels of a job: checked and prepared before it starts, and compared as soon as they are answered."""

from __future__ import annotations

import time

from glane.corpus.pseudonymised import known_rules
from glane.drift import Drift, DriftBrief, Frozen
from glane.errors import ConfigError
from glane.extraction.fingerprint import changes
from glane.extraction.frozen import DOCUMENTS, FrozenSet, read_frozen
from glane.extraction.places import drift_file, sentinels_directory
from glane.extraction.results import open_run
from glane.extraction.sentinels import SentinelSpec, sentinel_settings
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.run.erased import read_erased
from glane.run.prepare import PreparedRun
from glane.run.progress import ProgressReporter
from glane.run.publish import finish_run, is_committed
from glane.settings import ResolvedSettings
from glane.task.task import Task, load_task

_LOOK_EVERY_S = 2.0


def check_sentinels(task: Task) -> FrozenSet | None:
    """Read the frozen set that a task names, and check that it fits the task. Return None if the task names none.

    Raises:
        ConfigError: naming the folder, what is wrong with it and the remedy.
    """
    if task.sentinels is None:
        return None
    from glane.assess.compare.drift import check_comparable  # scientific libraries take a second to import

    frozen = read_frozen(task.sentinels)
    check_comparable(frozen.manifest.fields, task.fields, folder=task.sentinels)
    if lacking := sorted(set(task.input_columns) - set(frozen.manifest.input_columns)):
        raise ConfigError(
            f"task.sentinels: the documents of {task.sentinels} have no column {lacking[0]!r}, which task.inputs names "
            f"now. They have: {', '.join(frozen.manifest.input_columns) or 'the text alone'}. Freeze sentinels of a "
            "run with these inputs, or set task.sentinels=null."
        )
    return frozen


class Sentinels:
    """The sentinels of one job, in a run nested in the job's run."""

    def __init__(self, settings: ResolvedSettings, task: Task, run: PreparedRun, frozen: FrozenSet) -> None:
        """Prepare the sentinels' run inside `run`, or resume it.

        Raises:
            GlaneError: as `prepare_run` does, and if the run was begun with other sentinels.
        """
        _refuse_others(settings, run.directory, frozen)
        self._frozen, self._task, self._run = frozen, task, run
        self._settings = sentinel_settings(settings, frozen)
        self._inner = prepare_extraction(ExtractionWork(settings=self._settings, task=task))
        self._last_check = 0.0
        self._drift: Drift | None = None

    @property
    def spec(self) -> SentinelSpec:
        """What workers need to ask the sentinels."""
        return SentinelSpec(settings=self._settings, key=self._inner.key)

    @property
    def are_originals(self) -> bool:
        """Whether their texts stand in the run as they are, and those of its own documents do not."""
        of_run, of_sentinels = (known_rules(one.description.fingerprint) for one in (self._run, self._inner))
        return of_run is not None and of_sentinels is None

    @property
    def num_documents(self) -> int:
        """How many sentinels there are."""
        return self._inner.plan.num_selected

    @property
    def is_done(self) -> bool:
        """Whether all sentinels are answered."""
        return self._inner.directory.is_complete or is_committed(self._inner.directory, self._inner.plan)

    def look(self, progress: ProgressReporter) -> None:
        """Report drift once all sentinels are answered, long before the run ends. Cheap enough to be called often."""
        if self._drift is not None or time.monotonic() - self._last_check < _LOOK_EVERY_S:
            return
        self._last_check = time.monotonic()
        if self.is_done:
            self.tell(progress)

    def finish(self) -> DriftBrief:
        """Publish the sentinels' rows and write `drift.json`. Return the drift as the run's summary holds it."""
        finish_run(self._inner, record_mib=self._settings.run.record_mib)
        self._drift = self._measure_drift()
        return DriftBrief.of(self._drift)

    def tell(self, progress: ProgressReporter) -> None:
        """Report the result in one line, as a warning if there is drift."""
        from glane.assess.compare.drift import drift_line

        self._drift = self._drift or self._measure_drift()
        line = f"sentinels {drift_line(self._drift)}"
        if self._drift.drift or any(one.verdict == "drift" for one in self._drift.signs):
            progress.warn(line)
        else:
            progress.say(line)

    def _measure_drift(self) -> Drift:
        from glane.assess.compare.candidates import Candidate
        from glane.assess.compare.drift import measure_drift
        from glane.assess.evaluate.measures import Chance

        manifest, inner = self._frozen.manifest, open_run(self._inner.directory.root, partial=True)
        sides = [
            Candidate(name=name, fields=fields, rows=rows, id_column=manifest.group_by or manifest.id_column)
            for name, fields, rows in (
                ("then", manifest.fields, self._frozen.reference.lazy()),
                ("now", self._task.fields, inner.all()),
            )
        ]
        found = measure_drift(
            sides[0],
            sides[1],
            tolerance=manifest.tolerance,
            changes=changes(manifest.fingerprint, inner.description().fingerprint),
            gold=self._frozen.gold,
            chance=Chance(),
            budget=manifest.budget,
        )
        drift = Drift(
            **dict(found),
            sentinels=str(self._frozen.folder),
            then=Frozen(created=manifest.created, model=manifest.model, engine=manifest.engine),
            source=manifest.source,
        )
        self._inner.directory.write_record(drift_file(self._run.directory), drift)
        return drift


def _refuse_others(settings: ResolvedSettings, directory: RunDirectory, frozen: FrozenSet) -> None:
    """Refuse other sentinels than those that the run was begun with: it holds their answers."""
    inner = sentinels_directory(directory)
    if not inner.description.exists():
        return
    known = read_description(inner)
    now = read_erased(inner).named(frozen.manifest.files[DOCUMENTS])
    if known.fingerprint["inputs"][0]["digest"] != now:
        former = known.files[0].path.removesuffix(f"/{DOCUMENTS}")
        raise ConfigError(
            f"task.sentinels: {settings.run.dir} was begun with other sentinels ({former}), and not with those of "
            f"{frozen.folder}. Give task.sentinels={former}, or choose another run.dir."
        )


def sentinels_of(settings: ResolvedSettings, task: Task, run: PreparedRun) -> Sentinels | None:
    """The sentinels of a prepared run; None if its task names none."""
    frozen = check_sentinels(task)
    return None if frozen is None else Sentinels(settings, load_task({**settings.task, "sentinels": None}), run, frozen)
