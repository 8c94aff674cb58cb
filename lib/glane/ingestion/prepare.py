"""Prepares the run that reads files: lists them once, describes the run, plans its shards."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from glane.corpus.files import InputFile, inspect_files
from glane.corpus.plan import Plan, make_plan
from glane.corpus.proof import with_digests
from glane.corpus.select import Selection, select_rows
from glane.corpus.unchanged import content_digest
from glane.errors import RunError
from glane.ingestion.columns import run_codebook
from glane.ingestion.inventory import FILE, file_bytes, passed_lines, read_facts
from glane.ingestion.summary import WORK
from glane.run.description import RunDescription
from glane.run.directory import RunDirectory
from glane.run.environment import environment
from glane.run.fingerprint import fingerprint_digest, listed_differences
from glane.run.work import Draft
from glane.settings import IngestSettings

METHOD = 3  # raised when the same files would give another data set
_MOST_FILES, _LEAST_SHARDS, _MOST_SHARDS = 256, 64, 100_000
_OF_THE_PLACE = {"endpoint", "hosts", "concurrency", "timeout_s"}  # of ocr: where and how fast, and no other texts
_MOST_FILES_WITH_OCR = 16  # a page takes a model seconds, and a worker that is killed has lost those of its shard


def draft(settings: IngestSettings, directory: RunDirectory, known: RunDescription | None) -> Draft:
    """Describe the run over the files of its inventory; see `glane.run.work.Work`."""
    if known is not None and known.work != WORK:
        raise RunError(
            f"run.dir: {directory.root} holds a run of another kind ({known.work}, and this is {WORK}). "
            "Choose another run.dir."
        )
    facts = read_facts(directory)
    files = _with_bytes(inspect_files(str(directory.inventory), id_column=FILE, text_column="path"), directory)
    digest = content_digest(files[0].path)
    fingerprint = _fingerprint(settings, digest)
    if known is not None:
        _refuse_other(known, fingerprint, settings)
    description = known or RunDescription(
        work=WORK,
        created=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        fingerprint_digest=fingerprint_digest(fingerprint),
        fingerprint=fingerprint,
        files=tuple(file.known(digest) for file in files),
        settings=settings.model_dump(mode="json"),
        lease_s=settings.run.lease_s,
        codebook=run_codebook(),
        environment=environment(),
    )
    if known is not None:
        description = known.model_copy(
            update={"fingerprint": fingerprint, "fingerprint_digest": fingerprint_digest(fingerprint)}
        )

    def plan() -> Plan:
        selected = select_rows(files, id_column=FILE, selection=Selection())
        most = shard_files(facts.files, settings.run.shard_rows, with_ocr=settings.ocr.model is not None)
        made = make_plan(
            files, selected, shard_rows=most, shard_bytes=settings.run.shard_bytes, tapers=True, digests=[digest]
        )
        return with_digests(made, id_column=FILE)

    told = f"source {', '.join(facts.sources)}: {facts.files} files, {facts.bytes / 2**20:,.1f} MiB"
    return Draft(description=description, plan=plan, notes=(told, *passed_lines(facts.passed_over)))


def _refuse_other(known: RunDescription, fingerprint: Mapping[str, Any], settings: IngestSettings) -> None:
    """Refuse to go on with a reading that would give other documents: it is told by what the user chose its place by.

    Raises:
        RunError: with what differs.
    """
    if not (listed := listed_differences(known.fingerprint, fingerprint)):
        return
    is_same_place = known.fingerprint.get("data") == fingerprint["data"]
    key, place = ("data.path", settings.data.path) if is_same_place else ("run.dir", settings.run.dir)
    raise RunError(
        f"{key}: {place} is of a reading that would give other documents. What differs (there -> now):\n{listed}\n"
        f"Choose another {key}, or give the former source and settings back to go on."
    )


def shard_files(num_files: int, told: int | Literal["auto"], *, with_ocr: bool = False) -> int:
    """Files per shard: as told, or few enough for many workers to share a small source and a minute or two of work."""
    if told != "auto":
        return told
    most = _MOST_FILES_WITH_OCR if with_ocr else _MOST_FILES
    return max(1, -(-num_files // _MOST_SHARDS), min(most, num_files // _LEAST_SHARDS))


def _with_bytes(files: Sequence[InputFile], directory: RunDirectory) -> list[InputFile]:
    """The inventory as input whose rows are as large as the files that they name, so that shards are cut by these."""
    return [replace(file, row_groups=tuple(file_bytes(directory))) for file in files]


def _fingerprint(settings: IngestSettings, inventory: str) -> dict[str, Any]:
    """What decides the data set."""
    return {
        "method": METHOD,
        "source": list(settings.source),
        "inventory": inventory,
        "data": settings.data.path,
        "language": settings.language,
        "near_duplicates": settings.near_duplicates,
        "limits": settings.limits.model_dump(),
        "options": settings.options.model_dump(),
        "ocr": None if settings.ocr.model is None else settings.ocr.model_dump(exclude=_OF_THE_PLACE),
    }
