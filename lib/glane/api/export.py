"""`glane.export`: the values of a run as files for other programs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glane.api.sources import RunLike, run_of
from glane.exports.leaving import leaving
from glane.exports.pseudonyms import replaced_bundle
from glane.exports.record import Export
from glane.exports.target import Options
from glane.exports.write import write_export
from glane.languages import Spoken
from glane.settings.export import WITH_PASSAGES, Encoding, ExportSettings, Target
from glane.settings.pseudonymise import ExportPseudonyms
from glane.toys import notice_lines
from glane.types import Language
from glane.validation import validated

_MOST_FILES = 12  # that are named


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported(Spoken):
    """What was written. `str()` of it tells the files, and what must be known of them."""

    folder: Path
    manifest: Export
    is_replacement: bool

    def _in_english(self) -> str:
        told = self.manifest
        by_status = ", ".join(f"{name} {count}" for name, count in told.statuses.items())
        tables = ", ".join(f"{one.name} {one.rows}" for one in told.tables)
        return "\n".join(
            [
                *notice_lines(told.toy),
                f"written  {told.rows} rows ({by_status})",
                f"tables   {tables}",
                *([] if told.is_complete else ["note     the run is under way: these are the rows that it had so far"]),
                *(f"note     {note}" for note in told.notes),
                f"folder   {self.folder} (an earlier export replaced)"
                if self.is_replacement
                else f"folder   {self.folder}",
                f"files    {', '.join([*_first(list(told.files)), 'export.json'])}",
            ]
        )


def _first(names: Sequence[str]) -> list[str]:
    """The first of many names, and how many more there are: annotation tools have a file or two for each document."""
    more = len(names) - _MOST_FILES
    return list(names) if more < 2 else [*names[:_MOST_FILES], f"… and {more} more"]


def export(
    run: RunLike,
    to: Target,
    out_dir: str | Path,
    *,
    evidence: bool = False,
    text: bool = False,
    locale: Language | None = None,
    encoding: Encoding = "utf-8",
    pseudonyms: Mapping[str, Any] | ExportPseudonyms | None = None,
) -> Exported:
    """Write the values of a run as files for other programs: a table of all rows, and one for each list.

    Args:
        run: A run, or its directory.
        to: The format.
        out_dir: The folder to be written, whole; an earlier export that nobody changed is replaced.
        evidence: Passages, where they stand, and confidences, too. Passages are parts of documents.
        text: The texts of documents, too, for the formats that hold them.
        locale: Of separators and decimals in CSV; the language of the task if None.
        encoding: Of CSV.
        pseudonyms: Identifiers leave as pseudonyms: `{"key_file": "secret/key", "dates": "kept"}`, and what else
            `pseudonyms` of the command takes.

    Raises:
        GlaneError: if the run is not complete, the folder holds other things, or the format cannot hold the values.
    """
    asked = {"evidence": evidence, "text": text, "locale": locale, "encoding": encoding}
    places = {"run": {"dir": "."}, "out": {"dir": str(out_dir)}}
    told = {} if pseudonyms is None else {"pseudonyms": pseudonyms}
    settings = validated(ExportSettings, {"to": to, **asked, **places, **told}, place="")
    evidence = evidence or to in WITH_PASSAGES
    options = Options(with_evidence=evidence, with_text=text, locale=locale, encoding=encoding)
    opened = run_of(run)
    bundle = leaving(opened, with_evidence=evidence, with_text=text)
    if settings.pseudonyms.is_asked:
        bundle = replaced_bundle(bundle, opened, settings.pseudonyms)
    manifest, folder, is_replacement = write_export(bundle, to, options, out_dir)
    return Exported(folder=folder, manifest=manifest, is_replacement=is_replacement)
