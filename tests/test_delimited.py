"""Delimited text becomes Parquet as it is: what was guessed is told, and what is no table is refused by its line."""

import csv
import datetime
import gzip
import io
import re
import subprocess
import sys

import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glane.corpus.find import find_files
from glane.corpus.formats import conversion
from glane.errors import ConfigError, DataError, RunError
from glane.tables.convert import convert
from glane.tables.options import TableOptions
from glane.validation import validated

ROWS = [
    ["finess", "commune", "poids", "texte", "jour", "actif", "vu", "grand"],
    [
        "010008407",
        "01004",
        "3,5",
        "Fièvre à 39,2 ; toux\ndepuis 3 jours, « œdème »",
        "31/01/2024",
        "VRAI",
        "2024-01-05 12:30",
        "9223372036854775807",
    ],
    ["750100042", "75056", "12,0", 'Il dit "non" | rien\tde plus', "29/02/2024", "FAUX", "2024-01-06", "-3"],
    ["2A0000014", "2A004", "70", "L'enfant a été opéré à la clinique : ça va", "", "", "", ""],
]
VALUES = [
    (
        "010008407",
        "01004",
        3.5,
        ROWS[1][3],
        datetime.date(2024, 1, 31),
        True,
        datetime.datetime(2024, 1, 5, 12, 30),
        2**63 - 1,
    ),
    ("750100042", "75056", 12.0, ROWS[2][3], datetime.date(2024, 2, 29), False, datetime.datetime(2024, 1, 6), -3),
    ("2A0000014", "2A004", 70.0, ROWS[3][3], None, None, None, None),
]


def delimited(rows, separator=";", **how):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=separator, **how).writerows(rows)
    return stream.getvalue()


def made(tmp_path, content, *, name="t.csv", **options):
    """What a file becomes: its frame and its shape."""
    source = tmp_path / name
    source.write_bytes(content if isinstance(content, bytes) else content.encode())
    target = tmp_path / f"{name}.{len(list(tmp_path.iterdir()))}.parquet"
    shape = convert(source, target, options=validated(TableOptions, options, place="data"))
    frame = pl.read_parquet(target)
    assert (shape.rows, shape.columns) == (frame.height, frame.width)
    assert target.stat().st_mode & 0o777 == 0o600
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
    return frame, shape


def refused(tmp_path, content, *words, error=DataError, **options):
    with pytest.raises(error) as refusal:
        made(tmp_path, content, **options)
    for word in words:
        assert word in str(refusal.value)
    assert not list(tmp_path.glob("*.parquet"))
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]
    return str(refusal.value)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "iso8859-15", "mac-roman", "cp850", "utf-16", "utf-16-le"]
)
@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_a_table_of_a_spreadsheet_comes_back_whole(tmp_path, encoding, separator):
    text = delimited(ROWS, separator)
    if encoding == "cp850":
        text = text.replace("œ", "oe")
    frame, shape = made(tmp_path, text.encode(encoding))
    expected = (
        VALUES
        if encoding != "cp850"
        else [tuple(c.replace("œ", "oe") if isinstance(c, str) else c for c in row) for row in VALUES]
    )
    assert frame.rows() == expected
    assert frame.columns == ROWS[0]
    assert (shape.separator, shape.decimal) == (separator, ",")
    assert shape.encoding == {"utf-8-sig": "utf-8", "utf-16": "utf-16-le"}.get(encoding, encoding)
    assert "3 rows, 8 columns" in shape.line()
    assert "fièvre" not in "".join(shape.lines()).lower()


def test_commas_separate_and_points_are_decimal(tmp_path):
    frame, shape = made(tmp_path, 'id,n,text\n1,3.5,"a, b"\n2,4,\n')
    assert frame.rows() == [(1, 3.5, "a, b"), (2, 4.0, None)]
    assert (shape.separator, shape.decimal) == (",", ".")


def test_the_first_line_of_excel_names_the_separator(tmp_path):
    frame, _ = made(tmp_path, "sep=|\r\na|b\r\n1|x;y;z\r\n")
    assert frame.rows() == [(1, "x;y;z")]


@pytest.mark.parametrize(
    ("content", "options", "rows"),
    [
        ("a;b\n1;'x;\ny'\n2;'z'\n", {}, [(1, "x;\ny"), (2, "z")]),
        ('a\tb\n1\t"x\n2\ty\n', {}, [(1, '"x'), (2, "y")]),
        ('a;b\n1;"say \\"no\\"; so"\n2;x\n', {}, [(1, 'say "no"; so'), (2, "x")]),
        ('a;b\n1;5" pipe\n', {}, [(1, '5" pipe')]),
        ("a~b\n1~x\n", {"separator": "~"}, [(1, "x")]),
        ("a b\n1 x\n", {"separator": "space"}, [(1, "x")]),
        ("text\nFièvre, toux ; rien\nAutre\n", {}, [("Fièvre, toux ; rien",), ("Autre",)]),
        ("1;x\n2;y\n", {"header_row": 0}, [(1, "x"), (2, "y")]),
        ("Export du 3 mai;;\n\nid;a;b\n1;x;y\n", {"header_row": 2}, [(1, "x", "y")]),
        ("a;b\r1;x\r2;y\r", {}, [(1, "x"), (2, "y")]),
        ("a;b\n1;NA\n2;3\n", {"null_values": ["NA"]}, [(1, None), (2, 3)]),
        ("a;b\n1;2\n", {"keep_as_text": "b"}, [(1, "2")]),
        ("a;b;\n1;x;\n", {}, [(1, "x", None)]),
    ],
)  # fmt: skip
def test_odd_tables_are_read(tmp_path, content, options, rows):
    assert made(tmp_path, content, **options)[0].rows() == rows


@pytest.mark.parametrize(
    ("content", "words", "options"),
    [
        ("id;a\n1;secret\n2;x;secret\n", ["line 3 has 3 cells", "the header has 2", "data.separator"], {}),
        ("id;a\n1;secret\n\n3\n", ["line 4 has 1 cells"], {}),
        ('id;a\n1;"se\ncret"\n2;"open secret\n3;x\n', ["begins in line 4", "quotation mark", "data.quote=none"], {}),
        ("id;a\n1;sec\0ret\n", ["line 2 holds a NUL"], {}),
        (b"id;a\n" + "é\n".encode().join([b"1;x", b"2;y", b""]) + "3;secr\xe9t\n".encode("cp1252"), ["line 4", "data.encoding"], {}),
        ("Export;;\nid;a;secret\n", ["2 of 3 columns have no name", "data.header_row"], {}),
        ("", ["holds no row"], {}),
        ("id;a\n", ["no row"], {}),
        ("id;a\n;\n;\n", ["no row"], {}),
        ("id;é\n".encode("cp1252"), ["line 1 is not utf-8"], {"encoding": "utf-8"}),
        ("id;a\n1;x\n", ["data.keep_as_text", "'b'", "Valid: a, id"], {"keep_as_text": ["b"]}),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_by_its_line_and_shows_no_cell(tmp_path, content, words, options):
    assert "secret" not in refused(tmp_path, content, *words, **options)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id;texte\n1;"secret\n2;a;b\n3;c\n', 2),
        ('id;texte\n1;"secret\n2;a\n', 2),
        ('id;texte\n1;a\n2;"secret\n', 3),
        ('id;texte\n1;"secret\n2;a\n3;"b;c"\n', 2),
        ('id;"texte\n1;secret;b\n2;c\n', 1),
        ('id;texte\n1;"a;b"\n2;c\n3;"secret\n4;d\n', 4),
        ('id,texte\n1,"secret\n2,"a, b"\n', 2),
        ('sep=;\nid;texte\n1;"secret\n2;"a;b"\n', 3),
        ('id;texte\n1;"secret\n' + "2;a;b\n" * 400_000, 2),
    ],
)  # fmt: skip
def test_a_quotation_mark_that_is_not_closed_is_refused_by_its_line(tmp_path, content, line):
    said = refused(tmp_path, content, f"begins in line {line} ", "not closed", "data.quote=none")
    assert "secret" not in said


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('id;texte;n\n1;"a;2\n2;secret;3\n3;b";4\n', 2),
        ('id;texte;n\n1;"a;2\n2;b";4\n', 2),
        ('id;texte;n\n1;"a ; b ; c\n2 ; d";4\n', 0),
        ('id;texte\n1;"Toux\nFièvre ; frissons"\n2;x\n', 0),
        ('id;texte\n1;"a\n2;secret\n3;b"\n4;c\n', 2),
        ('id;n;texte\n0;1;x\n1;2;"a\n2;3;secret"\n4;5;c\n', 3),
        ('id;texte\n1;"Toux ; fièvre\n- rien\n- fin"\n2;x\n', 0),
        ('id;texte\n1;"Toux\nfin"\n2;x\n', 0),
        ('texte\n"a\nb"\n', 0),
    ],
)
def test_rows_that_an_open_mark_may_have_swallowed_are_told(tmp_path, content, line):
    notes = " ".join(made(tmp_path, content)[1].notes)
    assert ("separators as a row has" in notes) is bool(line)
    assert not line or f"the first in line {line}: if rows are missing" in notes
    assert "secret" not in notes


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('a\tb\n1\t"x\n2\ty\n', 2),
        ('a|b\n1|2\n3|"x" y\n', 3),
        ('a\t"b\n1\t2\n', 1),
        ('sep=|\na|b\n1|2\n3|"x\n', 4),
    ],
)
def test_marks_that_are_read_as_letters_are_told_with_their_line(tmp_path, content, line):
    frame, shape = made(tmp_path, content)
    assert frame.width == 2
    assert f"one in line {line} is not closed" in " ".join(shape.notes)
    assert made(tmp_path, content, quote="none")[1].notes == tuple(n for n in shape.notes if "letters" not in n)


def test_a_target_with_the_ending_of_another_format_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1;2\n")
    for name in ("out.csv", "out.xlsx", "out.csv.gz", "OUT.CSV"):
        with pytest.raises(ConfigError, match=r"would be Parquet.*\.parquet.*glane export"):
            convert(tmp_path / "t.csv", tmp_path / name, options=TableOptions())
        assert not (tmp_path / name).exists()
    for name in ("out.parquet", "out.pq", "out", "list.csv.parquet"):
        convert(tmp_path / "t.csv", tmp_path / name, options=TableOptions())


def test_options_are_checked_before_a_file_is_opened(tmp_path):
    refused(tmp_path, "a;b\n", "data.separator", "tab", error=ConfigError, separator="ab")
    refused(tmp_path, "a;b\n", "data.encoding", "cp1252", error=ConfigError, encoding="rot13")
    refused(tmp_path, "a;b\n", "data.sheet", "delimited text", error=ConfigError, sheet="x")
    refused(tmp_path, "a;b\n", "data.dates", error=ConfigError, dates="french")
    with pytest.raises(DataError, match=r"no table by its ending. Read are .csv"):
        convert(tmp_path / "a.rds", tmp_path / "b.parquet", options=TableOptions())
    with pytest.raises(DataError, match="cannot be read"):
        convert(tmp_path / "nowhere.csv", tmp_path / "b.parquet", options=TableOptions())


def test_files_that_were_put_together_are_told(tmp_path):
    part = "\ufeffid;a\n1;é\n"
    frame, shape = made(tmp_path, part + part.replace("1", "2") + "\n\n;\n;\n")
    assert frame.rows() == [(1, "é"), (2, "é")]
    said = " ".join(shape.notes)
    for words in ("1 rows repeat the names", "1 byte order marks", "2 empty rows at the end", "2 blank lines"):
        assert words in said


def test_rows_that_are_empty_within_stay(tmp_path):
    assert made(tmp_path, "a;b\n1;x\n;\n2;y\n;\n")[0].rows() == [(1, "x"), (None, None), (2, "y")]


def test_columns_of_one_name_and_without_a_name_are_told(tmp_path):
    frame, shape = made(tmp_path, "id;a;a;a_2;;b\n1;2;3;4;5;6\n")
    assert frame.rows() == [(1, 2, 3, 4, 5, 6)]
    assert frame.columns == ["id", "a", "a_3", "a_2", "column_5", "b"]
    assert any("one name" in note for note in shape.notes)
    assert any("column_5" in note for note in shape.notes)


@pytest.mark.parametrize(
    ("cells", "kind", "said"),
    [
        (["1", "2"], pl.Int64, "whole numbers"),
        (["01", "2"], pl.String, "zeros in front"),
        (["+33", "44"], pl.String, ""),
        (["9223372036854775808", "1"], pl.String, ""),
        (["0.1234567890123456789", "1"], pl.String, ""),
        (["12E45", "3"], pl.String, ""),
        (["9007199254740993", "0.5"], pl.String, "whole numbers of it have more"),
        (["9007199254740993", "0,5"], pl.String, "whole numbers of it have more"),
        (["-9223372036854775808", "0.5"], pl.String, "whole numbers of it have more"),
        (["-9007199254740992", "0.5"], pl.Float64, "decimal point"),
        (["9007199254740993", "5"], pl.Int64, "whole numbers"),
        (["1,5", "2.5"], pl.String, ""),
        (["2024-01-05", "2024-12-31"], pl.Date, "dates"),
        (["2024-02-30", "2024-12-31"], pl.String, ""),
        (["31/01/2024", "01/02/2024", "13/02/2024"], pl.Date, "day/month/year"),
        (["01/31/2024", "02/01/2024", "02/13/2024"], pl.Date, "month/day/year"),
        (["01/02/2024", "03/04/2024"], pl.String, "data.dates=day_first"),
        (["31/01/2024", "01/31/2024"], pl.String, "1 cells have the day first and 1 the month first"),
        (["31/01/2024 8:05", "01/02/2024", "13/02/2024"], pl.Datetime, "day/month/year"),
        (["oui", "non"], pl.String, ""),
        (["true", "FALSE"], pl.Boolean, "true and false"),
        ([*["1"] * 19, "inconnu"], pl.String, "1 of 20 cells are no whole numbers"),
        ([*["1"] * 19, "NA"], pl.String, "data.null_values"),
        (["", ""], pl.String, ""),
        ([" 1", "2 "], pl.Int64, ""),
    ],
)  # fmt: skip
def test_a_column_is_what_all_its_cells_say(tmp_path, cells, kind, said):
    frame, shape = made(tmp_path, delimited([["i", "c"], *([str(i), cell] for i, cell in enumerate(cells))]))
    assert frame.schema["c"] == kind or isinstance(frame.schema["c"], kind)
    assert said in " ".join(note for note in shape.notes if "c" in note)
    assert "inconnu" not in " ".join(shape.notes)
    if kind == pl.String:
        assert frame["c"].fill_null("").to_list() == cells


def test_dates_are_as_they_are_told(tmp_path):
    rows = [["i", "c"], ["1", "01/02/2024"], ["2", "03/04/2024"]]
    for told, month in (("day_first", 2), ("month_first", 1)):
        assert made(tmp_path, delimited(rows), dates=told)[0]["c"][0] == datetime.date(2024, month, 3 - month)
    assert made(tmp_path, delimited(rows), dates="text")[0]["c"][0] == "01/02/2024"
    assert "no dates with the month first" in " ".join(
        made(tmp_path, delimited([*rows, ["3", "31/01/2024"]]), dates="month_first")[1].notes
    )


@pytest.mark.parametrize("length", [200_000, 2_000_000])
@pytest.mark.parametrize("separator", [";", ","])
def test_a_long_first_note_hides_no_column(tmp_path, length, separator):
    note = 'il a dit, "non"\n' * (length // 15)
    frame, shape = made(tmp_path, delimited([["id", "texte", "n"], ["a", note, "1"], ["b", "x", "2"]], separator))
    assert frame.rows() == [("a", note, 1), ("b", "x", 2)]
    assert shape.separator == separator
    assert csv.field_size_limit() == 131_072


def test_a_sign_beyond_the_first_rows_counts(tmp_path):
    rows = [
        ["id", "n", "texte"],
        *([str(i), "1", "rien de particulier " * 20] for i in range(40_000)),
        ["x", "0,5", "é"],
    ]
    frame, shape = made(tmp_path, delimited(rows).encode("cp1252"))
    assert frame.schema == {"id": pl.String, "n": pl.Float64, "texte": pl.String}
    assert frame.row(-1) == ("x", 0.5, "é")
    assert shape.encoding == "cp1252"


@pytest.mark.parametrize("ending", [".gz", ".zst"])
def test_packed_text_is_read_and_bombs_are_not(tmp_path, ending):
    content = delimited(ROWS).encode()
    packed = gzip.compress(content) if ending == ".gz" else pa.compress(content, "zstd", asbytes=True)
    assert made(tmp_path, packed, name=f"t.csv{ending}")[0].rows() == VALUES
    for path in tmp_path.iterdir():
        path.unlink()
    refused(tmp_path, packed[:-8], "cannot be unpacked", name=f"u.csv{ending}")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("glane.tables.streams._ALWAYS_FINE", 1000)
        patch.setattr("glane.tables.streams._MOST_SWELLING", 10)
        bomb = b"a;b\n" + b"1;x\n" * 100_000
        bomb = gzip.compress(bomb) if ending == ".gz" else pa.compress(bomb, "zstd", asbytes=True)
        refused(tmp_path, bomb, "unpacks to more than", name=f"v.csv{ending}")


def test_a_target_that_is_there_is_kept(tmp_path):
    (tmp_path / "t.csv").write_text("a;b\n1;2\n")
    (tmp_path / "t.parquet").write_text("mine")
    with pytest.raises(RunError, match="is there already"):
        convert(tmp_path / "t.csv", tmp_path / "t.parquet", options=TableOptions())
    assert (tmp_path / "t.parquet").read_text() == "mine"


def test_a_table_is_written_byte_for_byte_the_same(tmp_path):
    (tmp_path / "t.csv").write_text(delimited(ROWS))
    (tmp_path / "u.csv").write_bytes(delimited(ROWS, "\t").encode("utf-16"))  # the same rows otherwise written
    for name in ("t", "u"):
        convert(tmp_path / f"{name}.csv", tmp_path / f"{name}.parquet", options=TableOptions())
    assert (tmp_path / "t.parquet").read_bytes() == (tmp_path / "u.parquet").read_bytes()


_CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff", exclude_categories=["Cs"]), max_size=12)


@given(st.lists(st.tuples(_CELLS, _CELLS, _CELLS), min_size=1, max_size=8), st.sampled_from([";", ",", "\t"]))
def test_no_text_is_lost_or_changed(tmp_path_factory, rows, separator):
    tmp_path = tmp_path_factory.mktemp("any")
    rows = [tuple(cell.replace("\r", "") for cell in row) for row in rows]
    rows = [row for row in rows if row != ("a", "b", "c")]
    content = delimited([["a", "b", "c"], *rows, ["x", "y", "z"]], separator, quoting=csv.QUOTE_ALL)
    frame, _ = made(tmp_path, content, separator=separator, quote='"', keep_as_text=["a", "b", "c"])
    assert frame.fill_null("").rows() == [*rows, ("x", "y", "z")]


_READER = """
import resource, sys
from pathlib import Path
from glane.tables.convert import convert
from glane.tables.options import TableOptions
convert(Path(sys.argv[1]), Path(sys.argv[2]), options=TableOptions())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
shape = convert(Path(sys.argv[3]), Path(sys.argv[4]), options=TableOptions())
print(shape.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows(tmp_path):
    """What 200 MB add to the memory that 30 MB took, in KiB: less than a third of the text."""
    for name, rows in (("few", 15_000), ("many", 100_000)):
        with (tmp_path / f"{name}.csv").open("w") as stream:
            stream.write("id;day;n;text\n")
            for i in range(rows):
                stream.write(f"{i};2024-01-05;{i},5;" + "mot " * 500 + "\n")
    words = [str(tmp_path / one) for one in ("few.csv", "few.parquet", "many.csv", "many.parquet")]
    done = subprocess.run([sys.executable, "-c", _READER, *words], capture_output=True, text=True, check=True)
    rows, added = map(int, done.stdout.split())
    assert rows == 100_000
    assert added < 64 * 1024


def test_the_sentence_for_others_names_the_command(tmp_path):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    path = tmp_path / "in" / "deep" / "a b.csv"
    path.write_text("id;text")
    with pytest.raises(DataError) as refusal:
        find_files(str(tmp_path / "in"))
    assert f"glane convert 'source={path}' 'data.path={path}.parquet'" in str(refusal.value)
    assert f"data.path='{path.parent}/*.csv'" in str(refusal.value)
    assert re.match(r"Convert it once: glane convert source=x\.xlsx", conversion("x.xlsx"))
    assert "by themselves" not in conversion("x.xlsx")
    assert "haven" not in conversion("x.sav")
    assert "readRDS" in conversion("x.rds")
    assert conversion("letters/a b.PDF", among="letters").endswith(
        "glane ingest source=letters data.path=letters.ingested"
    )
    assert "glane ingest 'source=letters/*.docx' data.path=letters.ingested" in conversion(
        "letters/x.docx", among="letters/*.docx"
    )
    assert "glane ingest source=x.msg data.path=x.msg.ingested" in conversion("x.msg")
    assert "(if each file is a document: glane ingest source=notes" in conversion("notes/a.txt", among="notes")
