"""What an assessment reads and writes: Parquet files by path, and folders of files that appear whole or not at all."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from glane.errors import DataError, RunError
from glane.storage import replace_file, storage_errors

_FILE_MODE, _FOLDER_MODE = 0o600, 0o700  # what is written holds values of documents
_SETTING = "out.dir"  # that of every job here


def read_table(path: str, *, place: str) -> pl.DataFrame:
    """Read a Parquet file, or all files of a directory or a glob.

    Raises:
        DataError: if there is none, or it is no Parquet.
    """
    full = Path(path).expanduser()
    pattern = full / "*.parquet" if full.is_dir() else full
    try:
        return pl.read_parquet(pattern)
    except FileNotFoundError:
        raise DataError(f"{place}: no file {path}. Give a Parquet file, a directory or a glob.") from None
    except (OSError, pl.exceptions.PolarsError) as error:
        if "expanded paths were empty" in str(error):
            raise DataError(f"{place}: {path} matches no file. Give a Parquet file, a directory or a glob.") from None
        raise DataError(f"{place}: {path} is not readable Parquet ({type(error).__name__}).") from None


def write_folder(folder: str | Path, files: Mapping[str, bytes]) -> None:
    """Write files into a folder, each in one step, readable by their owner only.

    Raises:
        RunError: if the file system refuses.
    """
    root = Path(folder).expanduser()
    if root.exists() and not root.is_dir():
        raise RunError(f"out.dir: {folder} is a file. Choose another directory.")
    with storage_errors(root, setting=_SETTING):
        root.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
    for name, content in files.items():
        replace_file(
            root / name,
            lambda stream, content=content: stream.write(content),  # type: ignore[misc]
            mode=_FILE_MODE, setting=_SETTING,
        )  # fmt: skip


def as_parquet(table: pl.DataFrame) -> bytes:
    """The bytes of a Parquet file."""
    stream = io.BytesIO()
    table.write_parquet(stream, compression="zstd")
    return stream.getvalue()


def as_json(values: Mapping[str, Any]) -> bytes:
    """Readable JSON; a value that is not defined is null in it."""
    return json.dumps(values, ensure_ascii=False, indent=2, allow_nan=False).encode()
