"""Nothing leaves: what processes of a run may connect to, and every way past that we know of, tried."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from closed_network import CLOSED_NETWORK, OUTSIDE, OUTSIDE6, run_there
from conftest import ROOT
from glane.cluster import guarding, local
from glane.cluster.address import interfaces_named
from glane.cluster.guarding import guarded_run, policy_for
from glane.errors import ConfigError, EngineError
from glane.guard import calls, hold, hook, services
from glane.guard.hold import held
from glane.guard.policy import HELD, VARIABLE, WHOLE, Policy, policy_of
from glane.guard.refusals import Refusals
from glane.guard.services import is_way_out
from glane.guard.supervisor import Question, Supervisor
from glane.job import launcher
from glane.run.directory import run_directory
from glane.run.environment import guard_here
from glane.run.refused import refusals, refused_lines
from glane.settings import LocalSettings, RunSettings, SlurmSettings
from glane.settings.run import host_and_port
from glane.validation import validated

KERNEL = pytest.mark.skipif(not calls.is_supported(), reason="this kernel asks no process about calls of another")


@pytest.mark.parametrize(
    ("host", "port", "is_permitted"),
    [
        ("127.0.0.1", 6379, True), ("127.9.9.9", 80, True), ("::1", 80, True), ("::ffff:127.0.0.1", 80, True),
        ("0.0.0.0", 80, True), ("::", 80, True),
        ("127.0.0.53", 53, False), ("::1", 53, False),  # it would ask other servers
        ("10.1.2.3", 9, True), ("::ffff:10.1.2.3", 9, True), ("10.2.0.1", 9, False),
        ("192.0.2.7", 443, True), ("192.0.2.7", 80, False), ("2001:db8::7%eth0", 1, True), ("2001:db8::8", 1, False),
        ("192.0.2.8", 9, True), ("2001:db8:1::1", 9, True), ("::ffff:192.0.2.8", 9, True), ("192.0.2.8", 53, False),
        ("8.8.8.8", 53, False), ("example.org", 443, False), ("", 443, False), ("2130706433", 80, False),
    ],
)  # fmt: skip
def test_only_this_machine_and_what_is_named_is_permitted(host, port, is_permitted):
    allowed = (("10.1.0.0/16", 0), ("192.0.2.7/32", 443), ("2001:db8::7/128", 0))
    policy = Policy(allowed=allowed, own=("192.0.2.8", "2001:db8:1::1"))
    assert policy.permits(host, port) is is_permitted
    assert policy_of({VARIABLE: policy.as_json()}) == policy


@pytest.mark.parametrize(
    ("path", "is_out"),
    [
        ("/run/systemd/resolve/io.systemd.Resolve", True), ("/var/run/docker.sock", True), ("/run/dbus/system_bus_socket", True),
        ("/run/user/1000/bus", True), ("/run/user/1000/systemd/private", True), ("/run/../run/docker.sock", True),
        ("/tmp/tmux-1000/default", True), ("/run/systemd/journal/dev-log", False),  # where /dev/log leads
        ("/run/cups/cups.sock", True), ("/var/run/tor/socks", True), ("/tmp/.X11-unix/X0", True), ("/containerd-shim/a.sock", True),
        ("/run/user/1000/pulse/native", True), ("/run/user/1000/gnupg/S.dirmngr", True), ("/home/a/.gnupg/S.dirmngr", True),
        ("/run/munge/munge.socket.2", False), ("/tmp/gl-1/r/session/sockets/raylet", False), ("", False),
    ],
)  # fmt: skip
def test_programs_that_reach_out_for_others_are_known(path, is_out):
    assert is_way_out(path) is is_out


@pytest.mark.parametrize(
    "host", ["a host", "http://x", "10.0.0.0/33", "x:99999", "0.0.0.0/0", "::/0", "-x", "[10.0.0.1", ""]
)
def test_what_is_no_host_is_refused_before_anything_starts(tmp_path, host):
    with pytest.raises(ConfigError, match="allow_hosts"):
        validated(RunSettings, {"dir": str(tmp_path), "allow_hosts": host}, place="run")


def test_hosts_are_written_with_a_port_or_without():
    told = ["h", "h:1", "10.0.0.1", "10.0.0.0/8:22", "::1", "[2001:db8::/64]:443", "[::1]:9"]
    assert [host_and_port(one) for one in told] == [
        ("h", 0), ("h", 1), ("10.0.0.1", 0), ("10.0.0.0/8", 22), ("::1", 0), ("2001:db8::/64", 443), ("::1", 9),
    ]  # fmt: skip


def test_a_name_that_nobody_knows_is_told_before_anything_starts(tmp_path, monkeypatch):
    def unknown(*_, **__):
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    settings = RunSettings(dir=str(tmp_path), allow_hosts=("no.such.host",))
    with pytest.raises(ConfigError, match="no address is known of 'no.such.host'"):
        policy_for(settings)
    assert policy_for(RunSettings(dir=str(tmp_path)), nodes=["no.such.node", "10.0.0.9"]).allowed == (("10.0.0.9", 0),)


@pytest.mark.parametrize(
    ("names", "own", "is_widened"),
    [
        ({"n1": "10.0.0.1", "n2": "10.0.0.2"}, "10.0.0.2", False),
        ({"n1": "192.0.2.1", "n2": "192.0.2.2"}, "10.0.0.2", True),  # of another network, such as that of the site
        ({"n2": "10.0.0.2"}, "10.0.0.2", False),  # n1 is where the script runs
        ({}, "10.0.0.1", True),  # a container that knows no names
        ({}, "127.0.0.1", False),
    ],
)
def test_nodes_that_meet_where_their_names_do_not_lead_reach_each_other(monkeypatch, capfd, names, own, is_widened):
    def known(name, *_, **__):
        if (address := names.get(name, name if name[0].isdigit() else None)) is None:
            raise socket.gaierror(-2, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0))]

    monkeypatch.setattr(socket, "getaddrinfo", known)
    monkeypatch.setattr(launcher, "own_address", lambda *_: own)
    entry = SimpleNamespace(family=socket.AF_INET, address=own, netmask="255.255.255.0")
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: {"ib0": [entry]})
    allocation = SimpleNamespace(num_nodes=2, launch_address="10.0.0.1", nodes=("n1", "n2"), host="n2")
    found = launcher._nodes(SlurmSettings(kind="slurm"), allocation)
    assert found[:3] == ("10.0.0.1", "n1", "n2")
    assert found[3:] == (("10.0.0.0/24",) if is_widened else ())
    assert ("all of 10.0.0.0/24" in capfd.readouterr().err) is is_widened  # and that is told
    monkeypatch.setenv("NCCL_SOCKET_IFNAME", "ib")
    assert launcher._nodes(SlurmSettings(kind="slurm"), allocation)[3:] == (f"{own.rpartition('.')[0]}.0/24",)
    assert "all of" not in capfd.readouterr().err  # the site has named it


@pytest.mark.parametrize(
    ("told", "interfaces"),
    [
        ("ib", ("ib0", "ib1")), ("=ib0", ("ib0",)), ("=ib", ()), ("eth0,ib1", ("eth0", "ib1")), ("", ()),
        ("^lo,docker", ("eth0", "ib0", "ib1")), ("^=ib0,lo,docker0", ("eth0", "ib1")),
    ],
)  # fmt: skip
def test_engines_meet_by_the_interfaces_that_a_site_names_for_them(monkeypatch, told, interfaces):
    monkeypatch.setattr(psutil, "net_if_addrs", lambda: dict.fromkeys(["lo", "eth0", "ib0", "ib1", "docker0"]))
    assert interfaces_named({"NCCL_SOCKET_IFNAME": told, "NCCL_IB_HCA": "mlx5"}) == interfaces


def test_a_kernel_that_cannot_guard_ends_a_run_only_where_it_must(tmp_path, monkeypatch):
    monkeypatch.setattr(calls, "is_supported", lambda: False)
    with pytest.raises(ConfigError, match=r"run\.guard=kernel: the kernel of this machine cannot"):
        policy_for(RunSettings(dir=str(tmp_path), guard="kernel"))
    with guarded_run(RunSettings(dir=str(tmp_path))):
        assert guard_here() == "python"  # and status says so
    with guarded_run(RunSettings(dir=str(tmp_path), guard="off")):
        assert guard_here() == "off"
    assert guard_here() == "off"
    assert VARIABLE not in os.environ


_HARDENED = """
import os, platform, sys
from glane.cluster.address import interfaces_named
from glane.cluster.guarding import guarded_run
from glane.confined import ALLOW, JUMP_EQUAL, REFUSE, Instruction, beginning, hold_to
from glane.errors import ConfigError
from glane.guard import calls, hold
from glane.guard.policy import HELD
from glane.run.environment import guard_here
from glane.settings import RunSettings
if sys.argv[2] == "another listener":
    usual, calls.filter_of = calls.filter_of, lambda _: [ALLOW]  # of what runs containers: a process has one at most
    assert calls.hold_to_policy() is not None
    calls.filter_of = usual
else:
    assert hold_to([*beginning(platform.machine()), Instruction(JUMP_EQUAL, 0, 1, int(sys.argv[2])), REFUSE, ALLOW])
assert calls.is_supported()
with guarded_run(RunSettings(dir=sys.argv[1])):
    print(guard_here(), hold.hold_this_process(), HELD in os.environ)
try:
    with guarded_run(RunSettings(dir=sys.argv[1], guard="kernel")):
        pass
except ConfigError as error:
    print(error)
"""


@KERNEL
@pytest.mark.parametrize("refused", [str(calls.PIDFD_GETFD), "another listener"])
def test_where_a_container_refuses_a_part_of_it_python_guards_and_the_run_says_so(tmp_path, refused):
    """A run that worked before there was a guard would not connect to its own Ray."""
    command = [sys.executable, "-c", _HARDENED, str(tmp_path), refused]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout.startswith("python False False\nrun.guard=kernel: the kernel of this machine cannot"), (
        done.stdout
    )


_HELD_LATE = """
import os, socket, sys
from glane.confined import JUMP_EQUAL, REFUSE, ALLOW, Instruction, beginning, hold_to
from glane.guard import hold
assert hold_to([*beginning(os.uname().machine), Instruction(JUMP_EQUAL, 0, 1, int(sys.argv[1])), REFUSE, ALLOW])
with socket.create_server(("127.0.0.1", 0)) as server:
    print(hold.hold_this_process())
    socket.create_connection(server.getsockname()).close()
"""


@KERNEL
@pytest.mark.parametrize(("refused", "is_held"), [(calls.PIDFD_GETFD, False), (0xFFFF, True)])
def test_a_process_is_not_held_by_one_that_cannot_look_into_it_and_that_is_written_down(tmp_path, refused, is_held):
    environment = {**os.environ, VARIABLE: Policy(events=str(tmp_path)).as_json()}
    command = [sys.executable, "-c", _HELD_LATE, str(refused)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{is_held}\n", "")
    assert [line["what"] for line in written(tmp_path)] == ([] if is_held else ["not held"])


_REFUSED_LATER = """
import os, sys
from glane.confined import ALLOW, JUMP_EQUAL, REFUSE, SECCOMP, Instruction, beginning, hold_to
from glane.guard.hold import held
machine = os.uname().machine
assert hold_to([*beginning(machine), Instruction(JUMP_EQUAL, 0, 1, SECCOMP[machine]), REFUSE, ALLOW])
command = held(["echo", "begun"], os.environ)
os.execvp(command[0], command)
"""


@KERNEL
@pytest.mark.parametrize(("is_needed", "told"), [(True, (126, "")), (False, (0, "begun\n"))])
def test_nothing_starts_without_the_kernel_where_that_is_needed(tmp_path, is_needed, told):
    """It could hold when the run began, and cannot now: on another node, or in another container."""
    policy = Policy(events=str(tmp_path), is_kernel_needed=is_needed)
    environment = {**os.environ, VARIABLE: policy.as_json()}
    command = [sys.executable, "-c", _REFUSED_LATER]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == told
    assert done.stderr == ("run.guard=kernel: the kernel did not hold echo: not started\n" if is_needed else "")
    assert [line["what"] for line in written(tmp_path)] == (["not held"] if is_needed else [])


@pytest.mark.parametrize(("guard", "is_started"), [("kernel", False), ("auto", True)])
def test_a_command_that_is_not_held_after_all_ends_where_the_kernel_is_needed(tmp_path, monkeypatch, guard, is_started):
    monkeypatch.setattr(hold, "works", lambda: True)
    monkeypatch.setattr(calls, "is_supported", lambda: True)
    monkeypatch.setattr(hold, "_is_held_now", lambda: False)
    ended = []
    node = SimpleNamespace(address="127.0.0.1:1", kill_all_processes=lambda **_: ended.append(1))
    monkeypatch.setattr(local, "start_node", lambda **_: node)
    monkeypatch.setattr(local, "import_ray", lambda: SimpleNamespace(init=lambda **_: None, shutdown=lambda: None))
    monkeypatch.setattr(local, "refuse_other_settings", lambda: None)  # a test before may have imported the real one
    monkeypatch.setenv(WHOLE, "1")
    settings = RunSettings(dir=str(tmp_path / "run"), guard=guard)
    run_directory(settings).create()
    refused = contextlib.nullcontext() if is_started else pytest.raises(EngineError, match=r"run\.guard=kernel: ")
    with guarded_run(settings), refused, local.local_ray(LocalSettings(), tmp_path):
        assert is_started
    assert ended == [1]  # Ray does not stay behind
    assert [one.what for one in refusals(run_directory(settings))] == ["not held"]


def test_the_full_names_of_this_machine_and_of_the_nodes_are_no_attempt(run, monkeypatch, tmp_path):
    monkeypatch.setattr(socket, "gethostname", lambda: "n1")
    resolver, hosts = tmp_path / "resolv.conf", tmp_path / "hosts"
    resolver.write_text("nameserver 192.0.2.1\nsearch Cluster.example.org other.example.org. # local\n")
    hosts.write_text(
        "127.0.0.1 localhost\n192.0.2.5 n1.admin.example.org n1 # n1.of.a.remark\n192.0.2.6 db.example.org\n"
    )
    monkeypatch.setattr(guarding, "_RESOLVER", resolver)
    monkeypatch.setattr(guarding, "_HOSTS", hosts)
    heard = []
    monkeypatch.setattr(hook, "_refuse", lambda _, name: heard.append(name))
    with guarded_run(run, nodes=["n2"]):
        for name in ("n1", "n1.cluster.example.org", "N1.Other.Example.org.", "n1.admin.example.org", "n2",
                     "n2.cluster.example.org"):  # fmt: skip
            hook._judge_name(policy_of(), name)
        assert heard == []
        for name in (
            "n1.example.org",
            "text.cluster.example.org",
            "n1.of.a.remark",
            "db.example.org",
            "n1.n1.example.org",
        ):
            hook._judge_name(policy_of(), name)
    assert len(heard) == 5


@pytest.fixture
def run(tmp_path):
    settings = RunSettings(dir=str(tmp_path / "run"))
    run_directory(settings).create()
    return settings


def test_python_refuses_with_a_sentence_while_the_run_lasts(run):
    with socket.create_server(("127.0.0.1", 0)) as server, guarded_run(run):
        with socket.create_connection(server.getsockname()):
            pass
        for way in (
            lambda: socket.create_connection((OUTSIDE, 443), timeout=0.1),
            lambda: socket.create_connection((OUTSIDE6, 443), timeout=0.1),
            lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (OUTSIDE, 53)),
            lambda: socket.socket().connect((OUTSIDE.encode(), 443)),  # type: ignore[arg-type]
            lambda: socket.socket(type=socket.SOCK_DGRAM).connect_ex((OUTSIDE, 443)),
            lambda: socket.getaddrinfo("dupont-jean-1954.records.example.org", 443),
            lambda: socket.gethostbyname("example.org"),
        ):
            with pytest.raises(hook.EgressRefused, match=r"is refused: .* name it in run\.allow_hosts"):
                way()
        assert socket.getaddrinfo("localhost", 80)
    told = refusals(run_directory(run))
    assert {(one.what, one.address, one.by) for one in told} == {
        ("connection", f"{OUTSIDE}:443", "Python"), ("connection", f"[{OUTSIDE6}]:443", "Python"),
        ("connection", f"{OUTSIDE}:53", "Python"), ("name", "example.org", "Python"),
    }  # fmt: skip
    files = [path.read_text() for path in run_directory(run).ledger.iterdir() if path.is_file()]
    assert not any("dupont" in text for text in files)  # a name may be made of text
    assert len(refused_lines(run_directory(run))) == 4
    with socket.socket(type=socket.SOCK_DGRAM) as one:  # the guard is gone: whatever this network says, it is not ours
        assert one.connect_ex((OUTSIDE, 443)) in (0, errno.ENETUNREACH)


@pytest.mark.parametrize("of_the_site", [None, "timeout:1"])
def test_what_is_allowed_by_name_is_reached_by_name_and_by_nothing_else(run, monkeypatch, of_the_site):
    if of_the_site:
        monkeypatch.setenv("RES_OPTIONS", of_the_site)
    wanted = f"{of_the_site} use-vc" if of_the_site else "use-vc"
    seen, look_up = [], socket.getaddrinfo

    def looking(*args, **more):
        seen.append(os.environ.get("RES_OPTIONS"))
        return look_up(*args, **more)

    monkeypatch.setattr(socket, "getaddrinfo", looking)
    allowing = run.model_copy(update={"allow_hosts": ("localhost:53",)})
    with guarded_run(allowing):
        policy = policy_of()
        assert policy is not None
        assert policy.permits("127.0.0.1", 53)
        assert os.environ["RES_OPTIONS"] == wanted
    assert set(seen) == {wanted}  # the C library reads it at the first name, once for the whole process
    assert os.environ.get("RES_OPTIONS") == of_the_site


def held_run(folder: Path, command: list[str], *, in_closed_network: bool = False, **more: str):
    folder.mkdir(exist_ok=True)
    environment = {**os.environ, VARIABLE: Policy(events=str(folder), **more).as_json()}
    itself = held(command, environment)
    if in_closed_network:
        return run_there(itself, environment, timeout=60)
    return subprocess.run(itself, env=environment, capture_output=True, text=True, timeout=60, check=False)


def written(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for path in folder.glob("refused-*.jsonl") for line in path.read_text().splitlines()]


_TRY = [sys.executable, str(ROOT / "tests" / "call_home.py"), OUTSIDE, OUTSIDE6]


_PROBE = """
import ctypes, socket, struct, sys
with socket.socket(type=socket.SOCK_DGRAM) as one:
    told = struct.pack("=H", 2) + struct.pack("!H4s8x", int(sys.argv[1]), socket.inet_aton("8.8.8.8"))
    libc = ctypes.CDLL(None, use_errno=True)
    print(libc.connect(one.fileno(), told, 16), ctypes.get_errno())
    try: print(one.sendto(b"x", ("8.8.8.8", 53)))
    except OSError as error: print(error.errno)
"""


@CLOSED_NETWORK
@KERNEL
def test_who_asks_for_the_machines_own_address_is_refused_in_silence_and_who_sends_there_is_not(tmp_path):
    done = held_run(tmp_path, [sys.executable, "-c", _PROBE, "80"], in_closed_network=True)
    assert done.stdout.split() == ["-1", "101", "13"]
    assert [line["address"] for line in written(tmp_path)] == ["8.8.8.8:53"]
    unreachable = pytest.raises(OSError, match="unreachable")
    with guarded_run(RunSettings(dir=str(tmp_path))), socket.socket(type=socket.SOCK_DGRAM) as one, unreachable:
        one.connect(("8.8.8.8", 80))
    assert len(written(tmp_path)) == 1


@CLOSED_NETWORK
def test_every_way_out_is_one_where_nothing_guards():
    """Or the next test would show nothing."""
    done = run_there(_TRY, os.environ, timeout=60)
    told = json.loads(done.stdout)
    assert {name for name, what in told.items() if what.endswith(" 0 packets")} <= {"a ring of calls"}, told


@CLOSED_NETWORK
@KERNEL
def test_no_packet_leaves_by_any_way_out(tmp_path):
    done = held_run(tmp_path, _TRY, in_closed_network=True)
    told = json.loads(done.stdout)
    assert [name for name, what in told.items() if not what.endswith(" 0 packets")] == [], told
    assert told["a ring of calls"].startswith("Function not implemented")
    seen = {(line["what"], line["address"]) for line in written(tmp_path)}
    assert {("connection", f"{OUTSIDE}:4443"), ("connection", f"[{OUTSIDE6}]:4443"), ("raw socket", "-"),
            ("packet socket", "-")} <= seen  # fmt: skip
    assert {line["program"] for line in written(tmp_path)} >= {"bash"}
    assert "text-of-a-document" not in "".join(path.read_text() for path in tmp_path.iterdir())


@KERNEL
def test_no_link_and_no_other_name_leads_to_a_program_that_reaches_out(tmp_path):
    """The socket of a bus, by a link, from its own folder, by way of /proc, and by a name that has no file."""
    script = """
import os, socket, sys
bus = f"/tmp/dbus-{os.getpid()}"
with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as nameless, socket.socket(socket.AF_UNIX) as plain:
    server.bind(bus); server.listen(); nameless.bind("\\0" + bus); nameless.listen(); plain.bind("plain"); plain.listen()
    os.symlink(bus, "link"); os.symlink("plain", "other"); os.symlink("nothing", "broken")
    here = os.getcwd()
    for folder, way in (here, bus), (here, "link"), ("/tmp", bus[5:]), (here, "/proc/self/root" + bus), (here, "\\0" + bus), (here, "other"), (here, "broken"):
        os.chdir(folder)
        with socket.socket(socket.AF_UNIX) as one:
            print(one.connect_ex(way), end=" ")
    os.unlink(bus)
"""
    done = held_run(tmp_path / "e", [sys.executable, "-c", f"import os; os.chdir({str(tmp_path)!r})\n{script}"])
    assert (done.stdout.split(), done.stderr) == (["13"] * 5 + ["0", "2"], "")
    told = written(tmp_path / "e")
    assert {line["what"] for line in told} == {"local service"}


_ELSEWHERE = """
import os, signal, socket, sys
os.chdir(sys.argv[1])
bus, nameless = f"/tmp/dbus-{os.getpid()}", f"\\0glane-{os.getpid()}"
ready, told = os.pipe()
listening = [socket.socket(socket.AF_UNIX) for _ in range(2)]
for one, name in zip(listening, (bus, "ours")):
    one.bind(name); one.listen()
child = os.fork()
if child == 0:
    with open("/proc/self/comm", "w") as comm: comm.write("dockerd")
    of_docker = [socket.socket(socket.AF_UNIX) for _ in range(2)]
    for one, name in zip(of_docker, ("docker", nameless)):
        one.bind(name); one.listen()
    os.write(told, b"."); signal.pause()
os.read(ready, 1)
os.link(bus, "hard")
for way in "hard", os.path.abspath("hard"), "docker", nameless, "ours":
    with socket.socket(socket.AF_UNIX) as one:
        print(one.connect_ex(way), end=" ")
        try: one.sendall(b"x"); print("sent", end=" ")
        except OSError: pass
os.kill(child, signal.SIGKILL); os.unlink(bus)
"""


@KERNEL
def test_a_program_that_reaches_out_is_known_by_its_file_and_its_name_wherever_its_socket_is(tmp_path):
    """By a hard link, which is the same file, as in a folder that is mounted again; and at a path that tells nothing."""
    done = held_run(tmp_path / "e", [sys.executable, "-c", _ELSEWHERE, str(tmp_path)])
    assert (done.stdout.split(), done.stderr) == (["13"] * 4 + ["0", "sent"], "")
    told = {(line["what"], line["address"]) for line in written(tmp_path / "e")}
    assert {("local service", "hard"), ("local service", "dockerd")} <= told


@pytest.mark.parametrize(
    ("name", "is_one"), [("dbus-x", True), ("tmux-0/default", True), ("dbus/x", False), ("x-tmux-0/default", False)]
)
def test_the_file_of_a_program_in_a_shared_folder_is_known_by_any_other_name(tmp_path, monkeypatch, name, is_one):
    monkeypatch.setattr(services, "_SHARED", str(tmp_path / "shared"))
    path = tmp_path / "shared" / name
    path.parent.mkdir(parents=True)
    path.touch()
    (tmp_path / "other").hardlink_to(path)
    assert services.is_file_of_one((tmp_path / "other").stat()) is is_one


_TAKEN = """
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None, use_errno=True)
def taken(process, number):
    found = libc.syscall(438, os.pidfd_open(process), number, 0)
    return os.strerror(ctypes.get_errno()) if found < 0 else os.readlink(f"/proc/self/fd/{found}").partition("[")[0]
print(taken(int(sys.argv[1]), int(sys.argv[2])))
with subprocess.Popen(["sleep", "60"], stdin=open(sys.argv[3])) as child:
    print(taken(child.pid, 0) == sys.argv[3], taken(child.pid, 99))
    child.kill()
guard = os.getppid()
print({taken(guard, number) for number in range(99)} & {"socket:", "anon_inode:seccomp notify"})
print(libc.syscall(438, 999, 0, 0), os.strerror(ctypes.get_errno()))
"""


@KERNEL
def test_no_socket_of_another_process_is_taken_nor_what_the_guard_is_asked_by(tmp_path):
    """With the latter, a process would answer its own questions. Other descriptors are shared, as by PyTorch."""
    with socket.socket(type=socket.SOCK_DGRAM) as own:
        words = [str(os.getpid()), str(own.fileno()), str(ROOT / "LICENSE")]
        done = held_run(tmp_path, [sys.executable, "-c", _TAKEN, *words])
    refused, shared, guard, nothing = done.stdout.splitlines()
    assert refused in ("Permission denied", "Operation not permitted")  # the latter by Yama, before it is looked at
    assert (shared, guard, nothing) == ("True Bad file descriptor", "set()", "-1 Bad file descriptor")
    assert {line["what"] for line in written(tmp_path)} >= {"socket of another process"}


_ASKED_OTHERS = """
import ctypes, fcntl, os, termios
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 249, "aarch64": 218}[os.uname().machine]
print(libc.syscall(number, b"dns_resolver", b"text.example.org", b"", -2), ctypes.get_errno())
_, terminal = os.openpty()
os.setsid()
fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)
for request in (termios.TIOCSTI, termios.TIOCLINUX, termios.TIOCSTI | 1 << 32):
    print(libc.ioctl(terminal, ctypes.c_ulong(request), b"x"), ctypes.get_errno())
print(len(fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8))))
"""


@KERNEL
def test_neither_the_kernel_nor_the_users_shell_is_had_to_do_it(tmp_path):
    """Keys that root's programs look for by names, and commands that are typed into the terminal for afterwards."""
    script = f"import os\nif os.fork(): os._exit(os.waitstatus_to_exitcode(os.wait()[1]))\n{_ASKED_OTHERS}"
    done = held_run(tmp_path, [sys.executable, "-c", script])
    assert (done.stdout.split(), done.stderr) == (["-1", "1"] * 4 + ["8"], "")


def test_whatever_goes_wrong_with_one_connection_the_others_are_answered(tmp_path, monkeypatch):
    """An error that nobody thought of, and a thread that cannot be had: a guard that ended would end Ray with it."""
    answers = []

    def unthought(*_):
        raise RuntimeError("nobody thought of this")

    monkeypatch.setattr(Supervisor, "_judge", unthought)
    monkeypatch.setattr(Supervisor, "_answer", lambda _, __, error: answers.append(error))
    numbers = calls.NUMBERS["x86_64"]
    received = calls.QUESTION.pack(1, os.getpid(), 0, numbers.connect, 0, 0, *[0] * 6)
    monkeypatch.setattr(fcntl, "ioctl", lambda _, __, content: content.__setitem__(slice(None), received))
    odd = Supervisor(-1, calls=numbers, policy=Policy(), refusals=Refusals(str(tmp_path), mode=0o600))
    odd.answer_one()
    assert answers == [errno.EACCES]

    def none_left(_):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", none_left)
    with socket.create_server(("127.0.0.1", 0)) as server, socket.socket() as one:
        address = struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", server.getsockname()[1], b"\x7f\0\0\1")
        odd._begin(Question(1, 1, numbers.connect, ()), os.dup(one.fileno()), address, os.getpid())
        assert answers[1:] == [0]


@KERNEL
def test_what_is_local_works_as_without(tmp_path):
    """TCP on the loopback, waiting and not, sockets of files by relative paths, signals, the exit code."""
    script = """
import os, socket, sys
os.chdir(sys.argv[1])
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname()) as one, server.accept()[0] as other:
        one.sendall(b"tcp"); assert other.recv(9) == b"tcp"
with socket.socket(socket.AF_UNIX) as server:
    server.bind("s"); server.listen()
    with socket.socket(socket.AF_UNIX) as one:
        one.connect("s")
for address, code in (("127.0.0.1", 1), 111), (("127.0.0.1", 53), 13):
    try: socket.create_connection(address)
    except OSError as error: assert error.errno == code, error
os.execvp("sh", ["sh", "-c", sys.argv[2]])
"""
    done = held_run(tmp_path / "e", [sys.executable, "-c", script, str(tmp_path), "exit 7"])
    assert (done.returncode, done.stderr) == (7, "")
    assert held_run(tmp_path / "e", ["sh", "-c", "kill -9 $$"]).returncode == -9
    assert held_run(tmp_path / "e", ["no-such-program"]).returncode == 127


def test_this_machine_is_reached_at_every_address_of_its_own(run):
    own = policy_for(run).own
    assert own == tuple(dict.fromkeys(own))
    assert not {"127.0.0.1", "::1"} & set(own)
    for address in own:
        assert policy_for(run).permits(address, 80)
        assert not policy_for(run).permits(address, 53)
    with guarded_run(run), socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        for address in (one for one in own if ":" not in one):
            with socket.create_connection((address, server.getsockname()[1]), timeout=5):
                pass


_DATAGRAMS = """
import ctypes, os, socket, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
families = {socket.AF_INET: sys.argv[1], socket.AF_INET6: f"::ffff:{sys.argv[1]}"}
for family, host in families.items():
    address = (host, int(sys.argv[2]))
    def connected(one): one.connect(address)
    def named(one): return [(socket.IPPROTO_IP, 8, struct.pack("=i4s4s", 1, bytes(4), bytes(4)))]
    def let_go(one):
        connected(one)
        assert libc.connect(one.fileno(), bytes(16), 16) == 0  # AF_UNSPEC: it is connected no more
    def bound(one): one.bind(("", 0))
    def corked(one): one.setsockopt(17, 1, 1)
    for before in (None, connected, let_go, bound, corked):
        for send in (
            lambda one: one.sendto(b"x", address),
            lambda one: one.sendmsg([b"x"], [], 0, address),
            lambda one: one.sendmsg([b"x"], named(one), 0, address),
            lambda one: one.sendto(b"x", socket.MSG_MORE, address),
            lambda one: (one.connect(address), one.send(b"x")),
            lambda one: (one.connect(address), os.write(one.fileno(), b"x")),
            lambda one: (one.connect(address), one.setsockopt(17, 103, 9), one.send(bytes(50))),
        ):
            with socket.socket(family, socket.SOCK_DGRAM) as one:
                try:
                    if before: before(one)
                    send(one)
                    print("sent", before, family)
                except BrokenPipeError:
                    print("nothing")
"""


@KERNEL
def test_no_datagram_is_sent_not_even_to_this_machine_which_might_send_it_on(tmp_path):
    """Such as its server of names. By each call, before and after what could open the socket again."""
    with socket.socket(type=socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = str(server.getsockname()[1])
        done = held_run(tmp_path, [sys.executable, "-c", _DATAGRAMS, "127.0.0.1", port])
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.split() == ["nothing"] * 70
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.recv(9)


@KERNEL
def test_allowed_hosts_are_reached_and_no_others(run, tmp_path):
    """An address of this machine that the policy is not told as its own is one of another machine to it."""
    address = next((one for one in policy_for(run).own if ":" not in one), None)
    if address is None:
        pytest.skip("this machine has no address but that of its loopback")
    with socket.create_server((address, 0)) as server:
        port = server.getsockname()[1]
        connect = [sys.executable, "-c", f"import socket; socket.create_connection(({address!r}, {port}))"]
        ended = {
            allowed: held_run(tmp_path, connect, allowed=allowed).returncode
            for allowed in ((), ((address, port + 1),), (("198.51.100.1", 0),), ((address, port),), ((address, 0),))
        }
    assert list(ended.values()) == [1, 1, 1, 0, 0], ended
    assert {line["address"] for line in written(tmp_path)} == {f"{address}:{port}"}


@CLOSED_NETWORK
@KERNEL
def test_one_that_outlives_its_guard_reaches_nothing(tmp_path):
    """The guard is killed, and with it the command. A daemon of that lives on, and the kernel has nobody to ask."""
    script = f"""
import os, socket, sys, time
if os.fork() == 0:
    os.setsid()
    os.closerange(0, 3)
    place = f"/proc/{{sys.argv[1]}}"
    while os.path.exists(place) and os.path.exists(place + "/exe"): time.sleep(0.01)  # of a zombie it leads nowhere
    before = open("/proc/net/dev").read()
    try: socket.create_connection(("{OUTSIDE}", 80), timeout=0.3)
    except OSError as error: said = os.strerror(error.errno or 0)
    open(sys.argv[2] + "/saying", "w").write(f"{{said}}, {{before == open('/proc/net/dev').read()}}")
    os.rename(sys.argv[2] + "/saying", sys.argv[2] + "/said")
    os._exit(0)
os.kill(int(sys.argv[1]), 9)
"""
    start = f'import os, subprocess, sys; subprocess.run([sys.executable, "-c", {script!r}, str(os.getppid()), sys.argv[1]])'
    held_run(tmp_path / "e", [sys.executable, "-c", start, str(tmp_path)], in_closed_network=True)
    said = tmp_path / "said"
    deadline = time.monotonic() + 30
    while not said.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert said.read_text() == "Function not implemented, True"


@KERNEL
def test_one_guard_is_enough(tmp_path):
    environment = {VARIABLE: Policy(events=str(tmp_path)).as_json()}
    assert held(["x"], environment)[1] == "-S"
    assert held(["x"], environment)[-1] == "x"
    assert held(["x"], environment | {HELD: "1"}) == ["x"]
    assert held(["x"], {VARIABLE: Policy(is_kernel_wanted=False).as_json()}) == ["x"]
    assert held(["x"], {}) == ["x"]
