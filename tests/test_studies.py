"""Evidence tables: numbers that do not fit are told, a study counts once, and R pools what is used."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import lxml.html
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.errors import ConfigError, DataError
from glane.synthesis.checks import Sign, signs_of
from glane.synthesis.effect import effect_of
from glane.synthesis.p_values import p_range
from glane.synthesis.quoted import quoting_of
from glane.synthesis.studies import State
from glane.synthesis.words import WORDS
from glane.task.prompt import compact_json
from glane.task.task import load_task
from r_packages import need_r

# Thirteen trials of a vaccine against tuberculosis (Colditz et al., JAMA 1994), cases and others in two groups: what
# R's metafor ships as dat.bcg, and in its manual the pooled log risk ratio by REML.
TRIALS = [
    (4, 119, 11, 128), (6, 300, 29, 274), (3, 228, 11, 209), (62, 13536, 248, 12619), (33, 5036, 47, 5761),
    (180, 1361, 372, 1079), (8, 2537, 10, 619), (505, 87886, 499, 87892), (29, 7470, 45, 7232), (17, 1699, 65, 1600),
    (186, 50448, 141, 27197), (5, 2493, 3, 2338), (27, 16886, 29, 17825),
]  # fmt: skip
POOLED = {"yi": -0.7145, "se": 0.1798, "tau2": 0.3132, "I2": 92.22, "Q": 152.2330}
SECRET = "Zzyzx"


def effect(**told: Any) -> dict[str, Any]:
    """An item of `effects`, with null where nothing is told."""
    return {"outcome": "falls", "measure": "none", **told}


def quote_of(one: dict[str, Any]) -> str:
    """A passage that shows the numbers of an item."""
    return " / ".join(["Result", *(f"{value:g}" for value in one.values() if isinstance(value, int | float))])


def answer(*effects: dict[str, Any], names: Sequence[str], **told: Any) -> dict[str, Any]:
    """What the scripted engine answers of a document."""

    def of(value: Any) -> dict[str, Any]:
        return {"missing": "not_stated"} if value is None else {"value": value, "quote": SECRET}

    items = [{"value": {name: one.get(name) for name in names}, "quote": quote_of(one)} for one in effects]
    return {
        "study": of(told.get("study")), "registration": told.get("registration"),
        "publication_year": told.get("year"), "design": of(told.get("design")), "population": of(None),
        "effects": items or {"missing": "not_stated"},
    }  # fmt: skip


@pytest.fixture
def run(tmp_path: Path, shipped_task: Callable[[str], dict[str, Any]]) -> Callable[..., Path]:
    """Has a run answer so: one document for each call of `answer`."""
    task = {**shipped_task("effect_sizes"), "split": None}
    names = list(task["fields"]["effects"]["items"]["fields"])

    def made(*told: tuple[list[dict[str, Any]], dict[str, Any]], name: str = "run") -> Path:
        texts = [
            f"{SECRET}. {'. '.join(map(quote_of, effects))}\n[[answer {compact_json(answer(*effects, names=names, **more))}]]"
            for effects, more in told
        ]
        data = write_documents(tmp_path / f"{name}.parquet", texts)
        extract_here(make_settings(data, tmp_path / name, task, model__max_model_len=200_000))
        return tmp_path / name

    return made


def counts(a: int, n: int, c: int, m: int, **told: Any) -> dict[str, Any]:
    return effect(events_intervention=a, total_intervention=n, events_comparator=c, total_comparator=m, **told)


RIGHT = {"measure": "RR", "estimate": 0.65, "ci_low": 0.44, "ci_high": 0.95}


POINTS = {"estimate": -0.6, "ci_low": -0.9, "ci_high": -0.3}


def means(first: float, second: float, **told: Any) -> dict[str, Any]:
    """A difference of means of sixty and of fifty-eight persons, with standard deviations of 6.1 and 6.8."""
    numbers = {"mean_intervention": 22.4, "sd_intervention": first, "total_intervention": 60}
    numbers |= {"mean_comparator": 24.9, "sd_comparator": second, "total_comparator": 58}
    return effect(measure="MD", estimate=-2.5, ci_low=-4.8, ci_high=-0.2, **numbers, **told)


@pytest.mark.parametrize(
    ("told", "signs"),
    [
        (counts(31, 120, 47, 118, **RIGHT), []),
        ({**RIGHT, "p_value": "0.03"}, []),
        ({**RIGHT, "p_value": "p = 0,026"}, []),
        ({**RIGHT, "p_value": "<0.05"}, []),
        ({**RIGHT, "p_value": "NS"}, ["p_against_interval"]),
        ({**RIGHT, "p_value": "0.6"}, ["p_against_interval"]),
        ({**RIGHT, "p_value": "<0.0001"}, ["p_against_interval"]),
        ({**RIGHT, "p_value": "2.6 x 10-2"}, []),  # not understood: nothing is said
        ({**RIGHT, "ci_high": 1.08, "p_value": "0.01"}, ["interval_lopsided", "p_against_interval"]),
        ({**RIGHT, "ci_low": 0.54}, ["interval_lopsided"]),  # a digit read wrong
        ({**RIGHT, "estimate": 0.95, "ci_high": 0.65}, ["estimate_outside_interval"]),
        ({**RIGHT, "ci_low": 0.95, "ci_high": 0.44}, ["interval_reversed"]),
        ({**RIGHT, "ci_low": -0.44}, ["not_positive"]),
        ({**RIGHT, "measure": "MD"}, ["interval_lopsided"]),  # symmetric on the log scale alone
        ({"measure": "OR", "estimate": 0.3, "ci_low": 0.1, "ci_high": 2.1}, []),  # 0.06 may have been rounded
        (
            {"measure": "OR", "estimate": 0.3, "ci_low": 0.0, "ci_high": 2.1},
            ["not_positive"],
        ),  # of no use on a log scale
        ({"measure": "OR", "estimate": 1e-13, "ci_low": 1e-13, "ci_high": 2e-13}, []),
        ({"measure": "MD", "estimate": -2.5, "ci_low": -4.2, "ci_high": -0.8, "p_value": "0.004"}, []),
        ({"measure": "MD", "estimate": 2.5, "ci_low": -4.2, "ci_high": -0.8}, ["estimate_outside_interval"]),
        (counts(130, 120, 47, 118), ["events_exceed_total"]),
        (counts(72, 1176, 96, 1142, percent_intervention=6.1, percent_comparator=8.4), []),
        (counts(72, 1176, 96, 1142, percent_intervention=6.0, percent_comparator=8.4), ["percent_differs"]),
        (counts(72, 1176, 96, 1142, percent_intervention=6.1, percent_comparator=8.5), ["percent_differs"]),
        (counts(72, 1176, 96, 1142, percent_intervention=6, percent_comparator=8), []),  # rounded to whole ones
        (counts(47, 118, 31, 120, **RIGHT), ["estimate_inverted"]),
        (counts(31, 120, 31, 118, **RIGHT), ["estimate_not_of_counts"]),
        (counts(31, 120, 31, 118, **RIGHT, adjusted=True), []),  # differs by right
        (counts(0, 120, 5, 118, measure="RR", estimate=0.0), ["not_positive"]),
        (counts(1365, 4980, 1139, 4972, measure="RD", estimate=4.5, ci_low=2.8, ci_high=6.2, unit="points"), []),
        (counts(1365, 4980, 1139, 4972, measure="RD", estimate=0.045, ci_low=0.028, ci_high=0.062), []),
        ({"measure": "RD", "estimate": 0.5, "ci_low": -0.1, "ci_high": 1.1}, []),  # above 1: points
        ({"measure": "RD", "estimate": 0.5, "ci_low": 0.1, "ci_high": 0.9}, ["measure_unclear"]),
        ({"measure": "MD", "estimate": 2.5, "mean_intervention": 22.4, "mean_comparator": 24.9}, ["estimate_inverted"]),
        (
            {"measure": "MD", "estimate": -3.1, "mean_intervention": 22.4, "mean_comparator": 24.9},
            ["estimate_not_of_means"],
        ),
        ({"measure": "MD", "mean_intervention": 1.0, "sd_intervention": 0.0}, ["sd_not_positive"]),
        # what a model made is not that of the groups, but goes their way
        (counts(47, 118, 31, 120, **RIGHT, adjusted=True), ["estimate_inverted"]),
        (counts(31, 120, 47, 118, **{**RIGHT, "measure": "HR"}), []),
        (counts(47, 118, 31, 120, **{**RIGHT, "measure": "HR"}), ["estimate_inverted"]),
        (counts(31, 120, 31, 118, **{**RIGHT, "measure": "HR"}), []),
        (means(6.1, 6.8, adjusted=True) | {"estimate": 2.5, "ci_low": 0.2, "ci_high": 4.8}, ["estimate_inverted"]),
        # of -0.6 points, adjusted: counts say nothing of it
        (counts(12, 1000, 18, 1000, measure="RD", **POINTS, adjusted=True), ["measure_unclear"]),
        ({"measure": "RD", **POINTS, "unit": "percent"}, []),
        (
            {"measure": "RD", "estimate": -6.0, "ci_low": -9.0, "ci_high": -3.0, "unit": "per 1,000"},
            ["measure_unclear"],
        ),
        ({"measure": "RD", "estimate": -6.0, "ci_low": -9.0, "ci_high": -3.0, "unit": "pour 100"}, []),
        ({"measure": "RD", **POINTS, "unit": "as a proportion"}, []),
        (means(6.1, 6.8), []),
        (means(0.79, 0.89), ["interval_not_of_sds"]),  # standard errors
        (means(0.79, 0.89, adjusted=True), []),  # differs by right
    ],
)
def test_numbers_that_do_not_fit_each_other_are_told(told: dict[str, Any], signs: list[Sign]) -> None:
    assert signs_of(effect_of("d0", 1, told)) == signs


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("0.02", (0.015, 0.025)), ("p<0,001", (0, 0.001)), ("P > .05", (0.05, 1)), ("NS", (0.05, 1)), ("n.s.", (0.05, 1)),
        ("<10^-4", None), ("1.2e-5", None), ("see table", None), ("12.5", None), ("=0.049", (0.0485, 0.0495)),
    ],
)  # fmt: skip
def test_p_values_are_read_as_they_are_written(text: str, ends: tuple[float, float] | None) -> None:
    assert p_range(text, alpha=0.05) == (None if ends is None else pytest.approx(ends, abs=1e-8))


def test_a_number_that_its_quote_does_not_show_is_told(shipped_task: Callable[[str], dict[str, Any]]) -> None:
    fields = load_task(shipped_task("effect_sizes")).fields["effects"].items.fields  # type: ignore[union-attr]
    told = counts(31, 120, 47, 118, **RIGHT)
    for quote, found in {
        "31 sur 120 contre quarante-sept (risque relatif 0,65 ; 0,44-0,95)": "whole",  # 118 stands elsewhere
        "31 of 120 against 47 (RR 0.56; 0.44-0.95)": "lacks_numbers",
        "31 of 120 against 48 (RR 0.65; 0.44-0.95)": "lacks_numbers",
        None: "not_found",
    }.items():
        assert quoting_of(told, fields, quote) == found, quote
    assert signs_of(effect_of("d0", 1, told, quoting="lacks_numbers")) == ["number_not_in_quote"]
    assert signs_of(effect_of("d0", 1, told, quoting="not_found")) == ["quote_not_found"]


def states(found: glane.api.studies.Studies) -> list[State]:  # type: ignore[name-defined]
    return [row.state for row in found.rows]


def test_two_reports_of_one_study_are_one_study(run: Callable[..., Path]) -> None:
    same = counts(31, 120, 47, 118)
    place = run(
        ([same], {"registration": "TRN-000 17", "study": "ALPHA", "year": 2019}),
        ([same], {"registration": "trn 00017", "year": 2021}),
        ([counts(5, 60, 9, 61)], {"study": "GAMMA"}),
        ([], {}),
    )
    found = glane.studies(place)
    assert states(found) == ["used", "repeated", "used"]
    assert found.summary.studies == 2
    assert found.summary.without_effects == 1
    (one,) = found.summary.brought_together
    assert (one.study, one.by, one.reports) == ("ALPHA 2019", "registration", ("d0", "d1"))


def test_documents_that_may_tell_one_study_are_not_pooled_before_somebody_looked(run: Callable[..., Path]) -> None:
    place = run(
        ([counts(5, 60, 9, 61)], {}),
        ([counts(5, 60, 9, 61)], {}),  # the same numbers, and nothing else in common
        ([counts(7, 50, 8, 52)], {"study": "Bêta"}),
        ([counts(7, 51, 8, 52)], {"study": "BETA"}),  # the same name
        ([counts(7, 51, 8, 52, outcome="deaths")], {"study": "BETA"}),  # of another outcome: no harm
    )
    found = glane.studies(place)
    assert states(found) == ["sign"] * 4 + ["used"]
    assert all(row.signs == ("maybe_same_study",) for row in found.rows[:4])


def test_no_registration_number_brings_no_documents_together(run: Callable[..., Path]) -> None:
    place = run(
        ([counts(5, 60, 9, 61)], {"registration": "N/A"}),
        ([counts(7, 50, 8, 52)], {"registration": "n.a."}),
    )
    found = glane.studies(place)
    assert states(found) == ["used"] * 2
    assert found.summary.studies == 2


def test_differences_in_several_units_are_not_pooled_before_somebody_looked(run: Callable[..., Path]) -> None:
    def told(unit: str | None, estimate: float, **more: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        ends = {"ci_low": round(estimate - 0.3, 1), "ci_high": round(estimate + 0.3, 1)}
        return [effect(measure="MD", estimate=estimate, unit=unit, **ends, **more)], {}

    place = run(
        told("%", -0.5), told("mmol/mol", -5.5), told(None, -0.4), told("kg", -2.5, outcome="weight"),
        told("k g.", -1.5, outcome="weight"),
    )  # fmt: skip
    found = glane.studies(place)
    assert states(found) == ["sign"] * 3 + ["used"] * 2
    assert [row.signs for row in found.rows[:3]] == [("units_differ",)] * 3


def test_of_several_rows_of_one_study_none_is_chosen(run: Callable[..., Path], tmp_path: Path) -> None:
    place = run(
        (
            [
                counts(31, 120, 47, 118, follow_up="12 months"),
                counts(40, 110, 52, 109, follow_up="24 months"),
                counts(3, 20, 4, 21, subgroup="women"),
                effect(measure="HR", estimate=0.7),
                counts(1, 9, 2, 9, outcome="Fractures "),
                counts(99, 9, 2, 9, outcome="deaths"),
            ],
            {},
        ),
        ([counts(12, 50, 17, 49), counts(1, 30, 2, 30, outcome="fractures")], {}),
    )
    found = glane.studies(place)
    assert states(found) == ["overlapping"] * 2 + ["subgroup", "no_numbers", "used", "sign", "used", "used"]
    by_name = {one.analysis: one.studies for one in found.summary.analyses}
    assert by_name == {"falls | RR": 1, "fractures | RR": 2, "deaths | RR": 0}
    # a person decides: the later time point, and the row with a sign
    table = found.table().select("id", "item", pl.lit("").alias("use"))
    said = pl.DataFrame({"id": ["d0", "d0", "d1"], "item": [2, 6, 1], "use": ["TRUE", "true", "FALSE"]})
    decided = glane.studies(place, decisions=pl.concat([said, table.head(0).cast(said.schema)]))
    assert states(decided) == ["overlapping", "used", "subgroup", "no_numbers", "used", "used", "left_out", "used"]
    assert decided.summary.decided == 3
    twice = pl.DataFrame({"id": ["d0", "d0"], "item": [1, 2], "use": [True, True]})
    with pytest.raises(DataError, match="more than one row of a study"):
        glane.studies(place, decisions=twice)
    with pytest.raises(DataError, match="1 rows are of effects that this run does not have"):
        glane.studies(place, decisions=said.with_columns(item=pl.Series([2, 6, 9])))
    with pytest.raises(DataError, match="something else than TRUE"):
        glane.studies(place, decisions=said.with_columns(use=pl.lit("yes")))
    # its own table, edited, is taken back
    decided.write(str(tmp_path / "out"))
    again = glane.studies(place, decisions=str(tmp_path / "out" / "effects.csv"))
    assert_frame_equal(again.table().drop("state"), decided.table().drop("state"))
    glane.studies(place, decisions=decided.table(), counts_as="OR")
    renamed = decided.table().with_columns(pl.col("analysis").str.replace("fractures", "falls"))
    with pytest.raises(DataError, match="2 rows are in another analysis"):
        glane.studies(place, decisions=renamed)


def test_links_bring_reports_together_before_numbers_of_registration(run: Callable[..., Path], tmp_path: Path) -> None:
    same = {"registration": "TRN-1"}
    place = run(
        ([counts(5, 60, 9, 61)], same), ([counts(7, 50, 8, 52)], same), ([counts(7, 50, 8, 52)], {"study": "B"})
    )
    base = {"name": "papers", "method": "keys", "columns": None}
    del base["columns"]
    rows = pl.DataFrame({"id": ["d0", "d1", "d2"], "who": ["x", "y", "y"]})
    definition = {**base, "block": [["who"]], "compare": []}
    glane.link(rows, definition, id_column="id", out_dir=str(tmp_path / "links"))
    found = glane.studies(place, links=tmp_path / "links")
    assert states(found) == ["used", "used", "repeated"]
    assert [(one.by, one.reports) for one in found.summary.brought_together] == [("link", ("d1", "d2"))]
    with pytest.raises(DataError, match=r"no link\.json"):
        glane.studies(place, links=tmp_path)


def test_counts_of_clusters_and_adjusted_estimates_are_pooled_by_their_interval(run: Callable[..., Path]) -> None:
    told = counts(72, 1176, 96, 1142, measure="OR", estimate=0.71, ci_low=0.53, ci_high=0.95)
    bare = counts(72, 1176, 96, 1142, outcome="deaths")
    place = run(
        ([told], {"design": "cluster_randomised"}), ([{**told, "adjusted": True}], {}), ([told], {}),
        ([bare], {"design": "cluster_randomised"}),
    )  # fmt: skip
    found = glane.studies(place)
    assert [row.effect.basis for row in found.rows] == ["estimate", "estimate", "counts", "counts"]
    assert found.rows[3].signs == ("counts_of_clusters",)
    assert found.summary.without_level == 3


def pool(folder: Path, *arguments: str) -> dict[str, dict[str, float | None]]:
    """What R makes of the table, by analysis."""
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / "meta.R"), *arguments],
        check=False, capture_output=True, text=True, timeout=120, cwd="/",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = csv.DictReader((folder / "results.csv").read_text(encoding="utf-8").splitlines())
    return {
        row["analysis"]: {k: float(v) if v else None for k, v in row.items() if k not in ("analysis", "measure")}
        for row in rows
    }


@pytest.mark.slow
def test_r_pools_the_published_trials_as_published(run: Callable[..., Path], tmp_path: Path) -> None:
    need_r("Evidence tables", metafor=True)
    of_trials = [
        ([counts(a, a + b, c, c + d, outcome="Tuberculose é;\"'\\")], {"study": f"Essai n° {at}"})
        for at, (a, b, c, d) in enumerate(TRIALS)
    ]
    means = {"sd_intervention": 6.1, "total_intervention": 60, "sd_comparator": 6.8, "total_comparator": 58}
    other = [
        ([effect(outcome="fear", mean_intervention=22.4, mean_comparator=24.9, **means)], {}),
        ([effect(outcome="fear", measure="MD", estimate=-1.5, ci_low=-3.5, ci_high=0.5)], {}),
        ([effect(outcome="deaths", measure="HR", estimate=0.8, ci_low=0.64, ci_high=1.0, ci_level=90)], {}),
        ([counts(130, 120, 47, 118, outcome="=deaths")], {}),
    ]
    place = run(*of_trials, *other)
    folder = tmp_path / "with a blank"
    said = job_here(f"run.dir={place}", f"out.dir={folder}", "language=en", name="studies").stdout
    assert "17 effects of 17 studies" in said
    assert "used 16; not used 1: sign 1" in said
    assert "Tuberculose" not in said
    found = pool(folder)
    assert (folder / "plots.pdf").stat().st_size > 1000
    (name,) = [one for one in found if one.startswith("tuberculose")]
    for key, value in POOLED.items():
        assert found[name][key] == pytest.approx(value, abs=0.006 if key == "I2" else 0.00006), key
    assert found[name]["studies"] == 13
    # by hand: inverse variances of two studies whose Q is below its degrees of freedom
    variances = [6.1**2 / 60 + 6.8**2 / 58, (4 / 2 / 1.959964) ** 2]
    weights = [1 / one for one in variances]
    assert found["fear | MD"]["tau2"] == pytest.approx(0, abs=1e-6)
    assert found["fear | MD"]["yi"] == pytest.approx((-2.5 * weights[0] - 1.5 * weights[1]) / sum(weights), abs=1e-4)
    alone = found["deaths | HR"]
    assert (alone["studies"], alone["estimate"]) == (1, pytest.approx(0.8))
    assert alone["se"] == pytest.approx(0.2231436 / 1.644854, abs=1e-3)  # of a level of 90 %
    # an edited table elsewhere, and two rows of one study, which R refuses, too
    edited = pl.read_csv(folder / "effects.csv", infer_schema=False)
    mine = tmp_path / "mine"
    mine.mkdir()
    edited.with_columns(study=pl.lit("d0")).write_csv(mine / "table.csv")
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / "meta.R"), str(mine / "table.csv")], capture_output=True, text=True, check=False
    )  # fmt: skip
    assert done.returncode != 0
    assert "more than one row of a study" in done.stderr
    shutil.copy(folder / "meta.R", mine)
    edited.with_columns(use=pl.lit("FALSE")).write_csv(mine / "effects.csv")
    assert pool(mine) == {}


def test_the_page_shows_quotes_and_signs_in_both_languages_and_the_terminal_none(
    run: Callable[..., Path], tmp_path: Path
) -> None:
    assert WORDS["en"].keys() == WORDS["fr"].keys()
    told = counts(31, 120, 47, 118, outcome="<b>falls", **{**RIGHT, "p_value": "NS"})
    place = run(([told], {"study": SECRET}))
    said = job_here(f"run.dir={place}", f"out.dir={tmp_path / 'out'}", name="studies").stdout
    assert SECRET not in said
    assert "Random answers" in said
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "<b>falls" not in page
    assert "http" not in page.lower()
    tree = lxml.html.fromstring(page)
    for code, sign in (
        ("fr", "la valeur p et l'intervalle se contredisent"),
        ("en", "p value and interval contradict"),
    ):
        (article,) = tree.xpath(f"//article[@lang='{code}']")
        assert sign in article.text_content()
        assert SECRET in article.text_content()
    assert "0,65 [0,44 ; 0,95]" in " ".join(tree.xpath("//article[@lang='fr']")[0].text_content().split())
    record = json.loads((tmp_path / "out" / "studies.json").read_text())
    assert record["signs"] == {"p_against_interval": 1}
    assert "quote" not in (tmp_path / "out" / "effects.csv").read_text().splitlines()[0]


def test_a_run_without_such_a_list_is_refused(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    extract_here(make_settings(data, tmp_path / "run"))
    with pytest.raises(ConfigError, match="no field 'effects'"):
        glane.studies(tmp_path / "run")
    with pytest.raises(ConfigError, match="lack outcome, measure, estimate, ci_low, ci_high"):
        glane.studies(tmp_path / "run", list_field="fever")
