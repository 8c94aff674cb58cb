"""A field costs its own tokens: `data.extend` keeps the values of an earlier run, and asks what is new or differs."""

import copy
import datetime
import json
import os
import shutil
import signal

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

import glane
from conftest import (
    SMALL_TASK,
    extract_here,
    job,
    job_here,
    launch,
    make_settings,
    prepare_run,
    spec,
    wait_for,
    work,
    worker_pids,
    write_documents,
)
from glane.errors import GlaneError
from glane.extraction import lineage
from glane.extraction.extension import reused_fields
from glane.extraction.lineage import Lineage
from glane.extraction.specification import asking_of
from glane.extraction.summary import extraction_summary
from glane.run import merge
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from glane.run.overview import overview
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.task.task import load_task
from test_kill import killed_at, start, whole_run

WHOLE = json.dumps(
    {
        "age": 4, "sex": None, "onset": None, "seen": "2024-03-10", "note": "n", "temperature": None, "fever": None,
        "cases": [],
    }
)  # fmt: skip
MORE = {"vaccinated": {"type": "boolean", "description": "Vaccinated.", "nullable": True}}


def task(more=None, *, without=(), **changes):
    found = copy.deepcopy(SMALL_TASK) | changes
    found["fields"] = {name: one for name, one in (found["fields"] | (more or {})).items() if name not in without}
    return found


def mended(name, **changes):
    found = task()
    found["fields"][name] |= changes
    return found


def records(run):
    return pq.read_table(run / "records")


def assert_kept(old, new, fields, rows=None):
    """Every column of the fields is the same in both, by type and value; of some rows, where they are named."""
    before, after = records(old), records(new)
    names = [name for name in before.column_names if name.partition("__")[0] in fields]
    assert names == [name for name in after.column_names if name.partition("__")[0] in fields]
    assert {name.partition("__")[0] for name in names} == set(fields)
    for name in names:
        assert after.schema.field(name).type == before.schema.field(name).type
        kept, found = before[name].to_pylist(), after[name].to_pylist()
        if rows is not None:
            by_id = dict(zip(before["id"].to_pylist(), kept, strict=True))
            pairs = [(by_id[i], value) for i, value in zip(after["id"].to_pylist(), found, strict=True) if i in rows]
            kept, found = map(list, zip(*pairs, strict=True))
        assert found == kept, name


def summary(run):
    return extraction_summary(RunDirectory(root=run))


def refusal(settings):
    with pytest.raises(GlaneError) as caught:
        prepare_run(settings, load_task(settings.task))
    return str(caught.value)


@pytest.fixture
def old(tmp_path, documents):
    extract_here(make_settings(documents, tmp_path / "old"))
    return tmp_path / "old"


def test_a_new_field_alone_is_asked(tmp_path, documents, old):
    new = tmp_path / "new"
    rows = extract_here(make_settings(documents, new, task(MORE), data__extend=str(old)))
    assert_kept(old, new, SMALL_TASK["fields"])
    assert set(rows["status"]) == {"OK"}
    assert rows["reused"].all()
    assert rows["vaccinated"].is_not_null().any()
    assert summary(new).tokens.output < summary(old).tokens.output / 4
    assert summary(new).tokens.output == rows["output_tokens"].sum()
    assert summary(new).tokens.prompt < summary(old).tokens.prompt  # it lists one field
    assert glane.open_run(new).head(3).columns[:2] == ["id", "vaccinated"]  # what one wants to see


def test_the_values_of_the_new_field_are_those_of_the_question_that_asks_it_alone(tmp_path, documents, old):
    alone = extract_here(make_settings(documents, tmp_path / "alone", task(MORE, without=SMALL_TASK["fields"])))
    rows = extract_here(make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old)))
    assert rows["vaccinated"].to_list() == alone["vaccinated"].to_list()


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("age", {"description": "Age in years."}), ("age", {"maximum": 100}), ("sex", {"values": ["F", "M", "X"]}),
        ("onset", {"evidence": True}), ("note", {"type": "string", "max_length": 20}), ("fever", {"missing": True}),
        ("temperature", {"merge": "last"}),
    ],
)  # fmt: skip
def test_a_mended_field_is_asked_again_and_no_other(tmp_path, documents, old, name, changes):
    others = [one for one in SMALL_TASK["fields"] if one != name]
    extract_here(make_settings(documents, tmp_path / "new", mended(name, **changes), data__extend=str(old)))
    assert_kept(old, tmp_path / "new", others)
    assert summary(tmp_path / "new").extends.fields_asked == (name,)


def test_a_field_that_is_removed_costs_no_question(tmp_path, documents, old):
    new = tmp_path / "new"
    rows = extract_here(make_settings(documents, new, task(without=["cases"]), data__extend=str(old)))
    assert_kept(old, new, [name for name in SMALL_TASK["fields"] if name != "cases"])
    assert "cases" not in rows.columns
    assert (summary(new).tokens.prompt, summary(new).flow.asked, summary(new).flow.OK) == (0, 0, 120)
    assert rows["prompt_tokens"].null_count() == rows["chunks"].null_count() == 120


def test_columns_stand_in_the_order_of_the_new_task(tmp_path, documents, old):
    fields = {"age": SMALL_TASK["fields"]["age"], **MORE, **task(without=["age"])["fields"]}
    rows = extract_here(make_settings(documents, tmp_path / "new", task() | {"fields": fields}, data__extend=str(old)))
    assert [name for name in rows.columns if name in fields] == list(fields)


def test_documents_that_are_new_or_changed_are_asked_in_full_and_those_that_are_gone_are_not_there(tmp_path):
    texts = [f"note {i}" for i in range(60)]
    before = write_documents(tmp_path / "before.parquet", texts)
    extract_here(make_settings(before, tmp_path / "old"))
    texts[5] = "another note"
    table = pq.read_table(write_documents(tmp_path / "all.parquet", [*texts, *(f"new {i}" for i in range(9))]))
    after = tmp_path / "after.parquet"
    pq.write_table(table.slice(3).take(list(range(65, -1, -1))), after, row_group_size=20)
    rows = extract_here(make_settings(after, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old")))
    full = extract_here(make_settings(after, tmp_path / "full", task(MORE)))
    asked = {"d5", *(f"d{i}" for i in range(60, 69))}
    assert set(rows.filter(~pl.col("reused"))["id"]) == asked
    assert_kept(tmp_path / "old", tmp_path / "new", SMALL_TASK["fields"], rows=set(rows["id"]) - asked)
    in_full = pl.col("id").is_in(list(asked))
    assert rows.drop("reused").filter(in_full).equals(full.filter(in_full))
    assert summary(tmp_path / "new").extends.rows_kept == 56


def test_a_document_that_only_moved_to_another_file_or_place_is_the_same(tmp_path, documents, old):
    moved = tmp_path / "moved"
    moved.mkdir()
    shutil.move(documents, moved / "renamed.parquet")
    write_documents(moved / "more.parquet", ["more"])
    table = pq.read_table(moved / "more.parquet").set_column(0, "id", [["m0"]])
    pq.write_table(table, moved / "more.parquet")
    rows = extract_here(make_settings(moved, tmp_path / "new", task(MORE), data__extend=str(old)))
    assert rows.filter(~pl.col("reused"))["id"].to_list() == ["m0"]
    assert_kept(old, tmp_path / "new", SMALL_TASK["fields"], rows={f"d{i}" for i in range(120)})


def test_of_a_file_that_was_overwritten_all_documents_are_asked_and_it_is_told(tmp_path):
    data = tmp_path / "data"
    data.mkdir()
    for name, first in (("a", 0), ("b", 40)):
        table = pq.read_table(write_documents(data / f"{name}.parquet", [f"{name} {i}" for i in range(40)]))
        ids = [[f"d{first + i}" for i in range(40)]]
        pq.write_table(table.set_column(0, "id", ids), data / f"{name}.parquet")
    extract_here(make_settings(data, tmp_path / "old"))
    table = pq.read_table(data / "b.parquet")
    pq.write_table(table.slice(1), data / "b.parquet")
    settings = make_settings(data, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old"))
    rows = extract_here(settings)
    assert rows["reused"].to_list() == [True] * 40 + [False] * 39
    (tmp_path / "new" / "records").rename(tmp_path / "elsewhere")
    told = " ".join(prepare_run(settings, load_task(settings.task)).notes)
    assert "b.parquet of the earlier run changed or is gone" in told


def test_what_the_earlier_run_could_not_use_is_asked_in_full(tmp_path):
    texts = [f"note {i}" for i in range(30)]
    texts[4], texts[8], texts[12] = "", "[[invalid]]", "[[truncate]]"
    data = write_documents(tmp_path / "d.parquet", texts)
    extract_here(make_settings(data, tmp_path / "old"))
    rows = extract_here(make_settings(data, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old")))
    assert rows.filter(~pl.col("reused"))["id"].to_list() == ["d4", "d8", "d12"]
    assert rows["status"].to_list()[4:13:4] == ["EMPTY", "INVALID", "TRUNCATED"]
    assert rows.filter(pl.col("status") != "OK")["age"].null_count() == 3


def test_a_row_whose_new_answer_cannot_be_used_has_no_values(tmp_path):
    """Otherwise a row without the new field would pass for an answer that has none."""
    data = write_documents(tmp_path / "d.parquet", [f"[[answer {WHOLE}]]", "note"])
    extract_here(make_settings(data, tmp_path / "old"))
    rows = extract_here(make_settings(data, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old")))
    assert rows["status"].to_list() == ["INVALID", "OK"]  # as an answer to `vaccinated`, it has other keys
    assert rows["age"].to_list()[0] is None
    assert rows["reused"].to_list() == [False, True]


def test_an_answer_to_some_fields_is_no_answer_to_all_though_the_prompt_is_the_same(tmp_path):
    """A bare prompt is the document alone, whatever is asked of it."""
    bare = {"model__prompt_style": "bare"}
    extract_here(make_settings(write_documents(tmp_path / "a.parquet", ["note"]), tmp_path / "old", **bare))
    data = write_documents(tmp_path / "b.parquet", ["note"] * 3)
    extended = make_settings(data, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old"), **bare)
    rows = extract_here(extended)
    assert rows["reused"].to_list() == [True, False, False]
    assert rows["status"].to_list() == ["OK"] * 3
    assert rows["note"].null_count() == rows["repairs"].sum() == 0


# Rules are about whole rows.


def test_rules_between_kept_and_new_fields_hold_of_the_whole_row(tmp_path, documents, old):
    more = {"weight": {"type": "number", "minimum": 30, "maximum": 45}}
    rule = "weight <= temperature"
    rows = extract_here(make_settings(documents, tmp_path / "new", task(more, rules=[rule]), data__extend=str(old)))
    broken = rows.select((pl.col("weight") > pl.col("temperature")).fill_null(value=False)).to_series()
    assert 0 < broken.sum() < len(rows)
    assert (rows["broken_rules"].list.len() > 0).to_list() == broken.to_list()
    assert (rows.filter(pl.col("broken_rules").list.len() > 0)["repairs"] == 1).all()
    assert_kept(old, tmp_path / "new", SMALL_TASK["fields"])


def test_a_row_that_a_rule_rejects_keeps_nothing(tmp_path, documents, old):
    more = {"weight": {"type": "number", "minimum": 30, "maximum": 45}}
    rules = [{"rule": "weight <= temperature", "if_broken": "reject"}]
    rows = extract_here(make_settings(documents, tmp_path / "new", task(more, rules=rules), data__extend=str(old)))
    rejected = rows.filter(pl.col("status") == "INVALID")
    assert 0 < rejected.height < rows.height
    assert rejected["note"].null_count() == rejected["weight"].null_count() == rejected.height
    assert not rejected["reused"].any()


def test_documents_whose_kept_values_break_a_new_rule_are_asked_in_full(tmp_path, documents, old):
    rule = "temperature <= 40"
    rows = extract_here(make_settings(documents, tmp_path / "new", task(MORE, rules=[rule]), data__extend=str(old)))
    before = pl.read_parquet(old / "records" / "*.parquet")
    broken = before.select((pl.col("temperature") > 40).fill_null(value=False)).to_series()
    assert 0 < broken.sum() < len(rows)
    assert rows["reused"].to_list() == (~broken).to_list()


def test_a_rule_that_the_earlier_run_found_broken_stays_so_and_is_not_asked_about(tmp_path, documents):
    rules = ["temperature <= 40"]
    extract_here(make_settings(documents, tmp_path / "old", task(rules=rules)))
    new = make_settings(documents, tmp_path / "new", task(MORE, rules=rules), data__extend=str(tmp_path / "old"))
    rows = extract_here(new)
    before = pl.read_parquet(tmp_path / "old" / "records" / "*.parquet")
    assert before["broken_rules"].list.len().sum() > 0
    assert rows["broken_rules"].to_list() == before["broken_rules"].to_list()
    assert rows["reused"].all()
    assert rows["repairs"].sum() == 0


# What a document is, and how it is read.


def test_long_documents_samples_and_recall(tmp_path):
    changes = {"split": {"max_tokens": 300, "overlap_tokens": 20}, "passes": {"samples": 3, "recall": 1}, "confidence": True}  # fmt: skip
    data = write_documents(tmp_path / "d.parquet", [f"note {i}. " * (90 + i) for i in range(12)])
    extract_here(make_settings(data, tmp_path / "old", task(**changes)))
    more = MORE | {"drugs": {"type": "list", "max_items": 3, "evidence": True, "items": {"type": "string", "max_length": 9}}}  # fmt: skip
    rows = extract_here(
        make_settings(data, tmp_path / "new", task(more, **changes), data__extend=str(tmp_path / "old"))
    )
    assert_kept(tmp_path / "old", tmp_path / "new", SMALL_TASK["fields"])
    assert {"vaccinated__agreement", "vaccinated__conflicts", "drugs__evidence"} <= set(rows.columns)
    assert rows["chunks"].min() > 1
    was = pl.read_parquet(tmp_path / "old" / "records" / "*.parquet")["recalled"].to_list()
    kept = [[place for place in one if not place.startswith("drugs")] for one in rows["recalled"]]
    assert kept == was
    assert any(place.startswith("drugs") for one in rows["recalled"] for place in one)


def test_groups_keep_values_while_their_documents_are_the_same(tmp_path):
    def written(name, texts):
        patients, days = [i // 3 for i in range(len(texts))], [-i for i in range(len(texts))]
        return write_documents(tmp_path / name, texts, patient=patients, day=days)

    texts = [f"note {i}" for i in range(60)]
    grouped = {"data__group_by": "patient", "data__order_by": "day"}
    age = {"age": {"type": "integer", "evidence": True, "nullable": True}}
    extract_here(make_settings(written("a.parquet", texts), tmp_path / "old", task(age), **grouped))
    texts[7] = "changed"
    settings = make_settings(
        written("b.parquet", texts), tmp_path / "new", task(age | MORE), data__extend=str(tmp_path / "old"), **grouped
    )
    rows = extract_here(settings)
    assert rows.filter(~pl.col("reused"))["patient"].to_list() == [2]
    before = pl.read_parquet(tmp_path / "old" / "records" / "*.parquet")
    others = pl.col("patient") != 2
    assert rows.filter(others)["age__evidence"].to_list() == before.filter(others)["age__evidence"].to_list()


def test_what_is_derived_of_a_new_field_is_counted_from_a_kept_one(tmp_path):
    text = {"type": "string", "max_length": 30, "normalise": {"to": "date", "relative_to": "seen"}}
    told = json.dumps({"told": "il y a deux jours"})  # after a repair: the first answer is one to the whole question
    data = write_documents(tmp_path / "d.parquet", [f"[[answer {WHOLE}]] [[answer {told}]]"])
    extract_here(make_settings(data, tmp_path / "old"))
    settings = make_settings(data, tmp_path / "new", task({"told": text}), data__extend=str(tmp_path / "old"))
    rows = extract_here(settings)
    assert rows["told__normalised"].struct.field("date").to_list() == [datetime.date(2024, 3, 8)]


def test_a_field_is_asked_again_with_the_field_that_it_is_counted_from():
    text = {"type": "string", "normalise": {"to": "date", "relative_to": "seen"}}
    before = load_task(task({"told": text}))
    found = task({"told": text})
    found["fields"]["seen"]["description"] = "Day of the visit."
    assert set(before.fields) - set(reused_fields(before, load_task(found), {}, {})) == {"seen", "told"}
    table = {"places": {"path": "p.csv", "match": ["name"], "code": "code"}}
    looked = {"place": {"type": "string", "lookup": "places"}}
    now = load_task(task(looked, lookups=table))
    everything = tuple(now.fields)
    assert reused_fields(now, now, {"places": 1}, {"places": 1}) == everything
    assert set(everything) - set(reused_fields(now, now, {"places": 1}, {"places": 2})) == {"place"}


def test_an_example_that_answers_otherwise_asks_that_field_again():
    def told(**output):
        example = {"text": "T", "output": {"seen": "2024-01-01", "note": "n", **output}}
        return load_task(task(examples=[example]))

    before = told(age=3)
    assert "age" not in reused_fields(before, told(age=4), {}, {})
    assert len(reused_fields(before, told(age=4), {}, {})) == len(before.fields) - 1


def test_the_values_of_an_extended_run_can_be_kept_again(tmp_path, documents, old):
    extract_here(make_settings(documents, tmp_path / "second", task(MORE), data__extend=str(old)))
    last = {**MORE, "weight": {"type": "number"}}
    extract_here(make_settings(documents, tmp_path / "third", task(last), data__extend=str(tmp_path / "second")))
    assert_kept(old, tmp_path / "third", SMALL_TASK["fields"])
    assert_kept(tmp_path / "second", tmp_path / "third", MORE)


def test_selection_and_carried_columns_may_differ(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(60)], ward=[i % 3 for i in range(60)])
    extract_here(make_settings(data, tmp_path / "old", data__where="ward < 2"))
    settings = make_settings(
        data, tmp_path / "new", task(MORE), data__extend=str(tmp_path / "old"), data__where="ward > 0",
        data__carry_columns=["ward"], run__shard_rows=7,
    )  # fmt: skip
    rows = extract_here(settings)
    assert rows["reused"].to_list() == (rows["ward"] == 1).to_list()
    assert_kept(tmp_path / "old", tmp_path / "new", SMALL_TASK["fields"], rows=set(rows.filter("reused")["id"]))


# Size.


def test_rows_more_than_memory_holds_are_matched_alike(tmp_path, monkeypatch):
    monkeypatch.setattr(lineage, "_IN_MEMORY", 10)
    monkeypatch.setattr(lineage, "_BUCKET", 20)
    monkeypatch.setattr(lineage, "_BUFFER", 8)
    monkeypatch.setattr(lineage, "_ROW_GROUP", 9)
    monkeypatch.setattr(merge, "_ROW_GROUP_BYTES", 2000)
    before = write_documents(tmp_path / "a.parquet", [f"note {i}" for i in range(90)], row_group_size=11)
    extract_here(make_settings(before, tmp_path / "old", run__shard_rows=5))
    assert pq.ParquetFile(tmp_path / "old" / "records" / "records-00000.parquet").num_row_groups > 3
    table = pq.read_table(before)
    pq.write_table(
        table.take(list(np.random.default_rng(1).permutation(90))), tmp_path / "b.parquet", row_group_size=13
    )
    for name in ("a", "b"):
        new = tmp_path / f"new_{name}"
        settings = make_settings(tmp_path / f"{name}.parquet", new, task(MORE), data__extend=str(tmp_path / "old"))
        assert extract_here(settings)["reused"].all()
        assert_kept(tmp_path / "old", new, SMALL_TASK["fields"], rows={f"d{i}" for i in range(90)})


def test_an_input_that_cannot_be_read_is_no_lack_of_temporary_disk(tmp_path, documents, old, monkeypatch):
    def unreadable(*_):
        raise OSError(5, "Input/output error")

    settings = make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old))
    monkeypatch.setattr(lineage._Side, "halves", unreadable)
    with pytest.raises(OSError, match="Input/output error"):
        prepare_run(settings, load_task(settings.task))


# Nothing is lost or doubled.


@pytest.mark.slow
def test_killed_and_gone_on_with(tmp_path):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(12)])
    extract_here(make_settings(data, tmp_path / "old"))
    for limit in range(1, 400, 9):
        run = tmp_path / f"run{limit}"
        settings = make_settings(
            data, run, task(MORE), data__extend=str(tmp_path / "old"), run__shard_rows=4, run__heartbeat_s=60,
            run__lease_s=180,
        )  # fmt: skip
        file = tmp_path / f"{limit}.json"
        file.write_text(settings.model_dump_json())
        first = start(killed_at, str(file), limit, "first")
        first.join(60)
        second = start(whole_run, settings, "second")
        second.join(60)
        assert second.exitcode == 0
        assert records(run)["id"].to_pylist() == [f"d{i}" for i in range(12)]
        assert_kept(tmp_path / "old", run, SMALL_TASK["fields"])
        if first.exitcode == 0:
            return
    raise AssertionError("the run was never finished before it was killed")


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.slow
def test_a_mended_field_of_a_real_engine_costs_its_own_tokens_and_survives_kills(tmp_path, demo_run, demo_corpus):
    new = tmp_path / "new"
    arguments = [
        "task=ed_visit", "task.fields.fever.description=Mended.", "model=demo", f"data.extend={demo_run}",
        f"data.path={demo_corpus}/documents.parquet", f"run.dir={new}", "run.shard_rows=20", "run.heartbeat_s=0.5",
        "progress=plain",
    ]  # fmt: skip
    driver = launch(*arguments, cwd=tmp_path)
    pids = wait_for(lambda: worker_pids(new), 240)
    wait_for(lambda: any((new / "parts").glob("part-*.parquet")), 120, every_s=0.01)
    os.kill(pids[0], signal.SIGKILL)
    driver.kill()
    driver.communicate()
    job(*arguments, cwd=tmp_path, timeout=400)
    fields = glane.open_run(demo_run).description().fields
    assert_kept(demo_run, new, [name for name in fields if name != "fever"])
    found, before = summary(new), summary(demo_run)
    assert found.extends.fields_asked == ("fever",)
    assert found.extends.rows_kept == found.flow.OK == 400
    assert found.tokens.output < before.tokens.output / 5


def test_several_workers_share_it(tmp_path, documents, old):
    settings = make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old))
    run = prepare_run(settings, load_task(settings.task))
    workers = [start(run_worker, spec(settings, run, f"w{i}", start=i / 3)) for i in range(3)]
    for worker in workers:
        worker.join(60)
    finish_run(run, record_mib=128)
    assert_kept(old, tmp_path / "new", SMALL_TASK["fields"])


def test_a_complete_run_needs_the_earlier_one_no_more(tmp_path, documents, old):
    settings = make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old))
    extract_here(settings)
    shutil.rmtree(old)
    assert prepare_run(settings, load_task(settings.task)).directory.is_finished


def test_a_run_is_not_gone_on_with_over_another_earlier_run(tmp_path, documents, old):
    settings = make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old))
    prepare_run(settings, load_task(settings.task))
    shutil.rmtree(old)
    _, report = work(settings)
    assert "no run here" in report.message
    extract_here(make_settings(documents, old))
    assert "extends.id" in refusal(settings)


def test_a_damaged_lineage_is_told(tmp_path, documents, old):
    settings = make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old))
    run = prepare_run(settings, load_task(settings.task))
    assert Lineage(run.directory.lineage, run.plan).of(1).tolist() == list(range(16, 32))
    run.directory.lineage.write_bytes(b"PAR1")
    with pytest.raises(GlaneError, match="is made anew"):
        Lineage(run.directory.lineage, run.plan)
    run.directory.lineage.unlink()
    extract_here(settings)
    assert_kept(old, tmp_path / "new", SMALL_TASK["fields"])


# What is refused, before an engine is started.


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"task__instructions": "Lis bien."}, "task.instructions"),
        ({"task__language": "en"}, "task.language"),
        ({"task__confidence": True}, "task.confidence"),
        ({"task__repairs": 2}, "task.repairs"),
        ({"task__passes": 3}, "task.passes.samples: 1 -> 3"),
        ({"task__keys": "short"}, "task.keys"),
        ({"task__order": "quote_first"}, "task.order"),
        ({"task__split": {"max_tokens": 500}}, "task.split"),
        ({"task__examples": [{"text": "T", "output": {"seen": "2024-01-01", "note": "n", "vaccinated": True}}]}, "task.examples"),
        ({"model__max_tokens": 300}, "model.max_tokens: 512 -> 300"),
        ({"model__sampling__temperature": 0.5}, "model.sampling.temperature"),
        ({"model__prompt_style": "bare"}, "model.prompt_style"),
        ({"model__name": "other"}, "model.name"),
    ],
)  # fmt: skip
def test_what_all_answers_depend_on_must_be_as_it_was(tmp_path, documents, old, changes, said):
    told = refusal(make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old), **changes))
    assert said in told
    assert "leave data.extend out" in told
    assert not (tmp_path / "new").exists()


def test_what_cannot_be_extended_is_refused(tmp_path, documents, old):
    def told(path, fields=None, **changes):
        return refusal(
            make_settings(documents, tmp_path / "new", fields or task(MORE), data__extend=str(path), **changes)
        )

    assert "no run here" in told(tmp_path / "nowhere")
    prepare_run(make_settings(documents, tmp_path / "begun"), load_task(SMALL_TASK))
    assert "is not complete" in told(tmp_path / "begun")
    assert "every field is new or differs" in told(old, task(MORE, without=SMALL_TASK["fields"]))
    others = write_documents(tmp_path / "others.parquet", ["one", "two"])
    assert "has no values of any selected document" in told(old, data__path=str(others))
    assert not (tmp_path / "new" / "run.yaml").exists()  # the same command without data.extend may use it
    assert "is run.dir itself" in told(old, run__dir=str(old))
    (old / "records" / "records-00000.parquet").write_bytes(b"")
    assert "cannot be read" in told(old)


def test_numbered_rows_of_other_files_are_refused(tmp_path, documents):
    numbered = {"data__number_rows": True, "data__id_column": "row"}
    extract_here(make_settings(documents, tmp_path / "old", **numbered))
    others = write_documents(tmp_path / "others.parquet", [f"note {i}" for i in range(121)])
    extend = {"data__extend": str(tmp_path / "old"), **numbered}
    assert "numbered the rows of other files" in refusal(make_settings(others, tmp_path / "new", task(MORE), **extend))
    assert extract_here(make_settings(documents, tmp_path / "same", task(MORE), **extend))["reused"].all()


def test_a_field_may_not_be_named_as_the_mark(documents, tmp_path):
    with pytest.raises(GlaneError, match="is a column of every result"):
        load_task(task({"reused": {"type": "boolean"}}))


def test_it_is_refused_before_a_cluster_is_asked_for_a_node(tmp_path, documents, old):
    told = job_here(
        "cluster=slurm", "cluster.dry_run=true", "model=scripted", f"data.path={documents}", f"data.extend={old}",
        f"run.dir={tmp_path}/new", check=2,
    )  # fmt: skip
    assert "data.extend: every answer of" in told.stderr
    assert "task.instructions" in told.stderr


def test_a_preview_is_of_whole_questions(tmp_path, documents, old):
    with pytest.raises(GlaneError, match="preview shows whole questions"):
        make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old), preview=2)


# Both runs are named.


def test_both_runs_are_named(tmp_path, documents, old):
    new = tmp_path / "new"
    extract_here(make_settings(documents, new, task(MORE), data__extend=str(old)))
    described, before = glane.open_run(new).description(), glane.open_run(old)
    assert described.extends.id == before.directory.identity() == summary(new).extends.id
    assert described.extends.fingerprint_digest == before.description().fingerprint_digest
    assert described.extends.asked == ("vaccinated",)
    assert read_head(RunDirectory(root=new)).extends == described.extends
    assert overview(new).as_json()["extends"]["path"] == str(old)
    assert "extends" not in overview(old).as_json()
    metadata = json.loads(pq.read_schema(new / "records" / "records-00000.parquet").metadata[b"glane"])
    assert metadata["extends"]["id"] == described.extends.id
    codebook = glane.open_run(new).codebook()
    told = dict(codebook.select("column", "description").iter_rows())
    assert str(old) in told["age"]
    assert str(old) in told["cases.place"]
    assert str(old) not in told["vaccinated"]
    assert told["reused"]
    assert "reused" not in dict(before.codebook().select("column", "description").iter_rows())
    assert "reused" not in glane.open_run(new).line_list(values_only=True).collect_schema().names()


def test_an_extended_run_asks_in_another_way_than_a_whole_one(tmp_path, documents, old):
    extract_here(make_settings(documents, tmp_path / "new", task(MORE), data__extend=str(old)))
    extract_here(make_settings(documents, tmp_path / "full", task(MORE)))
    one, other = (asking_of(glane.open_run(tmp_path / name)) for name in ("new", "full"))
    assert one.wording == other.wording
    assert one.reading != other.reading
