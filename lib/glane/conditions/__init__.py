"""Conditions in SQL on one row: `data.where`, the rules of a task, and case definitions."""

from glane.conditions.categories import Cells, check_categories
from glane.conditions.condition import computed, moment, read_condition, told_columns, untrue, with_dates

__all__ = ["Cells", "check_categories", "computed", "moment", "read_condition", "told_columns", "untrue", "with_dates"]
