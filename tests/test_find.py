"""What `data.path` stands for is exactly what is read, and each file once."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from glane.corpus.find import find_files
from glane.errors import DataError


def put(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"id": [str(path)], "text": [content]}), path)
    return path


def names(root: Path, pattern: str) -> list[str]:
    return [os.path.relpath(path, root) for path in find_files(str(root / pattern)).paths]


def test_linked_folders_and_files_are_read_alike_by_folder_and_glob(tmp_path: Path) -> None:
    for year in (2021, 2022):
        put(tmp_path / "store" / f"{year}" / "a.parquet")
    put(tmp_path / "set" / "own.parquet")
    (tmp_path / "set" / "2021").symlink_to(tmp_path / "store" / "2021")
    (tmp_path / "set" / "deep").mkdir()
    (tmp_path / "set" / "deep" / "2022").symlink_to("../../store/2022")
    (tmp_path / "set" / "one.parquet").symlink_to(put(tmp_path / "elsewhere.parquet"))
    expected = ["set/2021/a.parquet", "set/deep/2022/a.parquet", "set/one.parquet", "set/own.parquet"]
    for pattern in ("set", "set/**/*.parquet", "set/**", "s*t", "s*t/**/*.parquet"):
        assert names(tmp_path, pattern) == expected, pattern


def test_a_link_to_a_folder_above_ends(tmp_path: Path) -> None:
    put(tmp_path / "set" / "a" / "x.parquet")
    (tmp_path / "set" / "a" / "up").symlink_to(tmp_path / "set")
    (tmp_path / "set" / "self").symlink_to(".")
    for pattern in ("set", "set/**/*.parquet"):
        found = find_files(str(tmp_path / pattern))
        assert [Path(path).name for path in found.paths] == ["x.parquet"]
        assert found.again


def test_crossed_links_do_not_multiply(tmp_path: Path) -> None:
    folders = [tmp_path / "set" / str(number) for number in range(12)]
    for folder in folders:
        put(folder / "x.parquet")
    for folder in folders:
        for other in folders:
            if other != folder:
                (folder / f"to{other.name}").symlink_to(other)
    assert len(find_files(str(tmp_path / "set")).paths) == 12
    assert len(find_files(str(tmp_path / "set/**/*.parquet")).paths) == 12


def test_a_file_with_two_names_is_read_once_and_told(tmp_path: Path) -> None:
    first = put(tmp_path / "set" / "a.parquet")
    os.link(first, tmp_path / "set" / "b.parquet")
    (tmp_path / "set" / "c.parquet").symlink_to("a.parquet")
    found = find_files(str(tmp_path / "set"))
    assert [Path(path).name for path in found.paths] == ["a.parquet"]
    assert [Path(path).name for path in found.again] == ["b.parquet", "c.parquet"]
    assert "reached before by another path" in found.lines()[-1]


@pytest.mark.parametrize("pattern", ["set", "set/**/*.parquet", "set/*", "set/**"])
def test_unfinished_and_hidden_names_are_passed_over_and_counted(tmp_path: Path, pattern: str) -> None:
    put(tmp_path / "set" / "year=2024" / "part-1.parquet")
    for name in ("_temporary/0/part-2.parquet", ".staging/x.parquet", "year=2024/._part-1.parquet", "_x.parquet"):
        put(tmp_path / "set" / name)
    (tmp_path / "set" / "_SUCCESS").touch()
    found = find_files(str(tmp_path / pattern))
    assert [Path(path).name for path in found.paths] == ["part-1.parquet"]
    assert {"_temporary", ".staging", "_x.parquet"} <= set(found.hidden)
    assert f"({len(found.hidden)} that begin with . or _)" in found.lines()[0]


def test_a_hidden_name_that_is_named_is_taken(tmp_path: Path) -> None:
    put(tmp_path / "_set" / "a.parquet")
    put(tmp_path / "_set" / "_b.parquet")
    assert names(tmp_path, "_set") == ["_set/a.parquet"]
    assert names(tmp_path, "_s*") == ["_set/a.parquet"]
    assert names(tmp_path, "_set/_*.parquet") == ["_set/_b.parquet"]
    assert names(tmp_path, "_set/_b.parquet") == ["_set/_b.parquet"]


def test_signs_of_a_glob_in_a_name_that_exists_are_letters(tmp_path: Path) -> None:
    put(tmp_path / "set [v1]" / "a?.parquet")
    put(tmp_path / "set [v1]" / "ab.parquet")
    put(tmp_path / "set v" / "no.parquet")
    assert names(tmp_path, "set [v1]") == ["set [v1]/a?.parquet", "set [v1]/ab.parquet"]
    assert names(tmp_path, "set [v1]/*.parquet") == ["set [v1]/a?.parquet", "set [v1]/ab.parquet"]
    assert names(tmp_path, "set [v1]/a?.parquet") == ["set [v1]/a?.parquet"]
    assert names(tmp_path, "s*/a?.parquet") == ["set [v1]/a?.parquet", "set [v1]/ab.parquet"]


def test_a_directory_that_a_glob_matches_is_read_whole(tmp_path: Path) -> None:
    """Spark's "file" is a directory."""
    put(tmp_path / "a.parquet" / "part-0.snappy.parquet")
    put(tmp_path / "b.parquet")
    assert names(tmp_path, "*.parquet") == ["a.parquet/part-0.snappy.parquet", "b.parquet"]


def test_other_endings_are_taken_or_told(tmp_path: Path) -> None:
    for name in ("a.PARQUET", "b.parq", "c.pq"):
        put(tmp_path / "set" / name)
    (tmp_path / "set" / "d.csv").write_text("id;text")
    found = find_files(str(tmp_path / "set"))
    assert [Path(path).name for path in found.paths] == ["a.PARQUET", "b.parq", "c.pq"]
    assert found.others == ("d.csv",)
    assert "d.csv (1 that do not end in .parquet" in found.lines()[0]


def test_a_folder_of_another_format_gets_the_sentence_that_helps(tmp_path: Path) -> None:
    (tmp_path / "notes.csv").write_text("id;text")
    with pytest.raises(DataError, match=r"glane convert source=\S*notes\.csv data\.path="):
        find_files(str(tmp_path))


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path) -> None:
    put(tmp_path / "set" / "a.parquet")
    (tmp_path / "set" / "b.parquet").symlink_to("gone.parquet")
    for pattern in ("set", "set/*.parquet"):
        with pytest.raises(DataError, match="leads nowhere"):
            find_files(str(tmp_path / pattern))


def test_a_folder_that_cannot_be_read_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path / "set" / "a.parquet")
    put(tmp_path / "set" / "closed" / "b.parquet")
    scandir = os.scandir

    def refuse(path: str) -> object:  # root may read everything, so the rights alone would not show it
        if path.endswith("closed"):
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="closed: cannot be read"):
        find_files(str(tmp_path / "set"))


@pytest.mark.parametrize(
    ("pattern", "run_dir"),
    [
        ("set", "set/run"),
        ("set", "set"),
        ("set", "."),
        ("set", "set/linked/run"),
        ("set", "store/run"),
        ("set/a.parquet", "set"),
        ("set/**/*.parquet", "set/run"),
        ("set/*/*.parquet", "set/run"),
        ("set/*/*", "set"),
    ],
)
def test_a_run_directory_inside_or_above_the_input_is_refused(tmp_path: Path, pattern: str, run_dir: str) -> None:
    put(tmp_path / "set" / "a.parquet")
    put(tmp_path / "set" / "sub" / "b.parquet")
    put(tmp_path / "store" / "c.parquet")
    (tmp_path / "set" / "linked").symlink_to(tmp_path / "store")
    found = find_files(str(tmp_path / pattern))
    with pytest.raises(DataError, match="run.dir"):
        found.refuse_overlap(tmp_path / run_dir)


@pytest.mark.parametrize(
    ("pattern", "run_dir"),
    [
        ("set", "run"),
        ("set/*.parquet", "set/runs/a"),
        ("set/a.parquet", "set/run"),
        ("set", "set/_run"),
        ("set", "set2"),
    ],
)
def test_a_run_directory_that_no_start_reads_is_allowed(tmp_path: Path, pattern: str, run_dir: str) -> None:
    put(tmp_path / "set" / "a.parquet")
    find_files(str(tmp_path / pattern)).refuse_overlap(tmp_path / run_dir)


@pytest.mark.parametrize("pattern", ["set", "set/*/x.parquet", "set/**/*.parquet", "set/**"])
def test_a_folder_behind_a_link_that_leads_nowhere_is_told(tmp_path: Path, pattern: str) -> None:
    """A disk that is not mounted."""
    put(tmp_path / "set" / "2024" / "x.parquet")
    (tmp_path / "set" / "2023").symlink_to("/nonexistent/2023")
    with pytest.raises(DataError, match="2023: this link leads nowhere"):
        find_files(str(tmp_path / pattern))


def test_what_is_no_plain_file_is_told_and_a_name_that_is_not_utf8_refused(tmp_path: Path) -> None:
    put(tmp_path / "set" / "a.parquet")
    os.mkfifo(tmp_path / "set" / "b.parquet")
    assert find_files(str(tmp_path / "set")).others == ("b.parquet",)
    os.rename(os.fsencode(tmp_path / "set" / "a.parquet"), os.fsencode(tmp_path / "set") + b"/caf\xe9.parquet")
    with pytest.raises(DataError, match="not UTF-8. Rename it"):
        find_files(str(tmp_path / "set"))
