"""Exports whose identifiers leave as pseudonyms: in any format nothing that was known is left, and passages stand where they say."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Mapping
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, job_here, make_settings
from glane.errors import ConfigError, DataError
from glane.exports import pseudonyms as of_exports
from glane.exports.bundle import Table, Variable
from glane.pseudonyms import taken as rules
from glane.pseudonyms.replace import pseudonymised
from glane.pseudonyms.surrogates import Manner, Surrogates
from glane.pseudonyms.taken import Passage, Taken, replaced
from glane.pseudonyms.whole import known_replaced
from glane.settings.export import WITH_PASSAGES, Target
from test_pseudonyms import KEY, SECRET, write_key
from test_pseudonyms_input import NAMES

TASK: dict[str, Any] = {
    "name": "left",
    "language": "fr",
    "instructions": "Lis.",
    "confidence": True,
    "fields": {
        "fever": {"type": "boolean", "evidence": True},
        "seen": {"type": "date", "precision": "partial"},
        "note": {"type": "string", "max_length": 12, "evidence": True},
        "events": {
            "type": "list", "max_items": 3, "evidence": True,
            "items": {"type": "object", "fields": {"what": {"type": "string", "max_length": 8}, "day": {"type": "date"}}},
        },
    },
}  # fmt: skip
ROWS = 24


def texts() -> list[str]:
    return [
        f"Mme {NAMES[row % 4]} vue le {1 + row}/02/2024, IPP {80120000 + row} ; toux, tél. 06 12 34 56 {10 + row}. "
        f"{NAMES[row % 4].lower()} rentre à domicile avec sa fille Ludmila."
        for row in range(ROWS)
    ]


def with_run(folder: Path, columns: Mapping[str, Any], task: dict[str, Any]) -> Path:
    """A folder with a run on documents that carries all of their columns, and a key beside it."""
    pq.write_table(pa.table(columns), folder / "notes.parquet")
    carried = [name for name in columns if name not in ("id", "text")]
    extract_here(make_settings(folder / "notes.parquet", folder / "run", task, data__carry_columns=carried))
    write_key(folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run on originals, and a key beside it."""
    folder = tmp_path_factory.mktemp("left")
    columns = {
        "id": pa.array([70_000_000 + row for row in range(ROWS)]),
        "text": texts(),
        "patient": [f"pat-{row % 4}" for row in range(ROWS)],
        "nom": [NAMES[row % 4].upper() for row in range(ROWS)],
        "ipp": pa.array([80_120_000 + row for row in range(ROWS)]),
        "comment": [f"rappeler {NAMES[row % 4].lower()} demain" for row in range(ROWS)],
        "visit": [date(2024, 2, 1) + timedelta(row) for row in range(ROWS)],
        "weight": [row / 2 for row in range(ROWS)],
        "raw": [f"Mme {NAMES[row % 4]}".encode() for row in range(ROWS)],
    }
    return with_run(folder, columns, TASK)


def told(folder: Path, **more: Any) -> dict[str, Any]:
    words = {"key_file": str(folder / "key"), "dates": "shifted", "person_column": "patient"}
    return {**words, "known_columns": ["nom", "ipp"], **more}


def content(path: Path) -> str:
    if path.suffix == ".parquet":
        return str(pq.read_table(path).to_pydict())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as packed:
            return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())
    return path.read_bytes().decode("utf-8", "replace")


@pytest.mark.parametrize("target", get_args(Target))
def test_in_no_format_anything_is_left(folder: Path, tmp_path: Path, target: Target) -> None:
    words: dict[str, Any] = {"evidence": True, "text": target in WITH_PASSAGES}
    done = glane.export(folder / "run", target, tmp_path / "out", pseudonyms=told(folder), **words)
    seeded = [*NAMES, *(name.lower() for name in NAMES), *(name.upper() for name in NAMES), "Ludmila", "pat-"]
    seeded += [str(80_120_000 + row) for row in range(ROWS)] + [str(70_000_000 + row) for row in range(ROWS)]
    for path in (tmp_path / "out").rglob("*"):
        if path.is_file():
            found = content(path)
            assert not [one for one in seeded if one in found], path.name
            assert SECRET.decode() not in found
    assert done.manifest.pseudonyms is not None
    assert done.manifest.pseudonyms.replaced["name"] > ROWS
    columns = done.manifest.pseudonyms.columns
    told_of = {name: columns[f"records.{name}"] for name in ("nom", "comment", "visit", "weight", "raw")}
    assert told_of == {
        "nom": "replaced", "comment": "searched", "visit": "shifted", "weight": "compared", "raw": "searched",
    }  # fmt: skip
    assert "personal data still" in str(done)
    if target not in WITH_PASSAGES:
        (note,) = (line for line in str(done).splitlines() if "were searched, and what was not found" in line)
        assert "records.comment" in note
        assert "records.nom" not in note


def test_the_search_finds_what_leaves_without_a_key(folder: Path, tmp_path: Path) -> None:
    glane.export(folder / "run", "csv", tmp_path / "out", evidence=True)
    assert NAMES[0].upper() in content(tmp_path / "out" / "records.csv")


def test_passages_stand_where_they_say(folder: Path, tmp_path: Path) -> None:
    glane.export(folder / "run", "labelstudio", tmp_path / "out", text=True, pseudonyms=told(folder))
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text())
    regions = [
        (part["value"], task["data"]["text"])
        for task in tasks
        for part in task["predictions"][0]["result"]
        if part["type"] == "labels"
    ]
    assert len(regions) > 20
    assert all(text[value["start"] : value["end"]] == value["text"] for value, text in regions)
    glane.export(folder / "run", "parquet", tmp_path / "flat", evidence=True, pseudonyms=told(folder))
    rows = pl.read_parquet(tmp_path / "flat" / "records.parquet")
    shown = {task["data"]["id"]: task["data"]["text"] for task in tasks}
    for name, start, end, quote in rows.select("id", "fever__start", "fever__end", "fever__quote").iter_rows():
        assert start is None or shown[name][start:end] == quote


def test_what_a_reference_table_says_of_a_replaced_value_is_emptied() -> None:
    described = {"kind": "text", "description": ""}
    variables = (
        Variable(name="id", source="id", role="key", **described),
        Variable(name="town", source="town", role="value", **described),
        Variable(name="town__code", source="town__lookup.code", role="annotation", **described),
    )  # fmt: skip
    rows = pl.DataFrame({"id": ["a", "b"], "town": ["Castelbrun", "grippe"], "town__code": ["69001", "J10"]})
    table = Table(name="records", source="", description="", variables=variables, key=("id",), parent=None, rows=rows)
    export = object.__new__(of_exports._Export)
    export._bundle = SimpleNamespace(tables=[table])  # type: ignore[assignment]
    export._frames = [rows.with_columns(town=pl.Series(["Vaucornet", "grippe"]))]
    export._empty_lookups()
    assert export._frames[0]["town__code"].to_list() == [None, "J10"]


def test_texts_are_those_that_glane_pseudonymise_writes(folder: Path, tmp_path: Path) -> None:
    """The same key gives the same documents, ids and persons, by either way."""
    done = glane.pseudonymise(
        folder / "notes.parquet", tmp_path / "out", offsets=tmp_path / "o.parquet", key_file=folder / "key",
        data__person_column="patient", data__known_columns=["nom", "ipp"], data__shift_columns=["visit"],
    )  # fmt: skip
    glane.export(folder / "run", "omop", tmp_path / "omop", text=True, pseudonyms=told(folder))
    left = pl.read_parquet(tmp_path / "omop" / "note.parquet")["note_text"].to_list()
    documents = pl.read_parquet(done.folder / "documents.parquet")
    assert left == documents["text"].to_list()
    glane.export(folder / "run", "parquet", tmp_path / "flat", pseudonyms=told(folder))
    rows = pl.read_parquet(tmp_path / "flat" / "records.parquet")
    for name in ("id", "patient", "visit"):
        assert rows[name].to_list() == documents[name].to_list()


@pytest.mark.parametrize("kind", [pl.Int64, pl.Int32, pl.UInt32])
def test_known_numbers_and_dates_keep_their_type_and_join_with_the_pseudonymised_documents(
    folder: Path, tmp_path: Path, kind: Any
) -> None:
    known = ["nom", "ipp", "born", "ward"]
    told_of = pl.read_parquet(folder / "notes.parquet").select(
        "id", "text", "patient", "nom", pl.col("ipp").cast(kind), born=pl.col("visit") - pl.duration(days=20_000),
        ward=pl.col("id").mod(7).cast(pl.Int8),
    )  # fmt: skip
    told_of = told_of.with_columns(pl.when(pl.col("id") != 70_000_003).then(pl.col("ipp", "born")))
    told_of.write_parquet(tmp_path / "notes.parquet")
    extract_here(
        make_settings(tmp_path / "notes.parquet", tmp_path / "run", TASK, data__carry_columns=["patient", *known])
    )
    glane.pseudonymise(
        tmp_path / "notes.parquet", tmp_path / "made", offsets=tmp_path / "o.parquet", key_file=folder / "key",
        data__person_column="patient", data__known_columns=known, data__carry_columns=known[:3],
    )  # fmt: skip
    done = glane.export(tmp_path / "run", "parquet", tmp_path / "out", pseudonyms=told(folder, known_columns=known))
    left = pl.read_parquet(tmp_path / "out" / "records.parquet")
    made = pl.read_parquet(tmp_path / "made" / "documents.parquet")
    for name in ("patient", "nom", "ipp", "born"):
        assert left[name].to_list() == made[name].to_list(), name
        assert left.schema[name] == made.schema[name]
    assert left.schema["ipp"] == kind
    assert left["ipp"].null_count() == 1
    assert left.schema["ward"] == pl.String  # what stands for a number of 8 bits may be beyond them
    assert not set(left["ipp"].drop_nulls()) & set(told_of["ipp"])
    described = json.loads((tmp_path / "out" / "export.json").read_text())["pseudonyms"]["columns"]
    assert {described[f"records.{name}"] for name in known} == {"replaced"}
    assert done.manifest.pseudonyms is not None
    assert done.manifest.pseudonyms.replaced["birth_date"] >= ROWS - 1


def test_dates_of_a_person_move_together_in_all_columns(folder: Path, tmp_path: Path) -> None:
    glane.export(folder / "run", "parquet", tmp_path / "plain")
    glane.export(folder / "run", "parquet", tmp_path / "out", pseudonyms=told(folder))
    before, after = (pl.read_parquet(tmp_path / name / "records.parquet") for name in ("plain", "out"))
    moved = pl.DataFrame({"patient": before["patient"], "days": (after["visit"] - before["visit"]).dt.total_days()})
    by_person = dict(moved.unique().iter_rows())
    assert len(by_person) == 4
    assert 0 not in by_person.values()
    for row, (old, new, precision) in enumerate(
        zip(before["seen"], after["seen"], before["seen__precision"], strict=True)
    ):
        if precision == "year":
            assert new == old
        if precision == "day":
            assert new == old + timedelta(by_person[before["patient"][row]])
        if precision == "month":
            assert new.day == 1
    of_items = [pl.read_parquet(tmp_path / name / "events.parquet") for name in ("plain", "out")]
    assert of_items[0]["events_day"].to_list() != of_items[1]["events_day"].to_list()
    glane.export(folder / "run", "parquet", tmp_path / "kept", pseudonyms=told(folder, dates="kept"))
    kept = pl.read_parquet(tmp_path / "kept" / "records.parquet")
    assert kept["visit"].to_list() == before["visit"].to_list()


def test_ids_stay_where_that_is_said_and_tables_join(folder: Path, tmp_path: Path) -> None:
    glane.export(folder / "run", "parquet", tmp_path / "kept", pseudonyms=told(folder, keep_ids=True, dates="kept"))
    assert pl.read_parquet(tmp_path / "kept" / "records.parquet")["id"].dtype == pl.Int64
    glane.export(folder / "run", "parquet", tmp_path / "out", pseudonyms=told(folder))
    records, items = (pl.read_parquet(tmp_path / "out" / f"{name}.parquet") for name in ("records", "events"))
    assert items.join(records, on="id", how="anti").is_empty()
    assert items.height > 0


def test_a_value_gets_the_pseudonym_of_its_document() -> None:
    text = "Mme Quénéhervé, adressée par le Dr Vandenbrouckaert de Castelbrun-sur-Vaire. Petit déjeuner pris. Petit."
    row = Taken(
        person="p", known=("Petit",), texts={"d": text}, values=("QUENEHERVE", "dr vandenbrouckaert", "le petit déjeuner"),
        passages=(
            Passage(document="d", start=4, end=8, quote="Quén"), Passage(document="d", start=16, end=24, quote="adressée"), Passage(document="d", start=None, end=None, quote="Quénéhervé"),
        ),
    )  # fmt: skip
    done = replaced(row, key=KEY, manner=Manner(), keep=())
    assert done.texts["d"] == pseudonymised(text, key=KEY, person="p", manner=Manner(), known=["Petit"]).text
    name = done.texts["d"].split()[1].rstrip(",")
    assert done.values[0].lower() == name.lower()
    assert done.values[1].split()[1] in done.texts["d"].lower()
    assert done.values[2] == "le petit déjeuner"
    assert done.passages[0].quote == name  # of a part of an identifier, the whole
    assert done.passages[1].quote == "adressée"
    start, end = done.passages[1].start, done.passages[1].end
    assert done.texts["d"][start:end] == "adressée"
    assert done.passages[2].quote == name


@pytest.mark.parametrize(
    "value",
    [
        "jean.kervorn75@free.fr", "12 Kervaon", "14 rue de Kervaon", "KERVORN1951", "DE LA TOURNELLE", "12/03/1951", "06 12 34 56 78",
        "8012345678", "Jean Kervorn", "12", "Le",
    ],
)  # fmt: skip
def test_a_known_value_is_replaced_whole_and_as_in_the_text(value: str) -> None:
    text = f"Dossier de Mme X. : {value}, vu ce jour."
    new, _ = known_replaced(value, Surrogates(KEY, Manner(), person="p", text=text, year=2024))
    words = [one for one in re.findall(r"\w{4,}", value) if one != "free"]
    assert new != value
    assert not [one for one in words if one in new]
    if len(value) > 4:
        assert new in pseudonymised(text, key=KEY, person="p", manner=Manner(), known=[value]).text


@pytest.mark.parametrize("value", ["", " ", "\t", "-", "²", "٣"])
def test_a_known_value_of_no_letters_leaves_nothing_and_stops_nothing(value: str) -> None:
    new, _ = known_replaced(value, Surrogates(KEY, Manner(), person="p", text=value, year=2024))
    assert not any(map(str.isalpha, new))


def test_where_the_rules_fail_nothing_leaves(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str, **_: Any) -> Any:
        raise IndexError(text)

    monkeypatch.setattr(rules, "identifiers", fails)
    with pytest.raises(DataError, match="the rules failed in row 1") as refused:
        glane.export(folder / "run", "csv", tmp_path / "out", pseudonyms=told(folder))
    assert NAMES[0] not in str(refused.value)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_done_is_refused(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def export(**more: Any) -> None:
        glane.export(folder / "run", "csv", tmp_path / "out", pseudonyms=told(folder, **more))

    with pytest.raises(ConfigError, match="no column 'name'"):
        export(known_columns=["name"])
    with pytest.raises(ConfigError, match="pseudonyms: dates=kept or dates=shifted is needed"):
        export(dates=None)
    with pytest.raises(ConfigError, match="no key is"):
        export(key_file=None)
    monkeypatch.setattr(of_exports, "pseudonymised_beside", lambda path: path)
    with pytest.raises(ConfigError, match="pseudonymised before they were read"):
        export()


def test_groups_leave_with_their_documents(folder: Path, tmp_path: Path) -> None:
    extract_here(make_settings(folder / "notes.parquet", tmp_path / "run", TASK, data__group_by="patient"))
    glane.export(
        tmp_path / "run", "parquet", tmp_path / "out", evidence=True,
        pseudonyms=told(folder, person_column=None, known_columns=["nom"]),
    )  # fmt: skip
    everything = "".join(content(path) for path in (tmp_path / "out").rglob("*.parquet"))
    assert not [one for one in (*NAMES, "pat-", "70000000", "80120000") if one in everything]
    rows = pl.read_parquet(tmp_path / "out" / "records.parquet")
    documents = pl.read_parquet(tmp_path / "out" / "documents.parquet")
    assert set(documents["documents_document"]) >= set(rows["fever__document"].drop_nulls())


@pytest.mark.parametrize("dates", ["kept", "shifted"])
def test_groups_of_several_persons_are_refused_or_each_taken_for_one(folder: Path, tmp_path: Path, dates: str) -> None:
    table = pq.read_table(folder / "notes.parquet").append_column("ward", pa.array(["nord", "sud"] * (ROWS // 2)))
    nobody = pa.array([None if row == 4 else f"pat-{row % 2}" for row in range(ROWS)])
    pq.write_table(table.append_column("mixed", nobody), tmp_path / "notes.parquet")
    extract_here(make_settings(tmp_path / "notes.parquet", tmp_path / "run", TASK, data__group_by="ward"))
    for column, count in (("patient", 2), ("mixed", 1)):
        with pytest.raises(
            ConfigError, match=rf"{count} rows .* several persons by '{column}'.*data.group_by={column}"
        ):
            glane.export(
                tmp_path / "run", "csv", tmp_path / "out",
                pseudonyms=told(folder, dates=dates, person_column=column, known_columns=["nom"]),
            )  # fmt: skip
        assert not (tmp_path / "out").exists()
    words = told(folder, dates=dates, person_column=None, known_columns=["nom"])
    glane.export(tmp_path / "run", "omop", tmp_path / "out", text=True, pseudonyms=words)
    texts = pl.read_parquet(tmp_path / "out" / "note.parquet")["note_text"].to_list()
    told_days = re.findall(r"vue le (\d+)/(\d\d)/(\d{4})", "".join(texts))
    days = [date(int(year), int(month), int(day)) for day, month, year in told_days]
    by_ward = [days[: ROWS // 2], days[ROWS // 2 :]]
    for some in by_ward:  # every second day, from the first or the second
        assert [(later - first).days for first, later in pairwise(some)] == [2] * (ROWS // 2 - 1)


def test_several_processes_give_the_same(folder: Path, tmp_path: Path) -> None:
    for processes in (1, 2):
        glane.export(
            folder / "run",
            "parquet",
            tmp_path / f"{processes}",
            evidence=True,
            pseudonyms=told(folder, processes=processes),
        )
    one, two = ((tmp_path / name / "records.parquet").read_bytes() for name in "12")
    assert one == two


def test_the_command_takes_the_keys(folder: Path, tmp_path: Path) -> None:
    done = job_here(
        f"run.dir={folder}/run", "to=csv", f"out.dir={tmp_path}/out", f"pseudonyms.key_file={folder}/key",
        "pseudonyms.dates=kept", "pseudonyms.known_columns=[nom,ipp]", name="export",
    )  # fmt: skip
    assert "pseudonymised; replaced: " in done.stdout
    assert NAMES[0].upper() not in content(tmp_path / "out" / "records.csv")
