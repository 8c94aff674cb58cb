"""The files of a cascade: its plan, and the joined result, a folder that appears whole or not at all."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from glane.assess.calibrate.record import CalibrationSummary
from glane.assess.cascade.record import CascadeSummary
from glane.assess.files import write_folder
from glane.errors import DataError, RunError
from glane.records import read_record
from glane.run.directory import RunDirectory
from glane.run.fingerprint import differences
from glane.run.links import RunLink
from glane.run.written import digest_of, read_written
from glane.storage import storage_errors

PLAN, IDS, FOLDER, ROWS, SUMMARY, CODEBOOK = (
    "plan.json", "to_large.parquet", "joined", "joined.parquet", "cascade.json", "codebook.csv",
)  # fmt: skip
_CALIBRATION, _ACCEPTED, _LEFT = "calibration.json", "accepted.parquet", "to_review.parquet"


def read_calibration(folder: str | Path, run: RunDirectory, *, setting: str) -> tuple[CalibrationSummary, str]:
    """Read what `glane calibrate` wrote of a run, and its digest.

    Raises:
        DataError: if there is none, it is of another run, or a file was changed since.
    """
    root = Path(folder).expanduser()
    if not (root / _CALIBRATION).is_file():
        raise DataError(f"{setting}: no {root / _CALIBRATION}. Give the out.dir of glane calibrate.")
    written = read_written(root)
    if run.identity() not in {one.id for one in written.runs}:
        of = ", ".join(one.path for one in written.runs) or "no run that it names"
        raise DataError(
            f"{setting}: {root} is the calibration of {of}, not of {run.root}. A calibration holds for the answers "
            "that it was made of: calibrate this run."
        )
    for name in (_CALIBRATION, _ACCEPTED, _LEFT):
        if name not in written.digests or digest_of(root / name) != written.digests[name][0]:
            raise DataError(f"{setting}: {root / name} is not as glane calibrate wrote it. Calibrate the run again.")
    return read_record(CalibrationSummary, root / _CALIBRATION), written.digests[_CALIBRATION][0]


def calibrated_tables(folder: str | Path) -> tuple[Path, Path]:
    """The accepted values of a calibration, and those to review."""
    root = Path(folder).expanduser()
    return root / _ACCEPTED, root / _LEFT


def write_joined(
    out_dir: str | Path, files: Mapping[str, bytes], summary: CascadeSummary, *, of: Sequence[RunLink]
) -> Path:  # fmt: skip
    """Write the joined result; one that is there already is left if it is the same.

    Raises:
        RunError: if another one is there, or the file system refuses.
    """
    root = Path(out_dir).expanduser().absolute()
    target, staging = root / FOLDER, root / f".{FOLDER}.{uuid.uuid4().hex}.tmp"
    try:
        write_folder(staging, {SUMMARY: summary.as_json(), **files}, of=of)
        with storage_errors(target, setting="out.dir"):
            if not target.exists():
                os.rename(staging, target)  # fails if another one was made meanwhile: none of them is empty
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    try:
        known = read_record(CascadeSummary, target / SUMMARY)
    except FileNotFoundError:
        raise RunError(f"out.dir: {target} is there, and is no joined result. Choose another out.dir.") from None
    if changed := differences(known.as_values(), summary.as_values()):
        raise RunError(
            f"out.dir: {target} holds another joined result ({'; '.join(changed[:3])}). Choose another out.dir."
        )
    if digest_of(target / ROWS) != summary.joined:
        raise RunError(f"{target / ROWS}: changed since it was written. Move the folder away, and join again.")
    return target
