"""Make a key, in a new file of keys or beside the keys of one, of which none is lost."""

from __future__ import annotations

import base64
import contextlib
import os
import secrets
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import yaml

from glane.keys import ID, KEY_BYTES, KEY_FILE, MODE, Keyring, KeysError, keys_text, parse_keyring
from glane.languages import Spoken
from glane.locks import locked_folder
from glane.storage import replace_file, write_once

_LOCK_S = 30.0
_SETTING = "file"  # of the command that makes a key


def with_new_key(text: str | None, name: str, *, place: str) -> str:
    """A ring as text with a fresh key, which is the current one.

    Raises:
        KeysError: if `text` is no ring, has that key already, or the name cannot be one.
    """
    earlier = None if text is None else parse_keyring(text, place=place)
    if not ID.fullmatch(name):
        raise KeysError(f"name: {name!r} is not of letters, digits and . : - _ (64 at most).")
    if earlier is not None and name in earlier.keys:
        raise KeysError(f"{place}: there is a key {name!r} already. Give the new one another name.")
    keys = {} if earlier is None else {one: base64.b64encode(key).decode() for one, key in earlier.keys.items()}
    keys[name] = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
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
            replace_file(place, write, mode=MODE, setting=_SETTING)
        elif not write_once(place, write, mode=MODE, setting=_SETTING):
            raise KeysError(f"file: {place} was written meanwhile. Run the same command again.")
    return AddedKey(path=place, ring=parse_keyring(text, place=str(place)))


def _ring_text(path: Path) -> str | None:
    """What is in a file of keys; None if there is none."""
    if not path.exists():
        return None
    text = keys_text(path, told=_SETTING)
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
