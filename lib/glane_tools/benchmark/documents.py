"""How fast files are read, beside the libraries alone: `python -m glane_tools.benchmark.documents`.

Reads the same PDF and Word files with PDFium or python-docx alone, in this process, and with the product's reader and
its process. Processor time of both processes is counted, so that the figure is one per core, whatever else the machine
does. The two take turns; the ratio of each turn is within one run.
"""

from __future__ import annotations

import io
import random
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import docx
import psutil
import pypdfium2
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen.canvas import Canvas

from glane.documents.read import Limits, Options, Parser

FILES, TURNS = 40, 5
_WORDS = ("patient", "fièvre", "hôpital", "toux", "signalement", "semaine", "adressé", "cas", "confirmé", "dyspnée")


def main() -> None:
    """Make the files, read them, and print a line for each kind."""
    kinds: dict[str, tuple[Callable[[random.Random], bytes], Callable[[Path], str]]] = {
        "pdf": (_pdf, _plain_pdf),
        "docx": (_docx, _plain_docx),
    }
    for kind, (make, plain) in kinds.items():
        with tempfile.TemporaryDirectory() as folder:
            paths = [Path(folder) / f"{number}.{kind}" for number in range(FILES)]
            for number, path in enumerate(paths):
                path.write_bytes(make(random.Random(number)))
            print(_compared(kind, paths, plain))


def _compared(kind: str, paths: list[Path], plain: Callable[[Path], str]) -> str:
    alone, ours = list[float](), list[float]()
    with Parser(limits=Limits(), options=Options()) as parser:
        parser.read(paths[0])  # libraries are loaded once
        plain(paths[0])
        for _ in range(TURNS):
            started = time.process_time()
            characters = sum(len(plain(path)) for path in paths)
            alone.append(time.process_time() - started)
            started = time.process_time() + _time_of_readers()
            read = sum(len(document.text) for path in paths for document in parser.read(path))
            ours.append(time.process_time() + _time_of_readers() - started)
    ratios = [before / after for before, after in zip(alone, ours)]
    return (
        f"{kind}: {FILES / statistics.median(ours):.0f} files/s per core, {read / FILES:.0f} characters a file; "
        f"library alone {FILES / statistics.median(alone):.0f} files/s, {characters / FILES:.0f} characters; "
        f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    )


def _time_of_readers() -> float:
    times = [child.cpu_times() for child in psutil.Process().children()]
    return float(sum(one.user + one.system for one in times))


def _lines(number: int, chance: random.Random) -> list[str]:
    return [" ".join(chance.choices(_WORDS, k=11)) for _ in range(number)]


def _pdf(chance: random.Random) -> bytes:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=A4, pageCompression=1)
    for _ in range(10):
        for place, line in enumerate(_lines(45, chance)):
            canvas.drawString(60, 780 - 16 * place, line)
        canvas.showPage()
    canvas.save()
    return stream.getvalue()


def _docx(chance: random.Random) -> bytes:
    document = docx.Document()
    for line in _lines(300, chance):
        document.add_paragraph(line)
    table = document.add_table(20, 4)
    for row in table.rows:
        for cell, line in zip(row.cells, _lines(4, chance)):
            cell.text = line
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _plain_pdf(path: Path) -> str:
    pdf = pypdfium2.PdfDocument(path)
    text = "\n".join(page.get_textpage().get_text_range() for page in pdf)
    pdf.close()
    return text


def _plain_docx(path: Path) -> str:
    document = docx.Document(str(path))
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(paragraph.text for paragraph in document.paragraphs), *cells])


if __name__ == "__main__":
    main()
