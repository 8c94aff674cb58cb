"""What another user of the machine tries on a run at work, from within its group, too. As a program, it is that user.

What a run has is found out as root first: processes, sockets, files. Then each attempt is made by a process that has become
the other user. An attempt says what it got; nothing is an empty text. That there is something to get is shown by root,
who reads the same, and by the same calls with the run's own token.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import psutil

SOMEBODY = 12_003
_OF_A_RUN = re.compile(r"/(dev/shm|tmp|var/tmp)/|/run/")
_LIMIT_S = 1.0
_PROC = (
    "environ",
    "mem",
    "fd",
    "fdinfo",
    "maps",
    "cwd",
    "root",
    "exe",
    "auxv",
    "io",
    "stack",
    "task/{pid}/environ",
    "map_files",
)
_CALLS = (
    "NodeInfoGcsService/GetAllNodeInfo", "NodeInfoGcsService/GetClusterId", "JobInfoGcsService/GetAllJobInfo",
    "ActorInfoGcsService/GetAllActorInfo", "WorkerInfoGcsService/GetAllWorkerInfo", "InternalKVGcsService/InternalKVKeys",
    "InternalKVGcsService/InternalKVGet", "NodeResourceInfoGcsService/GetAllAvailableResources",
    "NodeManagerService/GetNodeStats", "NodeManagerService/GetSystemConfig", "NodeManagerService/ShutdownRaylet",
    "NodeManagerService/RequestWorkerLease", "ObjectManagerService/Pull", "CoreWorkerService/GetCoreWorkerStats",
    "CoreWorkerService/PushTask", "CoreWorkerService/KillActor", "CoreWorkerService/Exit",
)  # fmt: skip
_READING = tuple(call for call in _CALLS if "/Get" in call)  # the others would end the run, with its token
_PATHS = (
    "/get_runtime_envs_info",
    "/get_or_create_runtime_env",
    "/delete_runtime_env_if_possible",
    "/",
    "/metrics",
    "/api/jobs/",
)


def what_there_is(pid: int, *folders: Path) -> dict[str, Any]:
    """The processes of a run, what they listen at, and the files that they have open, as root sees them."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    listening, unix, files = [], set(), {str(folder) for folder in folders}
    names = {line.split()[6]: line.split(maxsplit=7)[7] for line in _unix_sockets() if len(line.split()) > 7}
    token = ""
    for one in processes:
        with contextlib.suppress(psutil.NoSuchProcess, FileNotFoundError):
            told = one.environ().get("RAY_AUTH_TOKEN_PATH")
            token = token or (Path(told).read_text() if told and Path(told).exists() else "")
            listening += [
                (one.name(), each.type.name, each.laddr.ip, each.laddr.port, one.status() == psutil.STATUS_STOPPED)
                for each in one.net_connections(kind="inet")
                if each.status == psutil.CONN_LISTEN or (each.type == socket.SOCK_DGRAM and each.laddr)
            ]
            ends = [os.readlink(entry.path) for entry in os.scandir(f"/proc/{one.pid}/fd") if entry.is_symlink()]
            unix |= {names[end[8:-1]] for end in ends if end.startswith("socket:[") and end[8:-1] in names}
            mapped = {
                line.split(maxsplit=5)[5]
                for line in Path(f"/proc/{one.pid}/maps").read_text().splitlines()
                if "/" in line
            }
            files |= {path for path in (*ends, *mapped) if _OF_A_RUN.match(path) and Path(path).exists()}
    within = {str(path) for folder in folders for path in folder.rglob("*")}
    scratch = {str(path) for file in files for path in Path(file).parents if path.name.startswith("gl-")}
    within |= scratch | {str(path) for folder in scratch for path in Path(folder).rglob("*")}
    return {
        "pids": [one.pid for one in processes], "listening": sorted(set(listening)), "unix": sorted(unix),
        "files": sorted({path for path in files | within if not Path(path).is_symlink()}), "token": token,
    }  # fmt: skip


def write_attempts(pid: int, run: Path, to: Path) -> None:
    """Have a stranger, and one of the run's group, try everything on a run at work. Only root can be them."""
    if os.geteuid() != 0:
        return
    found = what_there_is(pid, run)
    told = {
        "found": found, "open": open_modes(found), "known": attack(found, group=0, token=found["token"]),
        "of the group": attack(found, group=os.getegid()), "a stranger": attack(found, group=SOMEBODY),
    }  # fmt: skip
    to.write_text(json.dumps(told))


def _unix_sockets() -> list[str]:
    return Path("/proc/net/unix").read_text().splitlines()[1:]


def attack(found: dict[str, Any], *, group: int, token: str = "") -> list[tuple[str, str, str]]:
    """What somebody in a group tries: the kind of attempt, on what, and what it got. With a `token`, as root."""
    told = json.dumps(
        {**found, "token": token, "secret": found["token"], "group": group, "user": 0 if token else SOMEBODY}
    )
    done = subprocess.run(
        [sys.executable, __file__], input=told, capture_output=True, text=True, timeout=240, check=True
    )
    return [tuple(one) for one in json.loads(done.stdout)]


def open_modes(found: dict[str, Any]) -> list[str]:
    """Files, folders and sockets of a run that others than its user may do anything with, by their modes alone."""
    paths = [*found["files"], *(one for one in found["unix"] if one.startswith("/"))]
    there = [(path, os.stat(path).st_mode) for path in paths if os.path.exists(path)]
    return [f"{path} {mode & 0o777:o}" for path, mode in there if mode & 0o077]


def _got(attempt: Callable[[], Any]) -> str:
    """What an attempt got."""
    try:
        found = attempt()
        return "" if found in (b"", []) else f"got {found!r}"[:200]  # of a process that has just ended
    except (OSError, http.client.HTTPException):
        return ""


def _readings(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    for pid in found["pids"]:
        for name in _PROC:
            path = f"/proc/{pid}/{name.format(pid=pid)}"
            yield f"/proc/PID/{name}", path, _got(lambda path=path: _looked_at(path))
    for path in found["files"]:
        yield "a file or folder, to read", path, _got(lambda path=path: _looked_at(path))


def _attempts(found: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    yield from _readings(found)
    for pid in found["pids"]:
        yield "ptrace", str(pid), _got(lambda pid=pid: _called(101, 16, pid, 0, 0))
        yield "memory of another process", str(pid), _got(lambda pid=pid: _read_memory(pid))
        yield "a descriptor of another process", str(pid), _got(lambda pid=pid: _called(438, os.pidfd_open(pid), 0, 0))
        yield "a signal", str(pid), _got(lambda pid=pid: os.kill(pid, 0))
        command = Path(f"/proc/{pid}/cmdline").read_text() if Path(f"/proc/{pid}").exists() else ""
        yield "the secret in a command line", str(pid), "it is there" if found["secret"] in command else ""
    for path in found["files"]:
        yield "a file or folder, to write", path, _got(lambda path=path: _written(path))
    for path in found["unix"]:
        yield "a socket of Unix", path, _got(lambda path=path: _connected(path))


def _calls(found: dict[str, Any], tokens: list[str], calls: tuple[str, ...] = _CALLS) -> Iterator[tuple[str, str, str]]:
    for _, kind, address, port, is_stopped in found["listening"]:
        if kind == "SOCK_STREAM" and is_stopped:  # as the engines are meanwhile: nobody would answer
            yield "a port of an engine", f"{address}:{port}", _got(partial(_heard, address, port))
        elif kind == "SOCK_STREAM":
            for token in tokens:
                how = "" if not token else " with a token"
                for call in calls:
                    yield f"a call of Ray{how}", f"{address}:{port} {call}", _call(address, port, call, token)
                for path in _PATHS:
                    yield f"HTTP{how}", f"{address}:{port}{path}", _got(partial(_asked, address, port, path, token))


def _call(address: str, port: int, call: str, token: str) -> str:
    import grpc

    channel = grpc.insecure_channel(f"{'[' + address + ']' if ':' in address else address}:{port}")
    try:
        ask = channel.unary_unary(f"/ray.rpc.{call}", request_serializer=bytes, response_deserializer=bytes)
        metadata = [("authorization", f"Bearer {token}")] if token else []
        return f"got {ask(b'', metadata=metadata, timeout=_LIMIT_S)!r}"[:200]
    except grpc.RpcError as error:
        refused = (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNIMPLEMENTED)
        silent = grpc.StatusCode.DEADLINE_EXCEEDED
        return "" if error.code() in (*refused, silent) else f"{error.code().name}: {error.details()}"[:200]
    finally:
        channel.close()


def _asked(address: str, port: int, path: str, token: str) -> str:
    connection = http.client.HTTPConnection(address, port, timeout=_LIMIT_S)
    try:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        connection.request("POST" if "runtime_env" in path else "GET", path, body=b"", headers=headers)
        answer = connection.getresponse()
        if answer.status in (401, 403, 404, 405):
            raise PermissionError(answer.status)
        return f"{answer.status} {answer.read(80)!r}"
    finally:
        connection.close()


def _heard(address: str, port: int) -> bytes:
    with socket.create_connection((address, port), timeout=_LIMIT_S) as connection:
        connection.settimeout(0.05)
        return connection.recv(64)


def _looked_at(path: str) -> object:
    if Path(path).is_dir():
        return [one.name for one in Path(path).iterdir()][:3]
    if path.endswith(("/cwd", "/root", "/exe")):
        return os.readlink(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        return os.read(descriptor, 40)
    finally:
        os.close(descriptor)


def _written(path: str) -> object:
    if Path(path).is_dir():
        made = Path(path) / "planted"
        made.touch(exist_ok=False)
        made.unlink()
        return made
    os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
    return path


def _connected(path: str) -> object:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET):
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, kind) as connection:
            connection.settimeout(_LIMIT_S)
            connection.connect("\0" + path[1:] if path.startswith("@") else path)
            return path
    raise PermissionError(path)


def _called(number: int, *arguments: int) -> int:
    """A call of the kernel, by its number on x86_64."""
    got = int(ctypes.CDLL(None, use_errno=True).syscall(number, *arguments))
    if got < 0:
        raise OSError(ctypes.get_errno(), "refused")
    return got


def _read_memory(pid: int) -> int:
    class Part(ctypes.Structure):
        _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]

    here = ctypes.create_string_buffer(8)
    ours, theirs = Part(ctypes.addressof(here), 8), Part(0x400000, 8)
    return _called(310, pid, ctypes.addressof(ours), 1, ctypes.addressof(theirs), 1, 0)


def main() -> None:
    """Become the user and make all attempts."""
    for call in (lambda: _call("127.0.0.1", 9, "x", "x"), lambda: _asked("127.0.0.1", 9, "/", "")):
        _got(call)  # imports what it needs, before the user is one who may not read the environment
    found = json.load(sys.stdin)
    if found["user"]:
        os.setgroups([])
        os.setresgid(found["group"], found["group"], found["group"])
        os.setresuid(found["user"], found["user"], found["user"])
        said = [*_attempts(found), *_calls(found, ["", "0" * 64])]
    else:
        said = [*_readings(found), *_calls(found, [found["token"]], _READING)]
    json.dump(said, sys.stdout)


if __name__ == "__main__":
    main()
