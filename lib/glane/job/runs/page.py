"""The list of runs as pages that need no server: an index, and a page of each run with its codebook and provenance."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path, PurePosixPath

from glane.assess.pages.page import Cell, decimal, heading, page, paragraph, table, with_range
from glane.assess.right_answers import right_answers_text
from glane.errors import GlaneError
from glane.extraction.places import drift_file
from glane.job.runs.records import Assessment, Quality, RunEntry
from glane.job.runs.words import WORDS
from glane.run.description import RunDescription, read_description
from glane.run.directory import RunDirectory
from glane.run.starts import starts
from glane.run.summary import Summary, read_summary
from glane.types import Language

INDEX = "index.html"
_MOST_INPUTS = 20
_QUALITY = ("f1", "documents", "right_answers")


def run_pages(entries: Sequence[RunEntry], folder: str | Path, *, language: Language = "fr") -> dict[str, bytes]:
    """Return the pages by name: links in them are right once they lie in `folder`, and lead to no other place."""
    root = Path(folder).expanduser().absolute()
    pages = {page_of(one): _run_page(one, root, language).encode() for one in entries if one.run_id}
    return {INDEX: _index(entries, root, language).encode(), **pages}


def page_of(entry: RunEntry) -> str:
    """The name of a run's page."""
    return f"run-{entry.run_id[:16]}.html"


def _index(entries: Sequence[RunEntry], root: Path, language: Language) -> str:
    def body(code: Language) -> str:
        words = WORDS[code]
        head = [words[name] for name in ("run", "task", "model", "toy", "created", "state", "made")]
        head += [
            words[name] for name in ("rows", "ok", "leaks", "gpu_hours", "energy", "f1", "documents", "right_answers")
        ]
        rows = [_index_row(one, root, code) for one in entries]
        shown = table(head, rows, text_columns=7) if rows else paragraph(words["none"])
        return heading(words["title"], 1) + paragraph(words["how"]) + shown

    return page(" / ".join(WORDS[code]["title"] for code in ("fr", "en")), body, language=language)


def _index_row(entry: RunEntry, root: Path, language: Language) -> list[str]:
    words = WORDS[language]
    name = _link(root / page_of(entry), root, str(entry.path)) if entry.run_id else str(entry.path)
    made = ", ".join(_assessment_link(one, root, words) for one in entry.assessments)
    best = entry.evaluation
    f1, documents, origin = _quality_cells(entry.quality, language)
    if best is not None and best.pages:
        f1 = Cell(f1.replace(shown := decimal(entry.f1, language), _link(best.pages[0], root, shown), 1))
    return [
        name, entry.task, entry.model, "" if entry.toy is None else words[entry.toy], entry.created[:10],
        words[entry.state], Cell(made), _rows(entry, language), decimal(entry.ok, language, digits=0),
        decimal(entry.leaks, language, digits=0), decimal(entry.gpu_hours, language, digits=2),
        decimal(entry.energy_kwh, language, digits=3), f1, documents, origin,
    ]  # fmt: skip


def _quality_cells(found: Quality | None, language: Language) -> tuple[Cell, str, str]:
    """F1 with its interval, on how many documents, and where the right answers are from."""
    if found is None:
        return Cell("–"), "–", "–"
    origin = found.right_answers
    told = WORDS[language]["not_told"] if origin is None else right_answers_text(origin, language)
    return with_range(found.f1, found.ci95, language), decimal(found.documents, language, digits=0), told


def _rows(entry: RunEntry, language: Language) -> str:
    planned = decimal(entry.rows, language, digits=0)
    return planned if entry.done == entry.rows else f"{decimal(entry.done, language, digits=0)} / {planned}"


def _assessment_link(one: Assessment, root: Path, words: Mapping[str, str]) -> str:
    place = next(iter((*one.pages, *one.data)), None)
    return escape(words[one.kind]) if place is None else _link(place, root, words[one.kind])


def _run_page(entry: RunEntry, root: Path, language: Language) -> str:
    directory = RunDirectory(root=entry.path.absolute())
    try:
        described = read_description(directory)
    except (GlaneError, FileNotFoundError):
        described = None

    def body(code: Language) -> str:
        words = WORDS[code]
        parts = [_back(root, words), heading(entry.path.name, 1), heading(words["summary"])]
        parts += [table(["", ""], _summary_rows(entry, directory, code), text_columns=2)]
        parts += [heading(words["files"]), _files(directory, root, words), heading(words["assessments"])]
        parts += [_made(entry, root, words)]
        if described is not None:
            parts += [heading(words["codebook"]), _codebook(described, words)]
            parts += [heading(words["provenance"]), _provenance(described, directory, words)]
        return "".join(parts)

    return page(f"{entry.path.name} – {entry.task}", body, language=language, toy=entry.toy)


def _back(root: Path, words: Mapping[str, str]) -> str:
    return f"<p>{_link(root / INDEX, root, words['back'])}</p>"


def _summary_rows(entry: RunEntry, directory: RunDirectory, language: Language) -> list[list[str]]:
    words = WORDS[language]
    rows = [
        [words["path"], str(entry.path)], [words["id"], entry.run_id], [words["task"], entry.task],
        [words["model"], entry.model], [words["state"], words[entry.state]], [words["rows"], _rows(entry, language)],
        [words["ok"], decimal(entry.ok, language, digits=0)],
        [words["leaks"], decimal(entry.leaks, language, digits=0)],
        [words["gpu_hours"], decimal(entry.gpu_hours, language, digits=2)],
        [words["energy"], decimal(entry.energy_kwh, language)],
        *map(list, zip([words[one] for one in _QUALITY], _quality_cells(entry.quality, language), strict=True)),
    ]  # fmt: skip
    if entry.state == "complete":
        told = read_summary(directory, Summary)
        statuses = ", ".join(f"{status} {count}" for status, count in told.flow.statuses().items())
        rows.insert(6, [words["done"], statuses])
        tokens = ", ".join(decimal(count, language, digits=0) for count in (told.tokens.prompt, told.tokens.output))
        rows += [[words["tokens"], tokens], [words["speed"], decimal(told.rows_per_s, language, digits=2)]]
        rows += [[words["hosts"], ", ".join(told.hosts)], [words["engine_deaths"], str(told.engine_deaths)]]
        rows += [[words["finished"], told.finished]]
    return rows


def _files(directory: RunDirectory, root: Path, words: Mapping[str, str]) -> str:
    files = {
        "summary_file": directory.summary, "description_file": directory.description, "records": directory.records,
        "log": directory.log, "drift": drift_file(directory),
    }  # fmt: skip
    there = [_link(path, root, words[name]) for name, path in files.items() if path.exists()]
    return f"<ul>{''.join(f'<li>{one}</li>' for one in there)}</ul>"


def _made(entry: RunEntry, root: Path, words: Mapping[str, str]) -> str:
    if not entry.assessments:
        return paragraph(words["nothing_made"])
    rows = [
        [
            words[one.kind], time.strftime("%Y-%m-%d %H:%M", time.localtime(one.written)), str(one.folder),
            Cell(", ".join(_link(path, root, path.name) for path in one.pages)),
            Cell(", ".join(_link(path, root, path.name) for path in one.data)),
        ]
        for one in entry.assessments
    ]  # fmt: skip
    return table([words[name] for name in ("kind", "written", "path", "page", "data")], rows, text_columns=5)


def _codebook(described: RunDescription, words: Mapping[str, str]) -> str:
    rows = [
        [one.column, one.role, one.type, one.description, " ".join(filter(None, [one.values, one.labels]))]
        for one in described.codebook
    ]
    return table([words[name] for name in ("column", "role", "type", "description", "values")], rows, text_columns=5)


def _provenance(described: RunDescription, directory: RunDirectory, words: Mapping[str, str]) -> str:
    made_with = described.environment
    inputs = [f"{one.path} ({one.rows}, {one.digest or '–'})" for one in described.files[:_MOST_INPUTS]]
    if more := len(described.files) - len(inputs):
        inputs.append(f"… + {more}")
    began = [f"{one.time} {one.environment.host} {one.job or ''}".strip() for one in starts(directory)]
    rows: list[list[str]] = [
        [words["work"], described.work], [words["created"], described.created],
        [words["fingerprint"], described.fingerprint_digest],
        [words["glane"], ", ".join(f"{name} {version}" for name, version in made_with.versions.items())],
        [words["commit"], made_with.git_commit or "–"], [words["host"], made_with.host],
        [words["inputs"], _lines(inputs)], [words["starts"], _lines(began)],
    ]  # fmt: skip
    return table(["", ""], rows, text_columns=2)


def _lines(told: Sequence[str]) -> Cell:
    return Cell("<br>".join(map(escape, told)))


def _link(target: Path, root: Path, text: str) -> Cell:
    """A link from a page in `root`, as a path of this machine relative to it."""
    relative = os.path.relpath(target.absolute(), root)
    quoted = PurePosixPath("/", relative).as_uri().removeprefix("file:///")
    return Cell(f'<a href="{escape(quoted)}">{escape(text)}</a>')
