"""The one place where Parquet files are opened and written: with keys told, they are encrypted (Parquet's own format).

Each file has a key of its own (AES-GCM, 256 bits), which is in its footer, encrypted with the ring's current key
(`glane.keys`). All columns and the footer are encrypted: names, counts and statistics do not show either. Plain files
are read as they are, with or without keys.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow.parquet import ParquetFile as ParquetFile
from pyarrow.parquet import ParquetWriter as ParquetWriter
from pyarrow.parquet.encryption import (
    CryptoFactory,
    DecryptionConfiguration,
    EncryptionConfiguration,
    KmsClient,
    KmsConnectionConfig,
)

from glane.errors import DataError
from glane.keys import KEY_COMMAND, KEY_FILE, Keyring, KeysError, keyring

if TYPE_CHECKING:  # who asks for a status waits for Polars otherwise
    import polars as pl

Place = str | Path | io.BytesIO  # of what is read
_MAGIC = b"PARE"  # how a file with an encrypted footer begins
PARQUET = (b"PAR1", _MAGIC)  # how one of them begins
_CODEC = "zstd"


class _Kms(KmsClient):
    """What Arrow asks for the keys of files."""

    def __init__(self, ring: Keyring) -> None:
        super().__init__()
        self._ring = ring

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return self._ring.wrap(key_bytes, master_key_identifier)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return self._ring.unwrap(wrapped_key, master_key_identifier)


class _Asked(KmsClient):
    """Writes down which key it is asked for, and has none."""

    def __init__(self, asked: list[str]) -> None:
        super().__init__()
        self._asked = asked

    def unwrap_key(self, _: bytes, master_key_identifier: str) -> bytes:
        self._asked.append(master_key_identifier)
        raise KeysError("it is only asked which")


def is_encrypted(path: Place) -> bool:
    """Whether a file has an encrypted footer.

    Raises:
        OSError: if it cannot be read.
    """
    if isinstance(path, io.BytesIO):
        return path.getbuffer()[: len(_MAGIC)] == _MAGIC
    with open(path, "rb") as stream:
        return stream.read(len(_MAGIC)) == _MAGIC


def key_of(path: str | Path) -> str | None:
    """The id of the key that a file is encrypted with, whether it is told or not; None of a plain one.

    Raises:
        OSError: if it cannot be read.
        pyarrow.ArrowException: if its footer is damaged.
    """
    if not is_encrypted(path):
        return None
    asked: list[str] = []
    factory = CryptoFactory(lambda _: _Asked(asked))
    try:
        how = factory.file_decryption_properties(KmsConnectionConfig(), DecryptionConfiguration())
        pq.read_metadata(path, decryption_properties=how)
    except KeysError:
        return asked[0]
    raise AssertionError("an encrypted footer was opened without a key")


def is_parquet(path: Path) -> bool:
    """Whether a file that can be read begins as Parquet does, plain or encrypted."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(_MAGIC)) in PARQUET
    except OSError:
        return False


def open_parquet(path: Place, **options: Any) -> ParquetFile:
    """Open a file, as `pyarrow.parquet.ParquetFile` does. Pages that have a checksum are compared with it.

    Raises:
        KeysError: if it is encrypted, and its key is not told.
    """
    with _told(path):
        return ParquetFile(path, decryption_properties=_decryption(path), page_checksum_verification=True, **options)


def read_parquet(path: str | Path, *, columns: Sequence[str] | None = None) -> pa.Table:
    """All rows of a file; raises as `open_parquet`."""
    with open_parquet(path) as parquet, _decrypted(path):
        return parquet.read(columns=None if columns is None else list(columns))


def parquet_schema(path: Place) -> pa.Schema:
    """The columns of a file with their types; raises as `open_parquet`."""
    with open_parquet(path) as parquet:
        return parquet.schema_arrow


def schema_as_read(table: pa.Table) -> pa.Schema:
    """The columns that a table has once it was written and is read: items of lists have another name then."""
    file = io.BytesIO()
    write_parquet(table.slice(0, 0), file)
    return parquet_schema(file)


def parquet_footer(path: str | Path) -> pq.FileMetaData:
    """What the footer of a file says; raises as `open_parquet`."""
    with _told(path):
        return pq.read_metadata(path, decryption_properties=_decryption(path))


def read_parquet_frame(path: str | Path, *, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """All rows of a file, as Polars reads them; raises as `open_parquet`."""
    import polars as pl

    if not is_encrypted(path):
        return pl.read_parquet(path, columns=None if columns is None else list(columns), glob=False)
    return _frame(read_parquet(path, columns=columns))


def scan_parquet(paths: Sequence[str | Path]) -> pl.LazyFrame:
    """The rows of files, read when they are asked for; raises as `open_parquet`."""
    import polars as pl
    from polars.io.plugins import register_io_source

    encrypted = next(filter(is_encrypted, paths), None)
    if encrypted is None:
        return pl.scan_parquet([str(path) for path in paths], glob=False)
    schema = _frame(parquet_schema(encrypted).empty_table()).schema
    return register_io_source(lambda *asked: _scanned(paths, *asked), schema=schema, validate_schema=True)


def _frame(table: pa.Table) -> pl.DataFrame:
    import polars as pl

    found = pl.from_arrow(table)
    assert isinstance(found, pl.DataFrame), "a table"
    return found


def _scanned(
    paths: Sequence[str | Path], columns: list[str] | None, where: pl.Expr | None, num_rows: int | None, _: int | None
) -> Iterator[pl.DataFrame]:
    """Row groups as a plan of Polars asks for them."""
    left = num_rows
    for path in paths:
        with open_parquet(path) as parquet:
            for number in range(parquet.num_row_groups):
                if left is not None and left <= 0:
                    return
                with _decrypted(path):
                    frame = _frame(parquet.read_row_group(number, columns=columns))
                frame = frame if left is None else frame.head(left)
                left = None if left is None else left - frame.height
                yield frame if where is None else frame.filter(where)


def write_parquet(table: pa.Table, sink: str | Path | IO[bytes] | pa.NativeFile, **options: Any) -> None:
    """Write a table, encrypted if keys are told; raises `KeysError` if they cannot be had."""
    pq.write_table(table, sink, encryption_properties=_encryption(), **{"compression": _CODEC} | options)


def write_parquet_frame(frame: pl.DataFrame, sink: IO[bytes]) -> None:
    """Write a frame, encrypted if keys are told; raises as `write_parquet`."""
    if keyring() is None:
        frame.write_parquet(sink, compression="zstd")
    else:
        write_parquet(frame.to_arrow(), sink)


def parquet_writer(sink: str | Path | IO[bytes] | pa.NativeFile, schema: pa.Schema, **options: Any) -> ParquetWriter:
    """A writer of tables, which encrypts if keys are told; raises as `write_parquet`."""
    return ParquetWriter(sink, schema, encryption_properties=_encryption(), **{"compression": _CODEC} | options)


def _factory(ring: Keyring) -> CryptoFactory:
    return CryptoFactory(lambda _: _Kms(ring))


def _encryption() -> Any:
    ring = keyring()
    if ring is None:
        return None
    how = EncryptionConfiguration(
        footer_key=ring.current, uniform_encryption=True, double_wrapping=False, data_key_length_bits=256
    )
    return _factory(ring).file_encryption_properties(KmsConnectionConfig(), how)


def _decryption(path: Place) -> Any:
    ring = keyring()
    if ring is None or not is_encrypted(path):
        return None
    return _factory(ring).file_decryption_properties(KmsConnectionConfig(), DecryptionConfiguration())


@contextlib.contextmanager
def _decrypted(path: str | Path) -> Iterator[None]:
    """Say that a file is damaged where a part does not decrypt: an error of the disk has a number, this has none."""
    try:
        yield
    except OSError as error:
        if error.errno is not None or not is_encrypted(path):
            raise
        raise DataError(
            f"{path}: damaged, or changed since it was encrypted: a part of it does not decrypt. Restore it from a "
            "copy; glane verify run.dir=… tells of all files of a run."
        ) from None


@contextlib.contextmanager
def _told(path: Place) -> Iterator[None]:
    """Say that a key is lacking where that is why a file cannot be opened: it would pass for a damaged one."""
    try:
        yield
    except (OSError, pa.ArrowException):
        if keyring() is None and not isinstance(path, io.BytesIO) and Path(path).is_file() and is_encrypted(path):
            raise KeysError(
                f"{path}: encrypted, and no key is told. Set {KEY_FILE} to the file of keys, or {KEY_COMMAND} to the "
                "command that prints them."
            ) from None
        raise
