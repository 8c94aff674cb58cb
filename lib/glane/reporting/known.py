"""What a run, and what was made of it, tell for a report: records that are read, and nothing of documents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.compare.record import ComparisonSummary
from glane.assess.estimate.record import EstimatesSummary
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.review.record import AgreementSummary
from glane.corpus.pseudonymised import PseudonymisedInput
from glane.extraction.summary import ExtractionSummary
from glane.run.description import RunDescription
from glane.run.environment import Environment
from glane.run.erased import Erasure
from glane.settings import ExtractSettings
from glane.settings.keep import Keep
from glane.task.task import Task

Source = Literal["run", "evaluate", "estimate", "review", "calibrate", "compare"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A complete extraction, and the latest of each kind of what was made of it."""

    description: RunDescription
    settings: ExtractSettings
    task: Task
    summary: ExtractionSummary
    folder: str  # where the run lies now
    is_encrypted: bool | None = None  # whether files of the result are; None where that is not known
    starts: Sequence[Environment] = ()  # in which the run was worked on, the first first
    erasures: Sequence[Erasure] = ()
    keep: Keep = field(default_factory=Keep)  # of the site, as it is now
    num_refused: int = 0  # connections to other machines
    pseudonyms: PseudonymisedInput | None = None  # of documents that were pseudonymised for the run
    evaluation: EvaluationSummary | None = None
    estimates: Sequence[EstimatesSummary] = ()
    agreement: AgreementSummary | None = None
    calibration: CalibrationSummary | None = None
    comparison: ComparisonSummary | None = None

    def has(self, source: Source) -> bool:
        """Whether a command was run whose results are told."""
        there = {
            "run": True,
            "evaluate": self.evaluation is not None,
            "estimate": bool(self.estimates),
            "review": self.agreement is not None,
            "calibrate": self.calibration is not None,
            "compare": self.comparison is not None,
        }
        return there[source]
