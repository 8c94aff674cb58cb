"""`glane.brief`: a synthesis of a run whose every figure and sentence can be checked."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from glane.api.brief_figures import Figures
from glane.api.brief_files import CLAIMS, FILES, MEASURES, SUMMARY, WORD, WORK
from glane.api.brief_labels import read_labels
from glane.api.brief_leaving import told_figures
from glane.api.brief_statements import Statements, statements_of
from glane.api.brief_steps import Asker
from glane.api.sources import RunLike, TableLike, digests_of, name_of, run_of
from glane.assess.files import as_parquet, take_away, write_folder
from glane.briefs.labels import check_labels
from glane.briefs.leaving import leaving_statements, leaving_summary
from glane.briefs.markdown import brief_markdown
from glane.briefs.page import brief_page
from glane.briefs.record import BriefSummary, Claim, ModelUsed, Signature
from glane.briefs.tables import claims_table, measures_table
from glane.briefs.told import brief_text, figure_lines, untold_line
from glane.briefs.word import brief_word
from glane.errors import ConfigError, RecordError, RunError
from glane.extraction.results import Run
from glane.languages import Spoken
from glane.records import read_record
from glane.run.links import links_to
from glane.run.written import digest_of, read_written, standing
from glane.settings.brief_definition import BriefDefinition
from glane.types import Language
from glane.validation import validated


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief(Spoken):
    """A brief as it was written. `str()` of it says its figures, and what became of its statements."""

    claims: tuple[Claim, ...]
    summary: BriefSummary
    folder: Path
    commands: tuple[str, ...] = ()  # that answer what is still asked

    def _in_english(self) -> str:
        return brief_text(self.summary, self.commands)

    @property
    def untold(self) -> str | None:
        """How many figures `figures` leaves out, in words."""
        return untold_line(self.claims)

    def figures(self, language: Language) -> list[str]:
        """The sentences of the first figures. Those of a group name a value of a document, and are not among them."""
        return figure_lines(self.claims, language)


def brief(
    run: RunLike,
    brief: BriefDefinition | Mapping[str, Any],
    out_dir: str | Path,
    *,
    gold: TableLike | None = None,
    model: str | None = None,
    checker: str | None = None,
    allow_toy: bool = False,
    calibration: str | None = None,
    labels: str | None = None,
    alpha: float = 0.05,
    delta: float = 0.05,
    sign: str | None = None,
) -> Brief:
    """Write a brief of a run: `brief.html`, `.md` and `.docx`, `claims.parquet`, `measures.parquet`, `brief.json`.

    Figures are computed of the run, and each is told in a sentence that is made of its measure. With
    `brief.disclosure`, only those are told that protected tables have told. All that is written
    depends on the run, the brief and the review alone, except for the day on which it was made.

    Args:
        run: A complete run, or its directory.
        brief: What is told, as a file of `conf/brief/` says it.
        out_dir: Where it is written. It holds text of documents: it is confidential.
        gold: Right answers of a random sample of the documents; without one, figures are the model's own.
        model: Who makes statements, on this machine, as `glane.extract` takes it; without one, commands are told.
        checker: Who reads them once more; the same model if not told.
        allow_toy: Whether a model that is for trying glane only may answer.
        calibration: The folder that `glane.calibrate` wrote of the second reading: what it does not accept fails.
        labels: The folder of labels of earlier edits (`glane.brief_labels`): statements of a type that these do not
            accept fail.
        alpha: Of an accepted type, the share of statements that may be unsupported.
        delta: The probability that it is more, for all types together.
        sign: The name of who has read it. The brief in `out_dir` must be this very one.

    Raises:
        GlaneError: if the brief does not fit the run or the review, what is to be signed is not what was written, or
            somebody has signed what is there.
    """
    definition = brief if isinstance(brief, BriefDefinition) else validated(BriefDefinition, brief, place="brief")
    check_labels(definition)
    opened, folder = run_of(run), Path(out_dir).expanduser()
    there = _there(folder)
    found = told_figures(opened, definition, gold)
    figures, rule = found.figures, found.disclosed
    asker = Asker(
        work=_work(folder, is_leaving=rule is not None), model=model, checker=checker, allow_toy=allow_toy,
        calibration=calibration, labels=None if labels is None else tuple(read_labels(labels)), alpha=alpha,
        delta=delta,
    )  # fmt: skip
    told = None if definition.statements is None else statements_of(opened, definition, figures, asker)
    stated = () if told is None else told.claims
    claims = figures.claims + (stated if rule is None else leaving_statements(stated))
    if sign is not None and told is not None and told.command is not None:
        raise ConfigError(f"sign: statements wait for answers, so the brief is unfinished. First: {told.command}")
    content = as_parquet(claims_table(claims), there=folder / CLAIMS)
    summary = _summary(opened, definition, figures, gold).model_copy(update={"claims": digest_of(content)})
    if told is not None:
        summary = _with_statements(summary, told)
    if rule is not None:
        summary = leaving_summary(summary, rule, documents=found.documents)
    if sign is not None:
        summary = summary.model_copy(update={"signature": _signed(folder, sign, there, summary)})
    language = definition.language
    files = {
        CLAIMS: content,
        MEASURES: as_parquet(measures_table(claims), there=folder / MEASURES),
        "brief.md": brief_markdown(summary, claims, language=language).encode(),
        "brief.html": brief_page(summary, claims, language=language).encode(),
        WORD: brief_word(summary, claims, language=language),
        SUMMARY: summary.as_json(),  # last: until then nobody has signed
    }
    if rule is not None:  # killed between two files, none of what may not leave stands beside one that may
        take_away(folder, files, of=CLAIMS, is_strict=True)
    write_folder(
        folder, files, of=links_to([opened.directory]), forget=None if rule is None else (), is_final=sign is not None
    )
    commands = () if told is None or told.command is None else (told.command,)
    return Brief(claims=claims, summary=summary, folder=folder, commands=commands)


def _work(folder: Path, *, is_leaving: bool) -> Path:
    """Where what is asked is kept; it holds passages, so it is beside the folder of a brief that leaves.

    Raises:
        RunError: if an earlier brief kept it within.
    """
    if not is_leaving:
        return folder / WORK
    if (folder / WORK).exists():
        raise RunError(
            f"out.dir: {folder / WORK} holds passages that an earlier brief asked of, and this brief is made to leave. "
            "Choose another out.dir."
        )
    return folder.absolute().with_name(f"{folder.absolute().name}-{WORK}")


def _with_statements(summary: BriefSummary, told: Statements) -> BriefSummary:
    return summary.model_copy(
        update={
            "models": summary.models + told.models, "statements": told.made, "merged": told.merged,
            "verified": told.verified, "failures": dict(told.failures), "coverage": told.coverage,
            "calibrated": told.calibrated, "labelled": told.labelled, "is_unfinished": told.command is not None,
        }
    )  # fmt: skip


def _there(folder: Path) -> BriefSummary | None:
    """The brief that is in a folder; None if there is none that can be read.

    Raises:
        RunError: if somebody has signed it, for it would be lost.
    """
    path = folder / SUMMARY
    try:
        found = read_record(BriefSummary, path)
    except (FileNotFoundError, RecordError):  # what is no brief of glane, or was changed, is not replaced either
        return None
    if found.signature is not None:
        raise RunError(
            f"out.dir: {path} was signed by {found.signature.name} on {found.signature.day}, and is not replaced. "
            "Choose another out.dir, or move the folder."
        )
    return found


def _signed(folder: Path, name: str, there: BriefSummary | None, now: BriefSummary) -> Signature:
    """The signature of what was read: the brief in the folder must be the one that is written now.

    Raises:
        ConfigError: for a blank name.
        RunError: if there is no brief, or it says something else.
    """
    if not name.strip():
        raise ConfigError("sign: a name is needed, of who has read the brief.")
    path = folder / CLAIMS
    if there is None or not path.is_file():
        raise RunError(f"sign: there is no brief in {folder} yet. Write it without sign, read it, and sign it then.")
    if digest_of(path) != now.claims or there.unsigned() != now.unsigned():
        raise RunError(
            f"sign: {path} is not what this command would write: the run, the brief or the review is another one, or "
            "the file was changed. Write the brief again without sign, read it, and sign it then."
        )
    if not _are_its_pages(folder):
        raise RunError(
            f"sign: the pages in {folder} are not those of {SUMMARY}: they were changed, or a command was ended before "
            "it had written them. Write the brief again without sign, read it, and sign it then."
        )
    digest = digest_of(now.unsigned().as_json())
    return Signature(name=name.strip(), day=_today(), claims=now.claims, brief=digest)


def _are_its_pages(folder: Path) -> bool:
    """Whether all files in a folder are of one brief: who signs has read its pages.

    One who was ended while signing has read those before. Until the record, which is written last, nobody has signed.
    """
    written = read_written(folder)
    call, found = written.calls.get(CLAIMS), _digests(folder)
    if call is None:  # of before calls were known
        return all(found.get(name) in written.digests.get(name, ())[:1] for name in FILES)
    there = standing(folder, call)
    if there is None and call.now.is_final and call.before is not None:
        there = call.before
        is_ours = all(found.get(name) in written.digests[name] for name in FILES)
        return is_ours and found[SUMMARY] == there.files[SUMMARY]
    return there is not None and all(found.get(name) == there.files.get(name) for name in FILES)


def _digests(folder: Path) -> dict[str, str]:
    return {name: digest_of(folder / name) for name in FILES if (folder / name).is_file()}


def _summary(run: Run, definition: BriefDefinition, figures: Figures, gold: TableLike | None) -> BriefSummary:
    told, review = run.description(), figures.review
    model, asked = run.settings.model, definition.statements
    found = None if asked is None else asked.found
    return BriefSummary(
        run=str(run.directory.root), fingerprint=told.fingerprint_digest, toy=run.toy, gold=name_of(gold),
        gold_digests=() if gold is None else digests_of(gold),
        found_digests=() if found is None else digests_of(found, place="brief.statements.found"),
        review=None if review is None else review.design,
        right_answers=None if review is None else review.right_answers,
        definition=definition, day=_today(), period=figures.days,
        documents=int(figures.facts.holds(figures.domain).sum()), failed=figures.failed,
        models=(
            ModelUsed(
                name=told.model, role="records", fingerprint=told.fingerprint_digest, licence=model.licence,
                toy=run.toy,
            ),
        ),
        figures=len(figures.claims), without_figure=figures.left_out, language=definition.language,
    )  # fmt: skip


def _today() -> datetime.date:
    return datetime.datetime.now(tz=datetime.UTC).date()
