"""Counts that are rounded or perturbed: what they are changed by, and that nothing beside them gives it back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from glane.api.aggregate import Aggregated
from glane.disclosure.change import noise, read_salt, record_keys, rounded
from glane.errors import ConfigError
from glane.surveillance.page import table_page
from glane.surveillance.rates import rate_limits
from test_disclosure_leaving import WHOLE, definition, left
from test_surveillance import documents


@pytest.fixture
def salt(tmp_path: Path) -> str:
    path = tmp_path / "salt"
    path.write_bytes(bytes(range(32)))
    path.chmod(0o600)
    return str(path)


def changed(
    rows: pl.DataFrame, rule: dict[str, Any], gold: pl.DataFrame | None = None, **told: Any
) -> tuple[pl.DataFrame, Any]:
    return left(rows, definition(**(WHOLE | told | {"disclosure": rule})), gold)


def test_rounding_is_to_the_nearest_multiple_and_halves_go_up() -> None:
    assert rounded(np.array([0, 2, 3, 5, 7, 8, 12.5]), 5).tolist() == [0, 0, 5, 5, 5, 10, 15]


def test_every_count_of_a_rounded_table_is_a_multiple(tmp_path: Path) -> None:
    rows, truth = documents(1500)
    raw, found = changed(rows, {"least": 11, "method": "round", "base": 11}, truth.sample(400, seed=1))
    for name in ("model", "estimate", "low", "high"):
        assert (found.rows[name] % 11 == 0).all(), name
    assert (found.rows["documents"] % 11 == 0).all()
    assert (found.rows["model"] - raw["model"]).abs().max() <= 5.5
    assert (found.rows["low"] <= raw["low"]).all()
    assert (found.rows["high"] >= raw["high"]).all()
    assert not [name for name in found.rows.columns if "rate" in name]  # of corrected counts there are none
    result = Aggregated(table=found.rows, summary=found.summary)
    assert "rounded to multiples of 11" in str(result)
    result.write(str(tmp_path / "out"))
    assert "multiple de 11" in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize("method", ["round", "cell_key"])
def test_rates_are_of_the_changed_counts_and_nothing_else_tells_of_the_true_ones(method: str, salt: str) -> None:
    rows, _ = documents(1500)
    rule = {"least": 5, "method": method} | ({"salt": salt} if method == "cell_key" else {"base": 5})
    raw, found = changed(rows, rule)
    told = found.rows.filter(pl.col("documents") > 0)
    assert np.allclose(told["model_rate"], told["model"] / told["documents"] * 100_000)
    assert "standardised_model_rate" not in told.columns
    assert told.filter(pl.col("margin") != "all")["reviewed"].null_count() == told.height - 1
    assert found.summary.documents == told.filter(pl.col("margin") == "all")["documents"].item()
    assert not found.rows["model"].equals(raw["model"])
    assert found.signals is None


@pytest.mark.parametrize("method", ["round", "cell_key"])
def test_limits_of_rates_hold_what_counts_were_changed_by(method: str, salt: str) -> None:
    rows, _ = documents(1500)
    rule = {"least": 5, "method": method} | ({"salt": salt} if method == "cell_key" else {"base": 5})
    _, found = changed(rows, rule)
    told = found.rows.filter(pl.col("documents") >= 30)
    assert told.height > 20
    most = 2.5 if method == "round" else found.summary.disclosure.largest
    cases, weight = told["model"].to_numpy().astype(float), 100_000 / told["documents"].to_numpy()
    low, _ = rate_limits(
        np.maximum(cases - most, 0) * weight, np.maximum(cases - most, 0) * weight**2, weight, level=0.95
    )
    _, high = rate_limits((cases + most) * weight, (cases + most) * weight**2, weight, level=0.95)
    assert np.allclose(told["model_rate_low"], low)
    assert np.allclose(told["model_rate_high"], np.minimum(high, 100_000))


def test_a_zero_of_a_changed_table_is_not_told_as_no_document() -> None:
    rows, _ = documents(40)
    rule = {"least": 5, "method": "round", "base": 11}
    raw, found = changed(rows, rule, place={"column": "dep"})
    assert raw.filter((pl.col("margin") == "place") & pl.col("documents").is_between(1, 5)).height
    result = Aggregated(table=found.rows, summary=found.summary)
    page = table_page(result.summary, result.table, None, language="fr")
    assert "aucun document, ou trop peu pour être dit" in page
    assert ">aucun document<" not in page
    assert ": aucun document</title>" not in page
    assert "0 may be a few" in str(result)


@pytest.mark.parametrize("with_review", [False, True])
@pytest.mark.parametrize("method", ["round", "cell_key"])
@pytest.mark.parametrize("only", [[], ["01", "75", "33"]])
def test_that_no_document_came_from_a_place_is_told_no_more_than_that_few_did(
    method: str, only: list[str], with_review: bool, salt: str
) -> None:
    rows, truth = documents(1500)
    rule = {"least": 5, "method": method} | ({"salt": salt} if method == "cell_key" else {"base": 5})
    gold = truth.sample(400, seed=1) if with_review else None
    raw, found = changed(rows, rule, gold, place={"column": "dep", "only": only}, time=None, age=None, standard=None)
    assert raw["reason"].drop_nulls().unique().to_list() == ["no_document"]
    assert "reason" not in found.rows.columns
    assert found.summary.silent == ()
    for name in ("model", *(["estimate", "low", "high"] if with_review else [])):
        assert found.rows[name].null_count() == 0, name


@pytest.mark.parametrize("method", ["round", "cell_key"])
def test_denominators_that_would_tell_from_where_nothing_came_are_refused(method: str, salt: str) -> None:
    rows, _ = documents(500)
    rule = {"least": 5, "method": method} | ({"salt": salt} if method == "cell_key" else {"base": 5})
    told = {"time": None, "age": None, "standard": None, "denominator": "people.csv"}
    with pytest.raises(ConfigError, match=r"would tell from where no document came.*table.place.only"):
        changed(rows, rule, place={"column": "dep"}, **told)
    changed(rows, rule, place={"column": "dep", "only": ["01", "33"]}, **told)


def test_the_same_documents_have_the_same_count_in_every_table(salt: str) -> None:
    rows, _ = documents(1500)
    rule = {"least": 5, "method": "cell_key", "salt": salt}
    _, by_month = changed(rows, rule)
    _, by_year = changed(rows.sample(fraction=1, shuffle=True, seed=3), rule, time={"column": "day", "every": "year"})
    for margin, keys in (("hospital", ["hospital"]), ("age × hospital", ["age", "hospital"]), ("all", [])):
        one, other = (
            found.rows.filter(pl.col("margin") == margin).sort(keys or ["margin"]).select("model", "documents")
            for found in (by_month, by_year)
        )
        assert one.equals(other), margin


def test_a_perturbed_count_is_within_its_bounds_right_on_average_and_another_secret_changes_it() -> None:
    counts = np.repeat(np.arange(30.0), 400)
    sums = np.random.default_rng(0).integers(0, 2**60, len(counts)).astype(np.uint64)
    found = noise(counts, sums, 5, salt=b"x" * 32, of="cases")
    assert (np.abs(found) <= np.minimum(counts, 5)).all()
    assert (found == np.round(found)).all()
    of_ten = found[counts == 10]
    assert set(of_ten.tolist()) == set(range(-5, 6))
    assert abs(of_ten.mean()) < 4 * of_ten.std() / 20
    assert (noise(counts, sums, 5, salt=b"x" * 32, of="cases") == found).all()
    for salt, of in ((b"y" * 32, "cases"), (b"x" * 32, "others")):
        assert (noise(counts, sums, 5, salt=salt, of=of) != found).mean() > 0.5


def test_one_document_more_changes_the_key_of_its_rows_only(salt: str) -> None:
    """Two tables a document apart differ by more than that document: the difference does not tell of it."""
    rows, _ = documents(2000)
    rule = {"least": 5, "method": "cell_key", "salt": salt}
    _, before = changed(rows, rule)
    steps = []
    for left_out in range(40):
        without = rows.filter(pl.int_range(pl.len()) != left_out)
        _, after = changed(without, rule)
        one, other = (found.rows.filter(pl.col("margin") == "all")["documents"].item() for found in (before, after))
        steps.append(one - other)
    assert len(set(steps)) > 5
    assert any(step not in (0, 1) for step in steps)


def test_keys_differ_by_record_and_do_not_tell_the_record() -> None:
    keys = record_keys([("a",), ("b",), (1,), ("1",)], b"x" * 32)
    assert keys.n_unique() == 4
    assert (keys < 2**36).all()


@pytest.mark.parametrize(
    ("content", "mode", "words"),
    [(None, 0o600, "cannot be read"), (b"short", 0o600, "has 5 bytes"), (b"x" * 32, 0o644, "others can read")],
)
def test_a_secret_that_is_none_is_refused(tmp_path: Path, content: bytes | None, mode: int, words: str) -> None:
    path = tmp_path / "salt"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(ConfigError, match=words):
        read_salt(str(path))


def test_the_secret_stands_in_no_file(tmp_path: Path, salt: str) -> None:
    rows, _ = documents(300)
    _, found = changed(rows, {"least": 5, "method": "cell_key", "salt": salt})
    Aggregated(table=found.rows, summary=found.summary).write(str(tmp_path / "out"))
    for path in (tmp_path / "out").iterdir():
        assert bytes(range(32)) not in path.read_bytes()
