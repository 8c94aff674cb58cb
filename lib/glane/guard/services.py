"""Programs of a machine that are reached by a file, and reach out themselves for whoever asks them."""

from __future__ import annotations

import contextlib
import glob
import os
from collections.abc import Iterator

# Programs of the machine that would look names up, or start other programs, for whoever asks them.
_WAYS_OUT = (
    "/run/systemd/", "/run/nscd/", "/run/dbus/", "/run/avahi-daemon/", "/run/docker", "/run/containerd",
    "/run/podman", "/run/crio", "/run/libvirt", "/run/snapd", "/run/screen/", "/tmp/tmux-", "/tmp/dbus-",
    "/run/cups/", "/run/tor/", "/tmp/.X11-unix/", "/containerd-shim/",
)  # fmt: skip
_NO_WAYS_OUT = ("/run/systemd/journal/",)  # where /dev/log leads
# By the C library, which then looks names up itself: no attempt of anybody's.
ASKED_ALWAYS = ("/nscd/socket", "/systemd/userdb/io.systemd.DynamicUser", "/systemd/userdb/io.systemd.Multiplexer")
_BUSES = ("/bus", "/systemd/private", "/docker.sock", "/podman/podman.sock", "/pulse/native")
_FETCHES = "/S.dirmngr"  # GnuPG's, in a folder of the user's choice: it fetches any address that it is told
# Their files where they usually are. Patterns list no folder that others may only pass.
_FILES = (
    "/run/docker.sock", "/run/docker/*.sock", "/run/containerd/containerd.sock", "/run/containerd/s/*",
    "/run/podman/podman.sock", "/run/crio/crio.sock", "/run/libvirt/*sock*", "/run/snapd*.socket",
    "/run/systemd/private", "/run/systemd/io.*", "/run/systemd/resolve/*", "/run/systemd/userdb/*",
    "/run/dbus/system_bus_socket", "/run/nscd/socket", "/run/avahi-daemon/socket", "/run/screen/*/*",
    "/run/cups/cups.sock", "/run/tor/*", "/tmp/.X11-unix/*",
    *(f"/run/user/*{bus}" for bus in _BUSES), "/run/user/*/gnupg/S.dirmngr",
    f"{os.environ.get('HOME', '')}/.gnupg/S.dirmngr",
)  # fmt: skip
_SHARED, _BUS, _FOLDER = "/tmp", "dbus-", "tmux-"  # and there by names that begin so; of the latter, what is in it
# Their names as the kernel tells them: fifteen characters. systemd is none, as it also listens for programs that are.
PROGRAMS = frozenset({
    "dockerd", "containerd", "containerd-shim", "podman", "crio", "buildkitd", "libvirtd", "virtqemud", "snapd",
    "systemd-resolve", "dbus-daemon", "dbus-broker", "dbus-broker-lau", "nscd", "avahi-daemon", "tmux: server",
    "screen", "cupsd", "tor", "Xorg", "Xwayland", "Xvfb", "pulseaudio", "pipewire-pulse", "dirmngr",
})  # fmt: skip


def is_way_out(path: str) -> bool:
    """Whether a local socket is that of a program which reaches out, or starts others, for whoever asks."""
    plain = os.path.normpath(path).replace("/var/run/", "/run/", 1)
    is_of_a_user = plain.startswith("/run/user/") and plain.endswith(_BUSES)
    is_known = plain.startswith(_WAYS_OUT) and not plain.startswith(_NO_WAYS_OUT)
    return is_known or is_of_a_user or plain.endswith(_FETCHES)


def is_file_of_one(found: os.stat_result) -> bool:
    """Whether a file is the socket of such a program under another name: a hard link, or a folder mounted again."""
    return any(_is_same(found, path) for path in _files())


def _files() -> Iterator[str]:
    for pattern in _FILES:
        yield from glob.iglob(pattern)
    with contextlib.suppress(OSError), os.scandir(_SHARED) as listed:  # once: it may hold thousands of names
        for one in listed:
            if one.name.startswith(_BUS):
                yield one.path
            elif one.name.startswith(_FOLDER):
                yield from glob.iglob(f"{glob.escape(one.path)}/*")


def _is_same(found: os.stat_result, path: str) -> bool:
    try:
        return os.path.samestat(found, os.stat(path))
    except OSError:
        return False


def complaint_of(path: bytes) -> tuple[str, str] | None:
    """What is refused, as its kind and where it is; None if it may be reached."""
    told = path.decode(errors="replace")
    return ("local service", told) if is_way_out(told) else None
