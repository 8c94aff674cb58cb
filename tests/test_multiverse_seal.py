"""The chosen question, sealed before right answers are opened: what is sealed, and what breaks it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.api.seal import read_seal
from glane.assess.estimate.question import Question
from glane.assess.multiverse.seal import Choice, GoldFile, checked, sealed
from glane.errors import ConfigError, RecordError, RunError
from glane.records import parse_record

CHOICE = Choice(
    task="t 1", wording="w", prompt="p", model="m", reading="r", fingerprint="f",
    question=Question(what="prevalence", field="fever"), between=None, weight=None, inclusion_probability=None,
    documents=3, ids="i", inputs="n", specifications=("f", "g"),
)  # fmt: skip
QUESTION: Mapping[str, Any] = {
    "what": "count", "field": "cough", "case": "fever AND cough", "value": "false", "method": "ppi", "by": "hospital",
    "clusters": ("patient",), "population": "run",
}  # fmt: skip
OTHERS: Mapping[str, Any] = {
    "task": "t 2", "wording": "x", "prompt": "x", "model": "x", "reading": "x", "fingerprint": "x",
    "between": ("a", "b"), "weight": "w", "inclusion_probability": "p", "documents": 4, "ids": "x", "inputs": "x",
    "specifications": ("f", "h"),
}  # fmt: skip


def test_what_is_as_it_was_sealed_holds() -> None:
    found = checked(sealed(CHOICE, now="2026-01-01T00:00:00+00:00"), CHOICE, None)
    assert (found.holds, found.broken, found.is_before_gold) == (True, (), None)
    assert not checked(None, CHOICE, None).holds


@pytest.mark.parametrize("key", OTHERS)
def test_another_specification_breaks_the_seal_by_its_key(key: str) -> None:
    seal = sealed(CHOICE, now="2026-01-01T00:00:00+00:00")
    found = checked(seal, CHOICE.model_copy(update={key: OTHERS[key]}), None)
    assert [one.key for one in found.broken] == [key]
    assert found.broken[0].sealed != found.broken[0].now
    assert not found.holds


@pytest.mark.parametrize("key", QUESTION)
def test_another_question_breaks_the_seal_by_its_key(key: str) -> None:
    seal = sealed(CHOICE, now="2026-01-01T00:00:00+00:00")
    asked = Question(**{"what": "prevalence", "field": "fever", key: QUESTION[key]})  # type: ignore[arg-type]
    found = checked(seal, CHOICE.model_copy(update={"question": asked}), None)
    assert [one.key for one in found.broken] == [f"question.{key}"]


def test_every_key_of_a_choice_is_tried() -> None:
    assert set(OTHERS) | {"question"} == set(Choice.model_fields)


@pytest.mark.parametrize(
    ("modified", "before"), [("2026-01-02T00:00:00+00:00", True), ("2025-12-31T00:00:00+00:00", False), (None, None)]
)
def test_whether_gold_came_later_is_told(modified: str | None, before: bool | None) -> None:
    seal = sealed(CHOICE, now="2026-01-01T00:00:00+00:00")
    assert checked(seal, CHOICE, GoldFile(path="g", modified=modified)).is_before_gold is before


@pytest.mark.parametrize("change", [{"sealed": "2020-01-01T00:00:00+00:00"}, {"task": "t 2"}, {"ids": "j"}])
def test_a_seal_that_was_edited_is_told(change: dict[str, str]) -> None:
    values = sealed(CHOICE, now="2026-01-01T00:00:00+00:00").as_values()
    for key, value in change.items():
        (values if key == "sealed" else values["choice"])[key] = value
    edited = parse_record(type(sealed(CHOICE, now="x")), values, place="seal.json")
    found = checked(edited, edited.choice, None)
    assert [one.key for one in found.broken] == ["sha256"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sealed")
    data = write_documents(folder / "d.parquet", [f"note {i}" for i in range(40)], hospital=["A", "B"] * 20)
    for name, seed in (("a", 0), ("b", 1), ("c", 2)):
        extract_here(make_settings(data, folder / name, model__sampling={"seed": seed}))
    return folder


def words(folder: Path, out: Path, *more: str, runs: str = "[ab]") -> list[str]:
    return [f"runs={folder}/{runs}", f"chosen={folder}/a", f"out.dir={out}", "bootstrap.samples=0", *more]


def gold_of(folder: Path, path: Path) -> Path:
    glane.open_run(folder / "a").usable().select("id", "fever").collect().head(30).write_parquet(path)
    return path


def test_a_question_is_sealed_once_and_before_gold(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = job_here(*words(folder, out, "field=fever", "seal=true"), name="multiverse")
    told = read_seal(out / "seal.json")
    assert told is not None
    assert told.sealed in done.stdout
    assert told.sha256 in done.stdout
    assert {path.name for path in out.iterdir()} == {"seal.json"}
    assert (out / "seal.json").stat().st_mode & 0o777 == 0o600
    content = (out / "seal.json").read_bytes()
    again = job_here(*words(folder, out, "field=age", "what=mean", "seal=true"), name="multiverse", check=2)
    assert f"sealed on {told.sealed}. A seal is never written again" in again.stderr
    assert (out / "seal.json").read_bytes() == content
    refused = job_here(*words(folder, out, "field=fever", "seal=true", "gold=x"), name="multiverse", check=2)
    assert "before right answers are opened" in refused.stderr

    gold = gold_of(folder, tmp_path / "gold.parquet")
    held = job_here(*words(folder, out, "field=fever", f"gold={gold}"), name="multiverse")
    assert f"sealed on {told.sealed}, before the gold" in held.stdout
    assert "BROKEN" not in held.stdout
    record = json.loads((out / "multiverse.json").read_text())
    assert record["seal"]["is_before_gold"] is True
    assert len(record["gold"]["sha256"]) == 64
    broken = job_here(*words(folder, out, "field=fever", "value=false", f"gold={gold}"), name="multiverse")
    assert "THE SEAL IS BROKEN" in broken.stdout
    assert "question.value: true -> false" in broken.stdout
    more = job_here(*words(folder, out, "field=fever", f"gold={gold}", runs="[abc]"), name="multiverse")
    assert "specifications: " in more.stdout
    os.utime(gold, (0, 0))
    older = job_here(*words(folder, out, "field=fever", f"gold={gold}"), name="multiverse")
    assert "NOT before the gold" in older.stdout


def test_another_run_in_its_place_breaks_the_seal(folder: Path, tmp_path: Path) -> None:
    runs = [folder / "a", folder / "b"]
    glane.seal_question(runs, "fever", chosen=folder / "a", out_dir=str(tmp_path))
    other = glane.multiverse(runs, "fever", chosen=folder / "b", samples=0, seal=tmp_path / "seal.json").summary
    assert {one.key for one in other.seal.broken} == {"model", "fingerprint"}
    same = glane.multiverse(runs[::-1], "fever", chosen=folder / "a", samples=0, seal=tmp_path / "seal.json").summary
    assert same.seal.holds


def test_the_page_tells_whether_the_seal_holds(folder: Path, tmp_path: Path) -> None:
    runs, gold = [folder / "a", folder / "b"], gold_of(folder, tmp_path / "gold.parquet")
    glane.seal_question(runs, "fever", chosen=folder / "a", out_dir=str(tmp_path))
    os.utime(gold)
    pages = []
    for value in ("true", "false"):
        out = tmp_path / value
        glane.multiverse(
            runs, "fever", value=value, chosen=folder / "a", gold=gold, samples=0, seal=tmp_path / "seal.json",
            out_dir=str(out),
        )  # fmt: skip
        pages.append((out / "report.html").read_text())
    for words in ("scellé le", "avant la référence du", "sealed on", "before the gold of"):
        assert words in pages[0]
    for words in ("Sceau rompu", "Broken seal", "question.value"):
        assert words not in pages[0]
        assert words in pages[1]


def test_a_seal_that_is_none_is_refused(folder: Path, tmp_path: Path) -> None:
    runs = [folder / "a", folder / "b"]
    with pytest.raises(RecordError, match="is not there"):
        glane.multiverse(runs, "fever", chosen=folder / "a", samples=0, seal=tmp_path / "seal.json")
    (tmp_path / "seal.json").write_text("{}")
    with pytest.raises(RecordError, match="no record of glane"):
        glane.multiverse(runs, "fever", chosen=folder / "a", samples=0, seal=tmp_path / "seal.json")
    with pytest.raises(RunError, match="directory of a run"):
        glane.seal_question(runs, "fever", chosen=folder / "a", out_dir=str(folder / "a"))
    for words, asked in (
        ("hospital=C. Valid: A, B", {"by": "hospital", "between": ["A", "C"]}),
        ("pooled is for shares and counts by groups", {"method": "pooled"}),
        ("needs a number", {"what": "mean"}),
    ):
        with pytest.raises(ConfigError, match=words):
            glane.seal_question(runs, "fever", chosen=folder / "a", out_dir=str(tmp_path / "x"), **asked)
    with pytest.raises(ConfigError, match="is no value of"):
        glane.seal_question(runs, "sex", value="X", chosen=folder / "a", out_dir=str(tmp_path / "x"))
    assert not (tmp_path / "x").exists()


def test_the_documents_are_sealed_and_not_their_order(folder: Path, tmp_path: Path) -> None:
    runs = [folder / "a", folder / "b"]
    glane.seal_question(runs, "fever", chosen=folder / "a", out_dir=str(tmp_path))
    told = read_seal(tmp_path / "seal.json")
    assert told is not None
    assert told.choice.documents == 40
    frame = pl.DataFrame({"id": [f"d{i}" for i in range(39)], "text": [f"note {i}" for i in range(39)]})
    frame.write_parquet(tmp_path / "fewer.parquet")
    fewer = []
    for name, seed in (("e", 0), ("f", 1)):
        fewer.append(tmp_path / name)
        extract_here(make_settings(tmp_path / "fewer.parquet", fewer[-1], model__sampling={"seed": seed}))
    found = glane.multiverse(fewer, "fever", chosen=fewer[0], samples=0, seal=tmp_path / "seal.json").summary
    assert {one.key for one in found.seal.broken} == {"documents", "ids", "inputs"}
    assert found.is_same_input
