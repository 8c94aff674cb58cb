"""Conditions in SQL over the columns of one row: `data.where`, case definitions, and the rules of a task.

Polars computes them. What depends on other rows is refused, for a table is read in batches. Dates may be written as ISO
text, in quotes, as in any database. What is unknown is null, and null is neither true nor false, as in SQL.
"""

from glane.conditions.canonical import canonical
from glane.conditions.categories import Cells, check_categories
from glane.conditions.computing import computed, untrue
from glane.conditions.dates import moment
from glane.conditions.occurring import Occurring
from glane.conditions.reading import read_condition
from glane.conditions.rows import checked_condition, true_of
from glane.conditions.texts import DAY_FIRST, READ_DATES, plain_texts, quote_remedy
from glane.conditions.typed import typed_condition

__all__ = [
    "DAY_FIRST",
    "READ_DATES",
    "Cells",
    "Occurring",
    "canonical",
    "check_categories",
    "checked_condition",
    "computed",
    "moment",
    "plain_texts",
    "quote_remedy",
    "read_condition",
    "true_of",
    "typed_condition",
    "untrue",
]
