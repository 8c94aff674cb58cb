"""Documents taken out of a run: plan first, then rows, then what counts them. Each step can be killed and repeated."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.plan import read_plan, write_plan
from glane.corpus.unchanged import KnownFile, content_digest, identity
from glane.errors import RunError
from glane.extraction.summary import WORK, ExtractionSummary, summarise
from glane.job.erase.inputs import emptying
from glane.job.erase.plan import with_files, without_rows
from glane.job.erase.rows import RunRows
from glane.job.erase.standing import Standing
from glane.job.erase.tables import is_word, write_without
from glane.parquet import parquet_footer, read_parquet
from glane.run.audit import note_wrote, user_name
from glane.run.change import Changing
from glane.run.erased import Erased, Erasure, id_digests, new_salt, read_erased
from glane.run.known import OF_UNFINISHED_INPUT, unknown_in
from glane.run.names import FIRST_ROW, INPUT_STAGING, STAGED, STAGING
from glane.run.publish import remove_files
from glane.run.summary import Summary, amended, read_summary
from glane.storage import exists, listed
from glane.versions import installed_version

_SHORT_ID = 2  # signs
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ][\d:.,+Z-]+ ")  # with which a line of a log begins
GONE = "(erased)"  # in the place of an id in a log


def check_run(rows: RunRows) -> None:
    """Refuse a run that would not be whole without these rows.

    Raises:
        RunError: with what to do instead.
    """
    directory, plan = rows.directory, rows.plan
    if directory.is_complete and listed(directory.parts, "part-*.parquet"):
        raise RunError(
            f"{directory.root}: its result is published, and its last step was not done. Run its command again first."
        )
    if plan is None or not rows.num_rows:
        return
    fewer = rows.fewer()
    left = plan.num_selected - sum(one.num_groups or int(one.goes.sum()) for one in fewer.values())
    if not left:
        raise RunError(
            f"{directory.root}: all its documents would be erased, and a run without any is none. Remove the folder."
        )
    emptied = [shard for shard, one in fewer.items() if one.goes.all()]
    if emptied and not directory.is_complete:
        raise RunError(
            f"{directory.root}: is not complete, and shard {emptied[0]} holds nothing else. Run its command to its end "
            "first, or remove the folder."
        )


def put_tombstone(at_work: Changing, rows: RunRows, emptied: Collection[Path]) -> None:
    """Write down that documents are erased, before any of them is: how many, and the digests of their ids.

    `emptied` are the data sets of pseudonyms of which nobody can tell later that they held them.
    """
    directory, known = at_work.directory, read_erased(at_work.directory)
    if any(one.id == at_work.change.id for one in known.erasures):
        return
    note_wrote(directory.root, directory.erased.name, [directory.identity()])
    salt = new_salt()
    erasure = Erasure(
        id=at_work.change.id, time=datetime.now(UTC).isoformat(timespec="seconds"), user=user_name(),
        glane=installed_version("glane"), documents=rows.num_rows, salt=salt,
        digests=tuple(sorted(id_digests(sorted(rows.documents), salt))),
        emptied=tuple(map(str, emptied)),
    )  # fmt: skip
    _write_erased(at_work, known.model_copy(update={"erasures": (*known.erasures, erasure)}))


def put_former(at_work: Changing, former: Mapping[str, str]) -> None:
    """Write down which digests inputs had when the run began, by those that they are going to have."""
    known = read_erased(at_work.directory)
    told = {new: known.named(old) for new, old in former.items() if new != old}
    if told.keys() - known.former.keys():
        _write_erased(at_work, known.model_copy(update={"former": {**known.former, **told}}))


def _write_erased(at_work: Changing, erased: Erased) -> None:
    at_work.replace(at_work.directory.erased, lambda stream: stream.write(erased.as_json()))


def erase_rows(at_work: Changing, rows: RunRows, longer: Collection[str]) -> None:
    """Take the rows out of the run's files. Its input is not touched. `longer` are ids of others, as in `Sought`.

    Raises:
        RunError: if a file was changed since its digest was taken, or the file system refuses.
    """
    directory = at_work.directory
    if rows.plan is not None and (fewer := rows.fewer()):
        plan = without_rows(rows.plan, fewer)
        at_work.replace(directory.plan, lambda stream: write_plan(plan, stream))
    if directory.is_complete:
        _records(at_work, rows)
        _summary(at_work, rows)
    else:
        _parts(at_work, rows)
    if exists(directory.lineage):  # numbers of rows; a run that goes on makes it anew
        at_work.remove(directory.lineage)
    for path in listed(directory.root, ".*"):
        if STAGING.fullmatch(path.name):
            remove_files(path, STAGED)
        elif INPUT_STAGING.fullmatch(path.name):
            remove_files(path, OF_UNFINISHED_INPUT)
    _logs(at_work, replaceable(rows.documents), longer)


def _records(at_work: Changing, rows: RunRows) -> None:
    first = 0
    for path in rows.files:
        mask = rows.held[path]
        left = len(mask) - int(mask.sum())
        told = {FIRST_ROW: str(first).encode()}
        if mask.any() or _first_row(path) not in (None, first):
            at_work.replace(
                path,
                lambda stream, path=path, told=told: write_without(  # type: ignore[misc]
                    path, stream, rows.ids, [rows.name], anywhere=False, metadata=told
                ),
            )
        first += left


def _first_row(path: Path) -> int | None:
    told = (parquet_footer(path).metadata or {}).get(FIRST_ROW)
    return None if told is None else int(told)


def _parts(at_work: Changing, rows: RunRows) -> None:
    for path, mask in rows.held.items():
        if mask.any():
            status = path.stat()
            at_work.replace(
                path,
                lambda stream, path=path: write_without(path, stream, rows.ids, [rows.name], anywhere=False),  # type: ignore[misc]
            )
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))  # when it was committed


def _summary(at_work: Changing, rows: RunRows) -> None:
    """Count again what a summary counts of rows. What a work of another kind adds to its own stays."""
    directory = at_work.directory
    if not exists(directory.summary):
        return
    plan, summary = read_plan(directory.plan), read_summary(directory, Summary)
    flow = summary.flow.model_copy(
        update={
            **dict.fromkeys(summary.flow.statuses(), 0), **_statuses(rows.files), "read": plan.num_read,
            "selected": plan.num_selected, "documents": plan.num_documents,
            "asked": min(summary.flow.asked, plan.num_selected),
        }
    )  # fmt: skip
    told = {"flow": flow, "shards": plan.num_shards, "record_bytes": sum(path.stat().st_size for path in rows.files)}
    if rows.description.work == WORK:
        model: Mapping[str, Any] = rows.description.settings.get("model", {})
        content = summarise(
            amended(read_summary(directory, ExtractionSummary), **told), rows.files, fields=rows.description.fields,
            toy=rows.description.toy, asks_duplicates=bool(model.get("ask_duplicates", False)),
            extends=rows.description.extends,
        ).as_json()  # fmt: skip
    else:
        values = json.loads(directory.summary.read_bytes()) | told | {"flow": flow.model_dump(mode="json")}
        content = json.dumps(values, indent=2).encode()
    at_work.replace(directory.summary, lambda stream: stream.write(content))


def _statuses(files: Collection[Path]) -> dict[str, int]:
    found: dict[str, int] = {}
    for path in files:
        for entry in pc.value_counts(read_parquet(path, columns=["status"])["status"].cast(pa.string())).to_pylist():
            found[entry["values"]] = found.get(entry["values"], 0) + entry["counts"]
    return found


def replaceable(ids: Collection[str]) -> list[str]:
    """Those of some ids that are long enough to be told from other words in a log."""
    return [one for one in ids if len(one) > _SHORT_ID]


def _logs(at_work: Changing, ids: Collection[str], longer: Collection[str]) -> None:
    """Put a mark in the place of ids in lines that people read, and in those of the ledger.

    Not in the time of a line, nor of an id that could be a value of JSON: it would not be one any more.
    """
    directory = at_work.directory
    every, in_json = Standing(ids, longer), Standing([one for one in ids if not is_word(one)], longer)
    theirs = {*unknown_in(directory)}  # told where the search finds something in it
    named = [*((path, every) for path in filter(exists, [directory.log])),
             *((path, in_json) for path in listed(directory.ledger, "*.jsonl") if path not in theirs)]  # fmt: skip
    for path, standing in named:
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        new = _marked(text, standing)
        if new != text:
            told = new.encode(errors="surrogateescape")
            at_work.replace(path, lambda stream, told=told: stream.write(told))  # type: ignore[misc]


def _marked(text: str, ids: Standing) -> str:
    lines = text.splitlines(keepends=True)
    starts = [0 if (time := _TIME.match(line)) is None else time.end() for line in lines]
    told = ids.replaced([line[start:] for line, start in zip(lines, starts, strict=True)], GONE)
    return "".join(line[:start] + one for line, start, one in zip(lines, starts, told, strict=True))


def empty_own_input(at_work: Changing, rows: RunRows) -> None:
    """Make the rows empty in the Parquet that the run made of its input."""
    for path in listed(at_work.directory.input, "*.parquet"):
        found = emptying([rows], path)
        if found is not None:
            old = content_digest(str(path))
            at_work.replace(path, found.write, first=lambda new, old=old: put_former(at_work, {new: old}))  # type: ignore[misc]


def know_inputs(at_work: Changing) -> None:
    """Have the plan know input files that were rewritten as they are now, and that documents were erased."""
    directory = at_work.directory
    if not exists(directory.plan):
        return
    plan, former = read_plan(directory.plan), read_erased(directory)
    files = tuple(_as_now(file, former) for file in plan.files)
    if former.erasures:
        files = tuple(file.model_copy(update={"erased": True}) for file in files)
    if files != plan.files:
        at_work.replace(directory.plan, lambda stream: write_plan(with_files(plan, files), stream))


def _as_now(file: KnownFile, erased: Erased) -> KnownFile:
    if not Path(file.path).exists() or identity(file.path) == file.identity:
        return file
    digest = content_digest(file.path)
    if erased.named(digest) != erased.named(file.digest) or digest not in erased.former:
        return file  # something else changed it: who reads it says so
    now = identity(file.path)
    return file.model_copy(
        update={
            "bytes": now.num_bytes, "mtime_ns": now.mtime_ns, "ctime_ns": now.ctime_ns, "inode": now.inode,
            "digest": digest,
        }
    )  # fmt: skip
