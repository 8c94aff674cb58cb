"""Sabotage of runs: processes are killed, stopped past their lease and continued, the file system fails, inputs change.

    PYTHONPATH=tests python tests/sabotage.py --minutes 10

prints what was tried, and what was lost, doubled or wrongly blamed. `tests/test_sabotage.py` runs a few rounds of it. In
each round several processes work on one run directory until one of them ends in order: each prepares the run, works and
publishes, as drivers do. Some documents kill the process that asks about them.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import polars as pl

from conftest import make_settings, prepare_run, spec, write_documents
from fork_server import forks
from glane.run.publish import finish_run
from glane.run.worker import run_worker
from glane.settings import ExtractSettings
from glane.task.task import load_task

LEASE_S = 0.5
POISON = "[[crash]]"
_CALLS = ("stat", "lstat", "link", "replace", "scandir", "symlink", "readlink", "rename", "unlink", "open", "mkdir")
_FAULTS = (errno.ESTALE, errno.EIO, errno.ETIMEDOUT, errno.ENOSPC, errno.EROFS)
_ENDED, _REFUSED = 3, 4  # exit codes of a process whose work failed, and of one that was refused a changed input


@dataclass(slots=True)
class Report:
    """What was tried, and what went wrong. The last four must be 0."""

    tried: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    doubled: int = 0
    blamed: int = 0
    wrong: int = 0  # published values that are not those of the document, or an input that changed unnoticed

    @property
    def is_clean(self) -> bool:
        """Whether nothing went wrong."""
        return not (self.lost or self.doubled or self.blamed or self.wrong)

    def __str__(self) -> str:
        tried = ", ".join(f"{count:,} {what}" for what, count in sorted(self.tried.items()))
        return f"{tried}: {self.lost} lost, {self.doubled} doubled, {self.blamed} wrongly blamed, {self.wrong} wrong"


def sabotage(folder: Path, *, seed: int, report: Report, num_documents: int = 120, num_poisoned: int = 2) -> None:
    """One round, counted in `report`.

    Raises:
        AssertionError: if the run does not end within three minutes.
    """
    rng = random.Random(seed)
    poisoned = set(rng.sample(range(num_documents), num_poisoned))
    texts = [f"note {i} {POISON if i in poisoned else ''}" for i in range(num_documents)]
    data = write_documents(folder / "d.parquet", texts, row_group_size=17)
    shutil.copy(data, folder / "former.parquet")
    settings = make_settings(
        data, folder / "run", run__shard_rows=8, run__lease_s=LEASE_S, run__heartbeat_s=0.1,
        model__script={"seconds_per_step": 0.004}, model__max_num_seqs=3, model__window=1.0,
    )  # fmt: skip
    prepare_run(settings, load_task(settings.task))  # else it may be begun with the documents that replace the input
    report.tried["rounds"] += 1
    deadline = time.monotonic() + 180
    attempt = 0
    while True:
        assert time.monotonic() < deadline, f"seed {seed}: the run does not end"
        attempt += 1
        calm = attempt > 25  # at last it is left alone with its poisoned documents
        names = [f"w{attempt}-{i}" for i in range(1 if calm else 3)]
        faulty = {name for name in names if not calm and rng.random() < 0.3}
        workers = [_start(_work, settings, name, name in faulty) for name in names]
        report.tried["starts on a faulty file system"] += len(faulty)
        report.tried["starts"] += len(workers)
        if not calm:
            _disturb(workers, data, rng, report)
        for worker in workers:
            worker.join(60)
        if any(worker.exitcode == 0 for worker in workers):
            break
    count_rows(folder / "run", poisoned, num_documents, report)


def _start(target: Callable[..., None], *arguments: Any) -> BaseProcess:
    process = forks().Process(target=target, args=arguments)
    process.start()
    return process


def _work(settings: ExtractSettings, worker: str, is_faulty: bool) -> None:
    if is_faulty:
        _fail_sometimes(Path(settings.run.dir), random.Random(worker))
    from glane.errors import DataError, GlaneError

    try:
        run = prepare_run(settings, load_task(settings.task))
        if not run.directory.is_complete:
            report = run_worker(spec(settings, run, worker, start=random.Random(worker).random()))
            if report.outcome != "done":
                os._exit(_ENDED)
        finish_run(run, record_mib=1)
    except DataError:
        os._exit(_REFUSED)
    except (GlaneError, OSError):
        os._exit(_ENDED)


def _fail_sometimes(root: Path, rng: random.Random) -> None:
    """Let calls below `root` fail now and then, in this process."""

    def failing(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **more: Any) -> Any:
            if arguments and str(arguments[0]).startswith(str(root)) and rng.random() < 0.01:
                number = rng.choice(_FAULTS)
                raise OSError(number, os.strerror(number), str(arguments[0]))
            return real(*arguments, **more)

        return call

    for name in _CALLS:
        setattr(os, name, failing(getattr(os, name)))


def _disturb(workers: list[BaseProcess], data: Path, rng: random.Random, report: Report) -> None:
    """Kill and stop the workers, or change the input under them and put it back."""
    if rng.random() < 0.15:
        time.sleep(rng.uniform(0.0, 0.3))
        _replace(data, rng, report)
    for worker in workers:
        worker.join(rng.uniform(0.0, 0.15))
        if worker.exitcode is not None or worker.pid is None:
            continue
        if rng.random() < 0.4:
            report.tried["stops"] += _send(worker.pid, signal.SIGSTOP)
            time.sleep(rng.uniform(0.1, 3 * LEASE_S))
            _send(worker.pid, signal.SIGCONT)
        else:
            report.tried["kills"] += _send(worker.pid, signal.SIGKILL)
    shutil.copy(data.with_name("former.parquet"), data.with_name("new"))
    os.replace(data.with_name("new"), data)  # the former content under another inode


def _send(pid: int, number: signal.Signals) -> int:
    """Send a signal; how many processes got it."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return 0
    return 1


def _replace(data: Path, rng: random.Random, report: Report) -> None:
    """Put other documents with other ids in the place of the input."""
    table = pl.read_parquet(data)
    ids = [f"x{i}" for i in range(table.height)]
    table.with_columns(pl.Series("id", ids)).write_parquet(data.with_name("new"), row_group_size=rng.choice([17, 50]))
    os.replace(data.with_name("new"), data)
    report.tried["inputs replaced"] += 1


def count_rows(run: Path, poisoned: set[int], num_documents: int, report: Report) -> None:
    rows = pl.read_parquet(run / "records" / "*.parquet")
    ids = Counter(rows["id"].to_list())
    expected = [f"d{i}" for i in range(num_documents)]
    report.lost += sum(one not in ids for one in expected)
    report.doubled += sum(count - 1 for count in ids.values())
    report.wrong += sum(one not in set(expected) for one in ids) + (rows["id"].to_list() != expected)
    unusable = set(rows.filter(pl.col("status") != "OK")["id"].to_list())
    report.blamed += len(unusable - {f"d{i}" for i in poisoned})
    report.wrong += len({f"d{i}" for i in poisoned} - unusable)


def main() -> None:
    """Sabotage for some minutes, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    report, ends = Report(), time.monotonic() + told.minutes * 60
    seed = told.seed
    while time.monotonic() < ends:
        with tempfile.TemporaryDirectory() as folder:
            sabotage(Path(folder), seed=seed, report=report)
        seed += 1
        print(report, flush=True)
    raise SystemExit(0 if report.is_clean else 1)


if __name__ == "__main__":
    main()
