"""How many wrong translations the twins catch: a row for each program and each mistake.

  python tests/simulations/programs_caught.py 20        # twins of so many seeds

Each right translation must be equal on every twin. Of a wrong one, the share of twins on which it differs is told, and
the same on twins of typical rows alone: values by their shares and ranges, without the planted edge cases.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from glane.programs import twin
from glane.programs.bounds import with_bounds
from glane.programs.compare import compared
from glane.programs.description import Tables, tables_of
from glane.programs.inputs import expected_of
from glane.programs.twin import twins as made
from programs_cases import CASES, Case, by_r, text_of


def expected(cases: Sequence[Case], twins: Mapping[str, Mapping[str, pl.DataFrame]]) -> dict[str, pl.DataFrame]:
    """What the originals make of their twins, by the name of the case."""
    found = {}
    for case in cases:
        if case.sas is not None:
            rows = case.sas({name: one.to_dicts() for name, one in twins[case.name].items()})
            found[case.name] = pl.DataFrame(rows, infer_schema_length=None)
    of_r = [case for case in cases if case.language == "r"]
    if of_r:
        with tempfile.TemporaryDirectory() as folder:
            by_r(of_r, twins, Path(folder))
            for case in of_r:
                found[case.name] = expected_of(Path(folder) / case.name.replace(" ", "_") / "made")[case.output]
    return found


def _described(case: Case, *, is_typical: bool) -> Tables:
    """The tables of a case, with the bounds of its translations as a trial takes them."""
    described = tables_of({"tables": case.tables}, place="tables")
    return described if is_typical else with_bounds(described, map(text_of, (case.right, *case.wrong.values())))


def is_equal(body: str, case: Case, tables: Mapping[str, pl.DataFrame], right: pl.DataFrame) -> bool:
    """Whether a translation makes of the twins what its original makes."""
    namespace: dict[str, Any] = {}
    exec(text_of(body), namespace)
    returned = namespace["run"](dict(tables))[case.output]
    verdict = compared(case.output, right, returned, is_in_order=case.is_in_order, tolerance=1e-6).verdict
    return verdict in ("equal", "equal_except_order")


def trial(cases: Sequence[Case], *, seed: int, is_typical: bool = False) -> dict[tuple[str, str], bool]:
    """Whether each translation is equal on the twins of a seed, by program and mistake ("" of the right one)."""
    with _typical() if is_typical else nullcontext():
        twins = {case.name: made(_described(case, is_typical=is_typical), seed=seed) for case in cases}
    right = expected(cases, twins)
    return {
        (case.name, label): is_equal(body, case, twins[case.name], right[case.name])
        for case in cases
        for label, body in {"": case.right, **case.wrong}.items()
    }


def _typical() -> Any:
    """Twins of typical rows: drawn as ever, with their share of missing values, and nothing planted on purpose."""

    def plant(self: Any) -> None:
        for name, values in self._columns.items():
            for at, is_missing in enumerate(self._chance.random(len(values)) < self._missing(name)):
                values[at] = None if is_missing else values[at]

    def within(self: Any, one: Any, rows: int) -> list[Any]:
        low, high = one.ends()
        drawn = self._chance.normal((low + high) / 2, (high - low) / 8, rows).clip(low, high)
        return [twin.of_number(one.type, float(number), decimals=one.decimals) for number in drawn]

    return mock.patch.multiple(twin._Twin, _plant=plant, _within=within)


def main() -> None:
    """Print the table."""
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
    kinds = {
        is_typical: [trial(CASES, seed=seed, is_typical=is_typical) for seed in seeds] for is_typical in (False, True)
    }
    for case in CASES:
        for label in ("", *case.wrong):
            shares = [sum(not one[case.name, label] for one in kinds[kind]) for kind in (False, True)]
            print(f"| {case.language} | {case.name} | {label or '(right)'} | {shares[0]} | {shares[1]} |")


if __name__ == "__main__":
    main()
