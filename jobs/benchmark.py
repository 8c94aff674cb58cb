"""Compare glane with other ways to do the same work: python jobs/benchmark.py out.dir=… size=quick|full"""

from collections.abc import Mapping
from typing import Any

from glane.cli import run_job

_OF_GLANE = ("task", "model", "reading")  # what glane's own command is told, too


def main(values: Mapping[str, Any]) -> None:
    """Run everybody, write the figures, and print the table."""
    import signal
    import sys

    from hydra.core.hydra_config import HydraConfig

    from glane_tools.benchmark.benchmark import run_benchmark
    from glane_tools.benchmark.report import markdown
    from glane_tools.benchmark.settings import benchmark_settings

    settings = benchmark_settings(values)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the contender at work is ended, too
    words = HydraConfig.get().overrides.task
    typed = [word for word in words if word.lstrip("+~").partition("=")[0].partition(".")[0] in _OF_GLANE]
    found = run_benchmark(settings, typed=typed, say=lambda line: print(line, flush=True))
    print(markdown(found))
    print(f"{settings.out.dir}: benchmark.json, benchmark.md, benchmark.svg")


if __name__ == "__main__":
    run_job(main, config_name="benchmark", text=__doc__ or "")
