"""The harness of the benchmark: that it compares like with like and counts right. Timings themselves are not asserted."""

import json
import os
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT, extract_here, job, make_settings, read_yaml, work, write_documents
from glane.added_key import add_key
from glane.engine.chat_tokenizer import ChatTokenizer
from glane.engine.scripted import ScriptedEngine
from glane.errors import ConfigError
from glane.extraction.worker import Worker
from glane.keys import KEY_FILE, KeysError
from glane.parquet import is_encrypted, open_parquet, write_parquet
from glane.run.audit_chain import SETTING as AUDIT
from glane.settings import ModelSettings
from glane.task.prompt import messages
from glane.task.task import load_task
from glane.validation import validated
from glane_tools.benchmark import encrypted
from glane_tools.benchmark import measure as measuring
from glane_tools.benchmark.answers import read_answers
from glane_tools.benchmark.benchmark import plain_work
from glane_tools.benchmark.contenders import COMPARISONS, CONTENDERS, Comparison, schedule
from glane_tools.benchmark.measure import Bench, measure
from glane_tools.benchmark.processor import Processor
from glane_tools.benchmark.protections import environment as protected
from glane_tools.benchmark.protections import readable
from glane_tools.benchmark.ratios import (
    WITHIN_NOISE,
    all_ratios,
    judge,
    middle_rows_per_s,
    pair_ratios,
    steady_rows_per_s,
)
from glane_tools.benchmark.records import write_records
from glane_tools.benchmark.report import markdown, outputs, picture, summary
from glane_tools.benchmark.work import distinct, give, prompt_digest, record

MODEL = {
    "name": "demo",
    "path": str(ROOT / "lib/glane/demo/model"),
    "prompt_style": "bare",
    "max_model_len": 2048,
    "max_tokens": 384,
}


def ed_visit():
    return read_yaml(ROOT / "conf/task/ed_visit.yaml")


def the_work(tmp_path, **model):
    settings = validated(ModelSettings, {**MODEL, **model}, place="model")
    return plain_work(ed_visit(), settings, documents=tmp_path / "documents.parquet")


# Ratios.


def test_the_steady_rate_is_that_of_all_work_from_the_first_request_on():
    rows = [(20.0, 5), (21.0, 10), (30.0, 5)]  # ten seconds of work before the first answer count
    assert steady_rows_per_s(rows, 10.0) == pytest.approx(1.0)
    assert steady_rows_per_s([], 10.0) is None
    assert steady_rows_per_s([(10.0, 5)], 10.0) is None


def test_the_rate_of_the_middle_leaves_out_both_ends():
    slow_ends = (
        [(float(t), 1) for t in range(10)]
        + [(9 + k / 10, 1) for k in range(1, 81)]
        + [(18.0 + t, 1) for t in range(10)]
    )
    assert middle_rows_per_s(slow_ends, 100) == pytest.approx(10.0)
    blocks = [
        (0.0, 20),
        (2.0, 20),
        (4.0, 20),
        (6.0, 20),
        (60.0, 20),
    ]  # a late last block is the tail's, not the middle's
    assert middle_rows_per_s(blocks, 100) == pytest.approx(10.0)
    assert middle_rows_per_s([(5.0, 100)], 100) is None  # all at once: there is no middle
    assert middle_rows_per_s([], 0) is None


def test_pairs_are_neighbours_and_a_run_between_two_makes_two_pairs():
    one = Comparison(name="x", ours="a", theirs="b", kind="framework")
    assert pair_ratios(["b", "a", "b"], [10.0, 20.0, 40.0], one) == [2.0, 0.5]
    assert pair_ratios(["a", "c", "b"], [10.0, 1.0, 20.0], one) == []
    far = Comparison(name="x", ours="a", theirs="b", kind="levers", reach=3)
    assert pair_ratios(["a", "c", "c", "b", "a"], [10.0, 1.0, 1.0, 20.0, 60.0], far) == [0.5, 3.0]
    assert pair_ratios(["a", "b"], [10.0, None], one) == []


@pytest.mark.parametrize(
    ("ratios", "more_is", "verdict"),
    [
        ([1.1, 0.95, 1.02], "better", WITHIN_NOISE),  # pairs disagree
        ([1.01, 1.30, 1.02], "better", WITHIN_NOISE),  # they agree, but scatter more than they differ from 1
        ([1.30, 1.33, 1.28], "better", "better"),
        ([1.30, 1.33, 1.28], "worse", "worse"),
        ([0.70, 0.72, 0.71], "worse", "better"),
        ([0.70, 0.72, 0.71], "better", "worse"),
        ([2.0], "better", "one pair: noise unknown"),
    ],
)
def test_a_difference_counts_only_beyond_the_noise(ratios, more_is, verdict):
    found = judge(ratios, more_is=more_is)
    assert found.verdict == verdict
    assert (found.low, found.high, found.pairs) == (min(ratios), max(ratios), len(ratios))


def test_the_order_goes_there_and_back_and_gives_the_pairs_it_promises():
    order = schedule(tuple(CONTENDERS), pairs=5, visits=1)
    values = [1.0] * len(order)
    ratios = all_ratios(order, {"steady": values, "total": values}, COMPARISONS)
    for level in ("off", "on"):
        assert ratios[f"steady_vs_bare_{level}"]["pairs"] == 5
        assert ratios[f"total_vs_ray_data_llm_{level}"]["pairs"] == 2
    assert set(order) == set(CONTENDERS)
    assert all(a != b for a, b in pairwise(order))
    places = [i for i, name in enumerate(order) if name in ("glane_off", "bare_off")]
    firsts = [
        order[i] for i in places if order[i - 1 : i + 1] in (["glane_off", "bare_off"], ["bare_off", "glane_off"])
    ]
    assert {"glane_off", "bare_off"} <= set(firsts)  # each comes second now and then
    assert schedule(("bare_on", "glane_on"), pairs=2, visits=1) == ["bare_on", "glane_on", "bare_on"]
    assert schedule(("glane_off",), pairs=1, visits=1) == ["glane_off"]


def test_without_the_four_those_chosen_run_there_and_back():
    assert schedule(("glane_default", "glane_asked"), pairs=3, visits=1) == [
        "glane_default", "glane_asked", "glane_default", "glane_asked",
    ]  # fmt: skip


def test_what_protects_documents_is_run_between_two_runs_without_it():
    chosen = ("glane_open", "glane_guarded", "glane_protected")
    order = schedule(chosen, pairs=1, visits=2)
    assert order == ["glane_open", *("glane_guarded", "glane_open", "glane_protected", "glane_open") * 2]
    known = {"steady": [100.0 if name == "glane_open" else 97.0 for name in order], "total": [1.0] * len(order)}
    known |= {"start": [2.0] * len(order), "processor": [4.0] * len(order)}
    ratios = all_ratios(order, known, COMPARISONS)
    assert (ratios["steady_guard_cost"]["median"], ratios["steady_guard_cost"]["pairs"]) == (0.97, 4)
    assert {"start_protection_cost", "processor_protection_cost"} <= set(ratios)
    line = next(line for line in markdown(summary([], ratios, unable={}, about={"documents": 1})).splitlines()
                if "steady_protection_cost" in line)  # fmt: skip
    assert line == "| `steady_protection_cost` | 0.970 | 0.970 to 0.970 | 4 | worse |"
    assert schedule(("glane_on", *chosen), pairs=1, visits=1)[:2] == ["glane_on", "glane_open"]
    assert schedule(("glane_open",), pairs=1, visits=1) == ["glane_open"]


def test_protections_are_switched_and_nothing_else_differs(tmp_path, monkeypatch):
    """What the user's own environment says of them holds for none of these runs."""
    monkeypatch.setenv(KEY_FILE, str(add_key(tmp_path / "own.yaml", "own").path))
    monkeypatch.setenv(AUDIT, str(tmp_path))
    bench, told = Bench(work=the_work(tmp_path), extract=(), folder=tmp_path, timeout_s=1.0), {}
    for name in ("glane_open", "glane_guarded", "glane_encrypted", "glane_audited", "glane_protected"):
        (tmp_path / name).mkdir()
        command, environment, _ = measuring._command(bench, CONTENDERS[name], tmp_path / name)
        keys, log = environment.get(KEY_FILE), environment.get(AUDIT)
        told[name] = [
            "run.guard=auto" in command, keys == f"{tmp_path / name}/keys.yaml", log == f"{tmp_path / name}/audit",
        ]  # fmt: skip
        assert ("run.guard=off" in command) is not told[name][0]
        assert keys is None or told[name][1]
        assert log is None or (told[name][2] and Path(log).is_dir())
        assert [word for word in command if not word.startswith(("run.guard=", "run.dir="))] == [
            *command[:2], "run.energy=none", command[-3], command[-1],
        ]  # fmt: skip
    assert list(told.values()) == [[False] * 3, *([k == n for k in range(3)] for n in range(3)), [True] * 3]


def test_an_encrypted_run_is_read_with_its_own_key_and_the_users_is_told_again(tmp_path, monkeypatch):
    own = str(add_key(tmp_path / "own.yaml", "own").path)
    monkeypatch.setenv(KEY_FILE, own)
    environment = protected({"encryption"}, tmp_path, {})
    monkeypatch.setenv(KEY_FILE, environment[KEY_FILE])
    table = pl.DataFrame({"id": ["d0"], "age": [3], "status": ["OK"], "prompt_tokens": [4], "output_tokens": [9]})
    write_parquet(table.to_arrow(), tmp_path / "part-0.parquet")
    monkeypatch.setenv(KEY_FILE, own)
    files = str(tmp_path / "part-*.parquet")
    with pytest.raises(KeysError):
        read_answers(files, id_column="id", fields=["age"])
    with readable(tmp_path):
        assert read_answers(files, id_column="id", fields=["age"]).num_valid == 1
    assert os.environ[KEY_FILE] == own


def test_what_encryption_adds_is_measured_on_files_that_are_encrypted_in_turn(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_FILE, "")
    add_key(tmp_path / "keys.yaml", "benchmark")
    seen = []
    monkeypatch.setattr(
        encrypted,
        "read_parquet_frame",
        lambda path: seen.append((path.name, is_encrypted(path), open_parquet(path).metadata.num_rows)),
    )
    found = encrypted.added(pl.DataFrame({"a": range(7)}).to_arrow(), 5, tmp_path, times=4)
    assert seen[:2] == [("True.parquet", True, 5), ("False.parquet", False, 5)]
    assert [one[1] for one in seen] == [True, False, False, True, True, False, False, True]
    assert found.rows == 5
    assert min(*found.write, *found.read) > 0
    one = encrypted.Added(rows=200, write=(0.05, 0.062), read=(0.02, 0.06))
    assert one.most_rows_per_s == pytest.approx(2500)
    assert encrypted.lines([one])[-1] == "| 200 | 0.0500 | 0.0620 | 0.0200 | 0.0600 | 2,500 |"


def test_the_scripted_engine_is_measured_where_nobody_else_is_asked(tmp_path):
    scripted = validated(ModelSettings, {**MODEL, "engine": "scripted", "path": "none"}, place="model")
    assert plain_work(ed_visit(), scripted, documents=tmp_path, has_others=False).device in ("cpu", "gpu")
    with pytest.raises(ConfigError, match="scripted"):
        plain_work(ed_visit(), scripted, documents=tmp_path)


_WORKS = """
import subprocess, sys, time
if len(sys.argv) == 1:  # its child outlives it
    subprocess.Popen([sys.executable, __file__, "glane.guard.hold"])
end = time.process_time() + 2
while time.process_time() < end: pass
"""


def test_processor_time_of_children_counts_also_after_their_parents_have_ended(tmp_path):
    (tmp_path / "works.py").write_text(_WORKS)
    begun = time.time()
    with Processor() as processor:
        subprocess.run([sys.executable, str(tmp_path / "works.py")], check=True)
        deadline = time.monotonic() + 30
        while (processor.guard_s() or 0) < 0.3 and time.monotonic() < deadline:
            time.sleep(0.05)
    assert processor.guard_s() >= 0.3
    assert processor.used_s() >= processor.guard_s()
    middle = processor.between_s(begun + 0.5, time.time())
    assert middle is not None
    assert 0 < middle[1] <= middle[0]
    assert processor.between_s(begun - 9, begun - 8) is None


def test_steps_are_compared_where_both_tell_them():
    order = ["glane_default", "glane_asked", "glane_default"]
    known = {"steady": [2.0, 1.0, 2.0], "total": [5.0, 10.0, 5.0], "steps": [60, 100, 61]}
    ratios = all_ratios(order, known, COMPARISONS)
    assert [ratios[f"{what}_forced_vs_off"]["median"] for what in ("steady", "total", "steps")] == [2.0, 0.5, 0.605]
    assert {ratios[f"{what}_forced_vs_off"]["verdict"] for what in ("steady", "total", "steps")} == {"better"}
    untold = all_ratios(order, {**known, "steps": [None, 100, None]}, COMPARISONS)
    assert "steps_forced_vs_off" not in untold
    assert untold["total_forced_vs_off"]["pairs"] == 2


def test_drafted_and_not_differ_in_nothing_else_and_are_compared():
    drafted, default = CONTENDERS["glane_drafted"], CONTENDERS["glane_default"]
    assert (*default.overrides, "++model.quote_drafts=true") == drafted.overrides
    assert (drafted.is_plain, drafted.ask_once, drafted.kind) == (default.is_plain, default.ask_once, default.kind)
    order = schedule(("glane_default", "glane_drafted"), pairs=2, visits=1)
    ratios = all_ratios(order, {"steady": [2.0, 1.0, 2.0], "total": [5.0, 10.0, 5.0]}, COMPARISONS)
    assert [ratios[f"{what}_drafted_vs_off"]["median"] for what in ("steady", "total")] == [0.5, 2.0]


def test_forced_and_asked_differ_in_nothing_else():
    forced, asked = CONTENDERS["glane_default"], CONTENDERS["glane_asked"]
    assert (*forced.overrides, "++model.forced_tokens=false") == asked.overrides
    assert (forced.is_plain, forced.ask_once, forced.kind) == (asked.is_plain, asked.ask_once, asked.kind)


def test_framework_and_levers_are_never_mixed():
    for comparison in COMPARISONS:
        ours, theirs = CONTENDERS[comparison.ours], CONTENDERS[comparison.theirs]
        shares = "++model.shared_grammars=false" not in ours.overrides
        if comparison.kind in ("framework", "both"):
            assert shares == (comparison.kind == "both")  # what no baseline can take
            assert ours.kind == "glane" != theirs.kind
            assert ours.ask_once == theirs.ask_once
            assert ours.is_plain
            assert theirs.is_plain
            if theirs.kind == "bare":  # the others have one layout only
                assert ours.in_process == theirs.in_process
        else:
            assert ours.kind.startswith("bare") == theirs.kind.startswith("bare")


# The same work.


def test_the_plain_work_is_what_glane_asks(tmp_path):
    plain = the_work(tmp_path)
    task = load_task({**ed_visit(), "confidence": False, "quotes": "free", "repairs": 0})
    assert json.loads(task.answer_schema) == plain.schema
    assert messages(task, {"text": "Pte de 67 ans"}, style="bare") == plain.messages("Pte de 67 ans")
    full = the_work(tmp_path, prompt_style="full", max_model_len=8192)
    assert messages(task, {"text": "Pte de 67 ans"}, style="full") == full.messages("Pte de 67 ans")
    assert (plain.engine["max_model_len"], plain.max_tokens, plain.temperature) == (2048, 384, 0.0)
    with pytest.raises(ConfigError, match="scripted"):
        the_work(tmp_path, engine="scripted")
    with pytest.raises(ConfigError, match=r"task.split=null"):
        plain_work({**ed_visit(), "split": {}}, validated(ModelSettings, MODEL, place="model"), documents=tmp_path)


def test_repeats_are_asked_once_and_everybody_gets_the_answer():
    assert distinct(["a", "b", "a"], ask_once=False) == (["a", "b", "a"], [[0], [1], [2]])
    texts, wanting = distinct(["a", "b", "a"], ask_once=True)
    assert (texts, wanting) == (["a", "b"], [[0, 2], [1]])
    rows = [{}] * 3
    give(rows, wanting[0], record('{"x":1}', finish_reason="stop", prompt_tokens=5, output_tokens=7))
    assert [row.get("answer") for row in rows] == [{"x": 1}, None, {"x": 1}]
    assert [row.get("output_tokens") for row in rows] == [7, None, 0]


def test_a_switch_makes_glane_ask_what_repeats(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a", "b", "a", "a"])
    once = extract_here(make_settings(data, tmp_path / "once"))
    each = extract_here(make_settings(data, tmp_path / "each", model__ask_duplicates=True))
    assert once["duplicate"].to_list() == [False, False, True, True]
    assert once.equals(each)
    asked = [json.loads((tmp_path / name / "summary.json").read_text()) for name in ("once", "each")]
    assert [one["flow"]["asked"] for one in asked] == [2, 4]
    assert asked[1]["tokens"]["output"] == each["output_tokens"].sum() > asked[0]["tokens"]["output"]


def test_answers_are_compared_as_values_whoever_wrote_them(tmp_path):
    """The plain script's Parquet and glane's typed one say the same, to the digest; a changed value does not."""
    fields = ["age", "temperature", "fever", "onset", "tags"]
    answers = [
        {"age": {"value": 3, "quote": "3 ans"}, "temperature": 38, "fever": True, "onset": "2024-05-06", "tags": [{"value": "hta", "quote": "HTA"}]},
        {"age": {"missing": "denied", "quote": "-"}, "temperature": 37.5, "fever": None, "onset": None, "tags": {"missing": "not_stated"}},
    ]  # fmt: skip
    rows = [record(json.dumps(one), finish_reason="stop", prompt_tokens=4, output_tokens=9) for one in answers]
    write_records(str(tmp_path / "plain.parquet"), ["d0", "d1"], rows, "id", fields)
    typed = pl.DataFrame(
        {
            "id": ["d1", "d0"],
            "age": [None, 3], "age__missing": ["denied", None], "temperature": [37.5, 38.0], "fever": [None, True],
            "onset": [None, "2024-05-06"], "tags": [None, ["hta"]], "tags__missing": ["not_stated", None],
            "status": ["OK", "OK"], "prompt_tokens": [4, 4], "output_tokens": [9, 9],
        }
    ).with_columns(pl.col("onset").str.to_date(), pl.col("age__missing", "status").cast(pl.Categorical))  # fmt: skip
    typed.write_parquet(tmp_path / "typed.parquet")
    typed.with_columns(temperature=pl.Series([37.5, 38.1])).write_parquet(tmp_path / "other.parquet")
    plain, same, other = (
        read_answers(str(tmp_path / f"{name}.parquet"), id_column="id", fields=fields)
        for name in ("plain", "typed", "other")
    )
    assert plain.digest == same.digest != other.digest
    assert (plain.num_different(same), plain.num_different(other)) == (0, 1)
    assert plain.asks_like(same)
    assert (plain.num_valid, plain.output_tokens) == (2, 18)


# One run.


def bench(tmp_path, monkeypatch, script, timeout_s=20.0):
    """A contender that is this script."""
    monkeypatch.setitem(measuring._MODULES, "bare", "contender_of_a_test")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{ROOT / 'lib'}")
    (tmp_path / "contender_of_a_test.py").write_text(script)
    (tmp_path / "out").mkdir()
    return Bench(work=the_work(tmp_path), extract=(), folder=tmp_path / "out", timeout_s=timeout_s)


HONEST = """
import sys, time
from glane_tools.benchmark.work import Clock, read_work, record
from glane_tools.benchmark.records import write_records
work, clock = read_work(sys.argv[1]), Clock()
clock.mark("first_request")
for _ in range(20):
    time.sleep(0.01)
    clock.rows(1)
row = record('{"age":{"value":1,"quote":"a"}}', finish_reason="stop", prompt_tokens=3, output_tokens=2)
write_records(work.records, [f"d{i}" for i in range(20)], [row] * 20, "id", ["age"])
clock.write(work.times)
"""


def test_a_run_is_measured_from_the_command_to_its_end(tmp_path, monkeypatch):
    began = time.time()
    run = measure(bench(tmp_path, monkeypatch, HONEST), CONTENDERS["bare_off"], number=1)
    assert not run.failure, run.failure
    assert run.num_rows == 20 == run.answers.num_valid
    assert 0 < run.start_s < run.first_row_s < run.total_s <= time.time() - began
    assert 5 < run.steady_rows_per_s <= 100
    assert 5 < run.middle_rows_per_s <= 100


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("raise ValueError('no such layout')", "exit code 1: ValueError: no such layout"),
        ("import time; time.sleep(60)", "not done after 2 s"),
        ("pass", "ended as if all were well, and left no readable result (FileNotFoundError)"),
    ],
)
@pytest.mark.slow
def test_who_cannot_run_is_said_with_the_reason(tmp_path, monkeypatch, script, why):
    run = measure(bench(tmp_path, monkeypatch, script, timeout_s=2.0), CONTENDERS["bare_off"], number=1)
    assert run.failure == why
    found = summary([], {}, unable={"bare_off": run.failure}, about={"documents": 1})
    assert f"Not run: bare vLLM, as documented ({why})" in markdown(found)


@pytest.mark.slow
def test_what_a_contender_started_ends_with_it(tmp_path, monkeypatch):
    pid = tmp_path / "pid"
    script = (
        "import pathlib, subprocess, sys\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"pathlib.Path({str(pid)!r}).write_text(str(child.pid))\n"
    )
    measure(bench(tmp_path, monkeypatch, script), CONTENDERS["bare_off"], number=1)
    stat = Path(f"/proc/{pid.read_text()}/stat")
    deadline = time.monotonic() + 10
    while stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z":  # dead, and waiting to be read off
        assert time.monotonic() < deadline, "what the contender started lives on"
        time.sleep(0.1)


# No barrier.


@pytest.mark.slow
def test_the_window_stays_full_until_the_tail(tmp_path, monkeypatch):
    """Answers of unequal length, shards of 16, a window of 40: what ends is replaced, whatever shard it is of."""
    add, refill = ScriptedEngine.add, Worker._refill
    samples = []

    def uneven(engine, request_id, *arguments, **options):
        add(engine, request_id, *arguments, **options)
        question, _ = engine._waiting[request_id]
        engine._waiting[request_id] = (question, 1 + int(request_id) * 7919 % 12)

    def sampled(worker, is_fed):
        fed = refill(worker, is_fed)
        samples.append((len(worker._in_engine) / worker._window_size, fed))
        return fed

    monkeypatch.setattr(ScriptedEngine, "add", uneven)
    monkeypatch.setattr(Worker, "_refill", sampled)
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(800)])
    settings = make_settings(
        data, tmp_path / "run", model__max_num_seqs=32, model__script={"seconds_per_step": 0.02},
    )  # fmt: skip
    _, report = work(settings)
    assert report.outcome == "done"
    full = [occupancy for occupancy, fed in samples if fed]
    begun = full.index(1.0)  # before that, the first shards are being read
    assert len(full) - begun >= 50
    assert sum(full[begun:]) / len(full[begun:]) > 0.9


# What is written.


def test_the_files_say_what_was_measured(tmp_path):
    def run(name, steady, total):
        return measuring.Run(
            contender=name,
            total_s=total,
            start_s=1.0,
            first_row_s=2.0,
            rows_per_s=1.0,
            steady_rows_per_s=steady,
            num_rows=9,
        )

    runs = [run("glane_off", 30.0, 10.0), run("bare_off", 20.0, 20.0), run("glane_off", 32.0, 10.0)]
    order = [one.contender for one in runs]
    measured = {"steady": [one.steady_rows_per_s for one in runs], "total": [one.total_s for one in runs]}
    found = summary(runs, all_ratios(order, measured, COMPARISONS), unable={}, about={"documents": 9})
    ratio = found["ratios"]["steady_vs_bare_off"]
    assert (ratio["median"], ratio["low"], ratio["high"], ratio["pairs"]) == (1.55, 1.5, 1.6, 2)
    assert found["ratios"]["total_vs_bare_off"]["median"] == 0.5
    assert found["contenders"]["glane_off"]["steady_rows_per_s"] == 31.0
    assert "| `steady_vs_bare_off` | 1.55 | 1.50 to 1.60 | 2 | better |" in markdown(found)
    assert picture(found["ratios"]).startswith(b"<?xml")
    json.dumps(found, allow_nan=False)


def test_different_answers_are_counted_and_explained():
    def run(name, *rows):
        answers = measuring.Answers(rows=rows, prompt_tokens={1: 5}, num_valid=2, output_tokens=3)
        return measuring.Run(contender=name, total_s=1.0, answers=answers)

    found = outputs([run("glane_off", b"a", b"b"), run("bare_off", b"a", b"c"), run("glane_default", b"x", b"y")])
    assert found["different_rows"] == {"glane_off": 0, "bare_off": 1}  # the default asks another question
    assert not found["equal"]
    assert "rounding" in found["why"]
    assert outputs([run("glane_off", b"a"), run("bare_off", b"a")])["equal"]


# A real one, small.


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.slow
def test_bare_vllm_and_glane_do_the_same_work(tmp_path):
    done = job(
        f"out.dir={tmp_path}/out", "documents=60", "pairs=1", "contenders=[glane_on,bare_on]", "keep=true",
        name="benchmark", timeout=500,
    )  # fmt: skip
    found = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert found["unable"] == {}
    assert {"steady_vs_bare_on", "total_vs_bare_on"} <= set(found["ratios"])
    for run in found["runs"]:
        assert run["rows"] == run["valid_rows"] == 60
    assert found["outputs"]["prompts_equal"]
    assert found["outputs"]["equal"], found["outputs"]
    assert found["runs"][0]["answers"] == found["runs"][1]["answers"]
    assert found["runs"][0]["output_tokens"] == found["runs"][1]["output_tokens"]  # repeats were asked once by both
    assert "vLLM, levers on" in done.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"benchmark.json", "benchmark.md", "benchmark.svg"}

    # Token by token, bare vLLM was asked what glane's own tokenizer makes of the same documents.
    (folder,) = (tmp_path / "out").glob("work-*")
    (times,) = folder.glob("*-bare_on/times.json")
    texts, _ = distinct(pl.read_parquet(folder / "corpus" / "documents.parquet")["text"].to_list(), ask_once=True)
    tokenizer = ChatTokenizer(validated(ModelSettings, MODEL, place="model"))
    task = load_task(ed_visit())
    mine = [prompt_digest(tokenizer.encode(messages(task, {"text": text}, style="bare"))) for text in texts]
    assert json.loads(times.read_text())["prompts"] == mine
