"""The figures of a run for a site's monitoring: counts and times, never a text or an id of a document."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from glane.run.energy_total import total_energy
from glane.run.exposition import Metric, Sample
from glane.run.progress import Snapshot
from glane.types import Status

_JOULES_PER_KWH = 3.6e6
_Values = Iterable[tuple[Mapping[str, str], float]]
PHASES = ("working", "complete", "stopped")


@dataclass(frozen=True, slots=True, kw_only=True)
class AboutRun:
    """What names a run in its metrics."""

    run: str  # the name of its directory
    run_id: str
    work: str
    task: str
    model: str

    @property
    def labels(self) -> dict[str, str]:
        """The labels of every sample: a run's name may be that of another one, too."""
        return {"run": self.run, "run_id": self.run_id}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A run at one moment. Times are in seconds since 1970."""

    state: Snapshot
    phase: str  # one of PHASES
    engine_deaths: int
    now: float
    ended: float | None = None
    statuses: Mapping[str, int] | None = None  # of a complete run; else they are those of the heartbeats


def run_metrics(about: AboutRun, moment: Moment) -> list[Metric]:
    """Everything that is told of a run: names are stable, and units are in them. Pure."""
    metric = _Maker(about)
    return [*_of_run(metric, moment), *_of_work(metric, moment), *_of_engines(metric, moment)]


def _of_run(metric: _Maker, moment: Moment) -> list[Metric]:
    about, beats = metric.about, [one.heartbeat for one in moment.state.workers]
    what = {"work": about.work, "task": about.task, "model": about.model}
    began: _Values = [({}, min(beat.started for beat in beats))] if beats else []
    ended: _Values = [] if moment.ended is None else [({}, moment.ended)]
    states = [({"state": one}, float(one == moment.phase)) for one in PHASES]
    return [
        metric.gauge("run_info", "What the run is.", [(what, 1)]),
        metric.gauge("run_state", "1 for the state that the run is in.", states),
        metric.gauge("run_start_time_seconds", "When its first engine began, since 1970.", began),
        metric.gauge("run_update_time_seconds", "When these figures were read, since 1970.", [({}, moment.now)]),
        metric.gauge("run_end_time_seconds", "When this work on it ended, since 1970.", ended),
    ]


def _of_work(metric: _Maker, moment: Moment) -> list[Metric]:
    state = moment.state
    committed: Counter[str] = Counter(dict(moment.statuses or {}))
    for one in state.workers if moment.statuses is None else ():
        committed.update(one.heartbeat.progress.committed)
    by_status = [({"status": str(one)}, committed[one]) for one in Status]
    tokens = [({"kind": "prompt"}, state.prompt_tokens), ({"kind": "output"}, state.output_tokens)]
    planned = "Documents, or groups of them, that the run asks."
    done = "Documents, or groups of them, with a committed result, by status."
    return [
        metric.gauge("planned_documents", planned, [({}, state.rows_total)]),
        metric.counter("documents_total", done, by_status),
        metric.gauge("planned_shards", "Shards of the run.", [({}, state.shards_total)]),
        metric.counter("shards_total", "Committed shards.", [({}, state.shards_done)]),
        metric.counter("tokens_total", "Tokens that engines read (prompt) and wrote (output).", tokens),
    ]


def _of_engines(metric: _Maker, moment: Moment) -> list[Metric]:
    workers = moment.state.workers
    beats = [one.heartbeat for one in workers]
    states = Counter(one.state for one in workers)
    lives = [max(0.0, beat.time - beat.started) for beat in beats]
    gpu_seconds = sum(life * beat.gpus for life, beat in zip(lives, beats, strict=True))
    used = [({"hardware": name}, part.kwh * _JOULES_PER_KWH) for name, part in total_energy(beats).parts.items()]
    energy = "Electricity that engines used, by hardware; absent where it is not known."
    by_state = [({"state": one}, states[one]) for one in ("starting", "working", "silent")]
    in_engines = sum(beat.progress.in_window for beat in beats)
    return [
        metric.gauge("engines", "Engines by state.", by_state),
        metric.gauge("prompts_in_engines", "Prompts that are being answered.", [({}, in_engines)]),
        metric.counter("engine_deaths_total", "Engines that died.", [({}, moment.engine_deaths)]),
        metric.counter("engine_seconds_total", "Life of engines.", [({}, sum(lives))]),
        metric.counter("gpu_seconds_total", "Life of engines, times their GPUs.", [({}, gpu_seconds)]),
        metric.counter("energy_joules_total", energy, used),
    ]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes metrics of one run."""

    about: AboutRun

    def gauge(self, name: str, told: str, samples: _Values) -> Metric:
        return Metric(name=f"glane_{name}", kind="gauge", help=told, samples=self._samples(samples))

    def counter(self, name: str, told: str, samples: _Values) -> Metric:
        return Metric(name=f"glane_{name}", kind="counter", help=told, samples=self._samples(samples))

    def _samples(self, samples: _Values) -> list[Sample]:
        return [Sample(value=float(value), labels={**self.about.labels, **labels}) for labels, value in samples]
