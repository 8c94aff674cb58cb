"""`make notebook`: JupyterLab answers on loopback only, and only who has the token; its kernel runs the notebooks."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import psutil
import pytest
import websocket
import zmq

from conftest import ROOT

sys.path.insert(0, str(ROOT / "lib" / "glane_tools"))
try:
    import notebook as tool
finally:
    sys.path.pop(0)

PROGRAM = ROOT / "lib" / "glane_tools" / "notebook.py"
ENDS_S = 60


@dataclass(frozen=True, kw_only=True)
class Lab:
    """A JupyterLab that was started as a user starts it."""

    process: subprocess.Popen[str]
    said: Path
    url: str
    token: str
    private: Path

    def ask(self, path: str, token: str | None, body: Any = None) -> tuple[int, bytes]:
        headers = {"Authorization": f"token {token}"} if token else {}
        data = None if body is None else json.dumps(body).encode()
        try:
            with build_opener(ProxyHandler({})).open(Request(f"{self.url}{path}", data, headers), timeout=60) as answer:
                return answer.status, answer.read()
        except HTTPError as error:
            return error.code, error.read()

    def processes(self) -> list[psutil.Process]:
        """The program, the server and its kernels."""
        return [one := psutil.Process(self.process.pid), *one.children(recursive=True)]

    def run(self, kernel: str, code: str) -> list[dict[str, Any]]:
        """What a kernel shows of a cell, asked through the server as the page does."""
        address = f"ws{self.url.removeprefix('http')}api/kernels/{kernel}/channels"
        channel = websocket.create_connection(address, header=[f"Authorization: token {self.token}"], timeout=120)
        try:
            name = uuid.uuid4().hex
            header = {"msg_id": name, "msg_type": "execute_request", "username": "", "session": name, "version": "5.3"}
            whole = {
                "header": header,
                "parent_header": {},
                "metadata": {},
                "content": {"code": code},
                "channel": "shell",
            }
            channel.send(json.dumps(whole))
            shown = []
            while True:
                one = json.loads(channel.recv())
                if one["parent_header"].get("msg_id") != name or one["channel"] != "iopub":
                    continue
                if one["header"]["msg_type"] == "status" and one["content"]["execution_state"] == "idle":
                    return shown
                shown.append({"type": one["header"]["msg_type"], **one["content"]})
        finally:
            channel.close()


def each(lab: Lab, of: Callable[[psutil.Process], list[Any]]) -> Iterator[list[Any]]:
    """Something of each of its processes that is still there: short children of a kernel end since they were listed."""
    for process in lab.processes():
        with contextlib.suppress(psutil.NoSuchProcess):
            yield of(process)


def started(folder: Path, *words: str, **variables: str) -> Lab:
    said = folder / "said"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "lib"), "GLANE_LANG": "en", "HOME": str(folder), **variables}
    with open(said, "w") as out:
        process = subprocess.Popen(
            [sys.executable, str(PROGRAM), *words], stdout=out, stderr=subprocess.STDOUT, text=True, env=environment,
            start_new_session=True, cwd=folder,
        )  # fmt: skip
    ends = time.monotonic() + tool.START_S
    while (told := re.search(r"(http://\S+/)lab\?token=(\S+)", said.read_text())) is None and process.poll() is None:
        assert time.monotonic() < ends
        time.sleep(0.1)
    assert told is not None, said.read_text()
    (child,) = psutil.Process(process.pid).children()
    private = Path(child.environ()["JUPYTER_RUNTIME_DIR"])
    return Lab(process=process, said=said, url=told[1], token=told[2], private=private)


def ended(lab: Lab, sign: int) -> None:
    """End it, and see that nothing is left of it."""
    there = lab.processes()
    os.kill(lab.process.pid, sign)
    assert lab.process.wait(ENDS_S) == 0
    _, alive = psutil.wait_procs(there, timeout=ENDS_S)
    assert alive == []
    assert not lab.private.exists()
    assert lab.said.read_text().splitlines()[-1] == "glane notebook: ended"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    folder = tmp_path_factory.mktemp("lab")
    (folder / ".jupyter").mkdir()  # what the user has set for another JupyterLab must not open this one
    (folder / ".jupyter" / "jupyter_server_config.json").write_text(
        json.dumps({"ServerApp": {"ip": "0.0.0.0", "allow_remote_access": True}, "IdentityProvider": {"token": ""}})
    )
    found = started(folder)
    yield found
    if found.process.poll() is None:
        ended(found, signal.SIGINT)


@pytest.mark.slow
def test_it_answers_only_who_has_the_token(lab: Lab) -> None:
    for path in ("api/kernels", "api/contents", "api/terminals", "api/kernelspecs"):
        assert lab.ask(path, None)[0] == 403, path
        assert lab.ask(path, lab.token[:-1])[0] == 403, path
        assert lab.ask(path, lab.token)[0] == 200, path
    assert lab.ask("api/kernels", None, {"name": "glane"})[0] == 403
    names = {one["name"] for one in json.loads(lab.ask("api/contents", lab.token)[1])["content"]}
    assert {"01_read_results.ipynb", "README.md"} <= names


@pytest.mark.slow
def test_the_token_is_nowhere_but_in_what_the_user_is_told_and_in_private_files(lab: Lab) -> None:
    assert lab.said.read_text().count(lab.token) == 1
    assert not any(lab.token in word for words in each(lab, psutil.Process.cmdline) for word in words)
    assert stat.S_IMODE(lab.private.stat().st_mode) == 0o700
    holding = [
        path for path in lab.private.iterdir() if path.is_file() and lab.token in path.read_text(errors="replace")
    ]
    assert lab.private / "token" in holding
    assert {stat.S_IMODE(path.stat().st_mode) for path in holding} == {0o600}


@pytest.mark.slow
def test_its_kernel_runs_a_notebook_and_only_loopback_listens(lab: Lab, tmp_path: Path) -> None:
    specs = json.loads(lab.ask("api/kernelspecs", lab.token)[1])["kernelspecs"]
    assert Path(specs["glane"]["spec"]["argv"][0]) == Path(sys.executable)
    status, answer = lab.ask("api/kernels", lab.token, {"name": "glane"})
    assert status == 201
    kernel = json.loads(answer)["id"]
    (shown,) = [one["text"] for one in lab.run(kernel, "import glane, sys; print(glane.__version__, sys.prefix)")
                if one["type"] == "stream"]  # fmt: skip
    assert shown.split()[1] == sys.prefix
    lab.run(kernel, f"import os; os.environ['GLANE_RUN'] = {str(tmp_path / 'none')!r}")
    cells = json.loads((ROOT / "notebooks" / "01_read_results.ipynb").read_text())["cells"]
    first = next("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    (error,) = [one for one in lab.run(kernel, first) if one["type"] == "error"]
    assert error["traceback"][0].startswith("Il manque")

    (connection,) = lab.private.glob("kernel-*.json")
    assert json.loads(connection.read_text())["transport"] == "ipc"
    assert overheard(lab, kernel) == []


def overheard(lab: Lab, kernel: str) -> list[bytes]:
    """What anybody on this machine hears of a kernel that shows something: of all ports that are listened on."""
    connections = itertools.chain.from_iterable(each(lab, lambda process: process.net_connections("inet")))
    ports = {one.laddr for one in connections if one.status == "LISTEN"}
    assert {one.ip for one in ports} == {"127.0.0.1"}
    with zmq.Context() as context, context.socket(zmq.SUB) as ear:
        ear.setsockopt(zmq.LINGER, 0)
        ear.subscribe(b"")
        for one in ports:
            ear.connect(f"tcp://{one.ip}:{one.port}")
        for _ in range(20):
            assert lab.run(kernel, "print('the text of a document')")
        return ear.recv_multipart() if ear.poll(500) else []


@pytest.mark.slow
def test_the_page_asks_nobody_for_news_updates_or_extensions(lab: Lab) -> None:
    page = lab.ask("lab", lab.token)[1].decode()
    (config,) = re.findall(r'<script id="jupyter-config-data" type="application/json">(.*?)</script>', page, re.DOTALL)
    told = json.loads(config)
    assert {"@jupyterlab/apputils-extension:announcements", "@jupyterlab/debugger-extension",
            "@jupyterlab/extensionmanager-extension"} <= set(told["disabledExtensions"])  # fmt: skip
    assert told["news"] == {"disabled": True}
    assert json.loads(lab.ask("lab/api/news", lab.token)[1])["news"] == []
    assert json.loads(lab.ask("lab/api/update", lab.token)[1])["notification"] is None
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.slow
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_taken_port_is_left_to_its_owner_and_a_signal_ends_all(tmp_path: Path, sign: int) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        lab = started(tmp_path, "--port", str(port))
        try:
            other = int(lab.url.rstrip("/").rpartition(":")[2])
            assert other != port
            told = lab.said.read_text()
            assert f"port {port} is taken here; this is port {other}" in told
            assert f"ssh -N -L {other}:127.0.0.1:{other} " in told
        finally:
            ended(lab, sign)


def test_a_browser_is_opened_where_it_can_be_seen_only() -> None:
    assert tool.has_display({"DISPLAY": ":0"})
    assert tool.has_display({"WAYLAND_DISPLAY": "wayland-0"})
    assert not tool.has_display({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"})
    assert tool.has_display({}) == (sys.platform == "darwin")


def test_the_kernel_and_the_configuration_are_written_where_they_differ_only(tmp_path: Path) -> None:
    tool.configure(tmp_path)
    files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert [path.name for path in files] == ["jupyter_server_config.json", "page_config.json", "kernel.json"]
    before = [path.stat().st_mtime_ns for path in files]
    tool.configure(tmp_path)
    assert [path.stat().st_mtime_ns for path in files] == before
    files[2].write_text("{}")
    tool.configure(tmp_path)
    assert json.loads(files[2].read_text())["display_name"] == "glane"


def test_a_server_that_asks_for_no_token_is_not_left_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_url", lambda *_: "http://127.0.0.1:1/")
    monkeypatch.setattr(tool, "_status", lambda *_: 200)
    monkeypatch.setattr(tool, "_server", lambda *_: nullcontext())
    with pytest.raises(tool.NotebookError, match="does not ask for its token"):
        tool.run(tmp_path, 1)


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not here")
def test_make_notebook_installs_first_and_then_opens() -> None:
    command = ["make", "-n", "notebook", "PORT=9999"]
    outer = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")  # of a make that runs the tests: its folders would be told, too
    alone = {name: value for name, value in os.environ.items() if name not in outer}
    done = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=True)
    install, start = done.stdout.splitlines()
    assert install.split()[1:] == ["lib/glane_tools/install.py", "--notebook"]
    assert start == ".venv/bin/python lib/glane_tools/notebook.py --port 9999"
