"""Exports to R: base R reads them, and has the values, types, factors, dates and reasons that Polars has."""

from __future__ import annotations

import datetime
import os
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from export_cases import TASK, TEXTS, make_run, rows_of
from glane.extraction.results import open_run
from r_packages import need_r


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("export"))


@pytest.fixture(scope="module")
def rscript() -> str:
    need_r("EXPORTS")
    return "Rscript"


def r(folder: Path, code: str, *, locale: str = "C.UTF-8") -> list[str]:
    """What R prints after it has read the folder."""
    script = folder.parent / "ask.R"
    script.write_text(f'source("{folder}/lire.R", chdir = TRUE)\n{code}\n')
    done = subprocess.run(
        ["Rscript", "--vanilla", str(script)],
        capture_output=True, text=True, timeout=120, check=False, env={**os.environ, "LC_ALL": locale}, errors="replace",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    return done.stdout.splitlines()


def code_points(folder: Path, column: str, locale: str) -> list[str | None]:
    """The texts of a column, told by their code points: no terminal comes between."""
    told = r(
        folder,
        f'for (one in {column}) cat(if (is.na(one)) "NA" else paste(utf8ToInt(enc2utf8(one)), collapse = " "), "\\n")',
        locale=locale,
    )
    return [None if one.strip() == "NA" else "".join(chr(int(code)) for code in one.split()) for one in told]


def plain(column: pl.Series) -> list[Any]:
    """What R makes of line ends."""
    return [one if one is None else one.replace("\r\n", "\n").replace("\r", "\n") for one in column]


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_texts_are_read_whole_in_any_locale(run: Path, tmp_path: Path, rscript: str, locale: str) -> None:
    glane.export(run, "r", tmp_path / "out", evidence=True)
    rows = rows_of(run)
    assert code_points(tmp_path / "out", "records$note", locale) == plain(rows["note"])
    quotes = pl.Series([one and one["quote"] for one in rows["fever__evidence"]])
    assert code_points(tmp_path / "out", "records$fever__quote", locale) == plain(quotes)
    assert code_points(tmp_path / "out", 'attr(records$note, "label")', locale) == [
        TASK["fields"]["note"]["description"]
    ]
    labels = code_points(tmp_path / "out", 'attr(records$place_kind, "labels")', locale)
    assert labels == ["école", "c'est l'hôpital"]


@pytest.mark.slow
@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_labels_are_found_whatever_the_codes_and_the_names_of_lists(tmp_path: Path, rscript: str, locale: str) -> None:
    codes = {"décès": "décédé", "+": "positif", "": "vide", 'a"\\b': "'c'"}
    task = {
        **SMALL_TASK,
        "fields": {
            "fate": {"type": "enum", "values": list(codes), "labels": codes},
            "libelles": {"type": "list", "max_items": 2, "items": {"type": "integer"}},
        },
    }
    texts = ["a\x00b", "c\r\nd", None, "\x00"] * 10
    extract_here(
        make_settings(
            write_documents(tmp_path / "d.parquet", TEXTS, hard=texts, last=["x"] * 40), tmp_path / "run", task,
            data__carry_columns=["hard", "last"],
        )
    )  # fmt: skip
    told = str(glane.export(tmp_path / "run", "r", tmp_path / "out"))
    assert "20 texts have NUL characters, which R cannot hold, and which are left out: records.hard" in told
    assert "10 texts have carriage returns" in told
    fates = rows_of(tmp_path / "run")["fate"].to_list()
    assert set(fates) == set(codes)
    assert code_points(tmp_path / "out", "as.character(libelles(records$fate))", locale) == [
        codes[one] for one in fates
    ]
    assert code_points(tmp_path / "out", "records$hard", locale) == ["ab", "c\nd", None, ""] * 10
    assert code_points(tmp_path / "out", "records$last", locale) == ["x"] * 40


def test_labels_that_r_dropped_are_asked_for_and_not_missing(run: Path, tmp_path: Path, rscript: str) -> None:
    glane.export(run, "r", tmp_path / "out")
    told = r(
        tmp_path / "out",
        """
        chosen <- records[!is.na(records$place_kind), ]
        cat(tryCatch(libelles(chosen$place_kind), error = function(e) enc2utf8(conditionMessage(e))), "\\n")
        records$place_kind <- libelles(records$place_kind)
        chosen <- records[!is.na(records$place_kind), ]
        cat(sum(!is.na(chosen$place_kind)), "\\n")
        """,
    )
    assert "Faites d'abord le facteur de toute la colonne" in told[0]
    assert "table$champ <- libelles(table$champ)" in told[0]
    kinds = rows_of(run)["place"].struct.field("kind").drop_nulls()
    assert told[1].strip() == str(len(kinds)) != "0"


@pytest.mark.slow
def test_sums_factors_dates_and_reasons_are_those_of_polars(run: Path, tmp_path: Path, rscript: str) -> None:
    glane.export(run, "r", tmp_path / "out")
    rows = rows_of(run)
    told = r(
        tmp_path / "out",
        """
        options(digits = 17)
        cat(class(records$age), sum(records$age, na.rm = TRUE), sum(is.na(records$age)), "\\n")
        cat(class(records$temperature), format(sum(records$temperature, na.rm = TRUE), digits = 15), "\\n")
        cat(class(records$fever), sum(records$fever, na.rm = TRUE), sum(is.na(records$fever)), "\\n")
        cat(class(records$sex), levels(records$sex), table(records$sex), "\\n")
        cat(class(records$seen), format(records$seen), "\\n")
        cat(class(records$hour), as.numeric(records$hour), "\\n")
        cat(class(records$at_), format(records$at_, "%Y-%m-%dT%H:%M:%S"), "\\n")
        cat(attr(records$fever, "reasons"), as.character(records$fever__missing), "\\n")
        cat(table(records$status), "\\n")
        cat(nrow(merge(events, events_people)), nrow(events_people), "\\n")
        cat(class(events_people$events_people_count), sum(events_people$events_people_count), "\\n")
        cat(levels(libelles(records$sex)), "\\n")
        cat(nrow(codebook), "\\n")
        """,
    )
    lines = [one.split() for one in told]

    def texts(column: pl.Series) -> list[str]:
        return ["NA" if one is None else str(one) for one in column]

    assert lines[0] == ["integer", str(rows["age"].sum()), str(rows["age"].null_count())]
    assert lines[1][0] == "numeric"
    assert float(lines[1][1]) == pytest.approx(rows["temperature"].sum(), rel=1e-13)
    assert lines[2] == ["logical", str(rows["fever"].sum()), str(rows["fever"].null_count())]
    counts = dict(rows["sex"].cast(pl.String).drop_nulls().value_counts().iter_rows())
    assert lines[3] == ["factor", "F", "M", str(counts["F"]), str(counts["M"])]
    assert lines[4] == ["Date", *texts(rows["seen"])]
    seconds = [None if one is None else one.hour * 3600 + one.minute * 60 + one.second for one in rows["hour"]]
    assert lines[5] == ["difftime", *("NA" if one is None else str(one) for one in seconds)]
    assert lines[6][:2] == ["POSIXct", "POSIXt"]
    assert lines[6][2:] == ["NA" if one is None else one.isoformat(timespec="seconds") for one in rows["at"]]
    assert lines[7] == ["fever__missing", *texts(rows["fever__missing"].cast(pl.String))]
    assert lines[8] == ["40", "2", "0", "0", "0", "0"]
    assert lines[9][0] == lines[9][1]
    people = rows["events"].explode().drop_nulls().struct.field("people").explode().drop_nulls().struct.field("count")
    assert lines[10][0] == "numeric"
    assert float(lines[10][1]) == pytest.approx(people.sum(), rel=1e-13)
    assert lines[11] == ["F", "M"]


@pytest.mark.slow
def test_a_file_that_lost_rows_is_refused_by_r(run: Path, tmp_path: Path, rscript: str) -> None:
    glane.export(run, "r", tmp_path / "out")
    file = tmp_path / "out" / "place_rooms.csv"
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-1]))
    with pytest.raises(AssertionError, match="44 lignes lues, et 45 écrites"):
        r(tmp_path / "out", "")


@pytest.mark.slow
def test_large_numbers_zones_and_marks_of_nothing(tmp_path: Path, rscript: str) -> None:
    zone = "Europe/Paris"
    times = pl.Series([datetime.datetime(2024, 10, 27, 0, 30 + i) for i in range(4)], dtype=pl.Datetime("us", "UTC"))
    data = write_documents(
        tmp_path / "d.parquet", TEXTS[:4], number=[2**60 + i for i in range(4)], mark=["\\N", "", None, "NA"],
        when=times.dt.convert_time_zone(zone).to_arrow(),
    )  # fmt: skip
    extract_here(make_settings(data, tmp_path / "run", data__carry_columns=["number", "mark", "when"]))
    found = glane.export(open_run(tmp_path / "run"), "r", tmp_path / "out")
    assert "records.number" in found.manifest.notes[0]
    told = r(
        tmp_path / "out",
        """
        cat(class(records$number), records$number, "\\n")
        cat(paste0("[", records$mark, "]", is.na(records$mark)), "\\n")
        cat(attr(records$when_, "tzone"), format(records$when_, "%H:%M"), as.numeric(records$when_[1]), "\\n")
        """,
    )
    assert told[0].split() == ["character", *(str(2**60 + i) for i in range(4))]
    assert told[1].split() == ["[\\N]FALSE", "[]FALSE", "[NA]TRUE", "[NA]FALSE"]
    assert told[2].split()[:3] == [zone, "02:30", "02:31"]
    assert float(told[2].split()[-1]) == 1729989000.0


def test_the_script_is_ascii_and_names_every_variable(run: Path, tmp_path: Path) -> None:
    found = glane.export(run, "r", tmp_path / "out", evidence=True)
    script = (tmp_path / "out" / "lire.R").read_bytes().decode("ascii")
    for one in found.manifest.tables:
        assert f'{one.name} <- .glane_read("{one.name}.csv"' in script
    assert "tirees au hasard" in script
    assert "library(" not in script
