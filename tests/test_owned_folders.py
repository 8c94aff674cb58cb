"""What a killed process left is removed by who can know that it is dead: on its machine, since that was started."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from glane.host import boot_id, host_identity, host_name, process_start
from glane.owned_folders import owned_folder, remove_abandoned
from glane.pilot.trial import private_folder

OWN = "from pathlib import Path\nimport sys\nfrom glane.owned_folders import owned_folder\nwith owned_folder(Path(sys.argv[1]), prefix='gl-') as one: print(one, flush=True); sys.stdin.read()"


@pytest.fixture
def left(tmp_path: Path) -> Path:
    """The folder of a process that was killed."""
    words = [sys.executable, "-c", OWN, str(tmp_path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        folder = Path(process.stdout.readline().strip())  # type: ignore[union-attr]
        (folder / "text").write_text("a document")
        remove_abandoned(tmp_path, prefix="gl-")
        assert folder.exists()  # it lives
        process.send_signal(signal.SIGKILL)
    return folder


def owner_of(folder: Path) -> list[object]:
    return list(json.loads((folder / "lock").read_bytes()))


def test_what_a_process_of_this_machine_left_is_removed(left: Path, tmp_path: Path) -> None:
    assert owner_of(left)[:2] == [boot_id(), host_identity()]
    remove_abandoned(tmp_path, prefix="gl-")
    assert not left.exists()


@pytest.mark.parametrize("is_written", [True, False])
def test_what_was_killed_while_it_was_made_is_removed(left: Path, tmp_path: Path, is_written: bool) -> None:
    (left / "text").unlink()
    (left / "lock").rename(left / "lock.new")
    if not is_written:
        (left / "lock.new").write_text("")
        remove_abandoned(tmp_path, prefix="gl-")
        assert left.exists()  # another node may be about to write who it is
    os.utime(left, (0, 0))
    remove_abandoned(tmp_path, prefix="gl-")
    assert not left.exists()


def test_what_another_container_of_this_machine_left_is_removed(left: Path, tmp_path: Path) -> None:
    """Its numbers are others, and one kernel keeps the locks of both."""
    (left / "lock").write_text(json.dumps([boot_id(), "another|container", os.getpid(), process_start(os.getpid())]))
    remove_abandoned(tmp_path, prefix="gl-")
    assert not left.exists()


MINE = [os.getpid(), process_start(os.getpid())]
OTHERS = {
    "another node": ["00000000-0000-0000-0000-000000000000", "n9|00000000", 1, "1"],
    "another node with our number": ["00000000-0000-0000-0000-000000000000", host_identity(), *MINE],
    "a process that lives, whose lock another node cannot see": [boot_id(), host_identity(), *MINE],
    "a machine that tells no boot": ["", host_identity(), 2**22 + 1, "1"],
    "something else": {"a": 1},
}


@pytest.mark.parametrize("whose", OTHERS)
def test_what_may_be_of_a_process_that_lives_stays_though_its_lock_is_free(
    left: Path, tmp_path: Path, whose: str
) -> None:
    (left / "lock").write_text(json.dumps(OTHERS[whose]))
    remove_abandoned(tmp_path, prefix="gl-")
    assert (left / "text").read_text() == "a document"


@pytest.mark.parametrize("said", ["", "[", "[" * 100_000])
def test_a_lock_that_says_nothing_is_nobodys_to_remove(left: Path, tmp_path: Path, said: str) -> None:
    (left / "lock").write_text(said)
    remove_abandoned(tmp_path, prefix="gl-")
    assert (left / "text").exists()


def test_a_folder_without_a_lock_goes_only_if_it_is_old_and_holds_nothing(tmp_path: Path) -> None:
    full, empty, fresh = (tmp_path / f"gl-{name * 8}" for name in "abc")
    for one in (full, empty, fresh):
        one.mkdir()
    (full / "text").write_text("a document")
    for one in (full, empty):
        os.utime(one, (0, 0))
    remove_abandoned(tmp_path, prefix="gl-")
    assert sorted(tmp_path.iterdir()) == [full, fresh]


def test_a_pipe_in_the_place_of_a_lock_is_not_waited_for(left: Path, tmp_path: Path) -> None:
    (left / "lock").unlink()
    os.mkfifo(left / "lock")
    remove_abandoned(tmp_path, prefix="gl-")
    assert (left / "text").exists()


def test_a_folder_that_could_not_be_locked_is_never_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file system may refuse a lock now, and give it a moment later."""

    def refuse(*_: object) -> None:
        raise OSError(37, "No locks available")

    with monkeypatch.context() as patched:
        patched.setattr("glane.owned_folders.fcntl.flock", refuse)
        lasting = owned_folder(tmp_path, prefix="gl-")
        folder = lasting.__enter__()
    remove_abandoned(tmp_path, prefix="gl-")
    assert folder.exists()
    lasting.__exit__(None, None, None)
    assert not folder.exists()


def test_a_pilot_removes_no_pilot_of_another_host_whose_name_begins_alike(tmp_path: Path) -> None:
    """A host named n, and hosts n-1 and n-2: a number in the name of a host is none of a process."""
    kept = [tmp_path / f".pilot-{name}" for name in (f"{host_name()}-2-4000000-5", f"{socket.gethostname()}-4000000-5")]
    gone = tmp_path / f".pilot-{host_name()}-4000000-5"
    for one in (*kept, gone):
        one.mkdir()
    with private_folder(tmp_path) as mine:
        assert sorted(tmp_path.iterdir()) == sorted([*kept, mine])
    assert sorted(tmp_path.iterdir()) == sorted(kept)
