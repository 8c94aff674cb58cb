"""Reasons in the place of values, as archives know them."""

from __future__ import annotations

from collections.abc import Mapping

from glane.exports.bundle import Table, Variable


def reasons_in(one: Variable, table: Table) -> Mapping[str, str]:
    """The reasons that cells of a variable may hold, with their labels; none where they could be taken for values."""
    found = next((other for other in table.variables if other.name == one.reasons), None)
    if found is None or one.kind == "text" or set(found.categories) & set(one.categories):
        return {}
    return {code: found.labels.get(code, code) for code in found.categories}
