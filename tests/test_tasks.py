"""The shipped tasks: their examples and reference cases are right, and come through a run as they are."""

import datetime
import json
import math

import jsonschema
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from conftest import ROOT, extract_here, make_settings, read_yaml, write_documents
from glane.task.answer import read_answer
from glane.task.fields import DateField, ListField, NumberField, ObjectField
from glane.task.grammar import quote_grammar
from glane.task.locate import locate
from glane.task.prompt import compact_json, messages
from glane.task.prompt_words import PROMPT_WORDS
from glane.task.rules import Rules
from glane.task.task import load_task

TASKS = [
    "ed_visit",
    "outbreak_report",
    "death_certificate",
    "outbreak_in_care_home",
    "literature_screening",
    "intervention_evaluation",
    "effect_sizes",
    "risk_of_bias_randomised",
    "program_translation",
]


@pytest.fixture
def gold(shipped_task):
    """The task with its reference cases in place of its examples: read and checked by the same code."""

    def load(name):
        cases = read_yaml(ROOT / "tests" / "gold" / f"{name}.yaml")
        return load_task({**shipped_task(name), "examples": cases})

    return load


def both(name, shipped_task, gold):
    return [*load_task(shipped_task(name)).examples, *gold(name).examples]


@pytest.mark.parametrize("name", TASKS)
def test_there_are_enough_examples_and_other_reference_cases(name, shipped_task, gold):
    shown = {example.inputs["text"] for example in load_task(shipped_task(name)).examples}
    cases = {example.inputs["text"] for example in gold(name).examples}
    assert len(shown) >= 2
    assert len(cases) >= 4
    assert not shown & cases


@pytest.mark.parametrize("name", TASKS)
def test_examples_and_reference_cases_satisfy_the_schema_and_the_rules(name, shipped_task, gold):
    task = load_task(shipped_task(name))
    schema = json.loads(task.answer_schema)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    rules = Rules(task.rules, task.fields, [])
    for example in both(name, shipped_task, gold):
        validator.validate(example.output)
        found = read_answer(task.fields, locate(compact_json(example.output)))
        assert rules.broken(found, {}) == []


def quotes(value):
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "quote":
                yield inner
            else:
                yield from quotes(inner)
    if isinstance(value, list):
        for inner in value:
            yield from quotes(inner)


@pytest.mark.parametrize("name", TASKS)
def test_quotes_stand_in_their_text(name, shipped_task, gold):
    number = 0
    for example in both(name, shipped_task, gold):
        for quote in quotes(example.output):
            assert quote in example.inputs["text"]
            number += 1
    assert number > 10


@pytest.mark.parametrize("name", TASKS)
def test_the_grammar_backend_takes_the_schema_and_the_reference_answers(name, gold):
    llguidance = pytest.importorskip("llguidance")
    task = gold(name)
    grammar = llguidance.LLMatcher.grammar_from_json_schema(
        task.answer_schema, overrides={"whitespace_flexible": False}
    )
    assert llguidance.LLMatcher.validate_grammar(grammar) == ""
    tokenizer = llguidance.LLTokenizer("byte")
    for case in task.examples:
        answer = list(compact_json(case.output).encode())
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        assert matcher.try_consume_tokens(answer) == len(answer)
        assert matcher.is_accepting()


@pytest.mark.parametrize(
    ("name", "phrases"),
    [
        ("outbreak_report", ["couple maladie et lieu", "- events (", "infirme : vérifié et démenti"]),
        (
            "death_certificate",
            ["la ligne a) est la cause immédiate", "a : cause immédiate", "Jamais une affection de la"],
        ),
        ("outbreak_in_care_home", ["Ne calcule rien", "trod : test rapide d'orientation", "usld : unité de soins"]),
        (
            "literature_screening",
            ["7. period: published in 2010 or later", "- exclusion_reason (", "met : criterion met"],
        ),
        (
            "intervention_evaluation",
            ["HR : hazard ratio", "PROGRESS-Plus", "- primary_ci_low (number"],
        ),
        ("program_translation", ["def run(tables:", "age < 2 est vrai", "texte d'au plus 20000 caractères"]),
    ],
)
def test_prompts_show_instructions_fields_and_labels(name, phrases, shipped_task):
    task = load_task(shipped_task(name))
    told, *examples, asked = messages(task, {"text": "LE DOCUMENT"}, style="full")
    for phrase in phrases:
        assert any(phrase in one["content"] for one in (told, *examples))
    assert [one["role"] for one in examples] == ["user", "assistant"] * len(task.examples)
    for field in task.fields.values():
        assert field.description
    assert "LE DOCUMENT" in asked["content"]
    (whole,) = messages(task, {"text": "LE DOCUMENT"}, style="full", shape="single")
    assert whole["content"].index("LE DOCUMENT") > whole["content"].rindex(PROMPT_WORDS[task.language]["example"])


def check(field, name, answer, row):
    """That the columns of one field say what the answer says."""
    if isinstance(answer, dict) and set(answer) <= {"missing", "quote"} and "missing" in answer:
        assert row[name] is None
        assert row[f"{name}__missing"] == answer["missing"]
        if not isinstance(field, ListField):
            check_passage(row.get(f"{name}__evidence"), answer.get("quote"))
        return
    if field.missing:
        assert row[f"{name}__missing"] is None
    if isinstance(field, ListField):
        assert row[name] is not None
        for number, item in enumerate(answer):
            check_one(field, field.items, item, row[name][number], column(row, name, number))
        assert len(row[name]) == len(answer)
        return
    check_one(field, field, answer, row[name], lambda what: row.get(f"{name}__{what}"))


def column(row, name, number):
    return lambda what: (row.get(f"{name}__{what}") or {number: None})[number]


def check_one(wrapper, field, answer, value, beside):
    if wrapper.evidence or wrapper.assertion or (wrapper.missing and not isinstance(wrapper, ListField)):
        check_passage(beside("evidence"), answer.get("quote"))
        assert beside("assertion") == answer.get("assertion")
        answer = answer["value"]
    if isinstance(field, ObjectField):
        for name, inner in field.fields.items():
            check(inner, name, answer[name], value)
    elif isinstance(field, ListField):
        assert value == answer
    elif answer is None:
        assert value is None
    elif isinstance(field, DateField):
        assert value == datetime.date.fromisoformat((answer + "-01-01")[:10])
        assert beside("precision") in (None, {4: "year", 7: "month", 10: "day"}[len(answer)])
    elif isinstance(field, NumberField):
        assert isinstance(value, float)
        assert math.isclose(value, answer)
    else:
        assert type(value) is type(answer)
        assert value == answer


def check_passage(evidence, quote):
    if quote is None:
        assert evidence is None
    else:
        assert (evidence["quote"], evidence["alignment"]) == (quote, "exact")


@pytest.mark.parametrize("name", TASKS)
def test_reference_answers_come_through_a_run_as_they_are(name, gold, shipped_task, tmp_path):
    task = gold(name)
    texts = [f"{case.inputs['text']}\n[[answer {compact_json(case.output)}]]" for case in task.examples]
    data = write_documents(tmp_path / "documents.parquet", texts)
    # One prompt per document: the engine takes its answer from the text, which must not be cut.
    definition = {**shipped_task(name), "split": None}
    rows = extract_here(make_settings(data, tmp_path / "run", definition, model__max_model_len=200_000))
    for row, text, case in zip(rows.sort("id").iter_rows(named=True), texts, task.examples, strict=True):
        assert row["status"] == "OK", row["reason"]
        for field_name, field in task.fields.items():
            check(field, field_name, case.output[field_name], row)
            evidence = row.get(f"{field_name}__evidence")
            for passage in evidence if isinstance(evidence, list) else [evidence]:
                if passage is not None:
                    assert text[passage["start"] : passage["end"]] == passage["quote"]


def broken(task, **answer):
    """The rules that an answer breaks: that of the first example, changed."""
    found = read_answer(task.fields, locate(compact_json({**task.examples[0].output, **answer})))
    return [one.rule for one in Rules(task.rules, task.fields, []).broken(found, {})]


def met(value):
    return {"missing": "not_stated"} if value is None else {"value": value, "quote": "x"}


@pytest.mark.parametrize(
    ("answer", "is_consistent"),
    [
        ({}, True),
        ({"period": met(None)}, True),
        ({"period": met("not_met")}, False),  # included with a criterion that is not met
        ({"population": met(None)}, False),  # included without a word of the population
        ({"exclusion_reason": "period"}, False),
        ({"decision": "exclude"}, False),
        ({"decision": "exclude", "exclusion_reason": "period"}, False),
        ({"decision": "exclude", "exclusion_reason": "period", "period": met("not_met")}, True),
        ({"decision": "exclude", "exclusion_reason": "period", "period": met(None)}, False),
        (
            {
                "decision": "exclude",
                "exclusion_reason": "period",
                "period": met("not_met"),
                "outcome": met("not_met"),
            },
            False,  # not the first
        ),
        ({"decision": "unclear", "outcome": met("unclear")}, True),
        ({"decision": "unclear", "outcome": met("not_met")}, False),
    ],
)
def test_a_screening_decision_follows_from_its_criteria(answer, is_consistent, shipped_task):
    assert (broken(load_task(shipped_task("literature_screening")), **answer) == []) is is_consistent


def test_rules_of_the_other_tasks_find_what_cannot_be(shipped_task):
    home = load_task(shipped_task("outbreak_in_care_home"))
    assert broken(home, residents_ill={"value": 83, "quote": "x"}) == ["residents_ill <= residents_total"]
    assert broken(home, first_case_date={"value": "2025-01-18", "quote": "x"}) == ["first_case_date <= report_date"]
    evaluation = load_task(shipped_task("intervention_evaluation"))
    assert broken(evaluation, primary_ci_low=0.8) == ["primary_ci_low <= primary_estimate"]
    certificate = load_task(shipped_task("death_certificate"))
    pregnant = {"value": "en_cours", "quote": "x"}
    assert broken(certificate, pregnancy=pregnant) == []
    assert len(broken(certificate, pregnancy=pregnant, sex={"value": "M"})) == 1


def test_prisma_counts_come_from_the_columns(shipped_task, gold, tmp_path):
    cases = gold("literature_screening").examples
    texts = [f"{case.inputs['text']}\n[[answer {compact_json(case.output)}]]" for case in cases]
    data = write_documents(tmp_path / "documents.parquet", texts)
    task = shipped_task("literature_screening")
    rows = extract_here(make_settings(data, tmp_path / "run", task, model__max_model_len=200_000))
    counts = rows.group_by("decision").len().sort("decision")
    assert dict(counts.iter_rows()) == {"include": 1, "exclude": 3, "unclear": 1}
    reasons = rows.filter(pl.col("decision") == "exclude").group_by("exclusion_reason").len()
    assert dict(reasons.iter_rows()) == {"study_design": 1, "population": 1, "comparator": 1}


def program(example):
    """The `run` that a translated program defines. The programs are those of this repository, not of a model."""
    namespace = {}
    exec(compile(example.output["program"], "program", "exec"), namespace)
    return namespace["run"]


def day(text):
    return datetime.date.fromisoformat(text)


def test_the_translated_sas_example_counts_missing_ages_as_sas_does(shipped_task):
    sas, _ = load_task(shipped_task("program_translation")).examples
    dates = [day("2025-01-02"), day("2025-01-01"), day("2025-01-01"), day("2025-01-03")]
    passages = pl.DataFrame({"hopital": ["B", "A", "B", "B"], "date": dates, "age": [1, None, 40, None]})
    made = program(sas)({"passages": passages})
    assert list(made) == sas.output["output_tables"]
    assert made["tri"].rows() == [
        ("A", day("2025-01-01"), None),
        ("B", day("2025-01-01"), 40),
        ("B", day("2025-01-02"), 1),
        ("B", day("2025-01-03"), None),
    ]
    assert made["cumul"].columns == ["hopital", "date", "nourrissons"]
    assert made["cumul"]["nourrissons"].to_list() == [1, 0, 1, 2]
    assert_frame_equal(
        made["bilan"],
        pl.DataFrame({"hopital": ["A", "B"], "n_age": [0, 2], "age_moyen": [None, 20.5]}),
        check_dtypes=False,
    )


def test_the_translated_r_example_joins_and_sorts_missing_values_as_dplyr_does(shipped_task):
    _, r = load_task(shipped_task("program_translation")).examples
    cas = pl.DataFrame(
        {
            "statut": ["confirme", "exclu", None, "confirme", "confirme", "confirme"],
            "commune": ["V", "V", "V", "M", "M", None],
        }
    )
    communes = pl.DataFrame({"commune": ["M", "V"], "population": [1000, 100]})
    made = program(r)({"cas": cas, "communes": communes})
    assert list(made) == r.output["output_tables"]
    assert made["incidence"].rows() == [("V", 1, 100, 1000.0), ("M", 2, 1000, 200.0), (None, 1, None, None)]


def test_the_translated_reference_programs_give_what_the_originals_give(gold):
    cross, weekly, last, wide, letter = gold("program_translation").examples
    assert letter.output["program"] is None

    patients = pl.DataFrame({"id": [2, 1, 3, 4], "sexe": ["F", "M", None, "F"]})
    tested = [day("2025-01-05"), day("2025-02-01"), day("2025-01-01"), None]
    results = pl.DataFrame({"id": [1, 2, 3, 4], "date_prelev": tested, "ct": [36.0, None, 20.0, 20.0]})
    made = program(cross)({"patients": patients, "resultats": results})
    assert made["analyse"].select("id", "positif").rows() == [(1, 0), (2, 1), (3, 1)]
    assert made["croise"].rows() == [("F", 1, 1, 50.0), ("M", 0, 1, 50.0)]

    cases = pl.DataFrame({"region": ["N", "N", "S", "N"], "semaine": [2, 1, 1, 3], "cas": [20, 5, 7, None]})
    assert program(weekly)({"donnees": cases})["hebdo"].rows() == [
        ("N", 1, 5, None, None, "inconnu"),
        ("N", 2, 20, 15, None, "oui"),
        ("N", 3, None, None, None, "inconnu"),
        ("S", 1, 7, None, 7, "inconnu"),
    ]

    tests = pl.DataFrame(
        {
            "id": [2, 1, 1, 3, 2],
            "date": [None, day("2025-01-01"), day("2025-01-09"), day("2025-01-02"), day("2025-01-03")],
            "resultat": ["POS", "POS", "NEG", None, "POS"],
        }
    )
    made = program(last)({"tests": tests, "suivi": pl.DataFrame()})
    assert made["tests"]["id"].to_list() == [1, 1, 2, 2, 3]
    assert made["dernier"].rows() == [
        (1, day("2025-01-09"), "NEG", None),
        (2, day("2025-01-03"), "POS", 1.0),
        (3, day("2025-01-02"), None, 1.0),
    ]

    people = pl.DataFrame({"departement": ["01", "02", "01", "01"], "age": [17, 65, 18, 40]})
    made = program(wide)({"couverture": people})
    assert made["tableau"].columns == ["departement", "enfant", "adulte", "senior"]
    assert made["tableau"].rows() == [("01", 1, 2, 0), ("02", 0, 0, 1)]


@pytest.mark.parametrize("name", [TASKS[0], *(pytest.param(name, marks=pytest.mark.slow) for name in TASKS[1:])])
def test_the_grammar_of_copied_quotes_takes_the_reference_answers_and_no_other_quote(name, gold):
    llguidance = pytest.importorskip("llguidance")
    tokenizer = llguidance.LLTokenizer("byte")
    task = gold(name)
    for case in task.examples:
        grammar = llguidance.LLMatcher.grammar_from_lark(quote_grammar(task.fields).about(case.inputs["text"]))
        assert llguidance.LLMatcher.validate_grammar(grammar) == ""
        answer = compact_json(case.output)
        matcher = llguidance.LLMatcher(tokenizer, grammar)
        assert matcher.try_consume_tokens(list(answer.encode())) == len(answer.encode())
        assert matcher.is_accepting()
        for quote in set(quotes(case.output)):
            spelled = f'"quote":{compact_json(quote)}'
            for other in (compact_json(quote + "§"), compact_json("§" + quote), '""'):
                wrong = list(answer.replace(spelled, f'"quote":{other}', 1).encode())
                assert llguidance.LLMatcher(tokenizer, grammar).try_consume_tokens(wrong) < len(wrong)


@pytest.mark.parametrize("text", ['il dit "non" \\ et\tpart\nvite', "é🦠e\u0301", "\x00\x1f", "fin\\", "a" * 400])
def test_quotes_of_odd_texts_are_copied_as_json_spells_them(text):
    llguidance = pytest.importorskip("llguidance")
    fields = {"f": {"type": "string", "evidence": True, "max_length": 5}}
    task = load_task({"name": "t", "instructions": "x", "fields": fields})
    grammar = llguidance.LLMatcher.grammar_from_lark(quote_grammar(task.fields).about(text))
    for quote, is_there in ((text[:300], True), (text[1:3], True), (text + "b", False)):
        answer = list(compact_json({"f": {"value": "a", "quote": quote}}).encode())
        matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), grammar)
        assert (matcher.try_consume_tokens(answer) == len(answer) and matcher.is_accepting()) is is_there


def test_the_programs_of_the_english_examples_give_what_those_of_the_french_give(shipped_task):
    sas, r = load_task({**shipped_task("program_translation"), "language": "en"}).examples
    dates = [day("2025-01-02"), day("2025-01-01"), day("2025-01-01"), day("2025-01-03")]
    visits = pl.DataFrame({"hospital": ["B", "A", "B", "B"], "date": dates, "age": [1, None, 40, None]})
    made = program(sas)({"visits": visits})
    assert list(made) == sas.output["output_tables"]
    assert made["running"]["infants"].to_list() == [1, 0, 1, 2]
    assert made["summary"].rows() == [("A", 0, None), ("B", 2, 20.5)]
    cases = pl.DataFrame({"status": ["confirmed", "discarded", None, "confirmed"], "district": ["V", "V", "V", "M"]})
    districts = pl.DataFrame({"district": ["M", "V"], "population": [1000, 100]})
    made = program(r)({"cases": cases, "districts": districts})
    assert made["incidence"].rows() == [("V", 1, 100, 1000.0), ("M", 1, 1000, 100.0)]
