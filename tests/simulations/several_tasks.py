"""What an engine computes for two tasks, asked together and apart.

Arguments: documents (16), seed (3), reports of each (30), model (smollm2), shapes of prompts (system,text_first).
First counted without an engine, by length of text, in blocks of 16 tokens as on a GPU; then run, in those of the CPU.

Each document is that many synthetic English reports, one after the other. Prompt tokens and those found in the engine's
prefix cache are of `summary.json`. What differs between two runs may be of the batch alone: so each task is also asked
alone in batches of half the size, and the differences of both are told side by side. See docs/performance.md.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from glane.composition import composed, run_composed
from glane.engine.registry import engine_kind
from glane.extraction.prompt_order import counted
from glane.extraction.work import ExtractionWork, prepare_extraction
from glane.job.several import resolve_all
from glane.run.publish import finish_run
from glane.run.worker import WorkerSpec, run_worker
from glane.settings import ModelSettings, extract_settings
from glane.settings.words import key_types
from glane.task.task import load_task
from glane.types import Document
from glane_tools.english_reports import TASK, reports

OTHER = {
    **{key: value for key, value in TASK.items() if key not in ("examples", "fields")},
    "name": "outbreak_course",
    "instructions": "You read reports of outbreaks. Say how the first of them goes on, from the text alone.",
    "fields": {
        "course": {
            "type": "enum", "values": ["rising", "falling", "stable"], "nullable": True, "evidence": True,
            "description": "Whether the cases become more, fewer or stay the same.",
        },
        "response": {
            "type": "string", "max_length": 60, "nullable": True, "evidence": True,
            "description": "What is done about it.",
        },
    },
}  # fmt: skip
_DEFAULTS = ("16", "3", "30", "smollm2", "system,text_first")
_AT_ONCE = 8
_MANNERS = {
    "alone": "each alone",
    "together": "together",
    "fewer": f"each alone, {_AT_ONCE // 2} at once instead of {_AT_ONCE}",
}
TASKS = {str(one["name"]): one for one in (TASK, OTHER)}


def main() -> None:
    rows, seed, joined, model, shapes = (*sys.argv[1:], *_DEFAULTS[len(sys.argv) - 1 :])
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "task").mkdir()
        for name, task in TASKS.items():
            (folder / "task" / f"{name}.yaml").write_text(yaml.safe_dump(task, sort_keys=False), encoding="utf-8")
        texts = texts_of(int(rows), int(seed), int(joined))
        pl.DataFrame({"id": range(len(texts)), "text": texts}).write_parquet(folder / "documents.parquet")
        _count(int(rows), int(seed), model)
        print(f"\n{rows} documents of {joined} report(s), {model}")
        print(
            "| shape | asked | prompt tokens | of these computed | seconds at work | rows with other values | with other "
            "figures only | largest difference of a probability there |"
        )
        print("| --- | --- | --: | --: | --: | --: | --: | --: |", flush=True)
        for shape in shapes.split(","):
            for manner, at_once in (("alone", _AT_ONCE), ("fewer", _AT_ONCE // 2)):
                for name in TASKS:
                    _run_apart(folder, model, name, shape, f"{shape}/{manner}/{name}", at_once)
            _run_apart(folder, model, f"[{','.join(TASKS)}]", shape, f"{shape}/together", _AT_ONCE)
            for manner, asked in _MANNERS.items():
                _told(folder / shape, shape, manner, asked)


def texts_of(rows: int, seed: int, joined: int) -> list[str]:
    told = [one.text for one in reports(rows * joined, seed=seed)]
    return ["\n\n".join(told[at : at + joined]) for at in range(0, len(told), joined)]


def _count(rows: int, seed: int, name: str) -> None:
    words = [f"model={name}", "task=ed_visit", "data.path=x", "run.dir=x", "model.max_model_len=32768"]
    model = ModelSettings.model_validate(composed("extract", words)["model"])
    conversations = engine_kind(model.engine).conversations(model)
    assert conversations is not None
    tasks = [load_task(task) for task in TASKS.values()]
    print("| tokens of the text | prompt tokens of both | computed, instructions first | computed, text first |")
    print("| --: | --: | --: | --: |")
    for joined in (1, 3, 6, 10, 15, 30, 60):
        texts = texts_of(rows, seed, joined)
        documents = [Document(id=number, text=text, inputs={}) for number, text in enumerate(texts)]
        system, text_first = (
            counted(
                tasks, [documents, documents], model.model_copy(update={"prompt_shape": shape}), conversations, block=16
            )
            for shape in ("system", "text_first")
        )
        tokens = sum(map(conversations.count, texts)) / rows
        print(
            f"| {tokens:,.0f} | {system.asked:,.0f} | {system.computed:,.0f} | {text_first.computed:,.0f} |", flush=True
        )


def _run_apart(*told: object) -> None:
    """Run in a process of its own: each engine starts with an empty cache."""
    process = get_context("spawn").Process(target=_run, args=told)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(f"{told[1:]}: exit code {process.exitcode}")


def _run(folder: Path, model: str, task: str, shape: str, run: str, at_once: int) -> None:
    """A run without Ray: one engine, in this process."""
    words = [
        "--config-dir", str(folder), f"task={task}", f"model={model}", f"data.path={folder}/documents.parquet",
        f"model.prompt_shape={shape}", "model.max_model_len=8192", "model.max_tokens=512", f"model.max_num_seqs={at_once}",
        "model.kv_cache_mib=1024", "run.allow_toy=true", f"run.dir={folder}/{run}", "run.energy=none",
    ]  # fmt: skip
    run_composed(_work, config_name="extract", arguments=words, types=key_types("extract"))


def _work(values: Mapping[str, Any]) -> None:
    found, _ = resolve_all(extract_settings(values))
    works = [ExtractionWork(settings=settings, task=task) for settings, task in found]
    first, *others = [prepare_extraction(work) for work in works]
    spec = WorkerSpec(
        worker="w0", work=replace(works[0], beside=tuple(works[1:])), run=found[0][0].run, key=first.key, start=0.0,
        device="cpu", cpus=len(os.sched_getaffinity(0)), gpus=0,
    )  # fmt: skip
    report = run_worker(spec)
    if report.outcome != "done":
        sys.exit(report.message)
    for one in (*others, first):
        finish_run(one, record_mib=128)


def _parted(run: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of a run: their values, statuses and quotes; and their figures, which depend on what is in a batch."""
    rows = pl.read_parquet(run / "records" / "*.parquet")
    values, figures = [], []
    for name, kind in rows.schema.items():
        if kind.is_float():
            figures.append(pl.col(name))
        elif name.endswith("__evidence"):
            values.append(pl.col(name).struct.field("quote").alias(name))
        elif not name.endswith("__probabilities"):
            values.append(pl.col(name))
    return rows.select(values), rows.select(figures)


def _differences(run: Path, other: Path) -> tuple[int, int, float]:
    """How many rows have other values, how many only other figures, and by how much these differ at most."""
    (values, figures), (their_values, their_figures) = _parted(run), _parted(other)
    with_values = with_figures = 0
    largest = 0.0
    for at in range(values.height):
        if not values.slice(at, 1).equals(their_values.slice(at, 1)):
            with_values += 1
            continue
        pairs = zip(figures.row(at), their_figures.row(at), strict=True)
        found = max((abs(one - two) for one, two in pairs if one is not None and two is not None), default=0.0)
        with_figures += found > 0
        largest = max(largest, found)
    return with_values, with_figures, largest


def _told(folder: Path, shape: str, manner: str, asked: str) -> None:
    runs = [folder / manner / name for name in TASKS]
    summaries = [json.loads((run / "summary.json").read_text()) for run in runs]
    prompt, cached = (sum(one["tokens"][name] for one in summaries) for name in ("prompt", "cached"))
    seconds = [one["seconds_working"] for one in summaries]
    worked = max(seconds) if manner == "together" else sum(seconds)
    cells = [shape, asked, f"{prompt:,}", f"{prompt - cached:,}", f"{worked:.0f}"]
    if manner == "alone":
        cells += ["", "", ""]
    else:
        found = [_differences(folder / "alone" / name, run) for name, run in zip(TASKS, runs, strict=True)]
        with_values, with_figures = (sum(one[at] for one in found) for at in (0, 1))
        cells += [str(with_values), str(with_figures), f"{max(one[2] for one in found):.3f}"]
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
