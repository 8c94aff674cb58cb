"""Tries the recipe of the container without apptainer: its steps, in a root file system of the Debian that it names.

`python3 lib/glane_tools/rootfs.py FOLDER [--wheelhouse W] [--base DIR]`, as root on Debian. mmdebstrap makes FOLDER,
or it is laid over DIR. GLANE_DEVICE chooses the build, as in set-up; where it is not set, that for CPUs.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPE = ROOT / "slurm" / "glane.def"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# In a mount namespace of its own: nothing stays mounted. $1 is the root, $2 the folder below it, empty for none.
_ENTER = """set -e
if [ -n "$2" ]; then mkdir -p "$1.over/work" "$1.over/up"
    mount -t overlay -o "lowerdir=$2,upperdir=$1.over/up,workdir=$1.over/work" none "$1"; fi
for place in proc dev sys; do mkdir -p "$1/$place"; mount --rbind "/$place" "$1/$place"; done
mkdir -p "$1/tmp"; mount -t tmpfs -o mode=1777 none "$1/tmp"
"""


def main() -> None:
    """Build the root file system, and run the recipe's test in it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--wheelhouse", type=Path)
    parser.add_argument("--base", type=Path, help="a root file system of that Debian: it is read and not changed")
    parser.add_argument("--recipe", type=Path, default=RECIPE)
    told = parser.parse_args()
    header, sections = parse(told.recipe.read_text(encoding="utf-8"))
    folder = told.folder.resolve()
    if told.base is None and not (folder / "usr").exists():
        suite = re.fullmatch(r"debian:(\w+)(-slim)?", header["From"])
        if header["Bootstrap"] != "docker" or suite is None:
            sys.exit(f"rootfs: only a Debian of Docker's is known here, and not {header['From']!r}.")
        make_base(folder, suite[1])
    folder.mkdir(exist_ok=True)
    sys.exit(build(folder, sections, base=told.base, wheelhouse=told.wheelhouse))


def parse(recipe: str) -> tuple[dict[str, str], dict[str, str]]:
    """The header of a recipe, and its sections by name."""
    head, *rest = re.split(r"^%(\w+)[^\S\n]*\n", recipe, flags=re.MULTILINE)
    header = dict(re.findall(r"^(\w+): *(.+)$", head, flags=re.MULTILINE))
    return header, dict(zip(rest[::2], rest[1::2]))


def make_base(folder: Path, suite: str) -> None:
    """The Debian that the recipe begins with, from the sources that this machine uses for that Debian."""
    sources = [f for f in sorted(Path("/etc/apt").glob("sources.list.d/debian*")) if f.suffix in (".list", ".sources")]
    found = "".join(f.read_text(encoding="utf-8") for f in [Path("/etc/apt/sources.list"), *sources] if f.is_file())
    command = ["mmdebstrap", "--quiet", "--variant=minbase", suite, str(folder), "-"]
    if subprocess.run(command, input=found, text=True, check=False).returncode != 0:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit("rootfs: mmdebstrap did not make the base (apt install mmdebstrap)")


def build(folder: Path, sections: dict[str, str], *, base: Path | None, wheelhouse: Path | None) -> int:
    """Copy the files, and run the steps and the test of the recipe as root of the folder. Returns the exit code."""
    lines = [_ENTER]
    for line in sections["files"].splitlines():
        if words := shlex.split(line):
            target = f'"$1"{shlex.quote(words[1])}'
            lines.append(f"mkdir -p $(dirname {target}); cp -fLr {shlex.quote(str(ROOT / words[0]))} {target}")
    lines.append('[ -n "$2" ] || cp /etc/resolv.conf "$1/etc/resolv.conf"')
    if wheelhouse is not None:
        lines.append(f'mkdir -p "$1/tmp/wheels"; mount --bind {shlex.quote(str(wheelhouse.resolve()))} "$1/tmp/wheels"')
    variables = {name: value for name, value in os.environ.items() if name.startswith("PIP_")} | {
        "PATH": _PATH, "HOME": "/root", "GLANE_DEVICE": os.environ.get("GLANE_DEVICE", "cpu"),
    }  # fmt: skip
    if wheelhouse is not None:
        variables["WHEELHOUSE"] = "/tmp/wheels"
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
    for name in ("post", "test"):
        begin = sections["environment"] if name == "test" else ""
        lines.append(f'chroot "$1" /usr/bin/env -i {settings} /bin/sh -ec {shlex.quote(begin + sections[name])}')
    command = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", "\n".join(lines), "rootfs", str(folder)]
    return subprocess.run([*command, str(base or "")], check=False).returncode


if __name__ == "__main__":
    main()
