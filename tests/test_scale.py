"""What must not grow with the data: memory of planning and of workers, and what one claim costs. Figures: simulations."""

import json
import resource
import sys
import time
import tracemalloc

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT, make_settings, prepare_run, spec, work, write_documents
from fork_server import forks
from glane import parquet
from glane.corpus import select
from glane.corpus.files import inspect_files
from glane.corpus.plan import make_plan, read_plan, shard_size, write_plan
from glane.corpus.read import Reader
from glane.corpus.sample import limit_rows, sample_rows
from glane.corpus.select import Selected, Selection, select_rows
from glane.extraction import worker
from glane.run import merge
from glane.run import suspects as suspected
from glane.run.deaths import record_death
from glane.run.directory import RunDirectory
from glane.run.ledger import Ledger
from glane.run.publish import finish_run
from glane.run.suspects import Suspects
from glane.run.worker import run_worker
from glane.storage import write_once
from glane.task.task import load_task

sys.path.append(str(ROOT / "tests" / "simulations"))
import scale

FORK = forks()


def peak_mib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(target, *args):
    """What `target` returns in a process of its own, which has everything imported and nothing done."""
    answers = FORK.Queue()
    process = FORK.Process(target=answer, args=(answers, target, args))
    process.start()
    told = answers.get(timeout=300)
    process.join(30)
    return told


def answer(answers, target, args):
    answers.put(target(*args))


# Planning.


def plan_many(path):
    """A hundred thousand row groups, of which half the rows are asked; what it took beside the masks, and to open it."""
    rng = np.random.default_rng(0)
    files = scale.simulated_files(10**8, 10**5)
    bits = [rng.integers(0, 256, 125, dtype=np.uint8) for _ in range(100)]
    masks = tuple(tuple(bits) for _ in files)
    num_selected = 1000 * sum(int(np.bitwise_count(mask).sum()) for mask in bits)
    selected = Selected(masks=masks, num_read=10**8, num_selected=num_selected)
    before = peak_mib()
    plan = make_plan(files, selected, shard_rows=2048, shard_bytes=2**26)
    with open(path, "wb") as stream:
        write_plan(plan, stream)
    made = peak_mib() - before
    assert int(plan.shard_rows.sum()) == num_selected
    assert plan.shard_rows.max() == 2048
    return made


def open_plan(path):
    before = peak_mib()
    plan = read_plan(path)
    last = plan.shard(plan.num_shards - 1)
    assert last.num_rows == plan.shard_rows[-1]
    assert (last.spans[-1].file_index, last.spans[-1].row_group) == (999, 99)
    return peak_mib() - before


def test_a_plan_of_a_hundred_thousand_row_groups_takes_a_bit_a_row(tmp_path):
    made = in_a_process(plan_many, tmp_path / "plan.parquet")
    opened = in_a_process(open_plan, tmp_path / "plan.parquet")
    print(f"made {made:.0f} MiB, opened {opened:.0f} MiB")
    assert made < 150  # 2,200 MiB as lists of numbers
    assert opened < 90


def test_many_row_groups_in_one_file_are_planned_and_read_without_reading_its_footer_for_each(tmp_path, monkeypatch):
    path = write_documents(tmp_path / "d.parquet", ["x"] * 3000, row_group_size=2)
    opened = []
    real = parquet.ParquetFile

    def counted(source, **options):
        opened.append(options.get("metadata") is None)
        return real(source, **options)

    monkeypatch.setattr(parquet, "ParquetFile", counted)
    files = inspect_files(str(path), id_column="id", text_column="text", carry_columns=[])
    plan = make_plan(files, select_rows(files, id_column="id", selection=Selection()), shard_rows=16, shard_bytes=10**6)
    assert opened == [True, True]
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=[])
    ids = [document.id for index in range(plan.num_shards) for document in reader.read(plan.shard(index)).documents]
    assert ids == [f"d{i}" for i in range(3000)]
    assert opened.count(True) == 3


def test_a_sample_holds_nothing_of_the_rows_that_it_is_drawn_from():
    masks, sizes = [None] * 1000, [10_000] * 1000
    tracemalloc.start()
    sample_rows(masks, sizes, sample=0.01, seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    counts = np.array([int(np.bitwise_count(mask).sum()) for mask in masks])
    assert counts.sum() == 100_000
    assert peak < 6 * 2**20  # of which 1.3 MB are the masks; a permutation of the rows is 80 MB
    assert 0.8 < counts.var() / (100 * 0.99) < 1.2  # spread as chance spreads: hypergeometric, mean 100


@settings(max_examples=80, deadline=None)
@given(
    groups=st.lists(st.lists(st.booleans(), max_size=20), min_size=1, max_size=8),
    sample=st.one_of(st.integers(1, 30), st.floats(0.01, 0.99)),
    limit=st.integers(1, 30),
    seed=st.integers(0, 5),
)
def test_a_sample_takes_as_many_as_asked_of_what_is_there_and_a_limit_the_first(groups, sample, limit, seed):
    sizes = [len(group) for group in groups]
    masks = [None if group and all(group) else np.packbits(np.array(group, np.bool_)) for group in groups]

    def chosen():
        return [
            (g, r)
            for g, (mask, size) in enumerate(zip(masks, sizes))
            for r in (range(size) if mask is None else np.flatnonzero(np.unpackbits(mask, count=size)).tolist())
        ]

    there = chosen()
    sample_rows(masks, sizes, sample=sample, seed=seed)
    sampled = chosen()
    assert set(sampled) <= set(there)
    assert len(sampled) == (round(len(there) * sample) if isinstance(sample, float) else min(sample, len(there)))
    limit_rows(masks, sizes, limit=limit)
    assert chosen() == sampled[:limit]


def test_every_row_is_as_likely_in_a_sample():
    times = np.zeros(40, int)
    for seed in range(2000):
        masks = [None, None]
        sample_rows(masks, [20, 20], sample=10, seed=seed)
        times += np.concatenate(
            [np.unpackbits(mask, count=20) if mask is not None else np.ones(20) for mask in masks]
        ).astype(int)
    expected = 2000 * 10 / 40
    assert ((times - expected) ** 2 / (expected * 0.75)).sum() < 80  # chi-squared of 39 degrees: 80 has p = 0.0001


@pytest.mark.parametrize("kind", [str, int])
def test_ids_of_earlier_runs_are_found_among_many(kind):
    rng = np.random.default_rng(3)
    known = [kind(i) for i in rng.integers(0, 10**6, 5000)]
    asked = [kind(i) for i in rng.integers(0, 10**6, 5000)] + known[:50]
    found = select._Known(pl.Series(known)).has(pl.Series(asked))
    assert found.tolist() == [one in set(known) for one in asked]
    assert not select._Known(pl.Series([], dtype=pl.String)).has(pl.Series(["a"])).any()


def test_a_run_of_a_billion_rows_is_not_cut_into_half_a_million_files():
    assert [shard_size(rows, "auto") for rows in (100, 10**4, 10**6, 10**8, 10**9)] == [16, 156, 2048, 2048, 10_000]
    assert shard_size(10**9, 500) == 500


# The ledger.


def hold_shards(root, num_shards):
    """Claim, commit and release all shards; how often a directory of the run was listed."""
    directory = RunDirectory(root=root)
    directory.create()
    scans = scale.count_scans(str(root))
    ledger = Ledger(directory, num_shards=num_shards, worker="w", lease_s=60)
    suspects = Suspects(directory)
    suspected._CLOCK_STEP_S = -1.0  # the folder is as old as its last change says
    held = []
    while (shard := ledger.claim()) is not None:
        suspects.refresh()
        held.append(shard)
        write_once(directory.part(shard), lambda stream: stream.write(b"x") and None, mode=0o600)
        ledger.release(shard)
    assert held == list(range(num_shards))
    assert not ledger.others_remain()
    return scans[0]


def test_small_shards_are_claimed_last_wherever_a_worker_begins(tmp_path):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    workers = [
        Ledger(directory, num_shards=30, num_large=20, worker=f"w{i}", lease_s=60, start=i / 3) for i in range(3)
    ]
    claimed = []
    while None not in (shards := [ledger.claim() for ledger in workers]):
        claimed += shards
    assert sorted(claimed) == list(range(30))
    assert set(claimed[:20]) == set(range(20))
    assert claimed[:3] == [0, 6, 13]


def test_no_claim_lists_a_directory(tmp_path):
    few, many = (in_a_process(hold_shards, tmp_path / str(n), n) for n in (20, 400))
    assert few == many
    assert many <= 3


def test_a_death_is_heard_of_although_the_folder_is_not_listed_each_time(tmp_path, monkeypatch):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    monkeypatch.setattr(suspected, "_CLOCK_STEP_S", 0.05)
    suspects, looks = Suspects(directory), []
    real = suspects._read
    suspects._read = lambda path: (looks.append(path), real(path))
    for number in range(30):  # some in the same tick of the file system's clock
        suspects.refresh()
        (directory.windows / f"w{number}").write_bytes(bytes([number + 1] * 16) + bytes([0] * 16))
        record_death(directory, f"w{number}", cause="crash")
    suspects.refresh()
    time.sleep(0.06)
    suspects.refresh()
    assert all(suspects.is_suspect(bytes([number + 1] * 16)) for number in range(30))
    assert len(looks) == 30
    suspects._folder = tmp_path / "gone"
    suspects.refresh()


def test_an_idle_worker_rests_between_its_looks_at_what_others_hold(tmp_path, monkeypatch):
    directory = RunDirectory(root=tmp_path / "run")
    directory.create()
    busy, idle = (Ledger(directory, num_shards=50, worker=name, lease_s=60) for name in ("busy", "idle"))
    (directory.workers / "busy.json").write_text(json.dumps({"identity": "elsewhere", "state": "working"}))
    for _ in range(50):
        assert busy.claim() is not None
    looks = []
    real = idle._claim_next
    monkeypatch.setattr(idle, "_claim_next", lambda take: (looks.append(1), real(take))[1])
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        assert idle.claim() is None
        assert idle.others_remain()
    assert 2 <= len(looks) <= 2 * 0.5 / 0.0005 / 10
    busy.release(7)
    until = time.monotonic() + 5
    while (shard := idle.claim()) is None:
        assert time.monotonic() < until
    assert shard == 7


def test_a_late_worker_of_a_run_that_was_published_meanwhile_ends_in_peace(tmp_path, documents):
    run, _ = work(make_settings(documents, tmp_path / "run"))
    late = Ledger(run.directory, num_shards=run.plan.num_shards, worker="late", lease_s=60)
    late._is_done = bytearray(run.plan.num_shards)  # it looked before anything was committed
    finish_run(run, record_mib=1)
    assert not run.directory.parts.exists()
    assert late.claim() is None
    assert not late.others_remain()
    assert not list(run.directory.ledger.glob("claims/*"))


# Workers.


def work_in(settings, remembered):
    worker.REMEMBERED_TOKENS = remembered  # a bound of its own, which small runs would not reach
    task = load_task(settings.task)
    run = prepare_run(settings, task)
    report = run_worker(spec(settings, run, "w0"))
    assert report.outcome == "done", report.message
    return peak_mib()


@pytest.mark.slow
def test_a_workers_memory_does_not_depend_on_the_number_of_rows(tmp_path):
    peaks = []
    for rows in (16_000, 48_000):
        data = scale.write_rows(tmp_path / f"{rows}.parquet", rows, row_group_size=4000)
        settings = scale.tiny_settings(data, tmp_path / f"run{rows}", run__shard_rows=256)
        peaks.append(in_a_process(work_in, settings, 10_000))
    print(peaks)
    assert peaks[1] - peaks[0] < 15  # a kilobyte kept of each row would be 31


@pytest.mark.slow
def test_a_huge_row_costs_a_few_times_itself_and_spoils_nothing(tmp_path):
    peaks = []
    for megabytes in (1, 60):
        path = tmp_path / f"{megabytes}.parquet"
        text = "La fièvre monte. " * (megabytes * 10**6 // 18)
        pq.write_table(pa.table({"id": ["a", "huge", "z"], "text": ["court", text, "bref"]}), path)
        settings = make_settings(path, tmp_path / f"run{megabytes}")
        peaks.append(in_a_process(work_in, settings, 500_000))
        rows = pl.read_parquet(tmp_path / f"run{megabytes}" / "parts" / "*.parquet")
        assert rows["status"].to_list() == ["OK", "TOO_LONG", "OK"]
    print(peaks)
    assert peaks[1] - peaks[0] < 59 * 7  # page, column, bytes and text: six times itself, as measured


def test_long_documents_are_read_a_few_at_a_time(tmp_path):
    texts = [f"{i} " + "x" * 2_000_000 for i in range(40)]
    pq.write_table(
        pa.table({"id": [f"d{i}" for i in range(40)], "text": texts}), tmp_path / "d.parquet", use_dictionary=False
    )
    files = inspect_files(str(tmp_path / "d.parquet"), id_column="id", text_column="text", carry_columns=[])
    plan = make_plan(files, select_rows(files, id_column="id", selection=Selection()), shard_rows=16, shard_bytes=10**7)
    reader = Reader(plan.files, id_column="id", text_column="text", input_columns=[], carry_columns=[])
    first = reader.read(plan.shard(0))
    assert [document.text for document in first.documents] == texts[: len(first.documents)]
    assert reader._spans._cursor._rest is None or reader._spans._cursor._rest.num_rows <= 8  # not all forty
    ids = [d.id for index in range(plan.num_shards) for d in reader.read(plan.shard(index)).documents]
    assert ids == [f"d{i}" for i in range(40)]


def test_many_small_parts_become_one_row_group_in_order(tmp_path, monkeypatch):
    data = scale.write_rows(tmp_path / "d.parquet", 300)
    settings = scale.tiny_settings(data, tmp_path / "run", run__shard_rows=1)
    run, report = work(settings)
    assert report.outcome == "done"
    assert len(run.directory.committed_shards()) == 300
    monkeypatch.setattr(merge, "_TABLES_AT_ONCE", 7)  # small tables are joined as they come, not kept until the end
    finish_run(run, record_mib=128)
    (file,) = run.directory.records.iterdir()
    assert pq.ParquetFile(file).num_row_groups == 1
    assert pl.read_parquet(file)["id"].to_list() == [f"d{i}" for i in range(300)]
    flow = json.loads(run.directory.summary.read_text())["flow"]
    assert (flow["OK"], flow["asked"], flow["selected"]) == (300, 300, 300)


# What is asked of a shared file system.


def metadata_of(folder, signs, heartbeat):
    """The calls that two engines and their driver make in ten simulated seconds, by who makes them and kind."""
    import metadata

    folder.mkdir()
    return dict(metadata.simulate(folder, nodes=1, engines=2, seconds=10, shard=5, heartbeat=heartbeat, signs=signs))


def test_what_a_heartbeat_a_shard_and_a_look_cost_in_calls_to_the_file_system(tmp_path):
    """Each is a request to the server of a shared file system, of which hundreds of engines share one."""
    calls = in_a_process(metadata_of, tmp_path / "files", "files", 2.0)
    assert {kind: calls[f"heartbeat {kind}"] for kind in ("create", "chmod", "replace")} == dict.fromkeys(
        ("create", "chmod", "replace"), 2 * 10 / 2
    )
    num_shards = 2 * 10 / 5
    assert sum(count for name, count in calls.items() if name.startswith("shard ")) <= 15 * num_shards
    assert (calls["shard symlink"], calls["shard link"]) == (num_shards, num_shards)
    assert {"shard scandir", "shard listdir"}.isdisjoint(calls)
    asked = in_a_process(metadata_of, tmp_path / "actors", "actors", 10.0)
    assert asked["heartbeat create"] == 2
    assert calls["driver open"] - asked["driver open"] == 2 * 10 / 0.5  # a look at each worker, twice a second
