"""A run beside right answers: matching, measures, intervals, what is refused, and the job."""

from __future__ import annotations

import datetime
import json
import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from omegaconf import OmegaConf
from scipy import stats
from sklearn.metrics import confusion_matrix, multilabel_confusion_matrix, precision_recall_fscore_support

from conftest import SMALL_TASK, extract_here, job, job_here, make_settings, write_documents
from glane.assess.bootstrap import intervals
from glane.assess.calibrate.acceptance import accept
from glane.assess.calibrate.tested import Risks
from glane.assess.compare.terminal import evaluation_text
from glane.assess.estimate.estimate import estimate
from glane.assess.estimate.question import Question
from glane.assess.evaluate.answers import answer_of
from glane.assess.evaluate.dates import date_scores
from glane.assess.evaluate.evaluation import evaluate
from glane.assess.evaluate.evidence import evidence_scores, read_spans
from glane.assess.evaluate.judge import judge
from glane.assess.evaluate.leaf import leaves, rule_of, with_rules
from glane.assess.evaluate.matching import match_records, match_values, same
from glane.assess.evaluate.measures import Chance
from glane.assess.evaluate.metrics import ratios, score_intervals
from glane.assess.evaluate.record import EvaluationSummary
from glane.assess.evaluate.report import evaluation_report
from glane.assess.evaluate.verdict import compare
from glane.assess.files import read_table, write_folder, written_line
from glane.assess.pages.labels import CODES
from glane.assess.remedies import brought_into
from glane.errors import ConfigError, DataError, RunError
from glane.records import parse_record
from glane.settings import evaluate_settings
from glane.task.fields import Field, fields_from
from glane.task.kinds.date import PartialDate
from glane.types import Assertion, Missing

DAY = datetime.date(2025, 3, 12)
NO_INTERVALS = Chance(samples=0)


def fields(**definitions: Any) -> dict[str, Field]:
    return fields_from(
        {name: {"type": one} if isinstance(one, str) else one for name, one in definitions.items()}, place="task.fields"
    )


def field(**definition: Any) -> Field:
    return fields(x=definition)["x"]


def run_of(rows: list[dict[str, Any]], **schema: Any) -> pl.LazyFrame:
    """Rows of a run: usable unless they say otherwise, with ids 0, 1, … unless they have some."""
    full = [{"id": f"d{place}", "status": "OK", **row} for place, row in enumerate(rows)]
    return pl.LazyFrame(full, schema_overrides=schema, infer_schema_length=None)


def gold_of(rows: list[dict[str, Any]], **schema: Any) -> pl.DataFrame:
    full = [{"id": f"d{place}", **row} for place, row in enumerate(rows)]
    return pl.DataFrame(full, schema_overrides=schema, infer_schema_length=None)


def verdicts(asked: dict[str, Field], gold: dict[str, Any], found: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(row.field, row.item, row.predicted_item, str(row.verdict)) for row in compare(asked, gold, found)]


# Rules of comparison


@pytest.mark.parametrize(
    ("definition", "gold", "found", "expected"),
    [
        ({"type": "string"}, "Saint-Étienne", "saint étienne", False),
        ({"type": "string"}, "Évry  sur Seine", "evry sur seine", True),
        ({"type": "string", "compare": "exact"}, "Évry", "evry", False),
        ({"type": "string", "compare": "exact"}, "Évry", "Évry", True),
        ({"type": "string", "compare": "fuzzy"}, "pneumopathie", "pneumopathies", True),
        ({"type": "string", "compare": {"similarity": 99}}, "pneumopathie", "pneumopathies", False),
        ({"type": "integer"}, 3, 4, False),
        ({"type": "integer", "compare": {"tolerance": 1}}, 3, 4, True),
        ({"type": "integer", "compare": {"tolerance": 1}}, 3, 5, False),
        ({"type": "number"}, 0.1 + 0.2, 0.3, True),
        ({"type": "number"}, 38.5, 38.6, False),
        ({"type": "number", "compare": {"tolerance": 0.1}}, 37.1, 37.2, True),  # 0.10000000000000142 apart
        ({"type": "number", "compare": {"tolerance": 0.1}}, 37.1, 37.21, False),
        ({"type": "number", "compare": {"tolerance": "5%"}}, 200.0, 210.0, True),
        ({"type": "number", "compare": {"tolerance": "5%"}}, 200.0, 211.0, False),
        ({"type": "number", "compare": {"tolerance": "5%"}}, 0.0, 0.001, False),
        ({"type": "date"}, DAY, datetime.date(2025, 3, 13), False),
        ({"type": "date", "compare": {"tolerance_days": 1}}, DAY, datetime.date(2025, 3, 13), True),
        ({"type": "date", "precision": "partial"}, PartialDate(DAY, "day"), PartialDate(DAY, "month"), False),
        ({"type": "date", "precision": "partial"}, PartialDate(DAY, None), PartialDate(DAY, "month"), True),
        ({"type": "boolean"}, False, False, True),
        (
            {"type": "date", "precision": "partial"},
            PartialDate(DAY, "month"),
            PartialDate(DAY.replace(day=1), "month"),
            True,
        ),
        (
            {"type": "date", "precision": "partial"},
            PartialDate(DAY, "year"),
            PartialDate(datetime.date(2025, 1, 1), "year"),
            True,
        ),
        ({"type": "number", "compare": {"tolerance": 0.1}}, 12345678.3, 12345678.2, True),  # 0.10000000149 apart
        ({"type": "number", "compare": {"tolerance": 0.1}}, 12345678.3, 12345678.15, False),
        (
            {"type": "object", "fields": {"a": {"type": "list", "items": {"type": "string"}}}},
            {"a": []},
            {"a": None},
            True,
        ),
        ({"type": "enum", "values": ["a", "A"]}, "a", "A", False),
        ({"type": "enum", "values": ["décédé", "decede"]}, "décédé", "decede", False),
        ({"type": "list", "items": {"type": "string"}}, ["a", "b"], ["B", "A"], True),
        ({"type": "list", "items": {"type": "string"}}, ["a", "a"], ["a"], False),
    ],
)
def test_rules(definition: dict[str, Any], gold: Any, found: Any, expected: bool) -> None:
    assert same(field(**definition), gold, found) is expected


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        ({"type": "string", "compare": "fuzy"}, "task.fields.x.compare.rule: .*'exact', 'folded' or 'fuzzy'"),
        ({"type": "string", "compare": {"rule": "exact", "similarity": 80}}, "similarity belongs to the rule fuzzy"),
        ({"type": "integer", "compare": "folded"}, "task.fields.x.compare.rule: .*'exact'"),
        ({"type": "integer", "compare": {"tolerence": 1}}, "unknown key. Did you mean 'tolerance'"),
        ({"type": "number", "compare": {"tolerance": -1}}, "not negative"),
        ({"type": "number", "compare": {"tolerance": "5"}}, "5%"),
        ({"type": "date", "compare": {"tolerance_days": -1}}, "tolerance_days"),
        ({"type": "boolean", "compare": "fuzzy"}, "'exact'"),
        ({"type": "list", "compare": "exact", "items": {"type": "string"}}, "set it on `items`"),
        ({"type": "object", "compare": "exact", "fields": {"a": {"type": "string"}}}, "on the fields of the object"),
        ({"type": "string", "compare": 3}, "a rule is a name or a mapping of rule, similarity"),
    ],
)
def test_a_wrong_rule_is_refused_when_the_task_is_loaded(definition: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        field(**definition)


def test_a_rule_is_no_part_of_what_is_asked() -> None:
    plain, tolerant = field(type="integer"), field(type="integer", compare={"tolerance": 1})
    assert plain.model_dump(mode="json") == tolerant.model_dump(mode="json")


def test_rules_can_be_replaced_for_one_evaluation() -> None:
    asked = fields(
        place="string",
        signs={"type": "list", "items": {"type": "string"}},
        cases={"type": "list", "items": {"type": "object", "fields": {"age": {"type": "integer"}}}},
    )
    new = with_rules(asked, {"place": "fuzzy", "signs": "exact", "cases": {"age": {"tolerance": 2}}}, place="compare")
    assert [rule_of(leaf.field) for leaf in leaves(new)] == ["fuzzy 90", "items exact", "assigned by age", "±2"]
    with pytest.raises(ConfigError, match=r"compare\.plase: no such field\. Did you mean 'place'"):
        with_rules(asked, {"plase": "exact"}, place="compare")
    with pytest.raises(ConfigError, match=r"compare\.cases: a rule is set on its fields. Valid: age"):
        with_rules(asked, {"cases": "exact"}, place="compare")
    with pytest.raises(ConfigError, match=r"compare\.place\.rule"):
        with_rules(asked, {"place": "tolerant"}, place="compare")


# Which values correspond


def test_null_semantics() -> None:
    asked = fields(age="integer")
    for gold, found, verdict in (
        (None, None, "absent"), (None, 3, "spurious"), (3, None, "missed"), (3, 3, "correct"), (3, 4, "wrong"),
    ):  # fmt: skip
        assert verdicts(asked, {"age": gold}, {"age": found}) == [("age", None, None, verdict)]


def test_what_is_false_or_zero_or_empty_is_a_value_unless_it_is_a_list() -> None:
    asked = fields(fever="boolean", cases="integer", note="string", signs={"type": "list", "items": {"type": "string"}})
    gold = {"fever": False, "cases": 0, "note": "", "signs": []}
    found: dict[str, Any] = {"fever": None, "cases": None, "note": None, "signs": None}
    assert [row[3] for row in verdicts(asked, gold, found)] == ["missed", "missed", "missed", "absent"]
    assert [row[3] for row in verdicts(asked, gold, gold)] == ["correct", "correct", "correct", "absent"]


def test_lists_of_values_are_multisets() -> None:
    asked = fields(signs={"type": "list", "items": {"type": "string"}})
    assert verdicts(asked, {"signs": ["toux", "fièvre", "toux"]}, {"signs": ["FIEVRE", "toux", "nausée"]}) == [
        ("signs", 0, 1, "correct"),
        ("signs", 1, 0, "correct"),
        ("signs", 2, None, "missed"),
        ("signs", None, 2, "spurious"),
    ]


def test_as_many_values_as_possible_are_paired_within_a_tolerance() -> None:
    # The nearest first would take 2-2 and leave 1 and 3 alone.
    tolerant = field(type="integer", compare={"tolerance": 1})
    assert match_values(tolerant, [1, 2], [2, 3]) == [(0, 0), (1, 1)]
    assert match_values(tolerant, [1, 2], [2, 1]) == [(0, 1), (1, 0)]  # equal ones, where nothing is lost by it
    assert match_values(tolerant, [], [5]) == [(None, 0)]
    assert match_values(tolerant, [5], []) == [(0, None)]


def test_items_that_cannot_be_hashed_are_left_over_too() -> None:
    nested = field(type="list", items={"type": "list", "items": {"type": "string"}})
    assert [row[3] for row in verdicts({"x": nested}, {"x": [["a"], ["b"]]}, {"x": []})] == ["missed", "missed"]
    assert [row[3] for row in verdicts({"x": nested}, {"x": [["a"]]}, {"x": [["A"], ["b"]]})] == ["correct", "spurious"]


def outbreaks(keys: list[str]) -> Field:
    inner = {"disease": {"type": "string"}, "place": {"type": "string", "nullable": True}, "cases": {"type": "integer"}}
    return field(type="list", keys=keys, items={"type": "object", "fields": inner})


def record(disease: str | None, place: str | None, cases: int | None = None) -> dict[str, Any]:
    return {"disease": disease, "place": place, "cases": cases}


def test_records_are_assigned_by_their_keys() -> None:
    asked = outbreaks(["disease", "place"])
    gold = [record("dengue", "Nice", 3), record("dengue", "Lyon", 5), record("zika", "Nice", 1)]
    found = [record("dengue", "Lyon", 5), record("Dengue", "nice", 3)]
    assert match_records(asked, gold, found) == [(0, 1), (1, 0), (2, None)]
    # A whole match is kept although two halves would agree on as many keys.
    gold, found = (
        [record("dengue", "Nice"), record("zika", "Lyon")],
        [record("dengue", "Nice"), record("dengue", "Lyon")],
    )
    assert match_records(asked, gold, found) == [(0, 0), (1, 1)]
    # No key in common is no pair, whatever else agrees.
    assert match_records(asked, [record("dengue", "Nice", 3)], [record("zika", "Lyon", 3)]) == [(0, None), (None, 0)]
    # Of several with the same keys, the other fields decide.
    gold = [record("dengue", "Nice", 3), record("dengue", "Nice", 5)]
    assert match_records(asked, gold, gold[::-1]) == [(0, 1), (1, 0)]
    # Without any key on either side, the rest has to do.
    assert match_records(asked, [record(None, None, 3)], [record(None, None, 3)]) == [(0, 0)]
    assert match_records(asked, [record(None, None, 3)], [record(None, None, 4)]) == [(0, None), (None, 0)]


def test_paired_records_are_compared_field_by_field() -> None:
    asked = {"outbreaks": outbreaks(["disease", "place"])}
    gold = {"outbreaks": [record("dengue", "Nice", 3), record("zika", None, 1)]}
    found = {"outbreaks": [record("dengue", "Lyon", 3), record("chikungunya", None, 4)]}
    assert verdicts(asked, gold, found) == [
        ("outbreaks", 0, 0, "wrong"),
        ("outbreaks.disease", 0, 0, "correct"),
        ("outbreaks.place", 0, 0, "wrong"),
        ("outbreaks.cases", 0, 0, "correct"),
        ("outbreaks", 1, None, "missed"),
        ("outbreaks.disease", 1, None, "missed"),
        ("outbreaks.place", 1, None, "absent"),
        ("outbreaks.cases", 1, None, "missed"),
        ("outbreaks", None, 1, "spurious"),
        ("outbreaks.disease", None, 1, "spurious"),
        ("outbreaks.place", None, 1, "absent"),
        ("outbreaks.cases", None, 1, "spurious"),
    ]


def test_dates_that_are_near_are_told_apart_from_those_that_are_not() -> None:
    gold = ["2025-03-03", "2025-03-03", "2025-03-03", "2025-03-03", "2025-03", "2025", "2024-12-30", None, "2025-01-01"]
    found = ["2025-03-03", "2025-03-07", "2025-03-12", "2024-03-03", "2025-03-09", "2025", "2025-01-02", "2025", None]
    assert date_scores(gold, found).model_dump() == {
        "pairs": 7, "agree": 3, "same_year": 5, "months": 6, "same_month": 4, "days": 5, "same_week": 3,
    }  # fmt: skip
    asked = fields_from({"onset": {"type": "date"}}, place="task.fields")
    days = [datetime.date(2025, 3, day) for day in (3, 4, 10, 11)]
    right = [{"onset": day} for day in days]
    told = [{"onset": day + datetime.timedelta(days=2 * (place == 1))} for place, day in enumerate(days)]
    summary = evaluate(asked, run_of(told), gold_of(right), id_column="id", chance=NO_INTERVALS).summary
    assert summary.fields["onset"].dates == date_scores(
        [day.isoformat() for day in days], [str(one["onset"]) for one in told]
    )
    assert "onset: of 4 dates on both sides 3 agree" in evaluation_text(summary)
    assert "the same week 4 of 4" in evaluation_text(summary)
    assert "<td>4 / 4</td>" in evaluation_report(summary, language="fr")


def test_a_mean_of_fields_has_no_interval_where_a_field_shows_no_error() -> None:
    asked = fields_from({"fever": {"type": "boolean"}, "age": {"type": "integer"}}, place="task.fields")
    rows = [{"fever": place % 2 == 0, "age": place} for place in range(40)]
    told = [{**row, "age": 99 if place in wrong else place} for wrong in ((3, 4),) for place, row in enumerate(rows)]
    chance = Chance(samples=100)
    some = evaluate(asked, run_of(told), gold_of(rows), id_column="id", chance=chance).summary
    assert some.overall.macro.without_error == 1
    assert some.overall.macro.f1_ci95 is None
    assert some.overall.micro.f1_ci95 is not None
    assert "1 of its 2 fields show no error" in evaluation_text(some)
    for language, words in (("fr", "a pas d&#x27;erreur ici"), ("en", "in 1 of them there is no error here")):
        assert words in evaluation_report(some, language=language)
    told[5]["fever"] = not told[5]["fever"]
    every = evaluate(asked, run_of(told), gold_of(rows), id_column="id", chance=chance).summary
    assert every.overall.macro.without_error == 0
    assert every.overall.macro.f1_ci95 is not None


def test_the_items_of_records_are_no_part_of_the_averages_and_inner_errors_make_a_list_inexact() -> None:
    asked = {"outbreaks": outbreaks(["disease", "place"])}
    gold = gold_of([{"outbreaks": [record("dengue", "Nice", 3)]}] * 2)
    run = run_of([{"outbreaks": [record("dengue", "Nice", 3)]}, {"outbreaks": [record("dengue", "Nice", 4)]}])
    found = evaluate(asked, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()
    assert found["fields"]["outbreaks"] | {"level": "items", "f1": 1.0, "exact": 0.5} == found["fields"]["outbreaks"]
    assert found["overall"]["micro"]["support"] == 6
    assert found["overall"]["micro"]["correct"] == 5
    assert found["overall"]["macro"]["f1"] == pytest.approx((1 + 1 + 0.5) / 3)
    assert found["overall"]["exact"] == 0.5


def test_nested_values_are_read_off_columns() -> None:
    asked = fields(
        onset={"type": "date", "precision": "partial"},
        seen={"type": "list", "items": {"type": "date", "precision": "partial"}},
        patient={
            "type": "object",
            "fields": {"age": {"type": "integer"}, "born": {"type": "date", "precision": "partial"}},
        },
    )
    row = {
        "onset": DAY, "onset__precision": "month",
        "seen": [{"date": DAY, "date__precision": "day"}, None],
        "patient": {"age": 3.0, "born": DAY, "born__precision": "year"},
    }  # fmt: skip
    assert answer_of(asked, row) == {
        "onset": PartialDate(DAY, "month"),
        "seen": [PartialDate(DAY, "day")],
        "patient": {"age": 3, "born": PartialDate(DAY, "year")},
    }
    assert [leaf.path for leaf in leaves(asked)] == ["onset", "seen", "patient.age", "patient.born"]


# Measures


def random_pair(size: int = 400) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rng = np.random.default_rng(7)
    signs: list[Any] = ["a", "b", "c", None]
    gold, found = [], []
    for _ in range(size):
        sign, fever = signs[rng.integers(4)], [True, False, None][rng.integers(3)]
        gold.append({"sign": sign, "fever": fever})
        found.append(
            {
                "sign": sign if rng.random() < 0.7 else signs[rng.integers(4)],
                "fever": fever if rng.random() < 0.8 else [True, False, None][rng.integers(3)],
            }
        )
    return gold, found


def test_measures_and_tables_are_those_of_scikit_learn() -> None:
    asked = fields(sign={"type": "enum", "values": ["a", "b", "c"]}, fever="boolean")
    gold, found = random_pair()
    summary = evaluate(asked, run_of(found), gold_of(gold), id_column="id", chance=NO_INTERVALS).summary.as_values()
    for name, labels in (("sign", ["a", "b", "c"]), ("fever", ["true", "false"])):
        right = [json.dumps(row[name]).strip('"') for row in gold]
        told = [json.dumps(row[name]).strip('"') for row in found]
        entry = summary["fields"][name]
        micro = precision_recall_fscore_support(right, told, labels=labels, average="micro")
        assert [entry[one] for one in ("precision", "recall", "f1")] == pytest.approx(micro[:3])
        macro = precision_recall_fscore_support(right, told, labels=labels, average="macro")
        assert entry["macro_f1"] == pytest.approx(macro[2])
        assert entry["confusion"]["counts"] == confusion_matrix(right, told, labels=[*labels, "null"]).tolist()
        for label, table in zip(labels, multilabel_confusion_matrix(right, told, labels=labels), strict=True):
            (tn, fp), (fn, tp) = table
            value = entry["values"][label]
            assert [value[one] for one in ("tp", "fp", "fn", "tn")] == [tp, fp, fn, tn]
            assert value["sensitivity"] == pytest.approx(tp / (tp + fn))
            assert value["specificity"] == pytest.approx(tn / (tn + fp))
            assert value["ppv"] == pytest.approx(tp / (tp + fp))
            assert value["npv"] == pytest.approx(tn / (tn + fn))
            low, high = value["sensitivity_ci95"]
            assert low < value["sensitivity"] < high
        assert entry["exact"] == pytest.approx(np.mean([a == b for a, b in zip(right, told, strict=True)]))
        assert sum(entry["presence"].values()) == len(gold)
    pooled_right = [f"{name}{row[name]}" for name in asked for row in gold]
    pooled_found = [f"{name}{row[name]}" for name in asked for row in found]
    labels = sorted({one for one in pooled_right if not one.endswith("None")})
    micro = precision_recall_fscore_support(pooled_right, pooled_found, labels=labels, average="micro")
    assert [summary["overall"]["micro"][one] for one in ("precision", "recall", "f1")] == pytest.approx(micro[:3])
    f1s = [summary["fields"][name]["f1"] for name in asked]
    assert summary["overall"]["macro"]["f1"] == pytest.approx(sum(f1s) / 2)


def test_categories_of_a_list_are_told_by_document() -> None:
    asked = fields(signs={"type": "list", "items": {"type": "enum", "values": ["a", "b", "c"]}})
    gold = gold_of([{"signs": ["a", "b"]}, {"signs": []}, {"signs": ["a"]}, {"signs": None}], signs=pl.List(pl.String))
    run = run_of([{"signs": ["a"]}, {"signs": ["a"]}, {"signs": None}, {"signs": []}], signs=pl.List(pl.String))
    entry = evaluate(asked, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()["fields"]["signs"]
    assert [entry["values"]["a"][one] for one in ("tp", "fp", "fn", "tn")] == [1, 1, 1, 1]
    assert [entry["values"]["b"][one] for one in ("tp", "fp", "fn", "tn")] == [0, 0, 1, 3]
    assert entry["presence"] == {"both": 1, "gold_only": 1, "predicted_only": 1, "neither": 1}
    assert (entry["support"], entry["predicted"], entry["exact"]) == (3, 2, 0.25)


def test_what_is_not_defined_is_null() -> None:
    found = evaluate(
        fields(age="integer"),
        run_of([{"age": None}], age=pl.Int64),
        gold_of([{"age": None}], age=pl.Int64),
        id_column="id",
    )
    entry = found.summary.as_values()["fields"]["age"]
    assert (entry["precision"], entry["recall"], entry["f1"], entry["exact"]) == (None, None, None, 1.0)
    json.dumps(found.summary.as_values(), allow_nan=False)


def test_a_row_that_is_not_usable_predicts_nothing_and_is_told() -> None:
    gold = gold_of([{"age": 1}, {"age": 2}, {"age": None}])
    run = run_of([{"age": 1}, {"age": None, "status": "INVALID"}, {"age": None, "status": "TRUNCATED"}])
    found = evaluate(fields(age="integer"), run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()
    assert found["documents"]["not_usable"] == {"INVALID": 1, "TRUNCATED": 1}
    assert found["fields"]["age"]["missed"] == 1
    assert found["fields"]["age"]["absent"] == 1


def test_documents_of_one_side_only_are_counted() -> None:
    gold = gold_of([{"age": 1}, {"id": "stranger", "age": 2}])
    run = run_of([{"age": 1}, {"age": 2}, {"age": 3}])
    flow = evaluate(fields(age="integer"), run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()[
        "documents"
    ]
    assert flow == {
        "compared": 1, "not_usable": {}, "gold_not_in_run": 1, "gold_not_in_run_ids": ["stranger"], "run_not_in_gold": 2,
    }  # fmt: skip


def test_reasons_of_absence_are_compared_on_their_own() -> None:
    asked = fields(fever={"type": "boolean", "missing": True}, age={"type": "integer", "nullable": True})
    gold = gold_of(
        [
            {"fever": None, "fever__missing": "not_stated", "age": 1, "age__missing": None},
            {"fever": None, "fever__missing": "uncertain", "age": None, "age__missing": "not_stated"},
            {"fever": None, "fever__missing": "denied", "age": 2, "age__missing": None},
            {"fever": True, "fever__missing": None, "age": 2, "age__missing": None},
        ]
    )
    run = run_of(
        [
            {"fever": None, "fever__missing": "not_stated", "age": 1},
            {"fever": None, "fever__missing": "not_stated", "age": None},
            {"fever": True, "fever__missing": None, "age": 2},
            {"fever": True, "fever__missing": None, "age": 2},
        ]
    )
    reasons = evaluate(asked, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()["reasons"]
    assert reasons["age"] == {"unit": "documents", "compared": 1, "asked": False}
    entry = reasons["fever"]
    assert (entry["compared"], entry["correct"]) == (3, 1)
    assert entry["share"] == pytest.approx(1 / 3)
    labels = entry["confusion"]["labels"]
    counts = entry["confusion"]["counts"]
    assert counts[labels.index("uncertain")][labels.index("not_stated")] == 1
    assert counts[labels.index("denied")][labels.index("value")] == 1


def test_evidence_is_held_against_marked_passages() -> None:
    asked = fields(
        age={"type": "integer", "evidence": True}, signs={"type": "list", "evidence": True, "items": {"type": "string"}}
    )

    def quote(start: int | None, end: int | None, alignment: str = "exact") -> dict[str, Any]:
        return {"quote": None, "start": start, "end": end, "alignment": alignment}

    rows: list[dict[str, Any]] = [
        {"age": 3, "age__evidence": quote(0, 10), "signs": ["b", None, "a"],
         "signs__evidence": [quote(60, 70, "normalised"), None, quote(20, 30)]},
        {"age": 4, "age__evidence": quote(None, None, "none"), "signs": [], "signs__evidence": []},
    ]  # fmt: skip
    spans = pl.DataFrame(
        {
            "id": ["d0", "d0", "d0", "d0", "d1"],
            "field": ["age", "age", "signs", "signs", "age"],
            "item": [None, None, 0, 1, None],
            "start": [5, 50, 20, 40, 0],
            "end": [10, 60, 30, 50, 4],
        }
    )
    found = [answer_of(asked, row) for row in rows]
    judged = judge(asked, [{"age": 3, "signs": ["a", "b"]}, {"age": 4}], found)
    scores = evidence_scores(
        asked, pl.Series(["d0", "d1"]), pl.DataFrame(rows), judged, read_spans(spans, "id", ["age", "signs"])
    )
    assert scores["age"].model_dump() == {
        "quotes": 2, "exact": 1, "normalised": 0, "fuzzy": 0, "none": 1, "exact_share": 0.5,
        "exact_or_normalised_share": 0.5, "with_marked_passage": 2, "overlap_share": 0.5, "iou_mean": 0.25,
    }  # fmt: skip
    # "b" is the second right item, marked at 40 to 50; "a" is the first, marked where it is quoted.
    assert scores["signs"].overlap_share == 0.5
    assert scores["signs"].iou_mean == 0.5
    assert scores["signs"].normalised == 1


def test_subgroups_are_the_same_measures_on_a_part_of_the_documents() -> None:
    asked = fields(sign={"type": "enum", "values": ["a", "b", "c"]}, fever="boolean")
    gold, found = random_pair()
    hospitals = ["Nord" if place % 3 else None for place in range(len(gold))]
    run = run_of([{**row, "hospital": name} for row, name in zip(found, hospitals, strict=True)])
    whole = evaluate(asked, run, gold_of(gold), id_column="id", by=["hospital", "sign"], chance=Chance(samples=200))
    assert list(whole.summary.as_values()["by"]["hospital"]) == ["(null)", "Nord"]
    assert list(whole.summary.as_values()["by"]["sign"]) == ["(null)", "a", "b", "c"]  # the right one
    aged = gold_of([{"age": age} for age in (10, 9, 100, None)])
    by_age = evaluate(fields(age="integer"), aged.with_columns(status=pl.lit("OK")).lazy(), aged, id_column="id",
                      by=["age"], chance=NO_INTERVALS).summary.as_values()["by"]["age"]  # fmt: skip
    assert list(by_age) == ["(null)", "9", "10", "100"]
    part = [place for place, name in enumerate(hospitals) if name == "Nord"]
    alone = evaluate(
        asked,
        run_of([{"id": f"d{place}", **found[place]} for place in part]),
        pl.DataFrame([{"id": f"d{place}", **gold[place]} for place in part]),
        id_column="id",
        chance=Chance(samples=200),
    ).summary.as_values()
    nord = whole.summary.as_values()["by"]["hospital"]["Nord"]
    assert nord["micro"] == alone["overall"]["micro"]
    assert nord["documents"] == len(part)
    rows = whole.fields.filter((pl.col("by") == "hospital") & (pl.col("group") == "Nord") & (pl.col("field") == "sign"))
    assert rows["f1"].to_list() == [alone["fields"]["sign"]["f1"]]
    assert whole.fields.filter(pl.col("by").is_null())["field"].to_list() == ["(micro)", "(macro)", "sign", "fever"]


# What stands beside a value


def test_partial_dates_without_their_precision_are_compared_as_days_and_told() -> None:
    inner = {"type": "object", "fields": {"born": {"type": "date", "precision": "partial"}}}
    asked = fields(
        onset={"type": "date", "precision": "partial"}, patient=inner,
        seen={"type": "list", "items": {"type": "date", "precision": "partial"}},
    )  # fmt: skip
    month = DAY.replace(day=1)
    run = run_of(
        [
            {"onset": month, "onset__precision": "month", "patient": {"born": month, "born__precision": "month"},
             "seen": [{"date": month, "date__precision": "month"}]},
        ] * 2
    )  # fmt: skip
    gold = gold_of([{"onset": day, "patient": {"born": day}, "seen": [day]} for day in (month, DAY)])
    found = evaluate(asked, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()
    assert found["dates_without_precision"] == ["onset", "patient.born", "seen"]
    assert [found["fields"][name]["correct"] for name in ("onset", "patient.born", "seen")] == [1, 1, 1]
    assert [found["fields"][name]["wrong"] for name in ("onset", "patient.born")] == [1, 1]
    about = {"run": "r", "task": "t 1", "model": "m", "gold": "g"}
    assert "compared by day alone, for want of <field>__precision in gold: onset, patient.born" in evaluation_text(
        read_again(found)
    )
    assert "comparées au jour seul" in evaluation_report(read_again(found, **about), language="fr")
    told = gold.with_columns(pl.lit("day").alias("onset__precision"))
    found = evaluate(asked, run, told, id_column="id", chance=NO_INTERVALS).summary.as_values()
    assert found["dates_without_precision"] == ["patient.born", "seen"]
    assert found["fields"]["onset"]["correct"] == 0  # a month is not a day


def read_again(found: dict[str, Any], **about: str) -> EvaluationSummary:
    """What is written, read again."""
    return parse_record(EvaluationSummary, json.loads(json.dumps({**found, **about})), place="here")


NOTED = fields(
    cough={"type": "boolean", "assertion": True},
    signs={"type": "list", "assertion": True, "missing": True, "items": {"type": "string"}},
    cases={
        "type": "list", "keys": ["place"],
        "items": {"type": "object", "fields": {"place": {"type": "string"}, "age": {"type": "integer", "missing": True}}},
    },
)  # fmt: skip


def case(place: str, age: int | None, reason: str | None = None) -> dict[str, Any]:
    return {"place": place, "age": age, "age__missing": reason}


def test_assertions_and_the_reasons_inside_records_are_compared_on_the_items_that_match() -> None:
    gold = gold_of(
        [
            {"cough": True, "cough__assertion": "present", "signs": ["toux", "fièvre", "rash"],
             "signs__assertion": ["present", "family", None], "signs__missing": None,
             "cases": [case("Nice", None, "not_stated"), case("Lyon", None, "denied"), case("Metz", None, "uncertain")]},
            {"cough": None, "cough__assertion": "possible", "signs": [], "signs__assertion": [],
             "signs__missing": "denied", "cases": []},
        ],
        signs__missing=pl.String,
    )  # fmt: skip
    run = run_of(
        [
            {"cough": False, "cough__assertion": "absent", "signs": ["Fievre", None, "toux"],
             "signs__assertion": ["family", None, "possible"], "signs__missing": None,
             "cases": [case("Lyon", 4), case("Nice", None, "not_stated")]},
            {"cough": None, "cough__assertion": "possible", "signs": [], "signs__assertion": [],
             "signs__missing": "denied", "cases": []},
        ],
        signs__missing=pl.String,
    )  # fmt: skip
    found = evaluate(NOTED, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()
    cough, signs = found["assertions"]["cough"], found["assertions"]["signs"]
    assert (cough["unit"], cough["compared"], cough["correct"]) == ("documents", 2, 1)
    assert cough["share_ci95"] is not None
    assert (signs["unit"], signs["compared"], signs["correct"], signs["share"]) == ("items", 2, 1, 0.5)
    assert signs["share_ci95"] is None  # items of one document err together
    counts, labels = signs["confusion"]["counts"], signs["confusion"]["labels"]
    assert counts[labels.index("present")][labels.index("possible")] == 1
    assert (found["reasons"]["signs"]["unit"], found["reasons"]["signs"]["correct"]) == ("documents", 1)
    age = found["reasons"]["cases.age"]
    assert (age["unit"], age["compared"], age["correct"]) == ("items", 3, 1)
    counts, labels = age["confusion"]["counts"], age["confusion"]["labels"]
    assert counts[labels.index("denied")][labels.index("value")] == 1
    assert counts[labels.index("uncertain")][labels.index(None)] == 1  # Metz was not found
    report = evaluation_report(read_again(found, run="r", task="t", model="m", gold="g"), language="fr")
    assert "Assertions" in report
    assert "cases.age" in report


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (
            {"cough": True, "cough__assertion": "sure"},
            "gold.cough__assertion: d0 .* no known assertion. Valid: present, ab",
        ),
        (
            {"signs": ["a", "b"], "signs__assertion": ["present"]},
            "signs__assertion: d0 .* another number of assertions",
        ),
        ({"cases": [case("Nice", 3, "denied")]}, "gold.cases.age__missing: d0 .* both a value and a reason"),
        ({"cases": [case("Nice", None, "why")]}, "gold.cases.age__missing: d0 .* no known reason. Valid: not_stated"),
    ],
)
def test_annotations_that_cannot_be_used(row: dict[str, Any], message: str) -> None:
    run = run_of([{"cough": True, "signs": ["a"], "cases": [case("Nice", 3)]}])
    with pytest.raises(DataError, match=message):
        evaluate(NOTED, run, gold_of([row]), id_column="id", chance=NO_INTERVALS)


# Documents drawn with unequal probabilities


def weighted_pair() -> tuple[pl.LazyFrame, pl.DataFrame, list[str], list[str], Any]:
    gold, found = random_pair()
    weights = np.where(np.arange(len(gold)) % 4 == 0, 10.0, 1.0)
    table = gold_of([{"sign": row["sign"]} for row in gold]).with_columns(
        pl.Series("inclusion_probability", 1 / weights)
    )
    signs = [[str(row["sign"]) for row in rows] for rows in (gold, found)]
    return run_of([{"sign": row["sign"]} for row in found]), table, signs[0], signs[1], weights


def test_weighted_measures_are_those_of_scikit_learn_and_counts_are_not_weighted() -> None:
    asked = fields(sign={"type": "enum", "values": ["a", "b", "c"]})
    run, gold, right, told, weights = weighted_pair()
    found = evaluate(asked, run, gold, id_column="id", chance=Chance(samples=200))
    entry = found.summary.as_values()["fields"]["sign"]
    micro = precision_recall_fscore_support(right, told, labels=["a", "b", "c"], average="micro", sample_weight=weights)
    assert [entry[one] for one in ("precision", "recall", "f1")] == pytest.approx(micro[:3])
    for place, label in enumerate("abc"):
        each = precision_recall_fscore_support(right, told, labels=["a", "b", "c"], sample_weight=weights)
        value = entry["values"][label]
        assert [value["ppv"], value["sensitivity"], value["f1"]] == pytest.approx([part[place] for part in each[:3]])
    same = np.array([a == b for a, b in zip(right, told, strict=True)])
    assert entry["exact"] == pytest.approx(weights @ same / weights.sum())
    assert entry["confusion"]["counts"] == confusion_matrix(right, told, labels=["a", "b", "c", "None"]).tolist()
    assert entry["f1_ci95"][0] < entry["f1"] < entry["f1_ci95"][1]
    told_weights = found.summary.as_values()["weights"]
    assert told_weights == {
        "column": "inclusion_probability", "used": True, "equal": False,
        "effective_documents": pytest.approx(weights.sum() ** 2 / (weights**2).sum()),
    }  # fmt: skip
    assert found.values.columns[-1] == "inclusion_probability"
    given = found.values.filter(pl.col("predicted").is_not_null())
    told_run = given.select("id", "field", "item", pl.col("predicted").alias("value"), confidence=pl.lit(0.9))
    with pytest.raises(DataError, match="drawn with unequal probabilities"):  # what jobs/calibrate.py reads
        accept(told_run, found.values, id_column="id", risks=Risks())
    assert "measures are weighted, and are those of the whole run" in evaluation_text(found.summary)
    plain = evaluate(asked, run, gold, id_column="id", is_weighted=False, chance=NO_INTERVALS).summary.as_values()
    alone = evaluate(
        asked, run, gold.drop("inclusion_probability"), id_column="id", chance=NO_INTERVALS
    ).summary.as_values()
    assert plain["fields"] == alone["fields"]
    assert "not of the whole run" in evaluation_text(read_again(plain))


def test_intervals_of_unequal_samples_cover_the_truth_of_the_whole() -> None:
    """A run of which the documents that the model gets wrong are reviewed ten times as often as the others."""
    rng = np.random.default_rng(3)
    population = draw_units(rng, 20_000, num_fields=3)
    truth = ratios(population.sum(axis=(0, 1)))[2]
    probability = np.where(population[..., 1:].sum(axis=(1, 2)) > 0, 0.02, 0.006)
    covered, naive = [], []
    for _ in range(200):
        drawn = rng.random(len(population)) < probability
        weights = 1 / probability[drawn]
        units, is_value = population[drawn], np.ones(3, dtype=bool)
        low, high = score_intervals(
            units * weights[:, None, None], is_value, weights=weights, samples=200, rng=rng, method="bca"
        )[-2, 2]
        covered.append(low <= truth <= high)
        low, high = score_intervals(units, is_value, weights=np.ones(len(units)), samples=200, rng=rng, method="bca")[
            -2, 2
        ]
        naive.append(low <= truth <= high)
    assert np.mean(covered) > 0.9
    assert np.mean(naive) < 0.2  # what the figures of the sample would claim


def test_without_an_error_unequal_weights_know_less() -> None:
    units = np.zeros((20, 1, 3))
    units[:, :, 0] = 1
    weights = np.array([10.0] + [1.0] * 19)
    found = score_intervals(
        units * weights[:, None, None], np.ones(1, dtype=bool), weights=weights, samples=200,
        rng=np.random.default_rng(0), method="bca",
    )  # fmt: skip
    assert found[0, 2, 0] < 0.7  # 7 documents of equal weight, not 20


def test_a_field_that_is_called_weight_is_no_weight() -> None:
    asked = fields(weight="number")
    gold = gold_of([{"weight": 70.0}, {"weight": None}])
    found = evaluate(asked, run_of([{"weight": 70.0}, {"weight": None}]), gold, id_column="id", chance=NO_INTERVALS)
    assert found.summary.as_values()["weights"] is None
    assert found.summary.as_values()["fields"]["weight"]["correct"] == 1
    with pytest.raises(DataError, match="gold: 'weight' must be a number above 0 in every row"):
        evaluate(fields(age="integer"), run_of([{"age": 1}]), gold_of([{"age": 1, "weight": 0.0}]), id_column="id")


# Intervals


def test_the_bootstrap_is_scipys() -> None:
    rng = np.random.default_rng(3)
    hits = rng.binomial(5, rng.beta(8, 2, size=80))
    units = np.stack([hits, 5 - hits, rng.binomial(5 - hits, 0.6)], axis=1).astype(float)

    def f1(sums: Any) -> Any:
        return ratios(sums)[..., 2:]

    for method, name in (("bca", "BCa"), ("percentile", "percentile")):
        ours = intervals(units, f1, samples=20_000, rng=np.random.default_rng(0), method=method)[0]  # type: ignore[arg-type]
        theirs = stats.bootstrap(
            tuple(units.T),
            lambda tp, fp, fn, axis: 2 * tp.sum(axis) / (2 * tp.sum(axis) + fp.sum(axis) + fn.sum(axis)),
            paired=True, vectorized=True, n_resamples=20_000, method=name, rng=np.random.default_rng(1),
        ).confidence_interval  # fmt: skip
        assert ours == pytest.approx([theirs.low, theirs.high], abs=0.003)


def draw_units(rng: Any, documents: int, num_fields: int = 5) -> Any:
    """Outcomes of documents that are easy or hard as wholes: values of one document err together."""
    easy = rng.beta(4, 1, size=(documents, 1))
    told = rng.random((documents, num_fields)) < 0.7
    right = told & (rng.random((documents, num_fields)) < easy)
    wrong = told & ~right & (rng.random((documents, num_fields)) < 0.5)
    false_alarm = ~told & (rng.random((documents, num_fields)) > easy)
    return np.stack([right, wrong | false_alarm, told & ~right], axis=-1).astype(float)


@pytest.mark.parametrize("method", ["bca", "percentile"])
def test_intervals_cover_the_truth(method: Any) -> None:
    rng = np.random.default_rng(11)
    is_value = np.ones(5, dtype=bool)
    truth = ratios(draw_units(rng, 400_000).sum(axis=(0, 1)))
    covered = []
    for _ in range(300):
        found = score_intervals(draw_units(rng, 80), is_value, weights=np.ones(80), samples=400, rng=rng, method=method)
        micro = found[-2]
        covered.append((micro[:, 0] <= truth) & (truth <= micro[:, 1]))
    share = np.mean(covered, axis=0)
    assert (share > 0.91).all(), share  # 0.95 within what 300 repetitions can tell, and a little for small samples
    assert (share < 0.99).all(), share


def test_without_an_error_the_interval_is_not_a_point() -> None:
    units = np.zeros((20, 1, 3))
    units[:, :, 0] = 1
    found = score_intervals(
        units,
        np.ones(1, dtype=bool),
        weights=np.ones(len(units)),
        samples=200,
        rng=np.random.default_rng(0),
        method="bca",
    )
    low, high = found[0, 2]
    assert high == 1.0
    assert low == pytest.approx(0.8389, abs=1e-3)  # Wilson for 20 of 20
    assert found[-2, 2].tolist() == found[-1, 2].tolist() == [low, high]


def test_one_document_has_no_interval() -> None:
    units = np.array([[[1.0, 1.0, 0.0]]])
    found = score_intervals(
        units,
        np.ones(1, dtype=bool),
        weights=np.ones(len(units)),
        samples=200,
        rng=np.random.default_rng(0),
        method="bca",
    )
    assert np.isnan(found[0, 0]).all()


def test_the_same_seed_gives_the_same_intervals_and_many_are_quick() -> None:
    rng = np.random.default_rng(5)
    units = draw_units(rng, 400, num_fields=15)
    is_value = np.ones(15, dtype=bool)
    start = time.process_time()
    found = score_intervals(
        units, is_value, weights=np.ones(400), samples=1000, rng=np.random.default_rng(0), method="bca"
    )
    assert time.process_time() - start < 5
    again = score_intervals(
        units, is_value, weights=np.ones(400), samples=1000, rng=np.random.default_rng(0), method="bca"
    )
    assert np.array_equal(found, again, equal_nan=True)


# What is refused

ASKED = fields(
    age="integer",
    sex={"type": "enum", "values": ["F", "M"]},
    seen="date",
    fever={"type": "boolean", "missing": True},
    cases={"type": "list", "items": {"type": "object", "fields": {"place": {"type": "string"}}}},
)
RUN = run_of(
    [{"age": 1, "sex": "F", "seen": DAY, "fever": True, "fever__missing": None, "cases": [{"place": "a"}]}] * 3,
    fever__missing=pl.String,
)


@pytest.mark.parametrize(
    ("gold", "message"),
    [
        ({"key": ["d0"], "age": [1]}, "gold: no column 'id', the id of the run. .*Valid: age, key"),
        ({"id": ["d0", "d0", "d1"], "age": [1, 2, 3]}, "gold.id: 1 ids stand in several rows, d0 for example"),
        ({"id": ["d0", None], "age": [1, 2]}, "gold.id: 1 rows have no id"),
        ({"id": ["d0"], "age": [float("inf")]}, "gold.age: d0 .1 rows. is no whole number"),
        ({"id": [0, 1], "age": [1, 2]}, "gold.id: no id is one of the run's.*drops zeros in front"),
        ({"id": ["x", "y"], "age": [1, 2]}, "no id is one of the run's.*x, y, …; of the run: d0, d1, d2"),
        ({"id": ["d0"], "agge": [1]}, "no column is a field of the task. It has id, agge; the fields are age, sex"),
        ({"id": ["d0"], "age": ["1"]}, "gold.age: the column is of type text; the task's integer needs Int64"),
        ({"id": ["d0", "d1"], "age": [1.5, 2.0]}, "gold.age: d0 .1 rows. is no whole number"),
        ({"id": ["d0"], "sex": ["X"]}, "gold.sex: d0 .* does not know. Valid: F, M"),
        ({"id": ["d0"], "seen": ["2025-03-12"]}, "gold.seen: the column is of type text; the task's date needs Date"),
        ({"id": ["d0"], "seen": [datetime.datetime(2025, 3, 12, 4)]}, "gold.seen: d0 .* time of day"),
        ({"id": ["d0"], "fever": [1]}, "gold.fever: the column is of type whole number; the task's boolean needs Boolean"),
        ({"id": ["d0"], "cases": ["a"]}, r"gold.cases: the column is of type text.*List\(Struct of place: String\)"),
        ({"id": ["d0"], "cases": [[{"where": "a"}]]}, r"gold.cases\[\]: has none of the members place"),
        ({"id": ["d0"], "fever": [None], "fever__missing": ["unknown"]}, "fever__missing: d0 .* Valid: not_stated, den"),
        ({"id": ["d0"], "fever": [True], "fever__missing": ["denied"]}, "fever__missing: d0 .* both a value and a reason"),
    ],
)  # fmt: skip
def test_right_answers_that_cannot_be_used(gold: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message) as error:
        evaluate(ASKED, RUN, pl.DataFrame(gold, strict=False), id_column="id", chance=NO_INTERVALS)
    assert "'X'" not in str(error.value)


def test_other_wrong_requests() -> None:
    gold = pl.DataFrame({"id": ["d0", "d1"], "age": [1, 2], "cases": [[{"place": "a"}]] * 2})
    spans = pl.DataFrame({"id": ["d0"], "field": ["age"], "start": [0], "end": [2]})
    for more, message in (
        ({"wanted": ["agee"]}, "fields: 'agee' is no field of the task. Did you mean 'age'"),
        ({"wanted": ["sex"]}, "gold: no column 'sex'. Valid: age, cases, id"),
        ({"by": ["hospitl"]}, "by: no column 'hospitl'.*Valid: age, "),
        ({"by": ["cases"]}, "by: column 'cases' is of type list.*one plain value"),
        ({"spans": spans.drop("start")}, "spans: no column 'start'. Valid: end, field, id"),
        ({"spans": spans.with_columns(pl.lit("0").alias("end"))}, "spans.end: is of type text, and whole numbers"),
        ({"spans": spans.with_columns(pl.lit("weight").alias("field"))}, "spans.field: names none of the fields"),
    ):
        with pytest.raises(DataError, match=message):
            evaluate(ASKED, RUN, gold, id_column="id", chance=NO_INTERVALS, **more)  # type: ignore[arg-type]
    many = run_of([{"age": place} for place in range(60)])
    gold = gold_of([{"age": place} for place in range(60)])
    with pytest.raises(DataError, match="by: column 'age' has 60 values, and at most 50"):
        evaluate(fields(age="integer"), many, gold, id_column="id", by=["age"], chance=NO_INTERVALS)


def test_right_answers_as_pandas_writes_them() -> None:
    gold = pl.DataFrame(
        {"id": ["d0", "d1", "d2"], "age": [1.0, float("nan"), 2.0], "seen": [datetime.datetime(2025, 3, 12)] * 3}
    )
    entry = evaluate(ASKED, RUN, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()["fields"]
    assert [entry["age"][one] for one in ("correct", "spurious", "wrong")] == [1, 1, 1]
    assert entry["seen"]["correct"] == 3


def test_members_that_the_right_answers_lack_are_left_out() -> None:
    asked = {"outbreaks": outbreaks(["disease", "place"])}
    run = run_of([{"outbreaks": [record("dengue", "Nice", 3)]}])
    gold = gold_of([{"outbreaks": [{"disease": "dengue"}]}])
    found = evaluate(asked, run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()
    assert list(found["fields"]) == ["outbreaks", "outbreaks.disease"]
    assert found["fields"]["outbreaks"]["f1"] == 1.0


# The job


def answer(**values: Any) -> str:
    plain = {"age": 1, "sex": "F", "onset": None, "seen": "2025-01-01", "note": "n", "temperature": None,
             "fever": None, "cases": []}  # fmt: skip
    return f"[[answer {json.dumps(plain | values)}]]"


@pytest.fixture
def scripted(tmp_path: Path) -> tuple[Path, Path]:
    """A run whose answers are known, and right answers that differ in a few."""
    texts = [answer(age=place, fever=place % 2 == 0) for place in range(30)] + ["[[invalid]]", answer()]
    documents = write_documents(
        tmp_path / "documents.parquet", texts, hospital=["Nord", "Sud"] * 16, seen_by=list(range(32))
    )
    run = tmp_path / "run"
    task = {**SMALL_TASK, "repairs": 0}
    extract_here(make_settings(documents, run, task, data__carry_columns=["hospital", "seen_by"]))
    gold = pl.DataFrame(
        {
            "id": [f"d{place}" for place in range(31)] + ["elsewhere"],
            "age": [0, 99, *range(2, 32)],
            "fever": [place % 2 == 0 if place != 4 else None for place in range(32)],
            "cases": pl.Series([[]] * 32, dtype=pl.List(pl.Struct({"place": pl.String, "when": pl.Date}))),
        }
    )
    gold.write_parquet(tmp_path / "gold.parquet")
    return run, tmp_path / "gold.parquet"


def test_the_job(scripted: tuple[Path, Path], tmp_path: Path) -> None:
    run, gold = scripted
    out = tmp_path / "out"
    done = job(
        f"run.dir={run}", f"gold={gold}", f"out.dir={out}", "by=[hospital]", "bootstrap.samples=200", name="evaluate"
    )
    assert "31 documents compared" in done.stdout
    assert "1 INVALID" in done.stdout
    assert "1 id of the right answers is not in the run (elsewhere" in done.stdout
    assert "fields without right answers: sex" in done.stdout
    found = json.loads((out / "evaluation.json").read_text())
    # Of the 31 ages, one is wrong and one has no answer; of the 30 fevers, one too much and one missed.
    assert found["fields"]["age"] | {"support": 31, "correct": 29, "wrong": 1, "missed": 1} == found["fields"]["age"]
    assert found["fields"]["fever"]["spurious"] == 1
    assert found["overall"]["micro"]["f1"] == pytest.approx(2 * 58 / (2 * 58 + 2 + 3))
    low, high = found["overall"]["micro"]["f1_ci95"]
    assert low < found["overall"]["micro"]["f1"] < high
    assert found["documents"]["not_usable"] == {"INVALID": 1}
    assert set(found["by"]["hospital"]) == {"Nord", "Sud"}
    values = pl.read_parquet(out / "values.parquet")
    assert values.columns == ["id", "field", "item", "predicted_item", "gold", "predicted", "verdict", "signs"]
    wrong = values.filter(pl.col("verdict") == "wrong")
    assert wrong.select("id", "field", "gold", "predicted").rows() == [("d1", "age", "99", "1")]
    table = pl.read_parquet(out / "fields.parquet")
    assert (
        table.filter((pl.col("field") == "age") & pl.col("by").is_null())["f1"].item() == found["fields"]["age"]["f1"]
    )
    assert {path.name for path in out.glob("[!.]*")} == {
        "values.parquet", "fields.parquet", "evaluation.json", "report.html",
    }  # fmt: skip
    assert all(path.stat().st_mode & 0o077 == 0 for path in out.iterdir())
    report = (out / "report.html").read_text()
    for reference in ("http://", "https://", "src=", "href=", "url(", "@import", "<script"):
        assert reference not in report
    assert '<html lang="fr">' in report
    assert "Précision" in report
    assert "Specificity" in report


def test_ids_of_another_width_are_the_same_numbers() -> None:
    run = run_of([{"id": 1, "age": 5}, {"id": 2, "age": 5}], id=pl.Int32)
    gold = pl.DataFrame({"id": [1], "age": [5]})
    assert (
        evaluate(fields(age="integer"), run, gold, id_column="id", chance=NO_INTERVALS).summary.as_values()["fields"][
            "age"
        ]["f1"]
        == 1
    )
    with pytest.raises(
        DataError,
        match=r"gold.id: is of type whole number \(Int64\), and the run.s ids are of type whole number \(Int32",
    ):
        evaluate(fields(age="integer"), run, pl.DataFrame({"id": [1, 2**40], "age": [5, 5]}), id_column="id")


def test_the_structure_of_evaluation_json_is_stable() -> None:
    """Others read it: keys may be added to this list, never taken away."""
    asked = fields(age="integer", fever={"type": "boolean", "missing": True})
    rows = [{"age": 1, "fever": True, "fever__missing": None}, {"age": 2, "fever": None, "fever__missing": "denied"}]
    found = evaluate(
        asked, run_of(rows), gold_of(rows), id_column="id", by=["age"], chance=Chance(samples=100)
    ).summary.as_values()
    assert list(found) == [
        "kind", "version", "run", "task", "model", "fingerprint", "gold", "documents", "weights", "fields_without_gold", "dates_without_precision", "intervals", "overall", "fields",
        "reasons", "assertions", "evidence", "by",
    ]  # fmt: skip
    measures = {f"{one}{end}" for one in ("precision", "recall", "f1") for end in ("", "_ci95")}
    numbers = {"support", "predicted", "correct", "wrong", "missed", "spurious", "absent"}
    whole = {"exact", "exact_ci95"}
    assert set(found["overall"]) == {"micro", "macro", "documents"} | whole
    assert set(found["overall"]["micro"]) == measures | numbers
    assert set(found["overall"]["macro"]) == measures | {"fields", "without_error"}
    assert set(found["fields"]["age"]) == measures | numbers | whole | {"level", "type", "rule", "presence"}
    assert set(found["fields"]["fever"]) - set(found["fields"]["age"]) == {"confusion", "values", "macro_f1"}
    ends = {f"{one}{end}" for one in ("sensitivity", "specificity", "ppv", "npv") for end in ("", "_ci95")}
    assert set(found["fields"]["fever"]["values"]["true"]) == ends | {"tp", "fp", "fn", "tn", "f1"}
    assert set(found["reasons"]["fever"]) == {
        "unit",
        "compared",
        "asked",
        "correct",
        "share",
        "share_ci95",
        "confusion",
    }
    assert set(found["by"]["age"]["1"]) == set(found["overall"]) | {"fields"}
    assert isinstance(found["overall"]["micro"]["f1_ci95"], list)
    assert json.loads(json.dumps(found, allow_nan=False)) == json.loads(json.dumps(found))


def test_what_is_asked_for_and_not_defined_is_null_and_what_is_not_asked_for_is_not_mentioned() -> None:
    asked = fields(fever={"type": "boolean", "nullable": True}, age={"type": "integer", "evidence": True})
    rows: list[dict[str, Any]] = [
        {"fever": None, "age": 1, "age__evidence": {"quote": "1", "start": 0, "end": 1, "alignment": "exact"}},
        {"fever": None, "age": 2, "age__evidence": None},
    ]
    run, gold = run_of(rows, fever=pl.Boolean), gold_of(rows, fever=pl.Boolean).drop("age__evidence")
    spans = pl.DataFrame({"id": ["d1"], "field": ["age"], "start": [0], "end": [1]})  # where nothing is quoted

    def told(spans: pl.DataFrame | None) -> dict[str, Any]:
        found = evaluate(asked, run, gold, id_column="id", spans=spans, chance=NO_INTERVALS).summary
        values: dict[str, Any] = json.loads(found.as_json())
        assert parse_record(EvaluationSummary, values, place="here") == found
        return values

    marked, unmarked = told(spans), told(None)
    assert marked["fields"]["fever"]["macro_f1"] is None  # no category occurs
    assert "macro_f1" not in marked["fields"]["age"]  # there are none
    passages = {"with_marked_passage": 0, "overlap_share": None, "iou_mean": None}
    assert {name: marked["evidence"]["age"][name] for name in passages} == passages
    assert not set(passages) & set(unmarked["evidence"]["age"])


def test_a_category_is_shown_as_it_is_called() -> None:
    asked = fields(kind={"type": "enum", "values": ["missed", "wrong", "model"]})
    rows = [{"kind": name} for name in ("missed", "wrong", "model")]
    found = evaluate(asked, run_of(rows), gold_of(rows), id_column="id", chance=NO_INTERVALS).summary.as_values()
    report = evaluation_report(read_again(found, run="r", task="t", model="m", gold="g"), language="fr")
    for name in ("missed", "wrong", "model"):
        assert report.count(f'<td class="text">{name}</td>') == 4  # two tables, in two languages


def test_the_report_tells_reasons_quotes_and_subgroups_and_no_free_text() -> None:
    asked = fields(
        place={"type": "string", "evidence": True, "nullable": True},
        fever={"type": "boolean", "missing": True},
        cough={"type": "boolean", "nullable": True},
    )
    quote = {"quote": "Vaubelle", "start": 0, "end": 8, "alignment": "exact"}
    rows = [{"place": "Vaubelle", "place__evidence": quote, "fever": None, "fever__missing": "denied", "cough": None}]
    gold = [
        {"place": "Lormes", "fever": None, "fever__missing": "not_stated", "cough": None, "cough__missing": "denied"}
    ]
    spans = pl.DataFrame({"id": ["d0"], "field": ["place"], "start": [4], "end": [12]})
    kinds = {"fever": pl.Boolean, "cough": pl.Boolean}
    found = evaluate(
        asked, run_of(rows, **kinds), gold_of(gold, **kinds), id_column="id", spans=spans, by=["fever"],
        chance=Chance(samples=100),
    ).summary.as_values()  # fmt: skip
    about = {"run": "runs/a", "task": "t 1", "model": "m", "gold": "g.parquet"}
    report = evaluation_report(read_again(found, **about), language="en")
    assert '<html lang="en">' in report
    for told in ("Reasons of absence", "not stated", "non mentionné", "Reasons that the run was not asked for: cough.", "By subgroup: “fever”",
                 "Citations", "0,333", "0.333", "(null)"):  # fmt: skip
        assert told in report
    assert "Vaubelle" not in report
    assert "Lormes" not in report


def test_the_job_says_what_is_wrong(scripted: tuple[Path, Path], tmp_path: Path) -> None:
    run, gold = scripted
    out = f"out.dir={tmp_path / 'out'}"

    def refused(*arguments: str) -> str:
        done = job_here(*arguments, name="evaluate", check=2)
        assert "Traceback" not in done.stderr
        return str(done.stderr)

    assert "gold: missing" in refused(f"run.dir={run}", out)
    assert "compare.agge: no such field. Did you mean 'age'" in refused(
        f"run.dir={run}", f"gold={gold}", out, "+compare.agge=exact"
    )
    (run / "records").rename(run / "elsewhere")
    assert "this run is not complete" in refused(f"run.dir={run}", f"gold={gold}", out)
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gold: no file matches .nowhere.parquet"):
        read_table("nowhere.parquet", place="gold")
    with pytest.raises(DataError, match="gold: no Parquet file in the directory"):
        read_table(str(tmp_path), place="gold")
    (tmp_path / "notes.parquet").write_text("no parquet")
    with pytest.raises(DataError, match="not Parquet"):
        read_table(str(tmp_path / "notes.parquet"), place="gold")
    with pytest.raises(RunError, match="out.dir: .* is a file"):
        write_folder(str(tmp_path / "notes.parquet"), {})


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_folder(str(tmp_path / "out"), {"a.json": b"old"})

    def full(*paths: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="The disk is full"):
        write_folder(str(tmp_path / "out"), {"a.json": b"new"})
    assert [path.name for path in (tmp_path / "out").glob("[!.]*")] == ["a.json"]
    assert (tmp_path / "out" / "a.json").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"bootstrap": {"samples": 10}}, "bootstrap.samples: fewer than 100 resamples"),
        ({"bootstrap": {"method": "bootleg"}}, "'bca' or 'percentile'"),
        ({"out": {}}, "out.dir: missing"),
        ({"seeds": 1}, "seeds: unknown key. Did you mean 'seed'"),
    ],
)
def test_settings_that_are_wrong(changes: dict[str, Any], message: str) -> None:
    values = {"run": {"dir": "a"}, "gold": "g.parquet", "out": {"dir": "o"}, "by": "hospital"}
    assert evaluate_settings(OmegaConf.create(values)).by == ("hospital",)
    with pytest.raises(ConfigError, match=message):
        evaluate_settings(OmegaConf.create(values | changes))


def test_a_file_that_glane_did_not_write_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "values.parquet").write_bytes(b"mine")
    with pytest.raises(RunError, match=r"values.parquet is there, and .glane-files does not say"):
        write_folder(tmp_path, {"report.html": b"<p>", "values.parquet": b"new"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["values.parquet"]
    assert (tmp_path / "values.parquet").read_bytes() == b"mine"
    write_folder(tmp_path, {"report.html": b"one", "other.json": b"{}"})
    write_folder(tmp_path, {"report.html": b"two", "other.json": b"[]"})
    assert (tmp_path / "report.html").read_bytes() == b"two"


@pytest.mark.parametrize(
    ("column", "call"),
    [
        (pl.Series(["oui", "non"]), "replace_strict({'oui': True, 'non': False}, return_dtype=pl.Boolean)"),
        (pl.Series([1, 0]), "cast(pl.Boolean)"),
    ],
)
def test_a_column_of_another_type_is_told_with_the_call_that_mends_it(column: pl.Series, call: str) -> None:
    asked = fields_from({"fever": {"type": "boolean"}, "day": {"type": "date"}, "age": {"type": "integer"},
                         "risks": {"type": "list", "items": {"type": "string"}}}, place="task.fields")  # fmt: skip
    truth = {"fever": [True, False], "day": [datetime.date(2024, 1, 31)] * 2, "age": [3, 4], "risks": [["a"], ["b"]]}
    run = run_of([dict(zip(truth, row, strict=True)) for row in zip(*truth.values(), strict=True)])
    gold = pl.DataFrame({"id": run.select("id").collect()["id"], **truth, "fever": column})
    with pytest.raises(DataError, match=r"In Polars: gold\.with_columns\(pl\.col\('fever'\)") as caught:
        evaluate(asked, run, gold, id_column="id")
    assert str(caught.value).endswith(f"pl.col('fever').{call}).")
    mended = eval(str(caught.value).rpartition("In Polars: ")[2][:-1], {"gold": gold, "pl": pl})  # what a reader pastes
    assert evaluate(asked, run, mended, id_column="id").summary.fields["fever"].f1 == 1
    with pytest.raises(DataError, match=r"gold: 'fever' is .* In Polars: gold\.with_columns\(pl\.col\('fever'\)"):
        estimate(run.collect(), gold, Question(what="prevalence", field="fever"), id_column="id")


@pytest.mark.parametrize(
    ("have", "wanted", "call"),
    [
        (pl.String(), "Date", "str.to_date('%d/%m/%Y')"),
        (pl.String(), "Int64", "cast(pl.Int64)"),
        (pl.Float64(), "String", "cast(pl.String)"),
        (pl.String(), "List(String)", "str.split(';')"),
        (pl.Datetime(), "Date", "dt.date()"),
        (pl.List(pl.String()), "Boolean", None),
        (pl.String(), "Struct of kind: String", None),
        (pl.String(), "List(Struct of kind: String)", None),
    ],
)
def test_a_remedy_is_given_where_one_call_does(have: pl.DataType, wanted: str, call: str | None) -> None:
    told = brought_into("x", have, wanted)
    assert told == ("" if call is None else f" In Polars: gold.with_columns(pl.col('x').{call}).")


def test_right_answers_without_a_row_are_told() -> None:
    asked = fields_from({"fever": {"type": "boolean"}}, place="task.fields")
    run, gold = run_of([{"fever": True}]), gold_of([{"fever": True}])
    with pytest.raises(DataError, match="gold: no row. Review some documents"):
        evaluate(asked, run, gold.head(0), id_column="id")


def test_subgroups_and_few_wrong_values_are_told_in_the_terminal_as_on_the_page() -> None:
    asked = fields_from({"fever": {"type": "boolean", "nullable": True}}, place="task.fields")
    rows = [{"fever": place % 2 == 0} for place in range(40)]
    told = [{"fever": row["fever"] != (place in (1, 2, 7))} for place, row in enumerate(rows)]
    gold = gold_of(rows).with_columns(ward=pl.Series(["Nord", "Sud"] * 20))
    found = evaluate(asked, run_of(told), gold, id_column="id", by=["ward"], chance=Chance(samples=50)).summary
    text = evaluation_text(found)
    nord = found.by["ward"]["Nord"]
    assert "by 'ward':\n" in text
    assert f"  Nord: 20 documents; F1 (micro) {nord.micro.f1:.3f} [" in text
    assert text.count(": 20 documents; F1 (micro)") == 2
    page = evaluation_report(found, language="fr")
    for word in ("oui", "non"):
        assert f'<td class="text">{word}</td>' in page
    assert '<td class="text">true</td>' not in page


def test_every_code_of_a_result_has_words_in_both_languages() -> None:
    for language in ("fr", "en"):
        assert set(CODES[language]) == {"true", "false", *Missing, *Assertion}


def test_files_of_another_command_are_kept_and_replaced_ones_are_told(tmp_path: Path) -> None:
    one = {"evaluation.json": b"1", "report.html": b"<p>evaluation</p>"}
    other = {"estimates.parquet": b"2", "report.html": b"<p>estimate</p>"}

    def write(files: dict[str, bytes]) -> Any:
        return lambda folder: write_folder(folder, files) or list(files)

    folder = str(tmp_path / "out")
    assert written_line(folder, write(one)) == f"{folder}: evaluation.json, report.html"
    assert written_line(folder, write(one)) == f"{folder}: evaluation.json, report.html (earlier ones replaced)"
    with pytest.raises(RunError, match=r"report\.html was written by another command of glane"):
        written_line(folder, write(other))
    assert (tmp_path / "out" / "report.html").read_bytes() == one["report.html"]
    assert not (tmp_path / "out" / "estimates.parquet").exists()
    more = {"attacks.json": b"3", "attacks.html": b"4"}  # names of its own do no harm
    assert written_line(folder, write(more)) == f"{folder}: attacks.json, attacks.html"
