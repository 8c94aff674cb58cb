"""Commands write only where nothing of a run is, and replace only what is provably glane's."""

import json
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest

from glane.api.extract import extract
from glane.assess.files import write_folder, write_new_file
from glane.demo.corpus import write_corpus
from glane.errors import RunError
from glane.job.doctor.check import check_site
from glane.pilot.trial import private_folder
from glane.run.directory import Marker
from glane.run.names import MARKER
from glane.run.written import refuse_inside_run
from glane.settings import doctor_settings


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """What a run's directory has of folders."""
    root = tmp_path / "runs" / "a"
    for name in ("records", "ledger/claims"):
        (root / name).mkdir(parents=True)
    (root / MARKER).write_bytes(Marker(id="0").as_json())
    return root


def pilot(folder: Path) -> None:
    with private_folder(folder):
        pass


WRITERS: dict[str, Callable[[Path], object]] = {
    "files": lambda folder: write_folder(folder, {"a.json": b"{}"}),
    "a new file": lambda folder: write_new_file(folder, "a.json", b"{}"),
    "demo-corpus": lambda folder: write_corpus(folder, documents=1, seed=0),
    "plan": pilot,
    "doctor": lambda folder: check_site(doctor_settings({"out": str(folder / "site.json")})),
    "extract": lambda folder: extract(pl.DataFrame({"id": [1]}), run_dir=folder / "b"),
}


@pytest.mark.parametrize("place", [".", "records", "records/new/deep", "ledger/claims", "reports"])
@pytest.mark.parametrize("kind", WRITERS)
def test_nothing_is_written_into_a_run(run: Path, kind: str, place: str) -> None:
    before = sorted(run.rglob("*"))
    with pytest.raises(RunError, match=r"(is|lies in) the directory of a run \(.*/runs/a\)"):
        WRITERS[kind](run / place)
    assert sorted(run.rglob("*")) == before


def test_a_link_leads_into_a_run_as_well(run: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(run / "records")
    with pytest.raises(RunError, match="lies in the directory of a run"):
        write_folder(tmp_path / "link" / "reports", {"a.json": b"{}"})
    write_folder(tmp_path / "runs" / "reports", {"a.json": b"{}"})  # beside the run
    refuse_inside_run(run, setting="run.dir", itself=False)
    with pytest.raises(RunError, match=r"run\.dir: "):
        refuse_inside_run(run / "records", setting="run.dir", itself=False)


def test_what_glane_wrote_is_replaced_as_long_as_nobody_changed_it(tmp_path: Path) -> None:
    for content in (b"one", b"two", b"two", b"three"):
        write_folder(tmp_path, {"review.csv": content, "other": content})
        assert (tmp_path / "review.csv").read_bytes() == content
    (tmp_path / "review.csv").write_bytes(b"filled in by hand")
    with pytest.raises(RunError, match=r"review\.csv was changed since glane wrote it\. Choose another out\.dir"):
        write_folder(tmp_path, {"review.csv": b"four", "other": b"four"})
    assert (tmp_path / "review.csv").read_bytes() == b"filled in by hand"
    assert (tmp_path / "other").read_bytes() == b"three"
    with pytest.raises(RunError, match="was written by another command of glane"):
        write_folder(tmp_path, {"other": b"five"})
    (tmp_path / "review.csv").rename(tmp_path / "mine.csv")
    write_folder(tmp_path, {"review.csv": b"five", "other": b"five"})


def test_a_writer_that_was_killed_between_the_files_is_gone_on_with(tmp_path: Path) -> None:
    write_folder(tmp_path, {"a": b"one", "b": b"one"})
    write_folder(tmp_path, {"a": b"two", "b": b"two"})
    (tmp_path / "b").write_bytes(b"one")  # as it stands if only `a` was written the second time
    write_folder(tmp_path, {"a": b"three", "b": b"three"})
    assert (tmp_path / "b").read_bytes() == b"three"


def test_a_folder_of_before_is_known_by_names(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"one")
    (tmp_path / ".glane-files").write_text(json.dumps({"kind": "glane files", "version": 1, "names": ["a"]}))
    write_folder(tmp_path, {"a": b"two"})
    assert (tmp_path / "a").read_bytes() == b"two"


@pytest.mark.parametrize("name", ["documents.parquet", "gold.parquet", "gold_spans.parquet"])
def test_a_corpus_replaces_no_file_of_others(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"years of work")
    with pytest.raises(RunError, match=rf"path: .*{name} is there, and .glane-files does not say that glane wrote it"):
        write_corpus(tmp_path, documents=2, seed=0)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_bytes() == b"years of work"


def test_a_corpus_replaces_itself_and_no_changed_one(tmp_path: Path) -> None:
    for seed in (0, 1):
        write_corpus(tmp_path, documents=2, seed=seed)
    pl.DataFrame({"id": ["mine"]}).write_parquet(tmp_path / "gold.parquet")
    with pytest.raises(RunError, match="was changed since glane wrote it"):
        write_corpus(tmp_path, documents=2, seed=0)
    assert pl.read_parquet(tmp_path / "gold.parquet")["id"].to_list() == ["mine"]


@pytest.mark.parametrize(
    "content", [b"", b"notes", b"{}", b'{"kind": "glane summary", "version": 1}', b"\xff\xfe", b"[]"]
)
def test_the_check_of_a_site_replaces_only_its_own_report(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "site.json"
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"out: .* is no report of glane doctor"):
        check_site(doctor_settings({"out": str(path)}))
    assert path.read_bytes() == content
    with pytest.raises(RunError, match=r"out: "):
        check_site(doctor_settings({"out": str(tmp_path)}))
