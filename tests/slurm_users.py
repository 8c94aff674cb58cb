"""Two users of the private Slurm, alice and bob: what each of them does on its nodes."""

import os
import subprocess
import sys
from pathlib import Path

from conftest import ROOT


class Colleagues:
    """The users of a cluster, with a Python and a repository that they can read, wherever those of the tests lie."""

    def __init__(self, cluster):
        self.cluster = cluster
        python, packages, self.repository = (
            cluster.show(Path(path), name)
            for path, name in ((sys.base_prefix, "python"), (sys.prefix, "packages"), (ROOT, "repository"))
        )
        venv = cluster.home("alice").parent / "venv"
        (venv / "bin").mkdir(parents=True, exist_ok=True)
        (venv / "pyvenv.cfg").write_text(f"home = {python}/bin\ninclude-system-site-packages = false\n")
        for name, target in {
            "lib": packages / "lib",
            "bin/python3": python / "bin" / Path(sys.executable).resolve().name,
            "bin/python": venv / "bin" / "python3",
        }.items():
            if not (venv / name).is_symlink():
                (venv / name).symlink_to(target)
        self.python = venv / "bin" / "python3"
        self.environment = cluster.environment | {
            "GLANE_VENV": str(venv), "PYTHONPATH": str(self.repository / "lib"), "LD_LIBRARY_PATH": str(python / "lib"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }  # fmt: skip
        for name in ("XDG_STATE_HOME", "XDG_CACHE_HOME", "TMPDIR"):
            self.environment.pop(name, None)

    def run(self, user, *command, on="n1", check=True):
        """What a command of a user says."""
        done = subprocess.run(
            self.cluster.command_as(user, command, on=on), env=self.environment, capture_output=True, text=True,
            check=False, timeout=120, errors="replace",
        )  # fmt: skip
        assert not check or done.returncode == 0, f"{command}: {done.stdout}\n{done.stderr}"
        return done

    def shell(self, user, script, on="n1", check=False):
        return self.run(user, "bash", "-c", script, on=on, check=check)

    def sbatch(self, user, *options, words):
        script = str(self.repository / "slurm" / "extract.sbatch")
        return self.run(user, "sbatch", "--parsable", "--time=10", *options, script, *words).stdout.strip()

    def give(self, path, user):
        """A file or folder to a user, with all that is in it."""
        status = self.cluster.home(user).stat()
        for one in (path, *path.rglob("*")):
            os.lchown(one, status.st_uid, status.st_gid)
