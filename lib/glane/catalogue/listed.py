"""What a catalogue holds, and whether it is as it was staged."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from glane.catalogue.copies import digests_of
from glane.catalogue.stage import SETTING, STAGING
from glane.engine.manifest import ModelManifest, other_files, read_manifest
from glane.errors import ConfigError, RunError
from glane.storage import listed

_READERS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A folder of a catalogue."""

    place: Path
    manifest: ModelManifest | None  # None: it was not staged, or its manifest is damaged
    problem: str = ""  # what differs from the manifest, or of the manifest


def entries(catalogue: Path, *, verify: bool) -> Iterator[Entry]:
    """The folders of a catalogue, by name. Names and sizes of files are compared; with `verify`, contents too.

    Raises:
        RunError: if there is no such folder.
    """
    if not catalogue.is_dir():
        raise RunError(f"{SETTING}: there is no folder {catalogue}. Stage a model into it: glane stage-model source=…")
    for place in listed(catalogue, "*"):
        if place.is_dir() and not place.name.startswith(STAGING):
            yield _entry(place, verify=verify)


def unfinished(catalogue: Path) -> list[str]:
    """The names of models whose copying was begun and not ended."""
    return [path.name.removeprefix(STAGING) for path in listed(catalogue, f"{STAGING}*") if path.is_dir()]


def _entry(place: Path, *, verify: bool) -> Entry:
    try:
        manifest = read_manifest(place, place=SETTING)
    except ConfigError as error:
        return Entry(place=place, manifest=None, problem=str(error))
    if manifest is None:
        return Entry(place=place, manifest=None)
    problem = other_files(place, manifest)
    return Entry(place=place, manifest=manifest, problem=problem or (_content(place, manifest) if verify else ""))


def _content(place: Path, manifest: ModelManifest) -> str:
    """The first file that holds something else than when it was staged, in words; empty if there is none."""
    if unread := next((one.path for one in manifest.files if not os.access(place / one.path, os.R_OK)), None):
        return f"{place / unread} cannot be read"
    with ThreadPoolExecutor(_READERS) as pool:
        found = pool.map(digests_of, [place / one.path for one in manifest.files])
    for one, digests in zip(manifest.files, found, strict=True):
        if digests != (one.sha256, one.digest):
            return f"{place / one.path} does not hold what it held when the model was staged"
    return ""
