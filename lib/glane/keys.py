"""Keys of encrypted Parquet files: from a file, or from a command that prints one; never logged, and kept in no file.

`GLANE_KEY_FILE` names a file, `GLANE_KEY_COMMAND` a command of the site's key store. Either gives YAML, in which
`current` is the key that files are written with, and the others open what was written before:

    current: "2026-11"
    keys:
      "2026-11": <32 bytes in base64>
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import re
import secrets
import shlex
import stat
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import IO, Any

import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from glane.errors import GlaneError
from glane.languages import Spoken
from glane.storage import locked_folder, replace_file, write_once

KEY_FILE, KEY_COMMAND = "GLANE_KEY_FILE", "GLANE_KEY_COMMAND"
_KEY_BYTES, _NONCE_BYTES = 32, 12
_COMMAND_S, _LOCK_S = 60.0, 30.0
_MODE = 0o600
_SETTING = "file"  # of the command that makes a key
_ID = re.compile(r"[\w.:-]{1,64}")
_SHAPE = 'It has to be YAML with "current", the id of a key, and "keys", 32 bytes in base64 by id.'


class KeysError(GlaneError):
    """Keys cannot be had, or are not those of a file."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """Keys by id; `current` is the one that files are written with."""

    current: str
    keys: Mapping[str, bytes] = field(repr=False)
    place: str = "the keys"

    def wrap(self, secret: bytes, key: str) -> bytes:
        """Encrypt the key of a file with a key of the ring (AES-GCM), in base64.

        Raises:
            KeysError: if the ring has no such key.
        """
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return base64.b64encode(nonce + AESGCM(self._key(key)).encrypt(nonce, secret, key.encode()))

    def unwrap(self, wrapped: bytes, key: str) -> bytes:
        """Decrypt what `wrap` encrypted.

        Raises:
            KeysError: if the ring has no such key, or another one of this id.
        """
        data = base64.b64decode(wrapped)
        try:
            return AESGCM(self._key(key)).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], key.encode())
        except InvalidTag:
            raise KeysError(
                f"{self.place}: key {key!r} is not the one that the file was encrypted with, though it has its id."
            ) from None

    def _key(self, name: str) -> bytes:
        try:
            return self.keys[name]
        except KeyError:
            raise KeysError(
                f"{self.place}: no key {name!r}, which the file was encrypted with. There are: "
                f"{', '.join(sorted(self.keys))}."
            ) from None


def keyring() -> Keyring | None:
    """The keys that this process is told of; None if it is told of none, and files are written plain.

    Raises:
        KeysError: if they cannot be had.
    """
    return _keyring(os.environ.get(KEY_FILE), os.environ.get(KEY_COMMAND))


@cache
def _keyring(file: str | None, command: str | None) -> Keyring | None:
    for name, told in ((KEY_FILE, file), (KEY_COMMAND, command)):
        if told is not None and not told.strip():
            raise KeysError(f"{name} is set, and empty, so files would be plain. Name the keys, or unset it.")
    if file and command:
        raise KeysError(f"{KEY_FILE} and {KEY_COMMAND} are both set. Set one of them.")
    if file:
        return parse_keyring(_file_text(Path(file).expanduser()), place=f"{KEY_FILE}={file}")
    return parse_keyring(_command_text(command), place=KEY_COMMAND) if command else None


def parse_keyring(text: str, *, place: str) -> Keyring:
    """Read a ring; `place` is named in errors.

    Raises:
        KeysError: if it is none. What the text holds is not told.
    """
    try:
        told: Any = yaml.safe_load(text)
        keys = {str(name): base64.b64decode(str(key), validate=True) for name, key in told["keys"].items()}
        current, num_ids = str(told["current"]), len(_value(yaml.compose(text, yaml.SafeLoader), "keys"))
    except (yaml.YAMLError, binascii.Error, KeyError, TypeError, AttributeError):
        raise KeysError(f"{place}: no keys. {_SHAPE}") from None
    if num_ids > len(keys):
        raise KeysError(f"{place}: an id stands there twice, and one of its keys would be lost. Give each its own.")
    if strange := [name for name in keys if not _ID.fullmatch(name)]:
        raise KeysError(f"{place}: the id of key {len(strange)} is not of letters, digits and . : - _ (64 at most).")
    if short := [name for name, key in keys.items() if len(key) != _KEY_BYTES]:
        raise KeysError(f"{place}: key {short[0]!r} has {len(keys[short[0]])} bytes, and has to have {_KEY_BYTES}.")
    if current not in keys:
        raise KeysError(f"{place}: current is {current!r}, which is not among the keys: {', '.join(sorted(keys))}.")
    return Keyring(current, keys, place)


def _value(node: Any, name: str) -> list[Any]:
    """The pairs of the mapping `name` of a document of YAML: repeated ids are lost when it is loaded."""
    return next(list(value.value) for key, value in node.value if key.value == name)


def with_new_key(text: str | None, name: str, *, place: str) -> str:
    """A ring as text with a fresh key, which is the current one.

    Raises:
        KeysError: if `text` is no ring, has that key already, or the name cannot be one.
    """
    earlier = None if text is None else parse_keyring(text, place=place)
    if not _ID.fullmatch(name):
        raise KeysError(f"name: {name!r} is not of letters, digits and . : - _ (64 at most).")
    if earlier is not None and name in earlier.keys:
        raise KeysError(f"{place}: there is a key {name!r} already. Give the new one another name.")
    keys = {} if earlier is None else {one: base64.b64encode(key).decode() for one, key in earlier.keys.items()}
    keys[name] = base64.b64encode(secrets.token_bytes(_KEY_BYTES)).decode()
    return yaml.safe_dump({"current": name, "keys": keys}, sort_keys=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedKey(Spoken):
    """A key that was made, without it. `str()` of it says where it is, and how it is used."""

    path: Path
    ring: Keyring

    def _in_english(self) -> str:
        earlier = [name for name in self.ring.keys if name != self.ring.current]
        lines = [f"{self.path}: key {self.ring.current} is the one that files are written with"]
        if earlier:
            lines.append(f"kept, for files of before: {', '.join(earlier)}")
        lines.append("To encrypt and to read, in each shell, and in the lines of a batch job:")
        lines.append(f"  export {KEY_FILE}={shlex.quote(str(self.path))}")
        lines.append("Keep a copy of this file elsewhere: without it, nobody can read what it encrypts.")
        return "\n".join(lines)


def add_key(path: Path, name: str) -> AddedKey:
    """Make a key, and add it to a file of keys, or make that file. Only its owner may read it.

    Raises:
        KeysError: if the file is no ring, is another user's, others may read it, or it has a key of that name.
        RunError: if the file system refuses.
    """
    place = path.expanduser().absolute().resolve()  # where a link leads: it stays one
    with _alone(place.parent):
        text = with_new_key(_ring_text(place), name, place=str(place))

        def write(stream: IO[bytes]) -> None:
            stream.write(text.encode())

        if place.exists():
            replace_file(place, write, mode=_MODE, setting=_SETTING)
        elif not write_once(place, write, mode=_MODE, setting=_SETTING):
            raise KeysError(f"file: {place} was written meanwhile. Run the same command again.")
    return AddedKey(path=place, ring=parse_keyring(text, place=str(place)))


def _ring_text(path: Path) -> str | None:
    """What is in a file of keys; None if there is none."""
    if not path.exists():
        return None
    text = _file_text(path, told=_SETTING)
    if path.stat().st_uid != os.geteuid():
        raise KeysError(f"file: {path} is another user's, who could not read it any more. Have them run this.")
    return text


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others who add a key waiting, for a bounded time: the key of the first would be lost.

    Raises:
        KeysError: if they do not end, the file system has no locks, or there is no such folder.
        RunError: if the file system refuses.
    """
    if not folder.is_dir():
        raise KeysError(f"file: {folder} is no folder. Make it first.")
    with locked_folder(folder, within_s=_LOCK_S, setting=_SETTING) as is_held:
        if not is_held:
            raise KeysError(
                f"file: {folder} could not be locked within {_LOCK_S:.0f} s, and a key that is added meanwhile "
                "would be lost. Try again, or make the file on a file system with locks."
            )
        yield


def _file_text(path: Path, *, told: str = KEY_FILE) -> str:
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise KeysError(f"{told}={path}: cannot be read ({type(error).__name__}).") from None
    if mode & 0o077:
        raise KeysError(f"{told}={path}: others may read it ({mode:04o}). Set chmod 600 {path}.")
    return text


def _command_text(command: str) -> str:
    try:
        found = subprocess.run(
            shlex.split(command), capture_output=True, text=True, timeout=_COMMAND_S, stdin=subprocess.DEVNULL
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise KeysError(f"{KEY_COMMAND}: cannot be run ({type(error).__name__}).") from None
    if found.returncode:
        raise KeysError(f"{KEY_COMMAND}: ended with exit code {found.returncode}. What it printed is not shown.")
    return found.stdout
