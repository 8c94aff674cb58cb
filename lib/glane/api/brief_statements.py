"""The statements of a brief: made by a model, checked, joined where they say the same, and read once more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import polars as pl

from glane.api.brief_figures import Figures
from glane.api.brief_key_events import key_events
from glane.api.brief_passages import Passages
from glane.api.brief_steps import Asker, Step, answered
from glane.assess.cascade.files import calibrated_tables, read_calibration
from glane.assess.files import read_table
from glane.briefs.accepted_types import OF_TYPE, accepted_types
from glane.briefs.bundles import Bundle, bundle, bundled
from glane.briefs.checks import Cited, agreement, checked, passed
from glane.briefs.claim_types import statement_type
from glane.briefs.record import Calibrated, Check, Claim, Coverage, LabelledTypes, ModelUsed, Quote
from glane.briefs.record import Status as ClaimStatus
from glane.briefs.reduce import Statement, parts, put_together, without_repeats
from glane.briefs.tasks import (
    ALSO,
    CLAIMS,
    GROUPS,
    MEMBERS,
    STATEMENT,
    SUPPORTED,
    VERDICT,
    same_task,
    statements_task,
    support_task,
    support_text,
)
from glane.extraction.results import Run
from glane.reading.suspicion import Suspicion
from glane.settings.brief_definition import BriefDefinition, StatementSettings
from glane.task.task import load_task

_READ_AGAIN = 6  # passages of one statement


@dataclass(frozen=True, slots=True, kw_only=True)
class Statements:
    """What became of the statements of a brief. With `command`, they wait for answers."""

    claims: tuple[Claim, ...] = ()
    models: tuple[ModelUsed, ...] = ()
    made: int = 0
    merged: int = 0
    verified: int = 0
    failures: Mapping[str, int] = field(default_factory=dict)
    coverage: Coverage | None = None
    calibrated: Calibrated | None = None
    labelled: LabelledTypes | None = None
    command: str | None = None


class _Waits(Exception):
    """A step has no answers yet; what it carries is the command that makes them."""


def statements_of(run: Run, definition: BriefDefinition, figures: Figures, asker: Asker) -> Statements:
    """Make the statements of a brief, as far as answers are there or can be asked for.

    Raises:
        GlaneError: if the brief does not fit the run, or a model cannot be asked.
    """
    try:
        return _Maker(run, definition, figures, asker).statements()
    except _Waits as wait:
        return Statements(command=str(wait))


class _Maker:
    """Takes the steps one after the other."""

    def __init__(self, run: Run, definition: BriefDefinition, figures: Figures, asker: Asker) -> None:
        assert definition.statements is not None
        self._asked: StatementSettings = definition.statements
        self._definition, self._language, self._asker = definition, definition.language, asker
        self._run, self._figures = run, figures
        self._passages = Passages(run, definition, figures)
        self._models: list[ModelUsed] = []
        self._calibrated: Calibrated | None = None
        self._labelled: LabelledTypes | None = None
        task = load_task(statements_task(self._asked, self._language))
        self._suspicion = Suspicion(task.fields, task.spelling)

    def statements(self) -> Statements:
        """All steps."""
        made = list(self._made())
        right = [one for one in made if passed(list(one.checks))]
        wrong = [one for one in made if not passed(list(one.checks))]
        kept = self._joined(without_repeats(right, self._carries))
        read = self._read_again(kept)
        refused = [*(one for one in read if not passed(list(one.checks))), *wrong]
        claims = self._claims(read, wrong)
        return Statements(
            claims=claims, models=tuple(self._models), made=len(made), merged=len(right) - len(kept),
            verified=sum(passed(list(one.checks)) for one in read),
            failures=dict(Counter(_first_failed(one) for one in refused)), coverage=self._coverage(claims),
            calibrated=self._calibrated, labelled=self._labelled,
        )  # fmt: skip

    def _answers(self, step: Step, role: str) -> Run:
        found = answered(step, self._asker, is_check=role == "support")
        if isinstance(found, str):
            raise _Waits(found)
        told, model = found.description(), found.settings.model
        self._models.append(
            ModelUsed(
                name=told.model, role=role, fingerprint=told.fingerprint_digest, licence=model.licence, toy=found.toy
            )
        )  # fmt: skip
        return found

    # Map.

    def _bundles(self) -> Iterator[tuple[Bundle, Mapping[str, str]]]:
        """The bundles, each with the texts of its documents."""
        texts: dict[str, str] = {}

        def quotes() -> Iterator[Quote]:
            for told in self._passages.documents():
                for one in told.quotes:
                    if one.text.strip() and not self._speaks(one.text):
                        texts[one.document] = told.text
                        yield one

        for one in bundled(quotes(), self._asked.bundle):
            yield one, texts
            last = one.quotes[-1].document
            for name in {quote.document for quote in one.quotes} - {last}:
                del texts[name]

    def _speaks(self, text: str) -> bool:
        return bool(self._suspicion.in_text(text))

    def _made(self) -> Iterator[Statement]:
        """What the model made of each bundle, checked."""
        rows = [(one.id, one.text) for one, _ in self._bundles()]
        if not rows:
            return
        step = Step(
            name="statements", task=statements_task(self._asked, self._language),
            rows=pl.DataFrame(rows, schema={"id": pl.String, "text": pl.String}, orient="row"),
        )  # fmt: skip
        answers = dict(self._answers(step, "statements").usable().select("id", CLAIMS).collect().iter_rows())
        for one, texts in self._bundles():
            for claim in answers.get(one.id) or ():
                yield self._statement(claim, one, texts)

    def _statement(self, claim: Mapping[str, Any], one: Bundle, texts: Mapping[str, str]) -> Statement:
        sentence, evidence = " ".join(str(claim[STATEMENT] or "").split()), claim[f"{STATEMENT}__evidence"] or {}
        start, end = evidence.get("start"), evidence.get("end")
        quote = None if start is None or end is None else one.holding(start, end)
        cited = None if quote is None else Cited(quote=quote, copied=evidence["quote"])
        document = None if quote is None else texts.get(quote.document)
        terms = self._passages.terms
        checks = tuple(checked(sentence, cited, document=document, speaks=self._speaks, terms=terms))
        if cited is None:
            return Statement(sentence=sentence, cited=(), checks=checks)
        others = [Cited(quote=other, copied=other.text) for other in one.numbered(claim[ALSO] or ()) if other != quote]
        more = [other for other in others if self._carries(sentence, other)] if passed(list(checks)) else []
        return Statement(sentence=sentence, cited=(cited, *more), checks=checks)

    def _carries(self, sentence: str, cited: Cited) -> bool:
        return all(agreement(sentence, cited, self._passages.terms).values())

    # Reduce.

    def _joined(self, statements: list[Statement]) -> list[Statement]:
        """Those that say the same put together, level by level, until a level joins nothing."""
        for level in range(1, self._asked.levels + 1):
            groups = list(parts(statements, self._asked.bundle, level))
            asked = [one for one in groups if len(one) > 1]
            if not asked:
                break
            texts = ["\n".join(f"[{at}] {one.sentence}" for at, one in enumerate(part, 1)) for part in asked]
            rows = pl.DataFrame({"id": [str(at) for at in range(len(asked))], "text": texts})
            run = self._answers(Step(name=f"same-{level}", task=same_task(self._language), rows=rows), "same")
            answers = dict(run.usable().select("id", GROUPS).collect().iter_rows())
            found = [one for part in groups if len(part) == 1 for one in part]
            for at, part in enumerate(asked):
                told = [one[MEMBERS] or () for one in answers.get(str(at)) or ()]
                found += put_together(part, told, self._carries)
            if len(found) == len(statements):
                break
            statements = found
        return sorted(statements, key=lambda one: one.order)

    # The second reading.

    def _read_again(self, statements: list[Statement]) -> list[Statement]:
        if not statements:
            return []
        texts = [
            support_text(one.sentence, bundle(self._numbered(one)[:_READ_AGAIN]).text, self._language)
            for one in statements
        ]
        rows = pl.DataFrame({"id": [one.id for one in statements], "text": texts}).unique("id", maintain_order=True)
        run = self._answers(Step(name="support", task=support_task(self._language), rows=rows), "support")
        verdict = pl.col(VERDICT).cast(pl.String)
        answers = dict(run.usable().select("id", verdict).collect().iter_rows())
        accepted, types = self._accepted(run), self._types()
        found = []
        for one in statements:
            more = [Check(name="support", passed=answers.get(one.id) == SUPPORTED)]
            if accepted is not None and more[0].passed:
                more.append(Check(name="accepted", passed=one.id in accepted))
            if types is not None and all(check.passed for check in more):
                more.append(Check(name=OF_TYPE, passed=statement_type(one.sentence) in types))
            found.append(replace(one, checks=(*one.checks, *more)))
        return found

    def _accepted(self, run: Run) -> frozenset[str] | None:
        """The statements of which the calibration of this second reading accepts that they are supported."""
        folder = self._asker.calibration
        if folder is None:
            return None
        known, _ = read_calibration(folder, run.directory, setting="calibration")
        self._calibrated = Calibrated(alpha=known.alpha, delta=known.delta)
        rows = read_table(str(calibrated_tables(folder)[0]), place="calibration")
        is_yes = (pl.col("field") == VERDICT) & (pl.col("value").cast(pl.String) == SUPPORTED)
        return frozenset(rows.filter(is_yes)["id"].cast(pl.String).to_list())

    def _types(self) -> frozenset[str] | None:
        """The types of statements that labels of earlier edits accept; None without labels."""
        asked = self._asker
        if asked.labels is None:
            return None
        self._labelled = accepted_types(asked.labels, self._models, alpha=asked.alpha, delta=asked.delta)
        return self._labelled.accepted

    @staticmethod
    def _numbered(one: Statement) -> list[Quote]:
        return [cited.quote.model_copy(update={"number": at}) for at, cited in enumerate(one.cited, 1)]

    # What is told.

    def _claims(self, read: list[Statement], wrong: list[Statement]) -> tuple[Claim, ...]:
        right = [one for one in read if passed(list(one.checks))]
        failed = [*(one for one in read if not passed(list(one.checks))), *sorted(wrong, key=lambda one: one.order)]
        status: ClaimStatus = "unverified" if self._definition.policy == "show" else "dropped"
        length = self._asked.length
        told = [self._claim(one, "verified" if at < length else "left_out") for at, one in enumerate(right)]
        told += [self._claim(one, status if at < length else "dropped") for at, one in enumerate(failed)]
        return tuple({one.id: one for one in reversed(told)}.values())[::-1]

    def _claim(self, one: Statement, status: ClaimStatus) -> Claim:
        words = {self._language: one.sentence}
        return Claim(
            id=one.id, kind="statement", fr=words.get("fr"), en=words.get("en"), documents=one.documents,
            quotes=tuple(self._numbered(one)), checks=one.checks, status=status,
        )  # fmt: skip

    def _coverage(self, claims: tuple[Claim, ...]) -> Coverage:
        shown = [one for one in claims if one.status == "verified"]
        there = {quote.place for one in shown for quote in one.quotes}
        cited = {name for one in shown for name in one.documents}
        key = None if self._asked.key is None else key_events(self._run, self._figures, self._asked.key, cited)
        return Coverage(
            documents=self._passages.rows.height + self._passages.suspicious, quoted=self._passages.quoted,
            cited=len(cited), suspicious=self._passages.suspicious, found=self._passages.found, key=key,
            groups_absent=tuple(one for one in self._passages.places() if one not in there),
        )  # fmt: skip


def _first_failed(one: Statement) -> str:
    return next(check.name for check in one.checks if not check.passed)
