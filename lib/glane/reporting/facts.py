"""Facts for a report, each a sentence or two in a language, from what a run and its evaluations have recorded.

A fact is None where nothing recorded tells it. None of them quotes a document.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from glane.assess.designs import design_text
from glane.assess.estimate.record import EstimatesSummary, Validation, ValidationFigure
from glane.assess.evaluate.scores import Ends
from glane.assess.pages.page import decimal
from glane.assess.right_answers import right_answers_text, right_answers_warnings
from glane.extraction.attention import attention_lines
from glane.languages import in_language
from glane.reporting.known import Known, Source
from glane.reporting.words import WORDS
from glane.toys import notice
from glane.types import Language, Status

_MOST_FIELDS = 40
Tell = Callable[[Known, Language], str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """How a fact is told, and which command records what it needs."""

    tell: Tell
    source: Source = "run"


def _documents(known: Known, language: Language) -> str:
    flow, words = known.summary.flow, WORDS[language]
    told = words["documents"].format(rows=_count(flow.read, language), files=len(known.description.files))
    group = known.settings.data.group_by
    return told if group is None else f"{told} {words['grouped'].format(column=group)}"


def _selection(known: Known, language: Language) -> str:
    data, words = known.settings.data, WORDS[language]
    parts = []
    if data.where is not None:
        parts.append(words["where"].format(condition=data.where))
    if data.limit is not None:
        parts.append(words["limit"].format(num=_count(data.limit, language)))
    if data.sample is not None:
        parts.append(words["sample"].format(sample=data.sample, seed=data.sample_seed))
    if data.only_rejected_of or data.skip_done_in:
        parts.append(words["earlier_runs"])
    return " ".join(parts) or words["all_rows"]


def _flow(known: Known, language: Language) -> str:
    flow, words = known.summary.flow, WORDS[language]
    statuses = ", ".join(f"{name} {_count(num, language)}" for name, num in flow.statuses().items())
    return words["flow"].format(
        read=_count(flow.read, language), selected=_count(flow.selected, language), statuses=statuses
    )


def _not_usable(known: Known, language: Language) -> str:
    words, flow = WORDS[language], known.summary.flow
    without = flow.selected - flow.of(Status.OK)
    listed = ", ".join(f"{one.status} {_count(one.rows, language)}" for one in known.summary.not_usable)
    return words["not_usable"].format(num=_count(without, language) + (f" ({listed})" if listed else ""))


def _nulls(known: Known, language: Language) -> str | None:
    told = {one.nulls for one in known.estimates if one.nulls is not None}
    failed = sum(one.rows_without_values for one in known.estimates[:1])
    if not known.estimates:
        return None
    words = WORDS[language]
    return " ".join([*sorted(in_language(one, language) for one in told), words["left_out"].format(num=failed)])


def _duplicates(known: Known, language: Language) -> str:
    return WORDS[language]["duplicates"].format(num=_count(known.summary.flow.duplicates, language))


def _task(known: Known, language: Language) -> str:
    task, words = known.task, WORDS[language]
    return words["task"].format(
        name=task.name,
        version=task.version,
        language=words[f"language_{task.language}"],
        fields=len(known.description.fields),
        inputs=", ".join(task.inputs),
    )


def _fields(known: Known, language: Language) -> str:
    told = [f"{one.column} ({one.type})" for one in known.description.codebook if one.role == "field"]
    more = f" … (+{len(told) - _MOST_FIELDS})" if len(told) > _MOST_FIELDS else ""
    return WORDS[language]["fields"].format(fields=", ".join(told[:_MOST_FIELDS]) + more)


def _model(known: Known, language: Language) -> str:
    digests = known.description.fingerprint.get("model", {}).get("digests", {})
    weights = digests.get("weights") or WORDS[language]["no_digest"]
    return WORDS[language]["model"].format(name=known.description.model, weights=weights)


def _period(known: Known, language: Language) -> str:
    first, last = known.description.created[:10], known.summary.finished[:10]
    return WORDS[language]["period"].format(first=first, last=last)


def _inference(known: Known, language: Language) -> str:
    told = known.description.fingerprint.get("model", {})
    sampling, task = told.get("sampling", {}), known.task
    parts = {
        "engine": known.description.fingerprint.get("engine"), "dtype": told.get("dtype"), **sampling,
        "max_tokens": told.get("max_tokens"), "max_model_len": told.get("max_model_len"),
        "reasoning": told.get("reasoning"), "samples": task.passes.samples, "recall": task.passes.recall,
        "repairs": task.repairs,
    }  # fmt: skip
    return WORDS[language]["inference"].format(
        settings=", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)
    )


def _prompt(known: Known, language: Language) -> str:
    told = known.description.fingerprint["task"]
    examples = len(known.task.examples)
    return WORDS[language]["prompt"].format(
        name=known.task.name, version=known.task.version, examples=examples, digest=told["prompt"]
    )


def _output(known: Known, language: Language) -> str:
    words = WORDS[language]
    parts = [words["output"]]
    if known.summary.derived:
        parts.append(words["derived"].format(fields=", ".join(one.field for one in known.summary.derived)))
    return " ".join(parts)


def _versions(known: Known, language: Language) -> str:
    found = known.description.environment
    told = ", ".join(f"{name} {version}" for name, version in found.versions.items())
    return WORDS[language]["versions"].format(versions=told, commit=found.git_commit or "–")


def _compute(known: Known, language: Language) -> str:
    one, words = known.summary, WORDS[language]
    told = words["compute"].format(
        engines=one.engines, hosts=len(one.hosts), gpu_hours=decimal(one.gpu_hours, language, digits=2),
        engine_hours=decimal(one.engine_hours, language, digits=2), rate=decimal(one.rows_per_s, language, digits=1),
        prompt=_count(one.tokens.prompt, language), output=_count(one.tokens.output, language),
    )  # fmt: skip
    if one.energy.kwh is None:
        return f"{told} {words['no_energy']}"
    return f"{told} {words['energy'].format(kwh=decimal(one.energy.kwh, language, digits=2))}"


def _test_blind(known: Known, language: Language) -> str:
    return WORDS[language]["test_blind"].format(inputs=", ".join(known.task.inputs))


def _warnings(known: Known, language: Language) -> str | None:
    lines = [] if known.summary.toy is None else [notice(known.summary.toy, language)]
    lines += [in_language(one, language) for one in attention_lines(known.summary.attention, above=0.0)[:-1]]
    if known.evaluation is not None:
        lines += right_answers_warnings(known.evaluation.right_answers, language)
    return " ".join(f"{one.rstrip('.')}." for one in lines) or None


def _drift(known: Known, language: Language) -> str | None:
    found = known.summary.sentinels
    if found is None:
        return None
    fields = ", ".join(found.drift) or WORDS[language]["no_field"]
    return WORDS[language]["drift"].format(documents=found.documents, fields=fields)


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
    return WORDS[language]["compared"].format(num=_count(flow.compared, language), failed=_count(failed, language))


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
    return f"{told} {words['by_field'].format(fields=', '.join(each[:_MOST_FIELDS]))}"


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
    return WORDS[language]["agreement"].format(fields=", ".join(each[:_MOST_FIELDS]))


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
    return f"{shown} [{decimal(ends[0], language)}{between}{decimal(ends[1], language)}]"


def _count(num: int, language: Language) -> str:
    return decimal(num, language, digits=0)


FACTS: Mapping[str, Fact] = {
    "documents": Fact(tell=_documents),
    "selection": Fact(tell=_selection),
    "flow": Fact(tell=_flow),
    "not_usable": Fact(tell=_not_usable),
    "duplicates": Fact(tell=_duplicates),
    "task": Fact(tell=_task),
    "fields": Fact(tell=_fields),
    "model": Fact(tell=_model),
    "period": Fact(tell=_period),
    "inference": Fact(tell=_inference),
    "prompt": Fact(tell=_prompt),
    "output": Fact(tell=_output),
    "versions": Fact(tell=_versions),
    "compute": Fact(tell=_compute),
    "test_blind": Fact(tell=_test_blind),
    "warnings": Fact(tell=_warnings),
    "drift": Fact(tell=_drift),
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
