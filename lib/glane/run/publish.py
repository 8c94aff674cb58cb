"""From committed parts to the published result: one rename, once, by whoever comes first."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from glane.corpus.plan import Plan
from glane.errors import RunError
from glane.run.directory import RunDirectory
from glane.run.energy import total_energy
from glane.run.heartbeat import engines_at_once
from glane.storage import storage_errors
from glane.types import Status

_ROW_GROUP_BYTES = 32 * 2**20
_TABLES_AT_ONCE = 512  # of small parts: a table takes some 20 kB however little is in it


def is_committed(directory: RunDirectory, plan: Plan) -> bool:
    """Whether every shard has its part."""
    return len(directory.committed_shards()) == plan.num_shards


def finish_run(directory: RunDirectory, plan: Plan, *, record_mib: int) -> dict[str, Any]:
    """Publish `records/`, write `summary.json`, remove what is no longer needed; return the summary.

    Every step may be killed and done again: the rename is the only one that decides anything.

    Raises:
        RunError: if a shard is not committed, or the file system refuses.
    """
    if not directory.is_complete:
        _publish(directory, plan, record_mib)
    if not directory.summary.exists():
        directory.write_json(directory.summary, _summarize(directory, plan))
    _clean(directory)
    return read_summary(directory)


def amend_summary(directory: RunDirectory, more: Mapping[str, Any]) -> dict[str, Any]:
    """Put `more` into the summary of a finished run, as it is; return the summary."""
    summary = read_summary(directory)
    if {**summary, **more} != summary:
        summary |= more
        directory.write_json(directory.summary, summary)
    return summary


def read_summary(directory: RunDirectory) -> dict[str, Any]:
    """The counts of a complete run."""
    summary: dict[str, Any] = json.loads(directory.summary.read_text(encoding="utf-8"))
    return summary


def _publish(directory: RunDirectory, plan: Plan, record_mib: int) -> None:
    staging = directory.root / f".records-{uuid.uuid4().hex}"
    try:
        with storage_errors(staging):
            staging.mkdir()
            staging.chmod(directory.folder_mode)
            shards = _merge(directory, plan, staging, record_mib * 2**20)
            _write_shard_facts(directory, shards, staging)
            os.rename(staging, directory.records)
            descriptor = os.open(directory.root, os.O_RDONLY)
            os.fsync(descriptor)
            os.close(descriptor)
    except (RunError, FileNotFoundError):
        if not directory.is_complete:  # otherwise another process published first and cleaned up
            raise
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _merge(directory: RunDirectory, plan: Plan, staging: Path, file_bytes: int) -> list[dict[str, Any]]:
    """Write the parts into files of about `file_bytes`; return what they say of their making."""
    codebook = directory.described()
    facts = {key: codebook[key] for key in ("task", "model", "fingerprint_digest", "codebook")}
    number, num_rows = 0, 0
    writer: pq.ParquetWriter | None = None
    path = staging
    shards: list[dict[str, Any]] = []
    for table in _row_groups(directory, plan, shards):
        table = table.replace_schema_metadata({"glane": json.dumps(facts, ensure_ascii=False)})
        if writer is None:
            path = staging / f"records-{number:05d}.parquet"
            writer = pq.ParquetWriter(path, table.schema, compression="zstd")
            path.chmod(directory.file_mode)
        writer.write_table(table)
        num_rows += table.num_rows
        if path.stat().st_size >= file_bytes:
            _close(writer, path)
            writer, number = None, number + 1
    if writer is not None:
        _close(writer, path)
    if num_rows != plan.num_selected:
        raise RunError(
            f"{directory.parts}: {num_rows} rows committed, {plan.num_selected} planned. Parts were damaged or removed."
        )
    return shards


def _row_groups(directory: RunDirectory, plan: Plan, shards: list[dict[str, Any]]) -> Iterator[pa.Table]:
    """The parts in input order, gathered so that a row group is worth reading."""
    waiting: list[pa.Table] = []
    num_bytes = 0
    for index in range(plan.num_shards):
        path = directory.part(index)
        try:
            with pq.ParquetFile(path) as parquet:
                waiting.append(parquet.read())
            num_bytes += waiting[-1].nbytes
            shards.append(json.loads(waiting[-1].schema.metadata[b"glane_shard"]))
        except FileNotFoundError:
            raise RunError(f"{path}: not committed yet; run the same command again.") from None
        except pa.ArrowException:
            raise RunError(f"{path}: damaged. Remove it and run the same command again: its shard is redone.") from None
        if num_bytes >= _ROW_GROUP_BYTES:
            yield _joined(waiting)
            waiting, num_bytes = [], 0
        elif len(waiting) >= _TABLES_AT_ONCE:
            waiting = [_joined(waiting)]
    if waiting:
        yield _joined(waiting)


def _joined(tables: list[pa.Table]) -> pa.Table:
    plain = [table.replace_schema_metadata(None) for table in tables]
    return pa.concat_tables(plain).unify_dictionaries().combine_chunks()


def _close(writer: pq.ParquetWriter, path: Path) -> None:
    writer.close()
    with path.open("rb") as stream:
        os.fsync(stream.fileno())


def _write_shard_facts(directory: RunDirectory, facts: list[dict[str, Any]], staging: Path) -> None:
    """Who committed which shard, and when, outlives the parts: in `ledger/shards.parquet`."""
    target = directory.ledger / "shards.parquet"
    temporary = directory.ledger / f".{staging.name}.shards"
    pq.write_table(pa.Table.from_pylist(facts), temporary)
    temporary.chmod(directory.file_mode)
    temporary.replace(target)


def _summarize(directory: RunDirectory, plan: Plan) -> dict[str, Any]:
    statuses: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    reading: Counter[str] = Counter()
    duplicates, asked = 0, 0
    for path in sorted(directory.records.glob("*.parquet")):
        with pq.ParquetFile(path) as parquet:
            names = ["status", "prompt_tokens", "output_tokens", "duplicate"]
            names += ["chunks", "repairs", "broken_rules", "leaked_from_example"]
            for batch in parquet.iter_batches(columns=names):
                for entry in pc.value_counts(batch["status"].cast(pa.string())).to_pylist():
                    statuses[entry["values"]] += entry["counts"]
                duplicates += _total(batch["duplicate"])
                reading.update(
                    chunks=_total(batch["chunks"]),
                    repairs=_total(batch["repairs"]),
                    rows_with_broken_rules=_total(pc.greater(pc.list_value_length(batch["broken_rules"]), 0)),
                    rows_with_leaks=_total(pc.greater(pc.list_value_length(batch["leaked_from_example"]), 0)),
                )
                tokens.update(prompt=_total(batch["prompt_tokens"]), output=_total(batch["output_tokens"]))
                asked += _total(pc.greater(batch["prompt_tokens"], 0))  # a duplicate costs no token
    shards = pq.read_table(directory.ledger / "shards.parquet")
    started, committed = min(shards["started"].to_pylist()), max(shards["committed"].to_pylist())
    signs = directory.signs()
    engine_s = sum(sign["time"] - sign["started"] for sign in signs)
    gpu_s = sum((sign["time"] - sign["started"]) * sign.get("gpus", 0) for sign in signs)
    return {
        "complete": True,
        "finished": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "flow": {
            "read": plan.num_read,
            "selected": plan.num_selected,
            "duplicates": duplicates,
            "asked": asked,
            **{str(status): statuses.get(status, 0) for status in Status},
        },
        "tokens": {"prompt": tokens["prompt"], "output": tokens["output"]},
        "reading": {name: reading[name] for name in ("chunks", "repairs", "rows_with_broken_rules", "rows_with_leaks")},
        "shards": plan.num_shards,
        "seconds_working": round(committed - started, 3),
        "rows_per_s": round(plan.num_selected / max(committed - started, 1e-3), 3),
        "engine_hours": round(engine_s / 3600, 4),
        "gpu_hours": round(gpu_s / 3600, 4),
        "engines": engines_at_once(signs),
        "record_bytes": sum(path.stat().st_size for path in directory.records.glob("*.parquet")),
        "energy": total_energy(signs),
        "hosts": sorted(set(shards["host"].to_pylist())),
        "engine_deaths": sum(1 for _ in directory.deaths.glob("*.json")),
    }


def _total(column: pa.Array) -> int:
    """The sum of what is not null; of booleans, how many are true."""
    return int(pc.sum(column).as_py() or 0)


def _clean(directory: RunDirectory) -> None:
    """The result is published: parts, claims and half-made stagings have no further use."""
    for folder in [directory.parts, directory.claims, directory.windows, *directory.root.glob(".records-*")]:
        with contextlib.suppress(OSError):
            shutil.rmtree(folder, ignore_errors=True)
