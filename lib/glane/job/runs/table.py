"""The list of runs on a terminal."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from glane.assess.right_answers import right_answers_text
from glane.ingestion.summary import WORK
from glane.job.runs.records import Quality, RunEntry
from glane.job.status_files import FILES
from glane.languages import in_language
from glane.types import Toy

_TOYS: Mapping[Toy, Callable[[], str]] = {
    Toy.RANDOM: lambda: in_language("TOY (random): no results"),
    Toy.DEMONSTRATION: lambda: in_language("TOY (demonstration): no results"),
}
_WIDTH = 400  # lines are not broken: a terminal does that, and a pipe must not


def runs_text(entries: Sequence[RunEntry]) -> str:
    """A line for each run, and below, why some cannot be read."""
    if not entries:
        return "no run there"
    table = Table(*map(in_language, ("run", "task", "model", "state")), box=None, pad_edge=False)
    for name in map(in_language, ("rows", "OK", "leaks", "GPU hours", "kWh", "F1")):
        table.add_column(name, justify="right")
    for name in map(in_language, ("95 % interval", "documents")):
        table.add_column(name, justify="right")
    table.add_column(in_language("right answers"))
    table.add_column("")
    for one in entries:
        rows = str(one.rows) if one.done == one.rows else f"{one.done}/{one.rows}"
        figures = [rows, str(one.ok), _number(one.leaks, 0), _number(one.gpu_hours, 2), _number(one.energy_kwh, 3)]
        toy = "" if one.toy is None else _TOYS[one.toy]()
        table.add_row(
            *map(
                Text,
                [str(one.path), _task(one), one.model, in_language(one.state), *figures, *_quality(one.quality), toy],
            )
        )
    stream = io.StringIO()
    Console(file=stream, width=_WIDTH, highlight=False, soft_wrap=True).print(table)
    lines = [line.rstrip() for line in stream.getvalue().splitlines()]
    return "\n".join([*lines, *(f"{one.path}: {one.error}" for one in entries if one.error)])


def _task(entry: RunEntry) -> str:
    return in_language(FILES) if entry.work == WORK else entry.task


def _quality(found: Quality | None) -> list[str]:
    """F1, and what it says: its interval, on how many documents, and where the right answers are from."""
    if found is None:
        return ["-"] * 4
    between = "-" if found.ci95 is None else "[{:.3f}, {:.3f}]".format(*found.ci95)
    origin = in_language("not told") if found.right_answers is None else right_answers_text(found.right_answers, "en")
    return [_number(found.f1, 3), between, _number(found.documents, 0), in_language(origin)]


def _number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:.{digits}f}"
