"""Compare glane with other ways to do the same work: python jobs/benchmark.py out.dir=… size=quick|full"""

import signal
import sys
from collections.abc import Mapping
from typing import Any

from glane.cli import run_job


def main(values: Mapping[str, Any]) -> None:
    """Run everybody, write the figures, and print the table."""
    from glane_tools.benchmark.benchmark import overrides_of_glane, run_benchmark
    from glane_tools.benchmark.report import markdown
    from glane_tools.benchmark.settings import benchmark_settings

    settings = benchmark_settings(values)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the contender at work is ended, too
    found = run_benchmark(settings, typed=overrides_of_glane(sys.argv[1:]), say=lambda line: print(line, flush=True))
    print(markdown(found))
    print(f"{settings.out.dir}: benchmark.json, benchmark.md, benchmark.svg")


if __name__ == "__main__":
    run_job(main, config_name="benchmark", text=__doc__ or "")
