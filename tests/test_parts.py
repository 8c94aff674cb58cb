"""Fields that only the beginning, or the ends, of a long document can tell are asked there and nowhere else."""

import json
import re

import pytest

from conftest import ROOT, extract_here, make_settings, read_yaml, write_documents
from glane.errors import ConfigError
from glane.reading.reading import Reading, ReadingPlan
from glane.task.task import load_task
from glane.types import Chunk, Completion, Document

TASK = {
    "name": "parts",
    "instructions": "Read the text.",
    "language": "en",
    "split": {"max_tokens": 60, "overlap_tokens": 0},
    "fields": {
        "date": {"type": "date", "nullable": True, "asked_of": "first_part"},
        "source": {"type": "string", "nullable": True, "asked_of": "first_and_last_part"},
        "place": {"type": "string", "nullable": True},
        "names": {"type": "list", "items": {"type": "string"}, "asked_of": "first_part"},
        "signs": {"type": "list", "items": {"type": "string"}},
    },
    "examples": [
        {
            "text": "Lyon, 1 March 2024",
            "output": {"date": "2024-03-01", "source": "x", "place": "Lyon", "names": [], "signs": []},
        }
    ],
}
ALL, MIDDLE, LAST = list(TASK["fields"]), ["place", "signs"], ["source", "place", "signs"]


def reading(num, *, style="full", **changes):
    text = "abcdefghij" * num
    chunks = [Chunk(text=text[at : at + 10], start=at, end=at + 10) for at in range(0, len(text), 10)]
    plan = ReadingPlan(load_task({**TASK, **changes}), style=style)
    return Reading(plan, Document(id="d", text=text, inputs={}), chunks)


def asked(one):
    return [list(one.question(turn).fields) for turn in one.turns()]


@pytest.mark.parametrize(
    ("num", "expected"), [(1, [ALL]), (2, [ALL, LAST]), (3, [ALL, MIDDLE, LAST]), (4, [ALL, MIDDLE, MIDDLE, LAST])]
)
def test_each_part_is_asked_what_it_can_tell(num, expected):
    assert asked(reading(num)) == expected


def test_prompt_grammar_and_examples_follow():
    one = reading(3)
    first, middle, last = one.turns()
    for turn, there, away in ((middle, ["place"], ["date", "source"]), (last, ["source"], ["date", "names"])):
        shown = json.dumps(one.messages(turn))
        schema = json.loads(one.question(turn).form.schema)
        for name in there:
            assert f"- {name} (" in shown
            assert name in schema["properties"]
        for name in away:
            assert f"- {name} (" not in shown
            assert name not in schema["properties"]
            assert f'{name}\\\\":' not in shown  # nor in the answer of the example
    assert "2024-03-01" in json.dumps(one.messages(first))
    assert "2024-03-01" not in json.dumps(one.messages(middle))


def test_a_document_of_one_part_is_asked_as_without_the_key():
    plain = {name: {key: one[key] for key in one if key != "asked_of"} for name, one in TASK["fields"].items()}
    with_it, without = reading(1), reading(1, fields=plain)
    (turn,) = with_it.turns()
    assert with_it.messages(turn) == without.messages(turn)
    assert with_it.question(turn).form == without.question(turn).form


def test_a_model_of_bare_prompts_is_asked_all_of_each_part():
    assert asked(reading(3, style="bare")) == [ALL] * 3


def test_parts_of_which_nothing_is_asked_take_no_prompt():
    fields = {name: {**one, "asked_of": "first_part"} for name, one in TASK["fields"].items()}
    one = reading(4, fields=fields)
    (turn,) = one.turns()
    said = {"date": None, "source": "x", "place": None, "names": ["a"], "signs": []}
    assert one.take(turn, completion(said)) == []
    assert one.is_done
    found = one.extraction()
    assert found.status == "OK"
    assert found.found["source"].value == "x"
    assert found.num_chunks == 4


def completion(said):
    return Completion(text=json.dumps(said), finish_reason="stop", num_prompt_tokens=1, num_output_tokens=1)


def test_samples_and_recall_follow_the_part():
    one = reading(3, passes={"samples": 2, "recall": 1})
    answers = {
        0: {"date": "2024-03-01", "source": "s", "place": None, "names": ["n"], "signs": ["a"]},
        1: {"place": "Lyon", "signs": ["b"]},
        2: {"source": "late", "place": None, "signs": ["c"]},
    }
    again = {}
    for turn in one.turns():
        for follow in one.take(turn, completion(answers[turn.chunk])):
            again[follow.chunk] = follow
    assert [list(one.question(turn).fields) for turn in again.values()] == [["names", "signs"], ["signs"], ["signs"]]
    for turn in again.values():
        assert one.take(turn, completion({name: [] for name in one.question(turn).fields})) == []
    found = one.extraction().found
    assert [item.value for item in found["signs"].items] == ["a", "b", "c"]
    assert [item.value for item in found["names"].items] == ["n"]
    assert (found["source"].value, found["place"].value) == ("s", "Lyon")
    assert "late" in str(found["source"].conflicts)


def test_recall_of_lists_that_a_part_is_not_asked_is_left_out():
    fields = {**TASK["fields"], "signs": {**TASK["fields"]["signs"], "asked_of": "first_part"}}
    one = reading(2, fields=fields, passes={"recall": 1})
    first, last = one.turns()
    (again,) = one.take(
        first, completion({"date": None, "source": None, "place": None, "names": [], "signs": ["a"]})
    )  # fmt: skip
    assert one.take(last, completion({"source": None, "place": None})) == []
    assert one.take(again, completion({"names": [], "signs": []})) == []
    assert one.is_done


@pytest.mark.parametrize(
    "fields",
    [
        {"events": {"type": "object", "fields": {"day": {"type": "date", "asked_of": "first_part"}}}},
        {"events": {"type": "list", "items": {"type": "string", "asked_of": "first_part"}}},
        {
            "events": {
                "type": "list",
                "items": {"type": "object", "fields": {"day": {"type": "date", "asked_of": "first_part"}}},
            }
        },
    ],
)
def test_within_records_and_lists_it_is_refused(fields):
    with pytest.raises(ConfigError, match="asked_of"):
        load_task({**TASK, "fields": fields, "examples": []})


def test_another_word_is_refused_with_the_right_ones():
    with pytest.raises(ConfigError, match="first_and_last_part"):
        load_task({**TASK, "fields": {"date": {"type": "date", "asked_of": "start"}}, "examples": []})


def test_a_run_takes_the_date_of_the_first_part(tmp_path):
    long = " ".join(f"Word{number} of a report." for number in range(120))
    data = write_documents(tmp_path / "d.parquet", [f"Published 1 March 2024. {long}"])
    (row,) = extract_here(make_settings(data, tmp_path / "run", TASK)).to_dicts()
    assert row["status"] == "OK"
    assert row["chunks"] > 2
    assert set(row) >= {"date", "source", "place", "names", "signs"}


def test_shipped_tasks_that_are_split_ask_publication_of_the_ends_only():
    for path in sorted((ROOT / "conf" / "task").glob("*.yaml")):
        values = read_yaml(path)
        if not values.get("split"):
            continue
        for name, one in values["fields"].items():
            if re.search("title|report_date|publication|source$", name):
                assert one.get("asked_of", "every_part") != "every_part", (path.name, name)
