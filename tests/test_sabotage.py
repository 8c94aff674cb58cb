"""A few rounds of sabotage; `tests/sabotage.py` does as many as there is time for."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sabotage import Report, count_rows, sabotage


@pytest.mark.slow
@pytest.mark.parametrize("seed", [101, 102, 103])
def test_a_sabotaged_run_loses_doubles_and_blames_nothing(tmp_path: Path, seed: int) -> None:
    report = Report()
    sabotage(tmp_path, seed=seed, report=report)
    print(report)
    assert report.is_clean
    assert report.tried["kills"] + report.tried["stops"] >= 5


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda rows: rows.head(9), "lost"),
        (lambda rows: pl.concat([rows, rows.head(1)]), "doubled"),
        (lambda rows: rows.reverse(), "wrong"),
        (lambda rows: rows.with_columns(pl.lit("OK").alias("status")), "wrong"),
        (lambda rows: rows.with_columns(pl.lit("REJECTED").alias("status")), "blamed"),
    ],
)
def test_what_goes_wrong_is_counted(tmp_path: Path, change: object, what: str) -> None:
    rows = pl.DataFrame({"id": [f"d{i}" for i in range(10)], "status": ["REJECTED"] + ["OK"] * 9})
    (tmp_path / "records").mkdir()
    for table, is_clean in ((rows, True), (change(rows), False)):  # type: ignore[operator]
        pq.write_table(pa.table(table.to_arrow()), tmp_path / "records" / "records-00000.parquet")
        report = Report()
        count_rows(tmp_path, {0}, 10, report)
        assert report.is_clean is is_clean
        assert bool(getattr(report, what)) is not is_clean
