"""Ways to reach another machine, as a dependency that calls home could try them: `python call_home.py ADDRESS ADDRESS6`.

Each is tried once, and what became of it is printed as JSON. Only the standard library is imported: what tries is
no part of glane. Run it where no packet can leave the machine.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable

PORT = 4443
_CALLS = {"x86_64": (41, 42, 44), "aarch64": (198, 203, 206)}  # socket, connect, sendto
_FAST_OPEN, _IO_URING, _BY_INTERFACE = 0x20000000, 425, 8  # MSG_FASTOPEN, io_uring_setup, IP_PKTINFO
_libc = ctypes.CDLL(None, use_errno=True)


def _address(host: str, port: int = PORT) -> bytes:
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H4s8x", port, socket.inet_aton(host))


def _made(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _stream(host: str, family: int = socket.AF_INET) -> None:
    with socket.socket(family) as one:
        one.settimeout(0.3)
        one.connect((host, PORT))


def _library(host: str) -> None:
    with socket.socket() as one:
        one.setblocking(False)
        _made(_libc.connect(one.fileno(), _address(host), 16))


def _raw_call(host: str) -> None:
    make, connect, _ = _CALLS[platform.machine()]
    made = _made(_libc.syscall(make, socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK, 0))
    _made(_libc.syscall(connect, made, _address(host), 16))


def _other_program(host: str) -> None:
    said = _until_it_sends(["bash", "-c", f"exec 3<>/dev/tcp/{host}/{PORT}"])
    if "denied" in said:
        raise PermissionError(said)


def _until_it_sends(command: list[str]) -> str:
    """Run a program until it ends or a packet has left. What it complained of."""
    before, ends = _sent(), time.monotonic() + 10
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as one:
        while one.poll() is None and _sent() == before and time.monotonic() < ends:
            time.sleep(0.01)
        one.kill()
        return one.communicate()[1]


def _datagram(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"x", (host, PORT))


def _datagram_connected(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.connect((host, PORT))
        one.send(b"x")


def _datagram_message(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendmsg([b"x"], [], 0, (host, PORT))


def _datagram_unbound(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        with contextlib.suppress(OSError):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"\0")
        one.sendmsg([b"x"], [], 0, (host, PORT))


def _datagram_by_interface(host: str) -> None:
    number = next(number for number, name in socket.if_nameindex() if name != "lo")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        told = struct.pack("=i4s4s", number, bytes(4), bytes(4))
        one.sendmsg([b"x"], [(socket.IPPROTO_IP, _BY_INTERFACE, told)], 0, (host, PORT))


def _name(_: str) -> None:
    with contextlib.suppress(socket.gaierror):
        socket.getaddrinfo("text-of-a-document.example.org", PORT)
        return
    raise PermissionError("no name")


def _name_of_other_program(_: str) -> None:
    _until_it_sends(["getent", "hosts", "example.org"])
    raise PermissionError("no name")


def _echo(host: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as one:
        one.sendto(b"\x08\0\xf7\xff\0\0\0\0", (host, 0))


def _frame(_: str) -> None:
    name = next(name for _, name in socket.if_nameindex() if name != "lo")
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as one:
        one.bind((name, 0))
        one.send(bytes(64))


def _fast_open(host: str) -> None:
    with socket.socket() as one:
        one.setblocking(False)
        one.sendto(b"x", _FAST_OPEN, (host, PORT))


def _fast_open_message(host: str) -> None:
    with socket.socket() as one:
        one.setblocking(False)
        one.sendmsg([b"x"], [], _FAST_OPEN, (host, PORT))


def _ring(_: str) -> None:
    parameters = ctypes.create_string_buffer(120)
    os.close(_made(_libc.syscall(_IO_URING, 4, parameters)))


def _race(host: str) -> None:
    """The address is written over by another thread while the kernel is asked."""
    with socket.create_server(("127.0.0.1", PORT)) as server:
        server.setblocking(False)
        memory = ctypes.create_string_buffer(_address("127.0.0.1"), 16)
        is_over = threading.Event()

        def swap() -> None:
            one, other = _address("127.0.0.1"), _address(host)
            while not is_over.is_set():
                ctypes.memmove(memory, other, 16)
                ctypes.memmove(memory, one, 16)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            for _ in range(300):
                with socket.socket() as one:
                    one.setblocking(False)
                    _libc.connect(one.fileno(), memory, 16)
                with contextlib.suppress(BlockingIOError):
                    server.accept()[0].close()
        finally:
            is_over.set()
            thread.join()
    raise PermissionError("whether a packet left is for who counts them")


WAYS: dict[str, Callable[[str], None]] = {
    "Python": _stream,
    "a library in C": _library,
    "the kernel's call itself": _raw_call,
    "another program": _other_program,
    "a datagram": _datagram,
    "a datagram, connected": _datagram_connected,
    "a datagram, as a message": _datagram_message,
    "a datagram, unbound from the loopback": _datagram_unbound,
    "a datagram, by its interface": _datagram_by_interface,
    "a name": _name,
    "a name, by another program": _name_of_other_program,
    "an echo request": _echo,
    "a frame": _frame,
    "a first packet with data": _fast_open,
    "a first packet with data, as a message": _fast_open_message,
    "a ring of calls": _ring,
    "an address that changes meanwhile": _race,
}


def main() -> None:
    host, host6 = sys.argv[1:3]
    ways = {**WAYS, "IPv6": lambda _: _stream(host6, socket.AF_INET6)}
    ways["IPv4 written as IPv6"] = lambda _: _stream(f"::ffff:{host}", socket.AF_INET6)
    told = {}
    for name, way in ways.items():
        before = _sent()
        try:
            way(host)
            told[name] = "made"
        except BlockingIOError:
            told[name] = "begun"
        except OSError as error:
            told[name] = "refused" if isinstance(error, PermissionError) else os.strerror(error.errno or 0)
        told[name] += f", {_sent() - before} packets"
    print(json.dumps(told))


def _sent() -> int:
    """How many packets went out of the interfaces of this network, the loopback left out."""
    total = 0
    for line in open("/proc/net/dev").read().splitlines()[2:]:  # noqa: SIM115
        name, _, counts = line.partition(":")
        total += 0 if name.strip() == "lo" else int(counts.split()[9])
    return total


if __name__ == "__main__":
    main()
