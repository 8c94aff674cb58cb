"""Writes an export: the files of its format, the codebook as a page, and `export.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from glane.exports.bundle import Bundle
from glane.exports.codebook_page import codebook_page
from glane.exports.folder import MANIFEST, check_target, files_under, write_whole
from glane.exports.record import Export, ExportedTable
from glane.exports.registry import writer_of
from glane.exports.target import Options
from glane.languages import as_read
from glane.parquet import is_encrypted
from glane.run.directory import RunDirectory
from glane.run.links import RunLink
from glane.run.unaltered import refuse_altered
from glane.run.written import digest_of
from glane.settings.export import WITH_PASSAGES, Target
from glane.versions import installed_version

_MOST_NAMES = 12  # of columns with other names that are told


def write_export(bundle: Bundle, target: Target, options: Options, out_dir: str | Path) -> tuple[Export, Path, bool]:
    """Write an export. Return what it says of itself, its folder, and whether it replaced an earlier one.

    Raises:
        GlaneError: if the folder is not to be written, or the format cannot hold the tables, or the run's records were
            changed while they were read. Nothing is written then.
    """
    root = check_target(out_dir)
    writer, told = writer_of(target), []

    def fill(folder: Path) -> dict[str, str]:
        notes = [
            *bundle.notes,
            *writer(bundle, options, folder),
            *([] if target in WITH_PASSAGES else _renamed(bundle)),
        ]
        notes += _encrypted(folder)
        if bundle.origin.is_complete:  # rows were read from it until now
            refuse_altered(RunDirectory(root=Path(bundle.origin.run)))
        (folder / "codebook.html").write_bytes(codebook_page(bundle))
        files = {name: digest_of(folder / name) for name in files_under(folder)}
        told.append(_manifest(bundle, target, options, files, notes))
        content = told[0].as_json()
        (folder / MANIFEST).write_bytes(content)
        return {MANIFEST: digest_of(content), **files}

    is_replaced = write_whole(root, fill, of=bundle.origin.link)
    return told[0], root, is_replaced


def _renamed(bundle: Bundle) -> list[str]:
    """A sentence about columns that have other names than in the run, by more than an underscore for each dot."""
    pairs = dict.fromkeys(
        f"{one.source} → {one.name}"
        for table in bundle.tables
        for one in table.variables
        if one.name != one.source.replace(".", "_") and not one.source.startswith("__")  # which is glane's own
    )
    if not pairs:
        return []
    more = f", and {len(pairs) - _MOST_NAMES} more in codebook.html" if len(pairs) > _MOST_NAMES else ""
    return [f"columns have other names, as programs take them: {', '.join(list(pairs)[:_MOST_NAMES])}{more}"]


def _encrypted(folder: Path) -> list[str]:
    """A sentence where the files that were written can be opened with a key only."""
    if not any(is_encrypted(path) for path in sorted(folder.rglob("*.parquet"))):
        return []
    return [
        "the Parquet files are encrypted, as a key is told: only glane opens them. Others read to=csv, which is plain"
    ]


def _manifest(
    bundle: Bundle, target: Target, options: Options, files: Mapping[str, str], notes: Sequence[str]
) -> Export:
    origin, rows = bundle.origin, bundle.tables[0].rows
    return Export(
        to=target, run=origin.link or RunLink(id="", path=origin.run), fingerprint=origin.fingerprint,
        task=f"{origin.task} {origin.task_version}", model=origin.model, toy=origin.toy,
        is_complete=origin.is_complete, evidence=options.with_evidence, text=options.with_text,
        locale=options.locale or origin.language, encoding=options.encoding, rows=rows.height,
        statuses=_statuses(bundle),
        tables=tuple(
            ExportedTable(name=one.name, rows=one.rows.height, key=one.key, parent=one.parent) for one in bundle.tables
        ),
        files=files, versions={name: installed_version(name) for name in ("glane", "polars")},
        notes=tuple(map(as_read, notes)),
        pseudonyms=bundle.pseudonyms,
    )  # fmt: skip


def _statuses(bundle: Bundle) -> dict[str, int]:
    table = bundle.tables[0]
    status = table.variable("status")
    assert status is not None
    counted = table.rows.group_by(pl.col(status.name).alias("status")).len().sort("status")
    return dict(counted.iter_rows())
