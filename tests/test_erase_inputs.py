"""Documents erased whose input files are glane's or the user's: the others stay readable, and what is told is true."""

from __future__ import annotations

import io

import polars as pl
import pytest
from rich.console import Console

import glane
from conftest import extract_here, make_settings
from glane.demo.corpus import write_corpus
from glane.errors import GlaneError
from glane.job.erase import inputs as looked_in
from glane.job.status_view import run_view
from glane.job.tables import kept_tables
from glane.languages import in_language
from glane.parquet import read_parquet_frame
from glane.run import amend as amending
from glane.run.overview import overview
from glane.run.written import digest_of, read_written
from test_erase import do, documents, rows_of

GONE, OTHER = "ed-0000003", "ed-0000005"
PATIENTS = tuple(f"PAT-{at:04d}-QX" for at in range(40))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """A run over the demonstration corpus, and the same with the document erased."""
    here = tmp_path_factory.mktemp("demo")
    write_corpus(here / "corpus", documents=20, seed=1)
    extract_here(make_settings(here / "corpus" / "documents.parquet", here / "run"))
    glane.review(here / "run", here / "review", rows=20)
    is_clean, said = do(here, ids=(GONE,))
    assert is_clean, said
    return here, said


def test_a_corpus_of_glane_keeps_its_rows_in_their_places_and_runs_on_it_read_it_on(demo, tmp_path):
    here, said = demo
    corpus = here / "corpus" / "documents.parquet"
    assert f"rewritten      {corpus}: 1 row(s), documents that glane wrote" in said
    assert "yours" not in said
    kept = read_parquet_frame(corpus)
    assert kept.height == 20
    assert kept.row(3)[1] is None
    assert kept["id"][3].startswith("erased-")
    assert GONE not in read_parquet_frame(here / "corpus" / "gold.parquet")["id"]
    assert all(call.is_whole for call in read_written(here / "corpus").calls.values())
    assert glane.verify(here / "run").is_as_it_was
    assert len(glane.open_run(here / "run").show(OTHER).text) > 100
    glane.review(here / "run", tmp_path / "review", rows=19)
    glane.export(here / "run", "brat", tmp_path / "brat", text=True)
    assert extract_here(make_settings(corpus, here / "run")).equals(rows_of(here / "run"))
    write_corpus(here / "corpus", documents=20, seed=1)  # it is still what glane wrote, and may be replaced


def test_figures_are_told_once_a_folder_and_only_of_what_may_count_the_document(tmp_path):
    data, gold = documents(tmp_path / "theirs.parquet"), tmp_path / "gold.parquet"
    rows = extract_here(make_settings(data, tmp_path / "run")).filter(pl.col("status") == "OK")
    for name, num in (("review", 40), ("few", 2)):
        glane.review(tmp_path / "run", tmp_path / name, rows=num)
    few = read_parquet_frame(tmp_path / "few" / "sample.parquet")["id"].to_list()
    gone, kept = [one for one in rows["id"] if one not in few][:2]
    for name, ids in (("with", [gone, kept]), ("without", [kept])):
        rows.filter(pl.col("id").is_in(ids)).select("id", "fever").write_parquet(gold)
        glane.evaluate(tmp_path / "run", str(gold), samples=0).write(tmp_path / name)
    glane.export(tmp_path / "run", "csv", tmp_path / "export")
    lines = do(tmp_path, ids=(gone,), remove=False)[1].splitlines()
    assert [line.split(":")[0].split("/")[-1] for line in lines if "its figures count" in line] == ["review", "with"]
    assert [line for line in lines if str(tmp_path / "export") in line] == [
        f"would remove   {tmp_path / 'export'}: {len(list((tmp_path / 'export').glob('[!.]*')))} file(s); make it again "
        "with glane export"
    ]


def test_ended_while_a_corpus_of_glane_was_replaced_the_same_command_ends_it(tmp_path, monkeypatch):
    write_corpus(tmp_path / "corpus", documents=20, seed=1)
    before = digest_of(tmp_path / "corpus" / "documents.parquet")
    extract_here(make_settings(tmp_path / "corpus" / "documents.parquet", tmp_path / "run"))
    end, ended = amending._end_amendment, []

    def die(root, *, setting):
        ended.append(root)
        if len(ended) == 2:  # that of the tables beside it was the first
            raise KeyboardInterrupt
        end(root, setting=setting)

    monkeypatch.setattr(amending, "_end_amendment", die)
    with pytest.raises(KeyboardInterrupt):
        do(tmp_path, ids=(GONE,))
    monkeypatch.undo()
    assert do(tmp_path, ids=(GONE,))[0]
    written = read_written(tmp_path / "corpus")
    assert all(call.is_whole for call in written.calls.values())
    assert before not in written.digests["documents.parquet"]
    assert glane.verify(tmp_path / "run").is_as_it_was
    assert glane.open_run(tmp_path / "run").documents().collect().height == 19


def test_a_file_of_the_users_out_of_which_they_took_the_document_is_never_asked_back(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, tmp_path / "run"))
    assert "erased" not in overview(tmp_path / "run").as_json()
    said = do(tmp_path, ids=("PAT-0007-QX",))[1]
    assert "Once you take them out of it yourself, texts of the others cannot be shown" in said
    pl.read_parquet(data).filter(pl.col("id") != "PAT-0007-QX").write_parquet(data)
    for refused in (
        lambda: glane.open_run(tmp_path / "run").show("PAT-0008-QX"),
        lambda: glane.review(tmp_path / "run", tmp_path / "review", rows=5),
        lambda: glane.export(tmp_path / "run", "brat", tmp_path / "brat", text=True),
    ):
        with pytest.raises(GlaneError, match="taken out of this file since.*The result stays readable") as told:
            refused()
        assert "back" not in str(told.value)
    assert rows_of(tmp_path / "run").height == 39
    glane.export(tmp_path / "run", "csv", tmp_path / "csv")
    found = glane.verify(tmp_path / "run")
    assert not found.is_as_it_was
    assert "If they were taken out of it for that" in in_language(str(found), "en")
    seen = overview(tmp_path / "run")
    assert seen.as_json()["erased"] == 1
    shown = Console(file=io.StringIO(), width=200)
    shown.print(run_view(seen, (), None))
    assert "erased     1 document of this run, left out" in in_language(shown.file.getvalue(), "en")


def test_rows_of_a_file_of_the_users_are_emptied_where_that_is_asked_and_all_runs_on_it_stay_readable(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, tmp_path / "run"))
    extract_here(make_settings(data, tmp_path / "other", data__where=f"id = '{PATIENTS[8]}'"))
    assert "yours" in do(tmp_path, ids=PATIENTS[7:8])[1]
    is_clean, said = do(tmp_path, ids=PATIENTS[7:8], inputs=True)  # later, too
    assert is_clean
    assert f"rewritten      {data}: 1 row(s), an input of yours" in said
    assert "yours          " not in said
    kept = read_parquet_frame(data)
    assert kept["id"].to_list()[:7] == list(PATIENTS[:7])
    assert kept.height == 40
    assert kept["text"][7] is None
    for name, num in (("run", 39), ("other", 1)):
        assert glane.verify(tmp_path / name).is_as_it_was
        assert glane.open_run(tmp_path / name).documents().collect().height == num
    assert "nothing is left" in do(tmp_path, ids=PATIENTS[7:8], inputs=True)[1]


def test_a_table_out_of_which_the_user_took_the_document_is_never_asked_back(tmp_path):
    frame = read_parquet_frame(documents(tmp_path / "made.parquet"))
    frame.write_csv(tmp_path / "theirs.csv")
    settings = make_settings(tmp_path / "theirs.csv", tmp_path / "run")
    with kept_tables(settings) as readable:
        extract_here(readable)
    do(tmp_path, ids=PATIENTS[7:8])
    frame.filter(pl.col("id") != PATIENTS[7]).write_csv(tmp_path / "theirs.csv")
    with pytest.raises(GlaneError, match="What is committed of the run stays readable") as told, kept_tables(settings):
        raise AssertionError
    assert "back" not in str(told.value)
    assert glane.open_run(tmp_path / "run").documents().collect().height == 39


def test_originals_of_a_run_that_pseudonymised_them_are_emptied_and_it_is_still_the_same_run(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    (tmp_path / "key").write_text("0123456789abcdef" * 3)
    (tmp_path / "key").chmod(0o600)
    told = {"key_file": str(tmp_path / "key"), "dates": "kept", "offsets": str(tmp_path / "apart" / "o.parquet")}
    settings = make_settings(
        data, tmp_path / "run", **{f"data__pseudonyms__{name}": value for name, value in told.items()}
    )
    with kept_tables(settings) as readable:
        extract_here(readable)
    assert do(tmp_path, ids=PATIENTS[7:8], inputs=True)[0]
    assert read_parquet_frame(data)["text"][7] is None
    assert glane.verify(tmp_path / "run").is_as_it_was
    with kept_tables(settings) as readable:
        assert extract_here(readable).height == 39
    pl.read_parquet(data).head(9).write_parquet(data)
    with pytest.raises(GlaneError, match="documents were erased of this run, which reads the pseudonymised"):  # noqa: SIM117
        with kept_tables(settings):
            raise AssertionError


def test_a_file_of_the_user_is_read_once_to_tell_which_of_its_rows_go(tmp_path, monkeypatch):
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, tmp_path / "run"))
    read, batches = [], looked_in.input_batches
    monkeypatch.setattr(looked_in, "input_batches", lambda rows, path: read.append(path) or batches(rows, path))
    assert f"yours          {data}" in do(tmp_path, remove=False)[1]
    assert read == [data]
