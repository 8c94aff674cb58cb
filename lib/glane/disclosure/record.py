"""What a table tells of its own disclosure control."""

from __future__ import annotations

from glane.disclosure.protect import Protected
from glane.records import left_out
from glane.settings.disclosure import DisclosureMethod, DisclosureRule
from glane.validation import Strict


class Disclosed(Strict):
    """What was done, and what can be found out of it. How many rows were too small by themselves is not told."""

    method: DisclosureMethod
    least: int
    zeros: bool = False
    rows: int
    suppressed: int = 0  # rows
    protection: int | None = left_out()  # the width asked for of the interval of a suppressed small count
    narrowest: float | None = left_out()  # no such interval is narrower; None: nothing was suppressed, or is unbounded
    exposed: int = 0  # small counts that earlier tables of the series tell, whatever is suppressed here
    earlier_rows: int = 0  # of tables of the series, that were taken into account
    base: int | None = left_out()  # of rounding
    largest: int | None = left_out()  # of cell keys: the most that a count was changed by


def of_suppression(found: Protected, rule: DisclosureRule) -> Disclosed:
    """What a table tells of its suppression."""
    narrowest = None if found.narrowest is None or found.narrowest == float("inf") else found.narrowest
    return Disclosed(
        method="suppress", least=rule.least, zeros=rule.zeros, rows=len(found.suppressed),
        suppressed=int(found.suppressed.sum()), protection=found.protection, narrowest=narrowest,
        exposed=found.exposed, earlier_rows=found.rows_before,
    )  # fmt: skip


def of_change(rule: DisclosureRule, rows: int) -> Disclosed:
    """What a table tells of its rounding, or of its cell keys."""
    return Disclosed(
        method=rule.method, least=rule.least, zeros=rule.zeros, rows=rows,
        base=rule.base if rule.method == "round" else None, largest=rule.largest if rule.method == "cell_key" else None,
    )  # fmt: skip
