"""One figure under several wordings, models and readings: figures, pairs, factors, what is refused, and the job."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job, make_settings, write_documents

NUM = 80
HOSPITALS = ["north", "south"] * (NUM // 2)
PLAIN = {"age": 1, "sex": "F", "onset": None, "seen": "2025-01-01", "note": "n", "temperature": None, "cases": []}


def task_of(wording: str, **manner: Any) -> dict[str, Any]:
    """The small task with another description of fever."""
    fever = {"type": "boolean", "nullable": True, "description": wording}
    return {**SMALL_TASK, **manner, "fields": {**SMALL_TASK["fields"], "fever": fever}}


def run_of(folder: Path, name: str, says: Callable[[int], Any], *, wording: str = "Fever.", **changes: Any) -> Path:
    """A run whose answers on fever are what `says` gives for each document."""
    texts = [f"[[answer {json.dumps({**PLAIN, 'age': i % 90, 'fever': says(i)})}]]" for i in range(NUM)]
    data = write_documents(folder / f"{name}.parquet", texts, hospital=HOSPITALS)
    manner = changes.pop("manner", {})
    extract_here(make_settings(data, folder / name, task_of(wording, **manner), **changes))
    return folder / name


def true_fever(i: int) -> bool:
    return (i % 2 == 0 and i % 3 != 0) or i % 10 == 1  # north 27 of 40, south 8 of 40 or so


def often_south(i: int) -> bool:
    return i % 2 == 1 or i % 8 == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two wordings, each read in two ways; the second wording is answered with the opposite contrast."""
    folder = tmp_path_factory.mktemp("multiverse")
    run_of(folder, "a", true_fever)
    run_of(folder, "b", often_south, wording="Fever, also one that was only feared.")
    run_of(folder, "c", lambda i: true_fever(i) and i % 7 != 0, manner={"repairs": 2})
    run_of(folder, "d", lambda i: often_south(i) and i % 7 != 0, wording="Fever, also one that was only feared.",
           manner={"repairs": 2})  # fmt: skip
    gold = pl.DataFrame({"id": [f"d{i}" for i in range(NUM)], "fever": [true_fever(i) for i in range(NUM)]})
    gold.sample(50, seed=1).write_parquet(folder / "gold.parquet")
    return folder


def all_runs(folder: Path) -> list[Path]:
    return [folder / name for name in "abcd"]


def shares(says: Callable[[int], Any], group: str | None = None) -> float:
    return float(np.mean([bool(says(i)) for i in range(NUM) if group in (None, HOSPITALS[i])]))


def test_each_specification_has_its_own_figure(folder: Path) -> None:
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "a", samples=0).summary
    figures = {Path(one.run).name: one.figure.value for one in found.specifications}
    assert figures["a"] == pytest.approx(shares(true_fever))
    assert figures["b"] == pytest.approx(shares(often_south))
    assert list(figures) == sorted(figures, key=lambda name: figures[name])
    values = list(figures.values())
    assert (found.raw.lowest, found.raw.highest) == (min(values), max(values))
    assert found.raw.median == pytest.approx(np.median(values))
    assert (found.raw.reversed, found.corrected, found.gold) == (None, None, None)


def test_a_wording_that_reverses_a_contrast_is_told(folder: Path) -> None:
    asked = {"chosen": folder / "a", "by": "hospital", "between": ["north", "south"]}
    found = glane.multiverse(all_runs(folder), "fever", **asked)
    by_name = {Path(one.run).name: one for one in found.summary.specifications}
    for name, says in (("a", true_fever), ("b", often_south)):
        assert by_name[name].figure.value == pytest.approx(shares(says, "north") - shares(says, "south"))
    assert by_name["a"].figure.value > 0 > by_name["b"].figure.value  # type: ignore[operator]
    assert (found.summary.raw.reversed, found.summary.raw.others) == (2, 3)
    assert found.summary.raw.differing == 2
    assert found.summary.raw.excluding == 2
    assert "sign opposite to the chosen one's: 2 of 3 others" in str(found)
    assert "hospital: north − south" in str(found)
    swapped = glane.multiverse(all_runs(folder), "fever", **{**asked, "between": ["south", "north"]}).summary
    assert swapped.stood_for.figure.value == pytest.approx(-found.summary.stood_for.figure.value)  # type: ignore[operator]


def test_what_tells_specifications_apart_is_told_in_full(folder: Path) -> None:
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "b", samples=0).summary
    levels = {one.name: one for one in found.levels}
    assert set(levels) == {"W1", "W2", "M1", "R1", "R2"}
    text = "task.fields.fever.description"
    assert levels["W1"].texts == {text: "Fever, also one that was only feared."}  # that of the chosen one
    assert levels["W2"].texts == {text: "Fever."}
    assert levels["R2"].settings["task.repairs"] == "2"
    named = {Path(one.run).name: (one.wording, one.model, one.reading) for one in found.specifications}
    assert named == {"a": ("W2", "M1", "R1"), "b": ("W1", "M1", "R1"), "c": ("W2", "M1", "R2"), "d": ("W1", "M1", "R2")}
    told = {one.factor: one for one in found.raw.variation.parts}
    assert found.raw.variation.is_balanced
    assert told["model"].share == pytest.approx(0)
    assert sum(one.share for one in told.values()) + found.raw.variation.rest == pytest.approx(1)  # type: ignore[operator]


def test_with_right_answers_each_figure_is_corrected_as_the_estimate_does(folder: Path) -> None:
    gold = str(folder / "gold.parquet")
    found = glane.multiverse(all_runs(folder), "fever", chosen=folder / "a", gold=gold).summary
    for one in found.specifications:
        (alone,) = glane.estimate(one.run, gold, "fever").figures
        assert one.corrected is not None
        assert (one.corrected.value, one.corrected.low, one.corrected.high) == (alone.estimate, alone.low, alone.high)
        assert one.figure.value == pytest.approx(alone.model)
        assert one.gold_left_out == 0
    assert found.corrected is not None
    assert found.corrected.highest - found.corrected.lowest < found.raw.highest - found.raw.lowest  # type: ignore[operator]
    contrast = glane.multiverse(
        all_runs(folder), "fever", chosen=folder / "a", gold=gold, by="hospital", between=["north", "south"]
    )
    corrected = {Path(one.run).name: one.corrected for one in contrast.summary.specifications}
    for figure in corrected.values():
        assert figure is not None
        assert figure.low < figure.value < figure.high  # type: ignore[operator]
    assert contrast.summary.corrected.reversed == 0  # type: ignore[union-attr]
    assert "corrected by the review" in str(contrast)


def test_the_job(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    words = [f"runs={folder}/[abcd]", f"chosen={folder}/a", "field=fever", f"out.dir={out}", "bootstrap.samples=200"]
    done = job(*words, "by=hospital", "between=[north,south]", f"gold={folder}/gold.parquet", name="multiverse")
    assert "4 specifications of the same 80 documents (2 wordings, 1 models, 2 readings)" in done.stdout
    assert "The choice was not sealed before." in done.stdout
    told = json.loads((out / "multiverse.json").read_text())
    assert (told["kind"], told["chosen"]) == ("glane multiverse", f"{folder}/a")
    table = pl.read_parquet(out / "specifications.parquet")
    assert table["figure"].to_list() == sorted(table["figure"].to_list())
    assert table.filter("is_chosen")["run"].to_list() == [f"{folder}/a"]
    assert table["corrected"].null_count() == 0
