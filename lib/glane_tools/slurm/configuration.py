"""The configuration files of the cluster's daemons."""

from __future__ import annotations

import shlex
import socket
from dataclasses import dataclass
from pathlib import Path

from slurm.network import NODE_PORT, Network

CPUS_PER_NODE = 2
MEMORY_MB_PER_NODE = 8000
ACCOUNT = "glane"
DEFAULT_PARTITION = "normal"
MEMORY_GROUPS = Path("/sys/fs/cgroup/memory")  # control groups of version 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Where the files of a cluster are. Its root is short, since a socket's path has at most 107 bytes."""

    root: Path

    @property
    def settings(self) -> Path:
        """slurm.conf and its neighbours."""
        return self.root / "etc"

    @property
    def slurm_conf(self) -> Path:
        """The path of slurm.conf, the value of SLURM_CONF."""
        return self.settings / "slurm.conf"

    @property
    def hosts(self) -> Path:
        """The file that nodes see as /etc/hosts."""
        return self.root / "hosts"

    @property
    def init(self) -> Path:
        """The script that is a node's first process."""
        return self.root / "init.sh"

    @property
    def passwd(self) -> Path:
        """The file that nodes and daemons see as /etc/passwd."""
        return self.root / "passwd"

    @property
    def group(self) -> Path:
        """The file that nodes and daemons see as /etc/group."""
        return self.root / "group"

    @property
    def cgroups(self) -> Path:
        """Where a node sees its control groups."""
        return self.root / "cgroup"

    @property
    def munge(self) -> Path:
        """The folder of munge's key and of its socket, which every user may connect to."""
        return self.root / "munge"

    @property
    def munge_socket(self) -> Path:
        """Where munged listens."""
        return self.munge / "socket"

    @property
    def database(self) -> Path:
        """MariaDB's data and socket."""
        return self.root / "db"

    @property
    def database_socket(self) -> Path:
        """Where MariaDB listens."""
        return self.database / "socket"

    @property
    def prolog(self) -> Path:
        """What sets the environment of every task."""
        return self.settings / "task_prolog.sh"

    def log(self, name: str) -> Path:
        """The log that a daemon writes, with times."""
        return self.root / "log" / f"{name}.log"

    def output(self, name: str) -> Path:
        """The output of a process: its whole log, or the messages before its log is open."""
        return self.root / "log" / f"{name}.out"

    def home(self, user: str) -> Path:
        """The home of a user of the cluster."""
        return self.root / user

    def make(self, nodes: tuple[str, ...]) -> None:
        """Make the folders with explicit modes, regardless of the umask. Other users can read only what they need."""
        for name in ("", "etc", "munge", "cgroup", "cgroup/memory", *nodes):
            _make(self.root / name, 0o755)
        for name in ("db", "db/tmp", "log", "ctld"):
            _make(self.root / name, 0o700)


def write(
    layout: Layout, *, cluster: str, network: Network, controller_port: int, database_port: int, has_memory_limits: bool
) -> None:
    """Write every file that the daemons read. `has_memory_limits`: the kernel keeps jobs within their memory."""
    host = socket.gethostname().split(".")[0]
    conf = _slurm_conf(layout, cluster, host, network, controller_port, database_port)
    _write(layout.slurm_conf, conf + _memory_conf(has_memory_limits), 0o644)
    _write(layout.settings / "cgroup.conf", _cgroup_conf(layout), 0o644)
    _write(layout.settings / "slurmdbd.conf", _slurmdbd_conf(layout, host, network, database_port), 0o600)
    gres = "".join(f"NodeName={node} Name=gpu File=/dev/null\n" for node in network.nodes)
    _write(layout.settings / "gres.conf", f"AutoDetect=off\n{gres}", 0o644)
    names = {**network.addresses, host: network.host_address}
    hosts = "".join(f"{address} {name}\n" for name, address in names.items())
    _write(layout.hosts, f"127.0.0.1 localhost\n::1 localhost ip6-localhost\n{hosts}", 0o644)
    _write(layout.init, _init(layout, has_memory_limits), 0o644)
    # Its GPUs are stand-ins: jobs are told to work on CPUs, also where some were granted.
    _write(layout.prolog, "#!/bin/sh\necho export GLANE_DEVICE=cpu\n", 0o755)


def environment_script(layout: Layout, folder: Path, end: list[str]) -> str:
    """The script that a shell sources to use the cluster."""
    return f"""\
# Points Slurm's commands at the private cluster of this folder:  . {shlex.quote(str(folder / "env.sh"))}
# To end the cluster:  make slurm-down, or
#   {shlex.join(end)}
export SLURM_CONF={shlex.quote(str(layout.slurm_conf))}
# What fits its small nodes. sbatch puts these before the #SBATCH lines of a script (and so before what submitit asks
# for, which writes such lines); options on the command line win.
export SBATCH_PARTITION={DEFAULT_PARTITION} SBATCH_TIMELIMIT=30:00
# Its GPUs are stand-ins.
export GLANE_DEVICE=cpu
"""


def _make(path: Path, mode: int) -> None:
    path.mkdir(mode=mode)
    path.chmod(mode)  # munged refuses a socket in a folder that some users cannot enter


def _write(path: Path, text: str, mode: int) -> None:
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_text(text)


def _slurm_conf(
    layout: Layout, cluster: str, host: str, network: Network, controller_port: int, database_port: int
) -> str:
    root = layout.root
    nodes = "".join(
        f"NodeName={node} NodeHostname={node} NodeAddr={address} Port={NODE_PORT} CPUs={CPUS_PER_NODE} "
        f"RealMemory={MEMORY_MB_PER_NODE} Gres=gpu:1 Feature=demo State=UNKNOWN\n"
        for node, address in network.addresses.items()
    )
    names = ",".join(network.nodes)
    return f"""\
ClusterName={cluster}
SlurmctldHost={host}({network.host_address})
SlurmctldPort={controller_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
# A requeued job waits until its old credential has expired: 120 s by default.
AuthInfo=socket={layout.munge_socket},cred_expire=5

StateSaveLocation={root}/ctld
SlurmctldPidFile={root}/ctld/pid
SlurmctldLogFile={layout.log("slurmctld")}
SlurmdSpoolDir={root}/%n
SlurmdPidFile={root}/%n/pid
SlurmdLogFile={layout.log("%n")}
MailProg=/bin/true

# The nodes are namespaces of one host, and their processes are told by /proc.
ProctrackType=proctrack/linuxproc
TaskProlog={layout.prolog}
MpiDefault=none
JobAcctGatherType=jobacct_gather/linux
SlurmdParameters=config_overrides

SelectType=select/cons_tres
# Memory is given out like cores, as at most sites: a step that asks for memory in two ways is refused.
SelectTypeParameters=CR_Core_Memory
DefMemPerCPU={MEMORY_MB_PER_NODE // CPUS_PER_NODE}
GresTypes=gpu
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,sched_min_interval=0,bf_interval=2,batch_sched_delay=0
PreemptType=preempt/partition_prio
PreemptMode=SUSPEND,GANG
JobRequeue=1
MinJobAge=300
KillWait=10
SlurmdTimeout=20
ReturnToService=2
EpilogMsgTime=0

AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost={network.host_address}
AccountingStoragePort={database_port}
# For munge, the "password" is the socket to ask; AuthInfo does not cover connections to slurmdbd.
AccountingStoragePass={layout.munge_socket}
AccountingStorageEnforce=associations,qos,limits
AccountingStorageTRES=gres/gpu

{nodes}
PartitionName={DEFAULT_PARTITION} Nodes={names} Default=YES MaxTime=1:00:00 DefaultTime=10:00 PriorityTier=1 \
PreemptMode=REQUEUE
PartitionName=patient Nodes={names} MaxTime=1:00:00 DefaultTime=10:00 PriorityTier=1 PreemptMode=SUSPEND
PartitionName=urgent Nodes={names} MaxTime=1:00:00 DefaultTime=10:00 PriorityTier=10 PreemptMode=OFF
"""


def _memory_conf(has_limits: bool) -> str:
    """Tasks are bound to their cores, and to the memory that they asked for, as at most sites."""
    if has_limits:
        return "TaskPlugin=task/affinity,task/cgroup\nJobAcctGatherFrequency=task=5\n"
    # Slurm looks at the memory of jobs itself. What several processes share counts once.
    return "TaskPlugin=task/affinity\nJobAcctGatherFrequency=task=2\nJobAcctGatherParams=OverMemoryKill,UsePss\n"


def _cgroup_conf(layout: Layout) -> str:
    return f"""\
CgroupPlugin=cgroup/v1
CgroupMountpoint={layout.cgroups}
CgroupAutomount=no
ConstrainRAMSpace=yes
"""


def _slurmdbd_conf(layout: Layout, host: str, network: Network, port: int) -> str:
    return f"""\
DbdHost={host}
DbdAddr={network.host_address}
DbdPort={port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={layout.munge_socket}
PidFile={layout.root}/ctld/dbd.pid
LogFile={layout.log("slurmdbd")}
StorageType=accounting_storage/mysql
StorageHost=localhost
StorageUser=root
StorageLoc=slurm
"""


def _init(layout: Layout, has_memory_limits: bool) -> str:
    """The first process of a node, called with the node's name, in namespaces of its own."""
    files = (("hosts", layout.hosts), ("passwd", layout.passwd), ("group", layout.group))
    mounts = "".join(f"mount --bind {shlex.quote(str(path))} /etc/{name}\n" for name, path in files)
    if has_memory_limits:  # a group of its own: nodes of other clusters on this host have the same names
        group = f'{MEMORY_GROUPS}/{layout.root.name}-"$1"'
        mounts += f"mkdir -p {group}\nmount --bind {group} {shlex.quote(str(layout.cgroups / 'memory'))}\n"
    return f"""\
set -e
echo "$1" > /proc/sys/kernel/hostname
{mounts}\
slurmd -D -N "$1" -f {shlex.quote(str(layout.slurm_conf))} &
# A node lives on when its slurmd dies; until then this reaps what jobs leave behind.
while true; do wait || true; sleep 1; done
"""
