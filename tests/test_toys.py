"""Toys: random answers and the demonstration model are kept from real questions, and said wherever their answers are."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import polars as pl
import pytest
import yaml

import glane
from conftest import DEMO_MODEL, ROOT, SMALL_TASK, extract_here, job_here, make_settings, read_yaml, write_documents
from glane.errors import ConfigError
from glane.extraction.results import open_run
from glane.job.resolve import resolve
from glane.job.toys import refuse_toy
from glane.settings import ExtractSettings
from glane.task.task import load_task
from glane.toys import notice
from glane.types import Toy

ED_VISIT = read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml")
DEMO = {**DEMO_MODEL.model_dump(), "toy_for": ["ed_visit"]}


def settings(tmp_path: Path, task: dict, model: dict, *, allow: bool = False) -> ExtractSettings:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    return make_settings(data, tmp_path / "run", task, model=model, run__allow_toy=allow)


def fields_without(name: str) -> dict:
    return {key: field for key, field in ED_VISIT["fields"].items() if key != name}


OTHER = {
    "another name": {**ED_VISIT, "name": "co"},
    "fewer fields": {**ED_VISIT, "fields": fields_without("fever"), "examples": [], "rules": [], "translations": {}},
    "other values": {
        **ED_VISIT,
        "fields": {"sex": {"type": "enum", "values": ["H", "F"]}},
        "examples": [],
        "rules": [],
        "translations": {},
    },
}
MODELS = {
    "demo": DEMO,
    "its weights, by their folder": DEMO_MODEL.model_dump(),
    "renamed": {**DEMO, "name": "mistral"},
    "for no task": {**DEMO, "toy_for": []},
}


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("task", OTHER)
def test_the_demonstration_model_is_refused_for_what_it_did_not_learn(task: str, model: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model: .*toy.*model=NAME.*run\.allow_toy=true"):
        resolve(settings(tmp_path, OTHER[task], MODELS[model]))
    allowed, _ = resolve(settings(tmp_path, OTHER[task], MODELS[model], allow=True))
    assert allowed.model.toy_for is not None


@pytest.mark.parametrize("model", ["demo", "its weights, by their folder"])
def test_the_demonstration_model_answers_its_own_task(model: str, tmp_path: Path) -> None:
    changed = {**ED_VISIT, "confidence": False, "instructions": "Lis.", "version": "9"}
    for task in (ED_VISIT, changed):
        resolved, _ = resolve(settings(tmp_path, task, MODELS[model]))
        assert resolved.model.toy_for == ("ed_visit",)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"order": "quote_first"}, "task.order: 'demo' is shown the document alone"),
        ({"keys": "short"}, "task.keys: 'demo' is shown the document alone"),
        ({"passes": {"recall": 1}}, "task.passes.recall: 'demo' is shown the document alone"),
    ],
)
@pytest.mark.parametrize("allow", [False, True])
def test_what_a_model_does_not_hear_of_is_refused_with_that_reason(
    change: dict, words: str, allow: bool, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError) as caught:
        resolve(settings(tmp_path, {**ED_VISIT, **change}, DEMO, allow=allow))
    assert str(caught.value).startswith(words)


@pytest.mark.parametrize("name", ["scripted", "mine"])
def test_random_answers_are_refused_whatever_the_model_is_called(name: str, tmp_path: Path) -> None:
    model = {"name": name, "engine": "scripted", "path": "none"}
    for task in (ED_VISIT, SMALL_TASK):
        with pytest.raises(ConfigError, match=rf"'{name}' reads nothing.*run\.allow_toy=true"):
            refuse_toy(settings(tmp_path, task, model), load_task(task))


def test_a_damaged_mark_is_no_free_pass(tmp_path: Path) -> None:
    folder = shutil.copytree(DEMO_MODEL.path, tmp_path / "weights")
    (folder / "toy.json").write_text("{")
    with pytest.raises(ConfigError, match=r"toy\.json is damaged"):
        resolve(settings(tmp_path, ED_VISIT, {**DEMO_MODEL.model_dump(), "path": str(folder)}))


@pytest.mark.parametrize("name", ["extract", "plan"])
@pytest.mark.parametrize("model", ["demo", "scripted"])
@pytest.mark.parametrize("more", [[], ["cluster=slurm", "cluster.dry_run=true"]])
def test_the_commands_refuse_it_before_anything_is_written(
    model: str, more: list[str], name: str, tmp_path: Path
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    words = ["task=outbreak_report", f"model={model}", f"data.path={data}", "run.dir=run", *more]
    done = job_here(*words, name=name, check=2, cwd=tmp_path, as_told=True)
    assert done.stderr.startswith(f"error: model: '{model}' ")
    assert "run.allow_toy=true" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["d.parquet"]


@pytest.fixture(scope="module")
def toy_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of random answers to 80 documents, and the same answers as if they were right."""
    folder = tmp_path_factory.mktemp("toy")
    data = write_documents(folder / "d.parquet", [f"note {i}" for i in range(80)])
    task = {**SMALL_TASK, "confidence": True, "fields": {"fever": {"type": "boolean", "evidence": True}}}
    rows = extract_here(make_settings(data, folder / "run", task))
    rows.select("id", "fever").write_parquet(folder / "gold.parquet")
    return folder


def test_the_run_says_what_it_is(toy_run: Path) -> None:
    run = open_run(toy_run / "run")
    assert yaml.safe_load((toy_run / "run" / "run.yaml").read_text())["toy"] == "random"
    assert json.loads((toy_run / "run" / "summary.json").read_text())["toy"] == "random"
    assert run.toy is Toy.RANDOM
    assert notice(Toy.RANDOM, "en") in repr(run)
    assert re.match(r"<p><strong>Réponses tirées au hasard", run.show("d1")._repr_html_())


def said(page: str) -> None:
    """The page has the notice in both languages, before all else that it says."""
    from html import escape

    for language in ("fr", "en"):
        found = re.search(rf'<article lang="{language}">(.*?)</p>', page, re.DOTALL)
        assert found is not None
        assert found[1].endswith(escape(notice(Toy.RANDOM, language)))


def test_every_report_says_so_first_and_in_both_languages(toy_run: Path, tmp_path: Path) -> None:
    run, gold = toy_run / "run", toy_run / "gold.parquet"
    evaluated = glane.evaluate(run, gold, samples=0, out_dir=str(tmp_path / "e"))
    calibrated = glane.calibrate(run, evaluated.values, out_dir=str(tmp_path / "c"))
    compared = glane.compare([run, shutil.copytree(run, tmp_path / "again")], samples=0, out_dir=str(tmp_path / "d"))
    estimated = glane.estimate(run, gold, "fever", out_dir=str(tmp_path / "s"))
    for folder in "ecd":
        said((tmp_path / folder / "report.html").read_text())
    for result in (evaluated, calibrated, compared, estimated):
        assert str(result).startswith(notice(Toy.RANDOM, "en"))
    for name in ("e/evaluation", "c/calibration", "s/estimates"):
        assert json.loads((tmp_path / f"{name}.json").read_text())["toy"] == "random"
    assert json.loads((tmp_path / "d" / "comparison.json").read_text())["runs"][0]["toy"] == "random"


def test_the_review_page_says_so(toy_run: Path, tmp_path: Path) -> None:
    glane.review(toy_run / "run", str(tmp_path / "review"), rows=10)
    page = (tmp_path / "review" / "review.html").read_text()
    data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
    assert data["notice"] == {language: notice(Toy.RANDOM, language) for language in ("fr", "en")}
    assert 'byId("notice").textContent = data.notice' in page


def test_a_real_model_is_said_nothing_of(toy_run: Path, tmp_path: Path) -> None:
    run = shutil.copytree(toy_run / "run", tmp_path / "run")
    described = yaml.safe_load((run / "run.yaml").read_text())
    del described["toy"]
    (run / "run.yaml").write_text(yaml.safe_dump(described, allow_unicode=True))
    opened = open_run(run)
    assert opened.toy is None
    assert "never for results" not in repr(opened)
    assert "jamais" not in opened.show("d1")._repr_html_()
    glane.review(opened, str(tmp_path / "review"), rows=10)
    assert '"notice":' not in (tmp_path / "review" / "review.html").read_text()
    evaluated = glane.evaluate(opened, pl.read_parquet(toy_run / "gold.parquet"), samples=0)
    evaluated.write(str(tmp_path / "e"))
    report = (tmp_path / "e" / "report.html").read_text()
    assert "never for results" not in report
    assert "jamais pour des résultats" not in report
    assert "toy" not in json.loads((tmp_path / "e" / "evaluation.json").read_text())
