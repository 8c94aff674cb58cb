"""A run that is shared with a group: the others read it, and nothing that they do runs or changes anything of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings, prepare_run, work, write_documents
from glane.errors import GlaneError, RunError
from glane.run.directory import RunDirectory
from glane.run.overview import overview
from glane.run.publish import finish_run
from glane.task.task import load_task
from other_users import ALICE, BOB, GROUP, OTHERS, STRANGER, TWO_USERS, acting_as, shell

pytestmark = TWO_USERS


@pytest.fixture(scope="module", autouse=True)
def _all_is_imported(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Python's own files may be closed to other users, so that nothing can be imported in their place."""
    folder = tmp_path_factory.mktemp("first")
    data = write_documents(folder / "d.parquet", ["a", "b"])
    settings = make_settings(data, folder / "run")
    extract_here(settings)
    extract_here(settings)
    run = glane.open_run(folder / "run")
    assert run.documents().collect().height == run.usable().collect().height == 2
    assert overview(folder / "run").statuses


@pytest.fixture
def project() -> Iterator[Path]:
    """A folder in which the group may write, as many sites set it up."""
    root = Path(tempfile.mkdtemp(dir="/tmp"))
    root.chmod(0o755)
    folder = root / "project"
    folder.mkdir()
    os.chown(folder, ALICE, GROUP)
    folder.chmod(0o2770)
    with acting_as(ALICE):
        write_documents(folder / "d.parquet", [f"note {i}" for i in range(40)])
        (folder / "d.parquet").chmod(0o644)
    yield folder
    shutil.rmtree(root)


def half_done(project: Path, *, group: bool = True) -> RunDirectory:
    """A run of Alice's of which some shards are committed."""
    with acting_as(ALICE):
        settings = make_settings(project / "d.parquet", project / "run", run__group_access=group, run__shard_rows=8)
        run, _ = work(settings)
        run.directory.part(1).unlink()
    return run.directory


def test_the_group_reads_a_run_that_is_shared_and_nobody_else(project: Path) -> None:
    half_done(project)
    with acting_as(ALICE):
        extract_here(make_settings(project / "d.parquet", project / "run", run__group_access=True, run__shard_rows=8))
    with acting_as(BOB):
        run = glane.open_run(project / "run")
        assert run.usable().collect().height == 40
        assert run.documents().collect().height == 40
        assert overview(str(project / "run")).statuses
    os.chmod(project.parent, 0o755)
    os.chmod(project, 0o755)
    with acting_as(STRANGER, OTHERS), pytest.raises((GlaneError, OSError, pl.exceptions.PolarsError)):
        glane.open_run(project / "run").usable().collect()


def test_a_run_that_is_not_shared_is_closed_to_the_group(project: Path) -> None:
    half_done(project, group=False)
    for attack in ("ls {0}", "cat {0}/run.yaml", "cat {0}/parts/*", "cat {0}/extract.log"):
        assert shell(BOB, attack.format(project / "run"))[0] != 0, attack


ATTACKS = [
    "touch {0}/x",
    "echo x >> {0}/run.yaml",
    "rm {0}/run.yaml",
    "rm {0}/.glane-run",
    "rm -r {0}/parts",
    "rm {0}/parts/part-0000000.parquet",
    "mv {0}/parts {0}/others",
    "touch {0}/parts/part-0000001.parquet",
    "mv {0}/ledger {0}/others",
    "ln -s evil {0}/ledger/claims/1",
    "echo x > {0}/ledger/workers/evil.json",
    "echo x > {0}/ledger/windows/evil",
    "echo x > {0}/ledger/deaths/evil.json",
    "echo x >> {0}/ledger/starts.jsonl",
    "echo x >> {0}/extract.log",
    "chmod 777 {0}",
]


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_member_of_the_group_changes_nothing_in_a_run(project: Path, attack: str) -> None:
    run = half_done(project)
    before = {path: path.lstat().st_mtime_ns for path in sorted(run.root.rglob("*"))}
    assert shell(BOB, attack.format(run.root))[0] != 0
    assert {path: path.lstat().st_mtime_ns for path in sorted(run.root.rglob("*"))} == before


def test_a_member_of_the_group_is_told_that_the_owner_goes_on(project: Path) -> None:
    run = half_done(project)
    settings = make_settings(project / "d.parquet", run.root, run__group_access=True, run__shard_rows=8)
    before = {path: path.lstat().st_mtime_ns for path in sorted(run.root.rglob("*"))}
    with acting_as(BOB), pytest.raises(RunError, match=f"belongs to user {ALICE}, and you are user {BOB}"):
        prepare_run(settings, load_task(settings.task))
    assert {path: path.lstat().st_mtime_ns for path in sorted(run.root.rglob("*"))} == before


@pytest.mark.parametrize("is_filled", [True, False])
def test_a_directory_that_another_put_in_its_place_is_refused(project: Path, is_filled: bool) -> None:
    """The group may write in the folder above, so Bob may rename the run and put one of his own there."""
    run = half_done(project)
    assert shell(BOB, f"mv {run.root} {run.root}.was")[0] == 0
    assert shell(BOB, f"cp -r {run.root}.was {run.root}" if is_filled else f"mkdir -m 777 {run.root}")[0] == 0
    settings = make_settings(project / "d.parquet", run.root, run__group_access=True, run__shard_rows=8)
    with acting_as(ALICE), pytest.raises(RunError, match=f"belongs to user {BOB}"):
        prepare_run(settings, load_task(settings.task))


def test_two_members_have_runs_of_their_own_over_the_same_input(project: Path) -> None:
    for user, name in ((ALICE, "a"), (BOB, "b")):
        with acting_as(user):
            settings = make_settings(project / "d.parquet", project / name, run__group_access=True, run__shard_rows=8)
            run, _ = work(settings)
            finish_run(run, record_mib=1)
    for user, name in ((BOB, "a"), (ALICE, "b")):
        with acting_as(user):
            assert glane.open_run(project / name).usable().collect().height == 40
