"""From committed parts to the published result, by one rename: of several processes, the first wins."""

from __future__ import annotations

import contextlib
import json
import os
import re
import time
import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.plan import Plan
from glane.corpus.unchanged import Unchanged
from glane.errors import RunError
from glane.parquet import open_parquet, read_parquet, write_parquet
from glane.run.description import read_description
from glane.run.digests import write_digests
from glane.run.directory import RunDirectory
from glane.run.energy_total import total_energy
from glane.run.heartbeat import Heartbeat, heartbeats, most_at_once
from glane.run.merge import RunAll, merge_file, plan_files
from glane.run.names import PARTS, STAGED, STAGING
from glane.run.parts import PartFacts
from glane.run.prepare import PreparedRun
from glane.run.shards import until_published
from glane.run.summary import Flow, Summary, Tokens
from glane.storage import TEMPORARY, exists, listed, patiently, put_folder, remove, storage_errors


def is_committed(directory: RunDirectory, plan: Plan) -> bool:
    """Whether every shard has its part."""
    return len(directory.committed_shards(plan.num_shards)) == plan.num_shards


def finish_run(
    run: PreparedRun,
    *,
    record_mib: int,
    run_all: RunAll = map,
    without: tuple[str, ...] = (),
    amend: Callable[[], None] | None = None,
) -> None:
    """Publish `records/`, write `summary.json` and digests of all files, and remove what is no longer needed.

    Every step can be killed and repeated. The result is published by the rename alone. `run_all` merges its files, and
    may do so in other processes. Columns of the parts that are `without` are not published. `amend` may change the
    summary, before the digests are taken.

    Raises:
        DataError: if an input file is no longer the one that was asked about.
        RunError: if a shard is not committed or is not the planned one, the result cannot be read, or the file system
            refuses. Nothing is published or removed then.
    """
    directory = run.directory
    if not directory.is_complete:
        _publish(directory, run.plan, record_mib, run_all, without)
    if not exists(directory.summary):
        summary = run.work.summarise(_summary(directory, run.plan), listed(directory.records, "*.parquet"))
        directory.write_record(directory.summary, summary)
    if amend is not None:
        amend()
    write_digests(directory, run.key)
    _clean(directory)


def _publish(
    directory: RunDirectory, plan: Plan, record_mib: int, run_all: RunAll = map, without: tuple[str, ...] = ()
) -> None:
    Unchanged(plan.files).prove_all()
    with until_published(directory), storage_errors(directory.records):
        patiently(lambda: _publish_once(directory, plan, record_mib, run_all, without))


def _publish_once(
    directory: RunDirectory, plan: Plan, record_mib: int, run_all: RunAll, without: tuple[str, ...]
) -> None:
    staging = directory.root / f".records-{uuid.uuid4().hex}"
    try:
        staging.mkdir()
        staging.chmod(directory.folder_mode)
        shards = _merge(directory, plan, staging, record_mib * 2**20, run_all, without)
        for path in listed(staging, ".*.tmp"):  # of a task that was done twice
            remove(path)
        _write_shard_facts(directory, shards, staging)
        if not directory.is_complete:
            for former in (directory.digests, directory.summary):  # of a result that was removed
                former.unlink(missing_ok=True)
        put_folder(staging, directory.records)
    finally:
        remove_files(staging, STAGED)


def _merge(
    directory: RunDirectory, plan: Plan, staging: Path, file_bytes: int, run_all: RunAll, without: tuple[str, ...]
) -> list[PartFacts]:
    """Merge the parts into files of about `file_bytes`. Return which worker committed each part, and when."""
    described = read_description(directory).as_values()
    names = ("task", "model", "fingerprint_digest", "codebook", "extends")
    facts = {key: described[key] for key in names if key in described}
    metadata = json.dumps(facts, ensure_ascii=False)
    tasks = plan_files(directory, plan, staging, file_bytes=file_bytes, metadata=metadata, without=without)
    files = list(run_all(merge_file, tasks))
    num_rows = sum(file.num_rows for file in files)
    if num_rows != plan.num_selected:
        raise RunError(
            f"{directory.parts}: {num_rows} rows committed, {plan.num_selected} planned. Parts were damaged or removed."
        )
    return [facts for file in files for facts in file.shards]


def _write_shard_facts(directory: RunDirectory, facts: list[PartFacts], staging: Path) -> None:
    """Keep in `ledger/shards.parquet` which worker committed which shard, and when: the parts will be removed."""
    target = directory.ledger / "shards.parquet"
    temporary = directory.ledger / f".{staging.name}.shards"
    write_parquet(pa.Table.from_pylist([one.model_dump(exclude={"columns"}) for one in facts]), temporary)
    temporary.chmod(directory.file_mode)
    temporary.replace(target)


def _summary(directory: RunDirectory, plan: Plan) -> Summary:
    """The counts that every kind of work has."""
    statuses: Counter[str] = Counter()
    for path in listed(directory.records, "*.parquet"):
        with open_parquet(path) as parquet:
            for batch in parquet.iter_batches(columns=["status"]):
                for entry in pc.value_counts(batch["status"].cast(pa.string())).to_pylist():
                    statuses[entry["values"]] += entry["counts"]
    shards = read_parquet(directory.ledger / "shards.parquet")
    started, committed = min(shards["started"].to_pylist()), max(shards["committed"].to_pylist())
    beats = heartbeats(directory)
    return Summary(
        finished=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        flow=Flow(
            read=plan.num_read,
            documents=plan.num_documents,
            selected=plan.num_selected,
            asked=plan.num_selected,
            **statuses,
        ),
        tokens=_tokens(beats),
        shards=plan.num_shards,
        seconds_working=round(committed - started, 3),
        rows_per_s=round(plan.num_selected / max(committed - started, 1e-3), 3),
        engine_hours=round(sum(beat.time - beat.started for beat in beats) / 3600, 4),
        gpu_hours=round(sum((beat.time - beat.started) * beat.gpus for beat in beats) / 3600, 4),
        engines=most_at_once(beats),
        record_bytes=sum(patiently(path.stat).st_size for path in listed(directory.records, "*.parquet")),
        energy=total_energy(beats),
        hosts=tuple(sorted(set(shards["host"].to_pylist()))),
        engine_deaths=len(listed(directory.deaths, "*.json")),
    )


def _tokens(beats: Sequence[Heartbeat]) -> Tokens:
    """The tokens that engines read and wrote, also for rows that were asked again after an engine ended by force."""
    done = [beat.progress for beat in beats]
    return Tokens(
        prompt=sum(one.prompt_tokens for one in done),
        cached=_sum_of([one.cached_tokens for one in done if one.prompt_tokens]),
        output=sum(one.output_tokens for one in done),
        forced=_sum_of([one.forced_tokens for one in done if one.output_tokens]),
    )


def _sum_of(told: Sequence[int | None]) -> int | None:
    """The sum; None where there is nothing, or one does not tell."""
    known = [one for one in told if one is not None]
    return sum(known) if known and len(known) == len(told) else None


def _clean(directory: RunDirectory) -> None:
    """Remove parts, claims, windows and unfinished results: the published result replaces them.

    Only names that glane makes are removed. A folder in which something else lies stays.
    """
    remove_files(directory.parts, PARTS)
    remove_files(directory.claims, _CLAIMS)
    remove_files(directory.windows, _WINDOWS)
    for path in listed(directory.root, ".records-*"):
        if STAGING.fullmatch(path.name):
            remove_files(path, STAGED)
    for folder in (directory.root, directory.ledger, directory.workers, directory.deaths):
        _remove_leftovers(folder)


_CLAIMS = re.compile(r"\d+|\.\d+\.[0-9a-f]{32}|\.clock-[\w.-]+")
_WINDOWS = re.compile(r"[\w.-]+")
_LEFT_OVER_S = 600.0  # after this, nobody is still writing a small file


def remove_files(folder: Path, names: re.Pattern[str]) -> None:
    """Remove a folder with the files in it that have these names. Others keep it from being removed."""
    with contextlib.suppress(OSError):
        if patiently(folder.is_symlink):  # glane makes none, and what it leads to is somebody else's
            return
        for entry in patiently(lambda: list(os.scandir(folder))):
            if names.fullmatch(entry.name) and not entry.is_dir(follow_symlinks=False):
                remove(Path(entry.path))
        patiently(folder.rmdir)


def _remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of writers that were killed, by the file system's clock."""
    with contextlib.suppress(OSError):
        now = max((path.lstat().st_mtime for path in folder.iterdir()), default=0.0)
        for path in folder.iterdir():
            if re.fullmatch(rf"\..+{TEMPORARY}", path.name) and now - path.lstat().st_mtime > _LEFT_OVER_S:
                path.unlink(missing_ok=True)
