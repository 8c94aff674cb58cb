"""The files of a cascade: its plan, and the joined result, a folder that appears whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.cascade.record import CascadePlan, CascadeSummary
from glane.assess.files import hold_the_same, write_folder
from glane.errors import DataError, RunError
from glane.records import Record, read_record
from glane.run.directory import RunDirectory
from glane.run.fingerprint import differences
from glane.run.links import RunLink, run_at
from glane.run.whole import read_together
from glane.run.written import digest_of, read_written
from glane.storage import write_folder_once

PLAN, IDS, FOLDER, ROWS, SUMMARY, CODEBOOK = (
    "plan.json", "to_large.parquet", "joined", "joined.parquet", "cascade.json", "codebook.csv",
)  # fmt: skip
_FOLDER_MODE = 0o700  # the joined result holds values of documents
_CALIBRATION, _ACCEPTED, _LEFT = "calibration.json", "accepted.parquet", "to_review.parquet"


def read_calibration(folder: str | Path, run: RunDirectory, *, setting: str) -> tuple[CalibrationSummary, str]:
    """Read what `glane calibrate` wrote of a run, and its digest.

    Raises:
        DataError: if there is none, it is of another run, or a file was changed since.
    """
    root = Path(folder).expanduser()
    if not (root / _CALIBRATION).is_file():
        raise DataError(f"{setting}: no {root / _CALIBRATION}. Give the out.dir of glane calibrate.")
    names, written = (_CALIBRATION, _ACCEPTED, _LEFT), read_written(root)
    with read_together(root, names, place=setting) as told:
        for name in names:
            if name not in written.digests or not (root / name).is_file():
                raise DataError(
                    f"{setting}: {root / name} is not as glane calibrate wrote it. Calibrate the run again."
                )
        summary, digest = read_record(CalibrationSummary, root / _CALIBRATION), digest_of(root / _CALIBRATION)
    links = written.runs if told is None else told
    is_other = told is None and run_at(summary.run) not in (None, run.identity())  # of before files had runs
    if run.identity() not in {one.id for one in links} or is_other:
        of = summary.run if is_other else ", ".join(one.path for one in links) or "no run that it names"
        raise DataError(
            f"{setting}: {root} is the calibration of {of}, not of {run.root}. A calibration holds for the answers "
            "that it was made of: calibrate this run."
        )
    return summary, digest


def calibrated_tables(folder: str | Path) -> tuple[Path, Path]:
    """The accepted values of a calibration, and those to review."""
    root = Path(folder).expanduser()
    return root / _ACCEPTED, root / _LEFT


def check_plan(out_dir: str | Path, plan: CascadePlan, *, is_needed: bool) -> None:
    """Check that a plan is the one by which the documents were parted, if they were.

    A large run may be under way by the list that a plan stands beside, so none is replaced by another.

    Raises:
        RunError: if it differs, or if there is none and one `is_needed`.
    """
    path = Path(out_dir).expanduser() / PLAN
    try:
        known = read_record(CascadePlan, path)
    except FileNotFoundError:
        if not is_needed:
            return
        raise RunError(
            f"out.dir: no {path}. Part the documents first: the same command without large.dir; or give the out.dir "
            "where that was done."
        ) from None
    if changed := _changed(known, plan):
        raise RunError(
            f"out.dir: {path} is of another parting ({'; '.join(changed[:3])}). Give the fields and the calibration of "
            "then, or part the documents anew in another out.dir, and ask the large model again."
        )


def write_joined(
    out_dir: str | Path, files: Mapping[str, bytes], summary: CascadeSummary, *, of: Sequence[RunLink]
) -> CascadeSummary:  # fmt: skip
    """Write the joined result; one that is there already is left if it is the same. Return the summary that is there.

    Encrypted, the same rows are other bytes each time: of two that join at once, the second finds those of the first.

    Raises:
        RunError: if another one is there, or the file system refuses.
    """
    target = Path(out_dir).expanduser().absolute() / FOLDER
    if not target.exists():
        write_folder_once(
            target, lambda folder: write_folder(folder, {SUMMARY: summary.as_json(), **files}, of=of),
            mode=_FOLDER_MODE, setting="out.dir",
        )  # fmt: skip
    try:
        known = read_record(CascadeSummary, target / SUMMARY)
    except FileNotFoundError:
        raise RunError(f"out.dir: {target} is there, and is no joined result. Choose another out.dir.") from None
    if digest_of(target / ROWS) == known.joined != summary.joined and hold_the_same(target / ROWS, files[ROWS]):
        summary = summary.model_copy(update={"joined": known.joined})
    if changed := _changed(known, summary):
        raise RunError(
            f"out.dir: {target} holds another joined result ({'; '.join(changed[:3])}). Choose another out.dir."
        )
    if digest_of(target / ROWS) != summary.joined:
        raise RunError(f"{target / ROWS}: changed since it was written. Move the folder away, and join again.")
    return summary


def _changed(known: Record, now: Record) -> list[str]:
    """In what a record differs from one that was written. Runs are known by their ids, wherever they are by now."""
    lines = differences(known.as_values(), now.as_values())
    return [line for line in lines if not line.partition(":")[0].endswith(".path")]
