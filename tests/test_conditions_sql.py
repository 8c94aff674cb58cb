"""Conditions say what SQL says: whole numbers never wrap, null is unknown, and dates as text are not put in order."""

import datetime
import random

import duckdb
import polars as pl
import pytest

from glane.assess.estimate.case import CaseDefinition
from glane.conditions import computed, read_condition, typed_condition, untrue
from glane.errors import ConfigError
from glane.task.kinds.boolean import BooleanField
from glane.task.kinds.integer import IntegerField
from glane.task.rules import Rule, Rules
from glane.types import ExtractedValue

ROWS = pl.DataFrame(
    {
        "i": [1, -7, 5, None, 0, 9, 40],
        "u": pl.Series([5, 30, 200, 0, 255, None, 29], dtype=pl.UInt8),
        "m": pl.Series([1, 12, -7, 3, None, 127, -128], dtype=pl.Int8),
        "w": pl.Series([65_535, 0, None, 3, 40_000, 1, 2], dtype=pl.UInt16),
        "n": pl.Series([4_000_000_000, 0, 7, None, 2, 1, 4_294_967_295], dtype=pl.UInt32),
        "g": pl.Series([2**62, 0, 7, None, 2, 1, 3], dtype=pl.UInt64),
        "f": [1.5, None, -2.5, None, 38.0, 0.5, 38.5],
        "b": [True, False, None, True, False, True, None],
        "c": [None, False, None, True, True, False, True],
        "s": ["a", "Fever", None, "a_b", "", "x", "toux"],
        "d": [datetime.date(2024, 1, 31), None, *(datetime.date(2023, month, 28) for month in (2, 5, 9, 10, 12))],
    }
)


def of_glane(where, rows=ROWS):
    condition = typed_condition(read_condition(where, place="w"), rows.schema, place="w")
    assert not untrue(condition, rows.schema)
    return computed(condition, rows, place="w", of="row").to_list()


@pytest.fixture(scope="module")
def of_duckdb():
    """What DuckDB says of a condition, with all whole numbers in 64 bits; None where it cannot be computed."""
    wide = ROWS.with_columns(pl.selectors.integer().cast(pl.Int64))
    with duckdb.connect() as connection:
        connection.register("t", wide.to_arrow())

        def ask(where):
            try:
                return [value is True for (value,) in connection.execute(f"SELECT ({where}\n) FROM t").fetchall()]
            except duckdb.Error:
                return None

        yield ask


_NUMBERS = ("i", "u", "m", "w", "n", "EXTRACT(month FROM d)", "EXTRACT(day FROM d)", "LENGTH(s)", "7", "100", "-30")


def _number(rng, depth):
    if depth == 0 or rng.random() < 0.3:
        return rng.choice(_NUMBERS)
    left, right = _number(rng, depth - 1), _number(rng, depth - 1)
    return rng.choice(
        [
            *(f"({left} {op} {right})" for op in "+-*"),
            f"CASE WHEN {_truth(rng, depth - 1)} THEN {left} ELSE {right} END",
            f"CASE WHEN {_truth(rng, depth - 1)} THEN {left} END",
            f"COALESCE({left}, {right})",
            f"NULLIF({left}, {right})",
            f"ABS({left})",
        ]
    )


def _truth(rng, depth):
    if depth <= 0:
        return rng.choice(["b", "c", "i > 3", "s = 'a'", "f >= 38", "u - 30 >= 0", "d IS NULL"])
    one, other = _truth(rng, depth - 1), _truth(rng, depth - 1)
    left, right, third = (_number(rng, depth - 1) for _ in range(3))
    return rng.choice(
        [
            f"({one} AND {other})",
            f"({one} OR {other})",
            f"(NOT {one})",
            *(f"(({one}) IS {test})" for test in ("TRUE", "NOT TRUE", "FALSE", "NOT FALSE", "NULL", "NOT NULL")),
            f"(({one}) IS DISTINCT FROM ({other}))",
            f"(({one}) IS NOT DISTINCT FROM ({other}))",
            *(f"({left} {op} {right})" for op in ("<", "<=", "=", "<>", ">=", ">")),
            f"({left} BETWEEN {right} AND {third})",
            f"({left} NOT BETWEEN {right} AND {third})",
            f"({left} IN (1, {rng.choice(['NULL', '5', '200'])}))",
            f"({left} NOT IN (1, {rng.choice(['NULL', '5', '200'])}))",
            f"({left} IS NOT DISTINCT FROM {right})",
            f"(CASE WHEN {one} THEN {other} END)",
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_conditions_say_what_duckdb_says(of_duckdb, seed):
    rng = random.Random(seed)
    compared = 0
    for where in (_truth(rng, rng.choice([1, 2, 2, 3])) for _ in range(60)):
        expected = of_duckdb(where)
        if expected is not None and any(name in where for name in ROWS.columns):
            assert of_glane(where) == expected, where
            compared += 1
    assert compared >= 50


@pytest.mark.parametrize(
    "where",
    [
        "EXTRACT(month FROM d) * 100 + EXTRACT(day FROM d) >= 1001",
        "u - 30 >= 0",
        "m * 30 > 200",
        "-u < -100",
        "-m > 100",
        "w * w > 70000",
        "n * 2 > 4294967296",
        "n - 1 < 0",
        "g + 1 > 7",
        "CAST(i AS TINYINT) * 3 > 14",
        "u IN (256, 200)",
        "GREATEST(u, 1) + 250 > 300",
        "DATE_PART('day', d) * 10 > 200",
        "EXTRACT(year FROM d) * 10000 + EXTRACT(month FROM d) * 100 + EXTRACT(day FROM d) >= 20231001",
        "POWER(i, 70) > 1e20",
        "POW(u, 9) > 20000",
        "m / 2 = 0.5",
        "b IS NOT TRUE",
        "NOT (b IS TRUE)",
        "NOT b IS TRUE",
        "b is  not /* a comment */ false AND i > 0",
        "i = 1 IS NOT TRUE OR c",
        "s LIKE 'a%' IS NOT TRUE",
        "i BETWEEN 1 AND 5 IS NOT FALSE",
        "s <> 'x IS NOT TRUE' -- IS NOT TRUE",
        "f > 38 IS NOT TRUE",
        "b IS DISTINCT FROM c",
        "(b IS DISTINCT FROM TRUE) AND i > 0",
    ],
)
def test_narrow_numbers_and_unknown_truth_are_those_of_sql(of_duckdb, where):
    expected = of_duckdb(where)
    assert len(set(expected)) == 2  # some rows are chosen and some not
    assert of_glane(where) == expected


@pytest.mark.parametrize("where", ["g * 2 > 0", "g + g > 0", "n * n * n > 0", "w * w * w * w * w > 1", "-g * 3 < 0"])
def test_what_does_not_fit_64_bits_is_told(where):
    with pytest.raises(ConfigError, match=r"must fit 64 bits") as raised:
        of_glane(where)
    assert str(2**62) not in str(raised.value)


def test_a_number_that_is_too_large_for_64_bits_is_told():
    rows = pl.DataFrame({"g": pl.Series([1, 2**64 - 1], dtype=pl.UInt64)})
    with pytest.raises(ConfigError, match=r"g \(UInt64\).*must fit 64 bits"):
        of_glane("g > 3", rows)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("t >= 38", [False, False, True, False]),
        ("NOT (t >= 38)", [False, False, False, True]),
        ("t <> 38.5", [False, False, False, True]),
        ("t = t", [False, False, True, True]),
        ("t IS NULL", [True, True, False, False]),
        ("t / 0 > 1", [False, False, True, True]),
        ("(t - t) / (t - t) >= 0", [False] * 4),
        ("TRY_CAST(x AS DOUBLE) >= 38", [False, False, True, False]),
        ("(t >= 38) IS NOT TRUE", [True, True, False, True]),
    ],
)
@pytest.mark.parametrize("kind", [pl.Float32, pl.Float64])
def test_nan_is_null(where, expected, kind):
    rows = pl.DataFrame(
        {"t": pl.Series([float("nan"), None, 38.5, 37.0], dtype=kind), "x": ["nan", None, "38.5", "37"]}
    )
    assert of_glane(where, rows) == expected


@pytest.mark.parametrize("number", [1, 70, 150])
def test_a_long_row_of_comparisons_is_computed(number: int) -> None:
    where = " OR ".join(f"(i = {one} AND u > 0)" for one in range(1, number + 1))
    assert of_glane(where) == [
        i is not None and u is not None and 1 <= i <= number and u > 0 for i, u in zip(*ROWS[["i", "u"]], strict=True)
    ]


@pytest.mark.parametrize(
    "where",
    ["i" + " + 1" * 200 + " > 3", " OR ".join(["i = 1"] * 3000)],
)
def test_what_is_nested_too_deeply_is_told(where: str) -> None:
    with pytest.raises(ConfigError, match=r"^w: .*nested too deeply"):
        of_glane(where)


def test_a_score_of_many_items_is_computed() -> None:
    floats = " + ".join(["f * 0.5"] * 24)
    assert of_glane(f"{floats} > 100") == [value is not None and value * 12 > 100 for value in ROWS["f"]]
    items = " + ".join(["CASE WHEN b THEN 1 ELSE 0 END", "u", "EXTRACT(month FROM d)"] * 12)
    bare = ROWS.select(
        pl.col("b").fill_null(False) * 12 + pl.col("u").cast(int) * 12 + pl.col("d").dt.month().cast(int) * 12
    )
    expected = [value is not None and value > 500 for value in bare.to_series()]
    assert of_glane(f"{items} > 500") == expected
    assert len(set(expected)) == 2


def test_a_long_computation_stays_one() -> None:
    where = "f"
    for _ in range(3):
        where = f"ROUND(({where} * 1.5 + 1) / 2)"
    rows = pl.DataFrame({"f": [1.0, float("nan"), None, float("inf")]})
    assert of_glane(f"{where} >= 0", rows) == [True, False, False, True]
    condition = typed_condition(read_condition(f"{where} >= 0", place="w"), rows.schema, place="w")
    assert len(condition.meta.serialize(format="json")) < 100_000


@pytest.mark.parametrize(
    "where",
    ["b IS DISTINCT FROM c AND i > 1", "b IS NOT DISTINCT FROM TRUE OR c", "b IS DISTINCT FROM c IS NULL"],
)
def test_a_distinction_that_would_take_more_is_refused(where):
    with pytest.raises(ConfigError, match=r"\(a IS DISTINCT FROM b\) AND c"):
        read_condition(where, place="w")


TIMES = pl.DataFrame(
    {
        "d": [datetime.date(2025, 1, 1), None], "e": [datetime.date(2025, 1, 9), datetime.date(2025, 1, 2)],
        "t": [datetime.datetime(2025, 1, 1, 8), None], "n": [7, 8],
    }
)  # fmt: skip


@pytest.mark.parametrize(
    ("where", "remedy"),
    [
        ("e - d <= 7", "INTERVAL 7 DAYS"),
        ("7 >= e - d", "INTERVAL 7 DAYS"),
        ("e - d = n", "INTERVAL 7 DAYS"),
        ("e - d BETWEEN 0 AND 7", "INTERVAL 7 DAYS"),
        ("NOT (ABS(e - d) > 7.5)", "INTERVAL 7 DAYS"),
        ("d > 20240101", "in quotes"),
        ("d > 5 OR n > 5", "in quotes"),
        ("t <> n", "in quotes"),
        ("CASE WHEN n > 7 THEN d < 45000 ELSE TRUE END", "in quotes"),
    ],
)
def test_times_are_not_compared_with_numbers(where, remedy):
    with pytest.raises(ConfigError, match=rf"^w: compares .* with a number\. .*{remedy}"):
        of_glane(where, TIMES)
    assert of_glane("e - d <= INTERVAL 7 DAYS AND d > '2024-01-01' OR n > 7", TIMES) == [False, True]


FRENCH = pl.DataFrame({"day": ["07/01/2025", None, "15/02/2025"], "out": ["9/1/25", "x", "16/02/2025"], "i": [1, 2, 3]})


@pytest.mark.parametrize(
    "where",
    [
        "day >= '01/02/2025'",
        "day < '1/2/25'",
        "'01.02.2025' <= day",
        "day > '2025/02/01'",
        "day BETWEEN '01-01-2025' AND '31-01-2025'",
        "day > '1 février 2025'",
        "i > 1 AND NOT (TRIM(day) > '01/02/2025 08:30')",
        "day >= '2025-02-01'",  # of the data: the column holds days first
        "out > day",
        "CASE WHEN i > 1 THEN day < out END",
    ],
)
def test_dates_as_text_are_not_put_in_order(where):
    with pytest.raises(ConfigError, match=r"str\.to_date\('%d/%m/%Y'\)") as raised:
        of_glane(where, FRENCH)
    assert "07/01/2025" not in str(raised.value)
    with pytest.raises(ConfigError, match=r"^case: .*str\.to_date"):
        CaseDefinition(where).of(FRENCH, cells={})


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("day = '07/01/2025'", [True, False, False]),
        ("day IN ('07/01/2025', '15/02/2025')", [True, False, True]),
        ("STRPTIME(day, '%d/%m/%Y') >= '2025-02-01'", [False, False, True]),
        ("day LIKE '%/2025'", [True, False, True]),
    ],
)
def test_dates_as_text_may_be_the_same(where, expected):
    assert of_glane(where, FRENCH) == expected


@pytest.mark.parametrize("where", ["f >= 38,5", "f BETWEEN 37,5 AND 38", "f >= '38,5'", "i = 1 OR f < 38,5"])
def test_a_decimal_comma_is_told(where):
    with pytest.raises(ConfigError, match=r"write 3[78]\.5"):
        of_glane(where)


@pytest.mark.parametrize(
    ("rule", "is_kept"),
    [("age * 100 > 200", True), ("age - 30 >= 0", False), ("fever IS NOT TRUE", True), ("fever IS TRUE", False)],
)
def test_rules_of_a_task_say_the_same(rule, is_kept):
    rules = Rules([Rule(rule=rule)], {"age": IntegerField(), "fever": BooleanField()}, [])
    found = {"age": ExtractedValue(value=7), "fever": ExtractedValue(value=None)}
    assert (rules.broken(found, {}) == []) == is_kept


# Numbers that stand in a column of text.


@pytest.mark.parametrize(
    "text",
    ["t >= 38.5", "t >= 38", "t BETWEEN 38.5 AND 41.5", "t > '38.5'", "t BETWEEN '38' AND '41'", "t >= '38,5'", "t = 38.5", "t <> 5",
     "38.5 <= t", "t > n", "n < t", "LOWER(t) > 3.5", "COALESCE(t, '0') > 2.5", "t IS DISTINCT FROM 3.5", "NOT (t < 7 AND n > 1)"],
)  # fmt: skip
def test_a_text_that_is_compared_with_a_number_is_refused_with_how_to_read_it(text):
    with pytest.raises(ConfigError, match=r"'t' is text, and is compared with a number.*TRY_CAST\(t AS DOUBLE"):
        typed_condition(read_condition(text, place="x"), {"t": pl.String(), "n": pl.Int64()}, place="x")


def test_the_remedy_for_numbers_in_text_gives_the_rows_that_are_meant():
    rows = pl.DataFrame({"t": ["36,5", "38,5", "40,1", "9,9"]})
    read = read_condition("CAST(REPLACE(t, ',', '.') AS DOUBLE) >= 38.5", place="x")
    condition = typed_condition(read, rows.schema, place="x")
    assert rows.filter(computed(condition, rows, place="x", of="row"))["t"].to_list() == ["38,5", "40,1"]


@pytest.mark.parametrize(
    "text", ["t = '38.5'", "t >= 'b'", "t >= '2024-01-01'", "LENGTH(t) > 5", "t LIKE '3%'", "n > 5"]
)
def test_what_can_be_compared_with_text_is_taken(text):
    typed_condition(read_condition(text, place="x"), {"t": pl.String(), "n": pl.Int64()}, place="x")
