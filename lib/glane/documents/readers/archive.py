"""ZIP archives: their members are documents of their own."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from glane.documents.package import Package
from glane.documents.parsed import Outcome
from glane.documents.reading import Context, Part, Reading

_NO_DOCUMENTS = ("__MACOSX/", ".DS_Store", "Thumbs.db")


def read(data: bytes, context: Context) -> Reading:
    """Open the archive; its members are unpacked one after another, within what may be unpacked of the file.

    Raises:
        Unread: if it is damaged.
    """
    package = Package(data, context.budget)
    number = sum(1 for _ in package.infos())
    return Reading(parts=_parts(package), outcome=Outcome.EMPTY, reason=f"it is an archive of {number} files")


def _parts(package: Package) -> Iterator[Part]:
    for name, info in package.infos():
        if not name.startswith(_NO_DOCUMENTS) and not name.endswith(_NO_DOCUMENTS):
            yield Part(name, partial(package.unpacked, info))
