"""A complete run that lost rows does not pass for a complete one."""

import json
import shutil
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

import glane
from conftest import extract_here, make_settings
from glane.errors import RunError
from glane.run import description, head
from glane.run.digests import write_digests
from glane.run.directory import RunDirectory
from glane.run.names import FIRST_ROW, METADATA
from glane.run.overview import overview

NUM_ROWS = 40


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete run, of which each file of the result has 16 rows or less."""
    folder = tmp_path_factory.mktemp("intact")
    data = folder / "d.parquet"
    pl.DataFrame({"id": range(NUM_ROWS), "text": [f"note {i}" for i in range(NUM_ROWS)]}).write_parquet(data)
    extract_here(make_settings(data, folder / "run"))
    records = folder / "run" / "records"
    (first,) = records.glob("*.parquet")
    table = pq.read_table(first)
    for number in range(3):  # as a run with more documents has them
        part = table.slice(16 * number, 16)
        part = part.replace_schema_metadata({**part.schema.metadata, FIRST_ROW: str(16 * number)})
        pq.write_table(part, records / f"records-{number:05d}.parquet")
    (folder / "run" / "digests.json").unlink()
    directory = RunDirectory(root=folder / "run")
    write_digests(directory, head.read_head(directory).fingerprint_digest)
    return folder


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def of_another_run(path: Path) -> None:
    table = pq.read_table(path)
    facts = json.loads(table.schema.metadata[METADATA]) | {"fingerprint_digest": "0" * 32}
    pq.write_table(table.replace_schema_metadata({**table.schema.metadata, METADATA: json.dumps(facts)}), path)


def written_again(path: Path) -> None:
    pl.read_parquet(path).write_parquet(path)


def shorten(path: Path) -> None:
    pq.write_table(pq.read_table(path).slice(1), path)


LOSSES = {
    "emptied": (lambda path: path.write_bytes(b""), "records-00001.parquet cannot be read"),
    "cut": (cut, "records-00001.parquet cannot be read"),
    "shortened": (shorten, "39 rows in 3 file(s), and the run has 40"),
    "removed": (Path.unlink, "records-00001.parquet is absent"),
    "last removed": (
        lambda path: path.with_name("records-00002.parquet").unlink(),
        "32 rows in 2 file(s), and the run has 40",
    ),
    "replaced by its neighbour": (
        lambda path: shutil.copy(path.with_name("records-00000.parquet"), path),
        "records-00001.parquet begins with row 0, and row 16 comes next",
    ),
    "of another run": (of_another_run, "records-00001.parquet is of another run"),
    "written by another program": (written_again, "records-00001.parquet is of another run"),
    "all removed": (lambda path: [one.unlink() for one in path.parent.iterdir()], "no file is there"),
}


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("with_summary", [True, False])
def test_a_result_that_lost_rows_is_refused(whole: Path, tmp_path: Path, kind: str, with_summary: bool) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole / "run", run)
    if not with_summary:
        (run / "summary.json").unlink()
    lose, words = LOSSES[kind]
    assert glane.open_run(run).all().collect().height == NUM_ROWS
    lose(run / "records" / "records-00001.parquet")
    for use in (
        lambda: glane.open_run(run),
        lambda: glane.open_run(run, partial=True),
        lambda: extract_here(make_settings(whole / "d.parquet", run)),
        lambda: glane.estimate(run, pl.DataFrame({"id": [1], "fever": [True]}), "fever"),
    ):
        with pytest.raises(RunError) as raised:
            use()
        assert words in str(raised.value)
        assert "Restore records/ from a copy of the run, or extract into a new run.dir." in str(raised.value)
    if with_summary:
        found = overview(run)
        assert found.state == "damaged"
        assert words in found.errors[-1]


def test_the_state_of_a_run_takes_one_look_at_its_description(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    read = description.read_yaml
    monkeypatch.setattr(head, "read_yaml", lambda *told: looks.append(told) or read(*told))
    assert overview(whole / "run").state == "complete"
    assert len(looks) == 1


def test_a_run_that_does_not_know_its_rows_is_refused(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(whole / "run", run)
    for name in ("summary.json", "plan.parquet"):
        (run / name).unlink()
    with pytest.raises(RunError, match=r"summary\.json and plan\.parquet, .* are absent"):
        glane.open_run(run)


def test_a_run_whose_parts_are_there_can_be_published_again(whole: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    data = whole / "d.parquet"
    extract_here(make_settings(data, run))
    parts = run / "parts"
    parts.mkdir()
    shutil.copytree(run / "records", tmp_path / "away")
    plan = pq.read_table(run / "plan.parquet")["shard"].to_pylist()
    for shard in set(plan):
        (parts / f"part-{shard:07d}.parquet").write_bytes(b"")
    cut(next((run / "records").iterdir()))
    with pytest.raises(RunError, match=r"all its parts are still there, move records/ away and run the command"):
        glane.open_run(run)
