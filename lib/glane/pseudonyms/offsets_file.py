"""The file of offsets, which is kept apart: where each identifier stood, and where its surrogate stands."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from functools import partial
from itertools import count
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from glane.errors import DataError, RunError
from glane.parquet import open_parquet, parquet_schema
from glane.storage import replace_file, storage_errors

_FILE_MODE = 0o600
_OFFSETS = b"glane_offsets"  # of the metadata of a file of offsets: its version
_MADE_OF = b"glane_made_of"  # a digest of the documents and rules, where a run was made of these
_REMEDY = "Give the file that glane pseudonymise wrote as offsets=…, or the run as data.pseudonyms.offsets=…."
PLACES = pa.schema(
    {
        "id": pa.string(), "new_id": pa.string(), "kind": pa.string(), "start": pa.int32(), "end": pa.int32(),
        "new_start": pa.int32(), "new_end": pa.int32(),
    },
    metadata={_OFFSETS: b"1"},
)  # fmt: skip


def places_made_of(made_of: str) -> pa.Schema:
    """The schema of a file of offsets that tells of which documents it is."""
    return PLACES.with_metadata({**PLACES.metadata, _MADE_OF: made_of.encode()})


def refuse_other(offsets: Path, made_of: str) -> None:
    """Refuse to replace a file that holds no offsets, or those of other documents: they are there once.

    Raises:
        RunError: if it does not, or holds those.
    """
    if not offsets.exists():
        return
    if not is_offsets(offsets):
        raise RunError(f"offsets: {offsets} is there, and holds no offsets. Choose another path.")
    if _made_of(offsets) != made_of:
        raise RunError(
            f"offsets: {offsets} holds those of other documents or rules, and nobody could go back to these originals "
            f"any more. Choose another path, as offsets={_free_beside(offsets)}"
        )


def refuse_places_of_others(path: str | Path, made_of: str) -> None:
    """Refuse offsets that are not those of a run's documents: each place would be another one.

    Raises:
        DataError: if they are not, or the file cannot be read.
    """
    path = Path(path).expanduser()
    try:
        found = _made_of(path)
    except (OSError, pa.ArrowException):
        raise DataError(f"offsets: {path} cannot be read. {_REMEDY}") from None
    if found != made_of:
        raise DataError(f"offsets: {path} is not of the documents of this run. {_REMEDY}")


def _made_of(path: Path) -> str:
    return (parquet_schema(path).metadata or {}).get(_MADE_OF, b"").decode()


def _free_beside(offsets: Path) -> Path:
    """A path beside one that is taken."""
    named = (offsets.with_stem(f"{offsets.stem}_{number}") for number in count(2))
    return next(path for path in named if not path.exists())


def is_offsets(path: Path) -> bool:
    """Whether a file is one of offsets."""
    try:
        return _OFFSETS in (parquet_schema(path).metadata or {})
    except (OSError, pa.ArrowException):
        return False


def publish_places(made: Path, offsets: Path) -> None:
    """Put the places where they are kept, and remove the file that was made.

    Raises:
        RunError: if the file system refuses, or others were put there meanwhile.
    """
    refuse_other(offsets, _made_of(made))
    with storage_errors(offsets, setting="offsets"):
        offsets.parent.mkdir(parents=True, exist_ok=True)
    replace_file(offsets, partial(_copy, made), mode=_FILE_MODE, setting="offsets")
    made.unlink()


def _copy(path: Path, stream: IO[bytes]) -> None:
    with path.open("rb") as content:
        shutil.copyfileobj(content, stream)


def read_places(path: str | Path, new_ids: Sequence[str]) -> pa.Table:
    """The places of what was replaced in some documents: `id`, `new_id`, `kind`, offsets in both texts in code points.

    Raises:
        DataError: if the file cannot be read, or is no such file.
    """
    path = Path(path).expanduser()
    try:
        with open_parquet(path) as parquet:
            if _OFFSETS not in (parquet.schema_arrow.metadata or {}):
                raise DataError(f"offsets: {path} holds no offsets. {_REMEDY}")
            wanted = pa.array(list(new_ids), parquet.schema_arrow.field("new_id").type)
            groups = map(parquet.read_row_group, range(parquet.num_row_groups))
            found = [group.filter(pc.is_in(group["new_id"], value_set=wanted)) for group in groups]
            return pa.concat_tables([parquet.schema_arrow.empty_table(), *found])
    except (OSError, pa.ArrowException):
        raise DataError(f"offsets: {path} cannot be read. {_REMEDY}") from None
