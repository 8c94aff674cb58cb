"""The counts of forced and of cached tokens from an engine's answers to `summary.json`, and a model with random weights as a toy."""

from __future__ import annotations

import json
from dataclasses import replace

import polars as pl
import pytest

from conftest import ROOT, extract_here, make_settings, read_yaml, write_documents
from glane.engine.registry import toy_of
from glane.engine.safetensors import check_safetensors
from glane.engine.scripted import ScriptedEngine
from glane.engine.weights import resolve_weights
from glane.errors import ConfigError
from glane.extraction.counts import Counts
from glane.extraction.summary import _told
from glane.job.toys import refuse_toy
from glane.run.heartbeat import Heartbeat, Progress
from glane.run.publish import _tokens
from glane.run.summary import Tokens
from glane.settings import ModelSettings
from glane.task.task import load_task
from glane.types import Completion, Toy
from glane_tools import random_model


def answer(output, forced, cached=None):
    return Completion(
        text="", finish_reason="stop", num_prompt_tokens=9, num_output_tokens=output, num_forced_tokens=forced,
        num_cached_tokens=cached,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("so_far", "output", "forced", "then"),
    [(0, 9, 4, 4), (3, 9, 0, 3), (3, 9, None, None), (None, 9, 4, None), (3, 0, None, 3)],
)
def test_an_answer_that_does_not_tell_leaves_the_count_unknown(so_far, output, forced, then):
    counts = Counts(forced_tokens=so_far)
    counts.answered(answer(output, forced))
    assert counts.forced_tokens == then


def test_one_answer_that_does_not_tell_what_was_cached_leaves_it_unknown():
    counts = Counts()
    for cached, then in ((0, 0), (8, 8), (None, None), (8, None)):
        counts.answered(answer(1, 0, cached))
        assert counts.progress(in_window=0, window_size=1, steps=0).cached_tokens == then


def beat(**progress):
    return Heartbeat(
        worker="w", host="h", identity="i", pid=1, process_start=None, started=0.0, time=1.0,
        progress=Progress(**progress),
    )  # fmt: skip


def test_counts_of_workers_are_added_and_one_that_does_not_tell_leaves_them_out():
    one, other = beat(prompt_tokens=5, output_tokens=10, forced_tokens=4), beat(output_tokens=20, forced_tokens=8)
    assert _tokens([one, other, beat()]) == Tokens(prompt=5, output=30, forced=12)
    assert _tokens([one, beat(output_tokens=20)]).forced is None
    assert _tokens([]).forced is None


def test_what_was_cached_is_added_over_workers_that_read_prompts():
    one, other = beat(prompt_tokens=5, cached_tokens=4), beat(prompt_tokens=7, cached_tokens=0)
    assert _tokens([one, other, beat()]).cached == 4
    assert _tokens([one, beat(prompt_tokens=7)]).cached is None


def test_what_was_asked_again_is_not_told_as_if_it_were_in_the_records():
    asked = Tokens(prompt=9, cached=5, output=30, forced=12)
    assert _told(asked, prompt=9, output=30) == asked
    assert _told(asked, prompt=9, output=20) == Tokens(prompt=9, cached=5, output=20)
    assert _told(asked, prompt=8, output=30) == Tokens(prompt=8, output=30, forced=12)
    assert set(Tokens(output=30).model_dump()) == {"prompt", "output"}


@pytest.mark.parametrize("forced", [None, 2])
def test_the_summary_of_a_run_tells_it_where_the_engine_does(tmp_path, monkeypatch, forced):
    step = ScriptedEngine.step

    def told(engine):
        return [(name, _with(one, forced)) for name, one in step(engine)]

    monkeypatch.setattr(ScriptedEngine, "step", told)
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "a"])
    records = extract_here(make_settings(data, tmp_path / "run"))
    tokens = json.loads((tmp_path / "run" / "summary.json").read_text())["tokens"]
    assert tokens["output"] == records.filter(~pl.col("duplicate"))["output_tokens"].sum()
    assert tokens.get("forced") == (None if forced is None else 2 * forced)  # the repeated text was asked once


def _with(one, forced):
    return replace(one, num_forced_tokens=forced)


# A model with random weights.

SMALL = {"hidden_size": 32, "intermediate_size": 112, "num_hidden_layers": 1, "head_dim": 8, "vocab_size": 1024}


def test_a_random_model_is_whole_comes_again_and_is_a_toy_for_no_task(tmp_path):
    for name, seed in (("one", 0), ("again", 0), ("other", 1)):
        (tmp_path / name).mkdir()
        random_model.write_model(tmp_path / name, seed=seed, **SMALL)
    one, again, other = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("one", "again", "other"))
    assert one == again != other
    check_safetensors(tmp_path / "one" / "model.safetensors")
    assert not random_model.is_made(tmp_path / "one")  # of another shape

    values = read_yaml(ROOT / "conf" / "model" / "random_tekken.yaml")
    assert values["toy_for"] == []
    values = {key: value for key, value in values.items() if key not in ("defaults", "toy_for")}
    model = resolve_weights(ModelSettings.model_validate({**values, "path": str(tmp_path / "one")}))
    assert model.toy_for == ()  # as its own folder says, whatever it is called
    assert toy_of(model) is Toy.RANDOM
    task = read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml")
    data = write_documents(tmp_path / "d.parquet", ["a"])
    settings = make_settings(data, tmp_path / "run", task, model=model.model_dump(), run__allow_toy=False)
    with pytest.raises(ConfigError, match=r"toy that learned no task.*run\.allow_toy=true"):
        refuse_toy(settings, load_task(task))


def test_its_proportions_are_those_of_ministral():
    config = random_model.CONFIG
    ministral = {"hidden_size": 4096, "intermediate_size": 14336, "num_attention_heads": 32, "num_key_value_heads": 8}
    for name in ("intermediate_size", "num_attention_heads"):
        below = {"intermediate_size": "hidden_size", "num_attention_heads": "num_key_value_heads"}[name]
        assert config[name] / config[below] == ministral[name] / ministral[below]
    tekken = json.loads(random_model.vocabulary().read_text())
    assert config["vocab_size"] == tekken["config"]["default_vocab_size"]
    numbers = sum(rows * columns for rows, columns in random_model.shapes(config).values())
    assert 2 * numbers < 200e6  # bytes
