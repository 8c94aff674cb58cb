"""What is shown on a terminal: no control characters of documents, and no failure where it is not UTF-8."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import glane
from conftest import extract_here, make_settings
from glane.commands import extract as extract_command
from glane.errors import ConfigError, shown, visible
from glane.extraction.rejections import _safe
from glane.settings import demo_corpus_settings, doctor_settings

ATTACKS = [
    "\x1b[2J\x1b[H",
    "\x1b]0;title\x07",
    "\x9b31m",
    "\x08\x08",
    "a\rb",
    "\x00",
    "\x7f",
    "\x85",
    "\x1b]8;;http://x\x1b\\",
]


def has_controls(text: str) -> bool:
    return any(one not in "\n\t" and (ord(one) < 32 or 127 <= ord(one) < 160) for one in text)


@pytest.mark.parametrize("attack", ATTACKS)
def test_controls_are_written_as_escapes(attack: str) -> None:
    assert has_controls(attack)
    for told in (visible(f"é {attack} 日"), shown(f"CHU {attack}"), _safe(attack)):
        assert not has_controls(told)
    assert f"\\x{next(ord(one) for one in attack if has_controls(one)):02x}" in visible(attack)


@pytest.mark.parametrize("text", ["", "é\tb\nc", "日本 — “x”", "one\r\ntwo", "\\x1b"])
def test_other_text_stays(text: str) -> None:
    assert visible(text) == text


def test_a_preview_and_the_first_rows_show_no_controls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "d.parquet"
    rows = {"id": [f"id{one}" for one in ATTACKS], "text": [f"note {one} é" for one in ATTACKS]}
    pl.DataFrame(rows).write_parquet(data)
    settings = make_settings(data, tmp_path / "run", progress="plain")
    values = settings.model_dump(mode="json", exclude_unset=True)
    extract_command.main({**values, "preview": len(ATTACKS)})
    told = capsys.readouterr()
    assert "=== id" in told.out
    assert "\\x1b[2J" in told.out
    assert not has_controls(told.out + told.err)
    extract_here(settings)
    extract_command.main({**values, "show": len(ATTACKS)})
    told = capsys.readouterr()
    assert "shape: (" in told.out
    assert not has_controls(told.out + told.err)
    assert glane.open_run(tmp_path / "run").all().select("id").collect()["id"].to_list() == rows["id"]


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_a_terminal_that_is_not_utf8_is_no_failure(tmp_path: Path, encoding: str) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    glane_ = [sys.executable, "-m", "glane.cli"]
    words = {
        0: ["demo-corpus", "path=日本–é", "documents=2"],
        2: ["日本→"],
    }
    for code, word in words.items():
        found = subprocess.run([*glane_, *word], cwd=tmp_path, env=environment, capture_output=True, check=False)
        assert found.returncode == code, found.stderr
        assert b"Traceback" not in found.stderr
        assert b"?" in found.stdout + found.stderr


@pytest.mark.parametrize("path", ["x" * 256, "a/" + "é" * 128, f"/tmp/{'y' * 300}/b"])
def test_a_name_that_is_too_long_is_told(tmp_path: Path, path: str) -> None:
    with pytest.raises(ConfigError, match=r"dir: .* bytes, and file systems take 255"):
        make_settings(tmp_path / "d.parquet", Path(path))
    with pytest.raises(ConfigError, match=r"path: .* bytes, and file systems take 255"):
        demo_corpus_settings({"path": path})
    with pytest.raises(ConfigError, match=r"out: .* bytes, and file systems take 255"):
        doctor_settings({"out": path})
