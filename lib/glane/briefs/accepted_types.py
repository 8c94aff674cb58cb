"""Which types of statements are accepted, by what became of earlier ones in the hands of readers.

A type is accepted if the exact binomial test (Clopper and Pearson 1934) refuses that more than a share alpha of such
statements is unsupported; delta is parted among the types (Bonferroni). A statement that a reader kept is supported,
one that was deleted or edited in more than its spelling is not, so the share errs to the safe side. Labels count as
drawn at random from the statements of such briefs, each by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from glane.assess.calibrate.risk import binomial_p_value, smallest_sample
from glane.briefs.claim_types import STATEMENT_TYPES
from glane.briefs.edit_record import BriefLabels, ClaimLabel
from glane.briefs.record import LabelledType, LabelledTypes, ModelUsed
from glane.task.fold import fold

OF_TYPE = "labelled"  # the check of a statement whether its type is accepted
_ROLES = ("statements", "support")
_MOST_WRONG_TOLD = 20  # unsupported ones, up to which it is told how many labels would do


def accepted_types(
    labels: Sequence[BriefLabels], models: Sequence[ModelUsed], *, alpha: float, delta: float
) -> LabelledTypes:
    """Test each type of statements.

    Args:
        labels: Of edited files; those of other models or questions are counted, and tell nothing.
        models: Of the brief that is written.
        alpha: The share of unsupported statements of a type that is borne.
        delta: The probability with which it is more in any of them.
    """
    of_these = [one for one in labels if _asked(one.models) == _asked(models)]
    verdicts = dict(_verdicts(of_these))
    each = delta / len(STATEMENT_TYPES)
    types = tuple(
        _tested(name, [is_right for (_, kind), is_right in verdicts.items() if kind == name], alpha, each)
        for name in STATEMENT_TYPES
    )
    digests = tuple(sorted(one.digest for one in of_these))
    return LabelledTypes(alpha=alpha, delta=delta, digests=digests, others=len(labels) - len(of_these), types=types)


def _tested(name: str, verdicts: Sequence[bool], alpha: float, delta: float) -> LabelledType:
    num, wrong = len(verdicts), len(verdicts) - sum(verdicts)
    is_accepted = binomial_p_value(wrong, num, alpha) <= delta
    needed = None
    if not is_accepted and wrong <= _MOST_WRONG_TOLD:
        needed = smallest_sample(alpha, delta, num_wrong=wrong) - num
    return LabelledType(type=name, labels=num, unsupported=wrong, is_accepted=is_accepted, needed=needed)


def _verdicts(labels: Sequence[BriefLabels]) -> Iterator[tuple[tuple[str, str], bool]]:
    """Of each statement that had passed, whether all of its readers kept it."""
    found: dict[tuple[str, str], bool] = {}
    for record in labels:
        for one in record.labels:
            if one.kind == "statement" and one.had_passed and one.status != "unclear":
                key = one.id, one.type
                found[key] = found.get(key, True) and is_supported(one)
    yield from found.items()


def is_supported(label: ClaimLabel) -> bool:
    """Whether a reader left a statement as it was, spelling aside."""
    if label.status == "edited":
        return not label.numbers_changed and fold(label.text or "") == fold(label.sentence)
    return label.status == "kept"


def _asked(models: Sequence[ModelUsed]) -> tuple[tuple[str, str, str], ...]:
    return tuple(sorted((one.role, one.name, one.fingerprint) for one in models if one.role in _ROLES))
