"""Files of tasks, models and clusters are data: read as they were meant, and nothing in them runs."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, job, job_here, write_documents
from glane.composition import composed, read_mapping
from glane.composition.files import _CALLS, as_yaml
from glane.composition.words import quoted
from glane.errors import ConfigError
from glane.languages import in_language
from glane.settings import DataSettings, ModelSettings, aggregate_settings
from glane.settings.engine_args import complaint
from glane.settings.engine_fields import ALLOWED, INSTEAD, REFUSED
from glane.settings.vllm_names import ATTENTION_BACKENDS, CACHE_DTYPES
from glane.settings.words import _OF_A_TASK, key_types
from glane.task.task import _Definition
from glane.validation import validated

TASK = "name: own\nlanguage: fr\ninstructions: Résume.\nfields:\n  a: {type: string}\n"
Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file of a folder of configuration."""

    def written(content: str | bytes, name: str = "task/own.yaml") -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return written


def shown(folder: Path, *words: str) -> dict[str, Any]:
    arguments = ["--config-dir", str(folder), "data.path=x", "run.dir=y", *words, "--cfg", "job", "--resolve"]
    values: dict[str, Any] = yaml.safe_load(job_here(*arguments).stdout)
    return values


def refused(folder: Path, *words: str) -> str:
    done = job_here("--config-dir", str(folder), "data.path=x", "run.dir=y", "model=scripted", *words, check=2)
    assert done.stderr.startswith("error: ")
    assert not any(word in done.stderr for word in ("Traceback", "Exception", "Error:", "NoViable", "mismatched"))
    return done.stderr


@pytest.mark.parametrize(
    "content",
    [
        TASK.encode(),
        b"\xef\xbb\xbf" + TASK.encode(),
        TASK.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + TASK.replace("\n", "\r\n").encode(),
    ],
)
def test_a_file_of_any_editor_that_saves_utf8_is_read(content: bytes, write: Write, tmp_path: Path) -> None:
    write(content)
    assert shown(tmp_path, "task=own")["task"]["instructions"] == "Résume."


@pytest.mark.parametrize(
    ("encoding", "line"),
    [("cp1252", 3), ("latin-1", 3), ("utf-16", 1), ("utf-16-le", 1), ("utf-16-be", 1), ("utf-32", 1)],
)
@pytest.mark.parametrize(("name", "choice"), [("task/own.yaml", "task=own"), ("cluster/own.yaml", "cluster=own")])
def test_a_file_of_another_encoding_is_named(
    encoding: str, line: int, name: str, choice: str, write: Write, tmp_path: Path
) -> None:
    path = write(TASK.encode(encoding), name)
    said = refused(tmp_path, choice)
    assert f"{path}, line {line}: " in said
    assert "UTF-8" in said


def test_the_line_of_another_encoding_is_that_of_the_sign(write: Write, tmp_path: Path) -> None:
    path = write(TASK.encode() + b"\r\n\r\n# \xe9\r\n")
    assert f"{path}, line 8: not UTF-8" in refused(tmp_path, "task=own")


@pytest.mark.parametrize(
    ("content", "line", "words"),
    [
        ("", None, ["empty"]),
        ("# a comment\n", None, ["empty"]),
        ("- a\n- b\n", 1, ["a list at the top"]),
        ("text\n", 1, ["a text at the top"]),
        (TASK.replace("  a:", "\ta:"), 5, ["not with tabs"]),
        (TASK + "name: twice\n", 6, ["name", "on line 1"]),
        (TASK.replace("{type: string}", "{type: string, type: date}"), 5, ["type", "before"]),
        (TASK + "   b: {type: string}\n", 6, ["indented"]),
        (TASK.replace("{type: string}", "{type: string, description: Commune, telle}"), 5, ["'telle'", "quotes"]),
        (TASK + "  b: {type: number, maximum: 0,5}\n", 6, ["'5'", "point"]),
        (TASK.replace("Résume.", "Lis : puis: résume"), 3, ["': '"]),
        (TASK + "  on: {type: string}\n", 6, ["on as true or false", "'on'"]),
        (TASK + "  yes: {type: string}\n", 6, ["'yes'"]),
        (TASK + "  No: {type: string}\n", 6, ["'No'"]),
        (TASK + "  1: {type: string}\n", 6, ["a number", "'1'"]),
        (TASK + "  ~: {type: string}\n", 6, ["nothing"]),
        (TASK + "  [a]: {type: string}\n", 6, ["a key must"]),
        (TASK.replace("Résume.", "*gras*"), 3, ["quotes"]),
        (TASK.replace("Résume.", "@x"), 3, ["quotes"]),
        (TASK.replace("Résume.", "! attention"), 3, ["!"]),
        (TASK.replace("Résume.", "> 3 jours"), 3, ["> or |"]),
        (TASK.replace("Résume.", "a\x01b"), 3, ["control character"]),
        (TASK.replace("Résume.", '"ouvert'), 6, ["not closed"]),
        (TASK + "---\n" + TASK, 6, ["one document"]),
        (TASK + "version: !!python/object/apply:os.system [id]\n", 6, ["tag"]),
        (TASK + "version: " + "9" * 5000 + "\n", None, ["number"]),
        ("a: " + "[" * 5000, None, ["deep"]),
        ("a: &a [*a]\n", None, ["deep"]),
        (
            "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{b}: &{b} [{','.join([f'*{a}'] * 10)}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)),
            None,
            ["values"],
        ),
    ],
)
def test_a_slip_in_a_file_is_told_with_line_and_remedy(
    content: str, line: int | None, words: list[str], write: Write, tmp_path: Path
) -> None:
    path = write(content)
    said = refused(tmp_path, "task=own")
    assert (f"{path}, line {line}: " if line else f"{path}: ") in said
    assert all(word in said for word in words), said


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (TASK.replace("name: own", "name: 2024"), ["task.name", "quotes"]),
        (TASK.replace("{type: string}", "{type: string, description: 2024}"), ["description", "quotes"]),
        (TASK + "passes:\n  temperature: 0,5\n", ["task.passes.temperature", "0.5"]),
        (TASK + "split:\n  max_tokens: 100\n  overlap_tokens: 1,5\n", ["overlap_tokens", "1.5"]),
    ],
)
def test_a_value_of_another_type_is_told_with_what_to_write(
    changed: str, words: list[str], write: Write, tmp_path: Path
) -> None:
    write(changed)
    said = refused(tmp_path, "task=own", f"data.path={write_documents(tmp_path / 'd.parquet', ['a'])}", "preview=1")
    assert all(word in said for word in words), said


NASTY = ["${prix}", "???", "\\${x} \\", "${", "${task.name}", "${oc.env:HOME}", "a ${b:c,d} }", "${glane.text:x41}"]


@pytest.mark.parametrize("text", NASTY)
def test_what_stands_below_task_is_text(text: str, write: Write, tmp_path: Path) -> None:
    fields = {
        "a": {"type": "enum", "values": [text, "oui"], "labels": {"oui": text}, "description": text},
        "b": {"type": "list", "items": {"type": "object", "fields": {"c": {"type": "string", "description": text}}}},
    }
    task = {"name": "own", "language": "fr", "instructions": text, "fields": fields, "examples": [{"text": text}]}
    write(yaml.safe_dump(task))
    found = shown(tmp_path, "task=own")["task"]
    assert {key: found[key] for key in task} == task
    write("defaults: [own, _self_]\nversion: '2'\n", "task/heir.yaml")
    assert shown(tmp_path, "task=heir")["task"]["instructions"] == text
    assert shown(tmp_path, "task=own", f"task.instructions={text} é")["task"]["instructions"] == f"{text} é"
    word = "task.fields.a={type: enum, values: [" + f'"{text}"'.replace("\\", "\\\\") + ", oui]}"
    assert shown(tmp_path, "task=own", word)["task"]["fields"]["a"]["values"] == [text, "oui"]


def test_such_texts_reach_the_model_and_other_keys_are_still_filled_in(write: Write, tmp_path: Path) -> None:
    write(TASK.replace("Résume.", "Lis ${prix} et ${task.name}.") + "  b: {type: enum, values: ['???', oui]}\n")
    data = write_documents(tmp_path / "d.parquet", ["bonjour"])
    words = ["--config-dir", str(tmp_path), "task=own", "model=scripted", f"data.path={data}", "preview=1"]
    done = job(*words, cwd=tmp_path)
    assert "Lis ${prix} et ${task.name}." in done.stdout
    assert "???" in done.stdout
    assert shown(tmp_path, "task=own", "run.dir=runs/été ${task.name}")["run"]["dir"] == "runs/été own"
    assert Path(
        composed("extract", ["task=ed_visit", "model=demo", "data.path=x"])["model"]["path"]
    ).is_dir()  # ${package:} of glane's own file


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("task", TASK + "_target_: os.system\n"),
        ("task", TASK.replace("{type: string}", "{type: string, _partial_: true}")),
        ("task", TASK + "hydra: {callbacks: {x: {y: 1}}}\n"),
        ("task", "# @package _global_\n" + TASK),
        ("task", "\n  #  @package   hydra.callbacks.x\n" + TASK),
        ("task", "\ufeff# @package _global_\r\n" + TASK),
        ("task", "# @package model\n" + TASK),
        ("task", "# @package task x\n" + TASK),
        ("task", "defaults: [/model/demo@_global_, _self_]\n" + TASK),
        ("task", "defaults: [/hydra/launcher@hydra.launcher, _self_]\n" + TASK),
        ("task", "defaults:\n  - override /hydra/launcher: basic\n  - _self_\n" + TASK),
        ("task", "defaults:\n  - /hydra/callbacks: x\n" + TASK),
        ("task", "defaults: [../model/demo, _self_]\n" + TASK),
        ("task", "defaults: {a: b}\n" + TASK),
        ("task", "defaults:\n" + TASK),
        ("task", "x: &x {_target_: os.system}\n" + TASK),
        ("model", "defaults: [scripted, _self_]\nengine_args: {a: {_target_: os.system}}\n"),
        ("model", "defaults: [scripted, _self_]\nname: ${evil:x}\n"),
        ("model", "defaults: [scripted, _self_]\nname: ${task.name\n"),
        ("model", "# @package _global_\nrun: {dir: elsewhere}\n"),
        ("cluster", "# @package hydra\ncallbacks: {}\n"),
        ("cluster", "kind: local\ncpus: ${now:%Y}\n"),
        ("experiment", "# @package _global_\nhydra: {searchpath: [file:///tmp]}\n"),
        ("experiment", "# @package _global_\ndefaults:\n  - override /hydra/sweeper: basic\n"),
        ("reading", "# @package hydra.callbacks\nx: 1\n"),
    ],
)
def test_a_file_that_would_run_or_rule_something_is_refused(
    name: str, content: str, write: Write, tmp_path: Path
) -> None:
    path = write(content, f"{name}/own.yaml")
    assert str(path) in refused(tmp_path, f"{name}=own")
    write(content, "elsewhere.txt")
    path.unlink()
    path.symlink_to(tmp_path / "elsewhere.txt")
    assert str(path) in refused(tmp_path, f"{name}=own")


def test_a_file_is_checked_where_it_is_inherited_too(write: Write, tmp_path: Path) -> None:
    write("defaults: [base/evil, _self_]\n" + TASK)
    path = write("_target_: os.system\n", "task/base/evil.yaml")
    assert str(path) in refused(tmp_path, "task=own")
    write("defaults: [own, _self_]\n")
    assert "without end" in refused(tmp_path, "task=own")


def test_an_experiment_sets_keys_of_several_groups(write: Write, tmp_path: Path) -> None:
    write(TASK)
    write(
        "# @package _global_\ndefaults:\n  - override /task: own\n  - override /model: scripted\n  - _self_\n"
        "task: {instructions: 'a ${b}'}\ndata: {where: 'x = ${data.limit}', limit: 3}\n",
        "experiment/e.yaml",
    )
    words = ["--config-dir", str(tmp_path), "data.path=x", "experiment=e", "--cfg", "job", "--resolve"]
    values = yaml.safe_load(job_here(*words, as_told=True).stdout)
    assert (values["task"]["instructions"], values["data"]["where"]) == ("a ${b}", "x = 3")
    assert values["model"]["name"] == "scripted"


@pytest.mark.parametrize("name", ["extract.yaml", "task/ed_visit.yaml"])
def test_a_file_that_glanes_own_hides_is_told(name: str, write: Write, tmp_path: Path) -> None:
    path = write(TASK, name)
    assert str(path) in refused(tmp_path, "task=ed_visit")
    write((ROOT / "conf" / name).read_bytes(), name)  # a copy changes nothing
    assert shown(tmp_path, "task=ed_visit")["task"]["name"] == "ed_visit"


@pytest.mark.parametrize("choice", ["task=../model/demo", "task=/etc/passwd", "model=a/../../x", "task=own/"])
def test_a_configuration_is_chosen_by_name(choice: str, tmp_path: Path) -> None:
    assert "not by a path" in refused(tmp_path, choice)


def test_where_a_configuration_that_is_not_found_lies(write: Write, tmp_path: Path) -> None:
    write(TASK)
    assert "the folder above" in refused(tmp_path / "task", "task=own")
    write(TASK, "task/other.yml")
    assert "Rename the file to task/other.yaml" in refused(tmp_path, "task=other")
    write(TASK, "task/Ma tâche.yaml")
    assert "Did you mean 'Ma tâche'?" in refused(tmp_path, "task=Ma tache")
    assert shown(tmp_path, "task=Ma tâche")["task"]["name"] == "own"


@pytest.mark.parametrize(
    "word",
    [
        "+hydra.callbacks.x._target_=os.system",
        "++hydra.callbacks={x: {_target_: os.system}}",
        "hydra/launcher=basic",
        "hydra.sweep.dir=/tmp/x",
        "hydra.searchpath=[file:///tmp]",
        "hydra={}",
        "~hydra",
        "task@hydra.callbacks=own",
        "+task@_global_=own",
        "+model._target_=os.system",
    ],
)
@pytest.mark.parametrize("sweep", [[], ["-m"]])
def test_a_command_line_changes_nothing_of_hydras(word: str, sweep: list[str], tmp_path: Path) -> None:
    assert word.partition("=")[0] in refused(tmp_path, *sweep, word)


@pytest.mark.parametrize(
    "arguments",
    [
        {"trust_remote_code": True},
        {"trust-remote-code": True},
        {"--Trust-Remote-Code": False},
        {"hf_overrides": {"a": {"trust_remote_code": True}}},
        {"hf_overrides.trust_remote_code": True},
        {"tokenizer": {"trust_remote_code": True}},
        {"structured_outputs_config": '{"reasoning_parser_plugin": "x.py"}'},
        {"worker_cls": "a.b"},
        {"worker-extension-cls": "a.b"},
        {"scheduler_cls": "a.b"},
        {"logits_processors": ["a:b"]},
        {"model_class_overrides": {"A": "a:b"}},
        {"tool_parser_plugin": "x.py"},
        {"io_processor_plugin": "x"},
        {"kv_transfer_config": {"kv_connector_module_path": "a.b"}},
        {"ec_manager_config": {"encoder_cache_manager_cls": "a.b"}},
        {"compilation_config": {"backend": "os.system"}},
        {"compilation_config": {"inductor_passes": {"a": "b.c"}}},
        {"distributed_executor_backend": "a.B"},
        {"speculative_config": {"model": "a.B"}},
        {"speculative_config": {"method": "custom_class", "model": "x"}},
        {"log_config_file": "x.json"},
        {"load_format": "pt"},
        {"load-format": "of_a_plugin"},
    ],
)
def test_engine_arguments_that_load_code_are_refused(arguments: dict[str, Any]) -> None:
    values = {"name": "a", "path": "b", "engine_args": arguments}
    with pytest.raises(ConfigError, match="model.engine_args"):
        validated(ModelSettings, values, place="model")


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"engines": "trois"}, "model.engines: a whole number is needed, or 'auto' (it is 'trois')."),
        (
            {"tensor_parallel_size": 0},
            "model.tensor_parallel_size: a number of 1 or more is needed, or 'auto' (it is 0).",
        ),
        ({"in_process": "oui"}, "model.in_process: true or false is needed, or 'auto' (it is 'oui')."),
    ],
)
def test_a_value_of_several_kinds_is_refused_by_one_line_that_tells_all_of_them(
    wrong: dict[str, Any], told: str
) -> None:
    """Two lines, of which each names one kind, say that both are needed."""
    with pytest.raises(ConfigError) as error:
        validated(ModelSettings, {"name": "a", "path": "b", **wrong}, place="model")
    assert str(error.value) == told
    french = in_language(told, "fr")
    assert french.startswith(f"{told.partition(':')[0]}\u00a0: il faut ")
    assert " needed" not in french
    assert "ou 'auto' (vaut " in french


@pytest.mark.parametrize(
    "arguments",
    [
        {"kv_events_config": {"enable_kv_cache_events": True, "publisher": "zmq", "endpoint": "tcp://*:25557"}},
        {"kv-events-config": "{}"},
        {"kv_transfer_config.kv_connector": "SharedStorageConnector"},
        {"additional_config": {"shared_storage_path": "/x"}},
        {"otlp_traces_endpoint": "grpc://x"},
        {"observability_config": {"otlp_traces_endpoint": "grpc://x"}},
        {"profiler_config": {"torch_profiler_dir": "/x"}},
        {"compilation_config": '{"debug_dump_path": "/x"}'},
        {"enable_log_requests": True},
        {"data_parallel_address": "10.0.0.1"},
        {"master_addr": "10.0.0.1"},
    ],
)
def test_engine_arguments_by_which_documents_get_out_are_refused(arguments: dict[str, Any]) -> None:
    values = {"name": "a", "path": "b", "engine_args": arguments}
    with pytest.raises(ConfigError, match="documents out of the run"):
        validated(ModelSettings, values, place="model")


def test_a_text_is_no_id() -> None:
    with pytest.raises(ConfigError, match="are both 'note'"):
        validated(DataSettings, {"path": "x", "id_column": "note", "text_column": "note"}, place="data")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("attention_backend", "Set model.attention_backend"),
        ("reasoning_parser", "Set model.reasoning_parser"),
        ("kv_cache_memory_bytes", "Set model.kv_cache_mib"),
        ("kv_offloading_size", "Set model.kv_offload_gib"),
        ("kv_offloading_backend", "to a server beside it"),
        ("logprobs_mode", "changes what an answer or its confidence is"),
        ("hf_token", "name or password"),
        ("enforce_eagr", "no argument of vLLM that glane knows to be safe.*Did you mean enforce_eager"),
        ("new_in_the_next_version", "no argument of vLLM that glane knows to be safe"),
    ],
)
def test_engine_arguments_that_nobody_has_looked_at_are_refused(name: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        validated(ModelSettings, {"name": "a", "path": "b", "engine_args": {name: "x"}}, place="model")


def test_names_of_vllm_are_told_where_one_is_wrong() -> None:
    for wrong, words in (({"attention_backend": "FLASH"}, "FLASH_ATTN_MLA"), ({"kv_cache_dtype": "fp4"}, "fp8_e4m3")):
        with pytest.raises(ConfigError, match=f"vLLM has no .*{words}"):
            validated(ModelSettings, {"name": "a", "path": "b", **wrong}, place="model")


def test_other_engine_arguments_are_not() -> None:
    arguments = {
        "enforce_eager": True,
        "quantization": "fp8",
        "limit_mm_per_prompt": {"image": 0},
        "distributed_executor_backend": "mp",
        "speculative_config": {"model": "org/Draft-1.5B", "method": "eagle"},
        "hf_overrides": {"rope_scaling": {"rope_type": "yarn"}},
    }
    assert validated(ModelSettings, {"name": "a", "path": "b", "engine_args": arguments}, place="model")
    with pytest.raises(ConfigError, match="model.load_format"):
        validated(ModelSettings, {"name": "a", "path": "b", "load_format": "pt"}, place="model")


@pytest.mark.slow
def test_arguments_of_this_vllm_that_import_are_all_refused() -> None:
    """What a new version adds is seen by its name."""
    arguments = pytest.importorskip("vllm.engine.arg_utils").EngineArgs.__dataclass_fields__
    for name in arguments:  # each is allowed, or refused for a reason
        said = complaint({name: "x"})
        assert said is None or "knows to be safe" not in said, name
    assert set(arguments) >= ALLOWED | set(INSTEAD) | set(REFUSED)
    from vllm.config.cache import CacheDType
    from vllm.v1.attention.backends.registry import AttentionBackendEnum

    assert set(CACHE_DTYPES) == set(get_args(CacheDType))
    assert set(ATTENTION_BACKENDS) == set(AttentionBackendEnum.__members__) - {"CUSTOM"}  # that imports a module
    named = [name for name in arguments if name.endswith(("_cls", "_plugin", "_module")) or "remote_code" in name]
    assert "worker_cls" in named
    for name in named:
        with pytest.raises(ConfigError):
            validated(ModelSettings, {"name": "a", "path": "b", "engine_args": {name: "x"}}, place="model")


TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), min_size=1).filter(
    lambda text: "${" not in text and text not in ("null", "???") and text[0] not in "'\""
)


@settings(deadline=None, max_examples=40)  # each composes a configuration
@given(TEXTS)
def test_any_text_is_taken_as_it_is_written(text: str) -> None:
    words = ["task=ed_visit", "model=scripted", "data.path=x", f"data.text_column={text}", f"run.dir=a{text}"]
    values = composed("extract", words, types=key_types("extract"))
    assert (values["data"]["text_column"], values["run"]["dir"]) == (text, f"a{text}")


@settings(deadline=None, max_examples=40)
@given(st.lists(TEXTS.filter(lambda text: not set(text) & set(",[]") and text == text.strip()), min_size=1))
def test_any_item_of_a_list_is_taken_as_it_is_written(items: list[str]) -> None:
    word = f"data.carry_columns=[{','.join(items)}]"
    values = composed("extract", ["task=ed_visit", "model=scripted", "data.path=x", word], types=key_types("extract"))
    assert values["data"]["carry_columns"] == items


KEYS = TEXTS.filter(lambda text: text not in _CALLS)  # keys that are refused, which hypothesis finds in our code
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(KEYS, JSON, min_size=1, max_size=3))
def test_what_is_shown_is_read_as_the_same_values(values: dict[str, Any]) -> None:
    assert read_mapping(as_yaml(values), place="x") == values


@pytest.mark.parametrize(
    ("word", "read"),
    [
        ("cluster.sbatch={reservation: night}", {"reservation": "night"}),
        ("cluster.sbatch={reservation: night, exclusive: true}", {"reservation": "night", "exclusive": True}),
        ("cluster.sbatch={comment: nuit d'été (2)}", {"comment": "nuit d'été (2)"}),
        ("cluster.sbatch={mail-type: 'END,FAIL'}", {"mail-type": "END,FAIL"}),
        ("cluster.sbatch.mail-type=END,FAIL", {"mail-type": "END,FAIL"}),
        ("+cluster.sbatch.reservation=night", {"reservation": "night"}),
        ("cluster.sbatch={}", {}),
    ],
)
def test_further_options_are_written_as_their_comment_shows(word: str, read: dict[str, Any], tmp_path: Path) -> None:
    assert shown(tmp_path, "cluster=slurm", word)["cluster"]["sbatch"] == read


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("data.sample=0,5", ["data.sample=0.5"]),
        ("run.lease_s=-0,5", ["run.lease_s=-0.5"]),
        ("clé=3", ["clé: unknown key"]),
        ("data.n°=3", ["data.n°: unknown key", "data.path"]),
        ("'task=x", ["unknown key", "'task'"]),
        ("model=scripted,", ["model: its value cannot be read"]),
        ("run.dir=${", ["run.dir: ", "${KEY}"]),
        ("run.dir=${oc.decode:'[a'}", ["run.dir: ", "${KEY}"]),
        ("run.dir=${nothing}", ["run.dir: ", "no key nothing"]),
        ("run.dir=${oc.env:GLANE_NOTHING}", ["run.dir: ", "no variable GLANE_NOTHING"]),
        ("run.dir=${run.dir}", ["run.dir: ", "${KEY}"]),
        ("run.dir=a ${evil:x}", ["run.dir: ", "${KEY}"]),
        ("data.sample='0,5'", ["data.sample: ", "0.5"]),
        ("model.engines='1,5'", ["model.engines: ", "1.5"]),
        ("data.carry_columns=[a,b", ["is not closed"]),
        ("cluster.sbatch={mail-type: END,FAIL}", ["'FAIL' has no value"]),
    ],
)
def test_a_wrong_word_is_told_without_a_parsers_names(word: str, words: list[str], tmp_path: Path) -> None:
    said = refused(tmp_path, word)
    assert all(one in said for one in words), said


def test_the_texts_of_a_task_are_known_to_the_command_line() -> None:
    fields = _Definition.model_fields
    texts = {f"task.{name}" for name, field in fields.items() if "str" in str(field.annotation) and name != "fields"}
    assert {key for key, kind in _OF_A_TASK.items() if kind == "text"} <= {f"task.{name}" for name in fields}
    assert {"task.name", "task.instructions", "task.version"} <= texts & set(_OF_A_TASK)
    assert quoted("task.instructions=2024", key_types("extract")) == "task.instructions='2024'"


def test_a_sweep_can_be_shown(tmp_path: Path) -> None:
    found = job_here("-m", "data.path=x", "data.limit=1,2", "run.dir=a", "--cfg", "job").stdout
    assert [values["data"]["limit"] for values in yaml.safe_load_all(found)] == [1, 2]


@pytest.mark.parametrize("words", [["-m", "seed=1,2"], ["seed=1"]])
def test_a_command_writes_nothing_but_its_own_and_for_its_user_only(words: list[str], tmp_path: Path) -> None:
    """Without a home and a user name, under the usual umask, and where a guessable folder is somebody else's trap."""
    scratch, trap = tmp_path / "scratch", tmp_path / "trap"
    scratch.mkdir()
    trap.write_text("precious")
    for name in ("glane-sweep-user", "glane-sweep-root", "multirun.yaml"):
        (scratch / name).symlink_to(trap)
    before = sorted(scratch.iterdir())
    code = "import sys; sys.argv[0] = 'glane'; from glane.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, "demo-corpus", f"path={tmp_path}/c", "documents=3", *words],
        env={"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch), "PYTHONPATH": str(ROOT / "lib")},
        cwd=scratch, capture_output=True, text=True, timeout=120, check=False, umask=0o022,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (sorted(scratch.iterdir()), trap.read_text()) == (before, "precious")
    written = [path for path in (tmp_path / "c").rglob("*") if path.is_file()]
    assert written
    assert all(path.stat().st_mode & 0o077 == 0 for path in written)


def test_the_batch_script_takes_options_after_its_own_word(write: Write, tmp_path: Path) -> None:
    """With a stand-in for srun, and for the Python of the nodes."""
    write(TASK)
    programs = {
        "srun": 'while [[ $1 == --* ]]; do shift; done\n"$@"\ncode=$?; echo $code > "$GLANE_EXIT_CODE_FILE"; exit $code',
        "bin/python3": f'exec {sys.executable} "$@"',
    }
    for name, body in programs.items():
        write(f"#!/bin/bash\n{body}\n", name).chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "lib"), "GLANE_ROOT": str(ROOT),
        "GLANE_VENV": str(tmp_path), "SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "1",
    }  # fmt: skip
    words = ["--config-dir", str(tmp_path), "task=own", "data.path=x", "--cfg", "job", "model=scripted"]
    done = subprocess.run(
        ["bash", str(ROOT / "slurm" / "extract.sbatch"), *words],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    values = yaml.safe_load(done.stdout)
    assert (values["task"]["name"], values["cluster"]["kind"], values["model"]["name"]) == ("own", "slurm", "scripted")


@pytest.mark.parametrize(
    ("word", "words", "absent"),
    [
        (
            "task.fields.agge.description=x",
            ["task.fields.agge: unknown key", "'task.fields.age'", "task.fields.sex"],
            "cluster",
        ),
        ("task.input=[text,sex]", ["task.input: unknown key", "'task.inputs'", "task.lookups"], "cluster"),
        ("task.feilds.age.description=x", ["task.feilds: unknown key", "'task.fields'", "task.rules"], "cluster"),
        ("cluster.gpus.x=1", ["cluster.gpus.x", "holds no further keys"], "Valid"),
        ("task.translations.en.fields.agge.description=x", ["fields.agge: unknown key", "en.fields.age'"], "cluster"),
    ],
)
def test_an_unknown_key_is_told_at_the_level_where_it_is_wrong(word: str, words: list[str], absent: str) -> None:
    with pytest.raises(ConfigError) as raised:
        composed("extract", ["task=ed_visit", "model=scripted", word])
    for one in words:
        assert one in str(raised.value)
    assert absent not in str(raised.value)


@pytest.mark.parametrize(
    ("word", "key", "value"),
    [
        ("task.inputs=[text,visit_date]", "inputs", ["text", "visit_date"]),
        ("task.inputs=text,sex", "inputs", ["text", "sex"]),
        ("+task.version=2", "version", "2"),
        ("task.language=en", "language", "en"),
        ("task.lookups.icd={file: icd.csv, key: code, code: code}", "lookups", {"icd": {"file": "icd.csv", "key": "code", "code": "code"}}),
    ],
)  # fmt: skip
def test_what_the_file_of_a_task_leaves_out_is_told_on_the_command_line(tmp_path: Path, word, key, value) -> None:
    (tmp_path / "task").mkdir()
    (tmp_path / "task" / "bare.yaml").write_text("name: bare\ninstructions: x\nfields: {age: {type: integer}}\n")
    words = ["task=bare", "model=scripted", "data.path=x", word]
    told = composed("extract", words, types=key_types("extract"), config_dirs=[tmp_path])
    assert told["task"][key] == value


@pytest.mark.parametrize(
    ("config_name", "words", "value"),
    [
        ("aggregate", ["table=weekly_co", "table.time.last=2026-12-31"], "2026-12-31"),
        ("aggregate", ["table=weekly_co", "table.disclosure.least=11"], 11),
        ("aggregate", ["table=weekly_co", "table.signals.methods=[farrington]"], ["farrington"]),
        ("brief", ["brief=co", "brief.place.value=35"], "35"),
    ],
)
def test_a_mapping_that_a_file_leaves_out_is_told_by_its_keys(config_name: str, words: list[str], value: Any) -> None:
    told: Any = composed(config_name, ["run.dir=a", "out.dir=b", *words], types=key_types(config_name))
    for part in words[1].partition("=")[0].split("."):
        told = told[part]
    assert told == value


@pytest.mark.parametrize(("config_name", "group"), [("aggregate", "table"), ("extract", "task"), ("brief", "brief")])
def test_a_name_that_no_file_has_tells_where_those_of_the_users_are_looked_for(
    tmp_path: Path, config_name: str, group: str
) -> None:
    with pytest.raises(ConfigError, match=rf"{group}/mine: no such configuration.*{group}/mine\.yaml.*--config-dir"):
        composed(config_name, [f"{group}=mine"])
    with pytest.raises(ConfigError, match=rf"{group}/mine: no such configuration") as raised:
        composed(config_name, [f"{group}=mine"], config_dirs=[tmp_path])
    assert "--config-dir" not in str(raised.value)


def test_a_table_that_inherits_nothing_counts_documents_and_tells_what_it_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "table").mkdir()
    (tmp_path / "table" / "bare.yaml").write_text("name: bare\nfield: flu\ntime: {column: day, every: week}\n")
    words = ["table=bare", "run.dir=x", "out.dir=y"]
    assert aggregate_settings(composed("aggregate", words, config_dirs=[tmp_path])).table.unit == "document"
    with pytest.raises(ConfigError, match=r"table\.groups: .* defaults: \[base/default@_here_, _self_\]"):
        composed("aggregate", [*words, "table.groups=[hospital]"], config_dirs=[tmp_path])
    with pytest.raises(ConfigError, match=r"table\.grups: unknown key"):
        composed("aggregate", [*words, "table.grups=[hospital]"], config_dirs=[tmp_path])
