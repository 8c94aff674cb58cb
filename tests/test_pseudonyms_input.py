"""Documents that are pseudonymised before a model reads them: what the run holds, and that nothing is wrong in silence."""

from __future__ import annotations

import shutil
import time
from datetime import date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, job_here, make_settings, work
from glane.api.sources import refuse_shifted
from glane.corpus.pseudonymised import PseudonymisedInput, pseudonymised_beside
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.extraction.results import Run, open_run
from glane.job.erase.erase import erase
from glane.job.pseudonyms import replaced_documents
from glane.job.tables import kept_tables, passing_tables, refuse_tables_of_several
from glane.pseudonyms import rows as rules_of_rows
from glane.run.directory import RunDirectory
from glane.run.known import unknown_in
from glane.run.leftovers import leftovers, remove_leftover
from glane.settings import ExtractSettings, erase_settings
from glane.settings.keep import KINDS
from test_pseudonyms import QUOTED, SECRET, write_key

NAMES = ("Quénéhervé", "Vandenbrouckaert", "Abdelmoumène", "Kerzérho")
TEXTS = [
    f"Mme {name}, née le 12/03/1951, vue le {place + 1}/02/2024 pour fièvre et toux. Tél. 06 12 34 56 7{place}."
    for place, name in enumerate(NAMES)
]


def write_input(folder: Path) -> Path:
    columns = {
        "id": [f"8012{place:06}" for place in range(4)], "text": TEXTS, "nom": [name.lower() for name in NAMES],
        "patient": ["a", "a", "b", "c"], "ward": ["nord", "nord", "sud", "sud"],
        "motif": [f"appel de {name}" for name in NAMES],
    }  # fmt: skip
    pq.write_table(pa.table(columns), folder / "notes.parquet", row_group_size=2)
    write_key(folder)
    return folder


def told(folder: Path, run: str = "run", task: Any = QUOTED, **more: Any) -> ExtractSettings:
    words = {
        "data__pseudonyms__key_file": str(folder / "key"), "data__pseudonyms__dates": "kept",
        "data__pseudonyms__offsets": str(folder / f"{run}-offsets.parquet"),
        "data__pseudonyms__known_columns": ["nom"], "data__carry_columns": ["ward"],
    }  # fmt: skip
    return make_settings(folder / "notes.parquet", folder / run, task, **(words | more))


def extracted(settings: ExtractSettings) -> Run:
    with kept_tables(settings) as readable:
        extract_here(readable)
    return open_run(settings.run.dir)


def made_input(run: Run) -> PseudonymisedInput:
    found = pseudonymised_beside(run.settings.data.path)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run, and beside it its input, key and offsets."""
    folder = write_input(tmp_path_factory.mktemp("input"))
    extracted(told(folder))
    return folder


def test_the_originals_are_compared_when_the_run_is_verified(tmp_path: Path) -> None:
    """They are what the run was made of."""
    folder = write_input(tmp_path)
    run = extracted(told(folder)).directory.root

    def state() -> tuple[str, bool]:
        found = glane.verify(run).verification.checks
        named = [one for one in found if one.place == str(folder / "notes.parquet")]
        assert [one.part for one in named] == ["inputs"]
        assert {one.state for one in found if one.place.startswith("input/")} == {"equal"}
        return named[0].state, any(one.state == "changed" for one in found)

    assert state() == ("equal", False)
    pl.read_parquet(folder / "notes.parquet").head(3).write_parquet(folder / "notes.parquet")
    assert state() == ("changed", True)
    (folder / "notes.parquet").unlink()
    assert state() == ("missing", False)


def test_what_the_run_keeps_of_it_is_known_as_glanes_and_what_a_killed_process_left_goes(tmp_path: Path) -> None:
    folder = write_input(tmp_path)
    directory = extracted(told(folder)).directory
    unfinished = directory.root / f".input.{'0' * 32}.tmp"
    shutil.copytree(directory.input, unfinished)
    (unfinished / ".offsets").write_bytes(b"")
    assert list(unknown_in(directory)) == []
    ages = dict.fromkeys(KINDS, 400.0) | {"unfinished": 1.0}
    (found,) = leftovers(directory, ages=ages, now=time.time() + 2 * 86_400)
    assert found.path == unfinished
    (unfinished / "mine.txt").write_bytes(b"")
    assert list(unknown_in(directory)) == [unfinished / "mine.txt"]
    assert leftovers(directory, ages=ages, now=time.time() + 2 * 86_400) == []
    (unfinished / "mine.txt").unlink()
    assert remove_leftover(found, days=1, now=time.time() + 2 * 86_400)
    assert sorted(path.name for path in directory.input.iterdir()) == ["documents.parquet", "pseudonyms.json"]


def test_the_run_holds_none_of_what_was_replaced(folder: Path) -> None:
    run = open_run(folder / "run")
    documents = run.inputs().collect()
    assert documents.columns == ["id", "text", "ward"]
    assert documents["id"].to_list() == [f"8012{place:06}" for place in range(4)]
    assert made_input(run).replaced == {"birth_date": 4, "name": 4, "phone": 4}
    (item,) = (one for one in glane.checklists(run, which="aipd").lists["aipd"] if one.item.item == "4.2")
    assert (
        "replaced: 4 names, 4 dates of birth, 4 telephone numbers. Dates other than of birth stayed" in item.told["en"]
    )
    assert "4 noms, 4 dates de naissance, 4 numéros de téléphone" in item.told["fr"]
    for path in (folder / "run").rglob("*"):
        if path.is_file():
            text = path.read_bytes().decode("utf-8", "replace")
            text += str(pq.read_table(path).to_pydict()) if path.suffix == ".parquet" else ""
            assert not [name for name in NAMES if name in text or name.lower() in text], path.name
            assert SECRET.decode() not in text
            assert str(folder / "key") not in text
    assert "2/02/2024" in documents["text"][1]  # dates are kept


def test_quotes_stand_in_what_was_read_and_come_back_to_the_originals(folder: Path) -> None:
    run = open_run(folder / "run")
    texts = dict(run.documents().collect().iter_rows())
    back = glane.original_places(run, folder / "run-offsets.parquet").drop_nulls("start")
    assert back.height > 3
    for row in back.iter_rows(named=True):
        assert texts[row["id"]][row["start"] : row["end"]] == row["quote"]
        text, original = texts[row["id"]], TEXTS[int(row["original_id"][4:])]
        words = original.split(" ")  # as many as in the pseudonymised text
        first, num = text[: row["start"]].count(" "), row["quote"].count(" ") + 1
        assert original[row["original_start"] : row["original_end"]] == " ".join(words[first : first + num])


def test_offsets_of_other_documents_are_refused(folder: Path, tmp_path: Path) -> None:
    run = folder / "run"
    other = write_input(tmp_path)
    with kept_tables(told(other, data__pseudonyms__known_columns=[])):
        pass
    with pytest.raises(DataError, match="not of the documents of this run"):
        glane.original_places(run, other / "run-offsets.parquet")
    with (
        pytest.raises(RunError, match="those of other documents or rules"),
        kept_tables(told(folder, "second", data__pseudonyms__offsets=str(other / "run-offsets.parquet"))),
    ):
        pass
    assert not (folder / "second").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data__pseudonyms__dates": "shifted"}, 'dates: "kept" -> "shifted"'),
        ({"data__pseudonyms__known_columns": []}, "known_columns"),
        ({"data__pseudonyms__keep": ["phone"]}, "keep"),
    ],
)
def test_a_run_goes_on_with_the_same_rules_only(folder: Path, changes: dict[str, Any], said: str) -> None:
    with kept_tables(told(folder)) as readable:
        assert readable.data.path == str(folder / "run" / "input" / "documents.parquet")
        assert not readable.data.pseudonyms.is_asked
    with pytest.raises(ConfigError, match=said), kept_tables(told(folder, **changes)):
        pass


def test_another_key_is_refused_and_told_by_its_digest(folder: Path, tmp_path: Path) -> None:
    write_key(tmp_path, SECRET[::-1])
    with (
        pytest.raises(ConfigError, match="key: ") as refused,
        kept_tables(told(folder, data__pseudonyms__key_file=str(tmp_path / "key"))),
    ):
        pass
    assert SECRET[::-1].decode() not in str(refused.value)


def test_originals_are_no_documents_of_that_run(folder: Path) -> None:
    with pytest.raises(GlaneError, match="pseudonyms|other documents|input"):
        work(make_settings(folder / "notes.parquet", folder / "run", QUOTED, data__carry_columns=["ward"]))


def test_a_text_in_which_the_rules_fail_costs_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = rules_of_rows.pseudonymised

    def fails(text: str, **words: Any) -> Any:
        if NAMES[2] in text:
            raise IndexError(text)
        return sound(text, **words)

    monkeypatch.setattr(rules_of_rows, "pseudonymised", fails)
    run = extracted(told(write_input(tmp_path)))
    rows = run.all().select("id", "status", "reason").collect()
    assert rows["status"].to_list() == ["OK", "OK", "REJECTED", "OK"]
    assert "pseudonymisation failed (IndexError" in rows["reason"][2]
    assert NAMES[2] not in rows["reason"][2]
    assert made_input(run).failed == 1


def test_a_group_with_such_a_text_is_rejected_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(text: str, **_: Any) -> Any:
        raise IndexError(text)

    monkeypatch.setattr(rules_of_rows, "pseudonymised", fails)
    settings = told(write_input(tmp_path), data__group_by="patient", data__carry_columns=[])
    rows = extracted(settings).all().select("status", "reason").collect()
    assert rows["status"].unique().to_list() == ["REJECTED"]
    assert "2 of 2 documents of the group cannot be read (pseudonymisation failed" in rows["reason"][0]


def test_what_the_model_reads_beside_the_text_is_replaced_too(tmp_path: Path) -> None:
    settings = told(write_input(tmp_path), task={**SMALL_TASK, "inputs": ["text", "motif"]})
    with kept_tables(settings) as readable:
        found = pl.read_parquet(readable.data.path)
    assert set(found.columns) == {"id", "text", "motif", "ward", "__glane_problem"}
    assert not any(name in cell for cell in found["motif"] for name in NAMES)


def test_a_column_that_the_prompt_would_show_as_it_is_is_refused(tmp_path: Path) -> None:
    folder = write_input(tmp_path)
    table = pq.read_table(folder / "notes.parquet")
    table = table.append_column("tags", pa.array([[f"appel de {name}"] for name in NAMES]))
    table = table.append_column("day", pa.array([date(2024, 2, 1)] * 4)).append_column("years", pa.array([1, 2, 3, 4]))
    pq.write_table(table, folder / "notes.parquet")
    for name, dates in (("tags", "kept"), ("day", "shifted")):
        task = {**SMALL_TASK, "inputs": ["text", name]}
        settings = told(folder, task=task, data__carry_columns=[name], data__pseudonyms__dates=dates)
        with pytest.raises(DataError, match="the model would read it as it is"), kept_tables(settings):
            pass
    with kept_tables(told(folder, task={**SMALL_TASK, "inputs": ["text", "years", "day"]})) as readable:
        assert pl.read_parquet(readable.data.path)["years"].to_list() == [1, 2, 3, 4]


def with_columns(folder: Path, **columns: pa.Array) -> Path:
    """The input with further columns."""
    table = pq.read_table(folder / "notes.parquet")
    for name, column in columns.items():
        table = table.append_column(name, column)
    pq.write_table(table, folder / "notes.parquet", row_group_size=2)
    return folder


OF_PERSON: dict[str, pa.Array] = {
    "nom_naissance": pa.array([f"{name.upper()} Zyxandre" for name in NAMES]).dictionary_encode(),
    "octets": pa.array([name.encode() for name in NAMES], pa.large_binary()),
    "naissance": pa.array([date(1951, 3, 12), None, date(1951, 3, 12), date(1951, 3, 12)]),
    "instant": pa.array([datetime(1951, 3, 12)] * 4, pa.timestamp("ms")),
    "ipp": pa.array([80_123_450, 80_123_451, 80_123_452, 80_123_453], pa.int32()),
}


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run that carries what is known of the persons, in columns of several types."""
    folder = with_columns(write_input(tmp_path_factory.mktemp("carried")), **OF_PERSON)
    texts = [f"{text} IPP {ipp}." for text, ipp in zip(TEXTS, OF_PERSON["ipp"].to_pylist(), strict=True)]
    table = pq.read_table(folder / "notes.parquet")
    pq.write_table(table.set_column(1, "text", pa.array(texts)), folder / "notes.parquet")
    known = ["nom", *OF_PERSON]
    extracted(
        told(
            folder,
            data__pseudonyms__known_columns=known,
            data__carry_columns=[*known, "patient", "ward"],
            data__pseudonyms__person_column="patient",
        )
    )
    return folder


def test_a_known_column_is_carried_as_the_text_has_it(carried: Path) -> None:
    run = open_run(carried / "run")
    rows, before = run.all().collect(), pl.read_parquet(carried / "notes.parquet")
    known = pq.read_schema(carried / "run" / "input" / "documents.parquet")
    for name, column in OF_PERSON.items():
        assert known.field(name).type == column.type
        assert rows[name].is_null().to_list() == before[name].is_null().to_list()
        assert not set(rows[name].drop_nulls()) & set(before[name].drop_nulls())
    for row, text in zip(rows.iter_rows(named=True), run.inputs().collect()["text"], strict=True):
        assert f"Mme {row['nom'].capitalize()}," in text
        assert row["nom_naissance"].split()[0].lower() == row["octets"].decode().lower() == row["nom"]
        assert f"IPP {row['ipp']:08}." in text
        born = date(1951, 3, 12) if row["naissance"] is None else row["naissance"]
        assert f"née le {row['instant']:%d/%m/%Y}" in text
        assert row["naissance"] is None or f"née le {born:%d/%m/%Y}" in text
    assert made_input(run).values == dict.fromkeys(sorted(["nom", *OF_PERSON]), 4) | {"naissance": 3}
    assert all(person.startswith("p") and len(person) == 25 for person in rows["patient"])
    assert rows["patient"].n_unique() == 3


def test_no_byte_of_such_a_run_tells_who_they_are(carried: Path) -> None:
    wanted = {*NAMES, "Zyxandre", "12/03/1951", "1951-03-12", "(1951, 3, 12", *map(str, OF_PERSON["ipp"].to_pylist())}
    wanted |= {name.encode().hex() for name in NAMES}
    files = [path for path in (carried / "run").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        text = path.read_bytes().decode("utf-8", "replace")
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            text += str(table.to_pydict()) + str(table.schema.metadata)
        assert not [one for one in wanted if one.lower() in text.lower()], path.name


@pytest.mark.parametrize(
    ("column", "style", "said"),
    [
        (pa.array([1.5, 2.5, 3.5, 4.5]), "plausible", "is of type number"),
        (pa.array([[name] for name in NAMES]), "plausible", "is of type list"),
        (pa.array([1, 2, 3, 4], pa.int8()), "plausible", "is of type whole number"),
        (pa.array([10_000_001, 2, 3, 4]), "marked", "style=marked gives no digits"),
    ],
)
def test_what_no_surrogate_fits_is_not_carried(tmp_path: Path, column: pa.Array, style: str, said: str) -> None:
    folder = with_columns(write_input(tmp_path), poids=column)
    settings = told(
        folder, data__pseudonyms__known_columns=["poids"], data__carry_columns=["poids"], data__pseudonyms__style=style
    )
    with pytest.raises(DataError, match=said), kept_tables(settings):
        pass
    assert not (folder / "run" / "input").exists()
    with pytest.raises(DataError, match=said):
        glane.pseudonymise(
            folder / "notes.parquet", folder / "out", offsets=folder / "o.parquet", key_file=folder / "key", style=style,
            data__known_columns=["poids"], data__carry_columns=["poids"],
        )  # fmt: skip
    assert not (folder / "out").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data__where": "nom = 'x'"}, "it reads 'nom'"),
        ({"data__where": "patient = 'a'", "data__pseudonyms__person_column": "patient"}, "it reads 'patient'"),
        ({"data__where": "ward != 'QUENEHERVE'"}, "a value in it is one of column 'nom'"),
        ({"data__where": "ward NOT LIKE '%Kerzérho%'"}, "a value in it is one of column 'nom'"),
        ({"data__pseudonyms__known_columns": ["nom", "id"]}, "data.id_column: 'id' is known"),
        ({"data__group_by": "nom", "data__carry_columns": []}, "data.group_by: 'nom' is known"),
        (
            {"data__group_by": "patient", "data__order_by": "nom", "data__carry_columns": []},
            "data.order_by: 'nom' is known",
        ),
    ],
)
def test_what_would_stay_of_a_person_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    folder = write_input(tmp_path)
    with pytest.raises(ConfigError, match=said) as refused, kept_tables(told(folder, **changes)):
        pass
    assert not any(name.lower() in str(refused.value).lower() for name in NAMES)
    assert not (folder / "run").exists()
    assert not (folder / "run-offsets.parquet").exists()


def test_a_condition_on_other_words_is_none_of_a_person(tmp_path: Path) -> None:
    settings = told(write_input(tmp_path), data__where="ward = 'nord' AND text NOT LIKE '%Kerz%'")
    with kept_tables(settings):
        pass


@pytest.mark.parametrize("kind", ["date", "text"])
def test_dates_that_order_the_documents_are_not_shown_beside_shifted_ones(tmp_path: Path, kind: str) -> None:
    days = [date(2024, 2, day) for day in (1, 2, 3, 4)]
    column = pa.array(days if kind == "date" else [day.isoformat() for day in days])
    folder = with_columns(write_input(tmp_path), seen=column)
    words = {"data__group_by": "patient", "data__order_by": "seen", "data__carry_columns": []}
    with (
        pytest.raises(ConfigError, match="tell by how much these were shifted"),
        kept_tables(told(folder, data__pseudonyms__dates="shifted", **words)),
    ):
        pass
    with kept_tables(told(folder, **words)):
        pass


def test_what_the_prompt_shows_of_a_person_is_replaced_whole(tmp_path: Path) -> None:
    """In lower case, and a birth date beside dates that are kept: no rule would find them."""
    folder = with_columns(write_input(tmp_path), naissance=OF_PERSON["naissance"], petit=pa.array(["petit"] * 4))
    known = ["petit", "naissance"]
    settings = told(
        folder, task={**SMALL_TASK, "inputs": ["text", *known, "patient"]}, data__pseudonyms__known_columns=known,
        data__pseudonyms__person_column="patient",
    )  # fmt: skip
    with kept_tables(settings) as readable:
        found = pl.read_parquet(readable.data.path)
    assert not {"petit", "Petit"} & set(found["petit"])
    assert date(1951, 3, 12) not in found["naissance"].to_list()
    assert not {"a", "b", "c"} & set(found["patient"])


def test_a_carried_column_that_holds_what_was_replaced_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = told(write_input(tmp_path), data__carry_columns=["ward", "motif"])
    with kept_tables(settings) as readable:
        made = pseudonymised_beside(readable.data.path)
    assert made is not None
    assert made.holding == {"motif": 4}
    assert made.columns == ("id", "ward", "motif")
    told_of = capsys.readouterr().err
    assert "'motif' stays as it is, and holds in 4 of 4 rows" in told_of
    assert "in the run as they are: id, ward, motif" in told_of


def test_a_cell_in_which_the_rules_fail_costs_its_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(cell: object, *_: object) -> Any:
        raise IndexError(cell)

    monkeypatch.setattr(rules_of_rows, "replaced_cell", fails)
    run = extracted(told(write_input(tmp_path), data__carry_columns=["nom"]))
    rows = run.all().select("status", "reason", "nom").collect()
    assert rows["status"].unique().to_list() == ["REJECTED"]
    assert "pseudonymisation failed (IndexError" in rows["reason"][0]
    assert rows["nom"].to_list() == [None] * 4


def test_what_a_condition_reads_is_kept(tmp_path: Path) -> None:
    run = extracted(told(write_input(tmp_path), data__where="patient = 'a'"))
    assert run.all().collect().height == 2


def test_a_run_that_extends_needs_the_same_rules(folder: Path, tmp_path: Path) -> None:
    wider = {**QUOTED, "fields": {**QUOTED["fields"], "more": {"type": "boolean"}}}
    settings = told(folder, "wider", task=wider, data__extend=str(folder / "run"))
    again = settings.model_copy(
        update={"data": settings.data.model_copy(update={"path": str(folder / "run" / "input" / "documents.parquet"),
                                                         "pseudonyms": type(settings.data.pseudonyms)()})}
    )  # fmt: skip
    extract_here(again)  # the documents of that run, read again: no key is needed
    assert open_run(folder / "wider").all().collect()["reused"].all()
    plain = make_settings(
        folder / "notes.parquet", tmp_path / "plain", wider, data__extend=str(folder / "run"),
        data__carry_columns=["ward"],
    )  # fmt: skip
    with pytest.raises(ConfigError, match="pseudonyms"):
        work(plain)


def test_the_same_documents_come_out_the_same_for_a_second_run(folder: Path) -> None:
    second = extracted(told(folder, "same"))
    first = open_run(folder / "run")
    assert [one.digest for one in second.description().files] == [one.digest for one in first.description().files]
    assert second.description().fingerprint_digest == first.description().fingerprint_digest


def test_shifted_dates_are_told_of_in_the_codebook(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = extracted(told(write_input(tmp_path), task=SMALL_TASK, data__pseudonyms__dates="shifted"))
    said = {entry.column: entry.description for entry in run.description().codebook}
    assert "182 jours" in said["onset"]
    assert "182" in said["cases.when"]
    assert "182" not in said["age"]
    said_before = capsys.readouterr().err
    assert "dates in the answers are shifted" in said_before
    assert "months without a year" not in said_before


@pytest.mark.parametrize(("dates", "left"), [("shifted", 2), ("kept", 0)])
def test_months_and_weeks_that_stay_beside_shifted_dates_are_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dates: str, left: int
) -> None:
    days = [date(2024, 2, 1)] * 4
    folder = with_columns(
        write_input(tmp_path), seen=pa.array(days), seen_text=pa.array([f"{day:%d/%m/%Y}" for day in days])
    )
    table = pq.read_table(folder / "notes.parquet")
    texts = [f"{TEXTS[0]} Revue en avril, puis en S14 et le 12-MAR-2024.", *TEXTS[1:]]
    pq.write_table(table.set_column(1, "text", pa.array(texts)), folder / "notes.parquet")
    carried = ["ward", "seen", "seen_text"]
    with kept_tables(told(folder, data__pseudonyms__dates=dates, data__carry_columns=carried)) as readable:
        made = pseudonymised_beside(readable.data.path)
        assert ("12-MAR-2024" in pl.read_parquet(readable.data.path)["text"][0]) == (dates == "kept")
    assert made is not None
    assert made.dates_left == left
    assert made.true_dates == (("seen", "seen_text") if left else ())
    said_of_columns = capsys.readouterr().err
    assert ("columns of dates stay as they are: seen, seen_text." in said_of_columns) == bool(left)
    assert ("note: 2 months without a year and weeks stay" in said_of_columns) == bool(left)
    words = {"key_file": folder / "key", "keep": ["date"] if dates == "kept" else [], "data__carry_columns": ["seen"]}
    done = glane.pseudonymise(folder / "notes.parquet", folder / "out", offsets=folder / "o.parquet", **words)
    assert done.table.dates_left == left
    assert ("2 months without a year and weeks stay" in str(done)) == bool(left)
    assert ("columns of dates stay as they are: seen." in str(done)) == bool(left)


def test_periods_of_shifted_dates_are_refused(folder: Path, tmp_path: Path) -> None:
    run = extracted(told(write_input(tmp_path), task=SMALL_TASK, data__pseudonyms__dates="shifted"))
    table = {"name": "weekly", "field": "fever", "value": True, "time": {"column": "onset"}}
    shifted = r"the dates of 'onset' were shifted by up to 182 days"
    with pytest.raises(ConfigError, match=shifted):
        glane.aggregate(run, table)
    with pytest.raises(ConfigError, match=shifted):
        glane.estimate(run, pl.DataFrame({"id": ["a"]}), field="fever", value=True, by="onset", every="week")
    refuse_shifted(run, table=["ward", None])
    with pytest.raises(ConfigError, match="brief.period: the dates"):
        refuse_shifted(run, **{"brief.period": "cases.when"})
    refuse_shifted(open_run(folder / "run"), table=["onset"])  # whose dates are kept


@pytest.mark.parametrize("path", ["run/input/documents.parquet", "run/input", "run/input/*.parquet"])
def test_pseudonymised_documents_are_known_by_each_way_to_name_them(folder: Path, path: str) -> None:
    assert pseudonymised_beside(str(folder / path)) is not None
    assert pseudonymised_beside(str(folder / "notes.parquet")) is None


def test_a_preview_keeps_neither_documents_nor_offsets(tmp_path: Path) -> None:
    folder = write_input(tmp_path)
    before = sorted(folder.iterdir())
    with passing_tables(told(folder)) as readable:
        path = Path(readable.data.path)
        assert NAMES[0] not in pl.read_parquet(path)["text"][0]
    assert not path.exists()
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data__pseudonyms__offsets": None}, "offsets"),
        ({"data__pseudonyms__dates": None}, "dates=kept or dates=shifted is needed"),
        ({"data__pseudonyms__key_file": None}, "no key is"),
        ({"data__number_rows": True}, "number_rows"),
        ({"data__pseudonyms__shift_columns": ["ward"]}, "dates=shifted"),
        ({"data__pseudonyms__known_columns": ["text"]}, "is the text"),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        told(tmp_path, **changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"data__pseudonyms__known_columns": ["name"]}, "known_columns"),
        ({"data__pseudonyms__shift_columns": ["ward"], "data__pseudonyms__dates": "shifted"}, "dates and timestamps"),
        ({"data__pseudonyms__offsets": "{folder}/run/o.parquet"}, "kept apart"),
    ],
)
def test_what_the_documents_do_not_have_is_refused(tmp_path: Path, changes: dict[str, Any], said: str) -> None:
    folder = write_input(tmp_path)
    changes = {
        name: value.format(folder=folder) if isinstance(value, str) else value for name, value in changes.items()
    }
    with pytest.raises(GlaneError, match=said), kept_tables(told(folder, **changes)):
        pass
    assert not RunDirectory(root=folder / "run").input.exists()


def test_tables_of_other_formats_and_several_tasks_are_refused(tmp_path: Path) -> None:
    folder = write_input(tmp_path)
    (folder / "notes.csv").write_text("id;text;nom;ward\n1;toux;x;y\n")
    with (
        pytest.raises(ConfigError, match="is no Parquet"),
        kept_tables(told(folder, data__path=str(folder / "notes.csv"))),
    ):
        pass
    from conftest import several

    with pytest.raises(ConfigError, match="each of several tasks"):
        refuse_tables_of_several(several(told(folder), {**QUOTED, "name": "other"}))


def test_a_call_that_was_killed_between_its_files_begins_again(tmp_path: Path) -> None:
    """The offsets are there, and the folder is not: those of the same documents are replaced."""
    folder = write_input(tmp_path)
    settings = told(folder)
    replaced_documents(settings.data, [], folder / "elsewhere" / "input")
    assert (folder / "run-offsets.parquet").exists()
    extracted(settings)


def test_many_documents_are_not_replaced_while_somebody_waits(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("glane.job.tables.MOST_BYTES_TO_REPLACE", 100)
    with pytest.raises(DataError, match="glane pseudonymise"), passing_tables(told(folder, "many")):
        pass
    with pytest.raises(DataError, match="glane pseudonymise"), kept_tables(told(folder, "many"), most_bytes=2**30):
        pass
    assert not (folder / "many").exists()


def test_a_run_on_pseudonyms_is_verified_and_reviewed(folder: Path, tmp_path: Path) -> None:
    job_here(f"run.dir={folder}/run", name="verify")
    job_here(f"run.dir={folder}/run", f"out.dir={tmp_path}/review", "rows=3", name="review")
    page = (tmp_path / "review" / "review.html").read_text()
    assert not [name for name in NAMES if name in page]


def test_the_command_takes_the_keys(folder: Path) -> None:
    words = [
        f"data.path={folder}/notes.parquet", f"run.dir={folder}/command", f"data.pseudonyms.key_file={folder}/key",
        f"data.pseudonyms.offsets={folder}/command.parquet", "data.pseudonyms.dates=kept", "cluster=slurm",
        "cluster.dry_run=true",
    ]  # fmt: skip
    done = job_here(*words)
    assert "documents.parquet" in done.stdout
    assert f"{folder}/key" not in done.stdout


@pytest.mark.parametrize("first", ["pseudo", "plain"])
def test_who_is_erased_of_a_run_on_pseudonyms_is_erased_of_one_on_the_originals_and_the_other_way_round(
    tmp_path: Path, first: str
) -> None:
    folder = write_input(tmp_path)
    extracted(told(folder, "pseudo"))
    extracted(make_settings(folder / "notes.parquet", folder / "plain", QUOTED))
    said: list[str] = []
    asked = {"run": {"dir": str(folder / first)}, "ids": ["8012000001"], "remove": True}
    erase(erase_settings(asked), say=lambda line: said.append(str(line)))
    for run in ("pseudo", "plain"):
        assert open_run(folder / run).all().collect()["id"].to_list() == [f"8012{place:06}" for place in (0, 2, 3)]
    assert any("yours" in line and "notes.parquet" in line for line in said), said
    left = pq.read_table(folder / "pseudo-offsets.parquet")["id"].to_pylist()
    assert "8012000001" not in left
    assert "8012000002" in left
