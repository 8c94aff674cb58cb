"""Tables that may leave, read back: what else leaves of a run tells no more than they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path

from glane.assess.files import read_table
from glane.errors import ConfigError, DataError, RunError
from glane.records import read_record
from glane.run.written import digest_of, read_written
from glane.surveillance.issued import Cell, ProtectedTable, Span, check_protected
from glane.surveillance.record import TableSummary

_ROWS, _SUMMARY = "table.parquet", "table.json"


class Issued:
    """Protected tables of one run, in which cells are looked up."""

    def __init__(self, folders: Sequence[str], *, fingerprint: str, setting: str) -> None:
        """Read the tables.

        Args:
            folders: The `out.dir` of `glane aggregate` for each.
            fingerprint: Of the run: a table of another one is refused.
            setting: That names the folders.

        Raises:
            ConfigError: for a table without a rule, of another run, or not protected together with another one.
            RunError: if there is no table, or one of its files was changed.
        """
        self._setting = setting
        self.tables = tuple(_read(Path(one).expanduser(), setting) for one in folders)
        for one in self.tables:
            if one.summary.fingerprint != fingerprint:
                raise ConfigError(f"{setting}: {one.folder} is a table of another run. Make it of this one.")
        self._refuse_apart()

    def _refuse_apart(self) -> None:
        """Refuse two tables of one case that know nothing of each other: together they may tell what each hides."""
        for one, other in combinations(self.tables, 2):
            if not other.counts(one.condition, place=self._setting):
                continue
            if one.register is None or one.register != other.register:
                raise ConfigError(
                    f"{self._setting}: {one.folder} and {other.folder} count the same cases, and were not protected "
                    "together: they need one table.disclosure.register. Make them anew with one, or name one table."
                )

    @property
    def least(self) -> int:
        """The smallest count that all of these tables let stand."""
        return min(one.summary.disclosure.least for one in self.tables if one.summary.disclosure is not None)

    def digests(self) -> tuple[str, ...]:
        """Of the rows of each table."""
        return tuple(digest_of(one.folder / _ROWS) for one in self.tables)

    def cell(
        self, case: str, values: Mapping[str, str], days: Mapping[str, Span], *, unit: tuple[str, tuple[str, ...]],
        level: float, is_corrected: bool, place: str,
    ) -> tuple[Cell, ProtectedTable]:  # fmt: skip
        """What the tables tell of a cell: the first that tells it, else one that has suppressed it.

        Args:
            case: The condition of a case.
            values: By column, of places and groups.
            days: By column of dates: the first and the last.
            unit: What is counted, and the columns of persons.
            level: Of intervals.
            is_corrected: Whether a review corrects counts.
            place: The setting that asks for it.

        Raises:
            ConfigError: if no table has it, naming what a table would need.
        """
        found = []
        for one in self.tables:
            if not one.counts(case, place=place) or (one.definition.unit, one.definition.person) != unit:
                continue
            if (one.summary.gold is not None) != is_corrected or one.definition.level != level:
                continue
            if (cell := one.cell(values, days)) is not None:
                found.append((cell, one))
        if not found:
            keys = ", ".join([*days, *values]) or "no key"
            review = "a review (gold)" if is_corrected else "no review (gold)"
            raise ConfigError(
                f"{place}: no table of {self._setting} has this figure: cases by the same condition and unit, rows by "
                f"{keys}, level {level:g}, {review}. Small counts of a figure that is in no table cannot be protected. "
                "Make the table with glane aggregate, or leave the figure out."
            )
        return next((one for one in found if one[0].is_told), found[0])


def check_same(cell: Cell, *, counted: int, documents: int, place: str) -> None:
    """Refuse a figure that counts other documents than the cell that is told for it; numbers are not named.

    Raises:
        DataError: naming what to compare.
    """
    if (cell.counted, cell.documents) != (counted, documents):
        raise DataError(
            f"{place}: counts other documents than its cell of the table: other days, places or conditions, or a "
            "table with table.time.first or last. Make both of the same documents."
        )


def _read(root: Path, setting: str) -> ProtectedTable:
    written = read_written(root)
    for name in (_ROWS, _SUMMARY):
        path = root / name
        if not path.is_file() or digest_of(path) not in written.digests.get(name, ())[:1]:
            raise RunError(
                f"{setting}: {path} is not there, or is not as glane wrote it. Give the out.dir of glane aggregate."
            )
    summary = read_record(TableSummary, root / _SUMMARY)
    check_protected(summary, folder=root, setting=setting)
    return ProtectedTable(folder=root, rows=read_table(str(root / _ROWS), place=setting), summary=summary)
