"""Conditions in SQL: each row by itself, dates as ISO text, and no cell in an error."""

import datetime
import re

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from conftest import make_settings
from glane.assess.estimate.case import CaseDefinition
from glane.conditions import check_categories, computed, read_condition, typed_condition
from glane.corpus.files import inspect_files
from glane.corpus.select import Selection, select_rows
from glane.errors import ConfigError, DataError
from glane.extraction.selection import selected_rows
from glane.task.fields import BooleanField, EnumField, ListField
from glane.task.kinds.date import DateField
from glane.task.kinds.integer import IntegerField
from glane.task.rules import Rule, Rules
from glane.types import ExtractedValue

DAYS = [datetime.date(2023, 12, 31), datetime.date(2024, 1, 1), datetime.date(2024, 1, 2), None]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    path = tmp_path_factory.mktemp("conditions") / "d.parquet"
    instants = [None if day is None else datetime.datetime.combine(day, datetime.time()) for day in DAYS]
    frame = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "text": ["SECRETTEXT one", "SECRETTEXT two", "SECRETTEXT three", "4"],
            "age": [1, 2, 3, None],
            "day": DAYS,
            "at": instants,
            "hour": [datetime.time(8), datetime.time(9), datetime.time(10), None],
            "iso": ["2023-12-31", "2024-01-01", "2024-01-02", None],
            "many": [[1], [1, 2], [2], None],
            "now": [1, 2, 3, 4],
        }
    ).with_columns(
        paris=pl.col("at").dt.replace_time_zone("Europe/Paris"),
        utc=pl.col("at").dt.cast_time_unit("ns").dt.replace_time_zone("UTC"),
    )
    frame.write_parquet(path, row_group_size=2)
    return inspect_files(str(path), id_column="id", text_column="text", carry_columns=[])


def selected(files, where):
    found = select_rows(files, id_column="id", selection=Selection(where=where))
    masks = [found.mask(0, group, 2) for group in range(2)]
    kept = [one for mask in masks for one in ([True, True] if mask is None else mask)]
    return "".join(name for name, is_kept in zip("abcd", kept, strict=True) if is_kept)


@pytest.mark.parametrize("column", ["day", "at", "paris", "utc"])
@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("{} >= '2024-01-01'", "bc"),
        ("{} > '2024-01-01'", "c"),
        ("'2024-01-01' > {}", "a"),
        ("{} = '2024-01-01'", "b"),
        ("{} <> '2024-01-01'", "ac"),
        ("{} IN ('2024-01-01', '2024-01-02')", "bc"),
        ("{} NOT IN ('2024-01-01')", "ac"),
        ("{} BETWEEN '2024-01-01' AND '2024-01-31'", "bc"),
        ("{} NOT BETWEEN '2024-01-01' AND '2024-01-31'", "a"),
        ("age = 1 OR NOT ({} < '2024-01-02')", "ac"),
        ("CASE WHEN {} < '2024-01-01' THEN TRUE ELSE age = 3 END", "ac"),
        ("COALESCE({0}, {0}) >= '2024-01-02'", "c"),
    ],
)
def test_iso_text_is_a_date_beside_dates(files, column, condition, rows):
    assert selected(files, condition.format(column)) == rows


@pytest.mark.parametrize(
    ("where", "rows"),
    [
        ("iso >= '2024-01-01'", "bc"),  # a text stays a text
        ("iso IN ('2024-01-02')", "c"),
        ("hour >= '09:00'", "bc"),
        ("at >= '2024-01-01 00:00:01'", "c"),
        ("utc = '2024-01-02T01:00+01:00'", "c"),
        ("paris < '2023-12-31T23:00:00Z'", "a"),
        ("DATE(iso, '%Y-%m-%d') = '2024-01-02'", "c"),
        ("age > 1", "bc"),  # null is not selected
        ("NOT age > 1", "a"),
        ("age IS NULL OR age > 2", "cd"),
        ("age % 2 = 1", "ac"),
        ("ARRAY_SUM(many) = 3 OR ARRAY_CONTAINS(many, 1)", "ab"),
        ("GREATEST(age, 2) = 2 AND now < 4", "ab"),
        ("now > 3", "d"),
        ("id <> 'SELECT MAX(now()) OVER'", "abcd"),
    ],
)
def test_a_condition_of_one_row_is_computed(files, where, rows):
    assert selected(files, where) == rows


@pytest.mark.parametrize(
    "where",
    [
        "RANK() OVER (ORDER BY age) <= 2",
        "DENSE_RANK() OVER (PARTITION BY id ORDER BY age) = 1",
        "ROW_NUMBER() OVER (ORDER BY age) <= 2",
        "LAG(age) OVER (ORDER BY age) > 1",
        "FIRST_VALUE(age) OVER (PARTITION BY id) = 1",
        "SUM(age) > 1",
        "age = MAX(age)",
        "age > 1 AND (id = 'a' OR age < AVG(age))",
        "CASE WHEN age > 1 THEN age ELSE MEDIAN(age) END > 1",
        "age IN (1, MIN(age))",
        "COUNT(*) > 1",
        "COUNT(DISTINCT id) > 1",
        "UNNEST(many) = 1",
        "age IN (SELECT age FROM self)",
        "EXISTS (SELECT 1)",
    ],
)
def test_what_depends_on_other_rows_is_refused(files, where):
    with pytest.raises(ConfigError, match=r"data\.where: .* speaks of several rows"):
        selected(files, where)
    with pytest.raises(ConfigError, match=r"task\.rules\[0\]: .* speaks of several rows"):
        Rules([Rule(rule=where)], {"age": IntegerField()}, ["id"])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("at < NOW()", ["current time"]),
        ("day < CURRENT_DATE", ["current time"]),
        ("RANDOM() < 0.5", ["no SQL expression"]),
        ("DATE(iso) > '2024-01-01'", ["guess", "'%Y-%m-%d'"]),
        ("day = '2024-13-01'", ["'2024-13-01'", "write it as '2024-01-31'"]),
        ("day > '01/02/2024'", ["'01/02/2024'", "write it as"]),
        ("day > '2024'", ["'2024'", "write it as"]),
        ("day IN ('2024-01-01', 'hier')", ["'hier'", "write it as"]),
        ("at > '2024-01-01T00:00+01:00'", ["no time zone"]),
        ("paris = '2024-03-31 02:30'", ["no such time in Europe/Paris"]),
        ("agee > 1", ["no column 'agee'", "Did you mean 'age'", "text"]),
        ("age", ["not true or false", "age (Int64)"]),
        ("1 = 1", ["names no column"]),
        ("COLUMNS('a') > 1", ["Name each column"]),
        ("text > 3", ["'text' is text, and is compared with a number", "CAST(text AS DOUBLE)"]),
        ("text::date > '2024-01-01'", ["text (String)"]),
    ],
)
def test_a_wrong_condition_is_a_sentence(files, where, words):
    with pytest.raises(ConfigError, match=r"data\.where: ") as raised:
        selected(files, where)
    for word in words:
        assert word in str(raised.value)


@pytest.mark.parametrize("name", ["lait", "Poids (kg)", "1er"])
@pytest.mark.parametrize("is_spaced", [False, True])
def test_what_is_proposed_for_numbers_that_are_text_works(name, is_spaced):
    cells = (
        ["1 038,5", "1\u202f038,5", "1\u00a0000", "12,5", "3", "-1 000,5", "ND", None]
        if is_spaced
        else ["12.5", "3", "ND", None]
    )
    rows = pl.DataFrame({name: cells})
    with pytest.raises(ConfigError) as raised:
        typed_condition(read_condition(f'"{name}" > 5', place="data.where"), dict(rows.schema), place="data.where")
    proposed = re.findall(r"TRY_CAST\(.*? AS DOUBLE\)", str(raised.value))[is_spaced]
    condition = typed_condition(read_condition(f"{proposed} > 5", place="x"), dict(rows.schema), place="x")
    found = computed(condition, rows, place="x", of="row").to_list()
    assert found == ([True, True, True, True, *[False] * 4] if is_spaced else [True, False, False, False])


@pytest.mark.parametrize(
    "where",
    [
        "CAST(text AS INT) > 3",
        "CAST(text AS DOUBLE) > 3 AND age > 1",
        "STRPTIME(text, '%Y') > day",
        "DATE(text, '%Y-%m-%d') > day",
        "text::boolean",
        "text::timestamp > at",
    ],
)
def test_a_cell_that_does_not_fit_is_not_quoted(files, where):
    with pytest.raises(ConfigError, match=r"text \(String\)") as raised:
        selected(files, where)
    assert "SECRETTEXT" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert raised.value.__suppress_context__


def test_a_column_of_the_condition_is_in_every_file_with_the_same_type(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "text": ["x"], "age": [1]}), tmp_path / "1.parquet")
    for other, error, words in (
        ({"id": ["b"], "text": ["x"]}, ConfigError, "no column 'age' in"),
        ({"id": ["b"], "text": ["x"], "age": ["1"]}, DataError, "Make them alike"),
    ):
        pq.write_table(pa.table(other), tmp_path / "2.parquet")
        found = inspect_files(str(tmp_path), id_column="id", text_column="text", carry_columns=[])
        with pytest.raises(error, match=words):
            select_rows(found, id_column="id", selection=Selection(where="age = 1"))


@pytest.mark.parametrize(
    ("rule", "is_kept"),
    [
        ("onset >= '2024-01-01'", True),
        ("'2024-01-01' <= onset", True),
        ("onset BETWEEN '2024-01-03' AND '2024-01-05'", False),
        ("onset IN ('2024-01-02')", True),
        ("onset >= '2024-01-03'", False),
        ("visit >= '2024-01-02' AND onset <= visit", True),
    ],
)
def test_rules_compare_dates_as_conditions_do(rule, is_kept):
    rules = Rules([Rule(rule=rule)], {"onset": DateField()}, ["visit"])
    found = {"onset": ExtractedValue(value=datetime.date(2024, 1, 2))}
    assert (rules.broken(found, {"visit": "2024-01-02 08:00"}) == []) == is_kept


def test_a_rule_with_a_wrong_date_is_refused():
    with pytest.raises(ConfigError, match=r"task\.rules\[0\]: '2024-02-30' .* write it as"):
        Rules([Rule(rule="onset >= '2024-02-30'")], {"onset": DateField()}, [])


def test_a_condition_on_a_column_that_is_there_twice_is_a_sentence(tmp_path):
    table = pa.Table.from_arrays(
        [pa.array(["a"]), pa.array(["t"]), pa.array([1]), pa.array([2])], names=["id", "text", "age", "age"]
    )
    pq.write_table(table, tmp_path / "d.parquet")
    files = inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text")
    with pytest.raises(DataError, match="2 columns are called 'age'.*data.where"):
        select_rows(files, id_column="id", selection=Selection(where="age > 1"))


# What columns of categories are compared with

CATEGORIES = {
    "syndrome": pl.String(), "fever": pl.Boolean(), "risks": pl.List(pl.String()), "n": pl.Int64(),
    "place": pl.Struct({"kind": pl.String(), "beds": pl.Int64(), "remark": pl.String()}), "ward": pl.Enum(["A", "B"]), "note": pl.String(),
}  # fmt: skip
CELLS = {
    "syndrome": ["flu", "gastro", "other"], "risks": [["asthma"], ["copd"]], "place": [{"kind": "home"}, {"kind": "school"}],}  # fmt: skip


def checked(text):
    check_categories(read_condition(text, place="case"), CATEGORIES, cells=CELLS, place="case")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("syndrome = 'flue'", "'flue' is no value of 'syndrome'. Did you mean 'flu'? Valid: flu, gastro, other."),
        ("'flue' <> syndrome", "Did you mean 'flu'"),
        ("fever AND (n > 3 OR NOT syndrome = 'gastroo')", "Did you mean 'gastro'"),
        ("syndrome IN ('flu', 'gastroo')", "Did you mean 'gastro'"),
        ("syndrome NOT IN ('gastroo')", "Did you mean 'gastro'"),
        ("syndrome IS DISTINCT FROM 'Flu'", "Did you mean 'flu'"),
        ("syndrome = ''", "'' is no value"),
        ("LOWER(syndrome) = 'Flu'", "Did you mean 'flu'"),
        ("COALESCE(syndrome, 'none') = 'nne'", "Did you mean 'none'"),
        ("CASE syndrome WHEN 'flu' THEN TRUE WHEN 'gastr' THEN fever END", "Did you mean 'gastro'"),
        ("CASE WHEN fever THEN syndrome ELSE 'none' END = 'flue'", "no value of 'syndrome' and 'fever'"),
        ("syndrome LIKE 'gastri%'", "no value of 'syndrome' fits the pattern"),
        ("REGEXP_LIKE(syndrome, '^fluu')", "fits the pattern"),
        ("ARRAY_CONTAINS(risks, 'asthme')", "Did you mean 'asthma'"),
        ("'copdd' = ANY(risks)", "Did you mean 'copd'"),
        ("place.kind = 'shool'", "Did you mean 'school'"),
        ("risks[1] = 'asthme'", "'asthme' is no value of 'risks'. Did you mean 'asthma'"),
        ("risks[2] IN ('copd', 'asthme')", "Did you mean 'asthma'"),
        ("UPPER(risks[1]) = 'copd'", "'copd' is no value of 'risks'. Valid: ASTHMA, COPD."),
        ("risks[1] LIKE 'asthme%'", "no value of 'risks' fits the pattern"),
        ("risks = ARRAY['asthma', 'cop']", "Did you mean 'copd'"),
        ("ARRAY_CONTAINS(ARRAY['flu', 'gastr'], syndrome)", "Did you mean 'gastro'"),
        ("STRPOS(syndrome, 'gastri') > 0", "no value of 'syndrome' fits the pattern"),
        ("LOWER(place.kind) = 'School'", "Did you mean 'school'"),
        ("place.kind = 'home' AND place.kind LIKE 'shool%'", "fits the pattern"),
        ("ward = 'C'", "Valid: A, B"),
        ("ward IN ('A', 'C')", "Valid: A, B"),
        ("fever = 'oui'", "'oui' is no value of 'fever'. Valid: false, true."),
        ("fever = 2", "2 is no value of 'fever'"),
    ],
)
def test_a_slip_in_a_category_is_refused_and_matches_nothing_in_silence(text, words):
    with pytest.raises(ConfigError, match="case: ") as caught:
        checked(text)
    assert words in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "syndrome = 'flu'", "syndrome IN ('flu', 'other')", "UPPER(syndrome) = 'FLU'", "syndrome LIKE 'ga%'",
        "COALESCE(syndrome, 'none') = 'none'", "syndrome || '!' = 'flu!'", "syndrome IS NULL", "syndrome < 'g'",
        "ARRAY_CONTAINS(risks, 'copd')", "ARRAY_LENGTH(risks) = 2", "ARRAY_TO_STRING(risks, ',') = 'asthma,copd'",
        "place.kind = 'home' AND place.beds = 3", "ward = 'B'", "fever = TRUE", "fever = 'true'", "fever = 1",
        "note = 'anything'", "place.remark = 'anything'", "risks[1] = 'copd'", "risks = ARRAY['copd', 'asthma']",
        "STRPOS(syndrome, 'ast') > 0", "ARRAY_CONTAINS(ARRAY['flu', 'other'], syndrome)", "risks[1] = risks[2]", "risks[1] = note",
        "syndrome = note", "n = 7", "syndrome = note || 'x'", "NULLIF(syndrome, 'flu') IS NULL",
    ],
)  # fmt: skip
def test_what_can_be_true_of_categories_is_taken(text):
    checked(text)


def test_rules_and_filters_know_the_categories_of_their_columns(tmp_path):
    fields = {
        "syndrome": EnumField(values=("flu", "gastro")), "fever": BooleanField(),
        "risks": ListField(items=EnumField(values=("asthma", "copd"))),
    }  # fmt: skip
    for text in ("syndrome <> 'flue' OR fever", "fever = 'no'", "NOT ARRAY_CONTAINS(risks, 'cop')"):
        with pytest.raises(ConfigError, match=r"task\.rules\[0\]: .* is no value of"):
            Rules([Rule(rule=text)], fields, [])
    Rules([Rule(rule="syndrome <> 'flu' OR ARRAY_CONTAINS(risks, 'copd')")], fields, [])
    path = tmp_path / "d.parquet"
    pl.DataFrame({"id": ["a", "b"], "text": ["x", "y"], "seen": [True, False]}).with_columns(
        ward=pl.Series(["A", "B"], dtype=pl.Enum(["A", "B"]))
    ).write_parquet(path)
    files = inspect_files(str(path), id_column="id", text_column="text", carry_columns=[])
    for where in ("ward = 'C'", "seen = 'oui'"):
        with pytest.raises(ConfigError, match=r"data\.where: .* is no value of"):
            select_rows(files, id_column="id", selection=Selection(where=where))
    assert select_rows(files, id_column="id", selection=Selection(where="ward = 'B'")).num_selected == 1


@pytest.mark.parametrize("coded", ["dictionary", "categorical", "enum"])
@pytest.mark.parametrize(
    ("where", "num_rows"),
    [("ward LIKE 'No%'", 1), ("LOWER(ward) = 'nord'", 1), ("STRPOS(ward, 'd') > 0", 2), ("ward > 'Nord'", 1),
     ("ward || '!' = 'Est!'", 1), ("ward <> town", 3), ("ward IN ('Nord', 'Sud')", 2), ("LENGTH(ward) = 3", 2)],
)  # fmt: skip
def test_texts_in_a_dictionary_are_computed_with_as_texts_are(tmp_path, coded, where, num_rows):
    table = pl.DataFrame(
        {"id": ["a", "b", "c"], "text": ["x"] * 3, "ward": ["Nord", "Sud", "Est"], "town": ["A", "B", "A"]}
    )
    path = tmp_path / "d.parquet"
    if coded == "dictionary":
        plain = table.to_arrow()
        pq.write_table(plain.set_column(2, "ward", plain["ward"].cast(pa.string()).dictionary_encode()), path)
    else:
        kind = pl.Categorical() if coded == "categorical" else pl.Enum(["Nord", "Sud", "Est"])
        table.with_columns(pl.col("ward").cast(kind)).write_parquet(path)
    files = inspect_files(str(path), id_column="id", text_column="text")
    assert select_rows(files, id_column="id", selection=Selection(where=where)).num_selected == num_rows


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hospital = 'Clinique de l'Ouest'", "An apostrophe within a text is written twice"),
        ("hospital = 'CHU", "An apostrophe within a text is written twice"),
        ('hospital = "CH Sud"', "a text stands in single ones: 'CH Sud'"),
    ],
)
def test_quotation_marks_that_were_meant_otherwise_have_a_remedy(tmp_path, text, words):
    pl.DataFrame({"id": ["a"], "text": ["x"], "hospital": ["CH Sud"]}).write_parquet(tmp_path / "d.parquet")
    files = inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text")
    with pytest.raises(ConfigError) as raised:
        select_rows(files, id_column="id", selection=Selection(where=text))
    assert words in str(raised.value)
    if '"' in text:
        with pytest.raises(ConfigError, match="stands in single ones"):
            CaseDefinition(text).fields(["hospital"])
    assert select_rows(files, id_column="id", selection=Selection(where="hospital <> 'l''Ouest'")).num_selected == 1


@pytest.mark.parametrize(
    ("where", "notes"),
    [
        ("hospital = 'CH Nord'", []),
        ("hospital = 'ch nord'", ["no row has 'ch nord' in hospital; the nearest that is there is 'CH Nord'"]),
        ("hospital = 'CH Nord' OR hospital = 'CH Sudd'", ["no row has 'CH Sudd' in hospital; the nearest that is"]),
        ("hospital IN ('CH Nord', 'Lyon', 'CH Su')", ["no row has 'CH Su' in hospital", "no row has 'Lyon' in hospital"]),
        ("hospital <> 'CHNord'", ["no row has 'CHNord' in hospital"]),
        ("UPPER(hospital) = 'CH NORD'", []),
        ("LOWER(hospital) = 'CH NORD' OR age = 1", ["no row has 'CH NORD' in hospital; the nearest that is there is 'ch nord'"]),
        ("age = 1 AND note <> 'x'", ["no row has 'x' in note"]),
        ("note = 'SECRET 1 of a'", ["no row has 'SECRET 1 of a' in note"]),
        ("day >= '2024-01-01'", []),
        ("'Nord' = hospital OR age = 1", ["no row has 'Nord' in hospital; the nearest that is there is 'CH Nord'"]),
    ],
)  # fmt: skip
def test_texts_that_no_row_has_are_told_with_the_nearest(tmp_path, where, notes):
    rows = 20
    pl.DataFrame(
        {
            "id": range(rows),
            "text": ["x"] * rows,
            "age": [row % 3 for row in range(rows)],
            "hospital": ["CH Nord", "CH Sud", None, "CH Nord"] * 5,
            "note": [f"SECRET {row} of a patient" for row in range(rows)],
            "day": [DAYS[1]] * rows,
        }
    ).write_parquet(tmp_path / "d.parquet", row_group_size=6)
    files = inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text", carry_columns=[])
    try:
        found = select_rows(files, id_column="id", selection=Selection(where=where)).notes
    except DataError as error:  # none is selected, which says the same
        found = str(error).split("data.where: ")[1:]
        assert found
    assert len(found) == len(notes)
    for note, expected in zip(found, notes, strict=True):
        assert expected in note
        assert "SECRET 1 of a p" not in note


@pytest.mark.parametrize("where", ["text = 'SECRET died at hom'", "LOWER(text) = 'secret died at hom' OR age = 1"])
def test_a_text_that_many_documents_have_is_in_no_message(tmp_path, where):
    """Short notes that are the same again and again look as categories do."""
    path = tmp_path / "d.parquet"
    texts = ["SECRET died at home", "SECRET is well"] * 10
    pl.DataFrame({"id": range(20), "text": texts, "age": [1, 2] * 10}).write_parquet(path)
    told = make_settings(path, tmp_path / "run", data__where=where).data
    files = inspect_files(str(path), id_column="id", text_column="text", carry_columns=[])
    try:
        said = " ".join(selected_rows(files, told).notes)
    except DataError as error:
        said = str(error)
    assert "no row has" in said
    assert "nearest" not in said
    assert "at home" not in said


@pytest.mark.parametrize(
    ("value", "asked", "is_told"),
    [
        ("CH Nord", "CH Nrd", True),
        ("Centre hospitalier de la Côte", "centre hospitalier de la cote", True),  # as good as written already
        ("Centre hospitalier de la Côte", "Centre hospitalier Nord", False),
        ("died of SECRET at home today", "died at home", False),
        ("SECRET-" * 7, "SECRET-SECRET-SECRET-SECRET", False),
    ],
)
def test_what_could_be_a_text_is_no_nearest_value(tmp_path, value, asked, is_told):
    """A column that looks like one of categories may hold short notes; only who knows one is told it."""
    path = tmp_path / "d.parquet"
    rows = {"id": range(20), "text": ["x"] * 20, "age": [1, 2] * 10, "site": [value, "other"] * 10}
    pl.DataFrame(rows).write_parquet(path)
    files = inspect_files(str(path), id_column="id", text_column="text", carry_columns=[])
    (note,) = select_rows(files, id_column="id", selection=Selection(where=f"site = '{asked}' OR age = 1")).notes
    assert ("the nearest that is there" in note) == is_told
    assert (value in note) == is_told
