"""The list of runs: what each is, what it cost, how good it is, what was made of it; pages that need nothing else."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, job_here, make_settings, work, write_documents
from glane.composition import with_keys
from glane.errors import RunError
from glane.job.runs.collect import collect
from glane.job.runs.words import WORDS
from glane.run.directory import MARKER, RunDirectory
from glane.run.summary import Summary, read_summary
from glane.run.written import WRITTEN, read_written

SECRET = "Mme Zzyzx tousse"


class Page(HTMLParser):
    """What a page links to, loads and runs."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        values = dict(attrs)
        self.links += [str(values[name]) for name in ("href", "src", "action", "data") if values.get(name)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two complete runs and one under way, with an evaluation, an estimate and a review of the first one."""
    root = tmp_path_factory.mktemp("work")
    data = write_documents(root / "d.parquet", [f"{SECRET} {at}" for at in range(60)])
    for name in ("first run é", "second"):
        extract_here(make_settings(data, root / "runs" / name))
    run, _ = work(make_settings(data, root / "runs" / "deeper" / "part"))
    run.directory.part(1).unlink()
    first = root / "runs" / "first run é"
    usable = glane.open_run(first).usable().select("id", "fever", "age", "sex").collect()
    gold = usable.sample(40, seed=1).with_columns(weight=pl.lit(1.5))
    glane.evaluate(first, gold, samples=0, out_dir=str(root / "made" / "evaluation"))
    glane.estimate(first, gold, "fever", out_dir=str(root / "made" / "estimate"))
    glane.review(first, str(root / "made" / "review"), rows=10)
    glane.compare([str(first), str(root / "runs" / "second")], samples=0, out_dir=str(root / "made" / "comparison"))
    (root / "made" / "other").mkdir()
    (root / "made" / "other" / "report.html").write_text("<p>somebody's")
    return root


def names_of(entries: Any) -> list[str]:
    return [one.path.name for one in entries]


def test_each_run_is_told_with_what_it_is_and_costs(folder: Path) -> None:
    table = glane.runs(folder).table
    by_name = {Path(row["run"]).name: row for row in table.iter_rows(named=True)}
    assert set(by_name) == {"first run é", "second", "part"}
    whole, part = by_name["first run é"], by_name["part"]
    summary = read_summary(RunDirectory(root=folder / "runs" / "first run é"), Summary)
    assert (whole["task"], whole["model"], whole["toy"], whole["state"]) == ("small", "scripted", "random", "complete")
    assert (whole["rows"], whole["done"], whole["ok"]) == (60, 60, summary.flow.OK)
    assert (whole["gpu_hours"], whole["energy_kwh"]) == (summary.gpu_hours, summary.energy.kwh)
    assert isinstance(whole["leaks"], int)
    assert whole["run_id"] == RunDirectory(root=folder / "runs" / "first run é").identity()
    assert (part["state"], part["rows"], part["done"], part["leaks"]) == ("waiting", 60, 44, None)


def test_an_evaluation_knows_its_run_and_the_run_finds_it(folder: Path) -> None:
    entries = {one.path.name: one for one in collect([folder])}
    first = entries["first run é"]
    assert {one.kind for one in first.assessments} == {"evaluation", "estimates", "review", "comparison"}
    assert [one.kind for one in entries["second"].assessments] == ["comparison"]
    assert entries["part"].assessments == ()
    told = json.loads((folder / "made" / "evaluation" / "evaluation.json").read_bytes())
    assert first.f1 == told["overall"]["micro"]["f1"] == 1.0
    assert entries["second"].f1 is None
    (link,) = read_written(folder / "made" / "evaluation").calls["evaluation.json"].now.runs
    assert (link.id, link.path) == (first.run_id, str(first.path))


def test_a_run_that_was_moved_is_found_and_one_of_its_name_is_not_taken_for_it(folder: Path, tmp_path: Path) -> None:
    moved = tmp_path / "archive" / "2026"
    shutil.copytree(folder / "runs" / "first run é", moved)
    (moved / "copied").mkdir()
    other = tmp_path / "runs" / "first run é"
    extract_here(make_settings(folder / "d.parquet", other))
    found = {str(one.path): one for one in collect([tmp_path, folder / "made"])}
    assert found[str(moved)].f1 == 1.0
    assert found[str(other)].assessments == ()


def test_an_evaluation_of_before_is_found_by_its_path(folder: Path, tmp_path: Path) -> None:
    old = tmp_path / "old"
    shutil.copytree(folder / "made" / "evaluation", old)
    names = json.loads((old / WRITTEN).read_bytes())["names"]
    (old / WRITTEN).write_text(json.dumps({"kind": "glane files", "version": 1, "names": names}))
    entries = {one.path.name: one for one in collect([folder / "runs", old])}
    assert entries["first run é"].f1 == 1.0
    assert entries["second"].assessments == ()


def test_the_latest_evaluation_counts(folder: Path, tmp_path: Path) -> None:
    first = folder / "runs" / "first run é"
    gold = glane.open_run(first).usable().select("id", "fever").head(30).collect()
    wrong = gold.with_columns(~pl.col("fever"))
    glane.evaluate(first, wrong, samples=0, out_dir=str(tmp_path / "later"))
    entries = {one.path.name: one for one in collect([folder, tmp_path])}
    assert entries["first run é"].f1 == 0.0
    assert [one.f1 for one in entries["first run é"].assessments if one.kind == "evaluation"] == [0.0, 1.0]


def test_what_cannot_be_read_is_a_line_and_no_end(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "runs" / "second", tmp_path / "damaged")
    (tmp_path / "damaged" / "run.yaml").write_text("{")
    shutil.copytree(folder / "made" / "evaluation", tmp_path / "broken")
    (tmp_path / "broken" / "evaluation.json").write_text("{")
    (one,) = collect([tmp_path])
    assert (one.state, one.assessments) == ("unreadable", ())
    assert "run.yaml" in one.error
    assert "run.yaml" in str(glane.runs(tmp_path))
    with pytest.raises(RunError, match="no directory"):
        glane.runs(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    assert str(glane.runs(tmp_path / "empty")) == "no run there"


def test_a_command_that_was_refused_is_no_run(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "runs" / "refused"
    place.mkdir(parents=True)
    shutil.copy(folder / "runs" / "second" / MARKER, place)  # all that a refusal before the plan leaves
    assert str(glane.runs(tmp_path / "runs")) == "no run there"
    extract_here(make_settings(folder / "d.parquet", place))  # mended, in the same place
    assert names_of(glane.runs(tmp_path / "runs").entries) == ["refused"]


def test_a_run_that_lost_rows_has_a_line_and_a_page(folder: Path, tmp_path: Path) -> None:
    found = glane.runs(folder)
    whole = next(one for one in found.entries if one.state == "complete")
    for path in (whole.path / "records").iterdir():
        path.unlink()
    again = glane.runs(folder)
    assert next(one for one in again.entries if one.path == whole.path).state == "damaged"
    for language, word in (("fr", "abîmée"), ("en", "damaged")):
        again.write(tmp_path / language, language=language)
        assert word in (tmp_path / language / "index.html").read_text(encoding="utf-8")


def test_links_are_not_followed_and_what_is_in_a_run_is_its_own(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "runs" / "second", tmp_path / "run")
    shutil.copytree(folder / "runs" / "second", tmp_path / "run" / "sentinels")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "other").symlink_to(folder / "runs")
    assert names_of(collect([tmp_path, tmp_path])) == ["run"]


def test_pages_lead_to_all_that_there_is_and_to_nothing_outside(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "an index"
    names = glane.runs(folder).write(str(out), language="en")
    assert len(names) == 4
    reached: set[Path] = set()
    for name in names:
        text = (out / name).read_text()
        page = Page(text)
        assert not page.tags & {"script", "img", "iframe", "link", "form"}
        assert not re.search(r"https?://|url\(|@import", text)
        assert "Zzyzx" not in text  # of documents
        for link in page.links:
            assert not re.match(r"[a-z]+:|/", link), link
            target = out / bytes(re.sub(r"%([0-9A-F]{2})", lambda hit: chr(int(hit[1], 16)), link), "latin-1").decode()
            assert target.exists(), link
            reached.add(target.resolve())
        assert (out / name).stat().st_mode & 0o777 == 0o600
    first = folder / "runs" / "first run é"
    wanted = [first / "summary.json", first / "run.yaml", first / "records"]
    wanted += [folder / "made" / "evaluation" / "report.html", folder / "made" / "review" / "review.html"]
    wanted += [folder / "made" / "estimate" / "report.html", folder / "made" / "estimate" / "estimates.json"]
    assert {path.resolve() for path in wanted} <= reached, reached
    page = next(
        (out / name).read_text() for name in names if "first run é" in (out / name).read_text() and name[0] == "r"
    )
    for word in (
        "Codebook",
        "temperature",
        "Provenance",
        "Random answers",
        "polars",
        "d.parquet",
        "Réponses tirées au hasard",
    ):
        assert word in page, word
    again = glane.runs(folder).write(str(out))
    assert sorted(again) == sorted(names)
    assert '<html lang="fr">' in (out / "index.html").read_text()


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["fr"].keys() == WORDS["en"].keys()


def test_the_command_lists_in_a_table_in_json_and_in_pages(folder: Path, tmp_path: Path) -> None:
    told = job_here(f"folder={folder}", f"out.dir={tmp_path}/index", name="runs").stdout.splitlines()
    assert len(told) == 5
    assert told[-1] == f"pages: {tmp_path}/index/index.html"
    assert sum("TOY (random): no results" in line for line in told) == 3
    values = json.loads(job_here(f"folder=[{folder}/runs]", "json=true", name="runs").stdout)
    assert len(values) == 3
    assert {one["f1"] for one in values} == {None}  # evaluations are elsewhere
    assert "no directory" in job_here(f"folder={tmp_path}/none", name="runs", check=2).stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a"], ["folder=a"]),
        (["a", "b/c"], ["folder=[a,b/c]"]),
        (["a", "json=true"], ["folder=a", "json=true"]),
        (["json=true", "folder=a"], ["json=true", "folder=a"]),
        (["--help"], ["--help"]),
        ([], []),
    ],
)
def test_a_folder_needs_no_key(words: list[str], told: list[str]) -> None:
    assert with_keys("runs", words) == told
    assert with_keys("extract", words) == words
