"""Files that run code when they are loaded, known by their name and by what they hold."""

from __future__ import annotations

import io
import pickletools
import tarfile
import zipfile
from pathlib import Path

_NAMES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".joblib", ".npy", ".npz", ".h5", ".pt2")
_CODE = (".py", ".pyc", ".pyd", ".so", ".dll", ".dylib", ".sh", ".exe", ".ipynb", ".whl")
_MAGIC = {
    b"PK\x03\x04": "it is a zip archive, as PyTorch writes pickles",
    b"\x93NUMPY": "it is an array of NumPy, which may hold pickles",
    b"\x89HDF": "it is HDF5, which may hold code",
    b"\x1f\x8b": "it is compressed, so that nobody sees what it holds",
    b"BZh": "it is compressed, so that nobody sees what it holds",
    b"\xfd7zXZ": "it is compressed, so that nobody sees what it holds",
    b"\x28\xb5\x2f\xfd": "it is compressed, so that nobody sees what it holds",
    b"\x7fELF": "it is a program",
    b"#!": "it is a program",
}
_HEAD = 1 << 20
_LONGEST_PICKLE_HEAD = 20  # operations after which a stream is taken for a pickle without seeing its end


def pickled(path: Path) -> str:
    """Why a file may run code when it is loaded, in words; empty if nothing says so.

    A file that is not named as a pickle is looked at: its first bytes, and whether it is an archive.
    """
    if path.suffix.lower() in _NAMES:
        return "weights as pickles run code when they are loaded"
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
    for magic, why in _MAGIC.items():
        if head.startswith(magic):
            return why
    if _is_pickle(head):
        return "it is a pickle, whatever its name says, and runs code when it is loaded"
    if _is_archive(path):
        return "it is an archive, whatever its name says"
    return ""


def is_code(path: Path) -> bool:
    """Whether a file is a program by its name."""
    return path.suffix.lower() in _CODE


def _is_pickle(head: bytes) -> bool:
    """Whether bytes begin with operations of a pickle: of protocol 2 and later these begin with 0x80 and its number."""
    is_marked, number = head[:1] == b"\x80", 0
    try:
        for number, (operation, _, _) in enumerate(pickletools.genops(io.BytesIO(head))):
            if operation.name == "STOP":
                return number > 0
            if number == _LONGEST_PICKLE_HEAD:
                return True
    except (ValueError, UnicodeDecodeError, OverflowError):
        pass  # it is none, or only its beginning was read
    return is_marked and number > 0


def _is_archive(path: Path) -> bool:
    """Whether a file is a zip, which is found by its end, or a tar."""
    try:
        return zipfile.is_zipfile(path) or tarfile.is_tarfile(path)
    except (OSError, ValueError, EOFError, OverflowError):
        return False
