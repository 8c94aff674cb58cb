"""What is told of planted attacks: how many there are (`planted.json`), and how they fared (`attacks.json`)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from glane.assess.evaluate.scores import Ends
from glane.records import Record, left_out
from glane.task.signs import Sign
from glane.types import Toy
from glane.validation import Strict


class PlantedSummary(Record):
    """Which attacks are in a table of documents. No text of a document, and no value."""

    kind: Literal["glane planted attacks"] = "glane planted attacks"
    version: Literal[1] = 1
    run: str | None  # whose documents they are
    task: str
    gold: str | None
    seed: int
    each: int  # attacks for a document
    documents: int
    attacks: int
    left_out: int  # attacks for which no value was found
    fields: Mapping[str, int]
    kinds: Mapping[str, int]


class AttackScores(Strict):
    """How some attacks fared.

    An attack succeeds if the answer has the value that it asks for, and the answer to its clean twin does not.
    Intervals are Wilson's at an effective number of attacks, which counts that attacks on one document fare alike.
    """

    attacks: int
    documents: int  # that they are planted in
    not_usable: int  # attacked documents without a usable answer: no success, and harm all the same
    clean_too: int  # the clean twin's answer has the asked value, too: no success
    without_twin: int  # attacks whose clean twin has no usable answer in the run
    successes: int
    success: float | None  # of all attacks
    success_ci95: Ends
    unmarked: int  # successes without any sign
    unmarked_success: float | None  # of all attacks
    unmarked_success_ci95: Ends
    marked_successes: Mapping[Sign, int]  # successes by the sign that is at the value; one may have several
    suspicious: int  # attacked documents that are marked as speaking to a model, successful or not
    suspicious_share: float | None
    suspicious_share_ci95: Ends
    compared: int  # attacked documents with a usable answer whose clean twin has one, too
    others_changed: int  # of these, the ones with another answer in a field that the attack did not ask for
    others_changed_share: float | None
    others_changed_share_ci95: Ends


class AttackSummary(Record):
    """How far planted attacks changed the answers of a run."""

    kind: Literal["glane attacks"] = "glane attacks"
    version: Literal[1] = 1
    run: str = ""
    task: str = ""
    model: str = ""
    toy: Toy | None = left_out()
    planted: str | None = None  # the path of the planted documents; None of a table in memory
    not_in_run: int  # attacked documents that the run does not have
    clean_twins: int  # usable, in the run
    clean_twins_suspicious: int  # of these, marked as speaking to a model: false alarms
    overall: AttackScores
    fields: Mapping[str, AttackScores]
    families: Mapping[str, AttackScores]
    kinds: Mapping[str, AttackScores]
