"""The command line: `python3 lib/glane_tools/slurm up|down|install|node-kill|node-start`.

Exit codes: 0 done, 1 failed, 2 wrong arguments, 3 this machine lacks rights or programs.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path
from typing import TextIO

# Python puts this folder on the path. The parent is needed, so that `slurm` can be imported as a package.
sys.path[0] = str(Path(__file__).resolve().parents[1])

from slurm import packages  # noqa: E402
from slurm.cluster import find, start, stop  # noqa: E402
from slurm.errors import SlurmError  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


def main() -> None:
    """Run the command, or print the reason for a failure in one sentence."""
    arguments = _parser().parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    signal.signal(signal.SIGHUP, _interrupt)
    try:
        _run(arguments)
    except SlurmError as error:
        _say(str(error), to=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        _say("interrupted", to=sys.stderr)
        sys.exit(130)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="slurm", description="A private Slurm cluster of two nodes on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    folder = argparse.ArgumentParser(add_help=False)
    folder.add_argument("--folder", type=Path, default=ROOT / ".slurm", help="where its env.sh is (default: .slurm)")
    commands.add_parser("up", parents=[folder], help="start the cluster, installing what is missing")
    commands.add_parser("down", parents=[folder], help="end the cluster and remove every trace of it")
    commands.add_parser("install", help="install the Debian packages only")
    node = argparse.ArgumentParser(add_help=False, parents=[folder])
    node.add_argument("node", help="n1 or n2")
    kill = commands.add_parser("node-kill", parents=[node], help="end a node as a power loss would")
    kill.add_argument("--unplug", action="store_true", help="pull its cable first, so that its peers hear nothing")
    commands.add_parser("node-start", parents=[node], help="start it again")
    return parser


def _run(arguments: argparse.Namespace) -> None:
    if arguments.command == "up":
        began = time.monotonic()
        cluster = start(arguments.folder, say=_say)
        took_s = time.monotonic() - began
        _say(f"{cluster.name} with {' and '.join(cluster.nodes)} is up ({took_s:.1f} s)")
        _say(f"next: . {arguments.folder}/env.sh")
    elif arguments.command == "down":
        stop(arguments.folder, say=_say)
    elif arguments.command == "install":
        added = packages.install()
        _say(f"installed {', '.join(added)}; their system services do not run" if added else "all is installed")
    elif arguments.command == "node-kill":
        find(arguments.folder).kill_node(arguments.node, unplug=arguments.unplug)
        _say(f"{arguments.node} is off")
    else:
        find(arguments.folder).start_node(arguments.node)
        _say(f"{arguments.node} is on")


def _interrupt(*_: object) -> None:
    """End as after Ctrl-C, so that started processes are ended, too."""
    raise KeyboardInterrupt


def _say(line: str, to: TextIO | None = None) -> None:
    print(f"glane slurm: {line}", file=to or sys.stdout, flush=True)


if __name__ == "__main__":
    main()
