"""Documents of a run extracted again: what is the same is told as that, and a difference that was planted is found."""

from __future__ import annotations

import json

import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job, job_here, make_settings, write_documents
from glane.api import replay as api
from glane.errors import ConfigError, RunError
from glane.job.replay.compare import compare
from glane.run.digests import write_digests
from glane.run.directory import RunDirectory
from glane.run.head import read_head


def rows(**columns):
    return pl.DataFrame({"id": ["a"], "status": ["OK"], **{name: [value] for name, value in columns.items()}})


QUOTE = {"quote": "fever", "start": 3, "end": 8, "alignment": "exact", "supports": True, "quote_mass": 0.9}


@pytest.mark.parametrize(
    ("then", "now", "verdict"),
    [
        ({"x": 1}, {"x": 1}, "identical"),
        ({"x": 1}, {"x": 2}, "different"),
        ({"x": 1}, {"x": None}, "different"),
        ({"x": ["b", "a"]}, {"x": ["a", "b"]}, "equivalent"),
        ({"x": ["a", "a", "b"]}, {"x": ["a", "b", "b"]}, "different"),
        ({"x": [{"p": 1, "q": ["b", "a"]}]}, {"x": [{"p": 1, "q": ["a", "b"]}]}, "equivalent"),
        ({"x": 1, "x__evidence": QUOTE}, {"x": 1, "x__evidence": QUOTE}, "identical"),
        ({"x": 1, "x__evidence": QUOTE}, {"x": 1, "x__evidence": {**QUOTE, "start": 4}}, "equivalent"),
        ({"x": 1, "x__evidence": QUOTE}, {"x": 1, "x__evidence": {**QUOTE, "quote": "Fever"}}, "equivalent"),
        ({"x": 1, "x__evidence": QUOTE}, {"x": 1, "x__evidence": {**QUOTE, "quote_mass": 0.8}}, "identical"),
        ({"x": 1, "x__confidence": 0.91}, {"x": 1, "x__confidence": 0.92}, "identical"),
        ({"x": 1, "prompt_tokens": 3}, {"x": 1, "prompt_tokens": 4}, "identical"),
        ({"x": 1, "status": "OK"}, {"x": 1, "status": "INVALID"}, "different"),
        ({"x": 1, "id": "a"}, {"x": 1, "id": "b"}, "different"),
    ],
)
def test_answers_are_compared_by_values_and_then_by_quotes(then, now, verdict):
    (found,) = compare(rows(**then), rows(**now), id_column="id", fields=["x"])
    assert found.verdict == verdict


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A run of the scripted engine, whose answers follow from the prompt; replays happen in this process, without Ray."""
    monkeypatch.setattr(api, "extract_here", extract_here)
    data = write_documents(tmp_path / "documents.parquet", [f"note {number}" for number in range(40)], place=["x"] * 40)
    settings = make_settings(
        data, tmp_path / "run", data__carry_columns=("place",), data__sample=30, model__max_num_seqs=3
    )
    extract_here(settings)
    return tmp_path / "run"


def plant(run, change):
    """Change rows of the published result, and its digests: else nobody reads them."""
    (path,) = (run / "records").glob("*.parquet")
    metadata = pl.read_parquet_metadata(path)
    table = change(pl.read_parquet(path))
    table.write_parquet(path, metadata={name: metadata[name] for name in metadata if name.startswith("glane")})
    (run / "digests.json").unlink()
    directory = RunDirectory(root=run)
    write_digests(directory, read_head(directory).fingerprint_digest)


def test_the_same_answers_are_identical_and_nothing_of_them_stays(run, tmp_path):
    before = sorted(path.name for path in tmp_path.iterdir())
    found = glane.replay(run, rows=12, out=tmp_path / "replay.json").replay
    assert (found.documents, found.sampled, found.identical.documents) == (30, 12, 12)
    assert (found.different.documents, found.fields, found.asked_otherwise) == (0, {}, ())
    assert found.different.low == 0
    assert found.different.high == pytest.approx(
        6 / 30
    )  # of 6 different among 30, none is among 12 in 3.1 % of samples
    assert (found.batch_invariant, found.why_not) == (False, "the engine has no weights")
    assert json.loads((tmp_path / "replay.json").read_text())["sampled"] == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([*before, "replay.json"])
    with pytest.raises(ConfigError, match="is there already"):
        glane.replay(run, out=tmp_path / "replay.json")
    every = glane.replay(run, rows=500).replay
    assert (every.sampled, every.identical.low, every.different.high) == (30, 1, 0)  # of all, nothing is left to chance


def test_differences_that_were_planted_are_found_and_counted_by_field(run):
    other = pl.int_range(pl.len())
    plant(run, lambda table: table.with_columns(
        age=pl.when(other < 3).then(pl.lit(119)).otherwise("age"),
        status=pl.when(other == 29).then(pl.lit("INVALID")).otherwise(pl.col("status").cast(pl.String)),
        cases=pl.when(other.is_between(5, 14)).then(pl.col("cases").list.reverse()).otherwise("cases"),
    ))  # fmt: skip
    found = glane.replay(run, rows=30).replay
    assert (found.different.documents, found.fields) == (4, {"age": 3})
    assert found.equivalent.documents > 0
    assert found.identical.documents + found.equivalent.documents + found.different.documents == 30
    assert found.different.low == 4 / 30 == found.different.high


def test_what_is_asked_otherwise_now_is_told(run, monkeypatch):
    monkeypatch.setattr("glane.extraction.prepare.engine_version", lambda _: "another")
    assert glane.replay(run, rows=2).replay.asked_otherwise == ("engine version",)


@pytest.mark.parametrize(
    ("why_not", "wanted", "then", "is_on"),
    [("none", "auto", False, False), ("", "auto", False, True), ("", "off", False, False), ("", "off", True, True)],
)
def test_batch_invariance_is_asked_for_where_the_gpu_has_it_or_the_run_asked_so(
    run, monkeypatch, why_not, wanted, then, is_on
):
    """The engine is told by the setting of extractions, which `tests/test_batch_invariant.py` follows to vLLM."""
    given = glane.open_run(run)
    settings = given.settings.model_copy(
        update={"model": given.settings.model.model_copy(update={"batch_invariant": then})}
    )
    asked = []

    def here(settings):
        asked.append(settings.model.batch_invariant)
        raise RunError("far enough")

    monkeypatch.setattr(type(given), "settings", property(lambda _: settings))
    monkeypatch.setattr(api, "why_not_invariant", lambda _: why_not)
    monkeypatch.setattr(api, "extract_here", here)
    with pytest.raises(RunError, match="far enough"):
        glane.replay(given, rows=2, batch_invariant=wanted)
    assert asked == [is_on]


def test_the_command_says_counts_and_no_document(run):
    done = job_here(f"run.dir={run}", "rows=5", "batch_invariant=off", name="replay", as_told=True)
    assert "5 of 30 documents extracted again (seed 0)" in done.stdout
    assert "identical" in done.stdout
    assert "1.000 [0.533, 1.000]" in done.stdout
    assert "batch-invariant: no, it was switched off" in done.stdout
    assert "note" not in done.stdout.replace(str(run), "")
    assert SMALL_TASK["instructions"] not in done.stdout


@pytest.mark.ray
def test_a_replay_asks_as_a_run_does(tmp_path):
    data = write_documents(tmp_path / "documents.parquet", [f"note {number}" for number in range(8)])
    extract_here(make_settings(data, tmp_path / "run"))
    done = job(f"run.dir={tmp_path / 'run'}", "rows=4", name="replay")
    assert "4 of 8 documents extracted again" in done.stdout
    assert "1.000 [0.625, 1.000]" in done.stdout
