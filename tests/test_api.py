"""What notebooks call: the same results as the commands, nothing written unless told, and no name beside."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import DEMO_MODEL, ROOT, SMALL_TASK, extract_here, job_here, make_settings, write_documents
from glane.api.clusters import evaluated_clusters
from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.clusters import CLUSTER
from glane.assess.compare.record import ComparisonSummary
from glane.assess.estimate.record import EstimatesSummary
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.multiverse.record import MultiverseSummary
from glane.errors import ConfigError, GlaneError, RecordError
from glane.records import Record, read_record


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the same documents, and right answers of half of them: those of the first run, some changed."""
    folder = tmp_path_factory.mktemp("api")
    data = write_documents(folder / "d.parquet", [f"note {i}" for i in range(120)], hospital=["A", "B"] * 60)
    task = {**SMALL_TASK, "confidence": True}
    for name, seed in (("one", 0), ("two", 1)):
        extract_here(
            make_settings(data, folder / name, task, model__sampling={"seed": seed}, data__carry_columns=["hospital"])
        )
    rows = pl.read_parquet(folder / "one" / "records" / "*.parquet").head(60)
    gold = rows.select("id", "age", "sex", "fever").with_columns(
        fever=pl.when(pl.int_range(pl.len()) % 7 == 0).then(~pl.col("fever")).otherwise("fever")
    )
    gold.write_parquet(folder / "gold.parquet")
    return folder


def tree(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_there_is_is_what_is_named() -> None:
    assert dir(glane) == sorted(glane.__all__)
    for name in glane.__all__:
        assert getattr(glane, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        glane.evaluat


def test_to_import_it_takes_nothing() -> None:
    code = "import sys, glane; print(sorted({'polars', 'pyarrow', 'pydantic', 'numpy', 'hydra', 'ray'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("call", ["evaluate", "compare", "calibrate", "estimate", "multiverse"])
def test_a_function_says_what_its_command_says_and_writes_nothing(call: str, folder: Path, tmp_path: Path) -> None:
    run, gold = str(folder / "one"), str(folder / "gold.parquet")
    values = glane.evaluate(run, gold, samples=200).values
    values.write_parquet(tmp_path / "values.parquet")
    calls: dict[str, tuple[Any, list[str]]] = {
        "evaluate": (
            lambda: glane.evaluate(run, gold, by=["hospital"], samples=200),
            [f"run.dir={run}", f"gold={gold}", "by=[hospital]", "bootstrap.samples=200"],
        ),
        "compare": (
            lambda: glane.compare([run, folder / "two"], gold=gold, samples=200),
            [f"runs=[{run},{folder}/two]", f"gold={gold}", "bootstrap.samples=200"],
        ),
        "calibrate": (
            lambda: glane.calibrate(run, str(tmp_path / "values.parquet"), alpha=0.2),
            [f"run.dir={run}", f"values={tmp_path}/values.parquet", "alpha=0.2"],
        ),
        "estimate": (
            lambda: glane.estimate(run, gold, "fever", by="hospital"),
            [f"run.dir={run}", f"gold={gold}", "field=fever", "by=hospital"],
        ),
        "multiverse": (
            lambda: glane.multiverse([run, folder / "two"], "fever", chosen=run, gold=gold, samples=200),
            [f"runs=[{run},{folder}/two]", f"chosen={run}", f"gold={gold}", "field=fever", "bootstrap.samples=200"],
        ),
    }
    function, words = calls[call]
    before = tree(folder) | tree(tmp_path)
    found = function()
    assert tree(folder) | tree(tmp_path) == before
    done = job_here(*words, f"out.dir={tmp_path}/out", name=call)
    assert str(found).strip() in done.stdout
    names = found.write(str(tmp_path / "own"))
    assert sorted(names) == sorted(path.name for path in (tmp_path / "out").glob("[!.]*"))
    for name in names:
        assert (tmp_path / "own" / name).read_bytes() == (tmp_path / "out" / name).read_bytes(), name
    for told in (json.loads((tmp_path / "out" / name).read_text()) for name in names if name.endswith(".json")):
        assert told["kind"].split()[0] == "glane"
        assert told["version"] >= 1


RECORDS: dict[str, type[Record]] = {
    "evaluation": EvaluationSummary,
    "comparison": ComparisonSummary,
    "calibration": CalibrationSummary,
    "estimates": EstimatesSummary,
    "multiverse": MultiverseSummary,
}


@pytest.mark.parametrize("name", RECORDS)
def test_what_is_written_is_a_record_that_is_read_again_and_only_in_its_version(
    name: str, folder: Path, tmp_path: Path
) -> None:
    run, gold = str(folder / "one"), pl.read_parquet(folder / "gold.parquet")
    evaluation = glane.evaluate(run, gold, by=["hospital"], samples=200)
    found = {
        "evaluation": evaluation,
        "comparison": glane.compare([run, folder / "two"], gold=gold, samples=200),
        "calibration": glane.calibrate(run, evaluation.values, alpha=0.2),
        "estimates": glane.estimate(run, gold, "fever", by="hospital", half_width=0.1),
        "multiverse": glane.multiverse([run, folder / "two"], "fever", chosen=run, gold=gold, samples=200),
    }[name]
    found.write(str(tmp_path))
    path, model = tmp_path / f"{name}.json", RECORDS[name]
    told = read_record(model, path)
    assert told == found.summary
    assert told.as_json() == path.read_bytes()
    values = json.loads(path.read_bytes())
    version = told.version
    for change, words in (
        ({"version": 99}, f"'glane {name}' in version 99; this glane reads version {version}"),
        ({"kind": "glane run"}, f"holds 'glane run', and 'glane {name}' is expected here"),
        ({"surplus": 1}, "damaged. surplus: unknown key"),
    ):
        path.write_text(json.dumps(values | change))
        with pytest.raises(RecordError, match=re.escape(words)):
            read_record(model, path)


def test_without_right_answers_a_comparison_is_read_again_too(folder: Path, tmp_path: Path) -> None:
    found = glane.compare([folder / "one", folder / "two"], samples=0)
    found.write(str(tmp_path))
    told = read_record(ComparisonSummary, tmp_path / "comparison.json")
    assert told == found.summary
    (entry,) = told.comparisons
    assert entry.overall is None
    assert "kappa" not in json.loads((tmp_path / "comparison.json").read_bytes())["comparisons"][0]["fields"]["age"]
    assert entry.fields["sex"].confusion is not None


def test_tables_in_memory_do_as_well(folder: Path) -> None:
    gold = pl.read_parquet(folder / "gold.parquet")
    run = glane.open_run(folder / "one")
    from_memory, from_file = (
        glane.evaluate(run, gold, samples=0),
        glane.evaluate(str(folder / "one"), folder / "gold.parquet", samples=0),
    )
    assert from_memory.fields.equals(from_file.fields)
    assert from_memory.summary.gold == "a table in memory"


def test_a_review_and_sentinels_are_written_where_they_are_told(folder: Path, tmp_path: Path) -> None:
    line = glane.review(folder / "one", str(tmp_path / "review"), rows=10)
    assert str(tmp_path / "review") in line
    drawn = pl.read_parquet(tmp_path / "review" / "sample.parquet")
    assert drawn.equals(glane.draw_sample(folder / "one", rows=10))
    frozen = glane.freeze_sentinels(folder / "one", str(tmp_path / "sentinels"), rows=12)
    assert frozen.manifest.documents == 12
    assert (tmp_path / "sentinels" / "sentinels.json").is_file()


@pytest.mark.ray
def test_an_extraction_from_a_frame_and_from_a_path_is_that_of_the_command(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": [f"d{i}" for i in range(30)], "text": [f"note {i}" for i in range(30)]})
    keys = {"model": "scripted", "model__max_num_seqs": 4, "run__allow_toy": True}
    run = glane.extract(frame, task=SMALL_TASK, run_dir=tmp_path / "run", **keys)
    rows = run.all().collect()
    assert rows["id"].to_list() == frame["id"].to_list()
    kept = tmp_path / "run.documents.parquet"
    assert kept.stat().st_mode & 0o777 == 0o600
    again = glane.extract(frame, task=SMALL_TASK, run_dir=tmp_path / "run", **keys)  # complete: nothing to do
    assert again.all().collect().equals(rows)
    (tmp_path / "task.yaml").write_text(json.dumps(SMALL_TASK))
    other = glane.extract(kept, task=tmp_path / "task.yaml", run_dir=tmp_path / "other", **keys).all().collect()
    assert other.equals(rows)


@pytest.mark.ray
def test_tasks_and_models_are_found_as_by_the_command(tmp_path: Path) -> None:
    """By a name in a folder of one's own, by a file that inherits from its neighbour, and by values."""
    for group in ("task", "model"):
        (tmp_path / "own" / group).mkdir(parents=True)
    (tmp_path / "own" / "task" / "own.yaml").write_text(json.dumps({**SMALL_TASK, "name": "own"}))
    (tmp_path / "own" / "task" / "second.yaml").write_text("defaults: [own, _self_]\nversion: '7'\n")
    (tmp_path / "own" / "model" / "quick.yaml").write_text("defaults: [scripted, _self_]\nname: quick\n")
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "c"])
    second = glane.extract(
        data, task=tmp_path / "own" / "task" / "second.yaml", model=tmp_path / "own" / "model" / "quick.yaml",
        run_dir=tmp_path / "one", reading="thorough", task__passes={"samples": 2}, run__allow_toy=True,
    )  # fmt: skip
    assert (second.task.name, second.task.version, second.task.passes.samples) == ("own", "7", 2)
    assert second.task.passes.recall == 0  # what is given as a mapping is given whole
    assert second.description().model == "quick"
    values = {"name": "mine", "engine": "scripted", "path": "none", "max_model_len": 50_000}
    own = glane.extract(
        str(data), task="own", model=values, run_dir=tmp_path / "two", config_dir=tmp_path / "own", run__allow_toy=True
    )
    assert (own.task.name, own.description().model) == ("own", "mine")
    assert own.all().collect().height == 3


def test_other_documents_do_not_replace_those_of_a_run(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a"], "text": ["x"]})
    (tmp_path / "run").mkdir()
    frame.write_parquet(tmp_path / "run.documents.parquet")
    before = (tmp_path / "run.documents.parquet").read_bytes()
    with pytest.raises(ConfigError, match=r"run_dir: .*run was begun with other documents"):
        glane.extract(frame.with_columns(text=pl.lit("y")), task=SMALL_TASK, model="scripted", run_dir=tmp_path / "run")
    assert (tmp_path / "run.documents.parquet").read_bytes() == before


@pytest.mark.engine
@pytest.mark.ray
def test_the_demo_is_extracted_from_a_frame_with_weights_in_a_folder(tmp_path: Path) -> None:
    job_here("path=" + str(tmp_path / "corpus"), "documents=30", "seed=2", name="demo_corpus")
    frame = pl.read_parquet(tmp_path / "corpus" / "documents.parquet")
    keys = {"prompt_style": "bare", "max_model_len": 2048, "max_tokens": 384, "dtype": "float32", "max_num_seqs": 16}
    run = glane.extract(
        frame, task="ed_visit", model=Path(DEMO_MODEL.path), run_dir=tmp_path / "run", model__kv_cache_mib=128,
        model__engine_args={"enforce_eager": True}, **{f"model__{name}": value for name, value in keys.items()},
    )  # fmt: skip
    rows = run.all().collect()
    assert rows["id"].to_list() == frame["id"].to_list()
    assert (rows["status"] == "OK").all()
    gold = pl.read_parquet(tmp_path / "corpus" / "gold.parquet")
    assert (rows["syndrome"].cast(pl.String) == gold["syndrome"].cast(pl.String)).mean() > 0.8


def test_a_wrong_call_is_answered_in_a_sentence(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a"], "text": ["x"]})
    with pytest.raises(ConfigError, match=r"no such configuration. Did you mean 'ed_visit'"):
        glane.extract(frame, task="ed_visite", model="scripted", run_dir=tmp_path / "r")
    with pytest.raises(ConfigError, match=r"data.id_colum: unknown key. Did you mean 'id_column'"):
        glane.extract(frame, task=SMALL_TASK, model="scripted", run_dir=tmp_path / "r", data__id_colum="id")
    with pytest.raises(ConfigError, match=r"task: .*none.yaml cannot be read"):
        glane.extract(frame, task=tmp_path / "none.yaml", model="scripted", run_dir=tmp_path / "r")
    with pytest.raises(ConfigError, match=r"cluster: glane.extract works on this machine.*cluster=slurm"):
        glane.extract(frame, task=SMALL_TASK, model="scripted", run_dir=tmp_path / "r", cluster="slurm")
    with pytest.raises(ConfigError, match=r"model.path: .*is incomplete"):
        glane.extract(frame, task=SMALL_TASK, model=tmp_path, run_dir=tmp_path / "r")
    with pytest.raises(GlaneError, match="no run here"):
        glane.evaluate(tmp_path / "nothing", frame)
    with pytest.raises(ConfigError, match=r"task: holds what YAML cannot"):
        glane.extract(frame, task={**SMALL_TASK, "language": object()}, model="scripted", run_dir=tmp_path / "r")
    assert list(tmp_path.iterdir()) == []


def test_notebooks_import_nothing_inner() -> None:
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            assert cell["cell_type"] != "code" or not re.search(r"(from|import) glane\.", source), path.name


def test_a_file_of_the_users_is_not_replaced_by_the_copy_of_a_frame(tmp_path: Path) -> None:
    mine = tmp_path / "run.documents.parquet"
    mine.write_bytes(b"mine")
    frame = pl.DataFrame({"id": ["a"], "text": ["x"]})
    with pytest.raises(ConfigError, match="begun with other documents"):
        glane.extract(frame, task="ed_visit", model="demo", run_dir=tmp_path / "run")
    assert mine.read_bytes() == b"mine"


@pytest.mark.parametrize("asks_each", [False, True])  # as copies that were asked by several processes
def test_copies_of_a_text_go_together_whoever_asked_them(tmp_path: Path, asks_each: bool) -> None:
    texts = [f"note {i // 4}" for i in range(40)]
    data = write_documents(tmp_path / "d.parquet", texts)
    rows = extract_here(make_settings(data, tmp_path / "run", model__ask_duplicates=asks_each))
    assert rows["duplicate"].sum() == 30
    gold = glane.open_run(tmp_path / "run").usable().select("id", "fever", "age").collect()
    (one,) = glane.estimate(tmp_path / "run", gold, "fever").figures
    assert one.clusters == 10
    found, are_known = evaluated_clusters(glane.open_run(tmp_path / "run"), ())
    assert found is not None
    assert are_known
    assert found[CLUSTER].n_unique() == 10


def test_that_copies_cannot_be_told_is_said_beside_the_figure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i // 4}" for i in range(40)])
    run = tmp_path / "run"
    extract_here(make_settings(data, run))
    gold = glane.open_run(run).usable().select("id", "fever", "age").collect().with_columns(pl.lit(20).alias("age"))
    shutil.copytree(run, tmp_path / "other")
    table = {"name": "t", "unit": "document", "field": "fever"}

    def told() -> list[str]:
        found = [
            glane.evaluate(run, gold, samples=20), glane.estimate(run, gold, "fever"),
            glane.compare([run, tmp_path / "other"], gold=gold, samples=20),
        ]  # fmt: skip
        pages = []
        for place, one in enumerate(found):
            one.write(str(tmp_path / f"out{place}"))
            pages.append((tmp_path / f"out{place}" / "report.html").read_text(encoding="utf-8"))
        glane.aggregate(run, table, gold=gold)
        return [*map(str, found), *pages, capsys.readouterr().err]

    words, mots = "copies of one text count as documents of their own", "des copies d'un même texte comptent"
    assert not any(words in one or mots in one for one in told())
    data.rename(tmp_path / "elsewhere.parquet")
    *lines, first, second, third, aside = told()
    assert all(words in one for one in [*lines, aside])
    assert all(words in one and mots in html.unescape(one) for one in (first, second, third))


def test_texts_that_differ_are_no_clusters(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(8)])
    extract_here(make_settings(data, tmp_path / "run"))
    assert evaluated_clusters(glane.open_run(tmp_path / "run"), ()) == (None, True)
