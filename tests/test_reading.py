"""Documents read through the whole pipeline with the scripted engine: evidence, reasons, chunks, passes, repairs."""

import datetime
import json
import re

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from glane.errors import ConfigError, RunError
from glane.reading.leaks import Leaks
from glane.reading.reading import Reading, ReadingPlan
from glane.task.rules import Rule, Rules
from glane.task.task import load_task
from glane.types import Chunk, Completion, Document, ExtractedValue

TASK = {
    "name": "visit",
    "instructions": "Lis le texte.",
    "fields": {
        "age": {"type": "integer", "minimum": 0, "maximum": 120, "evidence": True, "missing": True},
        "fever": {"type": "boolean", "evidence": True, "missing": True, "assertion": True},
        "signs": {"type": "list", "items": {"type": "string"}, "evidence": True, "missing": True},
        "events": {
            "type": "list",
            "keys": ["disease", "place"],
            "items": {
                "type": "object",
                "fields": {
                    "disease": {"type": "string"},
                    "place": {"type": "string", "nullable": True},
                    "cases": {"type": "integer", "missing": ["not_stated", "uncertain"], "evidence": True},
                },
            },
        },
    },
}


def answer(**changes):
    whole = {
        "age": {"missing": "not_stated"},
        "fever": {"missing": "not_stated"},
        "signs": {"missing": "not_stated"},
        "events": [],
    }
    return f"[[answer {hidden(whole | changes)}]]"


def hidden(value):
    """JSON whose quotes are written in escapes: they must be found in the text, not in the answer beside it."""
    text = json.dumps(value, ensure_ascii=False)
    escaped = lambda found: '"quote": "' + "".join(f"\\u{ord(letter):04x}" for letter in found[1]) + '"'  # noqa: E731
    return re.sub(r'"quote": "([^"]*)"', escaped, text)


def read(tmp_path, texts, *, task=TASK, **changes):
    data = write_documents(tmp_path / "d.parquet", texts)
    return extract_here(make_settings(data, tmp_path / "run", task, **changes))


def event(disease, place, cases, quote=None):
    number = {"missing": "not_stated"} if cases is None else {"value": cases, "quote": quote or str(cases)}
    return {"disease": disease, "place": place, "cases": number}


def test_evidence_is_the_texts_own_passage_with_its_offsets(tmp_path):
    text = "Âge : 67 ans. Toux, FIÈVRE ; toux encore. "
    said = answer(
        age={"value": 67, "quote": "67 ans"},
        fever={"value": True, "assertion": "present", "quote": "fièvre"},
        signs=[{"value": "toux", "quote": "toux"}, {"value": "toux", "quote": "toux"}],
    )
    (row,) = read(tmp_path, [text + said]).to_dicts()
    whole = text + said
    assert row["age__evidence"] == {
        "quote": "67 ans", "start": 6, "end": 12, "alignment": "exact", "supports": True, "quote_mass": None,
    }  # fmt: skip
    assert row["fever__evidence"]["alignment"] == "normalised"
    assert row["fever__evidence"]["quote"] == "FIÈVRE"
    assert row["fever__assertion"] == "present"
    for passage in (row["age__evidence"], row["fever__evidence"], *row["signs__evidence"]):
        assert whole[passage["start"] : passage["end"]] == passage["quote"]
    starts = [passage["start"] for passage in row["signs__evidence"]]
    assert len(set(starts)) == 2  # two mentions, two places


def test_a_quote_that_is_not_there_has_no_offsets(tmp_path):
    (row,) = read(tmp_path, ["Rien. " + answer(age={"value": 67, "quote": "né en mille neuf cent"})]).to_dicts()
    assert row["age__evidence"] == {
        "quote": None, "start": None, "end": None, "alignment": "none", "supports": False, "quote_mass": None,
    }  # fmt: skip
    assert row["age"] == 67


def test_no_null_without_a_reason(tmp_path):
    texts = [
        "a" + answer(),
        "Peu clair." + answer(age={"missing": "uncertain", "quote": "Peu clair"}),
        "c" + answer(age=None),
    ]
    rows = read(tmp_path, texts, task=TASK | {"repairs": 0})
    assert rows["age__missing"].to_list() == ["not_stated", "uncertain", None]
    assert rows["age__evidence"][1]["quote"] == "Peu clair"
    assert rows["status"].to_list() == ["OK", "OK", "INVALID"]
    assert rows["reason"][2] == "age: null without a reason"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"age": {"missing": "unknown"}}, "age.missing: none of the reasons"),
        ({"age": {"missing": "not_stated", "quote": "x"}}, "age: has a key that is no field"),
        ({"age": {"missing": "denied"}}, "age.quote: missing"),
        ({"age": {"value": 5}}, "age.quote: missing"),
        ({"age": {"value": 5, "quote": ""}}, "age.quote: empty"),
        ({"age": {"value": None, "quote": "x"}}, "age.value: null"),
        ({"fever": {"value": True, "quote": "x", "assertion": "maybe"}}, "fever.assertion: none of the assertions"),
        ({"signs": []}, "signs: has not 1 to"),
        ({"events": [event("grippe", "Lyon", None) | {"cases": {"missing": "denied"}}]}, "events[0].cases.missing"),
    ],
)
def test_wrappers_are_judged_strictly(tmp_path, changes, reason):
    (row,) = read(tmp_path, ["x " + answer(**changes)], task=TASK | {"repairs": 0}).to_dicts()
    assert row["status"] == "INVALID"
    assert reason in row["reason"]


def test_confidence_is_that_of_the_tokens_that_spell_the_value(tmp_path):
    """The scripted engine holds every figure at 0.9, and all else for certain."""
    said = answer(
        age={"value": 67, "quote": "x"}, fever={"value": True, "assertion": "absent", "quote": "x"},
        events=[event("grippe", "Lyon", 123, "x"), event("rougeole", None, None)],
    )  # fmt: skip
    (row,) = read(tmp_path, ["x " + said], task=TASK | {"confidence": True}).to_dicts()
    assert row["age__confidence"] == pytest.approx(0.81)
    assert row["fever__confidence"] == pytest.approx(1)
    assert row["fever__probabilities"]["true"] == pytest.approx(1)
    assert row["events"][0]["cases__confidence"] == pytest.approx(0.729)
    assert row["events__confidence"] == pytest.approx([0.729, 1])


def test_confidence_can_be_switched_off(tmp_path):
    rows = read(tmp_path, ["x " + answer()], task=TASK | {"confidence": False})
    assert not [name for name in rows.columns if name.endswith(("__confidence", "__probabilities"))]


def test_long_documents_are_asked_in_chunks_and_merged(tmp_path):
    """Two passages with an answer each, far apart; the middle of the document says nothing."""
    first = answer(
        age={"value": 67, "quote": "67 ans"}, events=[event("grippe", "Lyon", 12), event("grippe", "Metz", 3)]
    )
    last = answer(
        age={"value": 70, "quote": "70 ans"}, events=[event("grippe", "LYON", 15), event("rougeole", None, 2)]
    )
    told = [f"67 ans. 12 à Lyon, 3 à Metz. {first}", answer(), answer(), f"70 ans. 15 à Lyon, 2 rougeoles. {last}"]
    text = "\n\n".join(block + " Rien." * ((1400 - len(block)) // 6) for block in told)
    task = TASK | {"split": {"max_tokens": 1500, "overlap_tokens": 0}}
    (row,) = read(tmp_path, [text], task=task, model__max_model_len=40000).to_dicts()
    assert row["status"] == "OK", row["reason"]
    assert row["chunks"] == 4
    assert (row["age"], row["age__conflicts"]) == (67, [70])
    assert [(one["disease"], one["place"], one["cases"]) for one in row["events"]] == [
        ("grippe", "Lyon", 12), ("grippe", "Metz", 3), ("rougeole", None, 2),
    ]  # fmt: skip
    assert row["events"][0]["cases__conflicts"] == [15]
    for one in row["events"]:
        passage = one["cases__evidence"]
        assert text[passage["start"] : passage["end"]] == passage["quote"]


def test_a_document_of_a_million_characters_is_one_row(tmp_path):
    text = ("Le patient va bien. " * 50 + "\n\n") * 1000
    task = TASK | {"split": {"overlap_tokens": 50}}
    (row,) = read(tmp_path, [text], task=task).to_dicts()
    assert row["status"] == "OK", row["reason"]
    assert row["chunks"] > 50


def test_without_splitting_a_long_document_says_what_would_help(tmp_path):
    (row,) = read(tmp_path, ["mot " * 10_000]).to_dicts()
    assert row["status"] == "TOO_LONG"
    assert "task.split" in row["reason"]


def test_a_chunk_that_fails_fails_the_document_and_says_which(tmp_path):
    text = f"{'a ' * 300}{answer()}\n\n{'b ' * 300}[[invalid]]"
    task = TASK | {"split": {"max_tokens": 900, "overlap_tokens": 0}, "repairs": 0}
    (row,) = read(tmp_path, [text], task=task).to_dicts()
    assert (row["status"], row["reason"]) == ("INVALID", "chunk 2 of 2: age: missing")


def test_what_cannot_be_used_is_asked_again_and_the_row_says_so(tmp_path):
    texts = ["[[answer {]]" + answer(age={"value": 5, "quote": "x"}), "[[invalid]]", "fine " + answer()]
    rows = read(tmp_path, texts)
    assert rows["status"].to_list() == ["OK", "INVALID", "OK"]
    assert rows["repairs"].to_list() == [1, 1, 0]
    assert rows["age"].to_list() == [5, None, None]


def test_a_truncated_answer_gets_more_room(tmp_path):
    (row,) = read(tmp_path, ["[[truncate]]"], task=TASK | {"repairs": 2}, model__max_tokens=512).to_dicts()
    assert (row["status"], row["repairs"]) == ("TRUNCATED", 2)
    assert row["output_tokens"] == 512 + 1024 + 1024


@pytest.mark.parametrize(
    ("language", "told"),
    [
        (
            "fr",
            ["age.value n'a pas la forme demandée", "coupée avant sa fin ; réponds plus court", "la règle age < 100"],
        ),
        (
            "en",
            [
                "age.value has not the form that is asked for",
                "cut before its end; answer shorter",
                "the rule age < 100",
            ],
        ),
    ],
)
def test_what_is_wrong_with_an_answer_is_told_in_the_tasks_language(language, told):
    task = load_task(TASK | {"language": language, "rules": ["age < 100"]})
    plan = ReadingPlan(task, style="full")
    document = Document(id="d", text="67 ans", inputs={"text": "67 ans"})
    wrong = answer(age={"value": "x", "quote": "67 ans"})[len("[[answer ") : -2]
    broken = answer(age={"value": 110, "quote": "67 ans"})[len("[[answer ") : -2]
    for said, reason, words in ((wrong, "stop", told[0]), (wrong, "length", told[1]), (broken, "stop", told[2])):
        reading = Reading(plan, document, [Chunk(text="67 ans", start=0, end=6)])
        completion = Completion(text=said, finish_reason=reason, num_prompt_tokens=1, num_output_tokens=1)
        (again,) = reading.take(reading.turns()[0], completion)
        assert words in reading.messages(again)[-1]["content"]


def test_rules_between_fields_are_checked_and_repaired(tmp_path):
    old = answer(age={"value": 110, "quote": "x"})
    data = write_documents(
        tmp_path / "d.parquet", ["x " + old, "y " + old + answer(), "z " + answer()],
        visit_date=["2024-01-01", "2024-01-01", "2019-12-31"],
    )  # fmt: skip
    task = TASK | {
        "inputs": ["text", "visit_date"],
        "rules": ["age < 100", {"rule": "visit_date >= DATE '2020-01-01'", "if_broken": "reject"}],
    }  # fmt: skip
    rows = extract_here(make_settings(data, tmp_path / "run", task))
    assert rows["status"].to_list() == ["OK", "OK", "INVALID"]
    assert rows["age"].to_list() == [110, None, None]
    assert rows["broken_rules"].to_list() == [["age < 100"], [], None]
    assert rows["reason"][2] == "the answer breaks the rule \"visit_date >= DATE '2020-01-01'\""
    assert rows["repairs"].to_list() == [1, 1, 1]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        (["age <"], ["task.rules[0]"]),
        (["age < 5", "weight > 3"], ["task.rules[1]", "weight", "Valid: age"]),
        (["age + 1"], ["not true or false"]),
        (["age < 'x'"], ["task.rules[0]"]),
    ],
)
def test_a_rule_that_cannot_hold_is_refused_at_load(rules, words):
    with pytest.raises(ConfigError) as raised:
        load_task(TASK | {"rules": rules})
    for word in words:
        assert word in str(raised.value)


def test_several_samples_agree_or_not(tmp_path):
    five, six = (answer(age={"value": value, "quote": "x"}) for value in (5, 6))
    task = TASK | {"passes": 4, "confidence": True}
    rows = read(tmp_path, ["x " + five + six + five + five, "y" + answer()], task=task)
    assert rows["age"].to_list() == [5, None]
    assert rows["age__agreement"].to_list() == [0.75, 1.0]
    assert rows["age__confidence"][0] == pytest.approx(0.75 * 0.9)
    assert rows["age__conflicts"].to_list() == [[6], []]


def test_a_recall_pass_adds_what_was_missed(tmp_path):
    first = answer(signs=[{"value": "toux", "quote": "toux"}], events=[event("grippe", "Lyon", 3)])
    more = hidden({"signs": [{"value": "fièvre", "quote": "fièvre"}, {"value": "toux", "quote": "toux"}], "events": []})
    (row,) = read(
        tmp_path, [f"toux, fièvre {first}[[answer {more}]]"], task=TASK | {"passes": {"recall": 1}}
    ).to_dicts()
    assert row["signs"] == ["toux", "fièvre"]
    assert [one["disease"] for one in row["events"]] == ["grippe"]
    (tmp_path / "b").mkdir()
    (row,) = read(tmp_path / "b", [f"x {first}[[answer {{]]"], task=TASK | {"passes": {"recall": 1}}).to_dicts()
    assert row["signs"] == ["toux"]  # a recall pass that fails takes nothing away


def test_values_that_come_from_an_example_are_flagged(tmp_path):
    example = {
        "text": "Mme de 91 ans, grippe à Saint-Leu.",
        "output": {"age": {"value": 91, "quote": "91 ans"}, "events": [event("grippe", "Saint-Leu", None)]},
    }
    task = TASK | {"examples": [example], "repairs": 0}
    texts = [
        "Enfant. " + answer(age={"value": 91, "quote": "91 ans"}),
        "Grippe à Saint-Leu, 91 ans. " + answer(age={"value": 91, "quote": "91 ans"}),
    ]  # fmt: skip
    rows = read(tmp_path, texts, task=task)
    assert rows["leaked_from_example"].to_list() == [["age"], []]


def test_a_quote_of_an_example_must_stand_in_its_text():
    example = {"text": "Mme de 91 ans.", "output": {"age": {"value": 91, "quote": "91 années"}}}
    with pytest.raises(ConfigError, match=r"task.examples\[0\].output.age: the quote '91 années' does not stand"):
        load_task(TASK | {"examples": [example]})


def test_sums_that_would_count_twice_are_refused():
    fields = {"cases": {"type": "integer", "nullable": True, "merge": "sum"}}
    for split in (None, {"overlap_tokens": 10}):
        with pytest.raises(ConfigError, match="count twice"):
            load_task({"name": "t", "instructions": "x", "fields": fields, "split": split})
    load_task({"name": "t", "instructions": "x", "fields": fields, "split": {"overlap_tokens": 0}})


def test_a_line_list_is_safe_in_a_spreadsheet_and_may_hold_values_only(tmp_path):
    said = answer(
        signs=[{"value": "toux", "quote": "toux"}], events=[event("=1+1", "@SUM(1)", 3), event("-3", None, None)]
    )
    read(tmp_path, ["=1+1 toux -3 @SUM(1) 3 " + said, "y" + answer()], task=TASK | {"confidence": True})
    run = glane.open_run(tmp_path / "run")
    shown = run.line_list(explode="events").collect()
    assert shown["events.disease"].to_list() == ["'=1+1", "'-3", None]
    assert shown["events.place"].to_list() == ["'@SUM(1)", None, None]
    assert not any(line.startswith(("=", "+", "-", "@")) for line in shown.write_csv().replace(",", "\n").splitlines())
    bare = run.line_list(explode="events", for_spreadsheet=False).collect()
    assert bare["events.disease"].to_list() == ["=1+1", "-3", None]
    values = run.line_list(values_only=True).collect()
    assert values.columns == ["id", *(f"{one}__count" if one == "events" else one for one in TASK["fields"])]
    exploded = run.line_list(explode="events", values_only=True).collect()
    assert [name for name in exploded.columns if "__" in name] == ["events__item"]
    assert {"events.disease", "events.place", "events.cases"} <= set(exploded.columns)


def test_line_list_and_evidence_are_flat(tmp_path):
    said = answer(
        age={"value": 67, "quote": "67"}, signs=[{"value": "toux", "quote": "toux"}, {"value": "rash", "quote": "rash"}],
        events=[event("grippe", "Lyon", 3), event("rougeole", None, None)],
    )  # fmt: skip
    read(tmp_path, ["67 toux rash 3 " + said, "y" + answer()], task=TASK | {"confidence": True})
    run = glane.open_run(tmp_path / "run")
    flat = run.line_list().collect()
    flat.write_csv(tmp_path / "line_list.csv")  # refuses nested columns
    assert flat["signs"].to_list() == ["toux; rash", None]
    assert flat["age__quote"].to_list() == ["67", None]
    assert flat["events__count"].to_list() == [2, 0]
    exploded = run.line_list(explode="events").collect()
    exploded.write_csv(tmp_path / "events.csv")
    assert exploded["events.disease"].to_list() == ["grippe", "rougeole", None]
    assert exploded["events__item"].to_list() == [0, 1, None]
    with pytest.raises(ConfigError, match="signs"):
        run.line_list(explode="sign")
    found = run.evidence().collect()
    assert found.columns == [
        "id",
        "field",
        "item",
        "value",
        "quote",
        "start",
        "end",
        "alignment",
        "supports",
        "quote_mass",
        "confidence",
    ]
    rows = {(row["field"], row["item"]): row for row in found.to_dicts()}
    assert set(rows) == {
        ("age", None), ("signs", 0), ("signs", 1), ("events.disease", 0), ("events.disease", 1), ("events.place", 0),
        ("events.cases", 0),
    }  # fmt: skip
    assert rows["events.cases", 0]["value"] == "3"
    assert rows["events.cases", 0]["quote"] == "3"
    assert rows["age", None]["confidence"] == pytest.approx(0.81)
    assert run.usable().filter(pl.col("age__missing") == "not_stated").collect()["id"].to_list() == ["d1"]


def test_a_document_is_shown_with_its_evidence_and_nothing_of_it_is_markup(tmp_path):
    said = answer(age={"value": 67, "quote": "67 <b>"}, signs=[{"value": "toux", "quote": "toux"}])
    read(tmp_path, ["67 <b> & toux. " + said])
    shown = glane.open_run(tmp_path / "run").show("d0")._repr_html_()
    assert '<mark title="age = 67">67 &lt;b&gt;</mark> &amp; <mark title="signs = toux">toux</mark>' in shown
    with pytest.raises(RunError, match="d7"):
        glane.open_run(tmp_path / "run").show("d7")


def test_rules_take_inputs_for_what_they_look_like():
    task = load_task(TASK | {"inputs": ["text", "seen", "ward"]})
    found = {name: ExtractedValue() for name in task.fields} | {"age": ExtractedValue(value=5)}

    def broken(rule, **inputs):
        return bool(Rules([Rule(rule=rule)], task.fields, ["seen", "ward"]).broken(found, inputs))

    assert broken("seen >= 2000", seen="1999", ward="")
    assert not broken("seen >= 2000", seen="2001", ward="")
    assert broken("age > seen", seen="7", ward="")
    assert not broken("ward IS NOT NULL", seen="", ward="B")
    assert broken("seen >= '2020-01-01'", seen="2019-12-31", ward="")
    assert broken("seen <= DATE '2020-01-01'", seen="2020-01-02T08:00", ward="")
    assert broken("seen <= DATE '2020-01-01'", seen="05/03/2019", ward="")  # no date that it can read: said, not hidden
    assert not broken("seen <= DATE '2020-01-01'", seen="", ward="")


def test_rules_are_for_the_whole_document(tmp_path):
    """Each chunk alone would break the rule; the document does not."""
    told = [answer(age={"value": 5, "quote": "5"}), answer(fever={"value": True, "assertion": "present", "quote": "f"})]
    text = "\n\n".join(block + " Rien." * ((1400 - len(block)) // 6) for block in told)
    rule = {"rule": "age IS NOT NULL AND fever IS NOT NULL", "if_broken": "reject"}
    task = TASK | {"split": {"max_tokens": 1500, "overlap_tokens": 0}, "rules": [rule]}
    (row,) = read(tmp_path, [text], task=task).to_dicts()
    assert (row["status"], row["chunks"], row["repairs"]) == ("OK", 2, 0)


def test_what_is_merged_is_judged_by_the_rules_again(tmp_path):
    """Each sample keeps the rule, and the vote of them, field by field, does not."""
    fields = {name: {"type": "integer"} for name in "ab"}
    answers = "".join(f'[[answer {{"a":{a},"b":{b}}}]]' for a, b in [(1, 2), (1, 2), (3, 4), (3, 5), (3, 6)])
    task = {"name": "t", "instructions": "x", "fields": fields, "passes": 5, "rules": ["a < b"]}
    (row,) = read(tmp_path, [answers], task=task).to_dicts()
    assert (row["a"], row["b"], row["broken_rules"]) == (3, 2, ["a < b"])


def test_samples_that_cannot_be_used_agree_with_nothing(tmp_path):
    task = TASK | {"passes": 4, "repairs": 0}
    texts = ["x " + answer(age={"value": 5, "quote": "x"}) + "[[answer {]]"]
    (row,) = read(tmp_path, texts, task=task).to_dicts()
    assert (row["status"], row["age__agreement"]) == ("OK", 0.25)


def test_the_same_prompt_is_asked_once_whatever_the_number_of_samples(tmp_path):
    rows = read(tmp_path, ["note"] * 5, task=TASK | {"passes": 2, "repairs": 0})
    assert rows["duplicate"].to_list() == [False, True, True, True, True]
    assert rows["prompt_tokens"].n_unique() == 1
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert (summary["flow"]["asked"], summary["flow"]["duplicates"]) == (1, 4)
    assert summary["tokens"]["prompt"] == rows["prompt_tokens"][0]


def test_a_number_of_hundreds_of_digits_is_an_invalid_answer(tmp_path):
    task = {"name": "t", "instructions": "x", "fields": {"n": {"type": "number"}, "i": {"type": "integer"}}}
    texts = [
        f'[[answer {{"n":1{"0" * 400},"i":1}}]]',
        f'[[answer {{"n":1,"i":1{"0" * 400}}}]]',
        '[[answer {"n":1e999,"i":1}]]',
    ]
    rows = read(tmp_path, texts, task=task | {"repairs": 0})
    assert rows["status"].to_list() == ["INVALID"] * 3
    assert rows["reason"].to_list()[:2] == ["n: not a number", "i: above the maximum 9007199254740991"]


def test_members_of_a_record_have_its_evidence(tmp_path):
    fields = {
        "stays": {"type": "list", "evidence": True, "items": {"type": "object", "fields": {
            "start": {"type": "date", "precision": "partial"}, "end": {"type": "date", "nullable": True},
            "confidence": {"type": "string"},
        }}},
        "item": {"type": "object", "evidence": True, "fields": {"start": {"type": "integer"}}},
    }  # fmt: skip
    stay = {"value": {"start": "2020-02", "end": None, "confidence": "haute"}, "quote": "février 2020"}
    said = hidden({"stays": [stay], "item": {"value": {"start": 3}, "quote": "trois"}})
    read(
        tmp_path,
        [f"Séjour en février 2020, trois. [[answer {said}]]"],
        task={"name": "t", "instructions": "x", "fields": fields},
    )
    run = glane.open_run(tmp_path / "run")
    found = run.evidence().collect()
    assert found.select("field", "item", "value", "quote").rows() == [
        ("stays.start", 0, "2020-02", "février 2020"), ("stays.confidence", 0, "haute", "février 2020"),
        ("item.start", None, "3", "trois"),
    ]  # fmt: skip
    flat = run.line_list(explode="stays").collect()
    assert flat["stays__start"].to_list() == [10]  # of the evidence
    assert flat["stays.start"].dtype == pl.Date
    assert flat["stays.confidence"].to_list() == ["haute"]
    flat.write_csv(tmp_path / "stays.csv")


def test_documents_with_numbers_for_ids_and_bytes_for_text_are_shown(tmp_path):
    table = pl.DataFrame({"id": [7], "text": [("67 ans. " + answer(age={"value": 67, "quote": "67 ans"})).encode()]})
    table.write_parquet(tmp_path / "d.parquet")
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run", TASK))
    shown = glane.open_run(tmp_path / "run").show(7)._repr_html_()
    assert '<mark title="age = 67">67 ans</mark>' in shown
    assert "<b>OK</b>" in shown


def test_reasons_are_shown_with_their_passages(tmp_path):
    read(tmp_path, ["Âge inconnu. " + answer(age={"missing": "uncertain", "quote": "Âge inconnu"})])
    assert 'title="age = (uncertain)">Âge inconnu</mark>' in glane.open_run(tmp_path / "run").show("d0")._repr_html_()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fields": {"o": {"type": "object", "fields": {"n": {"type": "integer", "merge": "sum"}}}}}, "o.n.merge"),
        ({"fields": {"s": {"type": "list", "items": {"type": "string", "merge": "last"}}}}, "s.items.merge"),
        ({"fields": {"s": {"type": "string", "merge": "highest_confidence"}}, "confidence": False}, "confidence=true"),
        ({"fields": {"ward": {"type": "string"}}, "inputs": ["text", "ward"]}, "also a field"),
        ({"fields": {"s": {"type": "string"}}, "inputs": ["text", "output"]}, "'output'"),
        (
            {"fields": {"n": {"type": "integer"}}, "rules": ["n < 5"], "examples": [{"text": "x", "output": {"n": 9}}]},
            "n < 5",
        ),
    ],
)
def test_settings_without_effect_or_sense_are_refused(change, words):
    with pytest.raises(ConfigError, match=re.escape(words)):
        load_task({"name": "t", "instructions": "x"} | change)


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        ("1 234 cas le 03.2024, Hôpital Nord", []),
        ("1.234 cas en 2024, hopital  NORD", []),
        ("1,234 le 5/3/24, Hôpital Nord", []),
        ("1\u202f234 le 05.03.24, Hôpital Nord", []),
        ("1’234 le 5.3.24, Hôpital Nord", []),
        ("1234,5 le 12.2024, Hôpital Nord", ["n"]),
        ("١٬٢٣٤ cas en 2024, Hôpital Nord", []),
        ("99 cas, Hôpital Sud", ["n", "day", "ward"]),
        ("21 234 ou 1 234 567 ou 1 234,5 cas, en 12 024, Hôpital Nord", ["n", "day"]),
        ("9 1234 cas à 24,5 °C, Hôpital Nord", ["day"]),
    ],
)
def test_figures_that_are_written_otherwise_are_no_leak(text, leaked):
    values = {"n": 1234, "day": datetime.date(2024, 3, 5), "ward": "Hôpital Nord"}
    kinds = {"n": "integer", "day": "date", "ward": "string"}
    example = {"text": "1234 cas", "output": {"n": 1234, "day": "2024-03-05", "ward": "Hôpital Nord"}}
    fields = {name: {"type": kind} for name, kind in kinds.items()}
    task = load_task({"name": "t", "instructions": "x", "fields": fields, "examples": [example]})
    found = {name: ExtractedValue(value=value) for name, value in values.items()}
    assert Leaks(task.examples, task.fields).in_answer(found, text) == leaked


@pytest.mark.parametrize(
    ("text", "leaked"),
    [
        ("On compte 234 cas.", []),
        ("On compte 1 234 cas.", ["what"]),
        ("On compte 1\u202f234 cas.", ["what"]),
        ("En 2012 234 CAS.", []),
        ("On compte 2340 cas.", ["what"]),
    ],
)
def test_words_that_begin_with_a_figure_are_a_leak_where_it_is_part_of_another(text, leaked):
    example = {"text": "Il y a 234 cas", "output": {"what": "234 cas"}}
    task = load_task({"name": "t", "instructions": "x", "fields": {"what": {"type": "string"}}, "examples": [example]})
    assert Leaks(task.examples, task.fields).in_answer({"what": ExtractedValue(value="234 cas")}, text) == leaked
