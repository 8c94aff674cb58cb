"""Places of values in a JSON text agree with what json.loads reads."""

import json
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glane.task.locate import Node, locate

STRANGE = '\n"\\/é😀e\u0301\u2028{}[]:, \x7f\ud800'
STRINGS = st.text(st.sampled_from("ab" + STRANGE) | st.characters(), max_size=12)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | STRINGS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(STRINGS, inner, max_size=4),
    max_leaves=20,
)
SPELLINGS = st.fixed_dictionaries(
    {"ensure_ascii": st.booleans(), "separators": st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", "\n:\r ")])}
)


def same(left, right):
    """Equal, and of the same types: 1, 1.0 and True differ."""
    return repr(left) == repr(right)


def nodes(node: Node):
    yield node
    for inner in [*(node.members or {}).values(), *(node.items or [])]:
        yield from nodes(inner)


def check(text):
    root = locate(text)
    assert same(root.value, json.loads(text))
    for node in nodes(root):
        assert same(json.loads(text[node.start : node.end]), node.value)
        assert text[node.start : node.end] == text[node.start : node.end].strip()
        assert (node.members is not None) == isinstance(node.value, dict)
        assert (node.items is not None) == isinstance(node.value, list)
        if node.members is not None:
            assert same({name: inner.value for name, inner in node.members.items()}, node.value)
        if node.items is not None:
            assert same([inner.value for inner in node.items], node.value)
        places = [(inner.start, inner.end) for inner in [*(node.members or {}).values(), *(node.items or [])]]
        assert all(node.start < start < end < node.end for start, end in places)
    return root


@settings(deadline=None)
@given(document=DOCUMENTS, spelling=SPELLINGS, around=st.sampled_from(["", " ", "\n\t\r "]))
def test_values_are_those_of_json_loads_and_places_spell_them(document, spelling, around):
    check(around + json.dumps(document, **spelling) + around)


def test_places_of_a_small_answer():
    text = '{"âge":{"value":67,"quote":"67 ans"},"é😀":["a\\u00e9\\n",-1.5e3,true,null,{}]}'
    root = check(text)
    age, rest = root.members["âge"], root.members["é😀"]
    assert text[age.start : age.end] == '{"value":67,"quote":"67 ans"}'
    assert (age.members["value"].start, age.members["value"].end) == (16, 18)
    assert [text[item.start : item.end] for item in rest.items] == ['"a\\u00e9\\n"', "-1.5e3", "true", "null", "{}"]


def test_of_a_key_that_stands_twice_the_last_counts():
    root = check('{"a":1,"b":2,"a":{"c":3}}')
    assert list(root.members) == ["a", "b"]
    assert (root.members["a"].start, root.members["a"].end) == (17, 24)


@pytest.mark.parametrize(
    "text", ["NaN", "[Infinity,-Infinity]", "-0", "0", "[]", "{}", '""', "1E+2", "1e999", "[[[]]]"]
)
def test_whatever_json_loads_takes_is_taken(text):
    check(text)


BROKEN = [
    "", " ", "{", "[", '"', "}", "]", "[1", "[1,", "[1,]", "[,]", "[1 2]", '{"a"}', '{"a":}', '{"a":1', '{"a":1,}', "{a:1}",
    "{1:1}", '{"a" 1}', '{"a":1 "b":2}', "01", "1.", ".5", "-", "+1", "1e", "tru", "nul", "true false", "1 1", "'a'", '"a',
    '"\\x"', '"\\u12"', '"\n"', "\ufeff1", "[1}", '{"a":1]', "\u0661", "1\u0661", "[\u00a01]", "[ \u00a01]", "-NaN",
]  # fmt: skip


@pytest.mark.parametrize("text", BROKEN)
def test_what_json_loads_refuses_is_refused(text):
    with pytest.raises(ValueError):
        json.loads(text)
    with pytest.raises(ValueError):
        locate(text)


@given(
    text=st.text(st.sampled_from('{}[]",:\\ aut1-.e0') | st.characters(), max_size=15),
    document=DOCUMENTS,
    data=st.data(),
)
@settings(deadline=None)
def test_broken_texts_are_judged_as_json_loads_judges_them(text, document, data):
    whole = json.dumps(document, ensure_ascii=False)
    cut = data.draw(st.integers(0, len(whole)))
    for candidate in (text, whole[:cut], whole[:cut] + text + whole[cut:]):
        try:
            json.loads(candidate)
        except ValueError:
            with pytest.raises(ValueError):
                locate(candidate)
        else:
            check(candidate)


def test_no_text_in_the_message_and_none_behind_it():
    with pytest.raises(ValueError) as caught:
        locate('{"name":"Dupont')
    assert "Dupont" not in str(caught.value)
    assert not isinstance(caught.value, json.JSONDecodeError)  # its `doc` is the text
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_endless_brackets_end(text):
    with pytest.raises((ValueError, RecursionError)):
        locate(text)


def test_time_is_linear():
    def seconds(num_items):
        text = json.dumps([{"a é": 'x"y', "b": [1.5, None]}] * num_items, indent=1, ensure_ascii=False)
        best = []
        for _ in range(3):
            begin = time.perf_counter()
            locate(text)
            best.append(time.perf_counter() - begin)
        return min(best)

    small, large = seconds(300), seconds(3_000)
    print(f"locate: {large / 3_000 * 1e6:.1f} µs for each object of two fields")
    assert large < 40 * small  # ten times the text; a quadratic scan would take a hundred times as long
