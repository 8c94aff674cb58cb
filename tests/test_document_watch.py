"""The documents of a run beside those of an earlier one: a new template is told, an epidemic is not taken for one."""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import fisher_exact, ks_2samp

from conftest import SMALL_TASK, extract_here, make_settings, prepare_run, write_documents
from glane.assess.compare.document_watch import EVERYWHERE, LENGTH, Watched, watch_documents
from glane.assess.compare.watch_lines import watch_lines
from glane.drift import AlarmBudget, DocumentWatch
from glane.errors import ConfigError
from glane.job.part import Part
from glane.job.resolve import resolve
from glane.run.progress import ProgressReporter
from glane.task.fields import fields_from
from glane.task.task import load_task

HOSPITALS = ("north", "south", "west")
FIELDS = fields_from(
    {
        "fever": {"type": "boolean"}, "age": {"type": "integer", "missing": True}, "place": {"type": "string", "nullable": True},
        "signs": {"type": "list", "items": {"type": "string"}},
    },
    place="task.fields",
)  # fmt: skip


def documents(
    rng: np.random.Generator, per_hospital: int, *, prevalence: float = 0.02, template: str = "", sure: float = 6.0
) -> Watched:
    """Documents of three hospitals; in that of the new template they are longer, and the age is not told."""
    num = per_hospital * len(HOSPITALS)
    hospital = np.repeat(HOSPITALS, per_hospital)
    is_new, is_ill = hospital == template, rng.random(num) < prevalence
    no_age = rng.random(num) < np.where(is_new, 0.6, 0.1)
    rows = pl.DataFrame({
        "id": np.arange(num), "hospital": hospital, "status": np.where(rng.random(num) < 0.01, "INVALID", "OK"),
        "fever": is_ill, "fever__confidence": rng.beta(sure, 1, num),
        "age": [None if gone else 40 for gone in no_age],
        "age__missing": ["not_stated" if gone else None for gone in no_age],
        "place": ["p" if one else None for one in rng.random(num) < np.where(is_ill, 0.9, 0.3)],
        "signs": [["x"] if one else [] for one in rng.random(num) < np.where(is_ill, 0.9, 0.2)],
    })  # fmt: skip
    lengths = pl.DataFrame({"id": rows["id"], LENGTH: (rng.gamma(4, 200, num) * np.where(is_new, 2, 1)).astype(int)})
    return Watched(fields=FIELDS, rows=rows.lazy(), lengths=lengths.lazy(), id_column="id")


def kinds(found: DocumentWatch, place: str) -> set[str]:
    return {one.of for one in found.of_place(place)}


@pytest.mark.parametrize("template", HOSPITALS)
def test_a_new_template_is_told_of_its_hospital_alone(template: str) -> None:
    rng = np.random.default_rng(3)
    found = watch_documents(documents(rng, 300), documents(rng, 300, template=template), by=["hospital"])
    place = f"hospital={template}"
    assert {one.place for one in found.shifts} == {place}
    assert kinds(found, place) == {"length", "without a value", "reason"}
    assert found.has_new_template(place)
    told = watch_lines(found, drifted=False)
    assert len(told) == 2
    assert told[0].startswith(f"documents of {place}: the documents changed, as with a new template")
    assert "characters, age without a value 0." in told[0]
    assert told[1] == "documents: sentinels did not drift; the model answers the same documents as before"
    assert "all but length may be by that" in watch_lines(found, drifted=True)[1]
    assert "it is not known" in watch_lines(found, drifted=None)[1]


@pytest.mark.parametrize("prevalence", [0.1, 0.3, 0.6])
def test_an_epidemic_is_not_told_as_a_new_template(prevalence: float) -> None:
    rng = np.random.default_rng(5)
    found = watch_documents(documents(rng, 400), documents(rng, 400, prevalence=prevalence), by=["hospital"])
    assert not any(found.has_new_template(place) for place in found.places)
    assert not any("template" in line for line in watch_lines(found, drifted=False))
    assert all(one.of == "without a value" and one.field in ("place", "signs") for one in found.shifts)
    if prevalence == 0.6:
        (line, _) = watch_lines(found, drifted=False)  # all hospitals in one
        assert "an epidemic or another model do that, too" in line
        assert all(name in line for name in HOSPITALS)
        # Ill patients with long notes, in which more is told.
        longer = documents(rng, 400, prevalence=prevalence)
        assert longer.lengths is not None
        longer = Watched(
            fields=FIELDS, rows=longer.rows, lengths=longer.lengths.with_columns(pl.col(LENGTH) * 2), id_column="id"
        )
        found = watch_documents(documents(rng, 400), longer, by=["hospital"])
        assert not any(found.has_new_template(place) for place in found.places)


def test_without_a_cause_the_alarms_are_as_many_as_promised_and_trifles_are_none() -> None:
    gc.freeze()  # statsmodels collects garbage for each family of tests, among all objects that are not frozen
    rng, alarms = np.random.default_rng(7), 0
    for _ in range(
        200
    ):  # at the level of one run alone, and few documents, so that the least effect holds nothing back
        found = watch_documents(
            documents(rng, 60), documents(rng, 60), by=["hospital"], budget=AlarmBudget(planned_runs=1)
        )
        alarms += bool(found.shifts)
    gc.unfreeze()
    assert alarms <= 200 * 0.05 + 2 * np.sqrt(200 * 0.05 * 0.95)
    many = [documents(rng, 60_000), documents(rng, 60_000, prevalence=0.05, sure=6.3)]
    assert watch_documents(many[0], many[1], by=["hospital"]).shifts == ()


def test_figures_are_those_of_scipy() -> None:
    rng = np.random.default_rng(11)
    then, now = documents(rng, 300), documents(rng, 300, template="west", sure=1.0)
    found = watch_documents(then, now)
    assert found.places == (EVERYWHERE,)
    sides = [one.rows.filter(pl.col("status") == "OK").collect() for one in (then, now)]
    by = {(one.of, one.field): one for one in found.shifts}
    sure = by["confidence", "fever"]
    expected = ks_2samp(*(side["fever__confidence"].to_numpy() for side in sides), method="asymp")
    assert (sure.effect, sure.p) == (pytest.approx(expected.statistic), pytest.approx(expected.pvalue))
    ages = by["without a value", "age"]
    counts = [[side["age"].null_count(), len(side) - side["age"].null_count()] for side in sides]
    assert ages.p == pytest.approx(fisher_exact(counts).pvalue)
    assert (ages.then, ages.now) == tuple(pytest.approx(yes / (yes + no)) for yes, no in counts)
    assert ages.p_holm is not None
    assert ages.p < ages.p_holm <= 0.05 / 260


def test_nothing_is_told_of_places_that_the_reference_does_not_know() -> None:
    rng = np.random.default_rng(13)
    then, now = documents(rng, 300), documents(rng, 300, template="west")
    known = Watched(
        fields=FIELDS, rows=then.rows.filter(pl.col("hospital") != "west"), lengths=then.lengths, id_column="id"
    )
    found = watch_documents(known, now, by=["hospital"])
    assert found.places == ("hospital=north", "hospital=south")
    assert kinds(found, "hospital=north") <= {"share of documents"}  # a third now, where it was half
    for rows in (then.rows.head(0), then.rows.head(20)):
        few = watch_documents(Watched(fields=FIELDS, rows=rows, lengths=None, id_column="id"), now, by=["hospital"])
        assert (few.places, few.tests, few.shifts) == ((), 0, ())
        assert watch_lines(few, drifted=None) == []


# At the end of a run


def run_of(folder: Path, name: str, texts: list[str], **changed: Any) -> dict[str, Any]:
    data = write_documents(folder / f"{name}.parquet", texts, hospital=["north", "south"] * (len(texts) // 2))
    settings = make_settings(data, folder / name, SMALL_TASK, data__carry_columns=["hospital"], **changed)
    extract_here(settings)
    settings, task = resolve(settings)
    run = prepare_run(settings, task)
    with ProgressReporter(run.directory, run.plan, style="none") as progress:
        Part(settings=settings, task=task, run=run, sentinels=None, place="").finish(None, progress)
    summary: dict[str, Any] = json.loads(run.directory.summary.read_text())
    return summary


def test_a_run_tells_at_its_end_what_its_documents_are_like(tmp_path: Path) -> None:
    assert "documents" not in run_of(tmp_path, "first", [f"note {at} " + "x" * (at % 50) for at in range(240)])
    longer = [f"note {at} " + "x" * (at % 50) + "y" * (at % 2) * 400 for at in range(240)]
    told = {"run__reference": str(tmp_path / "first"), "run__reference_by": ["hospital"]}
    found = run_of(tmp_path, "second", longer, **told)["documents"]
    assert found["reference"] == str(tmp_path / "first")
    assert found["places"] == ["hospital=north", "hospital=south"]
    assert [(one["place"], one["of"]) for one in found["shifts"]] == [("hospital=south", "length")]
    log = (tmp_path / "second" / "extract.log").read_text()
    assert "warning: documents of hospital=south: the documents have another length" in log
    assert "note" not in json.dumps(found["shifts"])
    same = run_of(tmp_path, "third", [f"note {at} " + "x" * (at % 50) for at in range(240)], **told)["documents"]
    assert same["shifts"] == []
    (tmp_path / "first.parquet").unlink()
    gone = run_of(tmp_path, "fourth", longer, **told)["documents"]
    assert (gone["has_lengths"], gone["shifts"]) == (False, [])


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"run__reference": "nowhere"}, "run.reference: .*no run here"),
        ({"run__reference_by": ["hospital"]}, "there is no run.reference"),
        ({"run__reference": "first", "run__reference_by": ["ward"]}, r"Add data.carry_columns=\[hospital,ward\]"),
        ({"run__reference": "plain", "run__reference_by": ["hospital"]}, "has no column 'hospital'"),
    ],
)
def test_a_reference_that_cannot_be_compared_is_refused_at_the_start(
    tmp_path: Path, changed: dict[str, Any], said: str
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {at}" for at in range(40)], hospital=["north", "south"] * 20)
    extract_here(make_settings(data, tmp_path / "first", SMALL_TASK, data__carry_columns=["hospital"]))
    extract_here(make_settings(data, tmp_path / "plain", SMALL_TASK))
    if "run__reference" in changed:
        changed = {**changed, "run__reference": str(tmp_path / changed["run__reference"])}
    with pytest.raises(ConfigError, match=said):
        resolve(make_settings(data, tmp_path / "now", SMALL_TASK, data__carry_columns=["hospital"], **changed))
    assert load_task(SMALL_TASK).name
