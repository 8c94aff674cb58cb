"""Facts from what was made of a run: evaluation, estimates, review, calibration and comparison."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glane.assess.designs import design_text
from glane.assess.estimate.record import EstimatesSummary, Validation, ValidationFigure
from glane.assess.evaluate.scores import Ends
from glane.assess.pages.page import decimal
from glane.assess.right_answers import right_answers_text
from glane.assess.rounding import outward
from glane.languages import in_language
from glane.reporting.fact import MOST_FIELDS, Fact, count
from glane.reporting.known import Known
from glane.reporting.words import WORDS
from glane.types import Language


def _nulls(known: Known, language: Language) -> str | None:
    told = {one.nulls for one in known.estimates if one.nulls is not None}
    failed = sum(one.rows_without_values for one in known.estimates[:1])
    if not known.estimates:
        return None
    words = WORDS[language]
    return " ".join([*sorted(in_language(one, language) for one in told), words["left_out"].format(num=failed)])


def _right_answers(known: Known, language: Language) -> str | None:
    told = next((one.right_answers for one in (known.evaluation, *known.estimates) if one is not None), None)
    if told is None:
        return None
    return WORDS[language]["right_answers"].format(origin=right_answers_text(told, language), num=told.documents)


def _review_design(known: Known, language: Language) -> str | None:
    return next((design_text(one.review, language) for one in known.estimates if one.review is not None), None)


def _compared(known: Known, language: Language) -> str | None:
    if known.evaluation is None:
        return None
    flow = known.evaluation.documents
    failed = sum(flow.not_usable.values())
    return WORDS[language]["compared"].format(num=count(flow.compared, language), failed=count(failed, language))


def _accuracy_measures(known: Known, language: Language) -> str | None:
    words, told = WORDS[language], []
    if any(one.validation for one in known.estimates):
        told.append(words["measures_of_yes"])
    if known.evaluation is not None:
        told.append(words["measures_of_fields"])
    return " ".join(told) or None


def _intervals(known: Known, language: Language) -> str | None:
    words, told = WORDS[language], []
    if known.evaluation is not None:
        found = known.evaluation.intervals
        ways = words["and"].join(in_language(one, language) for one in (found.of_ratios, found.of_shares) if one)
        told.append(words["intervals"].format(level=decimal(100 * found.level, language, digits=0), ways=ways))
    told += [in_language(one.interval, language) for one in known.estimates[:1]]
    return " ".join(f"{one.rstrip('.')}." for one in told) or None


def _scores(known: Known, language: Language) -> str | None:
    if known.evaluation is None:
        return None
    found, words = known.evaluation, WORDS[language]
    micro = found.overall.micro
    told = words["scores"].format(
        f1=_ranged(micro.f1, micro.f1_ci95, language),
        precision=_ranged(micro.precision, micro.precision_ci95, language),
        recall=_ranged(micro.recall, micro.recall_ci95, language),
    )
    each = [f"{name} {_ranged(one.f1, one.f1_ci95, language)}" for name, one in found.fields.items()]
    return f"{told} {words['by_field'].format(fields=', '.join(each[:MOST_FIELDS]))}"


def _case(known: Known, language: Language) -> str | None:
    told = [_case_of(one) for one in known.estimates if one.question.is_share]
    return WORDS[language]["case"].format(cases=WORDS[language]["and"].join(dict.fromkeys(told))) if told else None


def _two_by_two(known: Known, language: Language) -> str | None:
    return _of_validations(known, language, _counts)


def _accuracy(known: Known, language: Language) -> str | None:
    return _of_validations(known, language, _figures)


def _thresholds(known: Known, language: Language) -> str | None:
    found = known.calibration
    if found is None:
        return None
    return WORDS[language]["thresholds"].format(
        alpha=decimal(100 * found.alpha, language, digits=1), delta=decimal(100 * found.delta, language, digits=1),
        documents=found.documents,
    )  # fmt: skip


def _by_group(known: Known, language: Language) -> str | None:
    columns = [] if known.evaluation is None else list(known.evaluation.by)
    columns += [str(one.question.by) for one in known.estimates if one.validation_by_group]
    return WORDS[language]["by_group"].format(columns=", ".join(dict.fromkeys(columns))) if columns else None


def _readers(known: Known, language: Language) -> str | None:
    found = known.agreement
    if found is None:
        return None
    readers = {one.reviewer for one in found.reviews}
    twice = max((one.documents for one in found.together.values()), default=0)
    return WORDS[language]["readers"].format(num=len(readers), reviewed=found.sample.reviewed, twice=twice)


def _agreement(known: Known, language: Language) -> str | None:
    found = known.agreement
    if found is None or not found.together:
        return None
    each = [f"{name} {_ranged(one.alpha, one.alpha_ci95, language)}" for name, one in found.together.items()]
    return WORDS[language]["agreement"].format(fields=", ".join(each[:MOST_FIELDS]))


def _comparisons(known: Known, language: Language) -> str | None:
    if known.comparison is None:
        return None
    return WORDS[language]["comparisons"].format(num=len(known.comparison.runs))


def _of_validations(
    known: Known, language: Language, tell: Callable[[Validation, Language], str]
) -> str | None:  # fmt: skip
    """What validations tell, once for estimates that rest on the same."""
    told = [
        WORDS[language]["of_case"].format(case=_case_of(one), told=tell(one.validation, language))
        for one in known.estimates
        if one.validation
    ]
    return " ".join(dict.fromkeys(told)) or None


def _case_of(one: EstimatesSummary) -> str:
    question = one.question
    return question.case if question.case is not None else f"{question.field} = {question.value}"


def _counts(found: Validation, language: Language) -> str:
    return WORDS[language]["two_by_two"].format(
        tp=found.true_positive, fp=found.false_positive, fn=found.false_negative, tn=found.true_negative
    )


def _figures(found: Validation, language: Language) -> str:
    def told(one: ValidationFigure) -> str:
        return _ranged(one.value, None if one.low is None or one.high is None else (one.low, one.high), language)

    return WORDS[language]["accuracy"].format(
        sensitivity=told(found.sensitivity), specificity=told(found.specificity), ppv=told(found.ppv),
        npv=told(found.npv),
    )  # fmt: skip


def _ranged(value: float | None, ends: Ends, language: Language) -> str:
    shown = decimal(value, language)
    if value is None or ends is None:
        return shown
    between = " ; " if language == "fr" else ", "
    low, high = outward(*ends, 3)
    return f"{shown} [{decimal(low, language)}{between}{decimal(high, language)}]"


ASSESSED: Mapping[str, Fact] = {
    "compared": Fact(tell=_compared, source="evaluate"),
    "right_answers": Fact(tell=_right_answers, source="evaluate"),
    "scores": Fact(tell=_scores, source="evaluate"),
    "accuracy_measures": Fact(tell=_accuracy_measures, source="evaluate"),
    "intervals": Fact(tell=_intervals, source="evaluate"),
    "by_group": Fact(tell=_by_group, source="evaluate"),
    "nulls": Fact(tell=_nulls, source="estimate"),
    "case": Fact(tell=_case, source="estimate"),
    "two_by_two": Fact(tell=_two_by_two, source="estimate"),
    "accuracy": Fact(tell=_accuracy, source="estimate"),
    "review_design": Fact(tell=_review_design, source="estimate"),
    "readers": Fact(tell=_readers, source="review"),
    "agreement": Fact(tell=_agreement, source="review"),
    "thresholds": Fact(tell=_thresholds, source="calibrate"),
    "comparisons": Fact(tell=_comparisons, source="compare"),
}
