"""The first texts of documents, wherever `data.path` may have them: a few to look at, before there is a run."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import pyarrow as pa

from glane.cluster.scratch import text_folder
from glane.corpus.blank import is_blank
from glane.corpus.columns import is_text
from glane.corpus.converted import converted, tables_in
from glane.corpus.files import unreadable_file
from glane.corpus.find import INPUT_FOLDER, find_files
from glane.corpus.readable import readable
from glane.errors import ConfigError, DataError, did_you_mean
from glane.parquet import open_parquet
from glane.run.unaltered import refuse_altered_around
from glane.tables.advice import conversion_command
from glane.tables.options import TableOptions
from glane.type_words import type_words

_BATCH_ROWS = 256


def first_texts(documents: pl.DataFrame | str | Path, column: str, number: int, *, place: str) -> list[str]:
    """The first `number` texts that are not blank.

    Args:
        documents: A frame; or a Parquet file, a table of another format, a folder or a glob, as `data.path` takes them.
        column: That holds the texts.
        number: Of texts, at most.
        place: The setting that named the documents, for errors.

    Raises:
        DataError: if there is no file or none can be read, the column is not there or no text, or all are blank.
    """
    if isinstance(documents, pl.DataFrame):
        _check(documents.clear().to_arrow().schema, column, place)
        found = _taken(documents.select(column).to_arrow().column(column).chunks, number)
    else:
        with _parquet(str(documents), place) as paths:
            found = _taken((part for path in paths for part in _parts(path, column, place)), number)
    if not found:
        raise DataError(f"{place}: column {column!r} has no text.")
    return found


@contextmanager
def _parquet(pattern: str, place: str) -> Iterator[Sequence[str]]:
    """The files, once tables of other formats are Parquet; what was made of these goes at the end."""
    found = find_files(pattern, place=place)
    tables = tables_in(found, TableOptions(), place=place)
    if not tables:
        refuse_altered_around(found.paths)
        yield found.paths
        return
    with text_folder() as folder:
        try:
            converted(tables, TableOptions(), folder / INPUT_FOLDER)
        except (ConfigError, DataError) as error:
            raise type(error)(
                f"{error} Only what is found out of a table by itself is taken here. To say how it is read, convert it "
                f"first, and give the Parquet file: {conversion_command(tables[0])}"
            ) from None
        yield sorted(str(path) for path in (folder / INPUT_FOLDER).glob("*.parquet"))


def _parts(path: str, column: str, place: str) -> Iterator[pa.Array]:
    try:
        with open_parquet(path) as parquet:
            _check(parquet.schema_arrow, column, f"{place}: {path}")
            for batch in parquet.iter_batches(_BATCH_ROWS, columns=[column]):
                yield readable(batch.column(0))
    except (pa.ArrowException, OSError) as error:
        raise unreadable_file(path, error) from None


def _check(schema: pa.Schema, column: str, place: str) -> None:
    if column not in schema.names:
        raise DataError(f"{place}: no column {column!r}; set text_column. {did_you_mean(column, schema.names)}")
    kind = schema.field(column).type
    if not is_text(kind):
        fitting = [field.name for field in schema if is_text(field.type)]
        raise DataError(
            f"{place}: column {column!r} is {type_words(kind)}, and texts are needed; set text_column to one of: "
            f"{', '.join(fitting) or '(none fits)'}."
        )


def _taken(parts: Iterator[pa.Array] | Sequence[pa.Array], number: int) -> list[str]:
    cells = (cell.as_py() for part in parts for cell in part if cell.is_valid)
    texts = (cell.decode("utf-8", "replace") if isinstance(cell, bytes) else cell for cell in cells)
    return list(itertools.islice((text for text in texts if not is_blank(text)), number))
