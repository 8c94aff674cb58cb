"""Twins as files: Parquet and CSV, scripts that read them in SAS and R, and what they were made of."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import polars as pl
import yaml

from glane.errors import DataError
from glane.programs.description import Tables
from glane.programs.loading import r_script, sas_script
from glane.records import Record, read_record
from glane.run.written import digest_of

MANIFEST = "twins.json"


class TwinSet(Record):
    """What `twins.json` says: the tables beside it are synthetic, and these were made of this description."""

    kind: Literal["glane twins"] = "glane twins"
    version: Literal[1] = 1
    seed: int
    described: Tables
    files: Mapping[str, str]  # Parquet files by the name of their table, with digests


def twin_files(described: Tables, twins: Mapping[str, pl.DataFrame], *, seed: int) -> dict[str, bytes]:
    """The files of a folder of twins by their names, the manifest first."""
    stored = {f"{name}.parquet": _parquet(one) for name, one in twins.items()}
    manifest = TwinSet(seed=seed, described=described, files={name: digest_of(one) for name, one in stored.items()})
    return {
        MANIFEST: manifest.as_json(),
        **stored,
        **{f"{name}.csv": _csv(one) for name, one in twins.items()},
        "lire.sas": sas_script(twins).encode(),
        "lire.R": r_script(twins).encode(),
    }


def read_twins(folder: Path, *, place: str) -> tuple[TwinSet, dict[str, pl.DataFrame]]:
    """Read a folder of twins that glane wrote.

    Raises:
        DataError: if it holds none, or a table was changed: real rows would come into the report.
        RecordError: if the manifest is damaged.
    """
    try:
        manifest = read_record(TwinSet, folder / MANIFEST)
    except FileNotFoundError:
        raise DataError(
            f"{place}: {folder} has no {MANIFEST}, so its tables may be real ones. Give the folder twins that glane "
            "wrote, or a description of the tables; see docs/programs.md."
        ) from None
    twins = {}
    for name, digest in manifest.files.items():
        path = folder / name
        if not path.is_file() or digest_of(path) != digest:
            raise DataError(
                f"{place}: {path} is not as glane wrote it, and {MANIFEST} vouches for synthetic tables only. Make the "
                "twins again."
            )
        twins[path.stem] = pl.read_parquet(path)
    return manifest, {name: twins[name] for name in manifest.described.tables if name in twins}


def as_yaml(described: Tables) -> bytes:
    """A description as a file that `tables=` takes."""
    values = described.model_dump(mode="json", exclude_defaults=True)
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True).encode()


def _parquet(table: pl.DataFrame) -> bytes:
    stream = io.BytesIO()
    table.write_parquet(stream, compression="zstd")
    return stream.getvalue()


def _csv(table: pl.DataFrame) -> bytes:
    """Yes and no as 1 and 0, days as 2025-01-31, nothing where a value is missing."""
    plain = table.with_columns(pl.col(pl.Boolean).cast(pl.Int8))
    return plain.write_csv(datetime_format="%Y-%m-%dT%H:%M:%S").encode()
