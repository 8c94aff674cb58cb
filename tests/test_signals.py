"""Signals: the bounds of R's surveillance package, what is not judged, and injected outbreaks."""

import datetime
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from glane.errors import ConfigError
from glane.settings.table import SignalSettings, TableDefinition
from glane.surveillance.signals import ears
from glane.surveillance.signals.cusum import cusum
from glane.surveillance.signals.farrington import Control, farrington
from glane.surveillance.signals.series import Series, signals_of
from glane.validation import validated
from test_surveillance import COUNT, definition, documents, located, surveillance_table

# A series of our own, and what R 4.2 with surveillance 1.20.3 makes of it: tests/gold/signals.R writes the file.
REFERENCE: dict[str, Any] = json.loads((Path(__file__).parent / "gold" / "signals.json").read_text())
COUNTS = np.array(REFERENCE["counts"], dtype=np.float64)
WEEKS = [datetime.date(2018, 1, 1) + datetime.timedelta(days=7 * i) for i in range(len(COUNTS))]
THRESHOLDS = {"delta": "delta", "nbPlugin": "nb_plugin", "muan": "muan"}


def settings(**told: Any) -> SignalSettings:
    return validated(SignalSettings, told, place="signals")


@pytest.mark.parametrize("name", REFERENCE["farrington"])
def test_bounds_of_farrington_are_those_of_r(name: str) -> None:
    threshold, periods, reweight, level = name.split(" ")
    control = Control(
        threshold=THRESHOLDS[threshold], periods=int(periods), reweight=reweight == "TRUE", trend_level=float(level)
    )  # type: ignore[arg-type]
    told = REFERENCE["farrington"][name]
    num = len(told["upper"])
    found = farrington(COUNTS, WEEKS, control, last=num)
    assert found.upper[-num:] == pytest.approx(np.array(told["upper"], dtype=np.float64), rel=1e-6)
    assert found.expected[-num:] == pytest.approx(np.array(told["expected"], dtype=np.float64), rel=1e-6)


@pytest.mark.parametrize(("name", "bounds"), [("C1", ears.c1), ("C2", ears.c2)])
def test_bounds_of_ears_are_those_of_r(name: str, bounds: Any) -> None:
    told = np.array(REFERENCE["ears"][name])
    assert bounds(COUNTS).upper[-len(told) :] == pytest.approx(told, rel=1e-9)


def test_signals_of_cusum_are_those_of_r() -> None:
    told = np.array(REFERENCE["cusum"]["alarm"], dtype=bool)
    found = cusum(COUNTS, training=REFERENCE["cusum"]["training"])
    first = REFERENCE["cusum"]["training"]
    is_signal = COUNTS[first:] > found.upper[first:]
    assert told.any()
    assert (is_signal == told)[COUNTS[first:] > 0].all()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("Rscript") is None, reason="R is not here")
def test_a_published_series_has_the_signals_that_r_finds() -> None:
    """Salmonella Newport in Germany, 2004 to 2014: all 16 states and their sum, where the package is installed.

    Two years are judged, as R takes a hundredth of a second for each week of each.
    """
    script = """
    if (!requireNamespace("surveillance", quietly = TRUE)) quit(status = 7)
    suppressMessages(library(surveillance)); data("salmNewport")
    control <- list(range = 425:528, b = 5, w = 3, alpha = 0.01, pThresholdTrend = 1, noPeriods = 10,
                    pastWeeksNotIncluded = 26, thresholdMethod = "nbPlugin", glmWarnings = FALSE)
    for (name in c("all", colnames(salmNewport))) {
      one <- if (name == "all") aggregate(salmNewport, by = "unit") else salmNewport[, name]
      found <- suppressWarnings(farringtonFlexible(one, control = control))
      cat(as.numeric(observed(one)), ";", as.numeric(upperbound(found)), ";", as.numeric(alarms(found)), "\\n")
    }"""
    done = subprocess.run(
        ["Rscript", "--vanilla", "-e", script], capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode == 7:
        pytest.skip("the R package surveillance is not here")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 17
    weeks = [datetime.date(2004, 1, 5) + datetime.timedelta(days=7 * i) for i in range(528)]
    for line in done.stdout.splitlines():
        counts, upper, alarms = ([float(one.replace("NA", "nan")) for one in part.split()] for part in line.split(";"))
        series = Series(
            keys={},
            periods=weeks,
            counts=np.array(counts),
            is_incomplete=np.zeros(528, bool),
            is_silent=np.zeros(528, bool),
            draws=None,
        )
        [found] = signals_of(series, settings(methods="farrington"))
        last = found.tail(104)
        assert last["signal"].fill_null(False).to_list() == [bool(one) for one in alarms]
        told = np.where(np.isnan(upper), np.nan, last["upper"].to_numpy())
        assert told == pytest.approx(np.array(upper), nan_ok=True, rel=1e-6)


def test_c3_adds_up_what_two_periods_before_said() -> None:
    flat = np.array([5.0, 6, 4, 5, 6, 4, 5, 5, 5, 6, 6, 6, 6])
    alone, after = ears.c3(flat).upper[-1], ears.c3(np.where(np.arange(13) == 11, 9.0, flat)).upper[-1]
    assert after < alone
    assert np.isnan(ears.c3(flat).upper[:10]).all()


def made(counts: list[float], **told: Any) -> pl.DataFrame:
    series = Series(
        keys={}, periods=WEEKS[: len(counts)], counts=np.array(counts, dtype=np.float64),
        is_incomplete=np.array([*[False] * (len(counts) - 1), True]), is_silent=np.zeros(len(counts), bool),
        draws=None,
    )  # fmt: skip
    return pl.concat(signals_of(series, settings(**{"methods": "ears_c1"} | told)))


def test_what_cannot_be_judged_is_no_signal_and_says_why() -> None:
    found = made([1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 90, 500])
    reasons = found["reason"].to_list()
    assert reasons[:7] == ["no_baseline"] * 7
    assert reasons[7] == "few"  # three cases in four weeks, after none
    assert reasons[10:] == [None, "incomplete"]
    assert found["signal"].to_list()[10:] == [True, None]
    assert made([0.0] * 12)["signal"].sum() == 0
    lower = made([1, 0, 0, 0, 0, 0, 0, 3, 0, 0, 90, 500], least=0)
    assert lower["signal"].to_list()[7] is True


def test_a_place_that_begins_to_report_is_no_signal() -> None:
    days = [WEEKS[i] for i in range(40) for _ in range(4)]
    rows = pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(160)], "flu": [i % 2 == 0 for i in range(160)], "day": days,
            "h": ["B" if i // 4 >= 25 and i % 4 < 2 else "A" for i in range(160)],
        }
    )  # fmt: skip
    told = definition(time={"column": "day"}, groups=["h"], signals={"methods": "ears_c2", "by": "h", "least": 0})
    found = surveillance_table(located(rows, rows.head(0), told), told, COUNT, id_column="id").signals
    assert found is not None
    begins = found.filter(pl.col("h") == "B")
    assert begins["reason"].to_list()[:25] == ["no_document"] * 25
    assert begins["signal"].to_list()[25:34] == [None] * 9


def test_an_incomplete_first_week_is_no_baseline() -> None:
    counts = np.array([np.nan, 4, 5, 6, 5, 4, 5, 6, 5])
    assert np.isnan(ears.c1(counts).upper[7])
    assert np.isfinite(ears.c1(counts).upper[8])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"signals": {"methods": "ears_c1"}}, "so time is needed"),
        ({"time": {"column": "day", "every": "day"}, "signals": {"methods": "farrington"}}, "farrington is for weeks"),
        ({"time": {"column": "day"}, "signals": {"methods": "ears_c1", "by": "place"}}, "place is no key of the table"),
        ({"time": {"column": "day"}, "signals": {"methods": []}}, "name one of"),
        ({"time": {"column": "day"}, "signals": {"methods": "ears"}}, "ears"),
    ],
)
def test_signals_that_cannot_be_are_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        definition(**told)


def test_a_table_has_the_signals_of_all_and_of_each_place_and_their_probability() -> None:
    rows, truth = documents(4000)
    last = rows["day"].max() - datetime.timedelta(days=8)  # type: ignore[operator]
    outbreak = (pl.col("day") > last - datetime.timedelta(days=7)) & (pl.col("day") <= last) & (pl.col("dep") == "75")
    rows = rows.with_columns(pl.when(outbreak).then(True).otherwise(pl.col("flu")).alias("flu"))
    told: TableDefinition = definition(
        time={"column": "day"}, place={"column": "dep"}, signals={"methods": ["ears_c1"], "by": ["place"], "least": 3}
    )
    gold = truth.join(rows.select("id", seen="flu"), on="id").select("id", "flu").sample(300, seed=1)
    found = surveillance_table(located(rows, rows.head(0), told), told, COUNT, id_column="id", reviewed=gold).signals
    assert found is not None
    assert set(found["place"].drop_nulls().unique()) == {"01", "2A", "75", "971"}
    paris = found.filter((pl.col("place") == "75") & pl.col("signal"))
    assert paris.height
    recent = found.filter(pl.col("place").is_null()).tail(8)["probability"].drop_nulls()
    assert recent.is_between(0, 1).all()
    assert 0 < len(recent) < 8  # the last week is incomplete, and the first tells nothing of the next seven


@pytest.mark.slow
def test_injected_outbreaks_are_found_and_false_signals_are_rare() -> None:
    folder = str(Path(__file__).parent / "simulations")
    sys.path.insert(0, folder)
    try:
        import signals
    finally:
        sys.path.remove(folder)
    found = signals.simulated("farrington", series=25, seed=1)
    assert found["counts of the model"].sensitivity > 0.4
    assert found["counts of the model"].false_a_year < 2.5
