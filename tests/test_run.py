"""A whole run without Ray: records, statuses, resuming, refusing, selecting from earlier runs, confidentiality."""

import json
import stat
import threading
from collections import Counter

import polars as pl
import pyarrow.parquet as pq
import pytest
import yaml

import glane
from conftest import SMALL_TASK, extract_here, make_settings, prepare_run, spec, work, write_documents
from glane import storage
from glane.errors import ConfigError, GlaneError, RunError
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.task.task import load_task


def test_every_input_becomes_one_row_with_a_status(tmp_path):
    texts = ["plain", None, "  \n\t ", "[[invalid]]", "[[truncate]]", "[[refuse]]", "x" * 30_000, "y" * 10**6, b"\xff"]
    data = write_documents(tmp_path / "d.parquet", [t.encode() if isinstance(t, str) else t for t in texts])
    rows = extract_here(make_settings(data, tmp_path / "run"))
    assert rows["id"].to_list() == [f"d{i}" for i in range(len(texts))]
    assert rows["status"].to_list() == [
        "OK", "EMPTY", "EMPTY", "INVALID", "TRUNCATED", "REJECTED", "TOO_LONG", "TOO_LONG", "REJECTED",
    ]  # fmt: skip
    assert rows["reason"].is_null().to_list() == [True] + [False] * 8
    assert rows["finish_reason"].to_list()[3:5] == ["stop", "length"]
    assert rows.filter(pl.col("status") != "OK").select(*SMALL_TASK["fields"]).null_count().sum_horizontal()[0] == 8 * 8


def test_columns_are_typed(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "run"))
    rows = glane.open_run(tmp_path / "run").usable().collect()
    kinds = dict(rows.schema)
    assert kinds["age"] == pl.Int64
    assert kinds["sex"] == pl.Categorical
    assert kinds["onset"] == pl.Date
    assert kinds["cases"] == pl.List(pl.Struct({"place": pl.String, "when": pl.Date}))
    assert kinds["status"] == pl.Categorical
    assert set(rows["sex"].drop_nulls()) == {"F", "M"}


def test_the_summary_follows_the_flow(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "a", None, "a", "[[invalid]]"], keep=[1, 1, 1, 1, 1, 1])
    settings = make_settings(data, tmp_path / "run", data__carry_columns=["keep"])
    extract_here(settings)
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["flow"] == {
        "read": 6, "selected": 6, "duplicates": 2, "asked": 3, "OK": 4, "EMPTY": 1, "TOO_LONG": 0, "TRUNCATED": 0,
        "INVALID": 1, "REJECTED": 0,
    }  # fmt: skip
    rows = glane.open_run(tmp_path / "run").all().collect()
    assert rows["keep"].to_list() == [1] * 6
    same = rows.filter(pl.col("id").is_in(["d0", "d2", "d4"])).drop("id", "duplicate").unique()
    assert len(same) == 1


def test_the_codebook_travels_with_the_data(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    book = run.codebook()
    assert book.filter(pl.col("role") == "field")["column"].to_list()[:3] == ["age", "sex", "onset"]
    assert set(run.all().collect_schema()) <= set(book["column"])
    assert book["description"].null_count() == 0
    assert book.filter(pl.col("column") == "cases.place")["type"].item() == "texte"
    book.write_csv(tmp_path / "codebook.csv")
    (file, *_) = sorted(run.directory.records.glob("*.parquet"))
    assert json.loads(pq.read_schema(file).metadata[b"glane"])["task"] == "small"


@pytest.mark.parametrize(
    "wrong",
    [
        {"data__where": "nonsense("}, {"data__where": "nothing = 1"}, {"data__where": "id = 'none'"},
        {"data__text_column": "nothing"}, {"data__carry_columns": ["nothing"]}, {"data__only_rejected_of": "nothing"},
    ],
)  # fmt: skip
def test_a_refused_command_leaves_no_run_behind(tmp_path, documents, wrong):
    (tmp_path / "there").mkdir()
    for place in (tmp_path / "runs" / "new", tmp_path / "there"):
        with pytest.raises(GlaneError):
            prepare_run(make_settings(documents, place, **wrong), load_task(SMALL_TASK))
    assert not (tmp_path / "runs").exists()
    assert list((tmp_path / "there").iterdir()) == []
    assert glane.runs(tmp_path).entries == ()


def test_a_complete_run_is_left_alone_and_a_different_one_refused(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "run"))
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run" / "records").iterdir()}
    extract_again = make_settings(documents, tmp_path / "run", model__max_num_seqs=3, model__engines=2)
    run = prepare_run(extract_again, load_task(SMALL_TASK))
    assert run.directory.is_complete
    finish_run(run, record_mib=1)
    assert before == {p: p.stat().st_mtime_ns for p in (tmp_path / "run" / "records").iterdir()}
    other_task = {**SMALL_TASK, "instructions": "Autrement."}
    for changed in (
        make_settings(documents, tmp_path / "run", task=other_task),
        make_settings(documents, tmp_path / "run", model__max_tokens=100),
        make_settings(documents, tmp_path / "run", data__limit=5),
    ):
        with pytest.raises(RunError, match="would answer differently") as raised:
            prepare_run(changed, load_task(changed.task))
        assert " -> " in str(raised.value)


def test_changed_contents_are_another_run_and_a_moved_file_is_not(tmp_path, documents):
    run = tmp_path / "run"
    prepare_run(make_settings(documents, run), load_task(SMALL_TASK))
    moved = (
        documents.rename(tmp_path / "elsewhere" / "documents.parquet")
        if (tmp_path / "elsewhere").mkdir() is None
        else documents
    )
    prepare_run(make_settings(moved, run), load_task(SMALL_TASK))
    write_documents(moved, [f"note {i}" for i in range(119)] + ["changed"])
    with pytest.raises(RunError, match=r"inputs\[0\].digest"):
        prepare_run(make_settings(moved, run), load_task(SMALL_TASK))


def test_an_interrupted_run_goes_on(tmp_path, documents):
    settings = make_settings(documents, tmp_path / "run", model__script={"seconds_per_step": 0.05}, run__shard_rows=4)
    task = load_task(SMALL_TASK)
    run = prepare_run(settings, task)
    started = spec(settings, run, "w0")
    stop = threading.Event()
    run_worker(started, should_stop=lambda: stop.is_set() or len(list(run.directory.parts.iterdir())) >= 2)
    done = len(list(run.directory.parts.glob("*.parquet")))
    assert 0 < done < run.plan.num_shards
    with pytest.raises(RunError, match="not complete"):
        glane.open_run(tmp_path / "run")
    some = glane.open_run(tmp_path / "run", partial=True).all().collect()
    assert len(some) >= 8
    assert (some["duplicate"].dtype, some["duplicate"].any()) == (pl.Boolean, False)
    rows = extract_here(settings)
    assert Counter(rows["id"]) == Counter(f"d{i}" for i in range(120))


def test_what_a_run_rejected_is_asked_again_and_what_it_holds_is_skipped(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "[[truncate]]", "b", "[[invalid]]", None, "c"])
    extract_here(make_settings(data, tmp_path / "one", data__limit=5))
    again = extract_here(make_settings(data, tmp_path / "two", data__only_rejected_of=str(tmp_path / "one")))
    assert again["id"].to_list() == ["d1", "d3", "d4"]
    rest = extract_here(make_settings(data, tmp_path / "three", data__skip_done_in=[str(tmp_path / "one")]))
    assert rest["id"].to_list() == ["d5"]


def test_other_inputs_reach_the_prompt(tmp_path):
    task = {**SMALL_TASK, "inputs": ["text", "place"]}
    data = write_documents(tmp_path / "d.parquet", ["a"] * 3, place=["Lyon", "Lyon", "[[invalid]]"])
    rows = extract_here(make_settings(data, tmp_path / "run", task=task))
    assert rows["status"].to_list() == ["OK", "OK", "INVALID"]


def test_a_carried_column_may_not_hide_a_result_column(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"], age=[4])
    with pytest.raises(ConfigError, match="'age' would stand beside"):
        prepare_run(make_settings(data, tmp_path / "run", data__carry_columns=["age"]), load_task(SMALL_TASK))


def test_a_directory_with_other_things_and_a_file_are_refused(tmp_path, documents):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.docx").touch()
    with pytest.raises(RunError, match="holds other things"):
        prepare_run(make_settings(documents, tmp_path / "full"), load_task(SMALL_TASK))
    with pytest.raises(RunError, match="is a file"):
        prepare_run(make_settings(documents, documents), load_task(SMALL_TASK))


def test_a_wrong_selection_leaves_no_run_behind(tmp_path, documents):
    with pytest.raises(ConfigError):
        prepare_run(make_settings(documents, tmp_path / "run", data__where="nope = 1"), load_task(SMALL_TASK))
    extract_here(make_settings(documents, tmp_path / "run"))


def test_two_workers_share_a_run(tmp_path, documents):
    settings = make_settings(documents, tmp_path / "run", model__script={"seconds_per_step": 0.02}, run__shard_rows=4)
    task = load_task(SMALL_TASK)
    run = prepare_run(settings, task)
    reports = []
    threads = [
        threading.Thread(target=lambda i=i: reports.append(run_worker(spec(settings, run, f"w{i}", start=i / 2))))
        for i in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [r.outcome for r in reports] == ["done", "done"]
    finish_run(run, record_mib=128)
    shards = pl.read_parquet(tmp_path / "run" / "ledger" / "shards.parquet")
    assert set(shards["worker"]) == {"w0", "w1"}
    rows = pl.read_parquet(tmp_path / "run" / "records" / "*.parquet")
    assert rows["id"].to_list() == [f"d{i}" for i in range(120)]


def test_a_full_disk_stops_the_run_and_loses_nothing(tmp_path, documents, monkeypatch):
    settings = make_settings(documents, tmp_path / "run")
    real, count = storage._write, [0]

    def full(path, *args, **kwargs):
        if "part-" in path.name:
            count[0] += 1
            if count[0] > 3:
                path.write_bytes(b"half")
                raise OSError(28, "No space left on device")
        real(path, *args, **kwargs)

    monkeypatch.setattr(storage, "_write", full)
    run, report = work(settings)
    assert report.outcome == "failed"
    assert "The disk is full" in report.message
    assert len(list(run.directory.parts.iterdir())) == 3
    monkeypatch.undo()
    assert len(extract_here(settings)) == 120


def test_a_damaged_part_is_named(tmp_path, documents):
    run, _ = work(make_settings(documents, tmp_path / "run"))
    run.directory.part(2).write_bytes(b"damaged")
    with pytest.raises(RunError, match=r"part-0000002.parquet: damaged"):
        finish_run(run, record_mib=1)
    assert not run.directory.records.exists()


@pytest.mark.parametrize(("group", "folder", "file"), [(False, 0o700, 0o600), (True, 0o750, 0o640)])
def test_a_run_is_private(tmp_path, documents, group, folder, file):
    extract_here(make_settings(documents, tmp_path / "run", run__group_access=group))
    for path in [tmp_path / "run", *(tmp_path / "run").rglob("*")]:
        mode = stat.S_IMODE(path.stat().st_mode) & 0o777
        assert mode == (folder if path.is_dir() else file), path


def test_no_text_leaves_parts_and_records(tmp_path):
    secrets = [
        "Le patient secretalpha a mangé",
        "secretbeta [[invalid]]",
        "secretgamma [[truncate]]",
        "secretdelta " * 5000,
    ]
    answer = json.dumps({"age": 3, "surplus": "secretepsilon"})
    data = write_documents(tmp_path / "d.parquet", [*secrets, f"[[answer {answer}]]", "[[refuse]] secretzeta"])
    run, report = work(make_settings(data, tmp_path / "run"))
    assert report.outcome == "done"
    finish_run(run, record_mib=1)
    checked = 0
    for path in (tmp_path / "run").rglob("*"):
        if path.is_file() and path.parent.name not in ("parts", "records"):
            checked += 1
            assert b"secret" not in path.read_bytes(), path
    assert checked >= 5


def test_run_yaml_says_what_was_run(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "run"))
    described = yaml.safe_load((tmp_path / "run" / "run.yaml").read_text())
    assert described["fingerprint"]["inputs"][0]["rows"] == 120
    assert described["environment"]["versions"]["polars"] == pl.__version__
    assert described["settings"]["model"]["name"] == "scripted"


def test_published_files_are_cut_by_size_and_keep_the_order(tmp_path, monkeypatch):
    from glane.run import merge, publish

    monkeypatch.setattr(merge, "_ROW_GROUP_BYTES", 1)
    data = write_documents(tmp_path / "d.parquet", [f"n{i}" for i in range(200)])
    run, _ = work(make_settings(data, tmp_path / "run"))
    monkeypatch.setattr(publish, "finish_run", finish_run)
    publish._publish(run.directory, run.plan, 0)
    assert len(list(run.directory.records.iterdir())) > 5
    assert glane.open_run(tmp_path / "run").all().collect()["id"].to_list() == [f"d{i}" for i in range(200)]
