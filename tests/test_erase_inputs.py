"""Documents erased whose input files are glane's or the user's: the others stay readable, and what is told is true."""

from __future__ import annotations

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.demo.corpus import write_corpus
from glane.parquet import read_parquet_frame
from glane.run import amend as amending
from glane.run.written import digest_of, read_written
from test_erase import do, documents, rows_of

GONE, OTHER = "ed-0000003", "ed-0000005"


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
