"""A foreign service that tests stand in for: an OpenAI-compatible server of a vision model, on this machine.

It reads pages of one colour: what it writes for a page is what `written` says of the red of it.
"""

from __future__ import annotations

import base64
import io
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from PIL import Image

STEP = 20  # between the reds of two pages: JPEG changes colours a little
MODEL = "reads-pages"
WHITE = -1  # the number of a white page


@dataclass
class ChatServer:
    """What it was asked, and how it answers: `answer` gets the handler, the number of the page and the body."""

    port: int = 0
    asked: list[int] = field(default_factory=list)  # the numbers of pages, as they came
    bodies: list[dict[str, Any]] = field(default_factory=list)
    models: Any = field(default_factory=lambda: {"object": "list", "data": [{"id": MODEL, "object": "model"}]})
    answer: Callable[[BaseHTTPRequestHandler, int, dict[str, Any]], None] | None = None
    written: Callable[[int], str] = lambda number: f"The text of page {number}."

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def told(self, **more: Any) -> dict[str, Any]:
        """The settings `ocr` for it."""
        return {"model": MODEL, "endpoint": self.endpoint, "concurrency": 2, **more}


@contextmanager
def chat_server() -> Iterator[ChatServer]:
    """Serve while the block lasts."""
    server = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            send(self, 200, server.models)

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            number = page_of(body)
            server.asked.append(number)
            server.bodies.append(body)
            if server.answer is not None:
                server.answer(self, number, body)
            else:
                send(self, 200, chat(server.written(number)))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as httpd:
        httpd.daemon_threads = True
        httpd.block_on_close = False
        server.port = httpd.server_address[1]
        thread = threading.Thread(target=httpd.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield server
        httpd.shutdown()


def chat(content: Any, ending: str | None = "stop") -> dict[str, Any]:
    """An answer as OpenAI's protocol has it."""
    return {"choices": [{"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": ending}]}


def send(handler: BaseHTTPRequestHandler, status: int, content: Any, **headers: str) -> None:
    """Send an answer whole. The one who asked may have gone."""
    data = content if isinstance(content, bytes) else json.dumps(content).encode()
    try:
        handler.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)
    except OSError:
        pass


def page_of(body: dict[str, Any]) -> int:
    """The number of the page in a request, or `WHITE`."""
    (message,) = body["messages"]
    url = message["content"][0]["image_url"]["url"]
    mark = "data:image/png;base64,"
    assert url.startswith(mark)
    with Image.open(io.BytesIO(base64.b64decode(url.removeprefix(mark)))) as image:
        red, green, _ = image.convert("RGB").getpixel((image.width // 2, image.height // 2))
    return WHITE if green > 128 else round(red / STEP)


def picture(number: int, size: tuple[int, int] = (300, 400)) -> Image.Image:
    """The picture of page `number`."""
    return Image.new("RGB", size, (number * STEP, 0, 0))


def scans(*numbers: int) -> bytes:
    """A PDF whose pages are pictures."""
    first, *others = map(picture, numbers)
    sink = io.BytesIO()
    first.save(sink, "PDF", save_all=True, append_images=others)
    return sink.getvalue()


def write_scans(folder: Path, *files: tuple[int, ...]) -> Path:
    """Files of scanned pages, by the numbers of these."""
    folder.mkdir()
    for number, pages in enumerate(files):
        (folder / f"{number:04}.pdf").write_bytes(scans(*pages))
    return folder
