"""A command that prints the keys: asked once for all processes of a run, before the guard, and ended if it hangs."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from conftest import extract_here, job_here, make_settings, write_documents
from glane import keys, secret_command
from glane.added_key import with_new_key
from glane.cluster.guarding import guarded_run
from glane.guard.hold import held
from glane.keys import KEY_COMMAND, KEY_FILE, KeysError, asked_once, keyring
from glane.languages import in_language
from glane.parquet import is_encrypted
from glane.run.keys import keys_complaint
from glane.settings import RunSettings

READ = "from glane.keys import keyring; print(keyring().current)"

ASK = """import socket, sys
try:
    socket.create_connection(("192.0.2.1", 9), 0.2)
except PermissionError:
    sys.exit(1)
except OSError:
    pass
"""


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command that prints keys, and writes down that it was asked."""
    monkeypatch.delenv(KEY_FILE, raising=False)
    (tmp_path / "ring.yaml").write_text(with_new_key(None, "one", place="keys"))
    command = tmp_path / "store"
    command.write_text(f"#!/bin/sh\necho $$ >> {tmp_path}/asked\ncat {tmp_path}/ring.yaml\n")
    command.chmod(0o700)
    monkeypatch.setenv(KEY_COMMAND, str(command))
    keys._command_text.cache_clear()
    keys._keyring.cache_clear()
    return command


def times_asked(store: Path) -> int:
    told = store.parent / "asked"
    return len(told.read_text().splitlines()) if told.exists() else 0


def test_processes_that_are_started_read_what_one_asked_for_and_nothing_of_it_is_seen(store: Path) -> None:
    secret = keyring().keys["one"]  # type: ignore[union-attr]
    with asked_once():
        assert keyring().keys["one"] == secret  # type: ignore[union-attr]
        children = [subprocess.Popen([sys.executable, "-c", READ], stdout=subprocess.PIPE, text=True) for _ in range(3)]
        assert [child.communicate()[0].strip() for child in children] == ["one"] * 3
        (place,) = {value for name, value in os.environ.items() if name == "GLANE_KEYS_ASKED"}
        assert os.stat(place).st_mode & 0o777 == 0o600
        assert os.stat(place).st_nlink == 0  # in no file system
        if os.geteuid() == 0:
            other = ["setpriv", "--reuid=65534", "--clear-groups", "cat", place]
            assert subprocess.run(other, capture_output=True, check=False).returncode
    assert times_asked(store) == 1
    assert "GLANE_KEYS_ASKED" not in os.environ


def test_a_file_of_keys_beside_a_command_is_found_from_other_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    monkeypatch.delenv(KEY_COMMAND)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring.yaml").chmod(0o600)
    monkeypatch.setenv(KEY_FILE, "ring.yaml")
    with asked_once():
        told = subprocess.run([sys.executable, "-c", READ], cwd="/", capture_output=True, text=True, check=False)
        assert told.stdout.strip() == "one", told.stderr
    assert os.environ[KEY_FILE] == "ring.yaml"


def test_what_outlives_the_process_that_asked_is_told_so(store: Path) -> None:
    with asked_once():
        environment = dict(os.environ)
    done = subprocess.run([sys.executable, "-c", READ], env=environment, capture_output=True, text=True, check=False)
    assert "GLANE_KEY_COMMAND: the process that asked for the keys has ended" in done.stderr


def test_a_store_on_another_machine_is_asked_before_the_guard_of_a_run_and_its_processes_have_the_keys(
    store: Path, tmp_path: Path
) -> None:
    ask = tmp_path / "ask.py"
    ask.write_text(ASK)
    store.write_text(
        f"#!/bin/sh\n{sys.executable} {ask} || exit 7\necho $$ >> {tmp_path}/asked\ncat {tmp_path}/ring.yaml\n"
    )
    with guarded_run(RunSettings(dir=str(tmp_path / "run"))):
        done = subprocess.run(held([sys.executable, "-c", READ], os.environ), capture_output=True, text=True)
        assert done.stdout.strip() == "one", done.stderr
        del os.environ["GLANE_KEYS_ASKED"]  # what would be without: it is asked by who may not reach it
        done = subprocess.run(held([sys.executable, "-c", READ], os.environ), capture_output=True, text=True)
        assert "exit code 7" in done.stderr
    assert times_asked(store) == 1


def test_a_run_is_encrypted_by_the_keys_of_a_command(store: Path, tmp_path: Path) -> None:
    settings = make_settings(write_documents(tmp_path / "d.parquet", ["text"] * 20), tmp_path / "run")
    with guarded_run(settings.run):
        extract_here(settings)
    assert is_encrypted(tmp_path / "run" / "records" / "records-00000.parquet")
    assert times_asked(store) == 1


def test_a_command_that_hangs_is_ended_with_what_it_started(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {tmp_path}/pid\nwait\n")
    monkeypatch.setattr(secret_command, "_COMMAND_S", 1.0)
    with pytest.raises(KeysError, match="did not end within 1 s, and was ended"):
        keyring()
    pid = int((tmp_path / "pid").read_text())
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie"


KEY = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
SAID = {
    "yes current": ("printed more than 1024 KiB, and was ended", "a affiché plus de 1024"),
    "head -c 3000000 /dev/zero": ("printed more than 1024 KiB, and was ended", "a affiché plus de 1024"),
    "true": ("printed nothing", "n'a rien affiché"),
    "cat {ring} >&2": ("printed nothing", "n'a rien affiché"),
    f"echo {KEY}; echo {KEY}": ("no keys. It has to be YAML", "YAML"),
    "cat {ring} {ring}": ("current or keys stands there twice", "deux fois"),
    "echo current: a; echo 'keys: {{a: c2hvcnQ=}}'": ("key 'a' has 5 bytes, and has to have 32", "5 octets"),
    "cat {ring}; exit 3": ("ended with exit code 3", "avec le code 3"),
    "kill -9 $$": ("ended with exit code -9", "avec le code -9"),
}


@pytest.mark.parametrize("command", SAID)
def test_whatever_a_command_prints_is_told_in_both_languages_and_not_shown(
    store: Path, tmp_path: Path, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = (tmp_path / "ring.yaml").read_text().split()[-1]
    store.write_text(f"#!/bin/sh\n{command.format(ring=tmp_path / 'ring.yaml')}\n")
    monkeypatch.setattr(secret_command, "_COMMAND_S", 20.0)
    english, french = SAID[command]
    with pytest.raises(KeysError, match=english) as error:
        keyring()
    assert french in in_language(str(error.value), "fr")
    assert secret not in str(error.value)
    assert KEY not in str(error.value)


def test_a_command_whose_child_keeps_its_output_open_is_not_waited_for_without_end(
    store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write_text("#!/bin/sh\nsleep 600 &\n")
    monkeypatch.setattr(secret_command, "_COMMAND_S", 1.0)
    with pytest.raises(KeysError, match="did not end within 1 s"):
        keyring()


def test_keys_that_cannot_be_had_are_told_before_a_run_is_begun_and_nothing_is_made(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_documents(tmp_path / "d.parquet", ["text"] * 20)
    store.write_text("#!/bin/sh\necho secret\nexit 3\n")
    told = ("cluster=slurm", "model=scripted", f"data.path={data}", f"run.dir={tmp_path}/run")
    complaint = job_here(*told, check=2).stderr
    assert "GLANE_KEY_COMMAND: ended with exit code 3" in complaint
    assert "secret" not in complaint
    assert not (tmp_path / "run").exists()
    monkeypatch.delenv(KEY_COMMAND)
    ring = tmp_path / "ring.yaml"
    ring.chmod(0o640)
    monkeypatch.setenv(KEY_FILE, str(ring))
    assert "others may read it (0640)" in job_here(*told, check=2).stderr
    ring.chmod(0o600)
    extract_here(settings := make_settings(data, tmp_path / "run"))
    monkeypatch.setenv(KEY_FILE, str(tmp_path / "absent.yaml"))
    assert "cannot be read" in job_here(*told, check=2).stderr
    from glane.run.directory import run_directory

    monkeypatch.delenv(KEY_FILE)
    assert "no key is told" in keys_complaint(run_directory(settings.run))
