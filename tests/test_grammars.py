"""Grammars that answers share: the same masks as vLLM's own, whoever else uses them, and no document in a log."""

import json
import random
from types import SimpleNamespace

import pytest
import yaml

from conftest import ROOT
from glane.demo.corpus import write_corpus
from glane.engine import vllm as ours
from glane.engine.engine import RequestRefused, Sampling, start_engine
from glane.engine.weights import resolve_weights
from glane.settings import ModelSettings
from glane.task.grammar import AnswerGrammar
from glane.task.prompt import messages
from glane.task.task import load_task

pytestmark = pytest.mark.engine
DEMO = ROOT / "lib" / "glane" / "demo" / "model"
MODEL = ModelSettings(
    name="demo", path=str(DEMO), prompt_style="bare", max_model_len=2048, max_tokens=256, dtype="float32",
    max_num_seqs=16, kv_cache_mib=128, engine_args={"enforce_eager": True},
)  # fmt: skip
SECRET = "Zyzomys"
TEXT = f"Femme de 34 ans, {SECRET}. Fièvre à 39,2 et toux depuis 3 jours. Hospitalisation."


@pytest.fixture(scope="module")
def task():
    raw = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text(encoding="utf-8"))
    return load_task({**raw, "quotes": "copied"})


@pytest.fixture(scope="module")
def backends():
    from transformers import AutoTokenizer
    from vllm.v1.structured_output.backend_guidance import GuidanceBackend

    from glane.engine.grammars import SharedGrammars

    tokenizer = AutoTokenizer.from_pretrained(DEMO)
    config = SimpleNamespace(
        structured_outputs_config=SimpleNamespace(disable_any_whitespace=True, disable_additional_properties=False)
    )
    arguments = (config, tokenizer, len(tokenizer))
    return lambda: (GuidanceBackend(*arguments), SharedGrammars(*arguments))


def forms(task):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Form

    about = AnswerGrammar(task.fields, task.spelling).about
    return [
        (Form.JSON, task.answer_schema),
        (Form.GRAMMAR, about(TEXT)),
        (Form.GRAMMAR, about("Homme de 7 ans. RAD.")),
    ]


def walk(backend, grammars, *, seed):
    """The masks at each step of answers that are drawn at random, all at once and in turn."""
    import numpy as np

    mask = backend.allocate_token_bitmask(1)
    draw = random.Random(seed)
    masks = []
    for _ in range(60):
        for grammar in grammars:
            if grammar.is_terminated():
                continue
            grammar.fill_bitmask(mask, 0)
            masks.append(mask[0].numpy().tobytes())
            allowed = np.flatnonzero(np.unpackbits(mask[0].numpy().view("uint8"), bitorder="little"))
            assert grammar.accept_tokens("", [int(allowed[draw.randrange(len(allowed))])])
    return masks


@pytest.mark.parametrize(("kept", "copies"), [(64, 10_000), (1, 2)])
def test_a_shared_grammar_allows_what_a_grammar_of_its_own_allows(backends, task, monkeypatch, kept, copies):
    from glane.engine import grammars

    monkeypatch.setattr(grammars, "_KEPT", kept)
    monkeypatch.setattr(grammars, "_COPIES", copies)
    own, shared = backends()
    for seed in range(6):  # the later ones find what the earlier ones have left
        wanted = walk(own, [own.compile_grammar(*form) for form in forms(task) * 2], seed=seed)
        found = walk(shared, [shared.compile_grammar(*form) for form in forms(task) * 2], seed=seed)
        assert found == wanted
    assert len(shared._made) <= kept


def test_a_grammar_is_made_once(backends, task, monkeypatch):
    from glane.engine import grammars

    made = []
    monkeypatch.setattr(grammars, "LLMatcher", lambda *a, make=grammars.LLMatcher, **k: made.append(1) or make(*a, **k))
    _, shared = backends()
    for _ in range(50):
        for form in forms(task):
            shared.compile_grammar(*form)
    assert len(made) == len(forms(task))


def test_a_refused_grammar_is_not_quoted(backends, task, caplog):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Form

    _, shared = backends()
    with pytest.raises(ValueError, match="refuses the grammar") as refusal:
        shared.compile_grammar(Form.GRAMMAR, f'start: "{SECRET}" nothing')
    assert SECRET not in str(refusal.value) + caplog.text


@pytest.fixture(scope="module")
def engine():
    engine = start_engine(resolve_weights(MODEL), device="cpu", cpus=2)
    yield engine
    engine.close()


def test_a_text_that_no_grammar_can_hold_is_refused_by_name_and_the_next_is_answered(engine, task, monkeypatch, capfd):
    asked = Sampling(temperature=0.0, seed=0, max_tokens=256)
    prompt = engine.encode(messages(task, {"text": TEXT}, style="bare"))
    huge = " ".join(f"{SECRET}{number}" for number in range(40_000))
    engine.add("first", prompt, task=task, text=TEXT, sampling=asked)  # from here on the task counts as checked
    with pytest.raises(RequestRefused) as refusal:
        engine.add("huge", prompt, task=task, text=huge, sampling=asked)
    monkeypatch.setattr(ours, "_LONGEST_UNCHECKED", 10**9)  # as if our limit were wrong
    engine.add("unchecked", prompt, task=task, text=huge, sampling=asked)
    engine.add("last", prompt, task=task, text=TEXT, sampling=asked)
    found = {}
    while len(found) < 3:
        found.update(engine.step())
    assert found["unchecked"].finish_reason == "error"
    assert found["last"].text == found["first"].text
    assert json.loads(found["first"].text)["age"]["value"] == 34
    assert SECRET not in str(refusal.value) + "".join(capfd.readouterr())


def test_answers_are_those_of_vllms_own_grammars(engine, task, tmp_path):
    """The same documents, and then again with the backend that vLLM would have made."""
    import polars as pl

    write_corpus(tmp_path / "corpus", documents=24, seed=7)
    texts = pl.read_parquet(tmp_path / "corpus" / "documents.parquet")["text"].to_list()

    def answers(number):
        for row, text in enumerate(texts):
            prompt = engine.encode(messages(task, {"text": text}, style="bare"))
            sampling = Sampling(temperature=0.0, seed=0, max_tokens=256)
            engine.add(f"{number}-{row}", prompt, task=task, text=text, sampling=sampling)
        found = {}
        while len(found) < len(texts):
            found.update(engine.step())
        return [found[f"{number}-{row}"].text for row in range(len(texts))]

    shared = answers(0)
    manager = engine._engine.engine_core.engine_core.structured_output_manager
    from vllm.v1.structured_output.backend_guidance import GuidanceBackend

    mine, arguments = manager.backend, (manager.vllm_config, manager.tokenizer, manager.backend.vocab_size)
    manager.backend = GuidanceBackend(*arguments)
    try:
        assert answers(1) == shared
    finally:
        manager.backend = mine
