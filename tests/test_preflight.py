"""What is true of every document is found before the first one: answers, template and question are checked at the start."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from conftest import DEMO_MODEL, ROOT, SMALL_TASK, copy_tekken, job_here, make_settings, read_yaml, write_documents
from glane.engine.registry import engine_kind
from glane.engine.samples import sample_answer
from glane.errors import ConfigError
from glane.job.preflight import check_forms, preflight
from glane.job.resolve import resolve
from glane.job.submit import submit
from glane.settings import ModelSettings
from glane.task.form import answer_form
from glane.task.recall import recall_task
from glane.task.shortest import shortest_answer
from glane.task.task import load_task

TASKS = sorted(path.stem for path in (ROOT / "conf" / "task").glob("*.yaml"))
FULL = DEMO_MODEL.model_copy(update={"prompt_style": "full", "max_model_len": 8192})
CODES = [f"{letter}{number:02}.{digit}" for letter in "ABCDE" for number in range(100) for digit in range(10)]


def task_of(fields: dict[str, Any], **more: Any) -> Any:
    return load_task({"name": "t", "language": "en", "instructions": "Read.", "fields": fields, **more})


# --- the form of answers ----------------------------------------------------------------------------------------------

VIRAL_LOAD = {"type": "number", "minimum": 1e-7, "maximum": 1e20}
UNBUILDABLE = {
    "bounds far apart": (VIRAL_LOAD, "Bounds of numbers"),
    "a high minimum": ({"type": "number", "minimum": 1e18}, "Bounds of numbers"),
    "tiny bounds": ({"type": "number", "minimum": 1e-300, "maximum": 1e-200}, "Bounds of numbers"),
    "a large negative bound": ({"type": "number", "minimum": -1e21, "maximum": -1e20}, "Bounds of numbers"),
    "a pattern": ({"type": "string", "pattern": ".*a.{30}", "max_length": 1000}, "simpler pattern"),
    "a pattern that fails late": (
        {"type": "string", "pattern": "[ab].{12}[cd].{12}[ef]", "max_length": 1000},
        "simpler pattern",
    ),
    "a very long list": ({"type": "enum", "values": [f"A{i:06}" for i in range(100_000)]}, "lists 100000 values"),
}
PLACES = {
    "alone": (lambda field: {"load": field}, "task.fields.load"),
    "with a quote": (lambda field: {"load": {**field, "evidence": True}}, "task.fields.load"),
    "in a list": (lambda field: {"load": {"type": "list", "items": field}}, "task.fields.load"),
    "in a record": (
        lambda field: {"lab": {"type": "object", "fields": {"day": {"type": "date"}, "load": field}}},
        "task.fields.lab.fields.load",
    ),
    "in records of a list": (
        lambda field: {"a": {"type": "boolean"}, "labs": {"type": "list", "items": {"type": "object", "fields": {"load": field}}}},
        "task.fields.labs.items.fields.load",
    ),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", UNBUILDABLE)
def test_a_form_that_no_engine_can_build_is_refused_with_field_and_remedy(what: str, place: str) -> None:
    field, remedy = UNBUILDABLE[what]
    made, path = PLACES[place]
    with pytest.raises(ConfigError) as refused:
        check_forms(task_of(made(field)))
    assert str(refused.value).startswith(f"{path}: answers cannot be held to this (")
    assert remedy in str(refused.value)
    assert len(str(refused.value)) < 600


@pytest.mark.parametrize("more", [{"quotes": "free"}, {"keys": "short"}, {"passes": {"recall": 1}}])
def test_it_is_refused_in_every_way_of_asking(more: dict[str, Any]) -> None:
    fields = {"a": {"type": "list", "items": {**VIRAL_LOAD, "evidence": True}}, "b": {"type": "boolean"}}
    with pytest.raises(ConfigError, match=r"\Atask\.fields\.a: "):
        check_forms(task_of(fields, **more))


def test_what_only_a_recall_pass_asks_is_refused_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr("glane.job.preflight.form_fault", lambda form, _: asked.append(form))
    task = task_of({"a": {"type": "list", "items": {"type": "string"}}}, passes={"recall": 1})
    check_forms(task)
    assert asked == [answer_form(task), answer_form(recall_task(task))]


@pytest.mark.parametrize(
    "field",
    [
        {"type": "number"},
        {"type": "number", "minimum": 0, "maximum": 1e17},
        {"type": "number", "minimum": 1e-7, "maximum": 100},
        {"type": "number", "above": 0},
        {"type": "integer"},
        {"type": "string", "max_length": 10_000},
        {"type": "string", "pattern": "^[A-Z][0-9]{2}(\\.[0-9]{1,2})?$", "max_length": 1000},
        {"type": "string", "pattern": "^[a-zé]+( [a-zé]+)*$", "max_length": 1000},
        {"type": "enum", "values": CODES},
        {"type": "date", "precision": "partial"},
    ],
    ids=str,
)
@pytest.mark.parametrize("evidence", [False, True])
def test_what_can_be_built_is_not_refused(field: dict[str, Any], evidence: bool) -> None:
    check_forms(task_of({"a": {**field, "evidence": evidence}}))


@pytest.mark.parametrize("name", TASKS)
def test_the_shipped_tasks_pass(name: str) -> None:
    for more in ({}, {"quotes": "free"}, {"keys": "short"}):
        task = load_task({**read_yaml(ROOT / "conf" / "task" / f"{name}.yaml"), **more})
        check_forms(task)


# --- the question's length ----------------------------------------------------------------------------------------


def test_a_long_list_of_codes_is_refused_with_the_figures_and_advice(capfd: pytest.CaptureFixture[str]) -> None:
    task = task_of({"icd": {"type": "enum", "values": CODES}})
    assert len(CODES) == 5000
    with pytest.raises(ConfigError) as refused:
        preflight(FULL, task)
    said = str(refused.value)
    assert "no document fits" in said
    assert "8192" in said
    assert f"needs {FULL.max_tokens} of them (model.max_tokens)" in said
    assert "task.fields.icd lists 5000 values, some " in said
    assert "string with their pattern" in said
    assert capfd.readouterr() == ("", "")  # no library warns of its own accord
    preflight(FULL.model_copy(update={"max_model_len": 200_000}), task)


def test_the_longest_list_is_named_wherever_it_stands() -> None:
    fields = {
        "sex": {"type": "enum", "values": ["F", "M"]},
        "stays": {"type": "list", "items": {"type": "object", "fields": {"icd": {"type": "enum", "values": CODES}}}},
    }
    with pytest.raises(ConfigError, match=r"task\.fields\.stays\.fields\.icd lists 5000 values"):
        preflight(FULL, task_of(fields))


@pytest.mark.parametrize("split", [None, {"max_tokens": "auto", "overlap_tokens": 10}])
def test_long_instructions_are_refused_and_a_document_that_fits_is_room_enough(split: dict[str, Any] | None) -> None:
    task = task_of({"a": {"type": "boolean"}}, instructions="Read. " * 3000, split=split)
    with pytest.raises(ConfigError, match=r"The question alone has \d+ tokens.*shorten instructions"):
        preflight(FULL, task)
    conversations = engine_kind("vllm").conversations(FULL)
    from glane.extraction.prompts import least_prompt
    from glane.task.prompt import messages

    shape = preflight(FULL.model_copy(update={"max_model_len": 20_000}), task).prompt_shape
    needed = len(conversations.encode(messages(task, {"text": ""}, style="full", shape=shape))) + least_prompt(task)
    exact = {"max_model_len": needed + FULL.max_tokens}
    preflight(FULL.model_copy(update=exact), task)
    with pytest.raises(ConfigError, match="no document fits"):
        preflight(FULL.model_copy(update={"max_model_len": exact["max_model_len"] - 1}), task)


def test_the_scripted_engine_counts_as_it_does_itself(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    task = {**SMALL_TASK, "instructions": "x" * 5000}
    with pytest.raises(ConfigError, match="no document fits"):
        resolve(make_settings(data, tmp_path / "run", task, model__max_model_len=5000))
    resolve(make_settings(data, tmp_path / "run", task, model__max_model_len=8000))


def test_an_answer_that_cannot_fit_is_refused() -> None:
    task = task_of({"a": {"type": "list", "min_items": 90, "max_items": 100, "items": {"type": "object", "fields": {"place": {"type": "string"}, "day": {"type": "date"}}}}})  # fmt: skip
    with pytest.raises(
        ConfigError, match=r"model\.max_tokens: 100 tokens hold no answer to task 't': the shortest has"
    ):
        preflight(FULL.model_copy(update={"max_tokens": 100}), task)
    preflight(FULL.model_copy(update={"max_tokens": 4000}), task)


@pytest.mark.parametrize("name", TASKS)
def test_the_shortest_answer_has_the_form_of_one_and_shorter_than_any_other(name: str) -> None:
    task = load_task(read_yaml(ROOT / "conf" / "task" / f"{name}.yaml"))
    answer = shortest_answer(task)
    errors = Draft202012Validator(json.loads(task.answer_schema)).iter_errors(json.loads(answer))
    assert {error.validator for error in errors} <= {"pattern", "minimum", "maximum", "anyOf"}  # values it leaves short
    drawn = (sample_answer(answer_form(task), random.Random(seed), quote="a") for seed in range(50))
    assert len(answer) <= min(map(len, drawn))


def test_mistrals_own_tokenizer_is_counted_with(tmp_path: Path) -> None:
    model = FULL.model_copy(update={"path": str(copy_tekken(tmp_path)), "tokenizer_mode": "mistral"})
    preflight(model, task_of({"a": {"type": "boolean"}}))
    with pytest.raises(ConfigError, match=r"The question alone has \d{5} tokens"):
        preflight(model, task_of({"icd": {"type": "enum", "values": CODES}}))


# --- the chat template --------------------------------------------------------------------------------------------

_TURN = "<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n"
_CUE = "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
GOOD = {
    "chatml": "{% for m in messages %}" + _TURN + "{% endfor %}" + _CUE,
    "trims": "{% for m in messages %}" + _TURN.replace("m.content", "m.content | trim") + "{% endfor %}" + _CUE,
    "default system": "<s>You are helpful.\n{% for m in messages %}" + _TURN + "{% endfor %}" + _CUE,
    "no cue is needed": "{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]{% else %} {{ m.content }}</s>{% endif %}{% endfor %}",
    "always a cue": "{% for m in messages %}" + _TURN + "{% endfor %}{% if messages[-1].role == 'user' %}<|im_start|>assistant\n{% endif %}",
    "closed thinking": "{% for m in messages %}" + _TURN + "{% endfor %}" + _CUE.replace("assistant\n", "assistant\n<think>\n\n</think>\n\n"),
    "plain": "{% for m in messages %}{{ m.content }}{% endfor %}",
}  # fmt: skip
BAD = {
    "drops the user": (GOOD["chatml"].replace("{{ m.content }}", "{% if m.role == 'system' %}{{ m.content }}{% endif %}"), "leaves out"),
    "parts of content": (GOOD["chatml"].replace("{{ m.content }}", "{% for part in m.content %}{{ part.text }}{% endfor %}"), "leaves out"),
    "empty": ("", "leaves out"),
    "cue alone": ("<|im_start|>assistant\n", "leaves out"),
    "cuts": (GOOD["chatml"].replace("m.content", "m.content[:500]"), "cuts what is asked: some"),
    "cuts late": (GOOD["chatml"].replace("m.content", "m.content[:20000]"), "cuts what is asked: some"),
    "keeps the end": (GOOD["chatml"].replace("m.content", "m.content[-3000:]"), "cuts"),
    "repeats": (GOOD["chatml"].replace("{{ m.content }}", "{{ m.content }}\n{{ m.content }}"), "repeats"),
    "escapes": (GOOD["chatml"].replace("m.content", "m.content | e"), "changes"),
    "folds lines": (GOOD["chatml"].replace("m.content", "m.content | replace('\n', ' ')"), "changes"),
    "folds blanks": (GOOD["chatml"].replace("m.content", "m.content.split() | join(' ')"), "changes"),
    "lower case": (GOOD["chatml"].replace("m.content", "m.content | lower"), "changes"),
    "no cue": (GOOD["chatml"].replace(_CUE, ""), "without the cue"),
    "ends the text": (GOOD["chatml"].replace(_CUE, "</s>"), "without the cue"),
    "opens thinking": (GOOD["chatml"].replace(_CUE, _CUE.replace("assistant\n", "assistant\n<think>\n")), "thinking"),
    "opens thinking, Mistral's way": (GOOD["chatml"].replace(_CUE, _CUE.replace("assistant\n", "assistant\n[THINK]")), "thinking"),
    "opens reasoning": (GOOD["chatml"].replace(_CUE, _CUE.replace("assistant\n", "assistant\n<reasoning>\n")), "thinking"),
    "opens a channel": (GOOD["chatml"].replace(_CUE, _CUE.replace("assistant\n", "assistant<|channel|>analysis")), "thinking"),
    "raises": ("{{ raise_exception('only tools') }}", "only tools"),
    "no Jinja": ("{% for m in messages %}", "cannot be used"),
    "wants tools": ("{{ tools[0].name }}", "cannot be used"),
}  # fmt: skip


def with_template(template: str, folder: Path, **more: Any) -> ModelSettings:
    path = folder / "template.jinja"
    path.write_text(template)
    return FULL.model_copy(update={"chat_template": str(path), **more})


@pytest.mark.parametrize("style", ["full", "bare"])
@pytest.mark.parametrize("name", GOOD)
def test_a_template_that_keeps_the_document_is_taken(name: str, style: str, tmp_path: Path) -> None:
    preflight(with_template(GOOD[name], tmp_path, prompt_style=style), task_of({"a": {"type": "boolean"}}))


@pytest.mark.parametrize("style", ["full", "bare"])
@pytest.mark.parametrize("name", BAD)
def test_a_template_that_spoils_every_answer_is_refused(name: str, style: str, tmp_path: Path) -> None:
    template, words = BAD[name]
    with pytest.raises(ConfigError) as refused:
        preflight(with_template(template, tmp_path, prompt_style=style), task_of({"a": {"type": "boolean"}}))
    assert str(refused.value).startswith("model.chat_template: ")
    assert words in str(refused.value)
    assert "Set model.chat_template to a Jinja file" in str(refused.value)
    assert "\n" not in str(refused.value)


_NO_SYSTEM = "{% if messages[0].role == 'system' %}{{ raise_exception('no system') }}{% endif %}"
_USER_ALONE = "{% if messages | length > 1 %}{{ raise_exception('one message') }}{% endif %}"
_DROPS_SYSTEM = GOOD["chatml"].replace("{{ m.content }}", "{% if m.role != 'system' %}{{ m.content }}{% endif %}")


@pytest.mark.parametrize(
    ("template", "shape"),
    [
        (GOOD["chatml"], "system"),
        (_NO_SYSTEM + GOOD["chatml"], "turns"),
        (_DROPS_SYSTEM, "turns"),
        (_USER_ALONE + GOOD["chatml"], "single"),
    ],
)
def test_the_first_shape_that_a_template_takes_is_chosen(template: str, shape: str, tmp_path: Path) -> None:
    example = {"text": "Pas de toux.", "output": {"a": False}}
    task = load_task({**SMALL_TASK, "fields": {"a": {"type": "boolean"}}, "examples": [example]})
    assert preflight(with_template(template, tmp_path), task).prompt_shape == shape
    if shape != "system":
        with pytest.raises(ConfigError, match=r"model\.chat_template"):
            preflight(with_template(template, tmp_path, prompt_shape="system"), task)


def test_a_template_is_told_what_the_model_says_and_never_the_day(tmp_path: Path) -> None:
    switched = "{% if not enable_thinking %}<think></think>{% else %}<think>{% endif %}"
    dated = "Today: {{ strftime_now('%Y-%m-%d') }}\n"
    template = dated + GOOD["chatml"].replace(_CUE, _CUE.replace("assistant\n", f"assistant\n{switched}"))
    task = task_of({"a": {"type": "boolean"}})
    with pytest.raises(ConfigError, match="thinking"):
        preflight(with_template(template, tmp_path, chat_template_kwargs={"enable_thinking": True}), task)
    model = with_template(template, tmp_path, chat_template_kwargs={"enable_thinking": False})
    preflight(model, task)
    conversations = engine_kind("vllm").conversations(model)
    assert conversations.render([{"role": "user", "content": "x"}], True).startswith("Today: 2000-01-01\n")


def test_weights_without_a_template_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(DEMO_MODEL.path, tmp_path / "weights")
    (folder / "chat_template.jinja").unlink()
    with pytest.raises(ConfigError, match=r"model\.chat_template: .*cannot be used"):
        preflight(FULL.model_copy(update={"path": str(folder)}), task_of({"a": {"type": "boolean"}}))


def test_a_tokenizer_that_is_not_at_hand_is_no_fault(tmp_path: Path) -> None:
    task = task_of({"a": {"type": "boolean"}})
    for path in ("/nowhere", "org/model", str(tmp_path)):
        preflight(FULL.model_copy(update={"path": path}), task)
    (tmp_path / "tokenizer.json").write_text("{")
    preflight(FULL.model_copy(update={"path": str(tmp_path)}), task)


# --- who is told, and when ----------------------------------------------------------------------------------------


def test_a_preflight_comes_before_anything_else_is_begun(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    (tmp_path / "own" / "task").mkdir(parents=True)
    task = {**SMALL_TASK, "fields": {"load": VIRAL_LOAD}}
    (tmp_path / "own" / "task" / "load.yaml").write_text(json.dumps({**task, "name": "load"}))
    words = ["--config-dir", "own", "task=load", "model=scripted", f"data.path={data}", "run.dir=run"]
    for name, more in (
        ("extract", []), ("extract", ["preview=1"]), ("plan", []),
        ("extract", ["cluster=slurm", "cluster.dry_run=true"]), ("extract", ["cluster=slurm"]),
    ):  # fmt: skip
        done = job_here(*words, *more, name=name, check=2, cwd=tmp_path)
        assert done.stderr.startswith("error: task.fields.load: answers cannot be held to this ("), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.parquet", "own"]


def test_a_submission_checks_template_and_length_where_the_weights_are_at_hand(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["a"])
    model = with_template(BAD["cuts"][0], tmp_path).model_dump()
    settings = make_settings(
        data, tmp_path / "run", SMALL_TASK, model=model, cluster={"kind": "slurm", "dry_run": True}
    )
    with pytest.raises(ConfigError, match=r"model\.chat_template: .*cuts"):
        submit(settings)
