"""Case definitions: conditions on several fields, counted, corrected and validated as a field is."""

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings
from glane.assess.estimate.case import CaseDefinition
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question
from glane.assess.yes import check_value, is_yes
from glane.errors import ConfigError, DataError


def rows(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fever AND cough", [True, False, False, False]),
        ("fever AND NOT cough", [False, True, False, False]),  # a null is no proof of absence
        ("fever OR cough", [True, True, True, False]),
        ("age >= 65 AND fever", [False, True, False, False]),
        ("sex = 'F'", [True, False, False, True]),
        ("visit - onset <= INTERVAL '7 days'", [True, False, False, False]),
        ("visit >= '2024-01-15'", [False, True, True, False]),
    ],
)
def test_a_condition_on_one_row_is_a_case_or_none(text: str, expected: list[bool]) -> None:
    table = rows(
        fever=[True, True, None, False], cough=[True, False, True, None], age=[40, 80, 70, 90],
        sex=pl.Series(["F", "M", None, "F"], dtype=pl.Categorical),
        onset=pl.Series(["2024-01-01", "2024-01-02", None, "2024-01-01"]).str.to_date(),
        visit=pl.Series(["2024-01-05", "2024-01-20", "2024-01-20", "2024-01-09"]).str.to_date(),
    )  # fmt: skip
    assert CaseDefinition(text).of(table, cells={})["case"].to_list() == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("feverr", "Did you mean 'fever'"),
        ("age + 1", "not true or false"),
        ("age > avg(age)", "several rows"),
        ("visit > CURRENT_DATE", "current time"),
        ("fever AND", "no SQL expression"),
        ("TRUE", "speaks of no field"),
    ],
)
def test_what_is_no_condition_is_refused(text: str, words: str) -> None:
    table = rows(fever=[True], age=[3], visit=[None])

    def read() -> None:
        CaseDefinition(text).fields(table.columns)
        CaseDefinition(text).of(table, cells={})

    with pytest.raises(ConfigError, match=words):
        read()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cases")
    frame = pl.DataFrame(
        {"id": [f"d{i}" for i in range(60)], "text": [f"note {i}" for i in range(60)],
         "visit": pl.Series(["2024-01-05", "2024-02-05"] * 30).str.to_date(), "ward": ["A", "B", "C"] * 20}
    )  # fmt: skip
    frame.write_parquet(folder / "d.parquet")
    extract_here(make_settings(folder / "d.parquet", folder / "run", data__carry_columns=["ward"]))
    return folder / "run"


def test_a_case_is_estimated_from_fields_carried_columns_and_input(run: Path) -> None:
    opened = glane.open_run(run)
    found = opened.usable().select("id", "fever", "age", "ward").join(opened.inputs().select("id", "visit"), on="id")
    table = found.collect()
    truth = table.filter(
        pl.col("fever").fill_null(False) & (pl.col("ward") != "C") & (pl.col("visit") < pl.date(2024, 2, 1))
    ).height
    gold = table.select("id", "fever", "age")
    asked = glane.estimate(run, gold, case="fever AND ward <> 'C' AND visit < '2024-02-01'", what="count")
    (one,) = asked.figures
    assert (one.estimate, one.low, one.high) == (truth, truth, truth)
    assert "documents that are a case: fever AND" in str(asked)
    assert asked.summary.question.case is not None
    with pytest.raises(DataError, match="which the case definition needs"):
        glane.estimate(run, gold.drop("age"), case="fever AND age > 3")
    with pytest.raises(ConfigError, match="one of both"):
        glane.estimate(run, gold)
    with pytest.raises(ConfigError, match="is no column"):
        glane.estimate(run, gold, case="fever__confidence > 0.5")


def test_error_rates_of_one_definition_are_not_those_of_another(run: Path, tmp_path: Path) -> None:
    gold = glane.open_run(run).usable().select("id", "fever", "age").collect()
    glane.estimate(run, gold, case="fever", what="count", out_dir=str(tmp_path))
    rates = str(tmp_path / "error_rates.json")
    assert glane.estimate(run, None, case="fever", what="count", error_rates=rates).figures[0].method == "transported"
    with pytest.raises(DataError, match="fever AND age > 3"):
        glane.estimate(run, None, case="fever AND age > 3", what="count", error_rates=rates)


def test_the_job_takes_a_definition(run: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.parquet"
    glane.open_run(run).usable().select("id", "fever", "age").collect().write_parquet(gold)
    common = [f"run.dir={run}", f"gold={gold}", f"out.dir={tmp_path}/out"]
    done = job_here(*common, "case=fever AND age >= 0", name="estimate")
    assert "Share of documents that are a case: fever AND age >= 0" in done.stdout
    refused = job_here(*common, "case=fever", "field=fever", name="estimate", check=2)
    assert "one of both" in refused.stderr
    definitions = tmp_path / "cases.yaml"
    definitions.write_text("ili: fever AND age >= 0\nother: fever\n")
    named = job_here(*common, f"cases={definitions}", "case=ili", name="estimate")
    assert "that are a case: fever AND age >= 0" in named.stdout
    refused = job_here(*common, f"cases={definitions}", "case=iil", name="estimate", check=2)
    assert "Did you mean 'ili'" in refused.stderr
    definitions.write_text("ili: [fever]\n")
    assert (
        "is not a name with a condition"
        in job_here(*common, f"cases={definitions}", "case=ili", name="estimate", check=2).stderr
    )


# The validation sheet


def reviewed(cells: dict[tuple[bool, bool], int], **gold: Any) -> Any:
    truth = [right for (right, _), count in cells.items() for _ in range(count)]
    said = [told for (_, told), count in cells.items() for _ in range(count)]
    ids = list(range(len(truth)))
    table = pl.DataFrame({"id": ids, "fever": truth, **gold})
    return estimate(
        pl.DataFrame({"id": ids, "fever": said}), table, Question(what="prevalence", field="fever"), id_column="id"
    ).validation


def test_the_validation_sheet_has_the_figures_of_a_two_by_two_table() -> None:
    found = reviewed({(True, True): 40, (True, False): 10, (False, True): 5, (False, False): 145})
    assert (found.true_positive, found.false_negative, found.false_positive, found.true_negative) == (40, 10, 5, 145)
    for one, value in (
        (found.sensitivity, 0.8), (found.ppv, 40 / 45), (found.specificity, 145 / 150), (found.npv, 145 / 155),
        (found.lr_positive, 0.8 / (5 / 150)), (found.lr_negative, 0.2 / (145 / 150)),
    ):  # fmt: skip
        assert one.value == pytest.approx(value)
        assert one.low < value < one.high
    # the log method of Simel, Samsa and Matchar (1991), on large counts
    half = 1.96 * (1 / 40 - 1 / 50 + 1 / 5 - 1 / 150) ** 0.5
    assert np.log(found.lr_positive.high / found.lr_positive.low) == pytest.approx(2 * half, rel=0.2)


def test_without_a_true_yes_nothing_is_said_of_sensitivity() -> None:
    found = reviewed({(False, True): 3, (False, False): 30})
    assert found.sensitivity.value is None
    assert found.ppv.value == 0
    assert found.ppv.high > 0.3


def test_one_name_is_a_name_and_not_its_letters(run: Path) -> None:
    gold = glane.open_run(run).usable().select("id", "fever", "age").collect()
    one = glane.estimate(run, gold, "fever", clusters="ward").figures[0]
    assert one.clusters == 3
    assert glane.evaluate(run, gold, fields="fever", by="ward", samples=0).summary.by.keys() == {"ward"}


def test_no_cell_is_told_where_a_definition_cannot_be_computed(run: Path, tmp_path: Path) -> None:
    secret = "Mme Untel, née le 3"
    data = tmp_path / "d.parquet"
    pl.DataFrame({"id": ["a", "b"], "text": [f"[[answer {{}}]] {secret}"] * 2}).write_parquet(data)
    extract_here(make_settings(data, tmp_path / "run"))
    gold = pl.DataFrame({"id": ["a", "b"], "fever": [True, False]})
    for case in ("CAST(text AS INT) > 1", "STRPTIME(text, '%Y-%m-%d') > '2024-01-01'"):
        with pytest.raises(ConfigError, match="cannot be computed for every document") as told:
            glane.estimate(tmp_path / "run", gold, case=case)
        assert "Untel" not in str(told.value) + repr(told.value.__cause__)
    with pytest.raises(ConfigError, match="speaks of no field"):
        glane.estimate(tmp_path / "run", gold, case="TRUE")


# Slips in categories


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("sex = 'W'", "'W' is no value of 'sex'. Valid: F, M."),
        ("fever AND sex IN ('F', 'Male')", "'Male' is no value of 'sex'"),
        ("fever = 'oui'", "'oui' is no value of 'fever'. Valid: false, true."),
        ("sex LIKE 'female%'", "no value of 'sex' fits the pattern"),
    ],
)
def test_a_slip_in_the_category_of_a_case_is_refused(run: Path, case: str, words: str) -> None:
    gold = glane.open_run(run).usable().select("id", "fever", "sex").collect()
    with pytest.raises(ConfigError) as caught:
        glane.estimate(run, gold, case=case)
    assert str(caught.value).startswith("case: ")
    assert words in str(caught.value)


def test_right_answers_of_an_unknown_category_are_no_silent_no(run: Path) -> None:
    gold = glane.open_run(run).usable().select("id", "fever", "sex").collect()
    wrong = gold.with_columns(sex=pl.col("sex").cast(pl.String).replace({"F": "f"}))
    for asked in ({"field": "sex", "value": "F"}, {"case": "sex = 'F' AND fever"}):
        with pytest.raises(DataError, match=r"gold\.sex: .* has a value that the task does not know. Valid: F, M\."):
            glane.estimate(run, wrong, **asked)


@pytest.mark.parametrize(
    ("kind", "value", "words"),
    [
        (pl.Date(), "2024-02-31", "'2024-02-31' is compared with days"),
        (pl.Date(), "31/01/2024", "write it as '2024-01-31'"),
        (pl.Datetime(), "soon", "write it as '2024-01-31'"),
        (pl.List(pl.Date()), "2024", "is compared with days"),
        (pl.Int64(), "3.5", "no whole number"),
        (pl.Int64(), "true", "'f' holds numbers: say which one counts as a yes"),
        (pl.Int64(), "many", "'many' is no number"),
        (pl.Boolean(), "oui", "Valid: false, true"),
    ],
)
def test_a_value_that_no_document_can_have_is_refused(kind: pl.DataType, value: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        check_value("f", value, kind=kind)


def test_days_and_instants_are_found_as_they_are_written() -> None:
    at = pl.Series([datetime.datetime(2024, 1, 31, 8, 30), datetime.datetime(2024, 1, 31), None])
    for kind, value, expected in (
        (pl.Datetime("us"), "2024-01-31 08:30", [True, False, False]),
        (pl.Datetime("us"), "2024-01-31", [False, True, False]),
        (pl.Date(), "2024-01-31", [True, True, False]),
    ):
        table = pl.DataFrame({"at": at.cast(kind)})
        assert table.select(is_yes("at", value, of=kind, as_in=kind)).to_series().to_list() == expected


SLIPS = [
    ("ward = 'A'", []),
    ("ward = 'a'", ["no row has 'a' in ward; the nearest that is there is 'A'"]),
    ("fever OR ward = 'D'", ["no row has 'D' in ward"]),
    ("fever AND ward IN ('A', 'B ', 'Z')", ["no row has 'B ' in ward; the nearest that is there is 'B'", "no row has 'Z' in ward"]),
    ("ward <> 'c'", ["no row has 'c' in ward; the nearest that is there is 'C'"]),
    ("LOWER(ward) = 'A' OR fever", ["no row has 'A' in ward; the nearest that is there is 'a'"]),
    ("text = 'note 1x' OR fever", ["no row has 'note 1x' in text"]),
    ("visit > '2024-01-06'", []),
]  # fmt: skip


@pytest.mark.parametrize(("case", "notes"), SLIPS)
def test_a_text_of_a_case_that_no_row_has_is_told(
    run: Path, case: str, notes: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    gold = pl.DataFrame({"id": [f"d{i}" for i in range(30)], "fever": [True, False, False] * 10})
    glane.estimate(run, gold, case=case, what="count")
    said = [line for line in capsys.readouterr().err.splitlines() if "no row has" in line]
    assert len(said) == len(notes)
    for line, expected in zip(said, notes, strict=True):
        assert line.startswith("note: case: ")
        assert expected in line
        assert line.endswith(expected)  # and no text of a document


def test_a_text_that_one_of_several_runs_has_is_no_slip(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = run.parent
    frame = pl.read_parquet(folder / "d.parquet").with_columns(id="e" + pl.col("id"), ward=pl.lit("D"))
    frame.write_parquet(folder / "more.parquet")
    extract_here(make_settings(folder / "more.parquet", folder / "second", data__carry_columns=["ward"]))
    gold = pl.DataFrame({"id": [f"{mark}d{i}" for i in range(30) for mark in ("", "e")], "fever": [True, False] * 30})
    glane.estimate([run, folder / "second"], gold, case="fever AND ward IN ('A', 'D', 'E')", what="count")
    said = [line for line in capsys.readouterr().err.splitlines() if "no row has" in line]
    assert said == ["note: case: no row has 'E' in ward"]
