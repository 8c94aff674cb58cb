"""What many engines ask of the file system of one run directory: python tests/simulations/metadata.py [name=value …]

nodes=64 engines=8   so many nodes, and engines on each
seconds=60           simulated time, in which each driver looks at the run once or more
heartbeat=2          seconds between the heartbeats of a worker (run.heartbeat_s)
shard=60             seconds that an engine works on a shard
signs=files          the supervisor reads the heartbeats of its workers; signs=actors: it asks them over Ray
look=0.5             seconds between two looks of a supervisor at its workers
shape=job            one job over all nodes, with one supervisor; shape=array: a job and a supervisor for each node

The code is that of a run: claims, heartbeats, commits, progress, metrics. Only the clock is simulated, in one process, so that the
figures do not depend on the machine. Engines do no work between a claim and a commit.

Counted are the calls of Python that name a path below the run directory, by an interposed counter in `os` and `io`; each
is one system call, and one request or more to the server of a shared file system. Closing what was opened is not counted,
nor are reads and writes of what is open. Figures: SCALE.md.
"""

from __future__ import annotations

import builtins
import heapq
import io
import itertools
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from glane.corpus.read import Reader  # noqa: E402
from glane.run.directory import RunDirectory  # noqa: E402
from glane.run.heartbeat import JOB_NAME, Progress, read_heartbeat  # noqa: E402
from glane.run.heartbeat_writer import HeartbeatWriter  # noqa: E402
from glane.run.metrics_file import MetricsFile  # noqa: E402
from glane.run.pace import LONGEST_S  # noqa: E402
from glane.run.prepare import PreparedRun, prepare_run  # noqa: E402
from glane.run.progress import ProgressReporter  # noqa: E402
from glane.run.session import Session  # noqa: E402
from glane.settings import RunSettings  # noqa: E402
from words_work import CountWords  # noqa: E402

LEASE_S = 60.0


@dataclass(slots=True)
class Clock:
    """Simulated seconds, in place of `time.monotonic`."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass(slots=True)
class Counted:
    """How often each kind of call named a path below `root`."""

    root: str
    calls: Counter[str] = field(default_factory=Counter)
    by: str = ""  # who calls

    def interpose(self) -> None:
        """From now on, count in this process."""
        named = (
            "stat",
            "lstat",
            "link",
            "symlink",
            "readlink",
            "rename",
            "replace",
            "unlink",
            "remove",
            "scandir",
            "listdir",
        )
        for name in (*named, "chmod", "utime", "mkdir", "rmdir", "access"):
            setattr(os, name, self._counting(getattr(os, name), lambda *_, kind=name: kind))
        os.open = self._counting(os.open, lambda _, flags, *__: "create" if flags & os.O_CREAT else "open")
        builtins.open = io.open = self._counting(io.open, lambda *_: "open")
        os.fchmod = self._counting(os.fchmod, lambda *_: "chmod", is_named=False)
        os.fsync = self._counting(os.fsync, lambda *_: "fsync", is_named=False)

    def _counting(
        self, call: Callable[..., Any], kind: Callable[..., str], *, is_named: bool = True
    ) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            if not is_named or any(str(arg).startswith(self.root) for arg in args[:2]):
                self.calls[f"{self.by} {kind(*args, *([0] if len(args) < 2 else []))}"] += 1
            return call(*args, **options)

        return counted


class Engine:
    """A worker that claims, waits for `shard_s` seconds, commits, and says now and then that it lives."""

    def __init__(self, run: PreparedRun, number: int, engines: int, heartbeat_s: float, *, job: int) -> None:
        self.worker = f"w{number}"
        os.environ[JOB_NAME] = f"7_{job}"
        self.heartbeat = HeartbeatWriter(
            run.directory, worker=self.worker, every_s=heartbeat_s, device="gpu", cpus=4, gpus=0
        )
        self.heartbeat.report(Progress)
        session = Session(
            directory=run.directory, heartbeat=self.heartbeat, key=run.key, lease_s=LEASE_S, start=number / engines,
            device="gpu", cpus=4, should_stop=lambda: False, meter=None,
        )  # fmt: skip
        self._shards = session.shards()
        self._claims = self._shards.claim_each()
        self._reader = Reader(
            self._shards.plan.files, id_column="id", text_column="text", input_columns=(), carry_columns=()
        )
        self._table: pa.Table | None = None
        self._shard = -1

    def next_shard(self) -> None:
        """Commit the shard that is done, and claim another one."""
        if self._table is not None:
            assert self._shards.commit(self._shard, self._table, started=0.0)
        shard = next(self._claims)
        rows = self._reader.read(shard)
        numbers = pa.nulls(len(rows.documents), pa.int64())
        status = pa.array(["OK"] * len(rows.documents))
        self._shard, self._table = (
            shard.index,
            rows.kept.append_column("words", numbers).append_column("status", status),
        )


class Driver:
    """What a driver and its supervisor ask of the run directory, twice a second."""

    def __init__(self, run: PreparedRun, engines: list[Engine], *, reads_signs: bool) -> None:
        self._directory, self._engines, self._reads_signs = run.directory, engines, reads_signs
        self._progress = ProgressReporter(run.directory, run.plan, style="none")
        settings = RunSettings(dir=str(run.directory.root))
        self._metrics = MetricsFile(run.directory, run.plan, settings, warn=sys.exit)

    def look(self) -> None:
        """Look at every worker, and tell of the run if that is due."""
        if self._reads_signs:
            for engine in self._engines:
                read_heartbeat(self._directory, engine.worker)
        self._metrics.update(self._progress.update())


def every(
    seconds: float, first: float, do: Callable[[], None], who: str
) -> Iterator[tuple[float, str, Callable[[], None]]]:
    """When something is done, by whom, and what."""
    for number in itertools.count():
        yield first + number * seconds, who, do


def simulate(
    folder: Path,
    *,
    nodes: int = 64,
    engines: int = 8,
    seconds: float = 60,
    heartbeat: float = 2,
    shard: float = 60,
    signs: str = "files",
    look: float = 0.5,
    shape: str = "job",
) -> Counter[str]:
    """The calls of `seconds` simulated seconds, by who makes them and kind."""
    num_engines = nodes * engines
    clock, counted = Clock(), Counted(str(folder / "run"))
    data = folder / "d.parquet"
    num_rows = int(num_engines * (seconds / shard + 2))
    ids = [f"d{i}" for i in range(num_rows)]
    pq.write_table(pa.table({"id": ids, "text": ["note"] * num_rows}), data, row_group_size=1000)
    directory = RunDirectory(root=folder / "run")
    run = prepare_run(directory, CountWords(path=str(data), shard_rows=1, lease_s=LEASE_S), cluster={})
    time.monotonic = clock
    size = num_engines if shape == "job" else engines
    all_engines = [Engine(run, number, num_engines, heartbeat, job=number // size) for number in range(num_engines)]
    drivers = [
        Driver(run, all_engines[start : start + size], reads_signs=signs == "files")
        for start in range(0, num_engines, size)
    ]
    for engine in all_engines:  # the start is not what is asked
        engine.heartbeat.write()
        engine.next_shard()
    for number, driver in enumerate(drivers):  # nor that all look at once
        clock.now = 1000 - LONGEST_S * number / len(drivers)
        driver.look()
    plans = []
    for number, engine in enumerate(all_engines):
        share = (number + 1) / num_engines  # they are out of step
        plans.append(every(heartbeat, heartbeat * share, engine.heartbeat.write, "heartbeat"))
        plans.append(every(shard, shard * share, engine.next_shard, "shard"))
    for number, driver in enumerate(drivers):
        plans.append(every(look, look * (number + 1) / len(drivers), driver.look, "driver"))
    counted.interpose()
    for when, who, do in heapq.merge(*plans, key=lambda event: event[0]):
        if when > seconds:
            break
        clock.now, counted.by = 1000 + when, who
        do()
    assert len(directory.committed_shards()) >= int(num_engines * (seconds / shard - 1))
    return counted.calls


def main() -> None:
    words = dict(word.split("=", 1) for word in sys.argv[1:])
    if unknown := set(words) - set(simulate.__kwdefaults__):
        sys.exit(f"no setting {', '.join(sorted(unknown))}\n\n{__doc__}")
    given: dict[str, Any] = {name: type(simulate.__kwdefaults__[name])(value) for name, value in words.items()}
    folder = Path(tempfile.mkdtemp(prefix="metadata-"))
    began = time.perf_counter()
    try:
        calls = simulate(folder, **given)
    finally:
        shutil.rmtree(folder)
    seconds = given.get("seconds", simulate.__kwdefaults__["seconds"])
    print(" ".join(sys.argv[1:]) or "all defaults", f"({time.perf_counter() - began:.0f} s)")
    for who in ("heartbeat", "shard", "driver"):
        kinds = {name.split()[1]: count / seconds for name, count in calls.most_common() if name.startswith(who)}
        told = ", ".join(f"{kind} {rate:.1f}" for kind, rate in kinds.items())
        print(f"  {who:<10} {sum(kinds.values()):8.1f} /s   {told}")
    print(f"  {'all':<10} {calls.total() / seconds:8.1f} /s")


if __name__ == "__main__":
    main()
