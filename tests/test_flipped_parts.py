"""A byte that was flipped in a part never reaches the result, and is told with a remedy that works."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from conftest import extract_here, make_settings, work, write_documents
from glane.added_key import with_new_key
from glane.errors import RunError
from glane.keys import KEY_FILE
from glane.run import parts
from glane.run.prepare import PreparedRun
from glane.run.publish import finish_run
from glane.settings import ExtractSettings

_PART = "part-0000001.parquet"


def answered(folder: Path) -> tuple[PreparedRun, ExtractSettings]:
    """A run whose parts are all there, and which is not published."""
    texts = [f"note {number}: fever since {number} days" for number in range(40)]
    settings = make_settings(write_documents(folder / "d.parquet", texts), folder / "run")
    return work(settings)[0], settings


def flipped(path: Path, at: int, bits: int = 0x10) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= bits
    path.write_bytes(content)


def footer_bytes(path: Path) -> int:
    return int.from_bytes(path.read_bytes()[-8:-4], "little") + 8


def test_no_flipped_byte_of_a_part_changes_what_is_read(tmp_path: Path) -> None:
    """Of places all over it, in its pages and its footer: the same rows, or a sentence."""
    run, _ = answered(tmp_path)
    path = run.directory.part(1)
    content = path.read_bytes()
    whole, _ = parts.read_part(run.directory, run.plan, 1)
    told = []
    for at in range(3, len(content), 29):
        flipped(path, at, 1 << at % 8)
        with contextlib.suppress(RunError):
            told.append(at)
            found, _ = parts.read_part(run.directory, run.plan, 1)
            told.pop()
            assert found.equals(whole), at
        path.write_bytes(content)
    assert len(told) > 50


def test_a_part_of_which_a_column_has_another_name_is_refused(tmp_path: Path) -> None:
    run, _ = answered(tmp_path)
    path = run.directory.part(1)
    table = pq.read_table(path)
    names = ["renamed" if name == "age" else name for name in table.column_names]
    pq.write_table(table.rename_columns(names).replace_schema_metadata(pq.read_schema(path).metadata), path)
    with pytest.raises(RunError, match=rf"{_PART}: is not the part of shard 1: its columns are not those"):
        finish_run(run, record_mib=1)


@pytest.mark.parametrize("encrypted", [False, True])
def test_the_same_command_goes_on_once_the_part_is_removed(
    tmp_path: Path, encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if encrypted:
        (tmp_path / "keys").write_text(with_new_key(None, "2026", place="keys"))
        (tmp_path / "keys").chmod(0o600)
        monkeypatch.setenv(KEY_FILE, str(tmp_path / "keys"))
    run, settings = answered(tmp_path)
    path = run.directory.part(1)
    flipped(path, (path.stat().st_size - footer_bytes(path)) // 2)
    shutil.copy(path, tmp_path / "flipped")
    for _ in range(2):
        with pytest.raises(RunError) as raised:
            extract_here(settings)
        assert str(raised.value) == f"{path}: damaged. Remove it and run the same command again: its shard is redone."
        assert path.read_bytes() == (tmp_path / "flipped").read_bytes(), "nothing is repaired in silence"
        assert not run.directory.is_complete
    path.unlink()
    assert len(extract_here(settings)) == 40


def test_a_part_that_the_disk_does_not_give_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, settings = answered(tmp_path)
    path = run.directory.part(1)
    monkeypatch.setattr("glane.storage._PATIENCE_S", 0.1)
    opened = parts.open_parquet

    def fails(asked: Path) -> object:
        if asked == path:
            raise OSError(5, "Input/output error")
        return opened(asked)

    monkeypatch.setattr(parts, "open_parquet", fails)
    with pytest.raises(RunError) as raised:
        finish_run(run, record_mib=1)
    assert str(raised.value).startswith(f"{path}: cannot be read (Input/output error). Mend this, or remove it, and")
    monkeypatch.undo()
    path.unlink()
    assert len(extract_here(settings)) == 40
