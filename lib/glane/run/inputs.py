"""The input files of a run, as its fingerprint has them."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from glane.corpus.files import InputFile
from glane.run.description import RunDescription
from glane.run.unaltered import digest_once, refuse_altered_around

_READERS = 8


def input_digests(files: Sequence[InputFile], known: RunDescription | None) -> list[dict[str, Any]]:
    """Name, number of rows and content digest of each file. Files unchanged since `run.yaml` are not read again.

    Raises:
        GlaneError: if a file cannot be read, or is of the records of a complete run that were altered.
    """
    entries = () if known is None else known.files
    recorded = {(entry.path, entry.identity): entry.digest for entry in entries}
    found = [recorded.get((str(Path(f.path).resolve()), f.identity)) for f in files]
    new = [file for file, digest in zip(files, found, strict=True) if digest is None]
    refuse_altered_around(file.path for file in new)
    with ThreadPoolExecutor(_READERS) as pool:  # hashing releases the interpreter's lock
        digests = pool.map(lambda file: digest_once(file.path, file.identity), new)
    return [
        {"name": Path(file.path).name, "rows": file.num_rows, "digest": digest or next(digests)}
        for file, digest in zip(files, found, strict=True)
    ]


def are_same_inputs(one: RunDescription, other: RunDescription) -> bool:
    """Whether two runs read the same files, or files that were made of the same tables in the same way.

    What is made of a table has other bytes each time where it is encrypted.
    """
    both = [told.fingerprint["inputs"] for told in (one, other)]
    if both[0] == both[1]:
        return True
    sizes = [[(entry["name"], entry["rows"]) for entry in told] for told in both]
    return bool(one.tables) and one.tables == other.tables and sizes[0] == sizes[1]
