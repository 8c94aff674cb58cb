"""The passes of `make test`: one that fails fails the whole, all are shown, and none outlives an interruption."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

from conftest import ROOT, wait_for
from passes import AFTER, PASSES, PYTEST, passed


def sh(script: str) -> Sequence[str]:
    return ("sh", "-c", script)


@pytest.mark.parametrize("failing", [None, 0, 1, 2])
def test_one_that_fails_fails_the_whole_and_the_output_of_all_is_shown(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], failing: int | None
) -> None:
    """Also of one that ends long after another has failed."""
    waits = f"until test -e {tmp_path}/1; do sleep 0.1; done;"
    commands = [
        sh(f"{waits if number != 1 else ''} echo out {number}; echo err {number} >&2; touch {tmp_path}/{number}; "
           f"exit {int(number == failing)}")
        for number in range(3)
    ]  # fmt: skip
    assert passed(commands) == (failing is None)
    shown = capfd.readouterr()
    assert (shown.out, shown.err) == ("out 0\nout 1\nerr 1\nout 2\nerr 2\n", "err 0\n")


def test_they_run_beside_each_other(tmp_path: Path) -> None:
    """Each of the two waits for the other one."""
    meet = "touch {0}/{1}; for i in $(seq 300); do test -e {0}/{2} && exit 0; sleep 0.1; done; exit 1"
    assert passed([sh(meet.format(tmp_path, "a", "b")), sh(meet.format(tmp_path, "b", "a"))])


@pytest.mark.parametrize("failing", [False, True])
def test_what_comes_after_begins_when_the_first_has_ended_and_beside_the_others(tmp_path: Path, failing: bool) -> None:
    """The other command waits for the one that comes after, which finds that the first has ended."""
    first = f"sleep 0.5; touch {tmp_path}/first; exit {int(failing)}"
    other = f"for i in $(seq 300); do test -e {tmp_path}/after && exit 0; sleep 0.1; done; exit 1"
    after = f"test -e {tmp_path}/first && touch {tmp_path}/after"
    assert passed([sh(first), sh(other)], [sh(after)]) is not failing
    assert (tmp_path / "after").exists()
    assert not passed([sh("true")], [sh("exit 3")])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_lets_each_clean_up_and_leaves_no_process(tmp_path: Path, number: signal.Signals) -> None:
    """One ends by itself and says so, of the other a process of its own takes no heed and is killed."""
    tidy = (
        "import pathlib, time\n"
        "try:\n"
        f"    pathlib.Path({str(tmp_path / 'tidy')!r}).touch(); time.sleep(300)\n"
        f"except KeyboardInterrupt: print('tidied')"
    )
    deaf = f"trap '' INT; sh -c 'echo $$ > {tmp_path}/draft; mv {tmp_path}/draft {tmp_path}/deaf; exec sleep 300'; true"
    commands = [list(sh(deaf)), [sys.executable, "-c", tidy]]
    code = f"import passes; passes.main({commands!r}, ends_s=2)"
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    runner = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT / "tests", text=True, **pipes)
    wait_for(lambda: (tmp_path / "tidy").exists() and (tmp_path / "deaf").exists())
    children = psutil.Process(runner.pid).children(recursive=True)
    assert int((tmp_path / "deaf").read_text()) in [one.pid for one in children]
    runner.send_signal(number)
    said, complained = runner.communicate(timeout=60)
    assert (runner.returncode, said, complained) == (1, "tidied\n", "interrupted\n")
    assert psutil.wait_procs(children, timeout=20)[1] == []


def test_every_test_is_of_one_pass_and_of_no_two() -> None:
    told = [command[command.index("-m") + 1] for command in (*PASSES, *AFTER) if PYTEST in command]
    assert len(told) == 4
    for marks in range(8):
        has = {name: bool(marks & 1 << place) for place, name in enumerate(("engine", "ray", "slurm"))}
        words = [re.sub("engine|ray|slurm", lambda found: str(has[found[0]]), one) for one in told]  # noqa: B023
        assert sum(eval(one) for one in words) == 1, has


def test_the_passes_of_marked_tests_are_given_the_files_that_hold_any() -> None:
    files = [{Path(word).name for word in command if word.endswith(".py")} for command in (*PASSES, *AFTER)]
    light, _, slurm, engines, ray = files
    assert not light
    assert {"test_slurm.py", "test_pilot.py"} <= slurm
    assert {"test_chain.py", "test_embed_vllm.py"} <= engines
    assert {"test_extract.py", "test_pilot.py"} <= ray
    assert "test_disclosure.py" not in slurm | engines | ray


def test_a_mark_that_the_file_does_not_name_is_refused(tmp_path: Path) -> None:
    """Or its tests would be of no pass."""
    (tmp_path / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    mark = "getattr(pytest.mark, 'sl' + 'urm')"
    (tmp_path / "test_hidden.py").write_text(f"import pytest\n@{mark}\ndef test_one(): pass\n")
    done = subprocess.run(
        [PYTEST, "-q", "--collect-only", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": f"{ROOT / 'tests'}:{ROOT / 'lib'}"},
    )  # fmt: skip
    assert done.returncode != 0
    assert "its file must say pytest.mark.slurm itself" in done.stdout + done.stderr
