"""Workbooks, JSON, Arrow, DuckDB and files of statistics packages become Parquet, with their types and without loss."""

import datetime
import json
import re
import zipfile

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.feather
import pyreadstat
import pytest

from glane.errors import ConfigError, DataError
from glane.tables.convert import convert
from glane.tables.formats import ENDINGS, format_of
from glane.tables.json_types import NULL, merged, type_of
from glane.tables.options import TableOptions
from workbooks import CODE, DATE, write_encrypted, write_ods, write_xls, write_xlsb, write_xlsx

TEXT = 'Fièvre à 39,2 ; « œdème »\nIl dit "non"\tet rien'
DAY, NIGHT = datetime.date(2024, 1, 5), datetime.datetime(2024, 1, 5, 23, 30)


def made(source, **options):
    target = source.with_name(f"{source.name}.parquet")
    target.unlink(missing_ok=True)
    shape = convert(source, target, options=TableOptions(**options))
    frame = pl.read_parquet(target)
    assert (shape.rows, shape.columns) == (frame.height, frame.width)
    assert "Fièvre" not in "".join(shape.lines())
    return frame, shape


def refused(source, *words, error=DataError, **options):
    with pytest.raises(error) as refusal:
        convert(source, source.with_name("none.parquet"), options=TableOptions(**options))
    for word in words:
        assert word in str(refusal.value)
    assert "secret" not in str(refusal.value)
    assert not source.with_name("none.parquet").exists()
    assert not [one for one in source.parent.iterdir() if one.name.startswith(".")]


SHEET = [
    ["id", "n", "real", "day", "ok", "text", "formula", "mixed", "none", None],
    ["0012", 1, 1.5, (45296, DATE), True, TEXT, {"formula": "B2+2", "value": 3}, 12, None, None],
    ["0013", 9007199254740991, 2, None, False, None, {"formula": "B3+2", "value": 4}, "x", None, None],
    [None] * 10,
    ["0014", None, -3.25, (45297, DATE), None, " ", {"formula": "B3+2", "value": 5}, 3.5, None, None],
    [None] * 10,
    [None, None, None, None, None, " ", None, None, None, None],
]


def test_a_sheet_comes_back_with_its_types(tmp_path):
    frame, shape = made(write_xlsx(tmp_path / "a.xlsx", {"Visites été": SHEET, "vide": [], "vide aussi": [[None]]}))
    assert frame.rows() == [
        ("0012", 1, 1.5, DAY, True, TEXT, 3, "12", None),
        ("0013", 2**53 - 1, 2.0, None, False, None, 4, "x", None),
        (None,) * 9,
        ("0014", None, -3.25, datetime.date(2024, 1, 6), None, " ", 5, "3.5", None),
    ]
    assert shape.sheet == "Visites été"
    assert "2 empty rows at the end" in " ".join(shape.notes)


def test_a_sheet_of_several_is_chosen_by_its_name(tmp_path):
    rows = [["id", "text"], [1, "secret"]]
    path = write_xlsx(tmp_path / "a.xlsx", {"2024": rows, "2025": [*rows, [2, "b"]]})
    refused(path, "has 2 sheets", "data.sheet", "2024, 2025")
    refused(path, "data.sheet", "'2026'", "Did you mean '2025'?", sheet="2026")
    assert made(path, sheet="2025")[0].height == 2


def test_titles_above_the_names_are_seen(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsx", {"f": [["Export secret", None, None], ["id", "a", "b"], [1, 2, 3]]})
    refused(path, "2 of 3 columns have no name in row 1", "data.header_row")
    assert made(path, header_row=2)[0].rows() == [(1, 2, 3)]
    assert made(write_xlsx(tmp_path / "b.xlsx", {"f": [[1, 2], [3, 4]]}), header_row=0)[0].rows() == [(1, 2), (3, 4)]
    assert made(write_xlsx(tmp_path / "c.xlsx", {"f": [[], [], ["id", "a"], [1, 2]]}))[0].rows() == [(1, 2)]
    refused(path, "has 3 rows, and no row 9", header_row=9)


def test_what_cells_would_lose_is_told_or_refused(tmp_path):
    never = [["id", "n"], [1, {"formula": "A2*2"}], [2, {"formula": "A3*2", "value": 4}]]
    refused(write_xlsx(tmp_path / "a.xlsx", {"f": never}), "1 formulas of sheet 'f' have no computed value", "save it")
    path = write_xlsx(
        tmp_path / "b.xlsx",
        {"f": [["id", "code", "e"], [1, (1004, CODE), {"error": "#DIV/0!"}], [2, (75056, CODE), 3]]},
        merged=["A2:A3"], code="00000",
    )  # fmt: skip
    frame, shape = made(path)
    assert frame.rows() == [(1, 1004, None), (2, 75056, 3)]
    for words in ("1 merged areas", "zeros in front", "1 cells hold an error"):
        assert words in " ".join(shape.notes)


@pytest.mark.parametrize("is_strict", [False, True])
def test_a_formula_whose_text_is_empty_is_computed(tmp_path, is_strict):
    rows = [["id", "n", "m"], [1, "FORMULA", 3], [2, "x", 4]]
    path = write_xlsx(tmp_path / "a.xlsx", {"f": rows}, merged=["A2:A3"])
    empty = b'<c r="B2" t="str"><f>IF(A2=1,"","x")</f><v></v></c>'
    frame, shape = made(changed(path, is_strict, empty))
    assert frame.rows() == [(1, None, 3), (2, "x", 4)]
    assert "1 merged areas" in " ".join(shape.notes)
    refused(changed(path, is_strict, b'<c r="B2"><f>A2*2</f><v></v></c>'), "1 formulas of sheet 'f'")


def changed(path, is_strict, cell):
    """The workbook with another cell in place of its text FORMULA, with the namespaces of strict files or not."""
    spaces = {
        b"http://schemas.openxmlformats.org/spreadsheetml/2006/main": b"http://purl.oclc.org/ooxml/spreadsheetml/main",
        b"http://schemas.openxmlformats.org/officeDocument/2006/relationships": b"http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
    target = path.with_name("changed.xlsx")
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(target, "w") as after:
        for name in before.namelist():
            content = re.sub(rb"<c [^>]*><is><t[^>]*>FORMULA</t></is></c>", cell, before.read(name))
            for loose, strict in spaces.items() if is_strict else ():
                content = content.replace(loose, strict)
            after.writestr(name, content)
    return target


def test_texts_that_look_like_dates_stay_texts_and_are_told(tmp_path):
    rows = [["id", "day", "vu"], *([i, (45296, DATE), "31/01/2024"] for i in range(19)), [20, "inconnu", "01/02/2024"]]
    frame, shape = made(write_xlsx(tmp_path / "a.xlsx", {"f": rows}))
    assert frame.schema == {"id": pl.Int64, "day": pl.String, "vu": pl.String}
    assert "1 of 20 cells are no dates with times" in " ".join(shape.notes)
    assert "'vu' stays text: its cells are texts that read as dates with the day first" in " ".join(shape.notes)
    assert "inconnu" not in " ".join(shape.notes)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.ods", lambda path: write_ods(path, {"Feuil1": [["id", "n", "ok", "day"], ["01é", 1.5, True, ("2024-01-05", "")], ["02", None, False, None]]})),
        ("a.xlsb", lambda path: write_xlsb(path, "Feuil1", [["id", "n", "ok", "day"], ["01é", 1.5, True, None], ["02", None, False, None]])),
        ("a.xls", lambda path: write_xls(path, "Feuil1", [["id", "n", "ok", "day"], ["01é", 1.5, None, None], ["02", None, None, None]])),
    ],
)  # fmt: skip
def test_other_workbooks_are_read(tmp_path, name, write):
    frame, shape = made(write(tmp_path / name))
    assert frame.columns == ["id", "n", "ok", "day"]
    assert frame["id"].to_list() == ["01é", "02"]
    assert frame["n"].to_list() == [1.5, None]
    assert frame["ok"].to_list() == ([None, None] if name == "a.xls" else [True, False])
    assert frame["day"].to_list() == ([DAY, None] if name == "a.ods" else [None, None])
    assert shape.sheet == "Feuil1"


def test_what_only_calls_itself_a_workbook_is_told(tmp_path):
    with zipfile.ZipFile(tmp_path / "zip.xlsx", "w") as packed:
        packed.writestr("secret.csv", "a;b")
    refused(tmp_path / "zip.xlsx", "another archive")
    refused(write_encrypted(tmp_path / "locked.xlsx"), "asks for a password")
    refused(write_encrypted(tmp_path / "locked.xls"), "asks for a password")
    refused(write_xls(tmp_path / "old.xls", "f", [["a"]], is_locked=True), "asks for a password")
    refused(
        write_ods(tmp_path / "l.ods", {"f": [["a"]]}, manifest="<manifest:encryption-data/>"), "asks for a password"
    )
    (tmp_path / "page.xls").write_text("<html><table><tr><td>secret")
    refused(tmp_path / "page.xls", "an HTML page")
    (tmp_path / "text.xlsx").write_text("a;b\n1;secret\n")
    refused(tmp_path / "text.xlsx", "is no workbook")
    whole = write_xlsx(tmp_path / "whole.xlsx", {"f": SHEET}).read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.xlsx", "damaged or cut off")
    refused(write_xlsx(tmp_path / "empty.xlsx", {"Feuil1": []}), "empty")
    refused(write_xlsx(tmp_path / "names.xlsx", {"Feuil1": [["id", "text"]]}), "no row")


def test_a_workbook_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("glane.tables.workbook._MOST_UNPACKED", 1000)
    refused(write_xlsx(tmp_path / "a.xlsx", {"f": SHEET}), "the most")


def test_macros_stay_where_they_are(tmp_path):
    path = write_xlsx(tmp_path / "a.xlsm", {"f": [["id"], [1]]})
    with zipfile.ZipFile(path, "a") as packed:
        packed.writestr("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub AutoOpen()")
    assert made(path)[0].rows() == [(1,)]


def lines(path, *rows):
    path.write_text("\n".join(one if isinstance(one, str) else json.dumps(one, ensure_ascii=False) for one in rows))
    return path


def test_json_lines_keep_every_value(tmp_path):
    rows = [
        {"id": "007", "n": 1, "big": 2**62, "x": 1, "ok": True, "text": TEXT, "list": [1, None], "in": {"a": 1}},
        {"id": "008", "n": None, "big": 3, "x": 2.5, "ok": None, "text": None, "list": [], "in": {"b": "é"}, "late": 1},
        {},
    ]
    frame, shape = made(lines(tmp_path / "a.jsonl", *rows))
    assert frame.rows(named=True) == [
        {**rows[0], "x": 1.0, "in": {"a": 1, "b": None}, "late": None},
        {**rows[1], "in": {"a": None, "b": "é"}},
        dict.fromkeys(frame.columns),
    ]
    assert frame.schema["big"] == pl.Int64
    assert shape.notes == ()
    (tmp_path / "b.json").write_text(json.dumps(rows, indent=1))
    assert made(tmp_path / "b.json")[0].equals(frame)
    lines(tmp_path / "c.json", *rows)  # lines by another name
    assert made(tmp_path / "c.json")[0].equals(frame)
    (tmp_path / "d.ndjson").write_bytes(("\ufeff" + "\n\n".join(map(json.dumps, rows))).encode("utf-16-le"))
    assert made(tmp_path / "d.ndjson")[0].equals(frame)


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        ([1, "x"], ["1", "x"]),
        ([True, 1], ["true", "1"]),
        ([2**63, 1], [str(2**63), "1"]),
        ([2**53 + 1, 0.5], [str(2**53 + 1), "0.5"]),
        ([[1], {"a": 1}], ["[1]", '{"a": 1}']),
        ([{}, {"é": None}], ["{}", '{"é": null}']),
        ([[1, "x"], []], [["1", "x"], []]),
    ],
)
def test_mixtures_become_text_and_are_told(tmp_path, values, kept):
    frame, shape = made(lines(tmp_path / "a.jsonl", *({"i": 1, "c": one} for one in values)))
    assert frame["c"].to_list() == kept
    assert "c" in " ".join(shape.notes) or kept[1] == []


def test_types_of_json_do_not_depend_on_the_order_of_rows():
    values = [None, True, 1, 2**60, 1.5, "x", [1], [None], {"a": 1}, {"b": [2]}, {}]
    for one in map(type_of, values):
        assert merged(one, NULL) == one == merged(one, one)
        for other in map(type_of, values):
            assert merged(one, other) == merged(other, one) or "struct" in (one.name, other.name)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([{"a": "secret"}, '{"a": "secret'], ["line 2", "no JSON"]),
        ([{"a": 1}, "", "[1]"], ["line 3 is no JSON object"]),
        (['{"a": 1, "a": "secret"}'], ["line 1", "name twice"]),
        (["[" * 100_000], ["line 1", "nested too deep"]),
        (['{"a": 1}', '{"a": ' + "[" * 300 + "]" * 300 + "}"], ["row 2", "nested too deep"]),
        (['{"a": 1}', '{"a": ' + '{"b": ' * 900 + "1" + "}" * 901], ["row 2", "nested too deep"]),
        (['{"a": ' + "9" * 4301 + "}"], ["line 1", "more than 4,300 digits"]),
        ([""], ["holds no row"]),
        (["{}"], ["holds no row"]),
        ([json.dumps({f"k{i}": 1 for i in range(10_001)})], ["more than 10000 names"]),
    ],
)
def test_json_that_is_no_table_is_refused_by_its_line(tmp_path, rows, words):
    refused(lines(tmp_path / "a.jsonl", *rows), *words)


def test_a_long_number_in_an_array_is_told(tmp_path):
    (tmp_path / "a.json").write_text('[{"a": ' + "9" * 4301 + "}]")
    refused(tmp_path / "a.json", "more than 4,300 digits")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_an_array_is_read_in_each_encoding_of_json(tmp_path, encoding):
    (tmp_path / "a.json").write_bytes('\n [{"a": "é"},\n {"a": "œ"}]'.encode(encoding))
    assert made(tmp_path / "a.json")[0]["a"].to_list() == ["é", "œ"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_of_json_is_bounded(tmp_path, monkeypatch, encoding):
    monkeypatch.setattr("glane.tables.json_rows._MOST_LINE", 1000)
    (tmp_path / "a.jsonl").write_bytes(('{"a": 1}\n{"a": "' + "secret" * 200 + '"}\n').encode(encoding))
    refused(tmp_path / "a.jsonl", "line 2", "is longer than")
    (tmp_path / "b.jsonl").write_bytes(('{"a": "' + "x" * 980 + '"}\n').encode(encoding))
    assert made(tmp_path / "b.jsonl")[0].height == 1


def test_json_that_is_cut_off_or_not_utf8_is_refused(tmp_path):
    (tmp_path / "a.json").write_text('[{"a": 1},\n {"a": "secret')
    refused(tmp_path / "a.json", "is not JSON (line 2")
    (tmp_path / "b.json").write_text('[{"a": 1}, "secret"]')
    refused(tmp_path / "b.json", "element 2 of the array is no object")
    (tmp_path / "c.jsonl").write_bytes('{"a": "secrét"}'.encode("cp1252"))
    refused(tmp_path / "c.jsonl", "line 1", "not UTF-8")
    frame, shape = made(lines(tmp_path / "d.jsonl", '{"a": "x\\ud800"}'))
    assert frame["a"].to_list() == ["x\ufffd\ufffd\ufffd"]
    assert "halves of characters" in " ".join(shape.notes)


def test_arrow_comes_back_whole(tmp_path):
    table = pa.table(
        {"id": [2**62, None], "text": [TEXT, None], "day": [DAY, None], "none": pa.nulls(2), "é": [[1], []]}
    )
    pa.feather.write_feather(table, tmp_path / "a.feather")
    with pa.ipc.new_stream(tmp_path / "b.arrows", table.schema) as writer:
        writer.write_table(table)
    for name in ("a.feather", "b.arrows"):
        assert made(tmp_path / name)[0].rows() == [(2**62, TEXT, DAY, None, [1]), (None, None, None, None, [])]
    whole = (tmp_path / "a.feather").read_bytes()
    (tmp_path / "cut.feather").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.feather", "damaged")
    twins = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    pa.feather.write_feather(twins, tmp_path / "twins.feather")
    frame, shape = made(tmp_path / "twins.feather")
    assert (frame.columns, frame.rows()) == (["a", "a_2"], [(1, 2)])
    assert "one name" in " ".join(shape.notes)


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "notes.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(
            "CREATE TABLE visits AS SELECT i::BIGINT AS id, ? || i AS text, DATE '2024-01-05' AS day, i = 1 AS ok, "
            "NULL AS none, uuid() AS u, '007' AS code, 1267650600228229401496703205376::HUGEINT AS big FROM range(3) t(i)",
            [TEXT],
        )
    return path


def test_a_table_of_duckdb_comes_back_whole(database):
    before = database.read_bytes()
    frame, shape = made(database)
    assert shape.table == "visits"
    assert frame.select("id", "text", "day", "ok", "none", "code").row(1) == (1, f"{TEXT}1", DAY, True, None, "007")
    assert int(frame["big"][0]) == 2**100
    assert made(database, query="SELECT id, text FROM visits WHERE id < 2 ORDER BY id")[0]["id"].to_list() == [0, 1]
    assert database.read_bytes() == before
    assert sorted(one.name for one in database.parent.iterdir()) == ["notes.duckdb", "notes.duckdb.parquet"]


def test_a_table_is_chosen_by_its_name(database):
    with duckdb.connect(database) as connection:
        connection.execute('CREATE SCHEMA "s é"; CREATE TABLE "s é"."a""b" AS SELECT 5 AS x')
    refused(database, "holds 2 tables", "data.table", 's é.a"b', "visits")
    refused(database, "data.table", "'visit'", "Did you mean 'visits'?", table="visit")
    assert made(database, table='s é.a"b')[0].rows() == [(5,)]
    refused(database, "one of both", error=ConfigError, table="visits", query="SELECT 1")


@pytest.mark.parametrize(
    "query",
    [
        "DROP TABLE visits", "INSERT INTO visits SELECT * FROM visits", "SELECT 1; SELECT 2", "ATTACH 'x.duckdb'",
        "COPY visits TO 'x.csv'", "INSTALL httpfs", "SELECT * FROM read_csv('FOLDER/other.csv')", "SELECT * FROM 'FOLDER/other.csv'",
        "SELECT * FROM 'https://example.org/a.parquet'", "SELECT content FROM read_text('FOLDER/other.csv')", "SELECT no FROM visits",
        "SELECT text::INTEGER FROM visits", "SELECT id, INTERVAL 1 DAY AS span FROM visits", "SELEC", "SELECT (2::HUGEINT ** 126)::HUGEINT * 1 + 85070591730234615865843651857942052863 AS h", "SELECT id FROM visits WHERE id > 9",
    ],
)  # fmt: skip
def test_a_query_reads_this_file_and_nothing_else(database, query):
    (database.parent / "other.csv").write_text("secret\n1\n")
    before = database.read_bytes()
    refused(database, query=query.replace("FOLDER", str(database.parent)))
    assert database.read_bytes() == before
    assert not (database.parent / "x.csv").exists()


def test_what_is_no_database_is_told(tmp_path):
    (tmp_path / "a.duckdb").write_text("secret")
    refused(tmp_path / "a.duckdb", "no DuckDB file")


FRAME = pl.DataFrame(
    {
        "id": [1.0, 2.0, None], "sexe": [1.0, 2.0, 1.0], "nom": ["Élodie « œ »", "b\nc", ""], "jour": [DAY, None, DAY],
        "vu": [NIGHT, None, None], "vide": [None, None, None], "code": ["007", "2A", "x"],
    },
    schema={
        "id": pl.Float64, "sexe": pl.Float64, "nom": pl.String, "jour": pl.Date, "vu": pl.Datetime("us"),
        "vide": pl.Float64, "code": pl.String,
    },
)  # fmt: skip
LABELS = {"sexe": {1: "homme", 2: "femme"}}


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("a.sav", lambda path: pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS)),
        ("a.zsav", lambda path: pyreadstat.write_sav(FRAME, path, variable_value_labels=LABELS, compress=True)),
        ("a.dta", lambda path: pyreadstat.write_dta(FRAME, path, variable_value_labels=LABELS)),
        ("a.xpt", lambda path: pyreadstat.write_xport(FRAME, path)),
    ],
)
@pytest.mark.parametrize("cells", [2_000_000, 7])  # at once, and row by row
def test_files_of_statistics_packages_come_back(tmp_path, monkeypatch, name, write, cells):
    monkeypatch.setattr("glane.tables.statistics._MOST_CELLS", cells)
    write(str(tmp_path / name))
    frame, shape = made(tmp_path / name)
    assert frame.drop("sexe_label", strict=False).rows() == FRAME.rows()
    assert frame.schema["vide"] == pl.Float64
    if name != "a.xpt":
        assert frame["sexe_label"].to_list() == ["homme", "femme", "homme"]
        assert "sexe_label" in " ".join(shape.notes)


def test_missing_values_of_the_user_are_told(tmp_path):
    pyreadstat.write_sav(FRAME, str(tmp_path / "a.sav"), missing_ranges={"id": [2]})
    frame, shape = made(tmp_path / "a.sav")
    assert frame["id"].to_list() == [1.0, None, None]
    assert "kinds of missing values that the file defines are all empty: id" in " ".join(shape.notes)


@pytest.mark.parametrize("name", ["a.sav", "a.dta", "a.xpt", "a.sas7bdat"])
def test_what_is_no_such_file_is_told(tmp_path, name):
    (tmp_path / name).write_text("secret " * 1000)
    refused(tmp_path / name, "cannot be read")
    (tmp_path / name).write_bytes(b"")
    refused(tmp_path / name, "cannot be read")


def test_every_ending_has_its_format():
    assert {format_of(f"a{one.upper()}") for one in ENDINGS} == {format_of(f"a{one}") for one in ENDINGS}
    assert format_of("a.csv.gz") == format_of("a.CSV.ZST") == format_of("a.csv")
    for other in ("a.parquet", "a.xlsx.gz", "a.gz", "a.docx", "csv", "a"):
        assert format_of(other) is None
