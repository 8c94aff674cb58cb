"""What an evidence table says of itself: `studies.json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.records import Record, left_out
from glane.run.links import RunLink
from glane.synthesis.bias import State
from glane.synthesis.effect import Measure
from glane.synthesis.rob2 import Judgement
from glane.synthesis.studies import StudyBy
from glane.types import Toy
from glane.validation import Strict


class StudyTold(Strict):
    """A study with several reports, and by what these were brought together."""

    study: str
    by: StudyBy
    reports: tuple[str, ...]


class AnalysisTold(Strict):
    """An outcome in a measure: how many studies are used, and how many rows are not."""

    analysis: str
    studies: int
    rows_not_used: int


class BiasTold(Strict):
    """Reports by their risk of bias."""

    runs: tuple[RunLink, ...]
    judged: Mapping[Judgement, int]  # overall
    states: Mapping[State, int]
    without_quote: int  # answers that were not used


class EvidenceSummary(Record):
    """What the table holds, and what of it is used."""

    kind: Literal["glane evidence table"] = "glane evidence table"
    version: Literal[1] = 1
    run: str
    run_link: RunLink | None = left_out()
    fingerprint: str
    model: str
    toy: Toy | None = left_out()
    list: str  # of the run: what has one effect in each item
    counts_as: Measure
    documents: int  # with an answer
    failed: int  # without
    without_effects: int  # documents with an answer that tells no effect
    effects: int
    studies: int
    brought_together: tuple[StudyTold, ...]
    linkage: str | None = left_out()  # where reports were linked; None: by the number of registration alone
    states: Mapping[str, int]  # rows by what became of them
    signs: Mapping[str, int]  # rows by sign; a row can have several
    decided: int  # rows on which a person decided
    without_level: int  # intervals of which the document tells no level: taken for 95 %
    analyses: tuple[AnalysisTold, ...]
    bias: BiasTold | None = left_out()  # None: no run was named
