"""Pages are read by vLLM's own server, with a model whose weights are random: its words are rubbish, all else is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import polars as pl
import pytest
from PIL import Image, ImageDraw

from chat_server import MODEL, chat_server
from conftest import job
from glane.errors import EngineError
from glane.ingestion.ocr.endpoint import Endpoint
from glane.ingestion.summary import ingest_summary
from glane.run.directory import RunDirectory
from glane.settings import OcrSettings
from ingest_runs import ingest_told, read_alone
from vision_model import end, vllm_server, write_vision_model

pytestmark = [pytest.mark.engine, pytest.mark.slow]

CONTEXT = 1024


@dataclass(frozen=True, slots=True)
class Served:
    """vLLM's server, and where it listens."""

    server: Popen[bytes]
    port: int

    def told(self, **more: Any) -> dict[str, Any]:
        place = f"http://127.0.0.1:{self.port}/v1"
        return {"model": MODEL, "endpoint": place, "concurrency": 2, "max_tokens": 64, "timeout_s": 60, **more}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("vision")
    model = write_vision_model(folder / "model")
    words = ("--max-model-len", str(CONTEXT))
    with vllm_server(model, folder / "server.log", name=MODEL, words=words) as (server, port):
        yield Served(server, port)


def write_pages(folder: Path, num_files: int, num_pages: int) -> Path:
    """PDFs of scanned pages, each with another text."""
    folder.mkdir()
    for number in range(num_files):
        first, *others = (_page(f"File {number}, page {page}") for page in range(num_pages))
        first.save(folder / f"{number:03}.pdf", save_all=True, append_images=others)
    return folder


def _page(text: str) -> Image.Image:
    page = Image.new("RGB", (600, 800), "white")
    ImageDraw.Draw(page).text((60, 80), text, fill="black", font_size=40)
    return page


def test_a_real_server_reads_pages_and_what_it_wrote_is_marked(served: Served, tmp_path: Path) -> None:
    source, ocr = write_pages(tmp_path / "in", 3, 2), served.told()
    done = job(
        f"source={source}", f"data.path={tmp_path}/out", *(f"ocr.{key}={value}" for key, value in ocr.items()),
        name="ingest", cwd=tmp_path,
    )  # fmt: skip
    assert "6 pages are what a model read" in done.stderr + done.stdout
    rows = pl.read_parquet(tmp_path / "out" / "*.parquet")
    assert rows["outcome"].to_list() == ["OCR"] * 3
    for row in rows.iter_rows(named=True):
        assert [one["page"] for one in row["ocr"]["read"]] == [1, 2]
        for one in row["ocr"]["read"]:
            written = row["text"][one["start"] : one["end"]]
            assert written.isascii()
            assert written.isalpha()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "reads-page"}, f"'reads-page' is not served. Did you mean '{MODEL}'"),
        ({"max_tokens": 2 * CONTEXT}, r"reads no page \(a white one: HTTP 400\).*has its context room"),
        ({"prompt": "word " * CONTEXT}, r"reads no page \(a white one: HTTP 400\).*has its context room"),
    ],
)
def test_what_a_real_server_cannot_do_is_found_before_the_first_page(
    served: Served, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        Endpoint(ocr=OcrSettings(**served.told(**changes))).check()
    Endpoint(ocr=OcrSettings(**served.told())).check()


def test_an_answer_may_take_all_that_the_prompt_leaves_of_the_context(served: Served, tmp_path: Path) -> None:
    """vLLM takes a max_tokens as large as the context for what the prompt leaves of it, and refuses a larger one."""
    settings = ingest_told(write_pages(tmp_path / "in", 1, 2), tmp_path / "out", ocr=served.told(max_tokens=CONTEXT))
    Endpoint(ocr=settings.ocr).check()
    read_alone(settings)
    counts = ingest_summary(RunDirectory(root=tmp_path / "out.run")).counts
    assert counts.pages_by_model + counts.pages_not_read == 2
    assert all("the model" in why for why in counts.why_not_read)


def test_a_server_that_is_killed_stops_the_run_and_the_same_command_goes_on(served: Served, tmp_path: Path) -> None:
    """The last test of this file: the server is gone then. Its part is taken by one that only speaks its protocol."""
    source = write_pages(tmp_path / "in", 40, 1)
    settings = ingest_told(source, tmp_path / "out", ocr=served.told(), run__shard_rows=1)
    parts = tmp_path / "out.run" / "parts"

    def kill() -> None:
        while not (parts.is_dir() and any(parts.iterdir())):
            time.sleep(0.02)
        end(served.server)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    with pytest.raises(AssertionError, match="does not answer"):
        read_alone(settings)
    killer.join(60)
    kept = {one.name for one in parts.iterdir()}
    assert 0 < len(kept) < 40
    assert not (tmp_path / "out").exists()
    with chat_server() as other:
        read_alone(ingest_told(source, tmp_path / "out", ocr=other.told(max_tokens=64), run__shard_rows=1))
        assert 0 < len(other.asked) < 40
    rows = pl.read_parquet(tmp_path / "out" / "*.parquet")
    assert rows["outcome"].to_list() == ["OCR"] * 40
    written = rows["text"].str.contains("The text of page")
    assert 0 < written.sum() < 40  # those that the first server had read were not read again
