"""Count cases of a run by period, place and age, corrected by a reviewed sample, with rates, a curve and a map.

glane aggregate table=weekly_co run.dir=runs/notes gold=runs/review/gold.parquet out.dir=runs/weekly
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Make the table, write it with its page, and say its total and what it leaves out."""
    from glane.api.aggregate import aggregate
    from glane.api.cases import named_case
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.run.find import find_runs
    from glane.settings import aggregate_settings

    told = aggregate_settings(values)
    table = told.table
    case = table.case if table.cases is None or table.case is None else named_case(table.case, table.cases)
    found = aggregate(
        list(find_runs(told.run.places).paths), table, told.gold, case=case, error_rates=told.error_rates,
        weight=told.weight, inclusion_probability=told.inclusion_probability,
        linelist=told.linelist,
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
