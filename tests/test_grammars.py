"""Grammars that answers share: the same masks as vLLM's own, whoever else uses them, and no document in a log."""

import json
import random
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from conftest import DEMO_MODEL, ROOT
from glane.demo.corpus import write_corpus
from glane.engine import vllm as ours
from glane.engine.parallel_masks import num_threads
from glane.engine.protocol import RequestRefused, Sampling
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights
from glane.task.form import answer_form
from glane.task.grammar import quote_grammar
from glane.task.prompt import messages
from glane.task.task import load_task
from test_copying import can_be_quoted, quotes

pytestmark = pytest.mark.engine
DEMO = ROOT / "lib" / "glane" / "demo" / "model"
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


@pytest.fixture(scope="module")
def unclear():
    """A task whose quotes cannot be told from another field's strings, so that llguidance holds them to the text."""
    fields = {"quote": {"type": "string", "max_length": 9}, "fever": {"type": "boolean", "evidence": True}}
    return load_task({"name": "t", "instructions": "x", "quotes": "copied", "fields": fields})


def forms(task, unclear):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Form

    about = quote_grammar(unclear.fields).about
    return [(Form.JSON, task.answer_schema), (Form.GRAMMAR, about(TEXT)), (Form.GRAMMAR, about("7 ans. RAD."))]


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
def test_a_shared_grammar_allows_what_a_grammar_of_its_own_allows(backends, task, unclear, monkeypatch, kept, copies):
    from glane.engine import grammars

    monkeypatch.setattr(grammars, "_KEPT", kept)
    monkeypatch.setattr(grammars, "_COPIES", copies)
    own, shared = backends()
    for seed in range(6):  # the later ones find what the earlier ones have left
        wanted = walk(own, [own.compile_grammar(*form) for form in forms(task, unclear) * 2], seed=seed)
        found = walk(shared, [shared.compile_grammar(*form) for form in forms(task, unclear) * 2], seed=seed)
        assert found == wanted
    assert len(shared._made) <= kept


def test_a_grammar_is_made_once(backends, task, unclear, monkeypatch):
    from glane.engine import grammars

    made = []
    monkeypatch.setattr(grammars, "LLMatcher", lambda *a, make=grammars.LLMatcher, **k: made.append(1) or make(*a, **k))
    _, shared = backends()
    for _ in range(50):
        for form in forms(task, unclear):
            shared.compile_grammar(*form)
    assert len(made) == len(forms(task, unclear))


def test_each_lane_has_a_grammar_of_its_own_except_for_those_of_one_document(backends, task, unclear, monkeypatch):
    from glane.engine import grammars

    made = []
    monkeypatch.setattr(grammars, "LLMatcher", lambda *a, make=grammars.LLMatcher, **k: made.append(1) or make(*a, **k))
    own, shared = backends()
    shared.lanes = 3
    schema, *of_documents = forms(task, unclear)
    copied = (of_documents[0][0], quote_grammar(task.fields).about(TEXT))
    for form in (schema, copied):
        assert {shared.compile_grammar(*form).lane for _ in range(20)} == {0, 1, 2}
    assert len(made) == 6
    assert [shared.compile_grammar(*form).lane for form in of_documents * 5] == [0] * 10
    assert len(made) == 8
    wanted = walk(own, [own.compile_grammar(*schema) for _ in range(6)], seed=1)
    assert walk(shared, [shared.compile_grammar(*schema) for _ in range(6)], seed=1) == wanted


def test_a_refused_grammar_is_not_quoted(backends, task, caplog):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Form

    _, shared = backends()
    with pytest.raises(ValueError, match="refuses the grammar") as refusal:
        shared.compile_grammar(Form.GRAMMAR, f'start: "{SECRET}" nothing')
    assert SECRET not in str(refusal.value) + caplog.text


@pytest.fixture(scope="module")
def engine():
    engine = start_engine(resolve_weights(DEMO_MODEL), device="cpu", cpus=2)
    yield engine
    engine.close()


def ask(engine, task, texts):
    for name, text in texts.items():
        prompt = engine.encode(messages(task, {"text": text if len(text) < 2000 else TEXT}, style="bare"))
        engine.add(
            name, prompt, form=answer_form(task), text=text, sampling=Sampling(temperature=0.0, seed=0, max_tokens=256)
        )
    found = {}
    while len(found) < len(texts):
        found.update(engine.step())
    return found


def test_the_engine_uses_our_grammars_when_it_says_so(engine, task, monkeypatch):
    from glane.engine.grammars import SharedGrammars

    manager = engine._engine.engine_core.engine_core.structured_output_manager
    made = []
    real = SharedGrammars.compile_grammar
    monkeypatch.setattr(SharedGrammars, "compile_grammar", lambda *a, **k: made.append(a) or real(*a, **k))
    ask(engine, task, {str(number): f"{number}. {TEXT}" for number in range(6)})
    assert engine.shares_grammars
    assert type(manager.backend) is SharedGrammars
    assert len(made) == 6
    lanes = manager.backend.lanes
    assert lanes == num_threads()
    assert len(manager.backend._made) <= 3 * lanes  # for each task that was asked here, and none for a document


HUGE = " ".join(f"{SECRET}{number}" for number in range(40_000))


def test_a_text_of_any_length_may_be_quoted(engine, task):
    found = ask(engine, task, {"huge": TEXT + HUGE, "short": TEXT})
    assert found["huge"].finish_reason == "stop"
    assert json.loads(found["huge"].text) == json.loads(found["short"].text)


def test_a_text_that_llguidance_cannot_hold_is_refused_by_name_and_the_next_is_answered(
    engine, unclear, monkeypatch, capfd
):
    first = ask(engine, unclear, {"first": TEXT})["first"]  # from here on the task counts as checked
    with pytest.raises(RequestRefused) as refusal:
        ask(engine, unclear, {"huge": HUGE})
    monkeypatch.setattr(ours, "_LONGEST_UNCHECKED", 10**9)  # as if our limit were wrong
    found = ask(engine, unclear, {"unchecked": HUGE, "last": TEXT})
    assert found["unchecked"].finish_reason == "error"
    assert found["last"].text == first.text
    assert SECRET not in str(refusal.value) + "".join(capfd.readouterr())


def test_answers_are_those_of_vllms_own_grammars(engine, task, tmp_path):
    """The same documents, and then again with the backend that vLLM would have made.

    That one knows no bounds of words: an answer differs only where it quotes a part of a word, or too little.
    """
    import polars as pl

    write_corpus(tmp_path / "corpus", documents=24, seed=7)
    texts = pl.read_parquet(tmp_path / "corpus" / "documents.parquet")["text"].to_list()

    named = {str(row): text for row, text in enumerate(texts)}
    shared = {name: one.text for name, one in ask(engine, task, named).items()}
    manager = engine._engine.engine_core.engine_core.structured_output_manager
    from vllm.v1.structured_output.backend_guidance import GuidanceBackend

    mine, arguments = manager.backend, (manager.vllm_config, manager.tokenizer, manager.backend.vocab_size)
    manager.backend = GuidanceBackend(*arguments)
    try:
        own = {name: one.text for name, one in ask(engine, task, named).items()}
    finally:
        manager.backend = mine
    others = [name for name in named if own[name] != shared[name]]
    assert len(others) < len(named) / 3
    for name in others:
        assert not all(can_be_quoted(quote, named[name]) for quote in quotes(json.loads(own[name])))
        assert all(can_be_quoted(quote, named[name]) for quote in quotes(json.loads(shared[name])))


# Masks that are computed at once.


def requests_of(grammars):
    return {
        str(number): SimpleNamespace(structured_output_request=SimpleNamespace(grammar=grammar))
        for number, grammar in enumerate(grammars)
    }


@pytest.mark.parametrize("lanes", [1, 3])
def test_masks_computed_at_once_are_those_computed_one_by_one(backends, task, unclear, lanes):
    import numpy as np

    from glane.engine.grammars import SharedGrammar
    from glane.engine.parallel_masks import ParallelMasks

    _, shared = backends()
    shared.lanes = lanes
    alone, together = ([shared.compile_grammar(*form) for form in forms(task, unclear) * 4] for _ in range(2))
    mask = shared.allocate_token_bitmask(len(together) + 2)
    asked, were_ready = requests_of(together), []

    def of_vllm(requests, ids, drafts):
        """As vLLM's: masks in order, those of drafts after one another, and none while a request ("3") thinks."""
        row, first_rows = 0, []
        for name in ids:
            grammar = requests[name].structured_output_request.grammar
            were_ready.append((name, grammar.filled_row is not None))
            first_rows.append(row)
            for _ in range(1 + len(drafts.get(name, ()))):
                if name == "3":
                    mask[row].fill_(-1)
                else:
                    grammar.fill_bitmask(mask, row)
                row += 1
        return mask.numpy()[first_rows]

    manager = SimpleNamespace(grammar_bitmask=of_vllm, _grammar_bitmask=mask)
    at_once = ParallelMasks(manager, SharedGrammar, threads=2)
    draw, one = random.Random(3), shared.allocate_token_bitmask(1)
    for step in range(60):
        ids = [name for name in asked if not together[int(name)].is_terminated()]
        found = at_once(asked, ids, {"5": [1, 2]} if step % 2 else {})
        assert all(grammar.filled_row is None for grammar in together), "nothing is left over for a later state"
        for place, name in enumerate(ids):
            if name == "3":
                continue
            alone[int(name)].fill_bitmask(one, 0)
            assert found[place].tobytes() == one[0].numpy().tobytes(), (step, name)
            allowed = np.flatnonzero(np.unpackbits(found[place].view("uint8"), bitorder="little"))
            token = int(allowed[draw.randrange(len(allowed))])
            assert alone[int(name)].accept_tokens("", [token])
            assert together[int(name)].accept_tokens("", [token])
    assert ("0", True) in were_ready
    assert {ready for name, ready in were_ready if name == "5"} == {True, False}, "drafts have masks of their own"


@pytest.mark.parametrize("lanes", [1, 3])
def test_masks_without_vllms_loop_are_those_with_it(backends, task, unclear, lanes):
    """vLLM's own function decides: beside it, only what it needs of its manager."""
    import torch
    from vllm.v1.structured_output import StructuredOutputManager

    from glane.engine.grammars import SharedGrammar
    from glane.engine.parallel_masks import ParallelMasks

    _, shared = backends()
    shared.lanes = lanes
    grammars = [shared.compile_grammar(*form) for form in forms(task, unclear) * 4]
    manager, asked, draw = object.__new__(StructuredOutputManager), requests_of(grammars), random.Random(5)
    vars(manager).update(
        vllm_config=SimpleNamespace(num_speculative_tokens=0, model_config=SimpleNamespace(is_diffusion=False)), fill_bitmask_parallel_threshold=128, reasoner_cls=None,
        enable_in_reasoning=False, _grammar_bitmask=shared.allocate_token_bitmask(14), _full_mask=torch.tensor(-1),
    )  # fmt: skip
    for request in asked.values():
        request.structured_output_request.reasoning_ended = None
    at_once, left = ParallelMasks(manager, SharedGrammar, threads=2), []
    plain = at_once._ask
    at_once._ask = lambda *of: left.append(len(of[1])) or plain(*of)
    ended = set()
    for step in range(400):
        ids = [name for name in asked if name not in ended or step % 3 == 0]
        found = at_once(asked, ids, {}).copy()
        manager._grammar_bitmask.fill_(5)
        expected = plain(asked, ids, {})
        assert found.shape == expected.shape
        assert found.tobytes() == expected.tobytes(), step
        for place, name in enumerate(ids):
            if name in ended:
                continue
            allowed = np.flatnonzero(np.unpackbits(expected[place].view("uint8"), bitorder="little"))
            grammar = grammars[int(name)]
            assert grammar.accept_tokens("", [int(allowed[draw.randrange(len(allowed))])])
            if grammar.is_terminated() or grammar.ll_matcher.is_stopped():
                ended.add(name)
    assert 0 < len(left) < 400, "an answer that has ended is left to vLLM, and all others are not"


def test_a_stopped_answer_and_few_answers_are_left_to_vllm(backends, task, unclear):
    from glane.engine.grammars import SharedGrammar
    from glane.engine.parallel_masks import ParallelMasks

    _, shared = backends()
    grammars = [shared.compile_grammar(*form) for form in forms(task, unclear) * 3]
    asked, seen = requests_of(grammars), []

    def of_vllm(requests, ids, _):
        seen.append([requests[name].structured_output_request.grammar.filled_row is not None for name in ids])

    manager = SimpleNamespace(grammar_bitmask=of_vllm, _grammar_bitmask=None)
    at_once = ParallelMasks(manager, SharedGrammar, threads=2)
    at_once(asked, list(asked), {})
    manager._grammar_bitmask = shared.allocate_token_bitmask(9)
    at_once(asked, list(asked)[:7], {})
    grammars[0].ll_matcher.consume_tokens([shared.ll_tokenizer.eos_token])  # in error, which is stopped, too
    at_once(asked, list(asked), {})
    assert seen == [[False] * 9, [False] * 7, [False] + [True] * 8]


def test_the_engine_computes_many_masks_at_once_with_the_same_answers(engine, task, monkeypatch):
    from glane.engine import parallel_masks

    manager = engine._engine.engine_core.engine_core.structured_output_manager
    if num_threads() < 2:
        pytest.skip("on one core masks are computed one by one")
    computed = []
    real = parallel_masks.fill_next_token_bitmask_par
    monkeypatch.setattr(
        parallel_masks, "fill_next_token_bitmask_par", lambda *a: computed.append(len(a[1])) or real(*a)
    )
    texts = {str(number): f"{number} ans. {TEXT}" for number in range(12)}
    first = {name: one.text for name, one in ask(engine, task, texts).items()}
    assert max(computed) == 12
    at_once = manager.grammar_bitmask
    monkeypatch.setattr(manager, "grammar_bitmask", at_once._ask)
    assert {name: one.text for name, one in ask(engine, task, texts).items()} == first
