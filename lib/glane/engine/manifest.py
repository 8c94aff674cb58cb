"""What a staged model is: each of its files with digests, and whether the files that are there now are still those.

`glane stage-model` writes it into the folder of a model. What a run reads is compared with it, so that no weights are
taken that were damaged, changed, swapped or added after they had been looked at.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from glane.engine.digest_cache import DigestCache
from glane.errors import ConfigError, RecordError
from glane.records import Record, read_record
from glane.settings import ModelSettings
from glane.validation import Strict

MANIFEST = ".glane-model.json"
_OF_NFS = ".nfs"  # a file that is removed while it is open has such a name, until it is closed


class StagedFile(Strict):
    """One file of a model, by its path in the folder."""

    path: str
    bytes: int
    sha256: str  # as publishers tell it
    digest: str  # BLAKE2b, as runs take it of weights


class LeftOut(Strict):
    """A file of the source that was not taken, and why."""

    path: str
    bytes: int
    why: str


class ModelFacts(Strict):
    """What a model's own files say of it; None where they do not."""

    architecture: str | None = None
    form: Literal["mistral", "transformers", "both", "adapter"]  # how the weights are written
    parameters: int | None = None  # None where numbers are packed
    weights_bytes: int  # of one form, if there are two
    quantisation: str | None = None
    context: int | None = None  # tokens
    licence: str | None = None
    base_model: str | None = None
    card: str | None = None  # the file that it is


class ModelManifest(Record):
    """What `.glane-model.json` says."""

    kind: Literal["glane model"] = "glane model"
    version: Literal[1] = 1
    name: str
    source: str
    staged: str  # when, ISO 8601 in UTC
    glane: str  # the version
    facts: ModelFacts
    files: tuple[StagedFile, ...]
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    card_licence: str | None = None  # where the user told another one


def read_manifest(folder: Path, *, place: str = "model.path") -> ModelManifest | None:
    """The manifest of a folder; None if it was not staged.

    Raises:
        ConfigError: if it is damaged; `place` is the setting that names the folder.
    """
    try:
        return read_record(ModelManifest, folder / MANIFEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except RecordError as error:
        raise ConfigError(f"{place}: {error} {_remedy(folder)}") from None


def refuse_other_files(settings: ModelSettings) -> None:
    """Check, of what was staged, that no file is missing, added or of another size. Contents are not read.

    Raises:
        ConfigError: naming the file, and the remedy.
    """
    for place, folder, manifest in _staged(settings):
        if problem := other_files(folder, manifest):
            raise ConfigError(f"{place}: {problem}. {_remedy(folder)}")


def staged_files(settings: ModelSettings) -> list[Path]:
    """All files of what was staged."""
    return [folder / one.path for _, folder, manifest in _staged(settings) for one in manifest.files]


def refuse_other_content(settings: ModelSettings, cache: DigestCache) -> None:
    """Check that all files of what was staged hold what they held. `cache` has learned them.

    Raises:
        ConfigError: naming the file, and the remedy.
    """
    for place, folder, manifest in _staged(settings):
        for one in manifest.files:
            if cache.of(folder / one.path) != one.digest:
                raise ConfigError(
                    f"{place}: {folder / one.path} does not hold what it held when the model was staged on "
                    f"{manifest.staged[:10]}. {_remedy(folder)}"
                )


def other_files(folder: Path, manifest: ModelManifest) -> str:
    """The first file that is missing, added, or of another size, in words; empty if there is none."""
    known = {one.path: one.bytes for one in manifest.files}
    there = dict(files_below(folder))
    for name in sorted(known.keys() | there.keys() - {MANIFEST}):
        if name not in there:
            return f"{folder / name} is missing, and the model was staged with it"
        if name not in known:
            return f"{folder / name} was added after the model was staged"
        if there[name] != known[name]:
            return f"{folder / name} has {there[name]} bytes, and had {known[name]} when the model was staged"
    return ""


def files_below(folder: Path) -> Iterator[tuple[str, int]]:
    """The files below a folder by their relative paths, with their sizes. Links are told with the size -1."""
    for root, folders, names in os.walk(folder):
        linked = [name for name in folders if Path(root, name).is_symlink()]
        for name in [*names, *linked]:
            path = Path(root, name)
            if not name.startswith(_OF_NFS):
                yield str(path.relative_to(folder)), -1 if path.is_symlink() else path.stat().st_size


def _staged(settings: ModelSettings) -> Iterator[tuple[str, Path, ModelManifest]]:
    places = {"model.path": settings.path, "model.adapter": settings.adapter, "model.tokenizer": settings.tokenizer}
    for place, told in places.items():
        if told is not None and (manifest := read_manifest(Path(told), place=place)) is not None:
            yield place, Path(told), manifest


def _remedy(folder: Path) -> str:
    return f"Restore the file, or move {folder} away and stage the model again (glane stage-model)."
