"""Persons with several reports: their true number, that of the links, and that of a reviewed sample with its interval.

.venv/bin/python tests/simulations/linkage.py 100          # all scenarios, 100 lists each
.venv/bin/python tests/simulations/linkage.py 100 twins    # one
.venv/bin/python tests/simulations/linkage.py 40 cases     # persons who are a case, with errors of answers, too
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from glane.assess.estimate.question import WEIGHT, Question
from glane.linkage.count import entity_count
from glane.linkage.link import LEFT, RIGHT, link
from glane.linkage.sample import SAME, entity_sample, sample_of, with_reviewed
from glane.settings.link import Comparison, LinkDefinition
from glane.settings.table import TableDefinition, TimeDimension
from glane.surveillance.dimensions import located
from glane.surveillance.linked import Links, truth_of_entities
from glane.surveillance.persons import persons
from glane.surveillance.table import surveillance_table

_FIRST = [one + other for one in ("ma", "je", "an", "lu", "pi", "ca", "so", "no", "el", "ro") for other in
          ("rie", "anne", "dré", "cas", "erre", "mille", "phie", "émie", "odie", "bert")]  # fmt: skip
_LAST = [one + other + last for one in ("du", "le", "mar", "ber", "rou", "gar") for other in
         ("pont", "fèvre", "tin", "nard", "ssel", "nier") for last in ("", "eau", "ot", "in", "ard", "elle", "ier")]  # fmt: skip
PERSONS = LinkDefinition(
    name="persons",
    block=(("birth",), ("first", "last"), ("last:3", "department"), ("first:3", "department"), ("last:3", "birth:4")),
    compare=(
        Comparison(column="first", how="text"), Comparison(column="last", how="text"),
        Comparison(column="birth", how="date"), Comparison(column="department"),
    ),
)  # fmt: skip
_FEW = PERSONS.model_copy(update={"block": (("birth",),), "compare": PERSONS.compare[:2]})


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How many reports persons have, and how they are written."""

    persons: int = 600
    reports: tuple[int, int] = (1, 4)  # from, and below
    typos: float = 0.15
    missing: float = 0.1
    twins: float = 0.0  # of persons who have one: same last name, birth and department
    otherwise: float = 0.0  # of the records: of a source that exchanges both names and writes 1 January of the year
    definition: LinkDefinition = PERSONS
    reviewed: int = 150


SCENARIOS: Mapping[str, Scenario] = {
    "clean": Scenario(typos=0.05, missing=0.05),
    "rare duplicates": Scenario(reports=(1, 2), twins=0.05),
    "hard": Scenario(typos=0.35, missing=0.25),
    "many reports": Scenario(persons=100, reports=(5, 20)),
    "twins": Scenario(twins=0.3, missing=0.2),
    "little compared": Scenario(definition=_FEW, twins=0.2, missing=0.2),
    "one source writes otherwise": Scenario(typos=0.05, missing=0.05, otherwise=0.3),
    "few reviewed": Scenario(twins=0.2, missing=0.2, reviewed=50),
}


def people(
    num: int,
    rng: np.random.Generator,
    *,
    reports: tuple[int, int] = (1, 4),
    typos: float = 0.15,
    missing: float = 0.1,
    twins: float = 0.0,
    otherwise: float = 0.0,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of `num` persons, in no order, and the person of each (`id`, `person`)."""
    who = _who(num, rng, twins)
    rows = [
        (person, *(_written(value, rng, typos, missing) for value in values))
        for person, values in enumerate(who)
        for _ in range(rng.integers(*reports))
    ]
    if otherwise:
        rows = [_of_other_source(row) if rng.random() < otherwise else row for row in rows]
    ids = [f"d{at:07d}" for at in rng.permutation(10 * len(rows) + 10)[: len(rows)]]
    names = ["person", "first", "last", "birth", "department"]
    schema = {"person": pl.Int64, "first": pl.String, "last": pl.String, "birth": pl.Date, "department": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.Series("id", ids))
    return table.select("id", *names[1:]), table.select("id", "person")


def _of_other_source(row: tuple[Any, ...]) -> tuple[Any, ...]:
    person, first, last, birth, department = row
    return person, last, first, None if birth is None else birth.replace(month=1, day=1), department


def _who(num: int, rng: np.random.Generator, twins: float) -> list[tuple[str, str, datetime.date, str]]:
    found: list[tuple[str, str, datetime.date, str]] = []
    while len(found) < num:
        first, last = (str(rng.choice(names)) for names in (_FIRST, _LAST))
        born = datetime.date(1930, 1, 1) + datetime.timedelta(days=int(rng.integers(0, 32_000)))
        found.append((first, last, born, f"{rng.integers(1, 96):02d}"))
        if rng.random() < twins and len(found) < num:
            found.append((str(rng.choice([one for one in _FIRST if one != first])), *found[-1][1:]))
    return found


def _written(
    value: str | datetime.date, rng: np.random.Generator, typos: float, missing: float
) -> str | datetime.date | None:
    """A value as a report has it: missing, with two letters exchanged or one lost, or its day and month exchanged."""
    if rng.random() < missing:
        return None
    if isinstance(value, datetime.date):
        is_swapped = rng.random() < typos / 3 and value.day <= 12
        return datetime.date(value.year, value.day, value.month) if is_swapped else value
    if value.isdigit() or rng.random() >= typos:
        return value.upper() if rng.random() < 0.2 else value
    at = int(rng.integers(0, len(value) - 1))
    exchanged = value[:at] + value[at + 1] + value[at] + value[at + 2 :]
    return exchanged if rng.random() < 0.5 else value[:at] + value[at + 1 :]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Of one list."""

    truth: int
    compared: int  # that could be found: what no rule brought together counts twice
    links: int
    estimate: float
    low: float
    high: float


def simulated(scenario: Scenario, seed: int) -> Found:
    """One list, its links, and the review of a sample of decisions."""
    rng = np.random.default_rng(seed)
    table, truth = people(
        scenario.persons, rng, reports=scenario.reports, typos=scenario.typos, missing=scenario.missing,
        twins=scenario.twins, otherwise=scenario.otherwise,
    )  # fmt: skip
    found = link(table, scenario.definition, ["id"])
    read = reviewed(sample_of(found.decisions, scenario.reviewed, seed=seed), truth)
    count = entity_count(with_reviewed(found.decisions, read), records=table.height, level=0.95, seed=seed)
    assert count is not None
    whole = reviewed(found.decisions.with_columns(pl.lit(None, pl.Boolean).alias(SAME)), truth)
    return Found(
        truth=truth["person"].n_unique(), compared=table.height - int(whole[SAME].sum()), links=found.num_entities,
        estimate=count.estimate, low=count.low, high=count.high,
    )  # fmt: skip


def reviewed(decisions: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """Decisions with what a reader who knows the truth says of them."""
    person = dict(truth.iter_rows())
    same = [person[one] == person[other] for one, other in decisions.select(LEFT, RIGHT).iter_rows()]
    return decisions.with_columns(pl.Series(SAME, same, pl.Boolean))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many persons have a note that is a case, and how well the model tells it."""

    share: float = 0.2  # of persons
    sensitivity: float = 0.9
    false_positive: float = 0.02
    reviewed: int = 150  # persons, all notes of each
    num_reviewed_pairs: int = 150
    twins: float = 0.0
    missing: float = 0.05
    is_of_person: bool = False  # the model errs alike in all notes of a person


ANSWERS: Mapping[str, Answers] = {
    "clean links": Answers(),
    "rare (2 %)": Answers(share=0.02),
    "poor answers": Answers(sensitivity=0.7, false_positive=0.05),
    "over-linked": Answers(twins=0.4),
    "under-linked": Answers(missing=0.2),
    "errors of a whole person": Answers(is_of_person=True),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """Persons who are a case, of one list."""

    truth: int
    compared: int  # that would be counted, were every decision and answer right
    raw: int  # by the model and the links
    estimate: float
    low: float
    high: float


def simulated_cases(scenario: Answers, seed: int) -> Cases:
    """One list of notes: about half of the notes of a person who is a case say so."""
    rng = np.random.default_rng(seed)
    table, truth = people(600, rng, missing=scenario.missing, twins=scenario.twins)
    found = link(table, PERSONS, ["id"])
    person = truth["person"].to_numpy()
    ill = rng.random(600) < scenario.share
    is_case = ill[person] & (rng.random(len(person)) < 0.6)
    luck = rng.random(600)[person] if scenario.is_of_person else rng.random(len(person))
    said = luck < np.where(is_case, scenario.sensitivity, scenario.false_positive)
    read = reviewed(sample_of(found.decisions, scenario.num_reviewed_pairs, seed=seed), truth)
    decisions = with_reviewed(found.decisions, read)
    links = Links(records=found.links.select("id", "entity"), decisions=decisions, seed=seed)
    rows = truth.select("id").with_columns(pl.Series("ill", said), pl.Series("day", _days(len(person), rng)))
    rows = rows.join(links.records, on="id", maintain_order="left")
    gold = rows.select("id", pl.Series("ill", is_case), pl.lit(1.0).alias(WEIGHT))
    chosen = entity_sample(found.links, scenario.reviewed, seed=seed)
    told = _table(rows, gold.join(chosen, on="id", how="semi"), links)
    known = Links(records=links.records, decisions=_all_reviewed(found.decisions, truth), seed=seed)
    right = _table(rows.with_columns(gold["ill"]), gold, known)
    return Cases(
        truth=len(np.unique(person[is_case])), compared=round(right["estimate"]), raw=told["model"],
        estimate=told["estimate"], low=told["low"], high=told["high"],
    )  # fmt: skip


def _days(num: int, rng: np.random.Generator) -> list[datetime.date]:
    return [datetime.date(2026, 1, 1) + datetime.timedelta(days=int(day)) for day in rng.integers(0, 300, num)]


def _all_reviewed(decisions: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    return reviewed(decisions.with_columns(pl.lit(None, pl.Boolean).alias(SAME)), truth)


def _table(rows: pl.DataFrame, gold: pl.DataFrame, links: Links) -> dict[str, Any]:
    """The total of a table of persons, as `glane aggregate` makes it."""
    question = Question(what="count", field="ill", population="run")
    definition = TableDefinition(name="t", unit="person", links="l", field="ill", time=TimeDimension(column="day"))
    every = located(rows, rows.head(0), definition)
    each = persons(every.usable, every.failed, ["entity"], day="day", question=question)
    truth = truth_of_entities(gold, every.usable, each, question, id_column="id", day="day")
    made = surveillance_table(
        replace(every, usable=each.usable, failed=each.failed), definition, question, id_column="id", reviewed=truth,
        links=links, cases=rows.filter("ill")["id"],
    )  # fmt: skip
    return made.rows.filter(pl.col("margin") == "all").row(0, named=True)


def tell(name: str, raw: str, every: Sequence[Any]) -> None:
    """Tell of the lists of a scenario how often the interval holds the number; `raw` is the figure without a review."""
    ratio = {what: np.mean([getattr(one, what) / one.truth for one in every]) for what in (raw, "estimate")}
    wide = np.mean([(one.high - one.low) / 2 / one.truth for one in every])
    covered = np.mean([one.low <= one.compared <= one.high for one in every])
    of_all = np.mean([one.low <= one.truth <= one.high for one in every])
    truth = np.mean([one.truth for one in every])
    print(
        f"{name} | {truth:.0f} | {ratio[raw]:.3f} | {ratio['estimate']:.3f} | {wide:.3f} | {covered:.2f} | {of_all:.2f}"
    )


def main() -> None:
    """Tell of each scenario how often the interval holds the number of persons, or of those who are a case."""
    num, *chosen = sys.argv[1:]
    if chosen == ["cases"]:
        print("scenario | cases | raw | corrected | half-width | covered, of compared | covered, of all")
        for name, scenario in ANSWERS.items():
            tell(name, "raw", [simulated_cases(scenario, seed) for seed in range(int(num))])
        return
    print("scenario | persons | found by links | by review | half-width | covered, of compared | covered, of all")
    for name in chosen or SCENARIOS:
        tell(name, "links", [simulated(SCENARIOS[name], seed) for seed in range(int(num))])


if __name__ == "__main__":
    main()
