"""Probabilities of values agree with a byte by byte count, whatever the tokens are."""

import json
import math
import random
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from glane.reading.align import Aligner
from glane.reading.confidence import Scorer, Wrappers, score_values, token_spans
from glane.reading.ground import ground
from glane.reading.parse import parse
from glane.task.fields import field_from
from glane.task.locate import Node, locate
from glane.task.task import load_task
from glane.types import Alignment, Completion, Evidence, ExtractedValue, Missing, TokenScores

STRANGE = '\n"\\é😀e\u0301{}[]:, 1'
STRINGS = st.text(st.sampled_from("ab" + STRANGE) | st.characters(exclude_categories=["Cs"]), max_size=8)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=15,
)
LOGPROBS = st.sampled_from([0.0, 0.0, -0.1, -1.5, -30.0, -9999.0, -math.inf, math.nan]) | st.floats(-20, 0)
TOKENIZER = Path(__file__).resolve().parents[1] / "lib" / "glane" / "demo" / "model" / "tokenizer.json"


def compact(value, ascii=False):
    return json.dumps(value, ensure_ascii=ascii, separators=(",", ":"))


def cut(data, at):
    bounds = [0, *sorted(at), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


def scores(pieces, logprobs=None, others=None):
    return TokenScores(
        pieces=pieces, logprobs=logprobs or [0.0] * len(pieces), others=others or [[] for _ in pieces]
    )  # fmt: skip


def log(share):
    return math.log(share) if share else -math.inf


def scorer(*tokens):
    """From (piece, probability, {other piece: probability}) of each token."""
    pieces = [piece.encode() for piece, *_ in tokens]
    logprobs = [log(share) for _, share, *_ in tokens]
    others = [
        # As engines do: the chosen one stands among them.
        [
            (piece.encode(), log(share)),
            *((other.encode(), log(mass)) for other, mass in (rest[0] if rest else {}).items()),
        ]
        for piece, share, *rest in tokens
    ]
    return Scorer.of("".join(piece for piece, *_ in tokens), scores(pieces, logprobs, others))


def field(kind, **keys):
    return field_from({"type": kind, **keys}, place="f")


def place(text, part, whole=None):
    """A ExtractedValue's places: of `part` alone, and of the decision, from the start of `whole` to the end of `part`."""
    start = text.index(whole or part)
    value = text.index(part, start)
    return {"span": (start, value + len(part)), "value_span": (value, value + len(part))}


def found_tree(node: Node):
    """What a plain answer says: the tree without wrappers."""
    here = (node.start, node.end)
    if node.members is not None:
        fields = {name: found_tree(member) for name, member in node.members.items()}
        return ExtractedValue(fields=fields, span=here, value_span=here)
    if node.items is not None:
        return ExtractedValue(items=[found_tree(item) for item in node.items], span=here, value_span=here)
    return ExtractedValue(value=node.value, span=here, value_span=None if node.value is None else here)


def fields_of(found: ExtractedValue):
    """A field that such an answer could be one of."""
    if found.fields is not None:
        inner = {name: fields_of(part) for name, part in found.fields.items()}
        return field("object", fields={"x": {"type": "string"}}).model_copy(update={"fields": inner})
    if found.items is not None:
        # Lists of one kind only come out of a task; here the first item stands for all, scalars have no kind.
        return [fields_of(item) for item in found.items]
    return field("boolean" if isinstance(found.value, bool) else "string")


def nodes(node: Node):
    yield node
    for inner in [*(node.members or {}).values(), *(node.items or [])]:
        yield from nodes(inner)


# --- places of tokens


def naive_spans(text, pieces, num_surplus=0):
    """Ask every byte of every token which character it is of."""
    owners = [None] * num_surplus + [i for i, character in enumerate(text) for _ in character.encode()]
    spans, at = [], 0
    for piece in pieces:
        mine = [owner for owner in owners[at : at + len(piece)] if owner is not None]
        spans.append((min(mine), max(mine) + 1) if mine else None)
        at += len(piece)
    return spans


@given(
    text=st.text(st.sampled_from("aé😀e\u0301") | st.characters(exclude_categories=["Cs"]), max_size=20), data=st.data()
)
def test_every_token_spans_the_characters_of_its_bytes(text, data):
    before, after = data.draw(st.sampled_from(["", " ", "<s>", "\n é"])), data.draw(st.sampled_from(["", "</s>", "\n"]))
    whole = (before + text + after).encode()
    pieces = cut(whole, data.draw(st.lists(st.integers(0, len(whole)), max_size=30)))
    spans = token_spans(text, pieces)
    if (before + text + after).count(text) > 1 or not text:
        assume(spans is not None)
    wanted = naive_spans(text, pieces, len(before.encode()))
    assert len(spans) == len(pieces)
    for span, want in zip(spans, wanted):
        assert span == want if want else span[0] == span[1]


@pytest.mark.parametrize(
    ("text", "pieces", "spans"),
    [
        ("é1", [b"\xc3", b"\xa9", b"1"], [(0, 1), (0, 1), (1, 2)]),
        ("a😀", [b"a\xf0", b"\x9f", b"", b"\x98\x80"], [(0, 2), (1, 2), (2, 2), (1, 2)]),
        ("{}", [b" {", b"}", b"</s>"], [(0, 1), (1, 2), (2, 2)]),
        ("{}", [b"<s>", b" ", b"{}\n"], [(0, 0), (0, 0), (0, 2)]),
        ("1", [b"", b"1", b""], [(0, 0), (0, 1), (1, 1)]),
        ("", [], []),
        ("{}", [b"{", b"\xff}"], None),  # not UTF-8
        ("é", [b"\xc3"], None),  # the answer was cut inside a character
        ("{}", [b"{"], None),  # tokens are missing
        ("{}", [], None),
        ("{a}", [b"{b}"], None),
        ("{}", [b"{}", b"{}"], None),  # which of them?
        ("\ud800", [b"?"], None),
        ("\ufffd", [b"\xff"], None),
    ],
)
def test_places_of_tokens_by_hand(text, pieces, spans):
    assert token_spans(text, pieces) == spans


def test_without_places_there_is_no_scorer():
    assert Scorer.of("{}", scores([b"[]"])) is None
    assert Scorer.of("{}", TokenScores(pieces=[b"{}"], logprobs=[], others=[[]])) is None
    assert Scorer.of("{}", TokenScores(pieces=[b"{}"], logprobs=[0.0], others=[])) is None
    assert Scorer.of("{}", scores([b"{}"])) is not None


# --- confidence


def naive_probability(text, pieces, logprobs, span):
    """Multiply the tokens that have a byte of the value's bytes, one character more after an unquoted scalar."""
    start, end = span
    if text[end - 1] in "0123456789truefalsenull" and end < len(text):
        end += 1
    first, last = len(text[:start].encode()), len(text[:end].encode())
    product, at = 1.0, 0
    for piece, logprob in zip(pieces, logprobs):
        if any(first <= byte < last for byte in range(at, at + len(piece))):
            product *= 0.0 if math.isnan(logprob) else math.exp(logprob)
        at += len(piece)
    return product


@given(document=DOCUMENTS, ascii=st.booleans(), indent=st.sampled_from([None, None, 1]), data=st.data())
@settings(max_examples=150, deadline=None)
def test_probability_is_the_product_over_the_value_s_tokens(document, ascii, indent, data):
    text = json.dumps(document, ensure_ascii=ascii, indent=indent, separators=(",", ":"))
    raw = text.encode()
    pieces = cut(raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=40)))
    logprobs = data.draw(st.lists(LOGPROBS, min_size=len(pieces), max_size=len(pieces)))
    ready = Scorer.of(text, scores(pieces, logprobs))
    for node in nodes(locate(text)):
        span = (node.start, node.end)
        wanted = naive_probability(text, pieces, logprobs, span)
        assert 0.0 <= ready.probability(span) <= 1.0
        assert math.isclose(ready.probability(span), wanted, rel_tol=1e-9, abs_tol=1e-200)


@given(document=DOCUMENTS, data=st.data())
@settings(deadline=None)
def test_the_tree_is_scored_leaf_by_leaf(document, data):
    text = compact({"a": document})
    pieces = cut(text.encode(), data.draw(st.lists(st.integers(0, len(text.encode())), max_size=20)))
    logprobs = data.draw(st.lists(LOGPROBS, min_size=len(pieces), max_size=len(pieces)))
    ready = Scorer.of(text, scores(pieces, logprobs))
    found = found_tree(locate(text))

    def check(found, kind):
        if found.items is not None:
            kinds = kind
            found_lowest = []
            for item, kind in zip(found.items, kinds):
                found_lowest += check(item, kind)
            assert found.confidence is None
            return found_lowest
        if found.fields is not None:
            leaves = [one for name, part in found.fields.items() for one in check(part, kind.fields[name])]
            assert found.confidence == min(leaves, default=None)
            return leaves
        assert found.confidence == ready.probability(found.span)
        return [found.confidence]

    kind = fields_of(found)
    assume(all_of_one_kind(kind))
    score_values(found, as_field(kind), ready)
    check(found, kind)


def all_of_one_kind(kind):
    if isinstance(kind, list):
        shapes = {compact(shape(one)) for one in kind}
        return len(shapes) <= 1 and all(map(all_of_one_kind, kind))
    return all(map(all_of_one_kind, kind.fields.values())) if kind.type == "object" else True


def shape(kind):
    if isinstance(kind, list):
        return ["list", *(shape(one) for one in kind[:1])]
    return {name: shape(one) for name, one in kind.fields.items()} if kind.type == "object" else kind.type


def as_field(kind):
    if isinstance(kind, list):
        return field("list", items={"type": "string"}).model_copy(update={"items": as_field(kind[0]) if kind else None})
    if kind.type == "object":
        return kind.model_copy(update={"fields": {name: as_field(one) for name, one in kind.fields.items()}})
    return kind


def test_a_number_is_decided_by_the_token_that_ends_it():
    ready = scorer(('{"a":', 1), ("6", 0.9), ("7", 0.8), (',"', 0.5), ("b", 0.1), ('":1}', 1))
    assert ready.probability(place(ready.text, "67")["span"]) == pytest.approx(0.9 * 0.8 * 0.5)


def test_a_string_ends_with_its_own_token():
    ready = scorer(('{"a":', 1), ('"', 0.9), ("x", 0.8), ('"', 0.5), (",", 0.1), ('"b":1}', 1))
    assert ready.probability(place(ready.text, '"x"')["span"]) == pytest.approx(0.9 * 0.8 * 0.5)


def test_a_number_at_the_end_of_the_text_is_not_widened():
    ready = Scorer.of("67", scores([b"6", b"7", b"</s>"], [math.log(0.9), math.log(0.8), math.log(0.5)]))
    assert ready.probability((0, 2)) == pytest.approx(0.72)


def test_forced_and_foreign_tokens_change_nothing():
    ready = scorer(("[", 0.2), ('"a', 0.5), ("b", 1), ('c"', 1), (",", 0.3), ('"d"', 0.4), ("]", 0.6))
    assert ready.probability((1, 6)) == pytest.approx(0.5)
    assert ready.probability((7, 10)) == pytest.approx(0.4)


def test_a_token_of_two_values_counts_for_both():
    ready = scorer(('{"a":"x', 0.5), ('","b":"', 0.4), ('y"', 0.9), ("}", 1))
    assert ready.probability(place(ready.text, '"x"')["span"]) == pytest.approx(0.5 * 0.4)
    assert ready.probability(place(ready.text, '"y"')["span"]) == pytest.approx(0.4 * 0.9)


def test_all_pieces_of_a_character_count():
    pieces = [b'["', "😀".encode()[:1], "😀".encode()[1:3], "😀".encode()[3:] + b'"', b",1]"]
    ready = Scorer.of('["😀",1]', scores(pieces, [math.log(share) for share in (1, 0.5, 0.4, 0.9, 0.1)]))
    assert ready.probability((1, 4)) == pytest.approx(0.5 * 0.4 * 0.9)


@pytest.mark.parametrize("wrong", [-math.inf, math.nan, -1e300, -9999.0])
def test_what_cannot_be_is_zero_and_harms_no_other(wrong):
    ready = Scorer.of("[1,2,3]", scores([b"[1", b",", b"2", b",", b"3]"], [-0.5, 0.0, wrong, 0.0, -0.25]))
    assert ready.probability((3, 4)) == 0.0
    assert ready.probability((1, 2)) == pytest.approx(math.exp(-0.5))
    assert ready.probability((5, 6)) == pytest.approx(math.exp(-0.25))


def test_probabilities_stay_within_one():
    ready = Scorer.of("[1,2]", scores([b"[1", b",", b"2", b"]"], [1e-6, 0.0, math.inf, -0.5]))
    assert ready.probability((1, 2)) == 1.0
    assert ready.probability((3, 4)) == pytest.approx(math.exp(-0.5))


# --- trees


def test_wrappers_lists_and_objects():
    text = '{"age":{"value":67,"quote":"67 ans"},"cases":[{"place":"Lyon","deaths":2},{"place":"Nice","deaths":null}],"none":[],"gone":{"missing":"denied","quote":"non"}}'
    shares = {
        '{"value":': 0.9,
        "67,": 0.8,
        '"67 ans"': 0.1,
        '"Lyon"': 0.7,
        "2}": 0.6,
        '"Nice"': 0.5,
        "null}": 0.95,
        '{"missing":': 0.3,
        '"denied"': 0.4,
        '"non"': 0.01,
    }
    tokens, at = [], 0
    for part, share in shares.items():
        start = text.index(part, at)
        tokens += [(text[at:start], 1), (part, share)]
        at = start + len(part)
    ready = scorer(*tokens, (text[at:], 1))

    def case(number, town, deaths):
        start = text.index(f'{{"place":"{town}')
        number_at = text.index('"deaths":', start) + 9
        name = place(text, f'"{town}"')
        return ExtractedValue(
            fields={
                "place": ExtractedValue(value=town, **name),
                "deaths": ExtractedValue(value=number, span=(number_at, number_at + len(deaths))),
            },
            span=(start, number_at + len(deaths) + 1),
        )

    listed = field(
        "list",
        items={
            "type": "object",
            "fields": {"place": {"type": "string"}, "deaths": {"type": "integer", "nullable": True}},
        },
    )
    age = ExtractedValue(value=67, **place(text, "67", '{"value":67'))
    cases = ExtractedValue(items=[case(2, "Lyon", "2"), case(None, "Nice", "null")], span=(0, 1))
    none = ExtractedValue(items=[], **place(text, "[]"))
    gone = ExtractedValue(missing=Missing.DENIED, span=place(text, '"denied"', '{"missing"')["span"])
    score_values(age, field("integer"), ready)
    score_values(cases, listed, ready)
    score_values(none, field("list", items={"type": "string"}), ready)
    score_values(gone, listed, ready)
    assert age.confidence == pytest.approx(0.9 * 0.8)
    lyon, nice = cases.items
    assert [part.confidence for part in lyon.fields.values()] == pytest.approx([0.7, 0.6])
    assert [part.confidence for part in nice.fields.values()] == pytest.approx([0.5, 0.95])
    assert (lyon.confidence, nice.confidence) == pytest.approx((0.6, 0.5))
    assert cases.confidence is None
    assert none.confidence is None
    assert gone.confidence == pytest.approx(0.3 * 0.4)


def with_masses(*tokens):
    """The scorer of tokens with all of their probability, from (piece, mass that the mask left)."""
    pieces = [piece.encode() for piece, _ in tokens]
    given_scores = scores(pieces)
    told = replace(given_scores, allowed=[log(mass) for _, mass in tokens])
    return Scorer.of("".join(piece for piece, _ in tokens), told)


def quoted(text, value, quote, **more):
    start = text.index(f'"{quote}"')
    passage = Evidence(quote=quote, start=0, end=1, alignment=Alignment.EXACT)
    return ExtractedValue(quote=quote, evidence=passage, quote_span=(start, start + len(quote) + 2), **more, **value)


@pytest.mark.parametrize(
    ("quote", "product"),
    [
        ([("67", 0.5), (" ans", 0.8), (" et", 0.9), (" demi", 0.1), ('"}', 0.1)], 0.5 * 0.8 * 0.9),
        ([("67", 0.5), (" ans", 0.8), ('"}', 0.7)], 0.5 * 0.8 * 0.7),  # with the token that ends it
        ([('67"', 0.5), ("}", 0.1)], 0.5),
    ],
)
def test_a_quote_has_the_mass_of_its_first_tokens_and_its_value_the_product(quote, product):
    ready = with_masses(('{"value":', 0.01), ("67", 0.02), (',"quote":"', 0.03), *quote)
    text = ready.text
    found = quoted(text, {"value": 67}, json.loads(text)["quote"], **place(text, "67", '{"value":'))
    score_values(found, field("integer"), ready)
    assert found.evidence.quote_mass == pytest.approx(product)
    assert found.confidence == pytest.approx(product)


def test_a_token_that_opens_the_quote_counts_only_if_it_begins_it():
    for opening, first, counts in (('"quote":"', "67", False), ('"quote":"6', "7", True)):
        ready = with_masses(('{"value":67,', 0.1), (opening, 0.2), (first, 1), ('"}', 1))
        found = quoted(ready.text, {"value": 67}, "67", **place(ready.text, "67", '{"value":'))
        score_values(found, field("integer"), ready)
        assert found.evidence.quote_mass == pytest.approx(0.2 if counts else 1)


def test_a_token_that_spells_nothing_of_the_answer_shifts_no_mass():
    pieces = [b"", b" ", b'{"value":1,"quote":"', b"a", b'"}', b"</s>"]
    told = replace(scores(pieces), allowed=[-9, -9, 0, math.log(0.25), 0, -9])
    text = '{"value":1,"quote":"a"}'
    found = quoted(text, {"value": 1}, "a", **place(text, "1", '{"value":'))
    score_values(found, field("integer"), Scorer.of(text, told))
    assert found.evidence.quote_mass == pytest.approx(0.25)


def test_a_quote_before_its_value_counts_as_much():
    ready = with_masses(('{"quote":"', 1), ("67 ans", 0.5), ('","value":', 1), ("67", 0.5), ("}", 1))
    text = ready.text
    value = {"span": (text.index('","value"') + 1, text.index("67}") + 2), "lead": (0, text.index('"67 ans'))}
    found = quoted(text, {"value": 67}, "67 ans", **value)
    score_values(found, field("integer"), ready)
    assert found.confidence == found.evidence.quote_mass == pytest.approx(0.5)


def test_a_reason_with_a_quote_has_its_mass_and_a_silent_one_none():
    ready = with_masses(('[{"missing":"denied","quote":"', 0.5), ("no", 0.125), ('"},{"missing":"not_stated"}]', 1))
    text = ready.text
    denied = quoted(text, {"missing": Missing.DENIED}, "no", span=place(text, '"denied"', '{"missing"')["span"])
    silent = ExtractedValue(missing=Missing.NOT_STATED, span=place(text, '"not_stated"', '{"missing":"not')["span"])
    for one in (denied, silent):
        score_values(one, field("integer", missing=True), ready)
    assert (denied.evidence.quote_mass, denied.confidence) == pytest.approx((0.125, 0.125))
    assert (silent.evidence, silent.confidence) == (None, 1.0)


def test_what_stands_in_a_quoted_object_has_its_mass_unless_it_has_a_quote():
    text = '{"value":{"a":1,"b":{"value":2,"quote":"two"},"c":[3]},"quote":"one"}'
    before, _, rest = text.partition("two")
    between, _, after = rest.partition("one")
    ready = with_masses((before, 1), ("two", 0.5), (between, 1), ("one", 0.25), (after, 1))
    inner = {
        "a": ExtractedValue(value=1, **place(text, "1")),
        "b": quoted(text, {"value": 2}, "two", **place(text, "2", '{"value":2')),
        "c": ExtractedValue(items=[ExtractedValue(value=3, **place(text, "3"))], **place(text, "[3]")),
    }
    found = quoted(text, {"fields": inner}, "one", **place(text, '{"a"', '{"value"'))
    number = {"type": "integer"}
    kind = {"a": number, "b": {**number, "evidence": True}, "c": {"type": "list", "items": number}}
    score_values(found, field("object", fields=kind, evidence=True), ready)
    assert (inner["a"].confidence, inner["c"].items[0].confidence) == pytest.approx((0.25, 0.25))
    assert (inner["b"].confidence, inner["b"].evidence.quote_mass) == pytest.approx((0.5, 0.5))
    assert (found.confidence, found.evidence.quote_mass) == pytest.approx((0.25, 0.25))


def test_each_item_of_a_list_has_its_own_mass():
    text = '[{"value":1,"quote":"one"},{"value":2,"quote":"two"}]'
    before, _, rest = text.partition("one")
    between, _, after = rest.partition("two")
    ready = with_masses((before, 1), ("one", 0.5), (between, 1), ("two", 0.75), (after, 1))
    items = [
        quoted(text, {"value": 1}, "one", **place(text, "1", '{"value":1')),
        quoted(text, {"value": 2}, "two", **place(text, "2", '{"value":2')),
    ]
    found = ExtractedValue(items=items, span=(0, len(text)))
    score_values(found, field("list", items={"type": "integer"}, evidence=True), ready)
    assert [one.evidence.quote_mass for one in items] == pytest.approx([0.5, 0.75])
    assert [one.confidence for one in items] == pytest.approx([0.5, 0.75])


@pytest.mark.parametrize(("mass", "expected"), [(math.nan, None), (-math.inf, 0.0), (1e-7, 1.0)])
def test_a_mass_that_is_no_logarithm_of_a_share_makes_no_confidence_of_it(mass, expected):
    text = '{"value":1,"quote":"a"}'
    told = replace(scores([text[:20].encode(), b"a", b'"}']), allowed=[0.0, mass, 0.0])
    found = quoted(text, {"value": 1}, "a", **place(text, "1", '{"value":'))
    score_values(found, field("integer"), Scorer.of(text, told))
    assert found.evidence.quote_mass == expected
    assert found.confidence == (1.0 if expected is None else expected)


def test_without_masses_confidence_is_as_before():
    ready = scorer(('{"value":', 0.5), ("67", 0.5), (',"quote":"', 1), ("67", 0.1), ('"}', 1))
    found = quoted(ready.text, {"value": 67}, "67", **place(ready.text, "67", '{"value":'))
    score_values(found, field("integer"), ready)
    assert (found.evidence.quote_mass, found.confidence) == (None, pytest.approx(0.25))


def test_an_object_takes_the_lowest_of_all_inside_or_none():
    ready = scorer(('{"a":["', 1), ("x", 0.4), ('","', 1), ("y", 0.3), ('"],"b":"', 1), ("z", 0.9), ('","c":[]}', 1))
    text = ready.text
    kind = field("object", fields={"a": {"type": "list", "items": {"type": "string"}}, "b": {"type": "string"}})
    found = ExtractedValue(
        fields={
            "a": ExtractedValue(
                items=[
                    ExtractedValue(value="x", **place(text, '"x"')),
                    ExtractedValue(value="y", **place(text, '"y"')),
                ],
                span=(5, 14),
            ),
            "b": ExtractedValue(value="z", **place(text, '"z"')),
        },
        span=(0, len(text)),
    )
    score_values(found, kind, ready)
    assert found.confidence == pytest.approx(0.3)
    empty = ExtractedValue(fields={"a": ExtractedValue(items=[], **place(text, "[]"))}, span=(0, len(text)))
    score_values(empty, kind, ready)
    assert empty.confidence is None


def test_what_has_no_place_stays_without_confidence():
    ready = scorer(("[true]", 0.5))
    found = ExtractedValue(value=True)
    score_values(found, field("boolean"), ready)
    assert (found.confidence, found.probabilities) == (None, None)


# --- probabilities of enums and booleans


def scored(ready, kind, **keys):
    found = ExtractedValue(**keys)
    score_values(found, kind, ready)
    assert found.probabilities is None or sum(found.probabilities.values()) <= 1 + 1e-6
    return found


SEX = field("enum", values=["F", "M"], nullable=True)
FEVER = field("boolean", nullable=True)
ASTHMA = field("enum", values=["asthme", "asthme_severe", "bpco"])


def near(**wanted):
    return pytest.approx(wanted)


def test_a_boolean_and_its_alternative():
    ready = scorer(('{"a":', 0.9), ("true", 0.7, {"false": 0.2, "null": 0.1}), ("}", 1))
    found = scored(ready, FEVER, value=True, **place(ready.text, "true"))
    assert found.confidence == pytest.approx(0.7)
    assert found.probabilities == near(true=0.7, false=0.2)


def test_false_is_named_as_json_spells_it():
    ready = scorer(('{"a":', 1), ("fal", 0.7, {"tr": 0.2}), ("se", 1), ("}", 1))
    assert scored(ready, FEVER, value=False, **place(ready.text, "false")).probabilities == near(true=0.2, false=0.7)


def test_an_enum_of_the_strings_true_and_false_is_no_boolean():
    ready = scorer(('{"a":', 1), ('"true"', 0.7, {'"false"': 0.2, "false": 0.1}), ("}", 1))
    kind = field("enum", values=["true", "false"])
    assert scored(ready, kind, value="true", **place(ready.text, '"true"')).probabilities == near(true=0.7, false=0.2)
    ready = scorer(('{"a":', 1), ("true", 0.7, {"false": 0.2, '"false"': 0.1}), ("}", 1))
    assert scored(ready, FEVER, value=True, **place(ready.text, "true")).probabilities == near(true=0.7, false=0.2)


@pytest.mark.parametrize(
    ("chosen", "other"),
    [
        (['"F"', ","], '"M"'),
        (['"F"', ","], '"M'),
        (['"F"', ","], '"M",'),
        (['"F"', ","], '"M","age'),
        (['"F', '",'], '"M"}'),
        ([':"F', '",'], ':"M'),
        (['a":"F"', ","], 'a":"M","b":tr'),
    ],
)
def test_pieces_may_cross_punctuation(chosen, other):
    first, second = chosen
    head = '{"a":'[: '{"a":"F'.index(first.partition("F")[0] + "F")] if first[0] != '"' else '{"a":'
    ready = scorer((head, 1), (first, 0.6, {other: 0.3}), (second, 1), ('"b":true}', 1))
    assert json.loads(ready.text) == {"a": "F", "b": True}
    assert scored(ready, SEX, value="F", **place(ready.text, '"F"')).probabilities == near(F=0.6, M=0.3)


@pytest.mark.parametrize("other", ['"Mo', '"M"x', '"X"', "null", '":"M"', "M", "{", '""M'])
def test_pieces_that_spell_no_value_give_nothing(other):
    ready = scorer(('{"a":', 1), ('"F"', 0.6, {other: 0.3}), ("}", 1))
    assert scored(ready, SEX, value="F", **place(ready.text, '"F"')).probabilities == near(F=0.6, M=0.0)


def test_another_way_of_cutting_the_same_value_adds_to_it():
    ready = scorer(('{"a":', 1), ('"F', 0.6, {'"F"': 0.1, '"F"}': 0.1, '"M"': 0.1}), ('"', 0.5, {'"}': 0.4}), ("}", 1))
    found = scored(ready, SEX, value="F", **place(ready.text, '"F"'))
    assert found.confidence == pytest.approx(0.3)
    assert found.probabilities == near(F=0.1 + 0.1 + 0.3 + 0.6 * 0.4, M=0.1)


def test_values_that_share_a_beginning():
    ready = scorer(
        ('{"a":', 1), ('"asthme', 0.8, {'"b': 0.15}), ('"', 0.7, {"_": 0.2, "_severe": 0.05, '"}': 0.05}), ("}", 1)
    )
    found = scored(ready, ASTHMA, value="asthme", **place(ready.text, '"asthme"'))
    assert found.confidence == pytest.approx(0.56)
    assert found.probabilities == near(asthme=0.8 * 0.75, asthme_severe=0.8 * 0.25, bpco=0.15)


def test_what_may_become_several_values_is_shared():
    ready = scorer(('{"a":', 1), ('"bpco"', 0.4, {'"asth': 0.3, '"': 0.15, '"asthme"': 0.1}), ("}", 1))
    found = scored(ready, ASTHMA, value="bpco", **place(ready.text, '"bpco"'))
    assert found.probabilities == near(asthme=0.15 + 0.05 + 0.1, asthme_severe=0.15 + 0.05, bpco=0.4 + 0.05)


def test_the_longer_value_was_answered():
    ready = scorer(('{"a":"', 1), ("asthme", 0.8, {"bp": 0.1}), ("_severe", 0.6, {'"': 0.3}), ('"}', 1))
    found = scored(ready, ASTHMA, value="asthme_severe", **place(ready.text, '"asthme_severe"'))
    assert found.probabilities == near(asthme=0.24, asthme_severe=0.48, bpco=0.1)


def test_in_a_wrapper_the_way_to_the_value_counts():
    ready = scorer(
        ('{"a":{"', 1),
        ("value", 0.8, {"missing": 0.1, 'value":"M"': 0.06, "val": 0.02}),
        ('":', 1),
        ('"F', 0.7, {'"M': 0.2, "null": 0.05}),
        ('"', 1),
        (',"quote":"x"}}', 0.1, {'}': 0.9}),
    )  # fmt: skip
    found = scored(ready, SEX, value="F", **place(ready.text, '"F"', '{"value"'))
    assert found.confidence == pytest.approx(0.56)
    assert found.probabilities == near(F=0.56, M=0.06 + 0.8 * 0.2)


def test_a_whole_wrapper_in_one_piece():
    ready = scorer(('{"a":', 1), ('{"value":true', 0.6, {'{"value":false,"quote': 0.3, '{"missing"': 0.1}), ("}}", 1))
    found = scored(ready, FEVER, value=True, **place(ready.text, "true", '{"value"'))
    assert found.probabilities == near(true=0.6, false=0.3)


def test_a_null_leaves_probabilities_of_the_values():
    ready = scorer(('{"a":', 1), ("null", 0.6, {'"F"': 0.2, '"': 0.1, '"M': 0.05}), ("}", 1))
    found = scored(ready, SEX, span=place(ready.text, "null")["span"])
    assert found.confidence == pytest.approx(0.6)
    assert found.probabilities == near(F=0.25, M=0.1)
    ready = scorer(('{"a":', 1), ("null", 0.6, {"true": 0.3, "fals": 0.1}), ("}", 1))
    assert scored(ready, FEVER, span=place(ready.text, "null")["span"]).probabilities == near(true=0.3, false=0.1)


def test_a_sure_null_gives_zeros():
    ready = scorer(('{"a":', 1), ("null", 1, {"true": 0}), ("}", 1))
    assert scored(ready, FEVER, span=(5, 9)).probabilities == {"true": 0.0, "false": 0.0}


@pytest.mark.parametrize(
    ("head", "null", "other"),
    [('{"a":', "null", "{"), ('{"a":', "null", '{"value'), ('{"a"', ":null", ":"), ('{"a', '":null', '"')],
)
def test_a_null_in_the_place_of_a_wrapper_says_nothing_of_the_values(head, null, other):
    ready = scorer((head, 1), (null, 0.6, {other: 0.4}), ("}", 1))
    found = scored(ready, SEX, span=place(ready.text, "null")["span"])
    assert found.confidence == pytest.approx(0.6)
    assert found.probabilities is None


def test_a_null_in_the_place_of_a_wrapper_that_another_piece_spells():
    ready = scorer(('{"a":', 1), ("null", 0.6, {'{"value":"M"': 0.3, "{": 0.1}), ("}", 1))
    assert scored(ready, SEX, span=place(ready.text, "null")["span"]).probabilities == near(F=0.0, M=0.3)


def test_a_null_in_a_wrapper():
    ready = scorer(('[{"value":', 1), ("null", 0.6, {'"M"': 0.3}), (',"quote":"x"}]', 1))
    found = scored(ready, SEX, span=place(ready.text, "null", '{"value"')["span"])
    assert found.probabilities == near(F=0.0, M=0.3)


def test_a_missing_reason_says_nothing_of_the_values_unless_a_piece_spells_one():
    ready = scorer(
        ('{"a":{"', 1), ("missing", 0.6, {"value": 0.3}), ('":"', 1), ("denied", 0.5, {"uncertain": 0.4}), ('"}}', 1)
    )
    keys = {"missing": Missing.DENIED, "span": place(ready.text, '"denied"', '{"missing"')["span"]}
    found = scored(ready, SEX, **keys)
    assert found.confidence == pytest.approx(0.3)
    assert found.probabilities is None
    ready = scorer(
        ('{"a":{"', 1),
        ("missing", 0.6, {"value": 0.3, 'value":"M"': 0.1}),
        ('":"', 1),
        ("denied", 0.5, {'"M"': 0.4}),
        ('"}}', 1),
    )
    assert scored(ready, SEX, **keys).probabilities == near(F=0.0, M=0.1)
    ready = scorer(('{"a":{"missing":"denied"}}', 1))
    assert scored(ready, SEX, **keys).probabilities is None


def test_shares_that_do_not_add_up_are_scaled_down():
    ready = scorer(('{"a":', 1), ("true", 0.9, {"false": 0.9}), ("}", 1))
    found = scored(ready, FEVER, value=True, **place(ready.text, "true"))
    assert found.probabilities == near(true=0.5, false=0.5)


def test_items_of_a_list_have_probabilities_each():
    ready = scorer(("[", 1), ('"F"', 0.6, {'"M"': 0.3}), (",", 1), ('"M"', 0.9, {'"F"': 0.1}), ("]", 1))
    found = ExtractedValue(
        items=[
            ExtractedValue(value="F", **place(ready.text, '"F"')),
            ExtractedValue(value="M", **place(ready.text, '"M"')),
        ],
        span=(0, 9),
    )
    score_values(found, field("list", items={"type": "enum", "values": ["F", "M"]}), ready)
    assert [item.probabilities for item in found.items] == [near(F=0.6, M=0.3), near(F=0.1, M=0.9)]


def test_an_answer_in_another_spelling_keeps_its_own_probability():
    ready = scorer(('{"a":"', 1), ("\\u00e9", 0.6, {"é": 0.3, "e": 0.1}), ('"}', 1))
    kind = field("enum", values=["é", "e"])
    assert scored(ready, kind, value="é", **place(ready.text, '"\\u00e9"')).probabilities == {
        "é": pytest.approx(0.9),
        "e": pytest.approx(0.1),
    }


def test_others_may_be_cut_inside_a_character():
    text, first = '{"a":"é"}', '"é'.encode()[:2]
    others = [
        [],
        [(b'"\xc3\xa8', math.log(0.2)), (b'"\xc3\xa9"', math.log(0.1)), (b'"e', math.log(0.05))],
        [(b"\xa8", math.log(0.4)), (b'\xa8"', math.log(0.1))],
        [],
    ]
    logprobs = [0.0, math.log(0.6), math.log(0.5), 0.0]
    ready = Scorer.of(text, TokenScores(pieces=[b'{"a":', first, b'\xa9"', b"}"], logprobs=logprobs, others=others))
    found = scored(ready, field("enum", values=["é", "è"]), value="é", **place(text, '"é"'))
    assert found.probabilities == {"é": pytest.approx(0.3 + 0.1), "è": pytest.approx(0.2 + 0.3)}


def test_the_value_may_start_inside_the_first_token_of_a_surplus():
    others = [[(b' ["M"', math.log(0.3)), (b'["M"', math.log(0.1))], []]
    ready = Scorer.of('["F"]', TokenScores(pieces=[b' ["F"', b"]</s>"], logprobs=[math.log(0.6), 0.0], others=others))
    assert scored(ready, SEX, value="F", span=(1, 4), value_span=(1, 4)).probabilities == near(F=0.6, M=0.3)


def test_a_value_after_other_letters_than_ascii():
    ready = scorer(('{"é😀":"é', 1), ('","a":"', 1), ('F"', 0.6, {'M"': 0.3}), ("}", 1))
    assert scored(ready, SEX, value="F", **place(ready.text, '"F"')).probabilities == near(F=0.6, M=0.3)


@pytest.mark.parametrize("wrong", [-math.inf, math.nan, -1e300])
def test_strange_numbers_among_the_others_give_nothing(wrong):
    others = [[], [(b"false", wrong)], []]
    ready = Scorer.of(
        '{"a":true}', TokenScores(pieces=[b'{"a":', b"true", b"}"], logprobs=[0.0, -0.5, 0.0], others=others)
    )
    assert scored(ready, FEVER, value=True, **place(ready.text, "true")).probabilities == near(
        true=math.exp(-0.5), false=0.0
    )
    ready = Scorer.of(
        '{"a":true}',
        TokenScores(pieces=[b'{"a":', b"true", b"}"], logprobs=[0.0, wrong, 0.0], others=[[], [(b"false", 0.0)], []]),
    )
    found = scored(ready, FEVER, value=True, **place(ready.text, "true"))
    assert (found.confidence, found.probabilities) == (0.0, near(true=0.0, false=1.0))


def naive_probabilities(text, pieces, logprobs, others, start, value_start, value_end, spellings, chosen):
    """Try each other token in the whole text, and compare with the whole texts that each value would give."""
    raw, lead = text.encode(), len(text[:value_start].encode())
    widened = value_end + (text[value_end - 1] not in '"}]' and value_end < len(text))
    from_byte, to_byte = len(text[:start].encode()), len(text[:widened].encode())
    masses, mass, at = dict.fromkeys(spellings, 0.0), 1.0, 0
    for piece, logprob, alternatives in zip(pieces, logprobs, others):
        if piece and at < to_byte and at + len(piece) > from_byte:
            for other, share in alternatives:
                tried = raw[:at] + other
                if other == piece or len(tried) <= lead:
                    continue
                fits = {
                    name
                    for name, spelling in spellings.items()
                    for follow in [b"", *(bytes([sign]) for sign in b",}] \n")]
                    if (raw[:lead] + spelling + follow).startswith(tried)
                    or (follow and tried.startswith(raw[:lead] + spelling + follow))
                }
                for name in fits:
                    masses[name] += mass * math.exp(share) / len(fits)
            mass *= math.exp(logprob)
        at += len(piece)
    masses[chosen] += mass
    return masses


@given(
    values=st.lists(st.text(st.sampled_from('ab"é_'), max_size=4), min_size=1, max_size=6, unique=True),
    wrapped=st.booleans(),
    boolean=st.booleans(),
    data=st.data(),
)
@settings(max_examples=100, deadline=None)
def test_probabilities_agree_with_whole_texts(values, wrapped, boolean, data):
    spellings = (
        {"true": b"true", "false": b"false"} if boolean else {value: compact(value).encode() for value in values}
    )
    chosen = data.draw(st.sampled_from(sorted(spellings)))
    spelling = spellings[chosen].decode()
    head, tail = ('{"é":{"value":', ',"quote":"é"}}') if wrapped else ('{"é":', ',"b":1}')
    text = head + spelling + tail
    raw = text.encode()
    pieces = cut(raw, data.draw(st.lists(st.integers(0, len(raw)), max_size=14)))
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    logprobs, others = [], []
    for start in starts[:-1]:
        # Other tokens: parts of what other answers would go on with, and noise.
        goals = [(head + full.decode() + tail).encode()[start:] for full in spellings.values()]
        parts = st.sampled_from(goals).flatmap(
            lambda goal: st.integers(1, max(len(goal), 1)).map(lambda end: goal[:end])
        )
        alternatives = data.draw(st.lists(parts | st.binary(min_size=1, max_size=3), max_size=4, unique=True))
        weights = data.draw(
            st.lists(st.integers(1, 100), min_size=len(alternatives) + 2, max_size=len(alternatives) + 2)
        )
        logprobs.append(math.log(weights[0] / sum(weights)))
        others.append([(other, math.log(weight / sum(weights))) for other, weight in zip(alternatives, weights[1:])])
    ready = Scorer.of(text, TokenScores(pieces=pieces, logprobs=logprobs, others=others))
    value_start = len(head)
    start = head.index("{", 1) if wrapped else value_start
    value_end = value_start + len(spelling)
    kind = FEVER if boolean else field("enum", values=values)
    value = json.loads(spelling)
    found = scored(ready, kind, value=value, span=(start, value_end), value_span=(value_start, value_end))
    wanted = naive_probabilities(text, pieces, logprobs, others, start, value_start, value_end, spellings, chosen)
    assert list(found.probabilities) == (["true", "false"] if boolean else values)
    assert found.probabilities == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert found.probabilities[chosen] >= found.confidence - 1e-12


# --- tokenizers


def byte_alphabet():
    """GPT-2's: bytes that print stand for themselves, the others for the code points from 256 on."""
    printing = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = [byte for byte in range(256) if byte not in printing]
    return {chr(byte): byte for byte in printing} | {chr(256 + i): byte for i, byte in enumerate(hidden)}


def trained_tokenizer():
    """One whose tokens cross punctuation, as no pattern keeps words and signs apart."""
    tokenizers = pytest.importorskip("tokenizers")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=500, show_progress=False, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()
    )
    tokenizer.train_from_iterator([synthetic_answer(seed) for seed in range(50)], trainer)
    return tokenizer


def synthetic_answer(seed):
    draw = random.Random(seed)
    return compact(
        {
            "age": draw.randint(0, 99),
            "sexe": draw.choice("FM"),
            "décès": draw.choice([True, False, None]),
            "lieux": [{"ville": draw.choice(["Évry", "Nîmes", "Sète 😀"]), "cas": draw.randint(0, 300)} for _ in range(3)],
            "note": draw.choice(["fièvre à 38,5\n", 'dit "non"', "e\u0301te\u0301", "日本"]),
        }
    )  # fmt: skip


@pytest.fixture(scope="module", params=["demo", "trained"])
def tokenizer(request):
    if request.param == "trained":
        return trained_tokenizer()
    return pytest.importorskip("tokenizers").Tokenizer.from_file(str(TOKENIZER))


def test_real_tokens_find_their_places(tokenizer):
    alphabet = byte_alphabet()
    for seed in range(200):
        text = synthetic_answer(seed)
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        pieces = [bytes(alphabet[sign] for sign in tokenizer.id_to_token(token)) for token in ids]
        draw = random.Random(seed)
        logprobs = [-draw.random() for _ in pieces]
        assert token_spans(text, pieces) == naive_spans(text, pieces)
        ready = Scorer.of(text, scores([*pieces, b"</s>"], [*logprobs, -1.0]))
        for node in nodes(locate(text)):
            span = (node.start, node.end)
            assert ready.probability(span) == pytest.approx(naive_probability(text, pieces, logprobs, span))


# --- time


def test_an_answer_takes_well_under_a_millisecond():
    """An answer of 15 fields, five of them enums in wrappers, about 300 tokens, five others at each."""
    values = [f"valeur_{letter}" for letter in "abcdefgh"]
    fields = {f"f{i}": field("enum", values=values) if i % 3 == 0 else field("string") for i in range(15)}
    answer = {
        name: {"value": values[i % 8] if i % 3 == 0 else f"texte numéro {i}", "quote": "né à Évry"}
        for i, name in enumerate(fields)
    }
    text = compact(answer)
    raw = text.encode()
    draw = random.Random(0)
    pieces = cut(raw, sorted(draw.sample(range(1, len(raw)), 300)))
    others = [[(bytes([draw.choice(raw)]), -draw.random() * 5 - 1) for _ in range(5)] for _ in pieces]
    given_scores = TokenScores(pieces=pieces, logprobs=[-draw.random() for _ in pieces], others=others)
    root = locate(text)
    found = {
        name: ExtractedValue(
            value=node.members["value"].value,
            span=(node.start, node.members["value"].end),
            value_span=(node.members["value"].start, node.members["value"].end),
        )
        for name, node in root.members.items()
    }
    best = math.inf
    for _ in range(20):
        begin = time.perf_counter()
        ready = Scorer.of(text, given_scores)
        for name, one in found.items():
            score_values(one, fields[name], ready)
        best = min(best, time.perf_counter() - begin)
    begin = time.perf_counter()
    locate(text)
    print(
        f"\n{len(pieces)} tokens, {len(fields)} fields: scored in {best * 1e6:.0f} µs, located in {(time.perf_counter() - begin) * 1e6:.0f} µs"
    )
    assert all(one.confidence is not None for one in found.values())
    assert best < 0.02  # ten times what it takes, for machines that are busy


# --- whole answers


@pytest.mark.parametrize("order", ["value_first", "quote_first"])
@pytest.mark.parametrize("keys", ["full", "short"])
def test_the_quotes_of_whole_answers_are_found_with_their_masses(order, keys):
    number = {"type": "integer", "evidence": True, "missing": True}
    fields = {
        "age": number,
        "seen": {"type": "list", "items": {"type": "string"}, "evidence": True},
        "case": {"type": "object", "evidence": True, "nullable": True, "fields": {"place": {"type": "string"}, "n": number}},
        "gone": number,
    }  # fmt: skip
    about = {"name": "t", "instructions": "x", "fields": fields, "order": order, "keys": keys}
    task = load_task(about)
    value = {
        "age": {"value": 67, "quote": "A quote"},
        "seen": [{"value": "b", "quote": "B quote"}, {"value": "c", "quote": "C quote"}],
        "case": {"value": {"place": "Lyon", "n": {"value": 3, "quote": "D quote"}}, "quote": "E quote"},
        "gone": {"missing": "denied", "quote": "F quote"},
    }
    text = compact(task.spelling.in_answer(value))
    masses = {letter: 1 / number for number, letter in enumerate("ABCDEF", start=2)}
    pieces = [letter.encode() for letter in text]
    logs = [log(masses.get(letter, 1)) for letter in text]
    completion = Completion(text=text, finish_reason="stop", num_prompt_tokens=1, num_output_tokens=1)
    found = parse(completion, task.fields, task.spelling).found
    ground(found, Aligner(" ".join(f"{letter} quote" for letter in masses)))
    ready = Scorer.of(text, replace(scores(pieces), allowed=logs), Wrappers.of(task.spelling))
    for name, one in found.items():
        score_values(one, task.fields[name], ready)
    case = found["case"]
    told = [found["age"], *found["seen"].items, case.fields["n"], case, found["gone"]]
    assert [one.evidence.quote_mass for one in told] == pytest.approx(list(masses.values()))
    assert [one.confidence for one in told] == pytest.approx([1 / 2, 1 / 3, 1 / 4, 1 / 5, 1 / 6, 1 / 7])
    assert case.fields["place"].confidence == pytest.approx(1 / 6)
