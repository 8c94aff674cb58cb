"""What a batch script starts on each node: check the submission's files, then run Python on what follows.

`python -m glane.cluster.slurm.start -u -m MODULE FOLDER`. The files in FOLDER are a script and a pickle: whoever could
replace them would run code as the submitter. They are looked at before they are opened, at every start of the job.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from glane.cluster.private_folder import check_private_folder
from glane.errors import GlaneError


def main() -> None:
    """Become the Python process that is asked for; end with exit code 2 if a file is not to be trusted."""
    try:
        check_private_folder(Path(sys.argv[-1]))
    except GlaneError as error:
        print(f"error: {error}", file=sys.stderr, flush=True)
        sys.exit(2)
    os.execv(sys.executable, [sys.executable, *sys.argv[1:]])


if __name__ == "__main__":
    main()
