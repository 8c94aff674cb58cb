"""Tables under a rule of disclosure: how much is suppressed, and how narrow the interval of a suppressed small count is.

.venv/bin/python tests/simulations/disclosure.py tables 5     # single tables, 5 of each kind
.venv/bin/python tests/simulations/disclosure.py series 52    # a table by week and hospital, issued again each week
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from glane.disclosure.counts import Counts, Former
from glane.disclosure.layout import Layout, Span
from glane.disclosure.protect import Protected, protect
from glane.settings.disclosure import DisclosureRule

RULE = DisclosureRule(least=11)
HOSPITALS, LATE = 3, 0.05
KINDS: Mapping[str, tuple[tuple[int, ...], float]] = {
    "13 regions × 4 ages": ((13, 4), 30),
    "52 weeks × 5 hospitals": ((52, 5), 20),
    "12 months × 5 hospitals × 3 ages": ((12, 5, 3), 25),
}
Cells = NDArray[np.int64]


def with_margins(cells: Cells) -> NDArray[np.float64]:
    for axis in range(cells.ndim):
        cells = np.concatenate([cells, cells.sum(axis=axis, keepdims=True)], axis=axis)
    return cells.ravel().astype(np.float64)


def layout(*keys: tuple[Span, ...]) -> Layout:
    """All combinations of the spans of keys, in the order of `with_margins`."""
    rows = np.stack(np.meshgrid(*(np.arange(len(one)) for one in keys), indexing="ij"), axis=-1)
    spans = {f"k{place}": one for place, one in enumerate(keys)}
    return Layout(spans=spans, rows=rows.reshape(-1, len(keys)).astype(np.int64))


def labels(num: int) -> tuple[Span, ...]:
    names = [f"{one:03}" for one in range(num)]
    return (*(Span(labels=(name,)) for name in names), Span(labels=tuple(names)))


def weeks(num: int) -> tuple[Span, ...]:
    return (*(Span(ranges=((7 * one, 7 * one + 7),)) for one in range(num)), Span(ranges=((0, 7 * num),)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Of one table."""

    rows: int
    small: float  # share of rows
    suppressed: float
    narrowest: float

    @classmethod
    def of(cls, found: Protected) -> Outcome:
        return cls(
            rows=len(found.primary), small=float(found.primary.mean()), suppressed=found.share,
            narrowest=np.inf if found.narrowest is None else found.narrowest,
        )  # fmt: skip


def single(sizes: tuple[int, ...], mean: float, seed: int) -> Outcome:
    """One table, whose cells have counts that differ as those of hospitals and ages do."""
    rng = np.random.default_rng(seed)
    cases = rng.poisson(rng.gamma(2, mean / 2, sizes))
    others = rng.poisson(300, sizes)
    counts = Counts(cases=with_margins(cases), others=with_margins(others))
    return Outcome.of(protect(layout(*map(labels, sizes)), counts, RULE, exact=True))


def series(num: int, seed: int = 0) -> Iterator[tuple[Protected, bool]]:
    """A table of the weeks of a year up to now, issued each week; some reports come up to three weeks late."""
    rng = np.random.default_rng(seed)
    cases = rng.poisson(rng.gamma(3, 7, (1, HOSPITALS)), (num, HOSPITALS))
    others = rng.poisson(300, (num, HOSPITALS))
    issued: list[Former] = []
    for week in range(4, num + 1):
        last = slice(max(0, week - 4), week - 1)
        cases[last] += rng.random(cases[last].shape) < LATE
        of = layout(weeks(week), labels(HOSPITALS))
        counts = Counts(cases=with_margins(cases[:week]), others=with_margins(others[:week]))
        found = protect(of, counts, RULE, latest(issued))
        is_total = of.rows[:, 0] == week
        yield found, bool(found.suppressed[is_total].any())
        told = ~found.suppressed
        issued.append(
            Former(
                layout=of, cases=np.where(told, counts.cases, np.nan), others=np.where(told, counts.others, np.nan)
            )
        )  # fmt: skip


def latest(issued: list[Former]) -> list[Former]:
    """Each row once, as it was told last."""
    seen: set[object] = set()
    found = []
    for one in reversed(issued):
        names = one.layout.names()
        is_new = np.array([name not in seen for name in names])
        seen.update(name for name, told in zip(names, ~np.isnan(one.cases), strict=True) if told)
        is_last = is_new & ~np.isnan(one.cases)
        found.append(Former(layout=one.layout.chosen(is_last), cases=one.cases[is_last], others=one.others[is_last]))
    hidden = [name for one in issued for name in one.layout.names() if name not in seen]
    for one in issued:
        which = np.array([name in hidden for name in one.layout.names()])
        found.append(Former(layout=one.layout.chosen(which), cases=one.cases[which], others=one.others[which]))
        hidden = [name for name in hidden if name not in set(one.layout.names())]
    return [one for one in found if len(one.cases)]


def main(kind: str, num: int) -> None:
    if kind == "tables":
        for name, (sizes, mean) in KINDS.items():
            found = [single(sizes, mean, seed) for seed in range(num)]
            small, lost = (np.mean([getattr(one, what) for one in found]) for what in ("small", "suppressed"))
            print(
                f"{name}: {found[0].rows} rows, {small:.1%} too small, {lost:.1%} suppressed, narrowest interval "
                f"{min(one.narrowest for one in found):.0f}",
                flush=True,
            )
        return
    shares, narrowest, exposed, totals = [], np.inf, 0, 0
    for found, is_total_hidden in series(num):
        shares.append((float(found.primary.mean()), found.share))
        narrowest = min(narrowest, np.inf if found.narrowest is None else found.narrowest)
        exposed, totals = exposed + found.exposed, totals + is_total_hidden
    print(
        f"{len(shares)} tables: of the last, {shares[-1][0]:.1%} of rows too small, {shares[-1][1]:.1%} suppressed; of "
        f"all {np.mean([one for _, one in shares]):.1%}; totals of hospitals suppressed in {totals} tables; narrowest "
        f"interval at least {narrowest:.0f}; {exposed} small counts told by earlier tables",
    )


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
