"""The fingerprint of a run: all that decides its result. A run is resumed only with the same fingerprint."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from glane.storage import bytes_digest

_MOST = 20  # differences that are listed
Fingerprint = Mapping[str, Any]  # plain values; each kind of work chooses its own keys


def fingerprint_digest(fingerprint: Fingerprint) -> str:
    """BLAKE2b of a fingerprint, as 32 hexadecimal digits."""
    return text_digest(json.dumps(fingerprint, sort_keys=True, ensure_ascii=False))


def text_digest(text: str) -> str:
    """BLAKE2b of a text, as 32 hexadecimal digits."""
    return bytes_digest(text.encode())


def differences(before: Any, now: Any, *, place: str = "") -> list[str]:
    """Return one line per value that differs, `place: before -> now`."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        lines = []
        for key in dict.fromkeys([*before, *now]):
            inner = f"{place}.{key}" if place else str(key)
            lines.extend(differences(before.get(key), now.get(key), place=inner))
        return lines
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        pairs = zip(before, now, strict=True)
        return [line for i, (a, b) in enumerate(pairs) for line in differences(a, b, place=f"{place}[{i}]")]
    return [] if before == now else [f"{place}: {_short(before)} -> {_short(now)}"]


def listed_differences(before: Any, now: Any) -> str:
    """What differs, a line each, of the first 20; an empty text where nothing does."""
    lines = differences(before, now)
    more = f"\n  … and {len(lines) - _MOST} more" if len(lines) > _MOST else ""
    return "\n".join(f"  {line}" for line in lines[:_MOST]) + more


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:77]}…"
