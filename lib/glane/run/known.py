"""What lies in a run directory that glane did not make: files of other names, and links out of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from glane.corpus.pseudonymised import RECORD as PSEUDONYMS
from glane.rewritten import REWRITTEN
from glane.run.directory import RunDirectory
from glane.run.metrics_file import NAME as METRICS
from glane.run.names import CHANGED, INPUT_STAGING, MARKER, PARTS, RECORDS, STAGED, STAGING, UNFINISHED

_OF_A_RUN = re.compile(
    rf"{re.escape(MARKER)}|run\.yaml|(?:plan|inventory|lineage)\.parquet|(?:summary|drift|digests|change|erased)\.json|extract\.log|"
    rf"{re.escape(CHANGED)}|"
    rf"{re.escape(METRICS)}|{re.escape(REWRITTEN)}|{UNFINISHED.pattern}"
)
_OF_A_LEDGER = re.compile(
    rf"(?:starts|submissions|node_faults|cleaned|refused-[\w.-]+)\.jsonl|shards\.parquet|unconfined\.json|"
    rf"\.\.records-[0-9a-f]{{32}}\.shards|{re.escape(REWRITTEN)}|{UNFINISHED.pattern}"
)
_OF_AN_INPUT = re.compile(
    rf"[^/]+\.parquet|tables\.json|{re.escape(PSEUDONYMS)}|{re.escape(REWRITTEN)}|{UNFINISHED.pattern}"
)
OF_UNFINISHED_INPUT = re.compile(rf"{_OF_AN_INPUT.pattern}|\.offsets")
_OF_RECORDS = re.compile(rf"{RECORDS.pattern}|{re.escape(REWRITTEN)}|{UNFINISHED.pattern}")
BEATS = re.compile(rf"[\w.-]+\.json|{UNFINISHED.pattern}")
_CLAIMS = re.compile(r"[\w.-]+")  # links, that name a worker


def unknown_in(directory: RunDirectory) -> Iterator[Path]:
    """The paths in a run that are none of a run's, as far as their names tell; a folder of another name as one path."""
    folders = {
        directory.parts: PARTS, directory.records: _OF_RECORDS, directory.input: _OF_AN_INPUT,
        directory.workers: BEATS, directory.deaths: BEATS, directory.windows: _CLAIMS, directory.claims: _CLAIMS,
    }  # fmt: skip
    yield from _others(directory.root, _OF_A_RUN, {directory.ledger, directory.parts, directory.records,
                                                   directory.input, directory.root / "sentinels"})  # fmt: skip
    yield from _others(directory.ledger, _OF_A_LEDGER, {*folders, directory.publishers})
    for folder, names in folders.items():
        yield from _others(folder, names, set(), may_link=folder == directory.claims)
    for folder in _inside(directory.root):
        if STAGING.fullmatch(folder.name):
            yield from _others(folder, STAGED, set())
        elif INPUT_STAGING.fullmatch(folder.name):
            yield from _others(folder, OF_UNFINISHED_INPUT, set())
    sentinels = RunDirectory(root=directory.root / "sentinels")
    if sentinels.root.is_dir() and not sentinels.root.is_symlink():
        yield from unknown_in(sentinels)


def _others(folder: Path, names: re.Pattern[str], folders: set[Path], *, may_link: bool = False) -> Iterator[Path]:
    for path in _inside(folder):
        if path.is_symlink():
            is_known = may_link and names.fullmatch(path.name) is not None
        elif path.is_dir():
            is_known = path in folders or any(one.fullmatch(path.name) for one in (STAGING, INPUT_STAGING))
        else:
            is_known = names.fullmatch(path.name) is not None
        if not is_known:
            yield path


def _inside(folder: Path) -> list[Path]:
    return [] if folder.is_symlink() or not folder.is_dir() else sorted(folder.iterdir())
