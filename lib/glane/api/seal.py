"""`glane.seal_question`: the chosen question, written down before right answers are opened."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from glane.api.multiverse_runs import Universe, What, opened_universe, pair_of, question_of
from glane.api.sources import Names, TableLike, names_in
from glane.assess.annotations.answers import annotation_files, is_annotations
from glane.assess.estimate.question import Method, Population, Question
from glane.assess.files import write_new_file
from glane.assess.multiverse.seal import SEAL, Choice, GoldFile, Seal, sealed
from glane.corpus.find import find_files
from glane.errors import RecordError, RunError
from glane.records import read_record
from glane.storage import patiently


def seal_question(
    runs: Sequence[str | Path],
    field: str | None = None,
    *,
    chosen: str | Path,
    out_dir: str,
    case: str | None = None,
    what: What = "prevalence",
    value: str | bool = "true",
    method: Method = "auto",
    by: str | None = None,
    between: Sequence[str] = (),
    clusters: Names = (),
    population: Population = "auto",
    weight: str | None = None,
    inclusion_probability: str | None = None,
) -> str:
    """Write `seal.json`: which specification and which question were chosen, and when, before gold is opened.

    Arguments are those of `glane.multiverse`; `out_dir` is the folder of the seal, which is written once.

    Returns:
        Where it is, its time and its SHA-256, in a sentence.

    Raises:
        GlaneError: if the runs are no specifications of one question, or it does not fit them.
        RunError: if there is a seal already, or the file system refuses.
    """
    question = question_of(
        field, case, what=what, value=value, method=method, by=by, between=between, clusters=names_in(clusters),
        population=population,
    )  # fmt: skip
    pair = pair_of(between)
    universe = opened_universe(runs, question, pair, chosen=str(chosen))
    choice = choice_of(
        universe, question, pair, weight=weight, inclusion_probability=inclusion_probability
    )  # fmt: skip
    seal = sealed(choice, now=_utc(datetime.now(UTC)))
    place = Path(out_dir).expanduser() / SEAL
    if not write_new_file(out_dir, SEAL, seal.as_json()):
        raise RunError(
            f"out.dir: {place} is there, sealed on {_read(place).sealed}. A seal is never written again: seal another "
            "question in another out.dir, and tell of both."
        )
    return (
        f"{place}: sealed on {seal.sealed}, {choice.task}, {question.what} of {case or question.field}, "
        f"{len(choice.specifications)} specifications of {choice.documents} documents\n"
        f"sha256 {seal.sha256}\n"
        "Keep this line where others can find it: a file and a clock prove nothing by themselves."
    )


def seal_in(folder: str) -> Path | None:
    """The seal in a folder; None if there is none."""
    place = Path(folder).expanduser() / SEAL
    return place if place.exists() else None


def read_seal(place: str | Path | None) -> Seal | None:
    """Read a seal; None for none.

    Raises:
        RecordError: if there is no such file, or it is no seal or damaged.
    """
    return None if place is None else _read(Path(place).expanduser())


def _read(place: Path) -> Seal:
    try:
        return read_record(Seal, place)
    except FileNotFoundError:
        raise RecordError(f"seal: {place} is not there. Make it with seal=true before gold is opened.") from None


def choice_of(
    universe: Universe, question: Question, between: tuple[str, str] | None, *, weight: str | None,
    inclusion_probability: str | None,
) -> Choice:  # fmt: skip
    """What is sealed of a multiverse."""
    one, asked = universe.asking[0], universe.asked[0]
    return Choice(
        task=asked.task, wording=one.wording, prompt=one.prompt, model=one.model, reading=one.reading,
        fingerprint=one.fingerprint, question=question, between=between, weight=weight,
        inclusion_probability=inclusion_probability, documents=len(universe.ids), ids=_ids_digest(universe.ids),
        inputs=one.inputs,
        specifications=tuple(sorted(other.fingerprint for other in universe.asking)),
    )  # fmt: skip


def _ids_digest(ids: pl.Series) -> str:
    """SHA-256 of the sorted ids, each as text after its length: the same for the same documents in any order."""
    digest = hashlib.sha256()
    for one in ids.cast(pl.String).sort():
        content = one.encode()
        digest.update(len(content).to_bytes(8, "big") + content)
    return digest.hexdigest()


def gold_file(gold: TableLike) -> GoldFile:
    """Which right answers these are: path, SHA-256 and time of the file, or of all files of a folder or glob."""
    if isinstance(gold, pl.DataFrame):
        return GoldFile(path="a table in memory")
    paths = (
        annotation_files(gold) if is_annotations(gold) else list(map(Path, find_files(str(gold), place="gold").paths))
    )
    digests = [patiently(lambda path=path: _file_digest(path)) for path in paths]  # type: ignore[misc]
    whole = digests[0] if len(digests) == 1 else hashlib.sha256("".join(digests).encode()).hexdigest()
    modified = max(patiently(path.stat).st_mtime for path in paths)
    return GoldFile(path=str(gold), sha256=whole, modified=_utc(datetime.fromtimestamp(modified, UTC)))


def _file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _utc(when: datetime) -> str:
    return when.isoformat(timespec="microseconds")
