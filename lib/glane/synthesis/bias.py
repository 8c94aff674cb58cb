"""Judgements on the risk of bias of trials, from the answers of a run: an answer without a quote is not used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import polars as pl

from glane.synthesis.effect import CLUSTERED, RANDOMISED
from glane.synthesis.rob2 import DOMAINS, QUESTIONS, Answer, Domain, Judgement, judged, overall

ALL_QUESTIONS: tuple[str, ...] = tuple(name for names in QUESTIONS.values() for name in names)
State = Literal["judged", "not_randomised", "not_answered", "not_assessed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """What is judged of one report."""

    report: str
    label: str  # of its study
    outcome: str | None
    answers: Mapping[str, Answer | None]  # None: no information
    quotes: Mapping[str, str]
    without_quote: tuple[str, ...]  # questions whose answer has no quote in the document: no information
    domains: Mapping[Domain, Judgement]  # empty unless it is judged
    overall: Judgement | None
    state: State
    is_clustered: bool


def bias_of(report: str, label: str, row: Mapping[str, Any] | None, *, is_answered: bool, design: str | None) -> Bias:
    """Judge one report.

    Args:
        report: Its id.
        label: Of its study.
        row: Of the run; None: it has none.
        is_answered: Whether the row has values.
        design: As the effects tell it: what is not randomised is not judged by the rules for randomised trials.
    """
    told = row if row is not None and is_answered else {}
    said: dict[str, Answer | None] = {name: told.get(name) for name in ALL_QUESTIONS}
    quotes = {name: quote for name in ALL_QUESTIONS if (quote := _quote(told, name))}
    lacking = tuple(name for name, answer in said.items() if answer is not None and name not in quotes)
    answers = {name: None if name in lacking else answer for name, answer in said.items()}
    state: State = "judged"
    if row is None:
        state = "not_assessed"
    elif not is_answered:
        state = "not_answered"
    elif design is not None and design not in RANDOMISED:
        state = "not_randomised"
    domains = judged(answers) if state == "judged" else {}
    return Bias(
        report=report, label=label, outcome=told.get("outcome"), answers=answers, quotes=quotes, without_quote=lacking,
        domains=domains, overall=overall(domains) if domains else None, state=state,
        is_clustered=design in CLUSTERED,
    )  # fmt: skip


def _quote(row: Mapping[str, Any], name: str) -> str | None:
    evidence = row.get(f"{name}__evidence")
    quote = None if evidence is None else evidence["quote"]
    return None if quote is None else str(quote)


def bias_table(rows: Sequence[Bias], *, with_quotes: bool) -> pl.DataFrame:
    """One row per report: its judgements, then its answers; null is no information, or that nothing was judged."""
    schema = dict.fromkeys(["label", "id", "outcome", "state", *DOMAINS, "overall", *ALL_QUESTIONS], pl.String)
    quoted = [f"{name}__quote" for name in ALL_QUESTIONS] if with_quotes else []
    cells = [
        {
            "label": row.label, "id": row.report, "outcome": row.outcome, "state": row.state, **row.domains,
            "overall": row.overall, **row.answers, **{f"{name}__quote": row.quotes.get(name) for name in ALL_QUESTIONS},
        }
        for row in rows
    ]  # fmt: skip
    return pl.DataFrame(cells, schema={**schema, **dict.fromkeys(quoted, pl.String)})
