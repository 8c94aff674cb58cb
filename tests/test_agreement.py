"""How far readers agree: Krippendorff's alpha, coefficients of two readers, clusters, and when two readings are the same."""

import itertools

import numpy as np
import pytest

from conftest import SMALL_TASK
from glane.assess.review.agreement_text import agreement_lines
from glane.assess.review.all_readers import numbers_of, reliability
from glane.assess.review.krippendorff import alpha, alpha_ci
from glane.assess.review.same import category, is_same, is_transitive
from glane.assess.review.two_readers import ac1, agreement_ci, pabak, pabak_ci, resampled_ci
from glane.task.task import load_task
from test_review import corrections_of, gold_of, run  # noqa: F401  (a fixture)

# Krippendorff (2011), section C: four observers, twelve units, values missing. Nominal alpha: 0.743.
OBSERVERS = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


def field_of(**changes):
    return load_task({**SMALL_TASK, "fields": {"a": changes}}).fields["a"]


def readings_of(columns):
    return {
        f"u{place}": [{"a": one} for one in unit if one is not None]
        for place, unit in enumerate(zip(*columns, strict=True))
    }


def test_the_published_example_of_krippendorff():
    found = reliability(field_of(type="integer"), "a", readings_of(OBSERVERS), None)
    assert found.alpha == pytest.approx(0.743, abs=5e-4)
    assert (found.documents, found.readings) == (11, 40)  # the last unit has one reading
    assert found.differ == ("u1", "u5", "u7")
    low, high = found.alpha_ci95
    assert low < 0.743 < high <= 1


def by_pairs(readings, differ):
    """Alpha as Krippendorff defines it: over all ordered pairs of readings."""
    units = [unit for unit in readings if len(unit) > 1]
    values = [one for unit in units for one in unit]
    observed = sum(
        sum(differ(*pair) for pair in itertools.permutations(unit, 2)) / (len(unit) - 1) for unit in units
    ) / len(values)
    expected = sum(differ(*pair) for pair in itertools.permutations(values, 2)) / (len(values) * (len(values) - 1))
    return 1 - observed / expected


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("changes", "apart"), [({"compare": {"tolerance": 1.5}}, 1.5), ({}, 0)])
def test_alpha_under_a_rule_is_that_over_pairs(seed, changes, apart):
    """A tolerance is not transitive: 1, 2 and 3 are no categories."""
    generator = np.random.default_rng(seed)
    units = [list(map(float, generator.integers(0, 6, generator.integers(0, 4)))) for _ in range(30)]
    found = reliability(
        field_of(type="number", **changes), "a",
        {f"u{i}": [{"a": one} for one in unit] for i, unit in enumerate(units)}, None,
    )  # fmt: skip
    assert found.alpha == pytest.approx(by_pairs(units, lambda one, other: abs(one - other) > apart))


def test_alpha_that_is_not_defined_is_none():
    same = readings_of([[1, 1, 1], [1, 1, 1]])
    found = reliability(field_of(type="integer"), "a", same, None)
    assert (found.alpha, found.alpha_ci95, found.differ) == (None, None, ())
    alone = reliability(field_of(type="integer"), "a", readings_of([[1, 2, 3]]), None)
    assert (alone.alpha, alone.documents) == (None, 0)


def simulated(generator, num_clusters, per_cluster):
    """Two readers of a yes or no; how often they err depends on the cluster."""
    errs = np.repeat(generator.beta(0.4, 2.0, num_clusters), per_cluster)
    truth = generator.random(len(errs)) < 0.4
    readers = [truth ^ (generator.random(len(errs)) < errs) for _ in range(2)]
    return np.array(readers), np.repeat(np.arange(num_clusters), per_cluster)


def counts_of(readers):
    return np.stack([(~readers).sum(axis=0), readers.sum(axis=0)], axis=1).astype(float)


def test_intervals_that_follow_clusters_hold_what_they_say():
    """100 draws of 40 clusters of 12: 95 % intervals by cluster hold alpha, those by document too rarely."""
    generator = np.random.default_rng(3)
    differ = 1 - np.eye(2)
    truth = alpha(counts_of(simulated(generator, 20_000, 12)[0]), differ)
    held = {"clusters": 0, "documents": 0}
    for _ in range(100):
        readers, clusters = simulated(generator, 40, 12)
        for name, numbers in (("clusters", clusters), ("documents", None)):
            low, high = alpha_ci(counts_of(readers), differ, numbers)
            held[name] += low <= truth <= high
    assert held["clusters"] >= 88
    assert held["documents"] < held["clusters"]


def test_clusters_widen_the_intervals_of_every_coefficient():
    readers, clusters = simulated(np.random.default_rng(1), 30, 12)
    one, other = readers.astype(np.int64)
    for interval in (
        lambda numbers: agreement_ci(one, other, numbers),
        lambda numbers: pabak_ci(one, other, numbers),
        lambda numbers: resampled_ci(ac1, one, other, numbers),
    ):
        (low, high), (below, above) = interval(None), interval(clusters)
        assert above - below > 1.2 * (high - low)


def test_pabak_is_that_of_byrt_and_of_brennan_and_prediger():
    one = np.array([0] * 80 + [0] * 10 + [1] * 6 + [1] * 4)
    other = np.array([0] * 80 + [1] * 10 + [0] * 6 + [1] * 4)
    assert pabak(one, other) == pytest.approx(2 * 0.84 - 1)  # Byrt et al. 1993: 2 p - 1
    three = np.array([0, 1, 2, 2])
    assert pabak(three, np.array([0, 1, 2, 1])) == pytest.approx((3 * 0.75 - 1) / 2)
    low, high = pabak_ci(one, other)
    assert low < pabak(one, other) < high


def test_documents_that_go_together_are_numbered():
    assert numbers_of(["a", "b", "c"], {}) is None
    assert numbers_of(["a", "b", "c"], {"a": 7, "b": 8}) is None
    assert numbers_of(["a", "b", "c"], {"a": 7, "c": 7}).tolist() == [1, 0, 1]


# --- When two readings are the same ---

RECORDS = {
    "type": "list",
    "items": {
        "type": "object",
        "fields": {
            "disease": {"type": "string"},
            "cases": {"type": "integer", "missing": ["not_stated", "uncertain"]},
            "rate": {"type": "number", "compare": {"tolerance": 0.5}, "nullable": True},
        },
    },
}


def record(disease, cases=3, rate=1.0, missing=None):
    return {"disease": disease, "cases": cases, "cases__missing": missing, "rate": rate}


@pytest.mark.parametrize(
    ("field", "one", "other", "expected"),
    [
        ({"type": "list", "items": {"type": "string"}}, ["a", "b"], ["B", "A"], True),  # no order, folded
        ({"type": "list", "items": {"type": "string"}}, ["a", "a"], ["a", "b"], False),
        ({"type": "list", "items": {"type": "string"}}, ["a"], ["a", "a"], False),
        ({"type": "list", "items": {"type": "string"}}, [], None, True),
        ({"type": "list", "items": {"type": "number", "compare": {"tolerance": 1}}}, [1.0, 2.0], [3.0, 1.0], True),
        ({"type": "list", "items": {"type": "number", "compare": {"tolerance": 1}}}, [1.0, 2.0], [3.1, 1.0], False),
        (RECORDS, [record("x"), record("y")], [record("Y"), record("X", rate=1.4)], True),
        (RECORDS, [record("x")], [record("x", rate=1.6)], False),
        (RECORDS, [record("x", None, missing="uncertain")], [record("x", None, missing="not_stated")], False),
        (RECORDS, [record("x", rate=None)], [record("x")], False),
    ],
)
def test_lists_are_the_same_if_their_items_can_be_paired(field, one, other, expected):
    asked = field_of(**field)
    assert is_same(asked, "a", {"a": one}, {"a": other}) == expected
    assert is_same(asked, "a", {"a": other}, {"a": one}) == expected
    if is_transitive(asked):
        assert (category(asked, "a", {"a": one}) == category(asked, "a", {"a": other})) == expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"a__missing": "denied"}, {"a__missing": "not_stated"}, False),
        ({"a": True, "a__assertion": "present"}, {"a": True, "a__assertion": "absent"}, False),
        ({"a": True, "a__assertion": "present"}, {"a": True, "a__assertion": "present"}, True),
        ({"a": True}, {"a": None, "a__missing": "denied"}, False),
    ],
)
def test_reasons_and_assertions_are_part_of_a_reading(one, other, expected):
    field = field_of(type="boolean", missing=["denied", "not_stated"], assertion=True)
    assert is_same(field, "a", one, other) == expected
    assert (category(field, "a", one) == category(field, "a", other)) == expected


def test_assertions_of_a_list_go_with_their_items():
    field = field_of(type="list", items={"type": "string"}, assertion=True)
    said = {"a": ["toux", "fièvre"], "a__assertion": ["present", "absent"]}
    turned = {"a": ["fièvre", "toux"], "a__assertion": ["absent", "present"]}
    other = {"a": ["fièvre", "toux"], "a__assertion": ["present", "absent"]}
    assert is_same(field, "a", said, turned)
    assert category(field, "a", said) == category(field, "a", turned) != category(field, "a", other)
    assert not is_same(field, "a", said, other)


# --- Of three reviewers ---


def test_three_readers_of_whom_none_has_read_all(run, tmp_path):  # noqa: F811
    male = {"sex": {"decision": "corrected", "answer": "M"}}
    one = corrections_of(run, {"d0": {}, "d1": male, "d2": {}})
    two = corrections_of(run, {"d0": {}, "d1": {}}, reviewer="Béa")
    three = corrections_of(run, {"d1": male, "d3": {}}, reviewer="Cyr")
    summary = gold_of(run, tmp_path, one, two, three).agreement
    sex = summary.together["sex"]
    assert (sex.documents, sex.readings, sex.differ) == (2, 5, ("d1",))
    assert sex.alpha == pytest.approx(by_pairs([["F", "F"], ["M", "F", "M"]], lambda a, b: a != b))
    lines = agreement_lines(summary)
    assert lines[0].startswith("readers agree, on 2 documents that two or more have read")
    assert any("sex" in line and "differ on 1" in line for line in lines)
    assert any("seen" in line and "not defined (all readings are the same)" in line for line in lines)
    assert agreement_lines(gold_of(run, tmp_path, one).agreement) == []


def test_the_job_follows_clusters(run, tmp_path):  # noqa: F811
    import json

    from test_review import review

    out = tmp_path / "out"
    review(tmp_path / "run", out, rows=5)
    files = []
    for name in ("Ada", "Béa"):
        content = corrections_of(run, {f"d{i}": {} for i in range(5)}, reviewer=name, saved=f"by {name}")
        for document in content["documents"]:
            document["inclusion_probability"] = 1.0
        files.append(tmp_path / f"{name}.json")
        files[-1].write_text(json.dumps(content))
    review(tmp_path / "run", out, corrections=[str(one) for one in files], clusters=["hospital"])
    assert json.loads((out / "agreement.json").read_text())["clusters"] == 2
