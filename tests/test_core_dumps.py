"""A process that crashes leaves no memory behind, which would hold the texts, except where that is wanted."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import write_documents
from glane.cluster.processes import core_dumps

ROOT = Path(__file__).parent.parent
PATTERN = Path("/proc/sys/kernel/core_pattern")


def inherited():
    done = subprocess.run(
        [sys.executable, "-c", "import resource; print(resource.getrlimit(resource.RLIMIT_CORE)[0])"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return int(done.stdout)


def test_the_limit_is_inherited_nests_and_ends():
    before = resource.getrlimit(resource.RLIMIT_CORE)
    with core_dumps(allowed=False):
        assert inherited() == 0
        with core_dumps(allowed=True):
            assert inherited() == before[1]
        assert inherited() == 0
    assert resource.getrlimit(resource.RLIMIT_CORE) == before


@pytest.mark.ray
@pytest.mark.slow
@pytest.mark.skipif(
    PATTERN.read_text().strip() != "core" or resource.getrlimit(resource.RLIMIT_CORE)[1] == 0,
    reason="core dumps do not go to the working directory here",
)
@pytest.mark.parametrize("are_allowed", [False, True])
def test_an_engine_that_aborts_leaves_a_core_dump_only_if_allowed(tmp_path, are_allowed):
    write_documents(tmp_path / "d.parquet", ["toux", "fièvre [[abort]]"])
    words = ["model=scripted", "run.allow_toy=true", "task=ed_visit", "data.path=d.parquet", "run.dir=run"]
    command = [sys.executable, str(ROOT / "jobs" / "extract.py"), *words, f"run.core_dumps={str(are_allowed).lower()}"]
    script = 'ulimit -c "$(ulimit -H -c)"; exec "$@"'
    done = subprocess.run(["bash", "-c", script, "bash", *command], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "OK 1, REJECTED 1" in done.stdout + done.stderr
    cores = [path for path in tmp_path.rglob("core*") if path.is_file()]
    assert bool(cores) == are_allowed
    for core in cores:  # of more than a gigabyte
        core.unlink()
