"""A node's part of a submitted job: `python -m glane.job.node`, with its settings as JSON on standard input."""

from __future__ import annotations

import sys

from glane.errors import ConfigError, GlaneError
from glane.job.job_node import USER_ERROR
from glane.job.launcher import launch
from glane.languages import complain
from glane.settings import JobSettings, read_job


def main() -> int:
    """Do the node's part, and return its exit code: 2 for what the user can mend."""
    try:
        return launch(_settings(sys.stdin.buffer.read()))
    except GlaneError as error:
        complain(f"error: {error}")
        return USER_ERROR


def _settings(given: bytes) -> JobSettings:
    if not given.strip():
        raise ConfigError(
            "cluster.python: the job's settings did not arrive on standard input. Let the command pass it on, as "
            "docker does with run --interactive."
        )
    return read_job(given)


if __name__ == "__main__":
    sys.exit(main())
