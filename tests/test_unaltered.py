"""Records that are not what was published make no figure, and do not leave: whoever reads their rows is told."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import glane
from conftest import SMALL_TASK, extract_here, make_settings, write_documents
from glane.api.first_texts import first_texts
from glane.corpus.files import inspect_files
from glane.errors import DataError, GlaneError, RunError
from glane.extraction.selection import check_selected
from glane.job.pseudonyms import replaced_documents
from glane.run import unaltered
from glane.run.digests import write_digests
from glane.run.directory import RunDirectory
from glane.run.head import read_head
from test_pseudonyms import write_key

_RECORDS = "records/records-00000.parquet"
_RESTORE = "Restore it from a copy of the run, or extract into a new run.dir; glane verify tells of all files of a run."


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two runs of the same documents and settings, and right answers."""
    folder = tmp_path_factory.mktemp("unaltered")
    texts = [f"note {number}" for number in range(30)]
    data = write_documents(folder / "d.parquet", texts)
    rows = extract_here(make_settings(data, folder / "run"))
    extract_here(make_settings(data, folder / "other"))
    answered_otherwise(folder / "other")
    rows.select("id", fever=pl.lit(True)).write_parquet(folder / "gold.parquet")
    return folder


def answered_otherwise(run: Path) -> None:
    """Make a run of the same plan one with other answers, whole by all that it says."""
    table = pq.read_table(run / _RECORDS)
    place = table.column_names.index("fever")
    pq.write_table(table.set_column(place, table.schema.field("fever"), pc.invert(table["fever"])), run / _RECORDS)
    (run / "digests.json").unlink()
    write_digests(RunDirectory(root=run), read_head(RunDirectory(root=run)).fingerprint_digest)
    assert glane.open_run(run).all().collect().height == 30


@pytest.fixture
def run(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(made / "run", tmp_path / "run"))


def flipped(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


TABLE = {"name": "t", "unit": "document", "case": "fever", "time": {"column": "onset", "every": "week"}}
WITH_MORE = SMALL_TASK | {"fields": SMALL_TASK["fields"] | {"more": {"type": "boolean", "description": "More."}}}
USES = (
    "export", "evaluate", "compare", "estimate", "calibrate", "aggregate", "review", "notebook", "extend", "input",
    "input by a link", "list of ids", "list of ids of a plan", "pseudonymise", "pseudonyms", "gold", "first texts",
)  # fmt: skip


def uses(run: Path, made: Path, out: Path) -> dict[str, Callable[[], object]]:
    gold, data = made / "gold.parquet", made / "d.parquet"
    return {
        "export": lambda: glane.export(run, "csv", out),
        "evaluate": lambda: glane.evaluate(run, gold),
        "compare": lambda: glane.compare([made / "other", run], gold=gold),
        "estimate": lambda: glane.estimate(run, gold, "fever"),
        "calibrate": lambda: glane.calibrate(run, gold),
        "aggregate": lambda: glane.aggregate(run, TABLE),
        "review": lambda: glane.review(run, out, rows=5),
        "notebook": lambda: glane.open_run(run).usable().collect(),
        "input": lambda: extract_here(make_settings(run / "records", out, data__text_column="reason")),
        "input by a link": lambda: extract_here(make_settings(linked_to(run, out), out, data__text_column="reason")),
        "list of ids": lambda: extract_here(make_settings(data, out, data__only_ids_in=str(run / _RECORDS))),
        "list of ids of a plan": lambda: check_selected(
            inspect_files(str(data), id_column="id", text_column="text"),
            make_settings(data, out, data__only_ids_in=str(run / _RECORDS)).data,
        ),
        "pseudonymise": lambda: glane.pseudonymise(
            run / "records", out, offsets=out.parent / "places", key_file=key_in(out.parent), data__text_column="reason"
        ),
        "pseudonyms": lambda: replaced_documents(
            make_settings(
                run / "records",
                out,
                data__text_column="reason",
                data__pseudonyms={
                    "dates": "kept",
                    "key_file": str(key_in(out.parent)),
                    "offsets": str(out.parent / "places"),
                },
            ).data,
            (),
            out,
        ),
        "gold": lambda: glane.evaluate(made / "other", run / _RECORDS),
        "first texts": lambda: first_texts(run / _RECORDS, "reason", number=1, place="from"),
        "extend": lambda: extract_here(make_settings(made / "d.parquet", out, WITH_MORE, data__extend=str(run))),
    }


@pytest.mark.parametrize("use", USES)
def test_whoever_reads_rows_is_told_of_a_flipped_byte(made: Path, run: Path, tmp_path: Path, use: str) -> None:
    path = run / _RECORDS
    flipped(path, 200)
    with pytest.raises(RunError) as raised:
        uses(run, made, tmp_path / "out")[use]()
    what = "it was changed since the run was published: its digest is another one."
    assert str(raised.value) == f"{path}: {what} {_RESTORE}"
    assert not list((tmp_path / "out").glob("[!.]*"))


def test_no_flipped_byte_of_the_records_passes(run: Path) -> None:
    path = run / _RECORDS
    size = path.stat().st_size
    glane.open_run(run).all()
    for at in range(0, size, size // 31):
        before = path.stat()
        flipped(path, at)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # as who hides it would
        with pytest.raises(GlaneError, match="records"):
            glane.open_run(run).all()
        flipped(path, at)
    assert glane.open_run(run).all().collect().height == 30


def key_in(folder: Path) -> Path:
    write_key(folder)
    return folder / "key"


def linked_to(run: Path, out: Path) -> Path:
    """A link to the file of records that stands apart from the run."""
    link = out.parent / "link.parquet"
    link.symlink_to(run / _RECORDS)
    return link


def swapped(run: Path, made: Path) -> None:
    shutil.copy(made / "other" / _RECORDS, run / _RECORDS)


def swapped_whole(run: Path, made: Path) -> None:
    swapped(run, made)
    shutil.copy(made / "other" / "digests.json", run)


def linked(run: Path, made: Path) -> None:
    shutil.rmtree(run / "records")
    (run / "records").symlink_to(made / "other" / "records")


def added(run: Path, _: Path) -> None:
    path = run / "records" / "z.parquet"
    pl.read_parquet(run / _RECORDS).clear().write_parquet(path)


def removed(run: Path, _: Path) -> None:
    (run / _RECORDS).unlink()


def cut(run: Path, _: Path) -> None:
    os.truncate(run / _RECORDS, 500)


def cut_digests(run: Path, _: Path) -> None:
    path = run / "digests.json"
    path.write_bytes(path.read_bytes()[:-20])


def changed_digests(run: Path, _: Path) -> None:
    path = run / "digests.json"
    told = path.read_text()
    place = told.index(_RECORDS) + len(_RECORDS) + 5
    path.write_text(told[:place] + ("0" if told[place] != "0" else "1") + told[place + 1 :])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (swapped, "records-00000.parquet: it was changed"),
        (swapped_whole, "digests.json: it is of another run"),
        (linked, "records-00000.parquet: it was changed"),
        (added, "z.parquet"),
        (cut_digests, "digests.json"),
        (changed_digests, "digests.json: it is not as it was written"),
        (removed, "no file is there"),
        (cut, "records-00000.parquet cannot be read"),
    ],
)
def test_other_records_than_the_published_ones_are_refused(
    made: Path, run: Path, change: Callable[[Path, Path], object], words: str
) -> None:
    change(run, made)
    with pytest.raises(GlaneError, match=words):
        glane.open_run(run).all()


def test_a_run_that_was_opened_before_is_compared_again(run: Path, tmp_path: Path) -> None:
    opened = glane.open_run(run)
    opened.all()
    (run / _RECORDS).rename(tmp_path / "away")
    with pytest.raises(RunError, match="records-00000.parquet: it is absent"):
        opened.all()
    (tmp_path / "away").rename(run / _RECORDS)
    assert opened.all().collect().height == 30


def test_a_file_that_changes_while_it_is_read_is_told(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = unaltered.content_digest

    def meanwhile(path: str, known: unaltered.Identity) -> str:
        os.utime(path, ns=(1, 1))
        return digest(path, known)

    monkeypatch.setattr(unaltered, "content_digest", meanwhile)
    with pytest.raises(DataError, match="was changed while it was read"):
        glane.open_run(run).all()


def test_a_file_that_was_replaced_once_while_it_was_read_is_read_again(
    run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest, read = unaltered.content_digest, []

    def once(path: str, known: unaltered.Identity) -> str:
        read.append(path)
        if len(read) == 1:
            os.utime(path, ns=(1, 1))
        return digest(path, known)

    monkeypatch.setattr(unaltered, "content_digest", once)
    assert glane.open_run(run).all().collect().height == 30
    assert len(read) == 2


def test_records_that_are_as_they_were_give_ids(made: Path, run: Path, tmp_path: Path) -> None:
    settings = make_settings(made / "d.parquet", tmp_path / "out", data__only_ids_in=str(run / _RECORDS))
    assert extract_here(settings).height == 30


def test_each_file_is_read_once_for_it(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, digest = [], unaltered.content_digest
    monkeypatch.setattr(unaltered, "content_digest", lambda *told: read.append(told) or digest(*told))
    opened = glane.open_run(run)
    opened.evidence().collect()
    opened.line_list().collect()
    assert glane.open_run(run).rejected().collect().is_empty()
    assert len(read) == 1


def test_a_copy_and_a_run_without_digests_and_a_moved_folder_of_records_are_read(run: Path, tmp_path: Path) -> None:
    copy = shutil.copytree(run, tmp_path / "copy")
    assert glane.open_run(copy).all().collect().height == 30
    (copy / "records").rename(tmp_path / "larger-disk")
    (copy / "records").symlink_to(tmp_path / "larger-disk")
    assert glane.open_run(copy).all().collect().height == 30
    flipped(tmp_path / "larger-disk" / "records-00000.parquet", 200)
    (copy / "digests.json").unlink()  # as of a run of before there were digests
    glane.open_run(copy).all()
