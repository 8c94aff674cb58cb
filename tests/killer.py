"""A worker in its own process that kills itself at the n-th file operation: run by test_kill.py.

python killer.py <settings.json> <n> <worker> [names]: SIGKILL just before the n-th call of any operation that changes
the run directory, or of those with these names; exit 0 if the run was finished before that.
"""

import io
import os
import signal
import sys
from pathlib import Path

OPERATIONS = [
    (os, n) for n in ("link", "replace", "rename", "fsync", "symlink", "unlink", "mkdir", "ftruncate", "open", "rmdir")
]
OPERATIONS += [(Path, n) for n in ("mkdir", "rename", "replace", "unlink", "chmod", "touch")]


def arm(limit, names=()):
    count = [0]

    def killing(real):
        def operation(*args, **kwargs):
            count[0] += 1
            if count[0] == limit:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*args, **kwargs)

        return operation

    for owner, name in [one for one in OPERATIONS if not names or one[1] in names]:
        setattr(owner, name, killing(getattr(owner, name)))


def main():
    from conftest import prepare_each, spec
    from glane.job.leading import led
    from glane.job.several import refuse_apart
    from glane.run.publish import finish_run
    from glane.run.publisher import sole_publisher
    from glane.run.worker import run_worker
    from glane.settings import read_job

    settings = read_job(Path(sys.argv[1]).read_bytes())
    io.open  # the import is what matters: everything is loaded before the counting starts
    arm(int(sys.argv[2]), sys.argv[4:])
    settings = led(settings)
    first, *others = prepare_each(settings)
    refuse_apart([first, *others])
    if not first.directory.is_complete:
        report = run_worker(spec(settings, first, sys.argv[3]))
        assert report.outcome == "done", report.message
    with sole_publisher(first.directory, heartbeat_s=60, lease_s=180):
        for run in (*others, first):
            finish_run(run, record_mib=1)


if __name__ == "__main__":
    main()
