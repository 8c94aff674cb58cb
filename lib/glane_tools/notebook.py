"""Opens the notebooks in JupyterLab: `.venv/bin/python lib/glane_tools/notebook.py [--port N]`, or `make notebook`.

It listens on this machine's loopback, and answers only who has the token that this start drew. Kernels are reached by
sockets that are files of a private folder: on a shared machine others can connect to loopback, and a kernel tells all
that it shows to whoever connects. Nothing asks a network: news, updates and extensions are off.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import ProxyHandler, Request, build_opener

from glane.errors import GlaneError
from glane.languages import language_of
from glane.storage import replace_file, storage_errors
from glane.types import Language

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"
HOST = "127.0.0.1"
START_S = 120.0  # a cold file system of a cluster is slow
END_S = 20.0
_ASK_S = 10.0

# Of the server. A network is asked by none of it, and no configuration in the user's home changes it.
SERVER: Mapping[str, Mapping[str, Any]] = {
    "Application": {"log_level": "ERROR"},
    "ServerApp": {"ip": HOST, "allow_remote_access": False, "answer_yes": True},
    "LabApp": {
        "news_url": None,
        "check_for_updates_class": "jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "extension_manager": "readonly",
    },
    "KernelManager": {"transport": "ipc"},
}
# Of the page. The debugger would listen on loopback, and run whatever it is sent by whoever connects.
PAGE: Mapping[str, Mapping[str, bool]] = {
    "disabledExtensions": {
        "@jupyterlab/apputils-extension:announcements": True,
        "@jupyterlab/debugger-extension": True,
        "@jupyterlab/extensionmanager-extension": True,
    }
}
_TOLD: Mapping[Language, str] = {
    "en": """glane notebook: {url}
glane notebook: from your own machine, first: ssh -N -L {port}:{host}:{port} {user}@{machine}
glane notebook: others on this machine reach the port; only the token in the address keeps them out. Give it to nobody.
glane notebook: what you save holds what it shows, documents included. Ctrl-C ends.""",
    "fr": """glane notebook : {url}
glane notebook : depuis votre machine, d'abord : ssh -N -L {port}:{host}:{port} {user}@{machine}
glane notebook : d'autres ici atteignent ce port ; seul le jeton de l'adresse les arrête. Ne le donnez à personne.
glane notebook : un carnet enregistré garde ce qu'il montre, documents compris. Ctrl-C arrête.""",
}


class NotebookError(GlaneError):
    """JupyterLab cannot be started as it must be."""


def main() -> None:
    """Start JupyterLab, say where it is, and end it with this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8888, help="the first port to try")
    told = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # as nohup has it
        signal.signal(signal.SIGHUP, _interrupt)
    try:
        configure(Path(sys.prefix))
        # In /tmp: the names of sockets must be short.
        with tempfile.TemporaryDirectory(prefix="glane-notebook-", dir="/tmp") as private:
            run(Path(private), told.port)
    except GlaneError as error:
        sys.exit(f"glane notebook: {error}.")
    except KeyboardInterrupt:
        print("glane notebook: ended")


def configure(environment: Path) -> None:
    """Write the configuration and the kernel `glane` into an environment, where they differ from what is there."""
    kernel = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "glane",
        "language": "python",
        "metadata": {"debugger": False},
    }
    files = {
        "etc/jupyter/jupyter_server_config.json": SERVER,
        "etc/jupyter/labconfig/page_config.json": PAGE,
        "share/jupyter/kernels/glane/kernel.json": kernel,
    }
    for name, content in files.items():
        path, text = environment / name, json.dumps(content, indent=1) + "\n"
        if path.is_file() and path.read_text(encoding="utf-8") == text:
            continue
        with storage_errors(path, setting="environment"):
            path.parent.mkdir(parents=True, exist_ok=True)
            replace_file(path, partial(_write, text), mode=0o644, setting="environment")


def _write(text: str, file: IO[bytes]) -> None:
    file.write(text.encode())


def run(private: Path, port: int) -> None:
    """Run JupyterLab until it ends or this process is interrupted. `private` is a folder that nobody else can enter."""
    token = secrets.token_urlsafe(32)
    with open(os.open(private / "token", os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
        file.write(token)
    with _server(private, port) as server:
        url = _url(server, private)
        if _status(url, None) != 403 or _status(url, token) != 200:
            raise NotebookError("JupyterLab does not ask for its token; look at its configuration in /etc/jupyter")
        _tell(url, token, port)
        if server.wait() != 0:  # it is 0 where somebody chose to shut it down in the page
            raise NotebookError("JupyterLab ended by itself")


@contextmanager
def _server(private: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """JupyterLab as a child, ended afterwards with its kernels."""
    home = str(Path(sys.prefix) / "etc" / "jupyter")
    variables = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")} | {
        "JUPYTER_CONFIG_DIR": home,
        "JUPYTER_RUNTIME_DIR": str(private),
        "JUPYTER_TOKEN_FILE": str(private / "token"),
    }
    options = [f"--ip={HOST}", f"--port={port}", f"--ServerApp.root_dir={NOTEBOOKS}"]
    options += [] if has_display(os.environ) else ["--no-browser"]
    options += ["--allow-root"] if os.geteuid() == 0 else []
    command = [sys.executable, "-m", "jupyterlab", *options]
    # A session of its own, so that Ctrl-C comes here; what notebooks write is their owner's only, as with jobs.
    server = subprocess.Popen(command, env=variables, start_new_session=True, umask=0o077)
    try:
        yield server
    finally:
        server.terminate()
        try:
            server.wait(END_S)
        except subprocess.TimeoutExpired:
            server.kill()


def has_display(environment: Mapping[str, str]) -> bool:
    """Whether a browser that is started here can be seen."""
    is_far = "SSH_CONNECTION" in environment
    return not is_far and (sys.platform == "darwin" or bool({"DISPLAY", "WAYLAND_DISPLAY"} & environment.keys()))


def _url(server: subprocess.Popen[bytes], private: Path) -> str:
    """The address without the token, when the server has told its port and answers."""
    ends = time.monotonic() + START_S
    while time.monotonic() < ends:
        if server.poll() is not None:
            raise NotebookError("JupyterLab ended at its start: see its words above")
        for file in private.glob("jpserver-*.json"):
            url = json.loads(file.read_text())["url"] if file.stat().st_size else ""
            if url and _status(url, None) is not None:
                return str(url)
        time.sleep(0.1)
    raise NotebookError(f"JupyterLab does not answer after {START_S:.0f} s")


def _status(url: str, token: str | None) -> int | None:
    """What the server answers to a question about its kernels; None if nobody answers."""
    headers = {"Authorization": f"token {token}"} if token else {}
    opener = build_opener(ProxyHandler({}))  # loopback is asked directly
    try:
        with opener.open(Request(f"{url}api/kernels", headers=headers), timeout=_ASK_S) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError):
        return None


def _tell(url: str, token: str, wanted: int) -> None:
    port = int(url.rstrip("/").rpartition(":")[2])
    if port != wanted:
        print(f"glane notebook: port {wanted} is taken here; this is port {port}")
    words = {"url": f"{url}lab?token={token}", "port": port, "host": HOST}
    print(_TOLD[language_of()].format(**words, user=getpass.getuser(), machine=socket.gethostname()), flush=True)


def _interrupt(_: int, __: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
