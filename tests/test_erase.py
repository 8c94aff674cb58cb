"""A person's documents erased: no byte of what glane made of them is left, other rows are as they were."""

from __future__ import annotations

import gzip
import html
import io
import json
import os
import shutil
import zipfile
from collections import Counter
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, job_here, make_settings, work
from dying import each_death
from embed_runs import embed_alone, embed_told
from glane.assess.files import as_parquet, write_folder
from glane.composition import composed
from glane.composition.words import command_line
from glane.corpus.pseudonymised import MARK
from glane.errors import ConfigError, GlaneError, RunError
from glane.extraction.frozen import freeze, read_frozen
from glane.extraction.summary import extraction_summary
from glane.host import process_start
from glane.job.erase import data as erasing_data
from glane.job.erase import erase as erasing
from glane.job.erase.erase import erase
from glane.job.erase.pieces import Found, sought
from glane.job.erase.search import found_in_bytes, found_in_files
from glane.job.erase.tables import csv_without, write_without
from glane.job.rewrite import rewrite_all
from glane.job.tables import kept_tables
from glane.keys import KEY_FILE
from glane.languages import in_language
from glane.parquet import PARQUET, open_parquet, parquet_schema, read_parquet_frame, scan_parquet, write_parquet_frame
from glane.pseudonyms.table import pseudonymise_table
from glane.run.directory import RunDirectory
from glane.run.erased import known_erased, read_erased
from glane.run.links import links_to
from glane.run.publish import finish_run
from glane.settings import erase_settings
from glane.settings.pseudonymise import PseudonymiseSettings
from glane.settings.words import key_types
from glane.validation import validated
from ingest_runs import ingest_told, read_alone
from test_encryption import ring_at
from test_rewrite import turn
from test_sentinels import attached as sentinel_settings
from test_sentinels import whole_run

GONE = "PAT-0007-QX"
MARKS = ("Quaresmo", "Glycines bleues", "0699887766", GONE)  # of one document alone
BRIEF = {
    "name": "b", "title": {"fr": "Fièvres", "en": "Fevers"}, "language": "en",
    "measures": [{"name": "all", "case": "fever", "label": {"fr": "fièvre", "en": "fever"}}],
}  # fmt: skip


def documents(path: Path) -> Path:
    """Forty documents, one of them of the person."""
    texts = [f"Madame Martin numéro {at} tousse depuis trois jours." for at in range(40)]
    texts[7] = "Zzyzx Quaresmo habite 17 impasse des Glycines bleues, portable 0699887766, et tousse."
    ids = [f"PAT-{at:04d}-QX" for at in range(40)]
    with path.open("wb") as stream:
        write_parquet_frame(pl.DataFrame({"id": ids, "text": texts}), stream)
    return path


def holding(folder: Path, *, but: tuple[str, ...] = ()) -> dict[str, list[str]]:
    """Of each file below a folder, the marks that stand in it, however it is packed; by other means than glane's own."""
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name not in but and (marks := _marks(path.read_bytes())):
            found[str(path.relative_to(folder))] = marks
    return found


def _marks(content: bytes) -> list[str]:
    texts = [content]
    if content[:4] in PARQUET:
        with open_parquet(io.BytesIO(content)) as parquet:
            texts.append(json.dumps(parquet.read().to_pylist(), default=str, ensure_ascii=False).encode())
    elif content[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            texts += [archive.read(name) for name in archive.namelist()]
    return [mark for mark in MARKS if any(mark.encode() in text for text in texts)]


def make(folder: Path) -> None:
    """A run, another that extends it, and all that is made of it."""
    data, run, reference = documents(folder / "theirs.parquet"), folder / "run", folder / "theirs_too.parquet"
    extract_here(make_settings(data, run))
    with reference.open("wb") as stream:
        write_parquet_frame(glane.open_run(run).usable().select("id", "fever").collect(), stream)
    glane.review(run, folder / "review", rows=40)
    glane.evaluate(run, str(reference), samples=0).write(folder / "evaluation")
    glane.estimate(run, str(reference), "fever", out_dir=str(folder / "estimate"))
    for to in ("csv", "xlsx"):
        glane.export(run, to, folder / f"export_{to}")
    glane.brief(run, BRIEF, folder / "brief")
    extract_here(make_settings(data, folder / "child", data__extend=str(run)))


THEIRS = ("theirs.parquet", "theirs_too.parquet", "theirs.csv")


def do(here: Path, *, ids: tuple[str, ...] = (GONE,), remove: bool = True, **more: object) -> tuple[bool, str]:
    """What the command does, and says."""
    said: list[str] = []
    told = {"run": {"dir": str(here / "run")}, "ids": ids, "remove": remove, **more}
    return erase(erase_settings(told), say=lambda line: said.append(str(line))), "\n".join(said)


def rows_of(run: Path) -> pl.DataFrame:
    return scan_parquet(sorted((run / "records").glob("*.parquet"))).collect()


@pytest.mark.parametrize("with_keys", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_nothing_is_left_of_a_document_and_the_others_are_as_they_were(tmp_path, monkeypatch, with_keys):
    if with_keys:
        monkeypatch.setenv(KEY_FILE, str(ring_at(tmp_path / "keys.yaml", "one")))
    folder = tmp_path / "here"
    folder.mkdir()
    make(folder)
    before, held = {name: rows_of(folder / name) for name in ("run", "child")}, holding(folder)
    assert {path.partition("/")[0] for path in held} - set(THEIRS) == {
        "run", "child", "review", "evaluation", "export_csv", "export_xlsx",
    }  # fmt: skip
    told = job_here(f"run.dir={folder / 'run'}", f"ids=[{GONE}]", name="erase").stdout
    assert holding(folder) == held  # it was told only
    for name in ("run", "child", "review/review.html", "evaluation/values.parquet", "export_xlsx"):
        assert f"{folder / name}:" in told or f"{folder / name};" in told
    assert f"yours          {folder / 'theirs.parquet'}: still holds the documents" in told
    assert f"{folder / 'estimate'}: its figures count the documents; make it again with glane estimate" in told
    done = job_here(f"run.dir={folder / 'run'}", f"ids=[{GONE}]", "remove=true", name="erase").stdout
    assert set(holding(folder)) <= set(THEIRS)
    assert "found in 0 files" in done
    for name, rows in before.items():
        after = rows_of(folder / name)
        assert after.equals(rows.filter(pl.col("id") != GONE))
        assert after.schema == rows.schema
        found = glane.verify(folder / name)
        assert found.is_as_it_was
        assert "1 document was erased of this run" in in_language(str(found), "en")
        assert extraction_summary(RunDirectory(root=folder / name)).flow.selected == 39
    assert GONE not in (folder / "run" / "erased.json").read_text()
    assert known_erased(read_erased(RunDirectory(root=folder / "run")), [GONE, "PAT-0008-QX"]) == {GONE}
    again = job_here(f"run.dir={folder / 'run'}", f"ids=[{GONE}]", "remove=true", name="erase").stdout
    assert "nothing is left of these documents" in again
    # The same command of the extraction again, and another run that extends this one.
    settings = make_settings(folder / "theirs.parquet", folder / "run")
    assert extract_here(settings).equals(rows_of(folder / "run"))
    later = extract_here(make_settings(folder / "theirs.parquet", folder / "later", data__extend=str(folder / "run")))
    assert (
        later.filter(pl.col("reused"))["id"].to_list()
        == rows_of(folder / "run").filter(pl.col("status") == "OK")["id"].to_list()
    )
    assert glane.evaluate(folder / "run", str(folder / "theirs_too.parquet"), samples=0)


def test_of_a_run_that_is_not_complete_committed_and_open_rows_go_and_are_not_asked_again(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    settings = make_settings(data, tmp_path / "run")
    whole = extract_here(make_settings(data, tmp_path / "whole" / "run"))
    run, _ = work(settings)
    run.directory.part(1).unlink()  # of three shards of 16
    for path in run.directory.workers.iterdir():
        path.unlink()
    gone = (GONE, "PAT-0020-QX", "PAT-0021-QX")
    (tmp_path / "run" / "extract.log").write_text(f"rejected {GONE}: too long\nPAT-0007-QX2\n")
    assert "3 rows" in in_language(do(tmp_path, ids=gone, folder=(str(tmp_path / "run"),), remove=False)[1], "en")
    is_clean, _ = do(tmp_path, ids=gone, folder=(str(tmp_path / "run"),))
    assert is_clean
    assert holding(tmp_path / "run", but=("extract.log",)) == {}
    assert (tmp_path / "run" / "extract.log").read_text() == "rejected (erased): too long\nPAT-0007-QX2\n"
    after = extract_here(settings)
    assert after.drop("duplicate").equals(whole.filter(~pl.col("id").is_in(gone)).drop("duplicate"))
    assert glane.verify(tmp_path / "run").is_as_it_was
    (tmp_path / "run" / "plan.parquet").unlink()
    shutil.rmtree(tmp_path / "run" / "records")
    with pytest.raises(RunError, match="3 documents were erased of this run, which a new plan would ask again"):
        extract_here(settings)


def test_a_table_that_the_run_made_parquet_of_is_emptied_and_the_run_stays_the_same(tmp_path):
    documents(tmp_path / "d.parquet")
    pl.read_parquet(tmp_path / "d.parquet").write_csv(tmp_path / "theirs.csv")
    with kept_tables(make_settings(tmp_path / "theirs.csv", tmp_path / "run")) as settings:
        before = extract_here(settings)
    assert do(tmp_path)[0]
    assert set(holding(tmp_path)) == {"d.parquet", "theirs.csv"}
    assert rows_of(tmp_path / "run").equals(before.filter(pl.col("id") != GONE))
    assert glane.verify(tmp_path / "run").is_as_it_was
    with kept_tables(make_settings(tmp_path / "theirs.csv", tmp_path / "run")) as settings:
        assert extract_here(settings).height == 39  # it is complete, and still the same run
    texts = glane.open_run(tmp_path / "run").documents().collect()
    assert texts["id"].to_list() == before.filter(pl.col("id") != GONE)["id"].to_list()


@pytest.mark.slow
def test_killed_at_any_step_no_half_passes_and_the_same_command_ends_it(tmp_path):
    here, kept = tmp_path / "here" / "place", tmp_path / "kept"
    documents(tmp_path / "theirs.parquet")
    pl.read_parquet(tmp_path / "theirs.parquet").write_csv(tmp_path / "theirs.csv")
    with kept_tables(make_settings(tmp_path / "theirs.csv", here / "run")) as settings:
        before = extract_here(settings)
    with (tmp_path / "theirs_too.parquet").open("wb") as stream:
        write_parquet_frame(before.filter(pl.col("status") == "OK").select("id", "fever"), stream)
    glane.evaluate(here / "run", str(tmp_path / "theirs_too.parquet"), samples=0).write(here / "evaluation")
    after, seen = before.filter(pl.col("id") != GONE), Counter()
    shutil.copytree(here, kept, symlinks=True)
    for _ in each_death(lambda: do(here), {"replace"}):
        try:
            rows = glane.open_run(here / "run").all().collect()
            state = "before" if rows.equals(before) else "after" if rows.equals(after) else "half"
        except RunError as error:
            state = "changing" if "glane erase replaces files of this run since" in str(error) else str(error)
        seen[state] += 1
        assert do(here)[0], state
        assert holding(here) == {}
        assert rows_of(here / "run").equals(after)
        assert read_erased(RunDirectory(root=here / "run")).documents == 1
        found = glane.verify(here / "run")
        assert found.is_as_it_was, str(found)
        assert glane.open_run(here / "run").documents().collect().height == 39
        shutil.rmtree(here)
        shutil.copytree(kept, here, symlinks=True)
    assert set(seen) == {"before", "changing"}
    assert seen["changing"] > 8


def test_documents_in_groups_go_with_their_group(tmp_path):
    at = list(range(40))
    frame = pl.DataFrame(
        {"id": [f"DOC-{one:04d}" for one in at], "person": [f"PERSON-{one % 13:02d}" for one in at],
         "text": [f"{'Zzyzx Quaresmo habite impasse des Glycines bleues' if one % 13 == 7 else 'Madame Martin tousse'} {one}." for one in at]}
    )  # fmt: skip
    frame.write_parquet(tmp_path / "theirs.parquet")
    settings = make_settings(tmp_path / "theirs.parquet", tmp_path / "run", data__group_by="person", run__shard_rows=4)
    before = extract_here(settings)
    glane.export(tmp_path / "run", "csv", tmp_path / "export")
    with pytest.raises(ConfigError, match=r"ids: 1 id\(s\) of no document in .*'DOC-0007'. Nothing was done"):
        do(tmp_path, ids=("DOC-0007",))
    assert do(tmp_path, ids=("PERSON-07",))[0]
    marks = (b"Quaresmo", b"PERSON-07", b"DOC-0007", b"DOC-0020", b"DOC-0033")
    left = [
        path
        for path in (tmp_path / "run").rglob("*")
        if path.is_file() and any(one in path.read_bytes() for one in marks)
    ]
    assert left == []
    rows = rows_of(tmp_path / "run")
    assert rows.equals(before.filter(pl.col("person") != "PERSON-07"))
    assert not (tmp_path / "export").exists()
    assert glane.verify(tmp_path / "run").is_as_it_was
    texts = glane.open_run(tmp_path / "run").documents().collect()
    assert set(texts["person"]) == set(rows["person"])
    assert texts.height == 37
    later = extract_here(
        make_settings(
            tmp_path / "theirs.parquet", tmp_path / "later", data__group_by="person", data__extend=str(tmp_path / "run")
        )
    )
    assert later.filter(~pl.col("reused") & (pl.col("status") == "OK"))["person"].to_list() in (["PERSON-07"], [])


def test_a_data_set_that_glane_made_is_emptied_and_who_reads_it_still_is_the_same_run(tmp_path):
    documents(tmp_path / "theirs.parquet")
    (tmp_path / "key").write_text("0123456789abcdef" * 3)
    (tmp_path / "key").chmod(0o600)
    job_here(
        f"data.path={tmp_path / 'theirs.parquet'}", f"out.dir={tmp_path / 'pseudo'}", f"offsets={tmp_path / 'apart' / 'offsets.parquet'}",
        f"key_file={tmp_path / 'key'}", "keep_ids=true", name="pseudonymise",
    )  # fmt: skip
    settings = make_settings(tmp_path / "pseudo" / "documents.parquet", tmp_path / "run")
    other = make_settings(tmp_path / "pseudo" / "documents.parquet", tmp_path / "other", data__where=f"id <> '{GONE}'")
    before = extract_here(settings)
    extract_here(other)
    is_clean, said = do(tmp_path)
    assert not is_clean
    assert f"still found    {tmp_path / 'other' / 'run.yaml'}: 1 id(s)" in said  # which says what its user typed
    assert set(holding(tmp_path)) == {"theirs.parquet", "other/run.yaml"}
    assert rows_of(tmp_path / "run").equals(before.filter(pl.col("id") != GONE))
    kept = read_parquet_frame(tmp_path / "pseudo" / "documents.parquet")
    assert kept.height == 40
    assert MARK in parquet_schema(tmp_path / "pseudo" / "documents.parquet").metadata  # its dates are shifted still
    assert kept.filter(pl.col("id").str.starts_with("erased-"))["text"].to_list() == [None]
    for one in ("run", "other"):
        assert glane.verify(tmp_path / one).is_as_it_was
        assert glane.open_run(tmp_path / one).documents().collect().height == 39
    assert extract_here(settings).height == 39
    assert "nothing is left" in do(tmp_path)[1]


def test_what_cannot_be_is_refused_and_left_as_it_is(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    settings = make_settings(data, tmp_path / "run")
    run, _ = work(settings)
    before = sorted((path, path.read_bytes()) for path in (tmp_path / "run").rglob("*") if path.is_file())
    every = tuple(f"PAT-{at:04d}-QX" for at in range(40))
    for ids, why in (
        (("PAT-9999-QX", GONE), "of no document in .*'PAT-9999-QX'. Nothing was done"),
        ((), "ids: none are given"),
        ((GONE,), r"worker\(s\) are on it. Erase once nobody works on it"),
    ):
        if ids == (GONE,):
            beat = next(run.directory.workers.glob("*.json"))
            was = beat.read_text()
            told = json.loads(was)
            beat.write_text(
                json.dumps(told | {"state": "working", "pid": os.getpid(), "process_start": process_start(os.getpid())})
            )
        with pytest.raises(GlaneError, match=why) as refused:
            do(tmp_path, ids=ids)
        assert GONE not in str(refused.value)
        if ids == (GONE,):
            beat.write_text(was)
    assert sorted((path, path.read_bytes()) for path in (tmp_path / "run").rglob("*") if path.is_file()) == before
    with pytest.raises(RunError, match="shard 0 holds nothing else. Run its command to its end"):
        do(tmp_path, ids=every[:16])
    finish_run(run, record_mib=1)
    with pytest.raises(RunError, match="all its documents would be erased.*Remove the folder"):
        do(tmp_path, ids=every)
    assert do(tmp_path, ids=every[:16])[0]
    assert extract_here(settings).height == 24


def test_a_signed_brief_goes_where_that_is_said_and_what_somebody_changed_is_told_and_kept(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    links = links_to([RunDirectory(root=tmp_path / "run")])
    quote = "habite 17 impasse des Glycines bleues"  # as a claim quotes it
    claims = as_parquet(pl.DataFrame({"claim": ["c1"], "quote": [quote]}))
    files = {"claims.parquet": claims, "brief.md": quote.encode(), "brief.json": b"{}"}
    write_folder(tmp_path / "brief", files, of=links, is_final=True)
    glane.export(tmp_path / "run", "csv", tmp_path / "export")
    (tmp_path / "run" / "notes.txt").write_text(f"Zzyzx Quaresmo {quote}")
    (tmp_path / "export" / "records.csv").write_text(f"id\n{GONE}\n")
    before = holding(tmp_path)
    with pytest.raises(
        RunError, match=r"brief: a signed brief holds the documents, and is removed only where signed=true"
    ):
        do(tmp_path)
    assert holding(tmp_path) == before
    assert not glane.open_run(tmp_path / "run").all().filter(pl.col("id") == GONE).collect().is_empty()
    is_clean, said = do(tmp_path, signed=True)
    assert not is_clean
    for path in (tmp_path / "run" / "notes.txt", tmp_path / "export" / "records.csv"):
        assert f"still found    {path}" in said
    assert f"{tmp_path / 'export' / 'records.csv'}: changed since glane wrote it" in said
    assert set(holding(tmp_path)) == {"theirs.parquet", "run/notes.txt", "export/records.csv"}
    assert not (tmp_path / "brief").exists()


def test_frozen_sentinels_and_the_answers_that_runs_gave_to_them_go_too(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    freeze(run, run.task, run.usable().collect()["id"], folder=tmp_path / "frozen", sample={}, tolerance=0.02)
    settings = sentinel_settings(data, tmp_path / "later", tmp_path / "frozen")
    whole_run(settings)
    assert glane.verify(tmp_path / "later").is_as_it_was
    assert "frozen/documents.parquet" in holding(tmp_path)
    assert "later/sentinels/records/records-00000.parquet" in holding(tmp_path)
    num = read_frozen(tmp_path / "frozen").manifest.documents
    assert do(tmp_path)[0]
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    frozen = read_frozen(tmp_path / "frozen")
    assert frozen.manifest.documents == frozen.reference.height == num - 1
    assert glane.verify(tmp_path / "later").is_as_it_was
    assert glane.open_run(tmp_path / "later").drift().height > 0
    assert whole_run(settings)  # the same run with the same sentinels
    whole_run(sentinel_settings(data, tmp_path / "new", tmp_path / "frozen"))


def test_a_data_set_of_glane_ingest_is_emptied(tmp_path):
    (tmp_path / "files").mkdir()
    texts = [f"Madame Martin numéro {at} tousse depuis trois jours." for at in range(4)]
    texts[2] = "Zzyzx Quaresmo habite 17 impasse des Glycines bleues, portable 0699887766, et tousse."
    for at, text in enumerate(texts):
        (tmp_path / "files" / f"note{at}.txt").write_text(text)
    read_alone(ingest_told(tmp_path / "files", tmp_path / "notes", run__dir=str(tmp_path / "read")))
    rows = extract_here(make_settings(tmp_path / "notes", tmp_path / "run"))
    kept = read_parquet_frame(tmp_path / "notes" / "documents-00000.parquet")
    (gone,) = kept.filter(pl.col("text").str.contains("Quaresmo"))["id"]
    assert do(tmp_path, ids=(gone,))[0]
    assert set(holding(tmp_path)) == {"files/note2.txt"}
    assert rows_of(tmp_path / "run").equals(rows.filter(pl.col("id") != gone))
    assert glane.verify(tmp_path / "run").is_as_it_was
    now = read_parquet_frame(tmp_path / "notes" / "documents-00000.parquet")
    assert now.filter(~pl.col("id").str.starts_with("erased-")).equals(kept.filter(pl.col("id") != gone))


def test_a_run_that_extends_one_of_which_documents_go_keeps_the_right_rows(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, tmp_path / "run"))
    wanted = extract_here(make_settings(data, tmp_path / "apart" / "whole", data__extend=str(tmp_path / "run")))
    settings = make_settings(data, tmp_path / "child", data__extend=str(tmp_path / "run"))
    elsewhere = make_settings(data, tmp_path / "far" / "away", data__extend=str(tmp_path / "run"))
    for one in (settings, elsewhere):
        run, _ = work(one)
        for shard in range(3):
            run.directory.part(shard).unlink()
        for path in run.directory.workers.iterdir():
            path.unlink()
    (tmp_path / "far" / "away").rename(tmp_path / "hidden")  # from the command, which is told of other folders
    assert do(tmp_path, folder=(str(tmp_path / "run"), str(tmp_path / "child")))[0]
    assert extract_here(settings).drop("duplicate").equals(wanted.filter(pl.col("id") != GONE).drop("duplicate"))
    (tmp_path / "hidden").rename(tmp_path / "far" / "away")
    _, report = work(elsewhere)
    assert "made before documents were erased of" in report.message
    (tmp_path / "far" / "away" / "lineage.parquet").unlink()
    after = extract_here(elsewhere)
    assert (
        after.filter(pl.col("id") != GONE)
        .drop("duplicate")
        .equals(wanted.filter(pl.col("id") != GONE).drop("duplicate"))
    )


def test_vectors_of_a_document_go(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    settings = embed_told(data, tmp_path / "run")
    embed_alone(settings)
    before, told = rows_of(tmp_path / "run"), json.loads((tmp_path / "run" / "summary.json").read_text())
    assert do(tmp_path)[0]
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    assert rows_of(tmp_path / "run").equals(before.filter(pl.col("id") != GONE))
    now = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert now.keys() == told.keys()
    assert now["flow"]["selected"] == 39
    assert glane.verify(tmp_path / "run").is_as_it_was
    embed_alone(settings)


def test_the_audit_log_tells_the_command_and_no_id(tmp_path, monkeypatch):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    (tmp_path / "audit").mkdir()
    monkeypatch.setenv("GLANE_AUDIT", str(tmp_path / "audit"))
    job_here(f"run.dir={tmp_path / 'run'}", f"ids=[{GONE}]", "remove=true", name="erase")
    (log,) = (tmp_path / "audit").iterdir()
    assert GONE not in log.read_text()
    told = [json.loads(line) for line in log.read_text().splitlines()]
    assert {"began", "wrote", "ended"} <= {one["event"] for one in told}
    assert "erased.json" in {one.get("first_file") for one in told}


def test_ids_of_a_table_are_read_from_the_column_that_the_run_has(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    (tmp_path / "opposed.csv").write_text(f"name;id\nx;{GONE}\ny;PAT-0009-QX\n")
    assert do(tmp_path, ids=(), ids_in=str(tmp_path / "opposed.csv"))[0]
    assert rows_of(tmp_path / "run").height == 38
    (tmp_path / "opposed.csv").write_text(f"name;number\nx;{GONE}\n")
    with pytest.raises(GlaneError, match="ids_in: .* no column 'id'"):
        do(tmp_path, ids=(), ids_in=str(tmp_path / "opposed.csv"))


def test_a_dictionary_keeps_no_value_of_a_row_that_went(tmp_path):
    kinds = pa.array(["a", "Quaresmo", "b"]).dictionary_encode()
    pq.write_table(pa.table({"id": ["x", GONE, "y"], "kind": kinds}), tmp_path / "t.parquet")
    with (tmp_path / "new.parquet").open("wb") as stream:
        assert write_without(tmp_path / "t.parquet", stream, [GONE], ["id"], anywhere=False) == 2
    found = pq.read_table(tmp_path / "new.parquet")
    assert found["kind"].chunk(0).dictionary.to_pylist() == ["a", "b"]
    assert found["kind"].to_pylist() == ["a", "b"]


def test_a_dictionary_within_lists_and_records_keeps_no_value_of_a_row_that_went(tmp_path):
    kinds = pa.array(["a", "Quaresmo", "b", None]).dictionary_encode()
    record = pa.StructArray.from_arrays([kinds], ["kind"])
    kinds_in, records_in = (pa.ListArray.from_arrays(pa.array([0, 1, 2, 4]), one) for one in (kinds, record))
    told = {"id": ["x", GONE, "y"], "kinds": kinds_in, "record": record[:3], "records": records_in}
    pq.write_table(pa.table(told), tmp_path / "t.parquet", compression="none")
    with (tmp_path / "new.parquet").open("wb") as stream:
        write_without(tmp_path / "t.parquet", stream, [GONE], ["id"], anywhere=False)
    before, after = (pq.read_table(tmp_path / name) for name in ("t.parquet", "new.parquet"))
    assert after.schema == before.schema
    assert after.to_pylist() == [before.to_pylist()[0], before.to_pylist()[2]]
    with (tmp_path / "plain.parquet").open("wb") as stream:
        pq.write_table(after, stream, compression="none")
    assert b"Quaresmo" not in (tmp_path / "plain.parquet").read_bytes()


def test_pieces_are_of_one_document_alone_and_found_in_what_files_make_of_them():
    text = "Zzyzx Quaresmo habite l'impasse des Glycines « bleues », et tousse depuis trois jours."
    what = sought([GONE, "d1"], [text], [["Madame Martin tousse depuis trois jours."]])
    assert what.ids == (GONE,)  # d1 could be anything
    assert what.pieces
    assert not any("depuis trois jours" in one for one in what.pieces)
    for content in (
        json.dumps({"text": text}).encode(), html.escape(text.replace(" ", "\n")).encode(), text.encode("utf-16-le"),
        gzip.compress(text.encode()), text.replace("habite", "<b>habite</b>").encode(), text.upper().encode(),
        text.encode("latin-1", errors="replace"),
    ):  # fmt: skip
        assert found_in_bytes(content, what).pieces, content
    assert not found_in_bytes(b"Madame Martin tousse depuis trois jours.", what)
    assert found_in_bytes(f"<td>{GONE}</td>".encode(), what).ids == {GONE}
    assert not found_in_bytes(f"{GONE}2 A{GONE}".encode(), what)


def test_a_run_over_a_list_of_ids_that_glane_wrote_stays_the_same_run(tmp_path):
    data = documents(tmp_path / "theirs.parquet")
    wanted = [f"PAT-{at:04d}-QX" for at in range(4, 30)]
    write_folder(tmp_path / "cascade", {"plan.json": b"{}", "ids.parquet": as_parquet(pl.DataFrame({"id": wanted}))})
    settings = make_settings(data, tmp_path / "run", data__only_ids_in=str(tmp_path / "cascade" / "ids.parquet"))
    before = extract_here(settings)
    assert do(tmp_path)[0]
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    assert extract_here(settings).equals(before.filter(pl.col("id") != GONE))


def test_documents_of_a_notebook_and_what_people_read_in_a_screening_go(tmp_path):
    data = documents(tmp_path / "run.documents.parquet")  # as glane.extract keeps a frame
    settings = make_settings(data, tmp_path / "run")
    rows = extract_here(settings)
    glane.screen(tmp_path / "run", str(tmp_path / "screen"), "fever", rows=40)
    held = set(holding(tmp_path))
    assert "screen/order.parquet" in held
    assert any(one.endswith("review.html") for one in held)
    is_clean, said = do(tmp_path)
    assert is_clean, said
    assert holding(tmp_path) == {}
    assert "a screening, which does not go on" in said
    assert rows_of(tmp_path / "run").equals(rows.filter(pl.col("id") != GONE))
    assert extract_here(settings).height == 39
    assert glane.verify(tmp_path / "run", folders=tmp_path / "run").is_as_it_was


def with_digests(folder: Path) -> tuple[Path, str]:
    """A run on originals, a data set of pseudonyms under digests, and a run on it; and what the document is there."""
    documents(folder / "theirs.parquet")
    (folder / "key").write_text("0123456789abcdef" * 3)
    (folder / "key").chmod(0o600)
    apart = folder / "apart" / "offsets.parquet"
    told = {
        "data": {"path": str(folder / "theirs.parquet")}, "out": {"dir": str(folder / "pseudo")},
        "offsets": str(apart), "key_file": str(folder / "key"),
    }  # fmt: skip
    pseudonymise_table(validated(PseudonymiseSettings, told, place=""))
    extract_here(make_settings(folder / "theirs.parquet", folder / "run"))
    extract_here(make_settings(folder / "pseudo" / "documents.parquet", folder / "below"))
    (new,) = pl.read_parquet(apart).filter(pl.col("id") == GONE)["new_id"].unique()
    return apart, new


def test_a_data_set_under_digests_loses_the_document_by_its_places_and_so_does_the_run_on_it(tmp_path):
    apart, new = with_digests(tmp_path)
    before = read_parquet_frame(tmp_path / "pseudo" / "documents.parquet")
    looked = do(tmp_path, remove=False)[1]
    for name in ("run", "below", "pseudo/documents.parquet", "apart/offsets.parquet"):
        assert f"{tmp_path / name}: " in looked
    is_clean, said = do(tmp_path)
    assert is_clean, said
    assert "not there" not in said
    assert "not known" not in said
    after = read_parquet_frame(tmp_path / "pseudo" / "documents.parquet")
    assert after.filter(~pl.col("id").str.starts_with("erased-")).equals(before.filter(pl.col("id") != new))
    assert after.filter(pl.col("id").str.starts_with("erased-"))["text"].to_list() == [None]
    assert new not in rows_of(tmp_path / "below")["id"]
    assert rows_of(tmp_path / "below").height == 39
    assert GONE not in read_parquet_frame(apart)["id"]
    assert glane.verify(tmp_path / "below").is_as_it_was
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    again = do(tmp_path)[1]
    assert "nothing is left" in again
    assert "not known" not in again
    set_anew = tmp_path / "pseudo" / "documents.parquet"
    before.write_parquet(set_anew)  # another file in its place may hold the document again
    assert f"not known      {set_anew}" in do(tmp_path)[1]


def test_ended_before_the_places_the_data_set_under_digests_and_its_run_are_ended_by_the_same_command(
    tmp_path, monkeypatch
):
    apart, new = with_digests(tmp_path)
    really, rewritten = erasing_data.replace_file, []

    def stops(path, *args, **more):
        if Path(path) == apart:
            raise RunError("stopped")
        rewritten.append(path)
        return really(path, *args, **more)

    with monkeypatch.context() as patched:
        patched.setattr(erasing_data, "replace_file", stops)
        with pytest.raises(RunError, match="stopped"):
            do(tmp_path)
    assert tmp_path / "pseudo" / "documents.parquet" in rewritten  # before the places, which tell the digest
    assert do(tmp_path)[0]
    assert new not in rows_of(tmp_path / "below")["id"]
    assert GONE not in read_parquet_frame(apart)["id"]
    for name in ("run", "below"):
        assert glane.verify(tmp_path / name).is_as_it_was


@pytest.mark.parametrize("lacks", ["pseudo", "apart"])
def test_places_without_their_data_set_and_one_without_its_places_are_told(tmp_path, lacks):
    _, new = with_digests(tmp_path)
    shutil.rmtree(tmp_path / "below")
    there = "apart" if lacks == "pseudo" else "pseudo"
    said = do(tmp_path, remove=False, folder=(str(tmp_path / "run"), str(tmp_path / there)))[1]
    if lacks == "pseudo":
        assert f"not there      {tmp_path / 'apart' / 'offsets.parquet'}:" in said
        assert f"ids=[{new}]" in said
    else:
        assert f"not known      {tmp_path / 'pseudo' / 'documents.parquet'}:" in said
        assert "tell those of 1 document(s)" in said


def test_documents_of_others_that_have_the_same_ids_are_left(tmp_path):
    """Ids that are numbers are the same in every table: only what is of the runs, or read by them, loses rows."""
    for name, word in (("ours", "Quaresmo"), ("others", "Martin")):
        (tmp_path / name).mkdir()
        frame = pl.DataFrame(
            {"id": list(range(40)), "text": [f"Madame {word} numéro {at} tousse." for at in range(40)]}
        )
        frame.write_parquet(tmp_path / f"{name}.parquet")
        extract_here(make_settings(tmp_path / f"{name}.parquet", tmp_path / name / "run"))
        run = glane.open_run(tmp_path / name / "run")
        freeze(
            run, run.task, run.usable().collect()["id"], folder=tmp_path / name / "frozen", sample={}, tolerance=0.02
        )
        with (tmp_path / f"{name}_too.parquet").open("wb") as stream:
            write_parquet_frame(run.usable().select("id", "fever").collect(), stream)
        found = glane.evaluate(tmp_path / name / "run", str(tmp_path / f"{name}_too.parquet"), samples=0)
        found.write(tmp_path / name / "evaluation")
        write_folder(
            tmp_path / name / "apart", {"rows.parquet": as_parquet(pl.DataFrame({"id": [7], "number": ["7"]}))}
        )
    before = {path: path.read_bytes() for path in (tmp_path / "others").rglob("*") if path.is_file()}
    is_clean, said = do(tmp_path / "ours", ids=("7",), folder=(str(tmp_path),))
    assert is_clean, said
    assert {path: path.read_bytes() for path in (tmp_path / "others").rglob("*") if path.is_file()} == before
    assert rows_of(tmp_path / "ours" / "run").filter(pl.col("id") == 7).is_empty()
    assert read_frozen(tmp_path / "ours" / "frozen").reference.filter(pl.col("id") == 7).is_empty()
    assert read_parquet_frame(tmp_path / "ours" / "evaluation" / "values.parquet").filter(pl.col("id") == 7).is_empty()


def test_another_run_over_a_copy_of_the_documents_is_told_and_what_is_made_of_it(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    copied = pl.read_parquet(tmp_path / "theirs.parquet").with_columns(ward=pl.lit("A"))
    copied.write_parquet(tmp_path / "theirs_too.parquet")
    extract_here(make_settings(tmp_path / "theirs_too.parquet", tmp_path / "other"))
    for remove in (False, True):
        is_clean, said = do(tmp_path, remove=remove)
        assert f"of others      {tmp_path / 'other'}: read other files, and has 1 row(s) under such ids." in said
    assert not is_clean
    (records,) = (tmp_path / "other" / "records").glob("*.parquet")
    kept = records.read_bytes()
    records.write_bytes(kept[:-100])
    is_clean, said = do(tmp_path)
    assert not is_clean
    assert f"not known      {tmp_path / 'other'}: read other files, and cannot be read" in said
    records.write_bytes(kept)
    assert do(tmp_path / "other", folder=(str(tmp_path),), run={"dir": str(tmp_path / "other")})[0]
    assert set(holding(tmp_path)) <= set(THEIRS)
    assert do(tmp_path)[0]


def test_numbers_in_results_of_other_documents_are_not_taken_for_those_that_are_erased(tmp_path):
    for name in ("ours", "others"):
        frame = pl.DataFrame({"id": range(1000, 1040), "text": [f"{name} numéro {at} tousse." for at in range(40)]})
        frame.write_parquet(tmp_path / f"{name}.parquet")
        extract_here(make_settings(tmp_path / f"{name}.parquet", tmp_path / name / "run"))
        glane.export(tmp_path / name / "run", "csv", tmp_path / name / "export")
    is_clean, said = do(tmp_path / "ours", ids=("1007",), folder=(str(tmp_path),))
    assert is_clean, said
    assert b"1007" in (tmp_path / "others" / "export" / "records.csv").read_bytes()


def test_files_of_no_run_that_share_a_sentence_with_the_document_are_left(tmp_path):
    """A sentence that the run's other documents do not have may be in any other data set: it is no proof of a person."""
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    shared = "Elle habite 17 impasse des Glycines bleues, portable 0699887766."
    table = as_parquet(pl.DataFrame({"id": ["a-1", "a-2"], "text": ["Monsieur Bonnet va bien.", shared]}))
    with_id = as_parquet(pl.DataFrame({"id": ["a-1", GONE], "text": ["Monsieur Bonnet va bien.", shared]}))
    write_folder(tmp_path / "of_others", {"documents.parquet": table, "page.md": shared.encode()})
    write_folder(tmp_path / "of_the_person", {"documents.parquet": with_id, "page.md": f"{GONE}: {shared}".encode()})
    before = {path: path.read_bytes() for path in (tmp_path / "of_others").iterdir()}
    is_clean, said = do(tmp_path)
    assert is_clean, said
    assert {path: path.read_bytes() for path in (tmp_path / "of_others").iterdir()} == before
    assert read_parquet_frame(tmp_path / "of_the_person" / "documents.parquet")["id"].to_list() == ["a-1"]
    assert not (tmp_path / "of_the_person" / "page.md").exists()


def test_what_a_link_leads_to_is_told_or_looked_at_and_what_is_beside_a_run_that_is_one(tmp_path):
    far, here = tmp_path / "far", tmp_path / "here"
    far.mkdir()
    here.mkdir()
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), far / "run"))
    (here / "run").symlink_to(far / "run")
    for name in ("review", "moved"):
        glane.review(far / "run", here / name, rows=40)
    (here / "moved").rename(tmp_path / "moved")
    (here / "moved").symlink_to(tmp_path / "moved")
    (here / "review" / "review.html").rename(tmp_path / "theirs.html")
    (here / "review" / "review.html").symlink_to(tmp_path / "theirs.html")
    is_clean, said = do(here)
    assert not is_clean
    assert f"rewritten      {here / 'review' / 'sample.parquet'}: 1 row(s)" in said  # beside the link
    assert f"not searched   {here / 'moved'}: a link to a folder that is none of these" in said
    assert f"still found    {here / 'review' / 'review.html'}: 1 id(s)" in said
    (here / "review" / "review.html").unlink()
    assert do(here, folder=(str(far), str(here), str(tmp_path / "moved")))[0]
    assert set(holding(tmp_path)) <= {"theirs.parquet", "theirs.html"}


def test_what_was_encrypted_again_is_known_as_what_glane_wrote(tmp_path, monkeypatch):
    ring = ring_at(tmp_path / "keys.yaml", "one")
    monkeypatch.setenv(KEY_FILE, str(ring))
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    turn(ring, "two")
    rewrite_all([str(tmp_path / "run"), str(tmp_path / "review")])
    assert ".glane-rewritten" in {path.name for path in (tmp_path / "review").iterdir()}
    is_clean, said = do(tmp_path)
    assert is_clean, said
    assert f"rewritten      {tmp_path / 'review' / 'sample.parquet'}: 1 row(s)" in said
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    assert glane.verify(tmp_path / "run").is_as_it_was


def test_cells_of_a_csv_may_be_long():
    content = f"id,text\n{GONE},x\nPAT-0001-QX,{'tousse ' * 30_000}\n".encode()
    left, rows = csv_without(content, [GONE], ["id"])
    assert rows == 1
    assert left == content.replace(f"{GONE},x\n".encode(), b"")


def test_documents_that_are_known_by_the_numbers_of_rows_go_from_what_a_notebook_gave_and_from_pages(tmp_path):
    documents(tmp_path / "d.parquet")
    texts = pl.read_parquet(tmp_path / "d.parquet").drop("id")
    (tmp_path / "d.parquet").unlink()
    texts.write_parquet(tmp_path / "run.documents.parquet")  # as glane.extract keeps a frame
    settings = make_settings(tmp_path / "run.documents.parquet", tmp_path / "run", data__number_rows=True)
    before = extract_here(settings)
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    assert "review/review.html" in holding(tmp_path)
    is_clean, said = do(tmp_path, ids=("8",))
    assert is_clean, said
    assert holding(tmp_path) == {}
    assert rows_of(tmp_path / "run").equals(before.filter(pl.col("id") != 8))
    kept = read_parquet_frame(tmp_path / "run.documents.parquet")
    assert kept["text"].to_list() == [None if at == 7 else text for at, text in enumerate(texts["text"])]
    assert extract_here(settings).height == 39
    assert "nothing is left" in do(tmp_path, ids=("8",))[1]


def test_numbered_rows_of_a_run_that_was_moved_go_from_its_own_input(tmp_path):
    texts = pl.read_parquet(documents(tmp_path / "d.parquet")).select("text", other=pl.lit(1))
    (tmp_path / "d.parquet").unlink()
    texts.write_csv(tmp_path / "theirs.csv")
    with kept_tables(make_settings(tmp_path / "theirs.csv", tmp_path / "first", data__number_rows=True)) as settings:
        extract_here(settings)
    (tmp_path / "first").rename(tmp_path / "run")
    assert do(tmp_path, ids=("8",))[0]
    assert set(holding(tmp_path)) == {"theirs.csv"}


def test_ids_of_groups_are_none_of_documents(tmp_path):
    """Numbers of persons and numbers of documents are often the same: person 114 is not document 114."""
    at = range(40)
    told = pl.DataFrame(
        {"id": [100 + one for one in at], "person": [100 + one % 13 * 2 for one in at],
         "text": [f"{'Zzyzx Quaresmo habite impasse des Glycines bleues' if one % 13 == 7 else 'Madame Martin tousse'} {one}." for one in at]}
    )  # fmt: skip
    told.write_csv(tmp_path / "theirs.csv")
    with kept_tables(make_settings(tmp_path / "theirs.csv", tmp_path / "run", data__group_by="person")) as settings:
        extract_here(settings)
    assert do(tmp_path, ids=("114",))[0]
    assert set(holding(tmp_path)) == {"theirs.csv"}
    left = glane.open_run(tmp_path / "run").documents().collect()
    assert sorted(left["id"]) == sorted(told.filter(pl.col("person") != 114)["id"])


@pytest.mark.parametrize("kind", ["uuid", "decimal", "binary"])
def test_ids_of_any_type_are_found_in_the_input(tmp_path, kind):
    texts = pl.read_parquet(documents(tmp_path / "d.parquet"))["text"].to_list()
    (tmp_path / "d.parquet").unlink()
    ids, gone = {
        "uuid": (pa.array([UUID(int=at + 10**20).bytes for at in range(40)], pa.uuid()), str(UUID(int=7 + 10**20))),
        "decimal": (pa.array([Decimal(at + 1000) for at in range(40)], pa.decimal128(12, 2)), "1007"),
        "binary": (pa.array([f"PAT-{at:04d}-QX".encode() for at in range(40)]), GONE),
    }[kind]
    pq.write_table(pa.table({"id": ids, "text": texts}), tmp_path / "theirs.parquet")
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run"))
    is_clean, said = do(tmp_path, ids=(gone,))
    assert is_clean, said
    assert f"yours          {tmp_path / 'theirs.parquet'}: still holds the documents" in said
    assert "and 0 piece" not in said
    assert set(holding(tmp_path)) == {"theirs.parquet"}


def test_an_id_with_a_slip_is_refused_though_the_others_have_rows_in_results(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    before = holding(tmp_path)
    for slip in ("PAT-0008-QX ", "PAT-0008-qx", "PAT-0008"):
        with pytest.raises(ConfigError, match=f"of no document in .*'{slip}'. Nothing was done"):
            do(tmp_path, ids=(GONE, slip))
    assert holding(tmp_path) == before
    (tmp_path / "run").rename(tmp_path / "kept")
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run", data__where=f"id <> '{GONE}'"))
    said = do(tmp_path, ids=(GONE,), folder=(str(tmp_path),), remove=False)[1]  # no row of it is in this run
    assert f"would rewrite  {tmp_path / 'review' / 'sample.parquet'}: 1 row(s)" in said


def test_a_run_that_is_reached_by_two_ways_is_one(tmp_path):
    real = tmp_path / "real"
    real.mkdir()
    data = documents(tmp_path / "theirs.parquet")
    extract_here(make_settings(data, real / "first"))
    glane.review(real / "first", real / "review", rows=40)
    (tmp_path / "run").symlink_to(real / "first")
    (tmp_path / "linked").symlink_to(real)
    said = do(tmp_path, folder=(str(real), str(tmp_path / "linked"), str(real / ".." / "real")))[1]
    assert said.count("erased ") == 1
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    assert glane.verify(tmp_path / "run").is_as_it_was


def test_something_else_in_the_folder_of_parts_keeps_nothing_from_being_erased(tmp_path):
    settings = make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run")
    work(settings)
    (tmp_path / "run" / "parts" / "mine.txt").write_text("x")
    extract_here(settings)
    assert do(tmp_path)[0]
    assert (tmp_path / "run" / "parts" / "mine.txt").read_text() == "x"
    assert set(holding(tmp_path)) == {"theirs.parquet"}


def test_a_run_that_read_the_result_of_another_loses_the_rows_too_and_says_that_its_input_changed(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    result = tmp_path / "run" / "records" / "records-00000.parquet"
    settings = make_settings(result, tmp_path / "second", data__text_column="note", data__where="note IS NOT NULL")
    before = extract_here(settings)
    gone = before["id"][0]
    is_clean, said = do(tmp_path, ids=(gone,))
    assert is_clean, said
    assert f"erased         {tmp_path / 'second'}: 1 row(s)" in said
    assert "records-00000.parquet: still holds" not in said
    assert rows_of(tmp_path / "second").equals(before.filter(pl.col("id") != gone))
    found = glane.verify(tmp_path / "second")
    assert {one.part for one in found.verification.checks if one.state == "changed"} == {"inputs"}
    with pytest.raises(GlaneError):
        glane.open_run(tmp_path / "second").documents().collect()


def test_a_run_that_was_moved_takes_along_those_that_read_its_result(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "first"))
    result = tmp_path / "first" / "records" / "records-00000.parquet"
    settings = make_settings(result, tmp_path / "second", data__text_column="note", data__where="note IS NOT NULL")
    gone = extract_here(settings)["id"][0]
    (tmp_path / "first").rename(tmp_path / "run")
    is_clean, said = do(tmp_path, ids=(gone,))
    assert is_clean, said
    assert gone not in rows_of(tmp_path / "run")["id"]
    assert gone not in rows_of(tmp_path / "second")["id"]


def test_asked_again_texts_are_searched_for_while_the_input_has_them(tmp_path):
    texts = pl.read_parquet(documents(tmp_path / "d.parquet")).select("text")
    (tmp_path / "d.parquet").unlink()
    texts.write_parquet(tmp_path / "theirs.parquet")
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run", data__number_rows=True))
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    page = tmp_path / "review" / "review.html"
    page.write_text(page.read_text() + "<!-- read by somebody -->")
    for _ in range(2):
        is_clean, said = do(tmp_path, ids=("8",))
        assert not is_clean
        assert f"still found    {page}" in said
    page.unlink()
    assert do(tmp_path, ids=("8",))[0]


def of_persons(path: Path, *, are_numbers: bool) -> pl.DataFrame:
    """Forty documents of thirteen persons: the third of three is the person's. Numbers of both are the same."""
    at = range(40)
    words = [
        "Zzyzx Quaresmo habite impasse des Glycines bleues" if one % 13 == 7 else "Madame Martin tousse" for one in at
    ]

    def named(kind: str, one: int) -> int | str:
        return 1000 + one if are_numbers else f"{kind}-{one:04d}"

    frame = pl.DataFrame(
        {"id": [named("DOC", one) for one in at], "person": [named("PERSON", one % 13 * 2) for one in at],
         "text": [f"{word} {one}." for word, one in zip(words, at, strict=True)]}
    )  # fmt: skip
    if path.suffix == ".csv":
        frame.write_csv(path)
    else:
        frame.write_parquet(path)
    return frame


@pytest.mark.parametrize("are_numbers", [False, True])
def test_of_a_person_who_is_erased_runs_over_single_documents_lose_theirs_and_no_others(tmp_path, are_numbers):
    frame = of_persons(tmp_path / "theirs.parquet", are_numbers=are_numbers)
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run", data__group_by="person"))
    plain = extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "plain"))
    glane.review(tmp_path / "plain", tmp_path / "review", rows=plain.filter(pl.col("status") == "OK").height)
    before = read_parquet_frame(tmp_path / "review" / "sample.parquet")
    person = frame["person"][7]
    gone = frame.filter(pl.col("person") == person)["id"].to_list()
    is_clean, said = do(tmp_path, ids=(str(person),))
    assert is_clean, said
    assert set(holding(tmp_path)) == {"theirs.parquet"}
    assert rows_of(tmp_path / "plain").equals(plain.filter(~pl.col("id").is_in(gone)))
    after = read_parquet_frame(tmp_path / "review" / "sample.parquet")
    assert after.equals(before.filter(~pl.col("id").is_in(gone)))
    known = known_erased(read_erased(RunDirectory(root=tmp_path / "run")), [str(one) for one in (person, *gone)])
    assert known == {str(one) for one in (person, *gone)}


def test_of_documents_alone_no_group_of_another_run_goes_and_the_command_says_what_to_do(tmp_path):
    of_persons(tmp_path / "theirs.parquet", are_numbers=True)
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run"))
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "grouped", data__group_by="person"))
    with pytest.raises(RunError, match=r"grouped: its rows are of groups \('person'\) that have, or may have, some"):
        do(tmp_path, ids=("1007",))


def test_ended_between_rows_and_inputs_the_documents_of_a_group_are_still_known(tmp_path, monkeypatch):
    of_persons(tmp_path / "theirs.csv", are_numbers=True)
    with kept_tables(make_settings(tmp_path / "theirs.csv", tmp_path / "run", data__group_by="person")) as settings:
        extract_here(settings)
    (made,) = (tmp_path / "run" / "input").glob("*.parquet")
    plain = extract_here(make_settings(made, tmp_path / "plain"))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for step in ("empty_own_input", "erase_rows"):
        with monkeypatch.context() as patched:
            patched.setattr(erasing, step, killed)
            with pytest.raises(KeyboardInterrupt):
                do(tmp_path, ids=("1014",))
    assert do(tmp_path, ids=("1014",))[0]
    assert set(holding(tmp_path)) == {"theirs.csv"}
    assert rows_of(tmp_path / "plain").equals(plain.filter(~pl.col("id").is_in([1007, 1020, 1033])))


@pytest.mark.parametrize(
    "told", ["+7", "1_000", "1e3", "007", "0x10", "true", "-5", "7.0", "~", "é,'x", "C:\\x\\", "A B"]
)
def test_an_id_on_the_command_line_is_taken_as_it_is_written(told):
    """Of YAML's, 12E3 would be 12000, and +7 be 7: somebody else's."""
    for word in (f"ids=[{told}]", f"ids={told}"):
        values = composed("erase", [word, "run.dir=x"], types=key_types("erase"))
        assert erase_settings(values).ids == tuple(told.split(",")), word
    assert erase_settings(composed("erase", ["ids=[null]", "run.dir=x"], types=key_types("erase"))).ids == ("null",)
    line = command_line(["-m", "ids=+7,1e3", "run.dir=x"], key_types("erase"))
    assert line.overrides[0] == "ids='+7','1e3'"


@pytest.mark.parametrize("told", [7, 1e3, True, [7], ["A1", 1e3], [None]])
def test_an_id_whose_writing_was_lost_is_refused(told):
    with pytest.raises(ConfigError, match="put quotes around one that YAML reads as a number"):
        erase_settings({"run": {"dir": "x"}, "ids": told})


def test_who_may_read_results_and_data_sets_may_read_them_without_the_document(tmp_path):
    extract_here(make_settings(documents(tmp_path / "theirs.parquet"), tmp_path / "run"))
    run = glane.open_run(tmp_path / "run")
    freeze(run, run.task, run.usable().collect()["id"], folder=tmp_path / "frozen", sample={}, tolerance=0.02)
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    paths = [
        *(tmp_path / "frozen").iterdir(),
        tmp_path / "review" / "sample.parquet",
        tmp_path / "review" / "review.csv",
    ]
    for path in paths:
        path.chmod(0o640)
    assert do(tmp_path)[0]
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o640}


def test_a_data_set_of_glane_that_is_read_by_numbers_of_rows_is_searched(tmp_path):
    documents(tmp_path / "theirs.parquet")
    (tmp_path / "key").write_text("a key of many different letters, 0123456789")
    (tmp_path / "key").chmod(0o600)
    job_here(
        f"data.path={tmp_path / 'theirs.parquet'}", f"out.dir={tmp_path / 'pseudo'}", f"offsets={tmp_path / 'offsets.parquet'}",
        f"key_file={tmp_path / 'key'}", "keep_ids=true", name="pseudonymise",
    )  # fmt: skip
    made = tmp_path / "pseudo" / "documents.parquet"
    extract_here(make_settings(made, tmp_path / "run", data__number_rows=True, data__id_column="number"))
    is_clean, said = do(tmp_path, ids=("8",))
    assert not is_clean
    assert f"still found    {made}" in said


LONGER = ("PAT12-2", "PAT12_b", "A-PAT12", "PAT12/3", "PAT12 bis", "PAT12&c", "PAT12-é", "N°PAT12", "PAT123", 'PAT12"x')


@pytest.fixture(scope="module")
def with_longer_ids(tmp_path_factory):
    """A run over documents whose ids are parts of others', and files with such ids that were made of it."""
    here = tmp_path_factory.mktemp("longer")
    texts = [f"Madame Martin numéro {at} tousse depuis trois jours." for at in range(len(LONGER))]
    frame = pl.DataFrame({"id": ["PAT12", *LONGER], "text": ["Zzyzx Quaresmo habite 17 impasse.", *texts]})
    frame.write_parquet(here / "theirs.parquet")
    extract_here(make_settings(here / "theirs.parquet", here / "run"))
    (here / "run" / "extract.log").write_text("rejected PAT12: too long\nPAT12-2 A-PAT12 PAT12, N°PAT12\n")
    glane.review(here / "run", here / "review", rows=5)
    rows = pl.DataFrame({"id": ["PAT12", *LONGER, "PAT12-77"]})
    others = rows["id"].to_list()[1:]
    sheet = io.BytesIO()
    rows[1:].write_excel(sheet)
    files = {
        "rows.parquet": as_parquet(rows), "rows.csv": rows.write_csv().encode(), "others.xlsx": sheet.getvalue(),
        "others.jsonl": "\n".join(json.dumps({"id": one}) for one in others).encode(),
        "page.html": "".join(f"<td>{html.escape(one)}</td>" for one in others[:-1]).encode(),
        "others.json": json.dumps({"ids": others[:-1]}).encode(),
    }  # fmt: skip
    write_folder(here / "made", files, of=links_to([RunDirectory(root=here / "run")]))
    return here


def test_an_id_that_is_part_of_others_goes_alone_and_nothing_of_theirs(tmp_path, with_longer_ids):
    shutil.copytree(with_longer_ids, tmp_path, dirs_exist_ok=True)
    before = {path: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    is_clean, said = do(tmp_path, ids=("PAT12",))
    assert is_clean, said
    assert f"rewritten      {tmp_path / 'made' / 'rows.parquet'}: 1 row(s)" in said
    assert f"rewritten      {tmp_path / 'made' / 'rows.csv'}: 1 row(s)" in said
    assert read_parquet_frame(tmp_path / "made" / "rows.parquet")["id"].to_list() == [*LONGER, "PAT12-77"]
    after = {path: path.read_bytes() for path in (tmp_path / "made").iterdir()}
    assert {path.name for path in before if after.get(path) != before[path]} == {
        "rows.parquet",
        "rows.csv",
        ".glane-files",
    }
    log = (tmp_path / "run" / "extract.log").read_text()
    assert log == "rejected (erased): too long\nPAT12-2 A-PAT12 (erased), N°PAT12\n"
    assert sorted(rows_of(tmp_path / "run")["id"]) == sorted(LONGER)
    assert glane.verify(tmp_path / "run").is_as_it_was


LEFT = {
    "json": b'{"ids": ["PAT12", "PAT12-2"]}', "html": "<td>PAT12</td><td>PAT12-é</td>".encode(), "text": b"PAT12-2 PAT12",
    "sentence": "PAT12 biscuit, N°PAT123".encode(), "comma": b"PAT12,PAT12", "utf-16": "PAT12-2 PAT12".encode("utf-16-le"),
    "parquet": as_parquet(pl.DataFrame({"id": ["PAT12-2"], "note": ["PAT12-2, PAT12"]})),
    "csv": b"id;note\nPAT12-2;PAT12\n", "packed": gzip.compress(b"PAT12-2 PAT12"),
}  # fmt: skip


@pytest.mark.parametrize("kind", LEFT)
def test_what_is_left_of_an_id_is_found_beside_longer_ids_of_others(tmp_path, kind):
    what = sought(["PAT12"], [], [], columns=["id"], longer=LONGER)
    path = tmp_path / f"left.{kind}"
    path.write_bytes(LEFT[kind])
    assert found_in_files({path: None}, what) == {path: Found({"PAT12"})}
    without = LEFT[kind].replace(b"PAT12-2", b"").replace("PAT12-é".encode(), b"")
    if kind not in ("parquet", "packed", "utf-16"):
        assert found_in_bytes(without, what) == Found({"PAT12"})


@pytest.mark.parametrize("gone", ["true", "2026", "1000", "name"])
def test_an_id_that_is_a_word_of_the_ledger_or_a_year_leaves_ledger_and_times_readable(tmp_path, gone):
    ids = [gone, *(f"D{at:03d}" for at in range(20))]
    texts = ["Zzyzx Quaresmo habite 17 impasse.", *(f"Madame Martin tousse {at}." for at in range(20))]
    pl.DataFrame({"id": ids, "text": texts}).write_parquet(tmp_path / "theirs.parquet")
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run"))
    starts = tmp_path / "run" / "ledger" / "starts.jsonl"
    told = json.loads(starts.read_text()) | {
        "is_fine": True,
        "pid": 1000,
        "time": "2026-01-01T00:00:00+00:00",
        "name": "x",
    }
    starts.write_text(json.dumps(told) + "\n")
    (tmp_path / "run" / "digests.json").unlink()  # as it is written by hand
    log = tmp_path / "run" / "extract.log"
    log.write_text(f"2026-11-30T10:00:00+00:00 rejected {gone}: too long\n")
    do(tmp_path, ids=(gone,))
    assert json.loads(starts.read_text()) == told
    assert log.read_text() == "2026-11-30T10:00:00+00:00 rejected (erased): too long\n"
    assert rows_of(tmp_path / "run").height == 20


@pytest.mark.parametrize("gone", ["true", "fever", "1024"])
def test_an_id_that_is_a_word_of_the_run_is_looked_for_where_an_id_can_stand(tmp_path, gone):
    """A field, a value of JSON or a number of the settings stands in the files of the run, whoever is erased."""
    texts = pl.read_parquet(documents(tmp_path / "theirs.parquet"))["text"]
    names = [f"P{at}" for at in range(40)] if gone.isalpha() else [str(1017 + at) for at in range(40)]
    ids = pl.Series("id", [*names[:7], gone, *names[8:]], pl.String).cast(pl.String if gone.isalpha() else pl.Int64)
    pl.DataFrame([ids, texts]).write_parquet(tmp_path / "theirs.parquet")
    settings = make_settings(tmp_path / "theirs.parquet", tmp_path / "run", run__shard_rows=1024)
    before = extract_here(settings)
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    is_clean, said = do(tmp_path, ids=(gone,))
    assert is_clean, said
    assert rows_of(tmp_path / "run").equals(before.filter(pl.col("id").cast(pl.String) != gone))
    assert gone in (tmp_path / "run" / "run.yaml").read_text()
    where = f"id <> '{gone}'" if gone.isalpha() else f"id <> {gone}"
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "other", data__where=where))
    is_clean, said = do(tmp_path, ids=(gone,))
    assert not is_clean
    assert f"still found    {tmp_path / 'other' / 'run.yaml'}: 1 id(s), 0 piece(s)" in said


def test_ids_that_are_left_as_numbers_are_found(tmp_path):
    texts = pl.read_parquet(documents(tmp_path / "theirs.parquet"))["text"]
    pl.DataFrame([pl.Series("id", range(5, 45)), texts]).write_parquet(tmp_path / "theirs.parquet")
    extract_here(make_settings(tmp_path / "theirs.parquet", tmp_path / "run"))
    glane.review(tmp_path / "run", tmp_path / "review", rows=40)
    sample = tmp_path / "review" / "sample.parquet"
    pl.read_parquet(sample).select("id").write_parquet(sample)  # as somebody changed it
    for _ in range(2):
        is_clean, said = do(tmp_path, ids=("12",))
        assert not is_clean
        assert f"still found    {sample}: 1 id(s), 0 piece(s) of text" in said
