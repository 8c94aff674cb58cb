"""Small workbooks made by hand: XLSX, ODS and XLSB with just the parts that a reader needs."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

_TYPES = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/></Types>'
_LINK = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
DATE, CODE = 1, 2  # styles: dd/mm/yyyy, 00000
STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="2"><numFmt numFmtId="170" formatCode="dd/mm/yyyy"/>'
    '<numFmt numFmtId="171" formatCode="{code}"/></numFmts><fonts count="1"><font/></fonts><fills count="1"><fill/></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="3"><xf numFmtId="0"/>'
    '<xf numFmtId="170" applyNumberFormat="1"/><xf numFmtId="171" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def _column(index: int) -> str:
    return ("" if index < 26 else chr(64 + index // 26)) + chr(65 + index % 26)


def cell_xml(place: str, cell: object) -> str:
    """One cell: text, number, boolean, (number, style), {"formula": …, "value": …} or {"error": …}."""
    style = ""
    if isinstance(cell, tuple):
        cell, style = cell[0], f' s="{cell[1]}"'
    if isinstance(cell, dict) and "error" in cell:
        return f'<c r="{place}" t="e"><f>1/0</f><v>{cell["error"]}</v></c>'
    if isinstance(cell, dict):
        value = "" if cell.get("value") is None else f"<v>{cell['value']}</v>"
        return f'<c r="{place}"><f>{cell["formula"]}</f>{value}</c>'
    if isinstance(cell, bool):
        return f'<c r="{place}" t="b"><v>{int(cell)}</v></c>'
    if isinstance(cell, int | float):
        return f'<c r="{place}"{style}><v>{cell!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(str(cell))}</t></is></c>'


def write_xlsx(
    path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], *, merged: Sequence[str] = (), code: str = "0"
) -> Path:
    """Write sheets of rows; None is no cell."""
    names = list(sheets)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", _TYPES)
        packed.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="b" Type="{_LINK}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book = "".join(f'<sheet name="{escape(one)}" sheetId="{i}" r:id="r{i}"/>' for i, one in enumerate(names, 1))
        packed.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_LINK}"><sheets>{book}</sheets></workbook>'
        )
        links = "".join(
            f'<Relationship Id="r{i}" Type="{_LINK}/worksheet" Target="worksheets/s{i}.xml"/>'
            for i in range(1, len(names) + 1)
        )
        links += f'<Relationship Id="s" Type="{_LINK}/styles" Target="styles.xml"/>'
        packed.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{links}</Relationships>',
        )
        packed.writestr("xl/styles.xml", STYLES.replace("{code}", code))
        for i, rows in enumerate(sheets.values(), 1):
            lines = "".join(
                f'<row r="{r}">'
                + "".join(cell_xml(f"{_column(c)}{r}", cell) for c, cell in enumerate(row) if cell is not None)
                + "</row>"
                for r, row in enumerate(rows, 1)
            )
            areas = "".join(f'<mergeCell ref="{one}"/>' for one in merged)
            areas = f"<mergeCells>{areas}</mergeCells>" if areas else ""
            packed.writestr(
                f"xl/worksheets/s{i}.xml",
                f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData>{areas}</worksheet>',
            )
    return path


def write_ods(path: Path, sheets: Mapping[str, Sequence[Sequence[object]]], *, manifest: str = "") -> Path:
    """Write sheets of texts, numbers, booleans and ISO dates (as ("2024-01-05", "date"))."""

    def one(cell: object) -> str:
        if cell is None:
            return "<table:table-cell/>"
        if isinstance(cell, tuple):
            return f'<table:table-cell office:value-type="date" office:date-value="{cell[0]}"/>'
        if isinstance(cell, bool):
            return f'<table:table-cell office:value-type="boolean" office:boolean-value="{str(cell).lower()}"/>'
        if isinstance(cell, int | float):
            return f'<table:table-cell office:value-type="float" office:value="{cell}"/>'
        return f'<table:table-cell office:value-type="string"><text:p>{escape(str(cell))}</text:p></table:table-cell>'

    tables = "".join(
        f'<table:table table:name="{escape(name)}">'
        + "".join(f"<table:table-row>{''.join(map(one, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    urn = "urn:oasis:names:tc:opendocument:xmlns"
    spaces = f'xmlns:office="{urn}:office:1.0" xmlns:table="{urn}:table:1.0" xmlns:text="{urn}:text:1.0"'
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        packed.writestr("META-INF/manifest.xml", f"<manifest>{manifest}</manifest>")
        packed.writestr(
            "content.xml",
            f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {spaces}><office:body><office:spreadsheet>{tables}'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    return path


def _record(kind: int, content: bytes = b"") -> bytes:
    head = bytes([kind]) if kind < 0x80 else bytes([kind & 0xFF | 0x80, kind >> 7])
    size, parts = len(content), []
    while True:
        parts.append(size & 0x7F | (0x80 if size > 0x7F else 0))
        size >>= 7
        if not size:
            break
    return head + bytes(parts) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")


def write_xlsb(path: Path, name: str, rows: Sequence[Sequence[object]]) -> Path:
    """Write a sheet of texts, doubles and booleans, as [MS-XLSB] describes its records."""
    sheet = struct.pack("<II", 0, 1) + _wide("r1") + _wide(name)
    book = _record(131) + _record(143) + _record(156, sheet) + _record(144) + _record(132)
    cells = _record(129) + _record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, len(rows[0]) - 1)) + _record(145)
    for r, row in enumerate(rows):
        cells += _record(0, struct.pack("<IIHBBBI", r, 0, 300, 0, 0, 0, 0))
        for c, cell in enumerate(row):
            at = struct.pack("<II", c, 0)
            if isinstance(cell, bool):
                cells += _record(4, at + bytes([cell]))
            elif isinstance(cell, int | float):
                cells += _record(5, at + struct.pack("<d", cell))
            elif cell is not None:
                cells += _record(6, at + _wide(str(cell)))
    cells += _record(146) + _record(130)
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("[Content_Types].xml", _TYPES)
        packed.writestr("xl/workbook.bin", book)
        packed.writestr(
            "xl/_rels/workbook.bin.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="{_LINK}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        packed.writestr("xl/worksheets/sheet1.bin", cells)
    return path


def _biff(kind: int, content: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(content)) + content


def write_xls(path: Path, name: str, rows: Sequence[Sequence[object]], *, is_locked: bool = False) -> Path:
    """Write a sheet of texts and doubles as BIFF8 in a compound file; locked, with the mark of a password."""
    begin = _biff(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    if is_locked:
        begin += _biff(0x2F, struct.pack("<HHH", 1, 1, 1) + bytes(48))
    tail = _biff(0x0A)
    title = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    place = len(begin) + 4 + 6 + len(title) + len(tail)
    cells = _biff(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    cells += _biff(0x200, struct.pack("<IIHHH", 0, len(rows), 0, len(rows[0]), 0))
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            at = struct.pack("<HHH", r, c, 0)
            if isinstance(cell, int | float):
                cells += _biff(0x203, at + struct.pack("<d", cell))
            elif cell is not None:
                cells += _biff(0x204, at + struct.pack("<HB", len(str(cell)), 1) + str(cell).encode("utf-16-le"))
    book = begin + _biff(0x85, struct.pack("<IH", place, 0) + title) + tail + cells + _biff(0x0A)
    path.write_bytes(_compound("Workbook", book))
    return path


def _compound(name: str, content: bytes) -> bytes:
    """A compound file of [MS-CFB] with one stream, of at least 4096 bytes so that it has sectors of its own."""
    content = content.ljust(max(4096, -(-len(content) // 512) * 512), b"\0")
    sectors = len(content) // 512
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    head += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", 0) + b"\xff" * (108 * 4)
    chain = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, 2 + sectors), 0xFFFFFFFE]
    table = b"".join(struct.pack("<I", one) for one in chain).ljust(512, b"\xff")

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        wide = title.encode("utf-16-le") + b"\0\0"
        links = struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, child)
        return (
            wide.ljust(64, b"\0")
            + struct.pack("<HBB", len(wide), kind, 1)
            + links
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    folder = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(content)) + bytes(256)
    return head + table + folder + content


def write_encrypted(path: Path) -> Path:
    """Write what Office makes of a workbook with a password: a compound file with an encrypted package."""
    path.write_bytes(_compound("EncryptedPackage", b"x" * 4096))
    return path
