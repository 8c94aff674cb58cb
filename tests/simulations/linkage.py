"""Persons with several reports: their true number, that of the links, and that of a reviewed sample with its interval.

.venv/bin/python tests/simulations/linkage.py 100          # all scenarios, 100 lists each
.venv/bin/python tests/simulations/linkage.py 100 twins    # one
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from glane.linkage.count import entity_count
from glane.linkage.link import LEFT, RIGHT, link
from glane.linkage.sample import SAME, sample_of, with_reviewed
from glane.settings.link import Comparison, LinkDefinition

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
    definition: LinkDefinition = PERSONS
    reviewed: int = 150


SCENARIOS: Mapping[str, Scenario] = {
    "clean": Scenario(typos=0.05, missing=0.05),
    "rare duplicates": Scenario(reports=(1, 2), twins=0.05),
    "hard": Scenario(typos=0.35, missing=0.25),
    "many reports": Scenario(persons=100, reports=(5, 20)),
    "twins": Scenario(twins=0.3, missing=0.2),
    "little compared": Scenario(definition=_FEW, twins=0.2, missing=0.2),
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
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Records of `num` persons, in no order, and the person of each (`id`, `person`)."""
    who = _who(num, rng, twins)
    rows = [
        (person, *(_written(value, rng, typos, missing) for value in values))
        for person, values in enumerate(who)
        for _ in range(rng.integers(*reports))
    ]
    ids = [f"d{at:07d}" for at in rng.permutation(10 * len(rows) + 10)[: len(rows)]]
    names = ["person", "first", "last", "birth", "department"]
    schema = {"person": pl.Int64, "first": pl.String, "last": pl.String, "birth": pl.Date, "department": pl.String}
    table = pl.DataFrame(rows, schema=schema, orient="row").with_columns(pl.Series("id", ids))
    return table.select("id", *names[1:]), table.select("id", "person")


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
        twins=scenario.twins,
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


def main() -> None:
    """Tell of each scenario how often the interval holds the number."""
    num, *chosen = sys.argv[1:]
    print("scenario | persons | found by links | by review | half-width | covered, of compared | covered, of all")
    for name in chosen or SCENARIOS:
        every = [simulated(SCENARIOS[name], seed) for seed in range(int(num))]
        ratio = {what: np.mean([getattr(one, what) / one.truth for one in every]) for what in ("links", "estimate")}
        wide = np.mean([(one.high - one.low) / 2 / one.truth for one in every])
        covered = np.mean([one.low <= one.compared <= one.high for one in every])
        of_all = np.mean([one.low <= one.truth <= one.high for one in every])
        truth = np.mean([one.truth for one in every])
        print(
            f"{name} | {truth:.0f} | {ratio['links']:.3f} | {ratio['estimate']:.3f} | {wide:.3f} | {covered:.2f} | {of_all:.2f}"
        )


if __name__ == "__main__":
    main()
