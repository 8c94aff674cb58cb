"""Documents whose identifiers are replaced before a model reads them: made once, and kept in the run.

Everything that reads documents of the run then reads these: the engine, the review page, a second run over the same
documents. The key is needed where they are made, and in no worker. The places are kept apart, outside of the run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from glane.corpus.files import InputFile
from glane.corpus.pseudonymised import RECORD, PseudonymisedInput, PseudonymRules, made_of_digest
from glane.corpus.text_dates import date_columns
from glane.corpus.unchanged import KnownFile, content_digest, identity
from glane.errors import ConfigError, DataError, RecordError
from glane.job.pseudonym_columns import checked_files, refuse_told_values, written_columns
from glane.languages import say
from glane.pseudonyms.key import Key, read_key
from glane.pseudonyms.kinds import RULES, counted
from glane.pseudonyms.offsets_file import publish_places, refuse_other
from glane.pseudonyms.rows import Columns
from glane.pseudonyms.written import FILE_MODE, write_replaced
from glane.records import read_record
from glane.run.directory import RunDirectory
from glane.run.erased import Erased, read_erased
from glane.run.fingerprint import differences
from glane.run.unaltered import refuse_altered_around
from glane.run.written import refuse_inside_run
from glane.settings import DataSettings
from glane.settings.pseudonymise import InputPseudonyms
from glane.storage import exists, write_folder_once, write_once

DOCUMENTS = "documents.parquet"
_FOLDER_MODE = 0o700
_AGAIN = "Give the former values again, or choose another run.dir for the new ones."


def replaced_documents(data: DataSettings, inputs: Sequence[str], folder: Path, *, places: bool = True) -> str:
    """Replace the identifiers of documents into a folder; or prove that the folder was made of them, and so.

    Args:
        data: What the run is told; `data.pseudonyms` has a key.
        inputs: Further columns that the model reads.
        folder: `<run>/input`, or one that is removed at the end.
        places: Keep the places of what is replaced. Without, they are let go: for what keeps nothing.

    Returns:
        The value for `data.path`.

    Raises:
        GlaneError: if the documents or the key cannot be had, or are others than when the folder was made.
    """
    told = data.pseudonyms
    key = read_key(file=told.key_file, command=told.key_command, within="data.pseudonyms.")
    files = checked_files(data, inputs)
    columns = written_columns(data, files, inputs)
    rules = _rules(data.pseudonyms, columns, key)
    record = folder / RECORD
    is_new = False
    if not exists(record):
        refuse_altered_around(file.path for file in files)
        refuse_told_values(data, files)
        sources = tuple(file.known(content_digest(file.path)) for file in files)
        made_of = made_of_digest(rules, sources)
        if places:
            assert told.offsets is not None
            _refuse_offsets(Path(told.offsets), folder, made_of)
        is_new = write_folder_once(
            folder,
            lambda staging: _write(staging, told, files, columns, rules, sources, made_of, key, places=places),
            mode=_FOLDER_MODE,
        )
    try:
        kept = read_record(PseudonymisedInput, record)
    except (FileNotFoundError, RecordError):
        raise DataError(f"{folder}: holds no pseudonymised documents, or is damaged. Choose another run.dir.") from None
    if not is_new:
        _refuse_other(kept, files, rules, read_erased(RunDirectory(root=folder.parent)))
    for line in lines_of(kept):
        say(f"note: {line}", to=sys.stderr)
    return str(folder / DOCUMENTS)


def refuse_many(paths: Sequence[str], *, most_bytes: int) -> None:
    """Refuse documents that take long to pseudonymise, where that is not the place for it.

    Raises:
        DataError: with the command that does it once.
    """
    size = sum(identity(path).num_bytes for path in paths)
    if size > most_bytes:
        raise DataError(
            f"data.pseudonyms: documents of {size >> 20} MiB are not pseudonymised where a job is submitted or "
            f"previewed ({most_bytes >> 20} MiB are the most). Do it once: glane pseudonymise data.path=… out.dir=… "
            "offsets=… keep_ids=true, and give its documents.parquet as data.path."
        )


def lines_of(kept: PseudonymisedInput) -> list[str]:
    """What a user must know of pseudonymised documents."""
    lines = [
        f"the model reads {kept.rows} pseudonymised documents; replaced in their texts, quotes and values not counted: "
        f"{counted(kept.replaced)}. Rules miss identifiers, and these are personal data still (GDPR, article 4(5))"
    ]
    if kept.values:
        values = ", ".join(f"{name} {count}" for name, count in kept.values.items())
        lines.append(f"columns that are known of the person are in the run as pseudonyms; values by column: {values}")
    lines.append(f"columns that are in the run as they are: {', '.join(kept.columns)}")
    lines += [
        f"column {name!r} stays as it is, and holds in {count} of {kept.rows} rows what was replaced in their "
        "text, or is known of the person: leave it out of what is carried or asked for, or name it in "
        "data.pseudonyms.known_columns: it is carried as a pseudonym then. Groups of persons: glane pseudonymise "
        "data.person_column=… before makes them digests"
        for name, count in kept.holding.items()
    ]
    if kept.failed:
        lines.append(f"in {kept.failed} document(s) the rules failed: they are not asked, and REJECTED")
    if kept.rules.dates == "shifted":
        lines.append(
            f"dates of the texts are shifted by up to {kept.rules.most_days} days: dates in the answers are shifted, "
            "too, and counts by week or month are wrong"
        )
    if kept.true_dates:
        lines.append(
            f"columns of dates stay as they are: {', '.join(kept.true_dates)}. Beside the shifted dates of a text they "
            "may tell by how much these were shifted; data.pseudonyms.shift_columns shifts columns alike"
        )
    if kept.dates_left:
        lines.append(
            f"{kept.dates_left} months without a year and weeks stay in the texts as they are: they may tell by how "
            "much the dates beside them were shifted"
        )
    return lines


def _rules(told: InputPseudonyms, columns: Columns, key: Key) -> PseudonymRules:
    assert told.dates is not None
    return PseudonymRules(
        rules=RULES, key=key.mark, dates=told.dates,
        texts=(columns.text, *columns.texts), person_column=told.person_column, known_columns=told.known_columns,
        shift_columns=told.shift_columns, keep=told.kept_kinds, style=told.style, scope=told.scope,
        most_days=told.most_days, whole_weeks=told.whole_weeks, oldest_age=told.oldest_age,
    )  # fmt: skip


def _write(
    folder: Path, told: InputPseudonyms, files: list[InputFile], columns: Columns, rules: PseudonymRules,
    sources: tuple[KnownFile, ...], made_of: str, key: Key, *, places: bool,
) -> None:  # fmt: skip
    manner = told.model_copy(update={"keep": told.kept_kinds})
    apart = folder / ".offsets"
    totals = write_replaced(folder / DOCUMENTS, apart, files, columns, manner, key, rules=rules, made_of=made_of)
    as_they_are = [name for name in columns.carried if name not in columns.shifted]
    record = PseudonymisedInput(
        rules=rules, columns=(columns.id, *as_they_are),
        true_dates=date_columns(files, as_they_are) if rules.dates == "shifted" else (),
        sources=sources, rows=totals.rows,
        without_text=totals.without_text, without_identifiers=totals.without_identifiers, failed=totals.failed,
        dates_left=totals.dates_left, replaced=totals.replaced, values=totals.values,
        holding=totals.holding,
    )  # fmt: skip
    write_once(folder / RECORD, lambda stream: stream.write(record.as_json()), mode=FILE_MODE)
    if places:
        assert told.offsets is not None
        publish_places(apart, Path(told.offsets))
    else:
        apart.unlink()


def _refuse_offsets(offsets: Path, folder: Path, made_of: str) -> None:
    """Refuse a place that is no place apart."""
    real = Path(os.path.realpath(offsets))
    if real.is_relative_to(os.path.realpath(folder.parent)):
        raise ConfigError(
            f"data.pseudonyms.offsets: {offsets} lies in run.dir, and is kept apart from it. Choose another path."
        )
    refuse_inside_run(offsets, setting="data.pseudonyms.offsets")
    refuse_other(offsets, made_of)


def _refuse_other(kept: PseudonymisedInput, files: Sequence[InputFile], rules: PseudonymRules, erased: Erased) -> None:
    """Refuse other documents, another key or other rules than those that the folder was made with.

    Raises:
        GlaneError: naming what differs. Keys are told by their digests.
    """
    if lines := differences(kept.rules.model_dump(mode="json"), rules.model_dump(mode="json")):
        found = "\n".join(f"  {line}" for line in lines)
        raise ConfigError(
            f"data.pseudonyms: the documents of this run were made with others (then -> now; of a key, its digest):\n"
            f"{found}\n{_AGAIN}"
        )
    if [one.path for one in kept.sources] != [str(Path(file.path).resolve()) for file in files]:
        raise DataError(f"data.path: this run was begun with other files. {_AGAIN}")
    for one in kept.sources:
        if identity(one.path) == one.identity or erased.named(content_digest(one.path)) == one.digest:
            continue
        if erased.erasures:
            raise DataError(
                f"{one.path}: has changed, and documents were erased of this run, which reads the pseudonymised ones "
                "that were made of it. What is committed of the run stays readable, and is not asked again; for the "
                "file as it is now, choose another run.dir."
            )
        raise DataError(
            f"{one.path}: has changed since the run began, and its pseudonymised documents were made of it. Put "
            "the former file back and run the same command again, or choose another run.dir."
        )
