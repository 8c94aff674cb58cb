"""Exports to SAS. There is no SAS here: the program is read by strict rules of its own, and its files as it says."""

from __future__ import annotations

import csv
import datetime
import re
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from export_cases import TABLES, make_run, rows_of
from glane.errors import RunError

_NAME = r"[A-Za-z_][A-Za-z0-9_]{0,31}"
_TEXT = r"'(?:[^'\n]|'')*'"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


@dataclass
class Step:
    """A DATA step as the program has it."""

    lengths: dict[str, str] = field(default_factory=dict)
    informats: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    input: list[str] = field(default_factory=list)
    file: str = ""
    lrecl: int = 0


def statements(program: str) -> list[str]:
    """The statements of a program; texts and comments may hold semicolons."""
    tokens = re.findall(rf"/\*.*?\*/|{_TEXT}|\"[^\"\n]*\"|;|[^'\"/;]+|/", program, re.DOTALL)
    assert "".join(tokens) == program, "a quotation mark is not closed"
    found, parts = [], []
    for token in tokens:
        if token.startswith("/*"):
            assert "\n" not in token
        elif token == ";":
            found.append(" ".join("".join(parts).split()) if "'" not in "".join(parts) else "".join(parts).strip())
            parts = []
        else:
            parts.append(token)
    assert not "".join(parts).strip(), "the last statement does not end"
    return found


def parse(program: str) -> tuple[dict[str, Step], dict[str, dict[str, str]]]:
    steps: dict[str, Step] = {}
    formats: dict[str, dict[str, str]] = {}
    here: Step | None = None
    for one in statements(program):
        word = one.split()[0] if one else ""
        if word == "value":
            name = one.split()[1]
            assert re.fullmatch(rf"\$?{_NAME}", name)
            assert len(name) <= 32
            assert not name[-1].isdigit()
            assert name not in formats
            body = one.split(name, 1)[1]
            pairs = re.findall(rf"({_TEXT}|\d+) = ({_TEXT})", body)
            assert re.sub(rf"(?:{_TEXT}|\d+) = {_TEXT}", "", body).strip() == ""
            formats[name] = {unquoted(key): unquoted(label) for key, label in pairs}
        elif word == "data":
            found = re.fullmatch(rf"data ({_NAME}) \(label=({_TEXT})\)", one)
            assert found
            here = steps.setdefault(found[1], Step())
        elif here is not None and word == "infile":
            path = re.search(
                r'infile "&dossier\./([\w.]+)" dsd dlm="," firstobs=2 truncover termstr=lf encoding="utf-8"', one
            )
            assert path
            here.file, here.lrecl = path[1], int(one.rpartition("lrecl=")[2])
        elif here is not None and word in ("length", "informat", "format"):
            _, name, what = one.split()
            getattr(here, f"{word}s")[name] = what
        elif here is not None and word == "label":
            found = re.fullmatch(rf"label ({_NAME}) = ({_TEXT})", one)
            assert found, one
            here.labels[found[1]] = unquoted(found[2])
        elif here is not None and word == "input":
            here.input = one.split()[1:]
        else:
            words = ("proc", "run", "options", "%macro", "%let", "%local", "%mend", "%if", "%global", "%end", "")
            is_call = one == "%glane_folder" or re.fullmatch(rf"%glane_rows\({_NAME}, \d+\)", one)
            assert word in words or is_call, one
    return steps, formats


def unquoted(text: str) -> str:
    return text[1:-1].replace("''", "'") if text.startswith("'") else text


def read(folder: Path, step: Step) -> list[dict[str, object]]:
    """The rows as SAS reads them: a line each, values by their informats, texts in their widths."""
    lines = (folder / step.file).read_bytes().split(b"\n")
    assert lines[-1] == b""
    assert all(len(line) < step.lrecl for line in lines)
    rows = []
    for line in lines[1:-1]:
        (cells,) = csv.reader([line.decode()])
        assert not re.search(r"(?:^|,)'", re.sub(r'"(?:[^"]|"")*"', "", line.decode())), (
            "SAS takes it for a quotation mark"
        )
        assert len(cells) == len(step.input)
        rows.append({name: value(step, name, cell) for name, cell in zip(step.input, cells, strict=True)})
    return rows


def value(step: Step, name: str, cell: str) -> object:
    if (length := step.lengths[name]).startswith("$"):
        assert len(cell.encode()) <= int(length[1:])
        assert step.informats[name] == f"$char{length[1:]}."  # $w. would lose blanks in front, and a point alone
        return cell
    if cell == "":
        return None
    match step.informats.get(name):
        case "yymmdd10.":
            day = datetime.date.fromisoformat(cell)
            assert day >= datetime.date(1582, 1, 1)
            return day
        case "e8601dt26.":
            return datetime.datetime.fromisoformat(cell)
        case "time15.":
            return datetime.time.fromisoformat(cell)
        case None:
            return float(cell)
    raise AssertionError(name)


@pytest.mark.parametrize("evidence", [False, True])
def test_the_program_reads_the_values_of_the_run(run: Path, tmp_path: Path, evidence: bool) -> None:
    found = glane.export(run, "sas", tmp_path / "out", evidence=evidence)
    steps, formats = parse((tmp_path / "out" / "lire.sas").read_text(encoding="utf-8"))
    assert tuple(steps) == TABLES
    for step in steps.values():
        assert set(step.input) == set(step.lengths)
        assert len({name.lower() for name in step.input}) == len(step.input)
        assert all(re.fullmatch(_NAME, name) for name in step.input)
        for name, form in step.formats.items():
            is_own = form in ("yymmdd10.", "e8601dt19.", "time8.", "20.")
            assert is_own or form.removesuffix(".") in formats, form
            assert is_own or form.startswith("$") == step.lengths[name].startswith("$")
        assert all(len(label.encode()) <= 256 for label in step.labels.values())
    rows, records = rows_of(run), read(tmp_path / "out", steps["records"])
    assert [one["age"] for one in records] == rows["age"].to_list()
    assert [one["temperature"] for one in records] == rows["temperature"].to_list()
    assert [one["fever"] for one in records] == [None if one is None else float(one) for one in rows["fever"]]
    first = datetime.date(1582, 1, 1)
    assert [one["seen"] for one in records] == [one if one and one >= first else None for one in rows["seen"]]
    assert [one["hour"] for one in records] == rows["hour"].to_list()
    notes = [re.sub(r"[\r\n]+", " ", one or "") for one in rows["note"]]
    assert [one["note"] for one in records] == notes
    kind = steps["records"].formats["place_kind"].removesuffix(".")
    assert formats[kind] == {"a": "école", "b": "c'est l'hôpital"}
    assert formats[steps["records"].formats["fever"].removesuffix(".")] == {"1": "oui", "0": "non"}
    for one in found.manifest.tables:
        assert len(read(tmp_path / "out", steps[one.name])) == one.rows
    told = " ".join(found.manifest.notes)
    assert "texts have line breaks, which are spaces for SAS" in told
    assert "dates are before 1582, and missing for SAS" in told


def test_words_of_the_task_cannot_end_a_text_or_start_a_macro(tmp_path: Path) -> None:
    evil = "it's; run; %let x = &y; */ \" proc"
    task = {
        **SMALL_TASK,
        "fields": {
            "a": {
                "type": "enum",
                "values": ["it's", "b;"],
                "labels": {"it's": evil, "b;": "x" * 400},
                "description": evil,
            },
            "n": {"type": "boolean", "description": evil + "\n" + "é" * 200},
        },
    }
    data = write_documents(tmp_path / "d.parquet", ["x"] * 4, big=[2**60 + i for i in range(4)])
    extract_here(make_settings(data, tmp_path / "run", task, data__carry_columns=["big"]))
    found = glane.export(tmp_path / "run", "sas", tmp_path / "out")
    steps, formats = parse((tmp_path / "out" / "lire.sas").read_text(encoding="utf-8"))
    assert steps["records"].labels["a"] == evil
    assert formats[steps["records"].formats["a"].removesuffix(".")]["it's"] == evil
    assert [one["big"] for one in read(tmp_path / "out", steps["records"])] == [str(2**60 + i) for i in range(4)]
    assert "1 variable has whole numbers above" in found.manifest.notes[0]


def test_texts_with_quotation_marks_and_blanks_are_read_as_they_are(tmp_path: Path) -> None:
    texts = ["'tis, so", "'", "it's", '"', '",",', " x", ".", "", None, ",", "''a''", "a"]
    data = write_documents(tmp_path / "d.parquet", ["x"] * len(texts), hard=texts, last=["end"] * len(texts))
    extract_here(make_settings(data, tmp_path / "run", SMALL_TASK, data__carry_columns=["hard", "last"]))
    glane.export(tmp_path / "run", "sas", tmp_path / "out")
    steps, _ = parse((tmp_path / "out" / "lire.sas").read_text(encoding="utf-8"))
    records = read(tmp_path / "out", steps["records"])
    assert [one["hard"] for one in records] == [one or "" for one in texts]
    assert {one["last"] for one in records} == {"end"}


def test_whole_numbers_are_shown_with_all_digits(tmp_path: Path) -> None:
    columns = {"small": [1, 2], "long": [123_456_789_012_345, None], "huge": [2**60, 1]}
    data = write_documents(tmp_path / "d.parquet", ["x"] * 2, **columns)
    extract_here(make_settings(data, tmp_path / "run", SMALL_TASK, data__carry_columns=list(columns)))
    glane.export(tmp_path / "run", "sas", tmp_path / "out")
    steps, _ = parse((tmp_path / "out" / "lire.sas").read_text(encoding="utf-8"))
    told = steps["records"].formats
    assert told["long"] == "20."
    assert not {"small", "huge", "age"} & set(told)


def test_texts_that_no_variable_holds_are_refused(tmp_path: Path) -> None:
    data = write_documents(tmp_path / "d.parquet", ["x"] * 2, long=["é" * 16_384, "y"])
    extract_here(make_settings(data, tmp_path / "run", SMALL_TASK, data__carry_columns=["long"]))
    with pytest.raises(RunError, match=r"texts of records.long are longer than the 32,767 bytes"):
        glane.export(tmp_path / "run", "sas", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    assert pl.read_parquet(tmp_path / "run" / "records" / "*.parquet").height == 2
