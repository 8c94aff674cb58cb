"""Take a model into a catalogue: looked at, copied with digests, and there under its name whole or not at all."""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import os
import re
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from glane.catalogue.copies import PART, copy_files, digests_of
from glane.catalogue.facts import facts_of
from glane.catalogue.look import Looked, look
from glane.engine.manifest import MANIFEST, ModelManifest, other_files, read_manifest
from glane.errors import ConfigError, DataError, RunError
from glane.locks import lock
from glane.settings import StageModelSettings
from glane.storage import exists, put_folder, storage_errors
from glane.versions import installed_version

SETTING = "models.dir"
STAGING = ".staging-"
_READERS = 8
_RESERVE = 2**30  # bytes of the disk that are left to others
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedModel:
    """A model of a catalogue: where it lies, and what its manifest says."""

    place: Path
    manifest: ModelManifest
    was_there: bool = False


def stage_model(settings: StageModelSettings, catalogue: Path, *, say: Callable[[str], None]) -> StagedModel:
    """Look at a folder with a model, and copy it into the catalogue.

    A call that was killed is gone on with by the same call. Of two at once, one works.

    Raises:
        ConfigError: naming what is wrong with the source or the settings.
        DataError: if the source changes while it is read.
        RunError: if the catalogue cannot be written, has another model of that name, or a copy comes out differently.
    """
    source = Path(settings.source).expanduser().absolute()
    if not os.access(source, os.R_OK | os.X_OK) or not source.is_dir():
        raise ConfigError(f"source: {source} is no folder that you may read. Give that of a model: config.json, …")
    name = settings.name or _name_of(source)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"name: {name!r} is no name of a model. Letters, digits, '.', '_' and '-' make one.")
    if catalogue.is_relative_to(source) or source.is_relative_to(catalogue / name):
        raise ConfigError(
            f"source: {source} and the catalogue {catalogue} lie in one another. Choose another {SETTING}."
        )
    looked = look(
        source, form=settings.form, leave_out=settings.leave_out, with_code=settings.remote_code == "leave_out"
    )
    with storage_errors(catalogue, setting=SETTING):
        catalogue.mkdir(parents=True, exist_ok=True)
    _refuse_open(catalogue)
    with _alone(catalogue, name):
        return _staged(settings, source, catalogue, name, looked, say)


def _staged(
    settings: StageModelSettings, source: Path, catalogue: Path, name: str, looked: Looked, say: Callable[[str], None]
) -> StagedModel:
    place, staging = catalogue / name, catalogue / f"{STAGING}{name}"
    earlier = read_manifest(place, place=SETTING) if exists(place) else None
    if exists(place) and earlier is None:
        raise RunError(f"name: {place} is there, and glane did not stage it. Choose another name.")
    with storage_errors(staging, setting=SETTING):
        if earlier is None:
            staging.mkdir(mode=0o700, exist_ok=True)
            _refuse_foreign(staging, looked)
            _check_room(catalogue, staging, looked)
    if earlier is not None:
        return _same(place, earlier, looked)
    total = sum(path.stat().st_size for path in looked.files.values())
    say(f"{name}: copying {len(looked.files)} files, {total / 1e9:.2f} GB, to {catalogue}")
    began = time.monotonic()
    files = copy_files(looked.files, staging, setting=SETTING)
    facts = facts_of(staging, _looked_again(settings, source, staging, looked))
    manifest = ModelManifest(
        name=name, source=str(source), staged=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        glane=installed_version("glane"), files=tuple(files), left_out=looked.left_out, notes=looked.notes,
        facts=facts if settings.licence is None else facts.model_copy(update={"licence": settings.licence}),
        card_licence=facts.licence if settings.licence not in (None, facts.licence) else None,
    )  # fmt: skip
    with storage_errors(staging, setting=SETTING):
        (staging / MANIFEST).write_bytes(manifest.as_json())
        _open_to_readers(staging, stat.S_IMODE(catalogue.stat().st_mode))
        put_folder(staging, place)
    say(f"{name}: copied and verified in {time.monotonic() - began:.0f} s")
    return StagedModel(place=place, manifest=manifest)


def _looked_again(settings: StageModelSettings, source: Path, staging: Path, looked: Looked) -> Looked:
    """The copy, judged as the source was: what came into the source between the look and the copy is seen here.

    Raises:
        DataError: if the copy would be refused, or is not of the same files.
    """
    with storage_errors(staging, setting=SETTING):
        (staging / MANIFEST).unlink(missing_ok=True)  # of an earlier call
    try:
        again = look(staging, form="both", leave_out=(), with_code=settings.remote_code == "leave_out")
    except ConfigError as error:
        raise DataError(
            f"source: {source} was changed between the look and the copy. Of the copy it is said: {error} Remove "
            f"{staging}, and stage the model once the source is at rest."
        ) from None
    if again.files.keys() != looked.files.keys():
        raise DataError(f"source: {source} was changed between the look and the copy. Stage it once it is at rest.")
    return again


def _same(place: Path, earlier: ModelManifest, looked: Looked) -> StagedModel:
    """The model that is there, if it has the files of the source."""
    if problem := other_files(place, earlier):
        raise RunError(f"{SETTING}: {problem}. Restore the file, or move {place} away and stage the model again.")
    with ThreadPoolExecutor(_READERS) as pool:
        digests = dict(zip(looked.files, pool.map(digests_of, looked.files.values()), strict=True))
    if digests != {one.path: (one.sha256, one.digest) for one in earlier.files}:
        raise RunError(f"name: {place} is there, and is another model than the source. Choose another name.")
    return StagedModel(place=place, manifest=earlier, was_there=True)


def _name_of(source: Path) -> str:
    """The name of a folder; of a snapshot in a Hugging Face cache, that of the model."""
    cached = source.parents[1].name if source.parent.name == "snapshots" else ""
    return cached.rpartition("--")[2] if cached.startswith("models--") else source.name


def _refuse_open(catalogue: Path) -> None:
    """Refuse a catalogue in which others could put their files in the place of those that were verified."""
    found = catalogue.stat()
    if found.st_mode & stat.S_IWOTH:
        raise ConfigError(
            f"{SETTING}: {catalogue} has mode {stat.filemode(found.st_mode)}: everybody could change what is staged "
            f"there. Take that right away (chmod o-w {catalogue}), or choose another {SETTING}."
        )


def _refuse_foreign(staging: Path, looked: Looked) -> None:
    """Check that what a killed call left is of this model: nothing else is written over or taken along."""
    if staging.is_symlink() or staging.stat().st_uid != os.geteuid():
        raise RunError(f"{SETTING}: {staging} is another user's, or a link. Choose another name, or have it removed.")
    ours = {MANIFEST, *looked.files, *(name + PART for name in looked.files)}
    for root, folders, names in os.walk(staging):
        linked = [name for name in folders if Path(root, name).is_symlink()]
        for path in (Path(root, name) for name in [*names, *linked]):
            if str(path.relative_to(staging)) not in ours or path.is_symlink():
                raise RunError(
                    f"{SETTING}: {path} does not belong to this model. Another source was begun under this name, or it "
                    "is somebody's: move it away, or choose another name."
                )


def _check_room(catalogue: Path, staging: Path, looked: Looked) -> None:
    def has(name: str) -> int:
        for path in (staging / name, staging / (name + PART)):
            with contextlib.suppress(FileNotFoundError):
                return path.stat().st_size
        return 0

    needed = sum(max(0, path.stat().st_size - has(name)) for name, path in looked.files.items())
    free = shutil.disk_usage(catalogue).free - _RESERVE
    if needed > free:
        raise RunError(
            f"{SETTING}: {catalogue} has {max(0, free) / 1e9:.1f} GB to spare, and {needed / 1e9:.1f} GB are to be "
            f"copied. Free space, or choose another {SETTING}."
        )


def _open_to_readers(folder: Path, mode: int) -> None:
    """Let those read a model who may read its catalogue, and nobody write: a slip of the hand would cost a day."""
    for root, _, names in os.walk(folder):
        for name in names:
            Path(root, name).chmod(mode & 0o444)
        Path(root).chmod(mode & 0o755)


@contextlib.contextmanager
def _alone(catalogue: Path, name: str) -> Iterator[None]:
    """Hold the lock of a name.

    Raises:
        RunError: if another process holds it, or the file system has no locks.
    """
    path = catalogue / f"{STAGING}{name}.lock"
    with storage_errors(path, setting=SETTING):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        is_held = lock(descriptor, deadline=time.monotonic(), take=fcntl.flock)
        if not (
            is_held and path.exists() and path.samefile(f"/proc/self/fd/{descriptor}")
        ):  # or it was removed just now
            raise RunError(
                f"name: another process stages {name} in {catalogue} now, or the file system has no locks. Wait for it."
            )
        yield
        with contextlib.suppress(OSError):
            path.unlink()
    finally:
        os.close(descriptor)
