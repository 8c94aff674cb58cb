"""The edits of a brief's Word file as labels of its sentences."""

from __future__ import annotations

import shlex
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from glane.api.brief_files import CLAIMS, SUMMARY, WORD
from glane.assess.files import as_parquet, read_table, write_folder
from glane.briefs.edit_record import BriefLabels
from glane.briefs.edits import brief_of, labels_of
from glane.briefs.page import SHOWN
from glane.briefs.record import BriefSummary, Claim
from glane.briefs.tables import claims_of
from glane.documents.edits import read_edits
from glane.errors import DataError, RunError
from glane.languages import Spoken
from glane.records import read_record
from glane.run.written import digest_of, read_written

_SETTING = "edited"
_NAME = 12  # letters of the digest of an edited file, by which its labels are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled(Spoken):
    """The labels of an edited brief. `str()` of it counts them, and says no text."""

    labels: BriefLabels
    folder: Path

    def _in_english(self) -> str:
        one = self.labels
        num = Counter(label.status for label in one.labels)
        lines = [
            f"{len(one.labels):,} sentences: {num['kept']:,} kept, {num['edited']:,} edited, {num['deleted']:,} "
            f"deleted, {num['unclear']:,} unclear; {len(one.added):,} texts added."
        ]  # fmt: skip
        lines += [
            f"{label.id}: a person changed a number of it. It is that person's, and not verified."
            for label in one.numbers
        ]
        if any(text.has_number for text in one.added):
            lines.append("Texts that were added hold numbers. They are a person's, and not verified.")
        if one.removed:
            lines.append(f"{one.removed:,} paragraphs that are no sentence of it were changed or taken out.")
        lines.append(f"{self.folder}: labels for {shlex.quote(f'labels={self.folder}')} of later briefs.")
        return "\n".join(lines)


def brief_labels(folder: str | Path, edited: str | Path) -> Labelled:
    """Read an edited `brief.docx`, and write what became of each sentence beside the brief, into `FOLDER-labels`.

    Args:
        folder: The brief.
        edited: The Word file as it came back, with tracked changes or without. It holds text of documents.

    Raises:
        DataError: if it is no Word file, damaged, or of another brief.
        RunError: if there is no brief in the folder, or it was changed.
    """
    root, file = Path(folder).expanduser().absolute(), Path(edited).expanduser()
    summary, claims = _brief(root)
    found = read_edits(file, setting=_SETTING)
    if (told := brief_of(found)) != summary.claims:
        why = "tells no brief: the bookmark of its title is gone" if told is None else "is of another brief"
        raise DataError(
            f"{_SETTING}: {file} {why}, so its sentences cannot be compared with those of {root}. Give the edited "
            "brief.docx of this very folder; a brief that was written anew has another one."
        )
    labels, added, removed = labels_of(claims, read_edits(root / WORD, setting=_SETTING), found, summary.language)
    record = BriefLabels(
        brief=str(root), claims=summary.claims, file=file.name, digest=digest_of(file), saved_by=found.saved_by,
        models=summary.models,
        labels=labels, added=added, removed=removed,
    )  # fmt: skip
    name, out = f"labels-{record.digest[:_NAME]}", root.with_name(f"{root.name}-labels")
    rows = pl.DataFrame([one.model_dump() | {"editors": list(one.editors)} for one in labels], schema=_COLUMNS)
    write_folder(out, {f"{name}.json": record.as_json(), f"{name}.parquet": as_parquet(rows)})
    return Labelled(labels=record, folder=out)


_COLUMNS: dict[str, pl.DataType] = {
    "id": pl.String(), "kind": pl.String(), "type": pl.String(), "status": pl.String(), "is_verified": pl.Boolean(),
    "had_passed": pl.Boolean(), "sentence": pl.String(), "text": pl.String(),
    "numbers_changed": pl.Boolean(), "editors": pl.List(pl.String),
}  # fmt: skip


def read_labels(folder: str | Path) -> list[BriefLabels]:
    """The labels of all edited files in a folder.

    Raises:
        DataError: if there are none.
        RecordError: if a file of them is damaged.
    """
    root = Path(folder).expanduser()
    found = [read_record(BriefLabels, path) for path in sorted(root.glob("labels-*.json"))]
    if not found:
        raise DataError(f"labels: no labels in {root}. Give the folder that glane brief edited=… wrote.")
    return found


def _brief(root: Path) -> tuple[BriefSummary, list[Claim]]:
    """The brief, and its sentences that its Word file tells."""
    written = read_written(root)
    for name in (CLAIMS, SUMMARY, WORD):
        path = root / name
        if not path.is_file() or digest_of(path) not in written.digests.get(name, ())[:1]:
            raise RunError(f"out.dir: {path} is not there, or was changed since glane wrote it. Write the brief again.")
    claims = claims_of(read_table(str(root / CLAIMS), place="out.dir"))
    return read_record(BriefSummary, root / SUMMARY), [one for one in claims if one.status in SHOWN]
