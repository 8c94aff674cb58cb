"""Keys of encrypted Parquet files: from a file, or from a command that prints one; never logged, and kept in no file.

`GLANE_KEY_FILE` names a file, `GLANE_KEY_COMMAND` a command of the site's key store. Either gives YAML, in which
`current` is the key that files are written with, and the others open what was written before:

    current: "2026-11"
    keys:
      "2026-11": <32 bytes in base64>
"""

from __future__ import annotations

import base64
import contextlib
import os
import re
import secrets
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from glane.errors import GlaneError
from glane.plain_values import yaml_values
from glane.regular import content_of
from glane.secret_command import printed_by

KEY_FILE, KEY_COMMAND = "GLANE_KEY_FILE", "GLANE_KEY_COMMAND"
_ASKED = "GLANE_KEYS_ASKED"  # where a process finds what the command printed to the one that started it
KEY_BYTES, _NONCE_BYTES = 32, 12
_NAME = "glane-keys"  # of that memory
MODE = 0o600  # of what holds keys
ID = re.compile(r"[\w.:-]{1,64}")
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
        try:
            data = base64.b64decode(wrapped)
            return AESGCM(self._key(key)).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], key.encode())
        except (InvalidTag, ValueError):  # the latter where what was wrapped is no base64 any more
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
    return _keyring(os.environ.get(KEY_FILE), os.environ.get(KEY_COMMAND), os.environ.get(_ASKED))


@contextlib.contextmanager
def asked_once() -> Iterator[None]:
    """Ask the command for the keys now, if one is told, and have all that is started within the block read the answer.

    They stand in other folders than this process, so a file of keys is told to them by its whole path.

    A store of keys is often another machine, which processes of a run may not reach, and does not like to be asked by
    hundreds at once. The answer lies in memory that belongs to this process, without a name in any file system: it goes
    with it, however it ends. The others find it by its number under /proc, where only the same user may look.

    Raises:
        KeysError: if the command does not print keys.
    """
    command = os.environ.get(KEY_COMMAND)
    if _ASKED in os.environ or not command or not command.strip() or os.environ.get(KEY_FILE):
        with _whole_path():
            yield  # what is wrong with these is told by who needs keys
        return
    answer = _command_text(command)
    parse_keyring(answer, place=KEY_COMMAND)
    descriptor = os.memfd_create(_NAME, os.MFD_CLOEXEC)
    try:
        os.fchmod(descriptor, MODE)
        with os.fdopen(os.dup(descriptor), "w", encoding="utf-8") as stream:
            stream.write(answer)
        os.environ[_ASKED] = f"/proc/{os.getpid()}/fd/{descriptor}"
        yield
    finally:
        os.environ.pop(_ASKED, None)
        os.close(descriptor)


@contextlib.contextmanager
def _whole_path() -> Iterator[None]:
    told = os.environ.get(KEY_FILE, "")
    if not told.strip():
        yield
        return
    os.environ[KEY_FILE] = str(Path(told).expanduser().absolute())
    try:
        yield
    finally:
        os.environ[KEY_FILE] = told


@cache
def _keyring(file: str | None, command: str | None, asked: str | None) -> Keyring | None:
    for name, told in ((KEY_FILE, file), (KEY_COMMAND, command)):
        if told is not None and not told.strip():
            raise KeysError(f"{name} is set, and empty, so files would be plain. Name the keys, or unset it.")
    if file and command:
        raise KeysError(f"{KEY_FILE} and {KEY_COMMAND} are both set. Set one of them.")
    if file:
        return parse_keyring(keys_text(Path(file).expanduser()), place=f"{KEY_FILE}={file}")
    if not command:
        return None
    return parse_keyring(_command_text(command) if asked is None else _answer(asked), place=KEY_COMMAND)


def parse_keyring(text: str, *, place: str) -> Keyring:
    """Read a ring; `place` is named in errors.

    Raises:
        KeysError: if it is none. What the text holds is not told.
    """
    try:
        told: Any = yaml_values(text)
        keys = {str(name): base64.b64decode(str(key), validate=True) for name, key in told["keys"].items()}
        parsed: Any = yaml.compose(text, yaml.SafeLoader)
        current, num_ids = str(told["current"]), len(_value(parsed, "keys"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise KeysError(f"{place}: no keys. {_SHAPE}") from None
    if len(parsed.value) > len(told):
        raise KeysError(f"{place}: current or keys stands there twice, and one would be lost. Print one file of keys.")
    if num_ids > len(keys):
        raise KeysError(f"{place}: an id stands there twice, and one of its keys would be lost. Give each its own.")
    if strange := [name for name in keys if not ID.fullmatch(name)]:
        raise KeysError(f"{place}: the id of key {len(strange)} is not of letters, digits and . : - _ (64 at most).")
    if short := [name for name, key in keys.items() if len(key) != KEY_BYTES]:
        raise KeysError(f"{place}: key {short[0]!r} has {len(keys[short[0]])} bytes, and has to have {KEY_BYTES}.")
    if current not in keys:
        raise KeysError(f"{place}: current is {current!r}, which is not among the keys: {', '.join(sorted(keys))}.")
    return Keyring(current, keys, place)


def _value(node: Any, name: str) -> list[Any]:
    """The pairs of the mapping `name` of a document of YAML: repeated ids are lost when it is loaded."""
    return next(list(value.value) for key, value in node.value if key.value == name)


def keys_text(path: Path, *, told: str = KEY_FILE) -> str:
    """What a file of keys holds; `told` is the setting that names it.

    Raises:
        KeysError: if it cannot be read, or others may read it.
    """
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = content_of(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        raise KeysError(f"{told}={path}: cannot be read ({why}). Name a file of keys that you can read.") from None
    if mode & 0o077:
        raise KeysError(f"{told}={path}: others may read it ({mode:04o}). Set chmod 600 {path}.")
    return text


def _answer(place: str) -> str:
    """What the command printed to the process that started this one."""
    try:
        if _NAME in os.readlink(place):  # else the number is another file's by now, and may be one that never ends
            return Path(place).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        pass
    raise KeysError(f"{KEY_COMMAND}: the process that asked for the keys has ended. Run the same command again.")


@cache
def _command_text(command: str) -> str:
    answer = printed_by(command, setting=KEY_COMMAND, error=KeysError)
    if not answer.strip():
        raise KeysError(f"{KEY_COMMAND}: printed nothing. The keys are read from its standard output alone.")
    return answer.decode(errors="replace")
