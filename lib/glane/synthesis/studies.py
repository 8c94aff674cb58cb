"""Studies, of which there may be several reports, and which of their effects may be pooled: one of each at most."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from glane.synthesis.checks import Sign, signs_of
from glane.synthesis.effect import Effect, Measure
from glane.task.fold import fold

State = Literal["used", "sign", "no_numbers", "subgroup", "repeated", "overlapping", "left_out"]
StudyBy = Literal["link", "registration", "document"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A document that tells effects of a study."""

    id: str
    name: str | None  # what it calls the study
    registration: str | None
    year: int | None
    design: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A study, with the reports that are of it."""

    id: str  # that of its first report
    label: str
    name: str | None  # as its documents tell it
    by: StudyBy  # by what its reports were brought together
    reports: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """An effect with its study, the analysis that it is of, and whether it may be pooled."""

    effect: Effect
    study: Study
    analysis: str  # outcome and measure: what is pooled together
    pooled_as: Measure | None
    signs: tuple[Sign, ...]
    state: State
    is_decided: bool = False  # a person said whether it is used


def studies_of(reports: Sequence[Report], entities: Mapping[str, str]) -> dict[str, Study]:
    """The study of each report, by its id: by `entities` where it is linked, else by the registration number."""
    groups: dict[tuple[StudyBy, str], list[Report]] = defaultdict(list)
    for one in reports:
        groups[_key(one, entities)].append(one)
    found: dict[str, Study] = {}
    for (by, _), members in groups.items():
        name = next((one.name for one in members if one.name), None)
        study = Study(
            id=members[0].id, label=_label(members), name=name, by=by, reports=tuple(one.id for one in members)
        )  # fmt: skip
        found |= {one.id: study for one in members}
    return found


def _key(report: Report, entities: Mapping[str, str]) -> tuple[StudyBy, str]:
    if report.id in entities:
        return "link", entities[report.id]
    number = re.sub(r"[\W_]+", "", fold(report.registration or ""))
    is_number = any(one.isdigit() for one in number)  # "not registered" and "n/a" are none
    return ("registration", number) if is_number else ("document", report.id)


def _label(members: Sequence[Report]) -> str:
    named = [one.name for one in members if one.name]
    years = [str(one.year) for one in members if one.year]
    label = named[0] if named else members[0].id
    return label if not years or re.search(r"\b(19|20)\d\d\b", label) else f"{label} {min(years)}"


def rows_of(
    effects: Sequence[Effect],
    studies: Mapping[str, Study],
    *,
    counts_as: Measure,
    decisions: Mapping[tuple[str, int], bool],
) -> list[Row]:
    """What becomes of each effect. Of several of one study in one analysis none is chosen: a person does.

    A row with a sign is not used until a person says so, nor is a subgroup, which is a part of its study.
    """
    rows = _of_one_unit(_alike([_row(one, studies[one.report], counts_as) for one in effects]))
    places: dict[tuple[str, str], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if row.state in ("used", "sign"):
            places[row.study.id, row.analysis].append(at)
    for several in places.values():
        for at, state in _of_one_study([rows[at] for at in several]):
            rows[several[at]] = replace(rows[several[at]], state=state)
    return [_decided(row, decisions) for row in rows]


def _row(effect: Effect, study: Study, counts_as: Measure) -> Row:
    measure = effect.pooled_as(counts_as)
    signs = tuple(signs_of(effect))
    state: State = "used"
    if measure is None:
        state = "no_numbers"
    elif effect.subgroup:
        state = "subgroup"
    elif signs:
        state = "sign"
    analysis = f"{fold(effect.outcome).strip()} | {measure or '-'}"
    return Row(effect=effect, study=study, analysis=analysis, pooled_as=measure, signs=signs, state=state)


def _alike(rows: Sequence[Row]) -> list[Row]:
    """The rows; those that may be of one study, though nothing brought their documents together, have a sign.

    In one analysis, such rows have the same numbers to the last digit, or their documents call the study the same.
    """
    studies: dict[tuple[object, ...], set[str]] = defaultdict(set)
    for row in rows:
        for key in _likenesses(row):
            studies[key].add(row.study.id)
    is_alike = [any(len(studies[key]) > 1 for key in _likenesses(row)) for row in rows]
    return [_marked(row, "maybe_same_study") if one else row for row, one in zip(rows, is_alike, strict=True)]


def _of_one_unit(rows: Sequence[Row]) -> list[Row]:
    """The rows; differences of means have a sign where those of one analysis are told in several units."""
    units: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.state in ("used", "sign") and row.pooled_as == "MD" and (unit := row.effect.unit):
            units[row.analysis].add(re.sub(r"[\s.]+", "", unit.casefold()))
    return [
        _marked(row, "units_differ") if row.state in ("used", "sign") and len(units[row.analysis]) > 1 else row
        for row in rows
    ]


def _likenesses(row: Row) -> list[tuple[object, ...]]:
    if row.state not in ("used", "sign"):
        return []
    name = [] if row.study.name is None else [(row.analysis, "name", fold(row.study.name))]
    return [(row.analysis, *_numbers(row.effect)), *name]


def _marked(row: Row, sign: Sign) -> Row:
    return replace(row, signs=(*row.signs, sign), state="sign")


def _of_one_study(rows: Sequence[Row]) -> list[tuple[int, State]]:
    """What changes of the rows of one study and one analysis: repeats, and rows of which only one can be used."""
    seen: dict[tuple[object, ...], int] = {}
    repeats = [at for at, row in enumerate(rows) if seen.setdefault(_numbers(row.effect), at) != at]
    found: list[tuple[int, State]] = [(at, "repeated") for at in repeats]
    return found + ([] if len(seen) == 1 else [(at, "overlapping") for at in seen.values()])


def _numbers(effect: Effect) -> tuple[object, ...]:
    told = (effect.estimate, effect.low, effect.high) if effect.basis == "estimate" else ()
    return effect.basis, *told, effect.intervention, effect.comparator


def _decided(row: Row, decisions: Mapping[tuple[str, int], bool]) -> Row:
    said = decisions.get((row.effect.report, row.effect.item))
    if said is None or row.pooled_as is None:
        return row
    state: State = "used" if said else (row.state if row.state != "used" else "left_out")
    return replace(row, state=state, is_decided=True)


def twice(rows: Sequence[Row]) -> list[str]:
    """The labels of studies of which an analysis would use more than one row, by what people decided."""
    used: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row.state == "used":
            used[row.study.id, row.analysis].append(row)
    return sorted({several[0].study.label for several in used.values() if len(several) > 1})
