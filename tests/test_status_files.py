"""The state of a run that reads files, in the words of its own work."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conftest import job_here
from glane.ingestion.work import IngestWork, prepare_ingest
from ingest_runs import ingest_told, read_alone


@pytest.fixture
def letters(tmp_path: Path) -> Path:
    folder = tmp_path / "letters"
    folder.mkdir()
    (folder / "a.txt").write_text("Douze cas de rougeole.", encoding="utf-8")
    (folder / "b.pdf").write_bytes(b"%PDF-1.4 cut")
    (folder / "c.bin").write_bytes(bytes(range(256)) * 9)
    (folder / "d.txt").write_text("")
    return folder


@pytest.mark.parametrize("is_complete", [False, True])
def test_files_and_documents_are_told_and_no_tokens(letters: Path, tmp_path: Path, is_complete: bool) -> None:
    settings = ingest_told(letters, tmp_path / "documents")
    if is_complete:
        read_alone(settings)
    else:
        prepare_ingest(IngestWork(settings=settings))
    shown = job_here(f"run.dir={tmp_path}/documents.run", name="status").stdout
    for word in ("tokens", "INVALID", "committed", "rows/s"):
        assert word not in shown
    assert "(files to documents)" in shown
    assert "files/s" in shown
    if is_complete:
        assert "4 of 4 done: 1 read whole, 1 without text, 2 not read whole" in shown
        assert f"documents  4 in {tmp_path}/documents: " in shown
        assert "CORRUPT 1" in shown
        assert "look at    2, listed in" in shown
    else:
        assert "files      0 of 4 done: none yet" in shown
    table = job_here(f"runs={tmp_path}/*.run", name="status").stdout
    assert "files to documents" in table
    assert "files to documents" in job_here(f"folder={tmp_path}", name="runs").stdout
    values = json.loads(job_here(f"run.dir={tmp_path}/documents.run", "json=true", name="status").stdout)
    assert (values["work"], values["planned"]) == ("ingest", 4)
