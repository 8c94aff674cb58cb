"""Right answers, ids and reference tables as a spreadsheet makes them: the same figures as with Parquet, or a sentence."""

import datetime
import json
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, write_documents
from glane.assess.files import read_table
from glane.corpus.id_list import read_id_list
from glane.corpus.same_ids import ids_like
from glane.errors import ConfigError, DataError, GlaneError
from glane.normalisation.reference import Reference
from glane.normalisation.tables import read_table as read_lookup
from glane.task.lookups import Lookup
from test_delimited import delimited
from workbooks import write_xlsx

TASK = {
    "name": "t", "instructions": "Lis.", "repairs": 0,
    "fields": {
        "age": {"type": "integer", "nullable": True}, "fever": {"type": "boolean", "nullable": True},
        "code": {"type": "string", "nullable": True}, "seen": {"type": "date", "nullable": True},
        "signs": {"type": "list", "items": {"type": "string"}},
    },
}  # fmt: skip
DAY = datetime.date(2025, 3, 13)


@pytest.fixture(scope="module", params=["text", "numbers"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of 20 documents with ids such as 1001, as texts or as numbers."""
    folder = tmp_path_factory.mktemp(request.param)
    answers = [
        {"age": n, "fever": n % 2 == 0, "code": str(100 + n), "seen": str(DAY), "signs": ["toux"]} for n in range(20)
    ]
    path = write_documents(folder / "d.parquet", [f"[[answer {json.dumps(one)}]]" for one in answers])
    ids = [1001 + n for n in range(20)]
    frame = pl.read_parquet(path).with_columns(
        pl.Series("id", ids if request.param == "numbers" else list(map(str, ids)))
    )
    frame.write_parquet(path)
    extract_here(make_settings(path, folder / "run", TASK))
    return folder / "run"


def rows() -> list[list[Any]]:
    """Nineteen of them right, and one age wrong."""
    return [[1001 + n, 99 if n == 3 else n, n % 2 == 0, 100 + n, DAY] for n in range(20)]


NAMES = ["id", "age", "fever", "code", "seen"]


def written(path: Path, names: list[str], cells: list[list[Any]]) -> Path:
    if path.suffix == ".xlsx":
        plain = [[(45729, 1) if isinstance(cell, datetime.date) else cell for cell in row] for row in cells]
        return write_xlsx(path, {"f": [names, *plain]})
    path.write_bytes(delimited([names, *cells]).encode("cp1252"))
    return path


@pytest.mark.parametrize("name", ["gold.xlsx", "gold.csv"])
@pytest.mark.parametrize("words", [None, ("oui", "non"), ("Yes", "NO"), (1, 0)])
def test_right_answers_of_a_spreadsheet_give_the_figures(run: Path, tmp_path: Path, name: str, words: Any) -> None:
    cells = rows()
    for row in cells if words else ():
        row[2] = words[0] if row[2] else words[1]
    found = glane.evaluate(run, written(tmp_path / name, NAMES, cells))
    ages = found.summary.fields["age"]
    assert (ages.support, ages.correct, ages.wrong) == (20, 19, 1)
    for field in ("fever", "code", "seen"):
        assert found.summary.fields[field].correct == 20


def test_columns_that_are_not_of_the_task_are_named(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cells = [[*row, "secret", None, 1.0] for row in rows()]
    glane.evaluate(run, written(tmp_path / "g.csv", [*NAMES, "fevre", "age__missing", "weight"], cells))
    said = capsys.readouterr().err
    assert "gold: columns that are no fields of the task are not compared: fevre." in said
    assert "g.csv: read as delimited text, separator ;" in said
    assert "secret" not in said
    glane.evaluate(run, pl.DataFrame({"id": [1001], "age": [1], "agge": [1]}))
    assert "not compared: agge." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("names", "change", "told"),
    [
        (NAMES, {2: "peut-être"}, "gold.fever: 20 cells say neither yes nor no. Write oui or non"),
        (NAMES, {1: "secret"}, "gold.age: 20 cells are not what the task's integer needs"),
        (NAMES, {4: "secret"}, "gold.seen: 20 cells are not what the task's date needs"),
        (NAMES, {4: "01/02/2025"}, "gold.seen: 20 cells are not what.*glane convert source="),
        (["id", "age", "fever", "code", "signs"], {4: "toux"}, "gold.signs: a cell of g.csv holds no list.*JSON lines"),
        (["nom", *NAMES[1:]], {}, "gold: no column 'id'"),
        (NAMES, {0: ""}, "gold.id: 20 rows have no id"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_told_in_a_sentence_without_programs(
    run: Path, tmp_path: Path, names: list[str], change: dict[int, Any], told: str
) -> None:
    cells = rows()
    for row in cells:
        for at, cell in change.items():
            row[at] = cell
    with pytest.raises(GlaneError) as error:
        glane.evaluate(run, written(tmp_path / "g.csv", names, cells))
    assert re.search(told, str(error.value))
    for word in ("Polars", "secret", "peut-être", "pl.", "01/02"):
        assert word not in str(error.value)


def test_ids_that_lost_their_zeros_are_told(tmp_path: Path) -> None:
    answer = {"age": 1, "fever": True, "code": "1", "seen": str(DAY), "signs": []}
    path = write_documents(tmp_path / "d.parquet", [f"[[answer {json.dumps(answer)}]]"])
    pl.read_parquet(path).with_columns(id=pl.lit("0012")).write_parquet(path)
    extract_here(make_settings(path, tmp_path / "run", TASK))
    gold = write_xlsx(tmp_path / "g.xlsx", {"f": [["id", "age"], [12, 1]]})
    with pytest.raises(DataError, match=r"no id is one of the run's.*A spreadsheet drops zeros"):
        glane.evaluate(tmp_path / "run", gold)
    kept = written(tmp_path / "g.csv", ["id", "age"], [["0012", 1]])
    assert glane.evaluate(tmp_path / "run", kept).summary.fields["age"].correct == 1


@pytest.mark.parametrize(
    ("ids", "kind", "same"),
    [
        (pl.Series([1, 20]), pl.String(), ["1", "20"]),
        (pl.Series(["1", "-20", None]), pl.Int64(), [1, -20, None]),
        (pl.Series(["1", "001"]), pl.Int64(), None),
        (pl.Series(["1", "+1"]), pl.Int64(), None),
        (pl.Series(["1", "x"]), pl.Int64(), None),
        (pl.Series(["-0"]), pl.Int64(), None),
        (pl.Series([300]), pl.Int8(), None),
        (pl.Series([1.5]), pl.String(), None),
        (pl.Series(["9" * 30]), pl.Int64(), None),
    ],
)
def test_ids_are_taken_in_another_type_only_where_each_stays_itself(
    ids: pl.Series, kind: pl.DataType, same: list[Any] | None
) -> None:
    found = ids_like(ids, kind)
    assert (None if found is None else found.to_list()) == same


def test_a_list_of_ids_may_be_a_spreadsheet(run: Path, tmp_path: Path) -> None:
    data = run.parent / "d.parquet"
    for name in ("ids.csv", "ids.xlsx"):
        listed = written(tmp_path / name, ["id", "x"], [[1003, "a"], [1007, "b"]])
        settings = make_settings(data, tmp_path / f"run-{name}", TASK, data__only_ids_in=str(listed))
        assert sorted(map(str, extract_here(settings)["id"].to_list())) == ["1003", "1007"]
    assert read_id_list(str(written(tmp_path / "z.csv", ["id"], [["0012"]])), "id", setting="x").to_list() == ["0012"]
    with pytest.raises(DataError, match=r"stand in it twice"):
        read_id_list(str(written(tmp_path / "t.csv", ["id", "x"], [["a", 1], ["a", 2]])), "id", setting="x")
    two = write_xlsx(tmp_path / "two.xlsx", {"a": [["id"], ["k"]], "b": [["id"], ["l"]]})
    with pytest.raises(DataError, match=r"has 2 sheets. Set data.sheet.*glane convert source="):
        read_id_list(str(two), "id", setting="data.only_ids_in")


def test_a_reference_table_may_be_a_workbook_or_in_another_encoding(tmp_path: Path) -> None:
    names = ["nom", "code"]
    cells = [["Łódź", "007"], ["Gdańsk", "008"]]
    (tmp_path / "l.csv").write_bytes(delimited([names, *cells]).encode("cp1250"))
    write_xlsx(tmp_path / "l.xlsx", {"f": [names, *cells]})
    for name in ("l.csv", "l.xlsx"):
        lookup = Lookup(path=str(tmp_path / name), match="nom", code="code")
        assert Reference(lookup, read_lookup("c", lookup)).match("łódź").code == "007"
    write_xlsx(tmp_path / "n.xlsx", {"f": [names, ["Gdańsk", 8]]})
    with pytest.raises(ConfigError, match=r"code: column 'code' is of type whole number"):
        read_lookup("c", Lookup(path=str(tmp_path / "n.xlsx"), match="nom", code="code"))
    (tmp_path / "r.csv").write_text("nom;code\nsecret;1;2\n")
    with pytest.raises(
        ConfigError, match=r"task.lookups.c.path: .*the row of line 2 has 3 cells.*glane convert"
    ) as error:
        read_lookup("c", Lookup(path=str(tmp_path / "r.csv"), match="nom", code="code"))
    assert "secret" not in str(error.value)


def test_several_tables_are_one_and_nothing_is_left_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    for month in (1, 2):
        written(tmp_path / f"m{month}.csv", ["id", "age"], [[f"a{month}", month]])
    assert read_table(str(tmp_path / "m*.csv"), place="gold").rows() == [("a1", 1), ("a2", 2)]
    assert not list((tmp_path / "tmp").iterdir())
