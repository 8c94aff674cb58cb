"""What a job used, for the site's file of jobs: told once, when it ends, however it ends."""

from __future__ import annotations

import contextlib
import datetime
import os
import pwd
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from glane.cluster.scheduler import Allocation
from glane.errors import GlaneError, UnusableError
from glane.host import host_identity
from glane.languages import say
from glane.run.directory import RunDirectory, run_directory
from glane.run.energy_total import total_energy
from glane.run.heartbeat import Heartbeat, heartbeats, job_name
from glane.run.site_log import EndState, JobEntry, append_entry, site_log_of
from glane.settings import JobSettings
from glane.versions import installed_version

_STATES: dict[int, EndState] = {0: "complete", 2: "refused", 4: "unusable", 75: "stopped", 130: "cancelled"}
_SIGNALS = range(129, 160)  # exit codes of what a signal ended


@dataclass(slots=True, kw_only=True)
class JobAccount:
    """A job under way, and the engines that were there before it. Two commands without a scheduler that work on one run
    on one machine at the same time each count the engines of both.
    """

    settings: JobSettings
    allocation: Allocation | None = None
    started: float = field(default_factory=time.time)
    before: frozenset[str] = frozenset()

    def end(self, exit_code: int, *, warn: Callable[[str], None]) -> None:
        """Write the line of this job, if the site has such a file. Never raises."""
        path = site_log_of(self.settings.run)
        if path is None:
            return
        try:
            beats = self._beats()
            if self.allocation is None and not beats:
                return  # a command that found nothing to do used nothing
            entry = self._entry(exit_code, beats)
        except Exception as error:  # accounting is no reason to fail
            warn(f"{path}: this job has no line in the site's file of jobs ({type(error).__name__})")
            return
        append_entry(path, entry, warn=warn)

    def _beats(self) -> list[Heartbeat]:
        """The last heartbeats of this job's engines."""
        return self._own(heartbeats(run_directory(self.settings.run)))

    def _own(self, beats: list[Heartbeat]) -> list[Heartbeat]:
        beats = [beat for beat in beats if beat.worker not in self.before]
        if self.allocation is not None:
            return [beat for beat in beats if beat.job == self.allocation.name]
        return [beat for beat in beats if beat.job == job_name() and beat.identity == host_identity()]

    def _entry(self, exit_code: int, beats: list[Heartbeat]) -> JobEntry:
        given, settings, ended = self.allocation, self.settings, time.time()
        directory, energy = run_directory(settings.run), total_energy(beats)
        seconds = max(0.0, ended - self.started)
        lives = [(beat, max(0.0, beat.time - beat.started) / 3600) for beat in beats]
        committed = [beat.progress.committed for beat in beats]
        each = settings.each()
        others = [self._own(heartbeats(run_directory(one.run))) for one in each[1:]]
        asked = [beat.progress for one in (beats, *others) for beat in one]  # tokens are told by task
        return JobEntry(
            user=_user(),
            account=None if given is None else given.account or None,
            job=job_name() if given is None else given.name,
            start_number=1 if given is None else given.restarts + 1,
            host=socket.gethostname() if given is None else given.host,
            nodes=1 if given is None else given.num_nodes,
            run=str(directory.root),
            run_id=_identity(directory),
            task=",".join(one.task_name for one in each),
            model="" if settings.model is None else settings.model.name,
            started=_utc(self.started),
            ended=_utc(ended),
            seconds=round(seconds, 1),
            state=_state(exit_code),
            exit_code=exit_code,
            documents=sum(sum(one.values()) for one in committed),
            usable=sum(one.get("OK", 0) for one in committed),
            prompt_tokens=sum(one.prompt_tokens for one in asked),
            output_tokens=sum(one.output_tokens for one in asked),
            engine_hours=round(sum(life for _, life in lives), 4),
            gpu_hours=round(sum(life * beat.gpus for beat, life in lives), 4),
            allocated_gpu_hours=None
            if given is None
            else round(given.granted_gpus * given.num_nodes * seconds / 3600, 4),
            energy_kwh=energy.kwh,
            energy_source=energy.source,
            glane=installed_version("glane"),
        )


def begin_account(settings: JobSettings, allocation: Allocation | None = None) -> JobAccount:
    """Note what was there when a job began. Never raises."""
    before: frozenset[str] = frozenset()
    if site_log_of(settings.run) is not None:
        with contextlib.suppress(OSError, GlaneError):
            before = frozenset(beat.worker for beat in heartbeats(run_directory(settings.run)))
    return JobAccount(settings=settings, allocation=allocation, before=before)


@contextlib.contextmanager
def accounted(settings: JobSettings) -> Iterator[None]:
    """Account for work on this machine: its line is written when the block ends, by an error, too."""
    if site_log_of(settings.run) is None:
        yield
        return
    account, code = begin_account(settings), 1
    directory = run_directory(settings.run)
    try:
        yield
        code = _code_of(directory, settings)
    except KeyboardInterrupt:
        code = 130
        raise
    finally:
        account.end(code, warn=_warn)


def _code_of(directory: RunDirectory, settings: JobSettings) -> int:
    from glane.job.usable import check_job_usable

    try:
        check_job_usable(settings)
    except UnusableError as error:
        return error.exit_code
    return 0 if directory.is_complete else 75


def _warn(line: str) -> None:
    say(f"warning: {line}", to=sys.stderr)


def _state(exit_code: int) -> EndState:
    return "cancelled" if exit_code in _SIGNALS else _STATES.get(exit_code, "failed")


def _identity(directory: RunDirectory) -> str | None:
    with contextlib.suppress(OSError, GlaneError):
        return directory.identity()
    return None


def _user() -> str:
    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:  # in a container
        return str(os.geteuid())


def _utc(moment: float) -> str:
    return datetime.datetime.fromtimestamp(moment, datetime.UTC).isoformat(timespec="seconds")
