"""What the list of runs tells of each run, and of what was made of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from glane.assess.evaluate.scores import Ends
from glane.assess.right_answers import RightAnswers
from glane.types import Toy

Kind = Literal["evaluation", "review", "calibration", "estimates", "comparison", "multiverse", "attacks"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """How right a run is by an evaluation, and what that says."""

    f1: float | None  # micro-average over the told values
    ci95: Ends
    documents: int | None  # compared
    gold: str | None  # the path of the right answers
    right_answers: RightAnswers | None  # where these are from; None of an evaluation that does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A folder that was made of one run or of several, as by `glane evaluate`."""

    kind: Kind
    folder: Path
    pages: tuple[Path, ...]  # that a browser shows
    data: tuple[Path, ...]  # the same for programs
    written: float  # in seconds since 1970
    run_ids: frozenset[str]
    fingerprint: str = ""  # of its run, if it says that itself and is of one run
    quality: Quality | None = None  # of an evaluation

    @property
    def f1(self) -> float | None:
        """By the evaluation."""
        return None if self.quality is None else self.quality.f1


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run. Counts are of documents, or of groups of them; None where they are not known."""

    path: Path
    run_id: str = ""
    created: str = ""
    work: str = ""
    task: str = ""
    model: str = ""
    toy: Toy | None = None
    state: str  # planning, working, waiting, complete, damaged or unreadable
    rows: int = 0
    done: int = 0
    ok: int = 0
    leaks: int | None = None  # rows with a value of the task's examples; known of complete extractions
    gpu_hours: float | None = None
    energy_kwh: float | None = None
    assessments: tuple[Assessment, ...] = ()  # the latest first
    error: str = ""  # why it cannot be read

    @property
    def evaluation(self) -> Assessment | None:
        """The latest evaluation of this run."""
        return next((one for one in self.assessments if one.kind == "evaluation"), None)

    @property
    def quality(self) -> Quality | None:
        """By the latest evaluation."""
        return None if self.evaluation is None else self.evaluation.quality

    @property
    def f1(self) -> float | None:
        """By the latest evaluation."""
        return None if self.quality is None else self.quality.f1

    def as_values(self) -> dict[str, Any]:
        """The entry as plain values, flat, for JSON and tables."""
        names = ("run_id", "created", "work", "task", "model", "state", "rows", "done", "ok", "leaks", "gpu_hours")
        made: dict[str, list[str]] = {}
        for one in self.assessments:
            made.setdefault(one.kind, []).append(str(one.folder))
        return {
            "run": str(self.path),
            **{name: getattr(self, name) for name in names},
            "energy_kwh": self.energy_kwh,
            "f1": self.f1,
            **_quality_values(self.quality),
            "evaluation": None if self.evaluation is None else str(self.evaluation.folder),
            "toy": None if self.toy is None else str(self.toy),
            "error": self.error or None,
            "assessments": made,
        }


def _quality_values(quality: Quality | None) -> dict[str, Any]:
    """What a program needs so that it takes no F1 of answers that nobody read for a result."""
    low, high = (None, None) if quality is None or quality.ci95 is None else quality.ci95
    origin = None if quality is None else quality.right_answers
    return {
        "f1_low": low,
        "f1_high": high,
        "f1_documents": None if quality is None else quality.documents,
        "gold": None if quality is None else quality.gold,
        "gold_kind": None if origin is None else origin.how,
    }
