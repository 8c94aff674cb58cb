"""Where right answers are from, and that no figure of answers that nobody read looks like a result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, write_documents
from glane.assess.right_answers import WORDS, RightAnswers, right_answers, right_answers_text, right_answers_warnings
from glane.demo.corpus import write_corpus
from glane.errors import DataError
from test_export_annotations import annotated, listed

TASK = {
    "name": "t", "version": "1", "instructions": "x",
    "fields": {"fever": {"type": "boolean", "missing": True}, "age": {"type": "integer", "minimum": 0, "maximum": 120}},
}  # fmt: skip
FIELDS = ("fever", "age")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("right") / "runs"
    data = write_documents(folder.parent / "d.parquet", [f"Note {number}" for number in range(20)])
    extract_here(make_settings(data, folder / "run", TASK))
    return folder / "run"


def reviewed(run: Path, bulk: dict[int, list[str]], *, twice: int = 0) -> pl.DataFrame:
    """Right answers as `glane review` writes them, the model's own; `bulk` by number of the document."""
    rows = pl.read_parquet(run / "records" / "*.parquet").select("id", "fever", "fever__missing", "age")
    num = rows.height
    return rows.with_columns(
        pl.Series("accepted_in_bulk", [bulk.get(at, []) for at in range(num)], pl.List(pl.String)),
        pl.Series("reviewer", ["A, B" if at < twice else "A" for at in range(num)]),
        *(
            pl.Series(f"{name}__source", ["agreed" if at < twice else "one_reader" for at in range(num)])
            for name in FIELDS
        ),
    )


def test_documents_count_as_accepted_in_bulk_where_no_value_was_decided_by_itself(run: Path) -> None:
    gold = reviewed(run, {0: ["fever", "age"], 1: ["age"], 2: ["age", "fever", "other"]}, twice=5)
    found = right_answers(gold, fields=FIELDS)
    assert (found.kind, found.documents, found.in_bulk, found.read_twice) == ("review", 20, 2, 5)
    assert found.how == "reviewed"
    assert right_answers_warnings(found, "en") == []
    assert "by two or more: 5 documents" in right_answers_text(found, "en")
    assert right_answers(reviewed(run, {}, twice=20), fields=FIELDS).how == "read_twice"
    half = right_answers(reviewed(run, {at: list(FIELDS) for at in range(10)}, twice=20), fields=FIELDS)
    assert half.how == "in_bulk"
    assert right_answers(reviewed(run, {}).drop("accepted_in_bulk"), fields=FIELDS).in_bulk == 0


def test_columns_that_are_fields_of_the_task_tell_nothing(run: Path) -> None:
    gold = pl.DataFrame({"id": ["a"], "reviewer": ["x"], "status": ["OK"], "reason": [None]})
    assert right_answers(gold, fields=("reviewer", "status")).kind == "table"
    assert right_answers(gold, fields=("reviewer",)).kind == "model"
    other = gold.with_columns(status=pl.lit("discharged"))
    assert right_answers(other, fields=()).kind == "review"
    assert right_answers(gold.clear(), fields=()).kind == "review"


def test_a_review_accepted_in_bulk_is_told_before_its_figures_everywhere(run: Path, tmp_path: Path) -> None:
    gold = tmp_path / "gold.parquet"
    reviewed(run, {at: list(FIELDS) for at in range(19)}).write_parquet(gold)
    place = run.parent / "evaluation"
    words = (f"run.dir={run}", f"gold={gold}", "bootstrap.samples=100")
    said = job_here(*words, f"out.dir={place}", name="evaluate").stdout
    warned = "Warning: 19 of 20 documents were accepted in bulk"
    assert said.index(warned) < said.index("20 documents compared") < said.index("(micro)")
    assert "19 documents sur 20 ont été acceptés en bloc" in (place / "report.html").read_text(encoding="utf-8")
    told = job_here(f"run.dir={run}", f"gold={gold}", f"out.dir={tmp_path}/e", "field=fever", name="estimate").stdout
    assert told.index(warned) < told.index("Share of documents")
    page = (tmp_path / "e" / "report.html").read_text(encoding="utf-8")
    assert '<p class="warning">19 of 20 documents were accepted in bulk' in page
    assert json.loads((tmp_path / "e" / "estimates.json").read_text())["right_answers"]["in_bulk"] == 19
    listed = job_here(f"folder={run.parent}", name="runs").stdout
    [line] = [one for one in listed.splitlines() if one.startswith(str(run))]
    assert "1.000" in line
    assert "accepted in bulk" in line
    assert "  20  " in line
    [values] = json.loads(job_here(f"folder={run.parent}", "json=true", name="runs").stdout)
    assert (values["f1"], values["f1_documents"], values["gold_kind"]) == (1.0, 20, "in_bulk")
    assert values["gold"] == str(gold)
    assert values["f1_low"] <= values["f1_high"] == 1.0
    assert glane.runs(run.parent).table["gold_kind"].to_list() == ["in_bulk"]
    glane.runs(run.parent).write(str(tmp_path / "pages"))
    for name in (tmp_path / "pages").iterdir():
        if name.suffix == ".html":
            text = name.read_text(encoding="utf-8")
            assert "acceptées en bloc" in text
            assert "accepted in bulk" in text


def test_a_comparison_says_it_too(run: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    data = run.parent.parent / "d.parquet"
    extract_here(make_settings(data, other, TASK))
    found = glane.compare([run, other], gold=reviewed(run, {at: list(FIELDS) for at in range(20)}), samples=0)
    assert "Warning: 20 of 20 documents were accepted in bulk" in str(found)
    found.write(str(tmp_path / "comparison"))
    assert "acceptés en bloc" in (tmp_path / "comparison" / "report.html").read_text(encoding="utf-8")
    plain = glane.compare([run, other], gold=reviewed(run, {}), samples=0)
    assert "right answers: reviewed by a person" in str(plain)
    records = str(run / "records" / "*.parquet")
    assert "Warning: These right answers are a model's" in str(glane.compare([run, other], gold=records, samples=0))


@pytest.fixture(scope="module")
def reworded(run: Path) -> Path:
    """The same documents, asked in other words."""
    other = run.parent.parent / "reworded"
    extract_here(make_settings(run.parent.parent / "d.parquet", other, {**TASK, "instructions": "y"}))
    return other


def used(how: str, run: Path, reworded: Path, gold: Any, out: Path) -> str:
    """What is told, in text or on a page, where right answers are used in some way."""
    if how == "evaluate":
        return str(glane.evaluate(run, gold, samples=0))
    if how == "compare":
        return str(glane.compare([run, reworded], gold=gold, samples=0))
    if how == "estimate":
        return str(glane.estimate(run, gold, "fever"))
    if how == "multiverse":
        found = glane.multiverse([run, reworded], "fever", chosen=run, gold=gold, samples=0, out_dir=str(out))
        assert 'class="warning"' in (out / "report.html").read_text(encoding="utf-8")
        return str(found)
    if how in ("calibrate", "calibrate here"):
        evaluation = glane.evaluate(run, gold, samples=0, out_dir=str(out / "e"))
        values: Any = evaluation if how == "calibrate here" else out / "e" / "values.parquet"
        found = glane.calibrate(run, values, out_dir=str(out / "c"))
        assert 'class="warning"' in (out / "c" / "report.html").read_text(encoding="utf-8")
        assert json.loads((out / "c" / "calibration.json").read_text())["right_answers"]["documents"] > 0
        return str(found)
    if how == "plant":
        glane.plant_attacks(run, rows=3, gold=gold)
    if how == "sentinels":
        glane.freeze_sentinels(run, str(out), rows=10, gold=gold)
    if how == "aggregate":
        table = {"name": "t", "unit": "document", "field": "fever"}
        return str(glane.aggregate(run, table, gold))
    return ""


EVERYWHERE = (
    "evaluate", "compare", "estimate", "multiverse", "calibrate", "calibrate here", "plant", "sentinels", "aggregate",
)  # fmt: skip


@pytest.mark.parametrize("how", EVERYWHERE)
def test_whatever_takes_right_answers_tells_that_they_were_accepted_in_bulk(
    run: Path, reworded: Path, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gold = reviewed(run, {at: list(FIELDS) for at in range(20)})
    said = used(how, run, reworded, gold, tmp_path / "out") + capsys.readouterr().err
    assert "Warning: 20 of 20 documents were accepted in bulk" in said


@pytest.mark.parametrize("how", EVERYWHERE)
@pytest.mark.parametrize("target", ["labelstudio", "brat"])
def test_whatever_takes_right_answers_takes_annotations_and_leaves_out_what_nobody_touched(
    run: Path, reworded: Path, tmp_path: Path, how: str, target: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    glane.export(run, target, tmp_path / "x", text=True)
    gold = tmp_path / "x" / "documents"
    if target == "labelstudio":
        gold = annotated(tmp_path / "x", tmp_path / "export.json", lead_time=None)
    with pytest.raises(DataError, match="all 20 documents stand as glane export wrote them"):
        used(how, run, reworded, str(gold), tmp_path / "refused")
    if target == "labelstudio":
        tasks = json.loads(gold.read_text())
        for task in tasks[:12]:
            task["annotations"][0]["lead_time"] = 3.5
        gold.write_text(json.dumps(tasks))
    else:
        names = sorted(one.stem for one in gold.glob("*.ann"))[:12]
        listed(gold, *((name, "read", "yes") for name in names))
        for name in names:  # brat shows passages only: a field of which nobody marked one has no right answers
            with (gold / f"{name}.ann").open("a") as stream:
                stream.write("T91\tfever 0 4\tNote\n#91\tAnnotatorNotes T91\ttrue\n" if name != names[0] else "")
    said = used(how, run, reworded, str(gold), tmp_path / "out") + capsys.readouterr().err
    assert (
        "nobody touched" in said or "stand as the export wrote them and nothing says that somebody read them: 8" in said
    )


def test_values_whose_evaluation_is_gone_are_calibrated_without_a_word_of_their_right_answers(
    run: Path, tmp_path: Path
) -> None:
    evaluation = glane.evaluate(run, reviewed(run, {at: list(FIELDS) for at in range(20)}), samples=0)
    evaluation.values.write_parquet(tmp_path / "values.parquet")
    for values in (evaluation.values, tmp_path / "values.parquet"):
        assert glane.calibrate(run, values).summary.right_answers is None
    (tmp_path / "evaluation.json").write_text("{")
    assert glane.calibrate(run, tmp_path / "values.parquet").summary.right_answers is None


def test_in_french_numbers_are_french_where_people_read_them_only(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLANE_LANG", "fr")
    gold, place = tmp_path / "gold.parquet", run.parent / "in_french"
    reviewed(run, {}).write_parquet(gold)
    words = (f"run.dir={run}", f"gold={gold}", f"out.dir={place}", "bootstrap.samples=100")
    said = job_here(*words, name="evaluate").stdout
    [line] = [one for one in said.splitlines() if one.startswith("(micro)")]
    assert "1,000" in line
    assert "1.000" not in said
    assert f"out.dir={place}".removeprefix("out.dir=") in said
    assert json.loads((place / "evaluation.json").read_text())["overall"]["micro"]["f1"] == 1.0
    listed = job_here(f"folder={run.parent}", "json=true", name="runs").stdout
    assert {one["f1"] for one in json.loads(listed)} == {1.0}
    assert "1,000" in job_here(f"folder={run.parent}", name="runs").stdout


def test_an_evaluation_of_before_is_listed_without_the_kind_of_its_gold(run: Path, tmp_path: Path) -> None:
    place = run.parent / "earlier"
    glane.evaluate(run, reviewed(run, {}), samples=0, out_dir=str(place))
    told = json.loads((place / "evaluation.json").read_text())
    del told["right_answers"]
    (place / "evaluation.json").write_text(json.dumps(told))
    files = json.loads((place / ".glane-files").read_text())
    links = [link for call in files.pop("calls").values() for link in call["now"]["runs"]]
    earlier = {"kind": files["kind"], "version": 1, "names": files["names"], "digests": {}, "runs": links}
    (place / ".glane-files").write_text(json.dumps(earlier))
    [entry] = glane.runs(run.parent).entries
    [quality] = [one.quality for one in entry.assessments if one.folder == place]
    assert quality is not None
    assert (quality.f1, quality.documents, quality.right_answers) == (1.0, 20, None)
    assert "not told" in str(glane.runs(run.parent))


def test_the_demonstration_corpus_says_that_it_is_synthetic(run: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path, documents=20, seed=0)
    gold = pl.read_parquet(tmp_path / "gold.parquet")
    ids = pl.read_parquet(run / "records" / "*.parquet")["id"]
    task_gold = gold.select("fever", "age").with_columns(id=ids)
    path = tmp_path / "own.parquet"
    task_gold.write_parquet(path, metadata={"glane.synthetic": "true"})
    for place, how in ((str(path), "synthetic"), (task_gold, "table")):
        found = glane.evaluate(run, place, samples=0).summary.right_answers
        assert found is not None
        assert found.how == how
    assert glane.api.sources.is_synthetic(tmp_path / "gold.parquet")


@pytest.mark.parametrize("how", [
    RightAnswers(kind="review", documents=4, in_bulk=4), RightAnswers(kind="review", documents=4, read_twice=2),
    RightAnswers(kind="review", documents=4, read_twice=4), RightAnswers(kind="model", documents=4),
    RightAnswers(kind="annotations", documents=4, untouched=3, untold=1), RightAnswers(kind="synthetic", documents=4),
    RightAnswers(kind="table", documents=4, all_equal=True), RightAnswers(kind="annotations", documents=4),
])  # fmt: skip
def test_every_kind_has_its_words_in_both_languages(how: RightAnswers) -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()
    for language in ("fr", "en"):
        assert right_answers_text(how, language)
        assert all("{" not in one for one in right_answers_warnings(how, language))
