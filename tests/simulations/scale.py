"""Where glane's limits lie in rows, shards and engines: python tests/simulations/scale.py PART [name=value …]

plan    rows=1e9 groups=1e5 share=1 sample=0  which rows and which shards, from metadata: only reading Parquet is left out
real    rows=5e7 files=50                     the same from files on disk, hashed and read
ledger  shards=1e5 engines=64                 claims and commits alone: no engine, no Parquet
engines shards=1e5 engines=64 processes=2     whole workers with scripted engines on one run; seconds=30 stops before its end
fill    dir=…                                 commit the rest of that run as copies of one part, for status
status  dir=…                                 what looking at, resuming and publishing that run takes
publish rows=1e6,1e7 processes=1              publishing more and more rows, in that many processes at once
memory  rows=1e4,1e6 huge=2e8                 one worker over more rows, and over one huge row
nodes   rows=4000                             two nodes beside one on a private Slurm (root); step=0.2 seconds an answer
lineage rows=1e6                              which rows of an earlier run are the same: by one file, and by texts of 1 kB
dir=… is where it works (a temporary directory by default, removed afterwards). Figures: SCALE.md.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests")]

import numpy as np  # noqa: E402
import polars as pl  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.compute as pc  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from conftest import make_settings, prepare_run, spec  # noqa: E402
from glane.corpus import id_source  # noqa: E402
from glane.corpus.files import InputFile, inspect_files  # noqa: E402
from glane.corpus.plan import make_plan, read_plan, shard_size, write_plan  # noqa: E402
from glane.corpus.proof import with_digests  # noqa: E402
from glane.corpus.select import Selection, select_rows  # noqa: E402
from glane.corpus.unchanged import Identity  # noqa: E402
from glane.extraction import lineage  # noqa: E402
from glane.extraction.prepare import checked_files  # noqa: E402
from glane.extraction.reader import reader_of  # noqa: E402
from glane.extraction.selection import selected_rows  # noqa: E402
from glane.run.description import read_description  # noqa: E402
from glane.run.directory import RunDirectory  # noqa: E402
from glane.run.heartbeat import Progress  # noqa: E402
from glane.run.heartbeat_writer import HeartbeatWriter  # noqa: E402
from glane.run.inputs import input_digests  # noqa: E402
from glane.run.ledger import Ledger  # noqa: E402
from glane.run.overview import overview  # noqa: E402
from glane.run.parts import commit_part, read_part  # noqa: E402
from glane.run.publish import finish_run  # noqa: E402
from glane.run.repeats import DIGEST, DUPLICATE  # noqa: E402
from glane.run.worker import run_worker  # noqa: E402
from glane.settings import DataSettings  # noqa: E402
from glane.storage import write_once  # noqa: E402
from glane.task.task import load_task  # noqa: E402

TINY_TASK: dict[str, Any] = {
    "name": "tiny", "language": "fr", "instructions": "Lis.", "confidence": False, "repairs": 0,
    "fields": {"fever": {"type": "boolean", "nullable": True}},
}  # fmt: skip
SHARD_BYTES = 64 * 2**20
FORK = get_context("forkserver")
FORK.set_forkserver_preload(
    ["glane.extraction.prepare", "glane.run.publish", "glane.run.worker", "glane.engine.scripted"]
)


def mib() -> int:
    """The most memory that this process had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def timed(what: str, work: Callable[[], Any]) -> Any:
    """Do it; print the seconds it took, those of the processors, and the most memory so far."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(
        f"  {what:<34} {time.perf_counter() - wall:9.2f} s  ({time.process_time() - cpu:.2f} s of CPU), {mib()} MiB",
        flush=True,
    )
    return result


def alone(function: Callable[..., Any], *args: Any) -> None:
    """Run it in a process of its own, so that its memory is its own."""
    process = FORK.Process(target=function, args=args)
    process.start()
    process.join()
    assert process.exitcode == 0, f"{function.__name__}: exit {process.exitcode}"


# Planning.


def simulated_files(rows: int, groups: int) -> list[InputFile]:
    """A thousand files of notes of 600 bytes, as their footers tell."""
    num_files = min(1000, groups)
    group = (rows // groups, 600 * (rows // groups))
    schema = pa.schema([("id", pa.int64()), ("text", pa.string()), ("triage", pa.int64())])
    return [
        InputFile(
            path=f"notes-{i:04}.parquet", identity=Identity(1, 1, 1, 1), row_groups=(group,) * (groups // num_files),
            schema=schema,
        )
        for i in range(num_files)
    ]  # fmt: skip


def simulated_row_groups(_: object, file: InputFile) -> Iterator[Iterator[pl.DataFrame]]:
    """Ids as a file of that name would hold them; a hundredth of the rows has each value of `triage`."""
    start = int(file.path[6:10]) * file.num_rows
    for rows, _ in file.row_groups:
        ids = np.arange(start, start + rows)
        start += rows
        yield iter([pl.DataFrame({"id": ids, "triage": ids % 100})])


def plan_once(rows: int, groups: int, share: float, sample: float, folder: str) -> None:
    id_source.IdSource.row_groups = simulated_row_groups
    where = f"triage < {round(100 * share)}" if share < 1 else None
    print(f"plan of {rows:.0e} rows in {groups:.0e} row groups, where={where}, sample={sample or None}: {mib()} MiB")
    files = timed("metadata", lambda: simulated_files(rows, groups))
    selection = Selection(where=where, sample=sample or None)
    selected = timed("select_rows", lambda: select_rows(files, id_column="id", selection=selection))
    size = shard_size(selected.num_selected, "auto")
    plan = timed("make_plan", lambda: make_plan(files, selected, shard_rows=size, shard_bytes=SHARD_BYTES))
    path = Path(folder) / "plan.parquet"
    with path.open("wb") as stream:
        timed("write_plan", lambda: write_plan(plan, stream))
    num_shards, num_selected = plan.num_shards, plan.num_selected
    print(f"  {num_selected} rows in {num_shards} shards of {size}; {path.stat().st_size / 2**20:.1f} MiB of plan")
    alone(open_plan, str(path), num_selected)


def open_plan(path: str, num_selected: int) -> None:
    before = mib()
    plan = timed("read_plan, as each worker does", lambda: read_plan(Path(path)))
    rng = np.random.default_rng(0)
    some = rng.integers(0, plan.num_shards, 100).tolist()
    timed("100 shards of it at random", lambda: [plan.shard(index) for index in some])
    assert int(plan.shard_rows.sum()) == num_selected == plan.num_selected
    print(f"  a worker's memory grew by {mib() - before} MiB")


def part_plan(folder: Path, *, rows: int = 10**9, groups: int = 10**5, share: float = 1, sample: float = 0) -> None:
    alone(plan_once, int(rows), int(groups), share, sample, str(folder))


def part_real(folder: Path, *, rows: int = 50_000_000, files: int = 50) -> None:
    rows, files = int(rows), int(files)
    data = folder / "data"
    data.mkdir()
    rng = np.random.default_rng(0)
    places = pa.array([f"commune {i}" for i in range(1000)])
    for number in range(files):
        first = number * (rows // files)
        ids = np.arange(first, first + rows // files)
        text = pl.DataFrame({"n": ids, "p": places.take(pa.array(rng.integers(0, 1000, len(ids)))).to_pylist()}).select(
            id=pl.format("ed-{}", pl.col("n").cast(pl.String).str.zfill(10)),
            text=pl.format("Patient {} de {}, fièvre et toux depuis trois jours.", "n", "p"),
            triage=pl.col("n") % 5,
        )
        pq.write_table(text.to_arrow(), data / f"f-{number:05}.parquet", row_group_size=10_000)
    print(f"{rows} rows in {files} files, {sum(p.stat().st_size for p in data.iterdir()) / 1e9:.2f} GB")
    alone(plan_real, str(data))


def plan_real(data: str) -> None:
    found = timed(
        "inspect_files",
        lambda: inspect_files(data, id_column="id", text_column="text", carry_columns=[]),
    )
    timed("input_digests", lambda: input_digests(found, None))
    for selection in (Selection(), Selection(where="triage <= 2"), Selection(sample=0.01)):
        what = f"where={selection.where} sample={selection.sample}"
        selected = timed(f"select {what}", lambda s=selection: select_rows(found, id_column="id", selection=s))
        size = shard_size(selected.num_selected, "auto")
        plan = timed("make_plan", lambda s=selected, n=size: make_plan(found, s, shard_rows=n, shard_bytes=SHARD_BYTES))
        plan = timed("with_digests", lambda p=plan: with_digests(p, id_column="id"))
        print(f"  {plan.num_selected} rows in {plan.num_shards} shards")


# The ledger.


def hold_ledger(root: str, num_shards: int, worker: str, start: float, seconds: float, report: Any) -> None:
    """Claim, commit a small file, release, until nothing is left."""
    scans = count_scans(root)
    directory = RunDirectory(root=Path(root))
    heartbeat = HeartbeatWriter(directory, worker=worker, every_s=2.0, device="cpu", cpus=1, gpus=0)
    heartbeat.start()
    heartbeat.report(Progress)
    ledger = Ledger(directory, num_shards=num_shards, worker=worker, lease_s=60, start=start)
    claims, began, at_start = 0, time.perf_counter(), scans[0]
    claim_s = 0.0
    while time.perf_counter() - began < seconds:
        asked = time.perf_counter()
        shard = ledger.claim()
        if shard is None:
            if not ledger.others_remain():
                break
            time.sleep(0.2)
            continue
        claims += 1
        claim_s += time.perf_counter() - asked
        write_once(directory.part(shard), lambda stream: stream.write(b"x" * 2000) and None, mode=0o600)
        ledger.release(shard)
    ended = time.perf_counter()
    heartbeat.stop()
    report.put((claims, began, ended, scans[0] - at_start, claim_s))


def count_scans(root: str) -> list[int]:
    """From now on, the first number counts how often this process lists a directory below `root`."""
    scans = [0]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        scans[0] += event in ("os.scandir", "os.listdir") and str(args[0]).startswith(root)

    sys.addaudithook(hook)
    return scans


def part_ledger(folder: Path, *, shards: int = 100_000, engines: int = 64, seconds: float = 1e9) -> None:
    directory = RunDirectory(root=folder / f"ledger-{int(engines)}")
    directory.create()
    report = FORK.Queue()
    processes = [
        FORK.Process(
            target=hold_ledger,
            args=(str(directory.root), int(shards), f"w{i}", i / engines, seconds, report),
        )
        for i in range(int(engines))
    ]
    for process in processes:
        process.start()
    told = [report.get(timeout=3600) for _ in processes]
    for process in processes:
        process.join()
    claims = sum(one[0] for one in told)
    span = max(one[2] for one in told) - min(one[1] for one in told)
    committed = len(directory.committed_shards())
    print(
        f"{int(engines)} holders: {claims} claims, {committed} commits in {span:.1f} s: {committed / span:.0f} shards/s; "
        f"{sum(one[3] for one in told)} scans after the start, {1e6 * sum(one[4] for one in told) / claims:.0f} µs a claim"
    )
    if seconds >= 1e9:
        assert committed == shards == claims, "claimed twice or not at all"


# Whole workers.


def tiny_settings(data: Path, run: Path, **changes: Any) -> Any:
    return make_settings(
        data, run, TINY_TASK,
        **{"model__max_num_seqs": 64, "run__heartbeat_s": 2.0, "run__lease_s": 60.0, **changes},
    )  # fmt: skip


def write_rows(path: Path, rows: int, *, row_group_size: int = 10_000) -> Path:
    with pq.ParquetWriter(path, pa.schema([("id", pa.string()), ("text", pa.string())])) as writer:
        for start in range(0, rows, row_group_size):
            numbers = range(start, min(rows, start + row_group_size))
            writer.write_table(pa.table({"id": [f"d{i}" for i in numbers], "text": [f"note {i}" for i in numbers]}))
    return path


def some_engines(settings: Any, numbers: range, engines: int, seconds: float) -> None:
    """Workers as threads of this process: what they share is the interpreter, not the ledger's view of them."""
    task = load_task(settings.task)
    run = prepare_run(settings, task)
    until = time.monotonic() + seconds if seconds else float("inf")
    name = f"{os.getpid()}-"

    def work(number: int) -> str:
        started = spec(settings, run, f"{name}{number}", start=number / engines)
        return run_worker(started, should_stop=lambda: time.monotonic() > until).outcome

    with ThreadPoolExecutor(len(numbers)) as pool:
        assert set(pool.map(work, numbers)) == {"done"}


def part_engines(
    folder: Path,
    *,
    shards: int = 100_000,
    rows_a_shard: int = 1,
    engines: int = 64,
    processes: int = 2,
    seconds: float = 0,
    step: float = 0,
) -> None:
    data, root = folder / "d.parquet", folder / "run"
    if not data.exists():
        write_rows(data, int(shards * rows_a_shard))
    script = {"seconds_per_step": step}
    settings = tiny_settings(data, root, run__shard_rows=int(rows_a_shard), model__script=script)
    run = prepare_run(settings, load_task(settings.task))
    before = set(run.directory.committed_shards())
    shares = [range(i, int(engines), int(processes)) for i in range(int(processes))]
    supervisor = [
        FORK.Process(target=some_engines, args=(settings, share, int(engines), seconds)) for share in shares if share
    ]
    for process in supervisor:
        process.start()
    for process in supervisor:
        process.join()
        assert process.exitcode == 0
    new = [run.directory.part(shard) for shard in run.directory.committed_shards() if shard not in before]
    times = sorted(path.stat().st_mtime for path in new)
    middle = times[len(times) // 20 : -len(times) // 20 or None]  # starts and ends are not what is asked
    rate = (len(middle) - 1) / max(middle[-1] - middle[0], 1e-9)
    print(
        f"{int(engines)} engines: {len(new)} shards of {int(rows_a_shard)} row(s) in {times[-1] - times[0]:.1f} s: "
        f"{rate:.0f} shards/s, {rate * rows_a_shard:.0f} rows/s; {len(before) + len(new)} of {run.plan.num_shards} done"
    )


def part_fill(folder: Path) -> None:
    """Commit what is open as copies of one part: enough to time what follows, and no result."""
    settings = tiny_settings(folder / "d.parquet", folder / "run", run__shard_rows=_rows_a_shard(str(folder)))
    run = prepare_run(settings, load_task(settings.task))
    done = run.directory.committed_shards()
    content = run.directory.part(done[0]).read_bytes()
    for shard in set(range(run.plan.num_shards)) - set(done):
        run.directory.part(shard).write_bytes(content)
    print(f"{run.plan.num_shards - len(done)} parts are copies of one")


def part_status(folder: Path) -> None:
    print(f"status, resumption, publication of {folder / 'run'}")
    alone(look, str(folder))
    began = time.perf_counter()
    subprocess.run(
        [sys.executable, str(ROOT / "jobs" / "status.py"), f"run.dir={folder / 'run'}"], check=True, cwd=folder
    )
    print(f"  jobs/status.py {time.perf_counter() - began:.2f} s")
    alone(resume, str(folder))
    alone(publish, str(folder))


def look(folder: str) -> None:
    seen = timed("overview", lambda: overview(Path(folder) / "run"))
    print(f"  {seen.shards_done} of {seen.shards_planned} shards")


def resume(folder: str) -> None:
    settings = tiny_settings(Path(folder) / "d.parquet", Path(folder) / "run", run__shard_rows=_rows_a_shard(folder))
    task = load_task(settings.task)
    run = timed("prepare_run of what is there", lambda: prepare_run(settings, task))
    num_shards = run.plan.num_shards
    ledger = timed(
        "a worker's ledger", lambda: Ledger(run.directory, num_shards=num_shards, worker="late", lease_s=60.0)
    )
    timed("its first claim", ledger.claim)
    ledger.release_all()


def publish(folder: str, processes: int = 1) -> None:
    settings = tiny_settings(Path(folder) / "d.parquet", Path(folder) / "run", run__shard_rows=_rows_a_shard(folder))
    run = prepare_run(settings, load_task(settings.task))
    if len(run.directory.committed_shards()) < run.plan.num_shards:
        print("  not complete: not published")
        return
    before = mib()
    if processes == 1:
        timed("finish_run", lambda: finish_run(run, record_mib=128))
    else:
        with ProcessPoolExecutor(processes, mp_context=FORK) as pool:
            timed(f"finish_run, {processes} more beside", lambda: finish_run(run, record_mib=128, run_all=pool.map))
    print(f"  publication's memory: {mib() - before} MiB more than before it")


def _rows_a_shard(folder: str) -> int:
    return int(read_description(RunDirectory(root=Path(folder) / "run")).settings["run"]["shard_rows"])


def part_publish(folder: Path, *, rows: str = "1e6,1e7", processes: float = 1) -> None:
    for count in str(rows).split(","):
        place = folder / count
        place.mkdir()
        write_rows(place / "d.parquet", int(float(count)))
        alone(commit_copies, str(place))
        size = sum(path.stat().st_size for path in (place / "run").rglob("part-*"))
        print(f"{float(count):.0e} rows, {size / 1e6:.0f} MB of parts")
        alone(publish, str(place), int(processes))
        shutil.rmtree(place)


def commit_copies(folder: str) -> None:
    """One shard by a worker, the others as its rows under their own ids; each tenth text is one that came before."""
    settings = tiny_settings(Path(folder) / "d.parquet", Path(folder) / "run", run__shard_rows=2048)
    run = prepare_run(settings, load_task(settings.task))
    directory, plan = run.directory, run.plan
    report = run_worker(spec(settings, run, "w0"), should_stop=lambda: bool(directory.committed_shards()))
    assert report.outcome == "done", report.message
    first = directory.committed_shards()[0]
    table, _ = read_part(directory, plan, first)
    rng, start, is_done = np.random.default_rng(0), 0, set(directory.committed_shards())
    for shard in range(plan.num_shards):
        size = plan.shard(shard).num_rows
        if shard not in is_done:
            numbers = rng.permuted(np.arange(start, start + size)) // np.where(rng.random(size) < 0.1, 2, 1)
            digests = np.zeros((size, 2), np.uint64)
            digests[:, 0] = numbers.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)  # spread over all buckets
            rest = pa.Array.from_buffers(DIGEST, size, [None, pa.py_buffer(digests.tobytes())])
            ids = pc.binary_join_element_wise("d", pa.array(np.arange(start, start + size)).cast(pa.string()), "")
            made = table.slice(0, size)
            for name, column in (("id", ids), (DUPLICATE, rest)):
                made = made.set_column(made.schema.get_field_index(name), name, column)
            commit_part(directory, shard, made, worker="copy", started=time.time())
        start += size


# Memory.


def part_memory(folder: Path, *, rows: str = "1e4,1e6", huge: float = 2e8) -> None:
    for count in str(rows).split(","):
        number = int(float(count))
        alone(work_alone, str(write_rows(folder / f"{number}.parquet", number)), str(folder / f"run-{number}"), {})
    if huge:
        text = "Le patient a de la fièvre. " * (int(huge) // 27)
        table = pa.table({"id": ["a", "huge", "z"], "text": ["court", text, "court"]})
        pq.write_table(table, folder / "huge.parquet")
        del text, table
        alone(work_alone, str(folder / "huge.parquet"), str(folder / "run-huge"), {})
        splitting = {"task__split": {}, "model__max_model_len": 40_000}
        alone(work_alone, str(folder / "huge.parquet"), str(folder / "run-split"), splitting)


def work_alone(data: str, run: str, changes: dict[str, Any]) -> None:
    settings = tiny_settings(Path(data), Path(run), run__shard_rows=2048, **changes)
    task = load_task(settings.task)
    prepared = prepare_run(settings, task)
    before, began = mib(), time.perf_counter()
    report = run_worker(spec(settings, prepared, "w0"))
    assert report.outcome == "done", report.message
    seconds, peak = time.perf_counter() - began, mib()
    finish_run(prepared, record_mib=128)
    flow = json.loads((Path(run) / "summary.json").read_text())["flow"]
    statuses = {name: count for name, count in flow.items() if name.isupper() and count}
    rows = prepared.plan.num_selected
    print(f"{rows} rows {changes}: worker {peak} MiB ({before} before it), {rows / seconds:.0f} rows/s, {statuses}")


# Nodes.


def part_nodes(folder: Path, *, rows: int = 4000, step: float = 0.2) -> None:
    from slurm_site import private_slurm

    slurm = private_slurm()
    site = Path(tempfile.mkdtemp(prefix="slurm-", dir="/tmp"))
    data = write_rows(folder / "d.parquet", int(rows), row_group_size=1000)
    cluster = slurm.cluster.start(site)
    try:
        for nodes in (1, 2):
            root = folder / f"run-{nodes}"
            words = ["cluster=slurm", f"cluster.nodes={nodes}", "cluster.cpus_per_node=1", "cluster.wait=true"]
            words += ["task=ed_visit", "model=scripted", "run.allow_toy=true", "run.shard_rows=25"]
            words += [
                f"+model.script.seconds_per_step={step}",
                "model.max_num_seqs=8",
                "model.window=1",
                f"data.path={data}",
                f"run.dir={root}",
            ]
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, str(ROOT / "jobs" / "extract.py"), *words],
                env=cluster.environment, cwd=folder, check=True, timeout=600, capture_output=True,
            )  # fmt: skip
            wall = time.perf_counter() - began
            said = json.loads((root / "summary.json").read_text())
            print(
                f"{nodes} node(s) {said['hosts']}: {said['rows_per_s']:.1f} rows/s over {said['seconds_working']:.1f} s "
                f"at work, {wall:.1f} s with the job's start and end",
                flush=True,
            )
    finally:
        slurm.cluster.stop(site)
        shutil.rmtree(site, ignore_errors=True)
    one, two = (json.loads((folder / f"run-{n}" / "summary.json").read_text())["rows_per_s"] for n in (1, 2))
    print(f"efficiency of two nodes over one: {two / (2 * one):.3f}")


def part_lineage(folder: Path, *, rows: float = 1e6) -> None:
    said = "fièvre toux depuis trois jours chez un patient de passage aux urgences " * 14
    sides = {}
    for name, numbers in (("before", np.arange(int(rows))), ("now", np.random.default_rng(1).permutation(int(rows)))):
        path, data = folder / f"{name}.parquet", DataSettings(path=str(folder / f"{name}.parquet"))
        with pq.ParquetWriter(path, pa.schema({"id": pa.string(), "text": pa.string()})) as writer:
            for part in np.array_split(numbers, max(1, int(rows) // 20_000)):
                ids = [f"d{number}" for number in part]
                writer.write(pa.table({"id": ids, "text": [f"{one} {said}" for one in ids]}))
        task = load_task(TINY_TASK)
        files = checked_files(data.path, data, task)
        made = make_plan(files, selected_rows(files, data), shard_rows=2048, shard_bytes=2**26, digests=[name])
        with (folder / f"{name}.plan").open("wb") as stream:
            write_plan(made, stream)
        plan = read_plan(folder / f"{name}.plan")
        reader = reader_of(data, task, plan.files, carry_columns=())
        sides[name] = lineage._Side(plan=plan, reader=reader, shared={}, readable=(True,))
    one = replace(sides["before"], shared={"before": 0})
    for what, pair in (("one file", (one, one)), ("other texts", (sides["before"], sides["now"]))):
        found = timed(f"{what}, {int(rows)} rows", lambda pair=pair: lineage._matched(*pair))
        assert (found >= 0).all()


PARTS = {
    "plan": part_plan, "real": part_real, "ledger": part_ledger, "engines": part_engines, "fill": part_fill,
    "status": part_status, "publish": part_publish, "memory": part_memory, "nodes": part_nodes, "lineage": part_lineage,
}  # fmt: skip


def main() -> None:
    if len(sys.argv) < 2 or sys.argv[1] not in PARTS:
        sys.exit(__doc__)
    words = dict(word.split("=", 1) for word in sys.argv[2:])
    given = words.pop("dir", None)
    folder = Path(given or tempfile.mkdtemp(prefix="scale-")).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    print(
        f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPU(s), load {os.getloadavg()[0]:.1f}: {' '.join(sys.argv[1:])}"
    )
    try:
        PARTS[sys.argv[1]](folder, **{name: value if "," in value else float(value) for name, value in words.items()})
    finally:
        if given is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
