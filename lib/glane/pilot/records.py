"""Reads the run of a pilot: its documents as observations, the size of its records, the power of its engines."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pyarrow as pa

from glane.extraction.forecast import Failure
from glane.parquet import write_parquet
from glane.pilot.frame import Integers, Strata
from glane.pilot.predict import Observed, Power, Size
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyReading
from glane.run.energy_total import EnergyTotal, total_energy
from glane.run.heartbeat import heartbeats
from glane.types import Status

_HALVES = 8
_LEAST_AT_WORK_S = 1.0  # seconds of measured energy; with less, no power is computed
_LEAST_ROWS = 20  # with fewer, their size cannot be separated from a file's fixed size


def observed(rows: pl.DataFrame, chars: Integers, strata: Strata) -> Observed:
    """The answered rows of a run, with the length of each text. Blank rows are in no stratum and are left out."""
    status = rows["status"].cast(pl.String)
    is_in = (status != str(Status.EMPTY)).to_numpy()
    return Observed(
        stratum=strata.of(chars[is_in]),
        chars=chars[is_in],
        prompt_tokens=rows["prompt_tokens"].fill_null(0).to_numpy()[is_in].astype(float),
        output_tokens=rows["output_tokens"].fill_null(0).to_numpy()[is_in].astype(float),
        is_failed=(status != str(Status.OK)).to_numpy()[is_in],
        is_repeated=rows["duplicate"].to_numpy()[is_in],
    )


def size_of_records(table: pa.Table, *, seed: int) -> Size | None:
    """Bytes of Parquet, from files of all rows and of random halves: this separates fixed size from size per row."""
    rows = table.num_rows
    if rows < _LEAST_ROWS:
        return Size(fixed=0.0, per_row=_bytes(table) / rows, relative_error=0.2) if rows else None
    rng, half = np.random.default_rng(seed), rows // 2
    halves = [_bytes(table.take(np.sort(rng.permutation(rows)[:half]))) for _ in range(_HALVES)]
    whole = _bytes(table)
    per_row = max((whole - float(np.mean(halves))) / (rows - half), 0.1)
    # The standard deviation over halves; that of the whole is smaller by the factor 1 / sqrt(2).
    error = float(np.std(halves, ddof=1)) / half / per_row / np.sqrt(2)
    return Size(fixed=max(0.0, whole - per_row * rows), per_row=per_row, relative_error=error)


def _bytes(table: pa.Table) -> int:
    stream = io.BytesIO()
    write_parquet(table.unify_dictionaries().combine_chunks(), stream)
    return stream.tell()


def power_of_engines(directory: RunDirectory) -> tuple[Power | None, EnergyTotal]:
    """The power of one engine, and the run's energy, which has the reason if the power is None."""
    beats = heartbeats(directory)
    energy = total_energy(beats)
    readings = [beat.energy for beat in beats if beat.energy is not None]
    told = [reading for reading in readings if reading.parts and reading.ready_s is not None]
    at_work_s = sum(map(_at_work_s, told))
    if energy.kwh is None or not told or at_work_s < _LEAST_AT_WORK_S * len(told):
        reason = energy.reason or "the pilot was too short to tell"
        return None, energy.model_copy(update={"source": None, "reason": reason})
    before = sum(reading.kwh_at_ready for reading in told)
    assert energy.source is not None
    return (
        Power(
            kwh_at_ready=before / len(told),
            kilowatts=max(0.0, energy.kwh - before) / (at_work_s / 3600),
            delay_s=float(np.mean([max(0.0, reading.from_s - (reading.ready_s or 0.0)) for reading in told])),
            grams_per_kwh=energy.grams_per_kwh,
            source=energy.source,
        ),
        energy,
    )


def _at_work_s(reading: EnergyReading) -> float:
    return max(0.0, reading.to_s - max(reading.from_s, reading.ready_s or 0.0))


def failures(rows: pl.DataFrame) -> tuple[Failure, ...]:
    """Statuses other than OK, with their number and most frequent reason. Reasons hold no document text."""
    bad = rows.filter(pl.col("status").cast(pl.String) != str(Status.OK))
    counted = bad.group_by("status").agg(pl.len().alias("documents"), pl.col("reason").drop_nulls().mode().first())
    return tuple(Failure(**row) for row in counted.sort("documents", descending=True).to_dicts())
