"""Whether a file of weights is whole, and what it says that it holds: the header of safetensors, read strictly.

The format: eight bytes with the length of the header, JSON that names each tensor's kind of numbers, shape and place,
and the numbers, without a gap (https://github.com/huggingface/safetensors#format).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from glane.errors import ConfigError

_LONGEST_HEADER = 100_000_000  # bytes, as the library of the format has it
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32, "I64": 64, "U64": 64, "F64": 64,
    "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    """One tensor of a file: its kind of numbers, how many they are, and the bytes that they take."""

    dtype: str
    num_values: int
    num_bytes: int


def check_safetensors(file: Path, *, place: str = "model.path") -> None:
    """Check a file's header, and its size against it: a copy that was interrupted is shorter.

    Raises:
        ConfigError: if it is wrong; `place` is the setting that names its folder.
    """
    try:
        read_header(file)
    except ValueError as error:
        raise ConfigError(
            f"{place}: {file} is damaged or was not copied whole: {error}. Copy it again from where the model was "
            "published."
        ) from None


def read_header(file: Path) -> dict[str, Tensor]:
    """The tensors of a file, by their names.

    Raises:
        ValueError: saying what is wrong, if the header does not describe the whole file and nothing else.
    """
    try:
        with file.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            size = file.stat().st_size
            if length > min(_LONGEST_HEADER, size - 8):
                raise ValueError(f"its header claims {length} bytes")
            header = json.loads(stream.read(length).decode(), object_pairs_hook=_each_once)  # UTF-8, and no mark before
    except OSError as error:
        raise ValueError(f"it cannot be read ({error.strerror})") from None
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise ValueError("its header is no JSON") from None
    if not isinstance(header, Mapping):
        raise ValueError("its header is no mapping")
    return _tensors(header, data_bytes=size - 8 - length)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("its header names a tensor twice")
    return found


def _tensors(header: Mapping[str, Any], *, data_bytes: int) -> dict[str, Tensor]:
    found, spans = {}, []
    for name, told in header.items():
        if name == "__metadata__":
            continue
        begin, end, dtype, values = _entry(told)
        if (bits := _BITS.get(dtype)) is not None and (end - begin) * 8 != values * bits:
            raise ValueError("the shape of a tensor does not fit its bytes")
        spans.append((begin, end))
        found[name] = Tensor(dtype=dtype, num_values=values, num_bytes=end - begin)
    last = 0
    for begin, end in sorted(spans):
        if begin != last:
            raise ValueError("tensors overlap" if begin < last else "there are bytes that belong to no tensor")
        last = end
    if last != data_bytes:
        raise ValueError(f"it has {data_bytes} bytes of numbers, and its header tells of {last}")
    return found


def _entry(told: Any) -> tuple[int, int, str, int]:
    try:
        dtype, shape, (begin, end) = told["dtype"], told["shape"], told["data_offsets"]
        numbers = [begin, end, *shape]
        is_right = isinstance(dtype, str) and all(type(one) is int and one >= 0 for one in numbers) and begin <= end
    except (KeyError, TypeError, ValueError):
        is_right = False
    if not is_right:
        raise ValueError("its header describes a tensor wrongly")
    return begin, end, dtype, prod(shape)
