"""What lies in the folder of a table beside it: nothing of an earlier call, and nothing that tells of one."""

from __future__ import annotations

import datetime
import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.disclosure.register import read_register
from glane.errors import ConfigError, RunError
from glane.run.written import WRITTEN, digest_of

SOMETIMES = {"signals.parquet", "triangle.parquet", "triangle.csv", "linelist.parquet", "linelist.csv"}
BASE = {
    "name": "t",
    "unit": "document",
    "field": "fever",
    "time": {"column": "seen", "every": "month"},
    "groups": ["h"],
}
RAW = BASE | {
    "time": {"column": "seen", "every": "month", "reported": "rep", "longest": 1},
    "signals": {"methods": ["ears_c1"], "by": ["h"]},
}
LEAVING = BASE | {"disclosure": {"least": 5}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("folder"))


def made(root: Path) -> Path:
    days = [datetime.date(2026, 1, 1) + datetime.timedelta(days=3 * i) for i in range(60)]
    pl.DataFrame(
        {
            "id": [f"d{i}" for i in range(60)], "text": [f"note {i}" for i in range(60)], "seen": days,
            "rep": [one + datetime.timedelta(days=1) for one in days], "h": ["A", "B", "C"] * 20,
        }
    ).write_parquet(root / "d.parquet")  # fmt: skip
    extract_here(make_settings(root / "d.parquet", root / "run"))
    return root / "run"


def names(folder: Path) -> set[str]:
    return {one.name for one in folder.iterdir()}


@pytest.mark.parametrize("second", [LEAVING, BASE, BASE | {"disclosure": {"least": 5, "method": "round"}}])
def test_nothing_of_an_earlier_call_stays_beside_a_table(run: Path, tmp_path: Path, second: dict[str, Any]) -> None:
    glane.aggregate(run, RAW, linelist=True, out_dir=str(tmp_path / "out"))
    assert names(tmp_path / "out") >= SOMETIMES
    glane.aggregate(run, second, out_dir=str(tmp_path / "out"))
    assert not names(tmp_path / "out") & SOMETIMES


@pytest.mark.parametrize("name", sorted(SOMETIMES))
def test_a_file_that_is_not_proven_to_be_of_glane_stays_and_nothing_leaves_beside_it(
    run: Path, tmp_path: Path, name: str
) -> None:
    out, told = tmp_path / "out", LEAVING | {"time": {"column": "seen", "every": "month", "last": "2026-06-30"}}
    told |= {"disclosure": {"least": 5, "register": str(tmp_path / "register")}}
    glane.aggregate(run, RAW, linelist=True, out_dir=str(out))
    (out / name).write_bytes(b"mine")
    with pytest.raises(RunError, match=f"{name} is there, .* does not prove that glane wrote it"):
        glane.aggregate(run, told, out_dir=str(out))
    assert (out / name).read_bytes() == b"mine"
    assert read_register(tmp_path / "register").tables == ()
    glane.aggregate(run, BASE, out_dir=str(out))  # stays: no rule
    assert names(out) & SOMETIMES == {name}


def test_no_digest_of_what_may_not_leave_stays(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    glane.aggregate(run, RAW, linelist=True, out_dir=str(out))
    before = {digest_of(one) for one in out.iterdir() if one.name != WRITTEN}
    glane.aggregate(run, LEAVING, out_dir=str(out))
    told = (out / WRITTEN).read_text()
    assert not [one for one in before - {digest_of(path) for path in out.iterdir()} if one in told]
    assert not [name for name in SOMETIMES if name in told]
    assert set(json.loads(told)["names"]) == names(out) - {WRITTEN}
    glane.aggregate(run, LEAVING, out_dir=str(out))  # and is replaced as ever


def test_two_collections_and_one_register(run: Path, tmp_path: Path) -> None:
    told = LEAVING | {"time": {"column": "seen", "every": "month", "last": "2026-06-30"}}
    told |= {"disclosure": {"least": 5, "register": str(tmp_path / "register")}}
    glane.aggregate(run, told, out_dir=str(tmp_path / "one"))
    other = made(tmp_path)
    with pytest.raises(ConfigError, match="nothing protects across registers"):
        glane.aggregate(other, told, out_dir=str(tmp_path / "two"))
    glane.aggregate(run, told | {"groups": []}, out_dir=str(tmp_path / "three"))
    assert len(read_register(tmp_path / "register").tables) == 2


@pytest.mark.parametrize("killed_at", ["table.parquet", "table.csv", "report.html"])
def test_a_kill_between_two_files_leaves_no_raw_one_beside_a_table_that_leaves(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    folder = tmp_path / "out"
    glane.aggregate(run, BASE, out_dir=str(folder))
    raw = {name: digest_of(folder / name) for name in names(folder)}
    whole = glane.assess.files.replace_file  # type: ignore[attr-defined]

    def killed(path: Path, *words: Any, **told: Any) -> None:
        if path.name == killed_at:
            raise KeyboardInterrupt
        whole(path, *words, **told)

    monkeypatch.setattr("glane.assess.files.replace_file", killed)
    with pytest.raises(KeyboardInterrupt):
        glane.aggregate(run, LEAVING, out_dir=str(folder))
    same = {name for name in names(folder) if raw.get(name) == digest_of(folder / name)}
    assert same <= {"lire.R"}  # which tells of columns, and holds no count
    monkeypatch.undo()
    glane.aggregate(run, LEAVING, out_dir=str(folder))
    assert names(folder) == set(raw)
