"""The command line: `glane COMMAND …` and `jobs/*.py`, help, completion, errors in sentences, honest exit codes."""

from __future__ import annotations

import importlib
import io
import os
import select
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from glane.errors import GlaneError, did_you_mean, hide_messages, trace, visible
from glane.guard.policy import WHOLE
from glane.languages import as_found, complain, in_language, language_of, say
from glane.versions import installed_version

COMMANDS = (
    "ingest",
    "extract",
    "embed",
    "search",
    "convert",
    "pseudonymise",
    "status",
    "runs",
    "audit",
    "keys",
    "clean",
    "erase",
    "plan",
    "doctor",
    "stage-model",
    "models",
    "review",
    "screen",
    "evaluate",
    "compare",
    "calibrate",
    "cascade",
    "estimate",
    "link",
    "aggregate",
    "checklists",
    "studies",
    "prisma",
    "brief",
    "trace",
    "verify",
    "replay",
    "export",
    "try-programs",
    "multiverse",
    "sentinels",
    "plant",
    "new-task",
    "demo-corpus",
)
_HELP = ("--help", "-h", "help")
_READERS = ("polars", "pyarrow")  # libraries whose errors a damaged file may cause
_SWEEP = ("-m", "--multirun")
_GO_ON = frozenset({"brief", "embed", "extract", "ingest"})  # commands that commit what is done, shard by shard
_VERSION = ("--version", "-V")
# Bash has parted the line at "=" and ":", too: what it holds of the last word already is taken off.
_COMPLETION = """\
_glane() {
    local IFS=$'\\n' line=${COMP_LINE:0:COMP_POINT} word current=${COMP_WORDS[COMP_CWORD]} place
    word=${line##* }
    [[ $current == [=:] ]] && current=
    COMPREPLY=($(glane completion words "$line" 2>/dev/null))
    if [[ ${#COMPREPLY[@]} -eq 0 && $word == *=* ]]; then
        for place in $(compgen -f -- "${word#*=}"); do
            [[ -d $place ]] && place+=/ || place+=' '
            COMPREPLY+=("${word%%=*}=$place")
        done
    fi
    COMPREPLY=("${COMPREPLY[@]#"${word%"$current"}"}")
}
complete -o nospace -F _glane glane
"""


def main() -> None:
    """The console command `glane`."""
    hide_messages()
    _show_what_can_be_shown()
    os.umask(0o077)  # what is written is private, whoever writes it
    _check_language()
    name, *arguments = sys.argv[1:] or ["--help"]
    if name in _HELP:
        _show(_overview())
    elif name in _VERSION:
        _show(_version())
    elif name == "completion":
        _complete(arguments)
    elif name in COMMANDS:
        run(name, arguments)
    else:
        _fail(f"{name}: there is no such command. {did_you_mean(name, COMMANDS)}")


def run(name: str, arguments: Sequence[str] | None = None) -> None:
    """Run one of the commands of `glane.commands` with the words of a command line; those of this process if None."""
    module = importlib.import_module(f"glane.commands.{name.replace('-', '_')}")
    run_job(module.main, config_name=name.replace("-", "_"), text=module.__doc__ or "", arguments=arguments)


def run_job(
    job: Callable[[Mapping[str, Any]], None],
    *,
    config_name: str,
    text: str,
    arguments: Sequence[str] | None = None,
) -> None:
    """Compose `conf/<config_name>.yaml` with the words of a command line, and run `job` with the values.

    `text` is what its help says first. Exits with 0 after success, 2 after an error that the user can mend (sentences
    on standard error, no traceback), 4 after a run of which too little is usable, 130 after an interruption, 1 after a
    mistake of glane (its place, and no message: that may quote a document).
    """
    os.umask(0o077)  # before anything is imported or written
    from glane.cluster.processes import core_dumps
    from glane.composition import run_composed, unresolved, with_keys
    from glane.job.audited import audited
    from glane.settings.words import key_types

    if arguments is None:
        hide_messages()
    _show_what_can_be_shown()
    _check_language()
    words = with_keys(config_name, sys.argv[1:] if arguments is None else arguments)
    if any(word in _HELP[:2] for word in words):
        _show(_help(text, config_name, words))
        return
    if any(word in _VERSION for word in words):
        _show(_version())
        return
    if Path(sys.argv[0]).stem in ("glane", config_name) and not any(word in _SWEEP for word in words):
        os.environ[WHOLE] = "1"
    try:
        with (
            _readers_may_leave(), core_dumps(allowed=False),
            audited(config_name, words, lambda: unresolved(config_name)) as written_down,
        ):  # fmt: skip
            run_composed(written_down(job), config_name=config_name, arguments=words, types=key_types(config_name))
    except GlaneError as error:
        _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        if config_name in _GO_ON:
            say("interrupted; what is committed stays, run the same command again to go on", to=sys.stderr)
        else:
            say("interrupted; nothing is kept to go on from, run the same command again", to=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if isinstance(error, PermissionError) and error.filename is not None:
            _fail(f"{error.filename}: you have no right to read or write it. Ask its owner, or name another place.")
        # a mistake of glane
        print(trace(error), file=sys.stderr)
        if type(error).__module__.startswith(_READERS):
            complain("A file that was read may be damaged: glane verify run.dir=… tells of a run.")
        sys.exit(1)


def _show(text: str) -> None:
    with _readers_may_leave():
        print(text)


def _show_what_can_be_shown() -> None:
    """Have a terminal that is not UTF-8 show "?" for what it lacks: no command fails at the line that tells of it."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


@contextmanager
def _readers_may_leave() -> Iterator[None]:
    """End as other commands do when who reads the output has closed it, as `head` does: exit code 141, no traceback."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        if not _is_closed(sys.stdout.fileno()):
            raise  # another pipe
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left to flush goes there
        sys.exit(141)


def _is_closed(descriptor: int) -> bool:
    """Whether nobody reads what is written there."""
    poll = select.poll()
    poll.register(descriptor, select.POLLOUT)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _check_language() -> None:
    """End with a sentence if the language that the user asks for is none."""
    try:
        language_of()
    except GlaneError as error:
        _fail(str(error), error.exit_code)


def _fail(message: str, code: int = 2) -> None:
    first, *others = visible(as_found(f"error: {message}")).splitlines() or [""]
    print(first, *(f"       {line}" for line in others), sep="\n", file=sys.stderr)
    sys.exit(code)


def _version() -> str:
    return f"glane {installed_version('glane')}"


def _overview() -> str:
    lines = [f"  {name:<12} {in_language(_text(name).splitlines()[0])}" for name in COMMANDS]
    return "\n".join(
        [
            in_language("glane COMMAND [key=value …]"),
            "",
            *lines,
            "",
            in_language("glane COMMAND --help tells its keys; glane COMMAND --cfg job shows what would be used."),
            in_language('Tab completion in bash:  eval "$(glane completion bash)"'),
            in_language("Language: that of the locale; GLANE_LANG=fr or en chooses."),
        ]
    )


def _text(name: str) -> str:
    return importlib.import_module(f"glane.commands.{name.replace('-', '_')}").__doc__ or ""


def _help(text: str, config_name: str, words: Sequence[str]) -> str:
    """What a command does, what it must be given, what can be chosen, and then all its keys with their comments.

    Of a group, the keys of the option that `words` choose are told.
    """
    from glane.composition import CONF, dotted_keys, files_of, groups, is_chosen_by_name, own_folders, unresolved

    parts = [_in_paragraphs(text), ""]
    missing = [key for key, value in dotted_keys(unresolved(config_name)) if value == "???"]
    tops = [key.partition(".")[0] for key in missing]
    missing = [top if is_chosen_by_name(top) else key for key, top in zip(missing, tops, strict=True)]
    if missing:
        parts += [in_language("Must be given:"), *(f"  {key}=…" for key in dict.fromkeys(missing)), ""]
    every = groups(config_name, own_folders(words))
    choices = {group: names for group, names in every.items() if len(names) > 1 or is_chosen_by_name(group)}
    if choices:
        parts.append(in_language("Chosen by name, or from a folder of yours with --config-dir:"))
        parts += [f"  {group}={', '.join(names)}" for group, names in choices.items()]
        parts.append("")
    parts.append(in_language("Keys and what they are if not given, changed as key=value:"))
    for group, path in files_of(config_name, words):
        if group == "task":
            continue  # the file of a task is what it asks, no list of keys to change
        content = path.read_text(encoding="utf-8")
        lines, name = _keys_of(content), path.relative_to(CONF).with_suffix("")
        if content.startswith("# @package "):
            group = content.split(maxsplit=3)[2]
        parts += ["", f"{group}:  # conf/{name}.yaml", *(f"  {line}" for line in lines)] if group else ["", *lines]
    return "\n".join(parts)


def _keys_of(text: str) -> list[str]:
    """The lines of a configuration file that are keys with their comments."""
    lines: list[str] = []
    is_default = False
    for line in text.splitlines():
        if line.startswith("defaults:"):
            is_default = True
        elif is_default and (line.startswith((" ", "-")) or not line):
            continue
        elif line and not line.startswith("#"):
            is_default = False
            key, sign, comment = line.partition("# ")
            lines.append(key + sign + in_language(comment))
    return lines


def _in_paragraphs(text: str) -> str:
    return "\n\n".join(map(in_language, text.strip().split("\n\n")))


def _complete(arguments: Sequence[str]) -> None:
    """`glane completion bash` prints what the shell evaluates; `words` is what that asks for at each tab."""
    if arguments[:1] == ["bash"]:
        print(_COMPLETION, end="")
    elif arguments[:1] == ["words"] and len(arguments) == 2:
        print("\n".join(_completed(arguments[1].lstrip().split(" "))))
    else:
        _fail("completion: for which shell? Valid: bash.")


def _completed(words: Sequence[str]) -> list[str]:
    """What may stand in place of the last of these words, which are a line up to the cursor."""
    begun = words[-1] if words else ""
    if len(words) <= 2:
        return [f"{name} " for name in (*COMMANDS, "completion") if name.startswith(begun)]
    if words[1] == "completion":
        return ["bash "]
    if words[1] not in COMMANDS:
        return []
    from glane.composition import OPTIONS, dotted_keys, groups, own_folders, unresolved

    if begun.startswith("-"):
        return [f"{option} " for option in OPTIONS if option.startswith("--") and option.startswith(begun)]
    config_name = words[1].replace("-", "_")
    choices = groups(config_name, own_folders(words[2:]))
    if "=" in begun:
        group, _, start = begun.partition("=")
        return [f"{group}={name} " for name in choices.get(group, []) if name.startswith(start)]
    chosen = [word for word in words[2:-1] if word.partition("=")[0] in choices]
    try:
        values = unresolved(config_name, chosen)
    except Exception:  # a choice from a folder of the user's: the keys of the defaults are told
        values = unresolved(config_name)
    keys = [key for key, value in dotted_keys(values) if not isinstance(value, dict) and not key.startswith("task.")]
    return [f"{key}=" for key in [*choices, *keys] if key.startswith(begun)]


if __name__ == "__main__":
    main()
