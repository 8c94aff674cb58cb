"""The edge of every job: Hydra in front, errors in plain sentences, honest exit codes."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import hydra
import yaml
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from glane.errors import GlaneError, did_you_mean

Job = Callable[[DictConfig], None]
_CONF = Path(__file__).resolve().parents[2] / "conf"


def run_job(job: Job, *, config_name: str) -> None:
    """Compose `conf/<config_name>.yaml` with the command line's overrides, and run `job` with it.

    Exits with 0 after success, 2 after an error that the user can mend (one or a few sentences on standard error, no
    traceback), 130 after an interruption.
    """
    OmegaConf.register_new_resolver("repository", lambda: str(_CONF.parent), replace=True)
    sys.argv[1:] = map(_quoted, sys.argv[1:])
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then hands its exceptions on, and we say what they mean
    failures: list[GlaneError] = []

    def guarded(config: DictConfig) -> None:
        try:
            job(config)
        except GlaneError as error:  # kept from Hydra, which would say more than the user needs; a sweep goes on
            failures.append(error)

    try:
        hydra.main(version_base=None, config_path=str(_CONF), config_name=config_name)(guarded)()
        if failures:
            _fail("\n".join(str(error) for error in failures))
    except (HydraException, OmegaConfBaseException) as error:
        _fail(_explained(error, config_name))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{mark.name}, line {mark.line + 1}, column {mark.column + 1}" if mark else "a configuration file"
        _fail(f"{place}: not YAML ({error.problem}). Put quotes around a text that holds ': ' or ' #'.")
    except KeyboardInterrupt:
        print("interrupted; what is committed stays, run the same command again to go on", file=sys.stderr)
        sys.exit(130)


_FREE_TEXT = ("data.where", "data.path", "run.dir", "out.dir", "path", "gold", "model.path")
_FREE_KEYS = ("model.engine_args", "model.script")  # mappings whose keys are not glane's
_GRAMMAR = re.compile(r"[^\w./:*?@%+$~{}-]")  # what Hydra's grammar would read as its own signs


def _quoted(word: str) -> str:
    """Quote the value of an override that is free text, so that conditions and paths are written as in any command."""
    key, equals, value = word.partition("=")
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    if key not in _FREE_TEXT or not equals or is_quoted or "${" in value or not _GRAMMAR.search(value):
        return word
    return f"{key}={QuotedString(text=value, quote=Quote.single).with_quotes()}"


def _fail(message: str) -> None:
    for line in message.splitlines():
        print(f"error: {line}" if line == message.splitlines()[0] else f"       {line}", file=sys.stderr)
    sys.exit(2)


def _explained(error: BaseException, config_name: str) -> str:
    """Hydra's complaint, with the nearest valid name beside it."""
    chain = [str(link) for link in _causes(error)]
    text = "\n".join(chain)
    if found := re.search(r"Could not override '([^']+)'", text):
        return f"{found[1]}: unknown key. {_near(found[1], config_name)}"
    if found := re.search(r"Could not find '([^']+)'", text):
        options = re.search(r"Available options in '[^']*':\s*((?:\s*\S+\n?)+?)(?:Config search path|$)", text)
        valid = options[1].split() if options else []
        name = found[1].rsplit("/", 1)[-1]
        return f"{found[1]}: no such configuration. {did_you_mean(name, valid)}"
    if found := re.search(r"(?:Key|Missing key|key) '?([\w.]+)'? (?:is )?not in", text):
        return f"{found[1]}: unknown key. {_near(found[1], config_name)}"
    return chain[0].splitlines()[0] if chain[0] else type(error).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _near(key: str, config_name: str) -> str:
    """The keys that stand beside a wrong one, the nearest first."""
    known = _known_keys(config_name)
    parent = key.rpartition(".")[0]
    if free := {key, parent}.intersection(_FREE_KEYS):
        return f"A new one there is written with a plus sign: +{free.pop()}.NAME=VALUE."
    beside = [name for name in known if name.rpartition(".")[0] == parent]
    if beside:
        return did_you_mean(key, beside)
    near = difflib.get_close_matches(key, known, n=1)  # its place does not exist either
    hint = f"Did you mean {near[0]!r}? " if near else ""
    return hint + did_you_mean("", [name for name in known if "." not in name])


def _known_keys(config_name: str) -> list[str]:
    """Every key of the job's configuration, dotted, with the groups that the command line chooses."""
    from hydra import compose, initialize_config_dir
    from hydra.core.global_hydra import GlobalHydra

    GlobalHydra.instance().clear()
    chosen = [word for word in sys.argv[1:] if (_CONF / word.partition("=")[0]).is_dir() and "," not in word]
    with initialize_config_dir(config_dir=str(_CONF), version_base=None):
        try:
            values = compose(config_name, overrides=chosen)
        except HydraException:  # a choice of the user's own folder, or a wrong one
            values = compose(config_name)
    return list(_dotted(OmegaConf.to_container(values, resolve=False), ""))


def _dotted(values: object, prefix: str) -> Iterator[str]:
    if isinstance(values, dict):
        for key, value in values.items():
            name = f"{prefix}.{key}" if prefix else str(key)
            yield name
            yield from _dotted(value, name)
