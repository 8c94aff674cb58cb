"""Programs of Debian that tests need: passes that install at once wait for each other."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, stand_ins

# Like the real one, it fails where another one is at work.
APT_GET = """\
mkdir {folder}/at-work || exit 100
sleep 0.5
if [[ $2 == install ]]; then touch "{folder}/${{@: -1}}" && chmod +x "{folder}/${{@: -1}}"; fi
rmdir {folder}/at-work"""


@pytest.mark.skipif(os.geteuid() != 0, reason="installs as root only")
@pytest.mark.skipif(not Path("/var/lib/apt").is_dir(), reason="not a Debian")
def test_of_several_that_install_at_once_each_has_what_it_needs(tmp_path: Path) -> None:
    folder = tmp_path / "commands"
    stand_ins(folder)("apt-get", APT_GET.format(folder=folder))
    environment = os.environ | {"PATH": f"{folder}:{os.environ['PATH']}", "PYTHONPATH": f"{ROOT}/lib/glane_tools"}
    code = "import debian, sys; print(debian.install({sys.argv[1]: sys.argv[1]}))"
    names = ["glane-no-such-a", "glane-no-such-b", "glane-no-such-c"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    tried = [subprocess.Popen([sys.executable, "-c", code, name], env=environment, **pipes) for name in names]
    assert [one.communicate(timeout=60) for one in tried] == [(f"['{name}']\n", "") for name in names]
