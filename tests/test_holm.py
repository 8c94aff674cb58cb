"""P-values that are corrected after Holm are those of statsmodels."""

from __future__ import annotations

import gc
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from glane.assess.holm import holm


@given(st.lists(st.floats(0, 1) | st.sampled_from([0.0, 0.01, 0.02, 1.0]), min_size=1, max_size=30))
def test_they_are_those_of_statsmodels(p_values: list[float]) -> None:
    with patch("gc.collect"):  # statsmodels searches for garbage each time
        theirs = multipletests(p_values, method="holm")[1]
    assert holm(p_values) == pytest.approx(list(theirs))


def test_a_family_without_a_test_has_none() -> None:
    assert holm([]) == []


def test_no_search_for_garbage_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes half a second in a process of the job, at each correction."""
    monkeypatch.setattr(gc, "collect", lambda *_: pytest.fail("collected"))
    assert holm([0.01, 0.5]) == [0.02, 0.5]
