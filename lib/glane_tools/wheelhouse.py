"""A folder with every package of a build, for machines without a network: `make wheelhouse`, then `make setup`.

Its manifest says for which Python and system it is, and has the SHA-256 digest of each file. What is installed from it
is what the manifest says, or nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from builds import BUILDS, DEVICE, UnclearBuild, pinned, pins_of, told_build

MANIFEST = "manifest.json"
NOTEBOOK = Path(__file__).resolve().parent / "notebook.txt"  # the pins of make notebook, in a folder within
_KIND, _VERSION = "glane wheelhouse", 1
_SOURCE_ONLY = ("antlr4-python3-runtime",)  # no wheel is published; it is pure Python, and a wheel is made of it
_LEGACY = {(2, 5): "manylinux1", (2, 12): "manylinux2010", (2, 17): "manylinux2014"}
_READERS = 4


class WheelhouseError(Exception):
    """A wheelhouse that cannot be made, or does not fit."""


def main() -> None:
    """Make a wheelhouse, or print the reason for a failure in one sentence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="of the nodes: 3.11")
    parser.add_argument("--glibc", default="2.31", help="the oldest of the nodes, as ldd --version tells it")
    parser.add_argument("--machine", default="x86_64", help="the nodes' uname -m")
    told = parser.parse_args()
    try:
        build = told_build()
        if build is None:
            raise UnclearBuild(f"say what the nodes have: {DEVICE}=gpu make wheelhouse, or {DEVICE}=cpu")
        for folder, pins in ((told.folder / NOTEBOOK.stem, NOTEBOOK), (told.folder, pins_of(build))):
            make(folder, build, pins, python=told.python, glibc=told.glibc, machine=told.machine)
    except (UnclearBuild, WheelhouseError) as error:
        print(f"glane wheelhouse: {error}.", file=sys.stderr)
        sys.exit(1)
    print("glane wheelhouse: take it to the site, and there, in the repository: make setup WHEELHOUSE=…")


def make(folder: Path, build: str, pins: Path, *, python: str, glibc: str, machine: str) -> None:
    """Download every package of a file of pins, and write the manifest. What is there already is not fetched again.

    Raises:
        WheelhouseError: if a package cannot be had for that Python and system.
    """
    wanted = pinned(pins)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)  # until the end, the folder is not whole
    made = [name for name in wanted if name in _SOURCE_ONLY]
    target = ["--only-binary=:all:", "--implementation=cp", f"--python-version={python}"]
    target += [f"--platform={tag}" for tag in platform_tags(glibc, machine)]
    fetched = {name: version for name, version in wanted.items() if name not in made}
    if (index := os.environ.get("GLANE_TORCH_INDEX")) and (torch := fetched.pop("torch", None)):
        _pip("download", folder, [*target, f"--index-url={index}"], [f"torch=={torch}"])
    nodes = f"{build}, Python {python}, glibc {glibc}, {machine}"
    print(f"glane wheelhouse: {len(wanted)} packages for {nodes}", flush=True)
    _pip("download", folder, target, [f"{name}=={version}" for name, version in fetched.items()])
    for name in made:
        if _wheel(folder.glob("*.whl"), name, wanted[name]) is None:
            _pip("wheel", folder, [], [f"{name}=={wanted[name]}"])
    there = sorted(folder.glob("*.whl"))
    files = [file for name in wanted if (file := _wheel(there, name, wanted[name]))]
    if missing := [name for name in wanted if _wheel(there, name, wanted[name]) is None]:
        raise WheelhouseError(f"pip brought no wheel of {', '.join(missing)}")
    if special := [name for name in made if not _wheel(there, name, wanted[name]).name.endswith("-none-any.whl")]:
        raise WheelhouseError(f"{special[0]} is published as source only, and its wheel would run on this machine only")
    manifest = {
        "kind": _KIND, "version": _VERSION, "build": build, "python": python, "glibc": glibc, "machine": machine,
        "pins": _digest_of(wanted),
        "files": {file.name: digest for file, digest in zip(files, _digests(files))},
    }  # fmt: skip
    text = json.dumps(manifest, indent=1) + "\n"
    (folder / f"{MANIFEST}.new").write_text(text, encoding="utf-8")
    (folder / f"{MANIFEST}.new").replace(folder / MANIFEST)
    size = sum((folder / name).stat().st_size for name in manifest["files"])
    print(
        f"glane wheelhouse: {folder} is whole, {size / 1e9:.1f} GB\n"
        f"glane wheelhouse: sha256 of {folder.name}/{MANIFEST}: {hashlib.sha256(text.encode()).hexdigest()}"
    )


def build_of(folder: Path, told: str | None) -> str:
    """The build that a wheelhouse holds.

    Raises:
        WheelhouseError: if it is none, or another one than was told.
    """
    build = _manifest(folder)["build"]
    if build not in BUILDS or told not in (None, build):
        raise WheelhouseError(f"{folder} is a wheelhouse of the build {build!r}, and {DEVICE}={told} asks for another")
    return str(build)


def checked_requirements(folder: Path, pins: Path) -> str:
    """Lines of requirements with the digests of the manifest, after all of the wheelhouse was checked.

    Raises:
        WheelhouseError: if it is for other pins, another Python or system, or not whole.
    """
    manifest = _manifest(folder)
    python, glibc = f"{sys.version_info[0]}.{sys.version_info[1]}", _glibc()
    for what, need, here in (
        ("Python", manifest["python"], python),
        ("machines of type", manifest["machine"], platform.machine()),
    ):
        if need != here:
            raise WheelhouseError(f"{folder} is for {what} {need}, and this is {here}")
    if glibc is not None and glibc < _numbers(manifest["glibc"]):
        here = ".".join(map(str, glibc))
        raise WheelhouseError(f"{folder} is for glibc {manifest['glibc']} or newer, and here is {here}")
    versions = pinned(pins)
    if manifest["pins"] != _digest_of(versions):
        raise WheelhouseError(f"{folder} was made for other versions than {pins.name} of this glane: make it again")
    files = {name: folder / name for name in manifest["files"] if Path(name).name == name}
    if absent := [name for name, file in files.items() if not file.is_file()]:
        raise WheelhouseError(f"{folder} is not whole: {len(absent)} file(s) missing, first {absent[0]}")
    for (name, told), found in zip(manifest["files"].items(), _digests(list(files.values()))):
        if told != found:
            raise WheelhouseError(f"{folder / name} is not the file that {MANIFEST} tells of: copy it again")
    lines = []
    for name, version in versions.items():
        wheel = _wheel(files.values(), name, version)
        if wheel is None:
            raise WheelhouseError(f"{folder} lacks {name}: make it again")
        lines.append(f"{name}=={version} --hash=sha256:{manifest['files'][wheel.name]}\n")
    return "".join(lines)


def platform_tags(glibc: str, machine: str) -> list[str]:
    """The tags of wheels that run with a version of glibc, the newest first."""
    major, minor = _numbers(glibc)
    tags = []
    for number in range(minor, 4, -1):
        tags.append(f"manylinux_{major}_{number}_{machine}")
        if legacy := _LEGACY.get((major, number)):
            tags.append(f"{legacy}_{machine}")
    return [*tags, f"linux_{machine}"]


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        raise WheelhouseError(f"{folder} is no wheelhouse, or one that is not whole: no {MANIFEST}") from None
    except ValueError:
        raise WheelhouseError(f"{path} is damaged: copy it again") from None
    if found.get("kind") != _KIND or found.get("version") != _VERSION:
        raise WheelhouseError(f"{path} is not of a wheelhouse that this glane can read: make it again")
    return dict(found)


def _numbers(version: str) -> tuple[int, ...]:
    try:
        major, minor = version.split(".")
        return int(major), int(minor)
    except ValueError:
        raise WheelhouseError(f"{version!r} is no version; write it as 2.28") from None


def _glibc() -> tuple[int, ...] | None:
    with contextlib.suppress(ValueError, OSError, AttributeError):
        return _numbers((os.confstr("CS_GNU_LIBC_VERSION") or "").split()[-1])
    return None


def _digest_of(pins: dict[str, str]) -> str:
    lines = [f"{name}=={version}\n" for name, version in sorted(pins.items())]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _wheel(files: Iterable[Path], name: str, version: str) -> Path | None:
    """The wheel of a package, by the name of its file: the package and its version stand before the first dashes."""
    wanted = re.sub(r"[-_.]+", "_", name).lower(), version
    for file in files:
        package, found, *_ = [*file.name.split("-"), ""]
        if (re.sub(r"[-_.]+", "_", package).lower(), found) == wanted:
            return file
    return None


def _digests(files: list[Path]) -> list[str]:
    def digest(file: Path) -> str:
        with open(file, "rb") as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()

    with ThreadPoolExecutor(_READERS) as pool:
        return list(pool.map(digest, files))


def _pip(command: str, folder: Path, options: list[str], packages: list[str]) -> None:
    where = "--dest" if command == "download" else "--wheel-dir"
    words = [sys.executable, "-m", "pip", command, "--quiet", "--disable-pip-version-check", "--no-deps"]
    if subprocess.run([*words, where, str(folder), *options, *packages], check=False).returncode != 0:
        what = packages[0] if len(packages) == 1 else "some packages"
        raise WheelhouseError(f"{what} could not be had: see pip's words above. Run it again to go on")


if __name__ == "__main__":
    main()
