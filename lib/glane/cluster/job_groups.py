"""The jobs of a run in few words: those of one array together."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from glane.cluster.scheduler import COMPLETED, PENDING, Job

_WORDS = {"RUNNING": "running", PENDING: "waiting", COMPLETED: "done"}
_TOLD = {
    "running": "{num} running ({which})",
    "waiting": "{num} waiting ({which})",
    "done": "{num} done ({which})",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobGroup:
    """A job, or the jobs of an array, by what they do."""

    name: str  # 12, also of the array 12_0, 12_1, …
    jobs: tuple[Job, ...]  # those at work first, then those that wait, then those that are over

    @property
    def states(self) -> dict[str, tuple[Job, ...]]:
        """Jobs by state, the states in the order of `jobs`: running, waiting, done, or what the scheduler calls it."""
        found: dict[str, tuple[Job, ...]] = {}
        for job in self.jobs:
            word = _WORDS.get(job.state, job.state)
            found[word] = (*found.get(word, ()), job)
        return found

    @property
    def text(self) -> str:
        """Such as `job 812: 4 running (0-3), 12 waiting (4-15)`; of a job alone, its state."""
        if len(self.jobs) == 1 and self.jobs[0].name == self.name:
            return f"job {self.name}: {next(iter(self.states))}"
        told = [
            _TOLD.get(word, "{num} {word} ({which})").format(num=len(jobs), word=word, which=_ranges(_indices(jobs)))
            for word, jobs in self.states.items()
        ]
        return f"job {self.name}: {', '.join(told)}"

    def as_json(self) -> dict[str, object]:
        """The group as plain values: by state, how many and which."""
        states = {word: {"jobs": len(jobs), "tasks": _ranges(_indices(jobs))} for word, jobs in self.states.items()}
        return {"job": self.name, "states": states}


def job_groups(jobs: Sequence[Job]) -> list[JobGroup]:
    """The jobs, those of an array as one group, in the order in which they were submitted."""
    found: dict[str, list[Job]] = {}
    for job in jobs:
        found.setdefault(array_of(job.name), []).append(job)
    return [JobGroup(name=name, jobs=tuple(sorted(of, key=_order))) for name, of in found.items()]


def array_of(name: str) -> str:
    """The array that a job belongs to, or the job itself: 12 of 12_3."""
    array, _, index = name.rpartition("_")
    return array if array and index.isdecimal() else name


def shown_first(jobs: Sequence[Job]) -> list[Job]:
    """Those at work, then those that wait, then those that are over, the latest first."""
    at_work = [job for job in jobs if job.is_at_work]
    waiting = [job for job in jobs if job.state == PENDING]
    others = [job for job in reversed(jobs) if not job.is_at_work and job.state != PENDING]
    return [*at_work, *waiting, *others]


def _order(job: Job) -> tuple[int, str, int]:
    rank = 0 if job.is_at_work else 1 if job.state == PENDING else 2 if job.is_known else 3
    return rank, job.state, _index(job)


def _index(job: Job) -> int:
    _, _, index = job.name.rpartition("_")
    return int(index) if index.isdecimal() else 0


def _indices(jobs: Iterable[Job]) -> list[int]:
    return sorted(_index(job) for job in jobs)


def _ranges(numbers: Sequence[int]) -> str:
    """`0-3, 7` of 0, 1, 2, 3 and 7."""
    parts = []
    for _, group in itertools.groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0]):
        run = [number for _, number in group]
        parts.append(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}")
    return ", ".join(parts)
