"""What an export replaces in a text stands true in no other column of its row, of whatever type."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, make_settings
from glane.errors import ConfigError
from glane.pseudonyms.by_value import Code, Day
from glane.pseudonyms.surrogates import Manner
from glane.pseudonyms.taken import Coded, Replaced, Taken, replaced
from glane.settings.export import WITH_PASSAGES, Target
from test_pseudonyms import KEY
from test_pseudonyms_export import content, with_run
from test_pseudonyms_input import NAMES

TASK: dict[str, Any] = {
    "name": "columns", "language": "fr", "instructions": "Lis.",
    "fields": {"fever": {"type": "boolean", "evidence": True}, "sex": {"type": "enum", "values": ["F", "M"]}},
}  # fmt: skip
ROWS, FIRST_BIRTH = 8, date(1951, 3, 12)
BIRTHS = [FIRST_BIRTH + timedelta(31 * row) for row in range(ROWS)]
IPPS = [8_012_345_670 + row for row in range(ROWS)]
PHONES = [f"06 12 34 56 {10 + row}" for row in range(ROWS)]
NIRS = [f"2510369123456{place:02}" for place in range(ROWS)]  # 13 digits and a key that is none
MONTHS = ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre")  # fmt: skip


def text_of(row: int) -> str:
    born = BIRTHS[row]
    return (
        f"Mme {NAMES[row % 4]}, née le {born.day} {MONTHS[born.month - 1]} {born.year} ({born:%d/%m/%y}), IPP {IPPS[row]}, "
        f"NIR {NIRS[row]}, tél. {PHONES[row]}. Vue le 05/02/2024, de nouveau le 11/02/2024."
    )


def forms_of(day: date) -> list[str]:
    """A day as tables, programs and people write it."""
    return [
        day.isoformat(), f"{day:%d/%m/%Y}", f"{day:%d.%m.%Y}", f"{day:%d-%m-%y}", f"{day:%Y%m%d}", f"{day:%d%b%Y}".upper(),
        f"{day:%B} {day.day}, {day.year}", f"{day.day} {MONTHS[day.month - 1]} {day.year}", f"{day.isoformat()}T00:00:00",
        f"{day:%Y/%m/%d}",
    ]  # fmt: skip


def columns() -> dict[str, Any]:
    midnight = [datetime(one.year, one.month, one.day) for one in BIRTHS]
    return {
        "id": [f"n{row}" for row in range(ROWS)],
        "text": [text_of(row) for row in range(ROWS)],
        "born": pa.array(BIRTHS, pa.date32()),
        "born_at": pa.array(midnight, pa.timestamp("us")),
        "born_utc": pa.array([one.replace(tzinfo=UTC) - timedelta(hours=1) for one in midnight], pa.timestamp("us", "UTC")),
        "born_written": ["; ".join(forms_of(one)) for one in BIRTHS],
        "born_number": [int(f"{one:%Y%m%d}") for one in BIRTHS],
        "ipp": pa.array(IPPS, pa.int64()),
        "ipp_double": pa.array([float(one) for one in IPPS], pa.float64()),
        "ipp_decimal": pa.array([pa.scalar(one).as_py() for one in IPPS]).cast(pa.decimal128(20, 0)),
        "ipps": [[one, 12] for one in IPPS],
        "phone": [int(one.replace(" ", "")) for one in PHONES],
        "phone_abroad": [f"+33 {one[1:]}" for one in PHONES],
        "nir": [int(one[:13]) for one in NIRS],
        "who": [{"name": NAMES[row % 4], "born": BIRTHS[row], "ipp": IPPS[row]} for row in range(ROWS)],
        "kin": [[{"name": NAMES[row % 4].upper(), "since": BIRTHS[row], "file": IPPS[row]}] for row in range(ROWS)],
        "patient": [f"ARX{81_700 + row % 4}" for row in range(ROWS)],
        "patient_again": [f"voir arx-{81_700 + row % 4}" for row in range(ROWS)],
        "ipp_single": pa.array([float(one) for one in IPPS], pa.float32()),
        "born_instant": [int(datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp()) * 1000 for one in BIRTHS],
        "scans": [{"raw": NAMES[row % 4].encode(), "of": {"raw": str(IPPS[row]).encode()}} for row in range(ROWS)],
        "days": [[BIRTHS[row], date(2024, 2, 5)] for row in range(ROWS)],
        "called": pa.array([NAMES[row % 4] for row in range(ROWS)]).dictionary_encode(),
        "raw": [f"{NAMES[row % 4]} {BIRTHS[row]:%d/%m/%Y}".encode() for row in range(ROWS)],
        "visit": pa.array([date(2024, 2, 5)] * ROWS, pa.date32()),
        "weight": [40.5 + row for row in range(ROWS)],
        "leukocytes": [12_300 + row for row in range(ROWS)],
    }  # fmt: skip


SEEDED = [
    *NAMES, *map(str.upper, NAMES), *(form for one in BIRTHS for form in forms_of(one)), *map(str, IPPS), *PHONES, *NIRS,
    *(one.replace(" ", "")[1:] for one in PHONES), *(one[:13] for one in NIRS), *(one[1:] for one in PHONES),
    *(f"{NAMES[row % 4]}".encode().hex() for row in range(ROWS)), *(f"{one:%d/%m/%y}" for one in BIRTHS),
    *(f"{IPPS[row]}".encode().hex() for row in range(ROWS)), "ARX8170", "arx-8170",
    "8012345856",  # an IPP as 32 bits round it
    *(f"{int(datetime(one.year, one.month, one.day, tzinfo=UTC).timestamp())}" for one in BIRTHS),
    *(f"datetime.date({one.year}, {one.month}, {one.day})" for one in BIRTHS),
    *(f"datetime.datetime({one.year}, {one.month}, {one.day}," for one in BIRTHS),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on originals that carries what its texts tell in columns of all types, and a key beside it."""
    folder = tmp_path_factory.mktemp("columns")
    return with_run(folder, columns(), TASK)


def told(folder: Path, **more: Any) -> dict[str, Any]:
    return {"key_file": str(folder / "key"), "dates": "kept", **more}


def exported(folder: Path, out: Path, **more: Any) -> pl.DataFrame:
    glane.export(folder / "run", "parquet", out, pseudonyms=told(folder, **more))
    return pl.read_parquet(out / "records.parquet")


@pytest.mark.parametrize("dates", ["kept", "shifted"])
@pytest.mark.parametrize("target", get_args(Target))
def test_in_no_format_a_column_tells_what_the_text_hides(
    folder: Path, tmp_path: Path, target: Target, dates: str
) -> None:
    words: dict[str, Any] = {"evidence": True, "text": target in WITH_PASSAGES}
    done = glane.export(
        folder / "run", target, tmp_path / "out", pseudonyms=told(folder, dates=dates, person_column="patient"), **words
    )
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            found = content(path)
            assert not [one for one in SEEDED if one in found], path.name
    assert done.manifest.pseudonyms is not None
    assert done.manifest.pseudonyms.columns["records.born"] == ("compared" if dates == "kept" else "shifted")


def test_the_search_finds_what_leaves_without_a_key(folder: Path, tmp_path: Path) -> None:
    glane.export(folder / "run", "parquet", tmp_path / "out")
    found = content(tmp_path / "out" / "records.parquet")
    assert len({one for one in SEEDED if one in found}) > len(SEEDED) / 2


def test_columns_and_texts_tell_the_same_made_up_values(folder: Path, tmp_path: Path) -> None:
    rows = exported(folder, tmp_path / "out")
    glane.export(folder / "run", "omop", tmp_path / "omop", text=True, pseudonyms=told(folder))
    texts = pl.read_parquet(tmp_path / "omop" / "note.parquet")["note_text"].to_list()
    for text, row in zip(texts, rows.iter_rows(named=True), strict=True):
        born = row["born"]
        assert (
            f"née le {born.day}{'er' * (born.day == 1)} {MONTHS[born.month - 1]} {born.year} ({born:%d/%m/%y})" in text
        )
        assert row["born_at"].date() == born == row["who_born"]
        assert row["born_number"] == int(f"{born:%Y%m%d}")
        assert f"IPP {row['ipp']:010}" in text
        assert row["ipp"] == row["ipp_double"] == row["ipp_decimal"] == row["who_ipp"]
        assert f"{row['phone']:010}" in text.replace(" ", "")
        assert row["phone_abroad"].replace(" ", "")[3:] == f"{row['phone']}"
        assert str(row["nir"]) in text
        assert row["called"] == text.split()[1].rstrip(",") == row["who_name"]
        assert row["raw"] == f"{row['called']} {born:%d/%m/%Y}".encode().hex()


def test_what_was_not_found_stays(folder: Path, tmp_path: Path) -> None:
    rows, plain = exported(folder, tmp_path / "out"), columns()
    for name in ("weight", "leukocytes"):
        assert rows[name].to_list() == plain[name]
    assert set(rows["visit"]) == {date(2024, 2, 5)}
    assert all(one.endswith("; 12") for one in rows["ipps"])
    schema = pl.read_parquet(folder / "notes.parquet").schema
    for name in ("born", "ipp", "ipp_double", "phone", "nir", "visit"):
        assert rows.schema[name] == schema[name]


def test_the_summary_tells_of_each_column_what_became_of_it(folder: Path, tmp_path: Path) -> None:
    done = glane.export(folder / "run", "csv", tmp_path / "out", pseudonyms=told(folder))
    notes = {one.partition(": ")[0]: one.partition(": ")[2] for one in done.manifest.notes}
    days = next(told for said, told in notes.items() if said.startswith("dates in these columns"))
    numbers = next(told for said, told in notes.items() if said.startswith("numbers in these columns"))
    left = next(told for said, told in notes.items() if said.startswith("columns of codes"))
    assert "records.visit" in days
    assert "records.born" in days
    assert "records.weight" in numbers
    assert "records.visit" not in numbers + left
    assert left == "records.sex"
    told_of = json.loads((tmp_path / "out" / "export.json").read_text())["pseudonyms"]
    assert told_of["left"] == ["records.sex"]
    assert told_of["columns"]["records.raw"] == "searched"


def test_a_mark_does_not_go_into_a_column_of_numbers(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"records\.ipp.* a mark is no number.*style=plausible"):
        glane.export(folder / "run", "csv", tmp_path / "out", pseudonyms=told(folder, style="marked"))
    assert not (tmp_path / "out").exists()
    known = ["born_number", "ipp", "ipp_double", "ipp_decimal", "ipp_single", "phone", "nir", "who", "kin"]
    glane.export(
        folder / "run", "csv", tmp_path / "out", pseudonyms=told(folder, style="marked", known_columns=known, person_column="patient")
    )  # fmt: skip
    for path in (tmp_path / "out").iterdir():
        assert not [one for one in SEEDED if one in content(path)]


def test_known_columns_of_any_type_are_found(folder: Path, tmp_path: Path) -> None:
    known = ["ipp_double", "ipps", "who", "kin", "born_at", "called", "raw"]
    done = exported(folder, tmp_path / "out", known_columns=known, person_column="patient")
    assert not [one for one in SEEDED if one in str(done.to_dicts())]
    assert done["born_at"].dt.date().to_list() == done["born"].to_list()
    assert [bytes.fromhex(one).decode().split()[0] for one in done["raw"]] == done["called"].to_list()


def row(
    text: str, *values: Any, known: tuple[str, ...] = (), keep: tuple[Any, ...] = ("date",), **manner: Any
) -> Replaced:
    one = Taken(person="p", known=known, texts={"d": text}, values=values, passages=())
    return replaced(one, key=KEY, manner=Manner(**manner), keep=keep)


def test_a_birth_date_is_one_wherever_it_stands() -> None:
    text = (
        "M. Kerzérho, né le 02/03/1945. Fils de (02/03/45). Admis le 02/03/2024, DDN 02/03/1945, revu le 3 mars 1945."
    )
    done = row(text, Day(date(1945, 3, 2)), Day(date(1945, 3, 3)), Day(date(1945, 3, 1), "month"))
    assert "1945-03-02" not in done.texts["d"]
    assert "02/03/1945" not in done.texts["d"]
    assert "02/03/45" not in done.texts["d"]
    assert "02/03/2024" in done.texts["d"]
    first, other, month = done.values
    assert isinstance(first, Day)
    assert first.value != date(1945, 3, 2)
    assert f"{first.value:%d/%m/%Y}" in done.texts["d"]
    assert other == Day(date(1945, 3, 3))
    assert month == Day(date(1945, 3, 1), "month")  # a month alone stays in texts, too


def test_a_month_of_birth_moves_as_in_the_text() -> None:
    done = row("Née en mars 1951.", Day(date(1951, 3, 1), "month"), Day(date(1951, 3, 1), "year"), most_days=60)
    month, year = done.values
    assert isinstance(month, Day)
    assert month.value.day == 1
    names = dict(zip(MONTHS, range(1, 13), strict=True))
    told = done.texts["d"].rstrip(".").split()[-2:]
    assert (month.value.year, month.value.month) == (int(told[1]), names[told[0]])
    assert year == Day(date(1951, 3, 1), "year")


def test_instants_around_midnight_are_of_the_day_in_france() -> None:
    text = "Née le 12/03/1951."
    before = datetime(1951, 3, 11, 23, tzinfo=UTC)
    done = row(text, Day(before), Day(before.replace(tzinfo=None)), Day(datetime(1951, 3, 11, 12)))
    moved = [one.value for one in done.values if isinstance(one, Day)]
    assert moved[0] != before
    assert moved[1] != before.replace(tzinfo=None)
    assert moved[2] == datetime(1951, 3, 11, 12)


def test_short_numbers_and_kept_kinds_stay() -> None:
    text = "Chambre 214, IPP 8012345678, né le 12/03/1951, 01000 Bourg-en-Bresse."
    values = (214, 214.0, 1000, 8_012_345_678, float("nan"), float("inf"), Day(date(1951, 3, 12)), 19510312)
    done = row(text, *values, keep=("date", "birth_date", "identifier"))
    assert str(done.values) == str(values)
    done = row(text, *values)
    assert done.values[:3] == (214, 214.0, 1000)
    assert done.values[3] != 8_012_345_678
    assert done.values[6] != values[6]
    assert done.values[7] != 19510312


def test_what_is_known_of_a_person_is_found_in_numbers_and_dates() -> None:
    done = row(
        "Rien.", 8_012_345_678, Day(date(1951, 3, 12)), "le 12MAR1951", known=("8012345678", "1951-03-12", "12", "Le")
    )
    assert done.values[0] != 8_012_345_678
    assert done.values[1] != Day(date(1951, 3, 12))
    assert done.values[2].startswith("le ")  # type: ignore[union-attr]
    assert "MAR1951" not in str(done.values[2])


def test_what_one_document_of_a_row_tells_is_found_in_the_others() -> None:
    texts = {"a": "Mme Vandenbrouckaert, née le 12/03/1951.", "b": "vandenbrouckaert va mieux (12/03/1951)."}
    one = Taken(person="p", known=(), texts=texts, values=(), passages=())
    done = replaced(one, key=KEY, manner=Manner(), keep=("date",))
    assert "vandenbrouckaert" not in done.texts["b"].lower()
    assert "12/03/1951" not in done.texts["b"]


def test_codes_that_name_what_was_replaced_are_told() -> None:
    done = row("Mme Kerzérho, habite à Brest (29200).", Code("Brest"), Code("Lyon"), Code("KERZERHO"), known=("Rouen",))
    assert done.values == (Coded("town"), Coded(None), Coded("name"))
    assert row("Rien.", Code("rouen"), known=("Rouen",)).values == (Coded("name"),)


TOWNS: Mapping[str, Any] = {
    "name": "towns", "language": "fr", "instructions": "Lis.",
    "fields": {"town": {"type": "enum", "values": ["Brest", "Lyon"]}},
}  # fmt: skip


def test_a_code_of_a_place_that_was_replaced_is_refused(folder: Path, tmp_path: Path) -> None:
    texts = ["Habite à Brest. Domiciliée à Lyon."] * 4
    pq.write_table(pa.table({"id": list("abcd"), "text": texts}), tmp_path / "notes.parquet")
    extract_here(make_settings(tmp_path / "notes.parquet", tmp_path / "run", TOWNS))
    with pytest.raises(ConfigError, match=r"4 values of records\.town are a town .*keep=\[town\]"):
        glane.export(tmp_path / "run", "csv", tmp_path / "out", pseudonyms=told(folder))
    glane.export(tmp_path / "run", "csv", tmp_path / "out", pseudonyms=told(folder, keep=["town"]))


@pytest.mark.parametrize("dates", ["kept", "shifted"])
def test_dates_that_no_calendar_has_stop_nothing(folder: Path, tmp_path: Path, dates: str) -> None:
    far = pa.array([4_000_000, None], pa.int32()).cast(pa.date32())
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["Rien.", "Rien."], "until": far}), tmp_path / "notes.parquet")
    extract_here(make_settings(tmp_path / "notes.parquet", tmp_path / "run", TASK, data__carry_columns=["until"]))
    glane.export(tmp_path / "run", "parquet", tmp_path / "out", pseudonyms=told(folder, dates=dates))
    assert pq.read_table(tmp_path / "out" / "records.parquet")["until"].cast(pa.int32()).to_pylist() == [
        4_000_000,
        None,
    ]


def test_with_shifted_dates_no_number_tells_a_date_of_another_column() -> None:
    one = Taken(
        person="p",
        known=(),
        texts={"d": "Rien."},
        values=(20240205, "05FEB2024", 20240206),
        passages=(),
        days=(date(2024, 2, 5),),
    )
    done = replaced(one, key=KEY, manner=Manner(), keep=())
    assert done.values[0] != 20240205
    assert "FEB2024" not in str(done.values[1])
    assert done.values[2] == 20240206


def test_bytes_that_are_no_text_and_lists_of_bytes_are_told_as_left(folder: Path, tmp_path: Path) -> None:
    table = {"id": ["a"], "text": ["Rien."], "image": [b"\xff\xfe\x00"], "parts": [[b"a", b"b"]]}
    pq.write_table(pa.table(table), tmp_path / "notes.parquet")
    extract_here(
        make_settings(tmp_path / "notes.parquet", tmp_path / "run", TASK, data__carry_columns=["image", "parts"])
    )
    done = glane.export(tmp_path / "run", "csv", tmp_path / "out", pseudonyms=told(folder))
    assert done.manifest.pseudonyms is not None
    assert set(done.manifest.pseudonyms.left) == {"records.image", "records.parts", "records.sex"}


def test_numbers_behind_letters_and_letters_that_json_escapes_are_found() -> None:
    text = "Mme Océane KERZÉRHO, née le 12/03/1951, IPP 8012345678."
    values = (
        '{"nom": "Kerz\\u00e9rho", "prenom": "OC\\u00c9ANE"}',
        "ipp8012345678x",
        "pat19510312",
        "80123456789",
        '{"a": "\\u00e9t\\u00e9"}',
    )
    done = [str(one) for one in row(text, *values).values]
    for name in ("Kerz", "OC", "ANE", "8012345678x", "19510312"):
        assert not any(name in one for one in (done[0], done[1], done[2]))
    assert done[1].startswith("ipp00")
    assert done[4] == values[4]
