"""Drafts within quotes: only where one place is left, checked by the model, and the answers are the same."""

from collections import Counter

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from conftest import DEMO_MODEL, ROOT
from glane.demo.corpus import generate_corpus
from glane.engine import own_code
from glane.engine.own_code import DRAFTING_SCHEDULER, PROPOSER, arguments_with_own_code, forces_tokens
from glane.engine.protocol import Sampling
from glane.engine.quote_drafts import MOST_DRAFTED, Spelling
from glane.engine.registry import start_engine
from glane.engine.weights import resolve_weights
from glane.form import WALL
from glane.reading.parse import parse
from glane.settings import ModelSettings
from glane.task.form import answer_form
from glane.task.grammar import quote_grammar
from glane.task.prompt import compact_json, messages
from glane.task.task import load_task
from glane.types import Status
from glane_tools.benchmark.drafts import Steps, Way, compared, lines
from glane_tools.benchmark.steps import mistral, shipped_task
from test_engine_vllm import GREEDY, answers
from test_forced_tokens import TEXTS, assert_hold, preempted_of

# What a text goes on with.

PIECES = (b"fi", "è".encode(), b"vre", b" et", b" toux", "😀".encode()[:2], "😀".encode()[2:], b" ", b"e", b"t")


def greedy(text):
    """Tokens of `PIECES`, the first that fits; numbers beyond them are single bytes."""
    tokens, rest = [], text.encode()
    while rest:
        found = next((i for i, piece in enumerate(PIECES) if rest.startswith(piece)), len(PIECES) + rest[0])
        tokens.append(found)
        rest = rest[len(piece(found)) :]
    return tokens


def piece(token):
    return PIECES[token] if token < len(PIECES) else bytes([token - len(PIECES)])


def spelling_of(text, tokenize=greedy):
    return Spelling(text, tokenize=tokenize, piece=piece)


def shown(tokens):
    return [piece(token) for token in tokens]


def test_the_tokens_of_the_text_follow_from_where_one_of_them_begins():
    spelling = spelling_of("fièvre et toux")
    assert shown(spelling.after(2, 2)) == ["è".encode(), b"vre"]
    assert shown(spelling.after(7, 8)) == [b" et", b" toux"]  # the text ends, whatever is asked for
    assert spelling.after(3, 8) == spelling.after(5, 8) == []  # within a character, within a token
    assert spelling.after(15, 8) == spelling.after(99, 8) == []
    assert spelling_of("").after(0, 8) == []


def test_a_character_of_several_tokens_is_drafted_in_its_parts():
    assert shown(spelling_of("et😀 et").after(1, 9)) == [b"t", PIECES[5], PIECES[6], b" et"]


def test_nothing_is_drafted_across_the_wall_between_two_texts():
    spelling = spelling_of(f"et toux{WALL}fi et")
    second = len(f"et toux{WALL}".encode())
    assert shown(spelling.after(2, 9)) == [b" toux"]
    assert shown(spelling.after(second, 9)) == [b"fi", b" et"]
    assert spelling.after(7, 9) == []


def test_from_where_a_tokenizer_changes_the_text_nothing_is_drafted():
    spelling = spelling_of("et toux fi", lambda text: greedy(text.replace("fi", "et")))
    assert shown(spelling.after(0, 9)) == [b"e", b"t", b" toux"]
    assert spelling.after(7, 9) == spelling.after(8, 9) == []


@given(text=st.text("fièvret ux😀\n", max_size=30), most=st.integers(1, 5))
def test_drafts_are_the_tokens_of_the_whole_text(text, most):
    spelling, spelled, tokens = spelling_of(text), text.encode(), greedy(text)
    starts = [len(b"".join(shown(tokens[:i]))) for i in range(len(tokens))]
    for place in range(len(spelled) + 1):
        found = spelling.after(place, most)
        assert found == (tokens[starts.index(place) :][:most] if place in starts else [])
        assert spelled[place:].startswith(b"".join(shown(found)))


# With llguidance and Mistral's vocabulary.


@pytest.fixture(scope="module")
def vocabulary():
    pytest.importorskip("vllm")
    return mistral()


def grammar_about(vocabulary, task, text):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions as Kind

    return vocabulary[0].compile_grammar(Kind.GRAMMAR, quote_grammar(task.fields).about(text))


QUOTED = {
    "name": "t",
    "instructions": "x",
    "quotes": "copied",
    "fields": {"ill": {"type": "boolean", "evidence": True}},
}


def drafted_after(vocabulary, text, quoted, most=MOST_DRAFTED):
    """What is drafted after the beginning of a quote."""
    words = vocabulary[1]
    grammar = grammar_about(vocabulary, load_task(QUOTED), text)
    begun = '{"ill":{"value":true,"quote":"'
    assert grammar.accept_tokens("r", words.spelled(begun + quoted)) or pytest.fail("the quote is not of the text")
    return b"".join(map(words.piece, grammar.drafted_tokens(most)))


@pytest.mark.engine
@pytest.mark.parametrize(
    ("text", "quoted", "follows"),
    [
        ("Il a toux le matin et toux le soir.", "toux le", ""),  # two places are left
        ("Il a toux le matin et toux le soir.", "toux le soir", "."),
        ("Il a toux le matin et toux le soir.", "toux le matin et", " toux le soir."),
        ("Fièvre depuis hier", "Fièvre", " depuis hier"),
        ("Fièvre depuis hier", "Fièvre depuis hier", ""),  # the text ends
        ("Fièvre depuis hier", "", ""),  # nothing of the quote is known
        ('Il dit : "je tousse".', "Il dit", ' : \\"je tousse\\".'),
        ("Aïe 😀🤒 depuis hier", "Aïe", " 😀🤒 depuis hier"),
    ],
)
def test_what_follows_in_the_text_is_drafted_once_one_place_is_left(vocabulary, text, quoted, follows):
    assert drafted_after(vocabulary, text, quoted, most=20).decode() == follows
    short = drafted_after(vocabulary, text, quoted, most=1)
    assert follows.encode().startswith(short)
    assert bool(short) == bool(follows)


@pytest.mark.engine
@pytest.mark.parametrize("name", ["ed_visit", "outbreak_report"])
def test_along_right_answers_there_are_drafts_within_quotes_and_nowhere_else(vocabulary, name):
    words = vocabulary[1]
    task, num_drafted = shipped_task(name), 0
    for example in task.examples:
        text = example.inputs["text"]
        of_text = words.spelled(compact_json(text)[1:-1])
        grammar = grammar_about(vocabulary, task, text)
        for token in words.spelled(compact_json(example.output)):
            before = grammar._past[-1]
            draft = grammar.drafted_tokens(MOST_DRAFTED)
            assert grammar._past[-1] == before
            if draft:
                num_drafted += 1
                assert before.quoted
                assert len(before.ends) == 1
                assert any(of_text[i : i + len(draft)] == draft for i in range(len(of_text)))  # as the text is spelled
                assert grammar.accept_tokens("r", draft)  # the grammar allows all of it
                grammar.rollback(len(draft))
            assert grammar.accept_tokens("r", [token])
        assert grammar.drafted_tokens(MOST_DRAFTED) == []
    assert num_drafted > 20


@pytest.mark.engine
def test_grammars_draft_only_where_that_is_wanted(vocabulary):
    backend, _ = vocabulary
    backend.drafts = False
    try:
        assert drafted_after(vocabulary, "Fièvre depuis hier", "Fièvre") == b""
    finally:
        backend.drafts = True


# Settings.


def of_model(**changes):
    return ModelSettings.model_validate({**DEMO_MODEL.model_dump(), **changes})


@pytest.mark.parametrize(
    "against",
    [
        {"forced_tokens": False},
        {"shared_grammars": False},
        {"async_scheduling": True},
        {"pipeline_parallel_size": 2},
        {"engine_args": {"speculative_config": {"method": "ngram", "num_speculative_tokens": 2}}},
    ],
)
def test_what_makes_drafts_impossible_is_named(against):
    with pytest.raises(ValidationError, match=f"quote_drafts is true, which .*{next(iter(against))}"):
        of_model(quote_drafts=True, **against)
    of_model(**against)


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_vllm_is_told_of_drafts_where_they_are_wanted(monkeypatch, device):
    monkeypatch.setattr(own_code, "vllm_version", lambda: "0.32.1")
    settings = of_model(quote_drafts=True)
    told = arguments_with_own_code(settings, device)
    assert (told["scheduler_cls"], told["async_scheduling"]) == (DRAFTING_SCHEDULER, False)
    assert told["speculative_config"]["model"] == PROPOSER
    assert forces_tokens(settings, device)
    assert own_code.warnings_of(settings) == []
    without = arguments_with_own_code(of_model(), device)
    assert "speculative_config" not in without
    assert without["scheduler_cls"] != DRAFTING_SCHEDULER


@pytest.mark.parametrize(
    ("told", "lengths"),
    [
        (True, [(1, 64, MOST_DRAFTED)]),
        (1, [(1, 1, MOST_DRAFTED), (2, 64, 0)]),
        (8, [(1, 8, MOST_DRAFTED), (9, 64, 0)]),
        (64, [(1, 64, MOST_DRAFTED)]),
        (99, [(1, 64, MOST_DRAFTED)]),
    ],
)
def test_a_number_says_up_to_how_many_requests_drafts_are_made(told, lengths):
    settings = of_model(quote_drafts=told, max_num_seqs=64)
    assert read_again(settings).quote_drafts is told
    found = arguments_with_own_code(settings, "gpu")["speculative_config"]
    assert found["num_speculative_tokens_per_batch_size"] == lengths


def read_again(settings):
    return ModelSettings.model_validate_json(settings.model_dump_json())


def test_none_are_made_with_no_requests_and_what_is_no_number_is_refused():
    assert "speculative_config" not in arguments_with_own_code(of_model(quote_drafts=0), "gpu")
    for wrong in (-1, 2.5, "some"):
        with pytest.raises(ValidationError):
            of_model(quote_drafts=wrong)
    with pytest.raises(ValidationError, match=r"quote_drafts is 8, which forced_tokens=false"):
        of_model(quote_drafts=8, forced_tokens=False)


@pytest.mark.parametrize(("shared", "drafts"), [("auto", False), (True, True)])
def test_with_a_version_that_was_not_tried_it_is_said_what_becomes_of_drafts(monkeypatch, shared, drafts):
    monkeypatch.setattr(own_code, "vllm_version", lambda: "0.33.0")
    settings = of_model(quote_drafts=True, shared_grammars=shared)
    assert ("speculative_config" in arguments_with_own_code(settings, "cpu")) is drafts
    (said,) = [one for one in own_code.warnings_of(settings) if "quote_drafts" in one]
    assert ("uses them all the same" in said) is drafts


# With the demo model.


def started(**changes):
    return start_engine(resolve_weights(DEMO_MODEL.model_copy(update=changes)), device="cpu", cpus=1)


def counting(engine):
    """Count the steps of each request, the tokens that were drafted, and those of them that were kept."""
    scheduler, counts = engine._engine.engine_core.engine_core.scheduler, Counter()
    update = scheduler.update_from_output

    def updated(plan, output):
        counts["steps"] += len(plan.num_scheduled_tokens)
        for request_id, draft in plan.scheduled_spec_decode_tokens.items():
            counts["drafted"] += len(draft)
            counts["kept"] += len(output.sampled_token_ids[output.req_id_to_index[request_id]]) - 1
        return update(plan, output)

    scheduler.update_from_output = updated
    return counts


@pytest.fixture(scope="module")
def task():
    task = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text())
    return load_task({**task, "confidence": True})


@pytest.fixture(scope="module")
def notes():
    texts = dict.fromkeys(one.note.text for one in generate_corpus(documents=40, seed=5))
    return [*texts][:32]


@pytest.fixture(scope="module")
def asked():
    engine = started()
    yield engine, counting(engine)
    engine.close()


@pytest.fixture(scope="module")
def drafting():
    engine = started(quote_drafts=True)
    yield engine, counting(engine)
    engine.close()


@pytest.fixture(scope="module")
def drafting_late():
    """Closed with the others: an engine that is closed takes with it what vLLM keeps once in a process."""
    engine = started(quote_drafts=3, max_num_seqs=16)
    yield engine, counting(engine)
    engine.close()


def told(answers):
    return [(one.text, one.finish_reason, one.num_output_tokens, one.num_forced_tokens) for one in answers]


def assert_same(found, before):
    assert told(found) == told(before)
    for one, other in zip(found, before, strict=True):
        scores, scores_before = one.scores(), other.scores()
        assert scores.pieces == scores_before.pieces
        assert scores.logprobs == pytest.approx(scores_before.logprobs, abs=1e-3)
        assert scores.allowed == pytest.approx(scores_before.allowed, abs=1e-3)
        assert [dict(at).keys() for at in scores.others] == [dict(at).keys() for at in scores_before.others]


@pytest.mark.engine
def test_answers_scores_and_mass_are_the_same_in_fewer_steps(task, notes, asked, drafting):
    (engine, counts), (drafter, drafts) = asked, drafting
    counts.clear()
    drafts.clear()
    before = answers(engine, task, notes)
    found = answers(drafter, task, notes)
    assert_same(found, before)
    assert {parse(one, task.fields).status for one in found} == {Status.OK}
    assert counts["drafted"] == 0
    assert 0 < drafts["kept"] < drafts["drafted"]
    assert drafts["steps"] == counts["steps"] - drafts["kept"]
    assert drafts["steps"] < 0.85 * counts["steps"]
    # Again, from prompts that are in the cache.
    assert_same(answers(drafter, task, notes[:8]), before[:8])


@pytest.mark.engine
def test_at_the_end_only_answers_are_the_same_and_nothing_is_drafted_before(task, notes, asked, drafting_late):
    """Of 24 requests in an engine for 16, drafts are made once three are left."""
    (engine, _), (drafter, counts), in_engine = asked, drafting_late, []
    scheduler = drafter._engine.engine_core.engine_core.scheduler
    plan = scheduler.schedule

    def planned(*arguments, **named):
        num_requests = len(scheduler.requests)
        found = plan(*arguments, **named)
        in_engine.extend([num_requests] * len(found.scheduled_spec_decode_tokens))
        return found

    scheduler.schedule = planned
    before, found = (answers(one, task, notes[:24]) for one in (engine, drafter))
    assert_same(found, before)
    assert set(in_engine) <= {1, 2, 3}
    assert in_engine
    counts.clear()
    alone = [answers(drafter, task, [text])[0] for text in notes[:3]]
    assert_same(alone, before[:3])
    assert counts["kept"] > 0


@pytest.mark.engine
def test_a_wrong_draft_is_rejected(task, notes, asked, drafting, monkeypatch):
    """The end of the quote is drafted wherever the grammar allows one, and the text after it where it goes on."""
    from glane.engine.grammars import CopiedQuotes

    (engine, _), (drafter, drafts) = asked, drafting
    right = CopiedQuotes.drafted_tokens

    def wrong(grammar, most):
        goes_on = right(grammar, most)
        ends = np.flatnonzero(np.unpackbits(grammar.pieces.ending.view(np.uint8), bitorder="little")).tolist()
        planted = next((kept for token in ends if (kept := grammar.validate_tokens([token]))), [])
        return planted if goes_on and planted else goes_on[1:] and grammar.validate_tokens(goes_on[1:])

    monkeypatch.setattr(CopiedQuotes, "drafted_tokens", wrong)
    before = answers(engine, task, notes[:16])
    drafts.clear()
    found = answers(drafter, task, notes[:16])
    assert drafts["drafted"] - drafts["kept"] > 50
    assert_same(found, before)


@pytest.mark.engine
@pytest.mark.parametrize("length", [1, 17, 40, 61])
def test_an_answer_that_is_cut_is_the_same_beginning(task, notes, asked, drafting, length):
    sampling = Sampling(temperature=0.0, seed=0, max_tokens=length)
    before, found = (answers(engine, task, notes[:6], sampling) for engine, _ in (asked, drafting))
    assert_same(found, before)
    assert {(one.finish_reason, one.num_output_tokens) for one in found} == {("length", length)}


@pytest.mark.engine
def test_samples_are_not_drafted_and_are_the_same(task, notes, asked, drafting):
    (engine, _), (drafter, drafts) = asked, drafting
    sampling = Sampling(temperature=0.8, seed=3, max_tokens=256)
    before = answers(engine, task, notes[:8], sampling)
    drafts.clear()
    assert told(answers(drafter, task, notes[:8], sampling)) == told(before)
    assert drafts["drafted"] == 0


@pytest.mark.engine
def test_samples_beside_drafted_answers_change_neither(task, notes, drafting):
    drafter, drafts = drafting
    sampling = Sampling(temperature=0.8, seed=3, max_tokens=256)
    greedy, samples = answers(drafter, task, notes[:6]), answers(drafter, task, notes[6:12], sampling)
    drafts.clear()
    for number, text in enumerate(notes[:12]):
        prompt = drafter.encode(messages(task, {"text": text}, style="bare"))
        how = GREEDY if number < 6 else sampling
        drafter.add(str(number), prompt, form=answer_form(task), text=text, sampling=how)
    found = {}
    while len(found) < 12:
        found.update(drafter.step())
    together = [found[str(number)] for number in range(12)]
    assert told(together[:6]) == told(greedy)
    assert told(together[6:]) == told(samples)
    assert drafts["drafted"] == 0
    assert told(answers(drafter, task, notes[:6])) == told(greedy)
    assert drafts["drafted"] > 0  # once no sample is in the engine


@pytest.mark.engine
@pytest.mark.parametrize("temperature", [0.0, 0.8])
def test_a_prompt_of_which_one_token_is_left_to_compute_is_answered(task, asked, drafting, temperature):
    """vLLM would give such a request drafts that are none, if its table of lengths did not forbid it."""
    (engine, _), (drafter, drafts) = asked, drafting
    block = drafter._engine.vllm_config.cache_config.block_size
    texts = (f"{TEXTS[0]}{' toux' * number}" for number in range(3 * block))
    text = next(one for one in texts if len(drafter.encode(messages(task, {"text": one}, style="bare"))) % block == 1)
    sampling = Sampling(temperature=temperature, seed=3, max_tokens=256)
    before = told(answers(engine, task, [text], sampling))
    drafts.clear()
    assert [told(answers(drafter, task, [text], sampling)) for _ in range(3)] == [before] * 3
    assert (drafts["drafted"] > 0) == (temperature == 0)


@pytest.mark.engine
def test_answers_hold_where_drafted_requests_are_preempted(task, drafting):
    """As for forced tokens: the cache has six blocks, and requests lose theirs to others."""
    drafter, _ = drafting
    texts = [f"Dossier {number}. {3 * TEXTS[number % len(TEXTS)]}" for number in range(16)]
    others = answers(drafter, task, texts)
    engine = started(quote_drafts=True, kv_cache_mib=3, max_num_seqs=64, max_model_len=512)
    counts = counting(engine)
    preempted = preempted_of(engine)
    found = answers(engine, task, texts)
    engine.close()
    assert preempted
    assert counts["kept"] > 0
    assert_hold(found, others, task)


# The comparison of both ways.


def test_a_comparison_is_told_in_ratios_of_neighbouring_rounds():
    off = Way(engine=None, counts=Steps(steps=1000), clock_s=[4.0, 6.0], cores_s=[2.0, 2.0], answers=["a", "b"])
    on = Way(
        engine=None, counts=Steps(steps=700, drafted=500, kept=300), clock_s=[5.0, 12.0], cores_s=[4.0, 2.0],
        answers=["a", "c"],
    )  # fmt: skip
    told = "\n".join(lines(off, on))
    for words in ("1 of 2 are the same", "1,000 without drafts, 700 with them: 0.70", "500 tokens, of which 300"):
        assert words in told
    for words in ("0.65 (0.50 to 0.80, 2 pairs) by the clock", "0.75 (0.50 to 1.00, 2 pairs) by the time"):
        assert words in told


@pytest.mark.engine
@pytest.mark.slow
def test_both_ways_are_compared_in_one_process():
    off, on = compared(["model=demo"], documents=4, pairs=1)
    assert off.answers == on.answers
    assert (off.counts.drafted, on.counts.steps) == (0, off.counts.steps - on.counts.kept)
    assert on.counts.kept > 0
    assert len(off.clock_s) == len(on.cores_s) == 1
