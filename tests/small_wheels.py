"""Wheels of a package that only says something, made by hand. Imported by build backends: needs Python alone."""

from __future__ import annotations

import base64
import hashlib
import re
import zipfile
from pathlib import Path


def small_wheel(folder, name, version, tag="py3-none-any", says="") -> Path:
    stem = re.sub(r"[-_.]+", "_", name)
    path = Path(folder) / f"{stem}-{version}-{tag}.whl"
    info = f"{stem}-{version}.dist-info"
    files = {
        f"{stem.lower()}.py": f"SAYS = {says!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: {tag}\n",
    }
    record = "".join(f"{file},sha256={_urlsafe(text)},{len(text)}\n" for file, text in files.items())
    with zipfile.ZipFile(path, "w") as wheel:
        for file, text in (files | {f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}).items():
            wheel.writestr(file, text)
    return path


def _urlsafe(text):
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
