"""Bare vLLM, one process per core, as an expert would run a small model, which does not gain from threads.

`python -m glane_tools.benchmark.bare_parts WORK.json` divides the documents into parts, runs
`glane_tools.benchmark.bare` on all parts at once, and merges their records.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from glane_tools.benchmark.work import Clock, Work, read_work, write_work


def main() -> None:
    """Do the work, and write records and times."""
    clock = Clock()
    work = read_work(sys.argv[1])
    parts = [_part(work, number) for number in range(work.cpus)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    running = [
        subprocess.Popen([sys.executable, "-m", "glane_tools.benchmark.bare", str(path)], env=environment)
        for path in [Path(part.scratch) / "work.json" for part in parts]
    ]
    codes = [process.wait() for process in running]
    if any(codes):
        sys.exit(1)
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.concat_tables([pq.read_table(part.records) for part in parts]), work.records)
    told = [json.loads(Path(part.times).read_text(encoding="utf-8")) for part in parts]
    for name in ("imported", "ready", "first_request"):
        clock.mark(name, min(times["marks"][name] for times in told))
    for times in told:
        for at, count in times["rows"]:
            clock.rows(count, at)
    clock.mark("written")
    clock.write(
        work.times,
        asked=sum(times["asked"] for times in told),
        prompts=[prompt for times in told for prompt in times["prompts"]],
    )


def _part(work: Work, number: int) -> Work:
    folder = Path(work.scratch) / f"part-{number}"
    folder.mkdir()
    part = replace(
        work,
        records=str(folder / "records.parquet"),
        times=str(folder / "times.json"),
        scratch=str(folder),
        cpus=1,
        options={**work.options, "part": number, "parts": work.cpus},
    )
    write_work(part, folder / "work.json")
    return part


if __name__ == "__main__":
    main()
