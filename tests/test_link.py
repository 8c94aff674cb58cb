"""Linkage of records: entities whatever the order, no chains, no pair lost, and nothing said that nobody looked at."""

import datetime
import itertools
import json
import tracemalloc
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from rapidfuzz.distance import JaroWinkler

import glane
from conftest import ROOT, extract_here, job_here, make_settings
from glane.errors import ConfigError, DataError
from glane.linkage.attributes import attributes
from glane.linkage.count import entity_count
from glane.linkage.entities import chains, entities, tree
from glane.linkage.fellegi_sunter import Patterns, fitted
from glane.linkage.levels import column_of
from glane.linkage.link import Linked, link
from glane.linkage.page import link_page
from glane.linkage.pairs import candidates, random_pairs
from glane.linkage.sample import sample_of, with_reviewed
from glane.linkage.scores import levels_of
from glane.settings.link import Attribute, Comparison, LinkDefinition
from glane.validation import validated
from markdown_pages import Page
from simulations.linkage import PERSONS, people

DAY = datetime.date


def definition(**told: Any) -> LinkDefinition:
    return validated(
        LinkDefinition, {"name": "t", "block": [["k"]], "compare": [{"column": "x"}]} | told, place="linkage"
    )


def linked(rows: Mapping[str, Sequence[Any]], **told: Any) -> Linked:
    table = pl.DataFrame(rows, strict=False)
    return link(
        table.with_columns(pl.Series("id", [f"r{at:03d}" for at in range(table.height)])), definition(**told), ["id"]
    )


def groups(found: Linked) -> list[list[str]]:
    """The records of each entity, in order."""
    return sorted(sorted(part["id"].to_list()) for part in found.links.partition_by("entity"))


# How alike two values are.


def levels(told: dict[str, Any], values: Sequence[Any]) -> list[str]:
    """What is said of the first value and each of the others."""
    comparison = validated(Comparison, {"column": "x"} | told, place="compare")
    column = column_of(pl.Series("x", values, strict=False), comparison)
    others = np.arange(1, len(values))
    return [(["missing", *column.words])[at] for at in column.levels(np.zeros(len(others), dtype=np.int64), others)]


def test_texts_are_compared_without_case_accents_and_order_of_words() -> None:
    values = [
        "Hélène Dupré",
        "HELENE DUPRE",
        "Dupré, Hélène",
        unicodedata.normalize("NFD", "Hélène Dupré"),
        "Helene Dupree",
        "Jean Martin",
        None,
        "  ",
    ]
    told = levels({"how": "text", "near": [0.9]}, values)
    assert (
        told == ["equal", "equal", "equal", "equal", "≥ 0.9", "different", "missing", "missing"][1:]
        or told[0] == "equal"
    )
    assert [told[0], told[2], told[3], told[4], told[5], told[6]] == [
        "equal",
        "equal",
        "≥ 0.9",
        "different",
        "missing",
        "missing",
    ]


def test_a_day_and_its_month_may_be_exchanged() -> None:
    day = DAY(1950, 3, 4)
    values = [day, DAY(1950, 4, 3), DAY(1950, 3, 6), DAY(1950, 3, 17), DAY(1951, 4, 3), None]
    assert levels({"how": "date"}, values) == ["swapped", "± 3", "± 14", "different", "missing"]
    assert levels({"how": "date", "swapped": False}, values)[0] == "different"


def test_numbers_and_sets_have_levels() -> None:
    assert levels({"how": "number", "near": [1, 5]}, [10, 10, 11, 15, 16, None]) == [
        "equal",
        "± 1",
        "± 5",
        "different",
        "missing",
    ]
    values = [["a", "b"], ["B", "a"], ["a", "b", "c"], ["x"], [], None]
    assert levels({"how": "set"}, values) == ["equal", "≥ 0.5", "different", "missing", "missing"]
    assert levels({"how": "number"}, [1.0, float("nan")]) == ["missing"]


@given(some.lists(some.text(alphabet="abcé '-", max_size=8), min_size=2, max_size=6))
@settings(deadline=None)
def test_a_level_does_not_depend_on_which_record_is_the_first(values: list[str]) -> None:
    column = column_of(pl.Series("x", values), Comparison(column="x", how="text"))
    one, other = np.array(list(itertools.permutations(range(len(values)), 2))).T
    assert (column.levels(one, other) == column.levels(other, one)).all()


@pytest.mark.parametrize("told", [{"how": "date"}, {"how": "number"}, {"how": "set"}])
def test_a_column_of_another_type_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="'x' is of type text, and how: "):
        levels(told, ["a", "b"])


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ({"compare": [{"column": "x", "how": "text", "near": [0.8, 0.9]}]}, "falling order"),
        ({"compare": [{"column": "x", "how": "text", "near": [90]}]}, "below 1"),
        ({"compare": [{"column": "x", "near": [0.9]}]}, "how: exact there is none"),
        ({"compare": []}, "needs the columns"),
        ({"block": []}, "name the columns"),
        ({"compare": [{"column": "k"}]}, "no column is left"),
        ({"attributes": [{"column": "c"}]}, "date is needed"),
        ({"date": "d", "attributes": [{"column": "c", "rule": "highest"}]}, "go together"),
        ({"link": 0.4}, "greater than 0.5"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused(told: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        definition(**told)


# Which are compared.


def test_every_pair_of_a_block_is_compared_once_and_none_else() -> None:
    rng = np.random.default_rng(0)
    table = pl.DataFrame({"a": rng.integers(0, 9, 80), "b": rng.choice(["x", "X ", "y", None], 80)})
    found = candidates(table, [["a"], ["a", "b"], ["b"]], most=10**6)
    folded = table.with_columns(pl.col("b").str.to_lowercase().str.strip_chars())
    wanted = {
        (one, other)
        for one, other in itertools.combinations(range(80), 2)
        if table["a"][one] == table["a"][other]
        or (folded["b"][one] is not None and folded["b"][one] == folded["b"][other])
    }
    assert set(zip(found.left.tolist(), found.right.tolist(), strict=True)) == wanted
    assert len(found.left) == len(wanted)


def test_too_many_pairs_are_an_error_and_no_loss_and_no_value_is_told() -> None:
    table = pl.DataFrame({"k": ["secret"] * 200})
    with pytest.raises(DataError, match=r"rule 1 \(k\) makes 19,900 pairs, its largest block has 200") as found:
        candidates(table, [["k"]], most=19_899)
    assert "secret" not in str(found.value)
    assert len(candidates(table, [["k"]], most=19_900).left) == 19_900


def test_a_rule_may_take_the_beginning_of_a_value() -> None:
    table = pl.DataFrame(
        {"n": ["Dupont", "DUPOND", "Durand", None], "d": [DAY(1950, 1, 2), DAY(1950, 3, 4), DAY(1951, 1, 2), None]}
    )
    found = candidates(table, [["n:4"], ["n:2", "d:4"]], most=9)
    assert list(zip(found.left, found.right, strict=True)) == [(0, 1)]
    assert found.rules.tolist() == [[True, True]]


def test_what_is_missing_is_in_no_block() -> None:
    assert len(candidates(pl.DataFrame({"k": [None, None, "", " "]}), [["k"]], most=9).left) == 0


# Entities.


def test_a_chain_of_links_is_not_an_entity() -> None:
    """Each is like the next, and the ends contradict each other: single links would make one of all."""
    num = 12
    odds = np.full((num, num), -8.0)
    for at in range(num - 1):
        odds[at, at + 1] = odds[at + 1, at] = 5.0
    pairs = np.arange(num - 1), np.arange(1, num)
    chain = chains(*pairs, num)
    assert len(set(chain)) == 1
    found, _ = entities(chain, lambda one, other: odds[one, other], 2.0, most=10**6, order=np.arange(len(chain)))
    sizes = np.unique(found, return_counts=True)[1]
    assert sizes.max() == 2
    for part in np.unique(found):
        inside = np.flatnonzero(found == part)
        assert all(odds[one, other] >= 2 for one, other in itertools.combinations(inside, 2))


@given(some.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_parts_of_an_entity_go_together_on_the_whole(seed: int) -> None:
    rng = np.random.default_rng(seed)
    num = 9
    odds = np.triu(rng.normal(0, 4, (num, num)), 1)
    odds += odds.T
    found, cohesion = entities(
        np.zeros(num, dtype=np.int64), lambda one, other: odds[one, other], 1.0, most=100, order=np.arange(num)[::-1]
    )
    for part in np.unique(found):
        inside = np.flatnonzero(found == part)
        assert part == inside[0]
        if len(inside) > 1:
            mean = np.mean([odds[one, other] for one, other in itertools.combinations(inside, 2)])
            assert mean >= 1.0 - 1e-9
            assert np.mean(cohesion[inside]) == pytest.approx(mean)
        else:
            assert np.isnan(cohesion[inside]).all()


def test_a_chain_that_is_too_long_is_refused() -> None:
    with pytest.raises(DataError, match="a chain of 50 records hangs together"):
        entities(np.zeros(50, dtype=np.int64), lambda one, _: np.zeros(len(one)), 1.0, most=1000, order=np.arange(50))


def test_the_tree_connects_what_pairs_connect_by_the_best_of_them() -> None:
    left, right = np.array([0, 0, 1, 3]), np.array([1, 2, 2, 4])
    at = tree(left, right, np.array([1.0, 3.0, 2.0, -7.0]), 5)
    assert [(left[one], right[one]) for one in at] == [(0, 2), (1, 2), (3, 4)]


# Keys.


def test_keys_link_what_is_equal_and_not_what_differs() -> None:
    rows = {
        "name": ["Éve", "eve", "Eve", "Luc", None, None],
        "born": [DAY(2000, 1, 1)] * 5 + [None],
        "sex": ["f", None, "m", "m", "f", "f"],
    }
    found = linked(rows, method="keys", block=[["name", "born"]], compare=[{"column": "sex"}])
    assert groups(found) == [["r000", "r001"], ["r002"], ["r003"], ["r004"], ["r005"]]
    both = found.pairs.filter(pl.col("sex__level") == "different")  # two persons of one key
    assert both.select("left", "right").rows() == [("r000", "r002")]
    assert linked(rows, method="keys", block=[["name", "born"]], compare=[]).num_entities == 4


def test_two_persons_of_one_key_are_not_joined_by_a_third_who_says_nothing() -> None:
    found = linked({"k": ["a"] * 3, "x": ["1", None, "2"]}, method="keys")
    assert max(map(len, groups(found))) == 2
    assert groups(found) == groups(linked({"k": ["a"] * 3, "x": ["1", None, "2"]}, method="keys"))


def test_several_keys_do_not_chain_what_differs() -> None:
    rows = {"a": ["1", "1", None], "b": [None, "2", "2"], "x": ["u", None, "v"]}
    found = linked(rows, method="keys", block=[["a"], ["b"]])
    assert max(map(len, groups(found))) == 2


# Probabilities.


def persons(num: int, **told: Any) -> tuple[pl.DataFrame, pl.DataFrame]:
    table, truth = people(num, np.random.default_rng(3), **told)
    return table, truth


def test_probabilities_are_those_of_the_truth() -> None:
    table, truth = persons(1500)
    found = link(table, PERSONS, ["id"])
    same = with_truth(found.decisions, truth)
    assert found.scores.model is not None
    assert found.scores.model.is_converged
    for low, high in ((0.0, 0.05), (0.05, 0.97), (0.99, 1.0)):
        part = same.filter(pl.col("probability").is_between(low, high))
        assert part["same"].mean() == pytest.approx(part["probability"].mean(), abs=0.15 if part.height < 100 else 0.03)
    assert same.filter(pl.col("linked"))["same"].mean() > 0.99


def with_truth(decisions: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    left = truth.rename({"id": "left", "person": "one"})
    right = truth.rename({"id": "right", "person": "other"})
    found = decisions.join(left, on="left", maintain_order="left").join(right, on="right", maintain_order="left")
    return found.with_columns((pl.col("one") == pl.col("other")).alias("same")).drop("one", "other")


def test_em_finds_the_shares_that_pairs_were_drawn_with() -> None:
    rng = np.random.default_rng(0)
    num, share = 200_000, 0.2
    m, u = (
        np.array([[0.9, 0.08, 0.02], [0.8, 0.1, 0.1], [0.95, 0.04, 0.01]]),
        np.array([[0.1, 0.2, 0.7], [0.05, 0.15, 0.8], [0.2, 0.2, 0.6]]),
    )
    is_match = rng.random(num) < share
    drawn = [
        np.where(is_match, rng.choice(3, num, p=one), rng.choice(3, num, p=other)) + 1
        for one, other in zip(m, u, strict=True)
    ]
    told = np.where(rng.random((num, 3)) < 0.1, 0, np.stack(drawn, axis=1)).astype(np.int8)  # a tenth is missing
    model = fitted(Patterns.of(told, np.ones(3, dtype=bool)), [], [3, 3, 3], num=5, vetoes=np.zeros(3, dtype=bool))
    assert model.is_converged
    assert model.shares[0] == pytest.approx(share, abs=0.01)
    assert np.stack(model.m) == pytest.approx(m, abs=0.02)
    assert np.stack(model.u) == pytest.approx(u, abs=0.01)


def test_the_estimates_are_those_of_splink() -> None:
    """Of splink 5.0.0: EM over all pairs of the same records, each column equal or different, nothing fixed."""
    table, _ = people(150, np.random.default_rng(5), reports=(2, 6))
    columns = [
        column_of(table.sort("id")[name], Comparison(column=name)) for name in ("first", "last", "birth", "department")
    ]
    every = levels_of(columns, *random_pairs(table.height, most=10**9, seed=0))
    model = fitted(
        Patterns.of(every, np.ones(4, dtype=bool)), [], [2] * 4, num=table.height, vetoes=np.zeros(4, dtype=bool)
    )
    m = [0.7532850693153802, 0.7374675167782964, 0.9618708473261545, 0.9999999999932054]
    u = [0.006796079422560632, 0.0026829413290857637, 0.00010171585062515804, 0.011507312303842332]
    assert [one[0] for one in model.m] == pytest.approx(m, abs=1.5e-3)  # here half a pair is spread over the levels
    assert [one[0] for one in model.u] == pytest.approx(u, abs=1e-5)
    assert model.shares[0] == pytest.approx(0.005508352874391133, abs=1e-5)


def test_what_is_missing_is_no_agreement_and_no_disagreement() -> None:
    table, _ = persons(400)
    base = link(table, PERSONS, ["id"])
    names = [one.column for one in PERSONS.compare]
    model = base.scores.model
    assert model is not None
    nothing = np.zeros((1, len(names)), dtype=np.int8)
    assert model.evidence(nothing).tolist() == [0.0]


def test_nothing_at_all_is_no_entity() -> None:
    rows: dict[str, list[Any]] = {"k": [None] * 5, "x": [None] * 5}
    assert linked(rows).num_entities == 5
    assert linked({"k": ["a"] * 5, "x": [None] * 5}).num_entities == 5  # one block, and nothing is said
    assert link(pl.DataFrame({"id": [], "k": [], "x": []}), definition(), ["id"]).num_entities == 0
    assert linked({"k": ["a"], "x": ["b"]}).num_entities == 1


# Keys with several rules: a record with two keys of two persons does not make them one.


TWO_KEYS = {"method": "keys", "block": [["number"], ["last", "birth"]], "compare": []}


def two_persons(*others: tuple[str | None, str | None, DAY | None]) -> dict[str, list[Any]]:
    """Four records each of two persons, and others; number, last name, birth date."""
    one, other = ("1", "Martin", DAY(1980, 11, 20)), ("2", "Lefèvre", DAY(1961, 4, 3))
    rows = [one] * 4 + [other] * 4 + list(others)
    return {name: [row[at] for row in rows] for at, name in enumerate(("number", "last", "birth"))}


@pytest.mark.parametrize(
    "wrong", [("1", "Lefèvre", DAY(1961, 4, 3)), ("2", "martin", DAY(1980, 11, 20)), ("1", "LEFEVRE", DAY(1961, 4, 3))]
)
def test_a_wrong_number_does_not_make_two_persons_one(wrong: tuple[str, str, DAY]) -> None:
    found = linked(two_persons(wrong), **TWO_KEYS)
    assert found.num_entities == 2
    divided = found.pairs.filter(~pl.col("linked"))
    assert divided.height == 4  # of the record and the person that it did not go to
    assert "r008" in {*divided["left"], *divided["right"]}


@pytest.mark.parametrize("percent", [1, 3, 5])
def test_few_wrong_numbers_leave_the_number_of_persons(percent: int) -> None:
    rng = np.random.default_rng(percent)
    person = np.repeat(np.arange(100), 4)
    number = person.copy()
    wrong = rng.permutation(400)[: 4 * percent]
    number[wrong] = (person[wrong] + rng.integers(1, 100, len(wrong))) % 100
    days = [DAY(1950, 1, 1) + datetime.timedelta(days=int(one)) for one in person]
    found = linked({"number": number.tolist(), "last": [f"n{one}" for one in person], "birth": days}, **TWO_KEYS)
    assert found.num_entities == 100
    assert found.pairs.filter(~pl.col("linked")).height >= 4 * percent


def test_records_with_one_key_each_go_together_by_a_record_with_both() -> None:
    """What is not known says nothing: neither of both says that the other is somebody else."""
    rows = {
        "number": ["1", None, "1"],
        "last": [None, "Roux", "Roux"],
        "birth": [None, DAY(1970, 1, 1), DAY(1970, 1, 1)],
    }
    found = linked(rows, **TWO_KEYS)
    assert (found.num_entities, found.contested, found.pairs.height) == (1, 0, 0)


def test_pairs_of_an_entity_that_no_rule_compared_are_told_where_they_speak_against_it() -> None:
    """Two records that differ in both keys, each like eight others."""
    birth = DAY(1970, 1, 1)
    rows = {"number": ["1"] + ["1"] * 8 + ["2"], "last": ["Roy"] + ["Roux"] * 8 + ["Roux"], "birth": [birth] * 10}
    found = linked(rows, **TWO_KEYS)
    assert found.num_entities == 1
    assert found.contested == 1
    assert found.pairs.select("left", "right", "linked").rows() == [("r000", "r009", True)]
    by_column = linked({"k": ["a"] * 9 + ["b"], "m": ["z"] + ["y"] * 9, "x": ["f"] + [None] * 8 + ["m"]},
                       method="keys", block=[["k"], ["m"]])  # fmt: skip
    assert by_column.contested == by_column.pairs.height == 1
    assert by_column.pairs["x__level"].to_list() == ["different"]


def contents(found: Linked, records: pl.DataFrame) -> list[list[str]]:
    """What the records of each entity hold, whatever they are called."""
    held = records.select("id", pl.struct(pl.exclude("id")).struct.json_encode().alias("held"))
    parts = found.links.join(held, on="id").partition_by("entity")
    return sorted(sorted(part["held"].to_list()) for part in parts)


@pytest.mark.parametrize("seed", range(3))
def test_other_ids_make_the_same_entities(seed: int) -> None:
    table, _ = people(200, np.random.default_rng(seed), twins=0.2)
    rng = np.random.default_rng(seed)
    found = link(table, PERSONS, ["id"])
    for names in (table["id"].str.reverse(), pl.Series([f"r{at:04d}" for at in rng.permutation(table.height)])):
        renamed = table.with_columns(names.alias("id"))
        assert contents(link(renamed, PERSONS, ["id"]), renamed) == contents(found, table)


@pytest.mark.parametrize("ids", ["abc", "bca", "cab", "acb", "bac", "cba"])
@pytest.mark.parametrize("values", [["M", None, "F"], [True, None, False], [2, None, 1], [["u", "v"], None, ["w"]]])
def test_a_record_that_is_like_two_goes_to_the_same_whatever_the_ids(ids: str, values: list[Any]) -> None:
    table = pl.DataFrame({"id": list(ids), "k": ["n"] * 3, "x": values})
    how = "set" if isinstance(values[0], list) else "exact"
    told = definition(method="keys", compare=[{"column": "x", "how": how}])
    found = link(table, told, ["id"])
    plain = link(table.with_columns(id=pl.Series(["a", "b", "c"])), told, ["id"])
    assert contents(found, table) == contents(plain, table.with_columns(id=pl.Series(["a", "b", "c"])))
    assert found.num_entities == 2
    assert found.pairs.filter(~pl.col("linked")).height >= 1  # the pair that was not taken is told


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_rows_changes_nothing(seed: int) -> None:
    table, _ = persons(300)
    found = link(table, PERSONS, ["id"])
    shuffled = link(table.sample(fraction=1, shuffle=True, seed=seed), PERSONS, ["id"])
    assert shuffled.links.equals(found.links)
    assert shuffled.pairs.equals(found.pairs)
    assert shuffled.decisions.equals(found.decisions)


def test_an_entity_keeps_its_name_when_records_come_later() -> None:
    table, _ = persons(300)
    half, whole = (link(one, PERSONS, ["id"]).links for one in (table.head(table.height // 2), table))
    before, after = dict(half.select("id", "entity").iter_rows()), dict(whole.select("id", "entity").iter_rows())
    assert sum(after[name] == entity for name, entity in before.items()) > 0.97 * len(before)


def test_twins_are_two() -> None:
    """Same name of the family, same birth date, same place: the first name tells them apart."""
    table, _ = persons(800)
    twins = table.head(40).with_columns(
        ("t" + pl.col("id")).alias("id"), pl.lit("Zéphyrine").alias("first"), pl.col("last", "birth", "department")
    )
    first, *others = PERSONS.compare
    told = PERSONS.model_copy(update={"compare": (first.model_copy(update={"never_differs": True}), *others)})
    found = link(pl.concat([table, twins]), told, ["id"])
    joined = found.links.filter(pl.col("id").str.starts_with("t") & ~pl.col("entity").str.starts_with("t"))
    sure = joined.join(table, left_on="entity", right_on="id").drop_nulls("first")
    assert sure.height == 0  # they go together where the other's first name is missing, and only there


@pytest.mark.parametrize("ids", [["a", "a"], ["a", None]])
def test_an_id_that_is_missing_or_repeated_is_refused(ids: list[str | None]) -> None:
    with pytest.raises(DataError, match="id"):
        link(pl.DataFrame({"id": ids, "k": ["1", "1"], "x": ["1", "1"]}), definition(), ["id"])


def memory_of(work: Callable[[], object]) -> int:
    """The most bytes that arrays and Python's objects took at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.slow
def test_ten_thousand_records_are_linked_in_less_memory_than_their_pairs_would_take() -> None:
    table, truth = persons(5000)
    narrow = PERSONS.model_copy(update={"block": PERSONS.block[:-1]})  # the last rule is for fewer records
    found: list[Linked] = []
    most = memory_of(lambda: found.append(link(table, narrow, ["id"])))
    every = table.height * (table.height - 1) // 2
    assert every > 49_000_000
    assert len(found[0].scores.odds) < every / 500
    assert most < 5 * every  # bytes: a number for each pair would be 8
    same = with_truth(found[0].decisions.filter(pl.col("linked")), truth)["same"].mean()
    assert isinstance(same, float)
    assert same > 0.97


@pytest.mark.parametrize("values", [["x"] * 100_000, [f"x{at % 900}" for at in range(100_000)]])
def test_too_many_pairs_are_refused_before_they_are_made(values: list[str]) -> None:
    table = pl.DataFrame({"k": values})

    def refused() -> None:
        with pytest.raises(DataError, match="at most 5,000,000 pairs"):
            candidates(table, [["k"]], most=5_000_000)

    assert memory_of(refused) < 50_000_000


# Reviewed decisions, and the interval.


def test_without_a_review_there_is_no_interval() -> None:
    table, truth = persons(300)
    found = link(table, PERSONS, ["id"])
    assert entity_count(with_reviewed(found.decisions, None), records=table.height, level=0.95, seed=0) is None
    sample = with_truth(sample_of(found.decisions, 60, seed=0).drop("same"), truth)
    without = sample.filter(pl.col("stratum") != "certain")
    told = with_reviewed(found.decisions, without)
    assert entity_count(told, records=table.height, level=0.95, seed=0) is None
    whole = entity_count(with_reviewed(found.decisions, sample), records=table.height, level=0.95, seed=0)
    assert whole is not None
    assert whole.low <= whole.estimate <= whole.high


@pytest.mark.parametrize("left_out", [{}, {"certain": 3}, {"certain": 1, "no": 2}, {"unlikely": 1}])
def test_pairs_of_a_sample_that_stayed_empty_are_told_by_stratum(left_out: Mapping[str, int]) -> None:
    table, truth = persons(300)
    drawn = glane.link(table, PERSONS, id_column="id", sample=80).sample
    assert drawn is not None
    told = with_truth(drawn.drop("same"), truth).with_columns(
        pl.int_range(pl.len()).over("stratum").alias("at"),
        pl.col("stratum").replace_strict(left_out, default=0, return_dtype=pl.Int64).alias("empty"),
    )
    same = pl.when(pl.col("at") >= pl.col("empty")).then(pl.col("same").cast(pl.String)).otherwise(pl.lit(" "))
    found = glane.link(table, PERSONS, id_column="id", reviewed=told.with_columns(same.alias("same")))
    assert {one.stratum: one.empty for one in found.summary.strata if one.empty} == left_out
    assert ("if they are the hard ones" in str(found)) == bool(left_out)
    assert ("n&#x27;a rien dit" in link_page(found.summary, language="fr")) == bool(left_out)
    for name, num in left_out.items():
        assert f"{name} {num}/{told.filter(pl.col('stratum') == name).height}" in str(found)


def test_all_reviewed_is_the_truth_of_what_was_compared() -> None:
    table, truth = persons(300)
    found = link(table, PERSONS, ["id"])
    every = with_truth(found.decisions, truth)
    count = entity_count(with_reviewed(found.decisions, every), records=table.height, level=0.95, seed=0)
    assert count is not None
    assert count.low == count.high == count.estimate == table.height - int(every["same"].sum())


def test_a_sample_is_drawn_with_the_probability_that_it_tells() -> None:
    table, _ = persons(400)
    decisions = link(table, PERSONS, ["id"]).decisions
    sizes = dict(decisions["stratum"].value_counts().iter_rows())
    drawn = [sample_of(decisions, 50, seed=seed) for seed in range(60)]
    for part in drawn[0].partition_by("stratum"):
        probability = part.height / sizes[part["stratum"][0]]
        assert part["inclusion_probability"].unique().to_list() == [probability]
    assert sample_of(decisions, 50, seed=1).equals(drawn[1])
    seen = pl.concat(drawn).filter(pl.col("stratum") == "certain").group_by("left", "right").len()["len"]
    rate = drawn[0].filter(pl.col("stratum") == "certain")["inclusion_probability"][0]
    assert seen.max() < 60 * rate + 6 * np.sqrt(60 * rate)  # no decision is preferred


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda one: one.drop("same"), "no column 'same'"),
        (lambda one: one.with_columns(same=pl.lit("peut-être")), "row 1: same is neither yes nor no"),
        (lambda one: one.with_columns(left=pl.lit("nobody"), same=pl.lit("yes")), "no decisions of this linkage"),
        (lambda one: pl.concat([one, one]).with_columns(same=pl.lit(True)), "twice"),
    ],
)
def test_what_is_no_sample_of_this_linkage_is_refused(change: Any, words: str) -> None:
    decisions = link(persons(200)[0], PERSONS, ["id"]).decisions
    with pytest.raises(DataError, match=words):
        with_reviewed(decisions, change(sample_of(decisions, 20, seed=0)))


@pytest.mark.parametrize("answers", [["oui", "NON", ""], ["true", "false", None], ["1", "0", " "]])
def test_answers_are_read_as_people_write_them(answers: list[str | None]) -> None:
    decisions = link(persons(200)[0], PERSONS, ["id"]).decisions
    sample = decisions.head(3).select("left", "right", "stratum").with_columns(pl.Series("same", answers))
    assert with_reviewed(decisions, sample)["same"].head(3).to_list() == [True, False, None]


# Attributes.


def told(rows: Sequence[tuple[Any, ...]], **rule: Any) -> Any:
    table = pl.DataFrame(rows, schema=["entity", "record", "day", "v"], orient="row", infer_schema_length=None)
    table = table.with_columns(pl.col("day").cast(pl.Date))
    return attributes(table, [validated(Attribute, {"column": "v"} | rule, place="attribute")], date="day")


def test_of_a_cumulative_count_the_latest_report_holds_and_what_is_new_adds_up() -> None:
    rows = [
        ("e", "a", DAY(2026, 1, 1), 3),
        ("e", "c", DAY(2026, 1, 9), 12),
        ("e", "b", DAY(2026, 1, 5), 7),
        ("e", "d", DAY(2026, 1, 12), None),
    ]
    found = told(rows, rule="cumulative")
    assert found.entities["v"].to_list() == [12]
    assert found.reports["new"].to_list() == [3, 4, 5]
    assert found.contradictions.height == 0


def test_a_cumulative_count_that_falls_is_kept_with_both_reports() -> None:
    rows = [("e", "a", DAY(2026, 1, 1), 10), ("e", "b", DAY(2026, 1, 2), 8), ("f", "c", DAY(2026, 1, 1), 1)]
    found = told(rows, rule="cumulative")
    assert found.contradictions.select("kind", "record", "value", "chosen").rows() == [
        ("falls", "a", "10", False), ("falls", "b", "8", True),
    ]  # fmt: skip
    assert found.entities.sort("entity")["v"].to_list() == [8, 1]
    assert found.reports.filter(pl.col("entity") == "e")["new"].sum() == 8


def test_two_values_of_one_day_are_a_contradiction_whoever_comes_first() -> None:
    rows = [("e", "a", DAY(2026, 1, 1), 10), ("e", "b", DAY(2026, 1, 1), 8)]
    for order in (rows, rows[::-1]):
        found = told(order, rule="cumulative")
        assert found.contradictions["kind"].unique().to_list() == ["same_day"]
        assert found.entities["v"].to_list() == [8]  # the later id


def test_the_highest_status_holds_and_one_that_goes_back_is_kept() -> None:
    rows = [
        ("e", "a", DAY(2026, 1, 1), "suspect"), ("e", "b", DAY(2026, 1, 2), "confirme"),
        ("e", "c", DAY(2026, 1, 3), "suspect"), ("e", "d", None, "autre"),
    ]  # fmt: skip
    found = told(rows, rule="highest", order=["suspect", "confirme"])
    assert found.entities["v"].to_list() == ["confirme"]
    assert found.contradictions.select("kind", "record").rows() == [
        ("falls", "b"),
        ("falls", "c"),
        ("unknown_value", "d"),
    ]
    assert told(rows, rule="latest").entities["v"].to_list() == ["suspect"]


def test_a_report_without_a_day_holds_only_where_no_other_does() -> None:
    rows = [("e", "z", None, 5), ("e", "a", DAY(2026, 1, 1), 3), ("f", "b", None, 4)]
    assert told(rows, rule="cumulative").entities.sort("entity")["v"].to_list() == [3, 4]


def test_a_cumulative_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="a cumulative count is a number"):
        told([("e", "a", DAY(2026, 1, 1), "x")], rule="cumulative")


def test_jaro_winkler_is_that_of_the_paper() -> None:
    """Winkler's own examples."""
    assert JaroWinkler.similarity("martha", "marhta") == pytest.approx(0.961, abs=5e-4)
    assert JaroWinkler.similarity("dwayne", "duane") == pytest.approx(0.840, abs=5e-4)


# The command, on a table and on a run.


def test_the_command_links_a_table_and_reads_its_sample_again(tmp_path: Path) -> None:
    table, truth = persons(300)
    table.write_csv(tmp_path / "list.csv")
    (tmp_path / "conf" / "linkage").mkdir(parents=True)
    (tmp_path / "conf" / "linkage" / "mine.yaml").write_text(
        json.dumps({"defaults": ["base/default@_here_", "_self_"], **PERSONS.model_dump(mode="json")})
    )
    words = [
        f"--config-dir={tmp_path / 'conf'}",
        "linkage=mine",
        f"source={tmp_path / 'list.csv'}",
        "id_column=id",
        f"out.dir={tmp_path / 'out'}",
    ]
    said = job_here(*words, "sample=60", name="link", as_told=True).stdout
    assert "No interval: no pair was reviewed" in said
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Sans intervalle" in page
    assert "jour et mois échangés" in page
    assert "http" not in page
    names = {one.name for one in (tmp_path / "out").iterdir()}
    assert names >= {"links.parquet", "pairs.parquet", "decisions.parquet", "link.json", "sample.csv", "report.html"}
    pairs = pl.read_parquet(tmp_path / "out" / "pairs.parquet")
    shown = {
        str(value) for column in pairs.columns for value in pairs[column].unique() if pairs.schema[column] == pl.String
    }
    assert not shown & set(table["last"].drop_nulls())
    sample = pl.read_csv(tmp_path / "out" / "sample.csv", schema_overrides={"left": pl.String, "right": pl.String})
    with_truth(sample.drop("same"), truth).write_csv(tmp_path / "read.csv")
    said = job_here(*words, f"reviewed={tmp_path / 'read.csv'}", name="link", as_told=True).stdout
    assert "By the reviewed pairs" in said
    assert "earlier ones replaced" in said
    summary = json.loads((tmp_path / "out" / "link.json").read_bytes())
    assert (summary["kind"], summary["version"]) == ("glane linkage", 1)
    assert summary["count"]["low"] <= summary["count"]["estimate"] <= summary["count"]["high"]


def test_values_that_a_document_does_not_show_say_nothing() -> None:
    table = pl.DataFrame(
        {"id": ["a", "b", "c", "d"], "k": ["1"] * 4, "x": ["u"] * 4, "x__alignment": ["exact", "none", "exact", "exact"],
         "x__supports": [True, True, False, None], "not_in_quote": ["", "", "", "y; x"]}
    )  # fmt: skip
    found = glane.link(table, definition(method="keys", block=[["x"]], compare=[]), id_column="id")
    assert found.summary.entities == 4
    plain = glane.link(
        table.select("id", "k", "x"), definition(method="keys", block=[["x"]], compare=[]), id_column="id"
    )
    assert plain.summary.entities == 1


def test_the_items_of_a_list_of_a_run_are_records(tmp_path: Path) -> None:
    task = {
        "name": "t", "instructions": "x",
        "fields": {
            "events": {
                "type": "list", "max_items": 3,
                "items": {"type": "object", "fields": {"what": {"type": "enum", "values": ["a", "b"]}, "num": {"type": "integer", "minimum": 0, "maximum": 3}}},
            }
        },
    }  # fmt: skip
    days = [DAY(2026, 1, 1 + at % 5) for at in range(30)]
    pl.DataFrame(
        {
            "id": [f"d{at}" for at in range(30)],
            "text": [f"note {at}" for at in range(30)],
            "seen": days,
            "town": ["x", "y", "z"] * 10,
        }
    ).write_parquet(tmp_path / "d.parquet")
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run", task))
    asked = definition(
        list="events", method="keys", block=[["events.what", "town"]], compare=[], date="seen",
        attributes=[{"column": "events.num", "rule": "cumulative"}],
    )  # fmt: skip
    found = glane.link(tmp_path / "run", asked, out_dir=str(tmp_path / "out"))
    items = glane.open_run(tmp_path / "run").line_list(explode="events").drop_nulls("events__item").collect()
    assert found.links.height == items.height > 0
    assert (
        found.summary.entities
        == items.join(pl.read_parquet(tmp_path / "d.parquet"), on="id").select("events.what", "town").n_unique()
    )
    assert found.attributes is not None
    assert found.attributes.entities["records"].sum() == items.height
    assert (tmp_path / "out" / "contradictions.parquet").exists()


def test_a_killed_command_leaves_whole_files_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table, _ = persons(100)
    found = glane.link(table, PERSONS, id_column="id", sample=10)
    found.write(str(tmp_path / "whole"))
    import glane.assess.files as files

    write, left = files.replace_file, 3

    def dies(*words: Any, **told: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise KeyboardInterrupt
        write(*words, **told)

    monkeypatch.setattr(files, "replace_file", dies)
    with pytest.raises(KeyboardInterrupt):
        found.write(str(tmp_path / "half"))
    monkeypatch.undo()
    for one in (tmp_path / "half").glob("*.parquet"):
        assert one.read_bytes() == (tmp_path / "whole" / one.name).read_bytes()
    assert not list((tmp_path / "half").glob("link.json"))  # what a reader begins with is among the last
    found.write(str(tmp_path / "half"))  # and the command can be run again


@pytest.mark.parametrize(("placeholders", "is_warned"), [(7, True), (5, True), (4, False), (2, False)])
def test_an_entity_that_is_far_larger_than_the_others_is_warned_of(placeholders: int, is_warned: bool) -> None:
    names = [f"n{at // 2}" for at in range(60)] + ["inconnu"] * placeholders
    table = pl.DataFrame({"id": [f"d{at:02d}" for at in range(len(names))], "name": names})
    found = glane.link(table, definition(method="keys", block=[["name"]], compare=[]), id_column="id")
    assert found.summary.usual == 2
    assert ("make it null" in str(found)) == is_warned
    assert ("1900-01-01" in link_page(found.summary, language="fr")) == is_warned


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(ConfigError, match=r"no column 'x' there. Did you mean 'xx'"):
        glane.link(pl.DataFrame({"id": ["a"], "k": ["1"], "xx": ["1"]}), definition(), id_column="id")


# Tables of persons and events.


def linked_run(tmp_path: Path, num: int = 90) -> tuple[Path, pl.DataFrame]:
    """A run of the scripted engine, three notes of each patient, and who they are of."""
    days = [DAY(2026, 1, 1) + datetime.timedelta(days=at % 60) for at in range(num)]
    table = pl.DataFrame(
        {"id": [f"d{at:03d}" for at in range(num)], "text": [f"note {at}" for at in range(num)], "seen": days,
         "patient": [f"p{at % (num // 3)}" for at in range(num)], "town": ["x", "y", "z"] * (num // 3)}
    )  # fmt: skip
    table.write_parquet(tmp_path / "d.parquet")
    extract_here(make_settings(tmp_path / "d.parquet", tmp_path / "run"))
    return tmp_path / "run", table


TABLE: dict[str, Any] = {
    "name": "t",
    "field": "fever",
    "time": {"column": "seen", "every": "month"},
    "groups": ["town"],
}
BY_PATIENT = {"method": "keys", "block": [["patient"]], "compare": []}


def test_persons_of_links_are_those_of_their_column(tmp_path: Path) -> None:
    run, _ = linked_run(tmp_path)
    glane.link(run, definition(**BY_PATIENT), out_dir=str(tmp_path / "links"))
    by_links = glane.aggregate(run, {**TABLE, "unit": "person", "links": str(tmp_path / "links")})
    by_column = glane.aggregate(run, {**TABLE, "unit": "person", "person": "patient"})
    with_document = pl.col("documents") > 0  # of links, periods are those of all documents
    one, other = (found.table.filter(with_document).drop("incomplete") for found in (by_links, by_column))
    assert one.equals(other)
    assert by_links.table.filter(~with_document)["model"].sum() == 0
    events = glane.aggregate(run, {**TABLE, "unit": "event", "links": str(tmp_path / "links")})
    assert events.table.equals(by_links.table)
    assert "événement" in events_page(events, tmp_path)


def events_page(found: Any, folder: Path) -> str:
    found.write(str(folder / "table"))
    return (folder / "table" / "report.html").read_text()


def test_a_review_of_documents_alone_does_not_correct_persons(tmp_path: Path) -> None:
    run, _ = linked_run(tmp_path)
    right = glane.open_run(run).usable().select("id", "fever").collect()
    found = glane.link(run, definition(**BY_PATIENT), sample=30, sample_entities=12, out_dir=str(tmp_path / "links"))
    told = {**TABLE, "unit": "person", "links": str(tmp_path / "links")}
    assert found.sample is not None
    assert found.entity_sample is not None
    assert found.entity_sample.height == 36
    gold = right.join(found.entity_sample, on="id", how="semi")
    with pytest.raises(DataError, match="no pair was reviewed"):
        glane.aggregate(run, told, gold)
    reviewed = found.sample.with_columns(pl.lit(True).alias("same"))
    glane.link(run, definition(**BY_PATIENT), reviewed=reviewed, out_dir=str(tmp_path / "links"))
    with pytest.raises(DataError, match="lack some of their documents"):
        glane.aggregate(run, told, gold.head(10))
    with pytest.raises(ConfigError, match="error_rates: not for persons"):
        glane.aggregate(run, told, error_rates="rates.json")
    table = glane.aggregate(run, told, gold)
    total = table.table.filter(pl.col("margin") == "all").row(0, named=True)
    assert total["low"] <= total["estimate"] <= total["high"]
    assert table.summary.reviewed == 12
    for key in ("period", "town"):  # whatever is summed is the total
        part = table.table.filter(pl.col("margin") == key)
        assert part["estimate"].sum() == pytest.approx(total["estimate"])
    assert "tirage" in events_page(table, tmp_path)
    assert "with the errors of links" in str(table)


def test_links_that_are_wrong_change_the_count(tmp_path: Path) -> None:
    """Every reviewed link is of two persons: as many as there are documents, then, of those that are cases."""
    run, _ = linked_run(tmp_path)
    gold = glane.open_run(run).usable().select("id", pl.col("fever").fill_null(False)).collect()
    found = glane.link(run, definition(**BY_PATIENT))
    wrong = found.decisions.with_columns(pl.lit(False).alias("same"))
    glane.link(run, definition(**BY_PATIENT), reviewed=wrong, out_dir=str(tmp_path / "links"))
    table = glane.aggregate(run, {**TABLE, "unit": "person", "links": str(tmp_path / "links")}, gold)
    assert table.table.filter(pl.col("margin") == "all")["estimate"].item() == pytest.approx(gold["fever"].sum())


def test_all_reviewed_and_all_linked_is_the_truth(tmp_path: Path) -> None:
    run, documents = linked_run(tmp_path)
    gold = glane.open_run(run).usable().select("id", pl.col("fever").fill_null(False)).collect()
    found = glane.link(run, definition(**BY_PATIENT))
    reviewed = found.decisions.with_columns(pl.lit(True).alias("same"))
    glane.link(run, definition(**BY_PATIENT), reviewed=reviewed, out_dir=str(tmp_path / "links"))
    table = glane.aggregate(run, {**TABLE, "unit": "person", "links": str(tmp_path / "links")}, gold)
    total = table.table.filter(pl.col("margin") == "all").row(0, named=True)
    truth = gold.filter("fever").join(documents, on="id")["patient"].n_unique()
    assert total["model"] == truth
    assert [total["low"], total["high"], total["estimate"]] == pytest.approx([truth] * 3)


def test_links_of_another_run_of_items_or_of_nothing_are_refused(tmp_path: Path) -> None:
    run, table = linked_run(tmp_path)
    told = {**TABLE, "unit": "event", "links": str(tmp_path / "links")}
    with pytest.raises(DataError, match=r"no link\.json"):
        glane.aggregate(run, told)
    named = table.rename({"id": "note"}).drop("text")
    glane.link(named, definition(**BY_PATIENT), id_column="note", out_dir=str(tmp_path / "links"))
    with pytest.raises(DataError, match="names records by 'note'"):
        glane.aggregate(run, told)
    with pytest.raises(ConfigError, match="unit: event goes with links"):
        glane.aggregate(run, {**TABLE, "unit": "event"})


@pytest.mark.parametrize(
    ("changed", "strangers"),
    [
        (lambda table: table.head(30), 60),
        (lambda table: table.filter(pl.col("id") != "d041"), 1),
        (lambda table: table.with_columns(pl.col("id").str.replace("d", "x")), 90),
        (lambda table: table.with_columns(pl.col("id").str.slice(1).cast(pl.Int64)), 90),
    ],
)
def test_links_that_do_not_name_all_documents_are_refused(
    tmp_path: Path, changed: Callable[[pl.DataFrame], pl.DataFrame], strangers: int
) -> None:
    run, table = linked_run(tmp_path)
    told = {**TABLE, "unit": "person", "links": str(tmp_path / "links")}
    usable = glane.open_run(run).usable().select("id").collect().height
    assert usable == 90
    glane.link(changed(table).drop("text"), definition(**BY_PATIENT), id_column="id", out_dir=str(tmp_path / "links"))
    with pytest.raises(DataError, match=f"does not name {strangers} of the 90 documents.*Link again"):
        glane.aggregate(run, told)
    more = pl.concat([table, table.head(1).with_columns(pl.lit("z").alias("id"))])
    glane.link(more.drop("text"), definition(**BY_PATIENT), id_column="id", out_dir=str(tmp_path / "links"))
    assert glane.aggregate(run, told).table.filter(pl.col("margin") == "all")["documents"].item() == 30


def test_links_of_one_run_are_not_those_of_a_later_one_nor_of_both(tmp_path: Path) -> None:
    run, table = linked_run(tmp_path)
    told = {**TABLE, "unit": "person", "links": str(tmp_path / "links")}
    later = table.with_columns(("e" + pl.col("id").str.slice(1)).alias("id"))
    runs = [run]
    for name, rows in {"increment": later, "same_ids": table.sample(fraction=1, shuffle=True, seed=1)}.items():
        rows.write_parquet(tmp_path / f"{name}.parquet")
        extract_here(make_settings(tmp_path / f"{name}.parquet", tmp_path / name))
        runs.append(tmp_path / name)
    glane.link(run, definition(**BY_PATIENT), out_dir=str(tmp_path / "links"))
    with pytest.raises(DataError, match="does not name 90 of the 180 documents"):
        glane.aggregate(runs[:2], told)
    for other in runs[1:]:
        with pytest.raises(DataError, match="was made of another run"):
            glane.aggregate(other, told)
    both = pl.concat([table, later]).drop("text")
    glane.link(both, definition(**BY_PATIENT), id_column="id", out_dir=str(tmp_path / "links"))
    assert glane.aggregate(runs[:2], told).table.filter(pl.col("margin") == "all")["documents"].item() == 30


def test_the_example_of_the_page_is_real(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(path=ROOT / "docs" / "linkage.md", text=(ROOT / "docs" / "linkage.md").read_text(encoding="utf-8"))
    files = {one.language: one.content for one in page.blocks}
    (tmp_path / "my_folder" / "linkage").mkdir(parents=True)
    (tmp_path / "my_folder" / "linkage" / "patients.yaml").write_text(files["yaml"], encoding="utf-8")
    (tmp_path / "notes.csv").write_text(files["text"], encoding="utf-8")
    command, *printed = files["console"].strip().splitlines()
    monkeypatch.chdir(tmp_path)
    done = job_here(*command.split()[3:], name="link", as_told=True)
    assert (done.stderr + done.stdout).strip().splitlines() == printed
