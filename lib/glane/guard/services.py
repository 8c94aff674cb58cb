"""Programs of a machine that are reached by a file, and reach out themselves for whoever asks them."""

from __future__ import annotations

import os

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


def is_way_out(path: str) -> bool:
    """Whether a local socket is that of a program which reaches out, or starts others, for whoever asks."""
    plain = os.path.normpath(path).replace("/var/run/", "/run/", 1)
    is_of_a_user = plain.startswith("/run/user/") and plain.endswith(_BUSES)
    is_known = plain.startswith(_WAYS_OUT) and not plain.startswith(_NO_WAYS_OUT)
    return is_known or is_of_a_user or plain.endswith(_FETCHES)


def complaint_of(path: bytes) -> tuple[str, str] | None:
    """What is refused, as its kind and where it is; None if it may be reached."""
    told = path.decode(errors="replace")
    return ("local service", told) if is_way_out(told) else None
