"""The driver of a batch job: `python -m glane.job.driver FOLDER START`, run by the launcher of the first node.

START, 0 to 1, is the place in the plan where its workers begin.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

from glane.cluster.joined import joined_ray
from glane.errors import GlaneError, hide_messages
from glane.guard import hook
from glane.job.embed import embed
from glane.job.extract import extract
from glane.job.ingest import ingest
from glane.job.usable import check_job_usable
from glane.languages import complain
from glane.run.directory import run_directory
from glane.run.prepare import PreparedRun
from glane.settings import EmbedSettings, ExtractSettings, JobSettings, read_job


def main() -> int:
    """Run the job in the launcher's Ray. Return its exit code.

    It is 0 if the run is complete, or if all of it is answered and another job publishes it. It is 4 if too little
    of it is usable, 75 if it was stopped, 2 for an error.
    """
    hide_messages()
    hook.install()
    folder = Path(sys.argv[1])
    _redirect_ray_output(folder / "driver.log")
    settings = read_job((folder / "settings.json").read_text())
    do = _work_of(settings)
    directory = run_directory(settings.run)
    try:
        run = do(
            connect=lambda: joined_ray(folder, settings.cluster.start_timeout_s),
            should_stop=(folder / "stop").exists,
            start=float(sys.argv[2]),
            leaves=True,
        )
        if run.is_left:
            return 0
        check_job_usable(settings)
    except GlaneError as error:
        complain(f"error: {error}")
        return error.exit_code
    return 0 if directory.is_complete else 75


def _work_of(settings: JobSettings) -> Callable[..., PreparedRun]:
    if isinstance(settings, ExtractSettings):
        return partial(extract, settings)
    return partial(embed, settings) if isinstance(settings, EmbedSettings) else partial(ingest, settings)


def _redirect_ray_output(path: Path) -> None:
    """Keep `sys.stderr` for our lines, which go to the job's log. Send all else that is printed, by Ray, to `path`."""
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main())
