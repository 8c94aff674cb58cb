"""Translated programs tried: twins of tables, what is learned of real ones, comparison, and the whole command."""

from __future__ import annotations

import datetime
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

import glane
from conftest import ROOT, extract_here, job_here, make_settings, read_yaml, write_documents
from export_cases import make_run
from glane.errors import ConfigError, DataError, GlaneError
from glane.programs.bounds import with_bounds
from glane.programs.compare import compared
from glane.programs.description import Tables, tables_of
from glane.programs.inputs import expected_of, folders
from glane.programs.judge import OUTCOMES, Program
from glane.programs.learn import learned
from glane.programs.twin import twins
from glane.programs.twin_set import as_yaml
from programs_cases import CASES, text_of

DESCRIBED: dict[str, Any] = {
    "tables": {
        "communes": {
            "rows": 30,
            "key": "commune",
            "columns": {"commune": {}, "population": {"type": "integer", "minimum": 100, "maximum": 90_000}},
        },
        "cas": {
            "rows": 200,
            "columns": {
                "id": {"type": "integer", "minimum": 1, "maximum": 40, "missing": 0},
                "commune": {"references": "communes.commune"},
                "statut": {"values": {"confirme": 6, "exclu": 3, "rare": 1}},
                "sexe": {"type": "integer", "values": [1, 2]},
                "age": {"type": "number", "minimum": -3, "maximum": 99, "also": [18]},
                "date": {"type": "date", "minimum": "2024-01-01", "maximum": "2024-03-01"},
                "vu": {"type": "datetime"},
                "fievre": {"type": "boolean"},
            },
        },
    }
}


def described(values: dict[str, Any] = DESCRIBED) -> Tables:
    return tables_of(values, place="tables")


def test_a_twin_is_of_its_types_ranges_and_keys_and_has_the_edge_cases() -> None:
    found = twins(described(), seed=0)
    communes, cas = found["communes"], found["cas"]
    assert list(found) == ["communes", "cas"]
    assert communes["commune"].is_unique().all()
    assert communes["commune"].null_count() == 0
    assert dict(cas.schema) == {
        "id": pl.Int64, "commune": pl.String, "statut": pl.String, "sexe": pl.Int64, "age": pl.Float64,
        "date": pl.Date, "vu": pl.Datetime("us"), "fievre": pl.Boolean,
    }  # fmt: skip
    assert (cas["age"].min(), cas["age"].max()) == (-3, 99)
    assert {0, 18} <= set(cas["age"])
    assert (cas["date"].min(), cas["date"].max()) == (datetime.date(2024, 1, 1), datetime.date(2024, 3, 1))
    assert set(cas["statut"].drop_nulls()) == {"confirme", "exclu", "rare"}
    assert set(cas["sexe"].drop_nulls()) == {1, 2}
    assert cas["id"].null_count() == 0
    assert all(cas[name].null_count() >= 2 for name in cas.columns if name != "id")
    known = set(communes["commune"])
    orphans = cas["commune"].drop_nulls().filter(~cas["commune"].drop_nulls().is_in(known))
    assert 0 < len(orphans) < 30
    assert known - set(cas["commune"])  # some have no case
    assert cas.is_duplicated().sum() >= 4
    # Ties: the same person and day with another status; a group without any number; rows in no order.
    assert (cas.group_by("id", "date").agg(pl.col("statut").n_unique())["statut"] > 1).any()
    assert (
        cas.filter(pl.col("statut") == "rare")["age"].null_count() == cas.filter(pl.col("statut") == "rare").height > 0
    )
    assert not cas["date"].drop_nulls().is_sorted()


def test_a_twin_follows_from_description_and_seed_alone() -> None:
    again = twins(described(), seed=0)
    assert_frame_equal(twins(described(), seed=0)["cas"], again["cas"])
    assert not twins(described(), seed=1)["cas"].equals(again["cas"])
    alone = {"tables": {"communes": DESCRIBED["tables"]["communes"]}}
    assert_frame_equal(twins(described(alone), seed=0)["communes"], again["communes"])
    written = tables_of(yaml.safe_load(as_yaml(described())), place="tables")
    assert_frame_equal(twins(written, seed=0)["cas"], again["cas"])


COLUMNS = st.one_of(
    st.sampled_from(["string", "integer", "number", "boolean", "date", "datetime"]).map(lambda kind: {"type": kind}),
    st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=4, unique=True).map(
        lambda one: {"values": one}
    ),
    st.tuples(st.integers(-99, 99), st.integers(0, 99)).map(
        lambda one: {"type": "integer", "minimum": one[0], "maximum": one[0] + one[1]}
    ),
)


@given(
    st.dictionaries(st.text("xyz", min_size=1, max_size=2), COLUMNS, min_size=1, max_size=4),
    st.integers(0, 12),
    st.booleans(),
)
def test_whatever_is_described_has_a_twin(columns: dict[str, Any], rows: int, has_key: bool) -> None:
    key = [next(iter(columns))] if has_key else []
    found = twins(described({"tables": {"t": {"rows": rows, "key": key, "columns": columns}}}), seed=3)["t"]
    assert found.columns == list(columns)
    assert (found.height == 0) == (rows == 0)
    if has_key:
        assert found[key[0]].is_unique().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cas": {"columns": {"a": {"type": "integer", "minimum": 3, "maximum": 1}}}}, "do not ascend"),
        ({"cas": {"columns": {"a": {"type": "integer", "minimum": "x"}}}}, "no number"),
        ({"cas": {"columns": {"a": {"minimum": 3}}}}, "numbers and days"),
        ({"cas": {"columns": {"a": {"type": "date", "values": ["hier"]}}}}, "no date"),
        ({"cas": {"columns": {"a": {"values": {"x": 0}}}}}, "above 0"),
        ({"cas": {"columns": {"a": {"also": [1]}}}}, "codes of a category"),
        ({"cas": {"key": "b", "columns": {"a": {}}}}, "no column 'b'"),
        ({"Cas": {"columns": {"a": {}}}}, "lower case"),
        ({"cas": {"columns": {"a": {"references": "b.c"}}}}, "no TABLE.COLUMN"),
        (
            {"cas": {"columns": {"a": {"references": "b.a"}}}, "b": {"columns": {"a": {"references": "cas.a"}}}},
            "circle",
        ),
        ({"cas": {"columns": {"a": {"typ": "date"}}}}, "unknown key"),
        ({"cas": {"columns": {}}}, "columns"),
    ],
)
def test_a_wrong_description_is_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        described({"tables": change})


def test_what_is_learned_of_a_real_table_holds_no_row_and_nothing_rare() -> None:
    size = 400
    people = [f"Anne-{number} Kermarrec" for number in range(size)]
    table = pl.DataFrame(
        {
            "numero": [900_000_000 + number * 7 for number in range(size)],
            "nom": people,
            "hopital": ["CHU"] * 250 + ["Clinique"] * 145 + ["Maison du secret"] * 5,
            "note": ["Texte libre qui parle longuement de quelqu'un et de ses voisins."] * size,
            "age": [30 + number % 50 for number in range(size - 1)] + [117],
            "dose": [0.1 * number for number in range(size - 1)] + [98_765.4321],
            "jour": [datetime.date(2024, 1, 1) + datetime.timedelta(number % 300) for number in range(size - 1)]
            + [datetime.date(1911, 11, 11)],
            "code": [1, 2] * 197 + [7] * 6,
            "vide": [None] * 397 + [3.25, 3.5, 3.75],
            "liste": [[1]] * size,
        }
    )
    found = tables_of({"tables": {"t": learned(table, least=10, rows=100, place="twin_of").model_dump()}}, place="t")
    told = as_yaml(found).decode()
    made = twins(found, seed=0)["t"].write_csv()
    for secret in ("Kermarrec", "secret", "Texte libre", "117", "98765", "1911", "900000", "3.25", "3.75", "'7'"):
        assert secret not in told
        assert secret not in made
    columns = found.tables["t"].columns
    assert columns["hopital"].values == {"CHU": 0.62, "Clinique": 0.36, "other": 0.02}
    assert set(columns["code"].values or {}) == {"1", "2"}
    assert [str(one)[-2:] for one in columns["jour"].quantiles] == ["01"] * 5
    assert all(
        float(f"{float(one):.1e}") == float(one) for one in (*columns["age"].quantiles, *columns["dose"].quantiles)
    )  # type: ignore[arg-type]
    assert "liste" not in columns
    assert found.tables["t"].key == ("numero",)
    assert found.tables["t"].columns["numero"].quantiles == ()


@given(st.lists(st.one_of(st.none(), st.text(max_size=3)), min_size=20, max_size=60), st.integers(2, 10))
def test_no_text_of_fewer_rows_than_least_is_learned(values: list[str | None], least: int) -> None:
    column = pl.Series("c", values, dtype=pl.String)
    told = learned(pl.DataFrame([column]), least=least, rows=10, place="t").columns["c"].values or {}
    counts = dict(column.value_counts().iter_rows())
    assert all(code == "other" or counts[code] >= least for code in told)


def test_a_person_with_many_rows_is_not_a_frequent_code(tmp_path: Path) -> None:
    people = ["Kermarrec"] * 30 + [f"person {number % 40}" for number in range(120)]
    table = pl.DataFrame({"patient": people, "sexe": ["F", "M"] * 75})
    assert learned(table, least=10, rows=10, place="t").columns["patient"].values is None  # most have fewer
    often = pl.DataFrame({"patient": ["Kermarrec"] * 80 + ["Le Bihan"] * 70, "sexe": ["F", "M"] * 75})
    told = learned(often, least=10, rows=10, place="t", made_up=["patient"])
    assert (told.columns["patient"].values, set(told.columns["sexe"].values or {})) == (None, {"F", "M"})
    often.write_parquet(tmp_path / "t.parquet")
    with pytest.raises(ConfigError, match="no column|no table has a column 'patien'"):
        glane.try_programs(twin_of=[str(tmp_path / "t.parquet")], made_up=["patien"])
    with pytest.raises(ConfigError, match="made_up"):
        glane.try_programs(tables=DESCRIBED, made_up=["patient"])


def test_a_small_table_is_refused() -> None:
    with pytest.raises(DataError, match="too few"):
        learned(pl.DataFrame({"a": [1] * 19}), least=10, rows=10, place="twin_of")


def test_bounds_of_conditions_come_into_the_twins() -> None:
    program = "from datetime import date\ndef run(t):\n    return t, 18, 64.5, 1e300, date(2024, 2, 2), date(2024, 2, 40), '7'"
    found = with_bounds(described(), [program, "not python ("])
    assert {18, 64.5} <= set(found.tables["cas"].columns["age"].also)
    assert found.tables["cas"].columns["date"].also == (datetime.date(2024, 2, 2),)
    assert 18 in found.tables["cas"].columns["id"].also
    assert 64.5 not in found.tables["cas"].columns["id"].also
    assert found.tables["cas"].columns["sexe"].also == ()
    assert datetime.date(2024, 2, 2) in twins(found, seed=0)["cas"]["date"]


def test_a_data_package_of_an_export_describes_its_tables(tmp_path: Path) -> None:
    glane.export(make_run(tmp_path), "datapackage", tmp_path / "out")
    found = glane.try_programs(tables=tmp_path / "out" / "datapackage.json")
    package = json.loads((tmp_path / "out" / "datapackage.json").read_text())
    assert list(found.twins) == [one["name"] for one in package["resources"]]
    records = found.twins["records"]
    assert records.columns == [one["name"] for one in package["resources"][0]["schema"]["fields"]]
    assert set(records["place_kind"].drop_nulls()) == {"a", "b"}


def frame(**columns: Any) -> pl.DataFrame:
    return pl.DataFrame(columns, strict=False)


DAY = datetime.date(2025, 1, 31)


@pytest.mark.parametrize(
    ("expected", "found", "is_in_order", "verdict"),
    [
        (frame(a=[1, 2]), frame(A=[1.0, 2.0]), True, "equal"),
        (frame(a=[1, 2]), frame(a=[2, 1]), False, "equal_except_order"),
        (frame(a=[1, 2]), frame(a=[2, 1]), True, "different"),
        (frame(a=[1, 2]), frame(a=[1, 2, 2]), False, "different"),
        (frame(a=[1, 1, 2]), frame(a=[1, 2, 2]), False, "different"),
        (frame(a=[1], b=[2]), frame(b=[2], a=[1]), True, "equal"),
        (frame(a=[1]), frame(a=[1], b=[2]), True, "different"),
        (frame(a=[1], b=[2]), frame(a=[1]), True, "different"),
        (frame(a=["x ", None]), frame(a=["x", ""]), True, "equal"),
        (frame(a=["x"]), frame(a=[" x"]), True, "different"),
        (frame(a=[1.0, None]), frame(a=[1.0 + 1e-9, float("nan")]), True, "equal"),
        (frame(a=[1.0]), frame(a=[1.001]), True, "different"),
        (frame(a=[0.0]), frame(a=[1e-15]), True, "equal"),
        (frame(a=[1e300]), frame(a=[float("inf")]), True, "different"),
        (frame(a=[float("inf")]), frame(a=[float("inf")]), True, "equal"),
        (frame(a=[DAY]), frame(a=[datetime.datetime(2025, 1, 31)]), True, "equal"),
        (frame(a=[DAY]), frame(a=[datetime.datetime(2025, 1, 31, 1)]), True, "different"),
        (frame(a=["2025-01-31"]), frame(a=[DAY]), True, "different"),
        (frame(a=[20119]), frame(a=[DAY]), True, "different"),
        (frame(a=["01", "2"]), frame(a=[1, 2]), True, "equal"),
        (frame(a=["1", "x"]), frame(a=[1, 2]), True, "different"),
        (frame(a=[1, 0]), frame(a=[True, False]), True, "equal"),
        (frame(a=[None, None]), frame(a=["", None]), True, "equal"),
        (frame(a=[None]), frame(a=[0]), True, "different"),
        (frame(a=[]), frame(a=[]), True, "equal"),
        (frame(a=[]), frame(a=[1]), False, "different"),
        (frame(a=[1], A=[2]), frame(a=[1], A=[2]), True, "equal"),
        (frame(a=[1], A=[2]), frame(a=[2], A=[1]), True, "different"),
        (frame(a=[1]), None, True, "not_returned"),
    ],
)
def test_tables_are_compared_as_analysts_would(
    expected: pl.DataFrame, found: pl.DataFrame | None, is_in_order: bool, verdict: str
) -> None:
    assert compared("t", expected, found, is_in_order=is_in_order, tolerance=1e-6).verdict == verdict


def test_what_differs_is_counted_and_shown() -> None:
    expected = frame(a=[1, 2, 3, 4], b=["x", "y", "z", None])
    found = compared("t", expected, frame(a=[1, 2, 9, 4], b=["x", "y", "z", "w"]), is_in_order=True, tolerance=1e-6)
    assert found.differing == {"a": 1, "b": 1}
    assert [(one.row, one.column, one.expected, one.found) for one in found.cells] == [
        (3, "a", "3", "9"),
        (4, "b", None, "w"),
    ]
    found = compared("t", expected, frame(a=[4, 9, 2, 1], b=[None, "z", "y", "x"]), is_in_order=False, tolerance=1e-6)
    assert found.differing == {"a": 1}  # one row, not all that another order moved
    found = compared("t", expected, frame(a=[1, 2, 3], b=["x", "y", "w"]), is_in_order=True, tolerance=1e-6)
    assert (found.only_expected, found.only_found, found.num_differing) == (2, 1, 0)
    assert found.columns == ("a", "b")
    assert found.first_expected == (("3", "z"), ("4", None))
    assert found.first_found == (("3", "w"),)


TABLE = st.lists(
    st.tuples(st.one_of(st.none(), st.integers(0, 3)), st.one_of(st.none(), st.text("ab", max_size=1))), max_size=8
)


@given(TABLE, st.randoms())
def test_a_table_equals_itself_in_any_order_and_nothing_else(rows: list[tuple[Any, Any]], chance: Any) -> None:
    schema = {"a": pl.Int64, "b": pl.String}
    shuffled = list(rows)
    chance.shuffle(shuffled)
    one, other = (pl.DataFrame(values, schema=schema, orient="row") for values in (rows, shuffled))
    assert compared("t", one, other, is_in_order=False, tolerance=0).verdict.startswith("equal")
    if rows:
        changed = other.with_columns(a=pl.when(pl.int_range(pl.len()) == 0).then(99).otherwise("a"))
        assert compared("t", one, changed, is_in_order=False, tolerance=0).verdict == "different"


def test_expected_tables_are_read_as_sas_and_r_write_them(tmp_path: Path) -> None:
    (tmp_path / "Bilan.csv").write_text('"g","n","d"\n"a",1,2025-01-31\n"b",NA,NA\n')
    (tmp_path / "points.csv").write_text("g;n\na;1,5\nb;.\n")
    (tmp_path / "vide.csv").write_text("a,b\n")
    (tmp_path / "LISEZMOI.md").write_text("x")
    found = expected_of(tmp_path)
    assert found["bilan"].rows() == [("a", 1, DAY), ("b", None, None)]
    assert found["points"].rows() == [("a", 1.5), ("b", None)]
    assert (found["vide"].columns, found["vide"].height) == (["a", "b"], 0)
    assert set(found) == {"bilan", "points", "vide"}
    assert expected_of(tmp_path / "nothing") == {}
    (tmp_path / "BILAN.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=r"no Parquet|two tables"):
        expected_of(tmp_path)


def test_each_program_has_a_folder_of_its_own() -> None:
    ids = ["a/b.sas", "a_b.sas", "../../etc", "é", "", "x" * 300]
    found = folders([Program(id=one, text=None) for one in ids])
    assert found == ["a_b.sas", "a_b.sas_2", "etc", "program", "program_2", "x" * 100]


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the right and a wrong translation of an R program, and others that come to nothing."""
    case = next(one for one in CASES if one.name == "NA in a filter")
    folder = tmp_path_factory.mktemp("programs")
    (folder / "right.py").write_text(text_of(case.right))
    (folder / "wrong.py").write_text(text_of(case.wrong["NA is kept"]))
    (folder / "hostile.py").write_text("import os\ndef run(tables):\n    os.remove('x')\n    return {}\n")
    (folder / "broken.py").write_text("def run(tables):\n    return {'a': tables['there is none']}\n")
    return folder


def test_twins_then_originals_then_the_comparison(programs: Path, tmp_path: Path) -> None:
    case = next(one for one in CASES if one.name == "NA in a filter")
    (tmp_path / "tables.yaml").write_text(yaml.safe_dump({"tables": case.tables}))
    out = tmp_path / "tried"
    told = job_here(f"programs={programs}", f"tables={tmp_path}/tables.yaml", f"out.dir={out}", name="try_programs")
    assert "2 were run, and nothing was expected of them" in told.stdout
    assert "1 ended early" in told.stdout
    assert "1 were not run: they hold what no translation needs" in told.stdout
    assert "no proof" in told.stdout
    rows = {row["id"]: row for row in pl.read_parquet(out / "programs.parquet").iter_rows(named=True)}
    assert (rows["hostile"]["outcome"], rows["hostile"]["kind"], rows["hostile"]["line"]) == ("refused", "import", 1)
    assert (rows["broken"]["outcome"], rows["broken"]["kind"], rows["broken"]["line"]) == ("failed", "KeyError", 2)
    assert rows["right"]["returned"] == ["retenus"]

    if shutil.which("Rscript") is None:
        pytest.skip("R is not here")
    for name in ("right", "wrong"):
        made = tmp_path / "expected" / name
        made.mkdir(parents=True)
        script = f'source("lire.R", encoding = "UTF-8"); {case.original}; write.csv(retenus, "{made}/retenus.csv", row.names = FALSE)'
        subprocess.run(["Rscript", "--vanilla", "-e", script], cwd=out / "twins", check=True, timeout=60)
    told = job_here(
        f"programs={programs}", f"tables={out}/twins", f"expected={tmp_path}/expected", f"out.dir={out}", "locale=en",
        name="try_programs",
    )  # fmt: skip
    assert "1 gave what their originals give" in told.stdout
    assert "1 gave something else" in told.stdout
    compared = pl.read_parquet(out / "compared.parquet")
    assert dict(compared.select("id", "verdict").iter_rows()) == {"right": "equal", "wrong": "different"}
    page = (out / "report.html").read_text()
    for sentence in (
        "Equality on a synthetic table is no proof",
        "imports more than Polars",
        "KeyError, line 2",
        "1 of 1",
    ):
        assert sentence in page
    assert "pas une preuve" in page


def test_the_twins_alone_are_written_of_a_real_table_and_nothing_else_of_it(tmp_path: Path) -> None:
    people = [f"secret{number}" for number in range(100)]
    pl.DataFrame({"nom": people, "sexe": ["F", "M"] * 50}).write_parquet(tmp_path / "Personnes.parquet")
    told = job_here(f"twin_of={tmp_path}/Personnes.parquet", f"out.dir={tmp_path}/out", "rows=50", name="try_programs")
    assert "twins      personnes 5" in told.stdout
    assert sorted(one.name for one in (tmp_path / "out").iterdir()) == [".glane-files", "tables.yaml", "twins"]
    for path in (tmp_path / "out").rglob("*"):
        assert path.is_dir() or b"secret" not in path.read_bytes()
    assert (tmp_path / "out" / "tables.yaml").stat().st_mode & 0o077 == 0


def test_a_folder_of_tables_that_glane_did_not_make_is_no_twin(programs: Path, tmp_path: Path) -> None:
    made = glane.try_programs(tables=DESCRIBED, out_dir=str(tmp_path / "out"))
    again = glane.try_programs(tables=tmp_path / "out" / "twins", seed=99)
    assert again.seed == 0
    assert_frame_equal(again.twins["cas"], made.twins["cas"])
    pl.DataFrame({"real": [1]}).write_parquet(tmp_path / "out" / "twins" / "cas.parquet")
    with pytest.raises(DataError, match="not as glane wrote it"):
        glane.try_programs(tables=tmp_path / "out" / "twins")
    (tmp_path / "out" / "twins" / "twins.json").unlink()
    with pytest.raises(DataError, match="may be real ones"):
        glane.try_programs(tables=tmp_path / "out" / "twins")


ANSWER: dict[str, Any] = {
    "language_detected": "sas", "purpose": None, "input_tables": [{"name": "cas", "columns": ["age"]}],
    "output_tables": ["jeunes"], "row_order_matters": False, "row_order_reason": None, "steps": [], "assumptions": [],
    "unsupported": [], "program": None,
}  # fmt: skip


def answered(**changes: Any) -> str:
    return f"data jeunes; set cas; run; [[answer {json.dumps({**ANSWER, **changes})}]]"


def test_a_run_is_judged_program_by_program(tmp_path: Path) -> None:
    young = "import polars as pl\ndef run(tables):\n    return {NAME: tables['cas'].filter(pl.col('age') < 18)}\n"
    texts = [
        answered(program=young.replace("NAME", "'jeunes'")),
        answered(program=young.replace("NAME", "'autres'"), row_order_matters=True),
        answered(program=None, language_detected="autre", input_tables=[], output_tables=[]),
        answered(program="data jeunes; set cas; run;"),
        answered(program=young.replace("NAME", "'jeunes'"), input_tables=[{"name": "absente", "columns": []}]),
        answered(program="def run(tables):\n    while True:\n        pass\n"),
        "data x; [[answer {]]",
    ]
    task = {**read_yaml(ROOT / "conf" / "task" / "program_translation.yaml"), "language": "en"}
    data = write_documents(tmp_path / "d.parquet", texts)
    extract_here(make_settings(data, tmp_path / "run", task))
    found = glane.try_programs(tmp_path / "run", tables=DESCRIBED, timeout_s=6, out_dir=str(tmp_path / "out"))
    expected = tmp_path / "expected" / found.folders[0]
    expected.mkdir(parents=True)
    found.twins["cas"].filter(pl.col("age").is_null() | (pl.col("age") < 18)).write_csv(expected / "jeunes.csv")
    again = glane.try_programs(
        tmp_path / "run", tables=tmp_path / "out" / "twins", expected=tmp_path / "expected", timeout_s=6
    )
    assert [one.outcome for one in again.found] == [
        "different", "run", "not_translated", "refused", "tables_lack", "failed", "unanswered",
    ]  # fmt: skip
    assert [one.kind for one in again.found] == [None, None, None, "no_python", None, "timed_out", None]
    assert again.found[0].tables[0].rows_expected > again.found[0].tables[0].rows_found
    assert again.found[1].not_returned == ("jeunes",)
    assert again.found[1].program.is_in_order
    assert again.language == "en"
    assert "7" in str(again)
    table = again.programs
    assert table["reason"].null_count() < 7
    (tmp_path / "other").mkdir()
    other = make_run(tmp_path / "other")
    with pytest.raises(GlaneError, match="has no field program"):
        glane.try_programs(other, tables=DESCRIBED)


def test_names_that_others_chose_are_escaped_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "<b>x.py").write_text(
        "import polars as pl\ndef run(t):\n    return {'<script>': pl.DataFrame({'<i>': [1]})}\n"
    )
    found = glane.try_programs(programs=tmp_path, tables=DESCRIBED, out_dir=str(tmp_path / "out"))
    assert found.found[0].returned == ("<script>",)
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>x" not in page


PAGE = (ROOT / "docs" / "programs.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_commands_of_the_page_are_run(language: str, tmp_path: Path) -> None:
    english, french = PAGE.split("\n## Français\n")
    blocks = re.findall(r"```(\w+)\n(.*?)```", english if language == "en" else french, re.DOTALL)
    (tmp_path / "tables.yaml").write_text(re.findall(r"```text\n(tables:.*?)```", PAGE, re.DOTALL)[0])
    young = "import polars as pl\ndef run(tables):\n    return {'jeunes': tables['cas'].filter(pl.col('age') < 18)}\n"
    task = {**read_yaml(ROOT / "conf" / "task" / "program_translation.yaml"), "language": language}
    data = write_documents(tmp_path / "d.parquet", [answered(program=young)])
    extract_here(make_settings(data, tmp_path / "runs" / "translated", task))
    twin = twins(described(yaml.safe_load((tmp_path / "tables.yaml").read_text())), seed=5)
    twin["cas"].write_parquet(tmp_path / "cas.parquet")
    twins(described(DESCRIBED), seed=5)["communes"].write_csv(tmp_path / "communes.csv")
    said = []
    for command in [line for kind, content in blocks if kind == "sh" for line in content.splitlines()]:
        words = command.split()
        assert words[:2] == [".venv/bin/glane", "try-programs"]
        if "expected=expected" in words:
            folder = tmp_path / "expected" / pl.read_parquet(tmp_path / "runs/tried/programs.parquet")["folder"][0]
            folder.mkdir(parents=True)
            found = pl.read_parquet(tmp_path / "runs/tried/twins/cas.parquet").filter(pl.col("age") < 18)
            found.write_csv(folder / "jeunes.csv")
        said.append(job_here(*words[2:], name="try_programs", cwd=tmp_path).stdout)
    assert len(said) == 3
    assert "1 gave what their originals give" in said[-1]


def test_what_the_page_says_of_outcomes_is_all_there_is() -> None:
    for part in PAGE.split("\n## Français\n"):
        named = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", part, re.MULTILINE)
        assert set(re.findall(r"`(\w+)`", " ".join(named))) == set(OUTCOMES)


def test_a_program_that_holds_its_data_needs_no_table(tmp_path: Path) -> None:
    (tmp_path / "datalines.py").write_text(
        "import polars as pl\ndef run(tables):\n    return {'a': pl.DataFrame({'x': [1, 2]})}\n"
    )
    found = glane.try_programs(programs=tmp_path, tables={"tables": {}}, out_dir=str(tmp_path / "out"))
    assert [(one.outcome, one.returned) for one in found.found] == [("run", ("a",))]
    assert glane.try_programs(programs=tmp_path, tables=tmp_path / "out" / "twins").twins == {}
