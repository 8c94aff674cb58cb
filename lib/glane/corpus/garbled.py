"""Texts whose accents were read in the wrong encoding before they became Parquet: "FiÃ¨vre", "lâ€™enfant"."""

from __future__ import annotations

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

from glane.corpus.columns import is_text
from glane.corpus.files import InputFile
from glane.corpus.readable import readable

_FIRST = 200  # documents that are looked at
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
    """A warning about the first documents of an input, without a word of them; nothing where they are well."""
    try:
        with pq.ParquetFile(files[0].path) as parquet:
            batch = next(parquet.iter_batches(_FIRST, columns=[text_column]), None)
        if batch is None or not is_text(batch.column(0).type):
            return []
        column = batch.column(0)
        if pa.types.is_dictionary(column.type):
            column = column.cast(column.type.value_type)
        texts = readable(column.cast(pa.large_binary()).cast(pa.large_string(), safe=False)).to_pylist()
    except (OSError, pa.ArrowException, KeyError, StopIteration):
        return []  # what cannot be read is told where it is read
    num = sum(is_garbled(text) for text in texts if text)
    if not num:
        return []
    return [
        f"warning: {num} of the first {len(texts)} documents have letters of a wrong encoding (as Ã© for é, or a mark "
        "in the place of a letter): the file was read as another encoding than it has before it became Parquet. "
        "Convert it again, with the encoding of the original"
    ]
