"""data.path takes tables of other formats: the run knows its rows, keeps its Parquet, and finds a source that changed."""

import csv
import io
import json
import os
import shutil
import stat
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here as extract_parquet
from conftest import job_here, make_settings, stand_ins
from glane.corpus.converted import tables_in
from glane.corpus.find import find_files
from glane.errors import ConfigError, DataError, GlaneError, RunError
from glane.job.here import extract_here
from glane.job.submit import check_submission, submit
from glane.job.tables import kept_tables, passing_tables
from glane.run.description import read_description
from glane.run.directory import RunDirectory
from glane.tables.options import TableOptions
from workbooks import write_xlsx

ROWS = [
    ["id", "text", "jour", "poids", "commune"],
    *(
        [f"{i:04}", f"Fièvre à 39,{i} ; « œdème »\ndepuis {i} jours", f"{i + 13}/01/2024", f"3,{i}", "01004"]
        for i in range(9)
    ),
    ["", "", "", "", ""],
]


def french_csv(path: Path, rows=ROWS, encoding="cp1252"):
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=";", lineterminator="\r\n").writerows(rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(stream.getvalue().encode(encoding))
    return path


def described(run: Path):
    return read_description(RunDirectory(root=run))


def kept(settings):
    with kept_tables(settings) as found:
        return found


def test_the_parquet_is_kept_in_the_run_for_its_owner(tmp_path, capsys):
    settings = make_settings(french_csv(tmp_path / "liste été.csv"), tmp_path / "run", data__encoding="cp1252")
    found = kept(settings)
    path = tmp_path / "run" / "input" / "liste été.csv.parquet"
    assert found.data.path == str(path)
    assert not found.data.told()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert (
        "read as delimited text, separator ;, Windows-1252, decimal comma: 9 rows, 5 columns" in capsys.readouterr().err
    )
    before = path.stat()
    assert kept(settings) == found  # and nothing is made again
    assert path.stat() == before
    assert kept(found) == found


def test_parquet_goes_through_and_takes_no_options(tmp_path):
    pl.DataFrame({"id": ["a"], "text": ["b"]}).write_parquet(tmp_path / "d.parquet")
    settings = make_settings(tmp_path / "d.parquet", tmp_path / "run")
    assert kept(settings) is settings
    assert not (tmp_path / "run").exists()
    with pytest.raises(ConfigError, match=r"data\.sheet: d\.parquet is read as Parquet"):
        kept(make_settings(tmp_path / "d.parquet", tmp_path / "run", data__sheet="x"))
    shutil.copy(tmp_path / "d.parquet", tmp_path / "d.csv")  # by another name
    assert tables_in(find_files(str(tmp_path / "d.csv")), TableOptions()) == ()


def test_a_run_that_does_not_begin_leaves_no_copy(tmp_path):
    settings = make_settings(french_csv(tmp_path / "l.csv"), tmp_path / "run")
    with pytest.raises(DataError), kept_tables(settings):
        raise DataError("refused")
    assert not (tmp_path / "run").exists()
    settings = make_settings(french_csv(tmp_path / "l.csv", [["id", "text"], ["1"]]), tmp_path / "run")
    with pytest.raises(DataError, match="line 2 has 1 cells"):
        kept(settings)
    assert not (tmp_path / "run").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("x")
    with pytest.raises(RunError, match="holds other things"):
        kept(make_settings(french_csv(tmp_path / "l.csv"), tmp_path / "mine"))
    assert [one.name for one in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_a_run_that_was_begun_with_other_documents_keeps_no_copy(tmp_path):
    pl.DataFrame({"id": ["a"], "text": ["x"]}).write_parquet(tmp_path / "d.parquet")
    extract_parquet(make_settings(tmp_path / "d.parquet", tmp_path / "run"))
    with pytest.raises(RunError, match=r"begun with other documents .*d\.parquet.*Choose another run.dir"):
        kept(make_settings(french_csv(tmp_path / "notes.csv"), tmp_path / "run"))
    assert not (tmp_path / "run" / "input").exists()


def test_a_source_that_changed_is_refused(tmp_path):
    path = french_csv(tmp_path / "l.csv")
    settings = make_settings(path, tmp_path / "run")
    kept(settings)
    os.utime(path, (1, 1))  # a touch is no change
    kept(settings)
    changed = [[cell.replace("39,1", "40,1") for cell in row] for row in ROWS]
    french_csv(path, changed)
    with pytest.raises(DataError, match=r"l\.csv: has changed since the run began"):
        kept(settings)
    french_csv(path)
    kept(settings)
    with pytest.raises(DataError, match=r"data\.dates: this run was begun with another value, None"):
        kept(make_settings(path, tmp_path / "run", data__dates="text"))
    path.rename(tmp_path / "m.csv")
    with pytest.raises(DataError, match=r"begun with other tables \(l\.csv\)"):
        kept(make_settings(tmp_path / "m.csv", tmp_path / "run"))
    (tmp_path / "run" / "input" / "tables.json").write_text("{}")
    with pytest.raises(DataError, match="is not of glane, or is damaged"):
        kept(make_settings(tmp_path / "m.csv", tmp_path / "run"))


def test_several_tables_are_one_input(tmp_path):
    for month in (1, 2):
        french_csv(
            tmp_path / "mois" / f"{month}.csv", [ROWS[0], *([f"{month}-{row[0]}", *row[1:]] for row in ROWS[1:-1])]
        )
    found = kept(make_settings(tmp_path / "mois" / "*.csv", tmp_path / "run"))
    assert found.data.path == str(tmp_path / "run" / "input" / "*.parquet")
    names = [Path(one).name for one in find_files(found.data.path).paths]
    assert names == ["00001-1.csv.parquet", "00002-2.csv.parquet"]
    assert not find_files(found.data.path).lines()
    pl.DataFrame({"id": ["a"], "text": ["b"]}).write_parquet(tmp_path / "mois" / "d.parquet")
    with pytest.raises(
        DataError, match=r"matches tables such as .*1\.csv, and Parquet or other files such as .*d\.parquet"
    ):
        kept(make_settings(tmp_path / "mois" / "*", tmp_path / "other"))


@pytest.mark.ray
def test_a_french_csv_goes_to_its_end_and_again(tmp_path):
    path, run = french_csv(tmp_path / "liste.csv"), tmp_path / "run"
    settings = make_settings(path, run, data__carry_columns=["jour", "poids", "commune"])
    extract_here(settings)
    opened = glane.open_run(run)
    frame = opened.all().collect()
    assert frame.height == 9
    assert frame["id"].to_list() == [row[0] for row in ROWS[1:-1]]
    assert (frame.schema["jour"], frame.schema["poids"], frame.schema["commune"]) == (pl.Date, pl.Float64, pl.String)
    assert opened.documents().collect()["text"].to_list() == [row[1] for row in ROWS[1:-1]]
    (shape,) = described(run).tables
    assert (shape.source, shape.encoding, shape.separator, shape.rows) == ("liste.csv", "cp1252", ";", 9)
    assert "separator" not in json.dumps(described(run).fingerprint)
    extract_here(settings)  # complete: nothing to do
    french_csv(path, ROWS[:-2])
    with pytest.raises(DataError, match="has changed since the run began"):
        extract_here(settings)
    # The same rows written otherwise are the same input.
    other = french_csv(tmp_path / "again" / "liste.csv", encoding="utf-16")
    again = make_settings(other, tmp_path / "run2", data__carry_columns=["jour", "poids", "commune"])
    extract_here(again)
    assert described(tmp_path / "run2").fingerprint_digest == described(run).fingerprint_digest


def test_a_refused_extraction_leaves_nothing(tmp_path):
    path = french_csv(tmp_path / "l.csv", [["numero", "text"], ["1", "a"]])
    with pytest.raises(GlaneError, match=r"no column 'id'; set data\.id_column.*data\.number_rows=true"):
        extract_here(make_settings(path, tmp_path / "run"))
    assert not (tmp_path / "run").exists()
    path = french_csv(tmp_path / "l.csv", [["id", "text"], ["1", "a"], ["1", "b"]])
    with pytest.raises(GlaneError, match="twice|more than once|again"):
        extract_here(make_settings(path, tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("rows", "changes", "told"),
    [
        ([["id", "text"], ["a", "x"], ["b", "y"], ["a", "z"]], {}, "id 'a' occurs twice, in row 1 below the header of l.{0} and in row 3 below the header of l.{0}"),
        ([["id", "text"], ["a", "x"], [None, "y"]], {}, "l.{0}: column 'id' has null ids"),
        ([["id", "text"], [1.5, "x"]], {}, "l.{0}: some ids are not whole numbers"),
        ([["id", "texte"], ["a", "x"]], {}, "l.{0}: no column 'text'"),
        ([["id", "text"], ["a", 1]], {}, "l.{0}: column 'text' is of type whole number"),
        ([["id", "text", "g"], ["a", "x", 1], ["b", "y", None]], {"data__group_by": "g"}, "l.{0}: column 'g' is null"),
        ([["id", "text", "n"], ["a", "x", "k"]], {"data__where": "n < 2"}, "data.where"),
    ],
)  # fmt: skip
def test_messages_name_the_table_that_was_given(tmp_path, ending, rows, changes, told):
    path = tmp_path / f"l.{ending}"
    write_xlsx(path, {"f": rows}) if ending == "xlsx" else french_csv(
        path, [[str(c or "") for c in row] for row in rows]
    )
    with pytest.raises(GlaneError) as error:
        extract_here(make_settings(path, tmp_path / "run", **changes))
    assert told.format(ending) in str(error.value)
    assert ".parquet" not in str(error.value)


def test_a_preview_reads_a_workbook_and_leaves_nothing(tmp_path, monkeypatch):
    root = tmp_path / ("long" * 10)  # longer than Ray's sockets allow: texts stay there all the same
    root.mkdir()
    monkeypatch.setenv("TMPDIR", str(root))
    write_xlsx(tmp_path / "l.xlsx", {"2024": [["id", "text"], [1, "Toux"]], "2025": [["id", "text"], [2, "Fièvre"]]})
    words = ("task=ed_visit", "model=demo", f"data.path={tmp_path / 'l.xlsx'}", f"run.dir={tmp_path / 'run'}")
    said = job_here(*words, "data.sheet=2026", "preview=1", check=2, as_told=True).stderr
    assert "data.sheet" in said
    assert "Valid: 2024, 2025" in said
    settings = make_settings(tmp_path / "l.xlsx", tmp_path / "run", data__sheet="2025")
    with passing_tables(settings) as found:
        assert pl.read_parquet(found.data.path).rows() == [(2, "Fièvre")]
        assert Path(found.data.path).is_relative_to(root)
    assert list(root.iterdir()) == []
    assert not (tmp_path / "run").exists()


def test_the_check_before_a_submission_reads_tables(tmp_path):
    settings = make_settings(french_csv(tmp_path / "l.csv"), tmp_path / "run")
    check_submission(settings)
    with pytest.raises(ConfigError, match=r"data\.where"):
        check_submission(make_settings(tmp_path / "l.csv", tmp_path / "run", data__where="no = 1"))
    assert not (tmp_path / "run").exists()


def test_a_large_table_is_not_converted_at_each_submission(tmp_path):
    settings = make_settings(french_csv(tmp_path / "l.csv"), tmp_path / "run", data__separator=";")
    with pytest.raises(DataError) as refusal, kept_tables(settings, most_bytes=10):
        pass
    assert f"glane convert source={tmp_path}/l.csv data.path={tmp_path}/l.csv.parquet 'data.separator=;'" in str(
        refusal.value
    )
    assert not (tmp_path / "run").exists()


def test_what_is_submitted_names_the_parquet(tmp_path, capsys):
    cluster = {"kind": "slurm", "dry_run": True, "submission_dir": str(tmp_path / "s")}
    settings = make_settings(french_csv(tmp_path / "l.csv"), tmp_path / "run", cluster=cluster, data__separator=";")
    assert submit(settings) is None
    script = capsys.readouterr().out
    assert str(tmp_path / "run" / "input" / "l.csv.parquet") in script.replace("\\", "")
    assert '"separator"' not in script.replace("\\", "")
    assert not (tmp_path / "run").exists()


@pytest.fixture
def slurm(tmp_path, monkeypatch):
    """Stand-ins for Slurm's commands; sbatch keeps the script, or refuses where a file says so."""
    answer = stand_ins(tmp_path / "commands")
    answer("scontrol", "exit 1")
    for name in ("sinfo", "srun", "sacctmgr"):
        answer(name, "exit 0")
    answer("sbatch", f"test -e {tmp_path}/closed && {{ echo closed >&2; exit 1; }}; echo Submitted batch job 7")
    monkeypatch.setenv("PATH", f"{tmp_path / 'commands'}:/usr/bin:/bin")
    monkeypatch.delenv("GLANE_SITE", raising=False)


def test_the_table_waits_with_its_job_and_goes_where_the_job_is_refused(tmp_path, slurm):
    cluster = {"kind": "slurm", "submission_dir": str(tmp_path / "s")}
    path = french_csv(tmp_path / "l.csv")
    settings = make_settings(path, tmp_path / "run", cluster=cluster)
    (tmp_path / "closed").touch()
    with pytest.raises(GlaneError):
        submit(settings)
    assert not (tmp_path / "run").exists()
    (tmp_path / "closed").unlink()
    assert submit(settings).job_id == "7"
    made = tmp_path / "run" / "input" / "l.csv.parquet"
    before = made.stat()
    assert any(str(made) in one.read_text() for one in (tmp_path / "s").rglob("*") if one.is_file())
    assert submit(settings).job_id == "7"
    (tmp_path / "closed").touch()
    with pytest.raises(GlaneError):
        submit(settings)
    (tmp_path / "closed").unlink()
    assert submit(settings).job_id == "7"
    assert made.stat() == before
    path.write_bytes(path.read_bytes() + b"x;y;;;\r\n")
    with pytest.raises(DataError, match="has changed since the run began"):  # the job that waits needs what it has
        submit(settings)
    assert made.stat() == before
    # What a node is told is Parquet, and needs the table no more.
    path.unlink()
    assert kept(make_settings(made, tmp_path / "run")).data.path == str(made)


def test_convert_tells_what_it_guessed(tmp_path):
    path, target = french_csv(tmp_path / "l.csv"), tmp_path / "out" / "l.parquet"
    words = (f"source={path}", f"data.path={target}")
    said = job_here(*words, name="convert", as_told=True).stdout
    assert "l.csv: read as delimited text, separator ;, Windows-1252, decimal comma: 9 rows, 5 columns" in said
    assert "read as dates (day/month/year): jour" in said
    assert "'id' stays text: numbers with zeros in front" in said
    assert "Fièvre" not in said
    assert pl.read_parquet(target).height == 9
    assert "is there already" in job_here(*words, name="convert", check=2, as_told=True).stderr
    target.unlink()
    job_here(
        *words, "data.separator=;", "data.keep_as_text=[jour]", "data.encoding=cp1252", name="convert", as_told=True
    )
    assert pl.read_parquet(target).schema["jour"] == pl.String
    assert "data.separater" in job_here(*words, "data.separater=;", name="convert", check=2, as_told=True).stderr


def test_settings_of_a_run_do_not_mention_what_was_not_told(tmp_path):
    pl.DataFrame({"id": ["a"], "text": ["b"]}).write_parquet(tmp_path / "d.parquet")
    dumped = make_settings(tmp_path / "d.parquet", tmp_path / "run").data.model_dump(mode="json")
    for name in TableOptions.model_fields:
        assert name not in dumped
