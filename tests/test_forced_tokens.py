"""Tokens that the grammar leaves no choice about: appended without a step, and the answers are the same."""

from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from pydantic import ValidationError

from conftest import DEMO_MODEL, ROOT, copy_tekken
from glane.engine import own_code
from glane.engine.own_code import FORCING_SCHEDULER, SCHEDULER, arguments_with_own_code, forces_tokens
from glane.engine.packed_scores import FORCED_ID, MASS_ID, PackedScores
from glane.engine.protocol import Sampling
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights
from glane.reading.parse import parse
from glane.settings import ModelSettings
from glane.task.grammar import quote_grammar
from glane.task.prompt import compact_json
from glane.task.task import load_task
from glane.types import Status
from test_allowed_mass import Vocabulary, flat
from test_engine_vllm import answers

TASKS = ("ed_visit", "outbreak_report", "death_certificate", "literature_screening")
TEXTS = (
    "Pte de 34 ans, fièvre à 39, toux depuis 2 jours. Conclusion : grippe. RAD.",
    "Mr de 81 ans adressé pour dyspnée. Sat 88 %. Pneumopathie basilaire droite. Hospitalisé en pneumologie.",
    "Enfant de 3 ans, vomissements et diarrhée depuis hier, pas de fièvre. Gastro-entérite. Retour à domicile.",
    "Femme 56 ans, céphalées, nausées, toute la famille malade, chauffage d'appoint. Intoxication au CO. Caisson.",
    "Patient de 40 ans, chute de vélo, douleur poignet gauche. Radio : fracture. Plâtre. RAD.",
    'Il dit : "je tousse". \\n Température 38,5 °C.',
    "Homme de 67 ans, douleur thoracique, ECG normal, troponine négative. Sortie.",
)


def of_model(**changes):
    return ModelSettings.model_validate({**DEMO_MODEL.model_dump(), **changes})


@pytest.mark.parametrize(
    ("changes", "device", "version", "forces"),
    [
        ({}, "cpu", "0.32.1", True),
        ({}, "gpu", "0.32.1", False),
        ({}, "cpu", "0.33.0", False),
        ({"shared_grammars": False}, "cpu", "0.32.1", False),
        ({"async_scheduling": True}, "cpu", "0.32.1", False),
        ({"pipeline_parallel_size": 2}, "cpu", "0.32.1", False),
        ({"forced_tokens": False}, "cpu", "0.32.1", False),
        ({"forced_tokens": True}, "gpu", "0.32.1", True),
        ({"forced_tokens": True, "shared_grammars": True}, "cpu", "0.33.0", True),
    ],
)
def test_where_tokens_are_forced(monkeypatch, changes, device, version, forces):
    monkeypatch.setattr(own_code, "vllm_version", lambda: version)
    settings = of_model(**changes)
    assert forces_tokens(settings, device) is forces
    arguments = arguments_with_own_code(settings, device)
    if forces:
        assert (arguments["scheduler_cls"], arguments["async_scheduling"]) == (FORCING_SCHEDULER, False)
        is_tried = version.startswith("0.32.")  # with others, no mass is told
        assert arguments["worker_extension_cls"] == (
            own_code.WORKER_EXTENSION if is_tried else own_code.FORCING_EXTENSION
        )
    else:
        assert arguments.get("scheduler_cls") in (SCHEDULER, None)


@pytest.mark.parametrize(
    "against", [{"shared_grammars": False}, {"async_scheduling": True}, {"pipeline_parallel_size": 2}]
)
def test_what_makes_it_impossible_is_named(against):
    with pytest.raises(ValidationError, match=f"{next(iter(against))}={str(next(iter(against.values()))).lower()}"):
        of_model(forced_tokens=True, **against)


def test_a_forced_token_has_probability_one_and_no_alternatives():
    asked = [(0, -0.5), (0, -0.5), (1, -1.0), (2, -np.inf), (MASS_ID, -3.0)]
    forced = [(3, 0.0), (FORCED_ID, -np.inf), (FORCED_ID, -np.inf), (FORCED_ID, -np.inf), (MASS_ID, 0.0)]
    scores = PackedScores(Vocabulary(), [0, 3], flat(asked, forced))
    assert scores.num_forced == 1
    told = scores()
    assert told.allowed == [-3.0, 0.0]
    assert told.logprobs == [-0.5, 0.0]
    assert told.others[1] == [(b"d", 0.0)]


@pytest.mark.engine
@pytest.mark.parametrize("name", TASKS)
def test_right_answers_in_a_real_vocabulary_are_made_of_what_is_forced(tmp_path, name):
    """Whatever is forced is what the tokenizer spells the right answer with, and it is a good part of it."""
    from vllm.tokenizers import get_tokenizer
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Form

    from glane.engine.grammars import SharedGrammars

    tokenizer = get_tokenizer(str(copy_tekken(tmp_path)), tokenizer_mode="mistral")
    config = SimpleNamespace(
        structured_outputs_config=SimpleNamespace(disable_any_whitespace=True, disable_additional_properties=False)
    )
    backend = SharedGrammars(config, tokenizer, len(tokenizer.get_vocab()))
    raw = yaml.safe_load((ROOT / "conf" / "task" / f"{name}.yaml").read_text())
    raw.pop("defaults", None)
    cases = yaml.safe_load((ROOT / "tests" / "gold" / f"{name}.yaml").read_text())
    task = load_task({**raw, "examples": cases})
    num_tokens = num_forced = 0
    for example in task.examples:
        answer = tokenizer.llg_tokenizer.tokenize_str(compact_json(example.output))
        grammar = backend.compile_grammar(Form.GRAMMAR, quote_grammar(task.fields).about(example.inputs["text"]))
        place = 0
        while place < len(answer):
            forced = grammar.forced_tokens()
            assert answer[place : place + len(forced)] == forced
            more = forced or answer[place : place + 1]
            assert grammar.accept_tokens("r", more)
            place, num_forced = place + len(more), num_forced + len(forced)
        num_tokens += len(answer)
        assert grammar.forced_tokens() == []  # of an answer that is complete
    assert num_forced > 0.3 * num_tokens


def started(**changes):
    return start_engine(resolve_weights(DEMO_MODEL.model_copy(update=changes)), device="cpu", cpus=2)


@pytest.fixture(scope="module")
def task():
    return load_task(yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text()))


@pytest.fixture(scope="module")
def asked(task):
    """Answers whose tokens were all asked for."""
    engine = started(forced_tokens=False)
    yield answers(engine, task, TEXTS)
    engine.close()


@pytest.fixture(scope="module")
def forcing():
    engine = started()
    yield engine
    engine.close()


@pytest.mark.engine
def test_answers_are_the_same_and_fewer_of_their_tokens_are_asked_for(task, asked, forcing):
    found = answers(forcing, task, TEXTS)
    assert [one.text for one in found] == [one.text for one in asked]
    assert {one.num_forced_tokens for one in asked} == {0}
    for one, before in zip(found, asked, strict=True):
        assert one.num_forced_tokens > 0
        assert one.num_output_tokens - one.num_forced_tokens < before.num_output_tokens
        told, told_before = one.scores(), before.scores()
        assert b"".join(told.pieces).decode() == b"".join(told_before.pieces).decode()
        assert len(told.pieces) == len(told.logprobs) == len(told.others) == len(told.allowed) == one.num_output_tokens
        if told.pieces == told_before.pieces:
            assert told.logprobs == pytest.approx(told_before.logprobs, abs=0.02)


@pytest.mark.engine
@pytest.mark.parametrize("length", [1, 2, 3, 17, 40])
def test_an_answer_that_is_cut_is_as_long_as_it_may_be(task, forcing, length):
    cut = answers(forcing, task, TEXTS[:3], Sampling(temperature=0.0, seed=0, max_tokens=length))
    assert {(one.finish_reason, one.num_output_tokens) for one in cut} == {("length", length)}


@pytest.mark.engine
def test_samples_are_valid_and_come_again(task, forcing):
    first, again = (answers(forcing, task, TEXTS, Sampling(temperature=0.8, seed=3, max_tokens=256)) for _ in range(2))
    assert [one.text for one in first] == [one.text for one in again]
    assert {parse(one, task.fields).status for one in first} == {Status.OK}


def preempted_of(engine):
    """The requests that an engine preempts from now on, by id."""
    scheduler = engine._engine.engine_core.engine_core.scheduler
    preempt, preempted = scheduler._preempt_request, []
    scheduler._preempt_request = lambda request, *rest, **named: (
        preempted.append(request.request_id), preempt(request, *rest, **named)
    )[1]  # fmt: skip
    return preempted


def assert_hold(found, others, task):
    """Answers are valid, and nearly all are the same."""
    same = [one.text == other.text for one, other in zip(found, others, strict=True)]
    assert np.mean(same) > 0.9  # computed in other batches, a tie may fall otherwise
    assert {parse(one, task.fields).status for one in found} == {Status.OK}


@pytest.mark.engine
def test_answers_hold_where_requests_are_preempted(task, forcing):
    """The cache has six blocks of 128 tokens. Requests begin with one each, need a second, and lose theirs to others."""
    texts = [f"Dossier {number}. {3 * TEXTS[number % len(TEXTS)]}" for number in range(16)]
    others = answers(forcing, task, texts)  # before: what ends the second engine of a process ends the first, too
    engine = started(kv_cache_mib=3, max_num_seqs=64, max_model_len=512)
    preempted = preempted_of(engine)
    found = answers(engine, task, texts)
    engine.close()
    assert preempted
    assert_hold(found, others, task)
