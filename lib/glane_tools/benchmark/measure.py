"""One run of one contender: started as a user would, stopped after a timeout, and measured."""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import psutil
import pyarrow as pa

from glane.cluster.local import ray_environment
from glane.cluster.scratch import write_token
from glane.corpus.plan import read_plan
from glane.engine.preload import OFFLINE
from glane.extraction.summary import extraction_summary
from glane.parquet import read_parquet
from glane.run.directory import RunDirectory
from glane.run.starts import last_start
from glane_tools.benchmark.answers import Answers, read_answers
from glane_tools.benchmark.contenders import Contender
from glane_tools.benchmark.processor import Processor
from glane_tools.benchmark.protections import environment as protected
from glane_tools.benchmark.protections import readable
from glane_tools.benchmark.ratios import middle_rows_per_s, steady_rows_per_s
from glane_tools.benchmark.work import Work, write_work

_REPOSITORY = Path(__file__).resolve().parents[3]
_MODULES = {
    "bare": "glane_tools.benchmark.bare",
    "bare_parts": "glane_tools.benchmark.bare_parts",
    "ray_data": "glane_tools.benchmark.ray_data",
    "run_batch": "glane_tools.benchmark.run_batch",
}
_REASON_CHARACTERS = 300
_ERROR = re.compile(r"(\[rank\d+\]: )?([\w.]*(Error|Exception)\b|error:)")  # the last line of a traceback, or of ours
_WARN_OFF = "ignore"  # for Python's warnings in the baselines' logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The measurements of one run. Times in seconds. If it failed, only `failure` is set, with the reason."""

    contender: str
    total_s: float
    start_s: float | None = None  # from the command to the first request
    first_row_s: float | None = None  # from the command to the first finished row
    rows_per_s: float | None = None  # over the whole of the command
    steady_rows_per_s: float | None = None
    middle_rows_per_s: float | None = None
    num_rows: int = 0
    answers: Answers | None = None
    forced_tokens: int | None = (
        None  # of the output tokens, appended without asking the model; None if that is not told
    )
    processor_s: float | None = None  # seconds of a core, of all processes
    guard_s: float | None = None  # of these, of the guard's own processes
    processor_s_per_1000_rows: float | None = None  # from the first request to the last answer
    guard_s_per_1000_rows: float | None = None
    guard: str = ""  # what refused connections to other machines: kernel, python or off
    failure: str = ""

    @property
    def steps(self) -> int | None:
        """The output tokens that the model was asked for; None if that is not told."""
        return (
            None
            if self.answers is None or self.forced_tokens is None
            else self.answers.output_tokens - self.forced_tokens
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The settings that all runs share."""

    work: Work  # for a baseline without optimisations
    extract: tuple[str, ...]  # glane's command line, without data, run directory and optimisations
    folder: Path
    timeout_s: float


def measure(bench: Bench, contender: Contender, *, number: int) -> Run:
    """Run one contender once, and measure it. Failures of the contender are in the result and not raised."""
    folder = bench.folder / f"{number:02}-{contender.name}"
    folder.mkdir(mode=0o700)
    log = folder / "log.txt"
    command, environment, ray_folder = _command(bench, contender, folder)
    began = time.time()
    try:
        with Processor() as processor:
            code, ended = wait(command, environment, log, bench.timeout_s)
    finally:
        if ray_folder is not None:
            shutil.rmtree(ray_folder, ignore_errors=True)
    total_s = ended - began
    if code != 0:
        why = f"not done after {bench.timeout_s:.0f} s" if code is None else f"exit code {code}: {last_line(log)}"
        return Run(contender=contender.name, total_s=total_s, failure=why)
    try:
        with readable(folder):
            run = _read(bench, contender, folder, began, total_s)
        return _with_processor(run, processor, began)
    except (OSError, KeyError, ValueError, IndexError, pl.exceptions.PolarsError, pa.ArrowException) as error:
        why = f"ended as if all were well, and left no readable result ({type(error).__name__})"
        return Run(contender=contender.name, total_s=total_s, failure=why)


def _with_processor(run: Run, processor: Processor, began: float) -> Run:
    run = replace(run, processor_s=processor.used_s(), guard_s=processor.guard_s())
    if run.start_s is None or not run.steady_rows_per_s:
        return run
    start = began + run.start_s
    steady = processor.between_s(start, start + run.num_rows / run.steady_rows_per_s)
    if steady is None:
        return run
    used, of_guard = (1000 * seconds / run.num_rows for seconds in steady)
    return replace(run, processor_s_per_1000_rows=used, guard_s_per_1000_rows=of_guard)


def _read(bench: Bench, contender: Contender, folder: Path, began: float, total_s: float) -> Run:
    guard = ""
    if contender.kind == "glane":
        run = RunDirectory(root=folder / "run")
        started = last_start(run)
        guard = "" if started is None else started.environment.guard
        first_request, rows = _glane_times(run)
        files = str(run.records / "*.parquet")
        words = (*bench.extract, *contender.overrides)
        drafts = any("quote_drafts=" in word and not word.endswith("=false") for word in words)
        forced = None if drafts else extraction_summary(run).tokens.forced  # of drafts, no run tells how many were kept
    else:
        times = json.loads((folder / "times.json").read_text(encoding="utf-8"))
        first_request, rows = times["marks"]["first_request"], [(at, count) for at, count in times["rows"]]
        files, forced = str(folder / "records.parquet"), None
    num_rows = sum(count for _, count in rows)
    return Run(
        contender=contender.name,
        total_s=total_s,
        start_s=first_request - began,
        first_row_s=rows[0][0] - began,
        rows_per_s=num_rows / total_s,
        steady_rows_per_s=steady_rows_per_s(rows, first_request),
        middle_rows_per_s=middle_rows_per_s(rows, num_rows),
        num_rows=num_rows,
        answers=read_answers(
            files,
            id_column=bench.work.id_column,
            fields=list(bench.work.schema["properties"]),
            asks_once=contender.ask_once,
        ),
        forced_tokens=forced,
        guard=guard,
    )


def _command(bench: Bench, contender: Contender, folder: Path) -> tuple[list[str], dict[str, str], Path | None]:
    environment = dict(os.environ)
    if contender.kind == "glane":
        data = (f"data.path={bench.work.documents}", f"run.dir={folder / 'run'}", "progress=plain")
        command = [sys.executable, str(_REPOSITORY / "jobs" / "extract.py")]
        if contender.protections is not None:
            environment = protected(contender.protections, folder, environment)
        return [*command, *bench.extract, *contender.overrides, *data], environment, None
    engine = {**OFFLINE, "VLLM_LOGGING_LEVEL": "WARNING"}
    if bench.work.device == "cpu":  # as glane sets them for its engine
        engine |= {"OMP_NUM_THREADS": str(bench.work.cpus), "VLLM_CPU_OMP_THREADS_BIND": "nobind"}
    environment |= engine | {"VLLM_ENABLE_V1_MULTIPROCESSING": "0" if contender.in_process else "1"}
    environment |= {"PYTHONWARNINGS": _WARN_OFF}
    ray_folder = None
    if contender.kind == "ray_data":
        ray_folder = Path(tempfile.mkdtemp(prefix="gb-", dir="/tmp"))  # short: Ray's sockets lie inside
        environment |= _ray_environment(ray_folder)
    work = _for(bench.work, contender, folder, list(engine))
    write_work(work, folder / "work.json")
    return [sys.executable, "-m", _MODULES[contender.kind], str(folder / "work.json")], environment, ray_folder


def _ray_environment(folder: Path) -> dict[str, str]:
    """Environment of a Ray that is open to this machine only, and only with the token."""
    token = write_token(folder, secrets.token_hex(32))
    return ray_environment(token, is_loopback=True) | {"RAY_TMPDIR": str(folder)}


def _for(work: Work, contender: Contender, folder: Path, environment: Sequence[str]) -> Work:
    return replace(
        work,
        records=str(folder / "records.parquet"),
        times=str(folder / "times.json"),
        scratch=str(folder),
        ask_once=contender.ask_once,
        options={**work.options, **contender.options, "environment": list(environment)},
    )


def wait(
    command: Sequence[str], environment: Mapping[str, str], log: Path, timeout_s: float
) -> tuple[int | None, float]:
    """Run a command. Return its exit code (None after the timeout) and the time of its end.

    All processes that it started are ended.
    """
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, stdout=stream, stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True
        )
        try:
            return process.wait(timeout=timeout_s), time.time()
        except subprocess.TimeoutExpired:
            return None, time.time()
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the processes of a contender, first with SIGTERM: a Ray driver then stops its own, also in other sessions."""
    left: list[psutil.Process] = []
    with contextlib.suppress(psutil.Error):
        left = psutil.Process(process.pid).children(recursive=True)
    for wanted, patience_s in ((signal.SIGTERM, 20.0), (signal.SIGKILL, 5.0)):
        if not _signal_group(process.pid, wanted):
            break
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline and _signal_group(process.pid, 0):
            process.poll()
            time.sleep(0.1)
    for one in left:
        with contextlib.suppress(psutil.Error):
            one.kill()  # psutil checks the start time, so a reused process id is not killed


def _signal_group(group: int, wanted: int) -> bool:
    """Send a signal to a process group; False if the group is empty."""
    try:
        os.killpg(group, wanted)
    except ProcessLookupError:
        return False
    return True


def last_line(log: Path) -> str:
    """The reason of a failure from the log: the last error in it, or its last line."""
    lines = [line.strip() for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if _ERROR.match(line)]
    return (errors or lines or ["no output"])[-1][:_REASON_CHARACTERS]


def _glane_times(run: RunDirectory) -> tuple[float, list[tuple[float, int]]]:
    """When the first shard was begun, and when the rows of each shard were committed, from the ledger.

    A row counts when its shard is on disk. That is later than for the baselines, whose rows count when answered.
    """
    plan = read_plan(run.plan)
    facts = read_parquet(run.ledger / "shards.parquet").to_pylist()
    rows = sorted((fact["committed"], plan.shard(fact["shard"]).num_rows) for fact in facts)
    return min(fact["started"] for fact in facts), rows
