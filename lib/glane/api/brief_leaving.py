"""The figures of a brief as they may leave: those that protected tables have told, made of what these told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from glane.api.brief_figures import Figures, figures_of
from glane.api.brief_rows import Facts
from glane.api.issued import Issued, check_same
from glane.api.sources import TableLike
from glane.assess.proportion import Interval
from glane.briefs.ids import figure_id
from glane.briefs.leaving import without_raw
from glane.briefs.record import BriefDisclosed, Claim, Days, Measure, Value
from glane.briefs.sentences import sentence
from glane.briefs.values import Corrected, Counts, value_of
from glane.conditions import canonical
from glane.errors import ConfigError
from glane.extraction.results import Run
from glane.settings.brief_definition import BriefDefinition
from glane.surveillance.issued import Cell, ProtectedTable
from glane.surveillance.part import process_limits

_SETTING = "brief.disclosure.tables"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFigures:
    """The figures that a brief tells, and by which rule; without one, all of them."""

    figures: Figures
    disclosed: BriefDisclosed | None = None
    documents: int | None = None  # of the brief, where a table tells how many


def told_figures(run: Run, definition: BriefDefinition, gold: TableLike | None) -> ToldFigures:
    """The figures of a brief; with a rule of disclosure, those that its tables have told.

    Raises:
        GlaneError: if the brief does not fit the run or the review, or a figure is in no table.
    """
    figures = figures_of(run, definition, gold)
    if definition.disclosure is None:
        return ToldFigures(figures=figures)
    _refuse_same(definition, figures.facts)
    leaving = _Leaving(run, definition, is_corrected=gold is not None)
    found = [leaving.claim(one) for one in figures.claims]
    claims = tuple(one for one in found if one is not None)
    _refuse_differences(claims, figures.facts, leaving.issued.least)
    whole = [one.value for one in claims if one.value is not None and one.measure is not None and not one.measure.by]
    disclosed = BriefDisclosed(
        least=leaving.issued.least, tables=tuple(str(one.folder) for one in leaving.issued.tables),
        digests=leaving.issued.digests(), is_hidden=None in found,
    )  # fmt: skip
    documents = whole[0].documents if whole else None
    return ToldFigures(figures=replace(figures, claims=claims), disclosed=disclosed, documents=documents)


def _refuse_same(definition: BriefDefinition, facts: Facts) -> None:
    """Refuse two conditions of the same documents, or of all others: what one's table hides, the other's may tell."""
    cases = {canonical(one.case, place="brief.measures"): one for one in definition.measures if one.case is not None}
    for one, other in combinations(cases.values(), 2):
        is_case = facts.holds(one.case)
        if is_case.any() and any(is_case.equals(facts.holds(told)) for told in (other.case, f"NOT ({other.case})")):
            raise ConfigError(
                f"brief.measures: {one.name} and {other.name} count the same documents by two conditions, or one of "
                "them those that the other does not, and no register protects such tables together. Leave one of them "
                "out, or write one condition."
            )


def _refuse_differences(claims: Sequence[Claim], facts: Facts, least: int) -> None:
    """Refuse figures of one cell by two conditions whose difference, or what both leave of it, is a small count.

    Tables of two conditions are protected each by itself. Of cases within other cases the difference is a count, and
    of cases that exclude each other what is left of all documents is one.
    """
    for one, other in combinations(claims, 2):
        first, second = one.measure, other.measure
        if first is None or second is None or first.among != second.among or first.case == second.case:
            continue
        assert one.value is not None
        assert other.value is not None
        is_first, is_second = facts.holds(first.case), facts.holds(second.case)
        counted, both = (one.value.counted, other.value.counted), int((is_first & is_second).sum())
        small = range(1, least)
        is_within = both == min(int(is_first.sum()), int(is_second.sum()))
        if (is_within and abs(counted[0] - counted[1]) in small) or (
            not both and one.value.documents - sum(counted) in small
        ):
            raise ConfigError(
                f"brief.measures: {first.name} and {second.name} tell a count below {least} together, by their "
                "difference or by what both leave, which no table of one of them protects. Leave one of them out."
            )


class _Leaving:
    """Makes claims of cells."""

    def __init__(self, run: Run, definition: BriefDefinition, *, is_corrected: bool) -> None:
        assert definition.disclosure is not None
        self._definition, self._is_corrected = definition, is_corrected and definition.unit == "document"
        self._fingerprint = run.description().fingerprint_digest
        self.issued = Issued(definition.disclosure.tables, fingerprint=self._fingerprint, setting=_SETTING)

    def claim(self, claim: Claim) -> Claim | None:
        """The claim as it may leave; None if a cell of it is suppressed."""
        measure, raw = claim.measure, claim.value
        assert measure is not None
        assert raw is not None
        place, is_ratio = f"brief.measures.{measure.name}", measure.kind == "ratio"
        if is_ratio and (raw.is_incomplete or raw.is_mixed):
            raise ConfigError(
                f"{place}: this change is not judged, since days have no documents or sources differ, and no table "
                "tells that. Leave the measure out of a brief that leaves."
            )
        now, table = self._cell(measure, measure.period, place)
        before, _ = self._cell(measure, measure.before, place) if is_ratio else (None, table)
        if not now.is_told or (before is not None and not before.is_told):
            return None
        check_same(now, counted=raw.counted, documents=raw.documents, place=place)
        if before is not None:
            check_same(before, counted=raw.before or 0, documents=raw.documents_before or 0, place=place)
        value = without_raw(
            _value(measure, now, before, None if is_ratio or not self._is_corrected else _reviewed(table, place)),
            is_incomplete=now.is_incomplete, is_drifted=raw.is_drifted,
        )  # fmt: skip
        alpha = self._definition.alpha
        return Claim(
            id=figure_id(self._fingerprint, measure, value), kind="figure", measure=measure, value=value,
            fr=sentence(measure, value, "fr", alpha=alpha), en=sentence(measure, value, "en", alpha=alpha),
            status="verified",
        )  # fmt: skip

    def _cell(self, measure: Measure, days: Days | None, place: str) -> tuple[Cell, ProtectedTable]:
        definition = self._definition
        case = next(one.case for one in definition.measures if one.name == measure.name)
        assert case is not None  # medians do not leave
        values = {} if measure.by is None else {measure.by: measure.group or ""}
        if definition.place is not None:
            values[definition.place.column] = definition.place.value
        spans = {}
        if days is not None and definition.period is not None:
            spans[definition.period.column] = (days.first, days.last)
        return self.issued.cell(
            case, values, spans, unit=(definition.unit, definition.person), level=definition.level,
            is_corrected=self._is_corrected, place=place,
        )  # fmt: skip


def _reviewed(table: ProtectedTable, place: str) -> int:
    """How many reviewed documents correct a table.

    Raises:
        ConfigError: if the table does not tell that.
    """
    if table.summary.reviewed is None:
        raise ConfigError(
            f"{place}: {table.folder} hides its total, and so how many documents were reviewed. Leave gold out, of the "
            "table as well, or choose longer periods."
        )
    return table.summary.reviewed


def _value(measure: Measure, now: Cell, before: Cell | None, reviewed: int | None) -> Value:
    corrected = None
    if reviewed is not None:
        low, high = _limits(measure, now)
        corrected = Corrected(estimate=now.estimate, low=low, high=high, reviewed=reviewed)
    return value_of(
        measure, Counts(cases=now.counted, whole=now.documents), corrected=corrected,
        before=None if before is None else Counts(cases=before.counted, whole=before.documents),
    )  # fmt: skip


def _limits(measure: Measure, cell: Cell) -> tuple[float | None, float | None]:
    """The limits of a corrected count; those of a rate hold the chance that cases occur by, too."""
    if measure.kind != "rate" or cell.estimate is None or cell.low is None or cell.high is None:
        return cell.low, cell.high
    return process_limits(Interval(estimate=cell.estimate, low=cell.low, high=cell.high), level=measure.level)
