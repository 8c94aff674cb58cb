"""What the benchmark tells of tokens: in quotes, forced, steps left; where the time of a step goes; the machine."""

from __future__ import annotations

import json
import time

import polars as pl
import pytest
import yaml

from conftest import DEMO_MODEL, ROOT, job, read_yaml
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights
from glane.errors import ConfigError
from glane.reading.parse import parse
from glane.settings import ModelSettings
from glane.task.prompt import messages
from glane.task.task import load_task
from glane.types import Status
from glane_tools import random_model
from glane_tools.benchmark.answers import Answers
from glane_tools.benchmark.corpora import task_of, written
from glane_tools.benchmark.machine import instructions, machine
from glane_tools.benchmark.measure import Run
from glane_tools.benchmark.profiles import profile_lines
from glane_tools.benchmark.report import about_sentence
from glane_tools.benchmark.serving import serving_figures
from glane_tools.benchmark.spans import num_quoted, quotes
from glane_tools.benchmark.step_profile import (
    METHOD,
    Profile,
    Timers,
    _ask,
    answered,
    shares,
    times_per_output_token,
    token_mix,
)
from glane_tools.benchmark.steps import TASKS, Count, Vocabulary, count, count_task, mistral, shipped_task, table
from glane_tools.english_reports import TASK

# Quotes.


@pytest.mark.parametrize(
    ("answer", "inside"),
    [
        ('{"a":{"value":1,"quote":"un cas"}}', ["un cas"]),
        ('{"a":{"quote":"il dit \\"oui\\""},"b":{"quote":"é\\\\"}}', ['il dit \\"oui\\"', "é\\\\"]),
        ('{"a":{"missing":"not_stated"}}', []),
        ('{"a":{"quote":"cut', ["cut"]),
    ],
)
def test_quotes_are_found_with_what_is_escaped_in_them(answer, inside):
    spelled = answer.encode()
    assert [spelled[start:end].decode() for start, end in quotes(spelled, b'"quote":"')] == inside


def test_a_token_belongs_where_it_begins():
    pieces = [b'{"quote"', b':"', b"un ", b"cas", b'"}']
    assert num_quoted(pieces, b'"quote":"') == 2
    assert num_quoted([b'{"quote":"un', b' cas"}'], b'"quote":"') == 1


# Steps of right answers.


class Script:
    """A grammar that forces and drafts what it is told to after so many bytes, and allows one answer."""

    def __init__(self, answer: str, forced: dict[int, str], drafted: dict[int, str] | None = None) -> None:
        self._answer, self._forced, self._drafted, self._done = answer, forced, drafted or {}, ""

    def forced_tokens(self) -> list[int]:
        return [ord(one) for one in self._forced.get(len(self._done), "")]

    def drafted_tokens(self, most: int) -> list[int]:
        return [ord(one) for one in self._drafted.get(len(self._done), "")[:most]]

    def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:  # noqa: ARG002
        self._done += "".join(map(chr, tokens))
        return self._answer.startswith(self._done)


LETTERS = Vocabulary(spelled=lambda text: [ord(one) for one in text], piece=lambda token: chr(token).encode())
ANSWER = '{"quote":"un cas grave"}'


def test_forced_tokens_are_no_steps_and_of_drafts_what_is_right():
    forced = {0: '{"quote":"', 23: "}"}
    # "u" is asked for. "n cas gr" is drafted, and "a" follows. "ve, ce j" is drafted, of which "ve" is right; '"' follows.
    drafted = {11: "n cas grave", 20: "ve, ce jour"}
    found = count(ANSWER, Script(ANSWER, forced, drafted), LETTERS, b'"quote":"')
    assert (found.tokens, found.quoted, found.forced, found.steps) == (24, 12, 11, 13)
    assert (found.drafted, found.kept, found.drafted_steps) == (16, 10, 3)
    without = count(ANSWER, Script(ANSWER, forced), LETTERS, b'"quote":"')
    assert (without.drafted, without.drafted_steps) == (0, without.steps) == (0, 13)


def test_the_same_bytes_in_other_tokens_are_spelled_anew():
    pairs = Vocabulary(
        spelled=lambda text: [256 if text[i : i + 2] == '":' else ord(text[i]) for i in range(len(text))
                              if not (i and text[i - 1 : i + 1] == '":')],
        piece=lambda token: b'":' if token == 256 else chr(token).encode(),
    )  # fmt: skip

    class Letters(Script):
        def accept_tokens(self, request_id: str, tokens: list[int]) -> bool:
            return super().accept_tokens(request_id, [ord(c) for one in tokens for c in pairs.piece(one).decode()])

    found = count('{"a":1}', Letters('{"a":1}', {0: '{"a"'}), pairs, b'"quote":"')
    assert (found.tokens, found.forced) == (7, 4)  # {, ", a, " are forced, and then : 1 } are asked for
    assert (found.answers, found.respelled) == (1, 1)


def test_an_answer_that_the_grammar_does_not_allow_is_no_count():
    with pytest.raises(ValueError, match="does not allow token 1 of the answer"):
        count("ab", Script("ax", {}), LETTERS, b"")
    with pytest.raises(ValueError, match="forces something else at token 0 of the answer"):
        count("ab", Script("xb", {0: "x"}), LETTERS, b"")


@pytest.mark.engine
def test_two_fifths_of_the_tokens_of_right_answers_are_forced_in_mistrals_vocabulary():
    """What docs/performance.md tells; a change of tasks, grammars or llguidance moves it."""
    backend, vocabulary = mistral()
    counts = {name: count_task(shipped_task(name), backend, vocabulary) for name in TASKS}
    whole = sum(counts.values(), Count())
    assert 0.35 < whole.forced / whole.tokens < 0.45
    assert (whole.answers, whole.respelled) == (33, 0)
    assert 0.15 < whole.quoted / whole.tokens < 0.25
    assert counts["ed_visit"].forced > counts["ed_visit"].steps
    for one in counts.values():
        assert 0 < one.drafted_steps < one.steps < one.tokens
    told = (ROOT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert all(line in told for line in table(counts).splitlines()), table(counts)


# A profile of a step.


def test_shares_are_of_the_whole_step_and_the_rest_is_told():
    assert shares({"step": 10.0, "forward": 6.0, "masks": 1.5}, "step") == {"forward": 0.6, "masks": 0.15, "rest": 0.25}
    assert shares({}, "step") == {}


def test_timers_add_the_time_of_what_they_are_around():
    class Model:
        def forward(self, seconds):
            time.sleep(seconds)
            return "done"

    timers, model = Timers(), Model()
    timers.around(model, "forward", "forward")
    assert [model.forward(0.02), model.forward(0.03)] == ["done", "done"]
    assert 0.05 <= timers.seconds["forward"] < 0.5


def test_a_step_without_the_model_is_none():
    timers = Timers()

    def computes():
        with timers.of("forward"):
            return "computed"

    assert [timers.step(computes), timers.step(lambda: "empty")] == ["computed", "empty"]
    assert timers.steps == 1
    assert timers.seconds["step"] >= timers.seconds["forward"]


def test_the_time_per_output_token_leaves_out_the_first_one():
    timers = Timers()
    for at, tokens in ((1.0, 1), (1.1, 3), (1.3, 1)):  # four tokens after the first, in 300 ms
        timers.see("a", tokens, at)
    timers.see("b", 1, 5.0)  # a single token has no such time
    found = times_per_output_token(timers)
    assert found == pytest.approx({"mean_tpot_ms": 75.0, "median_tpot_ms": 75.0, "p99_tpot_ms": 75.0})
    assert times_per_output_token(Timers()) == {}


def test_the_mix_of_tokens_adds_up():
    mix = token_mix(20, 55, 100, 400, documents=4)
    assert mix["in_quotes"] + mix["forced"] + mix["other"] == pytest.approx(1.0)
    assert (mix["prompt_tokens_per_document"], mix["output_tokens_per_document"]) == (100.0, 25.0)
    one = {"documents": 4, "valid": 4, "tokens": mix, "steps_of_engine": 9, "steps_per_document": 4.5, "ms_per_step": 1.5,
           "share_of_step": {"forward": 0.6, "rest": 0.4}, "mean_tpot_ms": 2.0}  # fmt: skip
    lines = profile_lines({"method": METHOD, "glane_default": one})
    assert "| `glane_default` | 4 | 4 | 20 % | 55 % | 25 % | 100 | 25 |" in lines
    assert "| `glane_default` | 9 | 4.5 | 1.5 | 60 % | 40 % | 2.0 |" in lines
    assert any(METHOD in line for line in lines)
    assert profile_lines({}) == profile_lines({"method": METHOD}) == []


@pytest.mark.engine
@pytest.mark.parametrize("way", [{}, {"forced_tokens": False}, {"quote_drafts": True}])
def test_a_profile_of_the_demo_model_tells_shares_and_kinds_of_tokens(tmp_path, way):
    corpus = written("notes", tmp_path / "corpus", ["task=ed_visit"], documents=6, seed=1)
    profile = Profile(
        documents=str(corpus.documents), text_column="text", num_documents=4,
        task=read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml"),
        model={**DEMO_MODEL.model_dump(), **way}, device="cpu", cpus=1, found="",
    )  # fmt: skip
    found = _ask(profile)
    assert found["documents"] == found["valid"] == 4
    mix = found["tokens"]
    assert (mix["forced"] > 0) == ("forced_tokens" not in way)
    asked = mix["output_tokens_per_document"] * (1 - mix["forced"])
    if "quote_drafts" in way:
        assert found["steps_per_document"] < asked - 2
    else:
        assert found["steps_per_document"] == pytest.approx(asked, abs=0.1)
    assert found["tokens"]["in_quotes"] > 0.1
    parts = found["share_of_step"]
    assert set(parts) == {"forward", "output_layer", "masks", "sampling", "rest"}
    assert all(0 < share < 1 for share in parts.values())
    assert found["steps_of_engine"] < found["tokens"]["output_tokens_per_document"] * 4
    assert found["mean_tpot_ms"] > 0


@pytest.mark.engine
def test_answers_of_random_weights_are_valid_and_come_again(tmp_path):
    """In Mistral's vocabulary, with a model so small that it starts in seconds."""
    random_model.write_model(tmp_path, hidden_size=32, intermediate_size=112, num_hidden_layers=1, head_dim=32)
    values = read_yaml(ROOT / "conf" / "model" / "random_tekken.yaml")
    values = {key: value for key, value in values.items() if key != "defaults"}
    task = load_task(read_yaml(ROOT / "conf" / "task" / "ed_visit.yaml"))
    model = resolve_weights(ModelSettings.model_validate({**values, "path": str(tmp_path), "in_process": True}))
    engine = start_engine(model, device="cpu", cpus=1)
    texts = ["Pte de 34 ans, fièvre à 39, toux depuis 2 jours.", "Mr de 81 ans adressé pour dyspnée. Sat 88 %."]
    prompts = [engine.encode(messages(task, {"text": text}, style="full")) for text in texts]
    first, again = (answered(engine, task, model, prompts, texts) for _ in range(2))
    engine.close()
    assert {name: one.text for name, one in first.items()} == {name: one.text for name, one in again.items()}
    for one in first.values():
        assert parse(one, task.fields).status == Status.OK
        assert one.num_forced_tokens > 4 * len(task.fields)  # a key and its marks are several tokens each


@pytest.mark.engine
@pytest.mark.ray
@pytest.mark.slow
def test_forced_and_asked_are_compared_in_steps(tmp_path):
    job(
        f"out.dir={tmp_path}/out", "corpus=reports", "documents=20", "pairs=1", "profile=0",
        "contenders=[glane_default,glane_asked]", name="benchmark", timeout=500,
    )  # fmt: skip
    found = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert found["unable"] == {}
    forced, asked = found["runs"]
    assert (forced["contender"], asked["contender"]) == ("glane_default", "glane_asked")
    assert 0 < forced["steps"] < forced["output_tokens"]
    assert asked["steps"] == asked["output_tokens"]
    ratio = found["ratios"]["steps_forced_vs_off"]
    assert ratio["median"] == pytest.approx(forced["steps"] / asked["steps"], abs=1e-3)
    assert {"steady_forced_vs_off", "total_forced_vs_off"} <= set(found["ratios"])
    assert (found["about"]["corpus"], found["about"]["task"]) == ("reports", "outbreak_news")
    assert found["about"]["machine"]["instructions"] is not None


# Corpora, the machine, and vLLM's names.


def test_english_reports_come_with_their_task(tmp_path):
    words = ["task=ed_visit", "model=smollm2", "task.confidence=false"]
    corpus = written("reports", tmp_path / "corpus", words, documents=7, seed=3)
    assert pl.read_parquet(corpus.documents).height == 7
    assert corpus.words == (
        "--config-dir", str(tmp_path / "corpus"), "task=outbreak_news", "model=smollm2", "task.confidence=false",
    )  # fmt: skip
    told = yaml.safe_load((tmp_path / "corpus" / "task" / "outbreak_news.yaml").read_text())
    assert told == TASK
    configured = {"name": "ed_visit", "confidence": False, "fields": {}, "quotes": "free"}
    found = task_of("reports", configured)
    assert (found["name"], found["confidence"], found["quotes"]) == ("outbreak_news", False, "free")
    assert load_task(found).fields.keys() == TASK["fields"].keys()
    assert task_of("notes", configured) is configured
    with pytest.raises(ConfigError, match="corpus=reports has a task of its own"):
        task_of("reports", {"name": "death_certificate"})


def test_the_machine_is_told_with_what_decides_its_speed():
    cpuinfo = "processor\t: 0\nmodel name\t: Some CPU\nflags\t\t: fpu avx2 sse avx512f amx_tile avx512_bf16 fma\n"
    assert instructions(cpuinfo) == ["amx_tile", "avx2", "avx512_bf16", "avx512f", "fma"]
    assert instructions("") == []
    assert machine()["cores"] >= 1
    about = {"machine": {"processor": "Some CPU", "cores": 2, "instructions": ["avx2"]}, "load_before": 0.1,
             "versions": {"vllm": "0.32.1"}}  # fmt: skip
    said = about_sentence(about)
    assert all(part in said for part in ("Some CPU, 2 core(s)", "avx2", "load before 0.1", "vllm 0.32.1"))
    assert "on others, ratios can be others" in said


def test_figures_have_the_names_of_vllms_benchmarks():
    answers = Answers(rows=(b"",) * 10, prompt_tokens={1: 50, 2: 70}, num_valid=9, output_tokens=80)
    run = Run(contender="glane_default", total_s=9.0, steady_rows_per_s=2.5, num_rows=10, answers=answers,
              forced_tokens=30)  # fmt: skip
    assert run.steps == 50
    assert serving_figures(run) == {
        "request_throughput": 0.5, "output_throughput": 20.0, "total_token_throughput": 50.0, "correct_rate(%)": 90.0,
    }  # fmt: skip
    untold = Run(contender="bare_on", total_s=9.0, answers=answers)
    assert (untold.steps, serving_figures(untold)) == (None, {})
    json.dumps(serving_figures(run))
