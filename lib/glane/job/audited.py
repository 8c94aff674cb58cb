"""What the audit log tells of a command: that it began, by which keys and configuration, and how it ended."""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from glane.cluster.schedulers import audit_of_sites
from glane.errors import GlaneError, UnusableError
from glane.languages import say
from glane.run.audit import audit_folder, audited_run, begin_session, note
from glane.run.audit_chain import SETTING
from glane.run.audit_entry import AuditedRun, Outcome
from glane.run.directory import RunDirectory
from glane.run.fingerprint import text_digest

Job = Callable[[Mapping[str, Any]], None]
_UNTOLD = frozenset({"query", "like", "id", "ids", "show"})  # keys whose values are a question, or the id of a document
_KEY = re.compile(r"[~+]*([a-z_]+(?:\.[a-z_]+)?)")  # no deeper: names of fields are those of a task
_INTERRUPTED = 130


@contextlib.contextmanager
def audited(command: str, words: Sequence[str], tops: Callable[[], Collection[str]]) -> Iterator[Callable[[Job], Job]]:
    """Have a command written down: yield what its job has to be given to.

    Args:
        command: Its name.
        words: Those of its command line; of these only the names of keys are told.
        tops: Gives the keys that the command knows.

    Raises:
        GlaneError: if there is an audit log that cannot be written; nothing was done then.
    """
    use_site()
    if audit_folder() is None or command == "audit":  # who audits must be able to when nobody can write
        yield lambda job: job
        return
    keys, has_begun = _keys(words, tops()), False

    def wrapped(job: Job) -> Job:
        def run(values: Mapping[str, Any]) -> None:
            nonlocal has_begun
            has_begun = True
            begin_session(command, keys=keys, configuration=configuration_digest(values))
            try:
                job(values)
            except BaseException as error:
                _end(values, error)
                raise
            _end(values, None)

        return run

    try:
        yield wrapped
    except GlaneError as error:
        if not has_begun:  # the command line was refused
            begin_session(command, keys=keys)
            _end({}, error)
        raise


def use_site() -> None:
    """Take the folder that the site's file names, where the environment names none; for what is started here, too.

    Raises:
        ConfigError: if the site's file names one, and is wrong.
    """
    if audit_folder() is None and (folder := audit_of_sites()) is not None:
        os.environ[SETTING] = str(folder)


def configuration_digest(values: Mapping[str, Any]) -> str:
    """The digest of all settings but those that hold a question or an id: few are possible, and would be found."""
    return text_digest(json.dumps(_told(values), sort_keys=True, default=str))


def _told(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _told(one) for key, one in value.items() if key not in _UNTOLD}
    return [_told(one) for one in value] if isinstance(value, list | tuple) else value


def _keys(words: Sequence[str], tops: Collection[str]) -> tuple[str, ...]:
    found = [_KEY.match(word.partition("=")[0]) for word in words if "=" in word]
    names = [one[1] for one in found if one is not None]
    return tuple(dict.fromkeys(name for name in names if name.partition(".")[0] in tops))


def _end(values: Mapping[str, Any], error: BaseException | None) -> None:
    outcome, code = _outcome(error)
    reason = None if error is None or isinstance(error, SystemExit) else type(error).__name__
    try:
        note("ended", outcome=outcome, exit_code=code, reason=reason, run=_run_of(values))
    except GlaneError as refused:
        say(f"warning: {refused} The end of this command is not written down.", to=sys.stderr)


def _outcome(error: BaseException | None) -> tuple[Outcome, int]:
    if error is None:
        return "done", 0
    if isinstance(error, UnusableError):
        return "unusable", error.exit_code
    if isinstance(error, GlaneError):
        return "refused", error.exit_code
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", _INTERRUPTED
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        return ("failed", code) if code else ("done", 0)
    return "failed", 1


def _run_of(values: Mapping[str, Any]) -> AuditedRun | None:
    run = values.get("run")
    told = run.get("dir") if isinstance(run, Mapping) else None
    return audited_run(RunDirectory(root=Path(told).expanduser().absolute())) if isinstance(told, str) else None
