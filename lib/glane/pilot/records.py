"""What a pilot's run wrote: its documents as observations, the size of its records, the power of its engines."""

from __future__ import annotations

import io

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from glane.extraction.forecast import Failure
from glane.pilot.frame import Integers, Strata
from glane.pilot.predict import Observed, Power, Size
from glane.run.directory import RunDirectory
from glane.run.energy import EnergyReading, EnergyTotal, total_energy
from glane.run.heartbeat import heartbeats
from glane.types import Status

_HALVES = 8
_LEAST_AT_WORK_S = 1.0  # seconds of energy, below which it tells no power
_LEAST_ROWS = 20  # whose size can be told apart from that of a file's frame


def observed(rows: pl.DataFrame, chars: Integers, strata: Strata) -> Observed:
    """Each answered row of a run with the length of its text. Blank rows belong to nobody and are left out."""
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
    """Bytes of Parquet, from all rows and random halves of them: so a file's frame is told from its rows."""
    rows = table.num_rows
    if rows < _LEAST_ROWS:
        return Size(fixed=0.0, per_row=_bytes(table) / rows, relative_error=0.2) if rows else None
    rng, half = np.random.default_rng(seed), rows // 2
    halves = [_bytes(table.take(np.sort(rng.permutation(rows)[:half]))) for _ in range(_HALVES)]
    whole = _bytes(table)
    per_row = max((whole - float(np.mean(halves))) / (rows - half), 0.1)
    # Rows of a half vary as its size does; of the whole, by 1 / sqrt(2) of that.
    error = float(np.std(halves, ddof=1)) / half / per_row / np.sqrt(2)
    return Size(fixed=max(0.0, whole - per_row * rows), per_row=per_row, relative_error=error)


def _bytes(table: pa.Table) -> int:
    stream = io.BytesIO()
    pq.write_table(table.unify_dictionaries().combine_chunks(), stream, compression="zstd")
    return stream.tell()


def power_of_engines(directory: RunDirectory) -> tuple[Power | None, EnergyTotal]:
    """The power of one engine, and what is known of the run's energy (with the reason where the power is null)."""
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
    """Statuses other than OK with their most frequent reason and number. Reasons hold no text of a document."""
    bad = rows.filter(pl.col("status").cast(pl.String) != str(Status.OK))
    counted = bad.group_by("status").agg(pl.len().alias("documents"), pl.col("reason").drop_nulls().mode().first())
    return tuple(Failure(**row) for row in counted.sort("documents", descending=True).to_dicts())
