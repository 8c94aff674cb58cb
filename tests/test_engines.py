"""Kinds of engines: one place to register one, one file each for the inside of vLLM and of Ray, and what happens when
that inside is another."""

import fcntl
import json
import random
import re
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import yaml

from conftest import DEMO_MODEL, ROOT, make_settings, work, write_documents
from embed_runs import embed_told
from glane.cluster.layout import Node, plan_layout
from glane.engine import own_code, preload, registry, vllm_compat
from glane.engine.digest_cache import DigestCache
from glane.engine.protocol import EngineKind
from glane.engine.samples import sample_answer
from glane.engine.weights import model_digests, resolve_weights, weights_bytes
from glane.errors import ConfigError, EngineError
from glane.job import extract as extract_job
from glane.job.resolve import resolve
from glane.reading.parse import parse
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.task.form import answer_form
from glane.task.recall import recall_task
from glane.task.task import load_task
from glane.types import Completion, Status

LIB = ROOT / "lib" / "glane"


class Constant:
    """An engine that knows one answer, and nothing of tasks."""

    max_prompt_tokens = 10_000

    def __init__(self, *_, **__):
        self._waiting = []

    def encode(self, messages):
        return [ord(letter) for message in messages for letter in message["content"]]

    def count_tokens(self, text):
        return len(text)

    def add(self, request_id, prompt, *, form, **_):
        assert json.loads(form.schema)["required"] == ["fever"]
        self._waiting.append((request_id, len(prompt)))

    def step(self):
        waiting, self._waiting = self._waiting, []
        return [
            (name, Completion(text='{"fever":true}', finish_reason="stop", num_prompt_tokens=size, num_output_tokens=4))
            for name, size in waiting
        ]

    def close(self):
        self._waiting.clear()


@pytest.fixture
def constant(monkeypatch):
    kind = EngineKind(
        name="constant", start=Constant, version=lambda: "7.1", has_weights=False, needs_hardware=False,
    )  # fmt: skip
    monkeypatch.setitem(registry.KINDS, kind.name, kind)


def test_an_engine_that_makes_no_vectors_is_refused_before_anything_is_read(tmp_path, constant):
    with pytest.raises(ConfigError, match="'constant' makes no vectors. Valid: scripted, vllm"):
        embed_told(tmp_path, tmp_path / "run", model__engine="constant")


TASK = {"name": "t", "instructions": "x", "confidence": False, "fields": {"fever": {"type": "boolean"}}}


def test_an_engine_that_is_registered_in_one_place_runs_an_extraction(tmp_path, constant):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    settings = make_settings(data, tmp_path / "run", TASK, model__engine="constant")
    resolved, _ = resolve(settings)
    run, report = work(resolved)
    assert report.outcome == "done", report.message
    finish_run(run, record_mib=128)
    assert pl.read_parquet(run.directory.records / "*.parquet")["fever"].to_list() == [True] * 40
    described = yaml.safe_load((tmp_path / "run" / "run.yaml").read_text())
    assert described["fingerprint"]["engine"] == "constant 7.1"
    assert described["fingerprint"]["model"]["digests"] == {"weights": "constant"}


def test_what_a_kind_needs_decides_layout_and_weights(constant):
    model = make_settings(Path("d"), Path("r"), TASK, model__engine="constant", model__engines=3).model
    layout = plan_layout(model, [Node(node_id="n", host="h", cpus=2, gpus=4)])
    assert (layout.device, layout.gpus, layout.engines_per_node) == ("cpu", 0, 3)
    assert resolve_weights(model) == model
    assert weights_bytes(model) is None
    assert model_digests(model, lambda _: "unasked") == {"weights": "constant"}


def test_an_engine_that_is_not_there_is_refused_with_those_that_are(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["a"])
    with pytest.raises(ConfigError, match=r"no engine 'sglang'. Valid: scripted, vllm\."):
        resolve(make_settings(data, tmp_path / "run", TASK, model__engine="sglang"))


def test_no_other_place_asks_for_an_engine_by_name():
    asked = re.compile(r"""\.engine\s*([!=]=|in)\s*|[!=]=\s*["'](vllm|scripted)["']""")
    found = [str(path) for path in LIB.rglob("*.py") if asked.search(path.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    ("inside", "place"),
    [(r"\bvllm\.v1\b", "engine/vllm_compat.py"), (r"\bray\._private\b|ray\.dashboard", "cluster/ray_compat.py")],
)
def test_the_inside_of_a_library_is_named_in_one_file(inside, place):
    found = {str(path.relative_to(LIB)) for path in LIB.rglob("*.py") if re.search(inside, path.read_text())}
    assert found == {place}


TASKS = sorted((ROOT / "conf" / "task").glob("*.yaml"))


@pytest.mark.parametrize("path", TASKS, ids=lambda path: path.stem)
def test_sampled_answers_are_valid_whatever_is_asked(path):
    task = load_task(yaml.safe_load(path.read_text(encoding="utf-8")))
    for asked in [task, *([recall_task(task)] if task.list_fields else [])]:
        form, texts = answer_form(asked), set()
        for seed in range(200):
            text = sample_answer(form, random.Random(seed), quote="un mot")
            texts.add(text)
            completion = Completion(text=text, finish_reason="stop", num_prompt_tokens=1, num_output_tokens=1)
            judged = parse(completion, asked.fields, asked.spelling)
            assert judged.status is Status.OK, f"{judged.reason}: {text}"
        assert len(texts) > 20
        assert ("un mot" in "".join(texts)) == (form.quote_key is not None)


@pytest.mark.parametrize(
    "pattern", [r"^[A-Z]\d{2}(\.\d)?$", r"^(?:a|b)+[^a-c]\s\w*$", "^([01][0-9]|2[0-3]):[0-5][0-9]$", r"^.x?y{3,}$"]
)
def test_sampled_strings_match_their_pattern(pattern):
    form = answer_form(load_task(TASK))
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": pattern}}}
    for seed in range(50):
        drawn = sample_answer(
            type(form)(schema=json.dumps(schema), quote_key=None, quotes=None, wants_scores=False),
            random.Random(seed), quote="",
        )  # fmt: skip
        assert re.search(pattern, json.loads(drawn)["a"])


# Versions that were not tried.


@pytest.mark.parametrize(
    ("version", "shared", "words"),
    [
        ("0.32.1", "auto", None),
        ("0.33.0", "auto", "each answer gets a grammar of its own"),
        ("0.320.0", True, "uses them all the same"),
        ("0.33.0", False, None),
    ],
)
def test_a_version_of_vllm_that_was_not_tried_is_told_in_a_sentence(monkeypatch, version, shared, words):
    monkeypatch.setattr(own_code, "vllm_version", lambda: version)
    model = DEMO_MODEL.model_copy(update={"shared_grammars": shared})
    assert own_code.wants_shared_grammars(model) is (shared is True or version == "0.32.1")
    told = registry.engine_kind("vllm").warnings(model)
    *grammars, mass = told or [None]
    assert len(grammars) == (words is not None)
    if words:
        assert words in grammars[0]
        assert f"vLLM {version} was not tried with shared grammars (tried: 0.32.x)" in grammars[0]
    if version == "0.32.1":
        assert mass is None
    else:
        assert f"vLLM {version} was not tried with quote_mass (tried: 0.32.x): it is null" in mass
    without = registry.engine_kind("vllm").warnings(model.model_copy(update={"quote_mass": False}))
    assert without == grammars


def test_the_run_says_what_the_engine_warns_of(tmp_path, monkeypatch, constant):
    class Supervisor:
        def __init__(self, *_, spec, **__):
            self._spec = replace(spec, worker="w0")

        def run(self, **_):
            run_worker(self._spec)

    warning = replace(registry.KINDS["constant"], warnings=lambda model: [f"{model.name} is slow here"])
    monkeypatch.setitem(registry.KINDS, "constant", warning)
    monkeypatch.setattr(extract_job, "alive_nodes", lambda _: [Node(node_id="n", host="h", cpus=1, gpus=0)])
    monkeypatch.setattr("glane.job.durable.Supervisor", Supervisor)
    data = write_documents(tmp_path / "d.parquet", ["a"])
    extract_job.extract(make_settings(data, tmp_path / "run", TASK, model__engine="constant"), connect=nullcontext)
    assert "warning: scripted is slow here" in (tmp_path / "run" / "extract.log").read_text()


def test_what_vllm_no_longer_has_is_named_with_the_remedy(monkeypatch):
    monkeypatch.setitem(vllm_compat._MODULES, "GuidanceBackend", "json.moved_away")
    with pytest.raises(EngineError) as raised:
        vllm_compat.GuidanceBackend
    for words in ("json.moved_away.GuidanceBackend", "model.shared_grammars=false", "0.32.x"):
        assert words in str(raised.value)
    with pytest.raises(AttributeError):
        vllm_compat.nothing_of_vllm


def test_a_name_that_cannot_be_preloaded_does_not_end_the_rest(monkeypatch, capsys):
    monkeypatch.setattr(preload, "_IMPORTED", ("json", "vllm_of_tomorrow"))
    monkeypatch.setattr(vllm_compat, "PRELOADED", ("glane.moved_away", "this"))
    monkeypatch.setattr(preload, "set_environment", lambda: None)
    monkeypatch.delitem(sys.modules, "this", raising=False)
    preload.preload()
    told = capsys.readouterr().err
    assert "vllm_of_tomorrow" in told
    assert "glane.moved_away" in told
    assert "this" in sys.modules


@pytest.mark.engine
def test_without_a_private_name_shared_grammars_say_so_and_the_rest_works():
    """In a process of its own: what is imported already cannot go missing."""
    script = Path(__file__).with_name("engine_without_a_name.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    free, shared = (json.loads(line) for line in done.stdout.splitlines() if line.startswith("{"))
    assert free["answer"].startswith('{"age":')
    assert free["imported"] == []
    assert (free["says"], free["backend"]) == (False, "GuidanceBackend")
    assert "serialize_guidance_grammar" in shared["refusal"]
    assert "model.shared_grammars=false" in shared["refusal"]


# Ray.


def start(folder):
    from glane.cluster.ray_compat import start_node

    return start_node(address="127.0.0.1", folder=folder, cpus=1, gpus=0, head=None)


@pytest.mark.ray
def test_what_ray_no_longer_has_is_told_in_a_sentence(tmp_path, monkeypatch):
    from ray._private.node import Node

    from glane.cluster.local import local_ray
    from glane.settings import LocalSettings

    monkeypatch.delattr(Node, "start_api_server")
    told = r"glane cannot start Ray [\d.]+: its inside is not as expected .*start_api_server.*tried: 2\.60\.x"
    with pytest.raises(EngineError, match=told):
        start(tmp_path)
    with pytest.raises(EngineError, match="^glane cannot start Ray"), local_ray(LocalSettings(), tmp_path):
        pass
    monkeypatch.undo()
    monkeypatch.setitem(sys.modules, "ray._private.parameter", None)
    with pytest.raises(EngineError, match="glane cannot start Ray"):
        start(tmp_path)


@pytest.mark.ray
def test_a_version_of_ray_that_was_not_tried_is_warned_of(tmp_path, monkeypatch):
    import ray

    from glane.cluster import ray_compat

    monkeypatch.setattr(ray_compat, "_lean_node", lambda: lambda *_, **__: "started")
    monkeypatch.setattr(ray, "__version__", "2.600.1")
    with pytest.warns(RuntimeWarning, match=r"not tried with Ray 2.600.1 \(tried: 2.60.x\)"):
        assert start(tmp_path) == "started"


def test_the_weights_are_read_once_by_many_processes_and_in_parallel(tmp_path, monkeypatch):
    """Four jobs of an array start together: one reads the files, with several threads, and the others wait for it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    files = [tmp_path / f"{number}.safetensors" for number in range(6)]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]) * 100)
    script = f"""
import sys, time, threading
from pathlib import Path
from glane.engine.digest_cache import DigestCache
busy, most, lock = [0], [0], threading.Lock()
def digest(path):
    with lock:
        busy[0] += 1
        most[0] = max(most[0], busy[0])
    with open({str(tmp_path / "read")!r}, "a") as told:
        told.write(path + "\\n")
    time.sleep(0.5)
    with lock:
        busy[0] -= 1
    return "of " + Path(path).name
files = [Path(path) for path in {[str(file) for file in files]!r}]
cache = DigestCache(digest)
cache.learn(files)
print(cache.combined(files), most[0])
"""
    jobs = [subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) for _ in range(4)]
    told = [job.communicate(timeout=60)[0].split() for job in jobs]
    assert len({digest for digest, _ in told}) == 1
    assert sorted(most for _, most in told) == ["0", "0", "0", "6"]
    assert sorted((tmp_path / "read").read_text().splitlines()) == sorted(map(str, files))


def test_a_cache_that_cannot_be_written_or_locked_costs_time_only(tmp_path, monkeypatch):
    file = tmp_path / "a.safetensors"
    file.write_bytes(b"a")
    (tmp_path / "cache").write_text("a file, where a folder is wanted")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = []
    for _ in range(2):
        cache = DigestCache(lambda path: asked.append(path) or "x")
        cache.learn([file])
        cache.combined([file])
    assert asked == [str(file)] * 2
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "other"))
    (tmp_path / "other" / "glane").mkdir(parents=True)
    with open(tmp_path / "other" / "glane" / "digests.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)  # by a process that does not end
        cache = DigestCache(lambda path: asked.append(path) or "x", wait_s=0.3)
        cache.learn([file])
    assert len(asked) == 3
    (tmp_path / "other" / "glane" / "digests.json").write_text("[]")
    assert DigestCache(lambda _: "y").combined([]) == cache.combined([])
