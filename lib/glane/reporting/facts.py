"""Facts for a report, each a sentence or two in a language, from what a run and its evaluations have recorded.

A fact is None where nothing recorded tells it. None of them quotes a document.
"""

from __future__ import annotations

from collections.abc import Mapping

from glane.assess.pages.page import decimal
from glane.assess.right_answers import right_answers_warnings
from glane.extraction.attention import attention_lines
from glane.languages import in_language
from glane.reporting.assessed import ASSESSED
from glane.reporting.confidential import CONFIDENTIAL
from glane.reporting.fact import MOST_FIELDS, Fact, count
from glane.reporting.known import Known
from glane.reporting.words import WORDS
from glane.toys import notice
from glane.types import Language, Status


def _documents(known: Known, language: Language) -> str:
    flow, words = known.summary.flow, WORDS[language]
    told = words["documents"].format(rows=count(flow.read, language), files=len(known.description.files))
    group = known.settings.data.group_by
    return told if group is None else f"{told} {words['grouped'].format(column=group)}"


def _selection(known: Known, language: Language) -> str:
    data, words = known.settings.data, WORDS[language]
    parts = []
    if data.where is not None:
        parts.append(words["where"].format(condition=data.where))
    if data.limit is not None:
        parts.append(words["limit"].format(num=count(data.limit, language)))
    if data.sample is not None:
        parts.append(words["sample"].format(sample=data.sample, seed=data.sample_seed))
    if data.only_rejected_of or data.skip_done_in:
        parts.append(words["earlier_runs"])
    return " ".join(parts) or words["all_rows"]


def _flow(known: Known, language: Language) -> str:
    flow, words = known.summary.flow, WORDS[language]
    statuses = ", ".join(f"{name} {count(num, language)}" for name, num in flow.statuses().items())
    return words["flow"].format(
        read=count(flow.read, language), selected=count(flow.selected, language), statuses=statuses
    )


def _not_usable(known: Known, language: Language) -> str:
    words, flow = WORDS[language], known.summary.flow
    without = flow.selected - flow.of(Status.OK)
    listed = ", ".join(f"{one.status} {count(one.rows, language)}" for one in known.summary.not_usable)
    return words["not_usable"].format(num=count(without, language) + (f" ({listed})" if listed else ""))


def _duplicates(known: Known, language: Language) -> str:
    return WORDS[language]["duplicates"].format(num=count(known.summary.flow.duplicates, language))


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
    more = f" … (+{len(told) - MOST_FIELDS})" if len(told) > MOST_FIELDS else ""
    return WORDS[language]["fields"].format(fields=", ".join(told[:MOST_FIELDS]) + more)


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
        prompt=count(one.tokens.prompt, language), output=count(one.tokens.output, language),
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
    **CONFIDENTIAL,
    **ASSESSED,
}
