"""`glane.trace`: from a sentence of a brief to the documents that it rests on, everything compared on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa

from glane.api.brief_files import FILES, SUMMARY
from glane.api.brief_leaving import told_figures
from glane.api.sources import digests_of
from glane.assess.files import read_table
from glane.briefs.chain import Chain
from glane.briefs.record import BriefSummary, Claim, Quote
from glane.briefs.tables import claims_of
from glane.errors import ConfigError, DataError, RunError, did_you_mean, told
from glane.extraction.results import Run, open_run
from glane.languages import Spoken
from glane.records import read_record
from glane.run.audit import note_wrote
from glane.run.whole import read_together
from glane.run.written import digest_of, read_written
from glane.storage import replace_file

_SHOWN = 20
_IN_MEMORY = "a table in memory"
_FOUND = "brief.statements.found"
_KINDS = {"figure": "a figure that was computed", "statement": "a statement by a model"}
_STATUSES = {
    "verified": "it passed all checks",
    "unverified": "it failed a check, and is shown as such",
    "dropped": "it failed a check, and is not in the brief",
    "left_out": "it passed all checks, and the brief has no room for it",
}
_ROLES = {
    "records": "the model of the run",
    "statements": "the model of the statements",
    "same": "the model that joined statements",
    "support": "the model that checked them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace(Spoken):
    """A chain that holds. `str()` of it says its places, and no text of a document."""

    chain: Chain

    def _in_english(self) -> str:
        one, claim = self.chain, self.chain.claim
        lines = [f"{claim.id}: {_KINDS[claim.kind]}; {_STATUSES[claim.status]}; all that it rests on is as it was."]
        if claim.measure is not None and claim.value is not None:
            lines.append(f"counted: {claim.value.counted:,} of {claim.value.documents:,}")
            if claim.measure.by is None:  # else it names a value of a document
                lines.append(f"condition, as SQL: {claim.measure.case}")
        lines += [
            f"passage: document {told(quote.document)}, characters {quote.start} to {quote.end}"
            for quote in claim.quotes[:_SHOWN]
        ]
        if not claim.quotes and claim.documents:
            lines.append(f"documents: {', '.join(map(told, claim.documents[:_SHOWN]))}")
        lines.append(f"run: {one.run}, fingerprint {one.fingerprint}")
        lines += [
            f"{_ROLES[model.role]}: {model.name}, fingerprint of its run {model.fingerprint}" for model in one.models
        ]
        lines.append(f"reviewed documents: {one.gold}" if one.gold is not None else "reviewed documents: none")
        signed = "nobody has signed"
        if one.signature is not None:
            signed = f"signed by {one.signature.name} on {one.signature.day}"
        lines.append(f"brief: {one.brief}, made on {one.made}, {signed}")
        return "\n".join(lines)


def trace(folder: str | Path, claim_id: str, *, out: str | Path | None = None) -> Trace:
    """Follow a sentence of a brief back.

    A figure is computed again of the run and the review; the passages of a statement are looked up in their documents.

    Args:
        folder: The brief.
        claim_id: As it stands beside the sentence.
        out: A JSON file for the whole chain, if anywhere. It holds text of documents.

    Raises:
        ConfigError: if the brief has no such sentence.
        DataError: if something that it rests on is another one now.
        RunError: if there is no brief, or one of its files was changed.
    """
    root = Path(folder).expanduser()
    summary = _summary(root)
    claims = claims_of(read_table(str(root / "claims.parquet"), place="brief.dir"))
    claim = next((one for one in claims if one.id == claim_id), None)
    if claim is None:
        raise ConfigError(
            f"id: the brief has no sentence {claim_id!r}. {did_you_mean(claim_id, [one.id for one in claims])}"
        )
    run = open_run(summary.run)
    if run.description().fingerprint_digest != summary.fingerprint:
        raise DataError(f"{summary.run}: is another run than the one that the brief is of: its fingerprint differs.")
    try:
        if claim.kind == "figure":
            _compute_again(run, summary, claim)
        elif summary.disclosure is not None:
            raise DataError(
                f"{claim_id}: this brief was made to leave, without the passages of its statements. Find the sentence "
                "in a brief without brief.disclosure, and trace it there."
            )
        else:
            _check_found(summary)
            _look_up(run, claim.quotes)
    except (OSError, pa.ArrowException, pl.exceptions.PolarsError):  # their messages may quote a cell
        raise DataError(
            f"{summary.run}: one of the files of the run or its input is gone, or damaged. Restore it."
        ) from None
    chain = Chain(
        claim=claim, brief=str(root), claims=summary.claims, made=summary.day, run=summary.run,
        fingerprint=summary.fingerprint, models=summary.models, gold=summary.gold, review=summary.review,
        signature=summary.signature,
    )  # fmt: skip
    if out is not None:
        _write(Path(out).expanduser(), chain)
    return Trace(chain=chain)


def _summary(root: Path) -> BriefSummary:
    """What the brief says of itself, when its files are as they were written."""
    if not (root / "brief.json").is_file():
        raise RunError(f"brief.dir: no brief in {root} (no brief.json). Give the out.dir of glane brief.")
    written = read_written(root)
    for name in sorted(FILES):
        path = root / name
        if not path.is_file() or digest_of(path) not in written.digests.get(name, ()):
            raise RunError(f"{path}: is gone, or was changed since glane wrote it. Write the brief again.")
    with read_together(root, FILES, place="brief.dir"):
        summary = read_record(BriefSummary, root / SUMMARY)
    if digest_of(root / "claims.parquet") != summary.claims:
        raise RunError(f"{root}: claims.parquet is not that of brief.json. Write the brief again.")
    signed = summary.signature
    if signed and (signed.claims, signed.brief) != (summary.claims, digest_of(summary.unsigned().as_json())):
        raise RunError(f"{root}: brief.json is not what {signed.name} signed. Write the brief again, and read it.")
    return summary


def _compute_again(run: Run, summary: BriefSummary, claim: Claim) -> None:
    if summary.gold == _IN_MEMORY:
        raise DataError("gold: the brief was corrected by a table in memory, so this figure cannot be made again.")
    if summary.gold is not None and digests_of(summary.gold) != summary.gold_digests:
        raise DataError(
            f"gold: {summary.gold} was changed since the brief was written, so this figure cannot be traced to it. "
            "Restore it, or write the brief again."
        )
    again = told_figures(run, summary.definition, summary.gold).figures.claims
    if claim not in again:
        raise DataError(
            f"{claim.id}: computed again, this figure is another one: the run, its input or the reviewed documents "
            "are not what they were. Write the brief again, and compare."
        )


def _check_found(summary: BriefSummary) -> None:
    asked = summary.definition.statements
    found = None if asked is None else asked.found
    if found is not None and digests_of(found, place=_FOUND) != summary.found_digests:
        raise DataError(
            f"{_FOUND}: {found} was changed since the brief was written, so nothing tells which documents were read. "
            "Restore it, or write the brief again."
        )


def _look_up(run: Run, quotes: Sequence[Quote]) -> None:
    column = pl.col(run.id_column).cast(pl.String)
    wanted = [one.document for one in quotes]
    rows = run.documents().select(column, run.settings.data.text_column).filter(column.is_in(wanted)).collect()
    texts = dict(rows.iter_rows())
    for one in quotes:
        if (texts.get(one.document) or "")[one.start : one.end] != one.text:
            raise DataError(
                f"{one.document}: has not the passage that is told, at characters {one.start} to {one.end}."
            )


def _write(path: Path, chain: Chain) -> None:
    if path.exists():
        raise ConfigError(f"out: {path} is there already. Choose another name, or move the file.")

    note_wrote(path.parent, path.name, ())

    def write(stream: IO[bytes]) -> None:
        stream.write(chain.as_json())

    replace_file(path, write, mode=0o600, setting="out")
