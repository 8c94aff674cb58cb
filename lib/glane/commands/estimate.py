"""Estimate figures of a run, corrected by a reviewed sample.

glane estimate run.dir=runs/notes gold=runs/review/gold.parquet out.dir=runs/estimation field=fever
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main(values: Mapping[str, Any]) -> None:
    """Estimate, write the table, and say in words what the intervals are."""
    from glane.api.cases import named_case
    from glane.api.estimate import estimate
    from glane.assess.files import written_line
    from glane.languages import say
    from glane.run.find import find_runs
    from glane.settings import estimate_settings

    told = estimate_settings(values)
    case = told.case if told.cases is None or told.case is None else named_case(told.case, told.cases)
    found = estimate(
        list(find_runs(told.run.places).paths), told.gold, told.field, case=case,
        error_rates=told.error_rates, what=told.what, value=told.value, method=told.method, by=told.by,
        every=told.every, clusters=told.clusters,
        covariates=told.covariates, shared_error_rates=told.shared_error_rates, level=told.level,
        half_width=told.half_width, population=told.population, weight=told.weight,
        inclusion_probability=told.inclusion_probability,
    )  # fmt: skip
    files = written_line(told.out.dir, found.write)
    say(found)
    say(files)
