"""A white page, as large as those of documents: whether a server reads it does not depend on what is on a page."""

from __future__ import annotations

import math
import struct
import zlib

_A4_INCHES = (210 / 25.4, 297 / 25.4)
_BITS_OF_A_COLOUR, _RGB = 8, 2


def white_size(dpi: int, max_pixels: int) -> tuple[int, int]:
    """Width and height in pixels of a page of A4, drawn as pages are."""
    width, height = (inches * dpi for inches in _A4_INCHES)
    scale = min(1.0, math.sqrt(max_pixels / (width * height)))
    return max(1, math.floor(width * scale)), max(1, math.floor(height * scale))


def white_page(dpi: int, max_pixels: int) -> bytes:
    """The page as PNG (ISO/IEC 15948), of some kilobytes."""
    width, height = white_size(dpi, max_pixels)
    line = b"\0" + b"\xff" * (3 * width)
    packed = zlib.compressobj()
    data = b"".join(packed.compress(line) for _ in range(height)) + packed.flush()
    head = struct.pack(">IIBBBBB", width, height, _BITS_OF_A_COLOUR, _RGB, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
