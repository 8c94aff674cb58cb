"""One translated program judged: was it translated, may it be run, how did it end, and is what it returned right?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import polars as pl

from glane.programs.compare import TableVerdict, compared, overall
from glane.programs.limits import Limits
from glane.programs.process import Ran, run_confined
from glane.programs.vetting import vetted

Outcome = Literal[
    "equal", "equal_except_order", "different", "run", "failed", "tables_lack", "refused", "not_translated",
    "unanswered",
]  # fmt: skip
OUTCOMES: tuple[Outcome, ...] = (
    "equal", "equal_except_order", "different", "run", "failed", "tables_lack", "refused", "not_translated",
    "unanswered",
)  # fmt: skip
RAN: frozenset[Outcome] = frozenset({"equal", "equal_except_order", "different", "run"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A translation, and what its translator says of it."""

    id: str
    text: str | None  # None: there is none
    reason: str | None = None  # why not
    is_answered: bool = True
    language: str | None = None
    inputs: tuple[str, ...] = ()  # tables that it takes
    outputs: tuple[str, ...] = ()  # tables that it should return
    is_in_order: bool = False  # the order of rows counts
    unsupported: int | None = None  # parts of the original that are not translated
    approximate: int | None = None  # steps whose result is near that of the original, or absent


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What became of a program. It holds nothing of a real table: the tables are synthetic."""

    program: Program
    outcome: Outcome
    kind: str | None = None  # what was refused, how the run ended, or the exception
    line: int | None = None  # of the program
    lacking: tuple[str, ...] = ()  # tables that it takes and that there are not
    returned: tuple[str, ...] = ()
    not_returned: tuple[str, ...] = ()  # of those that its translator announced
    others: tuple[str, ...] = ()  # columns of a type that is not compared
    is_steady: bool = True
    tables: tuple[TableVerdict, ...] = ()


def judged(
    program: Program,
    twins: Mapping[str, pl.DataFrame],
    expected: Mapping[str, pl.DataFrame],
    *,
    limits: Limits,
    tolerance: float,
) -> Judged:
    """Run a program on twins of its tables, if it may be run, and compare what it returns with what is expected.

    Raises:
        ConfigError: if this machine cannot confine a program.
    """
    if program.text is None:
        return Judged(program=program, outcome="not_translated" if program.is_answered else "unanswered")
    if (refused := vetted(program.text)) is not None:
        return Judged(program=program, outcome="refused", kind=refused.fault, line=refused.line)
    lacking = tuple(name for name in program.inputs if name.lower() not in twins)
    if lacking:
        return Judged(program=program, outcome="tables_lack", lacking=lacking)
    ran = run_confined(program.text, twins, limits)
    if ran.ending != "ran":
        kind = ran.error if ran.ending == "failed" else ran.ending
        return Judged(program=program, outcome="failed", kind=kind, line=ran.line)
    return _looked_at(program, ran, expected, tolerance)


def _looked_at(program: Program, ran: Ran, expected: Mapping[str, pl.DataFrame], tolerance: float) -> Judged:
    by_name = {name.lower(): one for name, one in ran.tables.items()}
    verdicts = tuple(
        compared(name, one, by_name.get(name), is_in_order=program.is_in_order, tolerance=tolerance)
        for name, one in expected.items()
    )
    outcome: Outcome = "run"
    if verdicts:
        worst = overall(verdicts)
        outcome = "different" if worst == "not_returned" else worst
    return Judged(
        program=program, outcome=outcome, returned=tuple(by_name), others=ran.others, is_steady=ran.is_steady,
        not_returned=tuple(name for name in program.outputs if name.lower() not in by_name), tables=verdicts,
    )  # fmt: skip
