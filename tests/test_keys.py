"""Short keys: the same answers in fewer tokens, and nothing behind the parser knows of them."""

import json

import jsonschema
import llguidance
import pytest

from conftest import ROOT, job_here, make_settings, read_yaml, work, write_documents
from glane.extraction.results import open_run
from glane.reading.parse import parse
from glane.task.answer import read_answer
from glane.task.grammar import quote_grammar
from glane.task.keys import short_keys
from glane.task.locate import locate
from glane.task.prompt import compact_json, messages
from glane.task.task import load_task
from glane.types import Completion, Status

TASKS = sorted(path.stem for path in (ROOT / "conf" / "task").glob("*.yaml"))


def tasks(shipped_task, name):
    cases = read_yaml(ROOT / "tests" / "gold" / f"{name}.yaml")
    values = shipped_task(name)
    return load_task({**values, "examples": cases}), load_task({**values, "examples": cases, "keys": "short"})


@pytest.mark.parametrize("name", TASKS)
def test_an_answer_with_short_keys_says_the_same(name, shipped_task):
    full, short = tasks(shipped_task, name)
    schema = json.loads(short.answer_schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    for example in full.examples:
        written = short.spelling.in_answer(example.output)
        answer = compact_json(written)
        assert len(answer) < len(compact_json(example.output))
        jsonschema.validate(written, schema)
        done = Completion(text=answer, finish_reason="stop", num_prompt_tokens=1, num_output_tokens=1, scores=None)
        judgement = parse(done, short.fields, short.spelling)
        assert judgement.status == Status.OK
        expected = read_answer(full.fields, locate(compact_json(example.output)))
        assert said(judgement.found) == said(expected)
        grammar = llguidance.LLMatcher.grammar_from_lark(
            quote_grammar(short.fields, short.spelling).about(example.inputs["text"])
        )
        assert accepts(grammar, answer)
        assert not accepts(grammar, compact_json(example.output))


def said(found):
    """What was found, but for places in the answer, which differ."""
    return {
        name: (one.value, one.missing, one.quote, one.assertion, one.precision, one.items and [said({"": i}) for i in one.items],
               one.fields and said(one.fields))
        for name, one in found.items()
    }  # fmt: skip


def accepts(grammar, answer):
    tokenizer = llguidance.LLTokenizer("byte")
    matcher = llguidance.LLMatcher(tokenizer, grammar)
    return matcher.consume_tokens(list(answer.encode())) and matcher.is_accepting()


@pytest.mark.parametrize("name", TASKS)
def test_the_prompt_tells_every_short_key(name, shipped_task):
    _, short = tasks(shipped_task, name)
    prompt = messages(short, dict.fromkeys(short.inputs, ""), style="full")[0]["content"]
    for full, key in short.spelling.short.items():
        if full not in ("value", "assertion", "quote", "missing"):  # these have their legend
            assert f"- {key} = {full} (" in prompt
        assert f'"{full}":' not in prompt
    assert len(set(short.spelling.short.values())) == len(short.spelling.short)


def test_short_keys_never_take_the_name_of_another_field(shipped_task):
    values = shipped_task("ed_visit") | {"examples": [], "rules": [], "translations": {}}
    names = ["quote", "q", "v", "onset_date", "outcome_death", "od", "o", "x", "place", "places"]
    values["fields"] = {name: {"type": "string"} for name in names}
    spelling = short_keys(load_task(values).fields)
    written = [spelling.written(name) for name in names]
    assert len(set(written)) == len(names)
    assert not (set(spelling.short.values()) & set(names))


def test_a_run_with_short_keys_has_the_same_columns(tmp_path, shipped_task):
    data = write_documents(tmp_path / "d.parquet", [f"note {i}" for i in range(40)])
    found = []
    for keys in ("full", "short"):
        task = {**shipped_task("ed_visit"), "keys": keys}
        settings = make_settings(data, tmp_path / keys, task=task, model__prompt_style="bare")  # one prompt, one answer
        run, report = work(settings)
        assert report.outcome == "done", report.message
        found.append(open_run(run.directory.root, partial=True).all().collect())
    assert found[0].schema == found[1].schema
    assert found[0]["status"].to_list() == found[1]["status"].to_list()
    assert found[0]["age"].to_list() == found[1]["age"].to_list()


def test_a_model_that_learned_the_full_keys_is_not_asked_for_short_ones(tmp_path):
    data = write_documents(tmp_path / "d.parquet", ["note"])
    done = job_here(
        "task=ed_visit", "model=demo", "task.keys=short", f"data.path={data}", f"run.dir={tmp_path}/run", check=2
    )
    assert "task.keys" in done.stderr
    assert "model.prompt_style" in done.stderr
