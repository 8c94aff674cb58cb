"""Risk of bias of a randomised trial, judged from answers to signalling questions by the published algorithm.

The instrument is RoB 2 (Sterne et al., BMJ 2019), for the effect of assignment to the intervention; the questions are
told in words of this project. The algorithm is that of its guidance of 22 August 2019, which leaves a last word to
people: a judgement here is the one that it proposes. An answer that the text does not give is None: no information.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

Answer = Literal["yes", "probably_yes", "probably_no", "no"]
Judgement = Literal["low", "some_concerns", "high"]
Domain = Literal["randomisation", "deviations", "missing_data", "measurement", "selection"]
DOMAINS: tuple[Domain, ...] = get_args(Domain)
QUESTIONS: Mapping[Domain, tuple[str, ...]] = {
    "randomisation": ("q1_1", "q1_2", "q1_3"),
    "deviations": ("q2_1", "q2_2", "q2_3", "q2_4", "q2_5", "q2_6", "q2_7"),
    "missing_data": ("q3_1", "q3_2", "q3_3", "q3_4"),
    "measurement": ("q4_1", "q4_2", "q4_3", "q4_4", "q4_5"),
    "selection": ("q5_1", "q5_2", "q5_3"),
}
"""The fields of the task `risk_of_bias_randomised`, by domain."""
Answers = Mapping[str, Answer | None]
_RANK: Mapping[Judgement, int] = {"low": 0, "some_concerns": 1, "high": 2}


def judged(answers: Answers) -> dict[Domain, Judgement]:
    """The judgement of each domain. Answers that the algorithm does not come to change nothing."""
    return {
        "randomisation": _randomisation(answers),
        "deviations": _worst(_deviations(answers), _analysis(answers)),
        "missing_data": _missing_data(answers),
        "measurement": _measurement(answers),
        "selection": _selection(answers),
    }


def overall(domains: Mapping[Domain, Judgement]) -> Judgement:
    """The worst of all domains. Whether several concerns together make it high is for people to say."""
    return _worst(*domains.values())


def _worst(*judgements: Judgement) -> Judgement:
    return max(judgements, key=lambda one: _RANK[one])


def _is_yes(answers: Answers, name: str) -> bool:
    return answers.get(name) in ("yes", "probably_yes")


def _is_no(answers: Answers, name: str) -> bool:
    return answers.get(name) in ("no", "probably_no")


def _randomisation(answers: Answers) -> Judgement:
    unbalanced = _is_yes(answers, "q1_3")
    if _is_no(answers, "q1_2"):
        return "high"
    if not _is_yes(answers, "q1_2"):
        return "high" if unbalanced else "some_concerns"
    return "some_concerns" if unbalanced or _is_no(answers, "q1_1") else "low"


def _deviations(answers: Answers) -> Judgement:
    if _is_no(answers, "q2_1") and _is_no(answers, "q2_2"):
        return "low"
    if _is_no(answers, "q2_3"):
        return "low"
    if not _is_yes(answers, "q2_3") or _is_no(answers, "q2_4"):
        return "some_concerns"
    return "some_concerns" if _is_yes(answers, "q2_5") else "high"


def _analysis(answers: Answers) -> Judgement:
    if _is_yes(answers, "q2_6"):
        return "low"
    return "some_concerns" if _is_no(answers, "q2_7") else "high"


def _missing_data(answers: Answers) -> Judgement:
    if _is_yes(answers, "q3_1") or _is_yes(answers, "q3_2") or _is_no(answers, "q3_3"):
        return "low"
    return "some_concerns" if _is_no(answers, "q3_4") else "high"


def _measurement(answers: Answers) -> Judgement:
    if _is_yes(answers, "q4_1") or _is_yes(answers, "q4_2"):
        return "high"
    if _is_no(answers, "q4_3") or _is_no(answers, "q4_4"):
        return "low" if _is_no(answers, "q4_2") else "some_concerns"
    return "some_concerns" if _is_no(answers, "q4_5") else "high"


def _selection(answers: Answers) -> Judgement:
    if _is_yes(answers, "q5_2") or _is_yes(answers, "q5_3"):
        return "high"
    both = _is_no(answers, "q5_2") and _is_no(answers, "q5_3")
    return "low" if both and _is_yes(answers, "q5_1") else "some_concerns"
