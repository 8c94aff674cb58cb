"""What a workbook is before a cell is read: encrypted, no workbook at all, too large, or with values never computed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from glane.errors import DataError

_MOST_UNPACKED = 2**32
_MOST_PART = 2**26  # of a part that is read whole
_OLE, _ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
_ZEROS = re.compile(rb'formatCode="0{2,}"')
_ENCRYPTED = "asks for a password. Save it without one, or export the sheet as CSV"


def check_workbook(source: Path) -> None:
    """Check what a file is by its content, whatever its name.

    Raises:
        DataError: if it is encrypted, no workbook, or unpacks to more than 4 GiB.
    """
    with source.open("rb") as stream:
        head = stream.read(2**16)
        if head.startswith(_OLE):
            stream.seek(0)
            if source.suffix.lower() != ".xls" or _holds(stream.read(2**22), "EncryptedPackage"):
                raise DataError(f"{source}: {_ENCRYPTED}.")
            return
    if not head.startswith(_ZIP):
        what = "an HTML page" if b"<html" in head.lower() or b"<table" in head.lower() else "another file"
        raise DataError(f"{source}: is no workbook, but {what} with its ending. Open it and save it as XLSX or CSV.")
    try:
        with zipfile.ZipFile(source) as packed:
            names = set(packed.namelist())
            unpacked = sum(one.file_size for one in packed.infolist())
            is_ods = "content.xml" in names
            manifest = _part(packed, "META-INF/manifest.xml") if is_ods else b""
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError):
        raise DataError(f"{source}: is damaged or cut off. Copy it again.") from None
    if not is_ods and not names & {"xl/workbook.xml", "xl/workbook.bin"}:
        raise DataError(
            f"{source}: is no workbook, but another archive with its ending. Unpack it, and give what is in it."
        )
    if b"encryption-data" in manifest:
        raise DataError(f"{source}: {_ENCRYPTED}.")
    if unpacked > _MOST_UNPACKED:
        raise DataError(f"{source}: unpacks to {unpacked >> 20} MiB, and 4 GiB is the most. Export the sheet as CSV.")


def remarks(source: Path, sheet: str) -> list[str]:
    """What cells of a sheet of XLSX would lose without a word: merged areas, and zeros that only a format shows.

    Raises:
        DataError: if formulas of the sheet have no value, as no spreadsheet program has computed them.
    """
    if source.suffix.lower() not in (".xlsx", ".xlsm") or not zipfile.is_zipfile(source):
        return []
    try:
        with zipfile.ZipFile(source) as packed:
            path = _path_of(packed, sheet)
            if path is None:
                return []
            formulas, merged = _counts(packed, path)
            styles = _part(packed, "xl/styles.xml")
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, RuntimeError):
        return []  # who reads the cells says so
    if formulas:
        raise DataError(
            f"{source}: {formulas} formulas of sheet {sheet!r} have no computed value: no spreadsheet program has "
            "saved the file. Open it in one, and save it."
        )
    notes = []
    if merged:
        notes.append(f"{merged} merged areas: their value is in the first cell of each, and the others are empty")
    if _ZEROS.search(styles):
        notes.append("a number format shows zeros in front, which the numbers do not have: codes may lack them")
    return notes


def _holds(content: bytes, name: str) -> bool:
    return name.encode("utf-16-le") in content


def _part(packed: zipfile.ZipFile, name: str) -> bytes:
    try:
        with packed.open(name) as stream:
            return stream.read(_MOST_PART)
    except KeyError:
        return b""


def _path_of(packed: zipfile.ZipFile, sheet: str) -> str | None:
    """The part of the archive that holds a sheet."""
    book = ElementTree.fromstring(_part(packed, "xl/workbook.xml"))
    links = ElementTree.fromstring(_part(packed, "xl/_rels/workbook.xml.rels"))
    found = next((one for one in book.iterfind(".//{*}sheet") if one.get("name") == sheet), None)
    wanted = next((text for name, text in found.items() if _local(name) == "id"), None) if found is not None else None
    target = next((one.get("Target") for one in links if one.get("Id") == wanted), None) if wanted else None
    if target is None:
        return None
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"


def _local(name: str) -> str:
    """A name without its namespace: transitional and strict files have different ones."""
    return name.rpartition("}")[2]


def _counts(packed: zipfile.ZipFile, path: str) -> tuple[int, int]:
    """Formulas without a value, and merged areas. Where a cell says that its formula gives a text, no value is one."""
    formulas = merged = 0
    for element in _elements(packed, path):
        if _local(element.tag) == "mergeCell":
            merged += 1
        elif element.get("t") != "str":
            value = element.find("{*}v")
            formulas += element.find("{*}f") is not None and (value is None or not value.text)
    return formulas, merged


def _elements(packed: zipfile.ZipFile, path: str) -> Iterator[ElementTree.Element]:
    """Cells and merged areas of a sheet, one by one: what was looked at is let go."""
    with packed.open(path) as stream:
        rows: ElementTree.Element | None = None
        for event, element in ElementTree.iterparse(stream, events=("start", "end")):
            name = _local(element.tag)
            if event == "start":
                rows = element if name == "sheetData" else rows
                continue
            if name in ("c", "mergeCell"):
                yield element
            if name == "row" and rows is not None:
                rows.clear()
