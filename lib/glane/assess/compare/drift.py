"""Drift: the answers to a small frozen set of documents now, compared with those when it was frozen.

A trend compares the answers of one month with those of another. It says something of the documents only if the same
documents still get the same answers; a new model, prompt or engine may change them, and the trend with them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import polars as pl

from glane.assess.compare.alarm_budget import corrected, excess_p, fewest_that_alarm
from glane.assess.compare.candidates import Candidate, shared_fields
from glane.assess.compare.comparison import compare_runs
from glane.assess.compare.known_positives import Answers, Positive, lost_positives
from glane.assess.compare.record import FieldAgreement, FieldDifference
from glane.assess.compare.sign_drift import sign_drift
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.pairing import pair
from glane.drift import (
    AlarmBudget,
    DifferingDocument,
    DriftFindings,
    FieldDrift,
    LostPositives,
    RightAnswers,
    SignDrift,
    TrendFigure,
    Verdict,
)
from glane.errors import ConfigError, DataError
from glane.task.fields import Field, ListField, ObjectField
from glane.types import Status

_SHOWN_FIELDS = 5
_NO_INTERVALS = Chance(samples=0)
_BUDGET = AlarmBudget()


def check_comparable(frozen: Mapping[str, Field], asked: Mapping[str, Field], *, folder: str) -> None:
    """Check that a task still has a field that the frozen set was asked for.

    Raises:
        ConfigError: if no field of the two can be compared.
    """
    sides = [_candidate("then", frozen), _candidate("now", asked)]
    try:
        shared_fields(sides, ())
    except DataError:
        raise ConfigError(
            f"task.sentinels: {folder} was frozen of another task: no field is in both with the same type. It was "
            f"asked {', '.join(frozen)}; this task asks {', '.join(asked)}. Give the sentinels of this task, freeze "
            "some of a run of it (glane sentinels run.dir=… out.dir=…), or set task.sentinels=null."
        ) from None


def measure_drift(
    then: Candidate,
    now: Candidate,
    *,
    tolerance: float,
    changes: Mapping[str, Sequence[str]],
    gold: pl.DataFrame | None = None,
    chance: Chance = _NO_INTERVALS,
    budget: AlarmBudget = _BUDGET,
) -> DriftFindings:
    """Compare the answers of now with those of then, field by field, by the task's rules of comparison.

    A field has drifted if more documents differ than a share of `tolerance` explains (exact binomial test), and a sign
    likewise; or if more of the documents that had one kind of yes lost it (`glane.assess.compare.known_positives`).
    With right answers a field has drifted, too, if the documents that only one of the two has right are unevenly
    divided (McNemar's exact test, 1947). All these tests are one family, corrected after Holm, at the level that
    `budget` leaves to one run: see `glane.assess.compare.alarm_budget`.

    Args:
        then: The rows of then; the rules of comparison are those of its fields.
        now: The rows of now, whatever their status. One that is not usable has no values.
        tolerance: The share of documents that may differ without being drift: greedy answers are not stable to the
            last token between compositions of batches.
        changes: What changed in how documents are answered, by kind.
        gold: Right answers; `then` and `now` are then held against them as well.
        chance: Of the intervals of F1 differences.
        budget: How often all runs together may alarm without cause.
    """
    agreement = compare_runs([then, now], chance=_NO_INTERVALS).summary
    (pair,), num = agreement.comparisons, agreement.documents.compared
    shared = shared_fields([then, now], ())
    rows = [side.rows.collect() for side in (then, now)]
    signs, whose_signs_differ = sign_drift(
        *rows, id_column=then.id_column, fields=list(shared), p_of=lambda differing: excess_p(differing, num, tolerance)
    )
    quality = {} if gold is None else _quality(then, now, gold, chance)
    family = {_Test("field", path): excess_p(num - found.equal, num, tolerance) for path, found in pair.fields.items()}
    family |= {_Test("gold", path): entry.p for path, entry in quality.items()}
    family |= {_Test("sign", one.sign): one.p or 0.0 for one in signs}
    lost = _lost(shared, then, now, gold, tolerance)
    family |= {_Test("positives", kind.field, kind.what): one.p for kind, one in lost.items()}
    tests = _Tests(family, budget)
    fields = tuple(
        _field_drift(
            path,
            found,
            num,
            _figures(_leaf(shared, path), path, rows),
            quality.get(path),
            tuple(one for kind, one in lost.items() if kind.field == path),
            tests,
        )
        for path, found in pair.fields.items()
    )
    return DriftFindings(
        documents=num,
        equal=pair.equal,
        not_usable=int((rows[1]["status"].cast(pl.String) != Status.OK).sum()),
        tolerance=tolerance,
        fewest_that_drift=fewest_that_alarm(num, tolerance, len(family), budget),
        changed={kind: tuple(lines) for kind, lines in changes.items()},
        drift=tuple(one.field for one in fields if one.verdict == "drift"),
        fields=fields,
        fields_not_compared=agreement.fields_left_out,
        documents_that_differ=tuple(
            DifferingDocument(id=entry.id, fields=entry.fields) for entry in agreement.documents_that_differ
        ),
        signs=tuple(_judged(one, tests) for one in signs),
        documents_whose_signs_differ=whose_signs_differ,
        budget=budget,
        tests=len(family),
    )


class _Test(NamedTuple):
    """One test of the family."""

    of: Literal["field", "gold", "sign", "positives"]
    name: str
    what: str = ""


class _Tests:
    """The family of tests of one run: p-values, corrected ones, and what they are at the level of one run."""

    def __init__(self, family: Mapping[_Test, float], budget: AlarmBudget) -> None:
        self.p, self.holm, self._level = family, corrected(family), budget.level

    def verdict(self, *tests: _Test) -> Verdict:
        """Whether any of these tests alarms; one that was not made does not."""
        return "drift" if any(self.holm.get(test, 1.0) <= self._level for test in tests) else "same"


def _field_drift(
    path: str,
    found: FieldAgreement,
    num_documents: int,
    figures: tuple[TrendFigure, ...],
    gold: RightAnswers | None,
    lost: tuple[LostPositives, ...],
    tests: _Tests,
) -> FieldDrift:
    of_field, of_gold = _Test("field", path), _Test("gold", path)
    of_lost = [_Test("positives", path, one.what) for one in lost]
    return FieldDrift(
        field=path,
        verdict=tests.verdict(of_field, of_gold, *of_lost),
        documents=num_documents,
        equal=found.equal,
        equal_share=found.equal_share,
        equal_ci95=found.equal_ci95 or (None, None),
        kappa=found.kappa,
        rule=found.rule,
        figures=figures,
        gold=None if gold is None else gold.model_copy(update={"p_holm": tests.holm[of_gold]}),
        p=tests.p[of_field],
        p_holm=tests.holm[of_field],
        positives=tuple(
            one.model_copy(update={"verdict": tests.verdict(test), "p_holm": tests.holm[test]})
            for one, test in zip(lost, of_lost, strict=True)
        ),
    )


def _judged(found: SignDrift, tests: _Tests) -> SignDrift:
    test = _Test("sign", found.sign)
    return found.model_copy(update={"verdict": tests.verdict(test), "p_holm": tests.holm[test]})


def _lost(
    fields: Mapping[str, Field], then: Candidate, now: Candidate, gold: pl.DataFrame | None, tolerance: float
) -> dict[Positive, LostPositives]:
    id_column, right = then.id_column, None
    if gold is not None:
        paired = pair(fields, then.rows, gold, id_column=id_column)
        right = Answers(paired.fields, paired.gold.lazy())
    before, after = (Answers(fields, side.rows) for side in (then, now))
    return lost_positives(before, after, right, id_column=id_column, tolerance=tolerance)


def drift_line(found: DriftFindings) -> str:
    """What was found, in one line, without text of a document."""
    line = f"{found.documents} documents, {found.equal} same"
    if found.not_usable:
        line += f", {found.not_usable} not usable"
    entries = {one.field: one for one in found.fields}
    level = (found.budget or _BUDGET).level
    named = [_told(entries[name], level) for name in found.drift[:_SHOWN_FIELDS]]
    if (more := len(found.drift) - len(named)) > 0:
        named.append(f"{more} more")
    named += [f"{one.sign} {one.then} -> {one.now} documents" for one in found.signs if one.verdict == "drift"]
    what = f"drift: {', '.join(named)}" if named else "no drift"
    if found.documents_whose_signs_differ:
        what += f"; {len(found.documents_whose_signs_differ)} with other signs"
    changed = ", ".join(found.changed)
    if changed:
        return f"{line}; {what} ({changed} changed)"
    if named:
        return f"{line}; {what} (neither model, engine nor task changed: look at hardware, threads and batch sizes)"
    return f"{line}; {what}"


def _candidate(name: str, fields: Mapping[str, Field]) -> Candidate:
    return Candidate(name=name, fields=fields, rows=pl.LazyFrame(), id_column="")


def _quality(then: Candidate, now: Candidate, gold: pl.DataFrame, chance: Chance) -> dict[str, RightAnswers]:
    """By field: F1 against right answers then and now, and who is right where only one is."""
    found = compare_runs([then, now], gold, chance=chance).summary
    before, after = (run.fields or {} for run in found.runs)
    return {
        path: RightAnswers(
            f1_then=before[path].f1,
            f1_now=after[path].f1,
            f1_difference_ci95=entry.f1_difference_ci95,
            only_then_right=entry.only_first_right,
            only_now_right=entry.only_other_right,
            p=entry.p,
            p_holm=entry.p_holm,
        )
        for path, entry in found.comparisons[0].fields.items()
        if isinstance(entry, FieldDifference)
    }


def _leaf(fields: Mapping[str, Field], path: str) -> Field | None:
    """The field at a dotted path; None inside the items of a list, of which a document has several."""
    name, _, rest = path.partition(".")
    field = fields[name]
    if not rest:
        return field
    return _leaf(field.fields, rest) if isinstance(field, ObjectField) else None


def _figures(field: Field | None, path: str, rows: Sequence[pl.DataFrame]) -> tuple[TrendFigure, ...]:
    """What a trend would show of a field, then and now; the one that moved most comes first.

    Shares are of all documents: one without value counts among them. The mean is of those that have a value.
    """
    if field is None:
        return ()
    name, *inner = path.split(".")
    column = pl.col(name)
    for member in inner:
        column = column.struct.field(member)
    if isinstance(field, ListField):
        wanted = {"items per document": column.list.len().fill_null(0).mean()}
    elif isinstance(field, ObjectField):
        wanted = {"share with a value": column.is_not_null().mean()}
    else:
        wanted = field.trends(column)
    sides = [side.select(**wanted).row(0, named=True) for side in rows]
    figures = [TrendFigure(what=what, then=sides[0][what], now=sides[1][what]) for what in wanted]
    if not isinstance(field, ListField | ObjectField) and field.categories:
        figures.sort(key=lambda figure: -abs((figure.now or 0.0) - (figure.then or 0.0)))
    return tuple(figures)


def _told(entry: FieldDrift, level: float) -> str:
    """A field that drifted: how its first figure moved, and where it did not, how many documents still agree.

    Where all documents together are no alarm at this level, it is told which yes was lost.
    """
    lost = [one for one in entry.positives if one.verdict == "drift"]
    if lost and (entry.p_holm is None or entry.p_holm > level):
        worst = min(lost, key=lambda one: one.p)
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        return f"{entry.field} lost {worst.lost} of {worst.known} known ({worst.what}){more}"
    if entry.figures:
        first = entry.figures[0]
        then, now = _number(first.then), _number(first.now)
        if then != now:
            what = "" if first.what == "share of true" else f" ({first.what.removeprefix('share of ')})"
            return f"{entry.field} {then} -> {now}{what}"
    return f"{entry.field} same in {entry.equal} of {entry.documents}"


def _number(value: float | None) -> str:
    return "none" if value is None or np.isnan(value) else f"{value:.2f}"
