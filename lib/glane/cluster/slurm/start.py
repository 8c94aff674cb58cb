"""The start of a batch script's task on each node: check the submission's files, then run Python with the arguments.

`python -m glane.cluster.slurm.start -u -m MODULE FOLDER`. The files in FOLDER are a script and a pickle: anybody who
could replace them would run code as the submitter. So they are checked before they are opened, at every start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from glane.cluster.private_folder import check_private_folder
from glane.errors import GlaneError


def main() -> None:
    """Become the Python process that the arguments ask for. Exit with code 2 if others could have changed a file."""
    try:
        check_private_folder(Path(sys.argv[-1]))
    except GlaneError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(2)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
