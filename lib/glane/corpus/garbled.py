"""Texts whose accents were read in the wrong encoding before they became Parquet: "FiÃ¨vre", "lâ€™enfant"."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from glane.corpus.columns import is_text
from glane.corpus.files import InputFile
from glane.parquet import open_parquet

_FIRST, _FILES = 400, 20  # documents and files that are looked at
_BEGINNING = 100_000  # bytes of a document that are: a text of a gigabyte is not held twice for this
# UTF-8 that was read as Windows-1252 or Latin-1: the first byte of two or three, as a letter, and those that follow.
_FOLLOWS = "\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
_GARBLED = re.compile(f"[ÂÃÅ][{_FOLLOWS}]|â[{_FOLLOWS}]{{2}}|ï»¿")
_REPLACED = "\ufffd"  # what a reader wrote for bytes that it could not read


def is_garbled(text: str) -> bool:
    """Whether a text has letters that come of a wrong encoding."""
    return _REPLACED in text or any(_is_utf8(found[0]) for found in _GARBLED.finditer(text))


def _is_utf8(letters: str) -> bool:
    """Whether letters are one character of UTF-8 that was read in another encoding, and not a word in capitals."""
    for encoding in ("cp1252", "latin-1"):
        try:
            return len(letters.encode(encoding).decode("utf-8")) == 1
        except UnicodeError:
            continue
    return False


def garbled_lines(files: Sequence[InputFile], text_column: str) -> list[str]:
    """A warning about the first documents of some files of an input, without a word of them; nothing if they are well.

    Of many files some are looked at, from the first to the last: one month may have come of another program.
    """
    some = [files[i * (len(files) - 1) // max(1, _FILES - 1)] for i in range(_FILES)] if len(files) > _FILES else files
    looked_at, found = 0, {}
    for file in some:
        texts = _first_texts(file, text_column, max(1, _FIRST // len(some)))
        looked_at += len(texts)
        if num := sum(is_garbled(text) for text in texts if text):
            found[file.name] = num
    if not found:
        return []
    where = "" if len(files) == 1 else f", in {len(found)} of {len(some)} files, as {next(iter(found))}"
    return [
        f"warning: {sum(found.values())} of the first {looked_at} documents{where} have letters of a wrong encoding "
        "(as Ã© for é, or a mark in the place of a letter): the file was read as another encoding than it has before "
        "it became Parquet. Convert it again, with the encoding of the original"
    ]


def _first_texts(file: InputFile, text_column: str, count: int) -> Sequence[str | None]:
    try:
        with open_parquet(file.path) as parquet:
            batch = next(parquet.iter_batches(count, columns=[text_column]), None)
        if batch is None or not is_text(batch.column(0).type):
            return []
        column = batch.column(0)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        return [None if text is None else _decoded(text) for text in _beginnings(column).to_pylist()]
    except (OSError, pa.ArrowException, KeyError, StopIteration):
        return []  # what cannot be read is told where it is read


def _beginnings(column: pa.Array) -> pa.Array:
    return pc.binary_slice(column.cast(pa.large_binary()), 0, _BEGINNING)


def _decoded(beginning: bytes) -> str:
    """The text, without the character that its end cut in two."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(beginning, final=len(beginning) < _BEGINNING)
    except UnicodeDecodeError:
        return beginning.decode("utf-8", "replace")
