"""What encryption adds to writing and reading records: `python -m glane_tools.benchmark.encrypted RUN`.

Records of a run are written and read with and without a key in turn, as many at a time as a shard has. Told is the
processor time, which other work on the machine changes less than the clock.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from glane.added_key import add_key
from glane.keys import KEY_FILE
from glane.parquet import read_parquet, read_parquet_frame, write_parquet

ROWS = (16, 200, 2048)  # of a file: the fewest and the most that a shard has, where nobody says otherwise
_TIMES = 40
_OF_RATE = 0.03  # of the rows/s of an engine, that may be lost


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """Seconds of a core for 1,000 rows, in files of `rows`: plain, and with a key."""

    rows: int
    write: tuple[float, float]
    read: tuple[float, float]

    @property
    def most_rows_per_s(self) -> float:
        """The rows/s of one engine at which what is added to writing alone is 3 % of the time, if it waits for that."""
        return _OF_RATE * 1000 / max(self.write[1] - self.write[0], 1e-9)


def added(table: pa.Table, rows: int, folder: Path, *, times: int = _TIMES) -> Added:
    """Measure files of so many rows; `table` is repeated if it has fewer."""
    table = pa.concat_tables([table] * (2 * rows // table.num_rows + 1))
    keys = str(folder / "keys.yaml")
    taken: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
    for number in range(times):
        part = table.slice(number * rows % (table.num_rows - rows), rows).combine_chunks()
        for is_encrypted in (number % 2 == 0, number % 2 == 1):
            _tell(keys if is_encrypted else None)
            file = folder / f"{is_encrypted}.parquet"
            taken[is_encrypted].append(
                (_processor_s(lambda: write_parquet(part, file)), _processor_s(lambda: read_parquet_frame(file)))  # noqa: B023
            )
    write, read = ([_median(taken[key], place) / rows * 1000 for key in (False, True)] for place in (0, 1))
    return Added(rows=rows, write=(write[0], write[1]), read=(read[0], read[1]))


def lines(found: Sequence[Added]) -> list[str]:
    """A table in Markdown."""
    head = [
        "| rows of a file | written, plain | encrypted | read, plain | encrypted | 3 % of an engine at, rows/s |",
        "| --: | --: | --: | --: | --: | --: |",
    ]
    cells = [[*one.write, *one.read] for one in found]
    return head + [
        f"| {one.rows:,} | {' | '.join(f'{cell:.4f}' for cell in row)} | {one.most_rows_per_s:,.0f} |"
        for one, row in zip(found, cells, strict=True)
    ]


def _processor_s(work: Callable[[], object]) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _median(taken: Sequence[tuple[float, float]], place: int) -> float:
    return statistics.median(one[place] for one in taken[2:])  # the first ones load libraries


def _tell(keys: str | None) -> None:
    os.environ.pop(KEY_FILE, None)
    if keys is not None:
        os.environ[KEY_FILE] = keys


def main() -> None:
    """Measure, and print the table."""
    table = pa.concat_tables([read_parquet(path) for path in sorted(Path(sys.argv[1], "records").glob("*.parquet"))])
    with tempfile.TemporaryDirectory() as name:
        add_key(Path(name) / "keys.yaml", "benchmark")
        found = [added(table, rows, Path(name)) for rows in ROWS]
    print("Seconds of a core for 1,000 rows", *lines(found), sep="\n")


if __name__ == "__main__":
    main()
