"""A case definition: a condition on several fields of one document. Its yes is counted in place of a field's value."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import polars as pl

from glane.conditions import Cells, Occurring, quote_remedy, read_condition, true_of
from glane.errors import ConfigError, did_you_mean

CASE = "case"  # the column that says whether a document is one


@dataclass(frozen=True, slots=True)
class CaseDefinition:
    """A condition in SQL, as `fever AND onset_date BETWEEN visit_date - INTERVAL 7 DAYS AND visit_date`.

    A document of which it cannot be told, for a value is missing, is no case: as a null is no yes.
    """

    text: str

    def fields(self, known: Sequence[str]) -> list[str]:
        """The columns that it speaks of.

        Raises:
            ConfigError: if it is no condition on one row, or speaks of a column that is not `known`.
        """
        names = list(dict.fromkeys(read_condition(self.text, place=CASE).meta.root_names()))
        if not names:
            raise ConfigError(
                f"case: {self.text!r} speaks of no field: every document would be a case, or none. Write a condition "
                "on fields, as fever AND cough."
            )
        if strange := [name for name in names if name not in known]:
            raise ConfigError(
                f"case: {strange[0]!r} is no column of the run or its input. {did_you_mean(strange[0], known)}"
                f"{quote_remedy(self.text, strange[0])}"
            )
        return names

    def watch(self, *, untold: Collection[str]) -> Occurring:
        """What takes note of the texts of the definition that rows hold. No value of the columns `untold` is told."""
        return Occurring(read_condition(self.text, place=CASE), untold=untold)

    def of(self, rows: pl.DataFrame, *, cells: Cells, watch: Occurring | None = None) -> pl.DataFrame:
        """The rows with the column CASE.

        Args:
            rows: With the columns that it speaks of.
            cells: Of fields of categories, all that there are; see `glane.task.possible`.
            watch: Takes note of the texts that the rows hold.

        Raises:
            ConfigError: if the condition gives no yes or no for such rows, compares a field with what it cannot be,
                or fails at one of the rows.
        """
        asked = rows.select(list(dict.fromkeys(read_condition(self.text, place=CASE).meta.root_names())))
        found = true_of(self.text, asked, place=CASE, of="document", cells=cells, watch=watch)
        return rows.with_columns(found.alias(CASE))
