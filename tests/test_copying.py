"""Copied quotes: whatever is allowed quotes the text, and all that quotes the text is allowed."""

import json
import random

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, copy_tekken
from glane.boundaries import within_characters, within_numbers, within_words
from glane.engine.copying import Passage, Pieces, Where
from glane.form import free_quotes
from glane.task.grammar import quote_grammar
from glane.task.task import load_task

OPENER = '"q":"'
LETTERS = 'ab"\\ A1'


def allowed(mask):
    return set(np.flatnonzero(np.unpackbits(mask.view(np.uint8), bitorder="little")).tolist())


def pieces_of(tokens):
    num_words = -(-len(tokens) // 32)
    return Pieces(tokens.__getitem__, num_tokens=len(tokens), num_words=num_words, opener=OPENER)


def spelled(text):
    return json.dumps(text, ensure_ascii=False)[1:-1]


def ends_one_and_begins_the_next(where, token, passage):
    """The one thing that is not allowed although it could be."""
    if where.quoted is None:
        return False
    states = [passage.after(where, token[:end]) for end in range(len(token) + 1)]
    inside = [state is not None and state.quoted is not None for state in states]
    reopened = [i for i in range(1, len(inside)) if inside[i] and not inside[i - 1]]
    return bool(reopened) and reopened[0] < len(token)


def closed_by(where, token, passage):
    """The quote that a token closes first, as JSON spells it."""
    for end in range(1, len(token) + 1):
        before, after = passage.after(where, token[: end - 1]), passage.after(where, token[:end])
        if before is not None and before.quoted and after is not None and after.quoted is None:
            return before.quoted.decode()
    return None


def is_enough(piece):
    return sum(map(str.isalnum, piece)) >= 3 or any(map(str.isupper, piece)) or "😀" in piece


def unescaped(spelled):
    """A quote as it is, of what JSON spells; empty if it ends within an escape."""
    try:
        return json.loads(f'"{spelled}"')
    except ValueError:
        return ""


def can_be_quoted(quote, text):
    """Whether a piece stands between bounds of words, numbers and characters, and is long enough."""
    cut = within_numbers(text) | within_characters(text) | set(np.flatnonzero(within_words(text)).tolist())
    places = [start for start in range(len(text)) if text.startswith(quote, start)]
    is_long = is_enough(quote) or not is_enough(text)
    return quote != "" and is_long and any(not {start, start + len(quote)} & cut for start in places)


TOKENS = st.lists(
    st.one_of(
        st.text(LETTERS, min_size=1, max_size=3),
        st.sampled_from(
            [OPENER, OPENER[1:], OPENER[2:] + "a", OPENER + "ab", '",' + OPENER, 'a",' + OPENER + "b", "é"]
        ),
    ),
    min_size=1,
    max_size=40,
    unique=True,
)


@settings(max_examples=300, deadline=None)
@given(
    tokens=TOKENS,
    text=st.text(LETTERS + "é\n", min_size=1, max_size=12) | st.sampled_from(["ab" * 6, "a" * 12, "b" + "a" * 9]),
    path=st.lists(st.integers(0, 10**6), max_size=12),
)
def test_a_mask_allows_just_what_goes_on_with_the_text(tokens, text, path):
    tokens = [b"", *(token.encode() for token in [*tokens, *OPENER])]
    passage = Passage(spelled(text), pieces_of(tokens))
    everything = np.full(-(-len(tokens) // 32), -1, np.int32)
    where = Where()
    for choice in path:
        mask = everything.copy()
        passage.narrow(where, mask)
        found = {i for i in allowed(mask) if i < len(tokens) and tokens[i]}
        for number, token in enumerate(tokens):
            if not token:
                continue
            after = passage.after(where, token)
            if ends_one_and_begins_the_next(where, token, passage):
                continue
            quote = closed_by(where, token, passage)
            if quote is not None and not can_be_quoted(unescaped(quote), text):
                # Only where nothing goes on may a quote end all the same.
                assert number not in found or all(b'"' in tokens[i] for i in found), (where, token)
                continue
            assert (number in found) == (after is not None), (where, token)
        usable = sorted(i for i in found if passage.after(where, tokens[i]) is not None)
        if not usable:
            return
        where = passage.after(where, tokens[usable[choice % len(usable)]])


# With llguidance, and the vocabularies of real tokenizers.


@pytest.fixture(scope="module", params=["demo", "tekken"])
def backend(request, tmp_path_factory):
    pytest.importorskip("vllm")
    from types import SimpleNamespace

    from vllm.tokenizers import get_tokenizer

    from glane.engine.grammars import SharedGrammars

    if request.param == "demo":
        tokenizer = get_tokenizer(ROOT / "lib" / "glane" / "demo" / "model")
    else:
        folder = copy_tekken(tmp_path_factory.mktemp("tekken"))
        tokenizer = get_tokenizer(str(folder), tokenizer_mode="mistral")
    config = SimpleNamespace(
        structured_outputs_config=SimpleNamespace(disable_any_whitespace=True, disable_additional_properties=False)
    )
    return SharedGrammars(config, tokenizer, len(tokenizer))


@pytest.fixture(scope="module")
def task():
    return load_task(
        {
            "name": "t",
            "instructions": "x",
            "quotes": "copied",
            "fields": {
                "age": {"type": "integer", "minimum": 0, "maximum": 120, "evidence": True, "nullable": True},
                "signs": {
                    "type": "list",
                    "max_items": 3,
                    "evidence": True,
                    "items": {"type": "enum", "values": ["fièvre", "toux"]},
                },
                "place": {"type": "string", "max_length": 8, "evidence": True, "missing": ["not_stated", "denied"]},
            },
        }
    )


def grammar_of(backend, spec):
    from vllm.v1.structured_output.backend_types import StructuredOutputOptions

    return backend.compile_grammar(StructuredOutputOptions.GRAMMAR, spec)


def mask_of(backend, grammar):
    mask = backend.allocate_token_bitmask(1)
    grammar.fill_bitmask(mask, 0)
    return mask[0].numpy().copy()


def pick(draw, tokens, eos):
    """Any of the allowed tokens, but the end only where there is nothing else."""
    return draw.choice(sorted(tokens - {eos}) or [eos])


@pytest.mark.engine
@pytest.mark.parametrize("text", ["Enfant de 7 ans, fièvre et toux à Évry 😀 depuis hier.", "a", "é" * 40])
def test_llguidance_allows_no_more_and_accepts_all_of_it(backend, task, text):
    """Its masks may be narrower: where only one text can follow, it allows only the one token that is longest."""
    import llguidance

    spec = quote_grammar(task.fields).about(text)
    lark = llguidance.LLMatcher.grammar_from_lark(spec)
    draw = random.Random(text)
    for _ in range(12):
        ours, theirs = grammar_of(backend, spec), llguidance.LLMatcher(backend.ll_tokenizer, lark)
        for _ in range(120):
            if ours.is_terminated() or theirs.is_stopped():
                break
            mine = allowed(mask_of(backend, ours))
            its = allowed(np.frombuffer(theirs.compute_bitmask(), np.uint8))
            for token in its - mine:  # only what would quote a part of a word, or too little
                piece = ours.pieces.piece(token)
                quote = closed_by(ours._past[-1], piece, ours.passage)
                is_cut = quote is not None and not can_be_quoted(unescaped(quote), text)
                assert is_cut or ours.passage.after(ours._past[-1], piece) is None, (ours._past[-1], piece)
            for token in draw.sample(sorted(mine - its), min(5, len(mine - its))):
                assert theirs.validate_tokens([token]) == 1
            token = pick(draw, mine, backend.ll_tokenizer.eos_token)
            assert ours.accept_tokens("", [token])
            assert theirs.consume_token(token)


@pytest.mark.engine
@pytest.mark.parametrize("text", ['il dit "non" \\ et\tpart\nvite', "\\n\\\\", '"', "\x01\x1f é\ndeux\nlignes", "n\nn"])
def test_quotes_of_texts_with_escapes_stand_in_the_text(backend, task, text):
    spec = quote_grammar(task.fields).about(text)
    draw = random.Random(text)
    ended = 0
    for _ in range(60):
        grammar, spelled = grammar_of(backend, spec), b""
        for _ in range(300):
            if grammar.ll_matcher.is_stopped():
                break
            token = pick(draw, allowed(mask_of(backend, grammar)), backend.ll_tokenizer.eos_token)
            assert grammar.accept_tokens("", [token])
            spelled += grammar.pieces.piece(token)
        if grammar.ll_matcher.is_stopped():
            ended += 1
            for quote in quotes(json.loads(spelled)):
                assert quote
                assert quote in text
    assert ended > 5


def quotes(value):
    if isinstance(value, dict):
        return [value["quote"]] if "quote" in value else [q for one in value.values() for q in quotes(one)]
    return [q for one in value for q in quotes(one)] if isinstance(value, list) else []


@pytest.mark.engine
def test_speculative_tokens_are_taken_back(backend, task):
    spec = quote_grammar(task.fields).about("Enfant de 7 ans, fièvre.\nRentre à domicile.")
    draw = random.Random(3)
    grammar = grammar_of(backend, spec)
    for _ in range(60):
        before, tokens, length = mask_of(backend, grammar), [], len(grammar._past)
        for _ in range(draw.randint(1, 4)):
            if grammar.ll_matcher.is_stopped():
                break
            tokens.append(pick(draw, allowed(mask_of(backend, grammar)), backend.ll_tokenizer.eos_token))
            assert grammar.accept_tokens("", tokens[-1:])
        if grammar.ll_matcher.is_stopped():
            break
        grammar.rollback(len(tokens))
        assert (mask_of(backend, grammar) == before).all()
        assert grammar.validate_tokens(tokens) == tokens
        assert len(grammar._past) == length
        wrong = next(i for i in range(backend.ll_tokenizer.vocab_size) if i not in allowed(before))
        assert grammar.validate_tokens([wrong, *tokens]) == []
        assert grammar.accept_tokens("", tokens[:1])


@pytest.mark.engine
def test_a_field_of_the_same_name_leaves_quotes_to_llguidance(backend):
    fields = {"quote": {"type": "string", "max_length": 9}, "f": {"type": "boolean", "evidence": True}}
    task = load_task({"name": "t", "instructions": "x", "fields": fields})
    grammar = quote_grammar(task.fields)
    assert not grammar.holds_any_text
    assert free_quotes(grammar.about("abc")) is None
    made = grammar_of(backend, grammar.about("abc"))
    assert not hasattr(made, "passage")
    answer = '{"quote":"free","f":{"value":true,"quote":"bc"}}'
    tokens = backend.ll_tokenizer.tokenize_str(answer)
    assert made.validate_tokens(tokens) == tokens


def test_a_grammar_is_taken_apart_as_it_was_put_together():
    raw = yaml.safe_load((ROOT / "conf" / "task" / "ed_visit.yaml").read_text(encoding="utf-8"))
    grammar = quote_grammar(load_task(raw).fields)
    for text in ('dit "non"\n\\', "// a quote opens with x\nPASSAGE: %regex {}", "é"):
        found = free_quotes(grammar.about(text))
        assert (found.opener, found.spelled) == ('"quote":"', spelled(text))
        assert text not in found.grammar
    assert free_quotes("start: /a/") is None
