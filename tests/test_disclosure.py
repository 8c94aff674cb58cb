"""Disclosure control: the audit against all whole numbers, published examples, and attempts to subtract."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from numpy.typing import NDArray
from scipy.sparse import csr_array

from disclosure_tables import counts, key, layout, tables, whole_layout, with_margins
from glane.disclosure.audit import Intervals, intervals
from glane.disclosure.counts import Counts, too_small
from glane.disclosure.layout import Layout, Span, sums
from glane.disclosure.protect import Protected, protect
from glane.errors import ConfigError
from glane.settings.disclosure import DisclosureRule
from glane.validation import validated

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def rule(**told: object) -> DisclosureRule:
    return validated(DisclosureRule, {"least": 5} | told, place="disclosure")


def audited(of: Layout, values: Floats, suppressed: Flags, *, width: float = 1, effort: str = "exact") -> Intervals:
    (rows,) = sums([of])
    told, hidden = np.flatnonzero(~suppressed), np.flatnonzero(suppressed)
    return intervals(rows[told], values[told], rows[hidden], width=width, effort=effort)  # type: ignore[arg-type]


# What is sensitive.


def test_small_counts_and_small_complements_are_sensitive_and_nobody_is_not() -> None:
    found = Counts(cases=np.array([0, 1, 4, 5, 0, 20.0]), others=np.array([0, 20, 20, 20, 20, 3.0]))
    cases, others = too_small(found, rule())
    assert cases.tolist() == [False, True, True, False, False, False]
    assert others.tolist() == [False, False, False, False, False, True]
    cases, _ = too_small(found, rule(zeros=True))
    assert cases.tolist() == [False, True, True, False, True, False]  # where nobody is, nobody is told of


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"least": 1}, "disclosure.least"),
        ({"method": "cell_key"}, "secret file in salt"),
        ({"salt": "s"}, "secret file in salt"),
        ({"method": "round", "base": 3}, "base: 3 is below least, 5"),
        ({"method": "round", "base": 5, "register": "r"}, "register: is of suppressed tables"),
        ({"registre": "r"}, "Did you mean 'register'"),
    ],
)
def test_a_rule_that_cannot_be_is_refused(told: dict[str, object], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        rule(**told)


def test_a_rule_is_written_as_it_is_read() -> None:
    found = rule(register="folder")
    assert validated(DisclosureRule, found.model_dump(mode="json"), place="") == found


# The audit, against published figures and against all whole numbers.

_FOUR = np.array([[30, 47, 64, 89], [90, 124, 5, 31], [92, 100, 59, 85], [800, 991, 651, 685]])
_NINE = [(0, 0), (0, 1), (0, 2), (1, 0), (1, 2), (2, 1), (2, 3), (3, 1), (3, 3)]


def test_two_suppressions_in_each_row_and_column_do_not_suffice() -> None:
    """The table of the tests of the R package sdcTable (tests/testthat/test-simpleheuristic.R).

    Each row and column of it has two suppressed cells or more, and one cell follows all the same: 47. With one further
    suppression there its interval is 0 to 141, as sdcTable says.
    """
    of, values = whole_layout(4, 4), with_margins(_FOUR)
    pattern = np.zeros((5, 5), dtype=bool)
    pattern[tuple(zip(*_NINE))] = True
    found = audited(of, values, pattern.ravel())
    at = _NINE.index((0, 1))
    assert (found.low[at], found.high[at]) == (47, 47)
    pattern[1, 1] = True
    found = audited(of, values, pattern.ravel())
    hidden = [tuple(one) for one in np.argwhere(pattern)]
    at = hidden.index((0, 1))
    assert (found.low[at], found.high[at]) == (0, 141)


def test_the_optimum_of_a_published_example_is_found() -> None:
    """Cases of test-protectTable.r of sdcTable: by region and sex, the two of region A and one sex are sensitive.

    Its optimal method, its hypercube and its HiTaS suppress both sexes of region A and of region C.
    """
    cells = np.array([[18, 2], [14, 19], [12, 10], [11, 14]])
    found = protect(whole_layout(4, 2), counts(cells, cells + 1000), rule(least=3))
    expected = np.zeros((5, 3), dtype=bool)
    expected[[0, 0, 2, 2], [0, 1, 0, 1]] = True
    assert found.suppressed.tolist() == expected.ravel().tolist()
    assert found.primary.sum() == 1


def test_linked_tables_are_protected_together() -> None:
    """Cases of test-linked-tables.r of sdcTable: counties of regions, and groups of the same regions.

    The difference of a county and a group is two regions, one of which is suppressed: the other, N, must be, too.
    """
    names = ["A", "B", "I", "J", "K", "L", "M", "N"]
    cells = dict(zip(names, [2, 2, 8, 8, 3, 3, 3, 7], strict=True))
    wider = [names, names[:4], names[4:], ["L", "M"], [one for one in names if one not in "LM"]]
    spans = (*(Span(labels=(one,)) for one in names), *(Span(labels=tuple(one)) for one in wider))
    of = layout({"region": spans})
    values = np.array([*cells.values(), *(sum(cells[name] for name in one) for one in wider)], dtype=np.float64)
    others = np.array([1000.0] * len(names) + [1000.0 * len(one) for one in wider])
    found = protect(of, Counts(cases=values, others=others), rule(least=4, width=1))
    hidden = {name for name, gone in zip(names, found.suppressed, strict=False) if gone}
    assert hidden == {"A", "B", "K", "L", "M", "N"}
    assert found.exposed == 0


@given(data=some.data())
@settings(max_examples=40)
def test_an_audit_finds_what_trying_all_whole_numbers_finds(data: some.DataObject) -> None:
    sizes = data.draw(some.sampled_from([(2, 2), (2, 3), (3, 2), (2, 2, 2)]))
    cells = np.array(
        data.draw(some.lists(some.integers(0, 4), min_size=int(np.prod(sizes)), max_size=int(np.prod(sizes))))
    )
    of, values = whole_layout(*sizes), with_margins(cells.reshape(sizes))
    (rows,) = sums([of])
    suppressed = np.array(data.draw(some.lists(some.booleans(), min_size=len(values), max_size=len(values))))
    suppressed[-1] = False  # else counts have no bound
    told, hidden = np.flatnonzero(~suppressed), np.flatnonzero(suppressed)
    all_tables = np.array(list(tables(csr_array(rows[told]), values[told], most=int(values[-1]))))
    found = intervals(rows[told], values[told], rows[hidden], width=1, effort="exact")
    assert len(all_tables)
    reached = all_tables @ rows[hidden].toarray().T
    assert np.allclose(found.low, reached.min(axis=0, initial=np.inf))
    assert np.allclose(found.high, reached.max(axis=0, initial=-np.inf))
    quick = intervals(rows[told], values[told], rows[hidden], width=3)
    assert (quick.low >= found.low - 1e-6).all()
    assert (quick.high <= found.high + 1e-6).all()
    is_wide = found.widths >= 3
    assert ((quick.widths >= 3 - 1e-6) == is_wide).all()


def test_three_keys_are_whole_numbers_where_the_relaxation_is_not() -> None:
    """Margins of 2 × 2 × 2 whose only fractional solutions are wider than whole ones."""
    cells = np.zeros((2, 2, 2), dtype=np.int64)
    cells[0, 0, 0] = cells[0, 1, 1] = cells[1, 0, 1] = cells[1, 1, 0] = 1
    of, values = whole_layout(2, 2, 2), with_margins(cells)
    inner = of.rows.max(axis=1) < 2
    found = audited(of, values, inner)
    assert (found.low == 0).all()
    assert (found.high == 1).all()


# Choices, tried by the audit and by whole numbers.


def broken(of: Layout, of_counts: Counts, found: Protected, width: float) -> list[float]:
    """The widths of sensitive counts that are too narrow, by an audit of its own."""
    (rows,) = sums([of])
    told = np.flatnonzero(~found.suppressed)
    widths: list[float] = []
    for values, sensitive in zip((of_counts.cases, of_counts.others), too_small(of_counts, rule(least=5)), strict=True):
        one = intervals(rows[told], values[told], rows[np.flatnonzero(sensitive)], width=width, effort="exact")
        widths += one.widths[one.widths < width - 1e-6].tolist()
    return widths


@given(data=some.data())
@settings(max_examples=12)
def test_no_small_count_of_any_table_can_be_found_out(data: some.DataObject) -> None:
    sizes = data.draw(some.sampled_from([(1,), (4,), (3, 4), (5, 2), (3, 3, 2)]))
    rng = np.random.default_rng(data.draw(some.integers(0, 10_000)))
    cases = rng.poisson(data.draw(some.sampled_from([0.5, 3, 9])), sizes)
    documents = cases + rng.poisson(data.draw(some.sampled_from([2, 30])), sizes)
    of, told = whole_layout(*sizes), counts(cases, documents)
    found = protect(of, told, rule())
    cases_small, others_small = too_small(told, rule())
    assert found.suppressed[cases_small | others_small].all()
    assert broken(of, told, found, 5) == []
    assert found.exposed == 0


def test_hierarchies_are_protected_across_their_levels() -> None:
    rng = np.random.default_rng(3)
    departments = [f"d{i}" for i in range(12)]
    regions = [tuple(departments[i : i + 4]) for i in (0, 4, 8)]
    places = (
        *(Span(labels=(one,)) for one in departments),
        *(Span(labels=one) for one in regions),
        Span(labels=tuple(departments)),
    )
    of = layout({"place": places, "age": key("a", 3)})
    (rows,) = sums([of])
    parts = rng.poisson(6, rows.shape[1]).astype(np.float64)
    told = Counts(cases=rows @ parts, others=rows @ (parts * 0 + 300))
    found = protect(of, told, rule())
    assert found.primary.any()
    assert broken(of, told, found, 5) == []


def test_the_least_that_can_be_suppressed_is_nearly_found() -> None:
    """Against all patterns of small tables, by the same audit."""
    rng = np.random.default_rng(5)
    more, least = 0, 0
    for _ in range(8):
        cells = rng.integers(0, 25, (3, 3))
        of, told = whole_layout(3, 3), counts(cells, cells + 1000)
        found = protect(of, told, rule(least=4))
        more += int(found.suppressed.sum())
        least += _fewest(of, told.cases, too_small(told, rule(least=4))[0], 4)
    assert least <= more <= 1.15 * least


def _fewest(of: Layout, values: Floats, sensitive: Flags, width: float) -> int:
    others = np.flatnonzero(~sensitive & (values > 0))
    if not sensitive.any():
        return 0
    (rows,) = sums([of])
    for num in range(len(others) + 1):
        for chosen in combinations(others, num):
            pattern = sensitive.copy()
            pattern[list(chosen)] = True
            told = np.flatnonzero(~pattern)
            found = intervals(rows[told], values[told], rows[np.flatnonzero(sensitive)], width=width)
            if (found.widths >= width - 1e-6).all():
                return int(pattern.sum())
    raise AssertionError


def test_a_corrected_count_cannot_be_found_out_either() -> None:
    rng = np.random.default_rng(8)
    cases = rng.poisson(7, (6, 4))
    told = counts(cases, cases + 500)
    estimate = with_margins(cases) * 0 + (sums([whole_layout(6, 4)])[0] @ rng.gamma(4, 1.5, 24))
    of = whole_layout(6, 4)
    found = protect(of, Counts(cases=told.cases, others=told.others, estimate=estimate), rule())
    (rows,) = sums([of])
    open_rows = np.flatnonzero(~found.suppressed)
    small = np.flatnonzero(too_small(told, rule())[0])
    one = intervals(rows[open_rows], estimate[open_rows], rows[small], width=5, is_whole=False, effort="exact")
    assert (one.widths >= 5 - 1e-6).all()


def test_a_table_that_is_too_large_is_refused_with_what_to_do() -> None:
    of = whole_layout(60, 60, 60)
    with pytest.raises(ConfigError, match=r"216,000 parts .* at most 20,000 .*method: cell_key"):
        sums([Layout(spans=of.spans, rows=of.rows[:1])])


def test_a_table_whose_search_would_take_hours_is_refused() -> None:
    cells = np.ones((61, 50), dtype=np.int64)
    with pytest.raises(ConfigError, match=r"3,050 parts .* have documents; at most 3,000 are searched"):
        protect(whole_layout(61, 50), counts(cells, 2 * cells), rule())
