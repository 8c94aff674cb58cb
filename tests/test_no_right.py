"""Folders that may not be read: each command says so in a sentence, and takes none of them for an empty one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import extract_here, make_settings, write_documents
from glane.storage import listed

GLANE = [sys.executable, "-c", "import sys; sys.argv[0] = 'glane'; from glane.cli import main; main()"]
# Root may read all, whatever the mode is, unless it gives that up.
UNPRIVILEGED = (
    ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", "--inh-caps", "-dac_override,-dac_read_search"]
    if os.geteuid() == 0
    else []
)
pytestmark = pytest.mark.skipif(
    bool(UNPRIVILEGED) and shutil.which("setpriv") is None, reason="root cannot give up its rights"
)


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run, that nobody may enter."""
    place = tmp_path_factory.mktemp("closed")
    extract_here(make_settings(write_documents(place / "d.parquet", ["a", "b"]), place / "run"))
    (place / "run").chmod(0)
    tried = [*UNPRIVILEGED, sys.executable, "-c", f"import os, glane.cli; os.listdir({str(place / 'run')!r})"]
    done = subprocess.run(tried, capture_output=True, text=True, timeout=120, check=False)
    if "PermissionError" not in done.stderr or repr(str(place / "run")) not in done.stderr:
        pytest.skip("root cannot give up its rights here, or reads this code by them")
    return place / "run"


@pytest.mark.parametrize(
    "words",
    [
        ("status", "run.dir="),
        ("clean", "run.dir="),
        ("erase", "ids=[d-0]", "run.dir="),
        ("keys", "run.dir="),
        ("keys", "folder="),
        ("audit", "dir="),
        ("models", "models.dir="),
        ("checklists", "out.dir=x", "run.dir="),
        ("pseudonymise", "out.dir=x", "offsets=y", "key_command=head -c 40 /dev/urandom", "data.path="),
    ],
)
def test_what_may_not_be_read_is_told_by_its_place(closed: Path, words: tuple[str, ...], tmp_path: Path) -> None:
    done = subprocess.run(
        [*UNPRIVILEGED, *GLANE, *words[:-1], f"{words[-1]}{closed}"],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("error: ")
    assert str(closed) in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_listing_is_of_a_folder_that_can_be_read_or_of_none(tmp_path: Path) -> None:
    for name in ("b.parquet", "a.parquet", "c.json"):
        (tmp_path / name).touch()
    assert listed(tmp_path, "*.parquet") == [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    assert listed(tmp_path / "none", "*") == listed(tmp_path / "c.json", "*") == []
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").touch()
    assert listed(tmp_path, "*/a.parquet") == [tmp_path / "in" / "a.parquet"]
    code = f"import pathlib; from glane.storage import listed; print(listed(pathlib.Path({str(tmp_path)!r}), '*'))"
    tmp_path.chmod(0)
    done = subprocess.run(
        [*UNPRIVILEGED, sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )
    tmp_path.chmod(0o700)
    assert "PermissionError" in done.stderr
