"""A cascade: which documents stay with the small model, what is guaranteed of them, and both runs as one result."""

import json
import math
import os
import shutil
import uuid
from types import SimpleNamespace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import DEMO_MODEL, extract_here, job_here, make_settings, write_documents
from glane.added_key import add_key
from glane.api.cascade import _check_pair as check_pair
from glane.assess.calibrate.acceptance import Documents, accept
from glane.assess.calibrate.line_list import accepted_and_left
from glane.assess.calibrate.shapes import Shape
from glane.assess.calibrate.tested import Risks
from glane.assess.cascade.joined import MODEL, PART, joined
from glane.assess.cascade.record import CascadePlan
from glane.assess.cascade.route import routed
from glane.assess.cascade.told import plan_lines
from glane.assess.clusters import CLUSTER
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.job.resolve import absolute
from glane.job.submit import check_submission
from glane.settings import cascade_settings

# --- Which documents stay ---


def model_of(num, *, seed=0, judged=400, missed=None):
    """A model that is right the more often the surer it is, of one yes or no for each document; a tenth have no value."""
    rng = np.random.default_rng(seed)
    ids = [f"d{i:05}" for i in range(num)]
    sure = rng.beta(6, 1, num)
    wrong = rng.random(num) < (1 - sure) * 0.6
    silent = rng.random(num) < 0.1
    said = rng.random(num) < 0.5
    values = pl.DataFrame(
        {"id": ids, "field": "bite", "item": pl.Series([None] * num, dtype=pl.Int64), "value": np.where(said, "true", "false"),
         "confidence": sure, "doubted": False, "wrong": wrong}
    ).filter(~pl.Series(silent))  # fmt: skip
    drawn = rng.choice(num, judged, replace=False)
    known = values.join(pl.DataFrame({"id": [ids[i] for i in drawn]}), on="id", how="semi")
    answers = known.select(
        "id", "field", "item", pl.when("wrong").then(pl.lit("wrong")).otherwise(pl.lit("correct")).alias("verdict"),
        gold=pl.when("wrong").then(pl.when(pl.col("value") == "true").then(pl.lit("false")).otherwise(pl.lit("true"))).otherwise("value"),
    ).with_columns(predicted_item=pl.col("item"))  # fmt: skip
    return ids, values, answers


def parted(num=4000, *, seed=0, alpha=0.1):
    ids, values, answers = model_of(num, seed=seed)
    table = pl.DataFrame({"id": ids, CLUSTER: range(num)})
    found = accept(
        values.drop("wrong"), answers, id_column="id", risks=Risks(alpha=alpha, delta=0.1),
        shapes={"bite": Shape(categories=("true", "false"))}, documents=Documents(table=table),
    )  # fmt: skip
    documents = pl.DataFrame({"id": ids, "usable": True})
    routing = routed(
        documents, values.drop("wrong"), found.summary, accepted=found.accepted, to_review=found.to_review, fields=["bite"],
        id_column="id",
    )  # fmt: skip
    return values, answers, found, routing


def test_documents_stay_whose_values_are_accepted_and_no_others():
    values, answers, found, routing = parted()
    stay = set(routing.stay)
    sure = set(found.accepted.filter(pl.col("source") == "accepted")["id"])
    assert 0 < len(sure) < 4000
    judged = set(answers["id"])
    assert stay - judged == sure
    # Judged documents are parted by the same thresholds: they are a random part of both sides.
    thresholds = {one.value: one.threshold for one in found.summary.fields["bite"].groups}
    by_threshold = {
        key for key, value, confidence in values.select("id", "value", "confidence").iter_rows()
        if thresholds[value] is not None and confidence >= thresholds[value]
    }  # fmt: skip
    assert stay == by_threshold
    assert 0 < len(stay & judged) < len(judged)
    every = [f"d{at:05}" for at in range(4000)]
    assert routing.asked.to_list() == [key for key in every if key not in stay]  # in the order of the run


def test_a_plan_by_which_nothing_stays_says_how_something_would():
    plan = CascadePlan.model_construct(
        documents=120, stay=0, asked=120, small=SimpleNamespace(model="m"), fields=("a",)
    )
    lines = list(plan_lines(plan))
    assert len(lines) == 2
    assert "fewer fields that decide" in lines[1]


def test_documents_without_a_value_are_asked_again_unless_their_silence_was_tested():
    values, _, found, routing = parted()
    assert set(routing.stay) <= set(values["id"])
    summary = found.summary
    silence = [
        one.model_copy(update={"is_accepted": True}) for one in summary.silence.get("bite", ()) if one.value is None
    ]
    assert silence
    tested = summary.model_copy(update={"silence": {"bite": tuple(silence)}, "missed": 0.05})
    ids = [f"d{i:05}" for i in range(4000)]
    hiding = sorted(set(ids[::2]) - set(values["id"]))[:2]  # people found a value in these
    said = found.accepted.head(2).with_columns(
        pl.Series("id", hiding), pl.lit("reviewed").alias("source"), confidence=None, calibrated=None
    )
    again = routed(
        pl.DataFrame({"id": ids, "usable": [at % 2 == 0 for at in range(4000)]}), values.drop("wrong"), tested,
        accepted=pl.concat([found.accepted, said], how="vertical_relaxed"), to_review=found.to_review, fields=["bite"],
        id_column="id",
    )  # fmt: skip
    silent = set(ids) - set(values["id"])
    usable = set(ids[::2])
    assert silent & usable == silent & set(again.stay)  # what is not usable never stays
    (group,) = (one for one in again.groups if one.is_silence)
    assert group.judged_wrong == 2
    assert group.wrong_at_most == min(len(silent & usable), math.floor(0.05 * silence[0].documents))


@pytest.mark.slow
def test_what_is_wrong_among_those_that_stay_is_at_most_as_told():
    """Over many samples: the bound of each group holds with the certainty told."""
    missed = 0
    for seed in range(40):
        values, answers, _, routing = parted(1500, seed=seed)
        kept = values.filter(pl.col("id").is_in(routing.stay.implode())).join(answers, on="id", how="anti")
        missed += any(
            kept.filter((pl.col("value") == one.value) & pl.col("wrong")).height > one.wrong_at_most
            for one in routing.groups
        )
        assert sum(one.kept for one in routing.groups) == kept.height
    assert missed / 40 <= 0.1 + 0.1


def test_what_people_found_wrong_among_those_that_stay_is_told():
    values, answers, _, routing = parted()
    stay = pl.col("id").is_in(routing.stay.implode())
    judged = values.filter(stay).join(answers.select("id"), on="id", how="semi")
    known = {value: part["wrong"].sum() for (value,), part in judged.group_by("value")}
    assert sum(known.values()) > 0
    assert {one.value: one.judged_wrong for one in routing.groups} == known
    assert sum(one.judged for one in routing.groups) == judged.height
    assert sum(one.kept + one.judged for one in routing.groups) == values.filter(stay).height
    told = CascadePlan(
        small=dict.fromkeys(("id", "path", "fingerprint", "task", "model"), "x"), calibration="c",
        fields=("bite",), others=(), alpha=0.1, delta=0.1, missed=None, documents=4000, stay=len(routing.stay),
        asked=4000 - len(routing.stay), ids="i", groups=routing.groups,
    )  # fmt: skip
    lines = list(plan_lines(told))
    for one, line in zip(routing.groups, lines[1:], strict=False):
        assert (
            f"{one.kept + one.judged} stay, of which at most {one.wrong_at_most + one.judged_wrong} are wrong" in line
        )
    assert "line_list.parquet" in lines[-1]


@pytest.mark.parametrize("has_gold", [True, False])
def test_values_of_lists_that_people_found_wrong_are_counted_at_other_places_than_the_right_ones(has_gold):
    """The second item of the run is the first right answer: items are matched, not places."""
    values = pl.DataFrame(
        {"id": ["a", "a", "b"], "field": "drug", "item": [0, 1, 0], "value": ["x", "y", "z"], "confidence": 0.9,
         "doubted": False, "calibrated": 0.9}
    )  # fmt: skip
    answers = pl.DataFrame(
        {"id": ["a", "a", "a", "b"], "field": "drug", "item": [None, 0, 1, 0], "predicted_item": [0, 1, None, 0],
         "verdict": ["spurious", "correct", "missed", "correct"], "gold": [None, "y", "w", "z"]}
    )  # fmt: skip
    answers = answers if has_gold else answers.drop("gold")
    used, left = accepted_and_left(
        values.with_columns(_accepted=True), answers, {"drug": Shape(is_list=True)}, id_column="id"
    )
    _, _, found, _ = parted(500)
    entry = found.summary.fields["bite"]
    group = entry.groups[0].model_copy(update={"value": None, "threshold": 0.5})
    summary = found.summary.model_copy(
        update={"fields": {"drug": entry.model_copy(update={"groups": (group,)})}, "silence": {}}
    )
    routing = routed(
        pl.DataFrame({"id": ["a", "b"], "usable": True}), values, summary, accepted=used, to_review=left,
        fields=["drug"], id_column="id",
    )  # fmt: skip
    (one,) = routing.groups
    assert (one.kept, one.judged, one.judged_wrong) == (0, 3, 1)


# --- One result of two ---


def rows_of(names, **columns):
    return pl.DataFrame({"id": names, "status": ["OK"] * len(names), "x": list(range(len(names))), **columns})


def test_rows_are_of_one_model_each_in_the_order_of_the_input():
    small, large = rows_of(["c", "a", "b"]), rows_of(["b"]).with_columns(status=pl.lit("INVALID"))
    found = joined(small, large, id_column="id", stay=pl.Series(["a", "c"]), models={"small": "s", "large": "l"})
    assert found.select("id", "status", PART, MODEL).rows() == [
        ("c", "OK", "small", "s"), ("a", "OK", "small", "s"), ("b", "INVALID", "large", "l")
    ]  # fmt: skip


@pytest.mark.parametrize(("large", "match"), [
    (["b", "a"], "1 of its documents stay"),
    (["a"], "1 are not in it, 'b'"),
    (["b", "z"], "1 of its documents stay"),
])  # fmt: skip
def test_a_large_run_of_other_documents_is_refused(large, match):
    with pytest.raises(DataError, match=match):
        joined(
            rows_of(["a", "b"]),
            rows_of(large),
            id_column="id",
            stay=pl.Series(["a"]),
            models={"small": "s", "large": "l"},
        )


def test_runs_with_other_columns_are_refused():
    with pytest.raises(DataError, match=r"\(y differ\)"):
        joined(
            rows_of(["a", "b"]),
            rows_of(["b"], y=[1]),
            id_column="id",
            stay=pl.Series(["a"]),
            models={"small": "s", "large": "l"},
        )


def test_of_one_run_that_keeps_values_of_an_earlier_one_the_other_keeps_none():
    models = {"small": "s", "large": "l"}
    kept, plain = rows_of(["a", "b"], reused=[True, True]), rows_of(["b"])
    found = joined(kept, plain, id_column="id", stay=pl.Series(["a"]), models=models)
    assert found.select("id", "reused").rows() == [("a", True), ("b", False)]
    found = joined(
        kept.drop("reused"), plain.with_columns(reused=True), id_column="id", stay=pl.Series(["a"]), models=models
    )
    assert found.select("id", "reused").rows() == [("a", False), ("b", True)]


# --- The command ---

TASK = {
    "name": "calls",
    "language": "fr",
    "instructions": "Lis le texte.",
    "fields": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120},
        "animal": {"type": "enum", "values": ["dog", "bat"], "nullable": True},
    },
}


def texts(num=400):
    return [f"Call {at}." for at in range(num)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A run of random answers, of which those with little confidence are called wrong, and its calibration."""
    folder = tmp_path_factory.mktemp("cascade")
    data = write_documents(folder / "d.parquet", [*texts(), "[[invalid]]", ""])
    extract_here(make_settings(data, folder / "small", TASK))
    values = glane.evaluate(folder / "small", right_ages(folder), samples=0).values
    glane.calibrate(folder / "small", values, alpha=0.1, delta=0.1, out_dir=str(folder / "calibration"))
    return folder


def right_ages(folder):
    """Of 250 documents."""
    rows = glane.open_run(folder / "small").usable().select("id", "age", "age__confidence").collect()
    unsure = pl.col("age__confidence") < 0.75  # of three digits
    right = rows.select("id", pl.when(unsure).then(pl.col("age") - 1).otherwise("age").alias("age"))
    return right[np.random.default_rng(0).choice(400, 250, replace=False)]


def large_run(folder, out, name="large", task=TASK, **changes):
    settings = make_settings(
        folder / "d.parquet", out.parent / name, task, data__only_ids_in=str(out / "to_large.parquet"),
        model__sampling={"seed": 7}, model__name="bigger", **changes,
    )  # fmt: skip
    extract_here(settings)
    return out.parent / name


def cascade(folder, out, **changes):
    return glane.cascade(folder / "small", str(folder / "calibration"), str(out), **({"fields": "age"} | changes))


def test_the_small_run_is_parted_and_joined_with_the_large_one(folder, tmp_path):
    out = tmp_path / "out"
    first = cascade(folder, out)
    ids = pl.read_parquet(out / "to_large.parquet")["id"].to_list()
    assert {"d400", "d401"} <= set(ids)  # without an answer that can be used
    assert (first.plan.documents, first.plan.asked, first.plan.stay) == (402, len(ids), 402 - len(ids))
    assert 50 < first.plan.stay < 402
    assert first.plan.others == ("animal",)
    assert "data.only_ids_in=" in str(first)
    large = large_run(folder, out)
    assert glane.open_run(large).all().select("id").collect()["id"].to_list() == ids
    found = cascade(folder, out, large=large)
    rows = pl.read_parquet(out / "joined" / "joined.parquet")
    assert rows.equals(found.rows)
    small = glane.open_run(folder / "small").all().collect()
    assert rows["id"].to_list() == small["id"].to_list()
    by_part = dict(rows.group_by(PART).agg("id").iter_rows())
    assert set(by_part["large"]) == set(ids)
    assert set(rows.select(PART, MODEL).unique().rows()) == {("small", "scripted"), ("large", "bigger")}
    kept = rows.filter(pl.col(PART) == "small").drop(PART, MODEL)
    assert kept.equals(small.filter(~pl.col("id").is_in(ids)))
    asked = rows.filter(pl.col(PART) == "large").drop(PART, MODEL)
    assert asked.equals(glane.open_run(large).all().collect())
    assert found.summary.statuses["large"] == {"OK": len(ids) - 2, "INVALID": 1, "EMPTY": 1}
    assert found.summary.costs["small"].documents == 402
    assert found.summary.costs["large"].prompt_tokens > 0
    assert found.summary.large_guarantee is None
    assert "the large model's part: not calibrated" in str(found)
    codebook = pl.read_csv(out / "joined" / "codebook.csv")
    assert codebook.filter(pl.col("column").is_in([PART, MODEL])).height == 2
    assert set(codebook.filter(pl.col("column").is_in([PART, MODEL]))["type"]) == {"texte"}
    (about,) = codebook.filter(pl.col("column") == "duplicate")["description"]
    assert "au sein de l'extraction par le modèle qui a répondu" in about
    assert (out / "joined" / "joined.parquet").stat().st_mode & 0o077 == 0


def test_the_same_command_again_changes_nothing_and_another_run_is_refused(folder, tmp_path):
    out = tmp_path / "out"
    cascade(folder, out)
    large = large_run(folder, out)
    first = cascade(folder, out, large=large)
    before = (out / "joined" / "cascade.json").stat().st_mtime_ns
    assert cascade(folder, out, large=large).summary == first.summary
    assert (out / "joined" / "cascade.json").stat().st_mtime_ns == before
    shutil.copytree(large, tmp_path / "moved")  # the same run by its id, at another place
    cascade(folder, out, large=tmp_path / "moved")
    assert (out / "joined" / "cascade.json").stat().st_mtime_ns == before
    other = large_run(folder, out, name="other", run__shard_rows=8)
    with pytest.raises(RunError, match="holds another joined result"):
        cascade(folder, out, large=other)
    (out / "joined" / "joined.parquet").write_bytes(b"x")
    with pytest.raises(RunError, match=r"joined\.parquet: changed"):
        cascade(folder, out, large=large)
    assert not list(out.glob(".joined.*"))


def test_a_join_keeps_to_the_plan_and_does_not_write_it(folder, tmp_path):
    out = tmp_path / "out"
    cascade(folder, out)
    large = large_run(folder, out)
    with pytest.raises(RunError, match=r"no .*plan\.json\. Part the documents first"):
        cascade(folder, tmp_path / "elsewhere", large=large)
    values = glane.evaluate(folder / "small", right_ages(folder), samples=0).values
    glane.calibrate(folder / "small", values, alpha=0.05, delta=0.1, out_dir=str(tmp_path / "stricter"))
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    with pytest.raises(RunError, match=r"plan\.json is of another parting \(calibration: .*alpha: 0\.1 -> 0\.05"):
        glane.cascade(folder / "small", str(tmp_path / "stricter"), str(out), fields="age", large=large)
    with pytest.raises(
        RunError, match="is of another parting"
    ):  # a large run may be under way by the list that is there
        glane.cascade(folder / "small", str(tmp_path / "stricter"), str(out), fields="age")
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    cascade(folder, out)  # the same parting again is no other one
    cascade(folder, out, large=large)
    assert {name: (out / name).read_bytes() for name in before if name != ".glane-files"} == {
        name: content for name, content in before.items() if name != ".glane-files"
    }


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_two_joins_at_once_leave_one_result(folder, tmp_path, monkeypatch, is_encrypted):
    if is_encrypted:  # the same rows are other bytes each time then
        add_key(tmp_path / "keys.yaml", "one")
        monkeypatch.setenv("GLANE_KEY_FILE", str(tmp_path / "keys.yaml"))
    """The second one finds the folder only when it renames its own."""
    out = tmp_path / "out"
    cascade(folder, out)
    large = large_run(folder, out)
    first, rename = [], os.rename

    def late(source, target):
        monkeypatch.setattr("os.rename", rename)
        first.append(cascade(folder, out, large=large))
        rename(source, target)

    monkeypatch.setattr("os.rename", late)
    assert cascade(folder, out, large=large).summary == first[0].summary
    assert not list(out.glob(".joined.*"))


def test_a_join_that_is_killed_leaves_nothing_that_looks_whole(folder, tmp_path, monkeypatch):
    out = tmp_path / "out"
    cascade(folder, out)
    large = large_run(folder, out)
    with monkeypatch.context() as broken:
        broken.setattr("os.rename", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            cascade(folder, out, large=large)
    assert not (out / "joined").exists()
    assert cascade(folder, out, large=large).summary is not None


def test_a_calibration_of_another_run_or_changed_since_is_refused(folder, tmp_path):
    extract_here(make_settings(folder / "d.parquet", tmp_path / "again", TASK))
    with pytest.raises(DataError, match="is the calibration of .*small, not of .*again"):
        glane.cascade(tmp_path / "again", str(folder / "calibration"), str(tmp_path / "out"), fields="age")
    with pytest.raises(DataError, match=r"no .*calibration\.json"):
        glane.cascade(folder / "small", str(tmp_path), str(tmp_path / "out"), fields="age")
    shutil.copytree(folder / "calibration", tmp_path / "changed")
    told = json.loads((tmp_path / "changed" / "calibration.json").read_text())
    (tmp_path / "changed" / "calibration.json").write_text(json.dumps(told | {"alpha": 0.01}))
    with pytest.raises(DataError, match="was changed since glane wrote it"):
        glane.cascade(folder / "small", str(tmp_path / "changed"), str(tmp_path / "out"), fields="age")
    out = tmp_path / "out"
    cascade(folder, out)
    large = large_run(folder, out)
    with pytest.raises(DataError, match="large_calibration: .* is the calibration of"):
        cascade(folder, out, large=large, large_calibration=str(folder / "calibration"))


def test_runs_of_another_task_or_input_are_refused(folder, tmp_path):
    out = tmp_path / "out"
    cascade(folder, out)
    with pytest.raises(DataError, match="is the run of the small model"):
        cascade(folder, out, large=folder / "small")
    other = large_run(folder, out, name="task", task=TASK | {"instructions": "Lis tout le texte."})
    with pytest.raises(DataError, match=r"not asked the same as the small run \(task\.instructions differ"):
        cascade(folder, out, large=other)
    (tmp_path / "copy").mkdir()
    write_documents(tmp_path / "copy" / "d.parquet", [*texts(), "[[invalid]]", "new"])
    changed = large_run(tmp_path / "copy", out, name="input")
    with pytest.raises(DataError, match="the input is not that of the small run"):
        cascade(folder, out, large=changed)
    assert not (out / "joined").exists()


@pytest.mark.parametrize(("changes", "place"), [
    ({"data__text_column": "note"}, "data.text_column"),
    ({"data__group_by": "id", "data__order_by": "day", "data__id_column": "number"}, "data.group_by, data.order_by"),
])  # fmt: skip
def test_a_large_run_that_was_shown_something_else_is_refused(tmp_path, changes, place):
    """The same file and task, but another column of the text, or documents put together."""
    rows = {"id": ["a", "b"], "number": [1, 2], "day": [1, 2], "text": ["one", "two"], "note": ["red", "blue"]}
    pl.DataFrame(rows).write_parquet(tmp_path / "d.parquet")
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "small", TASK))
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "large", TASK, **changes))
    small, large = (glane.open_run(tmp_path / name) for name in ("small", "large"))
    with pytest.raises(DataError, match=rf"not asked the same as the small run \({place} differ"):
        check_pair(small, large)


@pytest.mark.parametrize("extends", ["small", "large"])
def test_a_run_that_extends_another_can_be_of_a_cascade(folder, tmp_path, extends):
    small, out, short = folder / "small", tmp_path / "out", {**TASK, "fields": {"age": TASK["fields"]["age"]}}
    beside = {}
    if extends == "small":
        extract_here(make_settings(folder / "d.parquet", tmp_path / "first", short))
        small = tmp_path / "small"
        extract_here(make_settings(folder / "d.parquet", small, TASK, data__extend=str(tmp_path / "first")))
        ages = glane.open_run(small).usable().select("id", "age").collect().head(250)
        values = glane.evaluate(small, ages, samples=0).values
        glane.calibrate(small, values, alpha=0.1, delta=0.1, out_dir=str(tmp_path / "calibration"))
    calibration = str((folder if extends == "large" else tmp_path) / "calibration")
    glane.cascade(small, calibration, str(out), fields="age")
    if extends == "large":
        large_run(folder, out, name="first", task=short)
        beside = {"data__extend": str(tmp_path / "first")}
    found = glane.cascade(small, calibration, str(out), fields="age", large=large_run(folder, out, **beside))
    kept = dict(found.rows.group_by(PART).agg(pl.col("reused").any()).iter_rows())
    assert kept == {"small": extends == "small", "large": extends == "large"}
    codebook = pl.read_csv(out / "joined" / "codebook.csv")
    assert set(codebook["column"].drop_nulls()) >= {"reused", "duplicate"}


@pytest.mark.parametrize(("fields", "match"), [
    ((), "judged nothing of animal"), ("animal", "judged nothing of animal"), ("ag", "no field 'ag'"),
])  # fmt: skip
def test_fields_that_were_not_judged_cannot_decide(folder, tmp_path, fields, match):
    with pytest.raises(ConfigError, match=match):
        cascade(folder, tmp_path / "out", fields=fields)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("content", "match"), [
    (None, "not Parquet"),
    ({"name": ["d1"]}, "no column 'id'"),
    ({"id": ["d1", "d1"]}, "stand in it twice"),
    ({"id": ["d1", None]}, "null"),
    ({"id": [1]}, "data.only_ids_in: the ids"),
    ({"id": ["nobody"]}, "none of the 402 rows is selected"),
])  # fmt: skip
def test_a_list_of_ids_that_cannot_be_one_is_refused(folder, tmp_path, content, match):
    path = tmp_path / "ids.parquet"
    path.write_bytes(b"no") if content is None else pl.DataFrame(content).write_parquet(path)
    settings = make_settings(folder / "d.parquet", tmp_path / "run", TASK, data__only_ids_in=str(path))
    with pytest.raises(GlaneError, match=match):
        extract_here(settings)
    if content != {"id": ["nobody"]}:  # to know that, all ids of the input would have to be read
        with pytest.raises(GlaneError, match=match):
            check_submission(settings)


@pytest.mark.parametrize(("changes", "match"), [
    ({"data__only_ids_in": "nowhere.parquet"}, r"data\.only_ids_in: nowhere\.parquet is no file"),
    ({"data__only_rejected_of": ["nowhere"]}, "nowhere"),
    ({"data__skip_done_in": ["nowhere"]}, "nowhere"),
    ({"data__where": "ag > 3"}, r"data\.where: no column 'ag'"),
])  # fmt: skip
def test_what_selects_rows_is_looked_at_before_a_node_is_asked_for(folder, tmp_path, changes, match):
    with pytest.raises(GlaneError, match=match):
        check_submission(make_settings(folder / "d.parquet", tmp_path / "run", TASK, **changes))
    if "data__where" not in changes:  # another job may make it until then
        later = {"cluster": {"kind": "slurm", "dependency": "afterok:1"}}
        check_submission(make_settings(folder / "d.parquet", tmp_path / "run", TASK, **changes, **later))


def listing(path, ids):
    pl.DataFrame({"id": ids, "other": "x"}).write_parquet(path)
    return str(path)


def test_a_run_is_of_the_ids_of_its_list_and_not_of_its_name(folder, tmp_path, monkeypatch):
    def run(path, name="run"):
        settings = make_settings(folder / "d.parquet", tmp_path / name, TASK, data__only_ids_in=path)
        return extract_here(absolute(settings))["id"].to_list()

    monkeypatch.chdir(tmp_path)
    path = listing(tmp_path / "ids.parquet", ["d3", "d1"])
    assert run(path) == ["d1", "d3"]
    assert run("./ids.parquet") == ["d1", "d3"]
    assert run(listing(tmp_path / "copy.parquet", ["d1", "d3"])) == ["d1", "d3"]  # the same ids
    listing(tmp_path / "ids.parquet", ["d3", "d2"])
    with pytest.raises(RunError, match=r"data\.only_ids_in: .* -> "):
        run(path)
    assert run(path, "other") == ["d2", "d3"]
    digests = [glane.open_run(tmp_path / name).description().fingerprint_digest for name in ("run", "other")]
    assert digests[0] != digests[1]
    (tmp_path / "ids.parquet").unlink()
    assert run(path, "other") == ["d2", "d3"]  # it goes on with what it began with
    with pytest.raises(DataError, match="is no file"):
        run(path, "third")


@pytest.mark.parametrize("kind", ["uuid", "dictionary", "double"])
def test_ids_of_a_list_are_read_as_those_of_the_input(tmp_path, kind):
    values = [uuid.UUID(int=number) for number in range(3)] if kind == "uuid" else [0, 1, 2]
    ids = {
        "uuid": lambda: pa.array([one.bytes for one in values], pa.uuid()),
        "dictionary": lambda: pa.array([str(one) for one in values]).dictionary_encode(),
        "double": lambda: pa.array([float(one) for one in values]),
    }[kind]()
    pq.write_table(pa.table({"id": ids, "text": ["a", "b", "c"]}), tmp_path / "d.parquet")
    pq.write_table(pa.table({"id": ids.slice(1), "other": [None, None]}), tmp_path / "ids.parquet")
    told = {"data__only_ids_in": str(tmp_path / "ids.parquet")}
    rows = extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run", TASK, **told))
    assert [str(one) for one in rows["id"]] == [str(one) for one in values[1:]]


@pytest.mark.parametrize("values", [{"large_calibration": "c"}, {"strange": 1}, {"large": {"di": "x"}}])
def test_settings_that_cannot_be_are_refused(values):
    with pytest.raises(ConfigError):
        cascade_settings({"small": {"dir": "a"}, "calibration": "b", "out": {"dir": "c"}} | values)


def test_the_command_says_what_is_next(folder, tmp_path):
    words = [
        f"small.dir={folder}/small",
        f"calibration={folder}/calibration",
        f"out.dir={tmp_path}/out",
        "fields=[age]",
    ]
    said = job_here(*words, name="cascade").stdout
    assert "are for the large model; age decide" in said
    assert "(certainty 0.9; at most 0.1 of the" in said
    large = large_run(folder, tmp_path / "out")
    said = job_here(*words, f"large.dir={large}", name="cascade").stdout
    assert "large: bigger was asked" in said
    assert "joined result:" in said
    assert "Call" not in said


@pytest.mark.engine
@pytest.mark.slow
def test_a_cascade_of_two_runs_of_the_demo_model(demo_corpus, tmp_path, shipped_task):
    """The demo model twice, with other settings: a small and a large one are not at hand."""
    task, data = shipped_task("ed_visit"), demo_corpus / "documents.parquet"
    beside = {"model": DEMO_MODEL.model_dump(exclude_unset=True), "data__limit": 200}
    extract_here(make_settings(data, tmp_path / "small", task, **beside))
    gold = pl.read_parquet(demo_corpus / "gold.parquet").head(150).select("id", "fever")
    values = glane.evaluate(tmp_path / "small", gold, samples=0).values
    glane.calibrate(tmp_path / "small", values, alpha=0.2, delta=0.2, out_dir=str(tmp_path / "calibration"))
    words = {"fields": "fever"}
    first = glane.cascade(tmp_path / "small", str(tmp_path / "calibration"), str(tmp_path / "out"), **words)
    beside = {"model": DEMO_MODEL.model_dump(exclude_unset=True) | {"name": "demo again", "max_tokens": 300}}
    large = make_settings(
        data, tmp_path / "large", task, **beside, data__only_ids_in=str(tmp_path / "out" / "to_large.parquet")
    )
    extract_here(large)
    found = glane.cascade(
        tmp_path / "small", str(tmp_path / "calibration"), str(tmp_path / "out"), large=tmp_path / "large", **words
    )
    assert found.rows.height == 200
    assert set(found.rows.filter(pl.col(PART) == "large")[MODEL]) == {"demo again"}
    assert 0 < first.plan.stay < 200
    assert found.summary.costs["large"].documents == first.plan.asked
    assert found.summary.costs["large"].output_tokens > 0
